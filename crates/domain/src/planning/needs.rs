//! What a village is in need of: the gap between what its class should have and what is known of it. Nothing here is stored.
//!
//! A figure that somebody from outside the village saw goes before one that was said (`seen-before-said`): the need rests on what
//! was seen, and what was said later stands beside it. What nobody knows is no need and no fulfilment: it has to be asked.

use std::collections::BTreeMap;

use super::{Asks, Catalogue, Standards, WorkCode, WorkKind, WorkLevel};
use crate::{
    basics::{Day, Role},
    places::{Class, CountValue, Counted},
    problems::Field,
    surveys::Figure,
};

/// A figure as somebody told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Value × 10^decimals.
    pub value: i64,
    /// Digits behind the point.
    pub decimals: u8,
    /// On which day it held.
    pub on: Day,
    /// From which role; none where nothing says so.
    pub by: Option<Role>,
}

impl Told {
    /// Whole units, rounded down.
    fn whole(self) -> i64 {
        self.value.div_euclid(10_i64.pow(u32::from(self.decimals.min(18))))
    }
}

/// What is known of a village.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Its class.
    pub class: Option<Class>,
    /// Denominators.
    pub counts: BTreeMap<Counted, CountValue>,
    /// Figures, every one that counts.
    pub figures: BTreeMap<Figure, Vec<Told>>,
    /// Open problems by field, without those only reported.
    pub problems: BTreeMap<Field, u32>,
}

crate::word_enum!(
    /// What a need rests on.
    Basis {
        /// Somebody from outside the village saw it.
        Seen => "seen",
        /// It was said, and nobody has seen it.
        Said => "said",
        /// Nobody knows.
        Unknown => "unknown",
    }
);

crate::word_enum!(
    /// Whether something is wanting.
    NeedState {
        /// It is.
        Wanting => "wanting",
        /// All is there.
        Met => "met",
        /// Nobody knows: a figure or a denominator is missing or too old.
        Unknown => "unknown",
    }
);

/// How one kind of work stands in a village.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need<'a> {
    /// The work.
    pub code: &'a WorkCode,
    /// Its entry in the catalogue.
    pub work: &'a WorkKind,
    /// The standard that the class asks for.
    pub level: u8,
    /// What the class asks for.
    pub asks: &'a Asks,
    /// Whether something is wanting.
    pub state: NeedState,
    /// What that rests on.
    pub basis: Basis,
    /// What the village has.
    pub has: Option<Told>,
    /// What was said after that by somebody else, and differs.
    pub said: Option<Told>,
    /// The denominator.
    pub of: Option<u32>,
    /// Whether the denominator shrank; then the larger one was taken.
    pub shrunk: bool,
    /// What it should have, in units.
    pub should: Option<i64>,
    /// Units wanting; 0 where all is there.
    pub quantity: i64,
}

impl Need<'_> {
    /// The standard in the catalogue.
    pub fn standard(&self) -> Option<&WorkLevel> {
        self.work.level(self.level)
    }

    /// What it costs at least and at most, in fen.
    pub fn cost_fen(&self) -> (i64, i64) {
        let of = |fen: i64| fen.saturating_mul(self.quantity);
        self.standard().map_or((0, 0), |l| (of(l.cost_min_fen), of(l.cost_max_fen)))
    }

    /// What keeping it up costs in a year, in fen.
    pub fn upkeep_fen_per_year(&self) -> i64 {
        self.standard().map_or(0, |l| l.upkeep_fen_per_year.saturating_mul(self.quantity))
    }
}

/// How every kind of work stands that the class of a village should have, in the order of their codes. A work that the catalogue
/// does not know is left out.
pub fn of_village<'a>(catalogue: &'a Catalogue, standards: &'a Standards, known: &Known, today: Day) -> Vec<Need<'a>> {
    let asked = standards.of(known.class).iter();
    let in_catalogue = asked.filter_map(|(code, standard)| {
        let (code, work) = catalogue.works.get_key_value(code)?;
        work.level(standard.level).map(|_| (code, work, standard))
    });
    in_catalogue
        .map(|(code, work, standard)| {
            let mut need = Need {
                code,
                work,
                level: standard.level,
                asks: &standard.asks,
                state: NeedState::Unknown,
                basis: Basis::Unknown,
                has: None,
                said: None,
                of: None,
                shrunk: false,
                should: None,
                quantity: 0,
            };
            match &standard.asks {
                Asks::NoOpenProblem {} => {
                    // A problem that was found right is known; that there is none is known of nobody.
                    let open = i64::from(known.problems.get(&work.field).copied().unwrap_or(0));
                    (need.should, need.quantity, need.basis) = (Some(0), open, Basis::Seen);
                    need.state = if open > 0 { NeedState::Wanting } else { NeedState::Met };
                }
                Asks::Share { figure, of, percent } => {
                    figure_of(&mut need, standards, known, figure, today);
                    if let Some(count) = known.counts.get(of) {
                        // What was once counted and is no longer there lifts every rate: the larger one holds until it is explained.
                        let (largest, shrunk) = count.shrunk_from.as_ref().map_or((count.value, false), |b| (b.value, true));
                        (need.of, need.shrunk) = (Some(largest), shrunk);
                        need.should = Some((i64::from(largest) * i64::from(*percent) + 99) / 100);
                    }
                    settle(&mut need, |has, should| should - has);
                }
                Asks::AtLeast { figure, value } => {
                    figure_of(&mut need, standards, known, figure, today);
                    need.should = Some(i64::from(*value));
                    settle(&mut need, |has, should| should - has);
                }
                Asks::AtMost { figure, value } => {
                    figure_of(&mut need, standards, known, figure, today);
                    need.should = Some(i64::from(*value));
                    settle(&mut need, |has, should| has - should);
                }
            }
            need
        })
        .collect()
}

/// The latest figure that was seen, else the latest that was said, neither too old; and what was said since, where it differs.
fn figure_of(need: &mut Need, standards: &Standards, known: &Known, figure: &Figure, today: Day) {
    let oldest = today.plus(-(i64::from(standards.known_months) * 365) / 12);
    let fresh = || known.figures.get(figure).into_iter().flatten().filter(|t| t.on >= oldest && t.on <= today);
    let seen = |t: &&Told| t.by.is_some_and(|role| standards.seen_by.contains(&role));
    let latest_seen = fresh().filter(seen).max_by_key(|t| t.on).copied();
    let latest_said = fresh().filter(|t| !seen(t)).max_by_key(|t| t.on).copied();
    (need.has, need.basis) = match (latest_seen, latest_said) {
        (Some(told), _) => (Some(told), Basis::Seen),
        (None, Some(told)) => (Some(told), Basis::Said),
        (None, None) => (None, Basis::Unknown),
    };
    need.said = latest_said.filter(|said| latest_seen.is_some_and(|seen| said.on >= seen.on && said.whole() != seen.whole()));
}

fn settle(need: &mut Need, gap: impl Fn(i64, i64) -> i64) {
    let (Some(has), Some(should)) = (need.has, need.should) else {
        // Without the denominator the figure alone tells nothing.
        need.basis = Basis::Unknown;
        return;
    };
    need.quantity = gap(has.whole(), should).max(0);
    need.state = if need.quantity > 0 { NeedState::Wanting } else { NeedState::Met };
}
