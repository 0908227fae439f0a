//! What may be done with a private person's particulars.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    facts::{Erased, ErasedBecause, Fact, Reason, Unmasked},
    view::{Person, PersonState},
};
use crate::{
    Fact as AnyFact, ViewId,
    basics::{Actor, Authority, Capability, Context, Day, Decide, Draft, PersonId, PlaceId, Read, Role, Rows, Subject, Text},
    places::Place,
    problems::Problem,
    rules::{self, Rule},
};

/// A reason of fewer words says nothing to whoever reads it later. A Chinese character counts as a word.
pub const REASON_WORDS_MIN: usize = 4;

/// Commands of this room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type")]
pub enum Command {
    /// See particulars in full. Recorded before they are shown; the door for it is `POST /api/persons/{id}/unmask`.
    #[serde(rename = "persons.unmask")]
    Unmask {
        /// Whose.
        person: PersonId,
        /// Why, in at least four words.
        reason: Reason,
    },
    /// Erase particulars for good. The person himself brings his receipt instead of a post.
    #[serde(rename = "persons.erase")]
    Erase {
        /// Whose.
        person: PersonId,
        /// Why; needed from officials.
        reason: Option<Reason>,
        /// The receipt of his report.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receipt: Option<Text<64>>,
    },
    /// Erase what has been kept as long as the rule says. The programme does it by itself.
    #[serde(rename = "persons.expire")]
    Expire {
        /// Whose.
        person: PersonId,
    },
}

/// Why a command about particulars is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Refusal {
    /// Nobody of this id has left anything.
    #[error("no such person")]
    NoSuchPerson,
    /// They are gone.
    #[error("the particulars were erased on {day}")]
    AlreadyErased {
        /// When.
        day: Day,
    },
    /// Whoever reads the record later must understand why.
    #[error("say why, in at least {min} words")]
    SayWhy {
        /// Fewest words.
        min: usize,
    },
    /// Only the programme office or the head of the place, or above it, erases for others.
    #[error("only the programme office or a head erases particulars")]
    OfficeOrHead,
    /// A wrong receipt.
    #[error("only whoever left the particulars may erase them here")]
    NotThePerson,
    /// Their time has not come.
    #[error("they are kept until {day}")]
    NotYet {
        /// The day on which they go.
        day: Day,
    },
    /// The problem is still open, or its place has no rule.
    #[error("the problem is open, or rule persons.contacts has not been set")]
    StillNeeded,
}

impl Command {
    /// Whose particulars.
    pub fn person(&self) -> PersonId {
        match self {
            Command::Unmask { person, .. } | Command::Erase { person, .. } | Command::Expire { person } => *person,
        }
    }
}

fn row(rows: &Rows, person: PersonId) -> Option<&Person> {
    let read = Read::Row(ViewId::Persons, person.key());
    if rows.has(&read) { rows.get::<Person>(&person.key()) } else { None }
}

fn problem<'r>(rows: &'r Rows, person: &Person) -> Option<&'r Problem> {
    let key = person.problem?.key();
    if rows.has(&Read::Row(ViewId::Problems, key.clone())) { rows.get::<Problem>(&key) } else { None }
}

/// Where the person's problem lies now: whoever may see the one may see the other.
fn place_id(rows: &Rows, person: &Person) -> PlaceId {
    problem(rows, person).map_or(person.place, |p| p.place)
}

fn place(rows: &Rows, id: PlaceId) -> Option<&Place> {
    if rows.has(&Read::Row(ViewId::Places, id.key())) { rows.place(id) } else { None }
}

/// Words, a Chinese character being one.
fn words(text: &str) -> usize {
    let han = |c: &char| matches!(c, '\u{3400}'..='\u{9FFF}');
    let others = text.split(|c: char| !c.is_alphanumeric() || han(&c)).filter(|w| !w.is_empty()).count();
    text.chars().filter(han).count() + others
}

fn said(reason: Option<&Reason>) -> Result<(), Refusal> {
    match reason {
        Some(reason) if words(reason.as_str()) >= REASON_WORDS_MIN => Ok(()),
        _ => Err(Refusal::SayWhy { min: REASON_WORDS_MIN }),
    }
}

impl Decide for Command {
    type Refusal = Refusal;

    fn reads(&self, rows: &Rows) -> Vec<Read> {
        let mut reads = vec![Read::Row(ViewId::Persons, self.person().key())];
        let Some(person) = row(rows, self.person()) else { return reads };
        if let Some(id) = person.problem {
            let read = Read::Row(ViewId::Problems, id.key());
            let loaded = rows.has(&read);
            reads.push(read);
            if !loaded {
                return reads;
            }
        }
        let at = place_id(rows, person);
        reads.push(Read::Row(ViewId::Places, at.key()));
        if let (Command::Expire { .. }, Some(place)) = (self, place(rows, at)) {
            reads.extend(rules::reads(place, Rule::CONTACTS));
        }
        reads
    }

    fn authority(&self, rows: &Rows) -> Option<Authority> {
        let person = row(rows, self.person())?;
        let place = place(rows, place_id(rows, person))?.id;
        Some(match self {
            Command::Unmask { .. } => Authority::Post(Capability::ParticularsUnmask, place),
            Command::Erase { receipt: None, .. } => Authority::Post(Capability::ParticularsUnmask, place),
            Command::Erase { receipt: Some(_), .. } => Authority::Anybody,
            Command::Expire { .. } => Authority::Machine,
        })
    }

    fn decide(self, rows: &Rows, cx: &Context) -> Result<Vec<Draft>, Refusal> {
        let id = self.person();
        let person = row(rows, id).ok_or(Refusal::NoSuchPerson)?;
        let at = place_id(rows, person);
        if let PersonState::Erased { on_ms, .. } = person.state {
            return Err(Refusal::AlreadyErased { day: Day::of_ms(on_ms) });
        }
        let fact = match self {
            Command::Unmask { reason, .. } => {
                said(Some(&reason))?;
                Fact::Unmasked(Unmasked { person: id, fields: Vec::new(), reason, problem: person.problem })
            }
            Command::Erase { receipt: Some(receipt), reason, .. } => {
                let own = problem(rows, person).is_some_and(|p| p.reporter.holds(&receipt));
                if !own {
                    return Err(Refusal::NotThePerson);
                }
                Fact::Erased(Erased { person: id, because: ErasedBecause::Own, reason })
            }
            Command::Erase { receipt: None, reason, .. } => {
                let because = match &cx.actor {
                    Actor::System | Actor::Import | Actor::Public => ErasedBecause::Restored,
                    Actor::Account { posts, .. } => {
                        said(reason.as_ref())?;
                        let over = place(rows, at);
                        let decides = |role| matches!(role, Role::Office | Role::Head);
                        let allowed = posts.iter().any(|p| decides(p.role) && over.is_some_and(|o| o.is_or_is_within(p.place)));
                        if !allowed {
                            return Err(Refusal::OfficeOrHead);
                        }
                        ErasedBecause::Asked
                    }
                };
                Fact::Erased(Erased { person: id, because, reason })
            }
            Command::Expire { .. } => {
                let until = expires(rows, person, cx.today()).ok_or(Refusal::StillNeeded)?;
                if cx.today() < until {
                    return Err(Refusal::NotYet { day: until });
                }
                Fact::Erased(Erased { person: id, because: ErasedBecause::Expired, reason: None })
            }
        };
        let fact = AnyFact::Person(fact);
        Ok(vec![Draft { org: person.org, subject: Subject::Person(id), place: at, effective_ms: cx.now_ms, fact }])
    }

    fn field(&self, reason: &str) -> Option<&'static str> {
        match (self, reason) {
            (Command::Unmask { .. } | Command::Erase { .. }, "say-why") => Some("reason"),
            (Command::Erase { receipt: Some(_), .. }, "not-the-person") => Some("receipt"),
            _ => None,
        }
    }
}

/// The day on which particulars go: so many days after the problem was settled, by the rule of its place.
fn expires(rows: &Rows, person: &Person, today: Day) -> Option<Day> {
    let settled = problem(rows, person)?.settled_ms?;
    let place = place(rows, place_id(rows, person))?;
    match rules::find(rows, place, Rule::CONTACTS, today)? {
        Rule::Contacts(rule) => Some(Day::of_ms(settled).plus(rule.keep_days.into())),
        _ => None,
    }
}
