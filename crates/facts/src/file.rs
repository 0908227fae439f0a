//! Chain files: a whole chain as text, written by `qianwan log export` and checked with no database.
//!
//! JSON Lines in UTF-8, each line ended by `\n`:
//!
//! ```text
//! {"format":"qianwan-chain-1","chain":"330523/main","suite":"sha256","origin":"anji.example/330523/main","demo":false}
//! {"chain":"330523/main","seq":1,"command":"…","kind":"…",…,"body":"{\"text\":\"…\"}","prev":"…","hash":"…"}
//! {"checkpoint":"anji.example/330523/main\n1\n…\n\n— anji.example …\n"}
//! ```
//!
//! The header, the facts from 1 in order, and optionally one checkpoint of exactly these facts as the last line.
//! Each line has one spelling: fields in this order, no spaces, `"` and `\` escaped by a backslash, control characters
//! as `\b \f \n \r \t` or `\u00xx`, nothing else escaped. A line spelled otherwise is refused, so any altered byte is
//! found, even where JSON would not care.
//!
//! Not protected: without a checkpoint, the installation's name and whole facts missing at the end; and always `demo`,
//! a label. Compression is the caller's; reading takes constant memory (one line).

use std::io::{self, BufRead, Read as _, Write};

use serde::{Deserialize, Serialize};

use crate::{
    Broken, ChainId, Checkpoint, Fact, Hash, NoteError, Origin, Suite, Verifier, VerifierKey,
    note::{open_text, unverified_text},
};

/// Longest line, in bytes, without its newline: 16 MiB.
pub const MAX_LINE_BYTES: usize = 16 << 20;

const FORMAT: &str = "qianwan-chain-1";

/// What a chain file says about itself in its first line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainFileHeader {
    /// The digest the chain is built with.
    pub suite: Suite,
    /// Which chain of which installation.
    pub origin: Origin,
    /// Whether the chain is a made-up one.
    pub demo: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderLine {
    format: String,
    chain: ChainId,
    suite: Suite,
    origin: Origin,
    demo: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckpointLine {
    checkpoint: String,
}

/// Where a checkpoint was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NotePlace {
    /// In the chain file, on this line (from 1).
    #[error("line {0}")]
    Line(u64),
    /// Kept by somebody else and handed in to be compared.
    #[error("a kept checkpoint")]
    Kept,
}

/// Whose signatures a checkpoint bears.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Signatures {
    /// Checked: names of the trusted keys, at least one.
    By(Vec<String>),
    /// Not checked, for want of keys. Such a checkpoint says no more than the file itself.
    NotChecked,
}

/// A checkpoint that agrees with the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckedCheckpoint {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// Who signed it.
    pub signatures: Signatures,
    /// Where it was found.
    pub place: NotePlace,
}

/// What is known of a chain file read to its end without an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Which chain.
    pub chain: ChainId,
    /// The digest it is built with.
    pub suite: Suite,
    /// Which installation says it keeps it.
    pub origin: Origin,
    /// Whether the file says that the chain is a made-up one.
    pub demo: bool,
    /// How many facts it holds.
    pub facts: u64,
    /// Hash of the last fact, or of the empty chain.
    pub head: Hash,
    /// The checkpoints it agrees with: those handed in, then the one in the file.
    pub checkpoints: Vec<CheckedCheckpoint>,
}

/// Why a chain file is not accepted, or not written. Lines count from 1, the header being line 1. The message holds the
/// reason, so there is no `source` to print beside it.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the fields are the words of the message above each variant")]
pub enum ChainFileError {
    /// The bytes could not be read or written.
    #[error("line {line}: {reason}")]
    Io { line: u64, reason: io::Error },
    /// There is no header.
    #[error("the file is empty")]
    Empty,
    /// The last line has no newline: the file was cut off.
    #[error("line {line}: the file ends in the middle of the line (where {what} should stand)")]
    Truncated { line: u64, what: Expected },
    /// The line is longer than any we write.
    #[error("line {line}: longer than {MAX_LINE_BYTES} bytes (where {what} should stand)")]
    LineTooLong { line: u64, what: Expected },
    /// The line is not what should stand there.
    #[error("line {line}: not {what}: {reason}")]
    Malformed { line: u64, what: Expected, reason: serde_json::Error },
    /// The line means something, but is not spelled as we write it: it was altered or written by something else.
    #[error("line {line}: {what} is not spelled in the one way of the format")]
    NotCanonical { line: u64, what: Expected },
    /// Not our format, or not this version.
    #[error("line 1: the format is {found:?}, not {FORMAT}")]
    WrongFormat { found: String },
    /// The header contradicts itself.
    #[error("line 1: the chain is {chain}, but the origin is {origin}")]
    HeaderContradiction { chain: ChainId, origin: Origin },
    /// The chain is broken here.
    #[error("line {line}: {reason}")]
    Broken { line: u64, reason: Broken },
    /// A checkpoint cannot be accepted.
    #[error("{place}: {reason}")]
    Note { place: NotePlace, reason: NoteError },
    /// A checkpoint of another installation, or chain.
    #[error("{place}: the checkpoint is of {found}, the file of {expected}")]
    CheckpointOrigin { place: NotePlace, expected: Origin, found: Origin },
    /// A checkpoint that contradicts the facts.
    #[error("{place}: {reason}")]
    CheckpointBroken { place: NotePlace, reason: Broken },
    /// Something follows the checkpoint.
    #[error("line {line}: nothing may follow the checkpoint")]
    AfterCheckpoint { line: u64 },
}

impl ChainFileError {
    /// A word that stays the same when the message is reworded.
    pub fn code(&self) -> &'static str {
        match self {
            ChainFileError::Io { .. } => "io",
            ChainFileError::Empty => "empty",
            ChainFileError::Truncated { .. } => "truncated",
            ChainFileError::LineTooLong { .. } => "line-too-long",
            ChainFileError::Malformed { .. } => "malformed",
            ChainFileError::NotCanonical { .. } => "not-canonical",
            ChainFileError::WrongFormat { .. } => "wrong-format",
            ChainFileError::HeaderContradiction { .. } => "header-contradiction",
            ChainFileError::Broken { reason, .. } | ChainFileError::CheckpointBroken { reason, .. } => reason.code(),
            ChainFileError::Note { .. } => "bad-checkpoint",
            ChainFileError::CheckpointOrigin { .. } => "checkpoint-origin",
            ChainFileError::AfterCheckpoint { .. } => "after-checkpoint",
        }
    }
}

/// What should stand on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Expected {
    /// The first line.
    #[error("a header")]
    Header,
    /// The fact with this number.
    #[error("fact {0}")]
    Fact(u64),
    /// The checkpoint at the end.
    #[error("a checkpoint")]
    Checkpoint,
}

/// Writes a chain file, checking each fact as it goes out: a file it finished can be read back.
pub struct ChainFileWriter<W: Write> {
    out: W,
    line: u64,
    origin: Origin,
    verifier: Verifier,
    buffer: Vec<u8>,
}

impl<W: Write> ChainFileWriter<W> {
    /// Writes the header. Hand in a buffered writer.
    pub fn new(out: W, header: &ChainFileHeader) -> Result<Self, ChainFileError> {
        let ChainFileHeader { suite, origin, demo } = header.clone();
        let chain = origin.chain();
        let verifier = Verifier::new(chain, suite);
        let mut writer = ChainFileWriter { out, line: 1, origin: origin.clone(), verifier, buffer: Vec::new() };
        writer.put(&HeaderLine { format: FORMAT.to_owned(), chain, suite, origin, demo })?;
        Ok(writer)
    }

    /// Writes the next fact, if it continues the chain.
    pub fn write(&mut self, fact: &Fact) -> Result<(), ChainFileError> {
        self.verifier.check(fact).map_err(|reason| ChainFileError::Broken { line: self.line, reason })?;
        self.put(fact)
    }

    /// Ends the file, with a signed checkpoint of exactly these facts if there is one, and flushes.
    pub fn finish(mut self, checkpoint_note: Option<&str>) -> Result<W, ChainFileError> {
        if let Some(note) = checkpoint_note {
            let place = NotePlace::Line(self.line);
            let (checkpoint, _) = read_note(note, &[], place, &self.origin)?;
            judge_last(&mut self.verifier, &checkpoint, place)?;
            self.put(&CheckpointLine { checkpoint: note.to_owned() })?;
        }
        self.out.flush().map_err(|reason| ChainFileError::Io { line: self.line, reason })?;
        Ok(self.out)
    }

    fn put(&mut self, line: &impl Serialize) -> Result<(), ChainFileError> {
        spell(line, &mut self.buffer);
        self.buffer.push(b'\n');
        self.out.write_all(&self.buffer).map_err(|reason| ChainFileError::Io { line: self.line, reason })?;
        self.line += 1;
        Ok(())
    }
}

/// Reads a chain file fact by fact, each already checked when it is handed out.
pub struct ChainFileReader<'k, R: BufRead> {
    input: R,
    /// Number of the line in `line`, from 1; its bytes are without the newline.
    number: u64,
    line: Vec<u8>,
    spelled: Vec<u8>,
    keys: &'k [VerifierKey],
    header: ChainFileHeader,
    verifier: Verifier,
    checkpoints: Vec<CheckedCheckpoint>,
    ended: bool,
}

impl<'k, R: BufRead> ChainFileReader<'k, R> {
    /// Reads the header. With no trusted keys, signatures are not checked, and the report says so.
    pub fn open(input: R, trusted_keys: &'k [VerifierKey]) -> Result<Self, ChainFileError> {
        let (mut input, mut line, mut spelled) = (input, Vec::new(), Vec::new());
        if !next_line(&mut input, &mut line, 1, Expected::Header)? {
            return Err(ChainFileError::Empty);
        }
        let header: HeaderLine = parse(&line, &mut spelled, 1, Expected::Header)?;
        let HeaderLine { format, chain, suite, origin, demo } = header;
        if format != FORMAT {
            return Err(ChainFileError::WrongFormat { found: format });
        }
        if origin.chain() != chain {
            return Err(ChainFileError::HeaderContradiction { chain, origin });
        }
        Ok(ChainFileReader {
            input,
            number: 1,
            line,
            spelled,
            keys: trusted_keys,
            header: ChainFileHeader { suite, origin, demo },
            verifier: Verifier::new(chain, suite),
            checkpoints: Vec::new(),
            ended: false,
        })
    }

    /// What the file says about itself.
    pub fn header(&self) -> &ChainFileHeader {
        &self.header
    }

    /// Asks that the chain agrees with a checkpoint somebody kept. Call it before the first fact.
    pub fn expect(&mut self, kept_note: &str) -> Result<(), ChainFileError> {
        let place = NotePlace::Kept;
        let (checkpoint, signatures) = read_note(kept_note, self.keys, place, &self.header.origin)?;
        let verdict = self.verifier.consistent_with(&checkpoint);
        verdict.map_err(|reason| ChainFileError::CheckpointBroken { place, reason })?;
        self.checkpoints.push(CheckedCheckpoint { checkpoint, signatures, place });
        Ok(())
    }

    /// The next fact, or `None` when the file ends as it should. After an error the rest means nothing.
    pub fn next_fact(&mut self) -> Result<Option<Fact>, ChainFileError> {
        if self.ended {
            return Ok(None);
        }
        let what = Expected::Fact(self.verifier.head().size + 1);
        self.number += 1;
        let line = self.number;
        if !next_line(&mut self.input, &mut self.line, line, what)? {
            self.ended = true;
            return Ok(None);
        }
        if self.line.starts_with(b"{\"checkpoint\":") {
            self.last_line()?;
            self.ended = true;
            return Ok(None);
        }
        let fact: Fact = parse(&self.line, &mut self.spelled, line, what)?;
        self.verifier.check(&fact).map_err(|reason| ChainFileError::Broken { line, reason })?;
        Ok(Some(fact))
    }

    /// Reads what is left, and reports.
    pub fn finish(mut self) -> Result<Report, ChainFileError> {
        while self.next_fact()?.is_some() {}
        let place = NotePlace::Kept; // only those can still be waiting: the one in the file was judged on its line
        let head = self.verifier.finish().map_err(|reason| ChainFileError::CheckpointBroken { place, reason })?;
        let ChainFileHeader { suite, origin, demo } = self.header;
        let (chain, facts, head) = (head.chain, head.size, head.hash);
        Ok(Report { chain, suite, origin, demo, facts, head, checkpoints: self.checkpoints })
    }

    fn last_line(&mut self) -> Result<(), ChainFileError> {
        let (place, what) = (NotePlace::Line(self.number), Expected::Checkpoint);
        let CheckpointLine { checkpoint: note } = parse(&self.line, &mut self.spelled, self.number, what)?;
        let (checkpoint, signatures) = read_note(&note, self.keys, place, &self.header.origin)?;
        judge_last(&mut self.verifier, &checkpoint, place)?;
        self.checkpoints.push(CheckedCheckpoint { checkpoint, signatures, place });
        match self.input.fill_buf() {
            Ok([]) => Ok(()),
            Ok(_) => Err(ChainFileError::AfterCheckpoint { line: self.number + 1 }),
            Err(reason) => Err(ChainFileError::Io { line: self.number + 1, reason }),
        }
    }
}

/// Checks a whole chain file, in one pass and constant memory.
///
/// With no trusted keys a checkpoint in the file is compared with the facts, but [`Signatures::NotChecked`]. With keys,
/// one that none of them signed is an error.
pub fn read_chain_file<R: BufRead>(r: R, trusted_keys: &[VerifierKey]) -> Result<Report, ChainFileError> {
    ChainFileReader::open(r, trusted_keys)?.finish()
}

/// The checkpoint in a note, if it is signed (where we have keys to tell) and speaks of `origin`.
fn read_note(
    note: &str,
    keys: &[VerifierKey],
    place: NotePlace,
    origin: &Origin,
) -> Result<(Checkpoint, Signatures), ChainFileError> {
    let read = || {
        let (text, signatures) = if keys.is_empty() {
            (unverified_text(note)?, Signatures::NotChecked)
        } else {
            let open = open_text(note, keys)?;
            (open.text, Signatures::By(open.signed_by))
        };
        Ok((Checkpoint::from_text(text)?, signatures))
    };
    let (checkpoint, signatures) = read().map_err(|reason| ChainFileError::Note { place, reason })?;
    if checkpoint.origin != *origin {
        let (expected, found) = (origin.clone(), checkpoint.origin);
        return Err(ChainFileError::CheckpointOrigin { place, expected, found });
    }
    Ok((checkpoint, signatures))
}

/// The checkpoint at the end must be of exactly the facts before it: a larger one shows that the tail was cut off.
fn judge_last(verifier: &mut Verifier, checkpoint: &Checkpoint, place: NotePlace) -> Result<(), ChainFileError> {
    let (head, seq) = (*verifier.head(), checkpoint.size);
    let verdict = match verifier.consistent_with(checkpoint) {
        Ok(()) if seq != head.size => Err(Broken::CheckpointBeyondEnd { chain: head.chain, seq, size: head.size }),
        verdict => verdict,
    };
    verdict.map_err(|reason| ChainFileError::CheckpointBroken { place, reason })
}

/// Reads one line into `line`, without its newline; false at the end of the file. Never holds more than a line may be.
fn next_line<R: BufRead>(input: &mut R, line: &mut Vec<u8>, number: u64, what: Expected) -> Result<bool, ChainFileError> {
    line.clear();
    let most = MAX_LINE_BYTES as u64 + 1;
    let read = input.by_ref().take(most).read_until(b'\n', line);
    read.map_err(|reason| ChainFileError::Io { line: number, reason })?;
    match line.pop() {
        None => Ok(false),
        Some(b'\n') => Ok(true),
        Some(_) if line.len() == MAX_LINE_BYTES => Err(ChainFileError::LineTooLong { line: number, what }),
        Some(_) => Err(ChainFileError::Truncated { line: number, what }),
    }
}

fn parse<T>(line: &[u8], spelled: &mut Vec<u8>, number: u64, what: Expected) -> Result<T, ChainFileError>
where
    T: Serialize + for<'de> Deserialize<'de>,
{
    let value: T = serde_json::from_slice(line).map_err(|reason| ChainFileError::Malformed { line: number, what, reason })?;
    spell(&value, spelled);
    if spelled == line { Ok(value) } else { Err(ChainFileError::NotCanonical { line: number, what }) }
}

/// The one spelling of a line, without its newline: what `serde_json` writes for these types.
fn spell(line: &impl Serialize, out: &mut Vec<u8>) {
    out.clear();
    serde_json::to_writer(out, line).expect("our lines are plain structs of texts and integers, and memory takes them");
}
