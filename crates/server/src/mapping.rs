//! Answers become facts: the mapping of a form is completed and tried at the door, and applied by the programme itself when a
//! submission is ready for it; what the door could not do at once is done by the clock.

use std::sync::Arc;

use domain::{
    Command, Row, ViewId,
    basics::{Actor, Capability, Context, Day, FormId, SubmissionId},
    places::{Level, Place},
    problems::Photo,
    surveys::{self, Form, FoundPhoto, Made, Mapped, Mapping, MappingOutcome, NotMade, NotMadeReason, Path, Submission, Tried},
};
use serde::Serialize;
use store::{Condition, List, Outcome, Scope, StoreError};
use utoipa::ToSchema;
use uuid::Uuid;
use xforms::form::{Choices, ControlKind, DataType};

use crate::{
    App,
    answer::{Answer, Problem},
    ask::Ask,
    recompute,
    rows::{self, Briefs, marked},
};

/// Submissions that a mapping is tried on, the latest.
const TRIED_ON: usize = 200;
/// Of them shown one by one.
const SHOWN: usize = 20;
/// Choices of one question that are told.
const CHOICES_MAX: usize = 200;
/// Photos are waited for so long, milliseconds; then a problem goes without.
const WAIT_MS: i64 = 24 * 3600 * 1000;

/// What a form asks.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuestionsAnswer {
    /// The version that is told of.
    #[schema(required)]
    pub version: Option<surveys::Word>,
    /// Whether the form could be read; without, there are no questions here.
    pub readable: bool,
    /// In the order of the form: what is asked, computed or noted by the device.
    pub questions: Vec<QuestionTold>,
}

/// A question.
#[derive(Debug, Serialize, ToSchema)]
pub struct QuestionTold {
    /// Its path.
    pub path: String,
    /// What the form calls it.
    #[schema(required)]
    pub label: Option<String>,
    /// Its type, as in the locale files (`data_type.`).
    pub data_type: &'static str,
    /// Whether somebody is asked; computed and noted otherwise.
    pub asked: bool,
    /// Whether it stands in a repeat.
    pub repeated: bool,
    /// Choices that stand in the form itself.
    pub choices: Vec<ChoiceTold>,
}

/// A choice.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChoiceTold {
    /// Its value.
    pub value: String,
    /// In words.
    pub label: String,
}

/// What a mapping would have come to.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrialAnswer {
    /// In all.
    pub tried: Tried,
    /// The latest, one by one.
    pub examples: Vec<TrialExample>,
}

/// One submission of a trial.
#[derive(Debug, Serialize, ToSchema)]
pub struct TrialExample {
    /// Which.
    pub submission: SubmissionId,
    /// The village it would be about.
    #[schema(required)]
    pub place: Option<crate::answers::PlaceBrief>,
    /// When it came.
    pub received_ms: i64,
    /// What would follow.
    pub outcome: MappingOutcome,
}

fn form_row(app: &App, id: FormId) -> Result<Option<Form>, Problem> {
    Ok(match app.store.row(ViewId::Forms, &id.key())? {
        Some(Row::Forms(form)) => Some(*form),
        _ => None,
    })
}

fn readable_form(ask: &Ask) -> Result<Form, Problem> {
    let id: FormId = ask.path(0)?;
    match rows::readable_row(ask, ViewId::Forms, &id.key())? {
        Row::Forms(form) => Ok(*form),
        _ => Err(Problem::not_found()),
    }
}

/// The village that a submission names, by its code, among those at and below a place.
pub fn village_called(app: &App, code: &str, within: &Place) -> Result<Option<Place>, Problem> {
    Ok(match app.store.place_by_code(code.trim())? {
        Some(Row::Places(place))
            if place.level == Level::Village && place.closed.is_none() && place.is_or_is_within(within.id) =>
        {
            Some(*place)
        }
        _ => None,
    })
}

/// The village that the answers name, where the form's mapping says which question does.
pub fn about(app: &App, form: &Form, looked: &surveys::Looked, home: &Place) -> Result<Option<Place>, Problem> {
    let path = form.mapped.as_ref().and_then(|m| m.mapping.village.as_ref());
    let answer = path.and_then(|path| {
        let evaluation = looked.evaluation.as_ref()?;
        evaluation.answers.iter().find(|a| a.path == path.as_str()).map(|a| a.value.as_str()).filter(|v| !v.trim().is_empty())
    });
    answer.map_or(Ok(None), |code| village_called(app, code, home))
}

/// What follows from one submission by a mapping.
fn outcome(app: &App, form: &Form, mapping: &Mapping, row: &Submission) -> Result<Option<MappingOutcome>, Problem> {
    let Some(version) = form.version(row.head.version.as_ref()).filter(|_| !row.head.encrypted) else { return Ok(None) };
    let xml = app.store.files().read(&row.file)?;
    let Some(evaluation) = recompute::look(app, version, &xml, row.received_ms)?.evaluation else { return Ok(None) };
    let ready = recompute::ready(app, version)?;
    let answers = ready.map(|r| surveys::answered(r.form(), evaluation)).unwrap_or_default();
    let mut outcome = mapping.outcome(&answers, Day::of_ms(row.received_ms));
    // Answers that name another village than the one they were handed in for are not this one's figures: nothing is made of them.
    if let Some(path) = &mapping.village
        && let Some(named) = answers.iter().find(|a| a.path == path.as_str() && !a.value.trim().is_empty())
        && let Some(Row::Places(home)) = app.store.row(ViewId::Places, &row.place.key())?
        && home.code.as_str() != named.value.trim()
    {
        outcome.made.clear();
        outcome.not_made.push(NotMade { from: path.clone(), why: NotMadeReason::NoSuchVillage });
    }
    Ok(Some(outcome))
}

/// The latest submissions of a form that could become facts.
fn latest(app: &App, form: FormId, limit: usize) -> Result<Vec<Submission>, Problem> {
    let list = List {
        view: ViewId::Submissions,
        scope: Scope::All,
        conditions: vec![
            Condition::OneOf("form".into(), vec![form.to_string().into()]),
            Condition::OneOf("current".into(), vec![1_i64.into()]),
            Condition::OneOf("encrypted".into(), vec![0_i64.into()]),
        ],
        sort: Some(("received_ms".into(), true)),
        after: None,
        limit,
    };
    Ok(app.store.list(&list)?.rows.iter().map(|r| serde_json::from_str(&r.data)).collect::<Result<_, _>>()?)
}

fn trial(app: &App, form: &Form, mapping: &Mapping) -> Result<(Tried, Vec<(Submission, MappingOutcome)>), Problem> {
    let mut tried = Tried::default();
    let mut shown = Vec::new();
    for row in latest(app, form.id, TRIED_ON)? {
        let Some(outcome) = outcome(app, form, mapping, &row)? else { continue };
        tried.count(&outcome);
        if shown.len() < SHOWN {
            shown.push((row, outcome));
        }
    }
    Ok((tried, shown))
}

/// Completes a command about a mapping: what no version of the form asks, and what a trial comes to.
pub fn complete(ask: &Ask, command: &mut Command) -> Result<(), Problem> {
    match command {
        Command::Surveys(surveys::Command::Map { form, mapping, unknown }) => {
            unknown.clear();
            // Whoever may not see the form is told so by the rules, and learns nothing here.
            let Some(row) = managed(ask, *form)? else { return Ok(()) };
            let mut known = std::collections::HashSet::new();
            for version in &row.versions {
                if let Some(ready) = recompute::ready(&ask.app, version)? {
                    known.extend(ready.form().fields.iter().map(|f| f.path.clone()));
                }
            }
            let missing = mapping.paths().into_iter().map(|(_, path)| path).filter(|p| !known.contains(p.as_str()));
            *unknown = missing.cloned().collect::<Vec<Path>>();
        }
        Command::Surveys(surveys::Command::SwitchMapping { form, on, tried, .. }) => {
            *tried = None;
            let Some(row) = managed(ask, *form)?.filter(|_| *on) else { return Ok(()) };
            if let Some(mapped) = &row.mapped {
                *tried = Some(trial(&ask.app, &row, &mapped.mapping)?.0);
            }
        }
        _ => {}
    }
    Ok(())
}

/// A form that the caller manages.
pub fn managed(ask: &Ask, form: FormId) -> Result<Option<Form>, Problem> {
    Ok(form_row(&ask.app, form)?.filter(|f| manages(ask, f)))
}

fn manages(ask: &Ask, form: &Form) -> bool {
    ask.place(form.place).and_then(|place| ask.may(Capability::SurveysManage, &place)).unwrap_or(false)
}

/// After a command was accepted: what became ready by it becomes facts at once. What fails here the clock does later.
pub fn after(app: &Arc<App>, command: &surveys::Command) {
    let result = match command {
        surveys::Command::Review { submission, .. } => apply_one(app, *submission).map(|_| ()),
        surveys::Command::SwitchMapping { on: true, .. } => apply_waiting(app).map(|_| ()),
        _ => Ok(()),
    };
    if let Err(problem) = result {
        tracing::warn!(code = problem.code, "answers did not become facts yet");
    }
}

/// After a submission came in.
pub fn submitted(app: &App, id: SubmissionId) {
    if let Err(problem) = apply_one(app, id) {
        tracing::warn!(code = problem.code, "answers did not become facts yet");
    }
}

/// Makes facts of a submission if it is ready for it; whether it was.
pub fn apply_one(app: &App, id: SubmissionId) -> Result<bool, Problem> {
    let Some(Row::Submissions(row)) = app.store.row(ViewId::Submissions, &id.key())? else { return Ok(false) };
    let Some(form) = form_row(app, row.form)? else { return Ok(false) };
    match &form.mapped {
        Some(mapped) => apply(app, &form, mapped, &row),
        None => Ok(false),
    }
}

fn apply(app: &App, form: &Form, mapped: &Mapped, row: &Submission) -> Result<bool, Problem> {
    let now_ms = app.now_ms();
    if !row.to_apply(mapped) {
        return Ok(false);
    }
    let Some(outcome) = outcome(app, form, &mapped.mapping, row)? else { return Ok(false) };
    let wanted = |made: &Made| match made {
        Made::Problem { photos, .. } => photos.clone(),
        Made::Reading { .. } | Made::Count { .. } => Vec::new(),
    };
    let names: Vec<surveys::FileName> = outcome.made.iter().flat_map(wanted).collect();
    if names.iter().any(|name| row.attached(name).is_none()) && now_ms - row.received_ms < WAIT_MS {
        return Ok(false);
    }
    let mut photos = Vec::new();
    for name in names {
        let Some(attached) = row.attached(&name) else { continue };
        if let Some(info) = app.store.files().info(&attached.file)?.filter(|info| info.media_type.starts_with("image/")) {
            let photo = Photo { file: info.hash, taken_ms: info.taken_ms, position: info.position };
            photos.push(FoundPhoto { name, photo });
        }
    }
    let command = Command::Surveys(surveys::Command::Apply { submission: row.id, outcome, photos });
    // Two that come upon it at once do it once; rejected and approved again, it is another time.
    let id =
        Uuid::new_v8(crate::clocks::digest("apply", &format!("{} {:?}", row.id, row.reviewed_ms), Day::of_ms(row.received_ms)));
    let context = Context { now_ms, actor: Actor::System, command: id, fresh: Uuid::now_v7() };
    let answer = app.store.submit_and_wait(store::Submission { command, context })?;
    Ok(matches!(answer.outcome, Outcome::Accepted { .. }))
}

/// Makes facts of all that waits for it; how many.
///
/// # Errors
/// The database said no.
pub fn apply_waiting(app: &App) -> Result<u64, Problem> {
    let mut forms = List {
        view: ViewId::Forms,
        scope: Scope::All,
        conditions: vec![Condition::OneOf("mapping_on".into(), vec![1_i64.into()])],
        sort: Some(("form_id".into(), false)),
        after: None,
        limit: 200,
    };
    let mut made = 0;
    loop {
        let page = app.store.list(&forms)?;
        for row in &page.rows {
            let form: Form = serde_json::from_str(&row.data)?;
            let Some(mapped) = &form.mapped else { continue };
            let mut list = List {
                view: ViewId::Submissions,
                scope: Scope::All,
                conditions: vec![
                    Condition::OneOf("form".into(), vec![form.id.to_string().into()]),
                    Condition::OneOf("state".into(), vec!["received".into(), "approved".into()]),
                    Condition::OneOf("applied".into(), vec![0_i64.into()]),
                    Condition::OneOf("encrypted".into(), vec![0_i64.into()]),
                ],
                sort: Some(("received_ms".into(), false)),
                after: None,
                limit: 200,
            };
            loop {
                let page = app.store.list(&list)?;
                for row in &page.rows {
                    let submission: Submission = serde_json::from_str(&row.data)?;
                    made += u64::from(apply(app, &form, mapped, &submission)?);
                }
                match page.next {
                    Some(next) => list.after = Some(next),
                    None => break,
                }
            }
        }
        match page.next {
            Some(next) => forms.after = Some(next),
            None => return Ok(made),
        }
    }
}

/// Does what waits, from the clock.
///
/// # Errors
/// The database said no.
pub fn run_clocks(app: &App) -> Result<u64, StoreError> {
    apply_waiting(app).map_err(|problem| StoreError::Stored(format!("answers did not become facts: {}", problem.code)))
}

/// `POST /api/forms/{form}/mapping/trial`: the body is a mapping that has not been written down.
pub fn try_it(ask: &Ask) -> Result<Answer, Problem> {
    let form = readable_form(ask)?;
    if !manages(ask, &form) {
        return Err(Problem::forbidden());
    }
    let mapping: Mapping = serde_json::from_slice(&ask.body).map_err(|e| Problem::bad_command(e.to_string()))?;
    let (tried, shown) = trial(&ask.app, &form, &mapping)?;
    let places: Vec<_> = shown.iter().map(|(row, _)| row.place).collect();
    let briefs = Briefs::load(ask, &places)?;
    let examples = shown
        .into_iter()
        .map(|(row, outcome)| TrialExample {
            submission: row.id,
            place: briefs.get(row.place),
            received_ms: row.received_ms,
            outcome,
        })
        .collect();
    Ok(Answer::json(&marked(ask, TrialAnswer { tried, examples })))
}

/// `GET /api/forms/{form}/questions`: of the version that is offered, or else the latest.
pub fn questions(ask: &Ask) -> Result<Answer, Problem> {
    let form = readable_form(ask)?;
    let version = form.current().or(form.versions.last()).ok_or_else(Problem::not_found)?;
    let ready = recompute::ready(&ask.app, version)?;
    let mut told = Vec::new();
    if let Some(ready) = &ready {
        let read = ready.form();
        let language = read.language_of(ask.language.tag());
        let labels = read.labels(language);
        for field in &read.fields {
            use xforms::form::FieldKind;
            if field.kind != FieldKind::Leaf || field.asked.as_ref().is_some_and(|a| a.control == ControlKind::Trigger) {
                continue;
            }
            let mut above = field.parent;
            let mut repeated = false;
            while let Some(n) = above {
                repeated |= read.fields[n].kind == FieldKind::Repeat;
                above = read.fields[n].parent;
            }
            let choices = match field.asked.as_ref().map(|a| &a.choices) {
                Some(Choices::Listed(all)) => all
                    .iter()
                    .take(CHOICES_MAX)
                    .map(|(value, label)| ChoiceTold { value: value.clone(), label: read.plain(label, language) })
                    .collect(),
                _ => Vec::new(),
            };
            let chosen = field.asked.as_ref().map(|a| &a.control);
            let data_type = match chosen {
                Some(ControlKind::SelectOne) => DataType::SelectOne,
                Some(ControlKind::Select) => DataType::Select,
                _ => field.bind.data_type,
            };
            told.push(QuestionTold {
                label: labels.get(field.path.as_str()).cloned(),
                path: field.path.clone(),
                data_type: recompute::type_word(data_type),
                asked: field.is_question(),
                repeated,
                choices,
            });
        }
    }
    let answer = QuestionsAnswer { version: version.head.version.clone(), readable: ready.is_some(), questions: told };
    Ok(Answer::json(&marked(ask, answer)))
}
