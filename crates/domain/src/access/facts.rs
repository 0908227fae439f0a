//! What is noted of access. Each is small and bounded; addresses are text.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::basics::{AccountId, PlaceId, Text};

/// The beginning of whatever came from outside, cleaned and cut to what a fact holds; nothing where nothing is left.
pub fn bounded<const MAX: usize>(raw: &str) -> Option<Text<MAX>> {
    // Cleaning makes no text longer, so that what is cut here is never refused as too long.
    Text::new(&raw.chars().take(MAX).collect::<String>()).ok()
}

/// Who, and from where.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Who {
    /// The account, where there is one.
    pub account: Option<AccountId>,
    /// The name to sign in with, as the account has it or as it was typed.
    pub name: Option<Text<60>>,
    /// Network address of the client; nothing for somebody at the machine itself.
    pub client: Option<Text<60>>,
}

/// Somebody signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedIn {
    /// Who.
    #[serde(flatten)]
    pub who: Who,
    /// By what: `password`, `link`, and what else there will be.
    pub how: Text<40>,
}

/// Somebody tried to sign in and was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignInRefused {
    /// Under which name, from where; the account is not told, for a name may have none.
    #[serde(flatten)]
    pub who: Who,
    /// The code of the refusal.
    pub why: Text<100>,
    /// How many times within the same minute.
    pub times: u32,
}

/// Somebody signed out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedOut {
    /// Who.
    #[serde(flatten)]
    pub who: Who,
}

/// Somebody signed in was told no: not allowed, or as if it were not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refused {
    /// Who.
    #[serde(flatten)]
    pub who: Who,
    /// What was asked: method and path, and the type of a command.
    pub what: Text<200>,
    /// The code of the refusal.
    pub why: Text<100>,
    /// How many times within the same minute.
    pub times: u32,
}

/// A list, a chain or what is held of a person was taken away as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Exported {
    /// Who.
    #[serde(flatten)]
    pub who: Who,
    /// What: the view, or the chain.
    pub what: Text<200>,
    /// The filters, as in the address.
    pub query: Option<Text<500>>,
    /// How many rows or facts.
    pub rows: u64,
    /// `csv`, `xlsx`, `chain` …
    pub format: Text<20>,
}

/// The audit administrator looked into the audit chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditRead {
    /// Who.
    #[serde(flatten)]
    pub who: Who,
    /// What was asked, with its filters.
    pub what: Text<500>,
    /// How many times within the same minute.
    pub times: u32,
}

/// A right or a rule was changed, or particulars were unmasked: the fact itself stands in the main chain of the same organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Changed {
    /// Kind of the fact.
    pub kind: Text<100>,
    /// What it is about.
    pub subject: Text<200>,
    /// Its number in the main chain.
    pub seq: u64,
}

/// Something happened to an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountEvent {
    /// To whose, and from where it was done.
    #[serde(flatten)]
    pub who: Who,
    /// What, as one word: `created`, `closed`, `password_changed` …
    pub event: Text<40>,
    /// By which account, where it was another one.
    pub by: Option<AccountId>,
    /// More, without secrets.
    pub detail: Option<Text<200>>,
}

/// The server began to serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Started {
    /// Version of the programme.
    pub version: Text<40>,
}

/// The server stopped as it was asked to. After a crash there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stopped {
    /// Version of the programme.
    pub version: Text<40>,
}

/// The heads of chains were signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckpointMade {
    /// Of how many chains.
    pub chains: u64,
}

/// A backup was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BackupMade {
    /// With how many facts.
    pub facts: u64,
}

impl Changed {
    /// Of which fact.
    pub fn of(kind: &str, subject: &str, seq: u64) -> Option<Changed> {
        Some(Changed { kind: bounded(kind)?, subject: bounded(subject)?, seq })
    }
}

/// A place that nothing belongs to: what concerns the whole installation, before it has any.
pub(super) const NOWHERE: PlaceId = PlaceId(0);

crate::fact_kinds! {
    /// Facts about access.
    pub enum Fact {
        /// Somebody signed in.
        "access.signed_in@1" => SignedIn,
        /// Signing in was refused.
        "access.sign_in_refused@1" => SignInRefused,
        /// Somebody signed out.
        "access.signed_out@1" => SignedOut,
        /// Somebody signed in was told no.
        "access.refused@1" => Refused,
        /// Something was taken away as a file.
        "access.exported@1" => Exported,
        /// The audit chain was read.
        "access.audit_read@1" => AuditRead,
        /// A right or rule was changed.
        "access.changed@1" => Changed,
        /// Something happened to an account.
        "access.account@1" => AccountEvent,
        /// The server began to serve.
        "access.started@1" => Started,
        /// The server stopped.
        "access.stopped@1" => Stopped,
        /// Heads of chains were signed.
        "access.checkpoint_made@1" => CheckpointMade,
        /// A backup was written.
        "access.backup_made@1" => BackupMade,
    }
}
