//! Of the problems reported within a year: those that villagers reported themselves.

use super::*;

/// See the module.
pub const INDICATOR: Indicator = Indicator {
    name: "problems_by_villagers",
    unit: Unit::Percent,
    better: Better::Neither,
    formula: Formula::Share {
        of: Selection {
            view: "problems",
            conditions: &[Condition::OneOf("channel", &["villager"]), Condition::Since("reported_on", YEAR)],
        },
        among: Selection { view: "problems", conditions: &[Condition::Since("reported_on", YEAR)] },
    },
    levels: &Level::ALL,
    source: "Rows of the view of problems by the channel of the report.",
    missing: "Missing where nothing was reported within a year.",
    uncertainty: "An official who writes down what a villager says counts as an official. Low can mean that officials look first, or that nobody knows the public page: no target may be set on it.",
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
        // 1, 3, 5, 7 and 8 of seven; 6 is too old.
        assert_eq!(value(&INDICATOR, &year, QINGXI), (5, Some(7), Some(7143)));
        // Only 5.
        assert_eq!(value(&INDICATOR, &year, XIKOU), (1, Some(1), Some(10000)));
    }
}
