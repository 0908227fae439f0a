//! Signing in in earnest: two steps, passwords that may be chosen, sessions that are listed and ended, links that work once.

use axum::http::Method;
use domain::basics::Role;
use serde_json::json;
use server::access::Access;
use totp_rs::{Builder, Secret};

use crate::world::*;

const NEW: &str = "correct horse 电池";
const STEP_MS: i64 = 30_000;

fn code(secret: &str, now_ms: i64) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    Builder::new().with_secret(secret).build_noncompliant().generate((now_ms / 1000) as u64).to_string()
}

fn account(name: &str) -> domain::basics::AccountId {
    SEED.people.iter().find(|(n, _)| n == name).unwrap().1
}

/// The second factor of somebody, on since two steps ago.
fn enrol(world: &World, name: &str) -> (String, Vec<String>) {
    let (accounts, before) = (world.store.accounts(), NOW_MS - 2 * STEP_MS);
    let secret = accounts.begin_second_factor(account(name), before).unwrap().unwrap().secret;
    let codes = accounts.confirm_second_factor(account(name), &code(&secret, before), before).unwrap().unwrap();
    (secret, codes)
}

fn first_step(world: &World, name: &str) -> Reply {
    world.post("/api/session").json(&json!({ "name": name, "password": PASSWORD })).send()
}

fn half_cookie(reply: &Reply) -> String {
    let cookie = reply.header("set-cookie");
    assert!(cookie.starts_with("qw_half=") && cookie.contains("HttpOnly"), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

fn session_cookie(reply: &Reply) -> String {
    let cookies: Vec<&str> = reply.headers.get_all("set-cookie").iter().map(|v| v.to_str().unwrap()).collect();
    let cookie = cookies.iter().find(|c| c.starts_with("qw_session=")).unwrap_or_else(|| panic!("no session in {cookies:?}"));
    cookie.split(';').next().unwrap().to_owned()
}

pub fn signed_in_with_code(world: &World, name: &str) -> Reply {
    let (secret, _) = enrol(world, name);
    let half = half_cookie(&first_step(world, name));
    world.post("/api/session/code").cookie(&half).json(&json!({ "code": code(&secret, NOW_MS) })).send()
}

#[test]
fn the_second_step_by_json() {
    let world = World::own();
    let (secret, recovery) = enrol(&world, "test-office");
    let first = first_step(&world, "test-office");
    first.refused(401, "sign-in/second-step");
    let half = half_cookie(&first);
    let step = |cookie: &str, code: &str| world.post("/api/session/code").cookie(cookie).json(&json!({ "code": code })).send();
    // The half-way cookie opens nothing, whatever it calls itself.
    let token = half.strip_prefix("qw_half=").unwrap();
    for cookie in [half.clone(), format!("qw_session={token}")] {
        world.get("/api/session").cookie(&cookie).send().refused(401, "not-signed-in");
    }
    step("qw_half=0000", &code(&secret, NOW_MS)).refused(401, "sign-in/over");
    step(&half, "000000").refused(401, "sign-in/wrong-code");
    step(&half, &code(&secret, NOW_MS - 3 * STEP_MS)).refused(401, "sign-in/wrong-code");
    let done = step(&half, &code(&secret, NOW_MS));
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(done.json()["account"]["name"], "test-office");
    assert_eq!(world.get("/api/today").cookie(&session_cookie(&done)).send().status, 200);
    step(&half, &code(&secret, NOW_MS + STEP_MS)).refused(401, "sign-in/over");
    // Looked over the shoulder: the same code once more.
    let half = half_cookie(&first_step(&world, "test-office"));
    step(&half, &code(&secret, NOW_MS)).refused(401, "sign-in/wrong-code");
    assert_eq!(step(&half, &recovery[0]).status, 200);
    let half = half_cookie(&first_step(&world, "test-office"));
    step(&half, &recovery[0]).refused(401, "sign-in/wrong-code");
}

#[test]
fn wrong_codes_lock_the_account() {
    let world = World::own();
    let (secret, _) = enrol(&world, "test-office");
    for _ in 0..5 {
        let half = half_cookie(&first_step(&world, "test-office"));
        world
            .post("/api/session/code")
            .cookie(&half)
            .json(&json!({ "code": "000000" }))
            .send()
            .refused(401, "sign-in/wrong-code");
    }
    first_step(&world, "test-office").refused(429, "sign-in/locked");
    let later = world.with(|s| s.now_ms = Some(NOW_MS + 601_000));
    let half = half_cookie(&first_step(&later, "test-office"));
    let good = json!({ "code": code(&secret, NOW_MS + 601_000) });
    assert_eq!(later.post("/api/session/code").cookie(&half).json(&good).send().status, 200);
}

/// As a browser without JavaScript does it: enrol, sign out, come again with a code, renew, turn off.
#[test]
fn the_second_factor_by_plain_forms() {
    let world = World::own();
    let here = ("origin", "http://localhost:8080");
    let page = world.get("/second-factor").by("office").send().text();
    assert!(page.contains("<svg"), "{page}");
    let secret: String = page.split("id=\"secret\">").nth(1).unwrap().split('<').next().unwrap().replace(' ', "");
    let form = |by: &str, fields: &[(&str, &str)]| world.post("/second-factor").by(by).header(here.0, here.1).form(fields).send();
    let good = code(&secret, NOW_MS);
    let wrong_password = form("office", &[("do", "on"), ("password", "nonsense"), ("code", &good)]);
    assert_eq!(wrong_password.status, 422);
    let wrong_code = form("office", &[("do", "on"), ("password", PASSWORD), ("code", "000000")]);
    assert_eq!(wrong_code.status, 422);
    assert!(wrong_code.text().contains(&secret[..4]), "the same secret, still to be scanned");
    let done = form("office", &[("do", "on"), ("password", PASSWORD), ("code", &good)]);
    assert_eq!(done.status, 200, "{}", done.text());
    let text = done.text();
    let codes: Vec<&str> = text.split("<li><code>").skip(1).map(|p| p.split('<').next().unwrap()).collect();
    assert_eq!(codes.len(), 10, "{text}");
    assert_eq!(done.header("cache-control"), "no-store");

    let first = world.post("/login").form(&[("name", "test-office"), ("password", PASSWORD), ("next", "/v/1?x=1&y=2")]).send();
    assert_eq!((first.status.as_u16(), first.header("location")), (303, "/login/code?next=%2Fv%2F1%3Fx%3D1%26y%3D2"));
    let half = half_cookie(&first);
    let asked = world.get(first.header("location")).cookie(&half).send();
    assert!(asked.text().contains("name=\"code\"") && asked.text().contains("/v/1?x=1&amp;y=2"));
    assert_eq!(world.get("/login/code").send().header("location"), "/login", "not without the first step");
    let wrong = world.post("/login/code").cookie(&half).form(&[("code", "000000")]).send();
    assert_eq!(wrong.status, 401);
    assert!(wrong.text().contains("name=\"code\""));
    let used = world.post("/login/code").cookie(&half).form(&[("code", &good)]).send();
    assert_eq!(used.status, 401, "used up by enrolling");
    for next in ["https://evil.example/", "//evil.example", "/\\evil.example"] {
        let half = half_cookie(&world.post("/login").form(&[("name", "test-office"), ("password", PASSWORD)]).send());
        let _ = half;
        assert!(!world.get(&format!("/login/code?next={next}")).cookie(&half).send().text().contains("evil"), "{next}");
    }
    let inside = world.post("/login/code").cookie(&half).form(&[("code", codes[1]), ("next", "/console/x")]).send();
    assert_eq!((inside.status.as_u16(), inside.header("location")), (303, "/console/x"), "{}", inside.text());
    assert_eq!(world.get("/api/today").cookie(&session_cookie(&inside)).send().status, 200);
    let change = |what: &str, password: &str, code: &str| {
        world
            .post("/second-factor")
            .cookie(&session_cookie(&inside))
            .header(here.0, here.1)
            .form(&[("do", what), ("password", password), ("code", code)])
            .send()
    };
    for what in ["renew", "off"] {
        assert_eq!(change(what, PASSWORD, "000000").status, 422, "{what}");
        assert_eq!(change(what, "nonsense", codes[2]).status, 422, "{what}: a code alone changes nothing");
    }
    assert_eq!(change("off", PASSWORD, codes[2]).status, 303, "and is not used up by it");
    assert_eq!(
        world.post("/login").form(&[("name", "test-office"), ("password", PASSWORD)]).send().header("location"),
        "/console/"
    );
}

#[test]
fn administrators_enrol_before_anything_else() {
    let world = World::own().with(|s| s.access = Access::default());
    for path in ["/api/session", "/api/today", "/api/accounts", "/api/rows/problems"] {
        world.get(path).by("admin").send().refused(403, "second-factor-required");
    }
    let report = json!({ "type": "rules.set" });
    world.post("/api/commands").by("admin").json(&report).send().refused(403, "second-factor-required");
    let token = json!({ "label": "x", "capabilities": ["read"], "days": 1 });
    world.post("/api/account/tokens").by("admin").json(&token).send().refused(403, "second-factor-required");
    assert_eq!(world.get("/second-factor").by("admin").send().status, 200);
    assert_eq!(world.get("/api/account").by("admin").send().status, 200);
    assert_eq!(world.get("/api/today").by("office").send().status, 200, "nobody else has to");
    let (_, codes) = enrol(&world, "test-admin");
    assert_eq!(world.get("/api/accounts").by("admin").send().status, 200);
    let off = world.post("/second-factor").by("admin").header("origin", "http://localhost:8080");
    let off = off.form(&[("do", "off"), ("code", &codes[0])]).send();
    assert_eq!(off.status, 403, "it stays on");
    // Another installation may ask more people.
    let strict = World::own().with(|s| s.access.second_factor_for = vec![Role::Office]);
    strict.get("/api/today").by("office").send().refused(403, "second-factor-required");
}

#[test]
fn passwords_that_may_be_chosen() {
    let world = World::own();
    let change = |current: &str, new: &str| {
        world.post("/api/account/password").by("office").json(&json!({ "current": current, "new": new })).send()
    };
    for (new, word) in [
        ("short", "sign-in/weak-password"),
        ("elevenchars", "sign-in/weak-password"),
        ("password1234", "sign-in/common-password"),
        ("test-office is a good one", "sign-in/password-names"),
        ("QIANWAN batteries 77", "sign-in/password-names"),
        ("青溪县好地方真漂亮啊好", "sign-in/weak-password"),
        ("青溪县好地方真漂亮啊好吗", "sign-in/password-names"),
    ] {
        change(PASSWORD, new).refused(422, word);
    }
    change(PASSWORD, &"long ".repeat(60)).refused(422, "sign-in/long-password");
    change("wrong", NEW).refused(422, "sign-in/wrong-password");
    let before = world.store.accounts().open_session(account("test-office"), NOW_MS).unwrap();
    let done = change(PASSWORD, NEW);
    assert_eq!(done.status, 200, "{}", done.text());
    world.get("/api/session").cookie(&format!("qw_session={before}")).send().refused(401, "not-signed-in");
    assert_eq!(world.get("/api/session").by("office").send().status, 200, "one's own stays");
    first_step(&world, "test-office").refused(401, "sign-in/refused");
    let longest = format!("{NEW}{}", "é".repeat(128));
    assert_eq!(change(NEW, &longest).status, 200, "more than 128 characters");
    assert_eq!(world.post("/api/session").json(&json!({ "name": "test-office", "password": longest })).send().status, 200);
    // Whoever found the session open guesses no faster than at the door.
    let guesses: Vec<u16> = (0..12).map(|n| change(&format!("guess {n}"), NEW).status.as_u16()).collect();
    assert!(guesses.contains(&429), "{guesses:?}");
}

#[test]
fn sessions_are_listed_and_ended() {
    let world = World::own();
    let sign_in = |agent: &str, from: u8| {
        let credentials = json!({ "name": "test-office", "password": PASSWORD });
        session_cookie(&world.post("/api/session").header("user-agent", agent).from([10, 0, 0, from]).json(&credentials).send())
    };
    let desk = sign_in("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", 1);
    let phone = sign_in("Mozilla/5.0 (iPhone) Version/18.0 Safari/604.1 <b>", 2);
    assert_ne!(desk, phone);
    let account = world.get("/api/account").cookie(&desk).send().json();
    let sessions = account["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    let of = |own: bool| sessions.iter().find(|s| s["own"] == own).unwrap();
    assert_eq!((of(true)["browser"].as_str(), of(true)["address"].as_str()), (Some("Firefox · Linux"), Some("10.0.0.1")));
    assert_eq!(of(false)["browser"], "Safari · iPhone");
    let other = of(false)["id"].as_str().unwrap();
    let end = |by: &str, id: &str| world.ask(Method::DELETE, &format!("/api/account/sessions/{id}")).by(by).send();
    end("viewer", other).refused(404, "not-found");
    assert_eq!(end("office", other).status, 200);
    world.get("/api/session").cookie(&phone).send().refused(401, "not-signed-in");
    // Signing in again in the same browser is another session, and the one before is over.
    let again = world.post("/login").cookie(&desk).header("origin", "http://localhost:8080");
    let again = session_cookie(&again.form(&[("name", "test-office"), ("password", PASSWORD)]).send());
    assert_ne!(again, desk);
    world.get("/api/session").cookie(&desk).send().refused(401, "not-signed-in");
    let others = world.ask(Method::DELETE, "/api/account/sessions").cookie(&again).send();
    assert_eq!(others.json()["ended"], 1, "the one of the tests");
    assert_eq!(world.get("/api/session").cookie(&again).send().status, 200);
}

/// An administrator's unwatched screen is worth more than another's.
#[test]
fn an_administrators_session_is_short() {
    let world = World::own();
    let cookie = |name: &str| session_cookie(&first_step(&world, name));
    let (admin, office) = (cookie("test-admin"), cookie("test-office"));
    let lives = |cookie: &str, minutes: i64| {
        world.with(|s| s.now_ms = Some(NOW_MS + minutes * 60_000)).get("/api/session").cookie(cookie).send().status == 200
    };
    assert!(lives(&admin, 29) && lives(&office, 29));
    assert!(lives(&admin, 58) && !lives(&admin, 88), "half an hour after the last request");
    assert!(lives(&office, 88));
    let admin = cookie("test-admin");
    for minutes in (20..=12 * 60 - 20).step_by(20) {
        assert!(lives(&admin, minutes), "{minutes}");
    }
    assert!(!lives(&admin, 12 * 60), "a working day in any case");
}

#[test]
fn a_link_sets_one_password() {
    let world = World::own();
    let act = |what: &str| {
        world.post(&format!("/api/accounts/{}", person("village"))).by("security").json(&json!({ "do": what })).send()
    };
    let (secret, _) = enrol(&world, "test-village");
    let first = act("reset").json();
    let url = act("reset").json()["link"]["url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix("http://localhost:8080").unwrap();
    world.get(first["link"]["url"].as_str().unwrap()).send().refused(404, "link-used");
    let page = world.get(path).send();
    assert!(page.text().contains("test-village") && page.header("cache-control") == "no-store", "{}", page.text());
    assert_eq!(page.header("referrer-policy"), "same-origin", "with none a browser would send the form with a null origin");
    assert_eq!(world.get(path).send().status, 200, "looking does not use it up");
    let token = path.split("token=").nth(1).unwrap();
    let send = |password: &str, again: &str| {
        world.post("/link").form(&[("token", token), ("password", password), ("again", again)]).send()
    };
    assert_eq!(send("short", "short").status, 422);
    assert_eq!(send(NEW, "another").status, 422);
    assert_eq!(send("password1234", "password1234").status, 422);
    let session = world.token("village");
    // Several at once: for one of them.
    let asks = (0..6).map(|n| {
        let password = format!("horse {n} 电池 correct");
        world.post("/link").form(&[("token", token), ("password", &password), ("again", &password)])
    });
    let replies: Vec<u16> = world.all(asks.collect()).into_iter().map(|r| r.status.as_u16()).collect();
    assert_eq!(replies.iter().filter(|s| **s == 303).count(), 1, "{replies:?}");
    assert!(replies.iter().all(|s| [303, 404].contains(s)), "{replies:?}");
    world.get(path).send().refused(404, "link-used");
    send(NEW, NEW).refused(404, "link-used");
    world.get("/api/session").cookie(&format!("qw_session={session}")).send().refused(401, "not-signed-in");
    let winner = format!("horse {} 电池 correct", replies.iter().position(|s| *s == 303).unwrap());
    let half = world.post("/api/session").json(&json!({ "name": "test-village", "password": winner })).send();
    half.refused(401, "sign-in/second-step");
    let inside =
        world.post("/api/session/code").cookie(&half_cookie(&half)).json(&json!({ "code": code(&secret, NOW_MS) })).send();
    assert_eq!(inside.status, 200, "the second factor is asked for still");
    // Over by time.
    let url = act("reset").json()["link"]["url"].as_str().unwrap().to_owned();
    let late = world.with(|s| s.now_ms = Some(NOW_MS + 24 * 3_600_000));
    late.get(&url).send().refused(404, "link-used");
    assert_eq!(world.get(&url).send().status, 200);
    // One for a first password is none for a second, and a closed account has none.
    assert!(world.store.accounts().close(person("village"), NOW_MS).unwrap());
    world.get(&url).send().refused(404, "link-used");
}
