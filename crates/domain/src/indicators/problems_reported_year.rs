//! Problems reported since New Year, whatever became of them.

use super::*;

/// See the module.
pub const INDICATOR: Indicator = Indicator {
    name: "problems_reported_year",
    unit: Unit::Count,
    better: Better::Neither,
    formula: Formula::Count(Selection { view: "problems", conditions: &[Condition::Since("reported_on", MovingDay::NewYear)] }),
    levels: &Level::ALL,
    source: "Rows of the view of problems by the day on which they were found.",
    missing: "What is found and not reported is not known.",
    uncertainty: "A report may name an earlier day, so that last year's number still grows a little in January. Duplicates count until they are merged, and after.",
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
        // All but 6, which is from last year.
        assert_eq!(value(&INDICATOR, &year, QINGXI), (7, None, Some(7)));
        // 1, 2 and 7.
        assert_eq!(value(&INDICATOR, &year, SHANGWU), (3, None, Some(3)));
    }
}
