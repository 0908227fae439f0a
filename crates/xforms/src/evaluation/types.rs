//! Values and their types.

use crate::{
    form::DataType,
    xpath::{number_text, parse_moment, text_number},
};

/// Whether a value, not empty and trimmed, is of its type.
pub fn fits_type(data_type: DataType, value: &str) -> bool {
    match data_type {
        DataType::Text | DataType::Barcode | DataType::Intent | DataType::Binary => true,
        DataType::SelectOne | DataType::Select | DataType::Rank => true,
        DataType::Integer => {
            let digits = value.strip_prefix('-').unwrap_or(value);
            !digits.is_empty() && digits.len() <= 18 && digits.bytes().all(|b| b.is_ascii_digit())
        }
        DataType::Decimal => text_number(value).is_finite(),
        DataType::Boolean => matches!(value, "0" | "1" | "true" | "false"),
        DataType::Date | DataType::DateTime => super::is_moment(value),
        // A day of no meaning makes a time a date and time.
        DataType::Time => super::is_moment(&format!("1970-01-01T{value}")),
        DataType::Geopoint => is_point(value),
        DataType::Geotrace => is_line(value),
        DataType::Geoshape => is_line(value),
    }
}

fn is_point(value: &str) -> bool {
    let numbers: Vec<f64> = value.split_whitespace().map(|p| p.parse().unwrap_or(f64::NAN)).collect();
    (2..=4).contains(&numbers.len())
        && numbers.iter().all(|n| n.is_finite())
        && numbers[0].abs() <= 90.0
        && numbers[1].abs() <= 180.0
}

fn is_line(value: &str) -> bool {
    value.split(';').filter(|p| !p.trim().is_empty()).all(is_point)
}

/// What a client stores where an expression gives this text: whole numbers are cut off, dates lose their time.
pub(super) fn as_type(data_type: DataType, text: String) -> String {
    match data_type {
        DataType::Integer => {
            let n = text_number(&text);
            if n.is_finite() { number_text(n.trunc()) } else { text }
        }
        DataType::Date => match text.split_once('T') {
            Some((day, _)) if super::is_moment(&text) => day.to_owned(),
            _ => text,
        },
        _ => text,
    }
}

/// Whether a sent and a recomputed value mean the same: clients write numbers, truth and moments in several ways.
pub(super) fn same(data_type: DataType, sent: &str, computed: &str, offset_minutes: i32) -> bool {
    let (a, b) = (sent.trim(), computed.trim());
    if a == b {
        return true;
    }
    // An empty text and a number that is none.
    let blank = |t: &str| t.is_empty() || t == "NaN";
    if blank(a) && blank(b) {
        return true;
    }
    let truth = |t: &str| match t {
        "1" | "true" => Some(true),
        "0" | "false" => Some(false),
        _ => None,
    };
    if let (Some(a), Some(b)) = (truth(a), truth(b)) {
        return a == b;
    }
    let number = |t: &str| if t.len() > 30 { f64::NAN } else { text_number(t) };
    // Texts of digits, such as codes, are compared as texts unless they are numbers in shape on both sides.
    let (x, y) = (number(a), number(b));
    let code = |t: &str| t.len() > 1 && t.starts_with('0') && !t.starts_with("0.");
    if x.is_finite() && y.is_finite() && !code(a) && !code(b) {
        return (x - y).abs() <= 1e-9 * x.abs().max(y.abs()).max(1e-3);
    }
    if matches!(data_type, DataType::Date | DataType::DateTime | DataType::Time | DataType::Text)
        && let (Some(x), Some(y)) = (parse_moment(a, offset_minutes), parse_moment(b, offset_minutes))
    {
        return match data_type {
            DataType::Date => x.days.floor() == y.days.floor(),
            _ => (x.days - y.days).abs() < 1.0 / 86_400.0,
        };
    }
    a.split_whitespace().eq(b.split_whitespace())
}
