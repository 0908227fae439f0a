//! Registers that are tables: our own errors around the `csv` crate's splitting.

use std::collections::{HashMap, HashSet};

use csv::StringRecord;

use super::finding::{Findings, Spot};
use super::names::{self, shorten};
use super::{
    ChangeDirection, ChangeRow, DivisionCode, DivisionRow, Level, Options, Placeholder, Reason, RegisterFile, UnitKind,
    UrbanRuralRow, kind_by_name,
};
use crate::Point;
use crate::datum::Datum;

/// The country, which some files name as the parent of a province.
const COUNTRY: &str = "100000000000";

pub(super) fn read(text: &str, options: &Options, findings: &mut Findings) -> Result<(RegisterFile, Option<Datum>), Reason> {
    let mut lines = Lines::new(text);
    let header = lines.next(findings).map(|(_, record)| record).unwrap_or_default();
    let unknown_header = || Reason::UnknownHeader { header: shorten(text.lines().next().unwrap_or_default()) };
    let columns = Columns::new(&header);
    let shape = Shape::of(&columns).ok_or_else(unknown_header)?;

    let mut rows = Vec::new();
    while let Some((line, record)) = lines.next(findings) {
        if record.len() != header.len() {
            let reason = Reason::WrongColumnCount { expected: header.len(), found: record.len() };
            findings.reject(Spot::row(line), reason, &record.iter().collect::<Vec<_>>().join(","));
            continue;
        }
        if rows.len() == options.limits.rows_max {
            return Err(Reason::TooManyRows { limit: options.limits.rows_max });
        }
        rows.push(Row { line, record, columns: &columns });
    }

    Ok(match shape {
        Shape::Divisions => {
            let taken = rows.iter().filter_map(|row| Some((row, division(row, findings)?))).collect();
            let settled = settle(taken, |d: &DivisionRow| d, &rows, options, findings);
            (RegisterFile::Divisions2023(settled), None)
        }
        Shape::UrbanRural { point } => {
            let datum = point.map(|(_, _, named)| options.datum.unwrap_or(named));
            let taken = rows.iter().filter_map(|row| Some((row, urban_rural(row, point, datum, findings)?))).collect();
            let settled = settle(taken, |r: &UrbanRuralRow| &r.division, &rows, options, findings);
            (RegisterFile::UrbanRural2016(settled), datum)
        }
        Shape::Changes => {
            let mut seen = HashMap::new();
            let mut taken = Vec::new();
            for row in &rows {
                let Some(change) = change(row, findings) else { continue };
                match seen.get(&(change.code, change.direction)) {
                    Some(&first_line) => row.reject(findings, "code", Reason::DuplicateCode { first_line }),
                    None => {
                        seen.insert((change.code, change.direction), change.line);
                        taken.push(change);
                    }
                }
            }
            (RegisterFile::Changes(taken), None)
        }
    })
}

/// Which register a header belongs to.
#[derive(Clone, Copy)]
enum Shape {
    Divisions,
    /// With the names of the two coordinates and their datum, if there are any.
    UrbanRural {
        point: Option<(&'static str, &'static str, Datum)>,
    },
    Changes,
}

impl Shape {
    fn of(columns: &Columns) -> Option<Self> {
        let has = |names: &[&str]| names.iter().all(|name| columns.by_name.contains_key(*name));
        if !has(&["code", "name", "level"]) {
            return None;
        }
        if has(&["change"]) {
            return Some(Self::Changes);
        }
        if !has(&["parent"]) {
            return None;
        }
        if !has(&["urban_rural_code"]) {
            return Some(Self::Divisions);
        }
        let point =
            [("lon_gcj02", "lat_gcj02", Datum::Gcj02), ("lon_wgs84", "lat_wgs84", Datum::Wgs84), ("lon", "lat", Datum::Wgs84)]
                .into_iter()
                .find(|(lon, lat, _)| has(&[lon, lat]));
        Some(Self::UrbanRural { point })
    }
}

struct Columns {
    by_name: HashMap<String, usize>,
}

impl Columns {
    fn new(header: &StringRecord) -> Self {
        Self { by_name: header.iter().enumerate().map(|(i, name)| (name.trim().to_ascii_lowercase(), i)).collect() }
    }
}

/// One row of the right width.
struct Row<'a> {
    line: u64,
    record: StringRecord,
    columns: &'a Columns,
}

impl Row<'_> {
    /// The cell without spaces around it; empty when the file has no such column.
    fn get(&self, field: &str) -> &str {
        self.columns.by_name.get(field).and_then(|&i| self.record.get(i)).unwrap_or_default().trim()
    }

    fn optional(&self, field: &str) -> Option<String> {
        Some(self.get(field)).filter(|v| !v.is_empty()).map(str::to_owned)
    }

    fn spot(&self, field: &'static str) -> Spot {
        let column = self.columns.by_name.get(field).and_then(|&i| u32::try_from(i + 1).ok());
        Spot { line: self.line, column, field: Some(field) }
    }

    fn reject(&self, findings: &mut Findings, field: &'static str, reason: Reason) {
        findings.reject(self.spot(field), reason, self.get(field));
    }

    fn doubt(&self, findings: &mut Findings, field: &'static str, reason: Reason) {
        findings.doubt(self.spot(field), reason, self.get(field));
    }
}

/// Code, level and name, which all tables have.
fn code_level_name(row: &Row<'_>, findings: &mut Findings) -> Option<(DivisionCode, Level, String)> {
    let Some(code) = DivisionCode::parse(row.get("code")) else {
        row.reject(findings, "code", Reason::BadCode);
        return None;
    };
    let Some(level) = Level::from_word(row.get("level")) else {
        row.reject(findings, "level", Reason::UnknownLevel);
        return None;
    };
    let code_level = code.level();
    if level != code_level {
        if level == Level::County && DivisionCode::parse(row.get("parent")) == Some(code) {
            row.doubt(findings, "code", Reason::StandInForParent);
        } else {
            row.reject(findings, "level", Reason::LevelCodeMismatch { level, code_level });
        }
        return None;
    }
    let name = row.get("name");
    if let Err(reason) = names::check(name) {
        row.reject(findings, "name", reason);
        return None;
    }
    Some((code, level, name.to_owned()))
}

fn division(row: &Row<'_>, findings: &mut Findings) -> Option<DivisionRow> {
    let (code, level, name) = code_level_name(row, findings)?;
    let parent = match row.get("parent") {
        "" | COUNTRY if level == Level::Province => None,
        "" => {
            row.reject(findings, "parent", Reason::ParentNotAbove);
            return None;
        }
        digits => match DivisionCode::parse(digits) {
            None => {
                row.reject(findings, "parent", Reason::BadCode);
                return None;
            }
            Some(parent) if parent.level() >= level => {
                row.reject(findings, "parent", Reason::ParentNotAbove);
                return None;
            }
            Some(parent) => Some(parent),
        },
    };
    if let (Some(by_file), Some(by_digits)) = (parent, code.parent())
        && by_file != by_digits
    {
        row.doubt(findings, "parent", Reason::ParentCodeMismatch { by_digits });
    }
    let kind = code.kind().map(|by_digits| UnitKind { by_digits, by_name: kind_by_name(&name) });
    if let Some(kind) = kind
        && kind.differs()
    {
        row.doubt(findings, "name", Reason::NameKindMismatch { by_digits: kind.by_digits, by_name: kind.by_name });
    }
    Some(DivisionRow { line: row.line, code, name, level, parent, kind })
}

fn urban_rural(
    row: &Row<'_>,
    point: Option<(&'static str, &'static str, Datum)>,
    datum: Option<Datum>,
    findings: &mut Findings,
) -> Option<UrbanRuralRow> {
    let division = division(row, findings)?;
    let truth = |field| matches!(row.get(field), "t" | "true" | "1");
    let urban_rural_code = match row.get("urban_rural_code") {
        "" => None,
        digits => {
            let code = digits.parse().ok().filter(|c| (100..1000).contains(c));
            if code.is_none() {
                row.doubt(findings, "urban_rural_code", Reason::BadNumber);
            }
            code
        }
    };
    let point = match (point, datum) {
        (Some((lon, lat, _)), Some(datum)) => position(row, lon, lat, datum, findings),
        _ => None,
    };
    Some(UrbanRuralRow {
        division,
        urban_rural_code,
        postcode: row.optional("postcode"),
        phone_area_code: row.optional("phone_area_code"),
        placeholder: if truth("virtual") { Some(Placeholder::Virtual) } else { truth("dummy").then_some(Placeholder::Dummy) },
        point,
    })
}

/// The position as WGS-84.
fn position(row: &Row<'_>, lon: &'static str, lat: &'static str, datum: Datum, findings: &mut Findings) -> Option<Point> {
    if row.get(lon).is_empty() && row.get(lat).is_empty() {
        return None;
    }
    let mut numbers = [0.0; 2];
    for (number, field) in numbers.iter_mut().zip([lon, lat]) {
        match row.get(field).parse::<f64>() {
            Ok(n) if n.is_finite() => *number = n,
            _ => {
                row.doubt(findings, field, Reason::BadNumber);
                return None;
            }
        }
    }
    let [lon_degrees, lat_degrees] = numbers;
    let in_china = (72.0..=138.0).contains(&lon_degrees) && (3.0..=55.0).contains(&lat_degrees);
    match Point::from_degrees(lon_degrees, lat_degrees).filter(|_| in_china || datum != Datum::Gcj02) {
        Some(p) => Some(datum.to_wgs84(p)),
        None => {
            row.doubt(findings, lon, Reason::PointOutsideRange);
            None
        }
    }
}

fn change(row: &Row<'_>, findings: &mut Findings) -> Option<ChangeRow> {
    let direction = match row.get("change") {
        "added" => ChangeDirection::Added,
        "removed" => ChangeDirection::Removed,
        _ => {
            row.reject(findings, "change", Reason::UnknownChange);
            return None;
        }
    };
    let (code, level, name) = code_level_name(row, findings)?;
    Some(ChangeRow { line: row.line, direction, code, name, level })
}

/// Leaves out second rows of a code and rows whose parent is missing, from the province downwards.
fn settle<T>(
    taken: Vec<(&Row<'_>, T)>,
    division_of: impl Fn(&T) -> &DivisionRow,
    all: &[Row<'_>],
    options: &Options,
    findings: &mut Findings,
) -> Vec<T> {
    let in_file: HashSet<DivisionCode> = all.iter().filter_map(|row| DivisionCode::parse(row.get("code"))).collect();
    let mut first_lines: HashMap<DivisionCode, u64> = HashMap::new();
    let mut once = Vec::with_capacity(taken.len());
    for (row, value) in taken {
        let code = division_of(&value).code;
        if let Some(&first_line) = first_lines.get(&code) {
            row.reject(findings, "code", Reason::DuplicateCode { first_line });
        } else {
            first_lines.insert(code, row.line);
            once.push((row, value));
        }
    }

    let mut order: Vec<usize> = (0..once.len()).collect();
    order.sort_by_key(|&i| division_of(&once[i].1).level);
    let mut good: HashSet<DivisionCode> = HashSet::with_capacity(once.len());
    for i in order {
        let (row, value) = &once[i];
        let division = division_of(value);
        match division.parent {
            Some(parent) if !good.contains(&parent) && !options.known.contains(&parent) => {
                let reason =
                    if in_file.contains(&parent) { Reason::RejectedParent { parent } } else { Reason::UnknownParent { parent } };
                row.reject(findings, "parent", reason);
            }
            _ => {
                good.insert(division.code);
            }
        }
    }
    once.into_iter().map(|(_, value)| value).filter(|value| good.contains(&division_of(value).code)).collect()
}

/// Records with the line on which they begin. The `csv` crate reads an open quotation mark up to the next one, or to the end of the
/// file, without a word. No register has a cell of several lines, so here a mark that does not close on its line costs that line only.
struct Lines<'a> {
    rest: &'a str,
    line: u64,
    reader: csv::Reader<&'a [u8]>,
    /// Bytes of the reader's text that are counted in `line`.
    counted: usize,
    segment: &'a str,
    /// The line with the open quotation mark behind the segment.
    broken: Option<&'a str>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let mut lines = Self { rest: text, line: 1, reader: reader(""), counted: 0, segment: "", broken: None };
        lines.next_segment();
        lines
    }

    /// Cuts off the text up to the next line with an open quotation mark.
    fn next_segment(&mut self) {
        let start = unterminated_record(self.rest).unwrap_or(self.rest.len());
        let (segment, behind) = self.rest.split_at(start);
        let broken_length =
            behind.find(['\n', '\r']).map_or(behind.len(), |i| i + if behind[i..].starts_with("\r\n") { 2 } else { 1 });
        let (broken, rest) = behind.split_at(broken_length);
        self.segment = segment;
        self.reader = reader(segment);
        self.counted = 0;
        self.broken = (!broken.is_empty()).then_some(broken);
        self.rest = rest;
    }

    /// Moves the line number on to this byte of the segment.
    fn count_to(&mut self, byte: usize) {
        let passed = &self.segment.as_bytes()[self.counted..byte];
        let ends = passed
            .iter()
            .enumerate()
            .filter(|&(i, &b)| b == b'\n' || (b == b'\r' && self.segment.as_bytes().get(self.counted + i + 1) != Some(&b'\n')));
        self.line += ends.count() as u64;
        self.counted = byte;
    }

    fn next(&mut self, findings: &mut Findings) -> Option<(u64, StringRecord)> {
        loop {
            let mut record = StringRecord::new();
            // The text is a string, so the only error the reader has (not UTF-8) cannot occur.
            if self.reader.read_record(&mut record).unwrap_or(false) {
                let at = record.position().map_or(0, |p| usize::try_from(p.byte()).unwrap_or(usize::MAX)).min(self.segment.len());
                // The reader notes where it was before it skipped empty lines.
                let skipped = self.segment.as_bytes()[at..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
                self.count_to(at + skipped);
                return Some((self.line, record));
            }
            self.count_to(self.segment.len());
            let broken = self.broken.take()?;
            findings.reject(Spot::row(self.line), Reason::UnterminatedQuote, broken.trim_end());
            self.line += 1;
            self.next_segment();
        }
    }
}

fn reader(text: &str) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes())
}

/// Where the line begins on which a quotation mark opens and does not close. The rules are those of the reader: a mark counts only at
/// the beginning of a cell, two marks within are one.
fn unterminated_record(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut line_start, mut cell_start, mut i) = (0, true, 0);
    while i < bytes.len() {
        match bytes[i] {
            b'"' if cell_start => {
                cell_start = false;
                loop {
                    match bytes[i + 1..].iter().position(|b| matches!(b, b'"' | b'\n' | b'\r')) {
                        Some(to_next) if bytes[i + 1 + to_next] == b'"' => i += 1 + to_next,
                        _ => return Some(line_start),
                    }
                    if bytes.get(i + 1) != Some(&b'"') {
                        break;
                    }
                    i += 1;
                }
            }
            b',' => cell_start = true,
            b'\n' | b'\r' => {
                cell_start = true;
                line_start = i + 1;
            }
            _ => cell_start = false,
        }
        i += 1;
    }
    None
}
