//! What clashes in a brief, in words.

use planner::clash::Party;

use super::instance::Posed;
use crate::wording::{Language, fill};

/// One demand or limit that takes part in a clash.
pub fn party(language: Language, posed: &Posed, party: &Party) -> String {
    let instance = &posed.instance;
    let village = |n: usize| instance.villages.get(n).map(|v| v.name.clone()).unwrap_or_default();
    let work = |n: usize| posed.works.get(n).map(|w| w.name.clone()).unwrap_or_default();
    let at = |n: i64| usize::try_from(n).map(&work).unwrap_or_default();
    let (key, args): (&str, Vec<(&str, String)>) = match *party {
        Party::Fixed(n) => {
            let fixed = posed.demands.fixed.get(n);
            let year = fixed.and_then(|f| f.year).and_then(|y| posed.years.get(y));
            let key = if year.is_some() { "clash.fixed_in" } else { "clash.fixed" };
            let (v, w) = fixed.map_or((String::new(), String::new()), |f| (village(f.village), work(f.work)));
            (key, vec![("village", v), ("work", w), ("year", year.map_or_else(String::new, u16::to_string))])
        }
        Party::Forbidden(n) => {
            let (v, w) =
                posed.demands.forbidden.get(n).map_or((String::new(), String::new()), |f| (village(f.village), work(f.work)));
            ("clash.forbidden", vec![("village", v), ("work", w)])
        }
        Party::Load { village: n } => ("clash.load", vec![("village", village(n))]),
        Party::Labour { village: n } => ("clash.labour", vec![("village", village(n))]),
        Party::Own { village: n } => ("clash.own", vec![("village", village(n))]),
        Party::Precedence(n) => {
            let [later, before, lag] = instance.pred.get(n).copied().unwrap_or_default();
            ("clash.precedence", vec![("work", at(later)), ("after", at(before)), ("lag", lag.to_string())])
        }
        Party::Earliest { village: v, work: w } => ("clash.earliest", vec![("village", village(v)), ("work", work(w))]),
        Party::Pool(n) => ("clash.pool", vec![("pool", instance.pools.get(n).map(|p| p.id.clone()).unwrap_or_default())]),
        Party::Demonstration => ("clash.demonstration", vec![("share", instance.demo_share_pct.to_string())]),
    };
    fill(language, key, &args)
}
