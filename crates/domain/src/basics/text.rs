//! Words typed by people, cleaned at the door.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

/// Text typed by a person: trimmed, 1 to `MAX` characters, without control characters (line feeds
/// excepted) and without marks that turn the direction of writing, which can disguise what a line says.
/// Shown as text everywhere, never as markup, so that `<script>` stays eight letters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Text<const MAX: usize>(String);

/// Why a text was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing left after trimming.
    #[error("empty text")]
    Empty,
    /// Longer than allowed.
    #[error("text of {found} characters, at most {max}")]
    TooLong {
        /// Characters found.
        found: usize,
        /// Characters allowed.
        max: usize,
    },
}

impl<const MAX: usize> Text<MAX> {
    /// Cleans and checks a text.
    ///
    /// # Errors
    /// Empty after cleaning, or too long.
    pub fn new(raw: &str) -> Result<Self, TextError> {
        // Ten megabytes of text must not be copied before they are refused.
        if raw.len() > MAX.saturating_mul(16).saturating_add(1024) {
            return Err(TextError::TooLong { found: raw.len(), max: MAX });
        }
        let unified = raw.replace("\r\n", "\n").replace('\r', "\n");
        let clean: String = unified.chars().filter(|c| *c == '\n' || !(c.is_control() || turns_direction(*c))).collect();
        let clean = clean.trim();
        let found = clean.chars().count();
        match found {
            0 => Err(TextError::Empty),
            n if n > MAX => Err(TextError::TooLong { found, max: MAX }),
            _ => Ok(Text(clean.to_owned())),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Unicode's explicit directional formatting characters and other invisible marks.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{061C}' | '\u{FEFF}')
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let raw = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        Text::new(&raw).map_err(serde::de::Error::custom)
    }
}

impl<const MAX: usize> PartialSchema for Text<MAX> {
    fn schema() -> RefOr<Schema> {
        // Longer text may come in: marks that are taken out and space around it do not count.
        let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1));
        text.description(Some(format!("Text of at most {MAX} characters."))).build().into()
    }
}

impl<const MAX: usize> ToSchema for Text<MAX> {
    fn name() -> std::borrow::Cow<'static, str> {
        format!("Text{MAX}").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cleaned_and_bounded() {
        let clean = |s: &str| Text::<10>::new(s).map(|t| t.to_string());
        assert_eq!(clean("  井盖坏了\r\n\0 "), Ok("井盖坏了".into()));
        assert_eq!(clean("a\u{202E}gpj.exe"), Ok("agpj.exe".into()));
        assert_eq!(clean("<script>"), Ok("<script>".into()));
        assert_eq!(clean(" \u{200B} "), Err(TextError::Empty));
        assert_eq!(clean("一二三四五六七八九十百"), Err(TextError::TooLong { found: 11, max: 10 }));
        assert!(matches!(clean(&"长".repeat(10_000_000)), Err(TextError::TooLong { .. })));
    }
}
