//! A problem from its report to the reporter's last word, over HTTP, each step by the person whose step it is.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::*;

/// A villager sends the public form. Returns the problem and its receipt.
fn villager_reports(world: &World, at: At, field: &str, words: &str, photos: &[(&str, &str, &[u8])]) -> (String, String) {
    let path = format!("/v/{}/report", place(at).code);
    let form = world.get(&path).send().text();
    let hidden = |name: &str| {
        let rest = form.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let (id, receipt) = (hidden("id"), hidden("receipt"));
    let fields = [("id", id.as_str()), ("receipt", &receipt), ("field", field), ("words", words), ("not_the_same", "1")];
    let reply = world.post(&path).header("origin", "http://localhost:8080").parts(&fields, photos).send();
    assert_eq!(reply.status, 303, "{}", reply.text());
    let to = reply.header("location").to_owned();
    assert!(to.ends_with(&format!("?r={receipt}&new=1")), "{to}");
    let page = world.get(&to).send();
    assert!(page.status == 200 && page.text().contains(&receipt), "the page shows the receipt to keep");
    (to[3..39].to_owned(), receipt)
}

fn state(world: &World, problem: &str) -> Value {
    let row = world.get(&format!("/api/rows/problems/{problem}")).by("office").send().json();
    row["row"]["state"].clone()
}

fn upload(world: &World, by: &str, shade: u8) -> String {
    let reply = world.post("/api/files").by(by).parts(&[], &[("file", "p.png", &picture(40, 30, shade))]).send();
    reply.json()["hash"].as_str().unwrap().to_owned()
}

fn may(world: &World, problem: &str, by: &str) -> Vec<String> {
    let row = world.get(&format!("/api/rows/problems/{problem}")).by(by).send().json();
    row["may"].as_array().unwrap().iter().map(|m| m.as_str().unwrap().to_owned()).collect()
}

/// Diagnosed and claimed by the village, in order.
fn claim(world: &World, problem: &str, by: &str, shade: u8) {
    world.done(by, json!({ "type": "problems.diagnose", "problem": problem, "cause": "收运不及时", "measure": "增加一趟" }));
    world.done(
        by,
        json!({ "type": "problems.claim_fix", "problem": problem, "text": "清干净了", "photos": [upload(world, by, shade)] }),
    );
}

fn answer(world: &World, problem: &str, receipt: &str, solved: &str, words: &str) -> Reply {
    let fields = [("r", receipt), ("id", &Uuid::now_v7().to_string()), ("solved", solved), ("words", words)];
    world.post(&format!("/p/{problem}")).header("origin", "http://localhost:8080").form(&fields).send()
}

#[test]
fn from_report_to_the_last_word() {
    let world = World::own();
    let photo = encoded(60, 40, 3, image::ImageFormat::Jpeg);
    let (problem, receipt) = villager_reports(&world, At::Village, "waste", "村口垃圾桶满了三天", &[("photo", "a.jpg", &photo)]);
    assert_eq!(state(&world, &problem), json!({ "is": "reported" }));
    let row = world.get(&format!("/api/rows/problems/{problem}")).by("township").send().json();
    assert_eq!((&row["row"]["channel"], &row["row"]["reporter"]), (&json!("villager"), &json!({ "is": "villager" })));
    assert!(may(&world, &problem, "township").contains(&"problems.assign".to_owned()));
    assert!(!may(&world, &problem, "village").contains(&"problems.assign".to_owned()));

    // The township looks at it; by the rule waste is the village's.
    world.done("township", json!({ "type": "problems.assign", "problem": problem }));
    let now = state(&world, &problem);
    assert_eq!(
        (&now["is"], &now["post"]["place"], &now["post"]["role"]),
        (&json!("assigned"), &json!(place(At::Village).id), &json!("village"))
    );
    assert!(now["due"].as_str().unwrap() > TODAY, "{now}");
    assert!(world.get("/api/today").by("village").send().text().contains(&problem), "the village's day shows it");

    // First the cause, then the claim, and not without a photo; and only by whoever answers for it.
    let photos = [upload(&world, "village", 90)];
    let without = json!({ "type": "problems.claim_fix", "problem": problem, "text": "清干净了", "photos": photos });
    world.command("village", without.clone()).refused(409, "problems/not-diagnosed");
    world.done(
        "village",
        json!({ "type": "problems.diagnose", "problem": problem, "cause": "收运不及时", "measure": "增加一趟" }),
    );
    world
        .command("village", json!({ "type": "problems.claim_fix", "problem": problem, "text": "清干净了", "photos": [] }))
        .refused(409, "problems/no-evidence");
    world.done("village", without);
    assert_eq!(state(&world, &problem)["is"], "claimed");

    // Verified by somebody else, who is not under the claimer.
    world
        .command("village", json!({ "type": "problems.verify_fix", "problem": problem, "note": "好了" }))
        .refused(403, "forbidden");
    assert!(!may(&world, &problem, "village").contains(&"problems.verify_fix".to_owned()));
    assert!(may(&world, &problem, "township").contains(&"problems.verify_fix".to_owned()));
    world.done("township", json!({ "type": "problems.reject_fix", "problem": problem, "reason": "桶还是满的" }));
    assert_eq!(state(&world, &problem)["is"], "assigned");
    world.done("village", json!({ "type": "problems.claim_fix", "problem": problem, "text": "又清了一次", "photos": [upload(&world, "village", 91)] }));
    world.done("inspector", json!({ "type": "problems.verify_fix", "problem": problem, "note": "看过，干净" }));

    // The reporter is asked. A wrong receipt says nothing, "no" needs a reason, and reopens; in the end he agrees.
    let page = |receipt: &str| world.get(&format!("/p/{problem}?r={receipt}")).send().text();
    assert!(page(&receipt).contains("name=\"solved\"") && !page("").contains("name=\"solved\""));
    for wrong in ["", "wrongwrongwr", "<script>", "' OR 1=1 --"] {
        let reply = answer(&world, &problem, wrong, "1", "");
        assert_eq!(reply.status, 409, "{wrong:?}: {}", reply.text());
        assert!(!reply.text().contains("<script"));
    }
    assert_eq!(answer(&world, &problem, &receipt, "0", "").status, 409);
    assert_eq!(state(&world, &problem)["is"], "verified");
    assert_eq!(answer(&world, &problem, &receipt, "0", "第二天又满了").status, 303);
    assert_eq!(state(&world, &problem)["is"], "assigned");
    claim(&world, &problem, "village", 92);
    world.done("township", json!({ "type": "problems.verify_fix", "problem": problem, "note": "连看三天" }));
    assert_eq!(answer(&world, &problem, &receipt, "1", "").status, 303);
    assert_eq!(state(&world, &problem)["is"], "confirmed");
    assert!(page(&receipt).contains("收运不及时"), "what was found and done is public");

    let history = world.get(&format!("/api/history/problems/{problem}")).by("office").send().json();
    let kinds: Vec<&str> =
        history["facts"].as_array().unwrap().iter().map(|f| f["kind"].as_str().unwrap().split('@').next().unwrap()).collect();
    let told = [
        "problem.reported",
        "problem.assigned",
        "problem.diagnosed",
        "problem.fix_claimed",
        "problem.fix_rejected",
        "problem.fix_claimed",
        "problem.fix_verified",
        "problem.reopened",
        "problem.diagnosed",
        "problem.fix_claimed",
        "problem.fix_verified",
        "problem.confirmed",
    ];
    assert_eq!(kinds, told);
    assert!(world.store.verify(&[], &mut |_| {}).unwrap().holds());
}

#[test]
fn nobody_under_the_claimer_verifies() {
    let world = World::own();
    let problem = world
        .done("office", json!({ "type": "problems.report", "place": place(At::Village).id, "field": "road", "text": "路塌了" }));
    // A road is the township's. It claims; its own kind cannot verify, its head and those above can.
    world.done("office", json!({ "type": "problems.assign", "problem": problem }));
    let diagnose = json!({ "type": "problems.diagnose", "problem": problem, "cause": "x", "measure": "y" });
    world.command("village", diagnose).refused(409, "problems/another-post-answers");
    claim(&world, &problem, "township", 40);
    let verify = || json!({ "type": "problems.verify_fix", "problem": problem, "note": "看过" });
    world.command("township", verify()).refused(409, "problems/verifies-his-own");
    world.command("village_head", verify()).refused(409, "problems/under-the-claimer");
    world.command("sibling_township", verify()).refused(403, "forbidden");
    world.command("viewer", verify()).refused(403, "forbidden");
    for (name, offered) in
        [("township", false), ("village_head", false), ("township_head", true), ("inspector", true), ("office", true)]
    {
        assert_eq!(may(&world, &problem, name).contains(&"problems.verify_fix".to_owned()), offered, "{name}");
    }
    world.done("township_head", verify());
    assert_eq!(state(&world, &problem)["is"], "verified");
}

#[test]
fn duplicates_are_suggested_and_merged() {
    let world = World::own();
    let (first, _) = villager_reports(&world, At::Village, "toilet", "公厕没水", &[]);
    let path = format!("/v/{}/report", place(At::Village).code);
    let id = Uuid::now_v7().to_string();
    let fields = [("id", id.as_str()), ("receipt", "abcdefghijkm"), ("field", "toilet"), ("words", "厕所脏")];
    let asked = world.post(&path).form(&fields).send();
    assert!(asked.status == 200 && asked.text().contains(&format!("/p/{first}")), "the one that is there is shown first");
    assert!(asked.text().contains("厕所脏"), "what was typed stays");
    let sent = world.post(&path).form(&[&fields[..], &[("not_the_same", "1")]].concat()).send();
    assert_eq!(sent.status, 303);
    let second = sent.header("location")[3..39].to_owned();
    world.done("township", json!({ "type": "problems.merge", "problem": second, "into": first }));
    let merged = state(&world, &second);
    assert_eq!((&merged["is"], &merged["into"]), (&json!("merged"), &json!(first)));
    let page = world.get(&format!("/p/{second}")).send().text();
    let number = world.get(&format!("/api/rows/problems/{first}")).by("office").send().json()["row"]["number"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(page.contains(&number), "the merged one's page leads to the other");
    world
        .command("township", json!({ "type": "problems.merge", "problem": first, "into": second }))
        .refused(409, "problems/cannot-take-in");
    world
        .command("township", json!({ "type": "problems.merge", "problem": first, "into": first }))
        .refused(409, "problems/into-itself");
    world.done("township", json!({ "type": "problems.unmerge", "problem": second, "reason": "不是一处" }));
    assert_ne!(state(&world, &second)["is"], "merged");
    let near = world.get(&format!("/api/places/{}/duplicates?field=toilet", place(At::Village).id)).by("village").send().json();
    assert_eq!(near["candidates"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_withheld_is_not_public() {
    let world = World::own();
    let photo = picture(50, 50, 77);
    let (problem, _) = villager_reports(&world, At::Village, "culture", "张三家的事不该写在这里", &[("photo", "a.png", &photo)]);
    let page = || world.get(&format!("/p/{problem}")).send().text();
    let image = page().split("src=\"/public/files/").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    assert_eq!(world.get(&format!("/public/files/{image}")).send().status, 200);
    world.done("township", json!({ "type": "problems.withhold", "problem": problem, "reason": "写了人名" }));
    assert!(!page().contains("张三"));
    assert!(!world.get(&format!("/v/{}", place(At::Village).code)).send().text().contains("张三"));
    world.get(&format!("/public/files/{image}")).send().refused(404, "not-found");
    assert!(!world.get(&format!("/v/{}/report", place(At::Village).code)).send().text().contains("张三"));
    world.done("township", json!({ "type": "problems.show", "problem": problem, "reason": "改过了" }));
    assert!(page().contains("张三"));
}

/// Clocks run out: level by level up to the county's head, who answers.
#[test]
fn what_nobody_does_goes_up() {
    let world = World::own();
    let problem = world
        .done("office", json!({ "type": "problems.report", "place": place(At::Village).id, "field": "waste", "text": "垃圾山" }));
    world.done("office", json!({ "type": "problems.assign", "problem": problem, "due": "2026-11-24" }));
    let day = |n: i64| world.with(|s| s.now_ms = Some(NOW_MS + n * 86_400_000));
    let ladder = |world: &World| -> Vec<(Value, Value)> {
        let row = world.get(&format!("/api/rows/problems/{problem}")).by("office").send().json();
        let steps = row["row"]["escalations"].as_array().unwrap().clone();
        steps.iter().map(|e| (e["to"]["place"].clone(), e["answer"].clone())).collect()
    };
    server::run_clocks(&day(1).app).unwrap();
    assert_eq!(ladder(&world).len(), 0, "its day has not passed");
    assert!(server::run_clocks(&day(2).app).unwrap() >= 1);
    assert_eq!(server::run_clocks(&day(2).app).unwrap(), 0, "once a day is enough");
    let ids = |at: At| json!(place(at).id);
    assert_eq!(ladder(&world), [(ids(At::Village), Value::Null)]);
    server::run_clocks(&day(3).app).unwrap();
    assert_eq!(ladder(&world).len(), 1, "the head has seven days");
    server::run_clocks(&day(10).app).unwrap();
    server::run_clocks(&day(18).app).unwrap();
    assert_eq!(
        ladder(&world).iter().map(|s| s.0.clone()).collect::<Vec<_>>(),
        [ids(At::Village), ids(At::Township), ids(At::County)]
    );
    server::run_clocks(&day(40).app).unwrap();
    assert_eq!(ladder(&world).len(), 3, "it goes no further than the rule says");
    let late = day(40);
    let answer = json!({ "type": "problems.answer_escalation", "problem": problem, "text": "周五前清完，我去看" });
    late.command("township_head", answer.clone()).refused(409, "problems/not-yours");
    late.command("office", answer.clone()).refused(403, "forbidden");
    assert!(may(&late, &problem, "head").contains(&"problems.answer_escalation".to_owned()));
    let waiting = late.get("/api/today").by("head").send().json();
    assert_eq!(waiting["lists"][0]["name"], "to_answer", "{waiting}");
    late.done("head", answer);
    assert_eq!(ladder(&late)[2].1["text"], "周五前清完，我去看");
    late.command("head", json!({ "type": "problems.answer_escalation", "problem": problem, "text": "再说一次" }))
        .refused(409, "problems/nothing-to-answer");
}

/// Two villages become one: what is open in the one that is gone goes on in the other, seen and answered by its committee.
#[test]
fn what_is_open_in_a_merged_village_goes_on_in_the_other() {
    let world = World::own();
    let (village, sibling) = (place(At::Village).id, place(At::SiblingVillage).id);
    let problem =
        world.done("office", json!({ "type": "problems.report", "place": village, "field": "waste", "text": "垃圾山" }));
    world.done("office", json!({ "type": "problems.assign", "problem": problem }));
    world.done("office", json!({ "type": "places.close", "place": village, "into": [sibling], "document": "县政府〔2026〕8号" }));
    let row = || world.get(&format!("/api/rows/problems/{problem}")).by("office").send().json()["row"].clone();
    assert_eq!((&row()["place"], &row()["state"]["post"]["place"]), (&json!(village), &json!(village)));
    for _ in 0..2 {
        server::run_clocks(&world.app).unwrap();
        assert_eq!((&row()["place"], &row()["state"]["post"]["place"]), (&json!(sibling), &json!(sibling)));
    }
    let history = world.get(&format!("/api/history/problems/{problem}")).by("office").send().json();
    assert_eq!(history["facts"].as_array().unwrap().len(), 4, "once: {history}");
    assert_eq!(history["facts"][2]["body"]["reason"], "县政府〔2026〕8号");
    world.command("office", json!({ "type": "problems.hand_over", "problem": problem })).refused(403, "forbidden");
}

/// A refusal says which field to mend, in the words of the request, and says so again to whoever asks again.
#[test]
fn a_refusal_names_the_field_to_blame() {
    let world = World::own();
    let village = place(At::Village).id;
    let report = |photo: Value| json!({ "type": "problems.report", "place": village, "field": "waste", "text": "垃圾山", "photos": photo });
    let problem = world.done("office", report(json!([])));
    let assign = json!({ "type": "problems.assign", "problem": problem, "due": "2020-01-01" });
    let id = Uuid::now_v7();
    for _ in 0..2 {
        let document = world.command_as("office", id, assign.clone()).refused(409, "problems/too-early");
        let detail = document["detail"].clone();
        assert_eq!(document["findings"], json!([{ "field": "due", "reason": "too-early", "message": detail }]));
    }
    let recode = json!({ "type": "places.recode", "place": village, "code": place(At::SiblingVillage).code, "document": "文件" });
    let document = world.command("office", recode).refused(409, "places/code-in-use");
    assert_eq!(
        (&document["findings"][0]["field"], &document["args"]["name"]),
        (&json!("code"), &json!(place(At::SiblingVillage).name))
    );
    let unseen = report(json!(["cd".repeat(32)]));
    assert_eq!(world.command("office", unseen).refused(422, "bad-upload")["findings"][0]["field"], "photos");
    let early = json!({ "type": "problems.claim_fix", "problem": problem, "text": "好了", "photos": [] });
    let document = world.command("village", early).refused(409, "problems/not-in-this-state");
    assert_eq!(document["findings"], Value::Null, "no field is to blame: {document}");
}

#[test]
fn a_repeated_command_gets_the_first_answer() {
    let world = World::own();
    let id = Uuid::now_v7();
    let report = json!({ "type": "problems.report", "place": place(At::Village).id, "field": "waste", "text": "垃圾没清" });
    let first = world.command_as("village", id, report.clone()).json();
    let again = world.command_as("village", id, report.clone()).json();
    assert_eq!((&first["subject"], &first["facts"]), (&again["subject"], &again["facts"]));
    assert_eq!((&first["repeated"], &again["repeated"]), (&json!(false), &json!(true)));
    // Crossed: the same id with other words, or from somebody else.
    let other = json!({ "type": "problems.report", "place": place(At::Village).id, "field": "waste", "text": "另一件事" });
    world.command_as("village", id, other).refused(409, "command-id-reused");
    world.command_as("office", id, report.clone()).refused(409, "command-id-reused");
    // A refusal is an answer too, and stays one.
    let (id, problem) = (Uuid::now_v7(), first["subject"].as_str().unwrap().split(':').nth(1).unwrap().to_owned());
    let escalate = json!({ "type": "problems.unmerge", "problem": problem, "reason": "看看" });
    let refused = world.command_as("office", id, escalate.clone());
    assert_eq!((refused.status, refused.text()), {
        let again = world.command_as("office", id, escalate);
        (again.status, again.text())
    });
    // Sent many times at once: done once.
    let id = Uuid::now_v7();
    let report = json!({ "type": "problems.report", "place": place(At::Village).id, "field": "water", "text": "停水了" });
    let asks = (0..20).map(|_| world.post("/api/commands").by("village").json(&json!({ "id": id, "command": report }))).collect();
    let replies = world.all(asks);
    assert!(replies.iter().all(|r| r.status == 200 && r.json()["subject"] == replies[0].json()["subject"]));
    assert_eq!(replies.iter().filter(|r| r.json()["repeated"] == false).count(), 1);
    // The public form, sent twice by a slow thumb.
    let id = Uuid::now_v7().to_string();
    let send = || {
        let fields = [
            ("id", id.as_str()),
            ("receipt", "abcdefghijkm"),
            ("field", "service"),
            ("words", "没人办事"),
            ("not_the_same", "1"),
        ];
        world.post(&format!("/v/{}/report", place(At::Village).code)).form(&fields).send()
    };
    assert_eq!(send().header("location"), send().header("location"));
}

/// Two people act on one problem at once: one wins, the other is told clearly.
#[test]
fn two_people_at_once() {
    let world = World::own();
    for n in 0..6 {
        let problem = world.done(
            "office",
            json!({ "type": "problems.report", "place": place(At::Village).id, "field": "road", "text": format!("路 {n}") }),
        );
        let command = |by: &str, command: Value| {
            world.post("/api/commands").by(by).json(&json!({ "id": Uuid::now_v7(), "command": command }))
        };
        let replies = world.all(vec![
            command("office", json!({ "type": "problems.dismiss", "problem": problem, "reason": "不属于本项目" })),
            command(
                "township",
                json!({ "type": "problems.reclassify", "problem": problem, "field": "water", "reason": "是水管" }),
            ),
            command("head", json!({ "type": "problems.dismiss", "problem": problem, "reason": "重复" })),
        ]);
        let dismissed = [&replies[0], &replies[2]];
        assert_eq!(dismissed.iter().filter(|r| r.status == 200).count(), 1);
        let loser = dismissed.into_iter().find(|r| r.status != 200).unwrap();
        assert_eq!(loser.refused(409, "problems/not-in-this-state")["args"]["state"], "dismissed");
    }
}

#[test]
fn the_same_problem_in_many_villages_becomes_a_topic() {
    let world = World::own();
    world.done("office", json!({ "type": "rules.set", "place": place(At::County).id, "from": TODAY, "rule": "problems.topics", "value": { "villages_min": 2, "days": 90 }, "reason": "会议" }));
    let candidates = world.get("/api/topics/candidates").by("office").send().json();
    let candidate = &candidates["candidates"][0];
    assert!(candidate["villages"].as_u64().unwrap() >= 2, "{candidates}");
    let shown: Vec<Value> = candidate["problems"].as_array().unwrap().iter().take(20).cloned().collect();
    let topic = world.done("office", json!({ "type": "topics.propose", "place": candidate["place"], "field": candidate["field"], "title": "全县一起看", "problems": shown }));
    world.done("office", json!({ "type": "topics.conclude", "topic": topic, "outcome": "列入明年计划" }));
    let row = world.get(&format!("/api/rows/topics/{topic}")).by("viewer").send().json();
    assert_eq!(row["row"]["state"]["is"], "concluded");
}
