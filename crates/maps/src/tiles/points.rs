//! Points: villages, problems, photos. An index in the order of tiles, thinning, and what lies near.

use std::ops::Range;

use super::encode::{Geometry, GeometryType, LayerWriter, Value};
use super::mercator::{TileSquare, WORLD, WORLD_BITS, world};
use super::{ALL_POINTS_FROM_ZOOM, EXTENT_BITS, POINT_NAMES_FROM_ZOOM, first_that_fits};
use crate::Point;

/// Cells along a side of a tile below [`ALL_POINTS_FROM_ZOOM`], as a power of two: 64, which is 8 pixels of 512.
const CELL_BITS: u32 = 6;
/// A point takes at least this many bytes in a tile; saves encoding tiles that cannot fit.
const POINT_BYTES_MIN: usize = 16;

/// A point to draw.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PointFeature {
    /// The caller's number.
    pub id: i64,
    /// Where, WGS-84.
    pub at: Point,
    /// Which point stands for its cell when not all are drawn: the highest weight, then the lowest id.
    pub weight: i32,
    /// A short word by which a style colours it, left out when empty.
    pub state: String,
    /// A number by which a style colours it.
    pub value: Option<Value>,
    /// Its name, sent from zoom 11, left out when empty.
    pub name: String,
}

/// A point found near another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near<'a> {
    /// The point.
    pub feature: &'a PointFeature,
    /// How far, in metres.
    pub distance_m: f64,
}

/// Points in the order of a space-filling curve (Morton), in which every tile and every cell of a tile is one stretch.
#[derive(Clone, Debug, Default)]
pub struct PointIndex {
    keys: Vec<u64>,
    features: Vec<PointFeature>,
}

impl PointIndex {
    /// Sorts the points; 25,000 take some milliseconds, so a caller builds it again when states change.
    pub fn new(features: Vec<PointFeature>) -> Self {
        let mut keyed: Vec<(u64, PointFeature)> = features.into_iter().map(|f| (key(f.at), f)).collect();
        keyed.sort_by_key(|(key, feature)| (*key, feature.id));
        let (keys, features) = keyed.into_iter().unzip();
        Self { keys, features }
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.features.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.features.is_empty()
    }

    /// All points, in the order of the index.
    pub fn features(&self) -> &[PointFeature] {
        &self.features
    }

    /// The points within a tile.
    pub fn in_tile(&self, z: u8, x: u32, y: u32) -> &[PointFeature] {
        TileSquare::new(z, x, y).map_or(&[], |square| &self.features[self.stretch(square.west, square.north, u32::from(z))])
    }

    /// At most `n` points no farther than `max_m` metres, nearest first: suggestions for what may be the same thing reported twice.
    pub fn nearest(&self, p: Point, max_m: f64, n: usize) -> Vec<Near<'_>> {
        let mut found: Vec<Near<'_>> = self
            .around(p, max_m)
            .into_iter()
            .flat_map(|range| &self.features[range])
            .map(|feature| Near { feature, distance_m: p.distance_m(feature.at) })
            .filter(|near| near.distance_m <= max_m)
            .collect();
        found.sort_by(|a, b| a.distance_m.total_cmp(&b.distance_m).then(a.feature.id.cmp(&b.feature.id)));
        found.truncate(n);
        found
    }

    /// Stretches that hold everything within the distance, and more: the up to four tiles that a box around it touches.
    fn around(&self, p: Point, max_m: f64) -> Vec<Range<usize>> {
        // Mercator enlarges by 1/cos(latitude); half as much again covers its change across the box and the sphere's curve.
        let scale = p.lat().to_radians().cos().max(0.05);
        let reach = (max_m.max(0.0) / 40_075_016.0 / scale * WORLD as f64 * 1.5).ceil() + 2.0;
        if reach.is_nan() || reach > (WORLD / 8) as f64 {
            let everything = 0..self.features.len();
            return vec![everything];
        }
        let reach = reach as i64;
        let bits = WORLD_BITS - (2 * reach as u64).next_power_of_two().ilog2();
        let side = 1_i64 << (WORLD_BITS - bits);
        let (x, y) = world(p);
        let corners = |v: i64| [(v - reach).max(0) / side, (v + reach).min(WORLD - 1) / side];
        let mut tiles: Vec<(i64, i64)> = corners(x).into_iter().flat_map(|tx| corners(y).map(|ty| (tx, ty))).collect();
        tiles.sort_unstable();
        tiles.dedup();
        tiles.into_iter().map(|(tx, ty)| self.stretch(tx * side, ty * side, bits)).collect()
    }

    /// The stretch of a square whose side is the world's divided by 2^bits.
    fn stretch(&self, west: i64, north: i64, bits: u32) -> Range<usize> {
        let first = morton(west, north);
        let last = first | u64::MAX.checked_shr(2 * bits).unwrap_or(0);
        self.keys.partition_point(|k| *k < first)..self.keys.partition_point(|k| *k <= last)
    }

    pub(super) fn encode(&self, name: &str, square: &TileSquare, bytes_max: usize) -> Vec<u8> {
        let range = self.stretch(square.west, square.north, u32::from(square.z));
        let all = square.z >= ALL_POINTS_FROM_ZOOM && range.len() * POINT_BYTES_MIN <= bytes_max;
        let finest = if square.z >= ALL_POINTS_FROM_ZOOM { CELL_BITS + 2 } else { CELL_BITS };
        let attempts = all.then_some(None).into_iter().chain((0..=finest).rev().map(Some));
        first_that_fits(bytes_max, attempts.map(|cell_bits| self.attempt(name, square, range.clone(), cell_bits)))
    }

    /// All points of the tile, or one for each occupied cell.
    fn attempt(&self, name: &str, square: &TileSquare, range: Range<usize>, cell_bits: Option<u32>) -> Vec<u8> {
        let mut layer = LayerWriter::new(name);
        match cell_bits {
            None => range.for_each(|i| self.write(&mut layer, square, i, 1)),
            Some(cell_bits) => {
                let shift = 2 * (WORLD_BITS - u32::from(square.z) - cell_bits);
                let same_cell = |a: &u64, b: &u64| a >> shift == b >> shift;
                let mut start = range.start;
                for cell in self.keys[range].chunk_by(same_cell) {
                    let members = start..start + cell.len();
                    start = members.end;
                    let weight_then_id = |&i: &usize| (self.features[i].weight, std::cmp::Reverse(self.features[i].id));
                    if let Some(i) = members.max_by_key(weight_then_id) {
                        self.write(&mut layer, square, i, cell.len());
                    }
                }
            }
        }
        layer.finish()
    }

    fn write(&self, layer: &mut LayerWriter, square: &TileSquare, i: usize, count: usize) {
        let feature = &self.features[i];
        layer.int("id", feature.id);
        layer.text("state", &feature.state);
        layer.value("value", feature.value);
        if square.z >= POINT_NAMES_FROM_ZOOM {
            layer.text("name", &feature.name);
        }
        if count > 1 {
            layer.int("count", count as i64);
        }
        let (x, y) = world(feature.at);
        // Rounded down, unlike corners of areas: a point on the last unit stays in its tile.
        let at = ((x - square.west) >> square.shift, (y - square.north) >> square.shift);
        debug_assert!(at.0 >> EXTENT_BITS == 0 && at.1 >> EXTENT_BITS == 0);
        layer.feature(GeometryType::Point, &Geometry::point(at));
    }
}

fn key(p: Point) -> u64 {
    let (x, y) = world(p);
    morton(x, y)
}

/// The bits of both numbers in turn, y above x.
fn morton(x: i64, y: i64) -> u64 {
    spread(x as u64) | spread(y as u64) << 1
}

/// Moves bit i to bit 2i.
fn spread(v: u64) -> u64 {
    let mut v = v & 0xffff_ffff;
    v = (v | v << 16) & 0x0000_ffff_0000_ffff;
    v = (v | v << 8) & 0x00ff_00ff_00ff_00ff;
    v = (v | v << 4) & 0x0f0f_0f0f_0f0f_0f0f;
    v = (v | v << 2) & 0x3333_3333_3333_3333;
    (v | v << 1) & 0x5555_5555_5555_5555
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_is_what_a_full_search_finds() {
        // A repeatable scatter over a county.
        let mut state = 7_u64;
        let mut next = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % n
        };
        let features: Vec<PointFeature> = (0..2000)
            .map(|id| PointFeature {
                id,
                at: Point { lon_e7: 1_192_000_000 + next(5_000_000) as i32, lat_e7: 292_000_000 + next(4_000_000) as i32 },
                ..PointFeature::default()
            })
            .collect();
        let index = PointIndex::new(features.clone());
        for max_m in [0.0, 30.0, 500.0, 5_000.0, 3_000_000.0, f64::INFINITY] {
            for probe in features.iter().step_by(97) {
                let p = Point { lon_e7: probe.at.lon_e7 + 1000, lat_e7: probe.at.lat_e7 - 2000 };
                let mut expected: Vec<(f64, i64)> =
                    features.iter().map(|f| (p.distance_m(f.at), f.id)).filter(|(d, _)| *d <= max_m).collect();
                expected.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
                expected.truncate(5);
                let found: Vec<(f64, i64)> = index.nearest(p, max_m, 5).iter().map(|n| (n.distance_m, n.feature.id)).collect();
                assert_eq!(found, expected);
            }
        }
    }

    #[test]
    fn every_point_is_in_exactly_one_tile() {
        let features: Vec<PointFeature> = (0..100)
            .map(|i| PointFeature {
                id: i,
                at: Point::from_degrees(-180.0 + 3.6 * i as f64, -85.0 + 1.7 * i as f64).unwrap(),
                ..PointFeature::default()
            })
            .collect();
        let index = PointIndex::new(features);
        for z in 0..4 {
            let found: usize =
                (0..1 << z).flat_map(|x| (0..1 << z).map(move |y| (x, y))).map(|(x, y)| index.in_tile(z, x, y).len()).sum();
            assert_eq!(found, 100, "zoom {z}");
        }
        assert!(index.in_tile(2, 4, 0).is_empty());
    }
}
