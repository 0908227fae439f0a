//! What is handed to an administrator: systemd units and a Dockerfile. There is no Docker here; what can be checked without
//! one is.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Case,
    Needs::{Nothing, SystemdAnalyze},
    ground::*,
};

pub const CASES: &[Case] = &[
    ("units_are_what_systemd_expects", SystemdAnalyze, verified),
    ("units_leave_a_service_little_to_do_harm_with", SystemdAnalyze, hardened),
    ("units_set_what_exists", Nothing, variables),
    ("the_image_is_made_of_what_is_there_as_dev_makes_it", Nothing, image),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn units() -> PathBuf {
    root().join("packaging/systemd")
}

/// The units in a folder of their own, with the program that was just built.
fn copies(ground: &Ground) -> Vec<PathBuf> {
    ["qianwan.service", "qianwan-backup.service", "qianwan-backup.timer"]
        .iter()
        .map(|name| {
            let text = fs::read_to_string(units().join(name)).expect(name);
            let path = ground.path().join(name);
            fs::write(&path, text.replace("/usr/bin/qianwan", env!("CARGO_BIN_EXE_qianwan"))).expect("written");
            path
        })
        .collect()
}

fn verified() {
    let ground = Ground::new();
    let units = copies(&ground);
    let out = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .args(&units)
        .output()
        .expect("runs");
    let said = shown(&out.stderr);
    assert!(out.status.success(), "{said}");
    let ours: Vec<&str> = said.lines().filter(|l| l.contains("qianwan")).collect();
    assert!(ours.is_empty(), "{ours:?}");
}

fn hardened() {
    let ground = Ground::new();
    for unit in copies(&ground).iter().take(2) {
        // Hundredths: 20 of 100 is "OK" in its words; what stays is that it opens sockets.
        let out = Command::new("systemd-analyze")
            .args(["security", "--offline=yes", "--threshold=20", "--no-pager"])
            .arg(unit)
            .output();
        let out = out.expect("runs");
        assert!(out.status.success(), "{}{}", shown(&out.stdout), shown(&out.stderr));
    }
}

/// Variables that the units and the image set are settings of the program.
fn variables() {
    let example = good(&run(&["config", "example"]));
    let known = |name: &str| name == "QIANWAN_COMMIT" || example.contains(&format!("· {name}\n"));
    let mut seen = BTreeSet::new();
    for file in ["packaging/systemd/qianwan.service", "packaging/systemd/qianwan-backup.service", "packaging/Dockerfile"] {
        let text = fs::read_to_string(root().join(file)).expect(file);
        for word in text.split(|c: char| !c.is_ascii_uppercase() && c != '_').filter(|w| w.starts_with("QIANWAN_")) {
            assert!(known(word), "{file}: {word}");
            seen.insert(word.to_owned());
        }
    }
    assert!(seen.contains("QIANWAN_DATA") && seen.contains("QIANWAN_BACKUP_DIR"), "{seen:?}");
}

/// Instructions of a Dockerfile, continued lines put together.
fn instructions(text: &str) -> Vec<(String, String)> {
    let joined = text.lines().filter(|l| !l.trim_start().starts_with('#')).collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    let split = |l: &str| l.split_once(' ').map(|(word, rest)| (word.to_owned(), rest.trim().to_owned()));
    joined.lines().filter(|l| !l.trim().is_empty()).map(|l| split(l.trim()).expect("a word and more")).collect()
}

fn image() {
    let text = fs::read_to_string(root().join("packaging/Dockerfile")).expect("the Dockerfile");
    let known = [
        "FROM",
        "WORKDIR",
        "RUN",
        "COPY",
        "ARG",
        "ENV",
        "USER",
        "VOLUME",
        "EXPOSE",
        "STOPSIGNAL",
        "HEALTHCHECK",
        "ENTRYPOINT",
        "CMD",
    ];
    let all = instructions(&text);
    let mut stages = Vec::new();
    for (word, rest) in &all {
        assert!(known.contains(&word.as_str()), "{word}");
        match word.as_str() {
            "FROM" => stages.extend(rest.split_once(" AS ").map(|(_, name)| name.to_owned())),
            "COPY" => {
                let mut parts: Vec<&str> = rest.split_whitespace().collect();
                parts.pop();
                match parts.first().and_then(|p| p.strip_prefix("--from=")) {
                    Some(stage) => assert!(stages.iter().any(|s| s == stage), "no stage {stage}"),
                    None => parts.iter().for_each(|p| assert!(root().join(p).exists(), "{p} is not in the tree")),
                }
            }
            _ => {}
        }
    }
    let of = |word: &str| all.iter().filter(|(w, _)| w == word).map(|(_, rest)| rest.as_str()).collect::<Vec<_>>();
    // Built by the same commands as on a developer's machine.
    let dev = fs::read_to_string(root().join("dev")).expect("dev");
    for command in ["npm ci --no-audit --no-fund --loglevel=error", "npm run --silent build"] {
        assert!(dev.contains(command) && of("RUN").iter().filter(|r| r.contains(command)).count() == 2, "{command}");
    }
    assert!(dev.contains("cargo build --locked --profile \"$profile\" --package qianwan"));
    assert!(of("RUN").contains(&"cargo build --locked --profile release --package qianwan"));
    // Every folder of the workspace, and what its build scripts and includes look at, is there to be built.
    let copied: BTreeSet<&str> = of("COPY").iter().filter_map(|rest| rest.split_whitespace().next()).collect();
    for needed in ["Cargo.toml", "crates", "demo", "xtask", "design", "locales", "console", "field"] {
        assert!(copied.contains(needed), "{needed} is not copied: {copied:?}");
    }
    assert!(
        of("USER").last().is_some_and(|u| u.split(':').all(|n| n.parse::<u32>().is_ok_and(|n| n > 0))),
        "by number, not root"
    );
    assert!(of("HEALTHCHECK").iter().any(|h| h.contains("\"doctor\", \"--quick\"")));
    assert_eq!(of("STOPSIGNAL"), ["SIGTERM"]);
}
