//! What a request costs at the server, with a province loaded: the real binary over the real register, with problems that
//! are plainly synthetic spread over all its villages. And what the demo needs to start.
//!
//! CPU is the server's own, all threads, from `/proc/<pid>/stat`, over requests made one after the other; times are those
//! that 16 clients see, each asking again as soon as it is answered, on the same machine. Clients take compressed answers,
//! as browsers do. A query goes round different places, so that nothing is answered from one warm page.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command as Process, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use domain::{
    Command,
    basics::{AccountId, Actor, Context, Day, PersonId, PlaceId, Post, Role},
    places::{Level, Place},
    rules,
};
use serde_json::{Value, json};
use store::{Held, Location, NewAccount, NewFile, Outcome, Store, Submission};
use uuid::Uuid;

use super::Options;

/// CPU that a request may cost, milliseconds.
const CPU_MS_MAX: f64 = 20.0;
/// Largest map tile, as it is before compression.
const TILE_MAX: usize = 150 * 1024;
/// Most that the demo may hold in memory.
const DEMO_MB_MAX: f64 = 120.0;
/// Most that the demo may take to its first answer, once its data are there.
const DEMO_START_MAX: f64 = 0.5;
/// CPU-seconds for the import of the province's register.
const IMPORT_MAX: f64 = 5.0;
/// Requests one after the other: enough for a clock that ticks a hundred times a second.
const REQUESTS: usize = 120;

/// Options: `clients` (16), `seconds` (2, per query), `problems` (100,000), `register` (folder with the Zhejiang files),
/// `dir` (keep the data there, and use what is there already), `only` (queries whose name holds this).
pub fn run(root: &Path, options: &Options) -> Result<bool> {
    let (clients, seconds) = (options.number("clients", 16)? as usize, options.number("seconds", 2)?);
    let register = options.word("register").map_or_else(|| root.join("../shared/data/registry"), PathBuf::from);
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let built = Process::new("cargo").args(["build", "--release", "--package", "qianwan"]).current_dir(root).status()?;
    ensure!(built.success(), "the binary does not build");
    let binary = target.join("release/qianwan");
    let (base, _kept) = match options.word("dir") {
        Some(dir) => (PathBuf::from(dir), None),
        None => {
            let dir = target.join(format!("bench-serve-{}", std::process::id()));
            (dir.clone(), Some(Removed(dir)))
        }
    };
    let mut verdict = Verdict { good: true };

    let data = base.join("province");
    if !data.join("qianwan.db").is_file() {
        fs::create_dir_all(&data)?;
        import(&binary, &data, &register, &mut verdict)?;
        fill(&data, options.number("problems", 100_000)?)?;
    }
    province(&binary, &data, clients, Duration::from_secs(seconds), options.word("only").unwrap_or_default(), &mut verdict)?;
    if options.word("only").is_none() {
        demo(&binary, &base.join("demo"), &mut verdict)?;
    }
    Ok(verdict.good)
}

/// Data that go with the bench.
struct Removed(PathBuf);
impl Drop for Removed {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Verdict {
    good: bool,
}

impl Verdict {
    fn at_most(&mut self, value: f64, most: f64) -> &'static str {
        if value <= most {
            return "met";
        }
        self.good = false;
        "MISSED"
    }
}

fn import(binary: &Path, data: &Path, register: &Path, verdict: &mut Verdict) -> Result<()> {
    let names = [
        "zhejiang_divisions_2023.csv.gz",
        "zhejiang_code_changes_2022_to_2023.csv",
        "zhejiang_adcode_2016_urban_rural_gcj02.csv.gz",
        "zhejiang_counties_simplified.geojson",
    ];
    let files: Vec<PathBuf> = names.iter().map(|n| register.join(n)).collect();
    let timed = |what: &str, files: &[PathBuf], dir: &Path| -> Result<f64> {
        let (before, began) = (children_cpu()?, Instant::now());
        let done = Process::new(binary).args(["places", "import", "--json", "--data"]).arg(dir).args(files).output()?;
        ensure!(done.status.success(), "import: {}", String::from_utf8_lossy(&done.stderr));
        let cpu = children_cpu()? - before;
        println!("import of {what}: {cpu:.2} CPU-s, {:.2} s", began.elapsed().as_secs_f64());
        Ok(cpu)
    };
    let alone = data.with_extension("register-alone");
    let cpu = timed("the register of 2023", &files[..1], &alone)?;
    println!("    target ≤ {IMPORT_MAX} CPU-s: {}", verdict.at_most(cpu, IMPORT_MAX));
    fs::remove_dir_all(&alone)?;
    timed("register, changes, classes and points, outlines", &files, data)?;
    Ok(())
}

/// CPU of children that have ended, seconds.
fn children_cpu() -> Result<f64> {
    ticks(Path::new("/proc/self/stat"), 15, 16)
}

/// Two fields of a `stat` file, numbered from 1 as in proc(5), less one; a hundred ticks make a second on Linux.
fn ticks(path: &Path, first: usize, second: usize) -> Result<f64> {
    let text = fs::read_to_string(path)?;
    let rest = text.rsplit_once(") ").context("a stat line has a name in parentheses")?.1;
    let fields: Vec<&str> = rest.split(' ').collect();
    let field = |n: usize| -> Result<f64> { Ok(fields.get(n - 2).context("a stat line is long")?.parse::<f64>()?) };
    Ok((field(first)? + field(second)?) / 100.0)
}

/// Synthetic problems over three years, through the command path: nine in ten are solved, the others are of this month.
fn fill(data: &Path, problems: u64) -> Result<()> {
    let store = Store::open(&Location::in_dir(data))?;
    let now_ms = now_ms();
    let today = Day::of_ms(now_ms);
    let mut villages: Vec<Place> = Vec::new();
    let mut top = None;
    store.each_place(&mut |p| match p.level {
        Level::Village if p.closed.is_none() => villages.push(p.clone()),
        _ if p.within.is_empty() && p.closed.is_none() => top = Some(p.id),
        _ => {}
    })?;
    villages.sort_by_key(|p| p.id);
    let top = top.context("a register has a top")?;
    accounts(&store, top, &villages, today)?;
    let start = today.plus(-3 * 365);
    for rule in rules::starting_pack() {
        let reason = domain::basics::Text::new("bench").context("text")?;
        let command = Command::Rules(rules::Command::Set { place: top, from: start, rule, reason });
        let context = Context { now_ms, actor: Actor::System, command: Uuid::now_v7(), fresh: Uuid::now_v7() };
        store.submit_and_wait(Submission { command, context })?;
    }
    let photo = NewFile { content: b"synthetic", media_type: "image/png", taken_ms: None, position: None };
    let photo = store.files().put(&photo, now_ms)?.hash;
    let actor = |role| Actor::Account {
        id: AccountId(Uuid::from_u128(role as u128 + 1)),
        person: PersonId(Uuid::from_u128(role as u128 + 1)),
        posts: vec![Post::new(top, role)],
    };
    let (office, inspector) = (actor(Role::Office), actor(Role::Inspector));
    let fields = [
        "waste",
        "sewage",
        "toilet",
        "water",
        "road",
        "greening",
        "lighting",
        "housing",
        "appearance",
        "service",
        "culture",
        "industry",
    ];
    let (told, heard) = mpsc::channel();
    let mut waiting = 0_u64;
    let mut number = 0_u128;
    let mut facts = 0_u64;
    let began = Instant::now();
    let mut hear = |waiting: &mut u64, down_to: u64| -> Result<()> {
        while *waiting > down_to {
            let answer: store::Answer = heard.recv()??;
            *waiting -= 1;
            match answer.outcome {
                Outcome::Accepted { kinds, .. } => facts += kinds.values().sum::<u64>(),
                other => bail!("a synthetic command was not accepted: {other:?}"),
            }
        }
        Ok(())
    };
    for n in 0..problems {
        // Every village in turn, in an order that jumps about; the more often, the less its number says.
        let at = &villages[(n.wrapping_mul(7919) % villages.len() as u64) as usize];
        let field = fields[(n.wrapping_mul(2_654_435_761) >> 7) as usize % fields.len()];
        let open = n % 10 == 3;
        let days_ago = if open { n / 10 % 4 } else { 15 + n.wrapping_mul(104_729) % 1060 };
        let reported = today.plus(-(days_ago as i64)).start_ms() + 3_600_000 + (n % 28_800_000) as i64;
        let id = Uuid::from_u128((u128::from(n) + 1) << 32);
        let mut give = |by: &Actor, after_ms: i64, command: Value| -> Result<()> {
            number += 1;
            let command: Command = serde_json::from_value(command)?;
            let context = Context { now_ms: reported + after_ms, actor: by.clone(), command: Uuid::from_u128(number), fresh: id };
            let told = told.clone();
            store.submit(Submission { command, context }, move |answer| drop(told.send(answer)));
            waiting += 1;
            hear(&mut waiting, 4000)
        };
        let position =
            at.position.map(|p| json!({ "lon_e7": p.lon_e7 + (n % 2000) as i32, "lat_e7": p.lat_e7 + (n % 1700) as i32 }));
        let text = format!("合成数据 {n}：{}第{}组需要处理", at.name, n % 12 + 1);
        give(
            &office,
            0,
            json!({ "type": "problems.report", "place": at.id, "field": field, "text": text, "position": position }),
        )?;
        if open && n % 20 == 3 {
            continue;
        }
        give(&office, 1000, json!({ "type": "problems.assign", "problem": id }))?;
        if open {
            continue;
        }
        let rule = post_of(&store, at, field)?;
        let worker =
            Actor::Account { id: AccountId(Uuid::from_u128(99)), person: PersonId(Uuid::from_u128(99)), posts: vec![rule] };
        give(
            &worker,
            86_400_000,
            json!({ "type": "problems.diagnose", "problem": id, "cause": "合成原因", "measure": "合成措施" }),
        )?;
        give(
            &worker,
            2 * 86_400_000,
            json!({ "type": "problems.claim_fix", "problem": id, "text": "合成：已处理", "photos": [photo] }),
        )?;
        give(&inspector, 3 * 86_400_000, json!({ "type": "problems.verify_fix", "problem": id, "note": "合成：已看过" }))?;
    }
    hear(&mut waiting, 0)?;
    println!(
        "{problems} synthetic problems, {facts} facts, over {} villages: {:.0} s",
        villages.len(),
        began.elapsed().as_secs_f64()
    );
    Ok(())
}

/// The post that the starting pack makes answerable; asked of the pack itself.
fn post_of(_store: &Store, at: &Place, field: &str) -> Result<Post> {
    for rule in rules::starting_pack() {
        if let rules::Rule::Deadlines(deadlines) = rule {
            let field = domain::problems::Field::from_word(field).context("a works field")?;
            let deadline = deadlines.of(field);
            return Ok(Post::new(at.at_level(deadline.level).unwrap_or(at.id), deadline.role));
        }
    }
    bail!("the starting pack has deadlines")
}

/// Whoever asks: somebody for the province, a county, a township and a village.
fn accounts(store: &Store, top: PlaceId, villages: &[Place], today: Day) -> Result<()> {
    let village = villages.get(villages.len() / 2).context("there are villages")?;
    let posts = [
        ("bench-province", Post::new(top, Role::Office)),
        ("bench-county", Post::new(village.within[2], Role::Office)),
        ("bench-township", Post::new(village.within[3], Role::Township)),
    ];
    for (n, (name, post)) in (1000_u128..).zip(posts) {
        let held = [Held { post, from: today, until: None }];
        let account = NewAccount { id: AccountId(Uuid::from_u128(n)), name, display: name, password: None, held: &held };
        store.accounts().create(&[account], now_ms())?;
    }
    Ok(())
}

fn now_ms() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
}

/// A server of our own.
pub(super) struct Server {
    child: Child,
    pub(super) address: String,
}

impl Server {
    /// Starts it and waits for its first answer; seconds until then.
    pub(super) fn start(binary: &Path, args: &[&str], data: &Path) -> Result<(Server, f64)> {
        let began = Instant::now();
        let mut child = Process::new(binary)
            .args(args)
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env("QIANWAN_LOG", "warn")
            .spawn()?;
        let (told, heard) = mpsc::channel();
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().context("piped")?), Box::new(child.stderr.take().context("piped")?)];
        for stream in streams {
            let told = told.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    if let Some(at) = line.find("http://127.0.0.1:") {
                        let address: String =
                            line[at + 7..].chars().take_while(|c| c.is_ascii_digit() || ".:".contains(*c)).collect();
                        let _ = told.send(address);
                    }
                }
            });
        }
        let address = heard.recv_timeout(Duration::from_secs(300)).context("the server does not say where it listens")?;
        let server = Server { child, address };
        loop {
            let answer = Client::to(&server.address).and_then(|mut c| c.get("/healthz", ""));
            match answer {
                Ok(answer) if answer.status == 200 => return Ok((server, began.elapsed().as_secs_f64())),
                _ if began.elapsed() > Duration::from_secs(300) => bail!("no answer"),
                _ => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    }

    /// CPU of all its threads so far, seconds.
    pub(super) fn cpu(&self) -> Result<f64> {
        ticks(&PathBuf::from(format!("/proc/{}/stat", self.child.id())), 13, 14)
    }

    /// Resident memory now and at most, MB.
    pub(super) fn memory(&self) -> Result<(f64, f64)> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let mb = |name: &str| {
            let line = text.lines().find(|l| l.starts_with(name)).and_then(|l| l.split_whitespace().nth(1)?.parse::<f64>().ok());
            line.unwrap_or(0.0) / 1024.0
        };
        Ok((mb("VmRSS:"), mb("VmHWM:")))
    }

    /// Clocks and checkpoints run after the start: they are not what is measured.
    pub(super) fn settled(&self) -> Result<()> {
        let mut quiet = 0;
        while quiet < 3 {
            let before = self.cpu()?;
            std::thread::sleep(Duration::from_millis(400));
            quiet = if self.cpu()? - before < 0.03 { quiet + 1 } else { 0 };
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection that is kept.
pub(super) struct Client {
    stream: BufReader<TcpStream>,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Client {
    pub(super) fn to(address: &str) -> Result<Client> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Client { stream: BufReader::new(stream) })
    }

    pub(super) fn get(&mut self, path: &str, headers: &str) -> Result<Answer> {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").as_bytes())
    }

    /// Sends a whole request, and takes the answer.
    pub(super) fn send(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.get_mut().write_all(request)?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status: u16 = line.split(' ').nth(1).context("a status line")?.parse()?;
        let (mut length, mut chunked) = (0, false);
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse()?,
                "transfer-encoding" => chunked = value == "chunked",
                _ => {}
            }
        }
        let mut body = Vec::new();
        loop {
            if chunked {
                line.clear();
                self.stream.read_line(&mut line)?;
                length = usize::from_str_radix(line.trim(), 16)?;
            }
            let at = body.len();
            body.resize(at + length, 0);
            self.stream.read_exact(&mut body[at..])?;
            if !chunked {
                return Ok(Answer { status, body });
            }
            line.clear();
            self.stream.read_line(&mut line)?;
            if length == 0 {
                return Ok(Answer { status, body });
            }
        }
    }
}

/// One kind of request: who asks, and the addresses that it goes round.
struct Query {
    name: String,
    by: &'static str,
    paths: Vec<String>,
}

fn province(binary: &Path, data: &Path, clients: usize, time: Duration, only: &str, verdict: &mut Verdict) -> Result<()> {
    let store = Store::open(&Location::in_dir(data))?;
    let mut tokens = BTreeMap::new();
    for (n, name) in (1000_u128..).zip(["province", "county", "township"]) {
        tokens.insert(name, store.accounts().open_session(AccountId(Uuid::from_u128(n)), now_ms())?);
    }
    let mut places: Vec<Place> = Vec::new();
    store.each_place(&mut |p| places.push(p.clone()))?;
    places.retain(|p| p.closed.is_none());
    places.sort_by_key(|p| p.id);
    let keys: Vec<String> = (0..40_u128).map(|n| Uuid::from_u128((n * 2311 + 1) << 32).to_string()).collect();
    let facts = store.heads()?.iter().map(|h| h.size).sum::<u64>();
    drop(store);
    let queries = queries(&places, &keys);

    let (server, seconds) = Server::start(binary, &["serve", "--plain"], data)?;
    println!("province: {} places, {facts} facts; start to first answer {seconds:.2} s", places.len());
    server.settled()?;
    println!("{:<52} {:>9} {:>8} {:>8} {:>8} {:>9} {:>9}", "", "first ms", "CPU ms", "p50 ms", "p99 ms", "bytes", "sent");
    for query in queries.iter().filter(|q| q.name.contains(only)) {
        let session = tokens.get(query.by).map(|t| format!("Cookie: qw_session={t}\r\n")).unwrap_or_default();
        let compressed = format!("{session}Accept-Encoding: gzip, deflate, br\r\n");
        measure(&server, query, &session, &compressed, clients, time, verdict)?;
    }
    let (now, most) = server.memory()?;
    println!("resident after all this: {now:.0} MB, at most {most:.0} MB");
    Ok(())
}

fn measure(
    server: &Server,
    query: &Query,
    plain: &str,
    compressed: &str,
    clients: usize,
    time: Duration,
    verdict: &mut Verdict,
) -> Result<()> {
    let mut client = Client::to(&server.address)?;
    let checked = |answer: Answer, path: &str| -> Result<Answer> {
        ensure!([200, 204].contains(&answer.status), "{path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        Ok(answer)
    };
    let before = server.cpu()?;
    checked(client.get(&query.paths[0], compressed)?, &query.paths[0])?;
    let first = (server.cpu()? - before) * 1000.0;
    let mut largest = 0;
    for path in &query.paths {
        largest = largest.max(checked(client.get(path, plain)?, path)?.body.len());
    }
    let (before, mut sent) = (server.cpu()?, 0);
    for n in 0..REQUESTS {
        sent = sent.max(client.get(&query.paths[n % query.paths.len()], compressed)?.body.len());
    }
    let cpu = (server.cpu()? - before) * 1000.0 / REQUESTS as f64;
    let times = Arc::new(Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for n in 0..clients {
            let times = times.clone();
            scope.spawn(move || {
                let Ok(mut client) = Client::to(&server.address) else { return };
                let (began, mut own, mut at) = (Instant::now(), Vec::new(), n * 7);
                while began.elapsed() < time {
                    let one = Instant::now();
                    if client.get(&query.paths[at % query.paths.len()], compressed).is_err() {
                        return;
                    }
                    own.push(one.elapsed().as_secs_f64() * 1000.0);
                    at += 1;
                }
                if let Ok(mut times) = times.lock() {
                    times.extend(own);
                }
            });
        }
    });
    let mut times = times.lock().map_err(|_| anyhow::anyhow!("a client broke"))?.clone();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN);
    let mut word = verdict.at_most(cpu, CPU_MS_MAX);
    if query.name.starts_with("tile") && verdict.at_most(largest as f64, TILE_MAX as f64) != "met" {
        word = "MISSED (size)";
    }
    println!("{:<52} {first:>9.0} {cpu:>8.2} {:>8.1} {:>8.1} {largest:>9} {sent:>9}  {word}", query.name, at(0.5), at(0.99));
    Ok(())
}

fn queries(places: &[Place], keys: &[String]) -> Vec<Query> {
    let of = |level: Level, n: usize| -> Vec<&Place> {
        let all: Vec<&Place> = places.iter().filter(|p| p.level == level).collect();
        (0..n).map(|k| all[k * all.len() / n]).collect()
    };
    let (villages, townships, counties, cities, top) =
        (of(Level::Village, 40), of(Level::Township, 30), of(Level::County, 30), of(Level::City, 10), of(Level::Province, 1)[0]);
    let mut all = Vec::new();
    let mut ask = |name: &str, by: &'static str, paths: Vec<String>| all.push(Query { name: name.to_owned(), by, paths });
    let one = |path: &str| vec![path.to_owned()];
    let each = |places: &[&Place], path: &str| -> Vec<String> {
        places.iter().map(|p| path.replace("{id}", &p.id.to_string()).replace("{code}", &p.code)).collect()
    };
    let words: Vec<String> =
        ["%E4%B8%8A", "%E4%B8%89%E8%81%94", "%E7%A4%BE%E5%8C%BA", "%E9%BE%99", "330523", "%E6%B2%A1%E6%9C%89%E8%BF%99%E4%B8%AA"]
            .map(str::to_owned)
            .into();
    let search = |path: &str| words.iter().map(|w| format!("{path}{w}")).collect::<Vec<_>>();
    ask("places: first page", "province", one("/api/rows/places?sort=code"));
    ask("places: of a county", "province", each(&counties, "/api/rows/places?sort=code&level=village&place={id}"));
    ask("places: of a city, counted", "province", each(&cities, "/api/rows/places?sort=name&level=village&place={id}&count=1"));
    ask("places: by kind, 200 rows", "province", one("/api/rows/places?level=village&kind=residents&limit=200&sort=name"));
    ask("places: search", "province", search("/api/rows/places?sort=code&q="));
    ask("places: one", "province", each(&villages, "/api/rows/places/{id}"));
    ask("problems: first page", "province", one("/api/rows/problems?sort=-reported_on"));
    ask("problems: open by due day", "province", one("/api/rows/problems?open=1&sort=due"));
    ask("problems: overdue, counted", "province", one("/api/rows/problems?overdue=1&sort=due&count=1"));
    ask("problems: field and state of the province", "province", one("/api/rows/problems?field=water&state=assigned&sort=due"));
    ask("problems: of a city", "province", each(&cities, "/api/rows/problems?sort=-reported_on&place={id}"));
    ask("problems: of a county", "province", each(&counties, "/api/rows/problems?sort=-reported_on&place={id}"));
    ask("problems: of a township", "province", each(&townships, "/api/rows/problems?sort=-reported_on&place={id}"));
    ask("problems: of a village", "province", each(&villages, "/api/rows/problems?sort=-reported_on&place={id}"));
    ask(
        "problems: rare (field, state, day) of the province",
        "province",
        one("/api/rows/problems?field=industry&state=reported&reported_on.to=2020-01-01&sort=due"),
    );
    ask("problems: search in the province", "province", search("/api/rows/problems?sort=-reported_on&q="));
    ask("problems: search in a county", "county", search("/api/rows/problems?sort=-reported_on&q="));
    ask("problems: one", "province", keys.iter().map(|k| format!("/api/rows/problems/{k}")).collect());
    ask("history of a problem", "province", keys.iter().map(|k| format!("/api/history/problems/{k}")).collect());
    ask("facts under a figure, county", "county", one("/api/history/problems?open=1"));
    ask("facts under a figure, province", "province", one("/api/history/problems?open=1&field=water"));
    ask("today, township", "township", one("/api/today"));
    ask("today, county", "county", one("/api/today"));
    ask("today, province", "province", one("/api/today"));
    ask("dossier of a village", "province", each(&villages, "/api/places/{id}/dossier"));
    ask("dossier of a township", "province", each(&townships, "/api/places/{id}/dossier"));
    ask("dossier of a county", "province", each(&counties, "/api/places/{id}/dossier"));
    ask("dossier of the province", "province", each(&[top], "/api/places/{id}/dossier"));
    ask("groups: by state, county", "county", one("/api/groups/problems?by=state"));
    ask("groups: by state, province", "province", one("/api/groups/problems?by=state"));
    ask("groups: by city and state, province", "province", one("/api/groups/problems?by=child,state"));
    ask("groups: places by county", "province", one("/api/groups/places?by=county&level=village"));
    ask("indicator: cities of the province", "province", one("/api/indicators/problems_open?level=child"));
    ask("indicator: counties of the province", "province", one("/api/indicators/problems_open?level=county"));
    ask("indicator: townships of a county", "county", one("/api/indicators/problems_open?level=child"));
    ask("indicator: villages of a county", "county", one("/api/indicators/problems_open?level=village"));
    ask("map: bounds", "province", one("/api/map"));
    for z in [6_u8, 7, 8, 9, 10, 11, 12] {
        for layer in ["villages", "outlines"] {
            let mut tiles: Vec<String> = places
                .iter()
                .filter(|p| p.level == Level::Village)
                .filter_map(|p| p.position)
                .map(|at| {
                    let side = f64::from(1_u32 << z);
                    let (lon, lat) = (f64::from(at.lon_e7) / 1e7, (f64::from(at.lat_e7) / 1e7).to_radians());
                    let x = ((lon + 180.0) / 360.0 * side) as u32;
                    let y = ((1.0 - (lat.tan() + 1.0 / lat.cos()).ln() / std::f64::consts::PI) / 2.0 * side) as u32;
                    format!("/api/tiles/{layer}/{z}/{x}/{y}.mvt?indicator=problems_open")
                })
                .collect();
            tiles.sort();
            tiles.dedup();
            let step = (tiles.len() / 60).max(1);
            ask(&format!("tile: {layer} z{z}"), "province", tiles.into_iter().step_by(step).collect());
        }
    }
    ask("public page of a village", "nobody", each(&villages, "/v/{code}"));
    ask("public page of a township", "nobody", each(&townships, "/v/{code}"));
    ask("public page of a county", "nobody", each(&counties, "/v/{code}"));
    ask("public home", "nobody", one("/"));
    ask("public search", "nobody", search("/?q="));
    ask("public report form", "nobody", each(&villages, "/v/{code}/report"));
    all
}

/// The demo: how soon it answers, and what it holds.
fn demo(binary: &Path, data: &Path, verdict: &mut Verdict) -> Result<()> {
    fs::create_dir_all(data)?;
    let (server, seconds) = Server::start(binary, &["demo"], data)?;
    let (now, most) = server.memory()?;
    println!(
        "demo, first start with its simulation: {seconds:.2} s to the first answer, resident {now:.0} MB, at most {most:.0} MB"
    );
    drop(server);
    let (server, seconds) = Server::start(binary, &["demo"], data)?;
    println!(
        "demo, second start: {seconds:.3} s to the first answer (target ≤ {DEMO_START_MAX}: {})",
        verdict.at_most(seconds, DEMO_START_MAX)
    );
    server.settled()?;
    let mut client = Client::to(&server.address)?;
    let home = client.get("/", "")?;
    let text = String::from_utf8_lossy(&home.body).into_owned();
    let pages: Vec<String> = text
        .split("href=\"")
        .skip(1)
        .filter_map(|p| p.split('"').next())
        .filter(|p| p.starts_with("/v/"))
        .map(str::to_owned)
        .collect();
    for page in pages.iter().chain(["/console/".to_owned(), "/field/".to_owned()].iter()) {
        client.get(page, "Accept-Encoding: br\r\n")?;
    }
    let (now, most) = server.memory()?;
    println!(
        "demo after {} pages: resident {now:.0} MB, at most {most:.0} MB (target ≤ {DEMO_MB_MAX}: {})",
        pages.len() + 2,
        verdict.at_most(most, DEMO_MB_MAX)
    );
    Ok(())
}
