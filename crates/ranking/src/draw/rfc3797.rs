//! RFC 3797 (Eastlake, "Publicly Verifiable Nominations Committee (NomCom) Random Selection", 2004).
//!
//! Known limits: MD5; at most 65,536 picks; each pick depends on those before it, so that one unit cannot check itself alone.

use md5::{Digest, Md5};

use super::DrawRefusal;

/// The key string: each source's values ascending, each followed by a full stop, each source closed by a slash (section 4.1).
pub fn key(sources: &[Vec<u64>]) -> String {
    let mut out = String::new();
    for source in sources {
        let mut values = source.clone();
        values.sort_unstable();
        for value in values {
            out.push_str(&format!("{value}."));
        }
        out.push('/');
    }
    out
}

/// The digest of pick `index`: MD5(be16(index) · key · be16(index)).
pub fn digest(key: &str, index: u16) -> [u8; 16] {
    Md5::new().chain_update(index.to_be_bytes()).chain_update(key).chain_update(index.to_be_bytes()).finalize().into()
}

/// Picks `wanted` of a pool numbered 1 to `pool`, in the order of the picks: digest modulo what remains, then the gap closes.
pub fn select(key: &str, pool: u32, wanted: u32) -> Result<Vec<u32>, DrawRefusal> {
    if wanted > pool || wanted > 65_536 || pool == 0 {
        return Err(DrawRefusal::PoolOutOfRange { pool: u64::from(pool), wanted: u64::from(wanted) });
    }
    let mut left: Vec<u32> = (1..=pool).collect();
    let pick = |index: u32| {
        let number = u128::from_be_bytes(digest(key, index as u16));
        left.remove((number % left.len() as u128) as usize)
    };
    Ok((0..wanted).map(pick).collect())
}

/// Bits of entropy needed to draw `wanted` of `pool`: ⌈log2 C(pool, wanted)⌉ (section 3.3).
pub fn entropy_bits(pool: u32, wanted: u32) -> Result<u32, DrawRefusal> {
    if wanted > pool {
        return Err(DrawRefusal::PoolOutOfRange { pool: u64::from(pool), wanted: u64::from(wanted) });
    }
    let bits: f64 = (0..wanted).map(|i| (f64::from(pool - i) / f64::from(wanted - i)).log2()).sum();
    Ok((bits - 1e-9).ceil().max(0.0) as u32)
}
