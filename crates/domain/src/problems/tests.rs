use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{
    basics::{Actor, Day, FileHash, PlaceId, Post, ProblemId, RefusalBody, Role, Subject, TopicId, Value, View},
    places::{self, Level},
    rules::{Deadline, Deadlines, Escalation, Rule},
    scenes::*,
};

/// The street lamp of Shangwu, the one beside it, and one in the other county.
const LAMP: ProblemId = ProblemId(Uuid::from_u128(1));
const OTHER_LAMP: ProblemId = ProblemId(Uuid::from_u128(2));
const FAR_LAMP: ProblemId = ProblemId(Uuid::from_u128(3));
const NO_LAMP: ProblemId = ProblemId(Uuid::from_u128(404));
const RECEIPT: &str = "QX-7F3K-22M9";

const YUNLING_OFFICIALS: Post = post(YUNLING, Role::Township);
const COUNTY_DEPARTMENT: Post = post(QINGXI, Role::Department);
const VILLAGE: Post = post(SHANGWU, Role::Village);

fn photo() -> Photo {
    Photo { file: FileHash::new(&"ab".repeat(32)).expect("a hash"), taken_ms: None, position: None }
}

fn reported(field: Field) -> Fact {
    Fact::Reported(Reported {
        field,
        text: text("村口路灯不亮"),
        position: None,
        photos: vec![],
        channel: Channel::Villager,
        reporter: Reporter::Villager { receipt: receipt_digest() },
        contact: None,
        evidence: None,
    })
}

/// What the log holds of the receipt, worked out by `facts` alone.
fn receipt_digest() -> String {
    ::facts::Suite::Sha256.hash(&[b"qianwan/receipt/1\n", RECEIPT.as_bytes()]).to_string()
}

fn report_of(place: PlaceId, receipt: Option<&str>) -> Command {
    let (field, words) = (Field::Lighting, text("村口路灯不亮"));
    Command::Report {
        place,
        field,
        text: words,
        position: None,
        photos: vec![],
        found_ms: None,
        receipt: receipt.map(text),
        contact: None,
    }
}
fn assign(post: Option<Post>, due: Option<&str>) -> Command {
    Command::Assign { problem: LAMP, post, due: due.map(day), note: None }
}
fn dismiss() -> Command {
    Command::Dismiss { problem: LAMP, reason: text("属私人灯具") }
}
fn diagnose() -> Command {
    Command::Diagnose { problem: LAMP, cause: text("线路老化"), measure: text("换线") }
}
fn claim(photos: usize) -> Command {
    Command::ClaimFix { problem: LAMP, text: text("已换"), photos: vec![photo(); photos] }
}
fn verify() -> Command {
    Command::VerifyFix { problem: LAMP, note: text("亮了"), photos: vec![] }
}
fn reject() -> Command {
    Command::RejectFix { problem: LAMP, reason: text("仍不亮") }
}
fn answer(solved: bool, words: Option<&str>, receipt: Option<&str>) -> Command {
    Command::AnswerAsReporter { problem: LAMP, solved, words: words.map(text), receipt: receipt.map(text) }
}
fn reopen() -> Command {
    Command::Reopen { problem: LAMP, reason: text("又坏了") }
}
fn merge(into: ProblemId) -> Command {
    Command::Merge { problem: LAMP, into }
}
fn unmerge() -> Command {
    Command::Unmerge { problem: LAMP, reason: text("不是同一处") }
}
fn escalate(reason: Option<&str>) -> Command {
    Command::Escalate { problem: LAMP, reason: reason.map(text) }
}
fn answer_escalation(due: Option<&str>) -> Command {
    Command::AnswerEscalation { problem: LAMP, text: text("下周解决"), due: due.map(day) }
}
fn reclassify(field: Option<Field>, place: Option<PlaceId>) -> Command {
    Command::Reclassify { problem: LAMP, field, place, reason: text("报错了") }
}
fn withhold() -> Command {
    Command::Withhold { problem: LAMP, reason: text("照片有人脸") }
}
fn show() -> Command {
    Command::Show { problem: LAMP, reason: text("已换照片") }
}
fn propose(place: PlaceId, problems: &[ProblemId]) -> Command {
    Command::ProposeTopic { place, field: Field::Lighting, title: text("山区路灯线路老化"), problems: problems.to_vec() }
}

fn about(scene: Scene, by: impl Into<Actor>, place: PlaceId, problem: ProblemId, fact: Fact) -> Scene {
    scene.happened(by, Subject::Problem(problem), place, fact)
}

/// Aunt Li reported the lamp on 1 November; the lamps beside it and in the other county are reported too.
fn reported_scene() -> Scene {
    let scene = about(county_on("2026-11-01"), AUNT_LI, SHANGWU, LAMP, reported(Field::Lighting));
    let scene = about(scene, AUNT_LI, XIAWU, OTHER_LAMP, reported(Field::Lighting));
    about(scene, AUNT_LI, SHIQIAO, FAR_LAMP, reported(Field::Lighting))
}

fn assigned_to(post: Post) -> Scene {
    let fact = Fact::Assigned(Assigned { post, due: day("2026-11-16"), by_rule: false, note: None });
    about(reported_scene().on("2026-11-02"), CHEN, SHANGWU, LAMP, fact)
}

fn diagnosed_for(post: Post) -> Scene {
    let fact = Fact::Diagnosed(Diagnosed { cause: text("线路老化"), measure: text("换线") });
    about(assigned_to(post).on("2026-11-05"), LU, SHANGWU, LAMP, fact)
}

fn claimed_by(person: Person, post: Post) -> Scene {
    let verify_by = day("2026-11-20");
    let fact = Fact::FixClaimed(FixClaimed { text: text("已换"), photos: vec![photo()], post, verify_by });
    about(diagnosed_for(post).on("2026-11-10"), person, SHANGWU, LAMP, fact)
}

/// The lamp in the state of this name.
fn lamp(state: &str) -> Scene {
    let inspector = post(QINGXI, Role::Inspector);
    let head = post(YUNLING, Role::Head);
    let sent = || {
        let reason = EscalationReason::Overdue { due: day("2026-11-16") };
        let missed_by = Some(YUNLING_OFFICIALS);
        Fact::Escalated(Escalated { to: head, answer_by: day("2026-11-30"), reason, missed_by, passed_over: vec![] })
    };
    let on_lamp = |scene: Scene, by: Person, fact| about(scene, by, SHANGWU, LAMP, fact);
    let verified = || Fact::FixVerified(FixVerified { note: text("亮了"), photos: vec![], post: inspector });
    match state {
        "reported" => reported_scene(),
        "assigned" => assigned_to(YUNLING_OFFICIALS),
        "diagnosed" => diagnosed_for(YUNLING_OFFICIALS),
        "escalated" => about(diagnosed_for(YUNLING_OFFICIALS).on("2026-11-17"), CLOCK, SHANGWU, LAMP, sent()),
        "claimed" => claimed_by(LU, YUNLING_OFFICIALS),
        "claimed+esc" => about(lamp("claimed").on("2026-11-21"), CLOCK, SHANGWU, LAMP, sent()),
        "verified" => on_lamp(lamp("claimed").on("2026-11-12"), GAO, verified()),
        "confirmed" => {
            about(lamp("verified").on("2026-11-13"), AUNT_LI, SHANGWU, LAMP, Fact::Confirmed(Confirmed { note: None }))
        }
        "dismissed" => on_lamp(lamp("reported"), CHEN, Fact::Dismissed(Dismissed { reason: text("属私人灯具") })),
        "merged" => {
            let scene = on_lamp(lamp("assigned"), CHEN, Fact::Merged(Merged { into: OTHER_LAMP }));
            about(scene, CHEN, XIAWU, OTHER_LAMP, Fact::Absorbed(Absorbed { from: LAMP }))
        }
        "withheld" => on_lamp(lamp("reported"), CHEN, Fact::Withheld(Withheld { reason: text("照片有人脸") })),
        other => panic!("no such state: {other}"),
    }
}

fn row(scene: &Scene, id: ProblemId) -> &Problem {
    scene.row(&id.key())
}

/// Every state against every command, given by somebody who holds every post. `·` is `not-in-this-state`.
#[test]
fn every_command_in_every_state() {
    let today = "2026-11-23";
    let states = [
        "reported",
        "assigned",
        "diagnosed",
        "escalated",
        "claimed",
        "claimed+esc",
        "verified",
        "confirmed",
        "dismissed",
        "merged",
        "withheld",
    ];
    let commands: [(&str, Command); 20] = [
        ("assign by rule", assign(None, None)),
        ("assign again", assign(Some(YUNLING_OFFICIALS), Some("2026-12-24"))),
        ("dismiss", dismiss()),
        ("diagnose", diagnose()),
        ("claim", claim(1)),
        ("claim unseen", claim(0)),
        ("verify", verify()),
        ("reject", reject()),
        ("reporter: solved", answer(true, None, Some(RECEIPT))),
        ("reporter: not so", answer(false, Some("没修"), Some(RECEIPT))),
        ("reporter: no words", answer(false, None, Some(RECEIPT))),
        ("reopen", reopen()),
        ("merge", merge(OTHER_LAMP)),
        ("unmerge", unmerge()),
        ("send up", escalate(Some("没有经费"))),
        ("answer the head's", answer_escalation(None)),
        ("another field", reclassify(Some(Field::Road), None)),
        ("another place", reclassify(None, Some(XIAWU))),
        ("withhold", withhold()),
        ("show", show()),
    ];
    let mut table = format!("{:20}", "");
    table.extend(states.iter().map(|s| format!("{s:13}")));
    for (name, command) in commands {
        table = table.trim_end().to_owned() + &format!("\n{name:20}");
        for state in states {
            let then = lamp(state).on(today).when(command.clone()).by(EVERYBODY);
            let word = then.word();
            let cell = match word.strip_prefix("problems/") {
                Some("not-in-this-state") => "·".to_owned(),
                Some(refusal) => refusal.chars().take(12).collect(),
                None => word.split(' ').next().unwrap_or_default().trim_start_matches("problem.").chars().take(12).collect(),
            };
            table += &format!("{cell:13}");
        }
    }
    assert_eq!(table.trim_end(), MATRIX.trim_matches('\n'), "\n{table}\n");
}

const MATRIX: &str = "
                    reported     assigned     diagnosed    escalated    claimed      claimed+esc  verified     confirmed    dismissed    merged       withheld
assign by rule      assigned     assigned     assigned     assigned     ·            ·            ·            ·            ·            ·            assigned
assign again        assigned     assigned     assigned     assigned     ·            ·            ·            ·            ·            ·            assigned
dismiss             dismissed    dismissed    dismissed    dismissed    ·            ·            ·            ·            ·            ·            dismissed
diagnose            ·            diagnosed    diagnosed    diagnosed    ·            ·            ·            ·            ·            ·            ·
claim               ·            not-diagnose fix_claimed  fix_claimed  ·            ·            ·            ·            ·            ·            ·
claim unseen        ·            not-diagnose no-evidence  no-evidence  ·            ·            ·            ·            ·            ·            ·
verify              ·            ·            ·            ·            fix_verified fix_verified ·            ·            ·            ·            ·
reject              ·            ·            ·            ·            fix_rejected fix_rejected ·            ·            ·            ·            ·
reporter: solved    ·            ·            ·            ·            ·            ·            confirmed    ·            ·            ·            ·
reporter: not so    ·            ·            ·            ·            ·            ·            reopened     reopened     reopened     ·            ·
reporter: no words  ·            ·            ·            ·            ·            ·            reason-neede reason-neede reason-neede ·            ·
reopen              ·            ·            ·            ·            ·            ·            reopened     reopened     reopened     ·            ·
merge               merged       merged       merged       merged       merged       merged       merged       merged       merged       ·            merged
unmerge             ·            ·            ·            ·            ·            ·            ·            ·            ·            unmerged     ·
send up             ·            escalated    escalated    escalated    escalated    escalated    ·            ·            ·            ·            ·
answer the head's   nothing-to-a nothing-to-a nothing-to-a escalation_a nothing-to-a escalation_a nothing-to-a nothing-to-a nothing-to-a nothing-to-a nothing-to-a
another field       reclassified reclassified reclassified reclassified reclassified reclassified ·            ·            ·            ·            reclassified
another place       reclassified reclassified reclassified reclassified reclassified reclassified ·            ·            ·            ·            reclassified
withhold            withheld     withheld     withheld     withheld     withheld     withheld     withheld     withheld     withheld     withheld     nothing-chan
show                nothing-chan nothing-chan nothing-chan nothing-chan nothing-chan nothing-chan nothing-chan nothing-chan nothing-chan nothing-chan shown
";

#[test]
fn who_may_give_which_command() {
    type May = fn(&Scene, Person) -> String;
    let cases: [(&str, May, &[Person]); 9] = [
        (
            "report",
            |_, p| lamp("reported").when(report_of(SHANGWU, None)).by(p).word(),
            &[CHEN, LIN, LU, MO, SHEN, WANG, WU, GAO, FANG, HE],
        ),
        ("triage", |_, p| lamp("reported").when(assign(None, None)).by(p).word(), &[CHEN, LU, MO, SHEN, WU, FANG, HE]),
        ("merge", |_, p| lamp("reported").when(merge(OTHER_LAMP)).by(p).word(), &[CHEN, LU, MO, SHEN, FANG, HE]),
        ("diagnose", |_, p| lamp("assigned").when(diagnose()).by(p).word(), &[LIN, LU, MO]),
        ("claim", |_, p| lamp("diagnosed").when(claim(1)).by(p).word(), &[LIN, LU, MO]),
        ("verify", |_, p| lamp("claimed").when(verify()).by(p).word(), &[CHEN, SHEN, GAO, FANG, HE]),
        ("reopen", |_, p| lamp("verified").when(reopen()).by(p).word(), &[CHEN, LU, MO, SHEN, WU, GAO, FANG, HE]),
        ("answer", |_, p| lamp("escalated").when(answer_escalation(None)).by(p).word(), &[SHEN]),
        ("withhold", |_, p| lamp("reported").when(withhold()).by(p).word(), &[CHEN, LU, MO, SHEN, WU, FANG, HE]),
    ];
    let everybody = [CHEN, LIN, LU, MO, SHEN, ZHOU, WANG, WU, GAO, FANG, HE, TAO, STRANGER, ADMIN, VIEWER];
    for (what, act, those) in cases {
        for person in everybody {
            let word = act(&reported_scene(), person);
            let may = those.iter().any(|p| p.0 == person.0);
            assert_eq!(word.starts_with("problem."), may, "{what} by person {}: {word}", person.0);
        }
    }
}

#[test]
fn no_problem_is_told_apart_from_somebody_elses() {
    let gone = Command::Dismiss { problem: NO_LAMP, reason: text("没有") };
    reported_scene().when(gone.clone()).by(CHEN).then("forbidden");
    reported_scene().when(gone).past_the_door().refused("problems/no-such-problem", json!({}));
    let foreign = Command::Dismiss { problem: FAR_LAMP, reason: text("邻县的") };
    reported_scene().when(foreign).by(CHEN).then("forbidden");
    reported_scene().when(report_of(NOWHERE, Some(RECEIPT))).by(AUNT_LI).then("forbidden");
    reported_scene()
        .when(report_of(NOWHERE, Some(RECEIPT)))
        .past_the_door()
        .refused("problems/no-such-place", json!({"place": 1}));
}

// Reporting.

#[test]
fn whoever_sees_it_reports_it() {
    let cases: [(&str, Actor, Option<&str>, &str, Channel); 5] = [
        ("a villager with the receipt made at the door", AUNT_LI, Some(RECEIPT), "villager", Channel::Villager),
        ("a village committee", WANG.into(), None, "account", Channel::Official),
        ("the county's office", CHEN.into(), None, "account", Channel::Official),
        ("an inspector", GAO.into(), None, "account", Channel::Inspection),
        ("an official who is given a receipt stays unnamed", LU.into(), Some(RECEIPT), "villager", Channel::Official),
    ];
    for (case, who, receipt, reporter, channel) in cases {
        let then = reported_scene().when(report_of(SHANGWU, receipt)).by(who.clone());
        let subject = then.drafts[0].subject;
        let Subject::Problem(id) = subject else { panic!("{subject}") };
        let scene = then.then_in(case, "problem.reported");
        let p = row(&scene, id);
        assert_eq!((p.place, p.channel, &p.state), (SHANGWU, channel, &State::Reported), "{case}");
        match (&p.reporter, reporter) {
            (Reporter::Villager { receipt }, "villager") => assert_eq!(*receipt, receipt_digest(), "{case}"),
            (Reporter::Account { account }, "account") => assert_eq!(Some(*account), who.account(), "{case}"),
            other => panic!("{case}: {other:?}"),
        }
    }
    reported_scene().when(report_of(SHANGWU, None)).by(AUNT_LI).then_in("no receipt, no report", "forbidden");
    reported_scene().when(report_of(SHANGWU, None)).by(STRANGER).then_in("no post here", "forbidden");
    reported_scene().when(report_of(SHANGWU, None)).by(ZHOU).then_in("a post elsewhere", "forbidden");
    reported_scene().when(report_of(SHANGWU, None)).by(CLOCK).then_in("nobody is the reporter", "problems/not-the-reporter");
}

#[test]
fn an_inspector_of_elsewhere_is_an_official_here() {
    const XIKOU_INSPECTOR_WHO_LIVES_HERE: Person = Person(60, &[post(XIKOU, Role::Inspector), post(SHANGWU, Role::Village)]);
    let then = reported_scene().when(report_of(SHANGWU, None)).by(XIKOU_INSPECTOR_WHO_LIVES_HERE);
    assert!(
        matches!(&then.outcome, Outcome::Facts(f) if matches!(&f[0], crate::Fact::Problem(Fact::Reported(r)) if r.channel == Channel::Official))
    );
}

#[test]
fn a_closed_place_has_no_new_problems() {
    let closed = places::Closed { on: None, into: vec![], document: text("合并") };
    let scene = reported_scene().happened(CHEN, Subject::Place(SHANGWU), SHANGWU, places::Fact::Closed(closed));
    scene.when(report_of(SHANGWU, Some(RECEIPT))).by(AUNT_LI).refused("problems/place-closed", json!({"name": "上坞村"}));
    let scene = about(scene, AUNT_LI, XIAWU, LAMP, Fact::Unmerged(Unmerged { reason: text("x") }));
    scene.when(assign(None, None)).by(CHEN).then_in("those that it has go on", "problem.assigned");
}

#[test]
fn a_problem_was_found_in_living_memory() {
    let scene = || reported_scene().on("2026-11-23");
    let now = scene().now_ms();
    let minutes = |n: i64| now + n * 60_000;
    let cases = [
        ("just now", None, "problem.reported"),
        ("an hour ago", Some(minutes(-60)), "problem.reported"),
        ("last year", Some(minutes(-60 * 24 * 365)), "problem.reported"),
        ("by a clock that is four minutes fast", Some(minutes(4)), "problem.reported"),
        ("by a clock that is six minutes fast", Some(minutes(6)), "problems/too-late"),
        ("at the end of time", Some(i64::MAX), "problems/too-late"),
        ("eleven years ago", Some(minutes(-60 * 24 * 366 * 11)), "problems/too-early"),
        ("at the beginning of time", Some(i64::MIN), "problems/too-early"),
    ];
    for (case, found_ms, expected) in cases {
        let Command::Report { place, field, text, position, photos, receipt, .. } = report_of(SHANGWU, Some(RECEIPT)) else {
            panic!()
        };
        let command = Command::Report { place, field, text, position, photos, receipt, found_ms, contact: None };
        let then = scene().when(command).by(AUNT_LI);
        if let Some(draft) = then.drafts.first() {
            assert_eq!(draft.effective_ms, found_ms.unwrap_or(now), "{case}");
        }
        then.then_in(case, expected);
    }
}

#[test]
fn nobody_looks_at_eleven_photos() {
    let with = |n: usize| {
        let Command::Report { place, field, text, position, receipt, .. } = report_of(SHANGWU, Some(RECEIPT)) else { panic!() };
        Command::Report { place, field, text, position, photos: vec![photo(); n], found_ms: None, receipt, contact: None }
    };
    reported_scene().when(with(10)).by(AUNT_LI).then("problem.reported");
    reported_scene().when(with(11)).by(AUNT_LI).refused("problems/too-many-photos", json!({"found": 11, "max": 10}));
    lamp("diagnosed").when(claim(11)).by(LU).then("problems/too-many-photos");
    let seen = Command::VerifyFix { problem: LAMP, note: text("亮了"), photos: vec![photo(); 11] };
    lamp("claimed").when(seen).by(GAO).then("problems/too-many-photos");
}

// Assigning.

#[test]
fn the_rule_says_who_answers_and_by_when() {
    #[rustfmt::skip]
    let cases = [
        (Field::Waste, SHANGWU, Role::Village, "2026-11-30"),
        (Field::Appearance, SHANGWU, Role::Village, "2026-12-07"),
        (Field::Greening, SHANGWU, Role::Village, "2026-12-23"),
        (Field::Lighting, YUNLING, Role::Township, "2026-12-08"),
        (Field::Toilet, YUNLING, Role::Township, "2026-12-23"),
        (Field::Road, YUNLING, Role::Township, "2027-01-07"),
        (Field::Sewage, QINGXI, Role::Department, "2026-12-23"),
        (Field::Water, QINGXI, Role::Department, "2026-12-03"),
        (Field::Housing, QINGXI, Role::Department, "2026-12-08"),
        (Field::Service, YUNLING, Role::Township, "2026-12-23"),
        (Field::Culture, YUNLING, Role::Township, "2026-12-23"),
        (Field::Industry, YUNLING, Role::Township, "2026-12-23"),
    ];
    assert_eq!(cases.len(), Field::ALL.len());
    for (field, place, role, due) in cases {
        let scene = about(county_on("2026-11-23"), AUNT_LI, SHANGWU, LAMP, reported(field));
        let post = Post::new(place, role);
        scene.when(assign(None, None)).by(CHEN).then(Fact::Assigned(Assigned { post, due: day(due), by_rule: true, note: None }));
    }
}

#[test]
fn a_problem_above_the_rules_level_stays_where_it_is() {
    let scene = about(county_on("2026-11-23"), GAO, QINGXI, LAMP, reported(Field::Waste));
    let fact = Assigned { post: post(QINGXI, Role::Village), due: day("2026-11-30"), by_rule: true, note: None };
    scene.when(assign(None, None)).by(CHEN).then(Fact::Assigned(fact));
}

fn deadlines(days: u16) -> Rule {
    let otherwise = Deadline { level: Level::Township, role: Role::Township, department: None, days };
    Rule::Deadlines(Deadlines { by_field: Default::default(), otherwise, verify_days: 5 })
}

#[test]
fn the_nearest_places_rule_of_the_day_holds() {
    let scene = || reported_scene().rule(YUNLING, "2026-11-10", deadlines(3)).rule(SHANGWU, "2026-11-20", deadlines(1));
    #[rustfmt::skip]
    let cases = [
        ("before the town has its own rule, the county's", "2026-11-09", "2026-11-24"),
        ("from its first day the town's", "2026-11-10", "2026-11-13"),
        ("to the last day before the village's", "2026-11-19", "2026-11-22"),
        ("then the village's", "2026-11-20", "2026-11-21"),
    ];
    for (case, today, due) in cases {
        let fact = Assigned { post: YUNLING_OFFICIALS, due: day(due), by_rule: true, note: None };
        scene().on(today).when(assign(None, None)).by(CHEN).then_in(case, Fact::Assigned(fact));
    }
    let neighbour = Command::Assign { problem: OTHER_LAMP, post: None, due: None, note: None };
    let fact = Assigned { post: YUNLING_OFFICIALS, due: day("2026-11-23"), by_rule: true, note: None };
    scene().on("2026-11-20").when(neighbour).by(CHEN).then_in("the village beside it keeps the town's", Fact::Assigned(fact));
}

#[test]
fn without_a_rule_people_say_it() {
    let ruleless = || {
        let scene = registrations()
            .into_iter()
            .fold(Scene::default().on("2026-11-01"), |s, (id, fact)| s.happened(IMPORT, Subject::Place(id), id, fact));
        about(scene, AUNT_LI, SHANGWU, LAMP, reported(Field::Lighting))
    };
    for partly in [assign(None, None), assign(Some(YUNLING_OFFICIALS), None), assign(None, Some("2026-11-20"))] {
        ruleless().when(partly).by(CHEN).refused("problems/no-rule", json!({"rule": "problems.deadlines"}));
    }
    let scene = ruleless().when(assign(Some(YUNLING_OFFICIALS), Some("2026-11-20"))).by(CHEN).then("problem.assigned");
    let scene = scene.when(diagnose()).by(LU).then("problem.diagnosed");
    scene.when(claim(1)).by(LU).then("problems/no-rule");
    scene.when(escalate(Some("没有经费"))).by(CHEN).refused("problems/no-rule", json!({"rule": "problems.escalation"}));
}

#[test]
fn whom_a_problem_may_be_given_to() {
    #[rustfmt::skip]
    let cases = [
        ("the town's officials", YUNLING, Role::Township, "problem.assigned"),
        ("the village's committee", SHANGWU, Role::Village, "problem.assigned"),
        ("a department of the county", QINGXI, Role::Department, "problem.assigned"),
        ("a department of the city", CITY, Role::Department, "problem.assigned"),
        ("another township", XIKOU, Role::Township, "problems/post-elsewhere"),
        ("the village beside it", XIAWU, Role::Village, "problems/post-elsewhere"),
        ("nowhere", NOWHERE, Role::Village, "problems/post-elsewhere"),
        ("an inspector works on nothing", QINGXI, Role::Inspector, "problems/role-cannot-work"),
        ("nor does the head", YUNLING, Role::Head, "problems/role-cannot-work"),
        ("nor the office", QINGXI, Role::Office, "problems/role-cannot-work"),
        ("nor the administrator", QINGXI, Role::Admin, "problems/role-cannot-work"),
    ];
    for (case, place, role, expected) in cases {
        reported_scene().when(assign(Some(Post::new(place, role)), None)).by(CHEN).then_in(case, expected);
    }
}

#[test]
fn a_day_can_be_met() {
    let scene = || reported_scene().on("2026-11-23");
    #[rustfmt::skip]
    let cases = [
        ("yesterday", "2026-11-22", "problems/too-early"),
        ("today", "2026-11-23", "problem.assigned"),
        ("in ten years", "2036-11-20", "problem.assigned"),
        ("a day more", "2036-11-21", "problems/too-late"),
    ];
    for (case, due, expected) in cases {
        scene().when(assign(None, Some(due))).by(CHEN).then_in(case, expected);
        lamp("escalated")
            .on("2026-11-23")
            .when(answer_escalation(Some(due)))
            .by(SHEN)
            .then_in(case, expected.replace("assigned", "escalation_answered").as_str());
    }
    scene()
        .when(assign(None, Some("2026-11-22")))
        .by(CHEN)
        .refused("problems/too-early", json!({"day": "2026-11-22", "earliest": "2026-11-23"}));
    scene()
        .when(assign(None, Some("2036-11-21")))
        .by(CHEN)
        .refused("problems/too-late", json!({"day": "2036-11-21", "latest": "2036-11-20"}));
}

#[test]
fn the_same_post_and_day_again_changes_nothing() {
    let scene = lamp("assigned");
    scene.when(assign(Some(YUNLING_OFFICIALS), Some("2026-11-16"))).by(CHEN).then("problems/nothing-changes");
    scene.when(assign(Some(YUNLING_OFFICIALS), Some("2026-11-17"))).by(CHEN).then("problem.assigned");
    scene.when(assign(Some(VILLAGE), Some("2026-11-16"))).by(CHEN).then("problem.assigned");
}

// Working.

#[test]
fn the_post_that_answers_works_or_one_over_it() {
    const VILLAGE_BESIDE: Person = Person(61, &[post(XIAWU, Role::Village)]);
    #[rustfmt::skip]
    let cases = [
        ("the post's holder", YUNLING_OFFICIALS, LU, "problem.diagnosed"),
        ("another holder of the post", YUNLING_OFFICIALS, MO, "problem.diagnosed"),
        ("a department over it", YUNLING_OFFICIALS, LIN, "problem.diagnosed"),
        ("the village under it", YUNLING_OFFICIALS, WANG, "problems/another-post-answers"),
        ("the town over the village", VILLAGE, LU, "problem.diagnosed"),
        ("the village itself", VILLAGE, WANG, "problem.diagnosed"),
        ("the town under the county", COUNTY_DEPARTMENT, LU, "problems/another-post-answers"),
        ("the county itself", COUNTY_DEPARTMENT, LIN, "problem.diagnosed"),
        ("an inspector works on nothing", YUNLING_OFFICIALS, GAO, "forbidden"),
        ("nor does the office", YUNLING_OFFICIALS, CHEN, "forbidden"),
        ("the village beside it", VILLAGE, VILLAGE_BESIDE, "forbidden"),
        ("the neighbouring township", YUNLING_OFFICIALS, ZHOU, "forbidden"),
    ];
    for (case, answers, person, expected) in cases {
        assigned_to(answers).when(diagnose()).by(person).then_in(case, expected);
        let claims = diagnosed_for(answers).when(claim(1)).by(person);
        claims.then_in(case, expected.replace("diagnosed", "fix_claimed").as_str());
    }
}

#[test]
fn a_department_of_the_same_place_is_another_post() {
    const TOWN_DEPARTMENT: Person = Person(62, &[post(YUNLING, Role::Department)]);
    lamp("assigned").when(diagnose()).by(TOWN_DEPARTMENT).then("problems/another-post-answers");
}

#[test]
fn a_claim_needs_a_cause_a_measure_and_evidence() {
    lamp("assigned").when(claim(1)).by(LU).then("problems/not-diagnosed");
    lamp("diagnosed").when(claim(0)).by(LU).then("problems/no-evidence");
    let verify_by = day("2026-11-25");
    let (words, photos) = (text("已换"), vec![photo()]);
    let claimed = FixClaimed { text: words, photos, post: YUNLING_OFFICIALS, verify_by };
    let scene = lamp("diagnosed").on("2026-11-15").when(claim(1)).by(LU).then(Fact::FixClaimed(claimed));
    assert_eq!(row(&scene, LAMP).clock(), Some(verify_by), "ten days to verify, by the rule");
    let over = diagnosed_for(YUNLING_OFFICIALS).when(claim(1)).by(LIN).then("problem.fix_claimed");
    assert_eq!(row(&over, LAMP).state.post(), Some(COUNTY_DEPARTMENT), "whoever claims it answers for the claim");
}

// Verifying.

#[test]
fn nobody_verifies_his_own() {
    const CITY_INSPECTOR: Person = Person(70, &[post(CITY, Role::Inspector)]);
    const TOWN_INSPECTOR: Person = Person(71, &[post(YUNLING, Role::Inspector)]);
    const LU_WHO_INSPECTS_TOO: Person = Person(3, &[post(YUNLING, Role::Township), post(QINGXI, Role::Inspector)]);
    const MO_WHO_INSPECTS_TOO: Person = Person(4, &[post(YUNLING, Role::Township), post(QINGXI, Role::Inspector)]);
    const XIKOU_INSPECTOR: Person = Person(72, &[post(XIKOU, Role::Inspector)]);
    let lamp_of_town = || claimed_by(LU, YUNLING_OFFICIALS);
    let lamp_of_county = || claimed_by(LIN, COUNTY_DEPARTMENT);
    let lamp_of_village = || claimed_by(WANG, VILLAGE);
    type Claim<'a> = &'a dyn Fn() -> Scene;
    #[rustfmt::skip]
    let cases: [(&str, Claim, Person, &str); 20] = [
        ("the claimer himself", &lamp_of_town, LU, "problems/verifies-his-own"),
        ("himself in another post", &lamp_of_town, LU_WHO_INSPECTS_TOO, "problems/verifies-his-own"),
        ("another person in the same post", &lamp_of_town, MO, "problems/same-post"),
        ("the same post, but an inspector as well", &lamp_of_town, MO_WHO_INSPECTS_TOO, "problem.fix_verified"),
        ("the head of the same place", &lamp_of_town, SHEN, "problem.fix_verified"),
        ("an inspector of the same place", &lamp_of_town, TOWN_INSPECTOR, "problem.fix_verified"),
        ("an inspector of the county", &lamp_of_town, GAO, "problem.fix_verified"),
        ("the county's office", &lamp_of_town, CHEN, "problem.fix_verified"),
        ("an inspector of the city", &lamp_of_town, CITY_INSPECTOR, "problem.fix_verified"),
        ("the head of the village under the town", &lamp_of_town, WU, "problems/under-the-claimer"),
        ("an official of the neighbouring township", &lamp_of_town, ZHOU, "forbidden"),
        ("an inspector of the neighbouring township", &lamp_of_town, XIKOU_INSPECTOR, "forbidden"),
        ("a stranger", &lamp_of_town, STRANGER, "forbidden"),
        ("the county claims, the town looks", &lamp_of_county, LU, "problems/under-the-claimer"),
        ("the county claims, the town's head looks", &lamp_of_county, SHEN, "problems/under-the-claimer"),
        ("the county claims, its inspector looks", &lamp_of_county, GAO, "problem.fix_verified"),
        ("the county claims, its office looks", &lamp_of_county, CHEN, "problem.fix_verified"),
        ("the village claims, the town looks", &lamp_of_village, LU, "problem.fix_verified"),
        ("the village claims, its head looks", &lamp_of_village, WU, "problem.fix_verified"),
        ("the village claims, its committee looks", &lamp_of_village, WANG, "forbidden"),
    ];
    for (case, claimed, person, expected) in cases {
        claimed().when(verify()).by(person).then_in(case, expected);
        claimed().when(reject()).by(person).then_in(case, expected.replace("fix_verified", "fix_rejected").as_str());
    }
    lamp_of_town().when(verify()).by(AUNT_LI).then("forbidden");
    lamp_of_town().when(verify()).by(CLOCK).then_in("no clock sees a lamp", "problems/under-the-claimer");
}

#[test]
fn claimed_is_not_verified() {
    let scene = lamp("claimed");
    assert!(row(&scene, LAMP).state.is_open() && row(&scene, LAMP).verified_ms.is_none());
    let scene = scene.on("2026-11-12").when(verify()).by(GAO).then("problem.fix_verified");
    let p = row(&scene, LAMP);
    assert_eq!(p.state.post(), Some(YUNLING_OFFICIALS), "the post that fixed it, not the one that looked");
    assert_eq!((p.verified_ms, p.state.is_open()), (Some(scene.now_ms()), false));
    assert_eq!(column(p, "days_to_verified"), Value::Int(11));
}

#[test]
fn a_rejected_fix_goes_back_with_a_new_day() {
    let rejected = FixRejected { reason: text("仍不亮"), post: post(QINGXI, Role::Inspector), due: day("2026-11-27") };
    let scene = lamp("claimed").on("2026-11-12").when(reject()).by(GAO).then(Fact::FixRejected(rejected));
    let p = row(&scene, LAMP);
    assert_eq!(p.state, State::Assigned { post: YUNLING_OFFICIALS, due: day("2026-11-27") });
    assert_eq!(p.reopened, 1);
    scene.when(claim(1)).by(LU).then_in("cause and measure are known already", "problem.fix_claimed");
}

#[test]
fn solved_in_time_means_claimed_by_the_first_day_and_for_good() {
    let in_time = |scene: &Scene| column(row(scene, LAMP), "in_time");
    assert_eq!(in_time(&lamp("claimed")), Value::Null, "not yet verified");
    assert_eq!(in_time(&lamp("verified")), Value::Int(1), "claimed on the 10th, due on the 16th");
    let verified_late = lamp("claimed").on("2026-12-24").when(verify()).by(GAO).then("problem.fix_verified");
    assert_eq!(in_time(&verified_late), Value::Int(1), "waiting for the inspector is not the fixer's delay");
    let claimed_late = |scene: Scene| {
        let scene = scene.when(claim(1)).by(LU).then("problem.fix_claimed");
        scene.when(verify()).by(GAO).then("problem.fix_verified")
    };
    assert_eq!(in_time(&claimed_late(lamp("diagnosed").on("2026-11-16"))), Value::Int(1), "on the day itself");
    assert_eq!(in_time(&claimed_late(lamp("diagnosed").on("2026-11-17"))), Value::Int(0));
    let later_day = lamp("diagnosed").when(assign(Some(YUNLING_OFFICIALS), Some("2026-12-24"))).by(CHEN).then("problem.assigned");
    assert_eq!(in_time(&claimed_late(later_day.on("2026-11-17"))), Value::Int(0), "moving the day does not mend the delay");
    let rejected = lamp("claimed").when(reject()).by(GAO).then("problem.fix_rejected");
    assert_eq!(in_time(&claimed_late(rejected)), Value::Int(0), "it took two attempts");
    let reopened = lamp("verified").when(reopen()).by(GAO).then("problem.reopened");
    assert_eq!(in_time(&reopened), Value::Null);
}

// The reporter's last word.

#[test]
fn the_reporter_has_the_last_word() {
    #[rustfmt::skip]
    let cases = [
        ("he agrees", "verified", answer(true, None, Some(RECEIPT)), "problem.confirmed"),
        ("with thanks", "verified", answer(true, Some("谢谢"), Some(RECEIPT)), "problem.confirmed"),
        ("he does not", "verified", answer(false, Some("没修"), Some(RECEIPT)), "problem.reopened"),
        ("he does not, and says nothing", "verified", answer(false, None, Some(RECEIPT)), "problems/reason-needed"),
        ("he changes his mind", "confirmed", answer(false, Some("又坏了"), Some(RECEIPT)), "problem.reopened"),
        ("he agrees twice", "confirmed", answer(true, None, Some(RECEIPT)), "problems/not-in-this-state"),
        ("it should not have been dismissed", "dismissed", answer(false, Some("不是私人的"), Some(RECEIPT)), "problem.reopened"),
        ("too early", "claimed", answer(true, None, Some(RECEIPT)), "problems/not-in-this-state"),
        ("a wrong receipt", "verified", answer(true, None, Some("QX-0000-0000")), "problems/not-the-reporter"),
        ("almost the receipt", "verified", answer(true, None, Some("qx-7f3k-22m9")), "problems/not-the-reporter"),
        ("no receipt", "verified", answer(true, None, None), "problems/not-the-reporter"),
        ("its digest is not the receipt", "verified", answer(true, None, Some(&receipt_digest())), "problems/not-the-reporter"),
        ("a wrong receipt learns nothing of the state", "reported", answer(true, None, None), "problems/not-the-reporter"),
    ];
    for (case, state, command, expected) in cases {
        for who in [AUNT_LI, STRANGER.into(), WANG.into()] {
            lamp(state).when(command.clone()).by(who).then_in(case, expected);
        }
    }
}

#[test]
fn a_reporter_with_an_account_needs_no_receipt() {
    let own = Reported {
        field: Field::Lighting,
        text: text("路灯"),
        position: None,
        photos: vec![],
        channel: Channel::Official,
        reporter: Reporter::Account { account: WANG.account() },
        contact: None,
        evidence: None,
    };
    let scene = about(county_on("2026-11-01"), WANG, SHANGWU, LAMP, Fact::Reported(own));
    let scene = about(scene, CHEN, SHANGWU, LAMP, Fact::Dismissed(Dismissed { reason: text("不是问题") }));
    scene.when(answer(false, Some("是问题"), None)).by(WANG).then("problem.reopened");
    scene.when(answer(false, Some("是问题"), None)).by(WU).then("problems/not-the-reporter");
    scene.when(answer(false, Some("是问题"), Some(RECEIPT))).by(AUNT_LI).then("problems/not-the-reporter");
}

#[test]
fn reopened_goes_back_to_whoever_answered_or_to_triage() {
    let why = || text("没修");
    let (due, by_post) = (Some(day("2026-12-08")), Some(YUNLING_OFFICIALS));
    let back = Reopened { reason: why(), by_reporter: true, post: by_post, due };
    let scene =
        lamp("verified").on("2026-11-23").when(answer(false, Some("没修"), Some(RECEIPT))).by(AUNT_LI).then(Fact::Reopened(back));
    let p = row(&scene, LAMP);
    assert_eq!(p.state, State::Assigned { post: YUNLING_OFFICIALS, due: day("2026-12-08") });
    assert_eq!((p.reopened, p.verified_ms), (1, None));
    let triage = Reopened { reason: text("又坏了"), by_reporter: false, post: None, due: None };
    let scene = lamp("dismissed").on("2026-11-23").when(reopen()).by(GAO).then(Fact::Reopened(triage));
    assert_eq!(row(&scene, LAMP).state, State::Reported);
}

// Merging.

#[test]
fn the_same_problem_twice_is_one() {
    let scene = lamp("assigned")
        .when(merge(OTHER_LAMP))
        .by(LU)
        .then([Fact::Merged(Merged { into: OTHER_LAMP }), Fact::Absorbed(Absorbed { from: LAMP })]);
    assert_eq!(row(&scene, OTHER_LAMP).absorbed, [LAMP]);
    assert!(!row(&scene, LAMP).state.is_open() && row(&scene, LAMP).clock().is_none());
    let apart = scene.when(unmerge()).by(LU);
    let places: Vec<(Subject, PlaceId)> = apart.drafts.iter().map(|d| (d.subject, d.place)).collect();
    assert_eq!(
        places,
        [(Subject::Problem(LAMP), SHANGWU), (Subject::Problem(OTHER_LAMP), XIAWU)],
        "each fact belongs to its place"
    );
    let scene = apart.then("problem.unmerged problem.released");
    assert_eq!(row(&scene, LAMP).state, State::Assigned { post: YUNLING_OFFICIALS, due: day("2026-11-16") }, "as before");
    assert!(row(&scene, OTHER_LAMP).absorbed.is_empty());
}

#[test]
fn merging_reaches_into_no_other_area() {
    const BOTH_TOWNS: Person = Person(63, &[YUNLING_OFFICIALS, post(XIKOU, Role::Township)]);
    let xikou_lamp = ProblemId(Uuid::from_u128(5));
    let scene = || about(reported_scene(), AUNT_LI, QIAOTOU, xikou_lamp, reported(Field::Lighting));
    #[rustfmt::skip]
    let cases = [
        ("the town within itself", OTHER_LAMP, LU, "problem.merged problem.absorbed"),
        ("the town into its neighbour", xikou_lamp, LU, "problems/cannot-take-in"),
        ("the county across its towns", xikou_lamp, CHEN, "problem.merged problem.absorbed"),
        ("somebody in both towns", xikou_lamp, BOTH_TOWNS, "problem.merged problem.absorbed"),
        ("another county has another chain", FAR_LAMP, CHEN, "problems/cannot-take-in"),
        ("even for the city's office", FAR_LAMP, CITY_OFFICE, "problems/cannot-take-in"),
        ("into itself", LAMP, CHEN, "problems/into-itself"),
        ("into nothing", NO_LAMP, CHEN, "problems/no-such-problem"),
    ];
    for (case, into, person, expected) in cases {
        scene().when(merge(into)).by(person).then_in(case, expected);
    }
    let then = scene().when(merge(xikou_lamp)).by(CHEN);
    assert_eq!(then.drafts[1].place, QIAOTOU, "the second fact belongs to the other place");
}

#[test]
fn a_merged_one_takes_nothing_in() {
    let back = Command::Merge { problem: OTHER_LAMP, into: LAMP };
    lamp("merged").when(back).by(CHEN).then("problems/cannot-take-in");
    let twice = lamp("merged").happened(CHEN, Subject::Problem(LAMP), SHANGWU, Fact::Merged(Merged { into: FAR_LAMP }));
    let scene = twice.when(unmerge()).by(CHEN).then("problem.unmerged problem.released");
    let before = State::Assigned { post: YUNLING_OFFICIALS, due: day("2026-11-16") };
    assert_eq!(row(&scene, LAMP).state, before, "recorded twice, it stood where it stood before");
}

// Escalation.

#[test]
fn a_missed_day_climbs_head_by_head() {
    let up = |place, answer_by: &str, due: &str, missed_by| {
        let reason = EscalationReason::Overdue { due: day(due) };
        let (to, passed_over) = (post(place, Role::Head), vec![]);
        Fact::Escalated(Escalated { to, answer_by: day(answer_by), reason, missed_by: Some(missed_by), passed_over })
    };
    let by_clock = || escalate(None);
    let scene = lamp("assigned").on("2026-11-16");
    scene.when(by_clock()).by(CLOCK).then_in("due today is not overdue", "problems/not-overdue");
    let scene =
        scene.on("2026-11-17").when(by_clock()).by(CLOCK).then(up(YUNLING, "2026-11-24", "2026-11-16", YUNLING_OFFICIALS));
    assert_eq!(row(&scene, LAMP).clock(), Some(day("2026-11-24")), "now the head's clock runs");
    let scene = scene.on("2026-11-24").when(by_clock()).by(CLOCK).then("problems/not-overdue");
    let scene =
        scene.on("2026-11-25").when(by_clock()).by(CLOCK).then(up(QINGXI, "2026-12-02", "2026-11-24", post(YUNLING, Role::Head)));
    let scene = scene.on("2026-12-03").when(by_clock()).by(CLOCK).then("problems/at-the-top");
    scene.when(answer_escalation(None)).by(SHEN).then_in("passed over", "problems/not-yours");
    let scene = scene.when(answer_escalation(Some("2026-12-20"))).by(FANG).then("problem.escalation_answered");
    assert_eq!(row(&scene, LAMP).clock(), Some(day("2026-12-20")));
    scene.when(answer_escalation(None)).by(FANG).then("problems/nothing-to-answer");
}

#[test]
fn the_ladder_begins_at_the_level_of_the_post() {
    let first = |post: Post| {
        let then = assigned_to(post).on("2026-11-17").when(escalate(None)).by(CLOCK);
        match &then.outcome {
            Outcome::Facts(facts) => match &facts[0] {
                crate::Fact::Problem(Fact::Escalated(e)) => e.to.place,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    };
    assert_eq!([VILLAGE, YUNLING_OFFICIALS, COUNTY_DEPARTMENT].map(first), [SHANGWU, YUNLING, QINGXI]);
}

#[test]
fn the_rule_says_how_far_up_it_goes() {
    let with =
        |up_to| assigned_to(YUNLING_OFFICIALS).rule(QINGXI, "2026-11-02", Rule::Escalation(Escalation { answer_days: 1, up_to }));
    let steps = |up_to| {
        let (mut scene, mut steps) = (with(up_to), 0);
        for n in 0..10 {
            let then = scene.on(&day("2026-11-17").plus(n * 3).to_string());
            let then = then.when(escalate(None)).by(CLOCK);
            match then.word().as_str() {
                "problem.escalated" => steps += 1,
                word => {
                    assert_eq!(word, "problems/at-the-top");
                    return steps;
                }
            }
            scene = then.then("problem.escalated");
        }
        steps
    };
    assert_eq!([Level::Village, Level::Township, Level::County, Level::City, Level::Province].map(steps), [0, 1, 2, 3, 4]);
}

#[test]
fn people_send_it_up_with_a_reason() {
    lamp("assigned").when(escalate(None)).by(CHEN).then_in("not overdue, no reason", "problems/reason-needed");
    let sent = Escalated {
        to: post(YUNLING, Role::Head),
        answer_by: day("2026-11-09"),
        reason: EscalationReason::Sent { words: text("没有经费") },
        missed_by: None,
        passed_over: vec![],
    };
    let scene = lamp("assigned").when(escalate(Some("没有经费"))).by(LU).then(Fact::Escalated(sent));
    let scene = scene.when(escalate(Some("镇里不答复"))).by(CHEN).then("problem.escalated");
    assert_eq!(row(&scene, LAMP).escalations.last().map(|e| e.to.place), Some(QINGXI));
    lamp("claimed").on("2026-11-21").when(escalate(None)).by(CLOCK).then_in("nobody came to verify", "problem.escalated");
    lamp("claimed").on("2026-11-20").when(escalate(None)).by(CLOCK).then("problems/not-overdue");
    lamp("assigned").on("2026-12-24").when(escalate(None)).by(WANG).then("forbidden");
}

#[test]
fn only_the_head_it_lies_with_answers() {
    #[rustfmt::skip]
    let cases = [
        ("he himself", SHEN, "problem.escalation_answered"),
        ("the head under him", WU, "problems/not-yours"),
        ("the head over him", FANG, "problems/not-yours"),
        ("his officials", LU, "forbidden"),
        ("the office", CHEN, "forbidden"),
    ];
    for (case, person, expected) in cases {
        lamp("escalated").when(answer_escalation(None)).by(person).then_in(case, expected);
    }
    let answered = EscalationAnswered { text: text("下周解决"), due: day("2026-12-08") };
    let scene =
        lamp("escalated").on("2026-11-23").when(answer_escalation(None)).by(SHEN).then(Fact::EscalationAnswered(answered));
    let p = row(&scene, LAMP);
    assert_eq!((p.clock(), p.unanswered()), (Some(day("2026-12-08")), None), "the rule's days from the answer");
    assert_eq!(p.escalations[0].answer.as_ref().map(|a| a.by.clone()), Some(Actor::from(SHEN).word()));
    lamp("escalated").when(answer_escalation(None)).by(CLOCK).then("problems/not-yours");
    lamp("assigned").when(answer_escalation(None)).by(SHEN).then("problems/nothing-to-answer");
}

#[test]
fn a_city_without_counties_answers_for_its_towns() {
    // The city stands where the county would, as the import puts it.
    let town = places::Registered {
        code: "990100101000".into(),
        name: text("石碣镇"),
        level: Level::Township,
        kind: places::Kind::Town,
        within: vec![PROVINCE, CITY, CITY],
        from: None,
        origin: String::new(),
    };
    let at = first(990100101000);
    let scene = county_on("2026-11-01").happened(IMPORT, Subject::Place(at), at, places::Fact::Registered(town));
    let scene = crate::rules::starting_pack().into_iter().fold(scene, |s, rule| s.rule(CITY, "2026-01-01", rule));
    let scene = about(scene, AUNT_LI, at, LAMP, reported(Field::Lighting));
    let scene = scene.when(assign(None, None)).by(CITY_OFFICE).then("problem.assigned");
    assert_eq!(row(&scene, LAMP).state.post(), Some(post(at, Role::Township)));
    let scene = scene.on("2026-12-01").when(escalate(None)).by(CLOCK).then("problem.escalated");
    let scene = scene.on("2026-12-24").when(escalate(None)).by(CLOCK).then("problem.escalated");
    assert_eq!(row(&scene, LAMP).escalations.last().map(|e| e.to.place), Some(CITY));
    scene.on("2027-12-24").when(escalate(None)).by(CLOCK).then("problems/at-the-top");
}

/// A claim answers what was asked before it; a rejected claim and a reopening begin the ladder anew.
#[test]
fn what_was_asked_before_a_claim_waits_no_longer() {
    let due = |scene: &Scene| row(scene, LAMP).clock().map(|d| d.to_string());
    let asked = lamp("escalated");
    assert_eq!(due(&asked).as_deref(), Some("2026-11-30"), "the head's answer");
    let claimed = asked.on("2026-11-18").when(claim(1)).by(LU).then("problem.fix_claimed");
    assert_eq!(due(&claimed).as_deref(), Some("2026-11-28"), "ten days to verify, not the head's answer");
    assert!(row(&claimed, LAMP).unanswered().is_none());
    let rejected = claimed.on("2026-11-19").when(reject()).by(GAO).then("problem.fix_rejected");
    assert!(row(&rejected, LAMP).unanswered().is_none(), "there is a new day instead");
    assert!(due(&rejected) > Some("2026-11-30".to_owned()));
    let reopened =
        lamp("claimed+esc").when(verify()).by(GAO).then("problem.fix_verified").when(reopen()).by(GAO).then("problem.reopened");
    let again = reopened.on("2027-06-01").when(escalate(None)).by(CLOCK).then("problem.escalated");
    assert_eq!(row(&again, LAMP).escalations.len(), 1, "the head of the post's own level is asked again");
}

/// Merged into something closed, a report would end without its reporter having the last word.
#[test]
fn nothing_open_disappears_into_something_closed() {
    let closed = Fact::Dismissed(Dismissed { reason: text("属私人灯具") });
    let scene = about(lamp("assigned"), CHEN, XIAWU, OTHER_LAMP, closed);
    scene.when(Command::Merge { problem: LAMP, into: OTHER_LAMP }).by(CHEN).then("problems/cannot-take-in");
    lamp("assigned")
        .when(Command::Merge { problem: LAMP, into: OTHER_LAMP })
        .by(CHEN)
        .then_in("both open", "problem.merged problem.absorbed");
}

// Field and place corrected.

#[test]
fn where_a_problem_may_be_moved_to() {
    let closed = places::Closed { on: None, into: vec![], document: text("合并") };
    let scene = |state: &str| {
        let scene = lamp(state).on("2026-11-23");
        scene.happened(CHEN, Subject::Place(XIAWU), XIAWU, places::Fact::Closed(closed.clone()))
    };
    #[rustfmt::skip]
    let cases = [
        ("another field", CHEN, Some(Field::Road), None, "problem.reclassified"),
        ("the field it has", CHEN, Some(Field::Lighting), None, "problems/nothing-changes"),
        ("neither", CHEN, None, None, "problems/nothing-changes"),
        ("the place it has", CHEN, None, Some(SHANGWU), "problems/nothing-changes"),
        ("up to the town", LU, None, Some(YUNLING), "problem.reclassified"),
        ("the county moves it to another town", CHEN, None, Some(QIAOTOU), "problem.reclassified"),
        ("the town cannot push it to its neighbour", LU, None, Some(QIAOTOU), "problems/no-such-place"),
        ("another county", CHEN, None, Some(SHIQIAO), "problems/no-such-place"),
        ("another county, by the city", CITY_OFFICE, None, Some(SHIQIAO), "problems/no-such-place"),
        ("nowhere", CHEN, None, Some(NOWHERE), "problems/no-such-place"),
        ("a place that is gone", CHEN, None, Some(XIAWU), "problems/place-closed"),
    ];
    for (case, person, field, place, expected) in cases {
        scene("reported").when(reclassify(field, place)).by(person).then_in(case, expected);
    }
    let then = scene("reported").when(reclassify(None, Some(QIAOTOU))).by(CHEN);
    assert_eq!(then.drafts[0].place, QIAOTOU, "from now on it belongs there");
    let scene = then.then("problem.reclassified");
    scene.when(dismiss()).by(LU).then("forbidden");
    scene.when(dismiss()).by(ZHOU).then("problem.dismissed");
}

#[test]
fn a_problem_moved_away_from_its_post_gets_another() {
    for state in ["assigned", "diagnosed", "escalated"] {
        let fact = Assigned { post: post(XIKOU, Role::Township), due: day("2026-12-08"), by_rule: true, note: None };
        let moved = Reclassified { field: Field::Lighting, place: QIAOTOU, reason: text("报错了") };
        let scene = lamp(state)
            .on("2026-11-23")
            .when(reclassify(None, Some(QIAOTOU)))
            .by(CHEN)
            .then_in(state, [Fact::Reclassified(moved), Fact::Assigned(fact)]);
        let scene = scene.when(diagnose()).by(ZHOU).then_in(state, "problem.diagnosed");
        scene.on("2027-02-01").when(escalate(None)).by(CLOCK).then_in("every open problem has a clock", "problem.escalated");
    }
    for state in ["assigned", "claimed"] {
        let then = lamp(state).on("2026-11-23").when(reclassify(None, Some(XIAWU))).by(CHEN);
        let scene = then.then_in("the town answers for both its villages", "problem.reclassified");
        assert_eq!(row(&scene, LAMP).state.post(), Some(YUNLING_OFFICIALS));
    }
}

/// Whoever claimed is not told that it was for nothing: the claim is verified or rejected first.
#[test]
fn a_claim_is_not_lost_by_correcting_field_or_place() {
    for state in ["claimed", "claimed+esc"] {
        let scene = lamp(state).on("2026-11-23");
        let before = row(&scene, LAMP).state.clone();
        for (case, field, place) in [
            ("another field", Some(Field::Sewage), None),
            ("another village of the claiming town", None, Some(XIAWU)),
            ("both", Some(Field::Waste), Some(XIAWU)),
            ("up to the town itself", None, Some(YUNLING)),
        ] {
            let after = scene.when(reclassify(field, place)).by(CHEN).then_in(case, "problem.reclassified");
            assert_eq!(row(&after, LAMP).state, before, "{case}");
            after.when(verify()).by(GAO).then_in(case, "problem.fix_verified");
        }
        for field in [None, Some(Field::Road)] {
            let elsewhere = scene.when(reclassify(field, Some(QIAOTOU))).by(CHEN);
            let after = elsewhere.then_in("the claiming town has no say there", "problems/claim-waits");
            assert_eq!(row(&after, LAMP).state, before);
        }
    }
    let rejected = lamp("claimed").on("2026-11-23").when(reject()).by(GAO).then("problem.fix_rejected");
    rejected.when(reclassify(None, Some(QIAOTOU))).by(CHEN).then("problem.reclassified problem.assigned");
}

#[test]
fn a_refusal_names_the_field_to_blame() {
    let found = |found_ms: i64| {
        let Command::Report { place, field, text, position, photos, receipt, .. } = report_of(SHANGWU, None) else { panic!() };
        Command::Report { place, field, text, position, photos, receipt, found_ms: Some(found_ms), contact: None }
    };
    let scene = |state: &str| ended(lamp(state).on("2026-11-23"), XIAWU, &[]);
    #[rustfmt::skip]
    let cases = [
        ("reported", report_of(XIAWU, None), CHEN, "place-closed", Some("place")),
        ("reported", found(i64::MIN), CHEN, "too-early", Some("found_ms")),
        ("reported", found(i64::MAX), CHEN, "too-late", Some("found_ms")),
        ("reported", assign(None, Some("2026-11-22")), CHEN, "too-early", Some("due")),
        ("reported", assign(None, Some("2126-11-22")), CHEN, "too-late", Some("due")),
        ("reported", assign(Some(post(XIKOU, Role::Township)), None), CHEN, "post-elsewhere", Some("post")),
        ("reported", assign(Some(post(YUNLING, Role::Head)), None), CHEN, "role-cannot-work", Some("post")),
        ("diagnosed", claim(0), LU, "no-evidence", Some("photos")),
        ("diagnosed", claim(11), LU, "too-many-photos", Some("photos")),
        ("verified", answer(false, None, Some(RECEIPT)), CHEN, "reason-needed", Some("words")),
        ("assigned", escalate(None), CHEN, "reason-needed", Some("reason")),
        ("escalated", answer_escalation(Some("2026-11-22")), SHEN, "too-early", Some("due")),
        ("escalated", answer_escalation(Some("2126-11-22")), SHEN, "too-late", Some("due")),
        ("reported", merge(LAMP), CHEN, "into-itself", Some("into")),
        ("reported", merge(FAR_LAMP), CHEN, "cannot-take-in", Some("into")),
        ("reported", merge(NO_LAMP), CHEN, "no-such-problem", Some("into")),
        ("reported", reclassify(None, Some(NOWHERE)), CHEN, "no-such-place", Some("place")),
        ("reported", reclassify(None, Some(XIAWU)), CHEN, "place-closed", Some("place")),
        ("claimed", reclassify(None, Some(QIAOTOU)), CHEN, "claim-waits", Some("place")),
        ("reported", propose(QINGXI, &[LAMP]), CHEN, "wrong-number", Some("problems")),
        ("reported", propose(QINGXI, &[LAMP, FAR_LAMP]), CHEN, "not-one-topic", Some("problems")),
        ("reported", propose(QINGXI, &[LAMP, NO_LAMP]), CHEN, "no-such-problem", Some("problems")),
        ("reported", reclassify(None, None), CHEN, "nothing-changes", None),
        ("claimed", dismiss(), CHEN, "not-in-this-state", None),
        ("claimed", verify(), MO, "same-post", None),
    ];
    for (state, command, person, reason, field) in cases {
        scene(state).when(command).by(person).blames(&format!("problems/{reason}"), field);
    }
}

// Places that cease to be.

fn hand_over() -> Command {
    Command::HandOver { problem: LAMP }
}

fn ended(scene: Scene, place: PlaceId, into: &[PlaceId]) -> Scene {
    let closed = places::Closed { on: None, into: into.to_vec(), document: text("县政府〔2026〕8号") };
    scene.happened(CHEN, Subject::Place(place), place, places::Fact::Closed(closed))
}

fn taken_over(place: PlaceId) -> Fact {
    Fact::Reclassified(Reclassified { field: Field::Lighting, place, reason: text("县政府〔2026〕8号") })
}

fn answers_next(place: PlaceId, role: Role, by_rule: bool) -> Fact {
    Fact::Assigned(Assigned { post: post(place, role), due: day("2026-12-08"), by_rule, note: None })
}

/// The village of the lamp answers for it, or the town, or nobody yet; then the village ceases to be.
#[test]
fn what_is_open_in_a_place_that_is_gone_has_somebody_who_answers() {
    let village = || assigned_to(VILLAGE).on("2026-11-23");
    let town = || assigned_to(YUNLING_OFFICIALS).on("2026-11-23");
    let nobody = || reported_scene().on("2026-11-23");
    #[rustfmt::skip]
    let cases: Vec<(&str, Scene, Vec<Fact>)> = vec![
        ("merged, the village answered", ended(village(), SHANGWU, &[XIAWU]), vec![taken_over(XIAWU), answers_next(YUNLING, Role::Township, true)]),
        ("merged, the town answers on", ended(town(), SHANGWU, &[XIAWU]), vec![taken_over(XIAWU)]),
        ("merged, to be triaged there", ended(nobody(), SHANGWU, &[XIAWU]), vec![taken_over(XIAWU)]),
        ("merged into another town's", ended(town(), SHANGWU, &[QIAOTOU]), vec![taken_over(QIAOTOU), answers_next(XIKOU, Role::Township, true)]),
        ("split up", ended(village(), SHANGWU, &[XIAWU, QIAOTOU]), vec![answers_next(YUNLING, Role::Township, true)]),
        ("nobody knows what it became", ended(village(), SHANGWU, &[]), vec![answers_next(YUNLING, Role::Township, true)]),
        ("into another county, whose chain is another", ended(village(), SHANGWU, &[SHIQIAO]), vec![answers_next(YUNLING, Role::Township, true)]),
        ("into what is gone itself", ended(ended(village(), XIAWU, &[]), SHANGWU, &[XIAWU]), vec![answers_next(YUNLING, Role::Township, true)]),
        ("the town is gone, too", ended(ended(town(), SHANGWU, &[]), YUNLING, &[XIKOU]), vec![answers_next(QINGXI, Role::Department, false)]),
        ("the town alone is gone", ended(town(), YUNLING, &[XIKOU]), vec![answers_next(QINGXI, Role::Department, false)]),
    ];
    for (case, scene, facts) in cases {
        let then = scene.when(hand_over()).by(CLOCK);
        let found: Vec<crate::Fact> = facts.into_iter().map(crate::Fact::Problem).collect();
        assert!(then.drafts.iter().all(|d| d.org == 990_101), "{case}");
        assert_eq!(then.outcome, Outcome::Facts(found), "{case}");
        let kinds = then.word();
        let after = then.then(kinds.as_str());
        after.when(hand_over()).by(CLOCK).then_in(case, "problems/nothing-changes");
        let p = row(&after, LAMP);
        if let Some(answers) = p.state.post() {
            const WORKER: fn(Post) -> Actor = |post| Actor::Account { id: LU.account(), person: LU.person(), posts: vec![post] };
            after.when(diagnose()).by(WORKER(answers)).then_in(case, "problem.diagnosed");
            after.on("2027-03-01").when(escalate(None)).by(CLOCK).then_in(case, "problem.escalated");
        }
    }
}

#[test]
fn a_villages_own_problem_goes_on_with_the_village_it_became() {
    let scene = about(county_on("2026-11-23"), AUNT_LI, SHANGWU, LAMP, reported(Field::Waste));
    let scene = scene.when(assign(None, None)).by(CHEN).then("problem.assigned");
    let merged = ended(scene.clone(), SHANGWU, &[XIAWU]).when(hand_over()).by(CLOCK);
    let merged = merged.then("problem.reclassified problem.assigned");
    assert_eq!((row(&merged, LAMP).place, row(&merged, LAMP).state.post()), (XIAWU, Some(post(XIAWU, Role::Village))));
    let gone = ended(scene, SHANGWU, &[]).when(hand_over()).by(CLOCK).then("problem.assigned");
    assert_eq!((row(&gone, LAMP).place, row(&gone, LAMP).state.post()), (SHANGWU, Some(post(YUNLING, Role::Township))));
    gone.when(diagnose()).by(LU).then("problem.diagnosed");
}

#[test]
fn nothing_is_handed_over_without_need() {
    let scene = ended(lamp("claimed").on("2026-11-23"), SHANGWU, &[XIAWU]);
    scene.when(hand_over()).by(CLOCK).then_in("a claim waits for its verification", "problems/not-in-this-state");
    scene.when(verify()).by(GAO).then("problem.fix_verified");
    let rejected = scene.when(reject()).by(GAO).then("problem.fix_rejected");
    rejected.when(hand_over()).by(CLOCK).then_in("then it goes on there", taken_over(XIAWU));
    for state in ["reported", "assigned", "escalated"] {
        lamp(state).when(hand_over()).by(CLOCK).then_in(state, "problems/nothing-changes");
    }
    for state in ["verified", "confirmed", "dismissed", "merged"] {
        ended(lamp(state), SHANGWU, &[XIAWU]).when(hand_over()).by(CLOCK).then_in(state, "problems/not-in-this-state");
    }
    for person in [EVERYBODY, CHEN, ADMIN] {
        ended(lamp("assigned"), SHANGWU, &[XIAWU]).when(hand_over()).by(person).then_in("nobody does it by hand", "forbidden");
    }
}

/// Until it is verified, a claim goes up to somebody who is there.
#[test]
fn the_head_of_a_place_that_is_gone_is_passed_over() {
    let to = |scene: Scene| {
        let scene = scene.on("2026-11-23").when(escalate(None)).by(CLOCK).then("problem.escalated");
        row(&scene, LAMP).escalations[0].to
    };
    assert_eq!(to(claimed_by(WANG, VILLAGE)), post(SHANGWU, Role::Head));
    assert_eq!(to(ended(claimed_by(WANG, VILLAGE), SHANGWU, &[XIAWU])), post(YUNLING, Role::Head));
}

// Shown and hidden.

#[test]
fn hidden_words_are_shown_again() {
    lamp("reported").when(show()).by(CHEN).then("problems/nothing-changes");
    let hidden = lamp("reported").when(withhold()).by(CHEN).then("problem.withheld");
    hidden.when(withhold()).by(CHEN).then("problems/nothing-changes");
    assert_eq!(column(row(&hidden, LAMP), "withheld"), Value::Int(1));
    let shown = hidden.when(show()).by(CHEN).then("problem.shown");
    assert_eq!(row(&shown, LAMP).withheld, None);
}

// Topics.

#[test]
fn the_same_problem_in_several_places_is_a_topic() {
    let water = ProblemId(Uuid::from_u128(6));
    let scene = || about(reported_scene(), AUNT_LI, SHANGWU, water, reported(Field::Water));
    let many = |n: u128| (0..n).map(|n| ProblemId(Uuid::from_u128(1000 + n))).collect::<Vec<_>>();
    #[rustfmt::skip]
    let cases: Vec<(&str, PlaceId, Vec<ProblemId>, Person, &str)> = vec![
        ("two lamps of the county", QINGXI, vec![LAMP, OTHER_LAMP], CHEN, "topic.proposed"),
        ("two lamps of the town", YUNLING, vec![LAMP, OTHER_LAMP], LU, "topic.proposed"),
        ("by the neighbouring town", YUNLING, vec![LAMP, OTHER_LAMP], ZHOU, "forbidden"),
        ("nowhere", NOWHERE, vec![LAMP, OTHER_LAMP], CHEN, "forbidden"),
        ("one is none", QINGXI, vec![LAMP], CHEN, "problems/wrong-number"),
        ("the same one twice is one", QINGXI, vec![LAMP, LAMP], CHEN, "problems/wrong-number"),
        ("none", QINGXI, vec![], CHEN, "problems/wrong-number"),
        ("one of water", QINGXI, vec![LAMP, water], CHEN, "problems/not-one-topic"),
        ("one of another county", QINGXI, vec![LAMP, FAR_LAMP], CHEN, "problems/not-one-topic"),
        ("one that there is not", QINGXI, vec![LAMP, NO_LAMP], CHEN, "problems/no-such-problem"),
        ("five hundred and one", QINGXI, many(501), CHEN, "problems/wrong-number"),
        ("two of them six hundred times", QINGXI, [LAMP, OTHER_LAMP].repeat(300), CHEN, "topic.proposed"),
        ("five hundred repeats before the second", QINGXI, [vec![LAMP; 500], vec![OTHER_LAMP]].concat(), CHEN, "topic.proposed"),
    ];
    for (case, place, problems, person, expected) in cases {
        scene().when(propose(place, &problems)).by(person).then_in(case, expected);
    }
    scene().when(propose(QINGXI, &many(501))).by(CHEN).refused("problems/wrong-number", json!({"found": 501}));
    scene().when(propose(NOWHERE, &[LAMP, OTHER_LAMP])).past_the_door().then("problems/no-such-place");
}

#[test]
fn a_topic_comes_to_an_end_once() {
    let then = reported_scene().when(propose(QINGXI, &[OTHER_LAMP, LAMP])).by(CHEN);
    let Subject::Topic(topic) = then.drafts[0].subject else { panic!() };
    let scene = then.then("topic.proposed");
    assert_eq!(scene.row::<Topic>(&topic.key()).problems, [LAMP, OTHER_LAMP]);
    let conclude = || Command::ConcludeTopic { topic, outcome: text("列入明年改造") };
    scene.when(conclude()).by(LU).then("forbidden");
    let scene = scene.when(conclude()).by(CHEN).then("topic.concluded");
    scene.when(conclude()).by(CHEN).then("problems/nothing-changes");
    let none = Command::ConcludeTopic { topic: TopicId(Uuid::from_u128(404)), outcome: text("没有") };
    scene.when(none.clone()).by(CHEN).then("forbidden");
    scene.when(none).past_the_door().refused("problems/no-such-topic", json!({}));
}

// Columns.

fn column(p: &Problem, name: &str) -> Value {
    p.values()[Problem::COLUMNS.iter().position(|c| c.name == name).expect("declared")].clone()
}

#[test]
fn columns_say_what_the_row_knows() {
    let is = |scene: &Scene, name: &str| column(row(scene, LAMP), name);
    let escalated = lamp("escalated");
    #[rustfmt::skip]
    let cases: Vec<(&str, Scene, &str, Value)> = vec![
        ("number", lamp("reported"), "number", Value::from(format!("990101-{}", number_of_the_first_problem()))),
        ("open", lamp("claimed"), "open", Value::Int(1)),
        ("closed", lamp("verified"), "open", Value::Int(0)),
        ("the post's day", lamp("assigned"), "due", Value::from("2026-11-16")),
        ("the verifier's day", lamp("claimed"), "due", Value::from("2026-11-20")),
        ("the head's day", escalated.clone(), "due", Value::from("2026-11-30")),
        ("no day", lamp("reported"), "due", Value::Null),
        ("no day any more", lamp("verified"), "due", Value::Null),
        ("with the head", escalated, "escalated_to", YUNLING.into()),
        ("a villager has no name", lamp("reported"), "reporter", Value::Null),
        ("post", lamp("assigned"), "post_role", Value::from("township")),
        ("the post in one word", lamp("assigned"), "post", Value::from("99010110000000/township")),
        ("post's place", lamp("assigned"), "post_place", YUNLING.into()),
        ("reported", lamp("verified"), "reported_on", Value::from("2026-11-01")),
        ("verified", lamp("verified"), "verified_on", Value::from("2026-11-12")),
    ];
    for (case, scene, name, value) in cases {
        assert_eq!(is(&scene, name), value, "{case}");
    }
}

/// Eight places of the county and six rules stand before it in the chain, those above the county in others.
fn number_of_the_first_problem() -> usize {
    let own = registrations().iter().filter(|(id, _)| id.0 / 100_000_000 == 990_101).count();
    own + crate::rules::starting_pack().len() + 1
}

#[test]
fn every_state_has_its_word() {
    for word in State::WORDS {
        assert_eq!(row(&lamp(word), LAMP).state.word(), word);
    }
    let bad: Result<Command, _> = serde_json::from_value(
        json!({"type": "problems.assign", "problem": LAMP, "post": {"place": 1, "role": "village", "due": 3}}),
    );
    assert!(bad.is_err(), "a misplaced field is not passed over");
}

#[test]
fn every_kind_has_its_bytes_for_ever() {
    check_golden(include_str!("encoding.jsonl"), Fact::KINDS);
}

/// An example of every refusal, for the check that each has wording.
pub(crate) fn refusals() -> Vec<RefusalBody> {
    let some_day = || -> Day { day("2026-11-23") };
    every_refusal!("problems", Refusal {
        NoSuchProblem,
        NoSuchPlace { place: NOWHERE },
        NoSuchTopic,
        PlaceClosed { name: "上坞村".into() },
        NotInThisState { state: "claimed" },
        NoRule { rule: "problems.deadlines" },
        VerifiesHisOwn,
        UnderTheClaimer,
        SamePost,
        NoEvidence,
        TooManyPhotos { found: 11, max: 10 },
        NotTheReporter,
        ReasonNeeded,
        TooEarly { day: some_day(), earliest: some_day() },
        TooLate { day: some_day(), latest: some_day() },
        PostElsewhere,
        RoleCannotWork,
        NotDiagnosed,
        AnotherPostAnswers,
        IntoItself,
        CannotTakeIn,
        AtTheTop,
        NotOverdue,
        NothingToAnswer,
        NotYours,
        NothingChanges,
        ClaimWaits,
        NotOneTopic,
        WrongNumber { found: 1 },
    })
}
