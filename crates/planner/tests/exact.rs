//! Small instances: the planner's optimum equals the one found by trying everything.

mod small;

use planner::{
    check::check,
    demands::{Demands, Fixed, Forbidden},
    solve::{End, Failure, Settings, Wish, certify, solve},
};
use proptest::prelude::*;
use small::{Dice, brute_force, tiny};

fn settings() -> Settings {
    Settings { effort: 0.1, ..Settings::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_optimum_is_that_of_trying_everything(seed in any::<u64>()) {
        let instance = tiny(seed);
        prop_assume!(planner::instance::validate(&instance).is_ok());
        let best = brute_force(&instance, |_, _, _, _| true, |_, _| true).expect("to do nothing is a plan");
        let solution = solve(&instance, &Demands::default(), &settings(), |_| Wish::Continue).expect("to do nothing is a plan");
        prop_assert_eq!(solution.plan.objective, best);
        prop_assert_eq!(solution.plan.bound, best);
        let verdict = check(&instance, &solution.plan);
        prop_assert!(verdict.feasible(), "{:?}", verdict.violations);
        // Any multipliers prove a bound, not only good ones.
        let mut multipliers = solution.multipliers.clone();
        prop_assert!(certify(&instance, &Demands::default(), &multipliers, 1).unwrap() >= best);
        let mut dice = Dice::new(seed);
        multipliers.money.iter_mut().flatten().for_each(|price| *price = dice.roll(4000) as f64);
        multipliers.splits.iter_mut().for_each(|split| *split = dice.roll(101) as f64 / 100.0);
        prop_assert!(certify(&instance, &Demands::default(), &multipliers, 1).unwrap() >= best);
    }

    #[test]
    fn demands_are_met_or_clash(seed in any::<u64>()) {
        let instance = tiny(seed);
        prop_assume!(planner::instance::validate(&instance).is_ok());
        let mut dice = Dice::new(seed ^ 77);
        let mut demands = Demands::default();
        for (v, village) in instance.villages.iter().enumerate() {
            for need in &village.needs {
                let work = need.work as usize;
                let year = (dice.roll(2) == 0).then(|| dice.roll(instance.years) as usize);
                match dice.roll(5) {
                    0 => demands.fixed.push(Fixed { village: v, work, level: None, year }),
                    1 => demands.forbidden.push(Forbidden { village: v, work, year }),
                    _ => {}
                }
            }
        }
        let allowed = |v: usize, work: i64, _: i64, year: i64| {
            let of = |village: usize, of: usize| (village, of as i64) == (v, work);
            !demands.forbidden.iter().any(|f| of(f.village, f.work) && f.year.is_none_or(|y| y as i64 == year))
        };
        let wanted = |v: usize, choices: &small::Choices| {
            let done = |f: &Fixed| choices.iter().any(|c| c.0 == f.work as i64 && f.year.is_none_or(|y| y as i64 == c.2));
            demands.fixed.iter().filter(|f| f.village == v).all(done)
        };
        let best = brute_force(&instance, allowed, wanted);
        match solve(&instance, &demands, &settings(), |_| Wish::Continue) {
            Ok(solution) => {
                prop_assert_eq!(Some(solution.plan.objective), best);
                prop_assert!(check(&instance, &solution.plan).feasible());
            }
            Err(Failure::Clash(clash)) => {
                prop_assert_eq!(best, None);
                prop_assert!(!clash.parties.is_empty());
            }
            Err(Failure::NotFound) => prop_assert_eq!(best, None),
            Err(other) => prop_assert!(false, "{}", other),
        }
    }
}

/// Instances that were once left unproven: a node in which a village has no plan was kept, and a bound found on the way out was forgotten.
#[test]
fn few_villages_are_searched_to_the_end() {
    for seed in [10_327_555_438_013_972_235, 9_029_404_647_283_100_961] {
        let solution = solve(&tiny(seed), &Demands::default(), &settings(), |_| Wish::Continue).expect("to do nothing is a plan");
        assert_eq!((solution.plan.bound, solution.end), (solution.plan.objective, End::Proven), "seed {seed}");
    }
}
