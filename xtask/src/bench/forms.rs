//! Workbooks to XForms, against pyxform in one warm process, in the same run: every workbook of the corpus that pyxform converts
//! and we do, from bytes in memory to XML in memory, on one thread.
//! CPU seconds of both processes (`/proc/self/schedstat`, `time.process_time`), so that a busy machine does not decide.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use xforms::xlsform::{Kind, convert};

use super::Options;

/// As in the binary; the other benches have their own.
#[cfg(not(feature = "bench"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many times faster than pyxform.
const TARGET: f64 = 50.0;

/// Options: `corpus` (`../shared/data/forms`), `python` (`python3`; it must import pyxform), `rounds` (5).
pub fn run(root: &Path, options: &Options) -> Result<bool> {
    let corpus = options.word("corpus").map_or_else(|| root.join("../shared/data/forms"), PathBuf::from);
    let rounds = options.number("rounds", 5)?.max(1) as usize;
    let index =
        std::fs::read_to_string(corpus.join("INDEX.csv")).with_context(|| format!("no corpus in {}", corpus.display()))?;
    let mut books = Vec::new();
    for line in index.lines().filter(|l| l.contains(",xlsform,") && l.ends_with(",converts")) {
        let name = line.split(',').next().unwrap_or_default();
        let (path, kind) = (corpus.join(name), Kind::of(name).with_context(|| name.to_owned())?);
        let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
        match convert(&bytes, kind, "form") {
            Ok(_) => books.push((path, kind, bytes)),
            Err(_) => println!("left out, refused by us: {name}"),
        }
    }
    ensure!(!books.is_empty(), "no workbooks in {}", corpus.display());
    let bytes: usize = books.iter().map(|(.., bytes)| bytes.len()).sum();
    println!("{} workbooks, {} KiB; CPU seconds for all; of pyxform the middle of {rounds} rounds", books.len(), bytes >> 10);
    // The kernel counts in ticks of milliseconds: many times over, so that they do not matter.
    let times = rounds * 20;
    let start = cpu_seconds()?;
    for _ in 0..times {
        for (path, kind, bytes) in &books {
            let made = convert(bytes, *kind, "form");
            ensure!(made.is_ok_and(|m| !std::hint::black_box(m.xform).is_empty()), "{}", path.display());
        }
    }
    let ours = (cpu_seconds()? - start) / times as f64;
    println!("    ours     {ours:.4}");
    let python = options.word("python").unwrap_or("python3");
    let Some(theirs) = theirs(root, python, rounds, &books)? else {
        println!("    SKIPPED: {python} cannot import pyxform, so that nothing is compared");
        return Ok(true);
    };
    let theirs = middle(theirs);
    let (ratio, met) = (theirs / ours, theirs / ours >= TARGET);
    println!("    pyxform  {theirs:.4}");
    println!("    times faster: {ratio:.1} (target ≥ {TARGET}: {})", if met { "met" } else { "MISSED" });
    Ok(met)
}

/// CPU of this thread so far.
fn cpu_seconds() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").context("CPU times need Linux")?;
    Ok(text.split(' ').next().unwrap_or_default().parse::<f64>()? / 1e9)
}

fn middle(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// Seconds of each round; nothing where pyxform is not there.
fn theirs(root: &Path, python: &str, rounds: usize, books: &[(PathBuf, Kind, Vec<u8>)]) -> Result<Option<Vec<f64>>> {
    let said = Command::new(python).args(["-c", "import pyxform"]).stderr(Stdio::null()).status();
    if !said.is_ok_and(|s| s.success()) {
        return Ok(None);
    }
    let script = root.join("xtask/src/bench/forms.py");
    let mut child = Command::new(python)
        .arg(script)
        .arg(rounds.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context(python.to_owned())?;
    let names = books.iter().map(|(path, ..)| format!("{}\n", path.display())).collect::<String>();
    child.stdin.take().context("standard input")?.write_all(names.as_bytes())?;
    let out = child.wait_with_output()?;
    ensure!(out.status.success(), "pyxform did not finish");
    let lines = String::from_utf8(out.stdout)?;
    Ok(Some(lines.lines().map(str::parse).collect::<Result<_, _>>()?))
}
