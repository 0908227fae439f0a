//! Bytes that are hashed: length prefixes, seed, tickets, uniform numbers.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use super::DrawRefusal;

/// `lp(a, b, …)`: for each part its length in bytes as a big-endian u32, then the bytes. No two lists of parts collide.
pub fn length_prefixed(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(parts.iter().map(|p| p.len() + 4).sum());
    for part in parts {
        out.extend_from_slice(&(part.len() as u32).to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// SHA-256 (FIPS 180-4).
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// What the organiser publishes of the secret before the beacon: `SHA-256(lp("QW-COMMIT-1", secret))`.
pub fn commitment(secret: &[u8]) -> [u8; 32] {
    sha256(&length_prefixed(&[b"QW-COMMIT-1", secret]))
}

/// Randomness of a drand round: SHA-256 of its signature. That the signature is the network's must be checked elsewhere
/// (a BLS pairing, as the drand tools do).
pub fn drand_randomness(signature: &[u8]) -> [u8; 32] {
    sha256(signature)
}

/// The number in (0, 1) that a ticket stands for: `((u64be(first 8 bytes) >> 11) + 0.5) / 2^53`, exact in a double but for
/// the rounding of that sum.
pub fn uniform_of(ticket: &[u8; 32]) -> f64 {
    let mut head = [0; 8];
    head.copy_from_slice(&ticket[..8]);
    ((u64::from_be_bytes(head) >> 11) as f64 + 0.5) / 9_007_199_254_740_992.0
}

/// The seed of a draw, with the keyed hash ready for use.
#[derive(Clone)]
pub struct Seed {
    bytes: [u8; 32],
    keyed: Hmac<Sha256>,
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Whoever holds the seed knows the list: it does not slip into logs.
        f.write_str("Seed(…)")
    }
}

impl Seed {
    /// `SHA-256(lp("QW-DRAW-1", draw id, frame hash, plan hash, secret, beacon…))`.
    pub fn of(draw_id: &str, frame_hash: &[u8; 32], plan_hash: &[u8; 32], secret: &[u8], beacons: &[Vec<u8>]) -> Seed {
        let mut parts: Vec<&[u8]> = vec![b"QW-DRAW-1", draw_id.as_bytes(), frame_hash, plan_hash, secret];
        parts.extend(beacons.iter().map(Vec::as_slice));
        Seed::from_bytes(sha256(&length_prefixed(&parts)))
    }

    /// A seed that was published.
    pub fn from_bytes(bytes: [u8; 32]) -> Seed {
        let keyed = Hmac::<Sha256>::new_from_slice(&bytes).expect("HMAC takes keys of any length");
        Seed { bytes, keyed }
    }

    /// The 32 bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// `HMAC-SHA-256(seed, lp(label, message))` (RFC 2104).
    pub fn ticket(&self, label: &str, message: &[u8]) -> [u8; 32] {
        let mut mac = self.keyed.clone();
        for part in [label.as_bytes(), message] {
            mac.update(&(part.len() as u32).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The `k`-th number in (0, 1) under a label: [`uniform_of`] the ticket of be32(k).
    pub fn uniform(&self, label: &str, k: u32) -> f64 {
        uniform_of(&self.ticket(label, &k.to_be_bytes()))
    }

    /// A uniform integer below `m`, without bias: 256-bit numbers of k = 0, 1, … under the label, those at or above the
    /// largest multiple of `m` passed over, the first other one modulo `m`. `m` of 0 is refused as an empty frame.
    pub fn below(&self, label: &str, m: u64) -> Result<u64, DrawRefusal> {
        if m == 0 {
            return Err(DrawRefusal::FrameEmpty {});
        }
        let wide = u128::from(m);
        // 2^256 mod m, from (2^64 mod m)^4.
        let once = (1_u128 << 64) % wide;
        let excess = (0..3).fold(once, |power, _| power * once % wide);
        let mut k = 0_u32;
        loop {
            let digest = self.ticket(label, &k.to_be_bytes());
            let limbs = digest.chunks_exact(8).map(|c| c.iter().fold(0_u64, |sum, b| sum << 8 | u64::from(*b)));
            let limbs: Vec<u64> = limbs.collect();
            // value >= 2^256 - excess exactly when value + excess overflows.
            let (mut carry, mut all_ones_above) = (excess as u64, excess >> 64 == 0);
            for limb in limbs.iter().rev() {
                let (_, over) = limb.overflowing_add(carry);
                carry = u64::from(over);
            }
            all_ones_above &= carry == 1;
            if !all_ones_above {
                return Ok(limbs.iter().fold(0_u128, |rest, limb| ((rest << 64) | u128::from(*limb)) % wide) as u64);
            }
            k += 1;
        }
    }
}
