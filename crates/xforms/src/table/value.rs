//! What a text in a column stands for.

use std::borrow::Cow;

use super::ColumnKind;

/// A place on the earth, WGS-84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Degrees east.
    pub lon: f64,
    /// Degrees north.
    pub lat: f64,
    /// Metres.
    pub altitude: Option<f64>,
    /// Metres.
    pub accuracy: Option<f64>,
}

/// What stands in a column.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// A whole number.
    Integer(i64),
    /// A number, finite.
    Decimal(f64),
    /// A point.
    Point(Position),
    /// A line of at least two points.
    Line(Vec<Position>),
    /// The ring around an area, closed, of at least four points.
    Area(Vec<Position>),
}

/// The value of a text; `None` where it is not of that kind.
pub fn value(kind: ColumnKind, text: &str) -> Option<Value<'_>> {
    let trimmed = text.trim();
    match kind {
        ColumnKind::Text | ColumnKind::File | ColumnKind::Time => Some(Value::Text(text.into())),
        ColumnKind::Chosen => Some(Value::Text(trimmed.into())),
        ColumnKind::Integer => match trimmed.parse() {
            Ok(n) => Some(Value::Integer(n)),
            // Some clients write 3.0.
            Err(_) => number(trimmed).filter(|n| n.fract() == 0.0 && n.abs() < 9e15).map(|n| Value::Integer(n as i64)),
        },
        ColumnKind::Decimal => number(trimmed).map(Value::Decimal),
        ColumnKind::Date => is_date(trimmed.get(..10)?).then(|| Value::Text(trimmed[..10].into())),
        ColumnKind::DateTime => moment(trimmed).map(Value::Text),
        ColumnKind::Point => position(trimmed).map(Value::Point),
        ColumnKind::Line => positions(trimmed).filter(|line| line.len() > 1).map(Value::Line),
        ColumnKind::Area => {
            let mut ring = positions(trimmed)?;
            let (first, last) = (*ring.first()?, *ring.last()?);
            if (first.lon, first.lat) != (last.lon, last.lat) {
                ring.push(first);
            }
            (ring.len() > 3).then_some(Value::Area(ring))
        }
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().filter(|n| n.is_finite())
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10 && bytes.iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() })
}

/// Phones write an offset of whole hours as `+08`; clients want `+08:00`. One without an offset is nobody's moment.
fn moment(text: &str) -> Option<Cow<'_, str>> {
    let (date, time) = text.split_once('T')?;
    if !is_date(date) || !time.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if time.ends_with('Z') {
        return Some(text.into());
    }
    let at = time.rfind(['+', '-'])?;
    match &time.as_bytes()[at + 1..] {
        [_, _, b':', _, _] => Some(text.into()),
        [_, _] => Some(format!("{text}:00").into()),
        [_, _, _, _] if text.is_ascii() => Some(format!("{}:{}", &text[..text.len() - 2], &text[text.len() - 2..]).into()),
        _ => None,
    }
}

/// `latitude longitude altitude accuracy`, the last two if known.
fn position(text: &str) -> Option<Position> {
    let numbers: Vec<f64> = text.split_whitespace().map(number).collect::<Option<_>>()?;
    let (lat, lon) = (*numbers.first()?, *numbers.get(1)?);
    let there = numbers.len() <= 4 && lat.abs() <= 90.0 && lon.abs() <= 180.0;
    there.then(|| Position { lon, lat, altitude: numbers.get(2).copied(), accuracy: numbers.get(3).copied() })
}

fn positions(text: &str) -> Option<Vec<Position>> {
    text.split(';').map(str::trim).filter(|p| !p.is_empty()).map(position).collect()
}
