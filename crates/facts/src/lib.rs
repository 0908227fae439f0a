//! The log of facts as a format, readable by an auditor in one sitting.
//!
//! A **fact** is one thing that happened, sealed into the **chain** of one organisation: it carries the hash of the
//! fact before it, so no earlier fact can be changed, dropped, added or moved without every later hash changing.
//! A **checkpoint** is the size and hash of a chain at one moment, signed; whoever keeps one can later show that
//! history was, or was not, rewritten. A **chain file** is a whole chain as text, checked with no database.
//!
//! This crate has no database, clock, randomness or file access: bytes and [`std::io`] traits in, values out.
//! Start reading at [`Fact`], then [`Head`] (writing), [`Verifier`] (checking), [`read_chain_file`] (the two joined).
//!
//! # Canonical bytes of a fact
//!
//! The 15 bytes `qianwan/fact/1\n`, then these eleven fields in this order. Every field is its length in bytes as a
//! big-endian `u32`, then that many bytes. Nothing is escaped, normalised or left out; `hash` itself is not included.
//!
//! | # | field | bytes |
//! |---|---|---|
//! | 1 | `chain` | UTF-8 text such as `330523/main` |
//! | 2 | `seq` | 8, unsigned big-endian; the first fact is 1 |
//! | 3 | `command` | 16, the UUID in RFC 9562 byte order |
//! | 4 | `kind` | ASCII text such as `problem.reported@1` |
//! | 5 | `subject` | UTF-8 text |
//! | 6 | `place` | 8, two's complement big-endian; 0 is none |
//! | 7 | `actor` | UTF-8 text |
//! | 8 | `effective_ms` | 8, two's complement big-endian, milliseconds since 1970-01-01 UTC |
//! | 9 | `recorded_ms` | 8, as above |
//! | 10 | `body` | the exact UTF-8 bytes of the JSON text |
//! | 11 | `prev` | 32, `hash` of fact `seq - 1`, or of the empty chain when `seq` is 1 |
//!
//! `hash` is the suite's digest of these bytes: SHA-256 (FIPS 180-4) or SM3 (GB/T 32905-2016).
//! The hash of the empty chain is the digest of `qianwan/chain/1\n` followed by the chain's text, so that chains
//! cannot be swapped. `golden/reference.py` is a second implementation; `golden/encoding.jsonl` pins both.
//!
//! # Invariants
//!
//! - A chain has no gaps: `seq` runs 1, 2, 3, … and each `prev` is the `hash` before it.
//! - Order is `seq`. The two times are for people: clocks go back, and claims come late; neither is an error.
//! - The body is kept as text and never re-serialised. Particulars of people are not in it (they can be erased; a
//!   fact cannot).
//!
//! What a chain alone cannot show: that its tail was cut off, or that its keeper rewrote all of it. Checkpoints kept
//! by others show both; see [`Verifier::expect`].
#![forbid(unsafe_code)]

mod chain;
pub mod checkpoint;
mod fact;
mod file;
mod hash;
mod names;
pub mod note;

#[cfg(test)]
mod tests;

pub use chain::{Broken, Head, Verifier};
pub use checkpoint::{Checkpoint, Origin, open, sign};
pub use fact::{Draft, Fact, MAX_BODY_BYTES, MAX_TEXT_BYTES, Unsound};
pub use file::{
    ChainFileError, ChainFileHeader, ChainFileReader, ChainFileWriter, CheckedCheckpoint, Expected, MAX_LINE_BYTES, NotePlace,
    Report, Signatures, read_chain_file,
};
pub use hash::{Hash, Suite};
pub use names::{ChainId, ChainName, Kind, Unreadable};
pub use note::{NoteError, SignerKey, VerifierKey};
