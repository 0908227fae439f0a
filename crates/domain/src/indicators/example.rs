//! The worked example: a year in Qingxi county, small enough to count by hand, and a slow but plain way to count it.
//!
//! Today is 2026-11-23; a year ago is 2025-11-23. Denominators:
//!
//! | village | registered households | resident |
//! |---|---|---|
//! | 上坞 (云岭) | 238 on 2025-12-31, 173 on 2026-05-31 | 150 |
//! | 下坞 (云岭) | 120 | 100 |
//! | 桥头 (溪口) | not counted | not counted |
//!
//! | problem | where | by | reported | due | claimed | verified | then |
//! |---|---|---|---|---|---|---|---|
//! | 1 | 上坞 | villager | 03-01 | 03-16 | 03-10 | 03-12 | |
//! | 2 | 上坞 | official | 05-01 | 05-08 | 05-20 | 05-25 | |
//! | 3 | 下坞 | villager | 06-01 | 07-16 | 06-10, 07-01 | 07-06 | the first claim was rejected |
//! | 4 | 下坞 | inspector | 10-01 | 10-31 | | | |
//! | 5 | 桥头 | villager | 11-20 | | | | nobody has looked yet |
//! | 6 | 桥头 | official | 2025-11-01 | 12-24 | | | |
//! | 7 | 上坞 | villager | 08-01 | | | | dismissed |
//! | 8 | 下坞 | villager | 09-01 | 09-16 | 09-05 | 09-11 | reopened on 09-20 until 12-01 |

use uuid::Uuid;

use super::*;
use crate::{
    ViewId,
    basics::{PlaceId, Post, ProblemId, Role, Subject, Value},
    places::{self, Counted, Method},
    problems::*,
    scenes::*,
};

const TODAY: &str = "2026-11-23";

fn problem(scene: Scene, n: u128, on: &str, place: PlaceId, fact: Fact) -> Scene {
    scene.on(on).happened(CHEN, Subject::Problem(ProblemId(Uuid::from_u128(n))), place, fact)
}

fn reported(scene: Scene, n: u128, on: &str, place: PlaceId, channel: Channel) -> Scene {
    let reporter = Reporter::Account { account: WANG.account() };
    let fact = Reported {
        field: Field::Road,
        text: text("路面破损"),
        position: None,
        photos: vec![],
        channel,
        reporter,
        contact: None,
        evidence: None,
    };
    problem(scene, n, on, place, Fact::Reported(fact))
}

fn post_at(place: PlaceId) -> Post {
    Post::new(place, Role::Village)
}

fn assigned(scene: Scene, n: u128, on: &str, place: PlaceId, due: &str) -> Scene {
    let fact = Assigned { post: post_at(place), due: day(due), by_rule: true, note: None };
    problem(scene, n, on, place, Fact::Assigned(fact))
}

fn claimed(scene: Scene, n: u128, on: &str, place: PlaceId) -> Scene {
    let fact = FixClaimed { text: text("已修"), photos: vec![], post: post_at(place), verify_by: day(on).plus(10) };
    problem(scene, n, on, place, Fact::FixClaimed(fact))
}

fn verified(scene: Scene, n: u128, on: &str, place: PlaceId) -> Scene {
    let post = Post::new(QINGXI, Role::Inspector);
    problem(scene, n, on, place, Fact::FixVerified(FixVerified { note: text("已修好"), photos: vec![], post }))
}

fn counted(scene: Scene, place: PlaceId, what: Counted, value: u32, on: &str) -> Scene {
    let fact = places::CountRecorded { what, value, on: day(on), method: Method::Counted, evidence: None };
    scene.happened(CHEN, Subject::Place(place), place, places::Fact::CountRecorded(fact))
}

/// The year of the table above.
pub fn year() -> Scene {
    let (villager, official) = (Channel::Villager, Channel::Official);
    let (registered, resident) = (Counted::HouseholdsRegistered, Counted::HouseholdsResident);
    let mut s = county_on("2026-06-01");
    s = counted(s, SHANGWU, registered, 238, "2025-12-31");
    s = counted(s, SHANGWU, registered, 173, "2026-05-31");
    s = counted(s, SHANGWU, resident, 150, "2026-05-31");
    s = counted(s, XIAWU, registered, 120, "2026-05-31");
    s = counted(s, XIAWU, resident, 100, "2026-05-31");
    // The town's own number must not be added to its villages'.
    s = counted(s, YUNLING, registered, 999, "2026-05-31");

    s = reported(s, 1, "2026-03-01", SHANGWU, villager);
    s = assigned(s, 1, "2026-03-01", SHANGWU, "2026-03-16");
    s = claimed(s, 1, "2026-03-10", SHANGWU);
    s = verified(s, 1, "2026-03-12", SHANGWU);

    s = reported(s, 2, "2026-05-01", SHANGWU, official);
    s = assigned(s, 2, "2026-05-01", SHANGWU, "2026-05-08");
    s = claimed(s, 2, "2026-05-20", SHANGWU);
    s = verified(s, 2, "2026-05-25", SHANGWU);

    s = reported(s, 3, "2026-06-01", XIAWU, villager);
    s = assigned(s, 3, "2026-06-01", XIAWU, "2026-07-16");
    s = claimed(s, 3, "2026-06-10", XIAWU);
    let rejected = FixRejected { reason: text("仍破损"), post: post_at(QINGXI), due: day("2026-07-30") };
    s = problem(s, 3, "2026-06-15", XIAWU, Fact::FixRejected(rejected));
    s = claimed(s, 3, "2026-07-01", XIAWU);
    s = verified(s, 3, "2026-07-06", XIAWU);

    s = reported(s, 4, "2026-10-01", XIAWU, Channel::Inspection);
    s = assigned(s, 4, "2026-10-01", XIAWU, "2026-10-31");

    s = reported(s, 5, "2026-11-20", QIAOTOU, villager);

    s = reported(s, 6, "2025-11-01", QIAOTOU, official);
    s = assigned(s, 6, "2025-11-01", QIAOTOU, "2026-12-24");

    s = reported(s, 7, "2026-08-01", SHANGWU, villager);
    s = problem(s, 7, "2026-08-02", SHANGWU, Fact::Dismissed(Dismissed { reason: text("属私人道路") }));

    s = reported(s, 8, "2026-09-01", XIAWU, villager);
    s = assigned(s, 8, "2026-09-01", XIAWU, "2026-09-16");
    s = claimed(s, 8, "2026-09-05", XIAWU);
    s = verified(s, 8, "2026-09-11", XIAWU);
    let (post, due) = (Some(post_at(XIAWU)), Some(day("2026-12-01")));
    let again = Reopened { reason: text("又坏了"), by_reporter: true, post, due };
    s = problem(s, 8, "2026-09-20", XIAWU, Fact::Reopened(again));
    s.on(TODAY)
}

/// Numerator, denominator and value of an indicator for a place, counted row by row.
pub fn value(indicator: &Indicator, scene: &Scene, at: PlaceId) -> (i64, Option<i64>, Option<i64>) {
    let rows = |selection: &Selection| matching(scene, at, selection);
    let add =
        |rows: &[Vec<(&str, Value)>], column: &str| rows.iter().map(|row| int(&cell(row, column)).unwrap_or(0)).sum::<i64>();
    let (numerator, denominator) = match &indicator.formula {
        Formula::Count(of) => (rows(of).len() as i64, None),
        Formula::Sum { of, column } | Formula::Mean { of, column } => (add(&rows(of), column), Some(rows(of).len() as i64)),
        Formula::Share { of, among } => (rows(of).len() as i64, Some(rows(among).len() as i64)),
        Formula::Per { of, column, .. } => {
            let villages = rows(&VILLAGES);
            let all_counted = villages.iter().all(|row| int(&cell(row, column)).is_some());
            (rows(of).len() as i64, Some(if all_counted { add(&villages, column) } else { 0 }))
        }
    };
    (numerator, denominator, evaluate(&indicator.formula, numerator, denominator))
}

type Cells = Vec<(&'static str, Value)>;

fn cell(row: &[(&str, Value)], column: &str) -> Value {
    row.iter().find(|(name, _)| *name == column).map(|(_, value)| value.clone()).expect("declared")
}

fn int(value: &Value) -> Option<i64> {
    match value {
        Value::Int(n) => Some(*n),
        Value::Null | Value::Text(_) | Value::Bytes(_) => None,
    }
}

fn matching(scene: &Scene, at: PlaceId, selection: &Selection) -> Vec<Cells> {
    let view = ViewId::from_name(selection.view).expect("a view");
    let of_view = scene.rows().filter(|(v, _, _)| *v == view);
    let cells = of_view.map(|(_, _, row)| view.columns().iter().map(|c| c.name).zip(row.values()).collect::<Cells>());
    let place = if view == ViewId::Places { "id" } else { "place" };
    let here = |row: &Cells| int(&cell(row, place)).is_some_and(|id| scene.place(PlaceId(id)).is_or_is_within(at));
    cells.filter(here).filter(|row| selection.conditions.iter().all(|c| holds(c, &cell(row, c.column())))).collect()
}

fn holds(condition: &Condition, value: &Value) -> bool {
    let today = day(TODAY);
    match (condition, value) {
        (_, Value::Null | Value::Bytes(_)) => false,
        (Condition::OneOf(_, words), Value::Text(text)) => words.contains(&text.as_str()),
        (Condition::OneOf(_, words), Value::Int(n)) => words.contains(&n.to_string().as_str()),
        (Condition::From(_, least), Value::Int(n)) => n >= least,
        (Condition::Since(_, moving), Value::Text(on)) => day(on) >= moving.on(today),
        (Condition::Before(_, moving), Value::Text(on)) => day(on) < moving.on(today),
        (Condition::From(..), Value::Text(_)) | (Condition::Since(..) | Condition::Before(..), Value::Int(_)) => {
            panic!("{condition:?} does not fit {value:?}")
        }
    }
}
