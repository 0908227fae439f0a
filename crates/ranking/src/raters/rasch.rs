//! The many-facet Rasch model: logit P(pass) = θ_unit − severity_inspector − difficulty_item.

use super::Score;
use super::graph::{connected, counts};
use crate::{matrix::Square, refusal::Refusal};

/// One item looked at; units, inspectors and items are numbered from 0 without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The unit.
    pub unit: usize,
    /// The inspector.
    pub inspector: usize,
    /// The item.
    pub item: usize,
    /// Whether it passed.
    pub pass: bool,
}

/// A fit by joint maximum likelihood, in logits.
#[derive(Debug, Clone, PartialEq)]
pub struct Rasch {
    /// θ of each unit; `None` for units with nothing but passes, or nothing but failures: they have no finite estimate and are to be
    /// listed by name. Joint maximum likelihood spreads θ too far, by about L/(L − 1) with L answers for each unit.
    pub theta: Vec<Option<f64>>,
    /// Severity of each inspector, adding up to zero.
    pub severity: Vec<f64>,
    /// Difficulty of each item, adding up to zero.
    pub difficulty: Vec<f64>,
    /// Log-likelihood.
    pub log_likelihood: f64,
    /// Iterations.
    pub iterations: usize,
}

/// Linacre, *Many-Facet Rasch Measurement* (1989), chapter 4, by Newton's method with units eliminated. Refuses inspectors or items with
/// nothing but passes or failures, and graphs of units with inspectors or items that are not connected.
pub fn rasch(answers: &[Answer]) -> Result<Rasch, Refusal> {
    let as_scores = |item: bool, answers: &[Answer]| -> Vec<Score> {
        let of = |a: &Answer| Score { unit: a.unit, inspector: if item { a.item } else { a.inspector }, score: 0.0 };
        answers.iter().map(of).collect()
    };
    let (units, inspectors) = counts(&as_scores(false, answers))?;
    let (_, items) = counts(&as_scores(true, answers))?;
    let mut passes = vec![(0_usize, 0_usize); units];
    for a in answers {
        passes[a.unit].0 += usize::from(a.pass);
        passes[a.unit].1 += 1;
    }
    let estimable: Vec<bool> = passes.iter().map(|(p, n)| *p > 0 && p < n).collect();
    let kept: Vec<Answer> = answers.iter().filter(|a| estimable[a.unit]).copied().collect();
    let place: Vec<usize> = estimable
        .iter()
        .scan(0, |n, e| {
            let at = *n;
            *n += usize::from(*e);
            Some(at)
        })
        .collect();
    let kept: Vec<Answer> = kept.iter().map(|a| Answer { unit: place[a.unit], ..*a }).collect();
    let m = estimable.iter().filter(|e| **e).count();
    if m == 0 {
        return Err(Refusal::AllPassOrFail { kind: "unit", index: 0 });
    }
    extremes("inspector", inspectors, kept.iter().map(|a| (a.inspector, a.pass)))?;
    extremes("item", items, kept.iter().map(|a| (a.item, a.pass)))?;
    connected(m, inspectors, kept.iter().map(|a| (a.unit, a.inspector)))?;
    connected(m, items, kept.iter().map(|a| (a.unit, a.item)))?;
    let mut at = Parameters { theta: vec![0.0; m], others: vec![0.0; inspectors + items], inspectors };
    let mut value = at.log_likelihood(&kept);
    for iteration in 1..=200 {
        let step = at.step(&kept)?;
        let largest = step.theta.iter().chain(&step.others).fold(0.0_f64, |m, v| m.max(v.abs()));
        let mut scale = 1.0;
        loop {
            let next = at.moved(&step, scale);
            let found = next.log_likelihood(&kept);
            if found >= value - 1e-12 * value.abs() || scale < 1e-6 {
                at = next;
                value = found;
                break;
            }
            scale *= 0.5;
        }
        if largest < 1e-11 {
            let (severity, difficulty) = at.others.split_at(inspectors);
            return Ok(Rasch {
                theta: estimable.iter().enumerate().map(|(u, e)| e.then(|| at.theta[place[u]])).collect(),
                severity: severity.to_vec(),
                difficulty: difficulty.to_vec(),
                log_likelihood: value,
                iterations: iteration,
            });
        }
    }
    Err(Refusal::NoConvergence { what: "the Rasch model", iterations: 200 })
}

fn extremes(kind: &'static str, count: usize, answers: impl Iterator<Item = (usize, bool)>) -> Result<(), Refusal> {
    let mut seen = vec![(0_usize, 0_usize); count];
    for (at, pass) in answers {
        seen[at].0 += usize::from(pass);
        seen[at].1 += 1;
    }
    match seen.iter().position(|(p, n)| *p == 0 || p == n) {
        Some(index) => Err(Refusal::AllPassOrFail { kind, index }),
        None => Ok(()),
    }
}

struct Parameters {
    theta: Vec<f64>,
    /// Severities, then difficulties.
    others: Vec<f64>,
    inspectors: usize,
}

impl Parameters {
    fn logit(&self, a: &Answer) -> f64 {
        self.theta[a.unit] - self.others[a.inspector] - self.others[self.inspectors + a.item]
    }

    fn log_likelihood(&self, answers: &[Answer]) -> f64 {
        // ln P = −ln(1 + e^∓logit), without overflow.
        let one = |v: f64| -(v.max(0.0) + (-v.abs()).exp().ln_1p());
        answers.iter().map(|a| one(if a.pass { -self.logit(a) } else { self.logit(a) })).sum()
    }

    fn moved(&self, step: &Parameters, scale: f64) -> Parameters {
        let add = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + scale * b).collect();
        Parameters { theta: add(&self.theta, &step.theta), others: add(&self.others, &step.others), inspectors: self.inspectors }
    }

    fn step(&self, answers: &[Answer]) -> Result<Parameters, Refusal> {
        let (m, k) = (self.theta.len(), self.others.len());
        let (mut g_theta, mut h_theta) = (vec![0.0; m], vec![0.0; m]);
        let mut g = vec![0.0; k];
        let mut h = Square::zero(k);
        // Weights of each unit with each of the others, for the elimination.
        let mut cross: Vec<Vec<(usize, f64)>> = vec![Vec::new(); m];
        for a in answers {
            let p = 1.0 / (1.0 + (-self.logit(a)).exp());
            let (r, w) = (f64::from(u8::from(a.pass)) - p, p * (1.0 - p));
            g_theta[a.unit] += r;
            h_theta[a.unit] += w;
            let both = [a.inspector, self.inspectors + a.item];
            for one in both {
                g[one] -= r;
                for other in both {
                    h.add(one, other, w);
                }
                match cross[a.unit].iter_mut().find(|c| c.0 == one) {
                    Some(c) => c.1 += w,
                    None => cross[a.unit].push((one, w)),
                }
            }
        }
        for (u, list) in cross.iter().enumerate() {
            for (i, a) in list {
                g[*i] += a * g_theta[u] / h_theta[u];
                for (j, b) in list {
                    h.add(*i, *j, -a * b / h_theta[u]);
                }
            }
        }
        // Sums of severities and of difficulties stay at zero; their directions are otherwise free.
        for (from, to) in [(0, self.inspectors), (self.inspectors, k)] {
            for i in from..to {
                for j in from..to {
                    h.add(i, j, 1.0);
                }
            }
        }
        let factor = h.cholesky().map_err(|column| Refusal::DependentColumns { column })?;
        factor.solve(&mut g);
        let theta = (0..m).map(|u| (g_theta[u] + cross[u].iter().map(|(i, a)| a * g[*i]).sum::<f64>()) / h_theta[u]).collect();
        Ok(Parameters { theta, others: g, inspectors: self.inspectors })
    }
}
