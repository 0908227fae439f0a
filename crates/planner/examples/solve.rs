//! Reads an instance file, solves it and prints progress; the last line is JSON: objective, bound, gap, seconds, cpu_seconds, peak_mb.
//!
//! `solve INSTANCE [--threads N] [--seed N] [--seconds S] [--effort E] [--gap G] [--plan FILE] [--mps FILE] [--again PERCENT]
//! [--keep PLAN --move-cost N] [--quiet]`; with `--again` the funds of the first pool are changed by so many percent and the instance is solved
//! once more from what is known; with `--keep` a former plan is held on to at so many points for each decision that moves.

use planner::{demands::Demands, instance, keep::Keep, mps, plan, solve};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let word = |name: &str| arguments.iter().position(|a| a == name).and_then(|at| arguments.get(at + 1));
    let number =
        |name: &str| word(name).map(|text| text.parse::<f64>().unwrap_or_else(|_| fail(&format!("{name} takes a number"))));
    let quiet = arguments.iter().any(|a| a == "--quiet");
    let Some(path) = arguments.first().filter(|path| !path.starts_with("--")) else { fail("name an instance file") };
    let bytes = std::fs::read(path).unwrap_or_else(|error| fail(&format!("{path}: {error}")));
    let mut instance = instance::read(&bytes).unwrap_or_else(|error| fail(&error.to_string()));
    drop(bytes);
    let settings = solve::Settings {
        seed: number("--seed").unwrap_or(1.0) as u64,
        threads: number("--threads").unwrap_or(1.0) as usize,
        effort: number("--effort").unwrap_or(1.0),
        seconds: number("--seconds"),
        gap: number("--gap").unwrap_or(0.0),
        ..solve::Settings::default()
    };
    let report = |progress: &solve::Progress| {
        if !quiet {
            let gap = progress.gap().map_or(String::new(), |gap| format!(" gap {:.4} %", 100.0 * gap));
            eprintln!(
                "{:8.3} s, {:.3} CPU s: plan {:?} bound {:?}{gap}",
                progress.seconds,
                cpu_seconds(),
                progress.objective,
                progress.bound
            );
        }
        solve::Wish::Continue
    };
    let keep = word("--keep").map(|path| {
        let bytes = std::fs::read(path).unwrap_or_else(|error| fail(&format!("{path}: {error}")));
        let plan = plan::read(&bytes, &instance).unwrap_or_else(|error| fail(&error.to_string()));
        Keep::of(&plan, number("--move-cost").unwrap_or(0.0) as i64)
    });
    let solved = match &keep {
        Some(keep) => solve::solve_keeping(&instance, &Demands::default(), &settings, None, keep, report),
        None => solve::solve(&instance, &Demands::default(), &settings, report),
    };
    let mut solution = solved.unwrap_or_else(|failure| fail(&failure.to_string()));
    if let Some(net) = solution.net {
        println!("{net:?}, gap {:.6}", net.gap());
    }
    if let Some(percent) = number("--again") {
        print(&solution, cpu_seconds());
        let before = cpu_seconds();
        instance.pools[0].cap.iter_mut().for_each(|cap| *cap = (*cap as f64 * (1.0 + percent / 100.0)) as i64);
        solution = solve::solve_again(&instance, &Demands::default(), &settings, Some(&solution.memory), report)
            .unwrap_or_else(|failure| fail(&failure.to_string()));
        print(&solution, cpu_seconds() - before);
    } else {
        print(&solution, cpu_seconds());
    }
    if let Some(path) = word("--mps") {
        let file = std::fs::File::create(path).unwrap_or_else(|error| fail(&format!("{path}: {error}")));
        mps::write_mps(&instance, &Demands::default(), std::io::BufWriter::new(file))
            .unwrap_or_else(|error| fail(&error.to_string()));
    }
    if let Some(path) = word("--plan") {
        let file = std::fs::File::create(path).unwrap_or_else(|error| fail(&format!("{path}: {error}")));
        plan::write(&solution.plan, std::io::BufWriter::new(file)).unwrap_or_else(|error| fail(&error.to_string()));
    }
}

fn print(solution: &solve::Solution, cpu_seconds: f64) {
    let plan = &solution.plan;
    println!(
        "{{\"objective\":{},\"bound\":{},\"gap\":{:.6},\"seconds\":{:.3},\"cpu_seconds\":{:.3},\"peak_mb\":{:.0},\"end\":\"{:?}\"}}",
        plan.objective,
        plan.bound,
        plan.gap(),
        solution.seconds,
        cpu_seconds,
        peak_mb(),
        solution.end
    );
}

fn fail(message: &str) -> ! {
    eprintln!("{message}");
    std::process::exit(2)
}

/// User and system time of this process, reading included; 0 where the system does not tell.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |at: usize| after.split_whitespace().nth(at).and_then(|word| word.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// Largest resident memory of this process; 0 where the system does not tell.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|word| word.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
