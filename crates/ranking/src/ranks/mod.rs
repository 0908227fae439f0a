//! Ranks with their uncertainty: who can be shown above whom, who could be last.
//!
//! Rank 1 is the largest true value: rank_j = 1 + #{k: θ_k > θ_j}. Estimates x with standard errors se; j is **shown above** k
//! if x_j − x_k > c·√(se_j² + se_k²); then L_j = 1 + #{k shown above j} and U_j = p − #{k that j is shown above}.
//!
//! * [`tukey_constant`], [`simultaneous`]: the official sets. Deterministic, anybody can recompute them. All intervals hold
//!   together with probability ≥ level for independent normal estimates, also of unequal precision (Tukey 1953; Hayter, Ann.
//!   Statist. 12 (1984) 61–75). Where standard errors rest on few primary units: [`few_units`].
//! * [`step_down`]: the refinement by simulation (Mogstad, Romano, Shaikh and Wilhelm, Rev. Econ. Stud. 91 (2024) 476–518);
//!   [`step_down_correlated`] for correlated estimates.
//! * [`could_be_last`], [`could_be_first`]: the smallest sets that hold the true last (first) with probability ≥ level (Gupta,
//!   Technometrics 7 (1965) 225–245; Hsu, Ann. Statist. 9 (1981) 1026–1034). No statement about any one member.
//! * [`marginal`]: one unit's own rank; a table of such sets is no joint statement.
//! * [`multinomial`]: ranks of counts of one population that chooses between categories.
//! * [`summons`]: who, if anybody, the data single out as last under every admissible weight.
//!
//! Never rank estimates that were shrunk towards a model (Fay–Herriot): poor places are pulled up to what their covariates
//! predict. Nothing here depends on the order of input, on the clock or on the number of threads.

mod correlated;
mod counting;
mod few;
mod last;
mod marginal;
mod multinomial;
mod normals;
mod stepdown;
mod summons;
mod tukey;

pub use correlated::{CorrelatedStepDown, could_be_last_correlated, step_down_correlated};
pub use few::few_units;
pub use last::{Candidate, could_be_first, could_be_last, critical_value, sidak_constant};
pub use marginal::{Marginal, marginal};
pub use multinomial::{Correction, multinomial, multinomial_marginal};
pub use normals::{Draws, Here, Normals, Spread};
pub use stepdown::{StepDown, step_down};
pub use summons::{Look, Scheme, SummonsRule, Verdict, second_look, summons};
pub use tukey::{range_cdf, studentized_range_constant, tukey_constant};

use crate::refusal::{Refusal, finite, same_length};

/// Independent estimates with their standard errors, in the order of input.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimates {
    x: Vec<f64>,
    se: Vec<f64>,
}

impl Estimates {
    /// At least two units; all finite; every standard error above 0 (a unit whose score was not measured with a known error has
    /// no place in a ranking).
    pub fn new(x: Vec<f64>, se: Vec<f64>) -> Result<Estimates, Refusal> {
        match x.len() {
            0 => return Err(Refusal::NothingGiven {}),
            1 => return Err(Refusal::OneUnit {}),
            _ => {}
        }
        same_length("standard errors", se.len(), x.len())?;
        finite("estimate", &x)?;
        finite("standard error", &se)?;
        match se.iter().position(|s| *s <= 0.0) {
            Some(index) => Err(Refusal::NoStandardError { index, value: se[index] }),
            None => Ok(Estimates { x, se }),
        }
    }

    /// How many units.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.x.len()
    }

    /// The estimates.
    pub fn x(&self) -> &[f64] {
        &self.x
    }

    /// Their standard errors.
    pub fn se(&self) -> &[f64] {
        &self.se
    }

    /// The same with all estimates negated: last becomes first.
    pub fn reversed(&self) -> Estimates {
        Estimates { x: self.x.iter().map(|x| -x).collect(), se: self.se.clone() }
    }

    /// The estimates of some units, in that order.
    pub fn of(&self, places: &[usize]) -> Result<Estimates, Refusal> {
        if let Some(place) = places.iter().find(|p| **p >= self.len()) {
            return Err(Refusal::OutOfRange { what: "unit", index: *place, value: *place as f64 });
        }
        Estimates::new(places.iter().map(|i| self.x[*i]).collect(), places.iter().map(|i| self.se[*i]).collect())
    }
}

/// The ranks that a unit can have, both included; 1 is the largest value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The best rank.
    pub best: usize,
    /// The worst rank.
    pub worst: usize,
}

/// Rank bounds for a given critical value (such as [`tukey_constant`]): whoever is shown above whom at distance `c`.
pub fn simultaneous(estimates: &Estimates, c: f64) -> Vec<Bounds> {
    counting::bounds(&estimates.x, &estimates.se, c)
}

/// The official sets: [`simultaneous`] with Tukey's constant. `level` such as 0.95.
pub fn official(estimates: &Estimates, level: f64) -> Result<Vec<Bounds>, Refusal> {
    Ok(simultaneous(estimates, tukey_constant(estimates.len(), level)?))
}

/// Places of the units that could be among the last `tau` (simultaneously with the bounds' level).
pub fn could_be_among_last(bounds: &[Bounds], tau: usize) -> Vec<usize> {
    let p = bounds.len();
    (0..p).filter(|j| bounds[*j].worst + tau > p).collect()
}

/// Places of the units that could be among the first `tau`.
pub fn could_be_among_first(bounds: &[Bounds], tau: usize) -> Vec<usize> {
    (0..bounds.len()).filter(|j| bounds[*j].best <= tau).collect()
}

/// Places of the units that surely are among the last `tau`.
pub fn surely_among_last(bounds: &[Bounds], tau: usize) -> Vec<usize> {
    let p = bounds.len();
    (0..p).filter(|j| bounds[*j].best + tau > p).collect()
}

/// Point ranks: 1 + how many are strictly larger. Never shown without their bounds.
pub fn point_ranks(x: &[f64]) -> Vec<usize> {
    let mut sorted = x.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    x.iter().map(|v| 1 + x.len() - sorted.partition_point(|s| s <= v)).collect()
}

#[cfg(test)]
mod tests;
