//! Cutting shapes to a tile and its surroundings, in tile units.

use super::{BUFFER, EXTENT};

type Xy = (i64, i64);

const LOW: i64 = -BUFFER;
const HIGH: i64 = EXTENT as i64 + BUFFER;

/// The four edges of the buffered tile: which coordinate, where, and whether larger values are inside.
const EDGES: [(Axis, i64, bool); 4] =
    [(Axis::X, LOW, true), (Axis::X, HIGH, false), (Axis::Y, LOW, true), (Axis::Y, HIGH, false)];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Axis {
    X,
    Y,
}

/// The part of a ring within the buffered tile, cleaned: no repeated corners, no spikes; `None` when no area is left.
///
/// Sutherland–Hodgman: parts that fall apart stay joined along the edge of the buffer, which nobody sees.
pub(super) fn ring(corners: &[Xy]) -> Option<Vec<Xy>> {
    let mut ring = corners.to_vec();
    for (axis, limit, above) in EDGES {
        let inside = |p: Xy| is_inside(p, axis, limit, above);
        if ring.iter().all(|&p| inside(p)) {
            continue;
        }
        let mut kept = Vec::with_capacity(ring.len() + 4);
        for (i, &a) in ring.iter().enumerate() {
            let b = ring[(i + 1) % ring.len()];
            if inside(a) {
                kept.push(a);
            }
            if inside(a) != inside(b) {
                kept.push(crossing(a, b, axis, limit));
            }
        }
        ring = kept;
    }
    remove_spikes(&mut ring);
    (ring.len() >= 3 && twice_area(&ring) != 0).then_some(ring)
}

/// The parts of a line within the buffered tile, each of at least two points.
pub(super) fn line(points: &[Xy]) -> Vec<Vec<Xy>> {
    let mut parts: Vec<Vec<Xy>> = Vec::new();
    let mut current: Vec<Xy> = Vec::new();
    for pair in points.windows(2) {
        match segment(pair[0], pair[1]) {
            Some((a, b)) => {
                if current.last() != Some(&a) {
                    parts.push(std::mem::replace(&mut current, vec![a]));
                }
                if a != b {
                    current.push(b);
                }
            }
            None => parts.push(std::mem::take(&mut current)),
        }
    }
    parts.push(current);
    parts.retain(|part| part.len() >= 2);
    parts
}

fn segment(mut a: Xy, mut b: Xy) -> Option<(Xy, Xy)> {
    for (axis, limit, above) in EDGES {
        match (is_inside(a, axis, limit, above), is_inside(b, axis, limit, above)) {
            (true, true) => {}
            (false, false) => return None,
            (true, false) => b = crossing(a, b, axis, limit),
            (false, true) => a = crossing(a, b, axis, limit),
        }
    }
    Some((a, b))
}

fn is_inside(p: Xy, axis: Axis, limit: i64, above: bool) -> bool {
    let v = if axis == Axis::X { p.0 } else { p.1 };
    if above { v >= limit } else { v <= limit }
}

/// Where a side crosses the limit, to the nearest grid point; the same from either end, so that neighbours agree.
fn crossing(a: Xy, b: Xy, axis: Axis, limit: i64) -> Xy {
    let (a, b) = if a <= b { (a, b) } else { (b, a) };
    let along = |a_from: i64, a_to: i64, b_from: i64, b_to: i64| -> i64 {
        let (numerator, denominator) = (i128::from(b_to - b_from) * i128::from(limit - a_from), i128::from(a_to - a_from));
        // Rounded half up for either sign of the denominator.
        let (numerator, denominator) = if denominator < 0 { (-numerator, -denominator) } else { (numerator, denominator) };
        b_from + ((2 * numerator + denominator).div_euclid(2 * denominator)) as i64
    };
    match axis {
        Axis::X => (limit, along(a.0, b.0, a.1, b.1)),
        Axis::Y => (along(a.1, b.1, a.0, b.0), limit),
    }
}

/// Twice the area by the surveyor's formula; positive is clockwise on the screen (y down), which is what an outer ring must be.
pub(super) fn twice_area(ring: &[Xy]) -> i64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum()
}

/// Takes out repeated corners and tips where the line turns straight back. Corners on a straight line stay: a neighbour may turn there.
fn remove_spikes(ring: &mut Vec<Xy>) {
    let mut out: Vec<Xy> = Vec::with_capacity(ring.len());
    for &p in ring.iter() {
        out.push(p);
        settle_end(&mut out);
    }
    // The same where the end meets the beginning.
    let mut start = 0;
    while out.len() - start >= 2 {
        let (first, last) = (out[start], out[out.len() - 1]);
        let more = out.len() - start >= 3;
        if first == last || (more && is_spike(out[out.len() - 2], last, first)) {
            out.pop();
        } else if more && is_spike(last, first, out[start + 1]) {
            start += 1;
        } else {
            break;
        }
    }
    *ring = out.split_off(start);
}

fn settle_end(out: &mut Vec<Xy>) {
    loop {
        match out.as_slice() {
            [.., a, b] if a == b => {
                out.pop();
            }
            [.., a, b, c] if is_spike(*a, *b, *c) => {
                let c = *c;
                out.truncate(out.len() - 2);
                out.push(c);
            }
            _ => return,
        }
    }
}

fn is_spike(a: Xy, b: Xy, c: Xy) -> bool {
    let (u, v) = ((b.0 - a.0, b.1 - a.1), (c.0 - b.0, c.1 - b.1));
    u.0 * v.1 - u.1 * v.0 == 0 && u.0 * v.0 + u.1 * v.1 < 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings() {
        assert_eq!(ring(&[(0, 0), (10, 0), (10, 10)]), Some(vec![(0, 0), (10, 0), (10, 10)]));
        assert_eq!(ring(&[(5000, 0), (6000, 0), (6000, 10)]), None);
        assert_eq!(ring(&[(0, 0), (10, 0), (20, 0)]), None, "no area");
        assert_eq!(ring(&[(0, 0), (10, 0), (10, 20), (10, 0), (10, 10)]), Some(vec![(0, 0), (10, 0), (10, 10)]), "a spike");
        let all = ring(&[(-9000, -9000), (9000, -9000), (9000, 9000), (-9000, 9000)]).unwrap();
        assert_eq!(twice_area(&all), 2 * 4224 * 4224);
    }

    #[test]
    fn neighbours_cut_a_shared_side_at_the_same_point() {
        for (a, b) in [((4000, 17), (4777, 400)), ((-300, 4000), (7, 4900)), ((4100, -99), (4300, 5))] {
            for (axis, limit, above) in EDGES {
                if is_inside(a, axis, limit, above) != is_inside(b, axis, limit, above) {
                    assert_eq!(crossing(a, b, axis, limit), crossing(b, a, axis, limit));
                }
            }
        }
        assert_eq!(crossing((0, 0), (-100, 50), Axis::X, -64), (-64, 32));
    }

    #[test]
    fn lines_fall_apart() {
        let parts = line(&[(0, 0), (5000, 0), (5000, 100), (0, 100)]);
        assert_eq!(parts, vec![vec![(0, 0), (4160, 0)], vec![(4160, 100), (0, 100)]]);
        assert!(line(&[(5000, 0), (6000, 0)]).is_empty());
    }
}
