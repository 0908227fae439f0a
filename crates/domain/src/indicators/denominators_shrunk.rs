//! Villages in which a denominator now stands below an earlier one.

use super::*;

/// See the module.
pub const INDICATOR: Indicator = Indicator {
    name: "denominators_shrunk",
    unit: Unit::Count,
    better: Better::Less,
    formula: Formula::Count(Selection {
        view: "places",
        conditions: &[
            Condition::OneOf("level", &["village"]),
            Condition::OneOf("closed", &["0"]),
            Condition::OneOf("shrunk", &["1"]),
        ],
    }),
    levels: &Level::ALL,
    source: "The marks that the fold leaves on places, as denominators never shrink silently.",
    missing: "None: a village that was counted once cannot have shrunk.",
    uncertainty: "A mark is a question, not a fault: people move away, and mistakes are put right. It stays until the number is back.",
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
        // Shangwu went from 238 to 173.
        assert_eq!(value(&INDICATOR, &year, QINGXI), (1, None, Some(1)));
        // Xiawu did not.
        assert_eq!(value(&INDICATOR, &year, XIAWU), (0, None, Some(0)));
    }
}
