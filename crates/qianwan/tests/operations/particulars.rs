//! Particulars from the terminal: what is asked for is recorded first, keys go round, and a restore says what is missing.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use crate::{Case, Needs::Nothing, ground::*};

pub const CASES: &[Case] = &[
    ("a_person_is_exported_for_a_reason_that_is_recorded_first", Nothing, exported),
    ("keys_are_listed_rotated_and_rows_sealed_anew", Nothing, keys),
    ("a_restore_takes_back_what_is_kept_apart", Nothing, put_back),
];

const NUMBER: &str = "13800005678";

/// A report with somebody to ask back; his id.
pub(crate) fn left(serving: &Serving) -> String {
    let client = serving.signed_in("office", PASSWORD);
    let places: Value = client.get("/api/rows/places?level=village");
    let place = places["rows"][0]["row"]["id"].clone();
    let contact = json!({ "name": "张某某", "telephone": NUMBER });
    let report = json!({ "type": "problems.report", "place": place, "field": "road", "text": "路面破损", "contact": contact });
    let id = "0190f000-0000-7000-8000-00000000a001";
    let answer = client.json("POST", "/api/commands", Some(json!({ "id": id, "command": report })));
    assert_eq!(answer.status, 200, "{}", shown(&answer.body));
    let persons: Value = client.get("/api/rows/persons");
    persons["rows"][0]["row"]["id"].as_str().expect("a person").to_owned()
}

fn exported() {
    let ground = Ground::installed();
    let serving = ground.serve(&[]);
    let person = left(&serving);
    let export = |reason: &[&str]| ground.run(&[&["person", "export", "--person", &person], reason].concat());
    assert_eq!(export(&[]).status.code(), Some(2), "no reason");
    let short = export(&["--reason", "看看"]);
    assert!(short.status.code() == Some(2) && !shown(&short.stdout).contains(NUMBER), "{}", shown(&short.stderr));
    let held: Value = serde_json::from_str(&good(&export(&["--reason", "本人书面要求查阅"]))).expect("JSON");
    assert_eq!(held["particulars"]["telephone"], NUMBER);
    assert_eq!(held["unmaskings"][0]["why"], "本人书面要求查阅");
    serving.stop();
    let out = ground.path().join("held.json");
    let named = ["--reason", "本人书面要求查阅", "--out", out.to_str().expect("a path")];
    good(&export(&named));
    let held: Value = serde_json::from_slice(&fs::read(&out).expect("read")).expect("JSON");
    assert_eq!(held["unmaskings"].as_array().map(Vec::len), Some(2), "the refused reason left nothing");
    let other =
        ground.run(&["person", "export", "--person", "0190f000-0000-7000-8000-000000000000", "--reason", "本人书面要求查阅"]);
    assert_eq!(other.status.code(), Some(1));
}

fn keys() {
    let ground = Ground::installed();
    let serving = ground.serve(&[]);
    left(&serving);
    let list = || -> Value { serde_json::from_str(&good(&ground.run(&["keys", "list", "--json"]))).expect("JSON") };
    let shape = |keys: Value| -> Vec<(bool, u64)> {
        let one = |k: &Value| (k["newest"] == true, k["rows"].as_u64().expect("a number"));
        keys.as_array().expect("keys").iter().map(one).collect()
    };
    assert_eq!(shape(list()), [(true, 1)]);
    let id = good(&ground.run(&["keys", "rotate"]));
    assert_eq!(shape(list()), [(false, 1), (true, 0)]);
    assert_eq!(list()[1]["id"], id.trim());
    assert_eq!(good(&ground.run(&["keys", "reseal"])).trim(), "1", "beside the server");
    assert_eq!(shape(list()), [(false, 0), (true, 1)]);
    fs::rename(ground.data().join("particulars.keys"), ground.path().join("apart")).expect("moved");
    let out = ground.run(&["keys", "list"]);
    assert!(out.status.code() == Some(1) && shown(&out.stdout).contains("missing"), "{}", shown(&out.stderr));
}

fn put_back() {
    let ground = Ground::installed();
    let serving = ground.serve(&[]);
    let person = left(&serving);
    serving.stop();
    let backup = ground.path().join("a.backup");
    good(&ground.run(&["backup", "--out", backup.to_str().expect("a path")]));
    let restore = |name: &str, more: &[&str]| {
        let there = ground.path().join(name);
        let words = ["restore", "--from", backup.to_str().expect("a path"), "--data", there.to_str().expect("a path")];
        let out = run(&[&words, more].concat());
        (there, out)
    };
    let export = |there: &PathBuf| {
        let there = there.to_str().expect("a path");
        run(&["person", "export", "--data", there, "--person", &person, "--reason", "本人书面要求查阅"])
    };
    let (there, out) = restore("without", &[]);
    good(&out);
    let said = shown(&out.stderr);
    assert!(said.contains("particulars.keys") && said.contains("particulars.erased"), "{said}");
    let out = export(&there);
    assert!(!out.status.success() && shown(&out.stderr).contains("particulars.erased"), "{}", shown(&out.stderr));
    // Whoever was erased since the backup is erased again.
    let erased = ground.path().join("erased");
    fs::write(&erased, format!("{person}\n")).expect("written");
    let keys = ground.data().join("particulars.keys");
    let (keys, erased) = (keys.to_str().expect("a path"), erased.to_str().expect("a path"));
    let (there, out) = restore("with", &["--keys", keys, "--erased", erased]);
    good(&out);
    assert_eq!(shown(&out.stderr), "", "nothing is missing");
    assert!(!shown(&export(&there).stdout).contains(NUMBER));
    // Where nobody was, an empty list.
    fs::write(erased, "").expect("written");
    let (there, out) = restore("nobody", &["--keys", keys, "--erased", erased]);
    good(&out);
    assert!(good(&export(&there)).contains(NUMBER));
    // A file that is no key file leaves the restored data, and says so.
    let (there, out) = restore("wrong", &["--keys", erased]);
    assert!(!out.status.success() && there.join("qianwan.db").exists(), "{}", shown(&out.stderr));
}
