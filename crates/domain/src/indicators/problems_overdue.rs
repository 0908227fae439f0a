//! Open problems whose day has passed: the post's, the verifier's or the answering head's.

use super::*;

/// See the module.
pub const INDICATOR: Indicator = Indicator {
    name: "problems_overdue",
    unit: Unit::Count,
    better: Better::Less,
    formula: Formula::Count(Selection {
        view: "problems",
        conditions: &[Condition::OneOf("open", &["1"]), Condition::Before("due", MovingDay::Today)],
    }),
    levels: &Level::ALL,
    source: "Rows of the view of problems; the day is the one that the rule, a triager or a head has set.",
    missing: "A problem that nobody has triaged has no day and is not overdue; look at problems_open for it.",
    uncertainty: "Exact on its day. A day that is moved makes a problem punctual again; the log shows who moved it, and problems_verified_in_time holds to the first day.",
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
        // 4; 5 has no day, 6 and 8 have days to come.
        assert_eq!(value(&INDICATOR, &year, QINGXI), (1, None, Some(1)));
        // Those of Xikou are not late.
        assert_eq!(value(&INDICATOR, &year, XIKOU), (0, None, Some(0)));
    }
}
