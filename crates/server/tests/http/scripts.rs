//! No word that a person can enter becomes a script, on any page that can be reached; and no page has a script of its own.

use std::collections::{BTreeSet, VecDeque};

use axum::http::Method;
use serde_json::{Value, json};

use crate::world::*;

/// Words as people with bad intentions enter them. Each carries a mark by which it is found again.
const HOSTILE: [&str; 4] = [
    "mark1<script>alert(1)</script>",
    "mark2\"onmouseover=\"alert(2)\" x=\"",
    "mark3'><svg/onload=alert(3)>",
    "mark4</title></textarea></style><img src=x onerror=alert(4)>{{constructor.constructor('alert(4)')()}}",
];

/// Opening tags with their attributes, as a browser would see them.
fn tags(page: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
        rest = &rest[name.len()..];
        let mut attributes = Vec::new();
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if rest.is_empty() || rest.starts_with('>') || name.is_empty() {
                break;
            }
            let word: String = rest.chars().take_while(|c| !c.is_whitespace() && !"=/>".contains(*c)).collect();
            rest = &rest[word.len()..];
            let mut value = String::new();
            if let Some(after) = rest.strip_prefix('=') {
                let quote = after.chars().next().filter(|q| ['"', '\''].contains(q));
                let (inner, behind) = match quote {
                    Some(q) => after[1..].split_once(q).unwrap_or((&after[1..], "")),
                    None => after.split_at(after.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(after.len())),
                };
                (value, rest) = (inner.to_owned(), behind);
            } else if word.is_empty() {
                rest = &rest[1..];
            }
            attributes.push((word.to_ascii_lowercase(), value));
        }
        if !name.is_empty() {
            tags.push((name.to_ascii_lowercase(), attributes));
        }
    }
    tags
}

#[test]
fn the_eye_that_looks_for_tags() {
    let found = tags("<a href='/x?a=1' onclick=go()>x</a><img src=\"y\"/><script>1</script><p hidden>1 < 2");
    let names: Vec<&str> = found.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["a", "img", "script", "p"]);
    assert_eq!(found[0].1, [("href".into(), "/x?a=1".into()), ("onclick".into(), "go()".into())]);
    assert_eq!(found[3].1, [("hidden".to_owned(), String::new())]);
}

/// Nothing on a page runs but files of ours; where it leads.
#[track_caller]
fn inert(path: &str, page: &str) -> Vec<String> {
    let mut leads = Vec::new();
    for (name, attributes) in tags(page) {
        let of = |wanted: &str| attributes.iter().find(|(n, _)| n == wanted).map(|(_, v)| v.as_str());
        match name.as_str() {
            "script" => assert!(of("src").is_some_and(|s| s.starts_with('/') && !s.starts_with("//")), "{path}: {attributes:?}"),
            "iframe" | "object" | "embed" | "base" | "applet" | "frame" => panic!("{path}: <{name}>"),
            _ => {}
        }
        for (attribute, value) in &attributes {
            assert!(!attribute.starts_with("on"), "{path}: <{name} {attribute}={value:?}>");
            assert!(!attribute.contains("mark") && attribute != "srcdoc", "{path}: <{name} {attribute}>");
            let address = ["href", "src", "action", "formaction", "xlink:href", "poster", "data"].contains(&attribute.as_str());
            if address {
                let value = value.replace("&amp;", "&");
                let ours = value.starts_with('/') && !value.starts_with("//");
                assert!(
                    ours || value.starts_with('#') || value.starts_with("http://localhost:8080/"),
                    "{path}: {attribute}={value:?}"
                );
                leads.push(value.trim_start_matches("http://localhost:8080").to_owned());
            }
        }
    }
    leads
}

/// A county in which every text that can be entered is hostile.
fn hostile_world() -> (World, Vec<String>) {
    let world = World::own();
    let at = place(At::Village);
    let mut problems = Vec::new();
    for words in HOSTILE {
        let photo =
            world.post("/api/files").by("village").parts(&[], &[("file", words, &picture(9, 9, 9))]).send().json()["hash"]
                .clone();
        let report = json!({ "type": "problems.report", "place": at.id, "field": "waste", "text": words, "photos": [photo] });
        let [id, gone, hidden] = [1, 2, 3].map(|_| world.done("office", report.clone()));
        world.done("office", json!({ "type": "problems.assign", "problem": id, "note": words }));
        world.done("village", json!({ "type": "problems.diagnose", "problem": id, "cause": words, "measure": words }));
        world.done("village", json!({ "type": "problems.claim_fix", "problem": id, "text": words, "photos": [photo] }));
        world.done("inspector", json!({ "type": "problems.verify_fix", "problem": id, "note": words }));
        world.done("office", json!({ "type": "problems.dismiss", "problem": gone, "reason": words }));
        world.done("office", json!({ "type": "problems.withhold", "problem": hidden, "reason": words }));
        problems.extend([id, gone, hidden]);
        world.done("office", json!({ "type": "places.rename", "place": at.id, "name": format!("{words}村").chars().take(40).collect::<String>(), "document": words }));
    }
    let title = HOSTILE[0];
    world.done("office", json!({ "type": "topics.propose", "place": place(At::County).id, "field": "lighting", "title": title, "problems": [problem(At::Village), problem(At::SiblingVillage)] }));
    (world.with(|s| s.installation = format!("县{}", HOSTILE[3])), problems)
}

#[test]
fn no_page_runs_what_somebody_wrote() {
    let (world, problems) = hostile_world();
    let code = &place(At::Village).code;
    let encoded = |words: &str| url::form_urlencoded::byte_serialize(words.as_bytes()).collect::<String>();
    let mut open: VecDeque<String> =
        ["/", "/login", "/welcome", "/console/", "/field/", "/robots.txt", "/favicon.ico", "/nothing"].map(String::from).into();
    open.extend(problems.iter().map(|id| format!("/p/{id}?r=abcdefghijkm&new=1")));
    open.extend(["", "/report", "/poster.svg"].map(|end| format!("/v/{code}{end}")));
    open.extend(HOSTILE.iter().flat_map(|words| {
        let words = encoded(words);
        [
            format!("/?q={words}"),
            format!("/login?next=/{words}"),
            format!("/p/{}?r={words}&new=1", problems[0]),
            format!("/{words}"),
        ]
    }));
    let (mut seen, mut marks, mut pages) = (BTreeSet::new(), BTreeSet::new(), 0);
    while let Some(path) = open.pop_front() {
        let path = path.split('#').next().unwrap_or_default().to_owned();
        // A county has many villages; one in ten of what is alike is enough.
        if path.is_empty() || !seen.insert(path.clone()) || seen.len() > 600 {
            continue;
        }
        for language in ["zh-CN", "en"] {
            let reply = world.get(&path).header("accept", "text/html,*/*").header("accept-language", language).send();
            assert!(reply.status.as_u16() < 500, "{path}: {}", reply.text());
            let policy = reply.header("content-security-policy");
            let scripts = policy.split(';').find_map(|p| p.trim().strip_prefix("script-src ")).unwrap();
            assert!(
                !scripts.contains("unsafe-inline") && !scripts.contains("'unsafe-eval'") && !scripts.contains('*'),
                "{path}: {policy}"
            );
            assert!(
                policy.contains("base-uri 'none'")
                    && policy.contains("object-src 'none'")
                    && policy.contains("form-action 'self'")
            );
            let media = reply.header("content-type").to_owned();
            if media.starts_with("text/html") || media.starts_with("image/svg+xml") {
                pages += 1;
                let text = reply.text();
                open.extend(inert(&path, &text));
                marks.extend(HOSTILE.iter().map(|w| &w[..5]).filter(|m| text.contains(m)));
            }
        }
    }
    assert_eq!(marks.len(), HOSTILE.len(), "the words are there, as words: {marks:?}");
    assert!(pages > 200, "{pages}");
}

/// What programs get is no page, even where it carries such words, and even where it is an error.
#[test]
fn json_is_never_a_page() {
    let (world, problems) = hostile_world();
    let mut carried = 0;
    for (method, path, _) in routes().into_iter().filter(|(_, p, _)| p.starts_with("/api/")) {
        let world = world.with_fresh_sessions();
        for path in [path.replace("{key}", &problems[0]), path.replace('{', "{mark<script>")] {
            let path = filled(&path, At::Village).replace("{mark<script>", "%3Cscript%3E").replace('}', "");
            for query in ["", "?q=%3Cscript%3E&sort=%3Cscript%3E&place=%3Cscript%3E&by=%3Cscript%3E"] {
                let ask = world.ask(method.clone(), &format!("{path}{query}")).by("office").header("accept", "text/html");
                let reply = ask.json(&json!({ "<script>alert(1)</script>": 1 })).send();
                let media = reply.header("content-type").to_owned();
                assert!(!media.contains("html") && !media.contains("svg") && !media.contains("xml;"), "{method} {path}: {media}");
                assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
                assert!(!media.is_empty() || reply.body.is_empty(), "{method} {path}: no type");
                carried += usize::from(media.contains("json") && reply.text().contains("<script>"));
            }
        }
    }
    assert!(carried > 5, "the words are there: {carried}");
    let told: Value = world.get(&format!("/api/rows/problems/{}", problems[0])).by("office").send().json();
    assert_eq!(told["row"]["text"], HOSTILE[0]);
    // A page that answers a form shows what was typed, as words.
    for words in HOSTILE {
        for (path, fields) in [
            (
                format!("/v/{}/report", place(At::Village).code),
                vec![("words", words), ("field", words), ("id", words), ("receipt", words), ("photo_hash", words)],
            ),
            (
                format!("/p/{}", problems[0]),
                vec![("r", words), ("id", "00000000-0000-7000-8000-000000000000"), ("words", words), ("solved", "0")],
            ),
            ("/login".to_owned(), vec![("name", words), ("password", words), ("next", words)]),
        ] {
            let reply = world
                .ask(Method::POST, &path)
                .header("origin", "http://localhost:8080")
                .header("accept", "text/html")
                .form(&fields)
                .send();
            assert!(reply.status.is_client_error(), "{path}: {}", reply.status);
            inert(&path, &reply.text());
        }
    }
}
