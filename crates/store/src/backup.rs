//! Backup of a SQLite installation: a consistent copy under load with its files and keys in one tar file, verified
//! before it is called good: chains by their hashes, files by their names (which are their hashes), and every byte of it by
//! a SHA-256 in its last entry. PostgreSQL is backed up with its own tools.

use std::{
    fs,
    io::{self, Read, Seek, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{Location, Store, particulars::RESTORED_FILE, sql::*};

/// The last entry of a whole backup; holds the SHA-256 of everything before it.
const COMPLETE: &str = "COMPLETE";

/// A file that knows the digest of what was written into it.
struct Hashed {
    file: fs::File,
    hasher: Sha256,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Ends an archive with the digest of what is in it so far.
fn complete<W: Write>(archive: &mut tar::Builder<W>, digest: &str) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(digest.len() as u64);
    header.set_mode(0o600);
    archive.append_data(&mut header, COMPLETE, digest.as_bytes())
}

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
        // For the owner only, from the first byte: passwords' hashes and the signing key are in it.
        let own = |path: &Path| {
            let _ = fs::remove_file(path);
            let opened = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path);
            opened.map_err(StoreError::io(path.display().to_string()))
        };
        drop(own(&copy)?);
        store.db.copy_to(&copy)?;
        let file = own(&partial)?;
        let mut archive = tar::Builder::new(Hashed { file, hasher: Sha256::new() });
        add(&mut archive, "qianwan.db", &copy)?;
        for name in ["keys.json", crate::seal::FILE] {
            let keys = store.dir().join(name);
            if keys.exists() {
                add(&mut archive, name, &keys)?;
            }
        }
        for file in walk(&store.stored_files())? {
            let name = file.strip_prefix(store.dir()).unwrap_or(&file).to_string_lossy().into_owned();
            add(&mut archive, &name, &file)?;
        }
        let written = StoreError::io("writing the backup");
        let digest = hex::encode(archive.get_ref().hasher.clone().finalize());
        let whole = complete(&mut archive, &digest).and_then(|()| archive.into_inner()).map_err(written)?;
        whole.file.sync_all().map_err(StoreError::io("bringing the backup to the disk"))?;
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
        // Somebody whose particulars are in it may have been erased since.
        if Store::open_beside(&Location::in_dir(&staging))?.particulars().count()? > 0 {
            let mark = staging.join(RESTORED_FILE);
            fs::write(&mark, "").map_err(StoreError::io(mark.display().to_string()))?;
        }
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
    if let Some(name) = store.files().altered_in_row()? {
        return Err(StoreError::Bad(format!("stored file {name} was altered")));
    }
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
            // A name with a dot is an upload that was cut off.
            let half = path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
            match path.is_dir() {
                true => open.push(path),
                false if half => {}
                false => found.push(path),
            }
        }
    }
    found.sort();
    Ok(found)
}

fn add(archive: &mut tar::Builder<Hashed>, name: &str, path: &Path) -> Result<()> {
    archive.append_path_with_name(path, name).map_err(StoreError::io(path.display().to_string()))
}

fn unpack(from: &Path, dir: &Path) -> Result<()> {
    let damaged = |what: String| StoreError::Bad(format!("{} is not a whole backup: {what}", from.display()));
    let file = fs::File::open(from).map_err(StoreError::io(from.display().to_string()))?;
    crate::own_dir(dir).map_err(StoreError::io(dir.display().to_string()))?;
    let mut file = io::BufReader::new(file);
    if !is_whole(&mut file).map_err(|e| damaged(e.to_string()))? {
        return Err(damaged("it was cut off or altered".into()));
    }
    let mut archive = tar::Archive::new(file);
    for entry in archive.entries().map_err(|e| damaged(e.to_string()))? {
        let mut entry = entry.map_err(|e| damaged(e.to_string()))?;
        let last = entry.path().is_ok_and(|p| p == Path::new(COMPLETE));
        let inside = last || entry.unpack_in(dir).map_err(|e| damaged(e.to_string()))?;
        if !inside {
            return Err(damaged("a name leads elsewhere".into()));
        }
    }
    Ok(())
}

/// Whether the file ends exactly as a backup with this content does. Leaves it at its beginning.
fn is_whole(file: &mut (impl Read + Seek)) -> io::Result<bool> {
    let ending = |digest: &str| {
        let mut archive = tar::Builder::new(Vec::new());
        complete(&mut archive, digest).and_then(|()| archive.into_inner())
    };
    let length = ending(&"0".repeat(64))?.len() as u64;
    let Some(content) = file.seek(io::SeekFrom::End(0))?.checked_sub(length) else { return Ok(false) };
    file.rewind()?;
    let mut hasher = Sha256::new();
    io::copy(&mut file.by_ref().take(content), &mut hasher)?;
    let mut found = Vec::new();
    file.read_to_end(&mut found)?;
    file.rewind()?;
    Ok(found == ending(&hex::encode(hasher.finalize()))?)
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
