//! HTTP: every URL, the one way to write, the few ways to read, and the public pages.
//!
//! Handlers are plain functions from an [`ask::Ask`] to an answer or a problem document; they may block, and run on
//! threads made for that. Start reading at `routes.rs`, then `ask.rs`, `command.rs`, `rows.rs`.

pub mod access;
mod account_answers;
mod account_events;
mod account_pages;
mod accounts;
mod answer;
mod answers;
mod ask;
mod asked_once;
mod assets;
mod audit;

mod bodies;
mod campaigns;
mod central;
mod central_drafts;
mod central_entities;
mod central_phones;
mod central_reviews;
mod checkpoints;
mod clocks;
mod command;
mod dossier;
mod duties;
mod export;
mod facts_api;
mod files;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod indicators;
mod invitations;
mod keys;
mod limits;
mod map;
mod mapping;
mod my_account;
mod odata;
pub mod oidc;
mod openapi;
mod openrosa;
mod operations;
pub mod passwords;
mod persons;
mod places;
mod planning;
mod public;
mod public_duties;
mod recompute;
mod routes;
mod rows;
mod session;
mod sheets;
mod submission_export;
mod surveys;
pub mod syslog;
mod tabulated;
mod today;
mod villages;
mod visits;
pub mod wording;

use std::{
    sync::{Arc, Mutex, RwLock},
    time::{SystemTime, UNIX_EPOCH},
};

use domain::{
    basics::{Day, PlaceId},
    places::{Level, Place},
};
use store::Store;

pub use audit::{checkpoints_made, note_counts, started, stopped};
pub use clocks::run_clocks;
pub use openapi::document as openapi_document;
pub use persons::held_about;
pub use recompute::told as doubt_told;

/// How this installation presents itself.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name of the installation, used on pages and in checkpoints.
    pub installation: String,
    /// Whether everything is made up; every page, export and answer then says so.
    pub demo: bool,
    /// Whether cookies may only travel over TLS.
    pub secure_cookies: bool,
    /// Take the client's address from the proxy's header.
    pub behind_proxy: bool,
    /// A fixed "now" for tests, ms since 1970.
    pub now_ms: Option<i64>,
    /// One-line sign-in hints for the demo's sign-in page: name, display, password.
    pub demo_sign_ins: Vec<(String, String, String)>,
    /// How people sign in, and how long that holds.
    pub access: access::Access,
    /// Whose identities open accounts as well.
    pub oidc: Option<oidc::Settings>,
}

/// Everything a handler can reach.
pub struct App {
    /// The data.
    pub store: Arc<Store>,
    /// How it presents itself.
    pub settings: Settings,
    limits: limits::Limits,
    bursts: audit::Bursts,
    lockout: limits::Lockout,
    uploads: files::Uploads,
    room: bodies::Room,
    oidc: Option<oidc::Provider>,
    invitations: invitations::Progress,
    ready_forms: recompute::ReadyForms,
    map: map::MapCache,
    indicators: indicators::Cache,
    counted: rows::CountCache,
    tabulated: tabulated::Kept,
    searches: planning::search::Searches,
    assets: assets::Assets,
    metrics: operations::Metrics,
    roots: RwLock<(u64, Vec<Root>)>,
    /// The day on which the contacts that are kept were last looked through.
    persons_on: Mutex<Option<Day>>,
    /// Failures told to nobody but the log, by id.
    accidents: Mutex<u64>,
}

/// A place that lies in no other known place, or the highest places of a small installation.
#[derive(Debug, Clone)]
pub struct Root {
    /// Identity.
    pub id: PlaceId,
    /// Level.
    pub level: Level,
    /// Name.
    pub name: String,
    /// Organisation.
    pub org: u32,
}

impl App {
    /// An application over a store.
    pub fn new(store: Arc<Store>, settings: Settings) -> Arc<App> {
        let oidc = settings.oidc.clone().map(oidc::Provider::new);
        Arc::new(App {
            store,
            settings,
            oidc,
            invitations: invitations::Progress::default(),
            ready_forms: recompute::ReadyForms::default(),
            limits: limits::Limits::default(),
            bursts: audit::Bursts::default(),
            lockout: limits::Lockout::default(),
            uploads: files::Uploads::default(),
            room: bodies::Room::default(),
            map: map::MapCache::default(),
            indicators: indicators::Cache::default(),
            counted: rows::CountCache::default(),
            tabulated: tabulated::Kept::default(),
            searches: planning::search::Searches::default(),
            assets: assets::Assets::default(),
            metrics: operations::Metrics::new(),
            roots: RwLock::new((u64::MAX, Vec::new())),
            persons_on: Mutex::new(None),
            accidents: Mutex::new(0),
        })
    }

    /// The server's clock, ms since 1970.
    pub fn now_ms(&self) -> i64 {
        self.settings.now_ms.unwrap_or_else(|| {
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX))
        })
    }

    /// The places at the top of what is known here.
    pub fn roots(&self) -> Result<Vec<Root>, store::StoreError> {
        let position = self.store.positions().of(domain::ViewId::Places);
        if let Ok(kept) = self.roots.read()
            && kept.0 == position
        {
            return Ok(kept.1.clone());
        }
        let mut roots = Vec::new();
        for level in Level::ALL {
            let list = store::List {
                view: domain::ViewId::Places,
                scope: store::Scope::All,
                conditions: vec![store::Condition::OneOf("level".into(), vec![level.word().into()])],
                sort: Some(("code".into(), false)),
                after: None,
                limit: 64,
            };
            for row in self.store.list(&list)?.rows {
                let place: Place =
                    serde_json::from_str(&row.data).map_err(|e| store::StoreError::Stored(format!("place: {e}")))?;
                if place.within.is_empty() {
                    roots.push(Root { id: place.id, level: place.level, name: place.name, org: place.org });
                }
            }
            if !roots.is_empty() {
                break;
            }
        }
        if let Ok(mut kept) = self.roots.write() {
            *kept = (position, roots.clone());
        }
        Ok(roots)
    }
}

/// The whole application as a service.
pub fn service(app: Arc<App>) -> axum::Router {
    routes::router(app)
}
