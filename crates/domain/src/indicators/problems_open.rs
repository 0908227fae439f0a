//! Problems that wait for somebody to do something.

use super::*;

/// See the module.
pub const INDICATOR: Indicator = Indicator {
    name: "problems_open",
    unit: Unit::Count,
    better: Better::Less,
    formula: Formula::Count(Selection { view: "problems", conditions: &[Condition::OneOf("open", &["1"])] }),
    levels: &Level::ALL,
    source: "Rows of the view of problems in the states reported, assigned and claimed.",
    missing: "None: a village where nobody reports has zero, which is not the same as having no problems.",
    uncertainty: "Counts what was reported. More reports can mean more trust; read it beside problems_by_villagers and problems_per_thousand_households.",
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
        // 4, 5, 6 and 8.
        assert_eq!(value(&INDICATOR, &year, QINGXI), (4, None, Some(4)));
        // 4 and 8.
        assert_eq!(value(&INDICATOR, &year, XIAWU), (2, None, Some(2)));
        // Nothing open in this village.
        assert_eq!(value(&INDICATOR, &year, SHANGWU), (0, None, Some(0)));
    }
}
