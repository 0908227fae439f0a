//! Second factors, keys, links and what administrators do to accounts.

use std::{collections::BTreeSet, thread};

use domain::basics::{AccountId, Capability};
use store::{Arrival, KeyKind, LinkPurpose, Linking, NewAccount, NewInvitation, NewKey, SecondFactor, SecondStep, SignIn, Store};
use totp_rs::{Builder, Secret};

use crate::{Case, county::*, ground::Ground};

pub const CASES: &[Case] = &[
    ("a_second_factor_is_enrolled_by_a_right_code", enrolled),
    ("signing_in_takes_two_steps_then", two_steps),
    ("a_code_works_once_for_one_of_8_threads", code_once),
    ("a_recovery_code_works_once_for_one_of_8_threads", recovery_once),
    ("wrong_codes_lock_like_wrong_passwords", codes_lock),
    ("the_secret_lies_sealed", sealed),
    ("sessions_are_listed_and_ended", sessions),
    ("a_new_password_ends_other_sessions_and_links", new_password),
    ("a_link_sets_one_password_for_one_of_8_threads", link_once),
    ("a_closed_account_is_out_at_once", closed),
    ("keys_end", keys),
    ("accounts_are_listed_by_name", listed),
    ("an_identity_opens_one_account", identities),
    ("a_batch_of_invitations_makes_nobody_twice", invitations),
];

const GOOD: &str = "correct horse 电池";
const HOUR: i64 = 3_600_000;

fn make(store: &Store, n: u128, name: &str) {
    let new = NewAccount { id: account(n), name, display: "陈某", password: Some(GOOD), held: &[] };
    store.accounts().create(&[new], NOW).expect("made");
}

fn code(secret: &str, now_ms: i64) -> String {
    let secret = Secret::try_from_base32(secret).expect("base 32");
    Builder::new()
        .with_secret(secret)
        .build_noncompliant()
        .generate(u64::try_from(now_ms / 1000).expect("after 1970"))
        .to_string()
}

fn enrol(store: &Store, n: u128) -> (String, Vec<String>) {
    let secret = store.accounts().begin_second_factor(account(n), NOW).expect("begun").expect("off before").secret;
    let codes = store.accounts().confirm_second_factor(account(n), &code(&secret, NOW), NOW).expect("an answer").expect("right");
    (secret, codes)
}

fn half(store: &Store, name: &str, now_ms: i64) -> String {
    match store.accounts().sign_in(name, GOOD, now_ms).expect("an answer") {
        SignIn::HalfWay(token) => token,
        other => panic!("{other:?}"),
    }
}

fn enrolled(ground: &Ground) {
    let store = ground.open();
    make(&store, 1, "chen");
    let accounts = store.accounts();
    let begin = |now| accounts.begin_second_factor(account(1), now).expect("an answer");
    let first = begin(NOW).expect("a secret");
    assert_eq!(begin(NOW + HOUR - 1), Some(first.clone()), "the page may be loaded again");
    let second = begin(NOW + HOUR).expect("a secret");
    assert_ne!(first, second, "not for ever");
    assert_eq!(accounts.second_factor(account(1)).expect("read"), SecondFactor::Off, "not before a right code");
    assert!(matches!(accounts.sign_in("chen", GOOD, NOW).expect("an answer"), SignIn::Welcome(_)));
    let confirm = |code: &str| accounts.confirm_second_factor(account(1), code, NOW + HOUR).expect("an answer");
    assert_eq!(confirm(&code(&first.secret, NOW + HOUR)), None, "the secret before");
    assert_eq!(confirm(""), None);
    let codes = confirm(&code(&second.secret, NOW + HOUR)).expect("right");
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), 10);
    assert!(codes.iter().all(|c| c.len() == 29), "{codes:?}");
    let on = SecondFactor::On { since_ms: NOW + HOUR, recovery_left: 10 };
    assert_eq!(accounts.second_factor(account(1)).expect("read"), on);
    assert_eq!(begin(NOW + HOUR), None, "on already");
    assert_eq!(confirm(&code(&second.secret, NOW + HOUR)), None);
    assert_eq!(accounts.begin_second_factor(account(2), NOW).expect("an answer").map(|e| e.secret.len()), Some(32), "another's");
}

fn two_steps(ground: &Ground) {
    let store = ground.open();
    make(&store, 1, "chen");
    let (secret, _) = enrol(&store, 1);
    let accounts = store.accounts();
    let later = NOW + 60_000;
    assert_eq!(accounts.sign_in("chen", "wrong", later).expect("an answer"), SignIn::Refused);
    let token = half(&store, "chen", later);
    assert_eq!(accounts.session(&token, later).expect("read"), None, "half-way is no session");
    assert_eq!(accounts.half_way(&token, later).expect("read"), Some(account(1)));
    let step = |token: &str, code: &str, now| accounts.second_step(token, code, now).expect("an answer");
    assert_eq!(step("0000", &code(&secret, later), later), SecondStep::Over, "without the first step");
    assert_eq!(step(&token, &code(&secret, NOW), NOW + 5_000), SecondStep::Refused(account(1)), "used up by enrolling");
    assert_eq!(step(&token, &code(&secret, later - 90_000), later), SecondStep::Refused(account(1)), "too old");
    assert_eq!(step(&token, &code(&secret, later), later + 10 * 60_000), SecondStep::Over, "too long ago");
    let SecondStep::Welcome { token: session, by_recovery: false, .. } = step(&token, &code(&secret, later), later) else {
        panic!("let in")
    };
    assert!(accounts.session(&session, later).expect("read").is_some());
    assert_eq!(step(&token, &code(&secret, later + 30_000), later + 30_000), SecondStep::Over, "one first step, one session");
    // Off again: one step is enough, and what was half-way is over.
    let token = half(&store, "chen", later);
    assert!(accounts.drop_second_factor(account(1)).expect("dropped"));
    assert!(!accounts.drop_second_factor(account(1)).expect("nothing there"));
    assert_eq!(accounts.half_way(&token, later).expect("read"), None);
    assert!(matches!(accounts.sign_in("chen", GOOD, later).expect("an answer"), SignIn::Welcome(_)));
}

/// How many of eight who hand in the same code at once are let in.
fn let_in(store: &Store, code: &str, now_ms: i64) -> usize {
    let halves: Vec<String> = (0..8).map(|_| half(store, "chen", now_ms)).collect();
    thread::scope(|s| {
        let threads: Vec<_> = halves
            .iter()
            .map(|half| s.spawn(move || store.accounts().second_step(half, code, now_ms).expect("an answer")))
            .collect();
        threads.into_iter().map(|t| t.join().expect("joined")).filter(|s| matches!(s, SecondStep::Welcome { .. })).count()
    })
}

fn code_once(ground: &Ground) {
    let store = ground.open();
    make(&store, 1, "chen");
    let (secret, _) = enrol(&store, 1);
    let later = NOW + 60_000;
    assert!(let_in(&store, &code(&secret, later), later) <= 1);
    // Whatever the race, the code is used up, and so is every step before it.
    store.accounts().unlock(account(1)).expect("unlocked");
    for used in [later, later - 30_000] {
        assert_eq!(store.accounts().use_code(account(1), &code(&secret, used), later).expect("an answer"), None);
    }
    assert_eq!(
        store.accounts().use_code(account(1), &code(&secret, later + 30_000), later).expect("an answer"),
        Some(false),
        "a step early"
    );
}

fn recovery_once(ground: &Ground) {
    let store = ground.open();
    make(&store, 1, "chen");
    let (_, codes) = enrol(&store, 1);
    assert!(let_in(&store, &codes[3].to_uppercase().replace('-', " "), NOW) <= 1);
    store.accounts().unlock(account(1)).expect("unlocked");
    assert_eq!(store.accounts().use_code(account(1), &codes[3], NOW).expect("an answer"), None, "used up");
    assert_eq!(store.accounts().use_code(account(1), &codes[4], NOW).expect("an answer"), Some(true));
    let SecondFactor::On { recovery_left, .. } = store.accounts().second_factor(account(1)).expect("read") else { panic!("on") };
    assert_eq!(recovery_left, 8);
    let fresh = store.accounts().fresh_recovery_codes(account(1)).expect("made");
    assert_eq!(store.accounts().use_code(account(1), &codes[5], NOW).expect("an answer"), None, "of the paper before");
    assert_eq!(store.accounts().use_code(account(1), &fresh[5], NOW).expect("an answer"), Some(true));
}

fn codes_lock(ground: &Ground) {
    let store = ground.open();
    make(&store, 1, "chen");
    let (secret, _) = enrol(&store, 1);
    let later = NOW + 60_000;
    // The right password in between forgives nothing.
    for _ in 0..5 {
        let token = half(&store, "chen", later);
        assert_eq!(store.accounts().second_step(&token, "000000", later).expect("an answer"), SecondStep::Refused(account(1)));
    }
    assert_eq!(store.accounts().sign_in("chen", GOOD, later).expect("an answer"), SignIn::Locked { seconds: 600 });
    let after = later + 600_000;
    let token = half(&store, "chen", after);
    let done = store.accounts().second_step(&token, &code(&secret, after), after).expect("an answer");
    assert!(matches!(done, SecondStep::Welcome { .. }), "{done:?}");
}

fn sealed(ground: &Ground) {
    let store = ground.open();
    make(&store, 1, "chen");
    let (secret, codes) = enrol(&store, 1);
    let bytes = Secret::try_from_base32(&secret).expect("base 32").as_bytes().to_vec();
    let kept = ground.raw().texts("SELECT sealed, account FROM second_factor");
    assert!(!format!("{kept:?}").contains(&hex::encode(bytes)) && !format!("{kept:?}").contains(&secret), "{kept:?}");
    let kept = format!("{:?}", ground.raw().texts("SELECT digest, account FROM recovery_code"));
    assert!(codes.iter().all(|c| !kept.contains(c.as_str())));
    // Twenty-four letters of thirty-two: a plain digest of less could be tried through.
    assert!(codes.iter().all(|c| c.replace('-', "").len() == 24), "{codes:?}");
    // Copied to another account it does not open.
    make(&store, 2, "lin");
    ground
        .raw()
        .run(&format!("INSERT INTO second_factor SELECT '{}', sealed, begun_ms, confirmed_ms, 0 FROM second_factor", account(2)));
    assert!(store.accounts().use_code(account(2), &code(&secret, NOW), NOW).is_err());
}

fn sessions(ground: &Ground) {
    let store = ground.open();
    make(&store, 1, "chen");
    make(&store, 2, "lin");
    let from =
        |address: &str, idle_ms| Arrival { address: address.into(), browser: "Firefox".into(), idle_ms, lasts_ms: 24 * HOUR };
    let open = |n, address, idle| store.accounts().arriving(from(address, idle)).open_session(account(n), NOW).expect("open");
    let (desk, phone, other) = (open(1, "192.0.2.1", HOUR), open(1, "192.0.2.2", 2 * HOUR), open(2, "192.0.2.3", HOUR));
    let accounts = store.accounts();
    let mine = accounts.sessions(account(1), NOW).expect("read");
    assert_eq!(mine.iter().map(|s| s.address.as_str()).collect::<BTreeSet<_>>(), BTreeSet::from(["192.0.2.1", "192.0.2.2"]));
    assert!(mine.iter().all(|s| s.browser == "Firefox" && s.created_ms == NOW && s.expires_ms == NOW + 24 * HOUR));
    assert!(mine.iter().all(|s| accounts.session(&s.id, NOW).expect("read").is_none()), "the name in the list opens nothing");
    assert_eq!(accounts.sessions(account(1), NOW + HOUR).expect("read").len(), 1, "each has its own time");
    let id = accounts.session(&phone, NOW).expect("read").expect("lives").id;
    assert!(!accounts.end_session(account(2), &id).expect("an answer"), "another's");
    assert!(accounts.session(&phone, NOW).expect("read").is_some());
    assert!(accounts.end_session(account(1), &id).expect("an answer"));
    assert!(accounts.session(&phone, NOW).expect("read").is_none(), "with the next request");
    let (again, id) = (open(1, "192.0.2.2", HOUR), accounts.session(&desk, NOW).expect("read").expect("lives").id);
    assert_eq!(accounts.end_sessions(account(1), Some(&id)).expect("ended"), 1);
    let lives = |token: &str| accounts.session(token, NOW).expect("read").is_some();
    assert_eq!([lives(&desk), lives(&again), lives(&other)], [true, false, true]);
    assert_eq!(accounts.end_sessions(account(1), None).expect("ended"), 1);
    assert!(!lives(&desk));
}

fn new_password(ground: &Ground) {
    let store = ground.open();
    make(&store, 1, "chen");
    let accounts = store.accounts();
    let (kept, ended) =
        (accounts.open_session(account(1), NOW).expect("open"), accounts.open_session(account(1), NOW).expect("open"));
    let id = accounts.session(&kept, NOW).expect("read").expect("lives").id;
    let link = accounts.make_link(LinkPurpose::Reset, Some(account(1)), NOW + HOUR).expect("made");
    assert!(accounts.password_is(account(1), GOOD, NOW).expect("an answer"));
    assert!(!accounts.password_is(account(1), "wrong", NOW).expect("an answer"));
    accounts.set_password(account(1), "another horse 电池", Some(&id)).expect("set");
    assert!(accounts.session(&kept, NOW).expect("read").is_some());
    assert!(accounts.session(&ended, NOW).expect("read").is_none());
    assert_eq!(accounts.link_of(LinkPurpose::Reset, &link, NOW).expect("read"), None);
    assert_eq!(accounts.sign_in("chen", GOOD, NOW).expect("an answer"), SignIn::Refused);
    assert!(matches!(accounts.sign_in("chen", "another horse 电池", NOW).expect("an answer"), SignIn::Welcome(_)));
    // Asking for the password is guessing like any other.
    for _ in 0..5 {
        assert!(!accounts.password_is(account(1), "wrong", NOW).expect("an answer"));
    }
    assert!(!accounts.password_is(account(1), "another horse 电池", NOW).expect("an answer"), "locked");
}

fn link_once(ground: &Ground) {
    let store = ground.open();
    make(&store, 1, "chen");
    let accounts = store.accounts();
    let first = accounts.make_only_link(LinkPurpose::Reset, account(1), NOW + HOUR).expect("made");
    let link = accounts.make_only_link(LinkPurpose::Reset, account(1), NOW + HOUR).expect("made");
    assert_eq!(accounts.link_of(LinkPurpose::Reset, &first, NOW).expect("read"), None, "the one before is void");
    assert_eq!(accounts.link_of(LinkPurpose::Reset, &link, NOW).expect("read"), Some(account(1)));
    for (purpose, now) in [(LinkPurpose::SetPassword, NOW), (LinkPurpose::Reset, NOW + HOUR)] {
        assert_eq!(accounts.set_password_by_link(purpose, &link, "late horse 电池", now).expect("an answer"), None);
    }
    let session = accounts.open_session(account(1), NOW).expect("open");
    let passwords: Vec<String> = (0..8).map(|n| format!("horse number {n} 电池")).collect();
    let (store, link) = (&store, &link);
    let used: Vec<bool> = thread::scope(|s| {
        let threads: Vec<_> = passwords
            .iter()
            .map(|p| {
                s.spawn(move || {
                    store.accounts().set_password_by_link(LinkPurpose::Reset, link, p, NOW).expect("an answer").is_some()
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().expect("joined")).collect()
    });
    assert_eq!(used.iter().filter(|u| **u).count(), 1, "{used:?}");
    for (password, used) in passwords.iter().zip(&used) {
        assert_eq!(accounts.password_is(account(1), password, NOW).expect("an answer"), *used, "the winner's password holds");
        accounts.unlock(account(1)).expect("unlocked");
    }
    assert!(accounts.session(&session, NOW).expect("read").is_none());
}

fn closed(ground: &Ground) {
    let store = ground.open();
    make(&store, 1, "chen");
    let accounts = store.accounts();
    let session = accounts.open_session(account(1), NOW).expect("open");
    let link = accounts.make_link(LinkPurpose::Reset, Some(account(1)), NOW + HOUR).expect("made");
    let new = NewKey {
        kind: KeyKind::Token,
        account: account(1),
        label: "表",
        capabilities: &[Capability::Read],
        place: None,
        expires_ms: NOW + HOUR,
    };
    let key = accounts.make_key(account(50), &new, NOW).expect("made");
    assert!(accounts.close(account(1), NOW).expect("closed"));
    assert!(!accounts.close(account(1), NOW).expect("closed already"));
    assert!(accounts.session(&session, NOW).expect("read").is_none());
    assert_eq!(accounts.set_password_by_link(LinkPurpose::Reset, &link, "late horse 电池", NOW).expect("an answer"), None);
    assert_eq!(accounts.key(&key, NOW).expect("read"), None);
    assert_eq!(accounts.sign_in("chen", GOOD, NOW).expect("an answer"), SignIn::Refused);
    assert!(accounts.reopen(account(1)).expect("open again"));
    assert!(!accounts.reopen(account(1)).expect("open already"));
    assert!(accounts.session(&session, NOW).expect("read").is_none(), "what was ended stays ended");
    assert!(matches!(accounts.sign_in("chen", GOOD, NOW).expect("an answer"), SignIn::Welcome(_)));
}

fn keys(ground: &Ground) {
    let store = ground.open();
    let accounts = store.accounts();
    let make = |n: u128, kind, owner: u128| {
        let new = NewKey {
            kind,
            account: account(owner),
            label: "报表",
            capabilities: &[Capability::Read, Capability::Export],
            place: Some(QINGXI),
            expires_ms: NOW + HOUR,
        };
        accounts.make_key(account(n), &new, NOW).expect("made")
    };
    let (token, phone) = (make(50, KeyKind::Token, 1), make(51, KeyKind::AppUser, 1));
    assert!(token.starts_with("qwt_") && phone.starts_with("qwk_") && token.len() == 68);
    let of = |key: &str, now| accounts.key(key, now).expect("read");
    let kept = of(&token, NOW).expect("works");
    assert_eq!((kept.id, kept.account, kept.place, kept.used_ms), (account(50), account(1), Some(QINGXI), 0));
    assert_eq!(kept.capabilities, [Capability::Read, Capability::Export]);
    assert_eq!(of(&token, NOW + 1).expect("works").used_ms, NOW);
    assert_eq!(of(&token, NOW + HOUR), None, "over");
    assert_eq!(of(&token[4..], NOW), None, "with what it begins with");
    assert!(!format!("{:?}", ground.raw().texts("SELECT digest, label FROM access_key")).contains(&token[4..]));
    assert_eq!(accounts.tokens(account(1)).expect("read").len(), 1);
    assert_eq!(accounts.app_users().expect("read").iter().map(|k| k.id).collect::<Vec<AccountId>>(), [account(51)]);
    assert!(!accounts.end_token(account(2), account(50), NOW).expect("an answer"), "another's");
    assert!(!accounts.end_token(account(1), account(51), NOW).expect("an answer"), "of another kind");
    assert!(accounts.end_token(account(1), account(50), NOW).expect("ended"));
    assert_eq!(of(&token, NOW), None);
    assert!(accounts.end_app_user(account(51), NOW).expect("ended"));
    assert!(!accounts.end_app_user(account(51), NOW).expect("ended already"));
    assert_eq!(of(&phone, NOW), None);
}

fn listed(ground: &Ground) {
    let store = ground.open();
    for (n, name) in ["b_1", "a%2", "c3", "Bx1"].into_iter().enumerate() {
        make(&store, n as u128, name);
    }
    let names = |words: &str, after: &str, limit| {
        store.accounts().list(words, after, limit).expect("read").into_iter().map(|r| r.account.name).collect::<Vec<_>>()
    };
    assert_eq!(names("", "", 9).len(), 4);
    let first = names("", "", 2);
    let rest = names("", &first[1], 9);
    assert_eq!([first, rest].concat(), names("", "", 9));
    assert_eq!(names("b_", "", 9), ["b_1"], "an underscore is an underscore");
    assert_eq!(names("%", "", 9), ["a%2"]);
    assert_eq!(names("陈", "", 9).len(), 4);
    assert_eq!(names("\\", "", 9).len(), 0);
    store.accounts().set_place(account(0), Some(QINGXI)).expect("set");
    let row = store.accounts().named("b_1").expect("read").expect("there");
    assert_eq!((row.place, row.has_password, row.second_factor, row.seen_ms), (Some(QINGXI), true, false, 0));
    assert_eq!(store.accounts().one(account(0)).expect("read"), Some(row));
    assert_eq!(store.accounts().named("b__").expect("read"), None);
}

fn identities(ground: &Ground) {
    let store = ground.open();
    make(&store, 1, "chen");
    make(&store, 2, "li");
    let accounts = store.accounts();
    let link = |n, issuer: &str, subject: &str| accounts.link_identity(account(n), issuer, subject, NOW).expect("an answer");
    assert_eq!(link(1, "https://a", "s1"), Linking::Linked);
    assert_eq!(link(1, "https://a", "s1"), Linking::Linked, "once more changes nothing");
    assert_eq!(link(2, "https://a", "s1"), Linking::Taken);
    assert_eq!(link(1, "https://a", "s2"), Linking::Another);
    assert_eq!(link(1, "https://b", "s1"), Linking::Linked, "another provider calls others so");
    let of = |issuer: &str, subject: &str| accounts.account_of(issuer, subject).expect("read");
    assert_eq!((of("https://a", "s1"), of("https://a", "S1"), of("https://c", "s1")), (Some(account(1)), None, None));
    assert_eq!(accounts.identities(account(1)).expect("read").len(), 2);
    assert!(accounts.one(account(1)).expect("read").expect("there").linked);
    // Closed, locked and the second factor hold.
    let come = |n, code, now| accounts.sign_in_recognised(account(n), code, now).expect("an answer");
    assert!(matches!(come(1, true, NOW), SignIn::Welcome(_)));
    enrol(&store, 1);
    assert!(matches!(come(1, true, NOW), SignIn::HalfWay(_)));
    assert!(matches!(come(1, false, NOW), SignIn::Welcome(_)));
    for _ in 0..5 {
        assert_eq!(accounts.sign_in("chen", "wrong", NOW).expect("an answer"), SignIn::Refused);
    }
    assert!(matches!(come(1, true, NOW), SignIn::Locked { .. }));
    accounts.close(account(1), NOW).expect("closed");
    assert_eq!(come(1, true, NOW), SignIn::Refused);
    assert_eq!(accounts.unlink_identities(account(1)).expect("unlinked"), 2);
    assert_eq!(of("https://a", "s1"), None);
}

fn invitations(ground: &Ground) {
    let store = ground.open();
    make(&store, 9, "taken");
    let accounts = store.accounts();
    let new = |n: u128, name: &str| NewInvitation { id: account(n), name: name.into(), display: "陈某".into(), place: QINGXI };
    let invite = |people: &[NewInvitation]| accounts.invite(people, NOW + HOUR, NOW);
    let both = [new(1, "a"), new(2, "b")];
    let first = invite(&both).expect("made");
    assert!(first.iter().all(|i| i.fresh && i.token.is_some()));
    let again = invite(&both).expect("the same people");
    assert!(again.iter().all(|i| !i.fresh && i.token.is_some()));
    let works = |token: &Option<String>| {
        accounts.link_works(LinkPurpose::SetPassword, token.as_deref().unwrap_or_default(), NOW).expect("read")
    };
    assert!(!works(&first[0].token) && works(&again[0].token), "one link at a time");
    let token = again[1].token.clone().expect("a link");
    accounts.set_password_by_link(LinkPurpose::SetPassword, &token, GOOD, NOW).expect("an answer").expect("set");
    let third = invite(&both).expect("the same people");
    assert_eq!((third[0].token.is_some(), third[1].token.is_some()), (true, false));
    // A name that another has: nobody is made.
    let before = accounts.count().expect("read");
    invite(&[new(3, "c"), new(4, "taken")]).expect_err("taken");
    assert_eq!(accounts.count().expect("read"), before);
    assert_eq!(accounts.one(account(1)).expect("read").expect("there").place, Some(QINGXI));
}
