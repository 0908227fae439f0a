//! Variance components of crossed units and inspectors by REML.

use super::{Score, graph::counts};
use crate::{matrix::Square, refusal::Refusal};

/// score = μ + unit + inspector + error, all random.
#[derive(Debug, Clone, PartialEq)]
pub struct Components {
    /// Overall mean.
    pub mu: f64,
    /// Its standard error.
    pub mu_se: f64,
    /// Variance between units.
    pub unit: f64,
    /// Variance between inspectors.
    pub inspector: f64,
    /// Variance of the error.
    pub error: f64,
    /// −2 log of the restricted likelihood.
    pub criterion: f64,
    /// Predicted deviations of units: shrunk, not to be ranked.
    pub unit_blup: Vec<f64>,
    /// Predicted deviations of inspectors.
    pub inspector_blup: Vec<f64>,
}

struct Model<'a> {
    scores: &'a [Score],
    pairs: Vec<Vec<(usize, f64)>>,
    n_u: Vec<f64>,
    sum_u: Vec<f64>,
    n_i: Vec<f64>,
    sum_i: Vec<f64>,
    sum: f64,
    squares: f64,
}

/// One evaluation at standard deviations relative to the error's.
struct At {
    criterion: f64,
    sigma2: f64,
    mu: f64,
    mu_scale: f64,
    inspectors: Vec<f64>,
}

/// REML in the form of Bates, Mächler, Bolker and Walker, J. Statist. Software 67(1) (2015), section 3: the criterion is profiled to
/// the two relative standard deviations; units are eliminated, so that an evaluation costs O(scores + inspectors³). Minimised by
/// Nelder and Mead's simplex. At least three units, two inspectors and a degree of freedom.
pub fn variance_components(scores: &[Score]) -> Result<Components, Refusal> {
    let (units, inspectors) = counts(scores)?;
    if inspectors < 2 {
        return Err(Refusal::TooFew { what: "inspectors", got: inspectors, needed: 2 });
    }
    if units < 3 || scores.len() <= units {
        return Err(Refusal::TooFew { what: "scores", got: scores.len(), needed: units.max(3) + 1 });
    }
    let mean = scores.iter().map(|s| s.score).sum::<f64>() / scores.len() as f64;
    let mut model = Model {
        scores,
        pairs: vec![Vec::new(); units],
        n_u: vec![0.0; units],
        sum_u: vec![0.0; units],
        n_i: vec![0.0; inspectors],
        sum_i: vec![0.0; inspectors],
        sum: 0.0,
        squares: 0.0,
    };
    for s in scores {
        let y = s.score - mean;
        model.n_u[s.unit] += 1.0;
        model.sum_u[s.unit] += y;
        model.n_i[s.inspector] += 1.0;
        model.sum_i[s.inspector] += y;
        model.sum += y;
        model.squares += y * y;
        match model.pairs[s.unit].iter_mut().find(|p| p.0 == s.inspector) {
            Some(pair) => pair.1 += 1.0,
            None => model.pairs[s.unit].push((s.inspector, 1.0)),
        }
    }
    if model.squares <= 0.0 {
        return Err(Refusal::AllAlike { what: "scores" });
    }
    let best = simplex([1.0, 1.0], |theta| model.at(theta).map_or(f64::INFINITY, |a| a.criterion));
    let at = model.at(best).ok_or(Refusal::NoConvergence { what: "the variance components", iterations: 400 })?;
    let [tu, ti] = best.map(f64::abs);
    let unit_blup = (0..units).map(|u| {
        let others: f64 = model.pairs[u].iter().map(|(i, c)| c * ti * at.inspectors[*i]).sum();
        tu * tu * (model.sum_u[u] - others - model.n_u[u] * at.mu) / (tu * tu * model.n_u[u] + 1.0)
    });
    Ok(Components {
        mu: at.mu + mean,
        mu_se: at.sigma2.sqrt() * at.mu_scale,
        unit: at.sigma2 * tu * tu,
        inspector: at.sigma2 * ti * ti,
        error: at.sigma2,
        criterion: at.criterion,
        unit_blup: unit_blup.collect(),
        inspector_blup: at.inspectors.iter().map(|v| ti * v).collect(),
    })
}

impl Model<'_> {
    fn at(&self, theta: [f64; 2]) -> Option<At> {
        let [tu, ti] = theta.map(f64::abs);
        let inspectors = self.n_i.len();
        // Inspectors and, last, the mean; units eliminated.
        let k = inspectors;
        let mut s = Square::zero(k + 1);
        let mut right = vec![0.0; k + 1];
        let mut log_l = 0.0;
        let mut squares = self.squares;
        for (i, (n, sum)) in self.n_i.iter().zip(&self.sum_i).enumerate() {
            s.add(i, i, ti * ti * n + 1.0);
            s.add(i, k, ti * n);
            right[i] = ti * sum;
        }
        s.add(k, k, self.scores.len() as f64);
        right[k] = self.sum;
        for ((list, n), y) in self.pairs.iter().zip(&self.n_u).zip(&self.sum_u) {
            let d = tu * tu * n + 1.0;
            log_l += d.ln();
            let w = tu * tu / d;
            squares -= w * y * y;
            right[k] -= w * n * y;
            s.add(k, k, -w * n * n);
            for (i, a) in list {
                right[*i] -= w * ti * a * y;
                s.add(*i, k, -w * ti * a * n);
                for (j, b) in list {
                    s.add(*i, *j, -w * ti * ti * a * b);
                }
            }
        }
        for i in 0..k {
            s.at[k * (k + 1) + i] = s.get(i, k);
        }
        let factor = s.cholesky().ok()?;
        let mut forward = right.clone();
        factor.forward(&mut forward);
        let rest = squares - forward.iter().map(|v| v * v).sum::<f64>();
        let free = self.scores.len() as f64 - 1.0;
        let sigma2 = rest / free;
        if !(sigma2 > 0.0) {
            return None;
        }
        log_l += (0..k).map(|i| 2.0 * factor.0.get(i, i).ln()).sum::<f64>();
        let last = factor.0.get(k, k);
        let criterion = log_l + 2.0 * last.ln() + free * (1.0 + (2.0 * std::f64::consts::PI * sigma2).ln());
        factor.solve(&mut right);
        let mu = right[k];
        right.truncate(k);
        Some(At { criterion, sigma2, mu, mu_scale: 1.0 / last, inspectors: right })
    }
}

/// Nelder and Mead, Computer Journal 7 (1965) 308–313, in two dimensions, started anew once.
fn simplex(start: [f64; 2], f: impl Fn([f64; 2]) -> f64) -> [f64; 2] {
    let mut best = start;
    for size in [0.5, 0.05] {
        let mut points: Vec<([f64; 2], f64)> =
            [best, [best[0] + size, best[1]], [best[0], best[1] + size]].into_iter().map(|p| (p, f(p))).collect();
        for _ in 0..400 {
            points.sort_by(|a, b| a.1.total_cmp(&b.1));
            let (low, high) = (points[0], points[2]);
            let wide = (0..2).map(|d| (high.0[d] - low.0[d]).abs()).fold(0.0, f64::max);
            if wide < 1e-9 && (high.1 - low.1).abs() < 1e-12 {
                break;
            }
            let centre = [0, 1].map(|d| 0.5 * (points[0].0[d] + points[1].0[d]));
            let along = |t: f64| [0, 1].map(|d| centre[d] + t * (high.0[d] - centre[d]));
            let try_at = |t: f64| (along(t), f(along(t)));
            let reflected = try_at(-1.0);
            points[2] = if reflected.1 < low.1 {
                let further = try_at(-2.0);
                if further.1 < reflected.1 { further } else { reflected }
            } else if reflected.1 < points[1].1 {
                reflected
            } else {
                let nearer = try_at(if reflected.1 < high.1 { -0.5 } else { 0.5 });
                if nearer.1 < high.1.min(reflected.1) {
                    nearer
                } else {
                    for point in &mut points[1..] {
                        let p = [0, 1].map(|d| 0.5 * (point.0[d] + low.0[d]));
                        *point = (p, f(p));
                    }
                    continue;
                }
            };
        }
        points.sort_by(|a, b| a.1.total_cmp(&b.1));
        best = points[0].0;
    }
    best
}
