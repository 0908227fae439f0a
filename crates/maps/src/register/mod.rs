//! Registers of places: bytes → rows and findings.
//!
//! A register is recognised by its header or shape, never by its file name:
//! divisions (`code,name,level,parent`), the urban-rural list of 2016 (with `urban_rural_code`, `virtual`, `dummy` and points),
//! changes between two years (`change,code,name,level`) and outlines as GeoJSON. Columns may stand in any order and further
//! columns are ignored.
//!
//! Every row that was left out has a [`Finding`] that says so (`Rejected`), and every row that was taken with a doubt has one too
//! (`Doubtful`). One bad row never stops a file. What does stop it (neither UTF-8 nor GB 18030, an unknown header, too large) comes
//! back as a [`ParseError`], which holds a finding of the same form.
//!
//! Names are taken as they are printed, spaces around them removed. Characters beyond the basic plane are fine; private-use
//! characters (which show as boxes elsewhere), control and direction characters are not.
//!
//! Start reading at [`parse`]; [`match_2016`] and [`changes`] compare registers of different years.

mod code;
mod compare;
mod decode;
mod finding;
mod names;
mod outlines;
mod table;

use std::collections::HashSet;

pub use code::{DivisionCode, Kind, Level};
pub use compare::{Change, Match2016, Matched, Reused, changes, match_2016};
pub use decode::{Encoding, decode};
pub use finding::{Finding, ParseError, Reason, Severity};
pub use names::{TownshipKind, base_name, kind_by_name, township_kind_by_name};

use crate::Point;
use crate::datum::Datum;
use crate::outline::Outline;

/// What a file may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes after unpacking.
    pub decompressed_bytes_max: u64,
    /// Rows or features.
    pub rows_max: usize,
}

impl Default for Limits {
    /// 512 MiB and two million rows: three times the register of the whole country.
    fn default() -> Self {
        Self { decompressed_bytes_max: 512 << 20, rows_max: 2_000_000 }
    }
}

/// What the caller knows about a file.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What the file may cost.
    pub limits: Limits,
    /// Divisions known from elsewhere: a row may name them as its parent.
    pub known: HashSet<DivisionCode>,
    /// The datum of its positions. Without it: what the column names or the file itself say, then `gcj02` in the file name, then WGS-84.
    pub datum: Option<Datum>,
}

/// A file as read: the rows that were taken, and findings about the others and the doubtful.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The rows, by the kind of file.
    pub file: RegisterFile,
    /// Every row rejected or doubtful, in the order of lines.
    pub findings: Vec<Finding>,
    /// How the bytes were written.
    pub encoding: Encoding,
    /// Which datum the positions were taken to have; they are WGS-84 in the rows. `None` when the file has none.
    pub datum: Option<Datum>,
}

/// The rows, by the kind of file.
#[derive(Clone, Debug)]
pub enum RegisterFile {
    /// `code,name,level,parent`.
    Divisions2023(Vec<DivisionRow>),
    /// The 2016 snapshot with urban-rural codes.
    UrbanRural2016(Vec<UrbanRuralRow>),
    /// What was added and removed from one year to the next.
    Changes(Vec<ChangeRow>),
    /// Areas.
    Outlines(Vec<OutlineRow>),
}

/// One division.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DivisionRow {
    /// Line in the file, the header is 1.
    pub line: u64,
    /// The code, padded to 12 digits.
    pub code: DivisionCode,
    /// The name as printed.
    pub name: String,
    /// The level, which agrees with the code.
    pub level: Level,
    /// The parent that the file names; `None` for a province.
    pub parent: Option<DivisionCode>,
    /// Village level only: which kind the last three digits say and which the name says.
    pub kind: Option<UnitKind>,
}

/// The two opinions on what kind of village-level unit this is; they differ for 68 units of Zhejiang in 2023.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitKind {
    /// 001–199 residents, 200–399 villagers, 400 and over other.
    pub by_digits: Kind,
    /// By the end of the name; `Other` when the name says neither.
    pub by_name: Kind,
}

impl UnitKind {
    /// Whether the name names a kind and it is not that of the digits.
    pub fn differs(self) -> bool {
        self.by_name != Kind::Other && self.by_name != self.by_digits
    }
}

/// One division of the 2016 list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrbanRuralRow {
    /// Code, name, level, parent.
    pub division: DivisionRow,
    /// 城乡分类代码: 111 main urban area … 220 village.
    pub urban_rural_code: Option<u16>,
    /// Postal code.
    pub postcode: Option<String>,
    /// Telephone area code.
    pub phone_area_code: Option<String>,
    /// Set when the row is not a real unit.
    pub placeholder: Option<Placeholder>,
    /// Where it is, WGS-84.
    pub point: Option<Point>,
}

/// Rows that stand in for no real unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder {
    /// 市辖区 and the like: a heading between city and districts.
    Virtual,
    /// A unit made up so that every township has one.
    Dummy,
}

/// One line of a list of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeRow {
    /// Line in the file, the header is 1.
    pub line: u64,
    /// Whether the row came or went.
    pub direction: ChangeDirection,
    /// The code, padded to 12 digits.
    pub code: DivisionCode,
    /// The name as printed.
    pub name: String,
    /// The level, which agrees with the code.
    pub level: Level,
}

/// Whether a row of a list of changes came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeDirection {
    /// In the later register only.
    Added,
    /// In the earlier register only.
    Removed,
}

/// One area of a file of outlines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlineRow {
    /// Line on which the feature begins; many files are a single line.
    pub line: u64,
    /// Position of the feature in the file, from 1.
    pub feature: usize,
    /// The division, from `code`, `adcode`, `gb` (156 before the code) or the feature's id.
    pub code: Option<DivisionCode>,
    /// The name, if the file has one.
    pub name: Option<String>,
    /// The area, WGS-84.
    pub outline: Outline,
}

/// Reads a register with nothing known beforehand.
pub fn parse(file_name: &str, bytes: &[u8], limits: &Limits) -> Result<Parsed, ParseError> {
    parse_with(file_name, bytes, &Options { limits: *limits, ..Options::default() })
}

/// Reads a register.
pub fn parse_with(file_name: &str, bytes: &[u8], options: &Options) -> Result<Parsed, ParseError> {
    let stop = |reason| ParseError::new(file_name, reason);
    let (text, encoding) = decode(bytes, &options.limits).map_err(stop)?;
    let mut findings = finding::Findings::new(file_name);
    let (file, datum) = if text.trim_start().starts_with('{') {
        outlines::read(&text, options, &mut findings).map_err(stop)?
    } else {
        table::read(&text, options, &mut findings).map_err(stop)?
    };
    Ok(Parsed { file, findings: findings.sorted(), encoding, datum })
}
