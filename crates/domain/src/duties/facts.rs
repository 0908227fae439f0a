//! What can become true of posts, their holders and their tasks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    basics::{Day, FileHash, HoldingId, PersonId, Post, TaskId, Text},
    problems::{Field, Photo, Reason, Words},
};

/// A person took up a post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenUp {
    /// This holding.
    pub holding: HoldingId,
    /// Who.
    pub person: PersonId,
    /// First day.
    pub from: Day,
    /// Last day, where it is known from the start.
    pub until: Option<Day>,
    /// The document that says so.
    pub document: Option<Reason>,
}

/// A holding came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// Which.
    pub holding: HoldingId,
    /// Last day.
    pub on: Day,
    /// Why.
    pub reason: Reason,
}

/// Somebody stands in for a holder on leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegated {
    /// The stand-in's own holding.
    pub holding: HoldingId,
    /// The holding of whoever is on leave.
    pub stands_in_for: HoldingId,
    /// Who stands in.
    pub person: PersonId,
    /// First day.
    pub from: Day,
    /// Last day.
    pub until: Day,
    /// Why.
    pub reason: Reason,
}

/// A holding was recorded by mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawn {
    /// Which.
    pub holding: HoldingId,
    /// Why.
    pub reason: Reason,
}

/// What the post has to answer for, in plain words, as villagers read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Described {
    /// The duty.
    pub duty: Words,
    /// The telephone of the office, which is public.
    pub phone: Option<Text<40>>,
}

crate::word_enum!(
    /// One side of a hand-over.
    Side {
        /// Whoever leaves the post.
        Outgoing => "outgoing",
        /// Whoever takes it up.
        Incoming => "incoming",
    }
);

/// What is handed over was written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrawnUp {
    /// The holding that ends.
    pub holding: HoldingId,
    /// The day that it speaks of.
    pub on: Day,
    /// The statement, word for word, as a stored file.
    pub statement: FileHash,
    /// How many of each kind it lists.
    pub counts: BTreeMap<String, u32>,
}

/// One side signed the statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// Which statement.
    pub statement: FileHash,
    /// Which side.
    pub side: Side,
    /// Who signed.
    pub person: PersonId,
    /// Why somebody else signs, where the side itself cannot.
    pub in_absence: Option<Reason>,
    /// What does not agree, in the words of whoever signs.
    pub remark: Option<Words>,
}

crate::word_enum!(
    /// What kind of task.
    TaskKind {
        /// 任务, passed down from above.
        Task => "task",
        /// 承诺, made before others.
        Promise => "promise",
        /// 目标, with a quantity.
        Target => "target",
    }
);

/// How much, in a unit that people use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Quantity {
    /// How many whole units.
    pub value: u32,
    /// Of what: `户`, `公里`.
    pub unit: Text<20>,
}

/// A task was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskSet {
    /// What kind.
    pub kind: TaskKind,
    /// The year whose list it stands in.
    pub year: u16,
    /// What it is, in a line.
    pub title: Text<200>,
    /// This level's part of the duty.
    pub duty: Option<Words>,
    /// Works field, where it is about one.
    pub field: Option<Field>,
    /// The post that leads: the one that answers.
    pub lead: Post,
    /// Posts that help.
    pub helpers: Vec<Post>,
    /// By when.
    pub due: Day,
    /// How much.
    pub quantity: Option<Quantity>,
    /// The task of the level above that this is a part of.
    pub part_of: Option<TaskId>,
    /// The task of an earlier year that goes on here.
    pub carried_from: Option<TaskId>,
    /// Where it was promised, or by which document it was set.
    pub occasion: Option<Text<200>>,
}

/// A task was passed down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskPassedDown {
    /// Its parts.
    pub parts: Vec<TaskId>,
}

/// Who leads or helps, or the day, was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskAmended {
    /// The post that leads.
    pub lead: Post,
    /// Posts that help.
    pub helpers: Vec<Post>,
    /// By when.
    pub due: Day,
    /// Why.
    pub reason: Reason,
}

/// Somebody says that it is done. Not yet true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaskClaimed {
    /// What was done.
    pub text: Words,
    /// Evidence, where there is some.
    pub photos: Vec<Photo>,
    /// How much, for a target.
    #[schema(required)]
    pub done: Option<u32>,
    /// The post that claims.
    pub post: Post,
}

/// Somebody independent saw that it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskVerified {
    /// What was seen.
    pub note: Reason,
    /// How much was seen to be done, for a target.
    pub done: Option<u32>,
    /// The post that verified.
    pub post: Post,
}

/// Somebody independent saw that it is not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRejected {
    /// What was seen.
    pub reason: Reason,
    /// The post that looked.
    pub post: Post,
}

/// It is no longer wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskWithdrawn {
    /// Why.
    pub reason: Reason,
}

/// It goes on in a later year's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskCarriedOver {
    /// The task there.
    pub into: TaskId,
    /// Why it was not done.
    pub reason: Reason,
}

/// Its day passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskLapsed {
    /// The day.
    pub due: Day,
    /// The post that led on that day.
    pub post: Post,
    /// The head who is told, where one holds a post.
    pub to: Option<Post>,
}

crate::fact_kinds! {
    /// Facts about posts and tasks.
    pub enum Fact {
        /// A person holds a post.
        "post.taken_up@1" => TakenUp,
        /// A holding ended.
        "post.left@1" => Left,
        /// Somebody stands in.
        "post.delegated@1" => Delegated,
        /// A holding never was.
        "post.withdrawn@1" => Withdrawn,
        /// What the post answers for.
        "post.described@1" => Described,
        /// What is handed over.
        "handover.drawn_up@1" => DrawnUp,
        /// One side signed.
        "handover.signed@1" => Signed,
        /// A task is there.
        "task.set@1" => TaskSet,
        /// It has parts below.
        "task.passed_down@1" => TaskPassedDown,
        /// Lead, helpers or day changed.
        "task.amended@1" => TaskAmended,
        /// Said to be done.
        "task.claimed@1" => TaskClaimed,
        /// Seen to be done.
        "task.verified@1" => TaskVerified,
        /// Seen not to be done.
        "task.rejected@1" => TaskRejected,
        /// No longer wanted.
        "task.withdrawn@1" => TaskWithdrawn,
        /// Goes on in a later year.
        "task.carried_over@1" => TaskCarriedOver,
        /// Its day passed.
        "task.lapsed@1" => TaskLapsed,
    }
}
