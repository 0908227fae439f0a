//! Small dense symmetric matrices: Cholesky factors, solutions, inverses.

/// A square matrix, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Square {
    pub n: usize,
    pub at: Vec<f64>,
}

/// Sum of products in four strands, which a processor adds side by side.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut strands = [0.0; 4];
    let (fours, rest) = (a.len() / 4 * 4, a.len() % 4);
    for (a, b) in a[..fours].chunks_exact(4).zip(b[..fours].chunks_exact(4)) {
        for k in 0..4 {
            strands[k] += a[k] * b[k];
        }
    }
    for k in 0..rest {
        strands[k] += a[fours + k] * b[fours + k];
    }
    (strands[0] + strands[1]) + (strands[2] + strands[3])
}

impl Square {
    pub fn zero(n: usize) -> Square {
        Square { n, at: vec![0.0; n * n] }
    }

    pub fn get(&self, i: usize, j: usize) -> f64 {
        self.at[i * self.n + j]
    }

    pub fn add(&mut self, i: usize, j: usize, value: f64) {
        self.at[i * self.n + j] += value;
    }

    /// Lower factor L with LLᵀ = self; `Err` names the row that depends on those before it (or makes it indefinite).
    pub fn cholesky(&self) -> Result<Factor, usize> {
        let n = self.n;
        let mut l = self.at.clone();
        for i in 0..n {
            for j in 0..=i {
                let (head, tail) = l.split_at(i * n);
                let (row_i, row_j) = (&tail[..n], if i == j { &tail[..n] } else { &head[j * n..(j + 1) * n] });
                let sum = dot(&row_i[..j], &row_j[..j]);
                let rest = self.at[i * n + j] - sum;
                if i == j {
                    if !(rest > 1e-12 * self.at[i * n + i].abs()) {
                        return Err(i);
                    }
                    l[i * n + i] = rest.sqrt();
                } else {
                    l[i * n + j] = rest / l[j * n + j];
                }
            }
        }
        Ok(Factor(Square { n, at: l }))
    }
}

/// The lower factor of a positive definite matrix.
#[derive(Debug, Clone)]
pub(crate) struct Factor(pub Square);

impl Factor {
    /// Solves L x = b in place.
    pub fn forward(&self, b: &mut [f64]) {
        let n = self.0.n;
        for i in 0..n {
            let row = &self.0.at[i * n..i * n + i];
            let sum = dot(row, &b[..i]);
            b[i] = (b[i] - sum) / self.0.get(i, i);
        }
    }

    /// Solves A x = b in place.
    pub fn solve(&self, b: &mut [f64]) {
        self.forward(b);
        let n = self.0.n;
        for i in (0..n).rev() {
            let sum: f64 = (i + 1..n).map(|k| self.0.get(k, i) * b[k]).sum();
            b[i] = (b[i] - sum) / self.0.get(i, i);
        }
    }

    /// The inverse of the whole matrix.
    pub fn inverse(&self) -> Square {
        let n = self.0.n;
        let mut out = Square::zero(n);
        let mut column = vec![0.0; n];
        for j in 0..n {
            column.fill(0.0);
            column[j] = 1.0;
            self.solve(&mut column);
            for (i, v) in column.iter().enumerate() {
                out.at[i * n + j] = *v;
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_and_inverts() {
        let a = Square { n: 3, at: vec![4.0, 2.0, 0.4, 2.0, 5.0, 1.0, 0.4, 1.0, 3.0] };
        let factor = a.cholesky().unwrap();
        let mut x = [1.0, -2.0, 0.5];
        factor.solve(&mut x);
        for (i, b) in [1.0, -2.0, 0.5].iter().enumerate() {
            let back: f64 = (0..3).map(|j| a.get(i, j) * x[j]).sum();
            assert!((back - b).abs() < 1e-12);
        }
        let inverse = factor.inverse();
        let one: f64 = (0..3).map(|j| a.get(1, j) * inverse.get(j, 1)).sum();
        assert!((one - 1.0).abs() < 1e-12);
    }

    #[test]
    fn names_the_dependent_row() {
        let a = Square { n: 2, at: vec![1.0, 2.0, 2.0, 4.0] };
        assert_eq!(a.cholesky().unwrap_err(), 1);
    }
}
