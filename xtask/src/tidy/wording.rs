//! Wording lives in `locales/<language>/*.json`, flat: `"problems.list.empty": "…"`.
//! A text may hold `{name}`, and `{n|one|many}` which picks by the number n.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Finding, RustFiles};
use crate::read::{
    rust::{Kind, Token, end_of_group},
    shape::{Declared, cased, declared, fact_kinds},
    tree::Tree,
    web::without_comments,
};

/// The language that others are compared with.
const FIRST: &str = "zh-CN";
/// All of them.
const LANGUAGES: &[&str] = &[FIRST, "en"];

/// Files in which Chinese is data, not wording, with the reason. A path that ends in `/` means everything below it.
const CHINESE_DATA: &[(&str, &str)] = &[
    ("crates/maps/src/register/names.rs", "endings by which committees and communities are told apart in a register"),
    ("crates/maps/src/fictitious.rs", "names of the drawn county"),
    ("crates/qianwan/src/", "the command line says things in both languages on one line; its help is English"),
    ("demo/", "what people of the demo county write"),
    ("console/dev/", "a stand-in for the server, used while drawing pages"),
    ("field/dev/", "a stand-in for the server, used while drawing pages"),
    ("e2e/", "journeys say what a person reads on the page"),
];

/// Families whose keys are composed in code (`word('state', code)`) of words that the core declares. Every word has
/// wording, and a key beyond them is one of the named extras.
const FAMILIES: &[Family] = &[
    Family { name: "fact", of: Words::FactKinds, extras: &[] },
    Family { name: "command", of: Words::Commands, extras: &[] },
    // Fields of rows and facts are named where their history is shown; only what lists show must have a name.
    Family { name: "column", of: Words::Columns, extras: FIELDS },
    Family { name: "field", of: Words::Enums("problems", &["Field"]), extras: &[] },
    Family { name: "channel", of: Words::Enums("problems", &["Channel"]), extras: &[] },
    Family { name: "state", of: Words::Enums("problems", &["State", "TopicState"]), extras: &["overdue"] },
    Family { name: "level", of: Words::Enums("places", &["Level"]), extras: &["nation"] },
    Family { name: "kind", of: Words::Enums("places", &["Kind"]), extras: &[] },
    Family { name: "class", of: Words::Enums("places", &["Class"]), extras: &[] },
    Family { name: "grade", of: Words::Enums("places", &["Grade"]), extras: &[] },
    Family { name: "stage", of: Words::Enums("places", &["Stage"]), extras: &["none"] },
    Family { name: "count", of: Words::Enums("places", &["Counted"]), extras: &[] },
    Family { name: "method", of: Words::Enums("places", &["Method"]), extras: &[] },
    Family { name: "role", of: Words::Enums("basics", &["Role"]), extras: &["public"] },
    Family { name: "department", of: Words::Enums("basics", &["Department"]), extras: &[] },
    Family { name: "task_kind", of: Words::Enums("duties", &["TaskKind"]), extras: &[] },
    Family { name: "task_state", of: Words::Enums("duties", &["TaskState"]), extras: &[] },
    Family { name: "side", of: Words::Enums("duties", &["Side"]), extras: &[] },
    Family { name: "form_state", of: Words::Enums("surveys", &["FormState"]), extras: &[] },
    Family { name: "submission_state", of: Words::Enums("surveys", &["SubmissionState"]), extras: &[] },
    Family { name: "verdict", of: Words::Enums("surveys", &["Verdict"]), extras: &[] },
    Family { name: "file_kind", of: Words::Enums("surveys", &["FileKind"]), extras: &[] },
    Family { name: "rule", of: Words::Enums("rules", &["Rule"]), extras: &[] },
    Family { name: "unit", of: Words::Enums("indicators", &["Unit"]), extras: &[] },
];

/// As extras of a family: every field that the core declares.
const FIELDS: &[&str] = &["*"];

struct Family {
    name: &'static str,
    of: Words,
    extras: &'static [&'static str],
}

enum Words {
    /// Fact kinds without their version.
    FactKinds,
    /// Types of commands.
    Commands,
    /// Declared columns of views.
    Columns,
    /// Words of enums in a room.
    Enums(&'static str, &'static [&'static str]),
}

/// Chinese signs: characters of the script, and its punctuation, which is wording as well.
fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2ffff}' | '、' | '。' | '，' | '；' | '：' | '（' | '）')
}

fn is_web(path: &str) -> bool {
    [".ts", ".vue", ".js", ".mjs", ".html"].iter().any(|e| path.ends_with(e))
}

fn is_web_test(path: &str) -> bool {
    path.contains(".test.") || path.contains("/fixtures/") || path.contains("/testing/")
}

/// Chinese in Rust, TypeScript and Vue outside comments, tests and declared data.
pub fn han(tree: &Tree, rust: &RustFiles) -> Vec<Finding> {
    let is_data = |path: &str| CHINESE_DATA.iter().any(|(p, _)| if p.ends_with('/') { path.starts_with(p) } else { path == *p });
    let words = "Chinese in code: wording belongs in locales/";
    let mut out = Vec::new();
    for (path, file) in rust.product("").filter(|(path, _)| !is_data(path) && !path.starts_with("xtask/")) {
        let found = file.product.iter().filter(|t| t.kind != Kind::Doc && t.text.chars().any(is_chinese));
        out.extend(found.map(|t| Finding::new(path, t.line, words)));
    }
    for (path, text) in tree.texts(|p| is_web(p) && !is_data(p) && !is_web_test(p)) {
        let code = without_comments(path, text);
        let lines = code.lines().enumerate().filter(|(_, l)| l.chars().any(is_chinese));
        out.extend(lines.map(|(n, _)| Finding::new(path, n as u32 + 1, words)));
    }
    out
}

/// Attributes whose value is read out or shown.
const SPOKEN: &[&str] = &["title", "placeholder", "alt", "aria-label", "label"];

/// Latin words between tags, or in attributes that are read, in Vue templates.
pub fn templates(tree: &Tree) -> Vec<Finding> {
    let mut out = Vec::new();
    for (path, text) in tree.texts(|p| p.ends_with(".vue")) {
        let code = without_comments(path, text);
        let Some(start) = code.find("<template").and_then(|at| code[at..].find('>').map(|n| at + n)) else { continue };
        let end = code.rfind("</template>").unwrap_or(code.len());
        let line_of = |at: usize| code[..at].matches('\n').count() as u32 + 1;
        // A tag ends at a `>` outside quotes; what lies between two tags is text, but for {{ … }}.
        let (mut at, mut text_from) = (start + 1, Some(start + 1));
        while let Some(c) = code[at..end].chars().next() {
            if c == '<' {
                if text_from.take().is_some_and(|from| has_word(&without_braces(&code[from..at]))) {
                    out.push(Finding::new(path, line_of(at), "wording in a template belongs in locales/"));
                }
                let tag_end = tag_end(&code[at..end]).map_or(end, |n| at + n);
                for name in spoken_attributes(&code[at..tag_end]) {
                    out.push(Finding::new(path, line_of(at), format!("{name}=\"…\": wording belongs in locales/")));
                }
                at = tag_end;
                text_from = Some(at);
            } else {
                at += c.len_utf8();
            }
        }
    }
    out
}

fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), c) if c == q => quote = None,
            (None, '>') => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn without_braces(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        out.push_str(&rest[..at]);
        rest = rest[at..].find("}}").map_or("", |n| &rest[at + n + 2..]);
    }
    out + rest
}

/// Two letters in a row; an entity such as `&nbsp;` is none.
fn has_word(text: &str) -> bool {
    let plain: String =
        text.split('&').enumerate().map(|(n, p)| if n == 0 { p } else { p.split_once(';').map_or(p, |e| e.1) }).collect();
    plain.as_bytes().windows(2).any(|w| w.iter().all(u8::is_ascii_alphabetic))
}

fn spoken_attributes(tag: &str) -> Vec<&'static str> {
    let spoken = SPOKEN.iter().copied().filter(|name| {
        tag.match_indices(&format!(" {name}=\"")).any(|(at, m)| tag[at + m.len()..].split('"').next().is_some_and(has_word))
    });
    spoken.collect()
}

/// The file of refusals, where each code has a title and, where needed, a detail: `"works/not-yet": {"title": "…"}`.
const ERRORS: &str = "/errors.json";

/// One locale file: keys with their texts.
type Texts = BTreeMap<String, String>;

/// Reads a file; what is not a flat object of texts is a finding.
fn read(path: &str, text: &str) -> (Texts, Vec<Finding>) {
    let mut out = Vec::new();
    let mut texts = Texts::new();
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(map)) => {
            for (key, value) in map {
                match value {
                    Value::String(text) => drop(texts.insert(key, text)),
                    Value::Object(parts) if path.ends_with(ERRORS) && parts.values().all(Value::is_string) => {
                        let part = |(name, text): (&String, &Value)| {
                            (format!("{key}.{name}"), text.as_str().unwrap_or_default().to_owned())
                        };
                        texts.extend(parts.iter().map(part));
                    }
                    _ => out.push(Finding::new(
                        path,
                        line_of(text, &key),
                        format!("{key}: locale files are flat, each value a text"),
                    )),
                }
            }
            let mut seen = BTreeSet::new();
            for (n, line) in text.lines().enumerate() {
                let key = line.trim_start().strip_prefix('"').and_then(|l| l.split_once("\":")).map(|(key, _)| key);
                // Parts of a refusal stand under different codes.
                if key.is_some_and(|k| !matches!(k, "title" | "detail") && !seen.insert(k)) {
                    out.push(Finding::new(path, n as u32 + 1, "this key stands here twice"));
                }
            }
        }
        Ok(_) => out.push(Finding::new(path, 0, "not a JSON object")),
        Err(error) => out.push(Finding::new(path, error.line() as u32, format!("not JSON: {error}"))),
    }
    (texts, out)
}

fn line_of(text: &str, key: &str) -> u32 {
    let key = key.strip_suffix(".title").or_else(|| key.strip_suffix(".detail")).unwrap_or(key);
    text.lines().position(|l| l.contains(&format!("\"{key}\""))).map_or(0, |n| n as u32 + 1)
}

/// The names of `{name}` and `{name|one|many}`.
fn placeholders(text: &str) -> BTreeSet<String> {
    let names = text.split('{').skip(1).filter_map(|part| part.split(['}', '|']).next());
    names.filter(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')).map(str::to_owned).collect()
}

fn file_of<'p>(path: &'p str, language: &str) -> Option<&'p str> {
    path.strip_prefix("locales/")?.strip_prefix(language)?.strip_prefix('/').filter(|name| name.ends_with(".json"))
}

/// Same files, same keys, same placeholders, no empty text.
pub fn languages(tree: &Tree) -> Vec<Finding> {
    let mut out = Vec::new();
    let names: BTreeSet<&str> = tree.files.keys().flat_map(|p| LANGUAGES.iter().filter_map(move |l| file_of(p, l))).collect();
    if names.is_empty() {
        out.push(Finding::new("locales", 0, "no locale files"));
    }
    for name in names {
        let path = |language: &str| format!("locales/{language}/{name}");
        let Some(first) = tree.text(&path(FIRST)) else {
            out.push(Finding::new(&path(FIRST), 0, "missing"));
            continue;
        };
        let (ours, findings) = read(&path(FIRST), first);
        out.extend(findings);
        for language in LANGUAGES.iter().filter(|l| **l != FIRST) {
            let path = path(language);
            let Some(text) = tree.text(&path) else {
                out.push(Finding::new(&path, 0, "missing"));
                continue;
            };
            let (theirs, findings) = read(&path, text);
            out.extend(findings);
            out.extend(
                ours.keys().filter(|k| !theirs.contains_key(*k)).map(|k| Finding::new(&path, 0, format!("{k} is missing"))),
            );
            for (key, words) in &theirs {
                match ours.get(key) {
                    None => out.push(Finding::new(&path, line_of(text, key), format!("{key} is not in {FIRST}"))),
                    Some(other) if placeholders(other) != placeholders(words) => {
                        out.push(Finding::new(&path, line_of(text, key), format!("{key}: other placeholders than in {FIRST}")));
                    }
                    Some(_) => {}
                }
            }
        }
    }
    out
}

/// Keys of the first language with their file.
fn keys(tree: &Tree) -> Vec<(String, String, String)> {
    let files = tree.texts(|p| file_of(p, FIRST).is_some());
    files.flat_map(|(path, text)| read(path, text).0.into_iter().map(move |(k, v)| (path.to_owned(), k, v))).collect()
}

/// Beginnings of keys that code composes: `` `due.${…}` ``, `word('state', …)`, `format!("menu.{…}")`.
fn composed(text: &str) -> BTreeSet<String> {
    let is_key = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let mut out = BTreeSet::new();
    for end in ["${", "{"] {
        for (at, _) in text.match_indices(end) {
            let begins =
                text[..at].rfind(|c: char| !is_key(c)).map_or(0, |n| n + text[n..].chars().next().map_or(1, char::len_utf8));
            let quoted = text[..begins].ends_with(['`', '"']);
            if quoted && text[begins..at].contains('.') {
                out.insert(text[begins..at].to_owned());
            }
        }
    }
    for (at, call) in text.match_indices("word(") {
        let argument = text[at + call.len()..].strip_prefix(['\'', '"']).and_then(|rest| rest.split(['\'', '"']).next());
        out.extend(argument.filter(|list| list.chars().all(is_key)).map(|list| format!("{list}.")));
    }
    out
}

/// Each key occurs in a source, or its beginning does where a key is composed.
pub fn used(tree: &Tree) -> Vec<Finding> {
    let mut words = BTreeSet::new();
    let mut beginnings = BTreeSet::new();
    for (_, text) in tree.texts(|p| (p.ends_with(".rs") || is_web(p)) && !p.starts_with("xtask/") && !is_web_test(p)) {
        words.extend(text.split(|c: char| !(c.is_ascii_alphanumeric() || "._-/".contains(c))).map(|w| w.trim_matches('.')));
        beginnings.extend(composed(text));
    }
    let mut out = Vec::new();
    for (path, key, _) in keys(tree) {
        // The wording of refusals is held by a check of its own.
        let held =
            path.ends_with(ERRORS) || words.contains(key.as_str()) || beginnings.iter().any(|b| key.starts_with(b.as_str()));
        if !held {
            out.push(Finding::new(&path, tree.text(&path).map_or(0, |t| line_of(t, &key)), format!("{key} is not used")));
        }
    }
    out
}

fn declared_in(rust: &RustFiles, room: &str) -> Vec<Declared> {
    let folder = format!("crates/domain/src/{room}/");
    rust.product(&folder).flat_map(|(_, file)| declared(&file.product)).collect()
}

fn words_of(rust: &RustFiles, words: &Words) -> BTreeSet<String> {
    let domain = || rust.product("crates/domain/src/");
    match words {
        Words::FactKinds => {
            let kinds = domain().flat_map(|(_, file)| fact_kinds(&file.product));
            kinds.map(|k| k.kind.split('@').next().unwrap_or_default().to_owned()).collect()
        }
        Words::Commands => {
            let enums = domain().flat_map(|(_, file)| declared(&file.product)).filter(|d| d.name == "Command");
            enums.flat_map(|d| d.variants).map(|v| v.word).filter(|w| w.contains('.')).collect()
        }
        Words::Columns => domain().flat_map(|(_, file)| columns(&file.product)).collect(),
        Words::Enums(room, names) => {
            let found = declared_in(rust, room).into_iter().filter(|d| names.contains(&d.name.as_str()));
            found.flat_map(|d| d.variants).map(|v| v.word).collect()
        }
    }
}

/// `Column::new("…", …)`
fn columns(tokens: &[Token]) -> Vec<String> {
    let calls = tokens.windows(5).filter(|w| w[0].is("Column") && w[1].is("::") && w[2].is("new") && w[4].kind == Kind::Str);
    calls.map(|w| w[4].text.clone()).collect()
}

/// A word in code, in Chinese, in English.
pub type InData = (String, String, String);

/// Every family but the columns, each word in both languages, for the glossary.
pub fn words_in_data(tree: &Tree, rust: &RustFiles) -> Vec<(&'static str, Vec<InData>)> {
    let mut texts: BTreeMap<&str, Texts> = BTreeMap::new();
    for language in LANGUAGES {
        let files = tree.texts(|p| file_of(p, language).is_some());
        texts.insert(language, files.flat_map(|(path, text)| read(path, text).0).collect());
    }
    let say = |language: &str, key: &str| texts[language].get(key).cloned().unwrap_or_default();
    let families = FAMILIES.iter().filter(|f| !matches!(f.of, Words::Columns));
    families
        .map(|family| {
            let words = words_of(rust, &family.of).into_iter();
            let row = |word: String| {
                let key = format!("{}.{word}", family.name);
                (word, say(FIRST, &key), say("en", &key))
            };
            (family.name, words.map(row).collect())
        })
        .collect()
}

/// Names of all fields of the core's structs and enums.
fn fields(rust: &RustFiles) -> BTreeSet<String> {
    let all = rust.product("crates/domain/src/").flat_map(|(_, file)| declared(&file.product));
    all.flat_map(|d| d.fields.into_iter().chain(d.variants.into_iter().flat_map(|v| v.fields))).map(|f| f.name).collect()
}

/// Every word that the core declares has wording, and no family has a word that nothing declares.
pub fn families(tree: &Tree, rust: &RustFiles) -> Vec<Finding> {
    let home = format!("locales/{FIRST}/shared.json");
    let keys = keys(tree);
    let fields = fields(rust);
    let mut out = Vec::new();
    for family in FAMILIES {
        let words = words_of(rust, &family.of);
        if words.is_empty() {
            out.push(Finding::new(
                &home,
                0,
                format!("family {}: the core declares no such words; has the enum moved?", family.name),
            ));
            continue;
        }
        let own: BTreeMap<&str, &str> = keys
            .iter()
            .filter_map(|(path, key, _)| Some((key.strip_prefix(family.name)?.strip_prefix('.')?, path.as_str())))
            .collect();
        let missing = words.iter().filter(|w| !own.contains_key(w.as_str()));
        out.extend(missing.map(|w| Finding::new(&home, 0, format!("{}.{w} is missing", family.name))));
        let extra = |word: &str| if family.extras == FIELDS { fields.contains(word) } else { family.extras.contains(&word) };
        for (word, path) in own.iter().filter(|(w, _)| !words.contains(**w) && !extra(w)) {
            let key = format!("{}.{word}", family.name);
            out.push(Finding::new(path, tree.text(path).map_or(0, |t| line_of(t, &key)), format!("{key}: nothing is called so")));
        }
    }
    out
}

/// A refusal code and what its wording may name.
struct Code {
    code: String,
    args: Option<BTreeSet<String>>,
    path: String,
    line: u32,
}

/// `problems/not-the-verifier` for each variant of a refusal enum of a room, and each `/errors/…` of the upper floors.
fn codes(rust: &RustFiles) -> Vec<Code> {
    let mut out = Vec::new();
    for (path, file) in rust.product("crates/domain/src/") {
        let Some((room, _)) = path["crates/domain/src/".len()..].split_once('/') else { continue };
        for refusal in declared(&file.product).into_iter().filter(|d| d.name.ends_with("Refusal")) {
            for variant in refusal.variants {
                let args = variant.fields.iter().map(|f| f.name.clone()).collect();
                out.push(Code {
                    code: format!("{room}/{}", variant.word),
                    args: Some(args),
                    path: path.to_owned(),
                    line: variant.line,
                });
            }
        }
    }
    // What can be wrong with a row of a register; the words carry what the finding carries.
    for (path, file) in rust.product("crates/maps/src/register/") {
        for variant in declared(&file.product).into_iter().filter(|d| d.name == "Reason").flat_map(|d| d.variants) {
            out.push(Code {
                code: format!("import/{}", cased(&variant.name, '-')),
                args: None,
                path: path.to_owned(),
                line: variant.line,
            });
        }
    }
    for (path, file) in rust.product("crates/server/") {
        let tokens = &file.product;
        for at in 0..tokens.len() {
            // `Problem::new(StatusCode::FORBIDDEN, "cross-site")`, and links to a document.
            let made = tokens[at..].iter().take(8).map(|t| t.text.as_str()).collect::<Vec<_>>();
            let code = match made.as_slice() {
                ["Problem", "::", "new", "(", "StatusCode", "::", _, ","] => tokens.get(at + 8),
                _ => None,
            };
            let code = code.filter(|t| t.kind == Kind::Str).map(|t| t.text.as_str());
            let linked = (tokens[at].kind == Kind::Str).then(|| tokens[at].text.strip_prefix("/errors/")).flatten();
            let is_code =
                |c: &&str| !c.is_empty() && c.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-/".contains(c));
            if let Some(code) = code.or(linked).filter(is_code) {
                out.push(Code { code: code.to_owned(), args: None, path: path.to_owned(), line: tokens[at].line });
            }
        }
    }
    out
}

/// Each code has a title, in every language; a wording may name what the refusal carries, and no code is left over.
pub fn refusals(tree: &Tree, rust: &RustFiles) -> Vec<Finding> {
    let codes = codes(rust);
    let upper = ["crates/server/", "crates/store/", "crates/qianwan/"];
    let literals: BTreeSet<&str> = upper
        .iter()
        .flat_map(|c| rust.product(c))
        .flat_map(|(_, f)| &f.product)
        .filter(|t| t.kind == Kind::Str)
        .map(|t| t.text.as_str())
        .collect();
    let mut out = Vec::new();
    for language in LANGUAGES {
        let path = format!("locales/{language}{ERRORS}");
        let text = tree.text(&path).unwrap_or("{}");
        let (texts, _) = read(&path, text);
        for code in &codes {
            let Some(title) = texts.get(&format!("{}.title", code.code)) else {
                out.push(Finding::new(&code.path, code.line, format!("{} has no title in {path}", code.code)));
                continue;
            };
            let detail = texts.get(&format!("{}.detail", code.code)).map_or("", String::as_str);
            let named = placeholders(&format!("{title} {detail}"));
            let unknown = code.args.iter().flat_map(|args| named.difference(args));
            out.extend(
                unknown.map(|n| Finding::new(&path, line_of(text, &code.code), format!("{}: it carries no {{{n}}}", code.code))),
            );
        }
        for key in texts.keys() {
            let code = key.strip_suffix(".title").or_else(|| key.strip_suffix(".detail")).unwrap_or(key);
            if !codes.iter().any(|c| c.code == code) && !literals.contains(code) {
                out.push(Finding::new(&path, line_of(text, key), format!("{key}: nothing is refused so")));
            }
        }
    }
    out.sort();
    out.dedup();
    out
}

/// Words written directly into a page: `html! { p { "Open" } }`, where the locale files should speak.
pub fn pages(rust: &RustFiles) -> Vec<Finding> {
    let mut out = Vec::new();
    for (path, file) in rust.product("crates/server/") {
        let tokens = &file.product;
        for at in 0..tokens.len() {
            if !(tokens[at].is("html") && tokens.get(at + 1).is_some_and(|t| t.is("!"))) {
                continue;
            }
            let end = end_of_group(tokens, at + 2);
            let mut inner = at + 3;
            while inner < end {
                let token = &tokens[inner];
                // What stands in round or square brackets is code.
                if token.is("(") || token.is("[") {
                    inner = end_of_group(tokens, inner);
                    continue;
                }
                // `href={"/v/" (code)}`
                if token.is("{") && tokens[inner - 1].is("=") {
                    inner = end_of_group(tokens, inner);
                    continue;
                }
                let value = tokens[inner - 1].is("=");
                if token.kind == Kind::Str && !value && has_word(&token.text) {
                    out.push(Finding::new(path, token.line, "wording in a page belongs in locales/"));
                }
                inner += 1;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|f| f.words.as_str()).collect()
    }

    #[test]
    fn chinese_in_code_is_found() {
        let check = |path: &str, text: &str| {
            let lib = if path.ends_with(".rs") { text } else { "" };
            let tree = Tree::of(&[("crates/a/Cargo.toml", ""), ("crates/a/src/lib.rs", lib), (path, text)]);
            han(&tree, &RustFiles::of(&tree)).len()
        };
        assert_eq!(check("crates/a/src/lib.rs", "/// 村\n// 村\nfn a() {} #[test] fn b() { c(\"村\") }"), 0);
        assert_eq!(check("crates/a/src/lib.rs", "fn a() { b(\"村\") }"), 1);
        assert_eq!(check("console/src/a.ts", "// 村\na('x')"), 0);
        assert_eq!(check("console/src/a.ts", "a('村')"), 1);
        assert_eq!(check("console/src/a.ts", "a.join('、')"), 1);
        assert_eq!(check("console/src/a.test.ts", "a('村')"), 0);
        assert_eq!(check("console/src/A.vue", "<template><!-- 村 --><b>村</b></template>"), 1);
        assert_eq!(check("crates/maps/src/register/names.rs", ""), 0);
    }

    #[test]
    fn english_in_templates_is_found() {
        let check = |template: &str| templates(&Tree::of(&[("a/A.vue", &format!("<template>{template}</template>"))])).len();
        assert_eq!(check("<b :title=\"t('x')\" class=\"big\" @click=\"a > b\">{{ t('a.b') }} · &nbsp;</b>"), 0);
        assert_eq!(check("<b>Open</b>"), 1);
        assert_eq!(check("<b title=\"Open\"></b>"), 1);
        assert_eq!(check("<b v-if=\"a > b\">{{ x }} days</b>"), 1);
    }

    fn locales(zh: &str, en: &str) -> Tree {
        Tree::of(&[("locales/zh-CN/a.json", zh), ("locales/en/a.json", en)])
    }

    #[test]
    fn languages_that_disagree_are_found() {
        let check = |zh: &str, en: &str| languages(&locales(zh, en)).len();
        assert_eq!(check(r#"{"a":"{n} 行"}"#, r#"{"a":"{n} {n|row|rows}"}"#), 0);
        assert_eq!(check(r#"{"a":"x","b":"y"}"#, r#"{"a":"x"}"#), 1);
        assert_eq!(check(r#"{"a":"x"}"#, r#"{"a":"x","b":"y"}"#), 1);
        assert_eq!(check(r#"{"a":"{n}"}"#, r#"{"a":"{m}"}"#), 1);
        assert_eq!(check(r#"{"a":{"b":"c"}}"#, r#"{}"#), 1);
        assert_eq!(check("{", "{}"), 1);
        assert_eq!(check("{\n\"a\": \"x\",\n\"a\": \"y\"\n}", r#"{"a":"x"}"#), 1);
        assert_eq!(languages(&Tree::of(&[("locales/zh-CN/a.json", "{}")])).len(), 1);
        assert_eq!(languages(&Tree::default()).len(), 1);
    }

    #[test]
    fn wording_that_nobody_uses_is_found() {
        let mut tree = locales(r#"{"a.b":"x","a.c":"y","menu.top_know":"z","state.any":"w","today.x":"v"}"#, "{}");
        tree.files.extend(Tree::of(&[("console/src/a.ts", "t('a.b') + t(`menu.top_${x}`) + word('state', x)")]).files);
        tree.files.extend(Tree::of(&[("crates/a/src/a.rs", "fn a() { format!(\"today.{x}\") }")]).files);
        assert_eq!(words(&used(&tree)), ["a.c is not used"]);
    }

    /// A core with every family in it.
    fn core(shared: &str) -> Tree {
        let enums = |names: &[&str]| {
            names.iter().map(|n| format!("#[serde(rename_all = \"snake_case\")] pub enum {n} {{ One }}")).collect::<String>()
        };
        let places = enums(&["Level", "Kind", "Class", "Grade", "Stage", "Counted", "Method"])
            + "pub enum Command { #[serde(rename = \"places.close\")] Close }
               fact_kinds! { pub enum Fact { \"place.closed@1\" => Closed } }
               const C: Column = Column::new(\"code\", Text);";
        let (problems, basics, rules) = (enums(&["Field", "Channel", "State"]), enums(&["Role", "Department"]), enums(&["Rule"]));
        let duties = enums(&["TaskKind", "TaskState", "Side"]);
        let indicators = enums(&["Unit"]);
        let surveys = enums(&["FormState", "SubmissionState", "Verdict", "FileKind"]);
        Tree::of(&[
            ("crates/domain/Cargo.toml", ""),
            (
                "crates/domain/src/lib.rs",
                "mod places; mod problems; mod basics; mod rules; mod indicators; mod duties; mod surveys;",
            ),
            ("crates/domain/src/places/mod.rs", &places),
            ("crates/domain/src/problems/mod.rs", &problems),
            ("crates/domain/src/basics/mod.rs", &basics),
            ("crates/domain/src/rules/mod.rs", &rules),
            ("crates/domain/src/duties/mod.rs", &duties),
            ("crates/domain/src/indicators/mod.rs", &indicators),
            ("crates/domain/src/surveys/mod.rs", &surveys),
            ("locales/zh-CN/shared.json", shared),
        ])
    }

    #[test]
    fn words_without_wording_are_found() {
        let ones = FAMILIES
            .iter()
            .filter(|f| matches!(f.of, Words::Enums(..)))
            .map(|f| format!("\"{}.one\":\"x\",", f.name))
            .collect::<String>();
        let whole = format!(
            "{{{ones}\"fact.place.closed\":\"x\",\"command.places.close\":\"x\",\"column.code\":\"x\",\"state.overdue\":\"x\"}}"
        );
        let check = |shared: &str| {
            let tree = core(shared);
            families(&tree, &RustFiles::of(&tree)).into_iter().map(|f| f.words).collect::<Vec<_>>()
        };
        assert_eq!(check(&whole), Vec::<String>::new());
        for key in ["fact.place.closed", "command.places.close", "column.code", "grade.one"] {
            let renamed = format!("{}x", &key[..key.len() - 1]);
            assert_eq!(check(&whole.replace(key, &renamed)).len(), 2, "{key} missing, {renamed} too many");
        }
        let tree = Tree::of(&[]);
        assert_eq!(families(&tree, &RustFiles::of(&tree)).len(), FAMILIES.len(), "a family whose source is gone is found");
    }

    #[test]
    fn refusals_without_wording_are_found() {
        let check = |zh: &str, en: &str| {
            let tree = Tree::of(&[
                ("crates/domain/Cargo.toml", ""),
                ("crates/domain/src/lib.rs", "mod works;"),
                (
                    "crates/domain/src/works/mod.rs",
                    "#[serde(rename_all = \"kebab-case\")] pub enum Refusal { NotYet { day: Day } }",
                ),
                ("crates/maps/Cargo.toml", ""),
                ("crates/maps/src/lib.rs", "mod register;"),
                ("crates/maps/src/register/mod.rs", "pub enum Reason { BadCode }"),
                ("crates/server/Cargo.toml", ""),
                (
                    "crates/server/src/lib.rs",
                    "fn a() { Problem::new(StatusCode::FORBIDDEN, \"cross-site\"); b(\"/errors/sign-in/refused\", \"other\") }",
                ),
                ("locales/zh-CN/errors.json", zh),
                ("locales/en/errors.json", en),
            ]);
            refusals(&tree, &RustFiles::of(&tree)).len()
        };
        let good = r#"{"works/not-yet":{"title":"x","detail":"{day}"},"sign-in/refused":{"title":"x"},"cross-site":{"title":"x"},"other":{"title":"x"},"import/bad-code":{"title":"x"}}"#;
        assert_eq!(check(good, good), 0);
        assert_eq!(check(good, "{}"), 4);
        assert_eq!(check(good, &good.replace("{day}", "{due}")), 1);
        assert_eq!(check(good, &good.replace("\"other\"", "\"gone\"")), 1);
        assert_eq!(check(good, &good.replace("\"cross-site\":{\"title\"", "\"cross-site\":{\"detail\"")), 1);
    }

    #[test]
    fn words_written_into_a_page_are_found() {
        let check = |source: &str| {
            pages(&RustFiles::of(&Tree::of(&[("crates/server/Cargo.toml", ""), ("crates/server/src/lib.rs", source)]))).len()
        };
        assert_eq!(check("fn a() { html! { p class=\"big one\" id={\"a\" (b)} { (t(\"a.b\")) \" · \" @if x { \"–\" } } } }"), 0);
        assert_eq!(check("fn a() { html! { p { \"Open\" } } }"), 1);
        assert_eq!(check("fn a() { html! { @if x { b { (n) \" days\" } } } }"), 1);
    }
}
