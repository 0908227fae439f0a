//! What several targets need: one small service over an empty store, asked as a browser asks.

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use domain::{
    Command,
    basics::{AccountId, Actor, Context, FormId, PlaceId, Post, Role, Text},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use server::{App, Settings};
use store::{Held, Location, NewAccount, NewFile, Outcome, Store, Submission};
use tower::ServiceExt;
use uuid::Uuid;

/// A morning, ms since 1970.
pub const NOW_MS: i64 = 1_795_395_600_000;

/// A service, and somebody who is signed in.
pub struct World {
    runtime: tokio::runtime::Runtime,
    service: Router,
    token: String,
    store: Arc<Store>,
    _dir: tempfile::TempDir,
}

/// A form that is offered, with a repeat and a point, and what came back filled in.
const FORM: &str = "<h:html xmlns='http://www.w3.org/2002/xforms' xmlns:h='http://www.w3.org/1999/xhtml' xmlns:jr='http://openrosa.org/javarosa'>\
    <h:head><h:title>Fuzz</h:title><model><instance><data id='fuzz' version='1'><n/><at/><person jr:template=''><age/></person><meta><instanceID/></meta></data></instance>\
    <bind nodeset='/data/n' type='int'/><bind nodeset='/data/at' type='geopoint'/><bind nodeset='/data/person/age' type='int'/></model></h:head>\
    <h:body><input ref='/data/n'/><input ref='/data/at'/><group ref='/data/person'><repeat nodeset='/data/person'><input ref='/data/person/age'/></repeat></group></h:body></h:html>";
const FILLED: &str = "<data id='fuzz' version='1'><n>5</n><at>30.5 119.6 12 8</at><person><age>7</age></person><person><age>70</age></person><meta><instanceID>uuid:1</instanceID></meta></data>";

/// Offers the form at a place, and hands it in there.
fn survey(store: &Store, at: PlaceId) {
    let put = |content: &str| {
        let file = NewFile { content: content.as_bytes(), media_type: "text/xml", taken_ms: None, position: None };
        store.files().put(&file, NOW_MS).expect("stored").hash
    };
    let (form, filled) = (put(FORM), put(FILLED));
    let id = FormId::at(at, &Text::new("fuzz").expect("a form id"));
    let head = json!({ "form_id": "fuzz", "version": "1", "title": "Fuzz", "md5": "0".repeat(32), "encrypted": false, "files": [], "file_questions": [] });
    let filled_head = json!({ "form_id": "fuzz", "version": "1", "instance": "uuid:1", "encrypted": false, "mentioned": [] });
    for command in [
        json!({ "type": "surveys.upload", "place": at, "file": form, "head": head }),
        json!({ "type": "surveys.publish", "form": id, "version": "1" }),
        json!({ "type": "surveys.submit", "place": at, "file": filled, "head": filled_head }),
    ] {
        let command: Command = serde_json::from_value(command).expect("a command");
        let context = Context { now_ms: NOW_MS, actor: Actor::Import, command: Uuid::now_v7(), fresh: Uuid::now_v7() };
        let answer = store.submit_and_wait(Submission { command, context }).expect("an answer");
        assert!(matches!(answer.outcome, Outcome::Accepted { .. }), "{:?}", answer.outcome);
    }
}

/// Made once for each process.
pub static WORLD: LazyLock<World> = LazyLock::new(World::new);

/// What came back.
pub struct Reply {
    /// Status.
    pub status: StatusCode,
    /// Media type.
    pub media: String,
    /// Body.
    pub body: Vec<u8>,
}

impl World {
    fn new() -> World {
        let memory = std::path::Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder");
        let store = Arc::new(Store::open(&Location::in_dir(dir.path())).expect("an empty store"));
        let row = |code: &str, name: &str, level: &str, kind: &str, parent: Option<&str>| json!({ "code": code, "name": name, "level": level, "kind": kind, "parent": parent });
        let register: Command = serde_json::from_value(json!({
            "type": "import.register", "origin": "fuzz", "document": "fuzz", "changed_on": null, "changes": [], "details": [],
            "rows": [
                row("990101000000", "Example County", "county", "area", None),
                row("990101100000", "Example Town", "township", "town", Some("990101000000")),
                row("990101100201", "Example Village", "village", "villagers", Some("990101100000")),
            ],
        }))
        .expect("a register");
        let context = Context { now_ms: NOW_MS, actor: Actor::Import, command: Uuid::now_v7(), fresh: Uuid::now_v7() };
        store.submit_and_wait(Submission { command: register, context }).expect("imported");
        let mut county = None;
        store
            .each_place(&mut |place| {
                if place.within.is_empty() {
                    county = Some(place.id);
                }
            })
            .expect("places");
        survey(&store, county.expect("a county"));
        let held = [Held {
            post: Post::new(county.unwrap_or(PlaceId(0)), Role::Office),
            from: "2020-01-01".parse().expect("a day"),
            until: None,
        }];
        let id = AccountId(Uuid::now_v7());
        let account = NewAccount { id, name: "office", display: "office", password: None, held: &held };
        store.accounts().create(&[account], NOW_MS).expect("an account");
        let token = store.accounts().open_session(id, NOW_MS).expect("a session");
        let app = App::new(
            store.clone(),
            Settings {
                installation: "fuzz".into(),
                demo: false,
                secure_cookies: false,
                behind_proxy: false,
                now_ms: Some(NOW_MS),
                demo_sign_ins: Vec::new(),
                access: server::access::Access::of_demo(),
                oidc: None,
            },
        );
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        World { runtime, service: server::service(app), token, store, _dir: dir }
    }

    /// How many facts there are: nothing that reads makes one.
    pub fn facts(&self) -> u64 {
        self.store.heads().expect("heads").iter().filter(|h| h.chain.to_string().ends_with("/main")).map(|h| h.size).sum()
    }

    /// Asks, signed in; `None` where HTTP itself takes no such request.
    pub fn ask(&self, method: Method, path: &[u8], headers: &[(&str, &[u8])], body: Vec<u8>) -> Option<Reply> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "localhost");
        let mut cookie = format!("qw_session={}", self.token).into_bytes();
        for (name, value) in headers {
            if *name == "cookie" {
                cookie.extend(b"; ");
                cookie.extend(*value);
            } else {
                request = request.header(*name, *value);
            }
        }
        // Programs show a key, browsers a cookie.
        if path.starts_with(b"/v1/") {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        }
        let request = request.header(header::COOKIE, cookie).header("x-qianwan", "1").body(Body::from(body)).ok()?;
        let reply = self.runtime.block_on(async {
            let response = self.service.clone().oneshot(request).await.expect("infallible");
            let (parts, body) = response.into_parts();
            let media = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
            Reply { status: parts.status, media, body: body.collect().await.expect("a body in memory").to_bytes().to_vec() }
        });
        // Parts of OData are said to be missing.
        let accident = reply.status.is_server_error() && reply.status != StatusCode::NOT_IMPLEMENTED;
        assert!(!accident, "{}: {}", reply.status, String::from_utf8_lossy(&reply.body));
        if reply.media.contains("json") {
            let document: Value = serde_json::from_slice(&reply.body).expect("what says it is JSON is");
            assert!(reply.status.is_success() || document["type"].as_str().is_some_and(|t| t.starts_with("/errors/")));
        }
        Some(reply)
    }
}

/// Bytes as a query: what may not stand there as it is, is written in percent.
pub fn query(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'!' | b'$'..=b';' | b'=' | b'?'..=b'Z' | b'_' | b'a'..=b'z' | b'~' => out.push(*byte),
            _ => out.extend(format!("%{byte:02X}").bytes()),
        }
    }
    out
}
