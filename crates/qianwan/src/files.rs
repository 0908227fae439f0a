//! Files that people name on the command line: read with their name in the error, written only when they are whole.

use std::{
    fs,
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// The bytes of a file.
///
/// # Errors
/// It cannot be read; its path is told.
pub fn bytes(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| file.display().to_string())
}

/// The last part of a path, as findings name it.
pub fn name(file: &Path) -> String {
    file.file_name().map_or_else(|| file.display().to_string(), |n| n.to_string_lossy().into_owned())
}

/// Writes beside the file and puts it in its place when it is whole.
///
/// # Errors
/// It cannot be written; what stood there stands there still.
pub fn write_whole(file: &Path, write: impl FnOnce(&mut BufWriter<fs::File>) -> io::Result<()>) -> Result<()> {
    let mut part = file.as_os_str().to_owned();
    part.push(format!(".part-{}", std::process::id()));
    let part = PathBuf::from(part);
    let whole = || -> io::Result<()> {
        let mut out = BufWriter::new(fs::File::create(&part)?);
        write(&mut out)?;
        out.flush()?;
        fs::rename(&part, file)
    };
    whole().inspect_err(|_| drop(fs::remove_file(&part))).with_context(|| file.display().to_string())
}
