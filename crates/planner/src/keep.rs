//! Planning anew with the least change: each decision of a former plan that moves costs a price, so that it moves only where that is worth it
//! (the minimal perturbation problem: El Sakkout and Wallace 2000, Constraints 5:359–388, with a price instead of a count). And what moved.
//!
//! The price is charged as what it brings to keep a decision, less the same for all of them: benefits change, the model does not, and
//! the bound stays a bound. See [`crate::solve::solve_keeping`].

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use crate::{
    error::{Finding, Refused},
    instance::{Instance, NUMBER_MAX},
    plan::{Choice, Plan},
};

/// What a former plan decided, and the price of moving any of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keep {
    /// The decisions, by positions in the instance that is planned anew.
    pub choices: Vec<Choice>,
    /// Points of benefit, not discounted, for each decision that is dropped or done in another year or to another level.
    pub price: i64,
}

impl Keep {
    /// Keeps a plan at a price.
    pub fn of(plan: &Plan, price: i64) -> Keep {
        Keep { choices: plan.choices.clone(), price }
    }

    /// A price where none is given: a tenth of the benefit that a decision of the plan has on average, not discounted.
    pub fn usual_price(instance: &Instance, plan: &Plan) -> i64 {
        let of = |c: &Choice| {
            let village = instance.villages.get(usize::try_from(c.village).ok()?)?;
            let need = village.needs.iter().find(|need| need.work == c.work)?;
            need.options.iter().find(|option| option.level == c.level).map(|option| option.benefit)
        };
        plan.choices.iter().filter_map(of).sum::<i64>() / (10 * plan.choices.len() as i64).max(1)
    }

    /// Finds choices that name what the instance does not have, or a work of a village twice, and prices out of range. A need or level
    /// that the instance no longer offers is no error: the decision is one that has to move.
    ///
    /// # Errors
    /// `choice-out-of-range`, `duplicate`, `negative-number`, `number-too-large`.
    pub fn validate(&self, instance: &Instance) -> Result<(), Refused> {
        let mut findings = Vec::new();
        let within = |value: i64, count: usize| usize::try_from(value).is_ok_and(|value| value < count);
        let years = usize::try_from(instance.years).unwrap_or(0);
        let mut seen = HashSet::new();
        for (at, c) in self.choices.iter().enumerate() {
            let place = format!("choices[{at}]");
            if !(within(c.village, instance.villages.len()) && within(c.work, instance.works.len()) && within(c.year, years)) {
                let finding = Finding::new("choice-out-of-range", place, "name a village, work and year of the instance");
                findings.push(finding.with("village", c.village).with("work", c.work).with("year", c.year));
            } else if !seen.insert((c.village, c.work)) {
                let code = format!("{} {}", c.village, c.work);
                findings.push(Finding::new("duplicate", place, "name each work of a village once").with("code", code));
            }
        }
        if self.price < 0 {
            findings.push(Finding::new("negative-number", "price", "give 0 or more").with("value", self.price));
        } else if self.price > NUMBER_MAX {
            let finding = Finding::new("number-too-large", "price", "check the unit; no number may pass the limit");
            findings.push(finding.with("value", self.price).with("limit", NUMBER_MAX));
        }
        Refused::if_any(findings)
    }
}

/// A plan made anew, the price of what moved taken off. In units of the objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Net {
    /// Decisions of the former plan.
    pub former: usize,
    /// Those that the new plan does not hold.
    pub moved: usize,
    /// The plan's objective less the price of each that moved.
    pub objective: i64,
    /// Proven: no plan has more left.
    pub bound: i64,
}

impl Net {
    /// (bound − objective) / bound.
    pub fn gap(&self) -> f64 {
        crate::solve::gap(self.objective, self.bound)
    }
}

/// What became of a work of a village from one plan to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// The same year and level.
    Kept,
    /// An earlier year, whatever the level.
    Earlier,
    /// A later year, whatever the level.
    Later,
    /// The same year, another level.
    OtherLevel,
    /// No longer done.
    Dropped,
    /// Not done before.
    Added,
}

/// Level and year of a work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Decision {
    /// Level of the standard.
    pub level: i64,
    /// Year, from 0.
    pub year: i64,
}

/// A work of a village in two plans.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Change {
    /// Code of the village.
    pub village: String,
    /// Name of the work in the catalogue.
    pub work: String,
    /// What became of it.
    pub fate: Fate,
    /// Before.
    pub before: Option<Decision>,
    /// After.
    pub after: Option<Decision>,
}

/// What became of every work that either plan does, by positions of village and work. Choices beyond the instance are left out; of two for
/// the same work the last counts.
pub fn changes(instance: &Instance, before: &Plan, after: &Plan) -> Vec<Change> {
    let mut pairs: BTreeMap<(i64, i64), [Option<Decision>; 2]> = BTreeMap::new();
    for (side, plan) in [before, after].into_iter().enumerate() {
        for c in &plan.choices {
            pairs.entry((c.village, c.work)).or_default()[side] = Some(Decision { level: c.level, year: c.year });
        }
    }
    let mut changes = Vec::with_capacity(pairs.len());
    for ((village, work), [before, after]) in pairs {
        let of = |position: i64| usize::try_from(position).ok();
        let village = of(village).and_then(|village| instance.villages.get(village));
        let (Some(village), Some(work)) = (village, of(work).and_then(|work| instance.works.get(work))) else { continue };
        let fate = match (before, after) {
            (None, _) => Fate::Added,
            (_, None) => Fate::Dropped,
            (Some(was), Some(is)) if is.year < was.year => Fate::Earlier,
            (Some(was), Some(is)) if is.year > was.year => Fate::Later,
            (Some(was), Some(is)) if is.level != was.level => Fate::OtherLevel,
            _ => Fate::Kept,
        };
        changes.push(Change { village: village.code.clone(), work: work.id.clone(), fate, before, after });
    }
    changes
}
