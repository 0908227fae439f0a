//! Small counts of persons or households are not shown to the public: who lives in a hamlet of three households is known by
//! name there. Pure arithmetic; the threshold is rule `public.small_counts`.

/// A count as the public sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownCount {
    /// As it is.
    Exact(u64),
    /// Only that it is below this.
    Below(u64),
    /// Not shown, because it would give away a small one.
    Withheld,
}

/// Parts of a whole, and the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownParts {
    /// In the order given.
    pub parts: Vec<ShownCount>,
    /// Their sum.
    pub total: ShownCount,
}

/// One count that stands alone.
pub fn shown_count(count: u64, min: u64) -> ShownCount {
    // A rule of one or less shows everything.
    if min > 1 && count < min { ShownCount::Below(min) } else { ShownCount::Exact(count) }
}

/// Counts that add up to a total which is shown as well. Where the total would give a small one away, the smallest of the
/// others is withheld too, and in the end the total.
pub fn shown_parts(parts: &[u64], min: u64) -> ShownParts {
    let total: u64 = parts.iter().sum();
    let mut shown: Vec<ShownCount> = parts.iter().map(|n| shown_count(*n, min)).collect();
    if min > 1 && total < min {
        return ShownParts { parts: shown, total: ShownCount::Below(min) };
    }
    while gives_away(parts, &shown, min) {
        let smallest = (0..parts.len()).filter(|i| matches!(shown[*i], ShownCount::Exact(_))).min_by_key(|i| parts[*i]);
        match smallest {
            Some(i) => shown[i] = ShownCount::Withheld,
            None => return ShownParts { parts: shown, total: ShownCount::Withheld },
        }
    }
    ShownParts { parts: shown, total: ShownCount::Exact(total) }
}

/// Whether somebody who subtracts what is shown from the total knows what is not.
fn gives_away(parts: &[u64], shown: &[ShownCount], min: u64) -> bool {
    let hidden = || parts.iter().zip(shown).filter(|(_, s)| !matches!(s, ShownCount::Exact(_)));
    let rest: u64 = hidden().map(|(n, _)| n).sum();
    let (below, withheld) = hidden().fold((0_u64, 0_u64), |(b, w), (_, s)| match s {
        ShownCount::Below(_) => (b + 1, w),
        ShownCount::Exact(_) | ShownCount::Withheld => (b, w + 1),
    });
    if below == 0 {
        return false;
    }
    // One small count ranges from what the others leave it at least, to what they leave it at most.
    let (others_least, others_most) = (withheld * min, (withheld == 0).then(|| (below - 1) * (min - 1)));
    let least = others_most.map_or(0, |most| rest.saturating_sub(most));
    let most = rest.saturating_sub(others_least).min(min - 1);
    least >= most
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ShownCount::*, *};

    #[test]
    fn what_is_shown_of_a_row() {
        for (why, parts, min, shown, total) in [
            ("nothing small", vec![20, 30], 5, vec![Exact(20), Exact(30)], Exact(50)),
            ("one small: the next goes with it", vec![3, 20, 30], 5, vec![Below(5), Withheld, Exact(30)], Exact(53)),
            ("two small hide each other", vec![3, 2, 30], 5, vec![Below(5), Below(5), Exact(30)], Exact(35)),
            ("two noughts do not", vec![0, 0, 30, 40], 5, vec![Below(5), Below(5), Withheld, Exact(40)], Exact(70)),
            ("two as large as can be neither", vec![4, 4, 30, 9], 5, vec![Below(5), Below(5), Exact(30), Withheld], Exact(47)),
            ("all small and the sum too", vec![1, 2], 5, vec![Below(5), Below(5)], Below(5)),
            ("one part, not small", vec![3], 3, vec![Exact(3)], Exact(3)),
            ("a rule of one hides nothing", vec![0, 9], 1, vec![Exact(0), Exact(9)], Exact(9)),
            ("only one part, and small", vec![3], 5, vec![Below(5)], Below(5)),
            ("all small, their sum is not", vec![4, 4], 5, vec![Below(5), Below(5)], Withheld),
            ("no parts", vec![], 5, vec![], Below(5)),
        ] {
            assert_eq!(shown_parts(&parts, min), ShownParts { parts: shown, total }, "{why}");
        }
        assert_eq!((shown_count(4, 5), shown_count(5, 5), shown_count(0, 5)), (Below(5), Exact(5), Below(5)));
    }

    /// Every way of filling in what is hidden that agrees with what is shown.
    fn fillings(shown: &ShownParts, min: u64, most: u64) -> Vec<Vec<u64>> {
        let mut all = vec![Vec::new()];
        for part in &shown.parts {
            let values: Vec<u64> = match part {
                Exact(n) => vec![*n],
                Below(_) => (0..min).collect(),
                // Whoever knows the rule knows that what is withheld is not small.
                Withheld => (min..=most).collect(),
            };
            all = all.into_iter().flat_map(|f| values.iter().map(move |v| [f.clone(), vec![*v]].concat())).collect();
        }
        all.retain(|f| match shown.total {
            Exact(n) => f.iter().sum::<u64>() == n,
            Below(_) => f.iter().sum::<u64>() < min,
            Withheld => true,
        });
        all
    }

    proptest! {
        #[test]
        fn no_small_count_can_be_worked_out(parts in proptest::collection::vec(0_u64..9, 1..5), min in 2_u64..5) {
            let shown = shown_parts(&parts, min);
            let fillings = fillings(&shown, min, 30);
            prop_assert!(fillings.contains(&parts));
            for (i, n) in parts.iter().enumerate().filter(|(_, n)| **n < min) {
                prop_assert!(fillings.iter().any(|f| f[i] != *n), "{parts:?} {shown:?}: {n} is known");
            }
        }
    }
}
