//! Planning instances in the exchange format `qw-plan-1`, read strictly.
//!
//! Years count from 0. Money is in units of 1,000 yuan, distances in metres, benefit in points; all are integers.

use serde::{Deserialize, Serialize};

use crate::error::{Finding, Refused, malformed};

/// The word that opens an instance.
pub const FORMAT: &str = "qw-plan-1";
/// Longest horizon, in years.
pub const YEARS_MAX: usize = 30;
/// Most works in a catalogue.
pub const WORKS_MAX: usize = 60;
/// Most standards of one need.
pub const OPTIONS_MAX: usize = 30;
/// Most pools that may pay in one county.
pub const COUNTY_POOLS_MAX: usize = 10;
/// Largest single number, so that no sum over a province can overflow.
pub const NUMBER_MAX: i64 = 1_000_000_000;

/// What is to be planned. [`read`] and [`validate`] are the doors; the fields are open for callers that build one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// [`FORMAT`].
    pub format: String,
    /// Seed of the generator, for synthetic instances; 0 for real ones.
    #[serde(default)]
    pub seed: i64,
    /// Code of the place drawn.
    pub place: String,
    /// Horizon in years.
    pub years: i64,
    /// Discount of each year, in 1/1000.
    pub disc_permille: Vec<i64>,
    /// The catalogue of works.
    pub works: Vec<Work>,
    /// `[work, must come after, lag in years]`; binds only where the village needs both.
    pub pred: Vec<[i64; 3]>,
    /// In each of this many first years the demonstration share holds.
    pub demo_years: i64,
    /// Least share of a county's shared money in those years that goes to demonstration villages, in %.
    pub demo_share_pct: i64,
    /// Neighbour bonus in % of the smaller of the two benefits (first option of each end).
    pub bonus_pct: i64,
    /// Works that earn the bonus.
    pub line_works: Vec<i64>,
    /// Sources of shared money.
    pub pools: Vec<Pool>,
    /// The villages.
    pub villages: Vec<Village>,
    /// Neighbouring villages `[i, j]`, i < j.
    pub edges: Vec<[i64; 2]>,
}

/// A kind of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// Name in the catalogue.
    pub id: String,
    /// Construction load of one such work.
    pub load: i64,
}

/// How long money lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PoolKind {
    /// Unspent money lapses at the end of the year.
    Annual,
    /// Unspent money is carried over; there is no borrowing.
    Cumulative,
}

/// A source of shared money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// Name, unique.
    pub id: String,
    /// Kind of source.
    pub source: String,
    /// Prefix of the county codes that it may pay for.
    pub place: String,
    /// Annual or cumulative.
    pub kind: PoolKind,
    /// Money of each year, the reserve already taken off.
    pub cap: Vec<i64>,
    /// Largest share of a work's shared cost that it may pay, in %, by work.
    pub share: Vec<i64>,
}

/// A village and what it needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Village {
    /// Code, unique.
    pub code: String,
    /// Name, for people.
    pub name: String,
    /// Code of its town.
    pub town: String,
    /// Code of its county.
    pub county: String,
    /// Code of its city.
    pub city: String,
    /// People.
    pub pop: i64,
    /// 1 for a demonstration village.
    pub demo: i64,
    /// Metres east; not used by the planner.
    pub x: i64,
    /// Metres north; not used by the planner.
    pub y: i64,
    /// Construction load that it bears in a year.
    pub load: i64,
    /// Collective money of each year; unspent money is carried over.
    pub own: i64,
    /// Labour of each year, in units of 1,000 yuan.
    pub labour: i64,
    /// What it needs.
    pub needs: Vec<Need>,
}

/// One needed work with the ways to do it, the first being the reference of the neighbour bonus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i64, Vec<WorkOption>)", into = "(i64, Vec<WorkOption>)")]
pub struct Need {
    /// Position of the work in the catalogue.
    pub work: i64,
    /// Standards to choose from.
    pub options: Vec<WorkOption>,
}

/// One standard of a needed work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[i64; 6]", into = "[i64; 6]")]
pub struct WorkOption {
    /// Level of the standard.
    pub level: i64,
    /// First year in which it may be done (acceptance and ramp folded in); at or past the horizon means never.
    pub earliest: i64,
    /// Cost to the shared pools.
    pub shared: i64,
    /// Collective money.
    pub own: i64,
    /// Labour.
    pub labour: i64,
    /// Benefit in points.
    pub benefit: i64,
}

impl From<(i64, Vec<WorkOption>)> for Need {
    fn from((work, options): (i64, Vec<WorkOption>)) -> Self {
        Need { work, options }
    }
}

impl From<Need> for (i64, Vec<WorkOption>) {
    fn from(need: Need) -> Self {
        (need.work, need.options)
    }
}

impl From<[i64; 6]> for WorkOption {
    fn from([level, earliest, shared, own, labour, benefit]: [i64; 6]) -> Self {
        WorkOption { level, earliest, shared, own, labour, benefit }
    }
}

impl From<WorkOption> for [i64; 6] {
    fn from(o: WorkOption) -> Self {
        [o.level, o.earliest, o.shared, o.own, o.labour, o.benefit]
    }
}

/// Reads and validates an instance.
///
/// # Errors
/// All findings: `malformed` with line and column where the text is no such JSON, else those of [`validate`].
pub fn read(json: &[u8]) -> Result<Instance, Refused> {
    let instance: Instance = serde_json::from_slice(json).map_err(|error| malformed("instance", &error))?;
    validate(&instance)?;
    Ok(instance)
}

/// Writes an instance as compact JSON, as [`read`] takes it.
///
/// # Errors
/// Only when writing fails.
pub fn write(instance: &Instance, out: impl std::io::Write) -> std::io::Result<()> {
    serde_json::to_writer(out, instance).map_err(std::io::Error::from)
}

/// Finds everything that makes an instance unusable.
///
/// # Errors
/// `unknown-format`, `no-villages`, `no-works`, `no-money`, `years-out-of-range`, `wrong-length`, `negative-number`, `number-too-large`,
/// `percent-out-of-range`, `unknown-work`, `cyclic-prerequisites`, `edge-out-of-range`, `duplicate`, `not-ascending`, `empty-code`,
/// `no-options`, `not-a-flag`, `too-many`.
pub fn validate(instance: &Instance) -> Result<(), Refused> {
    let mut check = Validation { works: instance.works.len(), findings: Vec::new() };
    check.head(instance);
    check.pools(instance);
    check.villages(instance);
    check.prerequisites(instance);
    check.edges(instance);
    Refused::if_any(check.findings)
}

struct Validation {
    works: usize,
    findings: Vec<Finding>,
}

impl Validation {
    fn find(&mut self, finding: Finding) {
        // Whoever hands in a province of wrong numbers is served by the first thousand.
        if self.findings.len() < 1000 {
            self.findings.push(finding);
        }
    }

    fn number(&mut self, value: i64, place: impl FnOnce() -> String) {
        if value < 0 {
            self.find(Finding::new("negative-number", place(), "give a number of at least 0").with("value", value));
        } else if value > NUMBER_MAX {
            let finding = Finding::new("number-too-large", place(), "check the unit; no number may pass the limit");
            self.find(finding.with("value", value).with("limit", NUMBER_MAX));
        }
    }

    fn many(&mut self, count: usize, limit: usize, place: impl FnOnce() -> String) {
        if count > limit {
            self.find(
                Finding::new("too-many", place(), "join some, or leave some out").with("count", count).with("limit", limit),
            );
        }
    }

    fn percent(&mut self, value: i64, place: impl FnOnce() -> String) {
        if !(0..=100).contains(&value) {
            self.find(Finding::new("percent-out-of-range", place(), "give a share from 0 to 100").with("value", value));
        }
    }

    fn length(&mut self, given: usize, wanted: usize, place: impl FnOnce() -> String) {
        if given != wanted {
            let finding = Finding::new("wrong-length", place(), "give one number for each");
            self.find(finding.with("given", given).with("wanted", wanted));
        }
    }

    fn work(&mut self, work: i64, place: impl FnOnce() -> String) {
        if usize::try_from(work).is_ok_and(|work| work < self.works) {
            return;
        }
        let finding = Finding::new("unknown-work", place(), "name a position in the catalogue of works");
        self.find(finding.with("work", work).with("works", self.works));
    }

    fn unique<'a>(&mut self, what: &'static str, names: impl Iterator<Item = &'a str>) {
        let mut seen = std::collections::HashMap::new();
        for (at, name) in names.enumerate() {
            if name.is_empty() {
                self.find(Finding::new("empty-code", format!("{what}[{at}]"), "give it a code"));
            } else if let Some(first) = seen.insert(name, at) {
                let finding = Finding::new("duplicate", format!("{what}[{at}]"), "give each its own code");
                self.find(finding.with("code", name).with("first", first));
            }
        }
    }

    fn head(&mut self, instance: &Instance) {
        if instance.format != FORMAT {
            let finding = Finding::new("unknown-format", "format", "write the instance in the format qw-plan-1");
            self.find(finding.with("format", &instance.format));
        }
        if instance.villages.is_empty() {
            self.find(Finding::new("no-villages", "villages", "name at least one village"));
        }
        if instance.works.is_empty() {
            self.find(Finding::new("no-works", "works", "name at least one work"));
        }
        self.many(instance.works.len(), WORKS_MAX, || "works".into());
        if !(1..=YEARS_MAX as i64).contains(&instance.years) {
            let finding = Finding::new("years-out-of-range", "years", "plan for at least one year and at most the limit");
            self.find(finding.with("years", instance.years).with("limit", YEARS_MAX));
        }
        let years = usize::try_from(instance.years).unwrap_or(0);
        self.length(instance.disc_permille.len(), years, || "disc_permille".into());
        for (t, &disc) in instance.disc_permille.iter().enumerate() {
            self.number(disc, || format!("disc_permille[{t}]"));
            if disc > 10_000 {
                let finding = Finding::new("number-too-large", format!("disc_permille[{t}]"), "a discount is in 1/1000");
                self.find(finding.with("value", disc).with("limit", 10_000));
            }
        }
        for (w, work) in instance.works.iter().enumerate() {
            self.number(work.load, || format!("works[{w}].load"));
        }
        self.unique("works", instance.works.iter().map(|work| work.id.as_str()));
        self.number(instance.demo_years, || "demo_years".into());
        self.percent(instance.demo_share_pct, || "demo_share_pct".into());
        if !(0..=1000).contains(&instance.bonus_pct) {
            let finding = Finding::new("percent-out-of-range", "bonus_pct", "give a bonus from 0 to 1000 %");
            self.find(finding.with("value", instance.bonus_pct));
        }
        for (at, &work) in instance.line_works.iter().enumerate() {
            self.work(work, || format!("line_works[{at}]"));
            if instance.line_works[..at].contains(&work) {
                let finding = Finding::new("duplicate", format!("line_works[{at}]"), "name each work once");
                self.find(finding.with("code", work));
            }
        }
    }

    fn pools(&mut self, instance: &Instance) {
        let years = usize::try_from(instance.years).unwrap_or(0);
        for (p, pool) in instance.pools.iter().enumerate() {
            self.length(pool.cap.len(), years, || format!("pools[{p}].cap"));
            self.length(pool.share.len(), self.works, || format!("pools[{p}].share"));
            for (t, &cap) in pool.cap.iter().enumerate() {
                self.number(cap, || format!("pools[{p}].cap[{t}]"));
            }
            for (w, &share) in pool.share.iter().enumerate() {
                self.percent(share, || format!("pools[{p}].share[{w}]"));
            }
        }
        self.unique("pools", instance.pools.iter().map(|pool| pool.id.as_str()));
        if !instance.pools.iter().any(|pool| pool.cap.iter().any(|&cap| cap > 0) && pool.share.iter().any(|&share| share > 0)) {
            self.find(Finding::new("no-money", "pools", "give at least one source of money with a share in some work"));
        }
    }

    fn villages(&mut self, instance: &Instance) {
        self.unique("villages", instance.villages.iter().map(|village| village.code.as_str()));
        let mut counties = std::collections::HashSet::new();
        for (i, village) in instance.villages.iter().enumerate() {
            if counties.insert(village.county.as_str()) {
                let pays = |pool: &&Pool| village.county.starts_with(pool.place.as_str());
                self.many(instance.pools.iter().filter(pays).count(), COUNTY_POOLS_MAX, || format!("villages[{i}].county"));
            }
            if village.county.is_empty() {
                self.find(Finding::new("empty-code", format!("villages[{i}].county"), "name the county"));
            }
            if !(0..=1).contains(&village.demo) {
                let finding = Finding::new("not-a-flag", format!("villages[{i}].demo"), "write 1 for yes and 0 for no");
                self.find(finding.with("value", village.demo));
            }
            let limits = [("pop", village.pop), ("load", village.load), ("own", village.own), ("labour", village.labour)];
            for (key, value) in limits {
                self.number(value, || format!("villages[{i}].{key}"));
            }
            for (n, need) in village.needs.iter().enumerate() {
                self.need(need, &village.needs[..n], || format!("villages[{i}].needs[{n}]"));
            }
        }
    }

    fn need(&mut self, need: &Need, before: &[Need], place: impl Fn() -> String) {
        self.work(need.work, &place);
        if before.iter().any(|other| other.work == need.work) {
            self.find(Finding::new("duplicate", place(), "list each work of a village once").with("code", need.work));
        }
        if need.options.is_empty() {
            self.find(Finding::new("no-options", place(), "give at least one standard, or leave the need out"));
        }
        self.many(need.options.len(), OPTIONS_MAX, &place);
        for (o, option) in need.options.iter().enumerate() {
            if need.options[..o].iter().any(|other| other.level == option.level) {
                let finding = Finding::new("duplicate", format!("{}[{o}]", place()), "list each level of a need once");
                self.find(finding.with("code", option.level));
            }
            for value in <[i64; 6]>::from(*option) {
                self.number(value, || format!("{}[{o}]", place()));
            }
        }
    }

    fn prerequisites(&mut self, instance: &Instance) {
        let before = self.findings.len();
        for (at, &[work, after, lag]) in instance.pred.iter().enumerate() {
            self.work(work, || format!("pred[{at}]"));
            self.work(after, || format!("pred[{at}]"));
            self.number(lag, || format!("pred[{at}]"));
        }
        if self.findings.len() > before {
            return;
        }
        // Works whose prerequisites are all settled are settled; what never is lies on or behind a circle.
        let mut settled = vec![false; self.works];
        let open = |settled: &[bool], w: usize| instance.pred.iter().any(|p| p[0] as usize == w && !settled[p[1] as usize]);
        while let Some(w) = (0..self.works).find(|&w| !settled[w] && !open(&settled, w)) {
            settled[w] = true;
        }
        if let Some(start) = (0..self.works).find(|&w| !settled[w]) {
            let next =
                |w: usize| instance.pred.iter().find(|p| p[0] as usize == w && !settled[p[1] as usize]).map(|p| p[1] as usize);
            let mut walk = vec![start];
            while let Some(w) = walk.last().and_then(|&w| next(w)) {
                if let Some(from) = walk.iter().position(|&seen| seen == w) {
                    walk.drain(..from);
                    break;
                }
                walk.push(w);
            }
            let names: Vec<&str> = walk.iter().map(|&w| instance.works[w].id.as_str()).collect();
            let finding = Finding::new("cyclic-prerequisites", "pred", "remove one prerequisite of the circle");
            self.find(finding.with("works", names.join(" after ")));
        }
    }

    fn edges(&mut self, instance: &Instance) {
        let mut seen = std::collections::HashSet::new();
        for (at, &[i, j]) in instance.edges.iter().enumerate() {
            let place = format!("edges[{at}]");
            if [i, j].iter().any(|&v| v < 0 || v >= instance.villages.len() as i64) {
                let finding = Finding::new("edge-out-of-range", place, "name two positions in the list of villages");
                self.find(finding.with("from", i).with("to", j).with("villages", instance.villages.len()));
            } else if i >= j {
                let finding = Finding::new("not-ascending", place, "write an edge as [i, j] with i < j");
                self.find(finding.with("from", i).with("to", j));
            } else if !seen.insert([i, j]) {
                self.find(Finding::new("duplicate", place, "list each edge once").with("code", format!("{i}-{j}")));
            }
        }
    }
}
