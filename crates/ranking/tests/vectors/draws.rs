//! Draws.

use libtest_mimic::{Failed, Trial};
use ranking::draw::{self, Frame, Given, Plan, Published, Seed, Unit, rfc3797};
use serde_json::Value;

use crate::{case, same, text, word};

const SHA: &str = "vectors/stats/draw_sha256.json";

pub fn trials() -> Vec<Trial> {
    const RFC: &str = "vectors/stats/draw_rfc3797.json";
    vec![
        case("draw::seed_and_hashes", SHA, hashes),
        case("draw::strata", SHA, strata),
        case("draw::pareto", SHA, pareto),
        case("draw::systematic", SHA, systematic),
        case("draw::lpm2", SHA, lpm2),
        case("draw::uniform_integers", SHA, uniform),
        case("draw::rfc3797", RFC, rfc),
        case("draw::rfc3797_published", "data/ranking/rfc3797_vectors.json", rfc_published),
        case("draw::drand", "vectors/stats/beacon_drand.json", drand),
    ]
}

fn hex32(value: &Value) -> [u8; 32] {
    hex::decode(word(value)).expect("hex").try_into().expect("32 bytes")
}

fn frame(v: &Value) -> Frame {
    let rows = v["frame"].as_array().expect("a frame");
    let unit = |r: &Value| Unit {
        id: word(&r[0]).into(),
        stratum: word(&r[1]).into(),
        size: r[2].as_u64().expect("a size"),
        x: r[3].as_i64().expect("metres"),
        y: r[4].as_i64().expect("metres"),
    };
    Frame::new(rows.iter().map(unit).collect()).expect("a good frame")
}

fn beacons(v: &Value) -> Vec<Vec<u8>> {
    v["beacons_utf8_or_hex"].as_array().expect("beacons").iter().map(|b| hex::decode(word(b)).expect("hex")).collect()
}

fn seed(v: &Value) -> Seed {
    Seed::from_bytes(hex32(&v["seed"]))
}

fn ids(frame: &Frame, places: &[usize]) -> Vec<String> {
    places.iter().map(|at| frame.units()[*at].id.clone()).collect()
}

fn words(v: &Value) -> Vec<String> {
    v.as_array().expect("a list").iter().map(|s| word(s).to_owned()).collect()
}

fn hashes(v: &Value) -> Result<(), Failed> {
    let frame = frame(v);
    let secret = hex::decode(word(&v["secret_hex"]))?;
    let plan = Plan::parse(word(&v["plan"]))?;
    same("frame hash", hex::encode(frame.hash()).as_str(), word(&v["frame_hash"]))?;
    same("plan hash", hex::encode(plan.hash()).as_str(), word(&v["plan_hash"]))?;
    same("commitment", hex::encode(draw::commitment(&secret)).as_str(), word(&v["commitment"]))?;
    let seed = Seed::of(word(&v["draw_id"]), &frame.hash(), &plan.hash(), &secret, &beacons(v));
    same("seed", hex::encode(seed.bytes()).as_str(), word(&v["seed"]))?;
    let exact = text(SHA);
    for (id, ticket) in v["tickets"].as_object().expect("tickets") {
        same("ticket", hex::encode(seed.ticket("srs", id.as_bytes())).as_str(), word(ticket))?;
        let u = draw::uniform_of(&hex32(ticket));
        // To the last bit: the shortest text of the number stands in the file (a quick JSON reader may be off by one bit).
        same("uniform", exact.contains(&format!("\"{id}\": {u:?}")), true)?;
    }
    Ok(())
}

fn strata(v: &Value) -> Result<(), Failed> {
    let (frame, plan) = (frame(v), Plan::parse(word(&v["plan"]))?);
    let secret = hex::decode(word(&v["secret_hex"]))?;
    let beacons = beacons(v);
    let given = Given { draw_id: word(&v["draw_id"]), frame: &frame, plan: &plan, secret: &secret, beacons: &beacons };
    let record = draw::run(given)?;
    let mut all = Vec::new();
    for (stratum, want) in v["stratified_srs"].as_object().expect("strata") {
        all.extend(words(&want["selected"]));
        for unit in record.units.iter().filter(|u| u.stratum == *stratum) {
            same("probability", unit.chance.to_string().as_str(), word(&want["pi"]))?;
            same("drawn", unit.drawn, words(&want["selected"]).contains(&unit.id))?;
            let (_, standing) = draw::standing(word(&v["seed"]), &unit.label, &unit.id, &record.cutoffs[&unit.label])?;
            same("standing", standing == draw::Standing::Drawn, unit.drawn)?;
        }
    }
    same("order of the draw", &record.drawn, &all)?;
    let published = Published {
        draw_id: word(&v["draw_id"]).into(),
        frame_hash: word(&v["frame_hash"]).into(),
        plan_hash: word(&v["plan_hash"]).into(),
        commitment: word(&v["commitment"]).into(),
    };
    Ok(draw::verify(&record, Some(&published))?)
}

fn probabilities(frame: &Frame, n: u64, want: &Value) -> Result<draw::Probabilities, Failed> {
    let chance = draw::probabilities(frame, n)?;
    for (unit, chance) in frame.units().iter().zip(&chance.of) {
        same("probability", chance.to_string().as_str(), word(&want[&unit.id]))?;
    }
    Ok(chance)
}

fn pareto(v: &Value) -> Result<(), Failed> {
    let (frame, want) = (frame(v), &v["pareto_pps"]);
    let chance = probabilities(&frame, want["n"].as_u64().expect("n"), &want["target_pi"])?;
    same("selection", ids(&frame, &draw::pareto(&seed(v), &frame, &chance)), words(&want["selected_in_order"]))
}

fn systematic(v: &Value) -> Result<(), Failed> {
    let (frame, want) = (frame(v), &v["systematic_pps"]);
    let chance = probabilities(&frame, want["n"].as_u64().expect("n"), &want["exact_pi"])?;
    let (start, drawn) = draw::systematic(&seed(v), &frame, &chance)?;
    same("start", start, want["start"].as_u64().expect("start"))?;
    same("selection", ids(&frame, &drawn), words(&want["selected_in_order"]))
}

fn lpm2(v: &Value) -> Result<(), Failed> {
    let (frame, want) = (frame(v), &v["lpm2"]);
    let chance = draw::probabilities(&frame, v["systematic_pps"]["n"].as_u64().expect("n"))?;
    let points: Vec<(i64, i64)> = frame.units().iter().map(|u| (u.x, u.y)).collect();
    let values: Vec<f64> = chance.of.iter().map(|c| c.value()).collect();
    let found = draw::balanced(&seed(v), &points, &values);
    let pairs: Vec<Vec<String>> = found.pairs.iter().map(|(a, b)| ids(&frame, &[*a, *b])).collect();
    same("pairs", pairs, want["pairs_trace"].as_array().expect("pairs").iter().map(words).collect())?;
    same("selection", ids(&frame, &found.drawn), words(&want["selected"]))
}

fn uniform(v: &Value) -> Result<(), Failed> {
    let seed = seed(v);
    for case in v["uint_below"].as_array().expect("cases") {
        let m = case["m"].as_u64().expect("m");
        same("value", seed.below(word(&case["label"]), m)?, case["value"].as_u64().expect("value"))?;
    }
    Ok(())
}

fn rfc(v: &Value) -> Result<(), Failed> {
    for case in v["cases"].as_array().expect("cases") {
        if let Some(bits) = case["bits"].as_object() {
            let select = case["select"].as_u64().expect("select") as u32;
            for (pool, want) in bits {
                same("bits", u64::from(rfc3797::entropy_bits(pool.parse()?, select)?), want.as_u64().expect("bits"))?;
            }
            continue;
        }
        let sources = sources(&case["sources"]);
        let key = rfc3797::key(&sources);
        same("key", key.as_str(), word(&case["key"]))?;
        let rows = case["rows"].as_array().expect("rows");
        for row in rows {
            let index = row["index"].as_u64().expect("index") as u16;
            same("digest", hex::encode_upper(rfc3797::digest(&key, index)).as_str(), word(&row["hash_hex"]))?;
        }
        let pool = case["pool_size"].as_u64().expect("pool") as u32;
        let picks = rfc3797::select(&key, pool, rows.len() as u32)?;
        let want: Vec<u32> = rows.iter().map(|r| r["selected"].as_u64().expect("selected") as u32).collect();
        same("picks", picks, want)?;
    }
    Ok(())
}

fn sources(v: &Value) -> Vec<Vec<u64>> {
    let value = |v: &Value| v.as_u64().or_else(|| v.as_str()?.parse().ok()).expect("a number");
    let list = |v: &Value| v.as_array().map_or_else(|| vec![value(v)], |all| all.iter().map(value).collect());
    v.as_array().expect("sources").iter().map(list).collect()
}

fn rfc_published(v: &Value) -> Result<(), Failed> {
    for case in v.as_array().expect("cases") {
        let key = rfc3797::key(&sources(&case["sources"]));
        same("key", key.as_str(), word(&case["key"]))?;
        let wanted = case["select"].as_u64().expect("select") as u32;
        let picks = rfc3797::select(&key, case["pool"].as_u64().expect("pool") as u32, wanted)?;
        let want: Vec<u32> =
            case["published_result"].as_array().expect("picks").iter().map(|p| p.as_u64().expect("a pick") as u32).collect();
        same("picks", picks, want)?;
    }
    Ok(())
}

fn drand(v: &Value) -> Result<(), Failed> {
    let signature = hex::decode(word(&v["signature"]))?;
    same("randomness", hex::encode(draw::drand_randomness(&signature)).as_str(), word(&v["randomness"]))
}
