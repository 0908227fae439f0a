//! Forms laid over what comes back: what does not fit is told, and nothing is refused for it.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::*;

/// A form of four questions, one of them shown only where another was answered so.
const LOOK: &str = r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms">
  <h:head><h:title>看一看</h:title><model>
    <instance><data id="ID" version="1"><village/><start/><end/><where/><households/><toilets/><share/><why/><orx:meta><orx:instanceID/></orx:meta></data></instance>
    <bind nodeset="/data/start" type="dateTime" jr:preload="timestamp" jr:preloadParams="start"/>
    <bind nodeset="/data/end" type="dateTime" jr:preload="timestamp" jr:preloadParams="end"/>
    <bind nodeset="/data/where" type="geopoint"/>
    <bind nodeset="/data/households" type="int" required="true()" constraint=". &gt; 0 and . &lt; 3000"/>
    <bind nodeset="/data/toilets" type="int" constraint=". &lt;= /data/households"/>
    <bind nodeset="/data/share" calculate="round(/data/toilets * 100 div /data/households)"/>
    <bind nodeset="/data/why" relevant="/data/toilets = 0"/>
  </model></h:head>
  <h:body><input ref="/data/village"><label>村代码</label></input><input ref="/data/where"><label>在哪里</label></input><input ref="/data/households"><label>常住户数</label></input>
    <input ref="/data/toilets"><label>能用的公厕数</label></input><input ref="/data/why"><label>为什么没有</label></input></h:body>
</h:html>"#;

/// The office brings and publishes it for the county.
fn offered(world: &World, id: &str) -> Uuid {
    let address = format!("/api/forms?place={}", place(At::County).id);
    let brought = world.post(&address).by("office").body("text/xml", LOOK.replace("ID", id)).send();
    assert_eq!(brought.status, 200, "{}", brought.text());
    let form: Uuid = brought.json()["form"].as_str().unwrap().parse().unwrap();
    world.done("office", json!({ "type": "surveys.publish", "form": form, "version": "1" }));
    form
}

fn filled(id: &str, instance: &str, answers: &str) -> String {
    format!(
        r#"<data id="{id}" version="1" xmlns:orx="http://openrosa.org/xforms">{answers}<orx:meta><orx:instanceID>{instance}</orx:instanceID></orx:meta></data>"#
    )
}

fn hand_in(world: &World, who: &str, at: At, xml: &str) -> Reply {
    world.post(&format!("/api/submissions?place={}", place(at).id)).by(who).parts(&[("xml_submission_file", xml)], &[]).send()
}

#[track_caller]
fn handed_in(world: &World, who: &str, at: At, xml: &str) -> Value {
    let reply = hand_in(world, who, at, xml);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let id = reply.json()["submission"].as_str().unwrap().to_owned();
    let told = world.get(&format!("/api/submissions/{id}")).by("office").send();
    assert_eq!(told.status, 200, "{}", told.text());
    told.json()
}

#[test]
fn what_does_not_fit_is_told_and_nothing_is_refused_for_it() {
    let world = World::own();
    offered(&world, "look");
    let good = "<start>2026-11-20T09:00:00+08:00</start><end>2026-11-20T09:05:40+08:00</end><where>28.55512 120.65444 0 5</where>\
                <households>200</households><toilets>3</toilets><share>2</share><why/>";
    let told = handed_in(&world, "village", At::Village, &filled("look", "uuid:good", good));
    assert_eq!(
        told["submission"]["checked"],
        json!({ "judged": true, "doubts": [], "doubts_count": 0, "unjudged": 0, "questions": 4, "seconds": 340,
            "point": { "lon_e7": 1_206_540_000, "lat_e7": 285_550_000 } })
    );
    assert_eq!(told["doubts"], json!([]));
    assert_eq!(told["answers"][3]["label"], "常住户数");
    let bad = "<households>0</households><toilets>12</toilets><share>7</share><why>不知道</why><extra>1</extra>";
    let told = handed_in(&world, "village", At::Village, &filled("look", "uuid:bad", bad));
    let doubts = told["doubts"].as_array().unwrap();
    let found: Vec<(&str, &str, &str)> = doubts
        .iter()
        .map(|d| (d["at"].as_str().unwrap(), d["what"].as_str().unwrap(), d["label"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(
        found,
        [
            ("/data/extra", "no_such_field", ""),
            ("/data/households", "constraint_not_met", "常住户数"),
            ("/data/toilets", "constraint_not_met", "能用的公厕数"),
            ("/data/share", "calculation_differs", ""),
            ("/data/why", "irrelevant_but_filled", "为什么没有"),
        ]
    );
    let messages: Vec<&str> = doubts.iter().map(|d| d["message"].as_str().unwrap()).collect();
    assert!(messages[3].contains('7') && messages[4].contains("不知道"), "{messages:?}");
    assert!(messages.iter().all(|m| !m.contains(['{', '}']) && !m.starts_with("doubt.")), "{messages:?}");
    // The log says what and where, and no answer.
    let kept = &told["submission"]["checked"];
    assert_eq!(
        (&kept["doubts_count"], &kept["doubts"][4]),
        (&json!(5), &json!({ "at": "/data/why", "what": "irrelevant_but_filled" }))
    );
    let id = told["submission"]["id"].as_str().unwrap();
    let facts = world.get(&format!("/api/history/submissions/{id}")).by("office").send().text();
    assert!(facts.contains("submission.checked@1") && !facts.contains("不知道"), "{facts}");
    // What has to be looked at is a list, until somebody has.
    let doubtful = || {
        let rows = world.get("/api/rows/submissions?doubtful=1&form_id=look").by("office").send().json();
        rows["rows"].as_array().unwrap().iter().map(|r| r["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(doubtful(), [id]);
    world.done("office", json!({ "type": "surveys.review", "submission": id, "verdict": "approved" }));
    assert!(doubtful().is_empty());
    // Another form's root under this form's id is taken like the rest.
    let other = filled("look", "uuid:other", "<a/>").replace("data id", "other id").replace("</data>", "</other>");
    let told = handed_in(&world, "village", At::Village, &other);
    assert_eq!((&told["doubts"][0]["what"], &told["doubts"][0]["at"]), (&json!("not_of_the_form"), &json!("/")));
}

fn toilets() -> Value {
    json!({ "village": "/data/village", "day": null, "when": "received", "rows": [
        { "from": "/data/toilets", "to": { "is": "reading", "figure": "toilets", "title": "能用的公厕" } },
        { "from": "/data/households", "to": { "is": "count", "what": "households_resident", "method": "counted" } },
        { "from": "/data/why", "to": { "is": "problem", "field": "toilet", "yes": ["坏了"], "text": "/data/why" } },
    ] })
}

fn readings(world: &World, at: At) -> Vec<(i64, bool)> {
    let rows =
        world.get(&format!("/api/rows/readings?place={}&figure=toilets&sort=value", place(at).id)).by("office").send().json();
    let row = |r: &Value| (r["row"]["value"].as_i64().unwrap(), r["row"]["withdrawn"].as_bool().unwrap());
    rows["rows"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn answers_become_facts_of_the_village_that_they_name() {
    let world = World::own();
    let form = offered(&world, "look");
    let answers = |village: &str, rest: &str| format!("<village>{village}</village><start/><end/><where/>{rest}");
    let good = |toilets: u32| {
        format!(
            "<households>200</households><toilets>{toilets}</toilets><share>{}</share><why/>",
            (f64::from(toilets) / 2.0).round()
        )
    };
    let send = |instance: &str, at: At, xml: &str| handed_in(&world, "township", at, &filled("look", instance, xml));
    let village = place(At::Village);
    let code = world.get(&format!("/api/rows/places/{}", village.id)).by("office").send().json()["row"]["code"].clone();
    let code = code.as_str().unwrap().to_owned();
    // One from before, handed in by the township.
    let before = send("uuid:1", At::Township, &answers(&code, &good(3)));
    assert_eq!(before["submission"]["place"], json!(place(At::Township).id), "nothing says yet which question names the village");
    // What the form asks, for whoever writes down what becomes of it.
    let asked = world.get(&format!("/api/forms/{form}/questions")).by("office").send().json();
    let paths: Vec<&str> = asked["questions"].as_array().unwrap().iter().map(|q| q["path"].as_str().unwrap()).collect();
    assert_eq!(&paths[..3], ["/data/village", "/data/start", "/data/end"]);
    assert_eq!((&asked["questions"][4]["label"], &asked["questions"][4]["data_type"]), (&json!("常住户数"), &json!("integer")));
    // Tried, written down, switched on.
    let trial = |mapping: Value| world.post(&format!("/api/forms/{form}/mapping/trial")).by("office").json(&mapping).send();
    let tried = trial(toilets());
    assert_eq!(tried.status, 200, "{}", tried.text());
    assert_eq!(
        tried.json()["tried"],
        json!({ "submissions": 1, "readings": 0, "counts": 0, "problems": 0, "not_made": 1 }),
        "the township is not the village that is named"
    );
    assert_eq!(tried.json()["examples"][0]["outcome"]["not_made"][0]["why"], "no_such_village");
    trial(json!({ "rows": [] })).refused(422, "bad-command");
    assert!(readings(&world, At::County).is_empty(), "a trial leaves nothing");
    let mut wrong = toilets();
    wrong["rows"][0]["from"] = json!("/data/none");
    world
        .command("office", json!({ "type": "surveys.map", "form": form, "mapping": wrong }))
        .refused(409, "surveys/no-such-question");
    world.done("office", json!({ "type": "surveys.map", "form": form, "mapping": toilets() }));
    let faked = json!({ "submissions": 9, "readings": 9, "counts": 9, "problems": 9, "not_made": 0 });
    world.done("office", json!({ "type": "surveys.switch_mapping", "form": form, "on": true, "past": false, "tried": faked }));
    let row = world.get(&format!("/api/rows/forms/{form}")).by("office").send().json();
    assert_eq!(row["row"]["mapped"]["tried"]["submissions"], 1, "the trial is the door's, whatever is sent");
    // From now on.
    let told = send("uuid:2", At::Township, &answers(&code, &good(4)));
    assert_eq!(told["submission"]["place"], json!(village.id));
    assert_eq!(told["submission"]["applied"]["readings"], 1);
    assert_eq!(readings(&world, At::Village), [(4, false)]);
    let counts = world.get(&format!("/api/rows/places/{}", village.id)).by("office").send().json();
    assert_eq!(counts["row"]["counts"]["households_resident"]["value"], 200);
    // What is in doubt waits for the office; then its problem is there with the submission as evidence.
    let none = "<households>200</households><toilets>0</toilets><share>9</share><why>坏了</why>";
    let told = send("uuid:3", At::Township, &answers(&code, none));
    assert_eq!((&told["submission"]["applied"], told["doubts"].as_array().unwrap().len()), (&Value::Null, 1));
    let id = told["submission"]["id"].clone();
    world.done("office", json!({ "type": "surveys.review", "submission": id, "verdict": "approved" }));
    assert_eq!(readings(&world, At::Village), [(0, false), (4, false)]);
    let applied = world.get(&format!("/api/submissions/{}", id.as_str().unwrap())).by("office").send().json();
    let problem = applied["submission"]["applied"]["problems"][0].as_str().unwrap().to_owned();
    let problem = world.get(&format!("/api/history/problems/{problem}")).by("office").send().json();
    assert_eq!(problem["facts"][0]["body"]["evidence"], id);
    assert_eq!(problem["facts"][0]["body"]["channel"], "survey");
    // Rejected, it no longer counts.
    world.done("office", json!({ "type": "surveys.review", "submission": id, "verdict": "rejected", "note": "不实" }));
    assert_eq!(readings(&world, At::Village), [(0, true), (4, false)]);
    // Switched on for what was there before, that becomes facts as well, but not what names another place than its own.
    world.done("office", json!({ "type": "surveys.switch_mapping", "form": form, "on": false }));
    world.done("office", json!({ "type": "surveys.switch_mapping", "form": form, "on": true, "past": true }));
    assert_eq!(readings(&world, At::Township).len(), 2);
    // A village of somebody else's is not taken for the sender's.
    let foreign = world.get(&format!("/api/rows/places/{}", place(At::ForeignVillage).id)).by("foreign_office").send().json();
    let told = send("uuid:4", At::Township, &answers(foreign["row"]["code"].as_str().unwrap(), &good(5)));
    assert_eq!(told["submission"]["place"], json!(place(At::Township).id));
    assert_eq!(told["submission"]["applied"]["not_made"][0]["why"], "no_such_village");
    // Nor are its figures the sender's own place's: nothing is made of them.
    let applied = &told["submission"]["applied"];
    assert_eq!((&applied["readings"], &applied["counts"], &applied["problems"]), (&json!(0), &json!([]), &json!([])));
    assert_eq!(readings(&world, At::Township).len(), 2);
    let nowhere = send("uuid:5", At::Village, &answers("990101999999", &good(6)));
    assert_eq!(nowhere["submission"]["applied"]["readings"], 0);
    assert_eq!(readings(&world, At::Township).len(), 2);
    let counts = world.get(&format!("/api/rows/places/{}", village.id)).by("office").send().json();
    assert_eq!(counts["row"]["counts"]["households_resident"]["value"], 200);
}

#[test]
fn what_is_known_is_told_at_publishing_and_filled_in_beforehand() {
    let world = World::own();
    let xml = LOOK.replace("ID", "again").replace("households", "hamlets").replace("village", "village_code");
    let brought =
        world.post(&format!("/api/forms?place={}", place(At::County).id)).by("office").body("text/xml", xml.clone()).send();
    assert_eq!(brought.status, 200, "{}", brought.text());
    let form = brought.json()["form"].clone();
    let publish = |again: Value| json!({ "type": "surveys.publish", "form": form, "version": "1", "again": again });
    let rule = json!({ "months": 1, "share_percent": 1 });
    world.done("office", json!({ "type": "rules.set", "place": place(At::County).id, "from": TODAY, "rule": "surveys.asked_once", "value": rule, "reason": "试行" }));
    // What was counted long ago may be asked, and so may which village it is.
    world.done("office", publish(Value::Null));
    world.done("office", json!({ "type": "surveys.close", "form": form, "reason": "改一改", "takes_late": true }));
    // Counted lately in a hundredth of the villages, they are known as well.
    let count = |at: At| {
        let on = "2026-11-01";
        let count = json!({ "type": "places.count", "place": place(at).id, "what": "hamlets", "value": 12, "on": on, "method": "counted" });
        world.done("office", count);
    };
    [At::Village, At::SiblingVillage, At::CousinVillage].into_iter().for_each(count);
    // What is sent about it counts for nothing.
    let mut lied = publish(Value::Null);
    lied["known"] = json!([]);
    let refused = world.command("office", lied);
    assert_eq!(refused.json()["args"]["paths"], "/data/hamlets");
    refused.refused(409, "surveys/asks-what-is-known");
    world.done("office", publish(json!("普查之后再核一次")));
    let told = world.get(&format!("/api/history/forms/{}", form.as_str().unwrap())).by("office").send().json();
    let published = told["facts"].as_array().unwrap().iter().find(|f| f["body"]["known"].is_array()).unwrap().clone();
    assert_eq!(published["body"]["known"], json!(["/data/hamlets"]));
    // Whoever opens it in the village finds it filled in.
    let offered = |at: At, who: &str| {
        let forms = world.get(&format!("/api/places/{}/forms", place(at).id)).by(who).send().json();
        forms["forms"].as_array().unwrap().iter().find(|f| f["version"]["head"]["form_id"] == "again").unwrap()["known"].clone()
    };
    let known = offered(At::Village, "village");
    assert_eq!(known[1], json!({ "path": "/data/hamlets", "value": "12", "on": "2026-11-01" }));
    assert_eq!(known[0]["value"].as_str().map(str::len), Some(12));
    assert_eq!(offered(At::Township, "township"), json!([]), "a township is no village");
    world
        .post(&format!("/api/forms?place={}", place(At::ForeignCounty).id))
        .by("office")
        .body("text/xml", xml)
        .send()
        .refused(403, "forbidden");
}
