use proptest::prelude::*;

use super::*;
use crate::index::WeightBox;

fn estimates(x: &[f64], se: &[f64]) -> Estimates {
    Estimates::new(x.to_vec(), se.to_vec()).unwrap()
}

fn random(p: usize, spread: f64, ratio: f64, seed: u64) -> Estimates {
    let normals = Normals::default();
    let mut s = normals.stream(seed, 1);
    let se: Vec<f64> = (0..p).map(|_| f64::powf(ratio, s.uniform())).collect();
    Estimates::new(se.iter().map(|e| spread * s.normal() + e * s.normal()).collect(), se).unwrap()
}

/// Bounds by looking at every pair.
fn plain(e: &Estimates, c: f64) -> Vec<Bounds> {
    let (x, se, p) = (e.x(), e.se(), e.len());
    let above = |j: usize, k: usize| x[j] - x[k] > c * (se[j] * se[j] + se[k] * se[k]).sqrt();
    let of = |j: usize| Bounds {
        best: 1 + (0..p).filter(|k| above(*k, j)).count(),
        worst: p - (0..p).filter(|k| above(j, *k)).count(),
    };
    (0..p).map(of).collect()
}

/// Threads that do the parts in an order of their own.
struct Threads(usize);

impl Spread for Threads {
    fn map(&self, parts: usize, work: &(dyn Fn(usize) -> Vec<f64> + Sync)) -> Vec<Vec<f64>> {
        let mut out = vec![Vec::new(); parts];
        std::thread::scope(|scope| {
            let jobs: Vec<_> = (0..self.0)
                .map(|t| scope.spawn(move || (t..parts).step_by(self.0).map(|i| (i, work(i))).rev().collect::<Vec<_>>()))
                .collect();
            for (i, values) in jobs.into_iter().flat_map(|job| job.join().unwrap()) {
                out[i] = values;
            }
        });
        out
    }
}

#[test]
fn what_cannot_be_ranked_is_refused() {
    let check = |x: &[f64], se: &[f64]| Estimates::new(x.to_vec(), se.to_vec()).unwrap_err();
    assert_eq!(check(&[], &[]), Refusal::NothingGiven {});
    assert_eq!(check(&[1.0], &[1.0]), Refusal::OneUnit {});
    assert_eq!(check(&[1.0, 2.0], &[1.0]).code(), "lengths-differ");
    assert_eq!(check(&[1.0, f64::NAN], &[1.0, 1.0]), Refusal::NotFinite { what: "estimate", index: 1 });
    assert_eq!(check(&[1.0, 2.0], &[f64::INFINITY, 1.0]), Refusal::NotFinite { what: "standard error", index: 0 });
    assert_eq!(check(&[1.0, 2.0], &[1.0, 0.0]), Refusal::NoStandardError { index: 1, value: 0.0 });
    assert_eq!(check(&[1.0, 2.0], &[-1.0, 1.0]).code(), "no-standard-error");
    assert_eq!(tukey_constant(1, 0.95).unwrap_err().code(), "one-unit");
    for level in [0.0, 1.0, f64::NAN, 95.0] {
        assert_eq!(tukey_constant(5, level).unwrap_err().code(), "out-of-range");
        assert_eq!(could_be_last(&estimates(&[1.0, 2.0], &[1.0, 1.0]), level).unwrap_err().code(), "out-of-range");
    }
    assert_eq!(studentized_range_constant(5, 0.95, 0.5).unwrap_err().code(), "out-of-range");
    let few = step_down(&estimates(&[1.0, 2.0], &[1.0, 1.0]), 0.95, Draws { seed: 1, count: 10 }, &Here);
    assert_eq!(few.unwrap_err().code(), "too-few");
    assert_eq!(marginal(&estimates(&[1.0, 2.0], &[1.0, 1.0]), 2, 0.95).unwrap_err().code(), "out-of-range");
    assert_eq!(multinomial(&[3], 0.95, Correction::Holm).unwrap_err().code(), "one-unit");
    let joint = |covariance: &[f64]| {
        step_down_correlated(&[1.0, 2.0], covariance, 0.95, Draws { seed: 1, count: 100 }, &Here).unwrap_err().code()
    };
    assert_eq!(joint(&[1.0, 1.0, 1.0, 1.0]), "difference-without-variance");
    assert_eq!(joint(&[1.0, 0.5, 0.1, 1.0]), "not-a-covariance");
    assert_eq!(joint(&[1.0, 3.0, 3.0, 1.0]), "not-a-covariance");
    assert_eq!(joint(&[0.0, 0.0, 0.0, 1.0]), "no-standard-error");
    assert_eq!(joint(&[1.0]), "lengths-differ");
}

#[test]
fn two_units_are_one_t_test() {
    let e = estimates(&[1.0, 4.0], &[1.0, 1.0]);
    // 3/√2 = 2.12 against 1.96.
    assert_eq!(official(&e, 0.95).unwrap(), [Bounds { best: 2, worst: 2 }, Bounds { best: 1, worst: 1 }]);
    let near = estimates(&[1.0, 3.7], &[1.0, 1.0]);
    assert_eq!(official(&near, 0.95).unwrap(), [Bounds { best: 1, worst: 2 }; 2]);
    assert!((tukey_constant(2, 0.95).unwrap() - 1.959_963_984_540_054).abs() < 1e-11);
}

#[test]
fn ties_are_never_told_apart() {
    let e = estimates(&[5.0; 7], &[0.1; 7]);
    assert!(official(&e, 0.95).unwrap().iter().all(|b| *b == Bounds { best: 1, worst: 7 }));
    assert!(could_be_last(&e, 0.95).unwrap().iter().all(|c| c.possible && c.statistic == 0.0));
    assert!(could_be_first(&e, 0.95).unwrap().iter().all(|c| c.possible));
    assert_eq!(point_ranks(e.x()), [1; 7]);
    let found = step_down(&e, 0.95, Draws { seed: 3, count: 500 }, &Here).unwrap();
    assert!(found.bounds.iter().all(|b| *b == Bounds { best: 1, worst: 7 }));
    assert_eq!(
        summons(&Scheme::single(&e), SummonsRule::default()).unwrap(),
        Verdict::LookAgain { candidates: (0..7).collect(), alpha_left: 0.005 }
    );
}

#[test]
fn clear_distances_give_single_ranks() {
    let e = estimates(&[30.0, 10.0, 20.0], &[0.1, 0.2, 0.3]);
    let want: Vec<Bounds> = [1, 3, 2].map(|r| Bounds { best: r, worst: r }).to_vec();
    assert_eq!(official(&e, 0.95).unwrap(), want);
    assert_eq!(step_down(&e, 0.95, Draws { seed: 3, count: 500 }, &Here).unwrap().bounds, want);
    assert_eq!(marginal(&e, 0, 0.95).unwrap().bounds, want[0]);
    assert_eq!(could_be_last(&e, 0.95).unwrap().iter().map(|c| c.possible).collect::<Vec<_>>(), [false, true, false]);
    let bounds = official(&e, 0.95).unwrap();
    assert_eq!((could_be_among_last(&bounds, 1), surely_among_last(&bounds, 2)), (vec![1], vec![1, 2]));
    assert_eq!(could_be_among_first(&bounds, 2), [0, 2]);
}

#[test]
fn small_samples_need_larger_constants() {
    // Tables of the studentized range: q(.95; 3, 10) = 3.877, q(.95; 10, 20) = 5.008, q(.95; 2, 1) = 17.97.
    for (p, df, q) in [(3, 10.0, 3.877), (10, 20.0, 5.008), (2, 1.0, 17.969), (5, 4.0, 6.287)] {
        let c = studentized_range_constant(p, 0.95, df).unwrap();
        assert!((c * std::f64::consts::SQRT_2 - q).abs() < 2e-3, "{p} {df}: {}", c * std::f64::consts::SQRT_2);
    }
    // Two means: exactly Student's t.
    for df in [1.0, 3.0, 8.0, 60.0, 3_000.0] {
        let c = studentized_range_constant(2, 0.95, df).unwrap();
        assert!((c - crate::special::t_quantile(0.975, df)).abs() < 1e-7 * c, "{df}: {c}");
    }
    // Two units: Student's t again.
    let pair = |distance: f64| few_units(&estimates(&[0.0, distance], &[0.6, 0.8]), &[4.0, 9.0], 0.95).unwrap()[1].worst;
    let t = crate::special::t_quantile(0.975, 4.0);
    assert_eq!((pair(t - 1e-6), pair(t + 1e-6)), (2, 1));
    let e = random(20, 3.0, 3.0, 1);
    let (few, many) = (few_units(&e, &[4.0; 20], 0.95).unwrap(), official(&e, 0.95).unwrap());
    assert!(few.iter().zip(&many).all(|(f, m)| f.best <= m.best && m.worst <= f.worst));
    assert_eq!(few_units(&e, &[0.0; 20], 0.95).unwrap_err().code(), "out-of-range");
    assert_eq!(few_units(&e, &[4.0; 3], 0.95).unwrap_err().code(), "lengths-differ");
    assert_eq!(few_units(&e, &[f64::INFINITY; 20], 0.95).unwrap().len(), 20);
    assert_eq!(studentized_range_constant(9, 0.95, f64::INFINITY).unwrap(), tukey_constant(9, 0.95).unwrap());
}

#[test]
fn threads_and_order_change_nothing() {
    let e = random(60, 2.0, 4.0, 5);
    let draws = Draws { seed: 99, count: 777 };
    let one = step_down(&e, 0.95, draws, &Here).unwrap();
    for threads in [2, 5] {
        assert_eq!(step_down(&e, 0.95, draws, &Threads(threads)).unwrap(), one);
    }
    let order: Vec<usize> = (0..60).map(|i| i * 37 % 60).collect();
    let turned = e.of(&order).unwrap();
    let again = step_down(&turned, 0.95, draws, &Here).unwrap();
    assert_eq!(again.c, one.c);
    assert_eq!(again.bounds, order.iter().map(|i| one.bounds[*i]).collect::<Vec<_>>());
    let (last, last_turned) = (could_be_last(&e, 0.95).unwrap(), could_be_last(&turned, 0.95).unwrap());
    assert_eq!(last_turned, order.iter().map(|i| last[*i]).collect::<Vec<_>>());
    assert_ne!(step_down(&e, 0.95, Draws { seed: 98, count: 777 }, &Here).unwrap().c, one.c, "the seed counts");
    let covariance: Vec<f64> = (0..9).map(|at| if at % 4 == 0 { 1.5 } else { 0.5 }).collect();
    let joint = |spread: &dyn Spread| step_down_correlated(&[1.0, 2.0, 9.0], &covariance, 0.95, draws, spread).unwrap();
    assert_eq!(joint(&Here), joint(&Threads(3)));
    // Correlated units in another order.
    let (x, s) = ([3.0, 1.0, 2.0, 9.0], |i: usize, j: usize| if i == j { 1.0 + i as f64 } else { 0.1 * (i + j) as f64 });
    let turn = [2, 0, 3, 1];
    let (mut plain, mut turned) = (Vec::new(), Vec::new());
    for i in 0..4 {
        for j in 0..4 {
            plain.push(s(i, j));
            turned.push(s(turn[i], turn[j]));
        }
    }
    let turned_x: Vec<f64> = turn.iter().map(|i| x[*i]).collect();
    let (a, b) = (
        step_down_correlated(&x, &plain, 0.95, draws, &Here).unwrap(),
        step_down_correlated(&turned_x, &turned, 0.95, draws, &Here).unwrap(),
    );
    assert_eq!((&b.c, b.bounds), (&a.c, turn.iter().map(|i| a.bounds[*i]).collect()));
    let last = |x: &[f64], s: &[f64]| could_be_last_correlated(x, s, 0.95, draws, &Here).unwrap();
    assert_eq!(last(&turned_x, &turned), turn.iter().map(|i| last(&x, &plain)[*i]).collect::<Vec<_>>());
}

#[test]
fn critical_values_fall_and_stay_below_tukeys() {
    for (p, spread) in [(8, 1.0), (40, 3.0)] {
        let e = random(p, spread, 3.0, 17);
        let found = step_down(&e, 0.95, Draws { seed: 1, count: 20_000 }, &Here).unwrap();
        assert!(found.c.windows(2).all(|w| w[1] <= w[0]), "{:?}", found.c);
        assert!(found.c[0] <= tukey_constant(p, 0.95).unwrap() + 3.0 * found.c_error);
        assert!(found.c_error > 0.0 && found.c_error < 0.05);
    }
}

/// The integral against plain simulation, and against the closed case of two units.
#[test]
fn critical_values_of_could_be_last() {
    let two = estimates(&[0.0, 0.0], &[1.0, 3.0]);
    for unit in [0, 1] {
        assert!((critical_value(&two, unit, 0.95).unwrap() - 1.644_853_626_951_472).abs() < 1e-9);
    }
    let equal = estimates(&[0.0; 90], &[1.3; 90]);
    assert!((critical_value(&equal, 4, 0.95).unwrap() - 3.0201).abs() < 5e-5, "as published for 90 equal units");
    let e = random(10, 0.0, 20.0, 3);
    let normals = Normals::default();
    for unit in [0, 5] {
        let mut largest: Vec<f64> = (0..20_000)
            .map(|draw| {
                let mut s = normals.stream(8, draw);
                let z: Vec<f64> = e.se().iter().map(|se| se * s.normal()).collect();
                let t = |k: usize| (z[unit] - z[k]) / (e.se()[unit].powi(2) + e.se()[k].powi(2)).sqrt();
                (0..10).filter(|k| *k != unit).map(t).fold(f64::NEG_INFINITY, f64::max)
            })
            .collect();
        let simulated = crate::special::quantile(&mut largest, 0.95);
        let exact = critical_value(&e, unit, 0.95).unwrap();
        assert!((simulated - exact).abs() < 0.04, "{simulated} {exact}");
        assert!(exact <= sidak_constant(10, 0.95).unwrap());
    }
    let found = could_be_last_correlated(
        &[0.0; 3],
        &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        0.95,
        Draws { seed: 2, count: 20_000 },
        &Here,
    );
    let exact = critical_value(&estimates(&[0.0; 3], &[1.0; 3]), 0, 0.95).unwrap();
    assert!((found.unwrap()[0].critical.unwrap() - exact).abs() < 0.05);
}

/// Any wrong "shown above" in at most 5 % of the cases where all are equal. 700 runs: three standard deviations are 2.5 %.
#[test]
fn all_equal_is_seldom_told_apart() {
    let normals = Normals::default();
    for ratio in [1.0_f64, 10.0] {
        let (p, runs) = (12, 700);
        let c = tukey_constant(p, 0.95).unwrap();
        let (mut tukey, mut broken) = (0, 0);
        for run in 0..runs {
            let mut s = normals.stream(101, run);
            let se: Vec<f64> = (0..p).map(|_| ratio.powf(s.uniform())).collect();
            let e = Estimates::new(se.iter().map(|e| e * s.normal()).collect(), se).unwrap();
            let any = |c: f64| u32::from(simultaneous(&e, c).iter().any(|b| b.best > 1));
            tukey += any(c);
            broken += any(1.96);
        }
        assert!(f64::from(tukey) / runs as f64 <= 0.075, "{tukey} of {runs}");
        assert!(f64::from(broken) / runs as f64 > 0.2, "a constant for one pair alone would have been noticed: {broken}");
    }
}

/// The true last is in the set, and the summons rule takes no wrong one.
#[test]
fn the_true_last_is_among_the_candidates() {
    let normals = Normals::default();
    for (p, noise) in [(6, 3.0), (30, 1.0)] {
        let (runs, mut missed, mut wrong, mut taken) = (300, 0, 0, 0);
        for run in 0..runs {
            let mut s = normals.stream(7, run);
            let truth: Vec<f64> = (0..p).map(|_| 80.0 + 4.0 * s.normal()).collect();
            let se: Vec<f64> = (0..p).map(|_| noise * (0.5 + s.uniform())).collect();
            let e = Estimates::new(truth.iter().zip(&se).map(|(t, e)| t + e * s.normal()).collect(), se).unwrap();
            let last = (0..p).min_by(|a, b| truth[*a].total_cmp(&truth[*b])).unwrap();
            missed += u32::from(!could_be_last(&e, 0.95).unwrap()[last].possible);
            if let Verdict::SingledOut { unit } = summons(&Scheme::single(&e), SummonsRule::default()).unwrap() {
                taken += 1;
                wrong += u32::from(unit != last);
            }
        }
        assert!(f64::from(missed) / runs as f64 <= 0.05, "{missed} of {runs}");
        assert!(wrong <= 3, "{wrong} of {taken} summoned wrongly");
    }
}

fn scheme(scores: &[[f64; 2]], error: f64, low: [f64; 2], high: [f64; 2]) -> Scheme {
    Scheme {
        scores: scores.iter().map(|s| s.to_vec()).collect(),
        covariances: scores.iter().map(|_| vec![error * error, 0.0, 0.0, error * error]).collect(),
        weights: vec![0.5, 0.5],
        bounds: WeightBox { low: low.to_vec(), high: high.to_vec() },
    }
}

#[test]
fn one_who_is_last_under_every_weight_is_summoned() {
    let scores = [[50.0, 52.0], [60.0, 90.0], [90.0, 60.0]];
    let found = summons(&scheme(&scores, 0.5, [0.3, 0.3], [0.7, 0.7]), SummonsRule::default()).unwrap();
    assert_eq!(found, Verdict::SingledOut { unit: 0 });
}

#[test]
fn one_who_is_last_only_at_the_published_weights_is_not() {
    // At one half each unit 0 is clearly last; where the second indicator weighs less, unit 1 is.
    let scores = [[60.0, 20.0], [30.0, 70.0], [90.0, 90.0]];
    let open = scheme(&scores, 0.5, [0.2, 0.2], [0.8, 0.8]);
    let fixed = scheme(&scores, 0.5, [0.5, 0.5], [0.5, 0.5]);
    assert_eq!(summons(&fixed, SummonsRule::default()).unwrap(), Verdict::SingledOut { unit: 0 });
    let Verdict::LookAgain { candidates, alpha_left } = summons(&open, SummonsRule::default()).unwrap() else {
        panic!("weights decide, so nobody is summoned");
    };
    assert_eq!((candidates, alpha_left), (vec![0, 1], 0.005));
    let last = second_look(&open, SummonsRule::default(), Look::Again(2)).unwrap();
    assert_eq!(last, Verdict::NotSaid { candidates: vec![0, 1] });
}

#[test]
fn of_two_equal_ones_neither_is_taken_more_often_than_agreed() {
    let normals = Normals::default();
    let mut taken = 0;
    for run in 0..2_000 {
        let mut s = normals.stream(3, run);
        let e = estimates(&[s.normal(), s.normal(), 60.0], &[1.0; 3]);
        let found = summons(&Scheme::single(&e), SummonsRule { alpha: 0.05, looks: 1 }).unwrap();
        taken += u32::from(matches!(found, Verdict::SingledOut { .. }));
    }
    assert!(f64::from(taken) / 2_000.0 <= 0.05 + 3.0 * 0.005, "{taken}: the one-sided constant of a pair would take a tenth");
}

#[test]
fn many_weights_are_judged_by_bounds_never_more_boldly() {
    // Twelve indicators: too many corners. The bound refuses where corners might not, never the other way round.
    let d = 12;
    let of = |levels: [f64; 3], share: f64| Scheme {
        scores: levels.iter().map(|l| vec![*l; d]).collect(),
        covariances: levels.iter().map(|_| (0..d * d).map(|at| if at % (d + 1) == 0 { 0.25 } else { 0.0 }).collect()).collect(),
        weights: vec![1.0 / d as f64; d],
        bounds: WeightBox::around(&vec![1.0 / d as f64; d], share),
    };
    assert_eq!(summons(&of([50.0, 70.0, 71.0], 0.2), SummonsRule::default()).unwrap(), Verdict::SingledOut { unit: 0 });
    assert!(matches!(summons(&of([69.9, 70.0, 71.0], 0.2), SummonsRule::default()).unwrap(), Verdict::LookAgain { .. }));
}

#[test]
fn bad_rules_are_refused() {
    let good = scheme(&[[1.0, 2.0], [3.0, 4.0]], 0.1, [0.4, 0.4], [0.6, 0.6]);
    let code = |scheme: &Scheme, rule: SummonsRule| summons(scheme, rule).unwrap_err().code();
    assert_eq!(code(&good, SummonsRule { alpha: 0.0, looks: 2 }), "out-of-range");
    assert_eq!(code(&good, SummonsRule { alpha: 0.05, looks: 0 }), "too-few");
    assert_eq!(code(&Scheme { covariances: vec![], ..good.clone() }, SummonsRule::default()), "lengths-differ");
    assert_eq!(code(&scheme(&[[1.0, 2.0]], 0.1, [0.4; 2], [0.6; 2]), SummonsRule::default()), "one-unit");
    assert_eq!(code(&scheme(&[[1.0, 2.0], [3.0, 4.0]], 0.0, [0.4; 2], [0.6; 2]), SummonsRule::default()), "no-standard-error");
    assert_eq!(
        code(&scheme(&[[1.0, 2.0], [3.0, 4.0]], 0.1, [0.6; 2], [0.7; 2]), SummonsRule::default()),
        "no-admissible-weights"
    );
}

/// Moments and tails of the normal numbers; half a million of them.
#[test]
fn normal_numbers_are_normal() {
    let normals = Normals::default();
    let mut s = normals.stream(1, 2);
    let n = 500_000;
    let z: Vec<f64> = (0..n).map(|_| s.normal()).collect();
    let power = |k: i32| z.iter().map(|v| v.powi(k)).sum::<f64>() / f64::from(n);
    assert!(power(1).abs() < 0.006 && (power(2) - 1.0).abs() < 0.01 && power(3).abs() < 0.02 && (power(4) - 3.0).abs() < 0.08);
    for cut in [0.5, 1.0, 2.0, 3.0, 3.7] {
        let share = z.iter().filter(|v| **v > cut).count() as f64 / f64::from(n);
        let want = crate::special::normal_upper(cut);
        assert!((share - want).abs() < 4.5 * (want / f64::from(n)).sqrt(), "{cut}: {share} {want}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// The tree counts as looking at every pair does, also with ties.
    #[test]
    fn bounds_equal_all_pairs(p in 2_usize..120, seed: u64, spread in 0.0..6.0_f64, ratio in 1.0..30.0_f64, c in 0.1..5.0_f64, round: bool) {
        let mut e = random(p, spread, ratio, seed);
        if round {
            e = Estimates::new(e.x().iter().map(|v| v.round()).collect(), e.se().iter().map(|v| v.ceil()).collect()).unwrap();
        }
        prop_assert_eq!(simultaneous(&e, c), plain(&e, c));
    }

    /// Shifting all, or changing the unit by a power of two, changes no set; point ranks lie within their bounds.
    #[test]
    fn sets_ignore_shift_and_scale(p in 2_usize..40, seed: u64) {
        let e = random(p, 2.0, 3.0, seed);
        let whole: Vec<f64> = e.x().iter().map(|v| (v * 1024.0).round() / 1024.0).collect();
        let e = Estimates::new(whole, e.se().to_vec()).unwrap();
        let bounds = official(&e, 0.95).unwrap();
        let moved = Estimates::new(e.x().iter().map(|v| 4.0 * (v + 64.0)).collect(), e.se().iter().map(|s| 4.0 * s).collect()).unwrap();
        prop_assert_eq!(&official(&moved, 0.95).unwrap(), &bounds);
        let draws = Draws { seed: 5, count: 200 };
        prop_assert_eq!(step_down(&moved, 0.95, draws, &Here).unwrap().bounds, step_down(&e, 0.95, draws, &Here).unwrap().bounds);
        for (b, r) in bounds.iter().zip(point_ranks(e.x())) {
            prop_assert!(b.best <= r && r <= b.worst);
        }
        // The lowest can always be last; whoever could be last by comparison with the last alone could be so by the wider sets.
        let lowest = (0..p).min_by(|a, b| e.x()[*a].total_cmp(&e.x()[*b])).unwrap();
        let last = could_be_last(&e, 0.95).unwrap();
        prop_assert!(last[lowest].possible);
        for j in could_be_among_last(&bounds, 1) {
            prop_assert!(bounds[j].worst == p);
        }
        prop_assert!((0..p).filter(|j| last[*j].possible).all(|j| bounds[j].worst == p));
    }

    /// Reversing the sign reverses the ranks.
    #[test]
    fn last_and_first_are_mirrors(p in 2_usize..25, seed: u64) {
        let e = random(p, 2.0, 3.0, seed);
        prop_assert_eq!(could_be_first(&e.reversed(), 0.9).unwrap(), could_be_last(&e, 0.9).unwrap());
        let (a, b) = (official(&e, 0.9).unwrap(), official(&e.reversed(), 0.9).unwrap());
        for (a, b) in a.iter().zip(&b) {
            prop_assert_eq!((a.best, a.worst), (p + 1 - b.worst, p + 1 - b.best));
        }
    }

    /// A step-down set is never wider than the single step with the same draws, and holds the point rank.
    #[test]
    fn own_rank_is_within_its_set(p in 2_usize..12, seed: u64, unit in 0_usize..12) {
        let e = random(p, 2.0, 2.0, seed);
        let unit = unit % p;
        let found = marginal(&e, unit, 0.95).unwrap();
        let rank = point_ranks(e.x())[unit];
        prop_assert!(found.bounds.best <= rank && rank <= found.bounds.worst);
        prop_assert!(found.single_step.best <= found.bounds.best && found.bounds.worst <= found.single_step.worst);
        prop_assert!(found.c.windows(2).all(|w| w[1] <= w[0] + 1e-9));
    }
}
