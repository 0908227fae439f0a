//! Public draws that anybody can check: QW-DRAW-1, and RFC 3797 as a compatible mode.
//!
//! The organiser freezes and publishes frame, plan and a commitment to a secret **before** a public beacon (a lottery result, a
//! drand round) exists. Afterwards, with `lp(a, b, …)` = for each part its length as big-endian u32, then its bytes:
//!
//! * `commitment = SHA-256(lp("QW-COMMIT-1", secret))`
//! * `seed = SHA-256(lp("QW-DRAW-1", draw id, frame hash, plan hash, secret, beacon…))`
//! * `ticket = HMAC-SHA-256(seed, lp(label, unit id))`
//!
//! The secret keeps the list unknown before inspectors leave; the beacon keeps the organiser from choosing; both are needed.
//! Methods: the n smallest tickets of each stratum (simple random sampling), systematic sampling with probabilities in
//! proportion to size in ticket order (integer arithmetic, exact probabilities), Pareto order sampling (Rosén, J. Statist.
//! Plann. Inference 62 (1997) 159–191), spatially balanced LPM2 (Grafström, Lundström and Schelin, Biometrics 68 (2012)
//! 514–520). Integers and + − × ÷ on doubles only, so that a page in a browser comes to the same bits.
//!
//! Start reading at [`run()`]; [`verify()`] does it all again from what was published. What a villager needs is [`standing`].
//! No randomness is made here: secret and coefficients of shares are handed in.

mod assign;
mod bytes;
mod frame;
mod lpm2;
mod plan;
mod pps;
mod record;
mod refusal;
pub mod rfc3797;
mod run;
pub mod shares;
mod srs;

pub use assign::{Inspector, assign};
pub use bytes::{Seed, commitment, drand_randomness, length_prefixed, sha256, uniform_of};
pub use frame::{Frame, Unit};
pub use lpm2::{Balanced, balanced};
pub use plan::{Method, Plan};
pub use pps::{Fraction, Probabilities, pareto, pareto_probabilities, probabilities, systematic};
pub use record::{Outcome, Published, Record, Standing, Times, check_times, standing, verify};
pub use refusal::DrawRefusal;
pub use run::{Given, run};
pub use srs::smallest_tickets;

#[cfg(test)]
mod tests;
