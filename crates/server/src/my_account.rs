//! One's own account: password, sessions, keys for programs. Nobody changes his own posts here, or anywhere.

use axum::http::StatusCode;
use domain::basics::{AccountId, Capability, PlaceId};
use serde::de::DeserializeOwned;
use serde_json::json;
use store::{AccessKey, Identity, KeyKind, NewKey, OpenSession, SecondFactor};

use crate::{
    account_answers::{Ended, IdentityTold, KeyMade, KeyTold, MyAccount, NewPassword, NewToken, SessionTold},
    account_events::{AccountEvent, note_account},
    answer::{Answer, Problem},
    ask::Ask,
    keys, passwords,
    rows::{Briefs, marked},
};

/// Longest life of a key, days.
const KEY_DAYS_MAX: u32 = 365;
/// Keys of one account that work at a time.
const KEYS_MAX: usize = 50;

/// A JSON body of a type.
pub fn body<T: DeserializeOwned>(ask: &Ask) -> Result<T, Problem> {
    serde_json::from_slice(&ask.body).map_err(|e| Problem::bad_command(e.to_string()))
}

/// A refusal because of what was sent.
pub fn unfit(code: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code)
}

/// `GET /api/account`.
pub fn get(ask: &Ask) -> Result<Answer, Problem> {
    let caller = ask.caller()?;
    let accounts = ask.app.store.accounts();
    let row = accounts.one(caller.account.id)?.ok_or_else(Problem::not_signed_in)?;
    let factor = accounts.second_factor(caller.account.id)?;
    let mut may_be_given: Vec<Capability> =
        caller.posts.iter().flat_map(|p| p.role.capabilities()).copied().filter(|c| keys::may_be_given(*c)).collect();
    may_be_given.sort_unstable();
    may_be_given.dedup();
    Ok(Answer::json(&marked(
        ask,
        json!(MyAccount {
            id: caller.account.id,
            name: caller.account.name.clone(),
            display: caller.account.display.clone(),
            has_password: row.has_password,
            password_min: passwords::MIN,
            second_factor: factor.is_on(),
            provider: ask.app.oidc.as_ref().map(|provider| provider.name(ask)),
            identities: identities_told(accounts.identities(caller.account.id)?),
            recovery_left: match factor {
                SecondFactor::On { recovery_left, .. } => recovery_left,
                SecondFactor::Off => 0,
            },
            sessions: sessions_told(accounts.sessions(caller.account.id, ask.now_ms)?, &caller.session),
            tokens: keys_told(ask, accounts.tokens(caller.account.id)?)?,
            may_be_given,
        }),
    )))
}

/// Sessions, as they are told.
pub fn sessions_told(sessions: Vec<OpenSession>, own: &str) -> Vec<SessionTold> {
    let told = |s: OpenSession| SessionTold {
        own: s.id == own,
        id: s.id,
        created_ms: s.created_ms,
        seen_ms: s.seen_ms,
        expires_ms: s.expires_ms,
        address: s.address,
        browser: s.browser,
    };
    sessions.into_iter().map(told).collect()
}

/// Identities, as they are told.
pub fn identities_told(identities: Vec<Identity>) -> Vec<IdentityTold> {
    identities.into_iter().map(|Identity { issuer, subject, linked_ms }| IdentityTold { issuer, subject, linked_ms }).collect()
}

/// `DELETE /api/account/identities`: only the password opens it from now on.
pub fn unlink(ask: &Ask) -> Result<Answer, Problem> {
    let (caller, accounts) = (ask.caller()?, ask.app.store.accounts());
    // Whoever has no password would be out for good.
    if !accounts.one(caller.account.id)?.is_some_and(|row| row.has_password) {
        return Err(Problem::new(StatusCode::CONFLICT, "accounts/no-password"));
    }
    let count = accounts.unlink_identities(caller.account.id)?;
    if count > 0 {
        note_account(ask, Some(caller.account.id), &AccountEvent::IdentitiesUnlinked { reason: None })?;
    }
    Ok(Answer::json(&marked(ask, json!(Ended { ended: count }))))
}

/// Keys, as they are told.
pub fn keys_told(ask: &Ask, keys: Vec<AccessKey>) -> Result<Vec<KeyTold>, Problem> {
    let places: Vec<PlaceId> = keys.iter().filter_map(|k| k.place).collect();
    let briefs = Briefs::load(ask, &places)?;
    let told = |k: AccessKey| KeyTold {
        id: k.id,
        label: k.label,
        capabilities: k.capabilities,
        place: k.place.and_then(|p| briefs.get(p)),
        created_ms: k.created_ms,
        expires_ms: k.expires_ms,
        used_ms: k.used_ms,
        works: k.ended_ms == 0 && k.expires_ms > ask.now_ms,
    };
    Ok(keys.into_iter().map(told).collect())
}

/// `POST /api/account/password`: all other sessions end.
pub fn password(ask: &Ask) -> Result<Answer, Problem> {
    let given: NewPassword = body(ask)?;
    let caller = ask.caller()?;
    let accounts = ask.app.store.accounts();
    let named = [caller.account.name.as_str(), caller.account.display.as_str(), ask.app.settings.installation.as_str()];
    if let Err(weakness) = passwords::check(&given.new, &named) {
        return Err(unfit(weakness.code()).arg("min", passwords::MIN).arg("max", passwords::MAX).at(Some("new")));
    }
    asked(ask)?;
    if !accounts.password_is(caller.account.id, &given.current, ask.now_ms)? {
        return Err(unfit("sign-in/wrong-password").at(Some("current")));
    }
    accounts.set_password(caller.account.id, &given.new, Some(&caller.session))?;
    note_account(ask, Some(caller.account.id), &AccountEvent::PasswordChanged)?;
    get(ask)
}

/// A password or code is asked for within a session: whoever found it open guesses no faster than at the door.
pub fn asked(ask: &Ask) -> Result<(), Problem> {
    let key = format!("asked {}", ask.caller()?.account.id);
    ask.app.limits.take(&key, 10, 600_000, ask.now_ms).map_err(Problem::too_many)
}

/// `DELETE /api/account/sessions`.
pub fn end_others(ask: &Ask) -> Result<Answer, Problem> {
    let caller = ask.caller()?;
    let count = ask.app.store.accounts().end_sessions(caller.account.id, Some(&caller.session))?;
    note_account(ask, Some(caller.account.id), &AccountEvent::SessionsEnded { count })?;
    Ok(Answer::json(&marked(ask, json!(Ended { ended: count }))))
}

/// `DELETE /api/account/sessions/{session}`.
pub fn end_session(ask: &Ask) -> Result<Answer, Problem> {
    let (caller, id) = (ask.caller()?, ask.path::<String>(0)?);
    if !ask.app.store.accounts().end_session(caller.account.id, &id)? {
        return Err(Problem::not_found());
    }
    note_account(ask, Some(caller.account.id), &AccountEvent::SessionsEnded { count: 1 })?;
    Ok(Answer::json(&marked(ask, json!(Ended { ended: 1 }))))
}

/// When a key of so many days ends.
pub fn expiry(ask: &Ask, days: u32) -> Result<i64, Problem> {
    match days {
        1..=KEY_DAYS_MAX => Ok(ask.now_ms + i64::from(days) * 86_400_000),
        _ => Err(unfit("keys/bad-days").arg("max", KEY_DAYS_MAX).at(Some("days"))),
    }
}

/// What a key is called.
pub fn label(text: &str) -> Result<&str, Problem> {
    let text = text.trim();
    match text.chars().count() {
        1..=60 if !text.contains(char::is_control) => Ok(text),
        _ => Err(unfit("keys/bad-label").at(Some("label"))),
    }
}

/// `POST /api/account/tokens`: never more than its owner may, now or later.
pub fn make_token(ask: &Ask) -> Result<Answer, Problem> {
    let given: NewToken = body(ask)?;
    let caller = ask.caller()?;
    let accounts = ask.app.store.accounts();
    let (label, expires_ms) = (label(&given.label)?, expiry(ask, given.days)?);
    crate::session::complete(ask)?;
    let wrong = given.capabilities.iter().find(|c| !caller.has(**c) || !keys::may_be_given(**c));
    if let Some(capability) = wrong {
        return Err(unfit("keys/too-much").arg("capability", capability.word()).at(Some("capabilities")));
    }
    if given.capabilities.is_empty() {
        return Err(unfit("keys/nothing").at(Some("capabilities")));
    }
    if let Some(id) = given.place {
        let place = ask.place(id).map_err(|_| Problem::forbidden().at(Some("place")))?;
        if !caller.posts.iter().any(|p| place.is_or_is_within(p.place)) {
            return Err(Problem::forbidden().at(Some("place")));
        }
    }
    let kept = accounts.tokens(caller.account.id)?;
    if kept.iter().filter(|k| k.ended_ms == 0 && k.expires_ms > ask.now_ms).count() >= KEYS_MAX {
        return Err(unfit("keys/too-many").arg("max", KEYS_MAX));
    }
    let mut capabilities = given.capabilities.clone();
    capabilities.sort_unstable();
    capabilities.dedup();
    let id = keys::fresh_id();
    let new = NewKey {
        kind: KeyKind::Token,
        account: caller.account.id,
        label,
        capabilities: &capabilities,
        place: given.place,
        expires_ms,
    };
    let key = accounts.make_key(id, &new, ask.now_ms)?;
    note_account(ask, Some(caller.account.id), &AccountEvent::TokenMade { key: id })?;
    Ok(Answer::json(&marked(ask, json!(KeyMade { id, key, url: None, qr: None, collect: None, collect_qr: None }))))
}

/// `DELETE /api/account/tokens/{token}`.
pub fn end_token(ask: &Ask) -> Result<Answer, Problem> {
    let (caller, id) = (ask.caller()?, AccountId(ask.path(0)?));
    if !ask.app.store.accounts().end_token(caller.account.id, id, ask.now_ms)? {
        return Err(Problem::not_found());
    }
    note_account(ask, Some(caller.account.id), &AccountEvent::TokensEnded { count: 1 })?;
    Ok(Answer::json(&marked(ask, json!(Ended { ended: 1 }))))
}
