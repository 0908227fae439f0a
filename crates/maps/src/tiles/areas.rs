//! Areas: townships, counties, as polygons that meet without gaps.

use std::collections::HashMap;

use super::encode::{Geometry, GeometryType, LayerWriter, Value};
use super::mercator::{TileSquare, world};
use super::topology::Topology;
use super::{BUFFER, EXTENT, TOLERANCE, clip, first_that_fits};
use crate::Bounds;
use crate::outline::{Outline, SvgFrame};

/// Islands of less than this are left out, in tile units squared: a fifth of a pixel of a tile drawn 512 pixels wide.
const ISLAND_MIN: i64 = 12;

/// An area to draw.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AreaFeature {
    /// The caller's number.
    pub id: i64,
    /// Its name, left out when empty.
    pub name: String,
    /// Its level, by which a style draws it (property `level`), left out when empty.
    pub state: String,
    /// A number by which a style colours it.
    pub value: Option<Value>,
    /// The area.
    pub outline: Outline,
}

/// Areas ready to be cut into tiles. Build it once; outlines that are exactly the same along a border share it.
#[derive(Debug)]
pub struct AreaLayer {
    areas: Vec<Area>,
    topology: Topology,
}

#[derive(Debug)]
struct Area {
    id: i64,
    name: String,
    state: String,
    value: Option<Value>,
    /// Rings by number, the outer one first; the largest piece first.
    polygons: Vec<Vec<usize>>,
    west: i64,
    north: i64,
    east: i64,
    south: i64,
}

impl AreaLayer {
    /// Finds the shared borders.
    pub fn new(features: Vec<AreaFeature>) -> Self {
        let mut rings = Vec::new();
        let mut areas = Vec::with_capacity(features.len());
        for feature in features {
            let mut polygons: Vec<Vec<usize>> = Vec::new();
            for polygon in &feature.outline.polygons {
                let first = rings.len();
                rings.extend(polygon.rings().map(|ring| ring.iter().map(|p| world(*p)).collect::<Vec<_>>()));
                polygons.push((first..rings.len()).collect());
            }
            polygons.sort_by_key(|numbers| std::cmp::Reverse(size(&rings[numbers[0]])));
            let corners = || polygons.iter().flatten().flat_map(|&r| &rings[r]);
            areas.push(Area {
                west: corners().map(|p| p.0).min().unwrap_or(i64::MAX),
                east: corners().map(|p| p.0).max().unwrap_or(i64::MIN),
                north: corners().map(|p| p.1).min().unwrap_or(i64::MAX),
                south: corners().map(|p| p.1).max().unwrap_or(i64::MIN),
                id: feature.id,
                name: feature.name,
                state: feature.state,
                value: feature.value,
                polygons,
            });
        }
        Self { areas, topology: Topology::new(rings) }
    }

    /// Gives areas another state and value, by id, without finding borders again; areas that are not named lose theirs.
    pub fn restate(&mut self, by_id: &HashMap<i64, (String, Option<Value>)>) {
        for area in &mut self.areas {
            (area.state, area.value) = by_id.get(&area.id).cloned().unwrap_or_default();
        }
    }

    /// SVG path data of every area, simplified to a third of a pixel, neighbours without gaps; as [`crate::outline::svg_path`].
    pub fn svg_paths(&self, bounds: Bounds, width: u32) -> Vec<(i64, String)> {
        let frame = SvgFrame::new(bounds, width);
        let tolerance = frame.units_per_pixel() / 3.0;
        let path = |area: &Area| {
            let mut d = String::new();
            for &ring in area.polygons.iter().flatten() {
                frame.append_ring(&mut d, self.topology.simplified(ring, tolerance).into_iter());
            }
            d
        };
        self.areas.iter().map(|area| (area.id, path(area))).collect()
    }

    pub(super) fn encode(&self, name: &str, square: &TileSquare, bytes_max: usize) -> Vec<u8> {
        // Half the corners each time; beyond that the map would show nothing useful.
        first_that_fits(bytes_max, (0..6).map(|step| self.attempt(name, square, TOLERANCE * f64::from(1 << step))))
    }

    fn attempt(&self, name: &str, square: &TileSquare, tolerance: f64) -> Vec<u8> {
        let margin = BUFFER << square.shift;
        let tolerance = tolerance * (1_i64 << square.shift) as f64;
        let mut layer = LayerWriter::new(name);
        for area in &self.areas {
            let apart = area.east < square.west - margin
                || area.west > square.west + square.side() + margin
                || area.south < square.north - margin
                || area.north > square.north + square.side() + margin;
            if apart {
                continue;
            }
            let mut geometry = Geometry::default();
            for (i, polygon) in area.polygons.iter().enumerate() {
                self.polygon(&mut geometry, polygon, i == 0, square, tolerance);
            }
            layer.int("id", area.id);
            layer.text("name", &area.name);
            layer.text("level", &area.state);
            layer.value("value", area.value);
            layer.feature(GeometryType::Polygon, &geometry);
        }
        layer.finish()
    }

    fn polygon(&self, geometry: &mut Geometry, rings: &[usize], largest: bool, square: &TileSquare, tolerance: f64) {
        for (i, &ring) in rings.iter().enumerate() {
            let snapped: Vec<_> = self.topology.simplified(ring, tolerance).into_iter().map(|p| square.snap(p)).collect();
            let too_small = self.topology.is_island(ring) && !(largest && i == 0) && size(&snapped) < 2 * ISLAND_MIN;
            let clipped = if too_small || misses(&snapped) { None } else { clip::ring(&snapped) };
            let Some(mut corners) = clipped else {
                // Without its outer ring the rest of the polygon means nothing.
                if i == 0 {
                    return;
                }
                continue;
            };
            let outer = i == 0;
            if (clip::twice_area(&corners) > 0) != outer {
                corners.reverse();
            }
            geometry.ring(&corners);
        }
    }
}

/// Twice the area, without sign.
fn size(ring: &[(i64, i64)]) -> i64 {
    let Some(&(x0, y0)) = ring.first() else { return 0 };
    let next = ring.iter().cycle().skip(1);
    // Relative to the first corner in wide numbers: world units squared do not fit 64 bits when added up.
    let sum: i128 = ring
        .iter()
        .zip(next)
        .map(|(a, b)| i128::from(a.0 - x0) * i128::from(b.1 - y0) - i128::from(b.0 - x0) * i128::from(a.1 - y0))
        .sum();
    i64::try_from(sum.unsigned_abs()).unwrap_or(i64::MAX)
}

/// Whether a ring lies wholly to one side of the buffered tile.
fn misses(ring: &[(i64, i64)]) -> bool {
    let (low, high) = (-BUFFER, i64::from(EXTENT) + BUFFER);
    ring.iter().all(|p| p.0 < low)
        || ring.iter().all(|p| p.0 > high)
        || ring.iter().all(|p| p.1 < low)
        || ring.iter().all(|p| p.1 > high)
}
