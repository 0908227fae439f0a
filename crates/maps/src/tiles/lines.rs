//! Lines: rivers and roads of a drawn map.

use super::encode::{Geometry, GeometryType, LayerWriter};
use super::mercator::{TileSquare, world};
use super::topology::stays_up_to;
use super::{TOLERANCE, clip, first_that_fits};
use crate::Point;

/// A line to draw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineFeature {
    /// The caller's number.
    pub id: i64,
    /// Its name, left out when empty.
    pub name: String,
    /// A short word by which a style draws it (`river`, `stream`, `road`), left out when empty.
    pub state: String,
    /// Lowest zoom at which it is drawn.
    pub from_zoom: u8,
    /// At least two points.
    pub points: Vec<Point>,
}

/// Lines ready to be cut into tiles.
#[derive(Debug)]
pub struct LineLayer {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    feature: LineFeature,
    points: Vec<(i64, i64)>,
    stays_up_to: Vec<f64>,
}

impl LineLayer {
    /// Works out how far each point matters.
    pub fn new(features: Vec<LineFeature>) -> Self {
        let lines = features
            .into_iter()
            .map(|feature| {
                let points: Vec<_> = feature.points.iter().map(|p| world(*p)).collect();
                Line { stays_up_to: stays_up_to(&points), points, feature }
            })
            .collect();
        Self { lines }
    }

    pub(super) fn encode(&self, name: &str, square: &TileSquare, bytes_max: usize) -> Vec<u8> {
        first_that_fits(bytes_max, (0..6).map(|step| self.attempt(name, square, TOLERANCE * f64::from(1 << step))))
    }

    fn attempt(&self, name: &str, square: &TileSquare, tolerance: f64) -> Vec<u8> {
        let least = (tolerance * (1_i64 << square.shift) as f64).powi(2);
        let mut layer = LayerWriter::new(name);
        for line in self.lines.iter().filter(|l| l.feature.from_zoom <= square.z) {
            let kept = line.points.iter().zip(&line.stays_up_to).filter(|&(_, stays)| *stays >= least);
            let mut snapped: Vec<_> = kept.map(|(p, _)| square.snap(*p)).collect();
            snapped.dedup();
            let mut geometry = Geometry::default();
            for part in clip::line(&snapped) {
                geometry.line(&part);
            }
            layer.int("id", line.feature.id);
            layer.text("name", &line.feature.name);
            layer.text("kind", &line.feature.state);
            layer.feature(GeometryType::Line, &geometry);
        }
        layer.finish()
    }
}
