//! Positions and pictures.

use crate::refusal::{Refusal, same_length};

/// Great-circle distance in metres of two points (latitude, longitude) in degrees: haversine on a sphere of radius 6,371,008.8 m.
pub fn great_circle_m(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (la, lb) = (a.0.to_radians(), b.0.to_radians());
    let (dy, dx) = (lb - la, (b.1 - a.1).to_radians());
    let h = (0.5 * dy).sin().powi(2) + la.cos() * lb.cos() * (0.5 * dx).sin().powi(2);
    2.0 * 6_371_008.8 * h.sqrt().min(1.0).asin()
}

/// Difference hash of a picture scaled to 8 rows of 9 grey values: a bit is 1 where the right pixel is brighter; row by row, most
/// significant first.
pub fn dhash(grey: &[[u8; 9]; 8]) -> u64 {
    grey.iter().flat_map(|row| row.windows(2)).fold(0, |hash, w| (hash << 1) | u64::from(w[1] > w[0]))
}

/// Bits in which two hashes differ, of 64. Up to some 6–10 a second look by eye is due.
pub fn hamming(a: u64, b: u64) -> u32 {
    (a ^ b).count_ones()
}

/// Speeds in m/s between positions (seconds, latitude, longitude) in order of time; impossible ones are for the caller's rule. Two positions
/// at one moment give infinity if they differ.
pub fn speeds(times: &[f64], positions: &[(f64, f64)]) -> Result<Vec<f64>, Refusal> {
    same_length("positions", positions.len(), times.len())?;
    crate::refusal::finite("time", times)?;
    let legs = times.windows(2).zip(positions.windows(2));
    Ok(legs
        .map(|(t, p)| {
            let distance = great_circle_m(p[0], p[1]);
            if distance == 0.0 { 0.0 } else { distance / (t[1] - t[0]).abs() }
        })
        .collect())
}
