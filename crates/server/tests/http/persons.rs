//! The wrong person: everybody at every place, with every route and every command. Exactly the allowed come in, and what
//! lies in another's area answers as what is not there.

use std::collections::BTreeSet;

use domain::basics::Role::{self, *};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::*;

/// Everybody but the administrators of security and audit, who see nothing of the programme.
const READERS: &[Role] = &[Admin, Head, Office, Department, Township, Village, Inspector, Viewer];

/// Roles that may give a command, by docs/http.md; none where everybody signed in may try.
fn givers(command: &str) -> Option<&'static [Role]> {
    Some(match command {
        "problems.report" => &[Head, Office, Department, Township, Village, Inspector],
        "problems.assign"
        | "problems.dismiss"
        | "problems.merge"
        | "problems.unmerge"
        | "problems.escalate"
        | "problems.reclassify"
        | "problems.withhold"
        | "problems.show"
        | "topics.propose"
        | "topics.conclude" => &[Head, Office, Township],
        "problems.diagnose" | "problems.claim_fix" => &[Department, Township, Village],
        "problems.verify_fix" | "problems.reject_fix" | "problems.reopen" => &[Head, Office, Township, Inspector],
        "problems.answer_escalation" => &[Head],
        // The programme by itself.
        "problems.hand_over" => &[],
        // Whoever reported; the rule decides, and every problem has a public page.
        "problems.answer_as_reporter" => return None,
        "places.rename" | "places.recode" | "places.classify" | "places.grade" | "places.enter_stage" | "places.locate"
        | "places.close" | "places.reinstate" => &[Office],
        "places.count" => &[Office, Township, Village],
        "rules.set" => &[Admin, Office],
        "duties.take_up" | "duties.leave" | "duties.withdraw" | "duties.describe" => &[Head, Office, Township],
        // The holder himself may, whoever he is: the rule decides.
        "duties.delegate" | "handovers.draw_up" | "handovers.sign" => READERS,
        "tasks.set" | "tasks.pass_down" | "tasks.amend" | "tasks.withdraw" | "tasks.carry_over" => &[Head, Office, Township],
        "tasks.claim" => &[Head, Office, Department, Township, Village],
        "tasks.verify" | "tasks.reject" => &[Head, Office, Township, Inspector],
        "tasks.lapse" => &[],
        "persons.unmask" => &[Head, Office, Township],
        // With his receipt whoever left them; without one the rule decides between those who may see them.
        "persons.erase" => &[Head, Office, Township],
        "persons.expire" => &[],
        "surveys.publish" | "surveys.close" | "surveys.map" | "surveys.switch_mapping" => &[Office],
        "surveys.review" | "surveys.comment" => &[Head, Office, Township],
        "surveys.drop_draft" => &[Office],
        "campaigns.open" | "campaigns.assign" | "campaigns.unassign" | "campaigns.close" => &[Office],
        "briefs.save" | "briefs.withdraw" | "plans.discard" => &[Office],
        // Only a search makes plans.
        "plans.propose" => &[],
        "wishes.count" | "wishes.withdraw" => &[Office, Township, Village],
        // These bring a file, and come through the routes that look at it.
        "surveys.upload" | "surveys.give_attachment" | "surveys.submit" => &[],
        // Only the programme itself makes facts of answers.
        "surveys.apply" => &[],
        other => panic!("{other}: a command that these tests do not know"),
    })
}

/// Roles for a capability that a route asks for.
fn holders(permit: &str) -> &'static [Role] {
    match permit {
        "read" | "read or audit.read" => READERS,
        "export" => &[Head, Office, Department, Township, Inspector, Viewer],
        "export or audit.read" => &[Head, Office, Department, Township, Inspector, Viewer],
        "log.read" => &[Admin, Office],
        "log.read or audit.read" => &[Admin, Office, Role::Audit],
        "problems.report" => &[Head, Office, Department, Township, Village, Inspector],
        "particulars.unmask" => &[Head, Office, Township],
        "surveys.manage" | "planning.edit" => &[Office],
        "surveys.submit" => &[Head, Office, Department, Township, Village, Inspector],
        "accounts.manage" => &[Admin],
        "accounts.manage or accounts.secure" => &[Admin, Security],
        other => panic!("{other}: a permit that these tests do not know"),
    }
}

/// What a command is about: ids of something there, or of nothing.
struct Target {
    problem: Uuid,
    into: Uuid,
    topic: Uuid,
    place: i64,
    task: Uuid,
    person: Uuid,
    holding: Uuid,
    statement: String,
    contact: Uuid,
    form: Uuid,
    submission: Uuid,
    campaign: Uuid,
    brief: Uuid,
    plan: Uuid,
}

fn target(at: At) -> Target {
    let (other, topic) = if at.is_foreign() { (At::ForeignCounty, 1) } else { (At::SiblingVillage, 0) };
    let other = if other == at { if at.is_foreign() { At::ForeignVillage } else { At::Village } } else { other };
    let Leaver { person, holding, statement } = leaver(at).clone();
    let (problem, into, topic, place) = (problem(at), problem(other), SEED.topics[topic], place(at).id.0);
    Target {
        problem,
        into,
        topic,
        place,
        task: task(at),
        person,
        holding,
        statement,
        contact: contact(at),
        form: form(at),
        submission: submission(at),
        campaign: campaign(at),
        brief: brief(at),
        plan: plan(at),
    }
}

fn sample(kind: &str, t: &Target) -> Value {
    let Target {
        problem,
        into,
        topic,
        place,
        task,
        person,
        holding,
        statement,
        contact,
        form,
        submission,
        campaign,
        brief,
        plan,
    } = t;
    let office = json!({ "place": place, "role": "office" });
    let mut command = match kind {
        "problems.report" => json!({ "place": place, "field": "waste", "text": "垃圾没清" }),
        "problems.assign" | "problems.escalate" => json!({ "problem": problem, "reason": "看看" }),
        "problems.dismiss"
        | "problems.reject_fix"
        | "problems.reopen"
        | "problems.unmerge"
        | "problems.withhold"
        | "problems.show" => {
            json!({ "problem": problem, "reason": "看看" })
        }
        "problems.diagnose" => json!({ "problem": problem, "cause": "线路老化", "measure": "换线" }),
        "problems.claim_fix" => json!({ "problem": problem, "text": "好了", "photos": [] }),
        "problems.verify_fix" => json!({ "problem": problem, "note": "亮了", "photos": [] }),
        "problems.hand_over" => json!({ "problem": problem }),
        "problems.answer_as_reporter" => json!({ "problem": problem, "solved": true, "words": null }),
        "problems.merge" => json!({ "problem": problem, "into": into }),
        "problems.answer_escalation" => json!({ "problem": problem, "text": "马上办" }),
        "problems.reclassify" => json!({ "problem": problem, "field": "road", "reason": "看看" }),
        "topics.propose" => json!({ "place": place, "field": "lighting", "title": "路灯", "problems": [problem, into] }),
        "topics.conclude" => json!({ "topic": topic, "outcome": "列入明年计划" }),
        "places.rename" => json!({ "place": place, "name": "新名", "document": "文件" }),
        "places.recode" => json!({ "place": place, "code": "999999999999", "document": "文件" }),
        "places.classify" => json!({ "place": place, "class": "cluster", "from": TODAY, "document": "文件" }),
        "places.grade" => json!({ "place": place, "grade": "none", "from": TODAY, "document": "文件" }),
        "places.enter_stage" => json!({ "place": place, "stage": "rollout", "from": TODAY, "document": "文件" }),
        "places.count" => json!({ "place": place, "what": "hamlets", "value": 3, "on": TODAY, "method": "register" }),
        "places.locate" => {
            json!({ "place": place, "position": { "lon_e7": 1_190_000_000, "lat_e7": 290_000_000 }, "source": "量的" })
        }
        "places.close" => json!({ "place": place, "on": TODAY, "into": [], "document": "文件" }),
        "places.reinstate" => json!({ "place": place, "document": "文件" }),
        "rules.set" => {
            json!({ "place": place, "from": TODAY, "rule": "problems.topics", "value": { "villages_min": 3, "days": 90 }, "reason": "会议" })
        }
        "duties.take_up" => json!({ "post": { "place": place, "role": "inspector" }, "person": person, "from": TODAY }),
        "duties.leave" => json!({ "post": office, "holding": holding, "on": "2026-11-19", "reason": "看看" }),
        "duties.delegate" => {
            json!({ "post": office, "holding": holding, "person": person, "from": "2026-11-01", "until": "2026-11-02", "reason": "看看" })
        }
        "duties.withdraw" => json!({ "post": office, "holding": holding, "reason": "看看" }),
        "duties.describe" => json!({ "post": office, "duty": "管全面" }),
        "handovers.draw_up" => json!({ "post": office, "holding": holding }),
        "handovers.sign" => json!({ "post": office, "statement": statement, "side": "outgoing", "in_absence": "出国" }),
        "tasks.set" => {
            json!({ "place": place, "kind": "task", "year": 2026, "title": "改厕", "lead": office, "due": "2026-12-20" })
        }
        "tasks.pass_down" => json!({ "task": task, "parts": [] }),
        "tasks.amend" => json!({ "task": task, "due": "2026-12-24", "reason": "看看" }),
        "tasks.claim" => json!({ "task": task, "text": "做完了" }),
        "tasks.verify" => json!({ "task": task, "note": "看过了" }),
        "tasks.reject" | "tasks.withdraw" => json!({ "task": task, "reason": "看看" }),
        "tasks.carry_over" => json!({ "task": task, "year": 2027, "due": "2027-06-30", "reason": "看看" }),
        "tasks.lapse" => json!({ "task": task }),
        "persons.unmask" => json!({ "person": contact, "reason": "回访核实情况" }),
        "persons.erase" => json!({ "person": contact, "reason": "本人来电要求删除" }),
        "persons.expire" => json!({ "person": contact }),
        "surveys.upload" | "surveys.submit" => json!({ "place": place, "file": "0".repeat(64) }),
        "surveys.give_attachment" => json!({ "form": form, "version": "1", "name": "places.csv", "file": "0".repeat(64) }),
        "surveys.publish" => json!({ "form": form, "version": "1" }),
        "surveys.close" => json!({ "form": form, "reason": "看看", "takes_late": true }),
        "surveys.review" => json!({ "submission": submission, "verdict": "approved" }),
        "surveys.comment" => json!({ "submission": submission, "text": "看看" }),
        "surveys.drop_draft" => json!({ "form": form, "version": "1" }),
        "surveys.map" => json!({ "form": form, "mapping": { "when": "received", "rows": [] } }),
        "surveys.switch_mapping" => json!({ "form": form, "on": true }),
        "surveys.apply" => json!({ "submission": submission, "outcome": { "on": "2026-11-20", "made": [], "not_made": [] } }),
        "campaigns.open" => {
            json!({ "place": place, "form": form, "title": "走访", "from": TODAY, "until": "2026-12-31", "over_cap": "普查" })
        }
        "campaigns.assign" => {
            json!({ "campaign": campaign, "places": [place], "to": { "is": "person", "person": person } })
        }
        "campaigns.unassign" => json!({ "campaign": campaign, "places": [place] }),
        "campaigns.close" => json!({ "campaign": campaign, "reason": "看看" }),
        "briefs.save" => json!({ "place": place, "id": brief, "title": "看看", "brief": plain_brief(*place), "reason": "看看" }),
        "briefs.withdraw" => json!({ "id": brief, "reason": "看看" }),
        "plans.propose" => json!({ "brief": brief, "version": 1, "made": made_plan() }),
        "plans.discard" => json!({ "id": plan, "reason": "看看" }),
        "wishes.count" => {
            json!({ "place": place, "work": "lamps", "asked": 9, "in_favour": 7, "on": "2026-11-01", "how": "meeting" })
        }
        "wishes.withdraw" => {
            json!({ "place": place, "work": "lamps", "on": "2026-10-01", "how": "visit", "reason": "看看" })
        }
        other => panic!("{other}: a command that these tests do not know"),
    };
    command["type"] = kind.into();
    command
}

/// Whether a person's area holds the thing: his place, or one above it.
fn within(name: &str, id: domain::basics::PlaceId) -> bool {
    let own = place(post(name).1).id;
    SEED.places.iter().find(|(_, p)| p.id == id).is_some_and(|(_, p)| p.is_or_is_within(own))
}

#[test]
fn every_command_by_everybody_everywhere() {
    let world = World::own();
    let kinds = command_types();
    assert!(kinds.len() >= 27, "{kinds:?}");
    let mut cases = Vec::new();
    for kind in &kinds {
        for name in everybody().chain(["nobody"]) {
            for at in At::ALL {
                // There are two topics, each of a whole county.
                let stands = match (kind.as_str(), at.is_foreign()) {
                    ("topics.conclude", true) => At::ForeignCounty,
                    ("topics.conclude", false) => At::County,
                    _ => at,
                };
                cases.push((kind, name, at, place(stands).id));
            }
        }
    }
    let (mut accepted, mut shut) = (BTreeSet::new(), 0);
    for chunk in cases.chunks(300) {
        let asks = chunk
            .iter()
            .map(|(kind, name, at, _)| {
                world.post("/api/commands").by(name).json(&json!({ "id": Uuid::now_v7(), "command": sample(kind, &target(*at)) }))
            })
            .collect();
        for ((kind, name, at, stands), reply) in chunk.iter().zip(world.all(asks)) {
            let case = format!("{kind} by {name} at {at:?}: {}", reply.text());
            if *name == "nobody" {
                reply.refused(401, "not-signed-in");
                continue;
            }
            let may = match givers(kind) {
                None => true,
                Some(roles) => !is_over(name) && roles.contains(&post(name).0) && within(name, *stands),
            };
            match reply.status.as_u16() {
                403 => {
                    assert!(!may, "{case}");
                    reply.refused(403, "forbidden");
                    shut += 1;
                }
                200 => {
                    assert!(may, "{case}");
                    accepted.insert(kind.to_string());
                }
                409 => assert!(may, "{case}"),
                _ => panic!("{case}"),
            }
        }
    }
    assert!(accepted.len() >= 17 && shut > 3000, "{accepted:?} {shut}");
}

/// What is not there and what is not one's own are one and the same answer.
#[test]
fn a_foreign_thing_is_a_missing_thing() {
    let world = World::own();
    let fresh = Uuid::now_v7;
    // The person is there: who is registered is known to whoever may appoint, his posts elsewhere are not.
    let Leaver { person, statement, .. } = leaver(At::Village).clone();
    let missing = Target {
        problem: fresh(),
        into: fresh(),
        topic: fresh(),
        place: 123,
        task: fresh(),
        person,
        holding: fresh(),
        statement,
        contact: fresh(),
        form: fresh(),
        submission: fresh(),
        campaign: fresh(),
        brief: fresh(),
        plan: fresh(),
    };
    for kind in command_types().iter().filter(|k| givers(k).is_some()) {
        for name in ["office", "head", "department", "township", "village", "inspector", "viewer", "admin", "ended"] {
            let (foreign, nothing) =
                (world.command(name, sample(kind, &target(At::ForeignVillage))), world.command(name, sample(kind, &missing)));
            assert_eq!((foreign.status, foreign.text()), (nothing.status, nothing.text()), "{kind} by {name}");
            foreign.refused(403, "forbidden");
        }
    }
    // Reached for from inside: a foreign problem, place or post named within one's own command.
    let own = problem(At::Village);
    let (theirs, nowhere) = (place(At::ForeignVillage).id, 123);
    let pairs = [
        [
            json!({ "type": "problems.reclassify", "problem": own, "place": theirs, "reason": "看看" }),
            json!({ "type": "problems.reclassify", "problem": own, "place": nowhere, "reason": "看看" }),
        ],
        [
            json!({ "type": "problems.assign", "problem": own, "post": { "place": theirs, "role": "village" }, "due": "2026-12-01" }),
            json!({ "type": "problems.assign", "problem": own, "post": { "place": nowhere, "role": "village" }, "due": "2026-12-01" }),
        ],
    ];
    for [foreign, nothing] in pairs {
        let (a, b) = (world.command("office", foreign.clone()), world.command("office", nothing));
        assert_eq!(a.status, b.status);
        assert_eq!(a.json()["type"], b.json()["type"], "{foreign}");
        assert_eq!(a.status, 409);
    }
    assert_eq!(
        world.command("office", json!({ "type": "problems.merge", "problem": own, "into": problem(At::ForeignVillage) })).status,
        409
    );
}

/// A receipt is a villager's, and comes by the public form with its limits: nobody reports elsewhere by bringing one.
#[test]
fn a_receipt_opens_no_back_door() {
    let world = World::own();
    for name in ["office", "village", "viewer", "ended"] {
        for at in [At::Village, At::ForeignVillage] {
            let report = json!({ "type": "problems.report", "place": place(at).id, "field": "waste", "text": "垃圾", "receipt": "abcdefghijkm" });
            world.command(name, report).refused(403, "forbidden");
        }
    }
    world.command("office", json!({ "type": "import.register", "origin": "x", "document": "x", "changed_on": null, "rows": [], "changes": [], "details": [] })).refused(403, "forbidden");
}

#[test]
fn every_route_by_everybody() {
    for (method, path, permit) in routes().into_iter().filter(|(m, ..)| m == axum::http::Method::GET) {
        for name in everybody().chain(["nobody"]) {
            // Above, one's own, below, beside, and of another county.
            for at in [At::County, At::Township, At::Village, At::SiblingTownship, At::ForeignVillage] {
                let own_path = filled(&path, at);
                let reply = SHARED.get(&own_path).by(name).send();
                let status = reply.status.as_u16();
                let case = format!("{method} {own_path} by {name}: {status} {permit}");
                let signed_in = name != "nobody";
                let may_enter = match permit.as_str() {
                    "public" => true,
                    "loopback" | "key in path" | "bearer" => false,
                    "signed-in" | "person" => signed_in,
                    // The paths are filled with problems; only the list of lists is there for both.
                    "read or audit.read" if signed_in && path == "/api/views" && post(name).0 == Audit && !is_over(name) => {
                        signed_in
                    }
                    capability => signed_in && !is_over(name) && holders(capability).contains(&post(name).0),
                };
                match permit.as_str() {
                    // There is a link, a key or a first step in it that nobody here has.
                    "public" => assert!(![401, 403].contains(&status), "{case}"),
                    "loopback" => assert_eq!(status, 404, "{case}"),
                    // Everybody here comes with a cookie, which counts for nothing there.
                    "bearer" => assert_eq!(status, 401, "{case}"),
                    // Surveying apps would ask for a password at anything else.
                    "key in path" => assert_eq!(status, 403, "{case}"),
                    _ if !signed_in => assert_eq!(status, 401, "{case}"),
                    _ if !may_enter => assert_eq!(status, 403, "{case}"),
                    _ => {
                        let about_one = [
                            "{key}",
                            "{id}",
                            "{person}",
                            "{account}",
                            "{submission}",
                            "{form}",
                            "{campaign}",
                            "{plan}",
                            "handover",
                            "/brief",
                        ]
                        .iter()
                        .any(|p| path.contains(p));
                        // The forms of the places above are offered to everybody below, and their campaigns come to them.
                        let offered = ["{form}", "{campaign}"].iter().any(|p| path.contains(p))
                            && place(post(name).1).is_or_is_within(place(at).id);
                        let own = within(name, place(at).id) || offered;
                        // A file is shown with a problem, and the foreign one belongs to every foreign problem.
                        let expected = match (about_one, path.contains("{hash}")) {
                            // The account is the village's, wherever else the path leads.
                            (true, _) if path.contains("{account}") => {
                                match within(name, place(if at.is_foreign() { At::ForeignVillage } else { At::Village }).id) {
                                    true => &[200][..],
                                    false => &[404],
                                }
                            }
                            (true, _) if !own => &[404],
                            // Whoever neither reads nor appoints sees nobody's posts.
                            _ if path.contains("{person}") && (is_over(name) || post(name).0 == Audit) => &[404],
                            (true, true) => &[200],
                            // No search goes on.
                            _ if path.contains("{search}") => &[404],
                            // Where no checkpoint has been made, or of a chain that is not one's own.
                            _ if path.starts_with("/checkpoints") => &[200, 404],
                            // Only whoever appoints looks for officials.
                            _ if path == "/api/officials" => match post(name).0 {
                                Head | Office | Township | Admin | Security if !is_over(name) => &[200],
                                _ => &[403],
                            },
                            (_, true) if at.is_foreign() && post(name).1.is_foreign() => &[200],
                            (_, true) => &[404],
                            // A village has nothing below it, and the duplicates ask for a field.
                            _ => &[200, 204, 422],
                        };
                        assert!(expected.contains(&status), "{case}");
                    }
                }
            }
        }
    }
}

/// Asked by name for what lies elsewhere: the same as for what does not exist.
#[test]
fn naming_a_foreign_place_or_row() {
    let (theirs, theirs_id) = (problem(At::ForeignVillage), place(At::ForeignVillage).id);
    let (nothing, nothing_id) = (Uuid::now_v7(), 123);
    let paths = [
        "/api/rows/problems/{p}",
        "/api/history/problems/{p}",
        "/api/rows/places/{n}",
        "/api/history/places/{n}",
        "/api/rows/counts/{n}%2Fhouseholds_registered%2F2026-10-01",
        "/api/history/counts/{n}/households_registered/2026-10-01",
        "/api/rows/rules/{n}%2Fproblems.topics",
        "/api/rows/topics/{p}",
        "/api/places/{n}/dossier",
        "/api/places/{n}/duplicates?field=lighting",
        "/api/rows/problems?place={n}",
        "/api/groups/problems?by=state&place={n}",
        "/api/history/problems?place={n}",
        "/api/indicators/problems_open?place={n}&level=village",
        "/api/export/problems.csv?place={n}",
        "/api/campaigns?place={n}",
        "/api/coverage?place={n}",
        "/api/burden?place={n}",
        "/api/catalogue?place={n}",
        "/api/needs?place={n}",
        "/api/rows/wishes/{n}%2Flamps",
        "/api/history/wishes/{n}/lamps",
        "/api/topics/candidates?place={n}",
        "/api/map?place={n}",
        "/api/tiles/villages/9/430/210.mvt?indicator=problems_open&place={n}",
    ];
    for path in paths {
        for name in ["office", "head", "township", "village", "inspector", "viewer"] {
            let asked =
                |p: Uuid, n: i64| SHARED.get(&path.replace("{p}", &p.to_string()).replace("{n}", &n.to_string())).by(name).send();
            let (foreign, missing) = (asked(theirs, theirs_id.0), asked(nothing, nothing_id));
            assert_eq!((foreign.status, foreign.text()), (missing.status, missing.text()), "{path} by {name}");
            assert!([403, 404].contains(&foreign.status.as_u16()), "{path} by {name}: {}", foreign.status);
        }
    }
    let contacts = [contact(At::ForeignVillage), Uuid::now_v7()];
    for name in ["office", "head", "township", "village", "inspector", "viewer"] {
        for path in ["/api/persons/{p}", "/api/rows/persons/{p}", "/api/history/persons/{p}"] {
            let [foreign, missing] = contacts.map(|p| SHARED.get(&path.replace("{p}", &p.to_string())).by(name).send());
            assert_eq!((foreign.status, foreign.text()), (missing.status, missing.text()), "{path} by {name}");
            foreign.refused(404, "not-found");
        }
    }
    for (path, foreign) in [
        ("/api/rows/forms/{p}", form(At::ForeignVillage)),
        ("/api/history/forms/{p}", form(At::ForeignVillage)),
        ("/api/forms/{p}/versions/1/xml", form(At::ForeignVillage)),
        ("/api/forms/{p}/versions/1/files/places.csv", form(At::ForeignVillage)),
        ("/api/rows/submissions/{p}", submission(At::ForeignVillage)),
        ("/api/history/submissions/{p}", submission(At::ForeignVillage)),
        ("/api/rows/campaigns/{p}", campaign(At::ForeignVillage)),
        ("/api/history/campaigns/{p}", campaign(At::ForeignVillage)),
        ("/api/campaigns/{p}/coverage", campaign(At::ForeignVillage)),
        ("/api/rows/briefs/{p}", brief(At::ForeignVillage)),
        ("/api/history/briefs/{p}", brief(At::ForeignVillage)),
        ("/api/rows/plans/{p}", plan(At::ForeignVillage)),
        ("/api/plans/{p}", plan(At::ForeignVillage)),
        ("/api/submissions/{p}", submission(At::ForeignVillage)),
        ("/api/submissions/{p}/xml", submission(At::ForeignVillage)),
        ("/api/submissions/{p}/files/photo.jpg", submission(At::ForeignVillage)),
    ] {
        for name in ["office", "head", "township", "village", "inspector", "viewer"] {
            let [foreign, missing] =
                [foreign, Uuid::now_v7()].map(|p| SHARED.get(&path.replace("{p}", &p.to_string())).by(name).send());
            assert_eq!((foreign.status, foreign.text()), (missing.status, missing.text()), "{path} by {name}");
            foreign.refused(404, "not-found");
        }
    }
    let topic = SHARED.get(&format!("/api/rows/topics/{}", SEED.topics[1])).by("office").send();
    topic.refused(404, "not-found");
}

/// Everything that a person can list, count or take away, looked through for what is not his.
#[test]
fn nothing_foreign_leaks() {
    let lists = [
        "/api/rows/problems?limit=200&count=1",
        "/api/rows/problems?limit=200&sort=-reported_on",
        "/api/rows/problems?q=邻县机密",
        "/api/rows/problems?q=邻",
        "/api/rows/places?limit=200&sort=-code",
        "/api/rows/places?q=邻江",
        "/api/rows/counts?limit=200",
        "/api/rows/counts?value.from=424242",
        "/api/rows/rules",
        "/api/rows/topics",
        "/api/rows/topics?q=邻县",
        "/api/groups/problems?by=child",
        "/api/groups/problems?by=county",
        "/api/groups/problems?by=village,field",
        "/api/groups/problems?by=escalated_to",
        "/api/groups/places?by=county,township",
        "/api/groups/places?by=child&sum=households_registered",
        "/api/history/problems?limit=200",
        "/api/history/places?limit=200",
        "/api/history/counts?limit=200",
        "/api/history/topics?limit=200",
        "/api/facts?limit=200",
        "/api/chains",
        "/api/indicators/problems_open?level=village",
        "/api/indicators/households_registered?level=county",
        "/api/today",
        "/api/topics/candidates",
        "/api/map",
        "/api/export/problems.csv",
        "/api/export/places.csv",
        "/api/export/counts.csv",
        "/api/export/rules.csv",
        "/api/export/topics.csv",
        "/api/rows/posts?limit=200",
        "/api/rows/holdings?limit=200",
        "/api/rows/tasks?limit=200&count=1",
        "/api/rows/tasks?q=邻县",
        "/api/rows/lapses?limit=200",
        "/api/groups/tasks?by=state,child",
        "/api/groups/holdings?by=role",
        "/api/history/posts?limit=200",
        "/api/history/holdings?limit=200",
        "/api/history/tasks?limit=200",
        "/api/history/lapses?limit=200",
        "/api/officials",
        "/api/officials?q=离任者",
        "/api/export/posts.csv",
        "/api/export/holdings.csv",
        "/api/export/tasks.csv",
        "/api/export/lapses.csv",
        "/api/rows/persons?limit=200&count=1",
        "/api/groups/persons?by=person_state,child",
        "/api/history/persons?limit=200",
        "/api/export/persons.csv",
        "/api/rows/forms?limit=200&count=1",
        "/api/rows/forms?q=邻县",
        "/api/rows/submissions?limit=200&count=1",
        "/api/rows/submissions?form_id=seed&sort=-received_ms",
        "/api/groups/forms?by=state,child",
        "/api/groups/submissions?by=state,child",
        "/api/history/forms?limit=200",
        "/api/history/submissions?limit=200",
        "/api/export/forms.csv",
        "/api/export/submissions.csv",
        "/api/rows/campaigns?limit=200&count=1",
        "/api/rows/assignments?limit=200&count=1",
        "/api/rows/burden?limit=200&count=1",
        "/api/groups/campaigns?by=state,child",
        "/api/history/campaigns?limit=200",
        "/api/history/assignments?limit=200",
        "/api/history/burden?limit=200",
        "/api/export/campaigns.csv",
        "/api/export/assignments.csv",
        "/api/export/burden.csv",
        "/api/campaigns",
        "/api/coverage?limit=200",
        "/api/coverage/coverage.csv",
        "/api/burden?limit=200",
        "/api/burden/burden.csv",
        "/api/rows/briefs?limit=200&count=1",
        "/api/history/briefs?limit=200",
        "/api/export/briefs.csv",
        "/api/rows/plans?limit=200&count=1",
        "/api/history/plans?limit=200",
        "/api/export/plans.csv",
        "/api/rows/wishes?limit=200&count=1",
        "/api/groups/wishes?by=work,child",
        "/api/history/wishes?limit=200",
        "/api/export/wishes.csv",
        "/api/catalogue",
        "/api/catalogue/catalogue.csv",
        "/api/needs?limit=200",
        "/api/needs/needs.csv",
        "/api/my/assignments",
        "/api/session",
    ];
    let foreign_county = place(At::ForeignCounty);
    let org = foreign_county.org.to_string();
    let mut marks: Vec<String> = vec![
        FOREIGN_WORDS.into(),
        FOREIGN_NAME.into(),
        "test-foreign".into(),
        SEED.foreign_photo.clone(),
        "424242".into(),
        format!("{org}/main"),
    ];
    // What is left of private persons stands in no list at all, their own county's or another's.
    marks.extend([CONTACT.to_owned(), CONTACT_NUMBER.to_owned()]);
    let there = SEED.problems.iter().chain(&SEED.contacts).filter(|(at, _)| at.is_foreign());
    marks.extend(there.map(|(_, id)| id.to_string()));
    marks.extend(SEED.places.iter().filter(|(at, _)| at.is_foreign()).flat_map(|(_, p)| [p.id.to_string(), p.code.clone()]));
    for name in everybody().filter(|n| !post(n).1.is_foreign()) {
        for path in lists {
            let encoded: String = path
                .chars()
                .map(|c| {
                    if c.is_ascii() {
                        c.to_string()
                    } else {
                        url::form_urlencoded::byte_serialize(c.to_string().as_bytes()).collect()
                    }
                })
                .collect();
            let reply = SHARED.get(&encoded).by(name).send();
            // The words that were asked for do not come back either.
            let text = reply.text();
            for mark in &marks {
                assert!(!text.contains(mark), "{name} reads {mark} in {path}");
            }
        }
    }
    // And the neighbour sees his own with all of these marks.
    let theirs = SHARED.get("/api/rows/problems?limit=200").by("foreign_office").send().text();
    assert!(theirs.contains(FOREIGN_WORDS) && theirs.contains(FOREIGN_NAME));
    assert!(SHARED.get("/api/facts?limit=200").by("foreign_office").send().text().contains("424242"));
    for mark in [place(At::County).name.as_str(), &problem(At::Village).to_string(), &place(At::Village).name] {
        for path in lists.iter().filter(|p| **p != "/api/session") {
            let encoded: String = path
                .chars()
                .map(|c| {
                    if c.is_ascii() {
                        c.to_string()
                    } else {
                        url::form_urlencoded::byte_serialize(c.to_string().as_bytes()).collect()
                    }
                })
                .collect();
            assert!(!SHARED.get(&encoded).by("foreign_office").send().text().contains(mark), "{mark} in {path}");
        }
    }
}

/// Counts are those of one's own area: compared with counting everything by hand.
#[test]
fn counts_are_of_ones_own_area() {
    let everything = store::List {
        view: domain::ViewId::Problems,
        scope: store::Scope::All,
        conditions: vec![],
        sort: None,
        after: None,
        limit: 100_000,
    };
    let problems: Vec<domain::problems::Problem> =
        SHARED.store.list(&everything).unwrap().rows.iter().map(|r| serde_json::from_str(&r.data).unwrap()).collect();
    let mut places = std::collections::HashMap::new();
    SHARED.store.each_place(&mut |p| drop(places.insert(p.id, p.clone()))).unwrap();
    for name in everybody().filter(|n| !is_over(n) && READERS.contains(&post(n).0)) {
        let own = place(post(name).1).id;
        let mine: Vec<_> = problems.iter().filter(|p| places[&p.place].is_or_is_within(own)).collect();
        let get = |path: &str| SHARED.get(path).by(name).send().json();
        let count = |path: &str| get(path)["count"].as_u64().unwrap() as usize;
        assert_eq!(count("/api/rows/problems?count=1&limit=1"), mine.len(), "{name}");
        let waste = mine.iter().filter(|p| p.field.word() == "waste").count();
        assert_eq!(count("/api/rows/problems?count=1&limit=1&field=waste"), waste, "{name}");
        let inside = places.values().filter(|p| p.is_or_is_within(own)).count();
        assert_eq!(count("/api/rows/places?count=1&limit=1"), inside, "{name}");
        for by in ["state", "county", "village"] {
            let groups = get(&format!("/api/groups/problems?by={by}"));
            let sum: u64 = groups["groups"].as_array().unwrap().iter().map(|g| g["count"].as_u64().unwrap()).sum();
            assert_eq!(sum as usize, mine.len(), "{name} by {by}");
        }
        let open = mine.iter().filter(|p| p.state.is_open()).count() as i64;
        let values = get("/api/indicators/problems_open?level=county");
        let told: i64 = values["values"].as_array().unwrap().iter().map(|v| v["value"].as_i64().unwrap()).sum();
        let county_is_mine = places[&own].level <= domain::places::Level::County;
        assert_eq!(told, if county_is_mine { open } else { 0 }, "{name}");
        let villages = get("/api/indicators/problems_open?level=village");
        for value in villages["values"].as_array().unwrap() {
            let id = domain::basics::PlaceId(value["place"]["id"].as_i64().unwrap());
            assert!(places[&id].is_or_is_within(own), "{name}: {value}");
        }
        // Whoever may export takes away exactly that.
        let file = SHARED.get("/api/export/problems.csv").by(name).send();
        if file.status == 200 {
            assert_eq!(csv_rows(&file).len() - 1, mine.len(), "{name}");
        }
        let today = get("/api/today");
        for list in today["lists"].as_array().unwrap() {
            for row in list["rows"].as_array().unwrap() {
                let id = domain::basics::PlaceId(row["place"]["id"].as_i64().unwrap());
                assert!(places[&id].is_or_is_within(own), "{name}: {list}");
            }
        }
    }
}

/// The map shows everybody where the villages are; the values on it are those of one's own area.
#[test]
fn tiles_carry_values_of_ones_own_area_only() {
    let at = |p: &domain::places::Place, z: u8| {
        let position = p.position.unwrap();
        format!("{z}/{}/{}.mvt", tile_x(position.lon_e7, z), tile_y(position.lat_e7, z))
    };
    let mut places = std::collections::HashMap::new();
    SHARED.store.each_place(&mut |p| drop(places.insert(p.id, p.clone()))).unwrap();
    let (mut with_value, mut without) = (0, 0);
    for name in ["office", "township", "village", "foreign_office", "foreign_village"] {
        let own = place(post(name).1).id;
        for layer in ["villages", "outlines"] {
            for z in [5, 8, 12, 14] {
                for of in [At::Village, At::CousinVillage, At::ForeignVillage] {
                    let reply =
                        SHARED.get(&format!("/api/tiles/{layer}/{}?indicator=problems_open", at(place(of), z))).by(name).send();
                    for (id, properties) in features(&reply.body) {
                        let valued = properties.iter().any(|p| p == "value");
                        let mine = places[&domain::basics::PlaceId(id)].is_or_is_within(own);
                        assert!(
                            mine || !valued,
                            "{name} sees a value at {} in {layer} z{z}",
                            places[&domain::basics::PlaceId(id)].name
                        );
                        if valued { with_value += 1 } else { without += 1 }
                    }
                }
            }
        }
    }
    assert!(with_value > 50 && without > 50, "{with_value} {without}");
}

/// Ids and names of properties of a tile's features: as much of the Mapbox vector tile format as is needed here.
fn features(tile: &[u8]) -> Vec<(i64, Vec<String>)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (first, rest) = bytes.split_first().unwrap();
            *bytes = rest;
            value |= u64::from(first & 0x7F) << shift;
            if first & 0x80 == 0 {
                break;
            }
        }
        value
    }
    fn fields(mut bytes: &[u8]) -> Vec<(u64, u64, &[u8])> {
        let mut found = Vec::new();
        while !bytes.is_empty() {
            let tag = varint(&mut bytes);
            match tag & 7 {
                0 => found.push((tag >> 3, varint(&mut bytes), &[][..])),
                2 => {
                    let length = varint(&mut bytes) as usize;
                    let (part, rest) = bytes.split_at(length);
                    bytes = rest;
                    found.push((tag >> 3, 0, part));
                }
                1 => bytes = &bytes[8..],
                5 => bytes = &bytes[4..],
                other => panic!("wire type {other}"),
            }
        }
        found
    }
    let mut found = Vec::new();
    for (_, _, layer) in fields(tile).into_iter().filter(|f| f.0 == 3) {
        let parts = fields(layer);
        let keys: Vec<String> = parts.iter().filter(|f| f.0 == 3).map(|f| String::from_utf8(f.2.to_vec()).unwrap()).collect();
        // The identity is a property, or the feature's own number.
        let values: Vec<u64> = parts.iter().filter(|f| f.0 == 4).map(|f| fields(f.2).first().map_or(0, |v| v.1)).collect();
        for feature in parts.iter().filter(|f| f.0 == 2) {
            let (mut id, mut names) = (None, Vec::new());
            for (field, number, bytes) in fields(feature.2) {
                match field {
                    1 => id = id.or(Some(number as i64)),
                    2 => {
                        let mut rest = bytes;
                        while !rest.is_empty() {
                            let (key, value) = (varint(&mut rest) as usize, varint(&mut rest) as usize);
                            if keys[key] == "id" {
                                id = Some(values[value] as i64);
                            }
                            names.push(keys[key].clone());
                        }
                    }
                    _ => {}
                }
            }
            found.push((id.unwrap(), names));
        }
    }
    found
}

pub fn csv_rows(reply: &Reply) -> Vec<Vec<String>> {
    let text = reply.body.strip_prefix(b"\xEF\xBB\xBF").expect("opens with a byte order mark");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text);
    reader.records().map(|r| r.unwrap().iter().map(str::to_owned).collect()).collect()
}
