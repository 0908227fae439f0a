//! Names with one spelling each: of a chain, and of a kind of fact.

use std::{borrow::Cow, fmt, str::FromStr};

/// A text that is not the name it was read as.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not {expected}")]
pub struct Unreadable {
    /// What was wanted, in English.
    pub expected: &'static str,
    /// What was found, cut to 100 characters.
    pub found: String,
}

impl Unreadable {
    pub(crate) fn new(expected: &'static str, found: &str) -> Self {
        let found = found.chars().take(100).collect();
        Unreadable { expected, found }
    }
}

/// Serde through `Display` and `FromStr`: one text form, in files, messages and URLs alike.
macro_rules! serde_as_text {
    ($($name:ty),+) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("a text")
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    )+};
}
pub(crate) use serde_as_text;

/// Which of an organisation's chains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChainName {
    /// What the programme did.
    Main,
    /// Who looked at what: unmasking of particulars, exports, sign-ins.
    Audit,
}

impl ChainName {
    /// `main` or `audit`.
    pub fn as_str(&self) -> &'static str {
        match self {
            ChainName::Main => "main",
            ChainName::Audit => "audit",
        }
    }
}

impl fmt::Display for ChainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ChainName {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        match text {
            "main" => Ok(ChainName::Main),
            "audit" => Ok(ChainName::Audit),
            _ => Err(Unreadable::new("a chain name (main or audit)", text)),
        }
    }
}

/// One chain. Text form: `330523/main`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainId {
    /// Six-digit code of the organisation (GB/T 2260) as a number: a county, city or province.
    pub county: u32,
    /// Which of its chains.
    pub name: ChainName,
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}/{}", self.county, self.name.as_str())
    }
}

impl FromStr for ChainId {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let unreadable = || Unreadable::new("a chain such as 330523/main", text);
        let (county, name) = text.split_once('/').ok_or_else(unreadable)?;
        if county.len() != 6 || !county.bytes().all(|b| b.is_ascii_digit()) {
            return Err(unreadable());
        }
        Ok(ChainId { county: county.parse().map_err(|_| unreadable())?, name: name.parse().map_err(|_| unreadable())? })
    }
}

/// What kind of thing happened, with the version of its body: `problem.reported@1`.
///
/// Form: `[a-z_]+(\.[a-z_]+)+@[1-9][0-9]*`, at most 100 bytes, version at most 999,999,999.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(Cow<'static, str>);

impl Kind {
    /// A kind known when the program is compiled.
    ///
    /// # Panics
    /// When the text is not a kind; in a `const`, that is an error of compilation.
    pub const fn from_static(text: &'static str) -> Kind {
        assert!(is_kind(text.as_bytes()), "not a kind such as problem.reported@1");
        Kind(Cow::Borrowed(text))
    }

    /// The whole text, `problem.reported@1`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the version, `problem.reported`.
    pub fn name(&self) -> &str {
        self.0.split_once('@').map_or(&*self.0, |(name, _)| name)
    }

    /// The version of the body, from 1.
    pub fn version(&self) -> u32 {
        let digits = self.0.split_once('@').map_or("", |(_, digits)| digits);
        digits.parse().expect("a kind ends in @ and one to nine digits")
    }
}

const fn is_kind(text: &[u8]) -> bool {
    if text.len() > 100 {
        return false;
    }
    let (mut at, mut dots, mut word) = (0, 0, 0);
    while at < text.len() && text[at] != b'@' {
        match text[at] {
            b'a'..=b'z' | b'_' => word += 1,
            b'.' if word > 0 => {
                dots += 1;
                word = 0;
            }
            _ => return false,
        }
        at += 1;
    }
    let digits = text.len().saturating_sub(at + 1);
    if dots == 0 || word == 0 || digits == 0 || digits > 9 || text[at + 1] == b'0' {
        return false;
    }
    at += 1;
    while at < text.len() {
        if !text[at].is_ascii_digit() {
            return false;
        }
        at += 1;
    }
    true
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Kind {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        Kind::try_from(text.to_owned())
    }
}

impl TryFrom<String> for Kind {
    type Error = Unreadable;

    fn try_from(text: String) -> Result<Self, Unreadable> {
        if is_kind(text.as_bytes()) {
            Ok(Kind(Cow::Owned(text)))
        } else {
            Err(Unreadable::new("a kind such as problem.reported@1", &text))
        }
    }
}

serde_as_text!(ChainName, ChainId, Kind);
