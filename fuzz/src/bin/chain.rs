//! Chain files: one that is accepted is, byte for byte, what its facts are written as; and a good one with any byte
//! changed, dropped or added is accepted no more by whoever keeps a checkpoint.
#![no_main]

use std::sync::LazyLock;

use facts::{ChainFileError, ChainFileReader, ChainFileWriter, Checkpoint, SignerKey, VerifierKey, read_chain_file, sign};
use libfuzzer_sys::fuzz_target;

const GOLDEN: &[u8] = include_bytes!("../../../crates/facts/golden/chain.jsonl");

struct Kept {
    file: Vec<u8>,
    note: String,
    keys: [VerifierKey; 1],
}

/// The golden chain with a checkpoint signed by a key of the test's own.
static KEPT: LazyLock<Kept> = LazyLock::new(|| {
    let mut reader = ChainFileReader::open(GOLDEN, &[]).expect("the golden file");
    let header = reader.header().clone();
    let mut facts = Vec::new();
    while let Some(fact) = reader.next_fact().expect("a golden fact") {
        facts.push(fact);
    }
    let key = SignerKey::from_seed(header.origin.installation(), [7; 32]).expect("a key");
    let last = facts.last().expect("some facts");
    let checkpoint =
        Checkpoint { origin: header.origin.clone(), size: last.seq, hash: last.hash, suite: header.suite, time_ms: 1 };
    let note = sign(&checkpoint, &key);
    let mut writer = ChainFileWriter::new(Vec::new(), &header).expect("memory");
    facts.iter().for_each(|f| writer.write(f).expect("memory"));
    let file = writer.finish(Some(&note)).expect("memory");
    let keys = [key.verifier()];
    assert!(accepted(&file, &note, &keys).is_ok(), "the good one is");
    Kept { file, note, keys }
});

fn accepted(file: &[u8], note: &str, keys: &[VerifierKey]) -> Result<(), ChainFileError> {
    let mut reader = ChainFileReader::open(file, keys)?;
    reader.expect(note)?;
    reader.finish().map(|_| ())
}

fn whole(bytes: &[u8]) {
    let Ok(report) = read_chain_file(bytes, &[]) else { return };
    let mut reader = ChainFileReader::open(bytes, &[]).expect("read a moment ago");
    let mut writer = ChainFileWriter::new(Vec::new(), reader.header()).expect("memory");
    let mut count = 0;
    while let Some(fact) = reader.next_fact().expect("read a moment ago") {
        writer.write(&fact).expect("memory");
        count += 1;
    }
    assert_eq!(report.facts, count);
    // The checkpoint is a line of its own; the rest has one spelling.
    let facts = writer.finish(None).expect("memory");
    assert!(bytes.starts_with(&facts));
    assert_eq!(report.checkpoints.is_empty(), bytes.len() == facts.len());
}

fn changed(edits: &[u8]) {
    let mut file = KEPT.file.clone();
    for edit in edits.chunks_exact(4) {
        let at = (usize::from(edit[1]) << 8 | usize::from(edit[2])) % file.len();
        match edit[0] % 4 {
            0 => file[at] = edit[3],
            1 => file[at] ^= 1 << (edit[3] % 8),
            2 => file.insert(at, edit[3]),
            _ => drop(file.remove(at)),
        }
        if file.is_empty() {
            return;
        }
    }
    let good = file == KEPT.file;
    // Without its last line it is the same chain; the kept checkpoint says so. The label `demo` is not protected.
    let facts_only = KEPT.file.starts_with(&file) && file.ends_with(b"\n");
    let label = |f: &[u8]| String::from_utf8_lossy(f).replacen("\"demo\":true", "\"demo\":false", 1);
    let labelled = label(&file) == label(&KEPT.file);
    if !good && !facts_only && !labelled {
        assert!(accepted(&file, &KEPT.note, &KEPT.keys).is_err(), "a changed file is accepted");
    }
}

fuzz_target!(|input: &[u8]| {
    match input.split_first() {
        Some((b'e', edits)) => changed(edits),
        Some(_) => whole(input),
        None => {}
    }
});
