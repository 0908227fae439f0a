//! What was found wrong with a file, in machine words: the caller has the locale files.

use super::names::shorten;
use super::{DivisionCode, Kind, Level};

/// One rejected or doubtful row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file as the caller named it.
    pub file: String,
    /// Line, the header is 1; 0 when it concerns the whole file.
    pub line: u64,
    /// Column of the table, from 1; `None` when the whole row is meant.
    pub column: Option<u32>,
    /// The column's name.
    pub field: Option<&'static str>,
    /// What is wrong.
    pub reason: Reason,
    /// Whether the row was left out.
    pub severity: Severity,
    /// What stood there: at most 80 characters, control, direction and private-use characters written as `\u{…}`.
    pub value: String,
}

/// Whether a row was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The row is not among the rows.
    Rejected,
    /// The row is taken; a person should look at it.
    Doubtful,
}

impl Severity {
    /// Machine word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Doubtful => "doubtful",
        }
    }
}

/// What is wrong with a row or a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// File: neither character set fits.
    NotUtf8NorGb18030,
    /// File: larger than allowed, unpacked.
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// File: begins like gzip and does not unpack.
    DamagedGzip,
    /// File: more rows than allowed.
    TooManyRows {
        /// The limit.
        limit: usize,
    },
    /// File: no register has this header or shape.
    UnknownHeader {
        /// Its beginning.
        header: String,
    },
    /// File: not JSON.
    BadJson {
        /// Line of the mistake.
        line: u64,
        /// Column of the mistake, in bytes.
        column: u64,
    },
    /// The row has more or fewer columns than the header.
    WrongColumnCount {
        /// Columns of the header.
        expected: usize,
        /// Columns of the row.
        found: usize,
    },
    /// A quotation mark opens and does not close on its line; the line is left out and reading goes on with the next.
    UnterminatedQuote,
    /// Not 2, 4, 6, 9 or 12 digits beginning with a province.
    BadCode,
    /// Not one of the five levels.
    UnknownLevel,
    /// The digits say another level.
    LevelCodeMismatch {
        /// What the row says.
        level: Level,
        /// What the digits say.
        code_level: Level,
    },
    /// The row repeats the code of its parent one level up (a county row of a city without counties); left out, nothing lost.
    StandInForParent,
    /// The code stood on an earlier line.
    DuplicateCode {
        /// That line.
        first_line: u64,
    },
    /// The parent is neither in the file nor known.
    UnknownParent {
        /// The parent.
        parent: DivisionCode,
    },
    /// The parent's own row was rejected.
    RejectedParent {
        /// The parent.
        parent: DivisionCode,
    },
    /// The parent is not of a higher level, or a row below a province names none.
    ParentNotAbove,
    /// The parent is another than the digits say; the file's is kept.
    ParentCodeMismatch {
        /// What the digits say.
        by_digits: DivisionCode,
    },
    /// No name.
    EmptyName,
    /// A character that only its maker's fonts show.
    PrivateUseCharacter {
        /// The character.
        character: char,
    },
    /// A control, direction or invisible character.
    ControlOrBidiCharacter {
        /// The character.
        character: char,
    },
    /// U+FFFD: a character was lost before the file came here.
    LostCharacter,
    /// The name says another kind of unit than the last three digits.
    NameKindMismatch {
        /// By the digits.
        by_digits: Kind,
        /// By the name.
        by_name: Kind,
    },
    /// Not a number, or one of the two coordinates is missing; the row is taken without it.
    BadNumber,
    /// The position is not on the earth, or GCJ-02 outside China; the row is taken without it.
    PointOutsideRange,
    /// A point lies far outside the outline of its county; it is left out.
    PointOutsideCounty {
        /// How far, in metres.
        metres: u64,
    },
    /// Neither `added` nor `removed`.
    UnknownChange,
    /// The feature is not a polygon with rings of at least three corners.
    BadGeometry,
    /// A ring does not return to its first corner; it was closed.
    OpenRing,
    /// The outline does not say whose it is.
    OutlineWithoutCode,
}

impl Reason {
    /// Machine word, stable.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotUtf8NorGb18030 => "not-utf8-nor-gb18030",
            Self::TooLarge { .. } => "too-large",
            Self::DamagedGzip => "damaged-gzip",
            Self::TooManyRows { .. } => "too-many-rows",
            Self::UnknownHeader { .. } => "unknown-header",
            Self::BadJson { .. } => "bad-json",
            Self::WrongColumnCount { .. } => "wrong-column-count",
            Self::UnterminatedQuote => "unterminated-quote",
            Self::BadCode => "bad-code",
            Self::UnknownLevel => "unknown-level",
            Self::LevelCodeMismatch { .. } => "level-code-mismatch",
            Self::StandInForParent => "stand-in-for-parent",
            Self::DuplicateCode { .. } => "duplicate-code",
            Self::UnknownParent { .. } => "unknown-parent",
            Self::RejectedParent { .. } => "rejected-parent",
            Self::ParentNotAbove => "parent-not-above",
            Self::ParentCodeMismatch { .. } => "parent-code-mismatch",
            Self::EmptyName => "empty-name",
            Self::PrivateUseCharacter { .. } => "private-use-character",
            Self::ControlOrBidiCharacter { .. } => "control-or-bidi-character",
            Self::LostCharacter => "lost-character",
            Self::NameKindMismatch { .. } => "name-kind-mismatch",
            Self::BadNumber => "bad-number",
            Self::PointOutsideRange => "point-outside-range",
            Self::PointOutsideCounty { .. } => "point-outside-county",
            Self::UnknownChange => "unknown-change",
            Self::BadGeometry => "bad-geometry",
            Self::OpenRing => "open-ring",
            Self::OutlineWithoutCode => "outline-without-code",
        }
    }

    /// The values that a message about it needs, by name.
    pub fn args(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::TooLarge { limit_bytes } => vec![("limit_bytes", limit_bytes.to_string())],
            Self::TooManyRows { limit } => vec![("limit", limit.to_string())],
            Self::UnknownHeader { header } => vec![("header", header.clone())],
            Self::BadJson { line, column } => vec![("line", line.to_string()), ("column", column.to_string())],
            Self::WrongColumnCount { expected, found } => vec![("expected", expected.to_string()), ("found", found.to_string())],
            Self::LevelCodeMismatch { level, code_level } => {
                vec![("level", level.code().to_owned()), ("code_level", code_level.code().to_owned())]
            }
            Self::PointOutsideCounty { metres } => vec![("metres", metres.to_string())],
            Self::DuplicateCode { first_line } => vec![("first_line", first_line.to_string())],
            Self::UnknownParent { parent } | Self::RejectedParent { parent } => vec![("parent", parent.to_string())],
            Self::ParentCodeMismatch { by_digits } => vec![("by_digits", by_digits.to_string())],
            Self::PrivateUseCharacter { character } | Self::ControlOrBidiCharacter { character } => {
                vec![("character", format!("U+{:04X}", u32::from(*character)))]
            }
            Self::NameKindMismatch { by_digits, by_name } => {
                vec![("by_digits", by_digits.code().to_owned()), ("by_name", by_name.code().to_owned())]
            }
            Self::NotUtf8NorGb18030
            | Self::DamagedGzip
            | Self::UnterminatedQuote
            | Self::BadCode
            | Self::UnknownLevel
            | Self::StandInForParent
            | Self::ParentNotAbove
            | Self::EmptyName
            | Self::LostCharacter
            | Self::BadNumber
            | Self::PointOutsideRange
            | Self::UnknownChange
            | Self::BadGeometry
            | Self::OpenRing
            | Self::OutlineWithoutCode => Vec::new(),
        }
    }
}

/// Why a file gave no rows at all; the finding has the form of all others, so that it is shown in the same place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", .0.file, .0.reason.code())]
pub struct ParseError(pub Box<Finding>);

impl ParseError {
    pub(super) fn new(file: &str, reason: Reason) -> Self {
        let (line, column) = match &reason {
            Reason::BadJson { line, column } => (*line, u32::try_from(*column).ok()),
            Reason::UnknownHeader { .. } => (1, None),
            _ => (0, None),
        };
        let value = match &reason {
            Reason::UnknownHeader { header } => header.clone(),
            _ => String::new(),
        };
        Self(Box::new(Finding { file: file.to_owned(), line, column, field: None, reason, severity: Severity::Rejected, value }))
    }
}

/// Where in the row a finding points.
#[derive(Clone, Copy)]
pub(super) struct Spot {
    pub line: u64,
    pub column: Option<u32>,
    pub field: Option<&'static str>,
}

impl Spot {
    pub fn row(line: u64) -> Self {
        Self { line, column: None, field: None }
    }
}

/// Collects findings for one file.
pub(super) struct Findings {
    file: String,
    list: Vec<Finding>,
}

impl Findings {
    pub fn new(file: &str) -> Self {
        Self { file: file.to_owned(), list: Vec::new() }
    }

    pub fn file(&self) -> &str {
        &self.file
    }

    pub fn reject(&mut self, spot: Spot, reason: Reason, value: &str) {
        self.push(spot, reason, Severity::Rejected, value);
    }

    pub fn doubt(&mut self, spot: Spot, reason: Reason, value: &str) {
        self.push(spot, reason, Severity::Doubtful, value);
    }

    fn push(&mut self, spot: Spot, reason: Reason, severity: Severity, value: &str) {
        let Spot { line, column, field } = spot;
        self.list.push(Finding { file: self.file.clone(), line, column, field, reason, severity, value: shorten(value) });
    }

    pub fn sorted(mut self) -> Vec<Finding> {
        self.list.sort_by_key(|f| f.line);
        self.list
    }
}
