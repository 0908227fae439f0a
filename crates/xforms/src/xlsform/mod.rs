//! XLSForm to XForm: a workbook of sheets `survey`, `choices`, `settings`, `entities` becomes the XML that phones read.
//!
//! The XML is the canonical form; this is one way to come to it. Sources: the XLSForm standard (xlsform.org), the ODK XForms
//! specification (getodk.github.io/xforms-spec) and, where both are silent, what pyxform 4.5.0 writes: `tests/pyxform.rs`
//! compares node by node. Start reading at [`convert`]: file → sheets ([`book`](self)) → rows of named fields (`table`) →
//! tree (`survey`, `entities`) → XML (`emit`), whose formulas are read once more as phones read them (`formulas`).
//!
//! Everything wrong with a workbook is found at once, with its row and column, as a [`Word`] for locale files to word.
//! Not supported, and refused by name: cascades of 2011, included forms, flat instances, added "none".
//! A label without a language never wipes out one with a language, whichever column comes first.

mod book;
mod emit;
mod entities;
mod finding;
mod form;
mod formulas;
mod lexis;
mod parameters;
mod survey;
mod table;
mod types;
mod xls;
mod xml;

use std::collections::{HashMap, HashSet};

pub use book::{BYTES_MAX, CELL_MAX, CELLS_MAX, COLUMNS_MAX, Kind, ROWS_MAX};
pub use finding::{Finding, Place, Severity, Word};
pub use formulas::formulas;
pub use survey::DEPTH_MAX;

/// After so many findings the search ends.
const FINDINGS_MAX: usize = 10_000;

use entities::Declarations;
use form::{Choice, Form, List, Node};
use survey::Reading;
use table::{Table, Value};

/// A converted form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    /// The XForm.
    pub xform: String,
    /// Its id.
    pub id: String,
    /// Its title; the id, if it has none.
    pub title: String,
    /// Its version; empty, if it has none.
    pub version: String,
    /// Warnings.
    pub findings: Vec<Finding>,
    /// Names of files that the form expects beside it, in alphabetical order.
    pub attachments: Vec<String>,
}

/// What may be let pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Leniency {
    /// The same name twice in one list is a warning, whatever the setting `allow_choice_duplicates` says. Older forms are like
    /// that: the same village name under two districts, told apart by a filter.
    pub duplicate_choices: bool,
}

/// Converts a workbook. `fallback_id` is the id of a form that does not give one, usually the name of its file without ending.
///
/// # Errors
/// All findings, warnings among them, if at least one of them is an error.
pub fn convert(bytes: &[u8], kind: Kind, fallback_id: &str) -> Result<Conversion, Vec<Finding>> {
    convert_leniently(bytes, kind, fallback_id, Leniency::default())
}

/// Converts a workbook and lets some things pass.
///
/// # Errors
/// As [`convert`].
pub fn convert_leniently(bytes: &[u8], kind: Kind, fallback_id: &str, leniency: Leniency) -> Result<Conversion, Vec<Finding>> {
    let book = book::read(bytes, kind).map_err(|stop| vec![*stop])?;
    let mut found = book::unwritable(&book);
    let Some(survey) = book.sheet("survey").filter(|s| !s.columns.is_empty()) else {
        let similar = book.similar("survey").unwrap_or_default().to_owned();
        return Err(vec![finding(Severity::Error, None, None, Word::NoSurveySheet { similar })]);
    };
    for name in ["choices", "settings", "entities"] {
        if let (None, Some(similar)) = (book.sheet(name), book.similar(name)) {
            let word = Word::SimilarSheet { sheet: name.into(), similar: similar.into() };
            found.push(finding(Severity::Warning, None, None, word));
        }
    }
    let settings_table = table_of(&book, "settings", &types::SETTINGS, "default", &mut found);
    let mut form = settings(&settings_table, fallback_id, &mut found);
    let language = form.language.clone();
    let choices_table = table_of(&book, "choices", &types::CHOICES, &language, &mut found);
    let duplicates = form.setting("allow_choice_duplicates").and_then(types::yes_no) == Some(true);
    form.set_lists(lists(&choices_table, duplicates, leniency, &mut found));
    let tags_table = table_of(&book, "osm", &types::CHOICES, &language, &mut found);
    form.tags = lists(&tags_table, true, leniency, &mut found);
    let external = book.sheet("external_choices").filter(|s| !s.rows.is_empty()).map(|sheet| {
        let table = table::table(sheet, &types::CHOICES, &language, false, &mut found);
        table.entries.iter().filter_map(|e| e.fields.text("list name").map(str::to_owned)).collect::<HashSet<_>>()
    });
    let entities_table = table_of(&book, "entities", &types::ENTITIES, "default", &mut found);
    let declarations = Declarations::read(&entities_table, &mut found);
    let squeeze = form.setting("clean_text_values").and_then(types::yes_no) != Some(false);
    let survey_table = table::table(survey, &types::SURVEY, &language, squeeze, &mut found);
    columns(&survey_table, &mut found);
    if survey_table.column(&["type"]).is_none() {
        return Err(sorted(found));
    }
    missing_translations(&survey_table, &mut found);
    missing_translations(&choices_table, &mut found);

    let mut reading = Reading::new(form, &survey_table, &declarations, external, &mut found);
    reading.rows();
    let Reading { mut form, saved, mut names, meta, .. } = reading;
    if !found.iter().any(|f| f.severity == Severity::Error) {
        entities::place(&mut form, &declarations, &saved, &mut found);
    }
    metadata(&mut form, meta, &mut names, &mut found);
    references(&book, [&survey_table, &choices_table, &settings_table, &entities_table], &names, &mut found);
    if found.iter().any(|f| f.severity == Severity::Error) {
        return Err(sorted(found));
    }
    form.head();
    if !form.unroll() {
        found.push(finding(Severity::Error, Some("survey"), None, Word::TooManyQuestions { max: form::NODES_MAX.to_string() }));
        return Err(sorted(found));
    }
    generated_twice(&form, &mut found);
    if found.iter().any(|f| f.severity == Severity::Error) {
        return Err(sorted(found));
    }
    let written = emit::write(&form, &mut found);
    if !found.iter().any(|f| f.severity == Severity::Error) {
        let tables = [&survey_table, &entities_table, &settings_table];
        formulas::check(&written, &form, tables, &mut found);
    }
    let found = sorted(found);
    if found.iter().any(|f| f.severity == Severity::Error) {
        return Err(found);
    }
    let id = form.setting("id_string").unwrap_or_default().to_owned();
    Ok(Conversion {
        xform: written.document,
        title: form.setting("title").unwrap_or(&id).to_owned(),
        version: form.setting("version").unwrap_or_default().to_owned(),
        id,
        findings: found,
        attachments: written.attachments.into_iter().collect(),
    })
}

fn finding(severity: Severity, sheet: Option<&str>, row: Option<u32>, word: Word) -> Finding {
    Finding { severity, sheet: sheet.map(str::to_owned), row, column: None, word }
}

/// By sheet and row, each thing once.
fn sorted(mut found: Vec<Finding>) -> Vec<Finding> {
    let rank = |f: &Finding| f.sheet.as_deref().map(|s| book::SHEETS.iter().position(|n| *n == s));
    found.sort_by_key(|f| (rank(f), f.row));
    found.dedup();
    found
}

fn table_of(book: &book::Book, name: &str, headers: &table::Headers, language: &str, found: &mut Vec<Finding>) -> Table {
    match book.sheet(name) {
        Some(sheet) => table::table(sheet, headers, language, false, found),
        None => Table { sheet: name.to_owned(), ..Table::default() },
    }
}

/// Reads the sheet `settings`: its first row.
fn settings(table: &Table, fallback_id: &str, found: &mut Vec<Finding>) -> Form {
    let mut fields = table.entries.first().map(|e| e.fields.clone()).unwrap_or_default();
    let row = table.entries.first().map(|e| e.shown);
    let mut find = |severity, name: &str, word| {
        found.push(Finding { severity, sheet: Some("settings".into()), row, column: table.column(&[name]).cloned(), word });
    };
    for name in ["flat", "add_none_option"] {
        if fields.text(name).is_some_and(|v| types::yes_no(v) != Some(false)) {
            find(Severity::Error, name, Word::SettingNotSupported { name: name.into() });
        }
    }
    for (name, value) in &fields.0 {
        if value.map().is_some() && name != "attribute" {
            find(Severity::Error, name, Word::ColumnNotUnderstood { header: name.clone() });
        }
    }
    if let Some(name) = fields.text("name").filter(|n| !lexis::is_name(n)) {
        find(Severity::Error, "name", Word::NameInvalid { name: name.to_owned() });
    }
    let names = fields.map("attribute").map(|m| m.0.as_slice()).unwrap_or_default();
    if let Some((name, _)) = names.iter().find(|(n, v)| !lexis::is_name(n) || v.map().is_some()) {
        find(Severity::Error, "attribute", Word::NameInvalid { name: name.clone() });
    }
    let mut form = Form::new(fields.text("name").unwrap_or("data"));
    if fields.get("id_string").is_none() {
        fields.set_text("id_string", fallback_id);
    }
    if let Some(language) = fields.text("default_language") {
        form.language = language.to_owned();
    }
    form.settings = fields;
    form
}

/// Reads the sheet `choices`.
fn lists(table: &Table, duplicates: bool, leniency: Leniency, found: &mut Vec<Finding>) -> Vec<List> {
    let mut lists: Vec<List> = Vec::new();
    let mut index: HashMap<String, usize> = HashMap::new();
    let mut seen: HashSet<(usize, String)> = HashSet::new();
    let mut dropped: HashSet<&str> = HashSet::new();
    for (place, path) in &table.columns {
        let parts = match path[0].as_str() {
            "label" => 2,
            "media" if path.get(1).is_some_and(|kind| types::MEDIA.contains(&kind.as_str())) => 3,
            "media" => 0,
            _ => 1,
        };
        let (severity, word) = if path[0] != "list name" && !lexis::is_name(&path[0]) {
            // It cannot name an element, so that no filter can mean it.
            dropped.insert(&path[0]);
            (Severity::Warning, Word::HeaderNoName { header: place.header.clone() })
        } else if path.len() > parts {
            (Severity::Error, Word::ColumnNotUnderstood { header: place.header.clone() })
        } else {
            continue;
        };
        found.push(Finding { severity, sheet: Some(table.sheet.clone()), row: None, column: Some(place.clone()), word });
    }
    for entry in &table.entries {
        if found.len() > FINDINGS_MAX {
            break;
        }
        let mut fields = entry.fields.clone();
        let Some(Value::Text(list)) = fields.take("list name") else { continue };
        fields.0.retain(|(name, _)| !dropped.contains(name.as_str()));
        let mut find = |severity, name: &str, word| {
            let column = table.column(&[name]).cloned();
            found.push(Finding { severity, sheet: Some(table.sheet.clone()), row: Some(entry.shown), column, word });
        };
        let at = *index.entry(list.clone()).or_insert_with(|| {
            lists.push(List { name: list.clone(), ..List::default() });
            lists.len() - 1
        });
        match fields.text("name") {
            None if table.column(&["name"]).is_none() => {}
            None => find(Severity::Error, "name", Word::ChoiceNameMissing { list: list.clone() }),
            Some(name) => {
                if name.contains(' ') && lists[at].spaced.is_none() {
                    lists[at].spaced = Some(name.to_owned());
                }
                if fields.get("label").is_none() {
                    find(Severity::Warning, "label", Word::ChoiceLabelMissing { list: list.clone(), name: name.to_owned() });
                }
                if !seen.insert((at, name.to_owned())) && !duplicates {
                    let severity = if leniency.duplicate_choices { Severity::Warning } else { Severity::Error };
                    find(severity, "name", Word::ChoiceNameTwice { list: list.clone(), name: name.to_owned() });
                }
            }
        }
        lists[at].choices.push(Choice { fields });
    }
    lists
}

/// Columns of the sheet `survey` that nothing reads, and those that say too much.
fn columns(table: &Table, found: &mut Vec<Finding>) {
    for (place, path) in &table.columns {
        let header = place.header.clone();
        let parts = match path[0].as_str() {
            "type" | "name" | "default" | "trigger" | "parameters" | "choice_filter" | "disabled" | "intent" => 1,
            "label" | "hint" | "guidance_hint" => 2,
            "bind" | "control" | "media" | "instance" => 3,
            name if name.starts_with('_') => continue,
            _ => 0,
        };
        let (severity, word) = match parts {
            0 => (Severity::Warning, Word::ColumnNotUsed { header }),
            parts if path.len() > parts => (Severity::Error, Word::ColumnNotUnderstood { header }),
            _ => continue,
        };
        found.push(Finding { severity, sheet: Some(table.sheet.clone()), row: None, column: Some(place.clone()), word });
    }
}

/// Languages that some columns have and others lack.
fn missing_translations(table: &Table, found: &mut Vec<Finding>) {
    let split = |path: &[String]| -> Option<(String, Option<String>)> {
        let (own, language) = match path[0].as_str() {
            "label" | "hint" | "guidance_hint" => (1, 1),
            "media" => (2, 2),
            "bind" if path.get(1).is_some_and(|n| n.starts_with("jr:")) => (2, 2),
            _ => return None,
        };
        (path.len() >= own).then(|| (path[..own].join("::"), path.get(language).cloned()))
    };
    let columns: Vec<_> = table.columns.iter().filter_map(|(_, path)| split(path)).collect();
    let mut languages: Vec<&String> = columns.iter().filter_map(|(_, l)| l.as_ref()).collect();
    languages.sort();
    languages.dedup();
    let mut own: Vec<&String> = columns.iter().filter(|(_, l)| l.is_some()).map(|(c, _)| c).collect();
    own.sort();
    own.dedup();
    for header in own {
        for language in languages.iter().filter(|l| !columns.iter().any(|(c, other)| c == header && other.as_ref() == Some(l))) {
            let word = Word::TranslationMissing { header: header.clone(), language: (*language).clone() };
            found.push(finding(Severity::Warning, Some(&table.sheet), None, word));
        }
    }
}

/// Metadata that no row asks for: the submission's id and name.
fn metadata(form: &mut Form, rows: Vec<Node>, names: &mut HashMap<String, usize>, found: &mut Vec<Finding>) {
    let mut nodes = rows;
    if form.setting("omit_instanceID").and_then(types::yes_no) == Some(true) {
        if form.setting("public_key").is_some() {
            found.push(finding(Severity::Error, Some("settings"), None, Word::EncryptionNeedsInstanceId));
        }
    } else {
        let preload = form.setting("instance_id").unwrap_or("uid").to_owned();
        nodes.push(Node::calculated("instanceID", 0, &[("readonly", "true()"), ("jr:preload", &preload)]));
        *names.entry("instanceID".into()).or_default() += 1;
    }
    if let Some(name) = form.setting("instance_name").map(str::to_owned) {
        nodes.push(Node::calculated("instanceName", 0, &[("calculate", &name)]));
    }
    if !nodes.is_empty() {
        let meta = form.meta(0);
        for node in nodes {
            form.add(meta, node);
        }
    }
}

fn references(book: &book::Book, tables: [&Table; 4], names: &HashMap<String, usize>, found: &mut Vec<Finding>) {
    for table in tables {
        let Some(sheet) = book.sheet(&table.sheet) else { continue };
        let read = |path: &[String]| match table.sheet.as_str() {
            "survey" => !matches!(path[0].as_str(), "type" | "name" | "trigger"),
            "choices" => path[0] == "label",
            "entities" => !matches!(path[0].as_str(), "dataset" | "repeat"),
            _ => true,
        };
        survey::check_references(sheet, table, read, names, found);
    }
}

/// Names that were made up and are there already.
fn generated_twice(form: &Form, found: &mut Vec<Finding>) {
    for node in form.nodes.iter().filter(|n| n.is_section()) {
        let mut seen = HashSet::new();
        for child in node.children.iter().map(|c| &form.nodes[*c]) {
            let row = Some(child.row).filter(|r| *r > 0);
            if !seen.insert(child.name.as_str()) {
                let word = Word::NameTwice { name: child.name.clone() };
                found.push(finding(Severity::Error, Some("survey"), row, word));
            } else if !lexis::is_name(&child.name) {
                let word = Word::NameInvalid { name: child.name.clone() };
                found.push(finding(Severity::Error, Some("survey"), row, word));
            }
        }
    }
}
