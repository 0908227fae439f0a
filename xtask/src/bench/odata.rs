//! Submissions as tables, asked of the whole server in this process: what a first page costs where there are very many, and how
//! much memory an export takes.
//!
//! Submissions go in through the command path, on one chain, at one county's 200 villages. Their XML is one of a thousand files of
//! twenty answers with a repeat of two, each of many submissions: writing a million small files would measure the disk. So files
//! are read and parsed for every row as always, but from the page cache.
//!
//! CPU is that of the whole process, the client's share (taking the bytes) included.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
};
use domain::{
    Command,
    basics::{AccountId, Actor, Context, Day, PlaceId, Post, Role},
    surveys,
};
use http_body_util::BodyExt;
use serde_json::json;
use store::{Held, Location, NewAccount, NewFile, Outcome, Store, Submission};
use tower::ServiceExt;
use uuid::Uuid;

use super::{
    Options,
    store::{Kept, cpu_seconds, found, now_ms, peak_mb},
};

/// Most milliseconds of CPU for a first page.
const PAGE_MS: f64 = 50.0;
/// Ten times as many rows may take so many times the memory.
const MEMORY_RATIO: f64 = 1.3;
/// Requests of a kind.
const REQUESTS: u32 = 20;
/// Different files.
const FILES: u64 = 1_000;
/// Commands that wait for their answer.
const WAITING: u64 = 4_096;

/// Options: `submissions` (1,000,000), `top` (250, rows of a page).
pub fn first_page(root: &Path, options: &Options) -> Result<bool> {
    let (submissions, top) = (options.number("submissions", 1_000_000)?, options.number("top", 250)?);
    let world = World::new(root, "odata")?;
    world.fill("large", submissions)?;
    let client = world.client()?;
    let base = format!("/v1/projects/{}/forms/large.svc", world.org);
    let year = &Day::of_ms(now_ms()).to_string()[..4];
    let cases = [
        ("first page", format!("Submissions?$top={top}"), true),
        ("first page and $count, counted already", format!("Submissions?$top={top}&$count=true"), true),
        (
            "first page of a filter",
            format!(
                "Submissions?$top={top}&$filter=year(__system/submissionDate)%20eq%20{year}%20and%20__system/reviewState%20ne%20'rejected'"
            ),
            true,
        ),
        ("first page of a repeat", format!("Submissions.person?$top={top}"), true),
        ("first page of a township's reader", format!("Submissions?$top={top}"), true),
        ("page behind half of them, by $skip", format!("Submissions?$top={top}&$skip={}", submissions / 2), false),
    ];
    let mut good = true;
    let (_, cold) = client.get("office", &format!("{base}/Submissions?$top={top}&$count=true"))?;
    println!("    first page and $count, counted for the first time since something came: {cold:.1} ms CPU");
    for (what, path, judged) in cases {
        let who = if what.contains("township") { "township" } else { "office" };
        let path = format!("{base}/{path}");
        client.get(who, &path)?;
        let (mut ms, mut bytes, wall) = (0.0, 0, Instant::now());
        for _ in 0..REQUESTS {
            let (size, cpu) = client.get(who, &path)?;
            (ms, bytes) = (ms + cpu, size);
        }
        let (each, wall) = (ms / f64::from(REQUESTS), wall.elapsed().as_secs_f64() * 1e3 / f64::from(REQUESTS));
        let met = each <= PAGE_MS;
        good &= met || !judged;
        let verdict =
            if judged { format!(" (target ≤ {PAGE_MS} ms: {})", if met { "met" } else { "MISSED" }) } else { String::new() };
        println!("    {what}: {each:.1} ms CPU{verdict}, {wall:.1} ms on the wall, {bytes} bytes");
    }
    Ok(good)
}

/// Options: `submissions` (100,000).
pub fn export(root: &Path, options: &Options) -> Result<bool> {
    let submissions = options.number("submissions", 100_000)?;
    let world = World::new(root, "submissions-export")?;
    let forms = [("small", submissions / 10), ("large", submissions)];
    for (form, count) in forms {
        world.fill(form, count)?;
    }
    let client = world.client()?;
    let mut good = true;
    for kind in ["csv", "xlsx", "geojson", "zip"] {
        let mut peaks = Vec::new();
        for (form, count) in forms {
            let id = domain::basics::FormId::at(world.county, &domain::basics::Text::new(form).context("a form id")?);
            // Linux forgets the peak so far.
            fs::write("/proc/self/clear_refs", "5").context("cannot reset the peak of memory")?;
            let (before, wall) = (peak_mb(), Instant::now());
            let (bytes, ms) = client.get("office", &format!("/api/forms/{id}/submissions.{kind}"))?;
            let (seconds, peak) = (wall.elapsed().as_secs_f64(), peak_mb());
            println!(
                "    {kind}, {count} submissions: {:.0} rows/s, {:.2} ms CPU a row, {bytes} bytes, peak {peak} MB ({before} MB before)",
                count as f64 / seconds,
                ms / count as f64
            );
            peaks.push(peak as f64);
        }
        let ratio = peaks[1] / peaks[0];
        let met = ratio <= MEMORY_RATIO;
        good &= met;
        println!(
            "    {kind}: peak of ten times as many ×{ratio:.2} (target ≤ {MEMORY_RATIO}: {})",
            if met { "met" } else { "MISSED" }
        );
    }
    Ok(good)
}

struct World {
    store: Arc<Store>,
    villages: Vec<PlaceId>,
    county: PlaceId,
    township: PlaceId,
    org: u32,
    files: Vec<domain::basics::FileHash>,
    _kept: Kept,
}

impl World {
    fn new(root: &Path, name: &str) -> Result<World> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let dir = target.join(format!("bench-{name}-{}", std::process::id()));
        let kept = Kept(dir.clone());
        let store = Arc::new(Store::open(&Location::in_dir(dir))?);
        let villages = found(&store, 1)?;
        let Some(domain::Row::Places(village)) = store.place_by_code(&format!("{:012}", 980_101_001_201_u64))? else {
            anyhow::bail!("no village");
        };
        let (county, township, org) = (village.within[1], village.within[2], village.org);
        let mut files = Vec::new();
        for n in 0..FILES {
            let content = filled_in(n);
            let file = NewFile { content: content.as_bytes(), media_type: "text/xml", taken_ms: None, position: None };
            files.push(store.files().put(&file, now_ms())?.hash);
        }
        Ok(World { store, villages, county, township, org, files, _kept: kept })
    }

    /// Offers a form at the county, and hands in so many.
    fn fill(&self, form: &str, count: u64) -> Result<()> {
        let began = Instant::now();
        let xform = form_xml(form);
        let file = NewFile { content: xform.as_bytes(), media_type: "text/xml", taken_ms: None, position: None };
        let file = self.store.files().put(&file, now_ms())?.hash;
        let head = json!({ "form_id": form, "version": "1", "title": form, "md5": "0".repeat(32), "encrypted": false, "files": [], "file_questions": [] });
        let id = domain::basics::FormId::at(self.county, &domain::basics::Text::new(form).context("a form id")?);
        let submit = |command: serde_json::Value| -> Result<Submission> {
            let command: Command = serde_json::from_value(command)?;
            Ok(Submission {
                command,
                context: Context { now_ms: now_ms(), actor: Actor::Import, command: Uuid::now_v7(), fresh: Uuid::now_v7() },
            })
        };
        for command in [
            json!({ "type": "surveys.upload", "place": self.county, "file": file, "head": head }),
            json!({ "type": "surveys.publish", "form": id, "version": "1" }),
        ] {
            let answer = self.store.submit_and_wait(submit(command)?)?;
            ensure!(matches!(answer.outcome, Outcome::Accepted { .. }), "{:?}", answer.outcome);
        }
        let (told, heard) = mpsc::channel();
        let mut waiting = 0;
        for n in 0..count {
            let head = surveys::SubmissionHead {
                form_id: domain::basics::Text::new(form).context("a form id")?,
                version: domain::basics::Text::new("1").ok(),
                instance: domain::basics::Text::new(&format!("uuid:{form}-{n}")).context("an instance")?,
                deprecated: None,
                encrypted: false,
                mentioned: Vec::new(),
            };
            let place = self.villages[(n.wrapping_mul(7919) % self.villages.len() as u64) as usize];
            let file = self.files[(n % FILES) as usize].clone();
            let command = Command::Surveys(surveys::Command::Submit {
                place,
                file,
                head: Some(head),
                files: Vec::new(),
                device: None,
                about: None,
                checked: None,
            });
            let context = Context { now_ms: now_ms(), actor: Actor::Import, command: Uuid::now_v7(), fresh: Uuid::now_v7() };
            let told = told.clone();
            self.store.submit(Submission { command, context }, move |answer| {
                let _ = told.send(answer);
            });
            waiting += 1;
            while waiting >= WAITING || (n + 1 == count && waiting > 0) {
                let answer = heard.recv()??;
                ensure!(matches!(answer.outcome, Outcome::Accepted { .. }), "{:?}", answer.outcome);
                waiting -= 1;
            }
        }
        println!(
            "{count} submissions of form {form} taken in: {:.0}/s on the wall",
            count as f64 / began.elapsed().as_secs_f64()
        );
        Ok(())
    }

    fn client(&self) -> Result<Client> {
        let posts = [("office", Post::new(self.county, Role::Office)), ("township", Post::new(self.township, Role::Township))];
        let mut tokens = Vec::new();
        for (n, (name, post)) in (1_000_u128..).zip(posts) {
            let id = AccountId(Uuid::from_u128(n));
            let held = [Held { post, from: Day::of_ms(0), until: None }];
            self.store.accounts().create(&[NewAccount { id, name, display: name, password: None, held: &held }], now_ms())?;
            tokens.push((name, self.store.accounts().open_session(id, now_ms())?));
        }
        let settings = server::Settings {
            installation: "bench".into(),
            demo: false,
            secure_cookies: false,
            behind_proxy: false,
            now_ms: None,
            demo_sign_ins: Vec::new(),
            access: server::access::Access::of_demo(),
            oidc: None,
        };
        let app = server::App::new(self.store.clone(), settings);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Client { service: server::service(app), runtime, tokens })
    }
}

struct Client {
    service: Router,
    runtime: tokio::runtime::Runtime,
    tokens: Vec<(&'static str, String)>,
}

impl Client {
    /// Asks, and lets go of what comes: its bytes, and milliseconds of CPU.
    fn get(&self, who: &str, path: &str) -> Result<(usize, f64)> {
        let token = self.tokens.iter().find(|(name, _)| *name == who).map_or("", |(_, token)| token);
        let request = Request::get(path)
            .header("host", "localhost")
            .header("authorization", format!("Bearer {token}"))
            .header("cookie", format!("qw_session={token}"));
        // A bearer is a program's; the console's addresses know cookies.
        let mut request = request.body(Body::empty())?;
        if path.starts_with("/api/") {
            request.headers_mut().remove("authorization");
        }
        let began = cpu_seconds();
        let (status, bytes) = self.runtime.block_on(async {
            let mut response = self.service.clone().oneshot(request).await?;
            let mut bytes = 0;
            while let Some(frame) = response.body_mut().frame().await {
                bytes += frame?.data_ref().map_or(0, |d| d.len());
            }
            anyhow::Ok((response.status(), bytes))
        })?;
        ensure!(status == StatusCode::OK, "{path}: {status}");
        Ok((bytes, (cpu_seconds() - began) * 1e3))
    }
}

/// A form of twenty questions and a repeat.
fn form_xml(id: &str) -> String {
    let (mut instance, mut binds, mut body) = (String::new(), String::new(), String::new());
    for n in 0..18 {
        let kind = ["string", "int", "decimal", "date", "string", "string"][n % 6];
        instance += &format!("<q{n}/>");
        binds += &format!("<bind nodeset='/data/g/q{n}' type='{kind}'/>");
        body += &format!("<input ref='/data/g/q{n}'/>");
    }
    format!(
        "<h:html xmlns='http://www.w3.org/2002/xforms' xmlns:h='http://www.w3.org/1999/xhtml' xmlns:jr='http://openrosa.org/javarosa'><h:head><h:title>Bench</h:title>\
         <model><instance><data id='{id}' version='1'><g>{instance}</g><at/><person jr:template=''><age/></person><meta><instanceID/></meta></data></instance>{binds}\
         <bind nodeset='/data/at' type='geopoint'/><bind nodeset='/data/person/age' type='int'/></model></h:head>\
         <h:body>{body}<input ref='/data/at'/><group ref='/data/person'><repeat nodeset='/data/person'><input ref='/data/person/age'/></repeat></group></h:body></h:html>"
    )
}

fn filled_in(n: u64) -> String {
    let mut answers = String::new();
    for q in 0..18 {
        let value = match q % 6 {
            1 => (n + q).to_string(),
            2 => format!("{}.5", n + q),
            3 => "2026-11-20".to_owned(),
            _ => format!("made up {}", n * q),
        };
        answers += &format!("<q{q}>{value}</q{q}>");
    }
    format!(
        "<data id='bench' version='1'><g>{answers}</g><at>30.{n:03} 119.6 12 8</at><person><age>{}</age></person><person><age>{}</age></person><meta><instanceID>uuid:{n}</instanceID></meta></data>",
        n % 90,
        n % 70
    )
}
