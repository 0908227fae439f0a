//! Estimates from samples that were drawn by design, with variances that follow from the design.
//!
//! * [`Design`]: stratified samples in one or two stages; mean, total, ratio, domain, difference and regression estimators with
//!   linearised variances (Särndal, Swensson and Wretman, *Model Assisted Survey Sampling*, 1992, chapters 4–6); jackknife;
//!   Rao–Wu bootstrap where primary units are few.
//! * [`by_probability`]: unequal probabilities (Horvitz and Thompson 1952; Hájek 1971).
//! * [`proportion_logit`], [`proportion_exact`]: intervals of proportions.
//! * [`fay_herriot`]: model-based estimates for small areas; for maps and planning, **never to be ranked**.
//! * [`audit`]: self-reports corrected by a drawn audit.
//!
//! An estimate carries variance and degrees of freedom; a bare number has no type here.

mod audit;
mod bootstrap;
mod design;
mod fay_herriot;
mod probability;
mod proportion;

pub use audit::{Audit, Overstated, audit, calibration};
pub use bootstrap::rao_wu;
pub use design::{Design, Lonely, Row, Stages};
pub use fay_herriot::{FayHerriot, Method, fay_herriot};
pub use probability::{ByProbability, by_probability, local_mean_variance};
pub use proportion::{proportion_exact, proportion_logit};

use crate::special::t_quantile;

/// A number with its uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimate, in the unit of the values.
    pub value: f64,
    /// Its variance, in the square of that unit.
    pub variance: f64,
    /// Degrees of freedom of the variance (primary units less strata).
    pub df: f64,
}

impl Estimate {
    /// Standard error.
    pub fn se(&self) -> f64 {
        self.variance.max(0.0).sqrt()
    }

    /// t interval at `level`, such as 0.95.
    pub fn interval(&self, level: f64) -> (f64, f64) {
        let t = t_quantile(0.5 + 0.5 * level, self.df);
        (self.value - t * self.se(), self.value + t * self.se())
    }
}

#[cfg(test)]
mod tests;
