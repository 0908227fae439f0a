//! The envelope of a fact, its canonical bytes, and what makes its texts sound.

use std::io::Write as _;

use serde::{Deserialize, Serialize, de};
use uuid::Uuid;

use crate::{ChainId, Hash, Kind, Suite};

/// Longest body, in bytes: 4 MiB. With every character escaped it still fits in a line of a chain file.
pub const MAX_BODY_BYTES: usize = 4 << 20;

/// Longest subject or actor, in bytes.
pub const MAX_TEXT_BYTES: usize = 200;

/// Opens the canonical bytes of every fact, so that they can be taken for nothing else.
const FACT_TAG: &[u8] = b"qianwan/fact/1\n";

/// One thing that happened, sealed into a chain. Made by [`crate::Head::seal`], or read back.
///
/// Its serde form, in this order of fields, is the line of a chain file; `body` is there a JSON *string*, so that its
/// exact bytes survive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// The chain it belongs to.
    pub chain: ChainId,
    /// Its number in the chain, from 1 without gaps.
    pub seq: u64,
    /// The id, chosen by the client, of the command that caused it; a repeated command is recognised by it.
    pub command: Uuid,
    /// What kind of thing happened.
    pub kind: Kind,
    /// What it is about: `problem:<uuid>`, `place:33052310020100`. Not empty, at most 200 bytes, no control characters.
    pub subject: String,
    /// Stable id of the place it belongs to; 0 is none.
    pub place: i64,
    /// Who did it: `account:<uuid>`, `public`, `system`, `import`. Same form as `subject`.
    pub actor: String,
    /// When it became true, as claimed: milliseconds since 1970-01-01 UTC.
    pub effective_ms: i64,
    /// When the server recorded it: milliseconds since 1970-01-01 UTC. May go back; order is `seq`.
    pub recorded_ms: i64,
    /// The particulars: the exact text of a JSON object, never re-serialised.
    pub body: String,
    /// `hash` of the fact before it, or of the empty chain.
    pub prev: Hash,
    /// Digest of the canonical bytes.
    pub hash: Hash,
}

impl Fact {
    /// The bytes that are hashed; their layout is in the crate's documentation.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let texts = self.subject.len() + self.actor.len() + self.body.len();
        let mut bytes = Vec::with_capacity(256 + texts);
        self.append_canonical(&mut bytes);
        bytes
    }

    /// Appends the canonical bytes to `out`, allocating only if `out` lacks the room.
    ///
    /// # Panics
    /// When a text is 4 GiB or longer; sound facts are far shorter.
    pub fn append_canonical(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(FACT_TAG);
        let length_at = out.len();
        put(out, &[]);
        write!(out, "{}", self.chain).expect("writing to memory does not fail");
        let length = (out.len() - length_at - 4) as u32; // at most sixteen: ten digits, a slash, a short word
        out[length_at..length_at + 4].copy_from_slice(&length.to_be_bytes());
        put(out, &self.seq.to_be_bytes());
        put(out, self.command.as_bytes());
        put(out, self.kind.as_str().as_bytes());
        put(out, self.subject.as_bytes());
        put(out, &self.place.to_be_bytes());
        put(out, self.actor.as_bytes());
        put(out, &self.effective_ms.to_be_bytes());
        put(out, &self.recorded_ms.to_be_bytes());
        put(out, self.body.as_bytes());
        put(out, &self.prev.0);
    }

    /// What `hash` must be.
    pub fn compute_hash(&self, suite: Suite) -> Hash {
        suite.hash(&[&self.canonical_bytes()])
    }

    /// Whether subject, actor and body have the form they must have; the first that has not is the error.
    pub fn check(&self) -> Result<(), Unsound> {
        check_texts(&self.subject, &self.actor, &self.body)
    }
}

fn put(out: &mut Vec<u8>, field: &[u8]) {
    let length = u32::try_from(field.len()).expect("a field is shorter than 4 GiB");
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(field);
}

/// What is about to be recorded: a fact without its place in a chain. Fields as in [`Fact`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The id of the command that caused it.
    pub command: Uuid,
    /// What kind of thing happened.
    pub kind: Kind,
    /// What it is about.
    pub subject: String,
    /// Stable id of the place it belongs to; 0 is none.
    pub place: i64,
    /// Who did it.
    pub actor: String,
    /// When it became true, as claimed: milliseconds since 1970-01-01 UTC.
    pub effective_ms: i64,
    /// When the server recorded it: milliseconds since 1970-01-01 UTC.
    pub recorded_ms: i64,
    /// The exact text of a JSON object.
    pub body: String,
}

impl Draft {
    /// Whether the draft may be sealed. Writers call this first: a chain holding an unsound fact never verifies again.
    pub fn check(&self) -> Result<(), Unsound> {
        check_texts(&self.subject, &self.actor, &self.body)
    }
}

/// Which text of a fact or draft has not the form it must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsound {
    /// The subject.
    #[error("the subject is empty, over {MAX_TEXT_BYTES} bytes, or has control characters")]
    Subject,
    /// The actor.
    #[error("the actor is empty, over {MAX_TEXT_BYTES} bytes, or has control characters")]
    Actor,
    /// The body.
    #[error("the body is not a JSON object, or is over {MAX_BODY_BYTES} bytes")]
    Body,
}

fn check_texts(subject: &str, actor: &str, body: &str) -> Result<(), Unsound> {
    if !is_short_text(subject) {
        Err(Unsound::Subject)
    } else if !is_short_text(actor) {
        Err(Unsound::Actor)
    } else if body.len() > MAX_BODY_BYTES || serde_json::from_str::<JsonObject>(body).is_err() {
        Err(Unsound::Body)
    } else {
        Ok(())
    }
}

fn is_short_text(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_TEXT_BYTES && !text.chars().any(char::is_control)
}

/// A JSON object, read to its end and forgotten. Unlike [`de::IgnoredAny`] it reads what it passes over, so that half
/// a surrogate pair, a number beyond `f64` or a nesting over 128 is found when sealing and not when first used.
struct JsonObject;

/// Any JSON value, likewise.
struct JsonValue;

impl<'de> Deserialize<'de> for JsonObject {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(JsonObject)
    }
}

impl<'de> de::Visitor<'de> for JsonObject {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<JsonValue, JsonValue>()?.is_some() {}
        Ok(self)
    }
}

impl<'de> Deserialize<'de> for JsonValue {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonValue)
    }
}

impl<'de> de::Visitor<'de> for JsonValue {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<JsonValue>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Self, A::Error> {
        JsonObject.visit_map(map).map(|_| self)
    }
}
