//! Campaigns over the wire: what they ask, whom they go to, who was there, and what it comes to for a village.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::*;

const FORM: &str = r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms">
  <h:head><h:title>冬季走访</h:title><model>
    <instance><data id="winter" version="1"><start/><end/><a/><b/><c/><orx:meta><orx:instanceID/></orx:meta></data></instance>
    <bind nodeset="/data/start" type="dateTime" jr:preload="timestamp" jr:preloadParams="start"/>
    <bind nodeset="/data/end" type="dateTime" jr:preload="timestamp" jr:preloadParams="end"/>
    <bind nodeset="/data/a" type="int"/><bind nodeset="/data/b" type="int"/>
    <bind nodeset="/data/c" type="string" readonly="true()"/>
  </model></h:head>
  <h:body><input ref="/data/a"><label>常住户数</label></input><input ref="/data/b"><label>公厕数</label></input>
    <input ref="/data/c"><label>只给人看</label></input></h:body>
</h:html>"#;

fn offered(world: &World) -> Uuid {
    let address = format!("/api/forms?place={}", place(At::County).id);
    let brought = world.post(&address).by("office").body("text/xml", FORM).send();
    assert_eq!(brought.status, 200, "{}", brought.text());
    let form: Uuid = brought.json()["form"].as_str().unwrap().parse().unwrap();
    world.done("office", json!({ "type": "surveys.publish", "form": form, "version": "1" }));
    form
}

fn hand_in(world: &World, who: &str, at: At, instance: &str, minutes: Option<u32>) {
    let times = minutes
        .map_or(String::new(), |m| format!("<start>2026-11-20T09:00:00+08:00</start><end>2026-11-20T09:{m:02}:00+08:00</end>"));
    let xml = format!(
        r#"<data id="winter" version="1" xmlns:orx="http://openrosa.org/xforms">{times}<a>3</a><b>1</b><c/><orx:meta><orx:instanceID>{instance}</orx:instanceID></orx:meta></data>"#
    );
    let reply = world
        .post(&format!("/api/submissions?place={}", place(at).id))
        .by(who)
        .parts(&[("xml_submission_file", &xml)], &[])
        .send();
    assert_eq!(reply.status, 200, "{}", reply.text());
}

fn opened(form: Uuid, title: &str) -> Value {
    json!({ "type": "campaigns.open", "place": place(At::County).id, "form": form, "title": title, "from": TODAY, "until": "2026-12-31" })
}

fn got(world: &World, who: &str, path: &str) -> Value {
    let reply = world.get(path).by(who).send();
    assert_eq!(reply.status, 200, "{path} by {who}: {}", reply.text());
    reply.json()
}

fn cap(world: &World, at: At, questions: u16) {
    let value = json!({ "questions_per_month": questions, "minutes_per_month": 60, "seconds_per_question": 30 });
    let rule = json!({ "type": "rules.set", "place": place(at).id, "from": TODAY, "rule": "surveys.burden", "value": value, "reason": "减负" });
    world.done("office", rule);
}

#[test]
fn a_campaign_from_its_opening_to_its_end() {
    let world = World::own();
    let form = offered(&world);
    let (village, county) = (place(At::Village).id, place(At::County).id);
    cap(&world, At::County, 300);
    let wanted = format!("place={county}&form={form}&from={TODAY}&until=2026-12-31");
    let forecast = got(&world, "office", &format!("/api/campaigns/forecast?{wanted}"));
    assert_eq!(
        (&forecast["adds"]["questions"], &forecast["adds"]["minutes"], &forecast["adds"]["over"]),
        (&json!(2), &json!(1), &json!(0))
    );
    assert_eq!(forecast["questions_max"], 300);
    let villages = forecast["adds"]["villages"].as_u64().unwrap();
    assert!(villages >= 2);
    world.get(&format!("/api/campaigns/forecast?{wanted}")).by("township").send().refused(403, "forbidden");

    // What the client says that it asks counts for nothing.
    let mut command = opened(form, "冬季走访");
    command["adds"] = json!({ "villages": 1, "questions": 1, "minutes": 1, "over": 5 });
    let campaign = world.done("office", command);
    let row = got(&world, "office", &format!("/api/rows/campaigns/{campaign}"));
    assert_eq!(row["row"]["adds"], forecast["adds"]);
    assert_eq!(row["may"], json!(["campaigns.assign", "campaigns.unassign", "campaigns.close"]));

    let post = json!({ "is": "post", "post": { "place": village, "role": "village" } });
    let assign =
        |to: &Value, places: &[i64]| json!({ "type": "campaigns.assign", "campaign": campaign, "places": places, "to": to });
    world.done("office", assign(&json!({ "is": "person", "person": person("township") }), &[place(At::Township).id.0]));
    world.done("office", assign(&post, &[village.0]));
    world.command("office", assign(&post, &[place(At::SiblingVillage).id.0])).refused(409, "campaigns/post-elsewhere");

    // The village's own people have it; the township's have the villages that nobody else was assigned to.
    let mine = |who: &str| {
        let told = got(&world, who, "/api/my/assignments");
        told["campaigns"].as_array().unwrap().iter().find(|c| c["campaign"] == json!(campaign)).cloned()
    };
    let theirs = mine("village").expect("assigned to the post");
    assert_eq!(theirs["villages"].as_array().unwrap().len(), 1);
    assert_eq!(theirs["villages"][0]["place"]["id"], json!(village.0));
    assert_eq!(theirs["form"]["form"], json!(form));
    let others = mine("township").expect("assigned to the person");
    assert!(others["villages"].as_array().unwrap().iter().all(|v| v["place"]["id"] != json!(village.0)), "{others}");
    assert!(mine("sibling_township").is_none());

    let coverage = format!("/api/campaigns/{campaign}/coverage");
    let before = got(&world, "office", &coverage);
    assert_eq!((&before["total"]["villages"], &before["total"]["visited"]), (&json!(villages), &json!(0)));
    let assigned = before["rows"].as_array().unwrap().iter().find(|r| r["place"]["id"] == json!(village.0)).unwrap();
    assert_eq!(assigned["assigned"]["to"], post);
    hand_in(&world, "village", At::Village, "uuid:w1", Some(5));
    hand_in(&world, "township", At::Village, "uuid:w2", None);
    hand_in(&world, "township", At::Township, "uuid:w3", None);
    let after = got(&world, "office", &coverage);
    assert_eq!(
        (&after["total"]["visited"], &after["total"]["submissions"], &after["elsewhere"]),
        (&json!(1), &json!(2), &json!(1))
    );
    assert_eq!(after["rows"][0]["submissions"], 0, "never visited first");
    let visited = got(&world, "office", &format!("{coverage}?show=visited"));
    let last = visited["rows"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["place"]["id"], &last["first"], &last["last"]), (&json!(village.0), &json!(TODAY), &json!(TODAY)));
    assert_eq!(last["by"].as_array().unwrap().len(), 2);
    let listed = got(&world, "office", last["from"].as_str().unwrap());
    assert_eq!(listed["rows"].as_array().unwrap().len(), 2, "the number opens its submissions");
    let never = got(&world, "office", &format!("{coverage}?show=never&limit=1"));
    assert_eq!((never["count"].as_u64(), never["rows"].as_array().unwrap().len()), (Some(villages - 1), 1));
    if villages > 2 {
        let next = got(&world, "office", &format!("{coverage}?show=never&limit=1&after={}", never["next"].as_str().unwrap()));
        assert_ne!(next["rows"], never["rows"]);
    }
    assert_eq!(got(&world, "office", &format!("{coverage}?show=overdue"))["count"], 0);
    // Whoever is below sees his own part.
    assert_eq!(got(&world, "village", &coverage)["total"]["villages"], 1);
    world.get(&coverage).by("foreign_office").send().refused(404, "not-found");
    world.get(&format!("{coverage}?show=all")).by("office").send().refused(422, "bad-query");
    let file = world.get(&format!("{coverage}/coverage.csv")).by("office").send();
    assert_eq!(file.text().lines().count() as u64, villages + 1, "{}", file.text());
    world.get(&format!("{coverage}/other.csv")).by("office").send().refused(404, "not-found");
    world.get(&format!("{coverage}/coverage.csv")).by("village").send().refused(403, "forbidden");

    let all = got(&world, "office", "/api/campaigns");
    let told = all["campaigns"].as_array().unwrap().iter().find(|c| c["campaign"]["id"] == json!(campaign)).unwrap();
    assert_eq!((&told["villages"], &told["visited"], &told["late"]), (&json!(villages), &json!(1), &json!(false)));
    world
        .command("township", json!({ "type": "campaigns.close", "campaign": campaign, "reason": "完" }))
        .refused(403, "forbidden");
    world.done("office", json!({ "type": "campaigns.close", "campaign": campaign, "reason": "全部走访完毕" }));
    assert!(mine("village").is_none(), "nobody goes in a campaign that is over");
}

#[test]
fn no_village_is_asked_more_than_the_cap_without_a_reason() {
    let world = World::own();
    let form = offered(&world);
    cap(&world, At::Village, 5);
    // What the demo county asks of its villages anyhow is over.
    for asked in got(&world, "office", "/api/campaigns")["campaigns"].as_array().unwrap() {
        let asked = &asked["campaign"];
        if asked["state"]["is"] == "open" {
            world.done("office", json!({ "type": "campaigns.close", "campaign": asked["id"], "reason": "提前结束" }));
        }
    }
    // November has four questions already, and so has December by what is planned.
    hand_in(&world, "village", At::Village, "uuid:1", Some(7));
    hand_in(&world, "village", At::Village, "uuid:2", None);
    let month = |who: &str, more: &str| got(&world, who, &format!("/api/burden?month={}{more}", &TODAY[..7]));
    let burden = month("office", "&limit=200");
    let row =
        burden["rows"].as_array().unwrap().iter().find(|r| r["place"]["id"] == json!(place(At::Village).id.0)).unwrap().clone();
    assert_eq!((&row["questions"], &row["minutes"], &row["over"]), (&json!(4), &json!(8), &json!(false)), "{row}");
    assert_eq!(
        got(&world, "office", row["from"].as_str().unwrap())["rows"].as_array().unwrap().len() as u64,
        row["visits"].as_u64().unwrap()
    );
    assert_eq!(month("office", "&show=over")["count"], 0);
    let now = |title: &str| {
        let mut command = opened(form, title);
        command["until"] = json!("2026-11-30");
        command
    };
    let refused = world.command("office", now("再问一次")).refused(409, "campaigns/over-cap");
    assert_eq!(refused["args"]["over"], 1, "{refused}");
    let with_december = world.command("office", opened(form, "年底前问"));
    assert_eq!(with_december.status, 200, "December has room: {}", with_december.text());
    let mut reasoned = now("再问一次");
    reasoned["over_cap"] = json!("上级部署的普查");
    let id = Uuid::now_v7();
    let first = world.command_as("office", id, reasoned.clone());
    assert_eq!(first.status, 200, "{}", first.text());
    let again = world.command_as("office", id, reasoned);
    assert_eq!(
        (again.status.as_u16(), &again.json()["subject"]),
        (200, &first.json()["subject"]),
        "the same command has the same answer"
    );
    hand_in(&world, "village", At::Village, "uuid:3", None);
    let over = month("office", "&show=over");
    assert_eq!((&over["count"], &over["rows"][0]["over"]), (&json!(1), &json!(true)), "{over}");
    let file = world.get("/api/burden/burden.csv?show=over").by("office").send();
    assert_eq!(file.text().lines().count(), 2, "{}", file.text());
    assert_eq!(world.get("/api/burden/burden.xlsx").by("office").send().status, 200);
    for bad in ["2026", "2026-13", "2026-1", "x"] {
        world.get(&format!("/api/burden?month={bad}")).by("office").send().refused(422, "bad-query");
    }
    assert_eq!(month("foreign_office", "")["rows"].as_array().unwrap().iter().filter(|r| r["over"] == true).count(), 0);
}

#[test]
fn a_village_that_nothing_came_from() {
    let world = World::own();
    let form = offered(&world);
    let all = got(&world, "office", &format!("/api/coverage?form={form}&limit=200"));
    assert_eq!(all["total"]["visited"], 0);
    hand_in(&world, "village", At::Village, "uuid:1", None);
    let some = got(&world, "office", &format!("/api/coverage?form={form}&since={TODAY}&show=visited"));
    assert_eq!((&some["count"], &some["rows"][0]["place"]["id"]), (&json!(1), &json!(place(At::Village).id.0)));
    // Of any form, since a day that has not been: the last visit is told all the same.
    let later = got(&world, "office", "/api/coverage?since=2027-01-01&limit=200");
    assert_eq!((&later["total"]["visited"], &later["total"]["submissions"]), (&json!(0), &json!(0)));
    let row =
        later["rows"].as_array().unwrap().iter().find(|r| r["place"]["id"] == json!(place(At::Village).id.0)).unwrap().clone();
    assert_eq!((&row["last"], &row["submissions"]), (&json!(TODAY), &json!(0)));
    let file = world.get("/api/coverage/coverage.csv?show=never&since=2027-01-01").by("office").send();
    assert_eq!(file.text().lines().count() as u64, later["total"]["villages"].as_u64().unwrap() + 1);
    world.get("/api/coverage?form=x").by("office").send().refused(422, "bad-query");
}
