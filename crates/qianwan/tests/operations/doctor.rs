//! Each trouble is made, and found; a healthy installation has none.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime},
};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::Value;

use crate::{
    Case,
    Needs::{Nothing, Postgres, Root},
    ground::*,
    tamper,
};

pub const CASES: &[Case] = &[
    ("a_healthy_installation_has_no_findings_served_or_not", Nothing, healthy),
    ("every_finding_is_explained_in_both_languages", Nothing, explained),
    ("trouble_with_the_disk_is_found", Nothing, disk),
    ("trouble_with_backups_is_found", Nothing, backups),
    ("trouble_with_permissions_and_keys_is_found", Nothing, permissions),
    ("a_file_of_another_owner_is_found", Root, owner),
    ("trouble_with_the_process_and_its_limits_is_found", Nothing, process),
    ("trouble_with_the_clock_is_found", Nothing, clock),
    ("trouble_with_certificates_is_found", Nothing, certificates),
    ("trouble_with_the_database_is_found", Nothing, database),
    ("trouble_with_postgresql_is_found", Postgres, postgresql),
    ("trouble_with_chains_is_found", Nothing, chains),
    ("trouble_with_stored_files_is_found", Nothing, files),
    ("trouble_with_particulars_is_found", Nothing, particulars),
    ("trouble_with_settings_is_found", Nothing, settings),
];

/// An installation with all that it should have, and what `doctor` is told of it.
struct Patient {
    ground: Ground,
    environment: BTreeMap<String, String>,
    arguments: Vec<String>,
}

struct Told {
    code: Option<i32>,
    findings: Vec<Value>,
}

impl Told {
    fn words(&self) -> Vec<&str> {
        self.findings.iter().filter_map(|f| f["finding"].as_str()).collect()
    }

    #[track_caller]
    fn arg(&self, word: &str, arg: &str) -> String {
        let found = self.findings.iter().find(|f| f["finding"] == word).unwrap_or_else(|| panic!("{word}: {:?}", self.words()));
        found["args"][arg].as_str().unwrap_or_else(|| panic!("{word}.{arg}")).to_owned()
    }
}

impl Patient {
    fn new() -> Patient {
        let ground = Ground::installed();
        // Once served: it has its keys and is signed.
        ground.serve(&[]).stop();
        let backups = ground.path().join("backups");
        good(&ground.run(&["backup", "--dir", backups.to_str().expect("a path")]));
        let mut patient = Patient { ground, environment: BTreeMap::new(), arguments: Vec::new() };
        patient.set("QIANWAN_BACKUP_DIR", &backups);
        // What the machine of a test has is not its matter.
        patient.set("QIANWAN_FREE_MB", "1");
        patient.synchronised("yes");
        patient
    }

    fn set(&mut self, name: &str, value: impl AsRef<Path>) {
        self.environment.insert(name.to_owned(), value.as_ref().to_str().expect("a path").to_owned());
    }

    /// A stand-in for what systemd says of the clock.
    fn synchronised(&mut self, answer: &str) {
        let bin = self.ground.path().join("bin");
        fs::create_dir_all(&bin).expect("made");
        let program = bin.join("timedatectl");
        fs::write(&program, format!("#!/bin/sh\necho {answer}\n")).expect("written");
        set_mode(&program, 0o755);
        let path = std::env::var("PATH").unwrap_or_default();
        self.set("PATH", format!("{}:{path}", bin.display()));
    }

    fn command(&self) -> Command {
        let mut command = qianwan();
        command.envs(&self.environment).args(["doctor", "--data"]).arg(self.ground.data()).args(&self.arguments);
        command
    }

    fn asked(&self, extra: &[&str]) -> Told {
        told(self.command().arg("--json").args(extra))
    }

    fn data(&self, name: &str) -> PathBuf {
        self.ground.data().join(name)
    }
}

fn told(command: &mut Command) -> Told {
    let out = command.output().expect("it runs");
    let said: Value =
        serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}{}", shown(&out.stdout), shown(&out.stderr)));
    let findings = said["findings"].as_array().expect("findings").iter();
    // A machine that runs many tests at once may be short of it.
    Told { code: out.status.code(), findings: findings.filter(|f| f["finding"] != "little-memory").cloned().collect() }
}

fn healthy() {
    let patient = Patient::new();
    for full in [&[][..], &["--full"]] {
        let told = patient.asked(full);
        assert_eq!((told.words(), told.code), (vec![], Some(0)));
    }
    let serving = patient.ground.serve(&[]);
    for how in [&[][..], &["--full"], &["--quick"]] {
        let told = patient.asked(how);
        assert_eq!((told.words(), told.code), (vec![], Some(0)), "{how:?}");
    }
    let out = good(&patient.command().output().expect("it runs"));
    assert!(out.contains("没有发现问题 / nothing was found"), "{out}");
    assert!(out.contains(&format!("{} (qianwan)", serving.child.id())) && out.contains("进程"), "it says who serves: {out}");
    serving.stop();
    // With a certificate of its own as well, whose keys are for the owner only.
    let mut patient = patient;
    patient.set("QIANWAN_HOST", "localhost");
    let mut command = qianwan();
    command.args(["serve", "--listen", "127.0.0.1:0", "--host", "localhost", "--data"]).arg(patient.ground.data());
    let serving = Serving::start(command);
    assert!(patient.data("tls/localhost.pem").exists() && patient.data("tls/root.key").exists());
    assert_eq!(patient.asked(&["--full"]).words(), [""; 0]);
    serving.stop();
    let before = fs::read(patient.data("qianwan.db")).expect("read");
    patient.asked(&[]);
    assert!(fs::read(patient.data("qianwan.db")).expect("read") == before, "it changes nothing");
}

fn explained() {
    let mut patient = Patient::new();
    patient.environment.remove("QIANWAN_BACKUP_DIR");
    let told = patient.asked(&[]);
    assert_eq!((told.words(), told.code), (vec!["backups-nowhere"], Some(1)));
    for (language, part) in ["zh", "en"].into_iter().flat_map(|l| ["what", "why", "do"].map(|p| (l, p))) {
        let words = told.findings[0][language][part].as_str().expect("words");
        assert!(words.len() > 10 && !words.contains("doctor."), "{language} {part}: {words}");
    }
    let out = patient.command().output().expect("it runs");
    let said = shown(&out.stdout);
    assert!(said.contains("✗ backups-nowhere") && said.contains("没有设置备份目录") && said.contains("No directory"), "{said}");
    // Every word that the sources find has wording, filled to the last brace.
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/doctor");
    let wording = fs::read_to_string(sources.join("../../../../locales/zh-CN/operations.json")).expect("read");
    let wording: BTreeMap<String, String> = serde_json::from_str(&wording).expect("JSON");
    let mut words = 0;
    for entry in fs::read_dir(sources).expect("read") {
        let text = fs::read_to_string(entry.expect("an entry").path()).expect("read");
        for start in ["trouble(\"", "note(\""] {
            for piece in text.split(start).skip(1) {
                let word = piece.split('"').next().expect("a word");
                words += 1;
                for part in ["what", "why", "do"] {
                    assert!(wording.contains_key(&format!("doctor.{word}.{part}")), "doctor.{word}.{part}");
                }
            }
        }
    }
    assert!(words > 30, "{words}");
}

fn disk() {
    let mut patient = Patient::new();
    fs::File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .open(patient.data("qianwan.db-wal"))
        .and_then(|f| f.set_len(300 << 20))
        .expect("long");
    patient.set("QIANWAN_FREE_MB", "999999999");
    let told = patient.asked(&[]);
    assert_eq!((told.words(), told.code), (vec!["disk-full", "log-long"], Some(1)));
    assert_eq!(told.arg("log-long", "mb"), "300");
    assert_eq!(patient.asked(&["--quick"]).words(), ["disk-full", "not-served"]);
    let mut elsewhere = qianwan();
    elsewhere.args(["doctor", "--json", "--data"]).arg(patient.ground.path().join("nothing"));
    assert_eq!(self::told(&mut elsewhere).words(), ["no-data"]);
}

fn backups() {
    let mut patient = Patient::new();
    let dir = patient.ground.path().join("backups");
    let backup = fs::read_dir(&dir).expect("read").next().expect("one").expect("an entry").path();
    let file = fs::File::options().write(true).open(&backup).expect("opened");
    file.set_modified(SystemTime::now() - Duration::from_secs(27 * 3600)).expect("set");
    let told = patient.asked(&[]);
    assert_eq!((told.words(), told.arg("backups-old", "hours")), (vec!["backups-old"], "27".to_owned()));
    patient.set("QIANWAN_BACKUP_HOURS", "28");
    assert_eq!(patient.asked(&[]).words(), [""; 0]);
    fs::remove_file(&backup).expect("removed");
    assert_eq!(patient.asked(&[]).words(), ["backups-none"]);
    fs::remove_dir(&dir).expect("removed");
    assert_eq!(patient.asked(&[]).words(), ["backups-unreadable"]);
}

fn permissions() {
    let patient = Patient::new();
    let keys = patient.data("keys.json");
    for (path, mode, wanted) in [(keys.clone(), 0o644, "600"), (patient.ground.data(), 0o755, "700")] {
        let before = fs::metadata(&path).expect("there").permissions();
        assert_eq!(before.mode() & 0o077, 0, "{}: made for its owner", path.display());
        set_mode(&path, mode);
        let told = patient.asked(&[]);
        assert_eq!((told.words(), told.code), (vec!["open-to-others"], Some(1)), "{}", path.display());
        assert_eq!(
            (told.arg("open-to-others", "file"), told.arg("open-to-others", "wanted")),
            (path.display().to_string(), wanted.into())
        );
        fs::set_permissions(&path, before).expect("set");
    }
    fs::create_dir(patient.data("tls")).expect("made");
    fs::write(patient.data("tls/root.key"), "key").expect("written");
    set_mode(&patient.data("tls/root.key"), 0o640);
    assert_eq!(patient.asked(&[]).words(), ["open-to-others"]);
    fs::remove_dir_all(patient.data("tls")).expect("removed");

    fs::rename(&keys, patient.ground.path().join("kept")).expect("moved");
    let told = patient.asked(&[]);
    assert_eq!((told.words(), told.code), (vec!["no-key-file"], Some(0)), "worth knowing, and no trouble");
    fs::write(&keys, "{}").expect("written");
    set_mode(&keys, 0o600);
    assert_eq!(patient.asked(&[]).words(), ["bad-key-file"]);
}

fn owner() {
    let patient = Patient::new();
    std::os::unix::fs::chown(patient.data("lock"), Some(12345), None).expect("given away");
    let told = patient.asked(&[]);
    assert_eq!((told.words(), told.arg("other-owner", "files")), (vec!["other-owner"], "lock".to_owned()));
}

fn process() {
    let patient = Patient::new();
    let lock = fs::File::options().write(true).open(patient.data("lock")).expect("opened");
    lock.try_lock().expect("held");
    let told = patient.asked(&[]);
    assert_eq!(told.words(), ["held-and-silent"]);
    assert_eq!(told.arg("held-and-silent", "id"), std::process::id().to_string());
    drop(lock);
    let mut few = Command::new("sh");
    few.args(["-c", "ulimit -Sn 256; ulimit -Hn 256; exec \"$0\" \"$@\""]).arg(env!("CARGO_BIN_EXE_qianwan"));
    few.env("QIANWAN_CONFIG", "/dev/null").env("TZ", "Asia/Shanghai").envs(&patient.environment);
    let told = self::told(few.args(["doctor", "--json", "--data"]).arg(patient.ground.data()));
    assert_eq!((told.words(), told.arg("few-files", "limit")), (vec!["few-files"], "256".to_owned()));
    let told = self::told(patient.command().arg("--json").env("TZ", "Europe/Lisbon"));
    assert_eq!((told.words(), told.code), (vec!["other-zone"], Some(0)));
}

fn clock() {
    let mut patient = Patient::new();
    patient.synchronised("no");
    assert_eq!(patient.asked(&[]).words(), ["clock-alone"]);
    patient.synchronised("yes");
    let later = SystemTime::now() + Duration::from_secs(3600);
    let file = fs::File::options().write(true).open(patient.data("keys.json")).expect("opened");
    file.set_modified(later).expect("set");
    let told = patient.asked(&[]);
    assert_eq!(told.words(), ["clock-behind-files"]);
    file.set_modified(SystemTime::now()).expect("set");
    // The latest fact, as if recorded in an hour. Its hash is another then.
    patient.ground.sql(tamper::LATEST_IN_AN_HOUR);
    let told = patient.asked(&[]);
    assert!(told.words().contains(&"clock-behind-log"), "{:?}", told.words());
}

/// A certificate for a host and its key, valid from the first to the second day.
fn certificate(folder: &Path, from: (i32, u8, u8), until: (i32, u8, u8)) -> (PathBuf, PathBuf) {
    let mut params = CertificateParams::new(vec!["qianwan.example".to_owned(), "127.0.0.1".to_owned()]).expect("names");
    params.not_before = date_time_ymd(from.0, from.1, from.2);
    params.not_after = date_time_ymd(until.0, until.1, until.2);
    let key = KeyPair::generate().expect("a key");
    let (certificate, key_file) = (folder.join("site.pem"), folder.join("site.key"));
    fs::write(&certificate, params.self_signed(&key).expect("signed").pem()).expect("written");
    fs::write(&key_file, key.serialize_pem()).expect("written");
    set_mode(&key_file, 0o600);
    (certificate, key_file)
}

fn certificates() {
    let mut patient = Patient::new();
    let folder = patient.ground.path().to_owned();
    let put = |patient: &mut Patient, from, until| {
        let (certificate, key) = certificate(&folder, from, until);
        patient.set("QIANWAN_TLS_CERT", certificate);
        patient.set("QIANWAN_TLS_KEY", key);
    };
    put(&mut patient, (2020, 1, 1), (2200, 1, 1));
    patient.set("QIANWAN_HOST", "qianwan.example,127.0.0.1");
    assert_eq!(patient.asked(&[]).words(), [""; 0]);
    patient.set("QIANWAN_HOST", "qianwan.example,other.example");
    let told = patient.asked(&[]);
    assert_eq!((told.words(), told.arg("certificate-names", "names")), (vec!["certificate-names"], "other.example".to_owned()));
    patient.set("QIANWAN_HOST", "qianwan.example");
    put(&mut patient, (2001, 1, 1), (2002, 1, 1));
    assert_eq!(patient.asked(&[]).words(), ["certificate-expired"]);
    put(&mut patient, (2200, 1, 1), (2201, 1, 1));
    assert_eq!(patient.asked(&[]).words(), ["certificate-early"]);
    // Ten days from now, by the calendar of this machine.
    let soon = domain::basics::Day::of_ms(now_ms()).plus(10).to_string();
    let parts: Vec<i32> = soon.split('-').map(|p| p.parse().expect("a number")).collect();
    put(&mut patient, (2020, 1, 1), (parts[0], parts[1] as u8, parts[2] as u8));
    assert_eq!(patient.asked(&[]).words(), ["certificate-expiring"]);
    put(&mut patient, (2020, 1, 1), (2200, 1, 1));
    fs::write(folder.join("site.key"), KeyPair::generate().expect("a key").serialize_pem()).expect("written");
    assert_eq!(patient.asked(&[]).words(), ["certificate-key"]);
    set_mode(&folder.join("site.key"), 0o604);
    assert!(patient.asked(&[]).words().contains(&"open-to-others"));
    fs::write(folder.join("site.pem"), "dear").expect("written");
    assert!(patient.asked(&[]).words().contains(&"certificate-unreadable"));
    // Where something in front does TLS, all that is not ours.
    patient.set("QIANWAN_BEHIND_PROXY", "true");
    set_mode(&folder.join("site.key"), 0o600);
    assert_eq!(patient.asked(&[]).words(), [""; 0]);
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("in time")
}

fn database() {
    let patient = Patient::new();
    let file = patient.data("qianwan.db");
    let good = fs::read(&file).expect("read");
    patient.ground.sql(tamper::NEWER_VERSION);
    let told = patient.asked(&[]);
    assert_eq!((told.words(), told.arg("data-newer", "has")), (vec!["data-newer"], "1000".to_owned()));
    patient.ground.sql(tamper::OLDER_VERSION);
    assert_eq!(patient.asked(&[]).words(), ["data-older"]);
    // Pages of an index, as a failing disk leaves them.
    let connection = rusqlite::Connection::open(&file).expect("opened");
    let page: i64 = connection.query_row(tamper::PAGE_OF_AN_INDEX, [], |r| r.get(0)).expect("a page");
    drop(connection);
    let mut damaged = good.clone();
    let page = usize::try_from(page).expect("a number");
    damaged[(page - 1) * 4096..page * 4096].fill(0x55);
    fs::write(&file, damaged).expect("written");
    let told = patient.asked(&["--full"]);
    assert!(told.words().iter().any(|w| ["database-damaged", "database-silent"].contains(w)), "{:?}", told.words());
    fs::write(&file, "this is a letter, not a database, and it is longer than a header of one would be").expect("written");
    assert_eq!(patient.asked(&[]).words(), ["database-silent"]);
    fs::remove_file(&file).expect("removed");
    assert!(patient.asked(&[]).words().contains(&"no-database"));
}

fn postgresql() {
    let mut patient = Patient::new();
    let url = postgres_url().expect("asked before");
    let nobody = format!("{}/qw_no_such_database", url.rsplit_once('/').expect("a URL").0);
    patient.set("QIANWAN_DATABASE", nobody);
    let told = patient.asked(&[]);
    assert_eq!(told.words(), ["database-silent"]);
    assert!(!told.arg("database-silent", "why").is_empty());
}

fn chains() {
    let patient = Patient::new();
    let file = patient.data("qianwan.db");
    let good = fs::read(&file).expect("read");
    for (how, word) in [
        (tamper::FACT_ALTERED, "chain-broken"),
        (tamper::FACT_REMOVED, "chain-broken"),
        (tamper::HEAD_ALTERED, "chain-broken"),
        (tamper::CHECKPOINT_FORGED, "chain-broken"),
        (tamper::UNSIGNED_FOR_DAYS, "unsigned"),
    ] {
        patient.ground.sql(how);
        for full in [&[][..], &["--full"]] {
            let told = patient.asked(full);
            assert!(told.words().contains(&word) && told.code == Some(1), "{how} {full:?}: {:?}", told.words());
        }
        fs::write(&file, &good).expect("written");
    }
    assert_eq!(patient.asked(&[]).words(), [""; 0]);
}

fn particulars() {
    let patient = Patient::new();
    let serving = patient.ground.serve(&[]);
    crate::particulars::left(&serving);
    serving.stop();
    assert_eq!(patient.asked(&[]).words(), [""; 0]);
    let file = patient.data("particulars.keys");
    let kept = fs::read(&file).expect("the keys");
    fs::write(&file, "{").expect("written");
    assert_eq!(patient.asked(&[]).words(), ["particulars-keys"]);
    fs::remove_file(&file).expect("removed");
    let told = patient.asked(&[]);
    assert_eq!((told.words(), told.arg("particulars-sealed", "n")), (vec!["particulars-sealed"], "1".to_owned()));
    fs::write(&file, kept).expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("set");
    assert_eq!(patient.asked(&[]).words(), ["open-to-others"]);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("set");
    fs::write(patient.data("particulars.restored"), "").expect("written");
    assert_eq!(patient.asked(&[]).words(), ["erased-unknown"]);
}

fn files() {
    let patient = Patient::new();
    let hash = "ab".repeat(32);
    patient.ground.sql(&tamper::file_known(&hash));
    let told = patient.asked(&[]);
    assert_eq!((told.words(), told.arg("files-missing", "first")), (vec!["files-missing"], hash.clone()));
    let folder = patient.data("files").join("ab");
    fs::create_dir_all(&folder).expect("made");
    fs::write(folder.join(&hash), "abc").expect("written");
    assert_eq!(patient.asked(&[]).words(), [""; 0], "its content is looked at only where all of it is asked for");
    assert_eq!(patient.asked(&["--full"]).words(), ["files-altered"]);
}

fn settings() {
    let mut patient = Patient::new();
    let file = patient.ground.path().join("q.toml");
    fs::write(&file, "\nlisen = \"x\"\n").expect("written");
    patient.set("QIANWAN_CONFIG", &file);
    let told = patient.asked(&[]);
    assert_eq!((told.words(), told.code), (vec!["settings"], Some(1)));
    assert!(told.arg("settings", "faults").contains("q.toml:2:1"));
    // What is needed stands in the file that cannot be used: that is said first.
    let out = qianwan().arg("doctor").env("QIANWAN_CONFIG", &file).output().expect("it runs");
    assert_eq!(out.status.code(), Some(2));
    assert!(shown(&out.stderr).contains("q.toml:2:1"), "{}", shown(&out.stderr));
}
