//! Survey campaigns: a form that goes to villages in a span of days, who goes where, and what all asking together is to a village.
//!
//! Words: *campaign* (one form, some places, from a day until a day), *assignment* (somebody, or whoever holds a post, goes to
//! a place and all below it; the nearest assignment above a village counts), *coverage* 覆盖台账 (which village was visited how
//! often and by whom; counted from the submissions, recorded nowhere), *burden* 负担 (visits, questions and minutes asked of a
//! village in a month).
//! Invariant: `asking-has-a-cap`: a campaign that finds no room under the cap of rule `surveys.burden` in some village is
//! opened for a reason or not at all, and both stand in the log.
//! Units: whole minutes, each visit rounded up; months of Asia/Shanghai by the day a submission came.
//! Deliberately absent: a state per village (it follows from the submissions). Start reading at [`Command`], then [`Burden`].

mod burden;
mod facts;
mod rules;
#[cfg(test)]
pub(crate) mod tests;
mod view;

pub use burden::{Burden, Load, Plan, minutes_of, month_of, months};
pub use facts::*;
pub use rules::{Command, PLACES_MAX, Refusal};
pub use view::{Assignment, Campaign, CampaignState};
