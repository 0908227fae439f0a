//! Problems reported within a year for each thousand registered households.

use super::*;

/// See the module.
pub const INDICATOR: Indicator = Indicator {
    name: "problems_per_thousand_households",
    unit: Unit::PerThousand,
    better: Better::Neither,
    formula: Formula::Per {
        of: Selection { view: "problems", conditions: &[Condition::Since("reported_on", YEAR)] },
        column: "households_registered",
        per: 1000,
    },
    levels: &Level::ALL,
    source: "Rows of the view of problems over the latest registered households of the villages.",
    missing: "Missing where any village of the area has no count: a part of the denominator would make the rate too high.",
    uncertainty: "Small villages swing widely: in one of 100 households each problem is 10. Where many have moved away, registered households are more than live there. A denominator that shrank raises the rate; look at denominators_shrunk.",
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
        // 1, 2, 3, 4, 7 and 8 over 173 + 120 households; the town's own 999 is no village's.
        assert_eq!(value(&INDICATOR, &year, YUNLING), (6, Some(293), Some(20)));
        // 3, 4 and 8.
        assert_eq!(value(&INDICATOR, &year, XIAWU), (3, Some(120), Some(25)));
        // Qiaotou has not been counted, so the county's is missing.
        assert_eq!(value(&INDICATOR, &year, QINGXI), (7, Some(0), None));
    }
}
