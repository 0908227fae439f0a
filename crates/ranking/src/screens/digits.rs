//! First and last digits.

use crate::{refusal::Refusal, special::chi2_upper};

/// First digits against Benford's law.
#[derive(Debug, Clone, PartialEq)]
pub struct FirstDigits {
    /// How often 1 to 9 lead.
    pub counts: [u64; 9],
    /// Benford's probabilities log10(1 + 1/d).
    pub expected: [f64; 9],
    /// χ² with 8 degrees of freedom; with many figures it rejects anything, so look at `mad` first.
    pub chi2: f64,
    /// Its p-value.
    pub p: f64,
    /// Mean absolute deviation of the shares.
    pub mad: f64,
}

/// For amounts of money over several orders of magnitude, some hundreds of them, without caps or fixed unit prices; percentages, scores and
/// households do not follow the law. Zeros are passed over; fewer than 50 amounts are refused. (Nigrini, *Benford's Law*, 2012.)
pub fn first_digits(amounts: &[u64]) -> Result<FirstDigits, Refusal> {
    let mut counts = [0_u64; 9];
    for amount in amounts.iter().filter(|a| **a > 0) {
        let mut head = *amount;
        while head >= 10 {
            head /= 10;
        }
        counts[head as usize - 1] += 1;
    }
    let n = counts.iter().sum::<u64>();
    if n < 50 {
        return Err(Refusal::TooFew { what: "amounts", got: n as usize, needed: 50 });
    }
    let expected: [f64; 9] = std::array::from_fn(|d| (1.0 + 1.0 / (d + 1) as f64).log10());
    let n = n as f64;
    let chi2 = counts.iter().zip(expected).map(|(c, e)| (*c as f64 - n * e).powi(2) / (n * e)).sum();
    let mad = counts.iter().zip(expected).map(|(c, e)| (*c as f64 / n - e).abs()).sum::<f64>() / 9.0;
    Ok(FirstDigits { counts, expected, chi2, p: chi2_upper(chi2, 8.0), mad })
}

/// Last digits against equal shares.
#[derive(Debug, Clone, PartialEq)]
pub struct LastDigits {
    /// How often 0 to 9 end a figure.
    pub counts: [u64; 10],
    /// χ² with 9 degrees of freedom.
    pub chi2: f64,
    /// Its p-value.
    pub p: f64,
}

/// For counts of several digits: the last one of an honest count is nearly uniform. Fewer than 50 figures are refused.
pub fn last_digits(figures: &[u64]) -> Result<LastDigits, Refusal> {
    if figures.len() < 50 {
        return Err(Refusal::TooFew { what: "figures", got: figures.len(), needed: 50 });
    }
    let mut counts = [0_u64; 10];
    for figure in figures {
        counts[(figure % 10) as usize] += 1;
    }
    let expected = figures.len() as f64 / 10.0;
    let chi2 = counts.iter().map(|c| (*c as f64 - expected).powi(2) / expected).sum();
    Ok(LastDigits { counts, chi2, p: chi2_upper(chi2, 9.0) })
}
