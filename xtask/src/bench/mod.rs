//! Measurements. A figure without the state of the machine says nothing, so that comes first; ratios against a named
//! reference in the same run say more than absolute times. Results belong in `docs/benchmarks.md`.

#[cfg(feature = "forms")]
mod forms;
#[cfg(feature = "bench")]
mod intake;
mod machine;
#[cfg(feature = "bench")]
mod odata;
mod planner;
#[cfg(feature = "bench")]
mod serve;
#[cfg(feature = "bench")]
mod store;
#[cfg(feature = "bench")]
mod submissions;

use std::path::Path;

use anyhow::Result;

const HELP: &str = "\
cargo xtask bench store [--facts N] [--writers N] [--postgres URL] [--sync-delay-ms N]
cargo xtask bench serve [--url URL] [--clients N] [--seconds N] [--register FILE]
cargo xtask bench forms [--corpus DIR] [--python PROGRAM] [--rounds N]
cargo xtask bench submissions [--submissions N] [--questions N]
cargo xtask bench intake [--submissions N] [--devices N] [--questions N]
cargo xtask bench odata [--submissions N] [--top N]
cargo xtask bench submissions-export [--submissions N]
cargo xtask bench planner [--kinds tiny,county,… | all] [--seeds A-B] [--highs SECONDS --python PROGRAM] | --case zhejiang
cargo xtask bench machine        only what is known of this machine
";

/// Runs one bench.
pub fn run(root: &Path, args: &[&str]) -> Result<bool> {
    match args {
        ["machine"] => {
            print!("{}", machine::describe(root)?);
            Ok(true)
        }
        ["store" | "serve" | "submissions" | "intake" | "odata" | "submissions-export", ..] => measured(root, args),
        ["forms", ..] => converted(root, args),
        ["planner", ..] => {
            print!("{}", machine::describe(root)?);
            planner::run(root, &Options::read(&args[1..])?)
        }
        _ => {
            print!("{HELP}");
            Ok(args.is_empty() || args == ["--help"])
        }
    }
}

/// Without the feature `bench` the upper floors are not built in: call ourselves again, optimised and with them.
#[cfg(not(feature = "bench"))]
fn measured(root: &Path, args: &[&str]) -> Result<bool> {
    again(root, "bench", args)
}

#[cfg(any(not(feature = "bench"), not(feature = "forms")))]
fn again(root: &Path, feature: &str, args: &[&str]) -> Result<bool> {
    let cargo = ["run", "--release", "--package", "xtask", "--features", feature, "--", "bench"];
    let status = std::process::Command::new("cargo").args(cargo).args(args).current_dir(root).status()?;
    Ok(status.success())
}

/// As above, with the converter of forms alone.
#[cfg(not(feature = "forms"))]
fn converted(root: &Path, args: &[&str]) -> Result<bool> {
    again(root, "forms", args)
}

#[cfg(feature = "forms")]
fn converted(root: &Path, args: &[&str]) -> Result<bool> {
    print!("{}", machine::describe(root)?);
    forms::run(root, &Options::read(&args[1..])?)
}

#[cfg(feature = "bench")]
fn measured(root: &Path, args: &[&str]) -> Result<bool> {
    print!("{}", machine::describe(root)?);
    let options = Options::read(&args[1..])?;
    match args[0] {
        "store" => store::run(root, &options),
        "submissions" => submissions::run(root, &options),
        "intake" => intake::run(root, &options),
        "odata" => odata::first_page(root, &options),
        "submissions-export" => odata::export(root, &options),
        _ => serve::run(root, &options),
    }
}

/// `--name value` pairs.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options(Vec<(String, String)>);

#[cfg_attr(not(any(feature = "bench", feature = "forms")), allow(dead_code))]
impl Options {
    /// Reads pairs.
    pub fn read(args: &[&str]) -> Result<Options> {
        let pairs = args.chunks(2).map(|pair| match pair {
            [name, value] if name.starts_with("--") => Ok((name[2..].to_owned(), (*value).to_owned())),
            _ => anyhow::bail!("expected --name value, found {}\n{HELP}", pair.join(" ")),
        });
        pairs.collect::<Result<_>>().map(Options)
    }

    /// The last value given under a name.
    pub fn word(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// A number given under a name, or what is usual.
    pub fn number(&self, name: &str, usual: u64) -> Result<u64> {
        self.word(name)
            .map_or(Ok(usual), |v| v.replace('_', "").parse().map_err(|_| anyhow::anyhow!("--{name} takes a number, not {v:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_pairs() {
        let options = Options::read(&["--facts", "1_000", "--postgres", "postgres://x", "--facts", "2_000"]).expect("pairs");
        assert_eq!((options.number("facts", 1).ok(), options.number("writers", 256).ok()), (Some(2000), Some(256)));
        assert_eq!(options.word("postgres"), Some("postgres://x"));
        assert!(Options::read(&["--facts"]).is_err() && Options::read(&["facts", "1"]).is_err());
        assert!(Options::read(&["--facts", "many"]).expect("a pair").number("facts", 1).is_err());
    }
}
