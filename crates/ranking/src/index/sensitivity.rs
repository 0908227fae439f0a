//! How the order moves when weights, normalisation and aggregation move.

use super::{WeightBox, arithmetic, geometric};
use crate::{
    ranks::{Normals, point_ranks},
    refusal::{Refusal, finite, same_length},
    special::quantile,
};

/// What was seen of one unit over all trials.
#[derive(Debug, Clone, PartialEq)]
pub struct Sensitivity {
    /// The best rank.
    pub best: usize,
    /// The worst rank.
    pub worst: usize,
    /// Median rank, between the 5 % and 95 % quantiles.
    pub median: f64,
    /// 5 % quantile of the rank.
    pub low: f64,
    /// 95 % quantile of the rank.
    pub high: f64,
    /// Share of the trials in which nobody ranked below.
    pub last: f64,
}

/// Ranks of all units over `trials` weightings drawn from the box, one half arithmetic, one half geometric where `also_geometric`
/// (scores must then be above 0). Inner bounds: [`WeightBox::dominance`] gives the outer ones. `scores` unit by unit, normalised.
/// The same seed gives the same answer everywhere. (Monte-Carlo analysis after Saisana, Saltelli and Tarantola 2005; plain
/// random instead of quasi-random numbers, no Sobol' indices.)
pub fn sensitivity(
    scores: &[Vec<f64>],
    bounds: &WeightBox,
    also_geometric: bool,
    trials: usize,
    seed: u64,
) -> Result<Vec<Sensitivity>, Refusal> {
    let p = scores.len();
    let d = scores.first().map_or(0, Vec::len);
    bounds.check(d)?;
    for (unit, s) in scores.iter().enumerate() {
        same_length("scores", s.len(), d)?;
        finite("score", s)?;
        if let Some(value) = s.iter().find(|v| also_geometric && **v <= 0.0) {
            return Err(Refusal::OutOfRange { what: "score", index: unit, value: *value });
        }
    }
    if trials == 0 {
        return Err(Refusal::TooFew { what: "trials", got: 0, needed: 1 });
    }
    let normals = Normals::default();
    let mut ranks = vec![Vec::with_capacity(trials); p];
    for trial in 0..trials {
        let mut stream = normals.stream(seed, trial as u64);
        let w = inside(bounds, || stream.uniform());
        let mean = if also_geometric && trial % 2 == 1 { geometric } else { arithmetic };
        let values: Vec<f64> = scores.iter().map(|s| mean(s, &w)).collect();
        for (all, rank) in ranks.iter_mut().zip(point_ranks(&values)) {
            all.push(rank as f64);
        }
    }
    let of = |mut all: Vec<f64>| Sensitivity {
        best: quantile(&mut all, 0.0) as usize,
        worst: quantile(&mut all, 1.0) as usize,
        median: quantile(&mut all, 0.5),
        low: quantile(&mut all, 0.05),
        high: quantile(&mut all, 0.95),
        last: all.iter().filter(|r| **r as usize == p).count() as f64 / trials as f64,
    };
    Ok(ranks.into_iter().map(of).collect())
}

/// A weighting of the box: each uniform within its bounds, then the lack or excess spread over the room that is left.
fn inside(bounds: &WeightBox, mut uniform: impl FnMut() -> f64) -> Vec<f64> {
    let pairs = || bounds.low.iter().zip(&bounds.high);
    let mut w: Vec<f64> = pairs().map(|(l, h)| l + (h - l) * uniform()).collect();
    let sum: f64 = w.iter().sum();
    let room: f64 = if sum < 1.0 { bounds.high.iter().sum::<f64>() - sum } else { sum - bounds.low.iter().sum::<f64>() };
    if room > 0.0 {
        let share = ((1.0 - sum).abs() / room).min(1.0);
        for (w, (l, h)) in w.iter_mut().zip(pairs()) {
            *w += share * if sum < 1.0 { h - *w } else { l - *w };
        }
    }
    w
}
