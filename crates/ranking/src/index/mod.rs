//! The composite index: goalposts, weights, aggregation, missing data, and how much of it hangs on the weights.
//!
//! Normalise by goalposts fixed before the year: with the year's own minimum and maximum a unit's score would depend on who
//! else takes part. Essentials are joined by the geometric mean (nobody buys off a failed item), the rest by the arithmetic
//! mean. Missing is never zero and never silently the mean: see [`Missing`]. Sources: OECD/JRC, *Handbook on Constructing
//! Composite Indicators* (2008); Saisana, Saltelli and Tarantola, J. R. Statist. Soc. A 168 (2005) 307–323.
//!
//! Start reading at [`composite`]; [`WeightBox`] for what holds under every admissible weight, [`sensitivity`] for the rest.

mod aggregate;
mod normalise;
mod sensitivity;
mod weights;

pub use aggregate::{Aggregation, Composite, Group, Missing, arithmetic, composite, geometric, harmonic};
pub use normalise::{Goalposts, copeland, kurtosis, min_max, ranks_of_ties, skewness, z_scores};
pub use sensitivity::{Sensitivity, sensitivity};
pub use weights::{Dominance, WeightBox, correlation_ratio};

#[cfg(test)]
mod tests;
