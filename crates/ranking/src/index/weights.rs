//! A box of admissible weights, and what holds under all of them.

use crate::{
    ranks::Bounds,
    refusal::{Refusal, finite, same_length},
};

/// All weights w with low ≤ w ≤ high and Σ w = 1.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightBox {
    /// The least weight of each indicator.
    pub low: Vec<f64>,
    /// The largest weight of each indicator.
    pub high: Vec<f64>,
}

/// Who dominates whom under every admissible weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Dominance {
    /// `above[i][k]`: unit i scores above unit k whatever the weights.
    pub above: Vec<Vec<bool>>,
    /// Outer bounds of each unit's rank over all weights, from the counts of dominance.
    pub bounds: Vec<Bounds>,
}

/// Room for rounding in "adds up to one".
const ROUNDING: f64 = 1e-12;

impl WeightBox {
    /// The box that leaves no choice.
    pub fn fixed(weights: &[f64]) -> WeightBox {
        WeightBox { low: weights.to_vec(), high: weights.to_vec() }
    }

    /// Published weights, each up or down by a share of itself (0.25 for a quarter), within 0 and 1.
    pub fn around(weights: &[f64], share: f64) -> WeightBox {
        WeightBox {
            low: weights.iter().map(|w| (w * (1.0 - share)).max(0.0)).collect(),
            high: weights.iter().map(|w| (w * (1.0 + share)).min(1.0)).collect(),
        }
    }

    /// Lengths, 0 ≤ low ≤ high, and some point that adds up to one.
    pub fn check(&self, d: usize) -> Result<(), Refusal> {
        if d == 0 {
            return Err(Refusal::NothingGiven {});
        }
        same_length("lower weights", self.low.len(), d)?;
        same_length("upper weights", self.high.len(), d)?;
        finite("lower weight", &self.low)?;
        finite("upper weight", &self.high)?;
        let ordered = self.low.iter().zip(&self.high).all(|(l, h)| *l >= 0.0 && l <= h);
        let (low, high): (f64, f64) = (self.low.iter().sum(), self.high.iter().sum());
        match ordered && low <= 1.0 + 1e-9 && high >= 1.0 - 1e-9 {
            true => Ok(()),
            false => Err(Refusal::NoAdmissibleWeights {}),
        }
    }

    /// Whether there is only one admissible weighting.
    pub fn is_fixed(&self) -> bool {
        self.low == self.high
    }

    /// min w·v over the box: the greedy fractional knapsack; `None` if the box admits nothing.
    pub fn least(&self, v: &[f64]) -> Option<f64> {
        self.check(v.len()).ok()?;
        let mut order: Vec<usize> = (0..v.len()).collect();
        order.sort_unstable_by(|a, b| v[*a].total_cmp(&v[*b]));
        Some(self.least_in(v, &order))
    }

    fn least_in(&self, v: &[f64], order: &[usize]) -> f64 {
        let mut rest = 1.0 - self.low.iter().sum::<f64>();
        let mut sum: f64 = self.low.iter().zip(v).map(|(l, v)| l * v).sum();
        for at in order {
            let more = (self.high[*at] - self.low[*at]).min(rest.max(0.0));
            sum += more * v[*at];
            rest -= more;
        }
        sum
    }

    /// The corners of the box cut by Σ w = 1: all but one weight at a bound. At most d·2^(d−1); for up to some ten weights.
    pub fn corners(&self) -> Vec<Vec<f64>> {
        let d = self.low.len();
        let mut out: Vec<Vec<f64>> = Vec::new();
        for free in 0..d {
            for choice in 0..1_u32 << (d - 1) {
                let mut w = vec![0.0; d];
                for (bit, at) in (0..d).filter(|at| *at != free).enumerate() {
                    w[at] = if choice >> bit & 1 == 1 { self.high[at] } else { self.low[at] };
                }
                let rest = 1.0 - w.iter().sum::<f64>();
                if rest >= self.low[free] - ROUNDING && rest <= self.high[free] + ROUNDING {
                    w[free] = rest;
                    out.push(w);
                }
            }
        }
        out.sort_by(|a, b| a.iter().zip(b).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal));
        out.dedup_by(|a, b| a.iter().zip(b.iter()).all(|(x, y)| (x - y).abs() <= ROUNDING));
        out
    }

    /// Unit i dominates unit k if min over the box of w·(N_i − N_k) > 0; ranks follow within outer bounds. `scores` unit by unit,
    /// normalised, more is better. O(p²·d log d).
    pub fn dominance(&self, scores: &[Vec<f64>]) -> Result<Dominance, Refusal> {
        let p = scores.len();
        let d = scores.first().map_or(0, Vec::len);
        self.check(d)?;
        for s in scores {
            same_length("scores", s.len(), d)?;
            finite("score", s)?;
        }
        let mut above = vec![vec![false; p]; p];
        let mut bounds = vec![Bounds { best: 1, worst: p }; p];
        let (mut difference, mut order) = (vec![0.0; d], Vec::with_capacity(d));
        for i in 0..p {
            for k in (0..p).filter(|k| *k != i) {
                for ((out, a), b) in difference.iter_mut().zip(&scores[i]).zip(&scores[k]) {
                    *out = a - b;
                }
                order.clear();
                order.extend(0..d);
                order.sort_unstable_by(|a: &usize, b: &usize| difference[*a].total_cmp(&difference[*b]));
                if self.least_in(&difference, &order) > 0.0 {
                    above[i][k] = true;
                    bounds[k].best += 1;
                    bounds[i].worst -= 1;
                }
            }
        }
        Ok(Dominance { above, bounds })
    }
}

/// How much of the index's variance one indicator carries: the correlation ratio (first-order sensitivity), from means within
/// `classes` classes of equal size in the indicator's order. Weights are not importances; this is nearer to it (Paruolo, Saisana
/// and Saltelli, J. R. Statist. Soc. A 176 (2013) 609–634). Between 0 and 1.
pub fn correlation_ratio(indicator: &[f64], index: &[f64], classes: usize) -> Result<f64, Refusal> {
    same_length("index values", index.len(), indicator.len())?;
    finite("indicator value", indicator)?;
    finite("index value", index)?;
    let n = index.len();
    if classes < 2 || n < 2 * classes {
        return Err(Refusal::TooFew { what: "units", got: n, needed: 2 * classes.max(2) });
    }
    let mean = index.iter().sum::<f64>() / n as f64;
    let total: f64 = index.iter().map(|v| (v - mean) * (v - mean)).sum();
    if total <= 0.0 {
        return Err(Refusal::AllAlike { what: "index values" });
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| indicator[*a].total_cmp(&indicator[*b]));
    let between: f64 = (0..classes)
        .map(|c| &order[c * n / classes..(c + 1) * n / classes])
        .map(|members| {
            let m = members.iter().map(|i| index[*i]).sum::<f64>() / members.len() as f64;
            members.len() as f64 * (m - mean) * (m - mean)
        })
        .sum();
    Ok((between / total).min(1.0))
}
