//! Particulars of private persons over HTTP: who sees what, what is recorded before, and how they go.

use serde_json::json;
use uuid::Uuid;

use crate::world::*;

const NAME: &str = "欧阳某";
const NUMBER: &str = "13800005678";
const WHY: &str = "回访核实情况";

/// A report of an official for a villager who left a contact: problem and person.
fn reported(world: &World) -> (String, String) {
    let command = json!({
        "type": "problems.report", "place": place(At::Village).id, "field": "culture", "text": "文化礼堂漏雨",
        "contact": { "name": NAME, "telephone": NUMBER },
    });
    let problem = world.done("village", command);
    let row = world.get(&format!("/api/rows/problems/{problem}")).by("office").send().json();
    (problem, row["row"]["contact"].as_str().unwrap().to_owned())
}

/// A villager reports by the public form: problem and receipt.
fn by_form(world: &World, extra: &[(&str, &str)]) -> (String, String) {
    let code = &place(At::Village).code;
    let receipt = "abcdefgh2345";
    let id = Uuid::now_v7().to_string();
    let mut fields = vec![("id", id.as_str()), ("receipt", receipt), ("field", "culture"), ("not_the_same", "1")];
    fields.extend(extra);
    let reply = world.post(&format!("/v/{code}/report")).form(&fields).send();
    assert_eq!(reply.status, 303, "{}", reply.text());
    let to = reply.header("location").to_owned();
    (to.trim_start_matches("/p/").split('?').next().unwrap().to_owned(), receipt.to_owned())
}

fn unmask(world: &World, by: &str, person: &str, reason: &str) -> Reply {
    world.post(&format!("/api/persons/{person}/unmask")).by(by).json(&json!({ "reason": reason })).send()
}

fn clean(text: &str) -> bool {
    !text.contains(NAME) && !text.contains(NUMBER)
}

#[test]
fn masked_by_default_and_in_full_only_after_the_reason_is_recorded() {
    let world = World::own();
    let (problem, person) = reported(&world);
    let masked = world.get(&format!("/api/persons/{person}")).by("village").send();
    assert_eq!(masked.status, 200, "{}", masked.text());
    let told = masked.json();
    assert_eq!(told["particulars"], json!({ "name": "欧阳*", "telephone": "138****5678" }));
    assert_eq!(
        (told["masked"].clone(), told["may"].clone()),
        (json!(true), json!([])),
        "the village committee sees the mask alone"
    );
    unmask(&world, "office", &person, "看看").refused(409, "persons/say-why");
    let full = unmask(&world, "office", &person, WHY);
    assert_eq!(full.json()["particulars"], json!({ "name": NAME, "telephone": NUMBER }));
    assert_eq!(full.header("cache-control"), "no-store");
    let history = world.get(&format!("/api/history/persons/{person}")).by("office").send();
    let facts = history.json()["facts"].as_array().unwrap().clone();
    assert_eq!(facts.len(), 2, "a refused reason leaves nothing");
    assert_eq!(facts[0]["kind"], "person.left@1");
    assert_eq!((facts[1]["kind"].as_str(), facts[1]["body"]["reason"].as_str()), (Some("person.unmasked@1"), Some(WHY)));
    for url in [
        format!("/api/rows/problems/{problem}"),
        format!("/api/history/problems/{problem}"),
        format!("/api/rows/persons/{person}"),
        format!("/api/history/persons/{person}"),
        "/api/export/persons.csv".into(),
        "/api/export/problems.csv".into(),
        "/api/facts".into(),
        format!("/p/{problem}"),
    ] {
        let reply = world.get(&url).by("office").send();
        assert_eq!(reply.status, 200, "{url}");
        assert!(clean(&reply.text()), "{url}");
    }
}

#[test]
fn wrong_persons_find_nobody() {
    let world = World::own();
    let (_, person) = reported(&world);
    let nobody = Uuid::nil().to_string();
    for by in ["foreign_office", "foreign_township", "foreign_village"] {
        let [there, missing] = [&person, &nobody].map(|id| world.get(&format!("/api/persons/{id}")).by(by).send());
        assert_eq!(there.status, 404, "{by}");
        assert_eq!(there.text(), missing.text(), "{by}: like what does not exist");
        assert!(matches!(unmask(&world, by, &person, WHY).status.as_u16(), 403 | 404), "{by}");
    }
    for by in ["village", "viewer", "inspector", "admin"] {
        assert_eq!(unmask(&world, by, &person, WHY).status, 403, "{by}");
    }
    assert_eq!(world.get(&format!("/api/persons/{person}")).send().status, 401);
    let told = world.get(&format!("/api/persons/{person}")).by("office").send().json();
    assert_eq!(told["unmasked"], 0, "nothing was recorded");
    let pointing = json!({ "type": "problems.report", "place": place(At::Village).id, "field": "road", "text": "路",
        "contact": { "person": person, "digest": "00" } });
    world.command("village", pointing).refused(422, "bad-command");
}

#[test]
fn sent_twice_is_one_person_and_refused_is_none() {
    let world = World::own();
    let id = Uuid::now_v7();
    let command = |name: &str| json!({ "type": "problems.report", "place": place(At::Village).id, "field": "culture", "text": "漏雨", "contact": { "name": name } });
    let before = world.store.particulars().count().unwrap();
    let first = world.command_as("village", id, command("张某"));
    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!(world.command_as("village", id, command("张某")).json()["repeated"], true);
    world.command_as("village", id, command("李某")).refused(409, "command-id-reused");
    let mut elsewhere = command("王某");
    elsewhere["place"] = json!(place(At::ForeignVillage).id);
    world.command("village", elsewhere).refused(403, "forbidden");
    assert_eq!(world.store.particulars().count().unwrap(), before + 1, "what came to nothing left nothing");
}

#[test]
fn a_villager_leaves_a_contact_sees_it_masked_and_erases_it() {
    let world = World::own();
    let code = &place(At::Village).code;
    assert!(world.get(&format!("/v/{code}/report")).send().text().contains("contact_telephone"));
    let (problem, receipt) = by_form(&world, &[("words", "文化礼堂漏雨"), ("contact_name", NAME), ("contact_telephone", NUMBER)]);
    let own = world.get(&format!("/p/{problem}?r={receipt}")).send().text();
    assert!(own.contains("138****5678") && own.contains("欧阳*") && clean(&own));
    for others in [format!("/p/{problem}"), format!("/p/{problem}?r=zzzzzzzzzzzz")] {
        assert!(!world.get(&others).send().text().contains("138****5678"), "{others}");
    }
    let act = |r: &str, what: &str| world.post(&format!("/p/{problem}/contact")).form(&[("r", r), ("what", what)]).send();
    assert_eq!(act("zzzzzzzzzzzz", "erase").status, 422);
    // What an official says of the problem is not the reporter's.
    let assign = json!({ "type": "problems.assign", "problem": problem, "note": "内部意见：请县里协调" });
    assert_eq!(world.command("office", assign).status, 200);
    let held = act(&receipt, "export").json();
    assert!(!held.to_string().contains("内部意见"), "{held}");
    assert_eq!((held["particulars"]["telephone"].as_str(), held["digest_agrees"].as_bool()), (Some(NUMBER), Some(true)));
    assert!(held["facts"].as_array().unwrap().iter().any(|f| f["kind"] == "problem.reported@1"));
    assert!(!held.to_string().contains("receipt"), "{held}");
    assert_eq!(act(&receipt, "erase").status, 303);
    assert!(!world.get(&format!("/p/{problem}?r={receipt}")).send().text().contains("138****"));
    let row = world.get(&format!("/api/rows/problems/{problem}")).by("office").send().json();
    let person = row["row"]["contact"].as_str().unwrap();
    let told = world.get(&format!("/api/persons/{person}")).by("office").send().json();
    assert_eq!((told["state"]["is"].as_str(), told["particulars"].clone()), (Some("erased"), json!({})));
    unmask(&world, "office", person, WHY).refused(409, "persons/already-erased");
    assert!(world.get("/api/export/persons.csv").by("office").send().text().contains("erased"));
    assert!(world.store.verify(&[], &mut |_| {}).unwrap().holds());
}

#[test]
fn the_clock_erases_what_has_been_kept_long_enough() {
    let world = World::own();
    let (problem, person) = reported(&world);
    world.done("office", json!({ "type": "problems.dismiss", "problem": problem, "reason": "不属于范围" }));
    let state = |world: &World| world.get(&format!("/api/persons/{person}")).by("office").send().json()["state"]["is"].clone();
    let day = 86_400_000;
    for (days, expected) in [(89, "held"), (90, "erased")] {
        let later = world.with(|s| s.now_ms = Some(NOW_MS + days * day));
        server::run_clocks(&later.app).unwrap();
        assert_eq!(state(&world), expected, "after {days} days");
    }
    assert!(world.store.particulars().get(person.parse().unwrap()).unwrap().is_none());
}

#[test]
fn numbers_in_words_are_warned_of_and_masked() {
    let world = World::own();
    let code = &place(At::Village).code;
    let words = format!("门口漏水，打{NUMBER}，身份证33000019000101123X");
    let id = Uuid::now_v7().to_string();
    let fields = [
        ("id", id.as_str()),
        ("receipt", "abcdefgh2345"),
        ("field", "culture"),
        ("words", words.as_str()),
        ("not_the_same", "1"),
    ];
    let warned = world.post(&format!("/v/{code}/report")).form(&fields).send();
    assert_eq!(warned.status, 200);
    assert!(warned.text().contains("numbers_meant"), "a warning that can be passed over");
    let (problem, _) = by_form(&world, &[("words", &words), ("numbers_meant", "1")]);
    for page in [format!("/p/{problem}"), format!("/v/{code}")] {
        let text = world.get(&page).send().text();
        assert!(text.contains("138****5678") && text.contains("330***********123X"), "{page}");
        assert!(!text.contains(NUMBER) && !text.contains("33000019000101123X"), "{page}");
    }
}

#[test]
fn small_counts_and_exact_positions_are_not_public() {
    let world = World::own();
    let village = place(At::Village);
    let count = |what: &str, value: u32| {
        let command = json!({ "type": "places.count", "place": village.id, "what": what, "value": value, "on": "2026-11-20", "method": "counted" });
        world.done("office", command);
    };
    count("households_resident", 3);
    count("hamlets", 2);
    let page = world.get(&format!("/v/{}", village.code)).send().text();
    assert!(page.contains("&lt;5"), "three households are not shown");
    assert!(page.contains(">2<"), "hamlets are no persons");
    let at = json!({ "lon_e7": 1_199_876_543, "lat_e7": 301_234_567 });
    let report = json!({ "type": "problems.report", "place": village.id, "field": "culture", "text": "漏雨", "position": at });
    let problem = world.done("village", report);
    let code = &village.code;
    let id = Uuid::now_v7().to_string();
    let near = [
        ("id", id.as_str()),
        ("receipt", "abcdefgh2345"),
        ("field", "culture"),
        ("words", "漏雨"),
        ("lon_e7", "1199876000"),
        ("lat_e7", "301234000"),
    ];
    let similar = world.post(&format!("/v/{code}/report")).form(&near).send().text();
    assert!(similar.contains(&problem) && !similar.contains(" m<"), "similar ones are named without their distance");
    for text in [similar, world.get(&format!("/p/{problem}")).send().text(), world.get(&format!("/v/{code}")).send().text()] {
        assert!(!text.contains("1199876543") && !text.contains("119.98765") && !text.contains("301234567"));
    }
}

/// A segment of a JPEG.
fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    [&[0xFF, marker], ((content.len() + 2) as u16).to_be_bytes().as_slice(), content].concat()
}

fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut table = flate(kind, content).to_be_bytes().to_vec();
    let mut out = (content.len() as u32).to_be_bytes().to_vec();
    out.extend(kind);
    out.extend(content);
    out.append(&mut table);
    out
}

/// CRC-32 of a PNG chunk.
fn flate(kind: &[u8], content: &[u8]) -> u32 {
    !kind.iter().chain(content).fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { 0xEDB8_8320 ^ (c >> 1) } else { c >> 1 })
    })
}

#[test]
fn nothing_that_the_camera_wrote_reaches_the_public() {
    const SECRET: &[u8] = b"SECRET-GPS-30.1234567";
    let of = |head: &[u8]| [head, SECRET].concat();
    let jpeg = encoded(40, 30, 3, image::ImageFormat::Jpeg);
    let mut marked = jpeg[..2].to_vec();
    for (marker, head) in [
        (0xE1, b"Exif\0\0MM\0\x2A\0\0\0\x08\0\0\0\0\0\0".as_slice()),
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>"),
        (0xED, b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x15"),
        (0xE2, b"MPF\0MM\0\x2A\0\0\0\x08"),
        (0xEB, b"maker note "),
        (0xFE, b"comment "),
    ] {
        marked.extend(segment(marker, &of(head)));
    }
    marked.extend(&jpeg[2..]);
    // A second picture after the end, as phones append.
    marked.extend(SECRET);
    marked.extend(&jpeg);
    let png = encoded(40, 30, 4, image::ImageFormat::Png);
    let mut noted = png[..33].to_vec();
    noted.extend(chunk(b"tEXt", &of(b"Comment\0")));
    noted.extend(chunk(b"eXIf", &of(b"MM\0\x2A\0\0\0\x08\0\0\0\0\0\0")));
    noted.extend(&png[33..]);
    let mut webp = encoded(40, 30, 5, image::ImageFormat::WebP);
    for kind in [b"EXIF", b"XMP "] {
        let content = of(b"MM\0\x2A\0\0\0\x08\0\0\0\0\0\0\0");
        webp.extend(kind);
        webp.extend((content.len() as u32).to_le_bytes());
        webp.extend(&content);
        webp.extend(vec![0; content.len() % 2]);
    }
    let size = (webp.len() as u32 - 8).to_le_bytes();
    webp[4..8].copy_from_slice(&size);
    let world = World::own();
    for (name, content) in [("a.jpg", marked), ("a.png", noted), ("a.webp", webp)] {
        assert!(content.windows(SECRET.len()).any(|w| w == SECRET));
        let told = world.post("/api/files").by("village").parts(&[], &[("file", name, &content)]).send();
        assert_eq!(told.status, 200, "{name}: {}", told.text());
        let hash = told.json()["hash"].as_str().unwrap().to_owned();
        let report =
            json!({ "type": "problems.report", "place": place(At::Village).id, "field": "road", "text": name, "photos": [hash] });
        let problem = world.done("village", report);
        let public = world.get(&format!("/public/files/{hash}?p={problem}")).send();
        let thumb = world.get(&format!("/api/files/{hash}?size=thumb")).by("village").send();
        for shown in [public, thumb] {
            assert_eq!((shown.status.as_u16(), shown.header("content-type")), (200, "image/jpeg"), "{name}");
            for trace in [SECRET, b"Exif", b"xmpmeta", b"8BIM", b"MPF", b"maker"] {
                assert!(!shown.body.windows(trace.len()).any(|w| w == trace), "{name}: {}", String::from_utf8_lossy(trace));
            }
        }
    }
    let heic = [b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".as_slice(), SECRET].concat();
    let refused = world.post("/api/files").by("village").parts(&[], &[("file", "a.heic", &heic)]).send();
    refused.refused(415, "unsupported-media");
}

/// To see in full and to take everything away: everybody, everywhere, in one's own area and outside.
#[test]
fn every_unmasking_by_everybody_everywhere() {
    use domain::basics::Role::{Head, Office, Township};
    let world = World::own();
    let mut seen = 0;
    for name in everybody().chain(["nobody"]) {
        for at in At::ALL {
            for what in ["unmask", "export"] {
                let person = contact(at);
                let body = json!({ "reason": WHY });
                let reply = world.post(&format!("/api/persons/{person}/{what}")).by(name).json(&body).send();
                if name == "nobody" {
                    reply.refused(401, "not-signed-in");
                    continue;
                }
                let (role, own) = post(name);
                let case = format!("{what} at {at:?} by {name}: {}", reply.text());
                if is_over(name) || ![Head, Office, Township].contains(&role) {
                    assert_eq!(reply.status, 403, "{case}");
                } else if SEED.places.iter().any(|(a, p)| *a == at && p.is_or_is_within(place(own).id)) {
                    assert_eq!(reply.status, 200, "{case}");
                    assert!(reply.text().contains(CONTACT_NUMBER), "{case}");
                    seen += 1;
                    continue;
                } else {
                    assert_eq!(reply.status, 404, "{case}");
                }
                assert!(!reply.text().contains(CONTACT) && !reply.text().contains(CONTACT_NUMBER), "{case}");
            }
        }
    }
    assert!(seen > 40, "{seen}");
}
