//! A clock that goes back: the log keeps what it said, its order is the number of the fact; nothing lives for ever by it.

use domain::{
    Command, ViewId,
    basics::{Post, Role},
    problems::{self, Field},
};
use facts::SignerKey;
use store::{Held, NewAccount, SignIn, Submission};

use crate::{Case, county::*, ground::Ground};

pub const CASES: &[Case] = &[
    ("a_clock_that_goes_back_leaves_order_chain_and_views_as_they_are", goes_back),
    ("checkpoints_grow_whatever_the_clock_says", checkpoints),
    ("nobody_stays_signed_in_or_locked_out_by_a_clock_that_was_wrong", sessions),
];

const DAY: i64 = 24 * 3_600_000;

/// A command at a moment.
fn at(now_ms: i64, mut submission: Submission) -> Submission {
    submission.context.now_ms = now_ms;
    submission
}

fn goes_back(ground: &Ground) {
    let store = ground.open();
    found(&store);
    let report = by(chen(), report(VILLAGES[0], Field::Road, "ahead"));
    let problem = made(&report);
    let first = accepted(&store, at(NOW + 400 * DAY, report.clone()));
    // Back by more than a year, while serving.
    let assign = problems::Command::Assign { problem, post: Some(lin().posts()[0]), due: None, note: None };
    let second = accepted(&store, at(NOW + DAY, by(chen(), Command::Problems(assign))));
    drop(store);
    // And once more between two starts.
    let store = ground.open();
    let diagnose = problems::Command::Diagnose { problem, cause: text("没有人管"), measure: text("安排人管") };
    let third = accepted(&store, at(NOW - DAY, by(lin(), Command::Problems(diagnose))));
    assert_eq!([&second, &third].map(|f| f[0].seq), [first[0].seq + 1, first[0].seq + 2], "order is the number");
    let chain = first[0].chain.parse().expect("a chain");
    let recorded: Vec<i64> = store.latest(chain, None, 3).expect("read").iter().map(|f| f.recorded_ms).collect();
    assert_eq!(recorded, [NOW - DAY, NOW + DAY, NOW + 400 * DAY], "what the clock said");
    let history = store.history(ViewId::Problems, &problem.key(), &format!("problem:{}", problem.key())).expect("read");
    assert_eq!(history.iter().map(|h| h.fact.seq).collect::<Vec<_>>(), [first[0].seq, second[0].seq, third[0].seq]);
    holds(&store);
    rebuilds_the_same(&store);
    // A repeat is a repeat at any time.
    let again = answer(&store, at(NOW - 30 * DAY, report));
    assert!(again.repeated && word(&again.outcome) == "accepted");
}

fn checkpoints(ground: &Ground) {
    let store = ground.open();
    found(&store);
    let key = SignerKey::from_seed("qingxi.example", [7; 32]).expect("a good name");
    let mut sizes = Vec::new();
    for (n, now_ms) in [NOW + 9 * DAY, NOW, NOW - 9 * DAY, NOW + DAY].into_iter().enumerate() {
        let fact = accepted(&store, at(now_ms, by(chen(), report(VILLAGES[0], Field::Road, &n.to_string()))));
        store.make_checkpoints("qingxi.example", &key, now_ms).expect("made");
        sizes.push(fact[0].seq);
    }
    let chain = "990101/main".parse().expect("a chain");
    let mut kept: Vec<u64> = store.checkpoints(chain).expect("read").iter().map(|c| c.0).collect();
    kept.reverse();
    assert_eq!(kept, sizes, "each larger than the one before it");
    let report = store.verify(&[key.verifier()], &mut |_| {}).expect("verified");
    assert!(report.holds() && report.chains.iter().any(|c| c.checkpoints == 4), "{report:?}");
}

fn sessions(ground: &Ground) {
    let store = ground.open();
    let held = [Held { post: Post::new(CITY, Role::Office), from: day("2026-01-01"), until: None }];
    let password = Some("a long password");
    let chen = NewAccount { id: account(1), name: "chen", display: "陈某", password, held: &held };
    store.accounts().create(&[chen], NOW).expect("made");
    let accounts = store.accounts();
    let SignIn::Welcome(token) = accounts.sign_in("chen", "a long password", NOW + 400 * DAY).expect("an answer") else {
        panic!("refused")
    };
    let lives = |now_ms: i64| accounts.session(&token, now_ms).expect("read").is_some();
    assert!(lives(NOW + 400 * DAY));
    assert!(lives(NOW + 400 * DAY - 60_000), "a clock that is put right by a minute");
    for back in [1, 30, 400] {
        assert!(!lives(NOW + (400 - back) * DAY), "back by {back} days: it would live for so long more");
    }
    for _ in 0..5 {
        let wrong = accounts.sign_in("chen", "wrong", NOW + 400 * DAY).expect("an answer");
        assert_eq!(wrong, SignIn::Refused);
    }
    let locked = accounts.sign_in("chen", "a long password", NOW + 400 * DAY).expect("an answer");
    assert!(matches!(locked, SignIn::Locked { .. }), "{locked:?}");
    let later = accounts.sign_in("chen", "a long password", NOW).expect("an answer");
    assert!(matches!(later, SignIn::Welcome(_)), "not locked for more than a year: {later:?}");
}
