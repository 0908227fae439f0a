//! Rows of forms and of submissions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    facts::{
        Attached, Checked, Fact, FileName, FormHead, Reason, Sender, SubmissionApplied, SubmissionHead, Tried, Verdict, Word,
    },
    mapping::{ApplyWhen, Mapping},
    rules::COMMENTS_MAX,
};
use crate::{
    Fact as AnyFact, ViewId,
    basics::{AccountId, Column, ColumnKind, Day, FileHash, FormId, PlaceId, Recorded, Subject, SubmissionId, Text, Value, View},
};

/// Whether a form is offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum FormState {
    /// No version has been published.
    Draft,
    /// This version is offered.
    Open {
        /// Which.
        #[schema(required)]
        version: Option<Word>,
        /// Since when.
        since_ms: i64,
    },
    /// No longer offered; what was filled in before is taken.
    Closing {
        /// Why.
        reason: Reason,
        /// Since when.
        since_ms: i64,
    },
    /// No longer offered, and nothing is taken.
    Closed {
        /// Why.
        reason: Reason,
        /// Since when.
        since_ms: i64,
    },
}

impl FormState {
    /// The word in columns and locale files.
    pub fn word(&self) -> &'static str {
        match self {
            FormState::Draft => "draft",
            FormState::Open { .. } => "open",
            FormState::Closing { .. } => "closing",
            FormState::Closed { .. } => "closed",
        }
    }
}

/// One version of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FormVersion {
    /// The XForm.
    pub file: FileHash,
    /// What it says of itself, with the files given since.
    pub head: FormHead,
    /// When it came.
    pub uploaded_ms: i64,
    /// Who brought it.
    #[schema(required)]
    pub uploaded_by: Option<AccountId>,
    /// When it was first published.
    #[schema(required)]
    pub published_ms: Option<i64>,
}

impl FormVersion {
    /// Files that have not been given.
    pub fn missing(&self) -> Vec<FileName> {
        self.head.files.iter().filter(|f| f.file.is_none()).map(|f| f.name.clone()).collect()
    }
}

/// What a form's answers become, and whether that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mapped {
    /// The mapping.
    pub mapping: Mapping,
    /// When it was written down.
    pub changed_ms: i64,
    /// Whether it is in force.
    pub on: bool,
    /// Submissions received from then on become facts; 0 where all do.
    pub since_ms: i64,
    /// The last trial.
    #[schema(required)]
    pub tried: Option<Tried>,
}

/// A form with its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Form {
    /// Identity.
    pub id: FormId,
    /// The organisation whose chain holds its facts.
    pub org: u32,
    /// At and below which place it is offered.
    pub place: PlaceId,
    /// Its id in the XML.
    pub form_id: Word,
    /// Title of the version offered, or else of the latest.
    pub title: Text<200>,
    /// Whether it is offered.
    pub state: FormState,
    /// Versions, the oldest first.
    pub versions: Vec<FormVersion>,
    /// What its answers become.
    #[serde(default)]
    #[schema(required)]
    pub mapped: Option<Mapped>,
}

impl Form {
    /// The version with this name.
    pub fn version(&self, version: Option<&Word>) -> Option<&FormVersion> {
        self.versions.iter().find(|v| v.head.version.as_ref() == version)
    }

    /// The version that is offered.
    pub fn current(&self) -> Option<&FormVersion> {
        match &self.state {
            FormState::Open { version, .. } => self.version(version.as_ref()),
            FormState::Draft | FormState::Closing { .. } | FormState::Closed { .. } => None,
        }
    }
}

impl View for Form {
    const ID: ViewId = ViewId::Forms;
    const VERSION: u32 = 3;
    const COLUMNS: &'static [Column] = &[
        Column::new("place", ColumnKind::Place).equals(),
        Column::new("form_id", ColumnKind::Text).equals().sorted().searched(),
        Column::new("title", ColumnKind::Text).searched(),
        Column::new("state", ColumnKind::Text).grouped(),
        Column::new("form_version", ColumnKind::Text),
        Column::new("mapping_on", ColumnKind::Bool).grouped(),
        Column::new("uploaded_on", ColumnKind::Day).ranged().sorted(),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        match (fact.subject, &fact.fact) {
            (Subject::Form(id), AnyFact::Survey(_)) => Some(id.key()),
            _ => None,
        }
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        let (Subject::Form(id), AnyFact::Survey(fact)) = (at.subject, &at.fact) else { return row };
        let mut form = match (row, fact) {
            (Some(form), _) => form,
            (None, Fact::FormUploaded(f)) => Form {
                id,
                org: at.org,
                place: at.place,
                form_id: f.head.form_id.clone(),
                title: f.head.title.clone(),
                state: FormState::Draft,
                versions: Vec::new(),
                mapped: None,
            },
            (None, _) => return None,
        };
        match fact {
            Fact::FormUploaded(f) => {
                form.versions.push(FormVersion {
                    file: f.file.clone(),
                    head: f.head.clone(),
                    uploaded_ms: at.recorded_ms,
                    uploaded_by: at.account(),
                    published_ms: None,
                });
                if form.current().is_none() {
                    form.title = f.head.title.clone();
                }
            }
            Fact::FormFileGiven(f) => {
                let version = form.versions.iter_mut().find(|v| v.head.version == f.version);
                if let Some(file) = version.and_then(|v| v.head.files.iter_mut().find(|file| file.name == f.name)) {
                    (file.file, file.md5) = (Some(f.file.clone()), Some(f.md5.clone()));
                }
            }
            // A form of which nothing is left is none.
            Fact::FormDraftDropped(f) => {
                form.versions.retain(|v| v.head.version != f.version || v.published_ms.is_some());
                form.title = form.current().or(form.versions.last())?.head.title.clone();
            }
            Fact::FormPublished(f) => {
                form.state = FormState::Open { version: f.version.clone(), since_ms: at.recorded_ms };
                if let Some(version) = form.versions.iter_mut().find(|v| v.head.version == f.version) {
                    version.published_ms = version.published_ms.or(Some(at.recorded_ms));
                    form.title = version.head.title.clone();
                }
            }
            Fact::FormClosed(f) => {
                let (reason, since_ms) = (f.reason.clone(), at.recorded_ms);
                form.state = match f.takes_late {
                    true => FormState::Closing { reason, since_ms },
                    false => FormState::Closed { reason, since_ms },
                };
            }
            Fact::FormMapped(f) => {
                let (mapping, changed_ms) = (f.mapping.clone(), at.recorded_ms);
                // Another mapping is another thing, and not in force.
                form.mapped = Some(Mapped { mapping, changed_ms, on: false, since_ms: 0, tried: None });
            }
            Fact::MappingSwitched(f) => {
                if let Some(mapped) = &mut form.mapped {
                    mapped.on = f.on;
                    mapped.since_ms = if f.past { 0 } else { at.recorded_ms };
                    mapped.tried = f.tried.clone().or(mapped.tried.take());
                }
            }
            Fact::SubmissionReceived(_)
            | Fact::SubmissionChecked(_)
            | Fact::AttachmentArrived(_)
            | Fact::SubmissionEdited(_)
            | Fact::SubmissionReviewed(_)
            | Fact::SubmissionCommented(_)
            | Fact::SubmissionApplied(_)
            | Fact::ReadingRecorded(_)
            | Fact::ReadingWithdrawn(_) => {}
        }
        Some(form)
    }

    fn values(&self) -> Vec<Value> {
        let shown = self.current().or(self.versions.last());
        vec![
            self.place.into(),
            self.form_id.as_str().into(),
            self.title.as_str().into(),
            self.state.word().into(),
            shown.and_then(|v| v.head.version.as_ref()).map(|v| v.as_str()).into(),
            self.mapped.as_ref().is_some_and(|m| m.on).into(),
            shown.map(|v| Day::of_ms(v.uploaded_ms)).into(),
        ]
    }
}

/// Where a submission stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum SubmissionState {
    /// To be looked at.
    Received,
    /// Something has to be asked or put right.
    HasIssues {
        /// What.
        #[schema(required)]
        note: Option<Reason>,
    },
    /// As it should be.
    Approved {
        /// In words.
        #[schema(required)]
        note: Option<Reason>,
    },
    /// Not to be used.
    Rejected {
        /// Why.
        #[schema(required)]
        note: Option<Reason>,
    },
    /// Replaced by an edit.
    Replaced {
        /// The edit.
        into: SubmissionId,
    },
}

impl SubmissionState {
    /// The word in columns and locale files.
    pub fn word(&self) -> &'static str {
        match self {
            SubmissionState::Received => "received",
            SubmissionState::HasIssues { .. } => "has_issues",
            SubmissionState::Approved { .. } => "approved",
            SubmissionState::Rejected { .. } => "rejected",
            SubmissionState::Replaced { .. } => "replaced",
        }
    }
}

/// What somebody said about a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Comment {
    /// What.
    pub text: Reason,
    /// Who.
    #[schema(required)]
    pub by: Option<AccountId>,
    /// When.
    pub at_ms: i64,
    /// Of a review's note, what the review came to.
    #[schema(required)]
    pub verdict: Option<Verdict>,
}

/// A filled form. Its answers are in the file, not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Submission {
    /// Identity.
    pub id: SubmissionId,
    /// The organisation whose chain holds its facts.
    pub org: u32,
    /// Where whoever sent it is at home.
    pub place: PlaceId,
    /// The form.
    pub form: FormId,
    /// The XML, byte for byte.
    pub file: FileHash,
    /// What it says of itself.
    pub head: SubmissionHead,
    /// Who sent it.
    pub sender: Sender,
    /// Account or phone that sent it.
    #[schema(required)]
    pub account: Option<AccountId>,
    /// What the device calls itself.
    #[schema(required)]
    pub device: Option<Text<200>>,
    /// When it came.
    pub received_ms: i64,
    /// The submission that it replaces.
    #[schema(required)]
    pub edits: Option<SubmissionId>,
    /// Files that have come, by name.
    pub files: Vec<Attached>,
    /// What came out when it was recomputed; none of what came before there was recomputing.
    #[serde(default)]
    #[schema(required)]
    pub checked: Option<Checked>,
    /// Where it stands.
    pub state: SubmissionState,
    /// When it was last looked at.
    #[schema(required)]
    pub reviewed_ms: Option<i64>,
    /// What was said about it, the oldest first; the latest [`COMMENTS_MAX`](super::COMMENTS_MAX).
    #[serde(default)]
    #[schema(required)]
    pub comments: Vec<Comment>,
    /// What was made of it.
    #[serde(default)]
    #[schema(required)]
    pub applied: Option<SubmissionApplied>,
}

impl Submission {
    /// Whether it has to be looked at because something does not fit 待核: nobody has looked at it yet.
    pub fn doubtful(&self) -> bool {
        self.state == SubmissionState::Received && self.checked.as_ref().is_some_and(|c| c.doubts_count > 0)
    }

    /// Whether its answers become facts now, by a mapping that is in force.
    pub fn to_apply(&self, mapped: &Mapped) -> bool {
        let good = match self.state {
            SubmissionState::Approved { .. } => true,
            SubmissionState::Received => mapped.mapping.when == ApplyWhen::Received && !self.doubtful(),
            SubmissionState::HasIssues { .. } | SubmissionState::Rejected { .. } | SubmissionState::Replaced { .. } => false,
        };
        good && mapped.on && self.received_ms >= mapped.since_ms && !self.head.encrypted && self.applied.is_none()
    }

    /// Files that it mentions and that have not come.
    pub fn missing(&self) -> Vec<&FileName> {
        self.head.mentioned.iter().filter(|name| self.attached(name).is_none()).collect()
    }

    /// The file with this name.
    pub fn attached(&self, name: &FileName) -> Option<&Attached> {
        self.files.iter().find(|f| f.name == *name)
    }
}

fn comment(at: &Recorded, text: Reason, verdict: Option<Verdict>) -> Comment {
    Comment { text, by: at.account(), at_ms: at.recorded_ms, verdict }
}

impl View for Submission {
    const ID: ViewId = ViewId::Submissions;
    const VERSION: u32 = 3;
    const COLUMNS: &'static [Column] = &[
        Column::new("place", ColumnKind::Place).equals(),
        Column::new("form", ColumnKind::Text).leading(),
        Column::new("form_id", ColumnKind::Text).grouped(),
        Column::new("form_version", ColumnKind::Text).equals(),
        Column::new("instance", ColumnKind::Text).equals(),
        Column::new("state", ColumnKind::Text).grouped(),
        Column::new("current", ColumnKind::Bool).grouped(),
        Column::new("encrypted", ColumnKind::Bool).grouped(),
        Column::new("files_missing", ColumnKind::Int).ranged(),
        Column::new("doubtful", ColumnKind::Bool).grouped(),
        Column::new("doubts", ColumnKind::Int).ranged(),
        Column::new("questions", ColumnKind::Int),
        Column::new("seconds", ColumnKind::Int),
        Column::new("lon_e7", ColumnKind::Int),
        Column::new("lat_e7", ColumnKind::Int),
        Column::new("applied", ColumnKind::Bool).grouped(),
        Column::new("account", ColumnKind::Text).equals(),
        Column::new("received_ms", ColumnKind::Ms).ranged().sorted(),
        Column::new("received_on", ColumnKind::Day).ranged().sorted(),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        match (fact.subject, &fact.fact) {
            (Subject::Submission(id), AnyFact::Survey(_)) => Some(id.key()),
            _ => None,
        }
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        let (Subject::Submission(id), AnyFact::Survey(fact)) = (at.subject, &at.fact) else { return row };
        let Some(mut row) = row else {
            let Fact::SubmissionReceived(f) = fact else { return None };
            return Some(Submission {
                id,
                org: at.org,
                place: at.place,
                form: f.form,
                file: f.file.clone(),
                head: f.head.clone(),
                sender: f.sender.clone(),
                account: at.account(),
                device: f.device.clone(),
                received_ms: at.recorded_ms,
                edits: f.edits,
                files: Vec::new(),
                checked: None,
                comments: Vec::new(),
                state: SubmissionState::Received,
                reviewed_ms: None,
                applied: None,
            });
        };
        match fact {
            Fact::AttachmentArrived(f) => {
                row.files.retain(|file| file.name != f.name);
                row.files.push(Attached { name: f.name.clone(), file: f.file.clone() });
            }
            Fact::SubmissionChecked(f) => row.checked = Some(f.checked.clone()),
            Fact::SubmissionEdited(f) => row.state = SubmissionState::Replaced { into: f.into },
            Fact::SubmissionReviewed(f) => {
                let note = f.note.clone();
                row.comments.extend(note.clone().map(|text| comment(at, text, Some(f.verdict))));
                row.reviewed_ms = Some(at.recorded_ms);
                if f.verdict == Verdict::Rejected {
                    // What was made of it no longer counts; approved again, it is made again.
                    row.applied = None;
                }
                row.state = match f.verdict {
                    Verdict::Approved => SubmissionState::Approved { note },
                    Verdict::HasIssues => SubmissionState::HasIssues { note },
                    Verdict::Rejected => SubmissionState::Rejected { note },
                    Verdict::Received => SubmissionState::Received,
                };
            }
            Fact::SubmissionApplied(f) => row.applied = Some(f.clone()),
            Fact::SubmissionCommented(f) => row.comments.push(comment(at, f.text.clone(), None)),
            // An instance comes once.
            Fact::SubmissionReceived(_)
            | Fact::FormMapped(_)
            | Fact::MappingSwitched(_)
            | Fact::ReadingRecorded(_)
            | Fact::ReadingWithdrawn(_)
            | Fact::FormUploaded(_)
            | Fact::FormFileGiven(_)
            | Fact::FormPublished(_)
            | Fact::FormClosed(_)
            | Fact::FormDraftDropped(_) => {}
        }
        let over = row.comments.len().saturating_sub(COMMENTS_MAX);
        row.comments.drain(..over);
        Some(row)
    }

    fn values(&self) -> Vec<Value> {
        let checked = self.checked.as_ref();
        vec![
            self.place.into(),
            self.form.to_string().into(),
            self.head.form_id.as_str().into(),
            self.head.version.as_ref().map(|v| v.as_str()).into(),
            self.head.instance.as_str().into(),
            self.state.word().into(),
            (!matches!(self.state, SubmissionState::Replaced { .. })).into(),
            self.head.encrypted.into(),
            i64::try_from(self.missing().len()).unwrap_or(i64::MAX).into(),
            self.doubtful().into(),
            checked.map(|c| i64::from(c.doubts_count)).into(),
            checked.map(|c| i64::from(c.questions)).into(),
            checked.and_then(|c| c.seconds).map(i64::from).into(),
            checked.and_then(|c| c.point).map(|p| i64::from(p.lon_e7)).into(),
            checked.and_then(|c| c.point).map(|p| i64::from(p.lat_e7)).into(),
            self.applied.is_some().into(),
            self.account.map(|a| a.to_string()).into(),
            self.received_ms.into(),
            Day::of_ms(self.received_ms).into(),
        ]
    }
}
