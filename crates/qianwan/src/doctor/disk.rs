//! Room on the disk, the write-ahead log, backups.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use super::{Finding, Scene};
use crate::backup;

const MB: u64 = 1 << 20;
/// The server brings the log home every second; longer than this, something keeps it from doing so.
const LOG_MAX: u64 = 256 * MB;

/// Room for data.
pub fn room(scene: &Scene) -> Vec<Finding> {
    let mut found = place(scene.dir(), scene.doctor.free_mb);
    // The backups may be on another disk.
    if let Some(dir) = scene.doctor.backup_dir.as_deref().filter(|d| d.is_dir() && !same_disk(d, scene.dir())) {
        found.extend(place(dir, scene.doctor.free_mb));
    }
    found
}

fn same_disk(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (fs::metadata(a), fs::metadata(b)) {
        (Ok(a), Ok(b)) => a.dev() == b.dev(),
        _ => true,
    }
}

fn place(dir: &Path, wanted_mb: u64) -> Vec<Finding> {
    let shown = dir.display().to_string();
    let told = match rustix::fs::statvfs(dir) {
        Ok(told) => told,
        Err(e) => return vec![Finding::trouble("disk-unreadable", vec![("dir", shown), ("why", e.to_string())])],
    };
    let read_only = told.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY);
    let free_mb = told.f_bavail.saturating_mul(told.f_frsize) / MB;
    judge(&shown, read_only, (free_mb, wanted_mb), (told.f_favail, told.f_files))
}

fn judge(dir: &str, read_only: bool, (free, wanted): (u64, u64), (inodes, all): (u64, u64)) -> Vec<Finding> {
    let mut found = Vec::new();
    if read_only {
        found.push(Finding::trouble("disk-read-only", vec![("dir", dir.into())]));
    }
    if free < wanted {
        let args = vec![("dir", dir.into()), ("free", free.to_string()), ("wanted", wanted.to_string())];
        found.push(Finding::trouble("disk-full", args));
    }
    if few_inodes(inodes, all) {
        found.push(Finding::trouble("inodes", vec![("dir", dir.into()), ("free", inodes.to_string())]));
    }
    found
}

/// Fewer than one in fifty; some file systems have no such number and say 0 of 0.
fn few_inodes(free: u64, all: u64) -> bool {
    all > 0 && free < all / 50
}

/// The write-ahead log of SQLite.
pub fn write_ahead_log(scene: &Scene) -> Vec<Finding> {
    let file = scene.dir().join("qianwan.db-wal");
    match fs::metadata(&file) {
        Ok(m) if m.len() > LOG_MAX => {
            let args = vec![("file", file.display().to_string()), ("mb", (m.len() / MB).to_string())];
            vec![Finding::trouble("log-long", args)]
        }
        _ => Vec::new(),
    }
}

/// Whether there is a recent backup.
pub fn backups(scene: &Scene) -> Vec<Finding> {
    let hours = scene.doctor.backup_hours;
    let Some(dir) = &scene.doctor.backup_dir else {
        // PostgreSQL has its own tools for it, and they keep their backups elsewhere.
        return if scene.doctor.data.database.is_some() {
            vec![Finding::note("backups-elsewhere", Vec::new())]
        } else {
            vec![Finding::trouble("backups-nowhere", Vec::new())]
        };
    };
    let shown = dir.display().to_string();
    let newest = match backup::kept(dir) {
        Ok(kept) => kept.into_iter().next_back(),
        Err(e) => return vec![Finding::trouble("backups-unreadable", vec![("dir", shown), ("why", format!("{e:#}"))])],
    };
    match newest.and_then(|path| fs::metadata(path).ok()?.modified().ok()) {
        None => vec![Finding::trouble("backups-none", vec![("dir", shown)])],
        Some(made) if is_old(made, scene.now, hours) => {
            let age = scene.now.duration_since(made).unwrap_or_default().as_secs() / 3600;
            let args = vec![("dir", shown), ("hours", age.to_string()), ("wanted", hours.to_string())];
            vec![Finding::trouble("backups-old", args)]
        }
        Some(_) => Vec::new(),
    }
}

fn is_old(made: SystemTime, now: SystemTime, hours: u64) -> bool {
    now.duration_since(made).is_ok_and(|age| age > Duration::from_secs(hours.saturating_mul(3600)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_judged_by_space_inodes_and_whether_anything_can_be_written() {
        let words = |read_only, room, inodes| judge("d", read_only, room, inodes).iter().map(|f| f.finding).collect::<Vec<_>>();
        assert_eq!(words(false, (1024, 1024), (500, 1000)), [""; 0]);
        assert_eq!(words(false, (1023, 1024), (500, 1000)), ["disk-full"]);
        assert_eq!(words(true, (1024, 1024), (500, 1000)), ["disk-read-only"]);
        assert_eq!(words(false, (1024, 1024), (19, 1000)), ["inodes"]);
        // Some file systems have no such number.
        assert_eq!(words(false, (1024, 1024), (0, 0)), [""; 0]);
        assert_eq!(words(true, (0, 1), (0, 1000)), ["disk-read-only", "disk-full", "inodes"]);
    }

    #[test]
    fn a_backup_is_old_when_it_is_older_than_said() {
        let at = |hours: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(hours * 3600);
        assert!(!is_old(at(100), at(126), 26) && is_old(at(100), at(127), 26));
        assert!(!is_old(at(100), at(1), 26), "a clock that went back says nothing of backups");
    }
}
