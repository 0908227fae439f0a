//! Accounts as administrators see and change them, within their own places.
//!
//! An account is somebody's business whose places hold all its posts of today and later; where it has none, the place where it
//! was made. What is not one's business is not there. Nobody does anything to his own account here.

use std::collections::HashMap;

use axum::http::StatusCode;
use domain::{
    basics::{AccountId, Capability, Day, PlaceId, Post, Value as Cell},
    places::Place,
};
use serde_json::json;
use store::{AccessKey, AccountRow, Held, KeyKind, LinkPurpose, NewAccount, NewKey, Scope};

use crate::{
    account_answers::{
        AccountAnswer, AccountState, AccountTold, AccountsAnswer, Act, AppUsersAnswer, Ended, KeyMade, LinkMade, NewAccountGiven,
        NewAppUser,
    },
    account_events::{AccountEvent, note_account},
    account_pages,
    answer::{Answer, Problem},
    answers::PostHeld,
    ask::Ask,
    export::{self, Table},
    invitations, keys,
    my_account::{body, expiry, identities_told, keys_told, label, sessions_told, unfit},
    oidc, openrosa, public,
    rows::{self, Briefs, marked},
    wording::text,
};

use Capability::{AccessAppoint, AccountsManage, AccountsSecure};

/// How long an invitation works, milliseconds.
pub const INVITED_MS: i64 = 72 * 3_600_000;
/// How long a link made for somebody who stands there works, milliseconds.
const RESET_MS: i64 = 24 * 3_600_000;
/// Accounts that are read at a time while looking for those within one's places.
const BATCH: usize = 500;
/// Accounts in one file.
const EXPORT_MAX: usize = 100_000;

/// The caller's places for the two capabilities, and the places of accounts, each read once.
struct Area<'a> {
    ask: &'a Ask,
    manage: Option<Scope>,
    secure: Option<Scope>,
    places: HashMap<PlaceId, Option<Place>>,
}

impl<'a> Area<'a> {
    fn new(ask: &'a Ask) -> Result<Area<'a>, Problem> {
        let has = |c| ask.caller().is_ok_and(|caller| caller.has(c));
        let scope = |c| if has(c) { own_scope(ask, c).map(Some) } else { Ok(None) };
        Ok(Area { ask, manage: scope(AccountsManage)?, secure: scope(AccountsSecure)?, places: HashMap::new() })
    }

    fn load(&mut self, rows: &[AccountRow]) -> Result<(), Problem> {
        let today = self.ask.today();
        let wanted: Vec<PlaceId> =
            rows.iter().flat_map(|row| bounds(row, today)).filter(|id| !self.places.contains_key(id)).collect();
        let briefs = Briefs::load(self.ask, &wanted)?;
        self.places.extend(wanted.into_iter().map(|id| (id, briefs.place(id).cloned())));
        Ok(())
    }

    /// Whether an account is the caller's business; its places have been loaded.
    fn holds(&self, row: &AccountRow, scope: Option<&Scope>) -> bool {
        let Some(scope) = scope else { return false };
        let Scope::Within(own) = scope else { return true };
        let bounds = bounds(row, self.ask.today());
        let within = |id: &PlaceId| {
            let place = self.places.get(id).and_then(Option::as_ref);
            place.is_some_and(|place| own.iter().any(|(mine, ..)| place.is_or_is_within(*mine)))
        };
        !bounds.is_empty() && bounds.iter().all(within)
    }

    fn sees(&self, row: &AccountRow) -> bool {
        self.holds(row, self.manage.as_ref()) || self.holds(row, self.secure.as_ref())
    }
}

/// The scope whatever `place=` says: that narrows lists, not what is one's business.
fn own_scope(ask: &Ask, capability: Capability) -> Result<Scope, Problem> {
    let caller = ask.caller()?;
    let mut within = Vec::new();
    for post in caller.posts.iter().filter(|p| p.role.capabilities().contains(&capability)) {
        if let Ok(place) = ask.place(post.place) {
            within.push((place.id, place.level, place.org));
        }
    }
    let roots = ask.app.roots()?;
    let whole = !roots.is_empty() && roots.iter().all(|r| within.iter().any(|(id, ..)| *id == r.id));
    Ok(if whole { Scope::All } else { Scope::Within(within) })
}

/// The places that say whose business an account is.
fn bounds(row: &AccountRow, today: Day) -> Vec<PlaceId> {
    let mut places: Vec<PlaceId> = coming(row, today).map(|h| h.post.place).collect();
    if places.is_empty() {
        places.extend(row.place);
    }
    places.sort_unstable();
    places.dedup();
    places
}

/// Posts held today and later.
pub fn coming(row: &AccountRow, today: Day) -> impl Iterator<Item = &Held> {
    row.account.held.iter().filter(move |h| h.until.is_none_or(|u| today <= u))
}

/// What state an account is in.
fn state(ask: &Ask, row: &AccountRow) -> AccountState {
    match row {
        row if row.account.disabled => AccountState::Closed,
        row if row.locked_until_ms > ask.now_ms => AccountState::Locked,
        row if !row.has_password && !row.linked => AccountState::Invited,
        _ => AccountState::Open,
    }
}

fn told(ask: &Ask, row: &AccountRow, briefs: &Briefs) -> AccountTold {
    let posts = coming(row, ask.today())
        .filter_map(|h| Some(PostHeld { place: briefs.get(h.post.place)?, role: h.post.role, department: h.post.department }));
    AccountTold {
        id: row.account.id,
        name: row.account.name.clone(),
        display: row.account.display.clone(),
        state: state(ask, row),
        locked_until_ms: if row.locked_until_ms > ask.now_ms { row.locked_until_ms } else { 0 },
        second_factor: row.second_factor,
        linked: row.linked,
        created_ms: row.created_ms,
        seen_ms: row.seen_ms,
        posts: posts.collect(),
    }
}

/// Accounts within one's places, by name: at most so many after one, and the name to go on from.
fn found(ask: &Ask, after: &str, limit: usize) -> Result<(Vec<AccountTold>, Option<String>), Problem> {
    let mut area = Area::new(ask)?;
    let words = ask.param("q").unwrap_or_default().trim().to_owned();
    let wanted = ask.param("state").filter(|s| !s.is_empty());
    if let Some(wanted) = wanted
        && !["open", "invited", "locked", "closed"].contains(&wanted)
    {
        return Err(Problem::bad_query(format!("state={wanted}")));
    }
    let (mut kept, mut after) = (Vec::new(), after.to_owned());
    loop {
        let page = ask.app.store.accounts().list(&words, &after, BATCH)?;
        area.load(&page)?;
        let last = page.len() < BATCH;
        for row in page {
            after.clone_from(&row.account.name);
            if area.sees(&row) && wanted.is_none_or(|w| state(ask, &row).word() == w) {
                // One more than asked for tells that there is a next page.
                if kept.len() == limit {
                    return finished(ask, kept, true);
                }
                kept.push(row);
            }
        }
        if last {
            return finished(ask, kept, false);
        }
    }
}

fn finished(ask: &Ask, kept: Vec<AccountRow>, more: bool) -> Result<(Vec<AccountTold>, Option<String>), Problem> {
    let places: Vec<PlaceId> = kept.iter().flat_map(|row| bounds(row, ask.today())).collect();
    let briefs = Briefs::load(ask, &places)?;
    let next = kept.last().filter(|_| more).map(|row| row.account.name.clone());
    Ok((kept.iter().map(|row| told(ask, row, &briefs)).collect(), next))
}

/// `GET /api/accounts?q=&state=&after=&limit=`.
pub fn list(ask: &Ask) -> Result<Answer, Problem> {
    let (accounts, next) = found(ask, ask.param("after").unwrap_or_default(), rows::limit(ask)?)?;
    Ok(Answer::json(&marked(ask, json!(AccountsAnswer { accounts, next }))))
}

/// `GET /api/accounts/export/accounts.csv|.xlsx`, with the same filters.
pub fn export(ask: &Ask) -> Result<Answer, Problem> {
    let (accounts, _) = found(ask, "", EXPORT_MAX)?;
    let column = |name: &str| text(ask.language, &format!("accounts.column.{name}"));
    let head = ["name", "display", "state", "posts", "second_factor", "created", "seen"].map(column).to_vec();
    let day = |ms: i64| if ms == 0 { Cell::Null } else { Cell::from(Day::of_ms(ms)) };
    let row = |a: AccountTold| {
        let posts: Vec<String> = a.posts.iter().map(|p| post_in_words(ask, p)).collect();
        vec![
            a.name.into(),
            a.display.into(),
            text(ask.language, &format!("accounts.state.{}", a.state.word())).into(),
            posts.join("; ").into(),
            i64::from(a.second_factor).into(),
            day(a.created_ms),
            day(a.seen_ms),
        ]
    };
    let table = Table { head, rows: accounts.into_iter().map(row).collect() };
    export::file(ask, &ask.path::<String>(0)?, "accounts", &table)
}

/// A post as people say it.
pub fn post_in_words(ask: &Ask, post: &PostHeld) -> String {
    let role = public::role_in_words(ask.language, Post { place: post.place.id, role: post.role, department: post.department });
    format!("{} {role}", post.place.path.join(" / "))
}

/// An account that is the caller's business by a capability; what is not, is not there.
fn row(ask: &Ask) -> Result<(AccountRow, bool, bool), Problem> {
    let id = AccountId(ask.path(0)?);
    let row = ask.app.store.accounts().one(id)?.ok_or_else(Problem::not_found)?;
    let mut area = Area::new(ask)?;
    area.load(std::slice::from_ref(&row))?;
    let (manage, secure) = (area.holds(&row, area.manage.as_ref()), area.holds(&row, area.secure.as_ref()));
    if manage || secure { Ok((row, manage, secure)) } else { Err(Problem::not_found()) }
}

/// `GET /api/accounts/{account}`.
pub fn one(ask: &Ask) -> Result<Answer, Problem> {
    answered(ask, None)
}

fn answered(ask: &Ask, link: Option<LinkMade>) -> Result<Answer, Problem> {
    let (row, manage, secure) = row(ask)?;
    let accounts = ask.app.store.accounts();
    let id = row.account.id;
    let briefs = Briefs::load(ask, &bounds(&row, ask.today()))?;
    let (account, may) = (told(ask, &row, &briefs), may(ask, &row, manage, secure)?);
    let mut answer = AccountAnswer { account, may, sessions: Vec::new(), tokens: Vec::new(), identities: Vec::new(), link };
    if secure {
        answer.sessions = sessions_told(accounts.sessions(id, ask.now_ms)?, "");
        answer.tokens = keys_told(ask, accounts.tokens(id)?)?;
        answer.identities = identities_told(accounts.identities(id)?);
    }
    Ok(Answer::json(&marked(ask, json!(answer))))
}

/// What the caller may do to an account now.
fn may(ask: &Ask, row: &AccountRow, manage: bool, secure: bool) -> Result<Vec<&'static str>, Problem> {
    if row.account.id == ask.caller()?.account.id {
        return Ok(Vec::new());
    }
    let open = !row.account.disabled;
    let offers = [
        ("close", manage && open),
        ("reopen", manage && !open),
        ("invite", manage && open && !row.has_password),
        ("reset", secure && open && row.has_password),
        ("unlock", secure && row.locked_until_ms > ask.now_ms),
        ("end_sessions", secure),
        ("take_second_factor", secure && row.second_factor),
        ("end_tokens", secure),
        ("link_identity", secure && open && !row.linked && ask.app.oidc.is_some()),
        ("unlink_identity", secure && row.linked),
    ];
    Ok(offers.into_iter().filter(|(_, good)| *good).map(|(word, _)| word).collect())
}

fn reason(given: &str) -> Result<String, Problem> {
    let given = given.trim();
    match given.chars().count() {
        1..=200 => Ok(given.to_owned()),
        _ => Err(unfit("accounts/no-reason").at(Some("reason"))),
    }
}

/// `POST /api/accounts/{account}`.
pub fn act(ask: &Ask) -> Result<Answer, Problem> {
    let act: Act = body(ask)?;
    let (row, manage, secure) = row(ask)?;
    let (id, accounts) = (row.account.id, ask.app.store.accounts());
    if id == ask.caller()?.account.id {
        return Err(Problem::new(StatusCode::CONFLICT, "accounts/own-account"));
    }
    let word = match &act {
        Act::Close { .. } => "close",
        Act::Reopen { .. } => "reopen",
        Act::Invite {} => "invite",
        Act::Reset {} => "reset",
        Act::Unlock {} => "unlock",
        Act::EndSessions { .. } => "end_sessions",
        Act::TakeSecondFactor { .. } => "take_second_factor",
        Act::EndTokens {} => "end_tokens",
        Act::LinkIdentity { .. } => "link_identity",
        Act::UnlinkIdentity { .. } => "unlink_identity",
    };
    let managing = matches!(act, Act::Close { .. } | Act::Reopen { .. } | Act::Invite {});
    let allowed = if managing { manage } else { secure };
    if !allowed {
        return Err(Problem::forbidden());
    }
    // An administrator's account is opened to somebody else by nobody but those who appoint administrators.
    let opens = matches!(
        act,
        Act::Reset {} | Act::Invite {} | Act::TakeSecondFactor { .. } | Act::Reopen { .. } | Act::LinkIdentity { .. }
    );
    if opens && coming(&row, ask.today()).any(|h| h.post.role.administers()) && !ask.caller()?.has(AccessAppoint) {
        return Err(Problem::forbidden());
    }
    if !may(ask, &row, manage, secure)?.contains(&word) {
        return Err(Problem::new(StatusCode::CONFLICT, "accounts/nothing-to-do"));
    }
    let event = match act {
        Act::Close { reason: given } => {
            let reason = reason(&given)?;
            accounts.close(id, ask.now_ms)?;
            AccountEvent::AccountClosed { reason }
        }
        Act::Reopen { reason: given } => {
            let reason = reason(&given)?;
            accounts.reopen(id)?;
            ask.app.lockout.right(&row.account.name);
            AccountEvent::AccountReopened { reason }
        }
        Act::Invite {} => return answered(ask, Some(linked(ask, id, LinkPurpose::SetPassword)?)),
        Act::Reset {} => return answered(ask, Some(linked(ask, id, LinkPurpose::Reset)?)),
        Act::Unlock {} => {
            accounts.unlock(id)?;
            ask.app.lockout.right(&row.account.name);
            AccountEvent::AccountUnlocked
        }
        Act::EndSessions { session: Some(session) } => match accounts.end_session(id, &session)? {
            true => AccountEvent::SessionsEnded { count: 1 },
            false => return Err(Problem::new(StatusCode::CONFLICT, "accounts/nothing-to-do")),
        },
        Act::EndSessions { session: None } => AccountEvent::SessionsEnded { count: accounts.end_sessions(id, None)? },
        Act::TakeSecondFactor { reason: given } => {
            let reason = reason(&given)?;
            accounts.drop_second_factor(id)?;
            AccountEvent::SecondFactorOff { reason: Some(reason) }
        }
        Act::EndTokens {} => AccountEvent::TokensEnded { count: accounts.end_tokens(id, ask.now_ms)? },
        Act::LinkIdentity { subject } => {
            let provider = ask.app.oidc.as_ref().ok_or_else(Problem::not_found)?;
            oidc::link(ask, id, provider.issuer(), oidc::subject_given(&subject)?)?;
            return answered(ask, None);
        }
        Act::UnlinkIdentity { reason: given } => {
            let reason = reason(&given)?;
            accounts.unlink_identities(id)?;
            let count = accounts.end_sessions(id, None)?;
            note_account(ask, Some(id), &AccountEvent::SessionsEnded { count })?;
            AccountEvent::IdentitiesUnlinked { reason: Some(reason) }
        }
    };
    note_account(ask, Some(id), &event)?;
    answered(ask, None)
}

/// A link in place of any before it.
pub fn linked(ask: &Ask, id: AccountId, purpose: LinkPurpose) -> Result<LinkMade, Problem> {
    let invitation = purpose == LinkPurpose::SetPassword;
    let expires_ms = ask.now_ms + if invitation { INVITED_MS } else { RESET_MS };
    let token = ask.app.store.accounts().make_only_link(purpose, id, expires_ms)?;
    note_account(ask, Some(id), &AccountEvent::LinkMade { invitation })?;
    Ok(LinkMade { url: format!("{}/link?token={token}", public::origin(ask)?), expires_ms })
}

/// A name to sign in with.
pub fn good_name(name: &str) -> bool {
    let length = name.chars().count();
    (1..=60).contains(&length) && name.trim() == name && !name.contains(|c: char| c.is_control() || c.is_whitespace())
}

/// A name to show.
pub fn good_display(display: &str) -> bool {
    (1..=60).contains(&display.trim().chars().count()) && !display.contains(char::is_control)
}

/// Whether the caller may make an account with this post.
pub fn may_give(ask: &Ask, place: &Place, post: Post) -> Result<bool, Problem> {
    let needed = if post.role.administers() { AccessAppoint } else { AccountsManage };
    Ok(place.closed.is_none() && ask.may(AccountsManage, place)? && ask.may(needed, place)?)
}

/// Says that whoever was invited holds a post: by whoever invites, where he may appoint to it; else as what comes with the
/// account, with the name of whoever made it.
pub fn appoint(ask: &Ask, account: AccountId, post: Post, from: Day) -> Result<(), Problem> {
    let person = ask.app.store.accounts().get(account)?.ok_or_else(Problem::not_found)?.person;
    let (take_up, actor) = invitations::take_up(ask, person, &ask.place(post.place)?, post, from)?;
    let answer = crate::command::give(ask, uuid::Uuid::now_v7(), take_up, actor)?;
    crate::command::accepted(answer).map(drop)
}

/// Makes an account without a password, with its first post, and the link that sets one.
pub fn invited(ask: &Ask, name: &str, display: &str, post: Post) -> Result<(AccountId, LinkMade), Problem> {
    let accounts = ask.app.store.accounts();
    let taken = || Problem::new(StatusCode::CONFLICT, "accounts/name-taken").arg("name", name).at(Some("name"));
    if accounts.named(name)?.is_some() {
        return Err(taken());
    }
    let id = keys::fresh_id();
    let new = NewAccount { id, name, display, password: None, held: &[] };
    if let Err(e) = accounts.create(&[new], ask.now_ms) {
        // Somebody else was faster.
        return Err(if accounts.named(name)?.is_some() { taken() } else { e.into() });
    }
    accounts.set_place(id, Some(post.place))?;
    appoint(ask, id, post, ask.today())?;
    note_account(ask, Some(id), &AccountEvent::AccountCreated)?;
    Ok((id, linked(ask, id, LinkPurpose::SetPassword)?))
}

/// `POST /api/accounts`.
pub fn create(ask: &Ask) -> Result<Answer, Problem> {
    let given: NewAccountGiven = body(ask)?;
    if !good_name(&given.name) {
        return Err(unfit("sign-in/bad-name").at(Some("name")));
    }
    if !good_display(&given.display) {
        return Err(unfit("sign-in/bad-name").at(Some("display")));
    }
    let post = given.post();
    if post.department.is_some() != (post.role == domain::basics::Role::Department) {
        return Err(unfit("accounts/department").at(Some("department")));
    }
    let place = ask.place(post.place).map_err(|_| Problem::forbidden().at(Some("place")))?;
    if !may_give(ask, &place, post)? {
        return Err(Problem::forbidden().at(Some("place")));
    }
    let (id, link) = invited(ask, &given.name, given.display.trim(), post)?;
    let row = ask.app.store.accounts().one(id)?.ok_or_else(Problem::not_found)?;
    let briefs = Briefs::load(ask, &[post.place])?;
    let (account, may) = (told(ask, &row, &briefs), may(ask, &row, true, false)?);
    let answer =
        AccountAnswer { account, may, sessions: Vec::new(), tokens: Vec::new(), identities: Vec::new(), link: Some(link) };
    Ok(Answer::json(&marked(ask, json!(answer))))
}

/// `GET /api/app-users`.
pub fn app_users(ask: &Ask) -> Result<Answer, Problem> {
    Ok(Answer::json(&marked(ask, json!(AppUsersAnswer { keys: keys_told(ask, phone_keys(ask)?)? }))))
}

/// Whether the key of a phone is the caller's business.
fn within(ask: &Ask, place: Option<PlaceId>) -> Result<bool, Problem> {
    let Some(place) = place.and_then(|id| ask.place(id).ok()) else { return Ok(false) };
    ask.may(AccountsManage, &place)
}

/// `POST /api/app-users`.
pub fn make_app_user(ask: &Ask) -> Result<Answer, Problem> {
    let given: NewAppUser = body(ask)?;
    let (label, expires_ms) = (label(&given.label)?, expiry(ask, given.days)?);
    let place = ask.place(given.place).map_err(|_| Problem::forbidden().at(Some("place")))?;
    let (id, key) = make_phone_key(ask, &place, label, expires_ms)?;
    let url = format!("{}/key/{key}", public::origin(ask)?);
    let qr = account_pages::qr(&url)?;
    let collect = openrosa::collect_settings(ask, &place, &key)?;
    let collect_qr = Some(account_pages::qr(&collect)?);
    Ok(Answer::json(&marked(ask, json!(KeyMade { id, key, url: Some(url), qr: Some(qr), collect: Some(collect), collect_qr }))))
}

/// A key for a phone at a place, if the caller may make one there; it is said in full this one time.
pub fn make_phone_key(ask: &Ask, place: &Place, label: &str, expires_ms: i64) -> Result<(AccountId, String), Problem> {
    if !ask.may(AccountsManage, place)? || place.closed.is_some() {
        return Err(Problem::forbidden().at(Some("place")));
    }
    let id = keys::fresh_id();
    let account = ask.caller()?.account.id;
    let capabilities = &[Capability::ProblemsReport, Capability::SurveysSubmit];
    let new = NewKey { kind: KeyKind::AppUser, account, label, capabilities, place: Some(place.id), expires_ms };
    let key = ask.app.store.accounts().make_key(id, &new, ask.now_ms)?;
    note_account(ask, None, &AccountEvent::AppUserMade { key: id })?;
    Ok((id, key))
}

/// Keys of phones that are the caller's business.
pub fn phone_keys(ask: &Ask) -> Result<Vec<AccessKey>, Problem> {
    let mut kept = Vec::new();
    for key in ask.app.store.accounts().app_users()? {
        if within(ask, key.place)? {
            kept.push(key);
        }
    }
    Ok(kept)
}

/// `DELETE /api/app-users/{key}`.
pub fn end_app_user(ask: &Ask) -> Result<Answer, Problem> {
    let id = AccountId(ask.path(0)?);
    let accounts = ask.app.store.accounts();
    let key = accounts.app_users()?.into_iter().find(|k| k.id == id).ok_or_else(Problem::not_found)?;
    if !within(ask, key.place)? || !accounts.end_app_user(id, ask.now_ms)? {
        return Err(Problem::not_found());
    }
    note_account(ask, None, &AccountEvent::AppUserEnded { key: id })?;
    Ok(Answer::json(&marked(ask, json!(Ended { ended: 1 }))))
}
