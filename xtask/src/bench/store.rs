//! Durable append, verification and rebuild, against the same program committing one by one.
//!
//! Clients that wait: each hands in one command and waits for its answer before the next. All of them live on one thread,
//! so that the load costs little. Each takes one problem after another through its life: reported, assigned, diagnosed,
//! fix claimed, fix verified; each of these is one command, one fact, and one row of a view written again.
//!
//! CPU is that of the whole process, of all threads (`/proc/self/task/*/schedstat`), less what the same thread needs to
//! make the same commands without handing them in. With PostgreSQL, its processes are counted as well.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use domain::{
    Command, ViewId,
    basics::{AccountId, Actor, Context, Day, FileHash, PersonId, PlaceId, Post, ProblemId, Role, Text},
    places::{ImportRow, Kind, Level, RegisterImport},
    problems::{self, Field, Photo},
    rules,
};
use store::{Answer, Bench, Location, Outcome, Store, Submission};
use uuid::Uuid;

use super::Options;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long each append is measured.
const SECONDS: u64 = 5;

/// Options: `facts` (1,000,000), `writers` (256), `postgres` (URL; SQLite only without it), `sync-delay-ms` (4), `counties`
/// (4; each has a chain), `dir` (a folder on the disk that is meant; `target` without it).
pub fn run(root: &Path, options: &Options) -> Result<bool> {
    let facts = options.number("facts", 1_000_000)?;
    let clients = options.number("writers", 256)? as usize;
    let counties = options.number("counties", 4)?;
    let delay = Duration::from_millis(options.number("sync-delay-ms", 4)?);
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let base = options.word("dir").map_or(target, PathBuf::from).join(format!("bench-store-{}", std::process::id()));
    let kept = Kept(base.clone());
    let at = |name: &str, database: Option<String>| Location { database, ..Location::in_dir(base.join(name)) };
    let grouped = Bench::default();
    let single = Bench { batch_max: 1, ..grouped };
    let slow = |bench: Bench| Bench { sync_delay: delay, ..bench };

    println!("{clients} waiting clients; one fact and one view row written for each command");
    let mut good = true;
    let mut judge = |what: &str, value: f64, target: f64, at_least: bool| {
        let met = if at_least { value >= target } else { value <= target };
        good &= met;
        let (sign, word) = (if at_least { "≥" } else { "≤" }, if met { "met" } else { "MISSED" });
        println!("    {what}: {value:.1} (target {sign} {target}: {word})");
    };

    let one = append("SQLite FULL, one by one", &at("s1", None), single, clients, 1)?;
    let many = append("SQLite FULL, grouped", &at("s2", None), grouped, clients, 1)?;
    judge("times as many", many.rate / one.rate, 6.0, true);
    judge("CPU µs a fact", many.cpu_us, 25.0, false);
    let one = append(&format!("SQLite, a sync {delay:?} longer, one by one"), &at("s3", None), slow(single), clients, 1)?;
    let many = append(&format!("SQLite, a sync {delay:?} longer, grouped"), &at("s4", None), slow(grouped), clients, 1)?;
    judge("times as many", many.rate / one.rate, 40.0, true);
    match options.word("postgres") {
        None => println!("SKIPPED PostgreSQL: no --postgres URL of an empty database"),
        Some(url) => {
            for chains in [1, counties] {
                // Numbers of counties go on, so that each run has chains of its own in the one database.
                let database = || Some(url.to_owned());
                let one =
                    append(&format!("PostgreSQL, {chains} chains, one by one"), &at("p1", database()), single, clients, chains)?;
                let many =
                    append(&format!("PostgreSQL, {chains} chains, grouped"), &at("p2", database()), grouped, clients, chains)?;
                judge("times as many", many.rate / one.rate, 11.0, true);
            }
        }
    }

    let store = Store::open(&at("big", None))?;
    let county = found(&store, 1)?;
    let begun = Instant::now();
    let mut load = Load::new(&county, 4096.min(facts as usize));
    load.run(&store, |done| done >= facts)?;
    println!("{facts} facts filled in: {:.0}/s on the wall, peak {} MB", facts as f64 / begun.elapsed().as_secs_f64(), peak_mb());

    let (report, cpu, wall) = timed(|| store.verify(&[], &mut |_| {}))?;
    ensure!(report.holds(), "the chains do not hold");
    let count: u64 = report.chains.iter().map(|c| c.facts).sum();
    println!("verify of {count} facts: {cpu:.2} CPU-s, {wall:.2} s, peak {} MB", peak_mb());
    judge("thousand facts a CPU-second", count as f64 / cpu / 1e3, 500.0, true);
    let (count, cpu, wall) = timed(|| store.rebuild(ViewId::Problems, &mut |_| {}))?;
    println!("rebuild of {} from {count} facts: {cpu:.2} CPU-s, {wall:.2} s, peak {} MB", ViewId::Problems.name(), peak_mb());
    judge("thousand facts a CPU-second", count as f64 / cpu / 1e3, 100.0, true);
    drop((store, kept));
    Ok(good)
}

/// A folder that goes with the bench.
pub(super) struct Kept(pub(super) PathBuf);
impl Drop for Kept {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Measured {
    rate: f64,
    cpu_us: f64,
}

fn append(what: &str, location: &Location, bench: Bench, clients: usize, chains: u64) -> Result<Measured> {
    let store = Store::open_with(location, bench)?;
    let county = found(&store, chains)?;
    let mut load = Load::new(&county, clients);
    let warm = Instant::now();
    load.run(&store, |_| warm.elapsed() > Duration::from_millis(500))?;
    let (before, postgres, begun) = (cpu_seconds(), postgres_cpu_seconds(), Instant::now());
    let done = load.run(&store, |_| begun.elapsed() > Duration::from_secs(SECONDS))?;
    let (seconds, cpu) = (begun.elapsed().as_secs_f64(), cpu_seconds() - before);
    let database = if location.database.is_some() { postgres_cpu_seconds() - postgres } else { 0.0 };
    let making = load.cost_of_making(done.facts);
    let rate = done.facts as f64 / seconds;
    let us = |s: f64| s * 1e6 / done.facts as f64;
    let database_us = if database > 0.0 { format!(" + {:.1} in PostgreSQL", us(database)) } else { String::new() };
    println!(
        "{what}: {rate:.0}/s, p50 {:.1} ms, p99 {:.1} ms; CPU {:.1} µs a fact{database_us} (making commands, {:.1}, taken off)",
        done.at(0.5),
        done.at(0.99),
        us(cpu - making),
        us(making)
    );
    Ok(Measured { rate, cpu_us: us(cpu - making + database) })
}

/// Runs something: what came of it, CPU-seconds of the process, seconds on the wall.
fn timed<T, E: std::error::Error + Send + Sync + 'static>(work: impl FnOnce() -> Result<T, E>) -> Result<(T, f64, f64)> {
    let (cpu, wall) = (cpu_seconds(), Instant::now());
    let done = work()?;
    Ok((done, cpu_seconds() - cpu, wall.elapsed().as_secs_f64()))
}

pub(super) fn now_ms() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
}

fn account(n: u128, role: Role) -> Actor {
    let posts = vec![Post::new(TOP, role)];
    Actor::Account { id: AccountId(Uuid::from_u128(n)), person: PersonId(Uuid::from_u128(n)), posts }
}

fn text<const N: usize>(words: &str) -> Text<N> {
    Text::new(words).expect("a good text")
}

/// The city above the counties of a bench.
const TOP: PlaceId = PlaceId(98_010_000_000_000);

/// Makes counties that are not there yet, each with ten townships of twenty villages; returns the villages.
pub(super) fn found(store: &Store, chains: u64) -> Result<Vec<PlaceId>> {
    let mut rows = Vec::new();
    let mut villages = Vec::new();
    let mut row = |code: u64, level, kind, parent: Option<u64>| {
        let code12 = |c: u64| format!("{c:012}");
        rows.push(ImportRow { code: code12(code), name: text(&format!("第{code}")), level, kind, parent: parent.map(code12) });
    };
    row(980_100_000_000, Level::City, Kind::Area, None);
    let first = store.heads()?.len() as u64;
    for county in first.max(1)..first.max(1) + chains {
        let county = 980_100_000_000 + county * 1_000_000;
        row(county, Level::County, Kind::Area, Some(980_100_000_000));
        for township in 1..=10 {
            let township = county + township * 1000;
            row(township, Level::Township, Kind::Town, Some(county));
            for village in township + 201..=township + 220 {
                row(village, Level::Village, Kind::Villagers, Some(township));
                villages.push(PlaceId::mint(village, 0));
            }
        }
    }
    let import = RegisterImport {
        origin: "made up".into(),
        document: text("made up"),
        changed_on: None,
        rows,
        changes: Vec::new(),
        details: Vec::new(),
    };
    let mut founding = vec![Command::Import(import)];
    let from = Day::of_ms(0);
    for rule in rules::starting_pack() {
        founding.push(Command::Rules(rules::Command::Set { place: TOP, from, rule, reason: text("as decided") }));
    }
    for command in founding {
        let context = Context { now_ms: now_ms(), actor: Actor::Import, command: Uuid::now_v7(), fresh: Uuid::now_v7() };
        let answer = store.submit_and_wait(Submission { command, context })?;
        ensure!(matches!(answer.outcome, Outcome::Accepted { .. }), "{:?}", answer.outcome);
    }
    Ok(villages)
}

/// A client: the problem it takes through its life, and how far it is.
struct Client {
    village: usize,
    problem: ProblemId,
    step: usize,
    since: Instant,
}

type Answered = (usize, store::Result<Answer>);

struct Load<'v> {
    villages: &'v [PlaceId],
    clients: Vec<Client>,
    office: Actor,
    department: Actor,
    send: mpsc::Sender<Answered>,
    receive: mpsc::Receiver<Answered>,
}

#[derive(Default)]
struct Done {
    facts: u64,
    waits_us: Vec<u32>,
}

impl Done {
    /// The wait, in milliseconds, that so many of all waits are below. They are in order once the load has ended.
    fn at(&self, share: f64) -> f64 {
        let place = (self.waits_us.len() as f64 * share) as usize;
        self.waits_us.get(place.min(self.waits_us.len().saturating_sub(1))).map_or(0.0, |us| f64::from(*us) / 1e3)
    }
}

impl<'v> Load<'v> {
    fn new(villages: &'v [PlaceId], clients: usize) -> Load<'v> {
        let (send, receive) = mpsc::channel();
        let client = |n| Client { village: n % villages.len(), problem: ProblemId(Uuid::nil()), step: 0, since: Instant::now() };
        let clients = (0..clients).map(client).collect();
        let mut office = account(1, Role::Office);
        if let Actor::Account { posts, .. } = &mut office {
            posts.push(Post::new(TOP, Role::Head));
        }
        Load { villages, clients, office, department: account(2, Role::Department), send, receive }
    }

    /// The next command of a client.
    fn next(&mut self, n: usize) -> Submission {
        use problems::Command as P;
        let count = self.villages.len();
        let client = &mut self.clients[n];
        let id = Uuid::now_v7();
        let problem = client.problem;
        let (actor, command) = match client.step {
            0 => {
                client.problem = ProblemId(id);
                client.village = (client.village + 7) % count;
                let place = self.villages[client.village];
                let field = Field::ALL[n % Field::ALL.len()];
                let text = text("村口第三个垃圾桶满了三天没有清运，旁边的排水沟也堵住了，下雨时污水流到路上");
                (
                    &self.office,
                    P::Report {
                        place,
                        field,
                        text,
                        position: None,
                        photos: Vec::new(),
                        found_ms: None,
                        receipt: None,
                        contact: None,
                    },
                )
            }
            1 => (&self.office, P::Assign { problem, post: Some(self.department.posts()[0]), due: None, note: None }),
            2 => (
                &self.department,
                P::Diagnose {
                    problem, cause: text("清运车坏了，没有备用车"), measure: text("向邻镇借一辆，三天内清完")
                },
            ),
            3 => {
                let photo = Photo { file: FileHash::new(&"ab".repeat(32)).expect("64 digits"), taken_ms: None, position: None };
                (&self.department, P::ClaimFix { problem, text: text("已经清运，水沟也疏通了"), photos: vec![photo] })
            }
            _ => (&self.office, P::VerifyFix { problem, note: text("到现场看过，确实清完"), photos: Vec::new() }),
        };
        client.step = (client.step + 1) % 5;
        client.since = Instant::now();
        let context = Context { now_ms: now_ms(), actor: actor.clone(), command: id, fresh: id };
        Submission { command: Command::Problems(command), context }
    }

    fn hand_in(&mut self, store: &Store, n: usize) {
        let submission = self.next(n);
        let send = self.send.clone();
        store.submit(submission, move |answer| {
            let _ = send.send((n, answer));
        });
    }

    /// Keeps every client busy until told to stop, then lets all have their answers.
    fn run(&mut self, store: &Store, mut stop: impl FnMut(u64) -> bool) -> Result<Done> {
        let mut done = Done::default();
        let mut waiting = self.clients.len();
        (0..waiting).for_each(|n| self.hand_in(store, n));
        while waiting > 0 {
            let (n, answer) = self.receive.recv().context("the writer is gone")?;
            let answer = answer?;
            ensure!(matches!(answer.outcome, Outcome::Accepted { .. }), "{:?}", answer.outcome);
            done.facts += 1;
            done.waits_us.push(self.clients[n].since.elapsed().as_micros() as u32);
            if stop(done.facts) {
                waiting -= 1;
            } else {
                self.hand_in(store, n);
            }
        }
        done.waits_us.sort_unstable();
        Ok(done)
    }

    /// CPU-seconds for making so many commands and passing so many answers back, with no store.
    fn cost_of_making(&mut self, count: u64) -> f64 {
        let before = cpu_seconds();
        for n in 0..count as usize {
            std::hint::black_box(self.next(n % self.clients.len()));
        }
        cpu_seconds() - before
    }
}

/// CPU of all threads of this process; those that have ended are not counted.
pub(super) fn cpu_seconds() -> f64 {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanoseconds = |task: fs::DirEntry| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    tasks.filter_map(nanoseconds).sum::<f64>() / 1e9
}

/// CPU of every process named `postgres` on this machine.
fn postgres_cpu_seconds() -> f64 {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let nanoseconds = |process: fs::DirEntry| {
        let name = fs::read_to_string(process.path().join("comm")).ok()?;
        let text = fs::read_to_string(process.path().join("schedstat")).ok().filter(|_| name.trim() == "postgres")?;
        text.split(' ').next()?.parse::<f64>().ok()
    };
    processes.filter_map(nanoseconds).sum::<f64>() / 1e9
}

/// Most memory held at once since the start.
pub(super) fn peak_mb() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
