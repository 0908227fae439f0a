//! Areas with integer corners: inside or outside, how far, and as an SVG path.
//!
//! Rings are lists of corners without the first repeated at the end; their direction does not matter here.
//! Tests of "inside" are exact (integer arithmetic) and count the border as inside, so that a village on the line belongs to both.

use std::fmt::Write as _;

use crate::{Bounds, Point};

/// One closed line of corners, the first not repeated.
pub type Ring = Vec<Point>;

/// An area in one piece, with holes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Polygon {
    /// The outer border.
    pub exterior: Ring,
    /// Borders of what is cut out.
    pub holes: Vec<Ring>,
}

impl Polygon {
    /// Outer border and holes.
    pub fn rings(&self) -> impl Iterator<Item = &Ring> {
        std::iter::once(&self.exterior).chain(&self.holes)
    }
}

/// The area of a place: one or more pieces (islands, exclaves).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// The pieces.
    pub polygons: Vec<Polygon>,
}

impl Outline {
    /// All borders, outer and inner.
    pub fn rings(&self) -> impl Iterator<Item = &Ring> {
        self.polygons.iter().flat_map(Polygon::rings)
    }

    /// The box around it; `None` when it has no corners.
    pub fn bounds(&self) -> Option<Bounds> {
        Bounds::around(self.rings().flatten().copied())
    }

    /// Whether the point lies inside or on the border.
    pub fn contains(&self, p: Point) -> bool {
        self.polygons.iter().any(|polygon| match side(&polygon.exterior, p) {
            Side::Outside => false,
            Side::Border => true,
            Side::Inside => polygon.holes.iter().all(|hole| side(hole, p) != Side::Inside),
        })
    }

    /// Metres from the point to the area: 0 inside, infinite for an empty outline. For "outside its county by more than 3 km".
    pub fn distance_m(&self, p: Point) -> f64 {
        if self.contains(p) {
            return 0.0;
        }
        // A flat map around the point is exact enough for the few kilometres that matter.
        let metres_per_e7 = 0.011_119_508;
        let lon_scale = p.lat().to_radians().cos() * metres_per_e7;
        let flat = |q: Point| {
            ((f64::from(q.lon_e7) - f64::from(p.lon_e7)) * lon_scale, (f64::from(q.lat_e7) - f64::from(p.lat_e7)) * metres_per_e7)
        };
        self.rings()
            .flat_map(|ring| edges(ring))
            .map(|(a, b)| distance_to_segment_squared((0.0, 0.0), flat(a), flat(b)))
            .fold(f64::INFINITY, f64::min)
            .sqrt()
    }
}

/// Whether the point lies inside the outline or on its border; the same as [`Outline::contains`].
pub fn contains(outline: &Outline, p: Point) -> bool {
    outline.contains(p)
}

/// Path data (`d`) of the outline on a picture `width` pixels wide that shows `bounds` in web-mercator; use `fill-rule="evenodd"`.
///
/// Corners fall on a grid of a quarter pixel, the same for every outline drawn with the same bounds and width, so neighbours
/// meet without gaps. The height of the picture is [`svg_height`]. For a province with many detailed outlines take
/// [`crate::tiles::AreaLayer::svg_paths`], which also simplifies.
pub fn svg_path(outline: &Outline, bounds: Bounds, width: u32) -> String {
    let frame = SvgFrame::new(bounds, width);
    let mut d = String::new();
    for ring in outline.rings() {
        frame.append_ring(&mut d, ring.iter().map(|p| crate::tiles::world(*p)));
    }
    d
}

/// Height in pixels of the picture that [`svg_path`] draws on, at least 1.
pub fn svg_height(bounds: Bounds, width: u32) -> u32 {
    let frame = SvgFrame::new(bounds, width);
    let (_, south) = crate::tiles::world(Point { lon_e7: bounds.west_e7, lat_e7: bounds.south_e7 });
    (((south - frame.north) as f64 * frame.quarters_per_unit / 4.0).round() as u32).max(1)
}

/// Maps world units to quarter pixels.
pub(crate) struct SvgFrame {
    west: i64,
    north: i64,
    quarters_per_unit: f64,
}

impl SvgFrame {
    pub(crate) fn new(bounds: Bounds, width: u32) -> Self {
        let (west, north) = crate::tiles::world(Point { lon_e7: bounds.west_e7, lat_e7: bounds.north_e7 });
        let (east, _) = crate::tiles::world(Point { lon_e7: bounds.east_e7, lat_e7: bounds.south_e7 });
        Self { west, north, quarters_per_unit: f64::from(width) * 4.0 / ((east - west).max(1) as f64) }
    }

    /// World units to a pixel.
    pub(crate) fn units_per_pixel(&self) -> f64 {
        4.0 / self.quarters_per_unit
    }

    /// Adds `M… l… z`; rings that shrink below three corners leave nothing.
    pub(crate) fn append_ring(&self, d: &mut String, corners: impl Iterator<Item = (i64, i64)>) {
        let snap = |v: i64| (v as f64 * self.quarters_per_unit).round() as i64;
        let mut snapped: Vec<(i64, i64)> = corners.map(|(x, y)| (snap(x - self.west), snap(y - self.north))).collect();
        snapped.dedup();
        while snapped.len() > 1 && snapped.first() == snapped.last() {
            snapped.pop();
        }
        if snapped.len() < 3 {
            return;
        }
        let (mut x, mut y) = (0, 0);
        for (i, &(to_x, to_y)) in snapped.iter().enumerate() {
            d.push_str(match i {
                0 => "M",
                1 => "l",
                _ => " ",
            });
            append_quarters(d, to_x - x);
            d.push(' ');
            append_quarters(d, to_y - y);
            (x, y) = (to_x, to_y);
        }
        d.push('z');
    }
}

/// A number of quarters as a decimal without trailing zeros.
fn append_quarters(d: &mut String, quarters: i64) {
    if quarters < 0 {
        d.push('-');
    }
    let n = quarters.unsigned_abs();
    let fraction = match n % 4 {
        0 => "",
        1 => ".25",
        2 => ".5",
        _ => ".75",
    };
    write!(d, "{}{fraction}", n / 4).expect("writing to a string does not fail");
}

#[derive(PartialEq, Eq)]
enum Side {
    Inside,
    Border,
    Outside,
}

fn edges(ring: &[Point]) -> impl Iterator<Item = (Point, Point)> + '_ {
    ring.iter().copied().zip(ring.iter().copied().cycle().skip(1))
}

/// Even-odd rule with a ray to the east.
fn side(ring: &[Point], p: Point) -> Side {
    let mut inside = false;
    for (a, b) in edges(ring) {
        let (low, high) = if a.lat_e7 <= b.lat_e7 { (a, b) } else { (b, a) };
        if p.lat_e7 < low.lat_e7 || p.lat_e7 > high.lat_e7 {
            continue;
        }
        let d = |v: i32, w: i32| i128::from(v) - i128::from(w);
        // Positive: the point lies west of the edge that runs north.
        let cross = d(high.lon_e7, low.lon_e7) * d(p.lat_e7, low.lat_e7) - d(p.lon_e7, low.lon_e7) * d(high.lat_e7, low.lat_e7);
        if cross == 0 && (a.lon_e7.min(b.lon_e7)..=a.lon_e7.max(b.lon_e7)).contains(&p.lon_e7) {
            return Side::Border;
        }
        if cross > 0 && p.lat_e7 < high.lat_e7 {
            inside = !inside;
        }
    }
    if inside { Side::Inside } else { Side::Outside }
}

/// Squared distance of a point to a segment in the plane.
pub(crate) fn distance_to_segment_squared(p: (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length_squared = dx * dx + dy * dy;
    let t = if length_squared > 0.0 { (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length_squared).clamp(0.0, 1.0) } else { 0.0 };
    let (ex, ey) = (p.0 - a.0 - t * dx, p.1 - a.1 - t * dy);
    ex * ex + ey * ey
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(corners: &[(i32, i32)]) -> Ring {
        corners.iter().map(|&(x, y)| Point { lon_e7: 1_200_000_000 + x, lat_e7: 300_000_000 + y }).collect()
    }

    fn at(x: i32, y: i32) -> Point {
        Point { lon_e7: 1_200_000_000 + x, lat_e7: 300_000_000 + y }
    }

    fn square_with_hole() -> Outline {
        Outline {
            polygons: vec![Polygon {
                exterior: ring(&[(0, 0), (100_000, 0), (100_000, 100_000), (0, 100_000)]),
                holes: vec![ring(&[(40_000, 40_000), (60_000, 40_000), (60_000, 60_000), (40_000, 60_000)])],
            }],
        }
    }

    #[test]
    fn inside_border_hole_outside() {
        let outline = square_with_hole();
        assert!(outline.contains(at(10, 10)));
        assert!(outline.contains(at(0, 50_000)), "the border belongs to the area");
        assert!(outline.contains(at(100_000, 100_000)));
        assert!(outline.contains(at(40_000, 50_000)), "so does the border of a hole");
        assert!(!outline.contains(at(50_000, 50_000)));
        assert!(!outline.contains(at(-1, 50_000)));
        assert!(!outline.contains(at(100_001, 0)));
    }

    #[test]
    fn distance_in_metres() {
        let outline = square_with_hole();
        assert_eq!(outline.distance_m(at(10, 10)), 0.0);
        let north = outline.distance_m(at(50_000, 200_000));
        assert!((north - 1112.0).abs() < 2.0, "{north}");
        let east = outline.distance_m(at(200_000, 50_000));
        assert!((east - 1112.0 * 30_f64.to_radians().cos()).abs() < 2.0, "{east}");
        assert_eq!(Outline::default().distance_m(at(0, 0)), f64::INFINITY);
    }

    #[test]
    fn svg() {
        let outline = square_with_hole();
        let bounds = outline.bounds().unwrap();
        assert_eq!(svg_height(bounds, 100), 115);
        assert_eq!(svg_path(&outline, bounds, 100), "M0 115.5l100 0 0 -115.5 -100 0zM40 69.25l20 0 0 -23 -20 0z");
    }
}
