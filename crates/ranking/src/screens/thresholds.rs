//! Figures that gather at round numbers or just above a target.

use crate::{
    refusal::{Refusal, finite, proper},
    special::{binomial_upper, clopper_pearson},
};

/// Round figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heaping {
    /// How many are multiples.
    pub round: u64,
    /// Of how many.
    pub of: u64,
    /// P(as many or more) if every remainder were equally likely.
    pub p: f64,
}

/// Multiples of `step` (5, 10, 100) among counts that are large against it. Fewer than 20 figures, or a step below 2, are refused.
pub fn heaping(figures: &[u64], step: u64) -> Result<Heaping, Refusal> {
    if step < 2 {
        return Err(Refusal::OutOfRange { what: "step", index: 0, value: step as f64 });
    }
    if figures.len() < 20 {
        return Err(Refusal::TooFew { what: "figures", got: figures.len(), needed: 20 });
    }
    let round = figures.iter().filter(|f| **f % step == 0).count() as u64;
    let of = figures.len() as u64;
    Ok(Heaping { round, of, p: binomial_upper(round, of, 1.0 / step as f64) })
}

/// Figures on either side of a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bunching {
    /// In [cut, cut + h).
    pub above: u64,
    /// In [cut − h, cut).
    pub below: u64,
    /// P(as many or more above) if both sides were equally likely. Honest effort towards a target bunches as well.
    pub p: f64,
}

/// Compares the windows of width `h` on both sides of `cut`. Comparisons allow for a rounding of 1e-9, so that decimal figures fall where
/// they are written. Nothing in either window is refused.
pub fn bunching(figures: &[f64], cut: f64, h: f64) -> Result<Bunching, Refusal> {
    finite("figure", figures)?;
    finite("cut", &[cut, h])?;
    if h <= 0.0 {
        return Err(Refusal::OutOfRange { what: "window", index: 0, value: h });
    }
    let room = 1e-9 * h.max(cut.abs());
    let above = figures.iter().filter(|f| **f >= cut - room && **f < cut + h - room).count() as u64;
    let below = figures.iter().filter(|f| **f >= cut - h - room && **f < cut - room).count() as u64;
    if above + below == 0 {
        return Err(Refusal::TooFew { what: "figures near the cut", got: 0, needed: 1 });
    }
    Ok(Bunching { above, below, p: binomial_upper(above, above + below, 0.5) })
}

/// All asked are satisfied: in how many of `villages` of (satisfied, asked), and the lowest share of satisfied that such an answer leaves
/// possible at `level` in the village where most were asked. Many such villages are a signal by themselves.
pub fn perfect_share(villages: &[(u64, u64)], level: f64) -> Result<(usize, Option<f64>), Refusal> {
    proper("level", level)?;
    if let Some(index) = villages.iter().position(|(yes, asked)| yes > asked || *asked == 0) {
        return Err(Refusal::OutOfRange { what: "satisfied of village", index, value: villages[index].0 as f64 });
    }
    let perfect = villages.iter().filter(|(yes, asked)| yes == asked);
    let largest = perfect.clone().map(|(_, asked)| *asked).max();
    Ok((perfect.count(), largest.map(|n| clopper_pearson(n, n, level).0)))
}
