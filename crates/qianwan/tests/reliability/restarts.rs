//! The database ends in the middle of the load and comes back: clients are told to try again, and the program goes on.

use std::{
    fs,
    io::Write,
    net::TcpListener,
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use tempfile::TempDir;

use crate::{
    disk::{Acknowledged, all_there},
    installation::{Installation, Postgres, Serving, VILLAGES, good, program, report, until},
    kills::rows,
};

/// A PostgreSQL server of the test's own.
struct Server {
    folder: TempDir,
    port: u16,
    process: Child,
}

/// Where its programs are: on the path, or where Debian keeps them.
pub fn programs() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").into_iter().flat_map(|p| std::env::split_paths(&p).collect::<Vec<_>>());
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|e| e.path().join("bin"));
    let mut found: Vec<PathBuf> = on_path.chain(versions).filter(|dir| dir.join("initdb").exists()).collect();
    found.sort();
    found.pop()
}

impl Server {
    fn new() -> Server {
        Server::with(&[])
    }

    /// With files in its data directory, its own settings among them.
    fn with(files: &[(&str, &str)]) -> Server {
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("secret"), "drill\n").expect("written");
        if rustix::process::getuid().is_root() {
            good(&Command::new("chown").arg("-R").arg(user()).arg(folder.path()).output().expect("it runs"));
        }
        let mut initdb = as_user("initdb");
        initdb.args(["--username=qianwan", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        initdb.arg("--pwfile").arg(folder.path().join("secret")).arg("--pgdata").arg(folder.path().join("data"));
        good(&initdb.output().expect("it runs"));
        for (name, content) in files {
            let path = folder.path().join("data").join(name);
            let mut file = fs::OpenOptions::new().create(true).append(true).mode(0o600).open(&path).expect("opened");
            file.write_all(content.as_bytes()).expect("written");
            if rustix::process::getuid().is_root() {
                good(&Command::new("chown").arg(user()).arg(&path).output().expect("it runs"));
            }
        }
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        let process = Server::start(&folder, port);
        let server = Server { folder, port, process };
        until("the database answers", || match Postgres::connect(&server.url()) {
            Ok(_) => true,
            // It answers, if only to say that this is no way to come.
            Err(e) => e.code().is_some_and(|code| code.code() == "28000"),
        });
        server
    }

    fn start(folder: &TempDir, port: u16) -> Child {
        let mut postgres = as_user("postgres");
        postgres.arg("-D").arg(folder.path().join("data")).arg("-k").arg(folder.path()).args(["-p", &port.to_string()]);
        postgres.args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=on", "-c", "max_connections=60"]);
        postgres.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts")
    }

    fn url(&self) -> String {
        format!("postgres://qianwan:drill@127.0.0.1:{}/postgres", self.port)
    }

    /// As `pg_ctl stop -m immediate`: nothing is brought to an end, and the next start recovers.
    fn stop_immediately(&mut self) {
        if self.process.try_wait().expect("asked").is_some() {
            return;
        }
        let pid = rustix::process::Pid::from_raw(self.process.id() as i32).expect("a process");
        rustix::process::kill_process(pid, rustix::process::Signal::QUIT).expect("told");
        self.process.wait().expect("gone");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop_immediately();
    }
}

/// It refuses to run as root.
fn user() -> &'static str {
    let known = fs::read_to_string("/etc/passwd").unwrap_or_default();
    if known.lines().any(|l| l.starts_with("postgres:")) { "postgres" } else { "nobody" }
}

fn as_user(name: &str) -> Command {
    let path = programs().expect("installed").join(name);
    if !rustix::process::getuid().is_root() {
        return Command::new(path);
    }
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={}", user()).as_str(), "--clear-groups"]).arg(path).current_dir("/");
    command
}

/// An authority, and a key and certificate of it for a name.
fn certificates(name: &str) -> (String, String, String) {
    let key = || rcgen::KeyPair::generate().expect("a key");
    let mut authority = rcgen::CertificateParams::new(Vec::new()).expect("sound");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = rcgen::CertifiedIssuer::self_signed(authority, key()).expect("signed");
    let own = key();
    let certificate =
        rcgen::CertificateParams::new([name.to_owned()]).expect("sound").signed_by(&own, &authority).expect("signed");
    (authority.pem(), own.serialize_pem(), certificate.pem())
}

/// A database that takes nobody but by TLS: whoever names its root comes in, whoever names another or none does not.
pub fn over_tls() {
    let (root, key, certificate) = certificates("127.0.0.1");
    let (other, ..) = certificates("127.0.0.1");
    let server = Server::with(&[("server.key", &key), ("server.crt", &certificate), ("postgresql.conf", "\nssl = on\n")]);
    let by_tls_alone = "hostssl all all 127.0.0.1/32 scram-sha-256\n";
    let file = server.folder.path().join("data/pg_hba.conf");
    fs::write(&file, by_tls_alone).expect("written");
    Postgres::connect(&server.url()).expect("as before").try_run("SELECT pg_reload_conf()").expect("told");
    until("plain connections are refused", || Postgres::connect(&server.url()).is_err());
    let folder = TempDir::new().expect("a folder");
    for (name, content) in [("root.pem", &root), ("other.pem", &other)] {
        fs::write(folder.path().join(name), content).expect("written");
    }
    let opened = |host: &str, options: &str| {
        let url = server.url().replace("127.0.0.1", host) + options;
        let location = store::Location { database: Some(url), ..store::Location::in_dir(folder.path().join("data")) };
        store::Store::open(&location).map(|store| store.heads().expect("heads").len()).map_err(|e| format!("{e:?}"))
    };
    let named = |name: &str| format!("?sslrootcert={}", folder.path().join(name).display());
    assert_eq!(opened("127.0.0.1", &named("root.pem")), Ok(0));
    let says = |told: Result<usize, String>, words: &str| {
        let told = told.expect_err("refused");
        assert!(told.contains(words), "{words}: {told}");
    };
    says(opened("127.0.0.1", &named("other.pem")), "InvalidCertificate");
    says(opened("localhost", &named("root.pem")), "NotValidForName");
    says(opened("127.0.0.1", ""), "no encryption");
    says(opened("127.0.0.1", "?sslmode=require"), "sslrootcert=FILE");
}

pub fn in_mid_load() {
    let mut server = Server::new();
    let folder = TempDir::new().expect("a folder");
    let installation = Installation::filled_in(&folder.path().join("data"), Some(server.url()), &program);
    let mut serving = installation.serve();
    let (stop, sent, told) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let acknowledged: Acknowledged = thread::scope(|s| {
        let writers: Vec<_> = (0..16)
            .map(|n| {
                let (installation, serving, stop, sent, told) = (&installation, &serving, &stop, &sent, &told);
                s.spawn(move || write(installation, serving, n, stop, sent, told))
            })
            .collect();
        for _ in 0..2 {
            let before = sent.load(Ordering::Relaxed);
            until("all write", || sent.load(Ordering::Relaxed) > before + 100);
            let before = told.load(Ordering::Relaxed);
            server.stop_immediately();
            until("clients are told", || told.load(Ordering::Relaxed) > before + 16);
            // Reading says the same, in both languages.
            let mut client = serving.client(&installation.sessions[0]);
            let words = [
                ("zh-CN", "数据库暂时没有应答", "稍后再发送一次：不会重复记录"),
                ("en", "The database does not answer just now", "it will not be recorded twice"),
            ];
            for (language, title, detail) in words {
                let answer = client.ask("GET", "/api/rows/problems", language, b"").expect("an answer");
                let document = answer.json();
                assert_eq!((answer.status, &document["title"]), (503, &json!(title)), "{document}");
                assert!(document["detail"].as_str().is_some_and(|d| d.contains(detail)), "{document}");
            }
            server.process = Server::start(&server.folder, server.port);
        }
        let before = sent.load(Ordering::Relaxed);
        until("all write again", || sent.load(Ordering::Relaxed) > before + 100);
        stop.store(true, Ordering::Relaxed);
        writers.into_iter().flat_map(|w| w.join().expect("no accident")).collect()
    });
    assert!(serving.child.try_wait().expect("asked").is_none(), "it was not restarted");
    all_there(&mut serving.client(&installation.sessions[0]), &acknowledged);
    good(&installation.run(&["verify"]).output().expect("it runs"));
    let before = rows(&installation.beside());
    // Each client went on until it was acknowledged: there is one problem for each command, and no other.
    assert_eq!(before.iter().map(|(_, rows)| rows.len()).max(), Some(acknowledged.len()), "every problem once");
    good(&installation.run(&["rebuild"]).output().expect("it runs"));
    assert_eq!(before, rows(&installation.beside()));
    serving.kill();
    server.stop_immediately();
    // And with no database, it says so instead of starting.
    let said = Serving::try_start(installation.run(&["serve"])).err().expect("no start without a database");
    assert!(said.contains("数据库没有应答；请检查它是否在运行、地址和密码是否正确"), "{said}");
    assert!(said.contains("the database does not answer; see whether it runs"), "{said}");
}

/// Reports as a phone does: what is not acknowledged is sent again until it is.
fn write(
    installation: &Installation,
    serving: &Serving,
    n: usize,
    stop: &AtomicBool,
    sent: &AtomicUsize,
    told: &AtomicUsize,
) -> Acknowledged {
    let mut client = serving.client(&installation.sessions[0]);
    let mut acknowledged = Acknowledged::new();
    while !stop.load(Ordering::Relaxed) {
        let (_, body) = report(VILLAGES[n % 5], &format!("{n}"));
        let begun = Instant::now();
        loop {
            let answer = client.post("/api/commands", body.to_string().as_bytes()).expect("the program answers");
            if answer.status == 200 {
                acknowledged.push((body, answer.json()["facts"].clone()));
                sent.fetch_add(1, Ordering::Relaxed);
                break;
            }
            assert_eq!((answer.status, &answer.json()["type"]), (503, &json!("/errors/storage/away")), "{}", answer.text());
            assert!(begun.elapsed() < Duration::from_secs(60), "it does not come back");
            told.fetch_add(1, Ordering::Relaxed);
            thread::sleep(Duration::from_millis(50));
        }
    }
    acknowledged
}
