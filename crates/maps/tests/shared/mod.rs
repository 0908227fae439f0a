//! Finds the large data files beside the repository.

use std::path::PathBuf;

/// Bytes of a file of `shared/data/registry`; `None`, with a line that says so, where the folder is missing.
pub fn registry(file: &str) -> Option<Vec<u8>> {
    let shared = std::env::var_os("QIANWAN_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    let path = shared.join("data/registry").join(file);
    match std::fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(_) => {
            println!("{} is missing: the province-size check was skipped", path.display());
            None
        }
    }
}
