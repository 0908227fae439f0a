//! The proof that the ground floor holds: the real program is killed, its disk fills up, its clock goes back, its database
//! goes away, its data are tampered with. What each proves, and how to run it at length, is in docs/reliability.md.
//!
//! The URL of a PostgreSQL server comes from `QIANWAN_TEST_POSTGRES` (`./dev test` starts a private one); without it
//! those tests are listed as ignored, with the reason.
//! Start reading at `installation.rs` (what there is), then `kills.rs` (what must hold).

mod backups;
mod clock;
mod disk;
mod http;
mod installation;
mod kills;
mod processes;
mod random;
mod restarts;
mod tampering;
mod write_ahead_log;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// On this machine alone.
const HERE: &[(&str, fn())] = &[
    ("sqlite::what_was_acknowledged_survives_kill_9_over_http", kills::sqlite),
    ("whatever_is_tampered_with_in_the_database_is_named", tampering::database),
    ("whatever_is_tampered_with_in_an_exported_chain_is_named", tampering::exported_file),
    ("a_full_disk_stops_writers_only_and_only_while_it_is_full", disk::full),
    ("a_disk_that_goes_read_only_stops_writers_only", disk::read_only_while_serving),
    ("data_on_a_read_only_disk_are_not_opened", disk::read_only_at_the_start),
    ("a_second_process_on_one_directory_is_refused", processes::second_is_refused),
    ("a_write_ahead_log_that_is_cut_or_altered_comes_to_an_earlier_moment", write_ahead_log::cut_or_altered),
    ("what_a_disk_has_forgotten_is_found_by_whoever_kept_a_checkpoint", write_ahead_log::the_loss_is_found),
    ("a_clock_that_went_back_is_told_and_stops_nobody", clock::went_back_between_two_starts),
    ("a_backup_that_is_killed_is_none", backups::killed_in_the_middle),
    ("a_backup_onto_a_full_disk_is_none", backups::the_disk_fills_up),
    ("a_damaged_backup_is_not_restored", backups::damaged_ones_are_refused),
];

/// With a PostgreSQL server.
const WITH_POSTGRES: &[(&str, fn())] = &[
    ("postgres::what_was_acknowledged_survives_kill_9_over_http", kills::postgres),
    ("postgres::two_processes_serve_one_database", processes::two_serve_one_database),
    ("postgres::one_process_sees_what_the_other_writes", processes::one_sees_what_the_other_writes),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let postgres = installation::postgres_url().is_some();
    if !postgres && !arguments.list {
        eprintln!("SKIPPED postgres: {} tests, because {} is not set", WITH_POSTGRES.len(), installation::POSTGRES);
    }
    let trial = |(name, test): &(&'static str, fn())| {
        let test = *test;
        Trial::test(*name, move || {
            test();
            Ok(())
        })
    };
    let mut trials: Vec<Trial> = HERE.iter().map(trial).collect();
    // A server of its own, to be stopped and started, or set up otherwise.
    let installed = restarts::programs().is_some();
    if !installed && !arguments.list {
        eprintln!("SKIPPED restart and TLS: PostgreSQL's programs are not installed");
    }
    let own: [(&str, fn()); 2] = [
        ("postgres::a_restart_in_mid_load_is_only_waited_for", restarts::in_mid_load),
        ("postgres::a_database_is_reached_by_tls", restarts::over_tls),
    ];
    trials.extend(own.iter().map(|case| trial(case).with_ignored_flag(!installed)));
    trials.extend(WITH_POSTGRES.iter().map(|case| trial(case).with_ignored_flag(!postgres)));
    libtest_mimic::run(&arguments, trials).exit_code()
}
