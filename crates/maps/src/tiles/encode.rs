//! The protobuf of a tile (`vector_tile.proto` 2.1): layer, feature, value, geometry commands.

use std::collections::HashMap;

use super::EXTENT;

/// A number as a property.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A whole number.
    Int(i64),
    /// A measured number; left out when it is not finite.
    Float(f32),
}

/// A property value as it is stored once per layer.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Stored {
    Text(String),
    Int(i64),
    FloatBits(u32),
}

/// Geometry types of the specification.
#[derive(Clone, Copy)]
pub(super) enum GeometryType {
    Point = 1,
    Line = 2,
    Polygon = 3,
}

/// Builds one layer.
pub(super) struct LayerWriter {
    name: String,
    keys: Vec<&'static str>,
    value_index: HashMap<Stored, u32>,
    values: Vec<u8>,
    features: Vec<u8>,
    tags: Vec<u32>,
}

impl LayerWriter {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            keys: Vec::new(),
            value_index: HashMap::new(),
            values: Vec::new(),
            features: Vec::new(),
            tags: Vec::new(),
        }
    }

    /// Sets a property of the feature that [`feature`](Self::feature) will write; an empty text is left out.
    pub fn text(&mut self, key: &'static str, text: &str) {
        if !text.is_empty() {
            self.tag(key, Stored::Text(text.to_owned()));
        }
    }

    /// Sets a whole number.
    pub fn int(&mut self, key: &'static str, number: i64) {
        self.tag(key, Stored::Int(number));
    }

    /// Sets a number, if there is one.
    pub fn value(&mut self, key: &'static str, value: Option<Value>) {
        match value {
            Some(Value::Int(n)) => self.int(key, n),
            Some(Value::Float(n)) if n.is_finite() => self.tag(key, Stored::FloatBits(n.to_bits())),
            Some(Value::Float(_)) | None => {}
        }
    }

    fn tag(&mut self, key: &'static str, stored: Stored) {
        let key_at = self.keys.iter().position(|k| *k == key).unwrap_or_else(|| {
            self.keys.push(key);
            self.keys.len() - 1
        });
        let next = self.value_index.len() as u32;
        let values = &mut self.values;
        let value_at = *self.value_index.entry(stored).or_insert_with_key(|stored| {
            let mut message = Vec::with_capacity(12);
            match stored {
                Stored::Text(text) => bytes_field(&mut message, 1, text.as_bytes()),
                Stored::FloatBits(bits) => {
                    message.push(2 << 3 | 5);
                    message.extend_from_slice(&bits.to_le_bytes());
                }
                Stored::Int(n) => match u64::try_from(*n) {
                    Ok(n) => varint_field(&mut message, 5, n),
                    Err(_) => varint_field(&mut message, 6, (n.wrapping_shl(1) ^ (n >> 63)) as u64),
                },
            }
            bytes_field(values, 4, &message);
            next
        });
        self.tags.extend([key_at as u32, value_at]);
    }

    /// Writes a feature with the properties set since the last; without geometry nothing is written.
    pub fn feature(&mut self, kind: GeometryType, geometry: &Geometry) {
        let tags = std::mem::take(&mut self.tags);
        if geometry.commands.is_empty() {
            return;
        }
        let mut message = Vec::with_capacity(24 + 2 * geometry.commands.len());
        packed_field(&mut message, 2, &tags);
        varint_field(&mut message, 3, kind as u64);
        packed_field(&mut message, 4, &geometry.commands);
        bytes_field(&mut self.features, 2, &message);
    }

    /// The layer as a field of the tile; empty without features, as the specification asks.
    pub fn finish(self) -> Vec<u8> {
        if self.features.is_empty() {
            return Vec::new();
        }
        let mut layer = Vec::with_capacity(self.features.len() + self.values.len() + 64);
        varint_field(&mut layer, 15, 2);
        bytes_field(&mut layer, 1, self.name.as_bytes());
        layer.extend_from_slice(&self.features);
        for key in self.keys {
            bytes_field(&mut layer, 3, key.as_bytes());
        }
        layer.extend_from_slice(&self.values);
        varint_field(&mut layer, 5, u64::from(EXTENT));
        let mut tile = Vec::with_capacity(layer.len() + 8);
        bytes_field(&mut tile, 3, &layer);
        tile
    }
}

/// Geometry commands: MoveTo, LineTo, ClosePath, with coordinates relative to the last.
#[derive(Default)]
pub(super) struct Geometry {
    commands: Vec<u32>,
    cursor: (i64, i64),
}

const MOVE_TO: u32 = 1;
const LINE_TO: u32 = 2;
const CLOSE_PATH: u32 = 7;

impl Geometry {
    pub fn point(at: (i64, i64)) -> Self {
        let mut geometry = Self::default();
        geometry.run(MOVE_TO, &[at]);
        geometry
    }

    /// Adds a line of at least two points.
    pub fn line(&mut self, points: &[(i64, i64)]) {
        self.run(MOVE_TO, &points[..1]);
        self.run(LINE_TO, &points[1..]);
    }

    /// Adds a ring of at least three corners, the first not repeated.
    pub fn ring(&mut self, corners: &[(i64, i64)]) {
        self.line(corners);
        self.commands.push(1 << 3 | CLOSE_PATH);
    }

    fn run(&mut self, command: u32, points: &[(i64, i64)]) {
        self.commands.push((points.len() as u32) << 3 | command);
        for &(x, y) in points {
            for delta in [x - self.cursor.0, y - self.cursor.1] {
                // Coordinates lie within the buffered tile, far inside 32 bits.
                let delta = delta as i32;
                self.commands.push((delta.wrapping_shl(1) ^ (delta >> 31)) as u32);
            }
            self.cursor = (x, y);
        }
    }
}

fn varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn varint_field(out: &mut Vec<u8>, field: u64, n: u64) {
    varint(out, field << 3);
    varint(out, n);
}

fn bytes_field(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn packed_field(out: &mut Vec<u8>, field: u64, numbers: &[u32]) {
    if numbers.is_empty() {
        return;
    }
    let mut packed = Vec::with_capacity(numbers.len() * 2);
    for &n in numbers {
        varint(&mut packed, u64::from(n));
    }
    bytes_field(out, field, &packed);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fixture 002 of @mapbox/mvt-fixtures 4.0.0 (CC0), one point with one property, byte for byte; it has no extent, ours says 4096.
    #[test]
    fn a_published_tile() {
        let mut layer = LayerWriter::new("hello");
        layer.text("hello", "world");
        layer.feature(GeometryType::Point, &Geometry::point((25, 17)));
        let published =
            b"\x78\x02\x0a\x05hello\x12\x0b\x12\x02\x00\x00\x18\x01\x22\x03\x09\x32\x22\x1a\x05hello\x22\x07\x0a\x05world";
        assert_eq!(layer.finish(), [b"\x1a\x29", published.as_slice(), b"\x28\x80\x20"].concat());
    }

    #[test]
    fn a_layer_without_features_is_not_written() {
        let mut layer = LayerWriter::new("empty");
        layer.int("id", 1);
        layer.feature(GeometryType::Polygon, &Geometry::default());
        assert!(layer.finish().is_empty());
    }
}
