//! What surveys ask of a village in a month 负担.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    Fact as AnyFact, ViewId,
    basics::{Column, ColumnKind, Day, PlaceId, Recorded, Subject, Value, View},
    rules, surveys,
};

/// What was asked of a place in a month. Whether that is too much, rule `surveys.burden` says on the day one looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Burden {
    /// Where; where a submission was handed in, if it names no village.
    pub place: PlaceId,
    /// `YYYY-MM`, by the day on which submissions came.
    pub month: String,
    /// Submissions that replace no other, those that cannot be read with them.
    pub visits: u32,
    /// Questions that were put at them.
    pub questions: u32,
    /// Minutes that devices told, each visit rounded up.
    pub minutes_told: u32,
    /// Questions of visits whose device told no time.
    pub questions_untimed: u32,
}

/// Minutes of so many seconds; begun ones count.
pub fn minutes_of(seconds: u64) -> u32 {
    u32::try_from(seconds.div_ceil(60)).unwrap_or(u32::MAX)
}

/// `YYYY-MM` of a day.
pub fn month_of(day: Day) -> String {
    day.to_string().chars().take(7).collect()
}

/// The months from one day to another; at most so many as [`MONTHS_MAX`].
pub fn months(from: Day, until: Day) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut day = from;
    while day <= until && found.len() < MONTHS_MAX {
        found.push(month_of(day));
        // The first of the next month.
        day = Day(day.0.last_of_month()).plus(1);
    }
    found
}

/// Months of one campaign at most.
pub const MONTHS_MAX: usize = 13;

/// What is asked in a month, in the two things that have a cap.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Load {
    /// Questions.
    pub questions: u32,
    /// Minutes.
    pub minutes: u32,
}

impl Load {
    /// Both together.
    pub fn plus(self, other: Load) -> Load {
        Load { questions: self.questions.saturating_add(other.questions), minutes: self.minutes.saturating_add(other.minutes) }
    }

    /// Whether it is above the cap in either.
    pub fn is_over(self, cap: &rules::Burden) -> bool {
        self.questions > u32::from(cap.questions_per_month) || self.minutes > u32::from(cap.minutes_per_month)
    }

    /// How full the fuller of both is, in thousandths of the cap.
    pub fn fill(self, cap: &rules::Burden) -> u64 {
        let part = |n: u32, of: u16| u64::from(n) * 1000 / u64::from(of.max(1));
        part(self.questions, cap.questions_per_month).max(part(self.minutes, cap.minutes_per_month))
    }
}

impl Burden {
    /// Questions and minutes; where no time was told, so many seconds a question.
    pub fn load(&self, seconds_per_question: u16) -> Load {
        let guessed = minutes_of(u64::from(self.questions_untimed) * u64::from(seconds_per_question));
        Load { questions: self.questions, minutes: self.minutes_told.saturating_add(guessed) }
    }
}

/// A visit that is planned: some day of a campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Months in which it can be.
    pub months: Vec<String>,
    /// What it asks.
    pub asks: Load,
}

impl Plan {
    /// Whether some month has room for it beside what is asked there already.
    pub fn fits(&self, asked: impl Fn(&str) -> Load, cap: &rules::Burden) -> bool {
        self.months.iter().any(|month| !asked(month).plus(self.asks).is_over(cap))
    }
}

impl View for Burden {
    const ID: ViewId = ViewId::Burden;
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[
        Column::new("place", ColumnKind::Place).equals(),
        Column::new("month", ColumnKind::Text).grouped().sorted(),
        Column::new("visits", ColumnKind::Int).ranged().sorted(),
        Column::new("questions", ColumnKind::Int).ranged().sorted(),
        Column::new("minutes_told", ColumnKind::Int).ranged().sorted(),
        Column::new("questions_untimed", ColumnKind::Int).ranged(),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        use surveys::Fact as F;
        match (fact.subject, &fact.fact) {
            (Subject::Submission(_), AnyFact::Survey(F::SubmissionReceived(f))) if f.edits.is_some() => None,
            // A question put once is not put twice because its answer was put right.
            (Subject::Submission(_), AnyFact::Survey(F::SubmissionChecked(f))) if f.edits => None,
            (Subject::Submission(_), AnyFact::Survey(F::SubmissionReceived(_) | F::SubmissionChecked(_))) => {
                Some(format!("{}/{}", fact.place, month_of(Day::of_ms(fact.recorded_ms))))
            }
            _ => None,
        }
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        let AnyFact::Survey(fact) = &at.fact else { return row };
        let mut row = row.unwrap_or_else(|| Burden {
            place: at.place,
            month: month_of(Day::of_ms(at.recorded_ms)),
            visits: 0,
            questions: 0,
            minutes_told: 0,
            questions_untimed: 0,
        });
        match fact {
            surveys::Fact::SubmissionReceived(_) => row.visits = row.visits.saturating_add(1),
            surveys::Fact::SubmissionChecked(f) => {
                row.questions = row.questions.saturating_add(f.checked.questions);
                match f.checked.seconds {
                    Some(seconds) => row.minutes_told = row.minutes_told.saturating_add(minutes_of(seconds.into())),
                    None => row.questions_untimed = row.questions_untimed.saturating_add(f.checked.questions),
                }
            }
            surveys::Fact::FormUploaded(_)
            | surveys::Fact::FormFileGiven(_)
            | surveys::Fact::FormPublished(_)
            | surveys::Fact::FormClosed(_)
            | surveys::Fact::AttachmentArrived(_)
            | surveys::Fact::SubmissionEdited(_)
            | surveys::Fact::SubmissionReviewed(_)
            | surveys::Fact::FormMapped(_)
            | surveys::Fact::MappingSwitched(_)
            | surveys::Fact::SubmissionApplied(_)
            | surveys::Fact::ReadingRecorded(_)
            | surveys::Fact::ReadingWithdrawn(_)
            | surveys::Fact::SubmissionCommented(_)
            | surveys::Fact::FormDraftDropped(_) => {}
        }
        Some(row)
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.place.into(),
            self.month.as_str().into(),
            i64::from(self.visits).into(),
            i64::from(self.questions).into(),
            i64::from(self.minutes_told).into(),
            i64::from(self.questions_untimed).into(),
        ]
    }
}
