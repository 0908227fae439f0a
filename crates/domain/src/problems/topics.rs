//! Topics: the same problem in many villages, taken up as a question for the whole area.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::facts::{Fact, Field, Words};
use crate::{
    Fact as AnyFact, ViewId,
    basics::{Column, ColumnKind, Day, PlaceId, ProblemId, Recorded, Subject, TopicId, Value, View},
};

/// Where a topic stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum TopicState {
    /// Being looked into.
    Open,
    /// It led to something.
    Concluded {
        /// To what.
        outcome: Words,
        /// When.
        on_ms: i64,
    },
}

/// Everything known of a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Topic {
    /// Identity.
    pub id: TopicId,
    /// The organisation whose chain holds its facts.
    pub org: u32,
    /// The area it concerns.
    pub place: PlaceId,
    /// Works field.
    pub field: Field,
    /// Title.
    pub title: String,
    /// The problems that show it.
    pub problems: Vec<ProblemId>,
    /// When it was proposed.
    pub proposed_ms: i64,
    /// Where it stands.
    pub state: TopicState,
}

impl View for Topic {
    const ID: ViewId = ViewId::Topics;
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[
        Column::new("place", ColumnKind::Place).equals(),
        Column::new("field", ColumnKind::Text).grouped(),
        Column::new("state", ColumnKind::Text).grouped(),
        Column::new("title", ColumnKind::Text).searched(),
        Column::new("problems", ColumnKind::Int),
        Column::new("proposed_on", ColumnKind::Day).ranged().sorted(),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        match (fact.subject, &fact.fact) {
            (Subject::Topic(id), AnyFact::Problem(_)) => Some(id.key()),
            _ => None,
        }
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        let (Subject::Topic(id), AnyFact::Problem(fact)) = (at.subject, &at.fact) else { return row };
        match (row, fact) {
            (None, Fact::TopicProposed(f)) => Some(Topic {
                id,
                org: at.org,
                place: at.place,
                field: f.field,
                title: f.title.to_string(),
                problems: f.problems.clone(),
                proposed_ms: at.recorded_ms,
                state: TopicState::Open,
            }),
            (Some(topic), Fact::TopicConcluded(f)) => {
                Some(Topic { state: TopicState::Concluded { outcome: f.outcome.clone(), on_ms: at.recorded_ms }, ..topic })
            }
            (row, _) => row,
        }
    }

    fn values(&self) -> Vec<Value> {
        let state = match &self.state {
            TopicState::Open => "open",
            TopicState::Concluded { .. } => "concluded",
        };
        vec![
            self.place.into(),
            self.field.word().into(),
            state.into(),
            self.title.as_str().into(),
            (self.problems.len() as i64).into(),
            Day::of_ms(self.proposed_ms).into(),
        ]
    }
}
