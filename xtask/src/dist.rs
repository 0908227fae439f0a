//! What is handed out: the release binary, its check sum, its size, and the licences of everything in it.

use std::{fmt::Write, fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::tidy::{Packages, expression_allowed};

/// Builds and writes into `target/dist`; false where a licence is not accepted.
pub fn run(root: &Path) -> Result<bool> {
    for app in ["console", "field"] {
        ensure!(root.join(app).join("dist").is_dir(), "{app}/dist is missing: run ./dev setup and ./dev build first");
    }
    println!("building the release binary (some minutes)");
    let status =
        Command::new("cargo").args(["build", "--release", "--locked", "--package", "qianwan"]).current_dir(root).status()?;
    ensure!(status.success(), "the release build failed");

    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), Into::into);
    let dist = target.join("dist");
    fs::create_dir_all(&dist).context("cannot make target/dist")?;
    fs::copy(target.join("release/qianwan"), dist.join("qianwan")).context("cannot copy the binary")?;

    let (licences, refused) = licences(root)?;
    fs::write(dist.join("LICENCES.md"), licences)?;
    fs::copy(root.join("LICENSE"), dist.join("LICENSE"))?;

    let mut sums = String::new();
    for name in ["LICENCES.md", "LICENSE", "qianwan"] {
        let bytes = fs::read(dist.join(name))?;
        let _ = writeln!(sums, "{}  {name}", hex::encode(Sha256::digest(&bytes)));
        println!("{name}: {:.1} MB", bytes.len() as f64 / 1e6);
    }
    fs::write(dist.join("SHA256SUMS"), &sums)?;
    print!("{sums}");
    for name in &refused {
        println!("not accepted: {name}");
    }
    Ok(refused.is_empty())
}

/// A page with all licences, and what is not accepted.
fn licences(root: &Path) -> Result<(String, Vec<String>)> {
    let mut rows: Vec<(String, String)> =
        Packages::read(root)?.0.into_iter().filter(|p| p.shipped).map(|p| (p.name, p.licence)).collect();
    for app in ["console", "field"] {
        rows.extend(shipped_by(&root.join(app))?);
    }
    rows.sort();
    rows.dedup();
    let mut page = String::from("# Licences of what the binary contains\n\n| package | licence |\n|---|---|\n");
    for (name, licence) in &rows {
        let _ = writeln!(page, "| {name} | {licence} |");
    }
    let refused = rows.into_iter().filter(|(_, licence)| !expression_allowed(licence)).map(|(name, _)| name).collect();
    Ok((page, refused))
}

/// Packages of a front end that are not for development only.
fn shipped_by(app: &Path) -> Result<Vec<(String, String)>> {
    let text = fs::read_to_string(app.join("package-lock.json")).with_context(|| format!("no lock file in {}", app.display()))?;
    let whole: serde_json::Value = serde_json::from_str(&text)?;
    let packages = whole["packages"].as_object().context("a lock file without packages")?;
    let shipped = packages.iter().filter(|(path, p)| path.contains("node_modules/") && p["dev"] != true);
    let word = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
    Ok(shipped
        .map(|(path, p)| {
            (format!("{} {}", path.rsplit("node_modules/").next().unwrap_or(path), word(&p["version"])), word(&p["license"]))
        })
        .collect())
}
