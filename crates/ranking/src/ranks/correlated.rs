//! Correlated estimates (the same inspectors, items or calibration in several counties): all pairs, draw by draw.

use super::{
    Bounds, Draws, Normals, Spread, last,
    stepdown::{check, iterate},
};
use crate::{
    matrix::Square,
    refusal::{Refusal, finite, same_length},
    special::quantile,
};

/// Units at most: the cost of a draw grows with their square.
const MOST: usize = 3_000;

/// As [`super::StepDown`].
pub type CorrelatedStepDown = super::StepDown;

/// Estimates, standard deviations of all differences, and a factor F with F Fᵀ = Σ.
struct Joint {
    x: Vec<f64>,
    sigma: Square,
    factor: Square,
    /// Where each unit stood in the input: draws belong to places in sorted order, so that the order of input does not matter.
    order: Vec<usize>,
}

impl Joint {
    fn new(x: &[f64], covariance: &[f64]) -> Result<Joint, Refusal> {
        let p = x.len();
        match p {
            0 => return Err(Refusal::NothingGiven {}),
            1 => return Err(Refusal::OneUnit {}),
            p if p > MOST => return Err(Refusal::TooMany { got: p, most: MOST }),
            _ => {}
        }
        same_length("covariances", covariance.len(), p * p)?;
        finite("estimate", x)?;
        finite("covariance", covariance)?;
        let mut order: Vec<usize> = (0..p).collect();
        order.sort_by(|a, b| {
            (x[*a].total_cmp(&x[*b])).then(covariance[a * p + a].total_cmp(&covariance[b * p + b])).then(a.cmp(b))
        });
        let x: Vec<f64> = order.iter().map(|i| x[*i]).collect();
        let s = Square { n: p, at: order.iter().flat_map(|i| order.iter().map(move |j| covariance[i * p + j])).collect() };
        let largest = (0..p).map(|i| s.get(i, i)).fold(0.0, f64::max);
        let mut sigma = Square::zero(p);
        for i in 0..p {
            if s.get(i, i) <= 0.0 {
                return Err(Refusal::NoStandardError { index: order[i], value: s.get(i, i).max(0.0).sqrt() });
            }
            for j in 0..i {
                if (s.get(i, j) - s.get(j, i)).abs() > 1e-9 * largest {
                    return Err(Refusal::NotACovariance { index: order[i] });
                }
                let variance = s.get(i, i) + s.get(j, j) - 2.0 * s.get(i, j);
                if variance <= 1e-12 * (s.get(i, i) + s.get(j, j)) {
                    return Err(match variance < -1e-9 * largest {
                        true => Refusal::NotACovariance { index: order[i] },
                        false => Refusal::DifferenceWithoutVariance { first: order[j], second: order[i] },
                    });
                }
                sigma.at[i * p + j] = variance.sqrt();
                sigma.at[j * p + i] = variance.sqrt();
            }
        }
        let factor = semidefinite(&s, largest).map_err(|i| Refusal::NotACovariance { index: order[i] })?;
        Ok(Joint { x, sigma, factor, order })
    }

    /// What was found in sorted order, in the order of input.
    fn in_order_of_input<T: Copy>(&self, sorted: Vec<T>) -> Vec<T> {
        let mut out = sorted.clone();
        for (at, value) in self.order.iter().zip(sorted) {
            out[*at] = value;
        }
        out
    }

    fn draw(&self, stream: &mut super::normals::Stream<'_>, e: &mut [f64], z: &mut [f64]) {
        let p = self.x.len();
        for e in e.iter_mut() {
            *e = stream.normal();
        }
        for (i, z) in z.iter_mut().enumerate() {
            *z = self.factor.at[i * p..i * p + i + 1].iter().zip(e.iter()).map(|(l, e)| l * e).sum();
        }
    }

    fn studentized(&self, z: &[f64], j: usize, k: usize) -> f64 {
        (z[j] - z[k]) / self.sigma.get(j, k)
    }

    fn above(&self, j: usize, k: usize, c: f64) -> bool {
        self.x[j] - self.x[k] > c * self.sigma.get(j, k)
    }

    fn bounds(&self, c: f64) -> Vec<Bounds> {
        let p = self.x.len();
        let mut out = vec![Bounds { best: 1, worst: p }; p];
        for j in 0..p {
            for k in 0..p {
                if j != k && self.above(j, k, c) {
                    out[k].best += 1;
                    out[j].worst -= 1;
                }
            }
        }
        out
    }
}

/// Cholesky factor of a matrix that may be singular: a row without rest is a combination of those before it.
fn semidefinite(s: &Square, largest: f64) -> Result<Square, usize> {
    let p = s.n;
    let mut l = Square::zero(p);
    for i in 0..p {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| l.get(i, k) * l.get(j, k)).sum();
            let rest = s.get(i, j) - sum;
            l.at[i * p + j] = if i == j {
                if rest < -1e-8 * largest {
                    return Err(i);
                }
                if rest > 1e-12 * largest { rest.sqrt() } else { 0.0 }
            } else if l.get(j, j) > 0.0 {
                rest / l.get(j, j)
            } else if rest.abs() > 1e-5 * largest {
                return Err(i);
            } else {
                0.0
            };
        }
    }
    Ok(l)
}

/// As [`super::step_down`] for estimates with covariance matrix Σ (row by row, p ≤ 3,000); σ_jk² = Σ_jj + Σ_kk − 2Σ_jk.
/// Results depend neither on threads nor on the order of input (but for units that tie in estimate and variance).
pub fn step_down_correlated(
    x: &[f64],
    covariance: &[f64],
    level: f64,
    draws: Draws,
    spread: &dyn Spread,
) -> Result<CorrelatedStepDown, Refusal> {
    check(level, draws)?;
    let joint = Joint::new(x, covariance)?;
    let p = x.len();
    let normals = Normals::default();
    let step = |threshold: f64| {
        // The pairs that are left, once for all draws.
        let left: Vec<(u32, u32)> = (0..p)
            .flat_map(|j| (0..p).filter(move |k| *k != j).map(move |k| (j, k)))
            .filter(|(j, k)| threshold == f64::INFINITY || !joint.above(*j, *k, threshold))
            .map(|(j, k)| (j as u32, k as u32))
            .collect();
        draws.each(spread, || {
            let (mut e, mut z) = (vec![0.0; p], vec![0.0; p]);
            let (joint, left, normals) = (&joint, &left, &normals);
            move |draw| {
                joint.draw(&mut normals.stream(draws.seed, draw), &mut e, &mut z);
                left.iter().fold(f64::NEG_INFINITY, |m, (j, k)| m.max(joint.studentized(&z, *j as usize, *k as usize)))
            }
        })
    };
    let (c, c_error, bounds) = iterate(level, draws, step, |c| {
        let bounds = joint.bounds(c);
        (bounds.iter().map(|b| b.best - 1).sum(), bounds)
    })?;
    Ok(CorrelatedStepDown { c, bounds: joint.in_order_of_input(bounds), c_error, draws: draws.count })
}

/// As [`super::could_be_last`] for correlated estimates: c_j by simulation, one for each unit.
pub fn could_be_last_correlated(
    x: &[f64],
    covariance: &[f64],
    level: f64,
    draws: Draws,
    spread: &dyn Spread,
) -> Result<Vec<last::Candidate>, Refusal> {
    check(level, draws)?;
    let joint = Joint::new(x, covariance)?;
    let p = x.len();
    let normals = Normals::default();
    let one = |j: usize| {
        let mut largest = draws.each(spread, || {
            let (mut e, mut z) = (vec![0.0; p], vec![0.0; p]);
            let (joint, normals) = (&joint, &normals);
            move |draw| {
                joint.draw(&mut normals.stream(draws.seed, draw), &mut e, &mut z);
                (0..p).filter(|k| *k != j).fold(f64::NEG_INFINITY, |m, k| m.max(joint.studentized(&z, j, k)))
            }
        });
        let critical = quantile(&mut largest, level);
        let statistic = (0..p)
            .filter(|k| *k != j)
            .map(|k| (joint.x[j] - joint.x[k]) / joint.sigma.get(j, k))
            .fold(f64::NEG_INFINITY, f64::max);
        last::Candidate { statistic, possible: statistic <= critical, critical: Some(critical) }
    };
    Ok(joint.in_order_of_input((0..p).map(one).collect()))
}
