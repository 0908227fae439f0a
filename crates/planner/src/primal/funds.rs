//! Whether the pools of a county can pay its demand, exactly, kept up to date as the demand changes.
//!
//! Paying is a flow from pools and years to cells (work, year). By the theorem of Ford and Fulkerson it succeeds unless some set of
//! exhausted pools cannot cover what the cells must draw from it. With k pools there are 2^k sets in a year; for a pool that carries
//! money over, being exhausted in a year includes all years before. The excess of every set is kept, so that a change of one cell
//! costs 2^k additions and the test a short walk over the years. All numbers are integers, so the flow can be made of whole units.

/// A source in one county, with the part of its money set aside for the county.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub cumulative: bool,
    /// Money by year.
    pub cap: Vec<i64>,
    /// Largest share by work, in %.
    pub share: Vec<i64>,
}

/// Demand of a county and whether it can be paid.
#[derive(Debug, Clone)]
pub(crate) struct Funds {
    years: usize,
    annual: usize,
    pools: usize,
    /// By pool × works + work, annual pools first.
    share: Vec<i64>,
    works: usize,
    /// Money of each set of annual pools, by year × sets + set.
    annual_caps: Vec<i64>,
    /// Money of each cumulative pool up to each year, by pool × years + year.
    saved: Vec<i64>,
    /// Shared cost by work × years + year.
    pub demand: Vec<i64>,
    /// What the cells of a year must draw from a set, by year × sets + set.
    excess: Vec<i64>,
    /// Least slack over the sets of annual pools, by year × sets of cumulative pools + set.
    slack: Vec<i64>,
    demo_share: i64,
    /// Shared cost of demonstration villages in the demonstration years, and of all.
    demo: Vec<(i64, i64)>,
    must: Vec<i64>,
    net: Vec<Change>,
    backup: Vec<i64>,
    changed: Vec<usize>,
    state: Vec<i64>,
}

/// A change of demand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    /// Work × years + year.
    pub cell: u16,
    pub amount: i64,
}

impl Funds {
    /// Funds without demand.
    pub fn new(sources: &[Source], works: usize, years: usize, demo_years: usize, demo_share: i64) -> Funds {
        let mut order: Vec<&Source> = sources.iter().filter(|source| !source.cumulative).collect();
        let annual = order.len();
        order.extend(sources.iter().filter(|source| source.cumulative));
        let pools = order.len();
        let mut funds = Funds {
            years,
            annual,
            pools,
            share: order.iter().flat_map(|source| source.share.iter().copied()).collect(),
            works,
            annual_caps: vec![0; years << annual],
            saved: Vec::new(),
            demand: vec![0; works * years],
            excess: vec![0; years << pools],
            slack: vec![0; years << (pools - annual)],
            demo_share,
            demo: vec![(0, 0); demo_years],
            must: vec![0; 1 << pools],
            net: Vec::new(),
            backup: Vec::new(),
            changed: Vec::new(),
            state: Vec::new(),
        };
        funds.set_caps(&order);
        funds
    }

    /// Puts other amounts of money in place; the sources must come as at the beginning. The demand stays.
    pub fn refund(&mut self, sources: &[Source]) {
        let mut order: Vec<&Source> = sources.iter().filter(|source| !source.cumulative).collect();
        order.extend(sources.iter().filter(|source| source.cumulative));
        self.set_caps(&order);
    }

    fn set_caps(&mut self, order: &[&Source]) {
        let (years, annual) = (self.years, self.annual);
        for t in 0..years {
            for set in 0..1usize << annual {
                self.annual_caps[(t << annual) + set] = (0..annual).filter(|p| set >> p & 1 == 1).map(|p| order[p].cap[t]).sum();
            }
        }
        self.saved.clear();
        for source in &order[annual..] {
            let mut saved = 0;
            self.saved.extend(source.cap.iter().map(|cap| {
                saved += cap;
                saved
            }));
        }
        for t in 0..years {
            self.settle(t);
        }
    }

    /// Books changes of which it is known that they can be paid; [`Funds::rebuild`] must follow.
    pub fn book_unchecked(&mut self, demo: bool, changes: &[Change]) {
        self.book(demo, changes, 1);
    }

    /// Makes the sets anew from the demand.
    pub fn rebuild(&mut self) {
        self.excess.fill(0);
        for cell in 0..self.demand.len() {
            self.add_excess(cell / self.years, cell % self.years, self.demand[cell], 1);
        }
        for t in 0..self.years {
            self.settle(t);
        }
    }

    /// Makes the changes if the result can be paid and keeps the demonstration share; else leaves all as it was.
    pub fn try_change(&mut self, demo_village: bool, changes: &[Change]) -> bool {
        self.try_changes(&[(demo_village, changes)])
    }

    /// As [`Funds::try_change`] for several villages at once.
    pub fn try_changes(&mut self, changes: &[(bool, &[Change])]) -> bool {
        for &(demo, changes) in changes {
            self.book(demo, changes, 1);
        }
        if self.demo_kept() {
            self.net.clear();
            for change in changes.iter().flat_map(|(_, changes)| changes.iter()) {
                match self.net.iter_mut().find(|net| net.cell == change.cell) {
                    Some(net) => net.amount += change.amount,
                    None => self.net.push(*change),
                }
            }
            self.back_up();
            for at in 0..self.net.len() {
                let Change { cell, amount } = self.net[at];
                if amount != 0 {
                    self.draw(usize::from(cell), amount);
                }
            }
            for at in 0..self.changed.len() {
                self.settle(self.changed[at]);
            }
            if self.payable() {
                return true;
            }
            self.restore();
        }
        for &(demo, changes) in changes {
            self.book(demo, changes, -1);
        }
        false
    }

    /// Keeps the sets of the years that the net change touches.
    fn back_up(&mut self) {
        self.changed.clear();
        self.backup.clear();
        let sets = self.pools - self.annual;
        for change in &self.net {
            let t = usize::from(change.cell) % self.years;
            if change.amount != 0 && !self.changed.contains(&t) {
                self.changed.push(t);
                self.backup.extend_from_slice(&self.excess[t << self.pools..(t + 1) << self.pools]);
                self.backup.extend_from_slice(&self.slack[t << sets..(t + 1) << sets]);
            }
        }
    }

    fn restore(&mut self) {
        let mut at = 0;
        let sets = self.pools - self.annual;
        for &t in &self.changed {
            let (excess, slack) = (1 << self.pools, 1 << sets);
            self.excess[t << self.pools..][..excess].copy_from_slice(&self.backup[at..at + excess]);
            self.slack[t << sets..][..slack].copy_from_slice(&self.backup[at + excess..at + excess + slack]);
            at += excess + slack;
        }
    }

    /// Books demand without bringing the sets up to date.
    fn book(&mut self, demo: bool, changes: &[Change], sign: i64) {
        for change in changes {
            let (cell, amount) = (usize::from(change.cell), sign * change.amount);
            self.demand[cell] += amount;
            if let Some((of_demo, of_all)) = self.demo.get_mut(cell % self.years) {
                *of_demo += if demo { amount } else { 0 };
                *of_all += amount;
            }
        }
    }

    fn demo_kept(&self) -> bool {
        self.demo.iter().all(|(demo, all)| demo * 100 >= self.demo_share * all)
    }

    /// Brings the sets up to date for a cell whose demand has grown by `amount`.
    fn draw(&mut self, cell: usize, amount: i64) {
        let (w, t) = (cell / self.years, cell % self.years);
        let now = self.demand[cell];
        self.add_excess(w, t, now - amount, -1);
        self.add_excess(w, t, now, 1);
    }

    fn add_excess(&mut self, w: usize, t: usize, demand: i64, sign: i64) {
        if demand == 0 {
            return;
        }
        let sets = 1usize << self.pools;
        let mut shares = [0i64; crate::instance::COUNTY_POOLS_MAX];
        let mut left = demand;
        for (p, share) in shares.iter_mut().enumerate().take(self.pools) {
            *share = self.share[p * self.works + w] * demand / 100;
            left -= *share;
        }
        let must = &mut self.must;
        must[0] = left;
        for (p, share) in shares.iter().enumerate().take(self.pools) {
            let (known, new) = must.split_at_mut(1 << p);
            new.iter_mut().zip(known.iter()).for_each(|(new, known)| *new = known + share);
        }
        let row = &mut self.excess[t * sets..(t + 1) * sets];
        row.iter_mut().zip(must.iter()).for_each(|(row, must)| *row += sign * (*must).max(0));
    }

    /// Least slack of a year over the sets of annual pools.
    fn settle(&mut self, t: usize) {
        let annual_sets = 1usize << self.annual;
        let sets = self.pools - self.annual;
        let caps = &self.annual_caps[t * annual_sets..(t + 1) * annual_sets];
        for set in 0..1usize << sets {
            let row = &self.excess[(t << self.pools) + set * annual_sets..][..annual_sets];
            let slack = caps.iter().zip(row).map(|(cap, excess)| cap - excess).min();
            self.slack[(t << sets) + set] = slack.unwrap_or(0);
        }
    }

    /// Whether every set of exhausted pools covers what must be drawn from it.
    fn payable(&mut self) -> bool {
        let pools = self.pools - self.annual;
        let sets = 1usize << pools;
        if pools == 0 {
            return self.slack.iter().all(|&slack| slack >= 0);
        }
        self.state.clear();
        self.state.extend_from_slice(&self.slack[..sets]);
        for t in 1..self.years {
            self.close(t - 1);
            for set in 0..sets {
                self.state[set] += self.slack[t * sets + set];
            }
        }
        self.close(self.years - 1);
        self.state[0] >= 0
    }

    /// Lets pools leave the set after year `t`: then the set holds their money up to that year.
    fn close(&mut self, t: usize) {
        let pools = self.pools - self.annual;
        for p in 0..pools {
            let saved = self.saved[p * self.years + t];
            for set in 0..1usize << pools {
                if set >> p & 1 == 0 {
                    self.state[set] = self.state[set].min(self.state[set | 1 << p] + saved);
                }
            }
        }
    }
}
