//! The programme itself, pure: facts, commands and views of every room. No I/O, clock or randomness
//! (invariant `pure-core`, held by `xtask tidy`).
//!
//! Start with `basics/decide.rs`, then any room's `mod.rs`.

pub mod access;
pub mod basics;
pub mod campaigns;
pub mod duties;
pub mod indicators;
pub mod persons;
pub mod places;
pub mod planning;
pub mod problems;
pub mod rules;
#[cfg(test)]
mod scenes;
pub mod surveys;
pub mod visits;

use basics::{AsView, Authority, Capability, Column, Context, Decide, Draft, Read, Recorded, RefusalBody, Rows, Value, View};
use facts::ChainName;
use serde::{Deserialize, Deserializer, Serialize};

/// Which part of a place's dossier a room declares.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct DossierSection {
    /// The room.
    pub room: &'static str,
    /// Its view; must have a column `place`.
    pub view: &'static str,
    /// Columns to show.
    pub columns: &'static [&'static str],
    /// Order, as in lists.
    pub sort: &'static str,
}

/// The dossier of a place, in order.
pub const DOSSIER: &[DossierSection] =
    &[places::DOSSIER, duties::DOSSIER, problems::DOSSIER, surveys::READINGS_DOSSIER, surveys::SUBMISSIONS_DOSSIER];

/// The JSON body of a fact. Plain structs of ours always serialise.
#[doc(hidden)]
pub fn encode_body<T: Serialize>(body: &T) -> String {
    // Room for most bodies and rows at once: growing step by step costs more than writing.
    let mut text = Vec::with_capacity(1024);
    serde_json::to_writer(&mut text, body).expect("fact bodies are plain data with string keys");
    String::from_utf8(text).expect("JSON is written in UTF-8")
}

macro_rules! rooms {
    (
        facts { $($fvariant:ident($fmod:ident)),+ $(,)? }
        views { $($vvariant:ident $vname:literal ($vtype:path)),+ $(,)? }
        commands { $($cvariant:ident $cprefixes:tt ($ctype:path) $croom:literal),+ $(,)? }
    ) => {
        /// Every fact of every room.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Fact { $(#[doc = concat!("Room ", stringify!($fmod), ".")] $fvariant($fmod::Fact)),+ }

        impl Fact {
            /// Every kind there is.
            pub fn kinds() -> Vec<&'static str> {
                [$($fmod::Fact::KINDS),+].concat()
            }
            /// The stable word of the kind.
            pub fn kind(&self) -> &'static str {
                match self { $(Fact::$fvariant(f) => f.kind()),+ }
            }
            /// The JSON body, exactly as it is hashed and stored.
            pub fn encode(&self) -> String {
                match self { $(Fact::$fvariant(f) => f.encode()),+ }
            }
            /// Reads a stored body back.
            ///
            /// # Errors
            /// A kind that this version does not know, or a body that does not fit it.
            pub fn decode(kind: &str, body: &str) -> Result<Fact, DecodeError> {
                $(if let Some(found) = $fmod::Fact::decode(kind, body) {
                    return found.map(Fact::$fvariant).map_err(|source| DecodeError::Body { kind: kind.to_owned(), source });
                })+
                Err(DecodeError::Kind(kind.to_owned()))
            }
        }

        /// Every view.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ViewId { $(#[doc = concat!("View `", $vname, "`.")] $vvariant),+ }

        impl ViewId {
            /// All of them, in order of building.
            pub const ALL: &'static [ViewId] = &[$(ViewId::$vvariant),+];
            /// The name in URLs, tables and locale files.
            pub fn name(self) -> &'static str { match self { $(ViewId::$vvariant => $vname),+ } }
            /// The view with this name.
            pub fn from_name(name: &str) -> Option<ViewId> { ViewId::ALL.iter().copied().find(|v| v.name() == name) }
            /// Version of fold, row and columns.
            pub fn version(self) -> u32 { match self { $(ViewId::$vvariant => <$vtype as View>::VERSION),+ } }
            /// Declared columns.
            pub fn columns(self) -> &'static [Column] { match self { $(ViewId::$vvariant => <$vtype as View>::COLUMNS),+ } }
            /// What somebody must be able to do to see it.
            pub fn capability(self) -> Capability { match self { $(ViewId::$vvariant => <$vtype as View>::CAPABILITY),+ } }
            /// What somebody must be able to do to take it away as a file.
            pub fn export_capability(self) -> Capability { match self { $(ViewId::$vvariant => <$vtype as View>::EXPORT),+ } }
            /// The chains whose facts it folds.
            pub fn chain(self) -> ChainName { match self { $(ViewId::$vvariant => <$vtype as View>::CHAIN),+ } }
            /// The row that a fact touches in this view.
            pub fn key(self, fact: &Recorded) -> Option<String> { match self { $(ViewId::$vvariant => <$vtype as View>::key(fact)),+ } }
            /// The row after the fact.
            pub fn fold(self, row: Option<Row>, fact: &Recorded) -> Option<Row> {
                match self {
                    $(ViewId::$vvariant => {
                        let row = row.and_then(|r| match r { Row::$vvariant(v) => Some(*v), #[allow(unreachable_patterns)] _ => None });
                        <$vtype as View>::fold(row, fact).map(|v| Row::$vvariant(Box::new(v)))
                    }),+
                }
            }
            /// Reads a stored row.
            ///
            /// # Errors
            /// The text is not such a row.
            pub fn decode(self, json: &str) -> Result<Row, serde_json::Error> {
                match self { $(ViewId::$vvariant => serde_json::from_str::<$vtype>(json).map(|v| Row::$vvariant(Box::new(v)))),+ }
            }
        }

        /// A row of any view.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Row { $(#[doc = concat!("Row of `", $vname, "`.")] $vvariant(Box<$vtype>)),+ }

        impl Row {
            /// The row as stored.
            pub fn encode(&self) -> String { match self { $(Row::$vvariant(v) => encode_body(v)),+ } }
            /// Values for the declared columns.
            pub fn values(&self) -> Vec<Value> { match self { $(Row::$vvariant(v) => v.values()),+ } }
        }

        $(impl AsView<$vtype> for Row {
            fn as_view(&self) -> Option<&$vtype> {
                match self { Row::$vvariant(v) => Some(v), #[allow(unreachable_patterns)] _ => None }
            }
        })+

        /// Every command of every room.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        #[serde(untagged)]
        #[allow(clippy::large_enum_variant)]
        pub enum Command { $(#[doc = concat!("Commands of room ", $croom, ".")] $cvariant($ctype)),+ }

        impl<'de> Deserialize<'de> for Command {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                use serde::de::Error;
                let value = serde_json::Value::deserialize(d)?;
                let word = value.get("type").and_then(|t| t.as_str()).ok_or_else(|| D::Error::custom("a command has a \"type\""))?;
                let room = word.split('.').next().unwrap_or_default();
                $(if $cprefixes.contains(&room) {
                    return <$ctype>::deserialize(value).map(Command::$cvariant).map_err(D::Error::custom);
                })+
                Err(D::Error::custom(format!("unknown command {word:?}")))
            }
        }

        impl Command {
            /// Rows it looks at, see [`Decide::reads`].
            pub fn reads(&self, rows: &Rows) -> Vec<Read> { match self { $(Command::$cvariant(c) => c.reads(rows)),+ } }
            /// What has to be allowed, see [`Decide::authority`].
            pub fn authority(&self, rows: &Rows) -> Option<Authority> { match self { $(Command::$cvariant(c) => c.authority(rows)),+ } }
            /// The facts or the refusal, see [`Decide::decide`].
            ///
            /// # Errors
            /// The named refusal.
            pub fn decide(self, rows: &Rows, cx: &Context) -> Result<Vec<Draft>, RefusalBody> {
                match self { $(Command::$cvariant(c) => c.decide(rows, cx).map_err(|r| RefusalBody::of($croom, &r))),+ }
            }
            /// The one field that a refusal of this code speaks of, see [`Decide::field`].
            pub fn field(&self, code: &str) -> Option<&'static str> {
                let (room, reason) = code.split_once('/')?;
                match self { $(Command::$cvariant(c) => (room == $croom).then(|| c.field(reason)).flatten()),+ }
            }
        }
    };
}

impl Fact {
    /// Which of an organisation's chains it stands in.
    pub fn chain(&self) -> ChainName {
        Fact::chain_of(self.kind())
    }

    /// Which of an organisation's chains facts of this kind stand in: those of the room `access` in the audit chain.
    pub fn chain_of(kind: &str) -> ChainName {
        if access::Fact::KINDS.contains(&kind) { ChainName::Audit } else { ChainName::Main }
    }
}

impl Command {
    /// The photos that come with it, to be completed at the door from the stored files.
    pub fn photos_mut(&mut self) -> Option<&mut Vec<problems::Photo>> {
        match self {
            Command::Problems(c) => c.photos_mut(),
            Command::Tasks(c) => c.photos_mut(),
            Command::Planning(c) => c.photos_mut(),
            Command::Duties(_)
            | Command::Places(_)
            | Command::Rules(_)
            | Command::Persons(_)
            | Command::Surveys(_)
            | Command::Campaigns(_)
            | Command::Import(_)
            | Command::Access(_) => None,
        }
    }
}

/// A stored fact that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A kind of a newer version.
    #[error("unknown kind of fact {0:?}")]
    Kind(String),
    /// The body does not fit the kind.
    #[error("body of {kind} cannot be read")]
    Body {
        /// The kind.
        kind: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

// The rooms. A new room is a folder and a line in each of these lists.
rooms! {
    facts { Place(places), Problem(problems), Rule(rules), Duty(duties), Access(access), Person(persons), Survey(surveys), Campaign(campaigns), Planning(planning) }
    views {
        Places "places" (places::Place),
        Counts "counts" (places::Counts),
        Rules "rules" (rules::RuleRow),
        Problems "problems" (problems::Problem),
        Topics "topics" (problems::Topic),
        Persons "persons" (persons::Person),
        Posts "posts" (duties::PostRow),
        Holdings "holdings" (duties::Held),
        Tasks "tasks" (duties::Task),
        Lapses "lapses" (duties::Lapse),
        Forms "forms" (surveys::Form),
        Submissions "submissions" (surveys::Submission),
        Readings "readings" (surveys::Reading),
        Campaigns "campaigns" (campaigns::Campaign),
        Assignments "assignments" (campaigns::Assignment),
        Burden "burden" (campaigns::Burden),
        Briefs "briefs" (planning::BriefRow),
        Plans "plans" (planning::PlanRow),
        Wishes "wishes" (planning::Wishes),
        Audit "audit" (access::Entry),
    }
    commands {
        Problems ["problems", "topics"] (problems::Command) "problems",
        Places ["places"] (places::Command) "places",
        Rules ["rules"] (rules::Command) "rules",
        Persons ["persons"] (persons::Command) "persons",
        Duties ["duties", "handovers"] (duties::Command) "duties",
        Tasks ["tasks"] (duties::TaskCommand) "duties",
        Surveys ["surveys"] (surveys::Command) "surveys",
        Campaigns ["campaigns"] (campaigns::Command) "campaigns",
        Planning ["wishes", "briefs", "plans"] (planning::Command) "planning",
        Import ["import"] (places::RegisterImport) "places",
        Access ["access"] (access::Command) "access",
    }
}
