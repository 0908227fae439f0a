//! Planning: the county's catalogue of works and its standards by class, and villages that are asked what they want, each winter,
//! by their own committee or by the township. Works that are in front of everybody's door find more favour than hard ones.
//!
//! Catalogue and standards are files in `planning/`.

use std::collections::BTreeMap;

use domain::{
    basics::Day,
    planning::{AskedBy, Catalogue, Command, Standards, WorkCode},
    rules::{self, Rule},
};

use crate::{
    Error, Result, Room,
    people::Who,
    random::Random,
    words::WORDS,
    world::{By, World, text},
};

/// The catalogue.
pub const CATALOGUE: &str = include_str!("../planning/catalogue_demo.json");
/// The standards.
pub const STANDARDS: &str = include_str!("../planning/standards_demo.json");
/// Works that a village is asked about in a winter.
const ASKED_A_WINTER: i64 = 3;
/// Households on record may have been fewer ever since: nobody asks all of them.
const ASKED_PERCENT: (i64, i64) = (25, 45);

/// Something that is going to happen.
#[derive(Debug, Clone)]
enum Step {
    /// Catalogue and standards are set.
    Set,
    /// A village is asked.
    Ask(usize),
    /// What was counted wrong is taken back, and counted again.
    CountAgain { village: usize, who: Who, work: WorkCode, how: AskedBy, asked: u32, in_favour: u32, on: Day },
}

/// The room.
pub struct Planning {
    random: Random,
    catalogue: Catalogue,
    steps: BTreeMap<Day, Vec<Step>>,
    asked: usize,
}

impl Planning {
    /// When rules are set and villages are asked; nothing where there are hardly two months.
    pub fn plan(seed: u64, world: &World) -> Result<Planning> {
        let catalogue = serde_json::from_str(CATALOGUE).map_err(|_| Error::Words("the catalogue cannot be read"))?;
        let mut room = Planning { random: Random::new(seed, "planning"), catalogue, steps: BTreeMap::new(), asked: 0 };
        let scale = &world.scale;
        if scale.days() < 60 {
            return Ok(room);
        }
        let set = scale.first.plus(scale.days() / 3);
        room.later(set, Step::Set);
        // The last round is over some weeks before the day on which the demo is looked at.
        for years_before in 0.. {
            let round = scale.last.plus(-60 - 365 * years_before);
            if round <= set {
                break;
            }
            for village in 0..world.county.villages.len() {
                // Not every village gets round to it.
                if room.random.chance(850) {
                    let on = round.plus(room.random.between(0, 35));
                    room.later(on, Step::Ask(village));
                }
            }
        }
        Ok(room)
    }

    fn later(&mut self, day: Day, step: Step) {
        self.steps.entry(day).or_default().push(step);
    }

    fn set(&self, world: &mut World, day: Day) -> Result<()> {
        let standards: Standards = serde_json::from_str(STANDARDS).map_err(|_| Error::Words("the standards cannot be read"))?;
        let rules = [
            (Rule::Catalogue(self.catalogue.clone()), &WORDS.planning.catalogue),
            (Rule::Standards(standards), &WORDS.planning.standards),
        ];
        for (rule, reason) in rules {
            let (place, reason) = (world.county.id, text(reason)?);
            let command = rules::Command::Set { place, from: day, rule, reason };
            world.act(By::Account(world.people.office), domain::Command::Rules(command))?;
        }
        Ok(())
    }

    fn ask(&mut self, world: &mut World, day: Day, village: usize) -> Result<()> {
        let v = &world.county.villages[village];
        if v.closed.is_some() {
            return Ok(());
        }
        let place = v.id;
        let (run, households) = (v.diligence(world.share_1000()), v.households.max(20));
        let who = if self.random.chance(700) { world.people.villages[village] } else { world.people.townships[v.township] };
        let mut works: Vec<(WorkCode, u8)> = self.catalogue.works.iter().map(|(code, w)| (code.clone(), w.difficulty)).collect();
        self.random.shuffle(&mut works);
        let how = *self.random.pick(AskedBy::ALL);
        for (work, difficulty) in works.into_iter().take(usize::try_from(ASKED_A_WINTER).unwrap_or(1)) {
            let percent = self.random.between(ASKED_PERCENT.0, ASKED_PERCENT.1);
            let asked = (households * percent / 100).max(5);
            let favour = (88 - 7 * i64::from(difficulty) + run / 6 + self.random.between(-14, 12)).clamp(20, 100);
            let (asked, in_favour) = (u32::try_from(asked).unwrap_or(5), u32::try_from(asked * favour / 100).unwrap_or(0));
            let note = if self.random.chance(250) { Some(text(self.random.line(&WORDS.planning.notes))?) } else { None };
            self.asked += 1;
            // One in some dozens was counted with those who only listened.
            if self.asked % 40 == 7 {
                let again = Step::CountAgain { village, who, work: work.clone(), how, asked, in_favour, on: day };
                self.later(day.plus(2), again);
            }
            self.act(world, who, Command::Count { place, work, asked, in_favour, on: day, how, photos: Vec::new(), note })?;
        }
        Ok(())
    }

    fn act(&self, world: &mut World, who: Who, command: Command) -> Result<()> {
        world.act(By::Account(who), domain::Command::Planning(command)).map(drop)
    }
}

impl Room for Planning {
    fn day(&mut self, world: &mut World, day: Day) -> Result<()> {
        let Some(steps) = self.steps.remove(&day) else { return Ok(()) };
        world.not_before(15);
        for step in steps {
            match step {
                Step::Set => self.set(world, day)?,
                Step::Ask(village) => self.ask(world, day, village)?,
                Step::CountAgain { village, who, work, how, asked, in_favour, on } => {
                    let v = &world.county.villages[village];
                    if v.closed.is_none() {
                        let (place, reason) = (v.id, text(&WORDS.planning.withdrawn)?);
                        self.act(world, who, Command::Withdraw { place, work: work.clone(), on, how, reason })?;
                        let (asked, in_favour) = (asked - asked / 10, in_favour - in_favour / 8);
                        self.act(
                            world,
                            who,
                            Command::Count { place, work, asked, in_favour, on, how, photos: Vec::new(), note: None },
                        )?;
                    }
                }
            }
        }
        Ok(())
    }
}
