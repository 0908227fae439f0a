//! What we build on may be passed on under Apache-2.0: permissive licences, and MPL-2.0, which binds its own files only.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Finding;
use crate::read::tree::Tree;

/// Licences that are accepted, by their SPDX names.
const ALLOWED: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "BlueOak-1.0.0",
    "CC-BY-4.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Python-2.0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// A crate that is built in.
#[derive(Debug, Clone)]
pub struct Package {
    /// `serde 1.0.228`
    pub name: String,
    /// SPDX expression; empty where it has none.
    pub licence: String,
    /// Whether the shipped binary contains it.
    pub shipped: bool,
}

/// All crates of the lock file that this platform builds.
pub struct Packages(pub Vec<Package>);

impl Packages {
    /// Asks cargo.
    pub fn read(root: &Path) -> Result<Packages> {
        let host = host()?;
        let ask = |extra: &[&str]| {
            let args = ["metadata", "--format-version", "1", "--filter-platform", &host];
            Command::new("cargo").args(args).args(extra).current_dir(root).output().context("cannot run cargo metadata")
        };
        // Everything is at hand after a build; a tree that was never built has to fetch.
        let mut out = ask(&["--offline"])?;
        if !out.status.success() {
            out = ask(&["--locked"])?;
        }
        ensure!(out.status.success(), "cargo metadata failed: {}", String::from_utf8_lossy(&out.stderr));
        let whole: Value = serde_json::from_slice(&out.stdout).context("cargo metadata is not JSON")?;
        Packages::of(&whole)
    }

    fn of(whole: &Value) -> Result<Packages> {
        let list = |v: &Value| v.as_array().cloned().unwrap_or_default();
        let word = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let packages = list(&whole["packages"]);
        let nodes = list(&whole["resolve"]["nodes"]);
        ensure!(!packages.is_empty() && !nodes.is_empty(), "cargo metadata lists nothing");
        // From the binary along ordinary dependencies; build scripts and tests are not shipped.
        let mut shipped: Vec<String> = packages.iter().filter(|p| p["name"] == "qianwan").map(|p| word(&p["id"])).collect();
        let mut at = 0;
        while at < shipped.len() {
            let node = nodes.iter().find(|n| n["id"] == shipped[at].as_str());
            for dep in node.map(|n| list(&n["deps"])).unwrap_or_default() {
                let normal = list(&dep["dep_kinds"]).iter().any(|k| k["kind"].is_null());
                let id = word(&dep["pkg"]);
                if normal && !shipped.contains(&id) {
                    shipped.push(id);
                }
            }
            at += 1;
        }
        let used = packages.iter().filter(|p| nodes.iter().any(|n| n["id"] == p["id"]));
        Ok(Packages(
            used.map(|p| Package {
                name: format!("{} {}", word(&p["name"]), word(&p["version"])),
                licence: word(&p["license"]),
                shipped: shipped.contains(&word(&p["id"])),
            })
            .collect(),
        ))
    }
}

/// The platform of this compiler, such as `x86_64-unknown-linux-gnu`.
pub fn host() -> Result<String> {
    let out = Command::new("rustc").arg("-vV").output().context("cannot run rustc")?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    text.lines().find_map(|l| l.strip_prefix("host: ")).map(str::to_owned).context("rustc names no host")
}

/// Whether an SPDX expression leaves a way that is accepted.
pub fn expression_allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    !words.is_empty() && either(&words, &mut at) && at == words.len()
}

fn either(words: &[&str], at: &mut usize) -> bool {
    let mut ok = both(words, at);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        ok |= both(words, at);
    }
    ok
}

fn both(words: &[&str], at: &mut usize) -> bool {
    let mut ok = one(words, at);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        ok &= one(words, at);
    }
    ok
}

fn one(words: &[&str], at: &mut usize) -> bool {
    let word = words.get(*at).copied().unwrap_or_default();
    *at += 1;
    if word == "(" {
        let ok = either(words, at);
        *at += 1;
        return ok;
    }
    if words.get(*at) == Some(&"WITH") {
        // An exception only ever permits more.
        *at += 2;
    }
    ALLOWED.contains(&word)
}

/// Crates, and packages of the front ends by what their lock files say.
pub fn check(tree: &Tree, packages: &Packages) -> Vec<Finding> {
    let refused = packages.0.iter().filter(|p| !expression_allowed(&p.licence));
    let mut out: Vec<Finding> = refused
        .map(|p| Finding::new("Cargo.lock", 0, format!("{} is under {:?}, which is not accepted", p.name, p.licence)))
        .collect();
    for (path, text) in tree.texts(|p| p.ends_with("package-lock.json")) {
        for (name, licence) in front_end(text) {
            if !expression_allowed(&licence) {
                out.push(Finding::new(path, 0, format!("{name} is under {licence:?}, which is not accepted")));
            }
        }
    }
    out
}

/// Packages of a front end's lock file with their licences.
pub fn front_end(lock: &str) -> Vec<(String, String)> {
    let whole: Value = serde_json::from_str(lock).unwrap_or(Value::Null);
    let packages = whole["packages"].as_object().cloned().unwrap_or_default();
    let others = packages.into_iter().filter(|(path, p)| path.contains("node_modules/") && p["link"] != true);
    others
        .map(|(path, p)| {
            let name = path.rsplit("node_modules/").next().unwrap_or_default();
            (
                format!("{name} {}", p["version"].as_str().unwrap_or_default()),
                p["license"].as_str().unwrap_or_default().to_owned(),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_leave_a_way_or_not() {
        for good in
            ["MIT", "MIT OR GPL-3.0", "MIT/Apache-2.0", "(MIT OR Apache-2.0) AND Unicode-3.0", "Apache-2.0 WITH LLVM-exception"]
        {
            assert!(expression_allowed(good), "{good}");
        }
        for bad in
            ["", "GPL-3.0", "MIT AND GPL-3.0", "(GPL-2.0 OR AGPL-3.0) AND MIT", "SEE LICENSE IN x", "MIT OR", "MIT) OR MIT"]
        {
            assert!(!expression_allowed(bad), "{bad}");
        }
    }

    #[test]
    fn a_refused_licence_is_found() {
        let one = |licence: &str| Packages(vec![Package { name: "a 1".into(), licence: licence.into(), shipped: true }]);
        let lock =
            |licence: &str| format!(r#"{{"packages":{{"":{{}},"node_modules/b":{{"version":"2","license":"{licence}"}}}}}}"#);
        let check = |crates: &str, npm: &str| check(&Tree::of(&[("x/package-lock.json", &lock(npm))]), &one(crates)).len();
        assert_eq!(check("MIT", "ISC"), 0);
        assert_eq!(check("GPL-3.0", "ISC"), 1);
        assert_eq!(check("MIT", "AGPL-3.0"), 1);
        assert_eq!(check("MIT", ""), 1);
    }

    #[test]
    fn what_is_shipped_follows_ordinary_dependencies() {
        let whole = serde_json::json!({
            "packages": [
                {"id": "q", "name": "qianwan", "version": "1", "license": "Apache-2.0"},
                {"id": "a", "name": "a", "version": "1", "license": "MIT"},
                {"id": "t", "name": "t", "version": "1", "license": "MIT"},
                {"id": "w", "name": "windows-only", "version": "1", "license": "MIT"},
            ],
            "resolve": {"nodes": [
                {"id": "q", "deps": [{"pkg": "a", "dep_kinds": [{"kind": null}]}, {"pkg": "t", "dep_kinds": [{"kind": "dev"}]}]},
                {"id": "a", "deps": []},
                {"id": "t", "deps": []},
            ]},
        });
        let found = Packages::of(&whole).expect("it is well formed").0;
        let shipped: Vec<(&str, bool)> = found.iter().map(|p| (p.name.as_str(), p.shipped)).collect();
        assert_eq!(shipped, [("qianwan 1", true), ("a 1", true), ("t 1", false)]);
    }
}
