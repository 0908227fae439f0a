//! Submissions recomputed from their form, at the door and again whenever somebody looks: what does not fit is told, nothing is
//! refused for it. What is recorded carries no answer; the words with the answers in them are worked out again from the file.

use std::sync::{Arc, Mutex, PoisonError};

use domain::{
    basics::{Position, Text},
    surveys::{Checked, DOUBTS_MAX, Doubt, DoubtKind, FormVersion},
};
use serde::Serialize;
use utoipa::ToSchema;
use xforms::{
    evaluation::{Assessor, Context, Evaluation, Finding, FindingKind, SubmissionError},
    form::{Attachments, DataType, Form},
    xpath::Moment,
};

use crate::{App, answer::Problem, wording};

/// Forms kept ready at a time.
const READY_MAX: usize = 32;
/// Characters of an answer that are told in a doubt.
const TOLD: usize = 200;
/// Longest filling that is believed, seconds: a form left open over night was not asked all night.
const SECONDS_MAX: i64 = 6 * 3600;
/// Local time of the programme, minutes east of UTC.
const OFFSET_MINUTES: i32 = 480;

/// A form ready to be laid over submissions.
pub type Ready = Assessor<Form, Attachments>;

/// Forms that were read, the last used first; none where a form holds what is not understood here.
#[derive(Default)]
pub struct ReadyForms(Mutex<Vec<(String, Option<Arc<Ready>>)>>);

/// The form of a version with its files; none where it holds what is not understood here.
pub fn ready(app: &App, version: &FormVersion) -> Result<Option<Arc<Ready>>, Problem> {
    let files = version.head.files.iter().filter_map(|f| f.file.as_ref());
    let key: String = [&version.file].into_iter().chain(files).map(|hash| hash.as_str()).collect();
    {
        let mut kept = app.ready_forms.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = kept.iter().position(|(k, _)| *k == key) {
            let found = kept.remove(at);
            let form = found.1.clone();
            kept.insert(0, found);
            return Ok(form);
        }
    }
    let store = app.store.files();
    let form = match Form::read(&store.read(&version.file)?).form {
        None => None,
        Some(form) => {
            let mut contents = Vec::new();
            for file in &version.head.files {
                if let Some(hash) = file.file.as_ref().filter(|_| file.kind == domain::surveys::FileKind::Data) {
                    contents.push((file.name.as_str(), store.read(hash)?));
                }
            }
            let attachments =
                Attachments::read(&form, |name| contents.iter().find(|(n, _)| *n == name).map(|(_, bytes)| bytes.as_slice()));
            Some(Arc::new(Assessor::new(form, attachments)))
        }
    };
    let mut kept = app.ready_forms.0.lock().unwrap_or_else(PoisonError::into_inner);
    kept.retain(|(k, _)| *k != key);
    kept.insert(0, (key, form.clone()));
    kept.truncate(READY_MAX);
    Ok(form)
}

/// A submission that was looked at.
pub struct Looked {
    /// What is recorded of it.
    pub checked: Checked,
    /// All that came out; none where it cannot be laid over the form.
    pub evaluation: Option<Evaluation>,
}

/// Looks at a submission; `now_ms` is when it came.
pub fn look(app: &App, version: &FormVersion, xml: &[u8], now_ms: i64) -> Result<Looked, Problem> {
    let unjudged =
        Checked { judged: false, doubts: Vec::new(), doubts_count: 0, unjudged: 0, questions: 0, seconds: None, point: None };
    let Some(form) = ready(app, version)? else { return Ok(Looked { checked: unjudged, evaluation: None }) };
    let context = Context::at(Moment { epoch_ms: now_ms, offset_minutes: OFFSET_MINUTES });
    let evaluation = match form.evaluate(xml, &context) {
        Ok(evaluation) => evaluation,
        Err(SubmissionError::Encrypted) => return Ok(Looked { checked: unjudged, evaluation: None }),
        Err(SubmissionError::Xml(_) | SubmissionError::WrongRoot { .. } | SubmissionError::WrongForm { .. }) => {
            let at = Text::new("/").map_err(|e| Problem::accident(e.to_string()))?;
            let doubts = vec![Doubt { at, what: DoubtKind::NotOfTheForm }];
            return Ok(Looked { checked: Checked { judged: true, doubts, doubts_count: 1, ..unjudged }, evaluation: None });
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
    Ok(Looked { checked, evaluation: Some(evaluation) })
}

/// A geopoint to a thousandth of a degree.
fn position(geopoint: &str) -> Option<Position> {
    let mut numbers = geopoint.split_whitespace().map(str::parse::<f64>);
    let (lat, lon) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    let coarse = |degrees: f64| (degrees * 1e3).round() as i32 * 10_000;
    let known = lat.abs() <= 85.0 && lon.abs() <= 180.0 && (lat, lon) != (0.0, 0.0);
    if known { Position::new(coarse(lon), coarse(lat)) } else { None }
}

fn kind(found: &FindingKind) -> DoubtKind {
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

fn doubt(finding: &Finding) -> Option<Doubt> {
    // A path longer than anybody reads is cut from the front, where forms are alike.
    let (path, max) = (&finding.at, 500);
    let skipped = path.chars().count().saturating_sub(max);
    let at: String = path.chars().skip(skipped).collect();
    Some(Doubt { at: Text::new(&at).ok()?, what: kind(&finding.kind) })
}

/// A reason to look again, in words.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DoubtTold {
    /// Where, with positions of repeats.
    pub at: String,
    /// What the form calls it there.
    #[schema(required)]
    pub label: Option<String>,
    /// What.
    pub what: DoubtKind,
    /// In the reader's language, with what was sent and what is wanted.
    pub message: String,
}

/// The words for what was found.
pub fn told(language: wording::Language, label: Option<String>, finding: &Finding) -> DoubtTold {
    let what = kind(&finding.kind);
    let (sent, wanted) = match &finding.kind {
        FindingKind::ConstraintNotMet { value, constraint } => (value.clone(), constraint.clone()),
        FindingKind::IrrelevantButFilled { value } | FindingKind::ChoiceNotOffered { value } => (value.clone(), String::new()),
        FindingKind::CalculationDiffers { sent, recomputed } => (sent.clone(), recomputed.clone()),
        FindingKind::TypeMismatch { data_type, value } => {
            (value.clone(), wording::text(language, &format!("data_type.{}", type_word(*data_type))))
        }
        FindingKind::RepeatCountDiffers { sent, recomputed } => (sent.to_string(), recomputed.to_string()),
        FindingKind::OtherVersion { sent } => (sent.clone(), String::new()),
        FindingKind::RequiredButEmpty | FindingKind::NoSuchField | FindingKind::OccursAgain | FindingKind::UnexpectedContent => {
            (String::new(), String::new())
        }
    };
    let short = |text: String| text.chars().take(TOLD).collect::<String>();
    let shown = |text: String| if text.is_empty() { "\u{2013}".to_owned() } else { short(text) };
    let arguments = [("sent", shown(sent)), ("wanted", shown(wanted))];
    let message = wording::fill(language, &format!("doubt.{}", what.word()), &arguments);
    DoubtTold { at: finding.at.clone(), label, what, message }
}

/// The words for the one thing that leaves no evaluation.
pub fn told_unlaid(language: wording::Language) -> DoubtTold {
    let what = DoubtKind::NotOfTheForm;
    DoubtTold { at: "/".into(), label: None, what, message: wording::text(language, &format!("doubt.{}", what.word())) }
}

/// The word of a type in the locale files.
pub fn type_word(data_type: DataType) -> &'static str {
    match data_type {
        DataType::Text => "text",
        DataType::Integer => "integer",
        DataType::Decimal => "decimal",
        DataType::Boolean => "boolean",
        DataType::Date => "date",
        DataType::Time => "time",
        DataType::DateTime => "date_time",
        DataType::Geopoint => "geopoint",
        DataType::Geotrace => "geotrace",
        DataType::Geoshape => "geoshape",
        DataType::Binary => "binary",
        DataType::Barcode => "barcode",
        DataType::Intent => "intent",
        DataType::SelectOne => "select_one",
        DataType::Select => "select",
        DataType::Rank => "rank",
    }
}
