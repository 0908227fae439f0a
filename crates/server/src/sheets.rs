//! Workbooks that come in: the first sheet as rows of text, within bounds.
//!
//! A workbook is a ZIP file: small on the way, without end when unpacked, and one cell in its far corner asks for a table of
//! seventeen milliards of cells. So it is unpacked for counting first, and cells are read one by one, never as a table.

use std::io::{Cursor, Read};

use axum::http::StatusCode;
use calamine::{Data, DataRef, Reader, Xlsx};

use crate::answer::Problem;

/// Largest workbook, bytes.
pub const SHEET_MAX: usize = 4 << 20;
/// All its parts unpacked, bytes.
const UNPACKED_MAX: u64 = 48 << 20;
/// Parts of a workbook.
const PARTS_MAX: usize = 200;
/// Columns that are read.
const COLUMNS_MAX: u32 = 40;
/// Letters of a cell.
const CELL_MAX: usize = 500;
/// Cells with something in them, in rows that are read.
const CELLS_MAX: usize = 200_000;

/// A row: its number as the spreadsheet shows it, and its cells.
pub type SheetRow = (u32, Vec<String>);

fn bad(why: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, why)
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "sheets/too-large").arg("max", UNPACKED_MAX >> 20)
}

/// The rows of the first sheet that have something in them, at most so many.
pub fn rows(bytes: &[u8], rows_max: usize) -> Result<Vec<SheetRow>, Problem> {
    bounded(bytes)?;
    // The library takes numbers of texts from the file without looking, and panics where there is no such text.
    std::panic::catch_unwind(|| first_sheet(bytes, rows_max)).unwrap_or_else(|_| Err(bad("sheets/not-a-workbook")))
}

fn first_sheet(bytes: &[u8], rows_max: usize) -> Result<Vec<SheetRow>, Problem> {
    let broken = || bad("sheets/not-a-workbook");
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).map_err(|_| broken())?;
    let first = book.sheet_names().first().cloned().ok_or_else(broken)?;
    let mut cells = book.worksheet_cells_reader(&first).map_err(|_| broken())?;
    let (mut rows, mut count): (Vec<SheetRow>, usize) = (Vec::new(), 0);
    while let Some(cell) = cells.next_cell().map_err(|_| broken())? {
        let ((row, column), text) = (cell.get_position(), text(cell.get_value()));
        if text.is_empty() || column >= COLUMNS_MAX {
            continue;
        }
        count += 1;
        if rows.last().is_none_or(|(number, _)| *number != row + 1) {
            rows.push((row + 1, Vec::new()));
        }
        if rows.len() > rows_max || count > CELLS_MAX {
            return Err(bad("sheets/too-many-rows").arg("max", rows_max));
        }
        if let Some((_, cells)) = rows.last_mut() {
            let column = column as usize;
            if cells.len() <= column {
                cells.resize(column + 1, String::new());
            }
            cells[column] = text;
        }
    }
    Ok(rows)
}

/// Unpacks everything once and counts: what the file says of its sizes is not believed.
fn bounded(bytes: &[u8]) -> Result<(), Problem> {
    let broken = || bad("sheets/not-a-workbook");
    let mut parts = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| broken())?;
    if parts.len() > PARTS_MAX {
        return Err(too_large());
    }
    let mut left = UNPACKED_MAX;
    for i in 0..parts.len() {
        let mut part = parts.by_index(i).map_err(|_| broken())?.take(left + 1);
        left = left.checked_sub(std::io::copy(&mut part, &mut std::io::sink()).map_err(|_| broken())?).ok_or_else(too_large)?;
    }
    Ok(())
}

/// A cell as one would type it: codes without a point, days as days.
fn text(cell: &DataRef<'_>) -> String {
    let text = match Data::from(cell.clone()) {
        Data::Float(f) if f.fract() == 0.0 && f.abs() < 9e15 => format!("{f:.0}"),
        Data::DateTime(day) => {
            let (year, month, day, ..) = day.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02}")
        }
        Data::DateTimeIso(day) => day.chars().take(10).collect(),
        Data::Error(_) => "#".into(),
        other => other.to_string(),
    };
    text.trim().chars().take(CELL_MAX).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use rust_xlsxwriter::Workbook;

    use super::*;

    fn book(write: impl FnOnce(&mut rust_xlsxwriter::Worksheet)) -> Vec<u8> {
        let mut book = Workbook::new();
        write(book.add_worksheet());
        book.save_to_buffer().expect("a workbook")
    }

    #[test]
    fn cells_as_one_would_type_them() {
        let day = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd");
        let bytes = book(|sheet| {
            sheet.write(1, 1, " 甲 ").expect("text");
            sheet.write(1, 2, 990_101_100_201_f64).expect("a code");
            sheet
                .write_with_format(4, 0, rust_xlsxwriter::ExcelDateTime::from_ymd(2026, 11, 23).expect("a day"), &day)
                .expect("a day");
        });
        let expected: Vec<SheetRow> =
            vec![(2, vec!["".into(), "甲".into(), "990101100201".into()]), (5, vec!["2026-11-23".into()])];
        assert_eq!(rows(&bytes, 10).expect("read"), expected);
        assert_eq!(rows(&bytes, 1).expect_err("two rows").code, "sheets/too-many-rows");
    }

    #[test]
    fn a_cell_in_the_far_corner_costs_nothing() {
        let bytes = book(|sheet| {
            sheet.write(0, 0, "a").expect("text");
            sheet.write(1_048_575, 16_383, "z").expect("text");
        });
        assert_eq!(rows(&bytes, 10).expect("read"), vec![(1, vec!["a".to_owned()])]);
    }

    /// A cell that names a text which the file does not hold.
    #[test]
    fn a_text_that_is_not_there_is_no_accident() {
        let good = book(|sheet| drop(sheet.write(0, 0, "a")));
        let mut parts = zip::ZipArchive::new(Cursor::new(&good)).expect("a ZIP file");
        let mut changed = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for i in 0..parts.len() {
            let mut part = parts.by_index(i).expect("a part");
            let mut text = String::new();
            part.read_to_string(&mut text).expect("text");
            changed.start_file(part.name(), zip::write::SimpleFileOptions::default()).expect("a part");
            changed.write_all(text.replace("<v>0</v>", "<v>99</v>").as_bytes()).expect("packed");
        }
        let changed = changed.finish().expect("a ZIP file").into_inner();
        assert_eq!(rows(&changed, 10).expect_err("no such text").code, "sheets/not-a-workbook");
    }

    #[test]
    fn what_unpacks_without_end_is_refused() {
        let good = book(|sheet| drop(sheet.write(0, 0, "a")));
        let mut parts = zip::ZipArchive::new(Cursor::new(good)).expect("a ZIP file");
        let mut packed = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for i in 0..parts.len() {
            packed.raw_copy_file(parts.by_index(i).expect("a part")).expect("copied");
        }
        packed.start_file("xl/media/image1.png", zip::write::SimpleFileOptions::default()).expect("a part");
        for _ in 0..=UNPACKED_MAX >> 20 {
            packed.write_all(&vec![0; 1 << 20]).expect("packed");
        }
        let bytes = packed.finish().expect("a ZIP file").into_inner();
        assert!(bytes.len() < SHEET_MAX, "{}", bytes.len());
        assert_eq!(rows(&bytes, 10).expect_err("too large").code, "sheets/too-large");
    }

    #[test]
    fn other_files_are_none() {
        for bytes in [&b""[..], b"PK\x03\x04", b"a,b\n1,2\n", b"\xD0\xCF\x11\xE0", &[0; 100]] {
            assert_eq!(rows(bytes, 10).expect_err("no workbook").code, "sheets/not-a-workbook");
        }
    }
}
