//! A plan as people look at it: by village, work and year; by source and year; what waits, and what was left out and why.

use std::collections::{BTreeMap, HashMap};

use domain::{
    Row, ViewId,
    basics::{Capability, PlaceId, PlanId, Value as Cell},
    planning::PlanRow,
    problems::Field,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    field_name,
    instance::{LeftOut, PosedWork, UNIT_FEN},
    search::Kept,
    yuan,
};
use crate::{
    answer::{Answer, Problem},
    answers::PlaceBrief,
    ask::Ask,
    export::{self, Table},
    rows::{Briefs, marked},
    villages::{head, page},
};

/// One work of a plan.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PlanItem {
    /// The village.
    #[serde(skip)]
    pub village: usize,
    /// The kind of work, by its position in `works`.
    pub work: usize,
    /// Calendar year.
    pub year: u16,
    /// The standard, from 1.
    pub level: u8,
    /// Units.
    pub quantity: i64,
    /// What it costs, in fen.
    pub cost_fen: i64,
    /// Of that paid by the village itself.
    pub own_fen: i64,
    /// Hours of the villagers' labour.
    pub labour_hours: i64,
    /// Points of benefit, in hundredths.
    pub benefit: i64,
}

/// A need that is not in the plan.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PlanWaiting {
    /// The kind of work.
    pub work: String,
    /// Why a rule of the brief leaves it out; none: it was weighed, and other works brought more for the money.
    #[schema(required)]
    pub why: Option<LeftOut>,
}

/// A village's part of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillagePlan {
    /// The village.
    pub place: PlaceBrief,
    /// Whether it is of the tenth that is worst off.
    pub worst_off: bool,
    /// Its works, by year.
    pub items: Vec<PlanItem>,
    /// What waits.
    pub waiting: Vec<PlanWaiting>,
}

/// One year of a plan.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct PlanYear {
    /// Calendar year.
    pub year: u16,
    /// Works.
    pub works: usize,
    /// What they cost, in fen.
    pub cost_fen: i64,
    /// Of that paid by villages themselves.
    pub own_fen: i64,
    /// Points of benefit reached by the end of the year, in permille of all that the needs of the plan's villages would bring.
    pub reached_permille: i64,
    /// The same for the tenth of villages that is worst off.
    pub worst_off_permille: i64,
}

/// A source over the years.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanFund {
    /// What it is called.
    pub name: String,
    /// What kind of source.
    pub source: String,
    /// What it has in each year, the reserve taken off, in fen.
    pub has_fen: Vec<i64>,
    /// What it pays in each year, in fen.
    pub pays_fen: Vec<i64>,
    /// What a million yuan more in that year would bring at most, in hundredths of a point.
    pub million: Vec<i64>,
}

/// Money by works field and year.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanField {
    /// Works field.
    pub field: Field,
    /// Fen by year.
    pub cost_fen: Vec<i64>,
}

/// A plan with everything that is drawn of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanAnswer {
    /// What is on record.
    pub plan: PlanRow,
    /// For which place.
    pub place: PlaceBrief,
    /// Title of the brief.
    pub brief_title: String,
    /// How far it is from the best at most, in millionths.
    pub gap_ppm: i64,
    /// Calendar years.
    pub years: Vec<u16>,
    /// Kinds of works.
    pub works: Vec<PosedWork>,
    /// By year.
    pub by_year: Vec<PlanYear>,
    /// By source.
    pub funds: Vec<PlanFund>,
    /// By works field.
    pub fields: Vec<PlanField>,
    /// Villages, those with works first, by code.
    pub villages: Vec<VillagePlan>,
    /// How many there are.
    pub count: usize,
    /// Where the next page begins, if there is one.
    #[schema(required)]
    pub next: Option<String>,
}

/// The works of a plan, by village and year.
pub fn items(kept: &Kept) -> Vec<PlanItem> {
    let (posed, at) = (&kept.posed, |n: i64| usize::try_from(n).unwrap_or(usize::MAX));
    let quantities: HashMap<(usize, usize), i64> = posed.quantities.iter().map(|(v, w, q)| ((*v, *w), *q)).collect();
    let mut items: Vec<PlanItem> = kept
        .plan
        .choices
        .iter()
        .filter_map(|choice| {
            let (village, work) = (at(choice.village), at(choice.work));
            let need = posed.instance.villages.get(village)?.needs.iter().find(|n| n.work == choice.work)?;
            let option = need.options.iter().find(|o| o.level == choice.level)?;
            Some(PlanItem {
                village,
                work,
                year: *posed.years.get(at(choice.year))?,
                level: u8::try_from(choice.level).ok()?,
                quantity: quantities.get(&(village, work)).copied().unwrap_or(0),
                cost_fen: (option.shared + option.own) * UNIT_FEN,
                own_fen: option.own * UNIT_FEN,
                labour_hours: option.labour,
                benefit: option.benefit,
            })
        })
        .collect();
    items.sort_by_key(|i| (i.village, i.year, i.work));
    items
}

/// The plan that is asked for, where the caller may read its place, with what was kept of it.
fn found(ask: &Ask, capability: Capability) -> Result<(PlanRow, Kept), Problem> {
    let id: PlanId = ask.path(0)?;
    let Some(Row::Plans(row)) = ask.app.store.row(ViewId::Plans, &id.key())? else { return Err(Problem::not_found()) };
    if !ask.may(capability, &ask.place(row.place)?)? {
        return Err(Problem::not_found());
    }
    let content = ask.app.store.files().read(&row.made.file)?;
    Ok((*row, serde_json::from_slice(&content)?))
}

fn by_year(kept: &Kept, items: &[PlanItem]) -> Vec<PlanYear> {
    let posed = &kept.posed;
    let best = |village: &planner::instance::Village| -> i64 {
        village.needs.iter().map(|n| n.options.iter().map(|o| o.benefit).max().unwrap_or(0)).sum()
    };
    let worst = |village: usize| posed.villages.get(village).is_some_and(|id| posed.worst_off.binary_search(id).is_ok());
    let all: i64 = posed.instance.villages.iter().map(best).sum();
    let of_worst: i64 = posed.instance.villages.iter().enumerate().filter(|(n, _)| worst(*n)).map(|(_, v)| best(v)).sum();
    let permille = |part: i64, whole: i64| if whole > 0 { (i128::from(part) * 1000 / i128::from(whole)) as i64 } else { 0 };
    let (mut reached, mut reached_by_worst) = (0, 0);
    let year = |year: &u16| {
        let mut sum = PlanYear { year: *year, ..PlanYear::default() };
        for item in items.iter().filter(|i| i.year == *year) {
            sum.works += 1;
            sum.cost_fen += item.cost_fen;
            sum.own_fen += item.own_fen;
            reached += item.benefit;
            reached_by_worst += if worst(item.village) { item.benefit } else { 0 };
        }
        sum.reached_permille = permille(reached, all);
        sum.worst_off_permille = permille(reached_by_worst, of_worst);
        sum
    };
    posed.years.iter().map(year).collect()
}

fn funds(kept: &Kept) -> Vec<PlanFund> {
    let years = kept.posed.years.len();
    let mut pays = vec![vec![0; years]; kept.posed.instance.pools.len()];
    for payment in &kept.plan.funds {
        let (pool, year) = (usize::try_from(payment.pool).ok(), usize::try_from(payment.year).ok());
        if let Some(cell) = pool.and_then(|p| pays.get_mut(p)).zip(year).and_then(|(row, y)| row.get_mut(y)) {
            *cell += payment.amount * UNIT_FEN;
        }
    }
    let fund = |((pool, pays_fen), million): ((&planner::instance::Pool, Vec<i64>), &Vec<i64>)| PlanFund {
        name: pool.id.clone(),
        source: pool.source.clone(),
        has_fen: pool.cap.iter().map(|c| c * UNIT_FEN).collect(),
        pays_fen,
        million: million.iter().map(|m| m / 1000).collect(),
    };
    kept.posed.instance.pools.iter().zip(pays).zip(&kept.million).map(fund).collect()
}

/// `GET /api/plans/{plan}?place=&limit=&after=`.
pub fn plan(ask: &Ask) -> Result<Answer, Problem> {
    let (row, kept) = found(ask, Capability::Read)?;
    let posed = &kept.posed;
    let items = items(&kept);
    let mut fields: BTreeMap<Field, Vec<i64>> = BTreeMap::new();
    for item in &items {
        let by_year = fields.entry(posed.works[item.work].field).or_insert_with(|| vec![0; posed.years.len()]);
        if let Some(n) = posed.years.iter().position(|y| *y == item.year) {
            by_year[n] += item.cost_fen;
        }
    }
    let mut left_out: HashMap<PlaceId, Vec<PlanWaiting>> = HashMap::new();
    for out in &posed.left_out {
        left_out.entry(out.place).or_default().push(PlanWaiting { work: out.work.clone(), why: Some(out.why) });
    }
    // Villages of the plan as it was made, and those of which everything was left out.
    let mut ids: Vec<PlaceId> = posed.villages.clone();
    let mut bare: Vec<PlaceId> = left_out.keys().copied().filter(|id| !posed.villages.contains(id)).collect();
    bare.sort_unstable();
    ids.extend(bare);
    if ask.param("place").is_some_and(|p| !p.is_empty()) {
        let within = ask.readable_place(PlaceId(ask.need("place")?))?;
        let briefs = Briefs::load(ask, &ids)?;
        ids.retain(|id| briefs.place(*id).is_some_and(|p| p.is_or_is_within(within.id)));
    }
    let (from, to, next) = page(ask, &ids)?;
    let mut wanted = ids[from..to].to_vec();
    wanted.push(row.place);
    let briefs = Briefs::load(ask, &wanted)?;
    let village = |id: &PlaceId| {
        let n = posed.villages.iter().position(|v| v == id);
        let own: Vec<PlanItem> = items.iter().filter(|i| Some(i.village) == n).cloned().collect();
        let needs = n.and_then(|n| posed.instance.villages.get(n)).map(|v| v.needs.as_slice()).unwrap_or_default();
        let missing = needs.iter().filter(|need| !own.iter().any(|i| i.work as i64 == need.work));
        let weighed = missing.filter_map(|need| posed.works.get(usize::try_from(need.work).ok()?));
        let mut waiting: Vec<PlanWaiting> = weighed.map(|w| PlanWaiting { work: w.work.clone(), why: None }).collect();
        waiting.extend(left_out.get(id).into_iter().flatten().cloned());
        let worst_off = posed.worst_off.binary_search(id).is_ok();
        Some(VillagePlan { place: briefs.get(*id)?, worst_off, items: own, waiting })
    };
    let villages = ids[from..to].iter().filter_map(village).collect();
    let brief_title = match ask.app.store.row(ViewId::Briefs, &row.brief.key())? {
        Some(Row::Briefs(brief)) => brief.title.to_string(),
        _ => String::new(),
    };
    let answer = PlanAnswer {
        place: briefs.get(row.place).ok_or_else(Problem::not_found)?,
        gap_ppm: row.gap_ppm(),
        plan: row,
        brief_title,
        years: posed.years.clone(),
        works: posed.works.clone(),
        by_year: by_year(&kept, &items),
        funds: funds(&kept),
        fields: fields.into_iter().map(|(field, cost_fen)| PlanField { field, cost_fen }).collect(),
        villages,
        count: ids.len(),
        next,
    };
    Ok(Answer::json(&marked(ask, answer)))
}

/// `GET /api/plans/{plan}/{file}`: works.csv or works.xlsx; instance.json and plan.json for whoever checks it outside.
pub fn plan_export(ask: &Ask) -> Result<Answer, Problem> {
    let (_, kept) = found(ask, Capability::Export)?;
    let file: String = ask.path(1)?;
    match file.as_str() {
        "instance.json" => return Ok(Answer::bytes("application/vnd.qw-plan-1+json", serde_json::to_vec(&kept.posed.instance)?)),
        "plan.json" => return Ok(Answer::bytes("application/vnd.qw-plan-1+json", serde_json::to_vec(&kept.plan)?)),
        _ => {}
    }
    let posed = &kept.posed;
    let briefs = Briefs::load(ask, &posed.villages)?;
    let row = |item: PlanItem| {
        let (work, place) = (&posed.works[item.work], briefs.get(*posed.villages.get(item.village)?)?);
        let level = usize::from(item.level).checked_sub(1).and_then(|n| work.levels.get(n)).cloned().unwrap_or_default();
        Some(vec![
            Cell::from(place.code),
            place.name.into(),
            i64::from(item.year).into(),
            work.work.as_str().into(),
            work.name.as_str().into(),
            field_name(ask, work.field).into(),
            level.into(),
            item.quantity.into(),
            work.unit.as_str().into(),
            yuan(item.cost_fen),
            yuan(item.own_fen),
            item.labour_hours.into(),
            place.path.join(" / ").into(),
        ])
    };
    let rows = items(&kept).into_iter().filter_map(row).collect();
    let names = [
        "column.code",
        "column.name",
        "column.year",
        "column.work",
        "sheet.work_name",
        "column.field",
        "sheet.level_name",
        "column.quantity",
        "column.unit",
        "sheet.cost_yuan",
        "sheet.own_yuan",
        "column.labour_hours",
        "export.path",
    ];
    export::file(ask, &file, "works", &Table { head: head(ask, &names), rows })
}
