//! Rank sets where standard errors rest on few primary units.

use super::{Bounds, Estimates, maximum_modulus_constant};
use crate::refusal::{Refusal, same_length};

/// Units at most: all pairs are looked at.
const MOST: usize = 5_000;
/// Critical values worked out between the least and the largest degrees of freedom.
const GRID: usize = 48;

/// As [`super::official`], for standard errors with `df` degrees of freedom each (primary units less strata): each pair has its own
/// critical value, of the studentized maximum modulus for p(p − 1)/2 comparisons at the pair's degrees of freedom (Welch 1938;
/// Dunnett's T3, J. Amer. Statist. Assoc. 75 (1980) 796–800). No theorem, but conservative in Dunnett's and our own simulations
/// (`examples/measure.rs`). Pairs take the value of the next smaller degrees of freedom on a grid.
pub fn few_units(estimates: &Estimates, df: &[f64], level: f64) -> Result<Vec<Bounds>, Refusal> {
    let p = estimates.len();
    same_length("degrees of freedom", df.len(), p)?;
    if p > MOST {
        return Err(Refusal::TooMany { got: p, most: MOST });
    }
    if let Some(index) = df.iter().position(|d| !(*d >= 1.0)) {
        return Err(Refusal::OutOfRange { what: "degrees of freedom", index, value: df[index] });
    }
    // A pair has at least the smaller and at most the sum of its degrees of freedom; the grid is even in their reciprocals.
    let least = df.iter().copied().fold(f64::INFINITY, f64::min);
    let most = 2.0 * df.iter().copied().fold(0.0, f64::max);
    let at = |i: usize| 1.0 / (1.0 / least + (1.0 / most - 1.0 / least) * i as f64 / (GRID - 1) as f64);
    let comparisons = p * (p - 1) / 2;
    let smallest = maximum_modulus_constant(comparisons, level, at(GRID - 1))?;
    let width = 1.0 / least - 1.0 / most;
    let mut constants = [None; GRID];
    let mut critical = |own: f64| {
        let place = (1.0 / least - 1.0 / own) / width * (GRID - 1) as f64;
        let place = (place.max(0.0) as usize).min(GRID - 1);
        match constants[place] {
            Some(c) => Ok(c),
            None => maximum_modulus_constant(comparisons, level, at(place)).inspect(|c| constants[place] = Some(*c)),
        }
    };
    let variances: Vec<f64> = estimates.se().iter().map(|s| s * s).collect();
    let mut out = vec![Bounds { best: 1, worst: p }; p];
    for j in 0..p {
        for k in 0..j {
            let (a, b) = (variances[j], variances[k]);
            let distance = (estimates.x()[j] - estimates.x()[k]).abs();
            // Most pairs are settled without their degrees of freedom.
            if distance <= smallest * (a + b).sqrt() {
                continue;
            }
            let own = (a + b) * (a + b) / (a * a / df[j] + b * b / df[k]);
            if distance > critical(own)? * (a + b).sqrt() {
                let (high, low) = if estimates.x()[j] > estimates.x()[k] { (j, k) } else { (k, j) };
                out[low].best += 1;
                out[high].worst -= 1;
            }
        }
    }
    Ok(out)
}
