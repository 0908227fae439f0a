//! The Rust files of all crates, followed from their roots through `mod`.

use std::collections::BTreeMap;

use crate::read::{
    rust::{Kind, Token, attribute, is_for_tests, tokens, without_tests},
    tree::Tree,
};

/// One Rust file that is reached.
pub struct RustFile {
    /// Whether it exists in tests, examples or benches only.
    pub test: bool,
    /// All its tokens.
    pub tokens: Vec<Token>,
    /// Its tokens without test items; empty for a test file.
    pub product: Vec<Token>,
}

/// All files that are reached, by path.
pub struct RustFiles {
    /// Sorted by path.
    pub files: BTreeMap<String, RustFile>,
}

impl RustFiles {
    /// Follows every crate of the tree.
    pub fn of(tree: &Tree) -> RustFiles {
        let mut found = RustFiles { files: BTreeMap::new() };
        for (manifest, text) in tree.texts(|p| p.ends_with("/Cargo.toml")) {
            let home = manifest.trim_end_matches("/Cargo.toml");
            for path in tree.files.keys().filter(|p| p.starts_with(&format!("{home}/")) && p.ends_with(".rs")) {
                let inner = &path[home.len() + 1..];
                // A folder directly under tests/, examples/ or benches/ is a target of its own through its main.rs.
                let target = |dir: &str| {
                    inner
                        .strip_prefix(dir)
                        .is_some_and(|rest| !rest.contains('/') || (rest.ends_with("/main.rs") && rest.matches('/').count() == 1))
                };
                let product = matches!(inner, "src/lib.rs" | "src/main.rs" | "build.rs") || target("src/bin/");
                let test = target("tests/") || target("examples/") || target("benches/");
                let named = text.contains(&format!("path = \"{inner}\""));
                if product || test || named {
                    found.follow(tree, path, test, true);
                }
            }
        }
        found
    }

    fn follow(&mut self, tree: &Tree, path: &str, test: bool, root: bool) {
        // A file reached both ways belongs to the product.
        if self.files.get(path).is_some_and(|f| !f.test || test) {
            return;
        }
        let Some(text) = tree.text(path) else { return };
        let all = tokens(text);
        let product = if test { Vec::new() } else { without_tests(&all) };
        let modules = modules(&all);
        self.files.insert(path.to_owned(), RustFile { test, tokens: all, product });
        let (dir, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = name.trim_end_matches(".rs");
        let own = if root || stem == "mod" { dir.to_owned() } else { format!("{dir}/{stem}") };
        for module in modules {
            let candidates = match &module.path {
                Some(given) => vec![format!("{dir}/{given}")],
                None => vec![format!("{own}/{}.rs", module.name), format!("{own}/{}/mod.rs", module.name)],
            };
            if let Some(next) = candidates.iter().find(|c| tree.files.contains_key(*c)) {
                self.follow(tree, next, test || module.test, false);
            }
        }
    }

    /// Files of the product in this folder.
    pub fn product<'f>(&'f self, under: &'f str) -> impl Iterator<Item = (&'f str, &'f RustFile)> {
        self.files
            .iter()
            .filter(move |(path, file)| !file.test && path.starts_with(under))
            .map(|(path, file)| (path.as_str(), file))
    }
}

struct Module {
    name: String,
    path: Option<String>,
    test: bool,
}

/// `mod name;`, `#[path = "…"] mod name;` and `include!("…")`. Inline modules keep their files beside the parent's.
fn modules(tokens: &[Token]) -> Vec<Module> {
    let mut out = Vec::new();
    let (mut path, mut test) = (None, false);
    let mut at = 0;
    while at < tokens.len() {
        if let Some(end) = attribute(tokens, at) {
            let inner = &tokens[at..end];
            test |= is_for_tests(inner);
            if inner.get(2).is_some_and(|t| t.is("path")) {
                path = inner.iter().find(|t| t.kind == Kind::Str).map(|t| t.text.clone());
            }
            at = end;
            continue;
        }
        let token = &tokens[at];
        let ends = |n: usize| tokens.get(at + n).is_some_and(|t| t.is(";"));
        if token.is("mod") && ends(2) {
            out.push(Module { name: tokens[at + 1].text.clone(), path: path.take(), test });
        }
        if token.is("include") && tokens.get(at + 1).is_some_and(|t| t.is("!")) {
            out.extend(tokens.get(at + 3).filter(|t| t.kind == Kind::Str).map(|t| Module {
                name: String::new(),
                path: Some(t.text.clone()),
                test,
            }));
        }
        let keeps = token.kind == Kind::Doc || token.is("pub") || token.is("(") || token.is("crate") || token.is(")");
        if !keeps {
            (path, test) = (None, false);
        }
        at += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_followed_and_tests_known() {
        let tree = Tree::of(&[
            ("crates/a/Cargo.toml", ""),
            ("crates/a/src/lib.rs", "mod room; #[cfg(test)] mod tests; #[path = \"odd.rs\"] mod other;"),
            ("crates/a/src/room/mod.rs", "pub(crate) mod inner;"),
            ("crates/a/src/room/inner.rs", "mod deep;"),
            ("crates/a/src/room/inner/deep.rs", ""),
            ("crates/a/src/odd.rs", ""),
            ("crates/a/src/tests.rs", ""),
            ("crates/a/src/dead.rs", ""),
            ("crates/a/tests/contract.rs", "mod common;"),
            ("crates/a/tests/common/mod.rs", ""),
        ]);
        let found = RustFiles::of(&tree);
        let product: Vec<&str> = found.product("crates/a/").map(|f| f.0).collect();
        let src = |names: &[&str]| names.iter().map(|n| format!("crates/a/src/{n}")).collect::<Vec<_>>();
        assert_eq!(product, src(&["lib.rs", "odd.rs", "room/inner.rs", "room/inner/deep.rs", "room/mod.rs"]));
        assert_eq!(found.files.values().filter(|f| f.test).count(), 3);
    }
}
