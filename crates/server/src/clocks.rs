//! Clocks that run out: once a day, whatever is overdue goes one level up by itself.

use std::sync::Arc;

use domain::{
    Command, ViewId,
    basics::{Actor, Context, Day, Value as Cell},
    problems,
};
use store::{Condition, List, Outcome, Scope, StoreError, Submission};
use uuid::Uuid;

use crate::App;

/// Escalates every open problem whose clock ran out before today. Returns how many went up.
///
/// # Errors
/// The database said no.
pub fn run_clocks(app: &Arc<App>) -> Result<u64, StoreError> {
    let now_ms = app.now_ms();
    let today = Day::of_ms(now_ms);
    let mut list = List {
        view: ViewId::Problems,
        scope: Scope::All,
        conditions: vec![Condition::OneOf("open".into(), vec![Cell::Int(1)]), Condition::Below("due".into(), today.into())],
        sort: Some(("due".into(), false)),
        after: None,
        limit: 200,
    };
    let mut escalated = 0;
    loop {
        let page = app.store.list(&list)?;
        for row in &page.rows {
            let p: problems::Problem = serde_json::from_str(&row.data).map_err(|e| StoreError::Stored(e.to_string()))?;
            let command = Command::Problems(problems::Command::Escalate { problem: p.id, reason: None });
            // One id per problem and day: two clocks on one database do it once.
            let id = Uuid::new_v8(digest(&p.id.key(), today));
            let context = Context { now_ms, actor: Actor::System, command: id, fresh: Uuid::now_v7() };
            let answer = app.store.submit_and_wait(Submission { command, context })?;
            if matches!(answer.outcome, Outcome::Accepted { .. }) && !answer.repeated {
                escalated += 1;
            }
        }
        match page.next {
            Some(next) => list.after = Some(next),
            None => return Ok(escalated),
        }
    }
}

fn digest(problem: &str, day: Day) -> [u8; 16] {
    use sha2::{Digest, Sha256};
    let full = Sha256::digest(format!("clock {problem} {day}"));
    let mut short = [0; 16];
    short.copy_from_slice(&full[..16]);
    short
}
