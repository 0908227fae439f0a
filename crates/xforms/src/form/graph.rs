//! What follows from what: an order of all relevances and values, or the cycle that forbids one.

use std::collections::HashMap;

use super::{Field, FieldKind, Rule};
use crate::xpath::{Reference, Segment, references};

/// A step of the recomputation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Whether a field is relevant.
    Relevance(usize),
    /// What a field holds.
    Value(usize),
}

/// References with `*` or `//` that are followed; each is held against every field.
pub(super) const MOST_PATTERNS: usize = 2_000;

/// Why there is no order.
pub(super) enum NoOrder {
    /// Paths of a cycle.
    Cycle(Vec<String>),
    /// More than [`MOST_PATTERNS`].
    TooManyPatterns,
}

/// Fields by what references mean.
struct Index<'f> {
    by_path: &'f HashMap<String, usize>,
    names: Vec<Vec<&'f str>>,
    patterns: usize,
}

impl Index<'_> {
    fn meant(&mut self, reference: &Reference) -> Vec<usize> {
        if reference.0.iter().all(|s| matches!(s, Segment::Name(_))) {
            return self.by_path.get(&reference.to_string()).copied().into_iter().collect();
        }
        self.patterns += 1;
        if self.patterns > MOST_PATTERNS {
            return Vec::new();
        }
        (0..self.names.len()).filter(|n| reference.is(&self.names[*n])).collect()
    }
}

/// Order of the steps, or the paths of a cycle.
pub(super) fn order(fields: &[Field], by_path: &HashMap<String, usize>) -> Result<Vec<Step>, NoOrder> {
    let count = fields.len();
    let relevance = |n: usize| 2 * n;
    let value = |n: usize| 2 * n + 1;
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); 2 * count];
    let mut index = Index { by_path, names: fields.iter().map(Field::names).collect(), patterns: 0 };
    let mut read = |rule: &Option<Rule>, n: usize| -> Vec<usize> {
        let Some(rule) = rule else { return Vec::new() };
        let context = fields[n].reference();
        let all = references(&rule.expr, &context);
        let leaves = all.iter().flat_map(|r| index.meant(r));
        leaves.filter(|m| matches!(fields[*m].kind, FieldKind::Leaf | FieldKind::Attribute)).collect()
    };
    for (n, field) in fields.iter().enumerate() {
        before[value(n)].push(relevance(n));
        if let Some(parent) = field.parent {
            before[relevance(n)].push(relevance(parent));
        }
        before[relevance(n)].extend(read(&field.bind.relevant, n).into_iter().map(value));
        // A calculation that mentions its own node depends on its history, not on itself.
        before[value(n)].extend(read(&field.bind.calculate, n).into_iter().filter(|m| *m != n).map(value));
    }
    if index.patterns > MOST_PATTERNS {
        return Err(NoOrder::TooManyPatterns);
    }
    let mut after: Vec<Vec<usize>> = vec![Vec::new(); 2 * count];
    let mut waits: Vec<usize> = vec![0; 2 * count];
    for (step, needs) in before.iter_mut().enumerate() {
        needs.sort_unstable();
        needs.dedup();
        waits[step] = needs.len();
        for need in needs.iter() {
            after[*need].push(step);
        }
    }
    // The smallest first, so that the order does not depend on chance and follows the form where it may.
    let mut ready: std::collections::BTreeSet<usize> = (0..2 * count).filter(|s| waits[*s] == 0).collect();
    let mut out = Vec::with_capacity(2 * count);
    while let Some(step) = ready.pop_first() {
        out.push(if step % 2 == 0 { Step::Relevance(step / 2) } else { Step::Value(step / 2) });
        for next in &after[step] {
            waits[*next] -= 1;
            if waits[*next] == 0 {
                ready.insert(*next);
            }
        }
    }
    if out.len() == 2 * count {
        return Ok(out);
    }
    // Walking backwards among what still waits must come round.
    let Some(start) = (0..2 * count).find(|s| waits[*s] > 0) else { return Ok(out) };
    let mut seen: Vec<usize> = Vec::new();
    let mut at = start;
    while !seen.contains(&at) {
        seen.push(at);
        match before[at].iter().find(|b| waits[**b] > 0) {
            Some(next) => at = *next,
            None => break,
        }
    }
    let from = seen.iter().position(|s| *s == at).unwrap_or(0);
    let mut round: Vec<usize> = seen[from..].iter().rev().map(|s| s / 2).collect();
    round.dedup();
    if round.len() > 1 && round.first() == round.last() {
        round.pop();
    }
    // Told from the first of them in the form.
    let first = round.iter().enumerate().min_by_key(|(_, n)| **n).map_or(0, |(at, _)| at);
    round.rotate_left(first);
    Err(NoOrder::Cycle(round.into_iter().map(|n| fields[n].path.clone()).collect()))
}
