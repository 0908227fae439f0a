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
    for &h in heats {
        let heat = h * unit;
        let smoothing = h * theta * 3.0;
        let z = dual.descend(heat, smoothing, hold, steps);
        let t1 = t0.elapsed().as_secs_f64();
        let before = dual.bound;
        let s = dual.pass(&z, 1);
        let n: usize = dual.blocks.iter().flat_map(|b| &b.villages).map(|c| c.len()).sum();
        eprintln!("{t1:.3} {:.3} heat {h} hold {hold} bound {:.3} known {:.3} added {} cols {n} best {:.3}", t0.elapsed().as_secs_f64(), s.bound / 1e6, s.known / 1e6, s.added, dual.bound / 1e6);
        if dual.bound < before { hold *= 0.5 } else { hold *= 2.0 }
    }
}
