//! Commands: decided by pure functions into facts, or refused with a named reason.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use uuid::Uuid;

use super::{AccountId, Capability, Day, PersonId, PlaceId, Post, Subject, View};
use crate::{Fact, Row, ViewId, places::Place};

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Somebody signed in, with the posts held today.
    Account {
        /// The account.
        id: AccountId,
        /// The person whose account it is.
        person: PersonId,
        /// Posts valid on the day of the act.
        posts: Vec<Post>,
    },
    /// A villager without an account.
    Public,
    /// The programme itself, when a clock runs out.
    System,
    /// An import run by whoever has the machine.
    Import,
}

impl Actor {
    /// How the log writes it.
    pub fn word(&self) -> String {
        match self {
            Actor::Account { id, .. } => format!("account:{id}"),
            Actor::Public => "public".into(),
            Actor::System => "system".into(),
            Actor::Import => "import".into(),
        }
    }

    /// The account, if somebody is signed in.
    pub fn account(&self) -> Option<AccountId> {
        match self {
            Actor::Account { id, .. } => Some(*id),
            Actor::Public | Actor::System | Actor::Import => None,
        }
    }

    /// The person, if somebody is signed in.
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Actor::Account { person, .. } => Some(*person),
            Actor::Public | Actor::System | Actor::Import => None,
        }
    }

    /// The posts, none for anybody else.
    pub fn posts(&self) -> &[Post] {
        match self {
            Actor::Account { posts, .. } => posts,
            Actor::Public | Actor::System | Actor::Import => &[],
        }
    }

    /// A post from which a claim about a place can be verified: it may, and is neither the claimer's nor under it (invariant
    /// `nobody-verifies-his-own`). `by` is the account that claimed.
    ///
    /// # Errors
    /// Why there is none.
    pub fn independent_post(
        &self,
        capability: Capability,
        place: &Place,
        claimer: Post,
        by: Option<AccountId>,
    ) -> Result<Post, Dependence> {
        if by.is_some() && by == self.account() {
            return Err(Dependence::HisOwn);
        }
        let mut dependence = Dependence::UnderTheClaimer;
        for post in self.posts().iter().copied() {
            if !(post.role.capabilities().contains(&capability) && place.is_or_is_within(post.place)) {
                continue;
            }
            let above: Vec<PlaceId> = place.within.iter().copied().take_while(|id| *id != post.place).collect();
            if post == claimer {
                dependence = Dependence::SamePost;
            } else if !post.is_under(&above, claimer) {
                return Ok(post);
            }
        }
        Err(dependence)
    }

    /// The first post that allows `capability` at `place`.
    pub fn post_for(&self, capability: Capability, place: &Place) -> Option<Post> {
        self.posts().iter().copied().find(|p| place.is_or_is_within(p.place) && p.role.capabilities().contains(&capability))
    }
}

/// Why somebody cannot verify a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dependence {
    /// He made it himself.
    HisOwn,
    /// His post made it.
    SamePost,
    /// He stands under the post that made it, or may verify nothing there.
    UnderTheClaimer,
}

/// Everything about the moment of the act that is not in the views.
#[derive(Debug, Clone)]
pub struct Context {
    /// Server time, milliseconds since 1970.
    pub now_ms: i64,
    /// Who acts.
    pub actor: Actor,
    /// Id of the command, chosen by the client.
    pub command: Uuid,
    /// A fresh id for whatever the command creates.
    pub fresh: Uuid,
}

impl Context {
    /// The day of the act in Asia/Shanghai.
    pub fn today(&self) -> Day {
        Day::of_ms(self.now_ms)
    }
}

/// What has to be allowed before a command is decided. Checked at one door for all commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// A post that gives the capability over the place.
    Post(Capability, PlaceId),
    /// Open to everybody, limited elsewhere (rates, receipts).
    Anybody,
    /// Only the programme itself or an import.
    Machine,
}

/// Rows that a command wants to see.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Read {
    /// One row.
    Row(ViewId, String),
    /// Every place, for imports.
    AllPlaces,
}

/// A fact on its way into the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The organisation whose chain it goes to.
    pub org: u32,
    /// What it is about.
    pub subject: Subject,
    /// The place it belongs to.
    pub place: PlaceId,
    /// When it became true, as claimed, ms since 1970.
    pub effective_ms: i64,
    /// What happened.
    pub fact: Fact,
}

/// A fact in the log, decoded, with the parts of the envelope that folds may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Organisation of the chain.
    pub org: u32,
    /// Number within the chain.
    pub seq: u64,
    /// What it is about.
    pub subject: Subject,
    /// The place it belongs to.
    pub place: PlaceId,
    /// Who, as the log writes it.
    pub actor: String,
    /// When it became true, as claimed, ms since 1970.
    pub effective_ms: i64,
    /// When it was recorded, ms since 1970.
    pub recorded_ms: i64,
    /// What happened.
    pub fact: Fact,
}

impl Recorded {
    /// The account that acted, if one did.
    pub fn account(&self) -> Option<AccountId> {
        self.actor.strip_prefix("account:").and_then(|id| id.parse().ok())
    }
}

/// The rows a command may look at: loaded before it is decided, and kept up to date within a batch.
#[derive(Debug, Default)]
pub struct Rows {
    // By view first, so that looking up a key copies nothing.
    rows: BTreeMap<ViewId, HashMap<String, Option<Row>>>,
    all_places: bool,
}

impl Rows {
    /// The row, or nothing where there is none (or it was not loaded, which is a defect of `reads`).
    pub fn get<V: View>(&self, key: &str) -> Option<&V>
    where
        Row: AsView<V>,
    {
        let found = self.found(V::ID, key);
        debug_assert!(found.is_some() || self.all_places, "row {:?} {key} was not asked for by reads()", V::ID);
        found.and_then(Option::as_ref).and_then(|row| row.as_view())
    }

    /// The place with this id.
    pub fn place(&self, id: PlaceId) -> Option<&Place> {
        self.get::<Place>(&id.key())
    }

    /// How many rows, and absences of rows, have been put in.
    pub fn count(&self) -> usize {
        self.rows.values().map(HashMap::len).sum()
    }

    /// Whether what is wanted is there already.
    pub fn has(&self, read: &Read) -> bool {
        match read {
            Read::Row(view, key) => self.found(*view, key).is_some(),
            Read::AllPlaces => self.all_places,
        }
    }

    /// Puts a row (or its absence) in.
    pub fn put(&mut self, view: ViewId, key: String, row: Option<Row>) {
        self.rows.entry(view).or_default().insert(key, row);
    }

    /// Notes that every place has been put in.
    pub fn all_places_loaded(&mut self) {
        self.all_places = true;
    }

    /// All places that were put in.
    pub fn places(&self) -> impl Iterator<Item = &Place> {
        self.rows.get(&ViewId::Places).into_iter().flat_map(HashMap::values).filter_map(|row| row.as_ref()?.as_view())
    }

    /// A row of any view, for writing it down.
    pub fn peek(&self, view: ViewId, key: &str) -> Option<&Row> {
        self.found(view, key).and_then(Option::as_ref)
    }

    fn found(&self, view: ViewId, key: &str) -> Option<&Option<Row>> {
        self.rows.get(&view)?.get(key)
    }

    /// Takes a row out for folding; the caller puts the result back.
    pub fn take(&mut self, view: ViewId, key: &str) -> Option<Option<Row>> {
        self.rows.get_mut(&view)?.remove(key)
    }
}

/// Access to a typed row inside [`Row`].
pub trait AsView<V> {
    /// The row as this view's type, if it is one.
    fn as_view(&self) -> Option<&V>;
}

/// A refusal ready to be told: a stable word and what the person needs to act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusalBody {
    /// `problems/not-the-verifier`.
    pub code: String,
    /// Named values for the wording.
    pub args: serde_json::Map<String, serde_json::Value>,
    /// English, for logs and terminals without the locale files.
    pub english: String,
}

impl RefusalBody {
    /// From a room's refusal enum, which serialises with its `code` as tag.
    pub fn of<R: Serialize + std::fmt::Display>(room: &str, refusal: &R) -> RefusalBody {
        let mut args = match serde_json::to_value(refusal) {
            Ok(serde_json::Value::Object(map)) => map,
            _ => serde_json::Map::new(),
        };
        let code = args.remove("code").and_then(|c| c.as_str().map(str::to_owned)).unwrap_or_else(|| "refused".into());
        RefusalBody { code: format!("{room}/{code}"), args, english: refusal.to_string() }
    }
}

/// A command of a room.
pub trait Decide {
    /// Why it may be refused.
    type Refusal: Serialize + std::fmt::Display + std::fmt::Debug;

    /// Rows it looks at; asked again with what has been loaded until nothing new is wanted.
    fn reads(&self, rows: &Rows) -> Vec<Read>;

    /// What has to be allowed. `None` where a row it depends on does not exist: the answer is then
    /// the same as for somebody else's place.
    fn authority(&self, rows: &Rows) -> Option<Authority>;

    /// The facts, or the reason why not.
    ///
    /// # Errors
    /// The named refusal.
    fn decide(self, rows: &Rows, cx: &Context) -> Result<Vec<Draft>, Self::Refusal>;

    /// The one field of this command that a refusal speaks of, if it is one: by its reason (the code without the room),
    /// which is all that is kept of a refusal, so that a repeated answer names it too.
    fn field(&self, _reason: &str) -> Option<&'static str> {
        None
    }
}
