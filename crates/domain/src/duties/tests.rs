use std::collections::BTreeMap;

use uuid::Uuid;

use super::*;
use crate::{
    basics::{Actor, Capability, Day, Department, FileHash, HoldingId, PlaceId, Post, RefusalBody, Role, Subject, TaskId},
    problems::{self, Field},
    scenes::*,
};

const WATER: Post = Post::of(QINGXI, Department::Water);
const HOUSING: Post = Post::of(QINGXI, Department::Housing);
const YUNLING_HEAD: Post = post(YUNLING, Role::Head);
const COUNTY_HEAD: Post = post(QINGXI, Role::Head);
const COUNTY_OFFICE: Post = post(QINGXI, Role::Office);
const TOWN: Post = post(YUNLING, Role::Township);
const VILLAGE: Post = post(SHANGWU, Role::Village);

/// Jin looks after who may do what.
const JIN: Person = Person(20, &[post(QINGXI, Role::Security)]);
/// Bai took over Yunling town from Shen.
const BAI: Person = Person(21, &[YUNLING_HEAD]);
/// Hong runs the county's department of water.
const HONG: Person = Person(22, &[WATER]);
/// Pan looked after Yunling town while Shen was ill.
const PAN: Person = Person(23, &[post(YUNLING, Role::Township), YUNLING_HEAD]);

fn today() -> Scene {
    county_on("2026-11-23")
}

fn holding(n: u128) -> HoldingId {
    HoldingId(Uuid::from_u128(n))
}

fn statement_file(n: u64) -> FileHash {
    FileHash::new(&format!("{n:064x}")).expect("64 digits")
}

fn on_post(scene: Scene, post: Post, fact: Fact) -> Scene {
    scene.happened(CHEN, Subject::Post(post), post.place, fact)
}

/// Given: a person holds a post.
fn held(scene: Scene, n: u128, post: Post, who: Person, from: &str, until: Option<&str>) -> Scene {
    let fact = TakenUp { holding: holding(n), person: who.person(), from: day(from), until: until.map(day), document: None };
    on_post(scene, post, Fact::TakenUp(fact))
}

fn take_up(post: Post, who: Person, from: &str) -> Command {
    Command::TakeUp { post, person: who.person(), from: day(from), until: None, document: None, already: vec![] }
}

fn leave(post: Post, n: u128, on: &str) -> Command {
    Command::Leave { post, holding: holding(n), on: day(on), reason: text("调任") }
}

fn delegate(post: Post, n: u128, who: Person, from: &str, until: &str) -> Command {
    let (person, from, until) = (who.person(), day(from), day(until));
    Command::Delegate { post, holding: holding(n), person, from, until, reason: text("病假"), already: vec![] }
}

fn withdraw(post: Post, n: u128) -> Command {
    Command::Withdraw { post, holding: holding(n), reason: text("录错人") }
}

fn describe(post: Post) -> Command {
    Command::Describe { post, duty: text("全镇千万工程第一责任人"), phone: None }
}

fn draw_up(post: Post, n: u128) -> Command {
    let counts = BTreeMap::from([("problems".to_owned(), 3)]);
    Command::DrawUp { post, holding: holding(n), statement: Some(Statement { file: statement_file(7), counts }) }
}

fn sign(side: Side, in_absence: Option<&str>) -> Command {
    Command::Sign { post: YUNLING_HEAD, statement: statement_file(7), side, in_absence: in_absence.map(text), remark: None }
}

fn row(scene: &Scene, post: Post) -> &PostRow {
    scene.row(&post.key())
}

#[test]
fn who_may_say_who_holds_a_post() {
    #[rustfmt::skip]
    let cases: Vec<(&str, Post, Person, &str)> = vec![
        ("the office, of the county's head", COUNTY_HEAD, CHEN, "post.taken_up"),
        ("the office, of a department", WATER, CHEN, "post.taken_up"),
        ("the office, of a town", TOWN, CHEN, "post.taken_up"),
        ("the county's head", YUNLING_HEAD, FANG, "post.taken_up"),
        ("a town's head, in his town", TOWN, SHEN, "post.taken_up"),
        ("a town's head, in a village", VILLAGE, SHEN, "post.taken_up"),
        ("a town's officials, in a village", VILLAGE, LU, "post.taken_up"),
        ("a town's officials, beside them", YUNLING_HEAD, LU, "duties/only-below"),
        ("a town's officials, next door", post(XIKOU, Role::Head), LU, "forbidden"),
        ("a town's head, of the county", COUNTY_HEAD, SHEN, "forbidden"),
        ("a village", VILLAGE, WANG, "forbidden"),
        ("a department", WATER, LIN, "forbidden"),
        ("an inspector", VILLAGE, GAO, "forbidden"),
        ("somebody who only looks", VILLAGE, VIEWER, "forbidden"),
        ("somebody without a post", VILLAGE, STRANGER, "forbidden"),
        ("the other county", VILLAGE, TAO, "forbidden"),
        ("the city's office, over both counties", VILLAGE, CITY_OFFICE, "post.taken_up"),
        ("the system's administrator has no say in the programme", VILLAGE, ADMIN, "forbidden"),
        ("the security administrator neither", VILLAGE, JIN, "forbidden"),
        ("the system's administrator, of the security administrator", post(QINGXI, Role::Security), ADMIN, "post.taken_up"),
        ("the system's administrator, of the audit administrator", post(QINGXI, Role::Audit), ADMIN, "post.taken_up"),
        ("not of his own kind", post(QINGXI, Role::Admin), ADMIN, "duties/not-yours"),
        ("the security administrator, of the system's", post(QINGXI, Role::Admin), JIN, "post.taken_up"),
        ("the office makes no administrators", post(QINGXI, Role::Security), CHEN, "forbidden"),
        ("village officials in a county", post(QINGXI, Role::Village), CHEN, "duties/not-at-this-level"),
        ("town officials in a village", post(SHANGWU, Role::Township), CHEN, "duties/not-at-this-level"),
        ("a department of a village", Post::of(SHANGWU, Department::Water), CHEN, "duties/not-at-this-level"),
        ("nowhere", post(NOWHERE, Role::Head), CHEN, "forbidden"),
    ];
    for (case, post, who, expected) in cases {
        today().when(take_up(post, ZHOU, "2026-11-01")).by(who).then_in(case, expected);
    }
}

#[test]
fn nobody_appoints_himself() {
    today().when(take_up(COUNTY_HEAD, CHEN, "2026-11-01")).by(CHEN).blames("duties/appoints-himself", Some("person"));
    let scene = held(today(), 1, COUNTY_OFFICE, CHEN, "2026-01-01", None);
    scene.when(leave(COUNTY_OFFICE, 1, "2027-01-01")).by(CHEN).then_in("nor ends his own time", "duties/appoints-himself");
    scene.when(withdraw(COUNTY_OFFICE, 1)).by(CHEN).then("duties/appoints-himself");
    let second = Person(30, &[COUNTY_HEAD]);
    scene.when(leave(COUNTY_OFFICE, 1, "2026-12-01")).by(second).then("post.left");
}

#[test]
fn three_administrators_are_three_people() {
    let with = |role: Role, already: &[Post]| Command::TakeUp {
        post: post(QINGXI, role),
        person: ZHOU.person(),
        from: day("2026-11-01"),
        until: None,
        document: None,
        already: already.to_vec(),
    };
    let (admin, security, audit) = (post(QINGXI, Role::Admin), post(PROVINCE, Role::Security), post(QINGXI, Role::Audit));
    today().when(with(Role::Security, &[admin])).by(ADMIN).blames("duties/two-administrators", Some("person"));
    today().when(with(Role::Audit, &[security])).by(ADMIN).then("duties/two-administrators");
    today().when(with(Role::Admin, &[audit])).by(JIN).then("duties/two-administrators");
    today().when(with(Role::Audit, &[post(PROVINCE, Role::Audit)])).by(ADMIN).then_in("twice the same", "post.taken_up");
    today().when(with(Role::Security, &[COUNTY_OFFICE])).by(ADMIN).then_in("with work of the programme", "post.taken_up");
    today().when(with(Role::Security, &[admin])).by(IMPORT).then_in("not even by an import", "duties/two-administrators");
    let stands_in = Command::Delegate {
        post: security,
        holding: holding(1),
        person: ZHOU.person(),
        from: day("2026-11-24"),
        until: day("2026-11-30"),
        reason: text("病假"),
        already: vec![admin],
    };
    let scene = held(today(), 1, security, BAI, "2026-01-01", None);
    const PROVINCE_ADMIN: Person = Person(31, &[post(PROVINCE, Role::Admin)]);
    scene.when(stands_in).by(PROVINCE_ADMIN).then_in("not for a day", "duties/two-administrators");
}

#[test]
fn a_post_has_one_head() {
    let scene = held(today(), 1, YUNLING_HEAD, SHEN, "2024-03-01", None);
    scene.when(take_up(YUNLING_HEAD, BAI, "2026-11-01")).by(CHEN).blames("duties/already-held", Some("post"));
    scene.when(take_up(YUNLING_HEAD, SHEN, "2026-11-01")).by(CHEN).then("duties/holds-it-already");
    let scene = scene.when(leave(YUNLING_HEAD, 1, "2026-10-31")).by(CHEN).then("post.left");
    scene.when(take_up(YUNLING_HEAD, BAI, "2026-10-31")).by(CHEN).then_in("on his last day", "duties/already-held");
    let scene = scene.when(take_up(YUNLING_HEAD, BAI, "2026-11-01")).by(CHEN).then("post.taken_up");
    let who = |d: &str| row(&scene, YUNLING_HEAD).bearer(day(d)).map(|h| h.person);
    assert_eq!(who("2026-10-31"), Some(SHEN.person()), "a fault of that day is his");
    assert_eq!(who("2026-11-01"), Some(BAI.person()));
    assert_eq!(who("2024-02-29"), None);
    // Others share a post.
    let scene = held(today(), 2, TOWN, LU, "2026-01-01", None);
    scene.when(take_up(TOWN, MO, "2026-02-01")).by(CHEN).then("post.taken_up");
    scene.when(take_up(TOWN, LU, "2026-02-01")).by(CHEN).then("duties/holds-it-already");
}

#[test]
fn days_that_cannot_be() {
    let until = |until: &str| Command::TakeUp {
        post: TOWN,
        person: LU.person(),
        from: day("2026-11-01"),
        until: Some(day(until)),
        document: None,
        already: vec![],
    };
    today().when(until("2026-10-31")).by(CHEN).blames("duties/ends-before-it-begins", Some("until"));
    today().when(until("2026-11-01")).by(CHEN).then_in("for one day", "post.taken_up");
    today().when(until("2226-11-01")).by(CHEN).then("duties/too-late");
    today().when(take_up(TOWN, LU, "1826-11-01")).by(CHEN).blames("duties/too-early", Some("from"));
    today().when(take_up(TOWN, LU, "1996-11-01")).by(CHEN).then_in("for thirty years", "post.taken_up");
    today().when(take_up(TOWN, LU, "2027-01-01")).by(CHEN).then_in("from next year", "post.taken_up");
    let scene = held(today(), 1, TOWN, LU, "2026-01-01", None);
    scene.when(leave(TOWN, 1, "2025-12-31")).by(CHEN).blames("duties/ends-before-it-begins", Some("on"));
    scene.when(leave(TOWN, 2, "2026-11-30")).by(CHEN).blames("duties/no-such-holding", Some("holding"));
    let left = scene.when(leave(TOWN, 1, "2026-11-30")).by(CHEN).then("post.left");
    left.when(leave(TOWN, 1, "2026-11-30")).by(CHEN).then("duties/nothing-changes");
    left.when(leave(TOWN, 1, "2026-12-31")).by(CHEN).then_in("put right", "post.left");
}

#[test]
fn during_leave_somebody_stands_in() {
    let scene = held(today(), 1, YUNLING_HEAD, SHEN, "2024-03-01", None);
    let by_himself = || delegate(YUNLING_HEAD, 1, PAN, "2026-11-24", "2026-12-08");
    #[rustfmt::skip]
    let cases: Vec<(&str, Command, Person, &str)> = vec![
        ("the holder himself", by_himself(), SHEN, "post.delegated"),
        ("the office", by_himself(), CHEN, "post.delegated"),
        ("the stand-in makes himself one", by_himself(), LU, "duties/only-below"),
        ("a village", by_himself(), WANG, "forbidden"),
        ("next door", by_himself(), ZHOU, "forbidden"),
        ("an inspector may look, not appoint", by_himself(), GAO, "duties/not-yours"),
        ("for himself", delegate(YUNLING_HEAD, 1, SHEN, "2026-11-24", "2026-12-08"), SHEN, "duties/holds-it-already"),
        ("backwards", delegate(YUNLING_HEAD, 1, PAN, "2026-12-08", "2026-11-24"), SHEN, "duties/ends-before-it-begins"),
        ("before it was his", delegate(YUNLING_HEAD, 1, PAN, "2024-02-01", "2024-03-08"), CHEN, "duties/too-early"),
        ("of nobody", delegate(YUNLING_HEAD, 9, PAN, "2026-11-24", "2026-12-08"), CHEN, "duties/no-such-holding"),
    ];
    for (case, command, who, expected) in cases {
        scene.when(command).by(who).then_in(case, expected);
    }
    let scene = scene.when(by_himself()).by(SHEN).then("post.delegated");
    scene.when(by_himself()).by(SHEN).then_in("twice", "duties/holds-it-already");
    let who = |d: &str| row(&scene, YUNLING_HEAD).bearer(day(d)).map(|h| h.person);
    assert_eq!(
        ["2026-11-23", "2026-11-24", "2026-12-08", "2026-12-09"].map(who),
        [SHEN, PAN, PAN, SHEN].map(|p| Some(p.person()))
    );
    assert!(row(&scene.clone().on("2026-12-20"), YUNLING_HEAD).unsigned().is_empty(), "nothing changes hands by it");
    let ended = scene.when(leave(YUNLING_HEAD, 1, "2026-11-30")).by(CHEN).then("post.left");
    let longer = delegate(YUNLING_HEAD, 1, LU, "2026-11-24", "2026-12-08");
    ended.when(longer).by(CHEN).then_in("longer than the post itself", "duties/too-late");
}

#[test]
fn a_holding_by_mistake_is_taken_back() {
    let scene = held(today(), 1, YUNLING_HEAD, ZHOU, "2026-11-01", None);
    let scene = scene.when(withdraw(YUNLING_HEAD, 1)).by(CHEN).then("post.withdrawn");
    assert_eq!(row(&scene, YUNLING_HEAD).bearer(day("2026-11-10")), None);
    scene.when(withdraw(YUNLING_HEAD, 1)).by(CHEN).then("duties/no-such-holding");
    scene.when(take_up(YUNLING_HEAD, BAI, "2026-11-01")).by(CHEN).then_in("the right one", "post.taken_up");
    let own: &Held = scene.row(&Held::key_of(YUNLING_HEAD, holding(1)));
    assert!(own.holding.withdrawn.is_some());
}

/// Shen has left Yunling town, Bai has come.
fn changing_hands() -> Scene {
    let scene = held(today(), 1, YUNLING_HEAD, SHEN, "2024-03-01", Some("2026-11-20"));
    held(scene, 2, YUNLING_HEAD, BAI, "2026-11-21", None)
}

#[test]
fn a_post_does_not_change_hands_in_silence() {
    let owed = |scene: &Scene| row(scene, YUNLING_HEAD).unsigned().iter().map(|h| h.id).collect::<Vec<_>>();
    let scene = changing_hands();
    assert_eq!(owed(&scene), [holding(1)], "it shows");
    let scene = scene.when(draw_up(YUNLING_HEAD, 1)).by(SHEN).then("handover.drawn_up");
    assert_eq!(owed(&scene), [holding(1)]);
    let scene = scene.when(sign(Side::Outgoing, None)).by(SHEN).then("handover.signed");
    assert_eq!(owed(&scene), [holding(1)], "one signature is not enough");
    scene.when(sign(Side::Outgoing, None)).by(SHEN).then("duties/signed-already");
    let scene = scene.when(sign(Side::Incoming, None)).by(BAI).then("handover.signed");
    assert_eq!(owed(&scene), []);
    scene.when(draw_up(YUNLING_HEAD, 1)).by(SHEN).then("duties/signed-already");
    scene.when(leave(YUNLING_HEAD, 1, "2026-11-22")).by(CHEN).then_in("what was signed stays", "duties/has-ended");
    scene.when(withdraw(YUNLING_HEAD, 1)).by(CHEN).then("duties/has-ended");
}

#[test]
fn who_signs_what() {
    let drawn = changing_hands().when(draw_up(YUNLING_HEAD, 1)).by(BAI).then("handover.drawn_up");
    #[rustfmt::skip]
    let cases: Vec<(&str, Command, Person, &str)> = vec![
        ("whoever leaves, for the other side", sign(Side::Incoming, None), SHEN, "duties/not-yours"),
        ("whoever comes, for the other side", sign(Side::Outgoing, None), BAI, "duties/not-yours"),
        ("the office, without a reason", sign(Side::Outgoing, None), CHEN, "duties/not-yours"),
        ("the office, because he has died", sign(Side::Outgoing, Some("已故")), CHEN, "handover.signed"),
        ("a reason for signing for oneself", sign(Side::Outgoing, Some("我在")), SHEN, "duties/not-yours"),
        ("the town's officials, in his absence", sign(Side::Outgoing, Some("出差")), LU, "duties/only-below"),
        ("a village", sign(Side::Outgoing, Some("出差")), WANG, "forbidden"),
        ("the other county", sign(Side::Outgoing, Some("出差")), TAO, "forbidden"),
    ];
    for (case, command, who, expected) in cases {
        drawn.when(command).by(who).then_in(case, expected);
    }
    let other =
        Command::Sign { post: YUNLING_HEAD, statement: statement_file(8), side: Side::Outgoing, in_absence: None, remark: None };
    drawn.when(other).by(SHEN).blames("duties/no-such-statement", Some("statement"));
    let once = drawn.when(sign(Side::Outgoing, Some("已故"))).by(CHEN).then("handover.signed");
    once.when(sign(Side::Incoming, Some("出国"))).by(CHEN).then_in("one hand signs once", "duties/not-yours");
    once.when(sign(Side::Incoming, Some("出国"))).by(FANG).then("handover.signed");
}

#[test]
fn what_can_be_drawn_up() {
    let scene = changing_hands();
    #[rustfmt::skip]
    let cases: Vec<(&str, Command, Person, &str)> = vec![
        ("by whoever comes", draw_up(YUNLING_HEAD, 1), BAI, "handover.drawn_up"),
        ("by the office", draw_up(YUNLING_HEAD, 1), CHEN, "handover.drawn_up"),
        ("by somebody in the town", draw_up(YUNLING_HEAD, 1), LU, "duties/only-below"),
        ("for somebody who stays", draw_up(YUNLING_HEAD, 2), BAI, "duties/goes-on"),
        ("for nobody", draw_up(YUNLING_HEAD, 3), CHEN, "duties/no-such-holding"),
        ("without a statement", Command::DrawUp { post: YUNLING_HEAD, holding: holding(1), statement: None }, BAI, "duties/no-such-statement"),
    ];
    for (case, command, who, expected) in cases {
        scene.when(command).by(who).then_in(case, expected);
    }
    let viewer = post(QINGXI, Role::Viewer);
    let looked = held(scene, 5, viewer, VIEWER, "2026-01-01", Some("2026-11-01"));
    assert!(row(&looked, viewer).unsigned().is_empty());
    looked.when(draw_up(viewer, 5)).by(CHEN).then("duties/nothing-to-hand-over");
    // A newer statement takes the place of one that is not signed by both.
    let drawn = changing_hands().when(draw_up(YUNLING_HEAD, 1)).by(SHEN).then("handover.drawn_up");
    drawn.when(draw_up(YUNLING_HEAD, 1)).by(SHEN).then("duties/nothing-changes");
    let newer = Statement { file: statement_file(9), counts: BTreeMap::new() };
    let again = Command::DrawUp { post: YUNLING_HEAD, holding: holding(1), statement: Some(newer) };
    let drawn = drawn.when(again).by(SHEN).then("handover.drawn_up");
    assert_eq!(row(&drawn, YUNLING_HEAD).handovers.len(), 1);
    drawn.when(sign(Side::Outgoing, None)).by(SHEN).then_in("the old one", "duties/no-such-statement");
}

#[test]
fn duties_are_described_for_villagers() {
    let scene = today().when(describe(YUNLING_HEAD)).by(CHEN).then("post.described");
    scene.when(describe(YUNLING_HEAD)).by(CHEN).then("duties/nothing-changes");
    today().when(describe(YUNLING_HEAD)).by(WANG).then("forbidden");
    today().when(describe(post(SHANGWU, Role::Township))).by(CHEN).then("duties/not-at-this-level");
}

// Escalation lands with a person.

#[test]
fn what_goes_up_lands_with_somebody() {
    let problem = crate::basics::ProblemId(Uuid::from_u128(0xa1));
    let scene = county_on("2026-11-02");
    let reported = problems::Reported {
        field: Field::Lighting,
        text: text("路灯不亮"),
        position: None,
        photos: vec![],
        channel: problems::Channel::Official,
        contact: None,
        reporter: problems::Reporter::Account { account: GAO.account() },
        evidence: None,
    };
    let assigned = problems::Assigned { post: TOWN, due: day("2026-11-16"), by_rule: true, note: None };
    let on_it = |scene: Scene, fact| scene.happened(GAO, Subject::Problem(problem), SHANGWU, fact);
    let scene = on_it(scene, problems::Fact::Reported(reported));
    let scene = on_it(scene, problems::Fact::Assigned(assigned)).on("2026-11-17");
    let goes_to = |scene: &Scene| {
        let then = scene.when(problems::Command::Escalate { problem, reason: None }).by(CLOCK);
        match &then.outcome {
            Outcome::Facts(facts) => match &facts[0] {
                crate::Fact::Problem(problems::Fact::Escalated(e)) => (e.to, e.passed_over.clone(), e.missed_by),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(goes_to(&scene), (YUNLING_HEAD, vec![], Some(TOWN)), "nobody holds any: as the ladder has it");
    let county = held(scene.clone(), 1, COUNTY_HEAD, FANG, "2026-01-01", None);
    assert_eq!(goes_to(&county), (COUNTY_HEAD, vec![YUNLING_HEAD], Some(TOWN)), "past a post that nobody holds");
    let town = held(county, 2, YUNLING_HEAD, SHEN, "2026-01-01", None);
    assert_eq!(goes_to(&town), (YUNLING_HEAD, vec![], Some(TOWN)));
    let gone = town.when(leave(YUNLING_HEAD, 2, "2026-11-10")).by(CHEN).then("post.left");
    assert_eq!(goes_to(&gone).0, COUNTY_HEAD);
    let lapsed = town.when(problems::Command::Escalate { problem, reason: None }).by(CLOCK).then("problem.escalated");
    let lapses: Vec<&Lapse> =
        lapsed.rows().filter_map(|(_, _, row)| if let crate::Row::Lapses(lapse) = row { Some(&**lapse) } else { None }).collect();
    assert_eq!(lapses, [&Lapse { post: TOWN, place: SHANGWU, day: day("2026-11-16"), problem: Some(problem), task: None }]);
}

// Tasks.

fn task(n: u128) -> TaskId {
    TaskId(Uuid::from_u128(n))
}

fn set_at(place: PlaceId, kind: TaskKind, lead: Post, due: &str) -> TaskCommand {
    let quantity = (kind == TaskKind::Target).then(|| Quantity { value: 173, unit: text("户") });
    TaskCommand::Set {
        place,
        kind,
        year: 2026,
        title: text("农村改厕"),
        duty: None,
        field: Some(Field::Toilet),
        lead,
        helpers: vec![],
        due: day(due),
        quantity,
        occasion: None,
    }
}

fn the_set(lead: Post, kind: TaskKind) -> TaskSet {
    TaskSet {
        kind,
        year: 2026,
        title: text("农村改厕"),
        duty: Some(text("县负总责")),
        field: Some(Field::Toilet),
        lead,
        helpers: vec![HOUSING],
        due: day("2026-12-20"),
        quantity: (kind == TaskKind::Target).then(|| Quantity { value: 173, unit: text("户") }),
        part_of: None,
        carried_from: None,
        occasion: None,
    }
}

/// Given: a task of the county or the town that `lead` has to have done by 20 December.
fn given(scene: Scene, n: u128, place: PlaceId, lead: Post, kind: TaskKind) -> Scene {
    scene.happened(CHEN, Subject::Task(task(n)), place, Fact::TaskSet(the_set(lead, kind)))
}

fn claim(n: u128, done: Option<u32>) -> TaskCommand {
    TaskCommand::Claim { task: task(n), text: text("全部改完"), photos: vec![], done }
}

fn verify(n: u128) -> TaskCommand {
    TaskCommand::Verify { task: task(n), note: text("逐户看过"), done: None }
}

fn carry_over(n: u128, year: u16, due: &str) -> TaskCommand {
    TaskCommand::CarryOver { task: task(n), year, due: day(due), reason: text("雨季停工") }
}

fn the_task(scene: &Scene, n: u128) -> &Task {
    scene.row(&task(n).key())
}

#[test]
fn who_sets_tasks_for_whom() {
    use TaskKind::{Promise, Target, Task as Plain};
    #[rustfmt::skip]
    let cases: Vec<(&str, TaskCommand, Person, &str)> = vec![
        ("the office, for a department", set_at(QINGXI, Plain, WATER, "2026-12-20"), CHEN, "task.set"),
        ("the office, for a town", set_at(YUNLING, Plain, TOWN, "2026-12-20"), CHEN, "task.set"),
        ("the office, for a department in a village", set_at(SHANGWU, Plain, WATER, "2026-12-20"), CHEN, "task.set"),
        ("the town, for a village", set_at(SHANGWU, Target, VILLAGE, "2026-12-20"), LU, "task.set"),
        ("the town, for the county", set_at(QINGXI, Plain, WATER, "2026-12-20"), LU, "forbidden"),
        ("a village, for itself", set_at(SHANGWU, Plain, VILLAGE, "2026-12-20"), WANG, "forbidden"),
        ("a village promises", set_at(SHANGWU, Promise, VILLAGE, "2026-12-20"), WANG, "task.set"),
        ("the office promises for others", set_at(SHANGWU, Promise, VILLAGE, "2026-12-20"), CHEN, "duties/promises-for-others"),
        ("a department promises", set_at(QINGXI, Promise, WATER, "2026-12-20"), HONG, "task.set"),
        ("an inspector sets nothing", set_at(SHANGWU, Plain, VILLAGE, "2026-12-20"), GAO, "forbidden"),
        ("the other county", set_at(SHANGWU, Plain, VILLAGE, "2026-12-20"), TAO, "forbidden"),
        ("today", set_at(SHANGWU, Plain, VILLAGE, "2026-11-23"), CHEN, "task.set"),
        ("yesterday", set_at(SHANGWU, Plain, VILLAGE, "2026-11-22"), CHEN, "duties/too-early"),
        ("in a hundred years", set_at(SHANGWU, Plain, VILLAGE, "2126-11-22"), CHEN, "duties/too-late"),
        ("a post elsewhere", set_at(SHANGWU, Plain, post(XIAWU, Role::Village), "2026-12-20"), CHEN, "duties/post-elsewhere"),
        ("an inspector bears nothing", set_at(SHANGWU, Plain, post(QINGXI, Role::Inspector), "2026-12-20"), CHEN, "duties/role-cannot-work"),
        ("no such post", set_at(QINGXI, Plain, post(QINGXI, Role::Village), "2026-12-20"), CHEN, "duties/not-at-this-level"),
    ];
    for (case, command, who, expected) in cases {
        today().when(command).by(who).then_in(case, expected);
    }
    let mut without = set_at(SHANGWU, Target, VILLAGE, "2026-12-20");
    if let TaskCommand::Set { quantity, .. } = &mut without {
        *quantity = None;
    }
    today().when(without).by(CHEN).blames("duties/quantity-needed", Some("quantity"));
    let mut crowd = set_at(SHANGWU, Plain, VILLAGE, "2026-12-20");
    if let TaskCommand::Set { helpers, .. } = &mut crowd {
        *helpers = vec![WATER; 31];
    }
    today().when(crowd).by(CHEN).blames("duties/wrong-number", Some("helpers"));
}

fn part(place: PlaceId, lead: Post) -> Part {
    Part { place, lead, duty: Some(text("镇村落实")), due: None, quantity: None }
}

#[test]
fn a_task_is_passed_down_level_by_level() {
    let scene = given(today(), 1, QINGXI, WATER, TaskKind::Task);
    let down = |parts: Vec<Part>| TaskCommand::PassDown { task: task(1), parts };
    let town = || part(YUNLING, TOWN);
    #[rustfmt::skip]
    let cases: Vec<(&str, Vec<Part>, Person, &str)> = vec![
        ("to two towns", vec![town(), part(XIKOU, post(XIKOU, Role::Township))], CHEN, "task.passed_down task.set task.set"),
        ("to a village at once", vec![part(SHANGWU, VILLAGE)], CHEN, "task.passed_down task.set"),
        ("to nobody", vec![], CHEN, "duties/wrong-number"),
        ("to two hundred and one", vec![town(); 201], CHEN, "duties/wrong-number"),
        ("to itself", vec![part(QINGXI, WATER)], CHEN, "duties/part-elsewhere"),
        ("to the other county", vec![part(GAOPING, post(GAOPING, Role::Township))], CHEN, "duties/part-elsewhere"),
        ("nowhere", vec![part(NOWHERE, TOWN)], CHEN, "duties/no-such-place"),
        ("to a post of another place", vec![part(YUNLING, post(XIKOU, Role::Township))], CHEN, "duties/post-elsewhere"),
        ("by whoever leads it", vec![town()], HONG, "forbidden"),
        ("by a town", vec![town()], LU, "forbidden"),
    ];
    for (case, parts, who, expected) in cases {
        scene.when(down(parts)).by(who).then_in(case, expected);
    }
    let then = scene.when(down(vec![town(), part(XIKOU, post(XIKOU, Role::Township))])).by(CHEN);
    let scene = then.then("task.passed_down task.set task.set");
    let parts = the_task(&scene, 1).parts.clone();
    assert_eq!(parts.len(), 2);
    assert_ne!(parts[0], parts[1]);
    let of = |id: TaskId| scene.row::<Task>(&id.key());
    assert_eq!(of(parts[0]).set.part_of, Some(task(1)));
    assert_eq!((of(parts[0]).place, of(parts[1]).place), (YUNLING, XIKOU));
    assert_eq!(of(parts[0]).set.duty, Some(text("镇村落实")), "each level has its own part of the duty");
    assert_eq!(of(parts[0]).set.due, day("2026-12-20"));
    // The whole waits for its parts.
    let done = |id: TaskId, scene: &Scene, who: Person| {
        let scene = scene
            .when(TaskCommand::Claim { task: id, text: text("完成"), photos: vec![], done: None })
            .by(who)
            .then("task.claimed");
        scene.when(TaskCommand::Verify { task: id, note: text("看过"), done: None }).by(CHEN).then("task.verified")
    };
    scene.when(claim(1, None)).by(HONG).refused("duties/parts-open", serde_json::json!({ "open": 2 }));
    let scene = done(parts[0], &scene, LU);
    scene.when(claim(1, None)).by(HONG).refused("duties/parts-open", serde_json::json!({ "open": 1 }));
    let scene = scene.when(TaskCommand::Withdraw { task: parts[1], reason: text("并入云岭") }).by(CHEN).then("task.withdrawn");
    scene.when(claim(1, None)).by(HONG).then("task.claimed");
}

#[test]
fn a_province_passes_down_into_the_chains_of_its_counties() {
    let scene = given(today(), 1, CITY, post(CITY, Role::Office), TaskKind::Task);
    let parts = vec![part(QINGXI, COUNTY_OFFICE), part(LINXI, post(LINXI, Role::Office))];
    let then = scene.when(TaskCommand::PassDown { task: task(1), parts }).by(CITY_OFFICE);
    assert_eq!(then.drafts.iter().map(|d| d.org).collect::<Vec<_>>(), [990100, 990101, 990102]);
}

#[test]
fn done_is_claimed_then_verified_by_somebody_else() {
    let scene = given(today(), 1, YUNLING, TOWN, TaskKind::Task);
    scene.when(claim(1, None)).by(CHEN).then_in("another's", "duties/another-post-answers");
    scene.when(claim(1, None)).by(WANG).then("forbidden");
    scene.when(verify(1)).by(CHEN).then("duties/not-in-this-state");
    let claimed = scene.when(claim(1, None)).by(LU).then("task.claimed");
    #[rustfmt::skip]
    let cases: Vec<(&str, Person, &str)> = vec![
        ("the claimer", LU, "duties/verifies-his-own"),
        ("his colleague", MO, "duties/same-post"),
        ("the head of the town is not under the claimer", SHEN, "task.verified"),
        ("a village under him", WANG, "forbidden"),
        ("the office", CHEN, "task.verified"),
        ("an inspector", GAO, "task.verified"),
        ("a department does not verify", HONG, "forbidden"),
        ("the other county", TAO, "forbidden"),
    ];
    for (case, who, expected) in cases {
        claimed.when(verify(1)).by(who).then_in(case, expected);
    }
    let again = claimed.when(TaskCommand::Reject { task: task(1), reason: text("差三户") }).by(GAO).then("task.rejected");
    assert_eq!((the_task(&again, 1).state.word(), the_task(&again, 1).rejected), ("open", 1));
    claimed.when(claim(1, None)).by(LU).then("duties/not-in-this-state");
    let county_led = given(today(), 2, YUNLING, COUNTY_HEAD, TaskKind::Task);
    let claimed = county_led.when(claim(2, None)).by(FANG).then("task.claimed");
    claimed.when(verify(2)).by(CHEN).then_in("an office under the head who claims", "duties/under-the-claimer");
}

#[test]
fn a_target_says_how_much() {
    let scene = given(today(), 1, YUNLING, TOWN, TaskKind::Target);
    scene.when(claim(1, None)).by(LU).then("duties/quantity-needed");
    let claimed = scene.when(claim(1, Some(238))).by(LU).then("task.claimed");
    claimed.when(verify(1)).by(GAO).then("duties/quantity-needed");
    let seen = TaskCommand::Verify { task: task(1), note: text("逐户点过"), done: Some(173) };
    let verified = claimed.when(seen).by(GAO).then("task.verified");
    assert!(
        matches!(the_task(&verified, 1).state, TaskState::Verified { done: Some(173), .. }),
        "what was seen, not what was said"
    );
}

#[test]
fn what_is_not_done_goes_on_next_year() {
    let scene = given(today(), 1, YUNLING, TOWN, TaskKind::Task);
    scene.when(carry_over(1, 2026, "2027-06-30")).by(CHEN).blames("duties/not-later", Some("year"));
    scene.when(carry_over(1, 2027, "2026-06-30")).by(CHEN).blames("duties/too-early", Some("due"));
    scene.when(carry_over(1, 2027, "2027-06-30")).by(WANG).then("forbidden");
    let scene = scene.when(carry_over(1, 2027, "2027-06-30")).by(LU).then("task.carried_over task.set");
    let TaskState::CarriedOver { into } = the_task(&scene, 1).state else { panic!("carried over") };
    let next: &Task = scene.row(&into.key());
    assert_eq!((next.set.year, next.set.carried_from, next.set.lead), (2027, Some(task(1)), TOWN));
    scene.when(claim(1, None)).by(LU).then("duties/not-in-this-state");
}

#[test]
fn lead_and_day_change_with_a_reason() {
    let scene = given(today(), 1, YUNLING, TOWN, TaskKind::Task);
    let amend = |lead: Option<Post>, due: Option<&str>| TaskCommand::Amend {
        task: task(1),
        lead,
        helpers: None,
        due: due.map(day),
        reason: text("机构改革"),
    };
    scene.when(amend(None, None)).by(CHEN).then("duties/nothing-changes");
    scene.when(amend(Some(TOWN), None)).by(CHEN).then("duties/nothing-changes");
    scene.when(amend(Some(post(XIKOU, Role::Township)), None)).by(CHEN).then("duties/post-elsewhere");
    scene.when(amend(None, Some("2026-11-01"))).by(CHEN).blames("duties/too-early", Some("due"));
    scene.when(amend(Some(WATER), None)).by(HONG).then("forbidden");
    let scene = scene.when(amend(Some(WATER), Some("2027-01-10"))).by(CHEN).then("task.amended");
    assert_eq!((the_task(&scene, 1).set.lead, the_task(&scene, 1).set.due), (WATER, day("2027-01-10")));
    scene.when(claim(1, None)).by(LU).then("duties/another-post-answers");
}

#[test]
fn a_missed_day_is_recorded_once_and_told_to_a_head_who_is_there() {
    let scene = given(today(), 1, YUNLING, TOWN, TaskKind::Task);
    let scene = held(scene, 1, COUNTY_HEAD, FANG, "2026-01-01", None).on("2026-12-20");
    let lapse = || TaskCommand::Lapse { task: task(1) };
    scene.when(lapse()).by(CLOCK).then_in("on the day", "duties/not-overdue");
    let scene = scene.on("2026-12-21");
    scene.when(lapse()).by(CHEN).then_in("not by people", "forbidden");
    let told = TaskLapsed { due: day("2026-12-20"), post: TOWN, to: Some(COUNTY_HEAD) };
    let scene = scene.when(lapse()).by(CLOCK).then(Fact::TaskLapsed(told));
    scene.when(lapse()).by(CLOCK).then_in("twice", "duties/not-overdue");
    let nobody = given(today(), 2, YUNLING, TOWN, TaskKind::Task).on("2026-12-21");
    let told = TaskLapsed { due: day("2026-12-20"), post: TOWN, to: None };
    nobody.when(TaskCommand::Lapse { task: task(2) }).by(CLOCK).then(Fact::TaskLapsed(told));
}

#[test]
fn a_closed_place_gets_no_posts_and_no_tasks() {
    let closed = crate::places::Closed { on: None, into: vec![XIAWU], document: text("批复") };
    let scene = today().happened(CHEN, Subject::Place(SHANGWU), SHANGWU, crate::places::Fact::Closed(closed));
    scene
        .when(take_up(VILLAGE, WANG, "2026-11-01"))
        .by(CHEN)
        .refused("duties/place-closed", serde_json::json!({ "name": "上坞村" }));
    scene.when(set_at(SHANGWU, TaskKind::Task, VILLAGE, "2026-12-20")).by(CHEN).then("duties/place-closed");
    scene.when(describe(VILLAGE)).by(CHEN).then("duties/place-closed");
}

#[test]
fn roles_that_bear_tasks_are_those_that_may_work_on_them() {
    for role in Role::ALL {
        let works = role.capabilities().contains(&Capability::TasksWork);
        assert_eq!(works, super::view::hands_over(role), "{role:?}: whoever bears a task has something to hand over");
    }
}

#[test]
fn a_stand_in_is_nobodys_follower() {
    let scene = held(today(), 1, YUNLING_HEAD, SHEN, "2024-03-01", Some("2026-11-20"));
    let stands_in = Delegated {
        holding: holding(3),
        stands_in_for: holding(1),
        person: PAN.person(),
        from: day("2026-11-01"),
        until: day("2026-12-31"),
        reason: text("病假"),
    };
    let scene = on_post(scene, YUNLING_HEAD, Fact::Delegated(stands_in));
    let drawn = scene.when(draw_up(YUNLING_HEAD, 1)).by(CHEN).then("handover.drawn_up");
    drawn.when(sign(Side::Incoming, None)).by(PAN).then("duties/not-yours");
}

#[test]
fn imports_bring_what_was_before() {
    today().when(take_up(VILLAGE, WANG, "2020-01-01")).by(IMPORT).then("post.taken_up");
    today().when(set_at(SHANGWU, TaskKind::Promise, VILLAGE, "2024-12-20")).by(IMPORT).then("task.set");
    let far: Day = day("2010-01-01");
    today().when(set_at(SHANGWU, TaskKind::Task, VILLAGE, &far.to_string())).by(IMPORT).then("duties/too-early");
    let nobody: Actor = AUNT_LI;
    today().when(set_at(SHANGWU, TaskKind::Task, VILLAGE, "2026-12-20")).by(nobody).then("forbidden");
}

#[test]
fn what_was_recorded_is_read_for_ever() {
    check_golden(include_str!("encoding.jsonl"), Fact::KINDS);
}

/// An example of every refusal, for the check that each has wording.
pub(crate) fn refusals() -> Vec<RefusalBody> {
    every_refusal!("duties", Refusal {
        NoSuchPlace { place: NOWHERE },
        PlaceClosed { name: "上坞村".into() },
        NoSuchPerson,
        NoSuchHolding,
        NoSuchTask,
        NotAtThisLevel,
        AppointsHimself,
        OnlyBelow,
        TwoAdministrators,
        AlreadyHeld,
        HoldsItAlready,
        HasEnded,
        EndsBeforeItBegins { from: day("2026-11-02"), until: day("2026-11-01") },
        TooEarly { day: day("2026-11-01"), earliest: day("2026-11-02") },
        TooLate { day: day("2126-11-01"), latest: day("2036-11-02") },
        NothingChanges,
        NotYours,
        GoesOn,
        NothingToHandOver,
        SignedAlready,
        NoSuchStatement,
        NotInThisState { state: "claimed" },
        PostElsewhere,
        RoleCannotWork,
        AnotherPostAnswers,
        VerifiesHisOwn,
        SamePost,
        UnderTheClaimer,
        TooManyPhotos { found: 11, max: 10 },
        PartsOpen { open: 2 },
        PartElsewhere,
        WrongNumber { found: 201, max: 200 },
        QuantityNeeded,
        NotLater { year: 2026, than: 2026 },
        PromisesForOthers,
        NotOverdue,
    })
}
