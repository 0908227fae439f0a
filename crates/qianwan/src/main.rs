//! The binary: `serve`, `demo`, `places import`, `verify`, `log export`, `rebuild`, `backup`, `restore`, `account`,
//! `config check`, `config example`, `doctor`, `audit`, `checkpoint`, `form`, `plan`, `rank`, `draw`.
//!
//! Messages go to stderr, results to stdout; 0 is success, 1 the answer "no", 2 bad use or bad input.

mod accounts;
mod audit;
mod backup;
mod build;
mod checkpoint;
mod config;
mod control;
mod data;
mod doctor;
mod draw;
mod files;
mod form;
mod import;
mod log_commands;
mod particulars;
mod patience;
mod plan;
mod rank;
mod serve;
mod stop;
mod tls;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "qianwan", version = build::VERSION, long_version = build::LONG, about = "Qianwan: runs a village-improvement programme", propagate_version = true)]
struct Cli {
    /// File with settings; without it /etc/qianwan/qianwan.toml where there is one
    // Read before the rest is parsed, in config/mod.rs: what it says are defaults for the rest.
    #[arg(long, global = true, env = "QIANWAN_CONFIG", value_name = "FILE", hide_env_values = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

/// Where the data are.
#[derive(Args, Clone)]
struct Data {
    /// Directory with database, files and keys
    #[arg(long, env = "QIANWAN_DATA")]
    data: PathBuf,
    /// postgres://… instead of SQLite in the directory
    #[arg(long, env = "QIANWAN_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// Hash suite of new chains
    #[arg(long, env = "QIANWAN_SUITE", default_value = "sha256", value_parser = ["sha256", "sm3"])]
    suite: String,
}

#[derive(Subcommand)]
enum Command {
    /// Serve an installation (TLS, no default account)
    Serve(Box<serve::Serve>),
    /// Serve the fictitious demonstration county 青溪县
    Demo(serve::Demo),
    /// Places: import registers
    #[command(subcommand)]
    Places(Places),
    /// Check every chain of an installation, or one exported chain file
    Verify(log_commands::Verify),
    /// The log: export a chain as a file that can be checked with no database
    #[command(subcommand)]
    Log(Log),
    /// The audit chain: export it, archive its older part
    #[command(subcommand)]
    Audit(audit::Audit),
    /// Signed checkpoints: print, verify, and the key that signs them
    #[command(subcommand)]
    Checkpoint(checkpoint::Checkpoint),
    /// Rebuild views from the log and swap them in
    Rebuild(log_commands::Rebuild),
    /// Write a consistent, verified backup while the installation may be closed or read
    Backup(backup::Backup),
    /// Put a backup into an empty directory
    Restore(backup::Restore),
    /// Accounts of people who sign in
    #[command(subcommand)]
    Account(Account),
    /// Keys that seal particulars of private persons
    #[command(subcommand)]
    Keys(particulars::Keys),
    /// Private persons: all that is held about one
    #[command(subcommand)]
    Person(particulars::Person),
    /// Survey forms: make an XForm of a workbook, check workbooks and XForms
    #[command(subcommand)]
    Form(form::Form),
    /// Plans: which village, which work, which year, whose money; with a proven bound
    #[command(subcommand)]
    Plan(plan::Plan),
    /// Rank sets: who can be shown above whom, and who could be last
    Rank(rank::Rank),
    /// Draws that anybody can check
    #[command(subcommand)]
    Draw(draw::Draw),
    /// Settings: what holds and where it comes from
    #[command(subcommand)]
    Config(config::Config),
    /// Find trouble (disk, clock, permissions, certificate, chains, backups) and say what to do; changes nothing
    Doctor(doctor::Doctor),
    /// Print the OpenAPI document
    #[command(hide = true)]
    Openapi,
}

#[derive(Subcommand)]
enum Places {
    /// Import registers, points, outlines and changes; all or nothing, a second time changes nothing
    Import(import::Import),
}

#[derive(Subcommand)]
enum Log {
    /// Export one chain
    Export(log_commands::Export),
}

#[derive(Subcommand)]
enum Account {
    /// Add an account with a post; the password is read from standard input
    Add(accounts::Add),
    /// Close an account: no sessions, tokens and links from now on
    Close(accounts::Named),
    /// Open and unlock an account and print a link that sets another password
    Reset(accounts::Reset),
    /// List all accounts
    List(accounts::ListAll),
}

/// How a command ends when nothing went wrong inside.
enum End {
    /// Done.
    Success,
    /// The answer is no.
    No,
    /// The input is bad; what and where has been said.
    BadInput,
}

fn main() -> ExitCode {
    let named = config::Named::here();
    let (command, faults) = match config::with_file(Cli::command(), &named) {
        Ok(command) => (command, Vec::new()),
        Err(faults) if config::stops_at_faults(std::env::args_os()) => {
            config::say(&faults);
            return ExitCode::from(2);
        }
        Err(faults) => (config::without_file(Cli::command()), faults),
    };
    let matches = command.try_get_matches().unwrap_or_else(|e| {
        // What is missing may stand in the file that could not be read.
        if e.kind() == clap::error::ErrorKind::MissingRequiredArgument && !faults.is_empty() {
            config::say(&faults);
        }
        e.exit()
    });
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|e| e.exit());
    let result = match cli.command {
        Command::Serve(c) => c.run(),
        Command::Demo(c) => c.run(),
        Command::Places(Places::Import(c)) => c.run(),
        Command::Verify(c) => c.run(),
        Command::Log(Log::Export(c)) => c.run(),
        Command::Audit(c) => c.run(),
        Command::Checkpoint(c) => c.run(),
        Command::Rebuild(c) => c.run(),
        Command::Backup(c) => c.run(),
        Command::Restore(c) => c.run(),
        Command::Account(Account::Add(c)) => c.run(),
        Command::Keys(c) => c.run(),
        Command::Person(c) => c.run(),
        Command::Form(c) => c.run(),
        Command::Plan(c) => c.run(),
        Command::Rank(c) => c.run(),
        Command::Draw(c) => c.run(),
        Command::Doctor(c) => c.run(Cli::command(), &named),
        Command::Config(c) => c.run(Cli::command(), &named),
        Command::Account(Account::Close(c)) => c.close(),
        Command::Account(Account::Reset(c)) => c.run(),
        Command::Account(Account::List(c)) => c.run(),
        Command::Openapi => {
            println!("{:#}", server::openapi_document());
            Ok(End::Success)
        }
    };
    match result {
        Ok(End::Success) => ExitCode::SUCCESS,
        Ok(End::No) => ExitCode::from(1),
        Ok(End::BadInput) => ExitCode::from(2),
        Err(e) => {
            eprintln!("qianwan: {e:#}");
            ExitCode::from(2)
        }
    }
}
