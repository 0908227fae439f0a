//! Indicators: their catalogue, and their values by place, counted from the views and kept until the views change.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use domain::{
    ViewId,
    basics::{Capability, PlaceId, Value as Cell},
    indicators::{self, Condition as Wanted, Formula, Indicator, Selection, VILLAGES},
    places::Level,
};
use serde_json::json;
use store::{Condition, Groups, Scope};

use crate::{
    answer::{Answer, Problem},
    answers::{IndicatorAnswer, IndicatorInfo, IndicatorValue, Missing},
    ask::Ask,
    rows::{Briefs, marked},
};

type Values = HashMap<i64, (i64, Option<i64>)>;

/// Values kept by indicator, level, scope and day.
#[derive(Default)]
pub struct Cache(Mutex<HashMap<String, (u64, Arc<Values>)>>);

/// Values kept at a time.
const KEPT_MAX: usize = 64;

fn named(name: &str) -> Result<&'static Indicator, Problem> {
    indicators::ALL.iter().find(|i| i.name == name).copied().ok_or_else(Problem::not_found)
}

/// `GET /api/indicators`.
pub fn catalogue(_ask: &Ask) -> Result<Answer, Problem> {
    let told = |i: &&'static Indicator| {
        let Indicator { name, unit, better, levels, source, missing, uncertainty, .. } = **i;
        IndicatorInfo { name, unit, better, levels, source, missing, uncertainty }
    };
    Ok(Answer::json(&json!(indicators::ALL.iter().map(told).collect::<Vec<_>>())))
}

/// `GET /api/indicators/{name}`.
pub fn values(ask: &Ask) -> Result<Answer, Problem> {
    let name: String = ask.path(0)?;
    let indicator = named(&name)?;
    let scope = ask.scope(Capability::Read)?;
    let level = level_asked(ask, &scope)?;
    let found = numbers(ask, indicator, level, &scope)?;
    // Every place of the level is named, also those without a value: missing is not zero.
    let mut ids = Vec::new();
    let open =
        [Condition::OneOf("level".into(), vec![level.word().into()]), Condition::OneOf("closed".into(), vec![Cell::Int(0)])];
    ask.app.store.columns(ViewId::Places, &scope, &open, &["id"], &mut |v| {
        if let [Cell::Int(id)] = v {
            ids.push(PlaceId(*id));
        }
    })?;
    let briefs = Briefs::load(ask, &ids)?;
    let values = ids
        .iter()
        .filter_map(|id| {
            let (numerator, denominator) = found.get(&id.0).copied().unwrap_or_else(|| nothing(&indicator.formula));
            let value = indicators::evaluate(&indicator.formula, numerator, denominator);
            let missing = value.is_none().then_some(Missing::NoDenominator);
            let from = from(ask, &indicator.formula, Some(*id));
            Some(IndicatorValue { place: briefs.get(*id)?, value, numerator, denominator, missing, from })
        })
        .collect();
    Ok(Answer::json(&marked(ask, IndicatorAnswer { name: indicator.name, unit: indicator.unit, level, values })))
}

/// Values of an indicator by place id, for the map.
pub fn by_place(ask: &Ask, name: &str, level: Level) -> Result<HashMap<i64, i64>, Problem> {
    let indicator = named(name)?;
    let scope = ask.scope(Capability::Read)?;
    let found = numbers(ask, indicator, level, &scope)?;
    let mut values = HashMap::new();
    let open =
        [Condition::OneOf("level".into(), vec![level.word().into()]), Condition::OneOf("closed".into(), vec![Cell::Int(0)])];
    ask.app.store.columns(ViewId::Places, &scope, &open, &["id"], &mut |v| {
        if let [Cell::Int(id)] = v {
            let (numerator, denominator) = found.get(id).copied().unwrap_or_else(|| nothing(&indicator.formula));
            if let Some(value) = indicators::evaluate(&indicator.formula, numerator, denominator) {
                values.insert(*id, value);
            }
        }
    })?;
    Ok(values)
}

/// What a place without any row has: nothing of it, out of nothing.
fn nothing(formula: &Formula) -> (i64, Option<i64>) {
    match formula {
        Formula::Count(_) => (0, None),
        Formula::Sum { .. } | Formula::Share { .. } | Formula::Mean { .. } | Formula::Per { .. } => (0, Some(0)),
    }
}

fn level_asked(ask: &Ask, scope: &Scope) -> Result<Level, Problem> {
    match ask.param("level") {
        None | Some("" | "child") => crate::rows::child_level(ask, scope),
        Some(word) => {
            Level::ALL.into_iter().find(|l| l.word() == word).ok_or_else(|| Problem::bad_query(format!("level={word}")))
        }
    }
}

fn numbers(ask: &Ask, indicator: &'static Indicator, level: Level, scope: &Scope) -> Result<Arc<Values>, Problem> {
    let positions = ask.app.store.positions();
    let age = positions.of(ViewId::Places) ^ (positions.of(ViewId::Problems) << 32);
    let key = format!("{} {level:?} {} {scope:?}", indicator.name, ask.today());
    if let Ok(kept) = ask.app.indicators.0.lock()
        && let Some((made, values)) = kept.get(&key)
        && *made == age
    {
        return Ok(values.clone());
    }
    let values = Arc::new(compute(ask, &indicator.formula, level, scope)?);
    if let Ok(mut kept) = ask.app.indicators.0.lock() {
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(key, (age, values.clone()));
    }
    Ok(values)
}

fn compute(ask: &Ask, formula: &Formula, level: Level, scope: &Scope) -> Result<Values, Problem> {
    let grouped = |of: &Selection, sum: Option<&str>| grouped_by(ask, of.view, of.conditions, sum, level, scope);
    let mut values = Values::new();
    match formula {
        Formula::Count(of) => {
            for (id, (count, _)) in grouped(of, None)? {
                values.insert(id, (count, None));
            }
        }
        Formula::Sum { of, column } => {
            for (id, (count, sum)) in grouped(of, Some(column))? {
                values.insert(id, (sum, Some(count)));
            }
        }
        Formula::Share { of, among } => {
            let of = grouped(of, None)?;
            for (id, (all, _)) in grouped(among, None)? {
                values.insert(id, (of.get(&id).map_or(0, |v| v.0), Some(all)));
            }
        }
        Formula::Mean { of, column } => {
            for (id, (count, sum)) in grouped(of, Some(column))? {
                values.insert(id, (sum, Some(count)));
            }
        }
        Formula::Per { of, column, .. } => {
            let of = grouped(of, None)?;
            let mut having = VILLAGES.conditions.to_vec();
            having.push(Wanted::From(column, 0));
            let having: HashMap<i64, (i64, i64)> = grouped_by(ask, VILLAGES.view, &having, Some(column), level, scope)?;
            for (id, (villages, _)) in grouped(&VILLAGES, None)? {
                // A part of the denominator would make the rate too high: it counts only where every village has the number.
                let whole = having.get(&id).filter(|(count, _)| *count == villages).map_or(0, |(_, sum)| *sum);
                values.insert(id, (of.get(&id).map_or(0, |v| v.0), Some(whole)));
            }
        }
    }
    Ok(values)
}

/// Rows and sums by place of a level.
fn grouped_by(
    ask: &Ask,
    view: &str,
    wanted: &[Wanted],
    sum: Option<&str>,
    level: Level,
    scope: &Scope,
) -> Result<HashMap<i64, (i64, i64)>, Problem> {
    let groups = Groups {
        view: ViewId::from_name(view).ok_or_else(|| Problem::accident(format!("an indicator over {view}")))?,
        scope: scope.clone(),
        conditions: wanted.iter().map(|c| store_condition(ask, c)).collect(),
        by: vec![format!("@{}", level.word())],
        sum: sum.map(str::to_owned),
    };
    let mut found = HashMap::new();
    for group in ask.app.store.groups(&groups)? {
        if let Some(Cell::Int(id)) = group.keys.first() {
            found.insert(*id, (group.count, group.sum.unwrap_or(0)));
        }
    }
    Ok(found)
}

fn conditions(ask: &Ask, selection: &Selection) -> Vec<Condition> {
    selection.conditions.iter().map(|c| store_condition(ask, c)).collect()
}

/// The list behind a value: its numerator's rows at the place.
fn from(ask: &Ask, formula: &Formula, place: Option<PlaceId>) -> String {
    let selection = match formula {
        Formula::Count(of)
        | Formula::Sum { of, .. }
        | Formula::Share { of, .. }
        | Formula::Mean { of, .. }
        | Formula::Per { of, .. } => of,
    };
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    if let Some(place) = place {
        query.append_pair("place", &place.key());
    }
    for condition in conditions(ask, selection) {
        let cell = |v: &Cell| match v {
            Cell::Int(i) => i.to_string(),
            Cell::Text(t) => t.clone(),
            Cell::Null | Cell::Bytes(_) => String::new(),
        };
        match condition {
            Condition::OneOf(name, values) => query.append_pair(&name, &values.iter().map(cell).collect::<Vec<_>>().join(",")),
            Condition::From(name, v) => query.append_pair(&format!("{name}.from"), &cell(&v)),
            Condition::UpTo(name, v) => query.append_pair(&format!("{name}.to"), &cell(&v)),
            Condition::Below(..) if selection.view == "problems" => query.append_pair("overdue", "1"),
            Condition::Below(..) | Condition::Words(_) => &mut query,
        };
    }
    format!("/api/rows/{}?{}", selection.view, query.finish())
}

fn store_condition(ask: &Ask, condition: &Wanted) -> Condition {
    match condition {
        Wanted::OneOf(column, words) => Condition::OneOf((*column).into(), words.iter().map(|w| Cell::from(*w)).collect()),
        Wanted::From(column, least) => Condition::From((*column).into(), Cell::Int(*least)),
        Wanted::Since(column, day) => Condition::From((*column).into(), day.on(ask.today()).into()),
        Wanted::Before(column, day) => Condition::Below((*column).into(), day.on(ask.today()).into()),
    }
}
