//! Answers as tables: one for the form itself, and one for every repeat in it.
//!
//! Names are those that clients of ODK Central know: the main table is `Submissions`, a repeat's is that with the path to it
//! (`Submissions.people.person`). A row of the main table is called by its instance, a row of a repeat by a digest of the
//! instance, the path and the place in the row, so that it keeps its name for as long as the submission is not edited.
//! Several versions of a form make one set of tables: the columns of the first, then what the others have besides.
//!
//! Nothing is evaluated here: what stands in a submission is given out, whether the form would take it or not. A text that is
//! not of its column's kind has no [`value`]; the text itself is never lost.
//! Deliberately absent: attributes, and elements that the form does not know.

#[cfg(test)]
mod tests;
mod value;

use std::{borrow::Cow, collections::HashMap, fmt::Write};

use sha1::{Digest, Sha1};
pub use value::{Position, Value, value};

use crate::{
    form::{Control, ControlKind, DataType, Field, FieldKind, Form, Part, Text},
    tree::{NodeId, Tree},
};

/// Name of the main table.
pub const MAIN: &str = "Submissions";

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text, one choice, barcode and whatever is not known.
    Text,
    /// Any number of choices, separated by spaces.
    Chosen,
    /// A whole number.
    Integer,
    /// A number.
    Decimal,
    /// `YYYY-MM-DD`.
    Date,
    /// A time of day, mostly with an offset.
    Time,
    /// A moment.
    DateTime,
    /// A point.
    Point,
    /// A line.
    Line,
    /// An area.
    Area,
    /// Name of a file that comes with the submission.
    File,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Path in the form.
    pub path: String,
    /// Names from the table's row to the value, as clients see them; the groups first.
    pub names: Vec<String>,
    /// What it holds.
    pub kind: ColumnKind,
    /// What is asked, by language; the language is empty in forms without any.
    pub labels: Vec<(String, String)>,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name, such as `Submissions.people.person`.
    pub name: String,
    /// The table around it.
    pub above: Option<usize>,
    /// Names from a row of that table to this one's rows; empty for the main table.
    pub names: Vec<String>,
    /// Its columns.
    pub columns: Vec<Column>,
}

/// The tables of a form.
#[derive(Debug, Clone)]
pub struct Tables {
    /// The main table first, each behind the one around it.
    pub tables: Vec<Table>,
    nodes: Vec<Node>,
}

#[derive(Debug, Clone)]
struct Node {
    /// Local name in submissions.
    local: String,
    /// Name for clients.
    shown: String,
    is: NodeKind,
    children: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NodeKind {
    Group,
    Repeat(usize),
    Leaf(usize),
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'t> {
    /// Which table.
    pub table: usize,
    /// What it is called.
    pub id: String,
    /// The row around it, in the same list.
    pub above: Option<usize>,
    /// What stands in the columns; none where there is nothing.
    pub cells: Vec<Option<Cow<'t, str>>>,
}

impl Tables {
    /// Tables of a form in its versions; the one that counts comes first.
    pub fn of(versions: &[&Form]) -> Tables {
        let root = Node { local: String::new(), shown: String::new(), is: NodeKind::Group, children: Vec::new() };
        let main = Table { name: MAIN.to_owned(), above: None, names: Vec::new(), columns: Vec::new() };
        let mut tables = Tables { tables: vec![main], nodes: vec![root] };
        for form in versions {
            let mut labels = HashMap::new();
            asked(&form.body, &mut labels);
            tables.add(form, &labels, form.root(), 0, &At { table: 0, names: Vec::new() });
        }
        tables
    }

    fn add(&mut self, form: &Form, labels: &HashMap<usize, &Text>, field: &Field, node: usize, at: &At) {
        for number in &field.children {
            let child = &form.fields[*number];
            if child.kind == FieldKind::Attribute {
                continue;
            }
            let known = self.nodes[node].children.iter().copied().find(|n| self.nodes[*n].local == child.name.local);
            let number_of = match known {
                Some(n) => n,
                None => {
                    let shown = self.free_name(node, &child.name.local);
                    let is = match child.kind {
                        FieldKind::Group | FieldKind::Attribute => NodeKind::Group,
                        FieldKind::Repeat => {
                            let names: Vec<String> = at.names.iter().cloned().chain([shown.clone()]).collect();
                            let name = format!("{}.{}", self.tables[at.table].name, names.join("."));
                            self.tables.push(Table { name, above: Some(at.table), names, columns: Vec::new() });
                            NodeKind::Repeat(self.tables.len() - 1)
                        }
                        FieldKind::Leaf => {
                            let columns = &mut self.tables[at.table].columns;
                            columns.push(Column {
                                path: child.path.clone(),
                                names: at.names.iter().cloned().chain([shown.clone()]).collect(),
                                kind: kind_of(child),
                                labels: labels.get(number).map(|text| worded(form, text)).unwrap_or_default(),
                            });
                            NodeKind::Leaf(columns.len() - 1)
                        }
                    };
                    self.nodes.push(Node { local: child.name.local.clone(), shown, is, children: Vec::new() });
                    let last = self.nodes.len() - 1;
                    self.nodes[node].children.push(last);
                    last
                }
            };
            let known = &self.nodes[number_of];
            let below = match (known.is, child.kind) {
                (NodeKind::Group, FieldKind::Group) => {
                    At { table: at.table, names: at.names.iter().cloned().chain([known.shown.clone()]).collect() }
                }
                (NodeKind::Repeat(table), FieldKind::Repeat | FieldKind::Group) => At { table, names: Vec::new() },
                // Of another kind in an earlier version: what the later one says holds.
                _ => continue,
            };
            self.add(form, labels, child, number_of, &below);
        }
    }

    /// A name that clients can use as an identifier and that no other node of the same parent has.
    fn free_name(&self, parent: usize, local: &str) -> String {
        let mut name: String = local.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '_' }).collect();
        if name.chars().next().is_none_or(|c| c.is_numeric()) {
            name.insert(0, '_');
        }
        let taken = |name: &str| self.nodes[parent].children.iter().any(|n| self.nodes[*n].shown == name);
        let (plain, mut count) = (name.clone(), 2);
        while taken(&name) {
            name = format!("{plain}_{count}");
            count += 1;
        }
        name
    }

    /// The table with that name.
    pub fn named(&self, name: &str) -> Option<usize> {
        self.tables.iter().position(|t| t.name == name)
    }

    /// Tables directly within a table.
    pub fn within(&self, table: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.tables.len()).filter(move |n| self.tables[*n].above == Some(table))
    }

    /// Rows of a submission: that of the main table, and behind each row those within it, in the order of the document.
    pub fn rows<'t>(&self, tree: &'t Tree, instance: &str) -> Vec<Row<'t>> {
        match tree.root() {
            Some(root) => self.rows_at(tree, root, instance),
            None => vec![Row { table: 0, id: instance.to_owned(), above: None, cells: vec![None; self.tables[0].columns.len()] }],
        }
    }

    /// The same, of an element that stands somewhere in a document.
    pub fn rows_at<'t>(&self, tree: &'t Tree, element: NodeId, instance: &str) -> Vec<Row<'t>> {
        let cells = vec![None; self.tables[0].columns.len()];
        let mut rows = vec![Row { table: 0, id: instance.to_owned(), above: None, cells }];
        self.fill(tree, element, 0, 0, &mut rows);
        rows
    }

    fn fill<'t>(&self, tree: &'t Tree, element: NodeId, node: usize, row: usize, rows: &mut Vec<Row<'t>>) {
        let known = &self.nodes[node].children;
        // Submissions keep the order of the form: what comes next is mostly what is looked for.
        let mut next = 0;
        let mut counts: Vec<(usize, usize)> = Vec::new();
        for child in tree.child_elements(element) {
            let local = tree.local(child);
            let found = (next..known.len()).chain(0..next).find(|i| self.nodes[known[*i]].local == local);
            let Some(i) = found else { continue };
            let number = known[i];
            match self.nodes[number].is {
                NodeKind::Group => {
                    next = i + 1;
                    self.fill(tree, child, number, row, rows);
                }
                NodeKind::Leaf(column) => {
                    next = i + 1;
                    let text = tree.text(child);
                    let cell = &mut rows[row].cells[column];
                    if cell.is_none() && !text.trim().is_empty() {
                        *cell = Some(text);
                    }
                }
                NodeKind::Repeat(table) => {
                    next = i;
                    // The empty one that new ones are made from is no answer.
                    if tree.any_attribute(child, "template").is_some() {
                        continue;
                    }
                    let at = match counts.iter_mut().find(|(n, _)| *n == number) {
                        Some((_, count)) => {
                            *count += 1;
                            *count
                        }
                        None => {
                            counts.push((number, 0));
                            0
                        }
                    };
                    let id = digest(&rows[row].id, &self.tables[table].name, at);
                    let cells = vec![None; self.tables[table].columns.len()];
                    rows.push(Row { table, id, above: Some(row), cells });
                    self.fill(tree, child, number, rows.len() - 1, rows);
                }
            }
        }
    }
}

/// Where fields are being added: a table, and the groups in it.
struct At {
    table: usize,
    names: Vec<String>,
}

/// Name of a repeat's row.
fn digest(above: &str, table: &str, at: usize) -> String {
    let mut digest = Sha1::new();
    digest.update(format!("{above}\n{table}\n{at}"));
    digest.finalize().iter().fold(String::with_capacity(40), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn kind_of(field: &Field) -> ColumnKind {
    let asked = field.asked.as_ref().map(|a| &a.control);
    match (field.bind.data_type, asked) {
        (DataType::Select | DataType::Rank, _) | (DataType::Text, Some(ControlKind::Select | ControlKind::Rank)) => {
            ColumnKind::Chosen
        }
        (DataType::Integer, _) => ColumnKind::Integer,
        (DataType::Decimal, _) => ColumnKind::Decimal,
        (DataType::Date, _) => ColumnKind::Date,
        (DataType::Time, _) => ColumnKind::Time,
        (DataType::DateTime, _) => ColumnKind::DateTime,
        (DataType::Geopoint, _) => ColumnKind::Point,
        (DataType::Geotrace, _) => ColumnKind::Line,
        (DataType::Geoshape, _) => ColumnKind::Area,
        (DataType::Binary, _) => ColumnKind::File,
        (DataType::Text | DataType::Boolean | DataType::Barcode | DataType::Intent | DataType::SelectOne, _) => ColumnKind::Text,
    }
}

/// What is asked, by field.
fn asked<'f>(controls: &'f [Control], labels: &mut HashMap<usize, &'f Text>) {
    for control in controls {
        match control {
            Control::Question(q) => {
                if let Some(label) = &q.label {
                    labels.entry(q.field).or_insert(label);
                }
            }
            Control::Group(g) => asked(&g.controls, labels),
            Control::Repeat(r) => asked(&r.controls, labels),
        }
    }
}

/// A text in every language.
fn worded(form: &Form, text: &Text) -> Vec<(String, String)> {
    let languages: Vec<Option<&str>> = match form.languages.is_empty() {
        true => vec![None],
        false => form.languages.iter().map(|l| Some(l.name.as_str())).collect(),
    };
    let said = |language: Option<&str>| {
        let mut words = String::new();
        say(form, text, language, 2, &mut words);
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    languages.into_iter().map(|l| (l.unwrap_or_default().to_owned(), said(l))).filter(|(_, words)| !words.is_empty()).collect()
}

fn say(form: &Form, text: &Text, language: Option<&str>, deep: usize, words: &mut String) {
    for part in &text.0 {
        match part {
            Part::Words(said) => words.push_str(said),
            Part::Output(_) => words.push('…'),
            Part::Itext(id) if deep > 0 => {
                if let Some(text) = form.words(id, language) {
                    say(form, text, language, deep - 1, words);
                }
            }
            Part::Itext(_) => {}
        }
    }
}
