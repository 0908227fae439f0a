//! The one way to write: load → decide → append → fold, all in one transaction; waiting commands share it (group commit).
//!
//! A batch is whatever waits, capped by count and bytes, never delayed to fill. A batch that fails is tried again one
//! command at a time, so that one bad command does not take others with it. Acknowledged means durable.
//! Invariants: `one-writer-per-chain`, `acknowledged-is-durable`, `same-command-same-answer`.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc, Mutex, RwLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

use domain::{
    Command, ViewId, access,
    basics::{Actor, Authority, Context, Draft, Read, Recorded, RefusalBody, Rows, Value},
    duties::{self, PostRow},
    persons::Person,
    problems::{Problem, Topic},
    surveys::Form,
};
use facts::{ChainId, ChainName, Fact, Head, Kind, Suite};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Bench, log, sql::*, views, views::Folder, views::Tables};

/// Commands in one transaction at most.
pub(crate) const BATCH_MAX: usize = 512;
/// Bytes of command text in one transaction at most.
const BATCH_BYTES: usize = 8 << 20;
/// Tasks between two batches at most, so that no command waits for long.
const ALONE_MAX: usize = 64;
/// Rows kept from one batch to the next at most.
const ROWS_KEPT: usize = 20_000;
/// Keys of which a router remembers whose they are.
const HOMES_KEPT: usize = 200_000;
/// A clock may go back so far, ms, before it is worth a warning.
const CLOCK_BACK_MS: i64 = 60_000;
/// Facts named one by one in an answer; an import makes more.
const NAMED_MAX: usize = 50;

/// A command on its way in.
#[derive(Debug, Clone)]
pub struct Submission {
    /// What is to be done.
    pub command: Command,
    /// By whom, when, with which id.
    pub context: Context,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The outcome.
    pub outcome: Outcome,
    /// Whether this id had been answered before.
    pub repeated: bool,
}

/// Accepted or refused; stored, so that a repeat gets the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Outcome {
    /// Facts were recorded.
    Accepted {
        /// What the first fact is about.
        subject: String,
        /// The first facts.
        facts: Vec<FactRef>,
        /// How many of each kind.
        kinds: BTreeMap<String, u64>,
    },
    /// A rule said no.
    Refused {
        /// Stable word, `problems/not-the-verifier`.
        code: String,
        /// Values for the wording.
        args: serde_json::Map<String, serde_json::Value>,
        /// English, for terminals.
        english: String,
    },
    /// Not allowed to this actor, or there is no such thing: one answer for both.
    Forbidden,
    /// The id was used before with another content.
    IdReused,
}

/// Where a fact stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactRef {
    /// Chain.
    pub chain: String,
    /// Number in it.
    pub seq: u64,
    /// Kind.
    pub kind: String,
}

type Reply = Box<dyn FnOnce(Result<Answer>) + Send>;
type Task = Box<dyn FnOnce(&mut dyn Sql) + Send>;

enum Job {
    Command {
        submission: Box<Submission>,
        digest: [u8; 32],
        bytes: usize,
        reply: Reply,
    },
    /// Something else that is written: an account, a setting, rows of a view that is being rebuilt.
    Alone(Task),
}

/// Sends commands to the writer threads.
pub struct Writer {
    queues: Vec<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
    db: Arc<dyn Database>,
    tables: Arc<RwLock<Arc<Tables>>>,
    homes: Arc<Homes>,
}

/// Whose chain a place or problem writes to, by its key: that never changes, and is wanted for every command.
#[derive(Default)]
struct Homes(Mutex<HashMap<String, u32>>);

impl Homes {
    fn get(&self, key: &str) -> Option<u32> {
        self.0.lock().ok()?.get(key).copied()
    }

    fn put(&self, key: &str, org: u32) {
        if let Ok(mut homes) = self.0.lock() {
            if homes.len() >= HOMES_KEPT {
                homes.clear();
            }
            homes.insert(key.to_owned(), org);
        }
    }
}

impl Writer {
    pub(crate) fn start(
        db: Arc<dyn Database>,
        writers: usize,
        tables: Arc<RwLock<Arc<Tables>>>,
        position: Arc<Positions>,
        (suite, bench): (Suite, Bench),
    ) -> Result<Writer> {
        let (mut queues, mut threads) = (Vec::new(), Vec::new());
        let homes = Arc::new(Homes::default());
        for n in 0..writers {
            let (send, receive) = sync_channel(8192);
            let sql = db.writer()?;
            let (homes, rows) = (homes.clone(), Rows::default());
            let worker = Worker { sql, tables: tables.clone(), position: position.clone(), homes, rows, suite, bench };
            let thread = std::thread::Builder::new()
                .name(format!("writer-{n}"))
                .spawn(move || worker.run(receive))
                .map_err(StoreError::io("starting a writer"))?;
            queues.push(send);
            threads.push(thread);
        }
        Ok(Writer { queues, threads, db, tables, homes })
    }

    /// Hands a command in; `reply` is called once, after it is durable or refused.
    pub fn submit(&self, submission: Submission, reply: Reply) {
        let text = serde_json::to_vec(&submission.command).unwrap_or_default();
        let mut hasher = Sha256::new();
        hasher.update(submission.context.actor.word());
        hasher.update(b"\n");
        hasher.update(&text);
        let queue = match self.route(&submission.command) {
            Ok(queue) => queue,
            Err(e) => return reply(Err(e)),
        };
        let job = Job::Command { submission: Box::new(submission), digest: hasher.finalize().into(), bytes: text.len(), reply };
        if let Err(unsent) = queue.send(job)
            && let Job::Command { reply, .. } = unsent.0
        {
            reply(Err(StoreError::Stopped));
        }
    }

    /// Every command of one organisation goes to the same writer, so that its chain has one.
    fn route(&self, command: &Command) -> Result<&SyncSender<Job>> {
        let first = self.queues.first().ok_or(StoreError::Stopped)?;
        if self.queues.len() == 1 {
            return Ok(first);
        }
        let Some(Read::Row(view, key)) = first_read(command) else { return Ok(first) };
        let queue = |org: u32| Ok(&self.queues[org as usize % self.queues.len()]);
        if let Some(org) = self.homes.get(&key) {
            return queue(org);
        }
        let table = views::TableName::new(&*self.tables.read().map_err(|_| StoreError::Stopped)?, view)?;
        let mut reader = self.db.reader()?;
        match reader.one_int(&format!("SELECT org FROM {table} WHERE key = $1"), &[key.as_str().into()])? {
            None => Ok(first),
            Some(org) => {
                self.homes.put(&key, org as u32);
                queue(org as u32)
            }
        }
    }

    /// Runs something between two batches of the first writer, and waits for it: where a database has one writer, whatever
    /// else is written stands in its queue instead of fighting it for the lock.
    pub(crate) fn alone<T: Send + 'static>(&self, task: impl FnOnce(&mut dyn Sql) -> Result<T> + Send + 'static) -> Result<T> {
        self.first()?.run(task)
    }

    /// The first writer, for whoever has only tasks for it.
    pub(crate) fn first(&self) -> Result<Alone> {
        self.queues.first().cloned().map(Alone).ok_or(StoreError::Stopped)
    }
}

/// Hands tasks to one writer. The writer ends only after this is dropped.
pub(crate) struct Alone(SyncSender<Job>);

impl Alone {
    pub(crate) fn run<T: Send + 'static>(&self, task: impl FnOnce(&mut dyn Sql) -> Result<T> + Send + 'static) -> Result<T> {
        let (send, receive) = sync_channel(1);
        let job = Job::Alone(Box::new(move |sql| {
            let _ = send.send(task(sql));
        }));
        self.0.send(job).map_err(|_| StoreError::Stopped)?;
        receive.recv().map_err(|_| StoreError::Stopped)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queues.clear();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

struct Worker {
    sql: Box<dyn Sql>,
    tables: Arc<RwLock<Arc<Tables>>>,
    position: Arc<Positions>,
    homes: Arc<Homes>,
    /// As they are after the last batch, so that the next need not load them again. Only where nobody else writes.
    rows: Rows,
    suite: Suite,
    bench: Bench,
}

/// Counts what was recorded, in all and by view: whoever keeps something computed knows when it is old.
#[derive(Debug, Default)]
pub struct Positions {
    facts: AtomicU64,
    /// The latest moment at which something was recorded, ms since 1970.
    latest_ms: AtomicI64,
    views: [AtomicU64; ViewId::ALL.len()],
}

impl Positions {
    pub(crate) fn starting_at(facts: u64, latest_ms: i64) -> Positions {
        let positions = Positions::default();
        positions.facts.store(facts, Ordering::Relaxed);
        positions.latest_ms.store(latest_ms, Ordering::Relaxed);
        positions
    }

    /// Looks at the clock. What it says is recorded as it is: the order of facts is their number, and a clock that once ran
    /// ahead must not drag every later fact there with it. But whoever looks after the machine is told, once for each jump.
    pub(crate) fn looked_at_clock(&self, now_ms: i64) {
        let latest = self.latest_ms.fetch_max(now_ms, Ordering::Relaxed);
        if latest - now_ms > CLOCK_BACK_MS {
            self.latest_ms.store(now_ms, Ordering::Relaxed);
            let seconds = (latest - now_ms) / 1000;
            tracing::warn!(
                seconds,
                "the clock has gone back: it stands before the last fact recorded; look at the machine's clock"
            );
        }
    }

    /// Facts recorded.
    pub fn facts(&self) -> u64 {
        self.facts.load(Ordering::Relaxed)
    }

    /// Rises whenever rows of the view change.
    pub fn of(&self, view: ViewId) -> u64 {
        ViewId::ALL.iter().position(|v| *v == view).map_or(0, |i| self.views[i].load(Ordering::Relaxed))
    }

    /// Other processes write as well: what they have recorded makes everything old that was computed before.
    pub(crate) fn reached(&self, facts: u64) {
        if self.facts.swap(facts, Ordering::Relaxed) != facts {
            for count in &self.views {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn advance(&self, facts: u64, views: &BTreeSet<ViewId>) {
        self.facts.fetch_add(facts, Ordering::Relaxed);
        for (view, count) in ViewId::ALL.iter().zip(&self.views) {
            if views.contains(view) {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Reads which tables are in use after another process has rebuilt a view.
pub(crate) fn read_again(sql: &mut dyn Sql, tables: &RwLock<Arc<Tables>>) -> Result<()> {
    // Within the lock: a rebuild of this process may be about to swap one.
    let mut tables = tables.write().map_err(|_| StoreError::Stopped)?;
    let now = Tables::load(sql)?;
    if !now.stale().is_empty() {
        // A newer version serves as well, and keeps its views in another form.
        return Err(StoreError::Newer(crate::MIGRATIONS.len() as i64));
    }
    if **tables != now {
        *tables = Arc::new(now);
    }
    Ok(())
}

/// One command in a batch.
struct Item {
    submission: Submission,
    digest: [u8; 32],
}

impl Worker {
    fn run(mut self, queue: Receiver<Job>) {
        while let Ok(first) = queue.recv() {
            let (mut items, mut replies, mut bytes) = (Vec::new(), Vec::new(), 0);
            let mut next = Some(first);
            let mut alone = Vec::new();
            while let Some(job) = next.take() {
                match job {
                    // Whoever hands in such a task waits for it: what comes after it in the queue is of others, and may go before.
                    Job::Alone(task) => alone.push(task),
                    Job::Command { submission, digest, bytes: size, reply } => {
                        items.push(Item { submission: *submission, digest });
                        replies.push(reply);
                        bytes += size;
                    }
                }
                if items.len() < self.bench.batch_max && bytes < BATCH_BYTES && alone.len() < ALONE_MAX {
                    next = queue.try_recv().ok();
                }
            }
            for (reply, answer) in replies.into_iter().zip(self.answers(&items)) {
                reply(answer);
            }
            for task in alone {
                task(self.sql.as_mut());
            }
        }
    }

    fn answers(&mut self, items: &[Item]) -> Vec<Result<Answer>> {
        match self.transact(items) {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(e) if items.len() == 1 && !e.may_pass() => vec![Err(e)],
            Err(e) => {
                tracing::warn!(error = %e, commands = items.len(), "batch failed, trying one by one");
                items.iter().map(|item| self.by_itself(item)).collect()
            }
        }
    }

    /// One command, a few times if another writer was in the way: with the same id elsewhere, it is then known.
    fn by_itself(&mut self, item: &Item) -> Result<Answer> {
        let mut tries = 0;
        loop {
            match self.transact(std::slice::from_ref(item)) {
                Err(e) if e.may_pass() && tries < 3 => tries += 1,
                answers => return answers.map(|mut a| a.remove(0)),
            }
        }
    }

    fn transact(&mut self, items: &[Item]) -> Result<Vec<Answer>> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        loop {
            match self.attempt(items) {
                Err(StoreError::Moved) => read_again(self.sql.as_mut(), &self.tables)?,
                done => return done,
            }
        }
    }

    fn attempt(&mut self, items: &[Item]) -> Result<Vec<Answer>> {
        if let Some(now_ms) = items.iter().map(|i| i.submission.context.now_ms).max() {
            self.position.looked_at_clock(now_ms);
        }
        // Held until the commit: no view is swapped under a batch.
        let tables = self.tables.read().map_err(|_| StoreError::Stopped)?;
        let kept = std::mem::take(&mut self.rows);
        let done = together(self.sql.as_mut(), |sql| {
            let done = batch(sql, &tables, items, self.suite, kept)?;
            std::thread::sleep(self.bench.sync_delay);
            Ok(done)
        })?;
        self.position.advance(done.facts, &done.touched);
        let alone = self.sql.lock_clause().is_empty();
        if alone && done.rows.count() <= ROWS_KEPT {
            self.rows = done.rows;
        }
        if !alone {
            done.answers.iter().filter_map(home).for_each(|(key, org)| self.homes.put(key, org));
        }
        Ok(done.answers)
    }
}

/// What has become of a batch.
struct Done {
    answers: Vec<Answer>,
    /// How many facts were recorded.
    facts: u64,
    /// Views that changed.
    touched: BTreeSet<ViewId>,
    /// Rows as they are now.
    rows: Rows,
}

/// Key of what an accepted command was about, and whose it is.
fn home(answer: &Answer) -> Option<(&str, u32)> {
    let Outcome::Accepted { subject, facts, .. } = &answer.outcome else { return None };
    let (_, key) = subject.split_once(':')?;
    Some((key, facts.first()?.chain.split_once('/')?.0.parse().ok()?))
}

/// Decides and records a batch within the open transaction.
fn batch(sql: &mut dyn Sql, tables: &Tables, items: &[Item], suite: Suite, rows: Rows) -> Result<Done> {
    // Where other processes write as well, none of them swaps a view before this transaction ends: see `rebuild.rs`.
    if !sql.lock_clause().is_empty() && Tables::load(sql)? != *tables {
        return Err(StoreError::Moved);
    }
    let mut heads: BTreeMap<ChainId, Head> = BTreeMap::new();
    let mut folder = Folder::new(tables, rows);
    let mut known = known_answers(sql, items)?;
    let fresh = |item: &&Item, known: &HashMap<Uuid, ([u8; 32], Outcome)>| !known.contains_key(&item.submission.context.command);
    // Lock the chains before reading what the decisions depend on, in one order for everybody.
    if !sql.lock_clause().is_empty() {
        let first: Vec<Read> =
            items.iter().filter(|i| fresh(i, &known)).filter_map(|i| first_read(&i.submission.command)).collect();
        if first.contains(&Read::AllPlaces) {
            heads.extend(log::heads(sql, true)?.into_iter().map(|head| (head.chain, head)));
        } else {
            views::load(sql, tables, &mut folder.rows, &first)?;
            let chains: BTreeSet<ChainId> = items
                .iter()
                .filter(|i| fresh(i, &known))
                .filter_map(|i| Some((org_of(&first_read(&i.submission.command)?, &folder.rows)?, &i.submission.command)))
                .flat_map(|(county, command)| chains_of(command).iter().map(move |name| ChainId { county, name: *name }))
                .collect();
            for chain in chains {
                heads.insert(chain, log::head_for_writing(sql, chain, suite)?);
            }
            folder.forget();
        }
    }
    prefetch(sql, &mut folder, items.iter().filter(|i| fresh(i, &known)))?;
    let (mut answers, mut sealed, mut recorded_answers) = (Vec::new(), Vec::new(), Vec::new());
    for item in items {
        let Submission { command, context } = &item.submission;
        if let Some((digest, outcome)) = known.get(&context.command) {
            let same = *digest == item.digest;
            let outcome = if same { outcome.clone() } else { Outcome::IdReused };
            answers.push(Answer { outcome, repeated: same });
            continue;
        }
        load_all(sql, &mut folder, command)?;
        let outcome = match decide(command, context, &folder.rows) {
            Err(outcome) => outcome,
            Ok(drafts) => record(sql, &mut folder, &mut heads, &mut sealed, context, drafts, suite)?,
        };
        if outcome != Outcome::Forbidden {
            recorded_answers.push((context.command, context.now_ms));
            known.insert(context.command, (item.digest, outcome.clone()));
        }
        answers.push(Answer { outcome, repeated: false });
    }
    log::append(sql, &sealed)?;
    let touched = folder.write(sql)?;
    let written: BTreeSet<ChainId> = sealed.iter().map(|f| f.chain).collect();
    let heads: Vec<Head> = heads.into_values().filter(|h| written.contains(&h.chain)).collect();
    log::save_heads(sql, &heads)?;
    save_answers(sql, &recorded_answers, &known)?;
    Ok(Done { answers, facts: sealed.len() as u64, touched, rows: folder.rows })
}

/// What a batch's commands want to see, in as few queries as possible.
fn prefetch<'i>(sql: &mut dyn Sql, folder: &mut Folder, items: impl Iterator<Item = &'i Item>) -> Result<()> {
    let mut items: Vec<&Item> = items.collect();
    // What is loaded may make a command ask for more; whatever asks for nothing more is done.
    loop {
        let mut wanted = Vec::new();
        items.retain(|item| {
            let before = wanted.len();
            wanted.extend(item.submission.command.reads(&folder.rows).into_iter().filter(|r| !folder.rows.has(r)));
            wanted.len() > before
        });
        if wanted.is_empty() {
            return Ok(());
        }
        views::load(sql, folder.tables, &mut folder.rows, &wanted)?;
    }
}

/// What one command wants to see after what went before it in the batch.
fn load_all(sql: &mut dyn Sql, folder: &mut Folder, command: &Command) -> Result<()> {
    loop {
        let wanted: Vec<Read> = command.reads(&folder.rows).into_iter().filter(|r| !folder.rows.has(r)).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        views::load(sql, folder.tables, &mut folder.rows, &wanted)?;
    }
}

/// What a command looks at first tells whose chain it writes to: one organisation's, or any (every place).
fn first_read(command: &Command) -> Option<Read> {
    command.reads(&Rows::default()).into_iter().next()
}

/// The chains of its organisation that a command is sure to write to, or may. What else it writes to is locked when it does: a
/// deadlock that comes of it is tried again.
fn chains_of(command: &Command) -> &'static [ChainName] {
    match command {
        Command::Access(_) => &[ChainName::Audit],
        Command::Rules(_) | Command::Duties(_) | Command::Persons(_) => &[ChainName::Main, ChainName::Audit],
        Command::Places(_)
        | Command::Problems(_)
        | Command::Tasks(_)
        | Command::Surveys(_)
        | Command::Campaigns(_)
        | Command::Planning(_)
        | Command::Import(_) => &[ChainName::Main],
    }
}

/// The organisation of a row that is loaded.
fn org_of(read: &Read, rows: &Rows) -> Option<u32> {
    let Read::Row(view, key) = read else { return None };
    match view {
        ViewId::Places => rows.place(key.parse().ok()?).map(|p| p.org),
        ViewId::Problems => rows.get::<Problem>(key).map(|p| p.org),
        ViewId::Topics => rows.get::<Topic>(key).map(|t| t.org),
        ViewId::Persons => rows.get::<Person>(key).map(|p| p.org),
        ViewId::Posts => rows.get::<PostRow>(key).map(|p| p.org),
        ViewId::Tasks => rows.get::<duties::Task>(key).map(|t| t.org),
        ViewId::Forms => rows.get::<Form>(key).map(|f| f.org),
        ViewId::Submissions => rows.get::<domain::surveys::Submission>(key).map(|s| s.org),
        ViewId::Campaigns => rows.get::<domain::campaigns::Campaign>(key).map(|c| c.org),
        ViewId::Briefs => rows.get::<domain::planning::BriefRow>(key).map(|b| b.org),
        ViewId::Plans => rows.get::<domain::planning::PlanRow>(key).map(|p| p.org),
        ViewId::Assignments | ViewId::Burden | ViewId::Readings | ViewId::Wishes => None,
        ViewId::Counts | ViewId::Rules | ViewId::Holdings | ViewId::Lapses | ViewId::Audit => None,
    }
}

/// The one door for commands: allowed, then decided.
pub(crate) fn decide(command: &Command, context: &Context, rows: &Rows) -> Result<Vec<Draft>, Outcome> {
    let authority = command.authority(rows).ok_or(Outcome::Forbidden)?;
    if !allowed(authority, &context.actor, rows) {
        return Err(Outcome::Forbidden);
    }
    command.clone().decide(rows, context).map_err(|RefusalBody { code, args, english }| Outcome::Refused { code, args, english })
}

/// Whether the actor may do what the command needs.
pub fn allowed(authority: Authority, actor: &Actor, rows: &Rows) -> bool {
    match (authority, actor) {
        (_, Actor::System | Actor::Import) | (Authority::Anybody, _) => true,
        (Authority::Machine, _) | (Authority::Post(..), Actor::Public) => false,
        (Authority::Post(capability, place), Actor::Account { .. }) => {
            rows.place(place).is_some_and(|place| actor.post_for(capability, place).is_some())
        }
    }
}

fn record(
    sql: &mut dyn Sql,
    folder: &mut Folder,
    heads: &mut BTreeMap<ChainId, Head>,
    sealed: &mut Vec<Fact>,
    context: &Context,
    drafts: Vec<Draft>,
    suite: Suite,
) -> Result<Outcome> {
    let subject = drafts.first().map(|d| d.subject.to_string()).unwrap_or_default();
    let (mut refs, mut kinds) = (Vec::new(), BTreeMap::new());
    for draft in drafts {
        let (done, recorded) = seal(sql, heads, context, draft, suite)?;
        if refs.len() < NAMED_MAX {
            refs.push(FactRef { chain: done.chain.to_string(), seq: done.seq, kind: done.kind.to_string() });
        }
        *kinds.entry(done.kind.to_string()).or_insert(0) += 1;
        folder.fold(sql, ViewId::ALL, &recorded)?;
        sealed.push(done);
        // What changes rights or rules stands in the audit chain by the same commit, or nowhere. The answer does not speak of it.
        if let Some(draft) = access::mirror(&recorded) {
            let (done, recorded) = seal(sql, heads, context, draft, suite)?;
            folder.fold(sql, ViewId::ALL, &recorded)?;
            sealed.push(done);
        }
    }
    Ok(Outcome::Accepted { subject, facts: refs, kinds })
}

/// Puts a draft at the end of its chain.
fn seal(
    sql: &mut dyn Sql,
    heads: &mut BTreeMap<ChainId, Head>,
    context: &Context,
    draft: Draft,
    suite: Suite,
) -> Result<(Fact, Recorded)> {
    let Draft { org, subject, place, effective_ms, fact } = draft;
    let chain = ChainId { county: org, name: fact.chain() };
    let head = match heads.entry(chain) {
        std::collections::btree_map::Entry::Occupied(found) => found.into_mut(),
        std::collections::btree_map::Entry::Vacant(free) => free.insert(log::head_for_writing(sql, chain, suite)?),
    };
    let (actor, recorded_ms) = (context.actor.word(), context.now_ms);
    let draft = facts::Draft {
        command: context.command,
        kind: Kind::from_static(fact.kind()),
        subject: subject.to_string(),
        place: place.0,
        actor: actor.clone(),
        effective_ms,
        recorded_ms,
        body: fact.encode(),
    };
    draft.check().map_err(|e| StoreError::Stored(format!("a fact that must not be stored: {e}")))?;
    let done = head.seal(draft);
    let recorded = Recorded { org, seq: done.seq, subject, place, actor, effective_ms, recorded_ms, fact };
    Ok((done, recorded))
}

fn known_answers(sql: &mut dyn Sql, items: &[Item]) -> Result<HashMap<Uuid, ([u8; 32], Outcome)>> {
    let ids: Vec<Value> = items.iter().map(|i| Value::Bytes(i.submission.context.command.as_bytes().to_vec())).collect();
    let mut known = HashMap::new();
    sql.by_keys("command", "id, digest, answer", ("id", SqlType::Bytes), &ids, &mut |r| {
        let id = Uuid::from_slice(r.bytes(0)?).map_err(|e| StoreError::Stored(e.to_string()))?;
        let digest = <[u8; 32]>::try_from(r.bytes(1)?).map_err(|_| StoreError::Stored("command digest".into()))?;
        let outcome = serde_json::from_str(r.text(2)?).map_err(|e| StoreError::Stored(e.to_string()))?;
        known.insert(id, (digest, outcome));
        Ok(())
    })?;
    Ok(known)
}

fn save_answers(sql: &mut dyn Sql, commands: &[(Uuid, i64)], known: &HashMap<Uuid, ([u8; 32], Outcome)>) -> Result<()> {
    let columns = [("id", SqlType::Bytes), ("digest", SqlType::Bytes), ("answer", SqlType::Text), ("recorded_ms", SqlType::Int)];
    let insert = Insert {
        table: "command".into(),
        columns: columns.iter().map(|(n, t)| ((*n).to_owned(), *t)).collect(),
        replace_on: None,
    };
    let texts: Vec<(&Uuid, &[u8; 32], String, i64)> = commands
        .iter()
        .filter_map(|(id, now)| known.get(id).map(|(digest, outcome)| (id, digest, encoded(outcome), *now)))
        .collect();
    let rows: Vec<Vec<Cell>> = texts
        .iter()
        .map(|(id, digest, text, now)| vec![Cell::Bytes(id.as_bytes()), Cell::Bytes(*digest), Cell::Text(text), Cell::Int(*now)])
        .collect();
    sql.insert_many(&insert, &rows)
}

fn encoded(outcome: &Outcome) -> String {
    serde_json::to_string(outcome).expect("answers are plain data with string keys")
}
