//! From columns to a feasible plan of the whole instance.
//!
//! Counties anneal on their own, in parallel. Money of a pool that serves several counties is set aside for each by what the dual expects
//! it to draw; after each round what a county does not need goes back and is set aside anew.

use super::{
    county::{Candidate, CountySearch, Heat, Origin, Seat},
    flow,
    funds::{Funds, Source},
};
use crate::{
    dual::Dual,
    model::{Item, Model},
    parallel,
    random::Random,
};

/// How long to anneal, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    pub rounds: usize,
    pub sweeps: usize,
    /// Temperature at the start and at the end, in mean values of a village.
    pub from: f64,
    pub to: f64,
    /// Part of the price of money that counts against a column, at the start and at the end.
    pub price_from: f64,
    pub price_to: f64,
}

/// The search for a plan.
#[derive(Debug)]
pub(crate) struct Primal<'m> {
    model: &'m Model,
    threads: usize,
    seed: u64,
    unit: f64,
    counties: Vec<CountySearch>,
    /// Money set aside, by county and pool of the county.
    sources: Vec<Vec<Source>>,
    /// What the dual expects a county to draw, by county, pool of the county and year.
    expected: Vec<Vec<f64>>,
    /// Base plans: nothing, or the cheapest that holds what is required.
    bases: Vec<Vec<Item>>,
    years: Vec<u8>,
    /// Pools that serve several counties.
    wide: Vec<bool>,
}

/// A plan in the making: the candidate of each village, and the objective.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    chosen: Vec<usize>,
    pub objective: i64,
    /// Whether everything that must be done is.
    pub complete: bool,
}

impl<'m> Primal<'m> {
    /// Gathers the columns worth considering: those within `cutoff` mean village values of the best one at the best prices.
    pub fn new(dual: &Dual<'m>, bases: Vec<Vec<Item>>, seed: u64, cutoff: f64, heat: f64, smoothing: f64) -> Primal<'m> {
        let model = dual.model;
        let (prices, demand) = dual.expected(heat, smoothing);
        let cells = model.works * model.years;
        let unit = dual.unit(dual.bound);
        let mut served = vec![0; model.pools.len()];
        model.counties.iter().flat_map(|county| &county.pools).for_each(|&p| served[p] += 1);
        let mut primal = Primal {
            model,
            threads: dual.threads,
            seed,
            unit,
            counties: Vec::new(),
            sources: Vec::new(),
            expected: Vec::new(),
            bases,
            years: vec![u8::MAX; model.slots],
            wide: served.iter().map(|&count| count > 1).collect(),
        };
        for (c, county) in model.counties.iter().enumerate() {
            let mut expected = vec![0.0; county.pools.len() * model.years];
            for cell in 0..cells {
                for k in 0..county.pools.len() {
                    let part = prices.mix[prices.mix_of[c] + cell * county.pools.len() + k];
                    expected[k * model.years + cell % model.years] += part * demand[c * cells + cell];
                }
            }
            primal.expected.push(expected);
        }
        primal.sources = primal.set_aside(None, &mut Random::new(seed, &[1]));
        for (c, county) in model.counties.iter().enumerate() {
            let mut seats = Vec::with_capacity(county.end - county.first);
            for v in county.first..county.end {
                let demo = model.villages[v].demo;
                let cell_prices = &(if demo { &prices.demo } else { &prices.plain })[c * cells..(c + 1) * cells];
                // Where a former plan is kept, what moves one decision more must be within reach.
                let cutoff = (cutoff * unit).max(model.keep as f64);
                seats.push(primal.seat(dual, v, &prices, cell_prices, cutoff));
            }
            let funds = Funds::new(&primal.sources[c], model.works, model.years, model.demo_years, model.demo_share);
            primal.counties.push(CountySearch::new(seats, funds));
        }
        primal
    }

    fn seat(&self, dual: &Dual<'m>, v: usize, prices: &crate::dual::Prices, cell_prices: &[f64], cutoff: f64) -> Seat {
        let (model, columns) = (self.model, dual.columns(v));
        let village = &model.villages[v];
        let base = &self.bases[v];
        let mut candidates = vec![Candidate::new(model, v, Origin::Nothing, &[], cell_prices)];
        if !base.is_empty() {
            candidates[0].source = Origin::Missing;
            // Worth more than anything a village can do instead.
            candidates[0].gain = -(20.0 * self.unit) as i64 - 4 * self.model.best_gain(v);
            candidates.push(Candidate::new(model, v, Origin::Base, base, cell_prices));
        }
        let (mut values, mut worth) = (Vec::new(), Vec::new());
        columns.worths(prices, cell_prices, &mut values, &mut worth);
        let top = worth.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Where something is fixed, a column far from best may be the only one that can be paid.
        let cutoff = if base.is_empty() { cutoff } else { f64::INFINITY };
        for k in (0..columns.len()).filter(|&k| worth[k] >= top - cutoff) {
            let items = columns.items(k);
            if items != *base {
                candidates.push(Candidate::new(model, v, Origin::Column(k), &items, cell_prices));
            }
        }
        let first_slot = village.needs.iter().find_map(|need| need.slot).unwrap_or(0);
        let mut bonds = Vec::with_capacity(village.terms.len());
        for &term in &village.terms {
            let term = &model.terms[term];
            let side = usize::from(term.ends[1] == v);
            bonds.push((term.slots[side] - first_slot, term.slots[1 - side], term.bonus));
        }
        Seat { demo: village.demo, candidates, now: 0, wish: None, first_slot, bonds }
    }

    /// Sets the money of wide pools aside: what each county needs by `used`, and the rest by what the dual expects it to draw.
    fn set_aside(&self, used: Option<&[Vec<i64>]>, random: &mut Random) -> Vec<Vec<Source>> {
        let (model, years) = (self.model, self.model.years);
        let mut sources: Vec<Vec<Source>> = Vec::with_capacity(model.counties.len());
        let mut of_pool: Vec<Vec<(usize, usize)>> = vec![Vec::new(); model.pools.len()];
        for (c, county) in model.counties.iter().enumerate() {
            let source = |&p: &usize| {
                let pool = &model.pools[p];
                Source { cumulative: pool.cumulative, cap: pool.cap.clone(), share: pool.share.clone() }
            };
            sources.push(county.pools.iter().map(source).collect());
            county.pools.iter().enumerate().for_each(|(k, &p)| of_pool[p].push((c, k)));
        }
        for (p, members) in of_pool.iter().enumerate().filter(|(p, _)| self.wide[*p]) {
            for t in 0..years {
                let needed = |&(c, k): &(usize, usize)| used.map_or(0, |used| used[c][k * years + t]);
                let rest = model.pools[p].cap[t] - members.iter().map(needed).sum::<i64>();
                let mut weights = Vec::with_capacity(members.len());
                for &(c, k) in members {
                    let luck = if used.is_some() { 0.2 + random.unit() } else { 1.0 };
                    weights.push((self.expected[c][k * years + t] + 1e-3) * luck);
                }
                let sum: f64 = weights.iter().sum();
                let mut left = rest;
                for (&(c, k), weight) in members.iter().zip(&weights) {
                    let part = ((rest as f64 * weight / sum) as i64).min(left);
                    left -= part;
                    sources[c][k].cap[t] = needed(&(c, k)) + part;
                }
                if let Some(&(c, k)) = members.get(random.below(members.len())) {
                    sources[c][k].cap[t] += left;
                }
            }
        }
        sources
    }

    /// Begins with an earlier plan, as far as the money allows.
    pub fn wish(&mut self, dual: &Dual<'m>, plan: &[Vec<Item>]) {
        for (v, seat) in self.counties.iter_mut().flat_map(|county| &mut county.seats).enumerate() {
            let wanted =
                |candidate: &Candidate| matches!(candidate.source, Origin::Column(k) if dual.columns(v).items(k) == plan[v]);
            seat.wish = seat.candidates.iter().position(wanted);
        }
    }

    /// Fills and anneals; `stop` is asked between rounds with the best draft so far.
    pub fn run(&mut self, schedule: Schedule, mut stop: impl FnMut(&Draft) -> bool) -> Draft {
        let model = self.model;
        let mut best = self.draft(false);
        for round in 0..schedule.rounds {
            let at = |part: f64| (round as f64 + part) / schedule.rounds as f64;
            let between = |from: f64, to: f64, at: f64| from + (to - from) * at;
            let (from, to) = ((self.unit * schedule.from).max(0.1 * model.keep as f64), self.unit * schedule.to);
            let cool = |at: f64| from * (to / from).powf(at);
            let heat = Heat {
                sweeps: (schedule.sweeps / schedule.rounds).max(1),
                from: cool(at(0.0)),
                to: cool(at(1.0)),
                price_from: between(schedule.price_from, schedule.price_to, at(0.0)),
                price_to: between(schedule.price_from, schedule.price_to, at(1.0)),
            };
            let (seed, known) = (self.seed, &self.years);
            let last = round + 1 == schedule.rounds;
            let parts = parallel::map_mut(self.threads, &mut self.counties, |c, county, _: &mut ()| {
                let mut random = Random::new(seed, &[2, c as u64, round as u64]);
                let mut years = known.clone();
                if round == 0 {
                    county.fill(&model.disc, &mut years, &mut random);
                }
                county.recount(&model.disc, &years);
                county.best_value = i64::MIN;
                county.anneal(&model.disc, &mut years, heat, &mut random);
                if last {
                    county.go_back(&mut years);
                }
                years[county.first_slot..county.first_slot + county.slot_seats.len()].to_vec()
            });
            for (county, part) in self.counties.iter().zip(&parts) {
                self.years[county.first_slot..county.first_slot + part.len()].copy_from_slice(part);
            }
            let draft = self.draft(true);
            if draft.objective > best.objective {
                best = draft;
            }
            if stop(&best) {
                break;
            }
            if !last && self.wide.contains(&true) {
                self.rebalance(round);
            }
        }
        best
    }

    /// What no county needs goes back to the wide pools and is set aside anew.
    fn rebalance(&mut self, round: usize) {
        let (model, sources, wide) = (self.model, &self.sources, &self.wide);
        let used = parallel::map_mut(self.threads, &mut self.counties, |c, county, _: &mut ()| {
            flow::least_used(model, c, &sources[c], wide, &county.funds.demand)
        });
        self.sources = self.set_aside(Some(&used), &mut Random::new(self.seed, &[3, round as u64]));
        for (county, sources) in self.counties.iter_mut().zip(&self.sources) {
            county.funds.refund(sources);
        }
    }

    /// What the counties hold now, or the best of the round.
    fn draft(&self, of_round: bool) -> Draft {
        let mut chosen = Vec::with_capacity(self.model.villages.len());
        for county in &self.counties {
            if of_round && county.best_value > i64::MIN {
                chosen.extend_from_slice(&county.best);
            } else {
                chosen.extend(county.seats.iter().map(|seat| seat.now));
            }
        }
        let objective = self.objective(&chosen);
        let seats = self.counties.iter().flat_map(|county| &county.seats);
        let complete = seats.zip(&chosen).all(|(seat, &k)| seat.candidates[k].source != Origin::Missing);
        Draft { chosen, objective, complete }
    }

    fn objective(&self, chosen: &[usize]) -> i64 {
        let model = self.model;
        let mut years = vec![u8::MAX; model.slots];
        let mut gains = 0;
        for (seat, &k) in self.counties.iter().flat_map(|county| &county.seats).zip(chosen) {
            let candidate = &seat.candidates[k];
            gains += candidate.gain;
            years[seat.first_slot..seat.first_slot + candidate.slots.len()].copy_from_slice(&candidate.slots);
        }
        let earned = |term: &crate::model::Term| {
            let (a, b) = (years[term.slots[0]], years[term.slots[1]]);
            if a == b && a != u8::MAX { term.bonus * model.disc[usize::from(a)] } else { 0 }
        };
        gains + model.terms.iter().map(earned).sum::<i64>() - model.keep_all
    }

    /// A draft as items by village.
    pub fn items(&self, dual: &Dual<'m>, draft: &Draft) -> Vec<Vec<Item>> {
        let seats = self.counties.iter().flat_map(|county| &county.seats);
        let items = |(v, (seat, &k)): (usize, (&Seat, &usize))| match seat.candidates[k].source {
            Origin::Nothing | Origin::Missing => Vec::new(),
            Origin::Base => self.bases[v].clone(),
            Origin::Column(column) => dual.columns(v).items(column),
        };
        seats.zip(&draft.chosen).enumerate().map(items).collect()
    }
}
