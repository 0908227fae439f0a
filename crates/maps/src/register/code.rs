//! The statistical division code and what its digits say.

use std::fmt;

/// The five levels of administration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// 省
    Province,
    /// 市
    City,
    /// 县, with city districts and county-level cities
    County,
    /// 乡镇, 街道
    Township,
    /// 村, 社区
    Village,
}

impl Level {
    /// Machine word, as in the registers except that they write `town`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Province => "province",
            Self::City => "city",
            Self::County => "county",
            Self::Township => "township",
            Self::Village => "village",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        match word {
            "province" => Some(Self::Province),
            "city" => Some(Self::City),
            "county" => Some(Self::County),
            "town" | "township" => Some(Self::Township),
            "village" => Some(Self::Village),
            _ => None,
        }
    }

    /// What the digits below this level weigh: a code of this level is a multiple of it.
    fn unit(self) -> u64 {
        match self {
            Self::Province => 10_000_000_000,
            Self::City => 100_000_000,
            Self::County => 1_000_000,
            Self::Township => 1_000,
            Self::Village => 1,
        }
    }
}

/// Kind of a village-level unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// 居委会, 社区
    Residents,
    /// 村委会, 村
    Villagers,
    /// Development zones, farms, 类似 units
    Other,
}

impl Kind {
    /// Machine word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Residents => "residents",
            Self::Villagers => "villagers",
            Self::Other => "other",
        }
    }
}

/// A statistical division code of 12 digits: 2 province, 2 city, 2 county, 3 township, 3 village.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DivisionCode(u64);

impl DivisionCode {
    /// A code of 12 digits whose first two are those of a province (11 to 82).
    pub fn new(code: u64) -> Option<Self> {
        (110_000_000_000..830_000_000_000).contains(&code).then_some(Self(code))
    }

    /// Reads 2, 4, 6, 9 or 12 digits; short codes are padded with zeros on the right.
    pub fn parse(digits: &str) -> Option<Self> {
        if !matches!(digits.len(), 2 | 4 | 6 | 9 | 12) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let missing = u32::try_from(12 - digits.len()).ok()?;
        Self::new(digits.parse::<u64>().ok()? * 10_u64.pow(missing))
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }

    /// The lowest level with digits other than zero.
    pub fn level(self) -> Level {
        [Level::Province, Level::City, Level::County, Level::Township]
            .into_iter()
            .find(|level| self.0.is_multiple_of(level.unit()))
            .unwrap_or(Level::Village)
    }

    /// The code with this one's own digits set to zero; `None` for a province.
    ///
    /// A city without counties (东莞) has townships whose parent by this rule is the city, as in the registers.
    pub fn parent(self) -> Option<Self> {
        let above = match self.level() {
            Level::Province => return None,
            Level::City => Level::Province,
            Level::County => Level::City,
            Level::Township => Level::County,
            Level::Village => Level::Township,
        };
        Some(self.at(above))
    }

    /// The code of the division of this level that it lies in; itself when it is of that level or above.
    pub fn at(self, level: Level) -> Self {
        Self(self.0 - self.0 % level.unit())
    }

    /// Village level only: the kind by the last three digits.
    pub fn kind(self) -> Option<Kind> {
        match self.0 % 1000 {
            0 => None,
            1..200 => Some(Kind::Residents),
            200..400 => Some(Kind::Villagers),
            _ => Some(Kind::Other),
        }
    }
}

impl fmt::Display for DivisionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_say_level_parent_and_kind() {
        for (digits, level, parent) in [
            ("33", Level::Province, None),
            ("3305", Level::City, Some("33")),
            ("330523", Level::County, Some("3305")),
            ("330523001", Level::Township, Some("330523")),
            ("330523001201", Level::Village, Some("330523001")),
            ("441900003", Level::Township, Some("4419")),
        ] {
            let code = DivisionCode::parse(digits).unwrap();
            assert_eq!(code.level(), level);
            assert_eq!(code.parent(), parent.and_then(DivisionCode::parse));
        }
        let village = DivisionCode::parse("330523001201").unwrap();
        assert_eq!(village.kind(), Some(Kind::Villagers));
        assert_eq!(village.at(Level::County).to_string(), "330523000000");
        for bad in ["", "3", "330", "33x5", "３３", "100000000000", "990000", "3305230012011", "-3"] {
            assert_eq!(DivisionCode::parse(bad), None, "{bad}");
        }
    }
}
