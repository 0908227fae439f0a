//! Duties: who holds which post from when to when, what is handed over when a post changes hands, and the tasks that posts bear.
//!
//! A *post* is a role at a place, in a department where there are several ([`crate::basics::Post`]). A *person* holds it for a
//! time (a *holding*); whoever is on leave has somebody who *stands in*. A fault, promise or target counts for whoever held the
//! post on that day ([`PostRow::bearer`]). An *account* is how a person signs in, and stands outside this room.
//!
//! A *task* is something a post has to have done by a day; it is passed down level by level, each level with its own part of
//! the duty. One post leads, others help. A *promise* is a task that somebody took upon himself before others; a *target* has a
//! quantity. Done is claimed, then verified by somebody independent, as with problems.
//!
//! Invariants: `a-post-has-one-head`, `no-silent-hand-over`, `nobody-appoints-himself`, `three-administrators-apart`.
//! Sources: 五级书记抓 and 一把手责任制 as DOMAIN of the programme has them; 领导干部交接 as the remedy for
//! 前任政绩、后任包袱. Start reading at [`PostRow`], then `rules.rs` and `tasks.rs`.

mod facts;
mod rules;
mod tasks;
#[cfg(test)]
pub(crate) mod tests;
mod view;

pub use facts::*;
pub use rules::{Command, Refusal, Statement};
pub use tasks::{Command as TaskCommand, Part, Task, TaskState};
pub use view::{Handover, Held, Holding, Lapse, PostRow, Signature};

use crate::DossierSection;

/// What this room adds to the dossier of a place.
pub const DOSSIER: DossierSection =
    DossierSection { room: "duties", view: "posts", columns: &["role", "department", "duty", "unsigned_since"], sort: "role" };
