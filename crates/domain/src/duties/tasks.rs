//! Tasks, promises and targets: set for a year, passed down, done, verified, carried over.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    facts::*,
    rules::{Refusal, fits, place_read, post_read},
    view::PostRow,
};
use crate::{
    Fact as AnyFact, ViewId,
    basics::{
        AccountId, Authority, Capability, Column, ColumnKind, Context, Day, Decide, Dependence, Draft, PlaceId, Post, Read,
        Recorded, Role, Rows, Subject, TaskId, Text, Value, View,
    },
    places::Place,
    problems::{Field, Photo, Reason, Words},
};

/// Parts that a task is passed down in at one time, at most.
const PARTS_MAX: usize = 200;
/// Photos of a claim at most.
const PHOTOS_MAX: usize = 10;
/// Posts that help at most.
const HELPERS_MAX: usize = 30;
/// Ten years: a day further away is a slip of the hand.
const DAYS_MAX: i64 = 3650;

/// One part of a task that is passed down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Where.
    pub place: PlaceId,
    /// The post that leads there.
    pub lead: Post,
    /// That level's part of the duty.
    pub duty: Option<Words>,
    /// By when; as the whole where absent.
    pub due: Option<Day>,
    /// How much.
    pub quantity: Option<Quantity>,
}

/// Commands about tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type")]
#[schema(as = TaskCommand)]
pub enum Command {
    /// Set a task, promise or target.
    #[serde(rename = "tasks.set")]
    Set {
        /// Where.
        place: PlaceId,
        /// What kind.
        kind: TaskKind,
        /// The year whose list it stands in.
        year: u16,
        /// What it is, in a line.
        title: Text<200>,
        /// This level's part of the duty.
        duty: Option<Words>,
        /// Works field, where it is about one.
        field: Option<Field>,
        /// The post that leads.
        lead: Post,
        /// Posts that help.
        #[serde(default)]
        helpers: Vec<Post>,
        /// By when.
        due: Day,
        /// How much; for targets.
        quantity: Option<Quantity>,
        /// Where it was promised, or by which document it was set.
        occasion: Option<Text<200>>,
    },
    /// Pass a task down.
    #[serde(rename = "tasks.pass_down")]
    PassDown {
        /// Which.
        task: TaskId,
        /// To whom, each with its part.
        parts: Vec<Part>,
    },
    /// Change lead, helpers or day.
    #[serde(rename = "tasks.amend")]
    Amend {
        /// Which.
        task: TaskId,
        /// The post that leads; as before where absent.
        lead: Option<Post>,
        /// Posts that help; as before where absent.
        helpers: Option<Vec<Post>>,
        /// By when; as before where absent.
        due: Option<Day>,
        /// Why.
        reason: Reason,
    },
    /// Say that it is done.
    #[serde(rename = "tasks.claim")]
    Claim {
        /// Which.
        task: TaskId,
        /// What was done.
        text: Words,
        /// Evidence.
        #[serde(default)]
        photos: Vec<Photo>,
        /// How much; for targets.
        done: Option<u32>,
    },
    /// Say that one has seen it to be done.
    #[serde(rename = "tasks.verify")]
    Verify {
        /// Which.
        task: TaskId,
        /// What was seen.
        note: Reason,
        /// How much was seen to be done; for targets.
        done: Option<u32>,
    },
    /// Say that one has seen it not to be done.
    #[serde(rename = "tasks.reject")]
    Reject {
        /// Which.
        task: TaskId,
        /// What was seen.
        reason: Reason,
    },
    /// Say that it is no longer wanted.
    #[serde(rename = "tasks.withdraw")]
    Withdraw {
        /// Which.
        task: TaskId,
        /// Why.
        reason: Reason,
    },
    /// Let it go on in a later year's list.
    #[serde(rename = "tasks.carry_over")]
    CarryOver {
        /// Which.
        task: TaskId,
        /// The year.
        year: u16,
        /// By when.
        due: Day,
        /// Why it was not done.
        reason: Reason,
    },
    /// Its day has passed. The programme does it by itself.
    #[serde(rename = "tasks.lapse")]
    Lapse {
        /// Which.
        task: TaskId,
    },
}

/// Where a task stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum TaskState {
    /// To be done.
    Open,
    /// Said to be done.
    Claimed {
        /// What was said.
        claim: TaskClaimed,
        /// When.
        claimed_ms: i64,
        /// By whom.
        #[schema(required)]
        by: Option<AccountId>,
    },
    /// Seen to be done.
    Verified {
        /// When.
        verified_ms: i64,
        /// How much.
        #[schema(required)]
        done: Option<u32>,
        /// The post that verified.
        post: Post,
    },
    /// No longer wanted.
    Withdrawn {
        /// Why.
        reason: Reason,
    },
    /// Goes on in a later year.
    CarriedOver {
        /// There.
        into: TaskId,
    },
}

impl TaskState {
    /// The word in columns and locale files.
    pub fn word(&self) -> &'static str {
        match self {
            TaskState::Open => "open",
            TaskState::Claimed { .. } => "claimed",
            TaskState::Verified { .. } => "verified",
            TaskState::Withdrawn { .. } => "withdrawn",
            TaskState::CarriedOver { .. } => "carried_over",
        }
    }

    /// Whether something still has to be done.
    pub fn is_open(&self) -> bool {
        match self {
            TaskState::Open | TaskState::Claimed { .. } => true,
            TaskState::Verified { .. } | TaskState::Withdrawn { .. } | TaskState::CarriedOver { .. } => false,
        }
    }
}

/// Everything known of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Task {
    /// Identity.
    pub id: TaskId,
    /// The organisation whose chain holds its facts.
    pub org: u32,
    /// Where.
    pub place: PlaceId,
    /// What was set, with what was amended since.
    pub set: TaskBody,
    /// Its parts below.
    pub parts: Vec<TaskId>,
    /// Where it stands.
    pub state: TaskState,
    /// How often a claim was rejected.
    pub rejected: u32,
    /// The last missed day that was recorded.
    #[schema(required)]
    pub lapsed: Option<Day>,
    /// The head who was told of it.
    #[schema(required)]
    pub lapsed_to: Option<Post>,
    /// When it was set.
    pub set_ms: i64,
}

/// What a task is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskBody {
    /// What kind.
    pub kind: TaskKind,
    /// The year whose list it stands in.
    pub year: u16,
    /// What it is, in a line.
    pub title: Text<200>,
    /// This level's part of the duty.
    #[schema(required)]
    pub duty: Option<Words>,
    /// Works field.
    #[schema(required)]
    pub field: Option<Field>,
    /// The post that leads.
    pub lead: Post,
    /// Posts that help.
    pub helpers: Vec<Post>,
    /// By when.
    pub due: Day,
    /// How much.
    #[schema(required)]
    pub quantity: Option<Quantity>,
    /// The task above.
    #[schema(required)]
    pub part_of: Option<TaskId>,
    /// The task of an earlier year.
    #[schema(required)]
    pub carried_from: Option<TaskId>,
    /// Where it was promised, or by which document it was set.
    #[schema(required)]
    pub occasion: Option<Text<200>>,
}

impl View for Task {
    const ID: ViewId = ViewId::Tasks;
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[
        Column::new("place", ColumnKind::Place).equals(),
        Column::new("year", ColumnKind::Int).grouped(),
        Column::new("kind", ColumnKind::Text).grouped(),
        Column::new("title", ColumnKind::Text).searched(),
        Column::new("field", ColumnKind::Text).grouped(),
        Column::new("state", ColumnKind::Text).grouped(),
        Column::new("open", ColumnKind::Bool).grouped(),
        Column::new("due", ColumnKind::Day).ranged().sorted(),
        Column::new("post", ColumnKind::Text).equals(),
        Column::new("post_place", ColumnKind::Place).equals(),
        Column::new("post_role", ColumnKind::Text).grouped(),
        Column::new("post_department", ColumnKind::Text).grouped(),
        Column::new("part_of", ColumnKind::Text).equals(),
        Column::new("carried", ColumnKind::Bool).grouped(),
        Column::new("lapsed", ColumnKind::Day).ranged(),
        Column::new("lapsed_to", ColumnKind::Place).equals(),
        Column::new("helpers", ColumnKind::Int),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        match (fact.subject, &fact.fact) {
            (Subject::Task(id), AnyFact::Duty(_)) => Some(id.key()),
            _ => None,
        }
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        let (Subject::Task(id), AnyFact::Duty(fact)) = (at.subject, &at.fact) else { return row };
        let Some(mut task) = row else {
            let Fact::TaskSet(f) = fact else { return None };
            return Some(Task {
                id,
                org: at.org,
                place: at.place,
                set: TaskBody {
                    kind: f.kind,
                    year: f.year,
                    title: f.title.clone(),
                    duty: f.duty.clone(),
                    field: f.field,
                    lead: f.lead,
                    helpers: f.helpers.clone(),
                    due: f.due,
                    quantity: f.quantity.clone(),
                    part_of: f.part_of,
                    carried_from: f.carried_from,
                    occasion: f.occasion.clone(),
                },
                parts: Vec::new(),
                state: TaskState::Open,
                rejected: 0,
                lapsed: None,
                lapsed_to: None,
                set_ms: at.recorded_ms,
            });
        };
        match fact {
            Fact::TaskPassedDown(f) => task.parts.extend(&f.parts),
            Fact::TaskAmended(f) => {
                (task.set.lead, task.set.helpers, task.set.due) = (f.lead, f.helpers.clone(), f.due);
            }
            Fact::TaskClaimed(f) => {
                task.state = TaskState::Claimed { claim: f.clone(), claimed_ms: at.recorded_ms, by: at.account() };
            }
            Fact::TaskVerified(f) => {
                task.state = TaskState::Verified { verified_ms: at.recorded_ms, done: f.done, post: f.post };
            }
            Fact::TaskRejected(_) => {
                task.rejected += 1;
                task.state = TaskState::Open;
            }
            Fact::TaskWithdrawn(f) => task.state = TaskState::Withdrawn { reason: f.reason.clone() },
            Fact::TaskCarriedOver(f) => task.state = TaskState::CarriedOver { into: f.into },
            Fact::TaskLapsed(f) => (task.lapsed, task.lapsed_to) = (Some(f.due), f.to),
            Fact::TaskSet(_)
            | Fact::TakenUp(_)
            | Fact::Left(_)
            | Fact::Delegated(_)
            | Fact::Withdrawn(_)
            | Fact::Described(_)
            | Fact::DrawnUp(_)
            | Fact::Signed(_) => {}
        }
        Some(task)
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.place.into(),
            i64::from(self.set.year).into(),
            self.set.kind.word().into(),
            self.set.title.as_str().into(),
            self.set.field.map(|f| f.word()).into(),
            self.state.word().into(),
            self.state.is_open().into(),
            self.set.due.into(),
            self.set.lead.key().into(),
            self.set.lead.place.into(),
            self.set.lead.role.word().into(),
            self.set.lead.department.map(|d| d.word()).into(),
            self.set.part_of.map(|id| id.to_string()).into(),
            self.set.carried_from.is_some().into(),
            self.lapsed.into(),
            self.lapsed_to.map(|p| p.place).into(),
            (self.set.helpers.len() as i64).into(),
        ]
    }
}

fn task_read(id: TaskId) -> Read {
    Read::Row(ViewId::Tasks, id.key())
}

impl Command {
    /// The task that the command is about, if it is there already.
    pub fn task(&self) -> Option<TaskId> {
        match self {
            Command::Set { .. } => None,
            Command::PassDown { task, .. }
            | Command::Amend { task, .. }
            | Command::Claim { task, .. }
            | Command::Verify { task, .. }
            | Command::Reject { task, .. }
            | Command::Withdraw { task, .. }
            | Command::CarryOver { task, .. }
            | Command::Lapse { task } => Some(*task),
        }
    }

    /// The photos of the command, to be completed at the door from the stored files.
    pub fn photos_mut(&mut self) -> Option<&mut Vec<Photo>> {
        match self {
            Command::Claim { photos, .. } => Some(photos),
            _ => None,
        }
    }
}

fn loaded(rows: &Rows, id: TaskId) -> Option<&Task> {
    if rows.has(&task_read(id)) { rows.get::<Task>(&id.key()) } else { None }
}

impl Decide for Command {
    type Refusal = Refusal;

    fn reads(&self, rows: &Rows) -> Vec<Read> {
        let mut reads = Vec::new();
        if let Command::Set { place, .. } = self {
            reads.push(place_read(*place));
        }
        let Some(id) = self.task() else { return reads };
        reads.push(task_read(id));
        if let Command::PassDown { parts, .. } = self {
            reads.extend(parts.iter().take(PARTS_MAX).map(|p| place_read(p.place)));
        }
        let Some(task) = loaded(rows, id) else { return reads };
        reads.push(place_read(task.place));
        if let Command::Claim { .. } | Command::Verify { .. } = self {
            reads.extend(task.parts.iter().copied().map(task_read));
        }
        if let Command::Lapse { .. } = self
            && rows.has(&place_read(task.place))
            && let Some(place) = rows.place(task.place)
        {
            reads.extend(heads_above(place, task.set.lead.place).map(post_read));
        }
        reads
    }

    fn authority(&self, rows: &Rows) -> Option<Authority> {
        let place = match self {
            Command::Set { place, .. } => rows.place(*place)?.id,
            _ => rows.get::<Task>(&self.task()?.key())?.place,
        };
        Some(match self {
            // A promise is made by whoever bears it, whatever he may else.
            Command::Set { kind: TaskKind::Promise, .. } | Command::Claim { .. } => Authority::Post(Capability::TasksWork, place),
            Command::Set { .. }
            | Command::PassDown { .. }
            | Command::Amend { .. }
            | Command::Withdraw { .. }
            | Command::CarryOver { .. } => Authority::Post(Capability::TasksSet, place),
            Command::Verify { .. } | Command::Reject { .. } => Authority::Post(Capability::TasksVerify, place),
            Command::Lapse { .. } => Authority::Machine,
        })
    }

    fn decide(self, rows: &Rows, cx: &Context) -> Result<Vec<Draft>, Refusal> {
        if let Command::Set { place, kind, year, title, duty, field, lead, helpers, due, quantity, occasion } = self {
            let at = rows.place(place).ok_or(Refusal::NoSuchPlace { place })?;
            let (part_of, carried_from) = (None, None);
            let set = TaskSet { kind, year, title, duty, field, lead, helpers, due, quantity, part_of, carried_from, occasion };
            check(&set, at, cx)?;
            if kind == TaskKind::Promise && cx.actor.account().is_some() && !cx.actor.posts().contains(&lead) {
                return Err(Refusal::PromisesForOthers);
            }
            return Ok(vec![draft(at, TaskId(cx.fresh), cx, Fact::TaskSet(set))]);
        }
        let id = self.task().ok_or(Refusal::NoSuchTask)?;
        let task = rows.get::<Task>(&id.key()).ok_or(Refusal::NoSuchTask)?;
        let place = rows.place(task.place).ok_or(Refusal::NoSuchPlace { place: task.place })?;
        Case { task, place, rows, cx }.decide(self)
    }

    fn field(&self, reason: &str) -> Option<&'static str> {
        Some(match (self, reason) {
            (Command::Set { .. }, "no-such-place" | "place-closed") => "place",
            (Command::Set { .. } | Command::CarryOver { .. }, "too-early" | "too-late") => "due",
            (Command::Amend { due: Some(_), .. }, "too-early" | "too-late") => "due",
            (Command::Set { .. }, "post-elsewhere" | "role-cannot-work" | "not-at-this-level" | "promises-for-others") => "lead",
            (Command::Amend { lead: Some(_), .. }, "post-elsewhere" | "role-cannot-work" | "not-at-this-level") => "lead",
            (Command::Set { .. }, "quantity-needed") => "quantity",
            (Command::Claim { .. } | Command::Verify { .. }, "quantity-needed") => "done",
            (Command::Claim { .. }, "too-many-photos") => "photos",
            (Command::Set { .. }, "wrong-number") => "helpers",
            (Command::CarryOver { .. }, "not-later") => "year",
            (
                Command::PassDown { .. },
                "wrong-number" | "part-elsewhere" | "no-such-place" | "post-elsewhere" | "role-cannot-work" | "place-closed",
            ) => "parts",
            _ => return None,
        })
    }
}

/// A task's own parts are identified by its command, in order: the same command makes the same parts.
fn nth(fresh: uuid::Uuid, n: usize) -> TaskId {
    let mut bytes = *fresh.as_bytes();
    // The last eight bytes of a UUID of version 7 are random but for two bits: a part changes the lower ones.
    let low = u64::from_be_bytes([0, 0, bytes[10], bytes[11], bytes[12], bytes[13], bytes[14], bytes[15]]);
    let moved = (low.wrapping_add(1 + n as u64) & 0xffff_ffff_ffff).to_be_bytes();
    bytes[10..].copy_from_slice(&moved[2..]);
    TaskId(uuid::Uuid::from_bytes(bytes))
}

fn draft(place: &Place, id: TaskId, cx: &Context, fact: Fact) -> Draft {
    Draft { org: place.org, subject: Subject::Task(id), place: place.id, effective_ms: cx.now_ms, fact: AnyFact::Duty(fact) }
}

/// Posts of heads, from the place of a post upwards, nearest first.
fn heads_above(place: &Place, from: PlaceId) -> impl Iterator<Item = Post> {
    let chain: Vec<PlaceId> = [place.id].into_iter().chain(place.within.iter().rev().copied()).collect();
    let start = chain.iter().position(|id| *id == from).unwrap_or(0);
    chain.into_iter().skip(start).map(|id| Post::new(id, Role::Head))
}

/// What every task must be, wherever it comes from.
fn check(set: &TaskSet, place: &Place, cx: &Context) -> Result<(), Refusal> {
    if place.closed.is_some() {
        return Err(Refusal::PlaceClosed { name: place.name.clone() });
    }
    bears(set.lead, place)?;
    for helper in &set.helpers {
        bears(*helper, place)?;
    }
    if set.helpers.len() > HELPERS_MAX {
        return Err(Refusal::WrongNumber { found: set.helpers.len(), max: HELPERS_MAX });
    }
    if set.kind == TaskKind::Target && set.quantity.as_ref().is_none_or(|q| q.value == 0) {
        return Err(Refusal::QuantityNeeded);
    }
    let today = cx.today();
    // What was set before the programme had this room may be recorded as it was.
    let earliest = if cx.actor.account().is_some() { today } else { today.plus(-DAYS_MAX) };
    in_time(set.due, earliest, today)
}

fn in_time(due: Day, earliest: Day, today: Day) -> Result<(), Refusal> {
    if due < earliest {
        return Err(Refusal::TooEarly { day: due, earliest });
    }
    let latest = today.plus(DAYS_MAX);
    if due > latest {
        return Err(Refusal::TooLate { day: due, latest });
    }
    Ok(())
}

/// Whether a post can bear a task of a place: one there or above, of a role that works.
fn bears(post: Post, place: &Place) -> Result<(), Refusal> {
    if !place.is_or_is_within(post.place) {
        return Err(Refusal::PostElsewhere);
    }
    if !post.role.capabilities().contains(&Capability::TasksWork) {
        return Err(Refusal::RoleCannotWork);
    }
    match post.place == place.id && !fits(post, place) {
        true => Err(Refusal::NotAtThisLevel),
        false => Ok(()),
    }
}

struct Case<'a> {
    task: &'a Task,
    place: &'a Place,
    rows: &'a Rows,
    cx: &'a Context,
}

impl Case<'_> {
    fn decide(&self, command: Command) -> Result<Vec<Draft>, Refusal> {
        let task = self.task;
        match command {
            Command::Set { .. } => Err(Refusal::NoSuchTask),
            Command::PassDown { parts, .. } => self.pass_down(parts),
            Command::Amend { lead, helpers, due, reason, .. } => self.amend(lead, helpers, due, reason),
            Command::Claim { text, photos, done, .. } => self.claim(text, photos, done),
            Command::Verify { note, done, .. } => {
                let post = self.independent()?;
                self.parts_done()?;
                if task.set.kind == TaskKind::Target && done.is_none() {
                    return Err(Refusal::QuantityNeeded);
                }
                self.one(Fact::TaskVerified(TaskVerified { note, done, post }))
            }
            Command::Reject { reason, .. } => {
                let post = self.independent()?;
                self.one(Fact::TaskRejected(TaskRejected { reason, post }))
            }
            Command::Withdraw { reason, .. } => {
                self.open()?;
                self.one(Fact::TaskWithdrawn(TaskWithdrawn { reason }))
            }
            Command::CarryOver { year, due, reason, .. } => self.carry_over(year, due, reason),
            Command::Lapse { .. } => self.lapse(),
        }
    }

    fn one(&self, fact: Fact) -> Result<Vec<Draft>, Refusal> {
        Ok(vec![draft(self.place, self.task.id, self.cx, fact)])
    }

    fn open(&self) -> Result<(), Refusal> {
        match self.task.state {
            TaskState::Open => Ok(()),
            _ => Err(Refusal::NotInThisState { state: self.task.state.word() }),
        }
    }

    fn pass_down(&self, parts: Vec<Part>) -> Result<Vec<Draft>, Refusal> {
        self.open()?;
        let found = parts.len();
        if found == 0 || found > PARTS_MAX {
            return Err(Refusal::WrongNumber { found, max: PARTS_MAX });
        }
        let (mut ids, mut drafts) = (Vec::new(), Vec::new());
        for (n, part) in parts.into_iter().enumerate() {
            let at = self.rows.place(part.place).ok_or(Refusal::NoSuchPlace { place: part.place })?;
            if !at.within.contains(&self.task.place) {
                return Err(Refusal::PartElsewhere);
            }
            let of = &self.task.set;
            let set = TaskSet {
                kind: if part.quantity.is_some() { of.kind } else { TaskKind::Task },
                year: of.year,
                title: of.title.clone(),
                duty: part.duty,
                field: of.field,
                lead: part.lead,
                helpers: Vec::new(),
                due: part.due.unwrap_or(of.due),
                quantity: part.quantity,
                part_of: Some(self.task.id),
                carried_from: None,
                occasion: of.occasion.clone(),
            };
            check(&set, at, self.cx)?;
            let id = nth(self.cx.fresh, n);
            ids.push(id);
            drafts.push(draft(at, id, self.cx, Fact::TaskSet(set)));
        }
        drafts.insert(0, draft(self.place, self.task.id, self.cx, Fact::TaskPassedDown(TaskPassedDown { parts: ids })));
        Ok(drafts)
    }

    fn amend(
        &self,
        lead: Option<Post>,
        helpers: Option<Vec<Post>>,
        due: Option<Day>,
        reason: Reason,
    ) -> Result<Vec<Draft>, Refusal> {
        self.open()?;
        let of = &self.task.set;
        let (lead, helpers, day) =
            (lead.unwrap_or(of.lead), helpers.unwrap_or_else(|| of.helpers.clone()), due.unwrap_or(of.due));
        if (lead, &helpers, day) == (of.lead, &of.helpers, of.due) {
            return Err(Refusal::NothingChanges);
        }
        if helpers.len() > HELPERS_MAX {
            return Err(Refusal::WrongNumber { found: helpers.len(), max: HELPERS_MAX });
        }
        [lead].iter().chain(&helpers).try_for_each(|post| bears(*post, self.place))?;
        if due.is_some() {
            in_time(day, self.cx.today(), self.cx.today())?;
        }
        self.one(Fact::TaskAmended(TaskAmended { lead, helpers, due: day, reason }))
    }

    fn claim(&self, text: Words, photos: Vec<Photo>, done: Option<u32>) -> Result<Vec<Draft>, Refusal> {
        self.open()?;
        let post = self.task.set.lead;
        if !self.cx.actor.posts().contains(&post) {
            return Err(Refusal::AnotherPostAnswers);
        }
        if photos.len() > PHOTOS_MAX {
            return Err(Refusal::TooManyPhotos { found: photos.len(), max: PHOTOS_MAX });
        }
        if self.task.set.kind == TaskKind::Target && done.is_none() {
            return Err(Refusal::QuantityNeeded);
        }
        self.parts_done()?;
        self.one(Fact::TaskClaimed(TaskClaimed { text, photos, done, post }))
    }

    /// The whole is done when its parts are: verified, or no longer wanted.
    fn parts_done(&self) -> Result<(), Refusal> {
        let parts = self.task.parts.iter().filter_map(|id| self.rows.get::<Task>(&id.key()));
        match parts.filter(|part| part.state.is_open() || matches!(part.state, TaskState::CarriedOver { .. })).count() {
            0 => Ok(()),
            open => Err(Refusal::PartsOpen { open }),
        }
    }

    /// The actor's post, if it may verify the claim.
    fn independent(&self) -> Result<Post, Refusal> {
        let TaskState::Claimed { claim, by, .. } = &self.task.state else {
            return Err(Refusal::NotInThisState { state: self.task.state.word() });
        };
        let found = self.cx.actor.independent_post(Capability::TasksVerify, self.place, claim.post, *by);
        found.map_err(|dependence| match dependence {
            Dependence::HisOwn => Refusal::VerifiesHisOwn,
            Dependence::SamePost => Refusal::SamePost,
            Dependence::UnderTheClaimer => Refusal::UnderTheClaimer,
        })
    }

    fn carry_over(&self, year: u16, due: Day, reason: Reason) -> Result<Vec<Draft>, Refusal> {
        self.open()?;
        let of = &self.task.set;
        if year <= of.year {
            return Err(Refusal::NotLater { year, than: of.year });
        }
        in_time(due, self.cx.today(), self.cx.today())?;
        let into = TaskId(self.cx.fresh);
        let set = TaskSet {
            kind: of.kind,
            year,
            title: of.title.clone(),
            duty: of.duty.clone(),
            field: of.field,
            lead: of.lead,
            helpers: of.helpers.clone(),
            due,
            quantity: of.quantity.clone(),
            part_of: None,
            carried_from: Some(self.task.id),
            occasion: of.occasion.clone(),
        };
        let carried = Fact::TaskCarriedOver(TaskCarriedOver { into, reason });
        Ok(vec![draft(self.place, self.task.id, self.cx, carried), draft(self.place, into, self.cx, Fact::TaskSet(set))])
    }

    /// Recorded once for a day; told to the nearest head who is there.
    fn lapse(&self) -> Result<Vec<Draft>, Refusal> {
        let due = self.task.set.due;
        if self.task.state != TaskState::Open || due >= self.cx.today() || self.task.lapsed == Some(due) {
            return Err(Refusal::NotOverdue);
        }
        let post = self.task.set.lead;
        let there = |head: &Post| {
            *head != post && self.rows.get::<PostRow>(&head.key()).is_some_and(|row| row.bearer(self.cx.today()).is_some())
        };
        let to = heads_above(self.place, post.place).find(there);
        self.one(Fact::TaskLapsed(TaskLapsed { due, post, to }))
    }
}
