//! Planner.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod check;
pub mod demands;
mod dual;
pub mod error;
pub mod instance;
mod model;
mod parallel;
pub mod plan;
mod primal;
mod random;
mod village;

/// Temporary.
pub fn trial(instance: &instance::Instance, steps: usize, heats: &[f64], hold: f64) {
    let model = model::Model::new(instance, &demands::Demands::default());
    let mut dual = dual::Dual::new(&model, 1);
    let t0 = std::time::Instant::now();
    let mut z = dual.center.clone();
    let (mut low, mut high) = (0.0, 0.0);
    let s = dual.pass(&z, 1);
    eprintln!("{:.3} bound {:.3} added {}", t0.elapsed().as_secs_f64(), s.bound / 1e6, s.added);
    let mut theta = {
        let (held, spent) = dual.spending(&z);
        eprintln!("held {held} spent {spent}");
        0.5 * s.bound / spent
    };
    for _ in 0..6 {
        for (p, pool) in model.pools.iter().enumerate() {
            for t in 0..model.years {
                z[dual.layout.money(p, t)] = if pool.cumulative && t + 1 < model.years { 0.0 } else { theta };
            }
        }
        let s = dual.pass(&z, 1);
        let (held, spent) = dual.spending(&z);
        eprintln!("{:.3} theta {theta} bound {:.3} added {} held {held} spent {spent}", t0.elapsed().as_secs_f64(), s.bound / 1e6, s.added);
        if spent > held { low = theta } else { high = theta }
        theta = if high == 0.0 { theta * 2.0 } else { (low + high) / 2.0 };
    }
    let unit = dual.bound / model.villages.len() as f64;
    let mut hold = hold;
    let mut h = heats[0];
    for _round in 0..heats[1] as usize {
        let heat = h * unit;
        let smoothing = h * theta * 3.0;
        let z = dual.descend(heat, smoothing, hold, steps);
        let t1 = t0.elapsed().as_secs_f64();
        let before = dual.bound;
        let s = dual.pass(&z, 1);
        let n: usize = dual.blocks.iter().flat_map(|b| &b.villages).map(|c| c.len()).sum();
        let d = (s.bound - s.known) / s.bound;
        eprintln!("{t1:.3} {:.3} heat {h:.5} hold {hold:.5} bound {:.3} known {:.3} d {d:.6} added {} cols {n} best {:.3}", t0.elapsed().as_secs_f64(), s.bound / 1e6, s.known / 1e6, s.added, dual.bound / 1e6);
        if dual.bound < before { hold *= 0.5 } else { hold *= 2.0 }
        if h <= heats[2] && d < heats[2] { break; }
        h = h.min(0.3 * d).max(heats[2]);
    }
    let e = |k: &str, d: f64| std::env::var(k).ok().and_then(|x| x.parse().ok()).unwrap_or(d);
    for seed in 0..3 {
    let t1 = std::time::Instant::now();
    let mut primal = primal::Primal::new(&dual, vec![Vec::new(); model.villages.len()], seed, e("CUT", 0.1), heats[2] * unit, heats[2] * theta * 3.0);
    primal.begin();
    let draft = primal.run(primal::Schedule { rounds: e("R", 1.0) as usize, sweeps: e("SW", 3000.0) as usize, from: e("FROM", 0.005), to: e("TO", 0.0002), price_from: e("P0", 1.3), price_to: e("P1", 0.6) }, |d| { if std::env::var("V").is_ok() {eprintln!("  {:.3} {}", t1.elapsed().as_secs_f64(), d.objective);} false });
    let plan = primal.items(&dual, &draft);
    let value = draft.objective;
    let demand = primal::demand(&model, &plan);
    eprintln!("{:.3} plan {:.3} {} gap {:.4}% ok {}", t1.elapsed().as_secs_f64(), value as f64 / 1e6, model.objective(&plan), (dual.bound - value as f64) / dual.bound * 100.0, primal::allot(&model, &demand).is_ok());
    }
}
