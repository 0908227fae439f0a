//! Ranks of counts: one population, each member choosing one category.

use super::Bounds;
use crate::{
    refusal::{Refusal, proper},
    special::binomial_upper,
};

/// How many comparisons are paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Correction {
    /// Holm (Scand. J. Statist. 6 (1979) 65–70), step by step.
    Holm,
    /// Bonferroni, all at once.
    Bonferroni,
}

/// Simultaneous rank sets of categories from their counts (Bazylik, Mogstad, Romano, Shaikh and Wilhelm, arXiv 2402.00192):
/// given x_j + x_k, x_j is binomial with ½ or less unless j is the likelier, so that p = P(Bin(x_j + x_k, ½) ≥ x_j) is exact. Not
/// for satisfaction rates of different villages: those are separate populations. At least two categories.
pub fn multinomial(counts: &[u64], level: f64, correction: Correction) -> Result<Vec<Bounds>, Refusal> {
    let p = check(counts, level)?;
    let pairs: Vec<(usize, usize)> = (0..p).flat_map(|j| (0..p).filter(move |k| *k != j).map(move |k| (j, k))).collect();
    let mut out = vec![Bounds { best: 1, worst: p }; p];
    for (j, k) in shown(counts, &pairs, 1.0 - level, correction) {
        out[k].best += 1;
        out[j].worst -= 1;
    }
    Ok(out)
}

/// For each category its own rank set, holding for it alone.
pub fn multinomial_marginal(counts: &[u64], level: f64, correction: Correction) -> Result<Vec<Bounds>, Refusal> {
    let p = check(counts, level)?;
    let one = |j: usize| {
        let pairs: Vec<(usize, usize)> = (0..p).filter(|k| *k != j).flat_map(|k| [(j, k), (k, j)]).collect();
        let shown = shown(counts, &pairs, 1.0 - level, correction);
        let below = shown.iter().filter(|(first, _)| *first == j).count();
        Bounds { best: 1 + shown.len() - below, worst: p - below }
    };
    Ok((0..p).map(one).collect())
}

fn check(counts: &[u64], level: f64) -> Result<usize, Refusal> {
    proper("level", level)?;
    match counts.len() {
        0 => Err(Refusal::NothingGiven {}),
        1 => Err(Refusal::OneUnit {}),
        p => Ok(p),
    }
}

fn shown(counts: &[u64], pairs: &[(usize, usize)], alpha: f64, correction: Correction) -> Vec<(usize, usize)> {
    let value = |(j, k): (usize, usize)| binomial_upper(counts[j], counts[j] + counts[k], 0.5);
    let mut all: Vec<(f64, (usize, usize))> = pairs.iter().map(|pair| (value(*pair), *pair)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let m = all.len();
    let kept = all.iter().enumerate().take_while(|(at, (p, _))| match correction {
        Correction::Holm => *p <= alpha / (m - at) as f64,
        Correction::Bonferroni => *p <= alpha / m as f64,
    });
    kept.map(|(_, (_, pair))| *pair).collect()
}
