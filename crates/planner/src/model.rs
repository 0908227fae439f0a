//! An instance made ready for the search: sorted by county, prerequisites as bit masks, hopeless options struck out.
//!
//! Villages are sorted by county and code and pools by id, so that the search does not depend on the order of the input.
//! An *item* is an option in a year; its code is `option * years + year`, the option counted within the village.

use std::collections::HashMap;

use crate::{
    demands::Demands,
    instance::{Instance, PoolKind},
    keep::Keep,
};

/// Code of an item within its village.
pub(crate) type Item = u16;

/// One standard of a needed work.
#[derive(Debug, Clone)]
pub(crate) struct Opt {
    pub need: usize,
    pub work: usize,
    pub level: i64,
    pub shared: i64,
    pub own: i64,
    pub labour: i64,
    pub benefit: i64,
    /// Bit t: may be done in year t.
    pub allow: u32,
    /// Year in which a former plan that is to be kept did this.
    pub kept: Option<u8>,
}

/// A needed work.
#[derive(Debug, Clone)]
pub(crate) struct NeedOf {
    pub work: usize,
    /// Options `first..end`.
    pub first: usize,
    pub end: usize,
    /// Must be done: a fixed decision.
    pub required: bool,
    /// Prerequisites among the village's needs, with their lag.
    pub after: Vec<(usize, i64)>,
    /// Slot of the neighbour bonus, if any edge brings one.
    pub slot: Option<usize>,
}

/// A village.
#[derive(Debug, Clone)]
pub(crate) struct VillageOf {
    /// Position in the input.
    pub origin: usize,
    pub code: String,
    pub county: usize,
    pub demo: bool,
    pub load: i64,
    pub own: i64,
    pub labour: i64,
    pub needs: Vec<NeedOf>,
    pub options: Vec<Opt>,
    /// Bonus terms with an end here.
    pub terms: Vec<usize>,
}

/// A county: the place where money is split.
#[derive(Debug, Clone)]
pub(crate) struct CountyOf {
    pub code: String,
    /// Villages `first..end`.
    pub first: usize,
    pub end: usize,
    /// Pools that may pay here.
    pub pools: Vec<usize>,
}

/// A source of shared money.
#[derive(Debug, Clone)]
pub(crate) struct PoolOf {
    /// Position in the input.
    pub origin: usize,
    pub id: String,
    pub cumulative: bool,
    pub cap: Vec<i64>,
    pub share: Vec<i64>,
}

/// The bonus of one edge and work.
#[derive(Debug, Clone)]
pub(crate) struct Term {
    /// The two ends.
    pub ends: [usize; 2],
    /// Their bonus slots.
    pub slots: [usize; 2],
    pub work: usize,
    /// Points.
    pub bonus: i64,
}

/// Villages `first..end` of one county: the unit of parallel work, the same whatever the number of threads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    pub county: usize,
    pub first: usize,
    pub end: usize,
    /// Bonus slots of these villages.
    pub slots: (usize, usize),
}

/// The instance made ready.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub years: usize,
    pub works: usize,
    pub loads: Vec<i64>,
    pub disc: Vec<i64>,
    pub demo_years: usize,
    pub demo_share: i64,
    pub villages: Vec<VillageOf>,
    pub counties: Vec<CountyOf>,
    pub pools: Vec<PoolOf>,
    pub terms: Vec<Term>,
    pub slots: usize,
    pub blocks: Vec<Block>,
    /// What it brings to keep a decision of a former plan, and what all of them would bring, which is taken off every plan: so each
    /// decision that moves costs its price. Both in units of the objective.
    pub keep: i64,
    pub keep_all: i64,
    /// Least size of a plan's value by which the search measures differences: half of what the former plan brings.
    pub scale: f64,
}

const BLOCK: usize = 48;

impl Model {
    /// Builds the model of a valid instance under valid demands.
    pub fn new(instance: &Instance, demands: &Demands) -> Model {
        let years = instance.years as usize;
        let mut order: Vec<usize> = (0..instance.villages.len()).collect();
        order.sort_by_key(|&v| (&instance.villages[v].county, &instance.villages[v].code));
        let mut place = vec![0; order.len()];
        for (at, &v) in order.iter().enumerate() {
            place[v] = at;
        }
        let mut pool_order: Vec<usize> = (0..instance.pools.len()).collect();
        pool_order.sort_by_key(|&p| &instance.pools[p].id);
        let pools: Vec<PoolOf> = pool_order.iter().map(|&p| pool(instance, p)).collect();
        let mut model = Model {
            years,
            works: instance.works.len(),
            loads: instance.works.iter().map(|work| work.load).collect(),
            disc: instance.disc_permille.clone(),
            demo_years: years.min(instance.demo_years as usize),
            demo_share: instance.demo_share_pct,
            villages: order.iter().map(|&v| village(instance, v)).collect(),
            counties: Vec::new(),
            pools,
            terms: Vec::new(),
            slots: 0,
            blocks: Vec::new(),
            keep: 0,
            keep_all: 0,
            scale: 0.0,
        };
        model.add_counties(instance, &pool_order);
        model.apply(demands, &place);
        model.strike();
        model.add_terms(instance, &place);
        model.add_blocks();
        model
    }

    /// Lets what a former plan decided count for more; `keep` must be valid.
    pub fn keep(&mut self, keep: &Keep) {
        let mut place = vec![0; self.villages.len()];
        self.villages.iter().enumerate().for_each(|(at, village)| place[village.origin] = at);
        self.keep = keep.price * 1000;
        self.keep_all = self.keep * keep.choices.len() as i64;
        let mut brought = 0;
        for choice in &keep.choices {
            let of_choice = |option: &&mut Opt| (option.work as i64, option.level) == (choice.work, choice.level);
            if let Some(option) = self.villages[place[choice.village as usize]].options.iter_mut().find(of_choice) {
                option.kept = Some(choice.year as u8);
                brought += option.benefit * self.disc[choice.year as usize];
            }
        }
        self.scale = brought as f64 / 2.0;
    }

    /// What of a former plan each village offers still.
    pub fn former(&self) -> Vec<Vec<Item>> {
        let item = |(o, option): (usize, &Opt)| option.kept.map(|t| (o * self.years + usize::from(t)) as Item);
        self.villages.iter().map(|village| village.options.iter().enumerate().filter_map(item).collect()).collect()
    }

    fn add_counties(&mut self, instance: &Instance, pool_order: &[usize]) {
        for v in 0..self.villages.len() {
            let code = &instance.villages[self.villages[v].origin].county;
            if self.counties.last().is_none_or(|county| county.code != *code) {
                let pays = |&p: &usize| code.starts_with(instance.pools[pool_order[p]].place.as_str());
                let pools = (0..self.pools.len()).filter(pays).collect();
                self.counties.push(CountyOf { code: code.clone(), first: v, end: v, pools });
            }
            let last = self.counties.len() - 1;
            self.counties[last].end = v + 1;
            self.villages[v].county = last;
        }
    }

    fn apply(&mut self, demands: &Demands, place: &[usize]) {
        for fixed in &demands.fixed {
            let village = &mut self.villages[place[fixed.village]];
            let Some(n) = village.needs.iter().position(|need| need.work == fixed.work) else { continue };
            village.needs[n].required = true;
            for option in village.options.iter_mut().filter(|option| option.need == n) {
                let level = fixed.level.is_none_or(|level| level == option.level);
                option.allow &= if level { fixed.year.map_or(u32::MAX, |year| 1 << year) } else { 0 };
            }
        }
        for forbidden in &demands.forbidden {
            let village = &mut self.villages[place[forbidden.village]];
            for option in village.options.iter_mut().filter(|option| option.work == forbidden.work) {
                option.allow &= forbidden.year.map_or(0, |year| !(1 << year));
            }
        }
    }

    /// Strikes out what no plan can hold: beyond the village's own limits, beyond what all pools together can pay, or in the
    /// demonstration years of a county whose demonstration villages can spend nothing.
    pub fn strike(&mut self) {
        for county in &self.counties {
            // Money of each pool that is there in each year.
            let there = |p: usize, t: usize| {
                let pool = &self.pools[p];
                if pool.cumulative { pool.cap[..=t].iter().sum() } else { pool.cap[t] }
            };
            let money: Vec<Vec<i64>> = county.pools.iter().map(|&p| (0..self.years).map(|t| there(p, t)).collect()).collect();
            // What a cell must draw grows faster than what it may draw, so an option too dear alone is too dear with others.
            let payable = |work: usize, t: usize, cost: i64| {
                let share = |k: usize| self.pools[county.pools[k]].share[work] * cost;
                (0..money.len()).map(|k| share(k).min(100 * money[k][t])).sum::<i64>() >= 100 * cost
            };
            let villages = &mut self.villages[county.first..county.end];
            for village in villages.iter_mut() {
                let (load, labour, own) = (village.load, village.labour, village.own);
                for option in &mut village.options {
                    if self.loads[option.work] > load || option.labour > labour {
                        option.allow = 0;
                    }
                    for t in 0..self.years {
                        if option.allow >> t & 1 == 0 {
                            continue;
                        }
                        if option.own > own * (t as i64 + 1) || !payable(option.work, t, option.shared) {
                            option.allow &= !(1 << t);
                        }
                    }
                }
            }
            if self.demo_share == 0 {
                continue;
            }
            for t in 0..self.demo_years {
                let spends = |option: &Opt| option.shared > 0 && option.allow >> t & 1 == 1;
                if !villages.iter().any(|village| village.demo && village.options.iter().any(spends)) {
                    for option in villages.iter_mut().flat_map(|village| &mut village.options).filter(|option| option.shared > 0)
                    {
                        option.allow &= !(1 << t);
                    }
                }
            }
        }
    }

    fn add_terms(&mut self, instance: &Instance, place: &[usize]) {
        if instance.bonus_pct == 0 {
            return;
        }
        let mut ends: Vec<[usize; 2]> = Vec::with_capacity(instance.edges.len());
        for &[i, j] in &instance.edges {
            let (a, b) = (place[i as usize], place[j as usize]);
            ends.push([a.min(b), a.max(b)]);
        }
        ends.sort_unstable();
        let mut works: Vec<usize> = instance.line_works.iter().map(|&work| work as usize).collect();
        works.sort_unstable();
        let mut slots: HashMap<(usize, usize), usize> = HashMap::new();
        for ends in ends {
            for &work in &works {
                let need = |v: usize| self.villages[v].needs.iter().position(|need| need.work == work);
                let (Some(a), Some(b)) = (need(ends[0]), need(ends[1])) else { continue };
                let first = |v: usize, n: usize| self.villages[v].options[self.villages[v].needs[n].first].benefit;
                let bonus = instance.bonus_pct * first(ends[0], a).min(first(ends[1], b)) / 100;
                if bonus > 0 {
                    for (v, n) in [(ends[0], a), (ends[1], b)] {
                        self.villages[v].terms.push(self.terms.len());
                        slots.insert((v, n), 0);
                    }
                    self.terms.push(Term { ends, slots: [a, b], work, bonus });
                }
            }
        }
        for v in 0..self.villages.len() {
            for n in 0..self.villages[v].needs.len() {
                if slots.contains_key(&(v, n)) {
                    self.villages[v].needs[n].slot = Some(self.slots);
                    self.slots += 1;
                }
            }
        }
        for term in &mut self.terms {
            for side in 0..2 {
                let slot = self.villages[term.ends[side]].needs[term.slots[side]].slot;
                term.slots[side] = slot.expect("every end of a term was given a slot");
            }
        }
    }

    fn add_blocks(&mut self) {
        let mut slot = 0;
        for (c, county) in self.counties.iter().enumerate() {
            let mut first = county.first;
            while first < county.end {
                let end = county.end.min(first + BLOCK);
                let here = self.villages[first..end].iter().flat_map(|v| &v.needs).filter(|need| need.slot.is_some()).count();
                self.blocks.push(Block { county: c, first, end, slots: (slot, slot + here) });
                slot += here;
                first = end;
            }
        }
    }

    /// A model of one village only, for the search within it.
    pub fn clone_village(&self, v: usize) -> Model {
        Model {
            loads: self.loads.clone(),
            disc: self.disc.clone(),
            villages: vec![self.villages[v].clone()],
            counties: Vec::new(),
            pools: Vec::new(),
            terms: Vec::new(),
            blocks: Vec::new(),
            ..*self
        }
    }

    /// The option and year of an item.
    pub fn item(&self, village: usize, item: Item) -> (&Opt, usize) {
        let item = usize::from(item);
        (&self.villages[village].options[item / self.years], item % self.years)
    }

    /// Benefit of an option in a year, discounted, with what it brings to keep it.
    pub fn worth(&self, option: &Opt, t: usize) -> i64 {
        let kept = option.kept.is_some_and(|kept| usize::from(kept) == t);
        option.benefit * self.disc[t] + if kept { self.keep } else { 0 }
    }

    /// The worth of an item.
    pub fn gain(&self, village: usize, item: Item) -> i64 {
        let (option, t) = self.item(village, item);
        self.worth(option, t)
    }

    /// More than the benefit of any plan of a village.
    pub fn best_gain(&self, v: usize) -> i64 {
        let most = self.disc.iter().copied().max().unwrap_or(0);
        let village = &self.villages[v];
        let of_need =
            |need: &NeedOf| village.options[need.first..need.end].iter().map(|option| option.benefit).max().unwrap_or(0);
        village.needs.iter().map(of_need).sum::<i64>() * most + self.keep * village.needs.len() as i64
    }

    /// Decisions of the former plan that a plan keeps.
    pub fn kept_of_former(&self, plan: &[Vec<Item>]) -> usize {
        let kept = |v: usize, item: Item| {
            let (option, t) = self.item(v, item);
            option.kept.is_some_and(|kept| usize::from(kept) == t)
        };
        plan.iter().enumerate().map(|(v, items)| items.iter().filter(|&&item| kept(v, item)).count()).sum()
    }

    /// Objective of a whole plan, bonus included, the price of what moves taken off.
    pub fn objective(&self, plan: &[Vec<Item>]) -> i64 {
        let gains: i64 =
            plan.iter().enumerate().map(|(v, items)| items.iter().map(|&item| self.gain(v, item)).sum::<i64>()).sum();
        gains + self.bonus(plan) - self.keep_all
    }

    fn bonus(&self, plan: &[Vec<Item>]) -> i64 {
        if self.terms.is_empty() {
            return 0;
        }
        let mut year = vec![u8::MAX; self.slots];
        for (v, items) in plan.iter().enumerate() {
            for &item in items {
                let (option, t) = self.item(v, item);
                if let Some(slot) = self.villages[v].needs[option.need].slot {
                    year[slot] = t as u8;
                }
            }
        }
        let earned = |term: &Term| {
            let (a, b) = (year[term.slots[0]], year[term.slots[1]]);
            if a == b && a != u8::MAX { term.bonus * self.disc[usize::from(a)] } else { 0 }
        };
        self.terms.iter().map(earned).sum()
    }

    /// Whether a plan keeps every village's limits and the demonstration share; money is for the flow.
    pub fn kept_by(&self, plan: &[Vec<Item>]) -> bool {
        let mut demo = vec![(0, 0); self.counties.len() * self.demo_years];
        for (v, items) in plan.iter().enumerate() {
            for &item in items {
                let (option, t) = self.item(v, item);
                if t < self.demo_years {
                    let (of_demo, of_all) = &mut demo[self.villages[v].county * self.demo_years + t];
                    *of_demo += if self.villages[v].demo { option.shared } else { 0 };
                    *of_all += option.shared;
                }
            }
        }
        demo.iter().all(|(of_demo, of_all)| of_demo * 100 >= self.demo_share * of_all)
            && plan.iter().enumerate().all(|(v, items)| self.village_can(v, items))
    }

    /// Whether a village can do these items: one for a need, prerequisites, load, labour and own money.
    pub fn village_can(&self, v: usize, items: &[Item]) -> bool {
        let village = &self.villages[v];
        let mut year = [usize::MAX; 64];
        let (mut load, mut labour, mut own) = ([0; 32], [0; 32], [0; 32]);
        for &item in items {
            let (option, t) = self.item(v, item);
            if year[option.need] != usize::MAX || option.allow >> t & 1 == 0 {
                return false;
            }
            year[option.need] = t;
            load[t] += self.loads[option.work];
            labour[t] += option.labour;
            own[t] += option.own;
        }
        let mut saved = 0;
        for t in 0..self.years {
            saved += own[t];
            if load[t] > village.load || labour[t] > village.labour || saved > village.own * (t as i64 + 1) {
                return false;
            }
        }
        village.needs.iter().enumerate().all(|(n, need)| match year[n] {
            usize::MAX => !need.required,
            t => need.after.iter().all(|&(before, lag)| year[before] != usize::MAX && year[before] as i64 + lag <= t as i64),
        })
    }
}

fn pool(instance: &Instance, p: usize) -> PoolOf {
    let pool = &instance.pools[p];
    let cumulative = pool.kind == PoolKind::Cumulative;
    PoolOf { origin: p, id: pool.id.clone(), cumulative, cap: pool.cap.clone(), share: pool.share.clone() }
}

fn village(instance: &Instance, v: usize) -> VillageOf {
    let village = &instance.villages[v];
    let mut order: Vec<usize> = (0..village.needs.len()).collect();
    order.sort_by_key(|&n| village.needs[n].work);
    let (mut needs, mut options) = (Vec::with_capacity(order.len()), Vec::new());
    for (n, need) in order.iter().map(|&n| &village.needs[n]).enumerate() {
        let first = options.len();
        for option in &need.options {
            let late = option.earliest.min(instance.years);
            let allow = ((1u64 << instance.years) - (1u64 << late)) as u32;
            options.push(Opt {
                need: n,
                work: need.work as usize,
                level: option.level,
                shared: option.shared,
                own: option.own,
                labour: option.labour,
                benefit: option.benefit,
                allow,
                kept: None,
            });
        }
        let position = |work: i64| order.iter().position(|&n| village.needs[n].work == work);
        let after = instance.pred.iter().filter(|p| p[0] == need.work).filter_map(|p| Some((position(p[1])?, p[2]))).collect();
        needs.push(NeedOf { work: need.work as usize, first, end: options.len(), required: false, after, slot: None });
    }
    options.shrink_to_fit();
    VillageOf {
        origin: v,
        code: village.code.clone(),
        county: 0,
        demo: village.demo == 1,
        load: village.load,
        own: village.own,
        labour: village.labour,
        needs,
        options,
        terms: Vec::new(),
    }
}
