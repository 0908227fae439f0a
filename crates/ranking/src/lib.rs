//! Honest comparisons: public draws, estimates with their uncertainty, inspector severity, screens, indices and ranks.
//!
//! Numbers in, numbers out: no files, clock, network, randomness or threads in here. Seeds, secrets and times are handed in; a simulation
//! gives the same answer on every platform, for any number of threads and any order of input.
//!
//! * [`draw`]: draws that anybody can check (QW-DRAW-1, RFC 3797), exact inclusion probabilities, shares of the secret.
//! * [`estimate`]: what a sample says of a place, with a variance that follows from how it was drawn.
//! * [`raters`]: what an inspector adds to a score, and whether scores can be compared.
//! * [`screens`]: figures that call for a second look, with the false-discovery rate held.
//! * [`index`]: many indicators in one, and what hangs on the weights.
//! * [`ranks`]: who can be shown above whom, who could be last, and when anybody may be called to account for it.
//! * [`special`]: distribution functions.
//!
//! "The data do not say who is last" is an ordinary answer. Bad input gives a [`Refusal`] (or [`draw::DrawRefusal`]) with a stable code and
//! named arguments. Sources stand with each function; the formulas are written from the papers.
#![cfg_attr(test, allow(clippy::unwrap_used))]
// Comparisons of the form !(x > 0) refuse NaN along with what is too small.
#![allow(clippy::neg_cmp_op_on_partial_ord)]

pub mod draw;
pub mod estimate;
pub mod index;
mod matrix;
pub mod ranks;
pub mod raters;
mod refusal;
pub mod screens;
pub mod special;

pub use refusal::Refusal;
