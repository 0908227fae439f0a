//! Annealing within one county: villages swap columns, the money set aside for the county decides what is possible.

use super::funds::{Change, Funds};
use crate::{
    model::{Item, Model},
    random::Random,
};

const NONE: u8 = u8::MAX;
/// Other villages tried where the money does not allow a move that is wanted.
const PARTNERS: usize = 4;

/// Where the items of a candidate are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nothing is done.
    Nothing,
    /// Nothing is done, though something must be: no plan, but where the search begins.
    Missing,
    /// The base plan.
    Base,
    /// A column of the village's store.
    Column(usize),
}

/// A column made ready for quick exchange.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    /// Where its items are.
    pub source: Origin,
    /// Worth of its items, without bonus.
    pub gain: i64,
    /// Shared cost at the best prices, with the premium or penalty of the demonstration share.
    pub cost: f64,
    pub changes: Vec<Change>,
    /// Year in which each bonus slot of the village is used.
    pub slots: Vec<u8>,
}

/// A village with its candidates.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seat {
    pub demo: bool,
    pub candidates: Vec<Candidate>,
    pub now: usize,
    /// Candidate to begin with, if the money allows it.
    pub wish: Option<usize>,
    /// First bonus slot.
    pub first_slot: usize,
    /// Edges: own slot (from the first), slot of the neighbour, points.
    pub bonds: Vec<(usize, usize, i64)>,
}

/// How hard to search.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heat {
    pub sweeps: usize,
    /// Temperature at the start and at the end, in units of the objective.
    pub from: f64,
    pub to: f64,
    /// Part of the price of money that counts against a column, at the start and at the end.
    pub price_from: f64,
    pub price_to: f64,
}

/// The villages of a county, their columns and the money for them.
#[derive(Debug, Clone)]
pub(crate) struct CountySearch {
    pub seats: Vec<Seat>,
    pub funds: Funds,
    /// Seat and place within its slots of each bonus slot, from the county's first one on.
    pub slot_seats: Vec<(usize, usize)>,
    pub first_slot: usize,
    /// Objective of the present columns, bonds to other counties counted by the years known when the round began.
    pub value: i64,
    /// Best columns found.
    pub best: Vec<usize>,
    pub best_value: i64,
    changes: Vec<Change>,
}

impl Seat {
    /// Whether something must be done here.
    pub fn must(&self) -> bool {
        self.candidates.first().is_some_and(|candidate| candidate.source == Origin::Missing)
    }
}

impl Candidate {
    pub fn new(model: &Model, v: usize, source: Origin, items: &[Item], cell_prices: &[f64]) -> Candidate {
        let village = &model.villages[v];
        let (mut gain, mut cost, mut changes) = (0, 0.0, Vec::with_capacity(items.len()));
        let mut slots = vec![NONE; village.needs.iter().filter(|need| need.slot.is_some()).count()];
        let first = village.needs.iter().find_map(|need| need.slot).unwrap_or(0);
        for &item in items {
            let (option, t) = model.item(v, item);
            gain += model.worth(option, t);
            let cell = option.work * model.years + t;
            cost += cell_prices[cell] * option.shared as f64;
            if option.shared > 0 {
                changes.push(Change { cell: cell as u16, amount: option.shared });
            }
            if let Some(slot) = village.needs[option.need].slot {
                slots[slot - first] = t as u8;
            }
        }
        Candidate { source, gain, cost, changes, slots }
    }
}

impl CountySearch {
    pub fn new(seats: Vec<Seat>, funds: Funds) -> CountySearch {
        let best = vec![0; seats.len()];
        let (mut slot_seats, mut first_slot) = (Vec::new(), None);
        for (s, seat) in seats.iter().enumerate() {
            let count = seat.candidates.first().map_or(0, |candidate| candidate.slots.len());
            if count > 0 {
                first_slot = first_slot.or(Some(seat.first_slot));
                slot_seats.extend((0..count).map(|own| (s, own)));
            }
        }
        let first_slot = first_slot.unwrap_or(0);
        CountySearch { seats, funds, slot_seats, first_slot, value: 0, best, best_value: i64::MIN, changes: Vec::new() }
    }

    /// Recomputes the value of the present columns.
    pub fn recount(&mut self, disc: &[i64], years: &[u8]) {
        let mut value = 0;
        for (s, seat) in self.seats.iter().enumerate() {
            value += seat.candidates[seat.now].gain;
            for &(own, other, points) in &seat.bonds {
                let t = seat.candidates[seat.now].slots[own];
                // A bond within the county is seen from both ends and counted from the first.
                let within =
                    self.slot_seats.get(other.wrapping_sub(self.first_slot)).is_some_and(|&(neighbour, _)| neighbour < s);
                if t != NONE && years[other] == t && !within {
                    value += points * disc[usize::from(t)];
                }
            }
        }
        self.value = value;
    }

    /// Goes back to the best columns found.
    pub fn go_back(&mut self, years: &mut [u8]) {
        for s in 0..self.seats.len() {
            let seat = &self.seats[s];
            let (old, new) = (&seat.candidates[seat.now], &seat.candidates[self.best[s]]);
            let mut changes: Vec<Change> = old.changes.iter().map(|c| Change { cell: c.cell, amount: -c.amount }).collect();
            changes.extend_from_slice(&new.changes);
            self.funds.book_unchecked(seat.demo, &changes);
            years[seat.first_slot..seat.first_slot + new.slots.len()].copy_from_slice(&new.slots);
            self.seats[s].now = self.best[s];
        }
        self.funds.rebuild();
        self.value = self.best_value;
    }

    /// Bonus that seat `s` would share with its neighbours by column `k`.
    fn bonus(&self, disc: &[i64], years: &[u8], s: usize, k: usize) -> i64 {
        let seat = &self.seats[s];
        let mut bonus = 0;
        for &(own, other, points) in &seat.bonds {
            let t = seat.candidates[k].slots[own];
            if t != NONE && years[other] == t {
                bonus += points * disc[usize::from(t)];
            }
        }
        bonus
    }

    /// What seat `s` would change in the objective and in the priced cost by going over to column `k`.
    fn difference(&self, disc: &[i64], years: &[u8], s: usize, k: usize) -> (i64, f64) {
        let seat = &self.seats[s];
        let (old, new) = (&seat.candidates[seat.now], &seat.candidates[k]);
        let mut gain = new.gain - old.gain;
        if !seat.bonds.is_empty() {
            gain += self.bonus(disc, years, s, k) - self.bonus(disc, years, s, seat.now);
        }
        (gain, new.cost - old.cost)
    }

    /// Goes over to column `k` if the money allows it.
    fn try_move(&mut self, years: &mut [u8], s: usize, k: usize, gain: i64) -> bool {
        let seat = &self.seats[s];
        let (old, new) = (&seat.candidates[seat.now], &seat.candidates[k]);
        self.changes.clear();
        self.changes.extend(old.changes.iter().map(|change| Change { cell: change.cell, amount: -change.amount }));
        self.changes.extend_from_slice(&new.changes);
        if !self.funds.try_change(seat.demo, &self.changes) {
            return false;
        }
        let first = seat.first_slot;
        years[first..first + new.slots.len()].copy_from_slice(&new.slots);
        self.seats[s].now = k;
        self.value += gain;
        true
    }

    /// Gives every village the best column at the full price of money that can still be paid, what is required and
    /// demonstration villages first.
    pub fn fill(&mut self, disc: &[i64], years: &mut [u8], random: &mut Random) {
        let mut order: Vec<(bool, bool, u64, usize)> = Vec::new();
        for (s, seat) in self.seats.iter().enumerate() {
            order.push((!seat.must(), !seat.demo, random.next(), s));
        }
        order.sort_unstable();
        for (must_not, _, _, s) in order {
            let candidates = &self.seats[s].candidates;
            let mut tries: Vec<usize> = (0..candidates.len()).collect();
            // What must be done is done as cheaply as it can be; the annealing makes it better.
            let worth = |k: &usize| match (candidates[*k].source, must_not) {
                (Origin::Missing, _) => f64::NEG_INFINITY,
                (_, false) => -candidates[*k].cost,
                (_, true) => candidates[*k].gain as f64 - candidates[*k].cost,
            };
            tries.sort_by(|a, b| worth(b).total_cmp(&worth(a)).then(a.cmp(b)));
            let wish = self.seats[s].wish;
            for k in wish.into_iter().chain(tries) {
                let (gain, _) = self.difference(disc, years, s, k);
                if k == self.seats[s].now || self.try_move(years, s, k, gain) {
                    break;
                }
            }
        }
    }

    /// Anneals; `years` holds the year of every bonus slot in the whole plan.
    pub fn anneal(&mut self, disc: &[i64], years: &mut [u8], heat: Heat, random: &mut Random) {
        if self.seats.is_empty() {
            return;
        }
        let count = self.seats.len();
        let demo: Vec<usize> = (0..count).filter(|&s| self.seats[s].demo).collect();
        for sweep in 0..heat.sweeps {
            let at = sweep as f64 / heat.sweeps.max(2).saturating_sub(1) as f64;
            let temperature = heat.from * (heat.to / heat.from).powf(at);
            let price = heat.price_from + (heat.price_to - heat.price_from) * at;
            for _ in 0..count {
                let s = random.below(count);
                let columns = self.seats[s].candidates.len();
                if columns < 2 {
                    continue;
                }
                let k = random.below(columns - 1);
                let k = k + usize::from(k >= self.seats[s].now);
                if !self.seats[s].bonds.is_empty() && random.below(3) == 0 {
                    self.try_pair(disc, years, s, k, price, temperature, random);
                    continue;
                }
                let (gain, cost) = self.difference(disc, years, s, k);
                let merit = gain as f64 - price * cost;
                let wanted = merit >= 0.0 || random.unit() < (merit / temperature).exp();
                if wanted && !self.try_move(years, s, k, gain) {
                    // Another village may make room for it; for the demonstration share, another demonstration village.
                    for _ in 0..PARTNERS {
                        let for_demo = self.seats[s].demo && random.below(2) == 0;
                        let n = if for_demo { demo[random.below(demo.len())] } else { random.below(count) };
                        let columns = self.seats[n].candidates.len();
                        if n == s || columns < 2 {
                            continue;
                        }
                        let partner = random.below(columns - 1);
                        let partner = partner + usize::from(partner >= self.seats[n].now);
                        if self.exchange(disc, years, (s, k), (n, partner), price, temperature, random) {
                            break;
                        }
                    }
                }
            }
            if self.value > self.best_value {
                self.keep();
            }
        }
    }

    /// Moves a village to column `k` and one of its neighbours into the same year for the same work.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the annealing step")]
    fn try_pair(
        &mut self,
        disc: &[i64],
        years: &mut [u8],
        s: usize,
        k: usize,
        price: f64,
        temperature: f64,
        random: &mut Random,
    ) {
        let seat = &self.seats[s];
        let (own, other, _) = seat.bonds[random.below(seat.bonds.len())];
        let t = seat.candidates[k].slots[own];
        let Some(&(n, place)) = self.slot_seats.get(other.wrapping_sub(self.first_slot)).filter(|_| t != NONE) else { return };
        let (count, now) = (self.seats[n].candidates.len(), self.seats[n].now);
        let suits = |&k: &usize| k != now && self.seats[n].candidates[k].slots[place] == t;
        let Some(partner) = (0..6).map(|_| random.below(count)).find(suits) else { return };
        self.exchange(disc, years, (s, k), (n, partner), price, temperature, random);
    }

    /// Moves two villages at once; whether it did.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the annealing step")]
    fn exchange(
        &mut self,
        disc: &[i64],
        years: &mut [u8],
        (s, k): (usize, usize),
        (n, partner): (usize, usize),
        price: f64,
        temperature: f64,
        random: &mut Random,
    ) -> bool {
        let seat = &self.seats[s];
        let (gain, cost) = self.difference(disc, years, s, k);
        let (first, slots) = (seat.first_slot, self.seats[s].candidates[k].slots.len());
        let before: Vec<u8> = years[first..first + slots].to_vec();
        years[first..first + slots].copy_from_slice(&self.seats[s].candidates[k].slots);
        let (gain_there, cost_there) = self.difference(disc, years, n, partner);
        let (gain, cost) = (gain + gain_there, cost + cost_there);
        let merit = gain as f64 - price * cost;
        if (merit >= 0.0 || random.unit() < (merit / temperature).exp()) && self.pay_pair((s, k), (n, partner)) {
            let seat = &self.seats[n];
            let new = &seat.candidates[partner].slots;
            years[seat.first_slot..seat.first_slot + new.len()].copy_from_slice(new);
            (self.seats[s].now, self.seats[n].now) = (k, partner);
            self.value += gain;
            true
        } else {
            years[first..first + slots].copy_from_slice(&before);
            false
        }
    }

    fn pay_pair(&mut self, one: (usize, usize), other: (usize, usize)) -> bool {
        let changes = |(s, k): (usize, usize)| {
            let seat = &self.seats[s];
            let old = seat.candidates[seat.now].changes.iter().map(|c| Change { cell: c.cell, amount: -c.amount });
            old.chain(seat.candidates[k].changes.iter().copied()).collect::<Vec<_>>()
        };
        let (of_one, of_other) = (changes(one), changes(other));
        self.funds.try_changes(&[(self.seats[one.0].demo, &of_one), (self.seats[other.0].demo, &of_other)])
    }

    fn keep(&mut self) {
        self.best_value = self.value;
        self.best.clear();
        self.best.extend(self.seats.iter().map(|seat| seat.now));
    }
}
