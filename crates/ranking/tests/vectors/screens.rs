//! Screens and the index.

use libtest_mimic::{Failed, Trial};
use ranking::{
    index::{WeightBox, arithmetic, copeland, geometric, harmonic, kurtosis, min_max, ranks_of_ties, skewness, z_scores},
    screens::{
        benjamini_hochberg, benjamini_yekutieli, bunching, dhash, first_digits, great_circle_m, hamming, holm, last_digits,
    },
};
use serde_json::Value;

use crate::{case, close, integers, near, number, numbers, same, table, word};

pub fn trials() -> Vec<Trial> {
    const SCREENS: &str = "vectors/stats/anomaly.json";
    const INDEX: &str = "vectors/stats/index.json";
    vec![
        case("screens::digits", SCREENS, digits),
        case("screens::bunching", SCREENS, target),
        case("screens::multiplicity", SCREENS, many),
        case("screens::distance", SCREENS, distance),
        case("screens::pictures", SCREENS, pictures),
        case("index::normalised", INDEX, normalised),
        case("index::aggregated", INDEX, aggregated),
        case("index::weight_box", INDEX, weights),
    ]
}

fn digits(v: &Value) -> Result<(), Failed> {
    let rel = number(&v["tolerance"]["rel"]);
    let (case, want) = (&v["digits"], &v["digits"]["expected"]);
    let amounts: Vec<u64> = integers(&case["input"]).into_iter().map(|a| a as u64).collect();
    let (first, last) = (first_digits(&amounts)?, last_digits(&amounts)?);
    same("first", first.counts.map(|c| c as usize).to_vec(), integers(&want["first_counts"]))?;
    for (got, want) in first.expected.iter().zip(numbers(&want["benford_prob"])) {
        close("expected", *got, want, rel)?;
    }
    close("chi2", first.chi2, number(&want["chi2"]), rel)?;
    close("p", first.p, number(&want["chi2_p"]), rel)?;
    close("mad", first.mad, number(&want["mad"]), rel)?;
    same("last", last.counts.map(|c| c as usize).to_vec(), integers(&want["last_counts"]))?;
    close("chi2", last.chi2, number(&want["last_chi2"]), rel)?;
    close("p", last.p, number(&want["last_p"]), rel)
}

fn target(v: &Value) -> Result<(), Failed> {
    let (input, want) = (&v["threshold"]["input"], &v["threshold"]["expected"]);
    let got = bunching(&numbers(&input["rates"]), number(&input["cut"]), number(&input["h"]))?;
    same("above", Some(got.above), want["above"].as_u64())?;
    same("below", Some(got.below), want["below"].as_u64())?;
    close("p", got.p, number(&want["binom_p_greater"]), number(&v["tolerance"]["rel"]))
}

fn many(v: &Value) -> Result<(), Failed> {
    let (p, want) = (numbers(&v["multiplicity"]["input"]), &v["multiplicity"]["expected"]);
    for (name, got) in [("BH", benjamini_hochberg(&p)), ("Holm", holm(&p)), ("BY", benjamini_yekutieli(&p))] {
        for (got, want) in got.iter().zip(numbers(&want[name])) {
            close(name, *got, want, number(&v["tolerance"]["rel"]))?;
        }
    }
    Ok(())
}

fn distance(v: &Value) -> Result<(), Failed> {
    let points = table(&v["gps"]["input"]);
    for (pair, want) in points.windows(2).zip(numbers(&v["gps"]["expected_m"])) {
        let got = great_circle_m((pair[0][0], pair[0][1]), (pair[1][0], pair[1][1]));
        close("metres", got, want, number(&v["tolerance"]["rel"]))?;
    }
    Ok(())
}

fn pictures(v: &Value) -> Result<(), Failed> {
    let mut hashes = Vec::new();
    for image in v["dhash"]["images"].as_array().expect("images") {
        let mut grey = [[0_u8; 9]; 8];
        for (row, values) in grey.iter_mut().zip(table(&image["gray_8x9"])) {
            for (pixel, value) in row.iter_mut().zip(values) {
                *pixel = value as u8;
            }
        }
        same("hash", format!("{:016x}", dhash(&grey)).as_str(), word(&image["dhash_hex"]))?;
        hashes.push(dhash(&grey));
    }
    for (a, row) in hashes.iter().zip(table(&v["dhash"]["hamming"])) {
        for (b, want) in hashes.iter().zip(row) {
            same("bits", f64::from(hamming(*a, *b)), want)?;
        }
    }
    Ok(())
}

fn columns(v: &Value) -> Vec<Vec<f64>> {
    let rows = table(&v["input"]["X"]);
    (0..rows[0].len()).map(|c| rows.iter().map(|r| r[c]).collect()).collect()
}

fn directions(v: &Value) -> Vec<i8> {
    numbers(&v["input"]["direction"]).into_iter().map(|d| d as i8).collect()
}

fn normalised(v: &Value) -> Result<(), Failed> {
    let (rel, want) = (number(&v["tolerance"]["rel"]), &v["expected"]);
    for (c, (column, direction)) in columns(v).iter().zip(directions(v)).enumerate() {
        let lists = [
            ("minmax_0_100", min_max(column, direction, 0.0, 100.0)?),
            ("zscore", z_scores(column, direction)?),
            ("rank_avg_ties", ranks_of_ties(column, direction)?),
        ];
        for (name, got) in lists {
            for (got, row) in got.iter().zip(table(&want[name])) {
                near(name, *got, row[c], rel * row[c].abs().max(1.0))?;
            }
        }
        close("skewness", skewness(column)?, number(&want["skew"][c]), rel)?;
        close("kurtosis", kurtosis(column)?, number(&want["kurt"][c]), rel)?;
    }
    Ok(())
}

/// Scores unit by unit on a scale.
fn scores(v: &Value, low: f64, high: f64) -> Result<Vec<Vec<f64>>, Failed> {
    let columns: Vec<Vec<f64>> =
        columns(v).iter().zip(directions(v)).map(|(c, d)| min_max(c, d, low, high)).collect::<Result<_, _>>()?;
    Ok((0..columns[0].len()).map(|u| columns.iter().map(|c| c[u]).collect()).collect())
}

fn aggregated(v: &Value) -> Result<(), Failed> {
    let (rel, want, weights) = (number(&v["tolerance"]["rel"]), &v["expected"], numbers(&v["input"]["weights"]));
    let (whole, positive) = (scores(v, 0.0, 100.0)?, scores(v, 1.0, 100.0)?);
    for (unit, (a, b)) in whole.iter().zip(&positive).enumerate() {
        close("arithmetic", arithmetic(a, &weights), number(&want["arith"][unit]), rel)?;
        close("geometric", geometric(b, &weights), number(&want["geom_1_100"][unit]), rel)?;
        close("harmonic", harmonic(b, &weights), number(&want["harm_1_100"][unit]), rel)?;
    }
    let got: Vec<f64> = copeland(&whole, &weights)?.into_iter().map(|c| c as f64).collect();
    same("Copeland", got, numbers(&want["copeland"]))
}

fn weights(v: &Value) -> Result<(), Failed> {
    let bounds = WeightBox { low: numbers(&v["input"]["wlo"]), high: numbers(&v["input"]["whi"]) };
    let (got, want) = (bounds.dominance(&scores(v, 0.0, 100.0)?)?, &v["weight_box"]);
    let above: Vec<Vec<f64>> = got.above.iter().map(|r| r.iter().map(|b| f64::from(u8::from(*b))).collect()).collect();
    same("dominance", above, table(&want["dominance"]))?;
    same("best", got.bounds.iter().map(|b| b.best).collect(), integers(&want["rank_outer_lo"]))?;
    same("worst", got.bounds.iter().map(|b| b.worst).collect(), integers(&want["rank_outer_hi"]))
}
