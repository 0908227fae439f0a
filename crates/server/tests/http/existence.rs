//! What lies in another's area and what does not exist are one to the asker: in every byte of the answer, and in the work
//! that it costs. The work is counted, not timed: a loaded machine tells nothing then.

use axum::http::Method;
use serde_json::json;
use uuid::Uuid;

use crate::world::*;

/// How many look-ups an answer about something foreign may cost more or less than one about nothing: finding the thing,
/// whose it is, and for a photo which problems show it. It does not grow with what is there.
const LOOKUPS_APART: u64 = 6;

const NOTHING: &str = "00000000-0000-7000-8000-000000000000";
const NO_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const NO_PLACE: &str = "99999999999999";

/// Status, headers and body, without the ids that were asked for.
fn told(reply: &Reply, ids: &[String]) -> (u16, Vec<(String, String)>, String) {
    let headers = reply.headers.iter().map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned())).collect();
    let body = ids.iter().fold(reply.text(), |text, id| text.replace(id.as_str(), "—"));
    (reply.status.as_u16(), headers, body)
}

#[track_caller]
fn alike(world: &World, name: &str, path: &str, foreign: (&str, String), missing: (&str, String)) -> u16 {
    let ask = |(given, media): (&str, String)| {
        let before = world.store.reads();
        let ask = world.ask(if media.is_empty() { Method::GET } else { Method::POST }, given).by(name);
        let ask = if media.is_empty() { ask } else { ask.body("application/json", media) };
        let reply = ask.send();
        (reply, world.store.reads() - before)
    };
    // Once for what is kept from one request to the next.
    ask(missing.clone());
    let ((theirs, work), (nothing, less)) = (ask(foreign.clone()), ask(missing.clone()));
    let ids = |(path, body): &(&str, String)| -> Vec<String> {
        let text = format!("{path} {body}");
        let words = text
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '-')
            .filter(|w| w.len() >= 12 && w.contains(|c: char| c.is_ascii_digit()));
        words.map(str::to_owned).collect()
    };
    assert_eq!(told(&theirs, &ids(&foreign)), told(&nothing, &ids(&missing)), "{name} {path}");
    assert!(work.abs_diff(less) <= LOOKUPS_APART, "{name} {path}: {work} look-ups against {less}");
    theirs.status.as_u16()
}

/// Every route of the table that names one thing, for everybody who has no business there.
#[test]
fn foreign_and_missing_are_alike_on_every_route() {
    // Alone: the work is counted.
    let world = World::own();
    let foreign = place(At::ForeignVillage).id.to_string();
    let keys = |view: &str| -> Option<(String, String)> {
        let first = |path: &str| world.get(path).by("foreign_office").send().json()["rows"][0]["key"].as_str().map(str::to_owned);
        let key = first(&format!("/api/rows/{view}?limit=1"))?;
        // The same shape, with another id in it.
        let none = match key.split_once('/') {
            Some((first, rest)) if first.contains('-') => format!("{NOTHING}/{rest}"),
            Some((_, rest)) => format!("{NO_PLACE}/{rest}"),
            None if key.contains('-') => NOTHING.to_owned(),
            None => NO_PLACE.to_owned(),
        };
        Some((key, none))
    };
    let views: Vec<String> = world
        .get("/api/views")
        .by("office")
        .send()
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["view"].as_str().unwrap().to_owned())
        .collect();
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (method, path, permit) in routes() {
        if method != Method::GET || !path.starts_with("/api/") || permit == "public" || permit == "loopback" {
            continue;
        }
        // Routes that name one thing.
        if path.contains("{key}") {
            for view in &views {
                let (theirs, nothing) = keys(view).unwrap_or_else(|| panic!("{view}: the neighbour has one"));
                let of = |key: &str| path.replace("{view}", view).replace("{key}", key);
                pairs.push((of(&theirs), of(&nothing)));
            }
        } else if path.contains("{id}") {
            let query = if path.ends_with("duplicates") { "?field=lighting" } else { "" };
            pairs.push((
                format!("{}{query}", path.replace("{id}", &foreign)),
                format!("{}{query}", path.replace("{id}", NO_PLACE)),
            ));
        } else if path.contains("{hash}") {
            for query in ["", "?size=thumb"] {
                pairs.push((
                    format!("{}{query}", path.replace("{hash}", &SEED.foreign_photo)),
                    format!("{}{query}", path.replace("{hash}", NO_HASH)),
                ));
            }
        }
        // Routes that are narrowed to a place; those that know no such parameter answer alike without looking.
        if !path.contains("{key}") && !path.contains("{id}") && !path.contains("{hash}") {
            let path = filled(&path, At::Village);
            pairs.push((format!("{path}?by=state&place={foreign}"), format!("{path}?by=state&place={NO_PLACE}")));
        }
    }
    assert!(pairs.len() >= 25, "{pairs:?}");
    for name in ["office", "village", "viewer", "ended", "nobody"] {
        for (theirs, nothing) in &pairs {
            let status = alike(&world, name, theirs, (theirs, String::new()), (nothing, String::new()));
            let narrowed = theirs.contains("place=");
            assert!([401, 403, 404].contains(&status) || (narrowed && status < 500), "{name} {theirs}: {status}");
        }
    }
}

/// Commands about what is foreign, as about what is not there.
#[test]
fn commands_tell_nothing_of_what_is_foreign() {
    let world = World::own();
    let theirs = (
        problem(At::ForeignVillage).to_string(),
        place(At::ForeignVillage).id.to_string(),
        SEED.topics[1].to_string(),
        SEED.foreign_photo.clone(),
    );
    let nothing = (NOTHING.to_owned(), NO_PLACE.to_owned(), NOTHING.to_owned(), NO_HASH.to_owned());
    let commands = |(problem, place, topic, photo): &(String, String, String, String)| -> Vec<String> {
        let place: i64 = place.parse().unwrap();
        let own = crate::world::problem(At::Village);
        [
            json!({ "type": "problems.report", "place": place, "field": "waste", "text": "x" }),
            json!({ "type": "problems.report", "place": crate::world::place(At::Village).id, "field": "waste", "text": "x", "photos": [photo] }),
            json!({ "type": "problems.assign", "problem": problem }),
            json!({ "type": "problems.dismiss", "problem": problem, "reason": "x" }),
            json!({ "type": "problems.claim_fix", "problem": problem, "text": "x", "photos": [] }),
            json!({ "type": "problems.merge", "problem": problem, "into": own }),
            json!({ "type": "topics.conclude", "topic": topic, "outcome": "x" }),
            json!({ "type": "places.rename", "place": place, "name": "x", "document": "x" }),
            json!({ "type": "places.count", "place": place, "what": "hamlets", "value": 3, "on": TODAY, "method": "register" }),
            json!({ "type": "rules.set", "place": place, "from": TODAY, "rule": "problems.topics", "value": { "villages_min": 3, "days": 90 }, "reason": "x" }),
        ]
        .map(|c| json!({ "id": Uuid::now_v7(), "command": c }).to_string())
        .into()
    };
    let before = world.recorded();
    for name in ["office", "village", "township", "viewer", "ended", "nobody"] {
        // Asked for again with the same id, the first answer would come.
        let (first, second) = (commands(&theirs), commands(&nothing));
        for (a, b) in first.into_iter().zip(second) {
            let path = "/api/commands";
            let kind = a.clone();
            alike(&world, name, &kind, (path, a), (path, b));
        }
    }
    assert_eq!(world.recorded(), before);
}
