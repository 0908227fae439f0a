//! Who could be last: comparison with the last alone, not of all with all.
//!
//! Unit j stays if max_k (x_j − x_k)/σ_jk ≤ c_j, c_j the quantile of max_k (Z_j − Z_k)/σ_jk; only the hypothesis about the true
//! last has to survive, so that p − 1 comparisons count instead of p(p − 1). For independent estimates
//! P_j(c) = ∫ φ(u) Π_k Φ((c σ_jk − se_j u)/se_k) du, one integral without simulation. Guarantee: the true last is in the set with
//! probability ≥ level, each of several tied last ones for itself.

use super::Estimates;
use crate::{
    refusal::{Refusal, proper},
    special::{normal_cdf, normal_density, normal_quantile},
};

/// What was found of one unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// max_k (x_j − x_k)/σ_jk: how far the unit lies above another, at most.
    pub statistic: f64,
    /// Whether it could be last (or first).
    pub possible: bool,
    /// The critical value where one was worked out; [`critical_value`] gives it for any unit.
    pub critical: Option<f64>,
}

/// c with Φ(c)^(p−1) = level: whatever the standard errors, no c_j of [`could_be_last`] exceeds it (Slepian's inequality, Bell
/// System Tech. J. 41 (1962) 463–501: the studentized differences with one unit are positively correlated).
pub fn sidak_constant(p: usize, level: f64) -> Result<f64, Refusal> {
    if p < 2 {
        return Err(Refusal::OneUnit {});
    }
    proper("level", level)?;
    // The upper tail 1 − level^(1/(p−1)) without cancellation.
    Ok(-normal_quantile(-(level.ln() / (p - 1) as f64).exp_m1()))
}

/// Standard errors with how often each occurs; equal ones cost one factor.
pub(super) struct Errors(Vec<(f64, i32)>);

impl Errors {
    pub(super) fn of(se: &[f64]) -> Errors {
        let mut sorted = se.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let mut out: Vec<(f64, i32)> = Vec::new();
        for s in sorted {
            match out.last_mut() {
                Some((last, count)) if *last == s => *count += 1,
                _ => out.push((s, 1)),
            }
        }
        Errors(out)
    }

    fn least(&self) -> f64 {
        self.0.first().map_or(1.0, |e| e.0)
    }
}

/// A step of the trapezoid rule that resolves factors as steep as `own`/`least`, and products of many of them.
pub(super) fn step_of(own: f64, least: f64) -> f64 {
    (0.15 * (least / own).min(1.0)).max(17.0 / 40_000.0)
}

/// P_j(c); `own` is counted once among `errors` and left out.
fn probability(own: f64, errors: &Errors, c: f64) -> f64 {
    let step = step_of(own, errors.least());
    let half = (8.5 / step).ceil() as i32;
    let mut sum = 0.0;
    let terms: Vec<(f64, f64, i32)> = errors
        .0
        .iter()
        .map(|(se, count)| (c * (own * own + se * se).sqrt() / se, own / se, count - i32::from(*se == own)))
        .filter(|t| t.2 > 0)
        .collect();
    for node in -half..=half {
        let u = f64::from(node) * step;
        let mut product = normal_density(u);
        for (shift, slope, count) in &terms {
            let at = shift - slope * u;
            if at > 8.3 {
                continue;
            }
            let factor = normal_cdf(at);
            product *= if *count == 1 { factor } else { factor.powi(*count) };
            if product < 1e-22 {
                break;
            }
        }
        sum += product;
    }
    sum * step
}

/// A root of a rising function between `low` and `high` (Illinois method, then halving where it is slow).
pub(super) fn rising_root(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (mut at_low, mut at_high) = (f(low), f(high));
    if at_low >= 0.0 {
        return low;
    }
    if at_high <= 0.0 {
        return high;
    }
    let mut side = 0_i8;
    for round in 0..200 {
        let middle = match round % 8 {
            7 => 0.5 * (low + high),
            _ => (low * at_high - high * at_low) / (at_high - at_low),
        };
        let value = f(middle);
        if value == 0.0 || high - low <= 1e-12 {
            return middle;
        }
        if value < 0.0 {
            (low, at_low) = (middle, value);
            // The end that stays a second time counts half, else it would never move.
            at_high *= if side == -1 { 0.5 } else { 1.0 };
            side = -1;
        } else {
            (high, at_high) = (middle, value);
            at_low *= if side == 1 { 0.5 } else { 1.0 };
            side = 1;
        }
    }
    0.5 * (low + high)
}

/// c_j of unit `unit` at `level`, to about 1e-11.
pub fn critical_value(estimates: &Estimates, unit: usize, level: f64) -> Result<f64, Refusal> {
    proper("level", level)?;
    let Some(own) = estimates.se.get(unit).copied() else {
        return Err(Refusal::OutOfRange { what: "unit", index: unit, value: unit as f64 });
    };
    let errors = Errors::of(&estimates.se);
    let high = sidak_constant(estimates.len(), level)?;
    Ok(rising_root(normal_quantile(level) - 1e-9, high + 1e-9, |c| probability(own, &errors, c) - level))
}

/// For each unit, in the order of input, whether it could be last (smallest true value) at `level`.
///
/// Cost: one integral of p factors for each unit that neither the bound of one comparison nor that of all decides.
pub fn could_be_last(estimates: &Estimates, level: f64) -> Result<Vec<Candidate>, Refusal> {
    proper("level", level)?;
    let p = estimates.len();
    let (one, all) = (normal_quantile(level), sidak_constant(p, level)?);
    let errors = Errors::of(&estimates.se);
    let statistics = largest_over_others(estimates);
    let candidate = |j: usize| {
        let statistic = statistics[j];
        let possible = match statistic {
            s if s <= one => true,
            s if s > all => false,
            s => probability(estimates.se[j], &errors, s) <= level,
        };
        Candidate { statistic, possible, critical: None }
    };
    Ok((0..p).map(candidate).collect())
}

/// The same for the largest true value.
pub fn could_be_first(estimates: &Estimates, level: f64) -> Result<Vec<Candidate>, Refusal> {
    could_be_last(&estimates.reversed(), level)
}

/// max_k (x_j − x_k)/σ_jk over the others. Those above j by themselves cannot give more than those below once one is below.
fn largest_over_others(estimates: &Estimates) -> Vec<f64> {
    let (x, se) = (&estimates.x, &estimates.se);
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|a, b| x[*a].total_cmp(&x[*b]));
    let least = se.iter().copied().fold(f64::INFINITY, f64::min);
    let of = |j: usize| {
        let mut best = f64::NEG_INFINITY;
        for k in order.iter().copied().filter(|k| *k != j) {
            let distance = x[j] - x[k];
            // Sorted by x: distances only shrink from here on.
            if distance > 0.0 && distance <= best * (se[j] * se[j] + least * least).sqrt() {
                break;
            }
            if distance <= 0.0 && best > 0.0 {
                break;
            }
            best = best.max(distance / (se[j] * se[j] + se[k] * se[k]).sqrt());
        }
        best
    };
    (0..x.len()).map(of).collect()
}
