use proptest::prelude::*;

use super::*;
use crate::{Refusal, ranks::Normals};

fn score(unit: usize, inspector: usize, score: f64) -> Score {
    Score { unit, inspector, score }
}

/// Everybody inspects some villages, two of the inspectors each.
fn inspections(units: usize, inspectors: usize, severity: &[f64], noise: f64, seed: u64) -> Vec<Score> {
    let normals = Normals::default();
    let mut s = normals.stream(seed, 0);
    (0..units)
        .flat_map(|u| {
            let level = 80.0 + 5.0 * s.normal();
            let first = u % inspectors;
            let second = (first + 1 + u / inspectors % (inspectors - 1)) % inspectors;
            [first, second].map(|i| score(u, i, level + severity[i] + noise * s.normal()))
        })
        .collect()
}

#[test]
fn a_severe_inspector_does_not_move_a_village() {
    let none = [0.0; 5];
    let mut severe = none;
    severe[2] = -10.0;
    let fair = two_way(&inspections(40, 5, &none, 0.5, 3)).unwrap();
    let unfair = two_way(&inspections(40, 5, &severe, 0.5, 3)).unwrap();
    for (a, b) in fair.units.iter().zip(&unfair.units) {
        // All move by the −2 points of the average inspector, nobody by more.
        assert!((a - b - 2.0).abs() < 1e-8, "{a} {b}");
    }
    assert!((unfair.severity[2] + 8.0 - fair.severity[2]).abs() < 1e-8);
    assert!(unfair.severity.iter().sum::<f64>().abs() < 1e-9);
}

#[test]
fn without_a_link_nothing_is_compared() {
    let scores = [score(0, 0, 1.0), score(0, 1, 2.0), score(1, 0, 3.0), score(2, 2, 1.0), score(2, 3, 2.0), score(3, 2, 2.0)];
    assert_eq!(two_way(&scores).unwrap_err(), Refusal::NotConnected { groups: 2, unit: 0, other: 2 });
    let (units, inspectors) = components(4, 4, scores.iter().map(|s| (s.unit, s.inspector)));
    assert_eq!((units, inspectors), (vec![0, 0, 1, 1], vec![0, 0, 1, 1]));
    // One double inspection across links them; then degrees of freedom decide.
    let mut linked = scores.to_vec();
    linked.push(score(3, 0, 2.0));
    assert_eq!(two_way(&linked).unwrap_err().code(), "too-few");
    linked.push(score(1, 1, 2.0));
    assert!(two_way(&linked).is_ok());
    assert_eq!(two_way(&[]).unwrap_err().code(), "nothing-given");
    assert_eq!(two_way(&[score(0, 0, f64::NAN)]).unwrap_err().code(), "not-finite");
    assert_eq!(two_way(&[score(0, 0, 1.0), score(2, 0, 1.0)]).unwrap_err().code(), "out-of-range", "unit 1 has no score");
    assert_eq!(variance_components(&[score(0, 0, 1.0), score(1, 0, 2.0)]).unwrap_err().code(), "too-few");
    let alike: Vec<Score> = (0..8).map(|i| score(i / 2, i % 2, 5.0)).collect();
    assert_eq!(variance_components(&alike).unwrap_err().code(), "all-alike");
}

#[test]
fn known_components_come_back() {
    let normals = Normals::default();
    let mut s = normals.stream(9, 0);
    let severity: Vec<f64> = (0..30).map(|_| 3.0 * s.normal()).collect();
    let found = variance_components(&inspections(900, 30, &severity, 2.0, 4)).unwrap();
    assert!((found.unit.sqrt() - 5.0).abs() < 0.4 && (found.error.sqrt() - 2.0).abs() < 0.2, "{found:?}");
    assert!((found.inspector.sqrt() - 3.0).abs() < 1.2);
    // Without differences between inspectors their variance comes out as nothing or nearly so.
    let none = variance_components(&inspections(300, 6, &[0.0; 6], 2.0, 5)).unwrap();
    assert!(none.inspector < 0.3, "{}", none.inspector);
}

#[test]
fn shared_inspectors_make_counties_move_together() {
    let scores = inspections(24, 4, &[1.0, -2.0, 0.0, 3.0], 1.0, 8);
    let fit = two_way(&scores).unwrap();
    let group: Vec<usize> = (0..24).map(|u| u / 8).collect();
    let (means, covariance) = fit.group_means(&group).unwrap();
    for (g, mean) in means.iter().enumerate() {
        let own: Vec<usize> = (0..24).filter(|u| group[*u] == g).collect();
        assert!((mean - own.iter().map(|u| fit.units[*u]).sum::<f64>() / 8.0).abs() < 1e-9);
        for h in 0..3 {
            let other: Vec<usize> = (0..24).filter(|u| group[*u] == h).collect();
            let plain: f64 = own.iter().flat_map(|a| other.iter().map(|b| fit.covariance(*a, *b))).sum::<f64>() / 64.0;
            assert!((covariance[g * 3 + h] - plain).abs() < 1e-9);
        }
    }
    assert_eq!(fit.group_means(&[0; 3]).unwrap_err().code(), "lengths-differ");
}

#[test]
fn favouring_one_county_shows() {
    let mut scores = inspections(60, 5, &[0.0; 5], 1.0, 12);
    let county: Vec<usize> = (0..60).map(|u| usize::from(u >= 30)).collect();
    let fair = interaction(&scores, &county).unwrap();
    assert!(fair.p > 0.01, "{}", fair.p);
    for s in scores.iter_mut().filter(|s| s.inspector == 1 && s.unit < 30) {
        s.score += 6.0;
    }
    let found = interaction(&scores, &county).unwrap();
    assert!(found.p < 1e-6, "{}", found.p);
    let worst = found.cells.iter().max_by(|a, b| a.mean.total_cmp(&b.mean)).unwrap();
    assert_eq!((worst.group, worst.inspector), (0, 1));
    assert!(worst.p < 0.01);
    assert_eq!(interaction(&scores, &[0; 60]).unwrap_err().code(), "too-few", "one county has nothing to compare with");
}

fn answer(unit: usize, inspector: usize, item: usize, pass: bool) -> Answer {
    Answer { unit, inspector, item, pass }
}

#[test]
fn units_with_nothing_but_passes_are_listed() {
    let pattern = [true, false, true, true, false, false, true, false];
    let mut answers = Vec::new();
    for unit in 0..6 {
        for inspector in 0..2 {
            for item in 0..2 {
                let pass = unit == 5 || pattern[(unit * 3 + inspector * 2 + item) % 8] || (unit == 0 && item == 0);
                answers.push(answer(unit, inspector, item, pass));
            }
        }
    }
    let fit = rasch(&answers).unwrap();
    assert_eq!(fit.theta[5], None);
    assert!(fit.theta[..5].iter().all(|t| t.is_some_and(f64::is_finite)));
    assert!(fit.severity.iter().sum::<f64>().abs() < 1e-9 && fit.difficulty.iter().sum::<f64>().abs() < 1e-9);
    let code = |answers: &[Answer]| rasch(answers).unwrap_err().code();
    assert_eq!(code(&[]), "nothing-given");
    let passes: Vec<Answer> = answers.iter().map(|a| Answer { pass: true, ..*a }).collect();
    assert_eq!(code(&passes), "all-pass-or-fail");
    let easy: Vec<Answer> = answers.iter().map(|a| Answer { pass: a.pass || a.item == 1, ..*a }).collect();
    assert_eq!(rasch(&easy).unwrap_err(), Refusal::AllPassOrFail { kind: "item", index: 1 });
    // Two inspectors who share no unit.
    let apart: Vec<Answer> = answers.iter().filter(|a| (a.unit < 3) == (a.inspector == 0)).copied().collect();
    assert!(matches!(code(&apart), "not-connected" | "all-pass-or-fail"));
}

#[test]
fn agreement_at_its_ends() {
    let perfect = vec![vec![1.0, 1.0], vec![2.0, 2.0], vec![3.0, 3.0, 3.0], vec![4.0]];
    for metric in [Metric::Nominal, Metric::Ordinal, Metric::Interval, Metric::Ratio] {
        assert_eq!(krippendorff(&perfect, metric).unwrap(), 1.0);
    }
    assert_eq!(raw_agreement(&perfect).unwrap(), 1.0);
    let alike = vec![vec![1.0, 1.0]; 5];
    assert_eq!(krippendorff(&alike, Metric::Nominal).unwrap_err(), Refusal::AllAlike { what: "ratings" });
    // Nearly everybody passes and one pair disagrees: alpha is near 0 although 19 of 20 agree.
    let mut nearly = vec![vec![1.0, 1.0]; 19];
    nearly.push(vec![1.0, 0.0]);
    assert!(krippendorff(&nearly, Metric::Nominal).unwrap() < 0.05);
    assert_eq!(raw_agreement(&nearly).unwrap(), 0.95);
    assert_eq!(krippendorff(&[vec![1.0], vec![2.0]], Metric::Nominal).unwrap_err().code(), "too-few");
    assert_eq!(raw_agreement(&[vec![1.0]]).unwrap_err().code(), "too-few");
    assert_eq!(krippendorff(&[vec![1.0, f64::NAN]], Metric::Nominal).unwrap_err().code(), "not-finite");
    let (low, high) = krippendorff_interval(&perfect, Metric::Interval, 100, 3, 0.95).unwrap();
    assert_eq!((low, high), (1.0, 1.0));
    assert_eq!(icc(&[vec![1.0, 1.0], vec![1.0, 1.0]]).unwrap_err().code(), "all-alike");
    assert_eq!(icc(&[vec![1.0, 2.0]]).unwrap_err().code(), "too-few");
    assert_eq!(icc(&[vec![1.0, 2.0], vec![1.0]]).unwrap_err().code(), "lengths-differ");
    let offset = vec![vec![1.0, 3.0], vec![5.0, 7.0], vec![9.0, 11.0]];
    let found = icc(&offset).unwrap();
    assert!((found.consistency - 1.0).abs() < 1e-12 && found.single < 1.0, "a constant distance is consistent, not in agreement");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    /// The fit solves the normal equations: residuals add up to nothing for every unit and every inspector.
    #[test]
    fn residuals_are_orthogonal(seed: u64, units in 10_usize..40, inspectors in 2_usize..6) {
        let scores = inspections(units, inspectors, &[1.0, -3.0, 0.5, 2.0, 0.0, 7.0], 1.5, seed);
        let Ok(fit) = two_way(&scores) else { return Ok(()) };
        for u in 0..units {
            let sum: f64 = scores.iter().zip(&fit.residuals).filter(|(s, _)| s.unit == u).map(|(_, r)| r).sum();
            prop_assert!(sum.abs() < 1e-8);
        }
        for i in 0..inspectors {
            let sum: f64 = scores.iter().zip(&fit.residuals).filter(|(s, _)| s.inspector == i).map(|(_, r)| r).sum();
            prop_assert!(sum.abs() < 1e-7);
        }
    }
}
