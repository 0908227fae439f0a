//! Signed notes: a text, a blank line, and lines of the form `— <key name> <base64>`.
//!
//! Format: C2SP signed-note (<https://c2sp.org/signed-note>), compatible with Go's `golang.org/x/mod/sumdb/note`.
//! Only Ed25519 (RFC 8032, algorithm byte 0x01) is known here; signatures by other keys or algorithms are passed over.
//! A bad signature under a known key refuses the whole note. Secrets come from the caller; nothing is random.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

use crate::{Suite, Unreadable};

const ED25519: u8 = 0x01;
const PRIVATE: &str = "PRIVATE+KEY+";

/// Longest note, in bytes.
pub const MAX_NOTE_BYTES: usize = 1 << 20;
/// Most signatures on a note.
pub const MAX_SIGNATURES: usize = 100;

/// Why a note, or the checkpoint in it, is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Not a signed note at all.
    #[error("not a signed note: {0}")]
    Malformed(&'static str),
    /// A known key's signature is wrong: the text or the signature was altered.
    #[error("the signature by {key} is wrong: the note was altered")]
    BadSignature {
        /// Name and id of the key, `name+hex`.
        key: String,
    },
    /// Nobody we trust signed it.
    #[error("none of the signatures is by a trusted key")]
    NoTrustedSignature,
    /// Properly signed, but the text is not a checkpoint of a chain.
    #[error("not a checkpoint: {0}")]
    NotACheckpoint(&'static str),
}

/// A key to check signatures with. Text form, as in Go: `name+c74f20a3+base64`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

impl VerifierKey {
    /// The name that stands in signature lines.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of SHA-256 over name, newline, 0x01 and public key; it tells keys of one name apart.
    pub fn id(&self) -> [u8; 4] {
        let hash = Suite::Sha256.hash(&[self.name.as_bytes(), b"\n", &[ED25519], self.key.as_bytes()]);
        let [a, b, c, d, ..] = hash.0;
        [a, b, c, d]
    }

    fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.key.verify_strict(text.as_bytes(), &signature).is_ok())
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let public = key_text(self.key.as_bytes());
        write!(f, "{}+{}+{public}", self.name, hex::encode(self.id()))
    }
}

impl FromStr for VerifierKey {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let unreadable = || Unreadable::new("a verifier key such as name+c74f20a3+base64", text);
        let (name, id, public) = split_key(text).ok_or_else(unreadable)?;
        let key = VerifyingKey::from_bytes(&public).map_err(|_| unreadable())?;
        let key = VerifierKey { name: name.to_owned(), key };
        if hex::encode(key.id()) == id { Ok(key) } else { Err(unreadable()) }
    }
}

/// A key to sign with. It has no `Display`, and its `Debug` hides the secret.
#[derive(Clone)]
pub struct SignerKey {
    name: String,
    key: SigningKey,
}

impl SignerKey {
    /// The key made from 32 secret bytes. The name must not be empty and have no spaces, plus signs or control
    /// characters; the installation's name is a good one.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<SignerKey, Unreadable> {
        if !is_key_name(name) {
            return Err(Unreadable::new("a key name (not empty, no spaces, no plus signs)", name));
        }
        Ok(SignerKey { name: name.to_owned(), key: SigningKey::from_bytes(&seed) })
    }

    /// Reads `PRIVATE+KEY+name+hex+base64`. The error does not repeat the text.
    pub fn from_secret_text(text: &str) -> Result<SignerKey, Unreadable> {
        let unreadable = || Unreadable::new("a signer key such as PRIVATE+KEY+name+hex+base64", "(hidden)");
        let (name, id, seed) = text.strip_prefix(PRIVATE).and_then(split_key).ok_or_else(unreadable)?;
        let key = SignerKey::from_seed(name, seed).map_err(|_| unreadable())?;
        if hex::encode(key.verifier().id()) == id { Ok(key) } else { Err(unreadable()) }
    }

    /// `PRIVATE+KEY+name+hex+base64`, as Go's tools read it. Whoever has this text can sign.
    pub fn to_secret_text(&self) -> String {
        let (id, secret) = (hex::encode(self.verifier().id()), key_text(self.key.as_bytes()));
        format!("{PRIVATE}{}+{id}+{secret}", self.name)
    }

    /// The key that checks this one's signatures; it may be published.
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey { name: self.name.clone(), key: self.key.verifying_key() }
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey({}, secret hidden)", self.name)
    }
}

fn key_text(key: &[u8; 32]) -> String {
    STANDARD.encode([&[ED25519][..], key].concat())
}

/// Splits `name+hex+base64`; the base64 is one byte of algorithm, then the key. Base64 may itself hold plus signs.
fn split_key(text: &str) -> Option<(&str, &str, [u8; 32])> {
    let (name, rest) = text.split_once('+')?;
    let (id, encoded) = rest.split_once('+')?;
    let decoded = STANDARD.decode(encoded).ok()?;
    let (&algorithm, key) = decoded.split_first()?;
    (is_key_name(name) && algorithm == ED25519).then_some((name, id, key.try_into().ok()?))
}

/// A rule of the format (no spaces, no plus signs), and control characters besides: they cannot stand in a note.
pub(crate) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

fn is_note_text(text: &str) -> bool {
    text.ends_with('\n') && !text.bytes().any(|b| b < 0x20 && b != b'\n')
}

/// Signs a text: one or more lines, the last ended by a newline, no other control characters.
pub fn sign_text(text: &str, key: &SignerKey) -> Result<String, NoteError> {
    if !is_note_text(text) {
        return Err(NoteError::Malformed("the text must end in a newline and have no control characters"));
    }
    let mut signature = key.verifier().id().to_vec();
    signature.extend_from_slice(&key.key.sign(text.as_bytes()).to_bytes());
    Ok(format!("{text}\n— {} {}\n", key.name, STANDARD.encode(signature)))
}

/// A note whose signatures were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenNote<'a> {
    /// The signed text, with its last newline.
    pub text: &'a str,
    /// Names of the trusted keys that signed it: at least one.
    pub signed_by: Vec<String>,
}

/// Checks a note against the keys the caller trusts. Signatures by other keys are passed over; none left is an error.
pub fn open_text<'a>(note: &'a str, trusted: &[VerifierKey]) -> Result<OpenNote<'a>, NoteError> {
    let (text, signatures) = split(note)?;
    let mut signed_by = Vec::new();
    for (name, bytes) in signatures {
        let (id, signature) = bytes.split_at(4);
        for key in trusted.iter().filter(|key| key.name == name && key.id() == id) {
            if !key.verifies(text, signature) {
                return Err(NoteError::BadSignature { key: format!("{name}+{}", hex::encode(id)) });
            }
            if !signed_by.iter().any(|other| other == name) {
                signed_by.push(name.to_owned());
            }
        }
    }
    if signed_by.is_empty() {
        return Err(NoteError::NoTrustedSignature);
    }
    Ok(OpenNote { text, signed_by })
}

/// The text of a note, its form checked and its signatures **not**. For showing, and for callers without keys who say so.
pub fn unverified_text(note: &str) -> Result<&str, NoteError> {
    split(note).map(|(text, _)| text)
}

/// Text, then key name and bytes (four of key id, then the signature) of each signature line.
type Split<'a> = (&'a str, Vec<(&'a str, Vec<u8>)>);

fn split(note: &str) -> Result<Split<'_>, NoteError> {
    if note.len() > MAX_NOTE_BYTES {
        return Err(NoteError::Malformed("it is too long"));
    }
    if !is_note_text(note) {
        return Err(NoteError::Malformed("it must end in a newline and have no control characters"));
    }
    let blank = note.rfind("\n\n").ok_or(NoteError::Malformed("no blank line before the signatures"))?;
    let text = &note[..=blank];
    let block = note[blank + 2..].strip_suffix('\n').ok_or(NoteError::Malformed("no signatures after the blank line"))?;
    if block.split('\n').count() > MAX_SIGNATURES {
        return Err(NoteError::Malformed("too many signatures"));
    }
    let signatures: Option<_> = block.split('\n').map(signature_line).collect();
    Ok((text, signatures.ok_or(NoteError::Malformed("a signature line is not '— name base64'"))?))
}

fn signature_line(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, encoded) = line.strip_prefix("— ")?.split_once(' ')?;
    let bytes = STANDARD.decode(encoded).ok()?;
    (is_key_name(name) && bytes.len() > 4).then_some((name, bytes))
}
