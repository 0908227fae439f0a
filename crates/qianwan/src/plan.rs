//! `plan solve`, `plan check`, `plan mps`: planning instances and plans as files (`qw-plan-1`), without an installation.

use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Result;
use clap::{Args, Subcommand};
use planner::{
    check::{Verdict, Violation, check},
    clash::{Clash, Party},
    demands::{self, Demands},
    error::Refused,
    instance::{self, Instance},
    keep::{Change, Fate, Keep, Net, changes},
    mps, plan,
    solve::{self, Failure, Progress, Settings, Solution, Wish},
};
use serde_json::{Value, json};
use server::wording::both;

use crate::{
    End,
    files::{bytes, name, write_whole},
    stop::Stop,
};

/// Between two lines of progress where nobody sits at a terminal.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// `qianwan plan`.
#[derive(Subcommand)]
pub enum Plan {
    /// Search for the best plan; the bound says how far from the best it can be at most
    Solve(Solve),
    /// Check a plan against its instance, independently of the search
    Check(Check),
    /// Write the full model for an outside solver
    Mps(Mps),
}

impl Plan {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        match self {
            Plan::Solve(c) => c.run(),
            Plan::Check(c) => c.run(),
            Plan::Mps(c) => c.run(),
        }
    }
}

/// What is planned.
#[derive(Args)]
struct Given {
    /// The instance (JSON, qw-plan-1)
    #[arg(long)]
    instance: PathBuf,
    /// Fixed and forbidden decisions (JSON: {"fixed": [{"village", "work", "level", "year"}], "forbidden": […]}, by position)
    #[arg(long)]
    demands: Option<PathBuf>,
}

impl Given {
    /// The instance and the demands; findings are told.
    fn read(&self) -> Result<Option<(Instance, Demands)>> {
        let instance = match instance::read(&bytes(&self.instance)?) {
            Ok(instance) => instance,
            Err(refused) => return Ok(tell(&self.instance, &refused)),
        };
        let Some(file) = &self.demands else { return Ok(Some((instance, Demands::default()))) };
        match demands::read(&bytes(file)?, &instance) {
            Ok(demands) => Ok(Some((instance, demands))),
            Err(refused) => Ok(tell(file, &refused)),
        }
    }
}

/// `qianwan plan solve`.
#[derive(Args)]
pub struct Solve {
    #[command(flatten)]
    given: Given,
    /// Where the plan goes (JSON, qw-plan-1/plan); written only when it is whole
    #[arg(long)]
    out: PathBuf,
    /// Stop after so many seconds with the best plan so far
    #[arg(long, value_parser = positive)]
    seconds: Option<f64>,
    /// Stop when (bound - plan) / bound is no more than this, such as 0.001
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    gap: f64,
    /// Seed of the random numbers
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads; the plan does not depend on them
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    /// Length of the search; 1 is the usual
    #[arg(long, default_value_t = 1.0, value_parser = positive)]
    effort: f64,
    /// A former plan, by positions of this instance: what it decides moves only where that is worth the price
    #[arg(long)]
    keep: Option<PathBuf>,
    /// Price, in points of benefit, of each decision that moves [default: a tenth of what one brings on average]
    #[arg(long, requires = "keep", value_parser = clap::value_parser!(i64).range(0..=instance::NUMBER_MAX))]
    move_cost: Option<i64>,
    /// Where it goes what became of every decision (JSON): kept, earlier, later, other-level, dropped, added
    #[arg(long, requires = "keep")]
    changes: Option<PathBuf>,
}

fn positive(text: &str) -> Result<f64, String> {
    text.parse::<f64>().ok().filter(|n| n.is_finite() && *n > 0.0).ok_or_else(|| both("cli.above_zero", &[]))
}

fn share(text: &str) -> Result<f64, String> {
    text.parse::<f64>().ok().filter(|n| (0.0..1.0).contains(n)).ok_or_else(|| both("cli.from_zero_to_one", &[]))
}

impl Solve {
    fn run(self) -> Result<End> {
        let Some((instance, demands)) = self.given.read()? else { return Ok(End::BadInput) };
        let settings = Settings {
            seed: self.seed,
            threads: self.threads.into(),
            effort: self.effort,
            seconds: self.seconds,
            gap: self.gap,
            ..Settings::default()
        };
        let former = match self.keep.as_ref().map(|file| self.former(file, &instance)).transpose()? {
            Some(None) => return Ok(End::BadInput),
            former => former.flatten(),
        };
        // The line of progress ends before anything else is said.
        let solved = {
            let mut teller = Teller { stop: Stop::listen()?, at: None, terminal: io::stderr().is_terminal() };
            let report = |progress: &Progress| teller.hear(progress);
            match &former {
                Some((_, keep)) => solve::solve_keeping(&instance, &demands, &settings, None, keep, report),
                None => solve::solve(&instance, &demands, &settings, report),
            }
        };
        let solution = match solved {
            Ok(solution) => solution,
            Err(Failure::Refused(refused)) => {
                let file = self.given.demands.as_ref().unwrap_or(&self.given.instance);
                tell::<()>(file, &refused);
                return Ok(End::BadInput);
            }
            Err(Failure::Clash(clash)) => {
                tell_clash(&instance, &clash);
                return Ok(End::No);
            }
            Err(Failure::NotFound) => {
                eprintln!("{}", both("cli.plan_not_found", &[]));
                return Ok(End::No);
            }
            Err(unsound @ Failure::Unsound(_)) => return Err(unsound.into()),
        };
        write_whole(&self.out, |out| plan::write(&solution.plan, out))?;
        let mut line = summary(&solution);
        if let (Some((before, keep)), Some(net)) = (&former, &solution.net) {
            let changes = changes(&instance, before, &solution.plan);
            if let Some(file) = &self.changes {
                write_whole(file, |out| serde_json::to_writer(out, &changes).map_err(io::Error::from))?;
            }
            line["moves"] = moves(keep, net, &changes);
        }
        println!("{line}");
        Ok(End::Success)
    }

    /// The former plan with its price; findings are told.
    fn former(&self, file: &Path, instance: &Instance) -> Result<Option<(plan::Plan, Keep)>> {
        let made = plan::read(&bytes(file)?, instance).and_then(|plan| {
            let keep = Keep::of(&plan, self.move_cost.unwrap_or_else(|| Keep::usual_price(instance, &plan)));
            keep.validate(instance).map(|()| (plan, keep))
        });
        Ok(made.map_or_else(|refused| tell(file, &refused), Some))
    }
}

/// What moved, for the closing line; the same in words goes to whoever sits there.
fn moves(keep: &Keep, net: &Net, changes: &[Change]) -> Value {
    let count = |fate: Fate| changes.iter().filter(|change| change.fate == fate).count();
    let counts = [
        ("kept", net.former - net.moved),
        ("earlier", count(Fate::Earlier)),
        ("later", count(Fate::Later)),
        ("other_level", count(Fate::OtherLevel)),
        ("dropped", count(Fate::Dropped)),
        ("added", count(Fate::Added)),
    ];
    let mut args: Vec<(&str, String)> = counts.iter().map(|(name, n)| (*name, n.to_string())).collect();
    args.push(("price", keep.price.to_string()));
    args.push(("gap", format!("{:.3} %", 100.0 * net.gap())));
    eprintln!("{}", both("cli.plan_moved", &args));
    let mut line = json!({ "price": keep.price, "objective": net.objective, "bound": net.bound, "gap": net.gap() });
    for (name, n) in counts {
        line[name] = n.into();
    }
    line
}

/// The closing line, for people and programs.
fn summary(solution: &Solution) -> Value {
    let plan = &solution.plan;
    json!({
        "objective": plan.objective, "bound": plan.bound, "gap": plan.gap(), "seconds": solution.seconds,
        "cpu_seconds": cpu_seconds(), "peak_mb": peak_mb(), "end": format!("{:?}", solution.end).to_lowercase(),
    })
}

/// Says how far the search is, and stops it when asked to.
struct Teller {
    stop: Stop,
    at: Option<Instant>,
    terminal: bool,
}

impl Teller {
    fn hear(&mut self, progress: &Progress) -> Wish {
        let every = if self.terminal { Duration::from_millis(200) } else { TELL_EVERY };
        if self.at.is_none_or(|at| at.elapsed() >= every) {
            self.at = Some(Instant::now());
            let shown = |number: Option<i64>| number.map_or_else(|| "–".to_owned(), |n| n.to_string());
            let gap = progress.gap().map_or_else(|| "–".to_owned(), |gap| format!("{:.3} %", 100.0 * gap));
            let args = [
                ("seconds", format!("{:.1}", progress.seconds)),
                ("plan", shown(progress.objective)),
                ("bound", shown(progress.bound)),
                ("gap", gap),
            ];
            let line = both("cli.plan_searching", &args);
            if self.terminal {
                eprint!("\r\x1b[2K{line}");
                let _ = io::stderr().flush();
            } else {
                eprintln!("{line}");
            }
        }
        if self.stop.asked() { Wish::Stop } else { Wish::Continue }
    }
}

impl Drop for Teller {
    fn drop(&mut self) {
        if self.terminal && self.at.is_some() {
            eprintln!();
        }
    }
}

/// `qianwan plan check`.
#[derive(Args)]
pub struct Check {
    #[command(flatten)]
    given: Given,
    /// The plan (JSON, qw-plan-1/plan)
    #[arg(long)]
    plan: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

impl Check {
    fn run(self) -> Result<End> {
        let Some((instance, demands)) = self.given.read()? else { return Ok(End::BadInput) };
        let plan = match plan::read(&bytes(&self.plan)?, &instance) {
            Ok(plan) => plan,
            Err(refused) => {
                tell::<()>(&self.plan, &refused);
                return Ok(End::BadInput);
            }
        };
        let verdict = check(&instance, &plan);
        let unmet = demands.unmet(&plan);
        let good = verdict.feasible() && unmet.is_empty();
        if self.json {
            println!("{}", judged(&instance, &plan, &verdict, &unmet));
        } else {
            for violation in &verdict.violations {
                println!("✗ {}", worded(&instance, violation));
            }
            for party in &unmet {
                println!("✗ {}", party_worded(&instance, *party));
            }
            let args = [
                ("objective", verdict.objective.to_string()),
                ("bonus", verdict.bonus.to_string()),
                ("bound", plan.bound.to_string()),
                ("gap", format!("{:.4} %", 100.0 * plan.gap())),
                ("n", (verdict.violations.len() + unmet.len()).to_string()),
            ];
            println!("{}", both(if good { "cli.plan_holds" } else { "cli.plan_broken" }, &args));
        }
        Ok(if good { End::Success } else { End::No })
    }
}

fn judged(instance: &Instance, plan: &plan::Plan, verdict: &Verdict, unmet: &[Party]) -> Value {
    let violation = |v: &Violation| {
        json!({
            "rule": v.rule.word(), "village": v.village.map(|i| &instance.villages[i].code), "county": v.county,
            "work": v.work.map(|w| &instance.works[w].id), "year": v.year, "pool": v.pool.map(|p| &instance.pools[p].id),
            "found": v.found, "allowed": v.allowed,
        })
    };
    json!({
        "feasible": verdict.feasible() && unmet.is_empty(), "objective": verdict.objective, "bonus": verdict.bonus, "bound": plan.bound,
        "gap": plan.gap(), "violations": verdict.violations.iter().map(violation).collect::<Vec<_>>(),
        "unmet": unmet.iter().map(|party| party_worded(instance, *party)).collect::<Vec<_>>(),
    })
}

/// One broken rule in a line.
fn worded(instance: &Instance, violation: &Violation) -> String {
    let Violation { rule, village, county, work, year, pool, found, allowed } = violation;
    let parts = [
        village.map(|i| instance.villages[i].code.clone()),
        county.clone(),
        work.map(|w| instance.works[w].id.clone()),
        year.map(|t| format!("t={t}")),
        pool.map(|p| instance.pools[p].id.clone()),
    ];
    let place: Vec<String> = parts.into_iter().flatten().collect();
    let args = [("found", found.to_string()), ("allowed", allowed.to_string())];
    let colon = if place.is_empty() { "" } else { ": " };
    format!("{}{colon}{}", place.join(" "), both(&format!("plan.rule.{}", rule.word()), &args))
}

fn tell_clash(instance: &Instance, clash: &Clash) {
    eprintln!("{}", both("cli.plan_clash", &[("n", clash.parties.len().to_string())]));
    for party in &clash.parties {
        eprintln!("✗ {}", party_worded(instance, *party));
    }
    if clash.missing > 0 {
        eprintln!("{}", both("cli.plan_missing", &[("missing", clash.missing.to_string())]));
    }
    eprintln!("{}", both("cli.plan_loosen", &[]));
}

fn party_worded(instance: &Instance, party: Party) -> String {
    let code = |village: usize| instance.villages[village].code.clone();
    let name = |work: usize| instance.works[work].id.clone();
    let args: Vec<(&str, String)> = match party {
        Party::Fixed(at) | Party::Forbidden(at) => vec![("at", at.to_string())],
        Party::Load { village } | Party::Labour { village } | Party::Own { village } => vec![("village", code(village))],
        Party::Precedence(at) => {
            let [work, after, lag] = instance.pred[at];
            let name = |work: i64| usize::try_from(work).map(name).unwrap_or_default();
            vec![("work", name(work)), ("after", name(after)), ("lag", lag.to_string())]
        }
        Party::Earliest { village, work } => vec![("village", code(village)), ("work", name(work))],
        Party::Pool(pool) => vec![("pool", instance.pools[pool].id.clone())],
        Party::Demonstration => vec![("share", instance.demo_share_pct.to_string())],
    };
    both(&format!("plan.party.{}", party.word()), &args)
}

/// `qianwan plan mps`.
#[derive(Args)]
pub struct Mps {
    #[command(flatten)]
    given: Given,
    /// Where the model goes: free MPS, or CPLEX LP where the name ends in .lp
    #[arg(long)]
    out: PathBuf,
}

impl Mps {
    fn run(self) -> Result<End> {
        let Some((instance, demands)) = self.given.read()? else { return Ok(End::BadInput) };
        let lp = self.out.extension().is_some_and(|e| e.eq_ignore_ascii_case("lp"));
        write_whole(&self.out, |out| {
            let written = if lp { mps::write_lp(&instance, &demands, out) } else { mps::write_mps(&instance, &demands, out) };
            written.map_err(io::Error::other)
        })?;
        Ok(End::Success)
    }
}

/// Says all that was found, and gives nothing.
fn tell<T>(file: &Path, refused: &Refused) -> Option<T> {
    let name = name(file);
    for finding in &refused.0 {
        let args: Vec<(&str, String)> = finding.arguments.iter().map(|(name, value)| (*name, value.clone())).collect();
        eprintln!("✗ {name}: {}: {}", finding.place, both(&format!("plan.finding.{}", finding.code), &args));
    }
    None
}

/// User and system time of this process, reading included; 0 where the system does not tell.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |at: usize| after.split_whitespace().nth(at).and_then(|word| word.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// Largest resident memory of this process in MB; 0 where the system does not tell.
fn peak_mb() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|word| word.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

#[cfg(test)]
mod tests {
    use planner::{check::Rule, error::Finding};
    use server::wording::{Language, text};

    use super::*;

    /// Two villages, one work, money for one of them.
    const INSTANCE: &str = r#"{"format":"qw-plan-1","seed":1,"place":"330000","years":1,"disc_permille":[1000],
        "works":[{"id":"toilet","load":1}],"pred":[],"demo_years":0,"demo_share_pct":0,"bonus_pct":0,"line_works":[],
        "pools":[{"id":"p","source":"county","place":"3300","kind":"annual","cap":[10],"share":[100]}],
        "villages":[
          {"code":"a","name":"","town":"t","county":"330000","city":"3300","pop":1,"demo":0,"x":0,"y":0,"load":1,"own":0,"labour":0,"needs":[[0,[[1,0,10,0,0,5]]]]},
          {"code":"b","name":"","town":"t","county":"330000","city":"3300","pop":1,"demo":0,"x":0,"y":0,"load":1,"own":0,"labour":0,"needs":[[0,[[1,0,8,0,0,7]]]]}],
        "edges":[]}"#;

    fn code(end: End) -> i32 {
        match end {
            End::Success => 0,
            End::No => 1,
            End::BadInput => 2,
        }
    }

    #[test]
    fn solved_checked_and_written_for_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| fs::write(at(name), text).expect("written");
        write("i.json", INSTANCE);
        write("cut.json", &INSTANCE[..INSTANCE.len() / 2]);
        write("negative.json", &INSTANCE.replace("[10]", "[-10]"));
        write("first.json", r#"{"fixed":[{"village":0,"work":0}]}"#);
        write("both.json", r#"{"fixed":[{"village":0,"work":0},{"village":1,"work":0}]}"#);
        write("none.json", r#"{"fixed":[{"village":2,"work":0}]}"#);
        let given = |name: &str, demands: Option<&str>| Given { instance: at(name), demands: demands.map(at) };
        let solve = |name: &str, demands| {
            let out = at("p.json");
            let _ = fs::remove_file(&out);
            let end = Solve {
                given: given(name, demands),
                out: out.clone(),
                seconds: None,
                gap: 0.0,
                seed: 1,
                threads: 2,
                effort: 1.0,
                keep: None,
                move_cost: None,
                changes: None,
            };
            let end = code(end.run().expect("read"));
            assert_eq!(out.exists(), end == 0, "{name}: a plan is there only when it is whole");
            end
        };
        let check =
            |demands| code(Check { given: given("i.json", demands), plan: at("p.json"), json: false }.run().expect("read"));
        assert_eq!(solve("i.json", Some("both.json")), 1, "the money is enough for one");
        assert_eq!(solve("i.json", Some("none.json")), 2);
        assert_eq!((solve("cut.json", None), solve("negative.json", None)), (2, 2));
        assert_eq!(solve("i.json", Some("first.json")), 0);
        assert_eq!(check(Some("first.json")), 0);
        assert_eq!(solve("i.json", None), 0);
        assert_eq!((check(None), check(Some("first.json"))), (0, 1), "the best takes the other village");
        let made = fs::read_to_string(at("p.json")).expect("written");
        assert!(made.contains("\"objective\":7000,\"bound\":7000"), "{made}");
        fs::write(at("p.json"), made.replace("\"objective\":7000", "\"objective\":7001")).expect("written");
        assert_eq!(check(None), 1, "it claims more than its choices give");
        fs::write(at("p.json"), made.replace("[[1,0,1,0]]", "[[9,0,1,0]]")).expect("written");
        assert_eq!(check(None), 2, "there is no such village");
        for name in ["m.mps", "m.lp"] {
            assert_eq!(code(Mps { given: given("i.json", None), out: at(name) }.run().expect("written")), 0);
        }
        assert!(fs::read_to_string(at("m.mps")).expect("written").contains("OBJSENSE"));
        assert!(fs::read_to_string(at("m.lp")).expect("written").to_lowercase().contains("maximize"));
        assert!(
            fs::read_dir(folder.path()).expect("read").all(|f| !f.expect("read").file_name().to_string_lossy().contains(".part"))
        );
    }

    #[test]
    fn a_former_plan_is_kept_at_a_price() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| fs::write(at(name), text).expect("written");
        write("i.json", INSTANCE);
        let plan = |choices: &str| {
            format!(r#"{{"format":"qw-plan-1/plan","objective":5000,"bound":7000,"choices":[{choices}],"funds":[]}}"#)
        };
        write("former.json", &plan("[0,0,1,0]"));
        write("twice.json", &plan("[0,0,1,0],[0,0,1,0]"));
        let solve = |keep: &str, move_cost| {
            let end = Solve {
                given: Given { instance: at("i.json"), demands: None },
                out: at("p.json"),
                seconds: None,
                gap: 0.0,
                seed: 1,
                threads: 1,
                effort: 1.0,
                keep: Some(at(keep)),
                move_cost,
                changes: Some(at("c.json")),
            };
            code(end.run().expect("read"))
        };
        let made = |name: &str| fs::read_to_string(at(name)).expect("written");
        assert_eq!(solve("twice.json", None), 2);
        assert_eq!(solve("former.json", Some(3)), 0, "two points more are not worth three");
        assert!(made("p.json").contains("\"objective\":5000,"), "{}", made("p.json"));
        assert!(made("c.json").contains("\"fate\":\"kept\""), "{}", made("c.json"));
        assert_eq!(solve("former.json", None), 0, "a tenth of five is nothing");
        assert!(made("p.json").contains("\"objective\":7000,\"bound\":7000"), "{}", made("p.json"));
        let fates: Vec<Value> = serde_json::from_str(&made("c.json")).expect("JSON");
        assert_eq!(
            fates.iter().map(|c| (&c["village"], &c["fate"])).collect::<Vec<_>>(),
            [(&json!("a"), &json!("dropped")), (&json!("b"), &json!("added")),]
        );
    }

    /// Whatever the planner finds has wording in both languages.
    #[test]
    fn everything_has_words() {
        let findings = Finding::CODES.iter().map(|code| format!("plan.finding.{code}"));
        let rules = Rule::ALL.iter().map(|rule| format!("plan.rule.{}", rule.word()));
        let parties = Party::WORDS.iter().map(|word| format!("plan.party.{word}"));
        for key in findings.chain(rules).chain(parties) {
            for language in [Language::Chinese, Language::English] {
                assert_ne!(text(language, &key), key, "{} is missing", language.tag());
            }
        }
    }
}
