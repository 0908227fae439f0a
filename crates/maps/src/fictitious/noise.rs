//! Numbers from a seed.

/// SplitMix64 (Steele, Lea, Flood 2014): small, and good enough for drawing.
pub(super) struct SplitMix {
    state: u64,
}

impl SplitMix {
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In `0..1`.
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// In `-1..1`.
    pub fn signed(&mut self) -> f64 {
        2.0 * self.unit() - 1.0
    }
}

/// Smooth noise in the plane, about -1 to 1, with features of size 1.
pub(super) struct Noise {
    seed: u64,
}

impl Noise {
    pub fn new(random: &mut SplitMix) -> Self {
        Self { seed: random.next() }
    }

    pub fn at(&self, x: f64, y: f64) -> f64 {
        let (x0, y0) = (x.floor(), y.floor());
        let ease = |t: f64| t * t * (3.0 - 2.0 * t);
        let (tx, ty) = (ease(x - x0), ease(y - y0));
        let corner = |dx: f64, dy: f64| self.lattice((x0 + dx) as i64, (y0 + dy) as i64);
        let mix = |a: f64, b: f64, t: f64| a + (b - a) * t;
        mix(mix(corner(0.0, 0.0), corner(1.0, 0.0), tx), mix(corner(0.0, 1.0), corner(1.0, 1.0), tx), ty)
    }

    fn lattice(&self, x: i64, y: i64) -> f64 {
        let mix = (x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (y as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f).rotate_left(29);
        SplitMix::new(self.seed ^ mix).signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_values() {
        // From the reference implementation with seed 1234567.
        let mut random = SplitMix::new(1_234_567);
        assert_eq!([random.next(), random.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }
}
