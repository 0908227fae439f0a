//! What all rooms of the simulation share: the store, the simulated clock, the people, the way to act.

use std::{
    collections::BTreeMap,
    sync::mpsc::{Receiver, Sender, channel},
};

use domain::{
    Command,
    basics::{Actor, Context, Day, ProblemId, Text},
};
use store::{Answer, Outcome, Store, StoreError, Submission};
use uuid::Uuid;

use crate::{
    Error, Result, Scale,
    county::County,
    people::{People, Who},
    photos::Photos,
    problems::What,
    random::Random,
};

const MINUTE_MS: i64 = 60_000;

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Somebody signed in.
    Account(Who),
    /// A villager without an account.
    Public,
    /// The programme itself.
    System,
    /// The import of the register.
    Import,
}

/// A problem that a filled form told of.
#[derive(Debug)]
pub struct Found {
    pub id: ProblemId,
    pub village: usize,
    pub what: What,
    /// Who handed the form in.
    pub who: Who,
}

/// The county with its people on some day.
pub struct World<'s> {
    pub store: &'s Store,
    pub scale: Scale,
    pub county: County,
    pub people: People,
    pub photos: Photos,
    /// How many facts of each kind have been recorded.
    pub kinds: BTreeMap<String, u64>,
    today: Day,
    now_ms: i64,
    random: Random,
    /// Problems that came in with surveys and that nobody has looked at.
    pub found: Vec<Found>,
    answers: (Sender<Told>, Receiver<Told>),
    waiting: u64,
}

/// What the store said: kinds of the facts, or why there are none.
type Told = std::result::Result<BTreeMap<String, u64>, Error>;

impl<'s> World<'s> {
    /// On the first day.
    pub fn new(store: &'s Store, seed: u64, scale: Scale, county: County, people: People, photos: Photos) -> World<'s> {
        let (today, now_ms) = (scale.first, scale.first.start_ms());
        World {
            store,
            scale,
            county,
            people,
            photos,
            kinds: BTreeMap::new(),
            today,
            now_ms,
            random: Random::new(seed, "ids"),
            found: Vec::new(),
            answers: channel(),
            waiting: 0,
        }
    }

    /// A new day begins, shortly after midnight.
    pub fn begin(&mut self, day: Day) {
        self.today = day;
        self.now_ms = day.start_ms() + 10 * MINUTE_MS;
    }

    /// It is that hour, or later if so much has been done.
    pub fn not_before(&mut self, hour: i64) {
        self.now_ms = self.now_ms.max(self.today.start_ms() + hour * 60 * MINUTE_MS);
    }

    /// The simulated time.
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// How much of the whole time is over, in thousandths.
    pub fn share_1000(&self) -> i64 {
        self.today.days_since(self.scale.first) * 1000 / self.scale.days().max(1)
    }

    /// Hands a command in, without waiting: the store decides in the order in which it is handed things.
    /// Returns the id of whatever it creates.
    pub fn act(&mut self, by: By, command: impl Into<Command>) -> Result<Uuid> {
        // People take their time, but nobody works at midnight.
        let evening = self.today.start_ms() + 22 * 60 * MINUTE_MS;
        self.now_ms += if self.now_ms < evening { self.random.between(2_000, 150_000) } else { 1_000 };
        let command = command.into();
        let context = Context {
            now_ms: self.now_ms,
            actor: match by {
                By::Account(who) => self.people.actor(who, self.today),
                By::Public => Actor::Public,
                By::System => Actor::System,
                By::Import => Actor::Import,
            },
            command: self.random.uuid(self.now_ms),
            fresh: self.random.uuid(self.now_ms),
        };
        let (fresh, day, by) = (context.fresh, self.today, context.actor.word());
        let (told, reply) = (command.clone(), self.answers.0.clone());
        self.waiting += 1;
        self.store.submit(Submission { command, context }, move |answer| {
            let result = match answer {
                Ok(Answer { outcome: Outcome::Accepted { kinds, .. }, repeated: false }) => Ok(kinds),
                Ok(answer) => Err(Error::NotAccepted {
                    day,
                    by,
                    command: serde_json::to_string(&told).unwrap_or_default(),
                    outcome: Box::new(answer.outcome),
                }),
                Err(e) => Err(Error::Store(e)),
            };
            // Whoever waited may have given up after an earlier failure.
            let _ = reply.send(result);
        });
        Ok(fresh)
    }

    /// An id for something that no command makes.
    pub fn fresh(&mut self) -> Uuid {
        self.random.uuid(self.now_ms)
    }

    /// Waits until everything handed in is durable.
    pub fn settle(&mut self) -> Result<()> {
        while self.waiting > 0 {
            self.waiting -= 1;
            for (kind, count) in self.answers.1.recv().map_err(|_| StoreError::Stopped)?? {
                *self.kinds.entry(kind).or_default() += count;
            }
        }
        Ok(())
    }
}

/// Words of the demo as a text of the programme.
pub fn text<const MAX: usize>(words: &str) -> Result<Text<MAX>> {
    Text::new(words).map_err(|_| Error::Words("a text is empty or too long"))
}
