//! Edits, reviews and comments as ODK Central's clients give them.
//!
//! Central speaks of a submission by the instance it was first handed in under, whatever replaced it since: any instance of the
//! row leads to the latest here. Its clients send what a review came to and the words for it one after the other; here a review
//! that finds fault says why. Words come in the header `X-Action-Notes`, or the review points to the comments.

use axum::http::StatusCode;
use domain::{
    Row, ViewId,
    basics::{Capability, SubmissionId, Text},
    surveys::{Command, Comment, Reason, Submission, SubmissionState, Verdict},
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    answer::{Answer, Problem},
    ask::Ask,
    central::{form_called, number, submission_called, submission_told, time, told, unescaped},
    surveys,
    wording::text,
};

/// Edits of one submission that are followed.
const EDITS_MAX: usize = 1000;

fn row_of(ask: &Ask, id: SubmissionId) -> Result<Submission, Problem> {
    match ask.app.store.row(ViewId::Submissions, &id.key())? {
        Some(Row::Submissions(row)) => Ok(*row),
        _ => Err(Problem::not_found()),
    }
}

/// The latest of what replaced a submission that the caller may see.
fn current(ask: &Ask) -> Result<Submission, Problem> {
    let mut row = submission_called(ask, &ask.path::<String>(2)?)?;
    for _ in 0..EDITS_MAX {
        let SubmissionState::Replaced { into } = row.state else { break };
        row = row_of(ask, into)?;
    }
    Ok(row)
}

/// A submission and all that it replaced, the newest first.
fn chain(ask: &Ask) -> Result<Vec<Submission>, Problem> {
    let mut rows = vec![current(ask)?];
    while let Some(before) = rows.last().and_then(|r| r.edits).filter(|_| rows.len() < EDITS_MAX) {
        rows.push(row_of(ask, before)?);
    }
    Ok(rows)
}

/// `PUT …/submissions/{instance}`: the body is the edit, which names the latest as what it replaces.
pub fn edit(ask: &Ask) -> Result<Answer, Problem> {
    let (place, form) = form_called(ask, &ask.path::<String>(1)?)?;
    let latest = current(ask)?;
    if !ask.may(Capability::SurveysSubmit, &place)? {
        return Err(Problem::forbidden());
    }
    let head = surveys::submission_head(&ask.body, &[])?;
    let again = head.instance == latest.head.instance;
    if !again && head.deprecated.as_ref() != Some(&latest.head.instance) {
        let named = head.deprecated.as_ref().unwrap_or(&head.instance);
        return Err(Problem::new(StatusCode::CONFLICT, "surveys/not-current").arg("instance", named.as_str()));
    }
    let made = surveys::take_xml(ask, &place, ask.param("deviceID"), &ask.body, Some(&form))?;
    Ok(told(&submission_told(&row_of(ask, made.submission)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Reviewed {
    review_state: Option<String>,
}

/// `PATCH …/submissions/{instance}`: `{"reviewState"}`, one of approved, hasIssues, rejected; edited or null to be looked at again.
pub fn review(ask: &Ask) -> Result<Answer, Problem> {
    let row = current(ask)?;
    let given: Reviewed = serde_json::from_slice(&ask.body).map_err(|e| Problem::bad_command(e.to_string()))?;
    let verdict = match given.review_state.as_deref() {
        Some("approved") => Verdict::Approved,
        Some("hasIssues") => Verdict::HasIssues,
        Some("rejected") => Verdict::Rejected,
        Some("edited" | "received") | None => Verdict::Received,
        Some(other) => return Err(Problem::bad_command(format!("reviewState={}", other.chars().take(40).collect::<String>()))),
    };
    let notes = ask.header("x-action-notes").map(unescaped);
    let note = match (notes.filter(|n| !n.trim().is_empty()), verdict) {
        (Some(words), _) => Some(words_of(&words)?),
        (None, Verdict::HasIssues | Verdict::Rejected) => Some(words_of(&text(ask.language, "submission.see_comments"))?),
        (None, Verdict::Approved | Verdict::Received) => None,
    };
    surveys::give_as(ask, Uuid::now_v7(), Command::Review { submission: row.id, verdict, note })?;
    Ok(told(&submission_told(&row_of(ask, row.id)?)))
}

fn words_of(words: &str) -> Result<Reason, Problem> {
    Text::new(words).map_err(|e| Problem::bad_command(e.to_string()))
}

fn comment_told(comment: &Comment) -> Value {
    json!({ "body": comment.text, "actorId": number(comment.by), "createdAt": time(comment.at_ms) })
}

/// `GET …/submissions/{instance}/comments`: comments and the notes of reviews, of all that it replaced as well, the newest first.
pub fn comments(ask: &Ask) -> Result<Answer, Problem> {
    let rows = chain(ask)?;
    Ok(told(&rows.iter().flat_map(|r| r.comments.iter().rev()).map(comment_told).collect::<Vec<_>>()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    body: String,
}

/// `POST …/submissions/{instance}/comments {"body"}`.
pub fn comment(ask: &Ask) -> Result<Answer, Problem> {
    let row = current(ask)?;
    let said: Said = serde_json::from_slice(&ask.body).map_err(|e| Problem::bad_command(e.to_string()))?;
    surveys::give_as(ask, Uuid::now_v7(), Command::Comment { submission: row.id, text: words_of(&said.body)? })?;
    let row = row_of(ask, row.id)?;
    Ok(told(&comment_told(row.comments.last().ok_or_else(Problem::not_found)?)))
}

/// `GET …/submissions/{instance}/versions`: the submission and all that it replaced, the newest first.
pub fn versions(ask: &Ask) -> Result<Answer, Problem> {
    let rows = chain(ask)?;
    let one = |(n, row): (usize, &Submission)| {
        let mut told = submission_told(row);
        told["current"] = json!(n == 0);
        told
    };
    Ok(told(&rows.iter().enumerate().map(one).collect::<Vec<_>>()))
}

/// `GET …/submissions/{instance}/versions/{version}`, or its XML at `{version}.xml`.
pub fn version(ask: &Ask) -> Result<Answer, Problem> {
    let (rows, named): (_, String) = (chain(ask)?, ask.path(3)?);
    let (instance, xml) = named.strip_suffix(".xml").map_or((named.as_str(), false), |instance| (instance, true));
    let row = rows.iter().find(|r| r.head.instance.as_str() == instance).ok_or_else(Problem::not_found)?;
    match xml {
        true => surveys::xml(ask, &row.file, "application/xml"),
        false => Ok(told(&submission_told(row))),
    }
}
