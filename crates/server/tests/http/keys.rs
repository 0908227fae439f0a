//! Keys of programs and phones: never more than their owner, never more than their scope, over when they are ended.

use axum::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::*;

fn token(world: &World, by: &str, capabilities: &[&str], place: Option<At>) -> String {
    let body =
        json!({ "label": "报表", "capabilities": capabilities, "days": 30, "place": place.map(|at| crate::world::place(at).id) });
    let reply = world.post("/api/account/tokens").by(by).json(&body).send();
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["key"].as_str().unwrap().to_owned()
}

fn with(world: &World, method: Method, path: &str, key: &str, body: Option<Value>) -> Reply {
    let ask = world.ask(method, path).without("x-qianwan").header("authorization", &format!("Bearer {key}"));
    match body {
        Some(body) => ask.json(&body).send(),
        None => ask.send(),
    }
}

fn report(at: At) -> Value {
    json!({ "id": Uuid::now_v7(), "command": { "type": "problems.report", "place": place(at).id, "field": "waste", "text": "垃圾" } })
}

#[test]
fn a_token_does_what_it_was_made_for() {
    let world = World::own();
    let get = |key: &str, path: &str| with(&world, Method::GET, path, key, None);
    let give = |key: &str, body: Value| with(&world, Method::POST, "/api/commands", key, Some(body));
    let read = token(&world, "office", &["read"], None);
    assert!(read.starts_with("qwt_"));
    assert_eq!(get(&read, "/api/rows/problems").status, 200);
    assert_eq!(get(&read, "/api/session").json()["capabilities"], json!(["read"]));
    get(&read, "/api/export/problems.csv").refused(403, "forbidden");
    get(&read, "/api/facts").refused(403, "forbidden");
    give(&read, report(At::Village)).refused(403, "forbidden");
    let write = token(&world, "office", &["problems.report"], None);
    assert_eq!(give(&write, report(At::Village)).status, 200, "without the header that browsers need");
    get(&write, "/api/rows/problems").refused(403, "forbidden");
    get(&write, "/api/today").refused(403, "forbidden");
    let assign = json!({ "id": Uuid::now_v7(), "command": { "type": "problems.dismiss", "problem": problem(At::Village), "reason": "看看" } });
    give(&write, assign).refused(403, "forbidden");
    give(&write, report(At::ForeignVillage)).refused(403, "forbidden");
    // What a person does himself is not done with it.
    for (method, path) in [
        (Method::GET, "/api/account"),
        (Method::POST, "/api/account/tokens"),
        (Method::POST, "/api/account/password"),
        (Method::DELETE, "/api/account/sessions"),
        (Method::DELETE, "/api/session"),
        (Method::GET, "/second-factor"),
        (Method::POST, "/logout"),
    ] {
        with(&world, method.clone(), path, &read, Some(json!({}))).refused(403, "keys/not-here");
    }
    // A cookie beside it counts for nothing.
    let both = world.get("/api/export/problems.csv").by("office").header("authorization", &format!("Bearer {read}")).send();
    both.refused(403, "forbidden");
    for bad in [
        "",
        "Bearer",
        "Bearer x",
        "Bearer qwt_",
        &format!("Bearer {}", &read[4..]),
        &format!("Basic {read}"),
        &format!("Bearer {}0", read),
    ] {
        world.get("/api/session").header("authorization", bad).send().refused(401, "keys/refused");
    }
}

#[test]
fn a_token_stays_in_its_place() {
    let world = World::own();
    let key = token(&world, "office", &["read", "problems.report"], Some(At::Village));
    let get = |path: &str| with(&world, Method::GET, path, &key, None);
    let dossier = |at: At| get(&format!("/api/places/{}/dossier", place(at).id)).status;
    assert_eq!([dossier(At::Village), dossier(At::SiblingVillage), dossier(At::County)].map(|s| s.as_u16()), [200, 404, 404]);
    let rows = get("/api/rows/places?limit=200").json();
    assert_eq!(rows["rows"].as_array().unwrap().len(), 1);
    get(&format!("/api/rows/problems?place={}", place(At::Township).id)).refused(403, "forbidden");
    let give = |at| with(&world, Method::POST, "/api/commands", &key, Some(report(at)));
    assert_eq!(give(At::Village).status, 200);
    give(At::SiblingVillage).refused(403, "forbidden");
    let made = |by: &str, at: At| {
        let body = json!({ "label": "x", "capabilities": ["read"], "days": 1, "place": place(at).id });
        world.post("/api/account/tokens").by(by).json(&body).send()
    };
    made("village", At::Township).refused(403, "forbidden");
    made("office", At::ForeignVillage).refused(403, "forbidden");
}

#[test]
fn a_token_is_never_more_than_its_owner() {
    let world = World::own();
    let make = |by: &str, body: Value| world.post("/api/account/tokens").by(by).json(&body).send();
    let of = |capabilities: &[&str], days: i64| json!({ "label": "x", "capabilities": capabilities, "days": days });
    make("viewer", of(&["problems.report"], 1)).refused(422, "keys/too-much");
    // It could make itself a second life.
    make("admin", of(&["accounts.manage"], 1)).refused(422, "keys/too-much");
    make("security", of(&["accounts.secure"], 1)).refused(422, "keys/too-much");
    make("admin", of(&["access.appoint"], 1)).refused(422, "keys/too-much");
    make("office", of(&[], 1)).refused(422, "keys/nothing");
    for days in [0, 366] {
        make("office", of(&["read"], days)).refused(422, "keys/bad-days");
    }
    make("office", of(&["read"], -1)).refused(422, "bad-command");
    make("office", of(&["fly"], 1)).refused(422, "bad-command");
    for label in ["", "  ", "a\u{7}", &"长".repeat(61)] {
        make("office", json!({ "label": label, "capabilities": ["read"], "days": 1 })).refused(422, "keys/bad-label");
    }
    // The post ends, and with it what the token may do.
    let key = token(&world, "office", &["read"], None);
    let at = |days: i64| {
        let later = world.with(|s| s.now_ms = Some(NOW_MS + days * 86_400_000));
        with(&later, Method::GET, "/api/rows/problems", &key, None)
    };
    assert_eq!(at(29).status, 200);
    at(30).refused(401, "keys/refused");
    let held = store::Held {
        post: domain::basics::Post::new(place(At::County).id, domain::basics::Role::Office),
        from: TODAY.parse::<domain::basics::Day>().unwrap().plus(-400),
        until: Some(TODAY.parse().unwrap()),
    };
    world.store.accounts().give_post(person("office"), &held, NOW_MS).unwrap();
    assert_eq!(at(0).status, 200);
    at(1).refused(403, "forbidden");
    assert!(world.store.accounts().close(person("office"), NOW_MS).unwrap());
    at(0).refused(401, "keys/refused");
}

#[test]
fn a_token_is_ended_by_its_owner() {
    let world = World::own();
    let key = token(&world, "office", &["read"], None);
    let id = world.get("/api/account").by("office").send().json()["tokens"][0]["id"].as_str().unwrap().to_owned();
    let end = |by: &str| world.ask(Method::DELETE, &format!("/api/account/tokens/{id}")).by(by).send();
    end("viewer").refused(404, "not-found");
    assert_eq!(end("office").status, 200);
    end("office").refused(404, "not-found");
    with(&world, Method::GET, "/api/session", &key, None).refused(401, "keys/refused");
    let told = world.get("/api/account").by("office").send().json()["tokens"][0].clone();
    assert_eq!(told["works"], false);
    assert!(!told.to_string().contains(&key[4..]));
}

#[test]
fn keys_have_a_measure() {
    let world = World::own();
    let key = token(&world, "office", &["read"], None);
    let mut statuses: Vec<u16> = Vec::new();
    for _ in 0..601 {
        statuses.push(with(&world, Method::GET, "/api/session", &key, None).status.as_u16());
    }
    assert_eq!(statuses.iter().filter(|s| **s == 429).count(), 1, "600 a minute");
    let guesses: Vec<u16> = (0..61)
        .map(|n| {
            world
                .get("/api/session")
                .from([10, 9, 9, 9])
                .header("authorization", &format!("Bearer qwt_{n}"))
                .send()
                .status
                .as_u16()
        })
        .collect();
    assert_eq!((guesses[59], guesses[60]), (401, 429));
}

#[test]
fn a_phone_reports_and_nothing_else() {
    let world = World::own();
    let make = |by: &str, at: At| {
        let body = json!({ "label": "巡查手机", "place": place(at).id, "days": 90 });
        world.post("/api/app-users").by(by).json(&body).send()
    };
    make("township_admin", At::County).refused(403, "forbidden");
    make("township_admin", At::ForeignVillage).refused(403, "forbidden");
    make("office", At::Village).refused(403, "forbidden");
    let made = make("township_admin", At::Village).json();
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("qwk_") && made["qr"].as_str().unwrap().contains("<svg"));
    assert_eq!(made["url"], format!("http://localhost:8080/key/{key}"));
    let who = world.get(&format!("/key/{key}")).send();
    assert_eq!(
        (who.json()["name"].as_str(), who.json()["place"]["id"].as_i64()),
        (Some("巡查手机"), Some(place(At::Village).id.0))
    );
    for wrong in ["qwk_0000", "0000", &key[4..], &token(&world, "office", &["read"], None)] {
        world.get(&format!("/key/{wrong}")).send().refused(404, "not-found");
    }
    let bearer = format!("Bearer {key}");
    let file =
        world.post("/api/files").header("authorization", &bearer).parts(&[], &[("file", "a.png", &picture(9, 9, 3))]).send();
    assert_eq!(file.status, 200, "{}", file.text());
    let mut with_photo = report(At::Village);
    with_photo["command"]["photos"] = json!([file.json()["hash"]]);
    let give = |body: Value| with(&world, Method::POST, "/api/commands", key, Some(body));
    let reported = give(with_photo);
    assert_eq!(reported.status, 200, "{}", reported.text());
    give(report(At::SiblingVillage)).refused(403, "forbidden");
    give(report(At::Township)).refused(403, "forbidden");
    let dismiss = json!({ "id": Uuid::now_v7(), "command": { "type": "problems.dismiss", "problem": problem(At::Village), "reason": "看看" } });
    give(dismiss).refused(403, "forbidden");
    let count = json!({ "id": Uuid::now_v7(), "command": { "type": "places.count", "place": place(At::Village).id, "what": "hamlets", "value": 3, "on": TODAY, "method": "register" } });
    give(count).refused(403, "forbidden");
    for path in ["/api/rows/problems", "/api/today", "/api/export/problems.csv", "/api/accounts", "/api/app-users"] {
        with(&world, Method::GET, path, key, None).refused(403, "forbidden");
    }
    // Whose report it is can be read.
    let subject = reported.json()["subject"].as_str().unwrap().split(':').next_back().unwrap().to_owned();
    let history = world.get(&format!("/api/history/problems/{subject}")).by("office").send().text();
    assert!(history.contains("巡查手机"), "{history}");
    // Ended at once, by whoever has the place.
    let path = format!("/api/app-users/{}", made["id"].as_str().unwrap());
    world.ask(Method::DELETE, &path).by("foreign_admin").send().refused(404, "not-found");
    assert!(!world.get("/api/app-users").by("foreign_admin").send().text().contains("巡查手机"));
    assert_eq!(world.ask(Method::DELETE, &path).by("admin").send().status, 200);
    give(report(At::Village)).refused(401, "keys/refused");
    world.get(&format!("/key/{key}")).send().refused(404, "not-found");
}
