//! ODK Central's interface, as its client pyODK calls it; who comes in is who the bearer says, and nobody else.

use axum::http::Method;
use serde_json::{Value, json};

use crate::world::*;

pub fn sign_in(world: &World, name: &str) -> String {
    let reply = world.post("/v1/sessions").json(&json!({ "email": format!("test-{name}"), "password": PASSWORD })).send();
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(keys(&reply.json()), ["createdAt", "expiresAt", "token"]);
    assert_eq!(reply.header("set-cookie"), "", "a program keeps its token itself");
    reply.json()["token"].as_str().unwrap().to_owned()
}

fn ask<'w>(world: &'w World, method: Method, path: &str, token: &str) -> Ask<'w> {
    world.ask(method, path).header("authorization", &format!("Bearer {token}")).header("user-agent", "pyodk v1.3.0")
}

fn get(world: &World, path: &str, token: &str) -> Reply {
    ask(world, Method::GET, path, token).send()
}

#[test]
fn what_a_program_reads_and_hands_in() {
    let world = World::own();
    let token = sign_in(&world, "office");
    let me = get(&world, "/v1/users/current", &token).json();
    assert_eq!((me["email"].as_str(), me["type"].as_str()), (Some("test-office"), Some("user")));
    let org = place(At::County).org;
    let projects = get(&world, "/v1/projects", &token).json();
    let [project] = projects.as_array().unwrap().as_slice() else { panic!("{projects}") };
    assert_eq!((&project["id"], project["name"].as_str()), (&json!(org), Some(place(At::County).name.as_str())));
    assert_eq!(get(&world, &format!("/v1/projects/{org}"), &token).json(), *project);
    let forms = get(&world, &format!("/v1/projects/{org}/forms"), &token).json();
    // Beside the demo county's own.
    let mut theirs = forms.as_array().unwrap().iter().filter(|f| f["xmlFormId"] != "village_visit_demo");
    let (Some(form), None) = (theirs.next(), theirs.next()) else { panic!("{forms}") };
    assert_eq!(
        (form["xmlFormId"].as_str(), form["version"].as_str(), form["state"].as_str()),
        (Some("seed"), Some("1"), Some("open"))
    );
    let at = format!("/v1/projects/{org}/forms/seed");
    assert_eq!(get(&world, &at, &token).json(), *form);
    assert_eq!(get(&world, &format!("{at}.xml"), &token).text(), form_xml("seed", "1", "走访"));
    let before = get(&world, &format!("{at}/submissions"), &token).json();
    assert_eq!(before.as_array().unwrap().len(), 1, "of this form, not of the villages' of the same name");
    // Handed in, then its file.
    let xml = filled_xml("seed", "1", "uuid:py1", None, "上坞村");
    let post = |xml: &str| {
        ask(&world, Method::POST, &format!("{at}/submissions?deviceID=laptop"), &token).body("application/xml", xml).send()
    };
    let made = post(&xml);
    assert_eq!((made.status.as_u16(), made.json()["instanceId"].as_str()), (200, Some("uuid:py1")), "{}", made.text());
    assert_eq!(made.json()["deviceId"], "laptop");
    let one = format!("{at}/submissions/uuid%3Apy1");
    assert_eq!(get(&world, &format!("{one}/attachments"), &token).json(), json!([{ "name": "photo.jpg", "exists": false }]));
    let photo = picture(9, 9, 200);
    let given =
        ask(&world, Method::POST, &format!("{one}/attachments/photo.jpg"), &token).body("image/png", photo.clone()).send();
    assert_eq!((given.status.as_u16(), given.json()), (200, json!({ "success": true })));
    assert_eq!(get(&world, &format!("{one}/attachments"), &token).json(), json!([{ "name": "photo.jpg", "exists": true }]));
    assert_eq!(get(&world, &format!("{one}/attachments/photo.jpg"), &token).body, photo);
    assert_eq!(get(&world, &format!("{one}.xml"), &token).text(), xml);
    assert_eq!(post(&xml).status, 200, "sent again");
    post(&xml.replace("上坞村", "下坞村")).refused(409, "surveys/other-content");
    post(&xml.replace("id=\"seed\"", "id=\"other\"")).refused(400, "forms/other-form");
    let edit = filled_xml("seed", "1", "uuid:py2", Some("uuid:py1"), "下坞村");
    assert_eq!(post(&edit).json()["reviewState"], "edited");
    let list = get(&world, &format!("{at}/submissions"), &token).json();
    let ids: Vec<&str> = list.as_array().unwrap().iter().map(|s| s["instanceId"].as_str().unwrap()).collect();
    assert_eq!((ids.len(), ids.contains(&"uuid:py2"), ids.contains(&"uuid:py1")), (2, true, false));
    assert_eq!(get(&world, &format!("{at}/submissions?limit=1&offset=1"), &token).json().as_array().unwrap().len(), 1);
}

#[test]
fn only_the_bearer_counts() {
    let world = World::own();
    let org = place(At::County).org;
    for path in ["/v1/users/current", "/v1/projects", &format!("/v1/projects/{org}/forms")] {
        world.get(path).by("office").send().refused(401, "not-signed-in");
        get(&world, path, &"0".repeat(64)).refused(401, "not-signed-in");
        get(&world, path, "qwt_0000").refused(401, "keys/refused");
    }
    let xml = filled_xml("seed", "1", "uuid:x", None, "村");
    let to = format!("/v1/projects/{org}/forms/seed/submissions");
    world.post(&to).by("office").header("x-qianwan", "1").body("application/xml", xml).send().refused(401, "not-signed-in");
    let wrong =
        |name: &str, password: &str| world.post("/v1/sessions").json(&json!({ "email": name, "password": password })).send();
    wrong("test-office", "wrong").refused(401, "sign-in/refused");
    wrong("nobody", PASSWORD).refused(401, "sign-in/refused");
    // A session for a program opens nothing else than these addresses.
    let token = sign_in(&world, "office");
    get(&world, "/api/today", &token).refused(401, "keys/refused");
    // Over when its owner ends it.
    assert_eq!(get(&world, "/v1/projects", &token).status, 200);
    assert_eq!(world.ask(Method::DELETE, "/api/account/sessions").by("office").send().status, 200);
    get(&world, "/v1/projects", &token).refused(401, "not-signed-in");
}

#[test]
fn what_lies_elsewhere_is_not_there() {
    let world = World::own();
    let (org, foreign) = (place(At::County).org, place(At::ForeignCounty).org);
    for name in ["office", "township", "village", "viewer", "inspector"] {
        let token = sign_in(&world, name);
        let text = get(&world, "/v1/projects", &token).text();
        assert!(!text.contains(FOREIGN_NAME) && text.contains(&org.to_string()), "{name}: {text}");
        for rest in [
            "",
            "/forms",
            "/forms/seed",
            "/forms/seed.xml",
            "/forms/seed/submissions",
            "/forms/seed/submissions/uuid%3Aseed-ForeignCounty",
        ] {
            let [there, nowhere] = [foreign, 123].map(|n| get(&world, &format!("/v1/projects/{n}{rest}"), &token));
            assert_eq!((there.status, there.text()), (nowhere.status, nowhere.text()), "{name} {rest}");
            there.refused(404, "not-found");
        }
    }
    let token = sign_in(&world, "village");
    let at = format!("/v1/projects/{org}/forms/seed");
    // The county's submission is not the village's to see; the form is offered to it.
    get(&world, &format!("{at}/submissions/uuid%3Aseed-County"), &token).refused(404, "not-found");
    get(&world, &format!("{at}/submissions/uuid%3Aseed-County.xml"), &token).refused(404, "not-found");
    // Its own form of that name is nearer, and takes what is handed in there: of that one it sees what is its own.
    let own = get(&world, &format!("{at}/submissions"), &token).json();
    let own: Vec<&str> = own.as_array().unwrap().iter().map(|s| s["instanceId"].as_str().unwrap()).collect();
    assert_eq!(own, ["uuid:seed-Village"]);
    assert_eq!(get(&world, &at, &token).status, 200);
    let viewer = sign_in(&world, "viewer");
    let xml = filled_xml("seed", "1", "uuid:v", None, "村");
    let refused = ask(&world, Method::POST, &format!("{at}/submissions"), &viewer).body("application/xml", xml).send();
    refused.refused(403, "forbidden");
    let ended = sign_in(&world, "ended");
    assert_eq!(get(&world, "/v1/projects", &ended).json(), Value::Array(Vec::new()));
}
