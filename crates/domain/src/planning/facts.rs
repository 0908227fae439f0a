//! What can become true of wishes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Brief, WorkCode};
use crate::{
    basics::{BriefId, Day, FileHash, Text},
    problems::Photo,
};

/// A reason.
pub type Reason = Text<500>;

crate::word_enum!(
    /// How villagers were asked. Paper and the loudspeaker count as much as the telephone.
    AskedBy {
        /// A villagers' assembly or their representatives.
        Meeting => "meeting",
        /// From door to door.
        Visit => "visit",
        /// A form.
        Survey => "survey",
        /// The loudspeaker, with hands or slips counted.
        Loudspeaker => "loudspeaker",
    }
);

/// Villagers were asked about a work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WishesCounted {
    /// Which.
    pub work: WorkCode,
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
    pub note: Option<Reason>,
}

/// What was counted on a day no longer counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WishesWithdrawn {
    /// About which work.
    pub work: WorkCode,
    /// Of which day.
    pub on: Day,
    /// Asked how.
    pub how: AskedBy,
    /// Why.
    pub reason: Reason,
}

/// What a plan has to keep to was written down, for the first time or anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BriefSaved {
    /// What it is called.
    pub title: Text<100>,
    /// All of it.
    pub brief: Brief,
    /// Why it is as it is, or why it was changed.
    pub reason: Reason,
}

/// A brief is no longer used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BriefWithdrawn {
    /// Why.
    pub reason: Reason,
}

/// What a plan comes to, worked out at the door from the plan itself after it was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanMade {
    /// What was planned, with the plan: a stored file (JSON).
    pub file: FileHash,
    /// On which day the needs were looked at.
    pub needs_on: Day,
    /// Points × discount in thousandths, bonus included.
    pub objective: i64,
    /// No plan within the brief reaches more.
    pub bound: i64,
    /// Works in it.
    pub works: u32,
    /// Villages with a work in it.
    pub villages: u32,
    /// What they cost, in fen.
    pub cost_fen: i64,
    /// Needs that were not planned for a reason of the brief.
    pub left_out: u32,
    /// Seed of the search.
    pub seed: u32,
}

/// A plan was proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanProposed {
    /// The brief.
    pub brief: BriefId,
    /// Its version, from 1.
    pub version: u16,
    /// What it comes to.
    pub made: PlanMade,
}

/// A plan was put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanDiscarded {
    /// Why.
    pub reason: Reason,
}

crate::fact_kinds! {
    /// Facts of planning.
    pub enum Fact {
        /// Villagers were asked about a work.
        "wishes.counted@1" => WishesCounted,
        /// A count of wishes was taken back.
        "wishes.withdrawn@1" => WishesWithdrawn,
        /// A brief was written down.
        "brief.saved@1" => BriefSaved,
        /// A brief is no longer used.
        "brief.withdrawn@1" => BriefWithdrawn,
        /// A plan was proposed.
        "plan.proposed@1" => PlanProposed,
        /// A plan was put aside.
        "plan.discarded@1" => PlanDiscarded,
    }
}
