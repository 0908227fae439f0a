//! Settings without files of this machine.

use clap::{CommandFactory, FromArgMatches};

use super::{check::*, file::nearest, *};
use crate::Cli;

fn parsed(text: &str) -> Result<ConfigFile, Vec<Fault>> {
    ConfigFile::parse("a.toml".into(), text, &flexible(Cli::command()))
}

fn faults(text: &str) -> Vec<String> {
    parsed(text).expect_err("bad").iter().map(ToString::to_string).collect()
}

/// What `serve` is started with.
fn served(text: &str, args: &[&str]) -> crate::serve::Serve {
    let command = with_defaults(flexible(Cli::command()), &parsed(text).expect("good"));
    let all = ["qianwan", "serve"].iter().chain(args);
    let matches = command.try_get_matches_from(all).expect("understood");
    crate::serve::Serve::from_arg_matches(matches.subcommand_matches("serve").expect("serve")).expect("serve")
}

#[test]
fn the_command_line_is_consistent_with_and_without_a_file() {
    flexible(Cli::command()).debug_assert();
    let file = parsed("data = \"d\"\nplain = true\nhost = [\"a\", \"b\"]").expect("good");
    with_defaults(flexible(Cli::command()), &file).debug_assert();
}

#[test]
fn flags_come_before_the_file_and_the_file_before_what_is_built_in() {
    let text = "data = \"/a\"\nlisten = \"127.0.0.1:1\"\nplain = true\nhost = [\"one\", \"two\"]\nlog_json = true";
    let serve = served(text, &["--listen", "127.0.0.1:2", "--log-json=false"]);
    assert_eq!(serve.listen.to_string(), "127.0.0.1:2");
    assert_eq!(serve.host, ["one", "two"]);
    assert_eq!((serve.plain, serve.log_json), (true, false));
    assert_eq!(serve.data.data.as_path(), Path::new("/a"));
    let serve = served("data = \"/a\"", &["--host", "three", "--plain"]);
    assert_eq!(serve.listen.to_string(), "127.0.0.1:8443");
    assert_eq!((serve.host, serve.plain), (vec!["three".to_owned()], true));
}

#[test]
fn what_is_wrong_is_said_with_line_and_column() {
    let one = |text: &str| {
        let mut all = faults(text);
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    };
    let told = one("data = \"d\"\n  lisen = \"x\"\n");
    assert!(told.contains("a.toml:2:3 ") && told.contains("lisen") && told.contains("listen"), "{told}");
    assert!(one("behind-proxy = true").contains("behind_proxy"));
    assert!(!one("zzzzzzzzzzzz = 1").contains("data"));
    assert!(one("a b = 1").contains("a.toml:1:"));
    assert!(one("data = \"d\"\ndata = \"e\"\n").contains("a.toml:2:1"));
    let told = one("listen = \"nowhere\"");
    assert!(told.contains("a.toml:1:10") && told.contains("nowhere"), "{told}");
    let told = one("suite = \"md5\"");
    assert!(told.contains("sha256") && told.contains("sm3"), "{told}");
    assert!(one("plain = \"yes\"").contains("true"));
    assert!(one("data = [\"a\"]").contains("a.toml:1:8"));
    assert!(one("data = { a = 1 }").contains("a.toml:1:8"));
    assert!(one("[serve]\ndata = \"a\"").contains("serve"));
    // Everything at once, in the order of the file.
    let all = faults("b = 1\nlisten = 5\nplain = 3\n");
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(all[0].contains(":1:1") && all[1].contains(":2:10") && all[2].contains(":3:9"), "{all:?}");
}

#[test]
fn the_nearest_word_is_near() {
    let known = ["listen", "data", "behind_proxy", "tls_cert"];
    for (word, near) in [("lsiten", Some("listen")), ("tlscert", Some("tls_cert")), ("Data", Some("data")), ("xyzzy", None)] {
        assert_eq!(nearest(word, known.into_iter()), near, "{word}");
    }
}

#[test]
fn the_file_is_named_by_flag_then_variable_then_custom() {
    let by = |args: &[&str], variable: Option<&str>| Named::by(args.iter().map(Into::into), variable.map(Into::into));
    assert_eq!(by(&["q", "serve", "--config", "a"], Some("b")), Named::Said("a".into()));
    assert_eq!(by(&["q", "--config=a", "serve"], None), Named::Said("a".into()));
    assert_eq!(by(&["q", "serve"], Some("b")), Named::Said("b".into()));
    assert_eq!(by(&["q", "serve", "--", "--config", "a"], None), Named::Usual(DEFAULT_FILE.into()));
    assert_eq!(by(&["q"], Some("")), Named::Usual(DEFAULT_FILE.into()));
}

#[test]
fn the_example_names_every_setting_and_is_a_good_file() {
    let example = example_of(Cli::command());
    let settings = all_settings(&flexible(Cli::command()));
    assert!(settings.len() > 8);
    for arg in &settings {
        let key = key(arg).expect("a setting");
        assert!(example.contains(&format!("# {key} = ")), "{key}");
    }
    parsed(&example).expect("all of it is a comment");
    // Every line that has a built-in value may be used as it is.
    let used: Vec<&str> = example.lines().filter_map(|l| l.strip_prefix("# ")).filter(|l| is_line(l)).collect();
    assert!(used.len() >= 4, "{used:?}");
    parsed(&used.join("\n")).expect("as built in");
}

fn is_line(line: &str) -> bool {
    line.split_once(" = ").is_some_and(|(key, value)| !key.contains(' ') && value != "\"\"")
}

#[test]
fn check_says_where_each_value_comes_from_and_shows_no_secret() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("q.toml");
    let data = dir.path().join("data");
    std::fs::create_dir(&data).expect("made");
    let text = format!("data = {data:?}\nname = \"a\"\nlisten = \"127.0.0.1:1\"\n");
    std::fs::write(&file, text).expect("written");
    let environment = |name: &str| match name {
        "QIANWAN_NAME" => Some("b".to_owned()),
        "QIANWAN_DATABASE" => Some("postgres://who:sesame@127.0.0.1/db".to_owned()),
        _ => None,
    };
    let (found, settings, faults) = settings_of(Cli::command(), &Named::Said(file.clone()), &environment);
    assert!(found.is_some() && faults.is_empty(), "{faults:?}");
    let of = |key: &str| settings.iter().find(|s| s.key == key).unwrap_or_else(|| panic!("{key}"));
    assert_eq!((of("name").value.concat(), of("name").from), ("b".into(), From::Environment));
    assert_eq!((of("listen").from, of("listen").line), (From::File, Some(3)));
    assert_eq!((of("suite").from, of("suite").value.concat()), (From::Default, "sha256".into()));
    assert_eq!(of("tls_cert").from, From::Unset);
    assert_eq!(of("database").value.concat(), "postgres://who:***@127.0.0.1/db");

    let (_, _, faults) =
        settings_of(Cli::command(), &Named::Said(file.clone()), &|n| (n == "QIANWAN_LISTEN").then(|| "x".into()));
    assert!(faults.len() == 1 && faults[0].source == "QIANWAN_LISTEN", "{faults:?}");
    // Values that are each good and do not go together.
    for (more, key) in [
        ("tls_cert = \"there\"\n", "tls_key"),
        ("plain = true\nlisten = \"0.0.0.0:1\"\n", "listen"),
        ("tls_cert = \"a\"\ntls_key = \"b\"\n", "tls_cert"),
        ("database = \"mysql://a\"\n", "database"),
        ("oidc_issuer = \"http://id.example\"\noidc_client = \"a\"\n", "oidc_issuer"),
        ("oidc_issuer = \"https://id.example\"\n", "oidc_client"),
        ("oidc_client = \"a\"\n", "oidc_client"),
        ("oidc_second_factor = true\n", "oidc_second_factor"),
        ("oidc_issuer = \"https://id.example\"\noidc_client = \"a\"\noidc_secret_file = \"/nowhere\"\n", "oidc_secret_file"),
        ("oidc_issuer = \"https://id.example\"\noidc_client = \"a\"\noidc_ca = \"/dev/null\"\n", "oidc_ca"),
        ("oidc_issuer = \"https://id.example\"\noidc_client = \"a\"\noidc_secret_file = \"/dev/null\"\n", "oidc_secret_file"),
    ] {
        std::fs::write(&file, format!("data = {data:?}\n{more}")).expect("written");
        let (_, _, faults) = settings_of(Cli::command(), &Named::Said(file.clone()), &|_| None);
        assert!(faults.iter().any(|f| f.key.as_deref() == Some(key)), "{more}: {faults:?}");
    }
    std::fs::write(&file, "name = \"a\"\n").expect("written");
    let (_, _, faults) = settings_of(Cli::command(), &Named::Said(file), &|_| None);
    assert!(faults.len() == 1 && faults[0].en.contains("data"), "no data directory: {faults:?}");
}

#[test]
fn secrets_are_masked_by_name_and_within_urls() {
    for (key, value, shown) in [
        ("oidc_secret_file", "/etc/qianwan/oidc.secret", "/etc/qianwan/oidc.secret"),
        ("oidc_secret", "a", "***"),
        ("database", "postgres://a:b@c/d", "postgres://a:***@c/d"),
        ("database", "postgres://a:b@c@d/e", "postgres://a:***@d/e"),
        ("database", "postgres://a@c/d", "postgres://a@c/d"),
        ("database", "host=h password=p user=u", "host=h password=*** user=u"),
        ("oidc_secret", "x", "***"),
        ("tls_key", "/a/b", "/a/b"),
    ] {
        assert_eq!(masked_of(key, value), shown);
    }
}

#[test]
fn the_demo_never_reads_the_file_of_an_installation() {
    let command = with_defaults(flexible(Cli::command()), &parsed("data = \"/a\"").expect("good"));
    assert!(command.try_get_matches_from(["qianwan", "demo"]).is_err(), "it wants --data");
}

#[test]
fn a_bad_file_stops_only_what_uses_it() {
    let stops = |args: &[&str]| stops_at_faults(args.iter().map(Into::into));
    for args in
        [&["q", "serve"][..], &["q", "--config", "doctor", "serve"], &["q", "backup", "--dir", "demo"], &["q", "account", "add"]]
    {
        assert!(stops(args), "{args:?}");
    }
    for args in [
        &["q", "demo"][..],
        &["q", "--config", "serve", "doctor"],
        &["q", "--config=a", "config", "check"],
        &["q", "--help"],
        &["q"],
    ] {
        assert!(!stops(args), "{args:?}");
    }
}
