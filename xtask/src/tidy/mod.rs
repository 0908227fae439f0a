//! The rules of the house. Each check takes what it looks at as a value and returns what it found, so that its
//! tests can show it a small bad example: a check that cannot fail is worse than none.

mod dead;
mod floors;
mod hygiene;
mod kinds;
mod licences;
mod routes;
mod rust_files;
mod wording;

pub use licences::{Packages, expression_allowed};
pub use rust_files::RustFiles;
pub use wording::words_in_data;

use std::path::Path;

use anyhow::Result;

use crate::read::tree::Tree;

/// Something that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Which file.
    pub path: String,
    /// Which line; 0 where it concerns the whole file.
    pub line: u32,
    /// What is wrong, and what to do.
    pub words: String,
}

impl Finding {
    /// One finding.
    pub fn new(path: &str, line: u32, words: impl Into<String>) -> Finding {
        Finding { path: path.to_owned(), line, words: words.into() }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.words),
            line => write!(f, "{}:{line}: {}", self.path, self.words),
        }
    }
}

/// Everything that is checked, by name.
pub fn check(root: &Path) -> Result<Vec<(&'static str, Vec<Finding>)>> {
    let tree = Tree::read(root)?;
    let rust = RustFiles::of(&tree);
    let packages = Packages::read(root)?;
    Ok(vec![
        ("arrows between crates point down", floors::arrows(&floors::dependencies(root)?)),
        ("the core has no I/O, clock or randomness", floors::purity(&rust)),
        ("SQL only in the store", floors::sql(&tree, &rust)),
        ("no Chinese in code outside locale files", wording::han(&tree, &rust)),
        ("no English in templates outside locale files", wording::templates(&tree)),
        ("no words in Rust pages outside locale files", wording::pages(&rust)),
        ("locale files agree with each other", wording::languages(&tree)),
        ("every wording is used", wording::used(&tree)),
        ("words of the programme have wording", wording::families(&tree, &rust)),
        ("every refusal has wording", wording::refusals(&tree, &rust)),
        ("every route declares a permission", routes::permissions(&rust)),
        ("no dead Rust file", dead::rust(&tree, &rust)),
        ("no dead front-end file", dead::web(&tree)),
        ("no dead data file", dead::data(&tree)),
        ("every fact kind has a golden line", kinds::golden(&tree, &rust)),
        ("docs/facts.md and docs/glossary.md are current", kinds::documented(&tree, &rust)),
        ("no path of a machine, no registry host", hygiene::machines(&tree)),
        ("no unwrap outside tests", hygiene::unwraps(&rust)),
        ("nothing put off in comments", hygiene::put_off(&tree)),
        ("file modes", hygiene::modes(&tree)),
        ("licences", licences::check(&tree, &packages)),
    ])
}

/// Prints what was found; whether there was nothing.
pub fn run(root: &Path) -> Result<bool> {
    let results = check(root)?;
    let mut failed = 0;
    for (name, findings) in &results {
        if findings.is_empty() {
            continue;
        }
        failed += 1;
        println!("{name}:");
        for finding in findings {
            println!("  {finding}");
        }
    }
    println!("tidy: {} passed, {failed} failed", results.len() - failed);
    Ok(failed == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `cargo test` tidies as well.
    #[test]
    fn this_tree_is_tidy() {
        let root = crate::root().expect("tests run inside the project");
        let results = check(&root).expect("git and cargo are here");
        let findings: Vec<String> =
            results.iter().flat_map(|(name, found)| found.iter().map(move |f| format!("{name}: {f}"))).collect();
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }
}
