//! Facts for people: under a row, under a figure, latest, and the chains they stand in. What the 出处 panel shows.

use std::collections::HashMap;

use domain::{
    Row, ViewId,
    basics::{AccountId, Capability, PlaceId, Subject},
};
use facts::{ChainName, Fact};
use serde_json::{Map, Value};
use store::{HistoryEntry, Scope};

use crate::{
    answer::{Answer, Problem},
    answers::{ChainHead, ChainsAnswer, Change, Checkpoint, FactTold, FactsAnswer, HistoryAnswer},
    ask::Ask,
    audit,
    rows::{self, Briefs, marked},
};

/// `GET /api/history/{view}/{key}`.
pub fn history(ask: &Ask) -> Result<Answer, Problem> {
    let view = rows::view(ask)?;
    let key: String = ask.path(1)?;
    let row = rows::readable_row(ask, view, &key)?;
    audit::read(ask, view, "history");
    let entries = ask.app.store.history(view, &key, &subject_of(&row, &key))?;
    let facts: Vec<Fact> = entries.iter().map(|e| e.fact.clone()).collect();
    let told = tell(ask, &facts)?;
    let with_changes = |(fact, entry)| FactTold { changed: Some(changes(entry)), ..fact };
    let facts = told.into_iter().zip(&entries).map(with_changes).collect();
    Ok(Answer::json(&marked(ask, HistoryAnswer { facts })))
}

/// What the facts under a row are about.
pub fn subject_of(row: &Row, key: &str) -> String {
    let subject = match row {
        Row::Places(p) => Subject::Place(p.id),
        Row::Counts(c) => Subject::Place(c.place),
        Row::Rules(r) => Subject::Rules(r.place),
        Row::Problems(p) => Subject::Problem(p.id),
        Row::Topics(t) => Subject::Topic(t.id),
        Row::Persons(p) => Subject::Person(p.id),
        Row::Posts(p) => Subject::Post(p.post),
        Row::Holdings(h) => Subject::Post(h.post),
        Row::Tasks(t) => Subject::Task(t.id),
        Row::Forms(f) => Subject::Form(f.id),
        Row::Submissions(s) => Subject::Submission(s.id),
        Row::Readings(r) => Subject::Submission(r.submission),
        Row::Briefs(b) => Subject::Brief(b.id),
        Row::Plans(p) => Subject::Plan(p.id),
        Row::Wishes(w) => Subject::Wishes(w.place),
        Row::Campaigns(c) => Subject::Campaign(c.id),
        Row::Assignments(a) => Subject::Campaign(a.campaign),
        // Rests on many submissions, which the store finds by its key.
        Row::Burden(_) => return key.to_owned(),
        Row::Audit(_) => return format!("access:{key}"),
        Row::Lapses(l) => match (l.problem, l.task) {
            (Some(id), _) => Subject::Problem(id),
            (None, Some(id)) => Subject::Task(id),
            (None, None) => return key.to_owned(),
        },
    };
    subject.to_string()
}

/// Fields of the row that a fact changed, one level deep.
fn changes(entry: &HistoryEntry) -> Vec<Change> {
    let object = |row: &Option<domain::Row>| -> Map<String, Value> {
        let text = row.as_ref().map(domain::Row::encode);
        text.and_then(|t| serde_json::from_str(&t).ok()).unwrap_or_default()
    };
    let (mut before, mut after) = (object(&entry.before), object(&entry.after));
    for side in [&mut before, &mut after] {
        side.remove("id");
        side.remove("org");
        // Days that only imports look at; each is told by its fact already.
        side.remove("known_on");
        if let Some(reporter) = side.get_mut("reporter").and_then(Value::as_object_mut) {
            reporter.remove("receipt");
        }
    }
    let mut fields: Vec<&String> = before.keys().chain(after.keys()).collect();
    fields.sort();
    fields.dedup();
    let null = Value::Null;
    let empty = |v: &Value| {
        matches!(v, Value::Null) || v.as_array().is_some_and(Vec::is_empty) || v.as_object().is_some_and(Map::is_empty)
    };
    fields
        .into_iter()
        .filter_map(|field| {
            let (b, a) = (before.get(field).unwrap_or(&null), after.get(field).unwrap_or(&null));
            let same = b == a || (empty(b) && empty(a));
            (!same).then(|| Change { field: field.clone(), before: b.clone(), after: a.clone() })
        })
        .collect()
}

/// `GET /api/history/{view}`: facts under all rows that the filter selects.
pub fn under_figure(ask: &Ask) -> Result<Answer, Problem> {
    let view = rows::view(ask)?;
    let list = rows::list_of(ask, view, view.capability())?;
    audit::read(ask, view, "history");
    let before = match ask.param("before") {
        None | Some("") => None,
        Some(text) => Some(read_position(text).ok_or_else(|| Problem::bad_query("before"))?),
    };
    let word = match view {
        ViewId::Places | ViewId::Counts => "place",
        ViewId::Rules => return Err(Problem::bad_query("rules have a history of their own")),
        ViewId::Problems => "problem",
        ViewId::Topics => "topic",
        ViewId::Persons => "person",
        ViewId::Posts => "post",
        ViewId::Tasks => "task",
        ViewId::Forms => "form",
        ViewId::Submissions | ViewId::Readings => "submission",
        // These name their subject themselves.
        ViewId::Holdings | ViewId::Lapses | ViewId::Assignments | ViewId::Burden => "",
        ViewId::Campaigns => "campaign",
        ViewId::Briefs => "brief",
        ViewId::Plans => "plan",
        ViewId::Wishes => "wishes",
        ViewId::Audit => "access",
    };
    let facts = ask.app.store.facts_under(view, word, &list.scope, &list.conditions, before, list.limit)?;
    let next =
        facts.last().filter(|_| facts.len() == list.limit).map(|f| format!("{}-{}-{}", f.recorded_ms, f.chain.county, f.seq));
    Ok(Answer::json(&marked(ask, FactsAnswer { facts: tell(ask, &facts)?, next })))
}

fn read_position(text: &str) -> Option<(i64, u32, u64)> {
    let mut parts = text.split('-');
    let position = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some(position)
}

/// `GET /api/facts`: the latest within the caller's chains.
pub fn latest(ask: &Ask) -> Result<Answer, Problem> {
    let limit = rows::limit(ask)?;
    let before = match ask.param("after") {
        None | Some("") => None,
        Some(text) => Some(read_position(text).ok_or_else(|| Problem::bad_query("after"))?),
    };
    let mut all: Vec<Fact> = Vec::new();
    for head in chains_of(ask, ChainName::Main)? {
        // Facts of one moment in several chains are told apart by chain and number.
        let bound = before.filter(|(_, county, _)| *county == head.chain.county).map(|(_, _, seq)| seq);
        let mut bound = bound;
        loop {
            let page = ask.app.store.latest(head.chain, bound, limit)?;
            let full = page.len() == limit;
            bound = page.last().map(|f| f.seq);
            let before_count = all.len();
            all.extend(page.into_iter().filter(|f| before.is_none_or(|b| (f.recorded_ms, f.chain.county, f.seq) < b)));
            if all.len() > before_count || !full {
                break;
            }
        }
    }
    all.sort_by_key(|f| std::cmp::Reverse((f.recorded_ms, f.chain.county, f.seq)));
    all.truncate(limit);
    let next = all.last().filter(|_| all.len() == limit).map(|f| format!("{}-{}-{}", f.recorded_ms, f.chain.county, f.seq));
    Ok(Answer::json(&marked(ask, FactsAnswer { facts: tell(ask, &all)?, next })))
}

/// What reading a chain needs. Whoever reads the programme's log does not read who looked at what, nor the other way round.
fn capability_of(name: ChainName) -> Capability {
    match name {
        ChainName::Main => Capability::LogRead,
        ChainName::Audit => Capability::AuditRead,
    }
}

/// Chains of one kind, of the organisations whose log the caller may read: only a post over a whole county, city or province does.
fn chains_of(ask: &Ask, name: ChainName) -> Result<Vec<facts::Head>, Problem> {
    if !ask.caller()?.has(capability_of(name)) {
        return Ok(Vec::new());
    }
    let mut heads = ask.app.store.heads()?;
    heads.retain(|head| head.chain.name == name);
    Ok(match ask.scope(capability_of(name))? {
        Scope::All => heads,
        Scope::Within(places) => {
            let mut orgs: Vec<u32> = Vec::new();
            for (id, level, org) in places {
                match level {
                    domain::places::Level::County => orgs.push(org),
                    domain::places::Level::Province | domain::places::Level::City => {
                        let groups = store::Groups {
                            view: ViewId::Places,
                            scope: Scope::Within(vec![(id, level, org)]),
                            conditions: Vec::new(),
                            by: vec!["@county".into()],
                            sum: None,
                        };
                        orgs.push(org);
                        for group in ask.app.store.groups(&groups)? {
                            if let Some(domain::basics::Value::Int(county)) = group.keys.first()
                                && let Ok(place) = ask.place(PlaceId(*county))
                            {
                                orgs.push(place.org);
                            }
                        }
                    }
                    domain::places::Level::Township | domain::places::Level::Village => {}
                }
            }
            heads.into_iter().filter(|h| orgs.contains(&h.chain.county)).collect()
        }
    })
}

/// Every chain that the caller may read.
pub fn readable_chains(ask: &Ask) -> Result<Vec<facts::Head>, Problem> {
    Ok([chains_of(ask, ChainName::Main)?, chains_of(ask, ChainName::Audit)?].concat())
}

/// `GET /api/chains`.
pub fn chains(ask: &Ask) -> Result<Answer, Problem> {
    let mut chains = Vec::new();
    for head in readable_chains(ask)? {
        let checkpoints = ask
            .app
            .store
            .checkpoints(head.chain)?
            .into_iter()
            .take(30)
            .map(|(size, at_ms, note)| Checkpoint { size, at_ms, note })
            .collect();
        let recorded_ms = ask.app.store.latest(head.chain, None, 1)?.first().map(|f| f.recorded_ms);
        let (chain, suite) = (head.chain.to_string(), head.suite.as_str().to_owned());
        chains.push(ChainHead { chain, suite, size: head.size, head: head.hash.to_string(), recorded_ms, checkpoints });
    }
    Ok(Answer::json(&marked(ask, ChainsAnswer { chains })))
}

/// Facts as JSON with the names of those who acted.
pub fn tell(ask: &Ask, facts: &[Fact]) -> Result<Vec<FactTold>, Problem> {
    let mut ids: Vec<AccountId> = facts.iter().filter_map(|f| f.actor.strip_prefix("account:")?.parse().ok()).collect();
    ids.sort_unstable();
    ids.dedup();
    let names: HashMap<String, String> =
        ask.app.store.accounts().displays(&ids)?.into_iter().map(|(id, name)| (format!("account:{id}"), name)).collect();
    let mut places: Vec<PlaceId> = facts.iter().map(|f| PlaceId(f.place)).collect();
    places.sort_unstable();
    places.dedup();
    let briefs = Briefs::load(ask, &places)?;
    let bodies: Vec<Value> = facts.iter().map(|f| serde_json::from_str(&f.body).unwrap_or(Value::Null)).collect();
    let people = crate::duties::People::load(ask, &bodies)?;
    Ok(facts
        .iter()
        .zip(bodies)
        .map(|(f, mut body)| {
            if let Some(reporter) = body.get_mut("reporter").and_then(Value::as_object_mut) {
                reporter.remove("receipt");
            }
            FactTold {
                chain: f.chain.to_string(),
                seq: f.seq,
                kind: f.kind.as_str().to_owned(),
                subject: f.subject.clone(),
                actor: f.actor.clone(),
                actor_name: names.get(&f.actor).cloned(),
                effective_ms: f.effective_ms,
                recorded_ms: f.recorded_ms,
                hash: f.hash.to_string(),
                prev: f.prev.to_string(),
                command: f.command.to_string(),
                place: briefs.get(PlaceId(f.place)),
                people: people.of(&body),
                body,
                changed: None,
            }
        })
        .collect())
}
