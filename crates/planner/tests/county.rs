//! Counties: determinism, stops, warm starts, and what the checker refuses.

mod small;

use planner::{
    check::{Rule, check},
    demands::{Demands, Fixed},
    instance::{Instance, PoolKind},
    plan::Plan,
    solve::{End, Settings, Solution, Wish, certify, solve, solve_again},
};
use proptest::prelude::*;
use small::{Dice, county};

fn settings() -> Settings {
    Settings { effort: 0.05, exact_villages: 0, ..Settings::default() }
}

fn solved(instance: &Instance, settings: &Settings) -> Solution {
    solve(instance, &Demands::default(), settings, |_| Wish::Continue).expect("to do nothing is a plan")
}

#[test]
fn plans_do_not_depend_on_the_number_of_threads() {
    for bonus in [false, true] {
        let instance = county(5, 90, 3, bonus);
        let one = solved(&instance, &settings());
        let two = solved(&instance, &Settings { threads: 2, ..settings() });
        assert_eq!(one.plan, two.plan);
        assert_eq!(one.multipliers, two.multipliers);
        assert!(one.plan.gap() < 0.05, "{}", one.plan.gap());
        assert!(certify(&instance, &Demands::default(), &one.multipliers, 2).unwrap() >= one.plan.objective);
    }
}

#[test]
fn plans_do_not_depend_on_the_order_of_villages_and_pools() {
    let instance = county(6, 60, 2, true);
    let mut turned = instance.clone();
    turned.villages.reverse();
    turned.pools.reverse();
    let last = instance.villages.len() as i64 - 1;
    turned.edges = instance.edges.iter().map(|&[i, j]| [last - j, last - i]).collect();
    let (one, other) = (solved(&instance, &settings()).plan, solved(&turned, &settings()).plan);
    assert_eq!((one.objective, one.bound), (other.objective, other.bound));
    let mut back: Vec<_> = other.choices.iter().map(|c| planner::plan::Choice { village: last - c.village, ..*c }).collect();
    back.sort_unstable();
    assert_eq!(one.choices, back);
}

#[test]
fn a_stop_at_any_time_leaves_a_valid_plan() {
    let instance = county(7, 60, 2, true);
    for reports in [1, 2, 5, 9, 14, 20] {
        let mut heard = 0;
        let solution = solve(&instance, &Demands::default(), &settings(), |_| {
            heard += 1;
            if heard >= reports { Wish::Stop } else { Wish::Continue }
        })
        .unwrap();
        assert!(check(&instance, &solution.plan).feasible());
        assert_eq!(solution.end, End::Stopped);
    }
}

#[test]
fn progress_only_gets_better() {
    let instance = county(8, 60, 1, false);
    let (mut objective, mut bound) = (None, i64::MAX);
    let solution = solve(&instance, &Demands::default(), &settings(), |progress| {
        assert!(progress.objective >= objective && progress.bound.unwrap_or(i64::MAX) <= bound);
        (objective, bound) = (progress.objective, progress.bound.unwrap_or(bound));
        Wish::Continue
    })
    .unwrap();
    assert!(solution.plan.objective >= objective.unwrap() && solution.plan.bound <= bound);
}

#[test]
fn a_change_of_funds_starts_from_what_is_known() {
    let mut instance = county(9, 120, 2, false);
    let first = solved(&instance, &settings());
    instance.pools[0].cap.iter_mut().for_each(|cap| *cap = *cap * 11 / 10);
    let fresh = solved(&instance, &settings());
    let again = solve_again(&instance, &Demands::default(), &settings(), Some(&first.memory), |_| Wish::Continue).unwrap();
    assert!(check(&instance, &again.plan).feasible());
    assert!(again.plan.bound >= fresh.plan.objective && fresh.plan.bound >= again.plan.objective);
    assert!(again.plan.gap() < fresh.plan.gap() + 0.01, "{} {}", again.plan.gap(), fresh.plan.gap());
}

#[test]
fn what_is_fixed_without_a_year_finds_one_that_can_be_paid() {
    let instance = county(11, 60, 2, false);
    let free = solved(&instance, &settings()).plan;
    // Half of what the free plan does is fixed, the year left open.
    let fixed = free.choices.iter().step_by(2).map(|c| Fixed {
        village: c.village as usize,
        work: c.work as usize,
        level: Some(c.level),
        year: None,
    });
    let demands = Demands { fixed: fixed.collect(), forbidden: Vec::new() };
    let solution = solve(&instance, &demands, &settings(), |_| Wish::Continue).unwrap();
    assert!(check(&instance, &solution.plan).feasible());
    for fixed in &demands.fixed {
        let holds = |c: &planner::plan::Choice| {
            (c.village, c.work, Some(c.level)) == (fixed.village as i64, fixed.work as i64, fixed.level)
        };
        assert!(solution.plan.choices.iter().any(holds));
    }
    assert!(solution.plan.bound >= free.objective && solution.plan.gap() < 0.05, "{}", solution.plan.gap());
}

#[test]
fn more_money_never_lowers_a_certified_bound_below_a_plan() {
    let mut instance = county(10, 50, 2, true);
    let poor = solved(&instance, &settings()).plan;
    instance.pools.iter_mut().flat_map(|pool| &mut pool.cap).for_each(|cap| *cap += *cap / 2 + 1);
    let rich = solved(&instance, &settings()).plan;
    assert!(rich.bound >= poor.objective);
}

/// A change of a plan, and the rule that it must break.
fn mutated(instance: &Instance, plan: &Plan, dice: &mut Dice) -> Option<(Plan, Rule)> {
    let mut other = plan.clone();
    let at = dice.roll(other.choices.len() as i64) as usize;
    let choice = other.choices[at];
    let village = &instance.villages[choice.village as usize];
    let need = village.needs.iter().find(|need| need.work == choice.work)?;
    let option = need.options.iter().find(|option| option.level == choice.level)?;
    match dice.roll(7) {
        0 => {
            other.choices.push(choice);
            Some((other, Rule::Once))
        }
        1 if option.benefit > 0 => {
            other.choices.remove(at);
            Some((other, Rule::Objective))
        }
        2 if option.earliest > 0 => {
            other.choices[at].year = option.earliest - 1;
            Some((other, Rule::Earliest))
        }
        3 => {
            other.choices[at].level = 99;
            Some((other, Rule::Exists))
        }
        4 if !other.funds.is_empty() => {
            let at = dice.roll(other.funds.len() as i64) as usize;
            other.funds[at].amount += 1;
            Some((other, Rule::Paid))
        }
        5 => {
            other.bound = other.objective - 1;
            Some((other, Rule::Bound))
        }
        6 => {
            // All of one pool's money and more, in one cell.
            let payment = other.funds.first_mut()?;
            let pool = &instance.pools[payment.pool as usize];
            payment.amount = match pool.kind {
                PoolKind::Annual => pool.cap[payment.year as usize] + 1,
                PoolKind::Cumulative => pool.cap[..=payment.year as usize].iter().sum::<i64>() + 1,
            };
            Some((other, Rule::Cap))
        }
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_checker_takes_our_plans_and_refuses_changed_ones(seed in any::<u64>()) {
        let instance = county(seed, 40, 2, seed % 2 == 0);
        prop_assume!(planner::instance::validate(&instance).is_ok());
        let plan = solved(&instance, &settings()).plan;
        prop_assert!(check(&instance, &plan).feasible());
        prop_assume!(!plan.choices.is_empty());
        let mut dice = Dice::new(seed);
        for _ in 0..30 {
            if let Some((other, rule)) = mutated(&instance, &plan, &mut dice) {
                let verdict = check(&instance, &other);
                prop_assert!(verdict.violations.iter().any(|v| v.rule == rule), "{rule:?} in {:?}", verdict.violations);
            }
        }
    }
}
