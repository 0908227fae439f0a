//! Values and how they turn into each other.

use std::borrow::Cow;

use super::{NodeRef, dates};

/// What an expression gives. Texts may be borrowed from the trees.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'t> {
    /// Nodes in document order, each once (in another order only from `randomize`).
    Nodes(Vec<NodeRef>),
    /// Text.
    Text(Cow<'t, str>),
    /// Number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A date, with or without time: a number of days that is written as a date.
    Moment(dates::Local),
}

/// A number as XPath 1.0 §4.2 writes it: no exponent, no `.0`, no negative zero.
pub fn number_text(n: f64) -> String {
    if n.is_nan() {
        "NaN".into()
    } else if n.is_infinite() {
        if n > 0.0 { "Infinity".into() } else { "-Infinity".into() }
    } else if n == 0.0 {
        "0".into()
    } else {
        format!("{n}")
    }
}

/// A text as a number: XPath's digits, with an exponent as Java writes it, or a date or time in days; NaN otherwise.
pub fn text_number(text: &str) -> f64 {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let bytes = text.as_bytes();
    let Some(first) = bytes.first() else { return f64::NAN };
    if !(first.is_ascii_digit() || matches!(first, b'-' | b'.' | b'+')) {
        return f64::NAN;
    }
    if bytes.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E')) {
        // Rust's own reading takes nothing else from these characters but numbers.
        if let Ok(n) = text.parse() {
            return n;
        }
    }
    f64::NAN
}
