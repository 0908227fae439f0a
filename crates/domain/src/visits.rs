//! 带着问题去: what to ask and what to look at when a village is visited, out of what is known of it. Nothing here is stored: the
//! brief of a visit is a question to the facts, and what the visit solved is one afterwards.
//!
//! A *contradiction* is two things on record that cannot both be the whole truth. It accuses nobody; it is a reason to look.

use crate::{
    basics::Day,
    places::{CountValue, Counted, Place, Shrunk},
    problems::{Problem, State},
};

/// A count older than so many days is asked for again: denominators are kept by the year.
pub const COUNT_OLD_DAYS: i64 = 400;

/// Two things on record that cannot both be the whole truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contradiction<'a> {
    /// Fewer than before: is it so, or were some left out?
    Shrunk {
        /// Of what.
        counted: Counted,
        /// Now.
        now: &'a CountValue,
        /// Before.
        before: &'a Shrunk,
    },
    /// Fewer persons than households that live there.
    FewerPersonsThanHouseholds {
        /// Persons.
        persons: u32,
        /// Resident households.
        households: u32,
    },
    /// Said to be fixed, and found or said not to be, at least once.
    NotFixedAsSaid {
        /// Which problem.
        problem: &'a Problem,
    },
}

/// Something that the records do not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question<'a> {
    /// Nobody has ever counted this.
    NeverCounted(Counted),
    /// Counted long ago.
    CountedLongAgo(Counted, Day),
    /// A problem whose day has passed: what stands in the way?
    WhyLate {
        /// Which.
        problem: &'a Problem,
        /// By so many days.
        days: i64,
    },
    /// A problem that somebody answers for, and nobody has said where it comes from.
    WhereFrom {
        /// Which.
        problem: &'a Problem,
    },
    /// Nothing has been reported here for so long, or ever: is all well, or does nobody report?
    NothingReported {
        /// Days since the last report; none: there never was one.
        days: Option<i64>,
    },
}

/// Why to go and see a problem on the spot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Said to be fixed: to be seen by somebody independent.
    Claimed,
    /// Came back before.
    CameBack,
    /// Open.
    Open,
}

impl Why {
    /// The word in locale files.
    pub const fn word(self) -> &'static str {
        match self {
            Why::Claimed => "claimed",
            Why::CameBack => "came_back",
            Why::Open => "open",
        }
    }
}

/// What to take along to a village.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Brief<'a> {
    /// What does not fit together.
    pub contradictions: Vec<Contradiction<'a>>,
    /// What to ask.
    pub questions: Vec<Question<'a>>,
    /// Where to go: claims first, then what came back, then the rest, the oldest first.
    pub look: Vec<(Why, &'a Problem)>,
}

/// No report for so many days is worth a question.
const QUIET_DAYS: i64 = 180;

/// The brief of one village. `problems` are all that were ever reported there, in any order.
pub fn brief<'a>(place: &'a Place, problems: &'a [Problem], today: Day) -> Brief<'a> {
    let mut brief = Brief::default();
    let count = |counted: Counted| place.counts.get(&counted);
    for &counted in Counted::ALL {
        match count(counted) {
            None => brief.questions.push(Question::NeverCounted(counted)),
            Some(value) => {
                if let Some(before) = &value.shrunk_from {
                    brief.contradictions.push(Contradiction::Shrunk { counted, now: value, before });
                }
                if today.days_since(value.on) > COUNT_OLD_DAYS {
                    brief.questions.push(Question::CountedLongAgo(counted, value.on));
                }
            }
        }
    }
    if let (Some(persons), Some(households)) = (count(Counted::Population), count(Counted::HouseholdsResident))
        && persons.value < households.value
    {
        let (persons, households) = (persons.value, households.value);
        brief.contradictions.push(Contradiction::FewerPersonsThanHouseholds { persons, households });
    }
    let mut open: Vec<&Problem> = problems.iter().filter(|p| p.state.is_open()).collect();
    open.sort_by_key(|p| p.reported_ms);
    for &problem in &open {
        if problem.reopened > 0 {
            brief.contradictions.push(Contradiction::NotFixedAsSaid { problem });
        }
        let late = problem.clock().map(|due| today.days_since(due)).filter(|days| *days > 0);
        let why = match &problem.state {
            State::Claimed { .. } => Why::Claimed,
            _ if problem.reopened > 0 => Why::CameBack,
            _ => Why::Open,
        };
        match (late, &problem.state) {
            (Some(days), _) => brief.questions.push(Question::WhyLate { problem, days }),
            (None, State::Assigned { .. }) if problem.diagnosis.is_none() => {
                brief.questions.push(Question::WhereFrom { problem })
            }
            _ => {}
        }
        brief.look.push((why, problem));
    }
    brief.look.sort_by_key(|(why, problem)| (*why, problem.reported_ms));
    let last = problems.iter().map(|p| p.reported_ms).max();
    let quiet = last.map(|ms| today.days_since(Day::of_ms(ms)));
    if quiet.is_none_or(|days| days > QUIET_DAYS) {
        brief.questions.push(Question::NothingReported { days: quiet });
    }
    brief
}

/// What became better in a village since a day: problems seen to be fixed, and those that only came to light.
pub fn solved_since(problems: &[Problem], day: Day) -> (Vec<&Problem>, Vec<&Problem>) {
    let since = |ms: i64| Day::of_ms(ms) >= day;
    let fixed = problems.iter().filter(|p| !p.state.is_open() && p.verified_ms.is_some_and(since)).collect();
    let found = problems.iter().filter(|p| since(p.reported_ms)).collect();
    (fixed, found)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const TODAY: &str = "2026-06-30";
    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }
    fn count(value: u32, on: &str, shrunk_from: Value) -> Value {
        json!({ "value": value, "on": on, "method": "counted", "shrunk_from": shrunk_from })
    }
    fn village(counts: Value) -> Place {
        serde_json::from_value(json!({
            "id": 100, "org": 330_199, "code": "330199001200", "name": "上坞村", "level": "village", "kind": "villagers",
            "within": [1, 10], "counts": counts, "origin": "test",
        }))
        .unwrap()
    }
    /// A problem reported on a day, in a state; `more` replaces fields.
    fn problem(id: u8, on: &str, state: Value, more: Value) -> Problem {
        let mut row = json!({
            "id": format!("00000000-0000-7000-8000-0000000000{id:02}"), "org": 330_199, "number": format!("330199-{id}"), "place": 100,
            "field": "lighting", "text": "村口路灯不亮", "position": null, "photos": [], "channel": "official",
            "reporter": { "is": "account", "account": "00000000-0000-7000-8000-000000000099" },
            "reported_ms": day(on).start_ms(), "state": state, "diagnosis": null, "claim": null, "escalations": [], "absorbed": [],
            "reopened": 0, "verified_ms": null, "first_due": null, "in_time": null, "withheld": null,
        });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(row).unwrap()
    }
    fn post() -> Value {
        json!({ "place": 100, "role": "village" })
    }
    fn assigned(due: &str) -> Value {
        json!({ "is": "assigned", "post": post(), "due": due })
    }
    fn all_counted() -> Value {
        let c = count(120, "2026-01-01", Value::Null);
        json!({ "households_registered": c, "households_resident": c, "hamlets": count(3, "2026-01-01", Value::Null), "population": count(300, "2026-01-01", Value::Null) })
    }

    #[test]
    fn of_a_village_nobody_has_counted_everything_is_asked() {
        let place = village(json!({}));
        let brief = brief(&place, &[], day(TODAY));
        assert_eq!(brief.questions.iter().filter(|q| matches!(q, Question::NeverCounted(_))).count(), Counted::ALL.len());
        assert!(brief.questions.contains(&Question::NothingReported { days: None }));
        assert!(brief.contradictions.is_empty() && brief.look.is_empty());
    }

    #[test]
    fn a_village_that_is_well_known_is_asked_nothing() {
        let place = village(all_counted());
        let fine = [problem(1, "2026-06-01", json!({ "is": "reported" }), json!({}))];
        let brief = brief(&place, &fine, day(TODAY));
        assert_eq!(brief.questions, []);
        assert_eq!(brief.contradictions, []);
        assert_eq!(brief.look.iter().map(|(why, _)| *why).collect::<Vec<_>>(), [Why::Open]);
    }

    #[test]
    fn counts_that_shrank_or_do_not_fit_or_are_old() {
        let mut counts = all_counted();
        counts["households_registered"] = count(90, "2026-02-01", json!({ "value": 140, "on": "2025-02-01" }));
        counts["population"] = count(80, "2024-01-01", Value::Null);
        let place = village(counts);
        let brief = brief(&place, &[], day(TODAY));
        let Contradiction::Shrunk { counted, now, before } = brief.contradictions[0] else { panic!("{brief:?}") };
        assert_eq!((counted, now.value, before.value), (Counted::HouseholdsRegistered, 90, 140));
        assert_eq!(brief.contradictions[1], Contradiction::FewerPersonsThanHouseholds { persons: 80, households: 120 });
        assert!(brief.questions.contains(&Question::CountedLongAgo(Counted::Population, day("2024-01-01"))));
    }

    #[test]
    fn late_and_undiagnosed_problems_are_asked_about() {
        let place = village(all_counted());
        let problems = [
            problem(1, "2026-06-01", assigned("2026-06-20"), json!({})),
            problem(2, "2026-06-02", assigned("2026-07-20"), json!({})),
            problem(3, "2026-06-03", assigned("2026-07-20"), json!({ "diagnosis": { "cause": "线路老化", "measure": "换线" } })),
            problem(4, "2026-06-04", assigned("2026-06-30"), json!({})),
        ];
        let brief = brief(&place, &problems, day(TODAY));
        assert_eq!(
            brief.questions,
            [
                Question::WhyLate { problem: &problems[0], days: 10 },
                Question::WhereFrom { problem: &problems[1] },
                // Due today is not late.
                Question::WhereFrom { problem: &problems[3] },
            ]
        );
    }

    #[test]
    fn claims_are_looked_at_first_then_what_came_back_then_the_oldest() {
        let place = village(all_counted());
        let claimed = json!({ "is": "claimed", "post": post(), "due": "2026-07-05", "claimed_ms": day("2026-06-25").start_ms(), "by": null });
        let problems = [
            problem(1, "2026-06-05", json!({ "is": "reported" }), json!({})),
            problem(2, "2026-06-06", assigned("2026-07-20"), json!({ "reopened": 2 })),
            problem(3, "2026-06-07", claimed, json!({ "reopened": 1 })),
            problem(4, "2026-06-01", json!({ "is": "reported" }), json!({})),
            problem(5, "2026-05-01", json!({ "is": "confirmed", "post": post() }), json!({})),
        ];
        let brief = brief(&place, &problems, day(TODAY));
        let order: Vec<(Why, &str)> = brief.look.iter().map(|(why, p)| (*why, p.number.as_str())).collect();
        assert_eq!(
            order,
            [(Why::Claimed, "330199-3"), (Why::CameBack, "330199-2"), (Why::Open, "330199-4"), (Why::Open, "330199-1")]
        );
        let back = brief.contradictions.iter().filter(|c| matches!(c, Contradiction::NotFixedAsSaid { .. })).count();
        assert_eq!(back, 2);
    }

    #[test]
    fn a_village_that_has_been_quiet_for_long_is_asked_why() {
        let place = village(all_counted());
        let old = [problem(1, "2025-06-01", json!({ "is": "confirmed", "post": post() }), json!({}))];
        assert!(brief(&place, &old, day(TODAY)).questions.contains(&Question::NothingReported { days: Some(394) }));
    }

    #[test]
    fn what_a_visit_solved_and_what_it_found() {
        let verified = |on: &str| json!({ "is": "verified", "post": post(), "verified_ms": day(on).start_ms(), "by": null });
        let fixed = |id, on: &str| problem(id, "2026-01-01", verified(on), json!({ "verified_ms": day(on).start_ms() }));
        let problems = [
            fixed(1, "2026-06-10"),
            fixed(2, "2026-06-09"),
            problem(3, "2026-06-10", json!({ "is": "reported" }), json!({})),
            // Verified after the visit and opened again: not solved.
            problem(
                4,
                "2026-01-01",
                assigned("2026-07-01"),
                json!({ "verified_ms": day("2026-06-11").start_ms(), "reopened": 1 }),
            ),
        ];
        let (solved, found) = solved_since(&problems, day("2026-06-10"));
        assert_eq!(solved.iter().map(|p| p.number.as_str()).collect::<Vec<_>>(), ["330199-1"]);
        assert_eq!(found.iter().map(|p| p.number.as_str()).collect::<Vec<_>>(), ["330199-3"]);
    }
}
