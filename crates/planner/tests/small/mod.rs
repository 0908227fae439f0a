//! Small synthetic instances by seed, and their best plan by trying everything, written without a look at the planner's own search.
#![allow(dead_code, reason = "every test file uses a part")]

use std::collections::HashMap;

use planner::instance::{Instance, Need, Pool, PoolKind, Village, Work, WorkOption};

/// Numbers that depend on the seed only (a linear congruence; good enough to make examples).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        let mut dice = Dice(seed.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F));
        dice.roll(2);
        dice
    }

    /// A number in `0..sides`.
    pub fn roll(&mut self, sides: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as i64) % sides
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.roll(high - low + 1)
    }
}

/// An instance of at most three villages, three works and three years, with every rule of the format in play by chance.
pub fn tiny(seed: u64) -> Instance {
    let mut dice = Dice::new(seed);
    let years = dice.between(1, 3);
    let works = dice.between(1, 3);
    let counties = dice.between(1, 2);
    let count = dice.between(1, 3);
    let mut instance = frame(&mut dice, years, works);
    for v in 0..count {
        let county = format!("33010{}", dice.roll(counties));
        instance.villages.push(village(&mut dice, v, county, works, years, 2));
    }
    pools(&mut dice, &mut instance, 14);
    for i in 0..count {
        for j in i + 1..count {
            if dice.roll(2) == 0 {
                instance.edges.push([i, j]);
            }
        }
    }
    instance
}

/// A county of `count` villages, enough of them for the decomposition.
pub fn county(seed: u64, count: i64, counties: i64, bonus: bool) -> Instance {
    let mut dice = Dice::new(seed);
    let mut instance = frame(&mut dice, 4, 5);
    instance.bonus_pct = if bonus { 20 } else { 0 };
    instance.demo_share_pct = 10;
    for v in 0..count {
        let county = format!("33010{}", v % counties);
        let mut village = village(&mut dice, v, county, 5, 4, 3);
        village.demo = i64::from(v % 8 < 2);
        instance.villages.push(village);
    }
    pools(&mut dice, &mut instance, 9);
    for v in 1..count {
        instance.edges.push([v - 1, v]);
    }
    instance
}

fn frame(dice: &mut Dice, years: i64, works: i64) -> Instance {
    let mut pred = Vec::new();
    for w in 1..works {
        if dice.roll(2) == 0 {
            pred.push([w, dice.roll(w), dice.roll(3)]);
        }
    }
    Instance {
        format: "qw-plan-1".into(),
        seed: 0,
        place: "33".into(),
        years,
        disc_permille: (0..years).map(|t| 1000 - 60 * t).collect(),
        works: (0..works).map(|w| Work { id: format!("w{w}"), load: dice.between(0, 2) }).collect(),
        pred,
        demo_years: dice.roll(3),
        demo_share_pct: dice.roll(3) * 15,
        bonus_pct: dice.roll(2) * 25,
        line_works: (0..works).filter(|_| dice.roll(2) == 0).collect(),
        pools: Vec::new(),
        villages: Vec::new(),
        edges: Vec::new(),
    }
}

fn village(dice: &mut Dice, v: i64, county: String, works: i64, years: i64, levels: i64) -> Village {
    let mut needs = Vec::new();
    for work in 0..works {
        if dice.roll(4) == 0 {
            continue;
        }
        let mut options = Vec::new();
        for level in 1..=dice.between(1, levels) {
            options.push(WorkOption {
                level,
                earliest: dice.roll(years + 1),
                shared: dice.between(0, 9) * level,
                own: dice.roll(4),
                labour: dice.roll(4),
                benefit: dice.between(1, 30) * level,
            });
        }
        needs.push(Need { work, options });
    }
    Village {
        code: format!("v{v:03}"),
        name: String::new(),
        town: String::new(),
        city: "3301".into(),
        county,
        pop: 100,
        demo: i64::from(dice.roll(2) == 0),
        x: 0,
        y: 0,
        load: dice.between(1, 4),
        own: dice.between(1, 5),
        labour: dice.between(1, 6),
        needs,
    }
}

fn pools(dice: &mut Dice, instance: &mut Instance, parts: i64) {
    let cost: i64 = instance.villages.iter().flat_map(|v| &v.needs).map(|need| need.options[0].shared).sum();
    let count = dice.between(1, 4);
    for p in 0..count {
        let share = |dice: &mut Dice| if p == 0 { 100 } else { [0, 30, 50, 100][dice.roll(4) as usize] };
        instance.pools.push(Pool {
            id: format!("p{p}"),
            source: "made up".into(),
            place: if dice.roll(3) == 0 { "330100".into() } else { "3301".into() },
            kind: if dice.roll(2) == 0 { PoolKind::Annual } else { PoolKind::Cumulative },
            cap: (0..instance.years).map(|_| dice.roll(2 + 2 * cost / parts.max(count)) + 1).collect(),
            share: instance.works.iter().map(|_| share(dice)).collect(),
        });
    }
    instance.pools[0].place = "3301".into();
}

/// (work, level, year) of a village.
pub type Choices = Vec<(i64, WorkOption, i64)>;

/// The best objective, by trying everything. `allowed` says what may be chosen at all, `wanted` whether a village's choices will do.
pub fn brute_force(
    instance: &Instance,
    allowed: impl Fn(usize, i64, i64, i64) -> bool,
    wanted: impl Fn(usize, &Choices) -> bool,
) -> Option<i64> {
    brute_force_with(instance, allowed, wanted, |_, _| 0)
}

/// As [`brute_force`], with something more for what a village does.
pub fn brute_force_with(
    instance: &Instance,
    allowed: impl Fn(usize, i64, i64, i64) -> bool,
    wanted: impl Fn(usize, &Choices) -> bool,
    more: impl Fn(usize, &Choices) -> i64,
) -> Option<i64> {
    let mut lists = Vec::new();
    for (v, village) in instance.villages.iter().enumerate() {
        let mut list: Vec<Choices> = vec![Vec::new()];
        for need in &village.needs {
            let mut longer = list.clone();
            for choices in &list {
                for option in &need.options {
                    for year in option.earliest..instance.years {
                        if allowed(v, need.work, option.level, year) {
                            let mut choices = choices.clone();
                            choices.push((need.work, *option, year));
                            longer.push(choices);
                        }
                    }
                }
            }
            list = longer;
        }
        list.retain(|choices| village_keeps(instance, village, choices) && wanted(v, choices));
        lists.push(list);
    }
    let mut best = None;
    let mut picked = Vec::new();
    try_all(instance, &lists, &more, &mut picked, &mut best);
    best
}

fn village_keeps(instance: &Instance, village: &Village, choices: &Choices) -> bool {
    let year_of = |work: i64| choices.iter().find(|c| c.0 == work).map(|c| c.2);
    let needs = |work: i64| village.needs.iter().any(|need| need.work == work);
    let in_order = instance.pred.iter().all(|&[work, after, lag]| match year_of(work) {
        Some(year) if needs(after) => year_of(after).is_some_and(|before| before + lag <= year),
        _ => true,
    });
    in_order
        && (0..instance.years).all(|t| {
            let load: i64 = choices.iter().filter(|c| c.2 == t).map(|c| instance.works[c.0 as usize].load).sum();
            let labour: i64 = choices.iter().filter(|c| c.2 == t).map(|c| c.1.labour).sum();
            let own: i64 = choices.iter().filter(|c| c.2 <= t).map(|c| c.1.own).sum();
            load <= village.load && labour <= village.labour && own <= village.own * (t + 1)
        })
}

fn try_all<'a>(
    instance: &Instance,
    lists: &'a [Vec<Choices>],
    more: &impl Fn(usize, &Choices) -> i64,
    picked: &mut Vec<&'a Choices>,
    best: &mut Option<i64>,
) {
    let Some(list) = lists.get(picked.len()) else {
        let more: i64 = picked.iter().enumerate().map(|(v, choices)| more(v, choices)).sum();
        let objective = objective(instance, picked) + more;
        if best.is_none_or(|best| objective > best) && demonstrates(instance, picked) && payable(instance, picked) {
            *best = Some(objective);
        }
        return;
    };
    for choices in list {
        picked.push(choices);
        try_all(instance, lists, more, picked, best);
        picked.pop();
    }
}

fn objective(instance: &Instance, picked: &[&Choices]) -> i64 {
    let benefit: i64 = picked.iter().flat_map(|c| c.iter()).map(|c| c.1.benefit * instance.disc_permille[c.2 as usize]).sum();
    let first = |v: i64, work: i64| {
        instance.villages[v as usize].needs.iter().find(|need| need.work == work).map_or(0, |need| need.options[0].benefit)
    };
    let mut bonus = 0;
    for &[i, j] in &instance.edges {
        for &work in &instance.line_works {
            let year = |v: i64| picked[v as usize].iter().find(|c| c.0 == work).map(|c| c.2);
            if let Some(t) = year(i).filter(|&t| year(j) == Some(t)) {
                let points = instance.bonus_pct * first(i, work).min(first(j, work)) / 100;
                bonus += points * instance.disc_permille[t as usize];
            }
        }
    }
    benefit + bonus
}

fn demonstrates(instance: &Instance, picked: &[&Choices]) -> bool {
    let mut spent: HashMap<(&str, i64), (i64, i64)> = HashMap::new();
    for (village, choices) in instance.villages.iter().zip(picked) {
        for (_, option, year) in choices.iter().filter(|c| c.2 < instance.demo_years) {
            let entry = spent.entry((&village.county, *year)).or_default();
            entry.0 += option.shared * village.demo;
            entry.1 += option.shared;
        }
    }
    spent.values().all(|(demo, all)| demo * 100 >= instance.demo_share_pct * all)
}

/// Pays unit by unit, moving earlier payments where that helps (Ford and Fulkerson 1956).
fn payable(instance: &Instance, picked: &[&Choices]) -> bool {
    let mut demand: HashMap<(&str, i64, i64), i64> = HashMap::new();
    for (village, choices) in instance.villages.iter().zip(picked) {
        for (work, option, year) in choices.iter() {
            *demand.entry((&village.county, *work, *year)).or_default() += option.shared;
        }
    }
    let cells: Vec<_> = demand.into_iter().filter(|(_, cost)| *cost > 0).collect();
    let years = instance.years as usize;
    // Coffers: money of a pool from one year. Sluices: a pool's share in a cell.
    let coffers: Vec<(usize, usize)> = (0..instance.pools.len()).flat_map(|p| (0..years).map(move |t| (p, t))).collect();
    let mut left: Vec<i64> = coffers.iter().map(|&(p, t)| instance.pools[p].cap[t]).collect();
    let mut paid = vec![vec![0i64; coffers.len()]; cells.len()];
    for cell in 0..cells.len() {
        for _ in 0..cells[cell].1 {
            if !pay_one(
                instance,
                &cells,
                &coffers,
                &mut left,
                &mut paid,
                cell,
                &mut vec![false; cells.len() * instance.pools.len()],
            ) {
                return false;
            }
        }
    }
    true
}

type Cell<'a> = ((&'a str, i64, i64), i64);

fn pay_one(
    instance: &Instance,
    cells: &[Cell],
    coffers: &[(usize, usize)],
    left: &mut [i64],
    paid: &mut [Vec<i64>],
    cell: usize,
    tried: &mut Vec<bool>,
) -> bool {
    let ((county, work, year), cost) = cells[cell];
    for p in 0..instance.pools.len() {
        let pool = &instance.pools[p];
        let by_pool: i64 = coffers.iter().zip(&paid[cell]).filter(|(coffer, _)| coffer.0 == p).map(|(_, paid)| paid).sum();
        let room = pool.share[work as usize] * cost / 100 - by_pool;
        if !county.starts_with(&pool.place) || room <= 0 || tried[cell * instance.pools.len() + p] {
            continue;
        }
        tried[cell * instance.pools.len() + p] = true;
        for at in 0..coffers.len() {
            let (of, from) = coffers[at];
            let usable = match pool.kind {
                PoolKind::Annual => from as i64 == year,
                PoolKind::Cumulative => from as i64 <= year,
            };
            if of != p || !usable {
                continue;
            }
            if left[at] > 0 {
                left[at] -= 1;
                paid[cell][at] += 1;
                return true;
            }
            // Another cell may let go of a unit of this coffer and be paid from elsewhere.
            for other in 0..cells.len() {
                if other != cell && paid[other][at] > 0 {
                    paid[other][at] -= 1;
                    paid[cell][at] += 1;
                    if pay_one(instance, cells, coffers, left, paid, other, tried) {
                        return true;
                    }
                    paid[cell][at] -= 1;
                    paid[other][at] += 1;
                }
            }
        }
    }
    false
}
