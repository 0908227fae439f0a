//! The disk is full, or takes nothing more: whoever writes is told and keeps what he has, whoever reads notices nothing, and
//! once there is room again all goes on without a restart.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    http::{Answer, Client},
    installation::{Installation, Kind, Serving, VILLAGES, binary, good, program, refused, report, until},
};

/// Mounts of one's own that nobody else sees, gone with it.
pub struct Mounts {
    holder: Child,
    folder: TempDir,
    /// Whether it needed a user namespace: then to get in one has to pass through that.
    user: bool,
}

impl Mounts {
    /// Runs a script that mounts something on `$1`; nothing where this machine allows no mounts.
    pub fn by(script: &str, prepare: &dyn Fn(&Path)) -> Option<Mounts> {
        [false, true].into_iter().find_map(|user| {
            let folder = TempDir::new().expect("a folder");
            prepare(folder.path());
            let mut command = Command::new("unshare");
            command.arg(if user { "-rm" } else { "-m" }).args(["sh", "-c", &format!("{script} && echo ready && exec cat"), "sh"]);
            let piped = command.arg(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
            let mut holder = piped.spawn().ok()?;
            let mut line = String::new();
            let read = BufReader::new(holder.stdout.take().expect("piped")).read_line(&mut line);
            let mounts = Mounts { holder, folder, user };
            (read.is_ok() && line == "ready\n").then_some(mounts)
        })
    }

    /// A disk of so many MB.
    pub fn small(megabytes: u32) -> Option<Mounts> {
        let mounts = Mounts::by(&format!("mount -t tmpfs -o size={megabytes}m tmpfs \"$1\""), &|_| {});
        if mounts.is_none() {
            eprintln!("no mounts here: a limit on the size of files stands for the full disk");
        }
        mounts
    }

    /// Where it is mounted, for programs that are started within.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The same place, seen from outside.
    pub fn outside(&self) -> PathBuf {
        Path::new("/proc").join(self.holder.id().to_string()).join("root").join(self.path().strip_prefix("/").expect("absolute"))
    }

    /// The program, started within.
    pub fn program(&self) -> Command {
        let of = |what: &str| format!("/proc/{}/ns/{what}", self.holder.id());
        let mut command = Command::new("nsenter");
        if self.user {
            command.arg(format!("--user={}", of("user"))).arg("--preserve-credentials");
        }
        command.arg(format!("--mount={}", of("mnt"))).arg(binary());
        command
    }

    /// Fills the disk up to some KB.
    pub fn fill(&self, leave: u64) {
        let mut filler = File::options().create(true).append(true).open(self.outside().join("filler")).expect("made");
        // By pages: what is left over is less than one.
        let full = loop {
            match filler.write_all(&[0; 4096]) {
                Ok(()) => {}
                Err(e) => break e,
            }
        };
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        let length = filler.metadata().expect("its size").len();
        filler.set_len(length.saturating_sub(leave << 10)).expect("cut");
    }

    pub fn free(&self) {
        fs::remove_file(self.outside().join("filler")).expect("removed");
    }
}

impl Drop for Mounts {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// What was acknowledged: what was sent, and the facts.
pub type Acknowledged = Vec<(Value, Value)>;

/// Reports until one is not taken; that one, and its answer.
fn until_refused(client: &mut Client, acknowledged: &mut Acknowledged, most: usize) -> (Value, Answer) {
    for n in 0..most {
        let body = report(VILLAGES[n % 5], &"长".repeat(1500)).1;
        let answer = client.post("/api/commands", body.to_string().as_bytes()).expect("an answer");
        if answer.status != 200 {
            return (body, answer);
        }
        acknowledged.push((body, answer.json()["facts"].clone()));
    }
    panic!("{most} reports, and still room");
}

/// The document of a refusal, in both languages.
#[track_caller]
fn told(client: &mut Client, body: &Value, code: &str, chinese: [&str; 2], english: [&str; 2]) {
    for (language, [title, detail]) in [("zh-CN", chinese), ("en", english)] {
        let answer = client.ask("POST", "/api/commands", language, body.to_string().as_bytes()).expect("an answer");
        let document = answer.json();
        assert_eq!((answer.status, document["type"].as_str()), (503, Some(format!("/errors/{code}").as_str())), "{document}");
        assert_eq!(document["title"], title, "{document}");
        let (said, id) = (document["detail"].as_str().expect("words"), document["args"]["id"].as_u64().expect("a number"));
        assert!(said.contains(detail) && said.contains(&id.to_string()), "{document}");
    }
}

const FULL: ([&str; 2], [&str; 2]) = (
    ["磁盘已满", "请保留您填写的内容，稍后再发送，并请管理员腾出磁盘空间"],
    ["The disk is full", "ask the administrator to free some space"],
);
const READ_ONLY: ([&str; 2], [&str; 2]) =
    (["数据不能写入", "请管理员检查磁盘"], ["The data cannot be written", "ask the administrator to look at the disk"]);

/// Reading goes on: lists, a page for everybody, and the session.
#[track_caller]
fn can_be_read(serving: &Serving, client: &mut Client, problems: usize) {
    let list = client.get("/api/rows/problems?count=1&limit=1").expect("an answer");
    assert_eq!((list.status, list.json()["count"].as_u64()), (200, Some(problems as u64)), "{}", list.text());
    assert_eq!(client.get("/api/session").expect("an answer").status, 200);
    let page = Client::new(serving.address, None).get("/v/819901100201").expect("an answer");
    assert_eq!(page.status, 200, "{}", page.text());
}

/// What was acknowledged is there, once.
#[track_caller]
pub fn all_there(client: &mut Client, acknowledged: &Acknowledged) {
    for (body, facts) in acknowledged {
        let again = client.post("/api/commands", body.to_string().as_bytes()).expect("an answer").json();
        assert_eq!((&again["facts"], &again["repeated"]), (facts, &json!(true)), "acknowledged and lost: {body}");
    }
}

/// The second time the same thing is sent, it is recorded.
#[track_caller]
fn goes_on(client: &mut Client, body: &Value, acknowledged: &mut Acknowledged) {
    let mut last = None;
    until("it can be written again", || {
        let answer = client.post("/api/commands", body.to_string().as_bytes()).expect("an answer");
        let good = answer.status == 200;
        last = Some(answer.json());
        good
    });
    let answer = last.expect("an answer");
    assert_eq!(answer["repeated"], json!(false), "it was refused before, and not recorded in secret: {answer}");
    acknowledged.push((body.clone(), answer["facts"].clone()));
}

pub fn full() {
    let Some(disk) = Mounts::small(12) else { return limited("storage/read-only", READ_ONLY) };
    let program = || disk.program();
    let installation = Installation::filled_in(&disk.path().join("data"), None, &program);
    let with = |args: &[&str]| {
        let mut command = disk.program();
        command.args(args).arg("--data").arg(&installation.dir);
        command
    };
    let mut serving = Serving::start(with(&["serve"]));
    let mut client = serving.client(&installation.sessions[0]);
    let mut acknowledged = Acknowledged::new();
    disk.fill(400);
    let (refused_one, answer) = until_refused(&mut client, &mut acknowledged, 1000);
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(!acknowledged.is_empty());
    told(&mut client, &refused_one, "storage/full", FULL.0, FULL.1);
    can_be_read(&serving, &mut client, acknowledged.len());
    // Something smaller, such as signing in, may still fit where that had no room, or is told the same.
    let sign_in = json!({ "name": "city", "password": "long-enough-for-a-drill" }).to_string();
    let answer = Client::new(serving.address, None).post("/api/session", sign_in.as_bytes()).expect("an answer");
    assert!(answer.status == 200 || answer.json()["type"] == "/errors/storage/full", "{}", answer.text());
    // A while goes by, in which the write-ahead log cannot be brought home.
    thread::sleep(Duration::from_millis(2500));
    told(&mut client, &refused_one, "storage/full", FULL.0, FULL.1);
    can_be_read(&serving, &mut client, acknowledged.len());
    disk.free();
    goes_on(&mut client, &refused_one, &mut acknowledged);
    until_refused_is_not(&mut client, &mut acknowledged);
    // Killed while it is full.
    disk.fill(0);
    let (refused_one, answer) = until_refused(&mut client, &mut acknowledged, 1000);
    assert_eq!(answer.json()["type"], "/errors/storage/full", "{}", answer.text());
    serving.kill();
    // Started while it is full: it serves, or says why not.
    let started = Serving::try_start(with(&["serve"]));
    match &started {
        Ok(serving) => can_be_read(serving, &mut serving.client(&installation.sessions[0]), acknowledged.len()),
        Err(said) => {
            assert!(said.contains("磁盘已满，数据写不下；请先腾出空间"), "{said}");
            assert!(said.contains("the disk is full and the data cannot be written; free some space first"), "{said}");
        }
    }
    drop(started);
    disk.free();
    let serving = Serving::start(with(&["serve"]));
    let mut client = serving.client(&installation.sessions[0]);
    all_there(&mut client, &acknowledged);
    goes_on(&mut client, &refused_one, &mut acknowledged);
    can_be_read(&serving, &mut client, acknowledged.len());
    good(&with(&["verify"]).output().expect("it runs"));
    good(&with(&["rebuild"]).output().expect("it runs"));
    can_be_read(&serving, &mut client, acknowledged.len());
}

fn until_refused_is_not(client: &mut Client, acknowledged: &mut Acknowledged) {
    for n in 0..20 {
        let body = report(VILLAGES[n % 5], "again").1;
        let answer = client.post("/api/commands", body.to_string().as_bytes()).expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.text());
        acknowledged.push((body, answer.json()["facts"].clone()));
    }
}

/// A file may not grow any more: every write of the process that serves fails, as on a disk that went read-only.
pub fn read_only_while_serving() {
    limited("storage/read-only", READ_ONLY);
}

fn limited(code: &str, words: ([&str; 2], [&str; 2])) {
    let installation = Installation::new(Kind::Sqlite);
    // The signal that comes with the limit would end it; a disk sends none.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(binary()).args(["serve", "--data"]).arg(&installation.dir);
    let mut serving = Serving::start(command);
    let mut client = serving.client(&installation.sessions[0]);
    let mut acknowledged = Acknowledged::new();
    until_refused_is_not(&mut client, &mut acknowledged);
    let limit = |most: Option<u64>| {
        let pid = rustix::process::Pid::from_raw(serving.child.id() as i32);
        let limit = rustix::process::Rlimit { current: most, maximum: None };
        rustix::process::prlimit(pid, rustix::process::Resource::Fsize, limit).expect("limited");
    };
    limit(Some(0));
    let body = report(VILLAGES[0], "not now").1;
    told(&mut client, &body, code, words.0, words.1);
    can_be_read(&serving, &mut client, acknowledged.len());
    thread::sleep(Duration::from_millis(2500));
    told(&mut client, &body, code, words.0, words.1);
    limit(None);
    goes_on(&mut client, &body, &mut acknowledged);
    limit(Some(0));
    let lost = report(VILLAGES[0], "never sent again").1;
    told(&mut client, &lost, code, words.0, words.1);
    serving.kill();
    let serving = installation.serve();
    let mut client = serving.client(&installation.sessions[0]);
    all_there(&mut client, &acknowledged);
    can_be_read(&serving, &mut client, acknowledged.len());
    good(&installation.run(&["verify"]).output().expect("it runs"));
}

/// Opening data on a disk that is read-only says what is wrong.
pub fn read_only_at_the_start() {
    let installation = Installation::new(Kind::Sqlite);
    let copy = |to: &Path| {
        let to = to.join("data");
        fs::create_dir(&to).expect("made");
        for name in ["qianwan.db", "keys.json", "lock"] {
            fs::copy(installation.dir.join(name), to.join(name)).expect("copied");
        }
    };
    let mounts = Mounts::by("mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\"", &copy);
    let folder = TempDir::new().expect("a folder");
    let dir = match &mounts {
        Some(mounts) => mounts.path().join("data"),
        None => {
            eprintln!("no mounts here: permissions stand for the read-only disk");
            copy(folder.path());
            let dir = folder.path().join("data");
            for name in ["qianwan.db", "keys.json", "lock", "."] {
                let mode = if name == "." { 0o555 } else { 0o444 };
                fs::set_permissions(dir.join(name), fs::Permissions::from_mode(mode)).expect("set");
            }
            dir
        }
    };
    let start = || mounts.as_ref().map_or_else(program, Mounts::program);
    let add = ["account", "add", "--name", "new", "--display", "n", "--role", "viewer", "--place", "819901000000"];
    for command in [&["serve", "--plain", "--listen", "127.0.0.1:0"][..], &["rebuild"], &add] {
        let output = start().args(command).arg("--data").arg(&dir).stdin(Stdio::null()).output().expect("it runs");
        let said = refused(&output, 2);
        let place = dir.display();
        assert!(
            said.contains(&format!("{place}：不能写入；磁盘只能读、没有权限或出了故障，请检查后再启动")),
            "{command:?}: {said}"
        );
        assert!(said.contains(&format!("{place} cannot be written; the disk is read-only or faulty")), "{command:?}: {said}");
    }
    if mounts.is_none() {
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).expect("set");
    }
}
