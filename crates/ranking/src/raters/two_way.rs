//! Severity by least squares.

use super::{
    Score,
    graph::{connected, counts},
};
use crate::{
    matrix::Square,
    refusal::{Refusal, same_length},
};

/// A fit of score = unit + severity + error with severities adding up to zero.
#[derive(Debug, Clone)]
pub struct TwoWay {
    /// Corrected score of each unit: what it would get from the average inspector.
    pub units: Vec<f64>,
    /// Their standard errors.
    pub unit_se: Vec<f64>,
    /// For each inspector how many points he gives above the average (negative: severe).
    pub severity: Vec<f64>,
    /// Their standard errors.
    pub severity_se: Vec<f64>,
    /// Variance of the error.
    pub sigma2: f64,
    /// Degrees of freedom of that variance.
    pub df: f64,
    /// Residuals in the order of input.
    pub residuals: Vec<f64>,
    /// For each unit the share of its scores that each inspector gave, sparse.
    shares: Vec<Vec<(usize, f64)>>,
    /// How many scores each unit has.
    counts: Vec<f64>,
    /// Pseudo-inverse of the inspectors' normal equations.
    spread: Square,
}

/// Units are eliminated, the inspectors solved for: O(scores + inspectors³). Refuses a graph that is not connected, and data without
/// a degree of freedom left (nobody inspected twice).
pub fn two_way(scores: &[Score]) -> Result<TwoWay, Refusal> {
    let (units, inspectors) = counts(scores)?;
    connected(units, inspectors, scores.iter().map(|s| (s.unit, s.inspector)))?;
    let df = scores.len() as f64 - (units + inspectors) as f64 + 1.0;
    if df < 1.0 {
        return Err(Refusal::TooFew { what: "scores", got: scores.len(), needed: units + inspectors });
    }
    let mut n_u = vec![0.0; units];
    let mut mean_u = vec![0.0; units];
    let mut pairs: Vec<Vec<(usize, f64)>> = vec![Vec::new(); units];
    for s in scores {
        n_u[s.unit] += 1.0;
        mean_u[s.unit] += s.score;
        match pairs[s.unit].iter_mut().find(|p| p.0 == s.inspector) {
            Some(pair) => pair.1 += 1.0,
            None => pairs[s.unit].push((s.inspector, 1.0)),
        }
    }
    for (mean, n) in mean_u.iter_mut().zip(&n_u) {
        *mean /= n;
    }
    let mut normal = Square { n: inspectors, at: vec![1.0 / inspectors as f64; inspectors * inspectors] };
    let mut right = vec![0.0; inspectors];
    for s in scores {
        normal.add(s.inspector, s.inspector, 1.0);
        right[s.inspector] += s.score - mean_u[s.unit];
    }
    for (list, n) in pairs.iter().zip(&n_u) {
        for (i, a) in list {
            for (k, b) in list {
                normal.add(*i, *k, -a * b / n);
            }
        }
    }
    // The normal equations are singular along equal severities; J/I in their place keeps the sum at zero and changes nothing else.
    let factor = normal.cholesky().map_err(|column| Refusal::DependentColumns { column })?;
    factor.solve(&mut right);
    let severity = right;
    let mut spread = factor.inverse();
    for v in &mut spread.at {
        *v -= 1.0 / inspectors as f64;
    }
    let shares: Vec<Vec<(usize, f64)>> =
        pairs.iter().zip(&n_u).map(|(list, n)| list.iter().map(|(i, c)| (*i, c / n)).collect()).collect();
    let lift = |u: usize| shares[u].iter().map(|(i, a)| a * severity[*i]).sum::<f64>();
    let effects: Vec<f64> = (0..units).map(|u| mean_u[u] - lift(u)).collect();
    let residuals: Vec<f64> = scores.iter().map(|s| s.score - effects[s.unit] - severity[s.inspector]).collect();
    let sigma2 = residuals.iter().map(|r| r * r).sum::<f64>() / df;
    let mut fit = TwoWay {
        units: effects,
        unit_se: Vec::new(),
        severity_se: (0..inspectors).map(|i| (sigma2 * spread.get(i, i).max(0.0)).sqrt()).collect(),
        severity,
        sigma2,
        df,
        residuals,
        shares,
        counts: n_u,
        spread,
    };
    fit.unit_se = (0..units).map(|u| fit.covariance(u, u).sqrt()).collect();
    Ok(fit)
}

impl TwoWay {
    /// Covariance of two units' corrected scores: those who share inspectors, or inspectors' inspectors, move together.
    pub fn covariance(&self, a: usize, b: usize) -> f64 {
        let own = if a == b { 1.0 / self.counts[a] } else { 0.0 };
        self.sigma2 * (own + self.form(&self.shares[a], &self.shares[b]))
    }

    fn form(&self, a: &[(usize, f64)], b: &[(usize, f64)]) -> f64 {
        a.iter().map(|(i, x)| b.iter().map(|(k, y)| x * y * self.spread.get(*i, *k)).sum::<f64>()).sum()
    }

    /// Means of groups of units (counties) with the covariance matrix that the shared inspectors give them, row by row; for
    /// [`crate::ranks::step_down_correlated`]. `group` of each unit, numbered from 0 without gaps. This is the error of measurement
    /// alone; what comes from drawing villages is to be added on the diagonal.
    pub fn group_means(&self, group: &[usize]) -> Result<(Vec<f64>, Vec<f64>), Refusal> {
        same_length("groups", group.len(), self.units.len())?;
        let groups = group.iter().max().map_or(0, |m| m + 1);
        let inspectors = self.severity.len();
        let mut size = vec![0.0; groups];
        for g in group {
            size[*g] += 1.0;
        }
        if let Some(index) = size.iter().position(|s| *s == 0.0) {
            return Err(Refusal::OutOfRange { what: "units of group", index, value: 0.0 });
        }
        let mut means = vec![0.0; groups];
        let mut own = vec![0.0; groups];
        let mut share = vec![vec![0.0; inspectors]; groups];
        for (u, g) in group.iter().enumerate() {
            means[*g] += self.units[u] / size[*g];
            own[*g] += 1.0 / self.counts[u] / (size[*g] * size[*g]);
            for (i, a) in &self.shares[u] {
                share[*g][*i] += a / size[*g];
            }
        }
        let mut covariance = vec![0.0; groups * groups];
        for (g, row) in share.iter().enumerate() {
            let image: Vec<f64> =
                (0..inspectors).map(|i| (0..inspectors).map(|k| self.spread.get(i, k) * row[k]).sum()).collect();
            for (h, other) in share.iter().enumerate() {
                let shared: f64 = image.iter().zip(other).map(|(a, b)| a * b).sum();
                covariance[g * groups + h] = self.sigma2 * (shared + if g == h { own[g] } else { 0.0 });
            }
        }
        Ok((means, covariance))
    }
}
