//! The search for the best prices.

use super::{
    cache::{BlockCache, Tally, Work},
    descent::{Bounds, minimise},
    prices::{Layout, Prices},
};
use crate::{
    model::{Item, Model},
    parallel,
    village::{self, Scratch},
};

/// What an exact pass gave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// Proven upper bound at the prices of the pass; `-inf` where some village has no plan at all.
    pub bound: f64,
    /// Value of the columns known before the pass at the same prices: what the bound would be if they were all there is.
    pub known: f64,
    /// Columns added.
    pub added: usize,
}

/// The dual with its columns and the best prices so far.
#[derive(Debug, Clone)]
pub(crate) struct Dual<'m> {
    pub model: &'m Model,
    pub layout: Layout,
    pub threads: usize,
    pub blocks: Vec<BlockCache>,
    /// Prices of the best bound.
    pub center: Vec<f64>,
    /// The best bound.
    pub bound: f64,
    caps: Vec<f64>,
}

impl<'m> Dual<'m> {
    pub fn new(model: &'m Model, threads: usize) -> Dual<'m> {
        let layout = Layout::new(model);
        let blocks = model.blocks.iter().map(|&block| BlockCache::new(block)).collect();
        let mut center = vec![0.0; layout.len];
        center[layout.split..].fill(0.5);
        let mut caps = vec![0.0; model.pools.len() * model.years];
        for (p, pool) in model.pools.iter().enumerate() {
            let mut saved = 0;
            for t in 0..model.years {
                saved = if pool.cumulative { saved + pool.cap[t] } else { pool.cap[t] };
                caps[layout.money(p, t)] = saved as f64;
            }
        }
        Dual { model, layout, threads, blocks, center, bound: f64::INFINITY, caps }
    }

    /// The column store of village `v`.
    pub fn columns(&self, v: usize) -> &super::cache::Columns {
        let at = self.model.blocks.partition_point(|block| block.end <= v);
        &self.blocks[at].villages[v - self.model.blocks[at].first]
    }

    /// Adds a column to a village.
    pub fn add_column(&mut self, v: usize, items: &[Item]) -> bool {
        let at = self.model.blocks.partition_point(|block| block.end <= v);
        let first = self.model.blocks[at].first;
        self.blocks[at].villages[v - first].add(self.model, v, items)
    }

    /// Takes columns and prices over from the dual of a model that differs in benefits only.
    pub fn take_over(&mut self, other: &Dual<'_>) {
        for v in 0..self.model.villages.len() {
            let columns = other.columns(v);
            for k in 0..columns.len() {
                self.add_column(v, &columns.items(k));
            }
        }
        self.center.clone_from(&other.center);
    }

    /// An exact pass over all villages at prices `z`: a valid bound, and better columns. With `every` > 1 only each so many-th block is
    /// searched, the others stand by their columns, and the bound is none.
    pub fn pass(&mut self, z: &[f64], every: usize) -> Step {
        let (model, layout) = (self.model, self.layout);
        let prices = Prices::new(model, &layout, z, 0.0);
        let results = parallel::map_mut(self.threads, &mut self.blocks, |at, cache, scratch: &mut PassScratch| {
            if at % every == 0 { cache.search(model, &prices, scratch) } else { (0.0, 0.0, 0) }
        });
        let constant = self.constant(z);
        let mut step = Step { bound: constant, known: constant, added: 0 };
        for (bound, known, added) in results {
            step.bound += bound;
            step.known += known;
            step.added += added;
        }
        // A margin for rounding in sums of floating-point numbers; no plan at all stays no plan.
        if step.bound.is_finite() {
            step.bound += 1e-11 * (step.bound.abs() + self.model.keep_all as f64);
        }
        if every == 1 && step.bound < self.bound {
            self.bound = step.bound;
            self.center.clear();
            self.center.extend_from_slice(z);
        }
        step
    }

    fn tallies(&self, prices: &Prices, heat: f64) -> Vec<Tally> {
        let model = self.model;
        // Splitting less work than this over threads costs more than it saves.
        let threads = if model.villages.len() >= 1500 { self.threads } else { 1 };
        let mut blocks: Vec<&BlockCache> = self.blocks.iter().collect();
        parallel::map_mut(threads, &mut blocks, |_, block, work: &mut Work| block.tally(model, prices, heat, work))
    }

    /// Value and gradient of the dual over the known columns, smoothed; `spread` receives curvature estimates where asked for.
    fn evaluate(&self, z: &[f64], heat: f64, smoothing: f64, gradient: &mut [f64], curvature: Option<&mut Vec<f64>>) -> f64 {
        let (model, layout) = (self.model, self.layout);
        let (years, cells) = (model.years, model.works * model.years);
        let prices = Prices::new(model, &layout, z, smoothing);
        let tallies = self.tallies(&prices, heat);
        let mut value = self.constant(z);
        let counties = model.counties.len();
        let mut demand = vec![0.0; counties * cells];
        let mut spread = vec![0.0; counties * cells];
        let mut demo = vec![0.0; counties * model.demo_years];
        let mut slots = Vec::with_capacity(model.slots * years);
        for (tally, block) in tallies.iter().zip(&model.blocks) {
            value += tally.value;
            let c = block.county;
            demand[c * cells..].iter_mut().zip(&tally.demand).for_each(|(sum, d)| *sum += d);
            spread[c * cells..].iter_mut().zip(&tally.spread).for_each(|(sum, d)| *sum += d);
            demo[c * model.demo_years..].iter_mut().zip(&tally.demo).for_each(|(sum, d)| *sum += d);
            slots.extend_from_slice(&tally.slots);
        }
        gradient.fill(0.0);
        let paid = self.paid(&prices, &demand);
        for (p, pool) in model.pools.iter().enumerate() {
            let mut spent = 0.0;
            for t in 0..years {
                spent = if pool.cumulative { spent + paid[p * years + t] } else { paid[p * years + t] };
                gradient[layout.money(p, t)] = self.caps[layout.money(p, t)] - spent;
            }
        }
        let share = model.demo_share as f64 / 100.0;
        for c in 0..counties {
            for t in 0..layout.demo_years {
                let all: f64 = (0..model.works).map(|w| demand[c * cells + w * years + t]).sum();
                gradient[layout.demo(c, t)] = demo[c * model.demo_years + t] - share * all;
            }
        }
        for (i, term) in model.terms.iter().enumerate() {
            for t in 0..years {
                let (a, b) = (slots[term.slots[0] * years + t], slots[term.slots[1] * years + t]);
                gradient[layout.split(i, t)] = (term.bonus * model.disc[t]) as f64 * (a - b);
            }
        }
        if let Some(curvature) = curvature {
            self.curvature(&prices, heat, &demand, &spread, &slots, curvature);
        }
        value
    }

    /// Money that each pool pays in each year at the mix of the prices.
    fn paid(&self, prices: &Prices, demand: &[f64]) -> Vec<f64> {
        let (model, years) = (self.model, self.model.years);
        let cells = model.works * years;
        let mut paid = vec![0.0; model.pools.len() * years];
        for (c, county) in model.counties.iter().enumerate() {
            for cell in 0..cells {
                let demand = demand[c * cells + cell];
                if demand > 0.0 {
                    let at = prices.mix_of[c] + cell * county.pools.len();
                    for (k, &p) in county.pools.iter().enumerate() {
                        paid[p * years + cell % years] += demand * prices.mix[at + k];
                    }
                }
            }
        }
        paid
    }

    fn curvature(&self, prices: &Prices, heat: f64, demand: &[f64], spread: &[f64], slots: &[f64], curvature: &mut Vec<f64>) {
        let (model, layout, years) = (self.model, self.layout, self.model.years);
        let cells = model.works * years;
        let heat = heat.max(1e-9);
        let mut of_pool = vec![0.0; model.pools.len() * years];
        curvature.clear();
        curvature.resize(layout.len, 0.0);
        let share = model.demo_share as f64 / 100.0;
        for (c, county) in model.counties.iter().enumerate() {
            for cell in 0..cells {
                let (t, at) = (cell % years, prices.mix_of[c] + cell * county.pools.len());
                let (demand, spread) = (demand[c * cells + cell], spread[c * cells + cell]);
                for (k, &p) in county.pools.iter().enumerate() {
                    let (part, most) = (prices.mix[at + k], model.pools[p].share[cell / years] as f64 / 100.0);
                    let bends = if part > 1e-9 && part < most - 1e-9 { demand * most / prices.smoothing.max(1e-9) } else { 0.0 };
                    of_pool[p * years + t] += spread / heat * part * part + bends * 0.5;
                }
                if t < layout.demo_years {
                    curvature[layout.demo(c, t)] += spread / heat * share;
                }
            }
        }
        for (p, pool) in model.pools.iter().enumerate() {
            let mut sum = 0.0;
            for t in 0..years {
                sum = if pool.cumulative { sum + of_pool[p * years + t] } else { of_pool[p * years + t] };
                curvature[layout.money(p, t)] = sum;
            }
        }
        for (i, term) in model.terms.iter().enumerate() {
            for t in 0..years {
                let (a, b) = (slots[term.slots[0] * years + t], slots[term.slots[1] * years + t]);
                let bonus = (term.bonus * model.disc[t]) as f64;
                curvature[layout.split(i, t)] = bonus * bonus * (a * (1.0 - a).max(0.0) + b * (1.0 - b).max(0.0) + 0.02) / heat;
            }
        }
        for range in [0..layout.demo, layout.demo..layout.split] {
            let most = curvature[range.clone()].iter().copied().fold(0.0, f64::max);
            curvature[range].iter_mut().for_each(|c| *c = c.max(1e-3 * most).max(1e-9));
        }
    }

    /// Minimises over the known columns from the best prices, held near them by `hold` (in units of the curvature),
    /// until steps bring less than `precision`, relative.
    pub fn descend(&self, heat: f64, smoothing: f64, hold: f64, steps: usize, precision: f64) -> Vec<f64> {
        let mut z = self.center.clone();
        let mut curvature = Vec::new();
        let mut gradient = vec![0.0; z.len()];
        self.evaluate(&z, heat, smoothing, &mut gradient, Some(&mut curvature));
        let center = &self.center;
        let bounds = Bounds { unit_from: self.layout.split };
        minimise(&mut z, bounds, &curvature, steps, precision, |z, gradient| {
            let mut value = self.evaluate(z, heat, smoothing, gradient, None);
            if hold > 0.0 {
                for j in 0..z.len() {
                    let far = z[j] - center[j];
                    value += 0.5 * hold * curvature[j] * far * far;
                    gradient[j] += hold * curvature[j] * far;
                }
            }
            value
        });
        z
    }

    /// Demand of each county's cells and money paid by each pool and year when villages mix their columns at the best prices.
    pub fn expected(&self, heat: f64, smoothing: f64) -> (Prices, Vec<f64>) {
        let model = self.model;
        let cells = model.works * model.years;
        let prices = Prices::new(model, &self.layout, &self.center, smoothing);
        let mut demand = vec![0.0; model.counties.len() * cells];
        for (tally, block) in self.tallies(&prices, heat).iter().zip(&model.blocks) {
            demand[block.county * cells..].iter_mut().zip(&tally.demand).for_each(|(sum, d)| *sum += d);
        }
        (prices, demand)
    }

    /// Weight of each column of a village in the soft maximum at the best prices.
    pub fn weights(&self, v: usize, heat: f64) -> Vec<f64> {
        let model = self.model;
        let prices = Prices::new(model, &self.layout, &self.center, 0.0);
        let cells = model.works * model.years;
        let base = model.villages[v].county * cells;
        let (mut values, mut worth) = (Vec::new(), Vec::new());
        let cell_prices = &(if model.villages[v].demo { &prices.demo } else { &prices.plain })[base..base + cells];
        self.columns(v).worths(&prices, cell_prices, &mut values, &mut worth);
        let top = worth.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        worth.iter_mut().for_each(|worth| *worth = ((*worth - top) / heat).exp());
        let sum: f64 = worth.iter().sum();
        worth.iter_mut().for_each(|worth| *worth /= sum);
        worth
    }

    /// Every plan of a village whose worth at the best prices is within `loss` of its best; none where there are more than `most`.
    pub fn near_best(&self, v: usize, loss: f64, most: usize) -> Option<Vec<(f64, Vec<Item>)>> {
        let model = self.model;
        let prices = Prices::new(model, &self.layout, &self.center, 0.0);
        let cells = model.works * model.years;
        let base = model.villages[v].county * cells;
        let cell_prices = &(if model.villages[v].demo { &prices.demo } else { &prices.plain })[base..base + cells];
        let mut values = Vec::new();
        item_values(model, v, &prices, cell_prices, &mut values);
        let mut scratch = Scratch::default();
        let mut price = self.columns(v).own_price;
        let found = village::best(model, v, &values, f64::NEG_INFINITY, &mut price, &mut scratch);
        let top = found.upper;
        if top == f64::NEG_INFINITY {
            return Some(Vec::new());
        }
        let near = village::all(model, v, &values, top - loss, most, price, &mut scratch)?;
        Some(near.into_iter().map(|(worth, items)| (top - worth, items)).collect())
    }

    /// Adds to every village plans whose worth at the best prices is within `loss` of its best column, at most `most`.
    pub fn enrich(&mut self, loss: f64, most: usize) {
        let model = self.model;
        let prices = Prices::new(model, &self.layout, &self.center, 0.0);
        parallel::map_mut(self.threads, &mut self.blocks, |_, cache, scratch: &mut PassScratch| {
            cache.enrich(model, &prices, (loss, most), scratch);
        });
    }

    /// What a unit of demand costs in a county's cells at the best prices, for plain villages and demonstration villages.
    pub fn prices(&self) -> Prices {
        Prices::new(self.model, &self.layout, &self.center, 0.0)
    }

    /// Money that all pools hold over the horizon, and what the columns that are best at prices `z` would spend.
    pub fn spending(&self, z: &[f64]) -> (f64, f64) {
        let prices = Prices::new(self.model, &self.layout, z, 0.0);
        let spent = self.tallies(&prices, 0.0).iter().flat_map(|tally| &tally.demand).sum();
        let held = self.model.pools.iter().flat_map(|pool| &pool.cap).sum::<i64>() as f64;
        (held, spent)
    }

    /// Prices at which one unit of any pool costs `theta` in every year.
    pub fn flat(&self, theta: f64, z: &mut [f64]) {
        let years = self.model.years;
        for (p, pool) in self.model.pools.iter().enumerate() {
            for t in 0..years {
                z[self.layout.money(p, t)] = if pool.cumulative && t + 1 < years { 0.0 } else { theta };
            }
        }
    }

    /// What all money is worth at the best prices.
    pub fn money_worth(&self) -> f64 {
        self.caps.iter().zip(&self.center).map(|(cap, price)| cap * price).sum()
    }

    /// Value of the dual over the known columns at the best prices: about what the bound will be.
    pub fn known(&self) -> f64 {
        let prices = Prices::new(self.model, &self.layout, &self.center, 0.0);
        self.constant(&self.center) + self.tallies(&prices, 0.0).iter().map(|tally| tally.value).sum::<f64>()
    }

    /// What the villages have no part in: the worth of all money at prices `z`, less what it would bring to keep all of a former plan.
    fn constant(&self, z: &[f64]) -> f64 {
        self.caps.iter().zip(z).map(|(cap, price)| cap * price).sum::<f64>() - self.model.keep_all as f64
    }

    /// Mean value of a village at a bound, to measure differences by.
    pub fn unit(&self, bound: f64) -> f64 {
        (bound.max(self.model.scale) / self.model.villages.len() as f64).max(1.0)
    }

    /// Mean price of the money held.
    pub fn mean_price(&self, z: &[f64]) -> f64 {
        let held = self.model.pools.iter().flat_map(|pool| &pool.cap).sum::<i64>().max(1) as f64;
        let worth: f64 = self.caps.iter().zip(z).map(|(cap, price)| cap * price).sum();
        (worth / held).max(1.0)
    }

    /// A price at which, without the villages' own limits, about one and a third of the money would be asked for.
    pub fn guess(&self) -> f64 {
        let model = self.model;
        let held = model.pools.iter().flat_map(|pool| &pool.cap).sum::<i64>() as f64;
        let kept = |o: &crate::model::Opt| o.kept.map_or(0.0, |_| model.keep as f64);
        let most = model
            .villages
            .iter()
            .flat_map(|v| &v.options)
            .map(|o| (o.benefit as f64 * 1000.0 + kept(o)) / o.shared.max(1) as f64)
            .fold(1.0, f64::max);
        let (mut low, mut high) = (0.0, most);
        for _ in 0..24 {
            let theta = (low + high) / 2.0;
            let mut asked = 0;
            for village in &model.villages {
                for need in &village.needs {
                    let worth = |o: &crate::model::Opt| {
                        let t = o.allow.trailing_zeros() as usize;
                        let gain = model.disc.get(t).map_or(f64::NEG_INFINITY, |disc| (o.benefit * disc) as f64);
                        (gain + kept(o) - theta * o.shared as f64, o.shared)
                    };
                    let options = village.options[need.first..need.end].iter().map(worth).filter(|(worth, _)| *worth > 0.0);
                    asked += options.max_by(|a, b| a.0.total_cmp(&b.0)).map_or(0, |(_, shared)| shared);
                }
            }
            if asked as f64 > 1.33 * held { low = theta } else { high = theta }
        }
        high.max(1.0)
    }
}

#[derive(Debug, Default)]
struct PassScratch {
    village: Scratch,
    values: Vec<f64>,
    active: Vec<f64>,
    worth: Vec<f64>,
}

impl BlockCache {
    /// Exact search in every village: bound, value of the known columns, columns added.
    fn search(&mut self, model: &Model, prices: &Prices, scratch: &mut PassScratch) -> (f64, f64, usize) {
        let cells = model.works * model.years;
        let base = self.block.county * cells;
        let (mut bound, mut known, mut added) = (0.0, 0.0, 0);
        for (at, columns) in self.villages.iter_mut().enumerate() {
            let v = self.block.first + at;
            let cell_prices = &(if model.villages[v].demo { &prices.demo } else { &prices.plain })[base..base + cells];
            item_values(model, v, prices, cell_prices, &mut scratch.values);
            columns.worths(prices, cell_prices, &mut scratch.active, &mut scratch.worth);
            let lower = scratch.worth.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let found = village::best(model, v, &scratch.values, lower, &mut columns.own_price, &mut scratch.village);
            bound += found.upper;
            known += if lower > f64::NEG_INFINITY { lower } else { found.upper };
            if let Some((_, items)) = found.better {
                added += usize::from(columns.add(model, v, &items));
            }
        }
        (bound, known, added)
    }

    fn enrich(&mut self, model: &Model, prices: &Prices, (loss, most): (f64, usize), scratch: &mut PassScratch) {
        let cells = model.works * model.years;
        let base = self.block.county * cells;
        for (at, columns) in self.villages.iter_mut().enumerate() {
            let v = self.block.first + at;
            let cell_prices = &(if model.villages[v].demo { &prices.demo } else { &prices.plain })[base..base + cells];
            item_values(model, v, prices, cell_prices, &mut scratch.values);
            columns.worths(prices, cell_prices, &mut scratch.active, &mut scratch.worth);
            let floor = scratch.worth.iter().copied().fold(f64::NEG_INFINITY, f64::max) - loss;
            if floor > f64::NEG_INFINITY {
                for (_, items) in village::some(model, v, &scratch.values, floor, most, columns.own_price, &mut scratch.village) {
                    columns.add(model, v, &items);
                }
            }
        }
    }
}

/// Worth of every item of a village at the given prices.
pub(crate) fn item_values(model: &Model, v: usize, prices: &Prices, cell_prices: &[f64], values: &mut Vec<f64>) {
    let years = model.years;
    values.clear();
    for option in &model.villages[v].options {
        let slot = model.villages[v].needs[option.need].slot;
        for t in 0..years {
            let bonus = slot.map_or(0.0, |slot| prices.slots[slot * years + t]);
            let cost = cell_prices[option.work * years + t] * option.shared as f64;
            values.push(model.worth(option, t) as f64 + bonus - cost);
        }
    }
}
