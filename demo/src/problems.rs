//! What happens to problems: they are found, assigned, worked on, verified, doubted; clocks run out and heads answer or not.
//!
//! The room keeps a short model of every problem ([`Case`]) so that people only do what the rules let them; where the
//! model and the rules differ, the store refuses and the demo stops with an error.

use std::collections::BTreeMap;

use domain::{
    basics::{Day, Department, PlaceId, Position, Post, ProblemId, Role, Text, TopicId},
    places::Level,
    problems::{Command, Field, Photo},
    rules::{self, Deadlines, Escalation, Rule},
};

use crate::{
    Result, Room,
    people::Who,
    places::yearly,
    random::Random,
    weather::Weather,
    words::{Gaps, ProblemKind, Story, TopicWords, WORDS},
    world::{By, Found, World, text},
};

/// Where a problem stands, as [`domain::problems::State`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Reported,
    Assigned,
    Claimed,
    Verified,
    Confirmed,
    Dismissed,
    Merged,
}

impl Stage {
    fn is_open(self) -> bool {
        matches!(self, Stage::Reported | Stage::Assigned | Stage::Claimed)
    }
}

/// Who reported.
#[derive(Debug, Clone)]
enum Reporter {
    /// With a receipt.
    Villager(String),
    Account(Who),
}

/// What is wrong, in words: the same for every report of it.
#[derive(Debug, Clone)]
pub struct What {
    /// Numbers among the words.
    kind: usize,
    story: usize,
    gaps: Gaps,
}

impl What {
    pub fn draw(random: &mut Random, kind: usize) -> What {
        What { kind, story: random.index(WORDS.problems[kind].stories.len()), gaps: Gaps::draw(random) }
    }

    /// As an official writes it.
    pub fn told(&self, random: &mut Random) -> String {
        self.gaps.fill(random.line(&self.story().official))
    }

    fn story(&self) -> &'static Story {
        &WORDS.problems[self.kind].stories[self.story]
    }

    /// The field that it really belongs to.
    pub fn field(&self) -> Field {
        WORDS.problems[self.kind].field
    }
}

/// A problem, as much of it as people here go by.
#[derive(Debug, Clone)]
struct Case {
    id: ProblemId,
    village: usize,
    field: Field,
    what: What,
    /// Which of the story's ways: what was behind it.
    way: usize,
    stage: Stage,
    post: Option<Post>,
    /// Of the fix, or of its verification.
    due: Day,
    /// Whose head it was sent to last.
    ladder: Option<Level>,
    /// Until when that head has to answer, as long as he has not.
    answer_by: Option<Day>,
    /// A claim came after it was sent up: as long as it stands, it answers what was asked.
    claimed_since: bool,
    diagnosed: bool,
    claims: u32,
    reporter: Reporter,
    position: Option<Position>,
    reported: Day,
    /// Another report of the same came before.
    same_as: Option<usize>,
    /// Its text names people.
    private: bool,
    /// The village where it really is.
    really_in: Option<usize>,
}

impl Case {
    /// One that nobody has looked at, told as what it is where it is.
    fn reported(
        id: ProblemId,
        day: Day,
        village: usize,
        what: What,
        way: usize,
        reporter: Reporter,
        position: Option<Position>,
    ) -> Case {
        Case {
            id,
            village,
            field: what.field(),
            what,
            way,
            stage: Stage::Reported,
            post: None,
            due: day,
            ladder: None,
            answer_by: None,
            claimed_since: false,
            diagnosed: false,
            claims: 0,
            reporter,
            position,
            reported: day,
            same_as: None,
            private: false,
            really_in: None,
        }
    }

    /// Until when a head has to answer, as [`domain::problems::Problem::unanswered`].
    fn unanswered(&self) -> Option<Day> {
        let asked = match self.stage {
            Stage::Assigned => true,
            Stage::Claimed => !self.claimed_since,
            Stage::Reported | Stage::Verified | Stage::Confirmed | Stage::Dismissed | Stage::Merged => false,
        };
        self.answer_by.filter(|_| asked)
    }

    /// When the next thing has to happen, as [`domain::problems::Problem::clock`].
    fn clock(&self) -> Option<Day> {
        matches!(self.stage, Stage::Assigned | Stage::Claimed).then(|| self.unanswered().unwrap_or(self.due))
    }
}

/// What is going to be tried with a problem. By then it may no longer make sense; then it is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Triage,
    Diagnose,
    Claim,
    Check,
    ReporterReplies,
    LookAgain,
    HeadAnswers,
    SendUp,
    ReportAgain,
    Unmerge,
    Show,
}

/// The room.
pub struct Problems {
    random: Random,
    weather: Weather,
    deadlines: Deadlines,
    escalation: Escalation,
    cases: Vec<Case>,
    /// Numbers of those that are open.
    open: Vec<usize>,
    steps: BTreeMap<Day, Vec<(usize, Step)>>,
    conclusions: BTreeMap<Day, Vec<(TopicId, String)>>,
    /// What all days together weigh.
    weight_of_all_days: i64,
    /// Reports expected on all days together, in thousandths.
    reports_1000: i64,
    unmerged: u32,
    /// One that nobody takes on, whoever is asked: there is always something overdue to show.
    forgotten: Option<usize>,
}

/// Reports from one channel, of a hundred.
const VILLAGERS: i64 = 50;
const OFFICIALS: i64 = 30;

impl Problems {
    /// Knows the weather to come.
    pub fn plan(seed: u64, world: &World) -> Problems {
        let scale = &world.scale;
        let weather = Weather::draw(seed, scale);
        let (mut deadlines, mut escalation) = (None, None);
        for rule in practice() {
            match rule {
                Rule::Deadlines(r) => deadlines = Some(r),
                Rule::Escalation(r) => escalation = Some(r),
                Rule::PublicReports(_)
                | Rule::Duplicates(_)
                | Rule::Topics(_)
                | Rule::Retention(_)
                | Rule::AskedOnce(_)
                | Rule::Contacts(_)
                | Rule::SmallCounts(_)
                | Rule::Catalogue(_)
                | Rule::Standards(_)
                | Rule::Burden(_) => {}
            }
        }
        let mut room = Problems {
            random: Random::new(seed, "problems"),
            weather,
            deadlines: deadlines.expect("the county's practice has every rule"),
            escalation: escalation.expect("the county's practice has every rule"),
            cases: Vec::new(),
            open: Vec::new(),
            steps: BTreeMap::new(),
            conclusions: BTreeMap::new(),
            weight_of_all_days: 1,
            reports_1000: scale.reports_1000 * world.county.villages.len() as i64 * scale.days() / 365,
            unmerged: 0,
            forgotten: None,
        };
        room.weight_of_all_days =
            (0..scale.days()).map(|n| room.weights(scale.first.plus(n)).iter().sum::<i64>()).sum::<i64>().max(1);
        room
    }

    /// Receipts of villagers' recent problems, at most two in each state.
    pub fn receipts(&self) -> Vec<(ProblemId, String)> {
        let mut shown: BTreeMap<Stage, u32> = BTreeMap::new();
        let mut found = Vec::new();
        for case in self.cases.iter().rev() {
            if let Reporter::Villager(receipt) = &case.reporter {
                let shown = shown.entry(case.stage).or_default();
                *shown += 1;
                if *shown <= 2 {
                    found.push((case.id, receipt.clone()));
                }
            }
        }
        found
    }

    /// How often each kind of problem comes up on a day.
    fn weights(&self, day: Day) -> Vec<i64> {
        let of = |kind: &ProblemKind| {
            let seasons = kind.seasons.iter().filter(|(season, _)| self.weather.is(**season, day));
            seasons.map(|(_, weight)| *weight).max().unwrap_or(kind.weight)
        };
        WORDS.problems.iter().map(of).collect()
    }

    fn later(&mut self, day: Day, case: usize, step: Step) {
        self.steps.entry(day).or_default().push((case, step));
    }

    /// In `from` to `to` days.
    fn in_days(&mut self, day: Day, from: i64, to: i64, case: usize, step: Step) {
        let then = day.plus(self.random.between(from, to));
        self.later(then, case, step);
    }

    fn act(&self, world: &mut World, by: By, command: Command) -> Result<()> {
        world.act(by, domain::Command::Problems(command)).map(drop)
    }

    fn days_of(&self, field: Field) -> i64 {
        self.deadlines.of(field).days.into()
    }

    // Finding

    fn new_reports(&mut self, world: &mut World, day: Day) -> Result<()> {
        let weights = self.weights(day);
        let expected = self.reports_1000 * weights.iter().sum::<i64>() / self.weight_of_all_days;
        let varied = expected * self.random.between(600, 1400) / 1000;
        let mut count = varied / 1000 + i64::from(self.random.chance(varied % 1000));
        if day == world.scale.last {
            // Whoever opens the demo finds something new.
            count = count.max(6);
        }
        let share = world.share_1000();
        let of =
            |v: &crate::county::Village| if v.closed.is_some() { 0 } else { v.households.min(700) * (150 - v.diligence(share)) };
        let villages: Vec<i64> = world.county.villages.iter().map(of).collect();
        for _ in 0..count {
            let (kind, village) = (self.random.weighted(&weights), self.random.weighted(&villages));
            let what = What::draw(&mut self.random, kind);
            let c = self.report(world, day, what, village, None)?;
            if self.random.chance(55) {
                self.in_days(day, 1, 4, c, Step::ReportAgain);
            }
        }
        Ok(())
    }

    /// Somebody reports; the number of the case.
    fn report(&mut self, world: &mut World, day: Day, what: What, village: usize, same_as: Option<usize>) -> Result<usize> {
        let words = what.story();
        let really = what.field();
        let township = world.county.villages[village].township;
        let channel = self.random.between(0, 99);
        let (by, reporter, texts) = if channel < VILLAGERS || same_as.is_some() {
            (By::Public, Reporter::Villager(self.random.receipt()), &words.villager)
        } else {
            let people = &world.people;
            let who = match self.random.between(0, 9) {
                _ if channel >= VILLAGERS + OFFICIALS => *self.random.pick(&people.inspectors),
                0..=4 => people.villages[village],
                5..=8 => people.townships[township],
                _ => people.office,
            };
            (By::Account(who), Reporter::Account(who), &words.official)
        };
        let villager = by == By::Public;
        let mut said = what.gaps.fill(self.random.line(texts));
        let private = villager && self.random.chance(25);
        if private {
            // Names and addresses on a line of their own.
            said.push('\n');
            said.push_str(self.random.line(&WORDS.replies.private));
        }
        // Villagers do not know which field is whose, and where exactly the border of the village runs.
        let field = if villager && self.random.chance(40) { mistaken(really) } else { really };
        let neighbours = &world.county.townships[township].villages;
        let elsewhere = *self.random.pick(neighbours);
        let moves = villager && self.random.chance(12) && world.county.villages[elsewhere].closed.is_none();
        let really_in = (moves && elsewhere != village).then_some(elsewhere);
        let position = match same_as {
            Some(first) => self.cases[first].position,
            None => self
                .random
                .chance(if villager { 650 } else { 950 })
                .then(|| world.county.villages[village].near(&mut self.random, 350)),
        };
        let photos =
            if self.random.chance(if villager { 550 } else { 920 }) { vec![photo(world.photos.before(really))] } else { vec![] };
        let hours = if villager { (8, 30) } else { (1, 5) };
        let found_earlier = self.random.chance(160).then(|| self.random.between(hours.0, hours.1) * 3_600_000);
        let receipt = match &reporter {
            Reporter::Villager(receipt) => Some(text::<64>(receipt)?),
            Reporter::Account(_) => None,
        };
        let command = Command::Report {
            place: world.county.villages[village].id,
            field,
            text: text(&said)?,
            position,
            photos,
            found_ms: found_earlier.map(|ms| world.now_ms() - ms),
            receipt,
            contact: None,
        };
        let id = ProblemId(world.act(by, domain::Command::Problems(command))?);
        let way = self.random.index(words.ways.len());
        let case = Case::reported(id, day, village, what, way, reporter, position);
        Ok(self.take_up(world, day, Case { field, same_as, private, really_in, ..case }))
    }

    /// What surveys told of the day before, which lies there like any other report.
    fn found(&mut self, world: &mut World, day: Day) {
        for Found { id, village, what, who } in std::mem::take(&mut world.found) {
            let way = self.random.index(what.story().ways.len());
            let position = Some(world.county.villages[village].position);
            self.take_up(world, day, Case::reported(id, day, village, what, way, Reporter::Account(who), position));
        }
    }

    /// A report that is there; the number of the case.
    fn take_up(&mut self, world: &World, day: Day, case: Case) -> usize {
        let c = self.cases.len();
        let slow = 100 - world.county.villages[case.village].diligence(world.share_1000());
        self.cases.push(case);
        self.open.push(c);
        self.in_days(day, 1, 2 + slow / 25, c, Step::Triage);
        c
    }

    // Triage

    fn triage(&mut self, world: &mut World, day: Day, c: usize) -> Result<()> {
        let case = self.cases[c].clone();
        if case.stage != Stage::Reported {
            return Ok(());
        }
        let words = &WORDS.replies;
        let by = self.triager(world, day, case.village);
        if case.private {
            self.cases[c].private = false;
            let reason = text(self.random.line(&words.withheld))?;
            self.act(world, by, Command::Withhold { problem: case.id, reason })?;
            if self.random.chance(350) {
                self.in_days(day, 3, 9, c, Step::Show);
            }
        }
        if let Some(first) = case.same_as.filter(|first| self.cases[*first].stage.is_open()) {
            self.cases[c].stage = Stage::Merged;
            self.act(world, by, Command::Merge { problem: case.id, into: self.cases[first].id })?;
            // Some are a second look wiser; there is always one to show.
            if self.random.chance(50) || (self.unmerged == 0 && case.reported.days_since(world.scale.first) > 5) {
                self.unmerged += 1;
                self.in_days(day, 1, 3, c, Step::Unmerge);
            }
            return Ok(());
        }
        let right_field = case.what.field();
        if case.field != right_field {
            self.cases[c].field = right_field;
            let reason = self.random.line(&words.reclassified).replace("{field}", &words.fields[&right_field]);
            self.act(
                world,
                by,
                Command::Reclassify { problem: case.id, field: Some(right_field), place: None, reason: text(&reason)? },
            )?;
        }
        if let Some(village) = case.really_in.filter(|v| world.county.villages[*v].closed.is_none()) {
            let reason = text(self.random.line(&words.moved))?;
            self.move_to(world, by, c, village, reason)?;
        }
        if matches!(case.reporter, Reporter::Villager(_)) && self.random.chance(75) {
            self.cases[c].stage = Stage::Dismissed;
            let reason = text(self.random.line(&words.dismissed))?;
            self.act(world, by, Command::Dismiss { problem: case.id, reason })?;
            if self.random.chance(180) {
                self.in_days(day, 1, 5, c, Step::ReporterReplies);
            }
            return Ok(());
        }
        self.assign(world, by, day, c)
    }

    /// The township, or the programme office.
    fn triager(&mut self, world: &World, day: Day, village: usize) -> By {
        let people = &world.people;
        let township = people.townships[world.county.villages[village].township];
        let former_there = !people.actor(people.former, day).posts().is_empty();
        By::Account(match self.random.between(0, 99) {
            0..=74 => township,
            75..=86 if former_there => people.former,
            _ => people.office,
        })
    }

    fn move_to(&mut self, world: &mut World, by: By, c: usize, village: usize, reason: Text<500>) -> Result<()> {
        if village == self.cases[c].village {
            return Ok(());
        }
        self.cases[c].really_in = None;
        self.cases[c].village = village;
        let (problem, place) = (self.cases[c].id, Some(world.county.villages[village].id));
        self.act(world, by, Command::Reclassify { problem, field: None, place, reason })
    }

    fn assign(&mut self, world: &mut World, by: By, day: Day, c: usize) -> Result<()> {
        let (problem, village, field) = (self.cases[c].id, self.cases[c].village, self.cases[c].field);
        let rule = self.deadlines.of(field).clone();
        let days = i64::from(rule.days);
        let (command, post, due) = if self.random.chance(140) {
            let (role, department) = match (rule.role, field) {
                (Role::Township, Field::Road | Field::Lighting) => (Role::Department, Some(department(field))),
                (Role::Village | Role::Department, _) => (Role::Township, None),
                (other, _) => (other, rule.department),
            };
            let post = post_of(world, role, department, village);
            let due = day.plus(days + self.random.between(-1, 15));
            let note = Some(text(self.random.line(&WORDS.replies.by_hand))?);
            (Command::Assign { problem, post: Some(post), due: Some(due), note }, post, due)
        } else {
            let post = post_of(world, rule.role, rule.department, village);
            (Command::Assign { problem, post: None, due: None, note: None }, post, day.plus(days))
        };
        let case = &mut self.cases[c];
        (case.stage, case.post, case.due) = (Stage::Assigned, Some(post), due);
        self.act(world, by, command)?;
        if self.random.chance(12) {
            self.in_days(day, 2, 6, c, Step::SendUp);
        }
        self.plan_work(world, day, c);
        Ok(())
    }

    // Work

    /// How well whoever answers does his work, 0…100.
    fn diligence(&self, world: &World, c: usize) -> i64 {
        let share = world.share_1000();
        let village = &world.county.villages[self.cases[c].village];
        match self.cases[c].post.map(|p| p.role) {
            Some(Role::Township) => {
                let all = &world.county.townships[village.township].villages;
                all.iter().map(|v| world.county.villages[*v].diligence(share)).sum::<i64>() / all.len().max(1) as i64
            }
            Some(Role::Department) => 62,
            _ => village.diligence(share),
        }
    }

    /// In time, late, or not at all until somebody asks.
    fn plan_work(&mut self, world: &World, day: Day, c: usize) {
        let d = self.diligence(world, c);
        let allowed = self.cases[c].due.days_since(day).max(1);
        // All three heads have let their days pass by the end.
        let to_the_top = 3 * (i64::from(self.escalation.answer_days) + 1);
        let left = world.scale.last.days_since(self.cases[c].due) - to_the_top;
        if self.forgotten.is_none() && (2..=20).contains(&left) {
            self.forgotten = Some(c);
            return;
        }
        let neglected = self.random.chance((62 - d).max(2) * 8);
        let late = self.random.chance((100 - d) * 4);
        let days = match late {
            true => self.random.between(allowed + 1, allowed * 2 + 4),
            // The better it is run, the sooner.
            false => self.random.between(allowed * 15 / 100, allowed * (105 - d * 7 / 10) / 100).max(1),
        };
        let first_look = (days * self.random.between(10, 50) / 100).max(1);
        if !neglected || self.random.chance(400) {
            self.later(day.plus(first_look), c, Step::Diagnose);
        }
        if !neglected {
            self.later(day.plus(days.max(first_look)), c, Step::Claim);
        }
    }

    fn diagnose(&mut self, world: &mut World, c: usize, who: Who) -> Result<()> {
        let Case { what, way, .. } = &self.cases[c];
        let (cause, measure, _) = &what.story().ways[*way];
        let (cause, measure) = (text(&what.gaps.fill(cause))?, text(&what.gaps.fill(measure))?);
        self.cases[c].diagnosed = true;
        self.act(world, By::Account(who), Command::Diagnose { problem: self.cases[c].id, cause, measure })
    }

    fn work(&mut self, world: &mut World, day: Day, c: usize, claims: bool) -> Result<()> {
        let case = &self.cases[c];
        let (Stage::Assigned, Some(answers)) = (case.stage, case.post) else { return Ok(()) };
        // A township now and then does itself what its village cannot.
        let steps_in = claims && answers.role == Role::Village && self.random.chance(50);
        let post = if steps_in { post_of(world, Role::Township, None, self.cases[c].village) } else { answers };
        let who = holder(world, post);
        if !self.cases[c].diagnosed {
            self.diagnose(world, c, who)?;
        }
        if !claims {
            return Ok(());
        }
        let Case { what, way, .. } = &self.cases[c];
        let said = what.gaps.fill(&what.story().ways[*way].2);
        let photos = vec![photo(world.photos.after(what.field()))];
        let verify_days = i64::from(self.deadlines.verify_days);
        let case = &mut self.cases[c];
        (case.stage, case.post, case.due) = (Stage::Claimed, Some(post), day.plus(verify_days));
        case.claimed_since = true;
        case.claims += 1;
        let problem = case.id;
        self.act(world, By::Account(who), Command::ClaimFix { problem, text: text(&said)?, photos })?;
        match self.random.chance(925) {
            true => self.in_days(day, 1, verify_days - 1, c, Step::Check),
            false => self.in_days(day, verify_days + 1, verify_days + 8, c, Step::Check),
        }
        Ok(())
    }

    // Verification

    fn check(&mut self, world: &mut World, day: Day, c: usize) -> Result<()> {
        let case = self.cases[c].clone();
        if case.stage != Stage::Claimed {
            return Ok(());
        }
        let people = &world.people;
        let inspector = *self.random.pick(&people.inspectors);
        let who = match (case.post.map(|p| p.role), self.random.between(0, 99)) {
            (Some(Role::Village), 0..=59) => people.townships[world.county.villages[case.village].township],
            (_, 0..=84) => inspector,
            _ => people.office,
        };
        let doubt = (100 - self.diligence(world, c)) * if case.claims == 1 { 3 } else { 1 };
        let words = &WORDS.replies;
        let problem = case.id;
        if self.random.chance(doubt.max(15)) && world.county.villages[case.village].closed.is_none() {
            self.cases[c].stage = Stage::Assigned;
            self.cases[c].due = day.plus(self.days_of(case.field));
            // The ladder begins anew.
            (self.cases[c].ladder, self.cases[c].answer_by) = (None, None);
            let reason = text(self.random.line(&words.rejected))?;
            self.act(world, By::Account(who), Command::RejectFix { problem, reason })?;
            self.plan_work(world, day, c);
            return Ok(());
        }
        self.cases[c].stage = Stage::Verified;
        let photos = if self.random.chance(400) { vec![photo(world.photos.after(case.field))] } else { vec![] };
        let note = text(self.random.line(&words.verified))?;
        self.act(world, By::Account(who), Command::VerifyFix { problem, note, photos })?;
        let asked = if matches!(case.reporter, Reporter::Villager(_)) { 480 } else { 250 };
        if self.random.chance(asked) {
            self.in_days(day, 1, 12, c, Step::ReporterReplies);
        }
        if self.random.chance(22) {
            self.in_days(day, 20, 70, c, Step::LookAgain);
        }
        Ok(())
    }

    fn reporter_replies(&mut self, world: &mut World, day: Day, c: usize) -> Result<()> {
        let case = self.cases[c].clone();
        let words = &WORDS.replies;
        let doubt = (100 - self.diligence(world, c)) * 2 + 15;
        let (solved, said) = match case.stage {
            Stage::Verified if !self.random.chance(doubt) => (true, self.random.pick(&words.confirmed).clone()),
            Stage::Verified | Stage::Confirmed => (false, Some(self.random.line(&words.reopened).to_owned())),
            Stage::Dismissed => (false, Some(self.random.line(&words.objected).to_owned())),
            Stage::Reported | Stage::Assigned | Stage::Claimed | Stage::Merged => return Ok(()),
        };
        // What lay in a village that is gone is not opened again there.
        if !solved && world.county.villages[case.village].closed.is_some() {
            return Ok(());
        }
        let (by, receipt) = match &case.reporter {
            Reporter::Villager(receipt) => (By::Public, Some(text::<64>(receipt)?)),
            Reporter::Account(who) => (By::Account(*who), None),
        };
        let said = said.map(|s| text(&s)).transpose()?;
        self.act(world, by, Command::AnswerAsReporter { problem: case.id, solved, words: said, receipt })?;
        if solved {
            self.cases[c].stage = Stage::Confirmed;
            if self.random.chance(12) {
                self.in_days(day, 15, 60, c, Step::ReporterReplies);
            }
        } else {
            self.opened_again(world, day, c);
        }
        Ok(())
    }

    fn look_again(&mut self, world: &mut World, day: Day, c: usize) -> Result<()> {
        let case = self.cases[c].clone();
        let gone = world.county.villages[case.village].closed.is_some();
        if !matches!(case.stage, Stage::Verified | Stage::Confirmed) || gone {
            return Ok(());
        }
        let who = *self.random.pick(&world.people.inspectors);
        let reason = text(self.random.line(&WORDS.replies.looked_again))?;
        self.act(world, By::Account(who), Command::Reopen { problem: case.id, reason })?;
        self.opened_again(world, day, c);
        Ok(())
    }

    /// Back to the post that answered, or to triage.
    fn opened_again(&mut self, world: &World, day: Day, c: usize) {
        self.open.push(c);
        // The ladder begins anew.
        (self.cases[c].ladder, self.cases[c].answer_by) = (None, None);
        if self.cases[c].stage == Stage::Dismissed {
            self.cases[c].stage = Stage::Reported;
            self.cases[c].same_as = None;
            self.in_days(day, 1, 3, c, Step::Triage);
        } else {
            self.cases[c].stage = Stage::Assigned;
            self.cases[c].due = day.plus(self.days_of(self.cases[c].field));
            self.plan_work(world, day, c);
        }
    }

    // The ladder

    /// The head it goes to next, if there is one.
    fn next_rung(&self, world: &World, c: usize) -> Option<Level> {
        let case = &self.cases[c];
        let next = match (case.ladder, case.post?.role) {
            // A post that nobody holds is passed over.
            (None, Role::Village) if world.county.villages[case.village].headless => Level::Township,
            (None, Role::Village) => Level::Village,
            (None, Role::Township) | (Some(Level::Village), _) => Level::Township,
            (None, _) | (Some(Level::Township), _) => Level::County,
            (Some(Level::County | Level::City | Level::Province), _) => return None,
        };
        (next >= self.escalation.up_to).then_some(next)
    }

    /// Every clock that ran out, as the server does it every night.
    fn run_clocks(&mut self, world: &mut World, day: Day) -> Result<()> {
        self.open.retain(|c| self.cases[*c].stage.is_open());
        for c in self.open.clone() {
            if self.cases[c].clock().is_some_and(|due| due < day)
                && let Some(rung) = self.next_rung(world, c)
            {
                self.escalate(world, By::System, day, c, rung, None)?;
            }
        }
        Ok(())
    }

    fn escalate(&mut self, world: &mut World, by: By, day: Day, c: usize, rung: Level, reason: Option<Text<500>>) -> Result<()> {
        let answer_days = i64::from(self.escalation.answer_days);
        self.cases[c].ladder = Some(rung);
        self.cases[c].answer_by = Some(day.plus(answer_days));
        self.cases[c].claimed_since = false;
        self.act(world, by, Command::Escalate { problem: self.cases[c].id, reason })?;
        if self.forgotten == Some(c) {
            return Ok(());
        }
        let township = &world.county.townships[world.county.villages[self.cases[c].village].township];
        let answers = match rung {
            // Secretaries of villages have no account: what nobody answers passes on by itself.
            Level::Village => 0,
            Level::Township => township.head_answers,
            Level::County | Level::City | Level::Province => 800,
        };
        if self.random.chance(answers) {
            self.in_days(day, 1, answer_days - 1, c, Step::HeadAnswers);
        } else if rung == Level::County && self.random.chance(800) {
            // Nobody answered at the top, but it was heard of.
            self.in_days(day, 12, 60, c, Step::Claim);
        }
        Ok(())
    }

    fn head_answers(&mut self, world: &mut World, day: Day, c: usize) -> Result<()> {
        let case = self.cases[c].clone();
        let (Some(rung), Some(_)) = (case.ladder, case.unanswered()) else { return Ok(()) };
        let words = &WORDS.replies;
        let (who, answers) = match rung {
            Level::Township => {
                (world.people.head_of(world.county.villages[case.village].township, day), &words.answered_township)
            }
            Level::County => (world.people.head, &words.answered_county),
            Level::Village | Level::City | Level::Province => return Ok(()),
        };
        let own_day = self.random.chance(600).then(|| day.plus(self.random.between(3, 15)));
        let due = own_day.unwrap_or(day.plus(self.days_of(case.field)));
        self.cases[c].answer_by = None;
        self.cases[c].due = due;
        let said = text(self.random.line(answers))?;
        self.act(world, By::Account(who), Command::AnswerEscalation { problem: case.id, text: said, due: own_day })?;
        if case.stage == Stage::Assigned && self.random.chance(880) {
            self.in_days(day, 1, due.days_since(day).max(1), c, Step::Claim);
        }
        Ok(())
    }

    fn send_up(&mut self, world: &mut World, day: Day, c: usize) -> Result<()> {
        let case = &self.cases[c];
        let (Stage::Assigned, None, Some(rung)) = (case.stage, case.ladder, self.next_rung(world, c)) else { return Ok(()) };
        let reason = text(self.random.line(&WORDS.replies.sent_up))?;
        let office = By::Account(world.people.office);
        self.escalate(world, office, day, c, rung, Some(reason))
    }

    // The rest

    fn step(&mut self, world: &mut World, day: Day, c: usize, step: Step) -> Result<()> {
        match step {
            Step::Triage => self.triage(world, day, c),
            Step::Diagnose => self.work(world, day, c, false),
            Step::Claim => self.work(world, day, c, true),
            Step::Check => self.check(world, day, c),
            Step::ReporterReplies => self.reporter_replies(world, day, c),
            Step::LookAgain => self.look_again(world, day, c),
            Step::HeadAnswers => self.head_answers(world, day, c),
            Step::SendUp => self.send_up(world, day, c),
            Step::ReportAgain => {
                let Case { village, stage, .. } = self.cases[c];
                if stage.is_open() && world.county.villages[village].closed.is_none() {
                    let what = self.cases[c].what.clone();
                    self.report(world, day, what, village, Some(c))?;
                }
                Ok(())
            }
            Step::Unmerge => {
                self.cases[c].stage = Stage::Reported;
                self.cases[c].same_as = None;
                self.open.push(c);
                let by = By::Account(world.people.office);
                let reason = text(self.random.line(&WORDS.replies.unmerged))?;
                self.act(world, by, Command::Unmerge { problem: self.cases[c].id, reason })?;
                self.in_days(day, 1, 2, c, Step::Triage);
                Ok(())
            }
            Step::Show => {
                let by = By::Account(world.people.office);
                let reason = text(self.random.line(&WORDS.replies.shown))?;
                self.act(world, by, Command::Show { problem: self.cases[c].id, reason })
            }
        }
    }

    /// What is open in a village that was merged today goes on in the other one.
    fn follow_merger(&mut self, world: &mut World, day: Day) -> Result<()> {
        let closed = (0..).zip(&world.county.villages).find_map(|(n, v)| match v.closed {
            Some((on, into)) if on == day => Some((n, into)),
            _ => None,
        });
        let Some((village, into)): Option<(usize, usize)> = closed else { return Ok(()) };
        let office = By::Account(world.people.office);
        for c in self.open.clone() {
            if self.cases[c].village != village {
                continue;
            }
            if self.cases[c].stage == Stage::Claimed {
                self.check(world, day, c)?;
            }
            if matches!(self.cases[c].stage, Stage::Reported | Stage::Assigned) {
                let reason = text(self.random.line(&WORDS.replies.merged_village))?;
                self.move_to(world, office, c, into, reason)?;
            }
            // The post of a village that is gone cannot answer: moving the problem names the one that does, by the rule.
            if self.cases[c].stage == Stage::Assigned && self.cases[c].post.is_some_and(|p| p.role == Role::Village) {
                let rule = self.deadlines.of(self.cases[c].field);
                self.cases[c].post = Some(post_of(world, rule.role, rule.department, into));
                self.cases[c].due = day.plus(rule.days.into());
                self.plan_work(world, day, c);
            }
        }
        Ok(())
    }

    fn topics(&mut self, world: &mut World, day: Day) -> Result<()> {
        let office = By::Account(world.people.office);
        for (topic, outcome) in self.conclusions.remove(&day).unwrap_or_default() {
            self.act(world, office, Command::ConcludeTopic { topic, outcome: text(&outcome)? })?;
        }
        for words in &WORDS.topics {
            if yearly(&world.scale, words.month, words.day).any(|on| on == day) {
                self.propose_topic(world, day, words)?;
            }
        }
        Ok(())
    }

    fn propose_topic(&mut self, world: &mut World, day: Day, words: &TopicWords) -> Result<()> {
        let fits =
            |case: &&Case| case.field == words.field && case.stage != Stage::Merged && day.days_since(case.reported) <= 110;
        let shown: Vec<&Case> = self.cases.iter().rev().filter(fits).take(30).collect();
        let mut villages: Vec<usize> = shown.iter().map(|case| case.village).collect();
        villages.sort_unstable();
        villages.dedup();
        // The rule of the starting pack: a topic is what comes up in eight villages.
        if villages.len() < 8 {
            return Ok(());
        }
        let outcome = words.outcome.replace("{n}", &shown.len().to_string());
        let command = Command::ProposeTopic {
            place: world.county.id,
            field: words.field,
            title: text(&words.title.replace("{year}", &day.0.year().to_string()))?,
            problems: shown.iter().map(|case| case.id).collect(),
        };
        let topic = TopicId(world.act(By::Account(world.people.office), domain::Command::Problems(command))?);
        let concluded = day.plus(self.random.between(45, 100));
        self.conclusions.entry(concluded).or_default().push((topic, outcome));
        Ok(())
    }

    /// After two thirds of the time the county asks for rubbish to be gone sooner.
    fn stricter(&mut self, world: &mut World, day: Day) -> Result<()> {
        if world.scale.days() < 300 || day != world.scale.first.plus(world.scale.days() * 2 / 3) {
            return Ok(());
        }
        if let Some(waste) = self.deadlines.by_field.get_mut(&Field::Waste) {
            waste.days = 5;
        }
        let set = rules::Command::Set {
            place: world.county.id,
            from: day,
            rule: Rule::Deadlines(self.deadlines.clone()),
            reason: text(&WORDS.replies.stricter)?,
        };
        world.act(By::Account(world.people.office), domain::Command::Rules(set)).map(drop)
    }
}

impl Room for Problems {
    fn day(&mut self, world: &mut World, day: Day) -> Result<()> {
        self.found(world, day);
        self.follow_merger(world, day)?;
        self.run_clocks(world, day)?;
        world.not_before(8);
        self.stricter(world, day)?;
        for (c, step) in self.steps.remove(&day).unwrap_or_default() {
            self.step(world, day, c, step)?;
        }
        self.new_reports(world, day)?;
        self.topics(world, day)
    }
}

/// The field that somebody takes it for who does not know better.
fn mistaken(field: Field) -> Field {
    match field {
        Field::Waste => Field::Appearance,
        Field::Appearance => Field::Waste,
        Field::Sewage => Field::Toilet,
        Field::Toilet => Field::Sewage,
        Field::Water => Field::Sewage,
        Field::Road => Field::Service,
        Field::Greening => Field::Appearance,
        Field::Lighting => Field::Service,
        Field::Housing => Field::Appearance,
        Field::Service => Field::Culture,
        Field::Culture => Field::Service,
        Field::Industry => Field::Road,
    }
}

fn photo(file: domain::basics::FileHash) -> Photo {
    Photo { file, taken_ms: None, position: None }
}

/// The rules of the county: the pack that everybody starts with, and which department it is that answers.
pub fn practice() -> Vec<Rule> {
    let mut pack = rules::starting_pack();
    for rule in &mut pack {
        let Rule::Deadlines(deadlines) = rule else { continue };
        let by_field = &mut deadlines.by_field;
        for (field, deadline) in by_field.iter_mut().filter(|(_, deadline)| deadline.role == Role::Department) {
            deadline.department = Some(department(*field));
        }
    }
    pack
}

/// The department that answers for a field.
fn department(field: Field) -> Department {
    match field {
        Field::Water => Department::Water,
        Field::Sewage | Field::Waste => Department::Ecology,
        Field::Road => Department::Transport,
        Field::Culture => Department::Culture,
        Field::Industry | Field::Service | Field::Toilet => Department::Agriculture,
        Field::Greening => Department::NaturalResources,
        Field::Lighting | Field::Housing | Field::Appearance => Department::Housing,
    }
}

/// The post of a role over a village.
fn post_of(world: &World, role: Role, department: Option<Department>, village: usize) -> Post {
    let village = &world.county.villages[village];
    let place: PlaceId = match role {
        Role::Village => village.id,
        Role::Township => world.county.townships[village.township].id,
        _ => world.county.id,
    };
    Post { place, role, department }
}

/// The account that holds a post.
fn holder(world: &World, post: Post) -> Who {
    let people = &world.people;
    let found = match post.role {
        Role::Village => world.county.villages.iter().position(|v| v.id == post.place).map(|n| people.villages[n]),
        Role::Township => world.county.townships.iter().position(|t| t.id == post.place).map(|n| people.townships[n]),
        _ => post.department.and_then(|d| people.departments.get(&d).copied()),
    };
    found.unwrap_or(people.office)
}
