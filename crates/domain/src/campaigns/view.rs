//! Rows of campaigns and of who goes where.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::facts::{Adds, Assignee, Fact, Reason};
use crate::{
    Fact as AnyFact, ViewId,
    basics::{CampaignId, Column, ColumnKind, Day, FormId, PlaceId, Recorded, Subject, Text, Value, View},
    places::Place,
};

/// Whether a campaign goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum CampaignState {
    /// It does, or will.
    Open,
    /// It is over.
    Closed {
        /// Why.
        reason: Reason,
        /// Since when.
        since_ms: i64,
    },
}

impl CampaignState {
    /// The word of one that is going on.
    pub const OPEN: &'static str = "open";
    /// The word of one that has ended.
    pub const CLOSED: &'static str = "closed";

    /// The word in columns and locale files.
    pub fn word(&self) -> &'static str {
        match self {
            CampaignState::Open => Self::OPEN,
            CampaignState::Closed { .. } => Self::CLOSED,
        }
    }
}

/// A campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Campaign {
    /// Identity.
    pub id: CampaignId,
    /// The organisation whose chain holds its opening.
    pub org: u32,
    /// Whose it is.
    pub place: PlaceId,
    /// The form.
    pub form: FormId,
    /// What it is called.
    pub title: Text<200>,
    /// First day.
    pub from: Day,
    /// Last day.
    pub until: Day,
    /// It goes to these places and all below; to all below its own place where there are none.
    pub places: Vec<PlaceId>,
    /// Minutes expected of a visit, where somebody said so.
    #[schema(required)]
    pub minutes: Option<u16>,
    /// What it asked of villages when it was opened.
    #[schema(required)]
    pub adds: Option<Adds>,
    /// Why it was opened although villages had no room for it.
    #[schema(required)]
    pub over_cap: Option<Reason>,
    /// Whether it goes on.
    pub state: CampaignState,
    /// When it was opened.
    pub opened_ms: i64,
}

impl Campaign {
    /// The places that it goes to, each with all below.
    pub fn targets(&self) -> &[PlaceId] {
        if self.places.is_empty() { std::slice::from_ref(&self.place) } else { &self.places }
    }

    /// Whether it goes to a place.
    pub fn goes_to(&self, place: &Place) -> bool {
        self.targets().iter().any(|id| place.is_or_is_within(*id))
    }
}

impl View for Campaign {
    const ID: ViewId = ViewId::Campaigns;
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[
        Column::new("place", ColumnKind::Place).equals(),
        Column::new("form", ColumnKind::Text).equals(),
        Column::new("title", ColumnKind::Text).searched(),
        Column::new("state", ColumnKind::Text).grouped(),
        Column::new("from", ColumnKind::Day).ranged(),
        Column::new("until", ColumnKind::Day).ranged().sorted(),
        Column::new("opened_on", ColumnKind::Day).ranged().sorted(),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        match (fact.subject, &fact.fact) {
            // Who goes where stands in rows of its own, in the chain of the place gone to.
            (Subject::Campaign(id), AnyFact::Campaign(Fact::CampaignOpened(_) | Fact::CampaignClosed(_))) => Some(id.key()),
            _ => None,
        }
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        let (Subject::Campaign(id), AnyFact::Campaign(fact)) = (at.subject, &at.fact) else { return row };
        match (row, fact) {
            (Some(row), Fact::CampaignClosed(f)) => {
                let state = CampaignState::Closed { reason: f.reason.clone(), since_ms: at.recorded_ms };
                Some(Campaign { state, ..row })
            }
            (None, Fact::CampaignOpened(f)) => Some(Campaign {
                id,
                org: at.org,
                place: at.place,
                form: f.form,
                title: f.title.clone(),
                from: f.from,
                until: f.until,
                places: f.places.clone(),
                minutes: f.minutes,
                adds: f.adds.clone(),
                over_cap: f.over_cap.clone(),
                state: CampaignState::Open,
                opened_ms: at.recorded_ms,
            }),
            (row, Fact::CampaignOpened(_) | Fact::CampaignClosed(_)) => row,
            (row, Fact::CampaignAssigned(_) | Fact::CampaignUnassigned(_)) => row,
        }
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.place.into(),
            self.form.to_string().into(),
            self.title.as_str().into(),
            self.state.word().into(),
            self.from.into(),
            self.until.into(),
            Day::of_ms(self.opened_ms).into(),
        ]
    }
}

/// Who goes to a place, and to all below it that nobody else was assigned to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Assignment {
    /// In which campaign.
    pub campaign: CampaignId,
    /// Where to.
    pub place: PlaceId,
    /// Who; nobody any more where it was taken back.
    #[schema(required)]
    pub to: Option<Assignee>,
    /// When that was said.
    pub since_ms: i64,
}

impl Assignment {
    /// Key of the row.
    pub fn key_of(campaign: CampaignId, place: PlaceId) -> String {
        format!("{campaign}/{place}")
    }
}

impl View for Assignment {
    const ID: ViewId = ViewId::Assignments;
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[
        Column::new("place", ColumnKind::Place).equals(),
        Column::new("campaign", ColumnKind::Text).equals(),
        Column::new("current", ColumnKind::Bool).grouped(),
        Column::new("person", ColumnKind::Text).equals(),
        Column::new("post", ColumnKind::Text).equals(),
        Column::new("assigned_on", ColumnKind::Day).ranged().sorted(),
        Column::new("subject", ColumnKind::Text),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        match (fact.subject, &fact.fact) {
            (Subject::Campaign(id), AnyFact::Campaign(Fact::CampaignAssigned(_) | Fact::CampaignUnassigned(_))) => {
                Some(Assignment::key_of(id, fact.place))
            }
            _ => None,
        }
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        let (Subject::Campaign(campaign), AnyFact::Campaign(fact)) = (at.subject, &at.fact) else { return row };
        let to = match fact {
            Fact::CampaignAssigned(f) => Some(f.to.clone()),
            Fact::CampaignUnassigned(_) => None,
            Fact::CampaignOpened(_) | Fact::CampaignClosed(_) => return row,
        };
        Some(Assignment { campaign, place: at.place, to, since_ms: at.recorded_ms })
    }

    fn values(&self) -> Vec<Value> {
        let (post, person) = match &self.to {
            Some(Assignee::Post { post }) => (Some(post.key()), None),
            Some(Assignee::Person { person }) => (None, Some(person.to_string())),
            None => (None, None),
        };
        vec![
            self.place.into(),
            self.campaign.to_string().into(),
            self.to.is_some().into(),
            person.into(),
            post.into(),
            Day::of_ms(self.since_ms).into(),
            Subject::Campaign(self.campaign).to_string().into(),
        ]
    }
}
