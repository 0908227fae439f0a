//! 一村一档: everything known of a place on one page, made of the sections that rooms declare.

use domain::{
    DOSSIER, ViewId,
    basics::{Capability, PlaceId},
};
use serde_json::Value;
use store::{Condition, List, Scope, StoredRow};

use crate::{
    answer::{Answer, Problem},
    answers::{Dossier, DossierSection, PlaceBelow, PlaceBelowRow},
    ask::{Ask, below},
    command,
    rows::{self, Briefs, marked},
};

/// Rows of one section; the rest is one click away.
const SECTION_ROWS: usize = 20;

/// `GET /api/places/{id}/dossier`.
pub fn dossier(ask: &Ask) -> Result<Answer, Problem> {
    let id = PlaceId(ask.path(0)?);
    let place = ask.readable_place(id)?;
    let row = domain::Row::Places(Box::new(place.clone()));
    let stored = StoredRow { key: id.key(), data: row.encode(), values: row.values() };
    let mut told_place = rows::told(ask, ViewId::Places, std::slice::from_ref(&stored))?.remove(0);
    told_place.may = Some(command::may(ask, ViewId::Places, &row)?);
    let above = Briefs::load(ask, &place.within)?;
    let ancestors = place.within.iter().filter_map(|id| above.get(*id)).collect();

    let children = List {
        view: ViewId::Places,
        scope: Scope::All,
        conditions: vec![Condition::OneOf("parent".into(), vec![id.into()])],
        sort: Some(("code".into(), false)),
        after: None,
        limit: 200,
    };
    let page = ask.app.store.list(&children)?;
    let child_rows = rows::told(ask, ViewId::Places, &page.rows)?;
    let children = child_rows
        .into_iter()
        .filter_map(|mut r| {
            let mut shown = |name: &str| r.row.get_mut(name).map_or(Value::Null, Value::take);
            let row =
                PlaceBelowRow { class: shown("class"), grade: shown("grade"), closed: shown("closed"), kind: shown("kind") };
            Some(PlaceBelow { place: r.place?, row })
        })
        .collect();

    let mut sections = Vec::new();
    for section in DOSSIER {
        let Some(view) = ViewId::from_name(section.view) else { continue };
        let (column, down) = section.sort.strip_prefix('-').map_or((section.sort, false), |c| (c, true));
        let list = List {
            view,
            scope: ask.narrowed(&place),
            conditions: Vec::new(),
            sort: Some((column.to_owned(), down)),
            after: None,
            limit: SECTION_ROWS,
        };
        let page = ask.app.store.list(&list)?;
        sections.push(DossierSection {
            room: section.room,
            view: section.view,
            columns: section.columns,
            rows: rows::told(ask, view, &page.rows)?,
            more: page.next.is_some(),
        });
    }
    let (children_more, children_level) = (page.next.is_some(), below(place.level));
    let may_read = ask.may(Capability::Read, &place)?;
    debug_assert!(may_read);
    let dossier = Dossier { place: told_place, ancestors, children, children_more, children_level, sections };
    Ok(Answer::json(&marked(ask, dossier)))
}
