//! The certificate that is served with: whether it holds, for how long, for which names, and with its key.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::{Finding, Scene};
use crate::tls;

/// Renewing takes some days in an office.
const WARN_DAYS: i64 = 30;

/// All of it; nothing where something in front does TLS.
pub fn check(scene: &Scene) -> Vec<Finding> {
    let Some(serve) = scene.serve.as_ref().filter(|s| !s.plain && !s.behind_proxy) else { return Vec::new() };
    let hosts = tls::hosts(&serve.host, serve.listen.ip());
    let (certificate, key) = match (&serve.tls_cert, &serve.tls_key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        _ => {
            let (certificate, key) = tls::own_paths(&scene.dir().join("tls"), &hosts);
            // Made with the first start.
            if !certificate.exists() {
                return Vec::new();
            }
            (certificate, key)
        }
    };
    let shown = certificate.display().to_string();
    let unreadable = |why: String| vec![Finding::trouble("certificate-unreadable", vec![("file", shown.clone()), ("why", why)])];
    let chain = match chain(&certificate) {
        Ok(chain) => chain,
        Err(why) => return unreadable(why),
    };
    let Some(Ok((_, first))) = chain.first().map(|der| X509Certificate::from_der(der)) else {
        return unreadable("no certificate in it".into());
    };
    let mut found = valid(&shown, &first, scene.now_ms() / 1000);
    let uncovered: Vec<&str> = serve.host.iter().map(String::as_str).filter(|host| !names(&first, host)).collect();
    if !uncovered.is_empty() {
        found.push(Finding::trouble("certificate-names", vec![("file", shown.clone()), ("names", uncovered.join(", "))]));
    }
    if let Err(why) = fits(&chain, &key) {
        let args = vec![("file", shown), ("key", key.display().to_string()), ("why", why)];
        found.push(Finding::trouble("certificate-key", args));
    }
    found
}

fn chain(path: &PathBuf) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = fs::read(path).map_err(|e| e.to_string())?;
    CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>().map_err(|e| e.to_string())
}

fn valid(shown: &str, certificate: &X509Certificate, now_s: i64) -> Vec<Finding> {
    let (from, until) = (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp());
    let days = (until - now_s).div_euclid(86_400);
    let args = vec![("file", shown.to_owned()), ("days", days.abs().to_string())];
    match () {
        () if now_s < from => vec![Finding::trouble("certificate-early", vec![("file", shown.to_owned())])],
        () if until < now_s => vec![Finding::trouble("certificate-expired", args)],
        () if days < WARN_DAYS => vec![Finding::trouble("certificate-expiring", args)],
        () => Vec::new(),
    }
}

/// Whether a browser that asks for this host is content.
fn names(certificate: &X509Certificate, host: &str) -> bool {
    let Ok(Some(said)) = certificate.subject_alternative_name() else { return false };
    let address: Option<std::net::IpAddr> = host.parse().ok();
    said.value.general_names.iter().any(|name| match (name, address) {
        (GeneralName::IPAddress(bytes), Some(std::net::IpAddr::V4(ip))) => *bytes == ip.octets(),
        (GeneralName::IPAddress(bytes), Some(std::net::IpAddr::V6(ip))) => *bytes == ip.octets(),
        (GeneralName::DNSName(name), None) => covers(name, host),
        _ => false,
    })
}

/// `*.example.org` stands for one word in front.
fn covers(name: &str, host: &str) -> bool {
    name.eq_ignore_ascii_case(host)
        || name.strip_prefix("*.").is_some_and(|rest| host.split_once('.').is_some_and(|(_, of)| of.eq_ignore_ascii_case(rest)))
}

fn fits(chain: &[CertificateDer<'static>], key: &Path) -> Result<(), String> {
    let key = PrivateKeyDer::from_pem_file(key).map_err(|e| e.to_string())?;
    let key = rustls::crypto::ring::sign::any_supported_type(&key).map_err(|e| e.to_string())?;
    CertifiedKey::new(chain.to_vec(), key).keys_match().map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_one_word() {
        for (name, host, good) in [
            ("a.example", "A.example", true),
            ("*.example", "a.example", true),
            ("*.example", "a.b.example", false),
            ("*.example", "example", false),
            ("a.example", "b.example", false),
        ] {
            assert_eq!(covers(name, host), good, "{name} for {host}");
        }
    }
}
