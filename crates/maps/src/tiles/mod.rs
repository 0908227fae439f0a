//! Vector tiles (Mapbox Vector Tile 2.1): points, areas and lines as layers of protobuf, for MapLibre, OpenLayers and GDAL.
//!
//! * The grid of a tile is 4096 by 4096. Every corner is moved to that grid by the same rule *before* clipping, and borders are
//!   simplified once per shared stretch, not once per area: neighbours that share corners in the source share them in every tile.
//! * Areas and lines reach 64 units beyond the tile; points belong to exactly one tile (MapLibre drops others anyway).
//! * A tile is at most [`TILE_BYTES_MAX`]. Areas take a coarser simplification until they fit in what is left, then points thin out.
//!   Below zoom 9 one point stands for each occupied cell of a 64 by 64 grid, with `count`; from there on every point is drawn unless
//!   the tile would grow too large. Names of points are sent from zoom 11.
//! * Features carry their id as the property `id` (use `promoteId: 'id'` in MapLibre). The protobuf id stays unset: it cannot hold a
//!   negative number, and sending both would cost a fifth of the tile.
//!
//! The protobuf is written here, in [`encode`](self): it is five messages, and the crates looked at do not fit. `mvt` 0.15 takes floats and
//! rounds them itself, after the fact for our shared grid; `geozero` 0.15 gives the generated structs, so a tile would exist twice in
//! memory and bring `prost`. The tests decode every tile with a decoder of others (`mvt-reader`).

mod areas;
mod clip;
mod encode;
mod lines;
mod mercator;
mod points;
mod topology;

pub use areas::{AreaFeature, AreaLayer};
pub use encode::Value;
pub use lines::{LineFeature, LineLayer};
pub(crate) use mercator::world;
pub use points::{Near, PointFeature, PointIndex};

use mercator::TileSquare;

/// Side of a tile in its own units.
pub const EXTENT: u32 = 1 << EXTENT_BITS;
/// Largest size of a tile in bytes, not compressed.
pub const TILE_BYTES_MAX: usize = 150_000;
/// Highest zoom that has tiles; clients enlarge beyond it.
pub const ZOOM_MAX: u8 = 20;
/// Names of points are sent from this zoom on.
pub const POINT_NAMES_FROM_ZOOM: u8 = 11;
/// Below this zoom a point stands for its cell.
pub const ALL_POINTS_FROM_ZOOM: u8 = 9;

const EXTENT_BITS: u32 = 12;
/// How far areas and lines reach beyond the tile, in tile units.
const BUFFER: i64 = 64;
/// Corners nearer to the simplified line than this are left out: 4 units are half a pixel of a tile drawn 512 pixels wide.
const TOLERANCE: f64 = 4.0;

/// A layer of a tile.
#[derive(Clone, Copy, Debug)]
pub struct LayerData<'a> {
    /// Name of the layer, by which a style refers to it.
    pub name: &'a str,
    /// What it shows.
    pub content: LayerContent<'a>,
}

/// What a layer shows.
#[derive(Clone, Copy, Debug)]
pub enum LayerContent<'a> {
    /// Places as points.
    Points(&'a PointIndex),
    /// Places as areas.
    Areas(&'a AreaLayer),
    /// Rivers, roads.
    Lines(&'a LineLayer),
}

/// The tile's bytes; empty when nothing lies in it, or when there is no such tile.
pub fn tile(z: u8, x: u32, y: u32, layers: &[LayerData<'_>]) -> Vec<u8> {
    let Some(square) = TileSquare::new(z, x, y) else { return Vec::new() };
    let mut left = TILE_BYTES_MAX;
    let mut encoded: Vec<Vec<u8>> = vec![Vec::new(); layers.len()];
    // Points come last: they can be thinned to any size.
    let points_last =
        |point: bool| layers.iter().enumerate().filter(move |(_, l)| matches!(l.content, LayerContent::Points(_)) == point);
    for (i, layer) in points_last(false).chain(points_last(true)) {
        let bytes = match layer.content {
            LayerContent::Points(index) => index.encode(layer.name, &square, left),
            LayerContent::Areas(areas) => areas.encode(layer.name, &square, left),
            LayerContent::Lines(lines) => lines.encode(layer.name, &square, left),
        };
        left = left.saturating_sub(bytes.len());
        encoded[i] = bytes;
    }
    encoded.concat()
}

/// Tries finer results first and takes the first that fits; an empty layer if none does.
fn first_that_fits(bytes_max: usize, attempts: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    attempts.into_iter().find(|bytes| bytes.len() <= bytes_max).unwrap_or_default()
}
