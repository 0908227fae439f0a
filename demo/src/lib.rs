//! A made-up county, 青溪县, with seeded years of a programme, made through the real commands: whatever is in the
//! demo, people could have done. Nothing is written past the rules, and a refusal that was not meant is an error.
//!
//! * `county.rs`: places, codes in a range that nobody uses, a drawn map; `people.rs`: who signs in.
//! * One file per room: what its people do on a day (`places.rs`, `problems.rs`, `surveys.rs`, `duties.rs`,
//!   `planning.rs`; the tasks of posts in `tasks.rs`). A new room is a file, its place in [`fill_scaled`], and its words in `words/`.
//! * `world.rs`: the simulated clock and the one way to act; `random.rs`: all chance, from the seed.
//! * `words/*.json`: everything that people say. `forms/`: the form that villages are visited with. `photos.rs`: drawn pictures in place of photographs.
//!
//! Invariants: `demo-is-made-by-commands`, `same-seed-same-chain` (ids and times are drawn, never read from a clock).
//! Every name is invented; names of posts carry a mark that says so.

mod county;
mod duties;
mod people;
mod photos;
mod places;
mod planning;
mod problems;
mod random;
mod surveys;
mod tasks;
#[cfg(test)]
mod tests;
mod weather;
mod words;
mod world;

use std::collections::BTreeMap;

use domain::{
    basics::{AccountId, Day, PlaceId, ProblemId, Role},
    rules,
};
use store::{Outcome, Store, StoreError};

use county::County;
use people::People;
use photos::Photos;
use words::WORDS;
use world::{By, World, text};

/// The setting that names the stored file with rivers and roads.
pub const BASE_MAP_SETTING: &str = "demo.base_map";

/// What kind of demo.
#[derive(Debug, Clone)]
pub struct Options {
    /// Same seed, same facts.
    pub seed: u64,
    /// The day on which it is looked at: what happened ends the day before.
    pub today: Day,
    /// How many years have passed since the beginning, at least one.
    pub years: u32,
}

/// Somebody who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The account.
    pub account: AccountId,
    /// Name to sign in with.
    pub name: String,
    /// Name to show.
    pub display: String,
    /// The first post's role.
    pub role: Role,
    /// The first post's place.
    pub place: PlaceId,
}

/// What has been made.
#[derive(Debug, Clone)]
pub struct Filled {
    /// The county.
    pub county: PlaceId,
    /// Everybody who can sign in.
    pub people: Vec<Person>,
    /// How many facts there are.
    pub facts: u64,
    /// How many of each kind.
    pub kinds: BTreeMap<String, u64>,
    /// Receipts of villagers' recent reports, so that the reporter's page can be shown.
    pub receipts: Vec<(ProblemId, String)>,
}

/// Why the demo could not be made. All but the first mean a defect.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store said no.
    #[error("the store")]
    Store(#[from] StoreError),
    /// There is something in the store already.
    #[error("a demo is only made in an empty store")]
    NotEmpty,
    /// The simulation did something that the rules do not allow.
    #[error("on {day} {by} was not allowed {command}: {outcome:?}")]
    NotAccepted {
        /// The simulated day.
        day: Day,
        /// Who acted, as the log writes it.
        by: String,
        /// What was tried.
        command: String,
        /// What came of it.
        outcome: Box<Outcome>,
    },
    /// The words do not do for what is wanted of them.
    #[error("words of the demo: {0}")]
    Words(&'static str),
}

type Result<T, E = Error> = std::result::Result<T, E>;

/// How much is made. The whole county for people, less for tests.
#[derive(Debug, Clone)]
struct Scale {
    first: Day,
    last: Day,
    townships: usize,
    villages: usize,
    /// Reports of a village in a year, on average.
    reports_1000: i64,
}

impl Scale {
    fn whole(options: &Options) -> Scale {
        Scale {
            first: years_before(options.today, options.years),
            last: options.today.plus(-1),
            townships: 12,
            villages: 200,
            reports_1000: 4050,
        }
    }

    fn days(&self) -> i64 {
        self.last.days_since(self.first) + 1
    }
}

/// The same date so many years earlier, at least one.
fn years_before(day: Day, years: u32) -> Day {
    Day(day.0.saturating_sub(jiff::Span::new().years(years.clamp(1, 100))))
}

/// One room of the simulation.
trait Room {
    /// What its people do on a day.
    fn day(&mut self, world: &mut World, day: Day) -> Result<()>;
}

/// Fills an empty store. Deterministic: the same options make the same facts.
///
/// # Errors
/// The store says no, it is not empty, or the simulation did something that the rules do not allow (a defect).
pub fn fill(store: &Store, options: &Options, password: &str, progress: &mut dyn FnMut(u64, u64)) -> Result<Filled> {
    fill_scaled(store, options.seed, Scale::whole(options), password, progress)
}

fn fill_scaled(store: &Store, seed: u64, scale: Scale, password: &str, progress: &mut dyn FnMut(u64, u64)) -> Result<Filled> {
    if store.heads()?.iter().any(|head| head.size > 0) || store.accounts().count()? > 0 {
        return Err(Error::NotEmpty);
    }
    let (first, days) = (scale.first, scale.days());
    let county = County::draw(seed, &scale)?;
    let people = People::draw(seed, &scale, &county);
    let photos = Photos::store(store, first.start_ms())?;
    let mut world = World::new(store, seed, scale, county, people, photos);

    found(&mut world, first)?;
    // After the places, so that who holds which post is recorded with the accounts.
    store.accounts().create(&world.people.accounts(password), first.start_ms())?;
    let mut duties = duties::Duties::found(&mut world, first)?;
    let mut tasks = tasks::Tasks::found(seed, &mut world, first)?;
    let mut places = places::Places::plan(seed, &world);
    let mut surveys = surveys::Surveys::plan(seed, &world);
    let mut planning = planning::Planning::plan(seed, &world)?;
    let mut problems = problems::Problems::plan(seed, &world);
    for n in 0..days {
        let day = first.plus(n);
        world.begin(day);
        let rooms: [&mut dyn Room; 6] = [&mut places, &mut duties, &mut tasks, &mut problems, &mut surveys, &mut planning];
        for room in rooms {
            room.day(&mut world, day)?;
        }
        // The store decides in the order in which it is handed things, so nobody waits for an answer day by day; now and
        // then a look whether something went wrong.
        if n % 30 == 29 {
            world.settle()?;
        }
        progress(n.unsigned_abs() + 1, days.unsigned_abs());
    }
    world.settle()?;
    Ok(Filled {
        county: world.county.id,
        receipts: problems.receipts(),
        facts: world.kinds.values().sum(),
        kinds: world.kinds,
        people: world.people.persons(),
    })
}

/// The register, the map and the rules to start with.
fn found(world: &mut World, first: Day) -> Result<()> {
    world.begin(first);
    let base_map = world.county.store_base_map(world.store, first)?;
    world.store.set_setting(BASE_MAP_SETTING, base_map.as_str())?;
    let import = world.county.import(world.store, first)?;
    world.act(By::Import, domain::Command::Import(import))?;
    for rule in problems::practice() {
        let reason = text(&WORDS.replies.starting_pack)?;
        let place = world.county.id;
        world.act(By::System, domain::Command::Rules(rules::Command::Set { place, from: first, rule, reason }))?;
    }
    world.settle()
}
