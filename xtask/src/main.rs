//! House-keeping of the project: `cargo xtask tidy | codegen | bench | dist`.
//!
//! `tidy` holds the floors: each rule of the house is a function in [`tidy`] with a small bad example in its tests.
//! Nothing here is part of the product.

mod bench;
mod codegen;
mod dist;
mod read;
mod tidy;
mod typescript;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};

const HELP: &str = "\
cargo xtask tidy                 check the rules of the house; lists what breaks them
cargo xtask codegen [--check]    write docs/ and the console's types, or only say whether they are current
cargo xtask bench store|serve|forms|submissions …  measure; prints the machine's load and disk first
cargo xtask dist                 release binary, check sums, size and licences into target/dist
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether the answer is yes.
fn run(args: &[String]) -> Result<bool> {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["tidy"] => tidy::run(&root()?),
        ["codegen"] => codegen::run(&root()?, false),
        ["codegen", "--check"] => codegen::run(&root()?, true),
        ["bench", rest @ ..] => bench::run(&root()?, rest),
        ["dist"] => dist::run(&root()?),
        ["help" | "--help" | "-h"] | [] => {
            print!("{HELP}");
            Ok(true)
        }
        _ => anyhow::bail!("unknown: {}\n{HELP}", words.join(" ")),
    }
}

/// The top of the project, found from here upwards.
fn root() -> Result<PathBuf> {
    let here = std::env::current_dir()?;
    let found = here.ancestors().find(|dir| dir.join("Cargo.lock").is_file() && dir.join("xtask").is_dir());
    found.map(PathBuf::from).context("run this inside the project")
}
