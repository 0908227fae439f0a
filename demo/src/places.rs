//! What happens to the places themselves: classes, stages, grades gained and lost, denominators counted every spring,
//! a rename, a new code, a merger of two villages.

use std::collections::BTreeMap;

use domain::{
    basics::{Day, PlaceId},
    places::{Class, Command, Counted, Document, Grade, Kind, Method, Name, Stage},
};

use crate::{
    Result, Room, Scale,
    random::Random,
    words::WORDS,
    world::{By, World, text},
};

/// Something that is going to happen to a place.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Plan {
    Stage(Stage),
    TownshipStage(usize, Stage),
    Classify(usize, Class),
    Count { village: usize, year: usize },
    Grade { village: usize, grade: Grade, lost: bool },
    Rename(usize),
    Recode(usize),
    Merge { village: usize, into: usize },
}

/// The room.
pub struct Places {
    random: Random,
    plans: BTreeMap<Day, Vec<Plan>>,
    /// Documents are numbered within a year.
    documents: BTreeMap<i16, u32>,
    /// Villages in which a later count is smaller, and in which year.
    shrinks: BTreeMap<usize, usize>,
    /// Registered households, those living there, hamlets, persons: by village, as last counted.
    counts: Vec<[i64; 4]>,
}

const COUNTED: [Counted; 4] = [Counted::HouseholdsRegistered, Counted::HouseholdsResident, Counted::Hamlets, Counted::Population];

/// In which of a thousand days something happens.
fn at(scale: &Scale, share_1000: i64) -> Day {
    scale.first.plus(scale.days() * share_1000 / 1000)
}

impl Places {
    /// Draws what is going to happen.
    pub fn plan(seed: u64, world: &World) -> Places {
        let random = Random::new(seed, "places");
        let mut room =
            Places { random, plans: BTreeMap::new(), documents: BTreeMap::new(), shrinks: BTreeMap::new(), counts: Vec::new() };
        room.plan_counts(world);
        room.plan_classes(world);
        room.plan_stages(world);
        room.plan_grades(world);
        room.plan_changes(world);
        room
    }

    fn later(&mut self, day: Day, plan: Plan) {
        self.plans.entry(day).or_default().push(plan);
    }

    /// A first count in the first weeks, then one every year in March.
    fn plan_counts(&mut self, world: &World) {
        let scale = &world.scale;
        for (n, v) in world.county.villages.iter().enumerate() {
            let registered = v.households;
            let living = registered * self.random.between(55, 97) / 100;
            let hamlets = if v.kind == Kind::Residents { 1 } else { self.random.between(2, 14) };
            self.counts.push([registered, living, hamlets, living * self.random.between(26, 33) / 10]);
            let day = scale.first.plus(self.random.between(1, 20));
            self.later(day, Plan::Count { village: n, year: 0 });
            for (year, march) in marches(scale).enumerate() {
                let day = march.plus(self.random.between(0, 25));
                self.later(day, Plan::Count { village: n, year: year + 1 });
            }
        }
        let years = marches(scale).count();
        for _ in 0..7.min(world.county.villages.len()) {
            let village = self.random.index(world.county.villages.len());
            let year = self.random.between(1, years as i64).unsigned_abs() as usize;
            self.shrinks.insert(village, year);
        }
    }

    /// Township by township in the first hundred days; what was left open, a year later.
    fn plan_classes(&mut self, world: &World) {
        let scale = &world.scale;
        for (n, v) in world.county.villages.iter().enumerate() {
            let near_town = v.kind == Kind::Residents || self.random.chance(if v.township < 2 { 500 } else { 40 });
            let class = match self.random.between(0, 99) {
                _ if near_town => Class::Suburban,
                0..=54 => Class::Cluster,
                55..=74 => Class::Heritage,
                75..=78 => Class::Relocate,
                _ => Class::Undetermined,
            };
            let day = scale.first.plus(24 + 6 * v.township as i64);
            self.later(day, Plan::Classify(n, class));
            if class == Class::Undetermined && self.random.chance(650) {
                let now = if self.random.chance(800) { Class::Cluster } else { Class::Heritage };
                let then = day.plus(self.random.between(380, 420));
                self.later(then, Plan::Classify(n, now));
            }
        }
    }

    fn plan_stages(&mut self, world: &World) {
        let scale = &world.scale;
        let steps = [(8, Stage::Demonstration), (330, Stage::Rollout), (760, Stage::Deepening)];
        for (share, stage) in steps {
            self.later(at(scale, share), Plan::Stage(stage));
        }
        for t in 0..world.county.townships.len() {
            let ahead = self.random.between(-40, 120);
            for (share, stage) in steps {
                self.later(at(scale, share + 20 + ahead.max(0)), Plan::TownshipStage(t, stage));
            }
        }
    }

    /// A review at the beginning and one in every third of the time: each village rises by at most one grade, by how it is
    /// run; at the last, two lose theirs.
    fn plan_grades(&mut self, world: &World) {
        const LADDER: [Grade; 4] = [Grade::Remediated, Grade::Demonstration, Grade::Boutique, Grade::Future];
        const REVIEWS: [i64; 4] = [35, 330, 660, 940];
        let (scale, villages) = (&world.scale, &world.county.villages);
        // Reviews need months between them.
        if scale.days() < 300 {
            return;
        }
        let mut grades: Vec<Option<usize>> = vec![None; villages.len()];
        let mut rose = Vec::new();
        for share in REVIEWS {
            rose.clear();
            for (n, v) in villages.iter().enumerate() {
                let run = v.diligence(share) + self.random.between(-10, 10);
                let next = grades[n].map_or(0, |g| g + 1);
                // Each step asks for more: 50, 65, 80, 95 of 100.
                if next < LADDER.len() && run >= 50 + 15 * next as i64 {
                    grades[n] = Some(next);
                    rose.push(n);
                    let day = at(scale, share).plus(self.random.between(0, 6));
                    self.later(day, Plan::Grade { village: n, grade: LADDER[next], lost: false });
                }
            }
        }
        let may_lose = |n: &usize| !rose.contains(n) && grades[*n].is_some_and(|g| g >= 1);
        let mut worst: Vec<usize> = (0..villages.len()).filter(may_lose).collect();
        worst.sort_by_key(|n| villages[*n].diligence(1000));
        for n in worst.into_iter().take(2) {
            if let Some(below) = grades[n].and_then(|g| g.checked_sub(1)) {
                self.later(at(scale, 960), Plan::Grade { village: n, grade: LADDER[below], lost: true });
            }
        }
    }

    fn plan_changes(&mut self, world: &World) {
        let (scale, county) = (&world.scale, &world.county);
        let rural: Vec<usize> = (0..county.villages.len()).filter(|n| county.villages[*n].kind == Kind::Villagers).collect();
        let smallest = rural.iter().copied().min_by_key(|n| county.villages[*n].households);
        let Some(village) = smallest else { return };
        let near = |n: &usize| county.villages[*n].position.distance_m(county.villages[village].position);
        let same = |n: &usize| *n != village && county.villages[*n].township == county.villages[village].township;
        if let Some(into) = rural.iter().copied().filter(same).min_by_key(near) {
            self.later(at(scale, 620), Plan::Merge { village, into });
            let others: Vec<usize> = rural.into_iter().filter(|n| *n != village && *n != into).collect();
            let (renamed, recoded) = (*self.random.pick(&others), *self.random.pick(&others));
            self.later(at(scale, 410), Plan::Rename(renamed));
            self.later(at(scale, 540), Plan::Recode(recoded));
        }
    }

    fn document(&mut self, day: Day, about: &str) -> Result<Document> {
        let number = self.documents.entry(day.0.year()).or_insert(0);
        *number += 1;
        let title = WORDS.places.document.replace("{year}", &day.0.year().to_string()).replace("{n}", &number.to_string());
        text(&format!("{title} {about}"))
    }

    fn happen(&mut self, world: &mut World, day: Day, plan: &Plan) -> Result<()> {
        let words = &WORDS.places;
        let office = By::Account(world.people.office);
        let command = match *plan {
            // What was planned for a village that is gone does not happen.
            Plan::Count { village: n, .. }
            | Plan::Classify(n, _)
            | Plan::Grade { village: n, .. }
            | Plan::Rename(n)
            | Plan::Recode(n)
                if world.county.villages[n].closed.is_some() =>
            {
                return Ok(());
            }
            Plan::Count { village, year } => return self.count(world, day, village, year),
            Plan::Merge { village, into } => return self.merge(world, day, village, into),
            Plan::Stage(stage) => {
                Command::EnterStage { place: world.county.id, stage, from: day, document: self.document(day, &words.stage)? }
            }
            Plan::TownshipStage(t, stage) => Command::EnterStage {
                place: world.county.townships[t].id,
                stage,
                from: day,
                document: self.document(day, &words.stage)?,
            },
            Plan::Classify(n, class) => {
                let place = world.county.villages[n].id;
                Command::Classify { place, class, from: day, document: self.document(day, &words.classes)? }
            }
            Plan::Grade { village, grade, lost } => {
                let about = if lost { &words.lost } else { &words.grade };
                Command::Grade {
                    place: world.county.villages[village].id,
                    grade,
                    from: day,
                    document: self.document(day, about)?,
                }
            }
            Plan::Rename(n) => {
                let village = &mut world.county.villages[n];
                village.name = format!("{}{}", words.renamed_head, village.name);
                let name: Name = text(&village.name)?;
                Command::Rename { place: village.id, name, from: Some(day), document: self.document(day, &words.rename)? }
            }
            Plan::Recode(n) => {
                let village = &mut world.county.villages[n];
                village.code += 90;
                let code = village.code.to_string();
                Command::Recode { place: village.id, code, from: Some(day), document: self.document(day, &words.recode)? }
            }
        };
        world.act(office, domain::Command::Places(command))?;
        Ok(())
    }

    /// Four counts: the register of households is the office's, the others the village's own; now and then the office
    /// counts again.
    fn count(&mut self, world: &mut World, day: Day, village: usize, year: usize) -> Result<()> {
        let shrinks = self.shrinks.get(&village) == Some(&year);
        for (n, what) in COUNTED.into_iter().enumerate() {
            let before = self.counts[village][n];
            let now = match (year, what) {
                (0, _) => before,
                (_, Counted::HouseholdsRegistered) if shrinks => before * self.random.between(86, 95) / 100,
                (_, Counted::HouseholdsResident) if shrinks => before * self.random.between(80, 94) / 100,
                (_, Counted::Hamlets) => before,
                _ => before + before * self.random.between(0, 12) / 1000,
            };
            self.counts[village][n] = now;
            if what == Counted::HouseholdsResident {
                world.county.villages[village].resident = now;
            }
            let (by, method) = match what {
                Counted::HouseholdsRegistered => (world.people.office, Method::Register),
                _ if self.random.chance(60) => (world.people.office, Method::Verified),
                _ => (world.people.villages[village], Method::Counted),
            };
            let place = world.county.villages[village].id;
            world.act(By::Account(by), count(place, what, now, day, method))?;
        }
        Ok(())
    }

    /// Two villages become one; what is counted of the other is counted anew with both.
    fn merge(&mut self, world: &mut World, day: Day, village: usize, into: usize) -> Result<()> {
        let document = self.document(day, &WORDS.places.merge)?;
        let (place, other) = (world.county.villages[village].id, world.county.villages[into].id);
        let office = world.people.office;
        let close = Command::Close { place, on: Some(day), into: vec![other], document };
        world.act(By::Account(office), domain::Command::Places(close))?;
        world.county.villages[village].closed = Some((day, into));
        world.county.villages[into].households += world.county.villages[village].households;
        let (account, held) = world.people.leave(world.people.villages[village], day);
        for post in &held {
            world.store.accounts().give_post(account, post, day.start_ms())?;
        }
        for (n, what) in COUNTED.into_iter().enumerate() {
            self.counts[into][n] += self.counts[village][n];
            if what == Counted::HouseholdsResident {
                world.county.villages[into].resident = self.counts[into][n];
            }
            world.act(By::Account(office), count(other, what, self.counts[into][n], day, Method::Verified))?;
        }
        Ok(())
    }
}

impl Room for Places {
    fn day(&mut self, world: &mut World, day: Day) -> Result<()> {
        world.not_before(9);
        for plan in self.plans.remove(&day).unwrap_or_default() {
            self.happen(world, day, &plan)?;
        }
        Ok(())
    }
}

fn count(place: PlaceId, what: Counted, value: i64, on: Day, method: Method) -> domain::Command {
    let value = u32::try_from(value.max(0)).unwrap_or(u32::MAX);
    domain::Command::Places(Command::Count { place, what, value, on, method })
}

/// The 5th of March of every year after the first weeks.
fn marches(scale: &Scale) -> impl Iterator<Item = Day> {
    yearly(scale, 3, 5).filter(|day| day.days_since(scale.first) > 60)
}

/// A date of the year, as often as it comes.
pub fn yearly(scale: &Scale, month: i8, day: i8) -> impl Iterator<Item = Day> + use<> {
    let (first, last) = (scale.first, scale.last);
    let all = (first.0.year()..=last.0.year()).map(move |year| Day(jiff::civil::date(year, month, day)));
    all.filter(move |day| (first..=last).contains(day))
}
