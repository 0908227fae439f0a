//! Settings: flags before environment before file before what is built in.
//!
//! **A setting is an argument with an environment variable.** `#[arg(long, env = "QIANWAN_LISTEN")]` is all there is to
//! declare: its line in the file is the variable's name without `QIANWAN_`, in lower case (`listen = "127.0.0.1:8443"`).
//! The file's values are handed to clap as defaults before anything is parsed, which gives the order by itself.

mod check;
mod file;

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use clap::{Arg, ArgAction, Command, builder::BoolishValueParser};
use server::wording::both;

pub use check::{Config, settings_of};
pub use file::{ConfigFile, Fault};

/// Read where nobody names another.
const DEFAULT_FILE: &str = "/etc/qianwan/qianwan.toml";
/// Names it.
const FILE_VARIABLE: &str = "QIANWAN_CONFIG";
/// What every setting's variable begins with.
const PREFIX: &str = "QIANWAN_";
/// The demo has data of its own: the file of an installation must not lead it there.
const WITHOUT_FILE: &[&str] = &["demo", "config"];

/// Where the file is said to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// By `--config` or the variable: it must be there.
    Said(PathBuf),
    /// The usual place: it may be missing.
    Usual(PathBuf),
}

impl Named {
    /// By the arguments of this process and its environment.
    pub fn here() -> Named {
        Named::by(std::env::args_os(), std::env::var_os(FILE_VARIABLE))
    }

    fn by(args: impl IntoIterator<Item = OsString>, variable: Option<OsString>) -> Named {
        let mut args = args.into_iter().take_while(|a| a != "--");
        while let Some(arg) = args.next() {
            let value = match arg.to_str() {
                Some("--config") => args.next(),
                Some(text) => text.strip_prefix("--config=").map(OsString::from),
                None => None,
            };
            if let Some(value) = value {
                return Named::Said(value.into());
            }
        }
        match variable.filter(|v| !v.is_empty()) {
            Some(path) => Named::Said(path.into()),
            None => Named::Usual(DEFAULT_FILE.into()),
        }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        match self {
            Named::Said(path) | Named::Usual(path) => path,
        }
    }
}

/// The command line where no file counts.
pub fn without_file(command: Command) -> Command {
    flexible(command)
}

/// Whether what is wrong with the file stops this command: not those that have no use for it, nor those that explain it.
pub fn stops_at_faults(args: impl IntoIterator<Item = OsString>) -> bool {
    let mut args = args.into_iter().skip(1);
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("--config") => drop(args.next()),
            Some(text) if text.starts_with("--config=") => {}
            Some(text) => {
                return !["config", "doctor", "demo", "openapi", "help", "-h", "--help", "-V", "--version"].contains(&text);
            }
            None => return true,
        }
    }
    false
}

/// The command line with what the file says; or what is wrong with the file.
pub fn with_file(command: Command, named: &Named) -> Result<Command, Vec<Fault>> {
    let command = flexible(command);
    let Some(file) = ConfigFile::read(named, &command)? else { return Ok(command) };
    Ok(with_defaults(command, &file))
}

/// The setting's name in the file.
pub fn key(arg: &Arg) -> Option<String> {
    let variable = arg.get_env().and_then(OsStr::to_str)?;
    variable.strip_prefix(PREFIX).map(str::to_ascii_lowercase).filter(|k| k != "config")
}

fn is_switch(arg: &Arg) -> bool {
    arg.get_value_parser().type_id() == std::any::TypeId::of::<bool>()
}

/// Whether it may be given several times.
fn is_list(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Append)
}

/// Every leaf of the command line, changed.
fn each_leaf(command: Command, change: &dyn Fn(Command) -> Command) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    if names.is_empty() {
        return if WITHOUT_FILE.contains(&command.get_name()) { command } else { change(command) };
    }
    names.into_iter().fold(command, |command, name| {
        if WITHOUT_FILE.contains(&name.as_str()) { command } else { command.mut_subcommand(name, |c| each_leaf(c, change)) }
    })
}

/// Switches that may also be told to be off, so that a flag can overrule the file; and no value of the environment in the
/// help, for it may be a secret.
fn flexible(command: Command) -> Command {
    each_leaf(command, &|command| {
        command.mut_args(|arg| {
            if key(&arg).is_none() {
                return arg;
            }
            let arg = arg.hide_env_values(true);
            if !matches!(arg.get_action(), ArgAction::SetTrue) {
                return arg;
            }
            arg.action(ArgAction::Set)
                .value_parser(BoolishValueParser::new())
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true")
                .default_value("false")
                .hide_default_value(true)
                .hide_possible_values(true)
        })
    })
}

fn with_defaults(command: Command, file: &ConfigFile) -> Command {
    each_leaf(command, &|command| {
        command.mut_args(|arg| match key(&arg).and_then(|key| file.values(&key)) {
            Some(values) => arg.required(false).default_values(values.to_vec()),
            None => arg,
        })
    })
}

/// Every setting of the command line, each once.
fn all_settings(command: &Command) -> Vec<Arg> {
    fn gather(command: &Command, seen: &mut BTreeSet<String>, found: &mut Vec<Arg>) {
        for arg in command.get_arguments() {
            if key(arg).is_some_and(|key| seen.insert(key)) {
                found.push(arg.clone());
            }
        }
        for inner in command.get_subcommands().filter(|c| !WITHOUT_FILE.contains(&c.get_name())) {
            gather(inner, seen, found);
        }
    }
    let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
    gather(command, &mut seen, &mut found);
    found
}

/// What clap says of a value, without its advice for the command line.
fn refusal(arg: &Arg, values: &[String]) -> Option<String> {
    let long = arg.get_long()?;
    let given = values.iter().map(|value| format!("--{long}={value}"));
    let alone = Command::new("qianwan").arg(arg.clone().required(false));
    let refused = alone.try_get_matches_from(std::iter::once("qianwan".to_owned()).chain(given)).err()?;
    let text = refused.render().to_string();
    let words = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    Some(words.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Says what is wrong with the file, a line each.
pub fn say(faults: &[Fault]) {
    for fault in faults {
        eprintln!("{fault}");
    }
    eprintln!("{}", both("config.see_check", &[]));
}

#[cfg(test)]
mod tests;
