//! `keys list|rotate|reseal` and `person export`: particulars of private persons, for whoever has the machine.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use domain::basics::PersonId;
use serde_json::json;
use server::wording::both;

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
        eprintln!("{}", both("cli.keys_missing", &[("file", store.particulars().key_file().display().to_string())]));
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
    /// Where to; standard output without it
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Person {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        let Person::Export(export) = self;
        let store = export.data.open_beside()?;
        let Some(held) = server::held_about(&store, export.person, data::now_ms())? else {
            eprintln!("{}", both("cli.no_person", &[("person", export.person.to_string())]));
            return Ok(End::No);
        };
        let text = format!("{held:#}\n");
        match &export.out {
            Some(out) => data::write_private(out, text.as_bytes()).with_context(|| out.display().to_string())?,
            None => print!("{text}"),
        }
        Ok(End::Success)
    }
}

/// Says after a restore, or with a backup, what is kept apart from it.
pub fn kept_apart(store: &store::Store) -> Result<()> {
    if store.particulars().count()? == 0 {
        return Ok(());
    }
    let dir = store.dir().display().to_string();
    match store.particulars().keys()?.iter().all(|k| k.there) {
        true => eprintln!("{}", both("cli.keys_apart", &[("dir", dir)])),
        false => eprintln!("{}", both("cli.keys_missing", &[("file", store.particulars().key_file().display().to_string())])),
    }
    Ok(())
}
