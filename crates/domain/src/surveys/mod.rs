//! Surveys: forms with their versions, and what came back filled in.
//!
//! Words: *form* (known at a place by the form id that stands in its XML; phones below that place are offered it), *version*
//! (one XForm, by the hash of its bytes; published by an office, and from then on taken for ever), *submission* (one instance
//! filled in: its XML by hash, its attachments by name, which may arrive later), *edit* (another instance that names the one
//! it replaces; both stay), *doubt* (what does not fit when it is recomputed from its form), *review* (what an office made of it), *mapping* (which
//! answers become figures, denominators and problems), *reading* (a dated figure of a village out of a submission).
//! Invariants: `answers-are-never-lost` (what names a known form and version is taken, whatever it says; the same bytes twice
//! are one submission), `an-instance-has-one-content` (other bytes under a known instance id are refused, never exchanged).
//! No answer stands in a fact, save what a mapping makes of it: facts carry hashes, paths of doubts and a position to 100 m; the files lie beside the log.
//! Start reading at [`Command`], then [`Form`] and [`Submission`].

mod facts;
mod looked;
mod mapping;
mod readings;
mod rules;
#[cfg(test)]
pub(crate) mod tests;
mod view;

pub use facts::*;
pub use looked::{Looked, answered, came_at, file_name, form_head, look, questions, submission_head};
pub use mapping::*;
pub use readings::Reading;
pub use rules::{COMMENTS_MAX, Command, DOUBTS_MAX, Refusal, offered};
pub use view::{Comment, Form, FormState, FormVersion, Mapped, Submission, SubmissionState};

use crate::DossierSection;

/// Figures of the place, the latest first.
pub const READINGS_DOSSIER: DossierSection =
    DossierSection { room: "surveys", view: "readings", columns: &["title", "value", "on", "withdrawn"], sort: "-on" };

/// What was filled in about the place, the latest first.
pub const SUBMISSIONS_DOSSIER: DossierSection =
    DossierSection { room: "surveys", view: "submissions", columns: &["form_id", "state", "received_on"], sort: "-received_ms" };
