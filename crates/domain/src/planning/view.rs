//! Rows of wishes, briefs and plans.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AskedBy, Brief, Fact, PlanMade, Reason, WorkCode};
use crate::{
    Fact as AnyFact, ViewId,
    basics::{AccountId, BriefId, Column, ColumnKind, Day, PlaceId, PlanId, Recorded, Subject, Text, Value, View},
    problems::Photo,
};

/// What came out when villagers were asked once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Wish {
    /// Households asked.
    pub asked: u32,
    /// Of these in favour.
    pub in_favour: u32,
    /// On which day.
    pub on: Day,
    /// How.
    pub how: AskedBy,
    /// The minutes or the list, photographed.
    pub photos: Vec<Photo>,
    /// What else was said.
    #[schema(required)]
    pub note: Option<Reason>,
    /// Who recorded it; none where it was imported.
    #[schema(required)]
    pub by: Option<AccountId>,
}

impl Wish {
    /// Percent in favour, rounded down: what is needed is not reached by rounding.
    pub fn percent(&self) -> u8 {
        (u64::from(self.in_favour) * 100 / u64::from(self.asked.max(1))).min(100) as u8
    }
}

/// What villagers of a place said of a kind of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Wishes {
    /// The village.
    pub place: PlaceId,
    /// The work.
    pub work: WorkCode,
    /// Every time they were asked, in the order of the days.
    pub wishes: Vec<Wish>,
}

impl Wishes {
    /// Key of the row.
    pub fn key_of(place: PlaceId, work: &WorkCode) -> String {
        format!("{place}/{work}")
    }

    /// The latest.
    pub fn latest(&self) -> Option<&Wish> {
        self.wishes.last()
    }
}

impl View for Wishes {
    const ID: ViewId = ViewId::Wishes;
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[
        Column::new("place", ColumnKind::Place).equals(),
        Column::new("work", ColumnKind::Text).grouped().sorted(),
        Column::new("asked", ColumnKind::Int).ranged().sorted(),
        Column::new("in_favour", ColumnKind::Int),
        Column::new("percent", ColumnKind::Int).ranged().sorted(),
        Column::new("on", ColumnKind::Day).ranged().sorted(),
        Column::new("how", ColumnKind::Text).grouped(),
        Column::new("times", ColumnKind::Int).ranged(),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        match (fact.subject, &fact.fact) {
            (Subject::Wishes(place), AnyFact::Planning(Fact::WishesCounted(f))) => Some(Wishes::key_of(place, &f.work)),
            (Subject::Wishes(place), AnyFact::Planning(Fact::WishesWithdrawn(f))) => Some(Wishes::key_of(place, &f.work)),
            _ => None,
        }
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        let (Subject::Wishes(place), AnyFact::Planning(fact)) = (at.subject, &at.fact) else { return row };
        match fact {
            Fact::WishesCounted(f) => {
                let mut row = row.unwrap_or_else(|| Wishes { place, work: f.work.clone(), wishes: Vec::new() });
                // Counted again on the same day in the same way, the first count was wrong.
                row.wishes.retain(|w| (w.on, w.how) != (f.on, f.how));
                row.wishes.push(Wish {
                    asked: f.asked,
                    in_favour: f.in_favour,
                    on: f.on,
                    how: f.how,
                    photos: f.photos.clone(),
                    note: f.note.clone(),
                    by: at.account(),
                });
                row.wishes.sort_by_key(|w| w.on);
                Some(row)
            }
            Fact::WishesWithdrawn(f) => {
                let mut row = row?;
                row.wishes.retain(|w| (w.on, w.how) != (f.on, f.how));
                Some(row)
            }
            Fact::BriefSaved(_) | Fact::BriefWithdrawn(_) | Fact::PlanProposed(_) | Fact::PlanDiscarded(_) => row,
        }
    }

    fn values(&self) -> Vec<Value> {
        let latest = self.latest();
        vec![
            self.place.into(),
            self.work.as_str().into(),
            latest.map(|w| i64::from(w.asked)).into(),
            latest.map(|w| i64::from(w.in_favour)).into(),
            latest.map(|w| i64::from(w.percent())).into(),
            latest.map(|w| w.on).into(),
            latest.map(|w| w.how.word()).into(),
            i64::try_from(self.wishes.len()).unwrap_or(i64::MAX).into(),
        ]
    }
}

/// A brief as it was written down once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BriefVersion {
    /// All of it.
    pub brief: Brief,
    /// Why it is as it is.
    pub reason: Reason,
    /// Who wrote it down; none where it was imported.
    #[schema(required)]
    pub by: Option<AccountId>,
    /// When.
    pub saved_ms: i64,
}

/// A brief with its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BriefRow {
    /// Identity.
    pub id: BriefId,
    /// The organisation whose chain holds its facts.
    pub org: u32,
    /// For this place and all below.
    pub place: PlaceId,
    /// What it is called.
    pub title: Text<100>,
    /// Versions, the first first; the last holds.
    pub versions: Vec<BriefVersion>,
    /// Why it is no longer used.
    #[schema(required)]
    pub withdrawn: Option<Reason>,
}

impl BriefRow {
    /// The version with this number, from 1.
    pub fn version(&self, number: usize) -> Option<&BriefVersion> {
        self.versions.get(number.checked_sub(1)?)
    }

    /// The one that holds.
    pub fn current(&self) -> Option<&BriefVersion> {
        self.versions.last()
    }
}

impl View for BriefRow {
    const ID: ViewId = ViewId::Briefs;
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[
        Column::new("place", ColumnKind::Place).equals(),
        Column::new("title", ColumnKind::Text).searched(),
        Column::new("first_year", ColumnKind::Int).ranged(),
        Column::new("years", ColumnKind::Int),
        Column::new("versions", ColumnKind::Int),
        Column::new("saved_on", ColumnKind::Day).ranged().sorted(),
        Column::new("withdrawn", ColumnKind::Bool).grouped(),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        match (fact.subject, &fact.fact) {
            (Subject::Brief(id), AnyFact::Planning(Fact::BriefSaved(_) | Fact::BriefWithdrawn(_))) => Some(id.key()),
            _ => None,
        }
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        let (Subject::Brief(id), AnyFact::Planning(fact)) = (at.subject, &at.fact) else { return row };
        match fact {
            Fact::BriefSaved(f) => {
                let mut row = row.unwrap_or_else(|| BriefRow {
                    id,
                    org: at.org,
                    place: at.place,
                    title: f.title.clone(),
                    versions: Vec::new(),
                    withdrawn: None,
                });
                row.title = f.title.clone();
                let (by, saved_ms) = (at.account(), at.recorded_ms);
                row.versions.push(BriefVersion { brief: f.brief.clone(), reason: f.reason.clone(), by, saved_ms });
                row.withdrawn = None;
                Some(row)
            }
            Fact::BriefWithdrawn(f) => row.map(|r| BriefRow { withdrawn: Some(f.reason.clone()), ..r }),
            Fact::WishesCounted(_) | Fact::WishesWithdrawn(_) | Fact::PlanProposed(_) | Fact::PlanDiscarded(_) => row,
        }
    }

    fn values(&self) -> Vec<Value> {
        let current = self.current();
        vec![
            self.place.into(),
            self.title.as_str().into(),
            current.map(|v| i64::from(v.brief.first_year)).into(),
            current.map(|v| i64::from(v.brief.years)).into(),
            i64::try_from(self.versions.len()).unwrap_or(i64::MAX).into(),
            current.map(|v| Day::of_ms(v.saved_ms)).into(),
            self.withdrawn.is_some().into(),
        ]
    }
}

/// A plan: a proposal, which is no blueprint yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanRow {
    /// Identity.
    pub id: PlanId,
    /// The organisation whose chain holds its facts.
    pub org: u32,
    /// For this place and all below.
    pub place: PlaceId,
    /// The brief that it keeps to.
    pub brief: BriefId,
    /// Its version, from 1.
    pub version: u16,
    /// What it comes to.
    pub made: PlanMade,
    /// Who had it made; none where it was imported.
    #[schema(required)]
    pub by: Option<AccountId>,
    /// When.
    pub proposed_ms: i64,
    /// Why it was put aside.
    #[schema(required)]
    pub discarded: Option<Reason>,
}

impl PlanRow {
    /// How far it is from the best at most, in millionths of the bound.
    pub fn gap_ppm(&self) -> i64 {
        if self.made.bound <= 0 {
            return 0;
        }
        let bound = i128::from(self.made.bound);
        let parts = (bound - i128::from(self.made.objective)) * 1_000_000;
        i64::try_from((parts + bound - 1) / bound).unwrap_or(i64::MAX)
    }
}

impl View for PlanRow {
    const ID: ViewId = ViewId::Plans;
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[
        Column::new("place", ColumnKind::Place).equals(),
        Column::new("brief", ColumnKind::Text).equals(),
        Column::new("version", ColumnKind::Int),
        Column::new("works", ColumnKind::Int).sorted(),
        Column::new("villages", ColumnKind::Int),
        Column::new("cost_fen", ColumnKind::Int).sorted(),
        Column::new("gap_ppm", ColumnKind::Int).sorted(),
        Column::new("proposed_on", ColumnKind::Day).ranged().sorted(),
        Column::new("discarded", ColumnKind::Bool).grouped(),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        match (fact.subject, &fact.fact) {
            (Subject::Plan(id), AnyFact::Planning(Fact::PlanProposed(_) | Fact::PlanDiscarded(_))) => Some(id.key()),
            _ => None,
        }
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        let (Subject::Plan(id), AnyFact::Planning(fact)) = (at.subject, &at.fact) else { return row };
        match (row, fact) {
            (None, Fact::PlanProposed(f)) => Some(PlanRow {
                id,
                org: at.org,
                place: at.place,
                brief: f.brief,
                version: f.version,
                made: f.made.clone(),
                by: at.account(),
                proposed_ms: at.recorded_ms,
                discarded: None,
            }),
            (Some(row), Fact::PlanDiscarded(f)) => Some(PlanRow { discarded: Some(f.reason.clone()), ..row }),
            // A plan is proposed once.
            (
                row,
                Fact::PlanProposed(_)
                | Fact::PlanDiscarded(_)
                | Fact::BriefSaved(_)
                | Fact::BriefWithdrawn(_)
                | Fact::WishesCounted(_)
                | Fact::WishesWithdrawn(_),
            ) => row,
        }
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.place.into(),
            self.brief.to_string().into(),
            i64::from(self.version).into(),
            i64::from(self.made.works).into(),
            i64::from(self.made.villages).into(),
            self.made.cost_fen.into(),
            self.gap_ppm().into(),
            Day::of_ms(self.proposed_ms).into(),
            self.discarded.is_some().into(),
        ]
    }
}
