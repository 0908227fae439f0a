//! The audit chain beside the programme's: one commit for both, and a checkpoint kept elsewhere finds a rewritten history.

use domain::{
    Command, ViewId,
    access::{self, Note, Started},
    basics::Actor,
    problems::Field,
    rules::{self, Retention, Rule},
};
use facts::{ChainId, ChainName, Head, SignerKey};
use store::{List, Scope, Store, Submission};

use crate::{Case, county::*, ground::Ground};

pub const CASES: &[Case] = &[
    ("a_changed_rule_and_its_mirror_are_one_commit", mirrored),
    ("what_cannot_be_mirrored_is_not_done", all_or_none),
    ("notes_and_commands_share_batches_and_chains_hold", together),
    ("a_note_kept_elsewhere_finds_a_rewritten_history", rewritten),
    ("the_beginning_of_a_chain_is_archived", archived),
];

const COUNTY: u32 = 990_101;

fn head(store: &Store, name: ChainName) -> Head {
    let chain = ChainId { county: COUNTY, name };
    store.heads().expect("heads").into_iter().find(|h| h.chain == chain).unwrap_or_else(|| Head::empty(chain, store.suite()))
}

fn rule(days: u16) -> Command {
    let rule = Rule::Retention(Retention { days });
    Command::Rules(rules::Command::Set { place: QINGXI, from: day("2026-03-01"), rule, reason: text("试行") })
}

fn note() -> Command {
    Command::Access(access::Command::Note { place: Some(QINGXI), note: Note::Started(Started { version: text("1") }) })
}

fn rows(store: &Store) -> usize {
    let list = List { view: ViewId::Audit, scope: Scope::All, conditions: vec![], sort: None, after: None, limit: 100_000 };
    store.list(&list).expect("listed").rows.len()
}

fn mirrored(ground: &Ground) {
    let store = ground.open();
    found(&store);
    let (main, audit, before) = (head(&store, ChainName::Main), head(&store, ChainName::Audit), rows(&store));
    let refs = accepted(&store, by(chen(), rule(400)));
    assert_eq!(refs.len(), 1, "the answer does not speak of the mirror");
    let (now, mirror) = (head(&store, ChainName::Main), head(&store, ChainName::Audit));
    assert_eq!((now.size, mirror.size, rows(&store)), (main.size + 1, audit.size + 1, before + 1));
    let (fact, mirror) = (
        store.fact(now.chain, now.size).expect("read").expect("there"),
        store.fact(mirror.chain, mirror.size).expect("read").expect("there"),
    );
    assert_eq!((mirror.kind.as_str(), mirror.command, &mirror.actor), ("access.changed@1", fact.command, &fact.actor));
    assert!(mirror.body.contains(&format!("\"seq\":{}", fact.seq)), "{}", mirror.body);
    // A repeated command mirrors nothing a second time; a problem nothing at all.
    accepted(&store, by(chen(), report(VILLAGES[0], Field::Road, "坏了")));
    assert_eq!(head(&store, ChainName::Audit).size, audit.size + 1);
    holds(&store);
    rebuilds_the_same(&store);
}

fn all_or_none(ground: &Ground) {
    let store = ground.open();
    found(&store);
    let before = (head(&store, ChainName::Main), head(&store, ChainName::Audit), rows(&store));
    // The number that the mirror would get is taken: as if the disk were full in the middle of the commit.
    let next = before.1.size + 1;
    let columns = "command, kind, subject, place, actor, effective_ms, recorded_ms, body, prev, hash";
    ground.raw().run(&format!(
        "INSERT INTO fact (county, chain, seq, {columns}) SELECT county, 'audit', {next}, {columns} FROM fact \
         WHERE county = {COUNTY} AND chain = 'main' AND seq = 1"
    ));
    store.submit_and_wait(by(chen(), rule(400))).expect_err("it cannot be mirrored");
    store.submit_and_wait(by(Actor::System, note())).expect_err("nor noted");
    accepted(&store, by(chen(), report(VILLAGES[0], Field::Road, "坏了")));
    ground.raw().run(&format!("DELETE FROM fact WHERE county = {COUNTY} AND chain = 'audit' AND seq = {next}"));
    assert_eq!(head(&store, ChainName::Main).size, before.0.size + 1, "the problem alone");
    assert_eq!((head(&store, ChainName::Audit), rows(&store)), (before.1, before.2));
    accepted(&store, by(chen(), rule(400)));
    holds(&store);
    rebuilds_the_same(&store);
}

fn together(ground: &Ground) {
    let store = ground.open();
    found(&store);
    let before = head(&store, ChainName::Audit).size;
    std::thread::scope(|s| {
        for thread in 0..8 {
            let store = &store;
            s.spawn(move || {
                for n in 0..25 {
                    let one: Submission = match (thread + n) % 3 {
                        0 => by(Actor::System, note()),
                        1 => by(chen(), rule(400)),
                        _ => by(chen(), report(VILLAGES[n % 5], Field::Road, "坏了")),
                    };
                    accepted(store, one);
                }
            });
        }
    });
    let noted = (0..8).flat_map(|t| (0..25).map(move |n| (t + n) % 3)).filter(|k| *k < 2).count() as u64;
    assert_eq!(head(&store, ChainName::Audit).size, before + noted);
    holds(&store);
    rebuilds_the_same(&store);
}

fn key() -> SignerKey {
    SignerKey::from_seed("qingxi.example", [7; 32]).expect("a good name")
}

fn rewritten(ground: &Ground) {
    let store = ground.open();
    found(&store);
    for n in 0..10 {
        accepted(&store, by(chen(), rule(400 + n)));
    }
    let notes = store.make_checkpoints("qingxi.example", &key(), NOW).expect("made");
    let of = |name: ChainName| {
        let open = |note: &String| facts::open(note, &[key().verifier()]).expect("signed");
        notes.iter().map(open).find(|c| c.origin.chain() == ChainId { county: COUNTY, name }).expect("of this chain")
    };
    accepted(&store, by(chen(), rule(500)));
    for name in [ChainName::Main, ChainName::Audit] {
        assert_eq!(store.verify_checkpoint(&of(name)).expect("read"), Ok(1), "one fact came since");
    }
    // Whoever has the database seals the audit chain anew, without what it said of one person, and forgets the checkpoints.
    let chain = ChainId { county: COUNTY, name: ChainName::Audit };
    let mut facts = Vec::new();
    store
        .each_fact(chain, 0, u64::MAX, &mut |f| {
            facts.push(f.clone());
            Ok(())
        })
        .expect("read");
    let mut forged = Head::empty(chain, store.suite());
    for fact in &facts {
        let f = fact.clone();
        let actor = if f.seq == 3 { "account:00000000-0000-0000-0000-000000000009".into() } else { f.actor };
        let (command, kind, subject, place, body) = (f.command, f.kind, f.subject, f.place, f.body);
        let draft =
            facts::Draft { command, kind, subject, place, actor, effective_ms: f.effective_ms, recorded_ms: f.recorded_ms, body };
        let sealed = forged.seal(draft);
        let bytes = |h: &facts::Hash| {
            let hex = h.to_string();
            if ground.is_postgres() { format!("'\\x{hex}'") } else { format!("x'{hex}'") }
        };
        ground.raw().run(&format!(
            "UPDATE fact SET actor = '{}', prev = {}, hash = {} WHERE county = {COUNTY} AND chain = 'audit' AND seq = {}; \
             UPDATE chain_head SET hash = {} WHERE county = {COUNTY} AND chain = 'audit'; DELETE FROM checkpoint",
            sealed.actor,
            bytes(&sealed.prev),
            bytes(&sealed.hash),
            sealed.seq,
            bytes(&sealed.hash)
        ));
    }
    assert!(store.verify(&[], &mut |_| {}).expect("read").holds(), "by itself it is a sound chain");
    let kept = of(ChainName::Audit);
    let broken = store.verify_checkpoint(&kept).expect("read").expect_err("found by the note kept elsewhere");
    assert_eq!((broken.code(), broken.seq()), ("checkpoint-mismatch", kept.size));
    assert_eq!(store.verify_checkpoint(&of(ChainName::Main)).expect("read"), Ok(1));
}

fn archived(ground: &Ground) {
    let store = ground.open();
    found(&store);
    for _ in 0..5 {
        accepted(&store, by(Actor::System, note()));
    }
    let chain = ChainId { county: COUNTY, name: ChainName::Audit };
    let size = head(&store, ChainName::Audit).size;
    let third = store.fact(chain, 3).expect("read").expect("there").recorded_ms;
    let archive = |before_ms: i64| {
        let path = ground.path().join(format!("{before_ms}.chain"));
        let mut open = || Ok(Box::new(std::fs::File::create(&path).expect("made")) as Box<dyn std::io::Write>);
        let facts = store.export_beginning(chain, before_ms, ("qingxi.example", false), &key(), NOW, &mut open).expect("written");
        (facts, std::fs::read(&path).ok())
    };
    let (facts, file) = archive(third);
    assert_eq!(facts, 2);
    let report = facts::read_chain_file(&file.expect("there")[..], &[key().verifier()]).expect("sound");
    assert_eq!((report.facts, report.checkpoints.len()), (2, 1));
    assert_eq!(archive(i64::MAX).0, size);
    assert_eq!(archive(0), (0, None), "nothing so old, and no file");
    assert_eq!(head(&store, ChainName::Audit).size, size, "nothing is deleted");
    holds(&store);
}
