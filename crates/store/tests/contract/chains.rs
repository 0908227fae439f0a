//! The log as a chain: what is altered is found, with the number of the fact; checkpoints; chain files.

use domain::problems::Field;
use facts::{ChainFileReader, ChainId, ChainName, SignerKey, Suite, read_chain_file};
use store::{ChainReport, Store};

use crate::{Case, county::*, ground::Ground};

pub const CASES: &[Case] = &[
    ("a_fork_cannot_be_stored", fork),
    ("what_is_tampered_with_is_found_by_its_number", tampered),
    ("a_rewritten_history_is_found_by_a_checkpoint_kept_elsewhere", rewritten),
    ("checkpoints_are_made_once_for_each_size", checkpoints),
    ("an_exported_chain_is_read_without_a_database", exported),
    ("sm3_from_end_to_end", sm3),
];

const INSTALLATION: &str = "qingxi.example";
const CHAIN: ChainId = ChainId { county: 990_101, name: ChainName::Main };
/// Which facts and which head are meant.
const OURS: &str = "county = 990101 AND chain = 'main'";

fn key() -> SignerKey {
    SignerKey::from_seed(INSTALLATION, [7; 32]).expect("a good name")
}

fn filled(ground: &Ground) -> Store {
    let store = ground.open();
    found(&store);
    for n in 0..30 {
        accepted(&store, by(chen(), report(VILLAGES[n % 5], Field::Water, &n.to_string())));
    }
    store
}

fn fork(ground: &Ground) {
    let store = filled(ground);
    let copied = "command, kind, subject, place, actor, effective_ms, recorded_ms, body, prev";
    let insert = |seq: u64| {
        format!(
            "INSERT INTO fact (county, chain, seq, {copied}, hash) SELECT county, chain, {seq}, {copied}, prev FROM fact WHERE {OURS} AND seq = 10"
        )
    };
    // Whoever follows the same predecessor has the same number.
    let told = ground.raw().try_run(&insert(10)).expect_err("refused").to_lowercase();
    assert!(told.contains("unique"), "{told}");
    holds(&store);
    // Under a number that is free it is no fork but a fact that follows nothing, and is found.
    ground.raw().try_run(&insert(1000)).expect("stored, by somebody who has the database");
    let broken = store.verify(&[], &mut |_| {}).expect("no accident").chains.into_iter().find_map(|c| c.at);
    assert_eq!(broken, Some(1000), "the first broken fact is named");
}

fn tampered(ground: &Ground) {
    let store = filled(ground);
    let size = holds_in(&store, &[]).facts;
    store.make_checkpoints(INSTALLATION, &key(), NOW).expect("made");
    accepted(&store, by(chen(), report(VILLAGES[0], Field::Water, "later")));
    let last = size + 1;
    let back = "UPDATE chain_head SET size = size - 1, hash = (SELECT prev FROM fact WHERE county = 990101 AND chain = 'main' AND seq = size)";
    let hash = if ground.is_postgres() {
        r"'\x0001020304050607080900010203040506070809000102030405060708090001'"
    } else {
        "x'0001020304050607080900010203040506070809000102030405060708090001'"
    };
    let set = |what: &str, seq: u64| vec![format!("UPDATE fact SET {what} WHERE {OURS} AND seq = {seq}")];
    let swap = |a: u64, b: u64| {
        [(a, 0), (b, a), (0, b)].map(|(from, to)| format!("UPDATE fact SET seq = {to} WHERE {OURS} AND seq = {from}")).to_vec()
    };
    let cut = |keep: u64| vec![format!("DELETE FROM fact WHERE {OURS} AND seq > {keep}")];
    let and = |mut a: Vec<String>, b: String| {
        a.push(b);
        a
    };
    let checkpoint = |what: &str| vec![format!("UPDATE checkpoint SET {what} WHERE {OURS}")];
    let cases: Vec<(&str, Vec<String>, &str, u64)> = vec![
        ("body", set("body = replace(body, 'water', 'waste')", 17), "hash-mismatch", 17),
        ("place", set("place = place + 1", 17), "hash-mismatch", 17),
        ("time", set("recorded_ms = recorded_ms + 1", 17), "hash-mismatch", 17),
        ("actor", set("actor = 'public'", 17), "hash-mismatch", 17),
        ("hash", set(&format!("hash = {hash}"), 17), "hash-mismatch", 17),
        ("hash before", set(&format!("prev = {hash}"), 17), "prev-mismatch", 17),
        (
            "hash too short",
            set(&format!("hash = substr({hash}, 1, 12)").replace("substr('", "substr(bytea '"), 17),
            "unreadable",
            17,
        ),
        ("kind", set("kind = 'no kind'", 17), "unreadable", 17),
        ("first", set("body = '{}'", 1), "hash-mismatch", 1),
        ("last", set("body = '{}'", last), "hash-mismatch", last),
        // Named is the first fact that does not hold: the one after the hole.
        ("deleted", vec![format!("DELETE FROM fact WHERE {OURS} AND seq = 17")], "gap", 18),
        ("deleted first", vec![format!("DELETE FROM fact WHERE {OURS} AND seq = 1")], "gap", 2),
        ("swapped", swap(17, 18), "prev-mismatch", 17),
        ("tail", cut(last - 1), "head-mismatch", last),
        (
            "tail with its head",
            and(vec![format!("{back} WHERE {OURS}"), format!("{back} WHERE {OURS}")], cut(size - 1).remove(0)),
            "checkpoint-beyond-end",
            size,
        ),
        ("all facts", vec![format!("DELETE FROM fact WHERE {OURS}")], "checkpoint-beyond-end", size),
        ("head's size", vec![format!("UPDATE chain_head SET size = size + 5 WHERE {OURS}")], "head-mismatch", last + 1),
        ("head's hash", vec![format!("UPDATE chain_head SET hash = {hash} WHERE {OURS}")], "head-mismatch", last + 1),
        ("head gone", vec![format!("DELETE FROM chain_head WHERE {OURS}")], "head-missing", 1),
        (
            "head and facts gone",
            vec![format!("DELETE FROM chain_head WHERE {OURS}"), format!("DELETE FROM fact WHERE {OURS}")],
            "head-missing",
            1,
        ),
        ("checkpoint's text", checkpoint("note = replace(note, 'sha256', 'sm3')"), "bad-checkpoint", size),
        ("checkpoint's size", checkpoint("size = size - 1"), "bad-checkpoint", size - 1),
        ("checkpoint's note", checkpoint("note = 'nonsense'"), "bad-checkpoint", size),
    ];
    for (what, statements, code, at) in cases {
        let found = undone(ground, &statements, || verified(&store));
        let found = found.unwrap_or_else(|| panic!("{what}: the chain is not in the report"));
        assert_eq!((found.code, found.at), (Some(code), Some(at)), "{what}: {:?}", found.broken);
        assert!(found.broken.is_some_and(|b| !b.is_empty()), "{what}");
    }
    assert_eq!(holds_in(&store, &[key().verifier()]).checkpoints, 1, "everything is as it was");
}

/// Runs statements, looks, and puts back what was there: rows of the tables that were meant.
fn undone<T>(ground: &Ground, statements: &[String], look: impl FnOnce() -> T) -> T {
    const TABLES: [&str; 3] = ["fact", "chain_head", "checkpoint"];
    let mut raw = ground.raw();
    for table in TABLES {
        raw.run(&format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}"));
    }
    statements.iter().for_each(|s| raw.run(s));
    let seen = look();
    for table in TABLES {
        raw.run(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}; DROP TABLE kept_{table}"));
    }
    seen
}

fn verified(store: &Store) -> Option<ChainReport> {
    let report = store.verify(&[key().verifier()], &mut |_| {}).expect("a finding, not an error");
    let ours = report.chains.into_iter().partition::<Vec<_>, _>(|c| c.chain == CHAIN);
    assert!(ours.1.iter().all(|c| c.broken.is_none()), "other chains hold: {:?}", ours.1);
    ours.0.into_iter().next()
}

#[track_caller]
fn holds_in(store: &Store, keys: &[facts::VerifierKey]) -> ChainReport {
    let report = store.verify(keys, &mut |_| {}).expect("verified");
    assert!(report.holds(), "{report:?}");
    report.chains.into_iter().find(|c| c.chain == CHAIN).expect("there")
}

fn rewritten(ground: &Ground) {
    let store = filled(ground);
    let kept = store.make_checkpoints(INSTALLATION, &key(), NOW).expect("made");
    let kept = kept.iter().find(|n| n.starts_with("qingxi.example/990101/main\n")).expect("of our chain");
    // The same county again, with another history.
    let other = ground.another();
    let rewritten = other.open();
    found(&rewritten);
    for n in 0..40 {
        accepted(&rewritten, by(chen(), report(VILLAGES[n % 5], Field::Road, "nothing happened")));
    }
    holds(&rewritten);
    let file = export(&rewritten);
    assert!(read_chain_file(file.as_slice(), &[key().verifier()]).is_ok(), "it holds by itself");
    let keys = [key().verifier()];
    let mut reader = ChainFileReader::open(file.as_slice(), &keys).expect("opened");
    reader.expect(kept).expect("a good note");
    assert_eq!(reader.finish().expect_err("found").code(), "checkpoint-mismatch");
    // And within an installation that keeps it.
    let size = kept.lines().nth(1).expect("a size");
    let note = kept.replace('\'', "''");
    other.raw().run(&format!(
        "INSERT INTO checkpoint (county, chain, size, made_ms, note) VALUES (990101, 'main', {size}, 0, '{note}')"
    ));
    let report = verified(&rewritten).expect("there");
    assert_eq!((report.code, report.at), (Some("checkpoint-mismatch"), size.parse().ok()));
}

fn export(store: &Store) -> Vec<u8> {
    let mut file = Vec::new();
    store.export_chain(CHAIN, INSTALLATION, true, &key(), NOW, &mut file).expect("exported");
    file
}

fn checkpoints(ground: &Ground) {
    let store = filled(ground);
    let chains = store.heads().expect("heads").len();
    assert_eq!(store.make_checkpoints(INSTALLATION, &key(), NOW).expect("made").len(), chains);
    assert_eq!(store.make_checkpoints(INSTALLATION, &key(), NOW + 1).expect("made").len(), 0, "nothing has grown");
    accepted(&store, by(chen(), report(VILLAGES[0], Field::Road, "一")));
    assert_eq!(store.make_checkpoints(INSTALLATION, &key(), NOW + 2).expect("made").len(), 1);
    let kept = store.checkpoints(CHAIN).expect("kept");
    assert_eq!(kept.iter().map(|(_, ms, _)| *ms).collect::<Vec<_>>(), [NOW + 2, NOW], "newest first");
    for (size, ms, note) in kept {
        let opened = facts::open(&note, &[key().verifier()]).expect("signed");
        assert_eq!((opened.size, opened.time_ms, opened.origin.chain()), (size, ms, CHAIN));
    }
    assert_eq!(holds_in(&store, &[key().verifier()]).checkpoints, 2);
    let stranger = SignerKey::from_seed("stranger.example", [8; 32]).expect("a good name");
    let report = store.verify(&[stranger.verifier()], &mut |_| {}).expect("verified");
    assert!(report.chains.iter().all(|c| c.code == Some("bad-checkpoint")), "{report:?}");
}

fn exported(ground: &Ground) {
    let store = filled(ground);
    let file = export(&store);
    let told = read_chain_file(file.as_slice(), &[key().verifier()]).expect("reads");
    let head = store.heads().expect("heads").into_iter().find(|h| h.chain == CHAIN).expect("there");
    assert_eq!((told.facts, told.head, told.demo, told.checkpoints.len()), (head.size, head.hash, true, 1));
    let mut reader = ChainFileReader::open(file.as_slice(), &[]).expect("opened");
    for seq in 1..=head.size {
        assert_eq!(reader.next_fact().expect("read"), store.fact(CHAIN, seq).expect("read"));
    }
    let nowhere = ChainId { county: 1, name: ChainName::Main };
    assert!(store.export_chain(nowhere, INSTALLATION, true, &key(), NOW, &mut Vec::new()).is_err());
    assert!(store.export_chain(CHAIN, "no name", true, &key(), NOW, &mut Vec::new()).is_err());
}

fn sm3(ground: &Ground) {
    let store = ground.open_with(Suite::Sm3);
    found(&store);
    assert!(store.heads().expect("heads").iter().all(|h| h.suite == Suite::Sm3));
    store.make_checkpoints(INSTALLATION, &key(), NOW).expect("made");
    assert_eq!(holds_in(&store, &[key().verifier()]).checkpoints, 1);
    let told = read_chain_file(export(&store).as_slice(), &[key().verifier()]).expect("reads");
    assert_eq!(told.suite, Suite::Sm3);
    drop(store);
    // Chains keep the suite they began with, whatever new ones get.
    let store = ground.open();
    accepted(&store, by(chen(), report(VILLAGES[0], Field::Road, "一")));
    assert!(store.heads().expect("heads").iter().all(|h| h.suite == Suite::Sm3));
    ground.raw().run(&format!("UPDATE fact SET body = '{{}}' WHERE {OURS} AND seq = 3"));
    assert_eq!(verified(&store).map(|r| (r.code, r.at)), Some((Some("hash-mismatch"), Some(3))));
}
