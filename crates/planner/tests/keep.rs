//! Planning anew while a former plan is kept: the optimum is that of trying everything, and the report of what moved is right.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod small;

use planner::{
    check::check,
    demands::Demands,
    instance::Instance,
    keep::{Fate, Keep, changes},
    plan::{Choice, Plan},
    solve::{End, Failure, Settings, Solution, Wish, certify, certify_keeping, solve, solve_keeping},
};
use proptest::prelude::*;
use small::{Dice, brute_force, brute_force_with, county, tiny};

fn solved(instance: &Instance, settings: &Settings) -> Solution {
    solve(instance, &Demands::default(), settings, |_| Wish::Continue).expect("to do nothing is a plan")
}

fn kept(instance: &Instance, settings: &Settings, keep: &Keep) -> Solution {
    solve_keeping(instance, &Demands::default(), settings, None, keep, |_| Wish::Continue).expect("to do nothing is a plan")
}

/// Some decisions, whether a plan could hold them or not.
fn former(instance: &Instance, dice: &mut Dice) -> Vec<Choice> {
    let mut choices = Vec::new();
    for (v, village) in instance.villages.iter().enumerate() {
        for work in 0..instance.works.len() as i64 {
            if dice.roll(3) > 0 {
                let level = dice.roll(village.needs.len() as i64 + 2);
                choices.push(Choice { village: v as i64, work, level, year: dice.roll(instance.years) });
            }
        }
    }
    choices
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_left_after_the_price_is_the_most_there_is(seed in any::<u64>()) {
        let instance = tiny(seed);
        prop_assume!(planner::instance::validate(&instance).is_ok());
        let mut dice = Dice::new(seed ^ 5);
        let price = [0, 1, 4, 20, 1_000_000][dice.roll(5) as usize];
        let keep = Keep { choices: former(&instance, &mut dice), price };
        let holds = |v: usize, choices: &small::Choices| {
            let is = |c: &(i64, planner::instance::WorkOption, i64)| {
                keep.choices.contains(&Choice { village: v as i64, work: c.0, level: c.1.level, year: c.2 })
            };
            choices.iter().filter(|c| is(c)).count() as i64
        };
        let all = keep.choices.len() as i64;
        let charged = |v: usize, choices: &small::Choices| 1000 * price * holds(v, choices);
        let best = brute_force_with(&instance, |_, _, _, _| true, |_, _| true, charged).unwrap() - 1000 * price * all;
        let free = brute_force(&instance, |_, _, _, _| true, |_, _| true).unwrap();

        let settings = Settings { effort: 0.1, ..Settings::default() };
        let solution = kept(&instance, &settings, &keep);
        let net = solution.net.unwrap();
        prop_assert_eq!((net.objective, net.bound, solution.end), (best, best, End::Proven));
        prop_assert_eq!(net.former as i64, all);
        prop_assert_eq!(net.objective, solution.plan.objective - 1000 * price * net.moved as i64);
        // The plain plan: checked against the instance as it is, with a bound that holds for every plan.
        let verdict = check(&instance, &solution.plan);
        prop_assert!(verdict.feasible(), "{:?}", verdict.violations);
        prop_assert!(solution.plan.bound >= free);
        if price == 0 {
            prop_assert_eq!(solution.plan.objective, free);
        }
        let before = Plan { choices: keep.choices.clone(), ..solution.plan.clone() };
        let moved = changes(&instance, &before, &solution.plan).iter().filter(|c| !matches!(c.fate, Fate::Kept | Fate::Added)).count();
        prop_assert_eq!(net.moved, moved);
        // Any multipliers prove both bounds.
        let mut multipliers = solution.multipliers.clone();
        for _ in 0..2 {
            prop_assert!(certify_keeping(&instance, &Demands::default(), &multipliers, &keep, 1).unwrap() >= best);
            prop_assert!(certify(&instance, &Demands::default(), &multipliers, 1).unwrap() >= free);
            multipliers.money.iter_mut().flatten().for_each(|price| *price = dice.roll(4000) as f64);
        }
    }
}

#[test]
fn what_can_stay_stays_at_a_high_price() {
    for (seed, bonus) in [(3, false), (4, true), (9, false)] {
        let mut instance = county(seed, 60, 2, bonus);
        let settings = Settings { effort: 0.05, exact_villages: 0, ..Settings::default() };
        let before = solved(&instance, &settings).plan;
        instance.pools.iter_mut().flat_map(|pool| &mut pool.cap).for_each(|cap| *cap += *cap / 4 + 3);
        let keep = Keep::of(&before, 1_000_000);
        let solution = kept(&instance, &settings, &keep);
        let changes = changes(&instance, &before, &solution.plan);
        assert!(changes.iter().all(|change| matches!(change.fate, Fate::Kept | Fate::Added)), "seed {seed}");
        let net = solution.net.unwrap();
        assert_eq!((net.moved, net.objective), (0, solution.plan.objective));
        assert!(solution.plan.objective >= before.objective && net.bound <= solution.plan.bound);
        // The number of threads changes nothing.
        let two = kept(&instance, &Settings { threads: 2, ..settings }, &keep);
        assert_eq!((two.plan, two.net), (solution.plan, solution.net));
    }
}

#[test]
fn a_higher_price_moves_less_and_leaves_no_more() {
    let mut instance = county(15, 80, 1, false);
    let settings = Settings { effort: 0.2, exact_villages: 0, ..Settings::default() };
    let before = solved(&instance, &settings).plan;
    instance.pools.iter_mut().flat_map(|pool| &mut pool.cap).for_each(|cap| *cap = *cap * 9 / 10);
    let free = solved(&instance, &settings);
    let mut last = usize::MAX;
    for price in [0, 5, 50] {
        let solution = kept(&instance, &settings, &Keep::of(&before, price));
        let net = solution.net.unwrap();
        assert!(check(&instance, &solution.plan).feasible());
        assert!(net.moved <= last, "{price}: {} after {last}", net.moved);
        last = net.moved;
        // No plan is above either bound, and what is left is never more than a plan without a price has.
        assert!(free.plan.objective <= solution.plan.bound && net.objective <= free.plan.bound);
        assert!(net.objective <= net.bound && net.gap() < free.plan.gap() + 0.01, "{price}: {}", net.gap());
    }
}

#[test]
fn a_stop_at_any_time_leaves_a_valid_plan() {
    let instance = county(7, 60, 2, true);
    let settings = Settings { effort: 0.05, exact_villages: 0, ..Settings::default() };
    let keep = Keep::of(&solved(&instance, &settings).plan, 7);
    for reports in [1, 4, 9, 16, 25] {
        let mut heard = 0;
        let solution = solve_keeping(&instance, &Demands::default(), &settings, None, &keep, |_| {
            heard += 1;
            if heard >= reports { Wish::Stop } else { Wish::Continue }
        })
        .unwrap();
        let net = solution.net.unwrap();
        assert!(check(&instance, &solution.plan).feasible());
        assert!(solution.plan.objective <= solution.plan.bound && net.objective <= net.bound);
        assert_eq!(solution.end, End::Stopped);
    }
}

#[test]
fn what_moved_is_told() {
    let mut instance = tiny(1);
    instance.villages.truncate(1);
    instance.villages[0].code = "a".into();
    let work = instance.works[0].clone();
    instance.works = (0..6).map(|w| planner::instance::Work { id: format!("w{w}"), ..work.clone() }).collect();
    let choice = |work, level, year| Choice { village: 0, work, level, year };
    let plan = |choices| Plan { format: planner::plan::FORMAT.into(), objective: 0, bound: 0, choices, funds: Vec::new() };
    let before = plan(vec![choice(0, 1, 1), choice(1, 1, 1), choice(2, 1, 1), choice(3, 1, 1), choice(4, 1, 1)]);
    let after = plan(vec![choice(0, 1, 1), choice(1, 2, 0), choice(2, 1, 2), choice(3, 2, 1), choice(5, 1, 0)]);
    let told = changes(&instance, &before, &after);
    let fates: Vec<Fate> = told.iter().map(|change| change.fate).collect();
    assert_eq!(fates, [Fate::Kept, Fate::Earlier, Fate::Later, Fate::OtherLevel, Fate::Dropped, Fate::Added]);
    let written = serde_json::to_value(&told[3]).unwrap();
    let wanted = serde_json::json!({
        "village": "a", "work": "w3", "fate": "other-level", "before": {"level": 1, "year": 1}, "after": {"level": 2, "year": 1},
    });
    assert_eq!(written, wanted);
}

#[test]
fn an_unusable_former_plan_is_refused() {
    let instance = tiny(1);
    let choice = |village, year| Choice { village, work: 0, level: 1, year };
    let codes = |choices, price| {
        let keep = Keep { choices, price };
        let refused = solve_keeping(&instance, &Demands::default(), &Settings::default(), None, &keep, |_| Wish::Continue);
        let Err(Failure::Refused(refused)) = refused else { panic!("it must be refused") };
        refused.0.iter().map(|finding| finding.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(vec![choice(99, 0)], 1), ["choice-out-of-range"]);
    assert_eq!(codes(vec![choice(0, 99)], 1), ["choice-out-of-range"]);
    assert_eq!(codes(vec![choice(0, 0), choice(0, 0)], 1), ["duplicate"]);
    assert_eq!(codes(vec![], -1), ["negative-number"]);
    assert_eq!(codes(vec![], i64::MAX), ["number-too-large"]);
}
