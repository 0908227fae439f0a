use proptest::prelude::*;

use super::*;
use crate::{Refusal, ranks::Bounds};

const POSTS: [Goalposts; 3] =
    [Goalposts { worst: 0.0, best: 100.0 }, Goalposts { worst: 50.0, best: 10.0 }, Goalposts { worst: 0.0, best: 1.0 }];

fn groups() -> Vec<Group> {
    vec![
        Group { indicators: vec![0, 1], weights: vec![1.0, 1.0], aggregation: Aggregation::Geometric, weight: 3.0 },
        Group { indicators: vec![2], weights: vec![1.0], aggregation: Aggregation::Arithmetic, weight: 1.0 },
    ]
}

use Missing::{NotApplicable, NotReported, Value};

#[test]
fn worked_by_hand() {
    // 50 of 100 is 50.5 on 1–100; 30 between 50 (worst) and 10 (best) is 50.5; their geometric mean 50.5; 1.0 is 100.
    let rows = [vec![Value(50.0), Value(30.0), Value(1.0)]];
    let got = composite(&rows, &POSTS, &groups()).unwrap()[0];
    assert!((got.low - (3.0 * 50.5 + 100.0) / 4.0).abs() < 1e-9);
    assert_eq!((got.low, got.reported), (got.high, 1.0));
}

#[test]
fn what_is_missing_is_neither_zero_nor_the_mean() {
    let of = |row: Vec<Missing>| composite(&[row], &POSTS, &groups()).unwrap()[0];
    let unreported = of(vec![Value(50.0), NotReported, Value(1.0)]);
    assert!(unreported.low < of(vec![Value(50.0), Value(49.0), Value(1.0)]).low);
    assert!(unreported.high > of(vec![Value(50.0), Value(11.0), Value(1.0)]).high);
    assert!((unreported.reported - 0.625).abs() < 1e-12);
    let foreign = of(vec![Value(50.0), NotApplicable, Value(1.0)]);
    assert_eq!((foreign.low, foreign.reported), (foreign.high, 1.0));
    assert!((foreign.low - (3.0 * 50.5 + 100.0) / 4.0).abs() < 1e-9, "the other item of the group carries its weight");
    let whole_group = of(vec![NotApplicable, NotApplicable, Value(1.0)]);
    assert!((whole_group.low - 100.0).abs() < 1e-9);
}

#[test]
fn nobody_buys_off_a_failed_essential() {
    let of = |a: f64, b: f64| composite(&[vec![Value(a), Value(b), Value(1.0)]], &POSTS, &groups()).unwrap()[0].low;
    assert!(of(100.0, 50.0) < of(50.0, 30.0), "perfect and failed is worse than middling twice");
}

#[test]
fn bad_schemes_are_refused() {
    let row = [vec![Value(1.0), Value(1.0), Value(1.0)]];
    let code = |rows: &[Vec<Missing>], posts: &[Goalposts], groups: &[Group]| composite(rows, posts, groups).unwrap_err().code();
    let mut posts = POSTS;
    posts[1].best = 50.0;
    assert_eq!(code(&row, &posts, &groups()), "goalposts-equal");
    let mut bad = groups();
    bad[0].weights[0] = 0.0;
    assert_eq!(code(&row, &POSTS, &bad), "out-of-range");
    bad[0].weights.pop();
    assert_eq!(code(&row, &POSTS, &bad), "lengths-differ");
    bad = groups();
    bad[1].indicators[0] = 9;
    assert_eq!(code(&row, &POSTS, &bad), "out-of-range");
    assert_eq!(code(&[vec![Value(f64::NAN), Value(1.0), Value(1.0)]], &POSTS, &groups()), "missing-value");
    assert_eq!(code(&[vec![NotApplicable; 3]], &POSTS, &groups()), "too-few");
    assert_eq!(code(&[vec![Value(1.0)]], &POSTS, &groups()), "lengths-differ");
    assert_eq!(min_max(&[3.0, 3.0], 1, 0.0, 1.0).unwrap_err(), Refusal::AllAlike { what: "values" });
    let empty = WeightBox { low: vec![0.6, 0.6], high: vec![0.7, 0.7] };
    assert_eq!(empty.check(2).unwrap_err(), Refusal::NoAdmissibleWeights {});
    assert_eq!(empty.least(&[1.0, 2.0]), None);
}

#[test]
fn a_units_score_does_not_depend_on_who_else_takes_part() {
    let rows = [vec![Value(50.0), Value(30.0), Value(0.2)], vec![Value(90.0), Value(20.0), Value(0.9)]];
    let both = composite(&rows, &POSTS, &groups()).unwrap();
    assert_eq!(both[0], composite(&rows[..1], &POSTS, &groups()).unwrap()[0]);
}

#[test]
fn importance_is_seen_in_the_variance() {
    let normals = crate::ranks::Normals::default();
    let mut s = normals.stream(1, 1);
    let (a, b): (Vec<f64>, Vec<f64>) = (0..200).map(|_| (5.0 * s.normal(), 0.2 * s.normal())).unzip();
    let index: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a + b).collect();
    assert!(correlation_ratio(&a, &index, 10).unwrap() > 0.85);
    assert!(correlation_ratio(&b, &index, 10).unwrap() < 0.2);
    assert_eq!(correlation_ratio(&a, &vec![1.0; 200], 10).unwrap_err().code(), "all-alike");
}

#[test]
fn sampled_ranks_lie_within_the_outer_bounds() {
    let scores: Vec<Vec<f64>> = (0..12).map(|i| (0..4).map(|k| 1.0 + f64::from((i * 17 + k * 29) % 97)).collect()).collect();
    let bounds = WeightBox::around(&[0.4, 0.3, 0.2, 0.1], 0.4);
    let outer = bounds.dominance(&scores).unwrap().bounds;
    let seen = sensitivity(&scores, &bounds, false, 400, 7).unwrap();
    for (o, s) in outer.iter().zip(&seen) {
        assert!(o.best <= s.best && s.worst <= o.worst);
    }
    assert_eq!(seen, sensitivity(&scores, &bounds, false, 400, 7).unwrap());
    assert_eq!(sensitivity(&[vec![0.0], vec![1.0]], &WeightBox::fixed(&[1.0]), true, 5, 1).unwrap_err().code(), "out-of-range");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The knapsack against the corners, which hold the least value of any linear form.
    #[test]
    fn least_weighted_sum_is_at_a_corner(v in proptest::collection::vec(-5.0..5.0_f64, 4), raw in proptest::collection::vec(0.05..1.0_f64, 4), share in 0.01..0.9_f64) {
        let sum: f64 = raw.iter().sum();
        let weights: Vec<f64> = raw.iter().map(|w| w / sum).collect();
        let bounds = WeightBox::around(&weights, share);
        let corners = bounds.corners();
        let dot = |w: &[f64]| w.iter().zip(&v).map(|(w, v)| w * v).sum::<f64>();
        let least = corners.iter().map(|w| dot(w)).fold(f64::INFINITY, f64::min);
        prop_assert!((bounds.least(&v).unwrap() - least).abs() < 1e-9);
        for w in &corners {
            prop_assert!((w.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
        prop_assert!(dot(&weights) >= least - 1e-12);
    }

    #[test]
    fn dominance_is_an_order(rows in proptest::collection::vec(proptest::collection::vec(0.0..10.0_f64, 3), 2..8)) {
        let found = WeightBox::around(&[0.5, 0.3, 0.2], 0.3).dominance(&rows).unwrap();
        for i in 0..rows.len() {
            for k in 0..rows.len() {
                prop_assert!(!(found.above[i][k] && found.above[k][i]));
            }
            let Bounds { best, worst } = found.bounds[i];
            prop_assert!(1 <= best && best <= worst && worst <= rows.len());
        }
    }
}
