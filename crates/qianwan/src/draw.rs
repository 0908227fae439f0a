//! `draw run`, `draw verify`: draws that anybody can check (QW-DRAW-1), without an installation.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use ranking::draw::{DrawRefusal, Frame, Given, Plan, Published, Record, Unit, run, verify};
use server::wording::both;

use crate::{
    End,
    files::{bytes, name, write_whole},
};

/// `qianwan draw`.
#[derive(Subcommand)]
pub enum Draw {
    /// Draw from a frame by a plan, a secret and public beacons
    Run(Run),
    /// Make a published draw again and compare everything
    Verify(Verify),
}

impl Draw {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        match self {
            Draw::Run(c) => c.run(),
            Draw::Verify(c) => c.run(),
        }
    }
}

/// `qianwan draw run`.
#[derive(Args)]
pub struct Run {
    /// CSV with the columns id and perhaps stratum, size, x, y (metres)
    #[arg(long)]
    frame: PathBuf,
    /// The plan (JSON): {"n": {"A": 4}} by stratum, or {"method": "systematic" | "pareto" | "lpm2", "n": 9}
    #[arg(long)]
    plan: PathBuf,
    /// At least 16 bytes that nobody could guess, in hexadecimal; what was committed to
    #[arg(long, value_name = "HEX", env = "QIANWAN_SECRET", hide_env_values = true)]
    secret: String,
    /// What the beacons said, in the order of the plan; bytes that are no text as hex:…
    #[arg(long, num_args = 1.., required = true, value_name = "TEXT")]
    beacon: Vec<String>,
    /// The draw's own id, as published; without it the name of the plan's file
    #[arg(long)]
    id: Option<String>,
    /// Where the record goes (JSON)
    #[arg(long)]
    out: PathBuf,
}

impl Run {
    fn run(self) -> Result<End> {
        let units = match frame(&bytes(&self.frame)?) {
            Ok(units) => units,
            Err(findings) => {
                findings.iter().for_each(|finding| eprintln!("✗ {}: {finding}", name(&self.frame)));
                return Ok(End::BadInput);
            }
        };
        let id = self.id.clone().unwrap_or_else(|| self.plan.file_stem().unwrap_or_default().to_string_lossy().into_owned());
        match self.drawn(units, &id)? {
            Ok(record) => {
                write_whole(&self.out, |to| serde_json::to_writer_pretty(to, &record).map_err(Into::into))?;
                let args = [("n", record.drawn.len().to_string()), ("all", record.units.len().to_string()), ("id", id)];
                println!("{}", both("cli.drawn", &args));
                Ok(End::Success)
            }
            Err(refusal) => {
                eprintln!("✗ {}", told(&refusal));
                Ok(End::BadInput)
            }
        }
    }

    fn drawn(&self, units: Vec<Unit>, id: &str) -> Result<Result<Record, DrawRefusal>> {
        let text = fs::read_to_string(&self.plan).with_context(|| self.plan.display().to_string())?;
        let made = || {
            let (frame, plan) = (Frame::new(units)?, Plan::parse(&text)?);
            let secret = hex::decode(self.secret.trim()).map_err(|_| DrawRefusal::HexUnreadable { field: "secret" })?;
            let beacon = |text: &String| match text.strip_prefix("hex:") {
                Some(digits) => hex::decode(digits).map_err(|_| DrawRefusal::HexUnreadable { field: "beacon" }),
                None => Ok(text.clone().into_bytes()),
            };
            let beacons = self.beacon.iter().map(beacon).collect::<Result<Vec<_>, _>>()?;
            run(Given { draw_id: id, frame: &frame, plan: &plan, secret: &secret, beacons: &beacons })
        };
        Ok(made())
    }
}

/// `qianwan draw verify`.
#[derive(Args)]
pub struct Verify {
    /// The record (JSON)
    #[arg(long)]
    draw: PathBuf,
    /// What was published before the beacon (JSON: draw_id, frame_hash, plan_hash, commitment)
    #[arg(long)]
    published: Option<PathBuf>,
}

impl Verify {
    fn run(self) -> Result<End> {
        let Some(record) = json::<Record>(&self.draw)? else { return Ok(End::BadInput) };
        let published = match &self.published {
            None => None,
            Some(file) => match json::<Published>(file)? {
                Some(published) => Some(published),
                None => return Ok(End::BadInput),
            },
        };
        match verify(&record, published.as_ref()) {
            Ok(()) => {
                let key = if published.is_some() { "cli.draw_stands" } else { "cli.draw_stands_alone" };
                println!("{}", both(key, &[("id", record.draw_id.clone()), ("n", record.drawn.len().to_string())]));
                Ok(End::Success)
            }
            Err(refusal) => {
                println!("✗ {}", told(&refusal));
                Ok(End::No)
            }
        }
    }
}

/// Reads a file of ours; says where it is broken.
fn json<T: serde::de::DeserializeOwned>(file: &Path) -> Result<Option<T>> {
    match serde_json::from_slice(&bytes(file)?) {
        Ok(value) => Ok(Some(value)),
        Err(e) => {
            let args = [("line", e.line().to_string()), ("column", e.column().to_string()), ("why", e.to_string())];
            eprintln!("✗ {}: {}", name(file), both("cli.json_broken", &args));
            Ok(None)
        }
    }
}

/// Units of a frame, or all that is wrong with the table, by row and column.
fn frame(text: &[u8]) -> Result<Vec<Unit>, Vec<String>> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut reader = csv::Reader::from_reader(text);
    let broken = |e: csv::Error| vec![both("cli.csv_broken", &[("why", e.to_string())])];
    let headers = reader.headers().map_err(broken)?.clone();
    let column = |name: &str| headers.iter().position(|h| h.trim().eq_ignore_ascii_case(name));
    let Some(id) = column("id") else { return Err(vec![both("cli.column_missing", &[("column", "id".to_owned())])]) };
    let (mut units, mut findings) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let row = record.position().map_or(0, csv::Position::line);
        let text = |name: &str| column(name).and_then(|at| record.get(at)).unwrap_or_default();
        let mut number = |name: &str, absent: i64, least: i64| {
            let given = text(name).trim();
            if given.is_empty() {
                return absent;
            }
            given.parse::<i64>().ok().filter(|n| *n >= least).unwrap_or_else(|| {
                let args = [("column", name.to_owned()), ("value", given.to_owned())];
                findings.push(format!("{row}: {}", both("cli.not_a_number", &args)));
                absent
            })
        };
        let (size, x, y) = (number("size", 1, 0), number("x", 0, i64::MIN), number("y", 0, i64::MIN));
        units.push(Unit {
            id: record.get(id).unwrap_or_default().to_owned(),
            stratum: text("stratum").to_owned(),
            size: size.unsigned_abs(),
            x,
            y,
        });
    }
    if findings.is_empty() { Ok(units) } else { Err(findings) }
}

fn told(refusal: &DrawRefusal) -> String {
    both(&format!("draw.{}", refusal.code()), &refusal.arguments())
}

#[cfg(test)]
mod tests {
    use server::wording::{Language, text};

    use super::*;

    fn code(end: Result<End>) -> i32 {
        match end.expect("files are there") {
            End::Success => 0,
            End::No => 1,
            End::BadInput => 2,
        }
    }

    #[test]
    fn drawn_and_checked() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| fs::write(at(name), text).expect("written");
        write("f.csv", "stratum,id,size\nA,v1,3\nA,v2,\nB,v3,5\n");
        write("bad.csv", "id,size\nv1,many\n");
        write("twice.csv", "id\nv1\nv1\n");
        write("autumn.json", r#"{"n":{"A":1,"B":1}}"#);
        let draw = |frame: &str, secret: &str, beacon: &str| {
            let beacon = vec![beacon.to_owned()];
            code(
                Run { frame: at(frame), plan: at("autumn.json"), secret: secret.into(), beacon, id: None, out: at("d.json") }
                    .run(),
            )
        };
        let check = |published: Option<&str>| code(Verify { draw: at("d.json"), published: published.map(at) }.run());
        let secret = "000102030405060708090a0b0c0d0e0f";
        assert_eq!(draw("bad.csv", secret, "b"), 2);
        assert_eq!(draw("twice.csv", secret, "b"), 2);
        assert_eq!((draw("f.csv", "0001", "b"), draw("f.csv", "no", "b"), draw("f.csv", secret, "hex:0")), (2, 2, 2));
        assert!(!at("d.json").exists());
        assert_eq!((draw("f.csv", secret, "hex:6279"), check(None)), (0, 0));
        let record: Record = serde_json::from_slice(&bytes(&at("d.json")).expect("read")).expect("a record");
        assert_eq!((record.draw_id.as_str(), record.drawn.len(), record.beacons[0].as_str()), ("autumn", 2, "6279"));
        let published = |commitment: &str| {
            let (frame_hash, plan_hash) = (record.frame_hash.clone(), record.plan_hash.clone());
            let told = Published { draw_id: "autumn".into(), frame_hash, plan_hash, commitment: commitment.into() };
            write("p.json", &serde_json::to_string(&told).expect("JSON"));
        };
        published(&record.commitment);
        assert_eq!(check(Some("p.json")), 0);
        published("another");
        assert_eq!(check(Some("p.json")), 1);
        let mut other = record.clone();
        other.drawn.reverse();
        other.units[0].drawn = !other.units[0].drawn;
        write("d.json", &serde_json::to_string(&other).expect("JSON"));
        assert_eq!(check(None), 1, "what is recorded does not follow from the draw");
        write("d.json", "{");
        assert_eq!(check(None), 2);
    }

    #[test]
    fn refusals_have_words() {
        for code in DrawRefusal::CODES {
            for language in [Language::Chinese, Language::English] {
                let key = format!("draw.{code}");
                assert_ne!(text(language, &key), key, "{} is missing", language.tag());
            }
        }
    }
}
