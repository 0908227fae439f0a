//! Views: folds over facts into rows, one row per key, and the columns that lists can use.

use facts::ChainName;
use serde::{Serialize, de::DeserializeOwned};
use utoipa::ToSchema;

use super::{Capability, Recorded};
use crate::ViewId;

/// What a column holds; decides how it is stored, compared and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// A number.
    Int,
    /// Words, or one of a fixed set of words.
    Text,
    /// `YYYY-MM-DD`.
    Day,
    /// Milliseconds since 1970.
    Ms,
    /// 0 or 1.
    Bool,
    /// Id of a place.
    Place,
}

/// How a list may be narrowed by a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Not at all.
    None,
    /// By one of several values.
    Equals,
    /// From … to ….
    Range,
}

/// A declared column of a view. Lists, groups, exports and tables on disk are all made from these.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Column {
    /// Its name, also in the locale files.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
    /// How lists may be narrowed by it.
    pub filter: Filter,
    /// Whether lists may be sorted by it (then it is indexed with the key).
    pub sort: bool,
    /// Whether rows may be counted by it.
    pub group: bool,
    /// Whether `q=` searches it.
    pub search: bool,
    /// Whether lists of one value of it are long: then they have indexes of their own, for every order.
    pub leads: bool,
}

impl Column {
    /// A column that is shown and exported only.
    pub const fn new(name: &'static str, kind: ColumnKind) -> Column {
        Column { name, kind, filter: Filter::None, sort: false, group: false, search: false, leads: false }
    }
    /// Can be filtered by values and counted by.
    pub const fn grouped(self) -> Column {
        Column { filter: Filter::Equals, group: true, ..self }
    }
    /// Can be filtered by values.
    pub const fn equals(self) -> Column {
        Column { filter: Filter::Equals, ..self }
    }
    /// Can be filtered by range.
    pub const fn ranged(self) -> Column {
        Column { filter: Filter::Range, ..self }
    }
    /// Can be sorted by.
    pub const fn sorted(self) -> Column {
        Column { sort: true, ..self }
    }
    /// Can be filtered by values, and the list of one value is long.
    pub const fn leading(self) -> Column {
        Column { filter: Filter::Equals, leads: true, ..self }
    }
    /// Is searched for words.
    pub const fn searched(self) -> Column {
        Column { search: true, ..self }
    }
}

/// A value in a column.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// Unknown or not applicable.
    Null,
    /// Number, time, flag or place.
    Int(i64),
    /// Words or day.
    Text(String),
    /// Bytes; never in view columns.
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(v: i64) -> Value {
        Value::Int(v)
    }
}
impl From<bool> for Value {
    fn from(v: bool) -> Value {
        Value::Int(v.into())
    }
}
impl From<&str> for Value {
    fn from(v: &str) -> Value {
        Value::Text(v.to_owned())
    }
}
impl From<String> for Value {
    fn from(v: String) -> Value {
        Value::Text(v)
    }
}
impl From<super::PlaceId> for Value {
    fn from(v: super::PlaceId) -> Value {
        Value::Int(v.0)
    }
}
impl From<super::Day> for Value {
    fn from(v: super::Day) -> Value {
        Value::Text(v.to_string())
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Value {
        v.map_or(Value::Null, Into::into)
    }
}

/// A fold over facts. Rebuilding from the log gives the same rows (invariant `rebuild-equals-incremental`).
pub trait View: Sized + Clone + Serialize + DeserializeOwned {
    /// Which view of the list in `lib.rs`.
    const ID: ViewId;
    /// Raised whenever [`View::fold`], the row's shape or the columns change: the table is then rebuilt.
    const VERSION: u32;
    /// What somebody must be able to do, over the place of a row, to see it. To everybody else it is as if it were not there.
    const CAPABILITY: Capability = Capability::Read;
    /// The same for taking it away as a file.
    const EXPORT: Capability = Capability::Export;
    /// The chains whose facts it folds.
    const CHAIN: ChainName = ChainName::Main;
    /// The columns, in the order of [`View::values`].
    const COLUMNS: &'static [Column];

    /// The one row that a fact touches, if it concerns this view.
    fn key(fact: &Recorded) -> Option<String>;

    /// The row after the fact. Total: what was recorded happened.
    fn fold(row: Option<Self>, fact: &Recorded) -> Option<Self>;

    /// Values for the declared columns.
    fn values(&self) -> Vec<Value>;
}
