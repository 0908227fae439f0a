//! Signing in with an identity that the organisation's own provider knows: OpenID Connect Core 1.0, authorization code flow
//! with PKCE (RFC 7636, S256), state and nonce.
//!
//! Nobody gets an account by it: an identity opens the account to which it was linked, by its owner with his password or by the
//! security administrator, and an identity that is linked to none leads to a page that says what to do. What the browser is
//! on the way with is kept here, under a token that only this browser has, and works once.
//!
//! The provider is asked when somebody signs in, never before: the server starts, and passwords work, while it is away.

use std::{
    collections::HashMap,
    fmt,
    io::Read,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::http::{StatusCode, header};
use maud::html;
use openidconnect::{
    AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, SignatureVerificationError,
    TokenResponse,
    core::{
        CoreAuthPrompt, CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdToken, CoreJwsSigningAlgorithm,
        CoreProviderMetadata,
    },
};
use store::{Linking, SignIn};
use subtle::ConstantTimeEq;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::{
    account_events::{AccountEvent, note_account},
    account_pages::{self, csrf, page, refusal},
    answer::{Answer, Problem},
    ask::Ask,
    audit, my_account,
    public::{self, Form, w},
    session::{self, cookie, half_cookie, next_of, set_cookie},
    wording::fill,
};

/// Cookie of a browser that is on its way to the provider and back.
const COOKIE: &str = "qw_oidc";
/// How long that may take, milliseconds.
const WAY_MS: i64 = 10 * 60_000;
/// Browsers on their way at a time; beyond, nobody else sets out.
const WAYS_MAX: usize = 10_000;
/// Attempts of one address within ten minutes.
const ATTEMPTS_MAX: usize = 30;
/// What the provider says of itself is asked again after so long, milliseconds.
const KNOWN_MS: i64 = 3_600_000;
/// A provider that did not answer is left alone for so long, milliseconds.
const AWAY_MS: i64 = 5_000;
/// Its keys are asked again at most so often, because somebody came with a key that is not among them, milliseconds.
const KEYS_MS: i64 = 10_000;
/// Longest answer of a provider that is read, bytes.
const ANSWER_MAX: u64 = 1 << 20;
/// Longest subject, characters (Core 1.0, section 2).
const SUBJECT_MAX: usize = 255;
/// Signatures that are believed: those that nobody can make without the provider's own key.
const SIGNED_BY: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// The provider, as an installation names it.
#[derive(Clone)]
pub struct Settings {
    /// Its address, exactly as it calls itself.
    pub issuer: String,
    /// What it calls this installation.
    pub client: String,
    /// The secret that goes with it; none for a client that has only PKCE.
    pub secret: Option<String>,
    /// What people call it, for the button on the sign-in page.
    pub name: Option<String>,
    /// Whether signing in there also stands for the second factor here.
    pub second_factor: bool,
    /// PEM of the authority that signs its certificate, where that is none that everybody knows.
    pub authority: Option<Vec<u8>>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("issuer", &self.issuer).field("client", &self.client).finish_non_exhaustive()
    }
}

/// Whether an address may be that of a provider: over TLS, or on this machine.
pub fn good_issuer(issuer: &str) -> bool {
    let Ok(url) = url::Url::parse(issuer) else { return false };
    let here = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    plain && (url.scheme() == "https" || (url.scheme() == "http" && here))
}

/// Certificates out of a PEM file; none where it holds none, or something broken.
pub fn certificates(pem: &[u8]) -> Option<Vec<Certificate<'static>>> {
    let found: Result<Vec<_>, _> = ureq::tls::parse_pem(pem)
        .filter_map(|item| match item {
            Ok(ureq::tls::PemItem::Certificate(certificate)) => Some(Ok(certificate)),
            Ok(_) => None,
            Err(e) => Some(Err(e)),
        })
        .collect();
    found.ok().filter(|found| !found.is_empty())
}

/// The provider as it is known now, and who is on the way to it.
pub struct Provider {
    settings: Settings,
    agent: ureq::Agent,
    known: Mutex<Known>,
    ways: Mutex<HashMap<String, Way>>,
}

#[derive(Default)]
struct Known {
    metadata: Option<(i64, Arc<CoreProviderMetadata>)>,
    away_ms: Option<i64>,
}

/// What a browser is on the way with.
struct Way {
    until_ms: i64,
    with: With,
}

enum With {
    /// To the provider and back.
    Question { state: CsrfToken, nonce: Nonce, verifier: PkceCodeVerifier, back: String, next: String, link: bool },
    /// With an identity that opens no account yet.
    Identity { subject: String },
}

impl Provider {
    /// A provider that has not been asked yet.
    pub fn new(settings: Settings) -> Provider {
        let roots = settings.authority.as_deref().and_then(certificates);
        let roots = roots.map_or(RootCerts::WebPki, |own| RootCerts::Specific(Arc::new(own)));
        let agent = ureq::Agent::config_builder()
            .timeout_connect(Some(Duration::from_secs(4)))
            .timeout_global(Some(Duration::from_secs(10)))
            // An address that leads elsewhere would have us ask machines inside on the provider's behalf.
            .max_redirects(0)
            .http_status_as_error(false)
            .proxy(None)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build()
            .new_agent();
        Provider { settings, agent, known: Mutex::default(), ways: Mutex::default() }
    }

    /// What people call it.
    pub fn name(&self, ask: &Ask) -> String {
        self.settings.name.clone().unwrap_or_else(|| w(ask, "account.provider"))
    }

    /// Its address.
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, ureq::Error> {
        let (parts, body) = self.agent.run(request)?.into_parts();
        let mut whole = Vec::new();
        body.into_reader().take(ANSWER_MAX).read_to_end(&mut whole)?;
        Ok(HttpResponse::from_parts(parts, whole))
    }

    /// What the provider says of itself, kept for an hour; what was known before holds where it does not answer now.
    fn metadata(&self, now_ms: i64, fresh: bool) -> Result<Arc<CoreProviderMetadata>, Problem> {
        let away = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "sign-in/provider-away");
        let within = |since: i64, ms: i64| (since..since + ms).contains(&now_ms);
        {
            let known = self.known.lock().map_err(|_| away())?;
            match &known.metadata {
                Some((at, metadata)) if within(*at, if fresh { KEYS_MS } else { KNOWN_MS }) => return Ok(metadata.clone()),
                Some((_, metadata)) if known.away_ms.is_some_and(|at| within(at, AWAY_MS)) => return Ok(metadata.clone()),
                None if known.away_ms.is_some_and(|at| within(at, AWAY_MS)) => return Err(away()),
                _ => {}
            }
        }
        let issuer = IssuerUrl::new(self.settings.issuer.clone()).map_err(|_| away())?;
        // Nobody waits for the lock while the provider is asked; who asks at the same time asks for himself.
        let found = CoreProviderMetadata::discover(&issuer, &|request| self.fetch(request));
        let mut known = self.known.lock().map_err(|_| away())?;
        match found {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *known = Known { metadata: Some((now_ms, metadata.clone())), away_ms: None };
                Ok(metadata)
            }
            Err(e) => {
                tracing::warn!(issuer = %self.settings.issuer, error = %in_full(&e), "identity provider");
                known.away_ms = Some(now_ms);
                known.metadata.as_ref().map(|(_, metadata)| metadata.clone()).ok_or_else(away)
            }
        }
    }

    /// Lets a browser set out; the token for its cookie.
    fn set_out(&self, with: With, now_ms: i64) -> Result<String, Problem> {
        let token = Nonce::new_random_len(32).secret().clone();
        let mut ways = self.ways.lock().map_err(|_| Problem::accident("ways"))?;
        // Later than any way from now on: it was set by a clock that was wrong.
        ways.retain(|_, way| (now_ms..=now_ms + WAY_MS).contains(&way.until_ms));
        if ways.len() >= WAYS_MAX {
            return Err(Problem::too_many(60));
        }
        ways.insert(token.clone(), Way { until_ms: now_ms + WAY_MS, with });
        Ok(token)
    }

    /// What the browser with this token is on the way with, if that is so; taken away, so that it works once.
    fn arrive(&self, token: &str, now_ms: i64, is: impl Fn(&With) -> bool) -> Option<With> {
        let mut ways = self.ways.lock().ok()?;
        ways.get(token).filter(|way| way.until_ms > now_ms && is(&way.with))?;
        ways.remove(token).map(|way| way.with)
    }

    /// The identity that waits in this browser.
    fn waiting(&self, ask: &Ask) -> Option<String> {
        let ways = self.ways.lock().ok()?;
        match ways.get(&token_of(ask)).filter(|way| way.until_ms > ask.now_ms)?.with {
            With::Identity { ref subject } => Some(subject.clone()),
            With::Question { .. } => None,
        }
    }
}

/// An error with what is behind it.
fn in_full(e: &dyn std::error::Error) -> String {
    let mut words = e.to_string();
    let mut cause = e.source();
    while let Some(e) = cause {
        words.push_str(&format!(": {e}"));
        cause = e.source();
    }
    words
}

fn token_of(ask: &Ask) -> String {
    session::cookie_of(ask, COOKIE).unwrap_or_default()
}

/// The provider; where there is none, there are no such pages.
fn provider(ask: &Ask) -> Result<&Provider, Problem> {
    ask.app.oidc.as_ref().ok_or_else(Problem::not_found)
}

/// The sign-in page with what went wrong.
fn on_page(ask: &Ask, result: Result<Answer, Problem>) -> Result<Answer, Problem> {
    result.or_else(|problem| match problem.accident {
        Some(_) => Err(problem),
        None => Ok(public::login_page(ask, &next_of(ask.param("next")), Some(&problem)).status(problem.status)),
    })
}

/// `GET /login/oidc?next=&link=1`: to the provider. Writes nothing but a cookie.
pub fn set_out(ask: &Ask) -> Result<Answer, Problem> {
    let provider = provider(ask)?;
    on_page(ask, to_provider(ask, provider))
}

fn to_provider(ask: &Ask, provider: &Provider) -> Result<Answer, Problem> {
    ask.app.limits.take(&format!("oidc {}", ask.client), ATTEMPTS_MAX, 600_000, ask.now_ms).map_err(Problem::too_many)?;
    let metadata = provider.metadata(ask.now_ms, false)?;
    let back = format!("{}/login/oidc/back", public::origin(ask)?);
    let redirect = RedirectUrl::new(back.clone()).map_err(|_| Problem::bad_query("host"))?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let client = CoreClient::from_provider_metadata((*metadata).clone(), ClientId::new(provider.settings.client.clone()), None);
    let client = client.set_redirect_uri(redirect);
    let flow = CoreAuthenticationFlow::AuthorizationCode;
    let question = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random).set_pkce_challenge(challenge);
    let link = ask.param("link") == Some("1") && ask.caller.is_some();
    // Whoever links an identity signs in there anew: on a shared computer a colleague may still be signed in.
    let question = if link { question.add_prompt(CoreAuthPrompt::Login) } else { question };
    let (address, state, nonce) = question.url();
    let with = With::Question { state, nonce, verifier, back, next: next_of(ask.param("next")), link };
    let token = provider.set_out(with, ask.now_ms)?;
    Ok(Answer::see_other(address.as_str())
        .with(header::SET_COOKIE, &set_cookie(ask, COOKIE, &token, WAY_MS / 1000))
        .with(header::REFERRER_POLICY, "no-referrer")
        .with(header::CACHE_CONTROL, "no-store"))
}

/// `GET /login/oidc/back?code=&state=`: from the provider.
pub fn back(ask: &Ask) -> Result<Answer, Problem> {
    let provider = provider(ask)?;
    on_page(ask, returned(ask, provider)).map(|answer| answer.with(header::CACHE_CONTROL, "no-store"))
}

fn returned(ask: &Ask, provider: &Provider) -> Result<Answer, Problem> {
    ask.app.limits.take(&format!("oidc back {}", ask.client), ATTEMPTS_MAX, 600_000, ask.now_ms).map_err(Problem::too_many)?;
    let given = ask.param("state").unwrap_or_default();
    let ours = |with: &With| matches!(with, With::Question { state, .. } if bool::from(state.secret().as_bytes().ct_eq(given.as_bytes())));
    let way = provider.arrive(&token_of(ask), ask.now_ms, ours);
    let Some(With::Question { nonce, verifier, back, next, link, .. }) = way else {
        return Err(refused(ask, "", Problem::new(StatusCode::BAD_REQUEST, "sign-in/provider-over")));
    };
    // RFC 9207: an answer of another provider is none to our question.
    if ask.param("iss").is_some_and(|iss| iss != provider.issuer()) {
        return Err(refused(ask, "", Problem::new(StatusCode::BAD_REQUEST, "sign-in/identity-invalid")));
    }
    let Some(code) = ask.param("code").filter(|_| ask.param("error").is_none()) else {
        return Err(refused(ask, "", Problem::new(StatusCode::FORBIDDEN, "sign-in/provider-refused")));
    };
    let subject = recognised(ask, provider, code, &back, verifier, &nonce).map_err(|problem| refused(ask, "", problem))?;
    if link && ask.caller.is_some() {
        return to_link(ask, provider, subject);
    }
    let accounts = ask.app.store.accounts();
    let Some(id) = accounts.account_of(provider.issuer(), &subject)? else {
        let problem = Problem::new(StatusCode::FORBIDDEN, "sign-in/identity-unlinked");
        audit::sign_in_refused(ask, &subject, &problem);
        return to_link(ask, provider, subject);
    };
    let account = accounts.get(id)?.ok_or_else(Problem::not_found)?;
    let told = |problem| refused(ask, &account.name, problem);
    ask.app.lockout.check(&account.name, ask.now_ms).map_err(session::locked).map_err(told)?;
    let gone = set_cookie(ask, COOKIE, "", 0);
    match accounts.arriving(session::arrival(ask)).sign_in_recognised(id, !provider.settings.second_factor, ask.now_ms)? {
        SignIn::Welcome(token) => {
            session::begun(ask, &token, "oidc")?;
            Ok(Answer::see_other(&next).with(header::SET_COOKIE, &cookie(ask, &token)).with(header::SET_COOKIE, &gone))
        }
        SignIn::HalfWay(token) => {
            note_account(ask, Some(id), &AccountEvent::IdentityRecognised)?;
            let half = half_cookie(ask, &token);
            Ok(account_pages::to_code(&next).with(header::SET_COOKIE, &half).with(header::SET_COOKIE, &gone))
        }
        SignIn::Refused => Err(told(Problem::new(StatusCode::FORBIDDEN, "sign-in/closed"))),
        SignIn::Locked { seconds } => Err(told(session::locked(seconds))),
    }
}

fn refused(ask: &Ask, name: &str, problem: Problem) -> Problem {
    audit::sign_in_refused(ask, name, &problem);
    problem
}

/// Whom the provider has recognised: its subject, after everything in the ID token has been checked (Core 1.0, 3.1.3.7).
fn recognised(
    ask: &Ask,
    provider: &Provider,
    code: &str,
    back: &str,
    verifier: PkceCodeVerifier,
    nonce: &Nonce,
) -> Result<String, Problem> {
    let (settings, invalid) = (&provider.settings, || Problem::new(StatusCode::FORBIDDEN, "sign-in/identity-invalid"));
    let metadata = provider.metadata(ask.now_ms, false)?;
    let secret = settings.secret.clone().map(ClientSecret::new);
    let by_body = metadata.token_endpoint_auth_methods_supported().is_some_and(|methods| {
        methods.contains(&CoreClientAuthMethod::ClientSecretPost) && !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
    });
    let client = CoreClient::from_provider_metadata((*metadata).clone(), ClientId::new(settings.client.clone()), secret)
        .set_redirect_uri(RedirectUrl::new(back.to_owned()).map_err(|_| invalid())?);
    let client = if by_body { client.set_auth_type(openidconnect::AuthType::RequestBody) } else { client };
    let exchange = client.exchange_code(AuthorizationCode::new(code.to_owned())).map_err(|_| invalid())?;
    let tokens = exchange.set_pkce_verifier(verifier).request(&|request| provider.fetch(request)).map_err(|e| {
        tracing::warn!(issuer = %settings.issuer, error = %in_full(&e), "identity provider");
        match e {
            RequestTokenError::ServerResponse(_) => Problem::new(StatusCode::FORBIDDEN, "sign-in/provider-refused"),
            RequestTokenError::Request(_) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "sign-in/provider-away"),
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => invalid(),
        }
    })?;
    // What the provider would let us do besides is of no use to us, and is not kept.
    let _ = tokens.access_token();
    let token = tokens.id_token().ok_or_else(invalid)?;
    let mut found = subject_of(settings, &metadata, token, nonce, ask.now_ms);
    // It has other keys since it was asked for them.
    let missing = ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey);
    if found.as_ref().is_err_and(|e| *e == missing) {
        let metadata = provider.metadata(ask.now_ms, true)?;
        found = subject_of(settings, &metadata, token, nonce, ask.now_ms);
    }
    found.map_err(|e| {
        tracing::warn!(issuer = %settings.issuer, error = %in_full(&e), "ID token");
        invalid()
    })
}

fn subject_of(
    settings: &Settings,
    metadata: &CoreProviderMetadata,
    token: &CoreIdToken,
    nonce: &Nonce,
    now_ms: i64,
) -> Result<String, ClaimsVerificationError> {
    let client = CoreClient::from_provider_metadata(metadata.clone(), ClientId::new(settings.client.clone()), None);
    let now = move || chrono::DateTime::from_timestamp_millis(now_ms).unwrap_or_default();
    // Without a secret: what is signed with it, anybody who knows it could have signed.
    let verifier = client.id_token_verifier().set_allowed_algs(SIGNED_BY).set_time_fn(now);
    let subject = token.claims(&verifier, nonce)?.subject().as_str().to_owned();
    let plain = (1..=SUBJECT_MAX).contains(&subject.len()) && subject.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    if plain { Ok(subject) } else { Err(ClaimsVerificationError::InvalidSubject("not as the standard says".into())) }
}

/// On to the page where an identity is linked.
fn to_link(ask: &Ask, provider: &Provider, subject: String) -> Result<Answer, Problem> {
    let token = provider.set_out(With::Identity { subject }, ask.now_ms)?;
    let waits = set_cookie(ask, COOKIE, &token, WAY_MS / 1000);
    Ok(Answer::see_other("/login/oidc/link").with(header::SET_COOKIE, &waits))
}

/// `GET /login/oidc/link`: what an identity that opens no account can do.
pub fn link_page(ask: &Ask) -> Result<Answer, Problem> {
    let provider = provider(ask)?;
    match provider.waiting(ask) {
        Some(subject) => Ok(link_told(ask, provider, &subject, None)),
        None => Ok(Answer::see_other("/login")),
    }
}

fn link_told(ask: &Ask, provider: &Provider, subject: &str, problem: Option<&Problem>) -> Answer {
    let say = |key: &str| fill(ask.language, key, &[("provider", provider.name(ask))]);
    let body = html! {
        p { (say("account.identity_lead")) }
        p { (w(ask, "account.identity_subject")) " " code #subject { (subject) } }
        (refusal(ask, problem))
        @if let Some(caller) = &ask.caller {
            form action="/login/oidc/link" method="post" {
                (csrf(ask))
                p { (fill(ask.language, "account.identity_confirm", &[("name", caller.account.display.clone())])) }
                label for="password" { (w(ask, "public.password")) }
                input #password name="password" type="password" autocomplete="current-password" required;
                p { button.qw-button.qw-button-main type="submit" { (w(ask, "account.identity_link")) } }
            }
            p { a href="/console/account" { (w(ask, "account.back")) } }
        } @else {
            ol {
                li { (w(ask, "account.identity_by_oneself")) }
                li { (w(ask, "account.identity_by_administrator")) }
            }
            p { a.qw-button.qw-button-main href="/login?next=/login/oidc/link" { (w(ask, "account.identity_sign_in")) } }
        }
    };
    page(ask, "/login/oidc/link", "account.identity_unlinked", &body)
}

/// `POST /login/oidc/link`: the identity that waits in this browser opens one's account from now on.
pub fn link_form(ask: &Ask) -> Result<Answer, Problem> {
    let provider = provider(ask)?;
    let Some(subject) = provider.waiting(ask) else { return Ok(Answer::see_other("/login")) };
    match linked(ask, provider, &subject) {
        Ok(()) => {
            provider.arrive(&token_of(ask), ask.now_ms, |_| true);
            Ok(Answer::see_other("/console/account").with(header::SET_COOKIE, &set_cookie(ask, COOKIE, "", 0)))
        }
        Err(problem) if problem.accident.is_some() => Err(problem),
        Err(problem) => Ok(link_told(ask, provider, &subject, Some(&problem)).status(problem.status)),
    }
}

fn linked(ask: &Ask, provider: &Provider, subject: &str) -> Result<(), Problem> {
    session::complete(ask)?;
    my_account::asked(ask)?;
    let (form, id, accounts) = (Form::read(ask)?, ask.caller()?.account.id, ask.app.store.accounts());
    if !accounts.password_is(id, form.get("password").unwrap_or_default(), ask.now_ms)? {
        return Err(my_account::unfit("sign-in/wrong-password"));
    }
    link(ask, id, provider.issuer(), subject)
}

/// Links an identity to an account, and notes it.
pub fn link(ask: &Ask, account: domain::basics::AccountId, issuer: &str, subject: &str) -> Result<(), Problem> {
    let taken = |code| Err(Problem::new(StatusCode::CONFLICT, code).at(Some("subject")));
    match ask.app.store.accounts().link_identity(account, issuer, subject, ask.now_ms)? {
        Linking::Linked => note_account(ask, Some(account), &AccountEvent::IdentityLinked { subject: subject.to_owned() }),
        Linking::Taken => taken("accounts/identity-taken"),
        Linking::Another => taken("accounts/identity-another"),
    }
}

/// What a provider may call somebody, as an administrator typed it.
pub fn subject_given(given: &str) -> Result<&str, Problem> {
    let given = given.trim();
    match (1..=SUBJECT_MAX).contains(&given.len()) && given.chars().all(|c| c.is_ascii_graphic() || c == ' ') {
        true => Ok(given),
        false => Err(my_account::unfit("accounts/bad-subject").at(Some("subject"))),
    }
}
