//! Intervals of proportions; never the plain normal one, which leaves [0, 1] and is too short near its ends.

use super::Estimate;
use crate::{
    refusal::{Refusal, proper},
    special::{beta_quantile, t_quantile},
};

fn check(estimate: &Estimate, level: f64) -> Result<(), Refusal> {
    proper("level", level)?;
    match (0.0..=1.0).contains(&estimate.value) && estimate.variance.is_finite() {
        true => Ok(()),
        false => Err(Refusal::OutOfRange { what: "proportion", index: 0, value: estimate.value }),
    }
}

/// t interval on the logit scale. All or none satisfied is refused: there the logit does not exist; use [`proportion_exact`].
pub fn proportion_logit(estimate: &Estimate, level: f64) -> Result<(f64, f64), Refusal> {
    check(estimate, level)?;
    let p = estimate.value;
    if p <= 0.0 || p >= 1.0 {
        return Err(Refusal::AllAlike { what: "answers" });
    }
    let centre = (p / (1.0 - p)).ln();
    let half = t_quantile(0.5 + 0.5 * level, estimate.df) * estimate.se() / (p * (1.0 - p));
    let back = |v: f64| 1.0 / (1.0 + (-v).exp());
    Ok((back(centre - half), back(centre + half)))
}

/// Korn and Graubard's interval (Survey Methodology 24 (1998) 193–201): Clopper–Pearson with the effective sample size
/// p(1−p)/v, corrected for the degrees of freedom. With all or none satisfied, where v is 0, the number of primary units
/// (`primary_units`) stands for it: as if each village spoke with one voice. `rows`: observations.
pub fn proportion_exact(estimate: &Estimate, rows: usize, primary_units: usize, level: f64) -> Result<(f64, f64), Refusal> {
    check(estimate, level)?;
    if rows < 2 || primary_units == 0 {
        return Err(Refusal::TooFew { what: "observations", got: rows, needed: 2 });
    }
    let (p, tail) = (estimate.value, 0.5 * (1.0 - level));
    let n = if p <= 0.0 || p >= 1.0 || estimate.variance <= 0.0 {
        primary_units as f64
    } else {
        let ratio = t_quantile(tail, (rows - 1) as f64) / t_quantile(tail, estimate.df);
        p * (1.0 - p) / estimate.variance * ratio * ratio
    };
    let low = if p <= 0.0 { 0.0 } else { beta_quantile(tail, n * p, n * (1.0 - p) + 1.0) };
    let high = if p >= 1.0 { 1.0 } else { beta_quantile(1.0 - tail, n * p + 1.0, n * (1.0 - p)) };
    Ok((low, high))
}
