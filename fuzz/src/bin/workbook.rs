//! Workbooks: bytes as they come, or the parts of an .xlsx put together here, so that what is inside is reached. What is made of
//! one is a form, and what is refused is told.
#![no_main]

use std::{
    io::{Cursor, Write},
    panic,
    sync::Once,
};

use libfuzzer_sys::fuzz_target;
use xforms::{
    form::Form,
    xlsform::{Kind, Severity, convert},
};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

static LIBRARY: Once = Once::new();

/// A panic of the library that reads workbooks is caught where it is called, and is a refusal; the fuzzer would stop at it. Our
/// own are left to it.
fn leave_to_us() {
    LIBRARY.call_once(|| {
        let stops = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !info.location().is_some_and(|l| l.file().contains("calamine")) {
                stops(info);
            }
        }));
    });
}

/// The first byte says what: `c` CSV, `x` .xlsx, `l` .xls, `p` parts: a name and a line feed, then content, up to the next 0x1E.
fuzz_target!(|input: &[u8]| {
    leave_to_us();
    let Some((first, rest)) = input.split_first() else { return };
    let packed;
    let (bytes, kind) = match first {
        b'c' => (rest, Kind::Csv),
        b'x' => (rest, Kind::Xlsx),
        b'l' => (rest, Kind::Xls),
        b'p' => {
            let Some(zip) = put_together(rest) else { return };
            packed = zip;
            (packed.as_slice(), Kind::Xlsx)
        }
        _ => return,
    };
    match convert(bytes, kind, "form") {
        Ok(made) => {
            let reading = Form::read(made.xform.as_bytes());
            assert!(reading.form.is_some(), "what was made is refused: {:?}", reading.problems);
        }
        Err(findings) => assert!(findings.iter().any(|f| f.severity == Severity::Error), "refused without a word"),
    }
});

fn put_together(parts: &[u8]) -> Option<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let how = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for part in parts.split(|b| *b == 0x1E).take(32) {
        let at = part.iter().position(|b| *b == b'\n')?;
        zip.start_file(std::str::from_utf8(&part[..at]).ok()?, how).ok()?;
        zip.write_all(&part[at + 1..]).ok()?;
    }
    Some(zip.finish().ok()?.into_inner())
}
