//! Private persons: who has left particulars, for what, and what was done with them. No particular stands here.
//!
//! Words: *particulars* (name, telephone, identity number of a private person; they lie sealed beside the log, see
//! `store::particulars`), *unmask* (show them in full, for a reason that is recorded first), *erase* (for good).
//! Invariants: `particulars-stay-beside` (facts carry an id and a salted digest alone), `unmasked-is-recorded`,
//! `erased-is-gone`. Start reading at [`Particulars`], then [`Command`].

mod facts;
mod mask;
mod rules;
#[cfg(test)]
pub(crate) mod tests;
mod view;

pub use facts::*;
pub use mask::{mask_id_number, mask_name, mask_numbers, mask_telephone, names_numbers};
pub use rules::{Command, REASON_WORDS_MIN, Refusal};
pub use view::{Person, PersonState};
