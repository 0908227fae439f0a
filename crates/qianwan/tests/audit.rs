//! The audit and its checkpoints from the terminal, beside a process that serves and without one.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn qianwan() -> Command {
    Command::new(env!("CARGO_BIN_EXE_qianwan"))
}

fn serve(data: &Path, notes: &Path) -> Serving {
    let mut command = qianwan();
    command.args(["serve", "--plain", "--listen", "127.0.0.1:0", "--data"]).arg(data).arg("--checkpoint-dir").arg(notes);
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    let serving = Serving(child);
    until("it listens", || std::os::unix::net::UnixStream::connect(data.join("control.sock")).is_ok());
    serving
}

fn until(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn run(args: &[&str], data: &Path) -> Output {
    qianwan().args(args).arg("--data").arg(data).output().expect("it runs")
}

fn good(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn notes_in(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path());
    entries.filter(|p| p.extension().is_some_and(|e| e == "note")).collect()
}

#[test]
fn exports_archives_and_checkpoints() {
    let dir = tempfile::tempdir().expect("a folder");
    let (data, notes) = (dir.path().join("data"), dir.path().join("notes"));
    let serving = serve(&data, &notes);
    until("a checkpoint is written", || !notes_in(&notes).is_empty());
    let note = notes_in(&notes).remove(0);
    let name = note.file_name().expect("a name").to_string_lossy().into_owned();
    assert!(name.ends_with("-000000-audit-1.note"), "{name}");

    // Beside the server: as lines, each way, and that is noted too.
    let jsonl = good(&run(&["audit", "export", "--format", "jsonl"], &data));
    let first: serde_json::Value = serde_json::from_str(jsonl.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first["kind"], "access.started@1");
    let syslog = good(&run(&["audit", "export", "--format", "syslog", "--from", "2020-01-01"], &data));
    assert!(syslog.starts_with("<109>1 ") && syslog.contains(" exported [qianwan@32473 "), "{syslog}");
    let none = good(&run(&["audit", "export", "--format", "csv", "--until", "2020-01-01"], &data));
    assert_eq!(none.lines().count(), 1, "the head alone: {none}");

    // The note holds, and says how much came since.
    let key = good(&run(&["checkpoint", "key"], &data));
    assert!(key.starts_with("qianwan-"), "{key}");
    let verify = |note: &Path| run(&["checkpoint", "verify", "--note", note.to_str().expect("a path")], &data);
    let holds = good(&verify(&note));
    assert!(holds.contains("000000/audit"), "{holds}");
    let printed = good(&run(&["checkpoint", "print", "--chain", "000000/audit"], &data));
    assert!(printed.contains("/000000/audit\n") && printed.contains("\n\n— qianwan-"), "{printed}");
    assert_eq!(run(&["checkpoint", "print", "--chain", "330523/main"], &data).status.code(), Some(1));

    // Whoever alters the note, or what it speaks of, is found.
    let forged = dir.path().join("forged.note");
    fs::write(&forged, fs::read_to_string(&note).expect("read").replacen("\n1\n", "\n2\n", 1)).expect("written");
    assert_eq!(verify(&forged).status.code(), Some(1));

    // Nothing younger than the rule is archived; what is older is, though here there is none.
    let out = dir.path().join("archive");
    let out = out.to_str().expect("a path");
    let young = run(&["audit", "archive", "--before", "2999-01-01", "--out", out], &data);
    assert_eq!(young.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&young.stderr).contains("183"), "{}", String::from_utf8_lossy(&young.stderr));
    good(&run(&["audit", "archive", "--before", "2020-01-01", "--out", out], &data));

    // Without a server as well; an exported chain answers to a note too.
    drop(serving);
    let chain = dir.path().join("audit.chain");
    let chain = chain.to_str().expect("a path");
    good(&run(&["log", "export", "--chain", "000000/audit", "--out", chain], &data));
    let beside = ["checkpoint", "verify", "--note", note.to_str().expect("a path"), "--exported", chain, "--key", key.trim()];
    good(&qianwan().args(beside).output().expect("it runs"));
    let last = good(&run(&["audit", "export", "--format", "jsonl"], &data));
    assert!(last.contains(r#"\"what\":\"000000/audit\""#) && last.contains(r#"\"format\":\"chain\""#), "{last}");
    good(&run(&["verify"], &data));
    assert_eq!(
        qianwan().args(["serve", "--syslog", "http://x", "--data"]).arg(&data).output().expect("it runs").status.code(),
        Some(2)
    );
}
