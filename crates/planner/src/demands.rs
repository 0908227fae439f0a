//! Decisions that a plan must or must not contain.

use serde::{Deserialize, Serialize};

use crate::{
    clash::Party,
    error::{Finding, Refused, malformed},
    instance::Instance,
    plan::Plan,
};

/// A decision that is taken already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixed {
    /// Position of the village.
    pub village: usize,
    /// Position of the work.
    pub work: usize,
    /// Level, or any.
    #[serde(default)]
    pub level: Option<i64>,
    /// Year, or any.
    #[serde(default)]
    pub year: Option<usize>,
}

/// A work that may not be done in a year, or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forbidden {
    /// Position of the village.
    pub village: usize,
    /// Position of the work.
    pub work: usize,
    /// Year, or all years.
    #[serde(default)]
    pub year: Option<usize>,
}

/// Demands on a plan beyond the rules of its instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demands {
    /// What must be done.
    #[serde(default)]
    pub fixed: Vec<Fixed>,
    /// What may not be done.
    #[serde(default)]
    pub forbidden: Vec<Forbidden>,
}

/// Reads demands: `{"fixed": [{"village": 0, "work": 1, "level": 2, "year": 3}], "forbidden": [{"village": 0, "work": 2}]}`, positions as
/// in the instance.
///
/// # Errors
/// `malformed`, and those of [`Demands::validate`].
pub fn read(json: &[u8], instance: &Instance) -> Result<Demands, Refused> {
    let demands: Demands = serde_json::from_slice(json).map_err(|error| malformed("demands", &error))?;
    demands.validate(instance)?;
    Ok(demands)
}

impl Demands {
    /// Finds demands that name what the instance does not have or that contradict each other in themselves.
    ///
    /// # Errors
    /// `demand-out-of-range`, `no-such-need`, `no-such-level`, `contradictory-fixing`, `fixed-and-forbidden`.
    pub fn validate(&self, instance: &Instance) -> Result<(), Refused> {
        let mut findings = Vec::new();
        for (at, fixed) in self.fixed.iter().enumerate() {
            let place = format!("fixed[{at}]");
            match options(instance, fixed.village, fixed.work, fixed.year, place.clone()) {
                Err(finding) => findings.push(finding),
                Ok(levels) => {
                    if let Some(level) = fixed.level.filter(|level| !levels.contains(level)) {
                        let finding = Finding::new("no-such-level", place.clone(), "fix a level that the need offers");
                        findings.push(finding.with("level", level));
                    }
                }
            }
            let clashes = |other: &Fixed| {
                let apart = |a: Option<i64>, b: Option<i64>| a.is_some() && b.is_some() && a != b;
                let years = (other.year.map(|year| year as i64), fixed.year.map(|year| year as i64));
                (other.village, other.work) == (fixed.village, fixed.work)
                    && (apart(other.level, fixed.level) || apart(years.0, years.1))
            };
            if let Some(first) = self.fixed[..at].iter().position(clashes) {
                let finding = Finding::new("contradictory-fixing", place.clone(), "drop one of the two");
                findings.push(finding.with("first", first).with("village", fixed.village).with("work", fixed.work));
            }
            let forbids = |other: &Forbidden| {
                (other.village, other.work) == (fixed.village, fixed.work)
                    && (other.year.is_none() || other.year == fixed.year && fixed.year.is_some())
            };
            if let Some(first) = self.forbidden.iter().position(forbids) {
                let finding = Finding::new("fixed-and-forbidden", place, "drop one of the two");
                findings.push(finding.with("forbidden", first).with("village", fixed.village).with("work", fixed.work));
            }
        }
        for (at, forbidden) in self.forbidden.iter().enumerate() {
            let place = format!("forbidden[{at}]");
            findings.extend(options(instance, forbidden.village, forbidden.work, forbidden.year, place).err());
        }
        Refused::if_any(findings)
    }

    /// Demands that a plan does not meet, in their order.
    pub fn unmet(&self, plan: &Plan) -> Vec<Party> {
        let has = |village: usize, work: usize, level: Option<i64>, year: Option<usize>| {
            plan.choices.iter().any(|c| {
                (c.village, c.work) == (village as i64, work as i64)
                    && level.is_none_or(|level| level == c.level)
                    && year.is_none_or(|year| year as i64 == c.year)
            })
        };
        let fixed = self.fixed.iter().enumerate().filter(|(_, f)| !has(f.village, f.work, f.level, f.year));
        let forbidden = self.forbidden.iter().enumerate().filter(|(_, f)| has(f.village, f.work, None, f.year));
        fixed.map(|(at, _)| Party::Fixed(at)).chain(forbidden.map(|(at, _)| Party::Forbidden(at))).collect()
    }
}

fn options(instance: &Instance, village: usize, work: usize, year: Option<usize>, place: String) -> Result<Vec<i64>, Finding> {
    let years = usize::try_from(instance.years).unwrap_or(0);
    let Some(found) =
        instance.villages.get(village).filter(|_| work < instance.works.len() && year.is_none_or(|year| year < years))
    else {
        let finding = Finding::new("demand-out-of-range", place, "name a village, work and year of the instance");
        let year = year.map_or(-1, |year| year as i64);
        return Err(finding.with("village", village).with("work", work).with("year", year));
    };
    let Some(need) = found.needs.iter().find(|need| need.work == work as i64) else {
        let finding = Finding::new("no-such-need", place, "name a work that the village needs");
        return Err(finding.with("village", village).with("work", work));
    };
    Ok(need.options.iter().map(|option| option.level).collect())
}
