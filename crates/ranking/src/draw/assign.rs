//! Who inspects where: by the same public draw, never where an inspector has an interest.

use std::collections::BTreeSet;

use super::{DrawRefusal, Seed, Unit};

/// An inspector and where he must not be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspector {
    /// His code.
    pub id: String,
    /// Strata (counties) he comes from or has dealings with.
    pub barred: BTreeSet<String>,
}

/// Sends `each` inspectors to every place. Places are taken in the order of their tickets (label `assign/order`); each gets the admissible
/// inspectors with the fewest places so far, ties by their tickets (label `assign/<place>`). So loads differ by as little as the bars
/// allow, nobody can choose, and anybody can do it again. Returns for each place the places in `inspectors`, ascending. Ours, not part of
/// QW-DRAW-1. Whether severities can be compared afterwards says [`crate::raters::components`].
pub fn assign(seed: &Seed, places: &[Unit], inspectors: &[Inspector], each: usize) -> Result<Vec<Vec<usize>>, DrawRefusal> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_cached_key(|at| (seed.ticket("assign/order", places[*at].id.as_bytes()), places[*at].id.clone()));
    let mut load = vec![0_usize; inspectors.len()];
    let mut out = vec![Vec::new(); places.len()];
    for at in order {
        let place = &places[at];
        let label = format!("assign/{}", place.id);
        let mut free: Vec<(usize, [u8; 32], &str, usize)> = inspectors
            .iter()
            .enumerate()
            .filter(|(_, i)| !i.barred.contains(&place.stratum))
            .map(|(who, i)| (load[who], seed.ticket(&label, i.id.as_bytes()), i.id.as_str(), who))
            .collect();
        if free.len() < each {
            return Err(DrawRefusal::NobodyAdmissible { place: place.id.clone(), free: free.len(), needed: each });
        }
        free.sort_unstable();
        out[at] = free.into_iter().take(each).map(|f| f.3).collect();
        out[at].sort_unstable();
        for who in &out[at] {
            load[*who] += 1;
        }
    }
    Ok(out)
}
