//! Outlines as GeoJSON (RFC 7946, Polygon and MultiPolygon; a FeatureCollection or one Feature).

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

use super::finding::{Findings, Spot};
use super::names;
use super::{DivisionCode, Options, OutlineRow, Reason, RegisterFile};
use crate::Point;
use crate::datum::Datum;
use crate::outline::{Outline, Polygon, Ring};

#[derive(Deserialize)]
struct Collection<'a> {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(borrow, default)]
    features: Vec<&'a RawValue>,
    /// Not in the RFC; some files say it.
    #[serde(default)]
    datum: Option<String>,
}

#[derive(Deserialize)]
struct Feature {
    #[serde(default)]
    id: Option<serde_json::Value>,
    #[serde(default)]
    properties: Option<serde_json::Map<String, serde_json::Value>>,
    geometry: Option<Geometry>,
}

#[derive(Deserialize)]
struct Geometry {
    #[serde(rename = "type")]
    kind: String,
    coordinates: Box<RawValue>,
}

/// A position of two numbers or more; what follows the second (height) is passed over.
struct Position(f64, f64);

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TwoOrMore;
        impl<'de> Visitor<'de> for TwoOrMore {
            type Value = Position;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("longitude and latitude")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Position, A::Error> {
                let missing = |i| serde::de::Error::invalid_length(i, &self);
                let lon = seq.next_element()?.ok_or_else(|| missing(0))?;
                let lat = seq.next_element()?.ok_or_else(|| missing(1))?;
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Position(lon, lat))
            }
        }
        deserializer.deserialize_seq(TwoOrMore)
    }
}

type Rings = Vec<Vec<Position>>;

pub(super) fn read(text: &str, options: &Options, findings: &mut Findings) -> Result<(RegisterFile, Option<Datum>), Reason> {
    let bad_json = |e: serde_json::Error| Reason::BadJson { line: e.line() as u64, column: e.column() as u64 };
    let mut collection: Collection = serde_json::from_str(text).map_err(bad_json)?;
    // One feature alone is a collection of one.
    if collection.kind == "Feature" {
        collection.features = vec![serde_json::from_str(text).map_err(bad_json)?];
        collection.kind = "FeatureCollection".to_owned();
    }
    if collection.kind != "FeatureCollection" {
        return Err(Reason::UnknownHeader { header: names::shorten(text.trim_start()) });
    }
    if collection.features.len() > options.limits.rows_max {
        return Err(Reason::TooManyRows { limit: options.limits.rows_max });
    }
    let datum = options
        .datum
        .or_else(|| Datum::from_code(&collection.datum?.to_ascii_lowercase()))
        .unwrap_or(if findings.file().to_ascii_lowercase().contains("gcj02") { Datum::Gcj02 } else { Datum::Wgs84 });

    let mut rows = Vec::with_capacity(collection.features.len());
    let (mut line, mut counted) = (1, 0);
    for (i, raw) in collection.features.iter().enumerate() {
        // The feature is a part of the text, so its address tells its line.
        let start = (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len());
        line += text.as_bytes()[counted.min(start)..start].iter().filter(|&&b| b == b'\n').count() as u64;
        counted = start;
        if let Some(row) = feature(raw, line, i + 1, datum, findings) {
            rows.push(row);
        }
    }
    Ok((RegisterFile::Outlines(rows), Some(datum)))
}

fn feature(raw: &RawValue, line: u64, number: usize, datum: Datum, findings: &mut Findings) -> Option<OutlineRow> {
    let spot = |field| Spot { line, column: None, field: Some(field) };
    let shown = format!("#{number} {}", raw.get());
    let Some((feature, polygons)) =
        serde_json::from_str::<Feature>(raw.get()).ok().and_then(|f| f.geometry.as_ref().and_then(polygons).map(|p| (f, p)))
    else {
        findings.reject(spot("geometry"), Reason::BadGeometry, &shown);
        return None;
    };
    let property = |key: &str| -> Option<String> {
        match feature.properties.as_ref()?.get(key)? {
            serde_json::Value::String(s) => Some(s.trim().to_owned()),
            serde_json::Value::Number(n) => Some(n.to_string()),
            _ => None,
        }
    };
    let id = || match feature.id.as_ref()? {
        serde_json::Value::String(s) => Some(s.clone()),
        serde_json::Value::Number(n) => Some(n.to_string()),
        _ => None,
    };
    let code = ["code", "adcode", "gb"]
        .into_iter()
        .filter_map(property)
        .chain(id())
        .find_map(|digits| DivisionCode::parse(digits.strip_prefix("156").filter(|rest| rest.len() == 6).unwrap_or(&digits)));
    if code.is_none() {
        findings.doubt(spot("code"), Reason::OutlineWithoutCode, &shown);
    }
    let name = property("name").filter(|name| !name.is_empty());
    if let Some(Err(reason)) = name.as_deref().map(names::check) {
        findings.reject(spot("name"), reason, name.as_deref().unwrap_or_default());
        return None;
    }

    let mut outline = Outline::default();
    let mut open = false;
    for rings in polygons {
        let mut corners = Vec::with_capacity(rings.len());
        for ring in rings {
            match ring_of(&ring, datum, &mut open) {
                Ok(ring) => corners.push(ring),
                Err(reason) => {
                    findings.reject(spot("geometry"), reason, &shown);
                    return None;
                }
            }
        }
        let mut corners = corners.into_iter();
        if let Some(exterior) = corners.next() {
            outline.polygons.push(Polygon { exterior, holes: corners.collect() });
        }
    }
    if outline.polygons.is_empty() {
        findings.reject(spot("geometry"), Reason::BadGeometry, &shown);
        return None;
    }
    if open {
        findings.doubt(spot("geometry"), Reason::OpenRing, &shown);
    }
    Some(OutlineRow { line, feature: number, code, name, outline })
}

fn polygons(geometry: &Geometry) -> Option<Vec<Rings>> {
    let coordinates = geometry.coordinates.get();
    match geometry.kind.as_str() {
        "Polygon" => serde_json::from_str(coordinates).ok().map(|rings| vec![rings]),
        "MultiPolygon" => serde_json::from_str(coordinates).ok(),
        _ => None,
    }
}

/// A ring without its repeated last corner.
fn ring_of(positions: &[Position], datum: Datum, open: &mut bool) -> Result<Ring, Reason> {
    let mut ring = Vec::with_capacity(positions.len());
    for &Position(lon, lat) in positions {
        let p = Point::from_degrees(lon, lat).ok_or(Reason::PointOutsideRange)?;
        ring.push(datum.to_wgs84(p));
    }
    if ring.len() > 1 && ring.first() == ring.last() {
        ring.pop();
    } else {
        *open = true;
    }
    ring.dedup();
    if ring.len() < 3 { Err(Reason::BadGeometry) } else { Ok(ring) }
}
