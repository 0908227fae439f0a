//! Data of earlier releases, served by the present binary: people sign in as before and find what they had.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use serde::Deserialize;

use crate::{
    Case,
    Needs::{Nothing, Postgres},
    ground::*,
    tamper,
};

pub const CASES: &[Case] = &[
    ("data_of_earlier_releases_are_served_from_sqlite", Nothing, sqlite),
    ("data_of_earlier_releases_are_served_from_postgresql", Postgres, postgres),
    ("data_of_a_newer_version_are_refused_in_plain_words", Nothing, newer),
];

/// Releases whose data are kept beside the store's tests, oldest first.
const RELEASES: &[&str] = &["v0.1"];

#[derive(Deserialize)]
struct About {
    sqlite: Known,
    postgres: Known,
}

/// What the old binary itself said of its data.
#[derive(Deserialize)]
struct Known {
    password: String,
    accounts: Vec<KnownAccount>,
    chains: Vec<KnownChain>,
    problems: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct KnownAccount {
    name: String,
    display: String,
    role: String,
    place: String,
}

#[derive(Deserialize)]
struct KnownChain {
    chain: String,
    size: u64,
}

fn fixtures(release: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/tests/fixtures").join(release)
}

fn about(release: &str) -> About {
    let text = fs::read_to_string(fixtures(release).join("about.json")).expect("about.json");
    serde_json::from_str(&text).expect("JSON")
}

fn unpack(release: &str, name: &str, to: &Path) {
    let file = File::open(fixtures(release).join(name)).expect(name);
    tar::Archive::new(GzDecoder::new(file)).unpack(to).expect(name);
}

/// Serves them twice: the first start upgrades, the second finds nothing to do.
fn serves(ground: &Ground, args: &[&str], known: &Known) {
    for _ in 0..2 {
        let serving = ground.serve(args);
        for account in &known.accounts {
            let session = serving.signed_in(&account.name, &known.password).get("/api/session");
            assert_eq!(session["account"]["display"], account.display.as_str(), "{session}");
            let posts = session["posts"].as_array().expect("posts");
            let has = |post: &serde_json::Value| {
                post["role"] == account.role.as_str() && post["place"]["code"] == account.place.as_str()
            };
            assert!(posts.iter().any(has), "{} still has the post: {session}", account.name);
        }
        let all = serving.signed_in("province", &known.password);
        let groups = all.get("/api/groups/problems?by=state");
        let counted = groups["groups"]
            .as_array()
            .expect("groups")
            .iter()
            .map(|g| (g["keys"][0].as_str().expect("a state").to_owned(), g["count"].as_u64().expect("a number")));
        assert_eq!(counted.collect::<BTreeMap<_, _>>(), known.problems);
        let chains = all.get("/api/chains");
        for old in &known.chains {
            let now = chains["chains"].as_array().and_then(|all| all.iter().find(|c| c["chain"] == old.chain.as_str()));
            assert!(now.is_some_and(|c| c["size"].as_u64() >= Some(old.size)), "{}: {chains}", old.chain);
        }
        // The photo of a villager's report is still shown to whoever opens its page.
        let photos = all.get("/api/rows/problems?limit=200");
        let with_photo = photos["rows"].as_array().and_then(|rows| rows.iter().find(|r| !r["row"]["photos"][0].is_null()));
        let row = with_photo.expect("a problem with a photo");
        let hash = row["row"]["photos"][0]["file"].as_str().expect("a hash");
        let key = row["key"].as_str().expect("a key");
        let photo = serving.client().json("GET", &format!("/public/files/{hash}?p={key}"), None);
        assert!(photo.status == 200 && !photo.body.is_empty(), "{}", photo.status);
        let said = serving.stop();
        assert!(!said.contains("ERROR") && said.contains("stopped"), "{said}");
        assert!(!said.contains('\u{1b}'), "no colours where nobody looks: {said:?}");
    }
}

fn sqlite() {
    for release in RELEASES {
        let ground = Ground::new();
        unpack(release, "sqlite.tar.gz", &ground.data());
        serves(&ground, &[], &about(release).sqlite);
        good(&ground.run(&["verify"]));
    }
}

fn postgres() {
    for release in RELEASES {
        let ground = Ground::new();
        unpack(release, "postgres-files.tar.gz", &ground.data());
        let mut sql = String::new();
        let file = File::open(fixtures(release).join("postgres.sql.gz")).expect("the dump");
        GzDecoder::new(file).read_to_string(&mut sql).expect("the dump");
        let database = Database::with(&sql);
        serves(&ground, &["--database", &database.url], &about(release).postgres);
        good(&ground.run(&["verify", "--database", &database.url]));
    }
}

fn newer() {
    let ground = Ground::new();
    unpack(RELEASES[0], "sqlite.tar.gz", &ground.data());
    ground.sql(tamper::NEWER_VERSION);
    let before = fs::read(ground.data().join("qianwan.db")).expect("read");
    for command in ["serve", "rebuild", "verify"] {
        let out = ground.run(&[command]);
        assert_eq!(out.status.code(), Some(2), "{command}");
        let said = shown(&out.stderr);
        assert!(said.contains("1000") && said.contains("版本") && said.contains("version"), "{command}: {said}");
    }
    assert!(fs::read(ground.data().join("qianwan.db")).expect("read") == before, "and left as they are");
}

/// A database that goes with the test.
struct Database {
    admin: String,
    name: String,
    url: String,
}

fn execute(url: &str, sql: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.expect("connected");
        let driven = tokio::spawn(connection);
        client.batch_execute(sql).await.expect("done");
        drop(client);
        let _ = driven.await;
    });
}

impl Database {
    fn with(sql: &str) -> Database {
        let admin = postgres_url().expect("asked before");
        let name = format!("qw_test_{}", uuid::Uuid::now_v7().simple());
        let url = format!("{}/{name}", admin.rsplit_once('/').expect("a URL ends in the name of a database").0);
        execute(&admin, &format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'"));
        execute(&url, sql);
        Database { admin, name, url }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        execute(&self.admin, &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}
