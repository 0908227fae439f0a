//! Rebuilding a view from the log: beside the old table, then swapped. Any view can be dropped and must come out the same
//! (invariant `rebuild-equals-incremental`).

use std::collections::BTreeMap;

use domain::{ViewId, basics::Value};
use facts::ChainId;

use crate::{
    Store, log,
    sql::*,
    views::{Folder, Tables, ViewTable, with},
};

/// Rows kept in memory before they are written.
const ROWS_MAX: usize = 200_000;

/// How far a rebuild is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// Facts folded.
    pub done: u64,
    /// Facts in the log when it began.
    pub total: u64,
}

impl Store {
    /// Rebuilds one view while others read and write, then swaps it in.
    ///
    /// # Errors
    /// A stored fact that cannot be read, or the database says no; the old table then stays in use.
    pub fn rebuild(&self, view: ViewId, progress: &mut dyn FnMut(Progress)) -> Result<u64> {
        let mut sql = self.db.writer()?;
        let old = self.tables.read().map_err(|_| StoreError::Stopped)?.clone();
        let generation = old.of(view).map_or(0, |t| t.generation) + 1;
        let fresh = ViewTable { view, version: view.version(), generation };
        fresh.create(sql.as_mut())?;
        let beside = with(&old, fresh);
        let mut reached = BTreeMap::new();
        let mut done = fold_log(self.db.as_ref(), sql.as_mut(), &beside, view, &mut reached, progress)?;
        // What came meanwhile is folded where no writer runs; then the new table is the one in use.
        let (db, tables) = (self.db.clone(), self.tables.clone());
        done += self.writer.alone(move |sql| {
            sql.begin()?;
            let result = (|| {
                log::heads(sql, true)?;
                let rest = fold_rest(db.as_ref(), sql, &beside, view, &mut reached, &mut |_| {})?;
                register(sql, fresh)?;
                Ok(rest)
            })();
            match result {
                Ok(rest) => {
                    sql.commit()?;
                    *tables.write().map_err(|_| StoreError::Stopped)? = with(&beside, fresh);
                    Ok(rest)
                }
                Err(e) => {
                    sql.rollback()?;
                    Err(e)
                }
            }
        })?;
        if let Ok(old) = old.of(view) {
            self.db.writer()?.script(&format!("DROP TABLE IF EXISTS {}", old.name()))?;
        }
        Ok(done)
    }
}

/// Builds a view that has no table yet, or one of another version, before anybody else is let in.
pub(crate) fn build_fresh(sql: &mut dyn Sql, tables: &Tables, view: ViewId) -> Result<Tables> {
    let old = tables.of(view).ok();
    let fresh = ViewTable { view, version: view.version(), generation: old.map_or(0, |t| t.generation) + 1 };
    let tables = with(tables, fresh);
    sql.begin()?;
    let result = (|| {
        fresh.create(sql)?;
        for head in log::heads(sql, false)? {
            fold_chain(sql, &tables, view, head.chain, 0, head.size, &mut |_| {})?;
        }
        register(sql, fresh)?;
        match old {
            Some(old) => sql.script(&format!("DROP TABLE IF EXISTS {}", old.name())),
            None => Ok(()),
        }
    })();
    match result {
        Ok(()) => sql.commit()?,
        Err(e) => {
            sql.rollback()?;
            return Err(e);
        }
    }
    Ok(tables)
}

fn register(sql: &mut dyn Sql, table: ViewTable) -> Result<()> {
    sql.run(
        "INSERT INTO view_table (view, version, generation, built_ms) VALUES ($1, $2, $3, 0) \
         ON CONFLICT (view) DO UPDATE SET version = excluded.version, generation = excluded.generation",
        &[table.view.name().into(), Value::Int(table.version.into()), Value::Int(table.generation)],
    )?;
    Ok(())
}

/// Folds everything that is in the log now, each chain in a transaction of its own.
fn fold_log(
    db: &dyn Database,
    sql: &mut dyn Sql,
    tables: &Tables,
    view: ViewId,
    reached: &mut BTreeMap<ChainId, u64>,
    progress: &mut dyn FnMut(Progress),
) -> Result<u64> {
    let heads = log::heads(db.reader()?.as_mut(), false)?;
    let total = heads.iter().map(|h| h.size).sum();
    let mut done = 0;
    for head in heads {
        sql.begin()?;
        let before = done;
        match fold_chain(sql, tables, view, head.chain, 0, head.size, &mut |n| progress(Progress { done: before + n, total })) {
            Ok(n) => done += n,
            Err(e) => {
                sql.rollback()?;
                return Err(e);
            }
        }
        sql.commit()?;
        reached.insert(head.chain, head.size);
    }
    Ok(done)
}

/// Folds what has come since, within the open transaction.
fn fold_rest(
    _db: &dyn Database,
    sql: &mut dyn Sql,
    tables: &Tables,
    view: ViewId,
    reached: &mut BTreeMap<ChainId, u64>,
    progress: &mut dyn FnMut(u64),
) -> Result<u64> {
    let mut done = 0;
    for head in log::heads(sql, false)? {
        let after = reached.get(&head.chain).copied().unwrap_or(0);
        done += fold_chain(sql, tables, view, head.chain, after, head.size, progress)?;
    }
    Ok(done)
}

/// Folds a stretch of one chain: facts in pages, rows in memory, written when there are many.
fn fold_chain(
    sql: &mut dyn Sql,
    tables: &Tables,
    view: ViewId,
    chain: ChainId,
    after: u64,
    up_to: u64,
    progress: &mut dyn FnMut(u64),
) -> Result<u64> {
    const PAGE: u64 = 20_000;
    let mut folder = Folder::new(tables);
    let (mut last, mut done) = (after, 0);
    while last < up_to {
        let mut page = Vec::with_capacity(PAGE as usize);
        log::scan(sql, chain, last, up_to.min(last + PAGE), &mut |fact| {
            page.push(fact);
            Ok(())
        })?;
        let Some(end) = page.last().map(|f| f.seq) else { break };
        for fact in &page {
            let recorded = log::decode(fact)?;
            folder.fold(sql, &[view], &recorded)?;
        }
        last = end;
        done += page.len() as u64;
        progress(done);
        if folder.waiting() > ROWS_MAX {
            folder.write(sql)?;
            folder.forget();
        }
    }
    folder.write(sql)?;
    Ok(done)
}
