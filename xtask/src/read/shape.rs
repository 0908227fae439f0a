//! Declarations in Rust source: enums, structs, word lists and fact kinds, with their documents.

use super::rust::{Kind, Token, attribute, end_of_group};

/// A field of a struct or of an enum variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type as written.
    pub of: String,
    /// Its document.
    pub doc: String,
    /// Whether its parts stand directly in the JSON object.
    pub flat: bool,
}

/// A variant of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Its name in code.
    pub name: String,
    /// The word in JSON.
    pub word: String,
    /// Its document.
    pub doc: String,
    /// Its named fields.
    pub fields: Vec<Field>,
    /// Where it stands.
    pub line: u32,
}

/// An enum or a struct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// Its document.
    pub doc: String,
    /// Variants of an enum.
    pub variants: Vec<Variant>,
    /// Fields of a struct.
    pub fields: Vec<Field>,
    /// Where it stands.
    pub line: u32,
}

/// A kind of fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactKind {
    /// `problem.reported@1`
    pub kind: String,
    /// The struct that holds its body.
    pub body: String,
    /// Its document.
    pub doc: String,
    /// Where it stands.
    pub line: u32,
}

/// Documents and attributes before an item.
#[derive(Default)]
struct Before {
    doc: Vec<String>,
    attributes: Vec<Vec<Token>>,
}

impl Before {
    fn read(tokens: &[Token], mut at: usize) -> (Before, usize) {
        let mut before = Before::default();
        loop {
            if let Some(end) = attribute(tokens, at) {
                before.attributes.push(tokens[at..end].to_vec());
                at = end;
            } else if tokens.get(at).is_some_and(|t| t.kind == Kind::Doc) {
                before.doc.push(tokens[at].text.clone());
                at += 1;
            } else if tokens.get(at).is_some_and(|t| t.is("pub")) {
                at += 1;
                if tokens.get(at).is_some_and(|t| t.is("(")) {
                    at = end_of_group(tokens, at);
                }
            } else {
                return (before, at);
            }
        }
    }

    fn doc(&self) -> String {
        self.doc.join(" ").trim().to_owned()
    }

    /// The value of `name = "…"` in an attribute of serde.
    fn serde(&self, name: &str) -> Option<String> {
        self.attributes.iter().filter(|a| a.get(2).is_some_and(|t| t.is("serde"))).find_map(|a| {
            let at = a.iter().position(|t| t.is(name))?;
            a.get(at + 2).filter(|t| t.kind == Kind::Str).map(|t| t.text.clone())
        })
    }

    fn serde_flag(&self, name: &str) -> bool {
        self.attributes.iter().any(|a| a.get(2).is_some_and(|t| t.is("serde")) && a.iter().any(|t| t.is(name)))
    }
}

/// Enums and structs with named fields; `word_enum!` lists count as enums.
pub fn declared(tokens: &[Token]) -> Vec<Declared> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let (before, start) = Before::read(tokens, at);
        let Some(word) = tokens.get(start) else { break };
        let named = tokens.get(start + 1).filter(|t| t.kind == Kind::Ident);
        let opened = tokens.get(start + 2).is_some_and(|t| t.is("{"));
        let line = word.line;
        match named {
            Some(name) if word.is("enum") && opened => {
                let all = before.serde("rename_all");
                let variants = variants(inside(tokens, start + 2), all.as_deref());
                out.push(Declared { name: name.text.clone(), doc: before.doc(), variants, fields: Vec::new(), line });
                at = end_of_group(tokens, start + 2);
            }
            Some(name) if word.is("struct") && opened => {
                let fields = fields(inside(tokens, start + 2));
                out.push(Declared { name: name.text.clone(), doc: before.doc(), variants: Vec::new(), fields, line });
                at = end_of_group(tokens, start + 2);
            }
            _ if word.is("word_enum") && tokens.get(start + 1).is_some_and(|t| t.is("!")) => {
                out.extend(word_list(inside(tokens, start + 2)));
                at = end_of_group(tokens, start + 2);
            }
            _ => at = start + 1,
        }
    }
    out
}

/// What stands between a bracket and the one that closes it.
fn inside(tokens: &[Token], open: usize) -> &[Token] {
    let end = end_of_group(tokens, open);
    tokens.get(open + 1..end.saturating_sub(1)).unwrap_or_default()
}

fn variants(tokens: &[Token], rename_all: Option<&str>) -> Vec<Variant> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let (before, start) = Before::read(tokens, at);
        let Some(name) = tokens.get(start).filter(|t| t.kind == Kind::Ident) else {
            at = start + 1;
            continue;
        };
        let mut fields_of = Vec::new();
        if tokens.get(start + 1).is_some_and(|t| t.is("{")) {
            fields_of = fields(inside(tokens, start + 1));
        }
        let word = before.serde("rename").unwrap_or_else(|| match rename_all {
            Some("kebab-case") => cased(&name.text, '-'),
            Some("snake_case") => cased(&name.text, '_'),
            _ => name.text.clone(),
        });
        out.push(Variant { name: name.text.clone(), word, doc: before.doc(), fields: fields_of, line: name.line });
        at = after_comma(tokens, start + 1);
    }
    out
}

fn fields(tokens: &[Token]) -> Vec<Field> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let (before, start) = Before::read(tokens, at);
        let end = after_comma(tokens, start);
        if let Some(name) = tokens.get(start).filter(|t| t.kind == Kind::Ident) {
            let of: String = tokens[(start + 2).min(end)..end]
                .iter()
                .map(|t| match t.text.as_str() {
                    "," | ";" if t.kind == Kind::Punct => format!("{} ", t.text),
                    _ => t.text.clone(),
                })
                .collect();
            let of = of.trim().trim_end_matches(',').to_owned();
            let name = before.serde("rename").unwrap_or_else(|| name.text.clone());
            out.push(Field { name, of, doc: before.doc(), flat: before.serde_flag("flatten") });
        }
        at = end.max(start + 1);
    }
    out
}

/// One past the next comma on this level; angle brackets count as brackets here.
fn after_comma(tokens: &[Token], mut at: usize) -> usize {
    let mut angles = 0;
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            _ if token.kind != Kind::Punct => at += 1,
            "(" | "[" | "{" => at = end_of_group(tokens, at),
            "<" => (angles, at) = (angles + 1, at + 1),
            ">" => (angles, at) = (angles - 1, at + 1),
            "," if angles == 0 => return at + 1,
            _ => at += 1,
        }
    }
    at
}

/// `/// doc  Name { /// doc  Variant => "word", … }`
fn word_list(tokens: &[Token]) -> Option<Declared> {
    let (before, start) = Before::read(tokens, 0);
    let name = tokens.get(start).filter(|t| t.kind == Kind::Ident)?;
    let inner = inside(tokens, start + 1);
    let mut variants = Vec::new();
    let mut at = 0;
    while at < inner.len() {
        let (doc, start) = Before::read(inner, at);
        if let (Some(name), Some(word)) = (inner.get(start), inner.get(start + 2)) {
            variants.push(Variant {
                name: name.text.clone(),
                word: word.text.clone(),
                doc: doc.doc(),
                fields: Vec::new(),
                line: name.line,
            });
        }
        at = after_comma(inner, start).max(start + 1);
    }
    Some(Declared { name: name.text.clone(), doc: before.doc(), variants, fields: Vec::new(), line: name.line })
}

/// What a `fact_kinds!` table declares.
pub fn fact_kinds(tokens: &[Token]) -> Vec<FactKind> {
    let mut out = Vec::new();
    for at in 0..tokens.len() {
        if !(tokens[at].is("fact_kinds") && tokens.get(at + 1).is_some_and(|t| t.is("!"))) {
            continue;
        }
        let whole = inside(tokens, at + 2);
        let Some(open) = whole.iter().position(|t| t.is("{")) else { continue };
        let table = inside(whole, open);
        let mut at = 0;
        while at < table.len() {
            let (before, start) = Before::read(table, at);
            if let (Some(kind), Some(body)) = (table.get(start), table.get(start + 2)) {
                out.push(FactKind { kind: kind.text.clone(), body: body.text.clone(), doc: before.doc(), line: kind.line });
            }
            at = after_comma(table, start).max(start + 1);
        }
    }
    out
}

/// `NoSuchPlace` as `no-such-place`.
pub fn cased(name: &str, between: char) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push(between);
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{super::rust::tokens, *};

    #[test]
    fn enums_and_structs_with_their_words() {
        let source = r#"
            /// Why not.
            #[derive(Debug)]
            #[serde(tag = "code", rename_all = "kebab-case")]
            pub enum Refusal {
                /// None such.
                #[error("no {place}")]
                NoSuchPlace { /// What.
                    place: Option<PlaceId>, n: [u8; 4] },
                #[serde(rename = "own")] Own(Box<X, Y>),
                Last,
            }
            pub struct Set { pub(crate) from: Day, #[serde(flatten)] pub rule: BTreeMap<K, V> }
            word_enum!(/// Channels.
                Channel { /// One.
                    Villager => "villager", Official => "official" });
        "#;
        let found = declared(&tokens(source));
        let refusal = &found[0];
        assert_eq!((refusal.name.as_str(), refusal.doc.as_str()), ("Refusal", "Why not."));
        assert_eq!(refusal.variants.iter().map(|v| v.word.as_str()).collect::<Vec<_>>(), ["no-such-place", "own", "last"]);
        let fields: Vec<(&str, &str)> = refusal.variants[0].fields.iter().map(|f| (f.name.as_str(), f.of.as_str())).collect();
        assert_eq!(fields, [("place", "Option<PlaceId>"), ("n", "[u8; 4]")]);
        assert_eq!(found[1].fields[1].of, "BTreeMap<K, V>");
        assert!(found[1].fields[1].flat && !found[1].fields[0].flat);
        assert_eq!(found[2].variants.iter().map(|v| v.word.as_str()).collect::<Vec<_>>(), ["villager", "official"]);
    }

    #[test]
    fn fact_tables() {
        let found =
            fact_kinds(&tokens("crate::fact_kinds! { /// F\n pub enum Fact { /// A b.\n \"a.b@1\" => B, \"a.c@2\" => C } }"));
        assert_eq!(
            found.iter().map(|k| (k.kind.as_str(), k.body.as_str())).collect::<Vec<_>>(),
            [("a.b@1", "B"), ("a.c@2", "C")]
        );
        assert_eq!(found[0].doc, "A b.");
    }
}
