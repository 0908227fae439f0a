//! The converter against pyxform 4.5.0: node by node, on a corpus of real workbooks.
//!
//! The corpus lies beside the project (`../shared/data/forms`); without it the tests say so and count as ignored in their words.
//! A few small workbooks are copied into `tests/pyxform/cases` and always run.

mod compare;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use compare::{Compared, difference};
use xforms::xlsform::{Kind, Leniency, Severity, convert, convert_leniently};

fn corpus() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/forms");
    if !folder.is_dir() {
        println!("SKIPPED: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

/// Exceptions: a word, the file, the reason. A line that no longer holds fails the test.
fn exceptions() -> BTreeMap<String, String> {
    let text = include_str!("exceptions.txt");
    let lines = text.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#'));
    lines.map(|l| l.split_once(" | ").map(|(file, why)| (file.to_owned(), why.to_owned())).expect("file | reason")).collect()
}

fn stem(file: &str) -> &str {
    Path::new(file).file_stem().and_then(|s| s.to_str()).expect("a name")
}

/// Fields of a line of CSV.
fn fields(line: &str) -> Vec<String> {
    let (mut all, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => all.push(String::new()),
            c => all.last_mut().expect("a field").push(c),
        }
    }
    all
}

#[test]
fn corpus_agrees_with_pyxform() {
    let Some(folder) = corpus() else { return };
    let index = std::fs::read_to_string(folder.join("INDEX.csv")).expect("an index");
    let exceptions = exceptions();
    let (mut table, mut wrong, mut counts) = (String::new(), Vec::new(), BTreeMap::<&str, usize>::new());
    let mut held = Vec::new();
    for row in index.lines().skip(1).map(fields).filter(|row| row[1] == "xlsform") {
        let (file, reference) = (row[0].as_str(), row[7].as_str());
        let bytes = std::fs::read(folder.join(file)).expect("a workbook");
        let ours = convert(&bytes, Kind::of(file).expect("a kind"), stem(file));
        let (verdict, first) = match (ours, reference == "converts") {
            (Ok(ours), true) => {
                let theirs = folder.join("converted").join(format!("{}.xml", file.replace('/', "__")));
                let theirs = std::fs::read_to_string(theirs).expect("a conversion");
                match difference(&ours.xform, &theirs) {
                    Compared::Same => ("agree", String::new()),
                    Compared::Differ(first) => ("differ", first),
                }
            }
            (Err(findings), false) => {
                let errors = findings.iter().filter(|f| f.severity == Severity::Error);
                (
                    "refuse",
                    errors
                        .map(|f| f.word.key())
                        .collect::<std::collections::BTreeSet<_>>()
                        .into_iter()
                        .collect::<Vec<_>>()
                        .join(", "),
                )
            }
            (Err(findings), true) => {
                ("refuse alone", format!("{:?}", findings.iter().find(|f| f.severity == Severity::Error).expect("an error")))
            }
            (Ok(_), false) => ("convert alone", reference.to_owned()),
        };
        let excepted = exceptions.contains_key(file);
        *counts.entry(if excepted { "excepted" } else { verdict }).or_default() += 1;
        table.push_str(&format!("{file} | {verdict} | {first}\n"));
        match (matches!(verdict, "agree" | "refuse"), excepted) {
            (false, false) => wrong.push(format!("{file}: {verdict}: {first}")),
            (true, true) => wrong.push(format!("{file}: {verdict}, so that its exception no longer holds")),
            (_, true) => held.push(file.to_owned()),
            _ => {}
        }
    }
    println!("{table}\n{counts:?}");
    let stale: Vec<_> = exceptions.keys().filter(|f| !held.contains(f)).collect();
    assert!(wrong.is_empty() && stale.is_empty(), "{}\nnot in the corpus: {stale:?}", wrong.join("\n"));
}

#[test]
fn older_forms_convert_when_duplicates_are_let_pass() {
    let Some(folder) = corpus() else { return };
    for file in [
        "liberia-coverage-round1/xlsform/liberiaCoverage.xlsx",
        "liberia-coverage-round1/xlsform/liberiaCoverageVillageForm.xlsx",
    ] {
        let bytes = std::fs::read(folder.join(file)).expect("a workbook");
        let leniency = Leniency { duplicate_choices: true };
        let made =
            convert_leniently(&bytes, Kind::Xlsx, stem(file), leniency).unwrap_or_else(|found| panic!("{file}: {found:?}"));
        assert!(made.findings.iter().any(|f| f.word.key() == "choice-name-twice" && f.row.is_some()), "{file}");
    }
}
