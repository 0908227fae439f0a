//! Minimisation of a smooth convex function over a box: projected L-BFGS (Nocedal 1980; two-metric projection after Bertsekas 1982).

/// Pairs kept; fewer where each is large.
fn memory_of(n: usize) -> usize {
    if n > 50_000 { 3 } else { 6 }
}

/// Bounds of coordinate `j`: at least 0, and at most 1 from `unit_from` on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub unit_from: usize,
}

impl Bounds {
    fn clamp(&self, j: usize, x: f64) -> f64 {
        if j >= self.unit_from { x.clamp(0.0, 1.0) } else { x.max(0.0) }
    }
}

/// Minimises from `x`, at most `steps` evaluations. `evaluate` returns the value and fills the gradient; `curvature` is a positive
/// estimate of the second derivatives. Returns the last value.
pub(crate) fn minimise(
    x: &mut Vec<f64>,
    bounds: Bounds,
    curvature: &[f64],
    steps: usize,
    precision: f64,
    mut evaluate: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> f64 {
    let n = x.len();
    let mut gradient = vec![0.0; n];
    let mut value = evaluate(x, &mut gradient);
    let mut evaluations = 1;
    let mut memory: Vec<(Vec<f64>, Vec<f64>, f64)> = Vec::new();
    let (mut trial, mut trial_gradient) = (vec![0.0; n], vec![0.0; n]);
    let mut stalled = 0;
    while evaluations < steps {
        let bound = |j: usize, x: f64| x <= 0.0 && gradient[j] > 0.0 || j >= bounds.unit_from && x >= 1.0 && gradient[j] < 0.0;
        let free: Vec<bool> = x.iter().enumerate().map(|(j, &x)| !bound(j, x)).collect();
        let mut direction = two_loop(&gradient, &free, curvature, &memory);
        let mut slope: f64 = direction.iter().zip(&gradient).map(|(d, g)| d * g).sum();
        if slope >= 0.0 {
            memory.clear();
            direction = two_loop(&gradient, &free, curvature, &memory);
            slope = direction.iter().zip(&gradient).map(|(d, g)| d * g).sum();
        }
        if slope > -precision * value.abs() * 1e-3 {
            break;
        }
        let mut step = 1.0;
        let accepted = loop {
            for j in 0..n {
                trial[j] = bounds.clamp(j, x[j] + step * direction[j]);
            }
            let trial_value = evaluate(&trial, &mut trial_gradient);
            evaluations += 1;
            let expected: f64 = (0..n).map(|j| gradient[j] * (trial[j] - x[j])).sum();
            if trial_value <= value + 1e-4 * expected {
                break Some(trial_value);
            }
            if evaluations >= steps || step < 1e-4 {
                break None;
            }
            // The minimum of the parabola through what is known, kept within reason.
            let parabola = -expected * step / (2.0 * (trial_value - value - expected)).max(1e-300);
            step = parabola.clamp(0.1 * step, 0.5 * step);
        };
        let Some(trial_value) = accepted else {
            if memory.is_empty() {
                break;
            }
            memory.clear();
            continue;
        };
        let s: Vec<f64> = trial.iter().zip(x.iter()).map(|(a, b)| a - b).collect();
        let y: Vec<f64> = trial_gradient.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let sy: f64 = s.iter().zip(&y).map(|(s, y)| s * y).sum();
        let scale: f64 = y.iter().zip(curvature).map(|(y, c)| y * y / c).sum();
        if sy > 1e-12 * scale.max(1e-300) {
            if memory.len() == memory_of(n) {
                memory.remove(0);
            }
            memory.push((s, y, sy));
        }
        let gain = value - trial_value;
        std::mem::swap(x, &mut trial);
        std::mem::swap(&mut gradient, &mut trial_gradient);
        value = trial_value;
        stalled = if gain < precision * value.abs() { stalled + 1 } else { 0 };
        if stalled >= 3 {
            break;
        }
    }
    value
}

/// −H·gradient on the free coordinates, H the inverse of the remembered curvature.
fn two_loop(gradient: &[f64], free: &[bool], curvature: &[f64], memory: &[(Vec<f64>, Vec<f64>, f64)]) -> Vec<f64> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).zip(free).map(|((a, b), &free)| if free { a * b } else { 0.0 }).sum::<f64>();
    let mut q: Vec<f64> = gradient.iter().zip(free).map(|(&g, &free)| if free { g } else { 0.0 }).collect();
    let mut parts = Vec::with_capacity(memory.len());
    for (s, y, _) in memory.iter().rev() {
        let sy = dot(s, y);
        let part = if sy > 0.0 { dot(s, &q) / sy } else { 0.0 };
        q.iter_mut().zip(y).zip(free).for_each(|((q, y), &free)| *q -= if free { part * y } else { 0.0 });
        parts.push((part, sy));
    }
    let scale = memory.last().map_or(1.0, |(s, y, _)| {
        let yy: f64 = y.iter().zip(curvature).zip(free).map(|((y, c), &free)| if free { y * y / c } else { 0.0 }).sum();
        let sy = dot(s, y);
        if sy > 0.0 && yy > 0.0 { sy / yy } else { 1.0 }
    });
    q.iter_mut().zip(curvature).for_each(|(q, c)| *q *= scale / c);
    for ((s, y, _), (part, sy)) in memory.iter().zip(parts.into_iter().rev()) {
        if sy > 0.0 {
            let beta = dot(y, &q) / sy;
            q.iter_mut().zip(s).zip(free).for_each(|((q, s), &free)| *q += if free { (part - beta) * s } else { 0.0 });
        }
    }
    q.iter_mut().zip(free).for_each(|(q, &free)| *q = if free { -*q } else { 0.0 });
    q
}
