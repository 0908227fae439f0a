//! Questions about places that are more than a list: what is near by, what many villages share.

use domain::{
    ViewId,
    basics::{Capability, Day, PlaceId, Position, Rows, Value as Cell},
    places::{Level, Place},
    problems::Problem as Row,
    rules::{self, Rule},
};
use serde_json::Value;
use store::{Condition, Groups, List, Scope, Store, StoreError};

use crate::{
    answer::{Answer, Problem},
    answers::{Duplicate, DuplicatesAnswer, TopicCandidate, TopicCandidatesAnswer},
    ask::Ask,
    rows::marked,
};

/// The rule that holds at a place today.
pub fn rule(ask: &Ask, place: &Place, name: &str) -> Result<Option<Rule>, Problem> {
    Ok(rule_on(&ask.app.store, place, name, ask.today())?)
}

/// The rule that holds at a place on a day.
pub fn rule_on(store: &Store, place: &Place, name: &str, day: Day) -> Result<Option<Rule>, StoreError> {
    let mut found = Rows::default();
    for read in rules::reads(place, name) {
        if let domain::basics::Read::Row(view, key) = read {
            let row = store.row(view, &key)?;
            found.put(view, key, row);
        }
    }
    Ok(rules::find(&found, place, name, day).cloned())
}

/// Problems of one field near a position that are not closed, nearest first. Also used by the public form.
pub fn near(ask: &Ask, place: &Place, field: &str, at: Option<Position>) -> Result<Vec<(i64, Row)>, Problem> {
    let Some(Rule::Duplicates(rule)) = rule(ask, place, "problems.duplicates")? else { return Ok(Vec::new()) };
    let since = ask.today().plus(-i64::from(rule.days));
    // Whoever stands at a border may be in the next village: look in the whole township.
    let around = place.within.last().copied().filter(|_| place.level == Level::Village);
    let within = match around {
        Some(id) => ask.place(id)?,
        None => place.clone(),
    };
    let list = List {
        view: ViewId::Problems,
        scope: Scope::Within(vec![(within.id, within.level, within.org)]),
        conditions: vec![
            Condition::OneOf("open".into(), vec![Cell::Int(1)]),
            Condition::OneOf("field".into(), vec![field.into()]),
            Condition::From("reported_on".into(), since.into()),
        ],
        sort: Some(("reported_on".into(), true)),
        after: None,
        limit: 200,
    };
    let mut found = Vec::new();
    for row in ask.app.store.list(&list)?.rows {
        let p: Row = serde_json::from_str(&row.data)?;
        let distance = match (at, p.position) {
            (Some(a), Some(b)) => a.distance_m(b),
            // Without a position only the same village counts as near.
            _ if p.place == place.id => 0,
            _ => continue,
        };
        if distance <= i64::from(rule.metres) {
            found.push((distance, p));
        }
    }
    found.sort_by_key(|(d, p)| (*d, p.id));
    found.truncate(8);
    Ok(found)
}

/// `GET /api/places/{id}/duplicates`.
pub fn duplicates(ask: &Ask) -> Result<Answer, Problem> {
    let place = ask.readable_place(PlaceId(ask.path(0)?))?;
    let field: String = ask.need("field")?;
    let at = match (ask.param("lon_e7"), ask.param("lat_e7")) {
        (Some(_), Some(_)) => {
            Some(Position::new(ask.need("lon_e7")?, ask.need("lat_e7")?).ok_or_else(|| Problem::bad_query("lon_e7, lat_e7"))?)
        }
        _ => None,
    };
    let mut candidates = Vec::new();
    for (distance_m, p) in near(ask, &place, &field, at)? {
        let readable = ask.place(p.place).is_ok_and(|at| ask.may(Capability::Read, &at).unwrap_or(false));
        if readable {
            candidates.push(Duplicate { key: p.id, distance_m, row: without_receipt(&p)? });
        }
    }
    Ok(Answer::json(&marked(ask, DuplicatesAnswer { candidates })))
}

fn without_receipt(p: &Row) -> Result<Value, Problem> {
    let mut row = serde_json::to_value(p)?;
    if let Some(reporter) = row.get_mut("reporter").and_then(Value::as_object_mut) {
        reporter.remove("receipt");
    }
    Ok(row)
}

/// `GET /api/topics/candidates`: fields in which many villages of the area have the same open problem.
pub fn topic_candidates(ask: &Ask) -> Result<Answer, Problem> {
    let scope = ask.scope(Capability::Read)?;
    let area = match ask.param("place").and_then(|p| p.parse().ok()) {
        Some(id) => Some(ask.place(PlaceId(id))?),
        None => ask.home()?,
    };
    let none = TopicCandidatesAnswer::default();
    let Some(area) = area else { return Ok(Answer::json(&marked(ask, none))) };
    let Some(Rule::Topics(rule)) = rule(ask, &area, "problems.topics")? else {
        return Ok(Answer::json(&marked(ask, none)));
    };
    let since: Day = ask.today().plus(-i64::from(rule.days));
    let conditions = vec![
        Condition::From("reported_on".into(), since.into()),
        Condition::OneOf("state".into(), ["reported", "assigned", "claimed", "verified", "confirmed"].map(Cell::from).to_vec()),
    ];
    let groups = Groups {
        view: ViewId::Problems,
        scope: scope.clone(),
        conditions: conditions.clone(),
        by: vec!["field".into(), "@village".into()],
        sum: None,
    };
    let mut by_field: std::collections::BTreeMap<String, (i64, i64)> = std::collections::BTreeMap::new();
    for group in ask.app.store.groups(&groups)? {
        if let Some(Cell::Text(field)) = group.keys.first() {
            let entry = by_field.entry(field.clone()).or_default();
            entry.0 += 1;
            entry.1 += group.count;
        }
    }
    let mut candidates = Vec::new();
    for (field, (villages, count)) in by_field {
        if villages < i64::from(rule.villages_min) {
            continue;
        }
        let mut conditions = conditions.clone();
        conditions.push(Condition::OneOf("field".into(), vec![field.as_str().into()]));
        let list = List {
            view: ViewId::Problems,
            scope: scope.clone(),
            conditions,
            sort: Some(("reported_on".into(), true)),
            after: None,
            limit: 200,
        };
        let problems = ask.app.store.list(&list)?.rows.into_iter().map(|r| r.key).collect();
        let query = format!("/api/rows/problems?place={}&field={field}&reported_on.from={since}", area.id);
        candidates.push(TopicCandidate { field, villages, count, problems, place: area.id, query, since });
    }
    candidates.sort_by_key(|c| std::cmp::Reverse(c.villages));
    let answer = TopicCandidatesAnswer { candidates, villages_min: Some(rule.villages_min), days: Some(rule.days) };
    Ok(Answer::json(&marked(ask, answer)))
}
