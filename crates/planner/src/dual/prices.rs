//! Where the multipliers are, and what one unit of money costs in each county, work and year.

use crate::model::Model;

/// Positions of the multipliers in one vector: money of each pool and year, demonstration share of each county and year, bonus splits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub years: usize,
    pub demo_years: usize,
    pub demo: usize,
    pub split: usize,
    pub len: usize,
}

impl Layout {
    pub fn new(model: &Model) -> Layout {
        let demo = model.pools.len() * model.years;
        let demo_years = if model.demo_share > 0 { model.demo_years } else { 0 };
        let split = demo + model.counties.len() * demo_years;
        Layout { years: model.years, demo_years, demo, split, len: split + model.terms.len() * model.years }
    }

    /// Money of pool `p` in year `t`.
    pub fn money(&self, p: usize, t: usize) -> usize {
        p * self.years + t
    }

    /// Demonstration share of county `c` in year `t`.
    pub fn demo(&self, c: usize, t: usize) -> usize {
        self.demo + c * self.demo_years + t
    }

    /// Part of the bonus of a term in year `t` that its first end gets.
    pub fn split(&self, term: usize, t: usize) -> usize {
        self.split + term * self.years + t
    }
}

/// Prices that follow from the multipliers.
#[derive(Debug, Clone)]
pub(crate) struct Prices {
    /// Of one unit in (county, work, year), for villages that are no demonstration villages.
    pub plain: Vec<f64>,
    /// The same for demonstration villages.
    pub demo: Vec<f64>,
    /// Part that each of the county's pools pays, by (county, work, year); `mix_of[c]` is where a county begins.
    pub mix: Vec<f64>,
    pub mix_of: Vec<usize>,
    /// Bonus that each slot gets in each year.
    pub slots: Vec<f64>,
    /// Smoothing of the mix, already in the value: to be charged for the demand of each cell.
    pub smoothing: f64,
}

impl Prices {
    /// Prices at the multipliers `z`. With `smoothing` > 0 the cheapest mix of pools is smoothed: pools nearly as cheap share.
    pub fn new(model: &Model, layout: &Layout, z: &[f64], smoothing: f64) -> Prices {
        let (years, works) = (model.years, model.works);
        let cells = works * years;
        let mut pool_price = vec![0.0; model.pools.len() * years];
        for (p, pool) in model.pools.iter().enumerate() {
            let mut later = 0.0;
            for t in (0..years).rev() {
                let now = z[layout.money(p, t)];
                later = if pool.cumulative { later + now } else { now };
                pool_price[p * years + t] = later;
            }
        }
        let mut mix_of = Vec::with_capacity(model.counties.len());
        let mut len = 0;
        for county in &model.counties {
            mix_of.push(len);
            len += cells * county.pools.len();
        }
        let mut prices = Prices {
            plain: vec![0.0; model.counties.len() * cells],
            demo: Vec::new(),
            mix: vec![0.0; len],
            mix_of,
            slots: vec![0.0; model.slots * years],
            smoothing,
        };
        let (mut offers, mut parts) = (Vec::new(), Vec::new());
        for (c, county) in model.counties.iter().enumerate() {
            for w in 0..works {
                for t in 0..years {
                    offers.clear();
                    let offer = |&p: &usize| (pool_price[p * years + t], model.pools[p].share[w] as f64 / 100.0);
                    offers.extend(county.pools.iter().map(offer));
                    let at = prices.mix_of[c] + (w * years + t) * county.pools.len();
                    parts.clear();
                    parts.resize(offers.len(), 0.0);
                    let price = mix(&offers, smoothing, &mut parts);
                    prices.plain[c * cells + w * years + t] = price;
                    prices.mix[at..at + parts.len()].copy_from_slice(&parts);
                }
            }
        }
        prices.demo = prices.plain.clone();
        let share = model.demo_share as f64 / 100.0;
        for c in 0..model.counties.len() {
            for t in 0..layout.demo_years {
                let nu = z[layout.demo(c, t)];
                for w in 0..works {
                    prices.plain[c * cells + w * years + t] += nu * share;
                    prices.demo[c * cells + w * years + t] -= nu * (1.0 - share);
                }
            }
        }
        for (i, term) in model.terms.iter().enumerate() {
            for t in 0..years {
                let (part, bonus) = (z[layout.split(i, t)], (term.bonus * model.disc[t]) as f64);
                prices.slots[term.slots[0] * years + t] += part * bonus;
                prices.slots[term.slots[1] * years + t] += (1.0 - part) * bonus;
            }
        }
        prices
    }
}

/// The cheapest mix of one unit over pools with (price, largest share); `parts` is filled. With smoothing, the quadratic one: a pool
/// is drawn on in proportion to how far its price lies below a level, up to its share.
fn mix(offers: &[(f64, f64)], smoothing: f64, parts: &mut [f64]) -> f64 {
    let all: f64 = offers.iter().map(|offer| offer.1).sum();
    if all < 1.0 - 1e-9 {
        return 0.0;
    }
    if smoothing <= 0.0 {
        let mut order: Vec<usize> = (0..offers.len()).collect();
        order.sort_by(|&a, &b| offers[a].0.total_cmp(&offers[b].0).then(a.cmp(&b)));
        let (mut left, mut price) = (1.0f64, 0.0);
        for p in order {
            let part = offers[p].1.min(left);
            parts[p] = part;
            price += part * offers[p].0;
            left -= part;
        }
        return price;
    }
    // The level at which the parts add up to 1, by Newton steps on a piecewise linear, growing function.
    let lowest = offers.iter().filter(|offer| offer.1 > 0.0).map(|offer| offer.0).fold(f64::INFINITY, f64::min);
    let drawn = |level: f64, offer: &(f64, f64)| ((level - offer.0) / smoothing).clamp(0.0, 1.0) * offer.1;
    let (mut low, mut high) = (lowest, offers.iter().map(|offer| offer.0).fold(0.0, f64::max) + smoothing);
    let mut level = low + smoothing;
    for _ in 0..60 {
        let sum: f64 = offers.iter().map(|offer| drawn(level, offer)).sum();
        if (sum - 1.0).abs() < 1e-12 {
            break;
        }
        if sum < 1.0 {
            low = level
        } else {
            high = level
        }
        let rising = offers.iter().filter(|o| level > o.0 - 1e-30 && level < o.0 + smoothing);
        let slope: f64 = rising.map(|o| o.1 / smoothing).sum();
        let newton = level + (1.0 - sum) / slope.max(1e-300);
        level = if newton > low && newton < high { newton } else { (low + high) / 2.0 };
    }
    let mut price = 0.0;
    for (part, offer) in parts.iter_mut().zip(offers) {
        *part = drawn(level, offer);
        if offer.1 > 0.0 {
            price += *part * offer.0 + smoothing / 2.0 * *part * *part / offer.1;
        }
    }
    price
}
