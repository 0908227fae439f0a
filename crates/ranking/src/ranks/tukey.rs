//! Tukey's constants: quantiles of the range of normal variables, over √2; with estimated variance, of the studentized range.

use crate::{
    refusal::{Refusal, proper},
    special::{normal_cdf, normal_density, normal_quantile, normal_upper},
};

/// P(range of `p` independent standard normals ≤ r), and its derivative: p ∫ φ(z) [Φ(z) − Φ(z−r)]^(p−1) dz by the trapezoid
/// rule, whose error for such analytic integrands is below 1e-14 at this step.
fn range(p: usize, r: f64) -> (f64, f64) {
    if r <= 0.0 {
        return (0.0, 0.0);
    }
    const STEP: f64 = 1.0 / 16.0;
    let n = p as f64;
    let (mut cdf, mut slope) = (0.0, 0.0);
    for node in -144..=144 {
        let z = f64::from(node) * STEP;
        let density = normal_density(z);
        // 1 − [Φ(z) − Φ(z−r)] without cancellation, so that high powers keep their digits.
        let outside = normal_upper(z) + normal_cdf(z - r);
        if outside >= 1.0 {
            continue;
        }
        let log_inside = libm::log1p(-outside);
        let power = libm::exp((n - 2.0) * log_inside);
        cdf += density * power * (1.0 - outside);
        slope += density * power * normal_density(z - r);
    }
    (n * STEP * cdf, n * (n - 1.0) * STEP * slope)
}

/// P(range of `p` independent standard normals ≤ r).
pub fn range_cdf(p: usize, r: f64) -> f64 {
    range(p, r).0
}

/// Newton's method for ln(1 − f) over ln r, nearly a straight line in both kinds of tails, within a bracket that shrinks; `f` gives a
/// distribution function and its slope.
fn solve(mut low: f64, mut high: f64, target: f64, f: impl Fn(f64) -> (f64, f64)) -> f64 {
    let mut at = (low * high).sqrt();
    for _ in 0..200 {
        let (value, slope) = f(at);
        if value < target {
            low = at;
        } else {
            high = at;
        }
        let rest = 1.0 - value;
        let mut next = at * libm::exp(libm::log(rest / (1.0 - target)) * rest / (slope * at));
        if !(next > low && next < high) {
            next = 0.5 * (low + high);
        }
        if (next - at).abs() <= 1e-13 * at.abs() || high - low <= 1e-14 * high {
            return next;
        }
        at = next;
    }
    at
}

/// A bracket for the quantile of the range of `p` normals: one difference alone, and Bonferroni for all.
fn bracket(p: usize, level: f64) -> (f64, f64) {
    let root = std::f64::consts::SQRT_2;
    let pairs = 0.5 * p as f64 * (p as f64 - 1.0);
    let one = root * normal_quantile(1.0 - 0.5 * (1.0 - level));
    let all = root * -normal_quantile(0.5 * (1.0 - level) / pairs);
    (one * 0.999, all * 1.001)
}

/// c = q/√2, q the `level`-quantile of the range of `p` ≥ 2 independent standard normals; to about 1e-12.
pub fn tukey_constant(p: usize, level: f64) -> Result<f64, Refusal> {
    if p < 2 {
        return Err(Refusal::OneUnit {});
    }
    proper("level", level)?;
    let (low, high) = bracket(p, level);
    Ok(solve(low, high, level, |r| range(p, r)) / std::f64::consts::SQRT_2)
}

/// The distribution of s = χ/√df as nodes and weights: the trapezoid rule in ln s.
fn spread_nodes(df: f64) -> Vec<(f64, f64)> {
    let spread = (0.5 / df).sqrt();
    let (from, to) = (-(9.0 * spread).max(37.0 / df + 0.5), (9.0 * spread).min(3.0));
    let count = ((to - from) / (0.6 * spread).min(0.12)).ceil();
    let step = (to - from) / count;
    let front = std::f64::consts::LN_2 + 0.5 * df * (0.5 * df).ln() - libm::lgamma(0.5 * df);
    (0..=count as usize)
        .map(|i| from + step * i as f64)
        .map(|t| (t, libm::exp(t)))
        .map(|(t, s)| (s, step * libm::exp(front + df * t - 0.5 * df * s * s)))
        .filter(|(_, weight)| *weight > 1e-18)
        .collect()
}

/// The `level`-quantile of a statistic over an estimated standard error, given the statistic's distribution function and slope.
fn over_estimated(low: f64, level: f64, df: f64, of: impl Fn(f64) -> (f64, f64)) -> Result<f64, Refusal> {
    if !(df >= 1.0) {
        return Err(Refusal::OutOfRange { what: "degrees of freedom", index: 0, value: df });
    }
    let nodes = spread_nodes(df);
    let cdf = |r: f64| {
        let mut sum = (0.0, 0.0);
        for (s, weight) in &nodes {
            let (value, slope) = of(r * s);
            sum = (sum.0 + weight * value, sum.1 + weight * s * slope);
        }
        sum
    };
    let mut high = 2.0 * low;
    while cdf(high).0 < level {
        high *= 2.0;
        if high > 1e9 {
            return Err(Refusal::NoConvergence { what: "the constant", iterations: 30 });
        }
    }
    Ok(solve(low, high, level, cdf))
}

/// The same where **one pooled** variance is estimated with `df` ≥ 1 degrees of freedom: q of the studentized range over √2. For variances
/// of their own in each unit it is too small when units are few (`examples/measure.rs`): use [`super::few_units`] there. Infinite `df`
/// gives [`tukey_constant`].
pub fn studentized_range_constant(p: usize, level: f64, df: f64) -> Result<f64, Refusal> {
    let normal = tukey_constant(p, level)?;
    if df == f64::INFINITY {
        return Ok(normal);
    }
    let root = std::f64::consts::SQRT_2;
    Ok(over_estimated(normal * root, level, df, |r| range(p, r))? / root)
}
