//! Submissions of a form as files: CSV and GeoJSON of the form's own table, XLSX with a sheet for every table, and a ZIP with a CSV
//! for every table and the files that came with the submissions. The same filters as on the list of submissions.
//!
//! Everything is written while it is read, a page at a time: a hundred thousand submissions take no more memory than a thousand.
//! What has to be whole before it can be sent (a workbook, the tables in a ZIP) stands in a file without a name until then.
//!
//! Query: the filters of the list; `head=label` for the form's own questions instead of names, in the language of the answer;
//! `table=` for the CSV of a repeat; `media=0` for a ZIP without files. Edits count and what they replaced does not, unless
//! `current=` says otherwise.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, BufWriter, Seek, Write},
    path::Path,
    sync::Arc,
};

use axum::http::header;
use domain::{
    Row as StoredRow, ViewId,
    basics::{Capability, FormId, PlaceId},
    surveys::Submission,
};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use serde_json::{Map, Value, json};
use store::{Condition, List};
use xforms::table::{self, Column, ColumnKind, Row, Tables};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::{
    App,
    answer::{Answer, Pour, Problem},
    ask::Ask,
    audit,
    export::{column_name, harmless},
    odata,
    rows::{self, Briefs},
    tabulated,
    wording::{Language, text},
};

/// Rows of a sheet, its heading included.
const SHEET_ROWS: u32 = 1_048_576;
/// Characters (UTF-16) of a cell in a workbook.
const CELL_MAX: usize = 32_767;
/// Columns before the answers.
const ABOUT: [&str; 8] = ["instance", "received_ms", "state", "form_version", "place", "path", "device", "readable"];
const ABOUT_ROW: [&str; 2] = ["id", "above"];
/// Places of which the names are kept.
const PLACES_MAX: usize = 20_000;

/// `GET /api/forms/{form}/submissions.csv|.xlsx|.geojson|.zip`.
pub fn export(ask: &Ask) -> Result<Answer, Problem> {
    let (id, file): (FormId, String) = (ask.path(0)?, ask.path(1)?);
    let kind = file.strip_prefix("submissions.").ok_or_else(Problem::not_found)?;
    let StoredRow::Forms(form) = rows::readable_row(ask, ViewId::Forms, &id.key())? else {
        return Err(Problem::not_found());
    };
    let mut list = rows::list_of(ask, ViewId::Submissions, Capability::Export)?;
    list.conditions.push(Condition::OneOf("form".into(), vec![form.id.to_string().into()]));
    if ask.param("current").is_none_or(str::is_empty) {
        list.conditions.push(Condition::OneOf("current".into(), vec![1_i64.into()]));
    }
    if list.sort.is_none() {
        list.sort = Some(("received_ms".into(), true));
    }
    list.after = None;
    let tables = tabulated::tables(&ask.app, &form)?;
    let table = match ask.param("table").filter(|t| !t.is_empty()) {
        None => 0,
        Some(name) => tables.named(name).ok_or_else(|| Problem::bad_query(format!("table={name}")))?,
    };
    let labels = match ask.param("head") {
        None | Some("" | "name") => false,
        Some("label") => true,
        Some(other) => return Err(Problem::bad_query(format!("head={other}: name or label"))),
    };
    let media = ask.param("media") != Some("0");
    let count = tabulated::count(&ask.app, &list)?;
    let out = Out::new(ask, tables, list, labels);
    let disposition = format!("attachment; filename=\"qianwan-submissions-{}.{kind}\"", ask.today());
    let (media_type, write): (_, Pour) = match kind {
        "csv" => ("text/csv; charset=utf-8", Box::new(move |to| out.csv(to, table))),
        "xlsx" => ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Box::new(move |to| out.xlsx(to))),
        "geojson" => ("application/geo+json", Box::new(move |to| out.geojson(to))),
        "zip" => ("application/zip", Box::new(move |to| out.zip(to, media))),
        _ => return Err(Problem::not_found()),
    };
    let room = ask.app.tabulated.room()?;
    // Known before it leaves, or it does not leave.
    audit::exported(ask, "submissions", count, kind)?;
    let pour = move |to: &mut dyn Write| {
        let _room = room;
        write(to)
    };
    Ok(Answer::poured(media_type, Box::new(pour)).with(header::CONTENT_DISPOSITION, &disposition))
}

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Nothing,
    Text(String),
    Whole(i64),
    Number(f64),
}

impl Cell {
    fn words(self) -> String {
        match self {
            Cell::Nothing => String::new(),
            Cell::Text(text) => harmless(text),
            Cell::Whole(n) => n.to_string(),
            Cell::Number(n) => n.to_string(),
        }
    }
}

impl<T: Into<String>> From<Option<T>> for Cell {
    fn from(text: Option<T>) -> Cell {
        text.map_or(Cell::Nothing, |t| Cell::Text(t.into()))
    }
}

/// An export on its way out.
struct Out {
    app: Arc<App>,
    tables: Arc<Tables>,
    list: List,
    /// Names of the columns, by table.
    heads: Vec<Vec<String>>,
    /// Words that mark a demonstration.
    demo: Option<String>,
    /// What follows a text that was cut.
    cut: String,
    places: HashMap<PlaceId, (String, String)>,
}

fn failed(problem: Problem) -> io::Error {
    io::Error::other(format!("{} {:?}", problem.code, problem.accident))
}

impl Out {
    fn new(ask: &Ask, tables: Arc<Tables>, list: List, labels: bool) -> Out {
        let words = |name: &&str| match *name {
            name if !labels => name.to_owned(),
            "path" => text(ask.language, "export.path"),
            "readable" => text(ask.language, "export.readable"),
            "above" => text(ask.language, "export.above"),
            name => column_name(ask, name),
        };
        let heads = tables.tables.iter().map(|table| {
            let about = if table.above.is_none() { &ABOUT[..] } else { &ABOUT_ROW };
            let answers = table.columns.iter().flat_map(|column| heads_of(column, labels, ask.language));
            about.iter().map(words).chain(answers).collect()
        });
        let heads = heads.collect();
        let demo = ask.app.settings.demo.then(|| text(ask.language, "programme.demo"));
        let cut = text(ask.language, "export.cut");
        Out { app: ask.app.clone(), tables, list, heads, demo, cut, places: HashMap::new() }
    }

    /// Code of a place, and the names above it with its own.
    fn place(&mut self, id: PlaceId) -> io::Result<(String, String)> {
        if let Some(known) = self.places.get(&id) {
            return Ok(known.clone());
        }
        let briefs = Briefs::of(&self.app.store, &[id]).map_err(failed)?;
        let told = briefs.get(id).map_or_else(Default::default, |p| (p.code, p.path.join(" / ")));
        if self.places.len() >= PLACES_MAX {
            self.places.clear();
        }
        self.places.insert(id, told.clone());
        Ok(told)
    }

    /// Every submission with its rows; none where it cannot be read.
    fn each(&mut self, mut each: impl FnMut(&mut Out, &Submission, &[Row<'_>]) -> io::Result<()>) -> io::Result<()> {
        let (app, list, tables) = (self.app.clone(), self.list.clone(), self.tables.clone());
        let mut stopped = Ok(());
        let walked = tabulated::walk(&app, &list, usize::MAX, |_, submission| {
            let tree = tabulated::tree(&app, submission);
            let rows = tree.as_ref().map(|tree| tables.rows(tree, submission.head.instance.as_str())).unwrap_or_default();
            stopped = each(self, submission, &rows);
            Ok(stopped.is_ok())
        });
        stopped?;
        walked.map_err(failed)
    }

    /// A row of a table as cells; of the main table also where nothing could be read.
    fn cells(&mut self, submission: &Submission, rows: &[Row<'_>], n: Option<usize>) -> io::Result<Vec<Cell>> {
        let row = n.map(|n| &rows[n]);
        let mut cells = match row.and_then(|r| r.above) {
            Some(above) => vec![Cell::from(row.map(|r| r.id.as_str())), Cell::from(Some(rows[above].id.as_str()))],
            None => {
                let (code, path) = self.place(submission.place)?;
                vec![
                    Cell::from(Some(submission.head.instance.as_str())),
                    Cell::from(Some(local_time(submission.received_ms))),
                    Cell::from(Some(submission.state.word())),
                    Cell::from(submission.head.version.as_ref().map(|v| v.as_str())),
                    Cell::from(Some(code)),
                    Cell::from(Some(path)),
                    Cell::from(submission.device.as_ref().map(|d| d.as_str())),
                    Cell::Whole(i64::from(row.is_some())),
                ]
            }
        };
        let columns = &self.tables.tables[row.map_or(0, |r| r.table)].columns;
        for (i, column) in columns.iter().enumerate() {
            push(&mut cells, column, row.and_then(|r| r.cells[i].as_deref()));
        }
        Ok(cells)
    }

    fn csv(mut self, to: &mut dyn Write, table: usize) -> io::Result<()> {
        let mut writer = self.begin(&mut *to, table)?;
        self.each(|out, submission, rows| {
            for n in of_table(rows, table) {
                let cells = out.cells(submission, rows, n)?;
                out.record(&mut writer, cells)?;
            }
            Ok(())
        })?;
        writer.flush()
    }

    /// A CSV with its heading. With a byte order mark, or Excel takes it for another encoding.
    fn begin<W: Write>(&self, mut to: W, table: usize) -> io::Result<csv::Writer<W>> {
        to.write_all(b"\xEF\xBB\xBF")?;
        let mut writer = csv::Writer::from_writer(to);
        let head = self.heads[table].iter().map(|name| harmless(name.clone())).chain(self.demo.clone());
        writer.write_record(head.collect::<Vec<_>>())?;
        Ok(writer)
    }

    fn record<W: Write>(&self, writer: &mut csv::Writer<W>, cells: Vec<Cell>) -> io::Result<()> {
        let demo = self.demo.as_ref().map(|_| "1".to_owned());
        writer.write_record(cells.into_iter().map(Cell::words).chain(demo).collect::<Vec<_>>())?;
        Ok(())
    }

    fn geojson(mut self, to: &mut dyn Write) -> io::Result<()> {
        let mut head = Map::from_iter([("type".to_owned(), Value::from("FeatureCollection"))]);
        if let Some(words) = &self.demo {
            head.insert("demo".into(), true.into());
            head.insert("note".into(), words.as_str().into());
        }
        let head = Value::Object(head).to_string();
        write!(to, "{},\"features\":[", head.trim_end_matches('}'))?;
        let mut first = true;
        self.each(|out, submission, rows| {
            let columns = &out.tables.tables[0].columns;
            let shape = rows.first().and_then(|row| {
                let values = columns.iter().zip(&row.cells).filter(|(column, _)| is_shape(column));
                values.filter_map(|(column, cell)| table::value(column.kind, cell.as_deref()?)).find_map(|v| odata::geometry(&v))
            });
            // Properties of a geometry are nothing that GeoJSON knows.
            let shape = shape.map(|mut shape| {
                if let Some(object) = shape.as_object_mut() {
                    object.remove("properties");
                }
                shape
            });
            let (columns, names) = (out.cells(submission, rows, (!rows.is_empty()).then_some(0))?, &out.heads[0]);
            let told = |cell: Cell| match cell {
                Cell::Nothing => Value::Null,
                Cell::Text(text) => text.into(),
                Cell::Whole(n) => n.into(),
                Cell::Number(n) => n.into(),
            };
            let properties: Map<String, Value> = names.iter().cloned().zip(columns.into_iter().map(told)).collect();
            let feature =
                json!({ "type": "Feature", "id": submission.head.instance, "geometry": shape, "properties": properties });
            to.write_all(if first { b"\n" } else { b",\n" })?;
            first = false;
            serde_json::to_writer(&mut *to, &feature).map_err(io::Error::from)
        })?;
        to.write_all(b"\n]}\n")
    }

    fn xlsx(mut self, to: &mut dyn Write) -> io::Result<()> {
        let told = |e: XlsxError| io::Error::other(format!("XLSX: {e}"));
        let mut book = Workbook::new();
        book.set_tempdir(self.app.store.dir()).map_err(told)?;
        let mut sheets: Vec<Sheet> = Vec::new();
        for table in 0..self.tables.tables.len() {
            sheets.push(self.sheet(&mut book, table, 1).map_err(told)?);
        }
        self.each(|out, submission, rows| {
            for (table, sheet) in sheets.iter_mut().enumerate() {
                for n in of_table(rows, table) {
                    if sheet.line == SHEET_ROWS {
                        *sheet = out.sheet(&mut book, table, sheet.part + 1).map_err(told)?;
                    }
                    let cells = out.cells(submission, rows, n)?;
                    sheet.write(&mut book, cells, &out.cut).map_err(told)?;
                }
            }
            Ok(())
        })?;
        let mut whole = tempfile::tempfile_in(self.app.store.dir())?;
        book.save_to_writer(&whole).map_err(told)?;
        drop(book);
        whole.rewind()?;
        io::copy(&mut whole, to)?;
        Ok(())
    }

    /// A sheet with its heading; a table that is longer than a sheet goes on in another.
    fn sheet(&self, book: &mut Workbook, table: usize, part: u32) -> Result<Sheet, XlsxError> {
        let number = book.worksheets().len();
        let sheet = book.add_worksheet_with_constant_memory();
        let name = self.tables.tables[table].name.rsplit('.').next().unwrap_or_default().to_owned();
        let name: String = name.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(20).collect();
        let name = if part > 1 { format!("{name} ({part})") } else { name };
        // Repeats in different places may be called the same; the number of the sheet tells them apart.
        let same = |other: &xforms::table::Table| other.name.rsplit('.').next().is_some_and(|n| n.eq_ignore_ascii_case(&name));
        let alone = self.tables.tables.iter().filter(|t| same(t)).count() < 2 && !name.is_empty();
        sheet.set_name(if alone { name } else { format!("{name} {}", number + 1) })?;
        let bold = Format::new().set_bold();
        let mut line = 0;
        if let Some(words) = &self.demo {
            sheet.write_with_format(0, 0, words, &bold)?;
            line = 1;
        }
        sheet.set_freeze_panes(line + 1, 0)?;
        for (i, name) in (0_u16..).zip(&self.heads[table]) {
            sheet.write_with_format(line, i, shortened(name, &self.cut), &bold)?;
        }
        Ok(Sheet { number, line: line + 1, part })
    }

    fn zip(mut self, to: &mut dyn Write, media: bool) -> io::Result<()> {
        let dir = self.app.store.dir().to_owned();
        let mut files: Vec<csv::Writer<BufWriter<File>>> = Vec::new();
        for table in 0..self.tables.tables.len() {
            files.push(self.begin(BufWriter::new(tempfile::tempfile_in(&dir)?), table)?);
        }
        self.each(|out, submission, rows| {
            for (table, writer) in files.iter_mut().enumerate() {
                for n in of_table(rows, table) {
                    let cells = out.cells(submission, rows, n)?;
                    out.record(writer, cells)?;
                }
            }
            Ok(())
        })?;
        let mut zip = ZipWriter::new_stream(to);
        let packed = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).large_file(true);
        for (table, writer) in self.tables.tables.iter().zip(files) {
            let mut file = rewound(writer)?;
            zip.start_file(format!("{}.csv", part_of_name(&table.name)), packed)?;
            io::copy(&mut file, &mut zip)?;
        }
        if media {
            self.media(&mut zip, &dir, packed)?;
        }
        zip.finish()?;
        Ok(())
    }

    /// The files that came, each under its submission; what is missing stands in a list.
    fn media<W: Write + Seek>(&self, zip: &mut ZipWriter<W>, dir: &Path, packed: SimpleFileOptions) -> io::Result<()> {
        let mut missing = csv::Writer::from_writer(BufWriter::new(tempfile::tempfile_in(dir)?));
        let (mut stopped, mut lost) = (Ok(()), 0);
        let walked = tabulated::walk(&self.app, &self.list, usize::MAX, |_, submission| {
            match self.files_of(submission, zip, &mut missing) {
                Ok(more) => lost += more,
                Err(e) => stopped = Err(e),
            }
            Ok(stopped.is_ok())
        });
        stopped?;
        walked.map_err(failed)?;
        if lost > 0 {
            let mut file = rewound(missing)?;
            zip.start_file("files-missing.csv", packed)?;
            io::copy(&mut file, zip)?;
        }
        Ok(())
    }

    /// Files of one submission; how many there are not.
    fn files_of<W: Write + Seek>(
        &self,
        submission: &Submission,
        zip: &mut ZipWriter<W>,
        missing: &mut csv::Writer<BufWriter<File>>,
    ) -> io::Result<u64> {
        // Pictures do not get smaller.
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let instance = submission.head.instance.as_str();
        let folder = format!("media/{}", part_of_name(instance));
        let mut lost: Vec<&str> = submission.missing().into_iter().map(|name| name.as_str()).collect();
        for attached in &submission.files {
            let Ok(mut file) = self.app.store.files().open(&attached.file) else {
                lost.push(attached.name.as_str());
                continue;
            };
            zip.start_file(format!("{folder}/{}", part_of_name(attached.name.as_str())), stored)?;
            io::copy(&mut file, zip)?;
        }
        for name in &lost {
            missing.write_record([instance, name])?;
        }
        Ok(lost.len() as u64)
    }
}

/// What was written, from its beginning.
fn rewound(writer: csv::Writer<BufWriter<File>>) -> io::Result<File> {
    let buffer = writer.into_inner().map_err(|e| io::Error::other(e.to_string()))?;
    let mut file = buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.rewind()?;
    Ok(file)
}

/// A sheet that is being written.
struct Sheet {
    number: usize,
    /// The next line.
    line: u32,
    /// Which part of its table.
    part: u32,
}

impl Sheet {
    fn write(&mut self, book: &mut Workbook, cells: Vec<Cell>, cut: &str) -> Result<(), XlsxError> {
        let sheet = book.worksheet_from_index(self.number)?;
        for (i, cell) in (0_u16..).zip(cells) {
            match cell {
                Cell::Nothing => {}
                // Written as a string, never as a formula.
                Cell::Text(text) => {
                    sheet.write_string(self.line, i, shortened(&text, cut))?;
                }
                // Beyond, a spreadsheet would round.
                Cell::Whole(n) if n.unsigned_abs() > 999_999_999_999_999 => {
                    sheet.write_string(self.line, i, n.to_string())?;
                }
                Cell::Whole(n) => {
                    sheet.write_number(self.line, i, n as f64)?;
                }
                Cell::Number(n) => {
                    sheet.write_number(self.line, i, n)?;
                }
            }
        }
        self.line += 1;
        Ok(())
    }
}

/// A text as long as a cell of a workbook takes, and where it was cut, that it was.
fn shortened(text: &str, cut: &str) -> String {
    if text.len() <= CELL_MAX || text.encode_utf16().count() <= CELL_MAX {
        return text.to_owned();
    }
    let mut room = CELL_MAX - cut.encode_utf16().count().min(CELL_MAX);
    let kept = text.chars().take_while(|c| {
        let fits = c.len_utf16() <= room;
        room = room.saturating_sub(c.len_utf16());
        fits
    });
    kept.collect::<String>() + cut
}

/// Rows of a table; of the main table one also where nothing could be read.
fn of_table<'r>(rows: &'r [Row<'_>], table: usize) -> impl Iterator<Item = Option<usize>> + 'r {
    let unread = (rows.is_empty() && table == 0).then_some(None);
    (0..rows.len()).filter(move |n| rows[*n].table == table).map(Some).chain(unread)
}

fn is_shape(column: &Column) -> bool {
    matches!(column.kind, ColumnKind::Point | ColumnKind::Line | ColumnKind::Area)
}

/// Headings of a column: a point has four.
fn heads_of(column: &Column, labels: bool, language: Language) -> Vec<String> {
    let name = match labels {
        true => label(column, language).unwrap_or_else(|| column.names.join("-")),
        false => column.names.join("-"),
    };
    match column.kind {
        ColumnKind::Point => ["latitude", "longitude", "altitude", "accuracy"].map(|of| format!("{name}-{of}")).into(),
        _ => vec![name],
    }
}

/// What is asked, in the language of the answer where the form has it.
fn label(column: &Column, language: Language) -> Option<String> {
    let signs: &[&str] = match language {
        Language::Chinese => &["zh", "chinese"],
        Language::English => &["en", "english"],
    };
    // Forms write `English (en)`; those that write the language's own name write ours as locale files do.
    let own = text(language, "public.this_language").to_lowercase();
    let is_of = |name: &str| {
        let name = name.to_lowercase();
        if name.contains(&own) {
            return true;
        }
        let words = || name.split(|c: char| !c.is_alphanumeric());
        signs.iter().any(|sign| if sign.len() == 2 { words().any(|w| w == *sign) } else { name.contains(sign) })
    };
    let found = column.labels.iter().find(|(name, _)| is_of(name)).or(column.labels.first());
    found.map(|(_, words)| words.clone())
}

/// What a column holds, as the cells that its headings are for. A text of another kind stays what it is.
fn push(cells: &mut Vec<Cell>, column: &Column, text: Option<&str>) {
    let value = text.and_then(|text| table::value(column.kind, text));
    match (column.kind, value) {
        (ColumnKind::Point, Some(table::Value::Point(p))) => {
            cells.extend([Some(p.lat), Some(p.lon), p.altitude, p.accuracy].map(|n| n.map_or(Cell::Nothing, Cell::Number)));
        }
        (ColumnKind::Point, _) => cells.extend([Cell::from(text), Cell::Nothing, Cell::Nothing, Cell::Nothing]),
        (_, Some(table::Value::Integer(n))) => cells.push(Cell::Whole(n)),
        (_, Some(table::Value::Decimal(n))) => cells.push(Cell::Number(n)),
        _ => cells.push(Cell::from(text)),
    }
}

/// A moment on the clocks of Asia/Shanghai.
fn local_time(ms: i64) -> String {
    let at = chrono::DateTime::from_timestamp_millis(ms).unwrap_or_default();
    let zone = chrono::FixedOffset::east_opt(8 * 3600);
    zone.map_or_else(|| at.to_rfc3339(), |zone| at.with_timezone(&zone).to_rfc3339_opts(chrono::SecondsFormat::Secs, false))
}

/// A name as a part of a path in an archive: nothing that leads elsewhere, or that a file system refuses.
fn part_of_name(name: &str) -> String {
    let kept: String =
        name.chars().map(|c| if c.is_control() || "/\\:*?\"<>|".contains(c) { '_' } else { c }).take(120).collect();
    if kept.trim_matches(['.', ' ']).is_empty() { "_".to_owned() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_says_that_it_was_cut() {
        assert_eq!(shortened("短", "（后略）"), "短");
        let whole = "a".repeat(CELL_MAX);
        assert_eq!(shortened(&whole, "…"), whole);
        for long in ["文".repeat(40_000), "🏠".repeat(20_000), "a".repeat(CELL_MAX + 1)] {
            let cut = shortened(&long, "（后略）");
            assert!(cut.ends_with("（后略）") && (CELL_MAX - 1..=CELL_MAX).contains(&cut.encode_utf16().count()));
        }
    }

    #[test]
    fn names_in_archives_lead_nowhere() {
        for (name, kept) in
            [("uuid:1", "uuid_1"), ("../x", ".._x"), ("..", "_"), ("照片.jpg", "照片.jpg"), ("a\\b", "a_b"), ("", "_")]
        {
            assert_eq!(part_of_name(name), kept);
        }
    }

    #[test]
    fn labels_in_the_language_that_is_asked() {
        let labels = [("English (en)", "Name"), ("中文 (zh)", "姓名")].map(|(l, w)| (l.to_owned(), w.to_owned())).to_vec();
        let column = Column { path: String::new(), names: vec!["n".into()], kind: ColumnKind::Text, labels };
        assert_eq!(label(&column, Language::Chinese).as_deref(), Some("姓名"));
        assert_eq!(label(&column, Language::English).as_deref(), Some("Name"));
        let french = Column { labels: vec![("French (fr)".into(), "Nom".into())], ..column };
        assert_eq!(label(&french, Language::English).as_deref(), Some("Nom"));
    }
}
