use serde_json::json;

use super::*;
use crate::{basics::RefusalBody, scenes::*};

#[test]
fn the_starting_pack_has_every_rule_once_and_within_range() {
    let pack = starting_pack();
    let names: Vec<_> = pack.iter().map(Rule::name).collect();
    // What works cost is local: invented figures would pass for real ones.
    let local = [Rule::CATALOGUE, Rule::STANDARDS];
    let expected: Vec<_> = Rule::NAMES.into_iter().filter(|n| !local.contains(n)).collect();
    assert_eq!(names, expected);
    assert!(pack.iter().all(|r| r.out_of_range().is_none()));
}

#[test]
fn the_version_of_the_day_holds() {
    let day = |s: &str| s.parse::<Day>().expect("a day");
    let version = |from: &str, n: u16| RuleSet {
        from: day(from),
        rule: Rule::Topics(Topics { villages_min: n, days: 30 }),
        reason: Text::new("测试").expect("text"),
    };
    let row = RuleRow {
        place: PlaceId(1),
        rule: "problems.topics".into(),
        versions: vec![version("2026-01-01", 2), version("2026-06-01", 3), version("2026-03-01", 4), version("2026-06-01", 5)],
    };
    let on = |d: &str| {
        row.on(day(d)).map(|r| match r {
            Rule::Topics(t) => t.villages_min,
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(on("2025-12-31"), None);
    assert_eq!(on("2026-01-01"), Some(2));
    assert_eq!(on("2026-05-31"), Some(4));
    assert_eq!(on("2026-06-01"), Some(5), "of two beginning on one day the later recorded");
}

fn set(place: PlaceId, from: &str, rule: Rule) -> Command {
    Command::Set { place, from: day(from), rule, reason: text("县委专题会议") }
}

fn topics(villages_min: u16, days: u16) -> Rule {
    Rule::Topics(Topics { villages_min, days })
}

#[test]
fn who_sets_a_rule_and_where() {
    let scene = || county_on("2026-11-23");
    let rule = || topics(5, 90);
    let cases = [
        ("the county's office", CHEN, QINGXI, "rule.set"),
        ("the county's office for one town", CHEN, YUNLING, "rule.set"),
        ("the administrator", ADMIN, QINGXI, "rule.set"),
        ("the city's office for a county", CITY_OFFICE, QINGXI, "rule.set"),
        ("the county for the city", CHEN, CITY, "forbidden"),
        ("the county for its neighbour", CHEN, LINXI, "forbidden"),
        ("a town for itself", LU, YUNLING, "forbidden"),
        ("the head", FANG, QINGXI, "forbidden"),
        ("an inspector", GAO, QINGXI, "forbidden"),
        ("a stranger", STRANGER, QINGXI, "forbidden"),
        ("nowhere", CHEN, NOWHERE, "forbidden"),
    ];
    for (case, person, place, expected) in cases {
        scene().when(set(place, "2026-11-23", rule())).by(person).then_in(case, expected);
    }
    scene().when(set(QINGXI, "2026-11-23", rule())).by(AUNT_LI).then("forbidden");
    scene().when(set(NOWHERE, "2026-11-23", rule())).past_the_door().refused("rules/no-such-place", json!({"place": 1}));
}

#[test]
fn a_rule_begins_today_or_later() {
    let scene = county_on("2026-11-23");
    scene.when(set(QINGXI, "2026-11-22", topics(5, 90))).by(CHEN).refused("rules/in-the-past", json!({"from": "2026-11-22"}));
    scene.when(set(QINGXI, "2026-11-23", topics(5, 90))).by(CHEN).then("rule.set");
    let then = scene.when(set(QINGXI, "2027-01-01", topics(5, 90))).by(CHEN);
    assert_eq!(then.drafts[0].effective_ms, day("2027-01-01").start_ms());
    then.then("rule.set");
    scene.when(set(QINGXI, "2003-06-05", topics(5, 90))).by(IMPORT).then_in("the starting pack may", "rule.set");
}

#[test]
fn a_value_can_work() {
    let deadline = |days| Deadline { level: Level::Township, role: Role::Township, department: None, days };
    let deadlines = |by_field, otherwise, verify_days| {
        let by_field = BTreeMap::from([(Field::Waste, deadline(by_field))]);
        Rule::Deadlines(Deadlines { by_field, otherwise: deadline(otherwise), verify_days })
    };
    let reports = |per_client_hour, per_village_day, photos_max| {
        Rule::PublicReports(PublicReports { per_client_hour, per_village_day, photos_max })
    };
    let burden = |questions_per_month, minutes_per_month, seconds_per_question| {
        Rule::Burden(Burden { questions_per_month, minutes_per_month, seconds_per_question })
    };
    let cases: Vec<(Rule, Option<&str>)> = vec![
        (deadlines(1, 3650, 1), None),
        (deadlines(0, 30, 10), Some("by_field.days")),
        (deadlines(3651, 30, 10), Some("by_field.days")),
        (deadlines(7, 0, 10), Some("otherwise.days")),
        (deadlines(7, 30, 0), Some("verify_days")),
        (Rule::Escalation(Escalation { answer_days: 1, up_to: Level::Province }), None),
        (Rule::Escalation(Escalation { answer_days: 0, up_to: Level::County }), Some("answer_days")),
        (reports(1, 1, 0), None),
        (reports(0, 1, 4), Some("per_client_hour")),
        (reports(1, 0, 4), Some("per_village_day")),
        (Rule::Duplicates(Duplicates { metres: 20_000, days: 1 }), None),
        (Rule::Duplicates(Duplicates { metres: 0, days: 1 }), Some("metres")),
        (Rule::Duplicates(Duplicates { metres: 20_001, days: 1 }), Some("metres")),
        (Rule::Duplicates(Duplicates { metres: 1, days: 0 }), Some("days")),
        (topics(2, 3650), None),
        (topics(1, 30), Some("villages_min")),
        (topics(2, 3651), Some("days")),
        (burden(1, 1, 1), None),
        (burden(0, 60, 20), Some("questions_per_month")),
        (burden(300, 0, 20), Some("minutes_per_month")),
        (burden(300, 60, 0), Some("seconds_per_question")),
        (burden(300, 60, 3601), Some("seconds_per_question")),
    ];
    for (rule, bad) in cases {
        let then = county_on("2026-11-23").when(set(QINGXI, "2026-11-23", rule.clone())).by(CHEN);
        match bad {
            None => then.then_in(&format!("{rule:?}"), "rule.set"),
            Some(field) => then.refused("rules/out-of-range", json!({"field": field})),
        };
    }
}

#[test]
fn a_refusal_names_the_field_to_blame() {
    let scene = county_on("2026-11-23");
    scene.when(set(QINGXI, "2026-11-22", topics(5, 90))).by(CHEN).blames("rules/in-the-past", Some("from"));
    scene.when(set(QINGXI, "2026-11-23", topics(1, 90))).by(CHEN).blames("rules/out-of-range", Some("value"));
}

#[test]
fn the_nearest_place_that_has_set_it_by_that_day() {
    let scene = county_on("2026-11-01").rule(PROVINCE, "2026-01-01", topics(9, 9)).rule(YUNLING, "2026-06-01", topics(3, 3));
    let on = |place: PlaceId, on: &str| {
        let place = scene.place(place);
        let mut rows = Rows::default();
        for read in reads(place, "problems.topics") {
            let Read::Row(view, key) = read else { panic!("{read:?}") };
            let row = scene.rows().find(|(v, k, _)| *v == view && *k == key).map(|(_, _, row)| row.clone());
            rows.put(view, key, row);
        }
        find(&rows, place, "problems.topics", day(on)).map(|r| match r {
            Rule::Topics(t) => t.villages_min,
            other => panic!("{other:?}"),
        })
    };
    assert_eq!(on(SHANGWU, "2026-11-01"), Some(3), "the town's");
    assert_eq!(on(SHANGWU, "2026-05-31"), Some(8), "the county's, before the town had one");
    assert_eq!(on(QIAOTOU, "2026-11-01"), Some(8), "the county's");
    assert_eq!(on(SHIQIAO, "2026-11-01"), Some(9), "the province's, where the county has none");
    assert_eq!(on(SHIQIAO, "2025-12-31"), None);
}

#[test]
fn a_misspelt_value_is_not_passed_over() {
    let good = json!({"type": "rules.set", "place": QINGXI, "from": "2026-11-23", "rule": "problems.topics", "value": {"villages_min": 5, "days": 90}, "reason": "会议"});
    assert_eq!(
        serde_json::from_value::<Command>(good.clone()).expect("good"),
        Command::Set { place: QINGXI, from: day("2026-11-23"), rule: topics(5, 90), reason: text("会议") }
    );
    let mut bad = good;
    bad["value"]["vilages_max"] = json!(3);
    assert!(serde_json::from_value::<Command>(bad).is_err());
}

#[test]
fn every_kind_has_its_bytes_for_ever() {
    check_golden(include_str!("encoding.jsonl"), Fact::KINDS);
}

/// An example of every refusal, for the check that each has wording.
pub(crate) fn refusals() -> Vec<RefusalBody> {
    every_refusal!("rules", Refusal {
        NoSuchPlace { place: NOWHERE },
        InThePast { from: day("2026-11-22") },
        OutOfRange { field: "verify_days" },
    })
}
