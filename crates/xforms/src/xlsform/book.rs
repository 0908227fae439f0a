//! Files in, sheets of text out, within bounds.
//!
//! A workbook is a ZIP file: small on the way, without end when unpacked, and one cell in its far corner asks for a table of
//! seventeen milliards of cells. So it is unpacked for counting first, and its cells are read one by one, never as a table.

use std::{
    borrow::Cow,
    io::{Cursor, Read},
};

use calamine::{Data, DataRef, Reader};

use super::{
    finding::{Finding, Place, Severity, Word, letters},
    xml,
};

/// Largest file, bytes.
pub const BYTES_MAX: usize = 16 << 20;
/// All parts of a workbook unpacked, bytes.
const UNPACKED_MAX: u64 = 128 << 20;
/// Bytes that one byte can become at most: 258 for each two bits (RFC 1951, 3.2.5), and the codes of the block.
const DEFLATE_MAX: u64 = 1_032;
/// Parts of a workbook.
const PARTS_MAX: usize = 1_000;
/// Rows of a sheet that are read.
pub const ROWS_MAX: u32 = 100_000;
/// Columns of a sheet that are read.
pub const COLUMNS_MAX: usize = 500;
/// Cells of a workbook that are read.
pub const CELLS_MAX: usize = 2_000_000;
/// Text of all cells that are read, bytes. A text that stands in the file once may be that of a million cells.
const TEXT_MAX: usize = 64 << 20;
/// Letters of a cell: what spreadsheets hold at most.
pub const CELL_MAX: usize = 32_767;
/// So many empty columns end a sheet: what follows are notes.
const EMPTY_COLUMNS: usize = 20;
/// So many empty rows end a sheet.
const EMPTY_ROWS: u32 = 60;

/// Sheets that are read.
pub(super) const SHEETS: [&str; 6] = ["survey", "choices", "settings", "external_choices", "osm", "entities"];

/// What kind of file the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `.xlsx` and `.xlsm`.
    Xlsx,
    /// `.xls`, the binary format of 1997.
    Xls,
    /// `.csv` with the name of the sheet in the first column.
    Csv,
}

impl Kind {
    /// The kind that a file's name promises.
    pub fn of(file_name: &str) -> Option<Kind> {
        let (_, end) = file_name.rsplit_once('.')?;
        match end.to_ascii_lowercase().as_str() {
            "xlsx" | "xlsm" => Some(Kind::Xlsx),
            "xls" => Some(Kind::Xls),
            "csv" => Some(Kind::Csv),
            _ => None,
        }
    }
}

/// A sheet as written.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    /// Its name in small letters.
    pub name: String,
    /// Headers that are not empty.
    pub columns: Vec<Place>,
    /// Rows that have something in them.
    pub rows: Vec<Row>,
}

/// A row with something in it.
#[derive(Debug)]
pub(super) struct Row {
    /// Its number counted in its sheet, the header being 1: generated names hold it.
    pub number: u32,
    /// Its number as the spreadsheet shows it.
    pub shown: u32,
    /// Column (index into `columns`) and text, in the order of columns.
    pub cells: Vec<(usize, String)>,
}

/// A workbook.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// Sheets that are read.
    pub sheets: Vec<Sheet>,
    /// Names of all sheets.
    pub names: Vec<String>,
}

impl Book {
    /// A sheet by its name; of several with one name the last.
    pub fn sheet(&self, name: &str) -> Option<&Sheet> {
        self.sheets.iter().rev().find(|s| s.name == name)
    }

    /// A sheet whose name is nearly the given one; those that begin with an underscore are meant otherwise.
    pub fn similar(&self, name: &str) -> Option<&str> {
        self.names
            .iter()
            .map(String::as_str)
            .find(|n| !n.starts_with('_') && !SHEETS.contains(n) && distance(&n.to_lowercase(), name) <= 2)
    }
}

/// How many letters must be changed, added or left out to make one word of another (Levenshtein 1965).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = (corner + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = std::mem::replace(&mut row[j + 1], cost);
        }
    }
    row[b.len()]
}

/// What stops the reading.
pub(super) type Stop = Box<Finding>;

fn stop(sheet: Option<&str>, row: Option<u32>, word: Word) -> Stop {
    Box::new(Finding { severity: Severity::Error, sheet: sheet.map(str::to_owned), row, column: None, word })
}

/// Reads the sheets of a file.
pub(super) fn read(bytes: &[u8], kind: Kind) -> Result<Book, Stop> {
    if bytes.len() > BYTES_MAX {
        return Err(stop(None, None, Word::TooLarge { max: (BYTES_MAX >> 20).to_string() }));
    }
    match kind {
        Kind::Xlsx => xlsx(bytes),
        Kind::Xls => super::xls::read(bytes),
        Kind::Csv => csv(bytes),
    }
}

/// Collects the cells of one sheet, row by row and column by column.
pub(super) struct Filler<'a> {
    sheet: Sheet,
    header: Vec<(usize, String)>,
    /// For each column of the spreadsheet, its index among the headers.
    index: Vec<Option<usize>>,
    begun: bool,
    done: bool,
    /// The cell before.
    last: Option<(u32, usize)>,
    read: &'a mut Count,
}

/// What has been read of a workbook.
#[derive(Debug, Default)]
pub(super) struct Count {
    cells: usize,
    bytes: usize,
}

impl<'a> Filler<'a> {
    /// For the sheet of a name; `read` counts for the whole workbook.
    pub fn new(name: &str, read: &'a mut Count) -> Filler<'a> {
        let sheet = Sheet { name: name.to_lowercase(), ..Sheet::default() };
        Filler { sheet, header: Vec::new(), index: Vec::new(), begun: false, done: false, last: None, read }
    }

    fn stop(&self, row: Option<u32>, word: Word) -> Stop {
        stop(Some(&self.sheet.name), row, word)
    }

    /// Takes a cell; rows and columns count from 0 and come in order, or it is no workbook. `false` when the rest need not be read.
    pub fn take(&mut self, row: u32, column: usize, text: &str) -> Result<bool, Stop> {
        if self.done {
            return Ok(false);
        }
        if self.last.replace((row, column)).is_some_and(|last| last >= (row, column)) {
            return Err(self.stop(Some(row.saturating_add(1)), Word::NotAWorkbook));
        }
        if text.is_empty() {
            // Cells that are only coloured go on for long.
            let previous = self.sheet.rows.last().map_or(1, |r| r.number);
            self.done = row > previous && row - previous > EMPTY_ROWS;
            return Ok(!self.done);
        }
        self.read.cells += 1;
        self.read.bytes += text.len();
        if self.read.cells > CELLS_MAX {
            return Err(self.stop(None, Word::TooManyCells { max: CELLS_MAX.to_string() }));
        }
        if self.read.bytes > TEXT_MAX {
            return Err(self.stop(None, Word::TooLarge { max: (TEXT_MAX >> 20).to_string() }));
        }
        if text.len() > CELL_MAX && text.chars().nth(CELL_MAX).is_some() {
            return Err(self.stop(Some(row + 1), Word::CellTooLong { max: CELL_MAX.to_string() }));
        }
        if row == 0 {
            self.header.push((column, text.to_owned()));
            return Ok(true);
        }
        self.begin()?;
        let Some(Some(at)) = self.index.get(column).copied() else { return Ok(true) };
        let previous = self.sheet.rows.last().map_or(1, |r| r.number);
        if row + 1 != previous {
            if row - previous > EMPTY_ROWS {
                self.done = true;
                return Ok(false);
            }
            if self.sheet.rows.len() as u32 >= ROWS_MAX {
                return Err(self.stop(None, Word::TooManyRows { max: ROWS_MAX.to_string() }));
            }
            self.sheet.rows.push(Row { number: row + 1, shown: row + 1, cells: Vec::new() });
        }
        if let Some(last) = self.sheet.rows.last_mut() {
            last.cells.push((at, text.to_owned()));
        }
        Ok(true)
    }

    /// Settles the headers.
    fn begin(&mut self) -> Result<(), Stop> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        let mut after = 0;
        for (column, header) in std::mem::take(&mut self.header) {
            if column - after > EMPTY_COLUMNS {
                break;
            }
            after = column + 1;
            let header = spaces(&header);
            if self.sheet.columns.iter().any(|c| c.header == header) {
                return Err(self.stop(Some(1), Word::HeaderTwice { header }));
            }
            if self.sheet.columns.len() >= COLUMNS_MAX {
                return Err(self.stop(Some(1), Word::TooManyColumns { max: COLUMNS_MAX.to_string() }));
            }
            self.index.resize(column + 1, None);
            self.index[column] = Some(self.sheet.columns.len());
            self.sheet.columns.push(Place { header, letter: letters(column) });
        }
        Ok(())
    }

    /// The sheet.
    pub fn finish(mut self) -> Result<Sheet, Stop> {
        self.begin()?;
        Ok(self.sheet)
    }
}

/// Runs of spaces made one.
pub(super) fn spaces(text: &str) -> String {
    if !text.contains("  ") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if !(c == ' ' && out.ends_with(' ')) {
            out.push(c);
        }
    }
    out
}

/// A cell's text without white space around it; a space that does not break is a space.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.contains(['\r', '\u{a0}']) {
        return Cow::Owned(text.replace("\r\n", "\n").replace('\u{a0}', " "));
    }
    Cow::Borrowed(text)
}

/// Which sheets are read: those with a known name, or the only one.
pub(super) fn wanted(name: &str, all: usize) -> Option<String> {
    let small = name.to_lowercase();
    match (SHEETS.contains(&small.as_str()), all) {
        (true, _) => Some(small),
        (false, 1) => Some("survey".into()),
        (false, _) => None,
    }
}

fn xlsx(bytes: &[u8]) -> Result<Book, Stop> {
    bounded(bytes, UNPACKED_MAX)?;
    // The library takes numbers of texts from the file without looking, and panics where there is no such text.
    std::panic::catch_unwind(|| xlsx_sheets(bytes)).unwrap_or_else(|_| Err(stop(None, None, Word::NotAWorkbook)))
}

fn xlsx_sheets(bytes: &[u8]) -> Result<Book, Stop> {
    let broken = || stop(None, None, Word::NotAWorkbook);
    let mut file: calamine::Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).map_err(|_| broken())?;
    let mut book = Book { names: file.sheet_names(), ..Book::default() };
    let mut count = Count::default();
    for name in book.names.clone() {
        let Some(small) = wanted(&name, book.names.len()) else { continue };
        let mut cells = file.worksheet_cells_reader(&name).map_err(|_| broken())?;
        let mut filler = Filler::new(&small, &mut count);
        while let Some(cell) = cells.next_cell().map_err(|_| broken())? {
            let (row, column) = cell.get_position();
            if !filler.take(row, column as usize, &text(cell.get_value()))? {
                break;
            }
        }
        book.sheets.push(filler.finish()?);
    }
    Ok(book)
}

/// Unpacks everything once and counts: what the file says of its sizes unpacked is not believed.
fn bounded(bytes: &[u8], max: u64) -> Result<(), Stop> {
    let broken = || stop(None, None, Word::NotAWorkbook);
    let too_large = || stop(None, None, Word::TooLarge { max: (max >> 20).to_string() });
    let mut parts = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| broken())?;
    if parts.len() > PARTS_MAX {
        return Err(too_large());
    }
    // The sizes packed are what will be read; small ones cannot become too large.
    let packed = (0..parts.len()).try_fold(0_u64, |sum, i| sum.checked_add(parts.by_index_raw(i).ok()?.compressed_size()));
    if packed.ok_or_else(broken)?.saturating_mul(DEFLATE_MAX) <= max {
        return Ok(());
    }
    let mut left = max;
    for i in 0..parts.len() {
        // Pictures too: the workbook may call one its sheet.
        let mut part = parts.by_index(i).map_err(|_| broken())?.take(left + 1);
        left = left.checked_sub(std::io::copy(&mut part, &mut std::io::sink()).map_err(|_| broken())?).ok_or_else(too_large)?;
    }
    Ok(())
}

/// A cell as one would type it: whole numbers without a point, days and times as ISO 8601 writes them, with a space.
fn text<'a>(cell: &'a DataRef<'_>) -> Cow<'a, str> {
    match cell {
        DataRef::String(text) => clean(text),
        DataRef::SharedString(text) => clean(text),
        DataRef::Empty => Cow::Borrowed(""),
        other => Cow::Owned(written(Data::from(other.clone()))),
    }
}

/// What is no text, as one would type it.
fn written(value: Data) -> String {
    match value {
        Data::Bool(yes) => if yes { "TRUE" } else { "FALSE" }.to_owned(),
        Data::Int(whole) => whole.to_string(),
        Data::Float(number) => float(number),
        Data::DateTime(day) if day.is_duration() => duration(day.as_f64()),
        Data::DateTime(day) if (0.0..1.0).contains(&day.as_f64()) => {
            let (.., hour, minute, second, milli) = day.to_ymd_hms_milli();
            clock(hour, minute, second, milli)
        }
        Data::DateTime(day) => {
            let (y, m, d, hour, minute, second, milli) = day.to_ymd_hms_milli();
            format!("{y:04}-{m:02}-{d:02} {}", clock(hour, minute, second, milli))
        }
        Data::DateTimeIso(day) => day.replace('T', " "),
        other => clean(&other.to_string()).into_owned(),
    }
}

/// `10:20:30`, with six digits of a second if there are any.
pub(super) fn clock(hour: u8, minute: u8, second: u8, milli: u16) -> String {
    let rest = if milli == 0 { String::new() } else { format!(".{milli:03}000") };
    format!("{hour:02}:{minute:02}:{second:02}{rest}")
}

/// A time that passes: `1 day, 2:03:04`.
fn duration(days: f64) -> String {
    let seconds = (days * 86_400.0).round() as i64;
    let (day, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let time = format!("{}:{:02}:{:02}", rest / 3_600, rest / 60 % 60, rest % 60);
    match day {
        0 => time,
        1 | -1 => format!("{day} day, {time}"),
        _ => format!("{day} days, {time}"),
    }
}

/// The shortest decimal that reads back as the same number; very small and very large ones with an exponent.
pub(super) fn float(number: f64) -> String {
    if number.fract() == 0.0 && number.is_finite() {
        return format!("{number:.0}").replace("-0", if number == 0.0 { "0" } else { "-0" });
    }
    if number.abs() >= 1e-4 {
        return number.to_string();
    }
    let plain = format!("{number:e}");
    match plain.split_once("e-") {
        Some((digits, power)) => format!("{digits}e-{power:0>2}"),
        None => plain,
    }
}

fn csv(bytes: &[u8]) -> Result<Book, Stop> {
    let broken = || stop(None, None, Word::NotAWorkbook);
    let text = std::str::from_utf8(bytes).map_err(|_| broken())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // A form with one question has four commas.
    if text.bytes().take(5_000).filter(|b| *b == b',').count() < 4 {
        return Err(broken());
    }
    let mut book = Book::default();
    // The sheet that rows go to, and whether its headers have been read.
    let (mut current, mut headed, mut cells): (Option<usize>, bool, usize) = (None, false, 0);
    // Which header each column of the file has.
    let mut index: Vec<Option<usize>> = Vec::new();
    for (at, record) in csv_records(text).enumerate() {
        let (record, shown) = (record.map_err(|_| broken())?, at as u32 + 1);
        let name = record.get(0).unwrap_or_default().trim();
        if !name.is_empty() {
            let small = name.to_lowercase();
            if !book.names.iter().any(|n| n == name) {
                book.names.push(name.to_owned());
            }
            current = Some(book.sheets.iter().position(|s| s.name == small).unwrap_or_else(|| {
                book.sheets.push(Sheet { name: small, ..Sheet::default() });
                book.sheets.len() - 1
            }));
            headed = false;
        }
        let content = || record.iter().enumerate().skip(1).map(|(i, cell)| (i, cell.trim())).filter(|(_, cell)| !cell.is_empty());
        if content().next().is_none() {
            continue;
        }
        let Some(sheet) = current.and_then(|i| book.sheets.get_mut(i)) else { return Err(broken()) };
        let here = |word| stop(Some(&sheet.name), Some(shown), word);
        if !std::mem::replace(&mut headed, true) {
            index.clear();
            for (i, header) in content() {
                // A sheet that goes on further down has headers again: its rows so far keep theirs.
                let known = sheet.columns.iter().position(|c| c.header == header);
                if known.is_some_and(|k| index.contains(&Some(k))) {
                    return Err(here(Word::HeaderTwice { header: header.into() }));
                }
                if sheet.columns.len() >= COLUMNS_MAX {
                    return Err(here(Word::TooManyColumns { max: COLUMNS_MAX.to_string() }));
                }
                index.resize(i + 1, None);
                index[i] = Some(known.unwrap_or(sheet.columns.len()));
                if known.is_none() {
                    sheet.columns.push(Place { header: header.into(), letter: letters(i) });
                }
            }
            continue;
        }
        let mut row = Row { number: sheet.rows.last().map_or(2, |r| r.number + 1), shown, cells: Vec::new() };
        for (i, cell) in content() {
            let Some(Some(column)) = index.get(i) else { continue };
            cells += 1;
            if cells > CELLS_MAX {
                return Err(here(Word::TooManyCells { max: CELLS_MAX.to_string() }));
            }
            if cell.len() > CELL_MAX && cell.chars().nth(CELL_MAX).is_some() {
                return Err(here(Word::CellTooLong { max: CELL_MAX.to_string() }));
            }
            row.cells.push((*column, cell.replace("\r\n", "\n")));
        }
        if sheet.rows.len() as u32 >= ROWS_MAX {
            return Err(here(Word::TooManyRows { max: ROWS_MAX.to_string() }));
        }
        sheet.rows.push(row);
    }
    Ok(book)
}

fn csv_records(text: &str) -> impl Iterator<Item = Result<::csv::StringRecord, ::csv::Error>> + '_ {
    ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes()).into_records()
}

/// Cells and heads of columns with characters that no XML document may hold.
pub(super) fn unwritable(book: &Book) -> Vec<Finding> {
    let bad = |text: &str| text.bytes().any(|b| !(b' '..0xef).contains(&b)) && !text.chars().all(xml::allowed);
    let mut found = Vec::new();
    for sheet in &book.sheets {
        let mut note = |row: Option<u32>, column: Option<&Place>| {
            found.push(Finding {
                severity: Severity::Error,
                sheet: Some(sheet.name.clone()),
                row,
                column: column.cloned(),
                word: Word::ControlCharacter,
            });
            found.len() <= super::FINDINGS_MAX
        };
        for column in &sheet.columns {
            // A head may become a language or the name of an attribute.
            if bad(&column.header) && !note(None, Some(column)) {
                return found;
            }
        }
        for row in &sheet.rows {
            for (column, text) in &row.cells {
                if bad(text) && !note(Some(row.shown), sheet.columns.get(*column)) {
                    return found;
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_typed() {
        for (number, expected) in [
            (1.0, "1"),
            (-0.0, "0"),
            (-3.0, "-3"),
            (0.1, "0.1"),
            (1e21, "1000000000000000000000"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
        ] {
            assert_eq!(float(number), expected);
        }
        assert_eq!((duration(0.5), duration(1.25)), ("12:00:00".into(), "1 day, 6:00:00".into()));
    }

    #[test]
    fn nearly_the_name() {
        let book = Book { names: vec!["Suvrey".into(), "choice".into(), "_setting".into()], ..Book::default() };
        assert_eq!(book.similar("survey"), Some("Suvrey"));
        assert_eq!(book.similar("choices"), Some("choice"));
        assert_eq!(book.similar("settings"), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    fn packed(parts: &[(&str, usize)]) -> Vec<u8> {
        use std::io::Write as _;
        let mut file = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, megabytes) in parts {
            file.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a part");
            for _ in 0..*megabytes {
                file.write_all(&vec![b' '; 1 << 20]).expect("packed");
            }
        }
        file.finish().expect("a ZIP file").into_inner()
    }

    #[test]
    fn what_unpacks_without_end_is_refused() {
        let bytes = packed(&[("xl/workbook.xml", 3), ("xl/media/image1.png", 2)]);
        assert!(bytes.len() < 10_000 && bounded(&bytes, 5 << 20).is_ok());
        assert!(matches!(bounded(&bytes, (5 << 20) - 1).expect_err("too large").word, Word::TooLarge { .. }));
        let many: Vec<String> = (0..=PARTS_MAX).map(|i| format!("{i}.xml")).collect();
        let many: Vec<(&str, usize)> = many.iter().map(|n| (n.as_str(), 0)).collect();
        assert!(matches!(xlsx(&packed(&many)).expect_err("too many").word, Word::TooLarge { .. }));
        for bytes in [&b""[..], b"PK\x03\x04", &packed(&[("a", 1)]), &[0; 100]] {
            assert_eq!(xlsx(bytes).expect_err("none").word, Word::NotAWorkbook);
        }
    }

    /// A text that stands in the file once is that of many cells; a cell in the far corner costs nothing.
    #[test]
    fn cells_ask_for_no_more_than_there_is() {
        let (long, mut count) = ("x".repeat(CELL_MAX), Count::default());
        let mut filler = Filler::new("survey", &mut count);
        for column in 0..40 {
            assert!(filler.take(0, column, &format!("h{column}")).is_ok());
        }
        let stopped =
            (1..60).flat_map(|row| (0..40).map(move |c| (row, c))).find_map(|(row, c)| filler.take(row, c, &long).err());
        assert!(matches!(stopped.expect("too much").word, Word::TooLarge { .. }));
        let mut book = rust_xlsxwriter::Workbook::new();
        book.add_worksheet().write(0, 0, "type").expect("a text").write(1_048_575, 16_383, "z").expect("a text");
        assert!(xlsx(&book.save_to_buffer().expect("a workbook")).expect("read").sheets[0].rows.is_empty());
    }

    /// A workbook with a part of it changed.
    fn changed(good: &[u8], from: &str, to: &str) -> Vec<u8> {
        use std::io::Write as _;
        let mut parts = zip::ZipArchive::new(Cursor::new(good)).expect("a ZIP file");
        let mut changed = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for i in 0..parts.len() {
            let mut part = parts.by_index(i).expect("a part");
            let mut text = String::new();
            part.read_to_string(&mut text).expect("text");
            changed.start_file(part.name(), zip::write::SimpleFileOptions::default()).expect("a part");
            changed.write_all(text.replace(from, to).as_bytes()).expect("packed");
        }
        changed.finish().expect("a ZIP file").into_inner()
    }

    #[test]
    fn a_text_that_is_not_there_is_no_accident() {
        let mut book = rust_xlsxwriter::Workbook::new();
        book.add_worksheet().write(0, 0, "type").expect("a text");
        let good = book.save_to_buffer().expect("a workbook");
        assert!(xlsx(&good).is_ok());
        assert_eq!(xlsx(&changed(&good, "<v>0</v>", "<v>99</v>")).expect_err("none").word, Word::NotAWorkbook);
    }

    /// Found by the fuzzer: rows that go back, and a header left of the one before.
    #[test]
    fn cells_that_go_back_are_no_workbook() {
        let mut book = rust_xlsxwriter::Workbook::new();
        let sheet = book.add_worksheet();
        for (row, column) in [(0, 0), (0, 1), (1, 0), (40, 0), (41, 1)] {
            sheet.write(row, column, format!("t{row}{column}")).expect("a text");
        }
        let good = book.save_to_buffer().expect("a workbook");
        assert!(xlsx(&good).is_ok());
        for (from, to) in [("r=\"A41\"", "r=\"A1\""), ("r=\"B42\"", "r=\"B3\""), ("r=\"B1\"", "r=\"A1\"")] {
            let changed = changed(&good, from, to);
            assert_eq!(xlsx(&changed).expect_err(from).word, Word::NotAWorkbook, "{from}");
        }
    }

    /// Found by the fuzzer: fewer headers the second time.
    #[test]
    fn a_sheet_that_goes_on_further_down() {
        let text = "survey,,,\n,type,name,label\n,text,a,A\nchoices,,,\n,list_name,name,label\nsurvey,,,\n,hint,type\n,B,note\n";
        let book = csv(text.as_bytes()).expect("sheets");
        let survey = &book.sheets[0];
        assert_eq!(survey.columns.iter().map(|c| c.header.as_str()).collect::<Vec<_>>(), ["type", "name", "label", "hint"]);
        let cells: Vec<Vec<(usize, &str)>> =
            survey.rows.iter().map(|r| r.cells.iter().map(|(c, t)| (*c, t.as_str())).collect()).collect();
        assert_eq!(cells, [vec![(0, "text"), (1, "a"), (2, "A")], vec![(3, "B"), (0, "note")]]);
        let twice = csv(b"survey,,,,\n,type,name,type,\n").expect_err("twice");
        assert!(matches!(twice.word, Word::HeaderTwice { .. }));
    }

    #[test]
    fn sheets_in_one_csv() {
        let book =
            csv("survey,,\n,type,name\n,text,a\n\n,,\n,note,b\nchoices\n,list_name,name\n,l,\"1\"\n".as_bytes()).expect("sheets");
        let survey = book.sheet("survey").expect("survey");
        assert_eq!(survey.columns[1], Place { header: "name".into(), letter: "C".into() });
        let rows: Vec<_> = survey.rows.iter().map(|r| (r.number, r.shown, r.cells.len())).collect();
        // The reader of CSV leaves out lines without anything in them.
        assert_eq!(rows, [(2, 3, 2), (3, 5, 2)]);
        assert_eq!(book.sheet("choices").expect("choices").rows[0].cells[1], (1, "1".into()));
        for bad in [&b"a"[..], b"\xff\xfe,,,,", b",type,name,x,y\n"] {
            assert_eq!(csv(bad).expect_err("no sheets").word, Word::NotAWorkbook);
        }
    }
}
