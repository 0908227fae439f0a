//! Answers that were copied, or vary too little.

use std::collections::HashMap;

use crate::{
    refusal::{Refusal, finite, same_length},
    special::chi2_upper,
};

/// Rows that say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copies {
    /// Places of the rows, ascending; at least two.
    pub rows: Vec<usize>,
}

/// Groups of identical rows, in order of their first row. Rows of fewer than `least` columns say too little and are refused.
pub fn copies(rows: &[Vec<i64>], least: usize) -> Result<Vec<Copies>, Refusal> {
    let mut seen: HashMap<&[i64], Vec<usize>> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        if row.len() < least {
            return Err(Refusal::TooFew { what: "columns", got: row.len(), needed: least });
        }
        seen.entry(row).or_default().push(at);
    }
    let mut out: Vec<Copies> = seen.into_values().filter(|rows| rows.len() > 1).map(|rows| Copies { rows }).collect();
    out.sort_by_key(|c| c.rows[0]);
    Ok(out)
}

/// Pairs of rows that agree in at least `share` of their columns (Kuriakose and Robbins, Statist. J. IAOS 32 (2016) 283–291, look at 0.85 in
/// long questionnaires). Pairs (first, second, share), O(rows²): within one township or interviewer.
pub fn similar(rows: &[Vec<i64>], share: f64) -> Result<Vec<(usize, usize, f64)>, Refusal> {
    let columns = rows.first().map_or(0, Vec::len);
    if columns == 0 {
        return Err(Refusal::NothingGiven {});
    }
    let mut out = Vec::new();
    for (j, b) in rows.iter().enumerate() {
        same_length("columns", b.len(), columns)?;
        for (i, a) in rows[..j].iter().enumerate() {
            let equal = a.iter().zip(b).filter(|(x, y)| x == y).count() as f64 / columns as f64;
            if equal >= share {
                out.push((i, j, equal));
            }
        }
    }
    Ok(out)
}

/// Do figures vary less than their known sampling variances allow? p = P(χ² ≤ Σ(x − x̄)²/v) with n − 1 degrees of freedom, small where
/// somebody smoothed; x̄ weighted by 1/v. At least three figures.
pub fn too_even(figures: &[f64], variances: &[f64]) -> Result<f64, Refusal> {
    same_length("variances", variances.len(), figures.len())?;
    finite("figure", figures)?;
    finite("variance", variances)?;
    if figures.len() < 3 {
        return Err(Refusal::TooFew { what: "figures", got: figures.len(), needed: 3 });
    }
    if let Some(index) = variances.iter().position(|v| *v <= 0.0) {
        return Err(Refusal::NoStandardError { index, value: variances[index] });
    }
    let all: f64 = variances.iter().map(|v| 1.0 / v).sum();
    let mean = figures.iter().zip(variances).map(|(x, v)| x / v).sum::<f64>() / all;
    let q: f64 = figures.iter().zip(variances).map(|(x, v)| (x - mean) * (x - mean) / v).sum();
    Ok(1.0 - chi2_upper(q, (figures.len() - 1) as f64))
}
