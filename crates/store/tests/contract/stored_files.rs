//! Files: once each, and a row never names what is not there.

use std::{fs, io::Read, path::PathBuf, thread};

use domain::basics::{FileHash, Position};
use store::{NewFile, Store};

use crate::{Case, county::*, ground::Ground};

pub const CASES: &[Case] = &[
    ("the_same_content_is_stored_once", once),
    ("a_row_never_names_a_missing_file", never_missing),
    ("what_comes_in_pieces_is_kept_or_gone", in_pieces),
    ("small_contents_lie_in_their_rows", small_in_rows),
];

fn file(content: &[u8]) -> NewFile<'_> {
    NewFile { content, media_type: "image/jpeg", taken_ms: Some(NOW), position: Position::new(1_196_000_000, 305_000_000) }
}

fn on_disk(store: &Store) -> Vec<PathBuf> {
    let folders = fs::read_dir(store.dir().join("files")).into_iter().flatten();
    folders.flat_map(|f| fs::read_dir(f.expect("a folder").path()).expect("read")).map(|f| f.expect("a file").path()).collect()
}

fn once(ground: &Ground) {
    let store = ground.open();
    let content = vec![7; 100_000];
    thread::scope(|s| {
        for _ in 0..8 {
            s.spawn(|| store.files().put(&file(&content), NOW).expect("stored"));
        }
    });
    let again =
        store.files().put(&NewFile { taken_ms: None, media_type: "text/html", ..file(&content) }, NOW + 1).expect("stored");
    assert_eq!((again.taken_ms, again.media_type.as_str(), again.bytes), (Some(NOW), "image/jpeg", 100_000), "the first stays");
    let [path] = on_disk(&store).try_into().expect("one file");
    assert!(path.ends_with(again.hash.as_str()));
    assert_eq!(store.files().read(&again.hash).expect("read"), content);
    assert_eq!(store.files().info(&again.hash).expect("read"), Some(again));
    // Many at once are each there, whoever wrote the rows of all of them.
    let contents: Vec<Vec<u8>> = (0..200_u8).map(|n| vec![n; 100 + usize::from(n)]).collect();
    std::thread::scope(|s| {
        for some in contents.chunks(10) {
            s.spawn(|| some.iter().for_each(|content| drop(store.files().put(&file(content), NOW).expect("stored"))));
        }
    });
    for content in &contents {
        let hash = store.files().put(&file(content), NOW).expect("stored").hash;
        let info = store.files().info(&hash).expect("read").expect("noted");
        assert_eq!((info.bytes, store.files().read(&hash).expect("read")), (content.len() as u64, content.clone()));
    }
    let empty = store.files().put(&file(b""), NOW).expect("stored");
    assert_eq!(store.files().read(&empty.hash).expect("read"), b"");
    let unknown = FileHash::new(&"0".repeat(64)).expect("64 digits");
    assert_eq!(store.files().info(&unknown).expect("read"), None);
    assert!(store.files().read(&unknown).is_err());
}

fn in_pieces(ground: &Ground) {
    let store = ground.open();
    let waiting = |store: &Store| fs::read_dir(store.dir().join("incoming")).into_iter().flatten().count();
    let piece = vec![9; 70_000];
    let take = || {
        let mut incoming = store.files().begin().expect("begun");
        for _ in 0..10 {
            incoming.write(&piece).expect("written");
        }
        incoming
    };
    let incoming = take();
    assert_eq!((incoming.bytes(), waiting(&store)), (700_000, 1));
    let mut seen = Vec::new();
    std::io::Read::read_to_end(&mut incoming.reader().expect("a reader"), &mut seen).expect("read");
    assert_eq!(seen, piece.repeat(10));
    let kept = store.files().keep(incoming, &file(b""), NOW).expect("kept");
    assert_eq!((kept.bytes, waiting(&store)), (700_000, 0));
    assert_eq!(store.files().put(&file(&seen), NOW).expect("stored").hash, kept.hash, "the same as stored at once");
    // The same again, and what nobody wanted: nothing is left lying.
    store.files().keep(take(), &file(b""), NOW).expect("kept");
    drop(take());
    assert_eq!((on_disk(&store).len(), waiting(&store)), (1, 0));
    // After a crash, what is a day old goes and what is young stays: somebody may be at it.
    let (old, young) = (store.dir().join("incoming/old"), store.dir().join("incoming/young"));
    fs::write(&old, "left behind").expect("written");
    fs::write(&young, "being written").expect("written");
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(25 * 3600);
    fs::File::options().write(true).open(&old).expect("open").set_modified(long_ago).expect("set");
    drop(store);
    let store = ground.open();
    assert!(!old.exists() && young.exists());
    drop(store);
}

fn never_missing(ground: &Ground) {
    let store = ground.open();
    let folder = store.dir().join("files");
    let large = vec![3; 20_000];
    // The disk says no: a file stands where the folder should be.
    fs::write(&folder, "in the way").expect("written");
    assert!(store.files().put(&file(&large), NOW).is_err());
    assert_eq!(ground.raw().one("SELECT count(*) FROM file"), "0");
    fs::remove_file(&folder).expect("removed");
    let stored = store.files().put(&file(&large), NOW).expect("stored");
    assert_eq!(store.files().read(&stored.hash).expect("read"), large);
    assert_eq!(on_disk(&store).len(), 1, "nothing half-written");
}

fn read_to_end(store: &Store, hash: &FileHash) -> Vec<u8> {
    let mut content = Vec::new();
    store.files().open(hash).expect("opened").read_to_end(&mut content).expect("read");
    content
}

fn small_in_rows(ground: &Ground) {
    let store = ground.open();
    let (small, large) = (vec![1; 16 << 10], vec![2; (16 << 10) + 1]);
    let [small_hash, large_hash] = [&small, &large].map(|content| store.files().put(&file(content), NOW).expect("stored").hash);
    let [path] = on_disk(&store).try_into().expect("the large one alone");
    assert!(path.ends_with(large_hash.as_str()));
    assert_eq!((read_to_end(&store, &small_hash), read_to_end(&store, &large_hash)), (small.clone(), large));
    let mut all = vec![small_hash.clone(), large_hash.clone()];
    all.sort();
    assert_eq!(store.files().all().expect("read"), all);
    // What came in pieces as well.
    let mut incoming = store.files().begin().expect("begun");
    incoming.write(b"a small attachment").expect("written");
    let kept = store.files().keep(incoming, &file(b""), NOW).expect("kept");
    assert_eq!((store.files().read(&kept.hash).expect("read"), on_disk(&store).len()), (b"a small attachment".to_vec(), 1));
    // Nothing is missing or altered; then somebody alters a row, and takes a file away.
    let report = store.check_files(10, true).expect("checked");
    assert_eq!((report.looked_at, report.missing.len(), report.altered.len()), (3, 0, 0));
    let bytes = if ground.is_postgres() { "bytea" } else { "BLOB" };
    let other = "x".repeat(16 << 10);
    ground.raw().run(&format!("UPDATE file SET content = CAST('{other}' AS {bytes}) WHERE hash = '{}'", small_hash.as_str()));
    fs::remove_file(&path).expect("removed");
    let report = store.check_files(10, true).expect("checked");
    assert_eq!((report.missing, report.altered), (vec![large_hash], vec![small_hash.clone()]));
    // Of older data, where it was a file that is lost: it comes again, and is there.
    ground.raw().run(&format!("UPDATE file SET content = NULL WHERE hash = '{}'", small_hash.as_str()));
    assert!(store.files().read(&small_hash).is_err());
    store.files().put(&file(&small), NOW).expect("stored");
    assert_eq!(store.files().read(&small_hash).expect("read"), small);
}
