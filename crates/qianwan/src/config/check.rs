//! `qianwan config check` and `qianwan config example`.

use std::ffi::OsStr;

use anyhow::Result;
use clap::{Arg, Args, Command, FromArgMatches, Subcommand};
use serde::Serialize;
use server::wording::{Language, text};

use super::{ConfigFile, Fault, Named, PREFIX, all_settings, flexible, is_list, is_switch, key, refusal, with_defaults};
use crate::{End, serve::Serve};

/// The settings.
#[derive(Subcommand)]
pub enum Config {
    /// Print every setting with where it comes from, and say what is wrong
    Check(Check),
    /// Print a commented file with every setting
    Example,
}

/// `qianwan config check`.
#[derive(Args)]
pub struct Check {
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// A setting as it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its name in the file.
    pub key: String,
    /// What holds; secrets are masked. Several, one or nothing.
    pub value: Vec<String>,
    /// Where from.
    pub from: From,
    /// The line in the file.
    pub line: Option<usize>,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum From {
    /// A variable of the environment.
    Environment,
    /// The file.
    File,
    /// Built in.
    Default,
    /// Nowhere: it is not set.
    Unset,
}

/// Every setting as `serve` would find it, and all that is wrong, with the file at the usual or the said place.
pub fn settings_of(
    command: Command,
    named: &Named,
    environment: &dyn Fn(&str) -> Option<String>,
) -> (Option<ConfigFile>, Vec<Setting>, Vec<Fault>) {
    let command = flexible(command);
    let (file, mut faults) = match ConfigFile::read(named, &command) {
        Ok(file) => (file, Vec::new()),
        Err(faults) => (None, faults),
    };
    let mut settings = Vec::new();
    for arg in all_settings(&command) {
        let Some(key) = key(&arg) else { continue };
        let variable = format!("{PREFIX}{}", key.to_ascii_uppercase());
        let (value, from) = if let Some(value) = environment(&variable) {
            let values = several(&arg, &value);
            if let Some(why) = refusal(&arg, &values) {
                let args = [("key", variable.clone()), ("why", why)];
                faults.push(Fault::new(&variable, None, Some(&key), "config.bad_value", &args));
            }
            (values, From::Environment)
        } else if let Some(values) = file.as_ref().and_then(|f| f.values(&key)) {
            (values.to_vec(), From::File)
        } else {
            let built_in: Vec<String> = arg.get_default_values().iter().map(|v| v.to_string_lossy().into_owned()).collect();
            let from = if built_in.is_empty() { From::Unset } else { From::Default };
            (built_in, from)
        };
        let line = if from == From::File { file.as_ref().and_then(|f| f.line(&key)) } else { None };
        settings.push(Setting { value: value.iter().map(|v| masked(&key, v)).collect(), key, from, line });
    }
    if faults.is_empty() {
        faults.extend(together(command, file.as_ref(), &settings));
    }
    (file, settings, faults)
}

/// What is wrong with values that are each good: `serve` itself is asked.
fn together(command: Command, file: Option<&ConfigFile>, settings: &[Setting]) -> Vec<Fault> {
    let source = file.map_or_else(|| "-".to_owned(), |f| f.path.display().to_string());
    let command = match file {
        Some(file) => with_defaults(command, file),
        None => command,
    };
    let matches = match command.try_get_matches_from(["qianwan", "serve"]) {
        Ok(matches) => matches,
        Err(e) => {
            let missing = e.render().to_string();
            let why = missing.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            let why = why.split_whitespace().collect::<Vec<_>>().join(" ");
            return vec![Fault::new(&source, None, None, "config.incomplete", &[("why", why)])];
        }
    };
    let Some(serve) = matches.subcommand_matches("serve").and_then(|m| Serve::from_arg_matches(m).ok()) else {
        return Vec::new();
    };
    serve
        .troubles()
        .into_iter()
        .map(|(key, words, args)| {
            let setting = settings.iter().find(|s| s.key == key);
            let source = match setting.map(|s| s.from) {
                Some(From::Environment) => format!("{PREFIX}{}", key.to_ascii_uppercase()),
                _ => source.clone(),
            };
            Fault::new(&source, setting.and_then(|s| s.line).map(|line| (line, 1)), Some(key), words, &args)
        })
        .collect()
}

fn several(arg: &Arg, value: &str) -> Vec<String> {
    match arg.get_value_delimiter() {
        Some(delimiter) => value.split(delimiter).map(str::to_owned).collect(),
        None => vec![value.to_owned()],
    }
}

/// A value that may be shown: no password of a URL, nothing of what is a secret by its name.
fn masked(key: &str, value: &str) -> String {
    const MASK: &str = "***";
    // Where a secret lies is none.
    if !key.ends_with("_file") && ["secret", "password", "token"].iter().any(|word| key.split('_').any(|part| part == *word)) {
        return MASK.into();
    }
    let mut shown = match value.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?))) {
        Some((scheme, (who, rest))) => match who.split_once(':') {
            Some((name, _)) => format!("{scheme}://{name}:{MASK}@{rest}"),
            None => value.to_owned(),
        },
        None => value.to_owned(),
    };
    // host=… password=…, and ?password=…
    if let Some(at) = shown.find("password=") {
        let end = shown[at..].find(['&', ' ']).map_or(shown.len(), |n| at + n);
        shown.replace_range(at + "password=".len()..end, MASK);
    }
    shown
}

impl Config {
    /// Runs it.
    pub fn run(self, command: Command, named: &Named) -> Result<End> {
        match self {
            Config::Check(check) => check.run(command, named),
            Config::Example => {
                print!("{}", example(command));
                Ok(End::Success)
            }
        }
    }
}

impl Check {
    fn run(self, command: Command, named: &Named) -> Result<End> {
        let (file, settings, faults) = settings_of(command, named, &|name| std::env::var(name).ok());
        if self.json {
            let file = file.map(|f| f.path.display().to_string());
            println!("{}", serde_json::json!({ "file": file, "settings": settings, "faults": faults }));
        } else {
            let path = named.path().display().to_string();
            let words = if file.is_some() { "config.file" } else { "config.no_file" };
            println!("{}", server::wording::both(words, &[("file", path)]));
            for s in &settings {
                let from = match s.from {
                    From::Environment => format!("{PREFIX}{}", s.key.to_ascii_uppercase()),
                    From::File => s.line.map(|l| format!("{}:{l}", named.path().display())).unwrap_or_default(),
                    From::Default => server::wording::both("config.built_in", &[]),
                    From::Unset => server::wording::both("config.unset", &[]),
                };
                println!("{:<24} {:<36} {from}", s.key, s.value.join(", "));
            }
            for fault in &faults {
                println!("{fault}");
            }
        }
        Ok(if faults.is_empty() { End::Success } else { End::BadInput })
    }
}

/// A file with every setting, each a comment: what it is for, its other names, and its value where none is given.
fn example(command: Command) -> String {
    let mut out = String::new();
    for language in [Language::Chinese, Language::English] {
        out.extend(text(language, "config.example_head").lines().map(|line| format!("# {line}\n")));
    }
    for arg in all_settings(&flexible(command)) {
        let Some(key) = key(&arg) else { continue };
        out.push('\n');
        let named = format!("setting.{key}");
        let chinese = text(Language::Chinese, &named);
        if chinese != named {
            out.push_str(&format!("# {chinese}\n"));
        }
        out.push_str(&format!("# {}\n", arg.get_help().map(ToString::to_string).unwrap_or_default()));
        let flag = arg.get_long().unwrap_or_default();
        out.push_str(&format!("# --{flag} · {PREFIX}{}\n", key.to_ascii_uppercase()));
        let choices: Vec<String> = arg.get_possible_values().iter().map(|v| v.get_name().to_owned()).collect();
        if !choices.is_empty() && !is_switch(&arg) {
            out.push_str(&format!("# {}\n", choices.join(" | ")));
        }
        out.push_str(&format!("# {key} = {}\n", sample(&arg)));
    }
    out
}

/// What may stand behind the sign of equality: the built-in value, or an empty one of its kind.
fn sample(arg: &Arg) -> String {
    let quoted = |text: &OsStr| {
        let text = text.to_string_lossy();
        if text.parse::<i64>().is_ok() { text.into_owned() } else { format!("{text:?}") }
    };
    match arg.get_default_values() {
        [one] if is_switch(arg) => one.to_string_lossy().into_owned(),
        [] if is_list(arg) => "[]".into(),
        [] => "\"\"".into(),
        [one] => quoted(one),
        several => format!("[{}]", several.iter().map(|v| quoted(v)).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
pub(super) fn example_of(command: Command) -> String {
    example(command)
}

#[cfg(test)]
pub(super) fn masked_of(key: &str, value: &str) -> String {
    masked(key, value)
}
