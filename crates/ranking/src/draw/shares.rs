//! Shares of the secret: any k of n recover it, fewer say nothing about it.
//!
//! Shamir, "How to share a secret", Communications of the ACM 22 (1979) 612–613, for each byte over GF(2^8) with the
//! polynomial x^8 + x^4 + x^3 + x + 1 (FIPS 197, section 4). Fresh random bytes for the coefficients are handed in.

use subtle::{ConditionallySelectable, ConstantTimeEq};

use super::{DrawRefusal, commitment, length_prefixed, sha256};

/// One holder's share.
#[derive(Clone, PartialEq, Eq)]
pub struct Share {
    /// Where the polynomials were evaluated, 1 to 255.
    pub number: u8,
    /// One byte for each byte of the secret.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Share({}, …)", self.number)
    }
}

impl Share {
    /// What is published of a share when it is handed out, so that a forged one is recognised:
    /// `SHA-256(lp("QW-SHARE-1", number, bytes))`.
    pub fn digest(&self) -> [u8; 32] {
        sha256(&length_prefixed(&[b"QW-SHARE-1", &[self.number], &self.bytes]))
    }
}

/// Product in GF(2^8), without branches or tables that depend on the factors.
fn times(a: u8, b: u8) -> u8 {
    let (mut a, mut product) = (a, 0_u8);
    for bit in 0..8 {
        product ^= u8::conditional_select(&0, &a, ((b >> bit) & 1).ct_eq(&1));
        let over = (a >> 7).ct_eq(&1);
        a = (a << 1) ^ u8::conditional_select(&0, &0x1b, over);
    }
    product
}

/// The inverse of a number other than 0: a^254.
fn inverse(a: u8) -> u8 {
    let square = |v: u8| times(v, v);
    // 254 = 2 + 4 + 8 + 16 + 32 + 64 + 128.
    let mut power = square(a);
    let mut product = power;
    for _ in 0..6 {
        power = square(power);
        product = times(product, power);
    }
    product
}

/// Splits a secret: `fresh` holds `(threshold − 1) · secret.len()` random bytes that are used nowhere else.
pub fn split(secret: &[u8], threshold: u8, count: u8, fresh: &[u8]) -> Result<Vec<Share>, DrawRefusal> {
    if threshold < 2 || count < threshold {
        return Err(DrawRefusal::ShareNumbers { threshold, count });
    }
    let needed = usize::from(threshold - 1) * secret.len();
    if fresh.len() < needed {
        return Err(DrawRefusal::ShareEntropy { got: fresh.len(), needed });
    }
    let share = |number: u8| {
        let byte = |(at, s): (usize, &u8)| {
            let higher = &fresh[at * usize::from(threshold - 1)..(at + 1) * usize::from(threshold - 1)];
            higher.iter().fold(0, |sum, c| times(sum ^ c, number)) ^ s
        };
        Share { number, bytes: secret.iter().enumerate().map(byte).collect() }
    };
    Ok((1..=count).map(share).collect())
}

/// Recovers the secret from shares. Those whose digest is not among `digests` (where any are given) are passed over, as are
/// second copies; the result must open the commitment.
pub fn recover(shares: &[Share], threshold: u8, digests: &[[u8; 32]], committed: &[u8; 32]) -> Result<Vec<u8>, DrawRefusal> {
    let mut good: Vec<&Share> = Vec::new();
    for share in shares {
        let known = digests.is_empty() || digests.contains(&share.digest());
        if known && share.number != 0 && good.iter().all(|g| g.number != share.number) {
            good.push(share);
        }
    }
    if good.len() < usize::from(threshold) || good.is_empty() {
        return Err(DrawRefusal::SharesTooFew { got: good.len(), needed: threshold });
    }
    good.truncate(usize::from(threshold));
    let length = good[0].bytes.len();
    if good.iter().any(|s| s.bytes.len() != length) {
        return Err(DrawRefusal::SharesUnlike {});
    }
    let mut secret = vec![0_u8; length];
    for share in &good {
        // Lagrange's polynomial at 0; subtraction is exclusive or.
        let others = good.iter().filter(|o| o.number != share.number);
        let weight = others.fold(1, |w, o| times(w, times(o.number, inverse(o.number ^ share.number))));
        for (s, b) in secret.iter_mut().zip(&share.bytes) {
            *s ^= times(weight, *b);
        }
    }
    match commitment(&secret) == *committed {
        true => Ok(secret),
        false => Err(DrawRefusal::SecretOther { commitment: hex::encode(committed) }),
    }
}
