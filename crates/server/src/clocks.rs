//! Clocks that run out: once a day, whatever is overdue goes one level up by itself, and whatever is open where a place has
//! ceased to be goes on with whoever follows it.

use std::sync::Arc;

use domain::{
    Command, ViewId,
    basics::{Actor, Context, Day, ProblemId, Value as Cell},
    duties, problems,
};
use store::{Condition, List, Outcome, Scope, StoreError, Submission};
use uuid::Uuid;

use crate::App;

/// Hands over what is open at places that have ceased to be, then escalates every open problem whose clock ran out before
/// today. Returns how many went up.
///
/// # Errors
/// The database said no.
pub fn run_clocks(app: &Arc<App>) -> Result<u64, StoreError> {
    let today = Day::of_ms(app.now_ms());
    crate::persons::run_clocks(app)?;
    crate::mapping::run_clocks(app)?;
    for conditions in at_closed_places(app)? {
        once_a_day(app, today, "hand over", conditions, |problem| problems::Command::HandOver { problem })?;
    }
    let overdue = vec![Condition::OneOf("open".into(), vec![Cell::Int(1)]), Condition::Below("due".into(), today.into())];
    tasks_lapse(app, today)?;
    // What another process has left to be recorded.
    app.store.record_posts_held(Some(app.now_ms()))?;
    once_a_day(app, today, "clock", overdue, |problem| problems::Command::Escalate { problem, reason: None })
}

/// Records once for every task that its day has passed.
fn tasks_lapse(app: &App, today: Day) -> Result<(), StoreError> {
    let conditions = vec![Condition::OneOf("state".into(), vec!["open".into()]), Condition::Below("due".into(), today.into())];
    let mut list =
        List { view: ViewId::Tasks, scope: Scope::All, conditions, sort: Some(("due".into(), false)), after: None, limit: 200 };
    loop {
        let page = app.store.list(&list)?;
        for row in &page.rows {
            let task: duties::Task = serde_json::from_str(&row.data).map_err(|e| StoreError::Stored(e.to_string()))?;
            if task.lapsed == Some(task.set.due) {
                continue;
            }
            let id = Uuid::new_v8(digest("lapse", &task.id.key(), today));
            let context = Context { now_ms: app.now_ms(), actor: Actor::System, command: id, fresh: Uuid::now_v7() };
            let command = Command::Tasks(duties::TaskCommand::Lapse { task: task.id });
            app.store.submit_and_wait(Submission { command, context })?;
        }
        match page.next {
            Some(next) => list.after = Some(next),
            None => return Ok(()),
        }
    }
}

/// What is to be done where a place has ceased to be, or by a post there, as conditions of a list each.
fn at_closed_places(app: &App) -> Result<Vec<Vec<Condition>>, StoreError> {
    let mut closed = Vec::new();
    let gone = [Condition::OneOf("closed".into(), vec![Cell::Int(1)])];
    app.store.columns(ViewId::Places, &Scope::All, &gone, &["id"], &mut |values| closed.extend(values.iter().cloned()))?;
    let waiting = Condition::OneOf("state".into(), vec!["reported".into(), "assigned".into()]);
    let lists = closed.chunks(200).flat_map(|places| {
        ["place", "post_place"].map(|column| vec![Condition::OneOf(column.into(), places.to_vec()), waiting.clone()])
    });
    Ok(lists.collect())
}

/// Gives a command on every problem of a list, once a day: two clocks on one database do it once. Returns how many took it.
fn once_a_day(
    app: &App,
    today: Day,
    what: &str,
    conditions: Vec<Condition>,
    command: impl Fn(ProblemId) -> problems::Command,
) -> Result<u64, StoreError> {
    let sort = Some(("due".into(), false));
    let mut list = List { view: ViewId::Problems, scope: Scope::All, conditions, sort, after: None, limit: 200 };
    let mut taken = 0;
    loop {
        let page = app.store.list(&list)?;
        for row in &page.rows {
            let p: problems::Problem = serde_json::from_str(&row.data).map_err(|e| StoreError::Stored(e.to_string()))?;
            let id = Uuid::new_v8(digest(what, &p.id.key(), today));
            let context = Context { now_ms: app.now_ms(), actor: Actor::System, command: id, fresh: Uuid::now_v7() };
            let submission = Submission { command: Command::Problems(command(p.id)), context };
            let answer = app.store.submit_and_wait(submission)?;
            if matches!(answer.outcome, Outcome::Accepted { .. }) && !answer.repeated {
                taken += 1;
            }
        }
        match page.next {
            Some(next) => list.after = Some(next),
            None => return Ok(taken),
        }
    }
}

/// An id made from what is done, to what, and on which day.
pub(crate) fn digest(what: &str, problem: &str, day: Day) -> [u8; 16] {
    use sha2::{Digest, Sha256};
    let full = Sha256::digest(format!("{what} {problem} {day}"));
    let mut short = [0; 16];
    short.copy_from_slice(&full[..16]);
    short
}
