//! What can become true of a form and of a submission.

use ::facts::Suite;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::{Builder, Uuid};

use super::mapping::{Figure, Made, Mapping, MappingOutcome, NotMade, Path};
use crate::{
    basics::{Day, FileHash, FormId, PlaceId, Position, Post, ProblemId, Role, SubmissionId, Text},
    places::Counted,
};

/// The id of a form, of a version or of an instance, as it stands in the XML. Compared letter by letter.
pub type Word = Text<200>;
/// Name of a file that goes with a form or a submission.
pub type FileName = Text<200>;
/// A reason.
pub type Reason = Text<500>;
/// MD5 in hexadecimal: what phones compare to see whether a file has changed. It proves nothing; [`FileHash`] does.
pub type Md5 = Text<32>;

/// The first 16 bytes of a digest as an id, so that it can be looked up by what it was made from.
fn digested(parts: &[&[u8]]) -> Uuid {
    let hash = Suite::Sha256.hash(parts).to_string();
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(hash.as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(pair).unwrap_or_default();
        *byte = u8::from_str_radix(digits, 16).unwrap_or_default();
    }
    Builder::from_custom_bytes(bytes).into_uuid()
}

impl FormId {
    /// The form that is called so at a place.
    pub fn at(place: PlaceId, form_id: &Word) -> FormId {
        FormId(digested(&[b"qianwan/form/1\n", place.key().as_bytes(), b"\n", form_id.as_str().as_bytes()]))
    }
}

impl SubmissionId {
    /// The submission of an instance of a form.
    pub fn of(form: FormId, instance: &Word) -> SubmissionId {
        SubmissionId(digested(&[b"qianwan/submission/1\n", form.key().as_bytes(), b"\n", instance.as_str().as_bytes()]))
    }
}

impl ProblemId {
    /// The `n`th problem that a submission told of, from 0: the same whenever it is applied.
    pub fn found(told: SubmissionId, n: u8) -> ProblemId {
        ProblemId(digested(&[b"qianwan/found/1\n", told.key().as_bytes(), &[n]]))
    }
}

crate::word_enum!(
    /// What a file of a form is for.
    FileKind {
        /// A picture beside a question or an answer.
        Image => "image",
        /// A sound.
        Audio => "audio",
        /// A film.
        Video => "video",
        /// Data: choices, values to look up, places.
        Data => "data",
    }
);

/// A file that a version of a form needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FormFile {
    /// Its name in the form.
    pub name: FileName,
    /// What for.
    pub kind: FileKind,
    /// The stored file, once it has been given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileHash>,
    /// MD5 of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub md5: Option<Md5>,
}

/// What an XForm says of itself, read at the door from the stored file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FormHead {
    /// Form id.
    pub form_id: Word,
    /// Version, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Word>,
    /// Title.
    pub title: Text<200>,
    /// MD5 of the bytes.
    pub md5: Md5,
    /// Whether answers come encrypted.
    pub encrypted: bool,
    /// Files that it needs.
    pub files: Vec<FormFile>,
    /// Paths of questions answered with a file.
    pub file_questions: Vec<Text<500>>,
}

/// What a filled form says of itself, read at the door from the stored file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SubmissionHead {
    /// Form id.
    pub form_id: Word,
    /// Version, where it names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Word>,
    /// The instance.
    pub instance: Word,
    /// The instance that this one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<Word>,
    /// Whether it is encrypted: kept as it is, and unreadable here.
    pub encrypted: bool,
    /// Names of the files that it mentions.
    pub mentioned: Vec<FileName>,
}

/// A file that came with a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Attached {
    /// Its name in the submission.
    pub name: FileName,
    /// The stored file.
    pub file: FileHash,
}

/// Who sent a submission. Which account or phone it was, the envelope says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Sender {
    /// Somebody signed in, from this post.
    Account {
        /// The post.
        post: Post,
    },
    /// The programme or an import.
    Machine,
}

/// A version of a form came to a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormUploaded {
    /// The XForm.
    pub file: FileHash,
    /// What it says of itself.
    #[serde(flatten)]
    pub head: FormHead,
}

/// A version is offered to phones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormPublished {
    /// Which.
    pub version: Option<Word>,
    /// Questions that ask what is known already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<Path>,
    /// Why they are asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Reason>,
}

/// A form is no longer offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormClosed {
    /// Why.
    pub reason: Reason,
    /// Whether what was filled in before is still taken.
    pub takes_late: bool,
}

/// A file of a version was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormFileGiven {
    /// Of which version.
    pub version: Option<Word>,
    /// Its name in the form.
    pub name: FileName,
    /// The stored file.
    pub file: FileHash,
    /// MD5 of it.
    pub md5: Md5,
}

/// A filled form came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionReceived {
    /// The form.
    pub form: FormId,
    /// Its XML, byte for byte.
    pub file: FileHash,
    /// What it says of itself.
    #[serde(flatten)]
    pub head: SubmissionHead,
    /// Who sent it.
    pub sender: Sender,
    /// What the device calls itself.
    pub device: Option<Text<200>>,
    /// The submission that it replaces.
    pub edits: Option<SubmissionId>,
}

/// A file of a submission arrived, with it or later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentArrived {
    /// Its name in the submission.
    pub name: FileName,
    /// The stored file.
    pub file: FileHash,
}

crate::word_enum!(
    /// What does not fit in a submission when it is recomputed from its form.
    DoubtKind {
        /// The constraint does not hold for the value.
        ConstraintNotMet => "constraint_not_met",
        /// Required, relevant and empty.
        RequiredButEmpty => "required_but_empty",
        /// Not relevant, but with a value.
        IrrelevantButFilled => "irrelevant_but_filled",
        /// The calculation gives something else.
        CalculationDiffers => "calculation_differs",
        /// The form has no such question.
        NoSuchField => "no_such_field",
        /// The value is not of its type.
        TypeMismatch => "type_mismatch",
        /// No such choice is offered.
        ChoiceNotOffered => "choice_not_offered",
        /// Another number of repeats than the form gives.
        RepeatCountDiffers => "repeat_count_differs",
        /// What is no repeat occurs again.
        OccursAgain => "occurs_again",
        /// Text or elements where the form has none.
        UnexpectedContent => "unexpected_content",
        /// Another version of the form.
        OtherVersion => "other_version",
        /// It cannot be laid over the form: other root, too large, damaged.
        NotOfTheForm => "not_of_the_form",
    }
);

/// One reason to look again 待核. What was sent and what was wanted is worked out again from the file when somebody looks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Doubt {
    /// Where, with positions of repeats: `/data/child[2]/name`.
    pub at: Text<500>,
    /// What.
    pub what: DoubtKind,
}

/// A submission recomputed from its form: relevance, constraints, calculations; and what was asked of the village.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Checked {
    /// Whether it could be recomputed. Not where it is encrypted, or where the form holds what is not understood here.
    pub judged: bool,
    /// What does not fit, in the order of the form; the first [`super::DOUBTS_MAX`].
    pub doubts: Vec<Doubt>,
    /// How many there are.
    pub doubts_count: u32,
    /// Expressions that could not be judged; nothing is held against anybody for them.
    pub unjudged: u32,
    /// Questions that were put.
    pub questions: u32,
    /// Seconds from the beginning to the end of filling, as the device says; none where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// The first position among the answers, to a thousandth of a degree (about 100 m): enough for a map of villages, and no
    /// household's door in a log that forgets nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<Position>,
}

/// A submission was recomputed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionChecked {
    /// The form.
    pub form: FormId,
    /// Whether it replaces another: a question put once is not put twice because its answer was put right.
    pub edits: bool,
    /// What came out.
    #[serde(flatten)]
    pub checked: Checked,
}

/// A submission was replaced by an edit of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionEdited {
    /// The edit.
    pub into: SubmissionId,
}

/// A trial of a mapping on past submissions: what would have come of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tried {
    /// Submissions tried, the latest.
    pub submissions: u32,
    /// Figures.
    pub readings: u32,
    /// Denominators.
    pub counts: u32,
    /// Problems.
    pub problems: u32,
    /// Answers that would have given nothing.
    pub not_made: u32,
}

impl Tried {
    /// One more submission, and what would have come of it.
    pub fn count(&mut self, outcome: &MappingOutcome) {
        self.submissions += 1;
        for made in &outcome.made {
            match made {
                Made::Reading { .. } => self.readings += 1,
                Made::Count { .. } => self.counts += 1,
                Made::Problem { .. } => self.problems += 1,
            }
        }
        self.not_made = self.not_made.saturating_add(u32::try_from(outcome.not_made.len()).unwrap_or(u32::MAX));
    }
}

/// What a form's answers become was written down. It is not in force before it is switched on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormMapped {
    /// The mapping.
    pub mapping: Mapping,
}

/// A mapping was switched on or off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingSwitched {
    /// On.
    pub on: bool,
    /// Whether what came in before becomes facts too.
    pub past: bool,
    /// The trial before; none where it was switched off.
    pub tried: Option<Tried>,
}

/// Facts were made of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SubmissionApplied {
    /// How many figures; they are numbered from 0.
    pub readings: u16,
    /// Denominators.
    pub counts: Vec<Counted>,
    /// Problems.
    pub problems: Vec<ProblemId>,
    /// What gave nothing though there was an answer.
    pub not_made: Vec<NotMade>,
}

/// A figure of a village, out of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadingRecorded {
    /// Which of the submission's figures, from 0.
    pub n: u16,
    /// Its name.
    pub figure: Figure,
    /// In words.
    pub title: Text<100>,
    /// Value × 10^decimals.
    pub value: i64,
    /// Digits behind the point.
    pub decimals: u8,
    /// On which day it held.
    pub on: Day,
    /// From which role it was handed in, where the submission tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Role>,
}

/// A figure no longer counts: its submission was replaced or rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadingWithdrawn {
    /// Which of the submission's figures.
    pub n: u16,
}

crate::word_enum!(
    /// What a review came to.
    Verdict {
        /// As it should be.
        Approved => "approved",
        /// Something has to be asked or put right.
        HasIssues => "has_issues",
        /// Not to be used.
        Rejected => "rejected",
        /// To be looked at again.
        Received => "received",
    }
);

/// A submission was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionReviewed {
    /// What it came to.
    pub verdict: Verdict,
    /// In words.
    pub note: Option<Reason>,
}

/// Somebody said something about a submission, without judging it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmissionCommented {
    /// What.
    pub text: Reason,
}

/// A version that was never published was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormDraftDropped {
    /// Which.
    pub version: Option<Word>,
}

crate::fact_kinds! {
    /// Facts about forms and submissions.
    pub enum Fact {
        /// A version of a form came.
        "form.uploaded@1" => FormUploaded,
        /// A file of it was given.
        "form.attachment_given@1" => FormFileGiven,
        /// It is offered.
        "form.published@1" => FormPublished,
        /// It is no longer offered.
        "form.closed@1" => FormClosed,
        /// A filled form came in.
        "submission.received@1" => SubmissionReceived,
        /// A file of it arrived.
        "submission.attachment_arrived@1" => AttachmentArrived,
        /// It was recomputed.
        "submission.checked@1" => SubmissionChecked,
        /// It was replaced.
        "submission.edited@1" => SubmissionEdited,
        /// It was looked at.
        "submission.reviewed@1" => SubmissionReviewed,
        /// What its answers become was written down.
        "form.mapped@1" => FormMapped,
        /// That was switched on or off.
        "form.mapping_switched@1" => MappingSwitched,
        /// Facts were made of a submission.
        "submission.applied@1" => SubmissionApplied,
        /// A figure.
        "reading.recorded@1" => ReadingRecorded,
        /// It no longer counts.
        "reading.withdrawn@1" => ReadingWithdrawn,
        /// Something was said about it.
        "submission.commented@1" => SubmissionCommented,
        /// A version that was never published was taken back.
        "form.draft_dropped@1" => FormDraftDropped,
    }
}
