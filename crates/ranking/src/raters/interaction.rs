//! County × inspector: an inspector who is kind to one county only.

use std::collections::BTreeMap;

use super::{Score, components, graph::counts, two_way};
use crate::{
    refusal::{Refusal, same_length},
    special::{f_upper, t_upper},
};

/// What one inspector gave one county beyond his severity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// The county.
    pub group: usize,
    /// The inspector.
    pub inspector: usize,
    /// How many scores.
    pub scores: usize,
    /// Mean residual of the additive fit, in points.
    pub mean: f64,
    /// Two-sided p-value by t = mean/(σ/√scores); residuals vary less than errors, so that it is conservative. For many cells
    /// control the false discovery rate ([`crate::screens::benjamini_hochberg`]). It triggers a check, never a penalty.
    pub p: f64,
}

/// Whether severity depends on the county.
#[derive(Debug, Clone, PartialEq)]
pub struct Interaction {
    /// F statistic of one severity for each county and inspector against one for each inspector.
    pub f: f64,
    /// Its degrees of freedom.
    pub df: (f64, f64),
    /// Its p-value.
    pub p: f64,
    /// All cells.
    pub cells: Vec<Cell>,
}

/// `group` is the county of each unit. Refused as [`two_way`] is, and where the counties by themselves leave no degree of freedom.
pub fn interaction(scores: &[Score], group: &[usize]) -> Result<Interaction, Refusal> {
    let (units, _) = counts(scores)?;
    same_length("groups", group.len(), units)?;
    let additive = two_way(scores)?;
    let mut by_group: BTreeMap<usize, Vec<Score>> = BTreeMap::new();
    for s in scores {
        by_group.entry(group[s.unit]).or_default().push(*s);
    }
    let (mut rest, mut df) = (0.0, 0.0);
    for own in by_group.into_values() {
        let (sum, free) = within(&own);
        rest += sum;
        df += free;
    }
    let full: f64 = additive.residuals.iter().map(|r| r * r).sum();
    let more = additive.df - df;
    if df < 1.0 || more < 1.0 {
        return Err(Refusal::TooFew { what: "double inspections", got: df as usize, needed: 1 });
    }
    let f = ((full - rest).max(0.0) / more) / (rest / df);
    let mut cells: BTreeMap<(usize, usize), (usize, f64)> = BTreeMap::new();
    for (s, r) in scores.iter().zip(&additive.residuals) {
        let cell = cells.entry((group[s.unit], s.inspector)).or_insert((0, 0.0));
        cell.0 += 1;
        cell.1 += r;
    }
    let cells = cells.into_iter().map(|((group, inspector), (scores, sum))| {
        let mean = sum / scores as f64;
        let t = mean.abs() / (additive.sigma2 / scores as f64).sqrt();
        Cell { group, inspector, scores, mean, p: (2.0 * t_upper(t, additive.df)).min(1.0) }
    });
    let p = if f.is_finite() { f_upper(f, more, df) } else { 0.0 };
    Ok(Interaction { f, df: (more, df), p, cells: cells.collect() })
}

/// Residual sum of squares and degrees of freedom of separate fits, component by component.
fn within(scores: &[Score]) -> (f64, f64) {
    let renumber = |values: Vec<usize>| {
        let mut sorted = values;
        sorted.sort_unstable();
        sorted.dedup();
        sorted
    };
    let units = renumber(scores.iter().map(|s| s.unit).collect());
    let inspectors = renumber(scores.iter().map(|s| s.inspector).collect());
    let place = |list: &[usize], v: usize| list.partition_point(|x| *x < v);
    let own: Vec<Score> = scores
        .iter()
        .map(|s| Score { unit: place(&units, s.unit), inspector: place(&inspectors, s.inspector), score: s.score })
        .collect();
    let (of_units, _) = components(units.len(), inspectors.len(), own.iter().map(|s| (s.unit, s.inspector)));
    let parts = of_units.iter().max().map_or(0, |m| m + 1);
    if parts == 1 {
        // Without a degree of freedom the fit is perfect.
        return match two_way(&own) {
            Ok(fit) => (fit.residuals.iter().map(|r| r * r).sum(), fit.df),
            Err(_) => (0.0, 0.0),
        };
    }
    let sums = (0..parts).map(|part| {
        let inside: Vec<Score> = own.iter().filter(|s| of_units[s.unit] == part).copied().collect();
        within(&inside)
    });
    sums.fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1))
}
