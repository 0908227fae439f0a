//! The crate against reference values that nobody of the project wrote: R's survey, sae, lme4, csranks and COINr, published examples.
//!
//! They lie beside the project (`../shared`, or where `QIANWAN_SHARED` points); a case whose file is missing counts as ignored.

mod draws;
mod estimates;
mod ranks;
mod raters;
mod screens;

use std::path::PathBuf;

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

fn shared(file: &str) -> PathBuf {
    let root = std::env::var_os("QIANWAN_SHARED")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
    root.join(file)
}

/// The text of a file beside the project.
fn text(file: &str) -> String {
    std::fs::read_to_string(shared(file)).expect("looked for before")
}

/// One test on one file.
fn case(name: &str, file: &'static str, check: fn(&Value) -> Result<(), Failed>) -> Trial {
    let missing = !shared(file).is_file();
    let run = move || {
        let text = text(file);
        let value =
            if file.ends_with(".json") { serde_json::from_str(&text).map_err(|e| e.to_string())? } else { Value::String(text) };
        check(&value)
    };
    Trial::test(name, run).with_ignored_flag(missing)
}

fn main() {
    let trials = [draws::trials(), estimates::trials(), raters::trials(), ranks::trials(), screens::trials()].concat_all();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

trait ConcatAll {
    fn concat_all(self) -> Vec<Trial>;
}

impl<const N: usize> ConcatAll for [Vec<Trial>; N] {
    fn concat_all(self) -> Vec<Trial> {
        self.into_iter().flatten().collect()
    }
}

/// A list of numbers; `null` is NaN.
fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect()
}

fn table(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().expect("a table").iter().map(numbers).collect()
}

fn integers(value: &Value) -> Vec<usize> {
    numbers(value).into_iter().map(|v| v as usize).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn word(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// Numbers in the order in which names first occur.
#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    fn of(&mut self, name: &Value) -> usize {
        let name = word(name);
        self.0.iter().position(|n| n == name).unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        })
    }
}

/// Relative closeness.
fn close(what: &str, got: f64, want: f64, rel: f64) -> Result<(), Failed> {
    near(what, got, want, rel * want.abs().max(1e-300))
}

/// Absolute closeness.
fn near(what: &str, got: f64, want: f64, abs: f64) -> Result<(), Failed> {
    if (got - want).abs() <= abs { Ok(()) } else { Err(format!("{what}: {got}, not {want}").into()) }
}

/// Exact equality.
fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, want: T) -> Result<(), Failed> {
    if got == want { Ok(()) } else { Err(format!("{what}:\n got  {got:?}\n want {want:?}").into()) }
}
