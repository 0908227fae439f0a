//! The planner on synthetic instances over real codes: plan, proven bound, gap, CPU and memory, each solve in a process of its own on one
//! thread; the worst of the seeds counts. `--case zhejiang` plans the whole register over fifteen years with 180 billion yuan in total.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::Options;

/// A size of instance with its goals.
struct Kind {
    name: &'static str,
    /// Options of the generator.
    options: &'static [&'static str],
    /// Places that the seeds go through in turn.
    places: &'static [&'static str],
    /// Largest gap, as a share.
    gap: f64,
    cpu_seconds: f64,
    memory_mb: f64,
}

const COUNTIES: &[&str] =
    &["330110", "330182", "330281", "330327", "330424", "330522", "330604", "330727", "330881", "331023", "331122"];
const CITIES: &[&str] = &["3301", "3302", "3303", "3304", "3305", "3306", "3307", "3308", "3310", "3311"];
const NO_MEMORY_GOAL: f64 = f64::INFINITY;

const KINDS: &[Kind] = &[
    Kind {
        name: "tiny",
        options: &["--max-villages", "10", "--years", "3"],
        places: &["330822"],
        gap: 0.0,
        cpu_seconds: 2.0,
        memory_mb: NO_MEMORY_GOAL,
    },
    Kind { name: "county", options: &[], places: COUNTIES, gap: 0.0010, cpu_seconds: 2.0, memory_mb: NO_MEMORY_GOAL },
    Kind {
        name: "county-bonus",
        options: &["--bonus", "20"],
        places: COUNTIES,
        gap: 0.0015,
        cpu_seconds: 2.0,
        memory_mb: NO_MEMORY_GOAL,
    },
    Kind {
        name: "county-15",
        options: &["--years", "15"],
        places: COUNTIES,
        gap: 0.005,
        cpu_seconds: 10.0,
        memory_mb: NO_MEMORY_GOAL,
    },
    Kind { name: "city", options: &[], places: CITIES, gap: 0.0010, cpu_seconds: 10.0, memory_mb: NO_MEMORY_GOAL },
    Kind { name: "province", options: &[], places: &["33"], gap: 0.003, cpu_seconds: 30.0, memory_mb: 250.0 },
    Kind {
        name: "province-bonus",
        options: &["--bonus", "20"],
        places: &["33"],
        gap: 0.004,
        cpu_seconds: 90.0,
        memory_mb: NO_MEMORY_GOAL,
    },
    Kind { name: "province-15", options: &["--years", "15"], places: &["33"], gap: 0.005, cpu_seconds: 300.0, memory_mb: 1024.0 },
];

/// 180 billion yuan in units of a thousand: what fifteen years of the programme took (UN Champions of the Earth 2018).
const ZHEJIANG_TOTAL: &str = "180000000";

/// Options: `kinds` (`tiny,county,county-bonus,county-15`; also city, province, province-bonus, province-15, or all), `seeds` (`101-110`), `case`
/// (`zhejiang`), `python` (`python3`), `threads` (1), `effort` (1), `highs` (seconds for HiGHS on the same models; `python` must import highspy).
pub fn run(root: &Path, options: &Options) -> Result<bool> {
    let bench = Bench::ready(root, options)?;
    if let Some(case) = options.word("case") {
        ensure!(case == "zhejiang", "--case zhejiang is the only one");
        return bench.zhejiang(options);
    }
    let wanted = options.word("kinds").unwrap_or("tiny,county,county-bonus,county-15");
    let kinds: Vec<&Kind> = KINDS.iter().filter(|k| wanted == "all" || wanted.split(',').any(|w| w == k.name)).collect();
    ensure!(!kinds.is_empty(), "no such kind: {wanted}");
    println!("needs, costs and money are synthetic; only the codes of places are real");
    println!(
        "{:<15} {:<9} {:>9} {:>9} {:>8} {:>8} {:>7}  goal",
        "instance", "seeds", "gap worst", "mean", "CPU s", "wall s", "MB"
    );
    let mut met = true;
    for kind in kinds {
        met &= bench.kind(kind, options)?;
    }
    Ok(met)
}

struct Bench {
    root: PathBuf,
    folder: PathBuf,
    solve: PathBuf,
    python: String,
    threads: String,
    effort: String,
}

/// What one solve said.
struct Solved {
    gap: f64,
    cpu_seconds: f64,
    seconds: f64,
    memory_mb: f64,
    line: Value,
}

impl Bench {
    /// Builds the program that solves, and finds what instances are made of.
    fn ready(root: &Path, options: &Options) -> Result<Bench> {
        let cargo = ["build", "--release", "--quiet", "--locked", "--package", "planner", "--example", "solve"];
        ensure!(Command::new("cargo").args(cargo).current_dir(root).status()?.success(), "the planner could not be built");
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let folder = target.join("bench-planner");
        std::fs::create_dir_all(&folder)?;
        let word = |name: &str, usual: &str| options.word(name).unwrap_or(usual).to_owned();
        Ok(Bench {
            root: root.to_owned(),
            folder,
            solve: target.join("release/examples/solve"),
            python: word("python", "python3"),
            threads: word("threads", "1"),
            effort: word("effort", "1"),
        })
    }

    /// Makes an instance; what the generator says of it.
    fn instance(&self, name: &str, total: Option<&str>, options: &[&str]) -> Result<(PathBuf, String)> {
        let (register, generator) =
            ("../shared/data/registry/zhejiang_divisions_2023.csv.gz", "../shared/tools/gen_planner_instance.py");
        let out = self.folder.join(format!("{name}.json"));
        let mut python = Command::new(&self.python);
        python
            .arg(self.root.join("xtask/src/bench/planner.py"))
            .arg(self.root.join(register))
            .arg(self.root.join(generator))
            .arg(&out);
        if let Some(total) = total {
            python.args(["--total", total]);
        }
        let said = python.args(options).output().with_context(|| self.python.clone())?;
        if !said.status.success() {
            bail!("the instance was not made: {}", String::from_utf8_lossy(&said.stderr));
        }
        Ok((out, String::from_utf8_lossy(&said.stdout).trim().to_owned()))
    }

    fn solved(&self, instance: &Path) -> Result<Solved> {
        let given = ["--quiet", "--threads", &self.threads, "--effort", &self.effort];
        let said = Command::new(&self.solve).arg(instance).args(given).output()?;
        ensure!(said.status.success(), "{}: {}", instance.display(), String::from_utf8_lossy(&said.stderr));
        let text = String::from_utf8(said.stdout)?;
        let line: Value = serde_json::from_str(text.lines().last().unwrap_or_default())?;
        let number = |name: &str| line[name].as_f64().with_context(|| format!("no {name} in {line}"));
        let (gap, cpu_seconds) = (number("gap")?, number("cpu_seconds")?);
        Ok(Solved { gap, cpu_seconds, seconds: number("seconds")?, memory_mb: number("peak_mb")?, line })
    }

    fn kind(&self, kind: &Kind, options: &Options) -> Result<bool> {
        let usual = if kind.name == "tiny" {
            "1-5"
        } else if kind.name.starts_with("province") {
            "101-102"
        } else {
            "101-110"
        };
        let seeds = options.word("seeds").unwrap_or(usual);
        let (first, last) = seeds.split_once('-').unwrap_or((seeds, seeds));
        let (first, last): (u64, u64) = (first.parse()?, last.parse()?);
        let mut solved = Vec::new();
        for seed in first..=last {
            let place = kind.places[(seed % kind.places.len() as u64) as usize];
            let seed = seed.to_string();
            let given = [&["--place", place, "--seed", &seed], kind.options].concat();
            let (instance, _) = self.instance(kind.name, None, &given)?;
            solved.push(self.solved(&instance)?);
            self.highs(&instance, options)?;
        }
        ensure!(!solved.is_empty(), "no seeds in {seeds}");
        let worst = |of: fn(&Solved) -> f64| solved.iter().map(of).fold(0.0, f64::max);
        let mean = solved.iter().map(|s| s.gap).sum::<f64>() / solved.len() as f64;
        let (gap, cpu, memory) = (worst(|s| s.gap), worst(|s| s.cpu_seconds), worst(|s| s.memory_mb));
        let met = gap <= kind.gap && cpu <= kind.cpu_seconds && memory <= kind.memory_mb;
        let memory_goal = if kind.memory_mb.is_finite() { format!(", {} MB", kind.memory_mb) } else { String::new() };
        println!(
            "{:<15} {seeds:<9} {:>7.3} % {:>7.3} % {cpu:>8.2} {:>8.2} {memory:>7.0}  ≤ {:.2} %, {} s{memory_goal}: {}",
            kind.name,
            100.0 * gap,
            100.0 * mean,
            worst(|s| s.seconds),
            100.0 * kind.gap,
            kind.cpu_seconds,
            if met { "met" } else { "MISSED" }
        );
        Ok(met)
    }

    /// The same model in HiGHS, where seconds for it are given.
    fn highs(&self, instance: &Path, options: &Options) -> Result<()> {
        let Some(seconds) = options.word("highs") else { return Ok(()) };
        let script = self.root.join("crates/planner/tests/highs.py");
        let status = Command::new(&self.python).arg(script).arg(&self.solve).arg(seconds).arg(instance).status()?;
        ensure!(status.success(), "HiGHS was not asked: {} must import highspy", self.python);
        Ok(())
    }

    fn zhejiang(&self, options: &Options) -> Result<bool> {
        let seed = options.word("seeds").unwrap_or("1");
        let given = ["--place", "33", "--years", "15", "--seed", seed];
        let (instance, said) = self.instance("zhejiang", Some(ZHEJIANG_TOTAL), &given)?;
        println!(
            "Zhejiang's register over fifteen years with 180 billion yuan in total; needs, costs and the split of the money are SYNTHETIC (seed {seed})"
        );
        println!("{said}");
        let solved = self.solved(&instance)?;
        println!("plan {}, bound {}", solved.line["objective"], solved.line["bound"]);
        println!(
            "gap at most {:.4} %, {:.1} CPU s, {:.1} s, {:.0} MB",
            100.0 * solved.gap,
            solved.cpu_seconds,
            solved.seconds,
            solved.memory_mb
        );
        Ok(true)
    }
}
