//! The tasks of posts: a list every January, parts passed down to townships and villages, promises made at the yearly
//! meeting, claims towards the end of the year, and what was not done and goes on in the next one.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Row, ViewId,
    basics::{Day, Department, PlaceId, Post, Role, TaskId},
    duties::{Part, Quantity, TaskCommand as Command, TaskKind},
    problems::{Field, Photo},
};

use crate::{
    Result, Room, Scale,
    people::Who,
    places::yearly,
    random::Random,
    words::{TaskWords, WORDS},
    world::{By, World, text},
};

/// Who leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    Office,
    Department(Department),
    /// Its officials.
    Township(usize),
    TownshipHead(usize),
    Village(usize),
}

impl Lead {
    fn of(department: Option<Department>) -> Lead {
        department.map_or(Lead::Office, Lead::Department)
    }

    fn place(self, world: &World) -> PlaceId {
        let county = &world.county;
        match self {
            Lead::Office | Lead::Department(_) => county.id,
            Lead::Township(n) | Lead::TownshipHead(n) => county.townships[n].id,
            Lead::Village(n) => county.villages[n].id,
        }
    }

    fn post(self, world: &World) -> Post {
        let place = self.place(world);
        match self {
            Lead::Office => Post::new(place, Role::Office),
            Lead::Department(department) => Post::of(place, department),
            Lead::Township(_) => Post::new(place, Role::Township),
            Lead::TownshipHead(_) => Post::new(place, Role::Head),
            Lead::Village(_) => Post::new(place, Role::Village),
        }
    }

    fn who(self, world: &World, day: Day) -> Who {
        let people = &world.people;
        match self {
            Lead::Office => people.office,
            Lead::Department(department) => people.departments.get(&department).copied().unwrap_or(people.office),
            Lead::Township(n) => people.townships[n],
            Lead::TownshipHead(n) => people.head_of(n, day),
            Lead::Village(n) => people.villages[n],
        }
    }
}

/// Where a task stands, as [`domain::duties::TaskState`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    Claimed,
    Verified,
    Withdrawn,
    CarriedOver,
}

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Done in time, as it was said.
    Kept,
    /// Nobody gets round to it this year.
    Neglected,
    /// As it happens.
    Open,
}

/// A task, as much of it as people here go by.
#[derive(Debug, Clone)]
struct Job {
    id: TaskId,
    year: i16,
    lead: Lead,
    field: Option<Field>,
    due: Day,
    quantity: Option<Quantity>,
    /// What the level below has to do, if it is passed down, and the one below that.
    below: Vec<&'static str>,
    parts: Vec<usize>,
    stage: Stage,
    fate: Fate,
    claims: u32,
    /// The missed day that was recorded.
    lapsed: Option<Day>,
}

/// What is going to be tried with a task. By then it may no longer make sense; then it is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    PassDown,
    Claim,
    Check,
    Withdraw,
    Amend,
}

/// The room.
pub struct Tasks {
    random: Random,
    jobs: Vec<Job>,
    steps: BTreeMap<Day, Vec<(usize, Step)>>,
    /// When the list of a year is set.
    lists: BTreeMap<Day, i16>,
    /// When what was not done is looked through.
    reviews: BTreeSet<Day>,
}

/// When there are lists: in January, the first as soon as the programme has settled in, and the last early enough for
/// something to have come of it by the day on which the demo is looked at.
fn lists(scale: &Scale) -> BTreeMap<Day, i16> {
    let (begin, latest) = (scale.first.plus(10), scale.last.plus(-25));
    let settled = (begin.0.month(), begin.0.day()) <= (11, 20);
    let first_year = begin.0.year() + i16::from(!settled);
    let on = |year| date(year, 1, 6).max(begin).min(latest);
    // Less than two months are too short for tasks.
    let years = if scale.days() < 60 { first_year..first_year } else { first_year..scale.last.0.year() + 1 };
    years.map(|year| (on(year), year)).collect()
}

/// Townships whose heads promise something: among them those that change hands, so that promises are handed over.
const PROMISING: [usize; 4] = [6, 2, 4, 9];

fn date(year: i16, month: i8, day: i8) -> Day {
    Day(jiff::civil::date(year, month, day))
}

impl Tasks {
    /// Two tasks were left by the year before.
    pub fn found(seed: u64, world: &mut World, first: Day) -> Result<Tasks> {
        let lists = lists(&world.scale);
        let last = world.scale.last;
        let mut room = Tasks {
            random: Random::new(seed, "tasks"),
            jobs: Vec::new(),
            steps: BTreeMap::new(),
            reviews: lists.iter().flat_map(|(day, year)| [*day, date(*year, 1, 12)]).filter(|day| *day <= last).collect(),
            lists,
        };
        if let Some(year) = room.lists.values().next().copied() {
            for words in &WORDS.duties.leftovers {
                let lead = Lead::of(words.lead);
                let job = room.set(world, By::Import, lead, words, TaskKind::Task, year - 1, first)?;
                room.jobs[job].fate = Fate::Neglected;
            }
            world.settle()?;
        }
        Ok(room)
    }

    fn later(&mut self, day: Day, job: usize, step: Step) {
        self.steps.entry(day).or_default().push((job, step));
    }

    fn in_days(&mut self, day: Day, from: i64, to: i64, job: usize, step: Step) {
        let then = day.plus(self.random.between(from, to));
        self.later(then, job, step);
    }

    fn act(&self, world: &mut World, by: By, command: Command) -> Result<TaskId> {
        world.act(by, domain::Command::Tasks(command)).map(TaskId)
    }

    // Setting

    #[allow(clippy::too_many_arguments)]
    fn set(
        &mut self,
        world: &mut World,
        by: By,
        lead: Lead,
        words: &'static TaskWords,
        kind: TaskKind,
        year: i16,
        due: Day,
    ) -> Result<usize> {
        let villages = world.county.villages.len() as u32;
        let scaled = |q: &Quantity| Quantity { value: (q.value * villages / 100).max(1), unit: q.unit.clone() };
        let quantity = words.quantity.as_ref().map(scaled);
        let kind = if quantity.is_some() { TaskKind::Target } else { kind };
        let county = world.county.id;
        let command = Command::Set {
            place: county,
            kind,
            year: year.unsigned_abs(),
            title: text(&words.title)?,
            duty: Some(text(&words.duty)?),
            field: words.field,
            lead: lead.post(world),
            helpers: words.helpers.iter().map(|d| Post::of(county, *d)).collect(),
            due,
            quantity: quantity.clone(),
            occasion: Some(text(&WORDS.duties.occasion.replace("{year}", &year.to_string()))?),
        };
        let id = self.act(world, by, command)?;
        let below = [&words.township, &words.village].into_iter().flatten().map(String::as_str).collect();
        Ok(self.push(Job { below, ..job(id, year, lead, words.field, due, quantity) }))
    }

    fn push(&mut self, job: Job) -> usize {
        self.jobs.push(job);
        self.jobs.len() - 1
    }

    /// The list of a year. Of those that are not passed down each year another one is forgotten, dropped, put off …, and in
    /// the last list there is one in every state on the last day.
    fn list(&mut self, world: &mut World, day: Day, year: i16) -> Result<()> {
        let last = world.scale.last;
        let is_last = self.lists.values().max() == Some(&year);
        let alone = WORDS.duties.tasks.iter().filter(|t| t.township.is_none()).count();
        let (mut nth_alone, mut nth_passed) = (0, 0);
        for words in &WORDS.duties.tasks {
            let mut due = date(year, words.month, words.day).max(day.plus(35));
            let (by, lead) = (By::Account(world.people.office), Lead::of(words.lead));
            if words.township.is_some() {
                let job = self.set(world, by, lead, words, TaskKind::Task, year, due)?;
                // One of them goes well everywhere.
                if (nth_passed + i64::from(year)) % 3 == 0 {
                    self.jobs[job].fate = Fate::Kept;
                }
                nth_passed += 1;
                self.in_days(day, 4, 9, job, Step::PassDown);
                continue;
            }
            let turn = (nth_alone + year.unsigned_abs() as usize) % alone.max(1);
            nth_alone += 1;
            match turn {
                1 if is_last => due = due.min(last.plus(-6)),
                4 if is_last => due = due.max(last),
                _ => {}
            }
            let job = self.set(world, by, lead, words, TaskKind::Task, year, due)?;
            let claim = self.claim_day(day, due);
            match turn {
                0 => {
                    self.jobs[job].fate = Fate::Kept;
                    self.later(if is_last { claim.min(last.plus(-9)) } else { claim }, job, Step::Claim);
                }
                1 => self.jobs[job].fate = Fate::Neglected,
                2 => self.later(if is_last { last.plus(-1) } else { claim }, job, Step::Claim),
                3 => self.in_days(day, 90, 130, job, Step::Withdraw),
                // Not before the demo is looked at, in the last list.
                4 => self.later(if is_last { claim.max(last.plus(1)) } else { claim }, job, Step::Claim),
                _ => {
                    self.later(due.plus(-30), job, Step::Amend);
                    self.plan_claim(day, job);
                }
            }
        }
        Ok(())
    }

    /// Towards the end of what is left.
    fn claim_day(&mut self, day: Day, due: Day) -> Day {
        let earliest = day.plus(10).max(due.plus(-70));
        earliest.plus(self.random.between(0, due.plus(-3).days_since(earliest)))
    }

    /// In time, late, or not at all this year.
    fn plan_claim(&mut self, day: Day, job: usize) {
        let due = self.jobs[job].due;
        let claim = self.claim_day(day, due);
        match (self.jobs[job].fate, self.random.between(0, 99)) {
            (Fate::Neglected, _) | (Fate::Open, 92..) => {}
            (Fate::Open, 82..) => self.in_days(due, 2, 20, job, Step::Claim),
            (Fate::Kept | Fate::Open, _) => self.later(claim, job, Step::Claim),
        }
    }

    fn meeting(&mut self, world: &mut World, day: Day) -> Result<()> {
        let townships = world.county.townships.len();
        for (n, words) in WORDS.duties.promises.iter().enumerate() {
            let lead = match words.department {
                Some(department) => Lead::Department(department),
                None => Lead::TownshipHead(PROMISING[n % PROMISING.len()] % townships),
            };
            let (by, due) = (By::Account(lead.who(world, day)), day.plus(words.days));
            let command = Command::Set {
                place: lead.place(world),
                kind: TaskKind::Promise,
                year: day.0.year().unsigned_abs(),
                title: text(&words.title)?,
                duty: None,
                field: Some(words.field),
                lead: lead.post(world),
                helpers: Vec::new(),
                due,
                quantity: None,
                occasion: Some(text(&WORDS.duties.meeting.replace("{year}", &day.0.year().to_string()))?),
            };
            let id = self.act(world, by, command)?;
            let fate = if words.kept { Fate::Kept } else { Fate::Neglected };
            let job = self.push(Job { fate, ..job(id, day.0.year(), lead, Some(words.field), due, None) });
            self.plan_claim(day, job);
        }
        Ok(())
    }

    // Passing down

    fn pass_down(&mut self, world: &mut World, day: Day, j: usize) -> Result<()> {
        let Job { stage: Stage::Open, id, lead, due, fate, year, field, .. } = self.jobs[j] else { return Ok(()) };
        let Some((duty, further)) = self.jobs[j].below.clone().split_first().map(|(d, f)| (*d, f.to_vec())) else {
            return Ok(());
        };
        let (leads, due) = match lead {
            Lead::Township(n) => (self.some_villages(world, n), due.plus(-15).max(day.plus(15)).min(due)),
            _ => ((0..world.county.townships.len()).map(Lead::Township).collect::<Vec<_>>(), due),
        };
        let quantities = match &self.jobs[j].quantity {
            Some(whole) => shares(world, whole, &leads),
            None => vec![None; leads.len()],
        };
        if leads.is_empty() || quantities.iter().flatten().any(|q| q.value == 0) {
            self.plan_claim(day, j);
            return Ok(());
        }
        let part = |(lead, quantity): (&Lead, &Option<Quantity>)| -> Result<Part> {
            let (place, lead) = (lead.place(world), lead.post(world));
            Ok(Part { place, lead, duty: Some(text(duty)?), due: Some(due), quantity: quantity.clone() })
        };
        let parts = leads.iter().zip(&quantities).map(part).collect::<Result<Vec<_>>>()?;
        let by = By::Account(lead.who(world, day));
        // What a department leads is passed down by the programme office.
        let by = if matches!(lead, Lead::Department(_)) { By::Account(world.people.office) } else { by };
        self.act(world, by, Command::PassDown { task: id, parts })?;
        world.settle()?;
        let ids = match world.store.row(ViewId::Tasks, &id.to_string())? {
            Some(Row::Tasks(task)) => task.parts,
            _ => Vec::new(),
        };
        for ((id, lead), quantity) in ids.into_iter().zip(leads).zip(quantities) {
            let part = self.push(Job { fate, below: further.clone(), ..job(id, year, lead, field, due, quantity) });
            self.jobs[j].parts.push(part);
            // Where it is passed on, the level waits for those below.
            match further.is_empty() {
                true => self.plan_claim(day, part),
                false => self.in_days(day, 6, 16, part, Step::PassDown),
            }
        }
        let claim = self.claim_day(day, due);
        self.later(claim, j, Step::Claim);
        Ok(())
    }

    fn some_villages(&mut self, world: &World, township: usize) -> Vec<Lead> {
        let all = &world.county.townships[township].villages;
        let mut open: Vec<usize> = all.iter().copied().filter(|v| world.county.villages[*v].closed.is_none()).collect();
        self.random.shuffle(&mut open);
        open.into_iter().take(3).map(Lead::Village).collect()
    }

    // Doing

    fn claim(&mut self, world: &mut World, day: Day, j: usize) -> Result<()> {
        let Job { stage: Stage::Open, id, lead, due, field, .. } = self.jobs[j] else { return Ok(()) };
        let done = |part: &usize| matches!(self.jobs[*part].stage, Stage::Verified | Stage::Withdrawn);
        if !self.jobs[j].parts.iter().all(done) {
            if day < due.plus(60) {
                self.in_days(day, 6, 10, j, Step::Claim);
            }
            return Ok(());
        }
        let quantity = self.jobs[j].quantity.clone();
        let words = &WORDS.duties;
        let said = self.random.line(if quantity.is_some() { &words.claimed_target } else { &words.claimed }).to_owned();
        let photos = match field.filter(|_| self.random.chance(400)) {
            Some(field) => vec![Photo { file: world.photos.after(field), taken_ms: None, position: None }],
            None => Vec::new(),
        };
        let by = By::Account(lead.who(world, day));
        let (text, done) = (text(&filled(&said, quantity.as_ref(), 0))?, quantity.map(|q| q.value));
        self.act(world, by, Command::Claim { task: id, text, photos, done })?;
        self.jobs[j].stage = Stage::Claimed;
        self.jobs[j].claims += 1;
        match self.jobs[j].fate {
            Fate::Kept => self.later(day.plus(3), j, Step::Check),
            Fate::Neglected | Fate::Open => self.in_days(day, 3, 12, j, Step::Check),
        }
        Ok(())
    }

    fn check(&mut self, world: &mut World, day: Day, j: usize) -> Result<()> {
        let Job { stage: Stage::Claimed, id, lead, claims, fate, .. } = self.jobs[j] else { return Ok(()) };
        let people = &world.people;
        let inspector = *self.random.pick(&people.inspectors);
        let who = match (lead, self.random.between(0, 99)) {
            (Lead::Village(n), 0..=69) => people.townships[world.county.villages[n].township],
            (Lead::Office, _) | (_, 0..=49) => inspector,
            _ => people.office,
        };
        let (words, by) = (&WORDS.duties, By::Account(who));
        let quantity = self.jobs[j].quantity.clone();
        if fate != Fate::Kept && claims == 1 && self.random.chance(260) {
            let lines = if quantity.is_some() { &words.rejected_target } else { &words.rejected };
            // A published case: 238 were claimed, and 173 were there.
            let seen = quantity.as_ref().map_or(0, |q| q.value * 173 / 238);
            let reason = text(&filled(self.random.line(lines), quantity.as_ref(), seen))?;
            self.jobs[j].stage = Stage::Open;
            self.act(world, by, Command::Reject { task: id, reason })?;
            self.in_days(day, 12, 35, j, Step::Claim);
            return Ok(());
        }
        let lines = if quantity.is_some() { &words.verified_target } else { &words.verified };
        let note = text(&filled(self.random.line(lines), quantity.as_ref(), 0))?;
        self.jobs[j].stage = Stage::Verified;
        self.act(world, by, Command::Verify { task: id, note, done: quantity.map(|q| q.value) })?;
        Ok(())
    }

    fn withdraw(&mut self, world: &mut World, who: Who, j: usize, reason: &str) -> Result<()> {
        if self.jobs[j].stage != Stage::Open {
            return Ok(());
        }
        self.jobs[j].stage = Stage::Withdrawn;
        self.act(world, By::Account(who), Command::Withdraw { task: self.jobs[j].id, reason: text(reason)? })?;
        Ok(())
    }

    /// Put off, within the year.
    fn amend(&mut self, world: &mut World, j: usize) -> Result<()> {
        let Job { stage: Stage::Open, id, due, year, .. } = self.jobs[j] else { return Ok(()) };
        let later = due.plus(25).min(date(year, 12, 31));
        if later <= due {
            return Ok(());
        }
        self.jobs[j].due = later;
        let (office, reason) = (By::Account(world.people.office), text(&WORDS.duties.amended)?);
        self.act(world, office, Command::Amend { task: id, lead: None, helpers: None, due: Some(later), reason })?;
        Ok(())
    }

    // What was not done

    /// Every day that has passed, as the server does it every night.
    fn lapse(&mut self, world: &mut World, day: Day) -> Result<()> {
        for j in 0..self.jobs.len() {
            let Job { stage, id, due, lapsed, .. } = self.jobs[j];
            if stage == Stage::Open && due < day && lapsed != Some(due) {
                self.jobs[j].lapsed = Some(due);
                self.act(world, By::System, Command::Lapse { task: id })?;
            }
        }
        Ok(())
    }

    /// What lay with a village that is part of another one now.
    fn follow_merger(&mut self, world: &mut World) -> Result<()> {
        for j in 0..self.jobs.len() {
            let Lead::Village(n) = self.jobs[j].lead else { continue };
            if world.county.villages[n].closed.is_some() {
                let township = world.people.townships[world.county.villages[n].township];
                self.withdraw(world, township, j, &WORDS.duties.merged)?;
            }
        }
        Ok(())
    }

    /// In January: what lapsed goes on in the new list, or is dropped.
    fn review(&mut self, world: &mut World, day: Day, year: i16) -> Result<()> {
        let office = world.people.office;
        for j in 0..self.jobs.len() {
            let Job { stage, id, lead, field, fate, lapsed, .. } = self.jobs[j];
            if stage != Stage::Open || lapsed.is_none() || self.jobs[j].year >= year {
                continue;
            }
            let whole = self.jobs[j].parts.is_empty();
            if whole && fate != Fate::Neglected && self.random.chance(150) {
                let reason = self.random.line(&WORDS.duties.dropped).to_owned();
                self.withdraw(world, office, j, &reason)?;
                continue;
            }
            let due = day.plus(self.random.between(100, 170));
            let reason = text(self.random.line(&WORDS.duties.carried))?;
            let command = Command::CarryOver { task: id, year: year.unsigned_abs(), due, reason };
            let into = self.act(world, By::Account(office), command)?;
            self.jobs[j].stage = Stage::CarriedOver;
            let quantity = self.jobs[j].quantity.clone();
            let again = self.push(job(into, year, lead, field, due, quantity));
            self.plan_claim(day, again);
        }
        Ok(())
    }
}

impl Room for Tasks {
    fn day(&mut self, world: &mut World, day: Day) -> Result<()> {
        self.lapse(world, day)?;
        self.follow_merger(world)?;
        if let Some(year) = self.lists.get(&day).copied() {
            self.list(world, day, year)?;
        }
        if self.reviews.contains(&day)
            && let Some((_, year)) = self.lists.range(..=day).next_back()
        {
            self.review(world, day, *year)?;
        }
        if !self.lists.is_empty() && yearly(&world.scale, 4, 18).any(|on| on == day) {
            self.meeting(world, day)?;
        }
        for (j, step) in self.steps.remove(&day).unwrap_or_default() {
            match step {
                Step::PassDown => self.pass_down(world, day, j)?,
                Step::Claim => self.claim(world, day, j)?,
                Step::Check => self.check(world, day, j)?,
                Step::Withdraw => {
                    let office = world.people.office;
                    self.withdraw(world, office, j, &WORDS.duties.withdrawn)?;
                }
                Step::Amend => self.amend(world, j)?,
            }
        }
        Ok(())
    }
}

fn job(id: TaskId, year: i16, lead: Lead, field: Option<Field>, due: Day, quantity: Option<Quantity>) -> Job {
    Job {
        id,
        year,
        lead,
        field,
        due,
        quantity,
        below: Vec::new(),
        parts: Vec::new(),
        stage: Stage::Open,
        fate: Fate::Open,
        claims: 0,
        lapsed: None,
    }
}

/// What each of those who lead the parts gets of the whole: by households, together never more than it.
fn shares(world: &World, whole: &Quantity, leads: &[Lead]) -> Vec<Option<Quantity>> {
    let county = &world.county;
    let households = |lead: &Lead| match lead {
        Lead::Township(n) => county.townships[*n].villages.iter().map(|v| county.villages[*v].households).sum(),
        Lead::Village(n) => county.villages[*n].households,
        Lead::Office | Lead::Department(_) | Lead::TownshipHead(_) => 0,
    };
    let all = leads.iter().map(households).sum::<i64>().max(1);
    let share = |lead| u32::try_from(i64::from(whole.value) * households(lead) / all).unwrap_or(0);
    leads.iter().map(|lead| Some(Quantity { value: share(lead), unit: whole.unit.clone() })).collect()
}

/// The text with its quantities.
fn filled(words: &str, quantity: Option<&Quantity>, seen: u32) -> String {
    let Some(Quantity { value, unit }) = quantity else { return words.to_owned() };
    words.replace("{done}", &value.to_string()).replace("{seen}", &seen.to_string()).replace("{unit}", unit.as_str())
}
