//! Drafts and versions of forms as ODK Central's clients make them. A draft is our latest version that was never published.
//!
//! Central keeps one draft and lets its version be named when it is published; here a version is what its XML says. So a draft
//! that is published under another version is written once more with that version, and a draft without a definition is the
//! published version under a name of its own.

use std::borrow::Cow;

use axum::http::StatusCode;
use domain::{
    basics::{Capability, PlaceId, Text},
    places::Place,
    surveys::{Command, FileKind, Form, FormFile, FormHead, FormVersion, Word},
};
use serde_json::{Value, json};
use store::NewFile;
use uuid::Uuid;
use xforms::{version::with_version, xlsform::Severity};

use crate::{
    answer::{Answer, Problem},
    ask::Ask,
    central::{form_called, form_told, forms_of, project_in, published, time, told, unescaped, version_told},
    surveys,
};

fn success() -> Answer {
    told(&json!({ "success": true }))
}

/// A flag as clients write it: `true`, `True`.
fn flag(ask: &Ask, name: &str) -> bool {
    ask.param(name).is_some_and(|v| v.eq_ignore_ascii_case("true"))
}

fn managed(ask: &Ask) -> Result<(Place, Form), Problem> {
    let (place, form) = form_called(ask, &ask.path::<String>(1)?)?;
    match ask.may(Capability::SurveysManage, &ask.place(form.place)?)? {
        true => Ok((place, form)),
        false => Err(Problem::forbidden()),
    }
}

fn draft_of(form: &Form) -> Result<&FormVersion, Problem> {
    let no_draft = || Problem::new(StatusCode::NOT_FOUND, "forms/no-draft");
    form.versions.iter().rev().find(|v| v.published_ms.is_none()).ok_or_else(no_draft)
}

/// The form in the body, XML or a workbook; what there is to look at in a workbook is passed over when it is said to be.
fn definition(ask: &Ask) -> Result<(Cow<'_, [u8]>, FormHead), Problem> {
    let fallback = ask.header("x-xlsform-formid-fallback").unwrap_or_default();
    let name = unescaped(fallback);
    let (xml, findings) = surveys::xform_called(ask, &name)?;
    let warnings: Vec<_> = findings.iter().filter(|f| f.severity == Severity::Warning).collect();
    if let (Some(first), false) = (warnings.first(), flag(ask, "ignoreWarnings")) {
        let first = surveys::finding(ask, first)["message"].as_str().unwrap_or_default().to_owned();
        let told: Vec<Value> = warnings.iter().take(50).map(|f| surveys::finding(ask, f)).collect();
        let problem = Problem::new(StatusCode::BAD_REQUEST, "forms/warnings");
        return Err(problem.arg("n", warnings.len()).arg("first", first).arg("findings", told));
    }
    let head = surveys::form_head(&xml)?;
    Ok((xml, head))
}

fn bring(ask: &Ask, place: PlaceId, xml: &[u8], head: FormHead) -> Result<bool, Problem> {
    let new = NewFile { content: xml, media_type: "text/xml", taken_ms: None, position: None };
    let file = ask.app.store.files().put(&new, ask.now_ms)?.hash;
    surveys::give_as(ask, Uuid::now_v7(), Command::Upload { place, file, head: Some(head) })
}

fn drop(ask: &Ask, form: &Form, version: Option<&Word>) -> Result<bool, Problem> {
    surveys::give_as(ask, Uuid::now_v7(), Command::DropDraft { form: form.id, version: version.cloned() })
}

fn publish_version(ask: &Ask, form: &Form, version: Option<Word>) -> Result<bool, Problem> {
    // A form that asks what is known already says why: in the header in which Central's clients say why they act.
    let again = ask.header("x-action-notes").and_then(|words| Text::new(&unescaped(words)).ok());
    surveys::give_as(ask, Uuid::now_v7(), Command::Publish { form: form.id, version, known: Vec::new(), again })
}

/// `POST …/forms?publish=&ignoreWarnings=`: a form of the project's place, a draft unless it is said to be published.
pub fn create(ask: &Ask) -> Result<Answer, Problem> {
    let place = project_in(ask)?;
    if !ask.may(Capability::SurveysManage, &place)? {
        return Err(Problem::forbidden());
    }
    let (xml, head) = definition(ask)?;
    let (id, version) = (head.form_id.clone(), head.version.clone());
    if forms_of(ask, &place)?.iter().any(|f| f.form_id == id) {
        return Err(Problem::new(StatusCode::CONFLICT, "forms/exists").arg("form", id.as_str()));
    }
    bring(ask, place.id, &xml, head)?;
    let made = |ask| Ok::<_, Problem>(form_called(ask, id.as_str())?.1);
    let mut form = made(ask)?;
    if flag(ask, "publish") {
        publish_version(ask, &form, version)?;
        form = made(ask)?;
    }
    Ok(told(&form_told(&form).ok_or_else(Problem::not_found)?))
}

/// `POST …/forms/{form}/draft`: takes the place of the draft there was. Without a body a copy of what is published.
pub fn begin(ask: &Ask) -> Result<Answer, Problem> {
    let (_, form) = managed(ask)?;
    let (xml, head) = match ask.body.is_empty() {
        false => definition(ask)?,
        true => {
            let from = published(&form).ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "forms/no-draft"))?;
            let before = from.head.version.as_ref().map_or("", Text::as_str);
            let name = format!("{}-draft-{}", before.chars().take(150).collect::<String>(), ask.now_ms);
            let xml = with_version(&ask.app.store.files().read(&from.file)?, &name).map_err(surveys::unreadable)?;
            let head = surveys::form_head(&xml)?;
            (Cow::Owned(xml), head)
        }
    };
    if head.form_id != form.form_id {
        let problem = Problem::new(StatusCode::BAD_REQUEST, "forms/draft-of-other");
        return Err(problem.arg("form", head.form_id.as_str()));
    }
    let before = draft_of(&form).ok().map(|d| d.head.version.clone());
    // Of the same name there can be one: what was given to it is given again. Otherwise the new one takes its files over.
    let same_name = before.as_ref() == Some(&head.version);
    let version = head.version.clone();
    let same = |v: &FormVersion| v.head.version == version && v.head.md5 == head.md5;
    if let (Some(version), true, false) = (&before, same_name, form.versions.iter().any(same)) {
        drop(ask, &form, version.as_ref())?;
    }
    bring(ask, form.place, &xml, head)?;
    if let (Some(version), false) = (&before, same_name) {
        drop(ask, &form, version.as_ref())?;
    }
    Ok(success())
}

/// `GET …/forms/{form}/draft`.
pub fn draft(ask: &Ask) -> Result<Answer, Problem> {
    let (_, form) = managed(ask)?;
    let mut answer = version_told(&form, draft_of(&form)?);
    answer["draftToken"] = Value::Null;
    Ok(told(&answer))
}

/// `GET …/forms/{form}/draft.xml`.
pub fn draft_xml(ask: &Ask) -> Result<Answer, Problem> {
    let (_, form) = managed(ask)?;
    surveys::xml(ask, &draft_of(&form)?.file, "application/xml")
}

/// `DELETE …/forms/{form}/draft`.
pub fn drop_draft(ask: &Ask) -> Result<Answer, Problem> {
    let (_, form) = managed(ask)?;
    drop(ask, &form, draft_of(&form)?.head.version.as_ref())?;
    Ok(success())
}

/// `POST …/forms/{form}/draft/publish?version=`.
pub fn publish(ask: &Ask) -> Result<Answer, Problem> {
    let (_, form) = managed(ask)?;
    let draft = draft_of(&form)?;
    let own = draft.head.version.as_ref().map_or("", Text::as_str);
    let wanted = ask.param("version").unwrap_or_default();
    if wanted.is_empty() || wanted == own {
        publish_version(ask, &form, draft.head.version.clone())?;
        return Ok(success());
    }
    let xml = with_version(&ask.app.store.files().read(&draft.file)?, wanted).map_err(surveys::unreadable)?;
    let head = surveys::form_head(&xml)?;
    let version = head.version.clone();
    // Each step by itself leaves something that is sound: a draft more, then one less, then it is offered.
    bring(ask, form.place, &xml, head)?;
    drop(ask, &form, draft.head.version.as_ref())?;
    publish_version(ask, &form, version)?;
    Ok(success())
}

fn files_told(version: &FormVersion) -> Vec<Value> {
    let kind = |file: &FormFile| match file.kind {
        FileKind::Image => "image",
        FileKind::Audio => "audio",
        FileKind::Video => "video",
        FileKind::Data => "file",
    };
    let one = |file: &FormFile| {
        json!({ "name": file.name, "type": kind(file), "hash": file.md5.as_ref().map_or("", Text::as_str),
            "exists": file.file.is_some(), "blobExists": file.file.is_some(), "datasetExists": false,
            "updatedAt": file.file.is_some().then(|| time(version.uploaded_ms)) })
    };
    version.head.files.iter().map(one).collect()
}

/// `GET …/forms/{form}/draft/attachments`.
pub fn draft_files(ask: &Ask) -> Result<Answer, Problem> {
    let (_, form) = managed(ask)?;
    Ok(told(&files_told(draft_of(&form)?)))
}

/// `POST …/forms/{form}/draft/attachments/{name}`: the body is the file.
pub fn give_file(ask: &Ask) -> Result<Answer, Problem> {
    let (_, form) = managed(ask)?;
    let version = draft_of(&form)?.head.version.clone();
    surveys::give_form_file(ask, form.id, version, surveys::file_name(&ask.path::<String>(2)?)?)?;
    Ok(success())
}

/// `GET …/forms/{form}/attachments`: files of the version that counts.
pub fn files(ask: &Ask) -> Result<Answer, Problem> {
    let (_, form) = form_called(ask, &ask.path::<String>(1)?)?;
    Ok(told(&files_told(published(&form).ok_or_else(Problem::not_found)?)))
}

/// `GET …/forms/{form}/versions`: those that were published, the newest first.
pub fn versions(ask: &Ask) -> Result<Answer, Problem> {
    let (_, form) = form_called(ask, &ask.path::<String>(1)?)?;
    let mut known: Vec<&FormVersion> = form.versions.iter().filter(|v| v.published_ms.is_some()).collect();
    known.sort_by_key(|v| std::cmp::Reverse(v.published_ms));
    Ok(told(&known.into_iter().map(|v| version_told(&form, v)).collect::<Vec<_>>()))
}

/// `GET …/forms/{form}/versions/{version}`, or its XML at `{version}.xml`; `___` where it has no name.
pub fn version(ask: &Ask) -> Result<Answer, Problem> {
    let ((_, form), named): (_, String) = (form_called(ask, &ask.path::<String>(1)?)?, ask.path(2)?);
    let found = |name: &str| {
        let wanted = surveys::version_in(name)?;
        let version = form.version(wanted.as_ref()).filter(|v| v.published_ms.is_some());
        version.ok_or_else(Problem::not_found)
    };
    match named.strip_suffix(".xml") {
        Some(name) => surveys::xml(ask, &found(name)?.file, "application/xml"),
        None => Ok(told(&version_told(&form, found(&named)?))),
    }
}
