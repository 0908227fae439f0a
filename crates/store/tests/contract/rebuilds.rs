//! Invariant `rebuild-equals-incremental`: any view can be dropped and comes out the same.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use domain::{
    Command, ViewId,
    basics::{Actor, Day, Position, Post, ProblemId, Role},
    places::{self, Class, Counted, Grade, ImportChange, ImportDetail, ImportRow, Kind, Level, Method, Stage},
    problems::{self, Field},
    rules,
};
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use store::{Store, Submission};

use crate::{Case, county::*, ground::Ground};

pub const CASES: &[Case] = &[
    ("random_commands_fold_to_what_a_rebuild_gives", random),
    ("a_rebuild_while_8_threads_write_misses_nothing", while_writing),
    ("a_rebuild_keeps_nobody_waiting", nobody_waits),
    ("readers_do_not_notice_a_rebuild", readers),
    ("two_rebuilds_of_one_view_do_not_meet", two_at_once),
    ("a_rebuild_puts_right_what_was_spoilt", puts_right),
    ("a_fact_that_cannot_be_read_leaves_the_old_view_in_use", unreadable),
];

/// A step: what, who, and three numbers that choose the rest.
type Step = (u8, u8, u16, u16, u16);

/// Some command or other; most of them are refused, as most random commands should be.
fn some(step: Step, reported: &mut Vec<ProblemId>) -> Submission {
    use places::Command as Pl;
    use problems::Command as P;
    let (what, who, a, b, c) = step;
    let (a, b, c) = (usize::from(a), usize::from(b), usize::from(c));
    let pick = |n: usize| if reported.is_empty() { problem(u64::MAX) } else { reported[n % reported.len()] };
    let (problem, place, field) = (pick(a), VILLAGES[b % VILLAGES.len()], Field::ALL[c % Field::ALL.len()]);
    let today = Day::of_ms(NOW);
    let on = today.plus(-(c as i64 % 40));
    let (words, document, reason) = (WORDS[c % WORDS.len()], || text("文件"), || text("理由"));
    let post = Post::new([CITY, QINGXI, YUNLING, place][c % 4], [Role::Department, Role::Township, Role::Village][b % 3]);
    let villager = who % 5 == 4;
    let receipt = villager.then(|| text(&format!("receipt {}", a % 3)));
    let report = P::Report {
        place,
        field,
        text: text(words),
        position: Position::new(a as i32, b as i32),
        photos: vec![photo()],
        found_ms: None,
        receipt: receipt.clone(),
        contact: villager.then(|| domain::persons::Contact {
            person: domain::basics::PersonId(uuid::Uuid::from_u128(place.0 as u128 * 4 + a as u128 % 3)),
            digest: "ab".into(),
        }),
    };
    let command: Command = match what % 30 {
        0..=5 => Command::Problems(report),
        6..=8 => Command::Problems(P::Assign {
            problem,
            post: (c % 3 > 0).then_some(lin().posts()[0]),
            due: (c % 2 == 0).then(|| today.plus(b as i64 % 9 - 1)),
            note: None,
        }),
        9 | 10 => Command::Problems(P::Diagnose { problem, cause: reason(), measure: reason() }),
        11 | 12 => Command::Problems(P::ClaimFix { problem, text: text(words), photos: vec![photo(); c % 3] }),
        13 => Command::Problems(P::VerifyFix { problem, note: reason(), photos: Vec::new() }),
        14 => Command::Problems(P::RejectFix { problem, reason: reason() }),
        15 => Command::Problems(P::AnswerAsReporter { problem, solved: c % 2 == 0, words: Some(reason()), receipt }),
        16 => Command::Problems(P::Reopen { problem, reason: reason() }),
        17 => Command::Problems(P::Merge { problem, into: pick(b) }),
        18 => Command::Problems(P::Unmerge { problem, reason: reason() }),
        19 => Command::Problems(P::Escalate { problem, reason: (c % 2 == 0).then(reason) }),
        20 => Command::Problems(P::AnswerEscalation { problem, text: reason(), due: None }),
        21 => Command::Problems(P::Reclassify { problem, field: Some(field), place: Some(place), reason: reason() }),
        22 => Command::Problems(if c % 2 == 0 {
            P::Withhold { problem, reason: reason() }
        } else {
            P::Show { problem, reason: reason() }
        }),
        23 => Command::Problems(P::ProposeTopic {
            place: CITY,
            field,
            title: text("共性"),
            problems: vec![problem, pick(b), pick(c)],
        }),
        24 => Command::Problems(P::Dismiss { problem, reason: reason() }),
        25 => Command::Places(Pl::Count { place, what: Counted::ALL[a % 4], value: c as u32 % 50, on, method: Method::Counted }),
        26 => Command::Places(match c % 5 {
            0 => Pl::Rename { place, name: text(words), from: Some(on), document: document() },
            1 => Pl::Classify { place, class: Class::ALL[a % 5], from: on, document: document() },
            2 => Pl::Grade { place, grade: Grade::ALL[a % 5], from: on, document: document() },
            3 => Pl::EnterStage { place, stage: Stage::ALL[a % 4], from: on, document: document() },
            _ => Pl::Locate {
                place,
                position: Position::new(1_200_000_000 + a as i32, 300_000_000).expect("inside"),
                source: document(),
            },
        }),
        27 => Command::Places(if c % 2 == 0 {
            Pl::Close { place, on: Some(on), into: vec![VILLAGES[a % 7]], document: document() }
        } else {
            Pl::Reinstate { place, document: document() }
        }),
        28 => {
            let rule = rules::starting_pack().remove(a % 5);
            Command::Rules(rules::Command::Set {
                place: [PROVINCE, CITY, QINGXI, YUNLING, post.place][b % 5],
                from: today.plus(c as i64 % 3),
                rule,
                reason: reason(),
            })
        }
        _ => Command::Import(some_import(a, b, c)),
    };
    let actor = match who % 5 {
        0..=2 => match command {
            Command::Problems(P::Diagnose { .. } | P::ClaimFix { .. }) => lin(),
            Command::Import(_) => Actor::Import,
            _ => chen(),
        },
        3 => Actor::Import,
        _ => Actor::Public,
    };
    let submission = by(actor, command);
    if what % 30 <= 5 {
        reported.push(made(&submission));
    }
    submission
}

fn some_import(a: usize, b: usize, c: usize) -> places::RegisterImport {
    let code = |n: usize| (VILLAGES[n % 7].0 / 100).to_string();
    let now = |code: String| ImportRow {
        code,
        name: text(WORDS[c % WORDS.len()]),
        level: Level::Village,
        kind: Kind::Villagers,
        parent: Some(["990101100000", "990101200000", "990102100000"][b % 3].into()),
    };
    let changes = vec![match c % 4 {
        0 => ImportChange::Renamed { code: code(a), name: text("新名") },
        1 => ImportChange::Recoded { code: code(a), now: now(format!("9901021003{:02}", b % 30)) },
        2 => ImportChange::New(now(code(a))),
        _ => ImportChange::Closed { code: code(a), into: vec![code(b)] },
    }];
    let mut import = import(Vec::new(), changes);
    import.details = vec![(code(b), ImportDetail::UrbanRural(c as u16 % 300), "made up".into())];
    import
}

fn random(ground: &Ground) {
    let config = ProptestConfig {
        cases: if ground.is_postgres() { 6 } else { 12 },
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let steps = vec(any::<Step>(), 1..160);
    let mut runner = TestRunner::new(config);
    runner
        .run(&steps, |steps| {
            let ground = ground.another();
            let store = ground.open();
            found(&store);
            let mut reported = Vec::new();
            let (send, receive) = std::sync::mpsc::channel();
            for (n, step) in steps.iter().enumerate() {
                let send = send.clone();
                store.submit(some(*step, &mut reported), move |answer| {
                    let _ = send.send(answer.map(|_| ()));
                });
                // Some of them wait for each other, some share a batch.
                if n % 7 < 3 {
                    receive.recv().expect("an answer").expect("no accident");
                }
            }
            drop(send);
            receive.into_iter().for_each(|answer| answer.expect("no accident"));
            holds(&store);
            let (raw, before) = (tables(&ground), contents(&store));
            for view in ViewId::ALL {
                store.rebuild(*view, &mut |_| {}).expect("rebuilt");
            }
            prop_assert_eq!(before, contents(&store));
            prop_assert_eq!(raw, tables(&ground), "columns that lists do not show");
            Ok(())
        })
        .unwrap_or_else(|e| panic!("{e}"));
}

/// Every cell of every view in use.
fn tables(ground: &Ground) -> Vec<Vec<Vec<Option<String>>>> {
    let mut raw = ground.raw();
    let names = raw.texts("SELECT 'v_' || view || '_' || version || '_' || generation FROM view_table ORDER BY view");
    names.iter().map(|n| raw.texts(&format!("SELECT * FROM {} ORDER BY key", n[0].as_deref().expect("a name")))).collect()
}

/// Threads that write until told to stop, and the longest that one of them waited.
fn writing<T>(store: &Store, threads: usize, meanwhile: impl FnOnce() -> T) -> (T, u64, Duration) {
    let (stop, written, longest) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    let done = thread::scope(|s| {
        for n in 0..threads {
            let (stop, written, longest) = (&stop, &written, &longest);
            s.spawn(move || {
                let mut reported = Vec::new();
                let mut random = 12345 + n as u64;
                let mut next = || {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (random >> 33) as u16
                };
                while !stop.load(Ordering::Relaxed) {
                    let step = ((next() % 27) as u8, (next() % 3) as u8, next(), next(), next());
                    let begun = Instant::now();
                    store.submit_and_wait(some(step, &mut reported)).expect("no accident");
                    longest.fetch_max(begun.elapsed().as_millis() as u64, Ordering::Relaxed);
                    written.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let done = meanwhile();
        stop.store(true, Ordering::Relaxed);
        done
    });
    (done, written.into_inner(), Duration::from_millis(longest.into_inner()))
}

fn while_writing(ground: &Ground) {
    let store = ground.open();
    busy(&store);
    let ((), written, _) = writing(&store, 8, || {
        for _ in 0..3 {
            for view in ViewId::ALL {
                let mut last = 0;
                store
                    .rebuild(*view, &mut |p| {
                        assert!(p.done >= last && p.done <= p.total);
                        last = p.done;
                    })
                    .expect("rebuilt");
            }
        }
    });
    assert!(written > 100, "{written}");
    holds(&store);
    rebuilds_the_same(&store);
    drop(store);
    holds(&ground.open());
}

fn nobody_waits(ground: &Ground) {
    let store = ground.open();
    found(&store);
    // Long enough that a writer who had to wait for all of it would show.
    let (send, receive) = std::sync::mpsc::channel();
    for n in 0..30_000_usize {
        let send = send.clone();
        store.submit(by(chen(), report(VILLAGES[n % 5], Field::Road, &n.to_string())), move |answer| {
            drop(send.send(answer.map(|_| ())))
        });
    }
    drop(send);
    receive.into_iter().for_each(|answer| answer.expect("no accident"));
    let (took, written, longest) = writing(&store, 4, || {
        let begun = Instant::now();
        store.rebuild(ViewId::Problems, &mut |_| {}).expect("rebuilt");
        begun.elapsed()
    });
    assert!(longest < took / 2, "a writer waited {longest:?} of a rebuild of {took:?} ({written} written)");
    rebuilds_the_same(&store);
}

fn readers(ground: &Ground) {
    let store = ground.open();
    let problems = busy(&store);
    let stop = AtomicBool::new(false);
    thread::scope(|s| {
        let readers: Vec<_> = (0..4)
            .map(|n| {
                let (store, stop, problems) = (&store, &stop, &problems);
                s.spawn(move || {
                    let mut read = 0;
                    while !stop.load(Ordering::Relaxed) {
                        let view = [ViewId::Problems, ViewId::Places][n % 2];
                        assert!(pages(store, &all(view)).len() >= 14);
                        assert!(
                            store.row(ViewId::Problems, &problems[read % problems.len()].key()).expect("no accident").is_some()
                        );
                        read += 1;
                    }
                    read
                })
            })
            .collect();
        for _ in 0..8 {
            store.rebuild(ViewId::Problems, &mut |_| {}).expect("rebuilt");
            store.rebuild(ViewId::Places, &mut |_| {}).expect("rebuilt");
        }
        stop.store(true, Ordering::Relaxed);
        assert!(readers.into_iter().map(|r| r.join().expect("no accident")).sum::<usize>() > 4);
    });
    let names = if ground.is_postgres() {
        "SELECT tablename FROM pg_tables WHERE tablename LIKE 'v\\_%'"
    } else {
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'v\\_%' ESCAPE '\\'"
    };
    assert!(ground.raw().texts(names).len() <= 2 * ViewId::ALL.len(), "old tables do not pile up");
    drop(store);
    drop(ground.open());
    assert_eq!(ground.raw().texts(names).len(), ViewId::ALL.len(), "and are gone after the next start");
}

fn two_at_once(ground: &Ground) {
    let store = ground.open();
    busy(&store);
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| store.rebuild(ViewId::Problems, &mut |_| {}).expect("rebuilt"));
        }
    });
    rebuilds_the_same(&store);
}

fn puts_right(ground: &Ground) {
    let store = ground.open();
    busy(&store);
    let before = contents(&store);
    let table =
        ground.raw().one("SELECT 'v_' || view || '_' || version || '_' || generation FROM view_table WHERE view = 'problems'");
    ground.raw().run(&format!("UPDATE {table} SET c_field = 'waste', data = '{{}}'"));
    assert_ne!(contents(&store), before);
    let facts = store.rebuild(ViewId::Problems, &mut |_| {}).expect("rebuilt");
    // It is made of the programme's chains, and the audit beside them is passed over.
    let main = store.heads().expect("heads").into_iter().filter(|h| h.chain.name == facts::ChainName::Main);
    assert_eq!((facts, contents(&store)), (main.map(|h| h.size).sum(), before.clone()));
    holds(&store);
    drop(store);
    // Another version, or no table at all, is built when the store opens.
    ground.raw().run("UPDATE view_table SET version = 99 WHERE view = 'places'; DELETE FROM view_table WHERE view = 'topics'");
    assert_eq!(contents(&ground.open()), before);
}

fn unreadable(ground: &Ground) {
    let store = ground.open();
    busy(&store);
    let before = contents(&store);
    ground.raw().run("UPDATE fact SET body = '{}' WHERE county = 990101 AND seq = 20 AND chain = 'main'");
    ground.raw().run("UPDATE fact SET body = '{}' WHERE chain = 'audit'");
    for view in ViewId::ALL {
        assert!(store.rebuild(*view, &mut |_| {}).is_err(), "{}", view.name());
    }
    assert_eq!(contents(&store), before);
    accepted(&store, by(chen(), report(VILLAGES[0], Field::Road, "weiter")));
}
