// The shapes of docs/http.md, by hand until they are generated from Rust. Money is fen, times are milliseconds (…_ms),
// days are 'YYYY-MM-DD', positions are WGS-84 degrees × 10⁷.

export type Level = 'nation' | 'province' | 'city' | 'county' | 'township' | 'village'
export type Role = 'admin' | 'head' | 'office' | 'department' | 'township' | 'village' | 'inspector' | 'viewer'
export const FIELDS = ['waste', 'sewage', 'toilet', 'water', 'road', 'greening', 'lighting', 'housing', 'appearance', 'service', 'culture', 'industry'] as const
export type Field = (typeof FIELDS)[number]
export const STATES = ['reported', 'assigned', 'claimed', 'verified', 'confirmed', 'dismissed', 'merged'] as const
export type StateName = (typeof STATES)[number]
export const CLASSES = ['cluster', 'suburban', 'heritage', 'relocate', 'undetermined'] as const
export const GRADES = ['none', 'remediated', 'demonstration', 'boutique', 'future'] as const
export const STAGES = ['demonstration', 'rollout', 'deepening', 'upgrading'] as const
export const COUNTS = ['households_registered', 'households_resident', 'hamlets', 'population'] as const
export type Count = (typeof COUNTS)[number]
export const ROLES: readonly Role[] = ['head', 'office', 'department', 'township', 'village', 'inspector']

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
export type Row = { [column: string]: Json }

export interface PlaceRef { id: number; code: string; name: string; level: Level; path?: string[] }
export interface Position { lon_e7: number; lat_e7: number }
/** Posts in rows carry the name of their place. */
export interface Post { place: number; role: Role; name?: string }

/** What a problem's state knows. */
export type ProblemState =
  | { is: 'reported' }
  | { is: 'assigned'; post: Post; due: string }
  | { is: 'claimed'; post: Post; due: string; claimed_ms: number; by: string | null }
  | { is: 'verified'; post: Post; verified_ms: number; by: string | null }
  | { is: 'confirmed'; post: Post }
  | { is: 'dismissed'; reason: string }
  | { is: 'merged'; into: string; before: ProblemState }

export interface RowAnswer { key: string; row: Row; place: PlaceRef | null; may?: string[] }
export interface RowsAnswer { rows: RowAnswer[]; next: string | null; count?: number; count_capped?: boolean }
export interface Group { keys: (string | number | null)[]; labels: string[]; count: number; sum?: number }
export interface GroupsAnswer { groups: Group[] }

export interface Change { field: string; before: Json; after: Json }
export interface Fact {
  chain: string; seq: number; kind: string
  actor: string; actor_name: string | null
  effective_ms: number | null; recorded_ms: number
  body: { [key: string]: Json }
  hash: string
  changed?: Change[]
  subject?: string
  place?: PlaceRef | null
}
export interface HistoryAnswer { facts: Fact[]; next?: string | null }

export interface Session {
  demo: boolean
  installation: string
  today: string
  account: { id: string; name: string; display: string }
  posts: { place: PlaceRef; role: Role }[]
  capabilities: string[]
  /** Null for an account without a post. */
  home: PlaceRef | null
  csrf?: string
}

export interface TodayList { name: string; query: string; count: number; rows: RowAnswer[] }
export interface TodayAnswer { lists: TodayList[] }

export interface Indicator { name: string; unit: string; better: 'more' | 'less' | 'neither'; levels: Level[] }
export interface IndicatorValue { place: PlaceRef; value: number | null; numerator: number | null; denominator: number | null; missing: string | null; from?: string }
export interface IndicatorAnswer { unit: string; values: IndicatorValue[]; from?: string }

export interface DossierSection { room: string; view: string; columns: string[]; rows: RowAnswer[]; more: boolean }
export interface Dossier { place: RowAnswer; ancestors: PlaceRef[]; children: PlaceRef[]; sections: DossierSection[] }

export interface ViewColumn { name: string; type: string; sort: boolean; filter: 'range' | 'equals' | 'none'; group: boolean }
export interface ViewInfo { view: string; columns: ViewColumn[] }

export interface MapInfo { bounds: [number, number, number, number]; layers: string[]; minzoom: number; maxzoom: number }
export interface FileAnswer { hash: string; type: string; bytes: number; taken_ms: number | null; position: Position | null }
export interface Duplicate { key: string; distance_m: number; row: Row }
export interface TopicCandidate { field: string; villages: number; count: number; problems: string[]; place: number; query: string; since: string }
export interface TopicCandidates { candidates: TopicCandidate[]; villages_min?: number; days?: number }
export interface ChainHead { chain: string; size: number; head: string; recorded_ms?: number; checkpoints?: { size: number; at_ms: number; note: string }[] }

export interface CommandAnswer { subject: string; facts: { chain: string; seq: number; kind: string }[]; repeated: boolean }
export type Command = { type: string } & { [field: string]: Json | undefined }

/** RFC 9457, as every refusal and accident comes. */
export interface Finding { row?: number; column?: number; field?: string; reason: string; message?: string }
export interface ProblemDocument { type: string; title: string; detail?: string; status: number; args?: { [key: string]: Json }; findings?: Finding[]; id?: string }
