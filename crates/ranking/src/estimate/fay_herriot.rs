//! Fay–Herriot: direct estimates of small areas, borrowed strength from covariates.
//!
//! y_i = x_iᵀβ + u_i + e_i, var u = A, var e_i = D_i known (smooth them first where they come from two or three villages). Fay and
//! Herriot, J. Amer. Statist. Assoc. 74 (1979) 269–277; mean squared errors after Prasad and Rao (1990), Datta and Lahiri (2000) and
//! Datta, Rao and Smith (2005), as in Rao and Molina, *Small Area Estimation* (2015), chapter 6. O(m·q²) for m areas and q covariates.

use crate::{
    matrix::{Factor, Square},
    refusal::{Refusal, finite, same_length},
};

/// How A is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Restricted maximum likelihood.
    Reml,
    /// Maximum likelihood.
    Ml,
    /// Fay and Herriot's moments.
    Moments,
}

/// A fit. For maps and planning; publish direct estimates with intervals where anybody is held to account.
#[derive(Debug, Clone, PartialEq)]
pub struct FayHerriot {
    /// Variance between areas beyond the covariates. 0: the data show no differences beyond the covariates, and all estimates
    /// are synthetic.
    pub a: f64,
    /// Coefficients.
    pub beta: Vec<f64>,
    /// Their standard errors.
    pub beta_se: Vec<f64>,
    /// Logarithm of the likelihood.
    pub log_likelihood: f64,
    /// Empirical best linear unbiased predictions; shrunk, hence never to be ranked.
    pub eblup: Vec<f64>,
    /// Their mean squared errors.
    pub mse: Vec<f64>,
    /// Iterations done.
    pub iterations: usize,
}

struct Data<'a> {
    y: &'a [f64],
    x: &'a [Vec<f64>],
    d: &'a [f64],
}

struct State {
    q: Factor,
    inverse: Square,
    beta: Vec<f64>,
    residuals: Vec<f64>,
}

/// Direct estimates `y`, covariates `x` area by area (with the constant 1 if one is wanted), sampling variances `d` > 0.
pub fn fay_herriot(y: &[f64], x: &[Vec<f64>], d: &[f64], method: Method) -> Result<FayHerriot, Refusal> {
    let m = y.len();
    let p = x.first().map_or(0, Vec::len);
    if m == 0 || p == 0 {
        return Err(Refusal::NothingGiven {});
    }
    same_length("covariates", x.len(), m)?;
    same_length("sampling variances", d.len(), m)?;
    finite("estimate", y)?;
    finite("sampling variance", d)?;
    for row in x {
        same_length("covariates", row.len(), p)?;
        finite("covariate", row)?;
    }
    if let Some(index) = d.iter().position(|d| *d <= 0.0) {
        return Err(Refusal::NoStandardError { index, value: d[index] });
    }
    if m < p + 2 {
        return Err(Refusal::TooFew { what: "areas", got: m, needed: p + 2 });
    }
    let data = Data { y, x, d };
    let mut sorted = d.to_vec();
    let mut a = crate::special::quantile(&mut sorted, 0.5);
    let mut iterations = 0;
    loop {
        let state = data.state(a)?;
        let (score, information) = data.score(a, &state, method);
        let next = (a + score / information).max(0.0);
        iterations += 1;
        let done = (next - a).abs() <= 1e-12 * (a + 1e-3 * sorted[0]);
        a = next;
        if done {
            break;
        }
        if iterations >= 500 {
            return Err(Refusal::NoConvergence { what: "the variance between areas", iterations });
        }
    }
    let state = data.state(a)?;
    Ok(data.fit(a, state, method, iterations))
}

impl Data<'_> {
    fn weighted(&self, power: i32, a: f64) -> Square {
        let p = self.x[0].len();
        let mut out = Square::zero(p);
        for (row, d) in self.x.iter().zip(self.d) {
            let v = (a + d).powi(-power);
            for i in 0..p {
                for j in 0..p {
                    out.at[i * p + j] += v * row[i] * row[j];
                }
            }
        }
        out
    }

    fn state(&self, a: f64) -> Result<State, Refusal> {
        let q = self.weighted(1, a).cholesky().map_err(|column| Refusal::DependentColumns { column })?;
        let mut beta = vec![0.0; self.x[0].len()];
        for ((row, y), d) in self.x.iter().zip(self.y).zip(self.d) {
            for (b, x) in beta.iter_mut().zip(row) {
                *b += x * y / (a + d);
            }
        }
        q.solve(&mut beta);
        let fitted = |row: &Vec<f64>| row.iter().zip(&beta).map(|(x, b)| x * b).sum::<f64>();
        let residuals = self.x.iter().zip(self.y).map(|(row, y)| y - fitted(row)).collect();
        Ok(State { inverse: q.inverse(), q, beta, residuals })
    }

    fn sum(&self, a: f64, power: i32) -> f64 {
        self.d.iter().map(|d| (a + d).powi(-power)).sum()
    }

    /// Score and information of A. P = V − VXQXᵀV is never built: tr P = ΣV_i − tr(QXᵀV²X), tr PP = ΣV_i² − 2tr(QXᵀV³X) +
    /// tr((QXᵀV²X)²), and Py = V(y − Xβ).
    fn score(&self, a: f64, state: &State, method: Method) -> (f64, f64) {
        let rows = || state.residuals.iter().zip(self.d);
        let quadratic = |power: i32| rows().map(|(r, d)| r * r * (a + d).powi(-power)).sum::<f64>();
        match method {
            Method::Reml => {
                let two = product(&state.inverse, &self.weighted(2, a));
                let three = product(&state.inverse, &self.weighted(3, a));
                let trace_p = self.sum(a, 1) - trace(&two);
                let trace_pp = self.sum(a, 2) - 2.0 * trace(&three) + trace(&product(&two, &two));
                // yᵀPPy = (Py)ᵀ P-free form: Py = V r, and P y enters squared.
                (-0.5 * trace_p + 0.5 * quadratic(2), 0.5 * trace_pp)
            }
            Method::Ml => (-0.5 * self.sum(a, 1) + 0.5 * quadratic(2), 0.5 * self.sum(a, 2)),
            Method::Moments => {
                let freedom = (self.y.len() - self.x[0].len()) as f64;
                (quadratic(1) - freedom, quadratic(2).max(f64::MIN_POSITIVE))
            }
        }
    }

    fn fit(&self, a: f64, state: State, method: Method, iterations: usize) -> FayHerriot {
        let m = self.y.len() as f64;
        let p = state.beta.len();
        let (one, two) = (self.sum(a, 1), self.sum(a, 2));
        let (variance_of_a, bias) = match method {
            Method::Reml => (2.0 / two, 0.0),
            Method::Ml => (2.0 / two, -trace(&product(&state.inverse, &self.weighted(2, a))) / two),
            Method::Moments => (2.0 * m / (one * one), 2.0 * (m * two - one * one) / (one * one * one)),
        };
        let (mut eblup, mut mse) = (Vec::new(), Vec::new());
        for ((row, d), (r, y)) in self.x.iter().zip(self.d).zip(state.residuals.iter().zip(self.y)) {
            let b = d / (a + d);
            eblup.push(y - b * r);
            let mut qx = row.clone();
            state.q.solve(&mut qx);
            let spread: f64 = row.iter().zip(&qx).map(|(x, q)| x * q).sum();
            let g3 = b * b * variance_of_a / (a + d);
            mse.push(a * b + b * b * spread + 2.0 * g3 - bias * b * b);
        }
        let rows = state.residuals.iter().zip(self.d);
        let log_likelihood = -0.5 * rows.map(|(r, d)| (2.0 * std::f64::consts::PI * (a + d)).ln() + r * r / (a + d)).sum::<f64>();
        FayHerriot {
            a,
            beta_se: (0..p).map(|i| state.inverse.get(i, i).sqrt()).collect(),
            beta: state.beta,
            log_likelihood,
            eblup,
            mse,
            iterations,
        }
    }
}

fn product(a: &Square, b: &Square) -> Square {
    let n = a.n;
    let mut out = Square::zero(n);
    for i in 0..n {
        for j in 0..n {
            out.at[i * n + j] = (0..n).map(|k| a.get(i, k) * b.get(k, j)).sum();
        }
    }
    out
}

fn trace(a: &Square) -> f64 {
    (0..a.n).map(|i| a.get(i, i)).sum()
}
