//! The binary workbooks of 1997 (BIFF8 in a compound file), as far as cells go.
//!
//! Read here and not by a library, because the libraries believe the file: a size that it states is allocated, a chain that
//! bites its tail is followed for ever. Sources: Microsoft, MS-CFB and MS-XLS, section numbers at each record.

use calamine::{ExcelDateTime, ExcelDateTimeType};

use super::{
    book::{Book, CELLS_MAX, Count, Filler, Stop, clean, clock, float, wanted},
    finding::{Finding, Severity, Word},
};

/// Sectors from here on are marks, not places (MS-CFB 2.1).
const MARKS: u32 = 0xffff_fffa;

fn stop(sheet: Option<&str>, row: Option<u32>, word: Word) -> Stop {
    Box::new(Finding { severity: Severity::Error, sheet: sheet.map(str::to_owned), row, column: None, word })
}

/// Reads the sheets of a binary workbook.
pub(super) fn read(bytes: &[u8]) -> Result<Book, Stop> {
    let broken = || stop(None, None, Word::NotAWorkbook);
    let stream = workbook(bytes).ok_or_else(broken)?;
    let globals = Globals::read(&stream).ok_or_else(broken)?;
    let mut book = Book { names: globals.sheets.iter().map(|(name, _)| name.clone()).collect(), ..Book::default() };
    let mut count = Count::default();
    for (name, at) in &globals.sheets {
        let Some(small) = wanted(name, globals.sheets.len()) else { continue };
        let cells = cells(stream.get(*at..).ok_or_else(broken)?, &small)?.ok_or_else(broken)?;
        let mut filler = Filler::new(&small, &mut count);
        for (row, column, cell) in &cells {
            let row = u32::from(*row);
            let text = globals.text(cell).ok_or_else(|| stop(Some(&small), Some(row + 1), Word::AmbiguousDay))?;
            if !filler.take(row, usize::from(*column), &text)? {
                break;
            }
        }
        book.sheets.push(filler.finish()?);
    }
    Ok(book)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn f64_at(bytes: &[u8], at: usize) -> Option<f64> {
    Some(f64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

// The compound file.

/// Joins the sectors of a chain; no chain is longer than there are sectors.
fn chain<'a>(start: u32, table: &[u32], sector: impl Fn(u32) -> Option<&'a [u8]>) -> Option<Vec<u8>> {
    let (mut out, mut next) = (Vec::new(), start);
    for _ in 0..=table.len() {
        if next >= MARKS {
            return Some(out);
        }
        out.extend_from_slice(sector(next)?);
        next = *table.get(next as usize)?;
    }
    None
}

/// The stream `Workbook` of a compound file.
fn workbook(bytes: &[u8]) -> Option<Vec<u8>> {
    // 2.2 Compound File Header.
    if !bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]) {
        return None;
    }
    let size = match u16_at(bytes, 30)? {
        9 => 512,
        12 => 4096,
        _ => return None,
    };
    let sector = |at: u32| {
        let from = (at as usize).checked_add(1)?.checked_mul(size)?;
        bytes.get(from..bytes.len().min(from.checked_add(size)?)).filter(|s| !s.is_empty())
    };
    let numbers = |bytes: &[u8]| bytes.chunks_exact(4).map(|c| u32::from_le_bytes([c[0], c[1], c[2], c[3]])).collect::<Vec<_>>();
    // 2.5 DIFAT: first in the header, then in sectors of its own.
    let mut places = numbers(bytes.get(76..512)?);
    let mut next = u32_at(bytes, 68)?;
    for _ in 0..bytes.len() / size {
        if next >= MARKS {
            break;
        }
        let mut more = numbers(sector(next)?);
        next = more.pop()?;
        places.extend(more);
    }
    // 2.3 FAT.
    let mut table = Vec::new();
    for place in places.into_iter().filter(|p| *p < MARKS).take(bytes.len() / size + 1) {
        table.extend(numbers(sector(place)?));
    }
    // 2.6 Directory.
    let directory = chain(u32_at(bytes, 48)?, &table, sector)?;
    let entry = |wanted: &str| {
        directory.chunks_exact(128).find(|e| {
            let length = usize::from(u16_at(e, 64).unwrap_or(0)).saturating_sub(2).min(62);
            utf16(&e[..length]) == wanted
        })
    };
    let stream = entry("Workbook")?;
    let (start, length) = (u32_at(stream, 116)?, u32_at(stream, 120)? as usize);
    let mut out = if length < u32_at(bytes, 56)? as usize {
        // 2.4 Mini FAT: small streams lie in the stream of the root.
        let root = chain(u32_at(directory.get(..128)?, 116)?, &table, sector)?;
        let small = numbers(&chain(u32_at(bytes, 60)?, &table, sector)?);
        chain(start, &small, |at| root.get(at as usize * 64..root.len().min(at as usize * 64 + 64)).filter(|s| !s.is_empty()))?
    } else {
        chain(start, &table, sector)?
    };
    out.truncate(length);
    Some(out)
}

fn utf16(bytes: &[u8]) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|c| u16::from_le_bytes([c[0], c[1]])).collect();
    String::from_utf16_lossy(&units)
}

// The records.

/// A record: its type, and its data with those of the records that continue it.
struct Record<'a> {
    kind: u16,
    parts: Vec<&'a [u8]>,
}

impl Record<'_> {
    fn data(&self) -> &[u8] {
        self.parts[0]
    }
}

/// The records of a stream up to the end of its first part.
fn records(stream: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let mut at = 0;
    let one = move |at: usize| -> Option<(u16, &[u8], usize)> {
        let length = usize::from(u16_at(stream, at + 2)?);
        Some((u16_at(stream, at)?, stream.get(at + 4..at + 4 + length)?, at + 4 + length))
    };
    std::iter::from_fn(move || {
        let (kind, data, next) = one(at)?;
        let mut parts = vec![data];
        at = next;
        // 2.4.58 Continue.
        while let Some((0x003c, data, next)) = one(at) {
            parts.push(data);
            at = next;
        }
        Some(Record { kind, parts })
    })
    // 2.4.103 EOF.
    .take_while(|record| record.kind != 0x000a)
}

/// Reads texts that may go on in the next part.
struct Texts<'a> {
    parts: &'a [&'a [u8]],
    part: usize,
    at: usize,
}

impl Texts<'_> {
    fn byte(&mut self) -> Option<u8> {
        while self.at >= self.parts.get(self.part)?.len() {
            self.part += 1;
            self.at = 0;
        }
        self.at += 1;
        Some(self.parts[self.part][self.at - 1])
    }

    fn number(&mut self, bytes: u32) -> Option<usize> {
        (0..bytes).try_fold(0, |sum, i| Some(sum | usize::from(self.byte()?) << (8 * i)))
    }

    fn skip(&mut self, mut bytes: usize) -> Option<()> {
        while bytes > 0 {
            let left = self.parts.get(self.part)?.len() - self.at;
            let step = left.min(bytes);
            self.at += step;
            bytes -= step;
            if bytes > 0 {
                self.part += 1;
                self.at = 0;
            }
        }
        Some(())
    }

    /// 2.5.293 XLUnicodeRichExtendedString, and the plain 2.5.294, which has the same beginning.
    fn text(&mut self) -> Option<String> {
        let count = self.number(2)?;
        self.letters(count)
    }

    fn letters(&mut self, mut count: usize) -> Option<String> {
        let flags = self.byte()?;
        let runs = if flags & 8 != 0 { self.number(2)? } else { 0 };
        let extra = if flags & 4 != 0 { self.number(4)? } else { 0 };
        let (mut units, mut wide) = (Vec::new(), flags & 1 != 0);
        while count > 0 {
            if self.at >= self.parts.get(self.part)?.len() {
                // What is continued says again how wide its letters are.
                self.part += 1;
                self.at = 0;
                wide = self.byte()? & 1 != 0;
                continue;
            }
            units.push(if wide { self.number(2)? as u16 } else { u16::from(self.byte()?) });
            count -= 1;
        }
        self.skip(runs * 4 + extra)?;
        Some(String::from_utf16_lossy(&units))
    }
}

fn text(parts: &[&[u8]], at: usize) -> Option<String> {
    Texts { parts, part: 0, at }.text()
}

/// What holds for the whole workbook.
#[derive(Default)]
struct Globals {
    /// Names of sheets, and where they begin.
    sheets: Vec<(String, usize)>,
    texts: Vec<String>,
    /// For each format of cells, whether it shows days or times.
    days: Vec<bool>,
    from_1904: bool,
}

impl Globals {
    fn read(stream: &[u8]) -> Option<Globals> {
        let (mut globals, mut formats, mut cells) = (Globals::default(), Vec::new(), Vec::new());
        let mut begun = false;
        for record in records(stream) {
            let data = record.data();
            match record.kind {
                // 2.4.21 BOF: the version of 1997 and no older one.
                0x0809 => {
                    begun = true;
                    if u16_at(data, 0)? != 0x0600 {
                        return None;
                    }
                }
                // 2.4.117 FilePass: locked.
                0x002f => return None,
                // 2.4.77 Date1904.
                0x0022 => globals.from_1904 = u16_at(data, 0)? == 1,
                // 2.4.126 Format.
                0x041e => formats.push((u16_at(data, 0)?, shows_days(&text(&record.parts, 2)?))),
                // 2.4.353 XF.
                0x00e0 => cells.push(u16_at(data, 2)?),
                // 2.4.28 BoundSheet8: worksheets only.
                0x0085 if data.get(5)? & 0x0f == 0 => {
                    let mut texts = Texts { parts: &record.parts, part: 0, at: 6 };
                    let count = texts.number(1)?;
                    globals.sheets.push((texts.letters(count)?, u32_at(data, 0)? as usize));
                }
                // 2.4.265 SST.
                0x00fc => {
                    let count = u32_at(data, 4)?;
                    let mut texts = Texts { parts: &record.parts, part: 0, at: 8 };
                    // Some programs count wrong.
                    globals.texts.extend((0..count).map_while(|_| texts.text()));
                }
                _ => {}
            }
        }
        let built_in = |format: u16| matches!(format, 14..=22 | 27..=36 | 45..=47 | 50..=58);
        let shows =
            |format: &u16| formats.iter().rev().find(|(f, _)| f == format).map_or_else(|| built_in(*format), |(_, shows)| *shows);
        globals.days = cells.iter().map(shows).collect();
        begun.then_some(globals)
    }

    /// A cell as one would type it; `None` for a day that may be two.
    fn text(&self, cell: &Cell) -> Option<String> {
        Some(match cell {
            Cell::Shared(at) => self.texts.get(*at as usize).map(|t| clean(t).into_owned()).unwrap_or_default(),
            Cell::Text(text) => clean(text).into_owned(),
            Cell::Bool(yes) => if *yes { "TRUE" } else { "FALSE" }.to_owned(),
            Cell::Number(number, format) if self.days.get(usize::from(*format)) == Some(&true) && *number >= 0.0 => {
                let day = ExcelDateTime::new(*number, ExcelDateTimeType::DateTime, self.from_1904);
                let (y, m, d, hour, minute, second, _) = day.to_ymd_hms_milli();
                let time = clock(hour, minute, second, 0);
                match number {
                    n if *n < 1.0 => time,
                    n if *n < 61.0 && !self.from_1904 => return None,
                    _ => format!("{y:04}-{m:02}-{d:02} {time}"),
                }
            }
            Cell::Number(number, _) => float(*number),
        })
    }
}

/// Whether a format shows a day or time: more of its signs stand for these than for digits.
fn shows_days(format: &str) -> bool {
    let (mut days, mut digits) = (0, 0);
    let mut signs = format.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '"' => drop(signs.by_ref().find(|c| *c == '"')),
            '\\' | '_' | '*' => drop(signs.next()),
            '[' => {
                // Colours and conditions; but `[h]` counts hours.
                let inner: String = signs.by_ref().take_while(|c| *c != ']').collect();
                let elapsed = |c: char| matches!(c.to_ascii_lowercase(), 'h' | 'm' | 's');
                days += usize::from(!inner.is_empty() && inner.chars().all(elapsed));
            }
            'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' => days += 1,
            '0' | '#' | '?' => digits += 1,
            _ => {}
        }
    }
    days > digits
}

/// What a cell holds.
enum Cell {
    /// One of the texts of the workbook.
    Shared(u32),
    /// A text of its own.
    Text(String),
    /// Yes or no.
    Bool(bool),
    /// A number, and the format of its cell.
    Number(f64, u16),
}

/// 2.5.217 RkNumber: thirty bits of a number, perhaps a hundredth of it.
fn rk(bits: u32) -> f64 {
    let number = if bits & 2 != 0 { f64::from(bits as i32 >> 2) } else { f64::from_bits(u64::from(bits & !3) << 32) };
    if bits & 1 != 0 { number / 100.0 } else { number }
}

type Cells = Vec<(u16, u16, Cell)>;

/// The cells of a sheet in the order of rows; `None` if they cannot be read.
fn cells(stream: &[u8], sheet: &str) -> Result<Option<Cells>, Stop> {
    let mut cells: Cells = Vec::new();
    // The cell whose text comes in the next record.
    let mut waiting = None;
    for record in records(stream) {
        if take(&record, &mut cells, &mut waiting).is_none() {
            return Ok(None);
        }
        if cells.len() > CELLS_MAX {
            return Err(stop(Some(sheet), None, Word::TooManyCells { max: CELLS_MAX.to_string() }));
        }
    }
    cells.sort_by_key(|(row, column, _)| (*row, *column));
    cells.dedup_by_key(|(row, column, _)| (*row, *column));
    Ok(Some(cells))
}

fn take(record: &Record<'_>, cells: &mut Cells, waiting: &mut Option<(u16, u16)>) -> Option<()> {
    let data = record.data();
    let place = || Some((u16_at(data, 0)?, u16_at(data, 2)?));
    let format = || u16_at(data, 4);
    match record.kind {
        // 2.4.180 Number.
        0x0203 => {
            let (row, column) = place()?;
            cells.push((row, column, Cell::Number(f64_at(data, 6)?, format()?)));
        }
        // 2.4.220 RK.
        0x027e => {
            let (row, column) = place()?;
            cells.push((row, column, Cell::Number(rk(u32_at(data, 6)?), format()?)));
        }
        // 2.4.175 MulRk.
        0x00bd => {
            let (row, first) = place()?;
            for (i, one) in data.get(4..data.len().checked_sub(2)?)?.chunks_exact(6).enumerate() {
                cells.push((row, first.checked_add(i as u16)?, Cell::Number(rk(u32_at(one, 2)?), u16_at(one, 0)?)));
            }
        }
        // 2.4.149 LabelSst.
        0x00fd => {
            let (row, column) = place()?;
            cells.push((row, column, Cell::Shared(u32_at(data, 6)?)));
        }
        // 2.4.148 Label.
        0x0204 => {
            let (row, column) = place()?;
            cells.push((row, column, Cell::Text(text(&record.parts, 6)?)));
        }
        // 2.4.24 BoolErr.
        0x0205 => {
            let (row, column) = place()?;
            let (value, error) = (*data.get(6)?, *data.get(7)?);
            cells.push((row, column, if error == 0 { Cell::Bool(value != 0) } else { Cell::Text("#".into()) }));
        }
        // 2.4.127 Formula, with the value last computed.
        0x0006 => {
            let (row, column) = place()?;
            *waiting = None;
            match (u16_at(data, 12)?, data.get(6)?) {
                (0xffff, 0) => *waiting = Some((row, column)),
                (0xffff, 1) => cells.push((row, column, Cell::Bool(*data.get(8)? != 0))),
                (0xffff, 2) => cells.push((row, column, Cell::Text("#".into()))),
                (0xffff, _) => {}
                _ => cells.push((row, column, Cell::Number(f64_at(data, 6)?, format()?))),
            }
        }
        // 2.4.268 String.
        0x0207 => {
            if let Some((row, column)) = waiting.take() {
                cells.push((row, column, Cell::Text(text(&record.parts, 0)?)));
            }
        }
        _ => {}
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_thirty_bits() {
        assert_eq!(
            [rk(0x3ff0_0000), rk((123 << 2) | 2), rk((123 << 2) | 3), rk(((-5_i32) << 2) as u32 | 2)],
            [1.0, 123.0, 1.23, -5.0]
        );
    }

    #[test]
    fn formats_of_days() {
        for format in ["yyyy-mm-dd", "h:mm", "[h]:mm", "d\"th of\"mmm", "[$-804]yyyy\"年\"m\"月\"", "mm:ss.0"] {
            assert!(shows_days(format), "{format}");
        }
        for format in ["General", "0.00", "#,##0", "@", "[Red]0", "\"days\" 0", "0\\m", "0.00E+00", ""] {
            assert!(!shows_days(format), "{format}");
        }
    }

    /// Whatever is changed in a workbook, reading it ends, in a form or a finding.
    #[test]
    fn damaged_workbooks_do_no_harm() {
        let good = include_bytes!("../../tests/pyxform/cases/yes_or_no_question.xls");
        assert!(read(good).is_ok());
        for cut in (0..good.len()).step_by(97) {
            let _ = read(&good[..cut]);
        }
        let mut state = 1_u32;
        for _ in 0..1_000 {
            let mut bytes = good.to_vec();
            for _ in 0..4 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = state as usize % bytes.len();
                bytes[at] = (state >> 24) as u8;
            }
            let _ = read(&bytes);
        }
        // A chain that bites its tail.
        let mut bytes = good.to_vec();
        let table = u32_at(good, 76).expect("a table") as usize * 512 + 512;
        bytes[table..table + 512].fill(0);
        let _ = read(&bytes);
    }
}
