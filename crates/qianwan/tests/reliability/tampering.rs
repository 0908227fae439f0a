//! Whoever has the database or an exported file may change what he likes: `qianwan verify` ends with 1, and names chain and
//! number of the first fact that does not hold.

use std::{
    fs,
    path::{Path, PathBuf},
};

use facts::{Checkpoint, Fact, Kind, Origin, SignerKey};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

use crate::installation::{self, Installation, VILLAGES, good, refused, report, until};

/// The chain that is tampered with.
const CHAIN: &str = "819901/main";
const OURS: &str = "county = 819901 AND chain = 'main'";
/// The fact that is tampered with; the chain of the other county has fewer.
const FACT: u64 = 20;
const REPORTS: usize = 25;

/// A county that was served, stopped and looked at: its chain has a checkpoint, and one fact more.
struct Scene {
    folder: TempDir,
    installation: Installation,
    /// Facts in the chain.
    last: u64,
    /// Size of its latest checkpoint.
    signed: u64,
}

impl Scene {
    fn new() -> Scene {
        let installation = Installation::new(installation::Kind::Sqlite);
        let serving = installation.serve();
        let mut client = serving.client(&installation.sessions[1]);
        let mut give = |n: usize| {
            let answer = client.post("/api/commands", report(VILLAGES[n % 3], &format!("{n}")).1.to_string().as_bytes());
            assert_eq!(answer.expect("an answer").status, 200);
        };
        (0..REPORTS).for_each(&mut give);
        drop(serving);
        // Every start signs what has come since.
        let serving = installation.serve();
        let chain = CHAIN.parse().expect("a chain");
        let size = || installation.beside().heads().expect("heads").iter().find(|h| h.chain == chain).map_or(0, |h| h.size);
        let signed = size();
        until("it is signed", || installation.beside().checkpoints(chain).expect("read").first().is_some_and(|c| c.0 == signed));
        let mut client = serving.client(&installation.sessions[1]);
        let answer = client.post("/api/commands", report(VILLAGES[0], "later").1.to_string().as_bytes()).expect("an answer");
        assert_eq!(answer.status, 200);
        let last = size();
        drop((client, serving));
        let db = Connection::open(installation.dir.join("qianwan.db")).expect("opened");
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("brought home");
        Scene { folder: TempDir::new().expect("a folder"), installation, last, signed }
    }

    /// The installation's key, which a forger has only where he has the machine.
    fn key(&self) -> SignerKey {
        let keys: Value =
            serde_json::from_slice(&fs::read(self.installation.dir.join("keys.json")).expect("read")).expect("JSON");
        let seed = hex::decode(keys["checkpoint_seed"].as_str().expect("a seed")).expect("hexadecimal");
        SignerKey::from_seed(keys["name"].as_str().expect("a name"), seed.try_into().expect("32 bytes")).expect("a key")
    }

    /// A copy of the data in which statements were run.
    fn tampered(&self, statements: &str) -> PathBuf {
        let copy = self.folder.path().join("copy");
        let _ = fs::remove_dir_all(&copy);
        fs::create_dir(&copy).expect("made");
        for name in ["qianwan.db", "keys.json"] {
            fs::copy(self.installation.dir.join(name), copy.join(name)).expect("copied");
        }
        let db = Connection::open(copy.join("qianwan.db")).expect("opened");
        db.execute_batch(statements).unwrap_or_else(|e| panic!("{statements}: {e}"));
        copy
    }

    /// Verifies a copy in which statements were run: what is said of the first chain that does not hold.
    fn found(&self, what: &str, statements: &str) -> (String, String, u64) {
        let copy = self.tampered(statements);
        let verify = |json: &[&str]| {
            let output = installation::program().arg("verify").arg("--data").arg(&copy).args(json).output().expect("it runs");
            refused(&output, 1)
        };
        let told: Value = serde_json::from_str(verify(&["--json"]).trim()).unwrap_or_else(|e| panic!("{what}: {e}"));
        let chains = told["chains"].as_array().expect("chains");
        let broken = chains.iter().find(|c| !c["broken"].is_null()).unwrap_or_else(|| panic!("{what}: {told}"));
        let id = broken["chain"].as_str().unwrap_or_default().to_owned();
        let words = broken["broken"].as_str().expect("words");
        assert!(words.contains(&format!("chain {id}")) || words.contains("checkpoint"), "{what}: {words}");
        // For people, in both languages, with the same words.
        let said = verify(&[]);
        assert!(said.contains(&format!("{id}：断裂：{words}")), "{what}: {said}");
        assert!(said.contains(&format!("{id}: broken: {words}")), "{what}: {said}");
        (id, broken["code"].as_str().expect("a code").to_owned(), broken["at"].as_u64().expect("a number"))
    }
}

pub fn database() {
    let scene = Scene::new();
    let untouched = scene.tampered("");
    good(&installation::program().arg("verify").arg("--data").arg(&untouched).output().expect("it runs"));
    let (last, signed) = (scene.last, scene.signed);
    assert_eq!(last, signed + 1);
    let check = |what: &str, statements: &str, code: &str, at: u64| {
        assert_eq!(scene.found(what, statements), (CHAIN.to_owned(), code.to_owned(), at), "{what}");
    };
    let set = |what: &str| format!("UPDATE fact SET {what} WHERE {OURS} AND seq = {FACT}");
    let hash = format!("x'{}'", "ab".repeat(32));
    // Every column of a fact.
    check("chain's county", &set("county = 819903"), "gap", FACT + 1);
    check("chain's name", &set("chain = 'audit'"), "gap", FACT + 1);
    check("chain's name, to one that cannot be", &set("chain = 'other'"), "gap", FACT + 1);
    check("chain's county, to one that cannot be", &set("county = -5"), "gap", FACT + 1);
    check("seq", &set("seq = 5000"), "gap", FACT + 1);
    check("seq, to before the first", &set("seq = -1"), "gap", FACT + 1);
    check("command", &set("command = x'00112233445566778899aabbccddeeff'"), "hash-mismatch", FACT);
    check("command, to nonsense", &set("command = x'00'"), "unreadable", FACT);
    check("kind", &set("kind = 'problem.dismissed@1'"), "hash-mismatch", FACT);
    check("kind, to nonsense", &set("kind = 'nonsense'"), "unreadable", FACT);
    check("subject", &set("subject = subject || '0'"), "hash-mismatch", FACT);
    check("place", &set("place = 81990110020300 + 7"), "hash-mismatch", FACT);
    check("actor", &set("actor = 'system'"), "hash-mismatch", FACT);
    check("effective_ms", &set("effective_ms = effective_ms - 86400000"), "hash-mismatch", FACT);
    check("recorded_ms", &set("recorded_ms = recorded_ms + 1"), "hash-mismatch", FACT);
    check("body", &set("body = replace(body, 'road', 'water')"), "hash-mismatch", FACT);
    check("body, to bytes", &set("body = x'ff'"), "unreadable", FACT);
    check("prev", &set(&format!("prev = {hash}")), "prev-mismatch", FACT);
    check("hash", &set(&format!("hash = {hash}")), "hash-mismatch", FACT);
    // Facts as a whole.
    let delete = |which: &str| format!("DELETE FROM fact WHERE {OURS} AND {which}");
    check("one dropped", &delete(&format!("seq = {FACT}")), "gap", FACT + 1);
    check("the first dropped", &delete("seq = 1"), "gap", 2);
    let swap = format!(
        "UPDATE fact SET seq = -1 WHERE {OURS} AND seq = {FACT}; UPDATE fact SET seq = {FACT} WHERE {OURS} AND seq = {FACT} + 1; \
         UPDATE fact SET seq = {FACT} + 1 WHERE {OURS} AND seq = -1"
    );
    check("two swapped", &swap, "prev-mismatch", FACT);
    let copied = "command, kind, subject, place, actor, effective_ms, recorded_ms, body, prev, hash";
    let twice = |at: u64| {
        format!(
            "INSERT INTO fact (county, chain, seq, {copied}) SELECT county, chain, {at}, {copied} FROM fact WHERE {OURS} AND seq = {FACT}"
        )
    };
    check("one duplicated at the end", &twice(last + 1), "prev-mismatch", last + 1);
    let shifted = format!(
        "UPDATE fact SET seq = -seq - 1 WHERE {OURS} AND seq > {FACT}; UPDATE fact SET seq = -seq WHERE {OURS} AND seq < 0; {}",
        twice(FACT + 1)
    );
    check("one duplicated in its place, the others moved", &shifted, "prev-mismatch", FACT + 1);
    // The tail.
    let head_at = |size: u64| {
        format!("UPDATE chain_head SET size = {size}, hash = (SELECT hash FROM fact WHERE {OURS} AND seq = {size}) WHERE {OURS}")
    };
    check("tail cut", &delete(&format!("seq > {}", signed - 3)), "checkpoint-beyond-end", signed);
    let cut = |keep: u64| format!("{}; {}", head_at(keep), delete(&format!("seq > {keep}")));
    check("tail cut with its head", &cut(signed - 3), "checkpoint-beyond-end", signed);
    check("what came after the checkpoint cut, its head left", &delete(&format!("seq > {signed}")), "head-mismatch", last);
    // The lowest of the checkpoints that are not met: the one of the first start.
    let chain = CHAIN.parse().expect("a chain");
    let lowest = scene.installation.beside().checkpoints(chain).expect("read").last().expect("some").0;
    check("all facts gone", &delete("seq > 0"), "checkpoint-beyond-end", lowest);
    check("head gone", &format!("DELETE FROM chain_head WHERE {OURS}"), "head-missing", 1);
    check("head unreadable", &format!("UPDATE chain_head SET suite = 'md5' WHERE {OURS}"), "head-unreadable", 1);
    check("head's suite", &format!("UPDATE chain_head SET suite = 'sm3' WHERE {OURS}"), "prev-mismatch", 1);
    check("head's size", &format!("UPDATE chain_head SET size = size + 1 WHERE {OURS}"), "head-mismatch", last + 1);
    check("head's hash", &format!("UPDATE chain_head SET hash = {hash} WHERE {OURS}"), "head-mismatch", last + 1);
    // Checkpoints.
    let (key, stranger) = (scene.key(), SignerKey::from_seed(scene.key().verifier().name(), [9; 32]).expect("a key"));
    let head = scene.installation.beside().fact(CHAIN.parse().expect("a chain"), signed).expect("read").expect("there").hash;
    let good = Checkpoint {
        origin: Origin::new(key.verifier().name(), CHAIN.parse().expect("a chain")).expect("an origin"),
        size: signed,
        hash: head,
        suite: facts::Suite::Sha256,
        time_ms: 1,
    };
    let forged = |checkpoint: Checkpoint, key: &SignerKey| {
        format!("UPDATE checkpoint SET note = '{}' WHERE {OURS} AND size = {signed}", facts::sign(&checkpoint, key))
    };
    let rest = good.clone();
    check("signed by another key of that name", &forged(good.clone(), &stranger), "bad-checkpoint", signed);
    check("signed at another size", &forged(Checkpoint { size: signed - 1, ..rest.clone() }, &key), "bad-checkpoint", signed);
    let other_head = Checkpoint { hash: facts::Hash([7; 32]), ..rest.clone() };
    check("of another head", &forged(other_head.clone(), &key), "checkpoint-mismatch", signed);
    let elsewhere = "elsewhere.example/819901/main".parse().expect("an origin");
    check("of another installation", &forged(Checkpoint { origin: elsewhere, ..rest.clone() }, &key), "bad-checkpoint", signed);
    let neighbour = Origin::new(key.verifier().name(), "819902/main".parse().expect("a chain")).expect("an origin");
    check("of another chain", &forged(Checkpoint { origin: neighbour, ..rest }, &key), "bad-checkpoint", signed);
    check(
        "nonsense",
        &format!("UPDATE checkpoint SET note = 'nonsense' WHERE {OURS} AND size = {signed}"),
        "bad-checkpoint",
        signed,
    );
    // A checkpoint that is no good does not hide which fact was altered.
    let both = format!("{}; {}", forged(good, &stranger), set("place = 1"));
    check("a fact and a checkpoint", &both, "hash-mismatch", FACT);
    // Facts of a chain that cannot be, and nothing else.
    let stray =
        scene.found("a stray", &format!("{}; UPDATE fact SET chain = 'other' WHERE {OURS} AND seq = {}", head_at(signed), last));
    assert_eq!(stray, (CHAIN.to_owned(), "unknown-chain".to_owned(), 1));
}

/// Runs `verify` on a chain file.
fn verify_file(file: &Path, more: &[&str]) -> std::process::Output {
    installation::program().arg("verify").arg("--chain").arg(file).args(more).output().expect("it runs")
}

pub fn exported_file() {
    let scene = Scene::new();
    let file = scene.folder.path().join("chain.jsonl");
    let export = |dir: &Path, file: &Path| {
        let mut command = installation::program();
        command.args(["log", "export", "--chain", CHAIN, "--data"]).arg(dir).arg("--out").arg(file);
        good(&command.output().expect("it runs"));
    };
    export(&scene.installation.dir, &file);
    let key = scene.key();
    let trusted = key.verifier().to_string();
    let trusting = ["--key", trusted.as_str()];
    good(&verify_file(&file, &trusting));
    let text = fs::read_to_string(&file).expect("read");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let number = FACT as usize;
    // The first line is the header, so that fact 20 stands at the index 20.
    let fact: Fact = serde_json::from_str(lines[number]).expect("a fact");
    assert_eq!(fact.seq, FACT);
    let altered = scene.folder.path().join("altered.jsonl");
    let check = |what: &str, lines: Vec<String>, line: usize, words: &str| {
        fs::write(&altered, lines.concat()).expect("written");
        let said = refused(&verify_file(&altered, &trusting), 1);
        for begun in ["断裂：", "broken: "] {
            assert!(said.contains(&format!("{begun}line {line}: ")) && said.contains(words), "{what}: {said}");
        }
    };
    let with = |at: usize, line: String| {
        let mut all: Vec<String> = lines.iter().map(|l| (*l).to_owned()).collect();
        all[at] = line;
        all
    };
    let row = |what: &str, change: &dyn Fn(&mut Fact), words: &str| {
        let mut fact = fact.clone();
        change(&mut fact);
        check(what, with(number, serde_json::to_string(&fact).expect("JSON") + "\n"), number + 1, words);
    };
    let named = format!("chain {CHAIN}, fact {FACT}: ");
    row("chain", &|f| f.chain.county += 1, &format!("{named}belongs to chain 819902/main"));
    row("seq", &|f| f.seq += 100, &format!("chain {CHAIN}: fact {FACT} should come here, fact 120 came"));
    let content = format!("{named}its content has hash");
    row("command", &|f| f.command = uuid::Uuid::from_u128(5), &content);
    row("kind", &|f| f.kind = Kind::from_static("problem.dismissed@1"), &content);
    row("subject", &|f| f.subject.push('0'), &content);
    row("place", &|f| f.place += 100, &content);
    row("actor", &|f| f.actor = "system".into(), &content);
    row("effective_ms", &|f| f.effective_ms -= 86_400_000, &content);
    row("recorded_ms", &|f| f.recorded_ms += 1, &content);
    row("body", &|f| f.body = f.body.replace("road", "water"), &content);
    row("prev", &|f| f.prev.0[0] ^= 1, &format!("{named}says the hash before it is"));
    row("hash", &|f| f.hash.0[0] ^= 1, &content);
    let all = || lines.iter().map(|l| (*l).to_owned()).collect::<Vec<String>>();
    let changed = |change: &dyn Fn(&mut Vec<String>)| {
        let mut all = all();
        change(&mut all);
        all
    };
    let came = |due: u64, came: u64| format!("chain {CHAIN}: fact {due} should come here, fact {came} came");
    check("dropped", changed(&|l| drop(l.remove(number))), number + 1, &came(FACT, FACT + 1));
    check("swapped", changed(&|l| l.swap(number, number + 1)), number + 1, &came(FACT, FACT + 1));
    check("duplicated", changed(&|l| l.insert(number, l[number].clone())), number + 2, &came(FACT + 1, FACT));
    let tail = |l: &mut Vec<String>| drop(l.drain(lines.len() - 3..lines.len() - 1));
    check("tail cut", changed(&tail), lines.len() - 2, &format!("ends at fact {}", scene.last - 2));
    check(
        "forged checkpoint",
        changed(&|l| {
            let note = l.pop().expect("the checkpoint").replace("time 1", "time 2");
            l.push(note);
        }),
        lines.len(),
        "signature",
    );

    // A history written anew holds by itself, and not against a checkpoint that was kept: the fork is found.
    let kept = scene.folder.path().join("kept.txt");
    let chain = CHAIN.parse().expect("a chain");
    let notes = scene.installation.beside().checkpoints(chain).expect("read");
    fs::write(&kept, &notes[0].2).expect("written");
    let with_kept = [&trusting[..], &["--kept", kept.to_str().expect("a path")]].concat();
    good(&verify_file(&file, &with_kept));
    let rewritten = scene.folder.path().join("rewritten.jsonl");
    let mut reader = facts::ChainFileReader::open(text.as_bytes(), &[]).expect("opened");
    let mut head = facts::Head::empty(chain, facts::Suite::Sha256);
    let origin = Origin::new(key.verifier().name(), chain).expect("an origin");
    let header = facts::ChainFileHeader { suite: facts::Suite::Sha256, origin: origin.clone(), demo: false };
    let mut writer = facts::ChainFileWriter::new(Vec::new(), &header).expect("begun");
    while let Some(fact) = reader.next_fact().expect("read") {
        let Fact { command, kind, subject, place, actor, effective_ms, recorded_ms, mut body, seq, .. } = fact;
        if seq == FACT {
            body = body.replace("road", "water");
        }
        let draft = facts::Draft { command, kind, subject, place, actor, effective_ms, recorded_ms, body };
        writer.write(&head.seal(draft)).expect("written");
    }
    let end = Checkpoint { origin, size: head.size, hash: head.hash, suite: head.suite, time_ms: 1 };
    fs::write(&rewritten, writer.finish(Some(&facts::sign(&end, &key))).expect("whole")).expect("written");
    good(&verify_file(&rewritten, &trusting));
    let said = refused(&verify_file(&rewritten, &with_kept), 1);
    assert!(said.contains(&format!("chain {CHAIN}, at size {}: the hash is ", scene.signed)), "{said}");
    assert!(said.contains("facts up to here were rewritten"), "{said}");

    // Whoever cuts the tail in the database, its head and every checkpoint there is found by the one that was kept.
    let kept_size = scene.signed;
    let cut = scene.tampered(&format!(
        "UPDATE chain_head SET size = 22, hash = (SELECT hash FROM fact WHERE {OURS} AND seq = 22) WHERE {OURS}; \
         DELETE FROM fact WHERE {OURS} AND seq > 22; DELETE FROM checkpoint WHERE {OURS}"
    ));
    good(&installation::program().arg("verify").arg("--data").arg(&cut).output().expect("it runs"));
    let short = scene.folder.path().join("short.jsonl");
    export(&cut, &short);
    let said = refused(&verify_file(&short, &with_kept), 1);
    assert!(said.contains(&format!("ends at fact 22, a checkpoint says it had {kept_size}")), "{said}");
}
