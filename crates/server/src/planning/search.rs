//! Searching for a plan: slow work beside the requests, with progress, to be cancelled at any time. Nothing is recorded before the
//! plan is whole and was checked; a search that is cut short in any way leaves nothing.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use domain::{
    Command,
    basics::{Actor, BriefId, Capability, PlaceId, PlanId},
    places::{Level, Place},
    planning::{self, BriefRow, Fund, PlanMade},
};
use planner::{
    check::check,
    solve::{self, Failure, Settings, Wish},
};
use serde::{Deserialize, Serialize};
use store::{NewFile, Scope};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Ground,
    instance::{Posed, pose},
};
use crate::{
    App,
    answer::{Answer, Problem},
    ask::Ask,
    command,
    rows::marked,
    villages::nearest_first,
    wording::fill,
};

/// Searches that are remembered after they ended.
const REMEMBERED: usize = 20;
/// Seconds of a search, unless said otherwise.
const SECONDS: u16 = 60;
/// Seconds of a search at most.
const SECONDS_MAX: f64 = 600.0;

domain::word_enum!(
    /// How far a search is.
    SearchState {
        /// It goes on.
        Running => "running",
        /// Its plan is recorded.
        Done => "done",
        /// Somebody cancelled it.
        Cancelled => "cancelled",
        /// There is no plan, for the reason told.
        Failed => "failed",
    }
);

/// What is told of a search.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SearchAnswer {
    /// Its name.
    #[schema(value_type = String)]
    pub search: Uuid,
    /// The brief.
    pub brief: BriefId,
    /// Its version, from 1.
    pub version: u16,
    /// How far it is.
    pub state: SearchState,
    /// Seconds since it began.
    pub seconds: f64,
    /// Objective of the best plan so far.
    #[schema(required)]
    pub objective: Option<i64>,
    /// No plan reaches more.
    #[schema(required)]
    pub bound: Option<i64>,
    /// How far the plan is from the best at most, in millionths of the bound.
    #[schema(required)]
    pub gap_ppm: Option<i64>,
    /// The plan that came of it.
    #[schema(required)]
    pub plan: Option<PlanId>,
    /// Why there is none, in the language of whoever asked for it.
    #[schema(required)]
    pub why: Option<String>,
    /// The demands that clash, each in words; a smallest set.
    pub clash: Vec<String>,
}

/// What is kept of a plan: everything it was made of.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    /// What was planned.
    pub posed: Posed,
    /// The plan.
    pub plan: planner::plan::Plan,
    /// What a million yuan more of a fund would bring in a year at most, in points × thousandths: by fund and year.
    pub million: Vec<Vec<i64>>,
}

struct Search {
    told: Mutex<SearchAnswer>,
    place: PlaceId,
    cancelled: AtomicBool,
}

impl Search {
    fn told(&self) -> SearchAnswer {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn tell(&self, change: impl FnOnce(&mut SearchAnswer)) {
        change(&mut self.told.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The searches of this process.
#[derive(Default)]
pub struct Searches(Mutex<Vec<Arc<Search>>>);

impl Searches {
    /// Takes a search in; one at a time, since each takes a whole processor.
    fn begin(&self, search: Arc<Search>) -> Result<(), Problem> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.iter().any(|s| s.told().state == SearchState::Running) {
            return Err(Problem::refused("plans/search-goes-on".into(), serde_json::Map::new(), "a search goes on".into()));
        }
        all.push(search);
        let over = all.len().saturating_sub(REMEMBERED);
        all.drain(..over);
        Ok(())
    }

    fn get(&self, id: Uuid) -> Option<Arc<Search>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().find(|s| s.told().search == id).cloned()
    }
}

/// How to search.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Version of the brief; the last one where absent.
    version: Option<u16>,
    /// Seconds at most.
    seconds: Option<u16>,
    /// Seed of the search.
    seed: Option<u32>,
}

/// `POST /api/briefs/{brief}/search` with `{"version"?, "seconds"?, "seed"?}`.
pub fn begin(ask: &Ask) -> Result<Answer, Problem> {
    let id: BriefId = ask.path(0)?;
    let Some(domain::Row::Briefs(row)) = ask.app.store.row(domain::ViewId::Briefs, &id.key())? else {
        return Err(Problem::not_found());
    };
    let place = ask.place(row.place)?;
    if !ask.may(Capability::Read, &place)? {
        return Err(Problem::not_found());
    }
    if !ask.may(Capability::PlanningEdit, &place)? {
        return Err(Problem::forbidden());
    }
    let wanted: Wanted = serde_json::from_slice(&ask.body).map_err(|e| Problem::bad_command(e.to_string()))?;
    let version = wanted.version.unwrap_or_else(|| u16::try_from(row.versions.len()).unwrap_or(u16::MAX));
    let seconds = f64::from(wanted.seconds.unwrap_or(SECONDS)).clamp(1.0, SECONDS_MAX);
    let seed = wanted.seed.unwrap_or(1);
    if row.withdrawn.is_some() || row.version(version.into()).is_none() {
        return Err(Problem::refused("planning/brief-gone".into(), serde_json::Map::new(), "the brief is gone".into()));
    }
    let search = Uuid::now_v7();
    let told = SearchAnswer {
        search,
        brief: id,
        version,
        state: SearchState::Running,
        seconds: 0.0,
        objective: None,
        bound: None,
        gap_ppm: None,
        plan: None,
        why: None,
        clash: Vec::new(),
    };
    let kept = Arc::new(Search { told: Mutex::new(told.clone()), place: place.id, cancelled: AtomicBool::new(false) });
    // Before the needs of a whole county are worked out, which are for nothing where another search goes on.
    ask.app.searches.begin(kept.clone())?;
    let posed = posed(ask, &row, &place, version).inspect_err(|_| kept.tell(|told| told.state = SearchState::Failed))?;
    let run = Run {
        app: ask.app.clone(),
        actor: ask.caller()?.actor(),
        language: ask.language,
        search: kept,
        posed,
        needs_on: ask.today(),
        settings: Settings { seed: u64::from(seed), seconds: Some(seconds), ..Settings::default() },
        seed,
    };
    thread::spawn(move || run.run());
    Ok(Answer::json(&marked(ask, told)))
}

/// The instance of a brief, as things stand.
pub fn posed(ask: &Ask, row: &BriefRow, place: &Place, version: u16) -> Result<Posed, Problem> {
    let brief = &row.version(version.into()).ok_or_else(Problem::not_found)?.brief;
    let scope: Scope = ask.narrowed(place);
    let ground = Ground::load(ask, &scope)?;
    let no_catalogue = || Problem::refused("plans/no-catalogue".into(), serde_json::Map::new(), "no catalogue is set".into());
    let (_, catalogue) = ground.catalogues.of(nearest_first(place)).ok_or_else(no_catalogue)?;
    let (needs, _) = ground.needs(ask.today());
    let favour = ground.wishes.iter().map(|(key, wish)| (key.clone(), wish.percent)).collect();
    let mut codes: HashMap<PlaceId, String> = HashMap::new();
    let mut wanted: Vec<PlaceId> = needs.iter().flat_map(|(p, _)| p.within.iter().copied()).collect();
    wanted.extend(brief.funds.iter().map(|f| f.place));
    wanted.sort_unstable();
    wanted.dedup();
    let mut levels = HashMap::new();
    for id in wanted {
        if let Ok(place) = ask.place(id) {
            levels.insert(id, place.level);
            codes.insert(id, place.code);
        }
    }
    let code_of = |id: PlaceId| codes.get(&id).cloned().unwrap_or_default();
    let prefix = |fund: &Fund| {
        let digits = levels.get(&fund.place).copied().unwrap_or(Level::County).digits();
        code_of(fund.place).chars().take(digits).collect()
    };
    let mut posed = pose(brief, catalogue, &needs, &favour, &code_of, &prefix);
    posed.instance.place.clone_from(&place.code);
    Ok(posed)
}

struct Run {
    app: Arc<App>,
    actor: Actor,
    language: crate::wording::Language,
    search: Arc<Search>,
    posed: Posed,
    needs_on: domain::basics::Day,
    settings: Settings,
    seed: u32,
}

/// A search that broke down has ended, too: the next one may begin.
impl Drop for Run {
    fn drop(&mut self) {
        let why = self.say("plan.search.accident", &[]);
        self.search.tell(|told| {
            if told.state == SearchState::Running {
                (told.state, told.why) = (SearchState::Failed, Some(why));
            }
        });
    }
}

impl Run {
    fn run(self) {
        let solved = solve::solve(&self.posed.instance, &self.posed.demands, &self.settings, |progress| {
            self.search.tell(|told| {
                told.seconds = progress.seconds;
                told.objective = progress.objective;
                told.bound = progress.bound;
                told.gap_ppm = progress.gap().map(|g| (g * 1e6).ceil() as i64);
            });
            if self.search.cancelled.load(Ordering::Relaxed) { Wish::Stop } else { Wish::Continue }
        });
        if self.search.cancelled.load(Ordering::Relaxed) {
            return self.search.tell(|told| told.state = SearchState::Cancelled);
        }
        let outcome = match solved {
            Ok(solution) => self.record(&solution),
            Err(failure) => Err(self.why(&failure)),
        };
        self.search.tell(|told| match outcome {
            Ok(plan) => (told.state, told.plan) = (SearchState::Done, Some(plan)),
            Err((why, clash)) => (told.state, told.why, told.clash) = (SearchState::Failed, Some(why), clash),
        });
    }

    fn say(&self, key: &str, args: &[(&str, String)]) -> String {
        fill(self.language, key, args)
    }

    /// Why there is no plan, in words.
    fn why(&self, failure: &Failure) -> (String, Vec<String>) {
        match failure {
            Failure::Refused(refused) => {
                let findings = refused.0.iter().map(|f| {
                    let args: Vec<(&str, String)> = f.arguments.iter().map(|(name, value)| (*name, value.clone())).collect();
                    self.say(&format!("plan.finding.{}", f.code), &args)
                });
                (self.say("plan.search.refused", &[]), findings.collect())
            }
            Failure::Clash(clash) => {
                let parties = clash.parties.iter().map(|p| super::words::party(self.language, &self.posed, p));
                (self.say("plan.search.clash", &[]), parties.collect())
            }
            Failure::NotFound => (self.say("plan.search.not_found", &[]), Vec::new()),
            Failure::Unsound(_) => {
                tracing::error!("the planner's own plan failed the check: {failure:?}");
                (self.say("plan.search.accident", &[]), Vec::new())
            }
        }
    }

    /// Keeps the plan, after it was checked once more by what knows nothing of the search, and records it.
    fn record(&self, solution: &solve::Solution) -> Result<PlanId, (String, Vec<String>)> {
        let accident = |what: &dyn std::fmt::Debug| {
            tracing::error!("a plan could not be recorded: {what:?}");
            (self.say("plan.search.accident", &[]), Vec::new())
        };
        let (instance, plan) = (&self.posed.instance, &solution.plan);
        let checked = check(instance, plan);
        if !checked.feasible() {
            return Err(accident(&checked));
        }
        let prices = planner::explain::money(instance, plan, &solution.multipliers);
        let years = self.posed.years.len();
        let mut million = vec![vec![0; years]; instance.pools.len()];
        for price in prices {
            if let Some(cell) = million.get_mut(price.pool).and_then(|row| row.get_mut(price.year)) {
                *cell = price.of_a_million.round() as i64;
            }
        }
        let kept = Kept { posed: self.posed.clone(), plan: plan.clone(), million };
        let content = serde_json::to_vec(&kept).map_err(|e| accident(&e))?;
        let new = NewFile { content: &content, media_type: "application/json", taken_ms: None, position: None };
        let now_ms = self.app.now_ms();
        let file = self.app.store.files().put(&new, now_ms).map_err(|e| accident(&e))?.hash;
        let mut villages: Vec<i64> = plan.choices.iter().map(|c| c.village).collect();
        villages.sort_unstable();
        villages.dedup();
        let cost: i64 = super::plans::items(&kept).iter().map(|i| i.cost_fen).sum();
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let made = PlanMade {
            file,
            needs_on: self.needs_on,
            objective: plan.objective,
            bound: plan.bound,
            works: small(plan.choices.len()),
            villages: small(villages.len()),
            cost_fen: cost,
            left_out: small(self.posed.left_out.len()),
            seed: self.seed,
        };
        let told = self.search.told();
        let propose = planning::Command::Propose { brief: told.brief, version: told.version, made };
        let context =
            domain::basics::Context { now_ms, actor: self.actor.clone(), command: Uuid::now_v7(), fresh: Uuid::now_v7() };
        let id = PlanId(context.fresh);
        let submission = store::Submission { command: Command::Planning(propose), context };
        let answer = self.app.store.submit_and_wait(submission).map_err(|e| accident(&e))?;
        command::accepted(answer).map_err(|e| accident(&e))?;
        Ok(id)
    }
}

fn found(ask: &Ask) -> Result<Arc<Search>, Problem> {
    let search = ask.app.searches.get(ask.path(0)?).ok_or_else(Problem::not_found)?;
    match ask.may(Capability::Read, &ask.place(search.place)?)? {
        true => Ok(search),
        false => Err(Problem::not_found()),
    }
}

/// `GET /api/searches/{search}`.
pub fn told(ask: &Ask) -> Result<Answer, Problem> {
    Ok(Answer::json(&marked(ask, found(ask)?.told())))
}

/// `DELETE /api/searches/{search}`: it ends without a plan.
pub fn cancel(ask: &Ask) -> Result<Answer, Problem> {
    let search = found(ask)?;
    if !ask.may(Capability::PlanningEdit, &ask.place(search.place)?)? {
        return Err(Problem::forbidden());
    }
    search.cancelled.store(true, Ordering::Relaxed);
    Ok(Answer::json(&marked(ask, search.told())))
}
