//! Golden lines, published vectors, and the promise that any change is found and named.
#![allow(clippy::unwrap_used, reason = "a test stops where it fails")]

use proptest::prelude::*;
use uuid::Uuid;

use crate::{
    Broken, ChainFileError, ChainFileHeader, ChainFileReader, ChainFileWriter, ChainId, Checkpoint, Draft, Fact, Hash, Head,
    Kind, NoteError, Origin, Report, Signatures, SignerKey, Suite, Unsound, Verifier, VerifierKey, checkpoint, note,
    read_chain_file,
};

const ANJI: &str = "330523/main";

fn draft(n: u64, body: &str) -> Draft {
    Draft {
        command: Uuid::from_u128(n.into()),
        kind: Kind::from_static("problem.reported@1"),
        subject: format!("problem:{n}"),
        place: 33_052_310_020_100,
        actor: "public".to_owned(),
        effective_ms: 1_767_225_600_000 - n as i64, // clocks may go back
        recorded_ms: 1_767_225_600_000,
        body: body.to_owned(),
    }
}

fn chain_of(suite: Suite, drafts: impl IntoIterator<Item = Draft>) -> (Vec<Fact>, Head) {
    let mut head = Head::empty(ANJI.parse().unwrap(), suite);
    let facts = drafts.into_iter().map(|draft| head.seal(draft)).collect();
    (facts, head)
}

fn three() -> Vec<Fact> {
    chain_of(Suite::Sha256, [draft(1, "{}"), draft(2, r#"{"n":2}"#), draft(3, r#"{"话":"水"}"#)]).0
}

fn verify(facts: &[Fact]) -> Result<Head, Broken> {
    let mut verifier = Verifier::new(ANJI.parse().unwrap(), Suite::Sha256);
    facts.iter().try_for_each(|fact| verifier.check(fact))?;
    verifier.finish()
}

fn signer() -> SignerKey {
    SignerKey::from_seed("anji.example", [7; 32]).unwrap()
}

fn checkpoint_of(head: &Head) -> Checkpoint {
    let origin = Origin::new("anji.example", head.chain).unwrap();
    Checkpoint { origin, size: head.size, hash: head.hash, suite: head.suite, time_ms: 1_767_225_600_000 }
}

fn file_of(facts: &[Fact], note: Option<&str>) -> String {
    let origin = format!("anji.example/{ANJI}").parse().unwrap();
    let header = ChainFileHeader { suite: Suite::Sha256, origin, demo: false };
    let mut writer = ChainFileWriter::new(Vec::new(), &header).unwrap();
    facts.iter().for_each(|fact| writer.write(fact).unwrap());
    String::from_utf8(writer.finish(note).unwrap()).unwrap()
}

fn signed_file(facts: &[Fact]) -> String {
    let head = verify(facts).unwrap();
    file_of(facts, Some(&checkpoint::sign(&checkpoint_of(&head), &signer())))
}

fn read(file: &[u8]) -> Result<Report, ChainFileError> {
    read_chain_file(file, &[signer().verifier()])
}

// ---- hashes and names

#[test]
fn suites_agree_with_published_vectors() {
    let check = |suite: Suite, parts: &[&[u8]], hex: &str| assert_eq!(suite.hash(parts).to_string(), hex);
    // FIPS 180-4 example; GB/T 32905-2016 appendix A.1.
    check(Suite::Sha256, &[b"abc"], "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check(Suite::Sm3, &[b"abc"], "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    check(Suite::Sm3, &[b"a", b"", b"bc"], "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
}

#[test]
fn the_empty_chain_has_a_hash_of_its_own() {
    let check = |suite, hex: &str| {
        assert_eq!(Head::empty(ANJI.parse().unwrap(), suite).hash.to_string(), hex);
    };
    // Computed with Python's hashlib from the documentation.
    check(Suite::Sha256, "59f1b56d8387df01aa09f4b3da6be63a264f833e4764620db31fccc72c1c64e6");
    check(Suite::Sm3, "0ac21c26814f8ccf4e36dd2be5590d3c629fa34586b931e05e3a87cfd21fdc26");
}

#[test]
fn names_have_one_spelling() {
    fn check<T: std::str::FromStr + std::fmt::Display>(good: &[&str], bad: &[&str]) {
        for text in good {
            assert_eq!(text.parse::<T>().ok().map(|name| name.to_string()).as_deref(), Some(*text));
        }
        for text in bad {
            assert!(text.parse::<T>().is_err(), "{text:?} was read");
        }
    }
    check::<Suite>(&["sha256", "sm3"], &["", "SHA256", "sha-256", "sm3 "]);
    check::<Hash>(&[&"0a".repeat(32)], &["", "0a", &"0A".repeat(32), &"0g".repeat(32), &"0a".repeat(33)]);
    check::<ChainId>(
        &[ANJI, "330500/audit", "000001/main"],
        &["", "330523", "330523/", "330523/Main", "33052/main", "3305230/main", "+30523/main", "330523/main/", "３30523/main"],
    );
    check::<Kind>(
        &["problem.reported@1", "a.b@10", "a_.b_c.d@999999999"],
        &[
            "",
            "a@1",
            "a.b",
            "a.b@",
            "a.b@0",
            "a.b@01",
            "a.b@1a",
            "a.b@-1",
            ".b@1",
            "a.@1",
            "a..b@1",
            "A.b@1",
            "a.b2@1",
            "a.b@1@1",
            "a.b@1000000000",
            "事.b@1",
        ],
    );
    check::<Origin>(
        &["anji.example/330523/main", "a/b/330500/audit", "安吉/330523/main"],
        &["", "330523/main", "/330523/main", "a b/330523/main", "a+b/330523/main", "a\n/330523/main", "a/330523/other"],
    );
    let kind = Kind::from_static("place.named@12");
    assert_eq!((kind.name(), kind.version()), ("place.named", 12));
}

// ---- encoding

#[test]
fn encodings_are_golden() {
    #[derive(serde::Deserialize)]
    struct Line {
        fact: Fact,
        canonical: String,
        sha256: Hash,
        sm3: Hash,
    }
    let golden = include_str!("../golden/encoding.jsonl");
    assert!(golden.lines().count() >= 5);
    for text in golden.lines() {
        let line: Line = serde_json::from_str(text).unwrap();
        assert_eq!(hex::encode(line.fact.canonical_bytes()), line.canonical);
        assert_eq!(line.fact.compute_hash(Suite::Sha256), line.sha256);
        assert_eq!(line.fact.compute_hash(Suite::Sm3), line.sm3);
        assert_eq!(line.fact.hash, line.sha256);
        line.fact.check().unwrap();
        let spelled = serde_json::to_string(&line.fact).unwrap();
        assert!(text.starts_with(&format!("{{\"fact\":{spelled},")), "{text}\n{spelled}");
    }
}

#[test]
fn sealing_gives_the_golden_chain() {
    let golden = include_str!("../golden/encoding.jsonl").lines().take(3);
    let facts: Vec<Fact> = golden
        .map(|line| serde_json::from_value(serde_json::from_str::<serde_json::Value>(line).unwrap()["fact"].clone()).unwrap())
        .collect();
    let draft_of = |fact: &Fact| {
        let Fact { command, kind, subject, place, actor, effective_ms, recorded_ms, body, .. } = fact.clone();
        Draft { command, kind, subject, place, actor, effective_ms, recorded_ms, body }
    };
    assert_eq!(chain_of(Suite::Sha256, facts.iter().map(draft_of)).0, facts);
    assert_eq!(signed_file(&facts), include_str!("../golden/chain.jsonl"));
    assert_eq!(read(include_bytes!("../golden/chain.jsonl")).unwrap().facts, 3);
}

#[test]
fn drafts_are_checked() {
    let check = |change: fn(&mut Draft), expected: Result<(), Unsound>| {
        let mut draft = draft(1, "{}");
        change(&mut draft);
        assert_eq!(draft.check(), expected);
        // The same rule a second time, when reading: a writer that forgot it is found.
        let broken = verify(&chain_of(Suite::Sha256, [draft]).0).err().map(|broken| broken.code());
        let code = expected.err().map(|unsound| match unsound {
            Unsound::Subject => "bad-subject",
            Unsound::Actor => "bad-actor",
            Unsound::Body => "bad-body",
        });
        assert_eq!(broken, code);
    };
    check(|_| (), Ok(()));
    check(|d| d.subject.clear(), Err(Unsound::Subject));
    check(|d| d.subject = "水".repeat(66), Ok(()));
    check(|d| d.subject = "水".repeat(67), Err(Unsound::Subject));
    check(|d| d.subject = "a\u{7f}".to_owned(), Err(Unsound::Subject));
    check(|d| d.actor.clear(), Err(Unsound::Actor));
    check(|d| d.actor = "a\nb".to_owned(), Err(Unsound::Actor));
    check(|d| d.body = " {\"a\": [1e300, \"\\ud83c\\udf3e\", {\"b\": null}]}\n".to_owned(), Ok(()));
    check(|d| d.body.clear(), Err(Unsound::Body));
    check(|d| d.body = "[]".to_owned(), Err(Unsound::Body));
    check(|d| d.body = "null".to_owned(), Err(Unsound::Body));
    check(|d| d.body = "{}{}".to_owned(), Err(Unsound::Body));
    check(|d| d.body = "{\"a\":1,}".to_owned(), Err(Unsound::Body));
    check(|d| d.body = "{\"a\":\"\\ud800\"}".to_owned(), Err(Unsound::Body));
    check(|d| d.body = "{\"a\":1e999}".to_owned(), Err(Unsound::Body));
    check(|d| d.body = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200)), Err(Unsound::Body));
    check(|d| d.body = format!("{{}}{}", " ".repeat(crate::MAX_BODY_BYTES)), Err(Unsound::Body));
}

// ---- verifying

#[test]
fn each_break_is_named() {
    let check = |change: fn(&mut Vec<Fact>), code: &str, seq: u64| {
        let mut facts = three();
        change(&mut facts);
        let broken = verify(&facts).unwrap_err();
        assert_eq!((broken.code(), broken.seq()), (code, seq), "{broken}");
        assert_eq!(broken.chain().to_string(), ANJI);
        assert!(broken.to_string().contains(ANJI), "{broken}");
    };
    check(|facts| facts.swap(0, 1), "gap", 2);
    check(|facts| drop(facts.remove(1)), "gap", 3);
    check(|facts| facts.insert(1, facts[0].clone()), "gap", 1);
    check(|facts| facts[1].chain.county = 330_522, "wrong-chain", 2);
    check(|facts| facts[1].body.push(' '), "hash-mismatch", 2);
    check(|facts| facts[1].place += 1, "hash-mismatch", 2);
    check(|facts| facts[2].hash.0[31] ^= 1, "hash-mismatch", 3);
    check(|facts| facts[2].prev.0[0] ^= 1, "prev-mismatch", 3);
    // Whoever alters a fact and its hash only moves the break one fact on.
    check(
        |facts| {
            facts[1].body.push(' ');
            facts[1].hash = facts[1].compute_hash(Suite::Sha256);
        },
        "prev-mismatch",
        3,
    );
    assert!(verify(&[]).is_ok() && verify(&three()).is_ok());
}

#[test]
fn a_chain_cannot_be_taken_for_another() {
    let mut other = Head::empty("330522/main".parse().unwrap(), Suite::Sha256);
    let mut fact = other.seal(draft(1, "{}"));
    assert_eq!(verify(&[fact.clone()]).unwrap_err().code(), "wrong-chain");
    fact.chain = ANJI.parse().unwrap();
    assert_eq!(verify(&[fact]).unwrap_err().code(), "prev-mismatch");
    let (sm3, _) = chain_of(Suite::Sm3, [draft(1, "{}")]);
    assert_eq!(verify(&sm3).unwrap_err().code(), "prev-mismatch");
}

#[test]
fn who_kept_a_checkpoint_proves_rewriting() {
    let old = three();
    // The keeper of the chain rewrites fact 2 and everything after it, consistently.
    let (new, _) = chain_of(Suite::Sha256, [draft(1, "{}"), draft(2, r#"{"n":9}"#), draft(3, "{}"), draft(4, "{}")]);
    let check = |size: usize, code: Option<&str>| {
        let head = verify(&old[..size]).unwrap();
        let mut verifier = Verifier::new(head.chain, head.suite);
        let verdict =
            verifier.consistent_with(&checkpoint_of(&head)).and_then(|()| new.iter().try_for_each(|fact| verifier.check(fact)));
        assert_eq!(verdict.err().map(|broken| (broken.code(), broken.seq())), code.map(|code| (code, size as u64)));
    };
    check(0, None);
    check(1, None);
    check(2, Some("checkpoint-mismatch"));
    check(3, Some("checkpoint-mismatch"));
}

#[test]
fn expectations_are_never_lost() {
    let facts = three();
    let mut verifier = Verifier::new(ANJI.parse().unwrap(), Suite::Sha256);
    verifier.expect(3, facts[2].hash).unwrap();
    verifier.expect(1, facts[0].hash).unwrap();
    verifier.expect(4, Hash::ZERO).unwrap();
    assert_eq!(verifier.expect(0, Hash::ZERO).unwrap_err().code(), "checkpoint-mismatch");
    facts.iter().for_each(|fact| verifier.check(fact).unwrap());
    assert_eq!(verifier.expect(2, facts[1].hash).unwrap_err().code(), "checkpoint-passed");
    verifier.expect(3, facts[2].hash).unwrap();
    assert_eq!(verifier.finish().unwrap_err().code(), "checkpoint-beyond-end");

    // Two people who say different things of one size: one of them is contradicted, whichever came first.
    for hashes in [[facts[0].hash, Hash::ZERO], [Hash::ZERO, facts[0].hash]] {
        let mut verifier = Verifier::new(ANJI.parse().unwrap(), Suite::Sha256);
        hashes.iter().for_each(|hash| verifier.expect(1, *hash).unwrap());
        assert_eq!(verifier.check(&facts[0]).unwrap_err().code(), "checkpoint-mismatch");
        assert_eq!(verifier.head().size, 0);
    }
}

// ---- notes and checkpoints

const PETER_TEXT: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const PETER_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const PETER_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETER_SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

/// The example in the documentation of golang.org/x/mod/sumdb/note.
#[test]
fn the_example_of_go_is_read_and_made() {
    let key: VerifierKey = PETER_KEY.parse().unwrap();
    let open = note::open_text(PETER_NOTE, std::slice::from_ref(&key)).unwrap();
    assert_eq!((open.text, open.signed_by), (PETER_TEXT, vec!["PeterNeumann".to_owned()]));
    let secret = SignerKey::from_secret_text(PETER_SECRET).unwrap();
    assert_eq!(secret.to_secret_text(), PETER_SECRET);
    assert_eq!(secret.verifier(), key);
    assert_eq!(key.to_string(), PETER_KEY);
    assert_eq!(note::sign_text(PETER_TEXT, &secret).unwrap(), PETER_NOTE);
    assert!(!format!("{secret:?}").contains("AYEK"));
}

#[test]
fn notes_are_read_strictly() {
    let check = |note: &str, expected: Result<(), &str>| {
        let key = PETER_KEY.parse().unwrap();
        let found = note::open_text(note, &[key]).map(|_| ()).map_err(|error| match error {
            NoteError::Malformed(_) => "malformed",
            NoteError::BadSignature { .. } => "bad",
            NoteError::NoTrustedSignature => "untrusted",
            NoteError::NotACheckpoint(_) => "not a checkpoint",
        });
        assert_eq!(found, expected, "{note}");
    };
    let stranger = note::sign_text(PETER_TEXT, &SignerKey::from_seed("PeterNeumann", [1; 32]).unwrap()).unwrap();
    let stranger_line = stranger.rsplit_once("\n\n").unwrap().1;
    check(PETER_NOTE, Ok(()));
    check(&format!("{PETER_NOTE}{stranger_line}"), Ok(()));
    check(&PETER_NOTE.replace("\n\n", &format!("\n\n{stranger_line}")), Ok(()));
    check(&stranger, Err("untrusted"));
    check(&PETER_NOTE.replace("If you", "If we"), Err("bad"));
    check(&PETER_NOTE.replace("KvqfqdngotpR", "KvqfqdngotpS"), Err("bad"));
    check(&PETER_NOTE.replace("— PeterNeumann", "— PeterNewmann"), Err("untrusted"));
    check(&PETER_NOTE.replace("JnAM=", "JnAN="), Err("malformed"));
    check(&PETER_NOTE.replace("— ", "- "), Err("malformed"));
    check(&PETER_NOTE.replace("\n\n", "\n"), Err("malformed"));
    check(&PETER_NOTE.replace("\n\n", "\r\n\r\n"), Err("malformed"));
    check(&format!("{PETER_NOTE}\n"), Err("malformed"));
    check(PETER_NOTE.trim_end(), Err("malformed"));
    check(PETER_TEXT, Err("malformed"));
    check(&format!("{PETER_TEXT}\n"), Err("malformed"));
    check("", Err("malformed"));
    check(&format!("{PETER_TEXT}\n{}", stranger_line.repeat(101)), Err("malformed"));
}

#[test]
fn keys_are_read_strictly() {
    let check = |text: String| assert!(text.parse::<VerifierKey>().is_err(), "{text}");
    check(PETER_KEY.replace("c74f20a3", "c74f20a4"));
    check(PETER_KEY.replace("c74f20a3", "C74F20A3"));
    check(PETER_KEY.replace("Peter", "Peter "));
    check(PETER_KEY.replace("Peter", "Paul"));
    check(PETER_KEY.replace("ARpc", "BRpc"));
    check(format!("{PETER_KEY}AA=="));
    check(PETER_SECRET.to_owned());
    check(String::new());
    assert!(SignerKey::from_secret_text(PETER_KEY).is_err());
    assert!(SignerKey::from_secret_text(&PETER_SECRET.replace("c74f20a3", "c74f20a4")).is_err());
    assert!(["", "a b", "a+b", "a\nb"].iter().all(|name| SignerKey::from_seed(name, [0; 32]).is_err()));
}

#[test]
fn checkpoints_are_read_strictly() {
    let good = checkpoint_of(&verify(&three()).unwrap());
    let text = good.to_text();
    assert_eq!(text.lines().take(2).collect::<Vec<_>>(), ["anji.example/330523/main", "3"]);
    assert_eq!(Checkpoint::from_text(&text), Ok(good.clone()));
    let note = checkpoint::sign(&good, &signer());
    assert_eq!(checkpoint::open(&note, &[signer().verifier()]), Ok(good));
    assert_eq!(checkpoint::open(&note, &[]), Err(NoteError::NoTrustedSignature));
    let check = |from: &str, to: &str| {
        let found = Checkpoint::from_text(&text.replacen(from, to, 1));
        assert!(matches!(found, Err(NoteError::NotACheckpoint(_))), "{from:?} to {to:?}: {found:?}");
    };
    check("\n3\n", "\n03\n");
    check("\n3\n", "\n+3\n");
    check("\n3\n", "\n-3\n");
    check("=\n", "\n");
    check("330523/main", "330523/man");
    check("suite sha256", "suite SHA256");
    check("time ", "time +");
    check("time 1767225600000\n", "time 1767225600000");
    check("time 1767225600000\n", "time 1767225600000\nmore\n");
    check("type qianwan-chain-head/1\n", "");
    check("type qianwan-chain-head/1", "type tree-head");
}

// ---- chain files

#[test]
fn a_file_is_read_as_it_was_written() {
    let facts = three();
    let report = read(signed_file(&facts).as_bytes()).unwrap();
    assert_eq!((report.chain.to_string().as_str(), report.facts, report.head), (ANJI, 3, facts[2].hash));
    assert_eq!(report.checkpoints[0].signatures, Signatures::By(vec!["anji.example".to_owned()]));
    let unchecked = read_chain_file(signed_file(&facts).as_bytes(), &[]).unwrap();
    assert_eq!(unchecked.checkpoints[0].signatures, Signatures::NotChecked);
    assert!(read(file_of(&facts, None).as_bytes()).unwrap().checkpoints.is_empty());
    assert_eq!(read(file_of(&[], None).as_bytes()).unwrap().facts, 0);
    assert_eq!(read(signed_file(&[]).as_bytes()).unwrap().facts, 0);
}

#[test]
fn each_fault_of_a_file_is_named() {
    let check = |change: fn(&mut Vec<String>), code: &str, words: &str| {
        let mut lines: Vec<String> = signed_file(&three()).split_inclusive('\n').map(str::to_owned).collect();
        change(&mut lines);
        let error = read(lines.concat().as_bytes()).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().starts_with(words), "{error}");
    };
    check(Vec::clear, "empty", "the file is empty");
    check(|l| drop(l.remove(0)), "malformed", "line 1: not a header");
    check(|l| l.insert(1, l[0].clone()), "malformed", "line 2: not fact 1");
    check(|l| l.swap(1, 2), "gap", "line 2: chain 330523/main: fact 1 should come here, fact 2 came");
    check(|l| l.insert(2, l[2].clone()), "gap", "line 4: chain 330523/main: fact 3 should come here, fact 2 came");
    check(|l| drop(l.remove(2)), "gap", "line 3: chain 330523/main: fact 2 should come here, fact 3 came");
    check(|l| drop(l.remove(3)), "checkpoint-beyond-end", "line 4: chain 330523/main: ends at fact 2");
    check(|l| l[2] = l[2].replace("problem:2", "problem:3"), "hash-mismatch", "line 3: chain 330523/main, fact 2");
    check(|l| l[2] = l[2].replace(":2,", ": 2,"), "not-canonical", "line 3: fact 2");
    check(|l| l[2] = l[2].replace('\n', "\r\n"), "not-canonical", "line 3: fact 2");
    check(|l| l[3] = l[3].replace('话', "\\u8bdd"), "not-canonical", "line 4: fact 3");
    check(|l| l[2] = l[2].replace("\"seq\"", "\"sec\""), "malformed", "line 3: not fact 2");
    check(|l| l[2].truncate(50), "malformed", "line 3: not fact 2");
    check(|l| l[3] = "\n".to_owned(), "malformed", "line 4: not fact 3");
    check(|l| l[4].truncate(50), "truncated", "line 5: the file ends in the middle");
    check(|l| l.last_mut().map(|l| l.pop()).map_or((), drop), "truncated", "line 5");
    check(|l| l.push("x".to_owned()), "after-checkpoint", "line 6");
    check(|l| l.push(l[4].clone()), "after-checkpoint", "line 6");
    check(|l| l.push("\n".to_owned()), "after-checkpoint", "line 6");
    check(|l| l.insert(3, l[4].clone()), "checkpoint-beyond-end", "line 4");
    check(|l| l[0] = l[0].replace("chain-1", "chain-2"), "wrong-format", "line 1");
    check(|l| l[0] = l[0].replacen("330523", "330522", 1), "header-contradiction", "line 1");
    check(|l| l[0] = l[0].replace("330523", "330522"), "wrong-chain", "line 2");
    check(|l| l[0] = l[0].replace("sha256", "sm3"), "prev-mismatch", "line 2");
    check(|l| l[0] = l[0].replace("anji.", "anjo."), "checkpoint-origin", "line 5");
    check(|l| l[4] = l[4].replace("time 1", "time 2"), "bad-checkpoint", "line 5: the signature by anji.example+");
}

#[test]
fn a_rewritten_and_resigned_file_fails_against_a_kept_checkpoint() {
    let kept = checkpoint::sign(&checkpoint_of(&verify(&three()[..2]).unwrap()), &signer());
    let keys = [signer().verifier()];
    let check = |facts: &[Fact], code: Option<&str>| {
        let file = signed_file(facts);
        let mut reader = ChainFileReader::open(file.as_bytes(), &keys).unwrap();
        reader.expect(&kept).unwrap();
        let result = reader.finish();
        assert_eq!(result.as_ref().err().map(ChainFileError::code), code);
        assert!(result.is_err() || result.is_ok_and(|report| report.checkpoints.len() == 2));
    };
    check(&three(), None);
    check(&three()[..2], None);
    check(&three()[..1], Some("checkpoint-beyond-end"));
    check(&chain_of(Suite::Sha256, [draft(1, "{}"), draft(9, "{}")]).0, Some("checkpoint-mismatch"));
}

#[test]
fn long_lines_are_refused_and_the_longest_body_passes() {
    /// An endless line, given out in pieces: reading must stop at the limit.
    struct Endless(u64);
    impl std::io::Read for Endless {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            self.0 += out.len() as u64;
            assert!(self.0 < 2 * crate::MAX_LINE_BYTES as u64, "read on past the limit");
            out.fill(b'x');
            Ok(out.len())
        }
    }
    let error = read_chain_file(std::io::BufReader::new(Endless(0)), &[]).unwrap_err();
    assert_eq!(error.code(), "line-too-long");

    let body = format!("{{{}}}", "\n".repeat(crate::MAX_BODY_BYTES - 2)); // each escaped to two bytes
    let (facts, _) = chain_of(Suite::Sha256, [draft(1, &body)]);
    assert_eq!(read(file_of(&facts, None).as_bytes()).unwrap().facts, 1);
}

#[test]
fn a_broken_chain_is_not_written() {
    let facts = three();
    let header = ChainFileHeader { suite: Suite::Sha256, origin: format!("a/{ANJI}").parse().unwrap(), demo: true };
    let mut writer = ChainFileWriter::new(Vec::new(), &header).unwrap();
    writer.write(&facts[0]).unwrap();
    assert_eq!(writer.write(&facts[2]).unwrap_err().code(), "gap");
    let head = verify(&facts).unwrap();
    let mut checkpoint = checkpoint_of(&head);
    checkpoint.origin = header.origin;
    let error = writer.finish(Some(&checkpoint::sign(&checkpoint, &signer()))).unwrap_err();
    assert_eq!(error.code(), "checkpoint-beyond-end");
}

// ---- properties

fn any_draft() -> impl Strategy<Value = Draft> {
    let text = "[ -~\u{a0}-\u{d7ff}]{1,40}";
    let body = proptest::collection::btree_map(any::<String>(), any::<(i64, String)>(), 0..4);
    (any::<u128>(), text, any::<i64>(), text, any::<i64>(), any::<i64>(), body).prop_map(
        |(command, subject, place, actor, effective_ms, recorded_ms, body)| Draft {
            command: Uuid::from_u128(command),
            kind: Kind::from_static("problem.reported@1"),
            subject,
            place,
            actor,
            effective_ms,
            recorded_ms,
            body: serde_json::to_string(&body).unwrap(),
        },
    )
}

fn any_chain() -> impl Strategy<Value = Vec<Fact>> {
    proptest::collection::vec(any_draft(), 1..8).prop_map(|drafts| chain_of(Suite::Sha256, drafts).0)
}

/// Changes one bit of one field, wherever the field can hold the change.
fn flip(fact: &mut Fact, field: u8, at: usize, bit: u8) {
    let mask = 1u8 << (bit % 8);
    let flip_number = |number: i64| number ^ (1 << (at % 64));
    let flip_text = |text: &mut String| {
        let mut bytes = text.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] ^= mask;
        *text = String::from_utf8(bytes).unwrap_or_else(|_| format!("{text}x"));
    };
    match field % 12 {
        0 => fact.chain.county ^= 1 << (at % 20),
        1 => fact.seq ^= 1 << (at % 64),
        2 => fact.command = Uuid::from_u128(fact.command.as_u128() ^ (1 << (at % 128))),
        3 => fact.kind = Kind::from_static("problem.reported@2"),
        4 => flip_text(&mut fact.subject),
        5 => fact.place = flip_number(fact.place),
        6 => flip_text(&mut fact.actor),
        7 => fact.effective_ms = flip_number(fact.effective_ms),
        8 => fact.recorded_ms = flip_number(fact.recorded_ms),
        9 => flip_text(&mut fact.body),
        10 => fact.prev.0[at % 32] ^= mask,
        _ => fact.hash.0[at % 32] ^= mask,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_prefix_verifies(facts in any_chain(), cut in any::<prop::sample::Index>()) {
        let cut = cut.index(facts.len() + 1);
        let head = verify(&facts[..cut]).unwrap();
        prop_assert_eq!(head.size, cut as u64);
        // And from any head one can go on to the end.
        let mut verifier = Verifier::resume(head);
        facts[cut..].iter().for_each(|fact| verifier.check(fact).unwrap());
        prop_assert_eq!(verifier.finish().unwrap(), verify(&facts).unwrap());
    }

    #[test]
    fn any_flipped_bit_of_a_field_is_found_at_its_fact(
        facts in any_chain(), which in any::<prop::sample::Index>(), field: u8, at: usize, bit: u8,
    ) {
        let which = which.index(facts.len());
        let mut altered = facts.clone();
        flip(&mut altered[which], field, at, bit);
        prop_assert_ne!(&altered, &facts);
        let mut verifier = Verifier::new(ANJI.parse().unwrap(), Suite::Sha256);
        let first = altered.iter().position(|fact| verifier.check(fact).is_err());
        prop_assert_eq!(first, Some(which));
    }

    #[test]
    fn swapped_dropped_and_repeated_facts_are_found(
        facts in any_chain(), a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>(),
    ) {
        let (a, b) = (a.index(facts.len()), b.index(facts.len()));
        let mut swapped = facts.clone();
        swapped.swap(a, b);
        prop_assert_eq!(verify(&swapped).is_ok(), a == b);
        let mut dropped = facts.clone();
        dropped.remove(a);
        prop_assert_eq!(verify(&dropped).is_ok(), a == facts.len() - 1); // the tail needs a checkpoint:
        prop_assert_eq!(read(signed_file(&facts).replace(&line_of(&facts[a]), "").as_bytes()).is_ok(), false);
        let mut repeated = facts.clone();
        repeated.insert(b, facts[a].clone());
        prop_assert!(verify(&repeated).is_err());
    }

    #[test]
    fn read_after_write_is_identity(facts in any_chain()) {
        let file = signed_file(&facts);
        let keys = [signer().verifier()];
        let mut reader = ChainFileReader::open(file.as_bytes(), &keys).unwrap();
        let mut back = Vec::new();
        while let Some(fact) = reader.next_fact().unwrap() {
            back.push(fact);
        }
        prop_assert_eq!(&back, &facts);
        prop_assert_eq!(signed_file(&back), file);
    }

    #[test]
    fn any_changed_byte_of_a_signed_file_is_found(
        facts in any_chain(), at in any::<prop::sample::Index>(), mask in 1u8..,
    ) {
        let mut file = signed_file(&facts).into_bytes();
        let at = at.index(file.len());
        file[at] ^= mask;
        prop_assert!(read(&file).is_err());
    }

    #[test]
    fn a_signed_file_cut_anywhere_is_found(facts in any_chain(), at in any::<prop::sample::Index>()) {
        let file = signed_file(&facts);
        let cut = at.index(file.len());
        // At the end of a fact's line the rest is a whole file, one without its checkpoint: the report shows none.
        match read(&file.as_bytes()[..cut]) {
            Ok(report) => prop_assert!(report.checkpoints.is_empty() && file.as_bytes()[cut - 1] == b'\n'),
            Err(error) => prop_assert!(["truncated", "empty"].contains(&error.code()), "{}", error),
        }
    }

    #[test]
    fn garbage_is_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in any::<String>()) {
        prop_assert!(read(&bytes).is_err());
        prop_assert!(note::open_text(&text, &[signer().verifier()]).is_err());
        prop_assert!(Checkpoint::from_text(&text).is_err());
        prop_assert!(text.parse::<VerifierKey>().is_err());
    }

    #[test]
    fn notes_round_trip_and_any_changed_byte_is_found(
        text in "([ -~\u{a0}-\u{d7ff}]{0,20}\n){1,5}", seed: [u8; 32], at in any::<prop::sample::Index>(), mask in 1u8..,
    ) {
        let key = SignerKey::from_seed("a.example", seed).unwrap();
        let keys = [key.verifier().to_string().parse().unwrap()];
        let note = note::sign_text(&text, &key).unwrap();
        prop_assert_eq!(note::open_text(&note, &keys).unwrap().text, text);
        let mut bytes = note.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= mask;
        if let Ok(altered) = String::from_utf8(bytes) {
            prop_assert!(note::open_text(&altered, &keys).is_err());
        }
    }
}

fn line_of(fact: &Fact) -> String {
    serde_json::to_string(fact).unwrap() + "\n"
}

// ---- tampering, one row each

#[test]
fn each_field_that_is_changed_names_its_fact() {
    let check = |field: &str, change: fn(&mut Fact), code: &str| {
        let mut facts = chain_of(Suite::Sha256, (1..=5).map(|n| draft(n, "{}"))).0;
        let file = signed_file(&facts);
        let good = line_of(&facts[2]);
        change(&mut facts[2]);
        let broken = verify(&facts).unwrap_err();
        assert_eq!((broken.code(), broken.chain().to_string().as_str()), (code, ANJI), "{field}: {broken}");
        // What is found under another number is named by both.
        let named = if field == "seq" { format!("fact 3 should come here, fact {} came", facts[2].seq) } else { "fact 3".into() };
        assert!(broken.to_string().contains(&named), "{field}: {broken}");
        let error = read(file.replace(&good, &line_of(&facts[2])).as_bytes()).unwrap_err();
        assert_eq!(error.code(), code, "{field} in a file: {error}");
        assert!(error.to_string().starts_with("line 4: ") && error.to_string().contains(&named), "{field} in a file: {error}");
    };
    check("chain", |f| f.chain.county += 1, "wrong-chain");
    check("seq", |f| f.seq = 9, "gap");
    check("command", |f| f.command = Uuid::from_u128(9), "hash-mismatch");
    check("kind", |f| f.kind = Kind::from_static("problem.dismissed@1"), "hash-mismatch");
    check("subject", |f| f.subject.push('1'), "hash-mismatch");
    check("place", |f| f.place += 1, "hash-mismatch");
    check("actor", |f| f.actor = "system".into(), "hash-mismatch");
    check("effective_ms", |f| f.effective_ms += 1, "hash-mismatch");
    check("recorded_ms", |f| f.recorded_ms -= 1, "hash-mismatch");
    check("body", |f| f.body = r#"{"n":1}"#.into(), "hash-mismatch");
    check("prev", |f| f.prev.0[0] ^= 1, "prev-mismatch");
    check("hash", |f| f.hash.0[31] ^= 1, "hash-mismatch");
    // Whoever seals the fact anew is found at the one that follows it.
    let reseal = |f: &mut Fact| {
        f.place += 1;
        f.hash = f.compute_hash(Suite::Sha256);
    };
    let mut facts = three();
    reseal(&mut facts[1]);
    let broken = verify(&facts).unwrap_err();
    assert_eq!((broken.code(), broken.seq()), ("prev-mismatch", 3));
}

#[test]
fn each_forged_checkpoint_is_refused() {
    let (facts, head) = chain_of(Suite::Sha256, (1..=5).map(|n| draft(n, "{}")));
    let stranger = SignerKey::from_seed("anji.example", [8; 32]).unwrap();
    let good = checkpoint_of(&head);
    let other = verify(&chain_of(Suite::Sha256, [draft(1, "{}"), draft(7, "{}")]).0).unwrap();
    let check = |what: &str, change: &dyn Fn(&mut Checkpoint), key: &SignerKey, code: &str| {
        let mut forged = good.clone();
        change(&mut forged);
        let kept = checkpoint::sign(&forged, key);
        let file = signed_file(&facts);
        let keys = [signer().verifier()];
        let mut reader = ChainFileReader::open(file.as_bytes(), &keys).unwrap();
        let error = reader.expect(&kept).and_then(|()| reader.finish().map(drop)).unwrap_err();
        assert_eq!(error.code(), code, "{what}: {error}");
    };
    check("another key of the same name", &|_| {}, &stranger, "bad-checkpoint");
    check("a larger size", &|c| c.size = 6, &signer(), "checkpoint-beyond-end");
    check("a smaller size", &|c| c.size = 4, &signer(), "checkpoint-mismatch");
    check("another head", &|c| c.hash.0[0] ^= 1, &signer(), "checkpoint-mismatch");
    check("the head of a fork", &|c| (c.size, c.hash) = (other.size, other.hash), &signer(), "checkpoint-mismatch");
    check("another suite", &|c| c.suite = Suite::Sm3, &signer(), "wrong-suite");
    check("another installation", &|c| c.origin = format!("b/{ANJI}").parse().unwrap(), &signer(), "checkpoint-origin");
    check("another chain", &|c| c.origin = "anji.example/330524/main".parse().unwrap(), &signer(), "checkpoint-origin");
}
