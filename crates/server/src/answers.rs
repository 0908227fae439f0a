//! What comes back: the shape of every JSON answer. The reference and the front ends' types are made from these.
//!
//! Answers to a demonstration carry `"demo": true` besides; see [`crate::rows::marked`].

use std::collections::BTreeMap;

use domain::{
    basics::{
        AccountId, Capability, ColumnKind, Day, Department, FileHash, Filter, PersonId, PlaceId, Position, ProblemId, Role, Text,
    },
    indicators::{Better, Unit},
    persons::{Particulars, PersonState, Purpose},
    places::{Class, Closed, Grade, Kind, Level},
    problems,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::{
        Ref, RefOr,
        schema::{AnyOfBuilder, ObjectBuilder, Schema, Type},
    },
};

/// A row of any view; `crate::openapi` lists them.
fn any_row() -> Ref {
    Ref::from_schema_name("Row")
}

/// A value of a column.
fn cell() -> RefOr<Schema> {
    let one = |of| ObjectBuilder::new().schema_type(of).build();
    Schema::AnyOf(AnyOfBuilder::new().item(one(Type::String)).item(one(Type::Integer)).item(one(Type::Null)).build()).into()
}

/// Values of columns.
fn cells() -> RefOr<Schema> {
    utoipa::openapi::schema::ArrayBuilder::new().items(cell()).build().into()
}

/// Any JSON object: what a fact says, by its kind (docs/facts.md).
fn any_object() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::Object).additional_properties(Some(any())).build().into()
}

/// Any JSON value.
fn any() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(utoipa::openapi::schema::SchemaType::AnyValue).build().into()
}

/// A place in short.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PlaceBrief {
    /// Stable identity.
    pub id: PlaceId,
    /// Code now.
    pub code: String,
    /// Name now.
    pub name: String,
    /// Level.
    pub level: Level,
    /// Names of the places it lies in, from the top, and its own.
    pub path: Vec<String>,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionAnswer {
    /// Whether everything is made up.
    pub demo: bool,
    /// Name of the installation.
    pub installation: String,
    /// Today in Asia/Shanghai.
    pub today: Day,
    /// The account.
    pub account: AccountBrief,
    /// Posts held today.
    pub posts: Vec<PostHeld>,
    /// What the posts allow.
    pub capabilities: Vec<Capability>,
    /// The highest place of the posts; null without a post.
    #[schema(required)]
    pub home: Option<PlaceBrief>,
    /// Token for plain forms.
    pub csrf: String,
}

/// An account in short.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountBrief {
    /// Identity.
    pub id: AccountId,
    /// Name to sign in with.
    pub name: String,
    /// Name to show.
    pub display: String,
}

/// A post with its place.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostHeld {
    /// Where.
    pub place: PlaceBrief,
    /// As what.
    pub role: Role,
    /// In which department, for the role of that name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<Department>,
}

/// An accepted command.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommandAnswer {
    /// What it was about, as `problem:<uuid>`.
    pub subject: String,
    /// Where its facts stand, at most fifty.
    pub facts: Vec<FactRef>,
    /// All its facts, counted by kind.
    pub kinds: BTreeMap<String, u64>,
    /// Whether this is the answer of an earlier try.
    pub repeated: bool,
}

/// Where a fact stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactRef {
    /// Chain.
    pub chain: String,
    /// Number in it.
    pub seq: u64,
    /// Kind.
    pub kind: String,
}

/// A view and its columns.
#[derive(Debug, Serialize, ToSchema)]
pub struct ViewInfo {
    /// Its name.
    pub view: &'static str,
    /// Declared columns.
    pub columns: Vec<ViewColumn>,
}

/// A column of a view.
#[derive(Debug, Serialize, ToSchema)]
pub struct ViewColumn {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub r#type: ColumnKind,
    /// Whether lists may be sorted by it.
    pub sort: bool,
    /// How lists may be narrowed by it.
    pub filter: Filter,
    /// Whether rows may be counted by it.
    pub group: bool,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct RowsAnswer {
    /// The rows.
    pub rows: Vec<RowAnswer>,
    /// Cursor of the next page; null at the end.
    #[schema(required)]
    pub next: Option<String>,
    /// How many there are in all, with `count=1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64)]
    pub count: Option<u64>,
    /// Whether there are more than were counted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub count_capped: bool,
}

/// A row with its place.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RowAnswer {
    /// Its key in the view.
    pub key: String,
    /// The row, and declared columns that it does not name itself.
    #[schema(schema_with = any_row)]
    pub row: Value,
    /// Its place.
    #[schema(required)]
    pub place: Option<PlaceBrief>,
    /// Names of the persons that the row names, by id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    pub people: BTreeMap<String, String>,
    /// Commands that the signed-in person may give on it now; with a single row only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<String>)]
    pub may: Option<Vec<&'static str>>,
}

/// Rows counted.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupsAnswer {
    /// Those that have any.
    pub groups: Vec<Group>,
}

/// Rows that are alike.
#[derive(Debug, Serialize, ToSchema)]
pub struct Group {
    /// What they have in common.
    #[schema(schema_with = cells)]
    pub keys: Vec<Value>,
    /// The same for people: places by name.
    #[schema(schema_with = cells)]
    pub labels: Vec<Value>,
    /// How many.
    pub count: i64,
    /// Sum of the column asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64)]
    pub sum: Option<i64>,
}

/// Facts under a row, in order.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryAnswer {
    /// The facts.
    pub facts: Vec<FactTold>,
}

/// A page of facts, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactsAnswer {
    /// The facts.
    pub facts: Vec<FactTold>,
    /// Position of the next page; null at the end.
    #[schema(required)]
    pub next: Option<String>,
}

/// A fact for people.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactTold {
    /// Chain.
    pub chain: String,
    /// Number in it.
    pub seq: u64,
    /// Kind.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// Who acted.
    pub actor: String,
    /// His name, where he has an account.
    #[schema(required)]
    pub actor_name: Option<String>,
    /// When it was so.
    pub effective_ms: i64,
    /// When it was recorded.
    pub recorded_ms: i64,
    /// What it says.
    #[schema(schema_with = any_object)]
    pub body: Value,
    /// Its hash.
    pub hash: String,
    /// The hash before it.
    pub prev: String,
    /// The command that made it.
    pub command: String,
    /// Where.
    #[schema(required)]
    pub place: Option<PlaceBrief>,
    /// Names of the persons that it names, by id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    pub people: BTreeMap<String, String>,
    /// What it changed in the row; under a row only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<Change>)]
    pub changed: Option<Vec<Change>>,
}

/// A field of a row before and after a fact.
#[derive(Debug, Serialize, ToSchema)]
pub struct Change {
    /// The field.
    pub field: String,
    /// Before.
    #[schema(schema_with = any)]
    pub before: Value,
    /// After.
    #[schema(schema_with = any)]
    pub after: Value,
}

/// Chains within scope.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChainsAnswer {
    /// The chains.
    pub chains: Vec<ChainHead>,
}

/// Where a chain stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChainHead {
    /// Chain.
    pub chain: String,
    /// How it is hashed.
    pub suite: String,
    /// How many facts.
    pub size: u64,
    /// Hash of the last.
    pub head: String,
    /// When the last was recorded.
    #[schema(required)]
    pub recorded_ms: Option<i64>,
    /// The latest signed ones.
    pub checkpoints: Vec<Checkpoint>,
}

/// A signed checkpoint.
#[derive(Debug, Serialize, ToSchema)]
pub struct Checkpoint {
    /// Facts up to there.
    pub size: u64,
    /// When it was signed.
    pub at_ms: i64,
    /// The signed note.
    pub note: String,
}

/// An indicator of the catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndicatorInfo {
    /// Stable word.
    pub name: &'static str,
    /// What a value is a number of.
    pub unit: Unit,
    /// Which way is good.
    pub better: Better,
    /// Levels at which it says something.
    pub levels: &'static [Level],
    /// Where the numbers come from.
    pub source: &'static str,
    /// What missing data do to it.
    pub missing: &'static str,
    /// How far it can be trusted.
    pub uncertainty: &'static str,
}

/// Values of an indicator.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndicatorAnswer {
    /// Which.
    pub name: &'static str,
    /// What a value is a number of.
    pub unit: Unit,
    /// Level of the places.
    pub level: Level,
    /// Every place of the level, also without a value.
    pub values: Vec<IndicatorValue>,
}

/// Why there is no value.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// There is nothing to divide by.
    NoDenominator,
}

/// An indicator's value at a place.
#[derive(Debug, Serialize, ToSchema)]
pub struct IndicatorValue {
    /// Where.
    pub place: PlaceBrief,
    /// The value.
    #[schema(required)]
    pub value: Option<i64>,
    /// What was counted.
    pub numerator: i64,
    /// What it is divided by.
    #[schema(required)]
    pub denominator: Option<i64>,
    /// Why there is no value; null where there is one.
    #[schema(required)]
    pub missing: Option<Missing>,
    /// The list behind it.
    pub from: String,
}

/// Everything known of a place.
#[derive(Debug, Serialize, ToSchema)]
pub struct Dossier {
    /// The place.
    pub place: RowAnswer,
    /// The places it lies in, from the top.
    pub ancestors: Vec<PlaceBrief>,
    /// The places directly below.
    pub children: Vec<PlaceBelow>,
    /// Whether there are more.
    pub children_more: bool,
    /// Their level; null below a village.
    #[schema(required)]
    pub children_level: Option<Level>,
    /// What the rooms know.
    pub sections: Vec<DossierSection>,
}

/// A place directly below, in short.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaceBelow {
    /// The place.
    #[serde(flatten)]
    pub place: PlaceBrief,
    /// What else is shown of it.
    pub row: PlaceBelowRow,
}

/// What is shown of a place directly below.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlaceBelowRow {
    /// Village class.
    #[schema(value_type = Option<Class>, required)]
    pub class: Value,
    /// Grade.
    #[schema(value_type = Option<Grade>, required)]
    pub grade: Value,
    /// When it has ceased to be: how. Else 0.
    #[schema(schema_with = closed_or_zero)]
    pub closed: Value,
    /// Kind.
    #[schema(value_type = Kind)]
    pub kind: Value,
}

/// Columns say 0 of a place that is not closed.
fn closed_or_zero() -> RefOr<Schema> {
    let zero = ObjectBuilder::new().schema_type(Type::Integer).enum_values(Some([0])).build();
    Schema::AnyOf(AnyOfBuilder::new().item(Ref::from_schema_name(Closed::name())).item(zero).build()).into()
}

/// What a room knows of a place.
#[derive(Debug, Serialize, ToSchema)]
pub struct DossierSection {
    /// The room.
    pub room: &'static str,
    /// Its view.
    pub view: &'static str,
    /// Columns to show.
    pub columns: &'static [&'static str],
    /// The first rows.
    pub rows: Vec<RowAnswer>,
    /// Whether there are more.
    pub more: bool,
}

/// Possible duplicates near by, nearest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct DuplicatesAnswer {
    /// The problems.
    pub candidates: Vec<Duplicate>,
}

/// A possible duplicate.
#[derive(Debug, Serialize, ToSchema)]
pub struct Duplicate {
    /// Its key.
    pub key: ProblemId,
    /// How far away.
    pub distance_m: i64,
    /// The problem.
    #[schema(value_type = problems::Problem)]
    pub row: Value,
}

/// What waits for the signed-in person.
#[derive(Debug, Serialize, ToSchema)]
pub struct TodayAnswer {
    /// The lists, most urgent first; one with nothing in it is left out.
    pub lists: Vec<TodayList>,
    /// Tasks and hand-overs that wait, each list of its own view.
    pub others: Vec<TodayList>,
    /// Server time.
    pub as_of_ms: i64,
    /// Name of the person.
    pub display: String,
}

/// Rows that wait for one reason.
#[derive(Debug, Serialize, ToSchema)]
pub struct TodayList {
    /// The reason.
    pub name: &'static str,
    /// The view whose rows these are.
    pub view: &'static str,
    /// The query that opens the whole list.
    pub query: String,
    /// How many.
    #[schema(value_type = i64)]
    pub count: u64,
    /// Whether there are more than were counted.
    pub count_capped: bool,
    /// The first of them.
    pub rows: Vec<RowAnswer>,
}

/// Fields in which many villages have the same problem.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct TopicCandidatesAnswer {
    /// The fields, most villages first.
    pub candidates: Vec<TopicCandidate>,
    /// How many villages it takes, where there is a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u16)]
    pub villages_min: Option<u16>,
    /// Within how many days, where there is a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u16)]
    pub days: Option<u16>,
}

/// A field in which many villages have the same problem.
#[derive(Debug, Serialize, ToSchema)]
pub struct TopicCandidate {
    /// Works field.
    #[schema(value_type = problems::Field)]
    pub field: String,
    /// In how many villages.
    pub villages: i64,
    /// How many problems.
    pub count: i64,
    /// The latest of them.
    pub problems: Vec<String>,
    /// In which area.
    pub place: PlaceId,
    /// The query that opens the list.
    pub query: String,
    /// Since which day.
    pub since: Day,
}

/// Where the map is and what is on it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MapInfo {
    /// West, south, east, north in degrees.
    #[schema(min_items = 4, max_items = 4)]
    pub bounds: [f64; 4],
    /// Layers of tiles.
    pub layers: Vec<&'static str>,
    /// Smallest zoom with tiles.
    pub minzoom: u8,
    /// Largest zoom with tiles.
    pub maxzoom: u8,
    /// How many places have an outline.
    pub outlines: usize,
}

/// A stored photo.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileAnswer {
    /// Its name.
    pub hash: FileHash,
    /// Media type.
    pub r#type: String,
    /// Size.
    pub bytes: u64,
    /// When it was taken, as the camera says.
    #[schema(required)]
    pub taken_ms: Option<i64>,
    /// Where it was taken, as the camera says.
    #[schema(required)]
    pub position: Option<Position>,
}

/// Whether it works.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: &'static str,
    /// Which kind.
    pub database: &'static str,
    /// Of the binary.
    pub version: &'static str,
}

/// Why particulars are to be seen in full.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhyUnmasked {
    /// At least four words.
    pub reason: Text<500>,
}

/// Particulars of a private person: masked, or in full where a reason was recorded.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonAnswer {
    /// Identity.
    pub id: PersonId,
    /// With which problem they were left.
    #[schema(required)]
    pub problem: Option<ProblemId>,
    /// What for.
    pub purpose: Purpose,
    /// Whether they are still there.
    pub state: PersonState,
    /// When they were left.
    pub left_ms: i64,
    /// How often they were shown in full.
    pub unmasked: u32,
    /// Whether these are masked.
    pub masked: bool,
    /// They themselves.
    pub particulars: Particulars,
    /// Commands that the caller may give.
    pub may: Vec<String>,
}

/// All that is held about a private person.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonExport {
    /// Identity.
    pub person: PersonId,
    /// Made when.
    pub made_ms: i64,
    /// What the parts are called, in Chinese and English.
    #[schema(schema_with = any_object)]
    pub words: Value,
    /// What is known of the keeping.
    #[schema(schema_with = any_object)]
    pub row: Value,
    /// The particulars in full; none where they were erased.
    #[schema(required)]
    pub particulars: Option<Particulars>,
    /// Whether the digest in the log is that of these particulars.
    #[schema(required)]
    pub digest_agrees: Option<bool>,
    /// Every fact that names the person or the problem he reported.
    #[schema(schema_with = objects)]
    pub facts: Vec<Value>,
    /// Photos that he reported.
    pub files: Vec<FileHash>,
    /// Who saw the particulars in full, when and why.
    #[schema(schema_with = objects)]
    pub unmaskings: Vec<Value>,
}

/// JSON objects.
fn objects() -> RefOr<Schema> {
    utoipa::openapi::schema::ArrayBuilder::new().items(any_object()).build().into()
}
