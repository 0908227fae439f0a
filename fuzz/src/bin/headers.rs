//! Cookies, languages, hosts, origins and other headers, with forms and commands behind them: never an accident.
#![no_main]

use axum::http::Method;
use fuzz::WORLD;
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 12] = [
    "cookie",
    "accept-language",
    "accept",
    "accept-encoding",
    "host",
    "origin",
    "referer",
    "if-none-match",
    "content-type",
    "content-length",
    "x-forwarded-for",
    "sec-fetch-site",
];
/// No route of these keeps what is sent: the store stays as small as it was.
const ASKED: [(Method, &str); 7] = [
    (Method::GET, "/"),
    (Method::GET, "/v/990101100201/poster.svg"),
    (Method::GET, "/v/990101100201/report"),
    (Method::GET, "/api/session"),
    (Method::GET, "/assets/tokens.css"),
    (Method::POST, "/p/00000000-0000-7000-8000-000000000000"),
    (Method::POST, "/api/commands"),
];

/// Lines `NUMBER value`, the number of a header; the first byte of all chooses what is asked; an empty line, then the body.
fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let (method, path) = &ASKED[usize::from(*first) % ASKED.len()];
    let mut headers: Vec<(&str, &[u8])> = Vec::new();
    let mut body = Vec::new();
    let mut lines = rest.split(|b| *b == b'\n');
    while let Some(line) = lines.next() {
        let Some((number, value)) = line.split_first() else {
            body = lines.collect::<Vec<_>>().join(&b'\n');
            break;
        };
        if headers.len() < 40 {
            headers.push((NAMES[usize::from(*number) % NAMES.len()], value));
        }
    }
    WORLD.ask(method.clone(), path.as_bytes(), &headers, body);
});
