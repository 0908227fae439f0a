//! People who sign in: lock-out, sessions that end, links that work once.

use std::{
    thread,
    time::{Duration, Instant},
};

use domain::basics::{Post, Role};
use store::{Held, LinkPurpose, NewAccount, SignIn, Store};

use crate::{Case, county::*, ground::Ground};

pub const CASES: &[Case] = &[
    ("whoever_knows_the_password_is_let_in", signs_in),
    ("accounts_are_made_all_or_none", all_or_none),
    ("five_wrong_passwords_lock_for_ten_minutes", locked),
    ("wrong_passwords_at_once_are_all_counted", locked_at_once),
    ("an_unknown_name_takes_as_long_as_a_known_one", same_time),
    ("a_session_ends_after_idling_and_after_a_week", sessions),
    ("a_link_works_once_for_one_of_16_threads", links),
    ("making_an_account_keeps_no_writer_waiting", no_waiting),
];

const GOOD: &str = "correct horse 电池";
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn make(store: &Store, n: u128, name: &str, password: Option<&str>) {
    let held = [
        Held { post: Post::new(CITY, Role::Office), from: day("2026-01-01"), until: Some(day("2026-06-30")) },
        Held { post: Post::new(QINGXI, Role::Head), from: day("2026-03-01"), until: None },
    ];
    store.accounts().create(&[NewAccount { id: account(n), name, display: "陈某", password, held: &held }], NOW).expect("made");
}

fn token(store: &Store, name: &str, now_ms: i64) -> String {
    match store.accounts().sign_in(name, GOOD, now_ms).expect("an answer") {
        SignIn::Welcome(token) => token,
        other => panic!("{other:?}"),
    }
}

fn signs_in(ground: &Ground) {
    let store = ground.open();
    make(&store, 1, "chen", Some(GOOD));
    make(&store, 2, "new", None);
    let accounts = store.accounts();
    assert_eq!(accounts.count().expect("counted"), 2);
    for (name, password) in
        [("chen", "wrong"), ("chen", ""), ("CHEN", GOOD), ("nobody", GOOD), ("new", ""), ("new", GOOD), ("' OR 1=1 --", GOOD)]
    {
        assert_eq!(accounts.sign_in(name, password, NOW).expect("an answer"), SignIn::Refused, "{name} {password}");
    }
    let token = token(&store, "chen", NOW);
    let session = accounts.session(&token, NOW).expect("read").expect("signed in");
    assert_eq!((session.account.id, session.account.display.as_str()), (account(1), "陈某"));
    assert_ne!(session.csrf, token);
    let on = |d: &str| session.account.posts_on(day(d)).iter().map(|p| p.role).collect::<Vec<_>>();
    assert_eq!(on("2026-02-28"), [Role::Office]);
    assert_eq!(on("2026-06-30"), [Role::Office, Role::Head]);
    assert_eq!(on("2026-07-01"), [Role::Head]);
    assert_eq!(accounts.session(&"0".repeat(64), NOW).expect("read"), None);
    let stored = ground.raw().one("SELECT password FROM account WHERE name = 'chen'");
    assert!(stored.starts_with("$argon2id$") && !stored.contains(GOOD));
    let kept = ground.raw().texts("SELECT digest, csrf FROM session");
    assert!(!format!("{kept:?}").contains(&token), "the token itself is not kept");
    assert_eq!(accounts.displays(&[account(2), account(9), account(1)]).expect("names").len(), 2);
    ground.raw().run("UPDATE account SET disabled = 1 WHERE name = 'chen'");
    assert_eq!(accounts.session(&token, NOW).expect("read"), None, "a disabled account's sessions are over");
    assert_eq!(accounts.sign_in("chen", GOOD, NOW).expect("an answer"), SignIn::Refused);
}

fn all_or_none(ground: &Ground) {
    let store = ground.open();
    make(&store, 1, "chen", Some(GOOD));
    let new = |n, name| NewAccount { id: account(n), name, display: name, password: None, held: &[] };
    assert!(store.accounts().create(&[new(2, "lin"), new(3, "chen")], NOW).is_err(), "the name is taken");
    assert_eq!(store.accounts().count().expect("counted"), 1);
    store.accounts().create(&[new(2, "lin"), new(3, "mo")], NOW).expect("made");
    let held = Held { post: Post::new(CITY, Role::Viewer), from: day("2026-01-01"), until: None };
    store.accounts().give_post(account(2), &held, NOW).expect("given");
    store.accounts().give_post(account(2), &Held { until: Some(day("2026-01-31")), ..held }, NOW).expect("ended");
    let lin = store.accounts().get(account(2)).expect("read").expect("there");
    assert_eq!(lin.held, [Held { until: Some(day("2026-01-31")), ..held }]);
}

fn locked(ground: &Ground) {
    let store = ground.open();
    make(&store, 1, "chen", Some(GOOD));
    make(&store, 2, "lin", Some(GOOD));
    let accounts = store.accounts();
    let wrong = |now| accounts.sign_in("chen", "wrong", now).expect("an answer");
    for _ in 0..4 {
        assert_eq!(wrong(NOW), SignIn::Refused);
    }
    token(&store, "chen", NOW);
    for _ in 0..5 {
        assert_eq!(wrong(NOW), SignIn::Refused, "counted anew after a good one");
    }
    assert_eq!(accounts.sign_in("chen", GOOD, NOW).expect("an answer"), SignIn::Locked { seconds: 600 });
    assert_eq!(accounts.sign_in("chen", GOOD, NOW + 10 * MINUTE - 1).expect("an answer"), SignIn::Locked { seconds: 1 });
    token(&store, "lin", NOW);
    token(&store, "chen", NOW + 10 * MINUTE);
}

fn locked_at_once(ground: &Ground) {
    let store = ground.open();
    make(&store, 1, "chen", Some(GOOD));
    thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| store.accounts().sign_in("chen", "wrong", NOW).expect("an answer"));
        }
    });
    let after = store.accounts().sign_in("chen", GOOD, NOW).expect("an answer");
    assert!(matches!(after, SignIn::Locked { .. }), "eight at once count as eight: {after:?}");
}

fn same_time(ground: &Ground) {
    let store = ground.open();
    make(&store, 1, "chen", Some(GOOD));
    let best = |name: &str| {
        let one = |_| {
            let begun = Instant::now();
            assert_eq!(store.accounts().sign_in(name, "wrong", NOW).expect("an answer"), SignIn::Refused);
            begun.elapsed()
        };
        (0..4).map(one).min().expect("four")
    };
    let (known, unknown) = (best("chen"), best("nobody"));
    assert!(unknown > known / 3 && unknown > Duration::from_millis(2), "known {known:?}, unknown {unknown:?}");
}

fn sessions(ground: &Ground) {
    let store = ground.open();
    make(&store, 1, "chen", Some(GOOD));
    let accounts = store.accounts();
    let lives = |token: &str, now| accounts.session(token, now).expect("read").is_some();
    let idle = token(&store, "chen", NOW);
    assert!(lives(&idle, NOW + 12 * HOUR - 1));
    assert!(lives(&idle, NOW + 24 * HOUR - 2), "each request begins the time anew");
    assert!(!lives(&idle, NOW + 36 * HOUR - 2), "idle for twelve hours");
    let used = token(&store, "chen", NOW);
    for hour in (6..=7 * 24 - 6).step_by(6) {
        assert!(lives(&used, NOW + hour * HOUR), "{hour}");
    }
    assert!(lives(&used, NOW + 7 * 24 * HOUR - 1));
    assert!(!lives(&used, NOW + 7 * 24 * HOUR), "over after a week in any case");
    let out = token(&store, "chen", NOW);
    accounts.sign_out(&out).expect("signed out");
    assert!(!lives(&out, NOW));
}

fn links(ground: &Ground) {
    let store = ground.open();
    let accounts = store.accounts();
    let link = |expires| accounts.make_link(LinkPurpose::FirstAdmin, None, expires).expect("made");
    let token = link(NOW + HOUR);
    assert!(accounts.link_works(LinkPurpose::FirstAdmin, &token, NOW).expect("read"));
    assert!(accounts.link_works(LinkPurpose::FirstAdmin, &token, NOW).expect("read"), "looking does not use it up");
    assert!(!accounts.link_works(LinkPurpose::SetPassword, &token, NOW).expect("read"));
    assert!(!accounts.use_link(LinkPurpose::SetPassword, &token, NOW).expect("read"));
    let used: usize = thread::scope(|s| {
        let threads: Vec<_> = (0..16)
            .map(|_| s.spawn(|| usize::from(store.accounts().use_link(LinkPurpose::FirstAdmin, &token, NOW).expect("an answer"))))
            .collect();
        threads.into_iter().map(|t| t.join().expect("joined")).sum()
    });
    assert_eq!(used, 1);
    assert!(!accounts.link_works(LinkPurpose::FirstAdmin, &token, NOW).expect("read"));
    let late = link(NOW + HOUR);
    assert!(!accounts.use_link(LinkPurpose::FirstAdmin, &late, NOW + HOUR).expect("read"), "too late");
}

fn no_waiting(ground: &Ground) {
    let store = ground.open();
    found(&store);
    let passwords: Vec<String> = (0..20).map(|n| format!("password {n}")).collect();
    let new: Vec<NewAccount> = passwords
        .iter()
        .enumerate()
        .map(|(n, p)| NewAccount { id: account(100 + n as u128), name: p, display: p, password: Some(p), held: &[] })
        .collect();
    thread::scope(|s| {
        let making = s.spawn(|| {
            let begun = Instant::now();
            store.accounts().create(&new, NOW).expect("made");
            begun.elapsed()
        });
        let mut longest = Duration::ZERO;
        while !making.is_finished() {
            let begun = Instant::now();
            accepted(&store, by(chen(), report(VILLAGES[0], domain::problems::Field::Road, "一")));
            longest = longest.max(begun.elapsed());
        }
        let took = making.join().expect("made");
        assert!(longest < took / 2, "a writer waited {longest:?} of {took:?}");
    });
}
