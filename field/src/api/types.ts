// The shapes of docs/http.md that this app reads, as the Rust views write them. Times are milliseconds (…_ms), days are
// 'YYYY-MM-DD', positions are WGS-84 degrees × 10⁷.

export type Level = 'nation' | 'province' | 'city' | 'county' | 'township' | 'village'
export type Role = 'admin' | 'security' | 'audit' | 'head' | 'office' | 'department' | 'township' | 'village' | 'inspector' | 'viewer'
export const FIELDS = ['waste', 'sewage', 'toilet', 'water', 'road', 'greening', 'lighting', 'housing', 'appearance', 'service', 'culture', 'industry'] as const
export type Field = (typeof FIELDS)[number]

export interface PlaceRef { id: number; code: string; name: string; level: Level; path?: string[] }
export interface Position { lon_e7: number; lat_e7: number }
export interface Post { place: number; role: Role; department?: string; name?: string }
export interface Photo { file: string; taken_ms?: number; position?: Position }

export type ProblemState =
  | { is: 'reported' }
  | { is: 'assigned'; post: Post; due: string }
  | { is: 'claimed'; post: Post; due: string; claimed_ms: number; by: string | null }
  | { is: 'verified'; post: Post; verified_ms: number; by: string | null }
  | { is: 'confirmed'; post: Post }
  | { is: 'dismissed'; reason: string }
  | { is: 'merged'; into: string }

export interface Escalation { to: Post; on_ms: number; answer_by: string; answer: { text: string; on_ms: number; by: string } | null }

export interface Problem {
  number: string; place: number; field: Field; text: string
  position: Position | null
  photos: (Photo | string)[]
  channel: string; reported_ms: number
  state: ProblemState
  diagnosis?: { cause: string; measure: string } | null
  claim?: { text: string; photos: (Photo | string)[] } | null
  escalations?: Escalation[]
  reopened?: number
  withheld?: string | null
}
export interface ProblemRow { key: string; row: Problem; place: PlaceRef | null; may?: string[] }
export interface ProblemRows { rows: ProblemRow[]; next: string | null; count?: number }

export type TaskState =
  | { is: 'open' }
  | { is: 'claimed'; claim: { text: string; photos: (Photo | string)[]; done: number | null; post: Post }; claimed_ms: number }
  | { is: 'verified'; verified_ms: number; done: number | null; post: Post }
  | { is: 'withdrawn'; reason: string }
  | { is: 'carried_over'; into: string }
export interface Task {
  set: {
    kind: 'task' | 'promise' | 'target'; year: number; title: string; duty: string | null; field: Field | null
    lead: Post; helpers: Post[]; due: string; quantity: { value: number; unit: string } | null
    part_of: string | null; occasion: string | null
  }
  parts: string[]; state: TaskState; rejected: number; lapsed: string | null
}
export interface TaskRow { key: string; row: Task; place: PlaceRef | null; may?: string[] }
export interface TaskRows { rows: TaskRow[]; next: string | null }
export interface Bearers { bearers: { post: string; name: string | null }[] }

export interface PlaceRow { key: string; row: { id?: number; within?: number[]; position?: Position | null }; place: PlaceRef | null }
export interface PlaceRows { rows: PlaceRow[]; next: string | null }

export interface TodayList<R = ProblemRow> { name: string; query: string; count: number; rows: R[] }
/** `others`: tasks, and what only the console shows; an answer kept from an earlier version has none. */
export interface Today { lists: TodayList[]; others?: TodayList<TaskRow>[] }

export interface Session {
  demo: boolean; installation: string; today: string
  account: { id: string; name: string; display: string }
  posts: { place: PlaceRef; role: Role }[]
  capabilities: string[]
  home: PlaceRef | null
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export interface Fact { seq: number; kind: string; actor: string; actor_name: string | null; effective_ms: number | null; recorded_ms: number; body: { [key: string]: Json } }
export interface History { facts: Fact[] }
export interface Duplicates { candidates: { key: string; distance_m: number; row: Problem }[] }
export interface Uploaded { hash: string }
export interface CommandAnswer { subject: string; facts: { chain: string; seq: number; kind: string }[]; repeated: boolean }
export type Command = { type: string; [field: string]: Json }

/** RFC 9457, as every refusal and accident comes. */
export interface ProblemDocument {
  type: string; title: string; detail?: string; status: number
  args?: { [key: string]: Json }
  findings?: { field?: string; reason: string; message?: string }[]
}
