//! Small things that should not be in the tree.

use super::{Finding, RustFiles};
use crate::read::tree::Tree;

/// Paths of somebody's machine, and package sources other than the public ones.
pub fn machines(tree: &Tree) -> Vec<Finding> {
    let folders = ["work", "root", "home", "Users"].map(|dir| format!("/{dir}/"));
    let hosts = ["artifactory", "verdaccio", "nexus"].map(|name| format!("{name}."));
    let mut out = Vec::new();
    for (path, text) in tree.texts(|_| true) {
        for (n, line) in text.lines().enumerate() {
            let mut found = |words: String| out.push(Finding::new(path, n as u32 + 1, words));
            for folder in folders.iter().filter(|f| begins_path(line, f)) {
                found(format!("{folder}… is a path of one machine"));
            }
            for host in hosts.iter().filter(|h| line.contains(*h)) {
                found(format!("{host}… is a host of one network"));
            }
            let lock = path.ends_with("package-lock.json") && line.contains("\"resolved\": \"http");
            if lock {
                found("a lock file without \"resolved\": set omit-lockfile-registry-resolved=true in .npmrc".into());
            }
            let setting = (path.ends_with(".npmrc") && line.trim_start().starts_with("registry"))
                || (path.ends_with("config.toml") && line.trim_start().starts_with("[source"))
                || (path.ends_with("Cargo.lock")
                    && line.starts_with("source = ")
                    && !line.contains("github.com/rust-lang/crates.io-index"));
            if setting {
                found("a package source of one network".into());
            }
        }
    }
    out
}

/// Whether the folder stands at the beginning of an absolute path, not within a longer one or a URL.
fn begins_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-}~/)$*".contains(c))
    })
}

/// A broken invariant says why it holds: `expect("…")`.
pub fn unwraps(rust: &RustFiles) -> Vec<Finding> {
    let mut out = Vec::new();
    for (path, file) in rust.product("") {
        for w in file.product.windows(4) {
            if w[0].is(".") && w[1].is("unwrap") && w[2].is("(") && w[3].is(")") {
                out.push(Finding::new(path, w[1].line, "unwrap: use expect(\"why this holds\") or return the error"));
            }
        }
    }
    out
}

/// Notes to oneself belong in the issue tracker.
pub fn put_off(tree: &Tree) -> Vec<Finding> {
    let words = [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["HA", "CK"]].map(|w| w.concat());
    let sources = [".rs", ".ts", ".vue", ".mjs", ".js", ".css", ".sql", ".sh", ".toml", ".html"];
    let mut out = Vec::new();
    for (path, text) in tree.texts(|p| sources.iter().any(|e| p.ends_with(e)) || matches!(p, "dev" | ".ci/run")) {
        for (n, line) in text.lines().enumerate() {
            let mut words_of = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            if let Some(word) = words_of.find(|w| words.iter().any(|x| x == w)) {
                out.push(Finding::new(path, n as u32 + 1, format!("{word}: do it, or open an issue")));
            }
        }
    }
    out
}

/// What begins with `#!/` may be executed, nothing else.
pub fn modes(tree: &Tree) -> Vec<Finding> {
    let mut out = Vec::new();
    for (path, file) in &tree.files {
        let script = file.text.as_deref().is_some_and(|t| t.starts_with("#!/"));
        match (script, file.executable) {
            (true, false) => out.push(Finding::new(path, 0, "a script that may not be executed: chmod +x")),
            (false, true) => out.push(Finding::new(path, 0, "not a script, and yet executable: chmod -x")),
            (true, true) | (false, false) => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_one_machine_are_found() {
        let check = |path: &str, text: &str| machines(&Tree::of(&[(path, text)])).len();
        assert_eq!(check("a.md", "see /works/ and ../root/x and https://a.example/home/ and /v/<code>"), 0);
        for dir in ["work", "root", "home"] {
            assert_eq!(check("a.md", &format!("cd /{dir}/me")), 1);
        }
        assert_eq!(check("a.md", &format!("{}.example.com", "artifactory")), 1);
        assert_eq!(check("x/package-lock.json", "  \"resolved\": \"https://r.example/a.tgz\""), 1);
        assert_eq!(check("x/.npmrc", "registry=https://r.example"), 1);
        assert_eq!(check("Cargo.lock", "source = \"registry+https://github.com/rust-lang/crates.io-index\""), 0);
        assert_eq!(check("Cargo.lock", "source = \"registry+https://r.example/index\""), 1);
    }

    #[test]
    fn unwrap_is_found_in_the_product_only() {
        let check = |source: &str| unwraps(&RustFiles::of(&Tree::of(&[("a/Cargo.toml", ""), ("a/src/lib.rs", source)]))).len();
        assert_eq!(check("fn a() { b.unwrap_or(1); c.expect(\"why\"); } #[test] fn d() { e.unwrap() }"), 0);
        assert_eq!(check("fn a() { b.unwrap(); }"), 1);
    }

    #[test]
    fn notes_to_oneself_are_found() {
        let note = ["// TO", "DO later"].concat();
        assert_eq!(put_off(&Tree::of(&[("a.rs", &note), ("b.md", &note), ("c.ts", "to_do()")])).len(), 1);
    }

    #[test]
    fn modes_follow_the_first_line() {
        let mut tree = Tree::of(&[("dev", "#!/bin/sh\n"), ("a.rs", "#![allow(x)]")]);
        assert_eq!(modes(&tree).len(), 1);
        tree.files.values_mut().for_each(|f| f.executable = true);
        assert_eq!(modes(&tree)[0].path, "a.rs");
    }
}
