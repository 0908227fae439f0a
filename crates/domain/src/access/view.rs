//! The audit chain as a list: one row for each fact.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::facts::*;
use crate::{
    Fact as AnyFact, ViewId,
    basics::{AccountId, Capability, Column, ColumnKind, Day, PlaceId, Recorded, Subject, Value, View},
};

crate::word_enum!(
    /// How it ended.
    Outcome {
        /// It was done.
        Done => "done",
        /// It was refused.
        Refused => "refused",
    }
);

/// A fact of the audit chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// Organisation of its chain.
    pub org: u32,
    /// Its number there.
    pub seq: u64,
    /// When it was recorded, ms since 1970.
    pub at_ms: i64,
    /// On which day.
    pub day: Day,
    /// What happened, the middle of its kind: `signed_in`, `refused` …
    pub event: String,
    /// Whose doing, where it was an account.
    pub account: Option<AccountId>,
    /// The name to sign in with.
    pub name: Option<String>,
    /// Network address.
    pub client: Option<String>,
    /// The place under whose audit administrator it falls.
    pub place: PlaceId,
    /// What was asked, taken away, changed, or done to an account.
    pub what: Option<String>,
    /// More about it: filters, format, the subject of a change, the detail of an account's event.
    pub detail: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was refused, or by what means somebody signed in.
    pub why: Option<String>,
    /// How many times within the same minute.
    pub times: u32,
    /// Rows taken away.
    pub rows: Option<u64>,
    /// Who did it to this account, where it was another one.
    pub by: Option<AccountId>,
}

impl View for Entry {
    const ID: ViewId = ViewId::Audit;
    const VERSION: u32 = 1;
    const CAPABILITY: Capability = Capability::AuditRead;
    const EXPORT: Capability = Capability::AuditRead;
    const CHAIN: ::facts::ChainName = ::facts::ChainName::Audit;
    const COLUMNS: &'static [Column] = &[
        Column::new("at_ms", ColumnKind::Ms).ranged().sorted(),
        Column::new("day", ColumnKind::Day).grouped().ranged(),
        Column::new("event", ColumnKind::Text).grouped(),
        Column::new("outcome", ColumnKind::Text).grouped(),
        Column::new("account", ColumnKind::Text).equals(),
        Column::new("name", ColumnKind::Text).grouped().searched(),
        Column::new("client", ColumnKind::Text).grouped().searched(),
        Column::new("place", ColumnKind::Place).equals(),
        Column::new("what", ColumnKind::Text).equals().searched(),
        Column::new("detail", ColumnKind::Text).searched(),
        Column::new("why", ColumnKind::Text).equals(),
        Column::new("times", ColumnKind::Int),
        Column::new("rows", ColumnKind::Int),
        Column::new("seq", ColumnKind::Int),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        match (fact.subject, &fact.fact) {
            (Subject::Access(id), AnyFact::Access(_)) => Some(id.to_string()),
            _ => None,
        }
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        let (Subject::Access(_), AnyFact::Access(fact)) = (at.subject, &at.fact) else { return row };
        // One fact, one row: what was noted first is never covered by what comes later.
        row.or_else(|| Some(Entry::of(at, fact)))
    }

    fn values(&self) -> Vec<Value> {
        let text = |t: &Option<String>| Value::from(t.as_deref());
        vec![
            self.at_ms.into(),
            self.day.into(),
            self.event.as_str().into(),
            self.outcome.word().into(),
            self.account.map(|a| a.to_string()).into(),
            text(&self.name),
            text(&self.client),
            self.place.into(),
            text(&self.what),
            text(&self.detail),
            text(&self.why),
            i64::from(self.times).into(),
            self.rows.map(|n| i64::try_from(n).unwrap_or(i64::MAX)).into(),
            i64::try_from(self.seq).unwrap_or(i64::MAX).into(),
        ]
    }
}

impl Entry {
    fn of(at: &Recorded, fact: &Fact) -> Entry {
        let word = fact.kind().trim_start_matches("access.").split('@').next().unwrap_or_default();
        let entry = Entry {
            org: at.org,
            seq: at.seq,
            at_ms: at.recorded_ms,
            day: Day::of_ms(at.recorded_ms),
            event: word.to_owned(),
            account: at.account(),
            name: None,
            client: None,
            place: at.place,
            what: None,
            detail: None,
            outcome: Outcome::Done,
            why: None,
            times: 1,
            rows: None,
            by: None,
        };
        match fact {
            Fact::SignedIn(f) => Entry { why: Some(f.how.to_string()), ..entry.by_whom(&f.who) },
            Fact::SignInRefused(f) => {
                Entry { outcome: Outcome::Refused, why: Some(f.why.to_string()), times: f.times, ..entry.by_whom(&f.who) }
            }
            Fact::SignedOut(f) => entry.by_whom(&f.who),
            Fact::Refused(f) => Entry {
                outcome: Outcome::Refused,
                what: Some(f.what.to_string()),
                why: Some(f.why.to_string()),
                times: f.times,
                ..entry.by_whom(&f.who)
            },
            Fact::Exported(f) => {
                let query = f.query.as_ref().map(|q| format!("{}?{q}", f.format));
                Entry {
                    what: Some(f.what.to_string()),
                    detail: Some(query.unwrap_or_else(|| f.format.to_string())),
                    rows: Some(f.rows),
                    ..entry.by_whom(&f.who)
                }
            }
            Fact::AuditRead(f) => Entry { what: Some(f.what.to_string()), times: f.times, ..entry.by_whom(&f.who) },
            Fact::Changed(f) => {
                let unmasked = f.kind.as_str().starts_with("person.unmasked@");
                let event = if unmasked { "unmasked".to_owned() } else { entry.event.clone() };
                Entry { event, what: Some(f.kind.to_string()), detail: Some(f.subject.to_string()), ..entry }
            }
            Fact::AccountEvent(f) => Entry {
                what: Some(f.event.to_string()),
                detail: f.detail.as_ref().map(ToString::to_string),
                by: f.by,
                ..entry.by_whom(&f.who)
            },
            Fact::Started(f) => Entry { what: Some(f.version.to_string()), ..entry },
            Fact::Stopped(f) => Entry { what: Some(f.version.to_string()), ..entry },
            Fact::CheckpointMade(f) => Entry { rows: Some(f.chains), ..entry },
            Fact::BackupMade(f) => Entry { rows: Some(f.facts), ..entry },
        }
    }

    fn by_whom(self, who: &Who) -> Entry {
        Entry {
            account: who.account.or(self.account),
            name: who.name.as_ref().map(ToString::to_string),
            client: who.client.as_ref().map(ToString::to_string),
            ..self
        }
    }
}
