use proptest::prelude::*;

use super::*;

#[test]
fn invented_figures_are_seen_and_honest_ones_mostly_not() {
    let invented: Vec<u64> = (0..200).map(|i| 100 + i * 5).collect();
    assert!(heaping(&invented, 5).unwrap().p < 1e-100);
    assert!(last_digits(&invented).unwrap().p < 1e-100);
    let honest: Vec<u64> = (0..200).map(|i| 1_000 + i * i * 7 % 9_001).collect();
    assert!(heaping(&honest, 5).unwrap().p > 0.01);
    let wages: Vec<u64> = (0..100).map(|i| 5_000 + i).collect();
    assert!(first_digits(&wages).unwrap().mad > 0.15, "figures of one magnitude do not follow the law");
}

#[test]
fn screens_refuse_what_says_nothing() {
    assert_eq!(first_digits(&[0; 100]).unwrap_err().code(), "too-few");
    assert_eq!(last_digits(&[1; 10]).unwrap_err().code(), "too-few");
    assert_eq!(heaping(&[1; 10], 5).unwrap_err().code(), "too-few");
    assert_eq!(heaping(&[1; 30], 1).unwrap_err().code(), "out-of-range");
    assert_eq!(bunching(&[0.5], 0.95, 0.01).unwrap_err().code(), "too-few");
    assert_eq!(bunching(&[0.5], 0.95, 0.0).unwrap_err().code(), "out-of-range");
    assert_eq!(bunching(&[f64::NAN], 0.95, 0.1).unwrap_err().code(), "not-finite");
    assert_eq!(copies(&[vec![1, 2]], 5).unwrap_err().code(), "too-few");
    assert_eq!(similar(&[], 0.9).unwrap_err().code(), "nothing-given");
    assert_eq!(too_even(&[1.0, 2.0], &[1.0, 1.0]).unwrap_err().code(), "too-few");
    assert_eq!(too_even(&[1.0, 2.0, 3.0], &[1.0, 0.0, 1.0]).unwrap_err().code(), "no-standard-error");
    assert_eq!(perfect_share(&[(5, 4)], 0.95).unwrap_err().code(), "out-of-range");
}

#[test]
fn decimal_figures_fall_where_they_are_written() {
    // 0.95 + 0.01 and 0.96 differ in their last bit.
    let got = bunching(&[0.94, 0.949, 0.95, 0.959, 0.96, 0.939], 0.95, 0.01).unwrap();
    assert_eq!((got.above, got.below), (2, 2));
}

#[test]
fn copied_rows_are_found() {
    let rows = vec![vec![1, 2, 3, 4], vec![4, 3, 2, 1], vec![1, 2, 3, 4], vec![1, 2, 3, 5], vec![4, 3, 2, 1]];
    let found = copies(&rows, 4).unwrap();
    assert_eq!(found, [Copies { rows: vec![0, 2] }, Copies { rows: vec![1, 4] }]);
    let near = similar(&rows, 0.75).unwrap();
    assert_eq!(near.iter().map(|(i, j, _)| (*i, *j)).collect::<Vec<_>>(), [(0, 2), (0, 3), (2, 3), (1, 4)]);
}

#[test]
fn smoothed_figures_are_too_even() {
    let smooth: Vec<f64> = (0..20).map(|i| 80.0 + 0.01 * f64::from(i)).collect();
    assert!(too_even(&smooth, &[4.0; 20]).unwrap() < 1e-10);
    let rough: Vec<f64> = (0..20).map(|i| 80.0 + 2.0 * f64::from(i % 5 - 2)).collect();
    assert!(too_even(&rough, &[4.0; 20]).unwrap() > 0.05);
}

#[test]
fn all_satisfied_in_thirty_leaves_one_in_nine_unsatisfied_possible() {
    let (count, bound) = perfect_share(&[(30, 30), (12, 12), (28, 30)], 0.95).unwrap();
    assert_eq!(count, 2);
    assert!((bound.unwrap() - 0.884).abs() < 5e-4);
    assert_eq!(perfect_share(&[(28, 30)], 0.95).unwrap(), (0, None));
}

#[test]
fn ways_and_pictures() {
    let at = [(29.0, 120.0), (29.0, 120.0), (29.01, 120.0), (29.5, 120.0)];
    let v = speeds(&[0.0, 60.0, 660.0, 660.0], &at).unwrap();
    assert_eq!(v[0], 0.0);
    assert!((v[1] - 1.853).abs() < 0.01 && v[2].is_infinite());
    assert_eq!(hamming(dhash(&[[0; 9]; 8]), u64::MAX), 64);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    /// Adjusted values keep the order, are at least the plain ones, and Holm's are at least Hochberg's; against the plain definition.
    #[test]
    fn adjusted_values(p in proptest::collection::vec(0.0..=1.0_f64, 0..40)) {
        let (bh, by, h) = (benjamini_hochberg(&p), benjamini_yekutieli(&p), holm(&p));
        for i in 0..p.len() {
            prop_assert!(p[i] <= bh[i] && bh[i] <= by[i] && bh[i] <= h[i] + 1e-15 && h[i] <= 1.0);
            // BH: the least q with p_i among the first k where p_(k) <= k q / m.
            let mut sorted = p.clone();
            sorted.sort_by(f64::total_cmp);
            let m = p.len() as f64;
            let plain = (0..p.len()).filter(|k| sorted[*k] >= p[i]).map(|k| sorted[k] * m / (k + 1) as f64).fold(1.0, f64::min);
            prop_assert!((bh[i] - plain).abs() < 1e-12);
        }
        prop_assert_eq!(flagged(&bh, 1.0).len(), p.len());
    }
}
