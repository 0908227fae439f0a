//! Web-mercator on a grid of 2³² by 2³² units, and tiles as squares of it.

use std::f64::consts::PI;

use crate::Point;

/// Bits of a side of the world.
pub(crate) const WORLD_BITS: u32 = 32;

/// Side of the world in units; at the equator a unit is just under one centimetre.
pub(crate) const WORLD: i64 = 1 << WORLD_BITS;

/// The position in world units, x to the east, y to the south, both within `0..WORLD`. Beyond 85° it is moved to the edge.
pub(crate) fn world(p: Point) -> (i64, i64) {
    let x = (i128::from(p.lon_e7) + 1_800_000_000) * i128::from(WORLD) / 3_600_000_000;
    let phi = p.lat().clamp(-85.1, 85.1).to_radians();
    let y = (0.5 - (PI / 4.0 + phi / 2.0).tan().ln() / (2.0 * PI)) * WORLD as f64;
    let inside = |v: i64| v.clamp(0, WORLD - 1);
    (inside(x as i64), inside(y.round() as i64))
}

/// The square of a tile, in world units.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TileSquare {
    /// Zoom level.
    pub z: u8,
    /// West edge.
    pub west: i64,
    /// North edge.
    pub north: i64,
    /// Bits of a world unit within one unit of the tile's own grid.
    pub shift: u32,
}

impl TileSquare {
    /// `None` for a tile that is not on the map or above the highest zoom.
    pub fn new(z: u8, x: u32, y: u32) -> Option<Self> {
        if z > super::ZOOM_MAX || u64::from(x.max(y)) >= 1 << z {
            return None;
        }
        let tile_bits = WORLD_BITS - u32::from(z);
        Some(Self { z, west: i64::from(x) << tile_bits, north: i64::from(y) << tile_bits, shift: tile_bits - super::EXTENT_BITS })
    }

    /// Side in world units.
    pub fn side(&self) -> i64 {
        1 << (self.shift + super::EXTENT_BITS)
    }

    /// World units to the nearest point of the tile's grid; the same for every shape with this corner.
    pub fn snap(&self, (x, y): (i64, i64)) -> (i64, i64) {
        let half = if self.shift == 0 { 0 } else { 1 << (self.shift - 1) };
        ((x - self.west + half) >> self.shift, (y - self.north + half) >> self.shift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_tiles() {
        assert_eq!(world(Point { lon_e7: 0, lat_e7: 0 }), (WORLD / 2, WORLD / 2));
        // Anji lies in tile 10/852/420 (worked out with the slippy-map formula).
        let (x, y) = world(Point::from_degrees(119.68, 30.638).unwrap());
        assert_eq!((x >> 22, y >> 22), (852, 420));
        let square = TileSquare::new(10, 852, 420).unwrap();
        assert!((0..4096).contains(&square.snap((x, y)).0) && (0..4096).contains(&square.snap((x, y)).1));
        assert!(TileSquare::new(1, 2, 0).is_none() && TileSquare::new(21, 0, 0).is_none());
        assert_eq!(world(Point { lon_e7: 1_800_000_000, lat_e7: 900_000_000 }), (WORLD - 1, 0));
    }
}
