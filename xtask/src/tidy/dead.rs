//! Files that nobody reaches.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, RustFiles};
use crate::read::{
    tree::Tree,
    web::{imports, without_comments},
};

/// Rust files not reached by `mod` from any crate's root.
pub fn rust(tree: &Tree, rust: &RustFiles) -> Vec<Finding> {
    let dead = tree.files.keys().filter(|p| p.ends_with(".rs") && !rust.files.contains_key(*p));
    dead.map(|p| Finding::new(p, 0, "no mod leads here: delete it or declare it")).collect()
}

/// Data beside the code (.sql, .json, .jsonl, .csv, .toml tables) whose name no source mentions.
pub fn data(tree: &Tree) -> Vec<Finding> {
    let is_data = |p: &str| {
        p.starts_with("crates/")
            && [".sql", ".json", ".jsonl", ".csv", ".geojson", ".html", ".css"].iter().any(|e| p.ends_with(e))
    };
    let sources: Vec<&str> = tree.texts(|p| p.ends_with(".rs") || p.ends_with("Cargo.toml")).map(|t| t.1).collect();
    let mentioned = |word: &str| sources.iter().any(|text| text.contains(word));
    tree.files
        .keys()
        .filter(|p| is_data(p))
        .filter(|path| {
            let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
            let folder = dir.rsplit('/').next().unwrap_or_default();
            // Named itself, or its folder is read as a whole.
            !mentioned(name)
                && !mentioned(&format!("{folder}/\""))
                && !mentioned(&format!("/{folder}\""))
                && !mentioned(&format!("\"{folder}\""))
        })
        .map(|p| Finding::new(p, 0, "no source mentions this file"))
        .collect()
}

/// Front-end sources that no page, script or test of their app imports.
pub fn web(tree: &Tree) -> Vec<Finding> {
    let apps: Vec<&str> = tree.files.keys().filter_map(|p| p.strip_suffix("/package.json")).collect();
    apps.iter().flat_map(|app| dead_in(tree, app)).collect()
}

fn dead_in(tree: &Tree, app: &str) -> Vec<Finding> {
    let own = |p: &str| p.strip_prefix(app).is_some_and(|rest| rest.starts_with('/') && !rest.starts_with("/public/"));
    let is_source = |p: &str| [".ts", ".vue", ".js", ".mjs", ".css"].iter().any(|e| p.ends_with(e));
    let is_test = |p: &str| p.contains(".test.") || p.contains("/tests/") || p.contains("/fixtures/") || p.contains("/mock");
    let sources: BTreeMap<&str, &str> = tree.texts(|p| own(p) && is_source(p)).collect();
    let scripts = tree.text(&format!("{app}/package.json")).unwrap_or_default();
    // Build tools find these by themselves.
    let is_root = |p: &str| {
        let inner = &p[app.len() + 1..];
        inner.ends_with(".d.ts") || (!inner.contains('/') && inner.contains(".config.")) || scripts.contains(inner) || is_test(p)
    };
    let mut todo: Vec<String> = sources.keys().filter(|p| is_root(p)).map(|p| (*p).to_owned()).collect();
    for (path, text) in tree.texts(|p| own(p) && p.ends_with(".html")) {
        todo.extend(imports(&without_comments(path, text)).iter().flat_map(|i| resolve(&sources, app, path, i)));
    }
    // A build configuration names entries (a service worker, a second page) as plain strings.
    for (path, text) in sources.iter().filter(|(p, _)| p.contains(".config.")) {
        let named = text.split(['\'', '"', '`']);
        todo.extend(named.flat_map(|i| resolve(&sources, app, path, &format!("./{}", i.trim_start_matches("./")))));
    }
    let mut reached = BTreeSet::new();
    while let Some(path) = todo.pop() {
        if let (Some(text), true) = (sources.get(path.as_str()), reached.insert(path.clone())) {
            todo.extend(imports(&without_comments(&path, text)).iter().flat_map(|i| resolve(&sources, app, &path, i)));
        }
    }
    sources.keys().filter(|p| !reached.contains(**p)).map(|p| Finding::new(p, 0, "nothing imports this file")).collect()
}

/// The sources that an import means: `@/` is the app's src, `*` stands for a name, endings may be left out.
fn resolve(sources: &BTreeMap<&str, &str>, app: &str, from: &str, import: &str) -> Vec<String> {
    let import = import.split('?').next().unwrap_or_default();
    let dir = from.rsplit_once('/').map_or("", |d| d.0);
    let whole = if let Some(rest) = import.strip_prefix("@/") {
        format!("{app}/src/{rest}")
    } else if let Some(rest) = import.strip_prefix('/') {
        format!("{app}/{rest}")
    } else if import.starts_with('.') {
        normal(&format!("{dir}/{import}"))
    } else {
        return Vec::new();
    };
    let fits = |path: &str| {
        ["", ".ts", ".vue", ".mjs", ".js", "/index.ts"].iter().any(|e| matches(&format!("{whole}{e}"), path))
            || whole.strip_suffix(".js").is_some_and(|w| matches(&format!("{w}.ts"), path))
    };
    sources.keys().filter(|p| fits(p)).map(|p| (*p).to_owned()).collect()
}

/// Without `.` and `..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// Whether a path fits a pattern in which `*` stands for any part of a name and `**` for any folders.
fn matches(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((before, after)) => {
            let deep = after.starts_with('*');
            let after = if deep { after.trim_start_matches('*').trim_start_matches('/') } else { after };
            path.strip_prefix(before).is_some_and(|rest| {
                let ends = (0..=rest.len()).filter(|n| rest.is_char_boundary(*n));
                ends.take_while(|n| deep || !rest[..*n].contains('/')).any(|n| matches(after, &rest[n..]))
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(findings: Vec<Finding>) -> Vec<String> {
        findings.into_iter().map(|f| f.path).collect()
    }

    #[test]
    fn a_rust_file_without_mod_is_found() {
        let tree = Tree::of(&[
            ("crates/a/Cargo.toml", ""),
            ("crates/a/src/lib.rs", "mod b;"),
            ("crates/a/src/b.rs", ""),
            ("crates/a/src/c.rs", ""),
        ]);
        assert_eq!(paths(rust(&tree, &RustFiles::of(&tree))), ["crates/a/src/c.rs"]);
    }

    #[test]
    fn a_data_file_that_nobody_names_is_found() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "include_str!(\"a.sql\"); Dir(\"crates/a/golden\")"),
            ("crates/a/src/a.sql", ""),
            ("crates/a/golden/x.json", ""),
            ("crates/a/src/b.sql", ""),
        ]);
        assert_eq!(paths(data(&tree)), ["crates/a/src/b.sql"]);
    }

    #[test]
    fn a_component_that_nobody_imports_is_found() {
        let tree = Tree::of(&[
            ("app/package.json", r#"{"scripts":{"look":"node dev/look.mjs"}}"#),
            ("app/index.html", r#"<script type="module" src="/src/main.ts"></script>"#),
            ("app/vite.config.ts", "import './plugin'; write(`${read('./src/worker.ts')}`)"),
            ("app/plugin.ts", ""),
            ("app/dev/look.mjs", ""),
            ("app/dev/lost.mjs", ""),
            ("app/src/main.ts", "import A from '@/A.vue'; import.meta.glob('./rooms/*/index.ts')\n// import './Dead.vue'"),
            ("app/src/A.vue", "<script>import './words'</script>"),
            ("app/src/words/index.ts", ""),
            ("app/src/worker.ts", ""),
            ("app/src/rooms/one/index.ts", ""),
            ("app/src/rooms/one/deep/index.ts", ""),
            ("app/src/Dead.vue", ""),
            ("app/src/a.test.ts", ""),
        ]);
        assert_eq!(paths(web(&tree)), ["app/dev/lost.mjs", "app/src/Dead.vue", "app/src/rooms/one/deep/index.ts"]);
    }
}
