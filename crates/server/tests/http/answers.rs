//! Answers are what the reference says, to the last field.

use std::collections::BTreeMap;

use axum::http::Method;
use serde_json::{Map, Value, json};

use crate::world::*;

/// The reference with every object closed: what it does not name must not be in an answer.
fn closed() -> Value {
    let mut document = server::openapi_document();
    // What is a part of a whole cannot be closed by itself.
    let mut parts = Vec::new();
    parts_in(&document, &mut parts);
    close(&mut document, &parts);
    document
}

fn parts_in(value: &Value, parts: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for part in object.get("allOf").and_then(Value::as_array).into_iter().flatten() {
                parts.extend(part["$ref"].as_str().and_then(|r| r.rsplit('/').next()).map(str::to_owned));
            }
            object.values().for_each(|v| parts_in(v, parts));
        }
        Value::Array(list) => list.iter().for_each(|v| parts_in(v, parts)),
        _ => {}
    }
}

fn close(value: &mut Value, parts: &[String]) {
    match value {
        Value::Object(object) => {
            let whole = object.contains_key("allOf") || object.get("properties").is_some_and(Value::is_object);
            if whole && !object.contains_key("additionalProperties") {
                object.insert("unevaluatedProperties".into(), false.into());
            }
            let open = |name: &str| name == "allOf" || parts.iter().any(|p| p == name);
            object.iter_mut().filter(|(name, _)| !open(name)).for_each(|(_, v)| close(v, parts));
        }
        Value::Array(list) => list.iter_mut().for_each(|v| close(v, parts)),
        _ => {}
    }
}

/// The shape of a route's answer, with all that it leads to.
fn shape(document: &Value, method: &str, path: &str) -> Option<Value> {
    let operation = &document["paths"][path][method];
    assert!(operation.is_object(), "no {method} {path}");
    let mut shape = operation.pointer("/responses/200/content/application~1json/schema")?.clone();
    shape["components"] = document["components"].clone();
    Some(shape)
}

struct Shapes {
    document: Value,
    seen: BTreeMap<String, usize>,
}

impl Shapes {
    fn check(&mut self, method: &str, path: &str, url: &str, reply: &Reply) {
        assert_eq!(reply.status, 200, "{url}: {}", reply.text());
        assert_eq!(reply.header("content-type"), "application/json", "{url}");
        self.fits(&shape(&self.document, method, path).unwrap_or_else(|| panic!("no shape of {path}")), &reply.json(), url);
        *self.seen.entry(format!("{method} {path}")).or_default() += 1;
    }

    fn fits(&self, shape: &Value, answer: &Value, what: &str) {
        let validator = jsonschema::draft202012::new(shape).unwrap();
        let wrong: Vec<String> = validator.iter_errors(answer).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(wrong.is_empty(), "{what}: {}", wrong.join("\n").chars().take(3000).collect::<String>());
    }
}

#[test]
fn every_json_answer_has_its_shape() {
    let world = World::own();
    let mut shapes = Shapes { document: closed(), seen: BTreeMap::new() };
    // Every state that a problem can have, and what is shown of each.
    let village = place(At::Village);
    let give = |by: &str, command: Value| world.done(by, command);
    let reported = || {
        give(
            "village",
            json!({ "type": "problems.report", "place": village.id, "field": "waste", "text": "垃圾没清", "position": { "lon_e7": 1_196_000_000, "lat_e7": 305_000_000 } }),
        )
    };
    let (one, other) = (reported(), reported());
    give("office", json!({ "type": "problems.merge", "problem": other, "into": one }));
    let dismissed = reported();
    give("office", json!({ "type": "problems.dismiss", "problem": dismissed, "reason": "不属于范围" }));
    give("office", json!({ "type": "topics.conclude", "topic": SEED.topics[0], "outcome": "全县统一更换" }));

    let mut keys: Vec<(String, String)> = Vec::new();
    let ask = |shapes: &mut Shapes, by: &str, path: &str, url: &str| {
        let reply = world.get(url).by(by).send();
        shapes.check("get", path, url, &reply);
        reply.json()
    };
    for by in ["office", "head", "township", "village", "viewer", "admin"] {
        ask(&mut shapes, by, "/api/session", "/api/session");
        ask(&mut shapes, by, "/api/today", "/api/today");
        ask(&mut shapes, by, "/api/topics/candidates", "/api/topics/candidates");
    }
    for view in [
        "places",
        "counts",
        "rules",
        "problems",
        "topics",
        "persons",
        "forms",
        "submissions",
        "campaigns",
        "assignments",
        "burden",
        "wishes",
        "briefs",
        "plans",
    ] {
        let mut url = format!("/api/rows/{view}?limit=200&count=1");
        for _ in 0..8 {
            let page = ask(&mut shapes, "office", "/api/rows/{view}", &url);
            for row in page["rows"].as_array().unwrap().iter().take(12) {
                keys.push((view.to_owned(), row["key"].as_str().unwrap().to_owned()));
            }
            let Some(next) = page["next"].as_str() else { break };
            url = format!("/api/rows/{view}?limit=200&after={next}");
        }
        if view != "rules" {
            ask(&mut shapes, "office", "/api/history/{view}", &format!("/api/history/{view}?limit=100"));
        }
    }
    for key in [one, other, dismissed] {
        keys.push(("problems".into(), key));
    }
    for (view, key) in &keys {
        ask(&mut shapes, "office", "/api/rows/{view}/{key}", &format!("/api/rows/{view}/{key}"));
        ask(&mut shapes, "office", "/api/history/{view}/{key}", &format!("/api/history/{view}/{key}"));
    }
    for by in ["problems?by=state", "problems?by=child,open", "problems?by=in_time", "places?by=class&sum=population"] {
        ask(&mut shapes, "office", "/api/groups/{view}", &format!("/api/groups/{by}"));
    }
    for path in ["/api/views", "/api/facts", "/api/chains", "/api/indicators", "/api/map", "/healthz", "/api/openapi.json"] {
        ask(&mut shapes, "office", path, path);
    }
    for indicator in SHARED.get("/api/indicators").by("office").send().json().as_array().unwrap() {
        let url = format!("/api/indicators/{}?level=village", indicator["name"].as_str().unwrap());
        ask(&mut shapes, "office", "/api/indicators/{name}", &url);
    }
    for at in [At::County, At::Township, At::Village] {
        ask(&mut shapes, "office", "/api/places/{id}/dossier", &format!("/api/places/{}/dossier", place(at).id));
    }
    let near = format!("/api/places/{}/duplicates?field=waste", village.id);
    let near = ask(&mut shapes, "office", "/api/places/{id}/duplicates", &near);
    assert!(!near["candidates"].as_array().unwrap().is_empty());

    ask(&mut shapes, "office", "/api/bearers", &format!("/api/bearers?post={}/office&post={}/head", village.id, village.id));
    ask(&mut shapes, "office", "/api/officials", "/api/officials");
    let left = leaver(At::Village);
    ask(&mut shapes, "office", "/api/officials/{person}", &format!("/api/officials/{}", left.person));
    ask(&mut shapes, "office", "/api/handovers/{hash}", &format!("/api/handovers/{}", left.statement));
    let new = world.post("/api/officials").by("office").json(&json!({ "name": "某人" })).send();
    shapes.check("post", "/api/officials", "an official", &new);

    let command = json!({ "type": "problems.report", "place": village.id, "field": "road", "text": "路坏了" });
    shapes.check("post", "/api/commands", "a command", &world.command("village", command));
    let file = world.post("/api/files").by("village").parts(&[], &[("file", "a.png", &picture(8, 8, 1))]).send();
    shapes.check("post", "/api/files", "a file", &file);
    let sign_in = world.post("/api/session").json(&json!({ "name": "test-office", "password": PASSWORD })).send();
    shapes.check("post", "/api/session", "signing in", &sign_in);

    let command = json!({ "type": "problems.report", "place": village.id, "field": "road", "text": "路坏了", "contact": { "name": "张某某", "telephone": "13800005678" } });
    let id = world.done("village", command);
    let row = ask(&mut shapes, "office", "/api/rows/{view}/{key}", &format!("/api/rows/problems/{id}"));
    let whom = row["row"]["contact"].as_str().unwrap().to_owned();
    ask(&mut shapes, "office", "/api/persons/{id}", &format!("/api/persons/{whom}"));
    ask(&mut shapes, "office", "/api/rows/{view}/{key}", &format!("/api/rows/persons/{whom}"));
    let unmask =
        world.post(&format!("/api/persons/{whom}/unmask")).by("office").json(&json!({ "reason": "回访核实情况" })).send();
    shapes.check("post", "/api/persons/{id}/unmask", "unmasking", &unmask);
    let held =
        world.post(&format!("/api/persons/{whom}/export")).by("office").json(&json!({ "reason": "ask her back now" })).send();
    shapes.check("post", "/api/persons/{id}/export", "all that is held", &held);

    // Forms and what is filled in.
    let brought = world.post(&format!("/api/forms?place={}", place(At::County).id)).by("office");
    let brought = brought.body("text/xml", form_xml("walk", "1", "走访")).send();
    shapes.check("post", "/api/forms", "a form", &brought);
    let form = form_with_file(&world);
    let given = world.post(&format!("/api/forms/{form}/versions/1/files/a.csv")).by("office").body("text/csv", "a,b").send();
    shapes.check("post", "/api/forms/{form}/versions/{version}/files/{name}", "a file of a form", &given);
    ask(&mut shapes, "village", "/api/places/{id}/forms", &format!("/api/places/{}/forms", village.id));
    let filled = filled_xml("seed", "1", "uuid:answers", None, "上坞村");
    let handed_in = world.post(&format!("/api/submissions?place={}", village.id)).by("village");
    let handed_in = handed_in.parts(&[("xml_submission_file", &filled)], &[]).send();
    shapes.check("post", "/api/submissions", "a filled form", &handed_in);
    let submission = handed_in.json()["submission"].as_str().unwrap().to_owned();
    ask(&mut shapes, "office", "/api/submissions/{submission}", &format!("/api/submissions/{submission}"));
    ask(&mut shapes, "office", "/api/forms/{form}/questions", &format!("/api/forms/{form}/questions"));
    let figure = json!({ "is": "reading", "figure": "said", "title": "说了什么" });
    let mapping = json!({ "when": "received", "rows": [{ "from": "/data/village", "to": figure }] });
    let seed =
        world.get("/api/rows/forms?form_id=seed").by("office").send().json()["rows"][0]["key"].as_str().unwrap().to_owned();
    let trial = world.post(&format!("/api/forms/{seed}/mapping/trial")).by("office").json(&mapping).send();
    shapes.check("post", "/api/forms/{form}/mapping/trial", "a trial", &trial);

    // Campaigns, and what they ask.
    ask(&mut shapes, "office", "/api/campaigns", "/api/campaigns");
    let county = place(At::County).id;
    let wanted = format!("place={county}&form={}&from={TODAY}&until=2026-12-31", crate::world::form(At::County));
    ask(&mut shapes, "office", "/api/campaigns/forecast", &format!("/api/campaigns/forecast?{wanted}"));
    let coverage = format!("/api/campaigns/{}/coverage", campaign(At::County));
    ask(&mut shapes, "office", "/api/campaigns/{campaign}/coverage", &coverage);
    ask(&mut shapes, "office", "/api/coverage", "/api/coverage?since=2026-01-01");
    let burden = ask(&mut shapes, "office", "/api/burden", "/api/burden");
    assert!(!burden["rows"].as_array().unwrap().is_empty());
    let mine = ask(&mut shapes, "office", "/api/my/assignments", "/api/my/assignments");
    assert!(!mine["campaigns"].as_array().unwrap().is_empty());

    // The catalogue of works, and what villages are in need of.
    let catalogue = ask(&mut shapes, "office", "/api/catalogue", "/api/catalogue");
    assert!(!catalogue["works"].as_array().unwrap().is_empty() && !catalogue["classes"].as_array().unwrap().is_empty());
    let needs = ask(&mut shapes, "office", "/api/needs", "/api/needs?limit=200");
    assert!(needs["total"]["asked"].as_u64().unwrap() > 0 && !needs["works"].as_array().unwrap().is_empty(), "{needs}");

    // A search, and a plan.
    let county = place(At::County).id.0;
    let mut plain = plain_brief(county);
    plain["accepted_percent"] = json!(78);
    let save = json!({ "type": "briefs.save", "place": county, "title": "三年规划", "brief": plain, "reason": "议定" });
    let brief = world.done("office", save);
    let begun = world.post(&format!("/api/briefs/{brief}/search")).by("office").json(&json!({ "seconds": 20 })).send();
    shapes.check("post", "/api/briefs/{brief}/search", "a search", &begun);
    let search = format!("/api/searches/{}", begun.json()["search"].as_str().unwrap());
    let told = loop {
        let told = ask(&mut shapes, "office", "/api/searches/{search}", &search);
        if told["state"] != "running" {
            break told;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    let found = format!("/api/plans/{}", told["plan"].as_str().unwrap());
    ask(&mut shapes, "office", "/api/plans/{plan}", &found);
    let over = world.ask(axum::http::Method::DELETE, &search).by("office").send();
    shapes.check("delete", "/api/searches/{search}", "what is over", &over);

    // Accounts, and the keys of programs and phones.
    ask(&mut shapes, "office", "/api/account", "/api/account");
    ask(&mut shapes, "admin", "/api/accounts", "/api/accounts?limit=3");
    ask(&mut shapes, "security", "/api/accounts/{account}", &format!("/api/accounts/{}", person("village")));
    let none = world.ask(Method::DELETE, "/api/account/identities").by("office").send();
    shapes.check("delete", "/api/account/identities", "no identity", &none);
    let day = json!({ "label": "报表", "capabilities": ["read"], "days": 1 });
    let token = world.post("/api/account/tokens").by("office").json(&day).send();
    shapes.check("post", "/api/account/tokens", "a token", &token);
    let token = format!("/api/account/tokens/{}", token.json()["id"].as_str().unwrap());
    ask(&mut shapes, "office", "/api/account", "/api/account");
    shapes.check("delete", "/api/account/tokens/{token}", "no token", &world.ask(Method::DELETE, &token).by("office").send());
    let phone = json!({ "label": "巡查手机", "place": village.id, "days": 30 });
    let phone = world.post("/api/app-users").by("admin").json(&phone).send();
    shapes.check("post", "/api/app-users", "a phone", &phone);
    ask(&mut shapes, "admin", "/api/app-users", "/api/app-users");
    let key = format!("/key/{}", phone.json()["key"].as_str().unwrap());
    shapes.check("get", "/key/{key}", "whose key", &world.get(&key).send());
    let phone = format!("/api/app-users/{}", phone.json()["id"].as_str().unwrap());
    shapes.check("delete", "/api/app-users/{key}", "no phone", &world.ask(Method::DELETE, &phone).by("admin").send());
    let new = json!({ "name": "new", "display": "新人", "place": village.id, "role": "village" });
    shapes.check("post", "/api/accounts", "an account", &world.post("/api/accounts").by("admin").json(&new).send());
    ask(&mut shapes, "admin", "/api/accounts/invitations", "/api/accounts/invitations");
    let row = ["众人甲", "many-1", "村干部", "", &village.code, "", ""];
    let batch = |path: &str| format!("/api/accounts/invitations{path}?batch={}", uuid::Uuid::now_v7());
    let sheet = |path: &str, rows: &[[&str; 7]]| {
        world.post(&batch(path)).by("admin").body("application/octet-stream", crate::invitations::book(rows)).send()
    };
    let check = sheet("/check", &[row, row]);
    shapes.check("post", "/api/accounts/invitations/check", "a workbook", &check);
    shapes.check("post", "/api/accounts/invitations", "people", &sheet("", &[row]));
    let act = json!({ "do": "end_sessions" });
    let act = world.post(&format!("/api/accounts/{}", person("viewer"))).by("security").json(&act).send();
    shapes.check("post", "/api/accounts/{account}", "out", &act);
    let others = world.ask(Method::DELETE, "/api/account/sessions").by("head").send();
    shapes.check("delete", "/api/account/sessions", "the others", &others);
    let password = json!({ "current": PASSWORD, "new": "correct horse 电池" });
    let password = world.post("/api/account/password").by("head").json(&password).send();
    shapes.check("post", "/api/account/password", "a password", &password);
    let own = format!("/api/account/sessions/{}", password.json()["sessions"][0]["id"].as_str().unwrap());
    shapes.check("delete", "/api/account/sessions/{session}", "out", &world.ask(Method::DELETE, &own).by("head").send());
    let second = crate::access::signed_in_with_code(&world, "test-township");
    shapes.check("post", "/api/session/code", "the second step", &second);

    // No route of JSON was left out; the others say what they answer with instead.
    for (path, methods) in shapes.document["paths"].as_object().unwrap().iter().filter(|(p, _)| p.starts_with("/api/")) {
        for (method, operation) in methods.as_object().unwrap() {
            let route = format!("{method} {path}");
            let told = |status: &str| operation["responses"][status]["content"].as_object().cloned().unwrap_or_else(Map::new);
            if told("200").contains_key("application/json") {
                assert!(shapes.seen.contains_key(&route), "{route} was not asked");
            } else {
                let nothing = operation["responses"].get("204").is_some() && operation["responses"].get("200").is_none();
                assert!(nothing || !told("200").is_empty(), "{route} does not say what it answers with");
            }
        }
    }
}

/// A form that needs a file, and has not been given it.
fn form_with_file(world: &World) -> String {
    let instance = r#"<instance id="a" src="jr://file-csv/a.csv"/></model>"#;
    let xml = form_xml("with-file", "1", "走访").replace("</model>", instance);
    let brought = world.post(&format!("/api/forms?place={}", place(At::County).id)).by("office").body("text/xml", xml).send();
    brought.json()["form"].as_str().unwrap_or_else(|| panic!("{}", brought.text())).to_owned()
}

#[test]
fn refusals_have_their_shape() {
    let shapes = Shapes { document: closed(), seen: BTreeMap::new() };
    let mut shape = shapes.document["paths"]["/api/rows/{view}"]["get"]["responses"]["default"]["content"]["application/problem+json"]
        ["schema"]
        .clone();
    shape["components"] = shapes.document["components"].clone();
    let command = json!({ "type": "problems.assign", "problem": problem(At::ForeignVillage) });
    for reply in [
        SHARED.get("/api/today").send(),
        SHARED.get("/api/rows/problems?nothing=1").by("office").send(),
        SHARED.get("/api/rows/problems/nothing").by("office").send(),
        SHARED.command("office", command),
        SHARED.post("/api/files").by("office").json(&json!({})).send(),
    ] {
        assert!(reply.status.is_client_error());
        shapes.fits(&shape, &reply.json(), &reply.text());
    }
}

/// A command as the reference describes it is understood, and one that it does not describe is not.
#[test]
fn the_shape_of_commands_is_what_is_understood() {
    let document = server::openapi_document();
    let mut shape = document["components"]["schemas"]["Command"].clone();
    shape["components"] = document["components"].clone();
    let validator = jsonschema::draft202012::new(&shape).unwrap();
    let photo = "0".repeat(64);
    let rule = |value: Value| json!({ "type": "rules.set", "place": 1, "from": "2026-11-23", "rule": "problems.topics", "value": value, "reason": "a" });
    for (good, command) in [
        (true, json!({ "type": "problems.report", "place": 1, "field": "waste", "text": "a", "photos": [photo] })),
        (false, json!({ "type": "problems.report", "place": 1, "field": "Waste", "text": "a" })),
        (false, json!({ "type": "problems.report", "place": 1, "field": "waste", "text": "" })),
        (false, json!({ "type": "problems.report", "place": 1, "field": "waste", "text": "a", "photos": ["x"] })),
        (false, json!({ "type": "problems.report", "place": 1, "field": "waste" })),
        (true, json!({ "type": "places.grade", "place": 1, "grade": "none", "from": "2026-11-23", "document": "a" })),
        (false, json!({ "type": "places.grade", "place": 1, "grade": "best", "from": "2026-11-23", "document": "a" })),
        (
            false,
            json!({ "type": "places.locate", "place": 1, "position": { "lon_e7": 1, "lat_e7": 850_000_001 }, "source": "a" }),
        ),
        (true, rule(json!({ "villages_min": 3, "days": 30 }))),
        (false, rule(json!({ "villages_min": 3 }))),
    ] {
        assert_eq!(validator.is_valid(&command), good, "{command}");
        assert_eq!(serde_json::from_value::<domain::Command>(command.clone()).is_ok(), good, "{command}");
    }
}

/// What the simulated county has signed opens like what the server draws up itself.
#[test]
fn statements_of_the_demo_can_be_read() {
    let world = World::own();
    let (view, scope) = (domain::ViewId::Posts, store::Scope::All);
    let posts = store::List { view, scope, conditions: vec![], sort: None, after: None, limit: 10_000 };
    let rows = world.store.list(&posts).unwrap().rows;
    let rows = rows.iter().map(|r| serde_json::from_str::<Value>(&r.data).unwrap());
    let signed: Vec<Value> = rows.flat_map(|row| row["handovers"].as_array().unwrap().clone()).collect();
    let ours = signed.iter().filter(|h| h["counts"].as_object().is_some_and(|counts| counts.len() == 4));
    let mut read = 0;
    for handover in ours {
        let hash = handover["statement"].as_str().unwrap();
        let reply = world.get(&format!("/api/handovers/{hash}")).by("office").send();
        if reply.status == 404 {
            // Next door.
            continue;
        }
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.json()["counts"], handover["counts"]);
        assert_eq!(world.get(&format!("/handover/{hash}")).by("office").send().status, 200);
        read += 1;
    }
    assert!(read >= 5, "{read} statements can be read");
}
