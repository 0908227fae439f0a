//! Feasible plans: one column for every village, the money of every county proven to suffice.

mod county;
mod flow;
mod funds;
mod search;

pub(crate) use flow::{allot, demand};
pub(crate) use funds::{Change, Funds, Source};
pub(crate) use search::{Draft, Primal, Schedule};
