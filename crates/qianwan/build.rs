//! What was built, and from what. Nothing of when and where: the same source gives the same binary.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=QIANWAN_COMMIT");
    // The release says it; a build from a tree asks git. A development build is not made anew for each commit.
    let commit =
        std::env::var("QIANWAN_COMMIT").ok().filter(|c| !c.is_empty()).or_else(commit).unwrap_or_else(|| "unknown".into());
    println!("cargo:rustc-env=QIANWAN_BUILT_FROM={commit}");
    let of = |name: &str| std::env::var(name).unwrap_or_default();
    println!("cargo:rustc-env=QIANWAN_BUILT_FOR={}", of("TARGET"));
    println!("cargo:rustc-env=QIANWAN_BUILT_AS={}", of("PROFILE"));
}

fn commit() -> Option<String> {
    println!("cargo:rerun-if-changed=build.rs");
    let out = Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]).output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}
