//! The one way to write over HTTP.

use axum::http::StatusCode;
use domain::{
    Command, ViewId,
    basics::{Actor, Context},
    problems::{self, Photo},
};
use serde::Deserialize;
use serde_json::Value;
use store::{Outcome, Submission};
use uuid::Uuid;

use crate::{
    answer::{Answer, Problem},
    answers::{CommandAnswer, FactRef},
    ask::Ask,
    asked_once, campaigns, duties, files, keys, mapping, persons,
    rows::marked,
    surveys,
};

/// What comes in.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Incoming {
    id: Uuid,
    command: Value,
}

/// `POST /api/commands`.
pub fn submit(ask: &Ask) -> Result<Answer, Problem> {
    let mut incoming: Incoming = serde_json::from_slice(&ask.body).map_err(|e| Problem::bad_command(e.to_string()))?;
    // Whom to ask back comes as particulars, and goes beside the log: a command never carries them.
    let left = persons::left_with(&mut incoming.command)?;
    let command: Command = serde_json::from_value(incoming.command).map_err(|e| Problem::bad_command(e.to_string()))?;
    // An import comes through the command line, where its findings are listed row by row; what is noted, only we note.
    if matches!(command, Command::Import(_) | Command::Access(_)) {
        return Err(Problem::forbidden());
    }
    // What brings a file comes through the routes that look at the file.
    if let Command::Surveys(c) = &command
        && c.brings_a_file()
    {
        return Err(Problem::forbidden());
    }
    // A plan comes out of a search, which makes and checks it.
    if let Command::Planning(c) = &command
        && c.is_made_at_the_server()
    {
        return Err(Problem::forbidden());
    }
    // A receipt is what lets a villager report without a post, by the public form and within its limits.
    if matches!(command, Command::Problems(problems::Command::Report { receipt: Some(_), .. })) {
        return Err(Problem::forbidden());
    }
    let actor = keys::acting(ask, &command)?;
    let answer = persons::give_with(ask, incoming.id, command.clone(), actor, left.as_ref())?;
    answer_document(ask, answer).map_err(|refused| {
        let field = command.field(&refused.code);
        refused.at(field)
    })
}

/// Completes a command at the door, hands it in and waits until it is durable.
pub fn give(ask: &Ask, id: Uuid, mut command: Command, actor: Actor) -> Result<store::Answer, Problem> {
    if let Some(photos) = command.photos_mut() {
        complete_photos(ask, photos)?;
    }
    duties::complete(ask, &mut command)?;
    mapping::complete(ask, &mut command)?;
    asked_once::complete(ask, &mut command)?;
    campaigns::complete(ask, &mut command)?;
    let context = Context { now_ms: ask.now_ms, actor, command: id, fresh: Uuid::now_v7() };
    let erases = persons::erases(&command);
    let about_surveys = if let Command::Surveys(c) = &command { Some(c.clone()) } else { None };
    let answer = ask.app.store.submit_and_wait(Submission { command, context })?;
    persons::after(ask, erases, &answer)?;
    if let (Some(command), Outcome::Accepted { .. }) = (&about_surveys, &answer.outcome) {
        mapping::after(&ask.app, command);
    }
    Ok(answer)
}

/// What the camera said is taken from the stored file, whatever the client says.
fn complete_photos(ask: &Ask, photos: &mut [Photo]) -> Result<(), Problem> {
    for photo in photos {
        let info = ask.app.store.files().info(&photo.file)?;
        let missing = || Problem::bad_upload(format!("photo {} has not been uploaded", photo.file.as_str())).at(Some("photos"));
        let info = info.ok_or_else(missing)?;
        if ask.caller.is_some() && files::belongs_to_others(ask, &photo.file)? {
            return Err(missing());
        }
        if !info.media_type.starts_with("image/") {
            return Err(Problem::bad_upload(format!("{} is not a photo", photo.file.as_str())).at(Some("photos")));
        }
        photo.taken_ms = info.taken_ms;
        photo.position = info.position;
    }
    Ok(())
}

/// The answer as a document or the refusal as a problem.
pub fn answer_document(ask: &Ask, answer: store::Answer) -> Result<Answer, Problem> {
    let repeated = answer.repeated;
    let (subject, facts, kinds) = accepted(answer)?;
    let facts = facts.into_iter().map(|f| FactRef { chain: f.chain, seq: f.seq, kind: f.kind }).collect();
    Ok(Answer::json(&marked(ask, CommandAnswer { subject, facts, kinds, repeated })))
}

type Accepted = (String, Vec<store::FactRef>, std::collections::BTreeMap<String, u64>);

/// The facts, or the refusal as a problem.
pub fn accepted(answer: store::Answer) -> Result<Accepted, Problem> {
    match answer.outcome {
        Outcome::Accepted { subject, facts, kinds } => Ok((subject, facts, kinds)),
        Outcome::Refused { code, args, english } => Err(Problem::refused(code, args, english)),
        Outcome::Forbidden => Err(Problem::forbidden()),
        Outcome::IdReused => Err(Problem::new(StatusCode::CONFLICT, "command-id-reused")),
    }
}

/// Which commands the signed-in person may give on a row now: decided by trying the permission and the state,
/// not by trying the whole command.
pub fn may(ask: &Ask, view: ViewId, row: &domain::Row) -> Result<Vec<&'static str>, Problem> {
    use domain::basics::Capability::*;
    let caller = ask.caller()?;
    let actor = caller.actor();
    Ok(match (view, row) {
        (ViewId::Problems, domain::Row::Problems(p)) => {
            let place = ask.place(p.place)?;
            let has = |c| actor.post_for(c, &place).is_some();
            let state = p.state.word();
            let mut may = Vec::new();
            let mut offer = |word: &'static str, good: bool| {
                if good {
                    may.push(word);
                }
            };
            let answers = p.state.post().is_some_and(|post| {
                let above = |mine: &domain::basics::Post| {
                    mine.role.capabilities().contains(&ProblemsWork)
                        && place.is_or_is_within(mine.place)
                        && mine.place != post.place
                        && place.within.iter().take_while(|id| **id != post.place).any(|id| *id == mine.place)
                };
                caller.posts.iter().any(|mine| *mine == post || above(mine))
            });
            let independent = match &p.state {
                problems::State::Claimed { post, by, .. } => actor.independent_post(ProblemsVerify, &place, *post, *by).is_ok(),
                _ => false,
            };
            offer("problems.assign", has(ProblemsTriage) && matches!(state, "reported" | "assigned"));
            offer("problems.diagnose", answers && state == "assigned");
            offer("problems.claim_fix", answers && state == "assigned" && p.diagnosis.is_some());
            offer("problems.verify_fix", independent);
            offer("problems.reject_fix", independent);
            offer("problems.dismiss", has(ProblemsTriage) && matches!(state, "reported" | "assigned"));
            offer("problems.reopen", has(ProblemsVerify) && matches!(state, "verified" | "confirmed" | "dismissed"));
            offer("problems.merge", has(ProblemsTriage) && state != "merged");
            offer("problems.unmerge", has(ProblemsTriage) && state == "merged");
            offer("problems.escalate", has(ProblemsTriage) && matches!(state, "assigned" | "claimed"));
            offer("problems.answer_escalation", p.unanswered().is_some_and(|e| caller.posts.contains(&e.to)));
            offer("problems.reclassify", has(ProblemsTriage) && p.state.is_open());
            offer("problems.withhold", has(ProblemsTriage) && p.withheld.is_none());
            offer("problems.show", has(ProblemsTriage) && p.withheld.is_some());
            let own = matches!(&p.reporter, problems::Reporter::Account { account } if *account == caller.account.id);
            offer("problems.answer_as_reporter", own && matches!(state, "verified" | "confirmed" | "dismissed"));
            may
        }
        (ViewId::Places, domain::Row::Places(place)) => {
            let edit = actor.post_for(PlacesEdit, place).is_some() && place.closed.is_none();
            let village = place.level == domain::places::Level::Village;
            let mut may = Vec::new();
            let mut offer = |word: &'static str, good: bool| {
                if good {
                    may.push(word);
                }
            };
            offer("places.count", actor.post_for(PlacesCount, place).is_some() && place.closed.is_none());
            offer("places.classify", edit && village);
            offer("places.grade", edit && village);
            offer("places.enter_stage", edit);
            offer("places.rename", edit);
            offer("places.recode", edit);
            offer("places.locate", edit);
            offer("places.close", edit);
            offer("places.reinstate", place.closed.is_some() && actor.post_for(PlacesEdit, place).is_some());
            offer("problems.report", actor.post_for(ProblemsReport, place).is_some() && place.closed.is_none());
            offer("rules.set", actor.post_for(RulesEdit, place).is_some());
            offer("duties.take_up", actor.post_for(DutiesAppoint, place).is_some() && place.closed.is_none());
            offer("tasks.set", actor.post_for(TasksSet, place).is_some() && place.closed.is_none());
            may
        }
        (ViewId::Topics, domain::Row::Topics(topic)) => {
            let place = ask.place(topic.place)?;
            let open = topic.state == problems::TopicState::Open;
            if open && actor.post_for(ProblemsTriage, &place).is_some() { vec!["topics.conclude"] } else { Vec::new() }
        }
        (ViewId::Posts, domain::Row::Posts(row)) => {
            let place = ask.place(row.place)?;
            let today = ask.today();
            let me = caller.account.person;
            let appoints = match row.post.role.administers() {
                true => actor.post_for(AccessAppoint, &place).is_some(),
                false => actor
                    .post_for(DutiesAppoint, &place)
                    .is_some_and(|mine| mine.role != domain::basics::Role::Township || mine.place != place.id),
            };
            let holds = row.holders(today).any(|h| h.person == me);
            let mut may = Vec::new();
            let mut offer = |word: &'static str, good: bool| {
                if good {
                    may.push(word);
                }
            };
            offer("duties.take_up", appoints && place.closed.is_none());
            offer("duties.leave", appoints && row.holders(today).any(|h| h.person != me));
            offer("duties.delegate", (appoints || holds) && row.holders(today).next().is_some());
            offer("duties.withdraw", appoints && !row.holdings.is_empty());
            offer("duties.describe", appoints && place.closed.is_none());
            let leaving = row.unsigned();
            offer("handovers.draw_up", leaving.iter().any(|h| appoints || holds || h.person == me));
            let open = row.handovers.iter().any(|h| {
                !h.signed()
                    && (appoints
                        || (h.outgoing.is_none() && row.holding(h.holding).is_some_and(|out| out.person == me))
                        || (h.incoming.is_none() && holds))
            });
            offer("handovers.sign", open);
            may
        }
        (ViewId::Tasks, domain::Row::Tasks(task)) => {
            use domain::duties::TaskState;
            let place = ask.place(task.place)?;
            let has = |c| actor.post_for(c, &place).is_some();
            let open = task.state == TaskState::Open;
            let verifies = match &task.state {
                TaskState::Claimed { claim, by, .. } => actor.independent_post(TasksVerify, &place, claim.post, *by).is_ok(),
                _ => false,
            };
            let mut may = Vec::new();
            let mut offer = |word: &'static str, good: bool| {
                if good {
                    may.push(word);
                }
            };
            offer("tasks.claim", open && caller.posts.contains(&task.set.lead));
            offer("tasks.verify", verifies);
            offer("tasks.reject", verifies);
            offer("tasks.pass_down", open && has(TasksSet) && place.level != domain::places::Level::Village);
            offer("tasks.amend", open && has(TasksSet));
            offer("tasks.carry_over", open && has(TasksSet));
            offer("tasks.withdraw", open && has(TasksSet));
            may
        }
        (ViewId::Forms, domain::Row::Forms(form)) => surveys::may_form(&actor, &ask.place(form.place)?, form),
        (ViewId::Submissions, domain::Row::Submissions(row)) => {
            surveys::may_submission(&actor, caller.account.id, &ask.place(row.place)?, row)
        }
        (ViewId::Campaigns, domain::Row::Campaigns(c)) => campaigns::may(&actor, &ask.place(c.place)?, c),
        (ViewId::Briefs, domain::Row::Briefs(brief)) => {
            let edits = actor.post_for(PlanningEdit, &ask.place(brief.place)?).is_some() && brief.withdrawn.is_none();
            if edits { vec!["briefs.save", "briefs.withdraw"] } else { Vec::new() }
        }
        (ViewId::Plans, domain::Row::Plans(plan)) => {
            let edits = actor.post_for(PlanningEdit, &ask.place(plan.place)?).is_some() && plan.discarded.is_none();
            if edits { vec!["plans.discard"] } else { Vec::new() }
        }
        (ViewId::Wishes, domain::Row::Wishes(row)) => {
            let counts = actor.post_for(WishesCount, &ask.place(row.place)?).is_some();
            if counts { vec!["wishes.count", "wishes.withdraw"] } else { Vec::new() }
        }
        (ViewId::Rules, domain::Row::Rules(rule)) => {
            let place = ask.place(rule.place)?;
            if actor.post_for(RulesEdit, &place).is_some() { vec!["rules.set"] } else { Vec::new() }
        }
        _ => Vec::new(),
    })
}
