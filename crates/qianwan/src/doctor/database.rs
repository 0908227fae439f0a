//! The database, the chains in it, and the files that it names.

use std::time::Duration;

use facts::VerifierKey;
use store::{Inspection, Store, inspect};

use super::{Finding, Scene, clock};
use crate::data;

/// Facts of each chain that are checked without `--full`.
const NEWEST: u64 = 2000;
/// Files that are looked for without `--full`.
const FILES: u64 = 2000;
/// The server signs once a day; what is older has missed a day.
const SIGNED_WITHIN: Duration = Duration::from_secs(48 * 3600);

/// All of it.
pub fn check(scene: &Scene) -> Vec<Finding> {
    let place = &scene.doctor.data;
    let Ok(location) = place.location() else { return Vec::new() };
    if location.database.is_none() && !scene.dir().join("qianwan.db").exists() {
        return vec![Finding::trouble("no-database", vec![("dir", scene.dir().display().to_string())])];
    }
    let told = match inspect(&location, scene.doctor.full) {
        Ok(told) => told,
        Err(e) => return vec![Finding::trouble("database-silent", vec![("why", e.to_string())])],
    };
    let mut found = version(&told);
    found.extend(told.damage.iter().map(|why| Finding::trouble("database-damaged", vec![("why", why.clone())])));
    found.extend(clock::against_fact(scene.now_ms(), told.latest_ms));
    // Data of another version are for the program of that version to look into.
    if found.iter().any(|f| ["data-newer", "data-older"].contains(&f.finding)) {
        return found;
    }
    match Store::open_beside(&location).map_err(anyhow::Error::from).and_then(|store| inside(scene, &store)) {
        Ok(inside) => found.extend(inside),
        Err(e) => found.push(Finding::trouble("database-silent", vec![("why", format!("{e:#}"))])),
    }
    found
}

fn version(told: &Inspection) -> Vec<Finding> {
    let mut found = Vec::new();
    let args = vec![("has", told.migrations.to_string()), ("knows", told.known_migrations.to_string())];
    if told.migrations > told.known_migrations {
        found.push(Finding::trouble("data-newer", args));
    } else if told.migrations < told.known_migrations || !told.stale_views.is_empty() {
        found.push(Finding::trouble("data-older", args));
    }
    // "15.18 (Debian …)"; SQLite is built in and always the right one.
    let major: Option<u32> = told.engine.split(['.', ' ']).next().and_then(|n| n.parse().ok());
    if told.database == "postgresql" && major.is_some_and(|n| n < 13) {
        found.push(Finding::trouble("database-old", vec![("version", told.engine.clone())]));
    }
    found
}

fn inside(scene: &Scene, store: &Store) -> anyhow::Result<Vec<Finding>> {
    let mut found = Vec::new();
    let keys: Vec<VerifierKey> = match scene.dir().join("keys.json").exists() {
        true => data::signer(scene.dir()).map(|key| key.verifier()).into_iter().collect(),
        false => Vec::new(),
    };
    let report = if scene.doctor.full { store.verify(&keys, &mut |_| {})? } else { store.verify_newest(NEWEST, &keys)? };
    for chain in &report.chains {
        if let Some(broken) = &chain.broken {
            let at = chain.at.map_or_else(|| "?".into(), |n| n.to_string());
            let args = vec![("chain", chain.chain.to_string()), ("at", at), ("why", broken.clone())];
            found.push(Finding::trouble("chain-broken", args));
        }
    }
    let mut unsigned = Vec::new();
    for head in store.heads()?.iter().filter(|h| h.size > 0) {
        let last = store.checkpoints(head.chain)?.first().map(|(size, made, _)| (*size, *made));
        let first_after = match last {
            Some((size, _)) if size >= head.size => None,
            Some((size, _)) => store.fact(head.chain, size + 1)?,
            None => store.fact(head.chain, 1)?,
        };
        let waits_ms = first_after.map_or(0, |fact| scene.now_ms() - fact.recorded_ms);
        if u128::try_from(waits_ms).is_ok_and(|ms| ms > SIGNED_WITHIN.as_millis()) {
            unsigned.push(head.chain.to_string());
        }
    }
    if !unsigned.is_empty() {
        found.push(Finding::trouble("unsigned", vec![("chains", unsigned.join(", "))]));
    }
    found.extend(particulars(store));
    let files = store.check_files(if scene.doctor.full { u64::MAX } else { FILES }, scene.doctor.full)?;
    for (word, hashes) in [("files-missing", &files.missing), ("files-altered", &files.altered)] {
        if let Some(first) = hashes.first() {
            let args = vec![("n", hashes.len().to_string()), ("first", first.as_str().to_owned())];
            found.push(Finding::trouble(word, args));
        }
    }
    Ok(found)
}

/// Whether what lies sealed can be opened, and whether it is known who was erased.
fn particulars(store: &Store) -> Vec<Finding> {
    let kept = store.particulars();
    let file = || kept.key_file().display().to_string();
    let mut found = Vec::new();
    match kept.keys() {
        Err(e) => found.push(Finding::trouble("particulars-keys", vec![("file", file()), ("why", e.to_string())])),
        Ok(keys) => {
            let rows: u64 = keys.iter().filter(|k| !k.there).map(|k| k.rows).sum();
            if rows > 0 {
                found.push(Finding::trouble("particulars-sealed", vec![("file", file()), ("n", rows.to_string())]));
            }
        }
    }
    if kept.unsettled() {
        found.push(Finding::trouble("erased-unknown", vec![("dir", store.dir().display().to_string())]));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_with_what_this_program_knows() {
        let told = |database, engine: &str, migrations| Inspection {
            database,
            engine: engine.into(),
            migrations,
            known_migrations: 3,
            stale_views: Vec::new(),
            facts: 0,
            latest_ms: None,
            damage: None,
        };
        let words = |i: Inspection| version(&i).iter().map(|f| f.finding).collect::<Vec<_>>();
        assert_eq!(words(told("sqlite", "3.50.0", 3)), [""; 0]);
        assert_eq!(words(told("sqlite", "3.50.0", 4)), ["data-newer"]);
        assert_eq!(words(told("sqlite", "3.50.0", 2)), ["data-older"]);
        assert_eq!(words(told("postgresql", "15.18 (Debian 15.18-0)", 3)), [""; 0]);
        assert_eq!(words(told("postgresql", "9.6.24", 3)), ["database-old"]);
    }
}
