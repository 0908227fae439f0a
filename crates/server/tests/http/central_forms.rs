//! Central's interface where it writes: drafts, edits, reviews, comments, phones; entity lists; and the wrong person at each.

use axum::http::Method;
use serde_json::{Value, json};

use crate::world::*;

fn token(world: &World, name: &str) -> String {
    let reply = world.post("/v1/sessions").json(&json!({ "email": format!("test-{name}"), "password": PASSWORD })).send();
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["token"].as_str().unwrap().to_owned()
}

struct Program<'w> {
    world: &'w World,
    token: String,
    base: String,
}

impl<'w> Program<'w> {
    fn of(world: &'w World, name: &str) -> Program<'w> {
        Program { world, token: token(world, name), base: format!("/v1/projects/{}", place(At::County).org) }
    }
    fn ask(&self, method: Method, path: &str) -> Ask<'w> {
        self.world.ask(method, &format!("{}{path}", self.base)).header("authorization", &format!("Bearer {}", self.token))
    }
    fn get(&self, path: &str) -> Reply {
        self.ask(Method::GET, path).send()
    }
    fn send(&self, method: Method, path: &str, media: &str, body: &str) -> Reply {
        self.ask(method, path).body(media, body.to_owned()).send()
    }
    fn xml(&self, method: Method, path: &str, body: &str) -> Reply {
        self.send(method, path, "application/xml", body)
    }
    fn json(&self, method: Method, path: &str, body: &Value) -> Reply {
        self.ask(method, path).json(body).send()
    }
}

/// A form that looks values up in a file.
fn form_with_file(id: &str, version: &str, title: &str) -> String {
    let file = r#"</instance><instance id="places" src="jr://file-csv/places.csv"/><bind nodeset="/data/village""#;
    form_xml(id, version, title).replacen(r#"</instance><bind nodeset="/data/village""#, file, 1)
}

fn ids(reply: &Reply, field: &str) -> Vec<String> {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json().as_array().unwrap().iter().map(|v| v[field].as_str().unwrap_or_default().to_owned()).collect()
}

fn good(reply: &Reply) {
    assert_eq!((reply.status.as_u16(), reply.json()), (200, json!({ "success": true })), "{}", reply.text());
}

#[test]
fn a_form_from_draft_to_its_third_version() {
    let world = World::own();
    let office = Program::of(&world, "office");
    let made = office.xml(Method::POST, "/forms?publish=False&ignoreWarnings=True", &form_with_file("made", "1", "走访表"));
    assert_eq!((made.status.as_u16(), made.json()["publishedAt"].clone()), (200, Value::Null), "{}", made.text());
    assert_eq!((made.json()["xmlFormId"].as_str(), made.json()["version"].as_str()), (Some("made"), Some("1")));
    office.xml(Method::POST, "/forms", &form_with_file("made", "1", "走访表")).refused(409, "forms/exists");
    // Whoever prepares forms sees it, whoever fills them does not.
    assert!(ids(&office.get("/forms"), "xmlFormId").contains(&"made".to_owned()));
    assert!(!ids(&Program::of(&world, "village").get("/forms"), "xmlFormId").contains(&"made".to_owned()));
    let draft = office.get("/forms/made/draft").json();
    assert_eq!((draft["version"].as_str(), draft["draftToken"].clone()), (Some("1"), Value::Null));
    assert_eq!(office.get("/forms/made/draft.xml").text(), form_with_file("made", "1", "走访表"));
    let files = office.get("/forms/made/draft/attachments").json();
    let missing: Vec<&str> =
        files.as_array().unwrap().iter().filter(|f| f["exists"] == false).map(|f| f["name"].as_str().unwrap()).collect();
    for name in &missing {
        let path = format!("/forms/made/draft/attachments/{name}");
        good(&office.send(Method::POST, &path, "text/csv", "name,label\na,甲\nb,乙\n"));
    }
    assert!(missing.contains(&"places.csv"), "{files}");
    // A draft is replaced by another, of the same version as well.
    good(&office.xml(Method::POST, "/forms/made/draft", &form_with_file("made", "1", "走访表（改）")));
    assert_eq!(office.get("/forms/made/draft").json()["name"], "走访表（改）");
    office.xml(Method::POST, "/forms/made/draft", &form_xml("other", "1", "别的")).refused(400, "forms/draft-of-other");
    office.ask(Method::POST, "/forms/made/draft/publish").send().refused(409, "surveys/files-missing");
    for name in &missing {
        let path = format!("/forms/made/draft/attachments/{name}");
        good(&office.send(Method::POST, &path, "text/csv", "name,label\na,甲\nb,乙\n"));
    }
    good(&office.ask(Method::POST, "/forms/made/draft/publish").send());
    office.get("/forms/made/draft").refused(404, "forms/no-draft");
    office.ask(Method::DELETE, "/forms/made/draft").send().refused(404, "forms/no-draft");
    // The next version brings its definition; files of the one before go along.
    good(&office.xml(Method::POST, "/forms/made/draft", &form_with_file("made", "2", "走访表")));
    good(&office.ask(Method::POST, "/forms/made/draft/publish?version=2").send());
    assert_eq!(office.get("/forms/made").json()["version"], "2");
    // The next but one is the same form with another file, and its version is named when it is published.
    good(&office.ask(Method::POST, "/forms/made/draft").send());
    good(&office.send(Method::POST, "/forms/made/draft/attachments/places.csv", "text/csv", "name,label\nc,丙\n"));
    good(&office.ask(Method::POST, "/forms/made/draft/publish?version=2026-11-25T08%3A00").send());
    let form = office.get("/forms/made").json();
    assert_eq!(form["version"], "2026-11-25T08:00");
    assert!(office.get("/forms/made.xml").text().contains(r#"version="2026-11-25T08:00""#));
    let versions = ids(&office.get("/forms/made/versions"), "version");
    assert_eq!((versions.len(), versions.contains(&"1".to_owned())), (3, true), "{versions:?}");
    assert_eq!(office.get("/forms/made/versions/2").json()["version"], "2");
    assert_eq!(office.get("/forms/made/versions/2.xml").text(), form_with_file("made", "2", "走访表"));
    office.get("/forms/made/versions/9").refused(404, "not-found");
    assert!(office.get("/forms/made/attachments").json().as_array().unwrap().iter().all(|f| f["exists"] == true));
    // Taken back, and nothing is left of it.
    good(&office.xml(Method::POST, "/forms/made/draft", &form_with_file("made", "4", "走访表")));
    good(&office.ask(Method::DELETE, "/forms/made/draft").send());
    office.ask(Method::POST, "/forms/made/draft/publish").send().refused(404, "forms/no-draft");
    // What is no form is refused as everywhere.
    office.xml(Method::POST, "/forms", "<a/>").refused(400, "forms/missing");
    office.xml(Method::POST, "/forms/made/draft", "not XML").refused(400, "forms/not-xml");
}

#[test]
fn an_edit_a_review_and_what_is_said() {
    let world = World::own();
    let (office, head) = (Program::of(&world, "office"), Program::of(&world, "head"));
    let at = "/forms/seed/submissions";
    let first = filled_xml("seed", "1", "uuid:e1", None, "上坞村");
    assert_eq!(head.xml(Method::POST, at, &first).status, 200);
    let one = format!("{at}/uuid%3Ae1");
    // An edit names the latest.
    let stray = filled_xml("seed", "1", "uuid:e2", Some("uuid:e0"), "下坞村");
    head.xml(Method::PUT, &one, &stray).refused(409, "surveys/not-current");
    head.xml(Method::PUT, &one, &filled_xml("seed", "1", "uuid:e2", None, "下坞村")).refused(409, "surveys/not-current");
    for (instance, before) in [("uuid:e2", "uuid:e1"), ("uuid:e3", "uuid:e2")] {
        // By the instance that it was first handed in under, as Central's clients do.
        let made = head.xml(Method::PUT, &one, &filled_xml("seed", "1", instance, Some(before), "下坞村"));
        assert_eq!((made.status.as_u16(), made.json()["reviewState"].as_str()), (200, Some("edited")), "{}", made.text());
    }
    let edit = filled_xml("seed", "1", "uuid:e3", Some("uuid:e2"), "下坞村");
    assert_eq!(head.xml(Method::PUT, &one, &edit).status, 200, "sent again");
    let versions = head.get(&format!("{one}/versions"));
    assert_eq!(ids(&versions, "instanceId"), ["uuid:e3", "uuid:e2", "uuid:e1"]);
    assert_eq!(versions.json()[0]["current"], true);
    assert_eq!(head.get(&format!("{one}/versions/uuid%3Ae1.xml")).text(), first);
    assert_eq!(head.get(&format!("{one}/versions/uuid%3Ae2")).json()["instanceId"], "uuid:e2");
    head.get(&format!("{one}/versions/uuid%3Ae9")).refused(404, "not-found");
    // What was said, beside the notes of reviews.
    let said = office.json(Method::POST, &format!("{one}/comments"), &json!({ "body": "已电话核实" }));
    assert_eq!(
        (said.status.as_u16(), keys(&said.json())),
        (200, ["actorId", "body", "createdAt"].map(str::to_owned).to_vec()),
        "{}",
        said.text()
    );
    let reviewed = office
        .ask(Method::PATCH, &one)
        .header("x-action-notes", "%E6%88%B7%E6%95%B0%E4%B8%8D%E7%AC%A6+1%261")
        .json(&json!({ "reviewState": "hasIssues" }))
        .send();
    assert_eq!((reviewed.status.as_u16(), reviewed.json()["reviewState"].as_str()), (200, Some("hasIssues")));
    let rejected = office.json(Method::PATCH, &one, &json!({ "reviewState": "rejected" }));
    assert_eq!(rejected.json()["reviewState"], "rejected", "{}", rejected.text());
    let words = ids(&office.get(&format!("{one}/comments")), "body");
    assert_eq!((words.len(), &words[1..]), (3, &["户数不符+1&1".to_owned(), "已电话核实".to_owned()][..]));
    office.json(Method::PATCH, &one, &json!({ "reviewState": "perfect" })).refused(422, "bad-command");
    office.json(Method::PATCH, &one, &json!({ "state": "approved" })).refused(422, "bad-command");
    office.json(Method::POST, &format!("{one}/comments"), &json!({ "body": " " })).refused(422, "bad-command");
    assert_eq!(office.json(Method::PATCH, &one, &json!({ "reviewState": "approved" })).json()["reviewState"], "approved");
    head.json(Method::PATCH, &one, &json!({ "reviewState": "approved" })).refused(409, "surveys/his-own");
}

#[test]
fn phones_by_whoever_manages_accounts() {
    let world = World::own();
    let admin = Program::of(&world, "admin");
    let made = admin.json(Method::POST, "/app-users", &json!({ "displayName": "下乡一组" }));
    assert_eq!(made.status, 200, "{}", made.text());
    let (id, key) = (made.json()["id"].as_u64().unwrap(), made.json()["token"].as_str().unwrap().to_owned());
    assert!(key.starts_with("qwk_") && id < 1 << 53);
    let listed = admin.get("/app-users").json();
    let one = listed.as_array().unwrap().iter().find(|k| k["id"] == id).unwrap();
    assert_eq!((one["displayName"].as_str(), &one["token"]), (Some("下乡一组"), &Value::Null), "a key is said once");
    // It is offered what is offered at its place.
    good(&admin.ask(Method::POST, &format!("/forms/seed/assignments/2/{id}")).send());
    admin.ask(Method::POST, &format!("/forms/none/assignments/2/{id}")).send().refused(404, "not-found");
    admin.ask(Method::POST, "/forms/seed/assignments/2/17").send().refused(404, "not-found");
    admin.ask(Method::POST, &format!("/forms/seed/assignments/1/{id}")).send().refused(404, "not-found");
    let list = world.get(&format!("/v1/key/{key}/projects/{}/formList", place(At::County).org)).send();
    assert!(list.status == 200 && list.text().contains("seed"), "{}", list.text());
    admin.json(Method::POST, "/app-users", &json!({ "displayName": "" })).refused(422, "keys/bad-label");
    // A program's token manages nothing, whoever its owner is.
    for name in ["office", "head", "township", "viewer"] {
        let other = Program::of(&world, name);
        other.get("/app-users").refused(403, "forbidden");
        other.json(Method::POST, "/app-users", &json!({ "displayName": "x" })).refused(403, "forbidden");
        other.ask(Method::POST, &format!("/forms/seed/assignments/2/{id}")).send().refused(403, "forbidden");
    }
}

#[test]
fn entity_lists_are_places_and_files_of_forms() {
    let world = World::own();
    let office = Program::of(&world, "office");
    let lists = ids(&office.get("/datasets"), "name");
    assert_eq!(lists[0], "places");
    assert!(lists.contains(&"seed.places".to_owned()), "{lists:?}");
    let about = office.get("/datasets/places").json();
    let properties: Vec<&str> = about["properties"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(properties, ["name", "code", "level", "class", "households", "longitude", "latitude"]);
    let all = office.get("/datasets/places/entities").json();
    let labels: Vec<&str> = all.as_array().unwrap().iter().map(|e| e["currentVersion"]["label"].as_str().unwrap()).collect();
    for at in [At::County, At::Township, At::Village] {
        assert!(labels.contains(&place(at).name.as_str()), "{labels:?}");
    }
    assert_eq!(office.get("/datasets/places/entities").json(), all, "the same ids at every reading");
    let id = all[0]["uuid"].as_str().unwrap();
    let one = office.get(&format!("/datasets/places/entities/{id}")).json();
    assert_eq!(one["currentVersion"]["data"]["name"], all[0]["currentVersion"]["label"]);
    office.get("/datasets/places/entities/00000000-0000-0000-0000-000000000000").refused(404, "not-found");
    let page = office.get("/datasets/places.svc/Entities?%24top=2&%24skip=1&%24count=true").json();
    assert_eq!((page["value"].as_array().unwrap().len(), &page["@odata.count"]), (2, &json!(labels.len())));
    assert_eq!((&page["value"][0]["__id"], &page["value"][0]["label"]), (&all[1]["uuid"], &all[1]["currentVersion"]["label"]));
    assert_eq!(page["@odata.nextLink"], Value::Null, "whoever names a number gets no more");
    let some = office.get("/datasets/places.svc/Entities?%24select=label,code").json();
    assert_eq!(keys(&some["value"][0]), ["code", "label"]);
    office.get("/datasets/places.svc/Entities?%24filter=x%20eq%201").refused(422, "bad-query");
    office.get("/datasets/places.svc/Entities?%24top=many").refused(422, "bad-query");
    office.get("/datasets/places/Entities").refused(404, "not-found");
    let csv = office.get("/datasets/seed.places/entities.csv").text();
    let head = csv.lines().next().unwrap();
    assert!(head.starts_with("__id,label,") && head.ends_with(",__version"), "{csv}");
    let table = office.get("/datasets/seed.places.svc/Entities").json();
    assert_eq!(table["value"].as_array().unwrap().len() + 1, csv.lines().count());
    office.get("/datasets/none").refused(404, "not-found");
    // What lies beside or above is nobody's list.
    let village = Program::of(&world, "village").get("/datasets/places/entities").text();
    assert!(village.contains(&place(At::Village).name) && !village.contains(&place(At::Township).name), "{village}");
    for method in [Method::POST, Method::PATCH, Method::DELETE] {
        office.json(method, "/datasets/places/entities", &json!({})).refused(405, "method-not-allowed");
    }
}

/// Every writing address by everybody: exactly the allowed come through, and another county's project is not there.
#[test]
fn the_wrong_person() {
    let world = World::own();
    let xml = || form_xml("matrix", "1", "表");
    let filled = || filled_xml("seed", "1", "uuid:m", None, "村");
    let foreign = format!("/v1/projects/{}", place(At::ForeignCounty).org);
    let instance = "/forms/seed/submissions/uuid%3Aseed-County";
    let asks: [(&str, Method, &str, String, &[&str]); 11] = [
        ("a form", Method::POST, "/forms", xml(), &["office"]),
        ("a draft", Method::POST, "/forms/seed/draft", form_xml("seed", "9", "表"), &["office"]),
        ("a draft taken back", Method::DELETE, "/forms/seed/draft", String::new(), &["office"]),
        ("a draft published", Method::POST, "/forms/seed/draft/publish", String::new(), &["office"]),
        ("a file", Method::POST, "/forms/seed/draft/attachments/places.csv", "name\n".into(), &["office"]),
        ("an edit", Method::PUT, instance, filled(), &["office", "head", "department", "inspector"]),
        ("a review", Method::PATCH, instance, r#"{"reviewState":"approved"}"#.into(), &["office", "head"]),
        (
            "a comment",
            Method::POST,
            "/forms/seed/submissions/uuid%3Aseed-County/comments",
            r#"{"body":"看看"}"#.into(),
            &["office", "head"],
        ),
        ("phones", Method::GET, "/app-users", String::new(), &["admin"]),
        ("a phone", Method::POST, "/app-users", r#"{"displayName":"x"}"#.into(), &["admin"]),
        ("an assignment", Method::POST, "/forms/seed/assignments/2/1", String::new(), &["admin"]),
    ];
    for name in ["office", "head", "department", "township", "village", "inspector", "viewer", "admin", "ended"] {
        let program = Program::of(&world, name);
        for (what, method, path, body, allowed) in &asks {
            let media = if body.starts_with('{') { "application/json" } else { "application/xml" };
            let reply = program.send(method.clone(), path, media, body);
            let case = format!("{what} by {name}: {} {}", reply.status, reply.text());
            match (allowed.contains(&name), reply.status.as_u16()) {
                // A submission of the county is not there for whoever stands below; nor is anything for whoever holds no post.
                (false, 404) => assert!(name == "ended" || path.contains("/submissions/"), "{case}"),
                (false, status) => assert_eq!(status, 403, "{case}"),
                (true, status) => assert!(![401, 403].contains(&status), "{case}"),
            }
            let there = world.ask(method.clone(), &format!("{foreign}{path}"));
            let there = there.header("authorization", &format!("Bearer {}", program.token)).body(media, body.clone()).send();
            there.refused(404, "not-found");
            // Without a bearer a cookie counts for nothing.
            let cookie = world.ask(method.clone(), &format!("{}{path}", program.base)).by(name).header("x-qianwan", "1");
            cookie.body(media, body.clone()).send().refused(401, "not-signed-in");
        }
    }
    // A program's token reads and writes within what it was given, and manages no phones.
    let given = json!({ "label": "程序", "days": 30, "capabilities": ["read", "surveys.manage"] });
    let made = world.post("/api/account/tokens").by("office").json(&given).send();
    let token = made.json()["key"].as_str().unwrap_or_else(|| panic!("{}", made.text())).to_owned();
    let program = Program { world: &world, token, base: format!("/v1/projects/{}", place(At::County).org) };
    assert_eq!(program.xml(Method::POST, "/forms", &form_xml("by-token", "1", "表")).status, 200);
    program.json(Method::PATCH, instance, &json!({ "reviewState": "approved" })).refused(403, "forbidden");
    program.get("/app-users").refused(403, "forbidden");
}
