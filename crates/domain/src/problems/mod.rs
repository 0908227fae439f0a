//! Problems: what was found wrong, where, who answers for it, until it is verified to be solved.
//!
//! Words: *problem* (a villager's; the HTTP thing is a *problem document*), *post*, *claim*, *verification*.
//! Invariants: `claimed-is-not-verified`, `nobody-verifies-his-own`, `every-open-problem-has-a-clock` once triaged,
//! `reporter-has-the-last-word`. Start reading at [`State`], then `rules.rs`.

mod facts;
mod rules;
#[cfg(test)]
pub(crate) mod tests;
mod topics;
mod view;

pub use facts::*;
pub use rules::{Command, Refusal};
pub use topics::{Topic, TopicState};
pub use view::{Answer, Diagnosis, Escalated as EscalationRow, Problem, State};

use crate::DossierSection;

/// What this room adds to the dossier of a place.
pub const DOSSIER: DossierSection = DossierSection {
    room: "problems",
    view: "problems",
    columns: &["number", "field", "text", "state", "reported_on", "due", "post_role"],
    sort: "-reported_on",
};
