//! Estimates.

use libtest_mimic::{Failed, Trial};
use ranking::estimate::{
    Design, Estimate, Lonely, Method, Row, Stages, audit, by_probability, fay_herriot, proportion_exact, proportion_logit,
};
use serde_json::Value;

use crate::{Names, case, close, integers, near, number, numbers, same};

pub fn trials() -> Vec<Trial> {
    vec![
        case("estimate::stratified", "vectors/stats/estimate_stratified.json", stratified),
        case("estimate::by_probability", "vectors/stats/estimate_pps.json", pps),
        case("estimate::fay_herriot", "vectors/stats/fay_herriot.json", areas),
        case("estimate::fay_herriot_boundary", "vectors/stats/fay_herriot.json", boundary),
        case("estimate::audit", "vectors/stats/selfreport_audit.json", reports),
    ]
}

fn agrees(what: &str, got: Estimate, want: &Value, rel: f64) -> Result<(), Failed> {
    close(what, got.value, number(&want["est"]), rel)?;
    close(what, got.variance, number(&want["var"]), rel)
}

fn stratified(v: &Value) -> Result<(), Failed> {
    let rel = number(&v["tolerance"]["rel"]);
    let rows = v["input"].as_array().expect("rows");
    let (mut strata, mut units) = (Names::default(), Names::default());
    let column = |name: &str| rows.iter().map(|r| number(&r[name])).collect::<Vec<f64>>();
    let design = rows.iter().map(|r| Row {
        stratum: strata.of(&r["stratum"]) as u32,
        units_in_stratum: r["N_h"].as_u64().expect("N_h"),
        unit: units.of(&r["village"]) as u32,
        parts_in_unit: r["M_i"].as_u64().expect("M_i"),
    });
    let design = Design::new(design.collect(), Lonely::Refuse)?;
    let (score, satisfied, size) = (column("score"), column("satisfied"), column("size"));
    let want = &v["expected"];
    for (got, want) in design.weights().iter().zip(numbers(&want["weights"])) {
        close("weight", *got, want, rel)?;
    }
    agrees("with replacement", design.mean(&score, Stages::WithReplacement)?, &want["mean_wr"], rel)?;
    let mean = design.mean(&score, Stages::First)?;
    agrees("first stage", mean, &want["mean_fpc1"], rel)?;
    agrees("two stages", design.mean(&score, Stages::Both)?, &want["mean_twostage"], rel)?;
    agrees("total", design.total(&score, Stages::First)?, &want["total_fpc1"], rel)?;
    let share = design.mean(&satisfied, Stages::First)?;
    agrees("share", share, &want["satisfied_fpc1"], rel)?;
    agrees("ratio", design.ratio(&satisfied, &size, Stages::First)?, &want["ratio_sat_per_size"], rel)?;
    same("degrees of freedom", mean.df, number(&want["degf"]))?;
    let (interval, wanted) = (mean.interval(0.95), numbers(&want["ci95_t"]));
    close("interval", interval.0, wanted[0], rel)?;
    close("interval", interval.1, wanted[1], rel)?;
    for ((_, got), at) in design.means_by_stratum(&score, Stages::First)?.into_iter().zip(0..) {
        close("stratum", got.value, number(&want["by_stratum"]["mean"][at]), rel)?;
        close("stratum", got.se(), number(&want["by_stratum"]["se"][at]), rel)?;
    }
    let large: Vec<bool> = size.iter().map(|s| *s >= 4.0).collect();
    agrees("domain", design.domain_mean(&score, &large, Stages::First)?, &want["domain_size_ge4"], rel)?;
    close("design effect", design.design_effect(&score, Stages::First)?, number(&want["deff"]), rel)?;
    let pairs = [
        (proportion_logit(&share, 0.95)?, &want["prop_ci_logit"]),
        (proportion_exact(&share, rows.len(), design.primary_units(), 0.95)?, &want["prop_ci_beta"]),
    ];
    for (got, want) in pairs {
        close("interval of a share", got.0, number(&want[0]), rel)?;
        close("interval of a share", got.1, number(&want[1]), rel)?;
    }
    agrees("jackknife", design.mean_jackknife(&score)?, &want["mean_jkn"], rel)
}

fn pps(v: &Value) -> Result<(), Failed> {
    let rel = number(&v["tolerance"]["rel"]);
    let sample = v["input"]["sample"].as_array().expect("a sample");
    let column = |name: &str| sample.iter().map(|r| number(&r[name])).collect::<Vec<f64>>();
    let got = by_probability(&column("y"), &column("pi"))?;
    let want = &v["expected"];
    close("total", got.total.value, number(&want["ht_total"]), rel)?;
    close("size", got.size, number(&want["n_hat"]), rel)?;
    close("mean", got.mean.value, number(&want["hajek_mean"]), rel)?;
    close("mean, size known", got.total.value / number(&v["input"]["N"]), number(&want["ht_mean_knownN"]), rel)?;
    close("variance", got.total.variance, number(&want["var_total_hansen_hurwitz"]), rel)?;
    close("variance of the mean", got.mean.variance, number(&want["var_hajek_mean"]), rel)?;
    close("Hajek's variance", got.total_hajek_variance.variance, number(&want["var_total_hajek_approx"]), rel)
}

const METHODS: [(&str, Method); 3] = [("REML", Method::Reml), ("ML", Method::Ml), ("FH", Method::Moments)];

fn covariates(v: &Value) -> Vec<Vec<f64>> {
    numbers(v).into_iter().map(|x| vec![1.0, x]).collect()
}

fn areas(v: &Value) -> Result<(), Failed> {
    let rel = number(&v["tolerance"]["rel"]);
    let input = &v["input"];
    for (name, method) in METHODS {
        let want = &v["expected"][name];
        let got = fay_herriot(&numbers(&input["y"]), &covariates(&input["x"]), &numbers(&input["vardir"]), method)?;
        close(name, got.a, number(&want["refvar"]), rel)?;
        close("log-likelihood", got.log_likelihood, number(&want["loglik"]), rel)?;
        let lists = [("beta", &got.beta), ("beta_se", &got.beta_se), ("eblup", &got.eblup), ("mse", &got.mse)];
        for (field, got) in lists {
            for (got, want) in got.iter().zip(numbers(&want[field])) {
                close(&format!("{name} {field}"), *got, want, rel)?;
            }
        }
    }
    Ok(())
}

fn boundary(v: &Value) -> Result<(), Failed> {
    let rel = number(&v["tolerance"]["rel"]);
    let (input, expected) = (&v["boundary"]["input"], &v["boundary"]["expected"]);
    for (name, method) in METHODS {
        let want = &expected[name];
        let got = fay_herriot(&numbers(&input["y"]), &covariates(&input["x"]), &numbers(&input["vardir"]), method)?;
        near(name, got.a, number(&want["refvar"]), 1e-9)?;
        for (field, got) in [("beta", &got.beta), ("eblup", &got.eblup)] {
            for (got, want) in got.iter().zip(numbers(&want[field])) {
                close(&format!("{name} {field}"), *got, want, rel)?;
            }
        }
    }
    Ok(())
}

fn reports(v: &Value) -> Result<(), Failed> {
    let rel = number(&v["tolerance"]["rel"]);
    let (input, want) = (&v["input"], &v["expected"]);
    let got = audit(&numbers(&input["selfreport"]), &integers(&input["audit_index"]), &numbers(&input["audit"]), 3.0)?;
    let pairs = [
        ("mean_self", got.mean_reported),
        ("mean_audit", got.mean_audited),
        ("inflation", got.inflation.value),
        ("inflation_se", got.inflation.se()),
        ("difference_est", got.difference.value),
        ("difference_se", got.difference.se()),
        ("regression_est", got.regression.value),
        ("regression_se", got.regression.se()),
        ("slope", got.slope),
        ("intercept", got.intercept),
        ("t_test_p_onesided", got.p_inflated),
    ];
    for (field, got) in pairs {
        close(field, got, number(&want[field]), rel)?;
    }
    same("overstated", got.overstated.count, want["n_overstated_gt3"].as_u64().expect("a count"))?;
    close("interval", got.overstated.interval.0, number(&want["clopper_pearson"][0]), rel)?;
    close("interval", got.overstated.interval.1, number(&want["clopper_pearson"][1]), rel)
}
