//! The land: villages and others around the county, divided by nearness, with bent borders.

use std::cell::RefCell;
use std::collections::HashMap;

use super::noise::{Noise, SplitMix};
use crate::Point;

/// Metres east and north of the south-west corner of the drawing.
pub(super) type Xy = (f64, f64);

/// A corner of the division, named by the three cells that meet there.
pub(super) type Corner = [usize; 3];

/// The drawing: 119.2–119.7° by 29.2–29.6°, and metres of a degree there (cos 29.4° = 0.8712).
const WEST_E7: f64 = 1_192_000_000.0;
const SOUTH_E7: f64 = 292_000_000.0;
const E7_PER_METRE_EAST: f64 = 1e7 / (111_320.0 * 0.8712);
const E7_PER_METRE_NORTH: f64 = 1e7 / 110_860.0;
const WIDTH: f64 = 48_490.0;
const HEIGHT: f64 = 44_340.0;

/// Cell numbers from here on stand for the four edges of the drawing.
const EDGE: usize = usize::MAX - 3;

/// A border of a cell, with the cell on its left.
pub(super) struct Side {
    /// The cell beyond.
    pub beyond: usize,
    pub from: Corner,
    pub to: Corner,
    /// From the start to before the end.
    pub points: Vec<Point>,
}

pub(super) struct Ground {
    /// The first `villages` sites are villages, the rest lie beyond the county's border.
    pub sites: Vec<Xy>,
    pub villages: usize,
    corners: HashMap<Corner, Xy>,
    /// For each cell its corners counter-clockwise, each with the cell beyond the side that begins there.
    cells: Vec<Vec<(Corner, usize)>>,
    bend_seed: u64,
    bent: RefCell<HashMap<(usize, usize), Vec<Xy>>>,
    valley: Valley,
}

impl Ground {
    pub fn new(random: &mut SplitMix, villages: usize) -> Self {
        let valley = Valley::new(random);
        let shape = Noise::new(random);
        let sites = relax(scatter(random, &valley, villages * 5 / 2));
        // The county is the villages nearest to its middle, as seen through a wavy measure.
        let score = |&(x, y): &Xy| {
            let (dx, dy) = ((x - WIDTH / 2.0) / (WIDTH / 2.0), (y - HEIGHT / 2.0) / (HEIGHT / 2.0));
            let r = (dx * dx + dy * dy).sqrt();
            let (ux, uy) = if r > 0.0 { (dx / r, dy / r) } else { (0.0, 0.0) };
            r / (1.0 + 0.28 * shape.at(ux * 1.6 + 9.0, uy * 1.6 + 9.0) + 0.13 * shape.at(ux * 4.0 + 50.0, uy * 4.0 + 50.0))
        };
        let mut sites = sites;
        sites.sort_by(|a, b| score(a).total_cmp(&score(b)));
        let (cells, corners) = divide(&sites);
        Self { sites, villages, corners, cells, bend_seed: random.next(), bent: RefCell::default(), valley }
    }

    /// A position of the drawing on the earth.
    pub fn point(&self, (x, y): Xy) -> Point {
        Point {
            lon_e7: (WEST_E7 + x * E7_PER_METRE_EAST).round() as i32,
            lat_e7: (SOUTH_E7 + y * E7_PER_METRE_NORTH).round() as i32,
        }
    }

    /// Where the main valley passes the middle of the county.
    pub fn valley_middle(&self) -> Xy {
        let x = WIDTH / 2.0;
        (x, self.valley.course(x))
    }

    /// How high the land lies, 0 in the main valley.
    pub fn height(&self, at: Xy) -> f64 {
        self.valley.height(at)
    }

    pub fn corner(&self, corner: Corner) -> Xy {
        self.corners[&corner]
    }

    /// A point a little off the middle between two villages, the same from either: no road runs straight.
    pub fn beside_the_way(&self, a: usize, b: usize) -> Xy {
        let (a, b) = (a.min(b), a.max(b));
        let (p, q) = (self.sites[a], self.sites[b]);
        let off = 0.22 * SplitMix::new(self.bend_seed ^ (b as u64) << 32 ^ a as u64).signed();
        ((p.0 + q.0) / 2.0 - off * (q.1 - p.1), (p.1 + q.1) / 2.0 + off * (q.0 - p.0))
    }

    /// The cell's borders, counter-clockwise.
    pub fn sides(&self, cell: usize) -> Vec<Side> {
        let corners = &self.cells[cell];
        (0..corners.len())
            .map(|i| {
                let ((from, beyond), (to, _)) = (corners[i], corners[(i + 1) % corners.len()]);
                let mut points: Vec<Point> = self.border(cell, beyond, from, to).into_iter().map(|p| self.point(p)).collect();
                points.pop();
                Side { beyond, from, to, points }
            })
            .collect()
    }

    /// Neighbouring villages with their distance in metres, uphill counted longer.
    pub fn neighbours(&self) -> Vec<Vec<(usize, f64)>> {
        let length = |a: usize, b: usize| {
            let (p, q) = (self.sites[a], self.sites[b]);
            distance(p, q) * (1.0 + 1.5 * (self.height(p) - self.height(q)).abs() + 0.5 * (self.height(p) + self.height(q)))
        };
        (0..self.villages)
            .map(|v| self.cells[v].iter().filter(|(_, b)| *b < self.villages).map(|&(_, b)| (b, length(v, b))).collect())
            .collect()
    }

    /// The sides between cells of which one at least is a village, each once: ends and the two cells.
    pub fn borders(&self) -> Vec<(Corner, Corner, usize, usize)> {
        (0..self.villages)
            .flat_map(|v| {
                let corners = &self.cells[v];
                (0..corners.len()).map(move |i| (corners[i].0, corners[(i + 1) % corners.len()].0, v, corners[i].1))
            })
            .filter(|&(_, _, v, beyond)| beyond < EDGE && (beyond >= self.villages || v < beyond))
            .collect()
    }

    /// The bent border between two cells, both ends included, from `from` to `to`.
    pub fn border(&self, cell: usize, beyond: usize, from: Corner, to: Corner) -> Vec<Xy> {
        if beyond >= EDGE {
            return vec![self.corner(from), self.corner(to)];
        }
        let key = (cell.min(beyond), cell.max(beyond));
        let forwards = from <= to;
        let mut bent = self.bent.borrow_mut();
        let line = bent.entry(key).or_insert_with(|| {
            let (a, b) = if forwards { (from, to) } else { (to, from) };
            bend(self.corner(a), self.corner(b), self.sites[key.0], self.bend_seed ^ (key.0 as u64) << 32 ^ key.1 as u64)
        });
        if forwards { line.clone() } else { line.iter().rev().copied().collect() }
    }
}

pub(super) fn distance(a: Xy, b: Xy) -> f64 {
    let (dx, dy) = (a.0 - b.0, a.1 - b.1);
    (dx * dx + dy * dy).sqrt()
}

/// A main valley from west to east and hills around it.
struct Valley {
    bends: Noise,
    hills: Noise,
    tilt: f64,
}

impl Valley {
    fn new(random: &mut SplitMix) -> Self {
        Self { bends: Noise::new(random), hills: Noise::new(random), tilt: 0.35 * random.signed() }
    }

    /// Metres north at which the valley passes this easting.
    fn course(&self, x: f64) -> f64 {
        HEIGHT
            * (0.5
                + self.tilt * (x / WIDTH - 0.5)
                + 0.16 * self.bends.at(x / 16_000.0, 0.5)
                + 0.05 * self.bends.at(x / 5_000.0, 7.5))
    }

    fn height(&self, (x, y): Xy) -> f64 {
        let away = (y - self.course(x)).abs() / 9_000.0;
        let hills = 0.5 * self.hills.at(x / 9_000.0, y / 9_000.0) + 0.25 * self.hills.at(x / 3_500.0 + 31.0, y / 3_500.0);
        (away + hills * away.min(1.0)).max(0.0)
    }
}

/// Sites over the whole drawing: of several candidates the one farthest from all others, where distance weighs more in the valley.
fn scatter(random: &mut SplitMix, valley: &Valley, count: usize) -> Vec<Xy> {
    let mut sites: Vec<Xy> = Vec::with_capacity(count);
    for _ in 0..count {
        let mut best = ((0.0, 0.0), f64::NEG_INFINITY);
        for _ in 0..10 {
            let p = (random.unit() * WIDTH, random.unit() * HEIGHT);
            let room = sites.iter().map(|&s| distance(s, p)).fold(f64::MAX, f64::min) / (0.55 + valley.height(p).min(1.6) * 0.55);
            if room > best.1 {
                best = (p, room);
            }
        }
        sites.push(best.0);
    }
    sites
}

/// Moves each site half of the way to the middle of its cell, which takes out slivers.
fn relax(sites: Vec<Xy>) -> Vec<Xy> {
    let (cells, corners) = divide(&sites);
    let middle = |cell: &[(Corner, usize)]| {
        let share = 1.0 / cell.len().max(1) as f64;
        cell.iter().fold((0.0, 0.0), |m, (c, _)| (m.0 + corners[c].0 * share, m.1 + corners[c].1 * share))
    };
    sites.iter().zip(&cells).map(|(s, cell)| (middle(cell), s)).map(|(m, s)| ((s.0 + m.0) / 2.0, (s.1 + m.1) / 2.0)).collect()
}

type Division = (Vec<Vec<(Corner, usize)>>, HashMap<Corner, Xy>);

/// Voronoi cells by cutting the drawing with the middle lines to all other sites, nearest first. A corner is where three cells meet and
/// gets its position once, from the first cell that has it, so that all three agree.
fn divide(sites: &[Xy]) -> Division {
    let mut corners: HashMap<Corner, Xy> = HashMap::new();
    let mut cells = Vec::with_capacity(sites.len());
    let mut others: Vec<usize> = Vec::with_capacity(sites.len());
    for (i, &site) in sites.iter().enumerate() {
        // Each corner with the cell beyond the side that begins there.
        let mut cell: Vec<(Xy, usize)> =
            vec![((0.0, 0.0), EDGE), ((WIDTH, 0.0), EDGE + 1), ((WIDTH, HEIGHT), EDGE + 2), ((0.0, HEIGHT), EDGE + 3)];
        others.clear();
        others.extend((0..sites.len()).filter(|&j| j != i));
        others.sort_by(|&a, &b| distance(sites[a], site).total_cmp(&distance(sites[b], site)));
        for &j in &others {
            let reach = cell.iter().map(|(p, _)| distance(*p, site)).fold(0.0, f64::max);
            if distance(sites[j], site) > 2.0 * reach {
                break;
            }
            cut(&mut cell, site, sites[j], j);
        }
        let n = cell.len();
        let named = (0..n)
            .map(|k| {
                let (p, beyond) = cell[k];
                let mut corner = [i, cell[(k + n - 1) % n].1, beyond];
                corner.sort_unstable();
                corners.entry(corner).or_insert(p);
                (corner, beyond)
            })
            .collect();
        cells.push(named);
    }
    (cells, corners)
}

/// Keeps what is nearer to `site` than to `other`.
fn cut(cell: &mut Vec<(Xy, usize)>, site: Xy, other: Xy, number: usize) {
    let (nx, ny) = (other.0 - site.0, other.1 - site.1);
    let middle = ((site.0 + other.0) / 2.0, (site.1 + other.1) / 2.0);
    let beyond = |p: Xy| (p.0 - middle.0) * nx + (p.1 - middle.1) * ny;
    if cell.iter().all(|(p, _)| beyond(*p) <= 0.0) {
        return;
    }
    let mut kept = Vec::with_capacity(cell.len() + 2);
    for k in 0..cell.len() {
        let ((p, side), (q, _)) = (cell[k], cell[(k + 1) % cell.len()]);
        let (dp, dq) = (beyond(p), beyond(q));
        let crossing = || {
            let t = dp / (dp - dq);
            (p.0 + t * (q.0 - p.0), p.1 + t * (q.1 - p.1))
        };
        match (dp <= 0.0, dq <= 0.0) {
            (true, true) => kept.push((p, side)),
            // Going out: the old side ends here, the new one begins.
            (true, false) => kept.extend([(p, side), (crossing(), number)]),
            (false, true) => kept.push((crossing(), side)),
            (false, false) => {}
        }
    }
    *cell = kept;
}

/// A border as a height over the straight line between its ends, made by halving. It stays within four fifths of the triangle to the
/// village on either side, which no other border enters, and as a height over a line it cannot cross itself.
fn bend(a: Xy, b: Xy, site: Xy, seed: u64) -> Vec<Xy> {
    let length = distance(a, b);
    if length < 1.0 {
        return vec![a, b];
    }
    let along = ((b.0 - a.0) / length, (b.1 - a.1) / length);
    let across = (-along.1, along.0);
    let (sx, sy) = (site.0 - a.0, site.1 - a.1);
    let (foot, reach) = ((sx * along.0 + sy * along.1) / length, (sx * across.0 + sy * across.1).abs());
    let most = |t: f64| {
        let rising = if foot > 0.0 { reach * t / foot } else { f64::MAX };
        let falling = if foot < 1.0 { reach * (1.0 - t) / (1.0 - foot) } else { f64::MAX };
        0.8 * rising.min(falling)
    };
    // Stretches of some 90 to 180 metres.
    let mut steps = 1;
    while length / steps as f64 > 180.0 && steps < 256 {
        steps *= 2;
    }
    let mut random = SplitMix::new(seed);
    let mut heights = vec![0.0; steps + 1];
    let (mut stride, mut swing) = (steps, 0.2 * length);
    while stride > 1 {
        for left in (0..steps).step_by(stride) {
            heights[left + stride / 2] = (heights[left] + heights[left + stride]) / 2.0 + swing * random.signed();
        }
        stride /= 2;
        swing *= 0.5;
    }
    (0..=steps)
        .map(|k| match k {
            0 => a,
            _ if k == steps => b,
            _ => {
                let t = k as f64 / steps as f64;
                let most = most(t);
                let h = heights[k].clamp(-most, most);
                (a.0 + along.0 * length * t + across.0 * h, a.1 + along.1 * length * t + across.1 * h)
            }
        })
        .collect()
}
