use proptest::prelude::*;

use super::*;
use crate::{Refusal, ranks::Normals};

fn row(stratum: u32, of: u64, unit: u32, parts: u64) -> Row {
    Row { stratum, units_in_stratum: of, unit, parts_in_unit: parts }
}

fn villages(strata: &[(u32, u64, u32)]) -> Vec<Row> {
    strata.iter().flat_map(|(h, of, n)| (0..*n).map(move |u| row(*h, *of, u, 1))).collect()
}

#[test]
fn worked_by_hand() {
    // Two strata of 10 and 20 villages, two and three drawn: 2, 4 | 5, 8, 11.
    let design = Design::new(villages(&[(1, 10, 2), (2, 20, 3)]), Lonely::Refuse).unwrap();
    let y = [2.0, 4.0, 5.0, 8.0, 11.0];
    let total = design.total(&y, Stages::First).unwrap();
    assert_eq!(total.value, 10.0 * 3.0 + 20.0 * 8.0);
    // N²(1 − f)s²/n: 100·0.8·2/2 + 400·0.85·9/3.
    assert!((total.variance - (80.0 + 1_020.0)).abs() < 1e-9);
    let mean = design.mean(&y, Stages::First).unwrap();
    assert!((mean.value - 190.0 / 30.0).abs() < 1e-12 && (mean.variance - 1_100.0 / 900.0).abs() < 1e-9);
    assert_eq!(mean.df, 3.0);
    // With every village in the sample nothing is uncertain.
    let all = Design::new(villages(&[(1, 2, 2), (2, 3, 3)]), Lonely::Refuse).unwrap();
    assert_eq!(all.mean(&y, Stages::Both).unwrap().variance, 0.0);
}

#[test]
fn samples_that_are_refused() {
    let code = |rows: Vec<Row>| Design::new(rows, Lonely::Refuse).unwrap_err().code();
    assert_eq!(code(vec![]), "nothing-given");
    assert_eq!(code(vec![row(1, 5, 1, 1)]), "too-few");
    assert_eq!(code(villages(&[(1, 2, 3)])), "out-of-range");
    assert_eq!(code(vec![row(1, 5, 1, 1), row(1, 6, 2, 1)]), "out-of-range");
    assert_eq!(code(vec![row(1, 5, 1, 3), row(1, 5, 1, 4)]), "out-of-range");
    assert_eq!(code(vec![row(1, 5, 1, 1), row(1, 5, 1, 1)]), "out-of-range");
    let design = Design::new(villages(&[(1, 10, 2), (3, 20, 3)]), Lonely::Refuse).unwrap();
    assert_eq!(design.check_strata(&[1, 2, 3]), Err(Refusal::EmptyStratum { stratum: 2 }));
    assert_eq!(design.mean(&[1.0; 4], Stages::First).unwrap_err().code(), "lengths-differ");
    assert_eq!(design.mean(&[1.0, 2.0, f64::NAN, 1.0, 1.0], Stages::First).unwrap_err().code(), "not-finite");
    assert_eq!(design.ratio(&[1.0; 5], &[0.0; 5], Stages::First).unwrap_err().code(), "zero-denominator");
    assert_eq!(design.domain_mean(&[1.0; 5], &[false; 5], Stages::First).unwrap_err().code(), "zero-denominator");
    assert_eq!(design.regression(&[1.0; 5], &[2.0; 5], 2.0, Stages::First).unwrap_err().code(), "all-alike");
}

#[test]
fn a_lonely_village_is_refused_or_treated_as_said() {
    let rows = || villages(&[(1, 10, 3), (2, 10, 1), (3, 10, 2)]);
    let y = [1.0, 2.0, 6.0, 9.0, 4.0, 5.0];
    let mean = |lonely| Design::new(rows(), lonely).unwrap().mean(&y, Stages::First);
    assert_eq!(mean(Lonely::Refuse), Err(Refusal::LonelyUnit { stratum: 2 }));
    let (grand, joined) = (mean(Lonely::GrandMean).unwrap(), mean(Lonely::Collapse).unwrap());
    assert_eq!(grand.value, joined.value);
    assert!(grand.variance > 0.0 && joined.variance > 0.0);
    // The first stratum has nobody before it and joins the one after.
    let first = Design::new(villages(&[(1, 10, 1), (2, 10, 2)]), Lonely::Collapse).unwrap();
    assert!(first.mean(&[1.0, 5.0, 9.0], Stages::First).unwrap().variance > 0.0);
    // One village that is all there is has no variance to miss.
    let whole = Design::new(villages(&[(1, 1, 1), (2, 10, 3)]), Lonely::Refuse).unwrap();
    assert!(whole.mean(&[9.0, 1.0, 2.0, 3.0], Stages::First).is_ok());
    assert!(whole.mean(&[9.0, 1.0, 2.0, 3.0], Stages::WithReplacement).is_err());
    let households = vec![row(1, 10, 1, 30), row(1, 10, 2, 30), row(1, 10, 2, 30)];
    let one = Design::new(households, Lonely::Refuse).unwrap();
    assert_eq!(one.mean(&[1.0, 2.0, 3.0], Stages::Both).unwrap_err().code(), "lonely-unit", "one household in a village");
}

#[test]
fn all_satisfied_still_leaves_doubt() {
    let design = Design::new(villages(&[(1, 100, 10), (2, 100, 10)]), Lonely::Refuse).unwrap();
    let all = design.mean(&[1.0; 20], Stages::First).unwrap();
    assert_eq!((all.value, all.variance), (1.0, 0.0));
    assert_eq!(proportion_logit(&all, 0.95).unwrap_err().code(), "all-alike");
    let (low, high) = proportion_exact(&all, 20, 20, 0.95).unwrap();
    assert!((low - 0.025_f64.powf(1.0 / 20.0)).abs() < 1e-9, "{low}");
    assert_eq!(high, 1.0);
    let none = Estimate { value: 0.0, variance: 0.0, df: 18.0 };
    assert_eq!(proportion_exact(&none, 20, 20, 0.95).unwrap().0, 0.0);
    let wrong = Estimate { value: 1.2, variance: 0.1, df: 18.0 };
    assert_eq!(proportion_exact(&wrong, 20, 20, 0.95).unwrap_err().code(), "out-of-range");
}

#[test]
fn difference_and_regression_correct_what_was_claimed() {
    let design = Design::new(villages(&[(1, 40, 4), (2, 60, 6)]), Lonely::Refuse).unwrap();
    let truth = [60.0, 62.0, 70.0, 71.0, 80.0, 82.0, 84.0, 90.0, 61.0, 66.0];
    let claimed: Vec<f64> = truth.iter().map(|t| t + 5.0).collect();
    // Everybody claims five too many; the frame's claims average 77: the truth is 72 without doubt.
    let d = design.difference(&truth, &claimed, 77.0, Stages::First).unwrap();
    assert!((d.value - 72.0).abs() < 1e-9 && d.variance < 1e-20);
    let r = design.regression(&truth, &claimed, 77.0, Stages::First).unwrap();
    assert!((r.value - 72.0).abs() < 1e-9 && r.variance < 1e-20 && r.df == 7.0);
}

#[test]
fn bootstrap_agrees_with_linearisation() {
    let rows = villages(&[(1, 80, 8), (2, 120, 12)]);
    let design = Design::new(rows, Lonely::Refuse).unwrap();
    let normals = Normals::default();
    let mut s = normals.stream(1, 1);
    let (y, x): (Vec<f64>, Vec<f64>) = (0..20).map(|_| (70.0 + 5.0 * s.normal(), 3.0 + s.uniform())).unzip();
    let linear = design.ratio(&y, &x, Stages::First).unwrap();
    let ratio = |w: &[f64]| {
        let sum = |v: &[f64]| w.iter().zip(v).map(|(w, v)| w * v).sum::<f64>();
        sum(&y) / sum(&x)
    };
    let (boot, (low, high)) = rao_wu(&design, 4_000, 7, 0.95, ratio).unwrap();
    assert_eq!(boot.value, linear.value);
    assert!((boot.variance / linear.variance - 1.0).abs() < 0.12, "{} {}", boot.variance, linear.variance);
    assert!(low < linear.value && linear.value < high);
    assert_eq!(rao_wu(&design, 100, 7, 0.95, ratio).unwrap(), rao_wu(&design, 100, 7, 0.95, ratio).unwrap());
    assert_eq!(rao_wu(&design, 5, 7, 0.95, ratio).unwrap_err().code(), "too-few");
    let lonely = Design::new(villages(&[(4, 9, 1), (5, 9, 2)]), Lonely::GrandMean).unwrap();
    assert_eq!(rao_wu(&lonely, 50, 7, 0.95, |w| w[0]).unwrap_err(), Refusal::LonelyUnit { stratum: 4 });
}

/// t intervals of means from few villages hold what they say; normal ones would not.
#[test]
fn intervals_cover() {
    let normals = Normals::default();
    let (mut t, mut z) = (0, 0);
    let runs = 1_500;
    for run in 0..runs {
        let mut s = normals.stream(19, run);
        let y: Vec<f64> = (0..6).map(|_| s.normal()).collect();
        let design = Design::new(villages(&[(1, 100_000, 3), (2, 100_000, 3)]), Lonely::Refuse).unwrap();
        let mean = design.mean(&y, Stages::First).unwrap();
        let (low, high) = mean.interval(0.95);
        t += u32::from(low <= 0.0 && 0.0 <= high);
        z += u32::from(mean.value.abs() <= 1.96 * mean.se());
    }
    let share = |n: u32| f64::from(n) / runs as f64;
    assert!(share(t) > 0.93 && share(t) < 0.985, "{}", share(t));
    assert!(share(z) < 0.92, "{}", share(z));
}

#[test]
fn probabilities_that_are_refused() {
    assert_eq!(by_probability(&[1.0], &[0.5]).unwrap_err().code(), "too-few");
    assert_eq!(by_probability(&[1.0, 2.0], &[0.5, 0.0]).unwrap_err().code(), "out-of-range");
    assert_eq!(by_probability(&[1.0, 2.0], &[0.5, f64::NAN]).unwrap_err().code(), "out-of-range");
    assert_eq!(by_probability(&[1.0, 2.0], &[0.5]).unwrap_err().code(), "lengths-differ");
    let all = by_probability(&[1.0, 2.0], &[1.0, 1.0]).unwrap();
    assert_eq!((all.total.value, all.total_hajek_variance.variance), (3.0, 0.0));
}

#[test]
fn neighbours_show_less_variance_where_the_map_is_smooth() {
    let points: Vec<(f64, f64)> = (0..49).map(|i| (f64::from(i % 7), f64::from(i / 7))).collect();
    let smooth: Vec<f64> = points.iter().map(|(x, y)| 10.0 + x + y).collect();
    let pi = vec![0.1; 49];
    let local = local_mean_variance(&smooth, &pi, &points).unwrap();
    assert!(local < 0.3 * by_probability(&smooth, &pi).unwrap().total.variance);
    let one_place = local_mean_variance(&[1.0, 3.0], &[0.5, 0.5], &[(0.0, 0.0), (0.0, 0.0)]).unwrap();
    assert!((one_place - 16.0).abs() < 1e-12, "½ (2 − 6)² for each of two");
}

#[test]
fn small_areas() {
    let y = [60.0, 70.0, 65.0, 80.0, 75.0, 62.0];
    let x: Vec<Vec<f64>> = (0..6).map(|i| vec![1.0, f64::from(i)]).collect();
    let d = [4.0; 6];
    let code = |y: &[f64], x: &[Vec<f64>], d: &[f64]| fay_herriot(y, x, d, Method::Reml).unwrap_err().code();
    assert_eq!(code(&[], &[], &[]), "nothing-given");
    assert_eq!(code(&y[..3], &x[..3], &d[..3]), "too-few");
    assert_eq!(code(&y, &x, &[4.0, 4.0, 0.0, 4.0, 4.0, 4.0]), "no-standard-error");
    assert_eq!(code(&y, &vec![vec![1.0, 2.0]; 6], &d), "dependent-columns");
    assert_eq!(code(&y, &x[..5], &d), "lengths-differ");
    for method in [Method::Reml, Method::Ml, Method::Moments] {
        let fit = fay_herriot(&y, &x, &d, method).unwrap();
        for (i, e) in fit.eblup.iter().enumerate() {
            let synthetic = fit.beta[0] + fit.beta[1] * i as f64;
            let between = (e - synthetic) * (y[i] - e);
            assert!(between >= -1e-9, "a prediction lies between model and direct estimate");
            assert!(fit.mse[i] > 0.0);
        }
    }
}

#[test]
fn honest_and_inflated_reports() {
    let truth: Vec<f64> = (0..40).map(|i| 60.0 + f64::from(i * 7 % 23)).collect();
    let audited: Vec<usize> = (0..40).step_by(4).collect();
    let found: Vec<f64> = audited.iter().map(|i| truth[*i]).collect();
    let honest = audit(&truth, &audited, &found, 3.0).unwrap();
    assert_eq!((honest.inflation.value, honest.overstated.count, honest.p_inflated), (0.0, 0, 1.0));
    assert_eq!(honest.difference.value, honest.mean_reported, "who reports honestly loses nothing");
    let inflated: Vec<f64> = truth.iter().map(|t| t + 5.0).collect();
    let caught = audit(&inflated, &audited, &found, 3.0).unwrap();
    assert!((caught.difference.value - honest.mean_reported).abs() < 1e-9, "overstating by five changes nothing");
    assert_eq!((caught.overstated.count, caught.p_inflated), (10, 0.0));
    let code = |audited: &[usize], found: &[f64]| audit(&truth, audited, found, 3.0).unwrap_err().code();
    assert_eq!(code(&[0, 1], &[1.0, 2.0]), "too-few");
    assert_eq!(code(&[0, 1, 1], &[1.0, 2.0, 3.0]), "out-of-range");
    assert_eq!(code(&[0, 1, 40], &[1.0, 2.0, 3.0]), "out-of-range");
    assert_eq!(code(&[0, 1, 2], &[1.0, 2.0]), "lengths-differ");
    assert_eq!(audit(&[5.0; 9], &[0, 1, 2], &[1.0, 2.0, 3.0], 3.0).unwrap_err().code(), "all-alike");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Calibration rises, keeps the mean, and is the least squares among rising functions at least against constants and the data's order.
    #[test]
    fn calibration_rises(pairs in proptest::collection::vec((0_i32..20, 0.0..100.0_f64), 1..40)) {
        let (reports, truth): (Vec<f64>, Vec<f64>) = pairs.iter().map(|(r, t)| (f64::from(*r), *t)).unzip();
        let fit = calibration(&reports, &truth).unwrap();
        prop_assert!(fit.windows(2).all(|w| w[0].0 < w[1].0 && w[0].1 <= w[1].1 + 1e-9));
        let of = |r: f64| fit.iter().find(|f| f.0 == r).unwrap().1;
        let mean: f64 = reports.iter().map(|r| of(*r)).sum::<f64>() / reports.len() as f64;
        prop_assert!((mean - truth.iter().sum::<f64>() / truth.len() as f64).abs() < 1e-9);
    }

    /// Strata, units and rows may come in any order; shifting all values shifts the mean and nothing else.
    #[test]
    fn means_ignore_order(y in proptest::collection::vec(0.0..100.0_f64, 12), turn in 0_usize..12) {
        let rows: Vec<Row> = (0..12).map(|i| row(i / 6, 30, i % 6 / 2, 8)).collect();
        let design = Design::new(rows.clone(), Lonely::Refuse).unwrap();
        let plain = design.mean(&y, Stages::Both).unwrap();
        let (mut rows, mut turned) = (rows, y.clone());
        rows.rotate_left(turn);
        turned.rotate_left(turn);
        let again = Design::new(rows, Lonely::Refuse).unwrap().mean(&turned, Stages::Both).unwrap();
        prop_assert!((again.value - plain.value).abs() < 1e-9 && (again.variance - plain.variance).abs() < 1e-9);
        let shifted: Vec<f64> = y.iter().map(|v| v + 50.0).collect();
        let moved = design.mean(&shifted, Stages::Both).unwrap();
        prop_assert!((moved.value - plain.value - 50.0).abs() < 1e-9 && (moved.variance - plain.variance).abs() < 1e-7);
    }
}
