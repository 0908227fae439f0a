//! From indicators to one number for each unit, with bounds where something is missing.

use super::Goalposts;
use crate::refusal::{Refusal, finite, same_length};

/// Weighted arithmetic mean, Σ w v / Σ w.
pub fn arithmetic(values: &[f64], weights: &[f64]) -> f64 {
    let total: f64 = weights.iter().sum();
    values.iter().zip(weights).map(|(v, w)| v * w).sum::<f64>() / total
}

/// Weighted geometric mean of positive values; 0 if one of weight above 0 is 0 or less.
pub fn geometric(values: &[f64], weights: &[f64]) -> f64 {
    let total: f64 = weights.iter().sum();
    if values.iter().zip(weights).any(|(v, w)| *w > 0.0 && *v <= 0.0) {
        return 0.0;
    }
    let logs = values.iter().zip(weights).filter(|(_, w)| **w > 0.0).map(|(v, w)| w * v.ln()).sum::<f64>();
    (logs / total).exp()
}

/// Weighted harmonic mean of positive values; 0 if one of weight above 0 is 0 or less.
pub fn harmonic(values: &[f64], weights: &[f64]) -> f64 {
    let total: f64 = weights.iter().sum();
    if values.iter().zip(weights).any(|(v, w)| *w > 0.0 && *v <= 0.0) {
        return 0.0;
    }
    total / values.iter().zip(weights).filter(|(_, w)| **w > 0.0).map(|(v, w)| w / v).sum::<f64>()
}

/// How the members of a group are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregation {
    /// A weak one can be made up for.
    Arithmetic,
    /// A failed one drags down the whole: for essentials. On a scale from 1, since 0 leaves nothing.
    Geometric,
}

impl Aggregation {
    fn mean(self, values: &[f64], weights: &[f64]) -> f64 {
        match self {
            Aggregation::Arithmetic => arithmetic(values, weights),
            Aggregation::Geometric => geometric(values, weights),
        }
    }
}

/// A value, or why there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Missing {
    /// Measured.
    Value(f64),
    /// Cannot apply to a unit of this class, as decided in the plan: it leaves with its weight.
    NotApplicable,
    /// Should be there and is not: counted once as worst and once as best, and the range is shown.
    NotReported,
}

/// Indicators that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Which indicators, by place.
    pub indicators: Vec<usize>,
    /// Their weights within the group, above 0.
    pub weights: Vec<f64>,
    /// How they are joined.
    pub aggregation: Aggregation,
    /// The group's weight among the groups, above 0.
    pub weight: f64,
}

/// A unit's index, on the scale from 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Composite {
    /// If what was not reported were the worst.
    pub low: f64,
    /// If it were the best. Equal to `low` where all was reported.
    pub high: f64,
    /// Share of the weight that rests on reported values.
    pub reported: f64,
}

/// The index of each unit: goalposts to the scale 1–100, groups, then the arithmetic mean of the groups. `values` unit by unit.
/// A unit to which no indicator applies is refused, as are equal goalposts, weights not above 0, and values that are no numbers.
pub fn composite(values: &[Vec<Missing>], goalposts: &[Goalposts], groups: &[Group]) -> Result<Vec<Composite>, Refusal> {
    for (indicator, posts) in goalposts.iter().enumerate() {
        finite("goalpost", &[posts.worst, posts.best])?;
        if posts.worst == posts.best {
            return Err(Refusal::GoalpostsEqual { indicator });
        }
    }
    for (index, group) in groups.iter().enumerate() {
        same_length("weights", group.weights.len(), group.indicators.len())?;
        if let Some(at) = group.indicators.iter().find(|at| **at >= goalposts.len()) {
            return Err(Refusal::OutOfRange { what: "indicator", index, value: *at as f64 });
        }
        if let Some(value) = group.weights.iter().chain([&group.weight]).find(|w| !(w.is_finite() && **w > 0.0)) {
            return Err(Refusal::OutOfRange { what: "weight", index, value: *value });
        }
    }
    values.iter().enumerate().map(|(unit, values)| one(unit, values, goalposts, groups)).collect()
}

fn one(unit: usize, values: &[Missing], goalposts: &[Goalposts], groups: &[Group]) -> Result<Composite, Refusal> {
    same_length("indicator values", values.len(), goalposts.len())?;
    let (mut low, mut high, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    let (mut reported, mut all) = (0.0, 0.0);
    for group in groups {
        let (mut worst, mut best, mut inner) = (Vec::new(), Vec::new(), Vec::new());
        let within: f64 = group.weights.iter().sum();
        for (at, weight) in group.indicators.iter().zip(&group.weights) {
            let share = group.weight * weight / within;
            match values[*at] {
                Missing::NotApplicable => continue,
                Missing::NotReported => {
                    worst.push(1.0);
                    best.push(100.0);
                }
                Missing::Value(v) if v.is_finite() => {
                    let score = goalposts[*at].score(v, 1.0, 100.0);
                    worst.push(score);
                    best.push(score);
                    reported += share;
                }
                Missing::Value(_) => return Err(Refusal::MissingValue { unit, indicator: *at }),
            }
            inner.push(*weight);
            all += share;
        }
        if !inner.is_empty() {
            low.push(group.aggregation.mean(&worst, &inner));
            high.push(group.aggregation.mean(&best, &inner));
            weights.push(group.weight);
        }
    }
    if weights.is_empty() {
        return Err(Refusal::TooFew { what: "applicable indicators", got: 0, needed: 1 });
    }
    Ok(Composite { low: arithmetic(&low, &weights), high: arithmetic(&high, &weights), reported: reported / all })
}
