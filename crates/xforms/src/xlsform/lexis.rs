//! What little of the expression language a converter must see: names, `${references}`, and whether a default is computed.

use crate::tree::{name_part, name_start};

/// A reference `${name}` or `${last-saved#name}` found in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    /// Byte where `${` stands.
    pub start: usize,
    /// Byte after `}`.
    pub end: usize,
    /// What is referred to.
    pub name: &'a str,
    /// The answer of the submission saved before this one.
    pub last_saved: bool,
}

/// Bytes of the name without a colon that a text begins with; 0 if it begins with none.
fn ncname(text: &str) -> usize {
    match text.chars().next() {
        Some(first) if name_start(first) => text.find(|c| !name_part(c)).unwrap_or(text.len()),
        _ => 0,
    }
}

/// Bytes of the name, with or without a prefix, that a text begins with.
fn qname(text: &str) -> usize {
    let first = ncname(text);
    if first > 0 && text[first..].starts_with(':') {
        let second = ncname(&text[first + 1..]);
        if second > 0 {
            return first + 1 + second;
        }
    }
    first
}

/// Whether this can be the name of an element (Namespaces in XML 1.0, QName).
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && qname(text) == text.len()
}

/// The prefix of a name that has one.
pub(super) fn prefix(name: &str) -> Option<&str> {
    name.split_once(':').map(|(prefix, _)| prefix)
}

/// Whether this can be a prefix, or a name without one.
pub(super) fn is_plain_name(text: &str) -> bool {
    !text.is_empty() && ncname(text) == text.len()
}

/// Whether a text may hold a reference at all.
pub(super) fn may_refer(text: &str) -> bool {
    // Most have no dollar: one byte is looked for faster than two.
    text.contains('$') && text.contains("${")
}

/// The reference that a text has at a byte where `${` stands.
fn reference_at(text: &str, start: usize) -> Option<Reference<'_>> {
    let inner = &text[start + 2..];
    let (prefix, last_saved) = if inner.starts_with("last-saved#") { (11, true) } else { (0, false) };
    let length = ncname(&inner[prefix..]);
    let whole = length > 0 && inner[prefix + length..].starts_with('}');
    whole.then(|| Reference { start, end: start + 2 + prefix + length + 1, name: &inner[prefix..prefix + length], last_saved })
}

/// All well-formed references, in order; what is not well-formed is passed over.
pub(super) fn references(text: &str) -> Vec<Reference<'_>> {
    let (mut found, mut from) = (Vec::new(), 0);
    if !may_refer(text) {
        return found;
    }
    while let Some(start) = text[from..].find("${").map(|at| from + at) {
        from = start + 2;
        if let Some(reference) = reference_at(text, start) {
            from = reference.end;
            found.push(reference);
        }
    }
    found
}

/// Whether every `${` of a text opens a well-formed reference.
pub(super) fn well_formed(text: &str) -> bool {
    !may_refer(text) || references(text).len() == text.matches("${").count()
}

/// Whether the text is one reference and nothing else.
pub(super) fn only_reference(text: &str) -> Option<Reference<'_>> {
    references(text).first().copied().filter(|r| r.start == 0 && r.end == text.len())
}

/// Kinds of tokens that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `+ - *`, ` mod `, ` div `.
    Arithmetic,
    /// `|`.
    Union,
    /// `(`.
    Open,
    /// `)`.
    Close,
    /// `/`.
    Slash,
    /// A quoted text.
    Quoted,
    /// White space.
    Space,
    /// `${name}`.
    Reference,
    /// `name(`.
    Call,
    /// `name[`.
    Predicate,
    /// `]`.
    PredicateEnd,
    /// Numbers, dates, names, other signs.
    Other,
}

fn digits(text: &str, count: usize) -> bool {
    text.len() >= count && text.as_bytes()[..count].iter().all(u8::is_ascii_digit)
}

/// Bytes of `2026-11-25`, with a sign or without.
fn date(text: &str) -> usize {
    let sign = usize::from(text.starts_with('-'));
    let t = &text[sign..];
    let b = t.as_bytes();
    let is = digits(t, 4)
        && b.len() >= 10
        && b[4] == b'-'
        && b[7] == b'-'
        && t.is_ascii_at(10)
        && digits(&t[5..], 2)
        && digits(&t[8..], 2);
    if is { sign + 10 } else { 0 }
}

/// Bytes of `10:20:30`, with a zone or without.
fn time(text: &str) -> usize {
    let b = text.as_bytes();
    if !(b.len() >= 8
        && text.is_ascii_at(8)
        && digits(text, 2)
        && b[2] == b':'
        && digits(&text[3..], 2)
        && b[5] == b':'
        && digits(&text[6..], 2))
    {
        return 0;
    }
    let rest = &text[8..];
    let zone = rest.starts_with(['+', '-'])
        && rest.is_ascii_at(6)
        && digits(&rest[1..], 2)
        && rest.as_bytes()[3] == b':'
        && digits(&rest[4..], 2);
    8 + if zone { 6 } else { usize::from(rest.starts_with('Z')) }
}

trait AsciiAt {
    fn is_ascii_at(&self, count: usize) -> bool;
}

impl AsciiAt for str {
    /// Whether the first `count` bytes are there and ASCII.
    fn is_ascii_at(&self, count: usize) -> bool {
        self.len() >= count && self.as_bytes()[..count].is_ascii()
    }
}

fn number(text: &str) -> usize {
    let sign = usize::from(text.starts_with('-'));
    let b = &text.as_bytes()[sign..];
    let whole = b.iter().take_while(|c| c.is_ascii_digit()).count();
    let dot = b.get(whole) == Some(&b'.');
    let fraction = if dot { b[whole + 1..].iter().take_while(|c| c.is_ascii_digit()).count() } else { 0 };
    match (whole, dot, fraction) {
        (0, true, f) if f > 0 => sign + 1 + f,
        (0, ..) => 0,
        (w, true, f) => sign + w + 1 + f,
        (w, false, _) => sign + w,
    }
}

/// The token that a text begins with, and its bytes. The order of the tries decides, not the length of what matches.
fn token(text: &str) -> (Kind, usize) {
    let first = text.chars().next().unwrap_or(' ');
    let day = date(text);
    if day > 0 {
        let hour = if text[day..].starts_with('T') { time(&text[day + 1..]) } else { 0 };
        return (Kind::Other, if hour > 0 { day + 1 + hour } else { day });
    }
    for length in [time(text), number(text)] {
        if length > 0 {
            return (Kind::Other, length);
        }
    }
    if matches!(first, '*' | '+' | '-') {
        return (Kind::Arithmetic, 1);
    }
    for (word, kind) in [(" mod ", Kind::Arithmetic), (" div ", Kind::Arithmetic), (" and ", Kind::Other), (" or ", Kind::Other)]
    {
        if text.starts_with(word) {
            return (kind, word.len());
        }
    }
    match first {
        '|' => return (Kind::Union, 1),
        '(' => return (Kind::Open, 1),
        ')' => return (Kind::Close, 1),
        '/' => return (Kind::Slash, 1),
        ']' => return (Kind::PredicateEnd, 1),
        '"' | '\'' => {
            if let Some(end) = text[1..].find(first) {
                return (Kind::Quoted, end + 2);
            }
        }
        _ if first.is_whitespace() => return (Kind::Space, text.find(|c: char| !c.is_whitespace()).unwrap_or(text.len())),
        _ => {}
    }
    if let Some(reference) = text.starts_with("${").then(|| reference_at(text, 0)).flatten() {
        return (Kind::Reference, reference.end);
    }
    match qname(text) {
        0 => (Kind::Other, first.len_utf8()),
        length if text[length..].starts_with('(') => (Kind::Call, length + 1),
        length if text[length..].starts_with('[') => (Kind::Predicate, length + 1),
        length => {
            let plain = ncname(text);
            if text[plain..].starts_with("://") { (Kind::Other, plain + 3) } else { (Kind::Other, length) }
        }
    }
}

/// All tokens: kind, first byte, byte after the last.
pub(super) fn tokens(text: &str) -> Vec<(Kind, usize, usize)> {
    let (mut all, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let (kind, length) = token(&text[at..]);
        all.push((kind, at, at + length));
        at += length;
    }
    all
}

/// Whether a default is an expression: it computes, calls or refers. In dates and places a hyphen is none.
pub(super) fn is_dynamic(default: &str, question_type: &str) -> bool {
    let hyphens = matches!(question_type, "date" | "dateTime" | "geopoint" | "geotrace" | "geoshape");
    let mut at = 0;
    while at < default.len() {
        let (kind, length) = token(&default[at..]);
        match kind {
            Kind::Arithmetic if hyphens && &default[at..at + length] == "-" => return false,
            Kind::Arithmetic | Kind::Union | Kind::Reference | Kind::Call => return true,
            _ => at += length,
        }
    }
    false
}

/// Where paths into secondary instances stand in a text of a label: `instance('x')/root/item[…]/label`.
pub(super) fn instance_paths(text: &str) -> Vec<(usize, usize)> {
    #[derive(PartialEq)]
    enum State {
        Outside,
        Call,
        Named,
        Called,
        Path,
        Predicate,
        PredicateEnd,
    }
    if !text.contains('(') || !text.contains("instance(") {
        return Vec::new();
    }
    let (mut found, mut state, mut start, mut last) = (Vec::new(), State::Outside, 0, 0);
    for (kind, from, to) in tokens(text) {
        let next = match (&state, kind) {
            (State::Outside, Kind::Call) if &text[from..to] == "instance(" => {
                start = from;
                State::Call
            }
            (State::Outside, _) => State::Outside,
            (State::Call, Kind::Quoted) => State::Named,
            (State::Named, Kind::Close) => State::Called,
            (State::Called | State::PredicateEnd, Kind::Slash) => State::Path,
            (State::Path, Kind::Predicate) | (State::Predicate, _) if kind != Kind::PredicateEnd => State::Predicate,
            (State::Predicate, _) => State::PredicateEnd,
            (State::Path, k) if k != Kind::Space => State::Path,
            _ => {
                found.push((start, last));
                State::Outside
            }
        };
        if next != State::Outside {
            last = to;
        }
        state = next;
    }
    if state != State::Outside {
        found.push((start, last));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["a", "_x", "甲", "a-b.c1", "q:r", "Äpfel"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "1a", "a b", "-a", "a:", ":a", "a:b:c", "a*", "${a}"] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn references_and_what_only_looks_so() {
        let names: Vec<_> = references("${a} + ${last-saved#b} ${ c } ${").into_iter().map(|r| (r.name, r.last_saved)).collect();
        assert_eq!(names, [("a", false), ("b", true)]);
        assert!(well_formed("${a}${b}") && well_formed("$") && well_formed("{}"));
        assert!(!well_formed("${ a }") && !well_formed("${a") && !well_formed("${1}"));
        assert!(only_reference("${a}").is_some() && only_reference("${a} ").is_none() && only_reference("x").is_none());
    }

    #[test]
    fn computed_defaults() {
        for (text, kind, expected) in [
            ("1", "integer", false),
            ("-1", "integer", false),
            ("now()", "dateTime", true),
            ("2026-11-25", "date", false),
            ("2026-11", "date", false),
            ("a-b", "text", false),
            ("a - b", "text", true),
            ("a - b", "date", false),
            ("1 + 1", "integer", true),
            ("${a}", "text", true),
            ("x | y", "text", true),
            ("3 mod 2", "integer", true),
            ("'1 + 1'", "text", false),
            ("it's", "text", false),
            ("甲乙", "text", false),
            ("jr://images/a.jpg", "photo", false),
            ("10:20:30", "time", false),
            ("12.5 113.2 0 0", "geopoint", false),
        ] {
            assert_eq!(is_dynamic(text, kind), expected, "{text} as {kind}");
        }
    }

    #[test]
    fn paths_into_instances() {
        let text = "See instance('v')/root/item[name = ${a}]/label now, instance('w')/root";
        let found: Vec<&str> = instance_paths(text).into_iter().map(|(a, b)| &text[a..b]).collect();
        assert_eq!(found, ["instance('v')/root/item[name = ${a}]/label", "instance('w')/root"]);
        assert!(instance_paths("an instance (of)").is_empty());
    }
}
