//! Posts and what they may do. A post is a role at a place; a person holds it for a time.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PlaceId;

/// What kind of post somebody holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// System administrator: accounts and settings, no say in the programme.
    Admin,
    /// Head of the place (书记, 一把手): answers what is escalated to him.
    Head,
    /// Programme office 千万办.
    Office,
    /// A line department: works on what falls into its field.
    Department,
    /// Township officials.
    Township,
    /// Village committee.
    Village,
    /// Inspector 督查: sees and verifies, works on nothing.
    Inspector,
    /// Reads and exports only.
    Viewer,
}

/// One kind of act that can be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub enum Capability {
    /// See what the public does not.
    #[serde(rename = "read")]
    Read,
    /// Take lists away as files.
    #[serde(rename = "export")]
    Export,
    /// Read the log itself: facts of every room, chains, checkpoints.
    #[serde(rename = "log.read")]
    LogRead,
    /// Names, codes, classes, grades, stages, positions.
    #[serde(rename = "places.edit")]
    PlacesEdit,
    /// Record denominators.
    #[serde(rename = "places.count")]
    PlacesCount,
    /// Import registers.
    #[serde(rename = "places.import")]
    PlacesImport,
    /// Report a problem as an official.
    #[serde(rename = "problems.report")]
    ProblemsReport,
    /// Assign, dismiss, merge, reclassify, hide.
    #[serde(rename = "problems.triage")]
    ProblemsTriage,
    /// Find the cause, take the measure, claim the fix.
    #[serde(rename = "problems.work")]
    ProblemsWork,
    /// Verify a claimed fix.
    #[serde(rename = "problems.verify")]
    ProblemsVerify,
    /// Answer what was escalated.
    #[serde(rename = "problems.answer")]
    ProblemsAnswer,
    /// Set local rules.
    #[serde(rename = "rules.edit")]
    RulesEdit,
    /// Create accounts and give posts.
    #[serde(rename = "accounts.manage")]
    AccountsManage,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 8] =
        [Role::Admin, Role::Head, Role::Office, Role::Department, Role::Township, Role::Village, Role::Inspector, Role::Viewer];

    /// What this role may do within its place and below.
    pub fn capabilities(self) -> &'static [Capability] {
        use Capability::*;
        match self {
            Role::Admin => &[Read, LogRead, RulesEdit, AccountsManage],
            Role::Head => &[Read, Export, ProblemsReport, ProblemsTriage, ProblemsVerify, ProblemsAnswer],
            Role::Office => &[
                Read,
                Export,
                LogRead,
                PlacesEdit,
                PlacesCount,
                PlacesImport,
                ProblemsReport,
                ProblemsTriage,
                ProblemsVerify,
                RulesEdit,
            ],
            Role::Department => &[Read, Export, ProblemsReport, ProblemsWork],
            Role::Township => &[Read, Export, PlacesCount, ProblemsReport, ProblemsTriage, ProblemsWork, ProblemsVerify],
            Role::Village => &[Read, PlacesCount, ProblemsReport, ProblemsWork],
            Role::Inspector => &[Read, Export, ProblemsReport, ProblemsVerify],
            Role::Viewer => &[Read, Export],
        }
    }

    /// The word in URLs and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Head => "head",
            Role::Office => "office",
            Role::Department => "department",
            Role::Township => "township",
            Role::Village => "village",
            Role::Inspector => "inspector",
            Role::Viewer => "viewer",
        }
    }

    /// The role with this word.
    pub fn from_word(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|r| r.word() == word)
    }
}

impl Capability {
    /// The word in JSON, as `problems.triage`.
    pub fn word(self) -> &'static str {
        match self {
            Capability::Read => "read",
            Capability::Export => "export",
            Capability::LogRead => "log.read",
            Capability::PlacesEdit => "places.edit",
            Capability::PlacesCount => "places.count",
            Capability::PlacesImport => "places.import",
            Capability::ProblemsReport => "problems.report",
            Capability::ProblemsTriage => "problems.triage",
            Capability::ProblemsWork => "problems.work",
            Capability::ProblemsVerify => "problems.verify",
            Capability::ProblemsAnswer => "problems.answer",
            Capability::RulesEdit => "rules.edit",
            Capability::AccountsManage => "accounts.manage",
        }
    }
}

/// A role at a place: the thing that bears a duty. Persons come and go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Post {
    /// Where.
    pub place: PlaceId,
    /// As what.
    pub role: Role,
}

impl Post {
    /// Whether this post, at a place with these ancestors, stands under `other`: at a place below it,
    /// or at the same place under its head.
    pub fn is_under(self, own_ancestors: &[PlaceId], other: Post) -> bool {
        own_ancestors.contains(&other.place) || (self.place == other.place && other.role == Role::Head && self.role != Role::Head)
    }
}
