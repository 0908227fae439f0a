use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{
    basics::{Actor, FileHash, FormId, PlaceId, RefusalBody, SubmissionId},
    places::{Counted, Method, Place},
    problems::{Channel, Field, Photo, Problem},
    scenes::*,
};

/// A phone of Shangwu: it acts as somebody of the committee would, and is nobody's account.
const PHONE: Person = Person(70, &[post(SHANGWU, crate::basics::Role::Village)]);
/// A phone of Qiaotou, in the neighbouring township.
const OTHER_PHONE: Person = Person(71, &[post(QIAOTOU, crate::basics::Role::Village)]);

fn word(s: &str) -> Word {
    text(s)
}
fn hash(n: u64) -> FileHash {
    FileHash::new(&format!("{n:064x}")).expect("64 digits")
}
fn md5(n: u64) -> Md5 {
    text(&format!("{n:032x}"))
}

fn head(id: &str, version: &str, files: &[&str]) -> FormHead {
    let file = |name: &&str| FormFile { name: text(name), kind: FileKind::Data, file: None, md5: None };
    FormHead {
        form_id: text(id),
        version: (!version.is_empty()).then(|| text(version)),
        title: text("入户走访"),
        md5: md5(1),
        encrypted: false,
        files: files.iter().map(file).collect(),
        file_questions: vec![text("/data/photo")],
    }
}

fn upload(place: PlaceId, head: FormHead, file: u64) -> Command {
    Command::Upload { place, file: hash(file), head: Some(head) }
}
fn visit(place: PlaceId) -> FormId {
    FormId::at(place, &text("visit"))
}
fn publish(form: FormId, version: &str) -> Command {
    Command::Publish { form, version: (!version.is_empty()).then(|| text(version)), known: vec![], again: None }
}
fn close(takes_late: bool) -> Command {
    Command::Close { form: visit(QINGXI), reason: text("本轮结束"), takes_late }
}
fn give(name: &str) -> Command {
    Command::GiveAttachment { form: visit(QINGXI), version: Some(text("1")), name: text(name), file: hash(7), md5: Some(md5(7)) }
}

/// Form `visit` of the county, version 1, brought and not yet offered.
fn brought() -> Scene {
    county_on("2026-11-01").when(upload(QINGXI, head("visit", "1", &[]), 1)).by(CHEN).then("form.uploaded")
}
/// And offered.
fn offering() -> Scene {
    brought().when(publish(visit(QINGXI), "1")).by(CHEN).then("form.published")
}

fn filled(instance: &str, deprecated: Option<&str>, mentioned: &[&str]) -> SubmissionHead {
    SubmissionHead {
        form_id: text("visit"),
        version: Some(text("1")),
        instance: text(instance),
        deprecated: deprecated.map(text),
        encrypted: false,
        mentioned: mentioned.iter().map(|n| text(n)).collect(),
    }
}
fn submit_at(place: PlaceId, head: SubmissionHead, file: u64, files: &[(&str, u64)]) -> Command {
    let files = files.iter().map(|(name, n)| Attached { name: text(name), file: hash(*n) }).collect();
    Command::Submit {
        place,
        file: hash(file),
        head: Some(head),
        files,
        device: Some(text("collect:abc")),
        about: None,
        checked: None,
    }
}
fn submit(instance: &str, file: u64) -> Command {
    submit_at(SHANGWU, filled(instance, None, &[]), file, &[])
}
fn edit(instance: &str, deprecated: &str, file: u64) -> Command {
    submit_at(SHANGWU, filled(instance, Some(deprecated), &["photo.jpg"]), file, &[])
}
fn id(instance: &str) -> SubmissionId {
    SubmissionId::of(visit(QINGXI), &text(instance))
}
fn review(instance: &str, verdict: Verdict, note: Option<&str>) -> Command {
    Command::Review { submission: id(instance), verdict, note: note.map(text) }
}
/// One submission of the phone of Shangwu, with a photo.
fn received() -> Scene {
    let command = submit_at(SHANGWU, filled("uuid:1", None, &["photo.jpg"]), 10, &[("photo.jpg", 11)]);
    offering().when(command).by(PHONE).then("submission.received submission.attachment_arrived")
}
fn row<'s>(scene: &'s Scene, instance: &str) -> &'s Submission {
    scene.row(&id(instance).key())
}

pub fn refusals() -> Vec<RefusalBody> {
    let form = || word("visit");
    let instance = || word("uuid:1");
    let version = || "1".to_owned();
    every_refusal!("surveys", Refusal {
        PlaceClosed,
        NotAForm,
        VersionTaken { form: form(), version: version() },
        TooManyVersions { max: 200 },
        NoSuchVersion { version: version() },
        FileNotNeeded { name: text("a.csv") },
        NoSuchFile,
        Published { version: version() },
        FilesMissing { names: "a.csv".into() },
        AlreadyOffered { version: version() },
        NotOffered,
        NotASubmission,
        NoSuchForm { form: form() },
        FormClosed { form: form() },
        OtherContent { instance: instance() },
        NotCurrent { instance: instance() },
        TooManyFiles { max: 1000 },
        HisOwn,
        Replaced,
        SayWhy,
        NoSuchQuestion { path: text("/data/a") },
        TooManyRows { max: 100 },
        BadFigure { row: 2 },
        TooManyDigits { row: 2 },
        NoAnswers { row: 2 },
        MappedTwice { row: 2 },
        AsksWhatIsKnown { paths: "/data/population".into() },
        MappingUnchanged,
        NotMapped,
        NotTried,
        NotToApply,
        TooManyComments { max: COMMENTS_MAX },
    })
}

#[test]
fn what_was_recorded_is_read_for_ever() {
    check_golden(include_str!("encoding.jsonl"), Fact::KINDS);
}

#[test]
fn ids_are_made_from_what_they_name_for_ever() {
    assert_eq!(visit(QINGXI).to_string(), "81ffac78-46df-8752-884f-2ba7b2cbecdb");
    assert_eq!(id("uuid:1").to_string(), "88d96117-31e7-8924-a4d4-5a81430e7dda");
    assert_ne!(visit(QINGXI), visit(YUNLING));
    assert_ne!(FormId::at(QINGXI, &text("a")), FormId::at(QINGXI, &text("b")));
    assert_ne!(SubmissionId::of(visit(QINGXI), &text("a")), SubmissionId::of(visit(YUNLING), &text("a")));
}

#[test]
fn who_brings_forms() {
    let cases: [(&str, Actor, PlaceId, &str); 12] = [
        ("the county's office", CHEN.into(), QINGXI, "form.uploaded"),
        ("the county's office for a town", CHEN.into(), YUNLING, "form.uploaded"),
        ("the city's office", CITY_OFFICE.into(), QINGXI, "form.uploaded"),
        ("an import", IMPORT, QINGXI, "form.uploaded"),
        ("the county's office for the city", CHEN.into(), CITY, "forbidden"),
        ("the county's office for the other county", CHEN.into(), LINXI, "forbidden"),
        ("the county's office for nowhere", CHEN.into(), NOWHERE, "forbidden"),
        ("a town's officials", LU.into(), YUNLING, "forbidden"),
        ("the county's head", FANG.into(), QINGXI, "forbidden"),
        ("an inspector", GAO.into(), QINGXI, "forbidden"),
        ("a phone", PHONE.into(), SHANGWU, "forbidden"),
        ("everybody", AUNT_LI, QINGXI, "forbidden"),
    ];
    for (case, who, at, expected) in cases {
        county_on("2026-11-01").when(upload(at, head("visit", "1", &[]), 1)).by(who).then_in(case, expected);
    }
}

#[test]
fn who_publishes_and_closes() {
    for (who, expected) in [(CHEN, "form.published"), (CITY_OFFICE, "form.published"), (LU, "forbidden"), (FANG, "forbidden")] {
        brought().when(publish(visit(QINGXI), "1")).by(who).then(expected);
    }
    for (who, expected) in [(CHEN, "form.closed"), (LU, "forbidden"), (TAO, "forbidden"), (PHONE, "forbidden")] {
        offering().when(close(false)).by(who).then(expected);
    }
    let nothing = FormId(Uuid::from_u128(404));
    offering().when(publish(nothing, "1")).by(CHEN).then("forbidden");
}

#[test]
fn a_form_has_versions() {
    let scene = brought();
    scene.when(upload(QINGXI, head("visit", "1", &[]), 1)).by(CHEN).then("nothing");
    scene.when(upload(QINGXI, head("visit", "1", &[]), 2)).by(CHEN).then("surveys/version-taken");
    scene.when(upload(QINGXI, head("visit", "", &[]), 2)).by(CHEN).then("form.uploaded");
    let scene = scene.when(upload(QINGXI, head("visit", "2", &[]), 2)).by(CHEN).then("form.uploaded");
    let form: &Form = scene.row(&visit(QINGXI).key());
    assert_eq!(form.versions.len(), 2);
    assert_eq!(form.state, FormState::Draft);
    assert!(form.current().is_none());
    // Another place may have a form of the same name.
    scene.when(upload(YUNLING, head("visit", "1", &[]), 3)).by(CHEN).then("form.uploaded");
}

#[test]
fn a_draft_is_taken_back() {
    let drop = |version: &str| Command::DropDraft { form: visit(QINGXI), version: Some(text(version)) };
    let scene = offering().when(upload(QINGXI, head("visit", "2", &[]), 2)).by(CHEN).then("form.uploaded");
    scene.when(drop("1")).by(CHEN).refused("surveys/published", json!({ "version": "1" }));
    scene.when(drop("3")).by(CHEN).blames("surveys/no-such-version", Some("version"));
    scene.when(drop("2")).by(LU).then("forbidden");
    let dropped = scene.when(drop("2")).by(CHEN).then("form.draft_dropped");
    assert_eq!(dropped.row::<Form>(&visit(QINGXI).key()).versions.len(), 1);
    // Nothing was ever filled in with it: its name is free again.
    dropped.when(upload(QINGXI, head("visit", "2", &[]), 3)).by(CHEN).then("form.uploaded");
    // A form of which nothing is left is none.
    let none = brought().when(drop("1")).by(CHEN).then("form.draft_dropped");
    none.when(publish(visit(QINGXI), "1")).by(CHEN).then("forbidden");
    none.when(upload(QINGXI, head("visit", "1", &[]), 5)).by(CHEN).then("form.uploaded");
}

#[test]
fn a_form_that_is_none_and_a_place_that_is_gone() {
    let none = Command::Upload { place: QINGXI, file: hash(1), head: None };
    county_on("2026-11-01").when(none).by(CHEN).blames("surveys/not-a-form", Some("file"));
    let closed = crate::places::Fact::Closed(crate::places::Closed { on: None, into: vec![], document: text("撤并") });
    let gone = || offering().happened(CHEN, crate::basics::Subject::Place(SHANGWU), SHANGWU, closed.clone());
    gone().when(upload(SHANGWU, head("visit", "1", &[]), 1)).by(CHEN).then("surveys/place-closed");
    gone().when(submit("uuid:9", 9)).by(PHONE).then("surveys/place-closed");
}

#[test]
fn publishing_asks_for_files_and_freezes() {
    let scene = county_on("2026-11-01")
        .when(upload(QINGXI, head("visit", "1", &["villages.csv", "a.png"]), 1))
        .by(CHEN)
        .then("form.uploaded");
    scene.when(publish(visit(QINGXI), "1")).by(CHEN).refused("surveys/files-missing", json!({ "names": "villages.csv, a.png" }));
    scene.when(give("other.csv")).by(CHEN).blames("surveys/file-not-needed", Some("name"));
    scene.when(give("a.png")).by(LU).then("forbidden");
    let missing =
        Command::GiveAttachment { form: visit(QINGXI), version: Some(text("1")), name: text("a.png"), file: hash(7), md5: None };
    scene.when(missing).by(CHEN).blames("surveys/no-such-file", Some("file"));
    let wrong = Command::GiveAttachment {
        form: visit(QINGXI),
        version: Some(text("9")),
        name: text("a.png"),
        file: hash(7),
        md5: Some(md5(7)),
    };
    scene.when(wrong).by(CHEN).blames("surveys/no-such-version", Some("version"));
    let scene = scene.when(give("villages.csv")).by(CHEN).then("form.attachment_given");
    let scene = scene.when(give("a.png")).by(CHEN).then("form.attachment_given");
    let scene = scene.when(publish(visit(QINGXI), "1")).by(CHEN).then("form.published");
    scene.when(give("a.png")).by(CHEN).then("surveys/published");
    // The next version has them from the one before.
    let scene = scene.when(upload(QINGXI, head("visit", "2", &["villages.csv"]), 2)).by(CHEN).then("form.uploaded");
    let scene = scene.when(publish(visit(QINGXI), "2")).by(CHEN).then("form.published");
    let form: &Form = scene.row(&visit(QINGXI).key());
    assert_eq!(form.current().and_then(|v| v.head.files[0].file.clone()), Some(hash(7)));
}

#[test]
fn offering_goes_to_and_fro() {
    let scene = offering();
    scene.when(publish(visit(QINGXI), "1")).by(CHEN).then("surveys/already-offered");
    scene.when(publish(visit(QINGXI), "9")).by(CHEN).then("surveys/no-such-version");
    brought().when(close(false)).by(CHEN).then("surveys/not-offered");
    let closing = scene.when(close(true)).by(CHEN).then("form.closed");
    closing.when(close(true)).by(CHEN).then("surveys/not-offered");
    let closed = closing.when(close(false)).by(CHEN).then("form.closed");
    closed.when(close(false)).by(CHEN).then("surveys/not-offered");
    closed.when(close(true)).by(CHEN).then("form.closed");
    closed.when(publish(visit(QINGXI), "1")).by(CHEN).then("form.published");
    // Back to an earlier version.
    let scene = scene.when(upload(QINGXI, head("visit", "2", &[]), 2)).by(CHEN).then("form.uploaded");
    let scene = scene.when(publish(visit(QINGXI), "2")).by(CHEN).then("form.published");
    scene.when(publish(visit(QINGXI), "1")).by(CHEN).then("form.published");
}

#[test]
fn who_hands_in() {
    let cases: [(&str, Actor, PlaceId, &str); 13] = [
        ("a phone", PHONE.into(), SHANGWU, "submission.received"),
        ("the village committee", WANG.into(), SHANGWU, "submission.received"),
        ("the town's officials", LU.into(), SHANGWU, "submission.received"),
        ("the county's inspector", GAO.into(), SHANGWU, "submission.received"),
        ("a department", LIN.into(), SHANGWU, "submission.received"),
        ("the county's office at the county", CHEN.into(), QINGXI, "submission.received"),
        ("the city's head", HE.into(), QINGXI, "submission.received"),
        ("a phone elsewhere", OTHER_PHONE.into(), SHANGWU, "forbidden"),
        ("the neighbouring town", ZHOU.into(), SHANGWU, "forbidden"),
        ("somebody who only looks", VIEWER.into(), SHANGWU, "forbidden"),
        ("the administrator", ADMIN.into(), SHANGWU, "forbidden"),
        ("a stranger", STRANGER.into(), SHANGWU, "forbidden"),
        ("everybody", AUNT_LI, SHANGWU, "forbidden"),
    ];
    for (case, who, at, expected) in cases {
        offering().when(submit_at(at, filled("uuid:1", None, &[]), 10, &[])).by(who).then_in(case, expected);
    }
}

#[test]
fn what_is_sent_twice_is_one() {
    let scene = received();
    let again = |files: &[(&str, u64)]| submit_at(SHANGWU, filled("uuid:1", None, &["photo.jpg"]), 10, files);
    scene.when(again(&[])).by(PHONE).then("nothing");
    scene.when(again(&[("photo.jpg", 11)])).by(PHONE).then("nothing");
    scene.when(again(&[("second.jpg", 12)])).by(PHONE).then("submission.attachment_arrived");
    scene.when(again(&[("photo.jpg", 13)])).by(PHONE).then("submission.attachment_arrived");
    let other = submit_at(SHANGWU, filled("uuid:1", None, &[]), 99, &[]);
    scene.when(other).by(PHONE).refused("surveys/other-content", json!({ "instance": "uuid:1" }));
    // Taken up by a colleague above, whose place holds it.
    let above = submit_at(YUNLING, filled("uuid:1", None, &["photo.jpg"]), 10, &[("third.jpg", 14)]);
    scene.when(above).by(LU).then("submission.attachment_arrived");
    // From another place it is somebody else's.
    let beside = submit_at(QIAOTOU, filled("uuid:1", None, &["photo.jpg"]), 10, &[("third.jpg", 14)]);
    scene.when(beside).by(OTHER_PHONE).then("surveys/other-content");
    // Even when the form has been closed since.
    let closed = scene.when(close(false)).by(CHEN).then("form.closed");
    closed.when(again(&[("second.jpg", 12)])).by(PHONE).then("submission.attachment_arrived");
}

#[test]
fn files_arrive_later() {
    let first = submit_at(SHANGWU, filled("uuid:1", None, &["a.jpg", "乙.jpg"]), 10, &[("a.jpg", 11)]);
    let scene = offering().when(first).by(PHONE).then("submission.received submission.attachment_arrived");
    assert_eq!(row(&scene, "uuid:1").missing(), vec![&text::<200>("乙.jpg")]);
    let second = submit_at(SHANGWU, filled("uuid:1", None, &["a.jpg", "乙.jpg"]), 10, &[("a.jpg", 11), ("乙.jpg", 12)]);
    let scene = scene.when(second).by(PHONE).then("submission.attachment_arrived");
    assert!(row(&scene, "uuid:1").missing().is_empty());
    assert_eq!(row(&scene, "uuid:1").files.len(), 2);
    let many: Vec<Attached> = (0..1001).map(|n| Attached { name: text(&format!("{n}.jpg")), file: hash(n) }).collect();
    let head = Some(filled("uuid:2", None, &[]));
    let command =
        Command::Submit { place: SHANGWU, file: hash(20), head, files: many.clone(), device: None, about: None, checked: None };
    scene.when(command).by(PHONE).blames("surveys/too-many-files", Some("files"));
    let head = Some(filled("uuid:1", None, &["a.jpg", "乙.jpg"]));
    let command = Command::Submit { place: SHANGWU, file: hash(10), head, files: many, device: None, about: None, checked: None };
    scene.when(command).by(PHONE).then("surveys/too-many-files");
    // One name twice in one parcel is one file.
    let twice = submit_at(SHANGWU, filled("uuid:3", None, &[]), 30, &[("a.jpg", 1), ("a.jpg", 2)]);
    scene.when(twice).by(PHONE).then("submission.received submission.attachment_arrived");
}

#[test]
fn unknown_forms_and_versions() {
    let scene = offering();
    let mut head = filled("uuid:1", None, &[]);
    head.form_id = text("other");
    scene.when(submit_at(SHANGWU, head, 10, &[])).by(PHONE).refused("surveys/no-such-form", json!({ "form": "other" }));
    let mut head = filled("uuid:1", None, &[]);
    head.version = Some(text("7"));
    scene.when(submit_at(SHANGWU, head, 10, &[])).by(PHONE).refused("surveys/no-such-version", json!({ "version": "7" }));
    let mut head = filled("uuid:1", None, &[]);
    head.version = None;
    scene.when(submit_at(SHANGWU, head, 10, &[])).by(PHONE).refused("surveys/no-such-version", json!({ "version": "" }));
    // Brought and not yet published is unknown.
    brought().when(submit("uuid:1", 10)).by(PHONE).then("surveys/no-such-form");
    let none =
        Command::Submit { place: SHANGWU, file: hash(1), head: None, files: vec![], device: None, about: None, checked: None };
    scene.when(none).by(PHONE).blames("surveys/not-a-submission", Some("file"));
    // The form of another county is not there.
    const ELSEWHERE: Person = Person(80, &[post(SHIQIAO, crate::basics::Role::Village)]);
    scene.when(submit_at(SHIQIAO, filled("uuid:1", None, &[]), 10, &[])).by(ELSEWHERE).then("surveys/no-such-form");
}

#[test]
fn closed_forms() {
    let closing = offering().when(close(true)).by(CHEN).then("form.closed");
    closing.when(submit("uuid:1", 10)).by(PHONE).then("submission.received");
    let closed = offering().when(close(false)).by(CHEN).then("form.closed");
    closed.when(submit("uuid:1", 10)).by(PHONE).refused("surveys/form-closed", json!({ "form": "visit" }));
    let again = closed.when(publish(visit(QINGXI), "1")).by(CHEN).then("form.published");
    again.when(submit("uuid:1", 10)).by(PHONE).then("submission.received");
}

#[test]
fn the_nearest_form_takes_it_and_old_versions_are_taken_for_ever() {
    let scene = offering();
    let near = scene.when(upload(YUNLING, head("visit", "1", &[]), 5)).by(CHEN).then("form.uploaded");
    // Not published yet: the county's goes on.
    let taken = near.when(submit("uuid:1", 10)).by(PHONE).then("submission.received");
    assert_eq!(row(&taken, "uuid:1").form, visit(QINGXI));
    let near = near.when(publish(visit(YUNLING), "1")).by(CHEN).then("form.published");
    let taken = near.when(submit("uuid:1", 10)).by(PHONE).then("submission.received");
    let there: &Submission = taken.row(&SubmissionId::of(visit(YUNLING), &text("uuid:1")).key());
    assert_eq!(there.form, visit(YUNLING));
    // Beside, the county's.
    let taken = near.when(submit_at(QIAOTOU, filled("uuid:2", None, &[]), 10, &[])).by(OTHER_PHONE).then("submission.received");
    assert_eq!(row(&taken, "uuid:2").form, visit(QINGXI));
    let later = scene.when(upload(QINGXI, head("visit", "2", &[]), 2)).by(CHEN).then("form.uploaded");
    let later = later.when(publish(visit(QINGXI), "2")).by(CHEN).then("form.published");
    later.when(submit("uuid:1", 10)).by(PHONE).then("submission.received");
}

#[test]
fn an_edit_replaces_what_it_names() {
    let scene = received();
    scene.when(edit("uuid:2", "uuid:404", 20)).by(PHONE).refused("surveys/not-current", json!({ "instance": "uuid:404" }));
    let edited = scene
        .when(edit("uuid:2", "uuid:1", 20))
        .by(PHONE)
        .then("submission.received submission.attachment_arrived submission.edited");
    assert_eq!(row(&edited, "uuid:1").state, SubmissionState::Replaced { into: id("uuid:2") });
    let new = row(&edited, "uuid:2");
    assert_eq!((new.edits, new.place), (Some(id("uuid:1")), SHANGWU));
    assert_eq!(new.files, vec![Attached { name: text("photo.jpg"), file: hash(11) }], "the photo comes along");
    // Sent again it is known; what it replaced cannot be replaced twice.
    edited.when(edit("uuid:2", "uuid:1", 20)).by(PHONE).then("nothing");
    edited.when(edit("uuid:2", "uuid:1", 21)).by(PHONE).then("surveys/other-content");
    edited.when(edit("uuid:3", "uuid:1", 30)).by(PHONE).then("surveys/not-current");
    edited
        .when(edit("uuid:3", "uuid:2", 30))
        .by(PHONE)
        .then("submission.received submission.attachment_arrived submission.edited");
    // The old one sent again adds nothing and changes nothing.
    let old = submit_at(SHANGWU, filled("uuid:1", None, &["photo.jpg"]), 10, &[("photo.jpg", 11)]);
    edited.when(old).by(PHONE).then("nothing");
    // Whose it is not cannot replace it; whoever stands above can.
    let beside = submit_at(QIAOTOU, filled("uuid:2", Some("uuid:1"), &[]), 20, &[]);
    scene.when(beside).by(OTHER_PHONE).then("surveys/not-current");
    let above = submit_at(YUNLING, filled("uuid:2", Some("uuid:1"), &[]), 20, &[]);
    let above = scene.when(above).by(LU).then("submission.received submission.edited");
    assert_eq!(row(&above, "uuid:2").place, SHANGWU, "an edit stays where the first was handed in");
}

#[test]
fn reviews() {
    let scene = received();
    let cases = [
        (CHEN, "submission.reviewed"),
        (LU, "submission.reviewed"),
        (WU, "submission.reviewed"),
        (FANG, "submission.reviewed"),
        (WANG, "forbidden"),
        (GAO, "forbidden"),
        (LIN, "forbidden"),
        (ZHOU, "forbidden"),
        (TAO, "forbidden"),
        (PHONE, "forbidden"),
        (VIEWER, "forbidden"),
        (ADMIN, "forbidden"),
    ];
    for (who, expected) in cases {
        scene.when(review("uuid:1", Verdict::Approved, None)).by(who).then(expected);
    }
    for verdict in [Verdict::HasIssues, Verdict::Rejected] {
        scene.when(review("uuid:1", verdict, None)).by(CHEN).blames("surveys/say-why", Some("note"));
        scene.when(review("uuid:1", verdict, Some("户数与台账不符"))).by(CHEN).then("submission.reviewed");
    }
    // A review is put right by another.
    let rejected = scene.when(review("uuid:1", Verdict::Rejected, Some("重复"))).by(CHEN).then("submission.reviewed");
    assert_eq!(row(&rejected, "uuid:1").state.word(), "rejected");
    let back = rejected.when(review("uuid:1", Verdict::Received, None)).by(CHEN).then("submission.reviewed");
    assert_eq!(row(&back, "uuid:1").state, SubmissionState::Received);
    scene.when(review("uuid:404", Verdict::Approved, None)).by(CHEN).then("forbidden");
    // What was replaced is judged by what replaced it.
    let edited = scene
        .when(edit("uuid:2", "uuid:1", 20))
        .by(PHONE)
        .then("submission.received submission.attachment_arrived submission.edited");
    edited.when(review("uuid:1", Verdict::Approved, None)).by(CHEN).then("surveys/replaced");
    edited.when(review("uuid:2", Verdict::Approved, None)).by(CHEN).then("submission.reviewed");
}

fn comment(instance: &str, words: &str) -> Command {
    Command::Comment { submission: id(instance), text: text(words) }
}

#[test]
fn comments() {
    let scene = received();
    for (who, expected) in [
        (CHEN, "submission.commented"),
        (LU, "submission.commented"),
        (WANG, "forbidden"),
        (LIN, "forbidden"),
        (PHONE, "forbidden"),
        (VIEWER, "forbidden"),
    ] {
        scene.when(comment("uuid:1", "已电话核实")).by(who).then(expected);
    }
    scene.when(comment("uuid:404", "看看")).by(CHEN).then("forbidden");
    // What is said stands beside the notes of reviews, in order, and judges nothing.
    let scene = scene.when(comment("uuid:1", "已电话核实")).by(CHEN).then("submission.commented");
    let scene = scene.when(review("uuid:1", Verdict::HasIssues, Some("户数不符"))).by(CHEN).then("submission.reviewed");
    let row = self::row(&scene, "uuid:1");
    let said: Vec<_> = row.comments.iter().map(|c| (c.text.as_str(), c.verdict)).collect();
    assert_eq!(said, [("已电话核实", None), ("户数不符", Some(Verdict::HasIssues))]);
    assert_eq!(row.state.word(), "has_issues");
    // There is an end to it; reviews go on.
    let before = row.comments.len();
    let mut full = scene;
    for n in before..COMMENTS_MAX {
        full = full.when(comment("uuid:1", &format!("第{n}条"))).by(CHEN).then("submission.commented");
    }
    full.when(comment("uuid:1", "再说一句")).by(CHEN).blames("surveys/too-many-comments", Some("text"));
    let on = full.when(review("uuid:1", Verdict::Approved, Some("核实了"))).by(CHEN).then("submission.reviewed");
    let kept = &self::row(&on, "uuid:1").comments;
    assert_eq!((kept.len(), kept.last().map(|c| c.text.as_str().to_owned())), (COMMENTS_MAX, Some("核实了".into())));
}

#[test]
fn nobody_reviews_his_own() {
    let own = submit_at(SHANGWU, filled("uuid:5", None, &[]), 50, &[]);
    let scene = offering().when(own).by(LU).then("submission.received");
    scene.when(review("uuid:5", Verdict::Approved, None)).by(LU).then("surveys/his-own");
    scene.when(review("uuid:5", Verdict::Approved, None)).by(MO).then("submission.reviewed");
}

#[test]
fn an_encrypted_submission_is_kept_as_it_is() {
    let mut head = filled("uuid:1", None, &["photo.jpg.enc", "submission.xml.enc"]);
    head.encrypted = true;
    let scene = offering().when(submit_at(SHANGWU, head, 10, &[])).by(PHONE).then("submission.received");
    assert!(row(&scene, "uuid:1").head.encrypted);
    assert_eq!(row(&scene, "uuid:1").missing().len(), 2);
}

#[test]
fn the_sender_is_named_by_his_post() {
    let scene = received();
    let sender = Sender::Account { post: post(SHANGWU, crate::basics::Role::Village) };
    assert_eq!((row(&scene, "uuid:1").sender.clone(), row(&scene, "uuid:1").account), (sender, Some(PHONE.account())));
    let scene = offering().when(submit("uuid:1", 10)).by(IMPORT).then("submission.received");
    assert_eq!(row(&scene, "uuid:1").sender, Sender::Machine);
}

#[test]
fn a_form_has_no_more_versions_than_can_be_listed() {
    let mut scene = county_on("2026-11-01");
    for n in 0..200 {
        scene = scene.when(upload(QINGXI, head("visit", &n.to_string(), &[]), n)).by(CHEN).then("form.uploaded");
    }
    scene.when(upload(QINGXI, head("visit", "x", &[]), 999)).by(CHEN).then("surveys/too-many-versions");
}

fn checked(doubts: u32) -> Checked {
    let doubt = Doubt { at: text("/visit/people"), what: DoubtKind::RequiredButEmpty };
    let doubts_kept = (0..doubts.min(DOUBTS_MAX as u32)).map(|_| doubt.clone()).collect();
    Checked { judged: true, doubts: doubts_kept, doubts_count: doubts, unjudged: 0, questions: 9, seconds: None, point: None }
}
fn submit_about(place: PlaceId, about: Option<PlaceId>, head: SubmissionHead, file: u64) -> Command {
    let Command::Submit { head, file, .. } = submit_at(place, head, file, &[]) else { unreachable!() };
    Command::Submit { place, file, head, files: vec![], device: None, about, checked: Some(Box::new(checked(1))) }
}

#[test]
fn what_does_not_fit_is_kept_with_it_until_somebody_looks() {
    let doubtful = || offering().when(submit_about(SHANGWU, None, filled("uuid:1", None, &[]), 10)).by(PHONE);
    let scene = doubtful().then("submission.received submission.checked");
    let found = row(&scene, "uuid:1");
    assert!(found.doubtful() && found.checked == Some(checked(1)) && found.state == SubmissionState::Received);
    // The same again is nothing new, whatever came out this time.
    let scene = scene.when(submit_about(SHANGWU, None, filled("uuid:1", None, &[]), 10)).by(PHONE).then("nothing");
    let scene = scene.when(review("uuid:1", Verdict::Approved, None)).by(CHEN).then("submission.reviewed");
    assert!(!row(&scene, "uuid:1").doubtful(), "somebody has looked");
    let scene = scene.when(submit_about(SHANGWU, None, filled("uuid:2", Some("uuid:1"), &[]), 12)).by(PHONE);
    let scene = scene.then("submission.received submission.checked submission.edited");
    assert!(row(&scene, "uuid:2").doubtful() && !row(&scene, "uuid:1").doubtful());
}

#[test]
fn answers_belong_to_the_village_that_they_name_if_it_is_the_senders() {
    for (about, home) in [
        (Some(SHANGWU), SHANGWU),
        (Some(YUNLING), YUNLING),
        (None, YUNLING),
        // Neither elsewhere nor above.
        (Some(LINXI), YUNLING),
        (Some(QINGXI), YUNLING),
        (Some(NOWHERE), YUNLING),
    ] {
        let scene = offering().when(submit_about(YUNLING, about, filled("uuid:1", None, &[]), 10)).by(LU);
        let scene = scene.then("submission.received submission.checked");
        assert_eq!(row(&scene, "uuid:1").place, home, "{about:?}");
        // Files come later to where it went, and an edit stays there.
        let more = submit_at(YUNLING, filled("uuid:1", None, &[]), 10, &[("a.jpg", 11)]);
        let scene = scene.when(more).by(LU).then("submission.attachment_arrived");
        let edit = submit_about(YUNLING, None, filled("uuid:2", Some("uuid:1"), &[]), 12);
        let scene = scene.when(edit).by(LU).then("submission.received submission.checked submission.edited");
        assert_eq!(row(&scene, "uuid:2").place, home, "{about:?}");
    }
}

fn mapping(when: ApplyWhen) -> Mapping {
    let reading = Target::Reading { figure: text("toilets"), title: text("能用的公厕"), decimals: 0, yes: vec![] };
    Mapping { village: None, day: None, when, rows: vec![MappingRow { from: text("/visit/toilets"), to: reading }] }
}
fn map(when: ApplyWhen) -> Command {
    Command::Map { form: visit(QINGXI), mapping: mapping(when), unknown: vec![] }
}
const TRIED: Tried = Tried { submissions: 1, readings: 1, counts: 0, problems: 0, not_made: 0 };
fn switch(on: bool, past: bool) -> Command {
    Command::SwitchMapping { form: visit(QINGXI), on, past, tried: Some(TRIED) }
}
fn reading(value: i64) -> Made {
    Made::Reading { figure: text("toilets"), title: text("能用的公厕"), value, decimals: 0 }
}
fn apply(instance: &str, made: Vec<Made>) -> Command {
    let outcome = MappingOutcome { on: day("2026-11-20"), made, not_made: vec![] };
    let photo = Photo { file: hash(11), taken_ms: None, position: None };
    Command::Apply { submission: id(instance), outcome, photos: vec![FoundPhoto { name: text("photo.jpg"), photo }] }
}
fn readings(scene: &Scene, instance: &str) -> Vec<(i64, bool)> {
    let of = |row: &crate::Row| match row {
        crate::Row::Readings(r) if r.submission == id(instance) => Some((r.value, r.withdrawn)),
        _ => None,
    };
    scene.rows().filter_map(|(_, _, row)| of(row)).collect()
}

#[test]
fn a_mapping_is_written_down_tried_and_switched_on() {
    let scene = offering().when(map(ApplyWhen::Received)).by(CHEN).then("form.mapped");
    let scene = scene.when(map(ApplyWhen::Received)).by(CHEN).then("surveys/mapping-unchanged");
    let untried = Command::SwitchMapping { form: visit(QINGXI), on: true, past: false, tried: None };
    let scene = scene.when(untried).by(CHEN).then("surveys/not-tried");
    let scene = scene.when(switch(false, false)).by(CHEN).then("surveys/mapping-unchanged");
    let scene = scene.when(switch(true, true)).by(CHEN).then("form.mapping_switched");
    let mapped = |scene: &Scene| scene.row::<Form>(&visit(QINGXI).key()).mapped.clone().expect("mapped");
    assert_eq!((mapped(&scene).on, mapped(&scene).since_ms, mapped(&scene).tried), (true, 0, Some(TRIED)));
    let scene = scene.when(switch(false, true)).by(CHEN).then("form.mapping_switched");
    assert!(!mapped(&scene).on && mapped(&scene).tried == Some(TRIED), "the last trial is remembered");
    // Another mapping is another thing.
    let scene = scene.when(switch(true, false)).by(CHEN).then("form.mapping_switched");
    assert!(mapped(&scene).since_ms > 0);
    let scene = scene.when(map(ApplyWhen::Approved)).by(CHEN).then("form.mapped");
    assert!(!mapped(&scene).on && mapped(&scene).tried.is_none());
    // Who may not, and what cannot be.
    let unknown =
        |path: &str| Command::Map { form: visit(QINGXI), mapping: mapping(ApplyWhen::Received), unknown: vec![text(path)] };
    let scene = scene.when(unknown("/visit/none")).by(CHEN).then("surveys/no-such-question");
    let mut twice = mapping(ApplyWhen::Received);
    twice.rows.push(twice.rows[0].clone());
    let twice = Command::Map { form: visit(QINGXI), mapping: twice, unknown: vec![] };
    scene.when(twice).by(CHEN).then("surveys/mapped-twice");
    for actor in [LU.into(), FANG.into(), GAO.into(), Actor::Public, PHONE.into()] {
        let actor: Actor = actor;
        for command in [map(ApplyWhen::Received), switch(true, false), apply("uuid:1", vec![])] {
            offering()
                .when(map(ApplyWhen::Approved))
                .by(CHEN)
                .then("form.mapped")
                .when(command)
                .by(actor.clone())
                .then("forbidden");
        }
    }
    brought().when(switch(true, false)).by(CHEN).then("surveys/not-mapped");
}

/// A form whose answers become facts, with a submission of a phone with a photo.
fn mapped(when: ApplyWhen, doubts: u32) -> Scene {
    let scene = offering().when(map(when)).by(CHEN).then("form.mapped");
    let scene = scene.when(switch(true, false)).by(CHEN).then("form.mapping_switched");
    let files = vec![Attached { name: text("photo.jpg"), file: hash(11) }];
    let head = Some(filled("uuid:1", None, &["photo.jpg"]));
    let checked = Some(Box::new(checked(doubts)));
    let submit = Command::Submit { place: SHANGWU, file: hash(10), head, files, device: None, about: None, checked };
    scene.when(submit).by(PHONE).then("submission.received submission.checked submission.attachment_arrived")
}

#[test]
fn answers_become_facts_once_with_the_submission_as_evidence() {
    let households = Made::Count { what: Counted::HouseholdsResident, value: 148, method: Method::Counted };
    let problem =
        Made::Problem { field: Field::Toilet, text: text("没有水"), photos: vec![text("photo.jpg"), text("none.jpg")] };
    let scene = mapped(ApplyWhen::Received, 0).when(apply("uuid:1", vec![reading(3), households, problem])).by(Actor::System);
    let scene = scene.then("reading.recorded place.counted problem.reported submission.applied");
    assert_eq!(readings(&scene, "uuid:1"), [(3, false)]);
    let found = row(&scene, "uuid:1").applied.clone().expect("applied");
    assert_eq!((found.readings, found.counts.as_slice()), (1, &[Counted::HouseholdsResident][..]));
    let problem = scene.row::<Problem>(&found.problems[0].key());
    assert_eq!((problem.place, problem.channel, problem.photos.len()), (SHANGWU, Channel::Survey, 1));
    assert_eq!(scene.row::<Place>(&SHANGWU.key()).counts[&Counted::HouseholdsResident].value, 148);
    scene.when(apply("uuid:1", vec![reading(3)])).by(Actor::System).then("surveys/not-to-apply");
}

#[test]
fn what_is_in_doubt_waits_and_what_is_rejected_no_longer_counts() {
    let give = |scene: Scene, then: &str| scene.when(apply("uuid:1", vec![reading(3)])).by(Actor::System).then(then);
    let approve = |scene: Scene| scene.when(review("uuid:1", Verdict::Approved, None)).by(CHEN).then("submission.reviewed");
    let made = "reading.recorded submission.applied";
    let scene = give(mapped(ApplyWhen::Received, 1), "surveys/not-to-apply");
    let scene = give(approve(scene), made);
    let scene = scene.when(review("uuid:1", Verdict::Rejected, Some("不实"))).by(CHEN);
    let scene = scene.then("submission.reviewed reading.withdrawn");
    assert_eq!(readings(&scene, "uuid:1"), [(3, true)]);
    let scene = give(approve(give(scene, "surveys/not-to-apply")), made);
    assert_eq!(readings(&scene, "uuid:1"), [(3, false)]);
    // Where somebody has to approve, nothing happens before.
    let scene = give(mapped(ApplyWhen::Approved, 0), "surveys/not-to-apply");
    let scene = give(approve(scene), made);
    // An edit takes the place of what it puts right.
    let scene = scene.when(submit_about(SHANGWU, None, filled("uuid:2", Some("uuid:1"), &[]), 12)).by(PHONE);
    let scene = scene.then("submission.received submission.checked submission.edited");
    let scene = scene.when(review("uuid:2", Verdict::Approved, None)).by(CHEN).then("submission.reviewed");
    let scene = scene.when(apply("uuid:2", vec![reading(4)])).by(Actor::System);
    let scene = scene.then("reading.recorded reading.withdrawn submission.applied");
    assert_eq!((readings(&scene, "uuid:1"), readings(&scene, "uuid:2")), (vec![(3, true)], vec![(4, false)]));
    // Off is off.
    let scene = mapped(ApplyWhen::Received, 0).when(switch(false, false)).by(CHEN).then("form.mapping_switched");
    give(scene, "surveys/not-to-apply");
}

#[test]
fn what_is_known_is_asked_again_only_with_a_reason() {
    let publish = |known: &[&str], again: Option<&str>| {
        let known = known.iter().map(|p| text(p)).collect();
        Command::Publish { form: visit(QINGXI), version: Some(text("1")), known, again: again.map(text) }
    };
    let scene = brought().when(publish(&["/visit/people"], None)).by(CHEN).then("surveys/asks-what-is-known");
    scene.when(publish(&["/visit/people"], Some("普查之后再核一次"))).by(CHEN).then("form.published");
    scene.when(publish(&[], None)).by(CHEN).then("form.published");
}
