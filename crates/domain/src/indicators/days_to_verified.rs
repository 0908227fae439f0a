//! Days from finding to verified fix, on average over the fixes verified within a year; whole days.

use super::*;

/// See the module.
pub const INDICATOR: Indicator = Indicator {
    name: "days_to_verified",
    unit: Unit::Days,
    better: Better::Less,
    formula: Formula::Mean {
        of: Selection {
            view: "problems",
            conditions: &[Condition::From("days_to_verified", 0), Condition::Since("verified_on", YEAR)],
        },
        column: "days_to_verified",
    },
    levels: &Level::ALL,
    source: "Rows of the view of problems: calendar days between the day of finding and the day of verification.",
    missing: "Problems that are not yet verified are left out. Missing where nothing was verified within a year.",
    uncertainty: "Too favourable while hard cases are still open, and a mean is drawn by a few long ones; numerator (days) and denominator (fixes) stand beside it. Fields differ: compare like with like.",
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
        // 11, 24 and 35 days: 70 in 3, which is 23.3.
        assert_eq!(value(&INDICATOR, &year, QINGXI), (70, Some(3), Some(23)));
        // 11 and 24: 17.5, rounded up.
        assert_eq!(value(&INDICATOR, &year, SHANGWU), (35, Some(2), Some(18)));
        // Nothing verified.
        assert_eq!(value(&INDICATOR, &year, XIKOU), (0, Some(0), None));
    }
}
