//! Submissions recomputed from their form, at the door and again whenever somebody looks: what does not fit is told, nothing is
//! refused for it. What is recorded carries no answer; the words with the answers in them are worked out again from the file.

use std::sync::{Arc, Mutex, PoisonError};

use domain::surveys::{self, DoubtKind, FormVersion, Looked};
use serde::Serialize;
use utoipa::ToSchema;
use xforms::{
    evaluation::{Assessor, Finding, FindingKind},
    form::{Attachments, DataType, Form},
};

use crate::{App, answer::Problem, wording};

/// Forms kept ready at a time.
const READY_MAX: usize = 32;
/// Characters of an answer that are told in a doubt.
const TOLD: usize = 200;
/// A form ready to be laid over submissions.
pub type Ready = Assessor<Form, Attachments>;

/// What is kept of a form: nothing yet, or what was read.
type Seat = Arc<Mutex<Option<Option<Arc<Ready>>>>>;

/// Forms that were read, the last used first; none where a form holds what is not understood here.
#[derive(Default)]
pub struct ReadyForms(Mutex<Vec<(String, Seat)>>);

impl ReadyForms {
    /// The form under a key, read by whoever comes first; the others wait for him, for a form with its lists takes megabytes.
    fn get<E>(&self, key: String, read: impl FnOnce() -> Result<Option<Arc<Ready>>, E>) -> Result<Option<Arc<Ready>>, E> {
        let seat = {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let seat = kept.iter().position(|(k, _)| *k == key).map(|at| kept.remove(at).1).unwrap_or_default();
            kept.insert(0, (key, seat.clone()));
            kept.truncate(READY_MAX);
            seat
        };
        let mut form = seat.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(form) = &*form {
            return Ok(form.clone());
        }
        Ok(form.insert(read()?).clone())
    }
}

/// The form of a version with its files; none where it holds what is not understood here.
pub fn ready(app: &App, version: &FormVersion) -> Result<Option<Arc<Ready>>, Problem> {
    let files = version.head.files.iter().filter_map(|f| f.file.as_ref());
    let key: String = [&version.file].into_iter().chain(files).map(|hash| hash.as_str()).collect();
    let store = app.store.files();
    app.ready_forms.get(key, || {
        let Some(form) = Form::read(&store.read(&version.file)?).form else { return Ok(None) };
        let mut contents = Vec::new();
        for file in &version.head.files {
            if let Some(hash) = file.file.as_ref().filter(|_| file.kind == domain::surveys::FileKind::Data) {
                contents.push((file.name.as_str(), store.read(hash)?));
            }
        }
        let attachments =
            Attachments::read(&form, |name| contents.iter().find(|(n, _)| *n == name).map(|(_, bytes)| bytes.as_slice()));
        Ok(Some(Arc::new(Assessor::new(form, attachments))))
    })
}

/// Looks at a submission; `now_ms` is when it came.
pub fn look(app: &App, version: &FormVersion, xml: &[u8], now_ms: i64) -> Result<Looked, Problem> {
    Ok(ready(app, version)?.map_or_else(Looked::unjudged, |form| surveys::look(&form, xml, now_ms)))
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
    let what = DoubtKind::of(&finding.kind);
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const FORM: &str = "<h:html xmlns='http://www.w3.org/2002/xforms' xmlns:h='http://www.w3.org/1999/xhtml'><h:head><h:title>t</h:title>\
        <model><instance><data id='t'><n/><meta><instanceID/></meta></data></instance></model></h:head><h:body><input ref='/data/n'/></h:body></h:html>";

    #[test]
    fn a_form_is_read_once_however_many_want_it() {
        let (forms, reads) = (ReadyForms::default(), AtomicUsize::new(0));
        let read = || {
            reads.fetch_add(1, Ordering::SeqCst);
            std::thread::sleep(std::time::Duration::from_millis(20));
            let form = Form::read(FORM.as_bytes()).form.expect("a form");
            let attachments = Attachments::read(&form, |_| None);
            Ok::<_, ()>(Some(Arc::new(Assessor::new(form, attachments))))
        };
        assert!(forms.get("a".into(), || Err(())).is_err(), "what could not be read is tried again");
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..16).map(|_| scope.spawn(|| forms.get("a".into(), read).expect("read").is_some())).collect();
            assert!(all.into_iter().all(|one| one.join().expect("a thread")));
        });
        assert_eq!(reads.load(Ordering::SeqCst), 1);
        for n in 0..READY_MAX {
            forms.get(n.to_string(), || Ok::<_, ()>(None)).expect("read");
        }
        assert_eq!(forms.0.lock().expect("kept").len(), READY_MAX);
        forms.get("a".into(), read).expect("read");
        assert_eq!(reads.load(Ordering::SeqCst), 2, "pushed out by others");
    }
}
