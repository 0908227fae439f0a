//! The frame: every unit that can be drawn, in one canonical form.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::{DrawRefusal, sha256};

/// A unit that can be drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// A code, not a name: names change and are spelled in several ways.
    pub id: String,
    /// The stratum; any text without control characters, also the empty one.
    pub stratum: String,
    /// A measure of size, such as households; 1 where it does not matter.
    pub size: u64,
    /// Metres to the east; 0 where it does not matter.
    pub x: i64,
    /// Metres to the north; 0 where it does not matter.
    pub y: i64,
}

/// Units in the order of the bytes of their ids, each id once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame(Vec<Unit>);

impl Frame {
    /// Sorts the units and refuses ids that are malformed, not in Unicode form C, there twice or not to be told apart.
    pub fn new(mut units: Vec<Unit>) -> Result<Frame, DrawRefusal> {
        if units.is_empty() {
            return Err(DrawRefusal::FrameEmpty {});
        }
        for unit in &units {
            let id = &unit.id;
            if id.is_empty() || id.chars().chain(unit.stratum.chars()).any(char::is_control) {
                return Err(DrawRefusal::IdMalformed { id: id.clone() });
            }
            for text in [id, &unit.stratum] {
                let normalised: String = text.nfc().collect();
                if normalised != *text {
                    return Err(DrawRefusal::IdNotNormalised { id: text.clone(), normalised });
                }
            }
            if unit.x.unsigned_abs() > 1_000_000_000 || unit.y.unsigned_abs() > 1_000_000_000 {
                return Err(DrawRefusal::CoordinateTooLarge { id: id.clone() });
            }
        }
        units.sort_by(|a, b| a.id.as_bytes().cmp(b.id.as_bytes()));
        if let Some(pair) = units.windows(2).find(|w| w[0].id == w[1].id) {
            return Err(DrawRefusal::IdTwice { id: pair[0].id.clone() });
        }
        let mut seen: HashMap<String, &str> = HashMap::with_capacity(units.len());
        for unit in &units {
            let plain: String = unit.id.nfkc().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
            if let Some(first) = seen.insert(plain, &unit.id) {
                return Err(DrawRefusal::IdsLookAlike { first: first.to_owned(), second: unit.id.clone() });
            }
        }
        Ok(Frame(units))
    }

    /// Units in order of id.
    pub fn units(&self) -> &[Unit] {
        &self.0
    }

    /// The canonical bytes: for each unit `id TAB stratum TAB size TAB x TAB y LF`, in the order of the ids' bytes.
    pub fn canonical(&self) -> Vec<u8> {
        let mut out = String::new();
        for u in &self.0 {
            out.push_str(&format!("{}\t{}\t{}\t{}\t{}\n", u.id, u.stratum, u.size, u.x, u.y));
        }
        out.into_bytes()
    }

    /// SHA-256 of [`Frame::canonical`].
    pub fn hash(&self) -> [u8; 32] {
        sha256(&self.canonical())
    }

    /// Places of the units (in [`Frame::units`]) of each stratum.
    pub fn strata(&self) -> BTreeMap<&str, Vec<usize>> {
        let mut out: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, unit) in self.0.iter().enumerate() {
            out.entry(&unit.stratum).or_default().push(at);
        }
        out
    }
}
