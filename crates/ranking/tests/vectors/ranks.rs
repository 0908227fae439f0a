//! Ranks.

use libtest_mimic::{Failed, Trial};
use ranking::ranks::{
    Bounds, Correction, Draws, Estimates, Here, could_be_among_first, could_be_among_last, could_be_first, could_be_last,
    critical_value, marginal, multinomial, multinomial_marginal, official, point_ranks, simultaneous, step_down,
    step_down_correlated, tukey_constant,
};
use serde_json::Value;

use crate::{case, integers, near, number, numbers, same, table, word};

const RANKS: &str = "vectors/stats/ranks.json";
const DRAWS: Draws = Draws { seed: 20_261_130, count: 40_000 };

pub fn trials() -> Vec<Trial> {
    vec![
        case("ranks::tukey_constants", RANKS, constants),
        case("ranks::tukey_sets", RANKS, tukey),
        case("ranks::step_down", RANKS, bootstrap),
        case("ranks::correlated", RANKS, correlated),
        case("ranks::could_be_last", RANKS, candidates),
        case("ranks::marginal", RANKS, own),
        case("ranks::multinomial", "vectors/stats/ranks_multinomial.json", counts),
        case("ranks::multinomial_example", "data/ranking/README.md", counts_example),
        case("ranks::pisa_2018", "data/ranking/pisa2018_oecd37_math.csv", pisa),
    ]
}

fn estimates(v: &Value) -> Estimates {
    Estimates::new(numbers(&v["x"]), numbers(&v["se"])).expect("good input")
}

fn best(bounds: &[Bounds]) -> Vec<usize> {
    bounds.iter().map(|b| b.best).collect()
}

fn worst(bounds: &[Bounds]) -> Vec<usize> {
    bounds.iter().map(|b| b.worst).collect()
}

fn sets(what: &str, got: &[Bounds], want: &Value) -> Result<(), Failed> {
    same(what, best(got), integers(&want["L"]))?;
    same(what, worst(got), integers(&want["U"]))
}

fn constants(v: &Value) -> Result<(), Failed> {
    for (p, want) in v["tukey_constants"].as_object().expect("constants") {
        near(p, tukey_constant(p.parse()?, 0.95)?, number(want), 1e-8)?;
    }
    Ok(())
}

fn tukey(v: &Value) -> Result<(), Failed> {
    for name in ["small", "ninety"] {
        let estimates = estimates(&v[name]["input"]);
        let want = &v[name]["tukey"];
        near(name, tukey_constant(estimates.len(), 0.95)?, number(&want["c"]), 1e-8)?;
        sets(name, &official(&estimates, 0.95)?, want)?;
        sets(name, &simultaneous(&estimates, number(&want["c"])), want)?;
    }
    Ok(())
}

/// Sequence of critical values within the tolerance, position by position.
fn sequence(got: &[f64], want: &Value) -> Result<(), Failed> {
    let (wanted, tolerance) = (numbers(&want["c_sequence"]), number(&want["c_tolerance"]));
    for (got, want) in got.iter().zip(&wanted) {
        near("c", *got, *want, tolerance)?;
    }
    near("last c", got[got.len() - 1], wanted[wanted.len() - 1], tolerance)
}

fn bootstrap(v: &Value) -> Result<(), Failed> {
    let small = &v["small"];
    let got = step_down(&estimates(&small["input"]), 0.95, DRAWS, &Here)?;
    sequence(&got.c, &small["bootstrap_stepdown"])?;
    sets("small", &got.bounds, &small["bootstrap_stepdown"])?;
    sets("csranks, small", &got.bounds, &small["R_csranks"]["csranks_simul_stepdown"])?;
    let last: Vec<usize> = could_be_among_last(&got.bounds, 1).iter().map(|j| j + 1).collect();
    same("last", last, integers(&small["R_csranks"]["tau_worst_1"]))?;
    let last: Vec<usize> = could_be_among_last(&got.bounds, 3).iter().map(|j| j + 1).collect();
    same("last three", last, integers(&small["R_csranks"]["tau_worst_3"]))?;
    let first: Vec<usize> = could_be_among_first(&got.bounds, 3).iter().map(|j| j + 1).collect();
    same("first three", first, integers(&small["R_csranks"]["tau_best_3"]))?;
    same("ranks", point_ranks(&numbers(&small["input"]["x"])), integers(&small["R_csranks"]["irank"]))?;

    let ninety = &v["ninety"];
    let got = step_down(&estimates(&ninety["input"]), 0.95, DRAWS, &Here)?;
    sequence(&got.c, &ninety["bootstrap_stepdown"])?;
    for want in [&ninety["bootstrap_stepdown"], &ninety["R_csranks"]["csranks_simul_stepdown"]] {
        let pairs = best(&got.bounds).into_iter().chain(worst(&got.bounds));
        let wanted = integers(&want["L"]).into_iter().chain(integers(&want["U"]));
        let moved: Vec<usize> = pairs.zip(wanted).map(|(a, b)| a.abs_diff(b)).filter(|d| *d > 0).collect();
        if moved.len() > 20 || moved.iter().any(|d| *d > 2) {
            return Err(format!("bounds moved by {moved:?}").into());
        }
    }
    Ok(())
}

fn correlated(v: &Value) -> Result<(), Failed> {
    let case = &v["correlated"];
    let covariance = table(&case["input"]["Sigma"]).concat();
    let got = step_down_correlated(&numbers(&case["input"]["x"]), &covariance, 0.95, DRAWS, &Here)?;
    sequence(&got.c, &case["bootstrap_stepdown"])?;
    sets("correlated", &got.bounds, &case["bootstrap_stepdown"])?;
    sets("csranks, correlated", &got.bounds, &case["R_csranks"]["csranks_simul_stepdown"])
}

fn candidates(v: &Value) -> Result<(), Failed> {
    let estimates = estimates(&v["small"]["input"]);
    let sides = [("could_be_last", could_be_last(&estimates, 0.95)?), ("could_be_first", could_be_first(&estimates, 0.95)?)];
    for (name, got) in sides {
        for want in v["small"][name].as_array().expect("units") {
            let j = want["j"].as_u64().expect("a place") as usize;
            near("statistic", got[j].statistic, number(&want["stat"]), 1e-8)?;
            near("critical value", critical_value(&estimates, j, 0.95)?, number(&want["crit"]), 1e-8)?;
            same(name, Some(got[j].possible), want[name].as_bool())?;
        }
    }
    let found = could_be_last(&self::estimates(&v["ninety"]["input"]), 0.95)?;
    let found: Vec<usize> = (0..found.len()).filter(|j| found[*j].possible).collect();
    same("could be last of 90", found, integers(&v["ninety"]["could_be_last"]))
}

fn own(v: &Value) -> Result<(), Failed> {
    let estimates = estimates(&v["small"]["input"]);
    let mut steps = Vec::new();
    for want in v["small"]["marginal_single_step"].as_array().expect("units") {
        let j = want["j"].as_u64().expect("a place") as usize;
        let got = marginal(&estimates, j, 0.95)?;
        near("critical value", got.c[0], number(&want["crit"]), 1e-8)?;
        same("single step", got.single_step.best, integers(&want["L"].as_u64().map_or(Value::Null, |l| vec![l].into()))[0])?;
        same("single step", got.single_step.worst as u64, want["U"].as_u64().expect("a rank"))?;
        steps.push(got.bounds);
    }
    sets("csranks, marginal", &steps, &v["small"]["R_csranks"]["csranks_marginal_stepdown"])
}

fn counts(v: &Value) -> Result<(), Failed> {
    let counts: Vec<u64> = integers(&v["input"]).into_iter().map(|c| c as u64).collect();
    for (name, correction) in [("Holm", Correction::Holm), ("Bonferroni", Correction::Bonferroni)] {
        sets(name, &multinomial(&counts, 0.95, correction)?, &v["expected"][format!("{name}_simul")])?;
        sets(name, &multinomial_marginal(&counts, 0.95, correction)?, &v["expected"][format!("{name}_marg")])?;
    }
    Ok(())
}

/// The counts that the folder's description gives with their sets.
fn counts_example(v: &Value) -> Result<(), Failed> {
    let line = word(v).lines().find(|l| l.contains("counts")).expect("the example");
    let list = |after: &str| -> Vec<usize> {
        let rest = &line[line.find(after).expect("a list") + after.len()..];
        let head: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == ' ').collect();
        head.split_whitespace().map(|n| n.parse().expect("a number")).collect()
    };
    let counts: Vec<u64> = list("counts ").into_iter().map(|c| c as u64).collect();
    let got = multinomial(&counts, 0.95, Correction::Holm)?;
    same("best", best(&got), list("L = "))?;
    same("worst", worst(&got), list("U = "))
}

/// 37 countries: another generator may differ by one rank at a bound.
fn pisa(v: &Value) -> Result<(), Failed> {
    let rows: Vec<Vec<f64>> =
        word(v).lines().skip(1).map(|l| l.split(',').skip(1).map(|f| f.parse().expect("a number")).collect()).collect();
    let column = |at: usize| rows.iter().map(|r| r[at]).collect::<Vec<f64>>();
    let estimates = Estimates::new(column(0), column(1))?;
    let got = step_down(&estimates, 0.95, DRAWS, &Here)?;
    let whole = |at: usize| column(at).into_iter().map(|v| v as usize).collect::<Vec<usize>>();
    same("ranks", point_ranks(estimates.x()), whole(2))?;
    let within = |what: &str, got: Vec<usize>, want: Vec<usize>| match got.iter().zip(&want).all(|(a, b)| a.abs_diff(*b) <= 1) {
        true => Ok(()),
        false => Err(Failed::from(format!("{what}: {got:?}, not {want:?}"))),
    };
    within("best", best(&got.bounds), whole(5))?;
    within("worst", worst(&got.bounds), whole(6))?;
    let own: Vec<Bounds> = (0..rows.len()).map(|j| marginal(&estimates, j, 0.95).map(|m| m.bounds)).collect::<Result<_, _>>()?;
    within("own best", best(&own), whole(3))?;
    within("own worst", worst(&own), whole(4))
}
