//! Backup of a SQLite installation: a consistent copy under load with its files and keys in one tar file, verified
//! before it is called good: chains by their hashes, files by their names (which are their hashes), and the last entry
//! tells a whole backup from a truncated one. PostgreSQL is backed up with its own tools.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{Location, Store, sql::*};

/// The last entry of a whole backup.
const COMPLETE: &str = "COMPLETE";

impl Store {
    fn stored_files(&self) -> PathBuf {
        self.dir().join("files")
    }
}

/// Writes a backup while others write: first the database, then every stored file it can name.
///
/// # Errors
/// The file exists, cannot be written, or what was written does not verify.
pub fn backup(store: &Store, out: &Path) -> Result<u64> {
    if out.exists() {
        return Err(StoreError::Bad(format!("{} is there already; a backup never overwrites", out.display())));
    }
    let partial = out.with_extension("part");
    let copy = out.with_extension("db-part");
    let _ = fs::remove_file(&copy);
    let result = (|| {
        store.db.copy_to(&copy)?;
        let file = fs::File::create(&partial).map_err(StoreError::io(partial.display().to_string()))?;
        let mut archive = tar::Builder::new(file);
        add(&mut archive, "qianwan.db", &copy)?;
        let keys = store.dir().join("keys.json");
        if keys.exists() {
            add(&mut archive, "keys.json", &keys)?;
        }
        for file in walk(&store.stored_files())? {
            let name = file.strip_prefix(store.dir()).unwrap_or(&file).to_string_lossy().into_owned();
            add(&mut archive, &name, &file)?;
        }
        let written = StoreError::io("writing the backup");
        let mut header = tar::Header::new_gnu();
        header.set_size(0);
        header.set_mode(0o600);
        let file = archive.append_data(&mut header, COMPLETE, io::empty()).and_then(|()| archive.into_inner()).map_err(written)?;
        file.sync_all().map_err(StoreError::io("bringing the backup to the disk"))?;
        let facts = verify_backup(&partial)?;
        fs::rename(&partial, out).map_err(StoreError::io(out.display().to_string()))?;
        Ok(facts)
    })();
    let _ = fs::remove_file(&copy);
    if result.is_err() {
        let _ = fs::remove_file(&partial);
    }
    result
}

/// Puts a backup into an empty directory.
///
/// # Errors
/// The directory holds data already, or the backup is damaged; nothing is left half-written then.
pub fn restore(from: &Path, dir: &Path) -> Result<u64> {
    let occupied = fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some());
    if occupied {
        return Err(StoreError::Bad(format!("{} is not empty; restore never overwrites", dir.display())));
    }
    let staging = dir.with_extension("restoring");
    let _ = fs::remove_dir_all(&staging);
    let result = unpack(from, &staging).and_then(|()| checked(&staging)).and_then(|facts| {
        let _ = fs::remove_dir(dir);
        fs::rename(&staging, dir).map_err(StoreError::io(dir.display().to_string()))?;
        Ok(facts)
    });
    if result.is_err() {
        let _ = fs::remove_dir_all(&staging);
    }
    result
}

/// Unpacks a backup aside and checks every chain in it. Returns the number of facts.
///
/// # Errors
/// It is damaged.
pub fn verify_backup(file: &Path) -> Result<u64> {
    let aside = file.with_extension("verifying");
    let _ = fs::remove_dir_all(&aside);
    let result = unpack(file, &aside).and_then(|()| checked(&aside));
    let _ = fs::remove_dir_all(&aside);
    result
}

fn checked(dir: &Path) -> Result<u64> {
    files_hold(dir)?;
    let store = Store::open(&Location::in_dir(dir))?;
    let report = store.verify(&[], &mut |_| {})?;
    match report.chains.iter().find_map(|c| c.broken.as_ref().map(|b| format!("{}: {b}", c.chain))) {
        Some(broken) => Err(StoreError::Bad(format!("the backup does not verify: {broken}"))),
        None => Ok(report.chains.iter().map(|c| c.facts).sum()),
    }
}

fn walk(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        let Ok(entries) = fs::read_dir(&dir) else { continue };
        for entry in entries {
            let path = entry.map_err(StoreError::io(dir.display().to_string()))?.path();
            match path.is_dir() {
                true => open.push(path),
                false => found.push(path),
            }
        }
    }
    found.sort();
    Ok(found)
}

fn add(archive: &mut tar::Builder<fs::File>, name: &str, path: &Path) -> Result<()> {
    archive.append_path_with_name(path, name).map_err(StoreError::io(path.display().to_string()))
}

fn unpack(from: &Path, dir: &Path) -> Result<()> {
    let damaged = |what: String| StoreError::Bad(format!("{} is not a whole backup: {what}", from.display()));
    let file = fs::File::open(from).map_err(StoreError::io(from.display().to_string()))?;
    fs::create_dir_all(dir).map_err(StoreError::io(dir.display().to_string()))?;
    let mut archive = tar::Archive::new(io::BufReader::new(file));
    let mut complete = false;
    for entry in archive.entries().map_err(|e| damaged(e.to_string()))? {
        let mut entry = entry.map_err(|e| damaged(e.to_string()))?;
        complete = entry.path().is_ok_and(|p| p == Path::new(COMPLETE));
        let inside = complete || entry.unpack_in(dir).map_err(|e| damaged(e.to_string()))?;
        if !inside {
            return Err(damaged("a name leads elsewhere".into()));
        }
    }
    complete.then_some(()).ok_or_else(|| damaged("its end is missing".into()))
}

/// Every stored file is named by its own SHA-256.
fn files_hold(dir: &Path) -> Result<()> {
    for path in walk(&dir.join("files"))? {
        let content = fs::read(&path).map_err(StoreError::io(path.display().to_string()))?;
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if hex::encode(Sha256::digest(&content)) != name {
            return Err(StoreError::Bad(format!("stored file {name} was altered")));
        }
    }
    Ok(())
}
