//! The Lagrangian dual: prices on the shared money, on the demonstration share and on the split of each bonus between its two ends.
//!
//! At any prices ≥ 0 the sum of the villages' best plans plus the value of the money is an upper bound of every plan's objective. The
//! bound is taken by exact passes over the villages; between passes the plans seen so far (*columns*) stand in for the villages.

mod cache;
mod descent;
mod prices;
mod search;

pub(crate) use prices::Prices;
pub(crate) use search::{Dual, item_values};
