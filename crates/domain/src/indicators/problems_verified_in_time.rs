//! Of the fixes verified within a year: those claimed by the first day that was set, and at the first attempt.

use super::*;

/// See the module.
pub const INDICATOR: Indicator = Indicator {
    name: "problems_verified_in_time",
    unit: Unit::Percent,
    better: Better::More,
    formula: Formula::Share {
        of: Selection {
            view: "problems",
            conditions: &[Condition::OneOf("in_time", &["1"]), Condition::Since("verified_on", YEAR)],
        },
        among: Selection {
            view: "problems",
            conditions: &[Condition::OneOf("in_time", &["0", "1"]), Condition::Since("verified_on", YEAR)],
        },
    },
    levels: &Level::ALL,
    source: "Rows of the view of problems; whether in time is decided by the fold when the fix is verified.",
    missing: "Missing where nothing was verified within a year.",
    uncertainty: "Says nothing of problems still waiting: read it beside problems_overdue. Time that the verifier took is not counted against the fixer. With fewer than some thirty fixes a few cases move it by many points.",
};

#[cfg(test)]
mod tests {
    use super::{
        super::example::{value, year},
        INDICATOR,
    };
    use crate::scenes::*;

    #[test]
    fn worked_by_hand() {
        let year = year();
        // 1 was; 2 was claimed after its day, 3 was rejected once. 8 is open again. One of three.
        assert_eq!(value(&INDICATOR, &year, QINGXI), (1, Some(3), Some(3333)));
        // 1 and 2.
        assert_eq!(value(&INDICATOR, &year, SHANGWU), (1, Some(2), Some(5000)));
        // Nothing verified: missing, not zero.
        assert_eq!(value(&INDICATOR, &year, XIKOU), (0, Some(0), None));
    }
}
