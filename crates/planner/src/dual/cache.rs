//! Plans of villages seen so far (*columns*), laid out for quick evaluation at many prices.

use super::prices::Prices;
use crate::model::{Block, Item, Model};

const NO_SLOT: u32 = u32::MAX;

/// An item that some column uses.
#[derive(Debug, Clone, Copy)]
struct Active {
    item: Item,
    /// Work × years + year.
    cell: u16,
    /// Bonus slot × years + year.
    slot: u32,
    shared: f64,
    gain: f64,
}

/// Columns of one village.
#[derive(Debug, Clone, Default)]
pub(crate) struct Columns {
    active: Vec<Active>,
    /// Positions in `active`, column after column.
    parts: Vec<u16>,
    ends: Vec<u32>,
    /// Multiplier of own money from the last exact search.
    pub own_price: f64,
}

/// Columns of the villages of a block.
#[derive(Debug, Clone)]
pub(crate) struct BlockCache {
    pub block: Block,
    pub villages: Vec<Columns>,
}

/// What a block spends and is worth at given prices.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub value: f64,
    /// Shared cost by work × years + year.
    pub demand: Vec<f64>,
    /// Shared cost of demonstration villages by year.
    pub demo: Vec<f64>,
    /// How far each bonus slot of the block is used in each year.
    pub slots: Vec<f64>,
    /// Estimate of the second derivative: spread of the demand in each cell.
    pub spread: Vec<f64>,
}

impl Columns {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Items of column `k`, ascending.
    pub fn items(&self, k: usize) -> Vec<Item> {
        let mut items: Vec<Item> = self.range(k).iter().map(|&a| self.active[usize::from(a)].item).collect();
        items.sort_unstable();
        items
    }

    fn range(&self, k: usize) -> &[u16] {
        let first = if k == 0 { 0 } else { self.ends[k - 1] as usize };
        &self.parts[first..self.ends[k] as usize]
    }

    /// Adds a column unless it is there.
    pub fn add(&mut self, model: &Model, v: usize, items: &[Item]) -> bool {
        let mut parts = Vec::with_capacity(items.len());
        for &item in items {
            let at = self.active.iter().position(|active| active.item == item).unwrap_or_else(|| {
                let (option, t) = model.item(v, item);
                let slot = model.villages[v].needs[option.need].slot;
                self.active.push(Active {
                    item,
                    cell: (option.work * model.years + t) as u16,
                    slot: slot.map_or(NO_SLOT, |slot| (slot * model.years + t) as u32),
                    shared: option.shared as f64,
                    gain: model.worth(option, t) as f64,
                });
                self.active.len() - 1
            });
            parts.push(at as u16);
        }
        parts.sort_unstable();
        if (0..self.len()).any(|k| self.range(k) == parts) {
            return false;
        }
        self.parts.extend_from_slice(&parts);
        self.ends.push(self.parts.len() as u32);
        true
    }

    /// Worth of each column at the given prices, into `worth`.
    pub fn worths(&self, prices: &Prices, cell_prices: &[f64], values: &mut Vec<f64>, worth: &mut Vec<f64>) {
        values.clear();
        values.extend(self.active.iter().map(|a| {
            let bonus = if a.slot == NO_SLOT { 0.0 } else { prices.slots[a.slot as usize] };
            a.gain + bonus - cell_prices[usize::from(a.cell)] * a.shared
        }));
        worth.clear();
        let mut first = 0;
        for &end in &self.ends {
            worth.push(self.parts[first..end as usize].iter().map(|&a| values[usize::from(a)]).sum());
            first = end as usize;
        }
    }
}

/// Memory used again.
#[derive(Debug, Default)]
pub(crate) struct Work {
    values: Vec<f64>,
    worth: Vec<f64>,
    used: Vec<f64>,
}

impl BlockCache {
    pub fn new(block: Block) -> BlockCache {
        BlockCache { block, villages: vec![Columns::default(); block.end - block.first] }
    }

    /// Value, demand and slot use of the block's columns at the given prices; with `heat` > 0 the soft maximum over columns.
    pub fn tally(&self, model: &Model, prices: &Prices, heat: f64, work: &mut Work) -> Tally {
        let years = model.years;
        let cells = model.works * years;
        let mut tally = Tally {
            value: 0.0,
            demand: vec![0.0; cells],
            demo: vec![0.0; model.demo_years],
            slots: vec![0.0; (self.block.slots.1 - self.block.slots.0) * years],
            spread: vec![0.0; cells],
        };
        let base = self.block.county * cells;
        let first_slot = (self.block.slots.0 * years) as u32;
        for (at, columns) in self.villages.iter().enumerate() {
            let demo = model.villages[self.block.first + at].demo;
            let cell_prices = &(if demo { &prices.demo } else { &prices.plain })[base..base + cells];
            columns.worths(prices, cell_prices, &mut work.values, &mut work.worth);
            let top = work.worth.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            work.used.clear();
            work.used.resize(columns.active.len(), 0.0);
            if heat > 0.0 {
                let mut sum = 0.0;
                for worth in &mut work.worth {
                    let x = (*worth - top) / heat;
                    *worth = if x < -25.0 { 0.0 } else { x.exp() };
                    sum += *worth;
                }
                tally.value += top + heat * sum.ln();
                let mut first = 0;
                for (&end, &weight) in columns.ends.iter().zip(&work.worth) {
                    if weight > 0.0 {
                        let weight = weight / sum;
                        columns.parts[first..end as usize].iter().for_each(|&a| work.used[usize::from(a)] += weight);
                    }
                    first = end as usize;
                }
            } else {
                tally.value += top;
                if let Some(k) = work.worth.iter().position(|&worth| worth == top) {
                    columns.range(k).iter().for_each(|&a| work.used[usize::from(a)] += 1.0);
                }
            }
            for (active, &used) in columns.active.iter().zip(&work.used) {
                if used > 0.0 {
                    let (cell, cost) = (usize::from(active.cell), used * active.shared);
                    tally.demand[cell] += cost;
                    tally.spread[cell] += cost * active.shared * (1.0 - used).max(0.0);
                    if demo && cell % years < tally.demo.len() {
                        tally.demo[cell % years] += cost;
                    }
                    if active.slot != NO_SLOT {
                        tally.slots[(active.slot - first_slot) as usize] += used;
                    }
                }
            }
        }
        tally
    }
}
