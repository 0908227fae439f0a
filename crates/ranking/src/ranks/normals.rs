//! Standard normal numbers by seed and number of the draw: the same on every platform and for any number of threads.

/// Which draws a simulation makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draws {
    /// Take it from a public beacon, so that nobody chose it.
    pub seed: u64,
    /// How many; 100,000 for a published table, 10,000 for a look.
    pub count: usize,
}

/// Who does the parts of a simulation. This crate starts no threads; hand in whoever has some. Results do not depend on it.
pub trait Spread {
    /// `work(0)`, …, `work(parts − 1)` in this order, done in any order.
    fn map(&self, parts: usize, work: &(dyn Fn(usize) -> Vec<f64> + Sync)) -> Vec<Vec<f64>>;
}

/// One after the other, on the caller's thread.
#[derive(Debug, Clone, Copy, Default)]
pub struct Here;

impl Spread for Here {
    fn map(&self, parts: usize, work: &(dyn Fn(usize) -> Vec<f64> + Sync)) -> Vec<Vec<f64>> {
        (0..parts).map(work).collect()
    }
}

impl Draws {
    /// One value for each draw, in order; `make` gives a worker that keeps its buffers over the draws of one part.
    pub(super) fn each<W: FnMut(u64) -> f64>(&self, spread: &dyn Spread, make: impl Fn() -> W + Sync) -> Vec<f64> {
        const PARTS: usize = 64;
        let per = self.count.div_ceil(PARTS).max(1);
        let work = |part: usize| {
            let mut one = make();
            (part * per..((part + 1) * per).min(self.count)).map(|d| one(d as u64)).collect::<Vec<f64>>()
        };
        spread.map(self.count.div_ceil(per), &work).concat()
    }
}

/// Tables of the ziggurat with 256 layers (Marsaglia and Tsang, J. Statist. Software 5(8) (2000); in the form of Doornik, "An
/// improved ziggurat method to generate normal random samples", 2005). Exponentials and logarithms come from `libm`.
#[derive(Clone)]
pub struct Normals {
    x: [f64; 257],
    ratio: [f64; 256],
}

const TAIL: f64 = 3.654_152_885_361_009;
const AREA: f64 = 0.004_928_673_233_992_336;

impl std::fmt::Debug for Normals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Normals")
    }
}

impl Default for Normals {
    fn default() -> Normals {
        let density = |x: f64| libm::exp(-0.5 * x * x);
        let mut x = [0.0; 257];
        x[0] = AREA / density(TAIL);
        x[1] = TAIL;
        for i in 2..256 {
            x[i] = libm::sqrt(-2.0 * libm::log(AREA / x[i - 1] + density(x[i - 1])));
        }
        let mut ratio = [0.0; 256];
        for i in 0..256 {
            ratio[i] = x[i + 1] / x[i];
        }
        Normals { x, ratio }
    }
}

impl Normals {
    /// A stream of its own for each seed and draw.
    pub fn stream(&self, seed: u64, draw: u64) -> Stream<'_> {
        // SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) spreads seed and number over the state.
        let mut z = seed ^ draw.wrapping_mul(0xd134_2543_de82_ef95).rotate_left(17);
        let mut next = || {
            z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut v = z;
            v = (v ^ (v >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            v = (v ^ (v >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            v ^ (v >> 31)
        };
        Stream { tables: self, state: [next(), next(), next(), next()] }
    }
}

/// Numbers of one draw.
#[derive(Debug)]
pub struct Stream<'a> {
    tables: &'a Normals,
    state: [u64; 4],
}

impl Stream<'_> {
    /// 64 bits; xoshiro256++ (Blackman and Vigna, ACM Trans. Math. Software 47 (2021), article 36).
    pub fn bits(&mut self) -> u64 {
        let s = &mut self.state;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// Uniform in (0, 1).
    pub fn uniform(&mut self) -> f64 {
        ((self.bits() >> 12) as f64 + 0.5) / 4_503_599_627_370_496.0
    }

    /// Standard normal.
    #[inline]
    pub fn normal(&mut self) -> f64 {
        let bits = self.bits();
        let layer = (bits & 0xff) as usize;
        let u = (bits >> 11) as f64 / 4_503_599_627_370_496.0 - 1.0;
        if u.abs() < self.tables.ratio[layer] {
            return u * self.tables.x[layer];
        }
        self.slow(layer, u)
    }

    #[cold]
    fn slow(&mut self, mut layer: usize, mut u: f64) -> f64 {
        loop {
            let (x, ratio) = (&self.tables.x, &self.tables.ratio);
            if u.abs() < ratio[layer] {
                return u * x[layer];
            }
            if layer == 0 {
                loop {
                    let a = -libm::log(self.uniform()) / TAIL;
                    let b = -libm::log(self.uniform());
                    if b + b > a * a {
                        return if u < 0.0 { -(TAIL + a) } else { TAIL + a };
                    }
                }
            }
            let (outer, inner, value) = (x[layer], x[layer + 1], u * x[layer]);
            let high = libm::exp(-0.5 * (outer * outer - value * value));
            let low = libm::exp(-0.5 * (inner * inner - value * value));
            if low + self.uniform() * (high - low) > 1.0 {
                // Above the curve: try again.
                let bits = self.bits();
                layer = (bits & 0xff) as usize;
                u = (bits >> 11) as f64 / 4_503_599_627_370_496.0 - 1.0;
                continue;
            }
            return value;
        }
    }
}
