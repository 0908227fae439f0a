//! Areas and distances on the sphere that ODK's clients use: radius 6 378 100 m.

use std::borrow::Cow;

const RADIUS_M: f64 = 6_378_100.0;

/// `lat lon [altitude [accuracy]]`.
fn point(text: &str) -> Option<(f64, f64)> {
    let mut parts = text.split_whitespace();
    let lat: f64 = parts.next()?.parse().ok()?;
    let lon: f64 = parts.next()?.parse().ok()?;
    (lat.abs() <= 90.0 && lon.abs() <= 180.0).then_some((lat, lon))
}

/// Points of a trace or shape, or of several points.
fn points(texts: &[Cow<str>]) -> Option<Vec<(f64, f64)>> {
    texts.iter().flat_map(|t| t.split(';')).filter(|p| !p.trim().is_empty()).map(point).collect()
}

/// Metres along the points; NaN where they are none.
pub(super) fn distance_m(texts: &[Cow<str>]) -> f64 {
    let Some(points) = points(texts) else { return f64::NAN };
    let part = |a: (f64, f64), b: (f64, f64)| {
        let (p, q) = (a.0.to_radians(), b.0.to_radians());
        let cosine = p.sin() * q.sin() + p.cos() * q.cos() * (a.1 - b.1).to_radians().cos();
        cosine.clamp(-1.0, 1.0).acos() * RADIUS_M
    };
    hundredths(points.windows(2).map(|w| part(w[0], w[1])).sum())
}

/// Square metres within the points; 0 for fewer than three.
pub(super) fn area_m2(texts: &[Cow<str>]) -> f64 {
    let Some(mut points) = points(texts) else { return f64::NAN };
    if points.len() < 3 {
        return 0.0;
    }
    if points.first() != points.last() {
        points.push(points[0]);
    }
    let part = |a: (f64, f64), b: (f64, f64)| (b.1 - a.1).to_radians() * (2.0 + a.0.to_radians().sin() + b.0.to_radians().sin());
    let sum: f64 = points.windows(2).map(|w| part(w[0], w[1])).sum();
    hundredths((sum * RADIUS_M * RADIUS_M / 2.0).abs())
}

fn hundredths(n: f64) -> f64 {
    (n * 100.0).round() / 100.0
}

/// Whether a point lies within a closed shape (even-odd rule).
pub(super) fn inside(at: &str, shape: &str) -> bool {
    let (Some((y, x)), Some(corners)) = (point(at), points(&[Cow::Borrowed(shape)])) else { return false };
    if corners.len() < 2 || corners.first() != corners.last() {
        return false;
    }
    let crosses = |a: (f64, f64), b: (f64, f64)| (b.0 > y) != (a.0 > y) && x < (a.1 - b.1) * (y - b.0) / (a.0 - b.0) + b.1;
    corners.windows(2).filter(|w| crosses(w[0], w[1])).count() % 2 == 1
}

/// Whether a trace or shape crosses itself; neighbouring parts only touch.
pub(super) fn crosses_itself(line: &str) -> bool {
    let Some(p) = points(&[Cow::Borrowed(line)]) else { return false };
    // Work grows with the square: nobody draws a thousand corners by hand.
    if p.len() > 1_000 {
        return false;
    }
    let side = |a: (f64, f64), b: (f64, f64), c: (f64, f64)| (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0);
    let parts: Vec<_> = p.windows(2).map(|w| (w[0], w[1])).collect();
    parts.iter().enumerate().any(|(n, (a, b))| {
        parts.iter().skip(n + 2).any(|(c, d)| {
            let (p, q) = (side(*a, *b, *c) * side(*a, *b, *d), side(*c, *d, *a) * side(*c, *d, *b));
            p < 0.0 && q < 0.0
        })
    })
}
