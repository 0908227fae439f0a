//! From needs and a brief to what the planner takes: an instance in the format `qw-plan-1`, the decisions fixed, and every need
//! that a rule of the brief leaves out, with the reason.
//!
//! Money in units of 1,000 yuan, rounded up for each work, so that no plan costs more than it says; benefit in hundredths of the
//! catalogue's points, so that weights of classes lose nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{
    basics::{PlaceId, Position},
    places::{Class, Counted, Grade, Place},
    planning::{
        Brief, Catalogue, Decision, Fund, WorkCode, WorkLevel,
        needs::{Basis, Need, NeedState},
    },
    problems::Field,
};
use planner::{
    demands::{Demands, Fixed, Forbidden},
    instance::{self, Instance, Pool, PoolKind, WorkOption},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Fen in a unit of the planner.
pub const UNIT_FEN: i64 = 100_000;
/// Hundredths of a point.
const POINT: i64 = 100;

domain::word_enum!(
    /// Why a need is not planned.
    LeftOut {
        /// Nobody has seen it, and the brief does not plan what was only said.
        OnlySaid => "only_said",
        /// Villages of its class are not planned for.
        Class => "class",
        /// Too few of those asked were in favour.
        NotAccepted => "not_accepted",
        /// Nobody was asked, and the brief waits for that.
        NotAsked => "not_asked",
        /// Its upkeep is more than the village can bear.
        Upkeep => "upkeep",
        /// It is asked for more than the planner can count.
        TooLarge => "too_large",
    }
);

/// A need that is not planned for a reason of the brief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotPlanned {
    /// The village.
    pub place: PlaceId,
    /// The kind of work.
    pub work: String,
    /// Why.
    pub why: LeftOut,
}

/// A kind of work as it was planned with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PosedWork {
    /// Its name in the catalogue.
    pub work: String,
    /// What it is called.
    pub name: String,
    /// Works field.
    pub field: Field,
    /// What is counted.
    pub unit: String,
    /// What its standards are called, the simplest first.
    pub levels: Vec<String>,
}

/// An instance with what its positions stand for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posed {
    /// What the planner takes.
    pub instance: Instance,
    /// What is fixed.
    pub demands: Demands,
    /// The kinds of works, as the catalogue named them on the day.
    pub works: Vec<PosedWork>,
    /// The villages.
    pub villages: Vec<PlaceId>,
    /// Calendar years.
    pub years: Vec<u16>,
    /// What every work of a village counts, in units: village, work, quantity.
    pub quantities: Vec<(usize, usize, i64)>,
    /// The tenth of villages that was worst off.
    pub worst_off: Vec<PlaceId>,
    /// What was left out.
    pub left_out: Vec<NotPlanned>,
}

/// What villagers said of a work: percent in favour.
pub type Favour = HashMap<(PlaceId, String), i64>;

/// A need that may be planned, before the village's upkeep is looked at.
struct Candidate<'n> {
    need: &'n Need<'n>,
    earliest: i64,
    benefit_permille: i64,
}

/// Makes the instance. `needs` are those of the brief's villages; `codes` their counties' and towns' codes by place.
pub fn pose(
    brief: &Brief,
    catalogue: &Catalogue,
    needs: &[(&Place, Need)],
    favour: &Favour,
    code_of: &dyn Fn(PlaceId) -> String,
    fund_prefix: &dyn Fn(&Fund) -> String,
) -> Posed {
    let codes: Vec<&WorkCode> = catalogue.works.keys().collect();
    let position: BTreeMap<&WorkCode, usize> = codes.iter().enumerate().map(|(n, code)| (*code, n)).collect();
    let years = i64::from(brief.years);
    let mut by_village: BTreeMap<&str, (&Place, Vec<&Need>)> = BTreeMap::new();
    for (place, need) in needs {
        let entry = by_village.entry(place.code.as_str()).or_insert_with(|| (place, Vec::new()));
        if need.state == NeedState::Wanting && position.contains_key(need.code) {
            entry.1.push(need);
        }
    }
    by_village.retain(|_, (_, needs)| !needs.is_empty());
    let worst = worst_off(&by_village);
    let mut posed = Posed {
        instance: Instance {
            format: instance::FORMAT.into(),
            seed: 0,
            place: String::new(),
            years,
            disc_permille: (0..brief.years)
                .scan(1000_i64, |left, _| {
                    let now = *left;
                    *left = now * i64::from(brief.later_permille) / 1000;
                    Some(now)
                })
                .collect(),
            works: codes
                .iter()
                .map(|c| planner::instance::Work { id: c.to_string(), load: i64::from(catalogue.works[*c].load) })
                .collect(),
            pred: Vec::new(),
            demo_years: i64::from(brief.demonstration_years),
            demo_share_pct: i64::from(brief.demonstration_percent),
            bonus_pct: i64::from(brief.line_bonus_percent),
            line_works: (0_i64..).zip(&codes).filter(|(_, c)| catalogue.works[**c].in_lines).map(|(n, _)| n).collect(),
            pools: brief.funds.iter().map(|f| pool(brief, f, &codes, catalogue, fund_prefix(f))).collect(),
            villages: Vec::new(),
            edges: Vec::new(),
        },
        demands: Demands::default(),
        works: codes
            .iter()
            .map(|code| {
                let kind = &catalogue.works[*code];
                PosedWork {
                    work: code.to_string(),
                    name: kind.name.to_string(),
                    field: kind.field,
                    unit: kind.unit.to_string(),
                    levels: kind.levels.iter().map(|l| l.name.to_string()).collect(),
                }
            })
            .collect(),
        villages: Vec::new(),
        years: brief.calendar().collect(),
        quantities: Vec::new(),
        worst_off: worst.iter().copied().collect(),
        left_out: Vec::new(),
    };
    for (n, code) in codes.iter().enumerate() {
        for (before, lag) in &catalogue.works[*code].after {
            if let Some(before) = position.get(before) {
                posed.instance.pred.push([n as i64, *before as i64, i64::from(*lag)]);
            }
        }
    }
    for (place, needs) in by_village.values() {
        village(&mut posed, brief, place, needs, &position, favour, worst.contains(&place.id), code_of);
    }
    if brief.line_bonus_percent > 0 {
        let at: HashMap<PlaceId, Option<Position>> = by_village.values().map(|(p, _)| (p.id, p.position)).collect();
        let positions: Vec<Option<Position>> = posed.villages.iter().map(|id| at.get(id).copied().flatten()).collect();
        posed.instance.edges = neighbours(&positions, i64::from(brief.neighbours_within_m));
    }
    decisions(&mut posed, brief, &position);
    posed
}

fn pool(brief: &Brief, fund: &Fund, codes: &[&WorkCode], catalogue: &Catalogue, place: String) -> Pool {
    let share =
        |field: Field| if fund.share_percent.is_empty() { 100 } else { fund.share_percent.get(&field).copied().unwrap_or(0) };
    let keep = i64::from(100 - brief.reserve_percent.min(100));
    Pool {
        id: fund.name.to_string(),
        source: fund.source.word().into(),
        place,
        kind: if fund.carries_over { PoolKind::Cumulative } else { PoolKind::Annual },
        cap: fund.fen.iter().map(|fen| fen / 100 * keep / UNIT_FEN).collect(),
        share: codes.iter().map(|c| i64::from(share(catalogue.works[*c].field))).collect(),
    }
}

/// The tenth of villages with the most wanting for every resident household, measured in points; at least one.
fn worst_off(villages: &BTreeMap<&str, (&Place, Vec<&Need>)>) -> BTreeSet<PlaceId> {
    let mut wanting: Vec<(i64, PlaceId)> = villages
        .values()
        .map(|(place, needs)| {
            let points = |n: &&Need| n.standard().map_or(0, |l| i64::from(l.benefit)).saturating_mul(n.quantity);
            let all: i64 = needs.iter().map(points).fold(0, i64::saturating_add);
            (all.saturating_mul(1000) / households(place).max(1), place.id)
        })
        .collect();
    wanting.sort_unstable_by_key(|(points, id)| (std::cmp::Reverse(*points), *id));
    wanting.truncate(wanting.len().div_ceil(10));
    wanting.into_iter().map(|(_, id)| id).collect()
}

/// Resident households; registered ones where those were never counted.
fn households(place: &Place) -> i64 {
    let count = |c| place.counts.get(&c).map(|v| i64::from(v.value));
    count(Counted::HouseholdsResident).or_else(|| count(Counted::HouseholdsRegistered)).unwrap_or(0)
}

fn class_permille(brief: &Brief, class: Option<Class>) -> i64 {
    class.and_then(|c| brief.class_permille.get(&c)).map_or(1000, |p| i64::from(*p))
}

#[allow(clippy::too_many_arguments)]
fn village(
    posed: &mut Posed,
    brief: &Brief,
    place: &Place,
    needs: &[&Need],
    position: &BTreeMap<&WorkCode, usize>,
    favour: &Favour,
    worst_off: bool,
    code_of: &dyn Fn(PlaceId) -> String,
) {
    let years = i64::from(brief.years);
    let weight = class_permille(brief, place.class);
    let extra = if worst_off { i64::from(brief.worst_off_extra_permille) } else { 0 };
    let mut candidates = Vec::new();
    for need in needs {
        let asked = favour.get(&(place.id, need.code.to_string()));
        let why = match asked {
            _ if need.basis == Basis::Said && !brief.plan_what_was_said => Some(LeftOut::OnlySaid),
            _ if weight == 0 => Some(LeftOut::Class),
            Some(percent) if *percent < i64::from(brief.accepted_percent) => Some(LeftOut::NotAccepted),
            None if brief.accepted_percent > 0 && brief.unasked_from_year == 0 => Some(LeftOut::NotAsked),
            _ => None,
        };
        if let Some(why) = why {
            posed.left_out.push(NotPlanned { place: place.id, work: need.code.to_string(), why });
            continue;
        }
        let asked_by =
            if asked.is_none() && brief.accepted_percent > 0 { i64::from(brief.unasked_from_year.max(1)) - 1 } else { 0 };
        let easy = brief.easy_first.iter().position(|hardest| need.work.difficulty <= *hardest).unwrap_or(brief.easy_first.len());
        let earliest = asked_by.max(i64::try_from(easy).unwrap_or(years)).min(years);
        candidates.push(Candidate { need, earliest, benefit_permille: weight * (1000 + extra) / 1000 });
    }
    let own_fen = brief.own_fen_per_household.saturating_mul(households(place));
    bear_upkeep(posed, brief, place, own_fen, &mut candidates);
    let mut planned = Vec::new();
    for candidate in candidates {
        let n = position[candidate.need.code];
        let options = options(brief, &candidate);
        if options.is_empty() {
            posed.left_out.push(NotPlanned { place: place.id, work: candidate.need.code.to_string(), why: LeftOut::TooLarge });
        } else {
            posed.quantities.push((posed.villages.len(), n, candidate.need.quantity));
            planned.push(planner::instance::Need { work: n as i64, options });
        }
    }
    if planned.is_empty() {
        return;
    }
    let above = |n: usize| place.within.get(n).map_or_else(String::new, |id| code_of(*id));
    let demonstration = place.grade.is_some_and(|g| g >= Grade::Demonstration);
    posed.villages.push(place.id);
    posed.instance.villages.push(planner::instance::Village {
        code: place.code.clone(),
        name: place.name.clone(),
        town: above(3),
        county: above(2).chars().take(6).collect(),
        city: above(1).chars().take(4).collect(),
        pop: households(place).clamp(1, instance::NUMBER_MAX),
        demo: i64::from(demonstration),
        x: 0,
        y: 0,
        load: i64::from(brief.load_per_year),
        own: (own_fen / UNIT_FEN).clamp(0, instance::NUMBER_MAX),
        labour: i64::from(brief.labour_hours_per_household).saturating_mul(households(place)).clamp(0, instance::NUMBER_MAX),
        needs: planned,
    });
}

/// Leaves out what brings least for its upkeep, until the upkeep of all that is left can be borne: then it can of every plan.
fn bear_upkeep(posed: &mut Posed, brief: &Brief, place: &Place, own_fen: i64, candidates: &mut Vec<Candidate>) {
    if brief.upkeep_percent == 0 {
        return;
    }
    let bearable = own_fen.saturating_mul(i64::from(brief.upkeep_percent)) / 100;
    let upkeep = |c: &Candidate| dearest_upkeep(c.need);
    let points = |c: &Candidate| {
        let points = c.need.standard().map_or(0, |l| i64::from(l.benefit)).saturating_mul(c.need.quantity);
        i128::from(points) * 1_000_000 / i128::from(upkeep(c).max(1))
    };
    while candidates.iter().map(&upkeep).fold(0, i64::saturating_add) > bearable {
        let least = candidates.iter().enumerate().filter(|(_, c)| upkeep(c) > 0).min_by_key(|(_, c)| points(c)).map(|(n, _)| n);
        let Some(least) = least else { break };
        let out = candidates.remove(least);
        posed.left_out.push(NotPlanned { place: place.id, work: out.need.code.to_string(), why: LeftOut::Upkeep });
    }
}

/// Upkeep in a year, whichever standard is chosen.
fn dearest_upkeep(need: &Need) -> i64 {
    let levels = standards(need).map(|(_, l)| l.upkeep_fen_per_year);
    levels.max().unwrap_or(0).saturating_mul(need.quantity)
}

/// The standards that fulfil a need: the one its class asks for and those above.
fn standards<'n>(need: &'n Need) -> impl Iterator<Item = (u8, &'n WorkLevel)> {
    (1_u8..).zip(&need.work.levels).filter(|(n, _)| *n >= need.level)
}

fn options(brief: &Brief, candidate: &Candidate) -> Vec<WorkOption> {
    let need = candidate.need;
    let one = |(level, standard): (u8, &WorkLevel)| {
        let fen = standard.cost_fen().checked_mul(need.quantity)?;
        let all = fen.checked_add(UNIT_FEN - 1)? / UNIT_FEN;
        let own = (all * i64::from(brief.own_percent) + 99) / 100;
        let points = i64::from(standard.benefit).checked_mul(need.quantity)?.checked_mul(POINT)?;
        let option = WorkOption {
            level: i64::from(level),
            earliest: candidate.earliest,
            shared: all - own,
            own,
            labour: i64::from(standard.labour_hours).checked_mul(need.quantity)?,
            benefit: points.checked_mul(candidate.benefit_permille)? / 1000,
        };
        let within = [option.shared, option.own, option.labour, option.benefit].iter().all(|n| *n <= instance::NUMBER_MAX);
        within.then_some(option)
    };
    standards(need).filter_map(one).collect()
}

/// Pairs of villages within so many metres of each other, through a grid of cells of that size.
fn neighbours(positions: &[Option<Position>], within_m: i64) -> Vec<[i64; 2]> {
    if within_m == 0 {
        return Vec::new();
    }
    // 90 units of 10⁻⁷ degree are a metre to the north; to the east a degree is never longer.
    let size = (within_m * 90).max(1);
    // East of Greenwich at 53° a metre is 150 units: cells are looked at as far as that.
    let cell = |p: Position| (i64::from(p.lon_e7).div_euclid(size * 2), i64::from(p.lat_e7).div_euclid(size));
    let mut cells: HashMap<(i64, i64), Vec<usize>> = HashMap::new();
    for (n, p) in positions.iter().enumerate() {
        if let Some(p) = p {
            cells.entry(cell(*p)).or_default().push(n);
        }
    }
    let mut edges = Vec::new();
    for (n, p) in positions.iter().enumerate() {
        let Some(p) = p else { continue };
        let (x, y) = cell(*p);
        for near in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (x + dx, y + dy))) {
            let others = cells.get(&near).into_iter().flatten().copied().filter(|m| *m > n);
            let close = |m: &usize| positions[*m].is_some_and(|q| p.distance_m(q) <= within_m);
            edges.extend(others.filter(close).map(|m| [n as i64, m as i64]));
        }
    }
    edges.sort_unstable();
    edges
}

/// What the brief fixes of works that are needed; the rest is moot.
fn decisions(posed: &mut Posed, brief: &Brief, position: &BTreeMap<&WorkCode, usize>) {
    let village: HashMap<PlaceId, usize> = posed.villages.iter().enumerate().map(|(n, id)| (*id, n)).collect();
    for fixed in &brief.fixed {
        let (Some(&village), Some(&work)) = (village.get(&fixed.place), position.get(&fixed.work)) else { continue };
        if !posed.instance.villages[village].needs.iter().any(|n| n.work == work as i64) {
            continue;
        }
        let year = |y: u16| posed.years.iter().position(|x| *x == y);
        match fixed.is {
            Decision::In { year: y } => posed.demands.fixed.push(Fixed { village, work, level: None, year: year(y) }),
            Decision::Sometime {} => posed.demands.fixed.push(Fixed { village, work, level: None, year: None }),
            Decision::NotIn { year: y } => posed.demands.forbidden.push(Forbidden { village, work, year: year(y) }),
            Decision::Never {} => posed.demands.forbidden.push(Forbidden { village, work, year: None }),
        }
    }
}
