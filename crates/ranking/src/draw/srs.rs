//! Simple random sampling: the smallest tickets.

use super::Seed;

/// The `n` units with the smallest tickets (compared as bytes, then by id), in that order: a simple random sample without
/// replacement, each unit with probability n/N exactly. Places are those in `ids`.
pub fn smallest_tickets(seed: &Seed, label: &str, ids: &[&str], n: usize) -> Vec<usize> {
    let mut order: Vec<([u8; 32], &str, usize)> =
        ids.iter().enumerate().map(|(at, id)| (seed.ticket(label, id.as_bytes()), *id, at)).collect();
    order.sort_unstable();
    order.into_iter().take(n).map(|(_, _, at)| at).collect()
}
