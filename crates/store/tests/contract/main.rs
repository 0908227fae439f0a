//! The contract of the store: one set of tests, run on SQLite and on PostgreSQL.
//!
//! The URL of a PostgreSQL server comes from `QIANWAN_TEST_POSTGRES` (`./dev test` starts a private one); without it
//! those tests are listed as ignored, with the reason. Each test has a database of its own.
//! Start reading at `county.rs` (what there is), then any other file (what must hold).

mod access;
mod accounts;
mod audit;
mod backups;
mod batches;
mod chains;
mod clocks;
mod commands;
mod county;
mod ground;
mod kills;
mod lists;
mod opening;
mod particulars;
mod rebuilds;
mod stored_files;
mod upgrade;

use std::process::ExitCode;

use ground::{Ground, Kind};
use libtest_mimic::{Arguments, Trial};

/// A test on a database.
pub type Case = (&'static str, fn(&Ground));

/// What must hold on both.
const BOTH: &[&[Case]] = &[
    commands::CASES,
    batches::CASES,
    chains::CASES,
    clocks::CASES,
    lists::CASES,
    rebuilds::CASES,
    access::CASES,
    accounts::CASES,
    audit::CASES,
    stored_files::CASES,
    opening::CASES,
    particulars::CASES,
    upgrade::CASES,
];

/// What only a database in a file of ours has.
const IN_A_FILE: &[&[Case]] = &[opening::IN_A_FILE, particulars::IN_A_FILE, backups::CASES, kills::CASES];

fn main() -> ExitCode {
    if let Some(dir) = std::env::var_os(kills::CHILD) {
        return kills::child(dir.as_ref());
    }
    if let Some(dir) = std::env::var_os(upgrade::CHILD) {
        return upgrade::child(dir.as_ref());
    }
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for (name, case) in BOTH.iter().chain(IN_A_FILE).copied().flatten() {
        trials.push(trial(format!("sqlite::{name}"), Kind::Sqlite, *case));
    }
    let postgres = ground::postgres_url().is_some();
    for (name, case) in BOTH.iter().copied().flatten() {
        trials.push(trial(format!("postgres::{name}"), Kind::Postgres, *case).with_ignored_flag(!postgres));
    }
    if !postgres && !arguments.list {
        let count = BOTH.iter().map(|cases| cases.len()).sum::<usize>();
        eprintln!("SKIPPED postgres: {count} tests, because {} is not set", ground::POSTGRES);
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(name: String, kind: Kind, case: fn(&Ground)) -> Trial {
    Trial::test(name, move || {
        let ground = Ground::new(kind)?;
        case(&ground);
        Ok(())
    })
}
