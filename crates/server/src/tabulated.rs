//! Submissions of a form as tables: what OData and the exports have in common. A list is walked page by page, and of each
//! submission the XML is read; nothing is kept longer than a page.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, OnceLock},
};

use domain::{
    ViewId,
    basics::FileHash,
    surveys::{Form, Submission},
};
use store::{Condition, Cursor, List, Scope};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use xforms::{
    form,
    table::Tables,
    tree::{Limits, Tree},
};

use crate::{App, answer::Problem, central};

/// Submissions that are looked at together.
const PAGE: usize = 500;
/// Forms whose tables are kept, and counts.
const KEPT: usize = 32;
/// Long answers at a time: each has a thread of its own for as long as its client takes.
const AT_A_TIME: usize = 8;

/// What is kept between requests.
#[derive(Default)]
pub struct Kept {
    tables: Mutex<VecDeque<(Vec<FileHash>, Arc<Tables>)>>,
    counts: Mutex<VecDeque<KeptCount>>,
    room: OnceLock<Arc<Semaphore>>,
}

type KeptCount = ((u64, u64), Scope, Vec<Condition>, u64);

impl Kept {
    /// Room for a long answer; it is given back with the permit.
    pub fn room(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let room = self.room.get_or_init(|| Arc::new(Semaphore::new(AT_A_TIME)));
        let busy = |_| Problem::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, "exports/busy").arg("max", AT_A_TIME);
        room.clone().try_acquire_owned().map_err(busy)
    }
}

/// The tables of a form: of all its published versions, the one that counts first.
///
/// # Errors
/// None of them can be read.
pub fn tables(app: &App, form: &Form) -> Result<Arc<Tables>, Problem> {
    let first = central::published(form).map(|v| v.file.clone());
    let others = form.versions.iter().rev().filter(|v| v.published_ms.is_some()).map(|v| v.file.clone());
    let mut files: Vec<FileHash> = first.iter().cloned().collect();
    files.extend(others.filter(|file| Some(file) != first.as_ref()));
    if let Ok(kept) = app.tabulated.tables.lock()
        && let Some((_, tables)) = kept.iter().find(|(of, _)| *of == files)
    {
        return Ok(tables.clone());
    }
    let mut forms = Vec::new();
    for file in &files {
        // A version that cannot be read was filled in by nobody.
        forms.extend(form::Form::read(&app.store.files().read(file)?).form);
    }
    if forms.is_empty() {
        return Err(Problem::new(axum::http::StatusCode::CONFLICT, "forms/no-tables"));
    }
    let tables = Arc::new(Tables::of(&forms.iter().collect::<Vec<_>>()));
    if let Ok(mut kept) = app.tabulated.tables.lock() {
        kept.truncate(KEPT - 1);
        kept.push_front((files, tables.clone()));
    }
    Ok(tables)
}

/// How many submissions a list has; counted once for as long as none is added or changed.
///
/// # Errors
/// The database said no.
pub fn count(app: &App, list: &List) -> Result<u64, Problem> {
    let positions = app.store.positions();
    let age = (positions.of(ViewId::Places), positions.of(list.view));
    if let Ok(kept) = app.tabulated.counts.lock()
        && let Some((.., count)) = kept.iter().find(|(a, s, c, _)| *a == age && *s == list.scope && *c == list.conditions)
    {
        return Ok(*count);
    }
    let count = app.store.count_all(list.view, &list.scope, &list.conditions)?;
    if let Ok(mut kept) = app.tabulated.counts.lock() {
        kept.truncate(KEPT - 1);
        kept.push_front((age, list.scope.clone(), list.conditions.clone(), count));
    }
    Ok(count)
}

/// What a submission's file says; none where it is encrypted or cannot be read.
pub fn tree(app: &App, submission: &Submission) -> Option<Tree> {
    if submission.head.encrypted {
        return None;
    }
    // What was taken in once is readable; a file that was damaged or lost since shows nothing.
    let content = app.store.files().read(&submission.file).ok()?;
    Tree::parse(&content, &Limits { unbound_prefixes: true, ..Limits::default() }).ok()
}

/// Walks a list of submissions, `each` of which says whether to go on; it is told where the list stood before, too. `page` is
/// how many are wanted at a time.
///
/// # Errors
/// The database said no, or `each`.
pub fn walk(
    app: &App,
    list: &List,
    page: usize,
    mut each: impl FnMut(Option<&Cursor>, &Submission) -> Result<bool, Problem>,
) -> Result<(), Problem> {
    let mut list = List { limit: page.clamp(1, PAGE), ..list.clone() };
    let sorted = list.sort.as_ref().and_then(|(name, _)| list.view.columns().iter().position(|c| c.name == name));
    loop {
        let found = app.store.list(&list)?;
        let mut before = list.after.clone();
        for row in &found.rows {
            let submission: Submission = serde_json::from_str(&row.data)?;
            let value = sorted.map_or(domain::basics::Value::Null, |i| row.values[i].clone());
            if !each(before.as_ref(), &submission)? {
                return Ok(());
            }
            before = Some(Cursor { value, key: row.key.clone() });
        }
        match found.next {
            Some(next) => list.after = Some(next),
            None => return Ok(()),
        }
        list.limit = PAGE;
    }
}
