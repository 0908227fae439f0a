//! `verify`, `log export`, `rebuild`.

use std::{
    fs::File,
    io::{BufReader, BufWriter, Read, Write},
    path::PathBuf,
};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use domain::ViewId;
use facts::{ChainId, ChainName, VerifierKey};
use serde_json::json;
use server::wording::both;

use crate::{Data, End, data};

/// `qianwan verify`.
#[derive(Args)]
pub struct Verify {
    /// Directory of an installation
    #[arg(long, env = "QIANWAN_DATA", conflicts_with = "chain")]
    data: Option<PathBuf>,
    /// postgres://… instead of SQLite in the directory
    #[arg(long, env = "QIANWAN_DATABASE", hide_env_values = true)]
    database: Option<String>,
    /// An exported chain file (plain or gzip); no database is needed
    #[arg(long)]
    chain: Option<PathBuf>,
    /// Key to trust for checkpoints, `name+id+key`; may be given several times
    #[arg(long)]
    key: Vec<String>,
    /// A checkpoint that was kept elsewhere: the chain must still contain it
    #[arg(long, requires = "chain")]
    kept: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

impl Verify {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        let keys = self
            .key
            .iter()
            .map(|k| k.parse::<VerifierKey>().map_err(|e| anyhow!("--key {k}: {e}")))
            .collect::<Result<Vec<_>>>()?;
        match (&self.chain, &self.data) {
            (Some(file), _) => self.chain_file(file, &keys),
            (None, Some(dir)) => self.installation(dir.clone(), keys),
            (None, None) => bail!(both("cli.data_or_chain", &[])),
        }
    }

    fn chain_file(&self, path: &PathBuf, keys: &[VerifierKey]) -> Result<End> {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        let mut reader = BufReader::new(file);
        let gzip = std::io::BufRead::fill_buf(&mut reader)?.starts_with(&[0x1f, 0x8b]);
        let reader: Box<dyn Read> = if gzip { Box::new(flate2::bufread::MultiGzDecoder::new(reader)) } else { Box::new(reader) };
        let kept = self.kept.as_ref().map(std::fs::read_to_string).transpose().context("--kept")?;
        let checked = || -> Result<facts::Report, facts::ChainFileError> {
            let mut chain = facts::ChainFileReader::open(BufReader::new(reader), keys)?;
            if let Some(note) = &kept {
                chain.expect(note)?;
            }
            while chain.next_fact()?.is_some() {}
            chain.finish()
        };
        match checked() {
            Ok(report) => {
                if self.json {
                    println!("{}", serde_json::to_string(&report)?);
                } else {
                    println!("{}", holds(&report.chain, report.facts, report.checkpoints.len() as u64));
                }
                Ok(End::Success)
            }
            Err(e) => {
                if self.json {
                    println!("{}", json!({ "broken": e.to_string(), "code": e.code() }));
                } else {
                    println!("{}", both("cli.broken", &[("what", e.to_string())]));
                }
                Ok(End::No)
            }
        }
    }

    fn installation(&self, dir: PathBuf, mut keys: Vec<VerifierKey>) -> Result<End> {
        let place = Data { data: dir.clone(), database: self.database.clone(), suite: "sha256".into() };
        let store = place.open_beside()?;
        if dir.join("keys.json").exists() {
            keys.push(data::signer(&dir)?.verifier());
        }
        let bar = data::bar(store.positions().facts(), "verify");
        let report = store.verify(&keys, &mut |n| bar.set_position(n))?;
        bar.finish_and_clear();
        if self.json {
            println!("{}", serde_json::to_string(&report)?);
        } else {
            for chain in &report.chains {
                match &chain.broken {
                    None => println!("{}", holds(&chain.chain, chain.facts, chain.checkpoints)),
                    Some(broken) => {
                        println!("{}", both("cli.chain_broken", &[("chain", chain.chain.to_string()), ("what", broken.clone())]))
                    }
                }
            }
        }
        Ok(if report.holds() { End::Success } else { End::No })
    }
}

fn holds(chain: &ChainId, facts: u64, checkpoints: u64) -> String {
    both(
        "cli.chain_holds",
        &[("chain", chain.to_string()), ("facts", facts.to_string()), ("checkpoints", checkpoints.to_string())],
    )
}

/// `qianwan log export`.
#[derive(Args)]
pub struct Export {
    #[command(flatten)]
    data: Data,
    /// Which chain, such as 330523/main; the only one where there is only one
    #[arg(long)]
    chain: Option<String>,
    /// Where to; gzip if it ends in .gz
    #[arg(long)]
    out: PathBuf,
}

impl Export {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        let installation = self.data.open_existing_or_ask()?;
        let store = &installation.store;
        let heads = store.heads()?;
        let chain: ChainId = match &self.chain {
            Some(name) => name.parse().map_err(|e| anyhow!("--chain {name}: {e}"))?,
            // The programme's; the audit beside it has to be named.
            None => match heads.iter().filter(|h| h.chain.name == ChainName::Main).collect::<Vec<_>>().as_slice() {
                [only] => only.chain,
                _ => {
                    let names: Vec<String> = heads.iter().map(|h| h.chain.to_string()).collect();
                    bail!(both("cli.say_chain", &[("chains", names.join(", "))]));
                }
            },
        };
        let key = data::signer(&self.data.data)?;
        let demo = store.setting("demo")?.is_some();
        let facts = heads.iter().find(|h| h.chain == chain).map_or(0, |h| h.size);
        installation.note_export(chain, facts, "chain")?;
        let partial = self.out.with_extension("part");
        let file = BufWriter::new(File::create(&partial).with_context(|| partial.display().to_string())?);
        let gzip = self.out.extension().is_some_and(|e| e == "gz");
        let name = data::installation(&key);
        let now = data::now_ms();
        let size = if gzip {
            let mut out = flate2::write::GzEncoder::new(file, flate2::Compression::default());
            let size = store.export_chain(chain, &name, demo, &key, now, &mut out)?;
            out.finish()?.flush()?;
            size
        } else {
            let mut out = file;
            let size = store.export_chain(chain, &name, demo, &key, now, &mut out)?;
            out.flush()?;
            size
        };
        std::fs::rename(&partial, &self.out)?;
        eprintln!("{chain}: {size} → {}", self.out.display());
        eprintln!("{}", both("cli.verify_with", &[("key", key.verifier().to_string())]));
        Ok(End::Success)
    }
}

/// `qianwan rebuild`.
#[derive(Args)]
pub struct Rebuild {
    #[command(flatten)]
    data: Data,
    /// Which views; all where none is named
    views: Vec<String>,
}

impl Rebuild {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        let known = || ViewId::ALL.iter().map(|v| v.name()).collect::<Vec<_>>().join(", ");
        let views = match self.views.as_slice() {
            [] => ViewId::ALL.to_vec(),
            names => names
                .iter()
                .map(|n| {
                    ViewId::from_name(n).ok_or_else(|| anyhow!(both("cli.no_view", &[("view", n.clone()), ("views", known())])))
                })
                .collect::<Result<Vec<_>>>()?,
        };
        let installation = self.data.open_existing_or_ask()?;
        for view in views {
            let total = installation.store.heads()?.iter().map(|h| h.size).sum();
            let bar = data::bar(total, view.name());
            let facts = installation.rebuild(view, &mut |done| bar.set_position(done))?;
            bar.finish_and_clear();
            println!("{}: {facts}", view.name());
        }
        Ok(End::Success)
    }
}
