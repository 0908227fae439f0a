//! SQLite, embedded: one file, write-ahead log, every commit on disk before it is acknowledged.

use std::{
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::basics::Value;
use rusqlite::{Connection, OpenFlags, types::ValueRef};

use crate::sql::*;

/// The database in one file.
pub struct Sqlite {
    path: PathBuf,
    readers: Mutex<Readers>,
    given_back: Condvar,
}

#[derive(Default)]
struct Readers {
    idle: Vec<SqliteConnection>,
    lent: usize,
}

/// Connections for reading. Making one costs more than most of what is read with it, so whoever finds all of them lent waits for
/// one to come back, at most [`WAIT`].
const READERS: usize = 16;
/// How long a reader is waited for before another connection is made: whoever holds one may be the one who asks for another, or a
/// long reader may have it.
const WAIT: Duration = Duration::from_millis(250);
/// Pages that a reader keeps, KiB: the operating system keeps the file as well.
const READER_CACHE: &str = "PRAGMA cache_size=-2048;";

/// How a commit reaches the disk. `FULL` is the only one for real data. The writer keeps 16 MiB of pages: SQLite goes through
/// the whole of its cache after every commit that has balanced a tree.
const PRAGMAS: &str = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16384; \
                       PRAGMA wal_autocheckpoint=0; PRAGMA temp_store=MEMORY; PRAGMA foreign_keys=ON;";

/// The write-ahead log may be so long before the writer has to bring it home itself: 64 MB.
const LOG_PAGES_MAX: i64 = 16_384;

impl Sqlite {
    /// Opens or creates the file.
    ///
    /// # Errors
    /// The file cannot be opened or is not a database.
    pub fn open(path: &Path) -> Result<Sqlite> {
        let db = Sqlite { path: path.to_owned(), readers: Mutex::default(), given_back: Condvar::new() };
        drop(db.reader()?);
        Ok(db)
    }

    fn connect(&self) -> Result<SqliteConnection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(Duration::from_secs(20))?;
        connection.execute_batch(PRAGMAS)?;
        connection.set_prepared_statement_cache_capacity(256);
        Ok(SqliteConnection(connection))
    }

    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, connection: Option<SqliteConnection>) {
        let mut readers = self.readers();
        readers.lent -= 1;
        if readers.idle.len() + readers.lent < READERS {
            readers.idle.extend(connection.filter(|c| c.0.is_autocommit()));
        }
        drop(readers);
        self.given_back.notify_one();
    }
}

impl Database for Sqlite {
    fn reader(&self) -> Result<Box<dyn Sql + '_>> {
        let full = |readers: &mut Readers| readers.idle.is_empty() && readers.lent >= READERS;
        let waited = self.given_back.wait_timeout_while(self.readers(), WAIT, full);
        let (mut readers, _) = waited.unwrap_or_else(PoisonError::into_inner);
        readers.lent += 1;
        let connection = readers.idle.pop();
        drop(readers);
        // From here on it goes back whatever happens.
        let mut lent = Lent { home: self, connection };
        if lent.connection.is_none() {
            let made = lent.connection.insert(self.connect()?);
            made.0.execute_batch(READER_CACHE)?;
        }
        Ok(Box::new(lent))
    }

    fn writer(&self) -> Result<Box<dyn Sql>> {
        Ok(Box::new(self.connect()?))
    }

    fn writers(&self) -> usize {
        1
    }

    fn copy_to(&self, file: &Path) -> Result<()> {
        let connection = self.connect()?;
        connection.0.execute("VACUUM INTO ?1", [file.to_string_lossy()])?;
        Ok(())
    }

    fn tidy_up(&self) -> Result<bool> {
        let connection = self.connect()?;
        Ok(connection.checkpoint()? > LOG_PAGES_MAX)
    }

    fn name(&self) -> &'static str {
        "sqlite"
    }
}

/// A connection lent for reading.
struct Lent<'a> {
    home: &'a Sqlite,
    connection: Option<SqliteConnection>,
}

impl Deref for Lent<'_> {
    type Target = SqliteConnection;
    fn deref(&self) -> &SqliteConnection {
        self.connection.as_ref().expect("there until dropped")
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.connection.as_mut().expect("there until dropped")
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut connection = self.connection.take();
        if let Some(open) = connection.as_mut().filter(|c| !c.0.is_autocommit()) {
            let _ = open.rollback();
        }
        self.home.give_back(connection);
    }
}

/// One connection.
pub struct SqliteConnection(Connection);

impl SqliteConnection {
    /// Copies what is committed from the write-ahead log into the file, as far as no reader is in the way. Returns the
    /// length of the log in pages.
    fn checkpoint(&self) -> Result<i64> {
        Ok(self.0.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))?)
    }
}

/// `$1` → `?1`, so that the number counts and not the order.
fn numbered(sql: &str) -> String {
    sql.replace('$', "?")
}

struct SqliteCells<'a, 'b>(&'a rusqlite::Row<'b>);

impl Cells for SqliteCells<'_, '_> {
    fn int(&self, i: usize) -> Result<i64> {
        match self.0.get_ref(i)? {
            ValueRef::Integer(v) => Ok(v),
            ValueRef::Null => Ok(0),
            other => Err(StoreError::Stored(format!("column {i} holds {:?}, not a number", other.data_type()))),
        }
    }
    fn text(&self, i: usize) -> Result<&str> {
        match self.0.get_ref(i)? {
            ValueRef::Text(v) => std::str::from_utf8(v).map_err(|e| StoreError::Stored(e.to_string())),
            ValueRef::Null => Ok(""),
            other => Err(StoreError::Stored(format!("column {i} holds {:?}, not text", other.data_type()))),
        }
    }
    fn bytes(&self, i: usize) -> Result<&[u8]> {
        match self.0.get_ref(i)? {
            ValueRef::Blob(v) => Ok(v),
            other => Err(StoreError::Stored(format!("column {i} holds {:?}, not bytes", other.data_type()))),
        }
    }
    fn value(&self, i: usize) -> Result<Value> {
        Ok(match self.0.get_ref(i)? {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(v) => Value::Int(v),
            ValueRef::Text(v) => Value::Text(String::from_utf8_lossy(v).into_owned()),
            ValueRef::Blob(v) => Value::Bytes(v.to_vec()),
            ValueRef::Real(v) => Value::Int(v.round() as i64),
        })
    }
}

fn bind<'a>(statement: &mut rusqlite::CachedStatement, cells: impl Iterator<Item = Cell<'a>>) -> Result<()> {
    cells.enumerate().try_for_each(|(i, cell)| bind_one(statement, i, cell))
}

/// The statement that writes only some columns of a row, by its key, which is the first column.
fn update_text(insert: &Insert, differing: u64) -> String {
    let set = |(i, (name, _)): (usize, &(String, SqlType))| (differing >> i & 1 == 1).then(|| format!("{name} = ?{}", i + 1));
    let set: Vec<String> = insert.columns.iter().enumerate().filter_map(set).collect();
    format!("UPDATE {} SET {} WHERE {} = ?1", insert.table, set.join(", "), insert.columns[0].0)
}

fn bind_one(statement: &mut rusqlite::CachedStatement, i: usize, cell: Cell) -> Result<()> {
    match cell {
        Cell::Null => statement.raw_bind_parameter(i + 1, rusqlite::types::Null)?,
        Cell::Int(v) => statement.raw_bind_parameter(i + 1, v)?,
        Cell::Text(v) => statement.raw_bind_parameter(i + 1, v)?,
        Cell::Bytes(v) => statement.raw_bind_parameter(i + 1, v)?,
    }
    Ok(())
}

impl Sql for SqliteConnection {
    fn run(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        let mut statement = self.0.prepare_cached(&numbered(sql))?;
        bind(&mut statement, params.iter().map(Cell::from))?;
        Ok(statement.raw_execute()? as u64)
    }

    fn each(&mut self, sql: &str, params: &[Value], row: EachRow) -> Result<()> {
        let mut statement = self.0.prepare_cached(&numbered(sql))?;
        bind(&mut statement, params.iter().map(Cell::from))?;
        let mut rows = statement.raw_query();
        while let Some(found) = rows.next()? {
            row(&SqliteCells(found))?;
        }
        Ok(())
    }

    fn script(&mut self, sql: &str) -> Result<()> {
        Ok(self.0.execute_batch(&self.dialect(sql))?)
    }

    fn insert_many(&mut self, insert: &Insert, rows: &[Vec<Cell>]) -> Result<()> {
        let names: Vec<&str> = insert.columns.iter().map(|(name, _)| name.as_str()).collect();
        let marks: Vec<String> = (1..=names.len()).map(|i| format!("?{i}")).collect();
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({}){}",
            insert.table,
            names.join(", "),
            marks.join(", "),
            conflict_clause(insert)
        );
        let mut statement = self.0.prepare_cached(&sql)?;
        for row in rows {
            bind(&mut statement, row.iter().copied())?;
            statement.raw_execute()?;
        }
        Ok(())
    }

    fn replace_many(&mut self, insert: &Insert, rows: &[(Vec<Cell>, Differing)]) -> Result<()> {
        // SQLite writes the entries of every index that has a column of the statement, whether the value differs or not.
        let mut statements: Vec<(u64, String)> = Vec::new();
        for (cells, differing) in rows {
            if let Some(differing) = *differing {
                let text = match statements.iter().position(|(bits, _)| *bits == differing) {
                    Some(at) => &statements[at].1,
                    None => {
                        statements.push((differing, update_text(insert, differing)));
                        &statements[statements.len() - 1].1
                    }
                };
                let mut statement = self.0.prepare_cached(text)?;
                for (i, cell) in cells.iter().enumerate() {
                    if i == 0 || differing >> i & 1 == 1 {
                        bind_one(&mut statement, i, *cell)?;
                    }
                }
                if statement.raw_execute()? == 1 {
                    continue;
                }
            }
            self.insert_many(insert, std::slice::from_ref(cells))?;
        }
        Ok(())
    }

    fn by_keys(&mut self, table: &str, columns: &str, key: (&str, SqlType), keys: &[Value], row: EachRow) -> Result<()> {
        let sql = format!("SELECT {columns} FROM {table} WHERE {} = ?1", key.0);
        let mut statement = self.0.prepare_cached(&sql)?;
        for key in keys {
            bind(&mut statement, std::iter::once(key.into()))?;
            let mut rows = statement.raw_query();
            while let Some(found) = rows.next()? {
                row(&SqliteCells(found))?;
            }
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<()> {
        Ok(self.0.execute_batch("BEGIN IMMEDIATE")?)
    }
    fn commit(&mut self) -> Result<()> {
        Ok(self.0.execute_batch("COMMIT")?)
    }
    fn rollback(&mut self) -> Result<()> {
        Ok(self.0.execute_batch("ROLLBACK")?)
    }
    fn begin_read(&mut self) -> Result<()> {
        Ok(self.0.execute_batch("BEGIN DEFERRED")?)
    }
    fn tidy_up(&mut self) -> Result<()> {
        self.checkpoint()?;
        Ok(())
    }
    fn lock_table(&mut self, _table: &str) -> Result<()> {
        Ok(())
    }
    fn lock_clause(&self) -> &'static str {
        ""
    }
    fn dialect(&self, sql: &str) -> String {
        sql.replace("{bytes}", "BLOB").replace("{rowid}", "WITHOUT ROWID").replace("{text}", "TEXT")
    }
}

impl Sql for Lent<'_> {
    fn run(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        self.deref_mut().run(sql, params)
    }
    fn each(&mut self, sql: &str, params: &[Value], row: EachRow) -> Result<()> {
        self.deref_mut().each(sql, params, row)
    }
    fn script(&mut self, sql: &str) -> Result<()> {
        self.deref_mut().script(sql)
    }
    fn insert_many(&mut self, insert: &Insert, rows: &[Vec<Cell>]) -> Result<()> {
        self.deref_mut().insert_many(insert, rows)
    }
    fn replace_many(&mut self, insert: &Insert, rows: &[(Vec<Cell>, Differing)]) -> Result<()> {
        self.deref_mut().replace_many(insert, rows)
    }
    fn by_keys(&mut self, table: &str, columns: &str, key: (&str, SqlType), keys: &[Value], row: EachRow) -> Result<()> {
        self.deref_mut().by_keys(table, columns, key, keys, row)
    }
    fn begin(&mut self) -> Result<()> {
        self.deref_mut().begin()
    }
    fn commit(&mut self) -> Result<()> {
        self.deref_mut().commit()
    }
    fn rollback(&mut self) -> Result<()> {
        self.deref_mut().rollback()
    }
    fn begin_read(&mut self) -> Result<()> {
        self.deref_mut().begin_read()
    }
    fn tidy_up(&mut self) -> Result<()> {
        self.deref_mut().tidy_up()
    }
    fn lock_table(&mut self, table: &str) -> Result<()> {
        self.deref_mut().lock_table(table)
    }
    fn lock_clause(&self) -> &'static str {
        self.deref().lock_clause()
    }
    fn dialect(&self, sql: &str) -> String {
        self.deref().dialect(sql)
    }
}
