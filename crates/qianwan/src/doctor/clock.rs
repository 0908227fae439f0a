//! The machine's clock: it goes into every fact.

use std::{fs, process::Command};

use super::{Finding, Scene};

/// Differences up to here are no matter, ms.
const SLACK_MS: i64 = 120_000;

/// What does not depend on the log. The latest fact is looked at with the database.
pub fn check(scene: &Scene) -> Vec<Finding> {
    let mut found = Vec::new();
    // What was written last cannot have been written after now. The folder's own time and the database's.
    let seen = ["", "qianwan.db", "qianwan.db-wal", "keys.json"].iter().filter_map(|name| {
        let written = fs::metadata(scene.dir().join(name)).ok()?.modified().ok()?;
        i64::try_from(written.duration_since(std::time::UNIX_EPOCH).ok()?.as_millis()).ok()
    });
    if let Some(latest) = seen.max()
        && is_behind(scene.now_ms(), latest)
    {
        found.push(Finding::trouble("clock-behind-files", vec![("minutes", minutes(latest - scene.now_ms()))]));
    }
    if not_synchronised() {
        found.push(Finding::trouble("clock-alone", Vec::new()));
    }
    found
}

/// A fact that was recorded after now.
pub fn against_fact(now_ms: i64, latest_ms: Option<i64>) -> Option<Finding> {
    let latest = latest_ms.filter(|latest| is_behind(now_ms, *latest))?;
    Some(Finding::trouble("clock-behind-log", vec![("minutes", minutes(latest - now_ms))]))
}

fn is_behind(now_ms: i64, seen_ms: i64) -> bool {
    seen_ms.saturating_sub(now_ms) > SLACK_MS
}

fn minutes(ms: i64) -> String {
    (ms / 60_000).to_string()
}

/// Only where systemd says so; without it nothing is known.
fn not_synchronised() -> bool {
    let asked = Command::new("timedatectl").args(["show", "--property=NTPSynchronized", "--value"]).output();
    asked.is_ok_and(|out| out.status.success() && out.stdout.trim_ascii() == b"no")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_behind_when_something_is_newer_than_now() {
        for (now, latest, behind) in [
            (1_000_000, None, false),
            (1_000_000, Some(0), false),
            (1_000_000, Some(1_000_000 + SLACK_MS), false),
            (1_000_000, Some(1_000_001 + SLACK_MS), true),
            (0, Some(i64::MAX), true),
        ] {
            assert_eq!(against_fact(now, latest).is_some(), behind, "{latest:?}");
        }
    }
}
