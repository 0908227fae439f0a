//! A drawn county that does not exist: townships, villages, rivers and roads from a seed, for demonstrations and tests.
//!
//! It lies around 119.2–119.7° east, 29.2–29.6° north, where real counties are; whoever shows it must say that it is invented.
//!
//! How it is drawn: a main valley with side valleys; villages scattered, denser towards the valley; land divided among them by
//! nearness (Voronoi) and each border bent, within the kite between its ends and the two villages, so that no two borders can cross
//! and each is shared exactly. Townships are the villages nearest to their seat along the ground, so they are in one piece.
//! Rivers run along borders, roads from village to village.
//!
//! The same seed gives the same county on every machine: only `+ − × ÷ √` are used, which IEEE 754 fixes to the last bit.

mod ground;
mod noise;
mod ways;

use std::collections::{BTreeMap, BTreeSet};

use crate::Point;
use crate::outline::{Outline, Polygon};
use ground::Ground;
use noise::SplitMix;

/// A county that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawnCounty {
    /// Its area.
    pub outline: Outline,
    /// Townships, from the county seat's outwards.
    pub townships: Vec<DrawnTownship>,
    /// Number of the township that is the county seat.
    pub seat: usize,
    /// Villages, by township.
    pub villages: Vec<DrawnVillage>,
    /// Rivers; rank 1 is the main river, 2 its tributaries.
    pub rivers: Vec<DrawnLine>,
    /// Roads; rank 1 joins the townships, 2 every village to the next.
    pub roads: Vec<DrawnLine>,
}

/// A township of a drawn county.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawnTownship {
    /// Its area: exactly that of its villages.
    pub outline: Outline,
    /// Number of the village that is its seat.
    pub seat: usize,
}

/// A village of a drawn county.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawnVillage {
    /// Number of its township.
    pub township: usize,
    /// Where its houses stand; inside its area.
    pub at: Point,
    /// Its area.
    pub outline: Outline,
}

/// A river or road.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawnLine {
    /// 1 is broad, 2 narrow.
    pub rank: u8,
    /// At least two points.
    pub points: Vec<Point>,
}

/// Draws the county of this seed. `villages` is raised to at least 12 and lowered to at most 2,000, `townships` brought between 1 and
/// a quarter of the villages.
pub fn county(seed: u64, townships: usize, villages: usize) -> DrawnCounty {
    let villages = villages.clamp(12, 2000);
    let townships = townships.clamp(1, villages / 4);
    let mut random = SplitMix::new(seed);
    let ground = Ground::new(&mut random, villages);
    let (members, seats) = townships_of(&ground, townships);

    // Villages in the order of their townships.
    let mut order: Vec<usize> = (0..villages).collect();
    order.sort_by_key(|&v| (members[v], v));
    let mut number = vec![0; villages];
    for (n, &v) in order.iter().enumerate() {
        number[v] = n;
    }
    let outline_of = |cells: &BTreeSet<usize>| outline(&ground, cells);
    let drawn_villages = order
        .iter()
        .map(|&v| DrawnVillage {
            township: members[v],
            at: ground.point(ground.sites[v]),
            outline: outline_of(&BTreeSet::from([v])),
        })
        .collect();
    let drawn_townships = seats
        .iter()
        .enumerate()
        .map(|(t, &seat)| DrawnTownship {
            outline: outline_of(&(0..villages).filter(|&v| members[v] == t).collect()),
            seat: number[seat],
        })
        .collect();
    DrawnCounty {
        outline: outline_of(&(0..villages).collect()),
        townships: drawn_townships,
        seat: 0,
        villages: drawn_villages,
        rivers: ways::rivers(&ground),
        roads: ways::roads(&ground, &seats),
    }
}

/// Which township each village belongs to, and each township's seat. Township 0 holds the village nearest to the middle of the valley.
fn townships_of(ground: &Ground, count: usize) -> (Vec<usize>, Vec<usize>) {
    let n = ground.villages;
    let neighbours = ground.neighbours();
    let nearest = |p: ground::Xy| {
        (0..n).min_by(|&a, &b| ground::distance(ground.sites[a], p).total_cmp(&ground::distance(ground.sites[b], p))).unwrap_or(0)
    };
    let mut seats = vec![nearest(ground.valley_middle())];
    while seats.len() < count {
        let (far, _) = ways::spread(n, &neighbours, &seats);
        let next = (0..n).max_by(|&a, &b| far[a].total_cmp(&far[b]));
        seats.extend(next);
    }
    for _ in 0..6 {
        let (_, members) = ways::spread(n, &neighbours, &seats);
        // Move each seat but the first to the middle of its township.
        for (t, seat) in seats.iter_mut().enumerate().skip(1) {
            let mine: Vec<usize> = (0..n).filter(|&v| members[v] == t).collect();
            let share = 1.0 / mine.len().max(1) as f64;
            let middle = mine.iter().fold((0.0, 0.0), |m, &v| (m.0 + ground.sites[v].0 * share, m.1 + ground.sites[v].1 * share));
            let best = mine.iter().min_by(|&&a, &&b| {
                ground::distance(ground.sites[a], middle).total_cmp(&ground::distance(ground.sites[b], middle))
            });
            *seat = *best.unwrap_or(seat);
        }
    }
    let (_, members) = ways::spread(n, &neighbours, &seats);
    (members, seats)
}

/// The area of several cells: the borders that only one of them has, put end to end.
fn outline(ground: &Ground, cells: &BTreeSet<usize>) -> Outline {
    // Start of each border stretch → its end and its points without the end. A corner has three cells, so at most one stretch starts there.
    let mut from: BTreeMap<ground::Corner, (ground::Corner, Vec<Point>)> = BTreeMap::new();
    for &cell in cells {
        for side in ground.sides(cell) {
            if !cells.contains(&side.beyond) {
                from.insert(side.from, (side.to, side.points));
            }
        }
    }
    let mut rings = Vec::new();
    while let Some((start, (mut end, mut ring))) = from.pop_first() {
        while end != start {
            let Some((next, points)) = from.remove(&end) else { break };
            ring.extend(points);
            end = next;
        }
        rings.push(ring);
    }
    // Outer rings run counter-clockwise like the cells, holes the other way. Land enclosed but not of the county is rare and small.
    rings.sort_by_key(|ring| std::cmp::Reverse(twice_area(ring)));
    let (outer, holes): (Vec<_>, Vec<_>) = rings.into_iter().partition(|ring| twice_area(ring) > 0);
    let mut polygons: Vec<Polygon> = outer.into_iter().map(|exterior| Polygon { exterior, holes: Vec::new() }).collect();
    for hole in holes {
        let home = polygons.iter().position(|p| Outline { polygons: vec![p.clone()] }.contains(hole[0]));
        if let Some(polygon) = polygons.get_mut(home.unwrap_or(0)) {
            polygon.holes.push(hole);
        }
    }
    Outline { polygons }
}

fn twice_area(ring: &[Point]) -> i64 {
    let origin = ring[0];
    let xy = |p: &Point| (i64::from(p.lon_e7 - origin.lon_e7), i64::from(p.lat_e7 - origin.lat_e7));
    ring.iter().zip(ring.iter().cycle().skip(1)).map(|(a, b)| xy(a).0 * xy(b).1 - xy(b).0 * xy(a).1).sum()
}
