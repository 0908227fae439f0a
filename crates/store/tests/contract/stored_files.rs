//! Files: once each, and a row never names what is not there.

use std::{fs, path::PathBuf, thread};

use domain::basics::{FileHash, Position};
use store::{NewFile, Store};

use crate::{Case, county::*, ground::Ground};

pub const CASES: &[Case] = &[("the_same_content_is_stored_once", once), ("a_row_never_names_a_missing_file", never_missing)];

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
    let empty = store.files().put(&file(b""), NOW).expect("stored");
    assert_eq!(store.files().read(&empty.hash).expect("read"), b"");
    let unknown = FileHash::new(&"0".repeat(64)).expect("64 digits");
    assert_eq!(store.files().info(&unknown).expect("read"), None);
    assert!(store.files().read(&unknown).is_err());
}

fn never_missing(ground: &Ground) {
    let store = ground.open();
    let folder = store.dir().join("files");
    // The disk says no: a file stands where the folder should be.
    fs::write(&folder, "in the way").expect("written");
    assert!(store.files().put(&file(b"photo"), NOW).is_err());
    assert_eq!(ground.raw().one("SELECT count(*) FROM file"), "0");
    fs::remove_file(&folder).expect("removed");
    let stored = store.files().put(&file(b"photo"), NOW).expect("stored");
    assert_eq!(store.files().read(&stored.hash).expect("read"), b"photo");
    assert_eq!(on_disk(&store).len(), 1, "nothing half-written");
}
