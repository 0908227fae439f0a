//! Probabilities in proportion to size: certainty units, systematic and Pareto sampling.

use serde::{Deserialize, Serialize};

use super::{DrawRefusal, Frame, Seed, uniform_of};

/// A probability as an exact fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fraction {
    /// Above the line.
    pub numerator: u64,
    /// Below the line, not 0.
    pub denominator: u64,
}

impl Fraction {
    /// Certainty.
    pub const ONE: Fraction = Fraction { numerator: 1, denominator: 1 };

    /// In lowest terms.
    pub fn reduced(self) -> Fraction {
        let (mut a, mut b) = (self.numerator, self.denominator);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let common = a.max(1);
        Fraction { numerator: self.numerator / common, denominator: self.denominator / common }
    }

    /// As a double, rounded once if both parts are below 2^53.
    pub fn value(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// The probability of a unit of a second stage: product, in lowest terms; `None` where it does not fit.
    pub fn times(self, inner: Fraction) -> Option<Fraction> {
        let (outer, inner) = (self.reduced(), inner.reduced());
        let a = Fraction { numerator: outer.numerator, denominator: inner.denominator }.reduced();
        let b = Fraction { numerator: inner.numerator, denominator: outer.denominator }.reduced();
        Some(Fraction {
            numerator: a.numerator.checked_mul(b.numerator)?,
            denominator: a.denominator.checked_mul(b.denominator)?,
        })
    }
}

impl std::fmt::Display for Fraction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.numerator == self.denominator { f.write_str("1") } else { write!(f, "{}/{}", self.numerator, self.denominator) }
    }
}

/// Inclusion probabilities in proportion to size.
#[derive(Debug, Clone)]
pub struct Probabilities {
    /// For each unit of the frame, in its order; in lowest terms.
    pub of: Vec<Fraction>,
    /// Places of the units that are taken for certain, in order of id.
    pub certain: Vec<usize>,
    /// Places of the others, in order of id.
    pub rest: Vec<usize>,
    /// How many are drawn from the others.
    pub draws: u64,
    /// Total size of the others.
    pub total: u64,
}

/// π = m·size/T, where units with m·size ≥ T are taken for certain first, again and again with the m and T of the rest.
pub fn probabilities(frame: &Frame, n: u64) -> Result<Probabilities, DrawRefusal> {
    let units = frame.units();
    if n > units.len() as u64 {
        return Err(DrawRefusal::SampleTooLarge { stratum: String::new(), wanted: n, there: units.len() as u64 });
    }
    if let Some(unit) = units.iter().find(|u| u.size == 0) {
        return Err(DrawRefusal::SizeZero { id: unit.id.clone() });
    }
    let sum: u128 = units.iter().map(|u| u128::from(u.size)).sum();
    if sum * u128::from(n.max(1)) > 1 << 53 {
        return Err(DrawRefusal::SizesTooLarge {});
    }
    let (mut total, mut draws) = (sum as u64, n);
    let mut certain = Vec::new();
    let mut rest: Vec<usize> = (0..units.len()).collect();
    loop {
        let (taken, left): (Vec<usize>, Vec<usize>) = rest.iter().partition(|at| draws > 0 && draws * units[**at].size >= total);
        if taken.is_empty() {
            break;
        }
        total -= taken.iter().map(|at| units[*at].size).sum::<u64>();
        draws -= taken.len() as u64;
        certain.extend(taken);
        rest = left;
    }
    certain.sort_unstable();
    let mut of = vec![Fraction::ONE; units.len()];
    for at in &rest {
        of[*at] = Fraction { numerator: draws * units[*at].size, denominator: total }.reduced();
    }
    Ok(Probabilities { of, certain, rest, draws, total })
}

/// Systematic sampling on the units in ticket order (label `sys/order`), start uniform below T (label `sys/start`): unit i is
/// taken if some k has m·S(i−1) ≤ start + k·T < m·S(i), S the running total. Returns the start and the places drawn, certain
/// ones first. Probabilities are exact.
pub fn systematic(seed: &Seed, frame: &Frame, chance: &Probabilities) -> Result<(u64, Vec<usize>), DrawRefusal> {
    let units = frame.units();
    let mut drawn = chance.certain.clone();
    if chance.draws == 0 || chance.rest.is_empty() {
        return Ok((0, drawn));
    }
    let mut order: Vec<([u8; 32], usize)> =
        chance.rest.iter().map(|at| (seed.ticket("sys/order", units[*at].id.as_bytes()), *at)).collect();
    order.sort_unstable();
    let start = seed.below("sys/start", chance.total)?;
    let (m, total) = (u128::from(chance.draws), u128::from(chance.total));
    let (mut before, mut next) = (0_u128, u128::from(start));
    for (_, at) in order {
        let after = before + m * u128::from(units[at].size);
        if next < after {
            drawn.push(at);
            // Without certainty units m·size < T: nobody is met twice.
            next += total;
        }
        before = after;
    }
    Ok((start, drawn))
}

/// Pareto order sampling: q = (u/(1−u)) / (p/(1−p)) with u of the ticket (label `pareto`); the n smallest q, then ids.
/// Certain units first, then in order of q. Anybody can work out his own q; the probabilities hold approximately.
pub fn pareto(seed: &Seed, frame: &Frame, chance: &Probabilities) -> Vec<usize> {
    let units = frame.units();
    let mut order: Vec<(f64, usize)> = chance
        .rest
        .iter()
        .map(|at| {
            let u = uniform_of(&seed.ticket("pareto", units[*at].id.as_bytes()));
            let p = (chance.draws * units[*at].size) as f64 / chance.total as f64;
            ((u / (1.0 - u)) / (p / (1.0 - p)), *at)
        })
        .collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let drawn = order.into_iter().take(chance.draws as usize).map(|(_, at)| at);
    chance.certain.iter().copied().chain(drawn).collect()
}

/// What Pareto sampling's inclusion probabilities really are, to about 1e-9: P(unit i is among the n smallest q) =
/// ∫ f_i(q) P(at most n−1 of the others are below q) dq, the number of the others below being Poisson-binomial (the
/// principle of Aires, Methodol. Comput. Appl. Probab. 1 (1999) 457–469). Cost: `nodes`·N·n; `None` where that exceeds 10^10.
pub fn pareto_probabilities(frame: &Frame, chance: &Probabilities) -> Option<Vec<f64>> {
    let n = chance.draws as usize;
    let mut out = vec![1.0; frame.units().len()];
    if n == 0 || chance.rest.is_empty() {
        for at in &chance.rest {
            out[*at] = 0.0;
        }
        return Some(out);
    }
    let odds: Vec<f64> = chance.rest.iter().map(|at| chance.of[*at].value()).map(|p| p / (1.0 - p)).collect();
    const NODES: usize = 800;
    if NODES as f64 * odds.len() as f64 * n as f64 > 1e10 {
        return None;
    }
    // With s = q/(1+q) in (0, 1), P(Q_i ≤ q) = odds·q/(1 + odds·q). The trapezoid rule after s = logistic(2 sinh t).
    let step = 2.0 * 3.6 / NODES as f64;
    let mut sums = vec![0.0; odds.len()];
    let mut count = vec![0.0; n + 1];
    let mut without = vec![0.0; n];
    for node in 0..=NODES {
        let t = -3.6 + step * node as f64;
        let q = libm::exp(2.0 * libm::sinh(t));
        let slope = 2.0 * libm::cosh(t) * q;
        let below: Vec<f64> = odds.iter().map(|o| o * q / (1.0 + o * q)).collect();
        // Distribution of how many are below q, up to n; the rest of its mass is not needed.
        count.fill(0.0);
        count[0] = 1.0;
        for (seen, f) in below.iter().enumerate() {
            for k in (1..=n.min(seen + 1)).rev() {
                count[k] = count[k] * (1.0 - f) + count[k - 1] * f;
            }
            count[0] *= 1.0 - f;
        }
        // At most n−1 of the others below q means at most n of all.
        if count.iter().sum::<f64>() < 1e-16 {
            continue;
        }
        for ((sum, f), o) in sums.iter_mut().zip(&below).zip(&odds) {
            // Takes one unit out of the count again, from the side where that is stable.
            let few = if *f <= 0.5 {
                let mut last = 0.0;
                for (k, value) in without.iter_mut().enumerate() {
                    last = (count[k] - if k > 0 { last * f } else { 0.0 }) / (1.0 - f);
                    *value = last;
                }
                without.iter().sum::<f64>()
            } else {
                let mut fresh = vec![0.0; n];
                fresh[0] = 1.0;
                for g in below.iter().enumerate().filter(|(j, _)| !std::ptr::eq(&below[*j], f)).map(|(_, g)| g) {
                    for k in (1..n).rev() {
                        fresh[k] = fresh[k] * (1.0 - g) + fresh[k - 1] * g;
                    }
                    fresh[0] *= 1.0 - g;
                }
                fresh.iter().sum::<f64>()
            };
            let density = o / ((1.0 + o * q) * (1.0 + o * q));
            let end = if node == 0 || node == NODES { 0.5 } else { 1.0 };
            *sum += end * step * slope * density * few;
        }
    }
    for (at, sum) in chance.rest.iter().zip(sums) {
        out[*at] = sum.clamp(0.0, 1.0);
    }
    Some(out)
}
