//! Figures of villages out of submissions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{facts::Fact, mapping::Figure};
use crate::{
    Fact as AnyFact, ViewId,
    basics::{Column, ColumnKind, Day, PlaceId, Recorded, Role, Subject, SubmissionId, Text, Value, View},
};

/// One dated figure of a village, claimed by whoever filled in the submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reading {
    /// The village.
    pub place: PlaceId,
    /// The submission that says so.
    pub submission: SubmissionId,
    /// Which of its figures, from 0.
    pub n: u16,
    /// Its name.
    pub figure: Figure,
    /// In words.
    pub title: Text<100>,
    /// Value × 10^decimals.
    pub value: i64,
    /// Digits behind the point.
    pub decimals: u8,
    /// On which day it held.
    pub on: Day,
    /// From which role it was handed in, where that is on record.
    #[serde(default)]
    #[schema(required)]
    pub by: Option<Role>,
    /// Whether it no longer counts: its submission was replaced or rejected.
    pub withdrawn: bool,
}

impl Reading {
    /// Key of the row.
    pub fn key_of(submission: SubmissionId, n: u16) -> String {
        format!("{submission}/{n}")
    }
}

impl View for Reading {
    const ID: ViewId = ViewId::Readings;
    const VERSION: u32 = 2;
    const COLUMNS: &'static [Column] = &[
        Column::new("place", ColumnKind::Place).equals(),
        Column::new("figure", ColumnKind::Text).grouped(),
        Column::new("title", ColumnKind::Text).searched(),
        Column::new("value", ColumnKind::Int).ranged().sorted(),
        Column::new("decimals", ColumnKind::Int),
        Column::new("on", ColumnKind::Day).ranged().sorted(),
        Column::new("by", ColumnKind::Text).grouped(),
        Column::new("submission", ColumnKind::Text).equals(),
        Column::new("withdrawn", ColumnKind::Bool).grouped(),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        match (fact.subject, &fact.fact) {
            (Subject::Submission(id), AnyFact::Survey(Fact::ReadingRecorded(f))) => Some(Reading::key_of(id, f.n)),
            (Subject::Submission(id), AnyFact::Survey(Fact::ReadingWithdrawn(f))) => Some(Reading::key_of(id, f.n)),
            _ => None,
        }
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        let (Subject::Submission(submission), AnyFact::Survey(fact)) = (at.subject, &at.fact) else { return row };
        match fact {
            Fact::ReadingRecorded(f) => Some(Reading {
                place: at.place,
                submission,
                n: f.n,
                figure: f.figure.clone(),
                title: f.title.clone(),
                value: f.value,
                decimals: f.decimals,
                on: f.on,
                by: f.by,
                withdrawn: false,
            }),
            Fact::ReadingWithdrawn(_) => row.map(|r| Reading { withdrawn: true, ..r }),
            _ => row,
        }
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.place.into(),
            self.figure.as_str().into(),
            self.title.as_str().into(),
            self.value.into(),
            i64::from(self.decimals).into(),
            self.on.into(),
            self.by.map(Role::word).into(),
            self.submission.to_string().into(),
            self.withdrawn.into(),
        ]
    }
}
