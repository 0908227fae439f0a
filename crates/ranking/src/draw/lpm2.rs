//! LPM2: spatially balanced samples by the local pivotal method.

use super::Seed;

/// A balanced sample and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Balanced {
    /// Places drawn, ascending.
    pub drawn: Vec<usize>,
    /// The pairs that met, in order: the unit picked, its nearest neighbour.
    pub pairs: Vec<(usize, usize)>,
}

/// Draws from units in order of id, `points` their integer metres (absolute values up to 10^9), `chances` their probabilities
/// (which must add up to an integer). Step t picks `floor(u(2t)·live)` of the live units in order, and its nearest live
/// neighbour by squared distance (ties: smaller id); the two settle their probabilities with u(2t+1), u from label `lpm2`.
/// Units within 1e-9 of 0 or 1 leave. Probabilities are kept exactly in expectation; neighbours are seldom drawn together.
/// O(N log N) as long as the points are not all in one place.
pub fn balanced(seed: &Seed, points: &[(i64, i64)], chances: &[f64]) -> Balanced {
    const NEAR: f64 = 1e-9;
    let settled = |p: f64| p <= NEAR || p >= 1.0 - NEAR;
    let mut p = chances.to_vec();
    let mut live = Live::new(p.iter().map(|p| !settled(*p)));
    let mut tree = Tree::new(points, &p.iter().map(|p| !settled(*p)).collect::<Vec<_>>());
    let mut pairs = Vec::new();
    let mut k = 0_u32;
    while live.count >= 2 {
        let (u, v) = (seed.uniform("lpm2", k), seed.uniform("lpm2", k + 1));
        k += 2;
        let a = live.at((u * live.count as f64) as usize);
        let b = tree.nearest(a);
        pairs.push((a, b));
        let sum = p[a] + p[b];
        (p[a], p[b]) = match sum < 1.0 {
            true if v * sum < p[b] => (0.0, sum),
            true => (sum, 0.0),
            false if v * (2.0 - sum) < 1.0 - p[b] => (1.0, sum - 1.0),
            false => (sum - 1.0, 1.0),
        };
        for unit in [a, b] {
            if settled(p[unit]) {
                live.remove(unit);
                tree.remove(unit);
            }
        }
    }
    // One unit may be left unsettled only if the probabilities do not add up to an integer.
    if live.count == 1 {
        let last = live.at(0);
        p[last] = if seed.uniform("lpm2", k) < p[last] { 1.0 } else { 0.0 };
    }
    Balanced { drawn: (0..p.len()).filter(|at| p[*at] > 0.5).collect(), pairs }
}

/// The live units in order, as a Fenwick tree: the k-th of them in O(log N).
struct Live {
    sums: Vec<u32>,
    count: usize,
}

impl Live {
    fn new(alive: impl ExactSizeIterator<Item = bool>) -> Live {
        let n = alive.len();
        let mut sums = vec![0_u32; n + 1];
        let mut count = 0;
        for (at, alive) in alive.enumerate() {
            sums[at + 1] += u32::from(alive);
            count += usize::from(alive);
            let parent = at + 1 + (1 << (at + 1).trailing_zeros());
            if parent <= n {
                sums[parent] += sums[at + 1];
            }
        }
        Live { sums, count }
    }

    fn at(&self, k: usize) -> usize {
        let (mut place, mut left) = (0, k as u32);
        let mut step = self.sums.len().next_power_of_two();
        while step > 0 {
            if place + step < self.sums.len() && self.sums[place + step] <= left {
                place += step;
                left -= self.sums[place];
            }
            step /= 2;
        }
        place
    }

    fn remove(&mut self, unit: usize) {
        let mut at = unit + 1;
        while at < self.sums.len() {
            self.sums[at] -= 1;
            at += 1 << at.trailing_zeros();
        }
        self.count -= 1;
    }
}

/// Points of a leaf at most.
const LEAF: usize = 8;

/// A k-d tree whose units leave; a node without live units is passed over.
struct Tree<'a> {
    points: &'a [(i64, i64)],
    alive: Vec<bool>,
    /// Units by leaf.
    order: Vec<u32>,
    /// Where a unit stands: its leaf.
    leaf: Vec<u32>,
    nodes: Vec<Node>,
}

struct Node {
    low: (i64, i64),
    high: (i64, i64),
    from: u32,
    to: u32,
    /// Live units below; `u32` counts suffice.
    count: u32,
    parent: u32,
    /// Left child; the right one follows it. 0 for a leaf.
    child: u32,
}

impl<'a> Tree<'a> {
    fn new(points: &'a [(i64, i64)], alive: &[bool]) -> Tree<'a> {
        let order = (0..points.len() as u32).filter(|at| alive[*at as usize]).collect();
        let mut tree = Tree { points, alive: alive.to_vec(), order, leaf: vec![0; points.len()], nodes: Vec::new() };
        let all = tree.order.len() as u32;
        tree.nodes.push(Node { low: (0, 0), high: (0, 0), from: 0, to: all, count: all, parent: u32::MAX, child: 0 });
        let mut at = 0;
        while at < tree.nodes.len() {
            tree.split(at);
            at += 1;
        }
        tree
    }

    fn split(&mut self, at: usize) {
        let (from, to) = (self.nodes[at].from as usize, self.nodes[at].to as usize);
        let points = self.points;
        let (mut low, mut high) = ((i64::MAX, i64::MAX), (i64::MIN, i64::MIN));
        for unit in &self.order[from..to] {
            let (x, y) = points[*unit as usize];
            low = (low.0.min(x), low.1.min(y));
            high = (high.0.max(x), high.1.max(y));
        }
        self.nodes[at].low = low;
        self.nodes[at].high = high;
        if to - from <= LEAF {
            for unit in &self.order[from..to] {
                self.leaf[*unit as usize] = at as u32;
            }
            return;
        }
        let wide = high.0 - low.0 >= high.1 - low.1;
        let middle = (to - from) / 2;
        let key = |unit: &u32| {
            let (x, y) = points[*unit as usize];
            (if wide { x } else { y }, *unit)
        };
        self.order[from..to].select_nth_unstable_by_key(middle, key);
        let cut = (from + middle) as u32;
        let child = self.nodes.len() as u32;
        self.nodes[at].child = child;
        for (from, to) in [(from as u32, cut), (cut, to as u32)] {
            self.nodes.push(Node { low: (0, 0), high: (0, 0), from, to, count: to - from, parent: at as u32, child: 0 });
        }
    }

    fn remove(&mut self, unit: usize) {
        self.alive[unit] = false;
        let mut at = self.leaf[unit];
        while at != u32::MAX {
            let node = &mut self.nodes[at as usize];
            node.count -= 1;
            at = node.parent;
        }
    }

    /// The nearest other live unit; there is one.
    fn nearest(&self, unit: usize) -> usize {
        let mut best = (u64::MAX, usize::MAX);
        self.search(0, unit, &mut best);
        best.1
    }

    fn search(&self, at: usize, unit: usize, best: &mut (u64, usize)) {
        let node = &self.nodes[at];
        if node.child == 0 {
            for other in self.order[node.from as usize..node.to as usize].iter().map(|o| *o as usize) {
                if other != unit && self.alive[other] {
                    let (p, q) = (self.points[unit], self.points[other]);
                    let (dx, dy) = (p.0.abs_diff(q.0), p.1.abs_diff(q.1));
                    *best = (*best).min((dx * dx + dy * dy, other));
                }
            }
            return;
        }
        let distance = |child: usize| {
            let node = &self.nodes[child];
            let p = self.points[unit];
            let outside = |v: i64, low: i64, high: i64| {
                if v < low {
                    low.abs_diff(v)
                } else if v > high {
                    v.abs_diff(high)
                } else {
                    0
                }
            };
            let (dx, dy) = (outside(p.0, node.low.0, node.high.0), outside(p.1, node.low.1, node.high.1));
            dx * dx + dy * dy
        };
        let left = node.child as usize;
        let (dl, dr) = (distance(left), distance(left + 1));
        let ordered = if dl <= dr { [(dl, left), (dr, left + 1)] } else { [(dr, left + 1), (dl, left)] };
        for (d, child) in ordered {
            // At equal distance a smaller id may still be there.
            if self.nodes[child].count > 0 && d <= best.0 {
                self.search(child, unit, best);
            }
        }
    }
}
