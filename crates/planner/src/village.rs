//! The best plan of one village at given prices, exactly.
//!
//! Years are walked with the set of works done as the state. What a village can build in one year (a *bundle*: load, labour and own
//! money allow it) is listed once; a backward pass with own money priced by one multiplier gives a bound for every year and state;
//! a forward pass keeps, for every state, the labels that trade own money spent against value, and drops those that the bound rules out.
//! Where prerequisites have lags of two years and more, or there are many needs, a depth-first search stands in.

use crate::model::{Item, Model, VillageOf};

/// Most needs for which sets of works are states.
const STATES_MAX: usize = 13;
const BUNDLES_MAX: usize = 20_000;
const LABELS_MAX: usize = 400_000;
const NODES_MAX: usize = 300_000;
const NEVER: f64 = f64::NEG_INFINITY;

/// A plan with its worth.
pub(crate) type Valued = (f64, Vec<Item>);

/// What was found for a village.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// No plan of the village is worth more; `-inf` where the village has no plan at all.
    pub upper: f64,
    /// A plan worth more than the lower bound handed in, with its value.
    pub better: Option<Valued>,
}

/// Memory that is used again from village to village.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    bundles: Vec<Bundle>,
    members: Vec<u16>,
    groups: Vec<Group>,
    worth: Vec<f64>,
    group_worth: Vec<f64>,
    closed: Vec<u32>,
    moves: Vec<(u32, u32)>,
    moves_of: Vec<(u32, u32)>,
    table: Vec<f64>,
    labels: Vec<Label>,
    buckets: Vec<Vec<u32>>,
}

#[derive(Debug, Clone, Copy)]
struct Bundle {
    mask: u32,
    own: i64,
    allow: u32,
    first: u32,
    count: u32,
}

#[derive(Debug, Clone, Copy)]
struct Group {
    mask: u32,
    /// What must be done already.
    asks: u32,
    first: u32,
    end: u32,
}

#[derive(Debug, Clone, Copy)]
struct Label {
    mask: u32,
    own: i64,
    value: f64,
    parent: u32,
    bundle: u32,
}

/// Searches for a plan of village `v` worth more than `lower`. `values` holds the worth of every item; `price` is the multiplier of own
/// money, kept from one search to the next.
pub(crate) fn best(model: &Model, v: usize, values: &[f64], lower: f64, price: &mut f64, scratch: &mut Scratch) -> Found {
    let village = &model.villages[v];
    let short_lags = village.needs.iter().all(|need| need.after.iter().all(|&(_, lag)| lag <= 1));
    if village.needs.len() <= STATES_MAX && short_lags && scratch.list_bundles(model, village) {
        let mut search = Search { model, village, values, lower, better: None, scratch };
        return search.run(price);
    }
    deep::best(model, v, values, lower)
}

/// Every plan of village `v` worth at least `floor`, with its worth, best first; none where there are more than `most` or the walk over
/// states does not take the village. `price` is the multiplier of own money.
pub(crate) fn all(
    model: &Model,
    v: usize,
    values: &[f64],
    floor: f64,
    most: usize,
    price: f64,
    scratch: &mut Scratch,
) -> Option<Vec<Valued>> {
    let walk = Walk { floor, price, most, only_best: false, steps: 60 * most, trace: Vec::new(), found: Vec::new() };
    walk.run(model, v, values, scratch).and_then(|(complete, found)| complete.then_some(found))
}

/// Plans of village `v` worth at least `floor`, best first, at most `most`: the best ones unless the walk is cut short, and none where the
/// walk over states does not take the village.
pub(crate) fn some(
    model: &Model,
    v: usize,
    values: &[f64],
    floor: f64,
    most: usize,
    price: f64,
    scratch: &mut Scratch,
) -> Vec<Valued> {
    let walk = Walk { floor, price, most, only_best: true, steps: 60 * most, trace: Vec::new(), found: Vec::new() };
    let (_, mut found) = walk.run(model, v, values, scratch).unwrap_or_default();
    found.truncate(most);
    found
}

/// A walk through the plans of a village above a floor.
struct Walk {
    floor: f64,
    /// Multiplier of own money.
    price: f64,
    most: usize,
    /// Beyond `most` the worst go and the floor rises, instead of giving up.
    only_best: bool,
    /// Steps left.
    steps: usize,
    /// Bundles and years so far.
    trace: Vec<(u32, usize)>,
    found: Vec<Valued>,
}

impl Walk {
    /// Whether all was walked through, and what was found, best first.
    fn run(mut self, model: &Model, v: usize, values: &[f64], scratch: &mut Scratch) -> Option<(bool, Vec<Valued>)> {
        let village = &model.villages[v];
        let short_lags = village.needs.iter().all(|need| need.after.iter().all(|&(_, lag)| lag <= 1));
        if village.needs.len() > STATES_MAX || !short_lags || !scratch.list_bundles(model, village) {
            return None;
        }
        let mut search = Search { model, village, values, lower: NEVER, better: None, scratch };
        search.value_bundles();
        search.backward(self.price);
        let complete = search.collect(0, Label { mask: 0, own: 0, value: 0.0, parent: 0, bundle: 0 }, &mut self);
        self.sort();
        Some((complete, self.found))
    }

    fn sort(&mut self) {
        self.found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    }
}

impl Scratch {
    /// Lists what can be built in one year; false when there is too much.
    fn list_bundles(&mut self, model: &Model, village: &VillageOf) -> bool {
        self.bundles.clear();
        self.members.clear();
        let mut chosen = Vec::with_capacity(16);
        let limits = (village.load, village.labour, village.own * model.years as i64);
        if !self.extend(model, village, 0, limits, Bundle { mask: 0, own: 0, allow: u32::MAX, first: 0, count: 0 }, &mut chosen) {
            return false;
        }
        self.bundles.sort_by_key(|bundle| bundle.mask);
        self.groups.clear();
        let mut first = 0;
        while first < self.bundles.len() {
            let mask = self.bundles[first].mask;
            let end = first + self.bundles[first..].iter().take_while(|bundle| bundle.mask == mask).count();
            let (mut at_once, mut before) = (0, 0);
            for (n, need) in village.needs.iter().enumerate().filter(|(n, _)| mask >> n & 1 == 1) {
                debug_assert!(n < STATES_MAX);
                for &(other, lag) in &need.after {
                    *(if lag == 0 { &mut at_once } else { &mut before }) |= 1 << other;
                }
            }
            if before & mask == 0 {
                self.groups.push(Group { mask, asks: before | (at_once & !mask), first: first as u32, end: end as u32 });
            }
            first = end;
        }
        self.list_states(village);
        true
    }

    fn extend(
        &mut self,
        model: &Model,
        village: &VillageOf,
        from: usize,
        (load, labour, own): (i64, i64, i64),
        so_far: Bundle,
        chosen: &mut Vec<u16>,
    ) -> bool {
        for n in from..village.needs.len() {
            let need = &village.needs[n];
            if model.loads[need.work] > load {
                continue;
            }
            for o in need.first..need.end {
                let option = &village.options[o];
                let allow = so_far.allow & option.allow;
                if allow == 0 || option.labour > labour || option.own > own {
                    continue;
                }
                chosen.push(o as u16);
                let (first, count) = (self.members.len() as u32, chosen.len() as u32);
                let bundle = Bundle { mask: so_far.mask | 1 << n, own: so_far.own + option.own, allow, first, count };
                self.members.extend_from_slice(chosen);
                self.bundles.push(bundle);
                let left = (load - model.loads[need.work], labour - option.labour, own - option.own);
                if self.bundles.len() > BUNDLES_MAX || !self.extend(model, village, n + 1, left, bundle, chosen) {
                    return false;
                }
                chosen.pop();
            }
        }
        true
    }

    /// Lists the reachable sets of works, and the moves from each.
    fn list_states(&mut self, village: &VillageOf) {
        let mut prerequisites = [0u32; STATES_MAX];
        for (n, need) in village.needs.iter().enumerate() {
            prerequisites[n] = need.after.iter().map(|&(other, _)| 1 << other).sum();
        }
        self.closed.clear();
        self.moves.clear();
        self.moves_of.clear();
        for mask in 0..1u32 << village.needs.len() {
            let mut rest = mask;
            let mut closed = true;
            while rest != 0 && closed {
                closed = prerequisites[rest.trailing_zeros() as usize] & !mask == 0;
                rest &= rest - 1;
            }
            if !closed {
                continue;
            }
            let first = self.moves.len() as u32;
            for (g, group) in self.groups.iter().enumerate() {
                if group.mask & mask == 0 && group.asks & !mask == 0 {
                    self.moves.push((g as u32, mask | group.mask));
                }
            }
            self.closed.push(mask);
            self.moves_of.push((first, self.moves.len() as u32));
        }
    }
}

struct Search<'a> {
    model: &'a Model,
    village: &'a VillageOf,
    values: &'a [f64],
    lower: f64,
    better: Option<Valued>,
    scratch: &'a mut Scratch,
}

impl Search<'_> {
    fn run(&mut self, price: &mut f64) -> Found {
        self.value_bundles();
        let own_all = (self.village.own * self.model.years as i64) as f64;
        let (mut low, mut high) = (0.0, f64::INFINITY);
        let (mut upper, mut best_price, mut multiplier) = (f64::INFINITY, *price, *price);
        // With a price of own money from an earlier search, few steps are needed.
        for step in 0..if *price > 0.0 { 3 } else { 6 } {
            let bound = self.backward(multiplier) + multiplier * own_all;
            if bound < upper {
                (upper, best_price) = (bound, multiplier);
            }
            if upper <= self.lower + tolerance(self.lower) {
                *price = best_price;
                return self.found(upper.max(self.lower));
            }
            let (spent, in_time, value, trace) = self.trace(multiplier);
            if in_time && value > self.lower {
                self.lower = value;
                self.better = Some((value, self.items(&trace)));
            }
            if upper <= self.lower + tolerance(self.lower) {
                *price = best_price;
                return self.found(upper.max(self.lower));
            }
            if in_time {
                high = multiplier;
            } else {
                low = multiplier;
            }
            if in_time && multiplier == 0.0 {
                break;
            }
            let first_guess = 0.3 * value.max(1.0) / (spent.max(1) as f64);
            let next = if high.is_finite() { (low + high) / 2.0 } else { (multiplier * 2.0).max(first_guess) };
            if step > 0 && high.is_finite() && high - low < 0.02 * high {
                break;
            }
            multiplier = if in_time && low == 0.0 && step == 0 { multiplier / 3.0 } else { next };
        }
        *price = best_price;
        self.backward(best_price);
        let upper = self.forward(best_price, upper);
        self.found(upper)
    }

    fn found(&mut self, upper: f64) -> Found {
        Found { upper, better: self.better.take() }
    }

    fn value_bundles(&mut self) {
        let years = self.model.years;
        let scratch = &mut *self.scratch;
        scratch.worth.clear();
        scratch.worth.resize(scratch.bundles.len() * years, NEVER);
        for (b, bundle) in scratch.bundles.iter().enumerate() {
            let members = &scratch.members[bundle.first as usize..(bundle.first + bundle.count) as usize];
            for t in 0..years {
                if bundle.allow >> t & 1 == 1 && bundle.own <= self.village.own * (t as i64 + 1) {
                    scratch.worth[b * years + t] = members.iter().map(|&o| self.values[usize::from(o) * years + t]).sum();
                }
            }
        }
    }

    /// Fills the table of what can still be had from each year and state, own money at the given price; returns it for the start.
    fn backward(&mut self, price: f64) -> f64 {
        let years = self.model.years;
        let scratch = &mut *self.scratch;
        scratch.group_worth.clear();
        scratch.group_worth.resize(scratch.groups.len() * years, NEVER);
        for (g, group) in scratch.groups.iter().enumerate() {
            let row = &mut scratch.group_worth[g * years..(g + 1) * years];
            for b in group.first..group.end {
                let cost = price * scratch.bundles[b as usize].own as f64;
                let worth = &scratch.worth[b as usize * years..(b as usize + 1) * years];
                for (best, worth) in row.iter_mut().zip(worth) {
                    *best = best.max(worth - cost);
                }
            }
        }
        let states = 1usize << self.village.needs.len();
        let required: u32 = self.village.needs.iter().enumerate().map(|(n, need)| u32::from(need.required) << n).sum();
        scratch.table.clear();
        scratch.table.resize((years + 1) * states, NEVER);
        for &mask in &scratch.closed {
            if required & !mask == 0 {
                scratch.table[years * states + mask as usize] = 0.0;
            }
        }
        for t in (0..years).rev() {
            let (now, next) = scratch.table[t * states..].split_at_mut(states);
            for (s, &mask) in scratch.closed.iter().enumerate() {
                let mut best = next[mask as usize];
                let (first, end) = scratch.moves_of[s];
                for &(g, to) in &scratch.moves[first as usize..end as usize] {
                    best = best.max(scratch.group_worth[g as usize * years + t] + next[to as usize]);
                }
                now[mask as usize] = best;
            }
        }
        scratch.table[0]
    }

    /// Follows the table forwards: own money spent, whether it is there in every year, value, bundles by year.
    fn trace(&self, price: f64) -> (i64, bool, f64, Vec<(u32, usize)>) {
        let years = self.model.years;
        let states = 1usize << self.village.needs.len();
        let scratch = &*self.scratch;
        let (mut mask, mut spent, mut in_time, mut value, mut trace) = (0u32, 0, true, 0.0, Vec::new());
        for t in 0..years {
            let now = scratch.table[t * states + mask as usize];
            if now == NEVER {
                return (spent, false, NEVER, trace);
            }
            let next = &scratch.table[(t + 1) * states..];
            if now != next[mask as usize] {
                let s = scratch.closed.binary_search(&mask).unwrap_or(0);
                let (first, end) = scratch.moves_of[s];
                let moves = &scratch.moves[first as usize..end as usize];
                let taken = moves.iter().find(|&&(g, to)| scratch.group_worth[g as usize * years + t] + next[to as usize] == now);
                if let Some(&(g, to)) = taken {
                    let group = scratch.groups[g as usize];
                    let wanted = scratch.group_worth[g as usize * years + t];
                    let worth = |b: u32| scratch.worth[b as usize * years + t];
                    let pick =
                        (group.first..group.end).find(|&b| worth(b) - price * scratch.bundles[b as usize].own as f64 == wanted);
                    let b = pick.unwrap_or(group.first);
                    spent += scratch.bundles[b as usize].own;
                    value += worth(b);
                    trace.push((b, t));
                    mask = to;
                }
            }
            in_time &= spent <= self.village.own * (t as i64 + 1);
        }
        (spent, in_time, value, trace)
    }

    /// Walks on from a label through all plans above the floor; false when there are too many.
    fn collect(&self, t: usize, label: Label, walk: &mut Walk) -> bool {
        let years = self.model.years;
        let states = 1usize << self.village.needs.len();
        if walk.steps == 0 || !walk.only_best && walk.found.len() > walk.most {
            return false;
        }
        walk.steps -= 1;
        if t == years {
            walk.found.push((label.value, self.items(&walk.trace)));
            if walk.only_best && walk.found.len() >= 2 * walk.most {
                walk.sort();
                walk.found.truncate(walk.most);
                walk.floor = walk.found.last().map_or(walk.floor, |(value, _)| *value);
            }
            return true;
        }
        let scratch = &*self.scratch;
        let own_all = (self.village.own * years as i64) as f64;
        let open = |mask: u32, own: i64, value: f64, walk: &Walk| {
            value + scratch.table[(t + 1) * states + mask as usize] + walk.price * (own_all - own as f64) >= walk.floor
        };
        if open(label.mask, label.own, label.value, walk) && !self.collect(t + 1, label, walk) {
            return false;
        }
        let s = scratch.closed.binary_search(&label.mask).unwrap_or(0);
        let (first, last) = scratch.moves_of[s];
        for &(g, to) in &scratch.moves[first as usize..last as usize] {
            let group = scratch.groups[g as usize];
            for b in group.first..group.end {
                let (own, worth) = (label.own + scratch.bundles[b as usize].own, scratch.worth[b as usize * years + t]);
                if worth == NEVER || own > self.village.own * (t as i64 + 1) || !open(to, own, label.value + worth, walk) {
                    continue;
                }
                walk.trace.push((b, t));
                let next = Label { mask: to, own, value: label.value + worth, ..label };
                let complete = self.collect(t + 1, next, walk);
                walk.trace.pop();
                if !complete {
                    return false;
                }
            }
        }
        true
    }

    fn items(&self, trace: &[(u32, usize)]) -> Vec<Item> {
        let mut items = Vec::new();
        for &(b, t) in trace {
            let bundle = self.scratch.bundles[b as usize];
            let members = &self.scratch.members[bundle.first as usize..(bundle.first + bundle.count) as usize];
            items.extend(members.iter().map(|&o| (usize::from(o) * self.model.years + t) as Item));
        }
        items.sort_unstable();
        items
    }

    /// Labels from year to year; returns the proven upper bound.
    fn forward(&mut self, price: f64, relaxed: f64) -> f64 {
        let years = self.model.years;
        let states = 1usize << self.village.needs.len();
        let own_all = (self.village.own * years as i64) as f64;
        let floor = self.lower + tolerance(self.lower);
        let scratch = &mut *self.scratch;
        scratch.labels.clear();
        scratch.labels.push(Label { mask: 0, own: 0, value: 0.0, parent: u32::MAX, bundle: u32::MAX });
        if scratch.buckets.len() < states {
            scratch.buckets.resize(states, Vec::new());
        }
        let (mut begin, mut end) = (0, 1);
        for t in 0..years {
            let had = self.village.own * (t as i64 + 1);
            for from in begin..end {
                let label = scratch.labels[from];
                let offer = |scratch: &mut Scratch, mask: u32, own: i64, value: f64, bundle: u32| {
                    let rest = scratch.table[(t + 1) * states + mask as usize];
                    if value + rest + price * (own_all - own as f64) <= floor {
                        return;
                    }
                    let bucket = &mut scratch.buckets[mask as usize];
                    if bucket.iter().any(|&l| scratch.labels[l as usize].own <= own && scratch.labels[l as usize].value >= value)
                    {
                        return;
                    }
                    bucket.retain(|&l| scratch.labels[l as usize].own < own || scratch.labels[l as usize].value > value);
                    bucket.push(scratch.labels.len() as u32);
                    scratch.labels.push(Label { mask, own, value, parent: from as u32, bundle });
                };
                offer(scratch, label.mask, label.own, label.value, u32::MAX);
                let s = scratch.closed.binary_search(&label.mask).unwrap_or(0);
                let (first, last) = scratch.moves_of[s];
                for m in first..last {
                    let (g, to) = scratch.moves[m as usize];
                    let rest = scratch.table[(t + 1) * states + to as usize];
                    let group = scratch.groups[g as usize];
                    let most = scratch.group_worth[g as usize * years + t];
                    if label.value + most + rest + price * (own_all - label.own as f64) <= floor {
                        continue;
                    }
                    for b in group.first..group.end {
                        let (worth, own) = (scratch.worth[b as usize * years + t], scratch.bundles[b as usize].own);
                        if worth > NEVER && label.own + own <= had {
                            offer(scratch, to, label.own + own, label.value + worth, b);
                        }
                    }
                }
            }
            // Only the labels that nothing dominates go on.
            begin = scratch.labels.len();
            let kept: Vec<u32> =
                scratch.closed.iter().flat_map(|&mask| std::mem::take(&mut scratch.buckets[mask as usize])).collect();
            for l in kept {
                let label = scratch.labels[l as usize];
                scratch.labels.push(label);
            }
            end = scratch.labels.len();
            if end > LABELS_MAX {
                return relaxed;
            }
        }
        let best = (begin..end).max_by(|&a, &b| scratch.labels[a].value.total_cmp(&scratch.labels[b].value).then(b.cmp(&a)));
        if let Some(best) = best.filter(|&l| scratch.labels[l].value > self.lower) {
            self.lower = self.scratch.labels[best].value;
            let mut trace = Vec::new();
            let (mut l, mut t) = (best, years);
            while self.scratch.labels[l].parent != u32::MAX {
                t -= 1;
                let label = self.scratch.labels[l];
                if label.bundle != u32::MAX {
                    trace.push((label.bundle, t));
                }
                l = label.parent as usize;
            }
            self.better = Some((self.lower, self.items(&trace)));
        }
        if self.lower == NEVER { NEVER } else { self.lower + tolerance(self.lower) }
    }
}

/// Differences below this are not worth a search.
fn tolerance(value: f64) -> f64 {
    if value.is_finite() { 1e-11 * value.abs().max(1.0) } else { 0.0 }
}

/// Depth-first search for villages that the walk over states does not take.
pub(crate) mod deep {
    use super::{Found, NEVER, NODES_MAX};
    use crate::model::{Item, Model};

    struct Deep<'a> {
        model: &'a Model,
        v: usize,
        values: &'a [f64],
        order: Vec<usize>,
        /// Most that the needs from this depth on can bring.
        rest: Vec<f64>,
        year: Vec<usize>,
        load: Vec<i64>,
        labour: Vec<i64>,
        own: Vec<i64>,
        items: Vec<Item>,
        best: f64,
        better: Option<Vec<Item>>,
        nodes: usize,
    }

    /// As [`super::best`], by plain branch and bound.
    pub fn best(model: &Model, v: usize, values: &[f64], lower: f64) -> Found {
        let village = &model.villages[v];
        let mut order = Vec::new();
        while order.len() < village.needs.len() {
            let ready = |n: &usize| !order.contains(n) && village.needs[*n].after.iter().all(|(other, _)| order.contains(other));
            let Some(next) = (0..village.needs.len()).find(ready) else { break };
            order.push(next);
        }
        let mut rest = vec![0.0; order.len() + 1];
        for (depth, &n) in order.iter().enumerate().rev() {
            let need = &village.needs[n];
            let items = (need.first * model.years..need.end * model.years).filter(|&item| allowed(model, v, item));
            let most = items.map(|item| values[item]).fold(if need.required { NEVER } else { 0.0 }, f64::max);
            rest[depth] = rest[depth + 1] + most;
        }
        let years = model.years;
        let mut deep = Deep {
            model,
            v,
            values,
            order,
            rest,
            year: vec![usize::MAX; village.needs.len()],
            load: vec![0; years],
            labour: vec![0; years],
            own: vec![0; years],
            items: Vec::new(),
            best: lower,
            better: None,
            nodes: 0,
        };
        let root = deep.rest[0];
        deep.walk(0, 0.0);
        let upper = if deep.nodes > NODES_MAX { root.max(deep.best) } else { deep.best };
        let best = deep.best;
        let better = deep.better.map(|mut items| {
            items.sort_unstable();
            (best, items)
        });
        Found { upper, better }
    }

    fn allowed(model: &Model, v: usize, item: usize) -> bool {
        model.villages[v].options[item / model.years].allow >> (item % model.years) & 1 == 1
    }

    impl Deep<'_> {
        fn walk(&mut self, depth: usize, value: f64) {
            self.nodes += 1;
            if self.nodes > NODES_MAX || value + self.rest[depth] <= self.best {
                return;
            }
            let Some(&n) = self.order.get(depth) else {
                self.best = value;
                self.better = Some(self.items.clone());
                return;
            };
            let (years, village) = (self.model.years, &self.model.villages[self.v]);
            let need = &village.needs[n];
            let mut items: Vec<usize> =
                (need.first * years..need.end * years).filter(|&i| allowed(self.model, self.v, i)).collect();
            items.sort_by(|&a, &b| self.values[b].total_cmp(&self.values[a]));
            let mut skipped = need.required;
            for item in items {
                if !skipped && self.values[item] < 0.0 {
                    skipped = true;
                    self.walk(depth + 1, value);
                }
                self.take(depth, n, item, value);
            }
            if !skipped {
                self.walk(depth + 1, value);
            }
        }

        fn take(&mut self, depth: usize, n: usize, item: usize, value: f64) {
            let (model, village) = (self.model, &self.model.villages[self.v]);
            let (option, t) = (&village.options[item / model.years], item % model.years);
            let ready =
                |&(other, lag): &(usize, i64)| self.year[other] != usize::MAX && self.year[other] as i64 + lag <= t as i64;
            if !village.needs[n].after.iter().all(ready) {
                return;
            }
            let load = model.loads[option.work];
            if self.load[t] + load > village.load || self.labour[t] + option.labour > village.labour {
                return;
            }
            self.own[t] += option.own;
            let mut saved = 0;
            let in_time = (0..model.years).all(|u| {
                saved += self.own[u];
                saved <= village.own * (u as i64 + 1)
            });
            if in_time {
                (self.year[n], self.load[t], self.labour[t]) = (t, self.load[t] + load, self.labour[t] + option.labour);
                self.items.push(item as Item);
                self.walk(depth + 1, value + self.values[item]);
                self.items.pop();
                (self.year[n], self.load[t], self.labour[t]) = (usize::MAX, self.load[t] - load, self.labour[t] - option.labour);
            }
            self.own[t] -= option.own;
        }
    }
}
