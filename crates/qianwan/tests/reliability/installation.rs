//! An installation of a small made-up county, and the real program that serves it.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use store::{Location, Store};
use tempfile::TempDir;

use crate::http::Client;

/// Where a PostgreSQL server is named.
pub const POSTGRES: &str = "QIANWAN_TEST_POSTGRES";
/// So long anything may take that takes a moment.
pub const SOON: Duration = Duration::from_secs(60);

const PASSWORD: &str = "long-enough-for-a-drill";

/// Two counties of one city, under made-up codes.
const REGISTER: &str = "code,name,level,parent\n\
    81,示例省,province,\n\
    8199,示例市,city,81\n\
    819901,甲示例县,county,8199\n\
    819902,乙示例县,county,8199\n\
    819901100,甲示例镇,township,819901\n\
    819902100,乙示例镇,township,819902\n\
    819901100201,甲一示例村村委会,village,819901100\n\
    819901100202,甲二示例村村委会,village,819901100\n\
    819901100203,甲三示例村村委会,village,819901100\n\
    819902100201,乙一示例村村委会,village,819902100\n\
    819902100202,乙二示例村村委会,village,819902100\n";

pub const VILLAGES: [i64; 5] =
    [81_990_110_020_100, 81_990_110_020_200, 81_990_110_020_300, 81_990_210_020_100, 81_990_210_020_200];

/// Name, role and place of those who work there.
const PEOPLE: [(&str, &str, &str); 4] = [
    ("city", "office", "819900000000"),
    ("first", "office", "819901000000"),
    ("second", "office", "819902000000"),
    ("village", "village", "819901100201"),
];

/// The database of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Kind::Sqlite => "sqlite",
            Kind::Postgres => "postgres",
        }
    }
}

pub fn postgres_url() -> Option<String> {
    std::env::var(POSTGRES).ok().filter(|url| !url.is_empty())
}

/// Data of the program, gone with the test.
pub struct Installation {
    pub dir: PathBuf,
    pub database: Option<String>,
    /// Tokens of everybody who is signed in.
    pub sessions: Vec<String>,
    _folder: Option<TempDir>,
    _database: Option<Database>,
}

/// The program; for a long run, a copy that no build replaces meanwhile.
pub fn binary() -> PathBuf {
    std::env::var_os("QIANWAN_TEST_PROGRAM").map_or_else(|| env!("CARGO_BIN_EXE_qianwan").into(), PathBuf::from)
}

pub fn program() -> Command {
    let mut command = Command::new(binary());
    for name in ["QIANWAN_DATA", "QIANWAN_DATABASE", "QIANWAN_LOG"] {
        command.env_remove(name);
    }
    command
}

impl Installation {
    /// A county with people who are signed in, on a database of its own.
    pub fn new(kind: Kind) -> Installation {
        let database = match kind {
            Kind::Sqlite => None,
            Kind::Postgres => Some(Database::create(&postgres_url().expect("named"))),
        };
        let url = database.as_ref().map(|d| d.url.clone());
        let folder = TempDir::new().expect("a folder");
        let dir = folder.path().join("data");
        let mut installation =
            Installation { dir, database: url, sessions: Vec::new(), _folder: Some(folder), _database: database };
        installation.fill(&program);
        installation
    }

    /// The same in a folder that somebody else looks after, with a program that is started in a way of its own.
    pub fn filled_in(dir: &Path, database: Option<String>, program: &dyn Fn() -> Command) -> Installation {
        let mut installation =
            Installation { dir: dir.to_owned(), database, sessions: Vec::new(), _folder: None, _database: None };
        installation.fill(program);
        installation
    }

    /// Data that are there, with people who were signed in.
    pub fn of(dir: &Path, sessions: &[String]) -> Installation {
        Installation { dir: dir.to_owned(), database: None, sessions: sessions.to_vec(), _folder: None, _database: None }
    }

    fn fill(&mut self, program: &dyn Fn() -> Command) {
        let register = TempDir::new().expect("a folder");
        let register = register.path().join("register.csv");
        fs::write(&register, REGISTER).expect("written");
        let run = |args: &[&str]| self.with_data(program(), args);
        good(&run(&["places", "import"]).arg(&register).output().expect("it runs"));
        for (name, role, place) in PEOPLE {
            let mut command = run(&["account", "add", "--name", name, "--display", name, "--role", role, "--place", place]);
            let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = piped.spawn().expect("it starts");
            let said = writeln!(child.stdin.take().expect("piped"), "{PASSWORD}");
            good(&child.wait_with_output().expect("it ends"));
            said.expect("it reads the password");
        }
        let serving = Serving::start(run(&["serve"]));
        self.sessions = PEOPLE.iter().map(|(name, ..)| sign_in(serving.address, name)).collect();
    }

    /// The program with a command that works on these data.
    pub fn run(&self, args: &[&str]) -> Command {
        self.with_data(program(), args)
    }

    fn with_data(&self, mut command: Command, args: &[&str]) -> Command {
        command.args(args).arg("--data").arg(&self.dir);
        if let Some(url) = &self.database {
            command.arg("--database").arg(url);
        }
        command
    }

    /// Serves it, as soon as it listens.
    pub fn serve(&self) -> Serving {
        Serving::start(self.run(&["serve"]))
    }

    pub fn location(&self) -> Location {
        Location { database: self.database.clone(), ..Location::in_dir(&self.dir) }
    }

    /// The data, beside whoever serves them.
    pub fn beside(&self) -> Store {
        Store::open_beside(&self.location()).expect("it opens")
    }
}

pub fn sign_in(address: SocketAddr, name: &str) -> String {
    let credentials = json!({ "name": name, "password": PASSWORD }).to_string();
    let answer = Client::new(address, None).post("/api/session", credentials.as_bytes()).expect("an answer");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let cookie = answer.cookie.expect("a session");
    cookie.strip_prefix("qw_session=").expect("its token").to_owned()
}

/// What a command printed, if it went well.
#[track_caller]
pub fn good(output: &Output) -> String {
    assert!(output.status.success(), "{:?}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a command said on its way out with this code.
#[track_caller]
pub fn refused(output: &Output, code: i32) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "{said}");
    said
}

/// The program, serving; killed with the test.
pub struct Serving {
    pub child: Child,
    pub address: SocketAddr,
    said: Arc<Mutex<String>>,
}

impl Serving {
    /// Starts it and waits until it listens.
    pub fn start(command: Command) -> Serving {
        Serving::try_start(command).unwrap_or_else(|said| panic!("it does not listen:\n{said}"))
    }

    /// The same, or what it said before it ended.
    pub fn try_start(mut command: Command) -> Result<Serving, String> {
        command.args(["--plain", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
        let lines = BufReader::new(child.stderr.take().expect("piped")).lines();
        let said = Arc::new(Mutex::new(String::new()));
        let (send, receive) = mpsc::channel();
        let kept = said.clone();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(address) = line.strip_prefix("http://").and_then(|l| l.strip_suffix('/')) {
                    let _ = send.send(address.to_owned());
                }
                kept.lock().expect("whole").push_str(&(line + "\n"));
            }
        });
        match receive.recv_timeout(SOON) {
            Ok(address) => Ok(Serving { child, address: address.parse().expect("an address"), said }),
            Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(said.lock().expect("whole").clone())
            }
        }
    }

    /// Everything it has said so far.
    pub fn said(&self) -> String {
        self.said.lock().expect("whole").clone()
    }

    /// SIGKILL: nothing of it runs any more afterwards.
    pub fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    pub fn client(&self, session: &str) -> Client {
        Client::new(self.address, Some(session))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something holds.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < SOON, "not within a minute: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// A report as it is sent, under a fresh id.
pub fn report(village: i64, words: &str) -> (uuid::Uuid, Value) {
    let id = uuid::Uuid::now_v7();
    let command = json!({ "type": "problems.report", "place": village, "field": "road", "text": words, "position": null, "found_ms": null });
    (id, json!({ "id": id, "command": command }))
}

/// A database of a PostgreSQL server, gone with the test.
struct Database {
    server: String,
    name: String,
    url: String,
}

impl Database {
    fn create(server: &str) -> Database {
        let mut random = [0; 8];
        getrandom::fill(&mut random).expect("randomness");
        let name = format!("qw_drill_{}", hex::encode(random));
        let (base, options) = server.split_once('?').map_or((server, String::new()), |(b, o)| (b, format!("?{o}")));
        let url = format!("{}/{name}{options}", base.rsplit_once('/').expect("a URL ends in the name of a database").0);
        Postgres::connect(server).expect("it answers").run(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"));
        Database { server: server.to_owned(), name, url }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        match Postgres::connect(&self.server) {
            Ok(mut server) => drop(server.try_run(&format!("DROP DATABASE {} WITH (FORCE)", self.name))),
            Err(e) => eprintln!("database {} stays behind: {e}", self.name),
        }
    }
}

/// A connection past the program.
pub struct Postgres(tokio::runtime::Runtime, tokio_postgres::Client);

impl Postgres {
    pub fn connect(url: &str) -> Result<Postgres, tokio_postgres::Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("threads");
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, tokio_postgres::NoTls))?;
        runtime.spawn(connection);
        Ok(Postgres(runtime, client))
    }

    pub fn try_run(&mut self, statements: &str) -> Result<(), tokio_postgres::Error> {
        self.0.block_on(self.1.batch_execute(statements))
    }

    #[track_caller]
    pub fn run(&mut self, statements: &str) {
        self.try_run(statements).unwrap_or_else(|e| panic!("{statements}: {e:?}"));
    }

    /// The first column of the first row.
    pub fn number(&mut self, query: &str) -> i64 {
        self.0.block_on(self.1.query_one(query, &[])).expect("a row").get(0)
    }

    /// Waits until no other process works in this database: what a killed one had sent is done or undone.
    pub fn until_alone(&mut self) {
        until("its connections end", || {
            self.number(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' \
                 AND pid <> pg_backend_pid()",
            ) == 0
        });
    }
}
