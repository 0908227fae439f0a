//! Indicators: what is counted, compared and drawn on maps. One file each, and one line in [`ALL`].
//!
//! An indicator is data; the server counts the rows that a [`Selection`] names, by place, and [`evaluate`] does the rest.
//! Words: *numerator*, *denominator*, *missing* (there is nothing to divide by, or nobody has counted: never zero).
//! Places that have ceased to be are not counted. Villages alone carry denominators, so that no household counts twice.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{basics::Day, places::Level};

mod days_to_verified;
mod denominators_shrunk;
#[cfg(test)]
mod example;
mod households_registered;
mod households_resident;
mod problems_by_villagers;
mod problems_open;
mod problems_overdue;
mod problems_per_thousand_households;
mod problems_reopened;
mod problems_reported_year;
mod problems_verified_in_time;

/// The catalogue, in the order in which it is shown.
pub const ALL: &[&Indicator] = &[
    &problems_open::INDICATOR,
    &problems_overdue::INDICATOR,
    &problems_reported_year::INDICATOR,
    &problems_verified_in_time::INDICATOR,
    &problems_reopened::INDICATOR,
    &days_to_verified::INDICATOR,
    &problems_by_villagers::INDICATOR,
    &problems_per_thousand_households::INDICATOR,
    &households_registered::INDICATOR,
    &households_resident::INDICATOR,
    &denominators_shrunk::INDICATOR,
];

/// One indicator with what a reader has to know to use it fairly.
#[derive(Debug)]
pub struct Indicator {
    /// Stable word, in URLs and locale files (`indicator.problems_open`).
    pub name: &'static str,
    /// What a value is a number of.
    pub unit: Unit,
    /// Which way is good.
    pub better: Better,
    /// How it is worked out.
    pub formula: Formula,
    /// Levels at which it says something.
    pub levels: &'static [Level],
    /// Where the numbers come from, in English, for the catalogue.
    pub source: &'static str,
    /// What missing data do to it.
    pub missing: &'static str,
    /// How far it can be trusted, and how it might mislead.
    pub uncertainty: &'static str,
}

/// What a value is a number of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Things.
    Count,
    /// A share in basis points: 7272 is 72.72 %.
    Percent,
    /// Whole days.
    Days,
    /// Households.
    Households,
    /// Things for each thousand.
    PerThousand,
}

impl Unit {
    /// Every unit.
    pub const ALL: [Unit; 5] = [Unit::Count, Unit::Percent, Unit::Days, Unit::Households, Unit::PerThousand];
}

/// Which way is good. Where neither is, no colour and no order may say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// The more the better.
    More,
    /// The less the better.
    Less,
    /// It describes.
    Neither,
}

/// Rows of a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selection {
    /// Name of the view.
    pub view: &'static str,
    /// All of these hold.
    pub conditions: &'static [Condition],
}

/// A condition on a declared column. A row that has nothing in the column meets none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// One of these words; flags are `0` and `1`.
    OneOf(&'static str, &'static [&'static str]),
    /// At least this number.
    From(&'static str, i64),
    /// On this day or later.
    Since(&'static str, MovingDay),
    /// Before this day.
    Before(&'static str, MovingDay),
}

impl Condition {
    /// The column.
    pub fn column(&self) -> &'static str {
        match self {
            Condition::OneOf(column, _)
            | Condition::From(column, _)
            | Condition::Since(column, _)
            | Condition::Before(column, _) => column,
        }
    }
}

/// A day that moves with the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovingDay {
    /// Today.
    Today,
    /// The first day of this year.
    NewYear,
    /// So many days before today.
    DaysAgo(u16),
}

impl MovingDay {
    /// Which day that is.
    pub fn on(self, today: Day) -> Day {
        match self {
            MovingDay::Today => today,
            MovingDay::NewYear => Day(today.0.first_of_year()),
            MovingDay::DaysAgo(days) => today.plus(-i64::from(days)),
        }
    }
}

/// How numerator and denominator come about. For each the rows of a place are those at it and below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Formula {
    /// Rows. No denominator.
    Count(Selection),
    /// A number column added up; the denominator is the number of rows that were added.
    Sum {
        /// Rows that have the number.
        of: Selection,
        /// The number.
        column: &'static str,
    },
    /// Rows among others.
    Share {
        /// The rows; all of them are among the others.
        of: Selection,
        /// The others.
        among: Selection,
    },
    /// A number column added up, by the number of rows.
    Mean {
        /// Rows that have the number.
        of: Selection,
        /// The number.
        column: &'static str,
    },
    /// Rows by a number of [`VILLAGES`]. The denominator is zero where any of them lacks the number: a part of the
    /// denominator would make the rate too high.
    Per {
        /// The rows.
        of: Selection,
        /// The number, a column of places.
        column: &'static str,
        /// For each so many.
        per: u32,
    },
}

/// The villages that carry denominators.
pub const VILLAGES: Selection =
    Selection { view: "places", conditions: &[Condition::OneOf("level", &["village"]), Condition::OneOf("closed", &["0"])] };

/// The span of shares and means: long enough for every season, short enough to show a change.
const YEAR: MovingDay = MovingDay::DaysAgo(365);

/// The value in the indicator's unit, rounded half up; nothing where there is nothing to divide by.
pub fn evaluate(formula: &Formula, numerator: i64, denominator: Option<i64>) -> Option<i64> {
    match formula {
        Formula::Count(_) => Some(numerator),
        Formula::Sum { .. } => (denominator != Some(0)).then_some(numerator),
        Formula::Share { .. } => rounded(numerator, 10_000, denominator?),
        Formula::Mean { .. } => rounded(numerator, 1, denominator?),
        Formula::Per { per, .. } => rounded(numerator, (*per).into(), denominator?),
    }
}

/// `numerator × times ÷ denominator`, in 128 bits so that nothing overflows on the way.
fn rounded(numerator: i64, times: i64, denominator: i64) -> Option<i64> {
    let (numerator, denominator) = (i128::from(numerator) * i128::from(times), i128::from(denominator));
    if denominator <= 0 {
        return None;
    }
    i64::try_from((2 * numerator + denominator).div_euclid(2 * denominator)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ViewId,
        basics::{Column, ColumnKind, Filter},
        scenes::day,
    };

    const ANY: Selection = VILLAGES;

    #[test]
    fn arithmetic_rounds_half_up_and_divides_by_nothing_never() {
        let share = Formula::Share { of: ANY, among: ANY };
        let mean = Formula::Mean { of: ANY, column: "x" };
        let per = Formula::Per { of: ANY, column: "x", per: 1000 };
        let sum = Formula::Sum { of: ANY, column: "x" };
        #[rustfmt::skip]
        let cases = [
            ("173 of 238 toilets", share, 173, Some(238), Some(7269)),
            ("none of some", share, 0, Some(5), Some(0)),
            ("all", share, 5, Some(5), Some(10_000)),
            ("none of none", share, 0, Some(0), None),
            ("not asked", share, 3, None, None),
            ("half a day up", mean, 3, Some(2), Some(2)),
            ("under half a day down", mean, 149, Some(100), Some(1)),
            ("less than nothing", mean, -3, Some(2), Some(-1)),
            ("no rows", mean, 0, Some(0), None),
            ("a negative denominator is a defect, not a rate", mean, 3, Some(-2), None),
            ("per thousand", per, 6, Some(293), Some(20)),
            ("nobody counted", per, 6, Some(0), None),
            ("very many", per, i64::MAX, Some(1), None),
            ("very many of very many", share, i64::MAX, Some(i64::MAX), Some(10_000)),
            ("a sum of some", sum, 293, Some(2), Some(293)),
            ("a sum of none is missing, not zero", sum, 0, Some(0), None),
            ("a count", Formula::Count(ANY), 0, None, Some(0)),
        ];
        for (case, formula, numerator, denominator, value) in cases {
            assert_eq!(evaluate(&formula, numerator, denominator), value, "{case}");
        }
    }

    #[test]
    fn days_move_with_the_calendar() {
        let today = day("2026-11-23");
        assert_eq!(MovingDay::Today.on(today), today);
        assert_eq!(MovingDay::NewYear.on(today), day("2026-01-01"));
        assert_eq!(YEAR.on(today), day("2025-11-23"));
        assert_eq!(YEAR.on(day("2024-12-31")), day("2024-01-01"), "a leap year has a day more");
    }

    /// The selections of a formula, each with the number column that is added up.
    fn selections(formula: &Formula) -> Vec<(Selection, Option<&'static str>)> {
        match *formula {
            Formula::Count(of) => vec![(of, None)],
            Formula::Sum { of, column } | Formula::Mean { of, column } => vec![(of, Some(column))],
            Formula::Share { of, among } => vec![(of, None), (among, None)],
            Formula::Per { of, column, .. } => vec![(of, None), (VILLAGES, Some(column))],
        }
    }

    #[test]
    fn every_name_is_declared_and_can_be_used_so() {
        for indicator in ALL {
            let name = indicator.name;
            for (selection, added) in selections(&indicator.formula) {
                let view = ViewId::from_name(selection.view).unwrap_or_else(|| panic!("{name}: no view {}", selection.view));
                let column = |wanted: &str| -> &Column {
                    view.columns().iter().find(|c| c.name == wanted).unwrap_or_else(|| panic!("{name}: no column {wanted}"))
                };
                assert!(view.columns().iter().any(|c| c.name == "place" || view == ViewId::Places), "{name}: counted by place");
                for condition in selection.conditions {
                    let column = column(condition.column());
                    let fits = match condition {
                        Condition::OneOf(_, words) => {
                            let flags = column.kind != ColumnKind::Bool || words.iter().all(|w| ["0", "1"].contains(w));
                            column.filter != Filter::None && flags && !words.is_empty() && column.kind != ColumnKind::Place
                        }
                        Condition::From(..) => column.filter == Filter::Range && column.kind == ColumnKind::Int,
                        Condition::Since(..) | Condition::Before(..) => {
                            column.filter == Filter::Range && column.kind == ColumnKind::Day
                        }
                    };
                    assert!(fits, "{name}: {condition:?} on {column:?}");
                }
                if let Some(added) = added {
                    assert_eq!(column(added).kind, ColumnKind::Int, "{name}: {added} is added up");
                }
            }
            // Rows without the number must not count in a mean, nor say that a sum is known.
            if let Formula::Sum { of, column } | Formula::Mean { of, column } = indicator.formula {
                assert!(of.conditions.iter().any(|c| matches!(c, Condition::From(name, _) if *name == column)), "{name}");
            }
            // A share is a part of its whole.
            if let Formula::Share { of, among } = indicator.formula {
                let kept = |c: &Condition| match c {
                    Condition::OneOf(column, words) => of
                        .conditions
                        .iter()
                        .any(|o| matches!(o, Condition::OneOf(c, w) if c == column && w.iter().all(|w| words.contains(w)))),
                    other => of.conditions.contains(other),
                };
                assert!(of.view == among.view && among.conditions.iter().all(kept), "{name}: the part lies in the whole");
            }
        }
    }

    #[test]
    fn every_indicator_is_described_once() {
        let mut names: Vec<&str> = ALL.iter().map(|i| i.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        for i in ALL {
            assert!(i.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", i.name);
            assert!(!i.levels.is_empty() && [i.source, i.missing, i.uncertainty].iter().all(|t| t.ends_with('.')), "{}", i.name);
            let share = matches!(i.formula, Formula::Share { .. });
            assert_eq!(share, i.unit == Unit::Percent, "{}: shares are in basis points", i.name);
        }
    }
}
