//! Datums: WGS-84, GCJ-02, CGCS2000, and the way between them.
//!
//! Consumer maps in China carry GCJ-02, which lies 100 to 700 m beside WGS-84. The formula is public (first published as
//! `eviltransform`, the same constants in npm `gcoord` 1.0.7, against which the tests compare). It is applied in a box around China;
//! outside that box GCJ-02 equals WGS-84. The box also holds parts of neighbouring countries, where consumer maps disagree among
//! themselves; this crate follows the box.
//!
//! CGCS2000 and WGS-84 differ by centimetres to decimetres at the epoch of village data and count as equal here.

use std::f64::consts::PI;

use crate::Point;

/// Which coordinates a file gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Datum {
    /// GPS and phones.
    Wgs84,
    /// Official surveying; equal to WGS-84 at this scale.
    Cgcs2000,
    /// Chinese consumer maps.
    Gcj02,
}

impl Datum {
    /// Machine word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Wgs84 => "wgs84",
            Self::Cgcs2000 => "cgcs2000",
            Self::Gcj02 => "gcj02",
        }
    }

    /// The datum of this machine word.
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Wgs84, Self::Cgcs2000, Self::Gcj02].into_iter().find(|d| d.code() == code)
    }

    /// A point given in this datum, as WGS-84.
    pub fn to_wgs84(self, p: Point) -> Point {
        match self {
            Self::Wgs84 | Self::Cgcs2000 => p,
            Self::Gcj02 => gcj02_to_wgs84(p),
        }
    }

    /// A WGS-84 point in this datum.
    pub fn from_wgs84(self, p: Point) -> Point {
        match self {
            Self::Wgs84 | Self::Cgcs2000 => p,
            Self::Gcj02 => wgs84_to_gcj02(p),
        }
    }
}

/// Semi-major axis and squared eccentricity of the Krasovsky 1940 ellipsoid, which the published formula uses.
const SEMI_MAJOR_AXIS_M: f64 = 6_378_245.0;
const ECCENTRICITY_SQUARED: f64 = 0.006_693_421_622_965_823;

/// GCJ-02 of a WGS-84 position; the same position outside the box around China.
pub fn wgs84_to_gcj02(p: Point) -> Point {
    if !in_box(p) {
        return p;
    }
    let (lon, lat) = (p.lon(), p.lat());
    let (d_lon, d_lat) = shift(lon, lat);
    Point::from_degrees(lon + d_lon, lat + d_lat).unwrap_or(p)
}

/// WGS-84 of a GCJ-02 position, by fixed-point iteration: the shift changes by about 1/1000 of the distance moved, so each round
/// gains some three digits and a handful suffices for 10⁻⁷ degree (1 cm).
pub fn gcj02_to_wgs84(p: Point) -> Point {
    if !in_box(p) {
        return p;
    }
    let (lon, lat) = (p.lon(), p.lat());
    let (mut w_lon, mut w_lat) = (lon, lat);
    for _ in 0..16 {
        let (d_lon, d_lat) = shift(w_lon, w_lat);
        let (off_lon, off_lat) = (w_lon + d_lon - lon, w_lat + d_lat - lat);
        w_lon -= off_lon;
        w_lat -= off_lat;
        if off_lon.abs() < 1e-9 && off_lat.abs() < 1e-9 {
            break;
        }
    }
    Point::from_degrees(w_lon, w_lat).unwrap_or(p)
}

fn in_box(p: Point) -> bool {
    (720_040_000..=1_378_347_000).contains(&p.lon_e7) && (8_293_000..=558_271_000).contains(&p.lat_e7)
}

/// What the formula adds, in degrees.
fn shift(lon: f64, lat: f64) -> (f64, f64) {
    let (x, y) = (lon - 105.0, lat - 35.0);
    let waves = (20.0 * (6.0 * x * PI).sin() + 20.0 * (2.0 * x * PI).sin()) * 2.0 / 3.0;
    let east_m = 300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * x.abs().sqrt()
        + waves
        + (20.0 * (x * PI).sin() + 40.0 * (x / 3.0 * PI).sin()) * 2.0 / 3.0
        + (150.0 * (x / 12.0 * PI).sin() + 300.0 * (x / 30.0 * PI).sin()) * 2.0 / 3.0;
    let north_m = -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * x.abs().sqrt()
        + waves
        + (20.0 * (y * PI).sin() + 40.0 * (y / 3.0 * PI).sin()) * 2.0 / 3.0
        + (160.0 * (y / 12.0 * PI).sin() + 320.0 * (y / 30.0 * PI).sin()) * 2.0 / 3.0;
    let phi = lat.to_radians();
    let w2 = 1.0 - ECCENTRICITY_SQUARED * phi.sin() * phi.sin();
    let w = w2.sqrt();
    let metres_per_degree_lon = SEMI_MAJOR_AXIS_M / w * phi.cos() * PI / 180.0;
    let metres_per_degree_lat = SEMI_MAJOR_AXIS_M * (1.0 - ECCENTRICITY_SQUARED) / (w2 * w) * PI / 180.0;
    (east_m / metres_per_degree_lon, north_m / metres_per_degree_lat)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> Vec<(Point, Point, Point)> {
        include_str!("../fixtures/gcoord-1.0.7.csv")
            .lines()
            .filter(|l| !l.starts_with(['#', 'l']))
            .map(|l| {
                let n: Vec<f64> = l.split(',').map(|v| v.parse().unwrap()).collect();
                let p = |i: usize| Point::from_degrees(n[i], n[i + 1]).unwrap();
                (p(0), p(2), p(4))
            })
            .collect()
    }

    #[test]
    fn agrees_with_gcoord() {
        let vectors = vectors();
        assert_eq!(vectors.len(), 22);
        for (p, as_gcj, from_gcj) in vectors {
            let ours = wgs84_to_gcj02(p);
            assert!(
                (ours.lon_e7 - as_gcj.lon_e7).abs() <= 1 && (ours.lat_e7 - as_gcj.lat_e7).abs() <= 1,
                "{p:?} {ours:?} {as_gcj:?}"
            );
            // gcoord stops at 1e-6 degree (0.1 m), this crate goes on.
            assert!(gcj02_to_wgs84(p).distance_m(from_gcj) < 0.2, "{p:?}");
        }
    }

    #[test]
    fn there_and_back_is_the_same_place() {
        let mut worst: f64 = 0.0;
        for lon in (730..1370).step_by(7) {
            for lat in (20..550).step_by(7) {
                let p = Point { lon_e7: lon * 1_000_000 + 12_345, lat_e7: lat * 1_000_000 + 6_789 };
                worst = worst
                    .max(gcj02_to_wgs84(wgs84_to_gcj02(p)).distance_m(p))
                    .max(wgs84_to_gcj02(gcj02_to_wgs84(p)).distance_m(p));
            }
        }
        println!("largest there-and-back error: {worst:.4} m");
        assert!(worst < 0.1);
    }

    #[test]
    fn nothing_moves_outside_china_or_for_cgcs2000() {
        let sydney = Point::from_degrees(151.2093, -33.8688).unwrap();
        assert_eq!(Datum::Gcj02.to_wgs84(sydney), sydney);
        let anji = Point::from_degrees(119.68, 30.638).unwrap();
        assert_eq!(Datum::Cgcs2000.to_wgs84(anji), anji);
        assert!(Datum::Gcj02.to_wgs84(anji).distance_m(anji) > 300.0);
        assert_eq!(Datum::from_code("gcj02"), Some(Datum::Gcj02));
    }
}
