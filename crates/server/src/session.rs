//! Signing in and out, by JSON and by plain form; the first administrator by a one-time link.

use axum::http::{HeaderMap, StatusCode, header};
use domain::basics::{AccountId, Capability, Day, PlaceId, Post, Role};
use serde::Deserialize;
use serde_json::json;
use store::{Held, LinkPurpose, NewAccount, SignIn};
use uuid::Uuid;

use crate::{
    answer::{Answer, Problem},
    answers::{AccountBrief, PostHeld, SessionAnswer},
    ask::Ask,
    audit,
    public::{self, Form},
    rows::Briefs,
};

const COOKIE: &str = "qw_session";
/// Attempts to sign in from one address within ten minutes.
const ATTEMPTS_MAX: usize = 30;
/// Shortest password.
const PASSWORD_MIN: usize = 10;

/// The session's token out of the cookies.
pub fn token_of(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    cookies.split(';').find_map(|c| c.trim().strip_prefix("qw_session=").map(str::to_owned))
}

fn cookie(ask: &Ask, token: &str, seconds: i64) -> String {
    let secure = if ask.app.settings.secure_cookies { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    name: String,
    password: String,
}

/// Signs in, and notes either way: whoever cannot be noted is not let in.
fn try_sign_in(ask: &Ask, name: &str, password: &str) -> Result<String, Problem> {
    let token = check(ask, name, password).inspect_err(|problem| audit::sign_in_refused(ask, name, problem))?;
    noted(ask, token, "password")
}

/// Notes that a session begins, or ends it at once.
fn noted(ask: &Ask, token: String, how: &str) -> Result<String, Problem> {
    let accounts = ask.app.store.accounts();
    let session = accounts.session(&token, ask.now_ms)?.ok_or_else(Problem::not_signed_in)?;
    if let Err(problem) = audit::signed_in(ask, &session.account, how) {
        accounts.sign_out(&token)?;
        return Err(problem);
    }
    Ok(token)
}

fn check(ask: &Ask, name: &str, password: &str) -> Result<String, Problem> {
    ask.app.limits.take(&format!("sign-in {}", ask.client), ATTEMPTS_MAX, 600_000, ask.now_ms).map_err(Problem::too_many)?;
    if name.len() > 200 || password.len() > 1000 {
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "sign-in/refused"));
    }
    let locked = |seconds: i64| Problem::new(StatusCode::TOO_MANY_REQUESTS, "sign-in/locked").arg("seconds", seconds);
    // Asked before the account is, so that a name without an account locks in the same way and tells nobody.
    ask.app.lockout.check(name, ask.now_ms).map_err(locked)?;
    match ask.app.store.accounts().sign_in(name, password, ask.now_ms)? {
        SignIn::Welcome(token) => {
            ask.app.lockout.right(name);
            tracing::info!(name, client = %ask.client, "signed in");
            Ok(token)
        }
        SignIn::Refused => {
            ask.app.lockout.wrong(name, ask.now_ms);
            tracing::info!(name, client = %ask.client, "sign-in refused");
            Err(Problem::new(StatusCode::UNAUTHORIZED, "sign-in/refused"))
        }
        SignIn::Locked { seconds } => Err(locked(seconds)),
    }
}

/// `POST /api/session`.
pub fn sign_in(ask: &Ask) -> Result<Answer, Problem> {
    let c: Credentials = serde_json::from_slice(&ask.body).map_err(|e| Problem::bad_command(e.to_string()))?;
    let token = try_sign_in(ask, &c.name, &c.password)?;
    let session = ask.app.store.accounts().session(&token, ask.now_ms)?.ok_or_else(Problem::not_signed_in)?;
    let posts = session.account.posts_on(ask.today());
    let caller = crate::ask::Caller { posts, account: session.account, csrf: session.csrf, token: token.clone() };
    let answer = document(ask, &caller)?;
    Ok(answer.with(header::SET_COOKIE, &cookie(ask, &token, 7 * 24 * 3600)))
}

/// `GET /api/session`.
pub fn get(ask: &Ask) -> Result<Answer, Problem> {
    document(ask, ask.caller()?)
}

fn document(ask: &Ask, caller: &crate::ask::Caller) -> Result<Answer, Problem> {
    let ids: Vec<PlaceId> = caller.posts.iter().map(|p| p.place).collect();
    let briefs = Briefs::load(ask, &ids)?;
    let held = |p: &Post| Some(PostHeld { place: briefs.get(p.place)?, role: p.role, department: p.department });
    let posts = caller.posts.iter().filter_map(held).collect();
    let mut capabilities: Vec<Capability> = caller.posts.iter().flat_map(|p| p.role.capabilities()).copied().collect();
    capabilities.sort_unstable();
    capabilities.dedup();
    let home = caller.posts.iter().filter_map(|p| briefs.place(p.place)).min_by_key(|p| p.level).and_then(|p| briefs.get(p.id));
    let (settings, account) = (&ask.app.settings, &caller.account);
    Ok(Answer::json(&json!(SessionAnswer {
        demo: settings.demo,
        installation: settings.installation.clone(),
        today: ask.today(),
        account: AccountBrief { id: account.id, name: account.name.clone(), display: account.display.clone() },
        posts,
        capabilities,
        home,
        csrf: caller.csrf.clone(),
    })))
}

/// `DELETE /api/session`.
pub fn sign_out(ask: &Ask) -> Result<Answer, Problem> {
    ask.app.store.accounts().sign_out(&ask.caller()?.token)?;
    audit::signed_out(ask);
    Ok(Answer::empty(StatusCode::NO_CONTENT).with(header::SET_COOKIE, &cookie(ask, "", 0)))
}

/// Only paths of our own: another address after signing in would be a trap.
fn next_of(text: Option<&str>) -> String {
    match text {
        // Browsers drop tabs and line feeds within an address: "/\t/elsewhere" would lead there.
        Some(path)
            if path.starts_with('/') && !path.starts_with("//") && !path.contains(|c: char| c == '\\' || c.is_control()) =>
        {
            path.to_owned()
        }
        _ => "/console/".to_owned(),
    }
}

/// `GET /login`.
pub fn page(ask: &Ask) -> Result<Answer, Problem> {
    if ask.caller.is_some() && ask.param("next").is_some() {
        return Ok(Answer::see_other(&next_of(ask.param("next"))));
    }
    Ok(public::login_page(ask, &next_of(ask.param("next")), None))
}

/// `POST /login`.
pub fn sign_in_form(ask: &Ask) -> Result<Answer, Problem> {
    let form = Form::read(ask)?;
    let next = next_of(form.get("next"));
    match try_sign_in(ask, form.get("name").unwrap_or_default().trim(), form.get("password").unwrap_or_default()) {
        Ok(token) => Ok(Answer::see_other(&next).with(header::SET_COOKIE, &cookie(ask, &token, 7 * 24 * 3600))),
        Err(problem) if problem.accident.is_none() => Ok(public::login_page(ask, &next, Some(&problem)).status(problem.status)),
        Err(problem) => Err(problem),
    }
}

/// `POST /logout`.
pub fn sign_out_form(ask: &Ask) -> Result<Answer, Problem> {
    ask.app.store.accounts().sign_out(&ask.caller()?.token)?;
    audit::signed_out(ask);
    Ok(Answer::see_other("/").with(header::SET_COOKIE, &cookie(ask, "", 0)))
}

/// A link printed by an earlier start must not make a second first administrator.
fn first_of_all(ask: &Ask) -> Result<(), Problem> {
    match ask.app.store.accounts().count()? {
        0 => Ok(()),
        _ => Err(Problem::new(StatusCode::NOT_FOUND, "link-used")),
    }
}

/// `GET /welcome?token=`.
pub fn welcome_page(ask: &Ask) -> Result<Answer, Problem> {
    first_of_all(ask)?;
    let token = ask.param("token").unwrap_or_default();
    if !ask.app.store.accounts().link_works(LinkPurpose::FirstAdmin, token, ask.now_ms)? {
        return Err(Problem::new(StatusCode::NOT_FOUND, "link-used"));
    }
    Ok(public::welcome_page(ask, token, PASSWORD_MIN, None))
}

/// `POST /welcome`: the first administrator chooses name and password; the link works for exactly one.
pub fn welcome(ask: &Ask) -> Result<Answer, Problem> {
    first_of_all(ask)?;
    let form = Form::read(ask)?;
    let (token, name, password) = (
        form.get("token").unwrap_or_default(),
        form.get("name").unwrap_or_default().trim(),
        form.get("password").unwrap_or_default(),
    );
    let accounts = ask.app.store.accounts();
    let again = |code: &str| {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code).arg("min", PASSWORD_MIN);
        Ok(public::welcome_page(ask, token, PASSWORD_MIN, Some(&problem)).status(problem.status))
    };
    if name.is_empty() || name.chars().count() > 60 {
        return again("sign-in/bad-name");
    }
    if password.chars().count() < PASSWORD_MIN || password == name {
        return again("sign-in/weak-password");
    }
    if password != form.get("again").unwrap_or_default() {
        return again("sign-in/not-the-same");
    }
    if !accounts.use_link(LinkPurpose::FirstAdmin, token, ask.now_ms)? {
        return Err(Problem::new(StatusCode::NOT_FOUND, "link-used"));
    }
    let id = AccountId(Uuid::now_v7());
    let today = ask.today();
    let held: Vec<Held> = first_posts(ask, today)?;
    accounts.create(&[NewAccount { id, name, display: name, password: Some(password), held: &held }], ask.now_ms)?;
    tracing::info!(name, "first administrator");
    if let Some(account) = accounts.get(id)? {
        audit::account_event(ask, &account, "created", Some("first administrator"))?;
    }
    let session = noted(ask, accounts.open_session(id, ask.now_ms)?, "link")?;
    Ok(Answer::see_other("/console/").with(header::SET_COOKIE, &cookie(ask, &session, 7 * 24 * 3600)))
}

/// The first administrator also runs the programme office until others have accounts.
fn first_posts(ask: &Ask, today: Day) -> Result<Vec<Held>, Problem> {
    let mut held = Vec::new();
    for root in ask.app.roots()? {
        for role in [Role::Admin, Role::Office] {
            held.push(Held { post: Post::new(root.id, role), from: today, until: None });
        }
    }
    Ok(held)
}
