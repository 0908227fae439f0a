//! Signing in and out, by JSON and by plain form; the first administrator by a one-time link.

use axum::http::{HeaderName, StatusCode, header};
use domain::basics::{AccountId, Capability, Day, PlaceId, Post, Role};
use serde::Deserialize;
use serde_json::json;
use store::{Arrival, Held, LinkPurpose, NewAccount, SecondStep, SignIn};
use uuid::Uuid;

use crate::{
    access,
    account_answers::CodeGiven,
    account_events::{AccountEvent, note_account},
    account_pages,
    answer::{Answer, Problem},
    answers::{AccountBrief, PostHeld, SessionAnswer},
    ask::{Ask, Caller},
    audit, passwords,
    public::{self, Form},
    rows::Briefs,
};

const COOKIE: &str = "qw_session";
const HALF_COOKIE: &str = "qw_half";
/// Attempts to sign in from one address within ten minutes.
const ATTEMPTS_MAX: usize = 30;

/// What a cookie of ours is called: over TLS with a prefix for which browsers take it from this host alone, and over TLS
/// alone. So neither a neighbouring host nor anybody on the way plants one.
fn named(ask: &Ask, name: &str) -> String {
    if ask.app.settings.secure_cookies { format!("__Host-{name}") } else { name.to_owned() }
}

/// A cookie of ours by its name.
pub fn cookie_of(ask: &Ask, name: &str) -> Option<String> {
    let name = named(ask, name);
    let cookies = ask.headers.get(header::COOKIE)?.to_str().ok()?;
    cookies.split(';').find_map(|c| c.trim().strip_prefix(name.as_str())?.strip_prefix('=').map(str::to_owned))
}

/// The session's token out of the cookies.
pub fn token_of(ask: &Ask) -> Option<String> {
    cookie_of(ask, COOKIE)
}

/// What sets a cookie of ours; without a value it goes.
pub fn set_cookie(ask: &Ask, name: &str, value: &str, seconds: i64) -> String {
    let secure = if ask.app.settings.secure_cookies { "; Secure" } else { "" };
    let seconds = if value.is_empty() { 0 } else { seconds };
    format!("{}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}", named(ask, name))
}

/// The session's cookie.
pub fn cookie(ask: &Ask, token: &str) -> String {
    set_cookie(ask, COOKIE, token, ask.app.settings.access.lasts_ms / 1000)
}

/// The cookie of whoever is half-way: it opens nothing but the second step.
pub fn half_cookie(ask: &Ask, token: &str) -> String {
    set_cookie(ask, HALF_COOKIE, token, 600)
}

/// The token of whoever is half-way.
pub fn half_of(ask: &Ask) -> Option<String> {
    cookie_of(ask, HALF_COOKIE)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    name: String,
    password: String,
}

/// How far somebody has come.
pub enum Step {
    /// Signed in: the cookie's token.
    Whole(String),
    /// The code is still to come: the half cookie's token.
    Half(String),
}

/// Too many wrong passwords.
pub fn locked(seconds: i64) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "sign-in/locked").arg("seconds", seconds)
}

/// How this request comes in.
pub fn arrival(ask: &Ask) -> Arrival {
    let access = &ask.app.settings.access;
    let browser = access::browser_in_short(ask.header("user-agent").unwrap_or_default());
    Arrival { address: ask.client.to_string(), browser, idle_ms: access.idle_ms, lasts_ms: access.lasts_ms }
}

/// Signs in, and notes either way: whoever cannot be noted is not let in.
fn try_sign_in(ask: &Ask, name: &str, password: &str) -> Result<Step, Problem> {
    check(ask, name, password).inspect_err(|problem| audit::sign_in_refused(ask, name, problem))
}

fn check(ask: &Ask, name: &str, password: &str) -> Result<Step, Problem> {
    ask.app.limits.take(&format!("sign-in {}", ask.client), ATTEMPTS_MAX, 600_000, ask.now_ms).map_err(Problem::too_many)?;
    if name.len() > 200 || password.len() > 1000 {
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "sign-in/refused"));
    }
    // Asked before the account is, so that a name without an account locks in the same way and tells nobody.
    ask.app.lockout.check(name, ask.now_ms).map_err(locked)?;
    match ask.app.store.accounts().arriving(arrival(ask)).sign_in(name, password, ask.now_ms)? {
        SignIn::Welcome(token) => {
            ask.app.lockout.right(name);
            begun(ask, &token, "password")?;
            Ok(Step::Whole(token))
        }
        SignIn::HalfWay(token) => {
            ask.app.lockout.right(name);
            Ok(Step::Half(token))
        }
        SignIn::Refused => {
            ask.app.lockout.wrong(name, ask.now_ms);
            Err(Problem::new(StatusCode::UNAUTHORIZED, "sign-in/refused"))
        }
        SignIn::Locked { seconds } => Err(locked(seconds)),
    }
}

/// A session has begun: one that this browser had before is over, and an administrator's is short.
pub fn begun(ask: &Ask, token: &str, how: &str) -> Result<(), Problem> {
    let (accounts, access) = (ask.app.store.accounts(), &ask.app.settings.access);
    if let Some(old) = token_of(ask) {
        accounts.sign_out(&old)?;
    }
    let session = accounts.session(token, ask.now_ms)?.ok_or_else(Problem::not_signed_in)?;
    if session.account.posts_on(ask.today()).iter().any(|p| p.role.administers()) {
        accounts.shorten_session(token, access.administrator_idle_ms, ask.now_ms + access.administrator_lasts_ms)?;
    }
    // Whoever cannot be noted is not let in.
    audit::signed_in(ask, &session.account, how)
        .or_else(|problem| accounts.sign_out(token).map_err(Problem::from).and(Err(problem)))
}

/// The second step: a code.
pub fn try_code(ask: &Ask, code: &str) -> Result<String, Problem> {
    ask.app.limits.take(&format!("code {}", ask.client), ATTEMPTS_MAX, 600_000, ask.now_ms).map_err(Problem::too_many)?;
    let half = half_of(ask).unwrap_or_default();
    match ask.app.store.accounts().arriving(arrival(ask)).second_step(&half, code, ask.now_ms)? {
        SecondStep::Welcome { token, account, by_recovery } => {
            begun(ask, &token, "second factor")?;
            if by_recovery {
                note_account(ask, Some(account), &AccountEvent::RecoveryUsed)?;
            }
            Ok(token)
        }
        SecondStep::Refused(account) => {
            let problem = Problem::new(StatusCode::UNAUTHORIZED, "sign-in/wrong-code");
            let name = ask.app.store.accounts().get(account)?.map(|a| a.name).unwrap_or_default();
            audit::sign_in_refused(ask, &name, &problem);
            Err(problem)
        }
        SecondStep::Locked { seconds } => Err(locked(seconds)),
        SecondStep::Over => Err(Problem::new(StatusCode::UNAUTHORIZED, "sign-in/over")),
    }
}

/// Signs a program in by name and password. Where a code is asked for there is no way: a program has a token of its own then.
pub fn for_program(ask: &Ask, name: &str, password: &str) -> Result<String, Problem> {
    match try_sign_in(ask, name, password)? {
        Step::Whole(token) => Ok(token),
        Step::Half(_) => Err(Problem::new(StatusCode::UNAUTHORIZED, "sign-in/second-step")),
    }
}

/// Whoever holds the session of the cookie.
pub fn caller(ask: &Ask) -> Result<Option<Caller>, Problem> {
    token_of(ask).map_or(Ok(None), |token| of_token(ask, &token))
}

/// Whoever holds a session.
pub fn of_token(ask: &Ask, token: &str) -> Result<Option<Caller>, Problem> {
    let token = token.to_owned();
    let found = ask.app.store.accounts().session(&token, ask.now_ms)?;
    Ok(found.map(|s| {
        let posts = s.account.posts_on(ask.today());
        Caller { posts, account: s.account, csrf: s.csrf, token, session: s.id, limit: None }
    }))
}

/// Whether whoever asks has to enrol a second factor before anything else.
pub fn must_enrol(ask: &Ask) -> Result<bool, Problem> {
    let caller = ask.caller()?;
    let required = caller.posts.iter().any(|p| ask.app.settings.access.second_factor_for.contains(&p.role));
    Ok(required && caller.limit.is_none() && !ask.app.store.accounts().second_factor(caller.account.id)?.is_on())
}

/// Signed in as far as the installation asks for.
pub fn complete(ask: &Ask) -> Result<(), Problem> {
    match must_enrol(ask)? {
        true => Err(Problem::new(StatusCode::FORBIDDEN, "second-factor-required")),
        false => Ok(()),
    }
}

/// `POST /api/session`.
pub fn sign_in(ask: &Ask) -> Result<Answer, Problem> {
    let c: Credentials = serde_json::from_slice(&ask.body).map_err(|e| Problem::bad_command(e.to_string()))?;
    match try_sign_in(ask, &c.name, &c.password)? {
        Step::Whole(token) => welcomed(ask, token),
        Step::Half(token) => {
            let mut answer = Problem::new(StatusCode::UNAUTHORIZED, "sign-in/second-step").into_answer(ask);
            answer = answer.with(header::SET_COOKIE, &half_cookie(ask, &token));
            Ok(answer)
        }
    }
}

/// `POST /api/session/code`.
pub fn second_step(ask: &Ask) -> Result<Answer, Problem> {
    let given: CodeGiven = serde_json::from_slice(&ask.body).map_err(|e| Problem::bad_command(e.to_string()))?;
    let token = try_code(ask, &given.code)?;
    welcomed(ask, token)
}

fn welcomed(ask: &Ask, token: String) -> Result<Answer, Problem> {
    let session = ask.app.store.accounts().session(&token, ask.now_ms)?.ok_or_else(Problem::not_signed_in)?;
    let posts = session.account.posts_on(ask.today());
    let cookie = cookie(ask, &token);
    let caller = Caller { posts, account: session.account, csrf: session.csrf, token, session: session.id, limit: None };
    Ok(document(ask, &caller)?.with(header::SET_COOKIE, &cookie))
}

/// `GET /api/session`.
pub fn get(ask: &Ask) -> Result<Answer, Problem> {
    document(ask, ask.caller()?)
}

fn document(ask: &Ask, caller: &Caller) -> Result<Answer, Problem> {
    let ids: Vec<PlaceId> = caller.posts.iter().map(|p| p.place).collect();
    let briefs = Briefs::load(ask, &ids)?;
    let held = |p: &Post| Some(PostHeld { place: briefs.get(p.place)?, role: p.role, department: p.department });
    let posts = caller.posts.iter().filter_map(held).collect();
    let mut capabilities: Vec<Capability> = caller.posts.iter().flat_map(|p| p.role.capabilities()).copied().collect();
    capabilities.retain(|c| caller.may_use(*c));
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
    end_own(ask)?;
    Ok(left(ask, Answer::empty(StatusCode::NO_CONTENT)))
}

/// Only paths of our own: another address after signing in would be a trap.
pub fn next_of(text: Option<&str>) -> String {
    match text {
        // Browsers drop tabs and line feeds within an address: "/\t/elsewhere" would lead there. What an address holds
        // besides is written in percent.
        Some(path)
            if path.starts_with('/')
                && !path.starts_with("//")
                && path.chars().all(|c| c.is_ascii_graphic() && !"\\\"<>^`{|}".contains(c)) =>
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
        Ok(Step::Whole(token)) => Ok(Answer::see_other(&next).with(header::SET_COOKIE, &cookie(ask, &token))),
        Ok(Step::Half(token)) => Ok(account_pages::to_code(&next).with(header::SET_COOKIE, &half_cookie(ask, &token))),
        Err(problem) if problem.accident.is_none() => Ok(public::login_page(ask, &next, Some(&problem)).status(problem.status)),
        Err(problem) => Err(problem),
    }
}

/// `POST /logout`.
pub fn sign_out_form(ask: &Ask) -> Result<Answer, Problem> {
    end_own(ask)?;
    Ok(left(ask, Answer::see_other("/")))
}

/// Without the cookie, and without the photographs that the browser kept for whoever might see them. Not without more: what
/// the field app has still to send stays.
fn left(ask: &Ask, answer: Answer) -> Answer {
    answer.with(header::SET_COOKIE, &cookie(ask, "")).with(HeaderName::from_static("clear-site-data"), "\"cache\"")
}

fn end_own(ask: &Ask) -> Result<(), Problem> {
    let caller = ask.caller()?;
    ask.app.store.accounts().sign_out(&caller.token)?;
    audit::signed_out(ask);
    Ok(())
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
    Ok(public::welcome_page(ask, token, passwords::MIN, None))
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
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code).arg("min", passwords::MIN).arg("max", passwords::MAX);
        Ok(public::welcome_page(ask, token, passwords::MIN, Some(&problem)).status(problem.status))
    };
    if name.is_empty() || name.chars().count() > 60 {
        return again("sign-in/bad-name");
    }
    if let Err(weakness) = passwords::check(password, &[name, &ask.app.settings.installation]) {
        return again(weakness.code());
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
    note_account(ask, Some(id), &AccountEvent::AccountCreated)?;
    let session = accounts.arriving(arrival(ask)).open_session(id, ask.now_ms)?;
    begun(ask, &session, "link")?;
    Ok(Answer::see_other("/console/").with(header::SET_COOKIE, &cookie(ask, &session)))
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
