//! What a handler is asked, and who asks.

use std::{net::IpAddr, sync::Arc};

use axum::http::HeaderMap;
use bytes::Bytes;
use domain::{
    ViewId,
    basics::{Actor, Capability, Day, PlaceId, Post},
    places::{Level, Place},
};
use store::{Account, Scope};

use crate::{App, answer::Problem, bodies::Parcel, keys::Limit, wording::Language};

/// Somebody signed in.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The account.
    pub account: Account,
    /// Posts held today; with a key for one place only as far as they reach into it.
    pub posts: Vec<Post>,
    /// Token that plain forms must carry; none with a key.
    pub csrf: String,
    /// The session's own token, to end it.
    pub token: String,
    /// The session's name in lists.
    pub session: String,
    /// What a key may do less than its owner; none for somebody who signed in.
    pub limit: Option<Limit>,
}

impl Caller {
    /// Whether any post gives the capability anywhere.
    pub fn has(&self, capability: Capability) -> bool {
        self.may_use(capability) && self.posts.iter().any(|p| p.role.capabilities().contains(&capability))
    }

    /// Whether the key goes so far, if it is one.
    pub fn may_use(&self, capability: Capability) -> bool {
        self.limit.as_ref().is_none_or(|l| l.capabilities.contains(&capability))
    }

    /// As a rule about places sees it; what gives commands is `keys::acting`.
    pub fn actor(&self) -> Actor {
        Actor::Account { id: self.account.id, person: self.account.person, posts: self.posts.clone() }
    }
}

/// One request, with everything that came with it.
pub struct Ask {
    /// The application.
    pub app: Arc<App>,
    /// Who asks, if somebody is signed in.
    pub caller: Option<Caller>,
    /// Path parameters in order.
    pub path: Vec<String>,
    /// Query parameters in order.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// The body of a route that takes more than fits in memory; `body` is empty then.
    pub parcel: Option<Parcel>,
    /// Address of the client.
    pub client: IpAddr,
    /// Language of the answer.
    pub language: Language,
    /// Server time, ms since 1970.
    pub now_ms: i64,
}

impl Ask {
    /// Today in Asia/Shanghai.
    pub fn today(&self) -> Day {
        Day::of_ms(self.now_ms)
    }

    /// The first query parameter of this name.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// A query parameter that must be there and of a type.
    pub fn need<T: std::str::FromStr>(&self, name: &str) -> Result<T, Problem> {
        let text = self.param(name).ok_or_else(|| Problem::bad_query(format!("{name}?")))?;
        text.parse().map_err(|_| Problem::bad_query(format!("{name}={text}")))
    }

    /// A path parameter of a type.
    pub fn path<T: std::str::FromStr>(&self, i: usize) -> Result<T, Problem> {
        self.path.get(i).and_then(|p| p.parse().ok()).ok_or_else(Problem::not_found)
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok())
    }

    /// Who asks; routes that need somebody have checked already.
    pub fn caller(&self) -> Result<&Caller, Problem> {
        self.caller.as_ref().ok_or_else(Problem::not_signed_in)
    }

    /// A place by id, as a row.
    pub fn place(&self, id: PlaceId) -> Result<Place, Problem> {
        match self.app.store.row(ViewId::Places, &id.key())? {
            Some(domain::Row::Places(place)) => Ok(*place),
            _ => Err(Problem::not_found()),
        }
    }

    /// A place that the caller may read.
    pub fn readable_place(&self, id: PlaceId) -> Result<Place, Problem> {
        let place = self.place(id)?;
        match self.may(Capability::Read, &place)? {
            true => Ok(place),
            false => Err(Problem::not_found()),
        }
    }

    /// Whether the caller may do something at a place.
    pub fn may(&self, capability: Capability, place: &Place) -> Result<bool, Problem> {
        let caller = self.caller()?;
        Ok(caller.may_use(capability) && caller.actor().post_for(capability, place).is_some())
    }

    /// The caller's own places for a capability, as a scope; `place=` narrows it.
    pub fn scope(&self, capability: Capability) -> Result<Scope, Problem> {
        if let Some(text) = self.param("place").filter(|p| !p.is_empty()) {
            let id = text.parse().map(PlaceId).map_err(|_| Problem::bad_query(format!("place={text}")))?;
            let place = self.place(id).map_err(|_| Problem::forbidden())?;
            if !self.may(capability, &place)? {
                return Err(Problem::forbidden());
            }
            return Ok(self.narrowed(&place));
        }
        let caller = self.caller()?;
        let mut places: Vec<PlaceId> =
            caller.posts.iter().filter(|p| p.role.capabilities().contains(&capability)).map(|p| p.place).collect();
        places.retain(|_| caller.may_use(capability));
        places.sort_unstable();
        places.dedup();
        let roots = self.app.roots()?;
        if !roots.is_empty() && roots.iter().all(|r| places.contains(&r.id)) {
            return Ok(Scope::All);
        }
        let mut within = Vec::new();
        for id in places {
            if let Ok(place) = self.place(id) {
                within.push((place.id, place.level, place.org));
            }
        }
        Ok(Scope::Within(within))
    }

    /// The scope of one place; everything, where that place is all there is.
    pub fn narrowed(&self, place: &Place) -> Scope {
        let whole = self.app.roots().is_ok_and(|roots| matches!(roots.as_slice(), [only] if only.id == place.id));
        if whole { Scope::All } else { Scope::Within(vec![(place.id, place.level, place.org)]) }
    }

    /// The highest place of the caller's posts.
    pub fn home(&self) -> Result<Option<Place>, Problem> {
        let mut best: Option<Place> = None;
        for post in &self.caller()?.posts {
            if let Ok(place) = self.place(post.place)
                && best.as_ref().is_none_or(|b| place.level < b.level)
            {
                best = Some(place);
            }
        }
        Ok(best)
    }
}

/// The level below.
pub fn below(level: Level) -> Option<Level> {
    let at = Level::ALL.iter().position(|l| *l == level)?;
    Level::ALL.get(at + 1).copied()
}
