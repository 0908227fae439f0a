//! Sheets as rows of named fields: headers by their one name, languages and prefixes as fields within fields.

use std::collections::HashMap;

use super::{
    book::{Sheet, spaces},
    finding::{Finding, Place, Severity, Word},
};

/// What a field holds: a text, or texts by language, attribute or kind of medium.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A text.
    Text(String),
    /// Named values.
    Map(Fields),
}

impl Value {
    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            Value::Map(_) => None,
        }
    }

    /// The named values, if it is some.
    pub fn map(&self) -> Option<&Fields> {
        match self {
            Value::Text(_) => None,
            Value::Map(map) => Some(map),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Value::Text(text) => text.is_empty(),
            Value::Map(map) => map.0.is_empty(),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

/// Named values in the order in which they came. There are few of them: they are looked through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fields(pub Vec<(String, Value)>);

impl Fields {
    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    /// The text of a name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::text)
    }

    /// The named values of a name.
    pub fn map(&self, name: &str) -> Option<&Fields> {
        self.get(name).and_then(Value::map)
    }

    /// Takes a value out.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|(n, _)| n == name)?;
        Some(self.0.remove(at).1)
    }

    /// Takes named values out, or none.
    pub fn take_map(&mut self, name: &str) -> Fields {
        match self.take(name) {
            Some(Value::Map(map)) => map,
            _ => Fields::default(),
        }
    }

    /// Sets a value, in the place of the old one if there is one.
    pub fn set(&mut self, name: impl Into<String>, value: Value) {
        let name = name.into();
        match self.0.iter_mut().find(|(n, _)| *n == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name, value)),
        }
    }

    /// Sets a text.
    pub fn set_text(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.set(name, Value::Text(text.into()));
    }
}

/// Joins two values of one field. A text without a language is one in the default language; one that says so wins.
fn join(a: Value, b: Value, default: &str) -> Value {
    if a.is_empty() {
        return b;
    }
    if b.is_empty() {
        return a;
    }
    let (mut a, b) = match (a, b) {
        (Value::Map(a), Value::Map(b)) => (a, b),
        (Value::Map(a), text) | (text, Value::Map(a)) if a.get(default).is_some() => {
            drop(text);
            return Value::Map(a);
        }
        (Value::Map(a), text) => (a, Fields(vec![(default.to_owned(), text)])),
        (text, Value::Map(b)) => (Fields(vec![(default.to_owned(), text)]), b),
        (Value::Text(_), text) => return text,
    };
    for (name, value) in b.0 {
        let joined = match a.take_in_place(&name) {
            Some(old) => join(old, value, default),
            None => value,
        };
        a.set(name, joined);
    }
    Value::Map(a)
}

impl Fields {
    /// Takes a value and leaves an empty text in its place.
    fn take_in_place(&mut self, name: &str) -> Option<Value> {
        self.0.iter_mut().find(|(n, _)| n == name).map(|(_, v)| std::mem::replace(v, Value::Text(String::new())))
    }
}

/// A row of named fields.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its number counted in its sheet.
    pub number: u32,
    /// Its number as the spreadsheet shows it.
    pub shown: u32,
    /// What it holds.
    pub fields: Fields,
}

/// A sheet of named fields.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Name of the sheet.
    pub sheet: String,
    /// Columns, with the path of the field that each is.
    pub columns: Vec<(Place, Vec<String>)>,
    /// Rows.
    pub entries: Vec<Entry>,
}

/// Which headers a sheet knows.
pub(super) struct Headers {
    /// Names that stand for themselves.
    pub known: &'static [&'static str],
    /// Other names, in small letters with underscores, and the path that each means.
    pub aliases: &'static [(&'static str, &'static [&'static str])],
    /// What must be there.
    pub required: &'static [&'static str],
}

impl Headers {
    fn known(&self, header: &str) -> bool {
        self.known.contains(&header) && self.alias(header).is_none()
    }

    fn alias(&self, header: &str) -> Option<&'static [&'static str]> {
        self.aliases.iter().find(|(name, _)| *name == header).map(|(_, path)| *path)
    }

    /// The path that a header means.
    fn path(&self, header: &str, double_colons: bool) -> Vec<String> {
        let snake = snake_case(header);
        if self.known(header) || self.known(&snake) {
            return vec![if self.known(header) { header.to_owned() } else { snake }];
        }
        let mut parts: Vec<String> = if double_colons || header.contains("::") {
            header.split("::").map(|p| p.trim().to_owned()).collect()
        } else {
            // A single colon is the old way, and must be told from the one in `jr:count`.
            let mut parts: Vec<String> = header.split(':').map(|p| p.trim().to_owned()).collect();
            if let Some(at) = parts.iter().position(|p| p == "jr").filter(|at| at + 1 < parts.len()) {
                let rest = parts.remove(at + 1);
                parts[at] = format!("jr:{rest}");
            }
            parts
        };
        let first = snake_case(&parts[0]);
        match self.alias(&first) {
            Some(path) => {
                parts.splice(0..1, path.iter().map(|p| (*p).to_owned()));
            }
            None if self.known.contains(&first.as_str()) => parts[0] = first,
            // What is not known stays as it is: filters may name it.
            None => {}
        }
        parts
    }
}

fn snake_case(header: &str) -> String {
    header.split_whitespace().collect::<Vec<_>>().join("_").to_lowercase()
}

/// Quotes as word processors make them, made plain.
fn plain_quotes(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    text.chars()
        .map(|c| match c {
            '\u{2018}' | '\u{2019}' => '\'',
            '\u{201c}' | '\u{201d}' => '"',
            c => c,
        })
        .collect()
}

/// Reads a sheet. `squeeze`: runs of spaces become one.
pub(super) fn table(sheet: &Sheet, headers: &Headers, language: &str, squeeze: bool, found: &mut Vec<Finding>) -> Table {
    let mut table = Table { sheet: sheet.name.clone(), ..Table::default() };
    let double_colons = sheet.columns.iter().any(|c| c.header.contains("::"));
    let mut seen: HashMap<Vec<String>, String> = HashMap::new();
    for place in &sheet.columns {
        let path = headers.path(&place.header, double_colons);
        let finding = |word| Finding {
            severity: Severity::Error,
            sheet: Some(sheet.name.clone()),
            row: None,
            column: Some(place.clone()),
            word,
        };
        if path.iter().any(String::is_empty) {
            found.push(finding(Word::ColumnNotUnderstood { header: place.header.clone() }));
        }
        if let Some(other) = seen.insert(path.clone(), place.header.clone()) {
            found.push(finding(Word::SameColumnTwice { header: place.header.clone(), other }));
        }
        table.columns.push((place.clone(), path));
    }
    for header in headers.required {
        if !table.columns.iter().any(|(_, path)| path[0] == *header) && (sheet.name == "survey" || !sheet.rows.is_empty()) {
            found.push(Finding {
                severity: Severity::Error,
                sheet: Some(sheet.name.clone()),
                row: None,
                column: None,
                word: Word::HeaderMissing { header: (*header).to_owned() },
            });
        }
    }
    for row in &sheet.rows {
        let mut fields = Fields::default();
        for (column, text) in &row.cells {
            let mut text = plain_quotes(text);
            if squeeze {
                text = spaces(text.trim());
            }
            let path = &table.columns[*column].1;
            let mut value = Value::Text(text);
            for name in path[1..].iter().rev() {
                value = Value::Map(Fields(vec![(name.clone(), value)]));
            }
            let joined = match fields.take_in_place(&path[0]) {
                Some(old) => join(old, value, language),
                None => value,
            };
            fields.set(path[0].clone(), joined);
        }
        table.entries.push(Entry { number: row.number, shown: row.shown, fields });
    }
    table
}

impl Table {
    /// The first column whose field is, or lies in, a path.
    pub fn column(&self, path: &[&str]) -> Option<&Place> {
        let starts = |p: &&(Place, Vec<String>)| p.1.len() >= path.len() && p.1.iter().zip(path).all(|(a, b)| a == b);
        self.columns.iter().find(starts).map(|(place, _)| place)
    }
}
