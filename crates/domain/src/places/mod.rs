//! Places: five levels with a stable identity and dated codes, names, classes, grades and denominators.
//!
//! Words: *place*, *division code*, *kind*, *class*, *grade*, *stage*, *denominator* (see `docs/glossary.md`).
//! Source of the code rules: the statistical division code (12 digits: 2 province, 2 city, 2 county, 3 township,
//! 3 village); of the classes: the rural revitalisation strategy plan 2018–2022.
//! Invariants: `identity-outlives-code`, `denominators-never-shrink-silently`.
//! Start reading at [`Place`], then `rules.rs`.

mod facts;
mod import;
mod rules;
#[cfg(test)]
pub(crate) mod tests;
mod view;

pub use facts::*;
pub use import::{ImportChange, ImportDetail, ImportRefusal, ImportRow, RegisterImport};
pub use rules::{COUNT_MAX, Command, Refusal};
pub use view::{Code, CountValue, Counts, KnownOn, Place, Shrunk};

use crate::DossierSection;

/// What this room adds to the dossier of a place.
pub const DOSSIER: DossierSection =
    DossierSection { room: "places", view: "counts", columns: &["what", "value", "on", "method", "shrunk"], sort: "-on" };
