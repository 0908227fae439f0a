//! Particulars: sealed, bound to their person and key, erased for good while every chain still verifies.

use std::{fs, os::unix::fs::PermissionsExt, thread};

use domain::{
    Command, ViewId,
    basics::{PersonId, ProblemId},
    persons::{self, Contact, Particulars, Purpose},
    problems::{self, Field},
};
use store::{ERASED_FILE, KEY_FILE, Location, Store, StoreError, backup, restore};
use uuid::Uuid;

use crate::{Case, county::*, ground::Ground};

pub const CASES: &[Case] = &[
    ("what_was_left_is_sealed_and_comes_back", comes_back),
    ("left_twice_is_left_once", twice),
    ("rows_cannot_be_swapped_or_altered", swapped),
    ("a_missing_key_file_is_said_and_not_made_anew", missing),
    ("keys_are_rotated_and_rows_sealed_anew", rotated),
    ("sealing_anew_stops_and_goes_on_beside_what_is_written", stopped),
    ("erased_is_gone_and_every_chain_holds", erased),
    ("the_first_key_is_made_once", first_key),
    ("keys_that_are_rotated_at_the_same_moment_are_all_kept", rotated_together),
];

pub const IN_A_FILE: &[Case] = &[
    ("a_backup_has_no_key_and_brings_nobody_back", backed_up),
    ("a_restored_backup_waits_for_the_list_of_the_erased", restored),
    ("nothing_readable_stays_in_the_file", unreadable),
];

const NUMBER: &str = "13800005678";

fn person(n: u128) -> PersonId {
    PersonId(Uuid::from_u128(n))
}

fn li() -> Particulars {
    Particulars { name: Some(text("李某某")), telephone: Some(text(NUMBER)), id_number: None }
}

fn put(store: &Store, n: u128) -> String {
    let (digest, new) = store.particulars().put(person(n), VILLAGES[0], Purpose::AskBack, &li(), NOW).expect("sealed");
    assert!(new);
    digest
}

fn comes_back(ground: &Ground) {
    let store = ground.open();
    assert_eq!(store.particulars().get(person(1)).expect("read"), None);
    assert!(!store.dir().join(KEY_FILE).exists(), "no key before it is needed");
    let digest = put(&store, 1);
    let back = store.particulars().get(person(1)).expect("opened").expect("there");
    assert_eq!((back.particulars, back.digest, back.made_ms), (li(), digest.clone(), NOW));
    assert_ne!(digest, put(&store, 2), "the same particulars of another person have another salt");
    let mode = fs::metadata(store.dir().join(KEY_FILE)).expect("the key file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(store);
    assert_eq!(ground.open().particulars().get(person(1)).expect("opened").expect("there").particulars, li());
}

fn twice(ground: &Ground) {
    let store = ground.open();
    let digest = put(&store, 1);
    let again =
        |p: &Particulars| store.particulars().put(person(1), VILLAGES[1], Purpose::AskBack, p, NOW + 9).expect("answered");
    assert_eq!(again(&li()), (digest.clone(), false));
    let other = Particulars { name: Some(text("别人")), ..li() };
    let (another, new) = again(&other);
    assert!(!new && another != digest, "something else under the same id is told apart");
    let kept = store.particulars().get(person(1)).expect("opened").expect("there");
    assert_eq!((kept.particulars, kept.made_ms), (li(), NOW), "the first stays");
}

fn swapped(ground: &Ground) {
    let store = ground.open();
    put(&store, 1);
    put(&store, 2);
    let mut raw = ground.raw();
    let (a, b) = (person(1).key(), person(2).key());
    raw.run(&format!(
        "UPDATE particulars SET sealed = (SELECT sealed FROM particulars WHERE person = '{a}') WHERE person = '{b}'"
    ));
    assert!(matches!(store.particulars().get(person(2)), Err(StoreError::Stored(_))), "sealed for another person");
    store.particulars().get(person(1)).expect("opened").expect("there");
    let other = store.particulars().rotate(NOW).expect("rotated");
    raw.run(&format!("UPDATE particulars SET key_id = '{other}' WHERE person = '{a}'"));
    assert!(matches!(store.particulars().get(person(1)), Err(StoreError::Stored(_))), "sealed with another key");
    assert!(store.particulars().reseal(&mut |_| true).is_err(), "what cannot be opened is not sealed over");
}

fn missing(ground: &Ground) {
    let store = ground.open();
    put(&store, 1);
    let (file, aside) = (store.dir().join(KEY_FILE), store.dir().join("kept-apart"));
    fs::rename(&file, &aside).expect("moved");
    for refused in [
        store.particulars().get(person(1)).map(drop),
        store.particulars().put(person(2), VILLAGES[0], Purpose::AskBack, &li(), NOW).map(drop),
        store.particulars().rotate(NOW).map(drop),
        store.particulars().reseal(&mut |_| true).map(drop),
    ] {
        let Err(StoreError::Key(why)) = refused else { panic!("{refused:?}") };
        assert!(why.contains(KEY_FILE) && why.contains("put the copy"), "{why}");
    }
    assert!(!file.exists(), "no new key hides the loss of the old one");
    let keys = store.particulars().keys().expect("listed");
    assert!(keys.len() == 1 && !keys[0].there && keys[0].rows == 1, "{keys:?}");
    fs::write(&file, r#"{"keys":[]}"#).expect("written");
    assert!(matches!(store.particulars().get(person(1)), Err(StoreError::Key(_))));
    // The file of another installation lacks the key.
    fs::remove_file(&file).expect("removed");
    let other = ground.another();
    put(&other.open(), 1);
    fs::copy(other.path().join("data").join(KEY_FILE), &file).expect("copied");
    let Err(StoreError::Key(why)) = store.particulars().get(person(1)) else { panic!("opened with a foreign key") };
    assert!(why.contains("lacks key"), "{why}");
    fs::rename(&aside, &file).expect("moved");
    store.particulars().get(person(1)).expect("opened").expect("there");
}

fn rotated(ground: &Ground) {
    let store = ground.open();
    let digests: Vec<String> = (1..=3).map(|n| put(&store, n)).collect();
    let new = store.particulars().rotate(NOW + 1).expect("rotated");
    put(&store, 4);
    let rows = |store: &Store| store.particulars().keys().expect("listed").iter().map(|k| (k.newest, k.rows)).collect::<Vec<_>>();
    assert_eq!(rows(&store), [(false, 3), (true, 1)]);
    assert_eq!(store.particulars().reseal(&mut |_| true).expect("sealed anew"), 3);
    assert_eq!(rows(&store), [(false, 0), (true, 4)]);
    assert_eq!(store.particulars().keys().expect("listed").last().map(|k| k.id.clone()), Some(new));
    for (n, digest) in (1..).zip(digests) {
        let kept = store.particulars().get(person(n)).expect("opened").expect("there");
        assert_eq!((kept.particulars, kept.digest), (li(), digest), "the salt goes along");
    }
    assert_eq!(store.particulars().reseal(&mut |_| true).expect("nothing to do"), 0);
}

fn stopped(ground: &Ground) {
    let store = ground.open();
    (1..=250).for_each(|n| drop(put(&store, n)));
    store.particulars().rotate(NOW).expect("rotated");
    let mut told = Vec::new();
    let done = store.particulars().reseal(&mut |n| {
        told.push(n);
        false
    });
    assert_eq!((done.expect("stopped"), told), (100, vec![100]));
    let rest = thread::scope(|s| {
        let writer = s.spawn(|| {
            (251..=280).for_each(|n| drop(put(&store, n)));
            (101..=110).for_each(|n| assert!(store.particulars().erase(person(n)).expect("erased")));
        });
        let rest = store.particulars().reseal(&mut |_| true).expect("goes on");
        writer.join().expect("no accident");
        rest
    });
    assert!((140..=150).contains(&rest), "{rest}");
    assert_eq!(store.particulars().count().expect("counted"), 270);
    assert!(store.particulars().keys().expect("listed").iter().all(|k| k.newest || k.rows == 0));
    assert!(store.particulars().get(person(105)).expect("read").is_none(), "sealing anew brings nobody back");
}

/// A report with somebody to ask back.
fn reported(store: &Store, n: u128) -> ProblemId {
    let contact = Some(Contact { person: person(n), digest: put(store, n) });
    let Command::Problems(problems::Command::Report { place, field, text, position, photos, found_ms, receipt, .. }) =
        report(VILLAGES[0], Field::Road, "路面破损")
    else {
        panic!("a report")
    };
    let command = problems::Command::Report { place, field, text, position, photos, found_ms, receipt, contact };
    let submission = by(chen(), Command::Problems(command));
    let problem = made(&submission);
    accepted(store, submission);
    problem
}

fn erase(store: &Store, n: u128) {
    let command = persons::Command::Erase { person: person(n), reason: Some(text("本人来电要求删除")), receipt: None };
    accepted(store, by(chen(), Command::Persons(command)));
    assert!(store.particulars().erase(person(n)).expect("erased"));
}

fn erased(ground: &Ground) {
    let store = ground.open();
    found(&store);
    let problem = reported(&store, 1);
    reported(&store, 2);
    let unmask = persons::Command::Unmask { person: person(1), reason: text("回访核实情况") };
    accepted(&store, by(chen(), Command::Persons(unmask)));
    let before = holds(&store);
    erase(&store, 1);
    assert_eq!(holds(&store), before + 2, "the fact and its mirror in the audit; every chain still verifies");
    rebuilds_the_same(&store);
    assert_eq!(store.particulars().get(person(1)).expect("read"), None);
    assert_eq!(store.particulars().get(person(2)).expect("read").expect("there").particulars, li());
    let Some(domain::Row::Persons(row)) = store.row(ViewId::Persons, &person(1).key()).expect("read") else { panic!("no row") };
    assert_eq!((row.problem, row.unmasked, row.state.word()), (Some(problem), 1, "erased"));
    let facts = ground.raw().texts("SELECT body FROM fact");
    assert!(facts.iter().flatten().flatten().all(|body| !body.contains(NUMBER) && !body.contains("李某某")));
    drop(store);
    let store = ground.open();
    rebuilds_the_same(&store);
    assert_eq!(store.particulars().erased().expect("listed"), [person(1)]);
}

fn first_key(ground: &Ground) {
    let store = ground.open();
    thread::scope(|s| {
        (1..=8).for_each(|n| {
            drop(s.spawn({
                let store = &store;
                move || put(store, n)
            }))
        })
    });
    assert_eq!(store.particulars().keys().expect("listed").len(), 1);
    (1..=8).for_each(|n| assert!(store.particulars().get(person(n)).expect("opened").is_some()));
    let left: Vec<_> = fs::read_dir(store.dir()).expect("read").map(|e| e.expect("an entry").file_name()).collect();
    assert!(left.iter().all(|f| !f.to_string_lossy().contains("keys-")), "{left:?}");
}

fn rotated_together(ground: &Ground) {
    let store = ground.open();
    put(&store, 1);
    let made: Vec<String> = thread::scope(|s| {
        let all: Vec<_> = (0..8).map(|_| s.spawn(|| store.particulars().rotate(NOW).expect("rotated"))).collect();
        all.into_iter().map(|t| t.join().expect("no accident")).collect()
    });
    let keys = store.particulars().keys().expect("listed");
    assert_eq!(keys.len(), 9);
    assert!(made.iter().all(|id| keys.iter().any(|k| k.id == *id)), "no key is lost");
    assert_eq!(store.particulars().get(person(1)).expect("opened").expect("there").particulars, li());
}

fn restored(ground: &Ground) {
    let store = ground.open();
    found(&store);
    reported(&store, 1);
    reported(&store, 2);
    let out = ground.path().join("a.backup");
    backup(&store, &out).expect("a backup");
    erase(&store, 1);
    let apart = ground.path().join("apart");
    fs::create_dir(&apart).expect("made");
    for name in [KEY_FILE, ERASED_FILE] {
        fs::copy(store.dir().join(name), apart.join(name)).expect("kept apart");
    }
    drop(store);
    let there = ground.path().join("restored");
    let at = Location::in_dir(&there);
    restore(&out, &there).expect("restored");
    for _ in 0..2 {
        let Err(StoreError::Key(why)) = Store::open(&at).map(drop) else { panic!("served though nobody knows who was erased") };
        assert!(why.contains(ERASED_FILE), "{why}");
    }
    let beside = Store::open_beside(&at).expect("looked at");
    let wrong = apart.join("wrong");
    fs::write(&wrong, r#"{"keys":[{"id":"00","key":"00","made_ms":0}]}"#).expect("written");
    assert!(beside.particulars().put_back(Some(&wrong), None).is_err(), "a key that is none");
    assert!(!there.join(KEY_FILE).exists());
    beside.particulars().put_back(Some(&apart.join(KEY_FILE)), None).expect("put back");
    assert!(beside.particulars().unsettled());
    assert!(matches!(beside.particulars().get(person(2)), Err(StoreError::Key(_))), "nor is anything opened");
    beside.particulars().put_back(None, Some(&apart.join(ERASED_FILE))).expect("put back");
    assert!(!beside.particulars().unsettled());
    assert_eq!(beside.particulars().get(person(1)).expect("read"), None);
    drop(beside);
    let mode = fs::metadata(there.join(KEY_FILE)).expect("the key file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let back = Store::open(&at).expect("opens");
    assert_eq!(back.particulars().get(person(2)).expect("opened").expect("there").particulars, li());
    holds(&back);
}

fn backed_up(ground: &Ground) {
    let store = ground.open();
    found(&store);
    reported(&store, 1);
    reported(&store, 2);
    let out = ground.path().join("a.backup");
    backup(&store, &out).expect("a backup");
    let bytes = fs::read(&out).expect("read");
    assert!(!bytes.windows(KEY_FILE.len()).any(|w| w == KEY_FILE.as_bytes()), "the key file is not in it");
    erase(&store, 1);
    let kept: Vec<Vec<u8>> = [KEY_FILE, ERASED_FILE].iter().map(|f| fs::read(store.dir().join(f)).expect("kept apart")).collect();
    drop(store);
    let there = ground.path().join("restored");
    restore(&out, &there).expect("restored");
    // With what was kept apart put back, whoever was erased since is erased again.
    for (name, content) in [KEY_FILE, ERASED_FILE].iter().zip(kept) {
        fs::write(there.join(name), content).expect("put back");
    }
    let back = Store::open(&Location::in_dir(&there)).expect("opens");
    assert_eq!(back.particulars().get(person(1)).expect("read"), None);
    assert_eq!(back.particulars().get(person(2)).expect("opened").expect("there").particulars, li());
    holds(&back);
    rebuilds_the_same(&back);
}

fn unreadable(ground: &Ground) {
    let store = ground.open();
    put(&store, 1);
    store.particulars().forget(person(1)).expect("erased");
    put(&store, 2);
    drop(store);
    for name in ["qianwan.db", "qianwan.db-wal"] {
        let bytes = fs::read(ground.path().join("data").join(name)).unwrap_or_default();
        for secret in [NUMBER.as_bytes(), "李某某".as_bytes()] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret), "{name}");
        }
    }
}
