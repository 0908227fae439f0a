//! The same is asked once: which questions of a form ask what facts already know, told when it is published and filled in
//! beforehand when it is opened. A question asks for something known if the form's mapping makes that of it, or if it is called so.

use std::collections::HashSet;

use domain::{
    Command, ViewId,
    basics::{Day, Value},
    places::{Counted, Level, Place},
    rules::Rule,
    surveys::{self, Form, FormVersion, Path, Reading, Target},
};
use serde::Serialize;
use store::{Condition, List, Scope};
use utoipa::ToSchema;
use xforms::form::FieldKind;

use crate::{answer::Problem, ask::Ask, mapping, places::rule, recompute};

/// Forms whose figures are looked through.
const FORMS_MAX: usize = 1000;

/// Something that facts know of a village.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum What {
    Count(Counted),
    Figure(String),
    Code,
    Name,
}

/// An answer that is known before the question is put.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KnownAnswer {
    /// The question.
    pub path: String,
    /// The answer.
    pub value: String,
    /// On which day that held; none where it always does.
    #[schema(required)]
    pub on: Option<Day>,
}

/// Since when something recorded counts as known at a place, and of what share of villages.
fn known_since(ask: &Ask, place: &Place) -> Result<Option<(Day, u8)>, Problem> {
    match rule(ask, place, Rule::ASKED_ONCE)? {
        Some(Rule::AskedOnce(r)) => Ok(Some((ask.today().plus(-i64::from(r.months) * 30), r.share_percent))),
        _ => Ok(None),
    }
}

/// Figures that mappings make.
fn figures(ask: &Ask) -> Result<HashSet<String>, Problem> {
    let list = List {
        view: ViewId::Forms,
        scope: Scope::All,
        conditions: vec![Condition::OneOf("mapping_on".into(), vec![1_i64.into()])],
        sort: Some(("form_id".into(), false)),
        after: None,
        limit: FORMS_MAX,
    };
    let mut found = HashSet::new();
    for row in ask.app.store.list(&list)?.rows {
        let form: Form = serde_json::from_str(&row.data)?;
        for row in form.mapped.into_iter().flat_map(|m| m.mapping.rows) {
            if let Target::Reading { figure, .. } = row.to {
                found.insert(figure.as_str().to_owned());
            }
        }
    }
    Ok(found)
}

/// Questions of a form outside repeats that ask for what facts may know.
fn asks(ask: &Ask, form: &Form, version: &FormVersion) -> Result<Vec<(String, What)>, Problem> {
    let Some(ready) = recompute::ready(&ask.app, version)? else { return Ok(Vec::new()) };
    let read = ready.form();
    let figures = figures(ask)?;
    let mapped = form.mapped.as_ref().map(|m| &m.mapping);
    let village = mapped.and_then(|m| m.village.as_ref()).map(|p| p.as_str());
    let mut found = Vec::new();
    for field in &read.fields {
        if field.kind != FieldKind::Leaf || !field.is_question() || Some(field.path.as_str()) == village {
            continue;
        }
        let mut above = field.parent;
        let mut repeated = false;
        while let Some(n) = above {
            repeated |= read.fields[n].kind == FieldKind::Repeat;
            above = read.fields[n].parent;
        }
        if repeated {
            continue;
        }
        let last = field.name.local.as_str();
        let by_mapping = mapped.and_then(|m| m.rows.iter().find(|r| r.from.as_str() == field.path)).and_then(|r| match &r.to {
            Target::Count { what, .. } => Some(What::Count(*what)),
            Target::Reading { figure, yes, .. } if yes.is_empty() => Some(What::Figure(figure.as_str().to_owned())),
            Target::Reading { .. } | Target::Problem { .. } => None,
        });
        let by_name = || match last {
            "village_code" => Some(What::Code),
            "village_name" => Some(What::Name),
            _ => Counted::ALL
                .iter()
                .find(|c| c.word() == last)
                .map(|c| What::Count(*c))
                .or_else(|| figures.contains(last).then(|| What::Figure(last.to_owned()))),
        };
        if let Some(what) = by_mapping.or_else(by_name) {
            found.push((field.path.clone(), what));
        }
    }
    Ok(found)
}

/// Of how many villages below a place something is known since a day.
fn known_of(ask: &Ask, scope: &Scope, what: &What, since: Day) -> Result<Option<usize>, Problem> {
    let (view, mut conditions) = match what {
        What::Code | What::Name => return Ok(None),
        What::Count(what) => (ViewId::Counts, vec![Condition::OneOf("what".into(), vec![what.word().into()])]),
        What::Figure(figure) => {
            let counts = Condition::OneOf("withdrawn".into(), vec![0_i64.into()]);
            (ViewId::Readings, vec![Condition::OneOf("figure".into(), vec![figure.as_str().into()]), counts])
        }
    };
    conditions.push(Condition::From("on".into(), since.into()));
    let mut places = HashSet::new();
    ask.app.store.columns(view, scope, &conditions, &["place"], &mut |values| {
        if let [Value::Int(id)] = values {
            places.insert(*id);
        }
    })?;
    Ok(Some(places.len()))
}

/// Questions of a version that ask what is known of enough villages below the form's place.
pub fn known_questions(ask: &Ask, form: &Form, version: &FormVersion) -> Result<Vec<Path>, Problem> {
    let place = ask.place(form.place)?;
    let Some((since, share)) = known_since(ask, &place)? else { return Ok(Vec::new()) };
    let scope = Scope::Within(vec![(place.id, place.level, place.org)]);
    let villages = [
        Condition::OneOf("level".into(), vec![Level::Village.word().into()]),
        Condition::OneOf("closed".into(), vec![0_i64.into()]),
    ];
    let mut all = 0_usize;
    ask.app.store.columns(ViewId::Places, &scope, &villages, &["id"], &mut |_| all += 1)?;
    let mut found = Vec::new();
    for (path, what) in asks(ask, form, version)? {
        let flagged = match known_of(ask, &scope, &what, since)? {
            // Which village it is, a form may ask.
            None => false,
            Some(known) => all > 0 && known * 100 >= all * usize::from(share),
        };
        if let (true, Ok(path)) = (flagged, domain::basics::Text::new(&path)) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Finds for a publishing what its questions ask that is known.
pub fn complete(ask: &Ask, command: &mut Command) -> Result<(), Problem> {
    if let Command::Surveys(surveys::Command::Publish { form, version, known, .. }) = command {
        known.clear();
        // Whoever may not is told so by the rules.
        let Some(row) = mapping::managed(ask, *form)? else { return Ok(()) };
        if let Some(version) = row.version(version.as_ref()) {
            *known = known_questions(ask, &row, version)?;
        }
    }
    Ok(())
}

/// Questions of a form that ask for what facts may know.
pub struct Asks(Vec<(String, What)>);

/// Looks through a form once, for any number of villages.
pub fn looked_through(ask: &Ask, form: &Form, version: &FormVersion) -> Result<Asks, Problem> {
    asks(ask, form, version).map(Asks)
}

/// What facts know of a village, for the questions of a form that is opened there.
pub fn known_answers(ask: &Ask, asked: &Asks, place: &Place) -> Result<Vec<KnownAnswer>, Problem> {
    if asked.0.is_empty() || place.level != Level::Village {
        return Ok(Vec::new());
    }
    let Some((since, _)) = known_since(ask, place)? else { return Ok(Vec::new()) };
    let mut known = Vec::new();
    for (path, what) in &asked.0 {
        let answer = match what {
            What::Code => Some((place.code.as_str().to_owned(), None)),
            What::Name => Some((place.name.clone(), None)),
            What::Count(what) => place.counts.get(what).filter(|c| c.on >= since).map(|c| (c.value.to_string(), Some(c.on))),
            What::Figure(figure) => latest(ask, place, figure, since)?,
        };
        if let Some((value, on)) = answer {
            known.push(KnownAnswer { path: path.clone(), value, on });
        }
    }
    Ok(known)
}

/// The latest reading of a figure at a village.
fn latest(ask: &Ask, place: &Place, figure: &str, since: Day) -> Result<Option<(String, Option<Day>)>, Problem> {
    let list = List {
        view: ViewId::Readings,
        scope: Scope::All,
        conditions: vec![
            Condition::OneOf("place".into(), vec![place.id.into()]),
            Condition::OneOf("figure".into(), vec![figure.into()]),
            Condition::OneOf("withdrawn".into(), vec![0_i64.into()]),
            Condition::From("on".into(), since.into()),
        ],
        sort: Some(("on".into(), true)),
        after: None,
        limit: 1,
    };
    let Some(row) = ask.app.store.list(&list)?.rows.into_iter().next() else { return Ok(None) };
    let reading: Reading = serde_json::from_str(&row.data)?;
    Ok(Some((written(reading.value, reading.decimals), Some(reading.on))))
}

/// A number with its point, without noughts behind it.
fn written(value: i64, decimals: u8) -> String {
    let digits = format!("{:0width$}", value.unsigned_abs(), width = usize::from(decimals) + 1);
    let (whole, part) = digits.split_at(digits.len() - usize::from(decimals));
    let part = part.trim_end_matches('0');
    let sign = if value < 0 { "-" } else { "" };
    if part.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_somebody_would() {
        for (value, decimals, text) in
            [(35, 1, "3.5"), (30, 1, "3"), (3, 0, "3"), (-5, 2, "-0.05"), (0, 2, "0"), (12_340, 4, "1.234"), (5, 4, "0.0005")]
        {
            assert_eq!(written(value, decimals), text);
        }
    }
}
