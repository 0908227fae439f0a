use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{
    basics::{CampaignId, Day, FileHash, FormId, PersonId, PlaceId, Post, RefusalBody, Role},
    rules,
    scenes::*,
    surveys::{self, Checked, FormHead, SubmissionHead},
};

pub fn refusals() -> Vec<RefusalBody> {
    every_refusal!("campaigns", Refusal {
        PlaceClosed,
        FormNotOffered,
        InThePast { from: day("2026-11-01") },
        BadSpan { max: 12 },
        BadMinutes { max: 480 },
        NoVillages,
        NoPlaces,
        TooManyPlaces { max: 1000 },
        NotOfTheCampaign { places: 1 },
        OverCap { over: 2, villages: 3 },
        PostElsewhere { places: 1 },
        Closed,
    })
}

#[test]
fn what_was_recorded_is_read_for_ever() {
    check_golden(include_str!("encoding.jsonl"), Fact::KINDS);
}

fn hash(n: u64) -> FileHash {
    FileHash::new(&format!("{n:064x}")).expect("64 digits")
}

fn visit(place: PlaceId) -> FormId {
    FormId::at(place, &text("visit"))
}

/// Form `visit` is offered by a place.
fn offered_by(scene: &Scene, place: PlaceId) -> Scene {
    let head = FormHead {
        form_id: text("visit"),
        version: Some(text("1")),
        title: text("入户走访"),
        md5: text(&"0".repeat(32)),
        encrypted: false,
        files: Vec::new(),
        file_questions: Vec::new(),
    };
    let upload = surveys::Command::Upload { place, file: hash(1), head: Some(head) };
    let publish = surveys::Command::Publish { form: visit(place), version: Some(text("1")), known: Vec::new(), again: None };
    let scene = scene.when(upload).by(IMPORT).then("form.uploaded");
    scene.when(publish).by(IMPORT).then("form.published")
}

fn scene() -> Scene {
    offered_by(&county_on("2026-11-20"), QINGXI)
}

fn adds(villages: u32, over: u32) -> Option<Adds> {
    Some(Adds { villages, questions: 40, minutes: 14, over })
}

struct Opened {
    place: PlaceId,
    form: FormId,
    from: &'static str,
    until: &'static str,
    places: Vec<PlaceId>,
    minutes: Option<u16>,
    over_cap: Option<&'static str>,
    adds: Option<Adds>,
}

fn usual() -> Opened {
    Opened {
        place: QINGXI,
        form: visit(QINGXI),
        from: "2026-12-01",
        until: "2026-12-31",
        places: Vec::new(),
        minutes: None,
        over_cap: None,
        adds: adds(3, 0),
    }
}

fn open(o: Opened) -> Command {
    Command::Open {
        place: o.place,
        form: o.form,
        title: text("冬季走访"),
        from: day(o.from),
        until: day(o.until),
        places: o.places,
        minutes: o.minutes,
        over_cap: o.over_cap.map(text),
        adds: o.adds,
    }
}

/// A campaign over the whole county, the first that a scene makes after its form.
fn running() -> (Scene, CampaignId) {
    let then = scene().when(open(usual())).by(CHEN);
    let Some(crate::basics::Subject::Campaign(id)) = then.drafts.first().map(|d| d.subject) else { panic!("no campaign") };
    (then.then("campaign.opened"), id)
}

fn assign(campaign: CampaignId, places: &[PlaceId], to: Assignee) -> Command {
    Command::Assign { campaign, places: places.to_vec(), to }
}
fn town(place: PlaceId) -> Assignee {
    Assignee::Post { post: Post::new(place, Role::Township) }
}

#[test]
fn who_opens_a_campaign_and_where() {
    let cases = [
        ("the county's office", CHEN, QINGXI, "campaign.opened"),
        ("the county's office for one town", CHEN, YUNLING, "campaign.opened"),
        ("the city's office for the county", CITY_OFFICE, QINGXI, "campaign.opened"),
        ("where the form is not offered", CITY_OFFICE, CITY, "campaigns/form-not-offered"),
        ("the county for its neighbour", CHEN, LINXI, "forbidden"),
        ("a town", LU, YUNLING, "forbidden"),
        ("the head", FANG, QINGXI, "forbidden"),
        ("an inspector", GAO, QINGXI, "forbidden"),
        ("a stranger", STRANGER, QINGXI, "forbidden"),
        ("nowhere", CHEN, NOWHERE, "forbidden"),
    ];
    for (case, person, place, expected) in cases {
        scene().when(open(Opened { place, ..usual() })).by(person).then_in(case, expected);
    }
}

#[test]
fn what_a_campaign_must_be() {
    type Change = fn(&mut Opened);
    let cases: Vec<(Change, &str, Option<&str>)> = vec![
        (|o| o.form = visit(LINXI), "campaigns/form-not-offered", Some("form")),
        (|o| o.from = "2026-11-19", "campaigns/in-the-past", Some("from")),
        (|o| o.until = "2026-11-30", "campaigns/bad-span", Some("until")),
        (|o| o.until = "2027-12-01", "campaigns/bad-span", Some("until")),
        (|o| o.minutes = Some(0), "campaigns/bad-minutes", Some("minutes")),
        (|o| o.minutes = Some(481), "campaigns/bad-minutes", Some("minutes")),
        (|o| o.places = vec![SHANGWU; PLACES_MAX + 1], "campaigns/too-many-places", Some("places")),
        (|o| o.places = vec![SHANGWU, SHIQIAO], "campaigns/not-of-the-campaign", Some("places")),
        (|o| o.places = vec![NOWHERE], "campaigns/not-of-the-campaign", Some("places")),
        (|o| o.adds = adds(0, 0), "campaigns/no-villages", None),
        (|o| o.adds = adds(3, 2), "campaigns/over-cap", Some("over_cap")),
    ];
    for (change, code, field) in cases {
        let mut opened = usual();
        change(&mut opened);
        scene().when(open(opened)).by(CHEN).blames(code, field);
    }
    let good: [Change; 5] = [
        |o| o.from = "2026-11-20",
        |o| o.until = "2027-11-30",
        |o| o.places = vec![SHANGWU, XIKOU],
        |o| o.adds = None,
        |o| (o.adds, o.over_cap) = (adds(3, 2), Some("上级部署的普查")),
    ];
    for change in good {
        let mut opened = usual();
        change(&mut opened);
        scene().when(open(opened)).by(CHEN).then("campaign.opened");
    }
    let over = open(Opened { adds: adds(3, 2), ..usual() });
    scene().when(over).by(CHEN).refused("campaigns/over-cap", json!({"over": 2, "villages": 3}));
}

#[test]
fn who_goes_where() {
    let (scene, id) = running();
    let lu = Assignee::Person { person: LU.person() };
    let row = |scene: &Scene, place| scene.row::<Assignment>(&Assignment::key_of(id, place)).to.clone();
    let scene =
        scene.when(assign(id, &[YUNLING, XIKOU, YUNLING], lu.clone())).by(CHEN).then("campaign.assigned campaign.assigned");
    assert_eq!(row(&scene, YUNLING), Some(lu.clone()));
    scene.when(assign(id, &[YUNLING], lu.clone())).by(CHEN).then("nothing");
    let scene = scene.when(assign(id, &[SHANGWU, YUNLING], town(YUNLING))).by(CHEN).then("campaign.assigned campaign.assigned");
    assert_eq!(row(&scene, YUNLING), Some(town(YUNLING)), "the later one counts");
    scene.when(assign(id, &[SHANGWU, QIAOTOU], town(YUNLING))).by(CHEN).blames("campaigns/post-elsewhere", Some("to"));
    let viewer = Assignee::Post { post: Post::new(QINGXI, Role::Viewer) };
    scene.when(assign(id, &[SHANGWU], viewer)).by(CHEN).refused("campaigns/post-elsewhere", json!({"places": 1}));
    scene.when(assign(id, &[], lu.clone())).by(CHEN).blames("campaigns/no-places", Some("places"));
    scene.when(assign(id, &[SHIQIAO, CITY], lu.clone())).by(CHEN).refused("campaigns/not-of-the-campaign", json!({"places": 2}));
    scene.when(assign(id, &[SHANGWU], lu.clone())).by(LU).then("forbidden");
    scene.when(assign(CampaignId(Uuid::from_u128(5)), &[SHANGWU], lu)).by(CHEN).then("forbidden");
    let unassign = || Command::Unassign { campaign: id, places: vec![YUNLING, QIAOTOU] };
    scene.when(unassign()).by(SHEN).then("forbidden");
    let scene = scene.when(unassign()).by(CHEN).then("campaign.unassigned");
    assert_eq!((row(&scene, YUNLING), row(&scene, SHANGWU)), (None, Some(town(YUNLING))));
    scene.when(unassign()).by(CHEN).then("nothing");
}

#[test]
fn a_village_it_does_not_go_to_is_not_assigned() {
    let scene = scene().when(open(Opened { places: vec![SHANGWU], ..usual() })).by(CHEN).then("campaign.opened");
    let id = scene.rows().find_map(|(_, _, row)| if let crate::Row::Campaigns(c) = row { Some(c.id) } else { None });
    let id = id.expect("a campaign");
    for (place, expected) in [
        (SHANGWU, "campaign.assigned"),
        (YUNLING, "campaign.assigned"),
        (XIAWU, "campaigns/not-of-the-campaign"),
        (GAOPING, "campaigns/not-of-the-campaign"),
    ] {
        scene.when(assign(id, &[place], Assignee::Person { person: PersonId(Uuid::from_u128(1)) })).by(CHEN).then(expected);
    }
}

#[test]
fn a_closed_campaign_stays_closed() {
    let (scene, id) = running();
    let close = || Command::Close { campaign: id, reason: text("走访完毕") };
    scene.when(close()).by(LU).then("forbidden");
    let scene = scene.when(close()).by(CHEN).then("campaign.closed");
    assert_eq!(scene.row::<Campaign>(&id.key()).state.word(), "closed");
    scene.when(close()).by(CHEN).then("campaigns/closed");
    scene.when(assign(id, &[SHANGWU], town(YUNLING))).by(CHEN).then("campaigns/closed");
    scene.when(Command::Unassign { campaign: id, places: vec![SHANGWU] }).by(CHEN).then("campaigns/closed");
}

fn submitted(instance: &str, deprecated: Option<&str>, questions: u32, seconds: Option<u32>) -> surveys::Command {
    let checked = Checked { judged: true, doubts: Vec::new(), doubts_count: 0, unjudged: 0, questions, seconds, point: None };
    surveys::Command::Submit {
        place: SHANGWU,
        file: hash(u64::from(questions) * 7 + 100 + u64::from(deprecated.is_some())),
        head: Some(SubmissionHead {
            form_id: text("visit"),
            version: Some(text("1")),
            instance: text(instance),
            deprecated: deprecated.map(text),
            encrypted: seconds == Some(0),
            mentioned: Vec::new(),
        }),
        files: Vec::new(),
        device: None,
        about: None,
        // What is encrypted cannot be recomputed.
        checked: (seconds != Some(0)).then(|| Box::new(checked)),
    }
}

#[test]
fn what_was_asked_of_a_village_in_a_month() {
    let mut scene = scene();
    for (on, command) in [
        ("2026-11-20", submitted("uuid:1", None, 40, Some(601))),
        ("2026-11-21", submitted("uuid:2", None, 30, None)),
        ("2026-11-30", submitted("uuid:3", None, 10, Some(0))),
        ("2026-12-01", submitted("uuid:4", None, 5, Some(60))),
        // Put right, and asked of nobody.
        ("2026-12-02", submitted("uuid:5", Some("uuid:1"), 40, Some(601))),
    ] {
        scene = scene.on(on);
        let then = scene.when(command).by(WANG);
        assert!(then.word().starts_with("submission.received"), "{}", then.word());
        let word = then.word();
        scene = then.then(word.as_str());
    }
    let row = |month: &str| {
        let row = scene.row::<Burden>(&format!("{SHANGWU}/{month}"));
        (row.visits, row.questions, row.minutes_told, row.questions_untimed)
    };
    assert_eq!(row("2026-11"), (3, 70, 11, 30), "ten minutes and a second are eleven; what is unread is a visit");
    assert_eq!(row("2026-12"), (1, 5, 1, 0));
    let november = scene.row::<Burden>(&format!("{SHANGWU}/2026-11"));
    assert_eq!(november.load(20), Load { questions: 70, minutes: 11 + 10 });
}

#[test]
fn a_month_has_room_or_it_has_not() {
    let cap = rules::Burden { questions_per_month: 100, minutes_per_month: 60, seconds_per_question: 20 };
    let load = |questions, minutes| Load { questions, minutes };
    for (asked, over) in [(load(100, 60), false), (load(101, 0), true), (load(0, 61), true)] {
        assert_eq!(asked.is_over(&cap), over, "{asked:?}");
    }
    assert_eq!(load(50, 45).fill(&cap), 750);
    let day = |s: &str| s.parse::<Day>().expect("a day");
    assert_eq!(months(day("2026-11-30"), day("2027-01-01")), ["2026-11", "2026-12", "2027-01"]);
    assert_eq!(months(day("2026-12-31"), day("2026-12-31")), ["2026-12"]);
    let plan = Plan { months: months(day("2026-11-30"), day("2026-12-05")), asks: load(40, 10) };
    let asked = |november, december| move |month: &str| load(if month == "2026-11" { november } else { december }, 0);
    assert!(plan.fits(asked(61, 60), &cap), "December has room");
    assert!(!plan.fits(asked(61, 61), &cap));
}
