//! Formulas, read as phones read them: what keeps a phone from opening the form, told by the cell or the path that it comes from.
//!
//! What cannot be parsed, unknown functions, wrong numbers of arguments, and calculations or relevances that need each other's result.
//! Which functions there are is told by [`crate::xpath`]; pyxform looks at none of this.

use std::collections::HashMap;

use super::{
    emit::Written,
    finding::{Finding, Severity, Word},
    form::{Form, Kind, Node},
    lexis,
    table::Table,
};
use crate::{
    form::{Form as Read, Problem, ProblemKind, Reading},
    xpath::{SyntaxError, SyntaxProblem},
};

/// After so many the search ends.
const MOST: usize = 1_000;
/// Letters of a formula that are told, and of the place where it stops making sense.
const TOLD: usize = 200;
const NEAR: usize = 20;

/// What is wrong with the formulas of an XForm. There are no sheets: questions are told by their paths, and rows are lines of the file.
/// Nothing is said of what is no form at all; see [`crate::head::form_head`].
pub fn formulas(xform: &[u8]) -> Vec<Finding> {
    let Reading { problems, .. } = Read::read(xform);
    let mut out = Vec::new();
    for problem in problems {
        let word = match &problem.kind {
            ProblemKind::BadExpression { what, text, error } => bad(&problem.at, what, text, text, error),
            ProblemKind::OwnValue(what) => Word::FormulaOwnValue { name: problem.at.clone(), field: what.clone() },
            ProblemKind::Cycle(paths) => Word::FormulaCycle { names: round(paths.iter().map(String::as_str)) },
            _ => continue,
        };
        let row = Some(problem.line).filter(|line| *line > 0);
        push(&mut out, Finding { severity: Severity::Error, sheet: None, row, column: None, word });
    }
    out
}

/// The same of a form made of a workbook, by sheet, row and column.
pub(super) fn check(written: &Written, form: &Form, tables: [&Table; 3], found: &mut Vec<Finding>) {
    let Reading { problems, .. } = Read::read(written.document.as_bytes());
    if !problems
        .iter()
        .any(|p| matches!(p.kind, ProblemKind::BadExpression { .. } | ProblemKind::OwnValue(_) | ProblemKind::Cycle(_)))
    {
        return;
    }
    let mut by_path = HashMap::new();
    for (at, path) in written.paths.iter().enumerate() {
        by_path.entry(local(path)).or_insert(at);
    }
    let places = Places { form, by_path, tables };
    let mut out = Vec::new();
    for problem in &problems {
        if let Some(finding) = places.finding(problem) {
            push(&mut out, finding);
        }
    }
    found.append(&mut out);
}

fn push(out: &mut Vec<Finding>, finding: Finding) {
    if out.len() < MOST && !out.contains(&finding) {
        out.push(finding);
    }
}

/// A path without prefixes, as it is read.
fn local(path: &str) -> String {
    let part = |part: &str| {
        let (mark, name) = part.strip_prefix('@').map_or(("", part), |name| ("@", name));
        format!("{mark}{}", name.rsplit(':').next().unwrap_or_default())
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// `a → b → a`.
fn round<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut all: Vec<&str> = names.collect();
    all.extend(all.first().copied());
    all.join(" → ")
}

/// What is wrong with a formula; `written` is what was read, `formula` what people wrote.
fn bad(name: &str, field: &str, written: &str, formula: &str, error: &SyntaxError) -> Word {
    let (name, field) = (name.to_owned(), field.to_owned());
    let formula: String = formula.trim().chars().take(TOLD).collect();
    match &error.problem {
        SyntaxProblem::Unfinished | SyntaxProblem::Empty => Word::FormulaUnfinished { name, field, formula },
        SyntaxProblem::OpenText => Word::FormulaOpenText { name, field, formula },
        SyntaxProblem::UnknownFunction(function) => Word::FormulaFunction { name, field, function: function.clone() },
        SyntaxProblem::Arguments(function, count) => {
            Word::FormulaArguments { name, field, function: function.clone(), count: count.to_string() }
        }
        SyntaxProblem::Unexpected
        | SyntaxProblem::Variable
        | SyntaxProblem::UnknownAxis(_)
        | SyntaxProblem::TooLong
        | SyntaxProblem::TooDeep => {
            let near = written.get(error.at..).unwrap_or_default().trim_start().chars().take(NEAR).collect();
            Word::FormulaUnreadable { name, field, formula, near }
        }
    }
}

/// A cell: which sheet and row, the path of its column, what the field is called, and what people wrote.
struct Cell<'a> {
    table: &'a Table,
    row: Option<u32>,
    column: Vec<&'a str>,
    name: &'a str,
    field: &'a str,
    formula: Option<&'a str>,
}

/// Where formulas come from.
struct Places<'a> {
    form: &'a Form,
    by_path: HashMap<String, usize>,
    /// Sheets `survey`, `entities` and `settings`.
    tables: [&'a Table; 3],
}

impl<'a> Places<'a> {
    fn finding(&self, problem: &'a Problem) -> Option<Finding> {
        let found = match &problem.kind {
            ProblemKind::BadExpression { what, text, error } => self
                .cell(&problem.at, what)
                .map(|cell| {
                    let word = bad(cell.name, self.called(&cell), text, cell.formula.unwrap_or(text), error);
                    (Some(cell), word)
                })
                // Names were looked at before; texts of choices have no row.
                .or_else(|| (what == "output").then(|| (None, bad(&problem.at, what, text, text, error)))),
            ProblemKind::OwnValue(what) => self.cell(&problem.at, what).map(|cell| {
                let word = Word::FormulaOwnValue { name: cell.name.to_owned(), field: self.called(&cell).to_owned() };
                (Some(cell), word)
            }),
            ProblemKind::Cycle(paths) => Some(self.cycle(paths)),
            _ => None,
        };
        let (cell, word) = found?;
        let sheet = cell.as_ref().map_or_else(
            || if problem.at.starts_with('/') { "survey".to_owned() } else { "choices".to_owned() },
            |cell| cell.table.sheet.clone(),
        );
        let column = cell.as_ref().and_then(|cell| cell.table.column(&cell.column).cloned());
        Some(Finding { severity: Severity::Error, sheet: Some(sheet), row: cell.and_then(|cell| cell.row), column, word })
    }

    /// The header as people wrote it.
    fn called(&self, cell: &Cell<'a>) -> &'a str {
        cell.table.column(&cell.column).map_or(cell.field, |place| place.header.as_str())
    }

    fn node(&self, path: &str) -> Option<&'a Node> {
        self.by_path.get(path).map(|at| &self.form.nodes[*at])
    }

    /// The cell of a formula: `at` is its node, or the id of a text; `what` the attribute that it was written to.
    fn cell(&self, at: &'a str, what: &'a str) -> Option<Cell<'a>> {
        let [survey, entities, settings] = self.tables;
        let (path, of) = if what == "output" { at.split_once(':').unwrap_or((at, "label")) } else { (at, "") };
        let node = self.node(path)?;
        let cell = |table: &'a Table, column: &[&'a str], field: &'a str, formula: Option<&'a str>| {
            let row = Some(node.row).filter(|row| *row > 0);
            Some(Cell { table, row, column: column.to_vec(), name: &node.name, field, formula })
        };
        if matches!(node.kind, Kind::Attribute { .. } | Kind::EntityLabel) {
            let (column, formula) = match node.name.as_str() {
                "create" => ("create_if", node.bind.text(what)),
                "update" => ("update_if", node.bind.text(what)),
                "label" => ("label", node.bind.text(what)),
                _ => ("entity_id", None),
            };
            return cell(entities, &[column], column, formula);
        }
        if node.row == 0 {
            let row = settings.entries.first().map(|e| e.shown);
            let cell = cell(settings, &["instance_name"], "instance_name", node.bind.text(what))?;
            return (node.name == "instanceName").then_some(Cell { row, ..cell });
        }
        match what {
            "relevant" | "required" | "constraint" | "calculate" | "readonly" => {
                if let Some(repeat) = self.counted(node).filter(|_| what == "calculate") {
                    let counted = cell(survey, &["control", "jr:count"], "repeat_count", node.bind.text(what))?;
                    return Some(Cell { name: &repeat.name, ..counted });
                }
                cell(survey, &["bind", what], what, node.bind.text(what))
            }
            "value" if node.dynamic => cell(survey, &["default"], "default", node.default.as_deref()),
            "value" if !node.triggers.is_empty() => {
                cell(survey, &["bind", "calculate"], "calculate", node.bind.text("calculate"))
            }
            "count" => cell(survey, &["control", "jr:count"], "repeat_count", node.control.text("jr:count")),
            "nodeset" | "value" | "label" | "query" => match &node.filter {
                Some(filter) => cell(survey, &["choice_filter"], "choice_filter", Some(filter)),
                None => cell(survey, &["parameters"], "parameters", None),
            },
            "output" => {
                let field = if of == "hint" { "hint" } else { "label" };
                cell(survey, &[field], field, None)
            }
            _ => None,
        }
    }

    /// The repeat that a node which no row asked for counts.
    fn counted(&self, node: &Node) -> Option<&'a Node> {
        let name = node.name.strip_suffix("_count").filter(|_| node.type_name == "calculate")?;
        self.form.nodes.iter().find(|n| n.is_repeat() && n.row == node.row && n.name == name)
    }

    /// A cycle is told once, in the first row that takes part in it.
    fn cycle(&self, paths: &'a [String]) -> (Option<Cell<'a>>, Word) {
        let nodes: Vec<&Node> = paths.iter().filter_map(|path| self.node(path)).collect();
        let names: Vec<&str> = nodes.iter().map(|n| n.name.as_str()).collect();
        let leads = |node: &Node, rule: &str| {
            node.bind.text(rule).is_some_and(|t| lexis::references(t).iter().any(|r| names.contains(&r.name)))
        };
        let part = |(node, path): (&&'a Node, &'a String)| {
            let rule = ["calculate", "relevant"].into_iter().find(|rule| leads(node, rule));
            let rule = rule.or_else(|| ["calculate", "relevant"].into_iter().find(|rule| node.bind.get(rule).is_some()))?;
            self.cell(path, rule)
        };
        let known = paths.iter().filter(|path| self.node(path).is_some());
        let cells = nodes.iter().zip(known).filter_map(part);
        let first = cells.min_by_key(|cell| cell.row.unwrap_or(u32::MAX));
        (first, Word::FormulaCycle { names: round(names.iter().copied()) })
    }
}
