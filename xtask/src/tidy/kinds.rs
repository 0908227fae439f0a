//! Every kind of fact is fixed by a golden line and described for auditors.

use serde_json::Value;

use super::{Finding, RustFiles};
use crate::{
    codegen,
    read::{shape::fact_kinds, tree::Tree},
};

/// Each kind has a line in the `encoding.jsonl` of its room, and each line is JSON.
pub fn golden(tree: &Tree, rust: &RustFiles) -> Vec<Finding> {
    let mut out = Vec::new();
    for (path, file) in rust.product("crates/domain/src/") {
        let kinds = fact_kinds(&file.product);
        if kinds.is_empty() {
            continue;
        }
        let lines_path = format!("{}/encoding.jsonl", path.rsplit_once('/').map_or("", |p| p.0));
        let lines = tree.text(&lines_path).unwrap_or_default();
        let mut found = Vec::new();
        for (n, line) in lines.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            match serde_json::from_str::<Value>(line) {
                Ok(value) => found.push(value),
                Err(error) => out.push(Finding::new(&lines_path, n as u32 + 1, format!("not JSON: {error}"))),
            }
        }
        for kind in kinds.iter().filter(|k| !found.iter().any(|line| names(line, &k.kind))) {
            out.push(Finding::new(path, kind.line, format!("{} has no golden line in {lines_path}", kind.kind)));
        }
    }
    out
}

/// Whether a string value on any level is this word.
fn names(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) => text == word,
        Value::Array(items) => items.iter().any(|v| names(v, word)),
        Value::Object(fields) => fields.values().any(|v| names(v, word)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What is made from the sources is what stands in the tree.
pub fn documented(tree: &Tree, rust: &RustFiles) -> Vec<Finding> {
    let made = [(codegen::FACTS, codegen::facts(rust)), (codegen::GLOSSARY, codegen::glossary(tree, rust))];
    let mut out = Vec::new();
    for (path, current) in made {
        match tree.text(path) {
            Some(text) if text == current => {}
            Some(_) => out.push(Finding::new(path, 0, "out of date: run cargo xtask codegen")),
            None => out.push(Finding::new(path, 0, "missing: run cargo xtask codegen")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(lines: &str) -> Tree {
        Tree::of(&[
            ("crates/domain/Cargo.toml", ""),
            ("crates/domain/src/lib.rs", "mod a;"),
            (
                "crates/domain/src/a/mod.rs",
                "fact_kinds! { pub enum Fact { /// One.\n \"a.one@1\" => One, /// Two.\n \"a.two@1\" => Two } }",
            ),
            ("crates/domain/src/a/encoding.jsonl", lines),
        ])
    }

    #[test]
    fn a_kind_without_a_golden_line_is_found() {
        let check = |lines: &str| {
            let tree = tree(lines);
            golden(&tree, &RustFiles::of(&tree)).len()
        };
        assert_eq!(check("{\"kind\":\"a.one@1\",\"body\":{}}\n{\"kind\":\"a.two@1\",\"body\":{}}\n"), 0);
        assert_eq!(check("{\"kind\":\"a.one@1\",\"body\":{}}\n"), 1);
        assert_eq!(check("{\"kind\":\"a.one@1\"}\n{\"kind\":\"a.two@1\"}\n{not json"), 1);
    }

    #[test]
    fn a_stale_description_is_found() {
        let mut tree = tree("");
        let check = |tree: &Tree| documented(tree, &RustFiles::of(tree)).len();
        assert_eq!(check(&tree), 2);
        for (path, text) in [
            (codegen::FACTS, codegen::facts(&RustFiles::of(&tree))),
            (codegen::GLOSSARY, codegen::glossary(&tree, &RustFiles::of(&tree))),
        ] {
            tree.files.insert(path.into(), crate::read::tree::File { text: Some(text), executable: false });
        }
        assert_eq!(check(&tree), 0);
        for path in [codegen::FACTS, codegen::GLOSSARY] {
            let file = tree.files.get_mut(path).expect("it was just put there");
            file.text = file.text.take().map(|t| t + "\n");
        }
        assert_eq!(check(&tree), 2);
    }
}
