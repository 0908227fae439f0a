//! Inspectors.

use libtest_mimic::{Failed, Trial};
use ranking::raters::{Answer, Metric, Score, icc, krippendorff, rasch, two_way, variance_components};
use serde_json::Value;

use crate::{Names, case, close, near, number, same, table};

pub fn trials() -> Vec<Trial> {
    vec![
        case("raters::two_way", "vectors/stats/raters.json", fixed),
        case("raters::variance_components", "vectors/stats/raters.json", random),
        case("raters::rasch", "vectors/stats/many_facet_rasch.json", facets),
        case("raters::krippendorff", "vectors/stats/agreement.json", alpha),
        case("raters::icc", "vectors/stats/agreement.json", classes),
    ]
}

fn scores(v: &Value, units: &mut Names, inspectors: &mut Names) -> Vec<Score> {
    let rows = v["input"].as_array().expect("rows");
    rows.iter()
        .map(|r| Score { unit: units.of(&r["unit"]), inspector: inspectors.of(&r["inspector"]), score: number(&r["score"]) })
        .collect()
}

fn fixed(v: &Value) -> Result<(), Failed> {
    let rel = number(&v["tolerance"]["fixed_rel"]);
    let (mut units, mut inspectors) = (Names::default(), Names::default());
    let fit = two_way(&scores(v, &mut units, &mut inspectors))?;
    let want = &v["expected"]["fixed_twoway"];
    for (at, name) in units.0.iter().enumerate() {
        close("unit", fit.units[at], number(&want["unit"][name]), rel)?;
        close("unit's error", fit.unit_se[at], number(&want["unit_se"][name]), rel)?;
    }
    for (at, name) in inspectors.0.iter().enumerate() {
        close("severity", fit.severity[at], number(&want["severity_sum_to_zero"][name]), rel)?;
    }
    close("variance", fit.sigma2, number(&want["sigma2"]), rel)?;
    same("degrees of freedom", fit.df, number(&want["df"]))
}

fn random(v: &Value) -> Result<(), Failed> {
    let rel = number(&v["tolerance"]["lmer_rel"]);
    let (mut units, mut inspectors) = (Names::default(), Names::default());
    let fit = variance_components(&scores(v, &mut units, &mut inspectors))?;
    let want = &v["expected"]["lmer_reml"];
    let pairs = [
        ("mu", fit.mu),
        ("mu_se", fit.mu_se),
        ("var_unit", fit.unit),
        ("var_inspector", fit.inspector),
        ("var_resid", fit.error),
        ("reml_crit", fit.criterion),
    ];
    for (field, got) in pairs {
        close(field, got, number(&want[field]), rel)?;
    }
    for (at, name) in units.0.iter().enumerate() {
        near("unit", fit.unit_blup[at], number(&want["blup_unit"][name]), rel)?;
    }
    for (at, name) in inspectors.0.iter().enumerate() {
        near("inspector", fit.inspector_blup[at], number(&want["blup_inspector"][name]), 3.0 * rel)?;
    }
    Ok(())
}

fn facets(v: &Value) -> Result<(), Failed> {
    let abs = number(&v["tolerance"]["abs"]);
    let (mut units, mut inspectors, mut items) = (Names::default(), Names::default(), Names::default());
    let rows = v["input"].as_array().expect("rows");
    let answers: Vec<Answer> = rows
        .iter()
        .map(|r| Answer {
            unit: units.of(&r["unit"]),
            inspector: inspectors.of(&r["inspector"]),
            item: items.of(&r["item"]),
            pass: r["pass_"] == 1,
        })
        .collect();
    let fit = rasch(&answers)?;
    let want = &v["expected"];
    for (at, name) in units.0.iter().enumerate() {
        near("unit", fit.theta[at].expect("not extreme"), number(&want["theta"][name]), abs)?;
    }
    for (at, name) in inspectors.0.iter().enumerate() {
        near("severity", fit.severity[at], number(&want["severity"][name]), abs)?;
    }
    for (at, name) in items.0.iter().enumerate() {
        near("difficulty", fit.difficulty[at], number(&want["difficulty"][name]), abs)?;
    }
    near("log-likelihood", fit.log_likelihood, number(&want["loglik"]), abs)
}

fn alpha(v: &Value) -> Result<(), Failed> {
    let abs = number(&v["tolerance"]["abs"]);
    for name in ["alpha", "alpha_published"] {
        let raters = table(&v[name]["input"]);
        let units: Vec<Vec<f64>> =
            (0..raters[0].len()).map(|u| raters.iter().map(|r| r[u]).filter(|v| !v.is_nan()).collect()).collect();
        let metrics = [
            ("nominal", Metric::Nominal),
            ("ordinal", Metric::Ordinal),
            ("interval", Metric::Interval),
            ("ratio", Metric::Ratio),
        ];
        for (metric, kind) in metrics {
            near(metric, krippendorff(&units, kind)?, number(&v[name]["expected"][metric]), abs)?;
        }
    }
    Ok(())
}

fn classes(v: &Value) -> Result<(), Failed> {
    let abs = number(&v["tolerance"]["abs"]);
    let got = icc(&table(&v["icc"]["input"]))?;
    let want = &v["icc"]["expected"];
    near("ICC(2,1)", got.single, number(&want["ICC2_1"]), abs)?;
    near("ICC(3,1)", got.consistency, number(&want["ICC3_1"]), abs)?;
    near("ICC(2,k)", got.mean, number(&want["ICC2_k"]), abs)
}
