//! The machine and the process that serves.

use std::{
    fs,
    os::unix::{fs::MetadataExt, net::UnixStream},
    path::Path,
};

use super::{Finding, Scene};

/// Open files that a busy server needs.
const FILES_MIN: u64 = 4096;
/// Memory that has to be left, MB.
const MEMORY_MIN: u64 = 256;
/// The zone in which the programme counts its days.
const ZONE: &str = "Asia/Shanghai";

/// A process of this machine.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Process {
    /// Its number; none where it is hidden from us.
    pub id: Option<u32>,
    /// What it is called.
    pub name: String,
}

/// Who holds the lock on the data directory.
pub fn holder(lock: &Path) -> Option<Process> {
    let file = fs::OpenOptions::new().read(true).open(lock).ok()?;
    match file.try_lock() {
        // Nobody; the lock goes again with the file.
        Ok(()) => None,
        Err(_) => {
            let inode = fs::metadata(lock).ok()?.ino();
            let locks = fs::read_to_string("/proc/locks").unwrap_or_default();
            let id = in_locks(&locks, inode);
            let name = id.and_then(|id| fs::read_to_string(format!("/proc/{id}/comm")).ok());
            Some(Process { id, name: name.map_or_else(|| "?".into(), |n| n.trim().to_owned()) })
        }
    }
}

/// A line is `1: FLOCK  ADVISORY  WRITE 2744 08:01:1234567 0 EOF`; a waiting one has an arrow after its number.
fn in_locks(locks: &str, inode: u64) -> Option<u32> {
    let holds = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, "FLOCK", _, _, id, place, ..] = words.as_slice() else { return None };
        (place.rsplit(':').next()?.parse::<u64>().ok()? == inode).then(|| id.parse().ok())?
    };
    locks.lines().find_map(holds)
}

fn socket_answers(scene: &Scene) -> bool {
    UnixStream::connect(scene.dir().join("control.sock")).is_ok()
}

/// Whether somebody serves these data, and answers.
pub fn answers(scene: &Scene) -> Vec<Finding> {
    if socket_answers(scene) { Vec::new() } else { vec![Finding::trouble("not-served", dir(scene))] }
}

fn dir(scene: &Scene) -> Vec<(&'static str, String)> {
    vec![("dir", scene.dir().display().to_string())]
}

/// All of it.
pub fn check(scene: &Scene) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(holder) = &scene.holder {
        let id = holder.id.map_or_else(|| "?".into(), |id| id.to_string());
        let args = vec![("dir", scene.dir().display().to_string()), ("id", id), ("name", holder.name.clone())];
        // The address of a socket may be a hundred bytes long.
        let reachable = scene.dir().as_os_str().len() < 90;
        if !socket_answers(scene) && reachable {
            found.push(Finding::trouble("held-and-silent", args));
        }
    }
    let limits = scene.holder.as_ref().and_then(|h| h.id).map_or_else(|| "self".into(), |id| id.to_string());
    let limits = fs::read_to_string(format!("/proc/{limits}/limits")).unwrap_or_default();
    if let Some(files) = open_files(&limits).filter(|n| *n < FILES_MIN) {
        found.push(Finding::trouble("few-files", vec![("limit", files.to_string()), ("wanted", FILES_MIN.to_string())]));
    }
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    if let Some(mb) = memory_left(&memory).filter(|mb| *mb < MEMORY_MIN) {
        found.push(Finding::trouble("little-memory", vec![("mb", mb.to_string()), ("wanted", MEMORY_MIN.to_string())]));
    }
    if let Some(zone) = zone().filter(|z| z != ZONE && z != "PRC") {
        found.push(Finding::note("other-zone", vec![("zone", zone), ("wanted", ZONE.into())]));
    }
    found
}

/// The hard limit: the server raises its own soft one to it.
fn open_files(limits: &str) -> Option<u64> {
    limits.lines().find_map(|l| l.strip_prefix("Max open files")?.split_whitespace().nth(1)?.parse().ok())
}

/// MB that programs may still have.
fn memory_left(meminfo: &str) -> Option<u64> {
    let kb: u64 = meminfo.lines().find_map(|l| l.strip_prefix("MemAvailable:")?.split_whitespace().next()?.parse().ok())?;
    Some(kb / 1024)
}

/// By the environment, or what the machine's clock is set to.
fn zone() -> Option<String> {
    if let Some(zone) = std::env::var("TZ").ok().filter(|z| !z.is_empty()) {
        return Some(zone.trim_start_matches(':').to_owned());
    }
    match fs::canonicalize("/etc/localtime") {
        Ok(path) => path.to_str()?.split_once("zoneinfo/").map(|(_, zone)| zone.to_owned()),
        Err(_) => Some("UTC".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says_is_understood() {
        let locks = "1: POSIX  ADVISORY  WRITE 11 08:01:77 0 EOF\n2: FLOCK  ADVISORY  WRITE 12 08:01:77 0 EOF\n2: -> FLOCK  ADVISORY  WRITE 13 08:01:78 0 EOF\n";
        assert_eq!((in_locks(locks, 77), in_locks(locks, 78)), (Some(12), None));
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 524288               files     \n";
        assert_eq!(open_files(limits), Some(524_288));
        assert_eq!(open_files("Max open files            unlimited unlimited files"), None);
        assert_eq!(memory_left("MemTotal: 4096 kB\nMemAvailable:    2048 kB\n"), Some(2));
    }
}
