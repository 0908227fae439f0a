//! The bootstrap for few primary units.

use super::{Design, Estimate};
use crate::{ranks::Normals, refusal::Refusal, special::quantile};

/// Rao–Wu rescaled bootstrap (J. Amer. Statist. Assoc. 83 (1988) 231–241; as weights: Rao, Wu and Yue, Survey Methodology 18
/// (1992) 209–217): of the n_h primary units of a stratum n_h − 1 are drawn with replacement, r_i times each, and the weight
/// becomes w·(1 − λ + λ·r_i·n_h/(n_h − 1)) with λ = √(1 − f_h). `statistic` sees the weights of all rows. Returns the estimate with
/// its bootstrap variance, and the percentile interval at `level`. Strata with one unit that is not all there is are refused.
/// The same seed gives the same answer everywhere.
pub fn rao_wu(
    design: &Design,
    replicates: usize,
    seed: u64,
    level: f64,
    statistic: impl Fn(&[f64]) -> f64,
) -> Result<(Estimate, (f64, f64)), Refusal> {
    crate::refusal::proper("level", level)?;
    if replicates < 20 {
        return Err(Refusal::TooFew { what: "replicates", got: replicates, needed: 20 });
    }
    let strata = design.units_by_stratum();
    if let Some(h) = strata.iter().position(|(units, f)| units.len() == 1 && *f < 1.0) {
        return Err(Refusal::LonelyUnit { stratum: design.label(h) });
    }
    let value = statistic(design.weights());
    let normals = Normals::default();
    let mut values = Vec::with_capacity(replicates);
    let mut factor = vec![1.0; design.primary_units()];
    let mut weights = vec![0.0; design.rows()];
    for replicate in 0..replicates {
        let mut stream = normals.stream(seed, replicate as u64);
        for (units, f) in &strata {
            let n = units.len();
            if n < 2 {
                continue;
            }
            let lambda = (1.0 - f).sqrt();
            for u in units {
                factor[*u] = 1.0 - lambda;
            }
            for _ in 0..n - 1 {
                let pick = units[(stream.uniform() * n as f64) as usize];
                factor[pick] += lambda * n as f64 / (n - 1) as f64;
            }
        }
        for ((out, w), u) in weights.iter_mut().zip(design.weights()).zip(design.unit_of()) {
            *out = w * factor[*u];
        }
        let value = statistic(&weights);
        if !value.is_finite() {
            return Err(Refusal::NotFinite { what: "replicate", index: replicate });
        }
        values.push(value);
    }
    let mean = values.iter().sum::<f64>() / replicates as f64;
    let variance = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (replicates - 1) as f64;
    let tail = 0.5 * (1.0 - level);
    let interval = (quantile(&mut values, tail), quantile(&mut values, 1.0 - tail));
    Ok((Estimate { value, variance, df: design.degrees_of_freedom() }, interval))
}
