//! Who owns the data directory, and who may read what is in it.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::{Finding, Scene};
use crate::data;

/// What nobody but the owner may read. The database holds hashes of passwords and particulars.
fn secret(scene: &Scene) -> Vec<PathBuf> {
    let dir = scene.dir();
    let mut found = vec![dir.to_owned()];
    let add = |found: &mut Vec<PathBuf>, folder: &Path, wanted: &dyn Fn(&str) -> bool| {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if wanted(&entry.file_name().to_string_lossy()) {
                found.push(entry.path());
            }
        }
    };
    add(&mut found, dir, &|name| ["keys.json", "particulars.keys", "control.sock"].contains(&name) || name.ends_with(".key"));
    add(&mut found, &dir.join("tls"), &|name| name.ends_with(".key"));
    found.extend(scene.serve.as_ref().and_then(|s| s.tls_key.clone()));
    if let Some(backups) = &scene.doctor.backup_dir {
        add(&mut found, backups, &|name| name.ends_with(".backup"));
    }
    found
}

/// All of it.
pub fn check(scene: &Scene) -> Vec<Finding> {
    let mut found = Vec::new();
    for path in secret(scene) {
        let Ok(m) = fs::metadata(&path) else { continue };
        // A key that a group of its own may read (such as ssl-cert) is common; one that everybody may read is not.
        let given = scene.serve.as_ref().is_some_and(|s| s.tls_key.as_ref() == Some(&path));
        let mask = if given { 0o007 } else { 0o077 };
        if m.permissions().mode() & mask != 0 {
            let mode = format!("{:o}", m.permissions().mode() & 0o777);
            let wanted = if m.is_dir() { "700" } else { "600" };
            let args = vec![("file", path.display().to_string()), ("mode", mode), ("wanted", wanted.into())];
            found.push(Finding::trouble("open-to-others", args));
        }
    }
    found.extend(foreign(scene.dir()));
    found.extend(key_file(scene));
    found
}

/// Files that belong to somebody else than the directory does: a command was once given as root.
fn foreign(dir: &Path) -> Option<Finding> {
    let owner = fs::metadata(dir).ok()?.uid();
    let entries = fs::read_dir(dir).ok()?.flatten();
    let mut others: Vec<String> = entries
        .filter(|e| e.metadata().is_ok_and(|m| m.uid() != owner))
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    others.sort();
    let args = || vec![("dir", dir.display().to_string()), ("files", others.join(", ")), ("owner", owner.to_string())];
    (!others.is_empty()).then(|| Finding::trouble("other-owner", args()))
}

fn key_file(scene: &Scene) -> Option<Finding> {
    let path = scene.dir().join("keys.json");
    // Nothing is made here: it comes with the first start.
    if !path.exists() {
        let served = scene.dir().join("qianwan.db").exists();
        return served.then(|| Finding::note("no-key-file", vec![("file", path.display().to_string())]));
    }
    let why = data::signer(scene.dir()).err()?;
    Some(Finding::trouble("bad-key-file", vec![("file", path.display().to_string()), ("why", format!("{why:#}"))]))
}
