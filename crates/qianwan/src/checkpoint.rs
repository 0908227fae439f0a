//! `checkpoint print`, `checkpoint verify`, `checkpoint key`; and making them.

use std::{
    fs::{self, File},
    io::BufReader,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use domain::basics::Day;
use facts::{ChainFileReader, ChainId, SignerKey, VerifierKey};
use server::{App, wording::both};
use store::Store;

use crate::{Data, End, data};

/// `qianwan checkpoint`.
#[derive(Subcommand)]
pub enum Checkpoint {
    /// Print the latest signed note of a chain, or of all
    Print(Print),
    /// Check that an installation, or an exported chain, still contains what a note says
    Verify(Verify),
    /// Print the key that checks notes of this installation
    Key(Key),
}

impl Checkpoint {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        match self {
            Checkpoint::Print(c) => c.run(),
            Checkpoint::Verify(c) => c.run(),
            Checkpoint::Key(c) => c.run(),
        }
    }
}

/// `qianwan checkpoint print`.
#[derive(Args)]
pub struct Print {
    #[command(flatten)]
    data: Data,
    /// Which chain, such as 330523/audit
    #[arg(long)]
    chain: Option<ChainId>,
}

impl Print {
    fn run(self) -> Result<End> {
        let store = self.data.open_beside()?;
        let mut printed = false;
        for head in store.heads()?.into_iter().filter(|h| self.chain.is_none_or(|chain| chain == h.chain)) {
            if let Some((_, _, note)) = store.checkpoints(head.chain)?.into_iter().next() {
                print!("{}{note}", if printed { "\n" } else { "" });
                printed = true;
            }
        }
        if !printed {
            let chain = self.chain.map_or_else(|| self.data.data.display().to_string(), |c| c.to_string());
            eprintln!("{}", both("cli.no_checkpoint", &[("chain", chain)]));
        }
        Ok(if printed { End::Success } else { End::No })
    }
}

/// `qianwan checkpoint key`.
#[derive(Args)]
pub struct Key {
    #[command(flatten)]
    data: Data,
}

impl Key {
    fn run(self) -> Result<End> {
        self.data.must_exist()?;
        println!("{}", data::signer(&self.data.data)?.verifier());
        Ok(End::Success)
    }
}

/// `qianwan checkpoint verify`.
#[derive(Args)]
pub struct Verify {
    /// File with the signed note, as it was sent or typed off a printed page
    #[arg(long)]
    note: PathBuf,
    /// Directory of an installation
    #[arg(long, env = "QIANWAN_DATA", required_unless_present = "exported", conflicts_with = "exported")]
    data: Option<PathBuf>,
    /// postgres://… instead of SQLite in the directory
    #[arg(long, env = "QIANWAN_DATABASE")]
    database: Option<String>,
    /// An exported chain file instead of an installation
    #[arg(long, requires = "key")]
    exported: Option<PathBuf>,
    /// Key to trust, `name+id+key`; that of the installation is trusted where its directory is given
    #[arg(long)]
    key: Vec<VerifierKey>,
}

impl Verify {
    fn run(mut self) -> Result<End> {
        let note = fs::read_to_string(&self.note).with_context(|| self.note.display().to_string())?;
        if let Some(dir) = self.data.as_ref().filter(|dir| dir.join("keys.json").exists()) {
            self.key.push(data::signer(dir)?.verifier());
        }
        let checkpoint = match facts::open(&note, &self.key) {
            Ok(checkpoint) => checkpoint,
            Err(e) => {
                println!("{}", both("cli.broken", &[("what", e.to_string())]));
                return Ok(End::No);
            }
        };
        let (chain, size) = (checkpoint.origin.chain(), checkpoint.size);
        let found: Result<u64, (u64, String)> = match (&self.data, &self.exported) {
            (Some(dir), _) => {
                let place = Data { data: dir.clone(), database: self.database.clone(), suite: "sha256".into() };
                place.open_beside()?.verify_checkpoint(&checkpoint)?.map_err(|broken| (broken.seq(), broken.to_string()))
            }
            (None, Some(file)) => in_file(file, &self.key, &note, size)?,
            (None, None) => return Err(anyhow!("--data or --exported")),
        };
        Ok(match found {
            Ok(later) => {
                let args = [("chain", chain.to_string()), ("size", size.to_string()), ("later", later.to_string())];
                println!("{}", both("cli.note_holds", &args));
                End::Success
            }
            Err((at, what)) => {
                println!("{}", both("cli.note_broken", &[("chain", chain.to_string()), ("at", at.to_string()), ("what", what)]));
                End::No
            }
        })
    }
}

/// How many facts came after the note, or the first that does not hold.
fn in_file(path: &Path, keys: &[VerifierKey], note: &str, size: u64) -> Result<Result<u64, (u64, String)>> {
    let mut reader = BufReader::new(File::open(path).with_context(|| path.display().to_string())?);
    let gzip = std::io::BufRead::fill_buf(&mut reader)?.starts_with(&[0x1f, 0x8b]);
    let reader: Box<dyn std::io::Read> =
        if gzip { Box::new(flate2::bufread::MultiGzDecoder::new(reader)) } else { Box::new(reader) };
    let mut last = 0;
    let checked = || -> Result<u64, facts::ChainFileError> {
        let mut chain = ChainFileReader::open(BufReader::new(reader), keys)?;
        chain.expect(note)?;
        while let Some(fact) = chain.next_fact()? {
            last = fact.seq;
        }
        Ok(chain.finish()?.facts)
    };
    Ok(checked().map(|facts| facts.saturating_sub(size)).map_err(|e| (last + 1, e.to_string())))
}

/// Signs the heads of chains that have grown, writes each note into the directory where there is one, and notes that it was done.
pub fn make(app: &Arc<App>, store: &Store, key: &SignerKey, dir: Option<&Path>) -> Result<()> {
    let now = data::now_ms();
    let notes = store.make_checkpoints(&data::installation(key), key, now)?;
    if notes.is_empty() {
        return Ok(());
    }
    // First into the directory: what is noted as made can be picked up.
    if let Some(dir) = dir {
        fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
        for note in &notes {
            let made = facts::open(note, &[key.verifier()])?;
            let (chain, day) = (made.origin.chain().to_string().replace('/', "-"), Day::of_ms(now));
            let path = dir.join(format!("{day}-{chain}-{}.note", made.size));
            let partial = path.with_extension("part");
            fs::write(&partial, note).with_context(|| partial.display().to_string())?;
            fs::rename(&partial, &path).with_context(|| path.display().to_string())?;
        }
    }
    server::checkpoints_made(app, notes.len() as u64)?;
    Ok(())
}
