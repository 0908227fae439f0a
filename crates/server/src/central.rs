//! The part of ODK Central's interface for programs that its clients need to read forms and submissions and to hand in: signing
//! in, projects, forms, submissions, attachments. Shapes and names are Central's; refusals are our documents. Drafts are in
//! `central_drafts.rs`, edits, reviews and comments in `central_reviews.rs`, phones in `central_phones.rs`, entity lists in
//! `central_entities.rs`.
//!
//! Who asks is who the bearer says: a session made here, or a program's token. A cookie counts for nothing at these addresses,
//! so that no page of another site acts in anybody's name. A *project* is an organisation, as in `openrosa.rs`.

use axum::http::{StatusCode, header};
use domain::{
    Row, ViewId,
    basics::{AccountId, Capability, PlaceId, SubmissionId, Text},
    places::{Level, Place},
    surveys::{Attached, Command, Form, FormState, FormVersion, Submission, SubmissionState, Word},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Condition, List, NewFile, Scope};

use crate::{
    answer::{Answer, Problem},
    ask::{Ask, Caller},
    keys, odata, session, surveys,
};

/// Projects and rows listed at most.
const LISTED_MAX: usize = 1000;

/// Whoever the bearer says: a session, or a program's token or a phone's key.
pub fn caller(ask: &Ask) -> Result<Option<Caller>, Problem> {
    let token = ask.header("authorization").and_then(|v| v.strip_prefix("Bearer ")).map(str::trim);
    match token {
        Some(token) if token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit()) => session::of_token(ask, token),
        Some(_) => keys::bearer(ask),
        None => Ok(None),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    email: String,
    password: String,
}

/// `POST /v1/sessions`.
pub fn sign_in(ask: &Ask) -> Result<Answer, Problem> {
    let c: Credentials = serde_json::from_slice(&ask.body).map_err(|e| Problem::bad_command(e.to_string()))?;
    let token = session::for_program(ask, &c.email, &c.password)?;
    let expires = ask.now_ms + ask.app.settings.access.lasts_ms;
    Ok(told(&json!({ "token": token, "createdAt": time(ask.now_ms), "expiresAt": time(expires) })))
}

/// An answer of these addresses.
pub fn told(value: &impl Serialize) -> Answer {
    Answer::json(&json!(value)).with(header::CACHE_CONTROL, "no-store")
}

/// What a header says that its client wrote with percent signs.
pub fn unescaped(text: &str) -> String {
    let whole = format!("={}", text.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(whole.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// A moment as Central writes it.
pub fn time(ms: i64) -> String {
    let at = chrono::DateTime::from_timestamp_millis(ms).unwrap_or_default();
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// Accounts have no numbers here, and Central's have nothing else: so many bits of the id as a program keeps exact.
pub fn number(id: Option<AccountId>) -> u64 {
    id.map_or(0, |id| (id.0.as_u128() & ((1 << 52) - 1)) as u64)
}

/// `GET /v1/users/current`.
pub fn current_user(ask: &Ask) -> Result<Answer, Problem> {
    let account = &ask.caller()?.account;
    let display = if account.display.is_empty() { &account.name } else { &account.display };
    Ok(told(&json!({ "id": number(Some(account.id)), "type": "user", "displayName": display, "email": account.name,
        "createdAt": time(0), "updatedAt": null, "deletedAt": null })))
}

/// The organisations in which the caller may read or hand in, each with the highest place that is his there.
fn projects_of(ask: &Ask) -> Result<Vec<Place>, Problem> {
    let mut found: Vec<Place> = Vec::new();
    for post in &ask.caller()?.posts {
        let place = ask.place(post.place)?;
        if !ask.may(Capability::Read, &place)? && !ask.may(Capability::SurveysSubmit, &place)? {
            continue;
        }
        if place.level < Level::County {
            let list = List {
                view: ViewId::Places,
                scope: ask.narrowed(&place),
                conditions: vec![Condition::OneOf("level".into(), vec![Level::County.word().into()])],
                sort: Some(("code".into(), false)),
                after: None,
                limit: LISTED_MAX,
            };
            for row in ask.app.store.list(&list)?.rows {
                found.push(serde_json::from_str(&row.data)?);
            }
        }
        found.push(place);
    }
    found.sort_by_key(|p| (p.org, p.level, p.id));
    found.dedup_by_key(|p| p.org);
    Ok(found)
}

/// The project that the address names: the highest place of the caller there.
pub fn project_in(ask: &Ask) -> Result<Place, Problem> {
    let number: u32 = ask.path(0)?;
    projects_of(ask)?.into_iter().find(|p| p.org == number).ok_or_else(Problem::not_found)
}

fn project_told(place: &Place) -> Value {
    json!({ "id": place.org, "name": place.name, "description": null, "archived": false, "keyId": null,
        "createdAt": time(0), "updatedAt": null, "deletedAt": null })
}

/// `GET /v1/projects`.
pub fn projects(ask: &Ask) -> Result<Answer, Problem> {
    Ok(told(&projects_of(ask)?.iter().map(project_told).collect::<Vec<_>>()))
}

/// `GET /v1/projects/{project}`.
pub fn project(ask: &Ask) -> Result<Answer, Problem> {
    Ok(told(&project_told(&project_in(ask)?)))
}

/// Published forms of a project that the caller may see: those of his place there, of the places above it and below; where he
/// manages forms, those that have never been published as well. Of one id the one that takes what is handed in there: the nearest
/// above, or else one below.
pub fn forms_of(ask: &Ask, place: &Place) -> Result<Vec<Form>, Problem> {
    let all = |scope, conditions| List {
        view: ViewId::Forms,
        scope,
        conditions,
        sort: Some(("form_id".into(), false)),
        after: None,
        limit: LISTED_MAX,
    };
    let at = |id: &PlaceId| all(Scope::All, vec![Condition::OneOf("place".into(), vec![(*id).into()])]);
    let offered = [&place.id].into_iter().chain(place.within.iter().rev()).map(at);
    let mut forms: Vec<Form> = Vec::new();
    for list in offered.chain([all(ask.narrowed(place), Vec::new())]) {
        for row in ask.app.store.list(&list)?.rows {
            let form: Form = serde_json::from_str(&row.data)?;
            let seen = form.org == place.org && !forms.iter().any(|f| f.form_id == form.form_id);
            let published = form.versions.iter().any(|v| v.published_ms.is_some());
            if seen && (published || ask.may(Capability::SurveysManage, &ask.place(form.place)?)?) {
                forms.push(form);
            }
        }
    }
    forms.sort_by(|a, b| a.form_id.as_str().cmp(b.form_id.as_str()));
    Ok(forms)
}

/// The last version that was published.
pub fn published(form: &Form) -> Option<&FormVersion> {
    form.current().or_else(|| form.versions.iter().rev().find(|v| v.published_ms.is_some()))
}

/// The version that counts: the one offered, or the last that was, or what is being prepared.
fn shown(form: &Form) -> Option<&FormVersion> {
    published(form).or(form.versions.last())
}

/// A form as Central tells of it.
pub fn form_told(form: &Form) -> Option<Value> {
    shown(form).map(|version| version_told(form, version))
}

/// A version as Central tells of it.
pub fn version_told(form: &Form, version: &FormVersion) -> Value {
    let state = match form.state {
        FormState::Open { .. } => "open",
        FormState::Closing { .. } => "closing",
        // Not offered yet, and nothing against it.
        FormState::Draft => "open",
        FormState::Closed { .. } => "closed",
    };
    json!({
        "projectId": form.org, "xmlFormId": form.form_id, "version": version.head.version.as_ref().map_or("", Text::as_str),
        "hash": version.head.md5, "sha256": version.file, "state": state, "name": version.head.title, "enketoId": null, "keyId": null,
        "createdAt": time(form.versions.first().map_or(0, |v| v.uploaded_ms)), "updatedAt": null,
        "publishedAt": version.published_ms.map(time),
    })
}

/// `GET /v1/projects/{project}/forms`.
pub fn forms(ask: &Ask) -> Result<Answer, Problem> {
    Ok(told(&forms_of(ask, &project_in(ask)?)?.iter().filter_map(form_told).collect::<Vec<_>>()))
}

/// The form that is called so, with the place of the project.
pub fn form_called(ask: &Ask, id: &str) -> Result<(Place, Form), Problem> {
    let place = project_in(ask)?;
    let form = forms_of(ask, &place)?.into_iter().find(|f| f.form_id.as_str() == id).ok_or_else(Problem::not_found)?;
    Ok((place, form))
}

/// `GET /v1/projects/{project}/forms/{form}`, its XML at `{form}.xml`, or what it offers as OData at `{form}.svc`.
pub fn form(ask: &Ask) -> Result<Answer, Problem> {
    let named: String = ask.path(1)?;
    if let Some(id) = named.strip_suffix(".svc") {
        return odata::service(ask, id);
    }
    if let Some(id) = named.strip_suffix(".xml") {
        let (_, form) = form_called(ask, id)?;
        return surveys::xml(ask, &shown(&form).ok_or_else(Problem::not_found)?.file, "application/xml");
    }
    let (_, form) = form_called(ask, &named)?;
    Ok(told(&form_told(&form).ok_or_else(Problem::not_found)?))
}

/// Where a submission stands, in Central's words.
pub fn review_state(row: &Submission) -> Option<&'static str> {
    match (&row.state, row.edits) {
        (SubmissionState::Received, None) | (SubmissionState::Replaced { .. }, _) => None,
        (SubmissionState::Received, Some(_)) => Some("edited"),
        (SubmissionState::HasIssues { .. }, _) => Some("hasIssues"),
        (SubmissionState::Approved { .. }, _) => Some("approved"),
        (SubmissionState::Rejected { .. }, _) => Some("rejected"),
    }
}

/// A submission as Central tells of it.
pub fn submission_told(row: &Submission) -> Value {
    let state = review_state(row);
    json!({ "instanceId": row.head.instance, "submitterId": number(row.account), "deviceId": row.device, "reviewState": state,
        "userAgent": null, "instanceName": null, "createdAt": time(row.received_ms), "updatedAt": row.reviewed_ms.map(time) })
}

/// `GET /v1/projects/{project}/forms/{form}/submissions`: the latest of each, the newest first.
pub fn submissions(ask: &Ask) -> Result<Answer, Problem> {
    let (place, form) = form_called(ask, &ask.path::<String>(1)?)?;
    if !ask.may(Capability::Read, &place)? {
        return Err(Problem::forbidden());
    }
    let count = |name: &str| ask.param(name).and_then(|n| n.parse::<usize>().ok());
    let (skip, limit) = (count("offset").unwrap_or(0), count("limit").unwrap_or(LISTED_MAX).min(LISTED_MAX));
    let list = List {
        view: ViewId::Submissions,
        scope: ask.narrowed(&place),
        conditions: vec![
            Condition::OneOf("form".into(), vec![form.id.to_string().into()]),
            Condition::OneOf("current".into(), vec![1_i64.into()]),
        ],
        sort: Some(("received_ms".into(), true)),
        after: None,
        limit: skip.saturating_add(limit).min(10 * LISTED_MAX),
    };
    let rows: Vec<Submission> =
        ask.app.store.list(&list)?.rows.iter().skip(skip).map(|r| serde_json::from_str(&r.data)).collect::<Result<_, _>>()?;
    Ok(told(&rows.iter().map(submission_told).collect::<Vec<_>>()))
}

/// The submission of this instance, if the caller may see it.
pub fn submission_called(ask: &Ask, instance: &str) -> Result<Submission, Problem> {
    let (_, form) = form_called(ask, &ask.path::<String>(1)?)?;
    submission_of(ask, &form, instance)
}

/// A submission of a form by its instance, where the caller may see it.
pub fn submission_of(ask: &Ask, form: &Form, instance: &str) -> Result<Submission, Problem> {
    let instance: Word = Text::new(instance).map_err(|_| Problem::not_found())?;
    let Some(Row::Submissions(row)) = ask.app.store.row(ViewId::Submissions, &SubmissionId::of(form.id, &instance).key())? else {
        return Err(Problem::not_found());
    };
    let own = row.account == Some(ask.caller()?.account.id);
    match own || ask.may(Capability::Read, &ask.place(row.place)?)? {
        true => Ok(*row),
        false => Err(Problem::not_found()),
    }
}

/// `GET …/submissions/{instance}`, or its XML at `{instance}.xml`.
pub fn submission(ask: &Ask) -> Result<Answer, Problem> {
    let named: String = ask.path(2)?;
    match named.strip_suffix(".xml") {
        Some(instance) => surveys::xml(ask, &submission_called(ask, instance)?.file, "application/xml"),
        None => Ok(told(&submission_told(&submission_called(ask, &named)?))),
    }
}

/// `POST …/submissions`: the body is the XML; files come afterwards, one by one.
pub fn hand_in(ask: &Ask) -> Result<Answer, Problem> {
    let (place, form) = form_called(ask, &ask.path::<String>(1)?)?;
    let handed_in = surveys::take_xml(ask, &place, ask.param("deviceID"), &ask.body, Some(&form))?;
    let row = ask.app.store.row(ViewId::Submissions, &handed_in.submission.key())?;
    let Some(Row::Submissions(row)) = row else {
        return Err(Problem::accident("a submission that was just recorded is not there"));
    };
    Ok(told(&submission_told(&row)))
}

/// `GET …/submissions/{instance}/attachments`.
pub fn attachments(ask: &Ask) -> Result<Answer, Problem> {
    let row = submission_called(ask, &ask.path::<String>(2)?)?;
    let missing = row.missing();
    let there = row.files.iter().map(|f| json!({ "name": f.name, "exists": true }));
    Ok(told(&there.chain(missing.iter().map(|name| json!({ "name": name, "exists": false }))).collect::<Vec<_>>()))
}

/// `GET …/submissions/{instance}/attachments/{name}`.
pub fn attachment(ask: &Ask) -> Result<Answer, Problem> {
    let (row, name): (_, String) = (submission_called(ask, &ask.path::<String>(2)?)?, ask.path(3)?);
    let found = row.files.iter().find(|f| f.name.as_str() == name).ok_or_else(Problem::not_found)?;
    surveys::file(ask, &found.file)
}

/// `POST …/submissions/{instance}/attachments/{name}`: the body is the file.
pub fn give_attachment(ask: &Ask) -> Result<Answer, Problem> {
    let (row, name) = (submission_called(ask, &ask.path::<String>(2)?)?, surveys::file_name(&ask.path::<String>(3)?)?);
    if !ask.may(Capability::SurveysSubmit, &ask.place(row.place)?)? {
        return Err(Problem::forbidden());
    }
    let new = NewFile { content: &ask.body, media_type: surveys::media_type(&ask.body), taken_ms: None, position: None };
    let file = ask.app.store.files().put(&new, ask.now_ms)?.hash;
    let files = vec![Attached { name, file }];
    surveys::give(
        ask,
        Command::Submit {
            place: row.place,
            file: row.file,
            head: Some(row.head),
            files,
            device: None,
            about: None,
            checked: None,
        },
    )?;
    Ok(told(&json!({ "success": true })).status(StatusCode::OK))
}
