//! A disk that lied: after a crash the write-ahead log of SQLite is shorter than what was acknowledged, or altered. What had
//! been brought home is there, the rest is as of the cut, and whoever kept a checkpoint or an exported chain finds the loss.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use facts::{ChainFileReader, Hash};
use rusqlite::Connection;
use serde_json::Value;
use store::{Location, Store};
use tempfile::TempDir;

use crate::{
    installation::{Installation, Kind, VILLAGES, good, program, refused, report},
    kills::rows,
    random::{Random, Seed},
};

const CHAIN: &str = "819901/main";
const REPORTS: usize = 30;

/// Data as a killed process has left them, nothing of its work brought home yet.
struct Left {
    installation: Installation,
    /// Facts in the chain that were in the file itself.
    home: u64,
    /// The hash at every size of the chain.
    hashes: Vec<Hash>,
    /// A chain file that was exported before the kill.
    exported: PathBuf,
    folder: TempDir,
}

impl Left {
    fn new() -> Left {
        let chain = CHAIN.parse().expect("a chain");
        let begun = Instant::now();
        // Once a second the log is brought home beside the writers: then there is nothing to cut, and it is tried again.
        loop {
            assert!(begun.elapsed() < Duration::from_secs(120), "never fast enough");
            let installation = Installation::new(Kind::Sqlite);
            let db = Connection::open(installation.dir.join("qianwan.db")).expect("opened");
            db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("brought home");
            drop(db);
            let file = fs::read(installation.dir.join("qianwan.db")).expect("read");
            let home = head(&installation.beside()).0;
            let folder = TempDir::new().expect("a folder");
            let exported = folder.path().join("kept.jsonl");
            let mut serving = installation.serve();
            let mut client = serving.client(&installation.sessions[1]);
            for n in 0..REPORTS {
                let answer = client.post("/api/commands", report(VILLAGES[n % 3], &format!("{n}")).1.to_string().as_bytes());
                assert_eq!(answer.expect("an answer").status, 200);
            }
            export(&installation.dir, &exported);
            serving.kill();
            if fs::read(installation.dir.join("qianwan.db")).expect("read") != file {
                continue;
            }
            let text = fs::read_to_string(&exported).expect("read");
            let mut reader = ChainFileReader::open(text.as_bytes(), &[]).expect("opened");
            let mut hashes = vec![facts::Head::empty(chain, facts::Suite::Sha256).hash];
            while let Some(fact) = reader.next_fact().expect("read") {
                hashes.push(fact.hash);
            }
            assert_eq!(hashes.len() as u64, home + REPORTS as u64 + 1);
            return Left { installation, home, hashes, exported, folder };
        }
    }

    /// A copy with another write-ahead log.
    fn copy(&self, log: &[u8]) -> PathBuf {
        let copy = self.folder.path().join("copy");
        let _ = fs::remove_dir_all(&copy);
        fs::create_dir(&copy).expect("made");
        for name in ["qianwan.db", "keys.json"] {
            fs::copy(self.installation.dir.join(name), copy.join(name)).expect("copied");
        }
        fs::write(copy.join("qianwan.db-wal"), log).expect("written");
        copy
    }

    fn log(&self) -> Vec<u8> {
        fs::read(self.installation.dir.join("qianwan.db-wal")).expect("read")
    }
}

fn export(dir: &Path, file: &Path) {
    let mut command = program();
    command.args(["log", "export", "--chain", CHAIN, "--data"]).arg(dir).arg("--out").arg(file);
    good(&command.output().expect("it runs"));
}

/// Size and hash of our chain.
fn head(store: &Store) -> (u64, Hash) {
    let chain = CHAIN.parse().expect("a chain");
    store.heads().expect("heads").into_iter().find(|h| h.chain == chain).map(|h| (h.size, h.hash)).expect("there")
}

/// Opens what is left and looks at it closely; how many facts of our chain there are.
fn looked_at(left: &Left, what: &str, dir: &Path) -> u64 {
    let store = Store::open(&Location::in_dir(dir)).unwrap_or_else(|e| panic!("{what}: {e}"));
    let report = store.verify(&[], &mut |_| {}).expect("read");
    assert!(report.holds(), "{what}: {report:?}");
    let (size, hash) = head(&store);
    assert_eq!(hash, left.hashes[size as usize], "{what}: as it was when it had {size} facts");
    assert!(size >= left.home, "{what}: {size} facts, {} had been brought home", left.home);
    let before = rows(&store);
    for view in domain::ViewId::ALL {
        store.rebuild(*view, &mut |_| {}).expect("rebuilt");
    }
    assert_eq!(before, rows(&store), "{what}: views are as of the same moment");
    size
}

fn places(random: &mut Random, length: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..24).map(|_| random.below(length)).collect();
    places.extend([0, 1, 31, 32, 33, length - 1]);
    places
}

pub fn cut_or_altered() {
    let seed = Seed::given_or_any();
    let mut random = seed.random();
    let left = Left::new();
    let log = left.log();
    assert_eq!(looked_at(&left, "whole", &left.copy(&log)), left.home + REPORTS as u64);
    let mut sizes = Vec::new();
    for at in places(&mut random, log.len()) {
        sizes.push(looked_at(&left, &format!("cut at {at} of {}", log.len()), &left.copy(&log[..at])));
        let mut flipped = log.clone();
        flipped[at] ^= 1 << random.below(8);
        sizes.push(looked_at(&left, &format!("flipped at {at} of {}", log.len()), &left.copy(&flipped)));
    }
    sizes.sort_unstable();
    sizes.dedup();
    assert!(sizes.len() > 3, "cuts that come to something: {sizes:?}");
}

pub fn the_loss_is_found() {
    let seed = Seed::given_or_any();
    let mut random = seed.random();
    let left = Left::new();
    let log = left.log();
    // The note at the end of the chain file that somebody kept.
    let text = fs::read_to_string(&left.exported).expect("read");
    let last: Value = serde_json::from_str(text.lines().last().expect("a line")).expect("JSON");
    let note = last.as_object().and_then(|o| o.values().find_map(|v| v.as_str())).expect("a note");
    let kept = left.folder.path().join("kept.txt");
    fs::write(&kept, note).expect("written");
    let full = left.home + REPORTS as u64;
    for _ in 0..6 {
        let dir = left.copy(&log[..random.below(log.len() * 3 / 4)]);
        let size = looked_at(&left, "cut", &dir);
        assert!(size < full, "something is missing");
        // By itself it holds: nobody can know from the rest what the disk has forgotten.
        good(&program().arg("verify").arg("--data").arg(&dir).output().expect("it runs"));
        let now = left.folder.path().join("now.jsonl");
        export(&dir, &now);
        let verify = || {
            let mut command = program();
            command.arg("verify").arg("--chain").arg(&now).arg("--kept").arg(&kept);
            command.output().expect("it runs")
        };
        let said = refused(&verify(), 1);
        assert!(said.contains(&format!("chain {CHAIN}: ends at fact {size}, a checkpoint says it had {full}")), "{said}");
        // And when work has gone on past it, the history is another.
        let again = Installation::of(&dir, &left.installation.sessions);
        let serving = again.serve();
        let mut client = serving.client(&again.sessions[1]);
        for n in 0..=(full - size) as usize {
            let answer = client.post("/api/commands", report(VILLAGES[n % 3], "other").1.to_string().as_bytes());
            assert_eq!(answer.expect("an answer").status, 200);
        }
        drop((client, serving));
        good(&program().arg("verify").arg("--data").arg(&dir).output().expect("it runs"));
        fs::remove_file(&now).expect("removed");
        export(&dir, &now);
        let said = refused(&verify(), 1);
        assert!(said.contains(&format!("chain {CHAIN}, at size {full}: the hash is ")), "{said}");
    }
}
