//! The catalogue of works and the standards that hold at a place, and what villages are in need of. Needs are worked out from
//! figures, counts, problems and wishes when somebody looks; nothing is kept.

mod instance;
mod plans;
pub mod search;
mod words;

use std::collections::{BTreeMap, HashMap};

use domain::{
    ViewId,
    basics::{Capability, Day, PlaceId, Role, Value as Cell},
    places::{Class, Level, Place},
    planning::{
        Asks, Catalogue, Standards, WorkCode, WorkKind, WorkLevel,
        needs::{self, Basis, Known, Need, NeedState, Told},
    },
    problems::Field,
    rules::{Rule, RuleRow},
    surveys::Figure,
};
use serde::Serialize;
use store::{Condition, Scope};
use utoipa::ToSchema;

use crate::{
    answer::{Answer, Problem},
    answers::PlaceBrief,
    ask::Ask,
    export::{self, Table},
    rows::{self, Briefs, marked},
    villages::{Nearest, head, nearest_first, one_of, page, whole_villages},
    wording::text,
};

pub use plans::{PlanAnswer, plan, plan_export};

/// A kind of work with its name.
#[derive(Debug, Serialize, ToSchema)]
pub struct WorkTold {
    /// Its name in the catalogue.
    pub code: String,
    /// What the catalogue says.
    pub kind: WorkKind,
    /// What is taken of each standard for planning: the middle of its range, in fen.
    pub cost_fen: Vec<i64>,
}

/// What a village of some class should have of a kind of work.
#[derive(Debug, Serialize, ToSchema)]
pub struct StandardTold {
    /// The class; none: every class without standards of its own.
    #[schema(required)]
    pub class: Option<Class>,
    /// The kind of work.
    pub work: String,
    /// What it should have.
    pub asks: Asks,
    /// The standard of the catalogue that will do, from 1.
    pub level: u8,
}

/// Where a rule was set.
#[derive(Debug, Serialize, ToSchema)]
pub struct RuleSetAt {
    /// The place.
    #[schema(required)]
    pub place: Option<PlaceBrief>,
    /// Since when this version holds.
    pub from: Day,
    /// By which decision.
    pub reason: String,
    /// Key of its row in the view of rules.
    pub key: String,
}

/// The catalogue of works and the standards that hold at a place.
#[derive(Debug, Serialize, ToSchema)]
pub struct CatalogueAnswer {
    /// Kinds of works, by name.
    pub works: Vec<WorkTold>,
    /// Where the catalogue was set; none where there is none.
    #[schema(required)]
    pub catalogue: Option<RuleSetAt>,
    /// Standards, by class and work.
    pub classes: Vec<StandardTold>,
    /// Where they were set; none where there are none.
    #[schema(required)]
    pub standards: Option<RuleSetAt>,
    /// Roles whose look counts as seen.
    pub seen_by: Vec<Role>,
    /// A figure older than so many months is not known any more.
    #[schema(required)]
    pub known_months: Option<u16>,
    /// The two rules as they stand, to be changed and set again.
    #[schema(required)]
    pub catalogue_value: Option<Catalogue>,
    /// Standards as they stand.
    #[schema(required)]
    pub standards_value: Option<Standards>,
}

/// A figure with who told it.
#[derive(Debug, Serialize, ToSchema)]
pub struct FigureTold {
    /// Value × 10^decimals.
    pub value: i64,
    /// Digits behind the point.
    pub decimals: u8,
    /// On which day it held.
    pub on: Day,
    /// From which role; none where nothing says so.
    #[schema(required)]
    pub by: Option<Role>,
}

/// What villagers said when they were last asked.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WishTold {
    /// Households asked.
    pub asked: i64,
    /// Of these in favour.
    pub in_favour: i64,
    /// Percent in favour, rounded down.
    pub percent: i64,
    /// On which day.
    pub on: Day,
}

/// Where the facts under a need are; each a list of facts.
#[derive(Debug, Serialize, ToSchema)]
pub struct NeedFrom {
    /// Of the figure.
    #[schema(required)]
    pub figure: Option<String>,
    /// Of the denominator.
    #[schema(required)]
    pub count: Option<String>,
    /// Of the problems.
    #[schema(required)]
    pub problems: Option<String>,
    /// Of the wishes.
    #[schema(required)]
    pub wishes: Option<String>,
}

/// How one kind of work stands in one village.
#[derive(Debug, Serialize, ToSchema)]
pub struct NeedTold {
    /// The village.
    pub place: PlaceBrief,
    /// Its class.
    #[schema(required)]
    pub class: Option<Class>,
    /// The kind of work.
    pub work: String,
    /// What it is called.
    pub name: String,
    /// Works field.
    pub field: Field,
    /// What is counted.
    pub unit: String,
    /// The standard that the class asks for, from 1.
    pub level: u8,
    /// What it is called.
    pub level_name: String,
    /// What the class asks for.
    pub asks: Asks,
    /// Whether something is wanting.
    pub state: NeedState,
    /// What that rests on.
    pub basis: Basis,
    /// What the village has.
    #[schema(required)]
    pub has: Option<FigureTold>,
    /// What was said since by somebody else, where it differs.
    #[schema(required)]
    pub said: Option<FigureTold>,
    /// The denominator.
    #[schema(required)]
    pub of: Option<u32>,
    /// Whether the denominator shrank; then the larger one was taken.
    pub shrunk: bool,
    /// What it should have.
    #[schema(required)]
    pub should: Option<i64>,
    /// Units wanting.
    pub quantity: i64,
    /// What they cost at least, in fen.
    pub cost_min_fen: i64,
    /// What they cost at most, in fen.
    pub cost_max_fen: i64,
    /// What keeping them up costs in a year, in fen.
    pub upkeep_fen_per_year: i64,
    /// What villagers said of the work.
    #[schema(required)]
    pub wishes: Option<WishTold>,
    /// The facts under it.
    pub from: NeedFrom,
}

/// Needs of one kind of work together.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WorkNeeds {
    /// The kind of work.
    pub work: String,
    /// What it is called.
    pub name: String,
    /// Works field.
    pub field: Field,
    /// What is counted.
    pub unit: String,
    /// Together.
    #[serde(flatten)]
    pub total: NeedsTotal,
}

/// Needs together.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub struct NeedsTotal {
    /// Villages whose class should have it, once for each kind of work.
    pub asked: usize,
    /// Of these with something wanting.
    pub wanting: usize,
    /// Of the wanting, only said and seen by nobody.
    pub only_said: usize,
    /// Of these where nobody knows.
    pub unknown: usize,
    /// Units wanting.
    pub quantity: i64,
    /// What they cost at least, in fen.
    pub cost_min_fen: i64,
    /// What they cost at most, in fen.
    pub cost_max_fen: i64,
    /// What keeping them up costs in a year, in fen.
    pub upkeep_fen_per_year: i64,
}

impl NeedsTotal {
    fn add(&mut self, need: &Need) {
        let (min, max) = need.cost_fen();
        self.asked += 1;
        self.wanting += usize::from(need.state == NeedState::Wanting);
        self.only_said += usize::from(need.state == NeedState::Wanting && need.basis == Basis::Said);
        self.unknown += usize::from(need.state == NeedState::Unknown);
        self.quantity = self.quantity.saturating_add(need.quantity);
        self.cost_min_fen = self.cost_min_fen.saturating_add(min);
        self.cost_max_fen = self.cost_max_fen.saturating_add(max);
        self.upkeep_fen_per_year = self.upkeep_fen_per_year.saturating_add(need.upkeep_fen_per_year());
    }
}

/// The same for an area.
#[derive(Debug, Serialize, ToSchema)]
pub struct AreaNeeds {
    /// Which.
    #[schema(required)]
    pub place: Option<PlaceBrief>,
    /// Together. Units of different works are not added up: always 0.
    #[serde(flatten)]
    pub total: NeedsTotal,
}

/// What villages are in need of.
#[derive(Debug, Serialize, ToSchema)]
pub struct NeedsAnswer {
    /// Villages with a catalogue and standards.
    pub villages: usize,
    /// Villages for which nobody has set both.
    pub without_rules: usize,
    /// All together. Units of different works are not added up: always 0.
    pub total: NeedsTotal,
    /// By kind of work, the dearest first.
    pub works: Vec<WorkNeeds>,
    /// By the level below, the dearest first.
    pub areas: Vec<AreaNeeds>,
    /// Needs, the dearest first, then what nobody knows.
    pub rows: Vec<NeedTold>,
    /// How many there are.
    pub count: usize,
    /// Where the next page begins, if there is one.
    #[schema(required)]
    pub next: Option<String>,
}

fn catalogues(ask: &Ask) -> Result<Nearest<Catalogue>, Problem> {
    Nearest::load(ask, Rule::CATALOGUE, |rule| match rule {
        Rule::Catalogue(catalogue) => Some(catalogue.clone()),
        _ => None,
    })
}

fn standards(ask: &Ask) -> Result<Nearest<Standards>, Problem> {
    Nearest::load(ask, Rule::STANDARDS, |rule| match rule {
        Rule::Standards(standards) => Some(standards.clone()),
        _ => None,
    })
}

/// The place that is asked about: the one named, else one's own.
fn asked_place(ask: &Ask) -> Result<Place, Problem> {
    match ask.param("place").filter(|p| !p.is_empty()) {
        Some(_) => ask.readable_place(PlaceId(ask.need("place")?)),
        None => ask.home()?.ok_or_else(|| Problem::bad_query("place?")),
    }
}

fn set_at(ask: &Ask, place: PlaceId, rule: &str) -> Result<Option<RuleSetAt>, Problem> {
    let key = RuleRow::key(place, rule);
    let Some(domain::Row::Rules(row)) = ask.app.store.row(ViewId::Rules, &key)? else { return Ok(None) };
    let briefs = Briefs::load(ask, &[place])?;
    Ok(row.version_on(ask.today()).map(|v| RuleSetAt {
        place: briefs.get(place),
        from: v.from,
        reason: v.reason.to_string(),
        key,
    }))
}

fn catalogue_told(ask: &Ask) -> Result<CatalogueAnswer, Problem> {
    let place = asked_place(ask)?;
    let (catalogues, standards) = (catalogues(ask)?, standards(ask)?);
    let (catalogue, standards) = (catalogues.of(nearest_first(&place)), standards.of(nearest_first(&place)));
    let works = catalogue.iter().flat_map(|(_, c)| &c.works).map(|(code, kind)| WorkTold {
        code: code.to_string(),
        kind: kind.clone(),
        cost_fen: kind.levels.iter().map(WorkLevel::cost_fen).collect(),
    });
    let mut classes = Vec::new();
    if let Some((_, s)) = standards {
        let each = Class::ALL.iter().filter_map(|c| Some((Some(*c), s.by_class.get(c)?))).chain([(None, &s.otherwise)]);
        for (class, works) in each {
            classes.extend(works.iter().map(|(work, standard)| StandardTold {
                class,
                work: work.to_string(),
                asks: standard.asks.clone(),
                level: standard.level,
            }));
        }
    }
    let at = |found: Option<PlaceId>, rule| found.map(|id| set_at(ask, id, rule)).transpose().map(Option::flatten);
    Ok(CatalogueAnswer {
        works: works.collect(),
        catalogue: at(catalogue.map(|(id, _)| id), Rule::CATALOGUE)?,
        classes,
        standards: at(standards.map(|(id, _)| id), Rule::STANDARDS)?,
        seen_by: standards.map(|(_, s)| s.seen_by.clone()).unwrap_or_default(),
        known_months: standards.map(|(_, s)| s.known_months),
        catalogue_value: catalogue.map(|(_, c)| c.clone()),
        standards_value: standards.map(|(_, s)| s.clone()),
    })
}

/// `GET /api/catalogue?place=`.
pub fn catalogue(ask: &Ask) -> Result<Answer, Problem> {
    Ok(Answer::json(&marked(ask, catalogue_told(ask)?)))
}

/// `GET /api/catalogue/{file}?place=`: every standard of every kind of work.
pub fn catalogue_export(ask: &Ask) -> Result<Answer, Problem> {
    let told = catalogue_told(ask)?;
    let mut rows = Vec::new();
    for work in &told.works {
        let kind = &work.kind;
        let after: Vec<String> = kind.after.iter().map(|(code, lag)| format!("{code}+{lag}")).collect();
        let accepted: Vec<&str> = kind.accepted_when.iter().map(|t| t.as_str()).collect();
        for (n, level) in kind.levels.iter().enumerate() {
            rows.push(vec![
                work.code.as_str().into(),
                kind.name.as_str().into(),
                field_name(ask, kind.field).into(),
                kind.unit.as_str().into(),
                (n as i64 + 1).into(),
                level.name.as_str().into(),
                yuan(level.cost_min_fen),
                yuan(level.cost_max_fen),
                yuan(level.upkeep_fen_per_year),
                i64::from(level.labour_hours).into(),
                i64::from(level.benefit).into(),
                after.join(" ").into(),
                i64::from(kind.difficulty).into(),
                i64::from(kind.load).into(),
                kind.in_lines.into(),
                accepted.join("\n").into(),
            ]);
        }
    }
    let names = [
        "column.work",
        "column.name",
        "column.field",
        "column.unit",
        "column.level",
        "sheet.level_name",
        "sheet.cost_min_yuan",
        "sheet.cost_max_yuan",
        "sheet.upkeep_yuan_per_year",
        "column.labour_hours",
        "column.benefit",
        "column.after",
        "column.difficulty",
        "column.load",
        "column.in_lines",
        "column.accepted_when",
    ];
    export::file(ask, &ask.path::<String>(0)?, "catalogue", &Table { head: head(ask, &names), rows })
}

fn field_name(ask: &Ask, field: Field) -> String {
    text(ask.language, &format!("field.{}", field.word()))
}

/// Fen as yuan with two digits, for files.
fn yuan(fen: i64) -> Cell {
    format!("{}.{:02}", fen / 100, fen % 100).into()
}

/// What is known of every village, before needs are worked out.
struct Ground {
    villages: Vec<(Place, Known)>,
    wishes: HashMap<(PlaceId, String), WishTold>,
    catalogues: Nearest<Catalogue>,
    standards: Nearest<Standards>,
}

impl Ground {
    fn load(ask: &Ask, scope: &Scope) -> Result<Ground, Problem> {
        let (catalogues, standards) = (catalogues(ask)?, standards(ask)?);
        let mut places = whole_villages(ask, scope)?;
        places.sort_unstable_by(|a, b| a.code.cmp(&b.code));
        let mut figures: HashMap<PlaceId, BTreeMap<Figure, Vec<Told>>> = HashMap::new();
        let mut wanted: Vec<Cell> = standards.all().flat_map(Standards::figures).map(|f| f.as_str().into()).collect();
        wanted.sort_by_key(|f| if let Cell::Text(t) = f { t.clone() } else { String::new() });
        wanted.dedup();
        if !wanted.is_empty() {
            let counts = [Condition::OneOf("figure".into(), wanted), one_of("withdrawn", false)];
            let names = ["place", "figure", "value", "decimals", "on", "by"];
            ask.app.store.columns(ViewId::Readings, scope, &counts, &names, &mut |values| {
                if let [Cell::Int(place), Cell::Text(figure), Cell::Int(value), Cell::Int(decimals), Cell::Text(on), by] = values
                    && let (Ok(figure), Ok(on)) = (Figure::new(figure), on.parse())
                {
                    let by = if let Cell::Text(role) = by { Role::from_word(role) } else { None };
                    let told = Told { value: *value, decimals: u8::try_from(*decimals).unwrap_or(0), on, by };
                    figures.entry(PlaceId(*place)).or_default().entry(figure).or_default().push(told);
                }
            })?;
        }
        let mut problems: HashMap<PlaceId, BTreeMap<Field, u32>> = HashMap::new();
        let open = [one_of("open", true)];
        ask.app.store.columns(ViewId::Problems, scope, &open, &["place", "field", "state"], &mut |values| {
            if let [Cell::Int(place), Cell::Text(field), Cell::Text(state)] = values
                && state != "reported"
                && let Some(field) = Field::from_word(field)
            {
                *problems.entry(PlaceId(*place)).or_default().entry(field).or_default() += 1;
            }
        })?;
        let mut wishes = HashMap::new();
        let names = ["place", "work", "asked", "in_favour", "percent", "on"];
        ask.app.store.columns(ViewId::Wishes, scope, &[], &names, &mut |values| {
            if let [
                Cell::Int(place),
                Cell::Text(work),
                Cell::Int(asked),
                Cell::Int(in_favour),
                Cell::Int(percent),
                Cell::Text(on),
            ] = values
                && let Ok(on) = on.parse()
            {
                let told = WishTold { asked: *asked, in_favour: *in_favour, percent: *percent, on };
                wishes.insert((PlaceId(*place), work.clone()), told);
            }
        })?;
        let villages = places.into_iter().map(|place| {
            let known = Known {
                class: place.class,
                counts: place.counts.clone(),
                figures: figures.remove(&place.id).unwrap_or_default(),
                problems: problems.remove(&place.id).unwrap_or_default(),
            };
            (place, known)
        });
        Ok(Ground { villages: villages.collect(), wishes, catalogues, standards })
    }

    /// Needs of every village, and how many villages have no rules for them.
    fn needs(&self, today: Day) -> (Vec<(&Place, Need<'_>)>, usize) {
        let (mut found, mut without) = (Vec::new(), 0);
        for (place, known) in &self.villages {
            let rules = self.catalogues.of(nearest_first(place)).zip(self.standards.of(nearest_first(place)));
            match rules {
                Some(((_, catalogue), (_, standards))) => {
                    found.extend(needs::of_village(catalogue, standards, known, today).into_iter().map(|need| (place, need)));
                }
                None => without += 1,
            }
        }
        (found, without)
    }
}

/// The needs that are asked for, in order.
fn chosen<'g>(ask: &Ask, mut needs: Vec<(&'g Place, Need<'g>)>) -> Result<Vec<(&'g Place, Need<'g>)>, Problem> {
    fn word<T>(ask: &Ask, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        match ask.param(name).filter(|v| !v.is_empty()) {
            None => Ok(None),
            Some(text) => read(text).map(Some).ok_or_else(|| Problem::bad_query(format!("{name}={text}"))),
        }
    }
    let work = word(ask, "work", WorkCode::new)?;
    let field = word(ask, "field", Field::from_word)?;
    let state = word(ask, "state", NeedState::from_word)?;
    let basis = word(ask, "basis", Basis::from_word)?;
    let class = word(ask, "class", |w| Class::ALL.iter().copied().find(|c| c.word() == w))?;
    needs.retain(|(place, need)| {
        work.as_ref().is_none_or(|w| need.code == w)
            && field.is_none_or(|f| need.work.field == f)
            && state.is_none_or(|s| need.state == s)
            && basis.is_none_or(|b| need.basis == b)
            && class.is_none_or(|c| place.class == Some(c))
    });
    let order = |state| match state {
        NeedState::Wanting => 0,
        NeedState::Unknown => 1,
        NeedState::Met => 2,
    };
    needs.sort_by_key(|(_, need)| (order(need.state), std::cmp::Reverse(need.cost_fen().1)));
    Ok(needs)
}

fn figure_told(told: Told) -> FigureTold {
    FigureTold { value: told.value, decimals: told.decimals, on: told.on, by: told.by }
}

fn told(ground: &Ground, briefs: &Briefs, place: &Place, need: &Need) -> Option<NeedTold> {
    let (cost_min_fen, cost_max_fen) = need.cost_fen();
    let (id, work) = (place.id, need.code.to_string());
    let wishes = ground.wishes.get(&(id, work.clone())).cloned();
    let from = NeedFrom {
        figure: need.asks.figure().map(|f| format!("/api/history/readings?place={id}&figure={f}&withdrawn=0")),
        count: match need.asks {
            Asks::Share { of, .. } => Some(format!("/api/history/counts?place={id}&what={}", of.word())),
            Asks::AtLeast { .. } | Asks::AtMost { .. } | Asks::NoOpenProblem {} => None,
        },
        problems: match need.asks {
            Asks::NoOpenProblem {} => Some(format!("/api/history/problems?place={id}&field={}&open=1", need.work.field.word())),
            Asks::Share { .. } | Asks::AtLeast { .. } | Asks::AtMost { .. } => None,
        },
        wishes: wishes.as_ref().map(|_| format!("/api/history/wishes/{id}/{work}")),
    };
    Some(NeedTold {
        place: briefs.get(id)?,
        class: place.class,
        work,
        name: need.work.name.to_string(),
        field: need.work.field,
        unit: need.work.unit.to_string(),
        level: need.level,
        level_name: need.standard().map(|l| l.name.to_string()).unwrap_or_default(),
        asks: need.asks.clone(),
        state: need.state,
        basis: need.basis,
        has: need.has.map(figure_told),
        said: need.said.map(figure_told),
        of: need.of,
        shrunk: need.shrunk,
        should: need.should,
        quantity: need.quantity,
        cost_min_fen,
        cost_max_fen,
        upkeep_fen_per_year: need.upkeep_fen_per_year(),
        wishes,
        from,
    })
}

fn briefs_of(ask: &Ask, needs: &[(&Place, Need)]) -> Result<Briefs, Problem> {
    let mut ids: Vec<PlaceId> = needs.iter().map(|(place, _)| place.id).collect();
    ids.sort_unstable();
    ids.dedup();
    Briefs::load(ask, &ids)
}

/// `GET /api/needs?place=&work=&field=&state=&basis=&class=`.
pub fn needs(ask: &Ask) -> Result<Answer, Problem> {
    let scope = ask.scope(Capability::Read)?;
    let ground = Ground::load(ask, &scope)?;
    let (all, without_rules) = ground.needs(ask.today());
    let needs = chosen(ask, all)?;
    let level = rows::child_level(ask, &scope).ok();
    let above = |place: &Place| {
        let levels = [Level::Province, Level::City, Level::County, Level::Township];
        level.and_then(|l| levels.iter().position(|x| *x == l)).and_then(|n| place.within.get(n)).copied()
    };
    let mut total = NeedsTotal::default();
    let (mut works, mut areas): (BTreeMap<&WorkCode, WorkNeeds>, BTreeMap<PlaceId, NeedsTotal>) = Default::default();
    for (place, need) in &needs {
        let of_work = works.entry(need.code).or_insert_with(|| WorkNeeds {
            work: need.code.to_string(),
            name: need.work.name.to_string(),
            field: need.work.field,
            unit: need.work.unit.to_string(),
            total: NeedsTotal::default(),
        });
        of_work.total.add(need);
        for sum in std::iter::once(&mut total).chain(above(place).map(|id| areas.entry(id).or_default())) {
            sum.add(need);
            sum.quantity = 0;
        }
    }
    let mut works: Vec<WorkNeeds> = works.into_values().collect();
    works.sort_by_key(|w| std::cmp::Reverse((w.total.cost_max_fen, w.total.unknown)));
    let briefs = Briefs::load(ask, &areas.keys().copied().collect::<Vec<_>>())?;
    let mut areas: Vec<AreaNeeds> = areas.into_iter().map(|(id, total)| AreaNeeds { place: briefs.get(id), total }).collect();
    areas.sort_by_key(|a| std::cmp::Reverse((a.total.cost_max_fen, a.total.unknown)));
    let (from, to, next) = page(ask, &needs)?;
    let shown = &needs[from..to];
    let briefs = briefs_of(ask, shown)?;
    let rows = shown.iter().filter_map(|(place, need)| told(&ground, &briefs, place, need)).collect();
    let villages = ground.villages.len() - without_rules;
    let answer = NeedsAnswer { villages, without_rules, total, works, areas, rows, count: needs.len(), next };
    Ok(Answer::json(&marked(ask, answer)))
}

/// `GET /api/needs/{file}`: the same rows as needs.csv or needs.xlsx.
pub fn needs_export(ask: &Ask) -> Result<Answer, Problem> {
    let ground = Ground::load(ask, &ask.scope(Capability::Export)?)?;
    let needs = chosen(ask, ground.needs(ask.today()).0)?;
    let briefs = briefs_of(ask, &needs)?;
    let word = |list: &str, word: &str| Cell::from(text(ask.language, &format!("{list}.{word}")));
    let figure = |told: Option<FigureTold>| match told {
        Some(FigureTold { value, decimals: 0, .. }) => Cell::Int(value),
        Some(FigureTold { value, decimals, .. }) => {
            let one = 10_i64.pow(u32::from(decimals.min(18)));
            format!("{}.{:0width$}", value / one, (value % one).abs(), width = usize::from(decimals)).into()
        }
        None => Cell::Null,
    };
    let rows = needs.iter().filter_map(|(place, need)| told(&ground, &briefs, place, need)).map(|row| {
        let (on, by) = (row.has.as_ref().map(|h| h.on), row.has.as_ref().and_then(|h| h.by));
        let (wishes, path) = (row.wishes.as_ref(), row.place.path.join(" / "));
        vec![
            row.place.code.into(),
            row.place.name.into(),
            row.class.map_or(Cell::Null, |c| word("class", c.word())),
            row.work.into(),
            row.name.into(),
            field_name(ask, row.field).into(),
            row.level_name.into(),
            word("need_state", row.state.word()),
            word("need_basis", row.basis.word()),
            figure(row.has),
            on.into(),
            by.map_or(Cell::Null, |r| word("role", r.word())),
            figure(row.said),
            row.of.map(i64::from).into(),
            row.shrunk.into(),
            row.should.into(),
            row.quantity.into(),
            row.unit.into(),
            yuan(row.cost_min_fen),
            yuan(row.cost_max_fen),
            yuan(row.upkeep_fen_per_year),
            wishes.map(|w| w.asked).into(),
            wishes.map(|w| w.in_favour).into(),
            wishes.map(|w| w.on).into(),
            path.into(),
        ]
    });
    let rows = rows.collect();
    let names = [
        "column.code",
        "column.name",
        "column.class",
        "column.work",
        "sheet.work_name",
        "column.field",
        "sheet.level_name",
        "column.state",
        "sheet.basis",
        "sheet.has",
        "column.on",
        "sheet.told_by",
        "sheet.said",
        "column.of",
        "column.shrunk",
        "sheet.should",
        "column.quantity",
        "column.unit",
        "sheet.cost_min_yuan",
        "sheet.cost_max_yuan",
        "sheet.upkeep_yuan_per_year",
        "column.asked",
        "column.in_favour",
        "sheet.asked_on",
        "export.path",
    ];
    export::file(ask, &ask.path::<String>(0)?, "needs", &Table { head: head(ask, &names), rows })
}
