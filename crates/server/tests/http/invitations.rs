//! Many people invited at once from a workbook: looked at first, all or none, nobody twice.

use std::io::Cursor;

use calamine::{Reader, Xlsx};
use rust_xlsxwriter::Workbook;
use serde_json::Value;
use uuid::Uuid;

use crate::world::*;

const HEAD: [&str; 7] = ["姓名", "用户名", "岗位", "部门", "地方代码", "起始日期", "电话"];

pub fn book(rows: &[[&str; 7]]) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (n, row) in (0_u32..).zip([HEAD].iter().chain(rows)) {
        for (at, cell) in (0_u16..).zip(row) {
            sheet.write(n, at, *cell).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

fn sent(world: &World, by: &str, path: &str, batch: Uuid, bytes: Vec<u8>) -> Reply {
    let join = if path.contains('?') { '&' } else { '?' };
    world
        .post(&format!("/api/accounts/invitations{path}{join}batch={batch}"))
        .by(by)
        .body("application/octet-stream", bytes)
        .send()
}

/// Findings as `row column reason`.
fn found(reply: &Reply) -> Vec<String> {
    let findings = reply.json()["findings"].as_array().unwrap_or_else(|| panic!("{}", reply.text())).clone();
    let told = |f: &Value| {
        let word = |name: &str| f[name].as_str().unwrap().to_owned();
        assert!(!word("message").is_empty() && !word("message").contains('{'), "{f}");
        format!("{} {} {}", f["row"], word("column"), word("reason"))
    };
    findings.iter().map(told).collect()
}

#[test]
fn from_the_template_to_the_first_sign_in() {
    let world = World::own();
    let template = world.get("/api/accounts/invitations/template.xlsx").by("admin").send();
    let mut sheet: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(template.body.clone())).unwrap();
    let head = sheet.worksheet_range_at(0).unwrap().unwrap();
    let head: Vec<String> = head.rows().next().unwrap().iter().map(|c| c.to_string().replace('*', "")).collect();
    assert_eq!(head, HEAD);

    let (village, county) = (&place(At::Village).code, &place(At::County).code);
    let bytes = book(&[
        ["赵新一", "zhao1", "村干部", "", village, "2026-12-01", "138 0000 0000"],
        ["钱新二", "qian2", "department", "water", county, "", ""],
    ]);
    let (batch, before) = (Uuid::now_v7(), world.store.accounts().count().unwrap());
    let checked = sent(&world, "admin", "/check", batch, bytes.clone());
    let told = checked.json();
    assert_eq!((told["total"].clone(), told["good"].clone(), told["bad"].clone()), (2.into(), 2.into(), 0.into()), "{told}");
    assert_eq!((told["people"][0]["from"].as_str(), told["sheet"].clone()), (Some("2026-12-01"), Value::Null));
    assert_eq!(world.store.accounts().count().unwrap(), before, "looking writes nothing");

    let made = sent(&world, "admin", "", batch, bytes.clone());
    let told = made.json();
    assert_eq!((made.header("cache-control"), told["made"].as_array().unwrap().len()), ("no-store", 2), "{told}");
    let url = |reply: &Value, n: usize| {
        reply["made"][n]["url"].as_str().unwrap().trim_start_matches("http://localhost:8080").to_owned()
    };
    let first = url(&told, 0);
    assert!(told["made"][0]["qr"]["width"].as_u64().unwrap() > 20 && told["made"][0]["phone"] == "138 0000 0000");
    use base64::Engine;
    let sheet = base64::engine::general_purpose::STANDARD.decode(told["sheet"].as_str().unwrap()).unwrap();
    let mut sheet: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(sheet)).unwrap();
    let sheet = sheet.worksheet_range_at(0).unwrap().unwrap();
    assert!(sheet.rows().any(|row| row.iter().any(|c| c.to_string().ends_with(&first))), "the links are in the workbook");
    let progress = world.get(&format!("/api/accounts/invitations?batch={batch}")).by("admin").send().json();
    assert_eq!((progress["done"].clone(), progress["total"].clone()), (4.into(), 4.into()));
    assert_eq!(world.get(&format!("/api/accounts/invitations?batch={batch}")).by("township_admin").send().json()["total"], 0);

    // The answer was lost: nobody twice, other links, and the old ones are dead.
    let facts = world.recorded();
    let again = sent(&world, "admin", "", batch, bytes.clone()).json();
    assert_eq!((world.store.accounts().count().unwrap(), world.recorded()), (before + 2, facts));
    assert_ne!(url(&again, 0), first);
    world.get(&first).send().refused(404, "link-used");
    let link = url(&again, 1);
    let token = link.split("token=").nth(1).unwrap();
    let password = "correct horse 电池";
    let set = world.post("/link").form(&[("token", token), ("password", password), ("again", password)]).send();
    assert_eq!(set.status, 303, "{}", set.text());
    let welcome = world.post("/api/session").json(&serde_json::json!({ "name": "qian2", "password": password })).send().json();
    assert_eq!(
        (welcome["posts"][0]["role"].as_str(), welcome["posts"][0]["department"].as_str()),
        (Some("department"), Some("water"))
    );
    let third = sent(&world, "admin", "", batch, bytes.clone()).json();
    assert_eq!(third["made"][1]["url"], Value::Null, "whoever has a password needs no link");
    // Another batch, or somebody else with this one, finds the names taken.
    for (by, batch) in [("admin", Uuid::now_v7()), ("mid_admin", batch)] {
        let reply = sent(&world, by, "/check", batch, bytes.clone());
        assert!(found(&reply).iter().any(|f| f == "2 name accounts/name-taken"), "{by}: {}", reply.text());
    }
    let entries = crate::audit::entries(&world);
    let about = |event: &str| entries.iter().filter(|e| e.to_string().contains(event) && e.to_string().contains("zhao1")).count();
    assert_eq!((about("account_created"), about("link_made")), (1, 3));
}

#[test]
fn each_row_is_looked_at() {
    let world = World::own();
    let village = place(At::Village).code.as_str();
    let (foreign, township) = (place(At::ForeignVillage).code.as_str(), place(At::Township).code.as_str());
    let good = ["好人", "haoren", "村干部", "", village, "", ""];
    let bytes = book(&[
        good,
        ["", "a1", "村干部", "", village, "", ""],
        ["甲", "有 空格", "村干部", "", village, "", ""],
        ["甲", "haoren", "村干部", "", village, "", ""],
        ["甲", "test-office", "村干部", "", village, "", ""],
        ["甲", "a2", "村长", "", village, "", ""],
        ["甲", "a3", "部门", "", village, "", ""],
        ["甲", "a4", "部门", "仙界", village, "", ""],
        ["甲", "a5", "村干部", "水利", village, "", ""],
        ["甲", "a6", "村干部", "", foreign, "", ""],
        ["甲", "a7", "村干部", "", "000000000000", "", ""],
        ["甲", "a8", "村干部", "", village, "明天", ""],
        ["甲", "a9", "村干部", "", village, "1900-01-01", ""],
        ["甲", "a10", "村干部", "", village, "", "=1+1"],
        ["", "", "村干部", "", "", "", ""],
    ]);
    let reply = sent(&world, "admin", "/check", Uuid::now_v7(), bytes.clone());
    assert_eq!(
        found(&reply),
        [
            "3 display invitations/bad-display",
            "4 name sign-in/bad-name",
            "5 name invitations/twice",
            "6 name accounts/name-taken",
            "7 role invitations/no-role",
            "8 department accounts/department",
            "9 department invitations/no-department",
            "10 department accounts/department",
            "11 place invitations/not-yours",
            "12 place invitations/not-yours",
            "13 from invitations/bad-day",
            "14 from duties/too-early",
            "15 phone invitations/bad-phone",
            "16 display invitations/bad-display",
            "16 name sign-in/bad-name",
            "16 place invitations/not-yours",
        ],
        "{}",
        reply.text()
    );
    assert_eq!(
        (reply.json()["total"].clone(), reply.json()["good"].clone(), reply.json()["bad"].clone()),
        (15.into(), 1.into(), 14.into())
    );
    // What lies elsewhere is told like what is not there.
    let told = |n: usize| reply.json()["findings"][n]["message"].as_str().unwrap().to_owned();
    assert_eq!(told(8).replace(foreign, "-"), told(9).replace("000000000000", "-"));
    // In English as well.
    let english = world.post(&format!("/api/accounts/invitations/check?batch={}&lang=en", Uuid::now_v7())).by("admin");
    assert!(english.body("application/octet-stream", bytes.clone()).send().text().contains("Row 2 has the same sign-in name"));
    // All or none, unless the caller says otherwise.
    let (before, batch) = (world.store.accounts().count().unwrap(), Uuid::now_v7());
    let none = sent(&world, "admin", "", batch, bytes.clone()).json();
    assert_eq!((none["made"].clone(), world.store.accounts().count().unwrap()), (serde_json::json!([]), before));
    let some = sent(&world, "admin", "?only_good=1", batch, bytes).json();
    assert_eq!((some["made"].as_array().unwrap().len(), world.store.accounts().count().unwrap()), (1, before + 1));
    // A township's administrator invites within it.
    let bytes = book(&[
        ["甲", "b1", "村干部", "", village, "", ""],
        ["甲", "b2", "审计管理员", "", township, "", ""],
        ["甲", "b3", "督查员", "", &place(At::County).code, "", ""],
    ]);
    let reply = sent(&world, "township_admin", "/check", Uuid::now_v7(), bytes);
    assert_eq!(found(&reply), ["4 place invitations/not-yours"]);
}

#[test]
fn only_whoever_manages_accounts() {
    let bytes = book(&[["甲", "c1", "村干部", "", &place(At::Village).code, "", ""]]);
    for name in everybody().chain(["nobody"]) {
        let manages = name != "nobody" && !is_over(name) && post(name).0 == domain::basics::Role::Admin;
        for path in ["/check", ""] {
            let world = &*SHARED;
            // Nobody writes in the shared world: whoever may come in sends no workbook.
            let content = if manages { b"none".to_vec() } else { bytes.clone() };
            let reply = sent(world, name, path, Uuid::now_v7(), content);
            match manages {
                true => drop(reply.refused(422, "sheets/not-a-workbook")),
                false if name == "nobody" => drop(reply.refused(401, "not-signed-in")),
                false => drop(reply.refused(403, "forbidden")),
            }
        }
    }
}

#[test]
fn workbooks_that_are_none() {
    let admin = |bytes: Vec<u8>| sent(&SHARED, "admin", "/check", Uuid::now_v7(), bytes);
    admin(Vec::new()).refused(422, "sheets/not-a-workbook");
    admin(picture(8, 8, 1)).refused(422, "sheets/not-a-workbook");
    admin(book(&[])).refused(422, "invitations/nobody");
    let mut other = Workbook::new();
    other.add_worksheet().write(0, 0, "别的").unwrap();
    admin(other.save_to_buffer().unwrap()).refused(422, "invitations/no-head");
    admin(vec![0; 5 << 20]).refused(413, "too-large");
    let row = ["甲", "d", "村干部", "", "000000000000", "", ""];
    admin(book(&vec![row; 2_001])).refused(422, "sheets/too-many-rows");
    let path = "/api/accounts/invitations/check";
    SHARED.post(path).by("admin").body("application/octet-stream", book(&[row])).send().refused(422, "bad-query");
}

#[test]
fn hundreds_at_once() {
    let world = World::own();
    let names: Vec<String> = (0..500).map(|n| format!("many{n:04}")).collect();
    let village = place(At::Village).code.as_str();
    let rows: Vec<[&str; 7]> = names.iter().map(|name| ["众人", name.as_str(), "村干部", "", village, "", ""]).collect();
    let made = sent(&world, "admin", "", Uuid::now_v7(), book(&rows)).json();
    assert_eq!(made["made"].as_array().unwrap().len(), 500);
}
