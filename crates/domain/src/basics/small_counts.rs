//! Small counts of persons or households are not shown to the public: who lives in a hamlet of three households is known by
//! name there. The threshold is rule `public.small_counts`.

/// A count as the public sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownCount {
    /// As it is.
    Exact(u64),
    /// Only that it is below this.
    Below(u64),
}

/// One count that stands alone: what is shown beside a total needs more than this.
pub fn shown_count(count: u64, min: u64) -> ShownCount {
    // A rule of one or less shows everything.
    if min > 1 && count < min { ShownCount::Below(min) } else { ShownCount::Exact(count) }
}

#[cfg(test)]
mod tests {
    use super::{ShownCount::*, *};

    #[test]
    fn what_is_below_the_rule_is_not_shown() {
        for (count, min, shown) in
            [(4, 5, Below(5)), (5, 5, Exact(5)), (0, 5, Below(5)), (0, 1, Exact(0)), (0, 0, Exact(0)), (1, 1000, Below(1000))]
        {
            assert_eq!(shown_count(count, min), shown, "{count} of {min}");
        }
    }
}
