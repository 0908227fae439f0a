//! Every list as a file: CSV and XLSX, with the same filters as on the screen.

use axum::http::header;
use domain::{
    ViewId,
    basics::{ColumnKind, PlaceId, Value as Cell},
};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use store::List;

use crate::{
    answer::{Answer, Problem},
    ask::Ask,
    audit,
    rows::{self, Briefs},
    wording::{fill, text},
};

/// Rows in one file; more is a matter for the chain export.
const ROWS_MAX: usize = 100_000;

/// `GET /api/export/{view}.csv|.xlsx`.
pub fn export(ask: &Ask) -> Result<Answer, Problem> {
    let file: String = ask.path(0)?;
    let (name, kind) = file.rsplit_once('.').ok_or_else(Problem::not_found)?;
    let view = ViewId::from_name(name).ok_or_else(Problem::not_found)?;
    rows::seen(ask, view, view.export_capability())?;
    let list = List { limit: 2000, ..rows::list_of(ask, view, view.export_capability())? };
    let table = table(ask, view, list)?;
    self::file(ask, &format!("{name}.{kind}"), view.name(), &table)
}

/// A table as the file that a name asks for.
pub fn file(ask: &Ask, file: &str, of: &str, table: &Table) -> Result<Answer, Problem> {
    let (name, kind) = file.rsplit_once('.').filter(|(name, _)| *name == of).ok_or_else(Problem::not_found)?;
    let today = ask.today();
    let disposition = format!("attachment; filename=\"qianwan-{name}-{today}.{kind}\"");
    let answer = match kind {
        "csv" => Answer::bytes("text/csv; charset=utf-8", csv(ask, table)?),
        "xlsx" => {
            let bytes = xlsx(ask, of, table).map_err(|e| Problem::accident(format!("XLSX: {e}")))?;
            Answer::bytes("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", bytes)
        }
        _ => return Err(Problem::not_found()),
    };
    // Known before it leaves, or it does not leave.
    audit::exported(ask, name, table.rows.len() as u64, kind)?;
    Ok(answer.with(header::CONTENT_DISPOSITION, &disposition))
}

/// What goes into a file.
pub struct Table {
    /// Names of the columns.
    pub head: Vec<String>,
    /// Cells by row.
    pub rows: Vec<Vec<Cell>>,
}

fn table(ask: &Ask, view: ViewId, mut list: List) -> Result<Table, Problem> {
    let columns = view.columns();
    let at = columns.iter().position(|c| c.name == if view == ViewId::Places { "id" } else { "place" });
    let path = text(ask.language, "export.path");
    let head = columns.iter().map(|c| column_name(ask, c.name)).chain([path]).collect();
    let mut rows = Vec::new();
    loop {
        let page = ask.app.store.list(&list)?;
        let ids: Vec<PlaceId> = page
            .rows
            .iter()
            .filter_map(|r| if let Cell::Int(id) = r.values.get(at?)? { Some(PlaceId(*id)) } else { None })
            .collect();
        let mut all_ids = ids.clone();
        for row in &page.rows {
            for (column, value) in columns.iter().zip(&row.values) {
                if let (ColumnKind::Place, Cell::Int(id)) = (column.kind, value) {
                    all_ids.push(PlaceId(*id));
                }
            }
        }
        let briefs = Briefs::load(ask, &all_ids)?;
        for row in page.rows {
            let whole = at.and_then(|at| if let Cell::Int(id) = row.values[at] { briefs.get(PlaceId(id)) } else { None });
            let path = whole.map(|p| p.path).unwrap_or_default();
            // Places are written with their code: ids are for machines, and a spreadsheet would round them.
            let mut cells: Vec<Cell> = columns
                .iter()
                .zip(row.values)
                .map(|(c, v)| match (c.kind, &v) {
                    (ColumnKind::Place, Cell::Int(id)) => briefs.place(PlaceId(*id)).map(|p| p.code.clone()).into(),
                    _ => v,
                })
                .collect();
            cells.push(path.join(" / ").into());
            rows.push(cells);
        }
        match page.next {
            Some(next) if rows.len() < ROWS_MAX => list.after = Some(next),
            Some(_) => return Err(Problem::bad_query(fill(ask.language, "export.too_many", &[("max", ROWS_MAX.to_string())]))),
            None => return Ok(Table { head, rows }),
        }
    }
}

/// A column in words, where there are any.
pub fn column_name(ask: &Ask, name: &str) -> String {
    let key = format!("column.{name}");
    let words = text(ask.language, &key);
    if words == key { name.to_owned() } else { words }
}

/// A cell that a spreadsheet would run as a formula is made harmless by a leading apostrophe.
pub fn harmless(text: String) -> String {
    match text.chars().next() {
        // The wide forms as well: spreadsheets of East Asia take them for the narrow ones.
        Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '\t' | '\r') => format!("'{text}"),
        _ => text,
    }
}

fn words(cell: &Cell) -> String {
    match cell {
        Cell::Null | Cell::Bytes(_) => String::new(),
        Cell::Int(i) => i.to_string(),
        Cell::Text(t) => harmless(t.clone()),
    }
}

fn csv(ask: &Ask, table: &Table) -> Result<Vec<u8>, Problem> {
    // With a byte order mark, or Excel takes it for another encoding.
    let mut writer = csv::Writer::from_writer(b"\xEF\xBB\xBF".to_vec());
    let told = |e: csv::Error| Problem::accident(format!("CSV: {e}"));
    let demo = ask.app.settings.demo.then(|| text(ask.language, "programme.demo"));
    let mark = |mut record: Vec<String>, head: bool| {
        if let Some(words) = &demo {
            record.push(if head { words.clone() } else { "1".to_owned() });
        }
        record
    };
    writer.write_record(mark(table.head.clone(), true)).map_err(told)?;
    for row in &table.rows {
        writer.write_record(mark(row.iter().map(words).collect(), false)).map_err(told)?;
    }
    writer.into_inner().map_err(|e| Problem::accident(format!("CSV: {e}")))
}

/// A table as a workbook.
pub fn xlsx(ask: &Ask, of: &str, table: &Table) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let title = text(ask.language, &format!("room.{of}"));
    sheet.set_name(if title.starts_with("room.") { of } else { &title })?;
    let bold = Format::new().set_bold();
    let mut line = 0;
    if ask.app.settings.demo {
        sheet.write_with_format(0, 0, text(ask.language, "programme.demo"), &bold)?;
        line = 1;
    }
    for (i, name) in (0_u16..).zip(&table.head) {
        sheet.write_with_format(line, i, name, &bold)?;
    }
    sheet.set_freeze_panes(line + 1, 0)?;
    for (n, row) in (line + 1..).zip(&table.rows) {
        for (i, cell) in (0_u16..).zip(row) {
            match cell {
                Cell::Null | Cell::Bytes(_) => {}
                Cell::Int(v) => {
                    sheet.write(n, i, *v)?;
                }
                // Written as a string, never as a formula.
                Cell::Text(v) => {
                    sheet.write_string(n, i, v.chars().take(32_000).collect::<String>())?;
                }
            }
        }
    }
    sheet.autofit();
    book.save_to_buffer()
}
