//! Checking an installation, and carrying chains out of it.

use std::io::Write;

use facts::{ChainFileHeader, ChainFileWriter, ChainId, Checkpoint, Head, Origin, SignerKey, Verifier, VerifierKey};
use serde::Serialize;

use crate::{Store, log, sql::*};

/// What `verify` found.
#[derive(Debug, Clone, Serialize)]
pub struct VerifyReport {
    /// Every chain, in order.
    pub chains: Vec<ChainReport>,
}

impl VerifyReport {
    /// Whether every chain holds.
    pub fn holds(&self) -> bool {
        self.chains.iter().all(|c| c.broken.is_none())
    }
}

/// What was found of one chain.
#[derive(Debug, Clone, Serialize)]
pub struct ChainReport {
    /// Which chain.
    pub chain: ChainId,
    /// Facts checked.
    pub facts: u64,
    /// Checkpoints that agree.
    pub checkpoints: u64,
    /// The first thing that does not hold.
    pub broken: Option<String>,
    /// Stable word for it.
    pub code: Option<&'static str>,
    /// Number of the first broken fact.
    pub at: Option<u64>,
}

impl Store {
    /// Heads of all chains.
    ///
    /// # Errors
    /// The database said no.
    pub fn heads(&self) -> Result<Vec<Head>> {
        log::heads(self.reader()?.as_mut(), false)
    }

    /// Re-hashes every fact of every chain, compares heads and kept checkpoints, and names the first broken fact.
    ///
    /// # Errors
    /// The database said no; a broken chain is a finding, not an error.
    pub fn verify(&self, keys: &[VerifierKey], progress: &mut dyn FnMut(u64)) -> Result<VerifyReport> {
        let mut sql = self.reader()?;
        sql.begin_read()?;
        let mut chains = Vec::new();
        let mut done = 0;
        // Not by the heads alone: whoever removes one would hide its chain.
        let (found, strays) = log::chains(sql.as_mut())?;
        for chain in found {
            let before = done;
            let report = match log::head_of(sql.as_mut(), chain) {
                Ok(Some(head)) => verify_chain(sql.as_mut(), head, keys, &mut |n| progress(before + n))?,
                Ok(None) => bad(chain, "there are facts or checkpoints of this chain, but its head is missing", "head-missing"),
                Err(StoreError::Stored(why)) => bad(chain, &why, "head-unreadable"),
                Err(e) => return Err(e),
            };
            done += report.facts;
            chains.push(report);
        }
        for (chain, name) in strays {
            chains.push(bad(
                chain,
                &format!("there are facts or checkpoints of a chain {name:?}, which cannot be"),
                "unknown-chain",
            ));
        }
        sql.rollback()?;
        Ok(VerifyReport { chains })
    }

    /// Writes one chain as a file that can be checked with no database.
    ///
    /// # Errors
    /// The chain does not verify, cannot be read, or the file cannot be written.
    pub fn export_chain(
        &self,
        chain: ChainId,
        installation: &str,
        demo: bool,
        key: &SignerKey,
        now_ms: i64,
        out: impl Write,
    ) -> Result<u64> {
        let mut sql = self.reader()?;
        sql.begin_read()?;
        let head = log::heads(sql.as_mut(), false)?
            .into_iter()
            .find(|h| h.chain == chain)
            .ok_or_else(|| StoreError::Bad(format!("there is no chain {chain}")))?;
        let origin = Origin::new(installation, chain).map_err(|e| StoreError::Bad(e.to_string()))?;
        let header = ChainFileHeader { suite: head.suite, origin: origin.clone(), demo };
        let told = |e: facts::ChainFileError| StoreError::Bad(e.to_string());
        let mut writer = ChainFileWriter::new(out, &header).map_err(told)?;
        log::scan(sql.as_mut(), chain, 0, head.size, &mut |fact| writer.write(fact).map_err(told))?;
        let checkpoint = Checkpoint { origin, size: head.size, hash: head.hash, suite: head.suite, time_ms: now_ms };
        let note = facts::sign(&checkpoint, key);
        writer.finish(Some(&note)).map_err(told)?;
        sql.rollback()?;
        Ok(head.size)
    }

    /// Writes the beginning of one chain, up to the first fact recorded at `before_ms` or later, as a file that can be checked with
    /// no database. Nothing is written, and 0 returned, where there is no such fact.
    ///
    /// # Errors
    /// As [`Store::export_chain`].
    pub fn export_beginning(
        &self,
        chain: ChainId,
        before_ms: i64,
        (installation, demo): (&str, bool),
        key: &SignerKey,
        now_ms: i64,
        out: &mut dyn FnMut() -> Result<Box<dyn Write>>,
    ) -> Result<u64> {
        let told = |e: facts::ChainFileError| StoreError::Bad(e.to_string());
        let mut sql = self.reader()?;
        sql.begin_read()?;
        let suite = log::heads(sql.as_mut(), false)?.into_iter().find(|h| h.chain == chain).map(|h| h.suite);
        let suite = suite.ok_or_else(|| StoreError::Bad(format!("there is no chain {chain}")))?;
        // Clocks go back, so that the number decides and not the time alone.
        let query =
            "SELECT CAST(coalesce(min(seq), 0) AS BIGINT) FROM fact WHERE county = $1 AND chain = $2 AND recorded_ms >= $3";
        let params = [i64::from(chain.county).into(), chain.name.as_str().into(), before_ms.into()];
        let first_kept = sql.one_int(query, &params)?.unwrap_or(0);
        let up_to = if first_kept > 0 { first_kept.unsigned_abs() - 1 } else { u64::MAX };
        let origin = Origin::new(installation, chain).map_err(|e| StoreError::Bad(e.to_string()))?;
        let (mut writer, mut last) = (None, Head::empty(chain, suite));
        log::scan(sql.as_mut(), chain, 0, up_to, &mut |fact| {
            if writer.is_none() {
                let header = ChainFileHeader { suite, origin: origin.clone(), demo };
                writer = Some(ChainFileWriter::new(out()?, &header).map_err(told)?);
            }
            (last.size, last.hash) = (fact.seq, fact.hash);
            writer.as_mut().map_or(Ok(()), |w| w.write(fact).map_err(told))
        })?;
        sql.rollback()?;
        if let Some(writer) = writer {
            let checkpoint = Checkpoint { origin, size: last.size, hash: last.hash, suite, time_ms: now_ms };
            let mut out = writer.finish(Some(&facts::sign(&checkpoint, key))).map_err(told)?;
            out.flush().map_err(StoreError::io("chain file"))?;
        }
        Ok(last.size)
    }

    /// Goes through a chain and says whether it still contains what a checkpoint says, and how many facts came since; or which is the
    /// first fact that does not hold.
    ///
    /// # Errors
    /// The database said no; a contradiction is a finding.
    pub fn verify_checkpoint(&self, checkpoint: &Checkpoint) -> Result<Result<u64, facts::Broken>> {
        let chain = checkpoint.origin.chain();
        let mut verifier = Verifier::new(chain, checkpoint.suite);
        if let Err(broken) = verifier.consistent_with(checkpoint) {
            return Ok(Err(broken));
        }
        let mut broken = None;
        let mut sql = self.reader()?;
        let scanned = log::scan(sql.as_mut(), chain, 0, u64::MAX, &mut |fact| {
            verifier.check(fact).map_err(|e| {
                let told = StoreError::Bad(e.to_string());
                broken = Some(e);
                told
            })
        });
        match broken {
            Some(broken) => Ok(Err(broken)),
            None => {
                scanned?;
                Ok(verifier.finish().map(|head| head.size - checkpoint.size))
            }
        }
    }

    /// Facts of a chain in order, from after a number.
    ///
    /// # Errors
    /// The database said no, or `each` did.
    pub fn each_fact(
        &self,
        chain: ChainId,
        after: u64,
        up_to: u64,
        each: &mut dyn FnMut(&facts::Fact) -> Result<()>,
    ) -> Result<()> {
        log::scan(self.reader()?.as_mut(), chain, after, up_to, each)
    }

    /// Signs the present head of every chain that has grown since its last checkpoint, and keeps the notes.
    ///
    /// # Errors
    /// The database said no.
    pub fn make_checkpoints(&self, installation: &str, key: &SignerKey, now_ms: i64) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        for head in self.heads()?.into_iter().filter(|h| h.size > 0) {
            let params = [i64::from(head.chain.county).into(), head.chain.name.as_str().into(), (head.size as i64).into()];
            let there = self
                .reader()?
                .one_int("SELECT count(*) FROM checkpoint WHERE county = $1 AND chain = $2 AND size = $3", &params)?;
            if there != Some(0) {
                continue;
            }
            let origin = Origin::new(installation, head.chain).map_err(|e| StoreError::Bad(e.to_string()))?;
            let note =
                facts::sign(&Checkpoint { origin, size: head.size, hash: head.hash, suite: head.suite, time_ms: now_ms }, key);
            let [county, chain, size] = params;
            self.write(
                "INSERT INTO checkpoint (county, chain, size, made_ms, note) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (county, chain, size) DO NOTHING",
                &[county, chain, size, now_ms.into(), note.as_str().into()],
            )?;
            notes.push(note);
        }
        Ok(notes)
    }

    /// Kept checkpoints of a chain, newest first: size, when, signed note.
    ///
    /// # Errors
    /// The database said no.
    pub fn checkpoints(&self, chain: ChainId) -> Result<Vec<(u64, i64, String)>> {
        checkpoints(self.reader()?.as_mut(), chain)
    }
}

/// A chain of which nothing can be checked.
fn bad(chain: ChainId, why: &str, code: &'static str) -> ChainReport {
    let broken = Some(format!("chain {chain}, fact 1: {why}"));
    ChainReport { chain, facts: 0, checkpoints: 0, broken, code: Some(code), at: Some(1) }
}

pub(crate) fn checkpoints(sql: &mut dyn Sql, chain: ChainId) -> Result<Vec<(u64, i64, String)>> {
    let mut found = Vec::new();
    let query = "SELECT size, made_ms, note FROM checkpoint WHERE county = $1 AND chain = $2 ORDER BY size DESC LIMIT 4000";
    sql.each(query, &[i64::from(chain.county).into(), chain.name.as_str().into()], &mut |r| {
        found.push((r.int(0)? as u64, r.int(1)?, r.text(2)?.to_owned()));
        Ok(())
    })?;
    Ok(found)
}

fn verify_chain(sql: &mut dyn Sql, head: Head, keys: &[VerifierKey], progress: &mut dyn FnMut(u64)) -> Result<ChainReport> {
    let mut verifier = Verifier::new(head.chain, head.suite);
    let mut report = ChainReport { chain: head.chain, facts: 0, checkpoints: 0, broken: None, code: None, at: None };
    let mut forged = None;
    for (size, _, note) in checkpoints(sql, head.chain)? {
        let checked = opened(&note, size, keys).and_then(|c| verifier.consistent_with(&c).map_err(|e| e.to_string()));
        match checked {
            Ok(()) => report.checkpoints += 1,
            // The lowest; the others are expected of the facts all the same.
            Err(e) => forged = Some((format!("checkpoint at {size}: {e}"), "bad-checkpoint", size)),
        }
    }
    let found = broken_fact(sql, head, verifier, &mut report, progress)?;
    // A checkpoint that is no good must not hide which fact was altered.
    let named = match (found, forged) {
        (Some((told, code, at)), Some((also, ..))) => Some((format!("{told}; {also}"), code, at)),
        (found, forged) => found.or(forged),
    };
    if let Some((told, code, at)) = named {
        (report.broken, report.code, report.at) = (Some(told), Some(code), Some(at));
    }
    Ok(report)
}

/// What a note says, if one of the keys signed it, and for the installation that the key is of.
pub(crate) fn opened(note: &str, size: u64, keys: &[VerifierKey]) -> Result<Checkpoint, String> {
    let told = |e: facts::NoteError| e.to_string();
    let checkpoint = match keys {
        // Without keys the content is compared all the same; who signed it stays open.
        [] => facts::note::unverified_text(note).and_then(Checkpoint::from_text).map_err(told),
        keys => {
            let checkpoint = facts::open(note, keys).map_err(told)?;
            let ours = keys.iter().any(|key| key.name() == checkpoint.origin.installation());
            if ours { Ok(checkpoint) } else { Err(format!("it is of {}", checkpoint.origin)) }
        }
    }?;
    if checkpoint.size == size { Ok(checkpoint) } else { Err(format!("it was signed at size {}", checkpoint.size)) }
}

/// What is wrong, as a stable word, and with which fact.
type Finding = (String, &'static str, u64);

/// Goes through the facts: the first that does not hold, or where the end is not what was expected.
fn broken_fact(
    sql: &mut dyn Sql,
    head: Head,
    mut verifier: Verifier,
    report: &mut ChainReport,
    progress: &mut dyn FnMut(u64),
) -> Result<Option<Finding>> {
    // A fact that cannot even be read, or a hole at the end, is a finding as well.
    let mut broken = None;
    let scanned = log::scan(sql, head.chain, 0, u64::MAX, &mut |fact| match verifier.check(fact) {
        Ok(()) => {
            report.facts += 1;
            if report.facts.is_multiple_of(10_000) {
                progress(report.facts);
            }
            Ok(())
        }
        Err(e) => {
            let told = StoreError::Bad(e.to_string());
            broken = Some((e.to_string(), e.code(), e.seq()));
            Err(told)
        }
    });
    if broken.is_some() {
        return Ok(broken);
    }
    if let Err(e) = scanned {
        let at = report.facts + 1;
        return Ok(Some((format!("chain {}, fact {at}: {e}", head.chain), "unreadable", at)));
    }
    let reached = *verifier.head();
    if let Err(e) = verifier.finish() {
        return Ok(Some((e.to_string(), e.code(), e.seq())));
    }
    let (chain, held, said) = (head.chain, reached.size, head.size);
    Ok((reached != head)
        .then(|| (format!("chain {chain}: it holds {held} facts, its head says {said}"), "head-mismatch", held.min(said) + 1)))
}
