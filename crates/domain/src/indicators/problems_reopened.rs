//! Of the problems reported within a year and taken up: those where a fix did not hold or a claim was rejected.

use super::*;

/// See the module.
pub const INDICATOR: Indicator = Indicator {
    name: "problems_reopened",
    unit: Unit::Percent,
    better: Better::Less,
    formula: Formula::Share {
        of: Selection {
            view: "problems",
            conditions: &[
                Condition::OneOf("state", &["assigned", "claimed", "verified", "confirmed"]),
                Condition::Since("reported_on", YEAR),
                Condition::From("reopened", 1),
            ],
        },
        among: Selection {
            view: "problems",
            conditions: &[
                Condition::OneOf("state", &["assigned", "claimed", "verified", "confirmed"]),
                Condition::Since("reported_on", YEAR),
            ],
        },
    },
    levels: &Level::ALL,
    source: "Rows of the view of problems that are assigned, claimed, verified or confirmed.",
    missing: "Missing where nothing was taken up within a year.",
    uncertainty: "Young problems have had no time to be reopened, so it reads low where much was reported lately. A problem wrongly dismissed and opened again counts as well.",
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
        // 3 and 8, of 1, 2, 3, 4 and 8; 5 is not taken up, 7 dismissed, 6 too old.
        assert_eq!(value(&INDICATOR, &year, QINGXI), (2, Some(5), Some(4000)));
        // 3 and 8, of 3, 4 and 8.
        assert_eq!(value(&INDICATOR, &year, XIAWU), (2, Some(3), Some(6667)));
        // Only 6, which is too old.
        assert_eq!(value(&INDICATOR, &year, XIKOU), (0, Some(0), None));
    }
}
