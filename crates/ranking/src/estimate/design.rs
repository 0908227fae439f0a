//! Stratified samples in one or two stages.

use std::collections::BTreeMap;

use super::Estimate;
use crate::refusal::{Refusal, finite, same_length};

/// Where one observation comes from. Numbers of strata and units are labels; how many were drawn is counted from the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The stratum.
    pub stratum: u32,
    /// Primary units (villages) in the stratum's frame, N_h.
    pub units_in_stratum: u64,
    /// The primary unit, a label within its stratum.
    pub unit: u32,
    /// Secondary units (households) in the primary unit, M_i; 1 where villages themselves are observed.
    pub parts_in_unit: u64,
}

/// What the variance takes into account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stages {
    /// Primary units as if drawn with replacement: somewhat too large, never too small.
    WithReplacement,
    /// Finite population correction of the first stage.
    First,
    /// Both stages: (1 − f) of the first and, weighted by f, of the second.
    Both,
}

/// What is done with a stratum of which one primary unit is in the sample but not all there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lonely {
    /// No variance is given.
    #[default]
    Refuse,
    /// Its distance from the mean over all primary units stands for the missing variance.
    GrandMean,
    /// It is taken together with the stratum before it (the one after it, for the first).
    Collapse,
}

/// A sample with its weights.
#[derive(Debug, Clone)]
pub struct Design {
    rows: Vec<Row>,
    /// 1/π of each row.
    weights: Vec<f64>,
    /// Primary unit of each row.
    unit_of: Vec<usize>,
    units: Vec<Unit>,
    strata: Vec<Stratum>,
    lonely: Lonely,
}

#[derive(Debug, Clone)]
struct Unit {
    stratum: usize,
    parts: f64,
    rows: usize,
}

#[derive(Debug, Clone)]
struct Stratum {
    label: u32,
    /// Drawn and there.
    drawn: f64,
    there: f64,
}

impl Design {
    /// Weights N_h/n_h · M_i/m_i, with n_h and m_i counted from the rows. Refuses strata or units of which more was drawn than
    /// there is, rows that contradict each other, and fewer than two primary units.
    pub fn new(rows: Vec<Row>, lonely: Lonely) -> Result<Design, Refusal> {
        if rows.is_empty() {
            return Err(Refusal::NothingGiven {});
        }
        // For each stratum its size and its units, each with its size and how many rows it has.
        type Units = BTreeMap<u32, (u64, usize)>;
        let mut strata: BTreeMap<u32, (u64, Units)> = BTreeMap::new();
        for (index, row) in rows.iter().enumerate() {
            let stratum = strata.entry(row.stratum).or_insert((row.units_in_stratum, BTreeMap::new()));
            let unit = stratum.1.entry(row.unit).or_insert((row.parts_in_unit, 0));
            unit.1 += 1;
            if stratum.0 != row.units_in_stratum {
                return Err(Refusal::OutOfRange { what: "units in stratum", index, value: row.units_in_stratum as f64 });
            }
            if unit.0 != row.parts_in_unit || unit.1 as u64 > unit.0 {
                return Err(Refusal::OutOfRange { what: "parts in unit", index, value: row.parts_in_unit as f64 });
            }
            if stratum.1.len() as u64 > stratum.0 {
                return Err(Refusal::OutOfRange { what: "units in stratum", index, value: row.units_in_stratum as f64 });
            }
        }
        let mut design = Design {
            weights: Vec::with_capacity(rows.len()),
            unit_of: Vec::with_capacity(rows.len()),
            rows,
            units: Vec::new(),
            strata: Vec::new(),
            lonely,
        };
        let mut places: BTreeMap<(u32, u32), usize> = BTreeMap::new();
        for (label, (there, units)) in strata {
            for (unit, (parts, count)) in &units {
                places.insert((label, *unit), design.units.len());
                design.units.push(Unit { stratum: design.strata.len(), parts: *parts as f64, rows: *count });
            }
            design.strata.push(Stratum { label, drawn: units.len() as f64, there: there as f64 });
        }
        for row in &design.rows {
            let at = places[&(row.stratum, row.unit)];
            let unit = &design.units[at];
            let stratum = &design.strata[unit.stratum];
            design.weights.push(stratum.there / stratum.drawn * unit.parts / unit.rows as f64);
            design.unit_of.push(at);
        }
        if design.units.len() < 2 {
            return Err(Refusal::TooFew { what: "primary units", got: design.units.len(), needed: 2 });
        }
        Ok(design)
    }

    /// The frame's strata, of which each must be in the sample.
    pub fn check_strata(&self, frame: &[u32]) -> Result<(), Refusal> {
        match frame.iter().find(|s| self.strata.iter().all(|t| t.label != **s)) {
            Some(stratum) => Err(Refusal::EmptyStratum { stratum: *stratum }),
            None => Ok(()),
        }
    }

    /// 1/π of each row.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Primary units less strata.
    pub fn degrees_of_freedom(&self) -> f64 {
        (self.units.len() - self.strata.len()) as f64
    }

    /// How many primary units the sample has.
    pub fn primary_units(&self) -> usize {
        self.units.len()
    }

    pub(super) fn label(&self, stratum: usize) -> u32 {
        self.strata[stratum].label
    }

    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// For the bootstrap: places of units by stratum with the share drawn.
    pub(super) fn units_by_stratum(&self) -> Vec<(Vec<usize>, f64)> {
        let of = |h: usize| (0..self.units.len()).filter(move |u| self.units[*u].stratum == h).collect();
        (0..self.strata.len()).map(|h| (of(h), self.strata[h].drawn / self.strata[h].there)).collect()
    }

    pub(super) fn unit_of(&self) -> &[usize] {
        &self.unit_of
    }

    fn check(&self, what: &'static str, values: &[f64]) -> Result<(), Refusal> {
        same_length(what, values.len(), self.rows.len())?;
        finite(what, values)
    }

    /// Weighted mean Σwy/Σw (Hájek): keeps its meaning when values are shifted.
    pub fn mean(&self, y: &[f64], stages: Stages) -> Result<Estimate, Refusal> {
        self.ratio(y, &vec![1.0; self.rows.len()], stages)
    }

    /// Total Σwy.
    pub fn total(&self, y: &[f64], stages: Stages) -> Result<Estimate, Refusal> {
        self.check("value", y)?;
        let z: Vec<f64> = self.weights.iter().zip(y).map(|(w, y)| w * y).collect();
        Ok(Estimate { value: z.iter().sum(), variance: self.variance(&z, stages)?, df: self.degrees_of_freedom() })
    }

    /// Ratio Σwy/Σwx, linearised: z = w(y − Rx)/Σwx.
    pub fn ratio(&self, y: &[f64], x: &[f64], stages: Stages) -> Result<Estimate, Refusal> {
        self.check("value", y)?;
        self.check("denominator", x)?;
        let sum = |v: &[f64]| self.weights.iter().zip(v).map(|(w, v)| w * v).sum::<f64>();
        let below = sum(x);
        if below == 0.0 {
            return Err(Refusal::ZeroDenominator {});
        }
        let value = sum(y) / below;
        let z: Vec<f64> = self.weights.iter().zip(y.iter().zip(x)).map(|(w, (y, x))| w * (y - value * x) / below).collect();
        Ok(Estimate { value, variance: self.variance(&z, stages)?, df: self.degrees_of_freedom() })
    }

    /// Mean over the rows that belong to a domain; the others stay in the variance with 0.
    pub fn domain_mean(&self, y: &[f64], belongs: &[bool], stages: Stages) -> Result<Estimate, Refusal> {
        same_length("domain", belongs.len(), self.rows.len())?;
        self.check("value", y)?;
        let x: Vec<f64> = belongs.iter().map(|b| f64::from(u8::from(*b))).collect();
        let inside: Vec<f64> = y.iter().zip(&x).map(|(y, x)| y * x).collect();
        self.ratio(&inside, &x, stages)
    }

    /// Mean of each stratum, by label.
    pub fn means_by_stratum(&self, y: &[f64], stages: Stages) -> Result<Vec<(u32, Estimate)>, Refusal> {
        let of = |h: usize| {
            let belongs: Vec<bool> = self.unit_of.iter().map(|u| self.units[*u].stratum == h).collect();
            let estimate = self.domain_mean(y, &belongs, stages)?;
            Ok((self.strata[h].label, Estimate { df: self.strata[h].drawn - 1.0, ..estimate }))
        };
        (0..self.strata.len()).map(of).collect()
    }

    /// Difference estimator: the known mean of the self-reports in the frame, plus the weighted mean of truth − report.
    pub fn difference(&self, truth: &[f64], report: &[f64], known_mean: f64, stages: Stages) -> Result<Estimate, Refusal> {
        self.check("truth", truth)?;
        self.check("report", report)?;
        finite("known mean", &[known_mean])?;
        let d: Vec<f64> = truth.iter().zip(report).map(|(t, r)| t - r).collect();
        let mean = self.mean(&d, stages)?;
        Ok(Estimate { value: known_mean + mean.value, ..mean })
    }

    /// Regression estimator ȳ + b(X̄ − x̄) with the weighted slope b; residuals are linearised.
    pub fn regression(&self, y: &[f64], x: &[f64], known_mean: f64, stages: Stages) -> Result<Estimate, Refusal> {
        self.check("value", y)?;
        self.check("covariate", x)?;
        finite("known mean", &[known_mean])?;
        let w = &self.weights;
        let all: f64 = w.iter().sum();
        let mean = |v: &[f64]| w.iter().zip(v).map(|(w, v)| w * v).sum::<f64>() / all;
        let (my, mx) = (mean(y), mean(x));
        let rows = || w.iter().zip(y.iter().zip(x));
        let sxx: f64 = rows().map(|(w, (_, x))| w * (x - mx) * (x - mx)).sum();
        let sxy: f64 = rows().map(|(w, (y, x))| w * (x - mx) * (y - my)).sum();
        if sxx <= 0.0 {
            return Err(Refusal::AllAlike { what: "covariate values" });
        }
        let b = sxy / sxx;
        // The g-weights of the regression estimator carry over into the variance.
        let g = |x: f64| 1.0 + (known_mean - mx) * (x - mx) * all / sxx;
        let z: Vec<f64> = rows().map(|(w, (y, x))| w * g(*x) * (y - my - b * (x - mx)) / all).collect();
        let df = self.degrees_of_freedom() - 1.0;
        if df < 1.0 {
            return Err(Refusal::TooFew { what: "primary units", got: self.units.len(), needed: self.strata.len() + 2 });
        }
        Ok(Estimate { value: my + b * (known_mean - mx), variance: self.variance(&z, stages)?, df })
    }

    /// Variance of the mean over the variance under simple random sampling of as many rows from as large a population.
    pub fn design_effect(&self, y: &[f64], stages: Stages) -> Result<f64, Refusal> {
        let mean = self.mean(y, stages)?;
        let (n, all) = (self.rows.len() as f64, self.weights.iter().sum::<f64>());
        let squares: f64 = self.weights.iter().zip(y).map(|(w, y)| w * (y - mean.value) * (y - mean.value)).sum();
        let simple = squares / all * n / (n - 1.0) * (all - n).max(0.0) / (all * n);
        match simple > 0.0 {
            true => Ok(mean.variance / simple),
            false => Err(Refusal::AllAlike { what: "values" }),
        }
    }

    /// The mean with the delete-one jackknife within strata (JKn) and the first stage's correction, around the mean of the
    /// replicates.
    pub fn mean_jackknife(&self, y: &[f64]) -> Result<Estimate, Refusal> {
        self.check("value", y)?;
        let (mut sums, mut counts) = (vec![0.0; self.units.len()], vec![0.0; self.units.len()]);
        for ((u, w), y) in self.unit_of.iter().zip(&self.weights).zip(y) {
            sums[*u] += w * y;
            counts[*u] += w;
        }
        let mut replicates = Vec::with_capacity(self.units.len());
        let (all, weight): (f64, f64) = (sums.iter().sum(), counts.iter().sum());
        for (h, stratum) in self.strata.iter().enumerate() {
            let n = stratum.drawn;
            if n < 2.0 {
                if n < stratum.there {
                    return Err(Refusal::LonelyUnit { stratum: stratum.label });
                }
                continue;
            }
            let inside: Vec<usize> = (0..self.units.len()).filter(|u| self.units[*u].stratum == h).collect();
            let total = |v: &[f64]| inside.iter().map(|u| v[*u]).sum::<f64>();
            let (y_h, w_h) = (total(&sums), total(&counts));
            for u in &inside {
                let scale = n / (n - 1.0);
                let (y_r, w_r) = (all - y_h + scale * (y_h - sums[*u]), weight - w_h + scale * (w_h - counts[*u]));
                replicates.push((y_r / w_r, (1.0 - n / stratum.there) * (n - 1.0) / n));
            }
        }
        let centre = replicates.iter().map(|r| r.0).sum::<f64>() / replicates.len().max(1) as f64;
        let variance = replicates.iter().map(|(r, s)| s * (r - centre) * (r - centre)).sum();
        Ok(Estimate { value: all / weight, variance, df: self.degrees_of_freedom() })
    }

    /// Variance of the sum of linearised values z (one for each row):
    /// Σ_h (1 − f_h) n_h/(n_h − 1) Σ_i (z_hi − z̄_h)², and for both stages
    /// + Σ_h f_h Σ_i (1 − m_i/M_i) m_i/(m_i − 1) Σ_j (z_hij − z̄_hi)².
    pub fn variance(&self, z: &[f64], stages: Stages) -> Result<f64, Refusal> {
        self.check("value", z)?;
        let mut sums = vec![0.0; self.units.len()];
        for (u, z) in self.unit_of.iter().zip(z) {
            sums[*u] += z;
        }
        let groups = self.groups(stages)?;
        let grand = sums.iter().sum::<f64>() / sums.len() as f64;
        let mut variance = 0.0;
        for group in &groups {
            let drawn: f64 = group.iter().map(|h| self.strata[*h].drawn).sum();
            let there: f64 = group.iter().map(|h| self.strata[*h].there).sum();
            let correction = if stages == Stages::WithReplacement { 1.0 } else { 1.0 - drawn / there };
            let inside = || self.units.iter().zip(&sums).filter(|(u, _)| group.contains(&u.stratum)).map(|(_, s)| *s);
            if drawn < 2.0 {
                // Taken as a whole (correction 0), or centred at the grand mean as asked.
                variance += correction * inside().map(|s| (s - grand) * (s - grand)).sum::<f64>();
                continue;
            }
            let centre = inside().sum::<f64>() / drawn;
            variance += correction * drawn / (drawn - 1.0) * inside().map(|s| (s - centre) * (s - centre)).sum::<f64>();
        }
        if stages == Stages::Both {
            variance += self.second_stage(z, &sums)?;
        }
        Ok(variance)
    }

    fn second_stage(&self, z: &[f64], sums: &[f64]) -> Result<f64, Refusal> {
        let mut squares = vec![0.0; self.units.len()];
        for (u, z) in self.unit_of.iter().zip(z) {
            let d = z - sums[*u] / self.units[*u].rows as f64;
            squares[*u] += d * d;
        }
        let mut variance = 0.0;
        for (unit, squares) in self.units.iter().zip(squares) {
            let m = unit.rows as f64;
            if m >= unit.parts {
                continue;
            }
            let stratum = &self.strata[unit.stratum];
            if unit.rows < 2 {
                return Err(Refusal::LonelyUnit { stratum: stratum.label });
            }
            variance += stratum.drawn / stratum.there * (1.0 - m / unit.parts) * m / (m - 1.0) * squares;
        }
        Ok(variance)
    }

    /// Strata that are centred together.
    fn groups(&self, stages: Stages) -> Result<Vec<Vec<usize>>, Refusal> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut carried: Vec<usize> = Vec::new();
        for (h, stratum) in self.strata.iter().enumerate() {
            let whole = stages != Stages::WithReplacement && stratum.drawn >= stratum.there;
            if stratum.drawn >= 2.0 || whole {
                let mut group = std::mem::take(&mut carried);
                group.push(h);
                groups.push(group);
                continue;
            }
            match self.lonely {
                Lonely::Refuse => return Err(Refusal::LonelyUnit { stratum: stratum.label }),
                Lonely::GrandMean => groups.push(vec![h]),
                Lonely::Collapse => match groups.last_mut() {
                    Some(group) => group.push(h),
                    None => carried.push(h),
                },
            }
        }
        if !carried.is_empty() {
            groups.push(carried);
        }
        Ok(groups)
    }
}
