//! Checkpoints: the size and hash of a chain at one moment, signed, small enough to print or send by text message.
//!
//! The text has the form of a C2SP tlog-checkpoint (<https://c2sp.org/tlog-checkpoint>), so that its tools can keep
//! and cosign it. **The hash is the head of a hash chain, not the root of a Merkle tree**: there are no inclusion or
//! consistency proofs; consistency is shown by going through the facts ([`crate::Verifier::consistent_with`]).
//! The origin names a chain (`…/330523/main`) and the first extension line repeats it in words:
//!
//! ```text
//! anji.example/330523/main             origin: installation, then chain
//! 20852163                             how many facts
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
//! type qianwan-chain-head/1            what the hash is
//! suite sha256                         the chain's digest
//! time 1767225600000                   when, in milliseconds since 1970-01-01 UTC
//! ```
//!
//! Reading is strict: exactly these six lines, each in its one spelling.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    ChainId, Hash, NoteError, SignerKey, Suite, Unreadable, VerifierKey,
    names::serde_as_text,
    note::{is_key_name, open_text, sign_text},
};

const TYPE_LINE: &str = "type qianwan-chain-head/1";

/// Which chain of which installation: `<installation>/<chain>`, for example `anji.example/330523/main`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    installation: String,
    chain: ChainId,
}

impl Origin {
    /// The origin of `chain` kept by `installation`, a name like a URL without its scheme: not empty, at most 200
    /// bytes, no spaces, plus signs or control characters (so that it can be a key's name too).
    pub fn new(installation: &str, chain: ChainId) -> Result<Origin, Unreadable> {
        if !is_key_name(installation) || installation.len() > 200 {
            let expected = "an installation's name (not empty, no spaces, no plus signs, at most 200 bytes)";
            return Err(Unreadable::new(expected, installation));
        }
        Ok(Origin { installation: installation.to_owned(), chain })
    }

    /// Who keeps the chain.
    pub fn installation(&self) -> &str {
        &self.installation
    }

    /// Which chain.
    pub fn chain(&self) -> ChainId {
        self.chain
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.installation, self.chain)
    }
}

impl FromStr for Origin {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let unreadable = || Unreadable::new("an origin such as anji.example/330523/main", text);
        let (rest, name) = text.rsplit_once('/').ok_or_else(unreadable)?;
        let (installation, county) = rest.rsplit_once('/').ok_or_else(unreadable)?;
        let chain = format!("{county}/{name}").parse().map_err(|_| unreadable())?;
        Origin::new(installation, chain).map_err(|_| unreadable())
    }
}

serde_as_text!(Origin);

/// What a chain was at one moment.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Checkpoint {
    /// Which chain of which installation.
    pub origin: Origin,
    /// How many facts it held.
    pub size: u64,
    /// Hash of its last fact, or of the empty chain.
    pub hash: Hash,
    /// The digest it is built with.
    pub suite: Suite,
    /// When the checkpoint was made: milliseconds since 1970-01-01 UTC.
    pub time_ms: i64,
}

impl Checkpoint {
    /// The six lines that are signed.
    pub fn to_text(&self) -> String {
        let Checkpoint { origin, size, hash, suite, time_ms } = self;
        let hash = STANDARD.encode(hash.0);
        format!("{origin}\n{size}\n{hash}\n{TYPE_LINE}\nsuite {suite}\ntime {time_ms}\n")
    }

    /// Reads the six lines back.
    pub fn from_text(text: &str) -> Result<Checkpoint, NoteError> {
        let wrong = NoteError::NotACheckpoint;
        let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
        let [origin, size, hash, kind, suite, time] = lines[..] else {
            return Err(wrong("it has not six lines"));
        };
        if kind != TYPE_LINE {
            return Err(wrong("line 4 does not say that the hash is a chain head"));
        }
        let hash = STANDARD.decode(hash).ok().and_then(|bytes| bytes.try_into().ok());
        let suite = suite.strip_prefix("suite ").and_then(|suite| suite.parse().ok());
        let time_ms = time.strip_prefix("time ").and_then(|time| time.parse().ok());
        let checkpoint = Checkpoint {
            origin: origin.parse().map_err(|_| wrong("line 1 is not an origin"))?,
            size: size.parse().map_err(|_| wrong("line 2 is not a size"))?,
            hash: Hash(hash.ok_or(wrong("line 3 is not 32 bytes in base64"))?),
            suite: suite.ok_or(wrong("line 5 is not a suite"))?,
            time_ms: time_ms.ok_or(wrong("line 6 is not a time"))?,
        };
        // One spelling each: no leading zeros or plus signs, and the last line ended.
        if checkpoint.to_text() == text { Ok(checkpoint) } else { Err(wrong("it is not spelled the one way")) }
    }
}

/// Signs a checkpoint; the result is a signed note ending in a newline.
pub fn sign(checkpoint: &Checkpoint, key: &SignerKey) -> String {
    sign_text(&checkpoint.to_text(), key).expect("an origin has no control characters, so the text is a note's")
}

/// Opens a note signed by at least one of the trusted keys, and reads the checkpoint in it.
pub fn open(note: &str, trusted: &[VerifierKey]) -> Result<Checkpoint, NoteError> {
    Checkpoint::from_text(open_text(note, trusted)?.text)
}
