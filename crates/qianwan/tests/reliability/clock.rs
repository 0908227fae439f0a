//! The clock went back between two starts: who looks after the machine is told, and work goes on.

use domain::{
    Command,
    basics::{AccountId, Actor, Context, PlaceId, Post, Role, Text},
    problems::{self, Field},
};
use serde_json::json;
use store::{Outcome, Store, Submission};
use uuid::Uuid;

use crate::{
    installation::{Installation, Kind, VILLAGES, good, report, until},
    kills::rows,
};

pub fn went_back_between_two_starts() {
    let installation = Installation::new(Kind::Sqlite);
    let now_ms = 1000 * i64::try_from(std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs()).expect("small");
    // Yesterday the clock was a week ahead.
    let ahead = now_ms + 7 * 24 * 3_600_000;
    let store = Store::open(&installation.location()).expect("it opens");
    let command = problems::Command::Report {
        place: PlaceId(VILLAGES[0]),
        field: Field::Road,
        text: Text::new("ahead").expect("words"),
        position: None,
        photos: Vec::new(),
        found_ms: None,
        receipt: None,
        contact: None,
    };
    let posts = vec![Post::new(PlaceId(VILLAGES[0]), Role::Village)];
    let id = Uuid::now_v7();
    let actor = Actor::Account { id: AccountId(id), person: domain::basics::PersonId(id), posts };
    let context = Context { now_ms: ahead, actor, command: id, fresh: id };
    let answer = store.submit_and_wait(Submission { command: Command::Problems(command), context }).expect("an answer");
    assert!(matches!(answer.outcome, Outcome::Accepted { .. }), "{answer:?}");
    drop(store);
    let serving = installation.serve();
    until("it is told", || serving.said().contains("the clock has gone back"));
    assert!(serving.said().contains("WARN"), "{}", serving.said());
    let mut client = serving.client(&installation.sessions[1]);
    let answer = client.post("/api/commands", report(VILLAGES[0], "now").1.to_string().as_bytes()).expect("an answer").json();
    let chain = "819901/main".parse().expect("a chain");
    let facts = installation.beside().latest(chain, None, 2).expect("read");
    assert_eq!(answer["facts"][0]["seq"], json!(facts[0].seq));
    assert!(facts[0].recorded_ms < facts[1].recorded_ms && facts[1].recorded_ms == ahead, "as the clock said");
    assert_eq!(serving.said().matches("the clock has gone back").count(), 1, "once for each jump");
    good(&installation.run(&["verify"]).output().expect("it runs"));
    // The server signs its checkpoints when it comes to it, and notes that.
    let recorded = || {
        let mut all = rows(&installation.beside());
        all.iter_mut().for_each(|(_, rows)| rows.retain(|row| !row.data.contains("checkpoint_made")));
        all
    };
    let before = recorded();
    good(&installation.run(&["rebuild"]).output().expect("it runs"));
    assert_eq!(before, recorded());
}
