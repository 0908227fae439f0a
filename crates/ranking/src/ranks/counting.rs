//! Counts who is shown above whom, below the square of the number of units: a k-d tree over (estimate, standard error).

use super::Bounds;

/// Whether the first is shown above the second at critical value `c`.
pub(super) fn above(first: (f64, f64), second: (f64, f64), c: f64) -> bool {
    first.0 - second.0 > c * (first.1 * first.1 + second.1 * second.1).sqrt()
}

/// Rank bounds of all units.
pub(super) fn bounds(x: &[f64], se: &[f64], c: f64) -> Vec<Bounds> {
    let p = x.len();
    let up = Tree::new(x.iter().copied().zip(se.iter().copied()).collect());
    let down = Tree::new(x.iter().map(|x| -x).zip(se.iter().copied()).collect());
    let of = |j: usize| Bounds { best: 1 + up.count_above((x[j], se[j]), c), worst: p - down.count_above((-x[j], se[j]), c) };
    (0..p).map(of).collect()
}

/// How many ordered pairs are rejected.
pub(super) fn rejected(bounds: &[Bounds]) -> usize {
    bounds.iter().map(|b| b.best - 1).sum()
}

const LEAF: usize = 16;

struct Tree {
    points: Vec<(f64, f64)>,
    nodes: Vec<Node>,
}

#[derive(Clone, Copy)]
struct Node {
    from: u32,
    to: u32,
    /// Left child, the right one follows; 0 for a leaf.
    child: u32,
    x: (f64, f64),
    se: (f64, f64),
}

impl Tree {
    fn new(points: Vec<(f64, f64)>) -> Tree {
        let all = points.len() as u32;
        let mut tree = Tree { points, nodes: vec![Node { from: 0, to: all, child: 0, x: (0.0, 0.0), se: (0.0, 0.0) }] };
        let mut at = 0;
        while at < tree.nodes.len() {
            tree.split(at);
            at += 1;
        }
        tree
    }

    fn split(&mut self, at: usize) {
        let Node { from, to, .. } = self.nodes[at];
        let points = &mut self.points[from as usize..to as usize];
        let mut x = (f64::INFINITY, f64::NEG_INFINITY);
        let mut se = x;
        for p in points.iter() {
            x = (x.0.min(p.0), x.1.max(p.0));
            se = (se.0.min(p.1), se.1.max(p.1));
        }
        self.nodes[at].x = x;
        self.nodes[at].se = se;
        if points.len() <= LEAF {
            return;
        }
        let middle = points.len() / 2;
        // What matters is x − c·se-like distance; cut the wider side.
        if x.1 - x.0 >= se.1 - se.0 {
            points.select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0));
        } else {
            points.select_nth_unstable_by(middle, |a, b| a.1.total_cmp(&b.1));
        }
        let (cut, child) = (from + middle as u32, self.nodes.len() as u32);
        self.nodes[at].child = child;
        for (from, to) in [(from, cut), (cut, to)] {
            self.nodes.push(Node { from, to, child: 0, x, se });
        }
    }

    /// How many are shown above a point. Each operation of the comparison rounds monotonically, so that the corners of a
    /// node's box decide for all inside exactly as the comparison itself would.
    fn count_above(&self, point: (f64, f64), c: f64) -> usize {
        let mut stack = [0_u32; 64];
        let (mut left, mut count) = (1, 0);
        while left > 0 {
            left -= 1;
            let node = &self.nodes[stack[left] as usize];
            if !above((node.x.1, node.se.0), point, c) {
                continue;
            }
            if above((node.x.0, node.se.1), point, c) {
                count += (node.to - node.from) as usize;
            } else if node.child == 0 {
                let inside = &self.points[node.from as usize..node.to as usize];
                count += inside.iter().filter(|p| above(**p, point, c)).count();
            } else {
                stack[left] = node.child;
                stack[left + 1] = node.child + 1;
                left += 2;
            }
        }
        count
    }
}
