//! The summons rule: nobody is called to account as "last" by noise, nor by the choice of weights.
//!
//! A unit is singled out if (i) it alone could be last at the published weights, (ii) it lies below every other unit by more than
//! a two-sided test of that pair alone asks, so that of two equal ones neither is taken, and (iii) under **every** admissible
//! weight it lies below every other unit by more than [`super::sidak_constant`] standard errors. w·(N_k − N_i) − c·σ_ik(w) is
//! concave in w, so that the corners of the weight box decide (iii).
//! Otherwise the candidates are named without an order and looked at again, with fresh data and what is left of alpha. The second
//! look uses the fresh data alone: pooling after a choice that depended on the data is biased. By the union bound the whole
//! procedure takes a wrong unit with probability at most alpha.

use super::{Estimates, could_be_last, sidak_constant};
use crate::{
    index::WeightBox,
    refusal::{Refusal, finite, proper, same_length},
    special::normal_quantile,
};

/// How sure one must be, and in how many looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SummonsRule {
    /// Probability of taking a wrong unit, over all looks together.
    pub alpha: f64,
    /// Looks in all, 1 or more; each gets alpha/looks.
    pub looks: u32,
}

impl Default for SummonsRule {
    /// One wrong summons in a hundred years at most, over two looks.
    fn default() -> SummonsRule {
        SummonsRule { alpha: 0.01, looks: 2 }
    }
}

impl SummonsRule {
    fn per_look(self) -> Result<f64, Refusal> {
        proper("alpha", self.alpha)?;
        if self.looks == 0 {
            return Err(Refusal::TooFew { what: "looks", got: 0, needed: 1 });
        }
        Ok(self.alpha / f64::from(self.looks))
    }
}

/// Normalised scores with their sampling errors, and the admissible weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Scheme {
    /// For each unit its normalised score of each indicator; more is better.
    pub scores: Vec<Vec<f64>>,
    /// For each unit the covariance matrix of its scores, row by row (d·d); units are independent.
    pub covariances: Vec<Vec<f64>>,
    /// The published weights, adding up to one.
    pub weights: Vec<f64>,
    /// The admissible weights around them; lower = upper = published where there is no choice.
    pub bounds: WeightBox,
}

/// Which look it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// All units, first data.
    First,
    /// The candidates of the first look, fresh data; 2 for the second look, and so on.
    Again(u32),
}

/// What follows.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The data single out one unit under every admissible weight.
    SingledOut {
        /// Its place.
        unit: usize,
    },
    /// They do not; these are to be inspected again by a fresh public draw.
    LookAgain {
        /// Places, ascending: an order that says nothing.
        candidates: Vec<usize>,
        /// Alpha that is left for the looks to come.
        alpha_left: f64,
    },
    /// They do not, and no look is left: the data do not say who is last.
    NotSaid {
        /// Places, ascending: an order that says nothing.
        candidates: Vec<usize>,
    },
}

impl Scheme {
    /// A scheme of one score whose weights leave no choice.
    pub fn single(estimates: &Estimates) -> Scheme {
        Scheme {
            scores: estimates.x().iter().map(|x| vec![*x]).collect(),
            covariances: estimates.se().iter().map(|s| vec![s * s]).collect(),
            weights: vec![1.0],
            bounds: WeightBox::fixed(&[1.0]),
        }
    }

    fn check(&self) -> Result<usize, Refusal> {
        let d = self.weights.len();
        finite("weight", &self.weights)?;
        same_length("covariance matrices", self.covariances.len(), self.scores.len())?;
        for (scores, covariance) in self.scores.iter().zip(&self.covariances) {
            same_length("scores", scores.len(), d)?;
            same_length("covariances", covariance.len(), d * d)?;
            finite("score", scores)?;
            finite("covariance", covariance)?;
        }
        self.bounds.check(d)?;
        Ok(d)
    }

    fn score(&self, unit: usize, weights: &[f64]) -> f64 {
        self.scores[unit].iter().zip(weights).map(|(n, w)| n * w).sum()
    }

    fn variance(&self, unit: usize, weights: &[f64]) -> f64 {
        let d = weights.len();
        let rows = self.covariances[unit].chunks_exact(d).zip(weights);
        rows.map(|(row, w)| w * row.iter().zip(weights).map(|(c, v)| c * v).sum::<f64>()).sum()
    }

    /// Composite scores with standard errors under one weighting.
    pub fn estimates(&self, weights: &[f64]) -> Result<Estimates, Refusal> {
        same_length("weights", weights.len(), self.weights.len())?;
        self.check()?;
        let units = 0..self.scores.len();
        Estimates::new(
            units.clone().map(|i| self.score(i, weights)).collect(),
            units.map(|i| self.variance(i, weights).max(0.0).sqrt()).collect(),
        )
    }

    /// Whether `low` lies below `high` by more than c standard errors under every admissible weight.
    fn below_always(&self, low: usize, high: usize, c: f64, corners: &Corners) -> bool {
        let gap = |w: &[f64]| self.score(high, w) - self.score(low, w);
        let error = |w: &[f64]| (self.variance(low, w) + self.variance(high, w)).max(0.0).sqrt();
        if gap(&self.weights) <= c * error(&self.weights) {
            return false;
        }
        match corners {
            Corners::All(corners) => corners.iter().all(|w| gap(w) > c * error(w)),
            Corners::TooMany => {
                let difference: Vec<f64> = self.scores[high].iter().zip(&self.scores[low]).map(|(h, l)| h - l).collect();
                // Weights are at most their upper bounds: so is the variance with all covariances taken as positive.
                let d = self.weights.len();
                let most = |unit: usize| -> f64 {
                    let entries = self.covariances[unit].iter().enumerate();
                    entries.map(|(at, v)| v.abs() * self.bounds.high[at / d] * self.bounds.high[at % d]).sum()
                };
                self.bounds.least(&difference).is_some_and(|least| least > c * (most(low) + most(high)).sqrt())
            }
        }
    }
}

enum Corners {
    All(Vec<Vec<f64>>),
    TooMany,
}

/// Judges all units by the first data. At least two units; `rule` and `scheme` are fixed before the year.
pub fn summons(scheme: &Scheme, rule: SummonsRule) -> Result<Verdict, Refusal> {
    judge(scheme, rule, Look::First)
}

/// Judges the candidates of an earlier look by fresh data alone; places are those in the new scheme.
pub fn second_look(fresh: &Scheme, rule: SummonsRule, look: Look) -> Result<Verdict, Refusal> {
    judge(fresh, rule, look)
}

fn judge(scheme: &Scheme, rule: SummonsRule, look: Look) -> Result<Verdict, Refusal> {
    let alpha = rule.per_look()?;
    scheme.check()?;
    let estimates = scheme.estimates(&scheme.weights)?;
    let p = estimates.len();
    let at_published = could_be_last(&estimates, 1.0 - alpha)?;
    let c = sidak_constant(p, 1.0 - alpha)?.max(normal_quantile(1.0 - 0.5 * alpha));
    let d = scheme.weights.len();
    let fixed = scheme.bounds.is_fixed();
    let corners = if d <= 10 { Corners::All(scheme.bounds.corners()) } else { Corners::TooMany };
    // A unit is no candidate if it could not be last at the published weights, and somebody lies below it under all weights.
    let excluded =
        |k: usize| !at_published[k].possible && (fixed || (0..p).any(|m| m != k && scheme.below_always(m, k, c, &corners)));
    let candidates: Vec<usize> = (0..p).filter(|k| !excluded(*k)).collect();
    if let [unit] = candidates[..] {
        let two_sided = normal_quantile(1.0 - 0.5 * alpha);
        let others = || (0..p).filter(|k| *k != unit);
        let (x, se) = (estimates.x(), estimates.se());
        let apart = others().all(|k| x[k] - x[unit] > two_sided * (se[k] * se[k] + se[unit] * se[unit]).sqrt());
        if apart && (fixed || others().all(|k| scheme.below_always(unit, k, c, &corners))) {
            return Ok(Verdict::SingledOut { unit });
        }
        // The one candidate and whoever is too near to it.
        let near = others().filter(|k| {
            let close = x[*k] - x[unit] <= two_sided * (se[*k] * se[*k] + se[unit] * se[unit]).sqrt();
            close || !(fixed || scheme.below_always(unit, *k, c, &corners))
        });
        let mut candidates: Vec<usize> = near.chain([unit]).collect();
        candidates.sort_unstable();
        return Ok(open(candidates, rule, look, alpha));
    }
    Ok(open(candidates, rule, look, alpha))
}

fn open(candidates: Vec<usize>, rule: SummonsRule, look: Look, alpha: f64) -> Verdict {
    let done = match look {
        Look::First => 1,
        Look::Again(number) => number.max(2),
    };
    if done >= rule.looks {
        return Verdict::NotSaid { candidates };
    }
    Verdict::LookAgain { candidates, alpha_left: alpha * f64::from(rule.looks - done) }
}
