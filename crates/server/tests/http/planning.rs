//! The catalogue and needs over the wire, against sums done by hand: the neighbouring county has two villages, one kind of work
//! and one reading; the demo county has all of them. Then a plan, from its brief to its works.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::*;

fn got(world: &World, who: &str, path: &str) -> Value {
    let reply = world.get(path).by(who).send();
    assert_eq!(reply.status, 200, "{path} by {who}: {}", reply.text());
    reply.json()
}

fn rule(at: At, name: &str, from: &str, value: &Value) -> Value {
    json!({ "type": "rules.set", "place": place(at).id, "from": from, "rule": name, "value": value, "reason": "议定" })
}

#[test]
fn one_village_by_hand() {
    let world = World::own();
    let village = place(At::ForeignVillage).id;
    let needs = |query: &str| got(&world, "foreign_office", &format!("/api/needs{query}"));
    let answer = needs("");
    // Of the second village nothing is known, which is no need.
    let counts = ["villages", "without_rules", "count"].map(|name| answer[name].as_u64());
    assert_eq!(counts, [Some(2), Some(0), Some(2)]);
    assert_eq!((&answer["rows"][1]["state"], &answer["rows"][1]["basis"]), (&json!("unknown"), &json!("unknown")));
    assert_eq!((answer["total"]["wanting"].as_u64(), answer["total"]["unknown"].as_u64()), (Some(1), Some(1)));
    let row = &answer["rows"][0];
    // The reading says 1, and nothing on record says who saw it; 424,242 are asked for.
    assert_eq!(
        (row["place"]["id"].as_i64(), &row["work"], &row["state"], &row["basis"]),
        (Some(village.0), &json!("lamps"), &json!("wanting"), &json!("said"))
    );
    assert_eq!(
        (row["has"]["value"].as_i64(), row["should"].as_i64(), row["quantity"].as_i64()),
        (Some(1), Some(424_242), Some(424_241))
    );
    let costs = ["cost_min_fen", "cost_max_fen", "upkeep_fen_per_year"].map(|name| row[name].as_i64());
    assert_eq!(costs, [Some(42_424_100), Some(127_272_300), Some(2_121_205)]);
    assert_eq!((row["wishes"]["percent"].as_i64(), row["wishes"]["asked"].as_i64()), (Some(88), Some(9)));
    assert_eq!(answer["works"][0]["quantity"], 424_241);
    assert_eq!((answer["total"]["only_said"].as_u64(), answer["total"]["quantity"].as_i64()), (Some(1), Some(0)));
    // What it rests on opens.
    for name in ["figure", "wishes"] {
        let facts = got(&world, "foreign_office", row["from"][name].as_str().unwrap());
        assert_eq!(facts["facts"].as_array().map(Vec::len), Some(1), "{name}: {facts}");
    }
    assert_eq!((&row["from"]["count"], &row["from"]["problems"]), (&Value::Null, &Value::Null));
    // Filters.
    for (query, count) in [
        ("?basis=said", 1),
        ("?basis=seen", 0),
        ("?state=wanting", 1),
        ("?state=met", 0),
        ("?work=lamps", 2),
        ("?work=road", 0),
        ("?field=lighting", 2),
        ("?field=road", 0),
        ("?class=cluster", 0),
    ] {
        assert_eq!(needs(query)["count"], count, "{query}");
    }
    for bad in ["?basis=perhaps", "?state=1", "?work=A", "?field=moon", "?class=x", "?after=x", "?place=x"] {
        world.get(&format!("/api/needs{bad}")).by("foreign_office").send().refused(422, "bad-query");
    }
    let csv = world.get("/api/needs/needs.csv").by("foreign_office").send().text();
    let line = csv.lines().nth(1).unwrap_or_default();
    assert!(line.contains("424241.00") && line.contains("1272723.00") && csv.lines().count() == 3, "{csv}");
    let catalogue = world.get("/api/catalogue/catalogue.csv").by("foreign_office").send().text();
    assert!(catalogue.contains("lamps") && catalogue.contains("3.00"), "{catalogue}");
}

#[test]
fn standards_that_are_changed_change_needs() {
    let world = World::own();
    let standards = |value: u32| {
        let asks = json!({ "is": "at_least", "figure": "said", "value": value });
        json!({ "by_class": {}, "otherwise": { "lamps": { "asks": asks, "level": 1 } }, "seen_by": ["office"], "known_months": 12 })
    };
    let quantity = || got(&world, "foreign_office", "/api/needs")["rows"][0]["quantity"].clone();
    world.done("foreign_office", rule(At::ForeignCounty, "planning.standards", TODAY, &standards(3)));
    assert_eq!(quantity(), 2);
    // A township may ask for more than its county: the nearest counts. What begins tomorrow does not hold today.
    world.done("foreign_office", rule(At::ForeignTownship, "planning.standards", TODAY, &standards(9)));
    world.done("foreign_office", rule(At::ForeignTownship, "planning.standards", "2026-11-24", &standards(90)));
    assert_eq!(quantity(), 8);
    let told = got(&world, "foreign_office", &format!("/api/catalogue?place={}", place(At::ForeignVillage).id));
    assert_eq!(told["standards"]["place"]["id"], place(At::ForeignTownship).id.0);
    assert_eq!(told["catalogue"]["place"]["id"], place(At::ForeignCounty).id.0);
    assert_eq!(told["works"][0]["cost_fen"], json!([200]));
    // What cannot work is refused with its place.
    let mut bad = standards(1);
    bad["known_months"] = json!(0);
    let refused = world.command("foreign_office", rule(At::ForeignCounty, "planning.standards", TODAY, &bad));
    refused.refused(409, "rules/out-of-range");
    let level =
        json!({ "name": "修", "cost_min_fen": 3, "cost_max_fen": 2, "upkeep_fen_per_year": 0, "labour_hours": 0, "benefit": 1 });
    let kind = json!({ "name": "修路", "field": "road", "unit": "处", "levels": [level], "difficulty": 1, "load": 5 });
    let catalogue = rule(At::ForeignCounty, "planning.catalogue", TODAY, &json!({ "works": { "road": kind } }));
    world.command("foreign_office", catalogue).refused(409, "rules/out-of-range");
}

#[test]
fn the_whole_county_adds_up() {
    let needs = |query: &str| got(&SHARED, "office", &format!("/api/needs{query}"));
    let all = needs("?limit=1");
    let count = |value: &Value, name: &str| value[name].as_i64().unwrap_or_else(|| panic!("{name} in {value}"));
    for name in ["asked", "wanting", "only_said", "unknown", "cost_min_fen", "cost_max_fen", "upkeep_fen_per_year"] {
        for part in ["works", "areas"] {
            let sum: i64 = all[part].as_array().unwrap().iter().map(|one| count(one, name)).sum();
            assert_eq!(sum, count(&all["total"], name), "{name} of {part}");
        }
    }
    assert_eq!(count(&all, "count"), count(&all["total"], "asked"));
    let mut seen = 0;
    let mut after = String::new();
    let mut fen = 0;
    loop {
        let page = needs(&format!("?state=wanting&limit=200&after={after}"));
        for row in page["rows"].as_array().unwrap() {
            seen += 1;
            fen += count(row, "cost_max_fen");
            assert!(count(row, "quantity") > 0);
        }
        let Some(next) = page["next"].as_str() else { break };
        after = next.to_owned();
    }
    assert_eq!((seen, fen), (count(&all["total"], "wanting"), count(&all["total"], "cost_max_fen")));
    // Of a village everything is told, and only of it.
    let village = place(At::Village).id;
    let own = needs(&format!("?place={village}"));
    assert!(own["rows"].as_array().unwrap().iter().all(|row| row["place"]["id"] == village.0));
    let by_village = got(&SHARED, "village", "/api/needs");
    assert_eq!(by_village["total"], own["total"], "a village sees its own");
}

/// A brief of the county.
fn saved(world: &World, change: impl Fn(&mut Value)) -> String {
    let county = place(At::County).id.0;
    let mut brief = plain_brief(county);
    change(&mut brief);
    let save = json!({ "type": "briefs.save", "place": county, "title": "三年规划", "brief": brief, "reason": "议定" });
    world.done("office", save)
}

fn begun(world: &World, brief: &str, how: &Value) -> Value {
    let reply = world.post(&format!("/api/briefs/{brief}/search")).by("office").json(how).send();
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// Waits for the end of a search.
fn ended(world: &World, search: &Value) -> Value {
    let path = format!("/api/searches/{}", search["search"].as_str().unwrap());
    for _ in 0..1200 {
        let told = got(world, "viewer", &path);
        if told["state"] != "running" {
            return told;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the search does not end");
}

#[test]
fn a_plan_from_its_brief_to_its_works() {
    let world = World::own();
    let brief = saved(&world, |brief| brief["accepted_percent"] = json!(78));
    let search = begun(&world, &brief, &json!({ "seed": 3 }));
    assert_eq!((&search["state"], &search["version"]), (&json!("running"), &json!(1)));
    let told = ended(&world, &search);
    assert_eq!(told["state"], "done", "{told}");
    let id = told["plan"].as_str().unwrap();
    let answer = got(&world, "viewer", &format!("/api/plans/{id}?limit=200"));
    let made = &answer["plan"]["made"];
    assert!(made["works"].as_u64() > Some(50) && made["objective"].as_i64() <= made["bound"].as_i64(), "{made}");
    assert_eq!(answer["gap_ppm"], told["gap_ppm"]);
    // What the office sees adds up to what is on record, and to what its sources pay.
    let sum = |rows: &Value, name: &str| rows.as_array().unwrap().iter().map(|r| r[name].as_i64().unwrap()).sum::<i64>();
    let all = |lists: &Value, name: &str| -> i64 {
        lists.as_array().unwrap().iter().flat_map(|r| r[name].as_array().unwrap()).map(|v| v.as_i64().unwrap()).sum()
    };
    let cost = made["cost_fen"].as_i64().unwrap();
    assert_eq!((sum(&answer["by_year"], "cost_fen"), all(&answer["fields"], "cost_fen")), (cost, cost));
    assert_eq!(sum(&answer["by_year"], "works"), made["works"].as_i64().unwrap());
    assert_eq!(all(&answer["funds"], "pays_fen"), cost - sum(&answer["by_year"], "own_fen"));
    let shown: usize = answer["villages"].as_array().unwrap().iter().map(|v| v["items"].as_array().unwrap().len()).sum();
    assert_eq!(shown as u64, made["works"].as_u64().unwrap());
    let reached: Vec<i64> =
        answer["by_year"].as_array().unwrap().iter().map(|y| y["reached_permille"].as_i64().unwrap()).collect();
    assert!(reached.windows(2).all(|pair| pair[0] <= pair[1]) && reached[2] <= 1000, "{reached:?}");
    let why: Vec<&Value> =
        answer["villages"].as_array().unwrap().iter().flat_map(|v| v["waiting"].as_array().unwrap()).map(|w| &w["why"]).collect();
    assert!(why.contains(&&json!("not_accepted")), "some villages did not want some works: {why:?}");
    // Whoever checks it outside finds the same.
    let outside = |file: &str| world.get(&format!("/api/plans/{id}/{file}")).by("office").send().text();
    let instance = planner::instance::read(outside("instance.json").as_bytes()).unwrap();
    let plan = planner::plan::read(outside("plan.json").as_bytes(), &instance).unwrap();
    assert!(planner::check::check(&instance, &plan).feasible());
    assert_eq!(Some(plan.objective), made["objective"].as_i64());
    assert_eq!(outside("works.csv").lines().count() as u64, made["works"].as_u64().unwrap() + 1);
    // The same seed finds the same plan; a village sees the one of its county only through its own page.
    let again = ended(&world, &begun(&world, &brief, &json!({ "seed": 3 })));
    assert_eq!((&again["objective"], &again["bound"]), (&told["objective"], &told["bound"]));
    world.get(&format!("/api/plans/{id}")).by("village").send().refused(404, "not-found");
    world.done("office", json!({ "type": "plans.discard", "id": id, "reason": "再算一次" }));
    assert_eq!(got(&world, "office", &format!("/api/plans/{id}"))["plan"]["discarded"], "再算一次");
}

#[test]
fn searches_that_end_without_a_plan() {
    let world = World::own();
    let plans = || got(&world, "office", "/api/rows/plans?limit=200&count=1")["count"].clone();
    let before = plans();
    // Two things fixed that cannot both be: as a whole and each by its name.
    let needs = got(&world, "office", "/api/needs?state=wanting&work=public_toilet&limit=1");
    let village = needs["rows"][0]["place"]["id"].clone();
    let name = needs["rows"][0]["place"]["name"].as_str().unwrap().to_owned();
    let clash = saved(&world, |brief| {
        brief["load_per_year"] = json!(1);
        brief["fixed"] = json!([{ "place": village, "work": "public_toilet", "is": { "is": "in", "year": 2029 } }]);
        brief["accepted_percent"] = json!(0);
    });
    let told = ended(&world, &begun(&world, &clash, &json!({})));
    assert_eq!(told["state"], "failed", "{told}");
    let words: Vec<&str> = told["clash"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(words.len() >= 2 && words.iter().all(|w| w.contains(&name)), "{words:?}");
    // Cancelled, it leaves nothing.
    let brief = saved(&world, |_| {});
    let search = begun(&world, &brief, &json!({}));
    let path = format!("/api/searches/{}", search["search"].as_str().unwrap());
    let second = world.post(&format!("/api/briefs/{brief}/search")).by("office").json(&json!({})).send();
    assert!(second.status == 409 || got(&world, "office", &path)["state"] != "running", "{}", second.text());
    world.ask(axum::http::Method::DELETE, &path).by("viewer").send().refused(403, "forbidden");
    world.ask(axum::http::Method::DELETE, &path).by("office").send();
    let told = ended(&world, &search);
    assert!(["cancelled", "done"].contains(&told["state"].as_str().unwrap()), "{told}");
    let done = usize::from(told["state"] == "done") + usize::from(second.status == 200);
    if done == 0 {
        assert_eq!(plans(), before);
    }
    // Of nothing, and by the wrong person.
    let nothing = Uuid::now_v7();
    world.post(&format!("/api/briefs/{nothing}/search")).by("office").json(&json!({})).send().refused(404, "not-found");
    world.post(&format!("/api/briefs/{brief}/search")).by("township").json(&json!({})).send().refused(403, "forbidden");
    world.post(&format!("/api/briefs/{brief}/search")).by("foreign_office").json(&json!({})).send().refused(404, "not-found");
    world
        .post(&format!("/api/briefs/{brief}/search"))
        .by("office")
        .json(&json!({ "version": 9 }))
        .send()
        .refused(409, "planning/brief-gone");
    world.done("office", json!({ "type": "briefs.withdraw", "id": brief, "reason": "停用" }));
    world.post(&format!("/api/briefs/{brief}/search")).by("office").json(&json!({})).send().refused(409, "planning/brief-gone");
}
