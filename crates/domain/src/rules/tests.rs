use super::*;

#[test]
fn the_starting_pack_has_every_rule_once_and_within_range() {
    let pack = starting_pack();
    let names: Vec<_> = pack.iter().map(Rule::name).collect();
    assert_eq!(names, Rule::NAMES);
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
    let on = |d: &str| row.on(day(d)).map(|r| match r {
        Rule::Topics(t) => t.villages_min,
        other => panic!("{other:?}"),
    });
    assert_eq!(on("2025-12-31"), None);
    assert_eq!(on("2026-01-01"), Some(2));
    assert_eq!(on("2026-05-31"), Some(4));
    assert_eq!(on("2026-06-01"), Some(5), "of two beginning on one day the later recorded");
}
