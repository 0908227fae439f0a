//! 一村一档: everything known of a place on one page, made of the sections that rooms declare.

use domain::{
    DOSSIER, ViewId,
    basics::{Capability, PlaceId},
};
use serde_json::{Value, json};
use store::{Condition, List, Scope, StoredRow};

use crate::{
    answer::{Answer, Problem},
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
    told_place["may"] = json!(command::may(ask, ViewId::Places, &row)?);
    let above = Briefs::load(ask, &place.within)?;
    let ancestors: Vec<Value> = place.within.iter().filter_map(|id| above.get(*id)).collect();

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
    let children: Vec<Value> = child_rows
        .into_iter()
        .map(|r| {
            let mut brief = r["place"].clone();
            brief["row"] = json!({ "class": r["row"]["class"], "grade": r["row"]["grade"], "closed": r["row"]["closed"], "kind": r["row"]["kind"] });
            brief
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
        sections.push(json!({
            "room": section.room, "view": section.view, "columns": section.columns,
            "rows": rows::told(ask, view, &page.rows)?, "more": page.next.is_some(),
        }));
    }
    let more_children = page.next.is_some();
    let level_below = below(place.level);
    let may_read = ask.may(Capability::Read, &place)?;
    debug_assert!(may_read);
    Ok(Answer::json(&marked(
        ask,
        json!({
            "place": told_place, "ancestors": ancestors, "children": children, "children_more": more_children,
            "children_level": level_below, "sections": sections,
        }),
    )))
}
