//! One small trait over both databases. Nothing outside this crate asks which one it is.
//!
//! SQL is written once, in the common subset: placeholders `$1`, explicit conflict targets, integers, text and bytes,
//! no extensions, no JSON operators. What differs (bulk writing and reading by keys) is a method here.

use domain::basics::Value;

/// What can go wrong below. Callers see it as an accident, never as an answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite said no.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL said no.
    #[error("PostgreSQL: {0}")]
    Postgres(#[from] tokio_postgres::Error),
    /// No connection could be had.
    #[error("PostgreSQL connection: {0}")]
    Pool(String),
    /// A file could not be read or written.
    #[error("{what}: {source}")]
    Io {
        /// Which file, and what was tried.
        what: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Something stored cannot be read.
    #[error("stored data cannot be read: {0}")]
    Stored(String),
    /// Sealed particulars cannot be opened or sealed; says which key is missing, and what to do.
    #[error("{0}")]
    Key(String),
    /// Another process has the data directory.
    #[error("the data directory is in use by another process")]
    InUse,
    /// The data were written by a newer version.
    #[error("the data were written by another version (migration {0}); start that one, or serve once with this one")]
    Newer(i64),
    /// Another process has rebuilt a view meanwhile: which tables are in use must be read again.
    #[error("another process has rebuilt a view meanwhile")]
    Moved,
    /// The writer has stopped.
    #[error("the writer has stopped")]
    Stopped,
    /// The caller asked for something that does not exist.
    #[error("{0}")]
    Bad(String),
}

/// What is wrong with the ground below, where it is not with what was asked. Nothing of it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// No room to write.
    Full,
    /// The disk takes nothing: it is read-only, or broken.
    ReadOnly,
    /// The database does not answer, or is just coming back.
    Away,
}

impl StoreError {
    /// Whether it is the ground that is in trouble: the same thing may work later.
    pub fn trouble(&self) -> Option<Trouble> {
        use std::io::ErrorKind as K;
        match self {
            StoreError::Sqlite(e) => match e.sqlite_error_code()? {
                rusqlite::ErrorCode::DiskFull => Some(Trouble::Full),
                // A system that is read-only, a quota, a limit: SQLite tells none of them from a broken disk.
                rusqlite::ErrorCode::ReadOnly | rusqlite::ErrorCode::SystemIoFailure | rusqlite::ErrorCode::CannotOpen => {
                    Some(Trouble::ReadOnly)
                }
                rusqlite::ErrorCode::DatabaseBusy => Some(Trouble::Away),
                _ => None,
            },
            StoreError::Postgres(e) => match e.code() {
                // Whoever has no code has not been answered by a database.
                None => (e.is_closed() || std::error::Error::source(e).is_some_and(|s| s.is::<std::io::Error>()))
                    .then_some(Trouble::Away),
                Some(code) => match (code.code().get(..2).unwrap_or_default(), code.code()) {
                    (_, "53100") => Some(Trouble::Full),
                    (_, "25006" | "58030") => Some(Trouble::ReadOnly),
                    // Connections, limits, shutting down or starting up; a table that went in a rebuild elsewhere.
                    ("08" | "53", _) | (_, "57P01" | "57P02" | "57P03" | "57P05" | "42P01") => Some(Trouble::Away),
                    _ => None,
                },
            },
            StoreError::Pool(_) | StoreError::Moved => Some(Trouble::Away),
            StoreError::Io { source, .. } => match source.kind() {
                K::StorageFull | K::QuotaExceeded => Some(Trouble::Full),
                K::ReadOnlyFilesystem | K::FileTooLarge | K::PermissionDenied => Some(Trouble::ReadOnly),
                _ => None,
            },
            StoreError::Stored(_)
            | StoreError::Key(_)
            | StoreError::InUse
            | StoreError::Newer(_)
            | StoreError::Stopped
            | StoreError::Bad(_) => None,
        }
    }

    /// Whether another writer was in the way, so that the same thing may work now.
    pub(crate) fn may_pass(&self) -> bool {
        use tokio_postgres::error::SqlState;
        let passing = [SqlState::UNIQUE_VIOLATION, SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE];
        matches!(self, StoreError::Postgres(e) if e.code().is_some_and(|code| passing.contains(code)))
    }

    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> StoreError {
        let what = what.into();
        move |source| StoreError::Io { what, source }
    }
}

/// Shorthand.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlType {
    /// 64-bit integer.
    Int,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
}

/// A value on its way into the database, borrowed: writing copies nothing that is there already.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    /// Unknown or not applicable.
    Null,
    /// Number, time, flag or place.
    Int(i64),
    /// Words or day.
    Text(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl<'a> From<&'a Value> for Cell<'a> {
    fn from(value: &'a Value) -> Cell<'a> {
        match value {
            Value::Null => Cell::Null,
            Value::Int(v) => Cell::Int(*v),
            Value::Text(v) => Cell::Text(v),
            Value::Bytes(v) => Cell::Bytes(v),
        }
    }
}

/// A bulk insert: table, columns, and the key whose rows are replaced on conflict (none: a conflict is an error).
#[derive(Debug, Clone)]
pub struct Insert {
    /// Where to.
    pub table: String,
    /// Columns with their types.
    pub columns: Vec<(String, SqlType)>,
    /// Key columns on which a present row is replaced.
    pub replace_on: Option<&'static str>,
}

/// Which columns of a row differ from the one that is there, a bit for each column; `None` where there is none, or
/// nobody knows.
pub type Differing = Option<u64>;

/// One row of an answer.
pub trait Cells {
    /// The integer in a column; 0 where it is null.
    fn int(&self, i: usize) -> Result<i64>;
    /// The text in a column; empty where it is null.
    fn text(&self, i: usize) -> Result<&str>;
    /// The bytes in a column.
    fn bytes(&self, i: usize) -> Result<&[u8]>;
    /// Whatever is in a column.
    fn value(&self, i: usize) -> Result<Value>;
}

/// What to do with each row.
pub type EachRow<'a> = &'a mut dyn FnMut(&dyn Cells) -> Result<()>;

/// One connection.
pub trait Sql: Send {
    /// Runs a statement, returns the number of rows touched.
    fn run(&mut self, sql: &str, params: &[Value]) -> Result<u64>;
    /// Runs a query row by row.
    fn each(&mut self, sql: &str, params: &[Value], row: EachRow) -> Result<()>;
    /// Runs several statements without parameters.
    fn script(&mut self, sql: &str) -> Result<()>;
    /// Writes many rows.
    fn insert_many(&mut self, insert: &Insert, rows: &[Vec<Cell>]) -> Result<()>;
    /// Writes rows that may be there already; the first column is their key. Where it is known which columns differ from
    /// the row that is there, a database may leave the others alone, with their indexes.
    fn replace_many(&mut self, insert: &Insert, rows: &[(Vec<Cell>, Differing)]) -> Result<()> {
        let rows: Vec<Vec<Cell>> = rows.iter().map(|(cells, _)| cells.clone()).collect();
        self.insert_many(insert, &rows)
    }
    /// Reads `columns` of the rows whose `key` is one of `keys`, in any order.
    fn by_keys(&mut self, table: &str, columns: &str, key: (&str, SqlType), keys: &[Value], row: EachRow) -> Result<()>;
    /// Begins a transaction that will write.
    fn begin(&mut self) -> Result<()>;
    /// Makes it durable.
    fn commit(&mut self) -> Result<()>;
    /// Forgets it.
    fn rollback(&mut self) -> Result<()>;
    /// Begins a transaction that only reads, from one moment.
    fn begin_read(&mut self) -> Result<()>;
    /// Brings the write-ahead log home, so that it can begin anew with the next transaction.
    fn tidy_up(&mut self) -> Result<()>;
    /// Waits until no other transaction uses a table, and keeps it until the end of this one; nothing where there is one
    /// writer anyway.
    fn lock_table(&mut self, table: &str) -> Result<()>;
    /// The clause that locks selected rows until the end of the transaction; nothing where there is one writer anyway.
    fn lock_clause(&self) -> &'static str;
    /// Fills in the words that differ: `{bytes}`, `{rowid}`, and `{text}`, which is sorted by its bytes.
    fn dialect(&self, sql: &str) -> String;
}

impl dyn Sql + '_ {
    /// All rows of a small answer.
    pub fn rows(&mut self, sql: &str, params: &[Value], width: usize) -> Result<Vec<Vec<Value>>> {
        let mut rows = Vec::new();
        self.each(sql, params, &mut |cells| {
            rows.push((0..width).map(|i| cells.value(i)).collect::<Result<_>>()?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// The first column of the first row, as an integer.
    pub fn one_int(&mut self, sql: &str, params: &[Value]) -> Result<Option<i64>> {
        let mut found = None;
        self.each(sql, params, &mut |cells| {
            found = Some(cells.int(0)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// The first column of the first row, as text.
    pub fn one_text(&mut self, sql: &str, params: &[Value]) -> Result<Option<String>> {
        let mut found = None;
        self.each(sql, params, &mut |cells| {
            found = Some(cells.text(0)?.to_owned());
            Ok(())
        })?;
        Ok(found)
    }
}

/// A database: hands out connections.
pub trait Database: Send + Sync {
    /// A connection for reading; goes back by itself.
    fn reader(&self) -> Result<Box<dyn Sql + '_>>;
    /// A connection of its own for a writer.
    fn writer(&self) -> Result<Box<dyn Sql>>;
    /// How many writers may work side by side.
    fn writers(&self) -> usize;
    /// A consistent copy into a new file, while others write. Only where the database is a file of ours.
    fn copy_to(&self, file: &std::path::Path) -> Result<()>;
    /// Brings the write-ahead log home beside the writers, without waiting for anybody. True if it has grown long all the
    /// same: then a writer who never pauses has to do it between two batches, see [`Sql::tidy_up`].
    fn tidy_up(&self) -> Result<bool>;
    /// `sqlite` or `postgresql`.
    fn name(&self) -> &'static str;
}

/// Runs something in one transaction: all of it or nothing.
pub(crate) fn together<T>(sql: &mut dyn Sql, task: impl FnOnce(&mut dyn Sql) -> Result<T>) -> Result<T> {
    sql.begin()?;
    let result = task(sql).and_then(|done| {
        sql.commit()?;
        Ok(done)
    });
    if result.is_err()
        && let Err(e) = sql.rollback()
    {
        tracing::debug!(error = %e, "rollback");
    }
    result
}

/// Text of a bulk insert for one row of placeholders.
pub(crate) fn conflict_clause(insert: &Insert) -> String {
    match insert.replace_on {
        None => String::new(),
        Some(key) => {
            let keys: Vec<&str> = key.split(',').map(str::trim).collect();
            let sets: Vec<String> = insert
                .columns
                .iter()
                .filter(|(name, _)| !keys.contains(&name.as_str()))
                .map(|(name, _)| format!("{name} = excluded.{name}"))
                .collect();
            format!(" ON CONFLICT ({key}) DO UPDATE SET {}", sets.join(", "))
        }
    }
}
