//! Particulars of private persons at the door: taken out of reports before they become commands, masked for whoever may see
//! the problem, in full only after the reason has been recorded; erased by whoever may, by their owner, and by the clock.

use std::sync::{Arc, PoisonError};

use axum::http::{StatusCode, header};
use domain::{
    Command, Row, ViewId,
    basics::{Actor, Capability, Context, Day, PersonId, PlaceId, Subject, Text},
    persons::{self, Contact, Particulars, Person, PersonState, Purpose},
    places::Place,
    problems::{self, Problem as ProblemRow},
    rules::Rule,
};
use serde_json::{Value, json};
use store::{Condition, List, Outcome, Scope, Store, StoreError, Submission};
use uuid::Uuid;

use crate::{
    App,
    answer::{Answer, Problem},
    answers::{PersonAnswer, PersonExport, WhyUnmasked},
    ask::Ask,
    command, facts_api, places,
    public::{Form, encoded},
    rows::marked,
    wording::{Language, text},
};

/// What was left for an act that never came: after so long it is taken away.
const ABANDONED_MS: i64 = 24 * 3_600_000;

/// Takes the particulars out of a command on its way in. A contact that is given as an id is refused: nobody may point to
/// what somebody else left.
pub fn left_with(command: &mut Value) -> Result<Option<Particulars>, Problem> {
    let Some(object) = command.as_object_mut() else { return Ok(None) };
    if object.get("type").and_then(Value::as_str) != Some("problems.report") {
        return Ok(None);
    }
    let Some(given) = object.remove("contact").filter(|c| !c.is_null()) else { return Ok(None) };
    let left: Particulars =
        serde_json::from_value(given).map_err(|e| Problem::bad_command(format!("contact: {e}")).at(Some("contact")))?;
    Ok((!left.is_empty()).then_some(left))
}

/// Gives a command with what was left for it. What comes to nothing leaves nothing behind.
pub fn give_with(
    ask: &Ask,
    id: Uuid,
    mut command: Command,
    actor: Actor,
    left: Option<&Particulars>,
) -> Result<store::Answer, Problem> {
    let Some(left) = left else { return command::give(ask, id, command, actor) };
    let Command::Problems(problems::Command::Report { place, contact, .. }) = &mut command else {
        return command::give(ask, id, command, actor);
    };
    // Sent twice it is the same person: the id follows from the command's.
    let person = PersonId(Uuid::new_v8(digest("person", &format!("{} {id}", actor.word()))));
    let kept = ask.app.store.particulars();
    let (digest, new) = kept.put(person, *place, Purpose::AskBack, left, ask.now_ms)?;
    *contact = Some(Contact { person, digest });
    let given = command::give(ask, id, command, actor);
    let came_true = matches!(&given, Ok(answer) if matches!(answer.outcome, Outcome::Accepted { .. }));
    // After an accident nobody knows whether it came true: then the clock looks.
    if new && !came_true && given.is_ok() {
        kept.forget(person)?;
    }
    given
}

fn digest(what: &str, of: &str) -> [u8; 16] {
    use sha2::{Digest, Sha256};
    let full = Sha256::digest(format!("{what} {of}"));
    let mut short = [0; 16];
    short.copy_from_slice(&full[..16]);
    short
}

fn person_row(store: &Store, id: PersonId) -> Result<Option<Person>, StoreError> {
    Ok(match store.row(ViewId::Persons, &id.key())? {
        Some(Row::Persons(person)) => Some(*person),
        _ => None,
    })
}

fn problem_row(store: &Store, person: &Person) -> Result<Option<ProblemRow>, StoreError> {
    let Some(id) = person.problem else { return Ok(None) };
    Ok(match store.row(ViewId::Problems, &id.key())? {
        Some(Row::Problems(problem)) => Some(*problem),
        _ => None,
    })
}

/// The person of the path with his place, for whoever has a capability there; anybody else finds nobody.
fn visible(ask: &Ask, capability: Capability) -> Result<(Person, Place), Problem> {
    let id: PersonId = ask.path(0)?;
    let person = person_row(&ask.app.store, id)?.ok_or_else(Problem::not_found)?;
    let at = problem_row(&ask.app.store, &person)?.map_or(person.place, |p| p.place);
    let place = ask.place(at)?;
    match ask.may(capability, &place)? {
        true => Ok((person, place)),
        false => Err(Problem::not_found()),
    }
}

/// What the log says of erasure comes before what is still there.
fn held(store: &Store, person: &Person) -> Result<Option<store::KeptParticulars>, StoreError> {
    match person.state {
        PersonState::Erased { .. } => Ok(None),
        PersonState::Held => store.particulars().get(person.id),
    }
}

fn answer(ask: &Ask, person: Person, place: &Place, masked: bool) -> Result<Answer, Problem> {
    let kept = held(&ask.app.store, &person)?.map(|k| k.particulars).unwrap_or_default();
    let mut may = Vec::new();
    if matches!(person.state, PersonState::Held) {
        if ask.may(Capability::ParticularsUnmask, place)? {
            may.push("persons.unmask".to_owned());
        }
        let decides = |p: &domain::basics::Post| {
            matches!(p.role, domain::basics::Role::Office | domain::basics::Role::Head) && place.is_or_is_within(p.place)
        };
        if ask.caller()?.posts.iter().any(decides) {
            may.push("persons.erase".to_owned());
        }
    }
    let Person { id, problem, purpose, state, left_ms, unmasked, .. } = person;
    let particulars = if masked { kept.masked() } else { kept };
    let told = PersonAnswer { id, problem, purpose, state, left_ms, unmasked, masked, particulars, may };
    Ok(Answer::json(&marked(ask, told)).with(header::CACHE_CONTROL, "no-store"))
}

/// `GET /api/persons/{id}`.
pub fn masked(ask: &Ask) -> Result<Answer, Problem> {
    let (person, place) = visible(ask, Capability::Read)?;
    answer(ask, person, &place, true)
}

/// `POST /api/persons/{id}/unmask`.
pub fn unmask(ask: &Ask) -> Result<Answer, Problem> {
    let why: WhyUnmasked = serde_json::from_slice(&ask.body).map_err(|e| Problem::bad_command(e.to_string()))?;
    let (person, place) = visible(ask, Capability::ParticularsUnmask)?;
    record(ask, person.id, why.reason)?;
    let person = person_row(&ask.app.store, person.id)?.ok_or_else(Problem::not_found)?;
    answer(ask, person, &place, false)
}

/// Nothing is shown before this is durable.
fn record(ask: &Ask, person: PersonId, reason: Text<500>) -> Result<(), Problem> {
    let command = Command::Persons(persons::Command::Unmask { person, reason });
    let given = command::give(ask, Uuid::now_v7(), command.clone(), ask.caller()?.actor())?;
    command::accepted(given).map(drop).map_err(|refused| {
        let field = command.field(&refused.code);
        refused.at(field)
    })
}

/// `POST /api/persons/{id}/export`.
pub fn export(ask: &Ask) -> Result<Answer, Problem> {
    let why: WhyUnmasked = serde_json::from_slice(&ask.body).map_err(|e| Problem::bad_command(e.to_string()))?;
    let (person, _) = visible(ask, Capability::ParticularsUnmask)?;
    // Of somebody who was erased nothing is left to be unmasked; what the log says of him may be had without.
    if matches!(person.state, PersonState::Held) {
        record(ask, person.id, why.reason)?;
    }
    file(ask, person.id, Some(ask))
}

fn file(ask: &Ask, person: PersonId, names: Option<&Ask>) -> Result<Answer, Problem> {
    let held = held_with(&ask.app.store, person, ask.now_ms, names)?.ok_or_else(Problem::not_found)?;
    let name = format!("attachment; filename=\"qianwan-person-{person}.json\"");
    Ok(Answer::json(&marked(ask, held)).with(header::CACHE_CONTROL, "no-store").with(header::CONTENT_DISPOSITION, &name))
}

/// All that is held about one person, as JSON; for whoever has the machine, or has recorded why.
///
/// # Errors
/// A key is missing, or the database says no.
pub fn held_about(store: &Store, person: PersonId, now_ms: i64) -> Result<Option<Value>, StoreError> {
    let held =
        held_with(store, person, now_ms, None).map_err(|p| StoreError::Key(p.accident.map_or(p.code, |a| a.to_string())))?;
    Ok(held.map(|h| json!(h)))
}

fn held_with(store: &Store, id: PersonId, now_ms: i64, names: Option<&Ask>) -> Result<Option<PersonExport>, Problem> {
    let Some(person) = person_row(store, id)? else { return Ok(None) };
    let kept = held(store, &person)?;
    let mut subjects = vec![(ViewId::Persons, id.key(), Subject::Person(id))];
    subjects.extend(person.problem.map(|p| (ViewId::Problems, p.key(), Subject::Problem(p))));
    let mut found = Vec::new();
    for (view, key, subject) in subjects {
        let history = store.history(view, &key, &subject.to_string())?.into_iter().map(|e| e.fact);
        // What officials did about the problem is not about him.
        found.extend(history.filter(|f| view == ViewId::Persons || his_own(f)));
    }
    found.sort_by_key(|f| (f.recorded_ms, f.seq));
    let facts: Vec<Value> = match names {
        Some(ask) => facts_api::tell(ask, &found)?.iter().map(|f| json!(f)).collect(),
        None => found.iter().map(plain).collect(),
    };
    let seen = |f: &&Value| f["kind"] == "person.unmasked@1";
    let unmaskings = facts
        .iter()
        .filter(seen)
        .map(|f| {
            let who = [&f["actor_name"], &f["actor"]].into_iter().find(|v| v.is_string()).cloned().unwrap_or_default();
            json!({ "who": who, "on_ms": f["recorded_ms"], "why": f["body"]["reason"] })
        })
        .collect();
    let files = problem_row(store, &person)?.map(|p| p.photos.into_iter().map(|photo| photo.file).collect()).unwrap_or_default();
    let words = ["name", "telephone", "id_number", "facts", "files", "unmaskings", "held", "erased"];
    let words = words.map(|word| {
        let both =
            [Language::Chinese, Language::English].map(|l| (l.tag().to_owned(), text(l, &format!("person.{word}")).into()));
        (word.to_owned(), Value::Object(both.into_iter().collect()))
    });
    Ok(Some(PersonExport {
        person: id,
        made_ms: now_ms,
        words: Value::Object(words.into_iter().collect()),
        row: json!(person),
        digest_agrees: kept.as_ref().map(|k| k.digest == person.digest),
        particulars: kept.map(|k| k.particulars),
        facts,
        files,
        unmaskings,
    }))
}

/// Whether the reporter did this to his problem himself.
fn his_own(fact: &facts::Fact) -> bool {
    match fact.kind.as_str() {
        "problem.reported@1" | "problem.confirmed@1" => true,
        "problem.reopened@1" => serde_json::from_str::<Value>(&fact.body).is_ok_and(|body| body["by_reporter"] == true),
        _ => false,
    }
}

/// A fact without the names of accounts, which are not the person's.
fn plain(fact: &facts::Fact) -> Value {
    let mut body: Value = serde_json::from_str(&fact.body).unwrap_or_default();
    if let Some(reporter) = body.get_mut("reporter").and_then(Value::as_object_mut) {
        reporter.remove("receipt");
    }
    json!({
        "chain": fact.chain.to_string(), "seq": fact.seq, "kind": fact.kind.as_str(), "subject": fact.subject,
        "actor": fact.actor, "recorded_ms": fact.recorded_ms, "body": body, "hash": fact.hash.to_string(),
    })
}

/// What the reporter sees of his own contact on the public page, masked: only with his receipt.
pub fn own(ask: &Ask, p: &ProblemRow, receipt: &str) -> Result<Option<(Person, Particulars)>, Problem> {
    let his = Text::new(receipt).is_ok_and(|r| p.reporter.holds(&r));
    let Some(person) = p.contact.filter(|_| his) else { return Ok(None) };
    let Some(person) = person_row(&ask.app.store, person)? else { return Ok(None) };
    let kept = held(&ask.app.store, &person)?.map(|k| k.particulars.masked()).unwrap_or_default();
    Ok(Some((person, kept)))
}

/// `POST /p/{problem}/contact`: with his receipt the reporter erases what he left, or takes all that is held about him.
pub fn own_form(ask: &Ask) -> Result<Answer, Problem> {
    let id: domain::basics::ProblemId = ask.path(0)?;
    let Some(Row::Problems(p)) = ask.app.store.row(ViewId::Problems, &id.key())? else { return Err(Problem::not_found()) };
    ask.app.limits.take(&format!("contact {}", ask.client), 20, 3_600_000, ask.now_ms).map_err(Problem::too_many)?;
    let form = Form::read(ask)?;
    let receipt = form.get("r").unwrap_or_default();
    let (person, _) =
        own(ask, &p, receipt)?.ok_or_else(|| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "persons/not-the-person"))?;
    if form.get("what") == Some("export") {
        return file(ask, person.id, None);
    }
    let command = persons::Command::Erase { person: person.id, reason: None, receipt: Text::new(receipt).ok() };
    command::accepted(command::give(ask, Uuid::now_v7(), Command::Persons(command), Actor::Public)?)?;
    Ok(Answer::see_other(&format!("/p/{id}?r={}", encoded(receipt))))
}

/// Whom a command erases.
pub fn erases(command: &Command) -> Option<PersonId> {
    match command {
        Command::Persons(persons::Command::Erase { person, .. }) => Some(*person),
        _ => None,
    }
}

/// The particulars go as soon as the log says so; where that fails, the clock does it.
pub fn after(ask: &Ask, erases: Option<PersonId>, answer: &store::Answer) -> Result<(), Problem> {
    if let (Some(person), Outcome::Accepted { .. }) = (erases, &answer.outcome) {
        ask.app.store.particulars().erase(person)?;
    }
    Ok(())
}

/// Erases what has been kept long enough, what the log says is erased, what came back with a backup, and what was left for
/// acts that never came. Once a day: it looks at every contact that is kept, and all its terms are in days.
pub fn run_clocks(app: &Arc<App>) -> Result<(), StoreError> {
    let today = Day::of_ms(app.now_ms());
    let mut looked = app.persons_on.lock().unwrap_or_else(PoisonError::into_inner);
    if *looked != Some(today) {
        look_through(app, today)?;
        *looked = Some(today);
    }
    Ok(())
}

fn look_through(app: &App, today: Day) -> Result<(), StoreError> {
    let store = &app.store;
    let now_ms = app.now_ms();
    let give = |what: &str, command: persons::Command| {
        let id = Uuid::new_v8(digest(what, &format!("{} {today}", command.person())));
        let context = Context { now_ms, actor: Actor::System, command: id, fresh: Uuid::now_v7() };
        store.submit_and_wait(Submission { command: Command::Persons(command), context })
    };
    // Those who were erased after a backup that was restored: the log is told again.
    for person in store.particulars().erased()? {
        if person_row(store, person)?.is_some_and(|p| p.state == PersonState::Held) {
            give("erase again", persons::Command::Erase { person, reason: None, receipt: None })?;
        }
    }
    for person in expired(app, today)? {
        give("expire", persons::Command::Expire { person })?;
    }
    let mut after = None;
    loop {
        let there = store.particulars().persons(after, 200)?;
        for (person, made_ms) in &there {
            let gone = match person_row(store, *person)?.map(|p| p.state) {
                Some(PersonState::Held) => continue,
                Some(PersonState::Erased { .. }) => store.particulars().erase(*person)?,
                None if *made_ms < now_ms - ABANDONED_MS => store.particulars().forget(*person)?,
                None => continue,
            };
            tracing::debug!(%person, gone, "particulars erased");
        }
        match there.last() {
            Some((last, _)) => after = Some(*last),
            None => return Ok(()),
        }
    }
}

/// Whose time has come: the problem was settled as long ago as the rule of its place says.
fn expired(app: &App, today: Day) -> Result<Vec<PersonId>, StoreError> {
    let conditions = vec![Condition::OneOf("person_state".into(), vec!["held".into()])];
    let sort = Some(("left_on".into(), false));
    let mut list = List { view: ViewId::Persons, scope: Scope::All, conditions, sort, after: None, limit: 200 };
    let mut found = Vec::new();
    let mut rules: std::collections::HashMap<PlaceId, Option<u16>> = std::collections::HashMap::new();
    loop {
        let page = app.store.list(&list)?;
        for row in &page.rows {
            let person: Person = serde_json::from_str(&row.data).map_err(|e| StoreError::Stored(e.to_string()))?;
            let Some(p) = problem_row(&app.store, &person)? else { continue };
            let Some(settled) = p.settled_ms.map(Day::of_ms) else { continue };
            let days = match rules.get(&p.place) {
                Some(days) => *days,
                None => {
                    let days = match app.store.row(ViewId::Places, &p.place.key())? {
                        Some(Row::Places(place)) => match places::rule_on(&app.store, &place, Rule::CONTACTS, today)? {
                            Some(Rule::Contacts(rule)) => Some(rule.keep_days),
                            _ => None,
                        },
                        _ => None,
                    };
                    rules.insert(p.place, days);
                    days
                }
            };
            if days.is_some_and(|days| settled.plus(days.into()) <= today) {
                found.push(person.id);
            }
        }
        match page.next {
            Some(next) => list.after = Some(next),
            None => return Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_taken_out_of_a_report_and_of_nothing_else() {
        let mut report = json!({ "type": "problems.report", "text": "a", "contact": { "name": "张三" } });
        let left = left_with(&mut report).unwrap().unwrap();
        assert_eq!(left.name.unwrap().as_str(), "张三");
        assert_eq!(report, json!({ "type": "problems.report", "text": "a" }));
        for empty in [json!({}), json!(null)] {
            assert_eq!(left_with(&mut json!({ "type": "problems.report", "contact": empty })).unwrap(), None);
        }
        let pointing = json!({ "person": Uuid::nil(), "digest": "" });
        assert!(left_with(&mut json!({ "type": "problems.report", "contact": pointing })).is_err());
        let mut other = json!({ "type": "rules.set", "contact": { "name": "张三" } });
        assert_eq!(left_with(&mut other).unwrap(), None);
    }

    #[test]
    fn ids_follow_from_commands() {
        assert_eq!(digest("person", "a"), digest("person", "a"));
        assert_ne!(digest("person", "a"), digest("person", "b"));
    }
}
