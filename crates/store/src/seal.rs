//! Secrets at rest that must be read again: sealed with a key that lies beside the database, not in it.
//!
//! XChaCha20-Poly1305 with a random nonce in front. What it belongs to is bound in, so that a sealed secret copied to
//! another account does not open there.

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use chacha20poly1305::{
    Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};

use crate::sql::{Result, StoreError};

/// The key file in the data directory: 32 bytes, hexadecimal, readable by its owner only.
pub(crate) const FILE: &str = "accounts.key";
const NONCE: usize = 24;

fn cipher(dir: &Path) -> Result<XChaCha20Poly1305> {
    let path = dir.join(FILE);
    if !path.exists() {
        make_key(dir, &path)?;
    }
    let text = fs::read_to_string(&path).map_err(StoreError::io(path.display().to_string()))?;
    let key: [u8; 32] = hex::decode(text.trim())
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| StoreError::Stored(format!("{}: not a key of 32 bytes", path.display())))?;
    Ok(XChaCha20Poly1305::new(&Key::from(key)))
}

/// Written aside and linked into place, so that two at once agree and half a key is never seen.
fn make_key(dir: &Path, path: &Path) -> Result<()> {
    let told = || StoreError::io(path.display().to_string());
    let mut mark = [0; 8];
    fill(&mut mark)?;
    let aside = dir.join(format!("{FILE}.{}", hex::encode(mark)));
    let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&aside).map_err(told())?;
    let mut key = [0; 32];
    fill(&mut key)?;
    let written = file.write_all(hex::encode(key).as_bytes()).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| match fs::hard_link(&aside, path) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => Err(e),
        _ => Ok(()),
    });
    let _ = fs::remove_file(&aside);
    linked.map_err(told())
}

pub(crate) fn fill(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|e| StoreError::Bad(format!("no randomness: {e}")))
}

/// Seals a secret for its owner.
pub(crate) fn seal(dir: &Path, owner: &str, secret: &[u8]) -> Result<Vec<u8>> {
    let mut nonce = [0; NONCE];
    fill(&mut nonce)?;
    let payload = Payload { msg: secret, aad: owner.as_bytes() };
    let sealed = cipher(dir)?.encrypt(&XNonce::from(nonce), payload);
    let sealed = sealed.map_err(|_| StoreError::Bad("sealing failed".into()))?;
    Ok([&nonce[..], &sealed].concat())
}

/// Opens what was sealed for this owner with this installation's key.
pub(crate) fn open(dir: &Path, owner: &str, sealed: &[u8]) -> Result<Vec<u8>> {
    let wrong = || StoreError::Stored(format!("a sealed secret does not open with {FILE}"));
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>().ok_or_else(wrong)?;
    let payload = Payload { msg: sealed, aad: owner.as_bytes() };
    cipher(dir)?.decrypt(&XNonce::from(*nonce), payload).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_for_its_owner_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let sealed = seal(dir.path(), "a", b"secret").expect("sealed");
        assert_eq!(open(dir.path(), "a", &sealed).expect("opened"), b"secret");
        assert_ne!(sealed, seal(dir.path(), "a", b"secret").expect("sealed"), "never twice alike");
        assert!(open(dir.path(), "b", &sealed).is_err(), "another's");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(dir.path(), "a", &changed).is_err(), "byte {at}");
        }
        assert!(open(dir.path(), "a", b"short").is_err());
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(dir.path().join(FILE)).expect("there").permissions());
        assert_eq!(mode & 0o777, 0o600);
        fs::remove_file(dir.path().join(FILE)).expect("removed");
        assert!(open(dir.path(), "a", &sealed).is_err(), "another key");
    }
}
