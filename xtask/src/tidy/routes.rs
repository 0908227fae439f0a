//! Every URL stands in one table, and every line of it says who may come in.
//!
//! The convention: `crates/server/src/routes.rs` is the only place where a path is given to the router; in it each
//! path literal is followed, before the next one, by `permit: …` (a capability, `permit: Permit::Public` or the like).

use super::{Finding, RustFiles};
use crate::read::rust::{Kind, Token};

/// The table.
const TABLE: &str = "crates/server/src/routes.rs";

/// Methods by which a path reaches a router.
const ROUTING: &[&str] = &["route", "route_service", "nest", "nest_service"];

/// Lines without a permission, and routes outside the table.
pub fn permissions(rust: &RustFiles) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut server = rust.product("crates/server/src/").peekable();
    let exists = server.peek().is_some();
    for (path, file) in server.filter(|(path, _)| *path != TABLE) {
        let tokens = &file.product;
        for at in 1..tokens.len() {
            let call = tokens[at - 1].is(".") && ROUTING.iter().any(|r| tokens[at].is(r));
            if call && tokens.get(at + 2).is_some_and(|t| t.kind == Kind::Str && t.text.starts_with('/')) {
                out.push(Finding::new(path, tokens[at].line, format!("a route outside {TABLE}, where permissions are declared")));
            }
        }
    }
    match rust.files.get(TABLE) {
        Some(table) => out.extend(lines_without(&table.product)),
        None if exists => out.push(Finding::new(TABLE, 0, "the table of routes is missing")),
        None => {}
    }
    out
}

fn lines_without(tokens: &[Token]) -> Vec<Finding> {
    let is_path = |t: &Token| t.kind == Kind::Str && t.text.starts_with('/');
    let starts: Vec<usize> = (0..tokens.len()).filter(|at| is_path(&tokens[*at])).collect();
    let mut out = Vec::new();
    for (n, start) in starts.iter().enumerate() {
        let end = starts.get(n + 1).copied().unwrap_or(tokens.len());
        let entry = &tokens[*start..end];
        if !entry.windows(2).any(|w| w[0].is("permit") && w[1].is(":")) {
            out.push(Finding::new(TABLE, tokens[*start].line, format!("{:?} declares no permission", tokens[*start].text)));
        }
    }
    if starts.is_empty() {
        out.push(Finding::new(TABLE, 0, "no path found in the table: has its form changed?"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::tree::Tree;

    fn check(table: &str, other: &str) -> usize {
        let lib = format!("mod routes; {other}");
        permissions(&RustFiles::of(&Tree::of(&[
            ("crates/server/Cargo.toml", ""),
            ("crates/server/src/lib.rs", &lib),
            (TABLE, table),
        ])))
        .len()
    }

    #[test]
    fn a_line_without_a_permission_is_found() {
        let good = r#"const A: &[Route] = &[Route { path: "/a", permit: Public, to: a }, Route { path: "/b", permit: Needs(Read), to: b }];"#;
        assert_eq!(check(good, ""), 0);
        assert_eq!(check(&good.replace("permit: Needs(Read),", ""), ""), 1);
        assert_eq!(check(&good.replace("permit: Public,", ""), ""), 1);
        assert_eq!(check(good, "fn f(r: Router) { r.route(\"/c\", get(c)) }"), 1);
        assert_eq!(check("", ""), 1);
    }

    #[test]
    fn a_missing_table_is_found() {
        let tree = Tree::of(&[("crates/server/Cargo.toml", ""), ("crates/server/src/lib.rs", "fn a() {}")]);
        assert_eq!(permissions(&RustFiles::of(&tree)).len(), 1);
    }
}
