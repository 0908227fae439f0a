use std::collections::BTreeMap;

use serde_json::json;

use super::{needs::*, *};
use crate::{
    basics::{BriefId, FileHash, PlaceId, PlanId, RefusalBody, Role, Subject},
    places::{self, Class, CountRecorded, CountValue, Counted, Method, Shrunk},
    problems::Field,
    rules::Rule,
    scenes::*,
};

pub fn refusals() -> Vec<RefusalBody> {
    every_refusal!("planning", Refusal {
        NoVillage,
        NotInCatalogue { work: code("road") },
        NobodyAsked,
        MoreThanAsked { in_favour: 3, asked: 2 },
        MoreThanThereAre { asked: 300, households: 200 },
        NotYet { on: day("2026-12-01") },
        TooManyPhotos { found: 7, max: PHOTOS_MAX },
        NotCounted { on: day("2026-11-20") },
        OutOfRange { value: "years" },
        Elsewhere { places: 1 },
        BriefGone,
        PlanGone,
    })
}

#[test]
fn what_was_recorded_is_read_for_ever() {
    check_golden(include_str!("encoding.jsonl"), Fact::KINDS);
}

fn code(word: &str) -> WorkCode {
    WorkCode::new(word).expect("a good code")
}

/// Two works of two standards, one of which comes after the other.
fn catalogue() -> Catalogue {
    let level = |min: i64, max: i64| json!({"name": "达标", "cost_min_fen": min, "cost_max_fen": max, "upkeep_fen_per_year": 1000, "labour_hours": 4, "benefit": 3});
    let work = |field: &str, unit: &str, after: serde_json::Value| {
        json!({"name": "工程", "field": field, "unit": unit, "levels": [level(100_000, 200_000), level(300_000, 300_001)],
            "after": after, "difficulty": 2, "load": 20, "accepted_when": ["通水"]})
    };
    serde_json::from_value(json!({"works": {
        "toilet": work("toilet", "户", json!({})),
        "road": work("road", "处", json!({"toilet": 1})),
        "public_toilet": work("toilet", "座", json!({})),
        "rubbish": work("waste", "处", json!({})),
    }}))
    .expect("a catalogue")
}

fn standards() -> Standards {
    let otherwise = json!({
        "toilet": {"asks": {"is": "share", "figure": "toilets", "of": "households_resident", "percent": 90}, "level": 1},
        "road": {"asks": {"is": "no_open_problem"}, "level": 1},
        "public_toilet": {"asks": {"is": "at_least", "figure": "public_toilets", "value": 2}, "level": 2},
        "rubbish": {"asks": {"is": "at_most", "figure": "rubbish", "value": 1}, "level": 1},
    });
    let few = json!({"rubbish": {"asks": {"is": "at_most", "figure": "rubbish", "value": 3}, "level": 1}});
    let all =
        json!({"by_class": {"relocate": few}, "otherwise": otherwise, "seen_by": ["inspector", "township"], "known_months": 12});
    serde_json::from_value(all).expect("standards")
}

const TODAY: &str = "2026-11-23";

fn told(value: i64, on: &str, by: Option<Role>) -> Told {
    Told { value, decimals: 0, on: day(on), by }
}

/// A village of which everything is known and nothing is wanting, but for what is said.
fn known(toilets: Vec<Told>) -> Known {
    let seen = |value| vec![told(value, "2026-11-01", Some(Role::Inspector))];
    Known {
        class: Some(Class::Cluster),
        counts: [(
            Counted::HouseholdsResident,
            CountValue { value: 101, on: day("2026-01-01"), method: Method::Counted, shrunk_from: None },
        )]
        .into(),
        figures: [(text("toilets"), toilets), (text("public_toilets"), seen(2)), (text("rubbish"), seen(1))].into(),
        problems: BTreeMap::new(),
    }
}

fn need<'a>(needs: &'a [Need<'a>], work: &str) -> &'a Need<'a> {
    needs.iter().find(|n| n.code.as_str() == work).expect("listed")
}

/// Work, state, basis, units wanting.
fn check(known: &Known, work: &str, state: NeedState, basis: Basis, quantity: i64) {
    let (catalogue, standards) = (catalogue(), standards());
    let needs = of_village(&catalogue, &standards, known, day(TODAY));
    let found = need(&needs, work);
    assert_eq!((found.state, found.basis, found.quantity), (state, basis, quantity), "{found:?}");
}

#[test]
fn the_gap_to_the_standard() {
    use Basis::{Said, Seen, Unknown};
    use NeedState::{Met, Unknown as NotKnown, Wanting};
    let (inspector, village) = (Some(Role::Inspector), Some(Role::Village));
    // 90 % of 101 households are 91, not 90.9.
    for (toilets, expected) in [
        (vec![told(91, "2026-11-01", inspector)], (Met, Seen, 0)),
        (vec![told(90, "2026-11-01", inspector)], (Wanting, Seen, 1)),
        (vec![told(0, "2026-11-01", inspector)], (Wanting, Seen, 91)),
        (vec![told(101, "2026-11-01", inspector)], (Met, Seen, 0)),
        (vec![told(50, "2026-11-01", village)], (Wanting, Said, 41)),
        (vec![told(50, "2026-11-01", None)], (Wanting, Said, 41)),
        (vec![], (NotKnown, Unknown, 0)),
        // Older than a year, or of a day that has not come.
        (vec![told(50, "2025-11-20", inspector)], (NotKnown, Unknown, 0)),
        (vec![told(50, "2026-11-24", inspector)], (NotKnown, Unknown, 0)),
        // What was seen goes before what was said, even later; of two seen the later.
        (vec![told(40, "2026-03-01", inspector), told(91, "2026-11-01", village)], (Wanting, Seen, 51)),
        (vec![told(40, "2026-03-01", inspector), told(80, "2026-05-01", Some(Role::Township))], (Wanting, Seen, 11)),
        // Until what was seen is too old.
        (vec![told(40, "2025-03-01", inspector), told(91, "2026-11-01", village)], (Met, Said, 0)),
    ] {
        check(&known(toilets), "toilet", expected.0, expected.1, expected.2);
    }
    let all = known(vec![]);
    check(&all, "public_toilet", Met, Seen, 0);
    check(&all, "rubbish", Met, Seen, 0);
    check(&all, "road", Met, Seen, 0);
    let figure = |name: &str, value| {
        let mut known = known(vec![]);
        known.figures.insert(text(name), vec![told(value, "2026-11-01", inspector)]);
        known
    };
    check(&figure("public_toilets", 0), "public_toilet", Wanting, Seen, 2);
    check(&figure("rubbish", 6), "rubbish", Wanting, Seen, 5);
    let mut holes = known(vec![]);
    holes.problems.insert(Field::Road, 3);
    check(&holes, "road", Wanting, Seen, 3);
}

#[test]
fn half_a_unit_is_none() {
    let mut half = known(vec![]);
    half.figures
        .insert(text("public_toilets"), vec![Told { value: 19, decimals: 1, on: day("2026-11-01"), by: Some(Role::Inspector) }]);
    check(&half, "public_toilet", NeedState::Wanting, Basis::Seen, 1);
}

#[test]
fn without_the_denominator_a_figure_tells_nothing() {
    let mut none = known(vec![told(50, "2026-11-01", Some(Role::Inspector))]);
    none.counts.clear();
    check(&none, "toilet", NeedState::Unknown, Basis::Unknown, 0);
}

#[test]
fn a_denominator_that_shrank_makes_no_rate_better() {
    let mut shrunk = known(vec![told(91, "2026-11-01", Some(Role::Inspector))]);
    let before = Shrunk { value: 201, on: day("2025-01-01") };
    let count = CountValue { value: 101, on: day("2026-01-01"), method: Method::Counted, shrunk_from: Some(before) };
    shrunk.counts.insert(Counted::HouseholdsResident, count);
    // 90 % of 201 are 181.
    check(&shrunk, "toilet", NeedState::Wanting, Basis::Seen, 90);
    let (catalogue, standards) = (catalogue(), standards());
    let needs = of_village(&catalogue, &standards, &shrunk, day(TODAY));
    assert!(need(&needs, "toilet").shrunk);
    assert_eq!(need(&needs, "toilet").of, Some(201));
}

#[test]
fn what_was_said_since_stands_beside_what_was_seen() {
    let (catalogue, standards) = (catalogue(), standards());
    let said_of = |toilets: Vec<Told>| {
        let known = known(toilets);
        let needs = of_village(&catalogue, &standards, &known, day(TODAY));
        need(&needs, "toilet").said.map(|t| t.value)
    };
    let seen = told(40, "2026-03-01", Some(Role::Inspector));
    assert_eq!(said_of(vec![seen, told(91, "2026-11-01", Some(Role::Village))]), Some(91));
    assert_eq!(said_of(vec![seen, told(40, "2026-11-01", Some(Role::Village))]), None, "the same");
    assert_eq!(said_of(vec![seen, told(30, "2026-02-01", Some(Role::Village))]), None, "before");
    assert_eq!(said_of(vec![told(30, "2026-02-01", Some(Role::Village))]), None, "nothing seen to compare");
}

#[test]
fn a_class_has_standards_of_its_own() {
    let (catalogue, standards) = (catalogue(), standards());
    let mut moving = known(vec![]);
    moving.class = Some(Class::Relocate);
    let works = |known: &Known| {
        of_village(&catalogue, &standards, known, day(TODAY)).iter().map(|n| n.code.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(works(&moving), ["rubbish"]);
    moving.class = None;
    assert_eq!(works(&moving), ["public_toilet", "road", "rubbish", "toilet"]);
}

#[test]
fn what_a_need_costs() {
    let (catalogue, standards) = (catalogue(), standards());
    let known = known(vec![told(81, "2026-11-01", Some(Role::Inspector))]);
    let needs = of_village(&catalogue, &standards, &known, day(TODAY));
    let toilet = need(&needs, "toilet");
    assert_eq!((toilet.quantity, toilet.cost_fen(), toilet.upkeep_fen_per_year()), (10, (1_000_000, 2_000_000), 10_000));
    let fen: Vec<i64> = catalogue.works[&code("toilet")].levels.iter().map(WorkLevel::cost_fen).collect();
    assert_eq!(fen, [150_000, 300_001], "the middle, rounded up");
}

#[test]
fn a_catalogue_that_cannot_work() {
    let good = catalogue;
    assert_eq!(good().fault(), None);
    let changed = |change: &dyn Fn(&mut Catalogue)| {
        let mut catalogue = good();
        change(&mut catalogue);
        catalogue.fault()
    };
    let toilet = code("toilet");
    let level = |change: fn(&mut WorkLevel)| {
        let toilet = code("toilet");
        changed(&move |c| change(&mut c.works.get_mut(&toilet).unwrap().levels[0]))
    };
    let work = |change: &dyn Fn(&mut WorkKind)| changed(&|c| change(c.works.get_mut(&toilet).unwrap()));
    let after = |code_of: &str, lag| work(&|w| w.after.extend([(code(code_of), lag)]));
    assert_eq!(changed(&|c| c.works.clear()), Some("works"));
    assert_eq!(work(&|w| w.levels.clear()), Some("works.levels"));
    assert_eq!(level(|l| l.cost_min_fen = -1), Some("works.levels.cost_min_fen"));
    assert_eq!(level(|l| l.cost_max_fen = 1), Some("works.levels.cost_max_fen"));
    assert_eq!(level(|l| l.cost_max_fen = UNIT_FEN_MAX + 1), Some("works.levels.cost_max_fen"));
    assert_eq!(level(|l| l.upkeep_fen_per_year = -1), Some("works.levels.upkeep_fen_per_year"));
    assert_eq!(level(|l| l.benefit = 0), Some("works.levels.benefit"));
    assert_eq!(work(&|w| w.difficulty = 6), Some("works.difficulty"));
    assert_eq!(work(&|w| w.load = 0), Some("works.load"));
    assert_eq!(after("bridge", 0), Some("works.after"), "not in the catalogue");
    assert_eq!(after("toilet", 0), Some("works.after"), "before itself");
    assert_eq!(after("road", 0), Some("works.after"), "in a circle");
    assert_eq!(after("rubbish", 0), None);
    assert_eq!(after("rubbish", 11), Some("works.after"), "so many years");
    for bad in ["", "Road", "1road", "a-b", "路", &"a".repeat(41)] {
        assert_eq!(WorkCode::new(bad), None, "{bad:?}");
    }
}

#[test]
fn standards_that_cannot_work() {
    assert_eq!(standards().fault(), None);
    let changed = |change: fn(&mut Standards)| {
        let mut standards = standards();
        change(&mut standards);
        standards.fault()
    };
    assert_eq!(changed(|s| s.known_months = 0), Some("known_months"));
    assert_eq!(changed(|s| s.seen_by.clear()), Some("seen_by"));
    assert_eq!(changed(|s| s.otherwise.values_mut().for_each(|s| s.level = 0)), Some("level"));
    let share = |s: &mut Standards| {
        let asks = Asks::Share { figure: text("toilets"), of: Counted::HouseholdsResident, percent: 101 };
        s.otherwise.insert(code("toilet"), Standard { asks, level: 1 });
    };
    assert_eq!(changed(share), Some("percent"));
    let names: Vec<String> = standards().figures().into_iter().map(|f| f.to_string()).collect();
    assert_eq!(names, ["public_toilets", "rubbish", "toilets"], "each once");
}

// Wishes

fn scene() -> Scene {
    let count = places::Fact::CountRecorded(CountRecorded {
        what: Counted::HouseholdsRegistered,
        value: 200,
        on: day("2026-01-01"),
        method: Method::Register,
        evidence: None,
    });
    county_on(TODAY).rule(QINGXI, "2026-01-01", Rule::Catalogue(catalogue())).happened(
        IMPORT,
        Subject::Place(SHANGWU),
        SHANGWU,
        count,
    )
}

fn count_at(place: PlaceId, work: &str, asked: u32, in_favour: u32, on: &str) -> Command {
    let (work, on) = (code(work), day(on));
    Command::Count { place, work, asked, in_favour, on, how: AskedBy::Meeting, photos: Vec::new(), note: None }
}

fn count(asked: u32, in_favour: u32) -> Command {
    count_at(SHANGWU, "road", asked, in_favour, "2026-11-20")
}

fn withdraw(on: &str) -> Command {
    Command::Withdraw { place: SHANGWU, work: code("road"), on: day(on), how: AskedBy::Meeting, reason: text("数错了") }
}

#[test]
fn who_records_wishes_and_where() {
    for (case, who, place, outcome) in [
        ("the village", WANG, SHANGWU, "wishes.counted"),
        ("its town", LU, SHANGWU, "wishes.counted"),
        ("the county's office", CHEN, SHANGWU, "wishes.counted"),
        ("the village for its neighbour", WANG, XIAWU, "forbidden"),
        ("the neighbouring town", ZHOU, SHANGWU, "forbidden"),
        ("an inspector", GAO, SHANGWU, "forbidden"),
        ("somebody who only looks", VIEWER, SHANGWU, "forbidden"),
        ("a stranger", STRANGER, SHANGWU, "forbidden"),
    ] {
        println!("{case}");
        scene().when(count_at(place, "road", 10, 9, "2026-11-20")).by(who).then(outcome);
    }
    let counted = scene().when(count(10, 9)).by(WANG).then("wishes.counted");
    counted.when(withdraw("2026-11-20")).by(ZHOU).then("forbidden");
    scene().when(count_at(NOWHERE, "road", 10, 9, "2026-11-20")).by(WANG).then("forbidden");
}

#[test]
fn counts_that_cannot_be() {
    let refused = |command: Command, code: &str, field: &str, args: serde_json::Value| {
        scene().when(command.clone()).by(CHEN).blames(code, Some(field));
        scene().when(command).by(CHEN).refused(code, args);
    };
    refused(count(0, 0), "planning/nobody-asked", "asked", json!({}));
    refused(count(10, 11), "planning/more-than-asked", "in_favour", json!({"in_favour": 11, "asked": 10}));
    refused(count(201, 11), "planning/more-than-there-are", "asked", json!({"asked": 201, "households": 200}));
    let tomorrow = count_at(SHANGWU, "road", 10, 9, "2026-11-24");
    refused(tomorrow, "planning/not-yet", "on", json!({"on": "2026-11-24"}));
    refused(count_at(YUNLING, "road", 10, 9, "2026-11-20"), "planning/no-village", "place", json!({}));
    refused(count_at(SHANGWU, "bridge", 10, 9, "2026-11-20"), "planning/not-in-catalogue", "work", json!({"work": "bridge"}));
    refused(withdraw("2026-11-20"), "planning/not-counted", "on", json!({"on": "2026-11-20"}));
    // Without a catalogue nothing can be asked about.
    county_on(TODAY).when(count(10, 9)).by(CHEN).refused("planning/not-in-catalogue", json!({"work": "road"}));
    scene().when(count(200, 200)).by(CHEN).then("wishes.counted");
    scene().when(count(1, 0)).by(CHEN).then("wishes.counted");
}

#[test]
fn wishes_over_time() {
    let key = Wishes::key_of(SHANGWU, &code("road"));
    let latest = |scene: &Scene| scene.row::<Wishes>(&key).latest().map(|w| (w.in_favour, w.asked, w.percent()));
    let first = scene().when(count(150, 100)).by(WANG).then("wishes.counted");
    assert_eq!(latest(&first), Some((100, 150, 66)), "rounded down");
    let corrected = first.when(count(150, 101)).by(WANG).then("wishes.counted");
    assert_eq!(latest(&corrected), Some((101, 150, 67)));
    assert_eq!(corrected.row::<Wishes>(&key).wishes.len(), 1);
    let earlier = corrected.when(count_at(SHANGWU, "road", 20, 1, "2026-05-01")).by(LU).then("wishes.counted");
    assert_eq!(latest(&earlier), Some((101, 150, 67)), "what is entered late is not the latest");
    assert_eq!(earlier.row::<Wishes>(&key).wishes.len(), 2);
    let back = earlier.when(withdraw("2026-11-20")).by(CHEN).then("wishes.withdrawn");
    assert_eq!(latest(&back), Some((1, 20, 5)));
    let gone = back.when(withdraw("2026-05-01")).by(CHEN).then("wishes.withdrawn");
    assert_eq!(latest(&gone), None);
    gone.when(withdraw("2026-05-01")).by(CHEN).then("planning/not-counted");
}

// Briefs

/// Three years, one fund of the county and one of the province.
pub fn brief() -> Brief {
    let fund = |name: &str, source, place, carries_over| Fund {
        name: text(name),
        source,
        place,
        carries_over,
        fen: vec![100_000_000, 120_000_000, 140_000_000],
        share_percent: BTreeMap::new(),
    };
    Brief {
        first_year: 2027,
        years: 3,
        later_permille: 950,
        funds: vec![
            fund("县级预算", SourceKind::CountyBudget, QINGXI, false),
            fund("省级专项", SourceKind::Provincial, PROVINCE, true),
        ],
        reserve_percent: 5,
        own_percent: 10,
        own_fen_per_household: 20_000,
        labour_hours_per_household: 8,
        load_per_year: 100,
        accepted_percent: 67,
        unasked_from_year: 2,
        easy_first: vec![3, 4],
        demonstration_years: 1,
        demonstration_percent: 20,
        line_bonus_percent: 20,
        neighbours_within_m: 3_000,
        plan_what_was_said: false,
        class_permille: [(Class::Relocate, 200)].into(),
        worst_off_extra_permille: 300,
        upkeep_percent: 60,
        fixed: vec![Fixed { place: SHANGWU, work: code("road"), is: Decision::In { year: 2028 } }],
    }
}

fn save(place: PlaceId, id: Option<BriefId>, brief: Brief) -> Command {
    Command::SaveBrief { place, id, title: text("五年规划"), brief, reason: text("议定") }
}

#[test]
fn a_brief_and_its_versions() {
    let first = scene().when(save(QINGXI, None, brief())).by(CHEN).then("brief.saved");
    let id = first.rows().find_map(|(view, key, _)| (view == crate::ViewId::Briefs).then(|| key.to_owned())).expect("a brief");
    let id: BriefId = id.parse().expect("an id");
    let longer = Brief { reserve_percent: 10, ..brief() };
    let second = first.when(save(QINGXI, Some(id), longer.clone())).by(CHEN).then("brief.saved");
    let row: &BriefRow = second.row(&id.key());
    assert_eq!((row.versions.len(), row.current().map(|v| &v.brief)), (2, Some(&longer)));
    assert_eq!(row.version(1).map(|v| &v.brief), Some(&brief()), "what was written down once stays");
    assert_eq!((row.version(0), row.version(3)), (None, None));
    for (who, outcome) in
        [(LU, "forbidden"), (WANG, "forbidden"), (FANG, "forbidden"), (GAO, "forbidden"), (STRANGER, "forbidden")]
    {
        second.when(save(QINGXI, Some(id), brief())).by(who).then(outcome);
        second.when(save(QINGXI, None, brief())).by(who).then(outcome);
    }
    // The city's office may; but it stays the county's brief, wherever somebody says it belongs.
    second.when(save(QINGXI, Some(id), brief())).by(CITY_OFFICE).then("brief.saved");
    second.when(save(CITY, Some(id), brief())).by(CITY_OFFICE).then("forbidden");
    second.when(save(LINXI, None, Brief { fixed: vec![], ..brief() })).by(CHEN).then("forbidden");
    let withdraw = || Command::WithdrawBrief { id, reason: text("另起一份") };
    second.when(withdraw()).by(LU).then("forbidden");
    let gone = second.when(withdraw()).by(CHEN).then("brief.withdrawn");
    gone.when(withdraw()).by(CHEN).blames("planning/brief-gone", Some("id"));
    gone.when(save(QINGXI, Some(id), brief())).by(CHEN).then("planning/brief-gone");
    let nobody = Command::WithdrawBrief { id: BriefId(uuid::Uuid::from_u128(77)), reason: text("没有") };
    gone.when(nobody).by(CHEN).then("forbidden");
}

#[test]
fn briefs_that_cannot_work() {
    assert_eq!(brief().fault(), None);
    type Change = fn(&mut Brief);
    let cases: &[(&str, Change)] = &[
        ("first_year", |b| b.first_year = 1999),
        ("years", |b| b.years = 2),
        ("years", |b| b.years = 16),
        ("later_permille", |b| b.later_permille = 1001),
        ("funds", |b| b.funds.clear()),
        ("funds.name", |b| b.funds[1].name = b.funds[0].name.clone()),
        ("funds.fen", |b| b.funds[0].fen.truncate(2)),
        ("funds.fen", |b| b.funds[0].fen[0] = -1),
        ("funds.fen", |b| b.funds.iter_mut().for_each(|f| f.fen = vec![0; 3])),
        ("funds.share_percent", |b| b.funds[0].share_percent.extend([(Field::Road, 101)])),
        ("reserve_percent", |b| b.reserve_percent = 51),
        ("own_percent", |b| b.own_percent = 51),
        ("own_fen_per_household", |b| b.own_fen_per_household = -1),
        ("load_per_year", |b| b.load_per_year = 0),
        ("accepted_percent", |b| b.accepted_percent = 101),
        ("unasked_from_year", |b| b.unasked_from_year = 4),
        ("easy_first", |b| b.easy_first = vec![0]),
        ("easy_first", |b| b.easy_first = vec![1, 2, 3, 4]),
        ("demonstration_years", |b| b.demonstration_years = 4),
        ("demonstration_percent", |b| b.demonstration_percent = 101),
        ("line_bonus_percent", |b| b.line_bonus_percent = 101),
        ("neighbours_within_m", |b| b.neighbours_within_m = 50_001),
        ("class_permille", |b| b.class_permille = [(Class::Cluster, 10_001)].into()),
        ("worst_off_extra_permille", |b| b.worst_off_extra_permille = 10_001),
        ("fixed.year", |b| b.fixed[0].is = Decision::In { year: 2030 }),
        ("fixed.year", |b| b.fixed[0].is = Decision::NotIn { year: 2026 }),
    ];
    for (value, change) in cases {
        let mut bad = brief();
        change(&mut bad);
        scene().when(save(QINGXI, None, bad.clone())).by(CHEN).refused("planning/out-of-range", json!({"value": value}));
        scene().when(save(QINGXI, None, bad)).by(CHEN).blames("planning/out-of-range", Some("brief"));
    }
    let spoken_of = |fund: PlaceId, fixed: PlaceId| {
        let mut brief = brief();
        (brief.funds[0].place, brief.fixed[0].place) = (fund, fixed);
        scene().when(save(QINGXI, None, brief)).by(CHEN)
    };
    spoken_of(CITY, XIAWU).then("brief.saved");
    spoken_of(YUNLING, XIAWU).refused("planning/elsewhere", json!({"places": 1}));
    spoken_of(LINXI, XIAWU).refused("planning/elsewhere", json!({"places": 1}));
    spoken_of(LINXI, SHIQIAO).refused("planning/elsewhere", json!({"places": 2}));
    spoken_of(QINGXI, YUNLING).refused("planning/elsewhere", json!({"places": 1}));
    spoken_of(NOWHERE, NOWHERE).refused("planning/elsewhere", json!({"places": 2}));
}

// Plans

pub fn made() -> PlanMade {
    PlanMade {
        file: FileHash::new(&"0".repeat(64)).expect("64 digits"),
        needs_on: day(TODAY),
        objective: 999_000,
        bound: 1_000_000,
        works: 12,
        villages: 3,
        cost_fen: 1_234_500,
        left_out: 4,
        seed: 1,
    }
}

#[test]
fn a_plan_is_proposed_and_put_aside() {
    let scene = scene().when(save(QINGXI, None, brief())).by(CHEN).then("brief.saved");
    let key = |scene: &Scene, view| scene.rows().find_map(|(v, key, _)| (v == view).then(|| key.to_owned())).expect("a row");
    let brief: BriefId = key(&scene, crate::ViewId::Briefs).parse().expect("an id");
    let propose = |version| Command::Propose { brief, version, made: made() };
    scene.when(propose(1)).by(LU).then("forbidden");
    scene.when(propose(2)).by(CHEN).blames("planning/brief-gone", Some("brief"));
    scene.when(propose(0)).by(CHEN).then("planning/brief-gone");
    let proposed = scene.when(propose(1)).by(CHEN).then("plan.proposed");
    let id: PlanId = key(&proposed, crate::ViewId::Plans).parse().expect("an id");
    assert_eq!(proposed.row::<PlanRow>(&id.key()).gap_ppm(), 1_000);
    let discard = || Command::Discard { id, reason: text("再算一次") };
    for who in [LU, WANG, FANG, GAO, VIEWER, STRANGER] {
        proposed.when(discard()).by(who).then("forbidden");
    }
    let gone = proposed.when(discard()).by(CHEN).then("plan.discarded");
    gone.when(discard()).by(CHEN).blames("planning/plan-gone", Some("id"));
    let withdrawn = scene.when(Command::WithdrawBrief { id: brief, reason: text("停用") }).by(CHEN).then("brief.withdrawn");
    withdrawn.when(propose(1)).by(CHEN).then("planning/brief-gone");
}

#[test]
fn how_far_a_plan_is_from_the_best_is_never_told_too_small() {
    let gap = |objective, bound| {
        let made = PlanMade { objective, bound, ..made() };
        let scene = scene().when(save(QINGXI, None, brief())).by(CHEN).then("brief.saved");
        let brief = scene
            .rows()
            .find_map(|(v, key, _)| (v == crate::ViewId::Briefs).then(|| key.parse().expect("an id")))
            .expect("a brief");
        let after = scene.when(Command::Propose { brief, version: 1, made }).by(CHEN).then("plan.proposed");
        let row = after.rows().find(|(v, ..)| *v == crate::ViewId::Plans).map(|(_, key, _)| key.to_owned()).expect("a plan");
        after.row::<PlanRow>(&row).gap_ppm()
    };
    assert_eq!((gap(0, 0), gap(10, 10), gap(2, 3), gap(0, 5)), (0, 0, 333_334, 1_000_000));
    assert_eq!(gap(i64::MAX - 1, i64::MAX), 1);
}
