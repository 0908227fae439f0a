//! Duties over HTTP: what waits for a post, and what counts for whoever holds it.

use domain::basics::{Day, Department, PersonId, Post};
use serde_json::{Value, json};
use store::Held;

use crate::world::*;

/// Two departments of one county are two posts: neither sees the other's problems as its own, in lists, figures or hand-overs.
#[test]
fn departments_of_one_county_have_their_own_desks() {
    let world = World::own();
    let county = place(At::County).id;
    let today: Day = TODAY.parse().unwrap();
    for (name, department) in [("viewer", Department::Finance), ("inspector", Department::Transport)] {
        let held = Held { post: Post::of(county, department), from: today.plus(-30), until: None };
        world.store.accounts().give_post(person(name), &held, NOW_MS).unwrap();
    }
    let assign = |at: At, department: &str| {
        let post = json!({ "place": county, "role": "department", "department": department });
        world.done("office", json!({ "type": "problems.assign", "problem": problem(at), "post": post, "due": "2026-12-01" }));
    };
    let mine = |name: &str| -> Vec<Value> {
        let today = world.get("/api/today").by(name).send().json();
        let lists = today["lists"].as_array().unwrap().iter().filter(|l| l["name"] == "mine");
        lists.flat_map(|l| l["rows"].as_array().unwrap().iter().map(|r| r["key"].clone())).collect()
    };
    // What the demo county has laid on that desk before.
    let before = mine("inspector");
    assert!(mine("viewer").is_empty() && !before.contains(&json!(problem(At::County).to_string())));
    assign(At::Village, "finance");
    assign(At::Township, "finance");
    assign(At::County, "transport");
    let key = |at: At| json!(problem(at).to_string());
    assert_eq!(mine("viewer").len(), 2);
    assert!(mine("viewer").contains(&key(At::Village)) && mine("viewer").contains(&key(At::Township)));
    let (now, expected) = (mine("inspector"), [before.as_slice(), &[key(At::County)]].concat());
    assert!(now.len() == expected.len() && expected.iter().all(|k| now.contains(k)), "{now:?}");
    // The query that the list names opens the same rows, and the official's page counts them.
    let rows =
        world.get(&format!("/api/rows/problems?post={county}/department/finance&state=assigned")).by("viewer").send().json();
    assert_eq!(rows["rows"].as_array().unwrap().len(), 2);
    let official = |name: &str| {
        let id = world.store.accounts().get(person(name)).unwrap().unwrap().person;
        let record = world.get(&format!("/api/officials/{id}")).by("office").send().json()["record"].clone();
        record.as_array().unwrap().iter().find(|r| r["post"]["role"] == "department").unwrap()["open_problems"].clone()
    };
    assert_eq!((official("viewer"), official("inspector")), (json!(2), json!(1 + before.len())));
    // And so does what is handed over.
    let id: PersonId = world.store.accounts().get(person("viewer")).unwrap().unwrap().person;
    let finance = Post::of(county, Department::Finance);
    let holding = world.store.holdings_of(&[id]).unwrap().into_iter().find(|h| h.post == finance).unwrap().holding.id;
    let post = json!({ "place": county, "role": "department", "department": "finance" });
    world.done("office", json!({ "type": "duties.leave", "post": post, "holding": holding, "on": TODAY, "reason": "调任" }));
    world.done("office", json!({ "type": "handovers.draw_up", "post": post, "holding": holding }));
    let row = world.get(&format!("/api/rows/posts/{county}%2Fdepartment%2Ffinance")).by("office").send().json();
    let statement = row["row"]["handovers"][0]["statement"].as_str().unwrap().to_owned();
    let statement = world.get(&format!("/api/handovers/{statement}")).by("office").send().json();
    assert_eq!((&statement["counts"]["problems"], statement["problems"].as_array().unwrap().len()), (&json!(2), 2));
}

/// A list of posts asks for the names of its holders once, however many posts there are.
#[test]
fn names_come_in_one_query() {
    let world = World::own();
    let reads = |limit: usize| {
        let before = world.store.reads();
        let reply = world.get(&format!("/api/rows/posts?limit={limit}")).by("office").send();
        assert_eq!(reply.json()["rows"].as_array().unwrap().len(), limit);
        world.store.reads() - before
    };
    reads(1);
    assert_eq!(reads(2), reads(100));
}
