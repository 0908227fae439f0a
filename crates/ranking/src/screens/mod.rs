//! Screens: figures that look odd. **They trigger a check, never a penalty**, and audits that they trigger are kept apart from the
//! random ones, which alone have inclusion probabilities. A failed test is no evidence of fraud, a passed one none of honesty.
//!
//! Many tests on many villages: control the false discovery rate with [`benjamini_hochberg`], or [`benjamini_yekutieli`] where tests
//! depend on each other; 25,547 villages with 8 screens at 1 % would give some 2,000 false alarms.

mod copies;
mod digits;
mod multiplicity;
mod places;
mod thresholds;

pub use copies::{Copies, copies, similar, too_even};
pub use digits::{FirstDigits, LastDigits, first_digits, last_digits};
pub use multiplicity::{benjamini_hochberg, benjamini_yekutieli, flagged, holm};
pub use places::{dhash, great_circle_m, hamming, speeds};
pub use thresholds::{Bunching, Heaping, bunching, heaping, perfect_share};

#[cfg(test)]
mod tests;
