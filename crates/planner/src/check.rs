//! Whether a plan keeps the rules, found from the instance and the plan alone: nothing here knows of the search.
//!
//! The rules are the seven of the exchange format; [`Rule`] names them. The objective is recomputed from the choices.

use std::collections::{BTreeMap, HashMap};

use crate::{
    instance::{Instance, PoolKind, WorkOption},
    plan::Plan,
};

/// Larger payments are refused, so that no sum overflows.
const AMOUNT_MAX: i64 = 1_000_000_000_000;

/// The rules of the exchange format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// A choice or payment names something that the instance does not have.
    Exists,
    /// One level and year for a village and work.
    Once,
    /// Not before the option's earliest year.
    Earliest,
    /// Prerequisites done, with their lag.
    Precedence,
    /// Construction load of a village and year.
    Load,
    /// Labour of a village and year.
    Labour,
    /// Collective money of a village, saved up to the year.
    Own,
    /// The shared cost of a county, work and year is paid exactly.
    Paid,
    /// The pool may not pay in this county.
    Place,
    /// The pool pays no more than its share of the cost.
    Share,
    /// A pool pays no more than it has.
    Cap,
    /// Demonstration villages get their share.
    Demonstration,
    /// The stated objective is what the choices give.
    Objective,
    /// The stated bound is no less than the objective.
    Bound,
}

impl Rule {
    /// All of them.
    pub const ALL: &'static [Rule] = &[
        Rule::Exists,
        Rule::Once,
        Rule::Earliest,
        Rule::Precedence,
        Rule::Load,
        Rule::Labour,
        Rule::Own,
        Rule::Paid,
        Rule::Place,
        Rule::Share,
        Rule::Cap,
        Rule::Demonstration,
        Rule::Objective,
        Rule::Bound,
    ];

    /// The stable word for it.
    pub fn word(self) -> &'static str {
        match self {
            Rule::Exists => "exists",
            Rule::Once => "once",
            Rule::Earliest => "earliest",
            Rule::Precedence => "precedence",
            Rule::Load => "load",
            Rule::Labour => "labour",
            Rule::Own => "own",
            Rule::Paid => "paid",
            Rule::Place => "place",
            Rule::Share => "share",
            Rule::Cap => "cap",
            Rule::Demonstration => "demonstration",
            Rule::Objective => "objective",
            Rule::Bound => "bound",
        }
    }
}

/// A broken rule: which, where, and by how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// Position of the village, where there is one.
    pub village: Option<usize>,
    /// Code of the county, where money is concerned.
    pub county: Option<String>,
    /// Position of the work.
    pub work: Option<usize>,
    /// Year.
    pub year: Option<i64>,
    /// Position of the pool.
    pub pool: Option<usize>,
    /// What the plan has, in the rule's unit.
    pub found: i64,
    /// What the rule allows or asks for.
    pub allowed: i64,
}

/// What a plan is worth and what it breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The objective recomputed from the choices, in points × 1/1000.
    pub objective: i64,
    /// The neighbour bonus in it.
    pub bonus: i64,
    /// Every violation, in the order of the rules' checks; empty for a feasible plan.
    pub violations: Vec<Violation>,
}

impl Verdict {
    /// Whether nothing is broken.
    pub fn feasible(&self) -> bool {
        self.violations.is_empty()
    }
}

impl Violation {
    fn of(rule: Rule, found: i64, allowed: i64) -> Violation {
        Violation { rule, village: None, county: None, work: None, year: None, pool: None, found, allowed }
    }
}

/// Checks a plan against a valid instance. Never fails: what is wrong is in the verdict.
pub fn check(instance: &Instance, plan: &Plan) -> Verdict {
    let mut checker = Checker { instance, done: vec![HashMap::new(); instance.villages.len()], violations: Vec::new() };
    checker.choices(plan);
    for village in 0..instance.villages.len() {
        checker.village(village);
    }
    let demand = checker.demand();
    checker.payments(plan, &demand);
    checker.demonstration();
    let (benefit, bonus) = (checker.benefit(), checker.bonus());
    let objective = benefit + bonus;
    if plan.objective != objective {
        checker.violations.push(Violation::of(Rule::Objective, plan.objective, objective));
    }
    if plan.bound < plan.objective {
        checker.violations.push(Violation::of(Rule::Bound, plan.bound, plan.objective));
    }
    Verdict { objective, bonus, violations: checker.violations }
}

struct Checker<'a> {
    instance: &'a Instance,
    /// By village: work → option and year.
    done: Vec<HashMap<usize, (WorkOption, i64)>>,
    violations: Vec<Violation>,
}

/// Shared cost by county, work and year.
type Demand<'a> = BTreeMap<(&'a str, usize, i64), i64>;

impl<'a> Checker<'a> {
    fn choices(&mut self, plan: &Plan) {
        let years = self.instance.years;
        for choice in &plan.choices {
            let village = usize::try_from(choice.village).ok().filter(|&v| v < self.instance.villages.len());
            let work = usize::try_from(choice.work).ok().filter(|&w| w < self.instance.works.len());
            let place = Violation { village, work, year: Some(choice.year), ..Violation::of(Rule::Exists, choice.level, 0) };
            let (Some(v), Some(w)) = (village, work) else {
                self.violations.push(place);
                continue;
            };
            let need = self.instance.villages[v].needs.iter().find(|need| need.work == choice.work);
            let option = need.and_then(|need| need.options.iter().find(|option| option.level == choice.level));
            let Some(option) = option.filter(|_| (0..years).contains(&choice.year)) else {
                self.violations.push(place);
                continue;
            };
            if choice.year < option.earliest {
                self.violations.push(Violation {
                    rule: Rule::Earliest,
                    found: choice.year,
                    allowed: option.earliest,
                    ..place.clone()
                });
            }
            if self.done[v].insert(w, (*option, choice.year)).is_some() {
                self.violations.push(Violation { rule: Rule::Once, found: 2, allowed: 1, ..place });
            }
        }
    }

    fn village(&mut self, v: usize) {
        let (village, done) = (&self.instance.villages[v], &self.done[v]);
        let at =
            |rule, found, allowed, work, year| Violation { village: Some(v), work, year, ..Violation::of(rule, found, allowed) };
        for &[work, after, lag] in &self.instance.pred {
            let (Some(&(_, year)), true) = (done.get(&(work as usize)), village.needs.iter().any(|need| need.work == after))
            else {
                continue;
            };
            let before = done.get(&(after as usize)).map_or(i64::MAX, |&(_, year)| year);
            if before > year - lag {
                self.violations.push(at(Rule::Precedence, before, year - lag, Some(work as usize), Some(year)));
            }
        }
        let mut saved = 0;
        for year in 0..self.instance.years {
            let now = || done.iter().filter(move |(_, (_, when))| *when == year);
            let load: i64 = now().map(|(&w, _)| self.instance.works[w].load).sum();
            let labour: i64 = now().map(|(_, (option, _))| option.labour).sum();
            saved += now().map(|(_, (option, _))| option.own).sum::<i64>();
            for (rule, found, allowed) in [
                (Rule::Load, load, village.load),
                (Rule::Labour, labour, village.labour),
                (Rule::Own, saved, village.own * (year + 1)),
            ] {
                if found > allowed {
                    self.violations.push(at(rule, found, allowed, None, Some(year)));
                }
            }
        }
    }

    fn demand(&self) -> Demand<'a> {
        let mut demand = Demand::new();
        for (village, done) in self.instance.villages.iter().zip(&self.done) {
            for (&work, (option, year)) in done {
                *demand.entry((&village.county, work, *year)).or_default() += option.shared;
            }
        }
        demand
    }

    fn payments(&mut self, plan: &Plan, demand: &Demand<'a>) {
        let mut paid: BTreeMap<(&str, usize, i64), i64> = BTreeMap::new();
        let mut by_pool: BTreeMap<(usize, i64), i64> = BTreeMap::new();
        let mut in_cell: BTreeMap<(&str, usize, i64, usize), i64> = BTreeMap::new();
        for payment in &plan.funds {
            let county = payment.county.as_str();
            let work = usize::try_from(payment.work).ok().filter(|&w| w < self.instance.works.len());
            let pool = usize::try_from(payment.pool).ok().filter(|&p| p < self.instance.pools.len());
            let place = Violation {
                county: Some(payment.county.clone()),
                work,
                year: Some(payment.year),
                pool,
                ..Violation::of(Rule::Exists, payment.amount, 0)
            };
            let (Some(w), Some(p), true) =
                (work, pool, (0..=AMOUNT_MAX).contains(&payment.amount) && (0..self.instance.years).contains(&payment.year))
            else {
                self.violations.push(place);
                continue;
            };
            if !county.starts_with(self.instance.pools[p].place.as_str()) {
                self.violations.push(Violation { rule: Rule::Place, ..place });
            }
            *paid.entry((county, w, payment.year)).or_default() += payment.amount;
            *by_pool.entry((p, payment.year)).or_default() += payment.amount;
            *in_cell.entry((county, w, payment.year, p)).or_default() += payment.amount;
        }
        for key in demand.keys().chain(paid.keys()).collect::<std::collections::BTreeSet<_>>() {
            let (found, asked) = (paid.get(key).copied().unwrap_or(0), demand.get(key).copied().unwrap_or(0));
            if found != asked {
                let violation = Violation::of(Rule::Paid, found, asked);
                let county = Some(key.0.to_owned());
                self.violations.push(Violation { county, work: Some(key.1), year: Some(key.2), ..violation });
            }
        }
        for (&(county, work, year, pool), &amount) in &in_cell {
            let cost = demand.get(&(county, work, year)).copied().unwrap_or(0);
            let share = self.instance.pools[pool].share[work];
            if amount * 100 > share * cost {
                let violation = Violation::of(Rule::Share, amount, share * cost / 100);
                let county = Some(county.to_owned());
                self.violations.push(Violation { county, work: Some(work), year: Some(year), pool: Some(pool), ..violation });
            }
        }
        for (p, pool) in self.instance.pools.iter().enumerate() {
            let (mut spent, mut had) = (0, 0);
            for year in 0..self.instance.years {
                let (now, cap) = (by_pool.get(&(p, year)).copied().unwrap_or(0), pool.cap[year as usize]);
                (spent, had) = match pool.kind {
                    PoolKind::Annual => (now, cap),
                    PoolKind::Cumulative => (spent + now, had + cap),
                };
                if spent > had {
                    self.violations.push(Violation { pool: Some(p), year: Some(year), ..Violation::of(Rule::Cap, spent, had) });
                }
            }
        }
    }

    fn demonstration(&mut self) {
        let mut spent: BTreeMap<(&str, i64), (i64, i64)> = BTreeMap::new();
        for (village, done) in self.instance.villages.iter().zip(&self.done) {
            for (option, year) in done.values().filter(|(_, year)| *year < self.instance.demo_years) {
                let (demo, all) = spent.entry((&village.county, *year)).or_default();
                *demo += if village.demo == 1 { option.shared } else { 0 };
                *all += option.shared;
            }
        }
        for ((county, year), (demo, all)) in spent {
            let wanted = self.instance.demo_share_pct * all;
            if demo * 100 < wanted {
                let violation = Violation::of(Rule::Demonstration, demo, (wanted + 99) / 100);
                self.violations.push(Violation { county: Some(county.to_owned()), year: Some(year), ..violation });
            }
        }
    }

    fn benefit(&self) -> i64 {
        let discounted = |(option, year): &(WorkOption, i64)| option.benefit * self.instance.disc_permille[*year as usize];
        self.done.iter().flat_map(HashMap::values).map(discounted).sum()
    }

    fn bonus(&self) -> i64 {
        let reference = |v: usize, work: i64| {
            let need = self.instance.villages[v].needs.iter().find(|need| need.work == work);
            need.and_then(|need| need.options.first()).map_or(0, |option| option.benefit)
        };
        let mut bonus = 0;
        for &[i, j] in &self.instance.edges {
            for &work in &self.instance.line_works {
                let year = |v: i64| self.done[v as usize].get(&(work as usize)).map(|(_, year)| *year);
                if let (Some(one), Some(other)) = (year(i), year(j))
                    && one == other
                {
                    let smaller = reference(i as usize, work).min(reference(j as usize, work));
                    bonus += self.instance.bonus_pct * smaller / 100 * self.instance.disc_permille[one as usize];
                }
            }
        }
        bonus
    }
}
