//! What can become true of a campaign.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::basics::{Day, FormId, PersonId, PlaceId, Post, Text};

/// A reason.
pub type Reason = Text<500>;

/// Who goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Assignee {
    /// Whoever holds a post on the day.
    Post {
        /// The post.
        post: Post,
    },
    /// Somebody by name, as the register of officials has him.
    Person {
        /// Who.
        person: PersonId,
    },
}

/// What a campaign asks of villages, worked out at the door from the form and from what is asked of them already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Adds {
    /// Open villages that it goes to.
    pub villages: u32,
    /// Questions of the form, in each of them; the most that can be put at one visit without repeats.
    pub questions: u32,
    /// Minutes of one visit.
    pub minutes: u32,
    /// Villages in which no month of the campaign has room for it under the cap.
    pub over: u32,
}

/// A campaign began to be planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignOpened {
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
    pub minutes: Option<u16>,
    /// What it asks of villages; none where the form could not be counted.
    pub adds: Option<Adds>,
    /// Why it is opened although villages have no room for it.
    pub over_cap: Option<Reason>,
}

/// Somebody goes to a place, and to all below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignAssigned {
    /// Who.
    pub to: Assignee,
}

/// He no longer does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignUnassigned {
    /// Who.
    pub from: Assignee,
}

/// A campaign is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignClosed {
    /// Why.
    pub reason: Reason,
}

crate::fact_kinds! {
    /// Facts about campaigns.
    pub enum Fact {
        /// One began to be planned.
        "campaign.opened@1" => CampaignOpened,
        /// Somebody goes to a place.
        "campaign.assigned@1" => CampaignAssigned,
        /// He no longer does.
        "campaign.unassigned@1" => CampaignUnassigned,
        /// It is over.
        "campaign.closed@1" => CampaignClosed,
    }
}
