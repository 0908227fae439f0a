//! What the app ODK Collect sends, as it sends it: calls, headers and the bytes of its parcels, written down here; and what a
//! broken or hostile client sends.

use axum::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::*;

/// Every call of the app carries these, the malformed date included.
fn as_collect<'w>(ask: Ask<'w>) -> Ask<'w> {
    ask.without("x-qianwan")
        .header("x-openrosa-version", "1.0")
        .header("date", "Mon, 23 11月 2026 01:00:00 GMT+00:00")
        .header(
            "user-agent",
            "org.odk.collect.android/v2026.3.1 Dalvik/2.1.0 (Linux; U; Android 14; M2102J2SC Build/UKQ1.231003.002)",
        )
        .header("accept-encoding", "identity")
}

/// A phone at a place: where its addresses begin, without the host.
fn phone(world: &World, at: At) -> String {
    let made = made(world, at);
    format!("/v1/key/{}/projects/{}", made["key"].as_str().unwrap(), place(at).org)
}

fn made(world: &World, at: At) -> Value {
    let admin = if at.is_foreign() { "foreign_admin" } else { "admin" };
    let body = json!({ "label": "巡查手机", "place": place(at).id, "days": 30 });
    let reply = world.post("/api/app-users").by(admin).json(&body).send();
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// One part of a parcel, as OkHttp writes it.
fn part(name: &str, file: Option<(&str, &str)>, content: &[u8]) -> Vec<u8> {
    let mut out = format!("Content-Disposition: form-data; name=\"{name}\"").into_bytes();
    if let Some((file, media_type)) = file {
        out.extend(format!("; filename=\"{file}\"\r\nContent-Type: {media_type}").bytes());
    }
    out.extend(format!("\r\nContent-Length: {}\r\n\r\n", content.len()).bytes());
    out.extend(content);
    out.extend(b"\r\n");
    out
}

const BOUNDARY: &str = "3c9f8f7e-5d0c-4c40-9f77-2c6d8a6a3a11";

fn whole(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.extend(format!("--{BOUNDARY}\r\n").bytes());
        out.extend(part);
    }
    out.extend(format!("--{BOUNDARY}--\r\n").bytes());
    out
}

fn xml_part(xml: &str) -> Vec<u8> {
    part("xml_submission_file", Some(("走访_2026-11-23_09-00-00.xml", "text/xml")), xml.as_bytes())
}

fn photo_part(name: &str, shade: u8) -> Vec<u8> {
    part(name, Some((name, "image/jpeg")), &encoded(20, 20, shade, image::ImageFormat::Jpeg))
}

fn send(world: &World, base: &str, parts: &[Vec<u8>]) -> Reply {
    let ask = as_collect(world.post(&format!("{base}/submission?deviceID=collect%3AWq2nB3sR1wF2pDxk")));
    ask.body(&format!("multipart/form-data; boundary={BOUNDARY}"), whole(parts)).send()
}

/// An answer in the app's dialect.
#[track_caller]
fn said(reply: &Reply, status: u16) -> String {
    assert_eq!(reply.status.as_u16(), status, "{}", reply.text());
    assert_eq!(reply.header("x-openrosa-version"), "1.0");
    assert!(reply.header("content-type").contains("text/xml"), "{}", reply.header("content-type"));
    let text = reply.text();
    assert!(text.contains("<OpenRosaResponse xmlns=\"http://openrosa.org/http/response\"><message nature="), "{text}");
    let words = text.split_once("\">").unwrap().1.split_once("\">").unwrap().1.split_once("</message>").unwrap().0.to_owned();
    assert!(!words.is_empty() && !words.contains(['{', '}']), "{words}");
    words
}

fn rows(world: &World, conditions: &str) -> Vec<Value> {
    let reply = world.get(&format!("/api/rows/submissions?limit=200{conditions}")).by("office").send();
    reply.json()["rows"].as_array().unwrap().clone()
}

fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).map(|rest| rest.split(&close).next().unwrap().to_owned()).collect()
}

fn path_of(url: &str) -> &str {
    url.strip_prefix("http://localhost:8080").unwrap_or_else(|| panic!("{url}"))
}

/// The office brings a form with a file and publishes it; the id and what was brought.
fn offer(world: &World, id: &str, version: &str, file: Option<&str>) -> (Uuid, String) {
    let needs = file.map(|f| format!(r#"<instance id="v" src="jr://file-csv/{f}"/></model>"#)).unwrap_or("</model>".into());
    let xml = form_xml(id, version, "入户走访").replace("</model>", &needs);
    let county = place(At::County).id;
    let brought = world.post(&format!("/api/forms?place={county}")).by("office").body("text/xml", xml.clone()).send();
    assert_eq!(brought.status, 200, "{}", brought.text());
    let form: Uuid = brought.json()["form"].as_str().unwrap().parse().unwrap();
    if let Some(name) = file {
        let encoded = url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20");
        let give = world.post(&format!("/api/forms/{form}/versions/{version}/files/{encoded}")).by("office");
        assert_eq!(give.body("text/csv", "name,label\n1,上坞").send().status, 200);
    }
    world.done("office", json!({ "type": "surveys.publish", "form": form, "version": version }));
    (form, xml)
}

#[test]
fn a_phone_gets_its_forms() {
    let world = World::own();
    let (_, xml) = offer(&world, "入户 走访&amp;1", "2026-11", Some("村 名单.csv"));
    let base = phone(&world, At::Village);
    let list = as_collect(world.get(&format!("{base}/formList?deviceID=collect%3Aabc"))).send();
    assert_eq!(list.status, 200);
    assert!(list.header("content-type").contains("text/xml"));
    assert_eq!(list.header("x-openrosa-version"), "1.0");
    assert_eq!(list.header("cache-control"), "no-store", "the key stands in it");
    let text = list.text();
    assert!(text.contains("<xforms xmlns=\"http://openrosa.org/xforms/xformsList\">"), "{text}");
    let names = elements(&text, "formID");
    assert_eq!(names, ["seed", "village_visit_demo", "入户 走访&amp;1"], "each form once, the nearest");
    for item in text.split("<xform>").skip(1) {
        for name in ["formID", "name", "version", "hash", "downloadUrl"] {
            assert_eq!(elements(item, name).len(), 1, "{name} in {item}");
        }
    }
    let item = text.split("<xform>").last().unwrap();
    let download = as_collect(world.get(path_of(&elements(item, "downloadUrl")[0]))).send();
    assert_eq!((download.status.as_u16(), download.text()), (200, xml));
    let md5 = |bytes: &[u8]| format!("md5:{}", hex::encode(<md5::Md5 as md5::Digest>::digest(bytes)));
    assert_eq!(elements(item, "hash")[0], md5(&download.body));
    let manifest = as_collect(world.get(path_of(&elements(item, "manifestUrl")[0]))).send();
    assert_eq!((manifest.status.as_u16(), manifest.header("x-openrosa-version")), (200, "1.0"));
    let text = manifest.text();
    assert!(text.contains("<manifest xmlns=\"http://openrosa.org/xforms/xformsManifest\"><mediaFile>"), "{text}");
    assert_eq!(elements(&text, "filename"), ["村 名单.csv"]);
    let file = as_collect(world.get(path_of(&elements(&text, "downloadUrl")[0]))).send();
    assert_eq!((file.status.as_u16(), file.text().as_str()), (200, "name,label\n1,上坞"));
    assert_eq!(elements(&text, "hash")[0], md5(&file.body));
    // The shorter addresses lead to the same.
    let form: String = url::form_urlencoded::byte_serialize("入户 走访&1".as_bytes()).collect::<String>().replace('+', "%20");
    assert_eq!(world.get(&format!("{base}/forms/{form}.xml")).send().body, download.body);
    assert_eq!(world.get(&format!("{base}/forms/{form}/manifest")).send().text(), text);
    let csv = "%E6%9D%91%20%E5%90%8D%E5%8D%95.csv";
    assert_eq!(world.get(&format!("{base}/forms/{form}/attachments/{csv}")).send().body, file.body);
    for nothing in
        ["forms/none.xml", "forms/seed", "forms/seed/versions/9.xml", "forms/seed/attachments/none", "forms/none/manifest"]
    {
        said(&world.get(&format!("{base}/{nothing}")).send(), 404);
    }
    // A form that is closed is offered no longer; what was offered before, and a new version, are told apart.
    let (form, _) = offer(&world, "second", "1", None);
    world.done("office", json!({ "type": "surveys.close", "form": form, "reason": "完了", "takes_late": true }));
    assert!(!world.get(&format!("{base}/formList")).send().text().contains("second"));
}

#[test]
fn wrong_keys_and_wrong_projects() {
    let world = World::own();
    let base = phone(&world, At::Village);
    let (org, foreign) = (place(At::Village).org, place(At::ForeignVillage).org);
    let calls = ["formList", "forms/seed.xml", "forms/seed/manifest", "submission"];
    for call in calls {
        let method = if call == "submission" { Method::HEAD } else { Method::GET };
        for key in ["qwk_0000", "nothing", "qwt_0000"] {
            let reply = as_collect(world.ask(method.clone(), &format!("/v1/key/{key}/projects/{org}/{call}"))).send();
            assert_eq!(reply.status, 403, "{call} {key}: at 401 the app would ask for a password");
        }
        for project in [foreign.to_string(), "0".into(), "x".into()] {
            let other = base.replace(&format!("/projects/{org}"), &format!("/projects/{project}"));
            let reply = as_collect(world.ask(method.clone(), &format!("{other}/{call}"))).send();
            assert_eq!(reply.status, 404, "{call} {project}");
        }
    }
    assert!(said(&world.get("/v1/key/qwk_0000/projects/1/formList").send(), 403).contains('。'));
    let english = world.get("/v1/key/qwk_0000/projects/1/formList").header("accept-language", "en-GB,en;q=0.8").send();
    assert!(said(&english, 403).is_ascii());
    // Whatever else came along opens nothing: no session, no page of another site.
    let to = format!("/v1/key/qwk_0000/projects/{org}/submission");
    for origin in ["http://localhost:8080", "https://evil.example"] {
        said(&world.post(&to).by("office").header("origin", origin).form(&[("a", "b")]).send(), 403);
    }
    // A key for programs is none for phones, and a phone that was shut out stays out.
    let key = made(&world, At::Village);
    let base = format!("/v1/key/{}/projects/{org}", key["key"].as_str().unwrap());
    assert_eq!(world.get(&format!("{base}/formList")).send().status, 200);
    let end = format!("/api/app-users/{}", key["id"].as_str().unwrap());
    assert_eq!(world.ask(Method::DELETE, &end).by("admin").send().status, 200);
    said(&world.get(&format!("{base}/formList")).send(), 403);
    let later = world.with(|s| s.now_ms = Some(NOW_MS + 31 * 86_400_000));
    said(&later.get(&format!("{}/formList", phone(&world, At::Village))).send(), 403);
}

#[test]
fn handing_in_as_the_app_does() {
    let world = World::own();
    let base = phone(&world, At::Village);
    // First it asks.
    let before = as_collect(world.ask(Method::HEAD, &format!("{base}/submission?deviceID=collect%3Aabc"))).send();
    assert_eq!((before.status.as_u16(), before.body.len()), (204, 0));
    assert_eq!(before.header("x-openrosa-version"), "1.0");
    assert_eq!(before.header("x-openrosa-accept-content-length"), "100000000");
    // Then it sends; the files of a large one in several parcels, each with the form.
    let xml = filled_xml("seed", "1", "uuid:a1", None, "上坞村");
    let more = part("*isIncomplete*", None, b"yes");
    let first = send(&world, &base, &[xml_part(&xml), part("录音.m4a", Some(("录音.m4a", "audio/mp4")), b"sound"), more]);
    assert_eq!(said(&first, 201), "已收到，还有 1 个附件没有到。");
    assert_eq!(first.header("x-openrosa-accept-content-length"), "100000000");
    let [row] = rows(&world, "&instance=uuid:a1").try_into().expect("one");
    assert_eq!((&row["row"]["files_missing"], &row["row"]["place"]), (&json!(1), &json!(place(At::Village).id)));
    assert_eq!(row["row"]["device"], "collect:Wq2nB3sR1wF2pDxk");
    let second = send(&world, &base, &[xml_part(&xml), photo_part("photo.jpg", 1)]);
    assert_eq!(said(&second, 201), "已收到。");
    let facts = world.recorded();
    // The net broke off after the server had it: everything once more, and nothing is there twice.
    assert_eq!(said(&send(&world, &base, &[xml_part(&xml), photo_part("photo.jpg", 1)]), 201), "已收到。");
    assert_eq!(world.recorded(), facts);
    let [row] = rows(&world, "&instance=uuid:a1").try_into().expect("one");
    assert_eq!(row["row"]["files_missing"], 0);
    // What came is what was sent, byte for byte.
    let id = row["key"].as_str().unwrap();
    let get = |path: &str| world.get(&format!("/api/submissions/{id}{path}")).by("office").send();
    assert_eq!(get("/xml").text(), xml);
    assert_eq!(get("/files/photo.jpg").header("content-type"), "image/jpeg");
    let sound = get("/files/%E5%BD%95%E9%9F%B3.m4a");
    assert_eq!((sound.text().as_str(), sound.header("content-disposition")), ("sound", "attachment"));
    get("/files/none.jpg").refused(404, "not-found");
    let told = get("").json();
    assert_eq!(told["answers"][0], json!({ "path": "/data/village", "label": null, "text": "上坞村" }));
    assert_eq!(told["readable"], true);
    // The stored files have no other door.
    for hash in [told["submission"]["file"].as_str().unwrap(), told["submission"]["files"][0]["file"].as_str().unwrap()] {
        world.get(&format!("/api/files/{hash}")).by("office").send().refused(404, "not-found");
    }
    let facts = world.get(&format!("/api/history/submissions/{id}")).by("office").send().json();
    assert_eq!(facts["facts"].as_array().unwrap().len(), 4);
}

#[test]
fn one_instance_has_one_content() {
    let world = World::own();
    let base = phone(&world, At::Village);
    let first = filled_xml("seed", "1", "uuid:b1", None, "上坞村");
    said(&send(&world, &base, &[xml_part(&first), photo_part("photo.jpg", 2)]), 201);
    let other = filled_xml("seed", "1", "uuid:b1", None, "下坞村");
    let before = world.stored_files();
    assert!(said(&send(&world, &base, &[xml_part(&other), photo_part("new.jpg", 3)]), 409).contains("uuid:b1"));
    assert_eq!(world.stored_files(), before, "nothing is stored for what is refused");
    // An edit names what it replaces; the photo that it still mentions comes along.
    let edit = filled_xml("seed", "1", "uuid:b2", Some("uuid:b1"), "下坞村");
    assert_eq!(said(&send(&world, &base, &[xml_part(&edit)]), 201), "已收到。");
    assert_eq!(said(&send(&world, &base, &[xml_part(&edit)]), 201), "已收到。", "sent again");
    let late = filled_xml("seed", "1", "uuid:b3", Some("uuid:b1"), "云岭村");
    assert!(said(&send(&world, &base, &[xml_part(&late)]), 409).contains("uuid:b1"));
    let [old] = rows(&world, "&instance=uuid:b1").try_into().expect("one");
    let [new] = rows(&world, "&instance=uuid:b2").try_into().expect("one");
    assert_eq!(
        (old["row"]["state"]["is"].as_str(), old["row"]["state"]["into"].as_str()),
        (Some("replaced"), new["key"].as_str())
    );
    assert_eq!((&new["row"]["files_missing"], &new["row"]["edits"]), (&json!(0), &old["key"]));
    // A phone of another village has nothing to do with it.
    let beside = phone(&world, At::CousinVillage);
    let edit = filled_xml("seed", "1", "uuid:b4", Some("uuid:b2"), "云岭村");
    said(&send(&world, &beside, &[xml_part(&edit)]), 409);
    // The office looks at it, whoever sent it does not.
    let review = json!({ "type": "surveys.review", "submission": new["key"], "verdict": "rejected" });
    world.command("office", review.clone()).refused(409, "surveys/say-why");
    world.command("village", review).refused(403, "forbidden");
    world.done(
        "office",
        json!({ "type": "surveys.review", "submission": new["key"], "verdict": "has_issues", "note": "照片不清" }),
    );
    assert_eq!(rows(&world, "&instance=uuid:b2")[0]["row"]["state"], json!({ "is": "has_issues", "note": "照片不清" }));
}

#[test]
fn unknown_forms_wrong_versions_and_closed_ones() {
    let world = World::own();
    let base = phone(&world, At::Village);
    let post = |id: &str, version: &str, instance: &str| {
        send(&world, &base, &[xml_part(&filled_xml(id, version, instance, None, "村"))])
    };
    assert!(said(&post("none", "1", "uuid:c1"), 404).contains("none"));
    assert!(said(&post("seed", "9", "uuid:c1"), 404).contains('9'));
    let (form, _) = offer(&world, "round", "1", None);
    let (_, second) = offer(&world, "round", "2", None);
    said(&post("round", "1", "uuid:c1"), 201);
    assert_eq!(world.get(&format!("{base}/forms/round.xml")).send().text(), second);
    world.done("office", json!({ "type": "surveys.close", "form": form, "reason": "完了", "takes_late": true }));
    said(&post("round", "2", "uuid:c2"), 201);
    world.done("office", json!({ "type": "surveys.close", "form": form, "reason": "完了", "takes_late": false }));
    assert!(said(&post("round", "2", "uuid:c3"), 409).contains("round"));
    said(&post("round", "2", "uuid:c2"), 201);
    assert_eq!(rows(&world, "&form_id=round").len(), 2);
    // Brought and not published is nobody's yet.
    let xml = form_xml("draft", "1", "草稿");
    world.post(&format!("/api/forms?place={}", place(At::County).id)).by("office").body("text/xml", xml).send();
    said(&post("draft", "1", "uuid:c4"), 404);
    said(&world.get(&format!("{base}/forms/draft.xml")).send(), 404);
    // A foreign form of the same name is not there.
    said(&send(&world, &phone(&world, At::ForeignVillage), &[xml_part(&filled_xml("round", "1", "uuid:c5", None, "村"))]), 404);
}

#[test]
fn what_is_broken_is_refused_and_leaves_nothing() {
    let world = World::own();
    let base = phone(&world, At::Village);
    let (facts, files) = (world.recorded(), world.stored_files());
    let good = filled_xml("seed", "1", "uuid:d1", None, "村");
    let post = |xml: &str| send(&world, &base, &[xml_part(xml), photo_part("photo.jpg", 4)]);
    let laughs = r#"<!DOCTYPE a [<!ENTITY a "哈"><!ENTITY b "&a;&a;&a;">]><data id="seed" version="1">&b;</data>"#;
    for (case, xml) in [
        ("a document type", laughs),
        ("an entity", &good.replace("村</village>", "&ext;</village>")),
        ("broken off", &good[..good.len() - 10]),
        ("no XML", "你好"),
        ("empty", ""),
        ("no id", &good.replace(" id=\"seed\"", "")),
        ("no instance", &good.replace("uuid:d1", "")),
        ("two instances", &good.replace("</orx:meta>", "<orx:instanceID>uuid:d2</orx:instanceID></orx:meta>")),
        ("a path as a name", &good.replace("photo.jpg", "../../etc/passwd")),
        ("deep", &format!("{}{}", "<a>".repeat(5000), "</a>".repeat(5000))),
    ] {
        let words = said(&post(xml), 400);
        assert!(words.contains('。'), "{case}: {words}");
    }
    let gbk = part("xml_submission_file", Some(("a.xml", "text/xml")), b"<data id=\"seed\"><v>\xB4\xE5</v></data>");
    assert!(said(&send(&world, &base, &[gbk]), 400).contains("UTF-8"));
    // Parcels that are none.
    said(&send(&world, &base, &[photo_part("photo.jpg", 4)]), 400);
    said(&send(&world, &base, &[xml_part(&good), xml_part(&good)]), 400);
    said(&send(&world, &base, &[xml_part(&good), photo_part("..", 4)]), 400);
    said(&send(&world, &base, &[xml_part(&good), photo_part("a%2Fb/c.jpg", 4)]), 400);
    let many: Vec<Vec<u8>> =
        [xml_part(&good)].into_iter().chain((0..400).map(|n| part(&format!("{n}"), Some(("a", "b/c")), b"x"))).collect();
    said(&send(&world, &base, &many), 400);
    let to = format!("{base}/submission");
    said(&as_collect(world.post(&to)).body("text/xml", good.clone()).send(), 415);
    let media = format!("multipart/form-data; boundary={BOUNDARY}");
    let body = whole(&[xml_part(&good), photo_part("photo.jpg", 4)]);
    for at in [0, 10, 200, body.len() / 2, body.len() - 20, body.len() - 6] {
        said(&as_collect(world.post(&to)).body(&media, &body[..at]).send(), 400);
    }
    let announced = as_collect(world.post(&to)).header("content-length", "100000001").body(&media, b"".to_vec()).send();
    said(&announced, 413);
    assert_eq!((world.recorded(), world.stored_files()), (facts, files));
    said(&as_collect(world.post(&to)).body(&media, body).send(), 201);
}

#[test]
fn an_encrypted_one_is_kept_and_said_to_be_unreadable() {
    let world = World::own();
    let base = phone(&world, At::Village);
    let sealed = r#"<data id="seed" version="1" encrypted="yes" xmlns="http://www.opendatakit.org/xforms/encrypted"><base64EncryptedKey>QUJD</base64EncryptedKey><orx:meta xmlns:orx="http://openrosa.org/xforms"><orx:instanceID>uuid:e1</orx:instanceID></orx:meta><media><file>photo.jpg.enc</file></media><encryptedXmlFile>submission.xml.enc</encryptedXmlFile><base64EncryptedElementSignature>QUJD</base64EncryptedElementSignature></data>"#;
    let parts = [
        xml_part(sealed),
        part("submission.xml.enc", Some(("submission.xml.enc", "application/octet-stream")), b"\x00\x01sealed"),
        part("photo.jpg.enc", Some(("photo.jpg.enc", "application/octet-stream")), b"\x02\x03sealed"),
    ];
    assert_eq!(said(&send(&world, &base, &parts), 201), "已收到。");
    let [row] = rows(&world, "&encrypted=1").try_into().expect("one");
    let told = world.get(&format!("/api/submissions/{}", row["key"].as_str().unwrap())).by("office").send().json();
    assert_eq!((&told["readable"], &told["answers"]), (&json!(false), &json!([])));
    let file = world.get(&format!("/api/submissions/{}/files/photo.jpg.enc", row["key"].as_str().unwrap())).by("office").send();
    assert_eq!(file.body, b"\x02\x03sealed");
}

/// A film: more than fits the small room, up to what is announced, and not a byte more.
#[test]
fn large_parcels_go_through_the_disk() {
    let world = World::own();
    let base = phone(&world, At::Village);
    let xml = filled_xml("seed", "1", "uuid:f1", None, "村");
    let film = vec![7_u8; 90_000_000];
    let waiting = || std::fs::read_dir(world.store.dir().join("incoming")).into_iter().flatten().count();
    assert_eq!(
        said(&send(&world, &base, &[part("影.mp4", Some(("影.mp4", "video/mp4")), &film), xml_part(&xml)]), 201),
        "已收到，还有 1 个附件没有到。"
    );
    assert_eq!(waiting(), 0);
    let [row] = rows(&world, "&instance=uuid:f1").try_into().expect("one");
    assert_eq!(row["row"]["files"][0]["name"], "影.mp4");
    let too_much = vec![7_u8; 100_000_001];
    let files = world.stored_files();
    said(&send(&world, &base, &[xml_part(&xml), part("b.mp4", Some(("b.mp4", "video/mp4")), &too_much)]), 413);
    assert_eq!((waiting(), world.stored_files()), (0, files));
    // Whoever may not is told so before it is read.
    said(
        &send(&world, "/v1/key/qwk_0000/projects/1", &[xml_part(&xml), part("b.mp4", Some(("b.mp4", "video/mp4")), &film)]),
        403,
    );
    assert_eq!(waiting(), 0);
}

#[test]
fn the_office_brings_forms() {
    let world = World::own();
    let county = place(At::County).id;
    let bring =
        |by: &str, place: i64, body: &str| world.post(&format!("/api/forms?place={place}")).by(by).body("text/xml", body).send();
    let xml = form_xml("walk", "1", "走访");
    let first = bring("office", county.0, &xml);
    assert_eq!((first.status.as_u16(), &first.json()["recorded"]), (200, &json!(true)));
    assert_eq!(bring("office", county.0, &xml).json()["recorded"], false, "sent twice is sent once");
    bring("office", county.0, &form_xml("walk", "1", "改过的走访")).refused(409, "surveys/version-taken");
    bring("office", county.0, "<html/>").refused(400, "forms/missing");
    bring("office", county.0, "PK\u{3}\u{4}rest").refused(422, "forms/not-converted");
    let sheet = |text: &str| {
        world.post(&format!("/api/forms?place={}&name=tour.csv", county.0)).by("office").body("text/csv", text).send()
    };
    let made = sheet("survey,,,\n,type,name,label\n,text,village,村名\n,integer,households,户数\n").json();
    assert_eq!((&made["recorded"], &made["version"]["head"]["form_id"]), (&json!(true), &json!("tour")));
    let wrong = sheet("survey,,,\n,type,name,label\n,text,,村名\n,select_one nowhere,kind,种类\n");
    wrong.refused(422, "forms/not-converted");
    let findings = wrong.json()["args"]["findings"].clone();
    assert_eq!((&findings[0]["sheet"], &findings[0]["row"]), (&json!("survey"), &json!(3)), "{findings}");
    assert!(findings.as_array().unwrap().iter().all(|f| !f["message"].as_str().unwrap().is_empty()), "{findings}");
    let formula = sheet("survey,,,,\n,type,name,label,relevant\n,text,village,村名,foo(1)\n");
    formula.refused(422, "forms/not-converted");
    let found = formula.json()["args"]["findings"][0].clone();
    assert_eq!((&found["row"], &found["column"]), (&json!(3), &json!("E")), "{found}");
    let cycle = "<h:html xmlns='http://www.w3.org/2002/xforms' xmlns:h='http://www.w3.org/1999/xhtml'><h:head><h:title>T</h:title><model>\
        <instance><data id='f'><a/><b/></data></instance><bind nodeset='/data/a' calculate='/data/b'/>\
        <bind nodeset='/data/b' calculate='/data/a'/></model></h:head><h:body/></h:html>";
    bring("office", county.0, cycle).refused(422, "forms/not-converted");
    bring("office", county.0, r#"<!DOCTYPE a><a/>"#).refused(400, "forms/doctype");
    for (by, at) in [("office", place(At::ForeignCounty).id.0), ("office", 123)] {
        bring(by, at, &xml).refused(403, "forbidden");
    }
    for by in ["head", "township", "village", "inspector", "viewer", "admin", "ended"] {
        bring(by, county.0, &xml).refused(403, "forbidden");
    }
    let form = first.json()["form"].as_str().unwrap().to_owned();
    let give = |by: &str, form: &str, name: &str| {
        world.post(&format!("/api/forms/{form}/versions/1/files/{name}")).by(by).body("text/csv", "a").send()
    };
    let files = world.stored_files();
    give("office", &form, "none.csv").refused(409, "surveys/file-not-needed");
    give("head", &form, "none.csv").refused(403, "forbidden");
    give("office", &crate::world::form(At::ForeignVillage).to_string(), "places.csv").refused(403, "forbidden");
    give("office", &Uuid::now_v7().to_string(), "places.csv").refused(403, "forbidden");
    assert_eq!(world.stored_files(), files, "nothing is stored for what is not wanted");
    let row = world.get(&format!("/api/rows/forms/{form}")).by("office").send().json();
    assert_eq!(row["may"], json!(["surveys.publish", "surveys.drop_draft"]));
    // Field staff see what is offered to them, where they may hand in.
    let offered = |by: &str, at: At| world.get(&format!("/api/places/{}/forms", place(at).id)).by(by).send();
    let list = offered("village", At::Village).json();
    let demo = |form: &&Value| form["version"]["head"]["form_id"] == "village_visit_demo";
    let mut others = list["forms"].as_array().unwrap().iter().filter(|form| !demo(form));
    let (Some(only), None) = (others.next(), others.next()) else { panic!("{list}") };
    assert_eq!(only["place"], json!(place(At::Village).id), "the nearest of one name");
    assert_eq!(world.get(only["xml"].as_str().unwrap()).by("village").send().status, 200);
    offered("village", At::SiblingVillage).refused(404, "not-found");
    offered("viewer", At::Village).refused(403, "forbidden");
}

#[test]
fn field_staff_hand_in_with_their_own_sign_in() {
    let world = World::own();
    let xml = filled_xml("seed", "1", "uuid:g1", None, "村");
    let hand_in = |by: &str, at: At| {
        let ask = world.post(&format!("/api/submissions?place={}", place(at).id)).by(by);
        ask.parts(&[("xml_submission_file", &xml)], &[("photo.jpg", "photo.jpg", &picture(9, 9, 77))]).send()
    };
    let reply = hand_in("village", At::Village);
    assert_eq!((reply.status.as_u16(), reply.json()["missing"].clone()), (200, json!([])), "{}", reply.text());
    assert_eq!(hand_in("village", At::Village).json()["recorded"], false);
    hand_in("village", At::SiblingVillage).refused(403, "forbidden");
    hand_in("village", At::ForeignVillage).refused(403, "forbidden");
    hand_in("viewer", At::Village).refused(403, "forbidden");
    hand_in("nobody", At::Village).refused(401, "not-signed-in");
    // His own he does not review, whatever post he has besides.
    let xml = filled_xml("seed", "1", "uuid:g2", None, "村");
    let ask = world.post(&format!("/api/submissions?place={}", place(At::County).id)).by("office");
    let own = ask.parts(&[("xml_submission_file", &xml)], &[]).send().json()["submission"].clone();
    let review = json!({ "type": "surveys.review", "submission": own, "verdict": "approved" });
    world.command("office", review.clone()).refused(409, "surveys/his-own");
    world.done("head", review);
}

/// The settings that a phone reads from its QR code.
#[test]
fn a_phone_is_set_up_by_a_code() {
    let world = World::own();
    let made = made(&world, At::Village);
    let text = made["collect"].as_str().unwrap();
    use base64::Engine as _;
    let deflated = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
    let mut plain = String::new();
    std::io::Read::read_to_string(&mut flate2::read::ZlibDecoder::new(deflated.as_slice()), &mut plain).unwrap();
    let settings: Value = serde_json::from_str(&plain).unwrap();
    let url = format!("http://localhost:8080/v1/key/{}/projects/{}", made["key"].as_str().unwrap(), place(At::Village).org);
    assert_eq!(settings["general"]["server_url"], url);
    assert_eq!(settings["general"]["form_update_mode"], "match_exactly");
    assert_eq!(settings["general"]["autosend"], "wifi_and_cellular");
    assert_eq!(settings["general"]["app_language"], "zh");
    assert!(settings["admin"].is_object() && settings["project"]["name"].as_str().unwrap().contains(&place(At::Village).name));
    assert!(made["collect_qr"].as_str().unwrap().starts_with("<svg"));
    assert_eq!(as_collect(world.get(&format!("{}/formList", path_of(&url)))).send().status, 200);
}
