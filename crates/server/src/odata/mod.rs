//! OData of a form's submissions, as ODK Central offers it: at `{form}.svc` the service, its `$metadata`, a table for the form and
//! one for every repeat, and one submission by its instance.
//!
//! Whoever asks sees the submissions of his own places, counts included. A page is read by key: `@odata.nextLink` says where the
//! next begins, so that no page costs more than another. Without `$top` everything is sent, written while it is read.
//! Refused by name: filters by answers, sorting by anything but the time of receipt, and what else OData knows. A form's versions
//! make one set of tables, where Central offers the latest alone; names keep the letters of every language.

mod filter;
mod metadata;

use std::{
    io::{self, Write},
    sync::Arc,
};

use axum::http::{StatusCode, header};
use domain::{
    ViewId,
    basics::Capability,
    surveys::{Form, Submission},
};
use filter::Filter;
use serde_json::{Map, Value, json};
use store::{Condition, Cursor, List};
use xforms::table::{self, MAIN, Position, Row, Table, Tables};

use crate::{
    App,
    answer::{Answer, Problem},
    ask::Ask,
    central, public, rows,
    surveys::path_part,
    tabulated,
};

/// Rows that are written before anything is sent, so that what goes wrong is still told; more are written while they are sent.
const AT_ONCE: u64 = 1_000;
/// Submissions of which the rows of a repeat are counted or passed over at most: each has to be read for it.
const READ_MAX: u64 = 20_000;
/// Media type of documents.
const JSON: &str = "application/json; charset=utf-8; odata.metadata=minimal";

/// What is known of a submission besides its answers, and as what.
const SYSTEM: [(&str, &str); 12] = [
    ("submissionDate", "DateTimeOffset"),
    ("updatedAt", "DateTimeOffset"),
    ("deletedAt", "DateTimeOffset"),
    ("submitterId", "String"),
    ("submitterName", "String"),
    ("attachmentsPresent", "Int64"),
    ("attachmentsExpected", "Int64"),
    ("status", "String"),
    ("reviewState", "String"),
    ("deviceId", "String"),
    ("edits", "Int64"),
    ("formVersion", "String"),
];

fn bad(why: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "odata/query").arg("why", why.into())
}

fn answered(answer: Answer) -> Answer {
    answer.with("odata-version".parse().unwrap_or(header::VIA), "4.0").with(header::CACHE_CONTROL, "no-store")
}

/// Where the service of a form begins.
fn base(ask: &Ask, form: &Form) -> Result<String, Problem> {
    Ok(format!("{}/v1/projects/{}/forms/{}.svc", public::origin(ask)?, form.org, path_part(form.form_id.as_str())))
}

/// `GET …/forms/{form}.svc`: what there is.
pub fn service(ask: &Ask, form_id: &str) -> Result<Answer, Problem> {
    let (_, form) = central::form_called(ask, form_id)?;
    let tables = tabulated::tables(&ask.app, &form)?;
    let sets: Vec<Value> = tables.tables.iter().map(|t| json!({ "kind": "EntitySet", "name": t.name, "url": t.name })).collect();
    let document = json!({ "@odata.context": format!("{}/$metadata", base(ask, &form)?), "value": sets });
    Ok(answered(Answer::bytes(JSON, document.to_string().into_bytes())))
}

/// `GET …/forms/{form}.svc/{resource}`.
pub fn resource(ask: &Ask) -> Result<Answer, Problem> {
    let (named, resource): (String, String) = (ask.path(1)?, ask.path(2)?);
    let (place, form) = central::form_called(ask, named.strip_suffix(".svc").ok_or_else(Problem::not_found)?)?;
    let tables = tabulated::tables(&ask.app, &form)?;
    if resource == "$metadata" {
        let document = metadata::document(form.form_id.as_str(), &tables);
        return Ok(answered(Answer::bytes("application/xml", document.into_bytes())));
    }
    let base = base(ask, &form)?;
    if let Some(rest) = resource.strip_prefix(&format!("{MAIN}(")) {
        return one(ask, &form, &base, &tables, rest);
    }
    let table = tables.named(&resource).ok_or_else(Problem::not_found)?;
    if !ask.may(Capability::Read, &place)? {
        return Err(Problem::forbidden());
    }
    let asked = Asked::read(ask, &tables, table)?;
    let mut conditions = vec![
        Condition::OneOf("form".into(), vec![form.id.to_string().into()]),
        Condition::OneOf("current".into(), vec![1_i64.into()]),
    ];
    let mut exact = true;
    if let Some(filter) = &asked.filter {
        let (more, all) = filter.conditions();
        conditions.extend(more);
        exact = all;
    }
    let list = List {
        view: ViewId::Submissions,
        scope: ask.narrowed(&place),
        conditions,
        sort: Some(("received_ms".into(), asked.down)),
        after: None,
        limit: 1,
    };
    let mut feed = Feed { app: ask.app.clone(), base, tables, table, asked, list, exact, query: kept_query(ask), skip: 0 };
    feed.begin()?;
    let count = feed.asked.count.then(|| feed.count()).transpose()?;
    if feed.asked.top.is_some_and(|top| top <= AT_ONCE) {
        let mut body = Vec::new();
        feed.write(&mut body, count)?;
        return Ok(answered(Answer::bytes(JSON, body)));
    }
    let room = ask.app.tabulated.room()?;
    let pour = move |to: &mut dyn Write| {
        let _room = room;
        feed.write(to, count).map_err(|p| io::Error::other(format!("{}: {:?}", p.code, p.accident)))
    };
    Ok(answered(Answer::poured(JSON, Box::new(pour))))
}

/// `Submissions('…')`, or the rows of a repeat in it: `Submissions('…')/people/person`.
fn one(ask: &Ask, form: &Form, base: &str, tables: &Arc<Tables>, rest: &str) -> Result<Answer, Problem> {
    let (quoted, path) = rest.split_once(')').ok_or_else(Problem::not_found)?;
    let instance =
        quoted.strip_prefix('\'').and_then(|q| q.strip_suffix('\'')).ok_or_else(Problem::not_found)?.replace("''", "'");
    let submission = central::submission_of(ask, form, &instance)?;
    let mut table = 0;
    // Rows of repeats are called within parentheses on the way to those within them.
    let mut steps: Vec<(&str, Option<&str>)> = Vec::new();
    for step in path.split('/').filter(|s| !s.is_empty()) {
        steps.push(match step.split_once("('") {
            Some((name, id)) => (name, Some(id.strip_suffix("')").ok_or_else(Problem::not_found)?)),
            None => (step, None),
        });
    }
    let (mut names, mut row) = (Vec::new(), None);
    for (name, id) in &steps {
        names.push((*name).to_owned());
        if let Some(below) = tables.within(table).find(|t| tables.tables[*t].names == names) {
            (table, row, names) = (below, *id, Vec::new());
        } else if id.is_some() {
            return Err(Problem::not_found());
        }
    }
    if !names.is_empty() {
        return Err(Problem::not_found());
    }
    let asked = Asked::read(ask, tables, table)?;
    let tree = tabulated::tree(&ask.app, &submission);
    let found = match &tree {
        Some(tree) => tables.rows(tree, &instance),
        None => Vec::new(),
    };
    // The steps name the row around those that are asked for, and the last may name one of them.
    let around: Vec<&str> = steps.iter().filter_map(|(_, id)| *id).collect();
    let above = |n: usize, id: &str| std::iter::successors(Some(n), |n| found[*n].above).any(|n| found[n].id == id);
    let mut values = Vec::new();
    for (n, _) in found.iter().enumerate().filter(|(_, r)| r.table == table) {
        if around.iter().all(|id| above(n, id)) {
            values.push(asked.told(tables, &found, n, &submission, true));
        }
    }
    if tree.is_none() && table == 0 {
        values.push(bare(&submission));
    }
    if row.is_some() && values.is_empty() {
        return Err(Problem::not_found());
    }
    let document = json!({ "@odata.context": format!("{base}/$metadata#{}", tables.tables[table].name), "value": values });
    Ok(answered(Answer::bytes(JSON, document.to_string().into_bytes())))
}

/// What a query asks for.
struct Asked {
    top: Option<u64>,
    skip: u64,
    count: bool,
    wkt: bool,
    expand: bool,
    down: bool,
    filter: Option<Filter>,
    select: Option<Vec<Vec<String>>>,
    token: Option<(Option<Cursor>, u64)>,
}

impl Asked {
    fn read(ask: &Ask, tables: &Tables, table: usize) -> Result<Asked, Problem> {
        let known = ["$top", "$skip", "$count", "$filter", "$expand", "$select", "$wkt", "$skiptoken", "$orderby", "$format"];
        for (name, _) in ask.query.iter().filter(|(name, _)| name.starts_with('$')) {
            if !known.contains(&name.as_str()) {
                return Err(filter::unsupported(name));
            }
        }
        let given = |name: &str| ask.param(name).map(str::trim).filter(|v| !v.is_empty());
        let number =
            |name: &str| given(name).map(|v| v.parse::<u64>().map_err(|_| bad(format!("{name}={v}: a number")))).transpose();
        // Python writes them with a capital, and pyODK sends them so.
        let flag = |name: &str| match given(name).map(str::to_lowercase).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(bad(format!("{name}={other}: true or false"))),
        };
        let expand = match given("$expand") {
            None => false,
            Some("*") => true,
            Some(other) => return Err(filter::unsupported(&format!("$expand={other}"))),
        };
        if let Some(other) = given("$format").filter(|f| !f.contains("json")) {
            return Err(filter::unsupported(&format!("$format={other}")));
        }
        let down = match given("$orderby").map(|o| o.split_whitespace().collect::<Vec<_>>()).as_deref() {
            None | Some(["__system/submissionDate", "desc"]) => true,
            Some(["__system/submissionDate"] | ["__system/submissionDate", "asc"]) => false,
            Some(other) => return Err(filter::unsupported(&format!("$orderby={}", other.join(" ")))),
        };
        let select = given("$select").filter(|s| *s != "*").map(|s| selected(s, &tables.tables[table])).transpose()?;
        if expand && select.is_some() {
            return Err(bad("$select and $expand cannot be used together"));
        }
        let token = match given("$skiptoken") {
            None => None,
            Some(text) => Some(read_token(text).ok_or_else(|| bad("$skiptoken"))?),
        };
        Ok(Asked {
            top: number("$top")?,
            skip: number("$skip")?.unwrap_or(0),
            count: flag("$count")?,
            wkt: flag("$wkt")?,
            expand,
            down,
            filter: given("$filter").map(|text| Filter::read(text, ask.now_ms)).transpose()?,
            select,
            token,
        })
    }

    /// A row as JSON.
    fn told(&self, tables: &Tables, rows: &[Row<'_>], n: usize, submission: &Submission, readable: bool) -> Value {
        let row = &rows[n];
        let table = &tables.tables[row.table];
        let mut told = Map::new();
        told.insert("__id".into(), row.id.as_str().into());
        match row.above.map(|above| &rows[above]) {
            None => told.insert("__system".into(), system(submission, readable)),
            Some(above) => told.insert(above_key(&tables.tables[above.table]), above.id.as_str().into()),
        };
        for (column, cell) in table.columns.iter().zip(&row.cells) {
            let value = cell.as_deref().and_then(|text| table::value(column.kind, text));
            put(&mut told, &column.names, value.map_or(Value::Null, |v| value_told(&v, self.wkt)));
        }
        for below in tables.within(row.table) {
            let names = &tables.tables[below].names;
            if let Some((last, groups)) = names.split_last() {
                let link: Vec<String> = groups.iter().cloned().chain([format!("{last}@odata.navigationLink")]).collect();
                put(&mut told, &link, format!("{}/{}", link_to(tables, rows, n), encoded_path(names)).into());
            }
            if self.expand {
                let within = (n + 1..rows.len()).filter(|m| rows[*m].table == below && rows[*m].above == Some(n));
                let children: Vec<Value> = within.map(|m| self.told(tables, rows, m, submission, readable)).collect();
                put(&mut told, names, children.into());
            }
        }
        match &self.select {
            None => Value::Object(told),
            Some(paths) => only(&told, paths),
        }
    }
}

/// What a client may select: columns, the groups around them, `__id` and `__system`.
fn selected(text: &str, table: &Table) -> Result<Vec<Vec<String>>, Problem> {
    let mut paths = Vec::new();
    for path in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let names: Vec<String> = path.split('/').map(str::to_owned).collect();
        let known = match names.as_slice() {
            [one] if one == "__id" || one == "__system" => true,
            [first, field] if first == "__system" => SYSTEM.iter().any(|(name, _)| name == field),
            [one] if one.starts_with("__") => true,
            names => table.columns.iter().any(|c| c.names.starts_with(names)),
        };
        if !known {
            return Err(bad(format!("$select: {} has no {path}", table.name)));
        }
        paths.push(names);
    }
    Ok(paths)
}

/// Of a row what was selected.
fn only(row: &Map<String, Value>, paths: &[Vec<String>]) -> Value {
    let mut kept = Map::new();
    for path in paths {
        let mut at = row.get(&path[0]);
        for name in &path[1..] {
            at = at.and_then(|v| v.get(name));
        }
        if let Some(value) = at {
            put(&mut kept, path, value.clone());
        }
    }
    Value::Object(kept)
}

/// Puts a value under names, with objects on the way.
fn put(into: &mut Map<String, Value>, names: &[String], value: Value) {
    match names {
        [] => {}
        [one] => {
            into.insert(one.clone(), value);
        }
        [first, rest @ ..] => {
            let inner = into.entry(first.clone()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

/// Under which name a row of a repeat says to which row it belongs.
fn above_key(above: &Table) -> String {
    format!("__{}-id", above.name.replace('.', "-"))
}

fn encoded_path(names: &[String]) -> String {
    names.iter().map(|n| path_part(n)).collect::<Vec<_>>().join("/")
}

fn link_to(tables: &Tables, rows: &[Row<'_>], n: usize) -> String {
    let row = &rows[n];
    let id = path_part(&row.id.replace('\'', "''"));
    match row.above {
        None => format!("{MAIN}('{id}')"),
        Some(above) => {
            let path = encoded_path(&tables.tables[row.table].names);
            format!("{}/{path}('{id}')", link_to(tables, rows, above))
        }
    }
}

fn system(submission: &Submission, readable: bool) -> Value {
    let status = match (submission.head.encrypted, readable) {
        (true, _) => Some("notDecrypted"),
        (false, false) => Some("unreadable"),
        (false, true) => None,
    };
    json!({
        "submissionDate": central::time(submission.received_ms), "updatedAt": submission.reviewed_ms.map(central::time),
        "deletedAt": null, "submitterId": submission.account.map(|a| central::number(Some(a)).to_string()), "submitterName": null,
        "attachmentsPresent": submission.files.len(), "attachmentsExpected": submission.head.mentioned.len(), "status": status,
        "reviewState": central::review_state(submission), "deviceId": submission.device,
        "edits": u8::from(submission.edits.is_some()), "formVersion": submission.head.version,
    })
}

/// The row of what cannot be read.
fn bare(submission: &Submission) -> Value {
    json!({ "__id": submission.head.instance, "__system": system(submission, false) })
}

/// A value as OData writes it.
fn value_told(value: &table::Value<'_>, wkt: bool) -> Value {
    match value {
        table::Value::Text(text) => text.as_ref().into(),
        table::Value::Integer(n) => (*n).into(),
        table::Value::Decimal(n) => (*n).into(),
        table::Value::Point(p) if wkt => format!("POINT ({})", wkt_of(p)).into(),
        table::Value::Line(line) if wkt => format!("LINESTRING ({})", wkt_line(line)).into(),
        table::Value::Area(ring) if wkt => format!("POLYGON (({}))", wkt_line(ring)).into(),
        shape => geometry(shape).unwrap_or(Value::Null),
    }
}

fn wkt_of(p: &Position) -> String {
    let height = p.altitude.map_or(String::new(), |a| format!(" {a}"));
    format!("{} {}{height}", p.lon, p.lat)
}

fn wkt_line(line: &[Position]) -> String {
    line.iter().map(wkt_of).collect::<Vec<_>>().join(",")
}

/// A shape as GeoJSON, with the accuracy that the device gave, in metres.
pub fn geometry(value: &table::Value<'_>) -> Option<Value> {
    let at = |p: &Position| {
        let mut numbers = vec![p.lon, p.lat];
        numbers.extend(p.altitude);
        numbers
    };
    let all = |line: &[Position]| line.iter().map(at).collect::<Vec<_>>();
    let known = |line: &[Position]| json!({ "accuracies": line.iter().map(|p| p.accuracy).collect::<Vec<_>>() });
    Some(match value {
        table::Value::Point(p) => json!({ "type": "Point", "coordinates": at(p), "properties": { "accuracy": p.accuracy } }),
        table::Value::Line(line) => json!({ "type": "LineString", "coordinates": all(line), "properties": known(line) }),
        table::Value::Area(ring) => json!({ "type": "Polygon", "coordinates": [all(ring)], "properties": known(ring) }),
        table::Value::Text(_) | table::Value::Integer(_) | table::Value::Decimal(_) => return None,
    })
}

/// The query for the next page, but for where it begins.
fn kept_query(ask: &Ask) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in ask.query.iter().filter(|(name, _)| name != "$skip" && name != "$skiptoken") {
        query.append_pair(name, value);
    }
    query.finish()
}

/// Where a page ended: behind which submission, and behind how many rows of the next.
fn write_token(after: Option<&Cursor>, rows: u64) -> String {
    format!("{}~{rows}", after.map(rows::write_cursor).unwrap_or_default())
}

fn read_token(text: &str) -> Option<(Option<Cursor>, u64)> {
    let (after, rows) = text.rsplit_once('~')?;
    let after = if after.is_empty() { None } else { Some(rows::read_cursor(after)?) };
    let fits = after.as_ref().is_none_or(|a| matches!(a.value, domain::basics::Value::Int(_)));
    fits.then_some(())?;
    Some((after, rows.parse().ok()?))
}

/// The rows of a table, page by page.
struct Feed {
    app: Arc<App>,
    base: String,
    tables: Arc<Tables>,
    table: usize,
    asked: Asked,
    list: List,
    /// Whether the conditions of the list say all that the filter says.
    exact: bool,
    query: String,
    /// Rows to be passed over before the first.
    skip: u64,
}

impl Feed {
    /// Goes to where the page begins.
    fn begin(&mut self) -> Result<(), Problem> {
        if let Some((after, rows)) = self.asked.token.take() {
            (self.list.after, self.skip) = (after, rows);
            return Ok(());
        }
        if self.table == 0 && self.exact && self.asked.skip > 0 {
            match self.app.store.behind(&self.list, self.asked.skip)? {
                Some(cursor) => self.list.after = Some(cursor),
                // Behind the last.
                None => self.asked.top = Some(0),
            }
            return Ok(());
        }
        self.skip = self.asked.skip;
        Ok(())
    }

    fn passes(&self, submission: &Submission) -> bool {
        self.exact || self.asked.filter.as_ref().is_none_or(|f| f.takes(submission))
    }

    /// How many rows there are, whatever page is asked for.
    fn count(&self) -> Result<u64, Problem> {
        let whole = List { after: None, ..self.list.clone() };
        let submissions = tabulated::count(&self.app, &whole)?;
        if self.table == 0 && self.exact {
            return Ok(submissions);
        }
        if self.table > 0 && submissions > READ_MAX {
            return Err(filter::unsupported(&format!(
                "$count, {} × {submissions} > {READ_MAX}",
                self.tables.tables[self.table].name
            )));
        }
        let mut count = 0;
        tabulated::walk(&self.app, &whole, usize::MAX, |_, submission| {
            if self.passes(submission) {
                count += match self.table {
                    0 => 1,
                    table => tabulated::tree(&self.app, submission).map_or(0, |tree| {
                        let rows = self.tables.rows(&tree, submission.head.instance.as_str());
                        rows.iter().filter(|r| r.table == table).count() as u64
                    }),
                };
            }
            Ok(true)
        })?;
        Ok(count)
    }

    /// The document.
    fn write(&self, to: &mut dyn Write, count: Option<u64>) -> Result<(), Problem> {
        let failed = |e: io::Error| Problem::accident(format!("writing: {e}"));
        let context = format!("{}/$metadata#{}", self.base, self.tables.tables[self.table].name);
        write!(to, "{{\"@odata.context\":{}", json!(context)).map_err(failed)?;
        if let Some(count) = count {
            write!(to, ",\"@odata.count\":{count}").map_err(failed)?;
        }
        to.write_all(b",\"value\":[").map_err(failed)?;
        let top = self.asked.top.unwrap_or(u64::MAX);
        let (mut skip, mut written, mut next, mut passed) = (self.skip, 0, None, 0);
        if top > 0 {
            // One more, to see whether there is one.
            let page = usize::try_from(top.saturating_add(self.skip).saturating_add(1)).unwrap_or(usize::MAX);
            tabulated::walk(&self.app, &self.list, page, |before, submission| {
                if !self.passes(submission) {
                    return Ok(true);
                }
                // A submission has one row in the main table, which need not be read to be counted.
                if self.table == 0 && skip > 0 {
                    skip -= 1;
                    return Ok(true);
                }
                if self.table == 0 && written == top {
                    next = Some(write_token(before, 0));
                    return Ok(false);
                }
                if skip > 0 {
                    passed += 1;
                    if passed > READ_MAX {
                        return Err(filter::unsupported(&format!("$skip={}, > {READ_MAX}", self.asked.skip)));
                    }
                }
                let tree = tabulated::tree(&self.app, submission);
                let rows =
                    tree.as_ref().map(|tree| self.tables.rows(tree, submission.head.instance.as_str())).unwrap_or_default();
                let mut found: Vec<Option<usize>> = (0..rows.len()).filter(|n| rows[*n].table == self.table).map(Some).collect();
                if tree.is_none() && self.table == 0 {
                    found.push(None);
                }
                for (number, n) in found.into_iter().enumerate() {
                    if skip > 0 {
                        skip -= 1;
                        continue;
                    }
                    if written == top {
                        next = Some(write_token(before, number as u64));
                        return Ok(false);
                    }
                    if written > 0 {
                        to.write_all(b",").map_err(failed)?;
                    }
                    written += 1;
                    let row = match n {
                        Some(n) => self.asked.told(&self.tables, &rows, n, submission, true),
                        None => bare(submission),
                    };
                    serde_json::to_writer(&mut *to, &row).map_err(|e| failed(e.into()))?;
                }
                Ok(true)
            })?;
        }
        to.write_all(b"]").map_err(failed)?;
        if let Some(token) = next {
            let and = if self.query.is_empty() { "" } else { "&" };
            let path = path_part(&self.tables.tables[self.table].name);
            let link = format!("{}/{path}?{}{and}%24skiptoken={}", self.base, self.query, public::encoded(&token));
            write!(to, ",\"@odata.nextLink\":{}", json!(link)).map_err(failed)?;
        }
        to.write_all(b"}").map_err(failed)
    }
}
