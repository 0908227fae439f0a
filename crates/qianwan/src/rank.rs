//! `rank`: rank sets of units from estimates with standard errors, without an installation.

use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf};

use anyhow::Result;
use clap::Args;
use ranking::{
    Refusal,
    ranks::{
        Bounds, Draws, Estimates, Here, could_be_among_first, could_be_among_last, could_be_first, could_be_last, simultaneous,
        step_down, surely_among_last, tukey_constant,
    },
};
use serde::Serialize;
use server::wording::both;

use crate::{
    End,
    files::{bytes, name, write_whole},
};

/// `qianwan rank`.
#[derive(Args)]
pub struct Rank {
    /// CSV with the columns unit, estimate, se and perhaps group; a larger estimate is better
    #[arg(long)]
    input: PathBuf,
    /// Chance that any of the statements is wrong
    #[arg(long, default_value_t = 0.05, value_parser = probability)]
    alpha: f64,
    /// Among the last (and first) so many
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    tau: u32,
    /// Refine by so many bootstrap draws, at least 100
    #[arg(long, value_parser = clap::value_parser!(u32).range(100..))]
    bootstrap: Option<u32>,
    /// Seed of the draws; take it from a public beacon
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the result goes (JSON); standard output without it
    #[arg(long)]
    out: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

fn probability(text: &str) -> Result<f64, String> {
    text.parse::<f64>().ok().filter(|p| *p > 0.0 && *p < 1.0).ok_or_else(|| both("cli.between_zero_and_one", &[]))
}

/// One line of the input.
struct Line {
    row: u64,
    unit: String,
    group: String,
    estimate: f64,
    se: f64,
}

/// What holds for one unit within its group.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Ranked {
    unit: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    group: String,
    estimate: f64,
    se: f64,
    /// Best rank by Tukey's constant.
    #[serde(rename = "L")]
    best: usize,
    /// Worst rank.
    #[serde(rename = "U")]
    worst: usize,
    could_be_last: bool,
    could_be_first: bool,
    could_be_among_last: bool,
    could_be_among_first: bool,
    surely_among_last: bool,
    #[serde(rename = "L_boot", skip_serializing_if = "Option::is_none")]
    best_boot: Option<usize>,
    #[serde(rename = "U_boot", skip_serializing_if = "Option::is_none")]
    worst_boot: Option<usize>,
}

/// The whole result.
#[derive(Debug, Serialize)]
struct Ranks {
    format: &'static str,
    alpha: f64,
    tau: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    bootstrap: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    /// Critical values by group.
    groups: BTreeMap<String, Critical>,
    /// In the order of the input.
    units: Vec<Ranked>,
}

#[derive(Debug, Serialize)]
struct Critical {
    units: usize,
    c: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    c_boot: Option<f64>,
}

impl Rank {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        let text = bytes(&self.input)?;
        let lines = match read(&text) {
            Ok(lines) => lines,
            Err(findings) => return Ok(self.tell(&findings)),
        };
        let ranks = match self.rank(&lines) {
            Ok(ranks) => ranks,
            Err(finding) => return Ok(self.tell(&[finding])),
        };
        match &self.out {
            Some(out) => write_whole(out, |to| serde_json::to_writer_pretty(to, &ranks).map_err(Into::into))?,
            None if self.json => println!("{}", serde_json::to_string(&ranks)?),
            None => print!("{}", table(&ranks)),
        }
        Ok(End::Success)
    }

    fn tell(&self, findings: &[String]) -> End {
        let name = name(&self.input);
        findings.iter().for_each(|finding| eprintln!("✗ {name}: {finding}"));
        End::BadInput
    }

    fn rank(&self, lines: &[Line]) -> Result<Ranks, String> {
        let mut of_group: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, line) in lines.iter().enumerate() {
            of_group.entry(&line.group).or_default().push(at);
        }
        let mut groups = BTreeMap::new();
        let mut units: Vec<Option<Ranked>> = vec![None; lines.len()];
        for (group, members) in of_group {
            let (critical, ranked) = self.group(lines, &members).map_err(|refusal| refused(&refusal, group, lines, &members))?;
            groups.insert(group.to_owned(), critical);
            members.iter().zip(ranked).for_each(|(&at, ranked)| units[at] = Some(ranked));
        }
        let seed = self.bootstrap.map(|_| self.seed);
        let units = units.into_iter().flatten().collect();
        Ok(Ranks { format: "qw-rank-1", alpha: self.alpha, tau: self.tau, bootstrap: self.bootstrap, seed, groups, units })
    }

    fn group(&self, lines: &[Line], members: &[usize]) -> Result<(Critical, Vec<Ranked>), Refusal> {
        let (level, tau) = (1.0 - self.alpha, self.tau as usize);
        let column = |value: fn(&Line) -> f64| members.iter().map(|&at| value(&lines[at])).collect::<Vec<f64>>();
        let estimates = Estimates::new(column(|line| line.estimate), column(|line| line.se))?;
        let c = tukey_constant(estimates.len(), level)?;
        let bounds: Vec<Bounds> = simultaneous(&estimates, c);
        let (last, first) = (could_be_last(&estimates, level)?, could_be_first(&estimates, level)?);
        let boot = match self.bootstrap {
            Some(count) => Some(step_down(&estimates, level, Draws { seed: self.seed, count: count as usize }, &Here)?),
            None => None,
        };
        let marked = |places: Vec<usize>| {
            let mut marks = vec![false; members.len()];
            places.into_iter().for_each(|j| marks[j] = true);
            marks
        };
        let among_last = marked(could_be_among_last(&bounds, tau));
        let among_first = marked(could_be_among_first(&bounds, tau));
        let surely_last = marked(surely_among_last(&bounds, tau));
        let ranked = |(j, &at): (usize, &usize)| Ranked {
            unit: lines[at].unit.clone(),
            group: lines[at].group.clone(),
            estimate: lines[at].estimate,
            se: lines[at].se,
            best: bounds[j].best,
            worst: bounds[j].worst,
            could_be_last: last[j].possible,
            could_be_first: first[j].possible,
            could_be_among_last: among_last[j],
            could_be_among_first: among_first[j],
            surely_among_last: surely_last[j],
            best_boot: boot.as_ref().map(|boot| boot.bounds[j].best),
            worst_boot: boot.as_ref().map(|boot| boot.bounds[j].worst),
        };
        let c_boot = boot.as_ref().and_then(|boot| boot.c.last().copied());
        let units = members.iter().enumerate().map(ranked).collect();
        Ok((Critical { units: members.len(), c, c_boot }, units))
    }
}

/// Reads the table, or says all that is wrong with it, by row and column.
fn read(text: &[u8]) -> Result<Vec<Line>, Vec<String>> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
    let wrong = |row: u64, key: &str, args: &[(&str, String)]| {
        let row = if row == 0 { String::new() } else { format!("{row}: ") };
        format!("{row}{}", both(key, args))
    };
    let broken = |e: &csv::Error| {
        let row = e.position().map_or(0, csv::Position::line);
        vec![wrong(row, "cli.csv_broken", &[("why", e.to_string())])]
    };
    let headers = reader.headers().map_err(|e| broken(&e))?.clone();
    let column = |name: &str| headers.iter().position(|h| h.eq_ignore_ascii_case(name));
    let columns = ["unit", "estimate", "se"].map(|name| column(name).ok_or(name));
    let missing: Vec<String> =
        columns.iter().filter_map(|c| c.err()).map(|name| wrong(1, "cli.column_missing", &[("column", name.into())])).collect();
    let [Ok(unit), Ok(estimate), Ok(se)] = columns else { return Err(missing) };
    let group = column("group");
    let (mut lines, mut findings, mut seen) = (Vec::new(), Vec::new(), BTreeMap::new());
    for record in reader.records() {
        let record = record.map_err(|e| broken(&e))?;
        let row = record.position().map_or(0, csv::Position::line);
        let mut number = |at: usize, name: &str| {
            let text = record.get(at).unwrap_or_default();
            let number = text.parse::<f64>().ok().filter(|n| n.is_finite());
            if number.is_none() {
                let args = [("column", name.to_owned()), ("value", text.to_owned())];
                findings.push(wrong(row, "cli.not_a_number", &args));
            }
            number.unwrap_or(f64::NAN)
        };
        let (x, error) = (number(estimate, "estimate"), number(se, "se"));
        let name = record.get(unit).unwrap_or_default().to_owned();
        let group = group.and_then(|at| record.get(at)).unwrap_or_default().to_owned();
        if name.is_empty() {
            findings.push(wrong(row, "cli.unit_missing", &[]));
        } else if let Some(first) = seen.insert((group.clone(), name.clone()), row) {
            findings.push(wrong(row, "cli.unit_twice", &[("unit", name.clone()), ("row", first.to_string())]));
        }
        lines.push(Line { row, unit: name, group, estimate: x, se: error });
    }
    if findings.is_empty() { Ok(lines) } else { Err(findings) }
}

/// Why a group has no ranks: the row where it can be said, and the group.
fn refused(refusal: &Refusal, group: &str, lines: &[Line], members: &[usize]) -> String {
    let args: Vec<(&str, String)> = refusal.arguments();
    let unit = args.iter().find(|(name, _)| *name == "index").and_then(|(_, at)| members.get(at.parse::<usize>().ok()?));
    let row = unit.map_or_else(String::new, |&at| format!("{} ({}): ", lines[at].row, lines[at].unit));
    let group = if group.is_empty() { String::new() } else { format!("{group}: ") };
    format!("{group}{row}{}", both(&format!("ranking.{}", refusal.code()), &args))
}

/// For people: who is where at best and at worst.
fn table(ranks: &Ranks) -> String {
    let mark = |yes: bool| if yes { "✓" } else { "" };
    let boot = ranks.bootstrap.is_some();
    let mut out = String::from("unit\tgroup\testimate\tse\tL\tU\tcould_be_last\tcould_be_first");
    out.push_str(if boot { "\tL_boot\tU_boot\n" } else { "\n" });
    for u in &ranks.units {
        let (last, first) = (mark(u.could_be_last), mark(u.could_be_first));
        let _ = write!(out, "{}\t{}\t{}\t{}\t{}\t{}\t{last}\t{first}", u.unit, u.group, u.estimate, u.se, u.best, u.worst);
        if let (Some(best), Some(worst)) = (u.best_boot, u.worst_boot) {
            let _ = write!(out, "\t{best}\t{worst}");
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use server::wording::{Language, text};

    use super::*;

    fn given(input: &Path, out: &Path, bootstrap: Option<u32>) -> Rank {
        Rank { input: input.into(), alpha: 0.05, tau: 2, bootstrap, seed: 7, out: Some(out.into()), json: false }
    }

    #[test]
    fn nobody_is_last_by_noise() {
        let folder = tempfile::tempdir().expect("a folder");
        let (input, out) = (folder.path().join("u.csv"), folder.path().join("r.json"));
        let rows = "unit,estimate,se,group\na,9,0.1,x\nb,5,2,x\nc,4.9,2,x\nd,1,0.1,y\ne,8,0.1,y\n";
        std::fs::write(&input, rows).expect("written");
        assert!(matches!(given(&input, &out, Some(1000)).run(), Ok(End::Success)));
        let ranks: serde_json::Value = serde_json::from_slice(&std::fs::read(&out).expect("written")).expect("JSON");
        let units = ranks["units"].as_array().expect("a list");
        let names: Vec<_> = units.iter().map(|u| u["unit"].as_str().expect("text")).collect();
        assert_eq!(names, ["a", "b", "c", "d", "e"], "in the order of the input");
        let last: Vec<_> = units.iter().map(|u| u["could_be_last"] == true).collect();
        assert_eq!(last, [false, true, true, true, false], "b and c cannot be told apart, d is last of its own group");
        assert_eq!((&units[3]["L"], &units[3]["U"], &units[3]["L_boot"]), (&2.into(), &2.into(), &2.into()));
        assert!(units[1]["U"] == 3 && units[2]["could_be_among_last"] == true && units[1]["surely_among_last"] == false);
        assert_eq!(ranks["groups"]["x"]["units"], 3);
        assert!(
            matches!(given(&input, &out, None).rank(&read(rows.as_bytes()).expect("read")), Ok(r) if r.units[0].best_boot.is_none())
        );
    }

    #[test]
    fn bad_tables_are_told_by_row() {
        let told = |text: &str| read(text.as_bytes()).err().unwrap_or_default().join("\n");
        assert!(told("unit,estimate\na,1\n").contains("se"));
        let many = told("unit,estimate,se\na,x,1\na,2,\n,3,1\n");
        assert!(["2: ", "3: ", "4: "].iter().all(|row| many.contains(row)), "{many}");
        let rank = given(Path::new("u.csv"), Path::new("r.json"), None);
        let refused = |text: &str| rank.rank(&read(text.as_bytes()).expect("read")).expect_err("refused");
        assert!(refused("unit,estimate,se\na,1,1\nb,2,0\n").starts_with("3 (b): "));
        assert!(refused("unit,estimate,se,group\na,1,1,lone\n").starts_with("lone: "));
        assert!(rank.rank(&[]).is_ok_and(|ranks| ranks.units.is_empty()));
    }

    #[test]
    fn refusals_have_words() {
        for code in Refusal::CODES {
            for language in [Language::Chinese, Language::English] {
                let key = format!("ranking.{code}");
                assert_ne!(text(language, &key), key, "{} is missing", language.tag());
            }
        }
    }
}
