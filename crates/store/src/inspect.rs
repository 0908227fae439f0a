//! What can be said of data without serving or changing them: for `doctor`, beside a server or without one.

use std::{fs, sync::Arc};

use domain::{
    ViewId,
    basics::{FileHash, Value},
};
use facts::{Head, Verifier, VerifierKey};
use sha2::{Digest, Sha256};

use crate::{ChainReport, Location, MIGRATIONS, Store, VerifyReport, log, postgres, sql::*, sqlite, verify, views::Tables};

/// A database as it was found.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// `sqlite` or `postgresql`.
    pub database: &'static str,
    /// Version of the database's engine.
    pub engine: String,
    /// Migrations that the data have.
    pub migrations: u64,
    /// Migrations that this program knows.
    pub known_migrations: u64,
    /// Views whose table is missing or of another version.
    pub stale_views: Vec<ViewId>,
    /// Facts in the log.
    pub facts: u64,
    /// When the latest fact was recorded.
    pub latest_ms: Option<i64>,
    /// What the engine itself finds wrong in its file; only where asked for.
    pub damage: Option<String>,
}

/// Looks at data of any version.
///
/// # Errors
/// There are no data, or the database says no.
pub fn inspect(location: &Location, full: bool) -> Result<Inspection> {
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
    let mut sql = db.reader()?;
    let on_sqlite = location.database.is_none();
    let version = if on_sqlite { "SELECT sqlite_version()" } else { "SELECT current_setting('server_version')" };
    let engine = sql.one_text(version, &[])?.unwrap_or_default();
    let migrations = sql.one_int("SELECT CAST(coalesce(max(number), 0) AS BIGINT) FROM migration", &[])?.unwrap_or(0);
    let mut damage = None;
    if full && on_sqlite {
        damage = sql.one_text("PRAGMA quick_check(1)", &[])?.filter(|said| said != "ok");
    }
    let stale_views = Tables::load(sql.as_mut())?.stale();
    let (mut facts, mut latest_ms) = (0, None);
    for head in log::heads(sql.as_mut(), false)?.iter().filter(|h| h.size > 0) {
        facts += head.size;
        let query = "SELECT recorded_ms FROM fact WHERE county = $1 AND chain = $2 AND seq = $3";
        let last = sql.one_int(query, &key_of(head))?;
        latest_ms = latest_ms.max(last);
    }
    Ok(Inspection {
        database: db.name(),
        engine,
        migrations: migrations.unsigned_abs(),
        known_migrations: MIGRATIONS.len() as u64,
        stale_views,
        facts,
        latest_ms,
        damage,
    })
}

fn key_of(head: &Head) -> [Value; 3] {
    [i64::from(head.chain.county).into(), head.chain.name.as_str().into(), (head.size as i64).into()]
}

/// What was found of stored files.
#[derive(Debug, Clone, Default)]
pub struct FilesReport {
    /// Files that were looked at.
    pub looked_at: u64,
    /// Known and not on the disk, or not readable, or of another size.
    pub missing: Vec<FileHash>,
    /// On the disk with other content.
    pub altered: Vec<FileHash>,
}

impl Store {
    /// Checks the newest facts of every chain, and that the last checkpoint agrees with the fact it was made of.
    ///
    /// # Errors
    /// The database said no; a broken chain is a finding, not an error.
    pub fn verify_newest(&self, count: u64, keys: &[VerifierKey]) -> Result<VerifyReport> {
        let mut sql = self.reader()?;
        sql.begin_read()?;
        let mut chains = Vec::new();
        for head in log::heads(sql.as_mut(), false)? {
            let after = head.size.saturating_sub(count);
            chains.push(newest(sql.as_mut(), head, after, keys)?);
        }
        sql.rollback()?;
        Ok(VerifyReport { chains })
    }

    /// Whether stored files are on the disk, the newest first; with `hashed`, whether their content is theirs.
    ///
    /// # Errors
    /// The database said no; a missing file is a finding, not an error.
    pub fn check_files(&self, at_most: u64, hashed: bool) -> Result<FilesReport> {
        let mut known = Vec::new();
        let query =
            "SELECT hash, bytes, CAST(coalesce(length(content), -1) AS BIGINT) FROM file ORDER BY stored_ms DESC, hash LIMIT $1";
        self.reader()?.each(query, &[i64::try_from(at_most).unwrap_or(i64::MAX).into()], &mut |r| {
            let hash = FileHash::new(r.text(0)?).ok_or_else(|| StoreError::Stored("a file with a bad name".into()))?;
            known.push((hash, r.int(1)?, r.int(2)?));
            Ok(())
        })?;
        let mut report = FilesReport::default();
        for (hash, bytes, in_row) in known {
            report.looked_at += 1;
            let on_disk = || fs::metadata(self.files().path(&hash)).is_ok_and(|m| m.is_file() && m.len() == bytes.unsigned_abs());
            if in_row != bytes && !on_disk() {
                report.missing.push(hash);
            } else if hashed {
                match self.files().read(&hash) {
                    Ok(content) if hex::encode(Sha256::digest(&content)) == hash.as_str() => {}
                    Ok(_) => report.altered.push(hash),
                    Err(_) => report.missing.push(hash),
                }
            }
        }
        Ok(report)
    }
}

fn newest(sql: &mut dyn Sql, head: Head, after: u64, keys: &[VerifierKey]) -> Result<ChainReport> {
    let mut report = ChainReport { chain: head.chain, facts: 0, checkpoints: 0, broken: None, code: None, at: None };
    let mut start = Head::empty(head.chain, head.suite);
    if after > 0 {
        let mut before = None;
        log::scan(sql, head.chain, after - 1, after, &mut |fact| {
            before = Some(fact.hash);
            Ok(())
        })?;
        match before {
            Some(hash) => start = Head { size: after, hash, ..start },
            None => return Ok(broken(report, "a fact is missing".into(), "missing", after)),
        }
    }
    let mut verifier = Verifier::resume(start);
    // Kept ones are newest first; those before the part that is looked at are for a full check.
    for (size, _, note) in verify::checkpoints(sql, head.chain)?.into_iter().filter(|(size, ..)| *size >= after) {
        match verify::opened(&note, size, keys).and_then(|c| verifier.consistent_with(&c).map_err(|e| e.to_string())) {
            Ok(()) => report.checkpoints += 1,
            Err(e) => return Ok(broken(report, format!("checkpoint at {size}: {e}"), "bad-checkpoint", size)),
        }
    }
    let mut found = None;
    let scanned = log::scan(sql, head.chain, after, u64::MAX, &mut |fact| {
        verifier.check(fact).map(|()| report.facts += 1).map_err(|e| {
            let told = StoreError::Bad(e.to_string());
            found = Some((e.to_string(), e.code(), e.seq()));
            told
        })
    });
    if let Some((told, code, at)) = found {
        return Ok(broken(report, told, code, at));
    }
    if let Err(e) = scanned {
        let at = after + report.facts + 1;
        return Ok(broken(report, e.to_string(), "unreadable", at));
    }
    let reached = *verifier.head();
    if let Err(e) = verifier.finish() {
        return Ok(broken(report, e.to_string(), e.code(), e.seq()));
    }
    if reached != head {
        let told = format!("the chain holds {} facts, its head says {}", reached.size, head.size);
        return Ok(broken(report, told, "head-mismatch", reached.size.min(head.size) + 1));
    }
    Ok(report)
}

fn broken(mut report: ChainReport, told: String, code: &'static str, at: u64) -> ChainReport {
    report.broken = Some(told);
    report.code = Some(code);
    report.at = Some(at);
    report
}
