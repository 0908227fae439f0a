//! Why a plan is as it is: what money would bring, and for a village's work what stands in the way of every year and standard.
//!
//! Values are in points × 1/1000, as the objective. Prices are those of the dual; where pools are equally scarce they are not unique, and
//! the ones reported are those of the bound.

use crate::{
    demands::Demands,
    dual::{Dual, Prices, item_values},
    error::{Finding, Refused},
    instance::{self, Instance, PoolKind, WorkOption},
    memory::Multipliers,
    model::Model,
    plan::Plan,
    primal,
    solve::{Failure, Settings, Solution, Wish, solve_again},
    village::{self, Scratch},
};

/// What more money of a pool in a year would bring, to first order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MoneyPrice {
    /// Position of the pool.
    pub pool: usize,
    /// Year in which the money comes.
    pub year: usize,
    /// What a million yuan more would bring at most, while prices hold.
    pub of_a_million: f64,
    /// Money of the year left unspent by the plan: of an annual pool in that year; of one that carries over, left in hand at its end.
    pub unspent: i64,
}

/// Shadow prices of all pools and years.
pub fn money(instance: &Instance, plan: &Plan, multipliers: &Multipliers) -> Vec<MoneyPrice> {
    let mut prices = Vec::new();
    for (pool, source) in instance.pools.iter().enumerate() {
        let price = multipliers.price(instance, pool);
        let mut hand = 0;
        for (year, &cap) in source.cap.iter().enumerate() {
            let here = |p: &&crate::plan::Payment| (p.pool, p.year) == (pool as i64, year as i64);
            let paid: i64 = plan.funds.iter().filter(here).map(|p| p.amount).sum();
            hand = cap - paid + if source.kind == PoolKind::Cumulative { hand } else { 0 };
            prices.push(MoneyPrice { pool, year, of_a_million: 1000.0 * price.get(year).copied().unwrap_or(0.0), unspent: hand });
        }
    }
    prices
}

/// What more money brings when the plan is made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoreMoney {
    /// Gain of the new plan over the old one; below 0 where the search was less lucky.
    pub plan_gain: i64,
    /// No plan with the money gains more than this over the old plan.
    pub gain_at_most: i64,
}

/// Solves anew with `units` of 1,000 yuan more (or fewer) in a pool and year.
///
/// # Errors
/// As [`crate::solve::solve`]; `demand-out-of-range` for a pool or year that is not there.
pub fn more_money(
    instance: &Instance,
    demands: &Demands,
    settings: &Settings,
    solution: &Solution,
    (pool, year, units): (usize, usize, i64),
) -> Result<MoreMoney, Failure> {
    let mut changed = instance.clone();
    let Some(cap) = changed.pools.get_mut(pool).and_then(|pool| pool.cap.get_mut(year)) else {
        let finding = Finding::new("demand-out-of-range", "more money", "name a pool and year of the instance");
        return Err(Refused(vec![finding.with("pool", pool).with("year", year)]).into());
    };
    *cap = (*cap + units).max(0);
    let other = solve_again(&changed, demands, settings, Some(&solution.memory), |_| Wish::Continue)?;
    let before = solution.plan.objective;
    Ok(MoreMoney { plan_gain: other.plan.objective - before, gain_at_most: other.plan.bound - before })
}

/// What stands in the way of a choice, everything else in the plan staying as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// Approval or ramp allow it from this year on; at or past the horizon, never.
    Earliest {
        /// First year.
        from: i64,
    },
    /// The demands forbid it or fix something else.
    Demands,
    /// A prerequisite is not done in time.
    Prerequisite {
        /// Position of the work that must come first.
        work: usize,
        /// Last year in which it would have to be done; below 0 where the horizon is too short.
        by: i64,
    },
    /// A work done in the plan needs this one earlier.
    Successor {
        /// Position of that work.
        work: usize,
        /// Last year that would do.
        by: i64,
    },
    /// Construction load of the year.
    Load {
        /// Load beyond the limit.
        over: i64,
    },
    /// Labour of the year.
    Labour {
        /// Beyond the limit, in units of 1,000 yuan.
        over: i64,
    },
    /// Collective money saved up.
    Own {
        /// First year in which it is short.
        year: usize,
        /// Missing then.
        over: i64,
    },
    /// Shared money, with what other counties are paid left as it is.
    Money {
        /// Exhausted pools and years that the choice would draw on.
        exhausted: Vec<(usize, usize)>,
        /// Money missing.
        missing: i64,
    },
    /// The demonstration share of the county in the year.
    Demonstration {
        /// Money for demonstration villages that is missing.
        missing: i64,
    },
}

/// One standard in one year.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Level of the standard.
    pub level: i64,
    /// Year.
    pub year: usize,
    /// Benefit, discounted.
    pub benefit: i64,
    /// What its shared money would bring elsewhere: the cost to the rest.
    pub displaced: f64,
    /// Loss of the whole, at the prices, if the village had to do this, all else in the village arranged as best; 0 for the village's best,
    /// none where the village cannot do it at all.
    pub loss: Option<f64>,
    /// Whether this is what the plan does.
    pub chosen: bool,
    /// What stands in the way as the plan is.
    pub obstacles: Vec<Obstacle>,
}

impl Answer {
    /// What the rest would lose (above 0) or win if the work moved from `other` to here.
    pub fn cost_to_rest(&self, other: &Answer) -> f64 {
        self.displaced - other.displaced
    }
}

/// Explains a work of a village: one answer for each standard and year of the horizon, in that order.
///
/// # Errors
/// Unusable instance, demands or multipliers; `no-such-need`.
pub fn work(
    instance: &Instance,
    demands: &Demands,
    plan: &Plan,
    multipliers: &Multipliers,
    (village, work): (usize, usize),
) -> Result<Vec<Answer>, Refused> {
    instance::validate(instance)?;
    demands.validate(instance)?;
    let need = instance.villages.get(village).and_then(|v| v.needs.iter().find(|need| need.work == work as i64));
    let Some(need) = need else {
        let finding = Finding::new("no-such-need", "explain", "name a work that the village needs");
        return Err(Refused(vec![finding.with("village", village).with("work", work)]));
    };
    let model = Model::new(instance, demands);
    let dual = Dual::new(&model, 1);
    let z = multipliers.vector(&dual, instance)?;
    let prices = Prices::new(&model, &dual.layout, &z, 0.0);
    let v = model.villages.iter().position(|v| v.origin == village).expect("every village is in the model");
    let cells = model.works * model.years;
    let base = model.villages[v].county * cells;
    let cell_prices = &(if model.villages[v].demo { &prices.demo } else { &prices.plain })[base..base + cells];
    let mut values = Vec::new();
    item_values(&model, v, &prices, cell_prices, &mut values);
    let best = forced(&model, v, &values, None);
    let present = Present::of(instance, plan, village);
    let mut answers = Vec::new();
    for option in &need.options {
        for year in 0..model.years {
            let o = model.villages[v].options.iter().position(|o| o.work == work && o.level == option.level);
            let item = o.map(|o| o * model.years + year);
            let value = item.and_then(|item| forced(&model, v, &values, Some(item)));
            answers.push(Answer {
                level: option.level,
                year,
                benefit: option.benefit * model.disc[year],
                displaced: cell_prices[work * model.years + year] * option.shared as f64,
                loss: best.zip(value).map(|(best, value)| (best - value).max(0.0)),
                chosen: present.choices.iter().any(|c| (c.0, c.1.level, c.2) == (work, option.level, year)),
                obstacles: obstacles(instance, demands, &model, &present, work, option, year),
            });
        }
    }
    Ok(answers)
}

/// Worth of the village's best plan, with an item forced in.
fn forced(model: &Model, v: usize, values: &[f64], item: Option<usize>) -> Option<f64> {
    let mut alone = model.clone_village(v);
    if let Some(item) = item {
        let (o, t) = (item / model.years, item % model.years);
        let village = &mut alone.villages[0];
        let n = village.options[o].need;
        let (first, end) = (village.needs[n].first, village.needs[n].end);
        village.needs[n].required = true;
        for other in first..end {
            village.options[other].allow &= if other == o { 1 << t } else { 0 };
        }
    }
    let found = village::best(&alone, 0, values, f64::NEG_INFINITY, &mut 0.0, &mut Scratch::default());
    found.better.map(|(value, _)| value)
}

/// A village's part of a plan, and the money of its county.
struct Present<'a> {
    village: usize,
    choices: Vec<(usize, WorkOption, usize)>,
    plan: &'a Plan,
}

impl<'a> Present<'a> {
    fn of(instance: &Instance, plan: &'a Plan, village: usize) -> Present<'a> {
        let mut choices = Vec::new();
        for choice in plan.choices.iter().filter(|choice| choice.village == village as i64) {
            let need = instance.villages[village].needs.iter().find(|need| need.work == choice.work);
            let option = need.and_then(|need| need.options.iter().find(|option| option.level == choice.level));
            if let (Some(option), Ok(work), Ok(year)) = (option, usize::try_from(choice.work), usize::try_from(choice.year)) {
                choices.push((work, *option, year));
            }
        }
        Present { village, choices, plan }
    }
}

fn obstacles(
    instance: &Instance,
    demands: &Demands,
    model: &Model,
    present: &Present<'_>,
    work: usize,
    option: &WorkOption,
    year: usize,
) -> Vec<Obstacle> {
    let village = &instance.villages[present.village];
    let mut found = Vec::new();
    if (year as i64) < option.earliest {
        found.push(Obstacle::Earliest { from: option.earliest });
    }
    let here = |v: usize, w: usize| (v, w) == (present.village, work);
    let fixed_else = |f: &crate::demands::Fixed| f.year.is_some_and(|y| y != year) || f.level.is_some_and(|l| l != option.level);
    if demands.fixed.iter().any(|f| here(f.village, f.work) && fixed_else(f))
        || demands.forbidden.iter().any(|f| here(f.village, f.work) && f.year.is_none_or(|y| y == year))
    {
        found.push(Obstacle::Demands);
    }
    let others: Vec<_> = present.choices.iter().filter(|choice| choice.0 != work).collect();
    let year_of = |w: usize| others.iter().find(|choice| choice.0 == w).map(|choice| choice.2 as i64);
    for &[later, before, lag] in &instance.pred {
        let (later, before, t) = (later as usize, before as usize, year as i64);
        let needed = village.needs.iter().any(|need| need.work as usize == before);
        if later == work && needed && year_of(before).is_none_or(|done| done + lag > t) {
            found.push(Obstacle::Prerequisite { work: before, by: t - lag });
        }
        if let Some(then) = year_of(later).filter(|&then| before == work && t + lag > then) {
            found.push(Obstacle::Successor { work: later, by: then - lag });
        }
    }
    let now = || others.iter().filter(|choice| choice.2 == year);
    let load = now().map(|c| instance.works[c.0].load).sum::<i64>() + instance.works[work].load - village.load;
    let labour = now().map(|c| c.1.labour).sum::<i64>() + option.labour - village.labour;
    if load > 0 {
        found.push(Obstacle::Load { over: load });
    }
    if labour > 0 {
        found.push(Obstacle::Labour { over: labour });
    }
    for t in year..model.years {
        let spent = others.iter().filter(|c| c.2 <= t).map(|c| c.1.own).sum::<i64>() + option.own;
        let over = spent - village.own * (t as i64 + 1);
        if over > 0 {
            found.push(Obstacle::Own { year: t, over });
            break;
        }
    }
    found.extend(of_money(instance, model, present, work, option, year));
    found
}

/// Money and demonstration share of the county with the work moved to the option and year.
fn of_money(
    instance: &Instance,
    model: &Model,
    present: &Present<'_>,
    work: usize,
    option: &WorkOption,
    year: usize,
) -> Vec<Obstacle> {
    let code = &instance.villages[present.village].county;
    let Some(c) = model.counties.iter().position(|county| county.code == *code) else { return Vec::new() };
    let (years, cells) = (model.years, model.works * model.years);
    let mut alone = model.clone();
    alone.counties = vec![model.counties[c].clone()];
    // What other counties are paid is not there.
    for pool in &mut alone.pools {
        let mut elsewhere = vec![0; years];
        for payment in present.plan.funds.iter().filter(|p| p.pool == pool.origin as i64 && p.county != *code) {
            if let Some(paid) = usize::try_from(payment.year).ok().and_then(|t| elsewhere.get_mut(t)) {
                *paid += payment.amount;
            }
        }
        if pool.cumulative {
            // Money in hand up to each year, and never more than what later years leave.
            let mut left = vec![0; years];
            let mut hand = 0;
            for t in 0..years {
                hand += pool.cap[t] - elsewhere[t];
                left[t] = hand;
            }
            for t in (0..years.saturating_sub(1)).rev() {
                left[t] = left[t].min(left[t + 1]);
            }
            pool.cap = (0..years).map(|t| (left[t] - if t == 0 { 0 } else { left[t - 1] }).max(0)).collect();
        } else {
            pool.cap = (0..years).map(|t| (pool.cap[t] - elsewhere[t]).max(0)).collect();
        }
    }
    let mut demand = vec![0; cells];
    let (mut demo, mut all) = (0, 0);
    let mut book = |village: usize, w: usize, option: &WorkOption, t: usize| {
        demand[w * years + t] += option.shared;
        if t == year {
            all += option.shared;
            demo += option.shared * instance.villages[village].demo;
        }
    };
    for choice in &present.plan.choices {
        let (v, w, t) = (choice.village as usize, choice.work as usize, choice.year as usize);
        let Some(village) = instance.villages.get(v).filter(|village| village.county == *code && t < years) else { continue };
        let need = village.needs.iter().find(|need| need.work == choice.work);
        let level = need.and_then(|need| need.options.iter().find(|option| option.level == choice.level));
        if let Some(level) = level.filter(|_| (v, w) != (present.village, work)) {
            book(v, w, level, t);
        }
    }
    book(present.village, work, option, year);
    let mut found = Vec::new();
    if let Err(unpaid) = primal::allot(&alone, &demand) {
        let exhausted = unpaid.exhausted.iter().filter(|&&(p, _)| model.counties[c].pools.contains(&p));
        let mut exhausted: Vec<(usize, usize)> = exhausted.map(|&(p, t)| (model.pools[p].origin, t)).collect();
        exhausted.sort_unstable();
        found.push(Obstacle::Money { exhausted, missing: unpaid.missing });
    }
    let short = model.demo_share * all - 100 * demo;
    if year < model.demo_years && short > 0 {
        found.push(Obstacle::Demonstration { missing: (short + 99) / 100 });
    }
    found
}
