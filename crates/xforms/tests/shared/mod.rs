//! Finds the corpus of forms beside the repository.

use std::path::{Path, PathBuf};

/// The folder of forms; `None`, with a line that says so, where it is missing.
pub fn forms() -> Option<PathBuf> {
    let shared = std::env::var_os("QIANWAN_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let folder = shared.join("data/forms");
    if !folder.is_dir() {
        println!("{} is missing: the check over the corpus of forms was skipped", folder.display());
        return None;
    }
    Some(folder)
}

/// Files below a folder with that ending, sorted.
pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut left = vec![folder.to_owned()];
    while let Some(at) = left.pop() {
        for entry in std::fs::read_dir(&at).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                out.push(path);
            }
        }
    }
    out.sort();
    out
}
