//! How far inspectors agree.

use crate::{
    ranks::Normals,
    refusal::{Refusal, finite, same_length},
    special::quantile,
};

/// How far apart two ratings are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Equal or not.
    Nominal,
    /// Ranks: by how many ratings lie between.
    Ordinal,
    /// Squared difference.
    Interval,
    /// Squared difference over the sum; for values from 0 upwards.
    Ratio,
}

/// Krippendorff's α = 1 − D_o/D_e from the coincidence matrix (*Content Analysis*, 2004, chapter 11). `ratings` unit by unit, any number
/// each; units with fewer than two drop out. 1 is perfect, 0 is chance. Where nearly all is alike α is low although nearly all agree:
/// show [`raw_agreement`] beside it. All ratings alike is refused: without any difference agreement by chance is undefined.
pub fn krippendorff(ratings: &[Vec<f64>], metric: Metric) -> Result<f64, Refusal> {
    let table = Coincidences::of(ratings)?;
    table.alpha(metric)
}

struct Coincidences {
    values: Vec<f64>,
    counts: Vec<f64>,
    /// Value pairs with their weight.
    pairs: Vec<(usize, usize, f64)>,
    n: f64,
}

impl Coincidences {
    fn of(ratings: &[Vec<f64>]) -> Result<Coincidences, Refusal> {
        let used: Vec<&Vec<f64>> = ratings.iter().filter(|r| r.len() >= 2).collect();
        if used.is_empty() {
            return Err(Refusal::TooFew { what: "units with two ratings", got: 0, needed: 1 });
        }
        for (index, r) in ratings.iter().enumerate() {
            if r.iter().any(|v| !v.is_finite()) {
                return Err(Refusal::NotFinite { what: "ratings of unit", index });
            }
        }
        let mut values: Vec<f64> = used.iter().flat_map(|r| r.iter().copied()).collect();
        values.sort_unstable_by(f64::total_cmp);
        values.dedup();
        let place = |v: f64| values.partition_point(|x| *x < v);
        let mut counts = vec![0.0; values.len()];
        let mut pairs = Vec::new();
        let mut n = 0.0;
        for r in used {
            n += r.len() as f64;
            let weight = 1.0 / (r.len() as f64 - 1.0);
            for (i, a) in r.iter().enumerate() {
                counts[place(*a)] += 1.0;
                for b in r.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, b)| b) {
                    pairs.push((place(*a), place(*b), weight));
                }
            }
        }
        Ok(Coincidences { values, counts, pairs, n })
    }

    fn alpha(&self, metric: Metric) -> Result<f64, Refusal> {
        let cumulated: Vec<f64> = std::iter::once(0.0)
            .chain(self.counts.iter().scan(0.0, |sum, c| {
                *sum += c;
                Some(*sum)
            }))
            .collect();
        let distance = |c: usize, k: usize| -> f64 {
            let (a, b) = (self.values[c], self.values[k]);
            match metric {
                _ if c == k => 0.0,
                Metric::Nominal => 1.0,
                Metric::Interval => (a - b) * (a - b),
                Metric::Ratio => ((a - b) / (a + b)).powi(2),
                Metric::Ordinal => {
                    let (low, high) = (c.min(k), c.max(k));
                    let between = cumulated[high + 1] - cumulated[low];
                    (between - 0.5 * (self.counts[c] + self.counts[k])).powi(2)
                }
            }
        };
        let observed: f64 = self.pairs.iter().map(|(c, k, w)| w * distance(*c, *k)).sum::<f64>() / self.n;
        let mut expected = 0.0;
        for c in 0..self.values.len() {
            for k in (0..self.values.len()).filter(|k| *k != c) {
                expected += self.counts[c] * self.counts[k] * distance(c, k);
            }
        }
        expected /= self.n * (self.n - 1.0);
        match expected > 0.0 {
            true => Ok(1.0 - observed / expected),
            false => Err(Refusal::AllAlike { what: "ratings" }),
        }
    }
}

/// Percentile interval of α at `level` from `replicates` samples of **units** with replacement; samples in which all is alike count as 1.
pub fn krippendorff_interval(
    ratings: &[Vec<f64>],
    metric: Metric,
    replicates: usize,
    seed: u64,
    level: f64,
) -> Result<(f64, f64), Refusal> {
    crate::refusal::proper("level", level)?;
    let used: Vec<&Vec<f64>> = ratings.iter().filter(|r| r.len() >= 2).collect();
    if used.len() < 2 || replicates < 20 {
        return Err(Refusal::TooFew { what: "units with two ratings", got: used.len(), needed: 2 });
    }
    let normals = Normals::default();
    let mut values = Vec::with_capacity(replicates);
    for replicate in 0..replicates {
        let mut stream = normals.stream(seed, replicate as u64);
        let sample: Vec<Vec<f64>> = used.iter().map(|_| used[(stream.uniform() * used.len() as f64) as usize].clone()).collect();
        values.push(match krippendorff(&sample, metric) {
            Err(Refusal::AllAlike { .. }) => 1.0,
            other => other?,
        });
    }
    let tail = 0.5 * (1.0 - level);
    Ok((quantile(&mut values, tail), quantile(&mut values, 1.0 - tail)))
}

/// Share of pairs of ratings of one unit that are equal, each unit with at least two ratings counting once.
pub fn raw_agreement(ratings: &[Vec<f64>]) -> Result<f64, Refusal> {
    let shares: Vec<f64> = ratings
        .iter()
        .filter(|r| r.len() >= 2)
        .map(|r| {
            let equal = r.iter().enumerate().map(|(i, a)| r[i + 1..].iter().filter(|b| *b == a).count()).sum::<usize>();
            equal as f64 / (r.len() * (r.len() - 1) / 2) as f64
        })
        .collect();
    match shares.is_empty() {
        true => Err(Refusal::TooFew { what: "units with two ratings", got: 0, needed: 1 }),
        false => Ok(shares.iter().sum::<f64>() / shares.len() as f64),
    }
}

/// Intraclass correlations of a complete table (Shrout and Fleiss, Psychological Bulletin 86 (1979) 420–428).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Icc {
    /// ICC(2,1): agreement of single inspectors drawn from many.
    pub single: f64,
    /// ICC(3,1): consistency of these inspectors.
    pub consistency: f64,
    /// ICC(2,k): agreement of the mean of k inspectors.
    pub mean: f64,
}

/// `table` unit by unit, one score of every inspector; at least two of each, units not all alike.
pub fn icc(table: &[Vec<f64>]) -> Result<Icc, Refusal> {
    let (n, k) = (table.len(), table.first().map_or(0, Vec::len));
    if n < 2 || k < 2 {
        return Err(Refusal::TooFew { what: "units or inspectors", got: n.min(k), needed: 2 });
    }
    for row in table {
        same_length("scores", row.len(), k)?;
        finite("score", row)?;
    }
    let (nf, kf) = (n as f64, k as f64);
    let grand = table.iter().flatten().sum::<f64>() / (nf * kf);
    let of_unit = |i: usize| table[i].iter().sum::<f64>() / kf;
    let of_inspector = |j: usize| table.iter().map(|r| r[j]).sum::<f64>() / nf;
    let units: f64 = (0..n).map(|i| (of_unit(i) - grand).powi(2)).sum::<f64>() * kf;
    let inspectors: f64 = (0..k).map(|j| (of_inspector(j) - grand).powi(2)).sum::<f64>() * nf;
    let all: f64 = table.iter().flatten().map(|v| (v - grand).powi(2)).sum();
    let (ms_u, ms_i) = (units / (nf - 1.0), inspectors / (kf - 1.0));
    let ms_e = (all - units - inspectors).max(0.0) / ((nf - 1.0) * (kf - 1.0));
    if all <= 0.0 {
        return Err(Refusal::AllAlike { what: "scores" });
    }
    Ok(Icc {
        single: (ms_u - ms_e) / (ms_u + (kf - 1.0) * ms_e + kf * (ms_i - ms_e) / nf),
        consistency: (ms_u - ms_e) / (ms_u + (kf - 1.0) * ms_e),
        mean: (ms_u - ms_e) / (ms_u + (ms_i - ms_e) / nf),
    })
}
