//! The real binary in operation: settings, stopping, upgrading, backups, `doctor`, packaging.
//!
//! What a machine lacks (PostgreSQL, systemd-analyze, being root) is listed as ignored, with the reason.

mod backups;
mod doctor;
mod ground;
mod packaging;
mod particulars;
mod settings;
mod stopping;
mod tamper;
mod upgrade;

use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Trial};

/// A test, and what it needs of the machine.
pub type Case = (&'static str, Needs, fn());

/// What a machine may lack.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// It runs anywhere.
    Nothing,
    /// A server is named by `QIANWAN_TEST_POSTGRES`.
    Postgres,
    /// The tool that knows what systemd expects.
    SystemdAnalyze,
    /// To give files to somebody else.
    Root,
}

impl Needs {
    fn missing(self) -> Option<&'static str> {
        let (there, why) = match self {
            Needs::Nothing => return None,
            Needs::Postgres => (ground::postgres_url().is_some(), "QIANWAN_TEST_POSTGRES is not set"),
            Needs::SystemdAnalyze => {
                let there = Command::new("systemd-analyze").arg("--version").output().is_ok_and(|out| out.status.success());
                (there, "systemd-analyze is not installed (apt install systemd)")
            }
            Needs::Root => (rustix::process::geteuid().is_root(), "only root may give files away"),
        };
        (!there).then_some(why)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let all =
        [settings::CASES, stopping::CASES, upgrade::CASES, backups::CASES, doctor::CASES, packaging::CASES, particulars::CASES];
    let mut trials = Vec::new();
    for (name, needs, case) in all.into_iter().flatten().copied() {
        let missing = needs.missing();
        if let Some(why) = missing.filter(|_| !arguments.list) {
            eprintln!("SKIPPED {name}: {why}");
        }
        let run = move || {
            case();
            Ok(())
        };
        trials.push(Trial::test(name, run).with_ignored_flag(missing.is_some()));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
