//! Published small problems with known optima that are special cases of the planner's model: all must be found and proven.
//!
//! What is covered: projects under a budget (knapsacks), several resources of different earmarks (multidimensional knapsacks: each
//! resource a pool and a work of its own, done together), several one-year budgets (multiple knapsacks), choice among standards,
//! prerequisites, fixed and forbidden decisions. What of prioritizr and oppr is not covered is said in `docs/benchmarks.md`.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use planner::{
    check::check,
    demands::{Demands, Fixed, Forbidden},
    instance::{FORMAT, Instance, Need, Pool, PoolKind, Village, Work, WorkOption},
    solve::{End, Settings, Wish, solve},
};

/// A standard that costs shared money only.
fn option(level: i64, shared: i64, benefit: i64) -> WorkOption {
    WorkOption { level, earliest: 0, shared, own: 0, labour: 0, benefit }
}

/// An instance in which pool k pays for work k alone; `caps` by pool, then by year.
fn instance(caps: &[&[i64]], needs: Vec<Vec<Need>>, pred: Vec<[i64; 3]>) -> Instance {
    let works = needs.iter().flatten().map(|need| need.work as usize + 1).max().unwrap();
    let village = |(v, needs): (usize, Vec<Need>)| Village {
        code: format!("v{v:02}"),
        name: String::new(),
        town: "330101001".into(),
        county: "330101".into(),
        city: "3301".into(),
        pop: 1,
        demo: 0,
        x: 0,
        y: 0,
        load: 0,
        own: 0,
        labour: 0,
        needs,
    };
    let pool = |(p, cap): (usize, &&[i64])| Pool {
        id: format!("p{p}"),
        source: "published".into(),
        place: "3301".into(),
        kind: PoolKind::Annual,
        cap: cap.to_vec(),
        share: (0..works).map(|w| if caps.len() == 1 || w == p { 100 } else { 0 }).collect(),
    };
    let years = caps[0].len();
    Instance {
        format: FORMAT.into(),
        seed: 0,
        place: "33".into(),
        years: years as i64,
        disc_permille: vec![1000; years],
        works: (0..works).map(|w| Work { id: format!("w{w}"), load: 0 }).collect(),
        pred,
        demo_years: 0,
        demo_share_pct: 0,
        bonus_pct: 0,
        line_works: Vec::new(),
        pools: caps.iter().enumerate().map(pool).collect(),
        villages: needs.into_iter().enumerate().map(village).collect(),
        edges: Vec::new(),
    }
}

/// Solves to the proven end; (village, work, level) of what is done, and the objective in points.
fn proven(instance: &Instance, demands: &Demands) -> (Vec<(i64, i64, i64)>, i64) {
    let solution = solve(instance, demands, &Settings::default(), |_| Wish::Continue).unwrap();
    assert!(check(instance, &solution.plan).feasible());
    assert_eq!((solution.end, solution.plan.objective), (End::Proven, solution.plan.bound));
    (solution.plan.choices.iter().map(|c| (c.village, c.work, c.level)).collect(), solution.plan.objective / 1000)
}

/// Items with a profit and what they use of each resource: a village for each item, a pool and a work for each resource.
fn multidimensional(profits: &[i64], uses: &[&[i64]], capacities: &[i64]) -> i64 {
    let last = uses.len() - 1;
    let item = |j: usize| {
        let need =
            |k: usize| Need { work: k as i64, options: vec![option(1, uses[k][j], if k == last { profits[j] } else { 0 })] };
        (0..uses.len()).map(need).collect::<Vec<_>>()
    };
    let caps: Vec<&[i64]> = capacities.chunks(1).collect();
    let pred = (1..uses.len() as i64).map(|k| [k, k - 1, 0]).collect();
    proven(&instance(&caps, (0..profits.len()).map(item).collect(), pred), &Demands::default()).1
}

/// Data sets P01, P02, P07 and P08 of J. Burkardt's page KNAPSACK_01 (Florida State University), from Martello and Toth 1990 and Kreher and
/// Stinson 1998.
#[test]
fn knapsacks() {
    let p = [92, 57, 49, 68, 60, 43, 67, 84, 87, 72];
    let w = [23, 31, 29, 44, 53, 38, 63, 85, 89, 82];
    assert_eq!(multidimensional(&p, &[&w], &[165]), 309);
    assert_eq!(multidimensional(&[24, 13, 23, 15, 16], &[&[12, 7, 11, 8, 9]], &[26]), 51);
    let p = [135, 139, 149, 150, 156, 163, 173, 184, 192, 201, 210, 214, 221, 229, 240];
    let w = [70, 73, 77, 80, 82, 87, 90, 94, 98, 106, 110, 113, 115, 118, 120];
    assert_eq!(multidimensional(&p, &[&w], &[750]), 1458);
    let p = [
        825_594, 1_677_009, 1_676_628, 1_523_970, 943_972, 97_426, 69_666, 1_296_457, 1_679_693, 1_902_996, 1_844_992, 1_049_289,
        1_252_836, 1_319_836, 953_277, 2_067_538, 675_367, 853_655, 1_826_027, 65_731, 901_489, 577_243, 466_257, 369_261,
    ];
    let w = [
        382_745, 799_601, 909_247, 729_069, 467_902, 44_328, 34_610, 698_150, 823_460, 903_959, 853_665, 551_830, 610_856,
        670_702, 488_960, 951_111, 323_046, 446_298, 931_161, 31_385, 496_951, 264_724, 224_916, 169_684,
    ];
    assert_eq!(multidimensional(&p, &[&w], &[6_404_180]), 13_549_094);
}

/// Petersen 1967 (research projects under ten budgets), the first problem of OR-Library's `mknap1`.
#[test]
fn six_projects_under_ten_budgets() {
    let uses: [&[i64]; 10] = [
        &[8, 12, 13, 64, 22, 41],
        &[8, 12, 13, 75, 22, 41],
        &[3, 6, 4, 18, 6, 4],
        &[5, 10, 8, 32, 6, 12],
        &[5, 13, 8, 42, 6, 20],
        &[5, 13, 8, 48, 6, 20],
        &[0, 0, 0, 0, 8, 0],
        &[3, 0, 4, 0, 8, 0],
        &[3, 2, 4, 0, 8, 4],
        &[3, 2, 4, 8, 8, 4],
    ];
    let capacities = [80, 96, 20, 36, 44, 48, 10, 18, 22, 24];
    assert_eq!(multidimensional(&[100, 600, 1200, 2400, 500, 2000], &uses, &capacities), 3800);
}

/// Weingartner and Ness 1967 (capital budgeting over two periods), problems `WEING1` to `WEING6` of OR-Library's `mknap2`.
#[test]
fn capital_budgeting_over_two_periods() {
    let profits = [
        1898, 440, 22507, 270, 14148, 3100, 4650, 30800, 615, 4975, 1160, 4225, 510, 11880, 479, 440, 490, 330, 110, 560, 24355,
        2885, 11748, 4550, 750, 3720, 1950, 10500,
    ];
    let first = [45, 0, 85, 150, 65, 95, 30, 0, 170, 0, 40, 25, 20, 0, 0, 25, 0, 0, 25, 0, 165, 0, 85, 0, 0, 0, 0, 100];
    let second = [30, 20, 125, 5, 80, 25, 35, 73, 12, 15, 15, 40, 5, 10, 10, 12, 10, 9, 0, 20, 60, 40, 50, 36, 49, 40, 19, 150];
    let optima = [
        ([600, 600], 141_278),
        ([500, 500], 130_883),
        ([300, 300], 95_677),
        ([300, 600], 119_337),
        ([600, 300], 98_796),
        ([562, 497], 130_623),
    ];
    for (capacities, optimum) in optima {
        assert_eq!(multidimensional(&profits, &[&first, &second], &capacities), optimum, "{capacities:?}");
    }
}

/// Two knapsacks as the budgets of two years, none of which lasts: Martello and Toth 1990, chapter 6; also the examples of `mknapsack` in the
/// R package adagio.
#[test]
fn several_knapsacks_are_budgets_of_years() {
    let solved = |profits: &[i64], weights: &[i64], capacities: &[i64]| {
        let item = |(&p, &w): (&i64, &i64)| vec![Need { work: 0, options: vec![option(1, w, p)] }];
        let needs = profits.iter().zip(weights).map(item).collect();
        proven(&instance(&[capacities], needs, Vec::new()), &Demands::default()).1
    };
    assert_eq!(solved(&[110, 150, 70, 80, 30, 5], &[40, 60, 30, 40, 20, 5], &[65, 85]), 345);
    let (p, w) = ([78, 35, 89, 36, 94, 75, 74, 79, 80, 16], [18, 9, 23, 20, 59, 61, 70, 75, 76, 30]);
    assert_eq!(solved(&p, &w, &[103, 156]), 452);
}

/// The example of oppr's README (Hanson and others 2019): five features, each helped by one project of one action, budget 400. Numbers as printed
/// there, rounded; the solution printed is to fund all but F3, for an objective of 1.75.
#[test]
fn five_projects_of_oppr() {
    let weight = [0.211, 0.211, 0.221, 0.630, 1.59];
    let success = [0.919, 0.923, 0.829, 0.848, 0.814];
    let persists = [0.791, 0.888, 0.502, 0.690, 0.617];
    let baseline = [0.298, 0.250, 0.0865, 0.249, 0.182];
    let cost = [944, 1010, 1030, 992, 999];
    let alone: f64 = weight.iter().zip(baseline).map(|(w, b)| w * b).sum();
    let project = |f: usize| {
        // With the project, a feature is lost only where both the project and the baseline fail.
        let funded = 1.0 - (1.0 - success[f] * persists[f]) * (1.0 - baseline[f]);
        let gain = (1e6 * weight[f] * (funded - baseline[f])).round() as i64;
        vec![Need { work: 0, options: vec![option(1, cost[f], gain)] }]
    };
    let (done, gain) = proven(&instance(&[&[4000]], (0..5).map(project).collect(), Vec::new()), &Demands::default());
    assert_eq!(done, [(0, 0, 1), (1, 0, 1), (3, 0, 1), (4, 0, 1)]);
    assert!((alone + gain as f64 / 1e6 - 1.75).abs() < 0.005);
}

/// Two problems of oppr's tests of its weighted-sum objective. Projects that help the same features are the standards of one work, and a project that
/// needs more actions than another comes after it.
#[test]
fn projects_of_oppr_that_exclude_or_need_each_other() {
    // Features F1 and F2 both persist by P3 with 0.94 × 0.8, or F1 by P1 with 0.95 × 0.91 and F2 by P2 with 0.96 × 0.92; 0.1 each without, and F3.
    let (one, two, both) = (8645 - 1000, 8832 - 1000, 2 * (7520 - 1000));
    let options = vec![option(1, 10, one), option(2, 10, two), option(3, 15, both), option(4, 20, one + two)];
    let solved = |budget: i64| {
        let needs = vec![vec![Need { work: 0, options: options.clone() }]];
        let (done, gain) = proven(&instance(&[&[budget]], needs, Vec::new()), &Demands::default());
        (done[0].2, 3000 + gain)
    };
    assert_eq!(solved(16), (3, 7520 + 7520 + 1000));
    assert_eq!(solved(26), (4, 8645 + 8832 + 1000));
    // Projects a, b and c of actions {1, 2, 3}, {2, 3} and {3}: F1 persists with 0.27, 0.18 and 0.09, or 0.01; F2 with 0.01.
    let gains = [9, 9, 8];
    let action = |a: usize| Need { work: a as i64, options: vec![option(1, 5, gains[a])] };
    let needs = vec![(0..3).map(action).collect()];
    let (done, gain) = proven(&instance(&[&[10]], needs, vec![[0, 1, 0], [1, 2, 0]]), &Demands::default());
    assert_eq!((done, gain + 1 + 1), (vec![(0, 1, 1), (0, 2, 1)], 19));
}

/// prioritizr's test of its maximum-utility objective: planning units that cost 1, 2 and 2 under a budget of 4.23, the second locked in and the first
/// locked out; utility is the sum of both features.
#[test]
fn planning_units_of_prioritizr() {
    let unit = |(cost, utility): (i64, i64)| vec![Need { work: 0, options: vec![option(1, cost, utility)] }];
    let needs = [(100, 12), (200, 11), (200, 11)].map(unit).to_vec();
    let fixed = vec![Fixed { village: 1, work: 0, level: None, year: None }];
    let forbidden = vec![Forbidden { village: 0, work: 0, year: None }];
    let instance = instance(&[&[423]], needs, Vec::new());
    assert_eq!(proven(&instance, &Demands { fixed, forbidden }), (vec![(1, 0, 1), (2, 0, 1)], 22));
    assert_eq!(proven(&instance, &Demands::default()).1, 23);
}
