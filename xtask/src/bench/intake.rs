//! Taking in submissions, from HTTP to durable: the real binary on SQLite, with a form of 250 questions that looks a village up in a
//! file of 26,000; phones with keys and connections of their own, each sending its next submission as soon as the last is answered
//! with 201. Every submission is recomputed before it is answered, and its file and its facts are on the disk.
//!
//! The reference is what ODK Central's documentation tells of a load test with 500 devices: 41 submissions a second.
//! All connections come from one address, as from a proxy: the server gives a single client fewer of them.
//! The clients run on the same machine, so the rate is lower than the server alone would reach.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command as Process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use domain::{
    Command,
    basics::{AccountId, Actor, Capability, Context, Day, FormId, PlaceId, Post, Role, Text},
    places::Place,
};
use serde_json::{Value, json};
use store::{Held, KeyKind, Location, NewAccount, NewFile, NewKey, Outcome, Store, Submission};
use uuid::Uuid;

use super::{
    Options,
    serve::{Client, Server},
    store::{Kept, found, now_ms},
    submissions::written,
};

/// Submissions a second that ODK Central's documentation reports for 500 devices.
const REFERENCE: f64 = 41.0;
/// How many times as many.
const TARGET: f64 = 20.0;
/// Most memory of the server, MB.
const MEMORY_MB: f64 = 300.0;

/// Options: `submissions` (20,000), `devices` (500), `questions` (250).
pub fn run(root: &Path, options: &Options) -> Result<bool> {
    let (submissions, devices) = (options.number("submissions", 20_000)?, options.number("devices", 500)?.max(1));
    let questions = options.number("questions", 250)? as usize;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let built = Process::new("cargo").args(["build", "--release", "--package", "qianwan"]).current_dir(root).status()?;
    ensure!(built.success(), "the binary does not build");
    let data = target.join(format!("bench-intake-{}", std::process::id()));
    let _kept = Kept(data.clone());
    fs::create_dir_all(&data)?;
    let (form, filled_in) = written(questions);
    let world = prepare(&data, &form, devices)?;

    let (server, _) = Server::start(&target.join("release/qianwan"), &["serve", "--plain", "--behind-proxy"], &data)?;
    server.settled()?;
    let (before, cpu, began) = (server.memory()?.0, server.cpu()?, Instant::now());
    let next = AtomicU64::new(0);
    let waits = std::thread::scope(|scope| {
        let (next, filled_in, server, world) = (&next, &filled_in, &server, &world);
        let sending: Vec<_> = world
            .keys
            .iter()
            .map(|key| {
                scope.spawn(move || -> Result<Vec<f64>> {
                    let mut client = Client::to(&server.address)?;
                    let mut waits = Vec::new();
                    loop {
                        let n = next.fetch_add(1, Ordering::Relaxed);
                        if n >= submissions {
                            return Ok(waits);
                        }
                        let one = Instant::now();
                        let answer =
                            client.send(&request(key, world.org, &filled_in.replace("uuid:0<", &format!("uuid:{n}<"))))?;
                        ensure!(answer.status == 201, "{}: {}", answer.status, String::from_utf8_lossy(&answer.body));
                        waits.push(one.elapsed().as_secs_f64() * 1e3);
                    }
                })
            })
            .collect();
        let ended = sending.into_iter().map(|s| s.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a device broke"))));
        ended.collect::<Result<Vec<_>>>()
    })?;
    let (seconds, cpu) = (began.elapsed().as_secs_f64(), server.cpu()? - cpu);
    let (_, peak) = server.memory()?;

    // They are all there, and nothing about them is in doubt.
    let mut client = Client::to(&server.address)?;
    let session = format!("Cookie: __Host-qw_session={0}\r\nAuthorization: Bearer {0}\r\n", world.session);
    for (path, name, wanted) in [
        (format!("/v1/projects/{}/forms/bench.svc/Submissions?$top=0&$count=true", world.org), "@odata.count", submissions),
        ("/api/rows/submissions?limit=1&count=1&doubtful=1".to_owned(), "count", 0),
    ] {
        // A browser's address takes no key.
        let headers =
            if path.starts_with("/v1/") { session.as_str() } else { session.split_inclusive('\n').next().unwrap_or_default() };
        let answer = client.get(&path, headers)?;
        let told: Value = serde_json::from_slice(&answer.body)?;
        ensure!(told[name] == json!(wanted), "{path}: {}", String::from_utf8_lossy(&answer.body));
    }

    let mut waits: Vec<f64> = waits.into_iter().flatten().collect();
    waits.sort_by(f64::total_cmp);
    let at = |share: f64| waits.get((waits.len() as f64 * share) as usize).copied().unwrap_or(f64::NAN);
    let rate = submissions as f64 / seconds;
    println!(
        "{submissions} submissions of {questions} questions and {} bytes, {devices} devices: {seconds:.1} s; a device waits {:.0} ms (median), {:.0} ms (99 %)",
        filled_in.len(),
        at(0.5),
        at(0.99)
    );
    println!("    server: {:.2} ms CPU a submission", cpu * 1e3 / submissions as f64);
    let mut good = true;
    let mut verdict = |met: bool| {
        good &= met;
        if met { "met" } else { "MISSED" }
    };
    let times = rate / REFERENCE;
    println!(
        "    {rate:.0}/s, {times:.1} times the {REFERENCE}/s of the reference (target ≥ {TARGET}: {})",
        verdict(times >= TARGET)
    );
    println!(
        "    memory of the server at most {peak:.0} MB, {before:.0} MB before (target ≤ {MEMORY_MB} MB: {})",
        verdict(peak <= MEMORY_MB)
    );
    Ok(good)
}

struct World {
    keys: Vec<String>,
    org: u32,
    session: String,
}

/// A county with its office, a form that is offered, and a key for every device.
fn prepare(data: &Path, form: &str, devices: u64) -> Result<World> {
    let store = Arc::new(Store::open(&Location::in_dir(data))?);
    found(&store, 1)?;
    let mut village: Option<Place> = None;
    store.each_place(&mut |p| {
        if p.level == domain::places::Level::Village {
            village.get_or_insert_with(|| p.clone());
        }
    })?;
    let village = village.context("a village")?;
    let county = village.within[1];
    let put = |content: &[u8], media_type| -> Result<String> {
        let file = NewFile { content, media_type, taken_ms: None, position: None };
        Ok(store.files().put(&file, now_ms())?.hash.as_str().to_owned())
    };
    let mut list = String::from("name,town\n");
    (0..26_000).for_each(|n| list += &format!("v{n},t{}\n", n / 20));
    let (xform, list) = (put(form.as_bytes(), "text/xml")?, put(list.as_bytes(), "text/csv")?);
    let head = json!({
        "form_id": "bench", "version": "1", "title": "Bench", "md5": "0".repeat(32), "encrypted": false,
        "files": [{ "name": "villages.csv", "kind": "data" }], "file_questions": [],
    });
    let id = FormId::at(county, &Text::new("bench").context("a form id")?);
    for command in [
        json!({ "type": "surveys.upload", "place": county, "file": xform, "head": head }),
        json!({ "type": "surveys.give_attachment", "form": id, "version": "1", "name": "villages.csv", "file": list, "md5": "0".repeat(32) }),
        json!({ "type": "surveys.publish", "form": id, "version": "1" }),
    ] {
        let command: Command = serde_json::from_value(command)?;
        let context = Context { now_ms: now_ms(), actor: Actor::Import, command: Uuid::now_v7(), fresh: Uuid::now_v7() };
        let answer = store.submit_and_wait(Submission { command, context })?;
        ensure!(matches!(answer.outcome, Outcome::Accepted { .. }), "{:?}", answer.outcome);
    }
    let office = account(&store, county)?;
    let session = store.accounts().open_session(office, now_ms())?;
    let capabilities = [Capability::SurveysSubmit, Capability::Read];
    let new = NewKey {
        kind: KeyKind::AppUser,
        account: office,
        label: "bench",
        capabilities: &capabilities,
        place: Some(county),
        expires_ms: now_ms() + 86_400_000,
    };
    let make = |_| store.accounts().make_key(AccountId(Uuid::now_v7()), &new, now_ms());
    let keys = (0..devices).map(make).collect::<Result<_, _>>()?;
    Ok(World { keys, org: village.org, session })
}

fn account(store: &Store, county: PlaceId) -> Result<AccountId> {
    let id = AccountId(Uuid::from_u128(1));
    let held = [Held { post: Post::new(county, Role::Office), from: Day::of_ms(0), until: None }];
    store.accounts().create(&[NewAccount { id, name: "office", display: "office", password: None, held: &held }], now_ms())?;
    Ok(id)
}

/// As ODK Collect sends it.
fn request(key: &str, org: u32, xml: &str) -> Vec<u8> {
    let edge = "qianwan-bench-4f1c";
    let body = format!(
        "--{edge}\r\nContent-Disposition: form-data; name=\"xml_submission_file\"; filename=\"submission.xml\"\r\nContent-Type: text/xml\r\n\r\n{xml}\r\n--{edge}--\r\n"
    );
    let head = format!(
        "POST /v1/key/{key}/projects/{org}/submission HTTP/1.1\r\nHost: localhost\r\nX-OpenRosa-Version: 1.0\r\nContent-Type: multipart/form-data; boundary={edge}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body.into_bytes()].concat()
}
