//! Two processes on the same data. A directory with SQLite belongs to one; a PostgreSQL database is served by several.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    disk::{Acknowledged, all_there},
    http::Client,
    installation::{Installation, Kind, VILLAGES, good, refused, report, until},
    kills::rows,
};

pub fn second_is_refused() {
    let installation = Installation::new(Kind::Sqlite);
    let serving = installation.serve();
    let output = installation.run(&["serve", "--plain", "--listen", "127.0.0.1:0"]).output().expect("it runs");
    let said = refused(&output, 2);
    let dir = installation.dir.display();
    assert!(said.contains(&format!("{dir} 正由另一个千万进程使用")), "{said}");
    assert!(said.contains(&format!("{dir} is in use by another qianwan process")), "{said}");
    // The first notices nothing, and its socket is still its own.
    let answer =
        serving.client(&installation.sessions[0]).post("/api/commands", report(VILLAGES[0], "一").1.to_string().as_bytes());
    assert_eq!(answer.expect("an answer").status, 200);
    good(&installation.run(&["rebuild"]).output().expect("it runs"));
}

pub fn two_serve_one_database() {
    let installation = Installation::new(Kind::Postgres);
    let (a, b) = (installation.serve(), installation.serve());
    let sent = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    // Both under load, and views rebuilt meanwhile, through one and beside both.
    let acknowledged: Acknowledged = thread::scope(|s| {
        let writers: Vec<_> = (0..16)
            .map(|n| {
                let (installation, sent, stop) = (&installation, &sent, &stop);
                let serving = if n % 2 == 0 { &a } else { &b };
                s.spawn(move || {
                    let mut client = serving.client(&installation.sessions[0]);
                    let mut acknowledged = Acknowledged::new();
                    for i in 0.. {
                        if stop.load(Ordering::Relaxed) {
                            break;
                        }
                        let body = report(VILLAGES[(n + i) % 5], &format!("{n} {i}")).1;
                        let answer = client.post("/api/commands", body.to_string().as_bytes()).expect("an answer");
                        assert_eq!(answer.status, 200, "{}", answer.text());
                        sent.fetch_add(1, Ordering::Relaxed);
                        acknowledged.push((body, answer.json()["facts"].clone()));
                        // Busy, but not so that the checks afterwards take longer than the load.
                        thread::sleep(Duration::from_millis(20));
                    }
                    acknowledged
                })
            })
            .collect();
        for _ in 0..4 {
            let before = sent.load(Ordering::Relaxed);
            good(&installation.run(&["rebuild"]).output().expect("it runs"));
            until("both go on", || sent.load(Ordering::Relaxed) > before + 40);
        }
        stop.store(true, Ordering::Relaxed);
        writers.into_iter().flat_map(|w| w.join().expect("no accident")).collect()
    });
    assert!(acknowledged.len() > 200);
    good(&installation.run(&["verify"]).output().expect("it runs"));
    let before = rows(&installation.beside());
    assert_eq!(before.iter().map(|(_, rows)| rows.len()).max(), Some(acknowledged.len()), "every problem once");
    good(&installation.run(&["rebuild"]).output().expect("it runs"));
    for ((view, before), (_, after)) in before.iter().zip(&rows(&installation.beside())) {
        assert_eq!(before, after, "{}", view.name());
    }
    // The same command through the other is a repeat.
    let some: Acknowledged = acknowledged.iter().step_by(7).cloned().collect();
    all_there(&mut b.client(&installation.sessions[0]), &some);
    all_there(&mut a.client(&installation.sessions[0]), &some);
    let places: HashSet<String> = acknowledged.iter().map(|(_, facts)| facts[0].to_string()).collect();
    assert_eq!(places.len(), acknowledged.len(), "each fact has a place of its own");
}

pub fn one_sees_what_the_other_writes() {
    let installation = Installation::new(Kind::Postgres);
    let (a, b) = (installation.serve(), installation.serve());
    let (mut at_a, mut at_b) = (a.client(&installation.sessions[0]), b.client(&installation.sessions[0]));
    let ask = |client: &mut Client, path: &str| client.get(path).expect("an answer").json();
    let count = "/api/rows/problems?count=1&limit=5&state=reported";
    let indicator = "/api/indicators/problems_open?level=county";
    // Asked before, so that whatever is kept is kept.
    for n in 1..=3_u64 {
        let (count_before, indicator_before) = (ask(&mut at_b, count), ask(&mut at_b, indicator));
        assert_eq!(count_before["count"], n - 1, "{count_before}");
        let (_, body) = report(VILLAGES[0], &format!("nr {n}"));
        let told = at_a.post("/api/commands", body.to_string().as_bytes()).expect("an answer").json();
        let problem = told["subject"].as_str().expect("accepted").trim_start_matches("problem:").to_owned();
        // Rows at once; what is kept, within the second in which each looks around, and some for a slow machine.
        let list = ask(&mut at_b, "/api/rows/problems?limit=5");
        assert_eq!(list["rows"].as_array().map(Vec::len), Some(n as usize), "{list}");
        assert_eq!(ask(&mut at_b, &format!("/api/rows/problems/{problem}"))["row"]["id"].as_str(), Some(problem.as_str()));
        let begun = Instant::now();
        until("the count is new", || ask(&mut at_b, count)["count"] == json!(n));
        until("the indicator is new", || ask(&mut at_b, indicator) != indicator_before);
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        // Who signed in with one is signed in with the other, and out of both.
        let session = crate::installation::sign_in(a.address, "second");
        assert_eq!(b.client(&session).get("/api/session").expect("an answer").status, 200);
        let out = a.client(&session).ask("DELETE", "/api/session", "en", b"").expect("an answer");
        assert_eq!(out.status, 204);
        assert_eq!(b.client(&session).get("/api/session").expect("an answer").status, 401);
    }
    // A view that one rebuilds is the one that both read and write.
    good(&installation.run(&["rebuild", "problems"]).output().expect("it runs"));
    for (n, client) in [(4_u64, &mut at_a), (5, &mut at_b)] {
        let answer = client.post("/api/commands", report(VILLAGES[0], &format!("nr {n}")).1.to_string().as_bytes());
        assert_eq!(answer.expect("an answer").status, 200);
    }
    for client in [&mut at_a, &mut at_b] {
        until("both read the new table", || {
            ask(client, "/api/rows/problems?limit=9")["rows"].as_array().map(Vec::len) == Some(5)
        });
    }
    // Another data directory has no photos, and would sign with a key of its own.
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = crate::installation::program();
    command.args(["serve", "--plain", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path());
    command.arg("--database").arg(installation.database.as_ref().expect("a database"));
    let said = refused(&command.output().expect("it runs"), 2);
    assert!(said.contains("这个数据库由另一个数据目录服务"), "{said}");
    assert!(said.contains("this database is served with another data directory"), "{said}");
}
