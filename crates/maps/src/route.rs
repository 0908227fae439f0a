//! In which order to visit a set of places, over days that each begin and end at the same point, and how far the answer is
//! from the best that could be.
//!
//! One round trip is made by nearest neighbour and improved until neither turning a stretch round (2-opt) nor moving up to
//! three places (or-opt) makes it shorter; then it is cut into days so that the longest day is as short as cutting that round
//! trip allows (split, Beasley 1983: "Route first, cluster second methods for vehicle routing"). All of it is deterministic.
//!
//! The bound: a plan of d days joins all places and the start; without one edge at the start from each day it is a tree. So it
//! is at least as long as the shortest tree and d of the shortest edges at the start, also when every place has a price that
//! is paid at each of its two edges (and the start's at each of its 2d) and given back at the end: the 1-tree of Held and Karp
//! (1970) for several round trips. Prices are found by subgradient ascent, and whichever they are, the bound is a
//! valid bound. Distances are straight lines on the sphere; roads in hills are longer, for the best answer as for ours.

use crate::Point;

/// So many places are visited in one plan at most: the improvement takes time with the square of it.
pub const STOPS_MAX: usize = 400;

/// What a day may hold, beside being balanced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// At most so many days; fewer where there are fewer places. At least 1.
    pub days: usize,
    /// At most so many places a day; 0: no limit.
    pub stops_max: usize,
}

/// One day: which places in which order (indexes into what was given), and how long the way is, from the start and back to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Day {
    /// Places in the order of the visit.
    pub stops: Vec<usize>,
    /// Length in metres, straight lines.
    pub length_m: f64,
}

/// A plan of visits.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The days, none empty.
    pub days: Vec<Day>,
    /// All days together, metres.
    pub length_m: f64,
    /// No plan of as many days is shorter than this in all, metres.
    pub bound_m: f64,
    /// In no plan of as many days is the longest day shorter than this, metres.
    pub longest_bound_m: f64,
}

impl Route {
    /// The longest day, metres.
    pub fn longest_m(&self) -> f64 {
        self.days.iter().map(|d| d.length_m).fold(0.0, f64::max)
    }

    /// By which share of the bound the plan may be longer than the best one: 0.05 is "at most 5 % too long".
    pub fn gap(&self) -> f64 {
        if self.bound_m > 0.0 { (self.length_m / self.bound_m - 1.0).max(0.0) } else { 0.0 }
    }
}

/// Why there is no plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRoute {
    /// More places than [`STOPS_MAX`].
    #[error("{given} places; at most {STOPS_MAX} in one plan")]
    TooMany {
        /// So many were given.
        given: usize,
    },
    /// The days do not hold them.
    #[error("{given} places do not fit into {days} days of {stops_max}")]
    DaysTooFew {
        /// So many were given.
        given: usize,
        /// Days there are.
        days: usize,
        /// Places a day.
        stops_max: usize,
    },
}

/// The plan for these places from a start.
///
/// # Errors
/// Too many places, or too few days for them.
pub fn plan(start: Point, places: &[Point], limits: Days) -> Result<Route, NoRoute> {
    let (given, days) = (places.len(), limits.days.max(1));
    if given > STOPS_MAX {
        return Err(NoRoute::TooMany { given });
    }
    let stops_max = if limits.stops_max == 0 { given.max(1) } else { limits.stops_max };
    if given > days.saturating_mul(stops_max) {
        return Err(NoRoute::DaysTooFew { given, days, stops_max });
    }
    if given == 0 {
        return Ok(Route { days: Vec::new(), length_m: 0.0, bound_m: 0.0, longest_bound_m: 0.0 });
    }
    let way = Ways::between(start, places);
    let tour = improved(&way, nearest_first(&way));
    let days = cut(&way, &tour, days, stops_max);
    let length_m = days.iter().map(|d| d.length_m).sum();
    let bound_m = bound(&way, days.len(), length_m);
    let farthest_m = (1..way.size).map(|i| 2.0 * way.m(0, i)).fold(0.0, f64::max);
    let longest_bound_m = farthest_m.max(bound_m / days.len() as f64);
    Ok(Route { days, length_m, bound_m, longest_bound_m })
}

/// Distances between all; 0 is the start, place `i` is `i + 1`.
struct Ways {
    size: usize,
    metres: Vec<f64>,
}

impl Ways {
    fn between(start: Point, places: &[Point]) -> Ways {
        let all: Vec<Point> = std::iter::once(start).chain(places.iter().copied()).collect();
        let metres = all.iter().flat_map(|a| all.iter().map(|b| a.distance_m(*b))).collect();
        Ways { size: all.len(), metres }
    }
    fn m(&self, a: usize, b: usize) -> f64 {
        self.metres[a * self.size + b]
    }
}

fn nearest_first(way: &Ways) -> Vec<usize> {
    let mut left: Vec<usize> = (1..way.size).collect();
    let mut tour = vec![0];
    let mut at = 0;
    while let Some((k, _)) =
        left.iter().enumerate().map(|(k, &b)| (k, way.m(at, b))).min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)))
    {
        at = left.remove(k);
        tour.push(at);
    }
    tour
}

/// Less than this is no improvement: sums of floating numbers would go round in circles.
const BETTER_M: f64 = 1e-6;

/// Turns stretches round and moves places until nothing of that helps. The start stays first.
fn improved(way: &Ways, mut tour: Vec<usize>) -> Vec<usize> {
    let n = tour.len();
    let mut going = n > 3;
    while going {
        going = false;
        for i in 0..n - 1 {
            for j in i + 1..n {
                let (a, b) = (tour[i], tour[i + 1]);
                let (c, d) = (tour[j], tour[(j + 1) % n]);
                if way.m(a, c) + way.m(b, d) + BETTER_M < way.m(a, b) + way.m(c, d) {
                    tour[i + 1..=j].reverse();
                    going = true;
                }
            }
        }
        for length in 1..=3.min(n - 2) {
            for from in 1..=n - length {
                going |= moved(way, &mut tour, from, length);
            }
        }
    }
    tour
}

/// Moves the stretch to where it costs least, if that is better than where it is.
fn moved(way: &Ways, tour: &mut Vec<usize>, from: usize, length: usize) -> bool {
    let n = tour.len();
    let (before, first) = (tour[from - 1], tour[from]);
    let (last, after) = (tour[from + length - 1], tour[(from + length) % n]);
    let saved = way.m(before, first) + way.m(last, after) - way.m(before, after);
    let rest: Vec<usize> = tour[..from].iter().chain(&tour[from + length..]).copied().collect();
    let (mut best, mut place) = (saved - BETTER_M, None);
    for k in 0..rest.len() {
        let (a, b) = (rest[k], rest[(k + 1) % rest.len()]);
        for turned in [false, true] {
            let (head, tail) = if turned { (last, first) } else { (first, last) };
            let cost = way.m(a, head) + way.m(tail, b) - way.m(a, b);
            if cost < best {
                (best, place) = (cost, Some((k, turned)));
            }
        }
    }
    let Some((k, turned)) = place else { return false };
    let mut stretch: Vec<usize> = tour[from..from + length].to_vec();
    if turned {
        stretch.reverse();
    }
    *tour = rest[..=k].iter().chain(&stretch).chain(&rest[k + 1..]).copied().collect();
    true
}

/// Cuts the round trip into at most so many days: the longest day as short as can be, then the sum.
fn cut(way: &Ways, tour: &[usize], days: usize, stops_max: usize) -> Vec<Day> {
    let order = &tour[1..];
    let n = order.len();
    let mut along = vec![0.0; n];
    for k in 1..n {
        along[k] = along[k - 1] + way.m(order[k - 1], order[k]);
    }
    // The day that visits order[a..b].
    let length = |a: usize, b: usize| way.m(0, order[a]) + along[b - 1] - along[a] + way.m(order[b - 1], 0);
    let days = days.min(n);
    // best[d][k]: order[..k] in d days: (longest day, sum, where the last day begins).
    let mut best = vec![vec![(f64::INFINITY, f64::INFINITY, 0_usize); n + 1]; days + 1];
    best[0][0] = (0.0, 0.0, 0);
    for d in 1..=days {
        for k in 1..=n {
            for a in k.saturating_sub(stops_max)..k {
                let (longest, sum, _) = best[d - 1][a];
                let day = length(a, k);
                let here = (longest.max(day), sum + day, a);
                if (here.0, here.1) < (best[d][k].0, best[d][k].1) {
                    best[d][k] = here;
                }
            }
        }
    }
    let chosen = (1..=days)
        .min_by(|a, b| {
            let (x, y) = (best[*a][n], best[*b][n]);
            x.0.total_cmp(&y.0).then(x.1.total_cmp(&y.1))
        })
        .expect("there is at least one day");
    let (mut found, mut k) = (Vec::new(), n);
    for d in (1..=chosen).rev() {
        let a = best[d][k].2;
        // A stretch that was good within the round trip can be better by itself.
        let day = improved(way, std::iter::once(0).chain(order[a..k].iter().copied()).collect());
        let length_m = (0..day.len()).map(|i| way.m(day[i], day[(i + 1) % day.len()])).sum();
        found.push(Day { stops: day[1..].iter().map(|i| i - 1).collect(), length_m });
        k = a;
    }
    found.reverse();
    found
}

/// So often prices are tried. More gives a little more.
const PRICES: usize = 200;

/// What no plan of so many days can be shorter than.
fn bound(way: &Ways, days: usize, length_m: f64) -> f64 {
    let ends = 2.0 * days as f64;
    let mut price = vec![0.0_f64; way.size];
    let (mut best, mut step) = (0.0_f64, 1.0_f64);
    for _ in 0..PRICES {
        let (value, mut degree) = one_tree(way, days, &price);
        best = best.max(value);
        // How far from a plan it is: places have two edges, the start two a day.
        degree[0] -= ends;
        degree.iter_mut().skip(1).for_each(|d| *d -= 2.0);
        let off: f64 = degree.iter().map(|d| d * d).sum();
        if off == 0.0 {
            break;
        }
        let t = step * (length_m - value).max(0.0) / off;
        price.iter_mut().zip(&degree).for_each(|(p, d)| *p += t * d);
        step *= 0.97;
    }
    // What is equal up to the last digits is equal.
    best.min(length_m)
}

/// The cheapest tree over all with the prices on every edge, and once more for every day the cheapest edge at the start, less
/// the prices that any plan pays; and how many edges each has.
fn one_tree(way: &Ways, days: usize, price: &[f64]) -> (f64, Vec<f64>) {
    let (n, days) = (way.size, days as f64);
    let cost = |a: usize, b: usize| way.m(a, b) + price[a] + price[b];
    let mut degree = vec![0.0; n];
    let mut near: Vec<(f64, usize)> = (0..n).map(|b| (cost(0, b), 0)).collect();
    let mut inside = vec![false; n];
    inside[0] = true;
    let mut total = 0.0;
    for _ in 1..n {
        let outside = (0..n).filter(|i| !inside[*i]);
        let next = outside.min_by(|a, b| near[*a].0.total_cmp(&near[*b].0)).expect("somebody is left outside");
        let (c, from) = near[next];
        total += c;
        degree[next] += 1.0;
        degree[from] += 1.0;
        inside[next] = true;
        for b in 0..n {
            if !inside[b] && cost(next, b) < near[b].0 {
                near[b] = (cost(next, b), next);
            }
        }
    }
    let (c, b) = (1..n).map(|b| (cost(0, b), b)).min_by(|a, b| a.0.total_cmp(&b.0)).expect("there is a place");
    total += days * c;
    degree[0] += days;
    degree[b] += days;
    (total - 2.0 * price[1..].iter().sum::<f64>() - 2.0 * days * price[0], degree)
}

/// A plan as GPX 1.1, one route for each day, for navigation apps (WGS-84). Names are told by the caller.
///
/// `about` says what kind of data it is, in the file itself; `name_of_day` gets the day counted from 1, `name_of` the index of a place.
pub fn gpx(
    route: &Route,
    start: (Point, &str),
    places: &[Point],
    name_of_day: impl Fn(usize) -> String,
    name_of: impl Fn(usize) -> String,
    about: &str,
) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<gpx version=\"1.1\" creator=\"Qianwan\" xmlns=\"http://www.topografix.com/GPX/1/1\">\n",
    );
    if !about.is_empty() {
        out += &format!("<metadata><desc>{}</desc></metadata>\n", escaped(about));
    }
    let point = |p: Point, name: &str| {
        format!("<rtept lat=\"{:.7}\" lon=\"{:.7}\"><name>{}</name></rtept>\n", p.lat(), p.lon(), escaped(name))
    };
    for (d, day) in route.days.iter().enumerate() {
        out += &format!("<rte><name>{}</name><number>{}</number>\n", escaped(&name_of_day(d + 1)), d + 1);
        out += &point(start.0, start.1);
        for &stop in &day.stops {
            out += &point(places[stop], &name_of(stop));
        }
        out += &point(start.0, start.1);
        out += "</rte>\n";
    }
    out + "</gpx>\n"
}

fn escaped(text: &str) -> String {
    let allowed = |c: &char| !c.is_control() || *c == '\n' || *c == '\t';
    text.chars()
        .filter(allowed)
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            other => other.to_string(),
        })
        .collect()
}

/// A plan as GeoJSON (RFC 7946, WGS-84): a line for each day with `day` and `length_m`, and a point for each place with `day`,
/// `order` and what the caller tells of it.
pub fn geojson(
    route: &Route,
    start: Point,
    places: &[Point],
    about: impl Fn(usize) -> serde_json::Map<String, serde_json::Value>,
) -> serde_json::Value {
    use serde_json::json;
    let at = |p: Point| json!([p.lon(), p.lat()]);
    let mut features = Vec::new();
    for (d, day) in route.days.iter().enumerate() {
        let line: Vec<_> =
            std::iter::once(start).chain(day.stops.iter().map(|s| places[*s])).chain(std::iter::once(start)).map(at).collect();
        let properties = json!({ "day": d + 1, "length_m": day.length_m.round() });
        features.push(
            json!({ "type": "Feature", "geometry": { "type": "LineString", "coordinates": line }, "properties": properties }),
        );
        for (k, &stop) in day.stops.iter().enumerate() {
            let mut properties = about(stop);
            properties.insert("day".to_owned(), json!(d + 1));
            properties.insert("order".to_owned(), json!(k + 1));
            let geometry = json!({ "type": "Point", "coordinates": at(places[stop]) });
            features.push(json!({ "type": "Feature", "geometry": geometry, "properties": properties }));
        }
    }
    json!({ "type": "FeatureCollection", "features": features })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(x: i32, y: i32) -> Point {
        Point { lon_e7: 1_196_000_000 + x * 1000, lat_e7: 305_000_000 + y * 1000 }
    }
    fn days(days: usize, stops_max: usize) -> Days {
        Days { days, stops_max }
    }

    /// The shortest sum over all orders and all ways to cut into exactly so many days.
    fn best_of_all(start: Point, places: &[Point], days: usize) -> f64 {
        fn orders(left: &mut Vec<usize>, order: &mut Vec<usize>, each: &mut impl FnMut(&[usize])) {
            if left.is_empty() {
                return each(order);
            }
            for k in 0..left.len() {
                let next = left.remove(k);
                order.push(next);
                orders(left, order, each);
                order.pop();
                left.insert(k, next);
            }
        }
        let n = places.len();
        let mut best = f64::INFINITY;
        orders(&mut (0..n).collect(), &mut Vec::new(), &mut |order| {
            for cuts in 0_u32..1 << (n - 1) {
                if cuts.count_ones() as usize != days - 1 {
                    continue;
                }
                let mut sum = start.distance_m(places[order[0]]) + places[order[n - 1]].distance_m(start);
                for k in 1..n {
                    let (a, b) = (places[order[k - 1]], places[order[k]]);
                    sum += if cuts >> (k - 1) & 1 == 1 { a.distance_m(start) + start.distance_m(b) } else { a.distance_m(b) };
                }
                best = best.min(sum);
            }
        });
        best
    }

    #[test]
    fn a_ring_is_gone_round() {
        let ring: Vec<Point> = (0..12)
            .map(|k| {
                let angle = f64::from(k * 5 % 12) * std::f64::consts::TAU / 12.0;
                at((angle.cos() * 500.0) as i32, (angle.sin() * 500.0) as i32)
            })
            .collect();
        let route = plan(at(500, 10), &ring, days(1, 0)).unwrap();
        assert_eq!(route.days.len(), 1);
        assert!(route.gap() < 0.01, "{route:?}");
    }

    #[test]
    fn days_are_balanced_and_hold_no_more_than_they_may() {
        // Two clusters, east and west of the start.
        let places: Vec<Point> = (0..10).map(|k| at(if k % 2 == 0 { 900 } else { -900 }, k * 10)).collect();
        let route = plan(at(0, 0), &places, days(2, 5)).unwrap();
        assert_eq!(route.days.iter().map(|d| d.stops.len()).collect::<Vec<_>>(), [5, 5]);
        for day in &route.days {
            assert!(day.stops.iter().all(|s| s % 2 == day.stops[0] % 2), "a day stays on one side: {route:?}");
        }
        assert!(route.longest_m() >= route.longest_bound_m);
    }

    #[test]
    fn what_cannot_be_is_said() {
        let many = vec![at(0, 0); STOPS_MAX + 1];
        assert_eq!(plan(at(0, 0), &many, days(9, 0)), Err(NoRoute::TooMany { given: STOPS_MAX + 1 }));
        let three = [at(1, 1), at(2, 2), at(3, 3)];
        assert_eq!(plan(at(0, 0), &three, days(1, 2)), Err(NoRoute::DaysTooFew { given: 3, days: 1, stops_max: 2 }));
        assert_eq!(plan(at(0, 0), &[], days(1, 2)).unwrap().days, []);
    }

    #[test]
    fn one_place_and_places_on_one_spot() {
        let route = plan(at(0, 0), &[at(100, 0)], days(3, 0)).unwrap();
        assert_eq!(route.days.len(), 1);
        assert!(route.gap() < 1e-9);
        let same = plan(at(0, 0), &[at(0, 0); 5], days(2, 3)).unwrap();
        assert_eq!(same.days.iter().map(|d| d.stops.len()).sum::<usize>(), 5);
        assert_eq!(same.gap(), 0.0);
    }

    #[test]
    fn a_plan_of_two_hundred_places_is_near_the_bound() {
        // Drawn by a formula, spread over some 60 km: 200 villages in one round trip.
        let places: Vec<Point> = (0..200_i64).map(|k| at((k * 7919 % 6007) as i32, (k * 104_729 % 5003) as i32)).collect();
        let route = plan(at(3000, 2500), &places, days(1, 0)).unwrap();
        assert!(route.gap() < 0.10, "gap {}", route.gap());
    }

    #[test]
    fn gpx_and_geojson_hold_every_day_and_place() {
        let places = [at(100, 0), at(0, 100), at(-100, 0)];
        let route = plan(at(0, 0), &places, days(2, 2)).unwrap();
        let text = gpx(&route, (at(0, 0), "A & B"), &places, |d| format!("day {d}"), |i| format!("<{i}>"), "made up");
        assert!(text.contains("<desc>made up</desc>"));
        assert_eq!(text.matches("<rte>").count(), route.days.len());
        assert_eq!(text.matches("<rtept").count(), 3 + 2 * route.days.len());
        assert!(text.contains("A &amp; B") && text.contains("&lt;1&gt;"));
        let tree = geojson(&route, at(0, 0), &places, |i| serde_json::json!({ "name": i }).as_object().unwrap().clone());
        assert_eq!(tree["features"].as_array().unwrap().len(), 3 + route.days.len());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_place_once_and_the_bound_holds(
            spots in proptest::collection::vec((-1000_i32..1000, -1000_i32..1000), 1..7),
            wanted in 1_usize..4,
        ) {
            let places: Vec<Point> = spots.iter().map(|(x, y)| at(*x, *y)).collect();
            let route = plan(at(0, 0), &places, days(wanted, 0)).unwrap();
            let mut seen: Vec<usize> = route.days.iter().flat_map(|d| d.stops.clone()).collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..places.len()).collect::<Vec<_>>());
            prop_assert!(route.days.len() <= wanted && route.days.iter().all(|d| !d.stops.is_empty()));
            let best = best_of_all(at(0, 0), &places, route.days.len());
            prop_assert!(route.bound_m <= best + 1e-3, "bound {} best {}", route.bound_m, best);
            prop_assert!(best <= route.length_m + 1e-3);
        }
    }
}
