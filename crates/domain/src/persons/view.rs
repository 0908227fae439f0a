//! The row about a private person: what was done with his particulars, and none of them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::facts::{ErasedBecause, Fact, Purpose};
use crate::{
    Fact as AnyFact, ViewId,
    basics::{Column, ColumnKind, Day, PersonId, PlaceId, ProblemId, Recorded, Subject, Value, View},
};

/// Whether particulars are still there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum PersonState {
    /// They lie sealed beside the log.
    Held,
    /// They are gone.
    Erased {
        /// When.
        on_ms: i64,
        /// Why.
        because: ErasedBecause,
    },
}

impl PersonState {
    /// The word in columns and locale files.
    pub fn word(&self) -> &'static str {
        match self {
            PersonState::Held => "held",
            PersonState::Erased { .. } => "erased",
        }
    }
}

/// A private person who left particulars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// Identity.
    pub id: PersonId,
    /// The organisation whose chain holds the facts.
    pub org: u32,
    /// Where they were left.
    pub place: PlaceId,
    /// With which problem.
    #[schema(required)]
    pub problem: Option<ProblemId>,
    /// What for.
    pub purpose: Purpose,
    /// Whether they are still there.
    pub state: PersonState,
    /// When they were left.
    pub left_ms: i64,
    /// Their salted digest.
    pub digest: String,
    /// How often they were shown in full.
    pub unmasked: u32,
    /// When last.
    #[schema(required)]
    pub unmasked_ms: Option<i64>,
}

impl View for Person {
    const ID: ViewId = ViewId::Persons;
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[
        Column::new("place", ColumnKind::Place).equals(),
        Column::new("person_state", ColumnKind::Text).grouped(),
        Column::new("purpose", ColumnKind::Text).grouped(),
        Column::new("left_on", ColumnKind::Day).ranged().sorted(),
        Column::new("unmasked", ColumnKind::Int).ranged(),
        Column::new("unmasked_on", ColumnKind::Day).ranged(),
        Column::new("erased_on", ColumnKind::Day).ranged(),
        Column::new("because", ColumnKind::Text).grouped(),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        match (fact.subject, &fact.fact) {
            (Subject::Person(id), AnyFact::Person(_)) => Some(id.key()),
            _ => None,
        }
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        let AnyFact::Person(fact) = &at.fact else { return row };
        if let (None, Fact::Left(f)) = (&row, fact) {
            return Some(Person {
                id: f.person,
                org: at.org,
                place: at.place,
                problem: Some(f.problem),
                purpose: f.purpose,
                state: PersonState::Held,
                left_ms: at.recorded_ms,
                digest: f.digest.clone(),
                unmasked: 0,
                unmasked_ms: None,
            });
        }
        let mut person = row?;
        match fact {
            // Nobody leaves them twice under one id.
            Fact::Left(_) => {}
            Fact::Unmasked(_) => {
                person.unmasked += 1;
                person.unmasked_ms = Some(at.recorded_ms);
            }
            Fact::Erased(f) => person.state = PersonState::Erased { on_ms: at.recorded_ms, because: f.because },
        }
        Some(person)
    }

    fn values(&self) -> Vec<Value> {
        let (erased_on, because) = match self.state {
            PersonState::Held => (None, None),
            PersonState::Erased { on_ms, because } => (Some(Day::of_ms(on_ms)), Some(because.word())),
        };
        vec![
            self.place.into(),
            self.state.word().into(),
            self.purpose.word().into(),
            Day::of_ms(self.left_ms).into(),
            i64::from(self.unmasked).into(),
            self.unmasked_ms.map(Day::of_ms).into(),
            erased_on.into(),
            because.into(),
        ]
    }
}
