//! Who holds which post, beyond those who sign in: what posts answer for, posts that change hands and what is handed over,
//! a post that nobody holds for some weeks, leave during which somebody stands in.

use std::collections::BTreeMap;

use domain::{
    Row, ViewId,
    basics::{Day, FileHash, HoldingId, PersonId, Post, Role, Subject, Text},
    duties::{Command, Side, Statement, Task, TaskKind},
    places::Kind,
    problems::{Problem, State},
};
use serde_json::json;
use store::{Condition, List, NewFile, Scope, StoreError};

use crate::{
    Result, Room, Scale,
    county::County,
    people::Who,
    words::WORDS,
    world::{By, World, text},
};

/// Townships with something to tell about their heads.
#[derive(Debug, Clone, Copy)]
pub struct Changes {
    /// Changed hands long ago, signed by both sides.
    long_ago: usize,
    /// Changed hands some days ago, and nothing is signed yet.
    lately: usize,
    /// The head is on leave on the last day.
    on_leave: usize,
    /// The head was on leave once.
    was_on_leave: usize,
}

impl Changes {
    /// A county in small, or of a few months, has no such story.
    pub fn of(scale: &Scale, county: &County) -> Option<Changes> {
        let changes = Changes { long_ago: 2, lately: 6, on_leave: 4, was_on_leave: 9 };
        (scale.days() >= 300 && county.townships.len() >= 10).then_some(changes)
    }

    /// Whether a township's head changes.
    pub fn changes_head(&self, township: usize) -> bool {
        [self.long_ago, self.lately].contains(&township)
    }
}

/// Something that is going to happen to a post.
#[derive(Debug, Clone, Copy)]
enum Event {
    DescribeCounty,
    DescribeTownship(usize),
    HeadLeaves { township: usize, signs: bool },
    HeadFollows(usize),
    SecretaryDies,
    SecretaryFollows(usize),
    FormerIsSignedFor,
    HeadOnLeave { township: usize, days: i64, ill: bool },
}

/// A village's secretary.
#[derive(Debug, Clone, Copy)]
struct Secretary {
    person: PersonId,
    holding: HoldingId,
}

/// The room.
pub struct Duties {
    events: BTreeMap<Day, Vec<Event>>,
    /// By village: they have no account, and are there all the same.
    secretaries: Vec<Secretary>,
    /// What was drawn up and waits for whoever follows.
    waiting: BTreeMap<Post, FileHash>,
    phones: u32,
    documents: u32,
}

fn head(place: domain::basics::PlaceId) -> Post {
    Post::new(place, Role::Head)
}

impl Duties {
    /// Village secretaries take up their posts; what comes later is planned.
    pub fn found(world: &mut World, first: Day) -> Result<Duties> {
        let mut room =
            Duties { events: BTreeMap::new(), secretaries: Vec::new(), waiting: BTreeMap::new(), phones: 0, documents: 0 };
        for n in 0..world.county.villages.len() {
            let person = room.new_secretary(world, n, "")?;
            let until = None;
            let post = head(world.county.villages[n].id);
            let take_up = Command::TakeUp { post, person, from: first, until, document: None, already: Vec::new() };
            let holding = HoldingId(world.act(By::Import, domain::Command::Duties(take_up))?);
            room.secretaries.push(Secretary { person, holding });
        }
        world.settle()?;
        room.plan(world);
        Ok(room)
    }

    fn later(&mut self, day: Day, event: Event) {
        self.events.entry(day).or_default().push(event);
    }

    fn plan(&mut self, world: &World) {
        let (scale, county) = (&world.scale, &world.county);
        let at = |share_1000| scale.first.plus(scale.days() * share_1000 / 1000);
        self.later(scale.first, Event::DescribeCounty);
        for n in 0..county.townships.len() {
            self.later(scale.first.plus(1 + n as i64), Event::DescribeTownship(n));
        }
        let Some(changes) = Changes::of(scale, county) else { return };
        self.later(at(300), Event::HeadOnLeave { township: changes.was_on_leave, days: 12, ill: false });
        self.later(at(450), Event::HeadLeaves { township: changes.long_ago, signs: true });
        self.later(at(450).plus(1), Event::HeadFollows(changes.long_ago));
        self.later(world.people.former_left().plus(3), Event::FormerIsSignedFor);
        self.later(at(500), Event::SecretaryDies);
        let lately = scale.last.plus(-10);
        self.later(lately, Event::HeadLeaves { township: changes.lately, signs: false });
        self.later(lately.plus(1), Event::HeadFollows(changes.lately));
        self.later(scale.last.plus(-5), Event::HeadOnLeave { township: changes.on_leave, days: 15, ill: true });
    }

    fn act(&self, world: &mut World, who: Who, command: Command) -> Result<HoldingId> {
        world.act(By::Account(who), domain::Command::Duties(command)).map(HoldingId)
    }

    fn new_secretary(&self, world: &mut World, village: usize, which: &str) -> Result<PersonId> {
        let words = &WORDS.people;
        let display = format!("{}{}{which}{}", world.county.villages[village].name, words.village_head, words.mark);
        let person = PersonId(world.fresh());
        world.store.put_person(person, &display, world.now_ms())?;
        Ok(person)
    }

    /// The document by which somebody is appointed.
    fn document(&mut self, day: Day) -> Result<Option<Text<500>>> {
        self.documents += 1;
        let number = (20 + self.documents).to_string();
        let document = WORDS.duties.left.appointed.replace("{year}", &day.0.year().to_string()).replace("{n}", &number);
        text(&document).map(Some)
    }

    // What posts answer for

    fn describe(&mut self, world: &mut World, post: Post, duty: &str) -> Result<()> {
        self.phones += 1;
        let phone = WORDS.duties.phone.replace("{n}", &format!("{:07}", self.phones));
        let office = world.people.office;
        self.act(world, office, Command::Describe { post, duty: text(duty)?, phone: Some(text(&phone)?) })?;
        Ok(())
    }

    fn describe_county(&mut self, world: &mut World) -> Result<()> {
        let (words, county) = (&WORDS.duties, world.county.id);
        for (role, duty) in &words.county {
            self.describe(world, Post::new(county, *role), duty)?;
        }
        for (department, duty) in &words.departments {
            self.describe(world, Post::of(county, *department), duty)?;
        }
        Ok(())
    }

    fn describe_township(&mut self, world: &mut World, township: usize) -> Result<()> {
        let place = world.county.townships[township].id;
        for (role, duty) in &WORDS.duties.township {
            self.describe(world, Post::new(place, *role), duty)?;
        }
        for village in world.county.townships[township].villages.clone() {
            let place = match &world.county.villages[village] {
                village if village.closed.is_none() => village.id,
                _ => continue,
            };
            for (role, duty) in &WORDS.duties.village {
                self.describe(world, Post::new(place, *role), duty)?;
            }
        }
        Ok(())
    }

    // Townships' heads

    fn head_leaves(&mut self, world: &mut World, day: Day, township: usize, signs: bool) -> Result<()> {
        let (post, who) = (head(world.county.townships[township].id), world.people.head_of(township, day));
        let holding = holding_of(world, who, post)?;
        let office = world.people.office;
        let reason = text(&WORDS.duties.left.moved_on)?;
        self.act(world, office, Command::Leave { post, holding, on: day, reason })?;
        world.people.ends(who, post, day);
        if signs {
            let statement = self.draw_up(world, day, who, post, holding)?;
            self.sign(world, who, post, &statement, Side::Outgoing, None)?;
            self.waiting.insert(post, statement);
        }
        Ok(())
    }

    fn head_follows(&mut self, world: &mut World, day: Day, township: usize) -> Result<()> {
        let post = head(world.county.townships[township].id);
        let Some(who) = world.people.successor(township) else { return Ok(()) };
        let (office, person, document) = (world.people.office, world.people.person(who), self.document(day)?);
        self.act(world, office, Command::TakeUp { post, person, from: day, until: None, document, already: Vec::new() })?;
        world.people.becomes_head(who, township, post, day, None);
        if let Some(statement) = self.waiting.remove(&post) {
            let remark = Some(text(&WORDS.duties.left.remark)?);
            let (side, in_absence) = (Side::Incoming, None);
            self.act(world, who, Command::Sign { post, statement, side, in_absence, remark })?;
        }
        Ok(())
    }

    /// From tomorrow on, an official of the township stands in.
    fn head_on_leave(&mut self, world: &mut World, day: Day, township: usize, days: i64, ill: bool) -> Result<()> {
        let (post, who) = (head(world.county.townships[township].id), world.people.head_of(township, day));
        let holding = holding_of(world, who, post)?;
        let stands_in = world.people.townships[township];
        let person = world.people.person(stands_in);
        let (from, until) = (day.plus(1), day.plus(days));
        let words = &WORDS.duties.left;
        let reason = text(if ill { &words.sick_leave } else { &words.leave })?;
        self.act(world, who, Command::Delegate { post, holding, person, from, until, reason, already: Vec::new() })?;
        world.people.becomes_head(stands_in, township, post, from, Some(until));
        Ok(())
    }

    // Secretaries of villages

    /// Told by the township on the day after. It happens where something goes up today, which then passes his post over.
    fn secretary_dies(&mut self, world: &mut World, day: Day) -> Result<()> {
        let Some(village) = overdue_today(world, day)? else {
            self.later(day.plus(1), Event::SecretaryDies);
            return Ok(());
        };
        self.later(day.plus(45), Event::SecretaryFollows(village));
        let (post, holding) = (head(world.county.villages[village].id), self.secretaries[village].holding);
        let township = world.people.townships[world.county.villages[village].township];
        let reason = text(&WORDS.duties.left.died)?;
        self.act(world, township, Command::Leave { post, holding, on: day.plus(-1), reason })?;
        world.county.villages[village].headless = true;
        Ok(())
    }

    /// At first the township enters the wrong person, who is the secretary next door, and takes that back at once.
    fn secretary_follows(&mut self, world: &mut World, day: Day, village: usize) -> Result<()> {
        let words = &WORDS.duties.left;
        let post = head(world.county.villages[village].id);
        let township = world.county.villages[village].township;
        let next_door = world.county.townships[township].villages.iter().copied().find(|n| *n != village).unwrap_or(village);
        let officials = world.people.townships[township];
        let take_up = |person, document: &str| -> Result<Command> {
            let (until, document, already) = (None, Some(text(document)?), Vec::new());
            Ok(Command::TakeUp { post, person, from: day, until, document, already })
        };
        let holding = self.act(world, officials, take_up(self.secretaries[next_door].person, &words.mistaken)?)?;
        self.act(world, officials, Command::Withdraw { post, holding, reason: text(&words.mistake)? })?;
        let person = self.new_secretary(world, village, &WORDS.people.later)?;
        let follows = words.follows.replace("{day}", &day.to_string());
        let holding = self.act(world, officials, take_up(person, &follows)?)?;
        world.county.villages[village].headless = false;
        let before = self.secretaries[village];
        self.secretaries[village] = Secretary { person, holding };
        let statement = self.draw_up(world, day, officials, post, before.holding)?;
        self.sign(world, officials, post, &statement, Side::Outgoing, Some(&words.absent_died))?;
        let office = world.people.office;
        self.sign(world, office, post, &statement, Side::Incoming, Some(&words.absent_no_account))
    }

    // Others

    /// Whoever has left for another county does not come back to sign.
    fn former_is_signed_for(&mut self, world: &mut World, day: Day) -> Result<()> {
        let words = &WORDS.duties.left;
        let (post, people) = (Post::new(world.county.id, Role::Office), &world.people);
        let (former, office, head) = (people.former, people.office, people.head);
        let holding = holding_of(world, former, post)?;
        let statement = self.draw_up(world, day, office, post, holding)?;
        self.sign(world, office, post, &statement, Side::Outgoing, Some(&words.absent_moved))?;
        self.sign(world, head, post, &statement, Side::Incoming, Some(&words.absent_office))
    }

    /// A village that is part of another one since today: both its posts end, and the programme office takes over.
    fn follow_merger(&mut self, world: &mut World, day: Day) -> Result<()> {
        let closed = world.county.villages.iter().position(|v| v.closed.is_some_and(|(on, _)| on == day));
        let Some(village) = closed else { return Ok(()) };
        let words = &WORDS.duties.left;
        let into = world.county.villages[village].closed.map_or(village, |(_, into)| into);
        let into = world.county.villages[into].name.clone();
        let named = |words: &str| words.replace("{village}", &into);
        let (office, county_head, place) = (world.people.office, world.people.head, world.county.villages[village].id);
        let (post, holding) = (head(place), self.secretaries[village].holding);
        if !world.county.villages[village].headless {
            self.act(world, office, Command::Leave { post, holding, on: day, reason: text(&named(&words.merged))? })?;
        }
        let statement = self.draw_up(world, day, office, post, holding)?;
        self.sign(world, office, post, &statement, Side::Outgoing, Some(&named(&words.merged)))?;
        self.sign(world, county_head, post, &statement, Side::Incoming, Some(&named(&words.absent_merged)))?;
        // The two committees sign for themselves on their last day.
        let (post, who) = (Post::new(place, Role::Village), world.people.villages[village]);
        let holding = holding_of(world, who, post)?;
        let statement = self.draw_up(world, day, who, post, holding)?;
        self.sign(world, who, post, &statement, Side::Outgoing, None)?;
        self.sign(world, office, post, &statement, Side::Incoming, Some(&named(&words.absent_merged)))
    }

    // Hand-overs

    fn draw_up(&self, world: &mut World, day: Day, who: Who, post: Post, holding: HoldingId) -> Result<FileHash> {
        let statement = statement(world, day, post, holding)?;
        let file = statement.file.clone();
        self.act(world, who, Command::DrawUp { post, holding, statement: Some(statement) })?;
        Ok(file)
    }

    fn sign(
        &self,
        world: &mut World,
        who: Who,
        post: Post,
        statement: &FileHash,
        side: Side,
        in_absence: Option<&str>,
    ) -> Result<()> {
        let (statement, in_absence) = (statement.clone(), in_absence.map(text).transpose()?);
        self.act(world, who, Command::Sign { post, statement, side, in_absence, remark: None })?;
        Ok(())
    }
}

impl Room for Duties {
    fn day(&mut self, world: &mut World, day: Day) -> Result<()> {
        world.not_before(9);
        self.follow_merger(world, day)?;
        for event in self.events.remove(&day).unwrap_or_default() {
            match event {
                Event::DescribeCounty => self.describe_county(world)?,
                Event::DescribeTownship(n) => self.describe_township(world, n)?,
                Event::HeadLeaves { township, signs } => self.head_leaves(world, day, township, signs)?,
                Event::HeadFollows(n) => self.head_follows(world, day, n)?,
                Event::SecretaryDies => self.secretary_dies(world, day)?,
                Event::SecretaryFollows(n) => self.secretary_follows(world, day, n)?,
                Event::FormerIsSignedFor => self.former_is_signed_for(world, day)?,
                Event::HeadOnLeave { township, days, ill } => self.head_on_leave(world, day, township, days, ill)?,
            }
        }
        Ok(())
    }
}

/// A village whose own post has let a day pass for the first time, of those that stay what they are; the one run worst.
fn overdue_today(world: &mut World, day: Day) -> Result<Option<usize>> {
    let rows = open_rows(world, ViewId::Problems, Vec::new())?;
    let county = &world.county;
    let smallest = (0..county.villages.len())
        .filter(|n| county.villages[*n].kind == Kind::Villagers)
        .min_by_key(|n| county.villages[*n].households);
    let late = |row: &Row| match row {
        Row::Problems(p) => match p.state {
            State::Assigned { post, due } => (due < day && p.escalations.is_empty()).then_some(post),
            _ => None,
        },
        _ => None,
    };
    let late: Vec<Post> = rows.iter().filter_map(late).collect();
    let is_late = |n: &usize| late.contains(&Post::new(county.villages[*n].id, Role::Village));
    let stays = |n: &usize| Some(*n) != smallest && county.villages[*n].closed.is_none();
    let share = world.share_1000();
    Ok((0..county.villages.len()).filter(stays).filter(is_late).min_by_key(|n| county.villages[*n].diligence(share)))
}

/// The holding of an account's person.
fn holding_of(world: &mut World, who: Who, post: Post) -> Result<HoldingId> {
    world.settle()?;
    let held = world.store.holdings_of(&[world.people.person(who)])?;
    let own = held.iter().rfind(|h| h.post == post && h.holding.stands_in_for.is_none());
    own.map(|h| h.holding.id).ok_or_else(|| StoreError::Stored("a holding".into()).into())
}

/// What lies with a post, as a stored file, in the form in which the server writes it.
fn statement(world: &mut World, day: Day, post: Post, holding: HoldingId) -> Result<Statement> {
    let problems = open_rows(world, ViewId::Problems, Vec::new())?;
    let tasks = open_rows(world, ViewId::Tasks, vec![Condition::OneOf("post".into(), vec![post.key().into()])])?;
    let row = match world.store.row(ViewId::Posts, &post.key())? {
        Some(Row::Posts(row)) => *row,
        _ => return Err(StoreError::Stored("a post".into()).into()),
    };
    let held = row.holding(holding).ok_or_else(|| StoreError::Stored("a holding".into()))?;
    let name = world.store.persons(&[held.person])?.into_iter().next().map(|(_, name)| name);
    let county = &world.county;
    let (own, waiting): (Vec<&Problem>, Vec<&Problem>) = {
        let all = || problems.iter().filter_map(|row| if let Row::Problems(p) = row { Some(&**p) } else { None });
        let waits = |p: &&Problem| p.unanswered().is_some_and(|e| e.to == post);
        (all().filter(|p| p.state.post() == Some(post)).collect(), all().filter(waits).collect())
    };
    let (promises, plain): (Vec<&Task>, Vec<&Task>) = tasks
        .iter()
        .filter_map(|row| if let Row::Tasks(t) = row { Some(&**t) } else { None })
        .partition(|t| t.set.kind == TaskKind::Promise);
    let problem = |p: &&Problem| {
        json!({
            "subject": Subject::Problem(p.id).to_string(), "number": p.number, "place": county.name_of(p.place), "text": p.text,
            "state": p.state.word(), "due": p.clock(),
        })
    };
    let task = |t: &&Task| {
        json!({
            "subject": Subject::Task(t.id).to_string(), "place": county.name_of(t.place), "text": t.set.title,
            "state": t.state.word(), "due": t.set.due,
        })
    };
    let counts = [("problems", own.len()), ("promises", promises.len()), ("tasks", plain.len()), ("answers", waiting.len())];
    let counts: BTreeMap<String, u32> = counts.into_iter().map(|(kind, count)| (kind.to_owned(), count as u32)).collect();
    let listed = json!({
        "post": post,
        "place": county.name_of(post.place),
        "person": held.person,
        "name": name,
        "from": held.from,
        "until": held.until,
        "on": held.until.map_or(day, |until| until.min(day)),
        "counts": counts,
        "problems": own.iter().map(problem).collect::<Vec<_>>(),
        "promises": promises.iter().map(task).collect::<Vec<_>>(),
        "tasks": plain.iter().map(task).collect::<Vec<_>>(),
        "answers": waiting.iter().map(problem).collect::<Vec<_>>(),
        "demo": true,
    });
    let content = format!("{listed:#}\n");
    let file = NewFile { content: content.as_bytes(), media_type: "application/json", taken_ms: None, position: None };
    Ok(Statement { file: world.store.files().put(&file, world.now_ms())?.hash, counts })
}

fn open_rows(world: &mut World, view: ViewId, mut conditions: Vec<Condition>) -> Result<Vec<Row>> {
    world.settle()?;
    conditions.push(Condition::OneOf("open".into(), vec![true.into()]));
    let list = List { view, scope: Scope::All, conditions, sort: None, after: None, limit: 10_000 };
    let decoded = |data: &str| view.decode(data).map_err(|e| StoreError::Stored(e.to_string()));
    world.store.list(&list)?.rows.iter().map(|r| Ok(decoded(&r.data)?)).collect()
}
