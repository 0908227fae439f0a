//! Backup and restore: a drill under load, and everything that must be refused.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use domain::{ViewId, problems::Field};
use store::{Location, NewFile, Store, backup, restore, verify_backup};

use crate::{Case, county::*, ground::Ground};

pub const CASES: &[Case] = &[
    ("a_backup_under_load_is_whole_and_comes_back", under_load),
    ("a_restore_brings_back_the_same_rows", same_rows),
    ("a_restore_never_overwrites", never_overwrites),
    ("a_damaged_backup_is_refused_and_leaves_nothing", damaged),
    ("an_upload_that_was_cut_off_does_not_spoil_backups", cut_off),
];

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).expect("read").map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn with_files(store: &Store) {
    for n in 0..3_u8 {
        let file = NewFile { content: &vec![n; 5000], media_type: "image/png", taken_ms: None, position: None };
        store.files().put(&file, NOW).expect("stored");
    }
    fs::write(store.dir().join("keys.json"), "{}").expect("written");
}

fn under_load(ground: &Ground) {
    let store = ground.open();
    found(&store);
    with_files(&store);
    let out = ground.path().join("a.backup");
    let stop = AtomicBool::new(false);
    let (acknowledged, facts) = thread::scope(|s| {
        let writers: Vec<_> = (0..8_u64)
            .map(|n| {
                let (store, stop) = (&store, &stop);
                s.spawn(move || {
                    let mut done = 0;
                    while !stop.load(Ordering::Relaxed) {
                        accepted(store, by(chen(), report(VILLAGES[n as usize % 7], Field::Road, &done.to_string())));
                        if done % 20 == 0 {
                            let content = format!("{n} {done}");
                            let file =
                                NewFile { content: content.as_bytes(), media_type: "text/plain", taken_ms: None, position: None };
                            store.files().put(&file, NOW).expect("stored");
                        }
                        done += 1;
                    }
                })
            })
            .collect();
        while store.positions().facts() < 500 {
            thread::yield_now();
        }
        let acknowledged = store.positions().facts();
        let facts = backup(&store, &out).expect("a backup");
        stop.store(true, Ordering::Relaxed);
        writers.into_iter().for_each(|w| w.join().expect("no accident"));
        (acknowledged, facts)
    });
    assert!(facts >= acknowledged, "{facts} of {acknowledged}");
    assert_eq!(verify_backup(&out).expect("whole"), facts);
    let there = ground.path().join("restored");
    assert_eq!(restore(&out, &there).expect("restored"), facts);
    assert_eq!(names(ground.path()), ["a.backup", "data", "restored"], "nothing else is left behind");
    let back = Store::open(&Location::in_dir(&there)).expect("opens");
    assert_eq!(holds(&back), facts);
    // A prefix of what went on: every fact is the same there.
    for head in back.heads().expect("heads") {
        assert_eq!(store.fact(head.chain, head.size).expect("read").map(|f| f.hash), Some(head.hash));
    }
    rebuilds_the_same(&back);
    accepted(&back, by(chen(), report(VILLAGES[0], Field::Road, "weiter")));
}

fn same_rows(ground: &Ground) {
    let store = ground.open();
    busy(&store);
    with_files(&store);
    store.set_setting("name", "青溪").expect("set");
    let (rows, facts) = (contents(&store), holds(&store));
    let out = ground.path().join("a.backup");
    backup(&store, &out).expect("a backup");
    accepted(&store, by(chen(), report(VILLAGES[0], Field::Road, "later")));
    drop(store);
    let there = ground.path().join("restored");
    restore(&out, &there).expect("restored");
    let back = Store::open(&Location::in_dir(&there)).expect("opens");
    assert_eq!((contents(&back), holds(&back)), (rows, facts));
    assert_eq!(back.setting("name").expect("read").as_deref(), Some("青溪"));
    let hash = back
        .files()
        .put(&NewFile { content: &[1; 5000], media_type: "", taken_ms: None, position: None }, NOW)
        .expect("there")
        .hash;
    assert_eq!(back.files().info(&hash).expect("read").map(|f| f.media_type).as_deref(), Some("image/png"));
    assert_eq!(fs::read_to_string(there.join("keys.json")).expect("read"), "{}");
}

fn never_overwrites(ground: &Ground) {
    let store = ground.open();
    busy(&store);
    let out = ground.path().join("a.backup");
    backup(&store, &out).expect("a backup");
    let before = fs::read(&out).expect("read");
    assert!(backup(&store, &out).is_err(), "a backup is there already");
    assert_eq!(fs::read(&out).expect("read"), before);
    let occupied = ground.path().join("occupied");
    fs::create_dir(&occupied).expect("made");
    fs::write(occupied.join("letter"), "dear").expect("written");
    assert!(restore(&out, &occupied).is_err());
    assert!(restore(&out, store.dir()).is_err());
    assert_eq!(names(&occupied), ["letter"]);
    holds(&store);
    let empty = ground.path().join("empty");
    fs::create_dir(&empty).expect("made");
    restore(&out, &empty).expect("an empty directory will do");
}

fn damaged(ground: &Ground) {
    let store = ground.open();
    busy(&store);
    with_files(&store);
    let good = ground.path().join("good.backup");
    backup(&store, &good).expect("a backup");
    let bytes = fs::read(&good).expect("read");
    let bad = ground.path().join("bad.backup");
    let there = ground.path().join("there");
    let before = [names(ground.path()), vec!["bad.backup".into()]].concat();
    let refused = |what: &str, content: &[u8]| {
        fs::write(&bad, content).expect("written");
        for told in [verify_backup(&bad), restore(&bad, &there)] {
            assert!(told.is_err(), "{what} was accepted");
        }
        let mut left = before.clone();
        left.sort();
        assert_eq!(names(ground.path()), left, "{what} leaves something behind");
    };
    for length in [0, 1, 511, 512, 5000, bytes.len() / 2, bytes.len() - 1025, bytes.len() - 1] {
        refused(&format!("cut to {length}"), &bytes[..length]);
    }
    let mut places: Vec<usize> = (0..60).map(|n| bytes.len() / 60 * n + n * 7).collect();
    // The end, byte by byte in steps: the last entry and what fills up the file.
    places.extend((bytes.len() - 2048..bytes.len()).step_by(61));
    for place in places {
        let mut flipped = bytes.clone();
        flipped[place] ^= 0x10;
        refused(&format!("bit flipped at {place} of {}", bytes.len()), &flipped);
    }
    refused("something after the end", &[bytes.as_slice(), b"more"].concat());
    refused("a letter", b"dear sir");
    refused("another archive", &archive(&[("letter.txt", b"dear sir")]));
    refused("an archive that says it is whole", &archive(&[("letter.txt", b"dear sir"), ("COMPLETE", b"")]));
    refused("a database that is none", &archive(&[("qianwan.db", b"dear sir"), ("COMPLETE", b"")]));
    assert!(restore(&ground.path().join("nothing"), &there).is_err());
    assert_eq!(verify_backup(&good).expect("still good"), holds(&store));
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        archive.append_data(&mut header, name, *content).expect("written");
    }
    archive.into_inner().expect("written")
}

fn cut_off(ground: &Ground) {
    let store = ground.open();
    found(&store);
    with_files(&store);
    let folder: PathBuf = store.dir().join("files").join("ab");
    fs::create_dir_all(&folder).expect("made");
    fs::write(folder.join(format!(".{}.ThreadId(5)", "ab".repeat(32))), "half a phot").expect("written");
    let out = ground.path().join("a.backup");
    backup(&store, &out).expect("a backup");
    assert_eq!(verify_backup(&out).expect("whole"), holds(&store));
    assert!(store.row(ViewId::Places, &CITY.key()).expect("read").is_some());
}
