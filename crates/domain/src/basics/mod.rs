//! Words that every room uses: ids, days, positions, posts, and the traits of commands and views.
//!
//! Invariants: `ids-are-opaque` (nothing is read out of a [`PlaceId`]), `no-float-in-facts`
//! (quantities are integers with a stated unit). Start reading at [`decide`].

mod decide;
mod ids;
mod post;
mod small_counts;
mod text;
mod view;

pub use decide::{Actor, AsView, Authority, Context, Decide, Dependence, Draft, Read, Recorded, RefusalBody, Rows};
pub use ids::{
    AccessId, AccountId, BriefId, CampaignId, Day, FileHash, FormId, HoldingId, PersonId, PlaceId, PlanId, Position, ProblemId,
    Subject, SubmissionId, TaskId, TopicId,
};
pub use post::{Capability, Department, Post, Role, UnknownPost};
pub use small_counts::{ShownCount, shown_count};
pub use text::{Text, TextError};
pub use view::{Column, ColumnKind, Filter, Value, View};

/// Declares an enum of stable words: in JSON, columns, URLs and locale files.
#[macro_export]
macro_rules! word_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident => $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize, ::utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vmeta])* $variant),+ }
        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];
            /// The word in JSON, columns and locale files.
            pub fn word(self) -> &'static str { match self { $($name::$variant => $word),+ } }
            /// The value with this word.
            pub fn from_word(word: &str) -> Option<Self> { Self::ALL.iter().copied().find(|v| v.word() == word) }
        }
    };
}

/// Declares the fact kinds of a room: an enum with one variant per kind, its stable word
/// (`problem.reported@1`), and encoding to and from the exact JSON body that is hashed.
#[macro_export]
macro_rules! fact_kinds {
    ($(#[$meta:meta])* pub enum Fact { $($(#[$vmeta:meta])* $kind:literal => $variant:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Fact { $($(#[$vmeta])* $variant($variant)),+ }

        impl Fact {
            /// Every kind of this room, in the order of declaration.
            pub const KINDS: &'static [&'static str] = &[$($kind),+];

            /// The stable word of this fact's kind.
            pub fn kind(&self) -> &'static str {
                match self { $(Fact::$variant(_) => $kind),+ }
            }

            /// The JSON body, exactly as it is hashed and stored.
            pub fn encode(&self) -> String {
                match self { $(Fact::$variant(body) => $crate::encode_body(body)),+ }
            }

            /// Reads a stored body back; `None` when the kind belongs to another room.
            pub fn decode(kind: &str, body: &str) -> Option<Result<Fact, serde_json::Error>> {
                match kind {
                    $($kind => Some(serde_json::from_str(body).map(Fact::$variant)),)+
                    _ => None,
                }
            }
        }
    };
}
