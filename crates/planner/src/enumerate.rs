//! Proof by enumeration: with a bound U at some prices and a plan worth P, a better plan gives away less than U − P in all villages
//! together. So only the plans of each village within that loss matter; few enough, they are all tried, depth first, the losses added up.

use crate::{
    dual::Dual,
    model::{Item, Model},
    primal::{self, Change, Funds, Source},
};

/// Plans of each village that a better plan may use: loss, items, what they cost at the prices.
type Lists = Vec<Vec<Entry>>;

#[derive(Debug, Clone)]
struct Entry {
    loss: f64,
    items: Vec<Item>,
    cost: f64,
    changes: Vec<Change>,
}

/// What the enumeration found.
pub(crate) struct Enumerated {
    /// A better plan than the one known.
    pub better: Option<(i64, Vec<Vec<Item>>)>,
    /// Whether everything that could be better was tried.
    pub complete: bool,
}

/// Tries everything that could be better than `objective`. Gives up where a village has more than `most` plans within the loss, or after
/// `steps_max` steps.
pub(crate) fn enumerate(dual: &Dual<'_>, objective: i64, most: usize, steps_max: usize) -> Enumerated {
    let model = dual.model;
    let gap = dual.bound - objective as f64 - 0.99;
    let mut result = Enumerated { better: None, complete: false };
    let prices = dual.prices();
    let cells = model.works * model.years;
    let mut lists: Lists = Vec::with_capacity(model.villages.len());
    for (v, village) in model.villages.iter().enumerate() {
        let Some(near) = dual.near_best(v, gap, most) else { return result };
        let cell_prices = &(if village.demo { &prices.demo } else { &prices.plain })[village.county * cells..];
        let entry = |(loss, items): (f64, Vec<Item>)| {
            let (mut cost, mut changes) = (0.0, Vec::new());
            for &item in &items {
                let (option, t) = model.item(v, item);
                let cell = option.work * model.years + t;
                cost += cell_prices[cell] * option.shared as f64;
                // In hundredths, so that shares need no rounding and less demand is never harder to pay.
                changes.push(Change { cell: cell as u16, amount: 100 * option.shared });
            }
            Entry { loss, items, cost, changes }
        };
        lists.push(near.into_iter().map(entry).collect());
    }
    let mut order: Vec<usize> = (0..lists.len()).collect();
    order.sort_by_key(|&v| lists[v].len());
    // Most that the villages from each depth on can spend, at the prices.
    let mut spend_most = vec![0.0; order.len() + 1];
    for (depth, &v) in order.iter().enumerate().rev() {
        spend_most[depth] = spend_most[depth + 1] + lists[v].iter().map(|entry| entry.cost).fold(0.0, f64::max);
    }
    let funds = (model.counties.len() == 1).then(|| {
        let source = |&p: &usize| {
            let pool = &model.pools[p];
            let cap = pool.cap.iter().map(|cap| 100 * cap).collect();
            Source { cumulative: pool.cumulative, cap, share: pool.share.clone() }
        };
        let sources: Vec<Source> = model.counties[0].pools.iter().map(source).collect();
        // The demonstration share is not monotone; it is left to the end.
        Funds::new(&sources, model.works, model.years, 0, 0)
    });
    let money = dual.money_worth();
    let mut walk = Walk {
        model,
        lists: &lists,
        order: &order,
        spend_most: &spend_most,
        money,
        bonus: !model.terms.is_empty(),
        bound: dual.bound,
        funds,
        chosen: vec![0; lists.len()],
        best: objective,
        better: None,
        steps: 0,
        steps_max,
    };
    result.complete = walk.descend(0, 0.0, 0.0);
    result.better = walk.better.map(|plan| (walk.best, plan));
    result
}

struct Walk<'a> {
    model: &'a Model,
    lists: &'a Lists,
    order: &'a [usize],
    spend_most: &'a [f64],
    money: f64,
    bonus: bool,
    bound: f64,
    funds: Option<Funds>,
    chosen: Vec<usize>,
    best: i64,
    better: Option<Vec<Vec<Item>>>,
    steps: usize,
    steps_max: usize,
}

impl Walk<'_> {
    /// False when there were too many steps.
    fn descend(&mut self, depth: usize, lost: f64, spent: f64) -> bool {
        self.steps += 1;
        if self.steps > self.steps_max {
            return false;
        }
        let Some(&v) = self.order.get(depth) else {
            self.judge();
            return true;
        };
        for k in 0..self.lists[v].len() {
            let entry = &self.lists[v][k];
            let budget = self.bound - self.best as f64 - 0.99;
            if lost + entry.loss > budget {
                break;
            }
            // Money that cannot be spent any more is lost at its price.
            let idle = self.money - spent - entry.cost - self.spend_most[depth + 1];
            if lost + entry.loss + idle.max(0.0) > budget {
                continue;
            }
            self.steps += 1;
            let payable = self.funds.as_mut().is_none_or(|funds| funds.try_change(false, &entry.changes));
            if !payable {
                continue;
            }
            self.chosen[v] = k;
            let (loss, cost) = (entry.loss, entry.cost);
            let complete = self.descend(depth + 1, lost + loss, spent + cost);
            if let Some(funds) = &mut self.funds {
                let back: Vec<Change> =
                    self.lists[v][k].changes.iter().map(|c| Change { cell: c.cell, amount: -c.amount }).collect();
                let undone = funds.try_change(false, &back);
                debug_assert!(undone);
            }
            if !complete {
                return false;
            }
        }
        true
    }

    fn judge(&mut self) {
        let plan: Vec<Vec<Item>> = self.lists.iter().zip(&self.chosen).map(|(list, &k)| list[k].items.clone()).collect();
        let objective = self.model.objective(&plan);
        debug_assert!(self.bonus || self.lists.iter().zip(&self.chosen).all(|(list, &k)| list[k].loss >= -1.0));
        if objective > self.best
            && self.model.kept_by(&plan)
            && primal::allot(self.model, &primal::demand(self.model, &plan)).is_ok()
        {
            (self.best, self.better) = (objective, Some(plan));
        }
    }
}
