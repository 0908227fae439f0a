//! Measures the crate: `cargo run --release -p ranking --example measure [-- speed equal last few correlated twins]`. CPU seconds of this one thread and
//! peak memory, from `/proc`; simulations with fixed seeds.

use ranking::{
    draw::{Seed, balanced},
    estimate::{Method, fay_herriot},
    ranks::{
        Draws, Estimates, Here, Look, Normals, Scheme, SummonsRule, Verdict, could_be_last, few_units, official, second_look,
        simultaneous, step_down, step_down_correlated, studentized_range_constant, summons, tukey_constant,
    },
    raters::{Score, two_way, variance_components},
};

fn main() {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let parts: [(&str, fn()); 6] =
        [("speed", speed), ("equal", all_equal), ("last", last), ("few", few), ("correlated", correlated), ("twins", twins)];
    for (name, part) in parts {
        if named.is_empty() || named.iter().any(|n| n == name) {
            part();
        }
    }
}

/// CPU seconds of this thread so far.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1e9
}

fn peak_mb() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|l| l.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

/// Scores like N(80, 4²), standard errors between 0.8 and 2.5.
fn made_up(p: usize, seed: u64) -> Estimates {
    let normals = Normals::default();
    let mut s = normals.stream(seed, 0);
    let truth: Vec<f64> = (0..p).map(|_| 80.0 + 4.0 * s.normal()).collect();
    let se: Vec<f64> = (0..p).map(|_| 0.8 + 1.7 * s.uniform()).collect();
    Estimates::new(truth.iter().zip(&se).map(|(t, e)| t + e * s.normal()).collect(), se).expect("good input")
}

/// Small things, a hundred times.
fn often<T>(what: &str, work: impl Fn() -> T) {
    let before = cpu();
    for _ in 0..100 {
        std::hint::black_box(work());
    }
    println!("| {what} | {:.3} CPU-ms | peak {:.0} MB |", (cpu() - before) * 10.0, peak_mb());
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let before = cpu();
    let out = work();
    println!("| {what} | {:.4} CPU-s | peak {:.0} MB |", cpu() - before, peak_mb());
    out
}

fn speed() {
    println!("load {}", std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
    for (p, count) in [(90, 1_000), (90, 10_000), (1_400, 1_000), (1_400, 10_000), (25_547, 1_000)] {
        let estimates = made_up(p, 1);
        let found = timed(&format!("step-down, p = {p}, {count} draws, all steps"), || {
            step_down(&estimates, 0.95, Draws { seed: 1, count }, &Here).expect("good input")
        });
        println!("    c {:?} ± {:.4}", found.c, found.c_error);
    }
    for p in [2, 90, 400, 1_400, 25_547] {
        often(&format!("Tukey's constant, p = {p}"), || tukey_constant(p, 0.95).expect("good input"));
    }
    often("studentized range, p = 90, 8 degrees of freedom", || studentized_range_constant(90, 0.95, 8.0).expect("good input"));
    for p in [90, 1_400, 25_547] {
        let estimates = made_up(p, 1);
        timed(&format!("official sets, p = {p}"), || official(&estimates, 0.95).expect("good input"));
    }
    for p in [90, 1_400] {
        let estimates = made_up(p, 1);
        let found = timed(&format!("could be last, p = {p}, standard errors unequal"), || {
            could_be_last(&estimates, 0.95).expect("good input")
        });
        println!("    {} could be last", found.iter().filter(|c| c.possible).count());
    }
    let normals = Normals::default();
    let mut s = normals.stream(5, 0);
    let m = 1_400;
    let x: Vec<Vec<f64>> = (0..m).map(|_| vec![1.0, s.normal(), s.normal()]).collect();
    let d: Vec<f64> = (0..m).map(|_| 1.0 + 10.0 * s.uniform()).collect();
    let y: Vec<f64> =
        x.iter().zip(&d).map(|(x, d)| 60.0 + 3.0 * x[1] - x[2] + 2.5 * s.normal() + d.sqrt() * s.normal()).collect();
    for method in [Method::Reml, Method::Ml, Method::Moments] {
        often(&format!("Fay-Herriot, {method:?}, 1,400 areas"), || fay_herriot(&y, &x, &d, method).expect("good input"));
    }
    let n = 25_547;
    let points: Vec<(i64, i64)> = (0..n).map(|_| ((s.uniform() * 450_000.0) as i64, (s.uniform() * 420_000.0) as i64)).collect();
    let sizes: Vec<f64> = (0..n).map(|_| 50.0 + 900.0 * s.uniform()).collect();
    let all: f64 = sizes.iter().sum();
    let chances: Vec<f64> = sizes.iter().map(|s| 500.0 * s / all).collect();
    let seed = Seed::from_bytes([7; 32]);
    let found = timed("LPM2, 500 of 25,547", || balanced(&seed, &points, &chances));
    println!("    {} drawn", found.drawn.len());
    let (units, inspectors) = (25_547, 300);
    let severity: Vec<f64> = (0..inspectors).map(|_| 3.0 * s.normal()).collect();
    let scores: Vec<Score> = (0..units)
        .flat_map(|unit| {
            let level = 80.0 + 5.0 * s.normal();
            [0, 1].map(|_| {
                let inspector = (s.uniform() * inspectors as f64) as usize;
                Score { unit, inspector, score: level + severity[inspector] + 2.0 * s.normal() }
            })
        })
        .collect();
    timed("two-way severity, 25,547 units, 300 inspectors, 2 visits", || two_way(&scores).expect("good input"));
    let found = timed("the same by REML", || variance_components(&scores).expect("good input"));
    println!("    standard deviations {:.2} / {:.2} / {:.2}", found.unit.sqrt(), found.inspector.sqrt(), found.error.sqrt());
}

/// Any pair shown above another though all are equal: the worst case for the official sets.
fn all_equal() {
    let normals = Normals::default();
    println!("| all equal | runs | any wrong \"shown above\" (goal ≤ 5 %) | step-down, 2,000 draws |");
    for (name, p, ratio) in [("p = 5, equal se", 5, 1.0), ("p = 90, equal se", 90, 1.0), ("p = 90, se 1 to 10", 90, 10.0)] {
        let runs = 40_000;
        let c = tukey_constant(p, 0.95).expect("p >= 2");
        let mut wrong = [0, 0];
        for run in 0..runs {
            let mut s = normals.stream(11, run);
            let se: Vec<f64> = (0..p).map(|_| f64::powf(ratio, s.uniform())).collect();
            let e = Estimates::new(se.iter().map(|e| e * s.normal()).collect(), se).expect("good input");
            let any = |bounds: &[ranking::ranks::Bounds]| bounds.iter().any(|b| b.best > 1);
            wrong[0] += u32::from(any(&simultaneous(&e, c)));
            if run < 2_000 {
                let found = step_down(&e, 0.95, Draws { seed: run, count: 2_000 }, &Here).expect("good input");
                wrong[1] += u32::from(any(&found.bounds));
            }
        }
        println!(
            "| {name} | {runs} | {:.2} % | {:.1} % of 2,000 |",
            f64::from(wrong[0]) / runs as f64 * 100.0,
            f64::from(wrong[1]) / 20.0
        );
    }
}

/// Simulated years: true scores N(80, 4²).
fn last() {
    let normals = Normals::default();
    println!(
        "| units | se | runs | true last is lowest | in the set (goal ≥ 95 %) | size of the set | first look summons | after two looks | false (goal ≤ 1 %) |"
    );
    for (p, noise) in [(11, 0.6), (11, 2.0), (90, 0.3), (90, 0.6), (90, 1.2), (90, 2.0), (90, 8.0), (1_400, 0.3), (1_400, 1.2)] {
        let runs: u64 = if p > 1_000 { 400 } else { 2_000 };
        let (mut lowest, mut covered, mut size, mut first, mut summoned, mut wrong) = (0, 0, 0, 0, 0, 0);
        for run in 0..runs {
            let mut s = normals.stream(23 + p as u64, run);
            let truth: Vec<f64> = (0..p).map(|_| 80.0 + 4.0 * s.normal()).collect();
            let observe = |units: &[usize], s: &mut dyn FnMut() -> f64| {
                Estimates::new(units.iter().map(|u| truth[*u] + noise * s()).collect(), vec![noise; units.len()])
                    .expect("good input")
            };
            let all: Vec<usize> = (0..p).collect();
            let e = observe(&all, &mut || s.normal());
            let least = |v: &[f64]| (0..v.len()).min_by(|a, b| v[*a].total_cmp(&v[*b])).expect("units");
            let true_last = least(&truth);
            lowest += u32::from(least(e.x()) == true_last);
            let set = could_be_last(&e, 0.95).expect("good input");
            covered += u32::from(set[true_last].possible);
            size += set.iter().filter(|c| c.possible).count();
            let rule = SummonsRule::default();
            let taken = match summons(&Scheme::single(&e), rule).expect("good input") {
                Verdict::SingledOut { unit } => {
                    first += 1;
                    Some(unit)
                }
                Verdict::LookAgain { candidates, .. } => {
                    let again = observe(&candidates, &mut || s.normal());
                    match second_look(&Scheme::single(&again), rule, Look::Again(2)).expect("good input") {
                        Verdict::SingledOut { unit } => Some(candidates[unit]),
                        Verdict::LookAgain { .. } | Verdict::NotSaid { .. } => None,
                    }
                }
                Verdict::NotSaid { .. } => None,
            };
            summoned += u32::from(taken.is_some());
            wrong += u32::from(taken.is_some_and(|unit| unit != true_last));
        }
        let share = |n: u32| f64::from(n) / runs as f64 * 100.0;
        println!(
            "| {p} | {noise} | {runs} | {:.0} % | {:.2} % | {:.1} | {:.1} % | {:.1} % | {:.2} % |",
            share(lowest),
            share(covered),
            size as f64 / runs as f64,
            share(first),
            share(summoned),
            share(wrong)
        );
    }
}

/// Standard errors from a few villages each: normal constants are too small.
fn few() {
    let normals = Normals::default();
    println!("| all equal, se from n villages each | Tukey's constant | studentized range | few_units |");
    for (p, n) in [(12, 3_usize), (12, 5), (90, 3), (90, 5), (90, 10), (90, 30)] {
        let runs = 1_000;
        let df = (n - 1) as f64;
        let (plain, range) = (tukey_constant(p, 0.95).expect("p >= 2"), studentized_range_constant(p, 0.95, df).expect("p >= 2"));
        let mut wrong = [0, 0, 0];
        for run in 0..runs {
            let mut s = normals.stream(37 + n as u64, run);
            let sample = |s: &mut dyn FnMut() -> f64| {
                let v: Vec<f64> = (0..n).map(|_| s()).collect();
                let mean = v.iter().sum::<f64>() / n as f64;
                (mean, (v.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / ((n - 1) * n) as f64).sqrt())
            };
            let (x, se) = (0..p).map(|_| sample(&mut || s.normal())).unzip();
            let e = Estimates::new(x, se).expect("good input");
            let sets = [simultaneous(&e, plain), simultaneous(&e, range), few_units(&e, &vec![df; p], 0.95).expect("good input")];
            for (wrong, bounds) in wrong.iter_mut().zip(sets) {
                *wrong += u32::from(bounds.iter().any(|b| b.best > 1));
            }
        }
        let [a, b, c] = wrong.map(|w| f64::from(w) / runs as f64 * 100.0);
        println!("| p = {p}, n = {n} | {a:.1} % | {b:.1} % | {c:.1} % |");
    }
}

fn correlated() {
    let normals = Normals::default();
    let (p, runs) = (12, 1_000);
    let mut wrong = 0;
    for run in 0..runs {
        let mut s = normals.stream(41, run);
        // Three inspectors shared between twelve counties.
        let load: Vec<[f64; 3]> = (0..p).map(|_| [s.normal(), s.normal(), s.normal()]).collect();
        let shared = [s.normal(), s.normal(), s.normal()];
        let of = |a: &[f64; 3], b: &[f64; 3]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let x: Vec<f64> = load.iter().map(|l| of(l, &shared) + s.normal()).collect();
        let covariance: Vec<f64> =
            (0..p * p).map(|at| of(&load[at / p], &load[at % p]) + f64::from(u8::from(at / p == at % p))).collect();
        let found = step_down_correlated(&x, &covariance, 0.95, Draws { seed: run, count: 2_000 }, &Here).expect("good input");
        wrong += u32::from(found.bounds.iter().any(|b| b.best > 1));
    }
    println!("correlated, all equal, p = {p}: any wrong \"shown above\" in {:.1} % of {runs}", f64::from(wrong) / 10.0);
}

/// Two equal last ones far below the rest: the hardest case for the summons rule.
fn twins() {
    let normals = Normals::default();
    let runs = 20_000;
    let mut taken = 0;
    for run in 0..runs {
        let mut s = normals.stream(43, run);
        let e = Estimates::new(vec![s.normal(), s.normal(), 90.0, 95.0], vec![1.0; 4]).expect("good input");
        let rule = SummonsRule::default();
        let found = match summons(&Scheme::single(&e), rule).expect("good input") {
            Verdict::LookAgain { candidates, .. } => {
                let x = candidates.iter().map(|c| if *c < 2 { s.normal() } else { 90.0 }).collect();
                let again = Estimates::new(x, vec![1.0; candidates.len()]).expect("good input");
                second_look(&Scheme::single(&again), rule, Look::Again(2)).expect("good input")
            }
            other => other,
        };
        taken += u32::from(matches!(found, Verdict::SingledOut { .. }));
    }
    println!(
        "two equal last ones, the rest far above: one of them summoned in {:.2} % of {runs} (alpha 1 %)",
        f64::from(taken) / runs as f64 * 100.0
    );
}
