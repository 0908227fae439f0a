//! Rivers and roads of a drawn county: shortest ways over its land.

use std::collections::{BTreeMap, BTreeSet};

use super::DrawnLine;
use super::ground::{Corner, Ground, Xy, distance};

/// Tributaries of the main river.
const TRIBUTARIES: usize = 7;

/// Distance from the nearest of several sources, and which of them it is.
pub(super) fn spread(n: usize, neighbours: &[Vec<(usize, f64)>], sources: &[usize]) -> (Vec<f64>, Vec<usize>) {
    let reached = shortest(n, neighbours, sources);
    (reached.iter().map(|r| r.far).collect(), reached.iter().map(|r| r.source).collect())
}

#[derive(Clone, Copy)]
struct Reached {
    far: f64,
    /// Number of the source in the list.
    source: usize,
    /// The node before, itself for a source.
    before: usize,
}

/// Dijkstra's shortest ways from several sources at once.
fn shortest(n: usize, neighbours: &[Vec<(usize, f64)>], sources: &[usize]) -> Vec<Reached> {
    let mut reached: Vec<Reached> = (0..n).map(|v| Reached { far: f64::INFINITY, source: 0, before: v }).collect();
    // Positive floats sort like their bits.
    let mut open: BTreeSet<(u64, usize)> = BTreeSet::new();
    for (source, &v) in sources.iter().enumerate() {
        reached[v] = Reached { far: 0.0, source, before: v };
        open.insert((0, v));
    }
    while let Some((_, v)) = open.pop_first() {
        for &(w, length) in &neighbours[v] {
            let far = reached[v].far + length;
            if far < reached[w].far {
                open.remove(&(reached[w].far.to_bits(), w));
                reached[w] = Reached { far, source: reached[v].source, before: v };
                open.insert((far.to_bits(), w));
            }
        }
    }
    reached
}

/// From a node back to its source, both included.
fn way_back(reached: &[Reached], mut v: usize) -> Vec<usize> {
    let mut way = vec![v];
    while reached[v].before != v {
        v = reached[v].before;
        way.push(v);
    }
    way
}

/// Rivers run along borders, where the land is low: the main one through the county, tributaries from its far ends.
pub(super) fn rivers(ground: &Ground) -> Vec<DrawnLine> {
    let borders = ground.borders();
    let mut number: BTreeMap<Corner, usize> = BTreeMap::new();
    for (a, b, _, _) in &borders {
        for corner in [a, b] {
            let next = number.len();
            number.entry(*corner).or_insert(next);
        }
    }
    let mut position: Vec<Xy> = vec![(0.0, 0.0); number.len()];
    number.iter().for_each(|(corner, &n)| position[n] = ground.corner(*corner));
    let mut neighbours = vec![Vec::new(); number.len()];
    let mut course: BTreeMap<(usize, usize), (Corner, Corner, usize, usize)> = BTreeMap::new();
    for &(a, b, left, right) in &borders {
        let (i, j) = (number[&a], number[&b]);
        let height = (ground.height(position[i]) + ground.height(position[j])) / 2.0;
        let length = distance(position[i], position[j]) * (1.0 + 3.0 * height);
        neighbours[i].push((j, length));
        neighbours[j].push((i, length));
        course.insert((i, j), (a, b, left, right));
        course.insert((j, i), (b, a, left, right));
    }
    let draw = |way: &[usize], rank: u8| -> DrawnLine {
        let mut line: Vec<Xy> = vec![position[way[0]]];
        for pair in way.windows(2) {
            if let Some(&(from, to, left, right)) = course.get(&(pair[0], pair[1])) {
                line.extend(ground.border(left, right, from, to).into_iter().skip(1));
            }
        }
        DrawnLine { rank, points: smooth(&line, 2).into_iter().map(|p| ground.point(p)).collect() }
    };

    // The lowest corners at the western and eastern ends.
    let end = |sign: f64| {
        (0..position.len()).min_by(|&a, &b| {
            let cost = |v: usize| sign * position[v].0 + 9_000.0 * ground.height(position[v]);
            cost(a).total_cmp(&cost(b))
        })
    };
    let (Some(source), Some(mouth)) = (end(1.0), end(-1.0)) else { return Vec::new() };
    let main = way_back(&shortest(position.len(), &neighbours, &[mouth]), source);
    let mut wet = main.clone();
    let mut rivers = vec![draw(&main, 1)];
    for _ in 0..TRIBUTARIES {
        let reached = shortest(position.len(), &neighbours, &wet);
        // The spring lies far from every river by the straight distance as well, so that tributaries spread.
        let spring = (0..position.len())
            .filter(|&v| reached[v].far.is_finite())
            .max_by(|&a, &b| reached[a].far.total_cmp(&reached[b].far));
        let Some(spring) = spring else { break };
        let way = way_back(&reached, spring);
        if way.len() < 4 {
            break;
        }
        // It springs below the ridge.
        rivers.push(draw(&way[1..], 2));
        wet.extend(way);
    }
    rivers
}

/// Roads: the township seats joined by the shortest ways, then every other village to what is nearest.
pub(super) fn roads(ground: &Ground, seats: &[usize]) -> Vec<DrawnLine> {
    let neighbours = ground.neighbours();
    let draw = |way: &[usize], rank: u8| -> DrawnLine {
        let mut line: Vec<Xy> = vec![ground.sites[way[0]]];
        for pair in way.windows(2) {
            line.extend([ground.beside_the_way(pair[0], pair[1]), ground.sites[pair[1]]]);
        }
        DrawnLine { rank, points: smooth(&line, 3).into_iter().map(|p| ground.point(p)).collect() }
    };
    let mut roads = Vec::new();
    let mut joined = vec![seats[0]];
    let mut waiting: BTreeSet<usize> = seats[1..].iter().copied().collect();
    while !waiting.is_empty() {
        let reached = shortest(ground.villages, &neighbours, &joined);
        let nearest = waiting.iter().copied().min_by(|&a, &b| reached[a].far.total_cmp(&reached[b].far));
        let Some(next) = nearest else { break };
        waiting.remove(&next);
        let way = way_back(&reached, next);
        if way.len() > 1 {
            roads.push(draw(&way, 1));
        }
        joined.extend(way);
    }
    let on_road: BTreeSet<usize> = joined.iter().copied().collect();
    let reached = shortest(ground.villages, &neighbours, &joined);
    // Whole branches rather than single steps, from the far ends inwards.
    let mut ends: Vec<usize> = (0..ground.villages).filter(|v| !on_road.contains(v)).collect();
    ends.sort_by(|&a, &b| reached[b].far.total_cmp(&reached[a].far).then(a.cmp(&b)));
    let mut built = on_road;
    for end in ends {
        if built.contains(&end) {
            continue;
        }
        let mut way = Vec::new();
        for v in way_back(&reached, end) {
            way.push(v);
            if !built.insert(v) {
                break;
            }
        }
        roads.push(draw(&way, 2));
    }
    roads
}

/// Cuts corners (Chaikin), keeping the ends.
fn smooth(line: &[Xy], rounds: usize) -> Vec<Xy> {
    let mut line = line.to_vec();
    for _ in 0..rounds {
        let (Some(&first), Some(&last)) = (line.first(), line.last()) else { return line };
        let mut next = vec![first];
        for pair in line.windows(2) {
            let at = |t: f64| (pair[0].0 + t * (pair[1].0 - pair[0].0), pair[0].1 + t * (pair[1].1 - pair[0].1));
            next.extend([at(0.25), at(0.75)]);
        }
        next.push(last);
        line = next;
    }
    line
}
