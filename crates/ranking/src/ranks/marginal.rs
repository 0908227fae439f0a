//! The rank of one unit chosen beforehand ("my own county").

use super::{Bounds, Estimates, last::step_of};
use crate::{
    refusal::{Refusal, proper},
    special::{normal_cdf, normal_density, normal_quantile},
};

/// The rank set of one unit.
#[derive(Debug, Clone, PartialEq)]
pub struct Marginal {
    /// The critical value of each step, the last one being the one that holds.
    pub c: Vec<f64>,
    /// After the first step.
    pub single_step: Bounds,
    /// After the last step.
    pub bounds: Bounds,
}

/// Which comparisons with another unit are still open.
#[derive(Clone, Copy)]
struct Open {
    /// That the unit is not above it.
    up: bool,
    /// That the unit is not below it.
    down: bool,
}

/// The ranks of unit `unit` at `level` by comparison with all others, in both directions, step by step; critical values by one
/// integral, P(c) = ∫ φ(u) Π_k [Φ((se_j u + c σ)/se_k) − Φ((se_j u − c σ)/se_k)] du over the comparisons still open. A table of
/// such sets for all units holds for each unit alone, not jointly.
pub fn marginal(estimates: &Estimates, unit: usize, level: f64) -> Result<Marginal, Refusal> {
    proper("level", level)?;
    let (x, se, p) = (estimates.x(), estimates.se(), estimates.len());
    if unit >= p {
        return Err(Refusal::OutOfRange { what: "unit", index: unit, value: unit as f64 });
    }
    let others: Vec<usize> = (0..p).filter(|k| *k != unit).collect();
    let sigma = |k: usize| (se[unit] * se[unit] + se[k] * se[k]).sqrt();
    let least = others.iter().map(|k| se[*k]).fold(f64::INFINITY, f64::min);
    let step = step_of(se[unit], least);
    let half = (8.5 / step).ceil() as i32;
    let mut open = vec![Open { up: true, down: true }; p];
    let (mut c, mut single_step) = (Vec::new(), None);
    loop {
        let inside = |c: f64| {
            let mut sum = 0.0;
            for node in -half..=half {
                let u = f64::from(node) * step;
                let mut product = normal_density(u);
                for k in &others {
                    let (centre, width) = (se[unit] * u / se[*k], c * sigma(*k) / se[*k]);
                    // Z_j − Z_k ≤ cσ needs Z_k ≥ Z_j − cσ; Z_k − Z_j ≤ cσ needs Z_k ≤ Z_j + cσ.
                    let high = if open[*k].down { normal_cdf(centre + width) } else { 1.0 };
                    let low = if open[*k].up { normal_cdf(centre - width) } else { 0.0 };
                    product *= high - low;
                    if product < 1e-22 {
                        break;
                    }
                }
                sum += product;
            }
            sum * step
        };
        let count = open.iter().enumerate().filter(|(k, _)| *k != unit).map(|(_, o)| usize::from(o.up) + usize::from(o.down));
        let count = count.sum::<usize>();
        if count == 0 {
            break;
        }
        let most = -normal_quantile((1.0 - level) / count as f64);
        let value = super::last::rising_root(0.0_f64.min(most), most + 1e-9, |c| inside(c) - level);
        c.push(value);
        let mut fresh = false;
        for k in &others {
            let distance = x[unit] - x[*k];
            if open[*k].up && distance > value * sigma(*k) {
                open[*k].up = false;
                fresh = true;
            }
            if open[*k].down && -distance > value * sigma(*k) {
                open[*k].down = false;
                fresh = true;
            }
        }
        single_step.get_or_insert(bounds_of(&open, p));
        if !fresh {
            break;
        }
    }
    let bounds = bounds_of(&open, p);
    Ok(Marginal { c, single_step: single_step.unwrap_or(bounds), bounds })
}

fn bounds_of(open: &[Open], p: usize) -> Bounds {
    Bounds { best: 1 + open.iter().filter(|o| !o.down).count(), worst: p - open.iter().filter(|o| !o.up).count() }
}
