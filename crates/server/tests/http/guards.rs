//! What stands between the service and other sites, guessers and the curious.

use std::time::Instant;

use axum::http::Method;
use serde_json::json;

use crate::world::*;

fn sign_in(world: &World, name: &str, password: &str, from: u8) -> Reply {
    world.post("/api/session").json(&json!({ "name": name, "password": password })).from([10, 0, 0, from]).send()
}

#[test]
fn writing_needs_the_header() {
    let writing: Vec<_> =
        routes().into_iter().filter(|(method, path, _)| method != Method::GET && path.starts_with("/api/")).collect();
    assert!(writing.len() >= 4);
    for (method, path, permit) in writing {
        // Somebody who may come in, so that the header is all that is missing.
        let names = match permit.split('.').next() {
            Some("accounts") => &["admin"][..],
            Some("particulars") => &["office", "head"],
            Some("surveys") if permit.ends_with("manage") => &["office"],
            Some("planning") => &["office"],
            _ => &["office", "village"],
        };
        for name in names {
            SHARED.ask(method.clone(), &path).by(name).without("x-qianwan").send().refused(403, "cross-site");
        }
    }
    SHARED
        .post("/api/session")
        .without("x-qianwan")
        .json(&json!({ "name": "test-office", "password": PASSWORD }))
        .send()
        .refused(403, "cross-site");
}

#[test]
fn forms_of_another_site_are_refused() {
    let world = World::own();
    // Where the key stands in the address, comes as a bearer or as a password, nothing counts that a browser sends by itself.
    let form = |path: &str| !path.starts_with("/api/") && !path.starts_with("/v1/");
    let forms: Vec<_> = routes().into_iter().filter(|(method, path, _)| method == Method::POST && form(path)).collect();
    assert!(forms.len() >= 5);
    for (method, path, _) in &forms {
        let path = filled(path, At::Village);
        // One of them signs out.
        let world = world.with_fresh_sessions();
        for origin in [
            "https://evil.example",
            "null",
            "http://localhost:8081",
            "https://localhost:8080.evil.example",
            "http://evil.example/localhost:8080",
        ] {
            let reply = world.ask(method.clone(), &path).by("office").header("origin", origin).form(&[("name", "x")]).send();
            reply.refused(403, "cross-site");
        }
        // Without an origin a session has to show its own token.
        world.ask(method.clone(), &path).by("office").form(&[("name", "x")]).send().refused(403, "cross-site");
        world.ask(method.clone(), &path).by("office").form(&[("csrf", "0000")]).send().refused(403, "cross-site");
        let reply =
            world.ask(method.clone(), &path).by("office").header("origin", "http://localhost:8080").form(&[("name", "x")]).send();
        assert_ne!(reply.status, 403, "{path}: our own page");
        let world = world.with_fresh_sessions();
        let csrf = world.get("/api/session").by("office").send().json()["csrf"].as_str().unwrap().to_owned();
        let reply = world.ask(method.clone(), &path).by("office").form(&[("csrf", &csrf)]).send();
        assert_ne!(reply.status, 403, "{path}: the session's own token");
        let csrf =
            world.with_fresh_sessions().get("/api/session").by("viewer").send().json()["csrf"].as_str().unwrap().to_owned();
        world
            .with_fresh_sessions()
            .ask(method.clone(), &path)
            .by("office")
            .form(&[("csrf", &csrf)])
            .send()
            .refused(403, "cross-site");
    }
    // The report form is sent in parts.
    let path = format!("/v/{}/report", place(At::Village).code);
    let world = world.with_fresh_sessions();
    let csrf = world.get("/api/session").by("office").send().json()["csrf"].as_str().unwrap().to_owned();
    let reply = world.post(&path).by("office").parts(&[("csrf", &csrf)], &[]).send();
    assert_ne!(reply.status, 403, "{}", reply.text());
}

#[test]
fn forms_work_where_no_host_is_sent() {
    // Browsers speak HTTP/2 over TLS.
    let world = SHARED.with_fresh_sessions();
    let sign_in = |origin| {
        let form = world.post("https://qianwan.test/login").header("origin", origin).form(&[("name", "x"), ("password", "y")]);
        form.send()
    };
    assert_eq!(sign_in("https://qianwan.test").status, 401, "looked at, and found wrong");
    sign_in("https://evil.example").refused(403, "cross-site");
    let poster = world.get(&format!("https://qianwan.test/v/{}/poster.svg", place(At::Village).code)).send();
    assert!(poster.text().contains("://qianwan.test/v/"), "{}", poster.text());
}

#[test]
fn the_cookie_cannot_be_read_or_carried_off() {
    let world = World::own();
    let cookie = sign_in(&world, "test-office", PASSWORD, 1).header("set-cookie").to_owned();
    for flag in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(flag), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "a demo on loopback has no TLS");
    let secure = world.with(|s| s.secure_cookies = true);
    let reply = secure.post("/login").form(&[("name", "test-office"), ("password", PASSWORD)]).from([10, 0, 0, 2]).send();
    assert_eq!(reply.status, 303, "{}", reply.text());
    assert!(reply.header("set-cookie").ends_with("; Secure"), "{}", reply.header("set-cookie"));
    assert_eq!(reply.header("strict-transport-security"), "max-age=31536000");
    // Over TLS browsers take it from this host alone; one of the bare name, which others could plant, opens nothing.
    let over_tls = reply.header("set-cookie").split(';').next().unwrap();
    let value = over_tls.strip_prefix("__Host-qw_session=").unwrap_or_else(|| panic!("{over_tls}"));
    assert_eq!(secure.get("/api/session").cookie(over_tls).send().status, 200);
    secure.get("/api/session").cookie(&format!("qw_session={value}")).send().refused(401, "not-signed-in");
    let language = secure.get("/?lang=en").send();
    assert!(language.header("set-cookie").ends_with("; Secure"), "{}", language.header("set-cookie"));
    for bad in ["qw_session=", "qw_session=x", &format!("qw_session={}", "0".repeat(64)), "qw_session=%00", "other=1"] {
        SHARED.get("/api/session").cookie(bad).send().refused(401, "not-signed-in");
    }
    // Ended by time: twelve hours without a request.
    let token = world.token("viewer");
    let late = world.with(|s| s.now_ms = Some(NOW_MS + 13 * 3_600_000));
    late.get("/api/session").cookie(&format!("qw_session={token}")).send().refused(401, "not-signed-in");
}

/// Known and unknown names are told apart neither by the answers nor by the work they cost.
#[test]
fn guessing_passwords() {
    let world = World::own();
    let told = |name: &str, from: u8| -> Vec<(u16, String)> {
        (0..8)
            .map(|n| {
                let reply = sign_in(&world, name, &format!("wrong password {n}"), from);
                (reply.status.as_u16(), reply.text())
            })
            .collect()
    };
    let known = told("test-office", 1);
    assert_eq!(known, told("nobody at all", 2), "an unknown name answers alike");
    assert_eq!(known.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [401, 401, 401, 401, 401, 429, 429, 429]);
    let locked = sign_in(&world, "test-office", PASSWORD, 3).refused(429, "sign-in/locked");
    assert!((1..=600).contains(&locked["args"]["seconds"].as_i64().unwrap()), "{locked}");
    // From the other door as well.
    let form = world.post("/login").form(&[("name", "test-office"), ("password", PASSWORD)]).from([10, 0, 0, 4]).send();
    assert_eq!(form.status, 429);
    let later = world.with(|s| s.now_ms = Some(NOW_MS + 601_000));
    assert_eq!(sign_in(&later, "test-office", PASSWORD, 1).status, 200);

    let world = World::own();
    let mut cost = [Vec::new(), Vec::new()];
    for n in 0..4 {
        for (known, name) in ["test-viewer", "nobody at all"].into_iter().enumerate() {
            let began = Instant::now();
            sign_in(&world, name, "wrong password", 10 + n).refused(401, "sign-in/refused");
            cost[known].push(began.elapsed());
        }
    }
    let [known, unknown] = cost.map(|times| times.into_iter().min().unwrap().as_secs_f64());
    assert!((0.4..2.5).contains(&(known / unknown)), "known {known} s, unknown {unknown} s");
    // A right password wipes the slate.
    assert_eq!(sign_in(&world, "test-viewer", PASSWORD, 20).status, 200);
    sign_in(&world, "test-viewer", "wrong password", 21).refused(401, "sign-in/refused");
    assert_eq!(sign_in(&world, "test-viewer", PASSWORD, 22).status, 200);
}

#[test]
fn one_address_does_not_try_for_ever() {
    let world = World::own();
    let tries: Vec<u16> = (0..31).map(|n| sign_in(&world, &format!("name {n}"), "x", 9).status.as_u16()).collect();
    assert!(tries[..30].iter().all(|s| *s == 401));
    assert_eq!(tries[30], 429);
    assert_eq!(sign_in(&world, "test-office", PASSWORD, 8).status, 200, "others are not kept out");
    // The address is the proxy's word only where there is a proxy.
    let lie = world
        .post("/api/session")
        .json(&json!({ "name": "a", "password": "b" }))
        .from([10, 0, 0, 9])
        .header("x-forwarded-for", "10.9.9.9")
        .send();
    lie.refused(429, "too-many");
    let proxied = world.with(|s| s.behind_proxy = true);
    for (forwarded, n) in [("10.7.7.7", 31), ("6.6.6.6, 10.7.7.8", 1)] {
        let last = (0..n)
            .map(|_| {
                proxied
                    .post("/api/session")
                    .json(&json!({ "name": "a", "password": "b" }))
                    .header("x-forwarded-for", forwarded)
                    .send()
            })
            .last()
            .unwrap();
        assert_eq!(last.status.as_u16() == 429, n == 31 || last.json()["type"] == "/errors/sign-in/locked", "{forwarded}");
    }
}

#[test]
fn public_reports_are_limited() {
    let world = World::own();
    let report = |n: u32, from: [u8; 4], village: At| {
        let id = uuid::Uuid::now_v7().to_string();
        let words = format!("第{n}件事");
        let fields =
            [("id", id.as_str()), ("receipt", "abcdefghijkm"), ("field", "road"), ("words", &words), ("not_the_same", "1")];
        world.post(&format!("/v/{}/report", place(village).code)).form(&fields).from(from).send()
    };
    let rule = (6, 60);
    for n in 0..rule.0 {
        assert_eq!(report(n, [10, 0, 1, 1], At::Village).status, 303);
    }
    let refused = report(7, [10, 0, 1, 1], At::Village);
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert!(refused.text().contains("第7件事"), "what was typed is not lost");
    assert_eq!(report(8, [10, 0, 1, 1], At::CousinVillage).status, 429, "nor elsewhere");
    let mut accepted = rule.0;
    for n in 0..rule.1 {
        accepted += u32::from(report(n, [10, 0, 2, n as u8], At::Village).status == 303);
    }
    assert_eq!(accepted, rule.1, "one village is not buried");
    assert_eq!(report(1, [10, 0, 3, 1], At::CousinVillage).status, 303);
}

#[test]
fn signing_in_leads_nowhere_else() {
    let world = World::own();
    let traps = [
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "http:evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "/%09/evil.example",
        "/console/\r\nset-cookie: a=b",
        "",
    ];
    for (n, trap) in (0..).zip(traps) {
        let encoded: String = url::form_urlencoded::byte_serialize(trap.as_bytes()).collect();
        for reply in [
            world.get(&format!("/login?next={encoded}")).by("office").send(),
            world
                .post("/login")
                .form(&[("name", "test-office"), ("password", PASSWORD), ("next", trap)])
                .from([10, 0, 5, n])
                .send(),
        ] {
            let to = reply.header("location");
            let stays = to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\t', '\n', '\r']);
            assert!(reply.status == 303 && stays, "{trap:?} → {to:?}");
        }
    }
    let reply = world.get("/login?next=%2Ffield%2Ftasks%3Fa%3D1").by("office").send();
    assert_eq!(reply.header("location"), "/field/tasks?a=1");
}

#[test]
fn the_language_asked_for() {
    let asks = [
        ("/api/rows/problems", None, None, "请先登录"),
        ("/api/rows/problems", None, Some("en-GB,en;q=0.9"), "Sign in first"),
        ("/api/rows/problems", None, Some("fr,de;q=0.5"), "请先登录"),
        ("/api/rows/problems", None, Some("fr, en;q=0.5"), "Sign in first"),
        ("/api/rows/problems", Some("qw_lang=en"), Some("zh-CN"), "Sign in first"),
        ("/api/rows/problems?lang=zh-CN", Some("qw_lang=en"), Some("en"), "请先登录"),
        ("/api/rows/problems?lang=en", None, None, "Sign in first"),
        ("/api/rows/problems?lang=xx", None, None, "请先登录"),
    ];
    for (path, cookie, header, title) in asks {
        let mut ask = SHARED.get(path);
        if let Some(cookie) = cookie {
            ask = ask.cookie(cookie);
        }
        if let Some(header) = header {
            ask = ask.header("accept-language", header);
        }
        assert_eq!(ask.send().refused(401, "not-signed-in")["title"], title, "{path} {cookie:?} {header:?}");
    }
    assert!(SHARED.get("/?lang=en").send().header("set-cookie").starts_with("qw_lang=en;"));
    assert_eq!(
        SHARED.get("/").header("accept-language", "en").send().header("set-cookie"),
        "",
        "remembered only where it was chosen"
    );
}

#[test]
fn every_answer_carries_the_headers() {
    let mut paths: Vec<(Method, String)> = routes().into_iter().map(|(m, p, _)| (m, filled(&p, At::Village))).collect();
    paths.push((Method::GET, "/nothing/here".into()));
    paths.push((Method::PUT, "/api/rows/problems".into()));
    paths.push((Method::GET, "/v/%FF".into()));
    paths.push((Method::GET, "/api/rows/problems/%FF".into()));
    for (method, path) in paths {
        let reply = SHARED.ask(method.clone(), &path).send();
        let policy = reply.header("content-security-policy");
        assert!(
            policy.contains("default-src 'self'") && policy.contains("script-src 'self' 'wasm-unsafe-eval'"),
            "{method} {path}: {policy:?}"
        );
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.split("style-src").next().unwrap().contains("unsafe-inline"),
            "{path}: {policy}"
        );
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(reply.header("qianwan-demo"), "1", "{path}");
        assert_ne!(reply.header("cache-control"), "", "{path}");
        assert!(
            !path.starts_with("/api/") || reply.header("cache-control").contains("no-store") || path.contains("tiles"),
            "{path}"
        );
        assert_eq!(reply.header("server"), "", "{path}");
    }
    let plain = World::empty();
    assert_eq!(plain.get("/").send().header("qianwan-demo"), "");
    assert!(plain.get("/api/session").send().json().get("demo").is_none());
}

/// Something breaks inside: the person gets a number, the log gets the rest.
#[test]
fn an_accident_tells_its_number_only() {
    let world = World::own();
    // A small one would lie in the database.
    let large = crate::world::encoded(1000, 1000, 9, image::ImageFormat::Jpeg);
    assert!(large.len() > 16 << 10, "{}", large.len());
    let photo = world.post("/api/files").by("office").parts(&[], &[("file", "a.jpg", &large)]).send().json();
    let hash = photo["hash"].as_str().unwrap();
    std::fs::remove_file(world.store.dir().join("files").join(&hash[..2]).join(hash)).unwrap();
    for language in ["zh-CN", "en"] {
        let reply = world.get(&format!("/api/files/{hash}")).by("office").header("accept-language", language).send();
        let document = reply.refused(500, "accident");
        assert_eq!(keys(&document), ["args", "demo", "detail", "status", "title", "type"]);
        assert_eq!(keys(&document["args"]), ["id"]);
        let text = reply.text();
        assert!(
            !text.contains(hash) && !text.contains("/dev/shm") && !text.contains("os error") && !text.contains("src/"),
            "{text}"
        );
    }
}

#[test]
fn the_one_time_link_works_once() {
    let world = World::empty();
    let link = || world.store.accounts().make_link(store::LinkPurpose::FirstAdmin, None, NOW_MS + 1000).unwrap();
    let (first, second) = (link(), link());
    let become_admin = |token: &str, name: &str, password: &str, again: &str| {
        world.post("/welcome").form(&[("token", token), ("name", name), ("password", password), ("again", again)]).send()
    };
    assert_eq!(world.get(&format!("/welcome?token={first}")).send().status, 200);
    world.get("/welcome?token=0000").send().refused(404, "link-used");
    assert_eq!(become_admin(&first, "", "long enough pw", "long enough pw").status, 422);
    assert_eq!(become_admin(&first, "boss", "short", "short").status, 422);
    assert_eq!(become_admin(&first, "boss", "long enough pw", "another one pw").status, 422);
    become_admin("0000", "boss", "long enough pw", "long enough pw").refused(404, "link-used");
    let reply = become_admin(&first, "boss", "long enough pw", "long enough pw");
    assert_eq!((reply.status.as_u16(), reply.header("location")), (303, "/console/"));
    become_admin(&first, "other", "long enough pw", "long enough pw").refused(404, "link-used");
    // A link that was printed by an earlier start makes no second first administrator.
    world.get(&format!("/welcome?token={second}")).send().refused(404, "link-used");
    become_admin(&second, "boss", "long enough pw", "long enough pw").refused(404, "link-used");
    assert_eq!(world.store.accounts().count().unwrap(), 1);
    let late = World::empty();
    let token = late.store.accounts().make_link(store::LinkPurpose::FirstAdmin, None, NOW_MS - 1).unwrap();
    late.get(&format!("/welcome?token={token}")).send().refused(404, "link-used");
}

/// Somebody who follows a link gets a page, a program a document.
#[test]
fn people_get_pages() {
    let page = SHARED.get("/v/000000000000").header("accept", "text/html,*/*").send();
    assert_eq!((page.status.as_u16(), page.header("content-type")), (404, "text/html; charset=utf-8"));
    let to_login = SHARED.post("/logout").header("accept", "text/html").form(&[]).send();
    assert_eq!((to_login.status.as_u16(), to_login.header("location")), (303, "/login"));
    SHARED.get("/api/rows/problems").header("accept", "text/html").send().refused(401, "not-signed-in");
    assert_eq!(SHARED.get("/nothing").header("accept", "text/html").send().header("content-type"), "text/html; charset=utf-8");
}
