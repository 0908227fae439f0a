//! A backup that was cut off is none: nothing stands under its name, and `restore` refuses whatever is not whole.

use std::{
    fs,
    path::Path,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};

use crate::{
    disk::Mounts,
    installation::{Installation, Kind, good, program, refused},
    random::Seed,
};

/// Stored files, so that a backup takes its time.
fn with_files(dir: &Path, count: u8) {
    for n in 0..count {
        let content = vec![n; 400_000];
        let name = hex::encode(Sha256::digest(&content));
        let folder = dir.join("files").join(&name[..2]);
        fs::create_dir_all(&folder).expect("made");
        fs::write(folder.join(name), content).expect("written");
    }
}

pub fn killed_in_the_middle() {
    let seed = Seed::given_or_any();
    let mut random = seed.random();
    let installation = Installation::new(Kind::Sqlite);
    with_files(&installation.dir, 40);
    let _serving = installation.serve();
    let folder = tempfile::tempdir().expect("a folder");
    let whole = folder.path().join("whole.backup");
    let begun = Instant::now();
    good(&installation.run(&["backup"]).arg("--out").arg(&whole).output().expect("it runs"));
    let took = begun.elapsed().as_micros() as usize;
    let mut cut_off = 0;
    for n in 0..12 {
        let out = folder.path().join("cut.backup");
        let mut command = installation.run(&["backup"]);
        let mut child = command.arg("--out").arg(&out).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        thread::sleep(Duration::from_micros(random.below(took) as u64));
        child.kill().expect("killed");
        child.wait().expect("gone");
        if out.exists() {
            // It was done already: then it is whole.
            let there = folder.path().join(format!("there-{n}"));
            good(&program().args(["restore", "--from"]).arg(&out).arg("--data").arg(&there).output().expect("it runs"));
            fs::remove_file(&out).expect("removed");
        } else {
            cut_off += 1;
        }
    }
    assert!(cut_off > 0, "none of 12 was killed in the middle of {took} µs");
    // What a killed one has left behind does not hinder the next.
    let next = folder.path().join("cut.backup");
    good(&installation.run(&["backup"]).arg("--out").arg(&next).output().expect("it runs"));
    good(
        &program()
            .args(["restore", "--from"])
            .arg(&next)
            .arg("--data")
            .arg(folder.path().join("next"))
            .output()
            .expect("it runs"),
    );
    // A restore that is killed leaves no installation, or a whole one.
    for n in 0..6 {
        let there = folder.path().join(format!("restored-{n}"));
        let mut command = program();
        command.args(["restore", "--from"]).arg(&whole).arg("--data").arg(&there);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        thread::sleep(Duration::from_micros(random.below(took) as u64));
        child.kill().expect("killed");
        child.wait().expect("gone");
        if !there.exists() {
            good(&program().args(["restore", "--from"]).arg(&whole).arg("--data").arg(&there).output().expect("it runs"));
        }
        good(&program().arg("verify").arg("--data").arg(&there).output().expect("it runs"));
        assert!(fs::read_dir(there.join("files")).expect("read").count() > 0, "with its files");
    }
}

pub fn the_disk_fills_up() {
    let installation = Installation::new(Kind::Sqlite);
    with_files(&installation.dir, 10);
    let Some(disk) = Mounts::small(3) else { return };
    let out = disk.path().join("a.backup");
    let mut command = disk.program();
    command.arg("backup").arg("--data").arg(&installation.dir).arg("--out").arg(&out);
    let said = refused(&command.output().expect("it runs"), 2);
    let place = out.display();
    assert!(said.contains(&format!("{place}：备份没有完成，没有留下文件")), "{said}");
    assert!(said.contains(&format!("{place}: the backup was not completed; no file is left")), "{said}");
    let left: Vec<_> = fs::read_dir(disk.outside()).expect("read").map(|e| e.expect("an entry").file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
    // The installation is as it was.
    good(&installation.run(&["verify"]).output().expect("it runs"));
}

pub fn damaged_ones_are_refused() {
    let seed = Seed::given_or_any();
    let mut random = seed.random();
    let installation = Installation::new(Kind::Sqlite);
    with_files(&installation.dir, 2);
    let folder = tempfile::tempdir().expect("a folder");
    let whole = folder.path().join("whole.backup");
    good(&installation.run(&["backup"]).arg("--out").arg(&whole).output().expect("it runs"));
    let content = fs::read(&whole).expect("read");
    let bad = folder.path().join("bad.backup");
    let absent = folder.path().join("absent");
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).expect("made");
    for n in 0..16 {
        let at = random.below(content.len());
        let mut damaged = content.clone();
        match n % 2 {
            0 => damaged.truncate(at),
            _ => damaged[at] ^= 1 << random.below(8),
        }
        fs::write(&bad, damaged).expect("written");
        for there in [&absent, &empty] {
            let output = program().args(["restore", "--from"]).arg(&bad).arg("--data").arg(there).output().expect("it runs");
            let said = refused(&output, 2);
            let (file, dir) = (bad.display(), there.display());
            assert!(said.contains(&format!("{file} 没有恢复，{dir} 没有改动")), "{said}");
            assert!(said.contains(&format!("{file} was not restored, {dir} is as it was")), "{said}");
        }
        assert!(!absent.exists() && fs::read_dir(&empty).expect("read").next().is_none(), "damaged at {at}");
    }
    // Nor into what is there already.
    let output =
        program().args(["restore", "--from"]).arg(&whole).arg("--data").arg(&installation.dir).output().expect("it runs");
    assert!(refused(&output, 2).contains("is not empty"));
    good(&installation.run(&["verify"]).output().expect("it runs"));
}
