//! The few ways to read: lists (keyset paging), groups, facts under a row.

mod coverage;

use std::collections::HashMap;

use domain::{
    Row, ViewId,
    basics::{Column, ColumnKind, Filter, PlaceId, Value},
    places::Level,
};
use facts::{ChainId, Fact};

use crate::{
    Store, log,
    sql::*,
    views::{column_name, decode, nothing, sql_type},
};

pub use coverage::Visits;

/// Within which places to look: all, or these subtrees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// These places and all below: id, level, organisation.
    Within(Vec<(PlaceId, Level, u32)>),
}

/// One condition on a declared column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// One of these values.
    OneOf(String, Vec<Value>),
    /// Not below.
    From(String, Value),
    /// Not above.
    UpTo(String, Value),
    /// Strictly below; "nothing" does not count.
    Below(String, Value),
    /// Contains these words, in any searched column.
    Words(String),
}

/// Where the next page begins: value of the sorted column and key of the last row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Value of the sorted column.
    pub value: Value,
    /// Key.
    pub key: String,
}

/// A list that is asked for.
#[derive(Debug, Clone)]
pub struct List {
    /// Which view.
    pub view: ViewId,
    /// Within which places.
    pub scope: Scope,
    /// Conditions, all of which hold.
    pub conditions: Vec<Condition>,
    /// Sorted by this column, downwards if the flag is set.
    pub sort: Option<(String, bool)>,
    /// From where.
    pub after: Option<Cursor>,
    /// At most so many.
    pub limit: usize,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRow {
    /// Key.
    pub key: String,
    /// The row as JSON text.
    pub data: String,
    /// Values of the declared columns, as stored but with "nothing" as null.
    pub values: Vec<Value>,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The rows.
    pub rows: Vec<StoredRow>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

/// A count, exact up to a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// How many, or the bound.
    pub count: u64,
    /// Whether there are more.
    pub capped: bool,
}

/// Counting rows by one or two columns, or by the places of a level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// Which view.
    pub view: ViewId,
    /// Within which places.
    pub scope: Scope,
    /// Conditions, all of which hold.
    pub conditions: Vec<Condition>,
    /// By what: a declared column, or `@village`, `@township`, `@county`, `@city`, `@province` for the place at that level.
    pub by: Vec<String>,
    /// A number column to be summed as well.
    pub sum: Option<String>,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    /// Values of what it is grouped by.
    pub keys: Vec<Value>,
    /// Rows in it.
    pub count: i64,
    /// Sum, where one was asked for.
    pub sum: Option<i64>,
}

/// A fact under a row, with the row before and after it.
#[derive(Debug, Clone)]
pub struct HistoryEntry {
    /// The fact.
    pub fact: Fact,
    /// The row before.
    pub before: Option<Row>,
    /// The row after.
    pub after: Option<Row>,
}

/// Counting stops here: an exact number beyond helps nobody and costs a scan.
const COUNT_MAX: i64 = 10_000;

/// Longest word that is searched for.
const WORD_BYTES_MAX: usize = 8_000;

struct Where {
    text: String,
    params: Vec<Value>,
}

impl Where {
    fn new() -> Where {
        Where { text: String::from("1 = 1"), params: Vec::new() }
    }

    fn param(&mut self, value: Value) -> String {
        self.params.push(value);
        format!("${}", self.params.len())
    }

    fn and(&mut self, text: &str) {
        self.text.push_str(" AND ");
        self.text.push_str(text);
    }
}

fn declared(view: ViewId, name: &str) -> Result<&'static Column> {
    let unknown = || StoreError::Bad(format!("{} has no column {name:?}", view.name()));
    view.columns().iter().find(|c| c.name == name).ok_or_else(unknown)
}

impl Store {
    /// The conditions of a list with where it begins, the column that it is sorted by, and its order.
    fn ordered(&self, list: &List) -> Result<(Where, Option<String>, String)> {
        let mut w = self.conditions(list.view, &list.scope, &list.conditions, "t")?;
        let (sort, order, direction) = match &list.sort {
            None => (None, "t.key".to_owned(), ">"),
            Some((name, down)) => {
                let column = declared(list.view, name)?;
                if !column.sort {
                    return Err(StoreError::Bad(format!("{} cannot be sorted by {name:?}", list.view.name())));
                }
                let (word, sign) = if *down { (" DESC", "<") } else { ("", ">") };
                let c = column_name(column);
                (Some(c.clone()), format!("t.{c}{word}, t.key{word}"), sign)
            }
        };
        if let Some(after) = &list.after {
            let key = w.param(after.key.as_str().into());
            let clause = match (&sort, &list.sort) {
                (Some(column), Some((name, _))) => {
                    let value = w.param(typed(declared(list.view, name)?, &after.value)?);
                    format!("(t.{column}, t.key) {direction} ({value}, {key})")
                }
                _ => format!("t.key > {key}"),
            };
            w.and(&clause);
        }
        Ok((w, sort, order))
    }

    /// A page of a list.
    ///
    /// # Errors
    /// A column that cannot be used so, or the database said no.
    pub fn list(&self, list: &List) -> Result<Page> {
        let table = self.table(list.view)?;
        let (mut w, _, order) = self.ordered(list)?;
        let names: Vec<String> = list.view.columns().iter().map(|c| format!("t.{}", column_name(c))).collect();
        let limit = w.param(Value::Int(list.limit as i64 + 1));
        let query =
            format!("SELECT t.key, t.data, {} FROM {table} t WHERE {} ORDER BY {order} LIMIT {limit}", names.join(", "), w.text);
        let mut rows = Vec::new();
        let columns = list.view.columns();
        self.reader()?.each(&query, &w.params, &mut |r| {
            let values = columns.iter().enumerate().map(|(i, _)| r.value(i + 2)).collect::<Result<Vec<_>>>()?;
            rows.push(StoredRow { key: r.text(0)?.to_owned(), data: r.text(1)?.to_owned(), values });
            Ok(())
        })?;
        let more = rows.len() > list.limit;
        rows.truncate(list.limit);
        let sorted = list.sort.as_ref().and_then(|(name, _)| columns.iter().position(|c| c.name == name));
        let next = rows
            .last()
            .filter(|_| more)
            .map(|last| Cursor { key: last.key.clone(), value: sorted.map_or(Value::Null, |i| last.values[i].clone()) });
        for row in &mut rows {
            for (column, value) in columns.iter().zip(&mut row.values) {
                if column.sort && *value == nothing(column) {
                    *value = Value::Null;
                }
            }
        }
        Ok(Page { rows, next })
    }

    /// Where a list goes on behind so many rows; none where it has no more. Walks an index and reads no row.
    ///
    /// # Errors
    /// As [`Store::list`].
    pub fn behind(&self, list: &List, rows: u64) -> Result<Option<Cursor>> {
        let Some(before) = rows.checked_sub(1) else { return Ok(list.after.clone()) };
        let table = self.table(list.view)?;
        let (mut w, sort, order) = self.ordered(list)?;
        let offset = w.param(Value::Int(i64::try_from(before).unwrap_or(i64::MAX)));
        let sorted = sort.map_or(String::new(), |c| format!(", t.{c}"));
        let query = format!("SELECT t.key{sorted} FROM {table} t WHERE {} ORDER BY {order} LIMIT 1 OFFSET {offset}", w.text);
        let mut found = None;
        self.reader()?.each(&query, &w.params, &mut |r| {
            let value = if sorted.is_empty() { Value::Null } else { r.value(1)? };
            found = Some(Cursor { key: r.text(0)?.to_owned(), value });
            Ok(())
        })?;
        Ok(found)
    }

    /// How many rows a list has, exactly, however many that are: an index is walked.
    ///
    /// # Errors
    /// As [`Store::list`].
    pub fn count_all(&self, view: ViewId, scope: &Scope, conditions: &[Condition]) -> Result<u64> {
        let table = self.table(view)?;
        let w = self.conditions(view, scope, conditions, "t")?;
        let query = format!("SELECT count(*) FROM {table} t WHERE {}", w.text);
        Ok(self.reader()?.one_int(&query, &w.params)?.unwrap_or(0).unsigned_abs())
    }

    /// How many rows a list would have.
    ///
    /// # Errors
    /// As [`Store::list`].
    pub fn count(&self, view: ViewId, scope: &Scope, conditions: &[Condition]) -> Result<Counted> {
        let table = self.table(view)?;
        let w = self.conditions(view, scope, conditions, "t")?;
        let query =
            format!("SELECT count(*) FROM (SELECT 1 AS one FROM {table} t WHERE {} LIMIT {}) AS found", w.text, COUNT_MAX + 1);
        let found = self.reader()?.one_int(&query, &w.params)?.unwrap_or(0);
        Ok(Counted { count: found.min(COUNT_MAX).unsigned_abs(), capped: found > COUNT_MAX })
    }

    /// Rows counted by columns or places.
    ///
    /// # Errors
    /// As [`Store::list`].
    pub fn groups(&self, groups: &Groups) -> Result<Vec<GroupRow>> {
        let table = self.table(groups.view)?;
        let places = self.table(ViewId::Places)?;
        let mut w = self.conditions(groups.view, &groups.scope, &groups.conditions, "t")?;
        let mut join = String::new();
        let mut by = Vec::new();
        for name in &groups.by {
            match name.strip_prefix('@') {
                None => {
                    let column = declared(groups.view, name)?;
                    if !column.group {
                        return Err(StoreError::Bad(format!("{} cannot be counted by {name:?}", groups.view.name())));
                    }
                    by.push(format!("t.{}", column_name(column)));
                }
                Some(level) => {
                    let column = match level {
                        "province" | "city" | "county" | "township" => format!("c_{level}"),
                        "village" => "c_id".to_owned(),
                        _ => return Err(StoreError::Bad(format!("no level {level:?}"))),
                    };
                    if groups.view == ViewId::Places {
                        by.push(format!("t.{column}"));
                    } else {
                        // From row to place and not the other way round, which would touch rows in the order of places.
                        join = format!(" CROSS JOIN {places} p");
                        by.push(format!("p.{column}"));
                    }
                }
            }
        }
        let sum = match &groups.sum {
            None => String::new(),
            Some(name) => {
                let column = declared(groups.view, name)?;
                if column.kind != ColumnKind::Int {
                    return Err(StoreError::Bad(format!("{name:?} is not a number")));
                }
                let none = w.param(nothing(column));
                format!(", CAST(coalesce(sum(nullif(t.{}, {none})), 0) AS BIGINT)", column_name(column))
            }
        };
        let width = by.len();
        let grouping = if by.is_empty() { String::new() } else { format!(" GROUP BY {0} ORDER BY {0}", by.join(", ")) };
        let select: Vec<String> = by.iter().cloned().chain(["count(*)".to_owned()]).collect();
        let joined = if join.is_empty() { "" } else { "p.c_id = t.c_place AND " };
        let query = format!("SELECT {}{sum} FROM {table} t{join} WHERE {joined}{}{grouping}", select.join(", "), w.text);
        let mut found = Vec::new();
        self.reader()?.each(&query, &w.params, &mut |r| {
            let keys = (0..width).map(|i| r.value(i)).collect::<Result<_>>()?;
            let sum = if sum.is_empty() { None } else { Some(r.int(width + 1)?) };
            found.push(GroupRow { keys, count: r.int(width)?, sum });
            Ok(())
        })?;
        Ok(found)
    }

    /// Rows by key, in the order of the keys; missing ones are left out.
    ///
    /// # Errors
    /// The database said no.
    pub fn rows(&self, view: ViewId, keys: &[String]) -> Result<Vec<(String, Row)>> {
        let table = self.table(view)?;
        let values: Vec<Value> = keys.iter().map(|k| k.as_str().into()).collect();
        let mut found: HashMap<String, Row> = HashMap::new();
        self.reader()?.by_keys(&table, "key, data", ("key", SqlType::Text), &values, &mut |r| {
            found.insert(r.text(0)?.to_owned(), decode(view, r.text(1)?)?);
            Ok(())
        })?;
        Ok(keys.iter().filter_map(|k| found.remove_entry(k)).collect())
    }

    /// The open place that has this code now; failing that, a closed one.
    ///
    /// # Errors
    /// The database said no.
    pub fn place_by_code(&self, code: &str) -> Result<Option<Row>> {
        let table = self.table(ViewId::Places)?;
        let mut found = None;
        let query = format!("SELECT data FROM {table} WHERE c_code = $1 ORDER BY c_closed DESC");
        self.reader()?.each(&query, &[code.into()], &mut |r| {
            found = Some(decode(ViewId::Places, r.text(0)?)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Every place, one at a time.
    ///
    /// # Errors
    /// The database said no.
    pub fn each_place(&self, each: &mut dyn FnMut(&domain::places::Place)) -> Result<()> {
        let table = self.table(ViewId::Places)?;
        self.reader()?.each(&format!("SELECT data FROM {table}"), &[], &mut |r| {
            if let Row::Places(place) = decode(ViewId::Places, r.text(0)?)? {
                each(&place);
            }
            Ok(())
        })
    }

    /// Columns of every row within a scope, for maps and exports that need them all: the caller gets one row at a time.
    ///
    /// # Errors
    /// As [`Store::list`].
    pub fn columns(
        &self,
        view: ViewId,
        scope: &Scope,
        conditions: &[Condition],
        names: &[&str],
        each: &mut dyn FnMut(&[Value]),
    ) -> Result<()> {
        let table = self.table(view)?;
        let w = self.conditions(view, scope, conditions, "t")?;
        let columns = names.iter().map(|n| declared(view, n)).collect::<Result<Vec<_>>>()?;
        let select: Vec<String> = columns.iter().map(|c| format!("t.{}", column_name(c))).collect();
        let query = format!("SELECT {} FROM {table} t WHERE {}", select.join(", "), w.text);
        self.reader()?.each(&query, &w.params, &mut |r| {
            let mut values = (0..columns.len()).map(|i| r.value(i)).collect::<Result<Vec<_>>>()?;
            for (column, value) in columns.iter().zip(&mut values) {
                if column.sort && *value == nothing(column) {
                    *value = Value::Null;
                }
            }
            each(&values);
            Ok(())
        })
    }

    /// Facts under a row, in order, each with the row before and after it.
    ///
    /// # Errors
    /// The database said no, or a fact cannot be read.
    pub fn history(&self, view: ViewId, key: &str, subject: &str) -> Result<Vec<HistoryEntry>> {
        let (query, params) = match (view, key.split_once('/')) {
            // Rests on the submissions that came from the place in the month, whatever the subject.
            (ViewId::Burden, Some((place, month))) => {
                let submissions = self.table(ViewId::Submissions)?;
                let select: Vec<String> = log::SELECT.split(", ").map(|c| format!("f.{c}")).collect();
                let query = format!(
                    "SELECT {} FROM {submissions} s JOIN fact f ON f.subject = 'submission:' || s.key \
                     WHERE s.c_place = $1 AND substr(s.c_received_on, 1, 7) = $2 ORDER BY f.county, f.chain, f.seq",
                    select.join(", ")
                );
                (query, vec![Value::Int(place.parse().unwrap_or_default()), month.into()])
            }
            _ => {
                let query = format!("SELECT {} FROM fact WHERE subject = $1 ORDER BY county, chain, seq", log::SELECT);
                (query, vec![subject.into()])
            }
        };
        let mut facts = Vec::new();
        self.reader()?.each(&query, &params, &mut |r| {
            facts.push(log::read(r)?);
            Ok(())
        })?;
        let mut row: Option<Row> = None;
        let mut entries = Vec::new();
        for fact in facts {
            let recorded = log::decode(&fact)?;
            if view.key(&recorded).as_deref() != Some(key) {
                continue;
            }
            let before = row.clone();
            row = view.fold(row, &recorded);
            entries.push(HistoryEntry { fact, before, after: row.clone() });
        }
        Ok(entries)
    }

    /// One fact.
    ///
    /// # Errors
    /// The database said no.
    pub fn fact(&self, chain: ChainId, seq: u64) -> Result<Option<Fact>> {
        let mut found = None;
        let mut sql = self.reader()?;
        log::scan(sql.as_mut(), chain, seq.saturating_sub(1), seq, &mut |fact| {
            found = Some(fact.clone());
            Ok(())
        })?;
        Ok(found)
    }

    /// The latest facts of some chains, newest first within each, before a number if one is given.
    ///
    /// # Errors
    /// The database said no.
    pub fn latest(&self, chain: ChainId, before: Option<u64>, limit: usize) -> Result<Vec<Fact>> {
        let query =
            format!("SELECT {} FROM fact WHERE county = $1 AND chain = $2 AND seq < $3 ORDER BY seq DESC LIMIT $4", log::SELECT);
        let mut facts = Vec::new();
        let params = [
            Value::Int(chain.county.into()),
            chain.name.as_str().into(),
            Value::Int(before.map_or(i64::MAX, |b| b as i64)),
            Value::Int(limit as i64),
        ];
        self.reader()?.each(&query, &params, &mut |r| {
            facts.push(log::read(r)?);
            Ok(())
        })?;
        Ok(facts)
    }

    /// Facts under the rows that conditions select, newest first: what a figure rests on.
    ///
    /// # Errors
    /// As [`Store::list`].
    pub fn facts_under(
        &self,
        view: ViewId,
        subject: &str,
        scope: &Scope,
        conditions: &[Condition],
        before: Option<(i64, u32, u64)>,
        limit: usize,
    ) -> Result<Vec<Fact>> {
        let table = self.table(view)?;
        let mut w = self.conditions(view, scope, conditions, "t")?;
        // A place has many counts: its facts are wanted once, and of them those that count.
        let (rows, key) = match view {
            ViewId::Counts => {
                (format!("(SELECT DISTINCT t.c_place AS c_place FROM {table} t WHERE {})", w.text), "CAST(t.c_place AS TEXT)")
            }
            ViewId::Readings => {
                (format!("(SELECT DISTINCT t.c_submission AS c_submission FROM {table} t WHERE {})", w.text), "t.c_submission")
            }
            ViewId::Wishes => {
                (format!("(SELECT DISTINCT t.c_place AS c_place FROM {table} t WHERE {})", w.text), "CAST(t.c_place AS TEXT)")
            }
            ViewId::Burden => {
                // A month rests on what came from the place in it.
                let submissions = self.table(ViewId::Submissions)?;
                let rows = format!(
                    "(SELECT DISTINCT 'submission:' || s.key AS c_subject FROM {table} t JOIN {submissions} s \
                     ON s.c_place = t.c_place AND substr(s.c_received_on, 1, 7) = t.c_month WHERE {})",
                    w.text
                );
                w.text = String::from("(f.kind LIKE 'submission.received@%' OR f.kind LIKE 'submission.checked@%')");
                (rows, "t.c_subject")
            }
            ViewId::Holdings | ViewId::Lapses | ViewId::Assignments => {
                // Several of them rest on one subject, whose facts are wanted once.
                let rows = format!("(SELECT DISTINCT t.c_subject AS c_subject FROM {table} t WHERE {})", w.text);
                w.text = String::from("TRUE");
                (rows, "t.c_subject")
            }
            _ => (table.to_string(), "t.key"),
        };
        let subject = if key == "t.c_subject" { key.to_owned() } else { format!("'{subject}:' || {key}") };
        if view == ViewId::Counts {
            w.text = String::from("f.kind LIKE 'place.counted@%'");
        }
        if view == ViewId::Wishes {
            w.text = String::from("f.kind LIKE 'wishes.%'");
        }
        if view == ViewId::Readings {
            w.text = String::from("f.kind LIKE 'reading.%'");
        }
        if let Some((ms, county, seq)) = before {
            let (ms, county, seq) = (w.param(ms.into()), w.param(Value::Int(county.into())), w.param(Value::Int(seq as i64)));
            w.and(&format!("(f.recorded_ms, f.county, f.seq) < ({ms}, {county}, {seq})"));
        }
        let limit = w.param(Value::Int(limit as i64));
        let select: Vec<String> = log::SELECT.split(", ").map(|c| format!("f.{c}")).collect();
        let query = format!(
            "SELECT {} FROM {rows} t JOIN fact f ON f.subject = {subject} WHERE {} \
             ORDER BY f.recorded_ms DESC, f.county DESC, f.seq DESC LIMIT {limit}",
            select.join(", "),
            w.text
        );
        let mut facts = Vec::new();
        self.reader()?.each(&query, &w.params, &mut |r| {
            facts.push(log::read(r)?);
            Ok(())
        })?;
        Ok(facts)
    }

    /// Whether any row within a scope, or a fact under one, holds this text: letters and digits only.
    ///
    /// # Errors
    /// As [`Store::list`].
    pub fn mentions(&self, view: ViewId, subject: &str, scope: &Scope, text: &str) -> Result<bool> {
        let table = self.table(view)?;
        let mut w = self.conditions(view, scope, &[], "t")?;
        let mark = w.param(Value::Text(format!("%{text}%")));
        let mut sql = self.reader()?;
        let rows = format!("SELECT 1 FROM {table} t WHERE {} AND t.data LIKE {mark} LIMIT 1", w.text);
        if sql.one_int(&rows, &w.params)?.is_some() {
            return Ok(true);
        }
        let facts = format!(
            "SELECT 1 FROM {table} t JOIN fact f ON f.subject = '{subject}:' || t.key WHERE {} AND f.body LIKE {mark} LIMIT 1",
            w.text
        );
        Ok(sql.one_int(&facts, &w.params)?.is_some())
    }

    fn conditions(&self, view: ViewId, scope: &Scope, conditions: &[Condition], t: &str) -> Result<Where> {
        let mut w = Where::new();
        if let Scope::Within(places) = scope {
            let table = self.table(ViewId::Places)?;
            let mut clauses = Vec::new();
            // The index of a long list keeps its order: no other may be taken instead.
            let long = |c: &Condition| matches!(c, Condition::OneOf(name, _) if declared(view, name).is_ok_and(|c| c.leads));
            let plus = if conditions.iter().any(long) { "+" } else { "" };
            for (id, level, _) in places {
                let orgs =
                    if *level == Level::County && view != ViewId::Places { self.orgs_within(&table, *id)? } else { Vec::new() };
                clauses.push(within(&mut w, view, &table, (t, plus), (*id, *level), &orgs));
            }
            match clauses.as_slice() {
                [] => w.and("1 = 0"),
                clauses => w.and(&format!("({})", clauses.join(" OR "))),
            }
        }
        for condition in conditions {
            condition_clause(&mut w, view, t, condition)?;
        }
        Ok(w)
    }

    /// The organisations whose chains hold what lies in a county: its own, and those from which places have moved in.
    fn orgs_within(&self, places: &str, county: PlaceId) -> Result<Vec<Value>> {
        let mut orgs = Vec::new();
        self.reader()?.each(&format!("SELECT DISTINCT org FROM {places} WHERE c_county = $1"), &[county.into()], &mut |r| {
            orgs.push(r.value(0)?);
            Ok(())
        })?;
        Ok(orgs)
    }
}

/// The clause for one subtree. A county is a chain of its own, so its rows carry its number and every order has an index
/// that begins with it; above, the order's own index is walked; below, the places are few.
///
/// The plus keeps SQLite, which knows nothing of how many places a city has, from walking all of them for every row.
fn within(
    w: &mut Where,
    view: ViewId,
    places: &str,
    (t, plus): (&str, &str),
    (id, level): (PlaceId, Level),
    orgs: &[Value],
) -> String {
    let own_column = match level {
        Level::Province => "c_province",
        Level::City => "c_city",
        Level::County => "c_county",
        Level::Township => "c_township",
        Level::Village => "c_id",
    };
    let id = w.param(id.into());
    if view == ViewId::Places {
        return format!("{t}.{own_column} = {id}");
    }
    match level {
        Level::County => {
            let marks: Vec<String> = orgs.iter().map(|org| w.param(org.clone())).collect();
            let org = match marks.as_slice() {
                // No place lies there, and so nothing else does.
                [] => "< 0".to_owned(),
                [one] => format!("= {one}"),
                marks => format!("IN ({})", marks.join(", ")),
            };
            // The organisation narrows by index; the place makes it exact where places have moved.
            format!(
                "({plus}{t}.org {org} AND EXISTS (SELECT 1 FROM {places} s WHERE s.c_id = {t}.c_place AND +s.c_county = {id}))"
            )
        }
        Level::Province | Level::City => {
            format!("EXISTS (SELECT 1 FROM {places} s WHERE s.c_id = {t}.c_place AND +s.{own_column} = {id})")
        }
        Level::Township | Level::Village => {
            format!("{plus}{t}.c_place IN (SELECT s.c_id FROM {places} s WHERE s.{own_column} = {id})")
        }
    }
}

/// A value as the column holds it.
fn typed(column: &Column, value: &Value) -> Result<Value> {
    match (sql_type(column), value) {
        (SqlType::Int, Value::Int(_)) | (SqlType::Text, Value::Text(_)) => Ok(value.clone()),
        (SqlType::Int, Value::Text(text)) => {
            text.parse().map(Value::Int).map_err(|_| StoreError::Bad(format!("{text:?} is not a number")))
        }
        _ => Err(StoreError::Bad(format!("{value:?} does not fit column {}", column.name))),
    }
}

fn condition_clause(w: &mut Where, view: ViewId, t: &str, condition: &Condition) -> Result<()> {
    let usable = |name: &str, wanted: &[Filter]| -> Result<&'static Column> {
        let column = declared(view, name)?;
        let good = wanted.contains(&column.filter);
        good.then_some(column).ok_or_else(|| StoreError::Bad(format!("{} cannot be filtered so by {name:?}", view.name())))
    };
    match condition {
        Condition::OneOf(name, values) => {
            let column = usable(name, &[Filter::Equals, Filter::Range])?;
            let marks: Vec<String> = values.iter().map(|v| typed(column, v).map(|v| w.param(v))).collect::<Result<_>>()?;
            match marks.as_slice() {
                [] => w.and("1 = 0"),
                [one] => w.and(&format!("{t}.{} = {one}", column_name(column))),
                marks => w.and(&format!("{t}.{} IN ({})", column_name(column), marks.join(", "))),
            }
        }
        Condition::From(name, value) => {
            let column = usable(name, &[Filter::Range])?;
            let mark = w.param(typed(column, value)?);
            let none = w.param(nothing(column));
            w.and(&format!("{t}.{0} >= {mark} AND {t}.{0} < {none}", column_name(column)));
        }
        Condition::UpTo(name, value) => {
            let column = usable(name, &[Filter::Range])?;
            let mark = w.param(typed(column, value)?);
            w.and(&format!("{t}.{} <= {mark}", column_name(column)));
        }
        Condition::Below(name, value) => {
            let column = usable(name, &[Filter::Range])?;
            let mark = w.param(typed(column, value)?);
            w.and(&format!("{t}.{} < {mark}", column_name(column)));
        }
        Condition::Words(words) => {
            let searched: Vec<&Column> = view.columns().iter().filter(|c| c.search).collect();
            for word in words.split_whitespace().take(5) {
                // Longer than any text, or with what no text may hold; databases choke on both.
                if searched.is_empty() || word.len() > WORD_BYTES_MAX || word.contains('\0') {
                    w.and("1 = 0");
                    continue;
                }
                // Only the capitals of ASCII are folded: the columns are in plain byte order on both databases.
                let escaped = word.to_ascii_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
                let mark = w.param(Value::Text(format!("%{escaped}%")));
                let any: Vec<String> =
                    searched.iter().map(|c| format!("lower({t}.{}) LIKE {mark} ESCAPE '\\'", column_name(c))).collect();
                w.and(&format!("({})", any.join(" OR ")));
            }
        }
    }
    Ok(())
}
