//! What is published of a draw, and checking it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DrawRefusal, Fraction, Frame, Given, Plan, Seed, Unit, commitment, run};

/// What is recorded of a unit of the frame, drawn or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The unit.
    pub id: String,
    /// Its stratum.
    pub stratum: String,
    /// Its inclusion probability.
    pub chance: Fraction,
    /// Whether `chance` is exact; under Pareto sampling it is the target only.
    pub exact: bool,
    /// Whether it could not but be drawn.
    pub certain: bool,
    /// The label under which its ticket was made; empty where the method makes no tickets.
    pub label: String,
    /// Its ticket, 64 hexadecimal digits; empty where the method makes none.
    pub ticket: String,
    /// Whether it was drawn.
    pub drawn: bool,
}

/// A draw as it is published; byte strings as lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// `QW-DRAW-1`.
    pub format: String,
    /// The draw's id.
    pub draw_id: String,
    /// All units, in order of id.
    pub frame: Vec<Unit>,
    /// SHA-256 of the frame's canonical lines.
    pub frame_hash: String,
    /// The plan's text.
    pub plan: String,
    /// SHA-256 of the plan's text.
    pub plan_hash: String,
    /// The commitment to the secret.
    pub commitment: String,
    /// What the beacons said.
    pub beacons: Vec<String>,
    /// The secret, once revealed.
    pub secret: Option<String>,
    /// The seed, once the secret is revealed.
    pub seed: Option<String>,
    /// Where systematic sampling started.
    pub start: Option<u64>,
    /// For each stratum's label the largest ticket that was drawn.
    pub cutoffs: BTreeMap<String, String>,
    /// Ids drawn, in the order of the draw.
    pub drawn: Vec<String>,
    /// Every unit.
    pub units: Vec<Outcome>,
}

impl Record {
    /// The name of the format.
    pub const FORMAT: &'static str = "QW-DRAW-1";

    /// What may be shown before the inspection: no secret, no seed, no tickets, nobody drawn; probabilities stay.
    pub fn sealed(&self) -> Record {
        let hide = |unit: &Outcome| Outcome { ticket: String::new(), drawn: false, ..unit.clone() };
        Record {
            secret: None,
            seed: None,
            start: None,
            cutoffs: BTreeMap::new(),
            drawn: Vec::new(),
            units: self.units.iter().map(hide).collect(),
            ..self.clone()
        }
    }
}

/// What was published before the beacon, from a place outside the organiser's control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The draw's id.
    pub draw_id: String,
    /// Hash of the frame.
    pub frame_hash: String,
    /// Hash of the plan.
    pub plan_hash: String,
    /// Commitment to the secret.
    pub commitment: String,
}

/// Times that decide whether the beacon was unknown when the organiser bound himself; Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// When the commitment was published.
    pub committed_at: i64,
    /// When the beacon could first be known (for a lottery: when its sale closed).
    pub beacon_at: i64,
    /// Until when the plan waits for the beacon.
    pub deadline: Option<i64>,
}

/// The commitment stood before the beacon, and the beacon came in time.
pub fn check_times(times: Times) -> Result<(), DrawRefusal> {
    let Times { committed_at, beacon_at, deadline } = times;
    if committed_at >= beacon_at {
        return Err(DrawRefusal::CommittedTooLate { committed_at, beacon_at });
    }
    match deadline {
        Some(deadline) if beacon_at > deadline => Err(DrawRefusal::BeaconLate { beacon_at, deadline }),
        _ => Ok(()),
    }
}

/// Where a unit of a stratum stands against the published cut-off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its ticket is at most the cut-off.
    Drawn,
    /// Its ticket is above the cut-off.
    NotDrawn,
}

/// What one villager checks for his own village: one HMAC and one comparison. `seed` and `cutoff` are 64 hexadecimal digits.
/// Returns the ticket with where it stands.
pub fn standing(seed: &str, label: &str, id: &str, cutoff: &str) -> Result<(String, Standing), DrawRefusal> {
    let seed = Seed::from_bytes(bytes_of("seed", seed)?);
    let cutoff: [u8; 32] = bytes_of("cutoff", cutoff)?;
    let ticket = seed.ticket(label, id.as_bytes());
    Ok((hex::encode(ticket), if ticket <= cutoff { Standing::Drawn } else { Standing::NotDrawn }))
}

fn bytes_of(field: &'static str, text: &str) -> Result<[u8; 32], DrawRefusal> {
    let mut out = [0; 32];
    hex::decode_to_slice(text, &mut out).map_err(|_| DrawRefusal::HexUnreadable { field })?;
    Ok(out)
}

/// Makes the whole draw again from its record and compares everything; against what was published beforehand where that is
/// at hand. The first thing that does not hold is the refusal.
pub fn verify(record: &Record, published: Option<&Published>) -> Result<(), DrawRefusal> {
    let frame = Frame::new(record.frame.clone())?;
    let plan = Plan::parse(&record.plan)?;
    let (frame_hash, plan_hash) = (hex::encode(frame.hash()), hex::encode(plan.hash()));
    let stated = Published {
        draw_id: record.draw_id.clone(),
        frame_hash: record.frame_hash.clone(),
        plan_hash: record.plan_hash.clone(),
        commitment: record.commitment.clone(),
    };
    // What the record says of itself is held to the same standard as what was published.
    for p in published.into_iter().chain([&stated]) {
        if p.draw_id != record.draw_id {
            return Err(DrawRefusal::DrawIdChanged { published: p.draw_id.clone(), found: record.draw_id.clone() });
        }
        if p.frame_hash != frame_hash {
            return Err(DrawRefusal::FrameChanged { published: p.frame_hash.clone(), found: frame_hash });
        }
        if p.plan_hash != plan_hash {
            return Err(DrawRefusal::PlanChanged { published: p.plan_hash.clone(), found: plan_hash });
        }
        if p.commitment != record.commitment {
            return Err(DrawRefusal::CommitmentChanged { published: p.commitment.clone(), found: record.commitment.clone() });
        }
    }
    let Some(secret) = &record.secret else { return Err(DrawRefusal::SecretWithheld {}) };
    let secret = hex::decode(secret).map_err(|_| DrawRefusal::HexUnreadable { field: "secret" })?;
    if hex::encode(commitment(&secret)) != record.commitment {
        return Err(DrawRefusal::SecretOther { commitment: record.commitment.clone() });
    }
    let beacons: Result<Vec<Vec<u8>>, _> = record.beacons.iter().map(hex::decode).collect();
    let beacons = beacons.map_err(|_| DrawRefusal::HexUnreadable { field: "beacons" })?;
    let again = run(Given { draw_id: &record.draw_id, frame: &frame, plan: &plan, secret: &secret, beacons: &beacons })?;
    if record.seed != again.seed {
        return Err(DrawRefusal::SeedDiffers { expected: again.seed.unwrap_or_default() });
    }
    if record.units.len() != again.units.len() {
        return Err(DrawRefusal::SelectionDiffers {});
    }
    if let Some((_, right)) = record.units.iter().zip(&again.units).find(|(found, right)| found != right) {
        return Err(DrawRefusal::UnitDiffers { id: right.id.clone() });
    }
    if *record != again {
        return Err(DrawRefusal::SelectionDiffers {});
    }
    Ok(())
}
