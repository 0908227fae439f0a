//! Who may say who holds a post, and how a post changes hands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{facts::*, view::*};
use crate::{
    Fact as AnyFact, ViewId,
    basics::{
        Actor, Authority, Capability, Context, Day, Decide, Draft, FileHash, HoldingId, PersonId, PlaceId, Post, Read, Role,
        Rows, Subject, Text,
    },
    places::{Level, Place},
    problems::{Reason, Words},
};

/// What a statement lists, filled in at the door from what is recorded; whatever a client sends is replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The stored file.
    pub file: FileHash,
    /// How many of each kind.
    pub counts: BTreeMap<String, u32>,
}

/// Commands about posts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type")]
pub enum Command {
    /// Say that a person holds a post.
    #[serde(rename = "duties.take_up")]
    TakeUp {
        /// The post.
        post: Post,
        /// Who.
        person: PersonId,
        /// First day.
        from: Day,
        /// Last day, where it is known.
        until: Option<Day>,
        /// The document that says so.
        document: Option<Reason>,
        /// Posts that the person holds already; filled in at the door.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        already: Vec<Post>,
    },
    /// Say that a holding ends.
    #[serde(rename = "duties.leave")]
    Leave {
        /// The post.
        post: Post,
        /// Which holding.
        holding: HoldingId,
        /// Last day.
        on: Day,
        /// Why.
        reason: Reason,
    },
    /// Have somebody stand in during leave: by the holder himself, or by whoever appoints.
    #[serde(rename = "duties.delegate")]
    Delegate {
        /// The post.
        post: Post,
        /// The holding of whoever is on leave.
        holding: HoldingId,
        /// Who stands in.
        person: PersonId,
        /// First day.
        from: Day,
        /// Last day.
        until: Day,
        /// Why.
        reason: Reason,
        /// Posts that the stand-in holds already; filled in at the door.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        already: Vec<Post>,
    },
    /// Take back a holding that was recorded by mistake.
    #[serde(rename = "duties.withdraw")]
    Withdraw {
        /// The post.
        post: Post,
        /// Which holding.
        holding: HoldingId,
        /// Why.
        reason: Reason,
    },
    /// Say in plain words what a post answers for.
    #[serde(rename = "duties.describe")]
    Describe {
        /// The post.
        post: Post,
        /// The duty.
        duty: Words,
        /// The telephone of the office; public.
        phone: Option<Text<40>>,
    },
    /// Write down what is handed over.
    #[serde(rename = "handovers.draw_up")]
    DrawUp {
        /// The post.
        post: Post,
        /// The holding that ends.
        holding: HoldingId,
        /// What is listed; made at the door.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        statement: Option<Statement>,
    },
    /// Sign it.
    #[serde(rename = "handovers.sign")]
    Sign {
        /// The post.
        post: Post,
        /// Which statement.
        statement: FileHash,
        /// Which side.
        side: Side,
        /// Why somebody else signs; by whoever appoints only.
        in_absence: Option<Reason>,
        /// What does not agree.
        remark: Option<Words>,
    },
}

/// Why something about posts or tasks is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Refusal {
    /// There is no such place.
    #[error("no such place: {place}")]
    NoSuchPlace {
        /// What was named.
        place: PlaceId,
    },
    /// The place has ceased to be.
    #[error("{name} was closed")]
    PlaceClosed {
        /// Its name.
        name: String,
    },
    /// There is no such person.
    #[error("no such person")]
    NoSuchPerson,
    /// Nobody holds it so.
    #[error("no such holding of this post")]
    NoSuchHolding,
    /// There is no such task.
    #[error("no such task")]
    NoSuchTask,
    /// There is no such post at a place of this level.
    #[error("there is no such post at this level")]
    NotAtThisLevel,
    /// Nobody says of himself that he holds a post.
    #[error("nobody appoints himself")]
    AppointsHimself,
    /// Only posts below one's own.
    #[error("this post may appoint only at places below its own")]
    OnlyBelow,
    /// The three administrators are three people.
    #[error("nobody is two of the three administrators")]
    TwoAdministrators,
    /// A place has one head at a time.
    #[error("somebody holds this post on these days already")]
    AlreadyHeld,
    /// The same person holds it on these days already.
    #[error("this person holds the post on these days already")]
    HoldsItAlready,
    /// The holding has ended.
    #[error("this holding has ended")]
    HasEnded,
    /// It ends before it begins.
    #[error("it cannot end on {until}, before it begins on {from}")]
    EndsBeforeItBegins {
        /// First day.
        from: Day,
        /// Last day.
        until: Day,
    },
    /// A day that cannot be.
    #[error("{day} cannot be: it lies before {earliest}")]
    TooEarly {
        /// The day.
        day: Day,
        /// The earliest possible.
        earliest: Day,
    },
    /// A day too far away.
    #[error("{day} cannot be: it lies after {latest}")]
    TooLate {
        /// The day.
        day: Day,
        /// The latest possible.
        latest: Day,
    },
    /// Nothing would change.
    #[error("nothing would change")]
    NothingChanges,
    /// Only the holder, or whoever appoints.
    #[error("only the holder himself or whoever appoints may do this")]
    NotYours,
    /// The holding goes on.
    #[error("this holding has no last day yet")]
    GoesOn,
    /// There is nothing to hand over from such a post.
    #[error("nothing is handed over from such a post")]
    NothingToHandOver,
    /// It was signed by both sides.
    #[error("both sides have signed")]
    SignedAlready,
    /// There is no such statement.
    #[error("no such statement for this post")]
    NoSuchStatement,
    /// Not possible in this state.
    #[error("not possible while the task is {state}")]
    NotInThisState {
        /// The word of the state.
        state: &'static str,
    },
    /// The post is not one over this place.
    #[error("the post is not over this place")]
    PostElsewhere,
    /// The role cannot bear tasks.
    #[error("this role does not bear tasks")]
    RoleCannotWork,
    /// The post of somebody else.
    #[error("another post answers for this task")]
    AnotherPostAnswers,
    /// The claimer cannot verify his own claim.
    #[error("whoever claimed it cannot verify it")]
    VerifiesHisOwn,
    /// The same post cannot verify.
    #[error("the post that claimed it cannot verify it")]
    SamePost,
    /// Somebody under the claimer cannot verify.
    #[error("somebody under the claiming post cannot verify its claim")]
    UnderTheClaimer,
    /// Too many photos.
    #[error("{found} photos, at most {max}")]
    TooManyPhotos {
        /// How many came.
        found: usize,
        /// How many are accepted.
        max: usize,
    },
    /// Parts of it are open.
    #[error("{open} parts of it are not verified yet")]
    PartsOpen {
        /// How many.
        open: usize,
    },
    /// A part lies elsewhere.
    #[error("a part lies outside the place of the task")]
    PartElsewhere,
    /// Too few or too many parts.
    #[error("{found} parts given, 1 to {max} are possible")]
    WrongNumber {
        /// How many were given.
        found: usize,
        /// At most.
        max: usize,
    },
    /// A target says how much.
    #[error("a target says how much is to be done, and a claim how much was")]
    QuantityNeeded,
    /// The year's list is an earlier one.
    #[error("{year} is not later than {than}")]
    NotLater {
        /// What was given.
        year: u16,
        /// The task's own.
        than: u16,
    },
    /// A promise is made by whoever bears it.
    #[error("a promise is made by the post that bears it")]
    PromisesForOthers,
    /// Its day has not passed, or that has been recorded.
    #[error("its day has not passed")]
    NotOverdue,
}

/// A century: a day further away is a slip of the hand.
const DAYS_MAX: i64 = 36_500;

pub(super) fn place_read(id: PlaceId) -> Read {
    Read::Row(ViewId::Places, id.key())
}

pub(super) fn post_read(post: Post) -> Read {
    Read::Row(ViewId::Posts, post.key())
}

/// Whether there are such posts at a place: village officials in villages, township officials in townships, departments from
/// the county upwards; heads, offices, inspectors, readers and administrators anywhere.
pub(super) fn fits(post: Post, place: &Place) -> bool {
    let department_named = post.department.is_none() || post.role == Role::Department;
    department_named
        && match post.role {
            Role::Village => place.level == Level::Village,
            Role::Township => place.level == Level::Township,
            Role::Department => place.level <= Level::County,
            Role::Admin | Role::Security | Role::Audit | Role::Head | Role::Office | Role::Inspector | Role::Viewer => true,
        }
}

impl Command {
    /// The post that the command is about.
    pub fn post(&self) -> Post {
        match self {
            Command::TakeUp { post, .. }
            | Command::Leave { post, .. }
            | Command::Delegate { post, .. }
            | Command::Withdraw { post, .. }
            | Command::Describe { post, .. }
            | Command::DrawUp { post, .. }
            | Command::Sign { post, .. } => *post,
        }
    }

    /// The person who is appointed, with a place for the posts held already, to be filled in at the door.
    pub fn appointed_mut(&mut self) -> Option<(PersonId, &mut Vec<Post>)> {
        match self {
            Command::TakeUp { person, already, .. } | Command::Delegate { person, already, .. } => Some((*person, already)),
            _ => None,
        }
    }
}

impl Decide for Command {
    type Refusal = Refusal;

    fn reads(&self, _rows: &Rows) -> Vec<Read> {
        let post = self.post();
        vec![place_read(post.place), post_read(post)]
    }

    fn authority(&self, rows: &Rows) -> Option<Authority> {
        let place = rows.place(self.post().place)?.id;
        let appoint = match self.post().role.administers() {
            true => Capability::AccessAppoint,
            false => Capability::DutiesAppoint,
        };
        Some(Authority::Post(
            match self {
                Command::TakeUp { .. } | Command::Leave { .. } | Command::Withdraw { .. } | Command::Describe { .. } => appoint,
                // The holder himself may, whatever he may else; who else may is looked at when it is decided.
                Command::Delegate { .. } | Command::DrawUp { .. } | Command::Sign { .. } => Capability::Read,
            },
            place,
        ))
    }

    fn decide(self, rows: &Rows, cx: &Context) -> Result<Vec<Draft>, Refusal> {
        let post = self.post();
        let place = rows.place(post.place).ok_or(Refusal::NoSuchPlace { place: post.place })?;
        let row = rows.get::<PostRow>(&post.key());
        let fact = Case { post, place, row, cx }.decide(self)?;
        Ok(vec![Draft {
            org: place.org,
            subject: Subject::Post(post),
            place: place.id,
            effective_ms: cx.now_ms,
            fact: AnyFact::Duty(fact),
        }])
    }

    fn field(&self, reason: &str) -> Option<&'static str> {
        Some(match (self, reason) {
            (Command::TakeUp { .. } | Command::Delegate { .. }, "too-early" | "too-late") => "from",
            (Command::TakeUp { until: Some(_), .. } | Command::Delegate { .. }, "ends-before-it-begins") => "until",
            (Command::Leave { .. }, "ends-before-it-begins" | "too-late") => "on",
            (
                Command::TakeUp { .. } | Command::Delegate { .. },
                "appoints-himself" | "two-administrators" | "holds-it-already" | "no-such-person",
            ) => "person",
            (_, "not-at-this-level" | "only-below" | "already-held" | "nothing-to-hand-over") => "post",
            (Command::Sign { .. }, "no-such-statement" | "signed-already") => "statement",
            (Command::Sign { .. } | Command::TakeUp { .. }, _) => return None,
            (_, "no-such-holding" | "has-ended" | "goes-on") => "holding",
            _ => return None,
        })
    }
}

struct Case<'a> {
    post: Post,
    place: &'a Place,
    row: Option<&'a PostRow>,
    cx: &'a Context,
}

impl Case<'_> {
    fn decide(&self, command: Command) -> Result<Fact, Refusal> {
        match command {
            Command::TakeUp { person, from, until, document, already, .. } => {
                self.open_place()?;
                self.may_appoint(person)?;
                self.days(from, until)?;
                self.apart(&already)?;
                self.free(person, from, until)?;
                let holding = HoldingId(self.cx.fresh);
                Ok(Fact::TakenUp(TakenUp { holding, person, from, until, document }))
            }
            Command::Leave { holding, on, reason, .. } => {
                let held = self.holding(holding)?;
                self.may_appoint(held.person)?;
                if held.until == Some(on) {
                    return Err(Refusal::NothingChanges);
                }
                // Its end may be corrected until the hand-over is signed.
                if self.signed(holding) {
                    return Err(Refusal::HasEnded);
                }
                self.days(held.from, Some(on))?;
                Ok(Fact::Left(Left { holding, on, reason }))
            }
            Command::Delegate { holding, person, from, until, reason, already, .. } => {
                self.open_place()?;
                let held = self.holding(holding)?;
                if held.stands_in_for.is_some() {
                    return Err(Refusal::NoSuchHolding);
                }
                if self.cx.actor.person() != Some(held.person) {
                    self.appoints()?;
                }
                if person == held.person {
                    return Err(Refusal::HoldsItAlready);
                }
                self.days(from, Some(until))?;
                // Leave lies within the time for which the post is held.
                if from < held.from {
                    return Err(Refusal::TooEarly { day: from, earliest: held.from });
                }
                if let Some(end) = held.until.filter(|end| *end < until) {
                    return Err(Refusal::TooLate { day: until, latest: end });
                }
                self.apart(&already)?;
                if self.others(person).any(|h| h.meets(from, Some(until))) {
                    return Err(Refusal::HoldsItAlready);
                }
                let stands_in_for = held.id;
                Ok(Fact::Delegated(Delegated { holding: HoldingId(self.cx.fresh), stands_in_for, person, from, until, reason }))
            }
            Command::Withdraw { holding, reason, .. } => {
                let held = self.holding(holding)?;
                self.may_appoint(held.person)?;
                if self.signed(holding) {
                    return Err(Refusal::HasEnded);
                }
                Ok(Fact::Withdrawn(Withdrawn { holding, reason }))
            }
            Command::Describe { duty, phone, .. } => {
                self.open_place()?;
                if !fits(self.post, self.place) {
                    return Err(Refusal::NotAtThisLevel);
                }
                if self.row.is_some_and(|row| row.duty.as_ref() == Some(&duty) && row.phone == phone) {
                    return Err(Refusal::NothingChanges);
                }
                Ok(Fact::Described(Described { duty, phone }))
            }
            Command::DrawUp { holding, statement, .. } => self.draw_up(holding, statement),
            Command::Sign { statement, side, in_absence, remark, .. } => self.sign(statement, side, in_absence, remark),
        }
    }

    fn open_place(&self) -> Result<(), Refusal> {
        match self.place.closed {
            None => Ok(()),
            Some(_) => Err(Refusal::PlaceClosed { name: self.place.name.clone() }),
        }
    }

    fn holding(&self, id: HoldingId) -> Result<&Holding, Refusal> {
        self.row.and_then(|row| row.holding(id)).filter(|h| h.withdrawn.is_none()).ok_or(Refusal::NoSuchHolding)
    }

    fn signed(&self, holding: HoldingId) -> bool {
        self.row.is_some_and(|row| row.handovers.iter().any(|h| h.holding == holding && h.signed()))
    }

    fn others(&self, person: PersonId) -> impl Iterator<Item = &Holding> {
        self.row.into_iter().flat_map(|row| &row.holdings).filter(move |h| h.person == person)
    }

    /// Whether the actor appoints to this post: heads and offices at their own place and below, townships only below; of the
    /// administrators the system's appoints the other two, and the security administrator the other two.
    fn appoints(&self) -> Result<(), Refusal> {
        if self.cx.actor.account().is_none() {
            return Ok(());
        }
        if !fits(self.post, self.place) {
            return Err(Refusal::NotAtThisLevel);
        }
        let over = |mine: &&Post| self.place.is_or_is_within(mine.place);
        let mut refusal = Refusal::NotYours;
        for mine in self.cx.actor.posts().iter().filter(over) {
            let good = match (mine.role, self.post.role) {
                (Role::Admin, Role::Security | Role::Audit) | (Role::Security, Role::Admin | Role::Audit) => true,
                (Role::Head | Role::Office, role) => !role.administers(),
                (Role::Township, role) if !role.administers() => {
                    refusal = Refusal::OnlyBelow;
                    mine.place != self.post.place
                }
                _ => false,
            };
            if good {
                return Ok(());
            }
        }
        Err(refusal)
    }

    fn may_appoint(&self, person: PersonId) -> Result<(), Refusal> {
        self.appoints()?;
        match self.cx.actor.person() == Some(person) {
            true => Err(Refusal::AppointsHimself),
            false => Ok(()),
        }
    }

    fn apart(&self, already: &[Post]) -> Result<(), Refusal> {
        let other = |held: &Post| held.role.administers() && held.role != self.post.role;
        match self.post.role.administers() && already.iter().any(other) {
            true => Err(Refusal::TwoAdministrators),
            false => Ok(()),
        }
    }

    /// A post may be recorded as held from long ago, but nobody is there for a hundred years.
    fn days(&self, from: Day, until: Option<Day>) -> Result<(), Refusal> {
        let (earliest, latest) = (self.cx.today().plus(-DAYS_MAX), self.cx.today().plus(DAYS_MAX));
        if from < earliest {
            return Err(Refusal::TooEarly { day: from, earliest });
        }
        if let Some(day) = [Some(from), until].into_iter().flatten().find(|d| *d > latest) {
            return Err(Refusal::TooLate { day, latest });
        }
        match until {
            Some(until) if until < from => Err(Refusal::EndsBeforeItBegins { from, until }),
            _ => Ok(()),
        }
    }

    fn free(&self, person: PersonId, from: Day, until: Option<Day>) -> Result<(), Refusal> {
        let own = || self.row.into_iter().flat_map(|row| &row.holdings).filter(|h| h.stands_in_for.is_none());
        if own().any(|h| h.person == person && h.meets(from, until)) {
            return Err(Refusal::HoldsItAlready);
        }
        // What was so before is imported as it was.
        let before = self.cx.actor == Actor::Import;
        if self.post.role == Role::Head && !before && own().any(|h| h.meets(from, until)) {
            return Err(Refusal::AlreadyHeld);
        }
        Ok(())
    }

    fn draw_up(&self, holding: HoldingId, statement: Option<Statement>) -> Result<Fact, Refusal> {
        let held = self.holding(holding)?;
        if !hands_over(self.post.role) || held.stands_in_for.is_some() {
            return Err(Refusal::NothingToHandOver);
        }
        self.side_or_appointer(holding)?;
        let on = held.until.ok_or(Refusal::GoesOn)?;
        if self.signed(holding) {
            return Err(Refusal::SignedAlready);
        }
        let Statement { file, counts } = statement.ok_or(Refusal::NoSuchStatement)?;
        let known = self.row.into_iter().flat_map(|row| &row.handovers).any(|h| h.holding == holding && h.statement == file);
        if known {
            return Err(Refusal::NothingChanges);
        }
        // What is handed over is what there is on the last day; before that day, what there is now.
        let on = on.min(self.cx.today());
        Ok(Fact::DrawnUp(DrawnUp { holding, on, statement: file, counts }))
    }

    /// Whoever leaves, whoever holds the post otherwise, or whoever appoints.
    fn side_or_appointer(&self, holding: HoldingId) -> Result<(), Refusal> {
        let person = self.cx.actor.person();
        let outgoing = self.holding(holding)?.person;
        let today = self.cx.today();
        let holds = || self.row.is_some_and(|row| row.holders(today).any(|h| Some(h.person) == person));
        if person == Some(outgoing) || holds() { Ok(()) } else { self.appoints() }
    }

    fn sign(&self, statement: FileHash, side: Side, in_absence: Option<Reason>, remark: Option<Words>) -> Result<Fact, Refusal> {
        let handover = self.row.and_then(|row| row.handovers.iter().find(|h| h.statement == statement));
        let handover = handover.ok_or(Refusal::NoSuchStatement)?;
        let signature = match side {
            Side::Outgoing => &handover.outgoing,
            Side::Incoming => &handover.incoming,
        };
        if signature.is_some() {
            return Err(Refusal::SignedAlready);
        }
        let person = self.cx.actor.person().ok_or(Refusal::NotYours)?;
        let outgoing = self.holding(handover.holding)?;
        let today = self.cx.today();
        // Whoever follows: holds the post after the one who leaves began, and is somebody else.
        let follows = |h: &Holding| {
            h.person == person
                && h.person != outgoing.person
                && h.from > outgoing.from
                && h.stands_in_for.is_none()
                && h.on(today)
        };
        let own = match side {
            Side::Outgoing => outgoing.person == person,
            Side::Incoming => self.row.is_some_and(|row| row.holdings.iter().any(follows)),
        };
        match (own, &in_absence) {
            (true, None) => {}
            (true, Some(_)) => return Err(Refusal::NotYours),
            (false, None) => return Err(Refusal::NotYours),
            (false, Some(_)) => {
                self.appoints()?;
                // Both signatures of one hand would be none.
                let other = match side {
                    Side::Outgoing => &handover.incoming,
                    Side::Incoming => &handover.outgoing,
                };
                let signed_other = other.as_ref().is_some_and(|s| s.person == person);
                if signed_other || outgoing.person == person {
                    return Err(Refusal::NotYours);
                }
            }
        }
        Ok(Fact::Signed(Signed { statement, side, person, in_absence, remark }))
    }
}
