//! Numbers from a seed: the only chance there is in here.

use uuid::{Builder, Uuid};

/// SplitMix64 (Steele, Lea, Flood 2014): small, and good enough for making things up.
#[derive(Debug, Clone)]
pub struct Random {
    state: u64,
}

impl Random {
    /// A stream of its own for each purpose, so that a new room does not change what the others drew.
    pub fn new(seed: u64, purpose: &str) -> Random {
        let mut random = Random { state: seed };
        for byte in purpose.bytes() {
            random.state = random.next() ^ u64::from(byte);
        }
        random
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// One of `from..=to`; `from` where the range is empty.
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        let width = to.saturating_sub(from).saturating_add(1).max(1).unsigned_abs();
        from + (self.next() % width) as i64
    }

    /// True in so many of a thousand cases.
    pub fn chance(&mut self, per_mille: i64) -> bool {
        self.between(0, 999) < per_mille
    }

    /// The number of one of `0..len`; 0 where there is none.
    pub fn index(&mut self, len: usize) -> usize {
        (self.next() % len.max(1) as u64) as usize
    }

    /// One of them. There is always at least one: lists of words are checked when they are read.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.index(of.len())]
    }

    /// One of several texts.
    pub fn line<'a>(&mut self, of: &'a [String]) -> &'a str {
        self.pick::<String>(of)
    }

    /// A number of `weights`, each as often as its weight says; 0 where all weights are 0.
    pub fn weighted(&mut self, weights: &[i64]) -> usize {
        let mut left = self.between(0, weights.iter().sum::<i64>() - 1);
        for (n, weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0 {
                return n;
            }
        }
        0
    }

    /// In another order.
    pub fn shuffle<T>(&mut self, of: &mut [T]) {
        for n in (1..of.len()).rev() {
            of.swap(n, self.index(n + 1));
        }
    }

    /// An id as a client would make it at that time (UUID version 7).
    pub fn uuid(&mut self, now_ms: i64) -> Uuid {
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&self.next().to_be_bytes());
        bytes[8..].copy_from_slice(&self.next().to_be_bytes()[..2]);
        Builder::from_unix_timestamp_millis(now_ms.unsigned_abs(), &bytes).into_uuid()
    }

    /// What the reporter keeps: twelve signs that are not mistaken for each other, as the public page makes them.
    pub fn receipt(&mut self) -> String {
        let signs = b"23456789abcdefghjkmnpqrstuvwxyz";
        (0..12).map(|_| char::from(*self.pick(signs))).collect()
    }
}
