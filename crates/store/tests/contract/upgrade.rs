//! Data of earlier releases, opened with the present code: nothing is lost, and an opening that is killed may be tried again.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

use domain::basics::FileHash;
use facts::ChainId;
use flate2::read::GzDecoder;
use serde::Deserialize;
use store::{Location, Store, StoreError};

use crate::{Case, county::*, ground::Ground};

pub const CASES: &[Case] = &[
    ("data_of_earlier_releases_lose_nothing", nothing_lost),
    ("an_upgrade_that_is_killed_may_be_tried_again", killed),
    ("an_upgrade_happens_once", once),
    ("upgraded_data_of_a_newer_version_are_refused_untouched", newer),
];

/// Releases whose data are kept, oldest first.
const RELEASES: &[&str] = &["v0.1"];

/// Set for the process that opens and is killed: where its data are, and in which database.
pub const CHILD: &str = "QIANWAN_TEST_UPGRADED_IN";
const CHILD_DATABASE: &str = "QIANWAN_TEST_UPGRADED_DATABASE";

/// What the old binary itself said of the data.
#[derive(Deserialize)]
struct About {
    sqlite: Known,
    postgres: Known,
}

#[derive(Deserialize)]
struct Known {
    chains: Vec<KnownChain>,
    kinds: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct KnownChain {
    chain: String,
    size: u64,
    head: String,
    checkpoints: u64,
}

fn fixtures(release: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(release)
}

/// Puts the data of a release onto the ground, as they were left.
fn put(ground: &Ground, release: &str) -> Known {
    let from = fixtures(release);
    let text = fs::read_to_string(from.join("about.json")).expect("about.json");
    let about: About = serde_json::from_str(&text).expect("JSON");
    let unpack = |name: &str| {
        let file = File::open(from.join(name)).expect(name);
        tar::Archive::new(GzDecoder::new(file)).unpack(ground.path().join("data")).expect(name);
    };
    if ground.is_postgres() {
        unpack("postgres-files.tar.gz");
        let mut sql = String::new();
        let file = File::open(from.join("postgres.sql.gz")).expect("the dump");
        GzDecoder::new(file).read_to_string(&mut sql).expect("the dump");
        ground.raw().run(&sql);
        about.postgres
    } else {
        unpack("sqlite.tar.gz");
        about.sqlite
    }
}

/// Every fact of the old release is where it was, with its hash; views are as the log says.
#[track_caller]
fn is_all_there(store: &Store, known: &Known) {
    holds(store);
    let report = store.verify(&[], &mut |_| {}).expect("verified");
    let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
    for old in &known.chains {
        let chain: ChainId = old.chain.parse().expect("a chain");
        let last = store.fact(chain, old.size).expect("read").expect("the last fact of the old release");
        assert_eq!(last.hash.to_string(), old.head, "{chain}");
        let checked = report.chains.iter().find(|c| c.chain == chain).expect("the chain");
        assert!(checked.checkpoints >= old.checkpoints && checked.facts >= old.size, "{checked:?}");
        for seq in 1..=old.size {
            let fact = store.fact(chain, seq).expect("read").expect("the fact");
            store::decode(&fact).expect("understood");
            *kinds.entry(fact.kind.to_string()).or_default() += 1;
        }
    }
    assert_eq!(kinds, known.kinds);
    let stored = stored_files(store.dir());
    assert!(!stored.is_empty());
    for name in stored {
        let hash = FileHash::new(&name).expect("a hash");
        assert!(store.files().info(&hash).expect("read").is_some(), "{name} is known");
        assert!(!store.files().read(&hash).expect("read").is_empty());
    }
    rebuilds_the_same(store);
}

fn stored_files(dir: &Path) -> Vec<String> {
    let folders = fs::read_dir(dir.join("files")).expect("files").map(|e| e.expect("an entry").path());
    let names = |folder: PathBuf| fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").file_name());
    folders.flat_map(names).map(|n| n.to_string_lossy().into_owned()).collect()
}

fn nothing_lost(ground: &Ground) {
    for release in RELEASES {
        let ground = ground.another();
        let known = put(&ground, release);
        let store = ground.open();
        is_all_there(&store, &known);
        // And life goes on: the next fact follows the last old one.
        let before = holds(&store);
        let places = store.list(&store::List { limit: 50, ..all(domain::ViewId::Places) }).expect("places");
        let row = places.rows.iter().find(|r| r.data.contains("\"level\":\"village\"")).expect("a village");
        let domain::Row::Places(place) = store.row(domain::ViewId::Places, &row.key).expect("read").expect("there") else {
            panic!("a place");
        };
        accepted(&store, by(domain::basics::Actor::Import, locate(place.id)));
        assert_eq!(holds(&store), before + 1);
    }
}

fn locate(place: domain::basics::PlaceId) -> domain::Command {
    let position = domain::basics::Position::new(1_190_000_000, 290_000_000).expect("a position");
    domain::Command::Places(domain::places::Command::Locate { place, position, source: text("made up") })
}

/// Whatever the structure is called in a version: every table with its rows.
fn everything(ground: &Ground) -> Vec<(String, Vec<Vec<Option<String>>>)> {
    let mut raw = ground.raw();
    let list = if ground.is_postgres() {
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    } else {
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    };
    let names = raw.texts(list).into_iter().filter_map(|mut r| r.remove(0));
    let names: Vec<String> = names.collect();
    names
        .into_iter()
        .map(|name| {
            let mut rows = raw.texts(&format!("SELECT * FROM {name}"));
            rows.sort();
            (name, rows)
        })
        .collect()
}

fn once(ground: &Ground) {
    for release in RELEASES {
        let ground = ground.another();
        put(&ground, release);
        drop(ground.open());
        let first = everything(&ground);
        assert!(first.iter().any(|(name, rows)| name == "fact" && !rows.is_empty()));
        drop(ground.open());
        assert_eq!(everything(&ground), first, "a second opening changes nothing");
    }
}

fn newer(ground: &Ground) {
    for release in RELEASES {
        let ground = ground.another();
        put(&ground, release);
        ground.raw().run("INSERT INTO migration (number) VALUES (1000)");
        let before = everything(&ground);
        let refused = Store::open(&ground.location()).map(|_| ()).expect_err("a newer version");
        assert!(matches!(refused, StoreError::Newer(1000)), "{refused}");
        assert!(refused.to_string().contains("another version"), "{refused}");
        assert_eq!(everything(&ground), before);
    }
}

/// The process that is killed: it opens, says so, and waits.
pub fn child(dir: &OsStr) -> ExitCode {
    let database = std::env::var(CHILD_DATABASE).ok();
    let store = Store::open(&Location { database, ..Location::in_dir(Path::new(dir)) }).expect("opens");
    println!("open");
    thread::sleep(Duration::from_secs(60));
    drop(store);
    ExitCode::SUCCESS
}

fn open_in_a_child(ground: &Ground) -> std::process::Child {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.env(CHILD, ground.path().join("data")).stdout(Stdio::piped()).stderr(Stdio::null());
    if let Some(url) = ground.location().database {
        command.env(CHILD_DATABASE, url);
    }
    command.spawn().expect("started")
}

/// Old data whose views are of another version as well, so that there is something to do in any case.
fn put_stale(ground: &Ground, release: &str) -> Known {
    let known = put(ground, release);
    ground.raw().run("UPDATE view_table SET version = 0");
    known
}

fn killed(ground: &Ground) {
    for release in RELEASES {
        // How long an undisturbed opening takes here and now.
        let undisturbed = ground.another();
        put_stale(&undisturbed, release);
        let begun = Instant::now();
        let mut child = open_in_a_child(&undisturbed);
        let mut first = [0];
        child.stdout.take().expect("a pipe").read_exact(&mut first).expect("it opens");
        let whole = begun.elapsed();
        child.kill().expect("killed");
        child.wait().expect("gone");

        for round in 0..5_u32 {
            let ground = ground.another();
            let known = put_stale(&ground, release);
            let mut child = open_in_a_child(&ground);
            thread::sleep(whole * round / 5);
            child.kill().expect("killed");
            child.wait().expect("gone");
            // The old or the new state, and nothing between: the numbers go up to some step without a gap.
            let numbers = ground.raw().texts("SELECT number FROM migration ORDER BY number");
            let numbers: Vec<usize> = numbers.iter().filter_map(|r| r[0].as_deref()?.parse().ok()).collect();
            assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>(), "round {round}");
            is_all_there(&ground.open(), &known);
        }
    }
}
