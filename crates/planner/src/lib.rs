//! Planner.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod check;
pub mod clash;
pub mod demands;
mod dual;
pub mod error;
mod exact;
pub mod explain;
pub mod instance;
pub mod memory;
mod model;
pub mod mps;
mod parallel;
pub mod plan;
mod primal;
mod random;
pub mod solve;
mod village;
