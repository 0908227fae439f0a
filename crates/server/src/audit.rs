//! What is noted in the audit chain, and how: one seam for the whole server.
//!
//! Signing in and taking something away are answered only after they stand there ([`note`]). Refusals and looks into the audit
//! chain are handed to the writer and not waited for ([`note_often`]); however often they repeat within a minute, they make two
//! facts: the first at once, the rest as one with its count.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::http::StatusCode;
use domain::{
    Command, ViewId,
    access::{
        self, AccountEvent, AuditRead, Exported, Note, Refused, SignInRefused, SignedIn, SignedOut, Started, Stopped, Who,
        bounded,
    },
    basics::{AccountId, Actor, Context, PlaceId},
};
use store::{Account, Outcome, StoreError, Submission};
use uuid::Uuid;

use crate::{App, answer::Problem, ask::Ask};

/// What repeats within so long is one fact with a count.
const BURST_MS: i64 = 60_000;
/// Different things that are counted at a time; beyond, they are counted together.
const KEYS_MAX: usize = 2_000;
/// Different questions of one person to the audit chain that are noted in a minute.
const QUESTIONS_MAX: usize = 30;

/// What repeats, until its minute is over.
#[derive(Default)]
pub struct Bursts(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    going: HashMap<String, Burst>,
    /// When the first of them is over; before, nobody looks through them all.
    next_ms: i64,
}

struct Burst {
    until_ms: i64,
    /// After the first, which stands in the chain already.
    more: u32,
    place: Option<PlaceId>,
    note: Note,
}

fn submission(now_ms: i64, place: Option<PlaceId>, note: Note) -> Submission {
    let command = Command::Access(access::Command::Note { place, note });
    let context = Context { now_ms, actor: Actor::System, command: Uuid::now_v7(), fresh: Uuid::now_v7() };
    Submission { command, context }
}

/// Notes something and waits until it stands there. What must not happen unseen is refused if this fails.
///
/// # Errors
/// The audit chain cannot be written.
pub fn note(app: &App, place: Option<PlaceId>, note: Note) -> Result<(), Problem> {
    written(app.store.submit_and_wait(submission(app.now_ms(), place, note)))
}

/// Whether it stands there.
fn written(answer: Result<store::Answer, StoreError>) -> Result<(), Problem> {
    let unwritable = |why: String| {
        let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "audit-unwritable");
        Problem { accident: Some(format!("audit chain: {why}").into()), ..problem }
    };
    match answer {
        Ok(store::Answer { outcome: Outcome::Accepted { .. }, .. }) => Ok(()),
        Ok(other) => Err(unwritable(format!("{:?}", other.outcome))),
        // A full disk is told as one: that is what has to be mended.
        Err(e) if e.trouble().is_some() => Err(e.into()),
        Err(e) => Err(unwritable(e.to_string())),
    }
}

/// Hands something to the writer without waiting.
fn note_later(app: &App, place: Option<PlaceId>, note: Note) {
    app.store.submit(submission(app.now_ms(), place, note), |answer| {
        if let Err(e) = answer {
            tracing::error!(error = %e, "audit chain");
        }
    });
}

/// Notes what may come a thousand times: the first at once, the rest of the minute as one.
fn note_often(app: &App, key: String, place: Option<PlaceId>, note: Note) {
    let now_ms = app.now_ms();
    flush(app, now_ms);
    let first = match app.bursts.0.lock() {
        Ok(mut kept) => {
            let key = if kept.going.len() < KEYS_MAX || kept.going.contains_key(&key) { key } else { "others".to_owned() };
            match kept.going.get_mut(&key) {
                Some(burst) => {
                    burst.more = burst.more.saturating_add(1);
                    false
                }
                None => {
                    let until_ms = now_ms + BURST_MS;
                    kept.next_ms = if kept.going.is_empty() { until_ms } else { kept.next_ms.min(until_ms) };
                    kept.going.insert(key, Burst { until_ms, more: 0, place, note: note.clone() });
                    true
                }
            }
        }
        // Counted nowhere, so noted each time.
        Err(_) => true,
    };
    if first {
        note_later(app, place, note);
    }
}

/// Notes the counts of minutes that are over at `now_ms`.
fn flush(app: &App, now_ms: i64) {
    let over: Vec<Burst> = match app.bursts.0.lock() {
        Ok(kept) if now_ms < kept.next_ms => return,
        Ok(mut kept) => {
            let over = kept.going.extract_if(|_, b| b.until_ms <= now_ms).map(|(_, b)| b).filter(|b| b.more > 0).collect();
            kept.next_ms = kept.going.values().map(|b| b.until_ms).min().unwrap_or(i64::MAX);
            over
        }
        Err(_) => return,
    };
    for Burst { more, place, note, .. } in over {
        note_later(app, place, with_times(note, more));
    }
}

fn with_times(note: Note, times: u32) -> Note {
    match note {
        Note::SignInRefused(f) => Note::SignInRefused(SignInRefused { times, ..f }),
        Note::Refused(f) => Note::Refused(Refused { times, ..f }),
        Note::AuditRead(f) => Note::AuditRead(AuditRead { times, ..f }),
        once @ (Note::SignedIn(_)
        | Note::SignedOut(_)
        | Note::Exported(_)
        | Note::Account(_)
        | Note::Started(_)
        | Note::Stopped(_)
        | Note::CheckpointMade(_)
        | Note::BackupMade(_)) => once,
    }
}

/// Notes the counts of minutes that are over; whoever serves calls it now and then, and with `all` before it stops.
pub fn note_counts(app: &Arc<App>, all: bool) {
    flush(app, if all { i64::MAX } else { app.now_ms() });
}

/// The place that belongs to nobody in particular: the installation's first.
fn top(app: &App) -> Option<PlaceId> {
    app.roots().ok()?.first().map(|root| root.id)
}

/// The place of an account's highest post today, under whose audit administrator its doings fall.
fn place_of(ask: &Ask, account: &Account) -> Option<PlaceId> {
    let places = account.posts_on(ask.today()).into_iter().filter_map(|post| ask.place(post.place).ok());
    places.min_by_key(|place| (place.level, place.id)).map(|place| place.id).or_else(|| top(&ask.app))
}

fn who(ask: &Ask, account: Option<&Account>) -> Who {
    Who { account: account.map(|a| a.id), name: account.and_then(|a| bounded(&a.name)), client: bounded(&ask.client.to_string()) }
}

/// Who asks, and where that falls.
fn asker(ask: &Ask) -> (Who, Option<PlaceId>) {
    match &ask.caller {
        Some(caller) => (who(ask, Some(&caller.account)), place_of(ask, &caller.account)),
        None => (who(ask, None), top(&ask.app)),
    }
}

/// Somebody is about to be signed in.
///
/// # Errors
/// The audit chain cannot be written: nobody is signed in then.
pub fn signed_in(ask: &Ask, account: &Account, how: &str) -> Result<(), Problem> {
    let Some(how) = bounded(how) else { return Ok(()) };
    note(&ask.app, place_of(ask, account), Note::SignedIn(SignedIn { who: who(ask, Some(account)), how }))
}

/// Somebody was not let in under a name that was typed.
pub fn sign_in_refused(ask: &Ask, name: &str, problem: &Problem) {
    let Some(why) = bounded(&problem.code) else { return };
    let key = format!("sign-in {} {} {}", ask.client, problem.code, name.chars().take(60).collect::<String>());
    let who = Who { name: bounded(name), ..who(ask, None) };
    note_often(&ask.app, key, top(&ask.app), Note::SignInRefused(SignInRefused { who, why, times: 1 }));
}

/// Somebody signed out.
pub fn signed_out(ask: &Ask) {
    let (who, place) = asker(ask);
    note_later(&ask.app, place, Note::SignedOut(SignedOut { who }));
}

/// Somebody signed in was told no by a route that is not for everybody: not allowed, or as if it were not there.
pub fn refused(ask: &Ask, method: &str, path: &str, problem: &Problem) {
    let no = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::NOT_FOUND];
    let Some(caller) = ask.caller.as_ref().filter(|_| no.contains(&problem.status)) else { return };
    let what = match command_type(ask).filter(|_| path == "/api/commands") {
        Some(command) => format!("{method} {path} {command}"),
        None => format!("{method} {path}"),
    };
    let key = format!("refused {} {what} {}", caller.account.id, problem.code);
    let (Some(what), Some(why)) = (bounded(&what), bounded(&problem.code)) else { return };
    let (who, place) = asker(ask);
    note_often(&ask.app, key, place, Note::Refused(Refused { who, what, why, times: 1 }));
}

/// The type of the command that was sent, if it is a word.
fn command_type(ask: &Ask) -> Option<String> {
    let sent: serde_json::Value = serde_json::from_slice(&ask.body).ok()?;
    let word = sent.get("command")?.get("type")?.as_str()?;
    let plain = word.len() <= 60 && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'.' || b == b'_');
    plain.then(|| word.to_owned())
}

fn query_of(ask: &Ask) -> String {
    let pairs: Vec<String> = ask.query.iter().filter(|(_, v)| !v.is_empty()).map(|(n, v)| format!("{n}={v}")).collect();
    pairs.join("&")
}

/// Something is about to be taken away as a file.
///
/// # Errors
/// The audit chain cannot be written: nothing is given out then.
pub fn exported(ask: &Ask, what: &str, rows: u64, format: &str) -> Result<(), Problem> {
    let (who, place) = asker(ask);
    let (Some(what), Some(format)) = (bounded(what), bounded(format)) else { return Ok(()) };
    let exported = Exported { who, what, query: bounded(&query_of(ask)), rows, format };
    note(&ask.app, place, Note::Exported(exported))
}

/// A view was read: noted where it is the audit chain's own.
pub fn read(ask: &Ask, view: ViewId, how: &str) {
    let Some(caller) = ask.caller.as_ref().filter(|_| view == ViewId::Audit) else { return };
    let account = caller.account.id;
    // Many different questions in one minute are noted as one.
    let few = ask.app.limits.take(&format!("audit questions {account}"), QUESTIONS_MAX, BURST_MS, ask.now_ms).is_ok();
    let rest: String = ask.path.iter().skip(1).map(|part| format!("/{part}")).collect();
    let what = match query_of(ask) {
        query if few && !query.is_empty() => format!("{how}/{}{rest}?{query}", view.name()),
        _ if few => format!("{how}/{}{rest}", view.name()),
        _ => format!("{how}/{}", view.name()),
    };
    let Some(bounded_what) = bounded(&what) else { return };
    let (who, place) = asker(ask);
    let note = Note::AuditRead(AuditRead { who, what: bounded_what, times: 1 });
    note_often(&ask.app, format!("read {account} {what}"), place, note);
}

/// Something happened to an account: one word for what, and more without secrets. `by` is told where it was another account.
///
/// # Errors
/// The audit chain cannot be written.
pub fn account_event(ask: &Ask, account: &Account, event: &str, detail: Option<&str>) -> Result<(), Problem> {
    let Some(event) = bounded(event) else { return Ok(()) };
    let by: Option<AccountId> = ask.caller.as_ref().map(|c| c.account.id).filter(|id| *id != account.id);
    let event = AccountEvent { who: who(ask, Some(account)), event, by, detail: detail.and_then(bounded) };
    note(&ask.app, place_of(ask, account), Note::Account(event))
}

/// Something happened to many accounts: handed in together, and waited for. Each by its id, name and place.
///
/// # Errors
/// The audit chain cannot be written.
pub fn account_events(
    ask: &Ask,
    events: &[(AccountId, &str, PlaceId, crate::account_events::AccountEvent)],
) -> Result<(), Problem> {
    let by = ask.caller.as_ref().map(|c| c.account.id);
    let (send, receive) = std::sync::mpsc::channel();
    for (account, name, place, event) in events {
        let Some(word) = bounded(event.word()) else { continue };
        let who = Who { account: Some(*account), name: bounded(name), client: bounded(&ask.client.to_string()) };
        let note = AccountEvent { who, event: word, by, detail: event.detail().as_deref().and_then(bounded) };
        let send = send.clone();
        ask.app.store.submit(submission(ask.app.now_ms(), Some(*place), Note::Account(note)), move |answer| {
            let _ = send.send(answer);
        });
    }
    drop(send);
    for answer in receive {
        written(answer)?;
    }
    Ok(())
}

/// The server begins to serve.
///
/// # Errors
/// The audit chain cannot be written.
pub fn started(app: &Arc<App>) -> Result<(), StoreError> {
    at_the_top(app, bounded(env!("CARGO_PKG_VERSION")).map(|version| Note::Started(Started { version })))
}

/// The server stops, as it was asked to; what was counted until now is noted before.
///
/// # Errors
/// The audit chain cannot be written.
pub fn stopped(app: &Arc<App>) -> Result<(), StoreError> {
    note_counts(app, true);
    at_the_top(app, bounded(env!("CARGO_PKG_VERSION")).map(|version| Note::Stopped(Stopped { version })))
}

/// The heads of so many chains were signed.
///
/// # Errors
/// The audit chain cannot be written.
pub fn checkpoints_made(app: &Arc<App>, chains: u64) -> Result<(), StoreError> {
    at_the_top(app, Some(Note::CheckpointMade(access::CheckpointMade { chains })))
}

fn at_the_top(app: &App, note: Option<Note>) -> Result<(), StoreError> {
    let Some(note) = note else { return Ok(()) };
    app.store.submit_and_wait(submission(app.now_ms(), top(app), note)).map(drop)
}
