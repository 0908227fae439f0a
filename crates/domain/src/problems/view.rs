//! The row about a problem.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::facts::{self, *};
use crate::{
    Fact as AnyFact, ViewId,
    basics::{AccountId, Column, ColumnKind, Day, PersonId, PlaceId, Position, Post, ProblemId, Recorded, Subject, Value, View},
};

/// Where a problem stands, with what is known there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
#[schema(as = ProblemState)]
pub enum State {
    /// Nobody has looked at it yet.
    Reported,
    /// A post answers for it.
    Assigned {
        /// The post.
        post: Post,
        /// By when the fix has to be claimed.
        due: Day,
    },
    /// Said to be fixed.
    Claimed {
        /// The post that claims.
        post: Post,
        /// By when it has to be verified.
        due: Day,
        /// When it was claimed.
        claimed_ms: i64,
        /// The account that claimed.
        #[schema(required)]
        by: Option<AccountId>,
    },
    /// Seen to be fixed; the reporter is asked.
    Verified {
        /// The post that fixed it.
        post: Post,
        /// When it was verified.
        verified_ms: i64,
        /// The account that verified.
        #[schema(required)]
        by: Option<AccountId>,
    },
    /// The reporter agrees.
    Confirmed {
        /// The post that fixed it.
        post: Post,
    },
    /// Not one for the programme.
    Dismissed {
        /// Why.
        reason: Reason,
    },
    /// The same as another one.
    Merged {
        /// The other one.
        into: ProblemId,
        /// Where it stood before.
        #[schema(no_recursion)]
        before: Box<State>,
    },
}

impl State {
    /// Every word, in the order of the board.
    pub const WORDS: [&'static str; 7] = ["reported", "assigned", "claimed", "verified", "confirmed", "dismissed", "merged"];

    /// The word in columns and locale files.
    pub fn word(&self) -> &'static str {
        match self {
            State::Reported => "reported",
            State::Assigned { .. } => "assigned",
            State::Claimed { .. } => "claimed",
            State::Verified { .. } => "verified",
            State::Confirmed { .. } => "confirmed",
            State::Dismissed { .. } => "dismissed",
            State::Merged { .. } => "merged",
        }
    }

    /// Whether something still has to be done.
    pub fn is_open(&self) -> bool {
        match self {
            State::Reported | State::Assigned { .. } | State::Claimed { .. } => true,
            State::Verified { .. } | State::Confirmed { .. } | State::Dismissed { .. } | State::Merged { .. } => false,
        }
    }

    /// The post that answers, where one does.
    pub fn post(&self) -> Option<Post> {
        match self {
            State::Assigned { post, .. }
            | State::Claimed { post, .. }
            | State::Verified { post, .. }
            | State::Confirmed { post } => Some(*post),
            State::Reported | State::Dismissed { .. } | State::Merged { .. } => None,
        }
    }
}

/// Cause and measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Diagnosis {
    /// Why it came about.
    pub cause: Reason,
    /// What is done about it.
    pub measure: Reason,
}

/// One step up the ladder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Escalated {
    /// The head who has to answer.
    pub to: Post,
    /// When it came to him.
    pub on_ms: i64,
    /// Until when he has to answer.
    pub answer_by: Day,
    /// What he said.
    #[schema(required)]
    pub answer: Option<Answer>,
}

/// A head's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = EscalationAnswer)]
pub struct Answer {
    /// What he said.
    pub text: Reason,
    /// When.
    pub on_ms: i64,
    /// Who, as the log writes it.
    pub by: String,
}

/// Everything known of a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Identity.
    pub id: ProblemId,
    /// The organisation whose chain holds its facts.
    pub org: u32,
    /// Number for people: organisation and number of the first fact.
    pub number: String,
    /// Where.
    pub place: PlaceId,
    /// Works field.
    pub field: Field,
    /// What is wrong.
    pub text: Words,
    /// Where exactly.
    #[schema(required)]
    pub position: Option<Position>,
    /// Evidence at the time of the report.
    pub photos: Vec<Photo>,
    /// How it came to be known.
    pub channel: Channel,
    /// By whom.
    pub reporter: Reporter,
    /// When it was reported.
    pub reported_ms: i64,
    /// Where it stands.
    pub state: State,
    /// Cause and measure.
    #[schema(required)]
    pub diagnosis: Option<Diagnosis>,
    /// What was said and shown when the fix was last claimed.
    #[schema(required)]
    pub claim: Option<FixClaimed>,
    /// Steps up the ladder, in order.
    pub escalations: Vec<Escalated>,
    /// Other reports of the same.
    pub absorbed: Vec<ProblemId>,
    /// How often it was opened again, or a claim was rejected.
    pub reopened: u32,
    /// When it was last verified.
    #[schema(required)]
    pub verified_ms: Option<i64>,
    /// The first day that was set for it; moving the day does not move this one.
    #[schema(required)]
    pub first_due: Option<Day>,
    /// Whether the verified fix was claimed by the first day, and at the first attempt; none while it is not verified.
    #[schema(required)]
    pub in_time: Option<bool>,
    /// Kept off the public page, and why.
    #[schema(required)]
    pub withheld: Option<Reason>,
    /// Whom to ask back, where particulars were left for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<PersonId>,
    /// Since when nothing has had to be done about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_ms: Option<i64>,
}

impl Problem {
    /// The day by which the next thing has to happen: the answer of the head it lies with, else the state's own clock.
    pub fn clock(&self) -> Option<Day> {
        let own = match &self.state {
            State::Assigned { due, .. } | State::Claimed { due, .. } => Some(*due),
            State::Reported
            | State::Verified { .. }
            | State::Confirmed { .. }
            | State::Dismissed { .. }
            | State::Merged { .. } => None,
        };
        own.map(|own| self.unanswered().map_or(own, |e| e.answer_by))
    }

    /// The step up the ladder that still waits for an answer. A claim answers what was asked before it: what is due then is
    /// its verification.
    pub fn unanswered(&self) -> Option<&Escalated> {
        let since = match &self.state {
            State::Assigned { .. } => i64::MIN,
            State::Claimed { claimed_ms, .. } => *claimed_ms,
            State::Reported
            | State::Verified { .. }
            | State::Confirmed { .. }
            | State::Dismissed { .. }
            | State::Merged { .. } => return None,
        };
        self.escalations.last().filter(|e| e.answer.is_none() && e.on_ms >= since)
    }
}

impl View for Problem {
    const ID: ViewId = ViewId::Problems;
    const VERSION: u32 = 5;
    const COLUMNS: &'static [Column] = &[
        Column::new("number", ColumnKind::Text).equals().searched(),
        Column::new("place", ColumnKind::Place).equals(),
        Column::new("field", ColumnKind::Text).grouped(),
        Column::new("state", ColumnKind::Text).grouped(),
        Column::new("open", ColumnKind::Bool).grouped(),
        Column::new("due", ColumnKind::Day).ranged().sorted(),
        Column::new("reported_on", ColumnKind::Day).ranged().sorted(),
        Column::new("channel", ColumnKind::Text).grouped(),
        Column::new("post", ColumnKind::Text).equals(),
        Column::new("post_place", ColumnKind::Place).equals(),
        Column::new("post_role", ColumnKind::Text).grouped(),
        Column::new("post_department", ColumnKind::Text).grouped(),
        Column::new("reporter", ColumnKind::Text).equals(),
        Column::new("reopened", ColumnKind::Int).ranged(),
        Column::new("escalated_to", ColumnKind::Place).grouped(),
        Column::new("verified_on", ColumnKind::Day).ranged(),
        Column::new("days_to_verified", ColumnKind::Int).ranged(),
        Column::new("in_time", ColumnKind::Bool).grouped(),
        Column::new("withheld", ColumnKind::Bool).grouped(),
        Column::new("lon_e7", ColumnKind::Int),
        Column::new("lat_e7", ColumnKind::Int),
        Column::new("text", ColumnKind::Text).searched(),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        match (fact.subject, &fact.fact) {
            (Subject::Problem(id), AnyFact::Problem(_)) => Some(id.key()),
            _ => None,
        }
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        let (Subject::Problem(id), AnyFact::Problem(fact)) = (at.subject, &at.fact) else { return row };
        let Some(mut p) = row else {
            let facts::Fact::Reported(f) = fact else { return None };
            return Some(Problem {
                id,
                org: at.org,
                number: format!("{}-{}", at.org, at.seq),
                place: at.place,
                field: f.field,
                text: f.text.clone(),
                position: f.position,
                photos: f.photos.clone(),
                channel: f.channel,
                reporter: f.reporter.clone(),
                reported_ms: at.effective_ms,
                state: State::Reported,
                diagnosis: None,
                claim: None,
                escalations: Vec::new(),
                absorbed: Vec::new(),
                reopened: 0,
                verified_ms: None,
                first_due: None,
                in_time: None,
                withheld: None,
                contact: f.contact,
                settled_ms: None,
            });
        };
        let before = p.state.word();
        match fact {
            Fact::Reported(_) | Fact::TopicProposed(_) | Fact::TopicConcluded(_) => {}
            Fact::Assigned(f) => {
                p.first_due = p.first_due.or(Some(f.due));
                p.state = State::Assigned { post: f.post, due: f.due };
            }
            Fact::Dismissed(f) => p.state = State::Dismissed { reason: f.reason.clone() },
            Fact::Diagnosed(f) => p.diagnosis = Some(Diagnosis { cause: f.cause.clone(), measure: f.measure.clone() }),
            Fact::FixClaimed(f) => {
                p.claim = Some(f.clone());
                p.state = State::Claimed { post: f.post, due: f.verify_by, claimed_ms: at.recorded_ms, by: at.account() };
            }
            Fact::FixVerified(f) => {
                let post = p.state.post().unwrap_or(f.post);
                p.verified_ms = Some(at.recorded_ms);
                p.in_time = match (&p.state, p.first_due) {
                    (State::Claimed { claimed_ms, .. }, Some(due)) => Some(p.reopened == 0 && Day::of_ms(*claimed_ms) <= due),
                    _ => None,
                };
                p.state = State::Verified { post, verified_ms: at.recorded_ms, by: at.account() };
            }
            Fact::FixRejected(f) => {
                p.reopened += 1;
                // What was asked before is past: there is a new day.
                p.escalations.clear();
                let post = p.state.post().unwrap_or(f.post);
                p.state = State::Assigned { post, due: f.due };
            }
            Fact::Confirmed(_) => {
                if let Some(post) = p.state.post() {
                    p.state = State::Confirmed { post };
                }
            }
            Fact::Reopened(f) => {
                p.reopened += 1;
                p.verified_ms = None;
                p.in_time = None;
                // The ladder begins anew: whoever was asked before is asked again.
                p.escalations.clear();
                p.state = match (f.post, f.due) {
                    (Some(post), Some(due)) => State::Assigned { post, due },
                    _ => State::Reported,
                };
            }
            Fact::Merged(f) => {
                let before = match std::mem::replace(&mut p.state, State::Reported) {
                    State::Merged { before, .. } => before,
                    other => Box::new(other),
                };
                p.state = State::Merged { into: f.into, before };
            }
            Fact::Unmerged(_) => {
                if let State::Merged { before, .. } = std::mem::replace(&mut p.state, State::Reported) {
                    p.state = *before;
                }
            }
            Fact::Absorbed(f) => p.absorbed.push(f.from),
            Fact::Released(f) => p.absorbed.retain(|id| *id != f.from),
            Fact::Escalated(f) => {
                p.escalations.push(Escalated { to: f.to, on_ms: at.recorded_ms, answer_by: f.answer_by, answer: None });
            }
            Fact::EscalationAnswered(f) => {
                if let Some(last) = p.escalations.last_mut() {
                    last.answer = Some(Answer { text: f.text.clone(), on_ms: at.recorded_ms, by: at.actor.clone() });
                }
                match &mut p.state {
                    State::Assigned { due, .. } | State::Claimed { due, .. } => *due = f.due,
                    State::Reported
                    | State::Verified { .. }
                    | State::Confirmed { .. }
                    | State::Dismissed { .. }
                    | State::Merged { .. } => {}
                }
            }
            Fact::Reclassified(f) => {
                p.field = f.field;
                p.place = f.place;
            }
            Fact::Withheld(f) => p.withheld = Some(f.reason.clone()),
            Fact::Shown(_) => p.withheld = None,
        }
        if p.state.is_open() {
            p.settled_ms = None;
        } else if p.state.word() != before {
            p.settled_ms = Some(at.recorded_ms);
        }
        Some(p)
    }

    fn values(&self) -> Vec<Value> {
        let reporter = match &self.reporter {
            Reporter::Villager { .. } => None,
            Reporter::Account { account } => Some(account.to_string()),
        };
        let reported_on = Day::of_ms(self.reported_ms);
        let verified_on = self.verified_ms.map(Day::of_ms);
        let post = self.state.post();
        vec![
            self.number.as_str().into(),
            self.place.into(),
            self.field.word().into(),
            self.state.word().into(),
            self.state.is_open().into(),
            self.clock().into(),
            reported_on.into(),
            self.channel.word().into(),
            post.map(|p| p.key()).into(),
            post.map(|p| p.place).into(),
            post.map(|p| p.role.word()).into(),
            post.and_then(|p| p.department).map(|d| d.word()).into(),
            reporter.into(),
            i64::from(self.reopened).into(),
            self.unanswered().map(|e| e.to.place).into(),
            verified_on.into(),
            verified_on.map(|d| d.days_since(reported_on)).into(),
            self.in_time.into(),
            self.withheld.is_some().into(),
            self.position.map(|p| i64::from(p.lon_e7)).into(),
            self.position.map(|p| i64::from(p.lat_e7)).into(),
            self.text.as_str().into(),
        ]
    }
}
