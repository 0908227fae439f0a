//! One wording for Rust pages, console and field app: flat keys in `locales/<language>/*.json`.

use std::{collections::HashMap, sync::LazyLock};

use serde_json::{Map, Value};

/// A language that there are words in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Simplified Chinese, the first.
    Chinese,
    /// English.
    English,
}

impl Language {
    /// As in HTML.
    pub fn tag(self) -> &'static str {
        match self {
            Language::Chinese => "zh-CN",
            Language::English => "en",
        }
    }

    /// From a tag such as `en-GB` or a header such as `en;q=0.8, zh`.
    pub fn from_tag(text: &str) -> Option<Language> {
        text.split(',').find_map(|part| {
            let part = part.trim().to_ascii_lowercase();
            match part {
                p if p.starts_with("zh") => Some(Language::Chinese),
                p if p.starts_with("en") => Some(Language::English),
                _ => None,
            }
        })
    }
}

type Words = HashMap<String, String>;

fn load(files: &[&str]) -> Words {
    let mut words = Words::new();
    for file in files {
        let parsed: Map<String, Value> = serde_json::from_str(file).expect("locale files are read in a test");
        for (key, value) in parsed {
            match value {
                Value::String(text) => {
                    words.insert(key, text);
                }
                // Errors are kept as title and detail under their code.
                Value::Object(parts) => {
                    for (part, text) in parts {
                        if let Value::String(text) = text {
                            words.insert(format!("error.{key}.{part}"), text);
                        }
                    }
                }
                _ => {}
            }
        }
    }
    words
}

macro_rules! locale {
    ($language:literal) => {
        &[
            include_str!(concat!("../../../locales/", $language, "/shared.json")),
            include_str!(concat!("../../../locales/", $language, "/errors.json")),
            include_str!(concat!("../../../locales/", $language, "/public.json")),
            include_str!(concat!("../../../locales/", $language, "/cli.json")),
            include_str!(concat!("../../../locales/", $language, "/operations.json")),
            include_str!(concat!("../../../locales/", $language, "/forms.json")),
            include_str!(concat!("../../../locales/", $language, "/planning.json")),
            include_str!(concat!("../../../locales/", $language, "/ranking.json")),
        ]
    };
}

static CHINESE: LazyLock<Words> = LazyLock::new(|| load(locale!("zh-CN")));
static ENGLISH: LazyLock<Words> = LazyLock::new(|| load(locale!("en")));

fn words(language: Language) -> &'static Words {
    match language {
        Language::Chinese => &CHINESE,
        Language::English => &ENGLISH,
    }
}

/// The words for a key; the key itself where there are none, so that a gap is seen.
pub fn text(language: Language, key: &str) -> String {
    words(language).get(key).cloned().unwrap_or_else(|| key.to_owned())
}

/// The words for a key with `{name}` filled in.
pub fn fill(language: Language, key: &str, args: &[(&str, String)]) -> String {
    args.iter().fold(text(language, key), |t, (name, value)| t.replace(&format!("{{{name}}}"), value))
}

/// Both languages in one line, for terminals.
pub fn both(key: &str, args: &[(&str, String)]) -> String {
    format!("{} / {}", fill(Language::Chinese, key, args), fill(Language::English, key, args))
}

/// The words for a key with values filled in, or other words where there are none.
pub fn text_or(language: Language, key: &str, args: &Map<String, Value>, otherwise: &str) -> String {
    let Some(text) = words(language).get(key) else { return otherwise.to_owned() };
    args.iter().fold(text.clone(), |t, (name, value)| {
        let value = match value {
            Value::String(s) => {
                // A word of the programme is shown in the reader's language.
                let key = match name.as_str() {
                    "state" | "level" | "rule" => Some(format!("{name}.{s}")),
                    "part" => Some(format!("part.{s}")),
                    _ => None,
                };
                let word = key.and_then(|key| words(language).get(&key));
                word.unwrap_or(s).clone()
            }
            other => other.to_string(),
        };
        t.replace(&format!("{{{name}}}"), &value)
    })
}
