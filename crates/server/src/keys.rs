//! Keys of programs and phones at the door: they act within the posts of their owner, and within their own scope.
//!
//! A key comes as `Authorization: Bearer`, never by itself as a cookie does: no header against other sites is needed.
//! It opens no page of a person: no account, session or key is made or ended with it.

use axum::http::StatusCode;
use domain::{
    Command,
    basics::{AccountId, Actor, Authority, Capability, PersonId, PlaceId, Post, Role},
    places::Place,
};
use serde_json::json;
use store::{AccessKey, Account, KeyKind};

use crate::{
    account_answers::KeyAnswer,
    answer::{Answer, Problem},
    ask::{Ask, Caller},
    rows::{Briefs, marked},
};

/// Requests with one key within a minute.
const REQUESTS_MAX: usize = 600;
/// Wrong keys from one address within ten minutes.
const WRONG_MAX: usize = 60;
/// What no program may do, whoever its owner is: it could make itself a second life that outlives it.
const NEVER: [Capability; 4] =
    [Capability::AccountsManage, Capability::AccountsSecure, Capability::AccessAppoint, Capability::DutiesAppoint];

/// What a key may do less than its owner.
#[derive(Debug, Clone)]
pub struct Limit {
    /// Nothing but this.
    pub capabilities: Vec<Capability>,
    /// Nowhere but here.
    pub place: Option<Place>,
    /// Posts with which it acts: those of the owner, whole, because facts name them.
    pub posts: Vec<Post>,
}

/// Whether a program may be given this.
pub fn may_be_given(capability: Capability) -> bool {
    !NEVER.contains(&capability)
}

/// Whoever comes with a key, if somebody does.
pub fn bearer(ask: &Ask) -> Result<Option<Caller>, Problem> {
    let Some(given) = ask.header("authorization") else { return Ok(None) };
    let refused = || Problem::new(StatusCode::UNAUTHORIZED, "keys/refused");
    let key = given.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, key)| key.trim());
    let key = key.filter(|k| [KeyKind::Token, KeyKind::AppUser].iter().any(|kind| k.starts_with(kind.prefix())));
    let found = key.map(|key| known(ask, key)).transpose()?.flatten().ok_or_else(refused)?;
    caller(ask, found)?.ok_or_else(refused).map(Some)
}

/// The phone whose key stands in the address, as surveying apps have it. Whatever is wrong with it is told as *forbidden*:
/// at *unauthorised* they would ask for a password.
pub fn in_path(ask: &Ask) -> Result<Caller, Problem> {
    let refused = || Problem::new(StatusCode::FORBIDDEN, "keys/refused");
    let given = ask.path.first().filter(|k| k.starts_with(KeyKind::AppUser.prefix())).ok_or_else(refused)?;
    let found = known(ask, given)?.ok_or_else(refused)?;
    caller(ask, found)?.ok_or_else(refused)
}

/// A key that works. Guessing is slow, and using one has a measure.
fn known(ask: &Ask, key: &str) -> Result<Option<AccessKey>, Problem> {
    let limits = &ask.app.limits;
    match ask.app.store.accounts().key(key, ask.now_ms)? {
        Some(found) => {
            limits.take(&format!("key {}", found.id), REQUESTS_MAX, 60_000, ask.now_ms).map_err(Problem::too_many)?;
            Ok(Some(found))
        }
        None => {
            limits.take(&format!("wrong key {}", ask.client), WRONG_MAX, 600_000, ask.now_ms).map_err(Problem::too_many)?;
            Ok(None)
        }
    }
}

/// The key as somebody who asks; none where its owner or its place are gone.
fn caller(ask: &Ask, key: AccessKey) -> Result<Option<Caller>, Problem> {
    let place = key.place.map(|id| ask.place(id)).transpose().unwrap_or_default();
    if key.place.is_some() && place.as_ref().is_none_or(|p| p.closed.is_some()) {
        return Ok(None);
    }
    let (account, posts) = match (key.kind, &place) {
        (KeyKind::Token, _) => {
            let Some(owner) = ask.app.store.accounts().get(key.account)?.filter(|a| !a.disabled) else { return Ok(None) };
            let posts = owner.posts_on(ask.today());
            (owner, posts)
        }
        // Reports like somebody of the village committee, and nothing else.
        (KeyKind::AppUser, Some(place)) => {
            let name = key.label.clone();
            let account = Account {
                id: key.id,
                person: PersonId(key.id.0),
                display: name.clone(),
                name,
                disabled: false,
                held: Vec::new(),
            };
            (account, vec![Post::new(place.id, Role::Village)])
        }
        (KeyKind::AppUser, None) => return Ok(None),
    };
    let seen_from = match &place {
        None => posts.clone(),
        Some(place) => posts.iter().filter_map(|post| narrowed(ask, *post, place)).collect(),
    };
    let limit = Limit { capabilities: key.capabilities, place, posts };
    Ok(Some(Caller {
        account,
        posts: seen_from,
        csrf: String::new(),
        token: String::new(),
        session: String::new(),
        limit: Some(limit),
    }))
}

/// A post as far as it reaches into a place.
fn narrowed(ask: &Ask, post: Post, place: &Place) -> Option<Post> {
    if place.is_or_is_within(post.place) {
        return Some(Post { place: place.id, ..post });
    }
    ask.place(post.place).ok().filter(|own| own.is_or_is_within(place.id)).map(|_| post)
}

/// Whoever gives a command: with a key only what the key may do, where it may.
pub fn acting(ask: &Ask, command: &Command) -> Result<Actor, Problem> {
    let caller = ask.caller()?;
    let Some(limit) = &caller.limit else { return Ok(caller.actor()) };
    // A signature, a stand-in, an appointment, or to see or erase somebody's particulars is a person's own act.
    if matches!(command, Command::Duties(_) | Command::Persons(_)) {
        return Err(Problem::forbidden());
    }
    let within = |id: PlaceId| match &limit.place {
        None => true,
        Some(place) => ask.place(id).is_ok_and(|p| p.is_or_is_within(place.id)),
    };
    match ask.app.store.authority(command)? {
        Some(Authority::Post(capability, place)) if caller.may_use(capability) && within(place) => {
            Ok(Actor::Account { id: caller.account.id, person: caller.account.person, posts: limit.posts.clone() })
        }
        _ => Err(Problem::forbidden()),
    }
}

/// `GET /key/{key}`: whose key this is, for the phone that has just been given it.
pub fn who(ask: &Ask) -> Result<Answer, Problem> {
    let given: String = ask.path(0)?;
    let found = match given.starts_with(KeyKind::AppUser.prefix()) {
        true => known(ask, &given)?,
        false => None,
    };
    let key = found.ok_or_else(Problem::not_found)?;
    let (expires_ms, name) = (key.expires_ms, key.label.clone());
    let caller = caller(ask, key)?.ok_or_else(Problem::not_found)?;
    let place = caller.posts.first().map(|p| p.place).ok_or_else(Problem::not_found)?;
    let place = Briefs::load(ask, &[place])?.get(place).ok_or_else(Problem::not_found)?;
    Ok(Answer::json(&marked(ask, json!(KeyAnswer { name, place, expires_ms }))))
}

/// A fresh identity for a key.
pub fn fresh_id() -> AccountId {
    AccountId(uuid::Uuid::now_v7())
}
