//! What a request costs at the server, with a province loaded.

use std::path::Path;

use anyhow::{Result, bail};

use super::Options;

/// Options: `url` (a server of our own without it), `clients` (16), `seconds` (10), `register` (the file to import first).
pub fn run(_root: &Path, options: &Options) -> Result<bool> {
    let (clients, seconds) = (options.number("clients", 16)?, options.number("seconds", 10)?);
    bail!("not written yet: {clients} clients for {seconds} s")
}
