//! Who is linked with whom.

use crate::refusal::Refusal;

/// Components of the graph of `units` and `inspectors` linked by `pairs`: a number for each unit, a number for each inspector, from 0.
/// Severities can be compared within a component only. Whoever appears in no pair is a component of his own.
pub fn components(units: usize, inspectors: usize, pairs: impl Iterator<Item = (usize, usize)>) -> (Vec<usize>, Vec<usize>) {
    let mut parent: Vec<usize> = (0..units + inspectors).collect();
    fn root(parent: &mut [usize], mut at: usize) -> usize {
        while parent[at] != at {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        at
    }
    for (unit, inspector) in pairs {
        let (a, b) = (root(&mut parent, unit), root(&mut parent, units + inspector));
        parent[a.max(b)] = a.min(b);
    }
    let mut names = vec![usize::MAX; units + inspectors];
    let mut next = 0;
    let mut name = |at: usize| {
        let r = root(&mut parent, at);
        if names[r] == usize::MAX {
            names[r] = next;
            next += 1;
        }
        names[r]
    };
    let of_units = (0..units).map(&mut name).collect();
    (of_units, (units..units + inspectors).map(name).collect())
}

/// One component, or the refusal that names two units without a link.
pub(super) fn connected(units: usize, inspectors: usize, pairs: impl Iterator<Item = (usize, usize)>) -> Result<(), Refusal> {
    let (of_units, of_inspectors) = components(units, inspectors, pairs);
    let groups = of_units.iter().chain(&of_inspectors).max().map_or(0, |m| m + 1);
    if groups <= 1 {
        return Ok(());
    }
    let other = of_units.iter().position(|c| *c != 0).unwrap_or(0);
    Err(Refusal::NotConnected { groups, unit: 0, other })
}

/// Units and inspectors counted; scores finite; numbers without gaps.
pub(super) fn counts(scores: &[super::Score]) -> Result<(usize, usize), Refusal> {
    if scores.is_empty() {
        return Err(Refusal::NothingGiven {});
    }
    if let Some(index) = scores.iter().position(|s| !s.score.is_finite()) {
        return Err(Refusal::NotFinite { what: "score", index });
    }
    let units = scores.iter().map(|s| s.unit).max().map_or(0, |m| m + 1);
    let inspectors = scores.iter().map(|s| s.inspector).max().map_or(0, |m| m + 1);
    let mut seen = (vec![false; units], vec![false; inspectors]);
    for s in scores {
        seen.0[s.unit] = true;
        seen.1[s.inspector] = true;
    }
    let gap = |what: &'static str, seen: &[bool]| match seen.iter().position(|s| !s) {
        Some(index) => Err(Refusal::OutOfRange { what, index, value: 0.0 }),
        None => Ok(()),
    };
    gap("scores of unit", &seen.0)?;
    gap("scores of inspector", &seen.1)?;
    Ok((units, inspectors))
}
