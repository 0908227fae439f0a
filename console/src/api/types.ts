// Short names over the types that are generated from Rust, and their lists in the order in which people see them.
import type { Command, Json, NamedPost, PlaceBrief, ProblemState, Role, RowAnswer as AnyRowAnswer, SessionAnswer, TodayList as AnyTodayList, Dossier as AnyDossier, DossierSection as AnyDossierSection, TodayAnswer as AnyTodayAnswer, RowsAnswer as AnyRowsAnswer, TaskState } from '@/generated/api'

export { Class as CLASSES, Counted as COUNTS, Field as FIELDS, Grade as GRADES, Level as LEVELS, Stage as STAGES, Department as DEPARTMENTS, Side as SIDES, TaskKind as TASK_KINDS } from '@/generated/api'
export type {
  Bearer, BearersAnswer, HandedOver, Handover, PersonAnswer as Person, Holding, LapseRow, Official, OfficialAnswer, OfficialsAnswer, PostsRow as PostRow, Quantity, Signature, StatementDocument, TaskBody, TaskRow, TaskState,
  Capability, Change, ChainHead, ChainsAnswer, Class, CommandAnswer, Counted as Count, CountsRow, CountValue, Duplicate, DuplicatesAnswer, Escalated, FactsAnswer, FactTold as Fact, Field, FileAnswer, Finding,
  Grade, Group, GroupsAnswer, HistoryAnswer, IndicatorAnswer, IndicatorInfo as Indicator, IndicatorValue, Json, Level, MapInfo,
  Photo, PlaceRow, Position, ProblemDocument, ProblemRow, ProblemState, Role, RuleRow, RuleSet, Stage, TopicCandidate, TopicCandidatesAnswer as TopicCandidates,
  TopicRow, ViewColumn, ViewInfo,
} from '@/generated/api'

/** Posts in rows carry the name of their place. */
export type Post = NamedPost
export type PlaceRef = PlaceBrief
export type Session = SessionAnswer
export type StateName = ProblemState['is']
export type CommandType = Command['type']
/** As forms put it together, field by field; whether the fields are right is said at the door. */
export type CommandGiven = { type: CommandType; [field: string]: Json }

/** A list that the compiler holds to be complete. */
const all = <T extends string>() => <const L extends readonly T[]>(list: T extends L[number] ? L : never): L => list
export const STATES = all<StateName>()(['reported', 'assigned', 'claimed', 'verified', 'confirmed', 'dismissed', 'merged'])
/** Roles that a problem can lie with, or be seen by. */
export const ROLES = ['head', 'office', 'department', 'township', 'village', 'inspector'] as const satisfies readonly Role[]

export const TASK_STATES = all<TaskState['is']>()(['open', 'claimed', 'verified', 'carried_over', 'withdrawn'])

/** A row of any view as lists see it: by the names of its columns. Rooms read their own rows as `ProblemRow`, `PlaceRow` …. */
export type Row = { [column: string]: Json }
type With<T, R> = Omit<T, keyof R> & R
export type RowAnswer = With<AnyRowAnswer, { row: Row }>
export type RowsAnswer = With<AnyRowsAnswer, { rows: RowAnswer[] }>
export type TodayList = With<AnyTodayList, { rows: RowAnswer[] }>
export type TodayAnswer = With<AnyTodayAnswer, { lists: TodayList[]; others: TodayList[] }>
export type DossierSection = With<AnyDossierSection, { rows: RowAnswer[] }>
export type Dossier = With<AnyDossier, { place: RowAnswer; sections: DossierSection[] }>
