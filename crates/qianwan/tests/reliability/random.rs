//! Numbers out of a seed, so that a failure can be seen again.

/// SplitMix64.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Another sequence, for somebody who works at the same time.
    pub fn fork(&mut self) -> Random {
        Random(self.next())
    }
}

/// Says with which seed a test failed.
pub struct Seed(pub u64);

impl Seed {
    /// From `QIANWAN_SEED`, or any.
    pub fn given_or_any() -> Seed {
        let given = std::env::var("QIANWAN_SEED").ok().filter(|s| !s.is_empty());
        Seed(match given {
            Some(seed) => seed.parse().expect("QIANWAN_SEED is a number"),
            None => {
                let mut any = [0; 4];
                getrandom::fill(&mut any).expect("randomness");
                u32::from_le_bytes(any).into()
            }
        })
    }

    pub fn random(&self) -> Random {
        Random::new(self.0)
    }
}

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failed with QIANWAN_SEED={}", self.0);
        }
    }
}
