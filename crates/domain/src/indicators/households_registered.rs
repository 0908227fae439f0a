//! Registered households 户籍户数 of the villages, latest counts.

use super::*;

/// See the module.
pub const INDICATOR: Indicator = Indicator {
    name: "households_registered",
    unit: Unit::Households,
    better: Better::Neither,
    formula: Formula::Sum {
        of: Selection {
            view: "places",
            conditions: &[
                Condition::OneOf("level", &["village"]),
                Condition::OneOf("closed", &["0"]),
                Condition::From("households_registered", 0),
            ],
        },
        column: "households_registered",
    },
    levels: &Level::ALL,
    source: "Denominators recorded for villages, the latest day of each.",
    missing: "A village without a count adds nothing, so that the sum is too small; the denominator says how many villages were counted. Missing where none was.",
    uncertainty: "Counted on different days by different hands: the view of counts has day and method. What shrank is marked in denominators_shrunk.",
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
        // Shangwu 173 and Xiawu 120; Qiaotou has not been counted.
        assert_eq!(value(&INDICATOR, &year, QINGXI), (293, Some(2), Some(293)));
        // One village.
        assert_eq!(value(&INDICATOR, &year, XIAWU), (120, Some(1), Some(120)));
        // Nobody has counted: missing, not zero.
        assert_eq!(value(&INDICATOR, &year, XIKOU), (0, Some(0), None));
    }
}
