use serde_json::json;
use uuid::Uuid;

use super::{Person as PersonRow, *};
use crate::{
    basics::{Actor, PersonId, ProblemId, RefusalBody, Subject, Text},
    problems::{self, Channel, Dismissed, Field, Problem, Reported, Reporter},
    rules::{self, Rule},
    scenes::*,
};

/// Aunt Li, who reported a lamp and left her telephone; and nobody.
const LI: PersonId = PersonId(Uuid::from_u128(0xa));
const NOBODY: PersonId = PersonId(Uuid::from_u128(404));
const LAMP: ProblemId = ProblemId(Uuid::from_u128(1));
const RECEIPT: &str = "QX-7F3K-22M9";

fn left() -> Particulars {
    Particulars { name: Some(text("李某某")), telephone: Some(text("13800005678")), id_number: None }
}

/// A lamp of Shangwu with somebody to ask back.
fn lamp() -> Scene {
    let receipt = ::facts::Suite::Sha256.hash(&[b"qianwan/receipt/1\n", RECEIPT.as_bytes()]).to_string();
    let fact = Reported {
        field: Field::Lighting,
        text: text("村口路灯不亮"),
        position: None,
        photos: vec![],
        channel: Channel::Villager,
        reporter: Reporter::Villager { receipt },
        contact: Some(LI),
        evidence: None,
    };
    let digest = left().digest(b"salt");
    let with = Fact::Left(Left { person: LI, problem: LAMP, purpose: Purpose::AskBack, digest });
    county_on("2026-11-01").happened(AUNT_LI, Subject::Problem(LAMP), SHANGWU, problems::Fact::Reported(fact)).happened(
        AUNT_LI,
        Subject::Person(LI),
        SHANGWU,
        with,
    )
}

/// Settled on the first of November.
fn settled() -> Scene {
    let fact = problems::Fact::Dismissed(Dismissed { reason: text("属私人灯具") });
    lamp().happened(CHEN, Subject::Problem(LAMP), SHANGWU, fact)
}

fn erased(scene: Scene) -> Scene {
    let fact = Fact::Erased(Erased { person: LI, because: ErasedBecause::Asked, reason: None });
    scene.happened(CHEN, Subject::Person(LI), SHANGWU, fact)
}

fn unmask(person: PersonId, reason: &str) -> Command {
    Command::Unmask { person, reason: text(reason) }
}
fn erase(reason: Option<&str>, receipt: Option<&str>) -> Command {
    Command::Erase { person: LI, reason: reason.map(text), receipt: receipt.map(text) }
}
fn expire() -> Command {
    Command::Expire { person: LI }
}

#[test]
fn a_report_with_a_contact_says_so_twice_and_what_it_is_never() {
    let contact = Some(Contact { person: LI, digest: left().digest(b"salt") });
    let (field, words) = (Field::Lighting, text("村口路灯不亮"));
    let photos = vec![];
    let receipt = Some(text(RECEIPT));
    let command = problems::Command::Report {
        place: SHANGWU,
        field,
        text: words,
        position: None,
        photos,
        found_ms: None,
        receipt,
        contact,
    };
    let then = county_on("2026-11-01").when(command).by(AUNT_LI);
    let kinds: Vec<&str> = then.drafts.iter().map(|d| d.fact.kind()).collect();
    assert_eq!(kinds, ["problem.reported@1", "person.left@1"]);
    let subjects: Vec<Subject> = then.drafts.iter().map(|d| d.subject).collect();
    let Subject::Problem(problem) = subjects[0] else { panic!("{subjects:?}") };
    assert_eq!(subjects[1], Subject::Person(LI));
    let bodies: Vec<String> = then.drafts.iter().map(|d| d.fact.encode()).collect();
    assert!(bodies.iter().all(|b| b.contains(&LI.to_string()) && !b.contains("李") && !b.contains("5678")), "{bodies:?}");
    assert!(bodies[1].contains(&problem.to_string()) && bodies[1].contains(&left().digest(b"salt")));
}

#[test]
fn who_sees_particulars_in_full() {
    let why = "回访核实情况";
    let cases: [(&str, Actor, &str); 13] = [
        ("the county's office", CHEN.into(), "person.unmasked"),
        ("the county's head", FANG.into(), "person.unmasked"),
        ("the town's officials", LU.into(), "person.unmasked"),
        ("the village's head", WU.into(), "person.unmasked"),
        ("the city's office", CITY_OFFICE.into(), "person.unmasked"),
        ("the village committee", WANG.into(), "forbidden"),
        ("a department", LIN.into(), "forbidden"),
        ("the neighbouring town", ZHOU.into(), "forbidden"),
        ("the other county", TAO.into(), "forbidden"),
        ("an inspector", GAO.into(), "forbidden"),
        ("the administrator", ADMIN.into(), "forbidden"),
        ("a stranger", STRANGER.into(), "forbidden"),
        ("everybody", AUNT_LI, "forbidden"),
    ];
    for (case, who, expected) in cases {
        lamp().when(unmask(LI, why)).by(who).then_in(case, expected);
    }
    lamp().when(unmask(NOBODY, why)).by(CHEN).then("forbidden");
}

#[test]
fn a_reason_says_something() {
    for (reason, expected) in [
        ("查看", "persons/say-why"),
        ("看一下", "persons/say-why"),
        ("ask her", "persons/say-why"),
        ("。。。。。。", "persons/say-why"),
        ("回访核实", "person.unmasked"),
        ("to ask her back", "person.unmasked"),
    ] {
        lamp().when(unmask(LI, reason)).by(LU).then_in(reason, expected);
    }
    lamp().when(unmask(LI, "查")).by(LU).blames("persons/say-why", Some("reason"));
    lamp().when(erase(None, None)).by(CHEN).blames("persons/say-why", Some("reason"));
}

#[test]
fn who_erases() {
    let why = Some("本人来电要求删除");
    let cases: [(&str, Actor, &str); 8] = [
        ("the county's office", CHEN.into(), "person.erased"),
        ("the village's head", WU.into(), "person.erased"),
        ("the town's officials see and do not erase", LU.into(), "persons/office-or-head"),
        ("the village committee", WANG.into(), "forbidden"),
        ("the other county", TAO.into(), "forbidden"),
        ("the administrator", ADMIN.into(), "forbidden"),
        ("everybody", AUNT_LI, "forbidden"),
        ("the programme, after a restore", CLOCK, "person.erased"),
    ];
    for (case, who, expected) in cases {
        lamp().when(erase(why, None)).by(who).then_in(case, expected);
    }
    lamp().when(erase(None, Some(RECEIPT))).by(AUNT_LI).then(Fact::Erased(Erased {
        person: LI,
        because: ErasedBecause::Own,
        reason: None,
    }));
    lamp().when(erase(None, Some("QX-0000-0000"))).by(AUNT_LI).blames("persons/not-the-person", Some("receipt"));
}

#[test]
fn what_is_gone_is_gone() {
    for command in [unmask(LI, "回访核实情况"), erase(Some("本人来电要求删除"), None), erase(None, Some(RECEIPT)), expire()]
    {
        erased(lamp()).when(command).past_the_door().refused("persons/already-erased", json!({ "day": "2026-11-01" }));
    }
}

#[test]
fn contacts_go_by_themselves_after_their_time() {
    settled().on("2027-01-29").when(expire()).by(CLOCK).refused("persons/not-yet", json!({ "day": "2027-01-30" }));
    settled().on("2027-01-30").when(expire()).by(CLOCK).then(Fact::Erased(Erased {
        person: LI,
        because: ErasedBecause::Expired,
        reason: None,
    }));
    lamp().on("2036-01-01").when(expire()).by(CLOCK).then("persons/still-needed");
    settled().on("2027-06-01").when(expire()).by(CHEN).then("forbidden");
    let reopened =
        problems::Fact::Reopened(problems::Reopened { reason: text("又坏了"), by_reporter: true, post: None, due: None });
    let open_again = settled().on("2026-12-01").happened(AUNT_LI, Subject::Problem(LAMP), SHANGWU, reopened);
    open_again.on("2027-06-01").when(expire()).by(CLOCK).then("persons/still-needed");
    let sooner = Rule::Contacts(rules::Contacts { keep_days: 1 });
    settled().rule(YUNLING, "2026-11-02", sooner).on("2026-11-02").when(expire()).by(CLOCK).then("person.erased");
}

#[test]
fn the_row_says_what_was_done_and_nothing_of_the_person() {
    let scene = lamp().on("2026-11-05").when(unmask(LI, "回访核实情况")).by(LU).then("person.unmasked");
    let row = scene.row::<PersonRow>(&LI.key());
    assert_eq!((row.problem, row.place, row.unmasked, row.state.word()), (Some(LAMP), SHANGWU, 1, "held"));
    assert_eq!(row.unmasked_ms, Some(scene.now_ms()));
    let scene = scene.when(erase(Some("本人来电要求删除"), None)).by(CHEN).then("person.erased");
    let row = scene.row::<PersonRow>(&LI.key());
    assert_eq!((row.state.word(), row.unmasked), ("erased", 1));
    let texts: Vec<String> = scene.rows().map(|(_, _, row)| row.encode()).collect();
    assert!(texts.iter().all(|t| !t.contains("李某某") && !t.contains("13800005678")));
}

#[test]
fn settled_is_since_the_last_step_and_not_while_it_is_open() {
    let first = settled();
    let at = |scene: &Scene| scene.row::<Problem>(&LAMP.key()).settled_ms;
    assert_eq!(at(&lamp()), None);
    assert_eq!(at(&first), Some(first.now_ms()));
    let shown = problems::Fact::Withheld(problems::Withheld { reason: text("有人脸") });
    let later = first.clone().on("2026-11-09").happened(CHEN, Subject::Problem(LAMP), SHANGWU, shown);
    assert_eq!(at(&later), Some(first.now_ms()), "what changes nothing about its state does not begin anew");
}

#[test]
fn a_digest_proves_them_and_gives_nothing_away() {
    let digest = left().digest(b"one salt");
    assert_eq!(digest, left().digest(b"one salt"));
    assert_ne!(digest, left().digest(b"another"));
    let mut other = left();
    other.telephone = Some(text("13800005679"));
    assert_ne!(digest, other.digest(b"one salt"));
    assert_eq!(digest.len(), 64);
    assert_ne!(left().digest(b"a"), Particulars { name: left().name, ..Particulars::default() }.digest(b"a"));
}

#[test]
fn what_is_masked_and_what_there_is() {
    let masked = left().masked();
    assert_eq!(masked.name.as_ref().map(Text::as_str), Some("李**"));
    assert_eq!(masked.telephone.as_ref().map(Text::as_str), Some("138****5678"));
    assert_eq!(left().fields(), [Particular::Name, Particular::Telephone]);
    assert!(Particulars::default().is_empty() && Particulars::default().masked().is_empty());
}

#[test]
fn golden_lines() {
    check_golden(include_str!("encoding.jsonl"), Fact::KINDS);
}

/// An example of every refusal, for the check that each has wording.
pub(crate) fn refusals() -> Vec<RefusalBody> {
    every_refusal!("persons", Refusal {
        NoSuchPerson,
        AlreadyErased { day: day("2026-11-22") },
        SayWhy { min: 4 },
        OfficeOrHead,
        NotThePerson,
        NotYet { day: day("2026-11-22") },
        StillNeeded,
    })
}
