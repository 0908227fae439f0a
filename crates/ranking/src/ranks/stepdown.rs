//! Step-down critical values by simulation, for independent estimates, exactly and fast.
//!
//! For ε standard normal, (se_j ε_j − se_k ε_k)/√(se_j² + se_k²) ≤ √(max(ε_j, 0)² + min(ε_k, 0)²) (Cauchy and Schwarz). So the
//! largest of all p(p−1) studentized differences is found among the few largest and smallest ε of a draw: pairs are walked in
//! the order of that bound until no pair left could exceed what was found. Pairs already rejected are recognised on the fly;
//! nothing of size p² is kept. The same draws serve all steps, so that the sequence of critical values falls.

use super::{
    Bounds, Draws, Estimates, Normals, Spread,
    counting::{above, bounds, rejected},
};
use crate::{
    refusal::{Refusal, proper},
    special::{normal_quantile, quantile},
};

/// What the step-down came to.
#[derive(Debug, Clone, PartialEq)]
pub struct StepDown {
    /// The critical value of each step; the last is the one that holds.
    pub c: Vec<f64>,
    /// Rank bounds, in the order of input.
    pub bounds: Vec<Bounds>,
    /// Standard error of the last critical value by simulation. A pair whose studentized difference lies nearer to c than some
    /// three of these would come out otherwise with other draws.
    pub c_error: f64,
    /// How many draws.
    pub draws: usize,
}

/// Simultaneous rank sets at `level` by step-down over all ordered pairs: c is the quantile (type 7) of the largest
/// studentized difference over the pairs not yet rejected; again until no pair is rejected anew. At least 100 draws.
pub fn step_down(estimates: &Estimates, level: f64, draws: Draws, spread: &dyn Spread) -> Result<StepDown, Refusal> {
    check(level, draws)?;
    let p = estimates.len();
    // Draws belong to places in sorted order, so that the order of input does not matter.
    let mut order: Vec<usize> = (0..p).collect();
    order.sort_by(|a, b| {
        (estimates.x[*a].total_cmp(&estimates.x[*b])).then(estimates.se[*a].total_cmp(&estimates.se[*b])).then(a.cmp(b))
    });
    let x: Vec<f64> = order.iter().map(|i| estimates.x[*i]).collect();
    let se: Vec<f64> = order.iter().map(|i| estimates.se[*i]).collect();
    let normals = Normals::default();
    let step = |c: f64| {
        draws.each(spread, || {
            let mut search = Search::new(&x, &se, c);
            let (normals, seed) = (&normals, draws.seed);
            move |draw| search.largest(normals.stream(seed, draw))
        })
    };
    let (c, c_error, _) = iterate(level, draws, step, |c| {
        let found = bounds(&x, &se, c);
        (rejected(&found), found)
    })?;
    let last = c.last().copied().unwrap_or(f64::INFINITY);
    Ok(StepDown { bounds: bounds(&estimates.x, &estimates.se, last), c, c_error, draws: draws.count })
}

pub(super) fn check(level: f64, draws: Draws) -> Result<(), Refusal> {
    proper("level", level)?;
    if draws.count < 100 {
        return Err(Refusal::TooFew { what: "draws", got: draws.count, needed: 100 });
    }
    Ok(())
}

/// Steps until nothing is rejected anew.
pub(super) fn iterate<T>(
    level: f64,
    draws: Draws,
    step: impl Fn(f64) -> Vec<f64>,
    count: impl Fn(f64) -> (usize, T),
) -> Result<(Vec<f64>, f64, T), Refusal> {
    let (mut sequence, mut before, mut threshold) = (Vec::new(), 0, f64::INFINITY);
    loop {
        let mut largest = step(threshold);
        let mut c = quantile(&mut largest, level);
        if c == f64::NEG_INFINITY {
            // Every pair is rejected already: nothing is left to be wrong about.
            c = threshold;
        }
        sequence.push(c);
        let (now, found) = count(c);
        if now == before || sequence.len() >= 100 {
            let half = (level * (1.0 - level) / draws.count as f64).sqrt();
            let c_error = 0.5 * (quantile(&mut largest, level + half) - quantile(&mut largest, level - half));
            return Ok((sequence, c_error, found));
        }
        before = now;
        threshold = c;
    }
}

/// Buffers of one worker.
struct Search<'a> {
    x: &'a [f64],
    se: &'a [f64],
    c: f64,
    first: f64,
    e: Vec<f64>,
    high: Vec<(f64, u32)>,
    low: Vec<(f64, u32)>,
}

impl<'a> Search<'a> {
    fn new(x: &'a [f64], se: &'a [f64], c: f64) -> Search<'a> {
        let p = x.len();
        // About six in each tail to begin with.
        let first = if p > 24 { normal_quantile(1.0 - 6.0 / p as f64) } else { 0.0 };
        Search { x, se, c, first, e: vec![0.0; p], high: Vec::new(), low: Vec::new() }
    }

    fn rejected(&self, j: usize, k: usize) -> bool {
        self.c.is_finite() && above((self.x[j], self.se[j]), (self.x[k], self.se[k]), self.c)
    }

    fn value(&self, j: usize, k: usize) -> f64 {
        let (a, b) = (self.se[j], self.se[k]);
        (a * self.e[j] - b * self.e[k]) / (a * a + b * b).sqrt()
    }

    fn largest(&mut self, mut stream: super::normals::Stream<'_>) -> f64 {
        for e in &mut self.e {
            *e = stream.normal();
        }
        let mut threshold = self.first;
        let mut best = f64::NEG_INFINITY;
        loop {
            self.tails(threshold);
            best = self.walk(best);
            let top = self.high.first().map_or(threshold, |h| h.0).max(self.low.first().map_or(threshold, |l| l.0));
            // Whatever lies outside of the lists, or on one side of 0 with its partner, is below this.
            if best > 0.0 && (top * top + threshold * threshold) * SLACK <= best * best {
                return best;
            }
            if threshold <= 0.0 {
                break;
            }
            threshold = if threshold > 0.6 { threshold - 0.5 } else { 0.0 };
        }
        // Seldom: nearly all pairs rejected, or very few units.
        for j in 0..self.x.len() {
            for k in 0..self.x.len() {
                if j != k && !self.rejected(j, k) {
                    best = best.max(self.value(j, k));
                }
            }
        }
        best
    }

    fn tails(&mut self, threshold: f64) {
        self.high.clear();
        self.low.clear();
        for (at, e) in self.e.iter().enumerate() {
            if e.abs() > threshold {
                if *e > 0.0 { self.high.push((*e, at as u32)) } else { self.low.push((-e, at as u32)) }
            }
        }
        let order = |a: &(f64, u32), b: &(f64, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        self.high.sort_unstable_by(order);
        self.low.sort_unstable_by(order);
    }

    fn walk(&self, mut best: f64) -> f64 {
        let Some(lowest) = self.low.first() else { return best };
        for (up, j) in &self.high {
            if best > 0.0 && (up * up + lowest.0 * lowest.0) * SLACK <= best * best {
                break;
            }
            for (down, k) in &self.low {
                if best > 0.0 && (up * up + down * down) * SLACK <= best * best {
                    break;
                }
                if !self.rejected(*j as usize, *k as usize) {
                    best = best.max(self.value(*j as usize, *k as usize));
                }
            }
        }
        best
    }
}

/// Bounds and values are rounded apart; a pair is passed over only if it is surely smaller.
const SLACK: f64 = 1.0 + 1e-13;

#[cfg(test)]
mod tests {
    use super::*;

    /// The fast search finds exactly the largest of all pairs.
    #[test]
    fn equals_brute_force() {
        let normals = Normals::default();
        let mut source = normals.stream(7, 0);
        for p in [2, 3, 5, 30, 150] {
            for spread in [0.0, 2.0, 40.0] {
                let mut x: Vec<f64> = (0..p).map(|_| spread * source.normal()).collect();
                x.sort_by(f64::total_cmp);
                let se: Vec<f64> = (0..p).map(|_| 0.2 + 2.0 * source.uniform()).collect();
                for c in [f64::INFINITY, 3.5, 1.0] {
                    let mut search = Search::new(&x, &se, c);
                    for draw in 0..12 {
                        let fast = search.largest(normals.stream(3, draw));
                        let mut slow = f64::NEG_INFINITY;
                        for j in 0..p {
                            for k in (0..p).filter(|k| *k != j) {
                                if !search.rejected(j, k) {
                                    slow = slow.max(search.value(j, k));
                                }
                            }
                        }
                        assert_eq!(fast, slow, "p {p}, spread {spread}, c {c}, draw {draw}");
                    }
                }
            }
        }
    }
}
