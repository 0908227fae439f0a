//! Kinds of works and what a class of village should have, as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::{
    basics::{Role, Text},
    places::{Class, Counted},
    problems::Field,
    surveys::Figure,
};

/// Kinds of works in a catalogue at most.
pub const WORKS_MAX: usize = 60;
/// Standards of one kind of work at most.
pub const LEVELS_MAX: usize = 5;
/// Fen of one unit at most: a hundred million yuan.
pub const UNIT_FEN_MAX: i64 = 10_000_000_000;

/// Short name of a kind of work, by which everything refers to it: lower-case letters, digits and `_`, at most 40.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[schema(value_type = String, pattern = "^[a-z][a-z0-9_]{0,39}$")]
#[serde(transparent)]
pub struct WorkCode(String);

impl WorkCode {
    /// A name of these signs.
    pub fn new(raw: &str) -> Option<WorkCode> {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        let fits = raw.len() <= 40 && raw.starts_with(|c: char| c.is_ascii_lowercase()) && raw.chars().all(good);
        fits.then(|| WorkCode(raw.to_owned()))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for WorkCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for WorkCode {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let raw = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        WorkCode::new(&raw)
            .ok_or_else(|| serde::de::Error::custom("a kind of work is named by a letter and at most 39 of a-z, 0-9 and _"))
    }
}

/// One standard to which a work can be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkLevel {
    /// What it is called.
    pub name: Text<60>,
    /// Cost of one unit at least, in fen.
    pub cost_min_fen: i64,
    /// Cost of one unit at most, in fen.
    pub cost_max_fen: i64,
    /// Upkeep of one unit in a year, in fen.
    pub upkeep_fen_per_year: i64,
    /// Hours of the villagers' own labour for one unit.
    pub labour_hours: u16,
    /// Points of benefit of one unit, for comparing works with each other.
    pub benefit: u16,
}

impl WorkLevel {
    /// What is taken for planning: the middle of the range, in fen, rounded up.
    pub fn cost_fen(&self) -> i64 {
        self.cost_min_fen + (self.cost_max_fen - self.cost_min_fen + 1) / 2
    }
}

/// A kind of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkKind {
    /// What it is called.
    pub name: Text<60>,
    /// Works field.
    pub field: Field,
    /// What is counted: 户, 座, 处.
    pub unit: Text<12>,
    /// Standards, the simplest first; they are numbered from 1.
    pub levels: Vec<WorkLevel>,
    /// What has to be done before, with the years between; 0: the same year will do. Binds where a village needs both.
    #[serde(default)]
    pub after: BTreeMap<WorkCode, u8>,
    /// How hard it is, from 1 easy to 5.
    pub difficulty: u8,
    /// What one such work asks of a village's year, of a hundred.
    pub load: u8,
    /// Whether it gains by being done in neighbouring villages together: roads, pipes, rivers.
    #[serde(default)]
    pub in_lines: bool,
    /// What is looked at before it is accepted.
    #[serde(default)]
    pub accepted_when: Vec<Text<200>>,
}

impl WorkKind {
    /// The standard with this number.
    pub fn level(&self, number: u8) -> Option<&WorkLevel> {
        self.levels.get(usize::from(number).checked_sub(1)?)
    }
}

/// Rule `planning.catalogue`: the kinds of works, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Kinds of works.
    pub works: BTreeMap<WorkCode, WorkKind>,
}

impl Catalogue {
    /// A value that cannot work, by its path.
    pub fn fault(&self) -> Option<&'static str> {
        if !(1..=WORKS_MAX).contains(&self.works.len()) {
            return Some("works");
        }
        self.works.values().find_map(|w| self.fault_of(w)).or_else(|| self.goes_round().then_some("works.after"))
    }

    fn fault_of(&self, work: &WorkKind) -> Option<&'static str> {
        if !(1..=LEVELS_MAX).contains(&work.levels.len()) {
            return Some("works.levels");
        }
        let fen = |n: i64| (0..=UNIT_FEN_MAX).contains(&n);
        for level in &work.levels {
            match level {
                l if !fen(l.cost_min_fen) => return Some("works.levels.cost_min_fen"),
                l if !fen(l.cost_max_fen) || l.cost_max_fen < l.cost_min_fen => return Some("works.levels.cost_max_fen"),
                l if !fen(l.upkeep_fen_per_year) => return Some("works.levels.upkeep_fen_per_year"),
                l if l.benefit == 0 => return Some("works.levels.benefit"),
                _ => {}
            }
        }
        match work {
            w if !(1..=5).contains(&w.difficulty) => Some("works.difficulty"),
            w if !(1..=100).contains(&w.load) => Some("works.load"),
            w if w.after.keys().any(|code| !self.works.contains_key(code)) => Some("works.after"),
            w if w.after.values().any(|lag| *lag > 10) => Some("works.after"),
            w if w.accepted_when.len() > 20 => Some("works.accepted_when"),
            _ => None,
        }
    }

    /// Whether a work has to come before itself.
    fn goes_round(&self) -> bool {
        let mut left: BTreeMap<&WorkCode, usize> = self.works.iter().map(|(code, w)| (code, w.after.len())).collect();
        while let Some(code) = left.iter().find(|(_, n)| **n == 0).map(|(code, _)| *code) {
            left.remove(code);
            for (later, n) in &mut left {
                *n -= usize::from(self.works[*later].after.contains_key(code));
            }
        }
        !left.is_empty()
    }
}

/// What a village should have of a kind of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
pub enum Asks {
    /// A figure should reach so many percent of a denominator.
    Share {
        /// The figure.
        figure: Figure,
        /// Of what.
        of: Counted,
        /// Percent, 1…100.
        percent: u8,
    },
    /// A figure should be at least this.
    AtLeast {
        /// The figure.
        figure: Figure,
        /// How many.
        value: u32,
    },
    /// A figure should be at most this.
    AtMost {
        /// The figure.
        figure: Figure,
        /// How many.
        value: u32,
    },
    /// No problem of the work's field should be open; those only reported do not count.
    NoOpenProblem {},
}

impl Asks {
    /// The figure that it looks at.
    pub fn figure(&self) -> Option<&Figure> {
        match self {
            Asks::Share { figure, .. } | Asks::AtLeast { figure, .. } | Asks::AtMost { figure, .. } => Some(figure),
            Asks::NoOpenProblem {} => None,
        }
    }
}

/// What a village of a class should have of a kind of work, and to which standard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Standard {
    /// What it should have.
    pub asks: Asks,
    /// The lowest standard of the catalogue that will do.
    pub level: u8,
}

/// Rule `planning.standards`: what a village should have, by class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Standards {
    /// Of villages of a class.
    pub by_class: BTreeMap<Class, BTreeMap<WorkCode, Standard>>,
    /// Of every other village.
    pub otherwise: BTreeMap<WorkCode, Standard>,
    /// Whose look counts as seen; what others hand in was said.
    pub seen_by: Vec<Role>,
    /// A figure older than so many months is not known any more, 1…120.
    pub known_months: u16,
}

impl Standards {
    /// What a village of this class should have.
    pub fn of(&self, class: Option<Class>) -> &BTreeMap<WorkCode, Standard> {
        class.and_then(|c| self.by_class.get(&c)).unwrap_or(&self.otherwise)
    }

    /// Every figure that any class is measured by, each once.
    pub fn figures(&self) -> Vec<&Figure> {
        let all = self.by_class.values().chain([&self.otherwise]).flat_map(BTreeMap::values);
        let mut figures: Vec<&Figure> = all.filter_map(|s| s.asks.figure()).collect();
        figures.sort_by_key(|f| f.as_str());
        figures.dedup();
        figures
    }

    /// A value that cannot work, by its path.
    pub fn fault(&self) -> Option<&'static str> {
        let mut all = self.by_class.values().chain([&self.otherwise]).flat_map(BTreeMap::values);
        match self {
            s if !(1..=120).contains(&s.known_months) => Some("known_months"),
            s if s.seen_by.is_empty() => Some("seen_by"),
            _ => all.find_map(|s| match &s.asks {
                Asks::Share { percent, .. } if !(1..=100).contains(percent) => Some("percent"),
                _ if !(1..=LEVELS_MAX as u8).contains(&s.level) => Some("level"),
                _ => None,
            }),
        }
    }
}
