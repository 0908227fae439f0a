//! Exact search for few villages: branch and bound over what each village does when, with the Lagrangian bound in every node.
//!
//! A node narrows what some needs may do. Its bound comes from the dual of the narrowed model, which the exact village plans make stronger
//! than the linear relaxation; columns are shared by all nodes. The node with the highest bound is opened first.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, BinaryHeap},
};

use crate::{
    dual::Dual,
    enumerate::enumerate,
    model::{Item, Model},
    primal::{self, Primal, Schedule},
};

/// What one need may still do.
#[derive(Debug, Clone)]
struct Narrowing {
    village: usize,
    need: usize,
    /// By option of the need: years that stay allowed.
    allow: Vec<u32>,
    required: bool,
}

#[derive(Debug)]
struct Node {
    bound: f64,
    depth: usize,
    serial: u64,
    narrowings: Vec<Narrowing>,
    prices: Vec<f64>,
}

impl PartialEq for Node {
    fn eq(&self, other: &Node) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Node {}
impl PartialOrd for Node {
    fn partial_cmp(&self, other: &Node) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Node {
    fn cmp(&self, other: &Node) -> Ordering {
        self.bound.total_cmp(&other.bound).then(self.depth.cmp(&other.depth)).then(other.serial.cmp(&self.serial))
    }
}

/// Best plan found and the proven bound; the two meet when the search was not stopped.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// Items by village; none where no plan exists or none was found before the stop.
    pub plan: Option<Vec<Vec<Item>>>,
    pub objective: i64,
    pub bound: f64,
}

/// The incumbent and the columns of all nodes.
pub(crate) struct Exact<'m> {
    model: &'m Model,
    columns: Vec<BTreeSet<Vec<Item>>>,
    best: Option<Vec<Vec<Item>>>,
    objective: i64,
    seed: u64,
}

impl<'m> Exact<'m> {
    /// A search that starts from a dual's columns and perhaps a plan.
    pub fn new(dual: &Dual<'m>, plan: Option<Vec<Vec<Item>>>, seed: u64) -> Exact<'m> {
        let model = dual.model;
        let mut columns = vec![BTreeSet::new(); model.villages.len()];
        for (v, columns) in columns.iter_mut().enumerate() {
            let store = dual.columns(v);
            columns.extend((0..store.len()).map(|k| store.items(k)));
        }
        let objective = plan.as_ref().map_or(i64::MIN, |plan| model.objective(plan));
        Exact { model, columns, best: plan, objective, seed }
    }

    /// Runs until the bound meets the best plan, or until `stop`, asked after every node with the best objective and the bound, says so.
    pub fn run(mut self, root: &Dual<'m>, nodes_max: usize, mut stop: impl FnMut(i64, f64) -> bool) -> Outcome {
        if self.prove(root, &mut stop) {
            return self.outcome(None);
        }
        let mut heap = BinaryHeap::new();
        let mut serial = 0;
        heap.push(Node { bound: root.bound, depth: 0, serial, narrowings: Vec::new(), prices: root.center.clone() });
        let mut nodes = 0;
        while let Some(node) = heap.pop() {
            let bound = node.bound;
            if self.beaten(bound) {
                return self.outcome(None);
            }
            nodes += 1;
            if nodes > nodes_max || stop(self.objective, bound) {
                return self.outcome(Some(bound));
            }
            for mut child in self.open(&node) {
                serial += 1;
                child.serial = serial;
                if !self.beaten(child.bound) {
                    heap.push(child);
                }
            }
        }
        self.outcome(None)
    }

    /// Looks for better plans among all that could be, ever fewer as the best plan gets better; true when all were tried.
    fn prove(&mut self, root: &Dual<'m>, stop: &mut impl FnMut(i64, f64) -> bool) -> bool {
        let mut dual = root.clone();
        self.converge(&mut dual, &root.center);
        for round in 0..3 {
            if self.beaten(dual.bound) {
                return true;
            }
            if self.best.is_none() || stop(self.objective, dual.bound) {
                return false;
            }
            let before = self.objective;
            let found = enumerate(&dual, self.objective, 2000, 200_000);
            if let Some((_, items)) = found.better {
                self.offer(items);
            }
            if found.complete {
                return true;
            }
            // Plans a little off the best of each village, for the annealing to choose from.
            let gap = dual.bound - self.objective as f64;
            for v in 0..self.model.villages.len() {
                let near = [1.0, 0.5, 0.2, 0.1].into_iter().find_map(|part| dual.near_best(v, part * gap, 400));
                for (_, items) in near.unwrap_or_default() {
                    dual.add_column(v, &items);
                }
            }
            for run in 0..4 {
                self.try_plans(&dual, (round * 16 + run) << 40, 4000);
            }
            if self.objective == before && round >= 1 {
                break;
            }
        }
        false
    }

    /// Whether no plan under such a bound is better than the best; objectives are whole numbers.
    fn beaten(&self, bound: f64) -> bool {
        bound == f64::NEG_INFINITY || self.best.is_some() && bound < self.objective as f64 + 0.99
    }

    fn outcome(self, bound: Option<f64>) -> Outcome {
        let bound = bound.unwrap_or(if self.best.is_some() { self.objective as f64 } else { f64::NEG_INFINITY });
        Outcome { plan: self.best, objective: self.objective, bound }
    }

    /// Bounds a node and splits it.
    fn open(&mut self, node: &Node) -> Vec<Node> {
        let model = narrowed(self.model, &node.narrowings);
        let mut dual = Dual::new(&model, 1);
        for (v, columns) in self.columns.iter().enumerate() {
            for items in columns.iter().filter(|items| model.village_can(v, items)) {
                dual.add_column(v, items);
            }
        }
        let heat = self.converge(&mut dual, &node.prices);
        for (v, columns) in self.columns.iter_mut().enumerate() {
            let store = dual.columns(v);
            columns.extend((0..store.len()).map(|k| store.items(k)));
        }
        let bound = dual.bound.min(node.bound);
        if self.beaten(bound) {
            return Vec::new();
        }
        // Where little is left to choose, trying it all is quicker than splitting on.
        if self.best.is_some() {
            let found = enumerate(&dual, self.objective, 500, 20_000);
            if let Some((_, items)) = found.better {
                self.offer(items);
            }
            if found.complete {
                return Vec::new();
            }
        }
        self.try_plans(&dual, node.serial, if node.serial == 0 { 20_000 } else { 100 });
        if self.beaten(bound) {
            return Vec::new();
        }
        let child = |narrowing: Narrowing| {
            let mut narrowings = node.narrowings.clone();
            narrowings.push(narrowing);
            Node { bound, depth: node.depth + 1, serial: 0, narrowings, prices: dual.center.clone() }
        };
        split(&dual, heat).map_or_else(Vec::new, |(left, right)| vec![child(left), child(right)])
    }

    /// Lowers the bound until it rules the node out or settles.
    fn converge(&self, dual: &mut Dual<'_>, prices: &[f64]) -> f64 {
        let step = dual.pass(prices, 1);
        let unit = dual.unit(step.bound.abs());
        let mut heat: f64 = 0.003;
        let mut hold = 0.01;
        let money: f64 = prices[..dual.layout.demo].iter().copied().fold(0.0, f64::max).max(1.0);
        for _ in 0..8 {
            if dual.bound == f64::NEG_INFINITY || self.beaten(dual.bound) {
                break;
            }
            let before = dual.bound;
            let z = dual.descend(heat * unit, heat * money, hold, 80, 1e-7);
            let step = dual.pass(&z, 1);
            let apart = (step.bound - step.known) / step.bound.abs().max(1.0);
            hold = if dual.bound < before { hold * 0.3 } else { hold * 4.0 };
            if heat <= 2e-4 && (apart < 1e-4 || before - dual.bound < 2e-5 * before.abs()) {
                break;
            }
            heat = (heat * 0.3).max(2e-4);
        }
        heat * unit
    }

    /// A short search for better plans among the node's columns.
    fn try_plans(&mut self, dual: &Dual<'_>, serial: u64, sweeps: usize) {
        let model = dual.model;
        // What the villages want at the prices, which is all that is left where everything is decided.
        let wanted = |v: usize| {
            let weights = dual.weights(v, 1.0);
            let k = (0..weights.len()).max_by(|&a, &b| weights[a].total_cmp(&weights[b]).then(b.cmp(&a)))?;
            Some(dual.columns(v).items(k))
        };
        if let Some(items) = (0..model.villages.len()).map(wanted).collect::<Option<Vec<_>>>() {
            self.offer(items);
        }
        let base =
            |v: usize| (0..dual.columns(v).len()).map(|k| dual.columns(v).items(k)).min_by_key(|items| spent(model, v, items));
        let Some(bases) = (0..model.villages.len()).map(base).collect::<Option<Vec<_>>>() else { return };
        let mut search = Primal::new(dual, bases, self.seed ^ serial, 10.0, 0.0, 0.0);
        let schedule = Schedule { rounds: 1, sweeps, from: 0.1, to: 0.001, price_from: 1.1, price_to: 0.3 };
        let draft = search.run(schedule, |_| false);
        if draft.objective > self.objective {
            self.offer(search.items(dual, &draft));
        }
    }

    /// Takes a plan if it is better and can be paid.
    fn offer(&mut self, items: Vec<Vec<Item>>) {
        let model = self.model;
        let objective = model.objective(&items);
        if objective > self.objective && model.kept_by(&items) && primal::allot(model, &primal::demand(model, &items)).is_ok() {
            (self.objective, self.best) = (objective, Some(items));
        }
    }
}

fn spent(model: &Model, v: usize, items: &[Item]) -> i64 {
    items.iter().map(|&item| model.item(v, item).0.shared).sum()
}

fn narrowed(model: &Model, narrowings: &[Narrowing]) -> Model {
    let mut model = model.clone();
    for narrowing in narrowings {
        let village = &mut model.villages[narrowing.village];
        let need = &mut village.needs[narrowing.need];
        need.required |= narrowing.required;
        let options = &mut village.options[need.first..need.end];
        options.iter_mut().zip(&narrowing.allow).for_each(|(option, allow)| option.allow &= allow);
    }
    model.strike();
    model
}

/// Chooses the need about which the columns agree least, and splits what it may do in two.
fn split(dual: &Dual<'_>, heat: f64) -> Option<(Narrowing, Narrowing)> {
    let model = dual.model;
    let years = model.years;
    // By doubt, then by village and need: the weight of each option and year, and of not doing it.
    let mut chosen: Option<(f64, usize, usize, Vec<f64>)> = None;
    for (v, village) in model.villages.iter().enumerate() {
        let weights = dual.weights(v, heat);
        for (n, need) in village.needs.iter().enumerate() {
            let options = need.end - need.first;
            let possible: u32 = village.options[need.first..need.end].iter().map(|option| option.allow.count_ones()).sum();
            if possible + u32::from(!need.required) < 2 {
                continue;
            }
            let mut mass = vec![0.0; options * years + 1];
            for (k, &weight) in weights.iter().enumerate() {
                let of_need = |&item: &Item| model.item(v, item).0.need == n;
                match dual.columns(v).items(k).iter().find(|&item| of_need(item)) {
                    Some(&item) => mass[usize::from(item) - need.first * years] += weight,
                    None => mass[options * years] += weight,
                }
            }
            let doubt = 1.0 - mass.iter().copied().fold(0.0, f64::max);
            let dear = village.options[need.first].shared as f64;
            let score = doubt * (1.0 + dear / 1000.0) + 1e-6 * dear / 1e6;
            if chosen.as_ref().is_none_or(|(best, ..)| score > *best) {
                chosen = Some((score, v, n, mass));
            }
        }
    }
    let (_, v, n, mass) = chosen?;
    Some(halves(model, v, n, &mass))
}

fn halves(model: &Model, v: usize, n: usize, mass: &[f64]) -> (Narrowing, Narrowing) {
    let (village, years) = (&model.villages[v], model.years);
    let need = &village.needs[n];
    let options = &village.options[need.first..need.end];
    let part = |allow: Vec<u32>, required: bool| Narrowing { village: v, need: n, allow, required };
    let mut by_year = vec![0.0; years + 1];
    for (at, mass) in mass.iter().enumerate() {
        by_year[if at == options.len() * years { years } else { at % years }] += mass;
    }
    // Early or late, where the years are in doubt.
    let mut sum = 0.0;
    for (t, mass) in by_year[..years].iter().enumerate() {
        sum += mass;
        let early = (1u64 << (t + 1)) as u32 - 1;
        let (before, after) = (options.iter().any(|o| o.allow & early != 0), options.iter().any(|o| o.allow & !early != 0));
        if sum > 0.02
            && sum < 0.98
            && before
            && (after || !need.required)
            && (sum > 0.4 || by_year[t + 1..].iter().all(|m| *m < 0.9))
        {
            return (part(vec![early; options.len()], true), part(vec![!early; options.len()], false));
        }
    }
    // Else exactly what is most likely, or anything but that.
    let likely = (0..mass.len()).filter(|&at| at == options.len() * years || options[at / years].allow >> (at % years) & 1 == 1);
    let at = likely.max_by(|&a, &b| mass[a].total_cmp(&mass[b]).then(b.cmp(&a))).unwrap_or(mass.len() - 1);
    if at == options.len() * years {
        if !need.required {
            return (part(vec![0; options.len()], false), part(vec![u32::MAX; options.len()], true));
        }
        let first = options.iter().position(|option| option.allow != 0).unwrap_or(0);
        let at = first * years + options[first].allow.trailing_zeros() as usize;
        return exactly(at, options.len(), years, &part);
    }
    exactly(at, options.len(), years, &part)
}

fn exactly(at: usize, options: usize, years: usize, part: &dyn Fn(Vec<u32>, bool) -> Narrowing) -> (Narrowing, Narrowing) {
    let only = (0..options).map(|o| if o == at / years { 1 << (at % years) } else { 0 }).collect();
    let others = (0..options).map(|o| if o == at / years { !(1u32 << (at % years)) } else { u32::MAX }).collect();
    (part(only, true), part(others, false))
}
