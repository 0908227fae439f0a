//! The two digests a chain may be built with. A chain keeps one suite from its first fact to its last.

use std::{fmt, str::FromStr};

use crate::names::{Unreadable, serde_as_text};

/// Which digest a chain is built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Suite {
    /// SHA-256 (FIPS 180-4), the default.
    Sha256,
    /// SM3 (GB/T 32905-2016), where an assessment of commercial cryptography asks for it.
    Sm3,
}

impl Suite {
    /// The digest of the parts joined together. The parts are not separated: the caller's encoding must do that.
    pub fn hash(&self, parts: &[&[u8]]) -> Hash {
        match self {
            Suite::Sha256 => digest::<sha2::Sha256>(parts),
            Suite::Sm3 => digest::<sm3::Sm3>(parts),
        }
    }

    /// `sha256` or `sm3`, as written in chain files and checkpoints.
    pub fn as_str(&self) -> &'static str {
        match self {
            Suite::Sha256 => "sha256",
            Suite::Sm3 => "sm3",
        }
    }
}

fn digest<D>(parts: &[&[u8]]) -> Hash
where
    D: sha2::Digest<OutputSize = sha2::digest::consts::U32>,
{
    let mut digest = D::new();
    for part in parts {
        digest.update(part);
    }
    Hash(digest.finalize().into())
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Suite {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        match text {
            "sha256" => Ok(Suite::Sha256),
            "sm3" => Ok(Suite::Sm3),
            _ => Err(Unreadable::new("a suite (sha256 or sm3)", text)),
        }
    }
}

/// A 32-byte digest. Text form: 64 lower-case hexadecimal digits; capitals are refused, so that each hash has one
/// spelling.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Thirty-two zero bytes: a placeholder, never the hash of anything.
    pub const ZERO: Hash = Hash([0; 32]);
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 64];
        hex::encode_to_slice(self.0, &mut digits).map_err(|_| fmt::Error)?;
        f.write_str(str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let unreadable = || Unreadable::new("a hash of 64 lower-case hexadecimal digits", text);
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(unreadable());
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| unreadable())?;
        Ok(Hash(bytes))
    }
}

serde_as_text!(Suite, Hash);
