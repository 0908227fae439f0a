//! Opening an installation, its signing key, progress bars.

use std::{
    fs,
    io::IsTerminal,
    path::Path,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, anyhow};
use facts::SignerKey;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use server::wording::both;
use store::{Location, Store, StoreError, Trouble};

use crate::Data;

impl Data {
    /// Opens the store.
    pub fn open(&self) -> Result<Arc<Store>> {
        Ok(Arc::new(Store::open(&self.location()?).map_err(|e| self.explained(e))?))
    }

    /// Opens a store that another process may be serving: for looking and for accounts, not for commands.
    pub fn open_beside(&self) -> Result<Arc<Store>> {
        self.must_exist()?;
        Ok(Arc::new(Store::open_beside(&self.location()?).map_err(|e| self.explained(e))?))
    }

    /// What is wrong with the ground, in words that say what to do.
    fn explained(&self, error: StoreError) -> anyhow::Error {
        let key = match (&error, error.trouble()) {
            (StoreError::Newer(step), _) => return anyhow!(both("cli.other_version", &[("step", step.to_string())])),
            (StoreError::InUse, _) => "cli.in_use",
            (_, Some(Trouble::Full)) => "cli.trouble_full",
            (_, Some(Trouble::ReadOnly)) => "cli.trouble_read_only",
            (_, Some(Trouble::Away)) => "cli.trouble_away",
            (_, None) => return anyhow::Error::new(error).context(format!("opening {}", self.data.display())),
        };
        let words = both(key, &[("dir", self.data.display().to_string())]);
        anyhow::Error::new(error).context(words)
    }

    /// Several processes may serve one PostgreSQL database; photos and the key that signs checkpoints are in the data
    /// directory, which must then be the same for all of them.
    ///
    /// # Errors
    /// Another directory's key is known in this database.
    pub fn same_directory(&self, store: &Store, key: &SignerKey) -> Result<()> {
        if self.database.is_none() {
            return Ok(());
        }
        let own = key.verifier().to_string();
        match store.setting("checkpoint.key")? {
            None => Ok(store.set_setting("checkpoint.key", &own)?),
            Some(known) if known == own => Ok(()),
            Some(known) => Err(anyhow!(both("cli.other_directory", &[("key", known), ("own", own)]))),
        }
    }

    /// Says so where there is nothing.
    pub fn must_exist(&self) -> Result<()> {
        let there = self.database.is_some() || self.data.join("qianwan.db").exists();
        if there { Ok(()) } else { Err(anyhow!(both("cli.not_installed", &[("dir", self.data.display().to_string())]))) }
    }

    /// Where the data are, for the store.
    pub fn location(&self) -> Result<Location> {
        let suite = self.suite.parse().map_err(|e| anyhow!("--suite: {e}"))?;
        Ok(Location { dir: self.data.clone(), database: self.database.clone(), suite })
    }
}

/// The key that signs checkpoints, beside the database, readable by its owner only.
#[derive(Serialize, Deserialize)]
struct Keys {
    checkpoint_seed: String,
    name: String,
}

/// The installation's name in checkpoints, and its key; made on first use.
pub fn signer(dir: &Path) -> Result<SignerKey> {
    let path = dir.join("keys.json");
    let keys: Keys = match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("reading {}", path.display()))?,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let mut seed = [0_u8; 32];
            getrandom::fill(&mut seed).map_err(|e| anyhow!("no randomness: {e}"))?;
            let mut tail = [0_u8; 4];
            getrandom::fill(&mut tail).map_err(|e| anyhow!("no randomness: {e}"))?;
            let keys = Keys { checkpoint_seed: hex::encode(seed), name: format!("qianwan-{}", hex::encode(tail)) };
            write_private(&path, &serde_json::to_vec_pretty(&keys)?)?;
            keys
        }
        Err(e) => return Err(e).with_context(|| format!("reading {}", path.display())),
    };
    let seed: [u8; 32] =
        hex::decode(&keys.checkpoint_seed)?.try_into().map_err(|_| anyhow!("{}: a seed of the wrong length", path.display()))?;
    SignerKey::from_seed(&keys.name, seed).map_err(|e| anyhow!("{}: {e}", path.display()))
}

/// Writes a file that only its owner may read.
pub fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let mut file = fs::OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("writing {}", path.display()))?;
    file.write_all(content)?;
    file.sync_all()?;
    Ok(())
}

/// Name of the installation in checkpoints.
pub fn installation(key: &SignerKey) -> String {
    key.verifier().name().to_owned()
}

/// The machine's clock, ms since 1970.
pub fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
}

/// A bar on a terminal, nothing elsewhere.
pub fn bar(total: u64, what: &'static str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {elapsed} ETA {eta}") {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}
