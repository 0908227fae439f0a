//! A drill: the process is killed in full load; nothing that was acknowledged is lost.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, ExitCode, Stdio},
    thread,
    time::Duration,
};

use domain::{ViewId, problems::Field};
use store::{Location, Store};

use crate::{Case, county::*, ground::Ground};

pub const CASES: &[Case] = &[("what_was_acknowledged_survives_kill_9", survives)];

/// Set for the process that is killed: where its data are.
pub const CHILD: &str = "QIANWAN_TEST_KILLED_IN";

/// The process that is killed: 64 threads that write, and say so once it is acknowledged.
pub fn child(dir: &OsStr) -> ExitCode {
    let store = Store::open(&Location::in_dir(Path::new(dir))).expect("opens");
    let begun = store.positions().facts();
    thread::scope(|s| {
        for n in 0..64_u64 {
            let store = &store;
            s.spawn(move || {
                for i in 0.. {
                    let number = (begun << 32) + (n << 24) + i;
                    accepted(store, numbered(number, chen(), report(VILLAGES[n as usize % 7], Field::Road, &number.to_string())));
                    let mut out = std::io::stdout().lock();
                    let _ = writeln!(out, "ack {number}").and_then(|()| out.flush());
                }
            });
        }
    });
    ExitCode::SUCCESS
}

fn survives(ground: &Ground) {
    let store = ground.open();
    found(&store);
    drop(store);
    let mut acknowledged: Vec<u64> = Vec::new();
    for round in 0..3 {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .env(CHILD, ground.path().join("data"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let reader = thread::spawn(move || {
            // The last line may have been cut off by the kill.
            let whole = |line: String| line.strip_prefix("ack ").and_then(|n| n.parse::<u64>().ok());
            out.split(b'\n')
                .map_while(Result::ok)
                .filter_map(|l| whole(String::from_utf8_lossy(&l).into_owned()))
                .collect::<Vec<_>>()
        });
        thread::sleep(Duration::from_millis(1200 + 130 * round));
        child.kill().expect("killed");
        child.wait().expect("gone");
        let mut now = reader.join().expect("read");
        assert!(now.len() > 64, "round {round}: only {} before the kill", now.len());
        // A number that lost its last digits would be somebody else's or nobody's.
        now.pop();
        acknowledged.extend(now);

        let store = ground.open();
        let facts = holds(&store);
        assert!(facts >= acknowledged.len() as u64);
        for number in &acknowledged {
            let row = store.row(ViewId::Problems, &problem(*number).key()).expect("read");
            assert!(row.is_some(), "round {round}: {number} was acknowledged and is lost");
        }
        let last = *acknowledged.last().expect("some");
        let again = answer(
            &store,
            numbered(last, chen(), report(VILLAGES[(last >> 24 & 63) as usize % 7], Field::Road, &last.to_string())),
        );
        assert!(again.repeated && word(&again.outcome) == "accepted", "its answer is kept as well");
        rebuilds_the_same(&store);
    }
}
