//! The file: what it says, where, and what is wrong with it.

use std::{collections::BTreeMap, fmt, fs, io, ops::Range, path::PathBuf};

use clap::{Arg, Command};
use serde::Serialize;
use server::wording::{Language, fill};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Named, all_settings, is_list, is_switch, key, refusal};

/// Something that is wrong, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The file, or what takes its place.
    pub source: String,
    /// Line and column, from 1.
    pub at: Option<(usize, usize)>,
    /// Which setting.
    pub key: Option<String>,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl Fault {
    /// In both languages.
    pub fn new(source: &str, at: Option<(usize, usize)>, key: Option<&str>, words: &str, args: &[(&str, String)]) -> Fault {
        Fault {
            source: source.to_owned(),
            at,
            key: key.map(str::to_owned),
            zh: fill(Language::Chinese, words, args),
            en: fill(Language::English, words, args),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "✗ {}", self.source)?;
        if let Some((line, column)) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, " {} / {}", self.zh, self.en)
    }
}

/// A file that was read and understood.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    /// Where it lies.
    pub path: PathBuf,
    settings: BTreeMap<String, Said>,
}

#[derive(Debug, Clone)]
struct Said {
    values: Vec<String>,
    line: usize,
}

impl ConfigFile {
    /// Reads it; nothing where the usual place is empty.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn read(named: &Named, command: &Command) -> Result<Option<ConfigFile>, Vec<Fault>> {
        let path = named.path();
        let source = path.display().to_string();
        match (fs::read_to_string(path), named) {
            (Ok(text), _) => ConfigFile::parse(path.to_owned(), &text, command).map(Some),
            (Err(e), Named::Usual(_)) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            (Err(e), Named::Usual(_)) if e.kind() == io::ErrorKind::PermissionDenied => {
                // Whoever may not read it has data of his own; the service would have been told by systemd who it is.
                eprintln!("{}", Fault::new(&source, None, None, "config.passed_over", &[]));
                Ok(None)
            }
            (Err(e), _) => Err(vec![Fault::new(&source, None, None, "config.unreadable", &[("why", e.to_string())])]),
        }
    }

    /// Understands its text.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(path: PathBuf, text: &str, command: &Command) -> Result<ConfigFile, Vec<Fault>> {
        let source = path.display().to_string();
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            let told = |e: &toml::de::Error| {
                let at = e.span().map(|s| position(text, &s));
                Fault::new(&source, at, None, "config.not_toml", &[("why", e.message().to_owned())])
            };
            return Err(errors.iter().map(told).collect());
        }
        let args = all_settings(command);
        let known: BTreeMap<String, &Arg> = args.iter().filter_map(|arg| Some((key(arg)?, arg))).collect();
        let (mut settings, mut faults) = (BTreeMap::new(), Vec::new());
        for (name, value) in table.get_ref() {
            let at = Some(position(text, &name.span()));
            let name = name.get_ref().as_ref();
            let Some(arg) = known.get(name) else {
                faults.push(unknown(&source, at, name, known.keys().map(String::as_str)));
                continue;
            };
            let value_at = position(text, &value.span());
            match values(arg, value).map_err(|words| (words, String::new())).and_then(|values| match refusal(arg, &values) {
                None => Ok(values),
                Some(why) => Err(("config.bad_value", why)),
            }) {
                Ok(values) => drop(settings.insert(name.to_owned(), Said { values, line: value_at.0 })),
                Err((words, why)) => {
                    let args = [("key", name.to_owned()), ("why", why)];
                    faults.push(Fault::new(&source, Some(value_at), Some(name), words, &args));
                }
            }
        }
        if faults.is_empty() {
            return Ok(ConfigFile { path, settings });
        }
        faults.sort_by_key(|f| f.at);
        Err(faults)
    }

    /// What it says of a setting.
    pub fn values(&self, key: &str) -> Option<&[String]> {
        self.settings.get(key).map(|said| said.values.as_slice())
    }

    /// On which line.
    pub fn line(&self, key: &str) -> Option<usize> {
        self.settings.get(key).map(|said| said.line)
    }
}

fn unknown<'k>(source: &str, at: Option<(usize, usize)>, name: &str, known: impl Iterator<Item = &'k str>) -> Fault {
    match nearest(name, known) {
        Some(near) => {
            let args = [("key", name.to_owned()), ("near", near.to_owned())];
            Fault::new(source, at, Some(name), "config.unknown_near", &args)
        }
        None => Fault::new(source, at, Some(name), "config.unknown", &[("key", name.to_owned())]),
    }
}

/// The known word that most likely was meant.
pub fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let near = known.map(|k| (distance(&word.replace('-', "_").to_lowercase(), k), k)).min()?;
    (near.0 <= word.len().max(3) / 3 + 1).then_some(near.1)
}

/// How many signs have to be put in, taken out, exchanged with the next or replaced.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let best = changed.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if swapped { best.min(rows[i - 2][j - 2] + 1) } else { best }
            };
        }
    }
    rows[a.len()][b.len()]
}

/// Line and column, from 1, columns in characters.
fn position(text: &str, span: &Range<usize>) -> (usize, usize) {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// The texts that clap is given, or what kind of value was wanted.
fn values(arg: &Arg, value: &Spanned<DeValue>) -> Result<Vec<String>, &'static str> {
    let one = |value: &DeValue| match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(n) => Some(n.to_string()),
        DeValue::Float(n) => Some(n.to_string()),
        _ => None,
    };
    match value.get_ref() {
        DeValue::Boolean(on) if is_switch(arg) => Ok(vec![on.to_string()]),
        _ if is_switch(arg) => Err("config.wants_switch"),
        DeValue::Array(list) if is_list(arg) => {
            list.iter().map(|v| one(v.get_ref()).ok_or("config.wants_list")).collect::<Result<Vec<_>, _>>()
        }
        value => one(value).map(|v| vec![v]).ok_or(if is_list(arg) { "config.wants_list" } else { "config.wants_one" }),
    }
}
