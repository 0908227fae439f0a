//! The plan: how many, by which method, on which beacons. Its text is hashed as it stands.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{DrawRefusal, sha256};

/// How units are drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Method {
    /// Simple random sampling: so many of each stratum, the smallest tickets.
    Strata(BTreeMap<String, u64>),
    /// So many of the frame with probability in proportion to size, systematically in ticket order; exact probabilities.
    Systematic(u64),
    /// So many of the frame with probability in proportion to size, by Pareto order sampling; the target probabilities are
    /// approximate, see [`super::pareto_probabilities`].
    Pareto(u64),
    /// So many of the frame, spread over the map (LPM2), with probability in proportion to size.
    Spread(u64),
}

/// A plan with the text that says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    text: String,
    /// How units are drawn.
    pub method: Method,
    /// Names of the beacons, in order: each beacon's bytes must be the name, a colon, and what came out. Empty: any.
    pub beacons: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    method: Option<String>,
    n: Count,
    #[serde(default)]
    beacons: Vec<String>,
    #[serde(default, rename = "note")]
    _note: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Count {
    All(u64),
    Strata(BTreeMap<String, u64>),
}

impl Plan {
    /// Reads a plan: `{"n": {"A": 4, "B": 3}}`, or `{"method": "systematic" | "pareto" | "lpm2", "n": 9}`; both may name
    /// `"beacons": ["…"]` and carry a `"note"`. Anything else is refused: what is not understood must not be hashed as agreed.
    pub fn parse(text: &str) -> Result<Plan, DrawRefusal> {
        let written: Written =
            serde_json::from_str(text).map_err(|error| DrawRefusal::PlanUnreadable { reason: error.to_string() })?;
        let method = match (written.method.as_deref(), written.n) {
            (None | Some("srs"), Count::Strata(n)) => Method::Strata(n),
            (Some("systematic"), Count::All(n)) => Method::Systematic(n),
            (Some("pareto"), Count::All(n)) => Method::Pareto(n),
            (Some("lpm2"), Count::All(n)) => Method::Spread(n),
            (method, _) => {
                return Err(DrawRefusal::PlanUnreadable {
                    reason: format!("method {} with this form of n", method.unwrap_or("srs")),
                });
            }
        };
        Ok(Plan { text: text.to_owned(), method, beacons: written.beacons })
    }

    /// The text as it was published.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// SHA-256 of the text's bytes.
    pub fn hash(&self) -> [u8; 32] {
        sha256(self.text.as_bytes())
    }

    /// The beacons given are those named, in order.
    pub fn check_beacons(&self, beacons: &[Vec<u8>]) -> Result<(), DrawRefusal> {
        if beacons.is_empty() {
            return Err(DrawRefusal::BeaconMissing { name: self.beacons.first().cloned().unwrap_or_default() });
        }
        for (at, name) in self.beacons.iter().enumerate() {
            let Some(given) = beacons.get(at) else { return Err(DrawRefusal::BeaconMissing { name: name.clone() }) };
            let rest = given.strip_prefix(name.as_bytes()).and_then(|rest| rest.strip_prefix(b":"));
            if rest.is_none_or(<[u8]>::is_empty) {
                let given = String::from_utf8_lossy(given).chars().filter(|c| !c.is_control()).take(80).collect();
                return Err(DrawRefusal::BeaconOther { named: name.clone(), given });
            }
        }
        match beacons.get(self.beacons.len()) {
            Some(extra) if !self.beacons.is_empty() => Err(DrawRefusal::BeaconOther {
                named: String::new(),
                given: String::from_utf8_lossy(extra).chars().filter(|c| !c.is_control()).take(80).collect(),
            }),
            _ => Ok(()),
        }
    }
}
