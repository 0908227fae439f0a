use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{shares, *};

fn unit(id: &str, stratum: &str, size: u64) -> Unit {
    Unit { id: id.into(), stratum: stratum.into(), size, x: 0, y: 0 }
}

fn villages(n: usize) -> Frame {
    let of = |i: usize| Unit {
        id: format!("3301{i:05}"),
        stratum: ["A", "B"][i % 2].into(),
        size: 100 + (i as u64 * 37) % 400,
        x: (i as i64 * 7_919) % 1_000,
        y: (i as i64 * 104_729) % 1_000,
    };
    Frame::new((0..n).map(of).collect()).unwrap()
}

const SECRET: &[u8] = b"sixteen bytes and more";

fn made(frame: &Frame, plan: &str) -> Result<Record, DrawRefusal> {
    let plan = Plan::parse(plan)?;
    run(Given { draw_id: "2026-1", frame, plan: &plan, secret: SECRET, beacons: &[b"ssq:1:02.03".to_vec()] })
}

fn published(record: &Record) -> Published {
    Published {
        draw_id: record.draw_id.clone(),
        frame_hash: record.frame_hash.clone(),
        plan_hash: record.plan_hash.clone(),
        commitment: record.commitment.clone(),
    }
}

const STRATA: &str = r#"{"n":{"A":3,"B":2}}"#;

#[test]
fn what_was_drawn_can_be_checked_by_all_methods() {
    let frame = villages(30);
    for plan in [
        STRATA,
        r#"{"method":"systematic","n":6}"#,
        r#"{"method":"pareto","n":6}"#,
        r#"{"method":"lpm2","n":6,"beacons":["ssq:1"],"note":"every word counts"}"#,
    ] {
        let record = made(&frame, plan).unwrap();
        assert_eq!(verify(&record, Some(&published(&record))), Ok(()), "{plan}");
        assert_eq!(record.units.len(), 30, "every unit is recorded, drawn or not");
        assert_eq!(record.units.iter().filter(|u| u.drawn).count(), record.drawn.len());
        let sum: f64 = record.units.iter().map(|u| u.chance.value()).sum();
        assert!((sum - record.drawn.len() as f64).abs() < 1e-9, "probabilities add up to the sample: {plan}");
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    }
}

#[test]
fn order_of_the_list_changes_nothing() {
    let frame = villages(30);
    let mut units = frame.units().to_vec();
    units.reverse();
    assert_eq!(made(&Frame::new(units).unwrap(), STRATA), made(&frame, STRATA));
}

#[test]
fn before_the_inspection_nothing_shows() {
    let sealed = made(&villages(30), STRATA).unwrap().sealed();
    assert_eq!(verify(&sealed, None), Err(DrawRefusal::SecretWithheld {}));
    assert!(sealed.units.iter().all(|u| !u.drawn && u.ticket.is_empty()) && sealed.seed.is_none() && sealed.drawn.is_empty());
    let text = format!("{:?}", Seed::from_bytes([7; 32]));
    assert_eq!(text, "Seed(…)", "the seed does not slip into logs");
}

/// Each attack on a finished draw, and the answer to it.
#[test]
fn whoever_tampers_is_named() {
    let good = made(&villages(30), STRATA).unwrap();
    let before = published(&good);
    let check = |change: &dyn Fn(&mut Record)| {
        let mut record = good.clone();
        change(&mut record);
        verify(&record, Some(&before)).map_err(|e| e.code())
    };
    assert_eq!(check(&|_| ()), Ok(()));
    // The frame padded, a village renamed or moved to another stratum after the commitment.
    assert_eq!(check(&|r| r.frame.push(unit("339900001", "A", 5))), Err("frame-changed"));
    assert_eq!(check(&|r| r.frame[0].id.push('1')), Err("frame-changed"));
    assert_eq!(check(&|r| r.frame[0].stratum = "B".into()), Err("frame-changed"));
    // Frame and its stated hash together: still not what was published.
    assert_eq!(
        check(&|r| {
            r.frame[0].size += 1;
            r.frame_hash = hex::encode(Frame::new(r.frame.clone()).unwrap().hash());
        }),
        Err("frame-changed")
    );
    assert_eq!(check(&|r| r.plan = r#"{"n":{"A":2,"B":2}}"#.into()), Err("plan-changed"));
    assert_eq!(check(&|r| r.plan.push(' ')), Err("plan-changed"));
    assert_eq!(check(&|r| r.draw_id = "2026-2".into()), Err("draw-id-changed"));
    assert_eq!(check(&|r| r.commitment = hex::encode([0; 32])), Err("commitment-changed"));
    assert_eq!(check(&|r| r.secret = None), Err("secret-withheld"));
    assert_eq!(check(&|r| r.secret = Some(hex::encode("another secret of some length"))), Err("secret-other"));
    assert_eq!(check(&|r| r.secret = Some("zz".into())), Err("hex-unreadable"));
    assert_eq!(check(&|r| r.beacons[0] = hex::encode("ssq:1:09.09")), Err("seed-differs"));
    assert_eq!(check(&|r| r.beacons.clear()), Err("beacon-missing"));
    assert_eq!(check(&|r| r.seed = Some(hex::encode([1; 32]))), Err("seed-differs"));
    assert_eq!(check(&|r| r.units[3].drawn = !r.units[3].drawn), Err("unit-differs"));
    assert_eq!(check(&|r| r.units[3].chance.numerator += 1), Err("unit-differs"));
    assert_eq!(check(&|r| r.drawn.reverse()), Err("selection-differs"));
    assert_eq!(check(&|r| drop(r.cutoffs.pop_first())), Err("selection-differs"));
}

#[test]
fn frames_that_are_refused() {
    let check = |units: Vec<Unit>| Frame::new(units).map(|_| ()).map_err(|e| e.code());
    let ids = |ids: &[&str]| check(ids.iter().map(|id| unit(id, "A", 1)).collect());
    assert_eq!(check(vec![]), Err("frame-empty"));
    assert_eq!(ids(&["1", "2", "1"]), Err("id-twice"));
    assert_eq!(ids(&[""]), Err("id-malformed"));
    assert_eq!(ids(&["1\t2"]), Err("id-malformed"));
    assert_eq!(ids(&["1\n"]), Err("id-malformed"));
    assert_eq!(check(vec![unit("1", "A\tB", 1)]), Err("id-malformed"));
    // Written with a combining accent; full-width digits; a blank too many; letters of another size.
    assert_eq!(ids(&["e\u{301}"]), Err("id-not-normalised"));
    assert_eq!(ids(&["330107", "\u{ff13}30107"]), Err("ids-look-alike"));
    assert_eq!(ids(&["青溪村", "青溪 村"]), Err("ids-look-alike"));
    assert_eq!(ids(&["a1", "A1"]), Err("ids-look-alike"));
    assert_eq!(check(vec![Unit { x: 2_000_000_000, ..unit("1", "A", 1) }]), Err("coordinate-too-large"));
    assert_eq!(ids(&["青溪村", "青山村"]), Ok(()));
}

#[test]
fn plans_and_draws_that_are_refused() {
    let frame = villages(10);
    let check = |plan: &str| made(&frame, plan).map(|_| ()).map_err(|e| e.code());
    assert_eq!(check("{"), Err("plan-unreadable"));
    assert_eq!(check(r#"{"n":3}"#), Err("plan-unreadable"));
    assert_eq!(check(r#"{"n":{"A":1,"B":1},"seed":7}"#), Err("plan-unreadable"), "what is not understood is not agreed");
    assert_eq!(check(r#"{"method":"lottery","n":3}"#), Err("plan-unreadable"));
    assert_eq!(check(r#"{"n":{"A":1}}"#), Err("stratum-not-planned"));
    assert_eq!(check(r#"{"n":{"A":1,"B":1,"C":1}}"#), Err("stratum-unknown"));
    assert_eq!(check(r#"{"n":{"A":1,"B":9}}"#), Err("sample-too-large"));
    assert_eq!(check(r#"{"method":"pareto","n":11}"#), Err("sample-too-large"));
    assert_eq!(check(r#"{"n":{"A":0,"B":1}}"#), Ok(()));
    let zero = Frame::new(vec![unit("1", "", 0), unit("2", "", 5)]).unwrap();
    assert_eq!(made(&zero, r#"{"method":"systematic","n":1}"#).unwrap_err().code(), "size-zero");
    let huge = Frame::new(vec![unit("1", "", 1 << 53), unit("2", "", 5)]).unwrap();
    assert_eq!(made(&huge, r#"{"method":"systematic","n":1}"#).unwrap_err().code(), "sizes-too-large");
    let plan = Plan::parse(r#"{"n":{"A":1,"B":1},"beacons":["ssq:2026137","drand:657413"]}"#).unwrap();
    let given = |secret: &'static [u8], beacons: &[Vec<u8>]| {
        run(Given { draw_id: "d", frame: &frame, plan: &plan, secret, beacons }).map(|_| ()).map_err(|e| e.code())
    };
    let right = [b"ssq:2026137:03.11".to_vec(), b"drand:657413:\x01\x02".to_vec()];
    assert_eq!(given(SECRET, &right), Ok(()));
    assert_eq!(given(SECRET, &right[..1]), Err("beacon-missing"));
    assert_eq!(given(SECRET, &[]), Err("beacon-missing"));
    assert_eq!(given(SECRET, &[b"ssq:2026138:03.11".to_vec(), right[1].clone()]), Err("beacon-other"), "the next issue");
    assert_eq!(given(SECRET, &[right[0].clone(), right[1].clone(), b"x".to_vec()]), Err("beacon-other"), "one too many");
    assert_eq!(given(b"short", &right), Err("secret-too-short"));
    let nameless = run(Given { draw_id: " ", frame: &frame, plan: &plan, secret: SECRET, beacons: &right });
    assert_eq!(nameless.unwrap_err().code(), "draw-id-missing");
}

#[test]
fn the_beacon_comes_after_the_commitment_and_in_time() {
    let check =
        |committed_at, beacon_at, deadline| check_times(Times { committed_at, beacon_at, deadline }).map_err(|e| e.code());
    assert_eq!(check(100, 200, Some(300)), Ok(()));
    assert_eq!(check(100, 200, None), Ok(()));
    assert_eq!(check(200, 200, None), Err("committed-too-late"));
    assert_eq!(check(100, 301, Some(300)), Err("beacon-late"));
}

#[test]
fn certainty_units_come_first_again_and_again() {
    // 1000 of 1100 is certain among three; then 60 of 100 is certain among two; one is drawn from the rest.
    let frame = Frame::new(vec![unit("a", "", 1000), unit("b", "", 60), unit("c", "", 25), unit("d", "", 15)]).unwrap();
    let chance = probabilities(&frame, 3).unwrap();
    assert_eq!(chance.certain, [0, 1]);
    let text: Vec<String> = chance.of.iter().map(Fraction::to_string).collect();
    assert_eq!(text, ["1", "1", "5/8", "3/8"]);
    let all = probabilities(&frame, 4).unwrap();
    assert_eq!((all.certain.len(), all.draws), (4, 0));
    assert_eq!(systematic(&Seed::from_bytes([1; 32]), &frame, &all).unwrap().1.len(), 4);
    let none = probabilities(&frame, 0).unwrap();
    assert!(none.of.iter().all(|c| c.numerator == 0));
}

#[test]
fn chances_of_two_stages_multiply() {
    let village = Fraction { numerator: 4, denominator: 14 };
    let household = Fraction { numerator: 7, denominator: 210 };
    assert_eq!(village.times(household), Some(Fraction { numerator: 1, denominator: 105 }));
    let tiny = Fraction { numerator: 1, denominator: u64::MAX };
    assert_eq!(tiny.times(Fraction { numerator: 1, denominator: u64::MAX - 1 }), None);
}

/// χ² of how often units are drawn against their probabilities, by degrees of freedom, over many seeds.
fn frequencies(frame: &Frame, chances: &[f64], draw: impl Fn(&Seed) -> Vec<usize>) -> f64 {
    let runs = 3_000_u32;
    let mut counts = vec![0.0; frame.units().len()];
    for run in 0..runs {
        let seed = Seed::from_bytes(sha256(&run.to_be_bytes()));
        for at in draw(&seed) {
            counts[at] += 1.0;
        }
    }
    let n = f64::from(runs);
    let terms = counts.iter().zip(chances).filter(|(_, p)| **p < 1.0).map(|(c, p)| (c - n * p).powi(2) / (n * p * (1.0 - p)));
    let free = chances.iter().filter(|p| **p < 1.0).count() as f64;
    terms.sum::<f64>() / free
}

/// Fixed seeds, so that this passes or fails for good. A method that forgot sizes or used the wrong half of a pair fails by far.
#[test]
fn units_come_as_often_as_their_probability_says() {
    let frame = villages(24);
    let chance = probabilities(&frame, 6).unwrap();
    let chances: Vec<f64> = chance.of.iter().map(|c| c.value()).collect();
    let points: Vec<(i64, i64)> = frame.units().iter().map(|u| (u.x, u.y)).collect();
    let ids: Vec<&str> = frame.units().iter().map(|u| u.id.as_str()).collect();
    let ratios = [
        ("srs", frequencies(&frame, &[0.25; 24], |seed| smallest_tickets(seed, "srs/", &ids, 6))),
        ("systematic", frequencies(&frame, &chances, |seed| systematic(seed, &frame, &chance).unwrap().1)),
        ("lpm2", frequencies(&frame, &chances, |seed| balanced(seed, &points, &chances).drawn)),
        ("pareto", frequencies(&frame, &pareto_probabilities(&frame, &chance).unwrap(), |seed| pareto(seed, &frame, &chance))),
    ];
    for (method, ratio) in ratios {
        assert!((0.3..1.9).contains(&ratio), "{method}: chi²/df {ratio}");
    }
    let wrong = frequencies(&frame, &[0.25; 24], |seed| systematic(seed, &frame, &chance).unwrap().1);
    assert!(wrong > 5.0, "equal chances would have been noticed: {wrong}");
}

#[test]
fn paretos_true_probabilities() {
    let frame = villages(24);
    let chance = probabilities(&frame, 6).unwrap();
    let exact = pareto_probabilities(&frame, &chance).unwrap();
    assert!((exact.iter().sum::<f64>() - 6.0).abs() < 1e-8, "they add up to the sample");
    for (p, target) in exact.iter().zip(&chance.of) {
        assert!((p - target.value()).abs() < 0.01, "near the target: {p} {target}");
    }
    // Equal sizes: n/N without approximation. Two units: P(Q1 < Q2) by the closed form of the odds ratio.
    let equal = Frame::new((0..9).map(|i| unit(&i.to_string(), "", 5)).collect()).unwrap();
    let of = pareto_probabilities(&equal, &probabilities(&equal, 4).unwrap()).unwrap();
    assert!(of.iter().all(|p| (p - 4.0 / 9.0).abs() < 1e-9));
    let two = Frame::new(vec![unit("a", "", 3), unit("b", "", 1)]).unwrap();
    let of = pareto_probabilities(&two, &probabilities(&two, 1).unwrap()).unwrap();
    let k = 9.0_f64; // (3/1)/(1/3)
    let closed = k / (k - 1.0) - k * k.ln() / ((k - 1.0) * (k - 1.0));
    assert!((of[0] - closed).abs() < 1e-9, "{} {closed}", of[0]);
}

/// The k-d tree against looking at all pairs.
#[test]
fn lpm2_equals_its_plain_form() {
    fn plain(seed: &Seed, points: &[(i64, i64)], chances: &[f64]) -> Balanced {
        let mut p = chances.to_vec();
        let mut live: Vec<usize> = (0..p.len()).filter(|i| p[*i] > 1e-9 && p[*i] < 1.0 - 1e-9).collect();
        let (mut pairs, mut k) = (Vec::new(), 0);
        while live.len() >= 2 {
            let (u, v) = (seed.uniform("lpm2", k), seed.uniform("lpm2", k + 1));
            k += 2;
            let a = live[(u * live.len() as f64) as usize];
            let square = |b: &usize| (points[a].0 - points[*b].0).pow(2) + (points[a].1 - points[*b].1).pow(2);
            let b = live.iter().copied().filter(|b| *b != a).min_by_key(|b| (square(b), *b)).unwrap();
            pairs.push((a, b));
            let s = p[a] + p[b];
            if s < 1.0 {
                (p[a], p[b]) = if v * s < p[b] { (0.0, s) } else { (s, 0.0) };
            } else {
                (p[a], p[b]) = if v * (2.0 - s) < 1.0 - p[b] { (1.0, s - 1.0) } else { (s - 1.0, 1.0) };
            }
            live.retain(|i| p[*i] > 1e-9 && p[*i] < 1.0 - 1e-9);
        }
        Balanced { drawn: (0..p.len()).filter(|i| p[*i] > 0.5).collect(), pairs }
    }
    for (n, spread) in [(2, 10), (60, 1_000), (300, 40), (300, 3), (40, 1)] {
        for seed in 0..4 {
            let seed = Seed::from_bytes([seed; 32]);
            let points: Vec<(i64, i64)> = (0..n)
                .map(|i| ((seed.uniform("x", i) * spread as f64) as i64, (seed.uniform("y", i) * spread as f64) as i64))
                .collect();
            let chances = vec![(n / 4).max(1) as f64 / n as f64; n as usize];
            assert_eq!(balanced(&seed, &points, &chances), plain(&seed, &points, &chances), "{n} units within {spread}");
        }
    }
}

#[test]
fn integers_are_uniform_and_in_range() {
    let seed = Seed::from_bytes([9; 32]);
    let mut counts = BTreeMap::new();
    for i in 0..7_000 {
        *counts.entry(seed.below(&format!("t{i}"), 7).unwrap()).or_insert(0) += 1;
    }
    assert!(counts.len() == 7 && counts.values().all(|c| (900..1_100).contains(c)), "{counts:?}");
    assert_eq!(seed.below("t", 1).unwrap(), 0);
    assert!(seed.below("t", u64::MAX).unwrap() < u64::MAX);
    assert_eq!(seed.below("t", 0), Err(DrawRefusal::FrameEmpty {}));
}

#[test]
fn rfc3797_refuses_what_its_counter_cannot_hold() {
    assert!(rfc3797::select("1./", 70_000, 65_536).is_ok());
    for (pool, wanted) in [(70_000, 65_537), (3, 4), (0, 0)] {
        assert_eq!(rfc3797::select("1./", pool, wanted).unwrap_err().code(), "pool-out-of-range");
    }
}

#[test]
fn any_three_of_five_shares_recover_the_secret_and_forgeries_are_passed_over() {
    let fresh: Vec<u8> = (0..2 * SECRET.len()).map(|i| (i * 91 + 13) as u8).collect();
    let all = shares::split(SECRET, 3, 5, &fresh).unwrap();
    let (digests, committed): (Vec<[u8; 32]>, _) = (all.iter().map(shares::Share::digest).collect(), commitment(SECRET));
    for a in 0..5 {
        for b in 0..a {
            for c in 0..b {
                let some = [all[a].clone(), all[b].clone(), all[c].clone()];
                assert_eq!(shares::recover(&some, 3, &[], &committed).unwrap(), SECRET);
            }
            let two = [all[a].clone(), all[b].clone(), all[a].clone()];
            assert_eq!(shares::recover(&two, 3, &[], &committed).unwrap_err().code(), "shares-too-few");
        }
    }
    let mut forged = all.clone();
    forged[0].bytes[0] ^= 1;
    assert_eq!(shares::recover(&forged, 3, &[], &committed).unwrap_err().code(), "secret-other", "without digests it only shows");
    assert_eq!(shares::recover(&forged, 3, &digests, &committed).unwrap(), SECRET, "with them it is passed over");
    assert_eq!(shares::split(SECRET, 1, 5, &fresh).unwrap_err().code(), "share-numbers");
    assert_eq!(shares::split(SECRET, 4, 3, &fresh).unwrap_err().code(), "share-numbers");
    assert_eq!(shares::split(SECRET, 3, 5, &fresh[1..]).unwrap_err().code(), "share-entropy");
    assert!(!format!("{:?}", all[0]).contains(&all[0].bytes[0].to_string()), "shares do not slip into logs");
}

#[test]
fn two_shares_of_three_say_nothing() {
    // Whatever the secret byte, there are coefficients that give the same two shares.
    let mut possible = std::collections::BTreeSet::new();
    for secret in 0..16_u8 {
        'found: for a in 0..=255_u8 {
            for b in 0..=255_u8 {
                let all = shares::split(&[secret], 3, 3, &[a, b]).unwrap();
                if all[0].bytes[0] == 0x5a && all[1].bytes[0] == 0xc3 {
                    possible.insert(secret);
                    break 'found;
                }
            }
        }
    }
    assert_eq!(possible.len(), 16);
}

#[test]
fn nobody_inspects_where_he_comes_from() {
    let seed = Seed::from_bytes([3; 32]);
    let frame = villages(40);
    let of = |i: usize| Inspector { id: format!("i{i}"), barred: [["A", "B", "none"][i % 3].to_owned()].into() };
    let inspectors: Vec<Inspector> = (0..6).map(of).collect();
    let found = assign(&seed, frame.units(), &inspectors, 2).unwrap();
    let mut load = [0; 6];
    for (place, who) in frame.units().iter().zip(&found) {
        assert!(who.len() == 2 && who[0] < who[1]);
        for i in who {
            assert!(!inspectors[*i].barred.contains(&place.stratum));
            load[*i] += 1;
        }
    }
    assert!(load.iter().max().unwrap() - load.iter().min().unwrap() <= 4, "{load:?}");
    // Whatever the order of either list.
    let places: Vec<Unit> = frame.units().iter().rev().cloned().collect();
    let turned: Vec<Inspector> = inspectors.iter().rev().cloned().collect();
    let names = |list: &[Inspector], who: &[usize]| -> std::collections::BTreeSet<String> {
        who.iter().map(|i| list[*i].id.clone()).collect()
    };
    let again = assign(&seed, &places, &turned, 2).unwrap();
    for (a, b) in found.iter().zip(again.iter().rev()) {
        assert_eq!(names(&inspectors, a), names(&turned, b));
    }
    let barred: Vec<Inspector> = inspectors.iter().take(1).cloned().collect();
    let refusal = assign(&seed, frame.units(), &barred, 1).unwrap_err();
    assert_eq!((refusal.code(), refusal.arguments()[1].clone()), ("nobody-admissible", ("free", "0".into())));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn systematic_samples_have_their_size(sizes in proptest::collection::vec(1_u64..5_000, 1..60), share in 0.0..=1.0_f64, key: [u8; 32]) {
        let units = sizes.iter().enumerate().map(|(i, s)| unit(&format!("{i:03}"), "", *s)).collect();
        let frame = Frame::new(units).unwrap();
        let n = (share * sizes.len() as f64) as u64;
        let chance = probabilities(&frame, n).unwrap();
        let seed = Seed::from_bytes(key);
        let (_, drawn) = systematic(&seed, &frame, &chance).unwrap();
        let distinct: std::collections::BTreeSet<_> = drawn.iter().collect();
        prop_assert_eq!((drawn.len() as u64, distinct.len() as u64), (n, n));
        prop_assert_eq!(pareto(&seed, &frame, &chance).len() as u64, n);
        prop_assert!(chance.of.iter().all(|c| c.numerator <= c.denominator));
        let sum: f64 = chance.of.iter().map(|c| c.value()).sum();
        prop_assert!((sum - n as f64).abs() < 1e-9);
    }

    #[test]
    fn no_two_lists_of_parts_are_one(a in proptest::collection::vec(proptest::collection::vec(0_u8..3, 0..4), 0..4),
                                     b in proptest::collection::vec(proptest::collection::vec(0_u8..3, 0..4), 0..4)) {
        let bytes = |parts: &[Vec<u8>]| length_prefixed(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>());
        prop_assert_eq!(a == b, bytes(&a) == bytes(&b));
    }
}
