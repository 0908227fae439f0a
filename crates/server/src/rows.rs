//! Lists, single rows, groups: the few ways to read, with the caller's places as the outermost condition.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{
    ViewId,
    basics::{Capability, Column, ColumnKind, PlaceId, Value as Cell},
    places::{Level, Place},
};
use serde::Serialize;
use serde_json::{Value, json};
use store::{Condition, Cursor, GroupRow, Groups, List, Scope, Store, StoredRow};

use crate::{
    answer::{Answer, Problem},
    answers::{Group, GroupsAnswer, PlaceBrief, RowAnswer, RowsAnswer, ViewColumn, ViewInfo},
    ask::{Ask, below},
    audit, command, duties,
};

/// Rows on a page unless asked otherwise.
const LIMIT: usize = 50;
/// Rows on a page at most.
const LIMIT_MAX: usize = 200;
/// Conditions of one query; a database does not take thousands.
const CONDITIONS_MAX: usize = 50;
/// Parameters that are not columns.
const RESERVED: [&str; 15] = [
    "place",
    "q",
    "overdue",
    "sort",
    "limit",
    "after",
    "count",
    "by",
    "sum",
    "lang",
    "before",
    "indicator",
    "head",
    "table",
    "media",
];

/// The view that a path names.
pub fn view(ask: &Ask) -> Result<ViewId, Problem> {
    let view = ask.path.first().and_then(|name| ViewId::from_name(name)).ok_or_else(Problem::not_found)?;
    seen(ask, view, view.capability())?;
    Ok(view)
}

/// Whether the caller may do this with a view at all: with what everybody reads it is not allowed, the rest is not there.
pub fn seen(ask: &Ask, view: ViewId, capability: Capability) -> Result<(), Problem> {
    match ask.caller()?.has(capability) {
        true => Ok(()),
        false if view.capability() == Capability::Read => Err(Problem::forbidden()),
        false => Err(Problem::not_found()),
    }
}

/// `GET /api/views`.
pub fn views(ask: &Ask) -> Result<Answer, Problem> {
    let caller = ask.caller()?;
    let views: Vec<ViewInfo> = ViewId::ALL
        .iter()
        .filter(|v| caller.has(v.capability()))
        .map(|v| {
            let told = |c: &Column| ViewColumn { name: c.name, r#type: c.kind, sort: c.sort, filter: c.filter, group: c.group };
            ViewInfo { view: v.name(), columns: v.columns().iter().map(told).collect() }
        })
        .collect();
    Ok(Answer::json(&json!(views)))
}

/// Conditions out of the query: any filterable column, `q=`, `overdue=1`.
pub fn conditions(ask: &Ask, view: ViewId) -> Result<Vec<Condition>, Problem> {
    let mut conditions = Vec::new();
    for (name, text) in &ask.query {
        if text.is_empty() {
            continue;
        }
        let (column, end) = match name.split_once('.') {
            Some((column, end)) => (column, Some(end)),
            None => (name.as_str(), None),
        };
        if end.is_none() && RESERVED.contains(&column) {
            continue;
        }
        if conditions.len() == CONDITIONS_MAX {
            return Err(Problem::bad_query(format!("> {CONDITIONS_MAX} conditions")));
        }
        let Some(declared) = view.columns().iter().find(|c| c.name == column) else {
            return Err(Problem::bad_query(format!("{} has no column {column:?}", view.name())));
        };
        let cell = |text: &str| -> Result<Cell, Problem> {
            match declared.kind {
                ColumnKind::Text => Ok(Cell::from(text)),
                ColumnKind::Day => {
                    // Written back: what also passes for a day would compare as other text.
                    let day = text.parse::<domain::basics::Day>();
                    day.map(Cell::from).map_err(|_| Problem::bad_query(format!("{name}={text}: YYYY-MM-DD")))
                }
                ColumnKind::Bool => match text {
                    "1" | "true" => Ok(Cell::Int(1)),
                    "0" | "false" => Ok(Cell::Int(0)),
                    _ => Err(Problem::bad_query(format!("{name}={text}: 0 or 1"))),
                },
                ColumnKind::Int | ColumnKind::Ms | ColumnKind::Place => {
                    text.parse().map(Cell::Int).map_err(|_| Problem::bad_query(format!("{name}={text}: a number")))
                }
            }
        };
        conditions.push(match end {
            None => {
                let values = text.split(',').take(200).map(cell).collect::<Result<_, _>>()?;
                Condition::OneOf(column.to_owned(), values)
            }
            Some("from") => Condition::From(column.to_owned(), cell(text)?),
            Some("to") => Condition::UpTo(column.to_owned(), cell(text)?),
            Some(_) => return Err(Problem::bad_query(format!("{name}: .from or .to"))),
        });
    }
    if let Some(words) = ask.param("q").filter(|q| !q.trim().is_empty()) {
        if words.chars().count() > 100 {
            return Err(Problem::bad_query("q: at most 100 characters"));
        }
        conditions.push(Condition::Words(words.to_owned()));
    }
    if ask.param("overdue") == Some("1") && view == ViewId::Problems {
        conditions.push(Condition::OneOf("open".into(), vec![Cell::Int(1)]));
        conditions.push(Condition::Below("due".into(), ask.today().into()));
    }
    Ok(conditions)
}

/// How many rows or facts a query asks for.
pub fn limit(ask: &Ask) -> Result<usize, Problem> {
    Ok(match ask.param("limit") {
        None => LIMIT,
        Some(_) => ask.need::<usize>("limit")?.clamp(1, LIMIT_MAX),
    })
}

/// The list that a query asks for.
pub fn list_of(ask: &Ask, view: ViewId, capability: Capability) -> Result<List, Problem> {
    let limit = limit(ask)?;
    let sort = ask.param("sort").filter(|s| !s.is_empty()).map(|s| match s.strip_prefix('-') {
        Some(column) => (column.to_owned(), true),
        None => (s.to_owned(), false),
    });
    let after = match ask.param("after") {
        None | Some("") => None,
        Some(text) => {
            Some(read_cursor(text).filter(|c| fits(c, view, sort.as_ref())).ok_or_else(|| Problem::bad_query("after"))?)
        }
    };
    let scope = ask.scope(capability)?;
    Ok(List { view, scope, conditions: conditions(ask, view)?, sort, after, limit })
}

/// `GET /api/rows/{view}`.
pub fn list(ask: &Ask) -> Result<Answer, Problem> {
    let view = view(ask)?;
    let list = list_of(ask, view, view.capability())?;
    audit::read(ask, view, "rows");
    let page = ask.app.store.list(&list)?;
    let next = page.next.as_ref().map(write_cursor);
    let mut answer = RowsAnswer { rows: told(ask, view, &page.rows)?, next, count: None, count_capped: false };
    if ask.param("count") == Some("1") {
        let counted = ask.app.store.count(view, &list.scope, &list.conditions)?;
        (answer.count, answer.count_capped) = (Some(counted.count), counted.capped);
    }
    Ok(Answer::json(&marked(ask, answer)))
}

/// An answer with the mark of a demonstration.
pub fn marked(ask: &Ask, answer: impl Serialize) -> Value {
    let mut document = json!(answer);
    if ask.app.settings.demo
        && let Some(object) = document.as_object_mut()
    {
        object.insert("demo".into(), true.into());
    }
    document
}

/// `GET /api/rows/{view}/{key}`.
pub fn one(ask: &Ask) -> Result<Answer, Problem> {
    let view = view(ask)?;
    let key: String = ask.path(1)?;
    let row = readable_row(ask, view, &key)?;
    audit::read(ask, view, "rows");
    let stored = StoredRow { key, data: row.encode(), values: row.values() };
    let mut document = told(ask, view, std::slice::from_ref(&stored))?.remove(0);
    document.may = Some(command::may(ask, view, &row)?);
    Ok(Answer::json(&marked(ask, document)))
}

/// A row whose place the caller may read; the same answer for a missing one and a foreign one.
pub fn readable_row(ask: &Ask, view: ViewId, key: &str) -> Result<domain::Row, Problem> {
    let row = ask.app.store.row(view, key)?.ok_or_else(Problem::not_found)?;
    // What belongs to no place falls to whoever sees all of them.
    if place_of(&row) == PlaceId(0) {
        return (ask.scope(view.capability())? == Scope::All).then_some(row).ok_or_else(Problem::not_found);
    }
    let place = ask.place(place_of(&row))?;
    // Rules of the places above hold for the caller as well, their forms are offered to him, and their campaigns come to him.
    let above = matches!(row, domain::Row::Rules(_) | domain::Row::Forms(_) | domain::Row::Campaigns(_))
        && ask.caller()?.posts.iter().any(|p| ask.place(p.place).is_ok_and(|own| own.is_or_is_within(place.id)));
    match above || ask.may(view.capability(), &place)? {
        true => Ok(row),
        false => Err(Problem::not_found()),
    }
}

/// The place that a row belongs to.
pub fn place_of(row: &domain::Row) -> PlaceId {
    match row {
        domain::Row::Places(r) => r.id,
        domain::Row::Counts(r) => r.place,
        domain::Row::Rules(r) => r.place,
        domain::Row::Problems(r) => r.place,
        domain::Row::Topics(r) => r.place,
        domain::Row::Persons(r) => r.place,
        domain::Row::Posts(r) => r.place,
        domain::Row::Holdings(r) => r.place,
        domain::Row::Tasks(r) => r.place,
        domain::Row::Lapses(r) => r.place,
        domain::Row::Forms(r) => r.place,
        domain::Row::Submissions(r) => r.place,
        domain::Row::Readings(r) => r.place,
        domain::Row::Campaigns(r) => r.place,
        domain::Row::Assignments(r) => r.place,
        domain::Row::Burden(r) => r.place,
        domain::Row::Briefs(r) => r.place,
        domain::Row::Plans(r) => r.place,
        domain::Row::Wishes(r) => r.place,
        domain::Row::Audit(r) => r.place,
    }
}

/// Rows as JSON, each with its place; the places come in two queries, however many rows there are.
pub fn told(ask: &Ask, view: ViewId, rows: &[StoredRow]) -> Result<Vec<RowAnswer>, Problem> {
    let at = view.columns().iter().position(|c| c.name == if view == ViewId::Places { "id" } else { "place" });
    let ids: Vec<PlaceId> =
        rows.iter().filter_map(|r| if let Cell::Int(id) = r.values.get(at?)? { Some(PlaceId(*id)) } else { None }).collect();
    let rows_json: Vec<Value> = rows.iter().map(|r| serde_json::from_str(&r.data)).collect::<Result<_, _>>()?;
    let mut all = ids;
    rows_json.iter().for_each(|row| posts_in(row, &mut all));
    let places = Briefs::load(ask, &all)?;
    let people = duties::People::load(ask, &rows_json)?;
    let hide = |row: &mut Value| {
        // A receipt's digest is no secret, but nobody needs it either.
        if let Some(reporter) = row.get_mut("reporter").and_then(Value::as_object_mut) {
            reporter.remove("receipt");
        }
    };
    rows.iter()
        .zip(rows_json)
        .map(|(r, mut row)| {
            hide(&mut row);
            name_posts(&mut row, &places);
            if let Some(object) = row.as_object_mut() {
                // Declared columns that the row itself does not name: what lists sort and filter by.
                for (column, value) in view.columns().iter().zip(&r.values) {
                    if !object.contains_key(column.name) {
                        object.insert(column.name.to_owned(), cell_json(value));
                    }
                }
            }
            let place = at.and_then(|at| if let Cell::Int(id) = r.values[at] { places.get(PlaceId(id)) } else { None });
            let people = people.of(&row);
            Ok(RowAnswer { key: r.key.clone(), row, place, people, may: None })
        })
        .collect()
}

/// The place of a post: an object of place, role and perhaps department, and nothing else.
fn post_place(object: &serde_json::Map<String, Value>) -> Option<PlaceId> {
    let parts = 2 + usize::from(object.contains_key("department"));
    let place = object.get("place").and_then(Value::as_i64)?;
    (object.get("role").is_some_and(Value::is_string) && object.len() == parts).then_some(PlaceId(place))
}

/// Places of the posts that a row names.
fn posts_in(value: &Value, found: &mut Vec<PlaceId>) {
    match value {
        Value::Object(object) => {
            found.extend(post_place(object));
            object.values().for_each(|v| posts_in(v, found));
        }
        Value::Array(values) => values.iter().for_each(|v| posts_in(v, found)),
        _ => {}
    }
}

/// Gives every post the name of its place, so that nobody has to ask for it.
pub fn name_posts(value: &mut Value, places: &Briefs) {
    match value {
        Value::Object(object) => {
            if let Some(name) = post_place(object).and_then(|id| places.place(id)).map(|p| p.name.clone()) {
                object.insert("name".into(), name.into());
            }
            object.values_mut().for_each(|v| name_posts(v, places));
        }
        Value::Array(values) => values.iter_mut().for_each(|v| name_posts(v, places)),
        _ => {}
    }
}

/// A value as JSON.
pub fn cell_json(value: &Cell) -> Value {
    match value {
        Cell::Null | Cell::Bytes(_) => Value::Null,
        Cell::Int(i) => (*i).into(),
        Cell::Text(t) => t.as_str().into(),
    }
}

/// Short words about places: name, code, level, and the names above.
pub struct Briefs {
    places: HashMap<PlaceId, Place>,
}

impl Briefs {
    /// Loads places and everything above them.
    pub fn load(ask: &Ask, ids: &[PlaceId]) -> Result<Briefs, Problem> {
        Briefs::of(&ask.app.store, ids)
    }

    /// The same, where nobody asks any more.
    pub fn of(store: &Store, ids: &[PlaceId]) -> Result<Briefs, Problem> {
        let mut places = HashMap::new();
        let mut wanted: HashSet<PlaceId> = ids.iter().copied().collect();
        for _ in 0..2 {
            let keys: Vec<String> = wanted.iter().map(|id| id.key()).collect();
            for (_, row) in store.rows(ViewId::Places, &keys)? {
                if let domain::Row::Places(place) = row {
                    places.insert(place.id, *place);
                }
            }
            wanted =
                places.values().flat_map(|p: &Place| p.within.iter().copied()).filter(|id| !places.contains_key(id)).collect();
            if wanted.is_empty() {
                break;
            }
        }
        Ok(Briefs { places })
    }

    /// One place in short.
    pub fn get(&self, id: PlaceId) -> Option<PlaceBrief> {
        self.places.get(&id).map(|p| self.told(p))
    }

    /// The place itself.
    pub fn place(&self, id: PlaceId) -> Option<&Place> {
        self.places.get(&id)
    }

    fn told(&self, p: &Place) -> PlaceBrief {
        let path = p.within.iter().chain([&p.id]).filter_map(|id| self.places.get(id)).map(|p| p.name.clone()).collect();
        PlaceBrief { id: p.id, code: p.code.clone(), name: p.name.clone(), level: p.level, path }
    }
}

/// Counts that were made since the rows last changed: a whole province is counted once for everybody who looks.
#[derive(Default)]
pub struct CountCache(Mutex<VecDeque<Kept>>);

/// When it was made, of what, and what came of it.
type Kept = ((u64, u64), Groups, Arc<Vec<GroupRow>>);

/// Counts kept at a time.
const COUNTS_MAX: usize = 64;

impl CountCache {
    fn get(&self, ask: &Ask, groups: Groups) -> Result<Arc<Vec<GroupRow>>, Problem> {
        let positions = ask.app.store.positions();
        let age = (positions.of(ViewId::Places), positions.of(groups.view));
        if let Ok(kept) = self.0.lock()
            && let Some((_, _, found)) = kept.iter().find(|(made, of, _)| *made == age && *of == groups)
        {
            return Ok(found.clone());
        }
        let found = Arc::new(ask.app.store.groups(&groups)?);
        if let Ok(mut kept) = self.0.lock() {
            kept.truncate(COUNTS_MAX - 1);
            kept.push_front((age, groups, found.clone()));
        }
        Ok(found)
    }
}

/// `GET /api/groups/{view}`.
pub fn groups(ask: &Ask) -> Result<Answer, Problem> {
    let view = view(ask)?;
    audit::read(ask, view, "groups");
    let scope = ask.scope(view.capability())?;
    let mut by = Vec::new();
    for word in ask.param("by").unwrap_or_default().split(',').filter(|w| !w.is_empty()) {
        by.push(match word {
            "child" => format!("@{}", child_level(ask, &scope)?.word()),
            "village" | "township" | "county" | "city" | "province" if view != ViewId::Places => format!("@{word}"),
            column => column.to_owned(),
        });
    }
    if by.len() > 2 {
        return Err(Problem::bad_query("by: at most two"));
    }
    let sum = ask.param("sum").map(str::to_owned);
    let groups = Groups { view, scope, conditions: conditions(ask, view)?, by: by.clone(), sum };
    let found = ask.app.counted.get(ask, groups)?;
    let is_place =
        |i: usize| by[i].starts_with('@') || view.columns().iter().any(|c| c.name == by[i] && c.kind == ColumnKind::Place);
    let ids: Vec<PlaceId> = found
        .iter()
        .flat_map(|g| g.keys.iter().enumerate())
        .filter_map(|(i, k)| if let (true, Cell::Int(id)) = (is_place(i), k) { Some(PlaceId(*id)) } else { None })
        .collect();
    let briefs = Briefs::load(ask, &ids)?;
    let groups = found
        .iter()
        .map(|g| {
            let labels = g
                .keys
                .iter()
                .enumerate()
                .map(|(i, k)| match k {
                    Cell::Int(id) if is_place(i) => briefs.place(PlaceId(*id)).map(|p| p.name.clone()).into(),
                    other => cell_json(other),
                })
                .collect();
            Group { keys: g.keys.iter().map(cell_json).collect(), labels, count: g.count, sum: g.sum }
        })
        .collect();
    Ok(Answer::json(&marked(ask, GroupsAnswer { groups })))
}

/// The level directly below the scope that is asked for.
pub fn child_level(ask: &Ask, scope: &Scope) -> Result<Level, Problem> {
    let level = match scope {
        Scope::Within(places) => places.iter().map(|(_, level, _)| *level).min(),
        Scope::All => ask.app.roots()?.first().map(|r| r.level),
    };
    level.and_then(below).ok_or_else(|| Problem::bad_query("child: there is nothing below"))
}

/// A cursor as opaque text.
pub fn write_cursor(cursor: &Cursor) -> String {
    let value = match &cursor.value {
        Cell::Int(i) => json!(i),
        Cell::Text(t) => json!(t),
        Cell::Null | Cell::Bytes(_) => Value::Null,
    };
    URL_SAFE_NO_PAD.encode(json!([value, cursor.key]).to_string())
}

/// Whether a cursor comes from a list in this order.
fn fits(cursor: &Cursor, view: ViewId, sort: Option<&(String, bool)>) -> bool {
    let column = sort.and_then(|(name, _)| view.columns().iter().find(|c| c.name == name));
    match (column.map(|c| c.kind), &cursor.value) {
        (None, value) => sort.is_some() || *value == Cell::Null,
        (Some(ColumnKind::Text | ColumnKind::Day), Cell::Text(_)) => true,
        (Some(ColumnKind::Int | ColumnKind::Ms | ColumnKind::Bool | ColumnKind::Place), Cell::Int(_)) => true,
        (Some(_), _) => false,
    }
}

/// A cursor from its text.
pub fn read_cursor(text: &str) -> Option<Cursor> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (value, key): (Value, String) = serde_json::from_slice(&bytes).ok()?;
    let value = match value {
        Value::Number(n) => Cell::Int(n.as_i64()?),
        Value::String(t) => Cell::Text(t),
        Value::Null => Cell::Null,
        _ => return None,
    };
    Some(Cursor { value, key })
}
