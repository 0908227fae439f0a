//! Rebuilding a view from the log: beside the old table, then swapped. Any view can be dropped and must come out the same
//! (invariant `rebuild-equals-incremental`).
//!
//! Facts are read and folded beside the writers; finished rows stand in the writer's queue in small lots, so that nobody
//! waits for more than one of them. Only the last stretch is folded while no batch runs.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, Weak},
    time::{Duration, Instant},
};

use domain::{
    ViewId,
    basics::{Rows, Value},
};
use facts::ChainId;

use crate::{
    Store, log,
    sql::*,
    views::{Finished, Folder, Put, Tables, ViewTable, with},
};

/// Rows kept in memory before they are written.
const ROWS_MAX: usize = 50_000;
/// Rows written in one transaction beside the writers.
const LOT: usize = 1_000;
/// A stretch short enough to be folded while writers wait.
const REST: u64 = 1_000;

/// So long a rebuild waits for those who still read from the table before the last swap.
const READERS_MAX: Duration = Duration::from_secs(60);

/// How far a rebuild is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Facts folded.
    pub done: u64,
    /// Facts in the log when it began.
    pub total: u64,
}

/// Rebuilding is for one process at a time; which one, stands in a row that it keeps locked, so that it is free again when
/// that process ends, however it ends. Nothing where the data belong to one process anyway.
pub(crate) struct Alone(Option<Box<dyn Sql>>);

impl Alone {
    /// Waits for whoever rebuilds.
    pub(crate) fn wait(db: &dyn Database) -> Result<Alone> {
        let mut sql = db.writer()?;
        let clause = sql.lock_clause();
        if clause.is_empty() {
            return Ok(Alone(None));
        }
        Alone::begin(sql.as_mut(), clause)?;
        Ok(Alone(Some(sql)))
    }

    /// If nobody rebuilds.
    pub(crate) fn if_free(db: &dyn Database) -> Result<Option<Alone>> {
        let mut sql = db.writer()?;
        let clause = sql.lock_clause();
        if clause.is_empty() {
            return Ok(Some(Alone(None)));
        }
        let free = Alone::begin(sql.as_mut(), &format!("{clause} SKIP LOCKED"))?;
        Ok(free.then_some(Alone(Some(sql))))
    }

    fn begin(sql: &mut dyn Sql, clause: &str) -> Result<bool> {
        sql.run("INSERT INTO setting (name, value) VALUES ('rebuild', '') ON CONFLICT (name) DO NOTHING", &[])?;
        sql.begin()?;
        Ok(sql.one_text(&format!("SELECT value FROM setting WHERE name = 'rebuild'{clause}"), &[])?.is_some())
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        if let Some(sql) = &mut self.0
            && let Err(e) = sql.rollback()
        {
            tracing::debug!(error = %e, "end of a rebuild");
        }
    }
}

/// Where finished rows go.
type Sink<'a> = &'a mut dyn FnMut(&mut dyn Sql, Vec<Finished>) -> Result<()>;

impl Store {
    /// Rebuilds one view while others read and write, then swaps it in. One rebuild at a time.
    ///
    /// # Errors
    /// A stored fact that cannot be read, or the database says no; the old table then stays in use.
    pub fn rebuild(&self, view: ViewId, progress: &mut dyn FnMut(Progress)) -> Result<u64> {
        // One at a time.
        let mut retired = self.rebuilding.lock().unwrap_or_else(PoisonError::into_inner);
        let _alone = Alone::wait(self.db.as_ref())?;
        crate::writer::read_again(self.db.reader()?.as_mut(), &self.tables)?;
        wait_for_readers(&mut retired);
        let tables = self.tables.read().map_err(|_| StoreError::Stopped)?.clone();
        let old = tables.of(view)?;
        let fresh = ViewTable { version: view.version(), ..old.of_generation(old.generation + 1) };
        let beside = with(&tables, fresh);
        self.writer.alone(move |sql| {
            old.of_generation(old.generation - 1).drop(sql)?;
            fresh.create(sql)
        })?;
        let mut sql = self.db.reader()?;
        let mut reached = BTreeMap::new();
        let mut done = 0;
        for _ in 0..10 {
            let now = self.fold_log(sql.as_mut(), &beside, fresh, &mut reached, done, progress)?;
            done += now;
            if now < REST {
                break;
            }
        }
        drop(sql);
        // What came meanwhile is folded where no batch runs; then the new table is the one in use.
        let in_use = self.tables.clone();
        retired.push(Arc::downgrade(&tables));
        drop(tables);
        self.writer.alone(move |sql| {
            let mut in_use = in_use.write().map_err(|_| StoreError::Stopped)?;
            let rest = together(sql, |sql| {
                // Batches of other processes have looked at it, and write to the old table until they end.
                sql.lock_table("view_table")?;
                let mut rest = 0;
                for head in log::heads(sql, true)?.into_iter().filter(|h| h.chain.name == view.chain()) {
                    let after = reached.get(&head.chain).copied().unwrap_or(0);
                    rest += fold_chain(sql, &beside, view, head.chain, after, head.size, &mut put_into(fresh), &mut |_| {})?;
                }
                register(sql, fresh)?;
                Ok(rest)
            })?;
            *in_use = Arc::new(beside);
            Ok(done + rest)
        })
    }

    /// Folds what is in the log now and was not reached before.
    fn fold_log(
        &self,
        sql: &mut dyn Sql,
        tables: &Tables,
        fresh: ViewTable,
        reached: &mut BTreeMap<ChainId, u64>,
        before: u64,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<u64> {
        let mut heads = log::heads(sql, false)?;
        heads.retain(|h| h.chain.name == fresh.view.chain());
        let total = heads.iter().map(|h| h.size).sum();
        let mut done = 0;
        let mut put = |_: &mut dyn Sql, rows: Vec<Finished>| {
            let mut rows = rows.into_iter().peekable();
            while rows.peek().is_some() {
                let lot: Vec<Finished> = rows.by_ref().take(LOT).collect();
                self.writer.alone(move |sql| together(sql, |sql| put_into(fresh)(sql, lot)))?;
            }
            Ok(())
        };
        for head in heads {
            let after = reached.insert(head.chain, head.size).unwrap_or(0);
            let mut told = |n| progress(Progress { done: before + done + n, total });
            done += fold_chain(sql, tables, fresh.view, head.chain, after, head.size, &mut put, &mut told)?;
        }
        Ok(done)
    }
}

/// Waits until nobody reads from tables that are not in use any more; whoever takes longer than a minute loses them.
fn wait_for_readers(retired: &mut Vec<Weak<Tables>>) {
    let begun = Instant::now();
    while begun.elapsed() < READERS_MAX && retired.iter().any(|tables| tables.strong_count() > 0) {
        std::thread::sleep(Duration::from_millis(2));
    }
    retired.clear();
}

/// Writes finished rows where they belong.
fn put_into(table: ViewTable) -> impl FnMut(&mut dyn Sql, Vec<Finished>) -> Result<()> {
    move |sql, rows| {
        let rows: Vec<Put> = rows.iter().map(Finished::put).collect();
        table.put(sql, &rows)
    }
}

/// Builds a view that has no table yet, or one of another version, before anybody else is let in.
pub(crate) fn build_fresh(sql: &mut dyn Sql, tables: &Tables, view: ViewId) -> Result<Tables> {
    let old = tables.of(view).ok();
    let fresh = ViewTable { view, version: view.version(), generation: old.map_or(0, |t| t.generation) + 1 };
    let tables = with(tables, fresh);
    together(sql, |sql| {
        fresh.create(sql)?;
        for head in log::heads(sql, false)?.into_iter().filter(|h| h.chain.name == view.chain()) {
            fold_chain(sql, &tables, view, head.chain, 0, head.size, &mut put_into(fresh), &mut |_| {})?;
        }
        register(sql, fresh)?;
        old.map_or(Ok(()), |old| old.drop(sql))
    })?;
    Ok(tables)
}

/// Drops what the last rebuild before this start has left: the table before its swap, or half a new one.
pub(crate) fn drop_others(sql: &mut dyn Sql, tables: &Tables) -> Result<()> {
    for table in tables.all() {
        table.of_generation(table.generation - 1).drop(sql)?;
        table.of_generation(table.generation + 1).drop(sql)?;
    }
    Ok(())
}

fn register(sql: &mut dyn Sql, table: ViewTable) -> Result<()> {
    sql.run(
        "INSERT INTO view_table (view, version, generation, built_ms) VALUES ($1, $2, $3, 0) \
         ON CONFLICT (view) DO UPDATE SET version = excluded.version, generation = excluded.generation",
        &[table.view.name().into(), Value::Int(table.version.into()), Value::Int(table.generation)],
    )?;
    Ok(())
}

/// Folds a stretch of one chain: facts in pages, rows in memory until there are many.
#[allow(clippy::too_many_arguments, reason = "a stretch is four values, and the rest is where it comes from and goes to")]
fn fold_chain(
    sql: &mut dyn Sql,
    tables: &Tables,
    view: ViewId,
    chain: ChainId,
    after: u64,
    up_to: u64,
    put: Sink,
    progress: &mut dyn FnMut(u64),
) -> Result<u64> {
    const PAGE: u64 = 10_000;
    let mut folder = Folder::new(tables, Rows::default());
    let (mut last, mut done) = (after, 0);
    while last < up_to {
        let mut page = Vec::with_capacity(PAGE.min(up_to - last) as usize);
        log::scan(sql, chain, last, up_to.min(last + PAGE), &mut |fact| {
            page.push(log::decode(fact)?);
            last = fact.seq;
            Ok(())
        })?;
        if page.is_empty() {
            break;
        }
        for recorded in &page {
            folder.fold(sql, &[view], recorded)?;
        }
        done += page.len() as u64;
        progress(done);
        if folder.waiting() > ROWS_MAX {
            put(sql, folder.take(view))?;
        }
    }
    put(sql, folder.take(view))?;
    Ok(done)
}
