//! Rust source as tokens: enough to tell code from comments, strings and tests. No types, no macros expanded.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name or a keyword.
    Ident,
    /// A sign; `::`, `=>` and `->` are one each.
    Punct,
    /// The content of a string literal, as written (escapes are left as they are).
    Str,
    /// A character or byte literal.
    Char,
    /// A number.
    Num,
    /// A lifetime.
    Lifetime,
    /// An outer doc comment (`///`), without the slashes and the space after them.
    Doc,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its text.
    pub text: String,
    /// Where it begins, from 1.
    pub line: u32,
}

impl Token {
    /// Whether it is this name or this sign.
    pub fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Ident | Kind::Punct) && self.text == text
    }
}

/// Splits a source into tokens; comments other than `///` are dropped.
pub fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let mut out = Vec::new();
    let (mut at, mut line) = (0, 1u32);
    let text = |from: usize, to: usize| chars[from.min(chars.len())..to.min(chars.len())].iter().collect::<String>();
    while at < chars.len() {
        let c = chars[at];
        let next = chars.get(at + 1).copied().unwrap_or('\0');
        let start = at;
        let start_line = line;
        let mut push = |kind, text: String| out.push(Token { kind, text, line: start_line });
        match c {
            '\n' => at += 1,
            _ if c.is_whitespace() => at += 1,
            '/' if next == '/' => {
                at = end_of_line(&chars, at);
                let doc = chars.get(start + 2) == Some(&'/') && chars.get(start + 3) != Some(&'/');
                if doc {
                    push(Kind::Doc, text(start + 3, at).trim().to_owned());
                }
            }
            '/' if next == '*' => at = end_of_block(&chars, at),
            '"' => {
                at = end_of_string(&chars, at + 1);
                push(Kind::Str, text(start + 1, at - 1));
            }
            'r' | 'b' | 'c' if begins_string(&chars, at) => {
                while matches!(chars[at], 'r' | 'b' | 'c') {
                    at += 1;
                }
                let raw = text(start, at).contains('r');
                let hashes = chars[at..].iter().take_while(|c| **c == '#').count();
                let inner = at + hashes + 1;
                at = if raw { end_of_raw(&chars, inner, hashes) } else { end_of_string(&chars, inner) };
                push(Kind::Str, text(inner, at - hashes - 1));
            }
            'b' if next == '\'' => {
                at = end_of_char(&chars, at + 2);
                push(Kind::Char, text(start + 2, at - 1));
            }
            '\'' => {
                let is_char = next == '\\' || chars.get(at + 2) == Some(&'\'');
                if is_char {
                    at = end_of_char(&chars, at + 1);
                    push(Kind::Char, text(start + 1, at - 1));
                } else {
                    at += 1;
                    at = word_end(&chars, at);
                    push(Kind::Lifetime, text(start, at));
                }
            }
            _ if c.is_alphabetic() || c == '_' => {
                at = word_end(&chars, at);
                if text(start, at) == "r" && chars.get(at) == Some(&'#') {
                    at = word_end(&chars, at + 1);
                }
                push(Kind::Ident, text(start, at).trim_start_matches("r#").to_owned());
            }
            _ if c.is_ascii_digit() => {
                at = word_end(&chars, at);
                if chars.get(at) == Some(&'.') && chars.get(at + 1).is_some_and(char::is_ascii_digit) {
                    at = word_end(&chars, at + 1);
                }
                push(Kind::Num, text(start, at));
            }
            _ => {
                at += if matches!((c, next), (':', ':') | ('=', '>') | ('-', '>')) { 2 } else { 1 };
                push(Kind::Punct, text(start, at));
            }
        }
        line += chars[start..at.min(chars.len())].iter().filter(|c| **c == '\n').count() as u32;
    }
    out
}

fn word_end(chars: &[char], mut at: usize) -> usize {
    while chars.get(at).is_some_and(|c| c.is_alphanumeric() || *c == '_') {
        at += 1;
    }
    at
}

fn end_of_line(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |n| at + n)
}

fn end_of_block(chars: &[char], mut at: usize) -> usize {
    let mut depth = 0;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// One past the closing quote.
fn end_of_string(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

fn end_of_char(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() && chars[at] != '\'' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// One past the closing quote and its hashes.
fn end_of_raw(chars: &[char], mut at: usize, hashes: usize) -> usize {
    while at < chars.len() {
        if chars[at] == '"' && chars[at + 1..].iter().take_while(|c| **c == '#').count() >= hashes {
            return at + 1 + hashes;
        }
        at += 1;
    }
    at
}

/// Whether `r`, `b`, `c`, `br` or `cr` here begins a string literal and not a name.
fn begins_string(chars: &[char], at: usize) -> bool {
    let prefix = chars[at..].iter().take(2).take_while(|c| matches!(c, 'r' | 'b' | 'c')).count();
    let raw = chars[at..at + prefix].contains(&'r');
    let hashes = if raw { chars[at + prefix..].iter().take_while(|c| **c == '#').count() } else { 0 };
    chars.get(at + prefix + hashes) == Some(&'"')
}

/// The tokens without items that exist in tests only (`#[test]`, `#[cfg(test)]`, `#[tokio::test]`).
pub fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mut out = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        match attribute(tokens, at) {
            Some(end) if is_for_tests(&tokens[at..end]) => at = end_of_item(tokens, end),
            Some(end) => {
                out.extend_from_slice(&tokens[at..end]);
                at = end;
            }
            None => {
                out.push(tokens[at].clone());
                at += 1;
            }
        }
    }
    out
}

/// One past the end of the attribute that begins here.
pub fn attribute(tokens: &[Token], at: usize) -> Option<usize> {
    (tokens.get(at)?.is("#") && tokens.get(at + 1)?.is("[")).then(|| end_of_group(tokens, at + 1))
}

/// Whether an attribute confines what follows to tests.
pub fn is_for_tests(attribute: &[Token]) -> bool {
    let names: Vec<&str> = attribute.iter().filter(|t| t.kind == Kind::Ident).map(|t| t.text.as_str()).collect();
    match names.first() {
        Some(&"cfg") => names.contains(&"test") && !names.contains(&"not"),
        Some(&"cfg_attr") | None => false,
        Some(_) => attribute.iter().rev().nth(1).is_some_and(|t| t.is("test")) || names.first() == Some(&"test"),
    }
}

/// One past the bracket that closes the one here.
pub fn end_of_group(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        if token.kind == Kind::Punct {
            match token.text.as_str() {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => continue,
            }
            if depth == 0 {
                return at + 1;
            }
        }
    }
    tokens.len()
}

/// One past the end of the item here, further attributes and documents included.
fn end_of_item(tokens: &[Token], mut at: usize) -> usize {
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            _ if token.kind != Kind::Punct => at += 1,
            "(" | "[" => at = end_of_group(tokens, at),
            "{" => return end_of_group(tokens, at),
            ";" => return at + 1,
            ")" | "]" | "}" => return at,
            _ => at += 1,
        }
    }
    at
}

/// Every path that occurs, `use` trees unfolded: `use std::{fs, io::Read}` gives `std::fs` and `std::io::Read`.
pub fn paths(tokens: &[Token]) -> Vec<(String, u32)> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].kind == Kind::Ident { at = path(tokens, at, "", &mut out) } else { at += 1 }
    }
    out
}

fn path(tokens: &[Token], mut at: usize, prefix: &str, out: &mut Vec<(String, u32)>) -> usize {
    let line = tokens[at].line;
    let mut whole = prefix.to_owned();
    loop {
        whole.push_str(&tokens[at].text);
        at += 1;
        if !tokens.get(at).is_some_and(|t| t.is("::")) {
            break;
        }
        match tokens.get(at + 1) {
            Some(next) if next.kind == Kind::Ident => {
                whole.push_str("::");
                at += 1;
            }
            Some(next) if next.is("{") => {
                let end = end_of_group(tokens, at + 1);
                let mut inner = at + 2;
                while inner + 1 < end {
                    if tokens[inner].kind == Kind::Ident {
                        inner = path(tokens, inner, &format!("{whole}::"), out);
                    } else {
                        inner += 1;
                    }
                }
                return end;
            }
            _ => break,
        }
    }
    if tokens.get(at).is_some_and(|t| t.is("!")) && !tokens.get(at + 1).is_some_and(|t| t.is("=")) {
        whole.push('!');
    }
    out.push((whole, line));
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        tokens(source).into_iter().map(|t| t.text).collect()
    }

    #[test]
    fn strings_comments_and_names_are_told_apart() {
        let source = "let a = \"x // \\\" y\"; // no\n/* no /* no */ no */ b'\\'' r#\"raw \" \"# 'c' '\\n' &'a str r#type 1.5";
        let expected = ["let", "a", "=", "x // \\\" y", ";", "\\'", "raw \" ", "c", "\\n", "&", "'a", "str", "type", "1.5"];
        assert_eq!(texts(source), expected);
    }

    #[test]
    fn lines_are_counted_through_strings() {
        let found = tokens("\"a\nb\"\nlast");
        assert_eq!((found[0].line, found[1].line), (1, 3));
    }

    #[test]
    fn tests_are_left_out() {
        let source = "fn a() {} #[cfg(test)] mod tests { fn b() { {} } } #[tokio::test] async fn c(x: [u8; 2]) {} fn d() {}";
        let kept: Vec<String> = without_tests(&tokens(source)).into_iter().map(|t| t.text).collect();
        assert_eq!(kept.join(" "), "fn a ( ) { } fn d ( ) { }");
        let kept = without_tests(&tokens("#[cfg(not(test))] fn a() {} #[cfg(test)] mod tests; #[derive(Debug)] struct B;"));
        assert!(kept.iter().any(|t| t.is("a")) && kept.iter().any(|t| t.is("B")) && !kept.iter().any(|t| t.is("tests")));
    }

    #[test]
    fn use_trees_unfold() {
        let found: Vec<String> = paths(&tokens("use std::{fs, io::{self, Read}}; std::env::var(x); println!(); a != b"))
            .into_iter()
            .map(|p| p.0)
            .collect();
        assert_eq!(found, ["use", "std::fs", "std::io::self", "std::io::Read", "std::env::var", "x", "println!", "a", "b"]);
    }
}
