//! Inspectors: who is severe, whether they agree, and whether scores can be compared at all.
//!
//! * [`two_way`]: score = unit + severity + error by least squares, severities adding up to zero: unbiased, and every score's
//!   correction can be shown. This is what is published; it refuses where inspectors and units fall into groups without a link.
//! * [`variance_components`]: the same with random effects (REML), to learn how much inspectors differ. Its predictions are shrunk
//!   and must not be ranked.
//! * [`interaction`]: does an inspector favour a county? No correction for severity shows that.
//! * [`rasch`]: items passed or failed, by the many-facet Rasch model.
//! * [`krippendorff`], [`icc`], [`raw_agreement`]: how far inspectors agree.

mod agreement;
mod graph;
mod interaction;
mod rasch;
mod reml;
mod two_way;

pub use agreement::{Icc, Metric, icc, krippendorff, krippendorff_interval, raw_agreement};
pub use graph::components;
pub use interaction::{Cell, Interaction, interaction};
pub use rasch::{Answer, Rasch, rasch};
pub use reml::{Components, variance_components};
pub use two_way::{TwoWay, two_way};

/// One score: units and inspectors are numbered from 0 without gaps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// The unit (a visit's village, or a county).
    pub unit: usize,
    /// The inspector.
    pub inspector: usize,
    /// What he gave.
    pub score: f64,
}

#[cfg(test)]
mod tests;
