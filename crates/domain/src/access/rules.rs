//! How something is noted, and what is mirrored out of the main chain.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::facts::*;
use crate::{
    Fact as AnyFact, ViewId,
    basics::{AccessId, Authority, Context, Decide, Draft, PlaceId, Read, Recorded, Rows, Subject},
};

/// Kinds of the main chain, without their versions, that change who may do what, or show what is hidden: each is mirrored into the
/// audit chain with the fact itself. A kind that does not exist yet does no harm here.
pub const MIRRORED: &[&str] = &[
    "rule.set",
    "post.taken_up",
    "post.left",
    "post.delegated",
    "post.withdrawn",
    "person.unmasked",
    "person.erased",
    // ---- of rooms to come; `every_mirrored_kind_is_known` says when one of them has come
];

/// Whether facts of this kind are mirrored.
pub fn mirrors(kind: &str) -> bool {
    kind.split_once('@').is_some_and(|(name, _)| MIRRORED.contains(&name))
}

/// What the audit chain says of a fact that was just recorded in the main chain.
pub fn mirror(fact: &Recorded) -> Option<Draft> {
    let kind = fact.fact.kind();
    if !mirrors(kind) {
        return None;
    }
    let changed = Changed::of(kind, &fact.subject.to_string(), fact.seq)?;
    Some(Draft {
        org: fact.org,
        subject: Subject::Access(AccessId::Mirrored { org: fact.org, seq: fact.seq }),
        place: fact.place,
        effective_ms: fact.recorded_ms,
        fact: AnyFact::Access(Fact::Changed(changed)),
    })
}

/// What the server notes. Changes are missing: they are mirrored, and nobody can claim one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", content = "body", rename_all = "snake_case")]
pub enum Note {
    /// Somebody signed in.
    SignedIn(SignedIn),
    /// Signing in was refused.
    SignInRefused(SignInRefused),
    /// Somebody signed out.
    SignedOut(SignedOut),
    /// Somebody signed in was told no.
    Refused(Refused),
    /// Something was taken away as a file.
    Exported(Exported),
    /// The audit chain was read.
    AuditRead(AuditRead),
    /// Something happened to an account.
    Account(AccountEvent),
    /// The server began to serve.
    Started(Started),
    /// The server stopped.
    Stopped(Stopped),
    /// Heads of chains were signed.
    CheckpointMade(CheckpointMade),
    /// A backup was written.
    BackupMade(BackupMade),
}

impl From<Note> for Fact {
    fn from(note: Note) -> Fact {
        match note {
            Note::SignedIn(f) => Fact::SignedIn(f),
            Note::SignInRefused(f) => Fact::SignInRefused(f),
            Note::SignedOut(f) => Fact::SignedOut(f),
            Note::Refused(f) => Fact::Refused(f),
            Note::Exported(f) => Fact::Exported(f),
            Note::AuditRead(f) => Fact::AuditRead(f),
            Note::Account(f) => Fact::AccountEvent(f),
            Note::Started(f) => Fact::Started(f),
            Note::Stopped(f) => Fact::Stopped(f),
            Note::CheckpointMade(f) => Fact::CheckpointMade(f),
            Note::BackupMade(f) => Fact::BackupMade(f),
        }
    }
}

/// Commands of this room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type")]
pub enum Command {
    /// Note something in the audit chain. Only the programme itself does.
    #[serde(rename = "access.note")]
    Note {
        /// The place of the actor's highest post, or the installation's first; nothing before there are any places.
        place: Option<PlaceId>,
        /// What happened.
        note: Note,
    },
}

/// Nothing is refused: what happened is noted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Refusal {}

impl Decide for Command {
    type Refusal = Refusal;

    fn reads(&self, _rows: &Rows) -> Vec<Read> {
        let Command::Note { place, .. } = self;
        place.iter().map(|place| Read::Row(ViewId::Places, place.key())).collect()
    }

    fn authority(&self, _rows: &Rows) -> Option<Authority> {
        Some(Authority::Machine)
    }

    fn decide(self, rows: &Rows, cx: &Context) -> Result<Vec<Draft>, Refusal> {
        let Command::Note { place, note } = self;
        let (org, place) = place.and_then(|id| rows.place(id)).map_or((0, NOWHERE), |place| (place.org, place.id));
        let subject = Subject::Access(AccessId::Noted(cx.command));
        Ok(vec![Draft { org, subject, place, effective_ms: cx.now_ms, fact: AnyFact::Access(note.into()) }])
    }
}
