//! Villages of a scope one by one, for what is counted when somebody looks, and which rule holds in each.

use std::collections::HashMap;

use domain::{
    ViewId,
    basics::{PlaceId, Value as Cell},
    places::{Level, Place},
    rules::{Rule, RuleRow},
};
use store::{Condition, List, Scope};

use crate::{answer::Problem, ask::Ask, rows, wording::text};

/// Rows read at a time.
const ROWS_AT_ONCE: usize = 5_000;

/// An open village with what it lies in.
pub struct Village {
    /// Its id.
    pub id: PlaceId,
    /// Its code.
    pub code: String,
    /// Township, county, city, province; those that are there.
    pub above: Vec<PlaceId>,
}

impl Village {
    /// Itself and what it lies in, the nearest first.
    pub fn chain(&self) -> impl Iterator<Item = PlaceId> + '_ {
        std::iter::once(self.id).chain(self.above.iter().copied())
    }

    /// Whether it is or lies in one of these.
    pub fn lies_in(&self, places: &[PlaceId]) -> bool {
        self.chain().any(|id| places.contains(&id))
    }
}

fn open_villages() -> Vec<Condition> {
    vec![one_of("level", Level::Village.word()), one_of("closed", false)]
}

/// The open villages of a scope, by code.
pub fn villages(ask: &Ask, scope: &Scope) -> Result<Vec<Village>, Problem> {
    let mut found = Vec::new();
    let names = ["id", "code", "township", "county", "city", "province"];
    ask.app.store.columns(ViewId::Places, scope, &open_villages(), &names, &mut |values| {
        if let [Cell::Int(id), Cell::Text(code), above @ ..] = values {
            let above = above.iter().filter_map(|v| if let Cell::Int(id) = v { Some(PlaceId(*id)) } else { None }).collect();
            found.push(Village { id: PlaceId(*id), code: code.clone(), above });
        }
    })?;
    found.sort_unstable_by(|a, b| a.code.cmp(&b.code));
    Ok(found)
}

/// The same with everything known of them.
pub fn whole_villages(ask: &Ask, scope: &Scope) -> Result<Vec<Place>, Problem> {
    rows_within(ask, ViewId::Places, scope.clone(), open_villages())
}

/// The place itself and what it lies in, the nearest first.
pub fn nearest_first(place: &Place) -> impl Iterator<Item = PlaceId> + '_ {
    std::iter::once(place.id).chain(place.within.iter().rev().copied())
}

/// Rows of a view, all that there are.
pub fn rows_of<T: serde::de::DeserializeOwned>(ask: &Ask, view: ViewId, conditions: Vec<Condition>) -> Result<Vec<T>, Problem> {
    rows_within(ask, view, Scope::All, conditions)
}

fn rows_within<T: serde::de::DeserializeOwned>(
    ask: &Ask,
    view: ViewId,
    scope: Scope,
    conditions: Vec<Condition>,
) -> Result<Vec<T>, Problem> {
    let mut list = List { view, scope, conditions, sort: None, after: None, limit: ROWS_AT_ONCE };
    let mut all = Vec::new();
    loop {
        let page = ask.app.store.list(&list)?;
        for row in &page.rows {
            all.push(serde_json::from_str(&row.data)?);
        }
        match page.next {
            Some(next) => list.after = Some(next),
            None => return Ok(all),
        }
    }
}

/// That a column has this value.
pub fn one_of(column: &str, value: impl Into<Cell>) -> Condition {
    Condition::OneOf(column.into(), vec![value.into()])
}

/// A rule as it holds on the day of asking, by the places that have set it.
pub struct Nearest<T>(HashMap<PlaceId, T>);

impl<T> Nearest<T> {
    /// The rule with this name, wherever it was set.
    pub fn load(ask: &Ask, rule: &str, value: impl Fn(&Rule) -> Option<T>) -> Result<Nearest<T>, Problem> {
        let set: Vec<RuleRow> = rows_of(ask, ViewId::Rules, vec![one_of("rule", rule)])?;
        let today = ask.today();
        Ok(Nearest(set.iter().filter_map(|row| Some((row.place, value(row.on(today)?)?))).collect()))
    }

    /// What holds at a place, given with what it lies in, the nearest first; and where it was set.
    pub fn of(&self, mut chain: impl Iterator<Item = PlaceId>) -> Option<(PlaceId, &T)> {
        chain.find_map(|id| Some((id, self.0.get(&id)?)))
    }

    /// Every value.
    pub fn all(&self) -> impl Iterator<Item = &T> {
        self.0.values()
    }
}

/// A page out of what was counted, from and to: its beginning stands in `after`. And where the next one begins.
pub fn page<T>(ask: &Ask, all: &[T]) -> Result<(usize, usize, Option<String>), Problem> {
    let from = match ask.param("after").filter(|a| !a.is_empty()) {
        None => 0,
        Some(_) => ask.need::<usize>("after")?.min(all.len()),
    };
    let to = from.saturating_add(rows::limit(ask)?).min(all.len());
    Ok((from, to, (to < all.len()).then(|| to.to_string())))
}

/// The head of a file in the language of the answer.
pub fn head(ask: &Ask, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| text(ask.language, name)).collect()
}
