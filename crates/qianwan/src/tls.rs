//! TLS of its own: a given certificate, or one signed by an authority made here, whose root people install once.

use std::{
    fs,
    net::IpAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use axum_server::tls_rustls::RustlsConfig;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};

use crate::data::write_private;

/// Certificate and key to serve with.
pub async fn config(dir: &Path, given: Option<(PathBuf, PathBuf)>, hosts: &[String]) -> Result<RustlsConfig> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (certificate, key) = match given {
        Some(pair) => pair,
        None => own(&dir.join("tls"), hosts)?,
    };
    RustlsConfig::from_pem_file(&certificate, &key)
        .await
        .with_context(|| format!("reading {} and {}", certificate.display(), key.display()))
}

/// Made on first use: an authority for twenty years, a server certificate of ten for the given names.
fn own(dir: &Path, hosts: &[String]) -> Result<(PathBuf, PathBuf)> {
    fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
    let (root, root_key) = (dir.join("root.pem"), dir.join("root.key"));
    let (server, server_key) = own_paths(dir, hosts);
    let mut authority = CertificateParams::new(Vec::<String>::new())?;
    authority.distinguished_name = named("Qianwan local authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.not_before = date_time_ymd(2026, 1, 1);
    authority.not_after = date_time_ymd(2046, 1, 1);
    let authority_key = if root_key.exists() {
        KeyPair::from_pem(&fs::read_to_string(&root_key)?)?
    } else {
        let key = KeyPair::generate()?;
        write_private(&root_key, key.serialize_pem().as_bytes())?;
        fs::write(&root, authority.self_signed(&key)?.pem())?;
        key
    };
    if !server.exists() {
        let mut params = CertificateParams::new(hosts.to_vec())?;
        params.distinguished_name = named(hosts.first().map_or("localhost", String::as_str));
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2036, 1, 1);
        let key = KeyPair::generate()?;
        let issuer = Issuer::new(authority, authority_key);
        let certificate = params.signed_by(&key, &issuer)?;
        let _ = fs::remove_file(&server_key);
        write_private(&server_key, key.serialize_pem().as_bytes())?;
        fs::write(&server, certificate.pem())?;
    }
    Ok((server, server_key))
}

/// Where certificate and key for these names lie.
pub fn own_paths(dir: &Path, hosts: &[String]) -> (PathBuf, PathBuf) {
    let names = hosts.join("+").replace(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-' && c != '+', "_");
    (dir.join(format!("{names}.pem")), dir.join(format!("{names}.key")))
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Names by which the server is reached: what was said, and the address it listens on.
pub fn hosts(said: &[String], listen: IpAddr) -> Vec<String> {
    let mut hosts = said.to_vec();
    if hosts.is_empty() {
        hosts.push("localhost".into());
        if !listen.is_unspecified() {
            hosts.push(listen.to_string());
        }
    }
    hosts
}
