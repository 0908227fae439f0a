//! Commands that share a transaction: one that fails takes no other with it.

use std::sync::mpsc;

use domain::{
    Command,
    basics::{Actor, PlaceId},
    places::{ImportRow, Kind, Level},
    problems::Field,
};
use store::{Answer, Result, Store, Submission};

use crate::{Case, county::*, ground::Ground};

pub const CASES: &[Case] = &[
    ("a_command_is_repeated_within_its_batch", repeated_within),
    ("a_fact_too_large_takes_no_other_command_along", too_large),
    ("a_poisoned_chain_takes_no_other_chain_along", poisoned),
    ("a_batch_sees_what_went_before_in_it", sees_before),
    ("many_batches_of_many_keep_their_order", many),
];

/// Hands them all in while the writer of a place's chain is held up, so that they share a batch.
fn together(store: &Store, place: PlaceId, submissions: Vec<Submission>) -> Vec<Result<Answer>> {
    held_up(store, place, submissions, 0)
}

/// The same, where the writer is only let go after `elsewhere` of them have been answered by other writers.
fn held_up(store: &Store, place: PlaceId, submissions: Vec<Submission>, elsewhere: usize) -> Vec<Result<Answer>> {
    let (release, held) = mpsc::sync_channel::<()>(0);
    let first = by(chen(), report(place, Field::Road, "等一等"));
    // The reply runs on the writer's thread.
    store.submit(first, move |_| {
        let _ = held.recv();
    });
    let (send, receive) = mpsc::channel();
    let count = submissions.len();
    for (n, submission) in submissions.into_iter().enumerate() {
        let send = send.clone();
        store.submit(submission, move |answer| {
            let _ = send.send((n, answer));
        });
    }
    let mut answers: Vec<_> = receive.iter().take(elsewhere).collect();
    release.send(()).expect("the writer waits");
    answers.extend(receive.iter().take(count - elsewhere));
    answers.sort_by_key(|(n, _)| *n);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

fn words(answers: &[Result<Answer>]) -> Vec<&str> {
    answers.iter().map(|a| a.as_ref().map_or("failed", |a| word(&a.outcome))).collect()
}

fn repeated_within(ground: &Ground) {
    let store = ground.open();
    found(&store);
    let before = holds(&store);
    let one = by(chen(), report(VILLAGES[0], Field::Waste, "一"));
    let mut other = one.clone();
    other.command = report(VILLAGES[0], Field::Waste, "二");
    let mut not_allowed = one.clone();
    not_allowed.context.actor = stranger();
    let answers = together(&store, QINGXI, vec![not_allowed, one.clone(), one.clone(), other, one]);
    assert_eq!(words(&answers), ["forbidden", "accepted", "accepted", "id-reused", "accepted"]);
    let repeated: Vec<bool> = answers.into_iter().map(|a| a.expect("answered").repeated).collect();
    assert_eq!(repeated, [false, false, true, false, true]);
    assert_eq!(holds(&store), before + 2, "with the one that held up the writer");
}

fn too_large(ground: &Ground) {
    let store = ground.open();
    found(&store);
    let before = holds(&store);
    let row =
        ImportRow { code: "990103000000".into(), name: text("新县"), level: Level::County, kind: Kind::Area, parent: None };
    let mut huge = import(vec![row], Vec::new());
    huge.origin = "长".repeat(facts::MAX_BODY_BYTES / 3 + 1);
    let mut submissions: Vec<_> = (0..20).map(|n| by(chen(), report(CITY, Field::Road, &format!("{n}")))).collect();
    submissions.insert(10, by(Actor::Import, Command::Import(huge)));
    let retried = submissions[10].clone();
    // The city's chain, since on PostgreSQL its writer has the imports as well.
    let answers = together(&store, CITY, submissions);
    let words = words(&answers);
    assert_eq!(words.iter().filter(|w| **w == "accepted").count(), 20, "{words:?}");
    assert_eq!(words[10], "failed");
    assert_eq!(holds(&store), before + 21);
    assert!(store.submit_and_wait(retried).is_err(), "an accident is not an answer that is kept");
    assert_eq!(store.heads().expect("heads").iter().filter(|h| h.chain.county == 990_103).count(), 0);
    rebuilds_the_same(&store);
}

fn poisoned(ground: &Ground) {
    let store = ground.open();
    found(&store);
    accepted(&store, by(chen(), report(VILLAGES[5], Field::Road, "一")));
    // The head of one chain goes back by one: whatever is added to it collides with what is there.
    ground.raw().run(
        "UPDATE chain_head SET size = size - 1, hash = (SELECT f.prev FROM fact f WHERE f.county = chain_head.county \
         AND f.chain = chain_head.chain AND f.seq = chain_head.size) WHERE county = 990102",
    );
    let at = |n: usize| if n % 5 == 2 { VILLAGES[5] } else { VILLAGES[0] };
    let answers = together(&store, QINGXI, (0..20).map(|n| by(chen(), report(at(n), Field::Road, &format!("{n}")))).collect());
    let expected: Vec<_> = (0..20).map(|n| if n % 5 == 2 { "failed" } else { "accepted" }).collect();
    assert_eq!(words(&answers), expected);
    ground.raw().run(
        "UPDATE chain_head SET size = size + 1, hash = (SELECT f.hash FROM fact f WHERE f.county = chain_head.county \
         AND f.chain = chain_head.chain AND f.seq = chain_head.size + 1) WHERE county = 990102",
    );
    accepted(&store, by(chen(), report(VILLAGES[5], Field::Road, "好了")));
    holds(&store);
    rebuilds_the_same(&store);
}

fn sees_before(ground: &Ground) {
    use domain::problems::Command as P;
    let store = ground.open();
    found(&store);
    let reported = by(chen(), report(VILLAGES[0], Field::Waste, "一"));
    let problem = made(&reported);
    let step = |actor, command: P| by(actor, Command::Problems(command));
    let assign = || P::Assign { problem, post: Some(lin().posts()[0]), due: None, note: None };
    // Where several write side by side, nobody knows whose a problem is before its report is acknowledged: what is asked of it
    // meanwhile goes to another writer, which answers before this one goes on.
    let elsewhere = if ground.is_postgres() { 5 } else { 0 };
    let answers = held_up(
        &store,
        QINGXI,
        vec![
            reported,
            step(chen(), assign()),
            step(lin(), P::ClaimFix { problem, text: text("好"), photos: vec![photo()] }),
            step(lin(), P::Diagnose { problem, cause: text("因"), measure: text("法") }),
            step(lin(), P::ClaimFix { problem, text: text("好"), photos: vec![photo()] }),
            step(chen(), P::VerifyFix { problem, note: text("看过了"), photos: Vec::new() }),
        ],
        elsewhere,
    );
    if ground.is_postgres() {
        assert_eq!(words(&answers)[1..], ["forbidden"; 5]);
    } else {
        assert_eq!(words(&answers), ["accepted", "accepted", "problems/not-diagnosed", "accepted", "accepted", "accepted"]);
    }
    rebuilds_the_same(&store);
}

fn many(ground: &Ground) {
    let store = ground.open();
    found(&store);
    let before = holds(&store);
    let (send, receive) = mpsc::channel();
    for n in 0..2000 {
        let send = send.clone();
        store.submit(by(chen(), report(VILLAGES[n % 5], Field::Road, &n.to_string())), move |answer| {
            let _ = send.send((n, answer.map(|a| a.outcome)));
        });
    }
    drop(send);
    let mut last = 0;
    let answers: Vec<_> = receive.into_iter().collect();
    assert_eq!(answers.len(), 2000);
    for (place, (n, outcome)) in answers.into_iter().enumerate() {
        assert_eq!(n, place, "answers come in the order of the chain");
        let Ok(store::Outcome::Accepted { facts, .. }) = outcome else { panic!("{outcome:?}") };
        assert!(facts[0].seq > last);
        last = facts[0].seq;
    }
    assert_eq!(holds(&store), before + 2000);
}
