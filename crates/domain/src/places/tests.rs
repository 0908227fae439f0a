use serde_json::json;

use super::*;
use crate::{
    basics::{Day, PlaceId, Position, RefusalBody, Role, Subject, Value, View},
    scenes::*,
};

const DOC: &str = "清江市民政局〔2026〕12号";

fn doc() -> Document {
    text(DOC)
}

fn today() -> Scene {
    county_on("2026-11-23")
}

fn nothing_yet() -> Scene {
    Scene::default().on("2026-11-23")
}

fn given(scene: Scene, place: PlaceId, fact: Fact) -> Scene {
    scene.happened(CHEN, Subject::Place(place), place, fact)
}

fn closed(scene: Scene, place: PlaceId) -> Scene {
    given(scene, place, Fact::Closed(Closed { on: None, into: vec![], document: doc() }))
}

fn rename(place: PlaceId, name: &str) -> Command {
    Command::Rename { place, name: text(name), from: Some(day("2026-03-01")), document: doc() }
}
fn recode(place: PlaceId, code: &str) -> Command {
    Command::Recode { place, code: code.into(), from: None, document: doc() }
}
fn classify(place: PlaceId, class: Class) -> Command {
    Command::Classify { place, class, from: day("2026-03-01"), document: doc() }
}
fn grade(place: PlaceId, grade: Grade) -> Command {
    Command::Grade { place, grade, from: day("2026-03-01"), document: doc() }
}
fn enter(place: PlaceId, stage: Stage) -> Command {
    Command::EnterStage { place, stage, from: day("2026-03-01"), document: doc() }
}
fn count(place: PlaceId, value: u32, on: &str) -> Command {
    Command::Count { place, what: Counted::HouseholdsRegistered, value, on: day(on), method: Method::Counted }
}
fn locate(place: PlaceId, lon_e7: i32) -> Command {
    let position = Position::new(lon_e7, 305_221_000).expect("on the map");
    Command::Locate { place, position, source: text("测绘院 2025") }
}
fn close(place: PlaceId, into: &[PlaceId]) -> Command {
    Command::Close { place, on: Some(day("2026-03-01")), into: into.to_vec(), document: doc() }
}
fn reinstate(place: PlaceId) -> Command {
    Command::Reinstate { place, document: doc() }
}

#[test]
fn what_the_office_may_do_to_places() {
    #[rustfmt::skip]
    let cases: Vec<(&str, Command, &str)> = vec![
        ("a village gets another name", rename(SHANGWU, "上坞新村"), "place.renamed"),
        ("the name it has already", rename(SHANGWU, "上坞村"), "places/nothing-changes"),
        ("a county too has a name", rename(QINGXI, "青溪市"), "place.renamed"),
        ("another code", recode(SHANGWU, "990101100211"), "place.recoded"),
        ("the code it has already", recode(SHANGWU, "990101100201"), "places/nothing-changes"),
        ("a code in another township", recode(SHANGWU, "990101200211"), "place.recoded"),
        ("a class", classify(SHANGWU, Class::Heritage), "place.classified"),
        ("moving it away is a class too", classify(SHANGWU, Class::Relocate), "place.classified"),
        ("a township has no class", classify(YUNLING, Class::Heritage), "places/not-a-village"),
        ("a grade", grade(SHANGWU, Grade::Boutique), "place.graded"),
        ("no grade to take away", grade(SHANGWU, Grade::None), "places/nothing-changes"),
        ("a county has no grade", grade(QINGXI, Grade::Future), "places/not-a-village"),
        ("a stage in a village", enter(SHANGWU, Stage::Rollout), "place.stage_entered"),
        ("a stage in the whole county", enter(QINGXI, Stage::Rollout), "place.stage_entered"),
        ("a denominator", count(SHANGWU, 238, "2026-05-31"), "place.counted"),
        ("nobody left is a number too", count(SHANGWU, 0, "2026-05-31"), "place.counted"),
        ("counted today", count(SHANGWU, 238, "2026-11-23"), "place.counted"),
        ("counted tomorrow", count(SHANGWU, 238, "2026-11-24"), "places/in-the-future"),
        ("ten million", count(SHANGWU, 10_000_000, "2026-05-31"), "place.counted"),
        ("one more", count(SHANGWU, 10_000_001, "2026-05-31"), "places/too-many"),
        ("a point", locate(SHANGWU, 1_196_013_000), "place.located"),
        ("it ceases to be", close(SHANGWU, &[]), "place.closed"),
        ("it becomes two others", close(SHANGWU, &[XIAWU, QIAOTOU]), "place.closed"),
        ("it cannot become itself", close(SHANGWU, &[XIAWU, SHANGWU]), "places/into-itself"),
        ("it cannot become what there is not", close(SHANGWU, &[NOWHERE]), "places/no-such-place"),
        ("it goes on", reinstate(SHANGWU), "places/not-closed"),
    ];
    for (case, command, expected) in cases {
        today().when(command).by(CHEN).then_in(case, expected);
    }
}

#[test]
fn a_refusal_names_the_field_to_blame() {
    let ahead = |command: Command| {
        let sent = serde_json::to_string(&command).expect("JSON").replace("2026-03-01", "2027-03-01");
        serde_json::from_str::<Command>(&sent).expect("a command")
    };
    let scene = [classify(SHANGWU, Class::Heritage), grade(SHANGWU, Grade::Boutique), enter(SHANGWU, Stage::Rollout)]
        .into_iter()
        .chain([locate(SHANGWU, 1_196_013_000)])
        .fold(today(), |scene, command| {
            let then = scene.when(command).by(CHEN);
            let kind = then.word();
            then.then(kind.as_str())
        });
    #[rustfmt::skip]
    let cases = [
        (rename(SHANGWU, "上坞村"), "places/nothing-changes", Some("name")),
        (recode(SHANGWU, "990101100201"), "places/nothing-changes", Some("code")),
        (recode(SHANGWU, "33"), "places/bad-code", Some("code")),
        (recode(SHANGWU, "990101100202"), "places/code-in-use", Some("code")),
        (classify(SHANGWU, Class::Heritage), "places/nothing-changes", Some("class")),
        (grade(SHANGWU, Grade::Boutique), "places/nothing-changes", Some("grade")),
        (enter(SHANGWU, Stage::Rollout), "places/nothing-changes", Some("stage")),
        (locate(SHANGWU, 1_196_013_000), "places/nothing-changes", Some("position")),
        (ahead(rename(SHANGWU, "上坞新村")), "places/in-the-future", Some("from")),
        (ahead(close(SHANGWU, &[])), "places/in-the-future", Some("on")),
        (count(SHANGWU, 1, "2026-11-24"), "places/in-the-future", Some("on")),
        (count(SHANGWU, 10_000_001, "2026-05-31"), "places/too-many", Some("value")),
        (close(SHANGWU, &[SHANGWU]), "places/into-itself", Some("into")),
        (close(SHANGWU, &[NOWHERE]), "places/no-such-place", Some("into")),
        (classify(YUNLING, Class::Heritage), "places/not-a-village", None),
        (reinstate(SHANGWU), "places/not-closed", None),
    ];
    for (command, code, field) in cases {
        scene.when(command).by(CHEN).blames(code, field);
    }
}

#[test]
fn nothing_happens_to_a_closed_place_but_that_it_goes_on() {
    let scene = closed(today(), SHANGWU);
    let commands = [
        rename(SHANGWU, "上坞新村"),
        recode(SHANGWU, "990101100211"),
        classify(SHANGWU, Class::Heritage),
        grade(SHANGWU, Grade::Boutique),
        enter(SHANGWU, Stage::Rollout),
        count(SHANGWU, 238, "2026-05-31"),
        locate(SHANGWU, 1_196_013_000),
        close(SHANGWU, &[XIAWU]),
    ];
    for command in commands {
        scene.when(command).by(CHEN).refused("places/already-closed", json!({"name": "上坞村"}));
    }
    scene.when(close(XIAWU, &[SHANGWU])).by(CHEN).refused("places/already-closed", json!({"name": "上坞村"}));
    let again = scene.when(reinstate(SHANGWU)).by(CHEN).then(Fact::Reinstated(Reinstated { document: doc() }));
    again.when(rename(SHANGWU, "上坞新村")).by(CHEN).then("place.renamed");
}

#[test]
fn the_same_again_changes_nothing() {
    for (command, expected) in [
        (classify(SHANGWU, Class::Heritage), "place.classified"),
        (grade(SHANGWU, Grade::Boutique), "place.graded"),
        (enter(SHANGWU, Stage::Rollout), "place.stage_entered"),
        (locate(SHANGWU, 1_196_013_000), "place.located"),
    ] {
        let scene = today().when(command.clone()).by(CHEN).then(expected);
        scene.when(command).by(CHEN).then("places/nothing-changes");
    }
    let twice = today().when(count(SHANGWU, 238, "2026-05-31")).by(CHEN).then("place.counted");
    twice.when(count(SHANGWU, 238, "2026-05-31")).by(CHEN).then("place.counted");
}

#[test]
fn who_may_edit_and_who_may_count() {
    let people = [
        ("the office", CHEN, true, true),
        ("the city's office", CITY_OFFICE, true, true),
        ("a department", LIN, false, false),
        ("a township official", LU, false, true),
        ("the head of the town", SHEN, false, false),
        ("an official of another township", ZHOU, false, false),
        ("the village committee", WANG, false, true),
        ("an inspector", GAO, false, false),
        ("the administrator", ADMIN, false, false),
        ("a viewer", VIEWER, false, false),
        ("a stranger", STRANGER, false, false),
    ];
    let word = |may: bool, kind: &'static str| if may { kind } else { "forbidden" };
    for (who, person, edits, counts) in people {
        today().when(rename(SHANGWU, "上坞新村")).by(person).then_in(who, word(edits, "place.renamed"));
        today().when(count(SHANGWU, 238, "2026-05-31")).by(person).then_in(who, word(counts, "place.counted"));
    }
    today().when(rename(SHANGWU, "上坞新村")).by(AUNT_LI).then("forbidden");
    today().when(count(SHIQIAO, 238, "2026-05-31")).by(CHEN).then_in("another county's village", "forbidden");
    today().when(rename(NOWHERE, "何处")).by(CHEN).then_in("there is no such place: the same answer", "forbidden");
    today().when(rename(NOWHERE, "何处")).past_the_door().refused("places/no-such-place", json!({"place": 1}));
}

#[test]
fn a_code_has_twelve_digits_of_its_level() {
    #[rustfmt::skip]
    let cases = [
        (SHANGWU, "990101100211", true, "a village's"),
        (SHANGWU, "99010110021", false, "eleven digits"),
        (SHANGWU, "9901011002111", false, "thirteen digits"),
        (SHANGWU, "99010110021a", false, "a letter"),
        (SHANGWU, "９９０１", false, "twelve bytes of wide digits"),
        (SHANGWU, "", false, "nothing"),
        (SHANGWU, "990101100000", false, "a township's"),
        (SHANGWU, "990101000000", false, "a county's"),
        (YUNLING, "990101101000", true, "a township's"),
        (YUNLING, "990101100201", false, "a village's"),
        (YUNLING, "990101000000", false, "its county's"),
        (QINGXI, "990103000000", true, "a county's"),
        (QINGXI, "990100000000", false, "its city's"),
        (CITY, "990200000000", true, "a city's"),
        (CITY, "990000000000", false, "its province's"),
        (PROVINCE, "980000000000", true, "a province's"),
        (PROVINCE, "000000000000", false, "nobody's"),
    ];
    const PROVINCE_OFFICE: Person = Person(50, &[post(PROVINCE, Role::Office)]);
    for (place, code, good, case) in cases {
        let then = today().when(recode(place, code)).by(PROVINCE_OFFICE);
        then.then_in(case, if good { "place.recoded" } else { "places/bad-code" });
    }
    today().when(recode(SHANGWU, "33")).by(CHEN).refused("places/bad-code", json!({"found": "33", "level": "village"}));
}

/// A row says what holds today: what begins tomorrow is recorded tomorrow.
#[test]
fn nothing_holds_before_its_day() {
    let on = |words: &str| -> [(&str, Command, &str); 7] {
        let from = day(words);
        let close = Command::Close { place: SHANGWU, on: Some(from), into: vec![XIAWU], document: doc() };
        let recode = Command::Recode { place: SHANGWU, code: "990101100211".into(), from: Some(from), document: doc() };
        [
            (
                "a name",
                Command::Rename { place: SHANGWU, name: text("上坞新村"), from: Some(from), document: doc() },
                "place.renamed",
            ),
            ("a code", recode, "place.recoded"),
            ("a class", Command::Classify { place: SHANGWU, class: Class::Heritage, from, document: doc() }, "place.classified"),
            ("a grade", Command::Grade { place: SHANGWU, grade: Grade::Boutique, from, document: doc() }, "place.graded"),
            (
                "a stage",
                Command::EnterStage { place: SHANGWU, stage: Stage::Rollout, from, document: doc() },
                "place.stage_entered",
            ),
            ("a denominator", count(SHANGWU, 238, words), "place.counted"),
            ("an end", close, "place.closed"),
        ]
    };
    for (what, command, kind) in on("2026-11-23") {
        today().when(command).by(CHEN).then_in(what, kind);
    }
    for (what, command, _) in on("2026-11-24") {
        let scene = today().when(command.clone()).by(CHEN).then_in(what, "places/in-the-future");
        scene.when(command).by(CHEN).refused("places/in-the-future", json!({"on": "2026-11-24"}));
    }
    let mut import = register(small_register(), vec![]);
    import.changed_on = Some(day("2026-11-24"));
    today().when(import.clone()).by(IMPORT).refused("places/in-the-future", json!({"on": "2026-11-24"}));
    import.changed_on = Some(day("2026-11-23"));
    assert_eq!(today().when(import).by(IMPORT).drafts.len(), 8);
}

#[test]
fn of_the_open_places_each_has_a_code_of_its_own() {
    let taken = json!({"place_code": "990101100202", "name": "下坞村"});
    today().when(recode(SHANGWU, "990101100202")).by(CHEN).refused("places/code-in-use", taken.clone());
    let scene = closed(today(), XIAWU).when(recode(SHANGWU, "990101100202")).by(CHEN).then("place.recoded");
    scene.when(reinstate(XIAWU)).by(CHEN).refused("places/code-in-use", json!({"place_code": "990101100202", "name": "上坞村"}));
    let scene = scene.when(recode(SHANGWU, "990101100201")).by(CHEN).then_in("the code it had before", "place.recoded");
    scene.when(reinstate(XIAWU)).by(CHEN).then("place.reinstated");
    scene.when(recode(NOWHERE, "990101100202")).by(CHEN).then("forbidden");
    scene.when(recode(SHANGWU, "990101100202")).by(TAO).then_in("another county's official", "forbidden");
}

#[test]
fn a_village_may_become_more_than_fifty_places() {
    let mut scene = today();
    let many: Vec<PlaceId> = (0..60).map(|n| first(990101100300 + n)).collect();
    for id in &many {
        let code = (id.0 / 100).to_string();
        let within = vec![PROVINCE, CITY, QINGXI, YUNLING];
        let (name, origin) = (text("新村"), String::new());
        let new = Registered { code, name, level: Level::Village, kind: Kind::Villagers, within, from: None, origin };
        scene = given(scene, *id, Fact::Registered(new));
    }
    scene.when(close(SHANGWU, &many)).by(CHEN).then("place.closed");
}

#[test]
fn a_fact_holds_from_the_day_of_its_document() {
    let then = today().when(rename(SHANGWU, "上坞新村")).by(CHEN);
    assert_eq!(then.drafts[0].effective_ms, day("2026-03-01").start_ms());
    assert_eq!((then.drafts[0].org, then.drafts[0].subject, then.drafts[0].place), (990_101, Subject::Place(SHANGWU), SHANGWU));
    let then = today().when(locate(SHANGWU, 1)).by(CHEN);
    assert_eq!(then.drafts[0].effective_ms, today().now_ms(), "a point has no day of its own");
}

#[test]
fn names_and_codes_leave_their_history() {
    let scene = today().when(rename(SHANGWU, "上坞新村")).by(CHEN).then("place.renamed");
    let scene = scene.when(recode(SHANGWU, "990101100211")).by(CHEN).then("place.recoded");
    let scene = scene
        .when(Command::Recode { place: SHANGWU, code: "990101200211".into(), from: Some(day("2026-06-01")), document: doc() })
        .by(CHEN)
        .then("place.recoded");
    let place = scene.place(SHANGWU);
    assert_eq!((place.name.as_str(), place.code.as_str()), ("上坞新村", "990101200211"));
    assert_eq!(place.former_names, ["上坞村"]);
    let codes: Vec<(&str, Option<Day>)> = place.former_codes.iter().map(|c| (c.code.as_str(), c.until)).collect();
    assert_eq!(codes, [("990101100201", None), ("990101100211", Some(day("2026-06-01")))]);
    assert_eq!(place.id, SHANGWU, "identity-outlives-code");
}

#[test]
fn a_grade_can_be_lost_and_the_best_is_remembered() {
    let scene = today().when(grade(SHANGWU, Grade::Boutique)).by(CHEN).then("place.graded");
    let scene = scene.when(grade(SHANGWU, Grade::Remediated)).by(CHEN).then("place.graded");
    assert_eq!((scene.place(SHANGWU).grade, scene.place(SHANGWU).grade_best), (Some(Grade::Remediated), Some(Grade::Boutique)));
    let scene = scene.when(grade(SHANGWU, Grade::None)).by(CHEN).then("place.graded");
    assert_eq!((scene.place(SHANGWU).grade, scene.place(SHANGWU).grade_best), (Some(Grade::None), Some(Grade::Boutique)));
    scene.when(grade(SHANGWU, Grade::None)).by(CHEN).then("places/nothing-changes");
}

/// Value, mark and whether the village counts as shrunk, after records of (value, day) in this order.
#[test]
fn denominators_never_shrink_silently() {
    type Mark = Option<(u32, &'static str)>;
    type Case = (&'static str, &'static [(u32, &'static str)], u32, Mark);
    #[rustfmt::skip]
    let cases: Vec<Case> = vec![
        ("once", &[(238, "2025-12-31")], 238, None),
        ("more", &[(238, "2025-12-31"), (240, "2026-05-31")], 240, None),
        ("the same", &[(238, "2025-12-31"), (238, "2026-05-31")], 238, None),
        ("later smaller", &[(238, "2025-12-31"), (173, "2026-05-31")], 173, Some((238, "2025-12-31"))),
        ("smaller and smaller", &[(238, "2025-12-31"), (200, "2026-05-31"), (173, "2026-06-30")], 173, Some((238, "2025-12-31"))),
        ("partly back", &[(238, "2025-12-31"), (173, "2026-05-31"), (200, "2026-06-30")], 200, Some((238, "2025-12-31"))),
        ("all back", &[(238, "2025-12-31"), (173, "2026-05-31"), (238, "2026-06-30")], 238, None),
        ("back and down again", &[(238, "2025-12-31"), (173, "2026-05-31"), (240, "2026-06-30"), (239, "2026-07-31")], 239, Some((240, "2026-06-30"))),
        ("corrected downwards on its day", &[(238, "2025-12-31"), (173, "2025-12-31")], 173, Some((238, "2025-12-31"))),
        ("corrected upwards on its day", &[(173, "2025-12-31"), (238, "2025-12-31")], 238, None),
        ("an earlier day recorded late, larger", &[(173, "2026-05-31"), (238, "2025-12-31")], 173, Some((238, "2025-12-31"))),
        ("an earlier day recorded late, smaller", &[(238, "2026-05-31"), (173, "2025-12-31")], 238, None),
        ("an earlier day below the mark", &[(238, "2024-12-31"), (173, "2026-05-31"), (200, "2025-12-31")], 173, Some((238, "2024-12-31"))),
        ("an earlier day above the mark", &[(238, "2024-12-31"), (173, "2026-05-31"), (250, "2025-12-31")], 173, Some((250, "2025-12-31"))),
        ("down to nobody", &[(1, "2025-12-31"), (0, "2026-05-31")], 0, Some((1, "2025-12-31"))),
    ];
    let column = Place::COLUMNS.iter().position(|c| c.name == "shrunk").expect("declared");
    for (case, records, value, mark) in cases {
        let scene = records
            .iter()
            .fold(today(), |scene, (value, on)| scene.when(count(SHANGWU, *value, on)).by(WANG).then_in(case, "place.counted"));
        let place = scene.place(SHANGWU);
        let now = &place.counts[&Counted::HouseholdsRegistered];
        let shrunk_from = mark.map(|(value, on)| Shrunk { value, on: day(on) });
        assert_eq!((now.value, &now.shrunk_from), (value, &shrunk_from), "{case}");
        assert_eq!(place.values()[column], Value::from(mark.is_some()), "{case}");
    }
}

#[test]
fn each_day_of_a_denominator_is_a_row_of_its_own() {
    let records = [(238, "2025-12-31"), (173, "2025-12-31"), (180, "2026-05-31"), (181, "2026-05-31")];
    let scene = records.iter().fold(today(), |s, (value, on)| s.when(count(SHANGWU, *value, on)).by(WANG).then("place.counted"));
    let row = |on: &str| scene.row::<Counts>(&format!("{SHANGWU}/households_registered/{on}"));
    assert_eq!((row("2025-12-31").value, row("2025-12-31").shrunk), (173, true));
    assert_eq!((row("2026-05-31").value, row("2026-05-31").shrunk), (181, false));
}

#[test]
fn a_place_knows_what_it_lies_in_at_each_level() {
    let scene = today();
    let village = scene.place(SHANGWU);
    let found = Level::ALL.map(|level| village.at_level(level));
    assert_eq!(found, [Some(PROVINCE), Some(CITY), Some(QINGXI), Some(YUNLING), Some(SHANGWU)]);
    let county = scene.place(QINGXI);
    assert_eq!(Level::ALL.map(|level| county.at_level(level)), [Some(PROVINCE), Some(CITY), Some(QINGXI), None, None]);
    // An installation that begins at the county.
    let small = Place { within: vec![QINGXI, YUNLING], ..village.clone() };
    assert_eq!(Level::ALL.map(|level| small.at_level(level)), [None, None, Some(QINGXI), Some(YUNLING), Some(SHANGWU)]);
}

// Imports.

fn row(code: &str, name: &str, level: Level, parent: Option<&str>) -> ImportRow {
    let kind = match level {
        Level::Village => Kind::Villagers,
        Level::Township => Kind::Town,
        Level::Province | Level::City | Level::County => Kind::Area,
    };
    ImportRow { code: code.into(), name: text(name), level, kind, parent: parent.map(Into::into) }
}
fn village(code: &str, name: &str) -> ImportRow {
    row(code, name, Level::Village, Some(&format!("{}000", &code[..9])))
}

fn register(rows: Vec<ImportRow>, changes: Vec<ImportChange>) -> RegisterImport {
    let (origin, document) = ("统计用区划代码 2023-06-30".to_owned(), text("统计用区划代码 2023 年变更"));
    RegisterImport { origin, document, changed_on: Some(day("2023-06-30")), rows, changes, details: vec![] }
}

fn small_register() -> Vec<ImportRow> {
    vec![
        row("330000000000", "浙江省", Level::Province, None),
        row("330500000000", "湖州市", Level::City, Some("330000000000")),
        row("330523000000", "安吉县", Level::County, Some("330500000000")),
        row("330523100000", "梅溪镇", Level::Township, Some("330523000000")),
        row("330523101000", "溪龙乡", Level::Township, Some("330523000000")),
        village("330523100201", "上舍村"),
        village("330523100202", "石龙村"),
        village("330523101201", "黄杜村"),
    ]
}

fn id(code: u64, n: u8) -> PlaceId {
    PlaceId::mint(code, n)
}

#[test]
fn only_the_machine_imports() {
    let import = register(small_register(), vec![]);
    for person in [CHEN, ADMIN, CITY_OFFICE] {
        nothing_yet().when(import.clone()).by(person).then("forbidden");
    }
    nothing_yet().when(import.clone()).by(AUNT_LI).then("forbidden");
    let scene = nothing_yet().when(import).by(IMPORT).then([(); 8].map(|()| "place.registered").join(" ").as_str());
    let place = scene.place(id(330_523_101_201, 0));
    assert_eq!((place.org, place.code.as_str(), place.name.as_str()), (330_523, "330523101201", "黄杜村"));
    let chain = [330_000_000_000, 330_500_000_000, 330_523_000_000, 330_523_101_000].map(|c| id(c, 0));
    assert_eq!(place.within, chain);
    assert_eq!(scene.place(chain[0]).org, 330_000, "a province has a chain of its own");
}

#[test]
fn the_same_register_again_changes_nothing() {
    let then = ImportChange::Recoded { code: "330523100202".into(), now: village("330523101202", "石龙社区") };
    let changes = vec![
        ImportChange::Renamed { code: "330523100201".into(), name: text("上舍新村") },
        then,
        ImportChange::New(village("330523100210", "荆湾村")),
        ImportChange::Closed { code: "330523101201".into(), into: vec!["330523100210".into()] },
    ];
    let import = register(small_register(), changes);
    let scene = nothing_yet().when(import.clone()).by(IMPORT).then(
        [
            [(); 8].map(|()| "place.registered").join(" ").as_str(),
            "place.renamed place.recoded place.renamed place.moved place.registered place.closed",
        ]
        .join(" ")
        .as_str(),
    );
    scene.when(import.clone()).by(IMPORT).then("nothing");
    scene.when(register(small_register(), vec![])).by(IMPORT).then_in("an old edition read again", "nothing");
    let renamed = scene.place(id(330_523_100_201, 0));
    assert_eq!((renamed.name.as_str(), renamed.former_names.as_slice()), ("上舍新村", ["上舍村".to_owned()].as_slice()));
    let recoded = scene.place(id(330_523_100_202, 0));
    assert_eq!((recoded.name.as_str(), recoded.code.as_str()), ("石龙社区", "330523101202"));
    assert_eq!(recoded.within.last(), Some(&id(330_523_101_000, 0)), "moved into the other township");
    assert_eq!(recoded.former_codes[0].until, Some(day("2023-06-30")));
    let closed = scene.place(id(330_523_101_201, 0)).closed.clone().expect("closed");
    assert_eq!((closed.on, closed.into), (Some(day("2023-06-30")), vec![id(330_523_100_210, 0)]));
}

#[test]
fn a_code_given_to_another_place_makes_a_new_place() {
    let scene = nothing_yet()
        .when(register(small_register(), vec![]))
        .by(IMPORT)
        .then([(); 8].map(|()| "place.registered").join(" ").as_str());
    let reused = || {
        let mut rows = small_register();
        rows[7] = village("330523101201", "后河村");
        register(rows, vec![])
    };
    let scene = scene.when(reused()).by(IMPORT).then("place.closed place.registered");
    let (old, new) = (scene.place(id(330_523_101_201, 0)), scene.place(id(330_523_101_201, 1)));
    assert_eq!((old.name.as_str(), old.closed.is_some()), ("黄杜村", true));
    assert_eq!((new.name.as_str(), new.closed.is_some(), &new.code), ("后河村", false, &old.code));
    scene.when(reused()).by(IMPORT).then("nothing");
    scene.when(register(small_register(), vec![])).by(IMPORT).then_in("the old edition again", "nothing");
}

#[test]
fn a_closed_places_code_with_a_new_holder_stays_with_him() {
    // The same year closes 黄杜村 and gives its code to others; reading the file again must not close those.
    for (case, heir, kinds) in [
        ("to a new place", ImportChange::New(village("330523101201", "后河村")), "place.closed place.registered"),
        (
            "to a place that moves in",
            ImportChange::Recoded { code: "330523100202".into(), now: village("330523101201", "石龙村") },
            "place.closed place.recoded place.moved",
        ),
    ] {
        let gone = ImportChange::Closed { code: "330523101201".into(), into: vec![] };
        let scene = nothing_yet()
            .when(register(small_register(), vec![]))
            .by(IMPORT)
            .then([(); 8].map(|()| "place.registered").join(" ").as_str());
        let import = register(small_register(), vec![gone, heir]);
        let scene = scene.when(import.clone()).by(IMPORT).then_in(case, kinds);
        scene.when(import).by(IMPORT).then_in(case, "nothing");
    }
}

fn edition(of: &str, rows: Vec<ImportRow>, changes: Vec<ImportChange>) -> RegisterImport {
    RegisterImport { changed_on: Some(day(of)), ..register(rows, changes) }
}

fn renamed(code: &str, name: &str) -> ImportChange {
    ImportChange::Renamed { code: code.into(), name: text(name) }
}

fn recoded(code: &str, now: ImportRow) -> ImportChange {
    ImportChange::Recoded { code: code.into(), now }
}

fn gone(code: &str, into: &[&str]) -> ImportChange {
    ImportChange::Closed { code: code.into(), into: into.iter().map(|c| (*c).to_owned()).collect() }
}

#[track_caller]
fn imported(scene: &Scene, import: RegisterImport) -> Scene {
    let then = scene.when(import).by(IMPORT);
    assert!(matches!(then.outcome, Outcome::Facts(_)), "{:?}", then.outcome);
    let kinds = then.word();
    then.then(kinds.as_str())
}

#[test]
fn an_older_edition_read_after_a_newer_one_undoes_nothing() {
    let older = |changes| edition("2023-06-30", small_register(), changes);
    let cases: Vec<(&str, RegisterImport, RegisterImport)> = vec![
        (
            "a name that changed again",
            edition("2024-06-30", vec![], vec![renamed("330523100201", "上舍社区")]),
            older(vec![renamed("330523100201", "上舍新村")]),
        ),
        (
            "a code that changed again",
            edition("2024-06-30", vec![], vec![recoded("330523100202", village("330523101209", "石龙村"))]),
            older(vec![recoded("330523100202", village("330523101202", "石龙社区"))]),
        ),
        (
            "a code that went to another place",
            edition("2024-06-30", vec![], vec![gone("330523101201", &[]), ImportChange::New(village("330523101201", "后河村"))]),
            older(vec![renamed("330523101201", "黄杜社区"), gone("330523101201", &[])]),
        ),
        (
            "a code that would change to one of another place",
            edition("2024-06-30", vec![], vec![ImportChange::New(village("330523101202", "后河村"))]),
            older(vec![recoded("330523100202", village("330523101202", "石龙村"))]),
        ),
    ];
    for (case, newer, older) in cases {
        let first = nothing_yet().when(edition("2022-06-30", small_register(), vec![])).by(IMPORT);
        let first = first.then([(); 8].map(|()| "place.registered").join(" ").as_str());
        assert_ne!(first.when(older.clone()).by(IMPORT).word(), "nothing", "{case}: it is news before");
        let scene = imported(&first, newer);
        scene.when(older).by(IMPORT).then_in(case, "nothing");
    }
}

#[test]
fn an_older_register_of_other_names_makes_no_places() {
    let mut rows = small_register();
    rows[5] = village("330523100201", "上舍社区");
    let scene = imported(&nothing_yet(), edition("2024-06-30", rows.clone(), vec![]));
    scene.when(edition("2023-06-30", small_register(), vec![])).by(IMPORT).then("nothing");
    let closed = given(scene.clone(), id(330_523_100_201, 0), Fact::Closed(Closed { on: None, into: vec![], document: doc() }));
    closed.when(edition("2023-06-30", small_register(), vec![])).by(IMPORT).then_in("closed since", "nothing");
    let other = edition("2025-06-30", small_register(), vec![]);
    scene.when(other).by(IMPORT).then_in("a newer one does", "place.closed place.registered");
    // Where no register says its day, the one read last holds.
    let undated = |rows| RegisterImport { changed_on: None, ..register(rows, vec![]) };
    let scene = imported(&nothing_yet(), undated(rows));
    scene.when(undated(small_register())).by(IMPORT).then("place.closed place.registered");
    scene.when(edition("2023-06-30", small_register(), vec![])).by(IMPORT).then("place.closed place.registered");
}

#[test]
fn what_the_office_recorded_since_outlives_an_earlier_register() {
    let scene = imported(&nothing_yet(), edition("2023-06-30", small_register(), vec![]));
    let (shangshe, huangdu) = (id(330_523_100_201, 0), id(330_523_101_201, 0));
    let office = |fact| given(scene.clone(), shangshe, fact);
    let change = || edition("2026-10-31", vec![], vec![renamed("330523100201", "上舍社区")]);
    scene.when(change()).by(IMPORT).then("place.renamed");
    let named = Fact::Renamed(Renamed { name: text("上舍新村"), from: Some(day("2026-03-01")), document: doc() });
    office(named).when(change()).by(IMPORT).then("nothing");
    let located = Fact::Located(Located {
        position: Position::new(1_196_013_000, 305_221_000).expect("on the map"),
        datum: "wgs84".into(),
        origin: "测绘院".into(),
    });
    office(located).when(change()).by(IMPORT).then_in("another kind of fact", "place.renamed");
    let end = || edition("2026-10-31", vec![], vec![gone("330523101201", &[])]);
    let scene = scene.when(end()).by(IMPORT).then("place.closed");
    let again = given(scene, huangdu, Fact::Reinstated(Reinstated { document: doc() }));
    again.when(end()).by(IMPORT).then_in("closing it was a mistake", "nothing");
}

#[test]
fn the_same_edition_corrected_is_taken() {
    let with = |name: &str| edition("2023-06-30", small_register(), vec![renamed("330523100201", name)]);
    let scene = imported(&nothing_yet(), with("上舍新忖"));
    scene.when(with("上舍新村")).by(IMPORT).then("place.renamed");
}

#[test]
fn a_code_that_a_place_moves_to_is_given_up_by_its_holder() {
    let moves = || recoded("330523100202", village("330523101201", "石龙村"));
    let (old, heir) = (id(330_523_101_201, 0), id(330_523_100_202, 0));
    for (case, changes, into) in [
        ("nothing is said of the holder", vec![moves()], vec![]),
        ("it is said what became of it", vec![moves(), gone("330523101201", &["330523100201"])], vec![id(330_523_100_201, 0)]),
    ] {
        let scene = imported(&nothing_yet(), edition("2022-06-30", small_register(), vec![]));
        let import = edition("2023-06-30", vec![], changes);
        let scene = scene.when(import.clone()).by(IMPORT).then_in(case, "place.closed place.recoded place.moved");
        assert_eq!(scene.place(old).closed.as_ref().map(|c| &c.into), Some(&into), "{case}");
        assert_eq!((scene.place(heir).code.as_str(), &scene.place(heir).closed), ("330523101201", &None), "{case}");
        scene.when(import).by(IMPORT).then_in(case, "nothing");
    }
}

#[test]
fn places_may_change_codes_among_themselves() {
    let scene = imported(&nothing_yet(), edition("2022-06-30", small_register(), vec![]));
    let swap = vec![
        recoded("330523100201", village("330523100202", "上舍村")),
        recoded("330523100202", village("330523100203", "石龙村")),
        ImportChange::New(village("330523100201", "新庄村")),
    ];
    let import = edition("2023-06-30", vec![], swap);
    let scene = scene.when(import.clone()).by(IMPORT).then("place.recoded place.recoded place.registered");
    let code = |first: u64, n: u8| scene.place(id(first, n)).code.as_str();
    assert_eq!((code(330_523_100_201, 0), code(330_523_100_202, 0)), ("330523100202", "330523100203"));
    assert_eq!(code(330_523_100_201, 1), "330523100201", "new where the first one left");
    scene.when(import).by(IMPORT).then("nothing");
}

#[test]
fn an_unknown_parent_refuses_the_whole() {
    let mut rows = small_register();
    rows.push(village("330523777201", "孤村"));
    nothing_yet()
        .when(register(rows.clone(), vec![]))
        .by(IMPORT)
        .refused("places/unknown-parent", json!({"place_code": "330523777201", "name": "孤村", "parent": "330523777000"}));
    let new = ImportChange::New(village("330523777201", "孤村"));
    nothing_yet().when(register(small_register(), vec![new])).by(IMPORT).then("places/unknown-parent");
}

#[test]
fn a_code_that_is_none_refuses_the_whole() {
    for code in ["33", "3305231002011", "33052310020x", "99999999999999999999", "村村村村"] {
        let bad = row(code, "上舍村", Level::Village, Some("330523100000"));
        let mut rows = small_register();
        rows.push(bad.clone());
        nothing_yet().when(register(rows, vec![])).by(IMPORT).then_in(code, "places/bad-code");
        for change in [ImportChange::New(bad.clone()), ImportChange::Recoded { code: "330523100201".into(), now: bad.clone() }] {
            nothing_yet().when(register(small_register(), vec![change])).by(IMPORT).then_in(code, "places/bad-code");
        }
    }
}

#[test]
fn a_code_can_be_re_used_a_hundred_times() {
    let top = small_register()[..4].to_vec();
    let with = |n: usize| {
        let rows = (0..n).map(|n| village("330523100201", &format!("第{n}村")));
        register(top.iter().cloned().chain(rows).collect(), vec![])
    };
    let then = nothing_yet().when(with(100)).by(IMPORT);
    assert_eq!(then.drafts.len(), 4 + 100 + 99, "each new holder closes the one before");
    nothing_yet().when(with(101)).by(IMPORT).refused("places/code-reused-too-often", json!({"place_code": "330523100201"}));
}

#[test]
fn a_city_without_counties_stands_in_for_its_county() {
    // As 东莞市: townships lie right under the city, whose code is that of its county as well.
    let rows = vec![
        row("440000000000", "广东省", Level::Province, None),
        row("441900000000", "东莞市", Level::City, Some("440000000000")),
        row("441900101000", "石碣镇", Level::Township, Some("441900000000")),
        row("441900101200", "水南村", Level::Village, Some("441900101000")),
    ];
    let (province, city, town, place) =
        (id(440_000_000_000, 0), id(441_900_000_000, 0), id(441_900_101_000, 0), id(441_900_101_200, 0));
    let import = register(rows, vec![]);
    let scene = nothing_yet().when(import.clone()).by(IMPORT).then([(); 4].map(|()| "place.registered").join(" ").as_str());
    let village = scene.place(place);
    assert_eq!(Level::ALL.map(|l| village.at_level(l)), [province, city, city, town, place].map(Some));
    assert_eq!((village.org, scene.place(city).org), (441_900, 441_900));
    assert_eq!(scene.place(town).within.last(), Some(&city), "its parent is the city");
    scene.when(import).by(IMPORT).then("nothing");
}

#[test]
fn other_files_add_to_places_and_repeat_nothing() {
    let position = Position::new(1_196_013_000, 305_221_000).expect("on the map");
    let point = ImportDetail::Point { position, datum: "gcj02".into() };
    let outline = ImportDetail::Outline(Outlined {
        file: crate::basics::FileHash::new(&"ab".repeat(32)).expect("a hash"),
        bounds_e7: [0; 4],
        datum: "wgs84".into(),
        origin: "geojson".into(),
    });
    let mut import = register(small_register(), vec![]);
    let detail = |code: &str, detail: &ImportDetail, origin: &str| (code.to_owned(), detail.clone(), origin.to_owned());
    import.details = vec![
        detail("330523100201", &ImportDetail::UrbanRural(220), "2016"),
        detail("330523100201", &point, "points"),
        detail("330523100201", &outline, "geojson"),
        detail("330523999999", &point, "points"),
    ];
    let then = nothing_yet().when(import.clone()).by(IMPORT);
    assert_eq!(then.drafts.len(), 8 + 3, "what no place has is passed over");
    let registered = [(); 8].map(|()| "place.registered").join(" ");
    let scene = then.then(format!("{registered} place.urban_rural_set place.located place.outlined").as_str());
    scene.when(import.clone()).by(IMPORT).then("nothing");
    assert_eq!(scene.place(id(330_523_100_201, 0)).urban_rural, Some(220));
    import.details = vec![detail("330523100201", &ImportDetail::UrbanRural(121), "2023")];
    scene.when(import.clone()).by(IMPORT).then("place.urban_rural_set");
    let scene = given(scene, id(330_523_100_201, 0), Fact::Closed(Closed { on: None, into: vec![], document: doc() }));
    scene.when(import).by(IMPORT).then_in("a closed place is left alone", "nothing");
}

#[test]
fn every_kind_has_its_bytes_for_ever() {
    check_golden(include_str!("encoding.jsonl"), Fact::KINDS);
}

/// An example of every refusal, for the check that each has wording.
pub(crate) fn refusals() -> Vec<RefusalBody> {
    let name = || "上坞村".to_owned();
    let mut all = every_refusal!("places", Refusal {
        NoSuchPlace { place: NOWHERE },
        AlreadyClosed { name: name() },
        NotClosed { name: name() },
        NotAVillage { name: name() },
        BadCode { found: "33".into(), level: Level::Village },
        CodeInUse { place_code: "990101100202".into(), name: name() },
        NothingChanges,
        InTheFuture { on: day("2026-11-24") },
        TooMany { value: 10_000_001, max: 10_000_000 },
        IntoItself,
    });
    all.extend(every_refusal!("places", ImportRefusal {
        UnknownParent { place_code: "330523777201".into(), name: name(), parent: "330523777000".into() },
        BadCode { found: "33".into(), level: Level::Village },
        InTheFuture { on: day("2026-11-24") },
        CodeReusedTooOften { place_code: "330523100201".into() },
    }));
    all
}
