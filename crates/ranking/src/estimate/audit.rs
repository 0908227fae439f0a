//! Claimed against verified: self-reports of all, a drawn audit of some.
//!
//! The published figure is the corrected one; the honest reporter loses nothing. Overstatement is spoken of only with an exact
//! lower bound, and the self-report itself enters no ranking.

use super::Estimate;
use crate::{
    refusal::{Refusal, finite, same_length},
    special::{clopper_pearson, t_upper},
};

/// How many of the audited overstated by more than the tolerance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overstated {
    /// How many.
    pub count: u64,
    /// Of how many audited.
    pub of: u64,
    /// Exact 95 % interval of the share in the population.
    pub interval: (f64, f64),
}

/// What an audit shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Audit {
    /// Mean of all self-reports.
    pub mean_reported: f64,
    /// Mean of the audited values.
    pub mean_audited: f64,
    /// Report − truth, on average.
    pub inflation: Estimate,
    /// All reports, corrected by the mean difference.
    pub difference: Estimate,
    /// All reports, corrected by regression of truth on report.
    pub regression: Estimate,
    /// Slope of that regression: 1 where reports follow the truth.
    pub slope: f64,
    /// Its intercept.
    pub intercept: f64,
    /// p-value of "no inflation" against "reports are too high" (paired t test).
    pub p_inflated: f64,
    /// Overstatement beyond the tolerance.
    pub overstated: Overstated,
}

/// `reports` of all units, `audited` the places of a simple random sample of them, `truth` what was found there; `tolerance` in the
/// unit of the figures. At least three audited; reports there not all alike. (Cochran, *Sampling Techniques* (1977), chapter 7.)
pub fn audit(reports: &[f64], audited: &[usize], truth: &[f64], tolerance: f64) -> Result<Audit, Refusal> {
    finite("report", reports)?;
    finite("audited value", truth)?;
    same_length("audited values", truth.len(), audited.len())?;
    if audited.len() < 3 {
        return Err(Refusal::TooFew { what: "audited units", got: audited.len(), needed: 3 });
    }
    let mut seen = vec![false; reports.len()];
    for (index, at) in audited.iter().enumerate() {
        match seen.get_mut(*at) {
            Some(seen) if !*seen => *seen = true,
            _ => return Err(Refusal::OutOfRange { what: "audited unit", index, value: *at as f64 }),
        }
    }
    let (n, all) = (truth.len() as f64, reports.len() as f64);
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let claimed: Vec<f64> = audited.iter().map(|at| reports[*at]).collect();
    let (mean_all, mean_claimed, mean_truth) = (mean(reports), mean(&claimed), mean(truth));
    let excess: Vec<f64> = claimed.iter().zip(truth).map(|(c, t)| c - t).collect();
    let inflation = mean(&excess);
    let squares: f64 = excess.iter().map(|e| (e - inflation) * (e - inflation)).sum();
    let finite_part = (1.0 - n / all) / n;
    let plain = squares / (n - 1.0);
    let sxx: f64 = claimed.iter().map(|c| (c - mean_claimed) * (c - mean_claimed)).sum();
    let sxy: f64 = claimed.iter().zip(truth).map(|(c, t)| (c - mean_claimed) * (t - mean_truth)).sum();
    if sxx <= 0.0 {
        return Err(Refusal::AllAlike { what: "reports of the audited" });
    }
    let slope = sxy / sxx;
    let intercept = mean_truth - slope * mean_claimed;
    let rest: f64 = claimed.iter().zip(truth).map(|(c, t)| t - intercept - slope * c).map(|r| r * r).sum();
    let overstated = excess.iter().filter(|e| **e > tolerance).count() as u64;
    let t = if plain > 0.0 { inflation / (plain / n).sqrt() } else { inflation.signum() * f64::INFINITY };
    let p_inflated = if inflation == 0.0 && plain == 0.0 {
        1.0
    } else if t.is_infinite() {
        f64::from(t < 0.0)
    } else {
        t_upper(t, n - 1.0)
    };
    Ok(Audit {
        mean_reported: mean_all,
        mean_audited: mean_truth,
        inflation: Estimate { value: inflation, variance: finite_part * plain, df: n - 1.0 },
        difference: Estimate { value: mean_all - inflation, variance: finite_part * plain, df: n - 1.0 },
        regression: Estimate {
            value: mean_truth + slope * (mean_all - mean_claimed),
            variance: finite_part * rest / (n - 2.0),
            df: n - 2.0,
        },
        slope,
        intercept,
        p_inflated,
        overstated: Overstated {
            count: overstated,
            of: truth.len() as u64,
            interval: clopper_pearson(overstated, truth.len() as u64, 0.95),
        },
    })
}

/// Calibration: the rising step function of truth on report that fits best (pool adjacent violators; Ayer et al., Ann. Math. Statist.
/// 26 (1955) 641–647). Pairs (report, fitted truth) in order of report; equal reports share one value.
pub fn calibration(reports: &[f64], truth: &[f64]) -> Result<Vec<(f64, f64)>, Refusal> {
    finite("report", reports)?;
    finite("audited value", truth)?;
    same_length("audited values", truth.len(), reports.len())?;
    let mut order: Vec<usize> = (0..reports.len()).collect();
    order.sort_by(|a, b| reports[*a].total_cmp(&reports[*b]));
    // Blocks: reports, sum, count.
    let mut blocks: Vec<(Vec<f64>, f64, f64)> = Vec::new();
    for at in order {
        match blocks.last_mut() {
            Some(last) if last.0.last() == Some(&reports[at]) && last.0.len() == 1 => {
                last.1 += truth[at];
                last.2 += 1.0;
            }
            _ => blocks.push((vec![reports[at]], truth[at], 1.0)),
        }
    }
    let mut pooled: Vec<(Vec<f64>, f64, f64)> = Vec::new();
    for block in blocks {
        pooled.push(block);
        while pooled.len() > 1 {
            let (a, b) = (&pooled[pooled.len() - 2], &pooled[pooled.len() - 1]);
            if a.1 / a.2 < b.1 / b.2 {
                break;
            }
            if let Some((reports, sum, count)) = pooled.pop()
                && let Some(last) = pooled.last_mut()
            {
                last.0.extend(reports);
                last.1 += sum;
                last.2 += count;
            }
        }
    }
    Ok(pooled.into_iter().flat_map(|(reports, sum, count)| reports.into_iter().map(move |r| (r, sum / count))).collect())
}
