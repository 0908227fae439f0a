//! Rows about places.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::facts::*;
use crate::{
    Fact as AnyFact, ViewId,
    basics::{Actor, Column, ColumnKind, Day, PlaceId, Position, Recorded, Subject, Value, View},
};

/// A code with the days on which it held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FormerCode)]
pub struct Code {
    /// The 12 digits.
    pub code: String,
    /// From when, where known.
    #[schema(required)]
    pub from: Option<Day>,
    /// Until when, where known.
    #[schema(required)]
    pub until: Option<Day>,
}

/// A denominator's latest value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CountValue {
    /// How many.
    pub value: u32,
    /// On which day.
    pub on: Day,
    /// How counted.
    pub method: Method,
    /// Set while the latest value is smaller than an earlier one: shown, never silent.
    #[schema(required)]
    pub shrunk_from: Option<Shrunk>,
}

/// The larger value that a denominator once had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Shrunk {
    /// The largest earlier value.
    pub value: u32,
    /// Its day.
    pub on: Day,
}

/// How new the knowledge of a place is: a register of an earlier day says nothing new about it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KnownOn {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Day>,
    /// Its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Day>,
    /// What it lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Day>,
    /// That it is there, or has ceased to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub being: Option<Day>,
}

impl KnownOn {
    /// The newest of all.
    pub fn newest(&self) -> Option<Day> {
        self.name.max(self.code).max(self.within).max(self.being)
    }
}

/// A register knows what held on its day, where that is told; people know what holds when they say it, whatever day it
/// holds from.
fn known_on(at: &Recorded) -> Option<Day> {
    let stated = || (at.effective_ms != at.recorded_ms).then(|| Day::of_ms(at.effective_ms));
    if at.actor == Actor::Import.word() { stated() } else { Some(Day::of_ms(at.recorded_ms)) }
}

/// Everything known of a place itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Place {
    /// Stable identity.
    pub id: PlaceId,
    /// The organisation whose chain holds its facts: the first six digits of the code of the county
    /// (or city, or province) it was registered under.
    pub org: u32,
    /// Code now.
    pub code: String,
    /// Name now.
    pub name: String,
    /// Level.
    pub level: Level,
    /// Kind.
    pub kind: Kind,
    /// The places it lies in, from the top, as in [`Registered::within`].
    pub within: Vec<PlaceId>,
    /// Village class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// Grade.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<Grade>,
    /// Highest grade ever held, to show a loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade_best: Option<Grade>,
    /// Stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// Urban-rural class code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urban_rural: Option<u16>,
    /// Point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// File with the outline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outline: Option<Outlined>,
    /// Denominators, latest values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<Counted, CountValue>,
    /// Earlier codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_codes: Vec<Code>,
    /// Earlier names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_names: Vec<String>,
    /// Set when the place has ceased to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Closed>,
    /// Where its registration comes from.
    pub origin: String,
    /// How new all this is.
    #[serde(default)]
    pub known_on: KnownOn,
}

impl Place {
    /// Whether this is `other` or lies in it.
    pub fn is_or_is_within(&self, other: PlaceId) -> bool {
        self.id == other || self.within.contains(&other)
    }

    /// Its ancestor of a level, or itself. Counted upwards from the place: a small installation lacks the upper levels.
    pub fn at_level(&self, level: Level) -> Option<PlaceId> {
        match (self.level as usize).checked_sub(level as usize)? {
            0 => Some(self.id),
            steps => self.within.get(self.within.len().checked_sub(steps)?).copied(),
        }
    }

    /// What it became, where that is one place.
    pub fn became(&self) -> Option<PlaceId> {
        match self.closed.as_ref()?.into.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// Whether any denominator now stands below an earlier value.
    pub fn any_shrunk(&self) -> bool {
        self.counts.values().any(|c| c.shrunk_from.is_some())
    }
}

impl View for Place {
    const ID: ViewId = ViewId::Places;
    const VERSION: u32 = 3;
    const COLUMNS: &'static [Column] = &[
        Column::new("id", ColumnKind::Place).equals(),
        Column::new("code", ColumnKind::Text).equals().sorted().searched(),
        Column::new("name", ColumnKind::Text).sorted().searched(),
        Column::new("level", ColumnKind::Text).grouped(),
        Column::new("kind", ColumnKind::Text).grouped(),
        Column::new("class", ColumnKind::Text).grouped(),
        Column::new("grade", ColumnKind::Text).grouped(),
        Column::new("stage", ColumnKind::Text).grouped(),
        Column::new("urban_rural", ColumnKind::Int).grouped(),
        Column::new("parent", ColumnKind::Place).equals(),
        Column::new("province", ColumnKind::Place).grouped(),
        Column::new("city", ColumnKind::Place).grouped(),
        Column::new("county", ColumnKind::Place).grouped(),
        Column::new("township", ColumnKind::Place).grouped(),
        Column::new("households_registered", ColumnKind::Int).ranged().sorted(),
        Column::new("households_resident", ColumnKind::Int).ranged(),
        Column::new("hamlets", ColumnKind::Int),
        Column::new("population", ColumnKind::Int).ranged(),
        Column::new("shrunk", ColumnKind::Bool).grouped(),
        Column::new("lon_e7", ColumnKind::Int),
        Column::new("lat_e7", ColumnKind::Int),
        Column::new("closed", ColumnKind::Bool).grouped(),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        match (fact.subject, &fact.fact) {
            (Subject::Place(id), AnyFact::Place(_)) => Some(id.key()),
            _ => None,
        }
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        let (Subject::Place(id), AnyFact::Place(fact)) = (at.subject, &at.fact) else { return row };
        let day = known_on(at);
        let Some(mut place) = row else {
            let Fact::Registered(f) = fact else { return None };
            return Some(Place {
                id,
                org: at.org,
                code: f.code.clone(),
                name: f.name.to_string(),
                level: f.level,
                kind: f.kind,
                within: f.within.clone(),
                class: None,
                grade: None,
                grade_best: None,
                stage: None,
                urban_rural: None,
                position: None,
                outline: None,
                counts: BTreeMap::new(),
                former_codes: Vec::new(),
                former_names: Vec::new(),
                closed: None,
                origin: f.origin.clone(),
                known_on: KnownOn { name: day, code: day, within: day, being: day },
            });
        };
        match fact {
            Fact::Registered(_) => {}
            Fact::Renamed(f) => {
                place.former_names.push(std::mem::replace(&mut place.name, f.name.to_string()));
                place.known_on.name = place.known_on.name.max(day);
            }
            Fact::Recoded(f) => {
                let from = place.former_codes.last().and_then(|c| c.until);
                let code = std::mem::replace(&mut place.code, f.code.clone());
                place.former_codes.push(Code { code, from, until: f.from });
                place.known_on.code = place.known_on.code.max(day);
            }
            Fact::Moved(f) => {
                place.within.clone_from(&f.within);
                place.known_on.within = place.known_on.within.max(day);
            }
            Fact::Closed(f) => {
                place.closed = Some(f.clone());
                place.known_on.being = place.known_on.being.max(day);
            }
            Fact::Reinstated(_) => {
                place.closed = None;
                place.known_on.being = place.known_on.being.max(day);
            }
            Fact::Classified(f) => place.class = Some(f.class),
            Fact::Graded(f) => {
                place.grade_best = place.grade_best.max(Some(f.grade));
                place.grade = Some(f.grade);
            }
            Fact::StageEntered(f) => place.stage = Some(f.stage),
            Fact::CountRecorded(f) => count(&mut place, f),
            Fact::Located(f) => place.position = Some(f.position),
            Fact::Outlined(f) => place.outline = Some(f.clone()),
            Fact::UrbanRuralSet(f) => place.urban_rural = Some(f.urban_rural),
        }
        Some(place)
    }

    fn values(&self) -> Vec<Value> {
        let count = |what: Counted| Value::from(self.counts.get(&what).map(|c| i64::from(c.value)));
        let above = |level: Level| Value::from(self.at_level(level));
        vec![
            self.id.into(),
            self.code.as_str().into(),
            self.name.as_str().into(),
            self.level.word().into(),
            self.kind.word().into(),
            self.class.map(Class::word).into(),
            self.grade.map(Grade::word).into(),
            self.stage.map(Stage::word).into(),
            self.urban_rural.map(i64::from).into(),
            self.within.last().copied().into(),
            above(Level::Province),
            above(Level::City),
            above(Level::County),
            above(Level::Township),
            count(Counted::HouseholdsRegistered),
            count(Counted::HouseholdsResident),
            count(Counted::Hamlets),
            count(Counted::Population),
            self.any_shrunk().into(),
            self.position.map(|p| i64::from(p.lon_e7)).into(),
            self.position.map(|p| i64::from(p.lat_e7)).into(),
            self.closed.is_some().into(),
        ]
    }
}

/// The latest day wins; a value below the largest earlier one stays marked with that one.
fn count(place: &mut Place, f: &CountRecorded) {
    let fresh = |shrunk_from| CountValue { value: f.value, on: f.on, method: f.method, shrunk_from };
    match place.counts.get_mut(&f.what) {
        None => {
            place.counts.insert(f.what, fresh(None));
        }
        Some(last) if f.on >= last.on => {
            let peak = match &last.shrunk_from {
                Some(peak) if peak.value >= last.value => peak.clone(),
                _ => Shrunk { value: last.value, on: last.on },
            };
            *last = fresh((f.value < peak.value).then_some(peak));
        }
        // An earlier day recorded late: it can only raise the mark that later values are held against.
        Some(last) => {
            let higher_than_mark = last.shrunk_from.as_ref().is_none_or(|s| f.value > s.value);
            if f.value > last.value && higher_than_mark {
                last.shrunk_from = Some(Shrunk { value: f.value, on: f.on });
            }
        }
    }
}

/// One recorded denominator: the history behind the latest values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// Where.
    pub place: PlaceId,
    /// What was counted.
    pub what: Counted,
    /// How many.
    pub value: u32,
    /// On which day.
    pub on: Day,
    /// How.
    pub method: Method,
    /// Value that an earlier record of the same day had, if it was corrected downwards.
    pub shrunk: bool,
}

impl View for Counts {
    const ID: ViewId = ViewId::Counts;
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[
        Column::new("place", ColumnKind::Place).equals(),
        Column::new("what", ColumnKind::Text).grouped(),
        Column::new("value", ColumnKind::Int).ranged(),
        Column::new("on", ColumnKind::Day).ranged().sorted(),
        Column::new("method", ColumnKind::Text).grouped(),
        Column::new("shrunk", ColumnKind::Bool).grouped(),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        match (fact.subject, &fact.fact) {
            (Subject::Place(id), AnyFact::Place(Fact::CountRecorded(f))) => Some(format!("{id}/{}/{}", f.what.word(), f.on)),
            _ => None,
        }
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        let AnyFact::Place(Fact::CountRecorded(f)) = &at.fact else { return row };
        let shrunk = row.is_some_and(|r| r.shrunk || f.value < r.value);
        Some(Counts { place: at.place, what: f.what, value: f.value, on: f.on, method: f.method, shrunk })
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.place.into(),
            self.what.word().into(),
            i64::from(self.value).into(),
            self.on.into(),
            self.method.word().into(),
            self.shrunk.into(),
        ]
    }
}
