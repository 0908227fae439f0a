//! Installations to stand on, the binary as a process, and a small HTTP client that tells half an answer from none.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;

pub fn postgres_url() -> Option<String> {
    std::env::var("QIANWAN_TEST_POSTGRES").ok().filter(|url| !url.is_empty())
}

/// The binary without settings of this machine.
pub fn qianwan() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qianwan"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("QIANWAN_") {
            command.env_remove(name);
        }
    }
    command.env("QIANWAN_CONFIG", "/dev/null").env("TZ", "Asia/Shanghai").env_remove("NOTIFY_SOCKET").stdin(Stdio::null());
    command
}

pub fn run<S: AsRef<OsStr>>(args: &[S]) -> Output {
    qianwan().args(args).output().expect("it runs")
}

#[track_caller]
pub fn good(output: &Output) -> String {
    assert!(output.status.success(), "{}{}", shown(&output.stdout), shown(&output.stderr));
    shown(&output.stdout)
}

pub fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub const PASSWORD: &str = "made-up-county";

/// A few units under made-up codes.
const REGISTER: &str = "code,name,level,parent\n\
    81,示例省,province,\n\
    8199,示例市,city,81\n\
    819901,示例县,county,8199\n\
    819901100,示例镇,township,819901\n\
    819901100201,示例村村委会,village,819901100\n";

/// A data directory in a folder that goes with the test.
pub struct Ground {
    pub folder: TempDir,
}

impl Ground {
    pub fn new() -> Ground {
        Ground { folder: tempfile::tempdir().expect("a folder") }
    }

    /// Places, and one person of the county's office.
    pub fn installed() -> Ground {
        let ground = Ground::new();
        let register = ground.path().join("register.csv");
        fs::write(&register, REGISTER).expect("written");
        good(&ground.run(&["places", "import", register.to_str().expect("a path")]));
        let mut add = qianwan();
        add.args([
            "account",
            "add",
            "--name",
            "office",
            "--display",
            "示例县千万办",
            "--role",
            "office",
            "--place",
            "819901000000",
        ]);
        let mut child = add
            .arg("--data")
            .arg(ground.data())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        child.stdin.take().expect("piped").write_all(format!("{PASSWORD}\n").as_bytes()).expect("sent");
        assert!(child.wait().expect("it ends").success());
        ground
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    pub fn run(&self, args: &[&str]) -> Output {
        qianwan().args(args).arg("--data").arg(self.data()).output().expect("it runs")
    }

    pub fn serve(&self, args: &[&str]) -> Serving {
        let mut command = qianwan();
        command
            .args(["serve", "--second-factor-for", "", "--plain", "--listen", "127.0.0.1:0", "--data"])
            .arg(self.data())
            .args(args);
        Serving::start(command)
    }

    /// The database past the program; nobody serves it.
    pub fn sql(&self, statement: &str) {
        let connection = rusqlite::Connection::open(self.data().join("qianwan.db")).expect("opened");
        connection.execute_batch(statement).expect(statement);
    }
}

/// A process that serves.
pub struct Serving {
    pub child: Child,
    pub port: u16,
    said: thread::JoinHandle<String>,
}

impl Serving {
    /// Starts it and waits until it says where it listens.
    pub fn start(mut command: Command) -> Serving {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let (mut said, mut port) = (String::new(), None);
        while port.is_none() {
            let Some(Ok(line)) = lines.next() else { panic!("it ended: {said}") };
            let listening = line.strip_prefix("http://127.0.0.1:").or(line.strip_prefix("https://127.0.0.1:"));
            port = listening.and_then(|rest| rest.trim_end_matches('/').parse().ok());
            said += &line;
            said.push('\n');
        }
        let said = thread::spawn(move || lines.map_while(Result::ok).fold(said, |said, line| said + &line + "\n"));
        Serving { child, port: port.expect("found"), said }
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).expect("it is there");
    }

    /// Waits for its end, at most so long.
    #[track_caller]
    pub fn ended(&mut self, within: Duration) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("asked") {
                return status;
            }
            assert!(begun.elapsed() < within, "still there after {within:?}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends it in good order; what it logged.
    #[track_caller]
    pub fn stop(mut self) -> String {
        self.signal(rustix::process::Signal::TERM);
        let status = self.ended(Duration::from_secs(30));
        let said = std::mem::replace(&mut self.said, thread::spawn(String::new)).join().expect("read");
        assert!(status.success(), "{status} {said}");
        said
    }

    pub fn client(&self) -> Client {
        Client { port: self.port, cookie: None }
    }

    /// Somebody who is signed in.
    pub fn signed_in(&self, name: &str, password: &str) -> Client {
        let mut client = self.client();
        let answer = client.json("POST", "/api/session", Some(json!({ "name": name, "password": password })));
        let cookie = answer.header("set-cookie").and_then(|c| c.split(';').next().map(str::to_owned));
        assert_eq!(answer.status, 200, "{name}: {}", shown(&answer.body));
        client.cookie = cookie;
        client
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser of the simplest kind: one connection for each request.
#[derive(Clone)]
pub struct Client {
    pub port: u16,
    pub cookie: Option<String>,
}

pub struct HttpAnswer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl HttpAnswer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|l| l.split_once(": ").filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v))
    }

    #[track_caller]
    pub fn value(&self) -> Value {
        assert_eq!(self.status, 200, "{}", shown(&self.body));
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// What may come of a request while a server goes away.
pub enum Came {
    Whole(HttpAnswer),
    /// Not one byte: it was not taken.
    Nothing,
    /// The beginning of an answer.
    Half(String),
}

impl Client {
    pub fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Came {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return Came::Nothing };
        let body = body.map(ToString::to_string).unwrap_or_default();
        let cookie = self.cookie.as_ref().map(|c| format!("Cookie: {c}\r\n")).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nX-Qianwan: 1\r\n{cookie}Content-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
        if stream.write_all(request.as_bytes()).is_err() {
            return Came::Nothing;
        }
        let mut bytes = Vec::new();
        // What came before an error counts.
        let _ = stream.read_to_end(&mut bytes);
        if bytes.is_empty() { Came::Nothing } else { whole(&bytes) }
    }

    #[track_caller]
    pub fn json(&self, method: &str, path: &str, body: Option<Value>) -> HttpAnswer {
        match self.send(method, path, body.as_ref()) {
            Came::Whole(answer) => answer,
            Came::Nothing => panic!("{method} {path}: no answer"),
            Came::Half(what) => panic!("{method} {path}: half an answer: {what}"),
        }
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        self.json("GET", path, None).value()
    }
}

fn whole(bytes: &[u8]) -> Came {
    let half = || Came::Half(shown(bytes));
    let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { return half() };
    let (head, body) = (shown(&bytes[..end]), &bytes[end + 4..]);
    let Some(status) = head.split(' ').nth(1).and_then(|s| s.parse().ok()) else { return half() };
    let answer = HttpAnswer { status, head, body: body.to_vec() };
    let length = answer.header("content-length").and_then(|l| l.parse::<usize>().ok());
    match length {
        Some(length) if length != body.len() => half(),
        Some(_) => Came::Whole(answer),
        None if answer.header("transfer-encoding").is_some() => match dechunked(body) {
            Some(body) => Came::Whole(HttpAnswer { body, ..answer }),
            None => half(),
        },
        None => Came::Whole(answer),
    }
}

/// The parts put together, if the last one is there.
fn dechunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let end = rest.windows(2).position(|w| w == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        let part = rest.get(end + 2..end + 2 + length)?;
        if length == 0 {
            return Some(out);
        }
        out.extend_from_slice(part);
        rest = rest.get(end + 4 + length..)?;
    }
}

pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
}

impl Serving {
    /// Waits for the good end of one that was asked already.
    #[track_caller]
    pub fn stop_again(mut self) {
        assert_eq!(self.ended(Duration::from_secs(30)).code(), Some(0));
    }
}
