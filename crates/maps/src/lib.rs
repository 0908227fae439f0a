//! Places on paper and on the map: registers of divisions, datums, outlines, vector tiles. Bytes in, values out.
//!
//! * [`register`]: published lists of divisions and outlines → rows and findings. It decides nothing about villages; a caller
//!   turns rows into facts.
//! * [`datum`]: WGS-84 ↔ GCJ-02. Everything this crate hands out is WGS-84; imports are converted at the door.
//! * [`outline`]: areas with integer corners: is a point inside, how far outside, an SVG path for a small printed map.
//! * [`tiles`]: vector tiles (MVT 2.1) of points, areas and lines, and the point index behind them.
//! * [`route`]: in which order to visit places over several days, with a bound on how much shorter it could be; GPX and GeoJSON.
//! * [`fictitious`]: a drawn, invented county from a seed, for demonstrations and tests.
//!
//! Words: a *place* or *division* is a unit of administration, a *point* a position on the earth, an *outline* the area of a place.
//! No files, clock or ambient randomness in here; what is random comes from a seed the caller gives.
//! Positions are integers of 10⁻⁷ degree (about one centimetre) at every public door.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod datum;
pub mod fictitious;
pub mod outline;
mod point;
pub mod register;
pub mod route;
pub mod tiles;

pub use point::{Bounds, Point};
