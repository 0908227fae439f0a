//! How many facts a second of CPU verifies: `cargo run --release -p facts --example verify_rate`.
//!
//! Facts have about 450 canonical bytes. CPU time of this thread is read from Linux (`/proc/thread-self/schedstat`),
//! so that other programs do not disturb it; elsewhere it is time on the wall.

use std::{hint::black_box, io::BufReader, time::Instant};

use facts::{ChainFileHeader, ChainFileWriter, ChainId, ChainName, Draft, Fact, Head, Kind, Origin, Suite, Verifier};

const FACTS: u64 = 200_000;
const ROUNDS: u64 = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for suite in [Suite::Sha256, Suite::Sm3] {
        let facts = chain(suite);
        let bytes: usize = facts.iter().map(|fact| fact.canonical_bytes().len()).sum();
        let bytes = bytes as u64 / FACTS;

        let verify = best(|| {
            let mut verifier = Verifier::new(facts[0].chain, suite);
            facts.iter().try_for_each(|fact| verifier.check(fact)).expect("a chain we sealed verifies");
            black_box(verifier.head());
        });
        let origin = Origin::new("rate.example", facts[0].chain)?;
        let mut writer = ChainFileWriter::new(Vec::new(), &ChainFileHeader { suite, origin, demo: true })?;
        facts.iter().try_for_each(|fact| writer.write(fact))?;
        let file = writer.finish(None)?;
        let read = best(|| {
            black_box(facts::read_chain_file(BufReader::new(&file[..]), &[]).expect("a file we wrote reads"));
        });
        println!("{suite}: {bytes} bytes a fact; verify {verify:.0} facts/s, read and verify a chain file {read:.0} facts/s");
    }
    Ok(())
}

fn chain(suite: Suite) -> Vec<Fact> {
    let mut head = Head::empty(ChainId { county: 330523, name: ChainName::Main }, suite);
    let draft = |n: u64| Draft {
        command: uuid::Uuid::from_u128(0x018f_3a5c_7b1e_7c3d_8a4f_0000_0000_0000 + u128::from(n)),
        kind: Kind::from_static("problem.reported@1"),
        subject: format!("problem:018f3a5c-7b1e-7c3d-8a4f-{n:012}"),
        place: 33_052_310_020_100,
        actor: "account:018f3a5c-7b1e-7c3d-8a4f-1b2c3d4e5f60".to_owned(),
        effective_ms: 1_767_225_600_000,
        recorded_ms: 1_767_225_600_000 + n as i64,
        body: format!(
            r#"{{"text":"村口垃圾桶满了，三天没有清运","number":{n},"photos":["{n:064x}"],"position":{{"lon_e7":1196812345,"lat_e7":306345678}}}}"#
        ),
    };
    (0..FACTS).map(|n| head.seal(draft(n))).collect()
}

/// Facts a second of CPU, in the best of a few rounds.
fn best(work: impl Fn()) -> f64 {
    let round = |_| {
        let (cpu, wall) = (cpu_seconds(), Instant::now());
        work();
        let seconds = cpu.zip(cpu_seconds()).map_or(wall.elapsed().as_secs_f64(), |(before, after)| after - before);
        FACTS as f64 / seconds
    };
    (0..ROUNDS).map(round).fold(0.0, f64::max)
}

fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse::<f64>().ok().map(|nanoseconds| nanoseconds / 1e9)
}
