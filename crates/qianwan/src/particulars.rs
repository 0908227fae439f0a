//! `keys list|rotate|reseal` and `person export`: particulars of private persons, for whoever has the machine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use domain::{
    Command, ViewId,
    basics::{PersonId, Text},
    persons::{self, PersonState},
};
use serde_json::json;
use server::wording::{Language, both, text_or};
use store::{Outcome, Store};

use crate::{Data, End, data};

/// Keys that seal particulars.
#[derive(Subcommand)]
pub enum Keys {
    /// List the keys: when made, how many rows each opens, and which are missing
    List(List),
    /// Add a key that seals from now on; a running server takes it up by itself
    Rotate(Place),
    /// Seal everything anew with the newest key; may be stopped and begun again, beside a running server
    Reseal(Place),
}

/// `qianwan keys list`.
#[derive(Args)]
pub struct List {
    #[command(flatten)]
    data: Data,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Where the data are.
#[derive(Args)]
pub struct Place {
    #[command(flatten)]
    data: Data,
}

impl Keys {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        match self {
            Keys::List(list) => list.run(),
            Keys::Rotate(place) => {
                let store = place.data.open_beside()?;
                println!("{}", store.particulars().rotate(data::now_ms())?);
                eprintln!("{}", both("cli.keys_rotated", &[("file", store.particulars().key_file().display().to_string())]));
                Ok(End::Success)
            }
            Keys::Reseal(place) => {
                let store = place.data.open_beside()?;
                let old = store.particulars().keys()?.iter().filter(|k| !k.newest).map(|k| k.rows).sum();
                let bar = data::bar(old, "reseal");
                let done = store.particulars().reseal(&mut |n| {
                    bar.set_position(n);
                    true
                })?;
                bar.finish_and_clear();
                println!("{done}");
                Ok(End::Success)
            }
        }
    }
}

impl List {
    fn run(self) -> Result<End> {
        let store = self.data.open_beside()?;
        let keys = store.particulars().keys()?;
        if self.json {
            println!("{}", json!(keys));
        } else {
            for key in &keys {
                let word = match (key.there, key.newest) {
                    (false, _) => "missing",
                    (true, true) => "seals",
                    (true, false) => "opens",
                };
                println!("{}\t{word}\t{}", key.id, key.rows);
            }
        }
        if keys.iter().all(|k| k.there) {
            return Ok(End::Success);
        }
        missing(&store);
        Ok(End::No)
    }
}

/// Private persons.
#[derive(Subcommand)]
pub enum Person {
    /// All that is held about one person, as JSON
    Export(Export),
}

/// `qianwan person export`.
#[derive(Args)]
pub struct Export {
    #[command(flatten)]
    data: Data,
    /// Id of the person
    #[arg(long)]
    person: PersonId,
    /// Why, in at least four words; recorded before anything is written
    #[arg(long)]
    reason: String,
    /// Where to; standard output without it
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Person {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        let Person::Export(Export { data, person, reason, out }) = self;
        let reason = Text::new(&reason).map_err(|e| anyhow!("--reason: {e}"))?;
        let installation = data.open_existing_or_ask()?;
        let nobody = || {
            eprintln!("{}", both("cli.no_person", &[("person", person.to_string())]));
            Ok(End::No)
        };
        let Some(domain::Row::Persons(row)) = installation.store.row(ViewId::Persons, &person.key())? else { return nobody() };
        // Of somebody who was erased nothing is left to be unmasked.
        if row.state == PersonState::Held {
            let unmask = Command::Persons(persons::Command::Unmask { person, reason });
            match installation.import(unmask)?.outcome {
                Outcome::Accepted { .. } => {}
                Outcome::Refused { code, args, english } => {
                    for language in [Language::Chinese, Language::English] {
                        eprintln!("{}", text_or(language, &format!("error.{code}.detail"), &args, &english));
                    }
                    return Ok(End::BadInput);
                }
                Outcome::Forbidden | Outcome::IdReused => return nobody(),
            }
        }
        let Some(held) = server::held_about(&installation.store, person, data::now_ms())? else { return nobody() };
        let text = format!("{held:#}\n");
        match &out {
            Some(out) => data::write_private(out, text.as_bytes()).with_context(|| out.display().to_string())?,
            None => print!("{text}"),
        }
        Ok(End::Success)
    }
}

/// Says with a backup what is kept apart from it.
pub fn kept_apart(store: &Store) -> Result<()> {
    if store.particulars().count()? == 0 {
        return Ok(());
    }
    match store.particulars().keys()?.iter().all(|k| k.there) {
        true => eprintln!("{}", both("cli.keys_apart", &[("dir", store.dir().display().to_string())])),
        false => missing(store),
    }
    Ok(())
}

fn missing(store: &Store) {
    eprintln!("{}", both("cli.keys_missing", &[("file", store.particulars().key_file().display().to_string())]));
}

/// Puts back after a restore what was kept apart, and says what is not there yet.
pub fn put_back(store: &Store, keys: Option<&Path>, erased: Option<&Path>) -> Result<End> {
    let dir = store.dir().display().to_string();
    let kept = store.particulars();
    kept.put_back(keys, erased).with_context(|| both("cli.not_put_back", &[("dir", dir.clone())]))?;
    if !kept.keys()?.iter().all(|k| k.there) {
        missing(store);
    }
    if kept.unsettled() {
        eprintln!("{}", both("cli.erased_unknown", &[("dir", dir)]));
    }
    Ok(End::Success)
}
