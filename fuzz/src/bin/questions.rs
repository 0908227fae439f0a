//! Query strings of every route that reads, asked of the whole service: an answer or a refusal, never an accident, and
//! nothing is recorded.
#![no_main]

use axum::http::Method;
use fuzz::{WORLD, query};
use libfuzzer_sys::fuzz_target;

const PATHS: [&str; 28] = [
    "/api/rows/problems",
    "/api/rows/places",
    "/api/rows/counts",
    "/api/rows/rules",
    "/api/rows/topics",
    "/api/groups/problems",
    "/api/groups/places",
    "/api/history/problems",
    "/api/history/places",
    "/api/export/problems.csv",
    "/api/export/places.xlsx",
    "/api/facts",
    "/api/indicators/problems_open",
    "/api/places/99010110020100/duplicates",
    "/api/topics/candidates",
    "/api/map",
    "/api/tiles/villages/9/430/210.mvt",
    "/",
    "/login",
    "/p/00000000-0000-7000-8000-000000000000",
    "/v1/projects/990101/forms/fuzz.svc/Submissions",
    "/v1/projects/990101/forms/fuzz.svc/Submissions.person",
    "/v1/projects/990101/forms/fuzz/submissions",
    "/v1/projects/990101/datasets/places.svc/Entities",
    "/api/rows/submissions",
    "/api/rows/readings",
    "/api/coverage",
    "/brief",
];

/// The first byte chooses the path; a line feed ends the query, and what follows is a key or a name in the path.
fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let path = PATHS[usize::from(*first) % PATHS.len()];
    let (asked, key) = match rest.iter().position(|b| *b == b'\n') {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let mut whole = path.as_bytes().to_vec();
    if let Some(key) = key {
        whole.push(b'/');
        whole.extend(query(key).into_iter().map(|b| if b == b'?' { b'_' } else { b }));
    }
    whole.push(b'?');
    whole.extend(query(asked));
    let before = WORLD.facts();
    WORLD.ask(Method::GET, &whole, &[], Vec::new());
    assert_eq!(WORLD.facts(), before, "a question recorded something");
});
