//! Opening: migrations, versions, one process at a time.

use domain::problems::Field;
use store::{Location, Store, StoreError};

use crate::{Case, county::*, ground::Ground};

pub const CASES: &[Case] =
    &[("migrations_run_from_nothing_and_once", from_nothing), ("data_of_a_newer_version_are_refused", newer)];

pub const IN_A_FILE: &[Case] = &[
    ("a_directory_in_use_is_refused", in_use),
    ("what_is_no_database_is_refused", no_database),
    ("the_write_ahead_log_comes_home", comes_home),
];

fn from_nothing(ground: &Ground) {
    drop(ground.open());
    let migrations = || ground.raw().texts("SELECT number FROM migration ORDER BY number");
    let first = migrations();
    assert!(!first.is_empty());
    let store = ground.open();
    assert_eq!(migrations(), first);
    assert_eq!((store.positions().facts(), store.heads().expect("heads").len()), (0, 0));
    assert!(contents(&store).iter().all(|(_, rows)| rows.is_empty()));
    assert!(store.verify(&[], &mut |_| {}).expect("verified").holds());
    let name = if ground.is_postgres() { "postgresql" } else { "sqlite" };
    assert_eq!(store.database_name(), name);
    found(&store);
}

fn newer(ground: &Ground) {
    let store = ground.open();
    found(&store);
    drop(store);
    ground.raw().run("INSERT INTO migration (number) VALUES (999)");
    let before = ground.raw().one("SELECT count(*) FROM fact");
    assert!(matches!(Store::open(&ground.location()), Err(StoreError::Newer(999))));
    assert_eq!(ground.raw().one("SELECT count(*) FROM fact"), before);
    ground.raw().run("DELETE FROM migration WHERE number = 999");
    holds(&ground.open());
}

fn in_use(ground: &Ground) {
    let store = ground.open();
    assert!(matches!(Store::open(&ground.location()), Err(StoreError::InUse)));
    found(&store);
    drop(store);
    let again = ground.open();
    accepted(&again, by(chen(), report(VILLAGES[0], Field::Road, "一")));
}

fn no_database(ground: &Ground) {
    let dir = ground.path().join("data");
    std::fs::create_dir_all(&dir).expect("made");
    std::fs::write(dir.join("qianwan.db"), "this is a letter, not a database, and it is longer than a header").expect("written");
    assert!(Store::open(&Location::in_dir(&dir)).is_err());
    let file = ground.path().join("file");
    std::fs::write(&file, "").expect("written");
    assert!(matches!(Store::open(&Location::in_dir(&file)), Err(StoreError::Io { .. })));
}

fn comes_home(ground: &Ground) {
    let store = ground.open();
    found(&store);
    let size = || std::fs::metadata(ground.path().join("data/qianwan.db-wal")).map_or(0, |m| m.len());
    // Writers that never pause must not make it grow without end.
    let begun = std::time::Instant::now();
    let (send, receive) = std::sync::mpsc::sync_channel(1024);
    let (mut handed_in, mut answered, mut bytes) = (0_u64, 0_u64, 0_u64);
    let words = "长".repeat(2000);
    while bytes < 120 << 20 && begun.elapsed().as_secs() < 20 {
        while handed_in - answered < 512 {
            let send = send.clone();
            store.submit(by(chen(), report(VILLAGES[0], Field::Road, &words)), move |answer| drop(send.send(answer.map(|_| ()))));
            handed_in += 1;
        }
        receive.recv().expect("an answer").expect("no accident");
        answered += 1;
        bytes += words.len() as u64 * 2;
    }
    while answered < handed_in {
        receive.recv().expect("an answer").expect("no accident");
        answered += 1;
    }
    // Without an end it would be more than twice the text by now.
    assert!(size() < 200 << 20, "{} MB of write-ahead log after {} MB of text", size() >> 20, bytes >> 20);
}
