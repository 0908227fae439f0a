//! Too much of anything: deep, wide, many, packed. Refused or answered in good time, and nothing falls over.

use std::time::{Duration, Instant};

use axum::http::Method;
use serde_json::json;

use crate::world::*;

/// Long for one answer, even here, unoptimised and beside other tests.
const GOOD_TIME: Duration = Duration::from_secs(20);

#[track_caller]
fn answered(what: &str, ask: Ask<'_>) -> Reply {
    let began = Instant::now();
    let reply = ask.send();
    assert!(reply.status.as_u16() < 500, "{what}: {} {}", reply.status, reply.text());
    assert!(began.elapsed() < GOOD_TIME, "{what}: {:?}", began.elapsed());
    assert!(reply.body.len() < 3 << 20, "{what}: {} bytes came back", reply.body.len());
    reply
}

fn writing() -> impl Iterator<Item = (Method, String)> {
    routes().into_iter().filter(|(m, ..)| m != Method::GET && m != Method::HEAD).map(|(m, p, _)| (m, filled(&p, At::Village)))
}

/// Each route that reads a body, with each of these bodies.
#[test]
fn bodies_that_are_too_much() {
    let shared = World::own();
    let before = (shared.recorded(), shared.stored_files());
    let deep = |open: &str, close: &str, n: usize| format!("{}{}", open.repeat(n), close.repeat(n));
    // Keys that a weak hash would put into one place: here they are only many.
    let keys: String = (0..40_000).map(|n| format!("\"{n:x}\":0,")).collect();
    let pairs: String = (0..60_000).map(|n| format!("k{n}=v&")).collect();
    let parts: String = (0..10_000)
        .map(|n| format!("--here\r\nContent-Disposition: form-data; name=\"k{n}\"\r\n\r\nv\r\n"))
        .chain(["--here--\r\n".to_owned()])
        .collect();
    let heads = format!("--here\r\n{}\r\n\r\nv\r\n--here--\r\n", "X-Head: 1\r\n".repeat(20_000));
    let long_head =
        format!("--here\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\nv\r\n--here--\r\n", "n".repeat(500_000));
    // A kilobyte that would be a megabyte: nobody unpacks it.
    let packed = {
        use std::io::Write;
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(&vec![b' '; 8 << 20]).unwrap();
        out.finish().unwrap()
    };
    let bodies: Vec<(&str, &str, Vec<u8>)> = vec![
        ("100,000 arrays", "application/json", deep("[", "]", 100_000).into()),
        ("100,000 objects", "application/json", deep("{\"a\":", "}", 100_000).replace(":}", ":1}").into()),
        ("100,000 arrays that never end", "application/json", "[".repeat(100_000).into()),
        (
            "arrays where a command stands",
            "application/json",
            format!("{{\"id\":\"00000000-0000-7000-8000-000000000000\",\"command\":{}}}", deep("[", "]", 100_000)).into(),
        ),
        ("40,000 keys", "application/json", format!("{{{keys}\"id\":0}}").into()),
        (
            "40,000 keys in a command",
            "application/json",
            format!("{{\"id\":\"00000000-0000-7000-8000-000000000000\",\"command\":{{{keys}\"type\":\"problems.report\"}}}}")
                .into(),
        ),
        ("a number of a million digits", "application/json", "9".repeat(1 << 20).into()),
        ("a million quotes", "application/json", "\\\"".repeat(500_000).into()),
        ("60,000 fields", "application/x-www-form-urlencoded", pairs.into()),
        ("a million signs of nothing", "application/x-www-form-urlencoded", "&".repeat(1 << 20).into()),
        ("10,000 parts", "multipart/form-data; boundary=here", parts.into()),
        ("20,000 heads of a part", "multipart/form-data; boundary=here", heads.into()),
        ("a name as long as a book", "multipart/form-data; boundary=here", long_head.into()),
        ("a million dashes", "multipart/form-data; boundary=here", "-".repeat(1 << 20).into()),
        ("a long boundary", "multipart/form-data; boundary=", vec![b'-'; 1 << 18]),
        ("packed", "application/json", packed),
    ];
    let phone = json!({ "label": "巡查手机", "place": place(At::Village).id, "days": 30 });
    let phone = shared.post("/api/app-users").by("admin").json(&phone).send().json();
    for (method, path) in writing() {
        // The door is the key; behind it, what comes is looked at.
        let path =
            path.replace("/v1/key/00000000-0000-0000-0000-000000000000", &format!("/v1/key/{}", phone["key"].as_str().unwrap()));
        let world = shared.with_fresh_sessions();
        for (n, (what, media, body)) in (0..).zip(&bodies) {
            let what = format!("{what} to {method} {path}");
            let ask = world
                .ask(method.clone(), &path)
                .by(may_write(&path))
                .from([10, 6, 0, n])
                .header("origin", "http://localhost:8080");
            let ask = if body.starts_with(&[0x1F, 0x8B]) { ask.header("content-encoding", "gzip") } else { ask };
            let reply = answered(&what, ask.body(media, body.clone()));
            // Two forms look at no field of theirs: to sign out needs none.
            let harmless = path == "/logout" || method == Method::DELETE;
            assert!(reply.status.is_client_error() || harmless, "{what}: {} {}", reply.status, reply.text());
            assert_ne!(reply.status, 403, "{what}: it was looked at");
        }
    }
    assert_eq!((shared.recorded(), shared.stored_files()), before);
}

#[test]
fn questions_that_are_too_much() {
    let pairs: String = (0..6_000).map(|n| format!("k{n}=v&")).collect();
    let same = "state=reported&".repeat(4_000);
    let list = format!("field={}", "waste,".repeat(10_000));
    let deep = {
        use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
        format!("after={}", URL_SAFE_NO_PAD.encode("[".repeat(40_000)))
    };
    let long = format!("q={}", "%E6%9D%91".repeat(6_000));
    let broken = "%".repeat(60_000);
    for (method, path, _) in routes().into_iter().filter(|(m, ..)| m == Method::GET) {
        for query in [&pairs, &same, &list, &deep, &long, &broken, &"lang=en&".repeat(7_000)] {
            let path = format!("{}?{query}", filled(&path, At::Village));
            answered(&path[..80.min(path.len())], SHARED.ask(method.clone(), &path).by("office").from([127, 0, 0, 1]));
        }
    }
    for name in
        ["accept-language", "cookie", "accept", "accept-encoding", "if-none-match", "x-forwarded-for", "origin", "content-type"]
    {
        for value in ["a,".repeat(30_000), "a=b; ".repeat(12_000), ";q=0.5,".repeat(8_000), "x".repeat(60_000)] {
            answered(name, SHARED.get("/").header(name, &value));
            answered(name, SHARED.post("/api/commands").header(name, &value).json(&json!({})));
        }
    }
    // A tag as a bomb for whoever compares languages; many cookies of one name.
    let many = vec!["qw_session=x"; 3_000].join("; ");
    SHARED.get("/api/session").cookie(&many).send().refused(401, "not-signed-in");
}

/// EXIF that leads in circles, counts to four thousand million, or nests without end: a photo all the same, and nothing said.
#[test]
fn exif_that_is_too_much() {
    let world = World::own();
    let jpeg = encoded(24, 24, 9, image::ImageFormat::Jpeg);
    let entry = |tag: u16, kind: u16, count: u32, value: u32| -> Vec<u8> {
        [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value.to_be_bytes()].concat()
    };
    let tiff = |entries: &[Vec<u8>], next: u32| -> Vec<u8> {
        let head = [b"MM\0\x2A\0\0\0\x08".as_slice(), &(entries.len() as u16).to_be_bytes()].concat();
        [head, entries.concat(), next.to_be_bytes().to_vec()].concat()
    };
    let blocks = [
        ("a directory that follows itself", tiff(&[entry(0x0112, 3, 1, 0x0001_0000)], 8)),
        ("a part that is the whole", tiff(&[entry(0x8769, 4, 1, 8), entry(0x8825, 4, 1, 8)], 8)),
        ("four thousand million numbers", tiff(&[entry(0x8825, 4, u32::MAX, 26), entry(2, 5, u32::MAX, 26)], 0)),
        ("four thousand million letters", tiff(&[entry(0x9003, 2, u32::MAX, 26), entry(0x010E, 2, u32::MAX, 8)], 0)),
        ("5,000 entries", tiff(&vec![entry(0x8769, 4, 1, 8); 5_000], 8)),
        ("no entries, 65,535 told", [b"MM\0\x2A\0\0\0\x08\xFF\xFF".as_slice(), &[0; 12]].concat()),
    ];
    for (what, block) in blocks {
        let mut photo = jpeg[..2].to_vec();
        photo.extend([0xFF, 0xE1]);
        photo.extend(((block.len() + 8) as u16).to_be_bytes());
        photo.extend(b"Exif\0\0");
        photo.extend(&block);
        photo.extend(&jpeg[2..]);
        let reply = answered(what, world.post("/api/files").by("office").parts(&[], &[("file", "a.jpg", &photo)]));
        assert_eq!(reply.status, 200, "{what}: {}", reply.text());
        assert!(reply.json()["position"].is_null() && reply.json()["taken_ms"].is_null(), "{what}: {}", reply.text());
        let thumb = format!("/api/files/{}?size=thumb", reply.json()["hash"].as_str().unwrap());
        assert_eq!(answered(what, world.get(&thumb).by("office")).status, 200, "{what}");
    }
}
