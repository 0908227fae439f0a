//! Indicators on one scale, and what their distributions look like.

use crate::refusal::{Refusal, finite, same_length};

/// What counts as worst and as best, fixed before the year. `best` below `worst` where less is better.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Goalposts {
    /// The value that scores the lower end.
    pub worst: f64,
    /// The value that scores the upper end.
    pub best: f64,
}

impl Goalposts {
    /// The value on the scale from `low` to `high`; what lies outside of the posts is cut to them.
    pub fn score(&self, value: f64, low: f64, high: f64) -> f64 {
        low + (high - low) * ((value - self.worst) / (self.best - self.worst)).clamp(0.0, 1.0)
    }

    /// What one unit of the raw value is worth on that scale: the factor for its standard error (between the posts).
    pub fn slope(&self, low: f64, high: f64) -> f64 {
        (high - low) / (self.best - self.worst)
    }
}

fn check(values: &[f64]) -> Result<(), Refusal> {
    match values.len() {
        0 => Err(Refusal::NothingGiven {}),
        _ => finite("value", values),
    }
}

/// Min–max over the units at hand, `low` to `high`; `direction` −1 where less is better. For exploration; see the module on why
/// goalposts are used for what counts.
pub fn min_max(values: &[f64], direction: i8, low: f64, high: f64) -> Result<Vec<f64>, Refusal> {
    check(values)?;
    let (min, max) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |m, v| (m.0.min(*v), m.1.max(*v)));
    if min >= max {
        return Err(Refusal::AllAlike { what: "values" });
    }
    let share = |v: &f64| if direction < 0 { (max - v) / (max - min) } else { (v - min) / (max - min) };
    Ok(values.iter().map(|v| low + (high - low) * share(v)).collect())
}

fn moments(values: &[f64]) -> (f64, f64, f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let power = |k: i32| values.iter().map(|v| (v - mean).powi(k)).sum::<f64>();
    (mean, power(2), power(3), power(4))
}

/// Distance from the mean in standard deviations (n − 1), turned round where less is better.
pub fn z_scores(values: &[f64], direction: i8) -> Result<Vec<f64>, Refusal> {
    check(values)?;
    let (mean, squares, ..) = moments(values);
    if values.len() < 2 || squares <= 0.0 {
        return Err(Refusal::AllAlike { what: "values" });
    }
    let deviation = (squares / (values.len() - 1) as f64).sqrt();
    Ok(values.iter().map(|v| f64::from(direction.signum()) * (v - mean) / deviation).collect())
}

/// Ranks from 1 for the least (times `direction`), ties sharing their mean rank.
pub fn ranks_of_ties(values: &[f64], direction: i8) -> Result<Vec<f64>, Refusal> {
    check(values)?;
    let key: Vec<f64> = values.iter().map(|v| f64::from(direction.signum()) * v).collect();
    let mut sorted = key.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = |v: &f64| {
        let (below, upto) = (sorted.partition_point(|s| s < v), sorted.partition_point(|s| s <= v));
        (below + 1 + upto) as f64 / 2.0
    };
    Ok(key.iter().map(rank).collect())
}

/// Sample skewness G1 (adjusted Fisher–Pearson; at least three values).
pub fn skewness(values: &[f64]) -> Result<f64, Refusal> {
    check(values)?;
    let n = values.len() as f64;
    if values.len() < 3 {
        return Err(Refusal::TooFew { what: "values", got: values.len(), needed: 3 });
    }
    let (_, m2, m3, _) = moments(values);
    if m2 <= 0.0 {
        return Err(Refusal::AllAlike { what: "values" });
    }
    let g1 = (m3 / n) / (m2 / n).powf(1.5);
    Ok(g1 * (n * (n - 1.0)).sqrt() / (n - 2.0))
}

/// Sample excess kurtosis G2 (at least four values).
pub fn kurtosis(values: &[f64]) -> Result<f64, Refusal> {
    check(values)?;
    let n = values.len() as f64;
    if values.len() < 4 {
        return Err(Refusal::TooFew { what: "values", got: values.len(), needed: 4 });
    }
    let (_, m2, _, m4) = moments(values);
    if m2 <= 0.0 {
        return Err(Refusal::AllAlike { what: "values" });
    }
    let g2 = (m4 / n) / ((m2 / n) * (m2 / n)) - 3.0;
    Ok((n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * g2 + 6.0))
}

/// Copeland's score: for each unit, units beaten minus units lost to, where i beats k if the weights of the indicators in which
/// i is better, with half of those in which they tie, exceed one half. Non-compensatory; scores unit by unit, more is better.
pub fn copeland(scores: &[Vec<f64>], weights: &[f64]) -> Result<Vec<i64>, Refusal> {
    let total: f64 = weights.iter().sum();
    finite("weight", weights)?;
    for s in scores {
        same_length("scores", s.len(), weights.len())?;
        finite("score", s)?;
    }
    let support = |a: &[f64], b: &[f64]| -> f64 {
        let one = |((a, b), w): ((&f64, &f64), &f64)| match a.total_cmp(b) {
            _ if a == b => 0.5 * w,
            std::cmp::Ordering::Greater => *w,
            _ => 0.0,
        };
        a.iter().zip(b).zip(weights).map(one).sum()
    };
    let of = |i: usize| {
        let against = (0..scores.len()).filter(|k| *k != i).map(|k| support(&scores[i], &scores[k]) - 0.5 * total);
        against
            .map(|lead| {
                if lead > 1e-12 {
                    1
                } else if lead < -1e-12 {
                    -1
                } else {
                    0
                }
            })
            .sum()
    };
    Ok((0..scores.len()).map(of).collect())
}
