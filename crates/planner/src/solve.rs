//! The way from an instance to a plan with a proven bound.
//!
//! 1. Prices: the Lagrangian dual is minimised over known columns, smoothed ever less, with exact passes between ([`crate::solve`] reports
//!    the bound after each). 2. Plan: villages anneal over their columns, money kept exactly. 3. Few villages: branch and bound until the
//!    two meet. 4. The money is split by a maximum flow and the whole is checked by [`crate::check`] before it is handed out.

use std::time::Instant;

use crate::{
    check::{self, Violation},
    clash::{self, Clash},
    demands::Demands,
    dual::Dual,
    error::Refused,
    exact::Exact,
    instance::{self, Instance},
    keep::{Keep, Net},
    memory::{Memory, Multipliers},
    model::{Item, Model},
    plan::{self, Choice, Payment, Plan},
    primal::{self, Draft, Primal, Schedule},
    village,
};

/// How to search. The result depends on the seed and the effort, not on the number of threads; a limit in seconds makes it depend on the
/// machine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Seed of the random numbers.
    pub seed: u64,
    /// Threads, at least 1.
    pub threads: usize,
    /// Length of the search for a plan; 1 is the usual, 4 about four times as long.
    pub effort: f64,
    /// Stop after this many seconds.
    pub seconds: Option<f64>,
    /// Stop when (bound − plan) / bound is no more than this.
    pub gap: f64,
    /// Prove the optimum for up to this many villages.
    pub exact_villages: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { seed: 1, threads: 1, effort: 1.0, seconds: None, gap: 0.0, exact_villages: 30 }
    }
}

/// How far the search is. Where a former plan is kept, the price of what moves is taken off both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Seconds since the start.
    pub seconds: f64,
    /// Objective of the best plan, if there is one yet.
    pub objective: Option<i64>,
    /// Proven bound, if there is one yet.
    pub bound: Option<i64>,
}

impl Progress {
    /// (bound − objective) / bound, where both are known.
    pub fn gap(&self) -> Option<f64> {
        Some(gap(self.objective?, self.bound?))
    }
}

/// (bound − objective) / bound; where the price of what moved leaves nothing above 0, all or nothing.
pub(crate) fn gap(objective: i64, bound: i64) -> f64 {
    if objective >= bound {
        0.0
    } else if bound <= 0 {
        1.0
    } else {
        (bound - objective) as f64 / bound as f64
    }
}

/// What the caller wants after a report of progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Search on.
    Continue,
    /// Stop and hand out the best plan so far.
    Stop,
}

/// Why the search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The plan is proven to be the best.
    Proven,
    /// The gap asked for is reached.
    GapReached,
    /// The search came to its end.
    Finished,
    /// The caller said stop, or the time is up.
    Stopped,
}

/// A checked plan, its prices, and what makes the next search quicker.
#[derive(Debug, Clone)]
pub struct Solution {
    /// The plan with its bound.
    pub plan: Plan,
    /// Multipliers that prove a bound: see [`certify`], and [`certify_keeping`]. Where branch and bound proved more, the plan's own bound is
    /// lower.
    pub multipliers: Multipliers,
    /// For [`solve_again`].
    pub memory: Memory,
    /// Where a former plan was kept: what is left after the price of what moved.
    pub net: Option<Net>,
    /// Why the search ended.
    pub end: End,
    /// Seconds taken.
    pub seconds: f64,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The instance or the demands are unusable.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// No plan can meet the demands; a smallest set of them that clash.
    #[error("the demands clash: {0:?}")]
    Clash(Box<Clash>),
    /// No plan that holds what is fixed was found, nor a proof that there is none; the search was stopped or too short.
    #[error("no plan that holds what is fixed was found; search longer or fix less")]
    NotFound,
    /// A defect of the planner: its own plan failed the check. Never handed out.
    #[error("the plan found breaks the rules, which is a defect of the planner: {0:?}")]
    Unsound(Vec<Violation>),
}

/// Searches for the best plan. `report` is called often and may say stop; what is handed out then is a valid plan all the same.
///
/// # Errors
/// See [`Failure`].
pub fn solve(
    instance: &Instance,
    demands: &Demands,
    settings: &Settings,
    report: impl FnMut(&Progress) -> Wish,
) -> Result<Solution, Failure> {
    solve_again(instance, demands, settings, None, report)
}

/// As [`solve`], from the prices and columns of an earlier search of a similar instance, such as one with other funds.
///
/// # Errors
/// See [`Failure`].
pub fn solve_again(
    instance: &Instance,
    demands: &Demands,
    settings: &Settings,
    memory: Option<&Memory>,
    report: impl FnMut(&Progress) -> Wish,
) -> Result<Solution, Failure> {
    search(instance, demands, settings, memory, None, report)
}

/// As [`solve_again`], but what a former plan decided moves only where that is worth its price. What is added is free.
///
/// The search, its gap and its end are about what is left after the price ([`Solution::net`]). The plan handed out has its plain
/// objective, and a plain bound that holds for every plan whatever it moves. Prices are searched without the former plan first: that gives
/// the plain bound, and columns for whatever may move.
///
/// # Errors
/// See [`Failure`]; also unusable `keep`, see [`Keep::validate`].
pub fn solve_keeping(
    instance: &Instance,
    demands: &Demands,
    settings: &Settings,
    memory: Option<&Memory>,
    keep: &Keep,
    report: impl FnMut(&Progress) -> Wish,
) -> Result<Solution, Failure> {
    search(instance, demands, settings, memory, Some(keep), report)
}

fn search(
    instance: &Instance,
    demands: &Demands,
    settings: &Settings,
    memory: Option<&Memory>,
    keep: Option<&Keep>,
    report: impl FnMut(&Progress) -> Wish,
) -> Result<Solution, Failure> {
    let model = made_ready(instance, demands, keep)?;
    let free = keep.map(|_| Model::new(instance, demands));
    let bases = bases(&model).map_err(|v| clash::of_village(instance, demands, model.villages[v].origin))?;
    let watch =
        Watch { start: Instant::now(), settings: *settings, objective: None, bound: f64::INFINITY, stopped: false, report };
    let mut search = Search { model: &model, settings: *settings, bases, remembered: None, former: None, watch };
    let mut dual = Dual::new(&model, settings.threads.max(1));
    // What a plan without a former one could be: its bound, its columns, its prices to begin with.
    let mut free_bound = f64::INFINITY;
    if let Some(free) = &free {
        let mut first = Dual::new(free, settings.threads.max(1));
        search.model = free;
        search.prices(&mut first, memory);
        (search.model, search.former, free_bound) = (&model, Some(model.former()), first.bound);
        dual.take_over(&first);
        dual.pass(&first.center, 1);
    }
    let best = search.run(&mut dual, memory.filter(|_| keep.is_none()));
    let Some((items, bound)) = best else {
        return Err(clash::of_money(instance, demands, &model).unwrap_or(Failure::NotFound));
    };
    let bound = if bound.is_finite() { bound.floor() as i64 } else { i64::MAX / 4 };
    let objective = model.objective(&items);
    let bound = bound.max(objective);
    let (multipliers, memory) = (Multipliers::of(&dual, instance), Memory::of(&dual, instance, &items));
    let net = keep.map(|keep| {
        let moved = keep.choices.len() - model.kept_of_former(&items);
        Net { former: keep.choices.len(), moved, objective, bound }
    });
    let plan_bound = if keep.is_some() { (free_bound.floor() as i64).min(bound + model.keep_all) } else { bound };
    let plan = written(&model, instance, &items, plan_bound).ok_or(Failure::NotFound)?;
    let verdict = check::check(instance, &plan);
    if !verdict.feasible() {
        return Err(Failure::Unsound(verdict.violations));
    }
    let end = match (objective >= bound, search.watch.stopped) {
        (true, _) => End::Proven,
        (false, true) => End::Stopped,
        (false, false) if gap(objective, bound) <= settings.gap => End::GapReached,
        (false, false) => End::Finished,
    };
    Ok(Solution { plan, multipliers, memory, net, end, seconds: search.watch.start.elapsed().as_secs_f64() })
}

/// The bound that multipliers prove, by one exact pass over the villages, without trust in the search that found them.
///
/// # Errors
/// `Refused` for unusable instances, demands or multipliers (`wrong-length`, `negative-number`).
pub fn certify(instance: &Instance, demands: &Demands, multipliers: &Multipliers, threads: usize) -> Result<i64, Refused> {
    proven(instance, demands, multipliers, None, threads)
}

/// As [`certify`], for what a plan has left after the price of what moved from a former one: the bound of [`Net`].
///
/// # Errors
/// As [`certify`]; also unusable `keep`.
pub fn certify_keeping(
    instance: &Instance,
    demands: &Demands,
    multipliers: &Multipliers,
    keep: &Keep,
    threads: usize,
) -> Result<i64, Refused> {
    proven(instance, demands, multipliers, Some(keep), threads)
}

fn proven(
    instance: &Instance,
    demands: &Demands,
    multipliers: &Multipliers,
    keep: Option<&Keep>,
    threads: usize,
) -> Result<i64, Refused> {
    let model = made_ready(instance, demands, keep)?;
    let mut dual = Dual::new(&model, threads.max(1));
    let z = multipliers.vector(&dual, instance)?;
    Ok(dual.pass(&z, 1).bound.floor() as i64)
}

fn made_ready(instance: &Instance, demands: &Demands, keep: Option<&Keep>) -> Result<Model, Refused> {
    instance::validate(instance)?;
    demands.validate(instance)?;
    let mut model = Model::new(instance, demands);
    if let Some(keep) = keep {
        keep.validate(instance)?;
        model.keep(keep);
    }
    Ok(model)
}

/// The plan of each village that costs the shared money least while it holds what is required.
///
/// # Errors
/// The village that has none.
pub(crate) fn bases(model: &Model) -> Result<Vec<Vec<Item>>, usize> {
    let mut scratch = village::Scratch::default();
    let mut bases = Vec::with_capacity(model.villages.len());
    for (v, village) in model.villages.iter().enumerate() {
        if village.needs.iter().all(|need| !need.required) {
            bases.push(Vec::new());
            continue;
        }
        let cost = |option: &crate::model::Opt| -(option.shared as f64) - 1e-3;
        let values: Vec<f64> = village.options.iter().flat_map(|option| (0..model.years).map(move |_| cost(option))).collect();
        let found = village::best(model, v, &values, f64::NEG_INFINITY, &mut 0.0, &mut scratch);
        bases.push(found.better.ok_or(v)?.1);
    }
    Ok(bases)
}

/// A plan in the exchange format; none where the money does not suffice.
fn written(model: &Model, instance: &Instance, items: &[Vec<Item>], bound: i64) -> Option<Plan> {
    let paid = primal::allot(model, &primal::demand(model, items)).ok()?;
    let mut choices = Vec::new();
    for (v, items) in items.iter().enumerate() {
        for &item in items {
            let (option, year) = model.item(v, item);
            let village = model.villages[v].origin as i64;
            choices.push(Choice { village, work: option.work as i64, level: option.level, year: year as i64 });
        }
    }
    choices.sort_unstable();
    let mut funds: Vec<Payment> = Vec::with_capacity(paid.len());
    for paid in paid {
        funds.push(Payment {
            county: model.counties[paid.county].code.clone(),
            work: paid.work as i64,
            year: paid.year as i64,
            pool: model.pools[paid.pool].origin as i64,
            amount: paid.amount,
        });
    }
    funds.sort_unstable();
    debug_assert!(choices.iter().all(|choice| (choice.village as usize) < instance.villages.len()));
    let kept = model.kept_of_former(items) as i64;
    let objective = model.objective(items) + model.keep_all - model.keep * kept;
    Some(Plan { format: plan::FORMAT.into(), objective, bound: bound.max(objective), choices, funds })
}

/// The best plan so far with its objective.
type Best = Option<(i64, Vec<Vec<Item>>)>;

/// Time, what is known, and the caller's wish.
struct Watch<R> {
    start: Instant,
    settings: Settings,
    objective: Option<i64>,
    bound: f64,
    stopped: bool,
    report: R,
}

impl<R: FnMut(&Progress) -> Wish> Watch<R> {
    /// Reports; true when the search is to end.
    fn end(&mut self) -> bool {
        let seconds = self.start.elapsed().as_secs_f64();
        let bound = self.bound.is_finite().then(|| self.bound.floor() as i64);
        let progress = Progress { seconds, objective: self.objective, bound };
        let wish = (self.report)(&progress);
        self.stopped |= wish == Wish::Stop || self.settings.seconds.is_some_and(|limit| seconds >= limit);
        self.stopped || progress.gap().is_some_and(|gap| gap <= self.settings.gap)
    }

    fn found(&mut self, objective: i64) {
        self.objective = self.objective.max(Some(objective));
    }
}

struct Search<'m, R> {
    model: &'m Model,
    settings: Settings,
    bases: Vec<Vec<Item>>,
    /// The plan of an earlier search.
    remembered: Option<Vec<Vec<Item>>>,
    /// The plan that is to be kept, as far as it is still on offer.
    former: Option<Vec<Vec<Item>>>,
    watch: Watch<R>,
}

/// Units in which the smoothing of the dual is given.
#[derive(Debug, Clone, Copy)]
struct Units {
    /// Mean value of a village.
    village: f64,
    /// Typical price of one unit of money.
    money: f64,
}

impl<R: FnMut(&Progress) -> Wish> Search<'_, R> {
    /// Best plan and bound, or none where even the base plans cannot be paid.
    fn run(&mut self, dual: &mut Dual<'_>, memory: Option<&Memory>) -> Option<(Vec<Vec<Item>>, f64)> {
        let model = self.model;
        let base = Some(self.bases.clone())
            .filter(|plan| model.kept_by(plan) && primal::allot(model, &primal::demand(model, plan)).is_ok());
        let mut best = base.map(|plan| (model.objective(&plan), plan));
        if let Some((objective, _)) = best {
            self.watch.found(objective);
        }
        let remembered = memory.is_some_and(|memory| memory.restore(dual));
        self.remembered = memory.filter(|_| remembered).and_then(|memory| memory.plan(dual));
        for (v, items) in self.former.iter().flatten().enumerate() {
            if model.village_can(v, items) {
                dual.add_column(v, items);
            }
        }
        for plan in self.remembered.iter().chain(&self.former).cloned() {
            let feasible = model.kept_by(&plan) && primal::allot(model, &primal::demand(model, &plan)).is_ok();
            let objective = model.objective(&plan);
            if feasible && best.as_ref().is_none_or(|(known, _)| objective > *known) {
                self.watch.found(objective);
                best = Some((objective, plan));
            }
        }
        let units = self.start(dual, remembered);
        let (ended, heat) = self.converge(dual, units, remembered, Some(&mut best));
        if !ended {
            self.anneal(dual, units, heat, remembered, &mut best);
        }
        let mut bound = dual.bound;
        let wanted = best.as_ref().is_none_or(|(objective, _)| bound >= *objective as f64 + 1.0);
        if !self.watch.stopped && wanted && model.villages.len() <= self.settings.exact_villages {
            let exact = Exact::new(dual, best.as_ref().map(|(_, plan)| plan.clone()), self.settings.seed);
            let nodes = (20_000.0 * self.settings.effort) as usize;
            let watch = &mut self.watch;
            let outcome = exact.run(dual, nodes, |objective, bound| {
                watch.bound = watch.bound.min(bound);
                if objective > i64::MIN {
                    watch.found(objective);
                }
                watch.end()
            });
            bound = bound.min(outcome.bound).min(self.watch.bound);
            if let Some(plan) = outcome.plan {
                best = Some((outcome.objective, plan));
            }
        }
        self.watch.bound = bound;
        best.map(|(_, plan)| (plan, bound))
    }

    /// Prices and columns only.
    fn prices(&mut self, dual: &mut Dual<'_>, memory: Option<&Memory>) {
        let remembered = memory.is_some_and(|memory| memory.restore(dual));
        let units = self.start(dual, remembered);
        self.converge(dual, units, remembered, None);
    }

    /// First prices: one price for all money, such that about all of it is spent.
    fn start(&mut self, dual: &mut Dual<'_>, remembered: bool) -> Units {
        let model = self.model;
        let (mut low, mut high) = (0.0, f64::INFINITY);
        let mut theta = dual.guess();
        if remembered {
            theta = dual.mean_price(&dual.center).max(1e-3 * theta);
            return Units { village: dual.unit(dual.known()), money: theta };
        }
        let mut z = dual.center.clone();
        let passes = if model.villages.len() > 5000 { 3 } else { 6 };
        for _ in 0..passes {
            dual.flat(theta, &mut z);
            dual.pass(&z, 1);
            self.watch.bound = dual.bound;
            let (held, spent) = dual.spending(&z);
            if self.watch.end() || high - low < 0.04 * low {
                break;
            }
            if spent > held {
                low = theta
            } else {
                high = theta
            }
            theta = if high.is_infinite() {
                theta * 1.4
            } else if low == 0.0 {
                theta * 0.7
            } else {
                (low + high) / 2.0
            };
        }
        Units { village: dual.unit(dual.bound), money: theta.max(1.0) }
    }

    /// Lowers the bound until columns and villages agree. Returns whether to end, and the last smoothing.
    fn converge(&mut self, dual: &mut Dual<'_>, units: Units, remembered: bool, mut best: Option<&mut Best>) -> (bool, f64) {
        let least = if self.model.villages.len() > 5000 { 3e-4 } else { 2e-4 };
        // Where a former plan is kept, prices of money may be as large as that of moving.
        let hot = (5.0 * self.model.keep as f64 / units.village).max(1.0);
        let mut heat: f64 = if remembered { 2.0 * least } else { 0.02 * hot };
        let mut hold = if remembered { 1e-3 } else { 3e-3 };
        for _ in 0..60 {
            if self.watch.end() {
                return (true, heat);
            }
            let before = dual.bound;
            // Relative to all benefit, of which the money left to deal out may be worth little: where it is ample, prices need many small steps.
            let precision = (1e-5 * heat).clamp(1e-9, 1e-6);
            let steps = if remembered { 60 } else { 300 };
            let z = dual.descend(heat * units.village, 3.0 * heat * units.money, hold, steps, precision);
            let step = dual.pass(&z, 1);
            self.watch.bound = dual.bound;
            if remembered && dual.bound < before && (step.bound - step.known) < 1e-3 * step.bound {
                break;
            }
            hold = if dual.bound < before { hold * 0.5 } else { hold * 2.0 };
            let apart = (step.bound - step.known) / step.bound.abs().max(1.0);
            if heat <= least && before - dual.bound < 1e-5 * dual.bound.abs() {
                break;
            }
            // Never colder by more than half at once: where the heat falls faster than the prices follow, the descent stalls.
            heat = heat.min(0.3 * apart).max(0.5 * heat).max(least);
            if heat < 0.004
                && self.model.villages.len() > 1000
                && let Some(best) = best.take()
            {
                // A first plan for those who cannot wait.
                let schedule = Schedule { rounds: 4, sweeps: 60, from: 0.003, to: 0.0005, price_from: 1.2, price_to: 0.8 };
                self.draft(dual, units, heat, schedule, 0, best);
            }
        }
        (self.watch.end(), heat)
    }

    fn anneal(&mut self, dual: &mut Dual<'_>, units: Units, heat: f64, remembered: bool, best: &mut Best) {
        let model = self.model;
        let count = model.villages.len();
        let bonus = !model.terms.is_empty();
        let (runs, sweeps) = match (count, bonus) {
            // A smaller county gets more sweeps: its gap is mostly rounding, which only trying helps.
            (0..400, false) => (2, 8e5 / count.max(50) as f64),
            (0..400, true) => (1, 2.2e6 / count.max(50) as f64),
            (400..5000, false) => (1, 4500.0),
            (400..5000, true) => (1, 4000.0),
            (_, false) => (1, 700.0),
            (_, true) => (1, 1200.0),
        };
        let sweeps = sweeps * self.settings.effort * if remembered { 0.15 } else { 1.0 };
        // Plans a little off the best of each village are what fits the last of the money.
        dual.enrich(0.01 * units.village, 8);
        let (from, to, prices) = if bonus { (0.04, 5e-4, (1.05, 0.8)) } else { (0.006, 2e-4, (1.3, 0.6)) };
        // From an earlier plan there is less to thaw.
        let (from, prices) = if remembered { (from / 4.0, (1.0 + (prices.0 - 1.0) / 4.0, prices.1)) } else { (from, prices) };
        for run in 0..if remembered { 1 } else { runs } {
            let schedule = Schedule { rounds: 12, sweeps: sweeps as usize, from, to, price_from: prices.0, price_to: prices.1 };
            if self.draft(dual, units, heat, schedule, run + 1, best) {
                break;
            }
        }
    }

    /// Anneals once and keeps the plan if it is better; true when the search is to end.
    fn draft(&mut self, dual: &Dual<'_>, units: Units, heat: f64, schedule: Schedule, run: u64, best: &mut Best) -> bool {
        let model = self.model;
        let cutoff = match (model.terms.is_empty(), self.remembered.is_some()) {
            (true, false) => 0.1,
            (false, false) => 0.3,
            (true, true) => 0.05,
            (false, true) => 0.15,
        };
        let (heat, smoothing) = (heat * units.village, 3.0 * heat * units.money);
        let seed = self.settings.seed.wrapping_add(run << 32);
        let mut primal = Primal::new(dual, self.bases.clone(), seed, cutoff, heat, smoothing);
        if let Some(plan) = self.former.as_ref().or(self.remembered.as_ref()) {
            primal.wish(dual, plan);
        }
        let watch = &mut self.watch;
        let draft: Draft = primal.run(schedule, |draft| {
            if draft.complete {
                watch.found(draft.objective);
            }
            watch.end()
        });
        if draft.complete && best.as_ref().is_none_or(|(known, _)| draft.objective > *known) {
            let items = primal.items(dual, &draft);
            if model.kept_by(&items) {
                *best = Some((draft.objective, items));
            }
        }
        self.watch.end()
    }
}
