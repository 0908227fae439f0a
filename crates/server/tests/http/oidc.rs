//! Signing in with an identity of a provider outside: a small provider of our own that says whatever a test wants, on a real
//! socket. A real one stands in `e2e/oidc.test.mjs`.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use openidconnect::{
    JsonWebKeyId, PrivateSigningKey,
    core::{CoreEdDsaPrivateSigningKey, CoreJwsSigningAlgorithm},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use crate::world::*;

const CLIENT: &str = "qianwan-test";
const SECRET: &str = "a secret of the client";
const SUBJECT: &str = "u-1001";

/// A key by its seed.
fn key(seed: u8) -> CoreEdDsaPrivateSigningKey {
    let mut der = hex::decode("302e020100300506032b657004220420").unwrap();
    der.extend([seed; 32]);
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n");
    CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(JsonWebKeyId::new(format!("k{seed}")))).unwrap()
}

/// A signed token. `alg` none has no signature.
fn token(alg: &str, seed: u8, kid: &str, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&json!({ "alg": alg, "kid": kid, "typ": "JWT" })), part(claims));
    let signature = match alg {
        "none" => Vec::new(),
        _ => key(seed).sign(&CoreJwsSigningAlgorithm::EdDsa, text.as_bytes()).unwrap(),
    };
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[derive(Default)]
struct Says {
    /// ID tokens by code, with the challenge that the verifier has to match; a code works once.
    codes: HashMap<String, (String, String)>,
    /// Seeds of the keys that are published.
    keys: Vec<u8>,
    /// What discovery says of the issuer, where it lies.
    issuer: Option<String>,
    away: bool,
    /// How often discovery was asked.
    asked: usize,
}

/// The provider.
struct Outside {
    issuer: String,
    says: Arc<Mutex<Says>>,
}

impl Outside {
    fn start() -> Outside {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let says = Arc::new(Mutex::new(Says { keys: vec![1], ..Says::default() }));
        let (own, kept) = (issuer.clone(), says.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                let mut head = Vec::new();
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
                        break;
                    }
                    head.push(line.trim().to_owned());
                }
                let length = head.iter().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
                let mut body = vec![0; length.unwrap_or(0)];
                let _ = reader.read_exact(&mut body);
                let mut says = kept.lock().unwrap();
                if says.away {
                    continue;
                }
                let path = head.first().and_then(|l| l.split(' ').nth(1)).unwrap_or_default().to_owned();
                let (status, answer) = answer(&own, &mut says, &path, &head, &String::from_utf8_lossy(&body));
                let text = answer.to_string();
                let _ = write!(
                    reader.get_mut(),
                    "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
                    text.len()
                );
            }
        });
        Outside { issuer, says }
    }

    /// A world that trusts it.
    fn world(&self, change: impl FnOnce(&mut server::oidc::Settings)) -> World {
        let mut settings = server::oidc::Settings {
            issuer: self.issuer.clone(),
            client: CLIENT.into(),
            secret: Some(SECRET.into()),
            name: None,
            second_factor: false,
            authority: None,
        };
        change(&mut settings);
        World::own().with(|s| s.oidc = Some(settings))
    }

    fn claims(&self, way: &Way) -> Value {
        json!({ "iss": self.issuer, "sub": SUBJECT, "aud": CLIENT, "iat": NOW_MS / 1000, "exp": NOW_MS / 1000 + 300, "nonce": way.nonce })
    }

    /// What the provider hands out for a code.
    fn gives(&self, code: &str, way: &Way, token: String) {
        self.says.lock().unwrap().codes.insert(code.into(), (token, way.challenge.clone()));
    }

    /// The whole way with a good token: back from the provider.
    fn comes_back(&self, world: &World, by: &str) -> Reply {
        let way = Way::set_out(world, by, "/login/oidc?next=/console/tasks");
        self.gives("good", &way, token("EdDSA", 1, "k1", &self.claims(&way)));
        way.back(world, by, "good")
    }
}

fn answer(own: &str, says: &mut Says, path: &str, head: &[String], body: &str) -> (u16, Value) {
    match path {
        "/.well-known/openid-configuration" => {
            says.asked += 1;
            let document = json!({
                "issuer": says.issuer.as_deref().unwrap_or(own), "authorization_endpoint": format!("{own}/auth"), "token_endpoint": format!("{own}/token"),
                "jwks_uri": format!("{own}/jwks"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["EdDSA", "none", "HS256"],
            });
            (200, document)
        }
        "/jwks" => {
            let keys: Vec<Value> =
                says.keys.iter().map(|seed| serde_json::to_value(key(*seed).as_verification_key()).unwrap()).collect();
            (200, json!({ "keys": keys }))
        }
        "/token" => {
            let form: HashMap<String, String> =
                url::form_urlencoded::parse(body.as_bytes()).map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
            let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let basic = base64::engine::general_purpose::STANDARD.encode(format!("{}:{}", encoded(CLIENT), encoded(SECRET)));
            let known = head.iter().any(|l| l.to_ascii_lowercase().starts_with("authorization:") && l.ends_with(&basic));
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
            match says.codes.remove(&form["code"]) {
                Some((token, wanted)) if known && wanted == challenge && form["redirect_uri"].ends_with("/login/oidc/back") => {
                    (200, json!({ "access_token": "opaque", "token_type": "Bearer", "expires_in": 60, "id_token": token }))
                }
                _ => (400, json!({ "error": "invalid_grant" })),
            }
        }
        _ => (404, json!({})),
    }
}

/// A browser on its way to the provider.
struct Way {
    cookie: String,
    state: String,
    nonce: String,
    challenge: String,
}

fn cookies(reply: &Reply) -> Vec<String> {
    reply.headers.get_all("set-cookie").iter().map(|v| v.to_str().unwrap().split(';').next().unwrap().to_owned()).collect()
}

fn cookie_named(reply: &Reply, name: &str) -> Option<String> {
    cookies(reply).into_iter().find(|c| c.starts_with(&format!("{name}=")) && !c.ends_with('='))
}

impl Way {
    fn set_out(world: &World, by: &str, path: &str) -> Way {
        let sent = world.get(path).by(by).send();
        assert_eq!(sent.status, 303, "{}", sent.text());
        let address = Url::parse(sent.header("location")).unwrap();
        let asked: HashMap<String, String> = address.query_pairs().map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
        assert_eq!(
            (asked["response_type"].as_str(), asked["client_id"].as_str(), asked["code_challenge_method"].as_str()),
            ("code", CLIENT, "S256")
        );
        assert_eq!(asked["redirect_uri"], "http://localhost:8080/login/oidc/back");
        assert!(asked["scope"].split(' ').any(|s| s == "openid") && !address.as_str().contains(SECRET), "{address}");
        let whole = sent.headers.get("set-cookie").unwrap().to_str().unwrap();
        assert!(whole.contains("HttpOnly; SameSite=Lax; Max-Age=600"), "{whole}");
        Way {
            cookie: cookie_named(&sent, "qw_oidc").unwrap(),
            state: asked["state"].clone(),
            nonce: asked["nonce"].clone(),
            challenge: asked["code_challenge"].clone(),
        }
    }

    fn back(&self, world: &World, by: &str, code: &str) -> Reply {
        let path = format!("/login/oidc/back?code={code}&state={}", self.state);
        world.get(&path).by(by).cookie(&self.cookie).header("sec-fetch-site", "cross-site").send()
    }
}

/// A page that says no, without a session.
#[track_caller]
fn page_says(reply: &Reply, status: u16, error: &str) {
    assert_eq!(reply.status, status, "{}", reply.text());
    let words = server::wording::text(server::wording::Language::Chinese, &format!("error.{error}.title"));
    assert!(reply.text().contains(&words), "{error}: {}", reply.text());
    assert_eq!(cookie_named(reply, "qw_session"), None);
}

fn noted(world: &World, event: &str) -> bool {
    crate::audit::entries(world).iter().any(|entry| entry.to_string().contains(event))
}

#[test]
fn without_a_provider_there_is_nothing() {
    let world = World::own();
    for path in ["/login/oidc", "/login/oidc/back?code=x&state=y", "/login/oidc/link"] {
        world.get(path).send().refused(404, "not-found");
    }
    assert!(!world.get("/login").send().text().contains("/login/oidc"));
    let act = json!({ "do": "link_identity", "subject": SUBJECT });
    world
        .post(&format!("/api/accounts/{}", person("village")))
        .by("security")
        .json(&act)
        .send()
        .refused(409, "accounts/nothing-to-do");
}

#[test]
fn a_linked_identity_signs_in() {
    let outside = Outside::start();
    let world = outside.world(|_| ());
    assert!(world.get("/login?next=/console/tasks").send().text().contains("/login/oidc?next=%2Fconsole%2Ftasks"));
    // Linked by the security administrator.
    let act = |by: &str, on: &str, what: Value| world.post(&format!("/api/accounts/{}", person(on))).by(by).json(&what).send();
    let link = json!({ "do": "link_identity", "subject": SUBJECT });
    for (by, status, word) in [("admin", 403, "forbidden"), ("foreign_security", 404, "not-found"), ("village", 403, "forbidden")]
    {
        act(by, "village", link.clone()).refused(status, word);
    }
    act("security", "village", json!({ "do": "link_identity", "subject": "名" })).refused(422, "accounts/bad-subject");
    let done = act("security", "village", link.clone());
    assert_eq!(done.json()["identities"][0]["subject"], SUBJECT, "{}", done.text());
    act("security", "township", link.clone()).refused(409, "accounts/identity-taken");
    act("security", "village", json!({ "do": "link_identity", "subject": "u-2" })).refused(409, "accounts/nothing-to-do");

    let back = outside.comes_back(&world, "nobody");
    assert_eq!((back.status.as_u16(), back.header("location")), (303, "/console/tasks"), "{}", back.text());
    let session = cookie_named(&back, "qw_session").unwrap();
    let who = world.get("/api/session").cookie(&session).send().json();
    assert_eq!(who["account"]["name"], "test-village");
    assert_eq!(outside.says.lock().unwrap().asked, 1, "what is known is not asked again");
    // One's own list shows it, and unlinking ends it.
    let mine = world.get("/api/account").cookie(&session).send().json();
    assert_eq!((mine["identities"][0]["subject"].as_str(), mine["provider"].as_str()), (Some(SUBJECT), Some("单位统一身份")));
    let off = act("security", "village", json!({ "do": "unlink_identity", "reason": "换单位" }));
    assert_eq!(off.json()["identities"], json!([]));
    world.get("/api/session").cookie(&session).send().refused(401, "not-signed-in");
    assert_eq!(outside.comes_back(&world, "nobody").header("location"), "/login/oidc/link");
    assert_eq!(act("security", "village", link).status, 200);
    // Those sessions were all ended.
    let world = world.with_fresh_sessions();
    let own = || world.ask(axum::http::Method::DELETE, "/api/account/identities").by("village").send();
    assert_eq!((own().json()["ended"].clone(), own().json()["ended"].clone()), (json!(1), json!(0)));
    for event in ["identity_linked", "identities_unlinked", "oidc"] {
        assert!(noted(&world, event), "{event}");
    }
}

#[test]
fn what_a_token_must_not_say() {
    let outside = Outside::start();
    let world = outside.world(|_| ());
    world.store.accounts().link_identity(person("village"), &outside.issuer, SUBJECT, NOW_MS).unwrap();
    let with = |way: &Way, name: &str, value: Value| {
        let mut claims = outside.claims(way);
        claims[name] = value;
        claims
    };
    type Make<'m> = &'m dyn Fn(&Way) -> String;
    let bad: [(&str, Make<'_>); 14] = [
        ("another nonce", &|w| token("EdDSA", 1, "k1", &with(w, "nonce", "another".into()))),
        ("no nonce", &|w| token("EdDSA", 1, "k1", &with(w, "nonce", Value::Null))),
        ("another audience", &|w| token("EdDSA", 1, "k1", &with(w, "aud", "another".into()))),
        ("an audience besides", &|w| token("EdDSA", 1, "k1", &with(w, "aud", json!([CLIENT, "another"])))),
        ("another issuer", &|w| token("EdDSA", 1, "k1", &with(w, "iss", "http://127.0.0.1:1".into()))),
        ("expired", &|w| token("EdDSA", 1, "k1", &with(w, "exp", json!(NOW_MS / 1000 - 1)))),
        ("no expiry", &|w| token("EdDSA", 1, "k1", &with(w, "exp", Value::Null))),
        ("another key", &|w| token("EdDSA", 2, "k1", &outside.claims(w))),
        ("an unknown key", &|w| token("EdDSA", 2, "k2", &outside.claims(w))),
        ("unsigned", &|w| token("none", 1, "k1", &outside.claims(w))),
        ("signed with what both know", &|w| token("HS256", 1, "k1", &outside.claims(w))),
        ("another algorithm named", &|w| token("RS256", 1, "k1", &outside.claims(w))),
        ("a subject that is none", &|w| token("EdDSA", 1, "k1", &with(w, "sub", "".into()))),
        ("changed after signing", &|w| {
            let good = token("EdDSA", 1, "k1", &outside.claims(w));
            let parts: Vec<&str> = good.split('.').collect();
            let other = URL_SAFE_NO_PAD.encode(with(w, "sub", "u-1002".into()).to_string());
            format!("{}.{other}.{}", parts[0], parts[2])
        }),
    ];
    for (n, (what, make)) in bad.into_iter().enumerate() {
        let from = [198, 51, 100, n as u8];
        let way = Way::set_out(&world, "nobody", "/login/oidc");
        outside.gives("bad", &way, make(&way));
        let path = format!("/login/oidc/back?code=bad&state={}", way.state);
        let reply = world.get(&path).cookie(&way.cookie).from(from).send();
        assert_eq!(reply.status, 403, "{what}: {}", reply.text());
        page_says(&reply, 403, "sign-in/identity-invalid");
    }
    assert_eq!(outside.comes_back(&world, "nobody").header("location"), "/console/tasks", "and what is right still works");
    assert!(noted(&world, "sign-in/identity-invalid"));
}

#[test]
fn the_way_belongs_to_one_browser_and_works_once() {
    let outside = Outside::start();
    let world = outside.world(|_| ());
    world.store.accounts().link_identity(person("village"), &outside.issuer, SUBJECT, NOW_MS).unwrap();
    let way = Way::set_out(&world, "nobody", "/login/oidc?next=//elsewhere.example");
    outside.gives("a", &way, token("EdDSA", 1, "k1", &outside.claims(&way)));
    let ask = |query: &str, cookie: &str| world.get(&format!("/login/oidc/back?{query}")).cookie(cookie).send();
    let good = format!("code=a&state={}", way.state);
    // Another browser, another state, none at all: whoever sends a link with his own code gets nobody signed in as himself.
    page_says(&ask(&good, "qw_oidc=another"), 400, "sign-in/provider-over");
    page_says(&world.get(&format!("/login/oidc/back?{good}")).send(), 400, "sign-in/provider-over");
    for query in ["code=a", "code=a&state=", "code=a&state=x", ""] {
        page_says(&ask(query, &way.cookie), 400, "sign-in/provider-over");
    }
    let back = ask(&good, &way.cookie);
    assert_eq!(back.header("location"), "/console/", "and never elsewhere");
    page_says(&ask(&good, &way.cookie), 400, "sign-in/provider-over");
    // A code that was used already, of a way that was not.
    let again = Way::set_out(&world, "nobody", "/login/oidc");
    page_says(&again.back(&world, "nobody", "a"), 403, "sign-in/provider-refused");
    // A code for another verifier: stolen on the way.
    let (mine, theirs) = (Way::set_out(&world, "nobody", "/login/oidc"), Way::set_out(&world, "nobody", "/login/oidc"));
    outside.gives("b", &theirs, token("EdDSA", 1, "k1", &outside.claims(&mine)));
    page_says(&mine.back(&world, "nobody", "b"), 403, "sign-in/provider-refused");
    // The provider says no; another provider answers; too late.
    let refused = Way::set_out(&world, "nobody", "/login/oidc");
    page_says(&ask(&format!("error=access_denied&state={}", refused.state), &refused.cookie), 403, "sign-in/provider-refused");
    let mixed = Way::set_out(&world, "nobody", "/login/oidc");
    let iss = format!("code=a&state={}&iss=https%3A%2F%2Felsewhere.example", mixed.state);
    page_says(&ask(&iss, &mixed.cookie), 400, "sign-in/identity-invalid");
    // A session that the browser had before is another's: it ends.
    let planted = world.store.accounts().open_session(person("viewer"), NOW_MS).unwrap();
    let way = Way::set_out(&world, "nobody", "/login/oidc");
    outside.gives("c", &way, token("EdDSA", 1, "k1", &outside.claims(&way)));
    let path = format!("/login/oidc/back?code=c&state={}", way.state);
    let fresh = world.get(&path).cookie(&way.cookie).cookie(&format!("qw_session={planted}")).send();
    assert!(cookie_named(&fresh, "qw_session").is_some_and(|c| !c.contains(&planted)));
    assert!(world.store.accounts().session(&planted, NOW_MS).unwrap().is_none());
}

#[test]
fn an_account_obeys_whatever_opens_it() {
    let outside = Outside::start();
    let world = outside.world(|_| ());
    let accounts = world.store.accounts();
    accounts.link_identity(person("village"), &outside.issuer, SUBJECT, NOW_MS).unwrap();
    // Locked after wrong passwords.
    for _ in 0..5 {
        world
            .post("/api/session")
            .json(&json!({ "name": "test-village", "password": "wrong" }))
            .send()
            .refused(401, "sign-in/refused");
    }
    page_says(&outside.comes_back(&world, "nobody"), 429, "sign-in/locked");
    let unlock =
        world.post(&format!("/api/accounts/{}", person("village"))).by("security").json(&json!({ "do": "unlock" })).send();
    assert_eq!(unlock.status, 200);
    assert_eq!(outside.comes_back(&world, "nobody").header("location"), "/console/tasks");
    // A second factor is asked for, unless the installation says that the provider's stands for it.
    let before = NOW_MS - 60_000;
    let secret = accounts.begin_second_factor(person("village"), before).unwrap().unwrap().secret;
    let secret = totp_rs::Secret::try_from_base32(&secret).unwrap();
    let code = |ms: i64| {
        totp_rs::Builder::new().with_secret(secret.clone()).build_noncompliant().generate((ms / 1000) as u64).to_string()
    };
    accounts.confirm_second_factor(person("village"), &code(before), before).unwrap().unwrap();
    let half = outside.comes_back(&world, "nobody");
    assert_eq!(half.header("location"), "/login/code?next=%2Fconsole%2Ftasks");
    assert_eq!(cookie_named(&half, "qw_session"), None);
    let half = cookie_named(&half, "qw_half").unwrap();
    let whole = world.post("/login/code").cookie(&half).form(&[("code", &code(NOW_MS)), ("next", "/console/tasks")]).send();
    assert!(cookie_named(&whole, "qw_session").is_some(), "{}", whole.text());
    assert!(noted(&world, "identity_recognised"));
    let trusting = world.with(|s| s.oidc.as_mut().unwrap().second_factor = true);
    assert!(cookie_named(&outside.comes_back(&trusting, "nobody"), "qw_session").is_some());
    // Closed is closed.
    accounts.close(person("village"), NOW_MS).unwrap();
    page_says(&outside.comes_back(&world, "nobody"), 403, "sign-in/closed");
}

#[test]
fn an_identity_that_opens_nothing_says_what_to_do() {
    let outside = Outside::start();
    let world = outside.world(|_| ());
    let before = world.store.accounts().count().unwrap();
    let back = outside.comes_back(&world, "nobody");
    assert_eq!(back.header("location"), "/login/oidc/link");
    assert_eq!(cookie_named(&back, "qw_session"), None);
    let waits = cookie_named(&back, "qw_oidc").unwrap();
    let page = world.get("/login/oidc/link").cookie(&waits).send();
    assert!(page.text().contains(SUBJECT) && page.text().contains("安全管理员"), "{}", page.text());
    assert_eq!(world.store.accounts().count().unwrap(), before, "nobody is made");
    assert!(noted(&world, "sign-in/identity-unlinked"));
    // Elsewhere there is nothing, and without a session there is no linking.
    assert_eq!(world.get("/login/oidc/link").send().header("location"), "/login");
    let confirm = |by: &str, password: &str| {
        let origin = ("origin", "http://localhost:8080");
        world.post("/login/oidc/link").by(by).cookie(&waits).header(origin.0, origin.1).form(&[("password", password)]).send()
    };
    confirm("nobody", PASSWORD).refused(401, "not-signed-in");
    page_says(&confirm("township", "wrong"), 422, "sign-in/wrong-password");
    let other_site = world.post("/login/oidc/link").by("township").cookie(&waits).header("origin", "http://elsewhere.example");
    other_site.form(&[("password", PASSWORD)]).send().refused(403, "cross-site");
    assert!(world.store.accounts().account_of(&outside.issuer, SUBJECT).unwrap().is_none());
    let done = confirm("township", PASSWORD);
    assert_eq!((done.status.as_u16(), done.header("location")), (303, "/console/account"), "{}", done.text());
    assert_eq!(confirm("village", PASSWORD).header("location"), "/login", "it waits once");
    assert!(cookie_named(&outside.comes_back(&world, "nobody"), "qw_session").is_some());
    // Whoever sets out to link is not signed in as somebody else instead.
    let way = Way::set_out(&world, "village", "/login/oidc?link=1");
    outside.gives("mine", &way, token("EdDSA", 1, "k1", &outside.claims(&way)));
    let back = way.back(&world, "village", "mine");
    assert_eq!(back.header("location"), "/login/oidc/link");
    let waits = cookie_named(&back, "qw_oidc").unwrap();
    let taken = world.post("/login/oidc/link").by("village").cookie(&waits).header("origin", "http://localhost:8080");
    page_says(&taken.form(&[("password", PASSWORD)]).send(), 409, "accounts/identity-taken");
}

#[test]
fn a_provider_that_is_away_comes_back() {
    let outside = Outside::start();
    let world = outside.world(|_| ());
    world.store.accounts().link_identity(person("village"), &outside.issuer, SUBJECT, NOW_MS).unwrap();
    outside.says.lock().unwrap().away = true;
    page_says(&world.get("/login/oidc").send(), 503, "sign-in/provider-away");
    assert_eq!(world.post("/api/session").json(&json!({ "name": "test-village", "password": PASSWORD })).send().status, 200);
    // Left alone for a moment: it is not asked for every click.
    let asked = outside.says.lock().unwrap().asked;
    outside.says.lock().unwrap().away = false;
    page_says(&world.get("/login/oidc").send(), 503, "sign-in/provider-away");
    assert_eq!(outside.says.lock().unwrap().asked, asked);
    let real = world.with(|s| s.now_ms = None);
    Way::set_out(&real, "nobody", "/login/oidc");
    // What it said holds while it is away again.
    outside.says.lock().unwrap().away = true;
    Way::set_out(&real, "nobody", "/login/oidc");
    let way = Way::set_out(&real, "nobody", "/login/oidc");
    page_says(&way.back(&real, "nobody", "any"), 503, "sign-in/provider-away");
    outside.says.lock().unwrap().away = false;
    // Who calls itself otherwise is another.
    let liar = Outside::start();
    liar.says.lock().unwrap().issuer = Some("http://127.0.0.1:1".into());
    page_says(&liar.world(|_| ()).get("/login/oidc").send(), 503, "sign-in/provider-away");
}

#[test]
fn addresses_of_providers() {
    for good in [
        "https://id.example.gov.cn",
        "https://id.example/realms/a/",
        "http://127.0.0.1:8080",
        "http://localhost",
        "http://[::1]:1",
    ] {
        assert!(server::oidc::good_issuer(good), "{good}");
    }
    for bad in [
        "",
        "id.example",
        "http://id.example",
        "ftp://id.example",
        "https://id.example/?a",
        "https://id.example/#a",
        "https://a:b@id.example",
    ] {
        assert!(!server::oidc::good_issuer(bad), "{bad}");
    }
}
