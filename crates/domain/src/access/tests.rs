use uuid::Uuid;

use super::*;
use crate::{
    Fact as AnyFact, ViewId,
    basics::{AccessId, Recorded, Role, Subject, View},
    scenes::*,
};

#[test]
fn golden_lines_hold() {
    check_golden(include_str!("encoding.jsonl"), Fact::KINDS);
}

fn recorded(subject: Subject, seq: u64, fact: AnyFact) -> Recorded {
    let actor = "account:0190f000-0000-7000-8000-000000000001".to_owned();
    Recorded { org: 990_101, seq, subject, place: QINGXI, actor, effective_ms: 0, recorded_ms: 1_795_395_600_000, fact }
}

fn stored(line: usize) -> Fact {
    let line: serde_json::Value =
        serde_json::from_str(include_str!("encoding.jsonl").lines().nth(line).expect("a line")).expect("JSON");
    let (kind, body) = (line["kind"].as_str().expect("a kind"), line["body"].as_str().expect("a body"));
    Fact::decode(kind, body).expect("of this room").expect("readable")
}

#[test]
fn facts_of_access_stand_in_the_audit_chain_and_no_others_do() {
    for kind in AnyFact::kinds() {
        assert_eq!(AnyFact::chain_of(kind) == facts_crate::ChainName::Audit, kind.starts_with("access."), "{kind}");
    }
}

use ::facts as facts_crate;

#[test]
fn every_mirrored_kind_is_known_or_of_a_room_to_come() {
    let known = |name: &str| AnyFact::kinds().iter().any(|k| k.split('@').next() == Some(name));
    let rooms: Vec<&str> = AnyFact::kinds().iter().filter_map(|k| k.split('.').next()).collect();
    for name in MIRRORED {
        // Once a room is there, each of its kinds that is named here must be: a misspelt one would be mirrored never.
        let room = name.split('.').next().expect("a room");
        assert!(known(name) || !rooms.contains(&room), "{name} is mirrored, but its room has no such kind");
    }
    assert!(known("rule.set") && mirrors("rule.set@1") && !mirrors("problem.reported@1") && !mirrors("rule.set"));
}

#[test]
fn a_changed_rule_is_mirrored_with_its_number_and_a_problem_is_not() {
    let rule = crate::rules::Fact::RuleSet(crate::rules::RuleSet {
        from: day("2026-11-23"),
        rule: crate::rules::starting_pack().remove(1),
        reason: text("县委专题会议"),
    });
    let draft = mirror(&recorded(Subject::Rules(QINGXI), 17, AnyFact::Rule(rule))).expect("mirrored");
    assert_eq!((draft.org, draft.place), (990_101, QINGXI));
    assert_eq!(draft.subject.to_string(), "access:990101-17");
    let AnyFact::Access(Fact::Changed(changed)) = draft.fact else { panic!("{:?}", draft.fact) };
    assert_eq!((changed.kind.as_str(), changed.seq), ("rule.set@1", 17));
    // What is noted is not mirrored once more.
    let noted = recorded(Subject::Access(AccessId::Noted(Uuid::nil())), 1, AnyFact::Access(stored(0)));
    assert_eq!(mirror(&noted), None);
}

#[test]
fn only_machines_note_and_before_there_are_places_too() {
    use crate::basics::{Actor, Authority, Context, Decide, Rows};
    let note = |place| Command::Note { place, note: Note::Started(Started { version: text("0.1.0") }) };
    assert_eq!(note(Some(QINGXI)).authority(&Rows::default()), Some(Authority::Machine));
    let cx = Context { now_ms: 5, actor: Actor::System, command: Uuid::from_u128(7), fresh: Uuid::nil() };
    let drafts = note(None).decide(&Rows::default(), &cx).expect("nothing is refused");
    assert_eq!((drafts.len(), drafts[0].org, drafts[0].place.0), (1, 0, 0));
    assert_eq!(drafts[0].subject, Subject::Access(AccessId::Noted(Uuid::from_u128(7))));
}

#[test]
fn each_fact_is_a_row_with_who_what_and_how_it_ended() {
    // Line of the golden file, event, name, what, outcome, times.
    let cases = [
        (0, "signed_in", Some("chen"), None, "done", 1),
        (1, "sign_in_refused", Some("nobody"), None, "refused", 3),
        (3, "refused", Some("chen"), Some("POST /api/commands rules.set"), "refused", 1),
        (4, "exported", Some("chen"), Some("problems"), "done", 1),
        (6, "audit_read", Some("audit"), Some("GET /api/rows/audit?day.from=2026-11-01"), "done", 2),
        (7, "changed", None, Some("rule.set@1"), "done", 1),
        (8, "account", Some("lin"), Some("created"), "done", 1),
    ];
    for (line, event, name, what, outcome, times) in cases {
        let id = AccessId::Noted(Uuid::from_u128(line as u128));
        let fact = recorded(Subject::Access(id), 3, AnyFact::Access(stored(line)));
        assert_eq!(ViewId::Audit.key(&fact), Some(id.to_string()));
        let row = Entry::fold(None, &fact).expect("a row");
        assert_eq!((row.event.as_str(), row.name.as_deref(), row.what.as_deref()), (event, name, what));
        assert_eq!((row.outcome.word(), row.times, row.day), (outcome, times, day("2026-11-23")));
        let later = recorded(Subject::Access(id), 9, AnyFact::Access(stored(0)));
        assert_eq!(Entry::fold(Some(row.clone()), &later), Some(row), "what was noted is not covered by what comes later");
    }
}

#[test]
fn the_list_needs_the_audit_administrator_alone() {
    for role in Role::ALL {
        let reads = role.capabilities().contains(&ViewId::Audit.capability());
        assert_eq!(reads, role == Role::Audit, "{role:?}");
    }
    assert!(ViewId::ALL.iter().filter(|v| v.capability() == crate::basics::Capability::AuditRead).eq([&ViewId::Audit]));
}

#[test]
fn what_came_from_outside_is_cut_and_cleaned() {
    assert_eq!(bounded::<5>("  a\u{0}b  cdefgh").map(|t| t.to_string()), Some("ab".into()));
    assert_eq!(bounded::<60>(&"长".repeat(100_000)).map(|t| t.as_str().chars().count()), Some(60));
    assert_eq!(bounded::<60>("\u{200B}\n "), None);
}
