//! One command at a time, and many at once: answers, repeats, refusals.

use std::thread;

use domain::{
    Command,
    basics::Actor,
    problems::{self, Field},
};
use facts::{ChainId, ChainName};
use store::{Outcome, Store};

use crate::{Case, county::*, ground::Ground};

pub const CASES: &[Case] = &[
    ("what_is_accepted_is_read_back", what_is_accepted_is_read_back),
    ("a_repeated_command_gets_the_first_answer", a_repeated_command_gets_the_first_answer),
    ("32_threads_send_one_command_and_one_fact_comes_of_it", one_of_32),
    ("32_threads_use_one_id_for_different_commands_and_one_wins", one_id_for_many),
    ("what_is_refused_leaves_an_answer_and_no_fact", refused),
    ("what_is_forbidden_leaves_nothing_at_all", forbidden),
    ("several_organisations_are_written_to_at_once", several_organisations),
    ("an_import_beside_other_writers_loses_nothing", an_import_beside_others),
];

fn facts_in(store: &Store) -> u64 {
    store.heads().expect("heads").iter().map(|h| h.size).sum()
}

fn what_is_accepted_is_read_back(ground: &Ground) {
    let store = ground.open();
    found(&store);
    let submission = by(chen(), report(VILLAGES[0], Field::Waste, "村口垃圾桶满了"));
    let (problem, command, now) = (made(&submission), submission.context.command, submission.context.now_ms);
    let before = store.positions().facts();
    let facts = accepted(&store, submission);
    let [fact] = facts.as_slice() else { panic!("{facts:?}") };
    let chain = ChainId { county: 990_101, name: ChainName::Main };
    assert_eq!((fact.chain.as_str(), fact.kind.as_str()), ("990101/main", "problem.reported@1"));
    assert_eq!(store.positions().facts(), before + 1);

    let stored = store.fact(chain, fact.seq).expect("read").expect("there");
    assert_eq!((stored.command, stored.recorded_ms, stored.place), (command, now, VILLAGES[0].0));
    assert_eq!(stored.actor, chen().word());
    assert_eq!(store.latest(chain, None, 1).expect("read"), vec![stored.clone()]);
    assert_eq!(store.latest(chain, Some(fact.seq), 1).expect("read")[0].seq, fact.seq - 1);
    assert_eq!(store.fact(chain, fact.seq + 1).expect("read"), None);

    let history = store.history(domain::ViewId::Problems, &problem.key(), &format!("problem:{problem}")).expect("history");
    let [entry] = history.as_slice() else { panic!("{history:?}") };
    assert_eq!((&entry.fact, &entry.before), (&stored, &None));
    assert_eq!(entry.after, store.row(domain::ViewId::Problems, &problem.key()).expect("read"));
    drop(store);

    let again = ground.open();
    assert_eq!(again.fact(chain, fact.seq).expect("read"), Some(stored), "after closing and opening");
    assert_eq!(again.positions().facts(), before + 1);
    holds(&again);
}

fn a_repeated_command_gets_the_first_answer(ground: &Ground) {
    let store = ground.open();
    found(&store);
    let first = by(chen(), report(VILLAGES[0], Field::Waste, "一"));
    let facts = facts_in(&store);
    let answered = answer(&store, first.clone());
    assert!(!answered.repeated);
    for later in [0, 3_600_000] {
        let mut repeat = first.clone();
        repeat.context.now_ms += later;
        repeat.context.fresh = uuid::Uuid::from_u128(7);
        let again = answer(&store, repeat);
        assert!(again.repeated);
        assert_eq!(again.outcome, answered.outcome);
    }
    let mut other = first.clone();
    other.command = report(VILLAGES[0], Field::Waste, "二");
    assert_eq!(answer(&store, other.clone()).outcome, Outcome::IdReused);
    // By somebody else it is another command, or he would be told what he may not see.
    let mut stolen = first.clone();
    stolen.context.actor = stranger();
    assert_eq!(answer(&store, stolen).outcome, Outcome::IdReused);
    assert_eq!(answer(&store, other).outcome, Outcome::IdReused, "and stays so");
    assert_eq!(facts_in(&store), facts + 1);
    drop(store);
    let again = answer(&ground.open(), first);
    assert_eq!((again.repeated, again.outcome), (true, answered.outcome), "after closing and opening");
}

fn one_of_32(ground: &Ground) {
    let store = ground.open();
    found(&store);
    let before = facts_in(&store);
    let submission = by(chen(), report(VILLAGES[0], Field::Waste, "一"));
    let answers: Vec<_> = thread::scope(|s| {
        let threads: Vec<_> = (0..32).map(|_| s.spawn(|| answer(&store, submission.clone()))).collect();
        threads.into_iter().map(|t| t.join().expect("answered")).collect()
    });
    assert_eq!(answers.iter().filter(|a| !a.repeated).count(), 1);
    assert!(answers.iter().all(|a| a.outcome == answers[0].outcome && word(&a.outcome) == "accepted"), "{answers:?}");
    assert_eq!(facts_in(&store), before + 1);
}

fn one_id_for_many(ground: &Ground) {
    let store = ground.open();
    found(&store);
    for round in 0..4 {
        let before = facts_in(&store);
        let first = by(chen(), report(VILLAGES[0], Field::Waste, "一"));
        let answers: Vec<_> = thread::scope(|s| {
            let threads: Vec<_> = (0..32)
                .map(|n| {
                    // Different organisations, so that different writers have them where there are several.
                    let mut one = first.clone();
                    one.context.actor = chen_everywhere();
                    one.command = rename([PROVINCE, CITY, QINGXI, LINXI][n % 4], &format!("改名{round}-{n}"));
                    let store = &store;
                    s.spawn(move || store.submit_and_wait(one))
                })
                .collect();
            threads.into_iter().map(|t| t.join().expect("joined").expect("an answer, not an accident")).collect()
        });
        let words: Vec<&str> = answers.iter().map(|a| word(&a.outcome)).collect();
        assert_eq!(words.iter().filter(|w| **w == "accepted").count(), 1, "{words:?}");
        assert_eq!(words.iter().filter(|w| **w == "id-reused").count(), 31, "{words:?}");
        assert_eq!(facts_in(&store), before + 1);
    }
    holds(&store);
}

fn refused(ground: &Ground) {
    let store = ground.open();
    found(&store);
    let reported = by(chen(), report(VILLAGES[0], Field::Waste, "一"));
    let problem = made(&reported);
    accepted(&store, reported);
    let (facts, before) = (facts_in(&store), contents(&store));
    let verify = problems::Command::VerifyFix { problem, note: text("看过了"), photos: Vec::new() };
    let submission = by(chen(), Command::Problems(verify));
    let first = answer(&store, submission.clone());
    assert_eq!(word(&first.outcome), "problems/not-in-this-state");
    assert_eq!((facts_in(&store), contents(&store)), (facts, before));
    // By now it would be possible, but this id has had its answer.
    for (actor, step) in [
        (chen(), problems::Command::Assign { problem, post: Some(lin().posts()[0]), due: None, note: None }),
        (lin(), problems::Command::Diagnose { problem, cause: text("因"), measure: text("法") }),
        (lin(), problems::Command::ClaimFix { problem, text: text("好"), photos: vec![photo()] }),
    ] {
        accepted(&store, by(actor, Command::Problems(step)));
    }
    let again = answer(&store, submission.clone());
    assert_eq!((again.repeated, again.outcome), (true, first.outcome));
    accepted(&store, by(chen(), submission.command));
}

fn forbidden(ground: &Ground) {
    let store = ground.open();
    found(&store);
    let mut raw = ground.raw();
    let tables = ["fact", "chain_head", "command", "checkpoint"];
    let mut rows = || tables.map(|t| raw.one(&format!("SELECT count(*) FROM {t}")));
    let before = (rows(), contents(&store));
    let nowhere = domain::basics::PlaceId(1);
    let submission = by(stranger(), report(VILLAGES[0], Field::Waste, "一"));
    for one in [
        submission.clone(),
        submission.clone(),
        by(Actor::Public, report(VILLAGES[0], Field::Waste, "一")),
        by(chen(), report(nowhere, Field::Waste, "一")),
        by(chen(), Command::Import(register())),
        by(chen(), Command::Problems(problems::Command::Show { problem: problem(u64::MAX), reason: text("没有") })),
    ] {
        let answered = answer(&store, one);
        assert_eq!((answered.outcome, answered.repeated), (Outcome::Forbidden, false));
    }
    assert_eq!((rows(), contents(&store)), before);
    // Once he holds the post, the same command is decided.
    let mut allowed = submission;
    allowed.context.actor = chen();
    accepted(&store, allowed);
}

fn several_organisations(ground: &Ground) {
    const THREADS: usize = 16;
    const EACH: usize = 25;
    let store = ground.open();
    found(&store);
    let before = holds(&store);
    let places = [PROVINCE, CITY, QINGXI, LINXI, VILLAGES[0], VILLAGES[6]];
    thread::scope(|s| {
        for n in 0..THREADS {
            let store = &store;
            s.spawn(move || {
                for i in 0..EACH {
                    accepted(
                        store,
                        by(chen_everywhere(), report(places[(n + i) % places.len()], Field::Road, &format!("{n} {i}"))),
                    );
                }
            });
        }
    });
    assert_eq!(holds(&store), before + (THREADS * EACH) as u64);
    let mut raw = ground.raw();
    let counted = raw.texts("SELECT county, chain, max(seq), count(*) FROM fact GROUP BY county, chain ORDER BY county, chain");
    let heads: Vec<_> = store.heads().expect("heads").iter().map(|h| (h.chain.county.to_string(), h.size.to_string())).collect();
    let counted: Vec<_> = counted
        .into_iter()
        .map(|r| {
            let [county, _, max, count] = r.map_to();
            assert_eq!(max, count, "no gaps");
            (county, count)
        })
        .collect();
    assert_eq!(heads, counted, "heads equal the log");
    rebuilds_the_same(&store);
}

/// Chen again, with the province as well.
fn chen_everywhere() -> Actor {
    let Actor::Account { id, person, mut posts } = chen() else { unreachable!() };
    posts.push(domain::basics::Post::new(PROVINCE, domain::basics::Role::Office));
    Actor::Account { id, person, posts }
}

trait MapTo {
    fn map_to<const N: usize>(self) -> [String; N];
}
impl MapTo for Vec<Option<String>> {
    fn map_to<const N: usize>(self) -> [String; N] {
        let values: Vec<String> = self.into_iter().map(Option::unwrap_or_default).collect();
        values.try_into().expect("as many columns")
    }
}

fn an_import_beside_others(ground: &Ground) {
    let store = ground.open();
    found(&store);
    thread::scope(|s| {
        for (n, place) in VILLAGES.iter().enumerate() {
            let store = &store;
            s.spawn(move || {
                for i in 0..20 {
                    accepted(store, by(chen(), rename(*place, &format!("改名{n}-{i}"))));
                }
            });
        }
        s.spawn(|| {
            for round in 0..20_u16 {
                let mut import = import(Vec::new(), Vec::new());
                let code = |place: &domain::basics::PlaceId| (place.0 / 100).to_string();
                // From the last village to the first, so that chains are asked for in another order than theirs.
                let all = VILLAGES.iter().rev();
                import.details =
                    all.map(|p| (code(p), domain::places::ImportDetail::UrbanRural(110 + round), "made up".into())).collect();
                let answered =
                    store.submit_and_wait(by(Actor::Import, Command::Import(import))).expect("an answer, not an accident");
                assert_eq!(word(&answered.outcome), "accepted");
            }
        });
    });
    holds(&store);
    rebuilds_the_same(&store);
    for place in VILLAGES {
        let Some(domain::Row::Places(place)) = store.row(domain::ViewId::Places, &place.key()).expect("read") else {
            panic!("gone")
        };
        assert_eq!((place.urban_rural, place.former_names.len()), (Some(129), 20), "{}", place.name);
    }
}
