//! What can become true of a problem.

use ::facts::Suite;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use crate::basics::{AccountId, Day, FileHash, PersonId, PlaceId, Position, Post, ProblemId, SubmissionId, Text};

crate::word_enum!(
    /// Works fields of the programme.
    Field {
        /// 垃圾
        Waste => "waste",
        /// 污水
        Sewage => "sewage",
        /// 厕所
        Toilet => "toilet",
        /// 供水
        Water => "water",
        /// 道路
        Road => "road",
        /// 绿化
        Greening => "greening",
        /// 亮化
        Lighting => "lighting",
        /// 农房, 危房
        Housing => "housing",
        /// 村容村貌
        Appearance => "appearance",
        /// 公共服务
        Service => "service",
        /// 文化
        Culture => "culture",
        /// 产业
        Industry => "industry",
    }
);

crate::word_enum!(
    /// How a problem came to be known.
    Channel {
        /// A villager on the public page.
        Villager => "villager",
        /// An official.
        Official => "official",
        /// An inspector.
        Inspection => "inspection",
        /// An answer to a survey.
        Survey => "survey",
    }
);

/// Plain words about a problem.
pub type Words = Text<2000>;
/// A reason.
pub type Reason = Text<500>;

/// A photograph: the stored file and what its EXIF said. In a command the hash alone is enough, the rest
/// is filled in at the door from the stored file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Photo {
    /// The stored file.
    pub file: FileHash,
    /// When it was taken, ms since 1970, as the camera says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_ms: Option<i64>,
    /// Where it was taken, as the camera says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
}

impl<'de> Deserialize<'de> for Photo {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Hash(FileHash),
            Whole { file: FileHash, taken_ms: Option<i64>, position: Option<Position> },
        }
        Ok(match Raw::deserialize(d)? {
            Raw::Hash(file) => Photo { file, taken_ms: None, position: None },
            Raw::Whole { file, taken_ms, position } => Photo { file, taken_ms, position },
        })
    }
}

/// Who reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Reporter {
    /// Somebody without an account, known by the digest of the receipt that only he holds.
    Villager {
        /// SHA-256 of the receipt, hexadecimal. Stands in the log, and in no answer.
        #[schema(ignore)]
        receipt: String,
    },
    /// Somebody signed in.
    Account {
        /// The account.
        account: AccountId,
    },
}

impl Reporter {
    /// Whether this receipt is his.
    pub fn holds(&self, receipt: &Text<64>) -> bool {
        match self {
            Reporter::Villager { receipt: digest } => *digest == receipt_digest(receipt),
            Reporter::Account { .. } => false,
        }
    }
}

/// The digest by which a receipt is known in the log.
pub(super) fn receipt_digest(receipt: &Text<64>) -> String {
    Suite::Sha256.hash(&[b"qianwan/receipt/1\n", receipt.as_str().as_bytes()]).to_string()
}

/// A problem was reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// Works field.
    pub field: Field,
    /// What is wrong, in plain words.
    pub text: Words,
    /// Where exactly.
    pub position: Option<Position>,
    /// Evidence.
    pub photos: Vec<Photo>,
    /// How it came to be known.
    pub channel: Channel,
    /// By whom.
    pub reporter: Reporter,
    /// Whom to ask back, where particulars were left for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<PersonId>,
    /// The submission that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<SubmissionId>,
}

/// A post was made answerable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assigned {
    /// The post.
    pub post: Post,
    /// By when the fix has to be claimed.
    pub due: Day,
    /// Whether post and day came from the rule.
    pub by_rule: bool,
    /// Further words.
    pub note: Option<Reason>,
}

/// It is not a problem, or not one for the programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dismissed {
    /// Why; the public page says it.
    pub reason: Reason,
}

/// The cause was found and a measure chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosed {
    /// Why it came about.
    pub cause: Reason,
    /// What is done about it.
    pub measure: Reason,
}

/// Somebody says that it is fixed. Not yet true.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FixClaimed {
    /// What was done.
    pub text: Words,
    /// Evidence.
    pub photos: Vec<Photo>,
    /// The post that claims.
    pub post: Post,
    /// By when it has to be verified.
    pub verify_by: Day,
}

/// Somebody independent saw that it is fixed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixVerified {
    /// What was seen.
    pub note: Reason,
    /// Evidence.
    pub photos: Vec<Photo>,
    /// The post that verified.
    pub post: Post,
}

/// Somebody independent saw that it is not fixed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixRejected {
    /// What was seen.
    pub reason: Reason,
    /// The post that looked.
    pub post: Post,
    /// The new day.
    pub due: Day,
}

/// The reporter says that it is solved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmed {
    /// Further words.
    pub note: Option<Reason>,
}

/// It is open again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reopened {
    /// Why.
    pub reason: Reason,
    /// Whether the reporter did it.
    pub by_reporter: bool,
    /// The post that answers; none where it has to be triaged.
    pub post: Option<Post>,
    /// The new day.
    pub due: Option<Day>,
}

/// It is the same as another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// The other one.
    pub into: ProblemId,
}

/// Another report turned out to be the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absorbed {
    /// The other one.
    pub from: ProblemId,
}

/// Merging was a mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmerged {
    /// Why.
    pub reason: Reason,
}

/// The other report was taken out again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// The other one.
    pub from: ProblemId,
}

/// It went one level up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalated {
    /// The head who has to answer.
    pub to: Post,
    /// Until when.
    pub answer_by: Day,
    /// The day that was missed, or why somebody sent it up.
    pub reason: EscalationReason,
    /// The post that missed the day, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed_by: Option<Post>,
    /// Heads' posts on the way that nobody held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<Post>,
}

/// Why a problem goes up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum EscalationReason {
    /// A clock ran out.
    Overdue {
        /// The day that was missed.
        due: Day,
    },
    /// Somebody sent it up.
    Sent {
        /// Why.
        words: Reason,
    },
}

/// The head answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscalationAnswered {
    /// What he said.
    pub text: Reason,
    /// The new day for the fix.
    pub due: Day,
}

/// Field or place was wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reclassified {
    /// The right field.
    pub field: Field,
    /// The right place.
    pub place: PlaceId,
    /// Why.
    pub reason: Reason,
}

/// Words and photos are kept off the public page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    /// Why.
    pub reason: Reason,
}

/// Words and photos are public again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Why.
    pub reason: Reason,
}

/// The same problem in many villages became a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicProposed {
    /// Works field.
    pub field: Field,
    /// Title.
    pub title: Text<200>,
    /// The problems that show it.
    pub problems: Vec<ProblemId>,
}

/// The topic led to something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopicConcluded {
    /// To what.
    pub outcome: Words,
}

crate::fact_kinds! {
    /// Facts about problems and topics.
    pub enum Fact {
        /// Reported.
        "problem.reported@1" => Reported,
        /// A post answers for it.
        "problem.assigned@1" => Assigned,
        /// Not one for the programme.
        "problem.dismissed@1" => Dismissed,
        /// Cause and measure.
        "problem.diagnosed@1" => Diagnosed,
        /// Said to be fixed.
        "problem.fix_claimed@1" => FixClaimed,
        /// Seen to be fixed.
        "problem.fix_verified@1" => FixVerified,
        /// Seen not to be fixed.
        "problem.fix_rejected@1" => FixRejected,
        /// The reporter agrees.
        "problem.confirmed@1" => Confirmed,
        /// Open again.
        "problem.reopened@1" => Reopened,
        /// The same as another.
        "problem.merged@1" => Merged,
        /// Another is the same.
        "problem.absorbed@1" => Absorbed,
        /// Not the same after all.
        "problem.unmerged@1" => Unmerged,
        /// The other is not the same after all.
        "problem.released@1" => Released,
        /// One level up.
        "problem.escalated@1" => Escalated,
        /// The head answered.
        "problem.escalation_answered@1" => EscalationAnswered,
        /// Field or place corrected.
        "problem.reclassified@1" => Reclassified,
        /// Kept off the public page.
        "problem.withheld@1" => Withheld,
        /// Public again.
        "problem.shown@1" => Shown,
        /// Many became a topic.
        "topic.proposed@1" => TopicProposed,
        /// The topic came to an end.
        "topic.concluded@1" => TopicConcluded,
    }
}
