//! Plans in the exchange format `qw-plan-1/plan`.

use serde::{Deserialize, Serialize};

use crate::{
    error::{Finding, Refused, malformed},
    instance::Instance,
};

/// The word that opens a plan.
pub const FORMAT: &str = "qw-plan-1/plan";

/// Which village does which work to which level in which year, and who pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`FORMAT`].
    pub format: String,
    /// Points × discount in 1/1000, bonus included.
    pub objective: i64,
    /// Proven upper bound of any plan's objective, in the same unit.
    pub bound: i64,
    /// What is done, by village, work and year.
    pub choices: Vec<Choice>,
    /// Who pays for each county, work and year.
    pub funds: Vec<Payment>,
}

/// One work done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "[i64; 4]", into = "[i64; 4]")]
pub struct Choice {
    /// Position of the village.
    pub village: i64,
    /// Position of the work.
    pub work: i64,
    /// Level of the standard.
    pub level: i64,
    /// Year, from 0.
    pub year: i64,
}

impl From<[i64; 4]> for Choice {
    fn from([village, work, level, year]: [i64; 4]) -> Self {
        Choice { village, work, level, year }
    }
}

impl From<Choice> for [i64; 4] {
    fn from(c: Choice) -> Self {
        [c.village, c.work, c.level, c.year]
    }
}

/// Money of one pool for one county, work and year, in units of 1,000 yuan.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "(String, i64, i64, i64, i64)", into = "(String, i64, i64, i64, i64)")]
pub struct Payment {
    /// Code of the county.
    pub county: String,
    /// Position of the work.
    pub work: i64,
    /// Year, from 0.
    pub year: i64,
    /// Position of the pool.
    pub pool: i64,
    /// Amount in units of 1,000 yuan.
    pub amount: i64,
}

impl From<(String, i64, i64, i64, i64)> for Payment {
    fn from((county, work, year, pool, amount): (String, i64, i64, i64, i64)) -> Self {
        Payment { county, work, year, pool, amount }
    }
}

impl From<Payment> for (String, i64, i64, i64, i64) {
    fn from(p: Payment) -> Self {
        (p.county, p.work, p.year, p.pool, p.amount)
    }
}

impl Plan {
    /// (bound − objective) / bound, 0 where the bound is 0.
    pub fn gap(&self) -> f64 {
        if self.bound <= 0 { 0.0 } else { (self.bound - self.objective) as f64 / self.bound as f64 }
    }
}

/// Reads a plan and holds it against the ranges of its instance; whether it keeps the rules is for [`crate::check`].
///
/// # Errors
/// `malformed`, `unknown-format`, `choice-out-of-range`, `payment-out-of-range`.
pub fn read(json: &[u8], instance: &Instance) -> Result<Plan, Refused> {
    let plan: Plan = serde_json::from_slice(json).map_err(|error| malformed("plan", &error))?;
    let mut findings = Vec::new();
    if plan.format != FORMAT {
        let finding = Finding::new("unknown-format", "format", "write the plan in the format qw-plan-1/plan");
        findings.push(finding.with("format", &plan.format));
    }
    let within = |value: i64, count: usize| usize::try_from(value).is_ok_and(|value| value < count);
    let years = usize::try_from(instance.years).unwrap_or(0);
    for (at, c) in plan.choices.iter().enumerate() {
        if !(within(c.village, instance.villages.len()) && within(c.work, instance.works.len()) && within(c.year, years)) {
            let finding =
                Finding::new("choice-out-of-range", format!("choices[{at}]"), "name a village, work and year of the instance");
            findings.push(finding.with("village", c.village).with("work", c.work).with("year", c.year));
        }
    }
    for (at, p) in plan.funds.iter().enumerate() {
        if !(within(p.pool, instance.pools.len()) && within(p.work, instance.works.len()) && within(p.year, years)) {
            let finding =
                Finding::new("payment-out-of-range", format!("funds[{at}]"), "name a work, year and pool of the instance");
            findings.push(finding.with("work", p.work).with("year", p.year).with("pool", p.pool));
        }
    }
    Refused::if_any(findings)?;
    Ok(plan)
}

/// Writes a plan as compact JSON, as [`read`] takes it.
///
/// # Errors
/// Only when writing fails.
pub fn write(plan: &Plan, out: impl std::io::Write) -> std::io::Result<()> {
    serde_json::to_writer(out, plan).map_err(std::io::Error::from)
}
