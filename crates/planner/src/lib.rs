//! Which village does which works to which standard in which year, and whose money pays: plans with a proven bound.
//!
//! Numbers in, numbers out: an [`instance::Instance`] in the exchange format `qw-plan-1` and [`demands::Demands`] go in, a
//! [`plan::Plan`] comes out with its objective, a bound that no plan can pass, and the prices that prove it.
//!
//! # The problem
//! Choose at most one option (level, year) for each village and needed work, so that the discounted benefit and the bonus for
//! neighbours that do the same work in the same year are largest, while prerequisites with their lags, the yearly construction load and
//! labour, collective money saved up, shares and caps of shared pools (annual or carried over) and the demonstration share hold.
//! The seven rules are in [`check`]; the same model as text for outside solvers is in [`mps`].
//!
//! # How it is solved
//! * [Lagrangian relaxation](https://en.wikipedia.org/wiki/Lagrangian_relaxation) of the shared money, the demonstration share and the
//!   bonus (split between the two ends of an edge): what is left falls apart into villages, each of which is solved exactly by a walk over
//!   the years with the set of works done as the state (module `village`). The bound is stronger than that of the linear relaxation, since
//!   the villages are not convexified. Geoffrion 1974; for pavements Karabakal, Bean and Lohmann 1994.
//! * The dual is minimised over the village plans seen so far (columns), with soft maxima (Nesterov 2005) that harden step by step, by
//!   projected L-BFGS, held near the best prices (module `dual`). Exact passes between give valid bounds and new columns.
//! * Plans come from annealing over columns, also those a little off the best of each village, first with money dearer than its price so
//!   that villages can still trade, then ever cheaper; what the money does not allow one village, another may make room for.
//!   Whether a county can pay is decided exactly in integers for every move by the sets of exhausted pools (module `primal`): the theorem of
//!   Ford and Fulkerson. Counties anneal in parallel; money of wider pools is set aside for them and dealt out anew between rounds.
//! * Up to some thirty villages, branch and bound with the same bound in every node, and enumeration of what is left where little is
//!   (modules `exact`, `enumerate`), until plan and bound meet or the nodes allowed are used up.
//! * Every plan is split over the pools by a maximum flow in whole units and checked by [`check`], which shares nothing with the search.
//!
//! # Invariants
//! The same seed and effort give the same plan, whatever the number of threads and the order of villages and pools in the input (unless a
//! limit in seconds or the caller stops the search). The bound is valid whatever was cut short. A plan that breaks a rule is never handed out.
//!
//! # Where to start reading
//! [`solve::solve`], then `model` (the instance made ready), `dual::search`, `primal::search`. [`explain`] answers why; [`clash`] says
//! which demands cannot be met together; [`memory`] carries prices and columns over to the next search; [`keep`] holds on
//! to a former plan and says what moved.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod check;
pub mod clash;
pub mod demands;
mod dual;
mod enumerate;
pub mod error;
mod exact;
pub mod explain;
pub mod instance;
pub mod keep;
pub mod memory;
mod model;
pub mod mps;
mod parallel;
pub mod plan;
mod primal;
mod random;
pub mod solve;
mod village;
