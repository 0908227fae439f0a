//! Whatever comes in: a clear 4xx in the language asked for, nothing broken, nothing stored.

use axum::http::Method;
use image::ImageFormat;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::*;

const HERE: &str = "http://localhost:8080";

#[test]
fn commands_that_are_none() {
    let world = World::own();
    let before = world.recorded();
    let id = Uuid::now_v7();
    let (place_id, problem_id) = (place(At::Village).id, problem(At::Village));
    let report = |change: Value| {
        let mut command = json!({ "type": "problems.report", "place": place_id, "field": "waste", "text": "垃圾" });
        for (key, value) in change.as_object().unwrap() {
            command[key] = value.clone();
        }
        json!({ "id": id, "command": command }).to_string()
    };
    let bodies: Vec<String> = vec![
        String::new(),
        "{".into(),
        "null".into(),
        "[]".into(),
        "\"text\"".into(),
        "{\"id\":1}".into(),
        format!("{{\"id\":\"{id}\"}}"),
        format!("{{\"id\":\"{id}\",\"command\":null}}"),
        format!("{{\"id\":\"{id}\",\"command\":{{}}}}"),
        format!("{{\"id\":\"{id}\",\"command\":{{\"type\":\"problems.fly\"}}}}"),
        format!("{{\"id\":\"{id}\",\"command\":{{\"type\":5}}}}"),
        format!("{{\"id\":\"nothing\",\"command\":{{\"type\":\"problems.report\"}}}}"),
        format!("{{\"id\":\"{id}\",\"command\":{{\"type\":\"problems.report\"}},\"more\":1}}"),
        format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        report(json!({ "place": "x" })),
        report(json!({ "place": 1.5 })),
        report(json!({ "place": -1e300 })),
        report(json!({ "field": "nothing" })),
        report(json!({ "field": null })),
        report(json!({ "text": 7 })),
        report(json!({ "text": "" })),
        report(json!({ "text": " \n\t " })),
        report(json!({ "text": "\u{202e}\u{200b}" })),
        report(json!({ "text": "长".repeat(2001) })),
        report(json!({ "position": { "lon_e7": 2_000_000_000, "lat_e7": 0 } })),
        report(json!({ "position": "here" })),
        report(json!({ "photos": ["not a hash"] })),
        report(json!({ "photos": ["../../etc/passwd"] })),
        report(json!({ "photos": ["0".repeat(64)] })),
        report(json!({ "photos": {} })),
        report(json!({ "found_ms": "yesterday" })),
        json!({ "id": id, "command": { "type": "problems.assign", "problem": problem_id, "due": "2026-02-30" } }).to_string(),
        json!({ "id": id, "command": { "type": "problems.assign", "problem": "x" } }).to_string(),
        json!({ "id": id, "command": { "type": "places.count", "place": place_id, "what": "hamlets", "value": -1, "on": TODAY, "method": "register" } }).to_string(),
        json!({ "id": id, "command": { "type": "rules.set", "place": place_id, "from": TODAY, "rule": "problems.topics", "value": { "villages_min": 3, "days": 90, "more": 1 }, "reason": "x" } }).to_string(),
    ];
    for body in bodies {
        for language in ["zh-CN", "en"] {
            let reply = world
                .post("/api/commands")
                .by("office")
                .header("accept-language", language)
                .body("application/json", body.clone())
                .send();
            let shown: String = body.chars().take(200).collect();
            assert_eq!(reply.status, 422, "{shown}: {}", reply.text());
            let document = reply.json();
            let (english, words) = (language == "en", document["detail"].as_str().unwrap());
            assert!(
                ["/errors/bad-command", "/errors/bad-upload"].contains(&document["type"].as_str().unwrap()),
                "{shown}: {document}"
            );
            assert_eq!(words.starts_with(|c: char| c.is_ascii()), english, "{shown}: {document}");
            assert!(!document["args"]["why"].as_str().unwrap().is_empty(), "{shown}");
            assert!(reply.body.len() < 4000, "{shown}: what came in does not come back whole");
        }
    }
    // Invalid UTF-8, and times that cannot be.
    world.post("/api/commands").by("office").body("application/json", vec![0xFF, 0xFE, b'{']).send().refused(422, "bad-command");
    for found_ms in [i64::MAX, i64::MIN, 0, NOW_MS + 86_400_000] {
        let reply = world.command(
            "office",
            json!({ "type": "problems.report", "place": place_id, "field": "waste", "text": "x", "found_ms": found_ms }),
        );
        assert_eq!(reply.status, 409, "{found_ms}: {}", reply.text());
    }
    assert_eq!(world.recorded(), before, "nothing was recorded");
}

#[test]
fn ten_megabytes_of_text() {
    let world = World::own();
    let before = world.recorded();
    let much = "长".repeat((10 << 20) / 3);
    let command = json!({ "id": Uuid::now_v7(), "command": { "type": "problems.report", "place": place(At::Village).id, "field": "waste", "text": much } });
    for language in ["zh-CN", "en"] {
        let reply = world.post("/api/commands").by("office").header("accept-language", language).json(&command).send();
        assert_eq!(reply.refused(413, "too-large")["args"]["max"], "1 MB");
    }
    world.post("/api/session").json(&json!({ "name": much, "password": "x" })).send().refused(413, "too-large");
    let megabyte = "x".repeat(400_000);
    assert_eq!(world.post("/api/session").json(&json!({ "name": megabyte, "password": megabyte })).send().status, 401);
    // A multipart form may be large, for its photos; its words may not.
    let path = format!("/v/{}/report", place(At::Village).code);
    let id = Uuid::now_v7().to_string();
    let fields = [("id", id.as_str()), ("receipt", "abcdefghijkm"), ("field", "waste"), ("words", &much)];
    let reply = world.post(&path).parts(&fields, &[]).send();
    assert_eq!(reply.refused(413, "too-large")["args"]["max"], "64 KB");
    // A little too much comes back, to be shortened.
    let more = "长".repeat(2001);
    let reply = world.post(&path).parts(&[&fields[..3], &[("words", more.as_str())]].concat(), &[]).send();
    assert!(reply.status == 422 && reply.text().contains(&more));
    world
        .ask(Method::DELETE, "/api/session")
        .by("office")
        .body("text/plain", vec![b'x'; 1 << 20])
        .send()
        .refused(413, "too-large");
    assert_eq!(world.recorded(), before);
}

/// Hostile words in every text: shown as words, on every public page, and cleaned of what disguises them.
#[test]
fn hostile_words_stay_words() {
    let world = World::own();
    let hostile = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&<!--\u{202e}\u{0}\u{7}";
    let clean = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&<!--";
    let id = world
        .done("office", json!({ "type": "problems.report", "place": place(At::Village).id, "field": "waste", "text": hostile }));
    let row = || world.get(&format!("/api/rows/problems/{id}")).by("office").send().json();
    assert_eq!(row()["row"]["text"], clean);
    world.done("office", json!({ "type": "problems.assign", "problem": id, "note": hostile }));
    world.done("village", json!({ "type": "problems.diagnose", "problem": id, "cause": hostile, "measure": hostile }));
    let photo =
        world.post("/api/files").by("village").parts(&[], &[("file", "<script>.png", &picture(5, 5, 5))]).send().json()["hash"]
            .clone();
    world.done("village", json!({ "type": "problems.claim_fix", "problem": id, "text": hostile, "photos": [photo] }));
    world.done("inspector", json!({ "type": "problems.verify_fix", "problem": id, "note": hostile }));
    let gone = world
        .done("office", json!({ "type": "problems.report", "place": place(At::Village).id, "field": "waste", "text": hostile }));
    world.done("office", json!({ "type": "problems.dismiss", "problem": gone, "reason": hostile }));
    world.done(
        "office",
        json!({ "type": "places.rename", "place": place(At::Village).id, "name": "<b>村</b>", "document": hostile }),
    );
    let code = &place(At::Village).code;
    let encoded: String = url::form_urlencoded::byte_serialize(clean.as_bytes()).collect();
    let pages = [
        format!("/p/{id}"),
        format!("/p/{id}?r={encoded}&new=1"),
        format!("/p/{gone}"),
        format!("/v/{code}"),
        format!("/v/{code}/report"),
        format!("/v/{code}/poster.svg"),
        format!("/v/{}", place(At::Township).code),
        format!("/?q={encoded}"),
        "/?q=%3Cb%3E".to_owned(),
        format!("/login?next=/{encoded}"),
        format!("/nothing/{encoded}"),
        format!("/welcome?token={encoded}"),
    ];
    for page in pages {
        let text = world.get(&page).header("accept", "text/html").send().text();
        for markup in ["<script", "<img src=x", "onerror=alert(2)>\"", "<b>村", "<!--"] {
            assert!(!text.contains(markup), "{page}: {markup}\n{text}");
        }
    }
    let page = world.get(&format!("/p/{id}")).send().text();
    assert!(page.matches("&lt;script&gt;").count() >= 3, "the words are there, as words");
    // Typed into the form and refused: shown again, as words.
    let back = world
        .post(&format!("/v/{code}/report"))
        .header("origin", HERE)
        .form(&[("words", hostile), ("field", hostile), ("id", hostile), ("receipt", hostile)])
        .send();
    assert!(back.status == 422 && !back.text().contains("<script") && back.text().contains("&lt;script"), "{}", back.text());
}

#[test]
fn odd_queries() {
    let office = |path: &str| SHARED.get(path).by("office").send();
    // Letters that mean something to a database are letters.
    let all = office("/api/rows/problems?count=1&limit=1").json()["count"].clone();
    for words in [
        "%27%20OR%201%3D1--",
        "%25",
        "_",
        "%5C",
        "%27",
        "%22",
        "%3B%20DROP%20TABLE%20fact%3B--",
        "%E2%80%AE",
        "*",
        "x%27)%20UNION%20SELECT%201--",
        "$1",
        "%7B%7D",
    ] {
        for view in ["problems", "places", "topics"] {
            let reply = office(&format!("/api/rows/{view}?count=1&q={words}"));
            assert_eq!(reply.status, 200, "{words}: {}", reply.text());
            assert!(view != "problems" || reply.json()["count"] != all, "{words} finds everything");
        }
        assert_eq!(SHARED.get(&format!("/?q={words}")).send().status, 200);
        assert_eq!(office(&format!("/api/rows/problems?number={words}&reporter={words}")).status, 200);
    }
    let bad = [
        "sort=nothing",
        "sort=text",
        "sort=--due",
        "sort=due;DROP",
        "limit=x",
        "limit=-1",
        "limit=1e3",
        "limit=99999999999999999999",
        "after=x",
        "after=%00",
        "after=bnVsbA",
        "sort=due&after=WzEsIngiXQ",
        "after=WzEsIngiXQ",
        "after=W3t9LCJ4Il0",
        "place=x",
        "place=1e9",
        "place=99999999999999999999",
        "due.from=yesterday",
        "due.from=2026-13-01",
        "due.above=2026-01-01",
        "open=maybe",
        "reopened.from=x",
        "reopened=1.5",
        "nothing=1",
        "text=x",
        "field.from=a",
        "q=%00",
        "%00=1",
        "field=%00",
        "post_place=9999999999999999999999",
    ];
    for query in bad {
        for (route, language) in [("rows", "en"), ("rows", "zh-CN"), ("groups", "en"), ("history", "en")] {
            // Groups have neither order nor pages.
            // … and facts come in their own order.
            let unused: &[&str] = match route {
                "groups" => &["sort", "limit", "after"],
                "history" => &["sort"],
                _ => &[],
            };
            if unused.iter().any(|w| query.starts_with(w)) && !query.contains("%00") {
                continue;
            }
            let reply = SHARED
                .get(&format!("/api/{route}/problems?by=state&{query}"))
                .by("office")
                .header("accept-language", language)
                .send();
            assert_eq!(reply.status, 422, "{route} {query}: {}", reply.text());
            let document = reply.refused(422, "bad-query");
            assert_eq!(document["detail"].as_str().unwrap().is_ascii(), language == "en", "{query}: {document}");
            assert!(!document["args"]["why"].as_str().unwrap().is_empty(), "{query}: {document}");
        }
    }
    for query in [
        "by=nothing",
        "by=@nothing",
        "by=text",
        "by=state,field,channel",
        "by=@county;DROP",
        "by=state&sum=text",
        "by=state&sum=nothing",
    ] {
        office(&format!("/api/groups/problems?{query}")).refused(422, "bad-query");
    }
    for query in ["level=nothing", "level=child&place=x"] {
        office(&format!("/api/indicators/problems_open?{query}")).refused(422, "bad-query");
    }
    for query in [
        "",
        "field=lighting&lon_e7=x&lat_e7=1",
        "field=lighting&lon_e7=2000000000&lat_e7=1",
        "field=lighting&lon_e7=99999999999&lat_e7=1",
    ] {
        office(&format!("/api/places/{}/duplicates?{query}", place(At::Village).id)).refused(422, "bad-query");
    }
    for path in [
        "/api/history/problems?before=x",
        "/api/history/problems?before=1-2",
        "/api/history/problems?before=1-2-3-4",
        "/api/facts?after=x",
        "/api/facts?after=-1-2-3",
    ] {
        office(path).refused(422, "bad-query");
    }
    // Large, but understood.
    assert_eq!(office("/api/rows/problems?limit=100000").json()["rows"].as_array().unwrap().len(), 200);
    assert_eq!(office("/api/rows/problems?limit=0").json()["rows"].as_array().unwrap().len(), 1);
    // The log is no more lenient than lists.
    for limit in ["x", "-1", "1.5", "null"] {
        office(&format!("/api/facts?limit={limit}")).refused(422, "bad-query");
    }
    assert_eq!(office("/api/rows/problems?field=&q=&sort=&after=").status, 200);
    // A day written otherwise means that day.
    let count = |query: &str| office(&format!("/api/rows/problems?count=1&limit=1&{query}")).json()["count"].clone();
    assert_eq!(count("reported_on.from=20260601"), count("reported_on.from=2026-06-01"));
    office(&format!("/api/rows/problems?q={}", "x".repeat(101))).refused(422, "bad-query");
}

#[test]
fn names_that_lead_out() {
    let office = |path: &str| SHARED.get(path).by("office").send();
    let out = [
        "..%2F..%2FCargo.toml",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "..%5C..%5Cx",
        "%00",
        "tokens.css%00",
        ".",
        "..",
        "%2Fetc%2Fpasswd",
        "tokens.css/",
        "%FF%FE",
    ];
    for name in out {
        for folder in ["/assets/", "/console/", "/field/", "/public/files/", "/v/", "/p/"] {
            let reply = office(&format!("{folder}{name}"));
            let status = reply.status.as_u16();
            // The apps' own first page is the answer to every address within them.
            let own_page = ["/console/", "/field/"].contains(&folder)
                && status == 200
                && reply.header("content-type").starts_with("text/html");
            assert!(own_page || status == 404, "{folder}{name}: {status}");
            assert!(!reply.text().contains("root:") && !reply.text().contains("[workspace"), "{folder}{name}");
        }
        for path in [
            format!("/api/files/{name}"),
            format!("/api/rows/{name}"),
            format!("/api/rows/problems/{name}"),
            format!("/api/export/{name}"),
            format!("/api/indicators/{name}"),
            format!("/api/tiles/{name}/1/1/1.mvt"),
        ] {
            office(&path).refused(404, "not-found");
        }
    }
    for id in ["x", "-", "00000000-0000-0000-0000-000000000000", "' OR 1=1", "99999999999999999999"]
        .map(|i| url::form_urlencoded::byte_serialize(i.as_bytes()).collect::<String>())
    {
        for path in [
            format!("/api/places/{id}/dossier"),
            format!("/p/{id}"),
            format!("/v/{id}"),
            format!("/v/{id}/report"),
            format!("/v/{id}/poster.svg"),
            format!("/api/history/problems/{id}"),
        ] {
            office(&path).refused(404, "not-found");
        }
    }
    SHARED.get(&format!("/v/{}", "9".repeat(60_000))).send().refused(404, "not-found");
    let long = office(&format!("/api/rows/problems?field={}", "x,".repeat(20_000)));
    assert!([200, 422].contains(&long.status.as_u16()), "{}", long.status);
    let host = SHARED.get(&format!("/v/{}/poster.svg", place(At::Village).code)).header("host", &"h".repeat(4000)).send();
    host.refused(422, "bad-query");
}

#[test]
fn wrong_methods() {
    let all = routes();
    for (_, pattern, _) in &all {
        let path = filled(pattern, At::Village);
        // Another pattern may stand for the same address.
        let known = |method: &Method| all.iter().any(|(m, p, _)| m == method && filled(p, At::Village) == path);
        for method in [Method::PUT, Method::PATCH, Method::TRACE].into_iter().filter(|m| !known(m)) {
            for language in ["zh-CN", "en"] {
                let reply = SHARED.ask(method.clone(), &path).by("office").header("accept-language", language).send();
                match path.starts_with("/v1/key/") {
                    // Surveying apps are told in their own dialect.
                    true => assert_eq!((reply.status.as_u16(), reply.header("x-openrosa-version")), (405, "1.0"), "{path}"),
                    false => drop(reply.refused(405, "method-not-allowed")),
                }
                assert_ne!(reply.header("allow"), "", "{path} says what is allowed");
            }
        }
    }
}

/// Uploads that are no photos, or no uploads.
#[test]
fn odd_uploads() {
    let world = World::own();
    let before = (world.stored_files(), world.recorded());
    let (png, jpeg) = (picture(20, 20, 50), encoded(64, 64, 50, ImageFormat::Jpeg));
    let upload = |content: &[u8]| world.post("/api/files").by("office").parts(&[], &[("file", "photo.jpg", content)]);
    let mut bomb = png.clone();
    bomb[16..24].copy_from_slice(&[0, 0, 0x4E, 0x20, 0, 0, 0x4E, 0x20]);
    let head = crc(&bomb[12..29]).to_be_bytes();
    bomb[29..33].copy_from_slice(&head);
    let mut wide = png.clone();
    wide[16..24].copy_from_slice(&[0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1]);
    let head = crc(&wide[12..29]).to_be_bytes();
    wide[29..33].copy_from_slice(&head);
    let html = b"<!DOCTYPE html><script>alert(1)</script>".to_vec();
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".to_vec();
    let gif = b"GIF89a\x01\0\x01\0\0\0\0;".to_vec();
    let mut large = jpeg.clone();
    large.resize((16 << 20) + 1, 0);
    let refused: Vec<(&str, Vec<u8>, u16, &str)> = vec![
        ("a page named .jpg", html, 415, "unsupported-media"),
        ("a drawing with a script", svg, 415, "unsupported-media"),
        ("a GIF", gif, 415, "unsupported-media"),
        ("empty", Vec::new(), 415, "unsupported-media"),
        ("text", "照片".into(), 415, "unsupported-media"),
        ("half a JPEG", jpeg[..jpeg.len() / 2].to_vec(), 422, "broken-photo"),
        ("a JPEG without its end", jpeg[..jpeg.len() - 2].to_vec(), 422, "broken-photo"),
        ("the first bytes of a JPEG", jpeg[..4].to_vec(), 422, "broken-photo"),
        ("half a PNG", png[..png.len() / 2].to_vec(), 422, "broken-photo"),
        ("400 million pixels", bomb, 422, "bad-upload"),
        ("2 thousand million pixels wide", wide, 422, "broken-photo"),
        ("more than 16 MB", large, 413, "too-large"),
    ];
    for (what, content, status, word) in refused {
        for language in ["zh-CN", "en"] {
            let reply = upload(&content).header("accept-language", language).send();
            assert_eq!(reply.status.as_u16(), status, "{what}: {}", reply.text());
            reply.refused(status, word);
        }
        // By the public form as well, which says it on the page.
        let id = Uuid::now_v7().to_string();
        let fields =
            [("id", id.as_str()), ("receipt", "abcdefghijkm"), ("field", "waste"), ("words", "看照片"), ("not_the_same", "1")];
        let path = format!("/v/{}/report", place(At::Village).code);
        let page = world.post(&path).parts(&fields, &[("photo", "photo.jpg", &content)]).from([10, 3, 0, status as u8]).send();
        // No file chosen is an empty file: that is no fault.
        if what != "empty" {
            assert_eq!(page.status.as_u16(), status, "{what}: {}", page.text());
            assert!(page.text().contains("看照片") && page.text().contains("role=\"alert\""), "{what}");
        }
    }
    let odd: Vec<(&str, Ask<'_>, u16)> = vec![
        ("no boundary", world.post("/api/files").by("office").body("multipart/form-data", "--here--"), 415),
        ("not a form", world.post("/api/files").by("office").body("image/png", png.clone()), 415),
        (
            "another boundary",
            world.post("/api/files").by("office").body("multipart/form-data; boundary=there", "--here\r\n\r\nx\r\n--here--"),
            422,
        ),
        (
            "no end",
            world.post("/api/files").by("office").body(
                "multipart/form-data; boundary=here",
                "--here\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx",
            ),
            422,
        ),
        ("nothing", world.post("/api/files").by("office").body("multipart/form-data; boundary=here", ""), 422),
        ("another part", world.post("/api/files").by("office").parts(&[("other", "x")], &[]), 422),
        ("a hundred parts", world.post("/api/files").by("office").parts(&[("x", "y"); 100], &[("file", "a.png", &png)]), 422),
    ];
    for (what, ask, status) in odd {
        let reply = ask.send();
        assert_eq!(reply.status.as_u16(), status, "{what}: {}", reply.text());
        assert!(reply.json()["type"].as_str().unwrap().starts_with("/errors/"));
    }
    let too_much = vec![0; (48 << 20) + 1];
    world.post("/api/files").by("office").parts(&[], &[("file", "a.jpg", &too_much)]).send().refused(413, "too-large");
    for name in ["viewer", "admin", "ended"] {
        world.post("/api/files").by(name).parts(&[], &[("file", "a.png", &png)]).send().refused(403, "forbidden");
    }
    // The empty photo of the form above was a good report; nothing else was recorded, and no file was kept.
    assert_eq!((world.stored_files(), world.recorded()), (before.0, before.1 + 1));

    // Mislabelled, but photos; with broken EXIF, but photos.
    for content in [
        png.clone(),
        encoded(8, 8, 1, ImageFormat::WebP),
        broken_exif(&jpeg),
        broken_exif(&jpeg[..]).into_iter().chain(*b"trailing bytes of a phone").collect(),
    ] {
        let reply = upload(&content).send();
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(reply.json()["position"].is_null());
    }
}

/// An EXIF block whose offsets lead out of it.
fn broken_exif(jpeg: &[u8]) -> Vec<u8> {
    let mut out = jpeg[..2].to_vec();
    out.extend(b"\xFF\xE1\x00\x20Exif\0\0MM\0\x2A\xFF\xFF\xFF\xF0\xFF\xFF\x01\x12\0\x03\0\0\0\x01\0\x06\0\0");
    out.extend(&jpeg[2..]);
    out
}

/// The check sum of PNG.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { 0xEDB8_8320 ^ (c >> 1) } else { c >> 1 })
    })
}

/// Too many photos, forms filled in by programs, and a disk that is not filled by reports that are refused.
#[test]
fn the_public_form() {
    let world = World::own();
    let path = format!("/v/{}/report", place(At::Village).code);
    let id = Uuid::now_v7().to_string();
    let fields = |extra: &[(&'static str, &'static str)]| -> Vec<(String, String)> {
        let mut all = vec![
            ("id", id.as_str()),
            ("receipt", "abcdefghijkm"),
            ("field", "waste"),
            ("words", "看照片"),
            ("not_the_same", "1"),
        ];
        all.retain(|(n, _)| !extra.iter().any(|(e, _)| e == n));
        all.extend(extra);
        all.into_iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect()
    };
    let before = world.recorded();
    for (extra, status) in [
        (&[("website", "http://spam.example")][..], 422),
        (&[("field", "")], 422),
        (&[("field", "nothing")], 422),
        (&[("words", "  ")], 422),
        (&[("receipt", "short")], 422),
        (&[("receipt", "")], 422),
        (&[("id", "x")], 422),
        (&[("photo_hash", "0000000000000000000000000000000000000000000000000000000000000000")], 422),
    ] {
        let given = fields(extra);
        let pairs: Vec<(&str, &str)> = given.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let reply = world.post(&path).form(&pairs).send();
        assert_eq!(reply.status.as_u16(), status, "{extra:?}: {}", reply.text());
    }
    let photos: Vec<Vec<u8>> = (0..5).map(|n| picture(6, 6, 200 + n)).collect();
    let files: Vec<(&str, &str, &[u8])> = photos.iter().map(|p| ("photo", "a.png", p.as_slice())).collect();
    let given = fields(&[]);
    let pairs: Vec<(&str, &str)> = given.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(world.post(&path).parts(&pairs, &files).send().status, 422, "five photos");
    assert_eq!(world.recorded(), before);
    // One address sends the same form again and again with other photos: it is not kept for ever.
    let kept = world.stored_files().len();
    for n in 0..40_u8 {
        let photos: Vec<Vec<u8>> = (0..4).map(|k| picture(7 + u32::from(n), 7, k)).collect();
        let files: Vec<(&str, &str, &[u8])> = photos.iter().map(|p| ("photo", "a.png", p.as_slice())).collect();
        world.post(&path).parts(&pairs[..4], &files).send();
    }
    assert!(world.stored_files().len() - kept <= 48, "{}", world.stored_files().len() - kept);
    for at in [At::Township, At::County] {
        world.get(&format!("/v/{}/report", place(at).code)).send().refused(404, "not-found");
        world.post(&format!("/v/{}/report", place(at).code)).form(&pairs).send().refused(404, "not-found");
    }
    for body in [&b"\xFF\xFE%zz=&&&=&=="[..], b"", b"words", b"%"] {
        let reply = world.post(&path).body("application/x-www-form-urlencoded", body).send();
        assert_eq!(reply.status, 422);
    }
}
