//! Settings with the real binary.

use std::fs;

use serde_json::Value;

use crate::{Case, Needs::Nothing, ground::*};

pub const CASES: &[Case] = &[
    ("settings_come_from_the_file_and_the_flag_overrules_it", Nothing, overruled),
    ("a_bad_file_starts_nothing_and_says_where", Nothing, bad_file),
    ("config_check_tells_good_from_bad", Nothing, check),
    ("every_command_has_help", Nothing, help),
];

fn overruled() {
    let ground = Ground::installed();
    let file = ground.path().join("q.toml");
    let text = format!("data = {:?}\nplain = true\nlisten = \"127.0.0.1:0\"\nname = \"文件里的名字\"\n", ground.data());
    fs::write(&file, text).expect("written");
    let name = |extra: &[&str], variable: Option<&str>| {
        let mut command = qianwan();
        command.arg("serve").arg("--config").arg(&file).args(extra);
        if let Some(value) = variable {
            command.env("QIANWAN_NAME", value);
        }
        let serving = Serving::start(command);
        let session = serving.signed_in("office", PASSWORD).get("/api/session");
        let name = session["installation"].as_str().expect("a name").to_owned();
        serving.stop();
        name
    };
    assert_eq!(name(&[], None), "文件里的名字");
    assert_eq!(name(&[], Some("环境里的名字")), "环境里的名字");
    assert_eq!(name(&["--name", "参数里的名字"], Some("环境里的名字")), "参数里的名字");
    // The same file leads other commands to the data.
    good(&run(&["verify".as_ref(), "--config".as_ref(), file.as_os_str()]));
}

fn bad_file() {
    let ground = Ground::new();
    let file = ground.path().join("q.toml");
    fs::write(&file, "data = \"d\"\n\nlisen = \"x\"\n").expect("written");
    for command in ["serve", "verify", "backup"] {
        let out = run(&[command.as_ref(), "--config".as_ref(), file.as_os_str()]);
        assert_eq!(out.status.code(), Some(2));
        let said = shown(&out.stderr);
        assert!(said.contains("q.toml:3:1") && said.contains("listen"), "{said}");
    }
    let out = run(&["serve".as_ref(), "--config".as_ref(), ground.path().join("nothing.toml").as_os_str()]);
    assert_eq!(out.status.code(), Some(2));
    assert!(shown(&out.stderr).contains("nothing.toml"));
}

fn check() {
    let ground = Ground::new();
    let file = ground.path().join("q.toml");
    let checked = |text: &str, json: bool| {
        fs::write(&file, text).expect("written");
        let mut command = qianwan();
        command.args(["config", "check", "--config"]).arg(&file);
        command.env("QIANWAN_DATABASE", "postgres://who:sesame@127.0.0.1/db");
        if json {
            command.arg("--json");
        }
        let out = command.output().expect("it runs");
        (out.status.code(), shown(&out.stdout))
    };
    let text = format!("data = {:?}\nstop_seconds = 7\n", ground.path());
    let (code, said) = checked(&text, false);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("stop_seconds") && said.contains("q.toml:2") && !said.contains("sesame"), "{said}");
    let (code, said) = checked(&text, true);
    let said: Value = serde_json::from_str(&said).expect("JSON");
    let of = |key: &str| said["settings"].as_array().and_then(|all| all.iter().find(|s| s["key"] == key)).expect("there").clone();
    assert_eq!((code, &of("stop_seconds")["from"], &of("stop_seconds")["line"]), (Some(0), &"file".into(), &2.into()));
    assert_eq!(of("database")["from"], "environment");
    let (code, said) = checked("data = \"d\"\nplain = 5\ntls_crt = \"a\"\n", true);
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((code, said["faults"].as_array().map(Vec::len)), (Some(2), Some(2)), "{said}");
    assert_eq!(said["faults"][1]["at"], serde_json::json!([3, 1]));
    // What the program itself hands out is good.
    let example = good(&run(&["config", "example"]));
    let (code, said) = checked(&format!("data = {:?}\n{example}", ground.path()), false);
    assert_eq!(code, Some(0), "{said}");
}

fn help() {
    let first = good(&run(&["--help"]));
    let listed = first.lines().skip_while(|l| *l != "Commands:").skip(1).take_while(|l| !l.is_empty());
    let commands: Vec<&str> = listed.filter_map(|l| l.split_whitespace().next()).filter(|c| *c != "help").collect();
    assert!(commands.len() >= 11, "{commands:?}");
    for command in commands {
        let mut help = qianwan();
        help.env("QIANWAN_DATABASE", "postgres://who:sesame@127.0.0.1/db").args([command, "--help"]);
        let said = good(&help.output().expect("it runs"));
        assert!(said.contains("Usage: qianwan") && !said.contains("sesame"), "{said}");
    }
    let version = good(&run(&["--version"]));
    for word in ["qianwan ", "commit: ", "target: ", "profile: "] {
        assert!(version.contains(word), "{version}");
    }
    let short = good(&run(&["-V"]));
    assert!(short.starts_with(&format!("qianwan {} (", env!("CARGO_PKG_VERSION"))) && short.lines().count() == 1, "{short}");
}
