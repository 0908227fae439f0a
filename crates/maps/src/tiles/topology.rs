//! Shared borders: rings cut into arcs where areas meet, each arc kept and simplified once.
//!
//! As in TopoJSON: a corner is a junction when the rings through it do not all go on to the same two neighbours. Between junctions a
//! border is an arc; two areas that share it refer to the same arc, one of them backwards. For each corner of an arc the largest
//! tolerance is worked out at which Douglas–Peucker keeps it, so that simplifying for a zoom is only leaving out corners.

use std::collections::HashMap;

use crate::outline::distance_to_segment_squared;

type Xy = (i64, i64);

/// Douglas–Peucker takes quadratic time at worst, so longer arcs are treated in pieces whose ends always stay.
const PIECE: usize = 8192;

/// A border between two junctions, or all around an island.
#[derive(Debug)]
struct Arc {
    points: Vec<Xy>,
    /// Squared tolerance up to which the point stays; endless for the ends.
    stays_up_to: Vec<f64>,
}

/// One ring as arcs: their number, and whether backwards.
type ArcRing = Vec<(u32, bool)>;

/// Rings with shared borders.
#[derive(Debug, Default)]
pub(super) struct Topology {
    arcs: Vec<Arc>,
    rings: Vec<ArcRing>,
}

impl Topology {
    /// Rings come without the first corner repeated. Number `i` here is number `i` in [`simplified`](Self::simplified).
    pub fn new(mut rings: Vec<Vec<Xy>>) -> Self {
        for ring in &mut rings {
            ring.dedup();
            while ring.len() > 1 && ring.first() == ring.last() {
                ring.pop();
            }
        }
        let junctions = Junctions::of(&rings);
        let mut topology = Self::default();
        let mut numbers: HashMap<Vec<Xy>, u32> = HashMap::new();
        for ring in &rings {
            let arcs = if ring.len() < 3 { Vec::new() } else { cut(ring, &junctions) };
            let arcs = arcs
                .into_iter()
                .map(|mut points| {
                    let backwards = points.iter().rev().lt(points.iter());
                    if backwards {
                        points.reverse();
                    }
                    let next = topology.arcs.len() as u32;
                    let number = *numbers.entry(points).or_insert_with_key(|points| {
                        topology.arcs.push(Arc { stays_up_to: stays_up_to(points), points: points.clone() });
                        next
                    });
                    (number, backwards)
                })
                .collect();
            topology.rings.push(arcs);
        }
        topology
    }

    /// Number of shared and lone borders.
    #[cfg(test)]
    pub fn arc_count(&self) -> usize {
        self.arcs.len()
    }

    /// A ring without the corners that a line within `tolerance` can do without. May have fewer than three corners.
    pub fn simplified(&self, ring: usize, tolerance: f64) -> Vec<Xy> {
        let least = tolerance * tolerance;
        let mut out = Vec::new();
        for &(number, backwards) in &self.rings[ring] {
            let arc = &self.arcs[number as usize];
            let kept = arc.points.iter().zip(&arc.stays_up_to).filter(|&(_, stays)| *stays >= least).map(|(p, _)| *p);
            // The last point of an arc is the first of the next.
            let start = out.len();
            out.extend(kept);
            if backwards {
                out[start..].reverse();
            }
            out.pop();
        }
        out
    }

    /// Whether the ring is a border to nothing else: an island, which may vanish without leaving a gap.
    pub fn is_island(&self, ring: usize) -> bool {
        matches!(self.rings[ring].as_slice(), [(number, _)] if self.arcs[*number as usize].points.first() == self.arcs[*number as usize].points.last())
    }
}

/// Each corner's two neighbours, or that it is a junction.
struct Junctions(HashMap<Xy, Option<(Xy, Xy)>>);

impl Junctions {
    fn of(rings: &[Vec<Xy>]) -> Self {
        let mut at: HashMap<Xy, Option<(Xy, Xy)>> = HashMap::with_capacity(rings.iter().map(Vec::len).sum());
        for ring in rings.iter().filter(|r| r.len() >= 3) {
            for (i, &p) in ring.iter().enumerate() {
                let (before, after) = (ring[(i + ring.len() - 1) % ring.len()], ring[(i + 1) % ring.len()]);
                let neighbours = (before.min(after), before.max(after));
                at.entry(p).and_modify(|known| *known = known.filter(|k| *k == neighbours)).or_insert(Some(neighbours));
            }
        }
        Self(at)
    }

    fn contains(&self, p: Xy) -> bool {
        self.0.get(&p).is_some_and(Option::is_none)
    }
}

/// The ring's arcs in order, ends included. An island begins at its smallest corner, so that its twin does too.
fn cut(ring: &[Xy], junctions: &Junctions) -> Vec<Vec<Xy>> {
    let first = ring.iter().position(|&p| junctions.contains(p));
    let start = first.unwrap_or_else(|| (0..ring.len()).min_by_key(|&i| ring[i]).unwrap_or(0));
    let mut arcs = Vec::new();
    let mut arc = vec![ring[start]];
    for i in 1..=ring.len() {
        let p = ring[(start + i) % ring.len()];
        arc.push(p);
        if i == ring.len() || junctions.contains(p) {
            arcs.push(std::mem::replace(&mut arc, vec![p]));
        }
    }
    arcs
}

/// For each point the squared tolerance up to which it stays, never more than that of the point it hangs on.
pub(super) fn stays_up_to(points: &[Xy]) -> Vec<f64> {
    let mut stays = vec![f64::INFINITY; points.len()];
    let flat = |i: usize| (points[i].0 as f64, points[i].1 as f64);
    let last = points.len().saturating_sub(1);
    let mut work: Vec<(usize, usize, f64)> =
        (0..last).step_by(PIECE).map(|from| (from, (from + PIECE).min(last), f64::INFINITY)).collect();
    while let Some((from, to, most)) = work.pop() {
        let mut farthest = (0.0, None);
        for i in from + 1..to {
            let d = distance_to_segment_squared(flat(i), flat(from), flat(to));
            if d > farthest.0 || farthest.1.is_none() {
                farthest = (d, Some(i));
            }
        }
        if let (d, Some(i)) = farthest {
            stays[i] = most.min(d);
            work.push((from, i, stays[i]));
            work.push((i, to, stays[i]));
        }
    }
    stays
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_squares_share_a_wavy_border() {
        let border: Vec<Xy> = (0..=20).map(|i| (100 + 3 * (i % 2), i * 10)).collect();
        let mut west = vec![(0, 0)];
        west.extend(&border);
        west.push((0, 200));
        let mut east: Vec<Xy> = border.iter().rev().copied().collect();
        east.extend([(200, 0), (200, 200)]);
        let topology = Topology::new(vec![west.clone(), east]);
        assert_eq!(topology.arc_count(), 3);
        let (west_rough, east_rough) = (topology.simplified(0, 5.0), topology.simplified(1, 5.0));
        assert_eq!(west_rough.len(), 4);
        assert_eq!(east_rough.len(), 4);
        let shared = west_rough.iter().filter(|p| east_rough.contains(p)).count();
        assert_eq!(shared, 2, "both ends of the border");
        let fine = topology.simplified(0, 0.0);
        assert_eq!(fine.len(), west.len());
        assert_eq!(super::super::clip::twice_area(&fine), super::super::clip::twice_area(&west));
        assert!(!topology.is_island(0));
    }

    #[test]
    fn an_island_and_the_hole_it_lies_in_are_one_arc() {
        let topology = Topology::new(vec![vec![(5, 5), (9, 5), (9, 9), (5, 9)], vec![(9, 9), (9, 5), (5, 5), (5, 9)]]);
        assert_eq!(topology.arc_count(), 1);
        assert!(topology.is_island(0) && topology.is_island(1));
        assert_eq!(topology.simplified(0, 100.0).len(), 1, "gone at low zoom");
    }
}
