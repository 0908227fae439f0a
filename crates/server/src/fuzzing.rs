//! Doors for the targets in `fuzz/` alone: what takes bytes from outside to pieces, without the rest of a request.

use std::sync::LazyLock;

use bytes::Bytes;
use domain::basics::Position;

use crate::files;

/// A part of a form: name, file name, content.
pub type Part = (String, Option<String>, Vec<u8>);

/// The parts of a multipart form, or why it is none.
///
/// # Errors
/// What the client would be told.
pub fn parts(media_type: &str, body: &[u8]) -> Result<Vec<Part>, String> {
    static RUNTIME: LazyLock<tokio::runtime::Runtime> =
        LazyLock::new(|| tokio::runtime::Builder::new_current_thread().build().expect("a runtime without threads"));
    let _inside = RUNTIME.enter();
    let parts = files::parts_of(media_type, Bytes::copy_from_slice(body)).map_err(|p| p.code)?;
    Ok(parts.into_iter().map(|p| (p.name, p.file_name, p.content)).collect())
}

/// Time and position out of EXIF.
pub fn camera_says(content: &[u8]) -> (Option<i64>, Option<Position>) {
    files::camera_says(content)
}
