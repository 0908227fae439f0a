//! Demands that no plan can meet: a smallest set that clashes, found by dropping one after the other (deletion filter, Chinneck 1997).

use crate::{
    demands::{Demands, Fixed, Forbidden},
    instance::Instance,
    model::Model,
    primal,
    solve::{Failure, bases},
};

/// A demand or limit that takes part in a clash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party {
    /// A fixed decision, by position in the demands.
    Fixed(usize),
    /// A forbidden year, by position in the demands.
    Forbidden(usize),
    /// Construction load of the village.
    Load {
        /// Position of the village.
        village: usize,
    },
    /// Labour of the village.
    Labour {
        /// Position of the village.
        village: usize,
    },
    /// Collective money of the village.
    Own {
        /// Position of the village.
        village: usize,
    },
    /// A prerequisite, by position in the instance.
    Precedence(usize),
    /// Earliest years of a village's work.
    Earliest {
        /// Position of the village.
        village: usize,
        /// Position of the work.
        work: usize,
    },
    /// Money and shares of a pool, by position.
    Pool(usize),
    /// The demonstration share.
    Demonstration,
}

impl Party {
    /// The words for the kinds of parties, for whoever keeps the wordings complete.
    pub const WORDS: &'static [&'static str] =
        &["fixed", "forbidden", "load", "labour", "own", "precedence", "earliest", "pool", "demonstration"];

    /// The stable word for its kind.
    pub fn word(self) -> &'static str {
        match self {
            Party::Fixed(_) => "fixed",
            Party::Forbidden(_) => "forbidden",
            Party::Load { .. } => "load",
            Party::Labour { .. } => "labour",
            Party::Own { .. } => "own",
            Party::Precedence(_) => "precedence",
            Party::Earliest { .. } => "earliest",
            Party::Pool(_) => "pool",
            Party::Demonstration => "demonstration",
        }
    }
}

/// A smallest clash: leave out or loosen any one party, and the others can be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// Who takes part.
    pub parties: Vec<Party>,
    /// Money missing for what is fixed, in units of 1,000 yuan; 0 where money is not the matter.
    pub missing: i64,
}

/// The clash within one village.
pub(crate) fn of_village(instance: &Instance, demands: &Demands, village: usize) -> Failure {
    let fixed = (0..demands.fixed.len()).filter(|&at| demands.fixed[at].village == village).map(Party::Fixed);
    let forbidden = (0..demands.forbidden.len()).filter(|&at| demands.forbidden[at].village == village).map(Party::Forbidden);
    let works = demands.fixed.iter().filter(|fixed| fixed.village == village);
    let mut parties: Vec<Party> = vec![Party::Load { village }, Party::Labour { village }, Party::Own { village }];
    parties.extend((0..instance.pred.len()).map(Party::Precedence));
    let needs = instance.villages[village].needs.iter();
    let mut earliest: Vec<Party> = needs.map(|need| Party::Earliest { village, work: need.work as usize }).collect();
    earliest.sort_unstable();
    parties.extend(earliest);
    parties.extend((0..instance.pools.len()).map(Party::Pool));
    parties.push(Party::Demonstration);
    parties.extend(forbidden.chain(fixed));
    debug_assert!(works.count() > 0);
    let possible = |parties: &[Party]| {
        let (instance, demands) = only(instance, demands, parties);
        let model = Model::new(&instance, &demands);
        bases(&model).is_ok()
    };
    Failure::Clash(Box::new(Clash { parties: filter(parties, possible), missing: 0 }))
}

/// The clash of what is fixed with the money; none where the cheapest plan of each village can be paid.
pub(crate) fn of_money(instance: &Instance, demands: &Demands, model: &Model) -> Option<Failure> {
    // The cheapest plans may choose bad years; that they cannot be paid proves nothing where a year is open. Then the pools' money of all
    // years together is the test, which proves it.
    let spend = |instance: &Instance, demands: &Demands| -> Option<(i64, bool)> {
        let model = Model::new(instance, demands);
        let bases = bases(&model).ok()?;
        let open = bases.iter().enumerate().any(|(v, items)| {
            items.iter().any(|&item| {
                let (option, _) = model.item(v, item);
                let need = &model.villages[v].needs[option.need];
                model.villages[v].options[need.first..need.end].iter().map(|option| option.allow.count_ones()).sum::<u32>() > 1
            })
        });
        if open {
            let cost: i64 = primal::demand(&model, &bases).iter().sum();
            let held: i64 = model.pools.iter().flat_map(|pool| &pool.cap).sum();
            return Some(((cost - held).max(0), cost <= held));
        }
        let unpaid = primal::allot(&model, &primal::demand(&model, &bases)).err();
        let kept = model.demo_share == 0 || model.kept_by(&bases);
        Some((unpaid.as_ref().map_or(0, |unpaid| unpaid.missing), unpaid.is_none() && kept))
    };
    let (missing, possible) = spend(instance, demands)?;
    if possible || model.villages.is_empty() {
        return None;
    }
    let mut parties: Vec<Party> = (0..instance.pools.len()).map(Party::Pool).collect();
    parties.push(Party::Demonstration);
    parties.extend((0..demands.forbidden.len()).map(Party::Forbidden));
    parties.extend((0..demands.fixed.len()).map(Party::Fixed));
    let possible = |parties: &[Party]| {
        let (instance, demands) = only_money(instance, demands, parties);
        spend(&instance, &demands).is_some_and(|(_, possible)| possible)
    };
    Some(Failure::Clash(Box::new(Clash { parties: filter(parties, possible), missing })))
}

/// Drops parties one after the other as long as the rest still clashes.
fn filter(mut parties: Vec<Party>, possible: impl Fn(&[Party]) -> bool) -> Vec<Party> {
    let mut at = 0;
    while at < parties.len() {
        let dropped = parties.remove(at);
        if possible(&parties) {
            parties.insert(at, dropped);
            at += 1;
        }
    }
    parties
}

fn chosen(demands: &Demands, parties: &[Party]) -> Demands {
    let fixed = |at: usize| parties.contains(&Party::Fixed(at));
    let forbidden = |at: usize| parties.contains(&Party::Forbidden(at));
    let fixed: Vec<Fixed> = demands.fixed.iter().enumerate().filter(|(at, _)| fixed(*at)).map(|(_, &fixed)| fixed).collect();
    let forbidden: Vec<Forbidden> =
        demands.forbidden.iter().enumerate().filter(|(at, _)| forbidden(*at)).map(|(_, &forbidden)| forbidden).collect();
    Demands { fixed, forbidden }
}

/// Large enough never to bind, small enough to be added up.
const PLENTY: i64 = crate::instance::NUMBER_MAX;

/// One village with the given limits only.
fn only(instance: &Instance, demands: &Demands, parties: &[Party]) -> (Instance, Demands) {
    let demands = chosen(demands, parties);
    let mut instance = instance.clone();
    let holds = |party: Party| parties.contains(&party);
    let pred = instance.pred.iter().enumerate().filter(|(at, _)| holds(Party::Precedence(*at)));
    instance.pred = pred.map(|(_, &pred)| pred).collect();
    for (v, village) in instance.villages.iter_mut().enumerate() {
        if !demands.fixed.iter().any(|fixed| fixed.village == v) {
            village.needs.clear();
            continue;
        }
        for (party, limit) in [
            (Party::Load { village: v }, &mut village.load),
            (Party::Labour { village: v }, &mut village.labour),
            (Party::Own { village: v }, &mut village.own),
        ] {
            if !holds(party) {
                *limit = PLENTY;
            }
        }
        for need in &mut village.needs {
            if !holds(Party::Earliest { village: v, work: need.work as usize }) {
                need.options.iter_mut().for_each(|option| option.earliest = 0);
            }
        }
    }
    loosen(&mut instance, parties);
    // Demonstration villages elsewhere have lost their needs above; without this one the share would forbid what it does not.
    if !holds(Party::Demonstration) {
        instance.demo_share_pct = 0;
    }
    instance.edges.clear();
    (instance, demands)
}

fn only_money(instance: &Instance, demands: &Demands, parties: &[Party]) -> (Instance, Demands) {
    let demands = chosen(demands, parties);
    let mut instance = instance.clone();
    loosen(&mut instance, parties);
    if !parties.contains(&Party::Demonstration) {
        instance.demo_share_pct = 0;
    }
    (instance, demands)
}

/// Gives every pool that takes no part plenty of money for everything.
fn loosen(instance: &mut Instance, parties: &[Party]) {
    for (p, pool) in instance.pools.iter_mut().enumerate() {
        if !parties.contains(&Party::Pool(p)) {
            pool.cap.fill(PLENTY);
            pool.share.fill(100);
        }
    }
}
