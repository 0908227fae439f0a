//! `qianwan backup` and `qianwan restore`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use clap::Args;
use domain::{
    access::{BackupMade, Note},
    basics::Day,
};
use server::wording::both;

use crate::{Data, End, data, particulars};

/// `qianwan backup`.
#[derive(Args)]
pub struct Backup {
    #[command(flatten)]
    data: Data,
    /// Where to; never overwrites
    #[arg(long)]
    out: Option<PathBuf>,
    /// Directory that keeps several, each with its time in its name
    #[arg(long = "dir", id = "backup_dir", env = "QIANWAN_BACKUP_DIR")]
    dir: Option<PathBuf>,
    /// With --dir: how many are kept; the oldest goes only after a new one was written and verified
    #[arg(long, env = "QIANWAN_BACKUP_KEEP", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..))]
    keep: u32,
}

/// `qianwan restore`.
#[derive(Args)]
pub struct Restore {
    /// The backup
    #[arg(long)]
    from: PathBuf,
    /// An empty directory
    #[arg(long, env = "QIANWAN_DATA")]
    data: PathBuf,
    /// Copy of particulars.keys, which is kept apart from backups
    #[arg(long)]
    keys: Option<PathBuf>,
    /// Copy of particulars.erased, which is kept apart from backups: whoever was erased since is erased again
    #[arg(long)]
    erased: Option<PathBuf>,
}

const BEGINS: &str = "qianwan-";
const ENDS: &str = ".backup";

/// Backups that a directory keeps, oldest first. Files with other names are somebody else's.
pub fn kept(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let path = entry.with_context(|| dir.display().to_string())?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let stamp = name.strip_prefix(BEGINS).and_then(|n| n.strip_suffix(ENDS));
        if stamp.is_some_and(is_stamp) && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// `20261124T030005`: in the order of time when sorted.
fn is_stamp(text: &str) -> bool {
    text.len() == 15 && text.bytes().enumerate().all(|(n, b)| if n == 8 { b == b'T' } else { b.is_ascii_digit() })
}

/// By the day as the programme counts it.
fn stamp(now_ms: i64) -> String {
    let day = Day::of_ms(now_ms);
    let second = (now_ms - day.start_ms()).div_euclid(1000);
    format!("{}T{:02}{:02}{:02}", day.to_string().replace('-', ""), second / 3600, second / 60 % 60, second % 60)
}

impl Backup {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        let (out, dir) = match (self.out, self.dir) {
            (Some(out), _) => (out, None),
            (None, Some(dir)) => {
                use std::os::unix::fs::DirBuilderExt;
                let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir);
                made.with_context(|| dir.display().to_string())?;
                (dir.join(format!("{BEGINS}{}{ENDS}", stamp(data::now_ms()))), Some(dir))
            }
            (None, None) => bail!(both("cli.backup_where", &[])),
        };
        let installation = self.data.open_existing_or_ask()?;
        let facts = store::backup(&installation.store, &out)
            .with_context(|| both("cli.backup_failed", &[("file", out.display().to_string())]))?;
        if let Err(e) = installation.note(Note::BackupMade(BackupMade { facts })) {
            // The backup is there all the same, and better than none.
            eprintln!("{}", both("cli.audit_unnoted_backup", &[("why", format!("{e:#}"))]));
        }
        println!("{}", both("cli.backed_up", &[("file", out.display().to_string()), ("facts", facts.to_string())]));
        particulars::kept_apart(&installation.store)?;
        if let Some(dir) = dir {
            forget(&dir, self.keep, &out)?;
        }
        Ok(End::Success)
    }
}

/// Removes the oldest beyond `keep`; never the one just made, whatever the clock said when it was named.
fn forget(dir: &Path, keep: u32, made: &Path) -> Result<()> {
    let all = kept(dir)?;
    let beyond = all.len().saturating_sub(keep as usize);
    for old in all.iter().filter(|path| *path != made).take(beyond) {
        fs::remove_file(old).with_context(|| old.display().to_string())?;
        println!("{}", both("cli.backup_forgotten", &[("file", old.display().to_string())]));
    }
    Ok(())
}

impl Restore {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        let places = [("file", self.from.display().to_string()), ("dir", self.data.display().to_string())];
        let facts = store::restore(&self.from, &self.data).with_context(|| both("cli.restore_refused", &places))?;
        println!("{}", both("cli.backed_up", &[("file", self.data.display().to_string()), ("facts", facts.to_string())]));
        let restored = Data { data: self.data, database: None, suite: "sha256".into() };
        particulars::put_back(&*restored.open_beside()?, self.keys.as_deref(), self.erased.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time_and_others_are_left_alone() {
        // 03:00:05 on 24 November 2026, Asia/Shanghai.
        assert_eq!(stamp(1_795_460_405_000), "20261124T030005");
        let dir = tempfile::tempdir().expect("a folder");
        let put = |name: &str| {
            fs::write(dir.path().join(name), "x").expect("written");
            dir.path().join(name)
        };
        for other in ["letter.txt", "qianwan-old.backup", "qianwan-20261124T030005.part", "qianwan-2026112T0300055.backup"] {
            put(other);
        }
        let made: Vec<PathBuf> = (1..=5).map(|n| put(&format!("qianwan-2026110{n}T000000.backup"))).collect();
        assert_eq!(kept(dir.path()).expect("read"), made);
        forget(dir.path(), 9, &made[4]).expect("nothing to do");
        assert_eq!(kept(dir.path()).expect("read").len(), 5);
        forget(dir.path(), 2, &made[4]).expect("forgotten");
        assert_eq!(kept(dir.path()).expect("read"), made[3..]);
        // The clock went back: the new one sorts first, and stays.
        let back = put("qianwan-20250101T000000.backup");
        forget(dir.path(), 1, &back).expect("forgotten");
        assert_eq!(kept(dir.path()).expect("read"), [back]);
        assert!(dir.path().join("letter.txt").exists() && dir.path().join("qianwan-old.backup").exists());
    }
}
