//! Maximum flow (Dinic 1970) from pools and years to cells: who pays what, in whole units.

use crate::model::{Item, Model};

/// Money paid in (county, work, year) by a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Paid {
    pub county: usize,
    pub work: usize,
    pub year: usize,
    pub pool: usize,
    pub amount: i64,
}

#[derive(Debug, Clone)]
struct Network {
    /// Head of each edge; edge `e ^ 1` is its reverse.
    to: Vec<usize>,
    left: Vec<i64>,
    of: Vec<Vec<usize>>,
}

impl Network {
    fn new(nodes: usize) -> Network {
        Network { to: Vec::new(), left: Vec::new(), of: vec![Vec::new(); nodes] }
    }

    fn add(&mut self, from: usize, to: usize, capacity: i64) -> usize {
        let edge = self.to.len();
        self.to.extend([to, from]);
        self.left.extend([capacity, 0]);
        self.of[from].push(edge);
        self.of[to].push(edge + 1);
        edge
    }

    /// Sends as much more as possible from `source` to `sink`.
    fn maximise(&mut self, source: usize, sink: usize) -> i64 {
        let mut sent = 0;
        loop {
            let mut level = vec![usize::MAX; self.of.len()];
            level[source] = 0;
            let mut queue = std::collections::VecDeque::from([source]);
            while let Some(node) = queue.pop_front() {
                for &edge in &self.of[node] {
                    let to = self.to[edge];
                    if self.left[edge] > 0 && level[to] == usize::MAX {
                        level[to] = level[node] + 1;
                        queue.push_back(to);
                    }
                }
            }
            if level[sink] == usize::MAX {
                return sent;
            }
            let mut next = vec![0; self.of.len()];
            loop {
                let more = self.push(source, sink, i64::MAX, &level, &mut next);
                if more == 0 {
                    break;
                }
                sent += more;
            }
        }
    }

    fn push(&mut self, node: usize, sink: usize, most: i64, level: &[usize], next: &mut [usize]) -> i64 {
        if node == sink {
            return most;
        }
        while let Some(&edge) = self.of[node].get(next[node]) {
            let to = self.to[edge];
            if self.left[edge] > 0 && level[to] == level[node] + 1 {
                let sent = self.push(to, sink, most.min(self.left[edge]), level, next);
                if sent > 0 {
                    self.left[edge] -= sent;
                    self.left[edge ^ 1] += sent;
                    return sent;
                }
            }
            next[node] += 1;
        }
        0
    }
}

/// Shared cost of a plan by county, then work × years + year.
pub(crate) fn demand(model: &Model, plan: &[Vec<Item>]) -> Vec<i64> {
    let cells = model.works * model.years;
    let mut demand = vec![0; model.counties.len() * cells];
    for (v, items) in plan.iter().enumerate() {
        for &item in items {
            let (option, t) = model.item(v, item);
            demand[model.villages[v].county * cells + option.work * model.years + t] += option.shared;
        }
    }
    demand
}

/// Splits the cost of a plan over the pools; what cannot be paid is named instead. Narrow money goes first: pools of larger places keep
/// what smaller ones can pay only where the flow asks for it.
pub(crate) fn allot(model: &Model, demand: &[i64]) -> Result<Vec<Paid>, Unpaid> {
    let (years, cells) = (model.years, model.works * model.years);
    let pool_nodes = model.pools.len() * years;
    let wanted: Vec<usize> = (0..demand.len()).filter(|&cell| demand[cell] > 0).collect();
    let (source, sink) = (pool_nodes + wanted.len(), pool_nodes + wanted.len() + 1);
    let mut network = Network::new(sink + 1);
    let mut payments = Vec::new();
    for (node, &cell) in wanted.iter().enumerate() {
        let (c, w, t) = (cell / cells, cell % cells / years, cell % years);
        network.add(pool_nodes + node, sink, demand[cell]);
        for &p in &model.counties[c].pools {
            let most = model.pools[p].share[w] * demand[cell] / 100;
            if most > 0 {
                payments.push((network.add(p * years + t, pool_nodes + node, most), c, w, t, p));
            }
        }
    }
    // Annual money lapses, so it is offered before money that can be carried over.
    let mut sent = 0;
    for cumulative in [false, true] {
        for (p, pool) in model.pools.iter().enumerate().filter(|(_, pool)| pool.cumulative == cumulative) {
            for t in 0..years {
                network.add(source, p * years + t, pool.cap[t]);
                if cumulative && t + 1 < years {
                    network.add(p * years + t, p * years + t + 1, i64::MAX / 4);
                }
            }
        }
        sent += network.maximise(source, sink);
    }
    if sent < wanted.iter().map(|&cell| demand[cell]).sum() {
        return Err(cut(model, demand, &network, source));
    }
    let mut paid = Vec::new();
    for (edge, county, work, year, pool) in payments {
        let amount = network.left[edge ^ 1];
        if amount > 0 {
            paid.push(Paid { county, work, year, pool, amount });
        }
    }
    Ok(paid)
}

/// What a county must draw at least from pools that serve several counties, by pool of the county and year of the money, when it pays
/// from its own pools first.
pub(crate) fn least_used(model: &Model, c: usize, sources: &[super::funds::Source], wide: &[bool], demand: &[i64]) -> Vec<i64> {
    let years = model.years;
    let pool_nodes = sources.len() * years;
    let wanted: Vec<usize> = (0..demand.len()).filter(|&cell| demand[cell] > 0).collect();
    let (source, sink) = (pool_nodes + wanted.len(), pool_nodes + wanted.len() + 1);
    let mut network = Network::new(sink + 1);
    for (node, &cell) in wanted.iter().enumerate() {
        network.add(pool_nodes + node, sink, demand[cell]);
        for (k, pool) in sources.iter().enumerate() {
            let most = pool.share[cell / years] * demand[cell] / 100;
            if most > 0 {
                network.add(k * years + cell % years, pool_nodes + node, most);
            }
        }
    }
    let mut of_source = vec![usize::MAX; pool_nodes];
    for is_wide in [false, true] {
        for (k, pool) in sources.iter().enumerate().filter(|(k, _)| wide[model.counties[c].pools[*k]] == is_wide) {
            for t in 0..years {
                of_source[k * years + t] = network.add(source, k * years + t, pool.cap[t]);
                if pool.cumulative && t + 1 < years {
                    network.add(k * years + t, k * years + t + 1, i64::MAX / 4);
                }
            }
        }
        network.maximise(source, sink);
    }
    of_source.iter().map(|&edge| network.left[edge ^ 1]).collect()
}

/// Why a demand cannot be paid: a smallest cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unpaid {
    /// Pools and years that are exhausted.
    pub exhausted: Vec<(usize, usize)>,
    /// Money missing.
    pub missing: i64,
}

fn cut(model: &Model, demand: &[i64], network: &Network, source: usize) -> Unpaid {
    let years = model.years;
    let mut seen = vec![false; network.of.len()];
    seen[source] = true;
    let mut stack = vec![source];
    while let Some(node) = stack.pop() {
        for &edge in &network.of[node] {
            let to = network.to[edge];
            if network.left[edge] > 0 && !seen[to] {
                seen[to] = true;
                stack.push(to);
            }
        }
    }
    let sink = source + 1;
    let paid: i64 = network.of[sink].iter().map(|&edge| network.left[edge]).sum();
    let exhausted = (0..model.pools.len() * years).filter(|&node| !seen[node]).map(|node| (node / years, node % years)).collect();
    Unpaid { exhausted, missing: demand.iter().sum::<i64>() - paid }
}
