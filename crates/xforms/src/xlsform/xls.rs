//! The binary workbooks of 1997.

use std::io::Cursor;

use calamine::{Data, Reader};

use super::{
    book::{Book, Filler, Stop, clean, clock, float, wanted},
    finding::{Finding, Severity, Word},
};

fn stop(sheet: Option<&str>, row: Option<u32>, word: Word) -> Stop {
    Box::new(Finding { severity: Severity::Error, sheet: sheet.map(str::to_owned), row, column: None, word })
}

/// Reads the sheets of a binary workbook.
pub(super) fn read(bytes: &[u8]) -> Result<Book, Stop> {
    let broken = || stop(None, None, Word::NotAWorkbook);
    let mut file: calamine::Xls<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).map_err(|_| broken())?;
    let mut book = Book { names: file.sheet_names(), ..Book::default() };
    let mut count = 0;
    for name in book.names.clone() {
        let Some(small) = wanted(&name, book.names.len()) else { continue };
        let range = file.worksheet_range(&name).map_err(|_| broken())?;
        let (top, left) = range.start().unwrap_or_default();
        let mut filler = Filler::new(&small, &mut count);
        for (row, column, cell) in range.used_cells() {
            let row = top + row as u32;
            let text = text(cell).ok_or_else(|| stop(Some(&small), Some(row + 1), Word::AmbiguousDay))?;
            if !filler.take(row, left as usize + column, &text)? {
                break;
            }
        }
        book.sheets.push(filler.finish()?);
    }
    Ok(book)
}

/// A cell as one would type it; `None` for a day that may be two.
fn text(cell: &Data) -> Option<String> {
    Some(match cell {
        Data::Bool(yes) => if *yes { "TRUE" } else { "FALSE" }.to_owned(),
        Data::Int(whole) => whole.to_string(),
        Data::Float(number) => float(*number),
        Data::DateTime(day) => {
            let (y, m, d, hour, minute, second, _) = day.to_ymd_hms_milli();
            let time = clock(hour, minute, second, 0);
            match day.as_f64() {
                v if (0.0..1.0).contains(&v) => time,
                v if v < 61.0 => return None,
                _ => format!("{y:04}-{m:02}-{d:02} {time}"),
            }
        }
        other => clean(&other.to_string()),
    })
}
