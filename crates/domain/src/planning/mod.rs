//! Planning: what kinds of works there are, what each class of village should have, what is wanting in which village, and what the
//! villagers said of it.
//!
//! Words: *catalogue* 工程目录 (rule `planning.catalogue`: kinds of works with their unit, standards, cost, order and upkeep),
//! *standard* 建设标准 (rule `planning.standards`: what a village of a class should have), *need* 需求 (what is missing of it; worked out
//! from figures, counts and problems, recorded nowhere), *brief* 规划任务书 (what a plan has to keep to, version by version),
//! *plan* 规划方案 (a proposal of the planner, with a bound on how far from the best it is; no blueprint 蓝图 yet), *wishes* 意愿 (how many were asked about a work, and how many were for it).
//! Invariants: `seen-before-said`: where somebody from outside the village saw a figure, a need rests on that and shows what was said
//! beside it; `denominators-never-shrink-silently`: a need whose denominator shrank is worked out with the larger one.
//! Units: money in fen, whole units of the catalogue, hours of labour, years.
//! Deliberately absent: a starting catalogue. What works cost is local, and invented costs would pass for real ones.
//! Start reading at [`needs::of_village`].

mod brief;
mod catalogue;
mod facts;
pub mod needs;
mod rules;
#[cfg(test)]
pub(crate) mod tests;
mod view;

pub use brief::*;
pub use catalogue::*;
pub use facts::*;
pub use rules::{Command, PHOTOS_MAX, Refusal};
pub use view::{BriefRow, BriefVersion, PlanRow, Wish, Wishes};
