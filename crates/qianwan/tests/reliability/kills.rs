//! The drill of the ground floor: 64 clients give commands over HTTP, the program is killed, started again on the same data,
//! again and again. What was acknowledged is there, once; what was not can be sent again; chains hold; views equal a rebuild.
//!
//! `QIANWAN_KILLS` says how often (20), `QIANWAN_SEED` with which numbers.

use std::{
    collections::{HashMap, HashSet},
    io,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use domain::ViewId;
use serde_json::{Value, json};
use store::{Condition, List, Scope, Store};
use uuid::Uuid;

use crate::{
    http::Client,
    installation::{Installation, Kind, Postgres, Serving, VILLAGES, good},
    random::{Random, Seed},
};

const CLIENTS: usize = 64;
/// After so many kills another county begins: what is checked after each of them grows with the log.
const KILLS_PER_COUNTY: usize = 50;
/// Acknowledgements before a kill at most.
const ACKNOWLEDGED_MAX: usize = 400;

pub fn sqlite() {
    drill(Kind::Sqlite);
}

pub fn postgres() {
    drill(Kind::Postgres);
}

/// What a client was told.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    /// Facts: chain, number, kind.
    Accepted(String, Vec<(String, u64, String)>),
    /// A rule said no, with this word.
    Refused(String),
}

/// A command, by whom, and what became of it as far as its client knows.
#[derive(Debug, Clone)]
struct Given {
    id: Uuid,
    session: usize,
    body: String,
    told: Option<Told>,
}

/// What the whole drill comes to.
#[derive(Default)]
struct Figures {
    kills: usize,
    acknowledged: usize,
    unanswered: usize,
    of_these_recorded: usize,
    facts: u64,
}

fn drill(kind: Kind) {
    let kills: usize = std::env::var("QIANWAN_KILLS").map_or(20, |n| n.parse().expect("QIANWAN_KILLS is a number"));
    let seed = Seed::given_or_any();
    let mut random = seed.random();
    let (begun, mut figures) = (Instant::now(), Figures::default());
    println!("kills {}: {kills} kills, {CLIENTS} clients, QIANWAN_SEED={}", kind.word(), seed.0);
    while figures.kills < kills {
        let mut county = County::new(kind);
        for _ in 0..KILLS_PER_COUNTY.min(kills - figures.kills) {
            county.round(&mut random, &mut figures);
            figures.kills += 1;
        }
        figures.facts += county.facts;
        // A loss ends the drill with a panic, so that whoever reads this line reads that there was none.
        println!(
            "kills {}: {} kills, {} acknowledged, {} unanswered ({} of them recorded), {} facts, 0 lost, {} s",
            kind.word(),
            figures.kills,
            figures.acknowledged,
            figures.unanswered,
            figures.of_these_recorded,
            figures.facts,
            begun.elapsed().as_secs()
        );
    }
}

/// One installation, and everything that was ever given to it.
struct County {
    installation: Installation,
    serving: Serving,
    given: Vec<Given>,
    /// Commands of the import and the rules that came before the clients.
    founding: HashSet<Uuid>,
    facts: u64,
}

impl County {
    fn new(kind: Kind) -> County {
        let installation = Installation::new(kind);
        let founding = recorded(&installation.beside()).into_keys().collect();
        let serving = installation.serve();
        County { installation, serving, given: Vec::new(), founding, facts: 0 }
    }

    fn round(&mut self, random: &mut Random, figures: &mut Figures) {
        let mut given = self.load_until_killed(random);
        if let Some(url) = &self.installation.database {
            Postgres::connect(url).expect("it answers").until_alone();
        }
        let store = self.installation.beside();
        let known = recorded(&store);
        self.hold(&known, &given);
        let before = rows(&store);
        drop(store);
        self.serving = self.installation.serve();
        good(&self.installation.run(&["verify"]).output().expect("it runs"));
        good(&self.installation.run(&["rebuild"]).output().expect("it runs"));
        let after = rows(&self.installation.beside());
        for ((view, before), (_, after)) in before.iter().zip(&after) {
            // Serving again is noted in the audit: what came since is that alone, and what was there before is compared.
            let there = |key: &str| before.iter().any(|row| row.key == key);
            let (after, since): (Vec<_>, Vec<_>) =
                after.iter().cloned().partition(|row| *view != ViewId::Audit || there(&row.key));
            for row in since {
                let own = ["started", "checkpoint_made"].iter().any(|event| row.data.contains(&format!("\"event\":\"{event}\"")));
                assert!(own, "noted since, by nobody: {}", row.data);
            }
            assert_eq!(before, &after, "{}: kept row by row it is not what a rebuild makes of the log", view.name());
        }
        figures.acknowledged += given.iter().filter(|g| g.told.is_some()).count();
        figures.unanswered += given.iter().filter(|g| g.told.is_none()).count();
        figures.of_these_recorded += given.iter().filter(|g| g.told.is_none() && known.contains_key(&g.id)).count();
        self.send_again(&mut given, &known);
        let known = recorded(&self.installation.beside());
        self.hold(&known, &given);
        self.facts = known.values().map(|f| f.len() as u64).sum();
        self.given.append(&mut given);
    }

    /// 64 clients give commands; after some acknowledgements and some microseconds the program is killed.
    fn load_until_killed(&mut self, random: &mut Random) -> Vec<Given> {
        let acknowledged = AtomicU64::new(0);
        let enough = 1 + random.below(ACKNOWLEDGED_MAX) as u64;
        // Every other time at once: an answer that leaves before its commit leaves only just before it.
        let moment = Duration::from_micros(if random.below(2) == 0 { 0 } else { random.below(8_000) as u64 });
        let all = Mutex::new(Vec::new());
        let problems: Vec<(usize, String)> = self.given.iter().filter_map(|g| Some((g.session, g.problem()?))).collect();
        let (installation, serving) = (&self.installation, &self.serving);
        let pid = serving.child.id();
        thread::scope(|s| {
            for n in 0..CLIENTS {
                let session = n % installation.sessions.len();
                let mut hand = Hand {
                    session,
                    random: random.fork(),
                    known: problems.iter().filter(|(s, _)| *s == session).map(|(_, p)| p.clone()).collect(),
                };
                let (all, acknowledged) = (&all, &acknowledged);
                let mut client = serving.client(&installation.sessions[session]);
                s.spawn(move || {
                    loop {
                        let mut given = hand.next();
                        let told = give(&mut client, &given);
                        let gone = told.is_err();
                        given.told = told.ok();
                        if let Some(problem) = given.problem() {
                            hand.known.push(problem);
                        }
                        all.lock().expect("whole").push(given);
                        if gone {
                            return;
                        }
                        if acknowledged.fetch_add(1, Ordering::Relaxed) + 1 == enough {
                            thread::sleep(moment);
                            kill_9(pid);
                        }
                    }
                });
            }
        });
        self.serving.kill();
        all.into_inner().expect("whole")
    }

    /// Every command has exactly the facts that were acknowledged, or none; and no fact comes from nowhere.
    fn hold(&self, known: &HashMap<Uuid, Vec<(String, u64, String)>>, latest: &[Given]) {
        let mut ids = self.founding.clone();
        for given in self.given.iter().chain(latest) {
            ids.insert(given.id);
            let facts = known.get(&given.id);
            match &given.told {
                Some(Told::Accepted(_, told)) => {
                    assert_eq!(facts, Some(told), "acknowledged as these facts, and lost: {}", given.body);
                }
                Some(Told::Refused(why)) => assert_eq!(facts, None, "refused with {why}: {}", given.body),
                None => {}
            }
        }
        // What the server notes of itself is nobody's command; anything else that nobody gave is wrong.
        const OWN: [&str; 3] = ["access.started@1", "access.stopped@1", "access.checkpoint_made@1"];
        let own = |facts: &[(String, u64, String)]| facts.iter().all(|(_, _, kind)| OWN.contains(&kind.as_str()));
        let foreign: Vec<_> = known.iter().filter(|(id, facts)| !ids.contains(id) && !own(facts)).collect();
        assert!(foreign.is_empty(), "nobody gave these commands: {foreign:?}");
    }

    /// As a phone does: what was not acknowledged goes again, and gets its one set of facts; what was gets the same answer.
    fn send_again(&self, given: &mut [Given], known: &HashMap<Uuid, Vec<(String, u64, String)>>) {
        let size = given.len().div_ceil(16).max(1);
        thread::scope(|s| {
            for given in given.chunks_mut(size) {
                s.spawn(|| {
                    let mut clients: Vec<Client> = self.installation.sessions.iter().map(|s| self.serving.client(s)).collect();
                    given.iter_mut().for_each(|given| again(&mut clients[given.session], given, known));
                });
            }
        });
    }
}

fn again(client: &mut Client, given: &mut Given, known: &HashMap<Uuid, Vec<(String, u64, String)>>) {
    let answer = client.post("/api/commands", given.body.as_bytes()).expect("an answer");
    let now = told(answer.status, &answer.json()).unwrap_or_else(|| panic!("{}", answer.text()));
    if let Told::Accepted(..) = now {
        let repeated = answer.json()["repeated"] == json!(true);
        assert_eq!(repeated, known.contains_key(&given.id), "{} {}", given.body, answer.text());
    }
    match &given.told {
        Some(before) => assert_eq!(before, &now, "another answer for {}", given.body),
        None => given.told = Some(now),
    }
}

/// At once: not by way of another thread or program.
fn kill_9(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw).expect("a process");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("killed");
}

impl Given {
    /// The problem that it made.
    fn problem(&self) -> Option<String> {
        match &self.told {
            Some(Told::Accepted(subject, facts)) if facts[0].2 == "problem.reported@1" => {
                subject.strip_prefix("problem:").map(str::to_owned)
            }
            _ => None,
        }
    }
}

fn give(client: &mut Client, given: &Given) -> io::Result<Told> {
    let answer = client.post("/api/commands", given.body.as_bytes())?;
    Ok(told(answer.status, &answer.json()).unwrap_or_else(|| panic!("{}: {}", given.body, answer.text())))
}

/// Acknowledged with facts, or refused by a rule; nothing else is expected.
fn told(status: u16, answer: &Value) -> Option<Told> {
    match status {
        200 => {
            let fact = |f: &Value| Some((f["chain"].as_str()?.to_owned(), f["seq"].as_u64()?, f["kind"].as_str()?.to_owned()));
            let facts = answer["facts"].as_array()?.iter().map(fact).collect::<Option<Vec<_>>>()?;
            (!facts.is_empty()).then_some(Told::Accepted(answer["subject"].as_str()?.to_owned(), facts))
        }
        409 => Some(Told::Refused(answer["type"].as_str()?.to_owned())),
        _ => None,
    }
}

/// A person who works: mostly reports, sometimes goes on with what is known, counts, and is refused now and then.
struct Hand {
    session: usize,
    random: Random,
    known: Vec<String>,
}

impl Hand {
    fn next(&mut self) -> Given {
        let id = Uuid::now_v7();
        let random = &mut self.random;
        // The city's office may work everywhere, the others in their county or village.
        let villages = [&VILLAGES[..], &VILLAGES[..3], &VILLAGES[3..], &VILLAGES[..1]][self.session];
        let place = *random.one_of(villages);
        let known = (!self.known.is_empty()).then(|| random.one_of(&self.known).clone());
        let command = match (random.below(20), known) {
            (12..=14, Some(problem)) if self.session != 3 => {
                let post = json!({ "place": villages[0], "role": "village" });
                json!({ "type": "problems.assign", "problem": problem, "post": post, "due": null, "note": null })
            }
            (15, Some(problem)) if self.session != 3 => {
                json!({ "type": "problems.dismiss", "problem": problem, "reason": "drill" })
            }
            (16, Some(problem)) if self.session != 3 => {
                json!({ "type": "problems.escalate", "problem": problem, "reason": "drill" })
            }
            (17..=19, _) => {
                let (value, day) = (random.below(400), 1 + random.below(28));
                let on = format!("2026-01-{day:02}");
                json!({ "type": "places.count", "place": place, "what": "hamlets", "value": value, "on": on, "method": "counted" })
            }
            _ => {
                let field = *random.one_of(&["road", "water", "waste"]);
                json!({ "type": "problems.report", "place": place, "field": field, "text": id, "position": null, "found_ms": null })
            }
        };
        Given { id, session: self.session, body: json!({ "id": id, "command": command }).to_string(), told: None }
    }
}

/// Every fact in the log, by the command that made it.
fn recorded(store: &Store) -> HashMap<Uuid, Vec<(String, u64, String)>> {
    let mut recorded: HashMap<Uuid, Vec<_>> = HashMap::new();
    let report = store.verify(&[], &mut |_| {}).expect("it can be read");
    assert!(report.holds(), "{report:?}");
    for chain in report.chains {
        let facts = store.latest(chain.chain, None, usize::MAX >> 1).expect("read");
        assert_eq!(facts.len() as u64, chain.facts, "{}", chain.chain);
        for fact in facts.into_iter().rev() {
            let place = (fact.chain.to_string(), fact.seq, fact.kind.to_string());
            recorded.entry(fact.command).or_default().push(place);
        }
    }
    recorded
}

/// Every row of every view: what it holds, and what stands in its columns.
pub fn rows(store: &Store) -> Vec<(ViewId, Vec<store::StoredRow>)> {
    let all = |view: &ViewId| {
        let conditions: Vec<Condition> = Vec::new();
        let mut list = List { view: *view, scope: Scope::All, conditions, sort: None, after: None, limit: 5000 };
        let mut rows = Vec::new();
        loop {
            let page = store.list(&list).expect("a page");
            rows.extend(page.rows);
            match page.next {
                None => return (*view, rows),
                next => list.after = next,
            }
        }
    };
    ViewId::ALL.iter().map(all).collect()
}
