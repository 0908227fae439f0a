//! What somebody tries who means harm: in the name of another, past the folder, into a header, with a file that is two.
//! Which attack is proved where: docs/security/attacks.md.

use axum::http::Method;
use image::ImageFormat;
use serde_json::json;
use url::Url;
use uuid::Uuid;

use crate::world::*;

/// Words of our insides, which no answer may carry.
const INSIDES: [&str; 10] =
    ["panicked", "thread '", ".rs:", "src/", "SQLite", "rusqlite", "postgres", "/dev/shm", "os error", "syntax error"];

/// An answer of ours, whatever was asked: no accident, no insides, the headers in place.
#[track_caller]
fn sound(reply: &Reply, what: &str) {
    assert!(reply.status.as_u16() < 500, "{what}: {} {}", reply.status, reply.text());
    if reply.status.is_client_error() {
        let text = reply.text();
        for word in INSIDES {
            assert!(!text.contains(word), "{what}: {word} in {text}");
        }
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("server", ""),
        ("x-powered-by", ""),
        ("x-evil", ""),
    ] {
        assert_eq!(reply.header(name), value, "{what}: {name}");
    }
    assert!(reply.header("content-security-policy").contains("frame-ancestors 'none'"), "{what}");
    assert!(!reply.header("set-cookie").contains("evil"), "{what}");
}

fn writing() -> Vec<(Method, String)> {
    let all: Vec<_> =
        // Where the key stands in the address or comes as a bearer, whoever does not know it is refused whatever he brings:
        // `openrosa.rs`, `central.rs`.
        routes().into_iter().filter(|(m, _, permit)| m != Method::GET && !["key in path", "bearer"].contains(&permit.as_str())).map(|(m, p, _)| (m, filled(&p, At::Village))).collect();
    assert!(all.len() >= 9, "{all:?}");
    all
}

/// A page of another site can make a browser send forms, with our cookies where it lets them; and nothing else.
#[test]
fn another_site_cannot_write() {
    let shared = World::own();
    let before = (shared.recorded(), shared.stored_files());
    let command = json!({ "id": Uuid::now_v7(), "command": { "type": "problems.report", "place": place(At::Village).id, "field": "waste", "text": "x" } });
    for (method, path) in writing() {
        // One of them signs out.
        let world = shared.with_fresh_sessions();
        let api = path.starts_with("/api/");
        // What a form can send: three types of content, and JSON disguised as one of them.
        for media in
            ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=here", "", "application/json"]
        {
            for origin in
                ["https://evil.example", "null", "http://localhost:8081", "http://localhost:8080@evil.example", "file://"]
            {
                let ask = world.ask(method.clone(), &path).by(may_write(&path)).without("x-qianwan").header("origin", origin);
                let ask = ask.body(media, format!("{command}=")).header("referer", "http://localhost:8080/console/");
                ask.send().refused(403, "cross-site");
            }
        }
        // What browsers say of themselves is believed whatever header came along.
        for site in ["cross-site", "same-site", "", "none, same-origin"] {
            let ask = world.ask(method.clone(), &path).by(may_write(&path)).header("sec-fetch-site", site);
            let ask = ask.header("origin", "http://localhost:8080").json(&command);
            ask.send().refused(403, "cross-site");
        }
        // The header counts where a form cannot put it.
        let near = world.ask(method.clone(), &format!("{path}?x-qianwan=1")).by(may_write(&path)).without("x-qianwan");
        let near = near.header("origin", "https://evil.example").form(&[("x-qianwan", "1"), ("csrf", "0")]);
        near.send().refused(403, "cross-site");
        // No other method stands in for it.
        let ask =
            world.get(&format!("{path}?_method={method}")).by(may_write(&path)).header("x-http-method-override", method.as_str());
        let reply = ask.header("x-qianwan", "1").send();
        assert!([200, 303, 404, 405].contains(&reply.status.as_u16()), "{path}: {}", reply.status);
        // Where cookies travel over TLS only, a page that did not come over TLS is not ours.
        if !api {
            let secure = world.with(|s| s.secure_cookies = true);
            let ask = secure.ask(method.clone(), &path).by(may_write(&path)).header("origin", "http://localhost:8080");
            ask.form(&[("name", "x")]).send().refused(403, "cross-site");
        }
        let ours =
            world.ask(method.clone(), &path).header("sec-fetch-site", "same-origin").header("origin", "http://localhost:8080");
        let reply = ours.form(&[("name", "x")]).send();
        assert!(!reply.text().contains("/errors/cross-site"), "{method} {path}: our own page");
        sound(&reply, &path);
    }
    assert_eq!((shared.recorded(), shared.stored_files()), before, "nothing was recorded or kept");
}

/// Reading changes nothing: links, pictures and pages fetched ahead are harmless.
#[test]
fn reading_writes_nothing() {
    let world = World::own();
    let before = (world.recorded(), world.stored_files(), world.store.accounts().count().unwrap());
    for (method, path, _) in routes() {
        for at in [At::Village, At::County, At::ForeignVillage] {
            let path = filled(&path, at);
            for method in [&method, &Method::HEAD, &Method::OPTIONS] {
                if [Method::GET, Method::HEAD, Method::OPTIONS].contains(method) {
                    sound(&world.ask(method.clone(), &path).by("office").from([127, 0, 0, 1]).send(), &path);
                }
            }
        }
    }
    assert_eq!((world.recorded(), world.stored_files(), world.store.accounts().count().unwrap()), before);
    assert_eq!(world.get("/api/session").by("office").send().status, 200, "and signs nobody out");
}

/// Whoever plants a cookie in another's browser does not share his session.
#[test]
fn a_planted_session_is_not_taken_over() {
    let world = World::own();
    let planted = ["0123456789abcdef".repeat(4), "evil".into(), world.token("viewer")];
    let of = |reply: &Reply| {
        let cookie = reply.header("set-cookie");
        cookie.strip_prefix("qw_session=").and_then(|c| c.split(';').next()).unwrap_or_default().to_owned()
    };
    let who = |token: &str| world.get("/api/session").cookie(&format!("qw_session={token}")).send();
    let mut given = Vec::new();
    for (n, token) in (0..).zip(&planted) {
        let cookie = format!("qw_session={token}");
        let by_json = world.post("/api/session").cookie(&cookie).from([10, 9, 0, n]);
        let by_form = world.post("/login").cookie(&cookie).from([10, 9, 1, n]).header("origin", "http://localhost:8080");
        for reply in [
            by_json.json(&json!({ "name": "test-office", "password": PASSWORD })).send(),
            by_form.form(&[("name", "test-office"), ("password", PASSWORD)]).send(),
        ] {
            assert!([200, 303].contains(&reply.status.as_u16()), "{}", reply.text());
            let fresh = of(&reply);
            assert!(fresh.len() >= 32 && fresh != *token, "{fresh}");
            assert!(!given.contains(&fresh), "every sign-in makes its own");
            assert_eq!(who(&fresh).json()["account"]["name"], "test-office");
            assert_eq!(who(token).status, 401, "what came with the request is dead");
            given.push(fresh);
        }
    }
    // Signed out is signed out, for whoever kept the token.
    let last = given.pop().unwrap();
    let cookie = format!("qw_session={last}");
    let csrf = who(&last).json()["csrf"].as_str().unwrap().to_owned();
    let out = world.post("/logout").cookie(&cookie).form(&[("csrf", &csrf)]).send();
    assert_eq!((out.status.as_u16(), out.header("clear-site-data")), (303, "\"cache\""), "photographs seen go as well");
    assert_eq!(who(&last).status, 401);
    let other = given.pop().unwrap();
    let gone = world.ask(Method::DELETE, "/api/session").cookie(&format!("qw_session={other}")).send();
    assert!(gone.status.is_success() && gone.header("set-cookie").contains("Max-Age=0"), "{:?}", gone.headers);
    assert_eq!(gone.header("clear-site-data"), "\"cache\"");
    assert_eq!(who(&other).status, 401);
    // Two cookies of one name: the first counts, and a planted second does not become it.
    let own = world.token("township");
    let two = world.get("/api/session").cookie(&format!("qw_session={own}")).cookie("qw_session=evil").send();
    assert_eq!(two.json()["account"]["name"], "test-township");
}

/// Wherever a redirect leads, a browser stays with us: judged as browsers resolve addresses.
#[test]
fn redirects_stay_here() {
    let world = World::own();
    let here = Url::parse("http://localhost:8080/login").unwrap();
    let evil = "evil.example";
    let mut traps: Vec<String> = Vec::new();
    for slashes in [
        "//",
        "/\\",
        "\\/",
        "\\\\",
        "///",
        "/\t/",
        "/\n/",
        "/\r/",
        "\t//",
        " //",
        "//\t",
        "/ /",
        "/.//",
        "/..//",
        "/\u{feff}/",
        "／／",
        "/／",
    ] {
        traps.push(format!("{slashes}{evil}"));
        traps.push(format!("{slashes}user@{evil}/console/"));
    }
    for scheme in [
        "https:",
        "https:/",
        "https://",
        "https:\\\\",
        "HtTpS://",
        "ftp://",
        "javascript:alert(1)//",
        "\u{1}javascript:",
        "data:text/html,",
        "vbscript:",
    ] {
        traps.push(format!("{scheme}{evil}"));
    }
    for encoded in [
        "/%2f",
        "/%5c",
        "%2f%2f",
        "/%09/",
        "/%0d%0aLocation:%20//",
        "/%e2%80%ae//",
        "@",
        "/;//",
        "/?next=//",
        "/#//",
        ".",
        "?",
        "",
    ] {
        traps.push(format!("{encoded}{evil}"));
    }
    for (n, trap) in (0..).zip(&traps) {
        let parameter: String = url::form_urlencoded::byte_serialize(trap.as_bytes()).collect();
        let form = world.post("/login").from([10, 8, (n / 200) as u8, (n % 200) as u8]);
        for reply in [
            world.get(&format!("/login?next={parameter}")).by("office").send(),
            world.get(&format!("/login?next={parameter}&next=/console/")).by("office").send(),
            form.form(&[("name", "test-office"), ("password", PASSWORD), ("next", trap)]).send(),
        ] {
            assert_eq!(reply.status, 303, "{trap:?}: {}", reply.text());
            let to = here.join(reply.header("location")).unwrap();
            assert_eq!(to.origin(), here.origin(), "{trap:?} leads to {to}");
        }
    }
    // Nothing else redirects by what was asked for.
    for (method, path, _) in routes().into_iter().filter(|(m, ..)| m == Method::GET) {
        let path = filled(&path, At::Village);
        for name in ["next", "url", "to", "return", "redirect", "r"] {
            let reply = world.ask(method.clone(), &format!("{path}?{name}=https://{evil}")).header("accept", "text/html").send();
            let to = here.join(reply.header("location")).unwrap();
            assert_eq!(to.origin(), here.origin(), "{path}: {to}");
        }
    }
}

/// Words that end a header and begin another, wherever words go into one.
#[test]
fn headers_are_ours() {
    let world = World::own();
    let breaks =
        ["\r\nx-evil: 1", "\nx-evil: 1", "\r\n\r\n<script>", "\u{85}x-evil: 1", "嘊嘍x-evil: 1", "\"; filename=\"x.exe", "\0"];
    for (method, path, _) in routes().into_iter().filter(|(m, ..)| m == Method::GET) {
        for words in breaks {
            let encoded: String = url::form_urlencoded::byte_serialize(words.as_bytes()).collect();
            // In the place of each parameter of the path, and of the query.
            let mut asked = vec![format!(
                "{}?lang=en{encoded}&next=/{encoded}&r={encoded}&size={encoded}&q={encoded}&place={encoded}&sort={encoded}&after={encoded}",
                filled(&path, At::Village)
            )];
            for part in path.split('/').filter(|p| p.starts_with('{')) {
                asked.push(filled(&path.replace(part, &format!("problems.csv{encoded}")), At::Village));
            }
            for path in asked {
                let reply = world.ask(method.clone(), &path).by("office").header("accept-language", "en-GB,en;q=evil").send();
                sound(&reply, &path);
                for (name, value) in &reply.headers {
                    let value = String::from_utf8_lossy(value.as_bytes());
                    assert!(!value.contains("x.exe") && !value.contains(['\r', '\n', '\0']), "{path}: {name}: {value}");
                }
            }
        }
    }
    // A receipt of one's own choice goes into an address, as a receipt.
    let village = &place(At::Village).code;
    for (n, receipt) in
        (0..).zip(["收据收据收据", "abcdefghijkm&new=0#x", "a b c d e f g h%0d%0ax-evil: 1", "\"><script>alert(1)</script>"])
    {
        let id = Uuid::now_v7().to_string();
        let fields = [("id", id.as_str()), ("receipt", receipt), ("field", "waste"), ("words", "垃圾"), ("not_the_same", "1")];
        let reply = world.post(&format!("/v/{village}/report")).from([10, 7, 0, n]).form(&fields).send();
        sound(&reply, receipt);
        assert_eq!(reply.status, 303, "{receipt}: {}", reply.text());
        let to = Url::parse("http://localhost:8080").unwrap().join(reply.header("location")).unwrap();
        assert!(to.path().starts_with("/p/"), "{receipt}: {to}");
        let kept: Vec<(String, String)> = to.query_pairs().into_owned().collect();
        assert_eq!(kept, [("r".to_owned(), receipt.to_owned()), ("new".to_owned(), "1".to_owned())], "{to}");
        let page = world.get(&to[url::Position::BeforePath..]).send();
        assert!(page.status == 200 && !page.text().contains("<script"), "{receipt}: {}", page.text());
    }
    // Names of files that are sent go nowhere.
    let png = picture(11, 13, 17);
    for name in [
        "../../../etc/passwd",
        "a\\\"; filename=\\\"b",
        "..\\..\\x.exe",
        "<script>.png",
        "%0d%0ax-evil: 1",
        "CON",
        "名\u{202e}gnp.exe",
    ] {
        let reply = world.post("/api/files").by("office").parts(&[], &[("file", name, &png)]).send();
        sound(&reply, name);
        assert_eq!(reply.json()["type"], "image/png", "{name}");
        assert!(!reply.text().contains("script") && !reply.text().contains("exe"), "{name}: {}", reply.text());
    }
}

/// The host that a client names is printed on posters and in links to keep: only what can be a host, and for nobody else.
#[test]
fn the_host_is_a_name() {
    let poster = format!("/v/{}/poster.svg", place(At::Village).code);
    for host in ["evil.example/x", "a\"b", "<script>", "user@evil.example", "evil.example?", "a b", "evil.example#", ""] {
        let reply = SHARED.get(&poster).header("host", host).send();
        reply.refused(422, "bad-query");
        sound(&reply, host);
        SHARED.get("/").header("host", host).header("x-forwarded-host", "evil.example").send();
    }
    for header in ["x-forwarded-host", "x-host", "forwarded", "x-original-url", "x-rewrite-url"] {
        let reply = SHARED.get(&poster).header(header, "evil.example").send();
        assert!(reply.text().contains("http://localhost:8080/v/") && !reply.text().contains("evil"), "{header}");
    }
    for host in ["qianwan.test", "qianwan.test:8443", "192.0.2.7", "[2001:db8::1]:8443"] {
        let reply = SHARED.get(&poster).header("host", host).send();
        assert!(reply.text().contains(&format!("http://{host}/v/")), "{host}: {}", reply.text());
        assert_eq!(reply.header("cache-control"), "no-store", "nobody gets the address that another asked for");
    }
}

/// Out of the folder, in spellings that decode to it once, twice or wrongly.
#[test]
fn paths_stay_inside() {
    let up = [
        "..",
        "%2e%2e",
        ".%2e",
        "%252e%252e",
        "%c0%ae%c0%ae",
        "%e0%80%ae%e0%80%ae",
        "..;",
        "....",
        "%u002e%u002e",
        "..%00",
        "%ef%bc%8e%ef%bc%8e",
    ];
    let slashes = ["/", "%2f", "%5c", "%252f", "%c0%af", "%e0%80%af", "\\", "%ef%bc%8f", "//"];
    let targets = ["Cargo.toml", "etc/passwd", "qianwan.db", "keys.json", "tls%2froot.key"];
    let mut asked = 0;
    for up in up {
        for slash in slashes {
            for target in targets {
                let out = format!("{up}{slash}{up}{slash}{target}");
                for folder in [
                    "/assets/",
                    "/console/",
                    "/console/assets/",
                    "/field/",
                    "/public/files/",
                    "/api/files/",
                    "/api/export/",
                    "/api/tiles/",
                    "/api/rows/",
                    "/v/",
                    "/",
                ] {
                    let path = format!("{folder}{out}");
                    // What is no address at all never comes this far.
                    if path.parse::<axum::http::Uri>().is_err() {
                        continue;
                    }
                    let reply = SHARED.get(&path).by("office").send();
                    sound(&reply, &path);
                    let app = reply.status == 200 && reply.header("content-type").starts_with("text/html");
                    assert!(
                        reply.status == 404 || (app && (folder.starts_with("/console") || folder == "/field/")),
                        "{path}: {}",
                        reply.status
                    );
                    let text = reply.text();
                    assert!(!["[workspace", "root:", "SQLite format", "PRIVATE KEY"].iter().any(|w| text.contains(w)), "{path}");
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 3000, "{asked}");
}

/// A file is what its content is, and never a page: whatever it is called, says of itself, or carries behind its end.
#[test]
fn files_that_are_two() {
    let world = World::own();
    let page = b"<!DOCTYPE html><script>alert(document.domain)</script>";
    let script = b"=1;/*";
    let zip = b"PK\x03\x04\x14\0\0\0\0\0";
    let with_comment = |words: &[u8]| {
        let jpeg = encoded(16, 16, 3, ImageFormat::Jpeg);
        let mut out = jpeg[..2].to_vec();
        out.extend([0xFF, 0xFE]);
        out.extend(((words.len() + 2) as u16).to_be_bytes());
        out.extend(words);
        out.extend(&jpeg[2..]);
        out
    };
    let behind = |format, words: &[u8]| [encoded(16, 16, 4, format).as_slice(), words].concat();
    let gif = [b"GIF89a".as_slice(), script, b"*/alert(1)"].concat();
    let refused: [(&str, Vec<u8>); 9] = [
        ("a page", page.to_vec()),
        ("a page behind a byte order mark", [b"\xEF\xBB\xBF".as_slice(), page].concat()),
        ("a drawing", b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec()),
        ("a GIF that is a script", gif),
        ("a script", b"alert(1)".to_vec()),
        ("a workbook", zip.to_vec()),
        ("a PDF", b"%PDF-1.7\n".to_vec()),
        ("a page before a photo", [page.as_slice(), &encoded(8, 8, 1, ImageFormat::Jpeg)].concat()),
        ("a BMP", b"BM<script>alert(1)</script>".to_vec()),
    ];
    let names = ["photo.jpg", "photo.jpg.html", "x.svg", "x.html", "photo.png;.js"];
    for (what, content) in &refused {
        for name in names {
            let reply = world.post("/api/files").by("office").parts(&[], &[("file", name, content)]).send();
            assert_eq!(reply.status, 415, "{what} as {name}: {}", reply.text());
        }
    }
    let kept: [(&str, Vec<u8>, &str); 6] = [
        ("a photo with a page in its comment", with_comment(page), "image/jpeg"),
        ("a photo that is a script", with_comment(script), "image/jpeg"),
        ("a photo with a page behind it", behind(ImageFormat::Jpeg, page), "image/jpeg"),
        ("a picture with a page behind it", behind(ImageFormat::Png, page), "image/png"),
        ("a picture with a workbook behind it", behind(ImageFormat::Png, zip), "image/png"),
        ("a picture called a page", behind(ImageFormat::WebP, b""), "image/webp"),
    ];
    for (what, content, media) in kept {
        for name in names {
            let reply = world.post("/api/files").by("village").parts(&[], &[("file", name, &content)]).send();
            assert_eq!(reply.json()["type"], media, "{what} as {name}: {}", reply.text());
        }
        let told = world.post("/api/files").by("village").parts(&[], &[("file", "x.html", &content)]).send().json();
        let hash = told["hash"].as_str().unwrap();
        let report =
            json!({ "type": "problems.report", "place": place(At::Village).id, "field": "road", "text": what, "photos": [hash] });
        let id = world.done("village", report);
        for (path, wanted) in [
            (format!("/api/files/{hash}"), media),
            (format!("/api/files/{hash}?size=thumb"), "image/jpeg"),
            (format!("/public/files/{hash}?p={id}"), "image/jpeg"),
        ] {
            for accept in ["image/*", "text/html", "*/*"] {
                let reply = world.get(&path).by("village").header("accept", accept).send();
                assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, wanted), "{what}: {path}");
                sound(&reply, what);
                let kept_by_others = reply.header("cache-control").contains("public");
                assert_eq!(kept_by_others, path.starts_with("/public/"), "{path}: {}", reply.header("cache-control"));
                if wanted == "image/jpeg" && !path.ends_with(hash) {
                    assert!(!reply.body.windows(7).any(|w| w == b"<script"), "{what}: drawn anew, it is a picture only");
                }
            }
        }
    }
}

/// What belongs to somebody signed in is kept by nobody else.
#[test]
fn private_answers_stay_private() {
    let world = World::own();
    for (method, path, permit) in routes() {
        let path = filled(&path, At::Village);
        let reply = world.with_fresh_sessions().ask(method.clone(), &path).by("office").json(&json!({})).send();
        let cache = reply.header("cache-control");
        if permit != "public" || ["/api/session", "/key/"].iter().any(|p| path.starts_with(p)) {
            assert!(cache.contains("no-store") || cache.contains("private"), "{method} {path}: {cache}");
        }
        if reply.headers.contains_key("set-cookie") {
            assert!(!cache.contains("public"), "{method} {path}: {cache}");
            for cookie in reply.headers.get_all("set-cookie") {
                let cookie = cookie.to_str().unwrap();
                assert!(cookie.contains("SameSite=Lax") || cookie.contains("SameSite=Strict"), "{cookie}");
                assert!(cookie.contains("HttpOnly") || cookie.starts_with("qw_lang="), "{cookie}");
                assert!(!cookie.contains("Domain"), "{cookie}");
            }
        }
    }
    let receipt = world.get(&format!("/p/{}?r=abcdefghijkm", problem(At::Village))).send();
    assert_eq!(receipt.header("cache-control"), "no-store", "a receipt stands in the address");
}
