//! Many tests at once: adjusted p-values, in the order of input.

/// Holm (Scand. J. Statist. 6 (1979) 65–70): the probability of any false alarm.
pub fn holm(p: &[f64]) -> Vec<f64> {
    let m = p.len();
    let order = ascending(p);
    let mut out = vec![0.0; m];
    let mut largest = 0.0_f64;
    for (at, i) in order.into_iter().enumerate() {
        largest = largest.max((m - at) as f64 * p[i]).min(1.0);
        out[i] = largest;
    }
    out
}

/// Benjamini and Hochberg (J. R. Statist. Soc. B 57 (1995) 289–300): the share of false among all alarms, for independent or positively
/// dependent tests.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    step_up(p, 1.0)
}

/// Benjamini and Yekutieli (Ann. Statist. 29 (2001) 1165–1188): the same under any dependence.
pub fn benjamini_yekutieli(p: &[f64]) -> Vec<f64> {
    step_up(p, (1..=p.len()).map(|k| 1.0 / k as f64).sum())
}

/// Places whose adjusted p-value is at most `q`.
pub fn flagged(adjusted: &[f64], q: f64) -> Vec<usize> {
    (0..adjusted.len()).filter(|i| adjusted[*i] <= q).collect()
}

fn ascending(p: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    order
}

fn step_up(p: &[f64], factor: f64) -> Vec<f64> {
    let m = p.len();
    let mut out = vec![0.0; m];
    let mut least = 1.0_f64;
    for (at, i) in ascending(p).into_iter().enumerate().rev() {
        least = least.min(factor * m as f64 / (at + 1) as f64 * p[i]);
        out[i] = least;
    }
    out
}
