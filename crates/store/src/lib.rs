//! Log and views on disk, for SQLite and PostgreSQL; files beside them; people who sign in. All SQL is here.
//!
//! Start reading at [`Store`], then `writer.rs` (the one way to write), `query.rs` (the few ways to read).

mod accounts;
mod backup;
mod files;
mod inspect;
mod log;
mod particulars;
mod persons;
mod postgres;
mod query;
mod rebuild;
mod seal;
mod sql;
mod sqlite;
mod verify;
mod views;
mod writer;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, RwLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::{Row, ViewId, basics::Value};
use facts::Suite;

pub use accounts::{
    AccessKey, Account, AccountRow, Accounts, Arrival, Enrolment, Held, Identity, Invited, KeyKind, LinkPurpose, Linking,
    NewAccount, NewInvitation, NewKey, OpenSession, SecondFactor, SecondStep, Session, SignIn,
};
pub use backup::{backup, restore, verify_backup};
pub use files::{FileInfo, Files, Incoming, NewFile};
pub use inspect::{FilesReport, Inspection, inspect};
pub use log::decode;
pub use particulars::{ERASED_FILE, KEY_FILE, KeptParticulars, KeyInfo, Sealed};
pub use query::{Condition, Counted, Cursor, GroupRow, Groups, HistoryEntry, List, Page, Scope, StoredRow, Visits};
pub use sql::{Database, Result, StoreError, Trouble};
pub use verify::{ChainReport, VerifyReport};
pub use writer::{Answer, FactRef, Outcome, Positions, Submission, Writer, allowed};

/// Migrations: forward only, each opening with its why.
const MIGRATIONS: &[&str] = &[
    include_str!("../sql/0001_ground.sql"),
    include_str!("../sql/0002_persons.sql"),
    include_str!("../sql/0003_accounts.sql"),
    include_str!("../sql/0004_particulars.sql"),
    include_str!("../sql/0005_identities.sql"),
    include_str!("../sql/0006_contents.sql"),
];

/// Where the data are.
#[derive(Debug, Clone)]
pub struct Location {
    /// Directory with the database (SQLite), the files and the keys.
    pub dir: PathBuf,
    /// `postgres://…`, or nothing for SQLite in the directory.
    pub database: Option<String>,
    /// Hash suite of new chains.
    pub suite: Suite,
}

impl Location {
    /// SQLite in a directory.
    pub fn in_dir(dir: impl Into<PathBuf>) -> Location {
        Location { dir: dir.into(), database: None, suite: Suite::Sha256 }
    }
}

/// What benches compare with: smaller batches, a slower disk.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Bench {
    /// Commands in one transaction at most.
    pub batch_max: usize,
    /// Every commit takes so much longer.
    pub sync_delay: std::time::Duration,
}

impl Default for Bench {
    fn default() -> Bench {
        Bench { batch_max: writer::BATCH_MAX, sync_delay: std::time::Duration::ZERO }
    }
}

/// The open store.
pub struct Store {
    dir: PathBuf,
    db: Arc<dyn Database>,
    tables: Arc<RwLock<Arc<Tables>>>,
    positions: Arc<Positions>,
    writer: Writer,
    files_waiting: files::Waiting,
    /// Held during a rebuild; which tables were in use before earlier swaps, for as long as somebody reads them.
    rebuilding: Mutex<Vec<Weak<Tables>>>,
    suite: Suite,
    housekeeping: Option<Housekeeping>,
    /// Whether commands are handed in here, or in another process that serves the same data.
    serves: bool,
    reads: AtomicU64,
    // Held as long as the store is open; the operating system lets go of it when the process ends.
    _lock: Option<fs::File>,
}

use views::Tables;

impl Store {
    /// Opens or creates the data, migrates it, and builds views that are missing or of another version.
    ///
    /// # Errors
    /// The directory is in use, the data are of a newer version, or the database says no.
    pub fn open(location: &Location) -> Result<Store> {
        Store::open_with(location, Bench::default())
    }

    /// For benches only.
    ///
    /// # Errors
    /// As [`Store::open`].
    #[doc(hidden)]
    pub fn open_with(location: &Location, bench: Bench) -> Result<Store> {
        own_dir(&location.dir).map_err(StoreError::io(location.dir.display().to_string()))?;
        let (db, lock): (Arc<dyn Database>, _) = match &location.database {
            Some(url) => (Arc::new(postgres::Postgres::open(url)?), None),
            None => {
                let lock = take_lock(&location.dir)?;
                (Arc::new(sqlite::Sqlite::open(&location.dir.join("qianwan.db"))?), Some(lock))
            }
        };
        let mut sql = db.writer()?;
        migrate(sql.as_mut())?;
        let mut tables = Tables::load(sql.as_mut())?;
        if !tables.stale().is_empty() {
            let _alone = rebuild::Alone::wait(db.as_ref())?;
            tables = Tables::load(sql.as_mut())?;
            for view in tables.stale() {
                tables = rebuild::build_fresh(sql.as_mut(), &tables, view)?;
            }
        }
        // Another process may be at it, and what it builds is no left-over.
        if let Some(_alone) = rebuild::Alone::if_free(db.as_ref())? {
            tables = Tables::load(sql.as_mut())?;
            rebuild::drop_others(sql.as_mut(), &tables)?;
        }
        drop(sql);
        let writers = db.writers();
        let mut store = Store::assemble(location, db, tables, writers, lock, bench)?;
        store.serves = true;
        store.record_posts_held(None)?;
        store.files().sweep();
        // A backup from before an erasure brings nobody back.
        match store.particulars().settle()? {
            0 => {}
            again => tracing::warn!(persons = again, "particulars that had been erased were erased again"),
        }
        Ok(store)
    }

    /// Opens data that another process may be serving: to look at, copy, verify or export them, and to add accounts.
    /// Whoever uses it hands no commands in: the chains have their writer in that other process.
    ///
    /// # Errors
    /// There are no such data, they are of another version, or the database says no.
    pub fn open_beside(location: &Location) -> Result<Store> {
        let db: Arc<dyn Database> = match &location.database {
            Some(url) => Arc::new(postgres::Postgres::open(url)?),
            None => {
                let file = location.dir.join("qianwan.db");
                if !file.exists() {
                    return Err(StoreError::Bad(format!("{} is not there", file.display())));
                }
                Arc::new(sqlite::Sqlite::open(&file)?)
            }
        };
        let mut sql = db.writer()?;
        let done = sql.one_int("SELECT CAST(coalesce(max(number), 0) AS BIGINT) FROM migration", &[])?.unwrap_or(0);
        let tables = Tables::load(sql.as_mut())?;
        drop(sql);
        if done != MIGRATIONS.len() as i64 || !tables.stale().is_empty() {
            return Err(StoreError::Newer(done));
        }
        Store::assemble(location, db, tables, 1, None, Bench::default())
    }

    fn assemble(
        location: &Location,
        db: Arc<dyn Database>,
        tables: Tables,
        writers: usize,
        lock: Option<fs::File>,
        bench: Bench,
    ) -> Result<Store> {
        let heads = "SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM chain_head";
        let facts = db.reader()?.one_int(heads, &[])?.unwrap_or(0);
        let last = "SELECT CAST(coalesce(max(f.recorded_ms), 0) AS BIGINT) FROM chain_head h JOIN fact f \
                    ON f.county = h.county AND f.chain = h.chain AND f.seq = h.size";
        let latest_ms = db.reader()?.one_int(last, &[])?.unwrap_or(0);
        let tables = Arc::new(RwLock::new(Arc::new(tables)));
        let positions = Arc::new(Positions::starting_at(facts.unsigned_abs(), latest_ms));
        let writer = Writer::start(db.clone(), writers, tables.clone(), positions.clone(), (location.suite, bench))?;
        let housekeeping = Housekeeping::start(db.clone(), writer.first()?, tables.clone(), positions.clone())?;
        Ok(Store {
            dir: location.dir.clone(),
            db,
            tables,
            positions,
            writer,
            files_waiting: files::Waiting::default(),
            rebuilding: Mutex::new(Vec::new()),
            suite: location.suite,
            housekeeping: Some(housekeeping),
            serves: false,
            reads: AtomicU64::new(0),
            _lock: lock,
        })
    }

    /// Tells whoever looks after the machine if its clock stands before what was recorded last; so does every command.
    pub fn look_at_clock(&self, now_ms: i64) {
        self.positions.looked_at_clock(now_ms);
    }

    /// Hands a command in; `reply` is called once, after it is durable or refused.
    pub fn submit(&self, submission: Submission, reply: impl FnOnce(Result<Answer>) + Send + 'static) {
        self.writer.submit(submission, Box::new(reply));
    }

    /// Hands a command in and waits.
    ///
    /// # Errors
    /// The database said no; refusals are answers.
    pub fn submit_and_wait(&self, submission: Submission) -> Result<Answer> {
        let (send, receive) = std::sync::mpsc::sync_channel(1);
        self.submit(submission, move |answer| {
            let _ = send.send(answer);
        });
        receive.recv().map_err(|_| StoreError::Stopped)?
    }

    /// What has been recorded so far: whoever keeps something computed knows when it is old.
    pub fn positions(&self) -> &Positions {
        &self.positions
    }

    /// Where files and keys are.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Stored files.
    pub fn files(&self) -> Files<'_> {
        Files::new(self)
    }

    /// Particulars of private persons.
    pub fn particulars(&self) -> Sealed<'_> {
        Sealed::new(self)
    }

    /// People who sign in.
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts::new(self)
    }

    /// `sqlite` or `postgresql`.
    pub fn database_name(&self) -> &'static str {
        self.db.name()
    }

    /// Suite of new chains.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// For tests: until it is undone, nothing can be written into an audit chain, as on a full disk.
    ///
    /// # Errors
    /// The database is another one than SQLite.
    #[doc(hidden)]
    pub fn refuse_audit(&self, refuse: bool) -> Result<()> {
        self.writer.alone(move |sql| {
            sql.script(match refuse {
                true => {
                    "CREATE TRIGGER audit_refused BEFORE INSERT ON fact WHEN NEW.chain = 'audit' \
                     BEGIN SELECT RAISE(ABORT, 'refused for a test'); END"
                }
                false => "DROP TRIGGER audit_refused",
            })
        })
    }

    /// A typed row.
    ///
    /// # Errors
    /// The database said no.
    pub fn row(&self, view: ViewId, key: &str) -> Result<Option<Row>> {
        let table = self.table(view)?;
        let mut found = None;
        self.reader()?.each(&format!("SELECT data FROM {table} WHERE key = $1"), &[key.into()], &mut |r| {
            found = Some(views::decode(view, r.text(0)?)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// What a command would be answered as things stand now, without recording anything; none where it would be accepted.
    ///
    /// # Errors
    /// The database said no.
    pub fn rehearse(&self, command: &domain::Command, context: &domain::basics::Context) -> Result<Option<Outcome>> {
        let tables = self.tables.read().map_err(|_| StoreError::Stopped)?.clone();
        let (mut rows, mut sql) = (domain::basics::Rows::default(), self.reader()?);
        loop {
            let wanted: Vec<_> = command.reads(&rows).into_iter().filter(|r| !rows.has(r)).collect();
            if wanted.is_empty() {
                return Ok(writer::decide(command, context, &rows).err());
            }
            views::load(&mut *sql, &tables, &mut rows, &wanted)?;
        }
    }

    /// What a command needs to be allowed, as things stand now: for keys that may do less than their owner.
    ///
    /// # Errors
    /// The database said no.
    pub fn authority(&self, command: &domain::Command) -> Result<Option<domain::basics::Authority>> {
        let tables = self.tables.read().map_err(|_| StoreError::Stopped)?.clone();
        let (mut rows, mut sql) = (domain::basics::Rows::default(), self.reader()?);
        loop {
            let wanted: Vec<_> = command.reads(&rows).into_iter().filter(|r| !rows.has(r)).collect();
            if wanted.is_empty() {
                return Ok(command.authority(&rows));
            }
            views::load(&mut *sql, &tables, &mut rows, &wanted)?;
        }
    }

    /// A setting of the installation.
    ///
    /// # Errors
    /// The database said no.
    pub fn setting(&self, name: &str) -> Result<Option<String>> {
        self.reader()?.one_text("SELECT value FROM setting WHERE name = $1", &[name.into()])
    }

    /// Sets a setting of the installation.
    ///
    /// # Errors
    /// The database said no.
    pub fn set_setting(&self, name: &str, value: &str) -> Result<()> {
        self.write(
            "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            &[name.into(), value.into()],
        )?;
        Ok(())
    }

    /// How often something was looked up so far: for tests of what an answer's time tells about what is there.
    #[doc(hidden)]
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    pub(crate) fn reader(&self) -> Result<Box<dyn sql::Sql + '_>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.db.reader()
    }

    /// One statement outside the log: files, accounts, sessions, settings.
    pub(crate) fn write(&self, statement: &'static str, params: &[Value]) -> Result<u64> {
        let params = params.to_vec();
        self.writer.alone(move |sql| sql.run(statement, &params))
    }

    /// Several statements outside the log, all or none.
    pub(crate) fn write_together<T: Send + 'static>(
        &self,
        task: impl FnOnce(&mut dyn sql::Sql) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.alone(move |sql| sql::together(sql, task))
    }

    /// The name of a view's table, which is not dropped for as long as the name is held.
    pub(crate) fn table(&self, view: ViewId) -> Result<views::TableName> {
        views::TableName::new(&*self.tables.read().map_err(|_| StoreError::Stopped)?, view)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        drop(self.housekeeping.take());
    }
}

/// Made for its owner only: whoever may read the database may read what people are shown only in part.
fn own_dir(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// The data directory belongs to one process.
fn take_lock(dir: &Path) -> Result<fs::File> {
    let path = dir.join("lock");
    let file = fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(StoreError::io(path.display().to_string()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(StoreError::InUse),
        Err(fs::TryLockError::Error(e)) => Err(StoreError::io(path.display().to_string())(e)),
    }
}

fn migrate(sql: &mut dyn sql::Sql) -> Result<()> {
    migrate_to(sql, MIGRATIONS)
}

/// Each step together with its number, or not at all: whoever is killed in the middle leaves the state before or after it.
fn migrate_to(sql: &mut dyn sql::Sql, migrations: &[&str]) -> Result<()> {
    // Two processes that begin with nothing may both try to make it; the second finds it made.
    let mut made = Ok(());
    for _ in 0..3 {
        made = sql.script("CREATE TABLE IF NOT EXISTS migration (number BIGINT NOT NULL PRIMARY KEY)");
        if !made.as_ref().is_err_and(StoreError::may_pass) {
            break;
        }
    }
    made?;
    for (number, text) in (1_i64..).zip(migrations) {
        sql::together(sql, |sql| {
            sql.lock_table("migration")?;
            let done = sql.one_int("SELECT CAST(coalesce(max(number), 0) AS BIGINT) FROM migration", &[])?.unwrap_or(0);
            if done > migrations.len() as i64 {
                return Err(StoreError::Newer(done));
            }
            if number > done {
                sql.script(text)?;
                sql.run("INSERT INTO migration (number) VALUES ($1)", &[number.into()])?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Brings the write-ahead log home now and then, off the commit path.
struct Housekeeping {
    stop: std::sync::mpsc::SyncSender<()>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Housekeeping {
    fn start(
        db: Arc<dyn Database>,
        writer: writer::Alone,
        tables: Arc<RwLock<Arc<Tables>>>,
        positions: Arc<Positions>,
    ) -> Result<Housekeeping> {
        let (stop, stopped) = std::sync::mpsc::sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("housekeeping".into())
            .spawn(move || {
                let second = std::time::Duration::from_secs(1);
                let mut told = String::new();
                while let Err(std::sync::mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(second) {
                    let done = db.tidy_up().and_then(|long| if long { writer.run(|sql| sql.tidy_up()) } else { Ok(()) });
                    let done = done.and_then(|()| look_around(db.as_ref(), &tables, &positions));
                    // Said once, however long a disk is full or a database away.
                    let now = done.err().map(|e| e.to_string()).unwrap_or_default();
                    if now != told {
                        match now.as_str() {
                            "" => tracing::info!("housekeeping works again"),
                            error => tracing::warn!(error, "housekeeping"),
                        }
                        told = now;
                    }
                }
            })
            .map_err(StoreError::io("starting housekeeping"))?;
        Ok(Housekeeping { stop, thread: Some(thread) })
    }
}

/// Sees what other processes have recorded and rebuilt, where there may be others.
fn look_around(db: &dyn Database, tables: &RwLock<Arc<Tables>>, positions: &Positions) -> Result<()> {
    let mut sql = db.reader()?;
    if sql.lock_clause().is_empty() {
        return Ok(());
    }
    let heads = "SELECT CAST(coalesce(sum(size), 0) AS BIGINT) FROM chain_head";
    let facts = sql.one_int(heads, &[])?.unwrap_or(0);
    positions.reached(facts.unsigned_abs());
    let now = Tables::load(sql.as_mut())?;
    let same = **tables.read().map_err(|_| StoreError::Stopped)? == now;
    if same { Ok(()) } else { writer::read_again(sql.as_mut(), tables) }
}

impl Drop for Housekeeping {
    fn drop(&mut self) {
        let _ = self.stop.send(());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_that_fails_half_way_leaves_the_state_before_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let db = sqlite::Sqlite::open(&dir.path().join("a.db")).expect("opens");
        let mut sql = db.writer().expect("a connection");
        let first = "CREATE TABLE a (n BIGINT NOT NULL); INSERT INTO a (n) VALUES (1);";
        let half = "ALTER TABLE a ADD COLUMN m BIGINT; INSERT INTO a (n, m) VALUES (2, 2); INSERT INTO nowhere (n) VALUES (3);";
        let whole = "ALTER TABLE a ADD COLUMN m BIGINT; INSERT INTO a (n, m) VALUES (2, 2);";
        let state = |sql: &mut dyn sql::Sql| {
            let one = |sql: &mut dyn sql::Sql, query: &str| sql.one_int(query, &[]).expect(query);
            (one(sql, "SELECT count(*) FROM a"), one(sql, "SELECT max(number) FROM migration"))
        };
        migrate_to(sql.as_mut(), &[first]).expect("the first step");
        for _ in 0..2 {
            migrate_to(sql.as_mut(), &[first, half]).expect_err("the second fails");
            assert_eq!(state(sql.as_mut()), (Some(1), Some(1)));
        }
        migrate_to(sql.as_mut(), &[first, whole]).expect("mended, it goes on");
        assert_eq!(state(sql.as_mut()), (Some(2), Some(2)));
        assert!(matches!(migrate_to(sql.as_mut(), &[first]), Err(StoreError::Newer(2))), "and never back");
    }
}
