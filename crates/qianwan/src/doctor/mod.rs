//! `qianwan doctor`: finds trouble and explains it, beside a running server or without one. It changes nothing.
//!
//! A check is a function from [`Scene`] to findings; a finding is a word, under which the locale files say what it is, why it
//! matters and what to do (`doctor.<word>.what`, `.why`, `.do`). What only judges numbers is apart, for the tests.

mod certificates;
mod clock;
mod database;
mod disk;
mod machine;
mod owners;

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::Result;
use clap::{Args, Command, FromArgMatches};
use serde::Serialize;
use server::wording::{Language, both, fill};

use crate::{
    Data, End,
    config::{self, Named},
    serve::Serve,
};

/// `qianwan doctor`.
#[derive(Args)]
pub struct Doctor {
    #[command(flatten)]
    data: Data,
    /// Directory in which `qianwan backup --dir` keeps backups
    #[arg(long, env = "QIANWAN_BACKUP_DIR")]
    backup_dir: Option<PathBuf>,
    /// The newest backup may be so many hours old
    #[arg(long, env = "QIANWAN_BACKUP_HOURS", default_value_t = 26)]
    backup_hours: u64,
    /// So many MB have to be free where the data are
    #[arg(long, env = "QIANWAN_FREE_MB", default_value_t = 1024)]
    free_mb: u64,
    /// Every fact and the content of every file, however long it takes
    #[arg(long)]
    full: bool,
    /// Only whether the server answers and the disk has room, for health checks
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Worth knowing.
    Note,
    /// To be mended.
    Trouble,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its word.
    pub finding: &'static str,
    /// How bad it is.
    pub weight: Weight,
    /// What the wording is filled with.
    pub args: Vec<(&'static str, String)>,
}

impl Finding {
    /// Something to be mended.
    pub fn trouble(finding: &'static str, args: Vec<(&'static str, String)>) -> Finding {
        Finding { finding, weight: Weight::Trouble, args }
    }

    /// Something worth knowing.
    pub fn note(finding: &'static str, args: Vec<(&'static str, String)>) -> Finding {
        Finding { finding, weight: Weight::Note, args }
    }

    fn part(&self, language: Language, part: &str) -> String {
        fill(language, &format!("doctor.{}.{part}", self.finding), &self.args)
    }
}

/// What the checks look at.
pub struct Scene {
    doctor: Doctor,
    /// How `serve` is configured here, where that can be told.
    serve: Option<Serve>,
    now: SystemTime,
    /// The process that holds the data directory.
    holder: Option<machine::Process>,
}

impl Scene {
    fn dir(&self) -> &Path {
        &self.doctor.data.data
    }

    fn now_ms(&self) -> i64 {
        let since = self.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

impl Doctor {
    /// Runs it.
    pub fn run(self, command: Command, named: &Named) -> Result<End> {
        let (json, quick) = (self.json, self.quick);
        let (findings, holder) = self.findings(command, named);
        if json {
            let shown: Vec<_> = findings.iter().map(shown).collect();
            println!("{}", serde_json::json!({ "findings": shown, "held_by": holder }));
        } else {
            if let Some(holder) = holder.filter(|_| !quick) {
                let id = holder.id.map_or_else(|| "?".into(), |id| id.to_string());
                println!("{}", both("doctor.held_by", &[("id", id), ("name", holder.name)]));
            }
            for finding in &findings {
                say(finding);
            }
            if findings.is_empty() {
                println!("{}", both("doctor.healthy", &[]));
            } else if !quick {
                println!("{}", both("doctor.count", &[("n", findings.len().to_string())]));
            }
        }
        let trouble = findings.iter().any(|f| f.weight == Weight::Trouble);
        Ok(if trouble { End::No } else { End::Success })
    }

    fn findings(self, command: Command, named: &Named) -> (Vec<Finding>, Option<machine::Process>) {
        let mut found = Vec::new();
        let serve = configured(command, named, &self.data.data, &mut found);
        let holder = machine::holder(&self.data.data.join("lock"));
        let scene = Scene { serve, now: SystemTime::now(), holder, doctor: self };
        if !scene.dir().is_dir() {
            found.push(Finding::trouble("no-data", vec![("dir", scene.dir().display().to_string())]));
            return (found, None);
        }
        found.extend(disk::room(&scene));
        if scene.doctor.quick {
            found.extend(machine::answers(&scene));
            return (found, scene.holder);
        }
        found.extend(owners::check(&scene));
        found.extend(machine::check(&scene));
        found.extend(certificates::check(&scene));
        // Before the database is opened: that may bring its write-ahead log home.
        found.extend(disk::write_ahead_log(&scene));
        found.extend(database::check(&scene));
        found.extend(clock::check(&scene));
        found.extend(disk::backups(&scene));
        (found, scene.holder)
    }
}

/// What the settings say, and what is wrong with them.
fn configured(command: Command, named: &Named, dir: &Path, found: &mut Vec<Finding>) -> Option<Serve> {
    let (_, _, faults) = config::settings_of(command.clone(), named, &|name| std::env::var(name).ok());
    // Whoever gave --data here need not have set it for the server.
    let faults: Vec<_> = faults.iter().filter(|f| f.key.is_some() || f.at.is_some()).collect();
    if !faults.is_empty() {
        let all = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n    ");
        found.push(Finding::trouble("settings", vec![("faults", all)]));
    }
    let command = config::with_file(command, named).ok()?;
    let matches =
        command.try_get_matches_from(["qianwan".as_ref(), "serve".as_ref(), "--data".as_ref(), dir.as_os_str()]).ok()?;
    Serve::from_arg_matches(matches.subcommand_matches("serve")?).ok()
}

fn say(finding: &Finding) {
    let mark = if finding.weight == Weight::Trouble { "✗" } else { "·" };
    println!("{mark} {}", finding.finding);
    for part in ["what", "why", "do"] {
        let (zh, en) = (finding.part(Language::Chinese, part), finding.part(Language::English, part));
        println!("    {zh}\n    {en}");
    }
}

fn shown(finding: &Finding) -> serde_json::Value {
    let words = |language| {
        serde_json::json!({
            "what": finding.part(language, "what"), "why": finding.part(language, "why"), "do": finding.part(language, "do"),
        })
    };
    let args: serde_json::Map<_, _> = finding.args.iter().map(|(k, v)| ((*k).to_owned(), v.clone().into())).collect();
    serde_json::json!({
        "finding": finding.finding, "weight": finding.weight, "args": args,
        "zh": words(Language::Chinese), "en": words(Language::English),
    })
}
