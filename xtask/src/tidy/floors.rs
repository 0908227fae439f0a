//! The floors: which crate may know which, and what each may not do.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Finding, RustFiles};
use crate::read::{
    rust::{Kind, paths},
    tree::Tree,
};

/// Each crate, from the top, and the ones that it may know. A new crate needs a line here, and a reason in ARCHITECTURE.md.
const FLOORS: &[(&str, &[&str])] = &[
    ("qianwan", &["server", "demo", "store", "domain", "facts", "maps", "planner", "ranking", "xforms"]),
    ("server", &["store", "domain", "facts", "maps", "planner", "xforms"]),
    // The made-up county: a caller like any other, through the one way to write.
    ("demo", &["store", "domain", "facts", "maps", "xforms"]),
    ("store", &["domain", "facts"]),
    ("domain", &["facts", "xforms"]),
    ("facts", &[]),
    ("maps", &[]),
    ("planner", &[]),
    ("xforms", &[]),
    ("ranking", &[]),
    // Benches look at every floor; nobody looks at xtask.
    ("xtask", &["qianwan", "server", "demo", "store", "domain", "facts", "maps", "xforms"]),
];

/// What tests may know beyond that.
const IN_TESTS: &[&str] = &["demo"];

/// Crates that only compute.
const PURE: &[&str] = &["facts", "domain", "maps", "xforms", "ranking"];

/// What they may not name, with the reason.
const IMPURE: &[(&str, &str)] = &[
    ("std::fs", "files are handed in as values"),
    ("std::net", "no network"),
    ("std::env", "settings are handed in as values"),
    ("std::process", "no other programs"),
    ("std::thread", "no threads"),
    ("std::time", "time is handed in as a value"),
    ("std::io::stdin", "no standard streams"),
    ("std::io::stdout", "no standard streams"),
    ("std::io::stderr", "no standard streams"),
    ("SystemTime", "no clock: now is handed in"),
    ("Instant", "no clock: now is handed in"),
    ("Timestamp::now", "no clock: now is handed in"),
    ("Zoned::now", "no clock: now is handed in"),
    ("Utc::now", "no clock: now is handed in"),
    ("Local::now", "no clock: now is handed in"),
    ("rand", "no randomness: seeds and fresh ids are handed in"),
    ("getrandom", "no randomness: seeds and fresh ids are handed in"),
    ("OsRng", "no randomness: seeds and fresh ids are handed in"),
    ("RandomState::new", "no randomness: results may not depend on it"),
    ("Uuid::now_v7", "fresh ids are handed in"),
    ("Uuid::new_v4", "fresh ids are handed in"),
    ("print!", "nothing is printed: return it"),
    ("println!", "nothing is printed: return it"),
    ("eprint!", "nothing is printed: return it"),
    ("eprintln!", "nothing is printed: return it"),
    ("dbg!", "nothing is printed: return it"),
    ("tokio", "nothing is awaited here"),
    ("rusqlite", "only the store knows a database"),
    ("tokio_postgres", "only the store knows a database"),
    ("axum", "only the server knows HTTP"),
];

/// A crate of ours and what it depends on, own crates and others.
pub struct Dependencies {
    /// The crate.
    pub name: String,
    /// Its manifest.
    pub manifest: String,
    /// Names of what it depends on, and whether in tests only.
    pub on: Vec<(String, bool)>,
}

/// Asks cargo.
pub fn dependencies(root: &Path) -> Result<Vec<Dependencies>> {
    let out = Command::new("cargo")
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root)
        .output()
        .context("cannot run cargo metadata")?;
    ensure!(out.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&out.stderr));
    let whole: Value = serde_json::from_slice(&out.stdout).context("cargo metadata is not JSON")?;
    let packages = whole["packages"].as_array().context("cargo metadata has no packages")?;
    let words = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    Ok(packages
        .iter()
        .map(|p| Dependencies {
            name: words(&p["name"]),
            manifest: words(&p["manifest_path"]).trim_start_matches(&format!("{}/", root.display())).to_owned(),
            on: p["dependencies"].as_array().into_iter().flatten().map(|d| (words(&d["name"]), d["kind"] == "dev")).collect(),
        })
        .collect())
}

/// Crates know only what lies below them.
pub fn arrows(crates: &[Dependencies]) -> Vec<Finding> {
    let floor = |name: &str| FLOORS.iter().find(|(n, _)| *n == name);
    let mut out = Vec::new();
    for one in crates {
        let Some((_, below)) = floor(&one.name) else {
            out.push(Finding::new(
                &one.manifest,
                0,
                format!("crate {} has no floor: give it a line in xtask/src/tidy/floors.rs", one.name),
            ));
            continue;
        };
        let allowed = |on: &str, test: bool| below.contains(&on) || (test && IN_TESTS.contains(&on) && one.name == "server");
        for (on, _) in one.on.iter().filter(|(on, test)| floor(on).is_some() && !allowed(on, *test)) {
            out.push(Finding::new(&one.manifest, 0, format!("{} may not know {on}: arrows point down", one.name)));
        }
    }
    out
}

/// Invariant `pure-core`.
pub fn purity(rust: &RustFiles) -> Vec<Finding> {
    let mut out = Vec::new();
    for name in PURE {
        for (path, file) in rust.product(&format!("crates/{name}/src/")) {
            for (found, line) in paths(&file.product) {
                if let Some((word, why)) = IMPURE.iter().find(|(word, _)| contains_path(&found, word)) {
                    out.push(Finding::new(path, line, format!("{word} in the core: {why}")));
                }
            }
        }
    }
    out
}

/// Whether the segments of `part` follow each other in `whole`.
fn contains_path(whole: &str, part: &str) -> bool {
    let whole: Vec<&str> = whole.split("::").collect();
    let part: Vec<&str> = part.split("::").collect();
    whole.windows(part.len()).any(|w| w == part)
}

/// Invariant `sql-in-the-store`: no string with a statement anywhere else, and no .sql file.
pub fn sql(tree: &Tree, rust: &RustFiles) -> Vec<Finding> {
    // Tests of the binary tamper with the database behind its back.
    let may = ["crates/store/", "xtask/", "crates/qianwan/tests/reliability/"];
    let elsewhere = |path: &str| !may.iter().any(|m| path.starts_with(m)) && !harms(path);
    let files = tree
        .files
        .keys()
        .filter(|p| p.ends_with(".sql") && elsewhere(p))
        .map(|p| Finding::new(p, 0, "SQL belongs in crates/store/sql"));
    let mut out: Vec<Finding> = files.collect();
    for (path, file) in rust.files.iter().filter(|(path, _)| elsewhere(path)) {
        for token in file.tokens.iter().filter(|t| t.kind == Kind::Str && is_sql(&t.text)) {
            out.push(Finding::new(path, token.line, "SQL belongs in crates/store"));
        }
    }
    out
}

/// Tests of the real binary harm a database past the store, to see it found; their statements stand in one file of this name.
fn harms(path: &str) -> bool {
    path.contains("/tests/") && path.ends_with("/tamper.rs")
}

/// A statement, and not an English sentence or an HTTP method.
fn is_sql(text: &str) -> bool {
    let words: Vec<String> =
        text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).map(str::to_owned).collect();
    let shouted = words.iter().any(|w| w == "SELECT")
        || words.windows(2).any(|w| STATEMENTS.iter().any(|s| w[0] == s.0 && s.1.contains(&w[1].as_str())));
    let lower: Vec<String> = words.iter().map(|w| w.to_uppercase()).collect();
    let begins = lower.len() > 1
        && (STATEMENTS.iter().any(|s| lower[0] == s.0 && s.1.contains(&lower[1].as_str()))
            || (lower[0] == "SELECT" && lower.iter().any(|w| w == "FROM"))
            || (lower[0] == "UPDATE" && lower.get(2).is_some_and(|w| w == "SET")));
    shouted || begins
}

const STATEMENTS: &[(&str, &[&str])] = &[
    ("INSERT", &["INTO", "OR"]),
    ("DELETE", &["FROM"]),
    ("CREATE", &["TABLE", "INDEX", "UNIQUE", "TEMP", "TRIGGER", "SCHEMA"]),
    ("DROP", &["TABLE", "INDEX", "SCHEMA"]),
    ("ALTER", &["TABLE"]),
    ("BEGIN", &["IMMEDIATE"]),
    ("VACUUM", &["INTO"]),
    ("PRAGMA", &["journal_mode", "synchronous"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arrow_upwards_is_found() {
        let with = |name: &str, on: &[&str], test: bool| Dependencies {
            name: name.into(),
            manifest: "m".into(),
            on: on.iter().map(|s| ((*s).to_owned(), test)).collect(),
        };
        let one = |name: &str, on: &[&str]| with(name, on, false);
        assert_eq!(arrows(&[one("domain", &["facts", "serde"]), one("qianwan", &["server"])]), []);
        assert_eq!(arrows(&[one("domain", &["maps"])]).len(), 1);
        assert_eq!(arrows(&[one("facts", &["domain"]), one("store", &["server"])]).len(), 2);
        assert_eq!(arrows(&[one("utils", &[])]).len(), 1);
        assert_eq!(arrows(&[with("server", &["demo"], true)]), []);
        assert_eq!(arrows(&[with("server", &["demo"], false), with("domain", &["store"], true)]).len(), 2);
    }

    fn domain(source: &str) -> Tree {
        Tree::of(&[("crates/domain/Cargo.toml", ""), ("crates/domain/src/lib.rs", source)])
    }

    #[test]
    fn impurity_is_found() {
        let check = |source: &str| purity(&RustFiles::of(&domain(source))).len();
        assert_eq!(check("use std::{collections::HashMap, fmt}; fn rand_of(operand: u8) {} // std::fs"), 0);
        assert_eq!(check("#[cfg(test)] mod tests { use std::fs; fn now() { std::time::Instant::now(); } }"), 0);
        assert_eq!(check("use std::{collections::HashMap, fs};"), 1);
        assert_eq!(check("fn a() { let t = jiff::Timestamp::now(); println!(\"{t}\"); }"), 2);
        assert_eq!(check("fn a() -> Uuid { Uuid::now_v7() }"), 1);
    }

    #[test]
    fn sql_elsewhere_is_found() {
        let check = |source: &str| {
            let tree = domain(source);
            sql(&tree, &RustFiles::of(&tree)).len()
        };
        assert_eq!(check("fn a() { b(\"DELETE\"); c(\"select one of these\"); d(\"Update it\"); }"), 0);
        assert_eq!(check("fn a() { b(\"SELECT 1\"); }"), 1);
        assert_eq!(check("fn a() { b(\"delete from log\"); c(\"update x set y = 1\"); }"), 2);
        assert!(harms("crates/a/tests/b/tamper.rs") && !harms("crates/a/src/tamper.rs") && !harms("crates/a/tests/b/other.rs"));
        let tree = Tree::of(&[("crates/server/a.sql", ""), ("crates/store/sql/b.sql", "")]);
        assert_eq!(sql(&tree, &RustFiles::of(&tree)).len(), 1);
    }
}
