//! What a measurement ran on, and how busy that was.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

/// How long the disk is tried.
const DISK_TIME: Duration = Duration::from_secs(2);

/// A few lines for the head of a report.
pub fn describe(root: &Path) -> Result<String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let disk = syncs(&target).context("cannot try the disk")?;
    let mut out = String::new();
    let _ = writeln!(out, "cpu          {}", cpu_model());
    let _ = writeln!(out, "cores        {}", std::thread::available_parallelism().map_or(0, usize::from));
    let _ = writeln!(out, "load         {}", first_words("/proc/loadavg", 3));
    let _ = writeln!(out, "memory       {}", memory());
    let _ = writeln!(out, "kernel       {}", first_words("/proc/sys/kernel/osrelease", 1));
    let _ = writeln!(out, "fdatasync    {disk}");
    Ok(out)
}

fn first_words(path: &str, count: usize) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|_| "unknown".into());
    text.split_whitespace().take(count).collect::<Vec<_>>().join(" ")
}

fn cpu_model() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|l| l.starts_with("model name"));
    line.and_then(|l| l.split_once(':')).map_or_else(|| "unknown".into(), |(_, name)| name.trim().to_owned())
}

fn memory() -> String {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = |name: &str| {
        text.lines().find(|l| l.starts_with(name)).and_then(|l| l.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0)
    };
    format!("{} MB, {} MB available", kib("MemTotal:") / 1024, kib("MemAvailable:") / 1024)
}

/// Appends of 4 KiB, each made durable, one after the other: what a log that commits one by one can reach.
fn syncs(dir: &Path) -> Result<String> {
    fs::create_dir_all(dir)?;
    let path = dir.join(format!("fdatasync-{}", std::process::id()));
    let mut file = File::create(&path)?;
    let mut times = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < DISK_TIME {
        let one = Instant::now();
        file.write_all(&[0x51; 4096])?;
        file.sync_data()?;
        times.push(one.elapsed());
    }
    let seconds = begun.elapsed().as_secs_f64();
    drop(file);
    fs::remove_file(&path)?;
    Ok(summary(&mut times, seconds))
}

fn summary(times: &mut [Duration], seconds: f64) -> String {
    times.sort();
    let at = |share: f64| {
        times.get(((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1))).map_or(0, Duration::as_micros)
    };
    format!(
        "{:.0}/s, p50 {} µs, p99 {} µs ({} of 4 KiB in {seconds:.1} s)",
        times.len() as f64 / seconds,
        at(0.5),
        at(0.99),
        times.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_summed_up() {
        let mut times: Vec<Duration> = (1..=100).rev().map(Duration::from_micros).collect();
        assert_eq!(summary(&mut times, 0.5), "200/s, p50 51 µs, p99 100 µs (100 of 4 KiB in 0.5 s)");
        assert!(summary(&mut [], 1.0).starts_with("0/s"));
    }
}
