//! Every URL stands in one table, and every line of it says who may come in.
//!
//! The convention: `crates/server/src/routes.rs` is the only place where a path is given to the router. Its table is a
//! call of `routes!` with lines `METHOD "/path" permit: …, guard: …, …;`. What changes something has a guard against
//! requests from other sites.

use super::{Finding, RustFiles};
use crate::read::rust::{Kind, Token, end_of_group};

/// The table.
const TABLE: &str = "crates/server/src/routes.rs";

/// Methods by which a path reaches a router.
const ROUTING: &[&str] = &["route", "route_service", "nest", "nest_service"];

/// Lines without a permission, and routes outside the table.
pub fn permissions(rust: &RustFiles) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut server = rust.product("crates/server/src/").peekable();
    let exists = server.peek().is_some();
    for (path, file) in server {
        let tokens = &file.product;
        for at in 1..tokens.len() {
            let call = tokens[at - 1].is(".")
                && ROUTING.iter().any(|r| tokens[at].is(r))
                && tokens.get(at + 1).is_some_and(|t| t.is("("));
            // The table itself is laid on the router in its own file, path by path.
            let literal = tokens.get(at + 2).is_some_and(|t| t.kind == Kind::Str);
            if call && (literal || path != TABLE) {
                out.push(Finding::new(
                    path,
                    tokens[at].line,
                    format!("a route outside the table of {TABLE}, where permissions are declared"),
                ));
            }
        }
    }
    match rust.files.get(TABLE) {
        Some(table) => out.extend(lines(&table.product)),
        None if exists => out.push(Finding::new(TABLE, 0, "the table of routes is missing")),
        None => {}
    }
    out
}

fn lines(tokens: &[Token]) -> Vec<Finding> {
    let mut out = Vec::new();
    // `routes! {` and not `macro_rules! routes {`.
    let Some(at) = tokens.windows(2).position(|w| w[0].is("routes") && w[1].is("!")) else {
        return vec![Finding::new(TABLE, 0, "no table routes! { … }: has its form changed?")];
    };
    let end = end_of_group(tokens, at + 2);
    let mut count = 0;
    for line in tokens[at + 3..end - 1].split(|t| t.is(";")).filter(|l| !l.is_empty()) {
        count += 1;
        let says = |name: &str| line.windows(3).find(|w| w[0].is(name) && w[1].is(":")).map(|w| w[2].text.as_str());
        let path = line.iter().find(|t| t.kind == Kind::Str).map_or("", |t| t.text.as_str());
        let found = |words: String| Finding::new(TABLE, line[0].line, words);
        if says("permit").is_none() {
            out.push(found(format!("{path:?} declares no permission")));
        }
        let reads = line[0].is("GET") || line[0].is("HEAD");
        if !reads && says("guard").is_none_or(|g| g == "None") {
            out.push(found(format!("{path:?} changes something and has no guard against other sites")));
        }
    }
    if count == 0 {
        out.push(Finding::new(TABLE, 0, "the table is empty: has its form changed?"));
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
        let good = "macro_rules! routes { ($x:tt) => {} } routes! {\n\
                    GET \"/a\" permit: Public, guard: None, a;\nPOST \"/b\" permit: With(Read), guard: Header, b;\n}\n\
                    fn f() { path == \"/c\"; router.route(path, d); }";
        assert_eq!(check(good, ""), 0);
        assert_eq!(check(&good.replace("permit: With(Read), ", ""), ""), 1);
        assert_eq!(check(&good.replace("permit: Public, ", ""), ""), 1);
        assert_eq!(check(&good.replace("guard: Header", "guard: None"), ""), 1);
        assert_eq!(check(&good.replace("guard: Header, ", ""), ""), 1);
        assert_eq!(check(&good.replace("route(path", "route(\"/x\""), ""), 1);
        assert_eq!(check(good, "fn f(r: Router) { r.route(\"/c\", get(c)); r.nest(PATH, d) }"), 2);
        assert_eq!(check("", ""), 1);
        assert_eq!(check("routes! {}", ""), 1);
    }

    #[test]
    fn a_missing_table_is_found() {
        let tree = Tree::of(&[("crates/server/Cargo.toml", ""), ("crates/server/src/lib.rs", "fn a() {}")]);
        assert_eq!(permissions(&RustFiles::of(&tree)).len(), 1);
    }
}
