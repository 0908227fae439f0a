//! Submissions as tables: OData as ODK Central offers it, and the exports. Whoever asks sees his own places, counts included.

use std::io::{Cursor, Read};

use axum::http::Method;
use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};

use crate::{central::sign_in, persons::csv_rows, world::*};

const FORM: &str = r#"<?xml version="1.0"?><h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms"><h:head><h:title>入户</h:title><model>
<itext><translation lang="中文 (zh)"><text id="n"><value>户主姓名</value></text></translation><translation lang="English (en)"><text id="n"><value>Name of the head</value></text></translation></itext>
<instance><data id="入户 1" version="1"><name/><score/><where/><plot/><visit><day/><at/><kinds/></visit><person jr:template=""><age/><toy jr:template=""><what/></toy></person><photo/><orx:meta><orx:instanceID/></orx:meta></data></instance>
<bind nodeset="/data/name" type="string"/><bind nodeset="/data/score" type="decimal"/><bind nodeset="/data/where" type="geopoint"/><bind nodeset="/data/plot" type="geoshape"/><bind nodeset="/data/visit/day" type="date"/><bind nodeset="/data/visit/at" type="dateTime"/><bind nodeset="/data/person/age" type="int"/><bind nodeset="/data/photo" type="binary"/></model></h:head>
<h:body><input ref="/data/name"><label ref="jr:itext('n')"/></input><input ref="/data/where"/><input ref="/data/plot"/><select ref="/data/visit/kinds"><item><label>A</label><value>a</value></item></select><group ref="/data/person"><repeat nodeset="/data/person"><input ref="/data/person/age"/><group ref="/data/person/toy"><repeat nodeset="/data/person/toy"><input ref="/data/person/toy/what"/></repeat></group></repeat></group></h:body></h:html>"#;

fn filled_in(n: usize, name: &str, people: &[usize]) -> String {
    let person = |age: &usize| format!("<person><age>{age}</age><toy><what>球{age}</what></toy></person>");
    let people: String = people.iter().map(person).collect();
    format!(
        r#"<data id="入户 1" version="1" xmlns:orx="http://openrosa.org/xforms"><name>{name}</name><score>4.5</score><where>30.5 119.6 12 8</where><plot>1 2 0 0;1 3 0 0;2 3 0 0;1 2 0 0</plot><visit><day>2026-11-2{n}</day><at>2026-11-20T10:00:00.000+08</at><kinds>a b</kinds></visit>{people}<photo>photo{n}.jpg</photo><orx:meta><orx:instanceID>uuid:o{n}</orx:instanceID></orx:meta></data>"#
    )
}

/// A world with four submissions of the form: two of a village, one of its sister, one of the county.
fn world_with_form() -> (World, String) {
    let world = World::own();
    let brought = world.post(&format!("/api/forms?place={}", place(At::County).id)).by("office").body("text/xml", FORM).send();
    assert_eq!(brought.status, 200, "{}", brought.text());
    let form = brought.json()["form"].as_str().unwrap().to_owned();
    world.done("office", json!({ "type": "surveys.publish", "form": form, "version": "1" }));
    let cases = [
        (1, At::Village, "=HYPERLINK(1)", &[3, 5][..]),
        (2, At::Village, "李四", &[]),
        (3, At::SiblingVillage, "王五", &[7]),
        (4, At::County, "赵六", &[8, 9]),
    ];
    for (n, at, name, people) in cases {
        let xml = filled_in(n, name, people);
        let file = format!("photo{n}.jpg");
        let files = picture(5, 5, n as u8);
        let files: &[(&str, &str, &[u8])] = if n == 2 { &[] } else { &[(&file, &file, &files)] };
        let ask = world.post(&format!("/api/submissions?place={}", place(at).id)).by("office");
        let reply = ask.parts(&[("xml_submission_file", &xml)], files).send();
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    (world, form)
}

fn get(world: &World, path: &str, token: &str) -> Reply {
    world.ask(Method::GET, path).header("authorization", &format!("Bearer {token}")).send()
}

fn base() -> String {
    format!("/v1/projects/{}/forms/%E5%85%A5%E6%88%B7%201.svc", place(At::County).org)
}

fn ids(document: &Value) -> Vec<&str> {
    let mut ids: Vec<&str> = document["value"]
        .as_array()
        .unwrap_or_else(|| panic!("{document}"))
        .iter()
        .map(|r| r["__id"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    ids
}

#[test]
fn the_service_says_what_there_is() {
    let (world, _) = world_with_form();
    let token = sign_in(&world, "office");
    let service = get(&world, &base(), &token);
    assert_eq!(service.header("odata-version"), "4.0");
    let names: Vec<String> =
        service.json()["value"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, ["Submissions", "Submissions.person", "Submissions.person.toy"]);
    assert_eq!(service.json()["@odata.context"], format!("http://localhost:8080{}/$metadata", base()));
    let metadata = get(&world, &format!("{}/$metadata", base()), &token);
    assert_eq!(metadata.header("content-type"), "application/xml");
    let text = metadata.text();
    for part in [
        r#"<EntityType Name="Submissions"><Key><PropertyRef Name="__id"/></Key>"#,
        r#"<Property Name="where" Type="Edm.GeographyPoint"/>"#,
        r#"<Property Name="visit" Type="org.opendatakit.user.入户_1.visit"/>"#,
        r#"<ComplexType Name="visit"><Property Name="day" Type="Edm.Date"/><Property Name="at" Type="Edm.DateTimeOffset"/>"#,
        r#"<NavigationProperty Name="person" Type="Collection(org.opendatakit.user.入户_1.Submissions.person)"/>"#,
        r#"<Property Name="__Submissions-person-id" Type="Edm.String"/>"#,
        r#"<Property Name="age" Type="Edm.Int64"/>"#,
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    get(&world, &format!("{}/Submissions.none", base()), &token).refused(404, "not-found");
    get(&world, &format!("/v1/projects/{}/forms/seed/Submissions", place(At::County).org), &token).refused(404, "not-found");
}

#[test]
fn rows_have_the_shapes_that_clients_know() {
    let (world, _) = world_with_form();
    let token = sign_in(&world, "office");
    let at = |rest: &str| get(&world, &format!("{}/{rest}", base()), &token);
    let all = at("Submissions").json();
    assert_eq!(ids(&all), ["uuid:o1", "uuid:o2", "uuid:o3", "uuid:o4"]);
    assert_eq!(all["@odata.context"], format!("http://localhost:8080{}/$metadata#Submissions", base()));
    let row = all["value"].as_array().unwrap().iter().find(|r| r["__id"] == "uuid:o1").unwrap();
    assert_eq!(
        keys(row),
        ["__id", "__system", "meta", "name", "person@odata.navigationLink", "photo", "plot", "score", "visit", "where"]
    );
    assert_eq!(row["where"], json!({ "type": "Point", "coordinates": [119.6, 30.5, 12.0], "properties": { "accuracy": 8.0 } }));
    assert_eq!((&row["plot"]["type"], &row["plot"]["coordinates"][0][1]), (&json!("Polygon"), &json!([3.0, 1.0, 0.0])));
    assert_eq!(row["visit"], json!({ "day": "2026-11-21", "at": "2026-11-20T10:00:00.000+08:00", "kinds": "a b" }));
    assert_eq!((&row["score"], &row["meta"]["instanceID"]), (&json!(4.5), &json!("uuid:o1")));
    assert_eq!(row["person@odata.navigationLink"], "Submissions('uuid%3Ao1')/person");
    let system = &row["__system"];
    assert_eq!(
        (&system["attachmentsPresent"], &system["attachmentsExpected"], &system["status"]),
        (&json!(1), &json!(1), &Value::Null)
    );
    assert_eq!((&system["formVersion"], &system["reviewState"]), (&json!("1"), &Value::Null));
    let wkt = at("Submissions?$wkt=true").json();
    assert!(wkt["value"].as_array().unwrap().iter().all(|r| r["where"] == "POINT (119.6 30.5 12)"), "{wkt}");
    // Repeats, by themselves, within their submission, and expanded.
    let people = at("Submissions.person").json();
    let found = people["value"].as_array().unwrap();
    assert_eq!(found.len(), 5);
    let of_one: Vec<&Value> = found.iter().filter(|r| r["__Submissions-id"] == "uuid:o1").collect();
    assert_eq!(of_one.iter().map(|r| r["age"].as_i64().unwrap()).collect::<Vec<_>>(), [3, 5]);
    let toys = at("Submissions.person.toy").json();
    let toy = toys["value"].as_array().unwrap().iter().find(|t| t["what"] == "球5").unwrap();
    assert_eq!(toy["__Submissions-person-id"], of_one[1]["__id"]);
    let within = at("Submissions('uuid%3Ao1')/person").json();
    assert_eq!(ids(&within), {
        let mut two = vec![of_one[0]["__id"].as_str().unwrap(), of_one[1]["__id"].as_str().unwrap()];
        two.sort_unstable();
        two
    });
    let link = of_one[1]["toy@odata.navigationLink"].as_str().unwrap();
    assert_eq!(at(link).json()["value"], json!([toy]));
    assert_eq!(ids(&at("Submissions('uuid%3Ao1')").json()), ["uuid:o1"]);
    let expanded = at("Submissions?$expand=*").json();
    let row = expanded["value"].as_array().unwrap().iter().find(|r| r["__id"] == "uuid:o1").unwrap();
    assert_eq!((&row["person"][1]["age"], &row["person"][1]["toy"][0]["what"]), (&json!(5), &json!("球5")));
    let selected = at("Submissions?$select=__id,visit/day,__system/formVersion").json();
    let row = selected["value"].as_array().unwrap().iter().find(|r| r["__id"] == "uuid:o1").unwrap();
    assert_eq!(*row, json!({ "__id": "uuid:o1", "visit": { "day": "2026-11-21" }, "__system": { "formVersion": "1" } }));
}

#[test]
fn pages_follow_one_another() {
    let (world, _) = world_with_form();
    let token = sign_in(&world, "office");
    let at = |rest: &str| get(&world, &format!("{}/{rest}", base()), &token);
    for (table, total) in [("Submissions", 4), ("Submissions.person", 5), ("Submissions.person.toy", 5)] {
        let whole = at(table).json();
        let whole: Vec<&Value> = whole["value"].as_array().unwrap().iter().map(|r| &r["__id"]).collect();
        for top in [1, 2, 3, 100] {
            let (mut found, mut path) = (Vec::new(), format!("{table}?$top={top}&$count=true"));
            loop {
                let page = at(&path).json();
                assert_eq!(page["@odata.count"], total);
                found.extend(page["value"].as_array().unwrap().iter().map(|r| r["__id"].clone()));
                let Some(next) = page["@odata.nextLink"].as_str() else { break };
                path = next.split_once(".svc/").unwrap().1.to_owned();
            }
            assert_eq!(found.iter().collect::<Vec<_>>(), whole, "{table} by {top}");
        }
        for skip in 0..=total {
            let page = at(&format!("{table}?$skip={skip}&$top=10")).json();
            let rows: Vec<&Value> = page["value"].as_array().unwrap().iter().map(|r| &r["__id"]).collect();
            assert_eq!(rows, whole[skip..], "{table} behind {skip}");
        }
        let none = at(&format!("{table}?$top=0&$count=true")).json();
        assert_eq!((none["value"].as_array().unwrap().len(), &none["@odata.count"]), (0, &json!(total)));
    }
}

#[test]
fn filters_as_documented_and_no_others() {
    let (world, _) = world_with_form();
    let token = sign_in(&world, "office");
    let rows = world.get("/api/rows/submissions?form_id=%E5%85%A5%E6%88%B7%201&instance=uuid:o4").by("head").send().json();
    let key = rows["rows"][0]["key"].clone();
    world.done("head", json!({ "type": "surveys.review", "submission": key, "verdict": "has_issues", "note": "再问" }));
    let asked = |filter: &str| {
        let filter = url::form_urlencoded::byte_serialize(filter.as_bytes()).collect::<String>();
        get(&world, &format!("{}/Submissions?$count=true&$filter={filter}", base()), &token)
    };
    let (all, one, rest, none) =
        (&["uuid:o1", "uuid:o2", "uuid:o3", "uuid:o4"][..], &["uuid:o4"][..], &["uuid:o1", "uuid:o2", "uuid:o3"][..], &[][..]);
    let cases = [
        ("__system/reviewState eq 'hasIssues'", one),
        ("__system/reviewState ne 'hasIssues'", rest),
        ("__system/reviewState eq null", rest),
        ("null ne __system/reviewState", one),
        ("__system/reviewState eq 'approved'", none),
        ("__system/updatedAt ne null and year(__system/updatedAt) ge 2020", one),
        ("__system/submissionDate le now()", all),
        ("__system/submissionDate lt 2020-01-01", none),
        ("__system/submissionDate gt 2020-01-31T23:59:59.999Z and __system/reviewState eq null", rest),
        ("year(__system/submissionDate) eq year(now())", all),
        ("year(__system/submissionDate) lt 2000 or __system/reviewState eq 'hasIssues'", one),
        ("not (__system/reviewState eq 'hasIssues')", rest),
        ("month(__system/submissionDate) eq month(now()) and day(__system/submissionDate) ne 99", all),
        (
            "hour(__system/submissionDate) lt 24 and minute(__system/submissionDate) ge 0 and second(__system/submissionDate) lt 60",
            all,
        ),
        ("__system/submitterId eq 5", none),
        ("$root/Submissions/__system/reviewState eq 'hasIssues'", one),
    ];
    for (filter, expected) in cases {
        let reply = asked(filter).json();
        assert_eq!(ids(&reply), expected, "{filter}");
        assert_eq!(reply["@odata.count"], expected.len(), "{filter}");
    }
    let submitter = get(&world, &format!("{}/Submissions", base()), &token).json()["value"][0]["__system"]["submitterId"].clone();
    for quoted in [submitter.as_str().unwrap().to_owned(), format!("'{}'", submitter.as_str().unwrap())] {
        assert_eq!(ids(&asked(&format!("{quoted} eq __system/submitterId")).json()), all);
    }
    for filter in ["name eq '李四'", "contains(name,'李')", "__system/submissionDate in (1)", "__system/deviceId eq 'x'"] {
        asked(filter).refused(501, "odata/unsupported");
    }
    let deep = format!("{}__system/reviewState eq null{}", "(".repeat(100), ")".repeat(100));
    for filter in [
        "__system/reviewState",
        "__system/reviewState eq",
        "(__system/reviewState eq null",
        "and",
        "'",
        "__system/reviewState eq 5",
        "year('x') eq 5",
        "__system/reviewState eq null)",
        &deep,
    ] {
        asked(filter).refused(400, "odata/query");
    }
    for (query, status, word) in [
        ("$search=x", 501, "odata/unsupported"),
        ("$orderby=name", 501, "odata/unsupported"),
        ("$expand=person", 501, "odata/unsupported"),
        ("$top=many", 400, "odata/query"),
        ("$count=1", 400, "odata/query"),
        ("$select=nothing", 400, "odata/query"),
        ("$select=name&$expand=*", 400, "odata/query"),
        ("$skiptoken=x", 400, "odata/query"),
        ("$skiptoken=x~1", 400, "odata/query"),
    ] {
        get(&world, &format!("{}/Submissions?{query}", base()), &token).refused(status, word);
    }
    let down = get(&world, &format!("{}/Submissions", base()), &token).json();
    let up = get(&world, &format!("{}/Submissions?$orderby=__system/submissionDate%20asc", base()), &token).json();
    let order = |v: &Value| v["value"].as_array().unwrap().iter().map(|r| r["__id"].clone()).collect::<Vec<_>>();
    assert_eq!(order(&down), order(&up).into_iter().rev().collect::<Vec<_>>());
}

/// What is written piece by piece comes whole where it is compressed on its way, too; and pyODK writes `True`.
#[test]
fn compressed_on_the_way() {
    let (world, form) = world_with_form();
    let token = sign_in(&world, "office");
    let bearer = format!("Bearer {token}");
    let table = world.get(&format!("{}/Submissions?$count=True", base())).header("authorization", &bearer);
    let file = world.get(&format!("/api/forms/{form}/submissions.csv")).by("office");
    for asked in [table, file] {
        let packed = asked.clone().header("accept-encoding", "gzip").send();
        assert_eq!((packed.status.as_u16(), packed.header("content-encoding")), (200, "gzip"));
        let mut unpacked = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed.body[..]), &mut unpacked).unwrap();
        let plain = asked.send();
        assert!(plain.body.len() > 500 && unpacked == plain.body, "{}", String::from_utf8_lossy(&unpacked));
    }
}

#[test]
fn everybody_sees_his_own_places() {
    let (world, form) = world_with_form();
    for (name, expected) in [
        ("office", &["uuid:o1", "uuid:o2", "uuid:o3", "uuid:o4"][..]),
        ("township", &["uuid:o1", "uuid:o2", "uuid:o3"]),
        ("village", &["uuid:o1", "uuid:o2"]),
    ] {
        let token = sign_in(&world, name);
        let page = get(&world, &format!("{}/Submissions?$count=true", base()), &token).json();
        assert_eq!((ids(&page), &page["@odata.count"]), (expected.to_vec(), &json!(expected.len())), "{name}");
        let people = get(&world, &format!("{}/Submissions.person?$count=true", base()), &token).json();
        assert!(people["value"].as_array().unwrap().iter().all(|r| expected.contains(&r["__Submissions-id"].as_str().unwrap())));
        assert_eq!(people["@odata.count"], people["value"].as_array().unwrap().len(), "{name}");
        let one = get(&world, &format!("{}/Submissions('uuid%3Ao4')", base()), &token);
        if expected.contains(&"uuid:o4") {
            assert_eq!(one.status, 200)
        } else {
            one.refused(404, "not-found");
        }
    }
    let foreign = sign_in(&world, "foreign_office");
    get(&world, &format!("{}/Submissions", base()), &foreign).refused(404, "not-found");
    world.get(&format!("/api/forms/{form}/submissions.csv")).by("foreign_office").send().refused(404, "not-found");
    world.get(&format!("/api/forms/{form}/submissions.csv")).by("village").send().refused(403, "forbidden");
    let township = world.get(&format!("/api/forms/{form}/submissions.csv")).by("township").send();
    assert_eq!(csv_rows(&township).len(), 4, "{}", township.text());
    let narrowed = format!("/api/forms/{form}/submissions.csv?place={}", place(At::SiblingVillage).id);
    assert_eq!(csv_rows(&world.get(&narrowed).by("township").send()).len(), 2);
}

#[test]
fn submissions_are_taken_away_as_files() {
    let (world, form) = world_with_form();
    let file = |rest: &str| world.get(&format!("/api/forms/{form}/submissions.{rest}")).by("office").send();
    let csv = file("csv?sort=received_ms");
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert!(csv.header("content-disposition").contains("submissions-") && csv.body.starts_with(b"\xEF\xBB\xBF"));
    let lines = csv_rows(&csv);
    assert_eq!(
        lines[0],
        [
            "instance",
            "received_ms",
            "state",
            "form_version",
            "place",
            "path",
            "device",
            "readable",
            "name",
            "score",
            "where-latitude",
            "where-longitude",
            "where-altitude",
            "where-accuracy",
            "plot",
            "visit-day",
            "visit-at",
            "visit-kinds",
            "photo",
            "meta-instanceID",
            "演示数据"
        ]
    );
    assert_eq!(lines.len(), 5);
    let row = lines.iter().find(|l| l[0] == "uuid:o1").unwrap();
    assert_eq!(
        (row[8].as_str(), row[9].as_str(), row[10].as_str(), row[15].as_str()),
        ("'=HYPERLINK(1)", "4.5", "30.5", "2026-11-21")
    );
    assert_eq!((row[4].as_str(), row.last().unwrap().as_str()), (place(At::Village).code.as_str(), "1"));
    let labelled = file("csv?head=label&lang=en");
    assert_eq!(csv_rows(&labelled)[0][8], "Name of the head");
    assert_eq!(csv_rows(&file("csv?head=label"))[0][8], "户主姓名");
    let people = csv_rows(&file("csv?table=Submissions.person"));
    assert_eq!((people.len(), &people[0][..3]), (6, &["id".to_owned(), "above".to_owned(), "age".to_owned()][..]));
    assert_eq!(csv_rows(&file("csv?state=approved")).len(), 1);
    assert_eq!(csv_rows(&file(&format!("csv?received_on.from={TODAY}&form_version=1"))).len(), 5);
    file("csv?table=none").refused(422, "bad-query");
    file("csv?head=x").refused(422, "bad-query");
    file("csv?nothing=1").refused(422, "bad-query");
    file("pdf").refused(404, "not-found");
    world.get(&format!("/api/forms/{form}/others.csv")).by("office").send().refused(404, "not-found");

    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(file("xlsx").body)).unwrap();
    assert_eq!(book.sheet_names(), ["Submissions", "person", "toy"]);
    let range = book.worksheet_range("Submissions").unwrap();
    let rows: Vec<&[Data]> = range.rows().collect();
    assert_eq!((rows.len(), &rows[0][0]), (6, &Data::String("演示数据".into())));
    let row = rows.iter().find(|r| r[0] == Data::String("uuid:o1".into())).unwrap();
    assert_eq!((&row[8], &row[9]), (&Data::String("=HYPERLINK(1)".into()), &Data::Float(4.5)));
    assert_eq!(book.worksheet_range("toy").unwrap().rows().count(), 7);

    let map = file("geojson");
    assert_eq!(map.header("content-type"), "application/geo+json");
    let map = map.json();
    assert_eq!(
        (&map["type"], &map["demo"], map["features"].as_array().unwrap().len()),
        (&json!("FeatureCollection"), &json!(true), 4)
    );
    let feature = &map["features"][0];
    assert_eq!(feature["geometry"], json!({ "type": "Point", "coordinates": [119.6, 30.5, 12.0] }));
    assert_eq!((&feature["properties"]["score"], &feature["properties"]["visit-kinds"]), (&json!(4.5), &json!("a b")));

    let names = |reply: &Reply| {
        let mut zip = zip::ZipArchive::new(Cursor::new(reply.body.clone())).unwrap();
        (0..zip.len()).map(|i| zip.by_index(i).unwrap().name().to_owned()).collect::<Vec<_>>()
    };
    let packed = file("zip?sort=received_ms");
    assert_eq!(
        names(&packed),
        [
            "Submissions.csv",
            "Submissions.person.csv",
            "Submissions.person.toy.csv",
            "media/uuid_o1/photo1.jpg",
            "media/uuid_o3/photo3.jpg",
            "media/uuid_o4/photo4.jpg",
            "files-missing.csv"
        ]
    );
    let mut zip = zip::ZipArchive::new(Cursor::new(packed.body)).unwrap();
    let mut read = |name: &str| {
        let mut bytes = Vec::new();
        zip.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    assert_eq!(read("media/uuid_o3/photo3.jpg"), picture(5, 5, 3));
    assert_eq!(read("Submissions.csv"), csv.body);
    assert_eq!(String::from_utf8(read("files-missing.csv")).unwrap().trim(), "uuid:o2,photo2.jpg");
    assert_eq!(names(&file("zip?media=0")).len(), 3);
    // What leaves is known.
    let audit = world.get("/api/rows/audit?limit=200").by("audit").send();
    assert!(audit.text().contains("submissions"), "{}", audit.text());
}

#[test]
fn what_cannot_be_read_is_a_row_all_the_same() {
    let (world, form) = world_with_form();
    let xml = r#"<data id="入户 1" version="1" encrypted="yes" xmlns="http://www.opendatakit.org/xforms/encrypted" xmlns:orx="http://openrosa.org/xforms"><base64EncryptedKey>QUJD</base64EncryptedKey><orx:meta><orx:instanceID>uuid:secret</orx:instanceID></orx:meta><encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>"#;
    let ask = world.post(&format!("/api/submissions?place={}", place(At::Village).id)).by("office");
    assert_eq!(ask.parts(&[("xml_submission_file", xml)], &[]).send().status, 200);
    let token = sign_in(&world, "office");
    let all = get(&world, &format!("{}/Submissions?$count=true", base()), &token).json();
    assert_eq!(all["@odata.count"], 5);
    let row = all["value"].as_array().unwrap().iter().find(|r| r["__id"] == "uuid:secret").unwrap();
    assert_eq!((keys(row), &row["__system"]["status"]), (vec!["__id".to_owned(), "__system".to_owned()], &json!("notDecrypted")));
    let lines = csv_rows(&world.get(&format!("/api/forms/{form}/submissions.csv")).by("office").send());
    let line = lines.iter().find(|l| l[0] == "uuid:secret").unwrap();
    assert_eq!((line[7].as_str(), line[8].as_str()), ("0", ""));
    for name in ["xlsx", "geojson", "zip"] {
        assert_eq!(world.get(&format!("/api/forms/{form}/submissions.{name}")).by("office").send().status, 200);
    }
}
