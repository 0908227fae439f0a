//! What may be done to problems.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Topic, TopicState,
    facts::*,
    view::{Problem, State},
};
use crate::{
    Fact as AnyFact, ViewId,
    basics::{
        Actor, Authority, Capability, Context, Day, Decide, Dependence, Draft, PlaceId, Position, Post, ProblemId, Read, Role,
        Rows, Subject, Text, TopicId,
    },
    duties::PostRow,
    persons::{self, Contact, Left, Purpose},
    places::{Level, Place},
    rules::{self, Rule},
};

/// Commands of this room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type")]
pub enum Command {
    /// Report a problem. A villager without an account brings a receipt, by which he is known later.
    #[serde(rename = "problems.report")]
    Report {
        /// Where.
        place: PlaceId,
        /// Works field.
        field: Field,
        /// What is wrong.
        text: Words,
        /// Where exactly.
        position: Option<Position>,
        /// Evidence, at most 10.
        #[serde(default)]
        photos: Vec<Photo>,
        /// When it was found, if not just now.
        found_ms: Option<i64>,
        /// A villager's receipt; made at the door, never stored as it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receipt: Option<Text<64>>,
        /// Whom to ask back; made at the door out of particulars, which are never in a command.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contact: Option<Contact>,
    },
    /// Make a post answerable.
    #[serde(rename = "problems.assign")]
    Assign {
        /// Which problem.
        problem: ProblemId,
        /// The post; by the rule where absent.
        post: Option<Post>,
        /// By when; by the rule where absent.
        due: Option<Day>,
        /// Further words.
        note: Option<Reason>,
    },
    /// Not a problem for the programme.
    #[serde(rename = "problems.dismiss")]
    Dismiss {
        /// Which problem.
        problem: ProblemId,
        /// Why; public.
        reason: Reason,
    },
    /// Record cause and measure.
    #[serde(rename = "problems.diagnose")]
    Diagnose {
        /// Which problem.
        problem: ProblemId,
        /// Why it came about.
        cause: Reason,
        /// What is done about it.
        measure: Reason,
    },
    /// Say that it is fixed.
    #[serde(rename = "problems.claim_fix")]
    ClaimFix {
        /// Which problem.
        problem: ProblemId,
        /// What was done.
        text: Words,
        /// Evidence, at least one photo.
        photos: Vec<Photo>,
    },
    /// Say that one has seen it to be fixed.
    #[serde(rename = "problems.verify_fix")]
    VerifyFix {
        /// Which problem.
        problem: ProblemId,
        /// What was seen.
        note: Reason,
        /// Evidence.
        #[serde(default)]
        photos: Vec<Photo>,
    },
    /// Say that one has seen it not to be fixed.
    #[serde(rename = "problems.reject_fix")]
    RejectFix {
        /// Which problem.
        problem: ProblemId,
        /// What was seen.
        reason: Reason,
    },
    /// The reporter says whether it is solved.
    #[serde(rename = "problems.answer_as_reporter")]
    AnswerAsReporter {
        /// Which problem.
        problem: ProblemId,
        /// Whether it is solved.
        solved: bool,
        /// Further words; needed where it is not solved.
        words: Option<Reason>,
        /// The receipt, where the reporter has no account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        receipt: Option<Text<64>>,
    },
    /// Open it again.
    #[serde(rename = "problems.reopen")]
    Reopen {
        /// Which problem.
        problem: ProblemId,
        /// Why.
        reason: Reason,
    },
    /// It is the same as another one.
    #[serde(rename = "problems.merge")]
    Merge {
        /// Which problem.
        problem: ProblemId,
        /// The one that stays.
        into: ProblemId,
    },
    /// Merging was a mistake.
    #[serde(rename = "problems.unmerge")]
    Unmerge {
        /// Which problem.
        problem: ProblemId,
        /// Why.
        reason: Reason,
    },
    /// Send it one level up. Clocks do it by themselves, without a reason.
    #[serde(rename = "problems.escalate")]
    Escalate {
        /// Which problem.
        problem: ProblemId,
        /// Why; needed from people.
        reason: Option<Reason>,
    },
    /// The head answers.
    #[serde(rename = "problems.answer_escalation")]
    AnswerEscalation {
        /// Which problem.
        problem: ProblemId,
        /// What he says.
        text: Reason,
        /// The new day; by the rule where absent.
        due: Option<Day>,
    },
    /// Correct field or place.
    #[serde(rename = "problems.reclassify")]
    Reclassify {
        /// Which problem.
        problem: ProblemId,
        /// The right field.
        field: Option<Field>,
        /// The right place, within the same organisation.
        place: Option<PlaceId>,
        /// Why.
        reason: Reason,
    },
    /// A place has ceased to be: what is open there goes on with whoever follows it. The programme does it by itself.
    #[serde(rename = "problems.hand_over")]
    HandOver {
        /// Which problem.
        problem: ProblemId,
    },
    /// Keep words and photos off the public page.
    #[serde(rename = "problems.withhold")]
    Withhold {
        /// Which problem.
        problem: ProblemId,
        /// Why.
        reason: Reason,
    },
    /// Make words and photos public again.
    #[serde(rename = "problems.show")]
    Show {
        /// Which problem.
        problem: ProblemId,
        /// Why.
        reason: Reason,
    },
    /// Make a topic of the same problem in many villages.
    #[serde(rename = "topics.propose")]
    ProposeTopic {
        /// The area.
        place: PlaceId,
        /// Works field.
        field: Field,
        /// Title.
        title: Text<200>,
        /// The problems that show it, 2…500.
        problems: Vec<ProblemId>,
    },
    /// Say what a topic led to.
    #[serde(rename = "topics.conclude")]
    ConcludeTopic {
        /// Which topic.
        topic: TopicId,
        /// To what it led.
        outcome: Words,
    },
}

/// Why a command about a problem is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Refusal {
    /// There is no such problem.
    #[error("no such problem")]
    NoSuchProblem,
    /// There is no such place.
    #[error("no such place: {place}")]
    NoSuchPlace {
        /// What was named.
        place: PlaceId,
    },
    /// There is no such topic.
    #[error("no such topic")]
    NoSuchTopic,
    /// The place has ceased to be.
    #[error("{name} was closed")]
    PlaceClosed {
        /// Its name.
        name: String,
    },
    /// Not possible in this state.
    #[error("not possible while the problem is {state}")]
    NotInThisState {
        /// The word of the state.
        state: &'static str,
    },
    /// A rule that is needed has not been set.
    #[error("rule {rule} has not been set for this place")]
    NoRule {
        /// Its name.
        rule: &'static str,
    },
    /// The claimer cannot verify his own claim.
    #[error("whoever claimed the fix cannot verify it")]
    VerifiesHisOwn,
    /// Somebody under the claimer cannot verify.
    #[error("somebody under the claiming post cannot verify its claim")]
    UnderTheClaimer,
    /// The same post cannot verify.
    #[error("the post that claimed the fix cannot verify it")]
    SamePost,
    /// A claim needs evidence.
    #[error("a claimed fix needs at least one photo")]
    NoEvidence,
    /// Too many photos.
    #[error("{found} photos, at most {max}")]
    TooManyPhotos {
        /// How many came.
        found: usize,
        /// How many are accepted.
        max: usize,
    },
    /// Not the reporter, or a wrong receipt.
    #[error("only whoever reported the problem may answer here")]
    NotTheReporter,
    /// Words are needed.
    #[error("say why")]
    ReasonNeeded,
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
    /// The post is not one over this place.
    #[error("the post is not over this place")]
    PostElsewhere,
    /// The role cannot work on problems.
    #[error("this role does not work on problems")]
    RoleCannotWork,
    /// Diagnosis comes before the claim.
    #[error("record cause and measure before claiming the fix")]
    NotDiagnosed,
    /// The post of somebody else.
    #[error("another post answers for this problem")]
    AnotherPostAnswers,
    /// A problem cannot be merged into itself.
    #[error("a problem cannot be merged into itself")]
    IntoItself,
    /// The other problem is itself merged or belongs to another organisation.
    #[error("the other problem cannot take it in")]
    CannotTakeIn,
    /// It has gone up as far as the rule lets it.
    #[error("it lies with the highest level already")]
    AtTheTop,
    /// Its clock has not run out.
    #[error("its clock has not run out")]
    NotOverdue,
    /// Nothing to be answered.
    #[error("nothing waits for an answer")]
    NothingToAnswer,
    /// It waits for somebody else's answer.
    #[error("it waits for the answer of another level")]
    NotYours,
    /// Nothing would change.
    #[error("nothing would change")]
    NothingChanges,
    /// A claimed fix would be lost with the post that claimed it.
    #[error("its fix is claimed by a post that is not over the new place: verify or reject the claim first")]
    ClaimWaits,
    /// Only problems of one field in one area make a topic.
    #[error("the problems of a topic share field and area")]
    NotOneTopic,
    /// A topic needs several problems.
    #[error("a topic needs 2 to 500 problems, {found} given")]
    WrongNumber {
        /// How many were given.
        found: usize,
    },
}

/// More photos than anybody looks at.
const PHOTOS_MAX: usize = 10;

/// Ten years: a day further away is a slip of the hand or a broken clock.
const DAYS_MAX: i64 = 3650;

impl Command {
    /// The problem that the command is about, if it exists already.
    pub fn problem(&self) -> Option<ProblemId> {
        match self {
            Command::Report { .. } | Command::ProposeTopic { .. } | Command::ConcludeTopic { .. } => None,
            Command::Assign { problem, .. }
            | Command::Dismiss { problem, .. }
            | Command::Diagnose { problem, .. }
            | Command::ClaimFix { problem, .. }
            | Command::VerifyFix { problem, .. }
            | Command::RejectFix { problem, .. }
            | Command::AnswerAsReporter { problem, .. }
            | Command::Reopen { problem, .. }
            | Command::Merge { problem, .. }
            | Command::Unmerge { problem, .. }
            | Command::Escalate { problem, .. }
            | Command::AnswerEscalation { problem, .. }
            | Command::Reclassify { problem, .. }
            | Command::HandOver { problem }
            | Command::Withhold { problem, .. }
            | Command::Show { problem, .. } => Some(*problem),
        }
    }

    /// The photos of the command, to be completed at the door from the stored files.
    pub fn photos_mut(&mut self) -> Option<&mut Vec<Photo>> {
        match self {
            Command::Report { photos, .. } | Command::ClaimFix { photos, .. } | Command::VerifyFix { photos, .. } => Some(photos),
            _ => None,
        }
    }

    fn capability(&self) -> Option<Capability> {
        Some(match self {
            Command::Report { .. } => Capability::ProblemsReport,
            Command::Diagnose { .. } | Command::ClaimFix { .. } => Capability::ProblemsWork,
            Command::VerifyFix { .. } | Command::RejectFix { .. } | Command::Reopen { .. } => Capability::ProblemsVerify,
            Command::AnswerEscalation { .. } => Capability::ProblemsAnswer,
            Command::AnswerAsReporter { .. } | Command::HandOver { .. } => return None,
            Command::Assign { .. }
            | Command::Dismiss { .. }
            | Command::Merge { .. }
            | Command::Unmerge { .. }
            | Command::Escalate { .. }
            | Command::Reclassify { .. }
            | Command::Withhold { .. }
            | Command::Show { .. }
            | Command::ProposeTopic { .. }
            | Command::ConcludeTopic { .. } => Capability::ProblemsTriage,
        })
    }
}

fn problem_read(id: ProblemId) -> Read {
    Read::Row(ViewId::Problems, id.key())
}

/// Each once, in order.
fn distinct(mut problems: Vec<ProblemId>) -> Vec<ProblemId> {
    problems.sort_unstable();
    problems.dedup();
    problems
}

fn place_read(id: PlaceId) -> Read {
    Read::Row(ViewId::Places, id.key())
}

/// Where a problem lies, who answers for it, what follows its place, and all places above: any of them may have ceased to be.
fn reads_to_hand_over(rows: &Rows, problem: ProblemId) -> Vec<Read> {
    fn known(rows: &Rows, id: PlaceId) -> Option<&Place> {
        if rows.has(&place_read(id)) { rows.place(id) } else { None }
    }
    let p = if rows.has(&problem_read(problem)) { rows.get::<Problem>(&problem.key()) } else { None };
    let Some(p) = p else { return Vec::new() };
    let mut reads: Vec<Read> = p.state.post().map(|post| place_read(post.place)).into_iter().collect();
    if let Some(place) = known(rows, p.place) {
        reads.extend(place.within.iter().copied().map(place_read));
        reads.extend(place.became().map(place_read));
        if let Some(heir) = place.became().and_then(|id| known(rows, id)) {
            reads.extend(heir.within.iter().copied().map(place_read));
            reads.extend(rules::reads(heir, Rule::NAMES[0]));
        }
    }
    reads
}

impl Decide for Command {
    type Refusal = Refusal;

    fn reads(&self, rows: &Rows) -> Vec<Read> {
        let mut reads = Vec::new();
        match self {
            Command::Report { place, .. } => reads.push(place_read(*place)),
            Command::ProposeTopic { place, problems, .. } => {
                reads.push(place_read(*place));
                reads.extend(distinct(problems.clone()).into_iter().take(500).map(problem_read));
            }
            Command::ConcludeTopic { topic, .. } => reads.push(Read::Row(ViewId::Topics, topic.key())),
            Command::Merge { into, .. } => reads.push(problem_read(*into)),
            Command::Reclassify { place: Some(place), .. } => reads.push(place_read(*place)),
            _ => {}
        }
        reads.extend(self.problem().map(problem_read));
        // What was merged is taken out of the other one, and that fact belongs to the other one's place.
        if let Command::Unmerge { problem, .. } = self
            && rows.has(&problem_read(*problem))
            && let Some(State::Merged { into, .. }) = rows.get::<Problem>(&problem.key()).map(|p| &p.state)
        {
            reads.push(problem_read(*into));
        }
        if let Command::HandOver { problem } = self {
            reads.extend(reads_to_hand_over(rows, *problem));
        }
        // What has been loaded tells what else is needed: places of problems, then the rules above those places.
        let loaded: Vec<Read> = reads.clone();
        for read in &loaded {
            let Read::Row(view, key) = read else { continue };
            if !rows.has(read) {
                continue;
            }
            let place = match view {
                ViewId::Problems => rows.get::<Problem>(key).map(|p| p.place),
                ViewId::Topics => rows.get::<Topic>(key).map(|t| t.place),
                _ => None,
            };
            reads.extend(place.map(place_read));
        }
        if let Some(place) =
            self.problem().filter(|id| rows.has(&problem_read(*id))).and_then(|id| rows.get::<Problem>(&id.key()))
        {
            let place = place.place;
            if rows.has(&place_read(place))
                && let Some(place) = rows.place(place)
            {
                reads.extend(rules::reads(place, Rule::NAMES[0]));
                reads.extend(rules::reads(place, Rule::NAMES[1]));
                if let Command::Escalate { .. } = self {
                    let heads = place.within.iter().chain([&place.id]).map(|id| Post::new(*id, Role::Head));
                    reads.extend(heads.map(|head| Read::Row(ViewId::Posts, head.key())));
                }
            }
        }
        if let Command::Reclassify { place: Some(id), .. } = self
            && rows.has(&place_read(*id))
            && let Some(place) = rows.place(*id)
        {
            reads.extend(rules::reads(place, Rule::NAMES[0]));
        }
        reads
    }

    fn authority(&self, rows: &Rows) -> Option<Authority> {
        let place = match self {
            Command::Report { place, .. } | Command::ProposeTopic { place, .. } => rows.place(*place)?.id,
            Command::ConcludeTopic { topic, .. } => rows.get::<Topic>(&topic.key())?.place,
            _ => rows.get::<Problem>(&self.problem()?.key())?.place,
        };
        match self.capability() {
            None if matches!(self, Command::HandOver { .. }) => Some(Authority::Machine),
            None => Some(Authority::Anybody),
            Some(_) if matches!(self, Command::Report { receipt: Some(_), .. }) => Some(Authority::Anybody),
            Some(capability) => Some(Authority::Post(capability, place)),
        }
    }

    fn decide(self, rows: &Rows, cx: &Context) -> Result<Vec<Draft>, Refusal> {
        match self {
            Command::Report { place, field, text, position, photos, found_ms, receipt, contact } => report(
                rows,
                cx,
                place,
                Reported {
                    field,
                    text,
                    position,
                    photos: few(photos)?,
                    channel: channel(&cx.actor, rows.place(place)),
                    reporter: match (receipt, cx.actor.account()) {
                        (Some(receipt), _) => Reporter::Villager { receipt: receipt_digest(&receipt) },
                        (None, Some(account)) => Reporter::Account { account },
                        (None, None) => return Err(Refusal::NotTheReporter),
                    },
                    contact: contact.as_ref().map(|c| c.person),
                    evidence: None,
                },
                found_ms,
                contact,
            ),
            Command::ProposeTopic { place, field, title, problems } => propose_topic(rows, cx, place, field, title, problems),
            Command::ConcludeTopic { topic, outcome } => {
                let row = rows.get::<Topic>(&topic.key()).ok_or(Refusal::NoSuchTopic)?;
                if row.state != TopicState::Open {
                    return Err(Refusal::NothingChanges);
                }
                let fact = AnyFact::Problem(Fact::TopicConcluded(TopicConcluded { outcome }));
                Ok(vec![Draft { org: row.org, subject: Subject::Topic(topic), place: row.place, effective_ms: cx.now_ms, fact }])
            }
            command => {
                let id = command.problem().ok_or(Refusal::NoSuchProblem)?;
                let p = rows.get::<Problem>(&id.key()).ok_or(Refusal::NoSuchProblem)?;
                let place = rows.place(p.place).ok_or(Refusal::NoSuchPlace { place: p.place })?;
                Case { p, place, rows, cx }.decide(command)
            }
        }
    }

    fn field(&self, reason: &str) -> Option<&'static str> {
        Some(match (self, reason) {
            (Command::Report { .. } | Command::Reclassify { .. }, "no-such-place" | "place-closed") => "place",
            (Command::Report { .. }, "too-early" | "too-late") => "found_ms",
            (Command::Assign { .. } | Command::AnswerEscalation { .. }, "too-early" | "too-late") => "due",
            (Command::Assign { .. }, "post-elsewhere" | "role-cannot-work") => "post",
            (_, "no-evidence" | "too-many-photos") => "photos",
            (Command::AnswerAsReporter { .. }, "reason-needed") => "words",
            (Command::Escalate { .. }, "reason-needed") => "reason",
            (Command::Merge { .. }, "into-itself" | "cannot-take-in" | "no-such-problem") => "into",
            (Command::Reclassify { .. }, "claim-waits") => "place",
            (Command::ProposeTopic { .. }, "wrong-number" | "not-one-topic" | "no-such-problem") => "problems",
            _ => return None,
        })
    }
}

fn report(
    rows: &Rows,
    cx: &Context,
    id: PlaceId,
    fact: Reported,
    found_ms: Option<i64>,
    contact: Option<Contact>,
) -> Result<Vec<Draft>, Refusal> {
    let place = rows.place(id).ok_or(Refusal::NoSuchPlace { place: id })?;
    if place.closed.is_some() {
        return Err(Refusal::PlaceClosed { name: place.name.clone() });
    }
    let effective_ms = found_ms.unwrap_or(cx.now_ms);
    if effective_ms > cx.now_ms + 5 * 60_000 {
        return Err(Refusal::TooLate { day: Day::of_ms(effective_ms), latest: cx.today() });
    }
    let earliest = cx.today().plus(-DAYS_MAX);
    if Day::of_ms(effective_ms) < earliest {
        return Err(Refusal::TooEarly { day: Day::of_ms(effective_ms), earliest });
    }
    let problem = ProblemId(cx.fresh);
    let draft = |subject, effective_ms, fact| Draft { org: place.org, subject, place: id, effective_ms, fact };
    let mut drafts = vec![draft(Subject::Problem(problem), effective_ms, AnyFact::Problem(Fact::Reported(fact)))];
    drafts.extend(contact.map(|Contact { person, digest }| {
        let left = Left { person, problem, purpose: Purpose::AskBack, digest };
        draft(Subject::Person(person), cx.now_ms, AnyFact::Person(persons::Fact::Left(left)))
    }));
    Ok(drafts)
}

fn propose_topic(
    rows: &Rows,
    cx: &Context,
    place: PlaceId,
    field: Field,
    title: Text<200>,
    problems: Vec<ProblemId>,
) -> Result<Vec<Draft>, Refusal> {
    let area = rows.place(place).ok_or(Refusal::NoSuchPlace { place })?;
    let problems = distinct(problems);
    if !(2..=500).contains(&problems.len()) {
        return Err(Refusal::WrongNumber { found: problems.len() });
    }
    for id in &problems {
        let p = rows.get::<Problem>(&id.key()).ok_or(Refusal::NoSuchProblem)?;
        let inside = rows.place(p.place).is_some_and(|at| at.is_or_is_within(place));
        if p.field != field || !inside {
            return Err(Refusal::NotOneTopic);
        }
    }
    let fact = AnyFact::Problem(Fact::TopicProposed(TopicProposed { field, title, problems }));
    Ok(vec![Draft { org: area.org, subject: Subject::Topic(TopicId(cx.fresh)), place, effective_ms: cx.now_ms, fact }])
}

fn channel(actor: &Actor, place: Option<&Place>) -> Channel {
    match (actor, place) {
        (Actor::Account { .. }, Some(place)) => {
            let inspects = actor.posts().iter().any(|p| p.role == Role::Inspector && place.is_or_is_within(p.place));
            if inspects { Channel::Inspection } else { Channel::Official }
        }
        (Actor::Account { .. } | Actor::System | Actor::Import, _) => Channel::Official,
        (Actor::Public, _) => Channel::Villager,
    }
}

fn few(photos: Vec<Photo>) -> Result<Vec<Photo>, Refusal> {
    match photos.len() {
        found if found > PHOTOS_MAX => Err(Refusal::TooManyPhotos { found, max: PHOTOS_MAX }),
        _ => Ok(photos),
    }
}

/// A problem with all that is needed to decide about it.
struct Case<'a> {
    p: &'a Problem,
    place: &'a Place,
    rows: &'a Rows,
    cx: &'a Context,
}

impl Case<'_> {
    fn decide(&self, command: Command) -> Result<Vec<Draft>, Refusal> {
        let p = self.p;
        match command {
            Command::Report { .. } | Command::ProposeTopic { .. } | Command::ConcludeTopic { .. } => Err(Refusal::NoSuchProblem),
            Command::Assign { post, due, note, .. } => self.assign(post, due, note),
            Command::Dismiss { reason, .. } => match p.state {
                State::Reported | State::Assigned { .. } => self.one(Fact::Dismissed(Dismissed { reason })),
                _ => self.wrong_state(),
            },
            Command::Diagnose { cause, measure, .. } => match p.state {
                State::Assigned { post, .. } => {
                    self.acting_post(post)?;
                    self.one(Fact::Diagnosed(Diagnosed { cause, measure }))
                }
                _ => self.wrong_state(),
            },
            Command::ClaimFix { text, photos, .. } => self.claim_fix(text, few(photos)?),
            Command::VerifyFix { note, photos, .. } => {
                let photos = few(photos)?;
                let post = self.independent_post()?;
                self.one(Fact::FixVerified(FixVerified { note, photos, post }))
            }
            Command::RejectFix { reason, .. } => {
                let post = self.independent_post()?;
                let due = self.cx.today().plus(i64::from(self.deadlines()?.of(p.field).days));
                self.one(Fact::FixRejected(FixRejected { reason, post, due }))
            }
            Command::AnswerAsReporter { solved, words, receipt, .. } => self.answer_as_reporter(solved, words, receipt),
            Command::Reopen { reason, .. } => match p.state {
                State::Verified { .. } | State::Confirmed { .. } | State::Dismissed { .. } => self.reopen(reason, false),
                _ => self.wrong_state(),
            },
            Command::Merge { into, .. } => self.merge(into),
            Command::Unmerge { reason, .. } => match p.state {
                State::Merged { into, .. } => {
                    let place = self.rows.get::<Problem>(&into.key()).map_or(p.place, |other| other.place);
                    let released = Draft { place, ..self.draft(into, Fact::Released(Released { from: p.id })) };
                    Ok(vec![self.draft(p.id, Fact::Unmerged(Unmerged { reason })), released])
                }
                _ => self.wrong_state(),
            },
            Command::Escalate { reason, .. } => self.escalate(reason),
            Command::AnswerEscalation { text, due, .. } => self.answer_escalation(text, due),
            Command::Reclassify { field, place, reason, .. } => self.reclassify(field, place, reason),
            Command::HandOver { .. } => self.hand_over(),
            Command::Withhold { reason, .. } => match p.withheld {
                None => self.one(Fact::Withheld(Withheld { reason })),
                Some(_) => Err(Refusal::NothingChanges),
            },
            Command::Show { reason, .. } => match p.withheld {
                Some(_) => self.one(Fact::Shown(Shown { reason })),
                None => Err(Refusal::NothingChanges),
            },
        }
    }

    fn assign(&self, post: Option<Post>, due: Option<Day>, note: Option<Reason>) -> Result<Vec<Draft>, Refusal> {
        if !matches!(self.p.state, State::Reported | State::Assigned { .. }) {
            return self.wrong_state();
        }
        let today = self.cx.today();
        let by_rule = post.is_none() && due.is_none();
        let (post, due) = match (post, due) {
            (Some(post), Some(due)) => (post, due),
            (post, due) => {
                let rule = self.by_rule(self.place, self.p.field)?;
                (post.unwrap_or(rule.post), due.unwrap_or(rule.due))
            }
        };
        if due < today {
            return Err(Refusal::TooEarly { day: due, earliest: today });
        }
        let latest = today.plus(DAYS_MAX);
        if due > latest {
            return Err(Refusal::TooLate { day: due, latest });
        }
        if !self.place.is_or_is_within(post.place) {
            return Err(Refusal::PostElsewhere);
        }
        if !post.role.capabilities().contains(&Capability::ProblemsWork) {
            return Err(Refusal::RoleCannotWork);
        }
        if self.p.state == (State::Assigned { post, due }) {
            return Err(Refusal::NothingChanges);
        }
        self.one(Fact::Assigned(Assigned { post, due, by_rule, note }))
    }

    fn claim_fix(&self, text: Words, photos: Vec<Photo>) -> Result<Vec<Draft>, Refusal> {
        let State::Assigned { post, .. } = self.p.state else { return self.wrong_state() };
        let post = self.acting_post(post)?;
        if self.p.diagnosis.is_none() {
            return Err(Refusal::NotDiagnosed);
        }
        if photos.is_empty() {
            return Err(Refusal::NoEvidence);
        }
        let verify_by = self.cx.today().plus(self.deadlines()?.verify_days.into());
        self.one(Fact::FixClaimed(FixClaimed { text, photos, post, verify_by }))
    }

    /// The actor's post, if it is the one that answers, or one over it that may work on problems.
    fn acting_post(&self, answers: Post) -> Result<Post, Refusal> {
        let may_work =
            |p: &&Post| p.role.capabilities().contains(&Capability::ProblemsWork) && self.place.is_or_is_within(p.place);
        let above = |p: &&Post| self.ancestors(answers.place).contains(&p.place);
        let mine = self.cx.actor.posts();
        mine.iter()
            .find(|p| **p == answers)
            .or_else(|| mine.iter().filter(may_work).find(above))
            .copied()
            .ok_or(Refusal::AnotherPostAnswers)
    }

    /// The actor's post, if it may verify the claim.
    fn independent_post(&self) -> Result<Post, Refusal> {
        let State::Claimed { post: claimer, by, .. } = self.p.state else { return self.wrong_state() };
        let found = self.cx.actor.independent_post(Capability::ProblemsVerify, self.place, claimer, by);
        found.map_err(|dependence| match dependence {
            Dependence::HisOwn => Refusal::VerifiesHisOwn,
            Dependence::SamePost => Refusal::SamePost,
            Dependence::UnderTheClaimer => Refusal::UnderTheClaimer,
        })
    }

    fn answer_as_reporter(&self, solved: bool, words: Option<Reason>, receipt: Option<Text<64>>) -> Result<Vec<Draft>, Refusal> {
        let is_reporter = match &self.p.reporter {
            Reporter::Villager { receipt: known } => receipt.is_some_and(|r| receipt_digest(&r) == *known),
            Reporter::Account { account } => self.cx.actor.account() == Some(*account),
        };
        if !is_reporter {
            return Err(Refusal::NotTheReporter);
        }
        match (&self.p.state, solved, words) {
            (State::Verified { .. }, true, note) => self.one(Fact::Confirmed(Confirmed { note })),
            (State::Verified { .. } | State::Confirmed { .. } | State::Dismissed { .. }, false, Some(reason)) => {
                self.reopen(reason, true)
            }
            (State::Verified { .. } | State::Confirmed { .. } | State::Dismissed { .. }, false, None) => {
                Err(Refusal::ReasonNeeded)
            }
            _ => self.wrong_state(),
        }
    }

    /// Back to the post that answered, with a new day by the rule; to triage where no post ever did.
    fn reopen(&self, reason: Reason, by_reporter: bool) -> Result<Vec<Draft>, Refusal> {
        let post = self.p.state.post();
        let due = match post {
            Some(_) => Some(self.cx.today().plus(self.deadlines()?.of(self.p.field).days.into())),
            None => None,
        };
        self.one(Fact::Reopened(Reopened { reason, by_reporter, post, due }))
    }

    fn merge(&self, into: ProblemId) -> Result<Vec<Draft>, Refusal> {
        if into == self.p.id {
            return Err(Refusal::IntoItself);
        }
        if matches!(self.p.state, State::Merged { .. }) {
            return self.wrong_state();
        }
        let other = self.rows.get::<Problem>(&into.key()).ok_or(Refusal::NoSuchProblem)?;
        // Into something closed, a report would disappear without its reporter having the last word.
        let closed = !other.state.is_open() && self.p.state.is_open();
        if closed || matches!(other.state, State::Merged { .. }) || other.org != self.p.org {
            return Err(Refusal::CannotTakeIn);
        }
        // The triager must have both in his area, or he could reach into another one.
        let other_place = self.rows.place(other.place).ok_or(Refusal::CannotTakeIn)?;
        if self.cx.actor.account().is_some() && self.cx.actor.post_for(Capability::ProblemsTriage, other_place).is_none() {
            return Err(Refusal::CannotTakeIn);
        }
        let absorbed = Fact::Absorbed(Absorbed { from: self.p.id });
        Ok(vec![self.draft(self.p.id, Fact::Merged(Merged { into })), Draft { place: other.place, ..self.draft(into, absorbed) }])
    }

    fn escalate(&self, reason: Option<Reason>) -> Result<Vec<Draft>, Refusal> {
        let (State::Assigned { post, .. } | State::Claimed { post, .. }) = self.p.state else { return self.wrong_state() };
        let today = self.cx.today();
        let reason = match (reason, self.cx.actor.account()) {
            (Some(words), _) => EscalationReason::Sent { words },
            (None, Some(_)) => return Err(Refusal::ReasonNeeded),
            (None, None) => match self.p.clock() {
                Some(due) if due < today => EscalationReason::Overdue { due },
                _ => return Err(Refusal::NotOverdue),
            },
        };
        let rule = self.escalation()?;
        let stands_at = self.p.escalations.last().map_or(post.place, |e| e.to.place);
        // A head who has not answered is passed over, as is one of a place that is gone; the first step goes to the head of
        // the post's own level.
        let gone = !self.place.is_or_is_within(stands_at) || (stands_at == self.place.id && self.place.closed.is_some());
        let next = match self.p.escalations.last() {
            None if !gone => Some(stands_at),
            None | Some(_) => self.ancestors(stands_at).last().copied(),
        };
        let next = next.filter(|id| self.level_of(*id).is_some_and(|level| level >= rule.up_to)).ok_or(Refusal::AtTheTop)?;
        let answer_by = today.plus(rule.answer_days.into());
        let missed_by = match reason {
            // A claim that nobody came to verify was missed by no post of its own.
            EscalationReason::Overdue { .. } => {
                let own = matches!(self.p.state, State::Assigned { .. }).then_some(post);
                self.p.unanswered().map(|e| e.to).or(own)
            }
            EscalationReason::Sent { .. } => None,
        };
        // It lands with a person: posts that nobody holds are passed over, unless nobody holds any.
        let mut passed_over = Vec::new();
        let candidates = [next].into_iter().chain(self.ancestors(next).into_iter().rev());
        let mut to = Post::new(next, Role::Head);
        let mut found = false;
        for id in candidates.take_while(|id| self.level_of(*id).is_some_and(|level| level >= rule.up_to)) {
            let head = Post::new(id, Role::Head);
            if self.rows.get::<PostRow>(&head.key()).is_some_and(|row| row.bearer(today).is_some()) {
                (to, found) = (head, true);
                break;
            }
            passed_over.push(head);
        }
        if !found {
            passed_over.clear();
        }
        self.one(Fact::Escalated(Escalated { to, answer_by, reason, missed_by, passed_over }))
    }

    fn answer_escalation(&self, text: Reason, due: Option<Day>) -> Result<Vec<Draft>, Refusal> {
        let waiting = self.p.unanswered().ok_or(Refusal::NothingToAnswer)?;
        if !self.cx.actor.posts().contains(&waiting.to) {
            return Err(Refusal::NotYours);
        }
        let today = self.cx.today();
        let due = match due {
            Some(due) => due,
            None => today.plus(self.deadlines()?.of(self.p.field).days.into()),
        };
        if due < today {
            return Err(Refusal::TooEarly { day: due, earliest: today });
        }
        let latest = today.plus(DAYS_MAX);
        if due > latest {
            return Err(Refusal::TooLate { day: due, latest });
        }
        self.one(Fact::EscalationAnswered(EscalationAnswered { text, due }))
    }

    fn reclassify(&self, field: Option<Field>, place: Option<PlaceId>, reason: Reason) -> Result<Vec<Draft>, Refusal> {
        if !self.p.state.is_open() {
            return self.wrong_state();
        }
        let (field, place) = (field.unwrap_or(self.p.field), place.unwrap_or(self.p.place));
        if (field, place) == (self.p.field, self.p.place) {
            return Err(Refusal::NothingChanges);
        }
        let fact = Fact::Reclassified(Reclassified { field, place, reason });
        let mut drafts = vec![Draft { place, ..self.draft(self.p.id, fact) }];
        if place != self.p.place {
            let other = self.rows.place(place).ok_or(Refusal::NoSuchPlace { place })?;
            if other.org != self.p.org || self.cx.actor.post_for(Capability::ProblemsTriage, other).is_none() {
                return Err(Refusal::NoSuchPlace { place });
            }
            if other.closed.is_some() {
                return Err(Refusal::PlaceClosed { name: other.name.clone() });
            }
            // A post that is not over the new place could neither work on it nor be passed over by the ladder.
            if self.p.state.post().is_some_and(|post| !other.is_or_is_within(post.place)) {
                if matches!(self.p.state, State::Claimed { .. }) {
                    return Err(Refusal::ClaimWaits);
                }
                let assigned = Fact::Assigned(self.by_rule(other, field)?);
                drafts.push(Draft { place, ..self.draft(self.p.id, assigned) });
            }
        }
        Ok(drafts)
    }

    /// To the one place that the closed one became, where that is known; else it stays, and whoever is next above answers.
    /// A claim waits: whoever verifies it stands above the place.
    fn hand_over(&self) -> Result<Vec<Draft>, Refusal> {
        if !matches!(self.p.state, State::Reported | State::Assigned { .. }) {
            return self.wrong_state();
        }
        let heir = self.place.became().and_then(|id| self.open_place(id)).filter(|heir| heir.org == self.p.org);
        let place = heir.unwrap_or(self.place);
        let mut drafts = Vec::new();
        if let (Some(_), Some(closed)) = (heir, &self.place.closed) {
            let reason = Reason::new(closed.document.as_str()).expect("a document is shorter than a reason");
            drafts.push(Fact::Reclassified(Reclassified { field: self.p.field, place: place.id, reason }));
        }
        let stays = |post: Post| place.is_or_is_within(post.place) && self.open_place(post.place).is_some();
        if self.p.state.post().is_some_and(|post| !stays(post)) {
            let by_rule = self.by_rule(place, self.p.field)?;
            drafts.push(Fact::Assigned(match self.next_above(place, by_rule.post) {
                Some(post) if !stays(by_rule.post) => Assigned { post, by_rule: false, ..by_rule },
                _ => by_rule,
            }));
        }
        if drafts.is_empty() {
            return Err(Refusal::NothingChanges);
        }
        Ok(drafts.into_iter().map(|fact| Draft { place: place.id, ..self.draft(self.p.id, fact) }).collect())
    }

    fn open_place(&self, id: PlaceId) -> Option<&Place> {
        self.rows.place(id).filter(|place| place.closed.is_none())
    }

    /// The post that works on problems at the next place above one that is gone.
    fn next_above(&self, place: &Place, gone: Post) -> Option<Post> {
        let mut upwards = [place.id].into_iter().chain(place.within.iter().rev().copied()).skip_while(|id| *id != gone.place);
        let at = upwards.find_map(|id| self.open_place(id))?;
        let role = match at.level {
            Level::Village => Role::Village,
            Level::Township => Role::Township,
            Level::County | Level::City | Level::Province => Role::Department,
        };
        Some(Post::new(at.id, role))
    }

    /// Who answers and by when, as the rule that holds at a place today says.
    fn by_rule(&self, place: &Place, field: Field) -> Result<Assigned, Refusal> {
        let rule = self.deadlines_at(place)?.of(field);
        let at = place.at_level(rule.level).unwrap_or(place.id);
        let due = self.cx.today().plus(rule.days.into());
        let post = Post { place: at, role: rule.role, department: rule.department };
        Ok(Assigned { post, due, by_rule: true, note: None })
    }

    fn deadlines(&self) -> Result<&rules::Deadlines, Refusal> {
        self.deadlines_at(self.place)
    }

    fn deadlines_at(&self, place: &Place) -> Result<&rules::Deadlines, Refusal> {
        match rules::find(self.rows, place, Rule::NAMES[0], self.cx.today()) {
            Some(Rule::Deadlines(rule)) => Ok(rule),
            _ => Err(Refusal::NoRule { rule: Rule::NAMES[0] }),
        }
    }

    fn escalation(&self) -> Result<&rules::Escalation, Refusal> {
        match rules::find(self.rows, self.place, Rule::NAMES[1], self.cx.today()) {
            Some(Rule::Escalation(rule)) => Ok(rule),
            _ => Err(Refusal::NoRule { rule: Rule::NAMES[1] }),
        }
    }

    /// Places above one of the problem's own places, from the top.
    fn ancestors(&self, id: PlaceId) -> Vec<PlaceId> {
        self.place.within.iter().copied().take_while(|above| *above != id).collect()
    }

    fn level_of(&self, id: PlaceId) -> Option<Level> {
        let chain: Vec<PlaceId> = self.place.within.iter().copied().chain([self.place.id]).collect();
        let at = chain.iter().rposition(|c| *c == id)?;
        // The problem's own place tells where the chain begins: it may lack upper levels in a small installation.
        let own = Level::ALL.iter().position(|l| *l == self.place.level)?;
        Level::ALL.get((own + 1 + at).checked_sub(chain.len())?).copied()
    }

    fn draft(&self, id: ProblemId, fact: Fact) -> Draft {
        Draft {
            org: self.p.org,
            subject: Subject::Problem(id),
            place: self.p.place,
            effective_ms: self.cx.now_ms,
            fact: AnyFact::Problem(fact),
        }
    }

    fn one(&self, fact: Fact) -> Result<Vec<Draft>, Refusal> {
        Ok(vec![self.draft(self.p.id, fact)])
    }

    fn wrong_state<T>(&self) -> Result<T, Refusal> {
        Err(Refusal::NotInThisState { state: self.p.state.word() })
    }
}
