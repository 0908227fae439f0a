//! Rows about posts: who holds them, what was handed over, and which days were missed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::facts::*;
use crate::{
    Fact as AnyFact, ViewId,
    basics::{
        Column, ColumnKind, Day, FileHash, HoldingId, PersonId, PlaceId, Post, ProblemId, Recorded, Role, Subject, TaskId, Text,
        Value, View,
    },
    problems::{self, EscalationReason, Reason, Words},
};

/// A person at a post for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Holding {
    /// Identity.
    pub id: HoldingId,
    /// Who.
    pub person: PersonId,
    /// First day.
    pub from: Day,
    /// Last day, once it is known.
    #[schema(required)]
    pub until: Option<Day>,
    /// The document that says so, or why there is a stand-in.
    #[schema(required)]
    pub document: Option<Reason>,
    /// Why it ended.
    #[schema(required)]
    pub left: Option<Reason>,
    /// The holding that this one stands in for.
    #[schema(required)]
    pub stands_in_for: Option<HoldingId>,
    /// Why it was taken back: it was recorded by mistake.
    #[schema(required)]
    pub withdrawn: Option<Reason>,
}

impl Holding {
    /// Whether it holds on a day.
    pub fn on(&self, day: Day) -> bool {
        self.withdrawn.is_none() && self.from <= day && self.until.is_none_or(|until| day <= until)
    }

    /// Whether some day lies both in it and in a time from … to ….
    pub fn meets(&self, from: Day, until: Option<Day>) -> bool {
        self.withdrawn.is_none() && self.until.is_none_or(|end| from <= end) && until.is_none_or(|end| self.from <= end)
    }
}

/// Who signed, when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Signature {
    /// Who.
    pub person: PersonId,
    /// When.
    pub on_ms: i64,
    /// Why somebody else signed.
    #[schema(required)]
    pub in_absence: Option<Reason>,
    /// What does not agree.
    #[schema(required)]
    pub remark: Option<Words>,
}

/// A statement of what is handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Handover {
    /// The holding that ends.
    pub holding: HoldingId,
    /// The day that it speaks of.
    pub on: Day,
    /// The statement as a stored file.
    pub statement: FileHash,
    /// How many of each kind it lists.
    pub counts: BTreeMap<String, u32>,
    /// When it was drawn up.
    pub drawn_up_ms: i64,
    /// Whoever leaves.
    #[schema(required)]
    pub outgoing: Option<Signature>,
    /// Whoever takes over.
    #[schema(required)]
    pub incoming: Option<Signature>,
}

impl Handover {
    /// Whether both sides signed.
    pub fn signed(&self) -> bool {
        self.outgoing.is_some() && self.incoming.is_some()
    }
}

/// Everything known of a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PostRow {
    /// The post.
    pub post: Post,
    /// Where.
    pub place: PlaceId,
    /// The organisation whose chain holds its facts.
    pub org: u32,
    /// What it answers for, in plain words.
    #[schema(required)]
    pub duty: Option<Words>,
    /// The telephone of the office.
    #[schema(required)]
    pub phone: Option<Text<40>>,
    /// Everybody who held or holds it, in the order of recording.
    pub holdings: Vec<Holding>,
    /// Statements of what was handed over, in order.
    pub handovers: Vec<Handover>,
}

impl PostRow {
    /// Who holds it on a day in his own right.
    pub fn holders(&self, day: Day) -> impl Iterator<Item = &Holding> {
        self.holdings.iter().filter(move |h| h.stands_in_for.is_none() && h.on(day))
    }

    /// Whom duty lies with on a day: whoever stands in for a holder, else the holder; of several the longest there.
    pub fn bearer(&self, day: Day) -> Option<&Holding> {
        let first = self.holders(day).min_by_key(|h| h.from);
        let stand_in = self.holdings.iter().filter(|h| h.on(day)).rfind(|h| match h.stands_in_for {
            Some(for_whom) => first.is_none_or(|first| first.id == for_whom),
            None => false,
        });
        stand_in.or(first)
    }

    /// A holding by its id.
    pub fn holding(&self, id: HoldingId) -> Option<&Holding> {
        self.holdings.iter().find(|h| h.id == id)
    }

    /// The holdings whose end has no statement signed by both sides, oldest end first. Who stood in hands nothing over, and
    /// roles that bear no duty have nothing to hand over.
    pub fn unsigned(&self) -> Vec<&Holding> {
        if !hands_over(self.post.role) {
            return Vec::new();
        }
        let signed = |id: HoldingId| self.handovers.iter().any(|h| h.holding == id && h.signed());
        let mut owed: Vec<&Holding> = self
            .holdings
            .iter()
            .filter(|h| h.withdrawn.is_none() && h.stands_in_for.is_none() && h.until.is_some() && !signed(h.id))
            .collect();
        owed.sort_by_key(|h| h.until);
        owed
    }
}

/// Whether whoever leaves such a post has something to hand over.
pub(super) fn hands_over(role: Role) -> bool {
    match role {
        Role::Head | Role::Office | Role::Department | Role::Township | Role::Village => true,
        Role::Admin | Role::Security | Role::Audit | Role::Inspector | Role::Viewer => false,
    }
}

impl View for PostRow {
    const ID: ViewId = ViewId::Posts;
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[
        Column::new("place", ColumnKind::Place).equals(),
        Column::new("role", ColumnKind::Text).grouped().sorted(),
        Column::new("department", ColumnKind::Text).grouped(),
        Column::new("duty", ColumnKind::Text).searched(),
        Column::new("held_from", ColumnKind::Day).ranged().sorted(),
        Column::new("held_until", ColumnKind::Day).ranged(),
        Column::new("unsigned_since", ColumnKind::Day).ranged().sorted(),
        Column::new("holders", ColumnKind::Int),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        match (fact.subject, &fact.fact) {
            (Subject::Post(post), AnyFact::Duty(_)) => Some(post.key()),
            _ => None,
        }
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        let (Subject::Post(post), AnyFact::Duty(fact)) = (at.subject, &at.fact) else { return row };
        let mut row = row.unwrap_or_else(|| PostRow {
            post,
            place: post.place,
            org: at.org,
            duty: None,
            phone: None,
            holdings: Vec::new(),
            handovers: Vec::new(),
        });
        match fact {
            Fact::TakenUp(_) | Fact::Delegated(_) => row.holdings.extend(begun(fact)),
            Fact::Left(_) | Fact::Withdrawn(_) => row.holdings.iter_mut().for_each(|h| change(h, fact)),
            Fact::Described(f) => (row.duty, row.phone) = (Some(f.duty.clone()), f.phone.clone()),
            Fact::DrawnUp(f) => {
                // A newer statement for the same hand-over takes the place of one that is not signed by both.
                row.handovers.retain(|h| h.holding != f.holding || h.signed());
                row.handovers.push(Handover {
                    holding: f.holding,
                    on: f.on,
                    statement: f.statement.clone(),
                    counts: f.counts.clone(),
                    drawn_up_ms: at.recorded_ms,
                    outgoing: None,
                    incoming: None,
                });
            }
            Fact::Signed(f) => {
                if let Some(handover) = row.handovers.iter_mut().rfind(|h| h.statement == f.statement) {
                    let signature = Signature {
                        person: f.person,
                        on_ms: at.recorded_ms,
                        in_absence: f.in_absence.clone(),
                        remark: f.remark.clone(),
                    };
                    match f.side {
                        Side::Outgoing => handover.outgoing = Some(signature),
                        Side::Incoming => handover.incoming = Some(signature),
                    }
                }
            }
            Fact::TaskSet(_)
            | Fact::TaskPassedDown(_)
            | Fact::TaskAmended(_)
            | Fact::TaskClaimed(_)
            | Fact::TaskVerified(_)
            | Fact::TaskRejected(_)
            | Fact::TaskWithdrawn(_)
            | Fact::TaskCarriedOver(_)
            | Fact::TaskLapsed(_) => {}
        }
        Some(row)
    }

    fn values(&self) -> Vec<Value> {
        let own = || self.holdings.iter().filter(|h| h.withdrawn.is_none() && h.stands_in_for.is_none());
        let latest = own().max_by_key(|h| h.from);
        vec![
            self.place.into(),
            self.post.role.word().into(),
            self.post.department.map(|d| d.word()).into(),
            self.duty.as_ref().map(|d| d.as_str().to_owned()).into(),
            latest.map(|h| h.from).into(),
            latest.and_then(|h| h.until).into(),
            self.unsigned().first().and_then(|h| h.until).into(),
            (own().count() as i64).into(),
        ]
    }
}

/// The holding that a fact begins.
fn begun(fact: &Fact) -> Option<Holding> {
    match fact {
        Fact::TakenUp(f) => Some(Holding {
            id: f.holding,
            person: f.person,
            from: f.from,
            until: f.until,
            document: f.document.clone(),
            left: None,
            stands_in_for: None,
            withdrawn: None,
        }),
        Fact::Delegated(f) => Some(Holding {
            id: f.holding,
            person: f.person,
            from: f.from,
            until: Some(f.until),
            document: Some(f.reason.clone()),
            left: None,
            stands_in_for: Some(f.stands_in_for),
            withdrawn: None,
        }),
        _ => None,
    }
}

/// What a later fact changes in a holding that it names.
fn change(holding: &mut Holding, fact: &Fact) {
    match fact {
        Fact::Left(f) if f.holding == holding.id => (holding.until, holding.left) = (Some(f.on), Some(f.reason.clone())),
        Fact::Withdrawn(f) if f.holding == holding.id => holding.withdrawn = Some(f.reason.clone()),
        _ => {}
    }
}

/// A holding as a row of its own: what a person holds, wherever it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Held {
    /// The post.
    pub post: Post,
    /// Where.
    pub place: PlaceId,
    /// The holding.
    pub holding: Holding,
}

impl Held {
    /// Key of the row: the post's key and the holding.
    pub fn key_of(post: Post, holding: HoldingId) -> String {
        format!("{}/{}", post.key(), holding)
    }
}

impl View for Held {
    const ID: ViewId = ViewId::Holdings;
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[
        Column::new("place", ColumnKind::Place).equals(),
        Column::new("role", ColumnKind::Text).grouped(),
        Column::new("department", ColumnKind::Text).grouped(),
        Column::new("person", ColumnKind::Text).equals().sorted(),
        Column::new("from", ColumnKind::Day).ranged().sorted(),
        Column::new("until", ColumnKind::Day).ranged().sorted(),
        Column::new("stands_in", ColumnKind::Bool).grouped(),
        Column::new("withdrawn", ColumnKind::Bool).grouped(),
        Column::new("subject", ColumnKind::Text).equals(),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        let (Subject::Post(post), AnyFact::Duty(fact)) = (fact.subject, &fact.fact) else { return None };
        let holding = match fact {
            Fact::TakenUp(f) => f.holding,
            Fact::Delegated(f) => f.holding,
            Fact::Left(f) => f.holding,
            Fact::Withdrawn(f) => f.holding,
            _ => return None,
        };
        Some(Held::key_of(post, holding))
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        let (Subject::Post(post), AnyFact::Duty(fact)) = (at.subject, &at.fact) else { return row };
        match row {
            Some(mut row) => {
                change(&mut row.holding, fact);
                Some(row)
            }
            None => begun(fact).map(|holding| Held { post, place: post.place, holding }),
        }
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.place.into(),
            self.post.role.word().into(),
            self.post.department.map(|d| d.word()).into(),
            self.holding.person.to_string().into(),
            self.holding.from.into(),
            self.holding.until.into(),
            self.holding.stands_in_for.is_some().into(),
            self.holding.withdrawn.is_some().into(),
            Subject::Post(self.post).to_string().into(),
        ]
    }
}

/// A day that a post missed: it counts for whoever bore the post on that day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Lapse {
    /// The post.
    pub post: Post,
    /// Where the thing is that was not done.
    pub place: PlaceId,
    /// The day that was missed.
    pub day: Day,
    /// The problem.
    #[schema(required)]
    pub problem: Option<ProblemId>,
    /// The task.
    #[schema(required)]
    pub task: Option<TaskId>,
}

impl View for Lapse {
    const ID: ViewId = ViewId::Lapses;
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[
        Column::new("place", ColumnKind::Place).equals(),
        Column::new("post", ColumnKind::Text).equals(),
        Column::new("post_place", ColumnKind::Place).equals(),
        Column::new("role", ColumnKind::Text).grouped(),
        Column::new("department", ColumnKind::Text).grouped(),
        Column::new("day", ColumnKind::Day).ranged().sorted(),
        Column::new("kind", ColumnKind::Text).grouped(),
        Column::new("subject", ColumnKind::Text).equals(),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        lapse(fact).map(|_| format!("{}-{}", fact.org, fact.seq))
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        lapse(at).or(row)
    }

    fn values(&self) -> Vec<Value> {
        let subject = match (self.problem, self.task) {
            (Some(id), _) => Subject::Problem(id).to_string(),
            (None, Some(id)) => Subject::Task(id).to_string(),
            (None, None) => String::new(),
        };
        vec![
            self.place.into(),
            self.post.key().into(),
            self.post.place.into(),
            self.post.role.word().into(),
            self.post.department.map(|d| d.word()).into(),
            self.day.into(),
            if self.problem.is_some() { "problem" } else { "task" }.into(),
            subject.into(),
        ]
    }
}

fn lapse(at: &Recorded) -> Option<Lapse> {
    match (at.subject, &at.fact) {
        (Subject::Problem(id), AnyFact::Problem(problems::Fact::Escalated(f))) => match (&f.reason, f.missed_by) {
            (EscalationReason::Overdue { due }, Some(post)) => {
                Some(Lapse { post, place: at.place, day: *due, problem: Some(id), task: None })
            }
            _ => None,
        },
        (Subject::Task(id), AnyFact::Duty(Fact::TaskLapsed(f))) => {
            Some(Lapse { post: f.post, place: at.place, day: f.due, problem: None, task: Some(id) })
        }
        _ => None,
    }
}
