//! Makes a draw.

use std::collections::BTreeMap;

use super::{
    DrawRefusal, Fraction, Frame, Method, Outcome, Plan, Record, Seed, balanced, commitment, pareto, probabilities,
    smallest_tickets, systematic,
};

/// What a draw is made from.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// The draw's own id, published with frame, plan and commitment.
    pub draw_id: &'a str,
    /// All units.
    pub frame: &'a Frame,
    /// How many, by which method, on which beacons.
    pub plan: &'a Plan,
    /// At least 16 bytes that nobody could guess.
    pub secret: &'a [u8],
    /// What the beacons said, in the order of the plan.
    pub beacons: &'a [Vec<u8>],
}

/// Draws, and records for **every** unit of the frame its probability, its ticket and whether it was drawn.
///
/// The record holds the secret; whoever keeps it until the inspection is over strips it with [`Record::sealed`].
pub fn run(given: Given<'_>) -> Result<Record, DrawRefusal> {
    let Given { draw_id, frame, plan, secret, beacons } = given;
    if draw_id.trim().is_empty() {
        return Err(DrawRefusal::DrawIdMissing {});
    }
    if secret.len() < 16 {
        return Err(DrawRefusal::SecretTooShort { bytes: secret.len() });
    }
    plan.check_beacons(beacons)?;
    let (frame_hash, plan_hash) = (frame.hash(), plan.hash());
    let seed = Seed::of(draw_id, &frame_hash, &plan_hash, secret, beacons);
    let mut drawing =
        Drawing { frame, seed: &seed, units: blank(frame), order: Vec::new(), cutoffs: BTreeMap::new(), start: None };
    match &plan.method {
        Method::Strata(counts) => drawing.strata(counts)?,
        Method::Systematic(n) => drawing.systematic(*n)?,
        Method::Pareto(n) => drawing.pareto(*n)?,
        Method::Spread(n) => drawing.spread(*n)?,
    }
    let Drawing { units, order, cutoffs, start, .. } = drawing;
    Ok(Record {
        format: Record::FORMAT.to_owned(),
        draw_id: draw_id.to_owned(),
        frame: frame.units().to_vec(),
        frame_hash: hex::encode(frame_hash),
        plan: plan.text().to_owned(),
        plan_hash: hex::encode(plan_hash),
        commitment: hex::encode(commitment(secret)),
        beacons: beacons.iter().map(hex::encode).collect(),
        secret: Some(hex::encode(secret)),
        seed: Some(hex::encode(seed.bytes())),
        start,
        cutoffs,
        drawn: order.into_iter().map(|at| frame.units()[at].id.clone()).collect(),
        units,
    })
}

fn blank(frame: &Frame) -> Vec<Outcome> {
    let of = |id: &str, stratum: &str| Outcome {
        id: id.to_owned(),
        stratum: stratum.to_owned(),
        chance: Fraction { numerator: 0, denominator: 1 },
        exact: true,
        certain: false,
        label: String::new(),
        ticket: String::new(),
        drawn: false,
    };
    frame.units().iter().map(|u| of(&u.id, &u.stratum)).collect()
}

struct Drawing<'a> {
    frame: &'a Frame,
    seed: &'a Seed,
    units: Vec<Outcome>,
    order: Vec<usize>,
    cutoffs: BTreeMap<String, String>,
    start: Option<u64>,
}

impl Drawing<'_> {
    fn ticket(&mut self, at: usize, label: &str) {
        let unit = &mut self.units[at];
        unit.ticket = hex::encode(self.seed.ticket(label, unit.id.as_bytes()));
        unit.label = label.to_owned();
    }

    fn take(&mut self, places: Vec<usize>) {
        for at in &places {
            self.units[*at].drawn = true;
        }
        self.order.extend(places);
    }

    fn strata(&mut self, counts: &BTreeMap<String, u64>) -> Result<(), DrawRefusal> {
        let strata = self.frame.strata();
        if let Some(stratum) = counts.keys().find(|s| !strata.contains_key(s.as_str())) {
            return Err(DrawRefusal::StratumUnknown { stratum: stratum.clone() });
        }
        for (stratum, places) in &strata {
            let Some(n) = counts.get(*stratum).copied() else {
                return Err(DrawRefusal::StratumNotPlanned { stratum: (*stratum).to_owned() });
            };
            if n > places.len() as u64 {
                return Err(DrawRefusal::SampleTooLarge {
                    stratum: (*stratum).to_owned(),
                    wanted: n,
                    there: places.len() as u64,
                });
            }
            let label = format!("srs/{stratum}");
            let ids: Vec<&str> = places.iter().map(|at| self.frame.units()[*at].id.as_str()).collect();
            let drawn: Vec<usize> = smallest_tickets(self.seed, &label, &ids, n as usize).iter().map(|i| places[*i]).collect();
            for at in places {
                self.units[*at].chance = Fraction { numerator: n, denominator: places.len() as u64 };
                self.units[*at].certain = n == places.len() as u64;
                self.ticket(*at, &label);
            }
            if let Some(last) = drawn.last() {
                self.cutoffs.insert(label, self.units[*last].ticket.clone());
            }
            self.take(drawn);
        }
        Ok(())
    }

    /// Probabilities in proportion to size, tickets under one label.
    fn by_size(&mut self, n: u64, label: &str) -> Result<super::Probabilities, DrawRefusal> {
        let chance = probabilities(self.frame, n)?;
        for at in 0..self.units.len() {
            self.units[at].chance = chance.of[at];
            if !label.is_empty() {
                self.ticket(at, label);
            }
        }
        for at in &chance.certain {
            self.units[*at].certain = true;
        }
        Ok(chance)
    }

    fn systematic(&mut self, n: u64) -> Result<(), DrawRefusal> {
        let chance = self.by_size(n, "sys/order")?;
        let (start, drawn) = systematic(self.seed, self.frame, &chance)?;
        self.start = Some(start);
        self.take(drawn);
        Ok(())
    }

    fn pareto(&mut self, n: u64) -> Result<(), DrawRefusal> {
        let chance = self.by_size(n, "pareto")?;
        for at in &chance.rest {
            self.units[*at].exact = false;
        }
        let drawn = pareto(self.seed, self.frame, &chance);
        self.take(drawn);
        Ok(())
    }

    fn spread(&mut self, n: u64) -> Result<(), DrawRefusal> {
        let chance = self.by_size(n, "")?;
        let points: Vec<(i64, i64)> = self.frame.units().iter().map(|u| (u.x, u.y)).collect();
        let chances: Vec<f64> = chance.of.iter().map(|c| c.value()).collect();
        let drawn = balanced(self.seed, &points, &chances).drawn;
        self.take(drawn);
        Ok(())
    }
}
