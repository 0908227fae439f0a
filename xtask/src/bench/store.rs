//! Durable append, verification and rebuild, against the same program committing one by one.

use std::path::Path;

use anyhow::{Result, bail};

use super::Options;

/// Options: `facts` (1,000,000), `writers` (256), `postgres` (URL; SQLite only without it), `sync-delay-ms` (0).
pub fn run(_root: &Path, options: &Options) -> Result<bool> {
    let (facts, writers) = (options.number("facts", 1_000_000)?, options.number("writers", 256)?);
    bail!("not written yet: {facts} facts by {writers} writers")
}
