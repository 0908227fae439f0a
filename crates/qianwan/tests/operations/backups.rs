//! Nightly backups: several are kept, and nothing goes before something good has come.

use std::fs;

use crate::{Case, Needs::Nothing, ground::*};

pub const CASES: &[Case] = &[
    ("backups_are_kept_beside_a_server_and_the_oldest_goes", Nothing, kept),
    ("a_backup_that_fails_takes_nothing_away", Nothing, failed),
];

fn names(ground: &Ground) -> Vec<String> {
    let entries = fs::read_dir(ground.path().join("backups")).expect("read");
    let mut names: Vec<String> = entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn backup(ground: &Ground, keep: &str) -> std::process::Output {
    let dir = ground.path().join("backups");
    ground.run(&["backup", "--dir", dir.to_str().expect("a path"), "--keep", keep])
}

fn kept() {
    use std::os::unix::fs::PermissionsExt;
    let ground = Ground::installed();
    let serving = ground.serve(&[]);
    good(&backup(&ground, "3"));
    let first = names(&ground);
    assert!(first.len() == 1 && first[0].starts_with("qianwan-20") && first[0].ends_with(".backup"), "{first:?}");
    let path = ground.path().join("backups").join(&first[0]);
    for (path, mode) in [(path.as_path(), 0o600), (path.parent().expect("a folder"), 0o700)] {
        let is = fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(is, mode, "{}: it holds keys and hashes of passwords", path.display());
    }
    // As if made on earlier nights.
    for night in ["20250101T023000", "20250102T023000"] {
        fs::copy(&path, path.with_file_name(format!("qianwan-{night}.backup"))).expect("copied");
    }
    fs::remove_file(&path).expect("removed");
    fs::write(path.with_file_name("letter.txt"), "dear").expect("written");
    good(&backup(&ground, "2"));
    let now = names(&ground);
    assert_eq!(now.len(), 3, "{now:?}");
    assert_eq!((now[0].as_str(), now[1].as_str()), ("letter.txt", "qianwan-20250102T023000.backup"));
    serving.stop();
    // The newest one comes back.
    let newest = ground.path().join("backups").join(&now[2]);
    let there = ground.path().join("restored");
    good(&run(&["restore".as_ref(), "--from".as_ref(), newest.as_os_str(), "--data".as_ref(), there.as_os_str()]));
    good(&run(&["verify".as_ref(), "--data".as_ref(), there.as_os_str()]));
    assert_eq!(fs::metadata(&there).expect("there").permissions().mode() & 0o777, 0o700);
}

fn failed() {
    let ground = Ground::installed();
    good(&backup(&ground, "1"));
    let before = names(&ground);
    // A stored file that is not what its name says: what was written does not verify.
    let folder = ground.data().join("files/ab");
    fs::create_dir_all(&folder).expect("made");
    fs::write(folder.join("ab".repeat(32)), "altered").expect("written");
    let out = backup(&ground, "1");
    assert_eq!(out.status.code(), Some(2), "{}", shown(&out.stderr));
    assert_eq!(names(&ground), before, "the good one stays, and no half one");
    let out = ground.run(&["backup"]);
    assert!(out.status.code() == Some(2) && shown(&out.stderr).contains("--dir"), "{}", shown(&out.stderr));
}
