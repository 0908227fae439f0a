//! The audit: every event stands there, nobody but the audit administrator sees it, and nobody can flood it.

use std::collections::BTreeMap;

use domain::ViewId;
use serde_json::{Value, json};
use store::{List, Scope};

use crate::world::*;

/// Rows of the audit, oldest first. Whatever was handed to the writer before has been written.
pub fn entries(world: &World) -> Vec<Value> {
    world.store.set_setting("test.barrier", "1").unwrap();
    let list = List {
        view: ViewId::Audit,
        scope: Scope::All,
        conditions: Vec::new(),
        sort: Some(("at_ms".into(), false)),
        after: None,
        limit: 10_000,
    };
    let rows = world.store.list(&list).unwrap().rows;
    rows.iter().map(|r| serde_json::from_str(&r.data).unwrap()).collect()
}

fn of<'e>(entries: &'e [Value], event: &str) -> Vec<&'e Value> {
    entries.iter().filter(|e| e["event"] == event).collect()
}

#[test]
fn every_event_stands_there() {
    let world = World::own();
    let before = entries(&world).len();
    let sign_in =
        |password: &str| world.post("/api/session").json(&json!({ "name": "test-office", "password": password })).send();
    sign_in("wrong").refused(401, "sign-in/refused");
    let welcome = sign_in(PASSWORD);
    assert_eq!(welcome.status, 200);
    let cookie = welcome.header("set-cookie").split(';').next().unwrap().to_owned();
    assert_eq!(world.ask(axum::http::Method::DELETE, "/api/session").cookie(&cookie).send().status, 204);
    assert_eq!(world.get("/api/export/problems.csv?field=waste").by("office").send().status, 200);
    assert_eq!(world.get("/api/export/places.xlsx").by("viewer").send().status, 200);
    world.command("viewer", json!({ "type": "rules.set", "place": place(At::County).id, "from": TODAY, "rule": "problems.topics", "value": { "villages_min": 3, "days": 30 }, "reason": "x" })).refused(403, "forbidden");
    world.get(&format!("/api/rows/problems/{}", problem(At::ForeignVillage))).by("office").send().refused(404, "not-found");
    world.get("/api/facts").by("village").send().refused(403, "forbidden");
    world.done("office", json!({ "type": "rules.set", "place": place(At::County).id, "from": TODAY, "rule": "problems.topics", "value": { "villages_min": 3, "days": 30 }, "reason": "试行" }));
    let all = entries(&world);
    let all = &all[before..];
    let told = |e: &Value| {
        let word = |name: &str| e[name].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {} {} {}", word("event"), word("name"), word("client"), word("what"), word("detail"), word("why"))
    };
    let mut found: Vec<String> = all.iter().map(told).collect();
    found.sort();
    let county = place(At::County).id;
    let mut wanted = vec![
        "sign_in_refused test-office 192.0.2.1 - - sign-in/refused".to_owned(),
        "signed_in test-office 192.0.2.1 - - password".to_owned(),
        "signed_out test-office 192.0.2.1 - - -".to_owned(),
        "exported test-office 192.0.2.1 problems csv?field=waste -".to_owned(),
        "exported test-viewer 192.0.2.1 places xlsx -".to_owned(),
        "refused test-viewer 192.0.2.1 POST /api/commands rules.set - forbidden".to_owned(),
        "refused test-office 192.0.2.1 GET /api/rows/{view}/{*key} - not-found".to_owned(),
        "refused test-village 192.0.2.1 GET /api/facts - forbidden".to_owned(),
        format!("changed - - rule.set@1 rules:{county} -"),
    ];
    wanted.sort();
    assert_eq!(found, wanted);
    let exported = of(all, "exported");
    assert!(exported.iter().all(|e| e["rows"].as_u64().unwrap() > 0));
    assert!(of(all, "changed")[0]["account"].is_string(), "who set the rule");
    // A village's doings fall to the audit administrator over the village, its place is told.
    assert_eq!(of(all, "refused").iter().find(|e| e["name"] == "test-village").unwrap()["place"], json!(place(At::Village).id));
    let words = serde_json::to_string(&all).unwrap();
    assert!(!words.contains(PASSWORD) && !words.contains(cookie.split('=').nth(1).unwrap()), "no secrets");
    assert!(world.store.verify(&[], &mut |_| {}).unwrap().holds());
}

#[test]
fn nobody_else_sees_that_there_is_an_audit() {
    let world = World::own();
    world.get("/api/export/problems.csv").by("office").send();
    let key = {
        world.store.set_setting("test.barrier", "1").unwrap();
        let list = List { view: ViewId::Audit, scope: Scope::All, conditions: vec![], sort: None, after: None, limit: 1 };
        world.store.list(&list).unwrap().rows[0].key.clone()
    };
    let paths = [
        "/api/rows/{v}",
        "/api/rows/{v}?count=1",
        "/api/rows/{v}?event=exported",
        "/api/rows/{v}/{k}",
        "/api/groups/{v}?by=event",
        "/api/groups/{v}?by=day",
        "/api/history/{v}",
        "/api/history/{v}/{k}",
        "/api/export/{v}.csv",
        "/api/export/{v}.xlsx",
    ];
    for name in everybody().filter(|n| !n.ends_with("audit")) {
        for path in paths {
            let asked = |view: &str| world.get(&path.replace("{v}", view).replace("{k}", &key)).by(name).send();
            let (audit, nothing) = (asked("audit"), asked("no_such_view"));
            assert_eq!((audit.status, audit.text()), (nothing.status, nothing.text()), "{path} by {name}");
            assert!([403, 404].contains(&audit.status.as_u16()), "{path} by {name}");
        }
        for path in ["/api/views", "/api/facts?limit=200", "/api/chains"] {
            let reply = world.get(path).by(name).send();
            let text = reply.text();
            let chains = text.split("\"chain\":\"").skip(1).filter_map(|rest| rest.split('"').next());
            let seen = chains.into_iter().any(|chain| chain.ends_with("/audit"));
            assert!(!seen && !text.contains("\"view\":\"audit\"") && !text.contains("\"access."), "{path} by {name}: {text}");
        }
    }
    // And the audit administrator sees nothing of the programme.
    for path in
        ["/api/rows/problems", "/api/groups/places?by=level", "/api/history/problems", "/api/export/problems.csv", "/api/facts"]
    {
        world.get(path).by("audit").send().refused(403, "forbidden");
    }
    let views = world.get("/api/views").by("audit").send().json();
    assert_eq!(views.as_array().unwrap().iter().map(|v| v["view"].clone()).collect::<Vec<_>>(), ["audit"]);
    // Nobody writes there either.
    let noted = json!({ "type": "access.note", "place": place(At::County).id, "note": { "kind": "started", "body": { "version": "1" } } });
    for name in ["admin", "audit", "office"] {
        world.command(name, noted.clone()).refused(403, "forbidden");
    }
}

#[test]
fn the_audit_administrator_sees_his_county_and_is_seen_looking() {
    let world = World::own();
    for name in ["office", "village", "foreign_office"] {
        world.get("/api/facts").by("village").send();
        assert_eq!(world.get("/api/indicators").by(name).send().status, 200);
        world.get("/api/rows/nothing").by(name).send().refused(404, "not-found");
    }
    entries(&world);
    let rows = |by: &str, filter: &str| {
        let reply = world.get(&format!("/api/rows/audit?limit=200&count=1&sort=-at_ms&{filter}")).by(by).send();
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    };
    let names = |answer: &Value| {
        let mut names: BTreeMap<String, u64> = BTreeMap::new();
        for row in answer["rows"].as_array().unwrap() {
            *names.entry(row["row"]["name"].as_str().unwrap_or("-").to_owned()).or_default() += 1;
        }
        names
    };
    let ours = names(&rows("audit", "event=refused"));
    assert!(ours.contains_key("test-office") && ours.contains_key("test-village"), "{ours:?}");
    assert!(!ours.keys().any(|n| n.contains("foreign")), "{ours:?}");
    let theirs = names(&rows("foreign_audit", "event=refused"));
    assert!(theirs.keys().all(|n| n == "test-foreign_office") && !theirs.is_empty(), "{theirs:?}");
    // By person, address, kind, day; searched; a page at a time; counted by day; as a file; one entry with its fact.
    assert_eq!(rows("audit", "name=test-village")["rows"].as_array().unwrap().len(), 2);
    assert!(rows("audit", "client=192.0.2.1")["count"].as_u64().unwrap() >= 3);
    assert_eq!(rows("audit", "client=192.0.2.99")["count"], 0);
    assert!(rows("audit", &format!("day.from={TODAY}&day.to={TODAY}"))["count"].as_u64().unwrap() >= 3);
    assert_eq!(rows("audit", "event=refused&q=test-off")["rows"][0]["row"]["name"], "test-office");
    let page = world.get("/api/rows/audit?limit=1&sort=-at_ms").by("audit").send().json();
    let next = page["next"].as_str().unwrap();
    assert_eq!(world.get(&format!("/api/rows/audit?limit=1&sort=-at_ms&after={next}")).by("audit").send().status, 200);
    let days = world.get("/api/groups/audit?by=day,event").by("audit").send().json();
    assert!(!days["groups"].as_array().unwrap().is_empty());
    let file = world.get("/api/export/audit.csv?event=refused").by("audit").send();
    assert!(file.status == 200 && file.text().contains("test-village") && !file.text().contains("foreign"));
    let key = rows("audit", "name=test-village")["rows"][0]["key"].as_str().unwrap().to_owned();
    let history = world.get(&format!("/api/history/audit/{key}")).by("audit").send().json();
    assert_eq!(history["facts"][0]["kind"], "access.refused@1");
    world.get(&format!("/api/history/audit/{key}")).by("foreign_audit").send().refused(404, "not-found");
    world.get(&format!("/api/rows/audit/{key}")).by("foreign_audit").send().refused(404, "not-found");
    let under = world.get("/api/history/audit?event=refused").by("audit").send().json();
    assert!(!under["facts"].as_array().unwrap().is_empty());
    let chains = world.get("/api/chains").by("audit").send().json();
    let chains: Vec<&str> = chains["chains"].as_array().unwrap().iter().map(|c| c["chain"].as_str().unwrap()).collect();
    assert!(!chains.is_empty() && chains.iter().all(|c| c.ends_with("/audit")), "{chains:?}");
    // Looking is noted, and so is the file.
    let all = entries(&world);
    let looked = of(&all, "audit_read");
    assert!(looked.iter().any(|e| e["what"].as_str().unwrap().contains("name=test-village")), "{looked:?}");
    assert!(looked.iter().all(|e| e["name"] == "test-audit" || e["name"] == "test-foreign_audit"));
    assert!(of(&all, "exported").iter().any(|e| e["what"] == "audit" && e["name"] == "test-audit"));
}

#[test]
fn a_script_cannot_flood_the_chain() {
    let world = World::own();
    let before = entries(&world).len();
    for n in 0..500 {
        world.get(&format!("/api/rows/problems/{n}")).by("village").send().refused(404, "not-found");
    }
    for _ in 0..100 {
        let guess = json!({ "name": "test-head", "password": "guess" });
        world.post("/api/session").from([192, 0, 2, 77]).json(&guess).send();
    }
    let first = entries(&world)[before..].to_vec();
    assert_eq!(of(&first, "refused").len(), 1);
    assert!(of(&first, "sign_in_refused").len() <= 3, "one for each reason: {first:?}");
    // When the minute is over the rest is one fact with its count.
    server::note_counts(&world.app, true);
    let all = entries(&world)[before..].to_vec();
    let times = |event: &str| of(&all, event).iter().map(|e| e["times"].as_u64().unwrap()).sum::<u64>();
    assert_eq!((times("refused"), times("sign_in_refused")), (500, 100), "nothing is lost");
    assert!(all.len() <= 8, "{}", all.len());
    // Different questions to the audit are bounded as well.
    for n in 0..200 {
        assert_eq!(world.get(&format!("/api/rows/audit?client=10.0.0.{n}")).by("audit").send().status, 200);
    }
    server::note_counts(&world.app, true);
    let looked = entries(&world);
    let looked = of(&looked, "audit_read");
    assert!(looked.len() <= 40, "{}", looked.len());
    assert_eq!(looked.iter().map(|e| e["times"].as_u64().unwrap()).sum::<u64>(), 200);
}

#[test]
fn what_cannot_be_noted_does_not_happen() {
    let world = World::own();
    world.store.refuse_audit(true).unwrap();
    let credentials = json!({ "name": "test-office", "password": PASSWORD });
    let refused = world.post("/api/session").json(&credentials).send();
    refused.refused(503, "audit-unwritable");
    assert!(!refused.headers.contains_key("set-cookie"));
    let page = world.post("/login").form(&[("name", "test-office"), ("password", PASSWORD)]).send();
    assert!(!page.headers.contains_key("set-cookie") && page.status == 503, "{}", page.status);
    for file in ["problems.csv", "places.xlsx"] {
        let reply = world.get(&format!("/api/export/{file}")).by("office").send();
        reply.refused(503, "audit-unwritable");
    }
    let rule = json!({ "type": "rules.set", "place": place(At::County).id, "from": TODAY, "rule": "audit.retention", "value": { "days": 400 }, "reason": "x" });
    let main = world.recorded();
    assert_eq!(world.command("office", rule.clone()).status, 500, "a rule is not changed without its mirror");
    assert_eq!(world.recorded(), main);
    // Reading goes on.
    assert_eq!(world.get("/api/rows/problems").by("office").send().status, 200);
    world.store.refuse_audit(false).unwrap();
    assert_eq!(world.post("/api/session").json(&credentials).send().status, 200);
    world.done("office", rule);
}

#[test]
fn six_months_are_the_least() {
    let world = World::own();
    let rule = |days: u16| json!({ "type": "rules.set", "place": place(At::County).id, "from": TODAY, "rule": "audit.retention", "value": { "days": days }, "reason": "x" });
    world.command("office", rule(182)).refused(409, "rules/out-of-range");
    world.done("office", rule(183));
}
