//! Posts and who holds them, over HTTP: whom a duty lay with on a day, officials by name, statements of what is handed over.

use std::collections::{BTreeMap, HashMap};

use axum::http::StatusCode;
use domain::{
    Command, Row, ViewId,
    basics::{Capability, Day, HoldingId, PersonId, PlaceId, Post, Role, Text, Value as Cell},
    duties::{self, Holding, PostRow, Statement, Task},
    places::Place,
    problems::Problem as ProblemRow,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Condition, List, NewFile, Scope};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    answer::{Answer, Problem},
    ask::Ask,
    rows::{Briefs, marked},
};

/// Posts asked about in one go.
const POSTS_MAX: usize = 200;
/// Officials found in one go.
const OFFICIALS_MAX: usize = 50;
/// Persons looked at together.
const PERSONS_READ: usize = 200;
/// Rows of a kind that a statement lists at most; it says how many there are in all.
const LISTED_MAX: usize = 2000;

/// Whom a post's duty lay with on a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct Bearer {
    /// The post, as in URLs: place, role, department.
    pub post: String,
    /// The person; null where nobody held it.
    #[schema(required)]
    pub person: Option<PersonId>,
    /// The person's name.
    #[schema(required)]
    pub name: Option<String>,
    /// Whether the person only stood in for somebody.
    pub stands_in: bool,
    /// First day at the post.
    #[schema(required)]
    pub from: Option<Day>,
    /// Last day at the post, once it is known.
    #[schema(required)]
    pub until: Option<Day>,
    /// Since when the post has been changing hands without a signed statement.
    #[schema(required)]
    pub unsigned_since: Option<Day>,
}

/// Whom duties lay with on a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct BearersAnswer {
    /// The day.
    pub day: Day,
    /// One for each post that was asked about.
    pub bearers: Vec<Bearer>,
}

/// An official.
#[derive(Debug, Serialize, ToSchema)]
pub struct Official {
    /// Identity.
    pub person: PersonId,
    /// Name.
    pub name: String,
    /// Posts held today within the caller's area.
    pub posts: Vec<String>,
}

/// Officials found.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfficialsAnswer {
    /// By name.
    pub officials: Vec<Official>,
}

/// A time at a post, with what it answers for.
#[derive(Debug, Serialize, ToSchema)]
pub struct Record {
    /// The post.
    pub post: Post,
    /// The holding.
    pub holding: HoldingId,
    /// First day.
    pub from: Day,
    /// Last day.
    #[schema(required)]
    pub until: Option<Day>,
    /// Whether it is only standing in.
    pub stands_in: bool,
    /// Days missed while the duty lay with this person.
    pub lapses: u64,
    /// The query that lists days missed at the post in this time.
    pub lapses_query: String,
    /// Open problems that the post answers for; while it is held only.
    #[schema(required)]
    pub open_problems: Option<u64>,
    /// Open tasks that the post leads; while it is held only.
    #[schema(required)]
    pub open_tasks: Option<u64>,
}

/// What an official held, and what counts for him.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfficialAnswer {
    /// Identity.
    pub person: PersonId,
    /// Name.
    pub name: String,
    /// Times at posts within the caller's area, newest first.
    pub record: Vec<Record>,
}

/// A line of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HandedOver {
    /// What it is, as `problem:<uuid>`.
    pub subject: String,
    /// Number for people, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    pub number: Option<String>,
    /// Where.
    pub place: String,
    /// What it is about.
    pub text: String,
    /// Where it stands.
    pub state: String,
    /// By when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    pub due: Option<Day>,
}

/// What is handed over, word for word as it was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatementDocument {
    /// The post.
    pub post: Post,
    /// Its place by name.
    pub place: String,
    /// Who leaves.
    pub person: PersonId,
    /// His name.
    pub name: String,
    /// At the post from.
    pub from: Day,
    /// His last day.
    pub until: Day,
    /// The day that it speaks of.
    pub on: Day,
    /// How many of each kind there are in all.
    pub counts: BTreeMap<String, u32>,
    /// Open problems.
    pub problems: Vec<HandedOver>,
    /// Promises.
    pub promises: Vec<HandedOver>,
    /// Tasks and targets.
    pub tasks: Vec<HandedOver>,
    /// Answers owed to what was sent up.
    pub answers: Vec<HandedOver>,
    /// Whether everything is made up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
}

/// What comes with a person to be registered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewOfficial {
    name: Text<60>,
}

fn equal(column: &str, value: impl Into<Cell>) -> Condition {
    Condition::OneOf(column.into(), vec![value.into()])
}

/// The row of a post, where anything is known of it.
pub fn post_row(ask: &Ask, post: Post) -> Result<Option<PostRow>, Problem> {
    Ok(match ask.app.store.row(ViewId::Posts, &post.key())? {
        Some(Row::Posts(row)) => Some(*row),
        _ => None,
    })
}

/// Names of the persons that JSON names by id, in fields called `person`: asked for once, however many rows there are.
pub struct People(HashMap<PersonId, String>);

impl People {
    /// Loads the names of all that these name.
    pub fn load<'v>(ask: &Ask, values: impl IntoIterator<Item = &'v Value>) -> Result<People, Problem> {
        let mut ids = Vec::new();
        values.into_iter().for_each(|v| persons_in(v, &mut ids));
        ids.sort_unstable();
        ids.dedup();
        Ok(People(if ids.is_empty() { HashMap::new() } else { ask.app.store.persons(&ids)?.into_iter().collect() }))
    }

    /// Those that one of them names.
    pub fn of(&self, value: &Value) -> BTreeMap<String, String> {
        let mut ids = Vec::new();
        persons_in(value, &mut ids);
        ids.into_iter().filter_map(|id| Some((id.to_string(), self.0.get(&id)?.clone()))).collect()
    }
}

fn persons_in(value: &Value, found: &mut Vec<PersonId>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get("person").and_then(Value::as_str).and_then(|id| id.parse::<PersonId>().ok()));
            object.values().for_each(|v| persons_in(v, found));
        }
        Value::Array(list) => list.iter().for_each(|v| persons_in(v, found)),
        _ => {}
    }
}

fn day_of(ask: &Ask) -> Result<Day, Problem> {
    match ask.param("day") {
        None | Some("") => Ok(ask.today()),
        Some(_) => ask.need("day"),
    }
}

/// `GET /api/bearers?post=…&day=`: whom duties lay with on a day. Who answers for a post is public, as on the board in the village.
pub fn bearers(ask: &Ask) -> Result<Answer, Problem> {
    let day = day_of(ask)?;
    let posts: Vec<Post> = ask
        .query
        .iter()
        .filter(|(n, _)| n == "post")
        .map(|(_, v)| v.parse().map_err(|_| Problem::bad_query(format!("post={v}"))))
        .collect::<Result<_, _>>()?;
    if posts.is_empty() || posts.len() > POSTS_MAX {
        return Err(Problem::bad_query(format!("post: 1…{POSTS_MAX}")));
    }
    Ok(Answer::json(&marked(ask, BearersAnswer { day, bearers: bearers_of(ask, &posts, day)? })))
}

/// Whom the duty of posts lay with on a day.
pub fn bearers_of(ask: &Ask, posts: &[Post], day: Day) -> Result<Vec<Bearer>, Problem> {
    let keys: Vec<String> = posts.iter().map(|p| p.key()).collect();
    let rows: HashMap<String, Row> = ask.app.store.rows(ViewId::Posts, &keys)?.into_iter().collect();
    let row_of = |key: &String| if let Some(Row::Posts(row)) = rows.get(key) { Some(row) } else { None };
    let persons: Vec<PersonId> = keys.iter().filter_map(|k| row_of(k)?.bearer(day).map(|h| h.person)).collect();
    let names: HashMap<PersonId, String> = ask.app.store.persons(&persons)?.into_iter().collect();
    Ok(keys
        .iter()
        .map(|key| {
            let row = row_of(key);
            let holding = row.and_then(|row| row.bearer(day));
            Bearer {
                post: key.clone(),
                person: holding.map(|h| h.person),
                name: holding.and_then(|h| names.get(&h.person).cloned()),
                stands_in: holding.is_some_and(|h| h.stands_in_for.is_some()),
                from: holding.map(|h| h.from),
                until: holding.and_then(|h| h.until),
                unsigned_since: row.and_then(|row| row.unsigned().first().and_then(|h| h.until)).filter(|u| *u <= day),
            }
        })
        .collect())
}

/// Whether a place lies in what the caller may appoint to or read.
fn within(ask: &Ask, capabilities: &[Capability], place: &Place) -> Result<bool, Problem> {
    let actor = ask.caller()?.actor();
    Ok(capabilities.iter().any(|c| actor.post_for(*c, place).is_some()))
}

const SEES: [Capability; 2] = [Capability::Read, Capability::AccessAppoint];

/// Those of the holdings that lie in the caller's area, and were not taken back.
fn own_holdings(ask: &Ask, all: &[duties::Held]) -> Result<Vec<duties::Held>, Problem> {
    let mut keys: Vec<String> = all.iter().map(|h| h.place.key()).collect();
    keys.sort_unstable();
    keys.dedup();
    let mut own = Vec::new();
    for (_, row) in ask.app.store.rows(ViewId::Places, &keys)? {
        if let Row::Places(place) = row
            && within(ask, &SEES, &place)?
        {
            own.push(place.id);
        }
    }
    Ok(all.iter().filter(|h| h.holding.withdrawn.is_none() && own.contains(&h.place)).cloned().collect())
}

fn may_appoint(ask: &Ask) -> Result<(), Problem> {
    let caller = ask.caller()?;
    match caller.has(Capability::DutiesAppoint) || caller.has(Capability::AccessAppoint) {
        true => Ok(()),
        false => Err(Problem::forbidden()),
    }
}

/// `GET /api/officials?q=`: for whoever appoints: persons with posts in the area, and persons with no post at all.
pub fn officials(ask: &Ask) -> Result<Answer, Problem> {
    may_appoint(ask)?;
    let words = ask.param("q").unwrap_or_default().trim().to_owned();
    if words.chars().count() > 60 {
        return Err(Problem::bad_query("q: at most 60 characters"));
    }
    let (mut officials, mut after) = (Vec::new(), None);
    let today = ask.today();
    while officials.len() < OFFICIALS_MAX {
        let persons = ask.app.store.find_persons(&words, after.as_ref(), PERSONS_READ)?;
        let ids: Vec<PersonId> = persons.iter().map(|(id, _)| *id).collect();
        let all = ask.app.store.holdings_of(&ids)?;
        let own = own_holdings(ask, &all)?;
        after = persons.last().cloned();
        let more = persons.len() == PERSONS_READ;
        for (person, name) in persons {
            let mut posts = own.iter().filter(|h| h.holding.person == person).peekable();
            // Whoever holds posts elsewhere only is somebody else's.
            if posts.peek().is_none() && all.iter().any(|h| h.holding.person == person) {
                continue;
            }
            let posts = posts.filter(|h| h.holding.on(today)).map(|h| h.post.key()).collect();
            officials.push(Official { person, name, posts });
        }
        if !more {
            break;
        }
    }
    officials.truncate(OFFICIALS_MAX);
    Ok(Answer::json(&marked(ask, OfficialsAnswer { officials })))
}

/// `POST /api/officials`: registers a person by name, so that posts can be held by somebody who does not sign in.
pub fn register(ask: &Ask) -> Result<Answer, Problem> {
    may_appoint(ask)?;
    let new: NewOfficial = serde_json::from_slice(&ask.body).map_err(|e| Problem::bad_command(e.to_string()))?;
    let person = PersonId(Uuid::now_v7());
    ask.app.store.put_person(person, new.name.as_str(), ask.now_ms)?;
    let official = Official { person, name: new.name.to_string(), posts: Vec::new() };
    Ok(Answer::json(&marked(ask, official)))
}

/// `GET /api/officials/{person}`: posts held, and what counts for whoever held them: each missed day by the holder of that day.
pub fn official(ask: &Ask) -> Result<Answer, Problem> {
    let person: PersonId = ask.path(0)?;
    let Some((_, name)) = ask.app.store.persons(&[person])?.into_iter().next() else { return Err(Problem::not_found()) };
    let mut held = own_holdings(ask, &ask.app.store.holdings_of(&[person])?)?;
    if held.is_empty() {
        return Err(Problem::not_found());
    }
    held.sort_by_key(|h| std::cmp::Reverse((h.holding.from, h.post)));
    let today = ask.today();
    let mut record = Vec::new();
    for duties::Held { post, holding, .. } in held {
        let until = holding.until.map_or(today, |u| u.min(today));
        let lapses = lapses_of(ask, post, &holding, until)?;
        let now = holding.on(today);
        let open = |view: ViewId, conditions: Vec<Condition>| -> Result<Option<u64>, Problem> {
            Ok(if now { Some(ask.app.store.count(view, &Scope::All, &conditions)?.count) } else { None })
        };
        record.push(Record {
            post,
            holding: holding.id,
            from: holding.from,
            until: holding.until,
            stands_in: holding.stands_in_for.is_some(),
            lapses,
            lapses_query: format!("/api/rows/lapses?post={}&day.from={}&day.to={until}&sort=-day", post.key(), holding.from),
            open_problems: open(ViewId::Problems, of_post(post))?,
            open_tasks: open(ViewId::Tasks, of_post(post))?,
        });
    }
    let answer = OfficialAnswer { person, name, record };
    let mut document = marked(ask, answer);
    let places: Vec<PlaceId> =
        document["record"].as_array().into_iter().flatten().filter_map(|r| r["post"]["place"].as_i64().map(PlaceId)).collect();
    crate::rows::name_posts(&mut document, &Briefs::load(ask, &places)?);
    Ok(Answer::json(&document))
}

/// Conditions for what is open with a post: problems that it answers for, or tasks that it leads.
fn of_post(post: Post) -> Vec<Condition> {
    vec![equal("open", 1_i64), equal("post", post.key())]
}

/// Days that a post missed while its duty lay with this holding.
fn lapses_of(ask: &Ask, post: Post, holding: &Holding, until: Day) -> Result<u64, Problem> {
    let Some(row) = post_row(ask, post)? else { return Ok(0) };
    let conditions = [
        equal("post", post.key()),
        Condition::From("day".into(), holding.from.into()),
        Condition::UpTo("day".into(), until.into()),
    ];
    let mut count = 0;
    ask.app.store.columns(ViewId::Lapses, &Scope::All, &conditions, &["day"], &mut |values| {
        let day = if let Some(Cell::Text(day)) = values.first() { day.parse::<Day>().ok() } else { None };
        count += u64::from(day.is_some_and(|day| row.bearer(day).is_some_and(|h| h.id == holding.id)));
    })?;
    Ok(count)
}

/// Fills in what a command about duties takes from here and not from whoever sends it.
pub fn complete(ask: &Ask, command: &mut Command) -> Result<(), Problem> {
    let Command::Duties(command) = command else { return Ok(()) };
    if let Some((person, already)) = command.appointed_mut() {
        if ask.app.store.persons(&[person])?.is_empty() {
            let missing = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "duties/no-such-person");
            return Err(missing.at(Some("person")));
        }
        let today = ask.today();
        let current = |h: &duties::Held| h.holding.withdrawn.is_none() && h.holding.until.is_none_or(|until| until >= today);
        *already = ask.app.store.holdings_of(&[person])?.iter().filter(|h| current(h)).map(|h| h.post).collect();
    }
    if let duties::Command::DrawUp { post, holding, statement } = command {
        *statement = compose(ask, *post, *holding)?;
    }
    Ok(())
}

/// Writes down what a post hands over, and stores it. Nothing where there is no such ending; the rule then says so.
fn compose(ask: &Ask, post: Post, holding: HoldingId) -> Result<Option<Statement>, Problem> {
    let place = ask.readable_place(post.place).map_err(|_| Problem::forbidden())?;
    let Some(row) = post_row(ask, post)? else { return Ok(None) };
    let Some((held, until)) = row.holding(holding).and_then(|h| Some((h, h.until?))) else { return Ok(None) };
    let name = ask.app.store.persons(&[held.person])?.into_iter().next().map(|(_, name)| name).unwrap_or_default();
    let mut counts = BTreeMap::new();
    let mut listed = |what: &str, view, conditions: Vec<Condition>, sort: &str| -> Result<Vec<Row>, Problem> {
        counts.insert(
            what.to_owned(),
            u32::try_from(ask.app.store.count(view, &Scope::All, &conditions)?.count).unwrap_or(u32::MAX),
        );
        let list = List { view, scope: Scope::All, conditions, sort: Some((sort.into(), false)), after: None, limit: LISTED_MAX };
        let rows = ask.app.store.list(&list)?.rows;
        Ok(rows.iter().map(|r| view.decode(&r.data)).collect::<Result<_, _>>()?)
    };
    let problems = listed("problems", ViewId::Problems, of_post(post), "due")?;
    let problems: Vec<ProblemRow> =
        problems.into_iter().filter_map(|r| if let Row::Problems(p) = r { Some(*p) } else { None }).collect();
    let kind = |kinds: &[&str]| {
        let mut conditions = of_post(post);
        conditions.push(Condition::OneOf("kind".into(), kinds.iter().map(|k| Cell::from(*k)).collect()));
        conditions
    };
    let promises = listed("promises", ViewId::Tasks, kind(&["promise"]), "due")?;
    let tasks = listed("tasks", ViewId::Tasks, kind(&["task", "target"]), "due")?;
    let answers = match post.role {
        Role::Head => listed("answers", ViewId::Problems, vec![equal("open", 1_i64), equal("escalated_to", post.place)], "due")?,
        _ => Vec::new(),
    };
    counts.entry("answers".into()).or_insert(0);
    let names = place_names(
        ask,
        problems.iter().map(|p| p.place).chain(answers.iter().chain(&promises).chain(&tasks).filter_map(place_in)),
    )?;
    let where_is = |id: PlaceId| names.get(&id).cloned().unwrap_or_else(|| id.to_string());
    let problem = |p: &ProblemRow| HandedOver {
        subject: format!("problem:{}", p.id),
        number: Some(p.number.clone()),
        place: where_is(p.place),
        text: p.text.to_string(),
        state: p.state.word().to_owned(),
        due: p.clock(),
    };
    let task = |r: &Row| {
        let Row::Tasks(t) = r else { return None };
        Some(HandedOver {
            subject: format!("task:{}", t.id),
            number: None,
            place: where_is(t.place),
            text: t.set.title.to_string(),
            state: t.state.word().to_owned(),
            due: Some(t.set.due),
        })
    };
    let document = StatementDocument {
        post,
        place: place.name.clone(),
        person: held.person,
        name,
        from: held.from,
        until,
        on: until.min(ask.today()),
        counts: counts.clone(),
        problems: problems.iter().map(problem).collect(),
        promises: promises.iter().filter_map(task).collect(),
        tasks: tasks.iter().filter_map(task).collect(),
        answers: answers.iter().filter_map(|r| if let Row::Problems(p) = r { Some(problem(p)) } else { None }).collect(),
        demo: ask.app.settings.demo,
    };
    let content = serde_json::to_vec_pretty(&document)?;
    let file = NewFile { content: &content, media_type: "application/json", taken_ms: None, position: None };
    let stored = ask.app.store.files().put(&file, ask.now_ms)?;
    Ok(Some(Statement { file: stored.hash, counts }))
}

fn place_in(row: &Row) -> Option<PlaceId> {
    match row {
        Row::Problems(p) => Some(p.place),
        Row::Tasks(t) => Some(t.place),
        _ => None,
    }
}

fn place_names(ask: &Ask, ids: impl Iterator<Item = PlaceId>) -> Result<HashMap<PlaceId, String>, Problem> {
    let mut keys: Vec<String> = ids.map(PlaceId::key).collect();
    keys.sort_unstable();
    keys.dedup();
    let rows = ask.app.store.rows(ViewId::Places, &keys)?;
    Ok(rows.into_iter().filter_map(|(_, r)| if let Row::Places(p) = r { Some((p.id, p.name)) } else { None }).collect())
}

/// A statement with the post whose hand-over it is, for whoever may read that post's place.
fn statement(ask: &Ask) -> Result<(PostRow, duties::Handover, StatementDocument), Problem> {
    let hash = crate::files::hash(ask)?;
    let info = ask.app.store.files().info(&hash)?.ok_or_else(Problem::not_found)?;
    if info.media_type != "application/json" {
        return Err(Problem::not_found());
    }
    let document: StatementDocument =
        serde_json::from_slice(&ask.app.store.files().read(&hash)?).map_err(|_| Problem::not_found())?;
    ask.readable_place(document.post.place)?;
    let row = post_row(ask, document.post)?.ok_or_else(Problem::not_found)?;
    let handover = row.handovers.iter().find(|h| h.statement == hash).cloned().ok_or_else(Problem::not_found)?;
    Ok((row, handover, document))
}

/// `GET /api/handovers/{hash}`: a statement, as it was signed.
pub fn handover(ask: &Ask) -> Result<Answer, Problem> {
    let (_, _, document) = statement(ask)?;
    let mut told = json!(document);
    crate::rows::name_posts(&mut told, &Briefs::load(ask, &[document.post.place])?);
    Ok(Answer::json(&marked(ask, told)))
}

/// `GET /handover/{hash}`: the same as a page to print and sign by hand.
pub fn handover_page(ask: &Ask) -> Result<Answer, Problem> {
    let (row, handover, document) = statement(ask)?;
    let persons: Vec<PersonId> = [&handover.outgoing, &handover.incoming].into_iter().flatten().map(|s| s.person).collect();
    let names: HashMap<PersonId, String> = ask.app.store.persons(&persons)?.into_iter().collect();
    Ok(crate::public_duties::handover_page(ask, &row, &handover, &document, &names))
}

/// Tasks of a post or place, in their order.
pub fn tasks(ask: &Ask, scope: Scope, conditions: Vec<Condition>, limit: usize) -> Result<Vec<Task>, Problem> {
    let list = List { view: ViewId::Tasks, scope, conditions, sort: Some(("due".into(), false)), after: None, limit };
    let rows = ask.app.store.list(&list)?.rows;
    Ok(rows.iter().map(|r| serde_json::from_str(&r.data)).collect::<Result<_, _>>()?)
}
