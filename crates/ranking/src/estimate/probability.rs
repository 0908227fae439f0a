//! Samples with unequal probabilities, one stage.

use super::Estimate;
use crate::refusal::{Refusal, finite, same_length};

/// Estimates from probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ByProbability {
    /// Horvitz–Thompson total Σ y/π, with the with-replacement variance (Hansen and Hurwitz 1943): conservative.
    pub total: Estimate,
    /// The same with Hájek's approximation of the variance, Σ c(y/π − B)², c = n/(n−1)·(1−π), B the mean of y/π weighted by c: for
    /// designs of high entropy (Pareto, systematic in random order).
    pub total_hajek_variance: Estimate,
    /// Estimated population size Σ 1/π.
    pub size: f64,
    /// Hájek mean Σ(y/π)/Σ(1/π), linearised, with replacement.
    pub mean: Estimate,
}

/// `y` with inclusion probabilities `pi` in (0, 1]; at least two units.
pub fn by_probability(y: &[f64], pi: &[f64]) -> Result<ByProbability, Refusal> {
    check(y, pi)?;
    let n = y.len() as f64;
    let expanded: Vec<f64> = y.iter().zip(pi).map(|(y, p)| y / p).collect();
    let total: f64 = expanded.iter().sum();
    let size: f64 = pi.iter().map(|p| 1.0 / p).sum();
    let spread = |v: &[f64]| {
        let mean = v.iter().sum::<f64>() / n;
        n / (n - 1.0) * v.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>()
    };
    let mean = total / size;
    let residuals: Vec<f64> = y.iter().zip(pi).map(|(y, p)| (y - mean) / p / size).collect();
    let c: Vec<f64> = pi.iter().map(|p| n / (n - 1.0) * (1.0 - p)).collect();
    let all: f64 = c.iter().sum();
    let centre = if all > 0.0 { c.iter().zip(&expanded).map(|(c, e)| c * e).sum::<f64>() / all } else { 0.0 };
    let hajek = c.iter().zip(&expanded).map(|(c, e)| c * (e - centre) * (e - centre)).sum();
    let df = n - 1.0;
    Ok(ByProbability {
        total: Estimate { value: total, variance: spread(&expanded), df },
        total_hajek_variance: Estimate { value: total, variance: hajek, df },
        size,
        mean: Estimate { value: mean, variance: spread(&residuals), df },
    })
}

fn check(y: &[f64], pi: &[f64]) -> Result<(), Refusal> {
    same_length("probabilities", pi.len(), y.len())?;
    if y.len() < 2 {
        return Err(Refusal::TooFew { what: "units", got: y.len(), needed: 2 });
    }
    finite("value", y)?;
    match pi.iter().position(|p| !(*p > 0.0 && *p <= 1.0)) {
        Some(index) => Err(Refusal::OutOfRange { what: "probability", index, value: pi[index] }),
        None => Ok(()),
    }
}

/// Variance of the Horvitz–Thompson total of a spatially balanced sample by nearest neighbours: ½ Σ (y_i/π_i − y_j/π_j)², j the
/// sampled unit nearest to i, ties averaged (local mean variance with two points; Grafström and Schelin, Scand. J. Statist. 41
/// (2014) 277–290). No unbiased estimator exists for such designs. O(n²).
pub fn local_mean_variance(y: &[f64], pi: &[f64], points: &[(f64, f64)]) -> Result<f64, Refusal> {
    check(y, pi)?;
    same_length("points", points.len(), y.len())?;
    let expanded: Vec<f64> = y.iter().zip(pi).map(|(y, p)| y / p).collect();
    let mut variance = 0.0;
    for (i, a) in points.iter().enumerate() {
        finite("coordinate", &[a.0, a.1])?;
        let distance = |j: usize| (points[j].0 - a.0).powi(2) + (points[j].1 - a.1).powi(2);
        let others = || (0..y.len()).filter(|j| *j != i);
        let nearest = others().map(distance).fold(f64::INFINITY, f64::min);
        let ties: Vec<f64> = others().filter(|j| distance(*j) <= nearest).map(|j| expanded[j]).collect();
        let mean = ties.iter().sum::<f64>() / ties.len() as f64;
        // A mean of k neighbours varies 1/k: (k + 1)/k in all, where the pair has 2.
        let k = ties.len() as f64;
        variance += k / (k + 1.0) * (expanded[i] - mean) * (expanded[i] - mean);
    }
    Ok(variance)
}
