//! Pages in plain HTML around signing in: the code, the one-time link that sets a password, one's own second factor.

use axum::http::{StatusCode, header};
use maud::{Markup, PreEscaped, html};
use qrcode::{EcLevel, QrCode, render::svg};
use store::{LinkPurpose, SecondFactor};

use crate::{
    account_events::{AccountEvent, note_account},
    answer::{Answer, Problem},
    ask::Ask,
    my_account, passwords,
    public::{Form, answer, w},
    session::{cookie, half_cookie, half_of, must_enrol, next_of, try_code},
    wording::fill,
};

/// What went wrong, above a form.
pub fn refusal(ask: &Ask, problem: Option<&Problem>) -> Markup {
    html! {
        @if let Some(problem) = problem {
            @let (title, detail) = problem.words(ask.language);
            div.qw-notice.qw-notice-alert role="alert" { strong { (title) } p { (detail) } }
        }
    }
}

/// The session's token in a form.
pub fn csrf(ask: &Ask) -> Markup {
    html! { @if let Some(caller) = &ask.caller { input type="hidden" name="csrf" value=(caller.csrf); } }
}

/// A narrow page that nobody keeps.
pub fn page(ask: &Ask, path: &str, title: &str, body: &Markup) -> Answer {
    let title = w(ask, title);
    let body = html! { div.narrow { h1 { (title) } (body) } };
    answer(ask, path, &title, &body).with(header::CACHE_CONTROL, "no-store")
}

/// A refusal on the page itself; accidents go their own way.
fn again(problem: Problem, page: impl FnOnce(&Problem) -> Result<Answer, Problem>) -> Result<Answer, Problem> {
    match problem.accident {
        Some(_) => Err(problem),
        None => Ok(page(&problem)?.status(problem.status)),
    }
}

/// From the password to the code.
pub fn to_code(next: &str) -> Answer {
    let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    Answer::see_other(&format!("/login/code?next={next}"))
}

/// `GET /login/code`.
pub fn code_page(ask: &Ask) -> Result<Answer, Problem> {
    let half = half_of(ask).unwrap_or_default();
    if ask.app.store.accounts().half_way(&half, ask.now_ms)?.is_none() {
        return Ok(Answer::see_other("/login"));
    }
    Ok(code_told(ask, &next_of(ask.param("next")), None))
}

fn code_told(ask: &Ask, next: &str, problem: Option<&Problem>) -> Answer {
    let body = html! {
        p { (w(ask, "account.code_lead")) }
        (refusal(ask, problem))
        form action="/login/code" method="post" {
            input type="hidden" name="next" value=(next);
            (csrf(ask))
            label for="code" { (w(ask, "account.code")) }
            input #code name="code" autocomplete="one-time-code" autocapitalize="off" spellcheck="false" maxlength="40" required autofocus;
            p.qw-quiet { (w(ask, "account.code_or_recovery")) }
            p { button.qw-button.qw-button-main type="submit" { (w(ask, "public.sign_in")) } }
        }
        p { a href="/login" { (w(ask, "account.start_again")) } }
    };
    page(ask, "/login/code", "account.second_step", &body)
}

/// `POST /login/code`.
pub fn code_form(ask: &Ask) -> Result<Answer, Problem> {
    let form = Form::read(ask)?;
    let next = next_of(form.get("next"));
    match try_code(ask, form.get("code").unwrap_or_default()) {
        Ok(token) => Ok(Answer::see_other(&next)
            .with(header::SET_COOKIE, &cookie(ask, &token))
            .with(header::SET_COOKIE, &half_cookie(ask, ""))),
        Err(problem) => again(problem, |p| Ok(code_told(ask, &next, Some(p)))),
    }
}

fn gone() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "link-used")
}

/// What for and whose, of a link that works.
fn link_of(ask: &Ask, token: &str) -> Result<(LinkPurpose, store::Account), Problem> {
    let accounts = ask.app.store.accounts();
    for purpose in [LinkPurpose::SetPassword, LinkPurpose::Reset] {
        if let Some(id) = accounts.link_of(purpose, token, ask.now_ms)? {
            let account = accounts.get(id)?.filter(|a| !a.disabled).ok_or_else(gone)?;
            return Ok((purpose, account));
        }
    }
    Err(gone())
}

/// `GET /link?token=`: looking does not use it up.
pub fn link_page(ask: &Ask) -> Result<Answer, Problem> {
    let token = ask.param("token").unwrap_or_default();
    let (_, account) = link_of(ask, token)?;
    Ok(link_told(ask, token, &account, None))
}

fn link_told(ask: &Ask, token: &str, account: &store::Account, problem: Option<&Problem>) -> Answer {
    let min = passwords::MIN;
    let body = html! {
        p { (fill(ask.language, "account.link_lead", &[("name", account.display.clone()), ("min", min.to_string())])) }
        (refusal(ask, problem))
        form action="/link" method="post" {
            input type="hidden" name="token" value=(token);
            (csrf(ask))
            label for="name" { (w(ask, "public.account_name")) }
            input #name name="name" autocomplete="username" value=(account.name) readonly;
            label for="password" { (w(ask, "account.new_password")) }
            input #password name="password" type="password" autocomplete="new-password" minlength=(min) required;
            label for="again" { (w(ask, "public.password_again")) }
            input #again name="again" type="password" autocomplete="new-password" minlength=(min) required;
            p { button.qw-button.qw-button-main type="submit" { (w(ask, "account.set_password")) } }
        }
    };
    // Its address stays with us by the policy of every page; without any referrer browsers call the form's origin null.
    page(ask, "/link", "account.set_password", &body)
}

/// `POST /link`: signs nobody in; whoever has a second factor needs it still.
pub fn link_form(ask: &Ask) -> Result<Answer, Problem> {
    ask.app.limits.take(&format!("link {}", ask.client), 30, 600_000, ask.now_ms).map_err(Problem::too_many)?;
    let form = Form::read(ask)?;
    let (token, password) = (form.get("token").unwrap_or_default(), form.get("password").unwrap_or_default());
    let (purpose, account) = link_of(ask, token)?;
    let refused = |code: &str| {
        let problem = my_account::unfit(code).arg("min", passwords::MIN).arg("max", passwords::MAX);
        Ok(link_told(ask, token, &account, Some(&problem)).status(problem.status))
    };
    let names = [account.name.as_str(), account.display.as_str(), ask.app.settings.installation.as_str()];
    if let Err(weakness) = passwords::check(password, &names) {
        return refused(weakness.code());
    }
    if password != form.get("again").unwrap_or_default() {
        return refused("sign-in/not-the-same");
    }
    let used = ask.app.store.accounts().set_password_by_link(purpose, token, password, ask.now_ms)?;
    let id = used.ok_or_else(gone)?;
    ask.app.lockout.right(&account.name);
    note_account(ask, Some(id), &AccountEvent::LinkUsed)?;
    note_account(ask, Some(id), &AccountEvent::PasswordChanged)?;
    Ok(Answer::see_other("/login").with(header::SET_COOKIE, &cookie(ask, "")))
}

/// A QR code to be drawn in a page.
pub fn qr(text: &str) -> Result<String, Problem> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|e| Problem::accident(format!("QR: {e}")))?;
    let drawn = code.render::<svg::Color<'_>>().min_dimensions(220, 220).build();
    Ok(drawn.trim_start_matches("<?xml version=\"1.0\" standalone=\"yes\"?>").to_owned())
}

/// `GET /second-factor`.
pub fn factor_page(ask: &Ask) -> Result<Answer, Problem> {
    factor_told(ask, None)
}

fn factor_told(ask: &Ask, problem: Option<&Problem>) -> Result<Answer, Problem> {
    let caller = ask.caller()?;
    let accounts = ask.app.store.accounts();
    let password = accounts.one(caller.account.id)?.is_some_and(|a| a.has_password);
    let body = match accounts.second_factor(caller.account.id)? {
        SecondFactor::Off => enrol_told(ask, password, problem)?,
        SecondFactor::On { recovery_left, .. } => html! {
            p { (w(ask, "account.factor_on")) }
            p { (fill(ask.language, "account.recovery_left", &[("count", recovery_left.to_string())])) }
            (refusal(ask, problem))
            h2 { (w(ask, "account.recovery_renew")) }
            form action="/second-factor" method="post" {
                input type="hidden" name="do" value="renew";
                (csrf(ask))
                (password_field(ask, password, "renew-password"))
                label for="renew-code" { (w(ask, "account.code")) }
                input #renew-code name="code" autocomplete="one-time-code" maxlength="40" required;
                p { button.qw-button type="submit" { (w(ask, "account.recovery_renew")) } }
            }
            h2 { (w(ask, "account.factor_off")) }
            @if required(ask)? { p { (w(ask, "account.factor_required")) } }
            @else {
                form action="/second-factor" method="post" {
                    input type="hidden" name="do" value="off";
                    (csrf(ask))
                    (password_field(ask, password, "off-password"))
                    label for="off-code" { (w(ask, "account.code")) }
                    input #off-code name="code" autocomplete="one-time-code" maxlength="40" required;
                    p { button.qw-button type="submit" { (w(ask, "account.factor_off")) } }
                }
            }
            p { a href="/console/account" { (w(ask, "account.back")) } }
        },
    };
    Ok(page(ask, "/second-factor", "account.second_factor", &body))
}

/// The password, of whoever has one.
fn password_field(ask: &Ask, has_one: bool, id: &str) -> Markup {
    html! {
        @if has_one {
            label for=(id) { (w(ask, "public.password")) }
            input id=(id) name="password" type="password" autocomplete="current-password" required;
        }
    }
}

fn enrol_told(ask: &Ask, password: bool, problem: Option<&Problem>) -> Result<Markup, Problem> {
    let caller = ask.caller()?;
    let enrolment = ask.app.store.accounts().begin_second_factor(caller.account.id, ask.now_ms)?;
    let secret = enrolment.ok_or_else(Problem::not_found)?.secret;
    let issuer = &ask.app.settings.installation;
    let part = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let address = format!(
        "otpauth://totp/{}:{}?secret={secret}&issuer={}&algorithm=SHA1&digits=6&period=30",
        part(issuer),
        part(&caller.account.name),
        part(issuer)
    );
    let in_fours = secret.as_bytes().chunks(4).map(|c| String::from_utf8_lossy(c).into_owned()).collect::<Vec<_>>().join(" ");
    Ok(html! {
        @if must_enrol(ask)? { p.qw-notice { (w(ask, "account.factor_first")) } }
        p { (w(ask, "account.factor_lead")) }
        (refusal(ask, problem))
        div.qr role="img" aria-label=(w(ask, "account.factor_qr")) { (PreEscaped(qr(&address)?)) }
        p { (w(ask, "account.factor_secret")) " " code #secret { (in_fours) } }
        form action="/second-factor" method="post" {
            input type="hidden" name="do" value="on";
            (csrf(ask))
            (password_field(ask, password, "password"))
            label for="code" { (w(ask, "account.code")) }
            input #code name="code" autocomplete="one-time-code" inputmode="numeric" maxlength="40" required;
            p { button.qw-button.qw-button-main type="submit" { (w(ask, "account.factor_confirm")) } }
        }
    })
}

fn required(ask: &Ask) -> Result<bool, Problem> {
    let roles = &ask.app.settings.access.second_factor_for;
    Ok(ask.caller()?.posts.iter().any(|p| roles.contains(&p.role)))
}

/// `POST /second-factor`.
pub fn factor_form(ask: &Ask) -> Result<Answer, Problem> {
    match factor_changed(ask) {
        Ok(answer) => Ok(answer),
        Err(problem) => again(problem, |p| factor_told(ask, Some(p))),
    }
}

fn factor_changed(ask: &Ask) -> Result<Answer, Problem> {
    let form = Form::read(ask)?;
    let code = form.get("code").unwrap_or_default();
    let id = ask.caller()?.account.id;
    let accounts = ask.app.store.accounts();
    let wrong = || my_account::unfit("sign-in/wrong-code");
    my_account::asked(ask)?;
    // Whoever found a session open, or the phone lying about, changes nothing: both factors are asked for.
    let password = || {
        let given = form.get("password").unwrap_or_default();
        let has_one = accounts.one(id)?.is_some_and(|a| a.has_password);
        match !has_one || accounts.password_is(id, given, ask.now_ms)? {
            true => Ok(()),
            false => Err(my_account::unfit("sign-in/wrong-password")),
        }
    };
    match form.get("do") {
        Some("on") => {
            password()?;
            let codes = accounts.confirm_second_factor(id, code, ask.now_ms)?.ok_or_else(wrong)?;
            note_account(ask, Some(id), &AccountEvent::SecondFactorOn)?;
            // Whoever signed in elsewhere without a code has to come again with one.
            let count = accounts.end_sessions(id, Some(&ask.caller()?.session))?;
            note_account(ask, Some(id), &AccountEvent::SessionsEnded { count })?;
            Ok(codes_told(ask, &codes))
        }
        Some("renew") => {
            password()?;
            accounts.use_code(id, code, ask.now_ms)?.ok_or_else(wrong)?;
            let codes = accounts.fresh_recovery_codes(id)?;
            note_account(ask, Some(id), &AccountEvent::RecoveryRenewed)?;
            Ok(codes_told(ask, &codes))
        }
        Some("off") if required(ask)? => Err(Problem::new(StatusCode::FORBIDDEN, "second-factor-required")),
        Some("off") => {
            password()?;
            accounts.use_code(id, code, ask.now_ms)?.ok_or_else(wrong)?;
            accounts.drop_second_factor(id)?;
            note_account(ask, Some(id), &AccountEvent::SecondFactorOff { reason: None })?;
            Ok(Answer::see_other("/console/account"))
        }
        _ => Err(Problem::bad_query("do?")),
    }
}

fn codes_told(ask: &Ask, codes: &[String]) -> Answer {
    let body = html! {
        p { (w(ask, "account.factor_on")) }
        p { (w(ask, "account.recovery_lead")) }
        ul.codes { @for code in codes { li { code { (code) } } } }
        p { a.qw-button.qw-button-main href="/console/" { (w(ask, "account.recovery_kept")) } }
    };
    page(ask, "/second-factor", "account.recovery_codes", &body)
}
