//! What a form or a filled form says, in the words of this room: read and recomputed by crate `xforms`, and told alike by whoever
//! takes it in. What is recorded carries no answer (`doubts-carry-no-answers`).

use std::borrow::Borrow;

use xforms::{
    evaluation::{Assessor, Context, Evaluation, Finding, FindingKind, SubmissionError},
    form::{Attachments, DataType, Form},
    head::{self, HeadError, Part},
    xpath::Moment,
};

use super::{
    facts::{Checked, Doubt, DoubtKind, FileKind, FileName, FormFile, FormHead, SubmissionHead},
    mapping::Answered,
    rules::DOUBTS_MAX,
};
use crate::basics::{Position, Text};

/// Longest filling that is believed, seconds: a form left open over night was not asked all night.
const SECONDS_MAX: i64 = 6 * 3600;
/// Local time of the programme, minutes east of UTC.
const OFFSET_MINUTES: i32 = 480;

/// A word of the form as the programme keeps it; what is left empty by cleaning is missing.
fn word<const N: usize>(part: Part, raw: &str) -> Result<Text<N>, HeadError> {
    Text::new(raw).map_err(|_| HeadError::BadWord { part, found: raw.chars().take(40).collect() })
}

/// The name of a file that came.
///
/// # Errors
/// It is none.
pub fn file_name(raw: &str) -> Result<FileName, HeadError> {
    word(Part::FileName, &head::file_name(raw)?)
}

/// What a form says of itself.
///
/// # Errors
/// It is no form that could be read.
pub fn form_head(xml: &[u8]) -> Result<FormHead, HeadError> {
    let read = head::form_head(xml)?;
    let kind = |kind| match kind {
        head::FileKind::Image => FileKind::Image,
        head::FileKind::Audio => FileKind::Audio,
        head::FileKind::Video => FileKind::Video,
        head::FileKind::Data => FileKind::Data,
    };
    let file = |f: &head::NeededFile| {
        Ok::<_, HeadError>(FormFile { name: word(Part::FileName, &f.name)?, kind: kind(f.kind), file: None, md5: None })
    };
    Ok(FormHead {
        form_id: word(Part::FormId, &read.id)?,
        version: read.version.as_deref().map(|v| word(Part::Version, v)).transpose()?,
        title: word(Part::Title, &read.title)?,
        md5: Text::new(&head::md5(xml)).expect("32 digits are a text"),
        encrypted: read.encrypted,
        files: read.files.iter().map(file).collect::<Result<_, _>>()?,
        file_questions: read.file_questions.iter().map(|q| word(Part::Path, q)).collect::<Result<_, _>>()?,
    })
}

/// What a filled form says of itself; `questions` are the paths of those answered with files.
///
/// # Errors
/// It is no filled form that could be read.
pub fn submission_head(xml: &[u8], questions: &[String]) -> Result<SubmissionHead, HeadError> {
    let read = head::submission_head(xml, questions)?;
    Ok(SubmissionHead {
        form_id: word(Part::FormId, &read.id)?,
        version: read.version.as_deref().map(|v| word(Part::Version, v)).transpose()?,
        instance: word(Part::InstanceId, &read.instance)?,
        deprecated: read.deprecated.as_deref().map(|v| word(Part::DeprecatedId, v)).transpose()?,
        encrypted: read.encrypted,
        mentioned: read.mentioned.iter().map(|m| word(Part::FileName, m)).collect::<Result<_, _>>()?,
    })
}

/// A submission that was looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct Looked {
    /// What is recorded of it.
    pub checked: Checked,
    /// All that came out; none where it cannot be laid over the form.
    pub evaluation: Option<Evaluation>,
}

impl Looked {
    /// Of a form that holds what is not understood here.
    pub fn unjudged() -> Looked {
        let checked =
            Checked { judged: false, doubts: Vec::new(), doubts_count: 0, unjudged: 0, questions: 0, seconds: None, point: None };
        Looked { checked, evaluation: None }
    }
}

/// What a submission that came then is laid over its form with, in the programme's local time.
pub fn came_at(now_ms: i64) -> Context {
    Context::at(Moment { epoch_ms: now_ms, offset_minutes: OFFSET_MINUTES })
}

/// Recomputes a submission; `now_ms` is when it came.
pub fn look<F: Borrow<Form>, A: Borrow<Attachments>>(form: &Assessor<F, A>, xml: &[u8], now_ms: i64) -> Looked {
    let unjudged = Looked::unjudged();
    let evaluation = match form.evaluate(xml, &came_at(now_ms)) {
        Ok(evaluation) => evaluation,
        Err(SubmissionError::Encrypted) => return unjudged,
        Err(SubmissionError::Xml(_) | SubmissionError::WrongRoot { .. } | SubmissionError::WrongForm { .. }) => {
            let at = Text::new("/").expect("a sign is a text");
            let doubts = vec![Doubt { at, what: DoubtKind::NotOfTheForm }];
            return Looked { checked: Checked { judged: true, doubts, doubts_count: 1, ..unjudged.checked }, evaluation: None };
        }
    };
    let doubts = evaluation.findings.iter().take(DOUBTS_MAX).filter_map(doubt).collect();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let moments = evaluation.filled.iter().map(|m| m.epoch_ms);
    let seconds = match (moments.clone().min(), moments.max()) {
        (Some(from), Some(to)) if evaluation.filled.len() > 1 => u32::try_from((to - from) / 1000).ok(),
        _ => None,
    };
    let checked = Checked {
        judged: true,
        doubts,
        doubts_count: count(evaluation.findings.len()),
        unjudged: count(evaluation.unjudged.len()),
        questions: count(evaluation.questions),
        seconds: seconds.filter(|s| i64::from(*s) <= SECONDS_MAX),
        point: evaluation.answers.iter().filter(|a| a.data_type == DataType::Geopoint).find_map(|a| position(&a.value)),
    };
    Looked { checked, evaluation: Some(evaluation) }
}

/// The answers as a mapping sees them, with what the form calls them in the programme's first language.
pub fn answered(form: &Form, evaluation: Evaluation) -> Vec<Answered> {
    let labels = form.labels(form.language_of("zh-CN"));
    evaluation
        .answers
        .into_iter()
        .map(|a| Answered { label: labels.get(a.path.as_str()).cloned(), path: a.path, positions: a.positions, value: a.value })
        .collect()
}

/// Questions of a form: the most that can be put at one visit without repeats.
pub fn questions(form: &Form) -> u32 {
    u32::try_from(form.fields.iter().filter(|f| f.is_question()).count()).unwrap_or(u32::MAX)
}

/// A geopoint to a thousandth of a degree.
fn position(geopoint: &str) -> Option<Position> {
    let mut numbers = geopoint.split_whitespace().map(str::parse::<f64>);
    let (lat, lon) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    let coarse = |degrees: f64| (degrees * 1e3).round() as i32 * 10_000;
    let known = lat.abs() <= 85.0 && lon.abs() <= 180.0 && (lat, lon) != (0.0, 0.0);
    if known { Position::new(coarse(lon), coarse(lat)) } else { None }
}

fn doubt(finding: &Finding) -> Option<Doubt> {
    // A path longer than anybody reads is cut from the front, where forms are alike.
    let (path, max) = (&finding.at, 500);
    let skipped = path.chars().count().saturating_sub(max);
    let at: String = path.chars().skip(skipped).collect();
    Some(Doubt { at: Text::new(&at).ok()?, what: DoubtKind::of(&finding.kind) })
}

impl DoubtKind {
    /// The kind of what was found.
    pub fn of(found: &FindingKind) -> DoubtKind {
        match found {
            FindingKind::ConstraintNotMet { .. } => DoubtKind::ConstraintNotMet,
            FindingKind::RequiredButEmpty => DoubtKind::RequiredButEmpty,
            FindingKind::IrrelevantButFilled { .. } => DoubtKind::IrrelevantButFilled,
            FindingKind::CalculationDiffers { .. } => DoubtKind::CalculationDiffers,
            FindingKind::NoSuchField => DoubtKind::NoSuchField,
            FindingKind::TypeMismatch { .. } => DoubtKind::TypeMismatch,
            FindingKind::ChoiceNotOffered { .. } => DoubtKind::ChoiceNotOffered,
            FindingKind::RepeatCountDiffers { .. } => DoubtKind::RepeatCountDiffers,
            FindingKind::OccursAgain => DoubtKind::OccursAgain,
            FindingKind::UnexpectedContent => DoubtKind::UnexpectedContent,
            FindingKind::OtherVersion { .. } => DoubtKind::OtherVersion,
        }
    }
}
