//! Accounts in the hands of administrators: within their places, never their own, each administrator his part.

use axum::http::Method;
use serde_json::{Value, json};

use crate::world::*;

fn act(world: &World, by: &str, on: &str, what: Value) -> Reply {
    world.post(&format!("/api/accounts/{}", person(on))).by(by).json(&what).send()
}

fn names(reply: &Reply) -> Vec<String> {
    let accounts = reply.json()["accounts"].as_array().unwrap().clone();
    accounts.iter().map(|a| a["name"].as_str().unwrap().to_owned()).filter(|n| n.starts_with("test-")).collect()
}

#[test]
fn each_sees_the_accounts_of_his_places() {
    let list = |by: &str, query: &str| names(&SHARED.get(&format!("/api/accounts?q=test-{query}&limit=200")).by(by).send());
    let county = list("admin", "");
    assert!(county.contains(&"test-village".into()) && county.contains(&"test-office".into()));
    assert!(!county.iter().any(|n| n.contains("foreign")), "{county:?}");
    assert!(!county.contains(&"test-ended".into()), "without a post or a place it is the whole installation's");
    assert_eq!(county, list("security", ""));
    assert_eq!(
        list("township_admin", ""),
        [
            "test-sibling_village",
            "test-township",
            "test-township_admin",
            "test-township_head",
            "test-township_viewer",
            "test-village",
            "test-village_head"
        ]
    );
    assert_eq!(list("township_admin", "village_"), ["test-village_head"]);
    assert!(list("foreign_admin", "").iter().all(|n| n.contains("foreign")));
    // Page by page it is the same.
    let (mut paged, mut after) = (Vec::new(), String::new());
    loop {
        let page = SHARED.get(&format!("/api/accounts?q=test-&limit=2&after={after}")).by("admin").send();
        paged.extend(names(&page));
        match page.json()["next"].as_str() {
            Some(next) => after = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(paged, county);
    for (query, count) in [("state=closed", 0), ("state=invited", 0)] {
        assert_eq!(names(&SHARED.get(&format!("/api/accounts?{query}")).by("admin").send()).len(), count, "{query}");
    }
    SHARED.get("/api/accounts?state=none").by("admin").send().refused(422, "bad-query");
    let file = SHARED.get("/api/accounts/export/accounts.csv?q=test-").by("township_admin").send();
    assert!(file.text().contains("test-village_head") && !file.text().contains("test-office"), "{}", file.text());
    SHARED.get("/api/accounts/export/problems.csv").by("admin").send().refused(404, "not-found");
}

#[test]
fn what_is_not_ones_business_is_not_there() {
    let world = World::own();
    let acts = ["close", "reopen", "invite", "reset", "unlock", "end_sessions", "take_second_factor", "end_tokens"];
    let nobody = format!("/api/accounts/{}", uuid::Uuid::now_v7());
    for (by, on) in [
        ("township_admin", "office"),
        ("township_admin", "sibling_village"),
        ("admin", "foreign_village"),
        ("foreign_admin", "village"),
        ("security", "foreign_admin"),
        ("admin", "ended"),
    ] {
        // The sibling village lies in the same township.
        if on == "sibling_village" {
            continue;
        }
        for what in acts {
            let body = if ["close", "reopen", "take_second_factor"].contains(&what) {
                json!({ "do": what, "reason": "看看" })
            } else {
                json!({ "do": what })
            };
            let (theirs, missing) = (act(&world, by, on, body.clone()), world.post(&nobody).by(by).json(&body).send());
            assert_eq!((theirs.status, theirs.text()), (missing.status, missing.text()), "{what} by {by} on {on}");
            theirs.refused(404, "not-found");
        }
        world.get(&format!("/api/accounts/{}", person(on))).by(by).send().refused(404, "not-found");
    }
    // Each administrator has his part.
    for what in ["reset", "unlock", "end_sessions", "end_tokens"] {
        act(&world, "admin", "village", json!({ "do": what })).refused(403, "forbidden");
    }
    act(&world, "security", "village", json!({ "do": "close", "reason": "看看" })).refused(403, "forbidden");
    let new = json!({ "name": "x", "display": "x", "place": place(At::Village).id, "role": "village" });
    world.post("/api/accounts").by("security").json(&new).send().refused(403, "forbidden");
    // Nobody does anything to himself.
    for (by, what) in [("admin", json!({ "do": "close", "reason": "看看" })), ("security", json!({ "do": "end_sessions" }))] {
        act(&world, by, by, what).refused(409, "accounts/own-account");
    }
    for bad in [
        json!({}),
        json!({ "do": "fly" }),
        json!({ "do": "close" }),
        json!({ "do": "close", "reason": "x", "more": 1 }),
        json!([]),
    ] {
        act(&world, "admin", "village", bad).refused(422, "bad-command");
    }
    act(&world, "admin", "village", json!({ "do": "close", "reason": " " })).refused(422, "accounts/no-reason");
}

#[test]
fn an_account_from_invitation_to_closing() {
    let world = World::own();
    let new = |name: &str, at: At, role: &str| json!({ "name": name, "display": "新人甲", "place": place(at).id, "role": role });
    let create = |by: &str, body: &Value| world.post("/api/accounts").by(by).json(body).send();
    let made = create("township_admin", &new("xinren", At::Village, "village"));
    assert_eq!(made.status, 200, "{}", made.text());
    let made = made.json();
    assert_eq!(
        (made["account"]["state"].as_str(), made["account"]["posts"][0]["role"].as_str()),
        (Some("invited"), Some("village"))
    );
    create("township_admin", &new("xinren", At::Village, "village")).refused(409, "accounts/name-taken");
    for (name, at) in [("a", At::County), ("a", At::SiblingTownship), ("a", At::ForeignVillage)] {
        create("township_admin", &new(name, at, "village")).refused(403, "forbidden");
    }
    for name in ["", " a", "a b", "a\u{0}", &"长".repeat(61)] {
        create("township_admin", &new(name, At::Village, "village")).refused(422, "sign-in/bad-name");
    }
    create("township_admin", &new("a", At::Village, "department")).refused(422, "accounts/department");
    // By the link to a password, and in.
    let url = made["link"]["url"].as_str().unwrap();
    let token = url.split("token=").nth(1).unwrap();
    let password = "correct horse 电池";
    let set = world.post("/link").form(&[("token", token), ("password", password), ("again", password)]).send();
    assert_eq!((set.status.as_u16(), set.header("location")), (303, "/login"), "{}", set.text());
    let sign_in = || world.post("/api/session").json(&json!({ "name": "xinren", "password": password })).send();
    let session = sign_in();
    assert_eq!(session.json()["home"]["id"], json!(place(At::Village).id));
    let cookie = session.header("set-cookie").split(';').next().unwrap().to_owned();
    // Closed: out with the next request; open again: nothing of before lives.
    let path = format!("/api/accounts/{}", made["account"]["id"].as_str().unwrap());
    let close = |what: &str| world.post(&path).by("township_admin").json(&json!({ "do": what, "reason": "调离" })).send();
    assert_eq!(close("close").json()["account"]["state"], "closed");
    close("close").refused(409, "accounts/nothing-to-do");
    world.get("/api/session").cookie(&cookie).send().refused(401, "not-signed-in");
    sign_in().refused(401, "sign-in/refused");
    assert_eq!(close("reopen").json()["account"]["state"], "open");
    world.get("/api/session").cookie(&cookie).send().refused(401, "not-signed-in");
    assert_eq!(sign_in().status, 200);
}

#[test]
fn the_security_administrators_part() {
    let world = World::own();
    let village = |n: u8| {
        world.post("/api/session").from([10, 0, 0, n]).json(&json!({ "name": "test-village", "password": PASSWORD })).send()
    };
    let cookie = village(1).header("set-cookie").split(';').next().unwrap().to_owned();
    let token = json!({ "label": "x", "capabilities": ["read"], "days": 1 });
    let token = world.post("/api/account/tokens").cookie(&cookie).json(&token).send().json()["key"].as_str().unwrap().to_owned();
    let secret = world.store.accounts().begin_second_factor(person("village"), NOW_MS).unwrap();
    assert!(secret.is_some());
    let seen = world.get(&format!("/api/accounts/{}", person("village"))).by("security").send().json();
    assert_eq!((seen["sessions"][0]["address"].as_str(), seen["tokens"][0]["label"].as_str()), (Some("10.0.0.1"), Some("x")));
    let managed = world.get(&format!("/api/accounts/{}", person("village"))).by("admin").send().json();
    assert_eq!((managed["sessions"].as_array().unwrap().len(), managed["tokens"].as_array().unwrap().len()), (0, 0));
    let session = seen["sessions"][0]["id"].as_str().unwrap();
    act(&world, "security", "village", json!({ "do": "end_sessions", "session": "0000" })).refused(409, "accounts/nothing-to-do");
    assert_eq!(act(&world, "security", "village", json!({ "do": "end_sessions", "session": session })).status, 200);
    world.get("/api/session").cookie(&cookie).send().refused(401, "not-signed-in");
    let bearer = |w: &World| w.get("/api/session").header("authorization", &format!("Bearer {token}")).send();
    assert_eq!(bearer(&world).status, 200, "a token is no session");
    assert_eq!(act(&world, "security", "village", json!({ "do": "end_tokens" })).status, 200);
    bearer(&world).refused(401, "keys/refused");
    // Locked out, and let in again before the time.
    for n in 2..7 {
        let wrong = json!({ "name": "test-village", "password": "wrong" });
        world.post("/api/session").from([10, 0, 0, n]).json(&wrong).send().refused(401, "sign-in/refused");
    }
    village(8).refused(429, "sign-in/locked");
    assert_eq!(act(&world, "security", "village", json!({ "do": "unlock" })).json()["account"]["state"], "open");
    assert_eq!(village(9).status, 200);
    act(&world, "security", "village", json!({ "do": "unlock" })).refused(409, "accounts/nothing-to-do");
    act(&world, "security", "village", json!({ "do": "take_second_factor", "reason": "手机丢了" }))
        .refused(409, "accounts/nothing-to-do");
    let second = crate::access::signed_in_with_code(&world, "test-village");
    assert_eq!(second.status, 200);
    act(&world, "security", "village", json!({ "do": "take_second_factor", "reason": "" })).refused(422, "accounts/no-reason");
    let off = act(&world, "security", "village", json!({ "do": "take_second_factor", "reason": "手机丢了" }));
    assert_eq!(off.json()["account"]["second_factor"], false);
    assert_eq!(village(10).status, 200);
    world.ask(Method::DELETE, "/api/accounts/x").by("security").send().refused(405, "method-not-allowed");
}
