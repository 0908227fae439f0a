//! What may be done with forms, and which submissions are taken.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    facts::*,
    mapping::{FoundPhoto, MADE_MAX, MAPPING_ROWS_MAX, Made, Mapping, MappingFault, MappingOutcome, Path},
    view::{Form, FormState, FormVersion, Submission, SubmissionState},
};
use crate::{
    Fact as AnyFact, ViewId,
    basics::{
        Actor, Authority, Capability, Context, Decide, Draft, FileHash, FormId, PlaceId, ProblemId, Read, Rows, Subject,
        SubmissionId, Text,
    },
    places::{self, CountRecorded, Place},
    problems::{self, Channel, Reported, Reporter},
};

/// Files that come with one submission at most, over all that is sent.
pub const FILES_MAX: usize = 1000;
/// Versions of one form at most.
pub const VERSIONS_MAX: usize = 200;
/// What is said about one submission at most, notes of reviews included.
pub const COMMENTS_MAX: usize = 200;
/// Doubts kept of one submission at most; how many there are is kept as well.
pub const DOUBTS_MAX: usize = 50;

/// Commands of this room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type")]
pub enum Command {
    /// Bring a version of a form to a place. Nobody is offered it yet.
    #[serde(rename = "surveys.upload")]
    Upload {
        /// At and below which place it will be offered.
        place: PlaceId,
        /// The XForm, stored before.
        file: FileHash,
        /// What it says of itself; read at the door from the file, whatever is sent.
        #[serde(default)]
        head: Option<FormHead>,
    },
    /// Give a file that a version needs.
    #[serde(rename = "surveys.give_attachment")]
    GiveAttachment {
        /// The form.
        form: FormId,
        /// Its version.
        version: Option<Word>,
        /// Name of the file in the form.
        name: FileName,
        /// The file, stored before.
        file: FileHash,
        /// MD5 of it; computed at the door, whatever is sent. None where there is no such file.
        #[serde(default)]
        md5: Option<Md5>,
    },
    /// Offer a version; from then on what is filled in with it is taken. Opens a closed form again.
    #[serde(rename = "surveys.publish")]
    Publish {
        /// The form.
        form: FormId,
        /// Its version.
        version: Option<Word>,
        /// Questions that ask what is known already; found at the door, whatever is sent.
        #[serde(default)]
        known: Vec<Path>,
        /// Why they are asked again.
        #[serde(default)]
        again: Option<Reason>,
    },
    /// Offer a form no longer.
    #[serde(rename = "surveys.close")]
    Close {
        /// The form.
        form: FormId,
        /// Why.
        reason: Reason,
        /// Whether what was filled in before is still taken.
        takes_late: bool,
    },
    /// Hand in a filled form, or more files of one that was handed in before.
    #[serde(rename = "surveys.submit")]
    Submit {
        /// Where whoever sends it is at home.
        place: PlaceId,
        /// The XML, stored before.
        file: FileHash,
        /// What it says of itself; read at the door from the file, whatever is sent.
        #[serde(default)]
        head: Option<SubmissionHead>,
        /// Files that come with it, stored before.
        #[serde(default)]
        files: Vec<Attached>,
        /// What the device calls itself.
        #[serde(default)]
        device: Option<Text<200>>,
        /// The village that the answers name, where the form says which question does; computed at the door, whatever is sent.
        #[serde(default)]
        about: Option<PlaceId>,
        /// What came out when it was recomputed; computed at the door, whatever is sent.
        #[serde(default)]
        checked: Option<Box<Checked>>,
    },
    /// Say what a submission is worth.
    #[serde(rename = "surveys.review")]
    Review {
        /// Which.
        submission: SubmissionId,
        /// What it comes to.
        verdict: Verdict,
        /// In words; needed unless it is approved.
        #[serde(default)]
        note: Option<Reason>,
    },
    /// Say something about a submission without judging it.
    #[serde(rename = "surveys.comment")]
    Comment {
        /// Which.
        submission: SubmissionId,
        /// What.
        text: Reason,
    },
    /// Take back a version that was never published.
    #[serde(rename = "surveys.drop_draft")]
    DropDraft {
        /// The form.
        form: FormId,
        /// Its version.
        version: Option<Word>,
    },
    /// Write down what a form's answers become. Not in force before it is switched on.
    #[serde(rename = "surveys.map")]
    Map {
        /// The form.
        form: FormId,
        /// What.
        mapping: Mapping,
        /// Paths that no version of the form has; found at the door, whatever is sent.
        #[serde(default)]
        unknown: Vec<Path>,
    },
    /// Switch the mapping on or off. It is tried on past submissions before.
    #[serde(rename = "surveys.switch_mapping")]
    SwitchMapping {
        /// The form.
        form: FormId,
        /// On.
        on: bool,
        /// Whether what came in before becomes facts too.
        #[serde(default)]
        past: bool,
        /// The trial; made at the door, whatever is sent.
        #[serde(default)]
        tried: Option<Tried>,
    },
    /// Make facts of a submission. Only the programme itself does.
    #[serde(rename = "surveys.apply")]
    Apply {
        /// Which.
        submission: SubmissionId,
        /// What follows from it.
        outcome: MappingOutcome,
        /// The stored photos of its problems, by name among its files.
        #[serde(default)]
        photos: Vec<FoundPhoto>,
    },
}

/// Why a command about forms or submissions is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Refusal {
    /// The place is no more.
    #[error("the place is closed")]
    PlaceClosed,
    /// What was uploaded is no form that could be read.
    #[error("the file is not a form")]
    NotAForm,
    /// This version is there already, with other content.
    #[error("version {version:?} of {form:?} is there already; give the changed form a new version")]
    VersionTaken {
        /// The form.
        form: Word,
        /// The version.
        version: String,
    },
    /// Too many versions.
    #[error("a form has at most {max} versions")]
    TooManyVersions {
        /// Most.
        max: usize,
    },
    /// There is no such version.
    #[error("the form has no version {version:?}")]
    NoSuchVersion {
        /// What was named.
        version: String,
    },
    /// The form asks for no file of that name.
    #[error("the form needs no file called {name}")]
    FileNotNeeded {
        /// What was named.
        name: FileName,
    },
    /// The file has not been stored.
    #[error("the file has not been uploaded")]
    NoSuchFile,
    /// A version that has been published does not change.
    #[error("version {version:?} has been published and does not change")]
    Published {
        /// The version.
        version: String,
    },
    /// Files are missing.
    #[error("files are missing: {names}")]
    FilesMissing {
        /// Their names.
        names: String,
    },
    /// It is offered already.
    #[error("version {version:?} is offered already")]
    AlreadyOffered {
        /// The version.
        version: String,
    },
    /// It is not offered.
    #[error("the form is not offered")]
    NotOffered,
    /// What was sent is no filled form that could be read.
    #[error("the file is not a filled form")]
    NotASubmission,
    /// No form of that id is offered there.
    #[error("no form {form}")]
    NoSuchForm {
        /// What was named.
        form: Word,
    },
    /// The form is closed.
    #[error("the form {form} is closed")]
    FormClosed {
        /// Which.
        form: Word,
    },
    /// The instance is known with other content.
    #[error("{instance} was received before with other content")]
    OtherContent {
        /// Which.
        instance: Word,
    },
    /// The instance that is to be replaced is not there, or has been replaced.
    #[error("{instance} is not the current version of a submission")]
    NotCurrent {
        /// Which.
        instance: Word,
    },
    /// Too many files.
    #[error("a submission has at most {max} files")]
    TooManyFiles {
        /// Most.
        max: usize,
    },
    /// Too much was said about it.
    #[error("at most {max} comments on a submission")]
    TooManyComments {
        /// Most.
        max: usize,
    },
    /// Nobody judges what he sent himself.
    #[error("whoever sent a submission does not review it")]
    HisOwn,
    /// It was replaced.
    #[error("the submission was replaced by an edit")]
    Replaced,
    /// Whoever reads it later must understand why.
    #[error("say why")]
    SayWhy,
    /// The form has no such question.
    #[error("the form has no question {path}")]
    NoSuchQuestion {
        /// What was named.
        path: Path,
    },
    /// Too many rows.
    #[error("a mapping has at most {max} rows")]
    TooManyRows {
        /// Most.
        max: usize,
    },
    /// A figure's name has other signs.
    #[error("row {row}: the name of a figure is made of a-z, 0-9 and _")]
    BadFigure {
        /// The row, from 1.
        row: usize,
    },
    /// Too many digits.
    #[error("row {row}: at most four digits behind the point")]
    TooManyDigits {
        /// The row, from 1.
        row: usize,
    },
    /// A problem that no answer says.
    #[error("row {row}: say which answers are a problem")]
    NoAnswers {
        /// The row, from 1.
        row: usize,
    },
    /// The same figure or denominator twice.
    #[error("row {row}: the same was named before")]
    MappedTwice {
        /// The row, from 1.
        row: usize,
    },
    /// Questions ask what is known.
    #[error("asks what is known already: {paths}; say why it is asked again")]
    AsksWhatIsKnown {
        /// The questions.
        paths: String,
    },
    /// It is already so.
    #[error("the mapping is so already")]
    MappingUnchanged,
    /// There is no mapping.
    #[error("the form has no mapping")]
    NotMapped,
    /// It has not been tried.
    #[error("the mapping was not tried on past submissions")]
    NotTried,
    /// It is not to become facts now: done already, in doubt, replaced, or the mapping is not in force.
    #[error("the submission does not become facts now")]
    NotToApply,
}

fn form_read(id: FormId) -> Read {
    Read::Row(ViewId::Forms, id.key())
}

fn submission_read(id: SubmissionId) -> Read {
    Read::Row(ViewId::Submissions, id.key())
}

fn place_read(id: PlaceId) -> Read {
    Read::Row(ViewId::Places, id.key())
}

fn place(rows: &Rows, id: PlaceId) -> Option<&Place> {
    if rows.has(&place_read(id)) { rows.place(id) } else { None }
}

fn form(rows: &Rows, id: FormId) -> Option<&Form> {
    if rows.has(&form_read(id)) { rows.get::<Form>(&id.key()) } else { None }
}

fn submission(rows: &Rows, id: SubmissionId) -> Option<&Submission> {
    if rows.has(&submission_read(id)) { rows.get::<Submission>(&id.key()) } else { None }
}

/// Where a form could stand that is offered at a place: there and at every place above, the nearest first.
pub fn offered<'p>(place: &'p Place, form_id: &'p Word) -> impl Iterator<Item = FormId> + 'p {
    [&place.id].into_iter().chain(place.within.iter().rev()).map(|id| FormId::at(*id, form_id))
}

fn shown(version: Option<&Word>) -> String {
    version.map(|v| v.as_str().to_owned()).unwrap_or_default()
}

/// The form that takes a submission: the nearest of its id that has ever published the version it names.
fn taking<'r>(rows: &'r Rows, place: &Place, head: &SubmissionHead) -> Result<&'r Form, Refusal> {
    let (mut known, mut closed) = (false, false);
    for id in offered(place, &head.form_id) {
        let Some(form) = form(rows, id) else { continue };
        if form.version(head.version.as_ref()).is_none_or(|v| v.published_ms.is_none()) {
            // A form that was never published is nobody's business yet.
            known |= form.versions.iter().any(|v| v.published_ms.is_some());
            continue;
        }
        match form.state {
            FormState::Open { .. } | FormState::Closing { .. } => return Ok(form),
            FormState::Draft | FormState::Closed { .. } => closed = true,
        }
    }
    Err(match (closed, known) {
        (true, _) => Refusal::FormClosed { form: head.form_id.clone() },
        (false, true) => Refusal::NoSuchVersion { version: shown(head.version.as_ref()) },
        (false, false) => Refusal::NoSuchForm { form: head.form_id.clone() },
    })
}

impl Command {
    /// Whether a file comes with it, which has to be looked at before.
    pub fn brings_a_file(&self) -> bool {
        match self {
            Command::Upload { .. } | Command::GiveAttachment { .. } | Command::Submit { .. } => true,
            Command::Publish { .. }
            | Command::Close { .. }
            | Command::Review { .. }
            | Command::Comment { .. }
            | Command::DropDraft { .. }
            | Command::Map { .. }
            | Command::SwitchMapping { .. }
            | Command::Apply { .. } => false,
        }
    }

    fn form(&self) -> Option<FormId> {
        match self {
            Command::GiveAttachment { form, .. }
            | Command::Publish { form, .. }
            | Command::Close { form, .. }
            | Command::DropDraft { form, .. }
            | Command::Map { form, .. }
            | Command::SwitchMapping { form, .. } => Some(*form),
            Command::Upload { place, head, .. } => head.as_ref().map(|h| FormId::at(*place, &h.form_id)),
            Command::Submit { .. } | Command::Review { .. } | Command::Comment { .. } | Command::Apply { .. } => None,
        }
    }
}

impl Decide for Command {
    type Refusal = Refusal;

    fn reads(&self, rows: &Rows) -> Vec<Read> {
        match self {
            Command::Upload { place, .. } => [place_read(*place)].into_iter().chain(self.form().map(form_read)).collect(),
            Command::GiveAttachment { form: id, .. }
            | Command::Publish { form: id, .. }
            | Command::Close { form: id, .. }
            | Command::DropDraft { form: id, .. }
            | Command::Map { form: id, .. }
            | Command::SwitchMapping { form: id, .. } => {
                let at = form(rows, *id).map(|f| place_read(f.place));
                [form_read(*id)].into_iter().chain(at).collect()
            }
            Command::Submit { place: at, about, head, .. } => {
                let mut reads: Vec<Read> = [Some(*at), *about].into_iter().flatten().map(place_read).collect();
                let (Some(place), Some(head)) = (place(rows, *at), head) else { return reads };
                for id in offered(place, &head.form_id) {
                    reads.push(form_read(id));
                    reads.push(submission_read(SubmissionId::of(id, &head.instance)));
                    if let Some(deprecated) = &head.deprecated {
                        reads.push(submission_read(SubmissionId::of(id, deprecated)));
                    }
                }
                let known: Vec<PlaceId> = reads
                    .iter()
                    .filter_map(|r| match r {
                        Read::Row(ViewId::Submissions, key) if rows.has(r) => rows.get::<Submission>(key).map(|s| s.place),
                        _ => None,
                    })
                    .collect();
                reads.extend(known.into_iter().map(place_read));
                reads
            }
            Command::Comment { submission: id, .. } => {
                let at = submission(rows, *id).map(|s| place_read(s.place));
                [submission_read(*id)].into_iter().chain(at).collect()
            }
            Command::Review { submission: id, .. } | Command::Apply { submission: id, .. } => {
                let row = submission(rows, *id);
                let further = row.map(|s| [Some(place_read(s.place)), Some(form_read(s.form)), s.edits.map(submission_read)]);
                [submission_read(*id)].into_iter().chain(further.into_iter().flatten().flatten()).collect()
            }
        }
    }

    fn authority(&self, rows: &Rows) -> Option<Authority> {
        Some(match self {
            Command::Upload { place, .. } => Authority::Post(Capability::SurveysManage, rows.place(*place)?.id),
            Command::GiveAttachment { form, .. }
            | Command::Publish { form, .. }
            | Command::Close { form, .. }
            | Command::DropDraft { form, .. }
            | Command::Map { form, .. }
            | Command::SwitchMapping { form, .. } => {
                Authority::Post(Capability::SurveysManage, rows.get::<Form>(&form.key())?.place)
            }
            Command::Submit { place, .. } => Authority::Post(Capability::SurveysSubmit, rows.place(*place)?.id),
            Command::Review { submission, .. } | Command::Comment { submission, .. } => {
                Authority::Post(Capability::SurveysReview, rows.get::<Submission>(&submission.key())?.place)
            }
            Command::Apply { .. } => Authority::Machine,
        })
    }

    fn decide(self, rows: &Rows, cx: &Context) -> Result<Vec<Draft>, Refusal> {
        match self {
            Command::Upload { place: at, file, head } => upload(rows, cx, at, file, head),
            Command::GiveAttachment { form: id, version, name, file, md5 } => {
                let (form, found) = version_of(rows, id, version.as_ref())?;
                if found.published_ms.is_some() {
                    return Err(Refusal::Published { version: shown(version.as_ref()) });
                }
                if !found.head.files.iter().any(|f| f.name == name) {
                    return Err(Refusal::FileNotNeeded { name });
                }
                let md5 = md5.ok_or(Refusal::NoSuchFile)?;
                Ok(vec![about_form(form, cx, Fact::FormFileGiven(FormFileGiven { version, name, file, md5 }))])
            }
            Command::Publish { form: id, version, known, again } => {
                let (form, found) = version_of(rows, id, version.as_ref())?;
                if place(rows, form.place).is_some_and(|p| p.closed.is_some()) {
                    return Err(Refusal::PlaceClosed);
                }
                if form.current().is_some_and(|current| current.head.version == version) {
                    return Err(Refusal::AlreadyOffered { version: shown(version.as_ref()) });
                }
                let missing = found.missing();
                if !missing.is_empty() {
                    let names: Vec<&str> = missing.iter().map(Text::as_str).collect();
                    return Err(Refusal::FilesMissing { names: names.join(", ") });
                }
                if !known.is_empty() && again.is_none() {
                    let paths: Vec<&str> = known.iter().map(Text::as_str).collect();
                    return Err(Refusal::AsksWhatIsKnown { paths: paths.join(", ") });
                }
                // A reason for nothing is none.
                let again = again.filter(|_| !known.is_empty());
                Ok(vec![about_form(form, cx, Fact::FormPublished(FormPublished { version, known, again }))])
            }
            Command::Close { form: id, reason, takes_late } => {
                let form = form(rows, id).ok_or(Refusal::NotOffered)?;
                match (&form.state, takes_late) {
                    // What takes late ones can stop to, and the other way round.
                    (FormState::Open { .. }, _) | (FormState::Closing { .. }, false) | (FormState::Closed { .. }, true) => {
                        Ok(vec![about_form(form, cx, Fact::FormClosed(FormClosed { reason, takes_late }))])
                    }
                    (FormState::Draft, _) | (FormState::Closing { .. }, true) | (FormState::Closed { .. }, false) => {
                        Err(Refusal::NotOffered)
                    }
                }
            }
            Command::Submit { place, file, head, files, device, about, checked } => {
                submit(rows, cx, HandedIn { place, file, head, files, device, about, checked })
            }
            Command::Review { submission: id, verdict, note } => {
                let row = submission(rows, id).ok_or(Refusal::NotASubmission)?;
                if let SubmissionState::Replaced { .. } = row.state {
                    return Err(Refusal::Replaced);
                }
                if row.account.is_some() && row.account == cx.actor.account() {
                    return Err(Refusal::HisOwn);
                }
                if note.is_none() && matches!(verdict, Verdict::HasIssues | Verdict::Rejected) {
                    return Err(Refusal::SayWhy);
                }
                let reviewed = about_submission(row, cx, Fact::SubmissionReviewed(SubmissionReviewed { verdict, note }));
                let withdrawn = (verdict == Verdict::Rejected).then(|| withdrawn(row, cx)).into_iter().flatten();
                Ok([reviewed].into_iter().chain(withdrawn).collect())
            }
            Command::Comment { submission: id, text } => {
                let row = submission(rows, id).ok_or(Refusal::NotASubmission)?;
                if row.comments.len() >= COMMENTS_MAX {
                    return Err(Refusal::TooManyComments { max: COMMENTS_MAX });
                }
                Ok(vec![about_submission(row, cx, Fact::SubmissionCommented(SubmissionCommented { text }))])
            }
            Command::DropDraft { form: id, version } => {
                let (form, found) = version_of(rows, id, version.as_ref())?;
                if found.published_ms.is_some() {
                    return Err(Refusal::Published { version: shown(version.as_ref()) });
                }
                Ok(vec![about_form(form, cx, Fact::FormDraftDropped(FormDraftDropped { version }))])
            }
            Command::Map { form: id, mapping, unknown } => {
                let form = form(rows, id).ok_or(Refusal::NotMapped)?;
                if let Some(path) = unknown.into_iter().next() {
                    return Err(Refusal::NoSuchQuestion { path });
                }
                match mapping.fault() {
                    None => {}
                    Some(MappingFault::TooManyRows) => return Err(Refusal::TooManyRows { max: MAPPING_ROWS_MAX }),
                    Some(MappingFault::BadFigure(row)) => return Err(Refusal::BadFigure { row }),
                    Some(MappingFault::TooManyDigits(row)) => return Err(Refusal::TooManyDigits { row }),
                    Some(MappingFault::NoAnswers(row)) => return Err(Refusal::NoAnswers { row }),
                    Some(MappingFault::Twice(row)) => return Err(Refusal::MappedTwice { row }),
                }
                if form.mapped.as_ref().is_some_and(|m| m.mapping == mapping) {
                    return Err(Refusal::MappingUnchanged);
                }
                Ok(vec![about_form(form, cx, Fact::FormMapped(FormMapped { mapping }))])
            }
            Command::SwitchMapping { form: id, on, past, tried } => {
                let form = form(rows, id).ok_or(Refusal::NotMapped)?;
                let mapped = form.mapped.as_ref().ok_or(Refusal::NotMapped)?;
                if mapped.on == on {
                    return Err(Refusal::MappingUnchanged);
                }
                let tried = if on { Some(tried.ok_or(Refusal::NotTried)?) } else { None };
                Ok(vec![about_form(form, cx, Fact::MappingSwitched(MappingSwitched { on, past: on && past, tried }))])
            }
            Command::Apply { submission: id, outcome, photos } => apply(rows, cx, id, outcome, &photos),
        }
    }

    fn field(&self, reason: &str) -> Option<&'static str> {
        match (self, reason) {
            (Command::Upload { .. }, "not-a-form") | (Command::GiveAttachment { .. }, "no-such-file") => Some("file"),
            (Command::Submit { .. }, "not-a-submission") => Some("file"),
            (Command::Submit { .. }, "too-many-files") => Some("files"),
            (Command::GiveAttachment { .. }, "file-not-needed") => Some("name"),
            (Command::GiveAttachment { .. } | Command::Publish { .. } | Command::DropDraft { .. }, "no-such-version") => {
                Some("version")
            }
            (Command::Comment { .. }, "too-many-comments") => Some("text"),
            (Command::Review { .. }, "say-why") => Some("note"),
            (Command::Publish { .. }, "asks-what-is-known") => Some("again"),
            (
                Command::Map { .. },
                "no-such-question" | "too-many-rows" | "bad-figure" | "too-many-digits" | "no-answers" | "mapped-twice",
            ) => Some("mapping"),
            _ => None,
        }
    }
}

fn version_of<'r>(rows: &'r Rows, id: FormId, version: Option<&Word>) -> Result<(&'r Form, &'r FormVersion), Refusal> {
    let missing = || Refusal::NoSuchVersion { version: shown(version) };
    let form = form(rows, id).ok_or_else(missing)?;
    Ok((form, form.version(version).ok_or_else(missing)?))
}

fn about_form(form: &Form, cx: &Context, fact: Fact) -> Draft {
    let subject = Subject::Form(form.id);
    Draft { org: form.org, subject, place: form.place, effective_ms: cx.now_ms, fact: AnyFact::Survey(fact) }
}

fn about_submission(row: &Submission, cx: &Context, fact: Fact) -> Draft {
    let subject = Subject::Submission(row.id);
    Draft { org: row.org, subject, place: row.place, effective_ms: cx.now_ms, fact: AnyFact::Survey(fact) }
}

fn upload(rows: &Rows, cx: &Context, at: PlaceId, file: FileHash, head: Option<FormHead>) -> Result<Vec<Draft>, Refusal> {
    let mut head = head.ok_or(Refusal::NotAForm)?;
    let place = place(rows, at).filter(|p| p.closed.is_none()).ok_or(Refusal::PlaceClosed)?;
    let id = FormId::at(at, &head.form_id);
    if let Some(known) = form(rows, id) {
        if let Some(same) = known.version(head.version.as_ref()) {
            // Sent twice is sent once.
            let version = shown(head.version.as_ref());
            return if same.file == file { Ok(Vec::new()) } else { Err(Refusal::VersionTaken { form: head.form_id, version }) };
        }
        if known.versions.len() >= VERSIONS_MAX {
            return Err(Refusal::TooManyVersions { max: VERSIONS_MAX });
        }
        // What the version before was given, this one has as well, until it is given another.
        for wanted in head.files.iter_mut() {
            let before =
                known.versions.iter().rev().flat_map(|v| &v.head.files).find(|f| f.name == wanted.name && f.file.is_some());
            if let Some(before) = before {
                (wanted.file, wanted.md5) = (before.file.clone(), before.md5.clone());
            }
        }
    }
    let fact = AnyFact::Survey(Fact::FormUploaded(FormUploaded { file, head }));
    Ok(vec![Draft { org: place.org, subject: Subject::Form(id), place: at, effective_ms: cx.now_ms, fact }])
}

/// What is handed in with [`Command::Submit`].
struct HandedIn {
    place: PlaceId,
    file: FileHash,
    head: Option<SubmissionHead>,
    files: Vec<Attached>,
    device: Option<Text<200>>,
    about: Option<PlaceId>,
    checked: Option<Box<Checked>>,
}

fn submit(rows: &Rows, cx: &Context, handed_in: HandedIn) -> Result<Vec<Draft>, Refusal> {
    let HandedIn { place: at, file, head, files, device, about, checked } = handed_in;
    let head = head.ok_or(Refusal::NotASubmission)?;
    let place = place(rows, at).filter(|p| p.closed.is_none()).ok_or(Refusal::PlaceClosed)?;
    // Whoever acts at a place acts at those below it, and what lies elsewhere is not there for him.
    let within = |s: &Submission| self::place(rows, s.place).is_some_and(|p| p.is_or_is_within(at));
    // What has come before is known whatever has become of the form since.
    for form in offered(place, &head.form_id) {
        let Some(known) = submission(rows, SubmissionId::of(form, &head.instance)) else { continue };
        if known.file != file || !within(known) {
            return Err(Refusal::OtherContent { instance: head.instance });
        }
        let new: Vec<Attached> = files.into_iter().filter(|f| known.attached(&f.name).is_none_or(|k| k.file != f.file)).collect();
        if known.files.len() + new.len() > FILES_MAX {
            return Err(Refusal::TooManyFiles { max: FILES_MAX });
        }
        return Ok(new.into_iter().map(|f| about_submission(known, cx, arrived(f))).collect());
    }
    let form = taking(rows, place, &head)?;
    if files.len() > FILES_MAX {
        return Err(Refusal::TooManyFiles { max: FILES_MAX });
    }
    let replaced = match &head.deprecated {
        None => None,
        Some(deprecated) => {
            let current = |s: &&Submission| !matches!(s.state, SubmissionState::Replaced { .. }) && within(s);
            let found = submission(rows, SubmissionId::of(form.id, deprecated)).filter(current);
            Some(found.ok_or_else(|| Refusal::NotCurrent { instance: deprecated.clone() })?)
        }
    };
    let id = SubmissionId::of(form.id, &head.instance);
    let draft = |subject, place, org, fact| Draft { org, subject, place, effective_ms: cx.now_ms, fact: AnyFact::Survey(fact) };
    // It belongs to the village that it is about, if whoever sends it may hand in there. An edit stays where the first of them is.
    let village = about.and_then(|id| self::place(rows, id)).filter(|p| p.closed.is_none() && p.is_or_is_within(at));
    let village = village.unwrap_or(place);
    let (home, org) = replaced.map_or((village.id, village.org), |s| (s.place, s.org));
    let sender = match &cx.actor {
        Actor::Account { .. } => cx.actor.post_for(Capability::SurveysSubmit, place).map(|post| Sender::Account { post }),
        Actor::Public | Actor::System | Actor::Import => None,
    };
    let mut all: Vec<Attached> = Vec::new();
    for file in files {
        if !all.iter().any(|f| f.name == file.name) {
            all.push(file);
        }
    }
    // A photo that the edit still mentions is not sent again.
    for kept in replaced.iter().flat_map(|s| &s.files) {
        if head.mentioned.contains(&kept.name) && !all.iter().any(|f| f.name == kept.name) {
            all.push(kept.clone());
        }
    }
    let edits = replaced.map(|s| s.id);
    let sender = sender.unwrap_or(Sender::Machine);
    let received = Fact::SubmissionReceived(SubmissionReceived { form: form.id, file, head, sender, device, edits });
    let mut drafts = vec![draft(Subject::Submission(id), home, org, received)];
    drafts.extend(checked.map(|checked| {
        let checked = Fact::SubmissionChecked(SubmissionChecked { form: form.id, edits: edits.is_some(), checked: *checked });
        draft(Subject::Submission(id), home, org, checked)
    }));
    drafts.extend(all.into_iter().map(|f| draft(Subject::Submission(id), home, org, arrived(f))));
    drafts.extend(replaced.map(|s| about_submission(s, cx, Fact::SubmissionEdited(SubmissionEdited { into: id }))));
    Ok(drafts)
}

/// The figures of a submission no longer count.
fn withdrawn(row: &Submission, cx: &Context) -> Vec<Draft> {
    let readings = row.applied.as_ref().map_or(0, |a| a.readings);
    (0..readings).map(|n| about_submission(row, cx, Fact::ReadingWithdrawn(ReadingWithdrawn { n }))).collect()
}

fn apply(
    rows: &Rows,
    cx: &Context,
    id: SubmissionId,
    outcome: MappingOutcome,
    photos: &[FoundPhoto],
) -> Result<Vec<Draft>, Refusal> {
    let row = submission(rows, id).ok_or(Refusal::NotASubmission)?;
    let mapped = form(rows, row.form).and_then(|f| f.mapped.as_ref()).filter(|m| row.to_apply(m));
    if mapped.is_none() {
        return Err(Refusal::NotToApply);
    }
    let place = place(rows, row.place).filter(|p| p.closed.is_none()).ok_or(Refusal::PlaceClosed)?;
    let on = outcome.on.min(cx.today());
    let by = match &row.sender {
        Sender::Account { post } => Some(post.role),
        Sender::Machine => None,
    };
    let about = |subject, effective_ms, fact| Draft { org: row.org, subject, place: place.id, effective_ms, fact };
    let mut applied = SubmissionApplied { readings: 0, counts: Vec::new(), problems: Vec::new(), not_made: outcome.not_made };
    let mut drafts = Vec::new();
    for made in outcome.made.into_iter().take(MADE_MAX) {
        match made {
            Made::Reading { figure, title, value, decimals } => {
                let n = applied.readings;
                let fact = Fact::ReadingRecorded(ReadingRecorded { n, figure, title, value, decimals, on, by });
                drafts.push(about(Subject::Submission(id), on.start_ms(), AnyFact::Survey(fact)));
                applied.readings += 1;
            }
            Made::Count { what, value, method } => {
                let fact = places::Fact::CountRecorded(CountRecorded { what, value, on, method, evidence: Some(id) });
                drafts.push(about(Subject::Place(place.id), on.start_ms(), AnyFact::Place(fact)));
                applied.counts.push(what);
            }
            Made::Problem { field, text, photos: names } => {
                let Some(account) = row.account else { continue };
                let problem = ProblemId::found(id, applied.problems.len() as u8);
                let of = |name: &FileName| photos.iter().find(|p| p.name == *name).map(|p| p.photo.clone());
                let reported = Reported {
                    field,
                    text,
                    position: row.checked.as_ref().and_then(|c| c.point),
                    photos: names.iter().filter_map(of).collect(),
                    channel: Channel::Survey,
                    reporter: Reporter::Account { account },
                    contact: None,
                    evidence: Some(id),
                };
                let fact = AnyFact::Problem(problems::Fact::Reported(reported));
                drafts.push(about(Subject::Problem(problem), row.received_ms, fact));
                applied.problems.push(problem);
            }
        }
    }
    // What an edit puts right no longer counts.
    let replaced = row.edits.and_then(|before| submission(rows, before));
    drafts.extend(replaced.iter().flat_map(|before| withdrawn(before, cx)));
    drafts.push(about_submission(row, cx, Fact::SubmissionApplied(applied)));
    Ok(drafts)
}

fn arrived(file: Attached) -> Fact {
    Fact::AttachmentArrived(AttachmentArrived { name: file.name, file: file.file })
}
