//! Two registers of different years: what is the same place, what only has the same code.
//!
//! Nothing is guessed. Sameness is supported by a code together with a name, or by a name within one township or one county where
//! it cannot mean anything else; what has no such support stays new, closed or re-used.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{ChangeDirection, ChangeRow, DivisionCode, DivisionRow, Level, UrbanRuralRow, base_name};

/// The village-level units of 2023 against those of 2016. Rows are given by their position in the two slices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Match2016 {
    /// Same code and same base name: what is known of the one holds for the other.
    pub matched: Vec<Matched>,
    /// Same code, another name: a rename or another place; a person decides.
    pub reused: Vec<Reused>,
    /// Positions in 2023 whose code 2016 does not have.
    pub new: Vec<usize>,
    /// Positions in 2016 whose code 2023 does not have.
    pub gone: Vec<usize>,
}

/// Same code and same base name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matched {
    /// Position in the rows of 2023.
    pub row_2023: usize,
    /// Position in the rows of 2016.
    pub row_2016: usize,
}

/// Same code, another base name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reused {
    /// Position in the rows of 2023.
    pub row_2023: usize,
    /// Position in the rows of 2016.
    pub row_2016: usize,
    /// The code.
    pub code: DivisionCode,
    /// Its name then.
    pub name_2016: String,
    /// Its name now.
    pub name_2023: String,
}

/// Joins village-level rows by code and [`base_name`].
pub fn match_2016(rows_2023: &[DivisionRow], rows_2016: &[UrbanRuralRow]) -> Match2016 {
    let villages_2016 = || rows_2016.iter().enumerate().filter(|(_, row)| row.division.level == Level::Village);
    let by_code: HashMap<DivisionCode, usize> = villages_2016().map(|(i, row)| (row.division.code, i)).collect();
    let mut result = Match2016::default();
    let mut seen = HashSet::new();
    for (row_2023, now) in rows_2023.iter().enumerate().filter(|(_, row)| row.level == Level::Village) {
        seen.insert(now.code);
        let Some(&row_2016) = by_code.get(&now.code) else {
            result.new.push(row_2023);
            continue;
        };
        let then = &rows_2016[row_2016].division;
        if base_name(&now.name) == base_name(&then.name) {
            result.matched.push(Matched { row_2023, row_2016 });
        } else {
            let (name_2016, name_2023) = (then.name.clone(), now.name.clone());
            result.reused.push(Reused { row_2023, row_2016, code: now.code, name_2016, name_2023 });
        }
    }
    result.gone = villages_2016().filter(|(_, row)| !seen.contains(&row.division.code)).map(|(i, _)| i).collect();
    result
}

/// What one year's list of changes says about one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The code stays, the name changes.
    Renamed {
        /// The code.
        code: DivisionCode,
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// The same base name in the same township, or the only one of that name in the same county: one code gone, one new.
    Recoded {
        /// The old code.
        from: DivisionCode,
        /// The new code.
        to: DivisionCode,
        /// The new name.
        name: String,
    },
    /// Units of one base name in one township became one. A candidate: a person decides.
    MergeCandidate {
        /// Closed codes.
        from: Vec<DivisionCode>,
        /// The code that has the name now; an old one or a new one.
        into: DivisionCode,
        /// Its name.
        name: String,
    },
    /// One unit became several of the same base name in one township. A candidate: a person decides.
    SplitCandidate {
        /// The old code.
        from: DivisionCode,
        /// The codes that have the name now; the old one among them if it stays.
        into: Vec<DivisionCode>,
        /// Their base name.
        base_name: String,
    },
    /// A new code, with nothing to say where it came from.
    New {
        /// The code.
        code: DivisionCode,
        /// Its name.
        name: String,
    },
    /// A code gone, with nothing to say where to.
    Closed {
        /// The code.
        code: DivisionCode,
        /// Its name.
        name: String,
    },
}

type Rows<'a> = BTreeMap<DivisionCode, &'a ChangeRow>;

/// Says what each line of a list of changes means. `register` is the later register, in which added rows stand.
pub fn changes(list: &[ChangeRow], register: &[DivisionRow]) -> Vec<Change> {
    let rows = |direction| -> Rows<'_> { list.iter().filter(|r| r.direction == direction).map(|r| (r.code, r)).collect() };
    let (mut added, mut removed) = (rows(ChangeDirection::Added), rows(ChangeDirection::Removed));
    let mut result = Vec::new();

    // A code in both lists.
    let both: Vec<DivisionCode> = added.keys().filter(|code| removed.contains_key(code)).copied().collect();
    for code in both {
        if let (Some(new), Some(old)) = (added.remove(&code), removed.remove(&code))
            && new.name != old.name
        {
            result.push(Change::Renamed { code, from: old.name.clone(), to: new.name.clone() });
        }
    }
    let touched: HashSet<DivisionCode> = list.iter().map(|row| row.code).collect();
    let unchanged: Vec<&DivisionRow> = register.iter().filter(|row| !touched.contains(&row.code)).collect();

    within_township(&mut added, &mut removed, &mut result);
    within_county(&mut added, &mut removed, &unchanged, &mut result);
    beside_unchanged(&mut added, &mut removed, &unchanged, &mut result);

    result.extend(added.values().map(|row| Change::New { code: row.code, name: row.name.clone() }));
    result.extend(removed.values().map(|row| Change::Closed { code: row.code, name: row.name.clone() }));
    result
}

/// Where a name is looked for: level, enclosing division, base name.
type Key<'a> = (Level, DivisionCode, &'a str);

fn key<'a>(level: Level, code: DivisionCode, name: &'a str, scope: impl Fn(DivisionCode) -> DivisionCode) -> Key<'a> {
    (level, scope(code), base_name(name))
}

/// The division right above, in which names are unique as a rule.
fn township(code: DivisionCode) -> DivisionCode {
    code.parent().unwrap_or(code)
}

fn county(code: DivisionCode) -> DivisionCode {
    code.at(Level::County)
}

fn group<'a>(rows: &Rows<'a>, scope: impl Fn(DivisionCode) -> DivisionCode + Copy) -> BTreeMap<Key<'a>, Vec<&'a ChangeRow>> {
    let mut groups: BTreeMap<Key<'a>, Vec<&'a ChangeRow>> = BTreeMap::new();
    for row in rows.values() {
        groups.entry(key(row.level, row.code, &row.name, scope)).or_default().push(row);
    }
    groups
}

fn within_township(added: &mut Rows<'_>, removed: &mut Rows<'_>, result: &mut Vec<Change>) {
    let (new_by_name, old_by_name) = (group(added, township), group(removed, township));
    for (key, old) in old_by_name {
        let Some(new) = new_by_name.get(&key) else { continue };
        result.push(match (old.as_slice(), new.as_slice()) {
            ([old], [new]) => Change::Recoded { from: old.code, to: new.code, name: new.name.clone() },
            (old, [new]) => {
                Change::MergeCandidate { from: old.iter().map(|r| r.code).collect(), into: new.code, name: new.name.clone() }
            }
            ([old], new) => {
                Change::SplitCandidate { from: old.code, into: new.iter().map(|r| r.code).collect(), base_name: key.2.to_owned() }
            }
            // Several on both sides: the names do not say which became which.
            _ => continue,
        });
        take(added, new);
        take(removed, &old);
    }
}

/// Only where the name stands once on each side and for no unchanged unit of the county.
fn within_county(added: &mut Rows<'_>, removed: &mut Rows<'_>, unchanged: &[&DivisionRow], result: &mut Vec<Change>) {
    let taken: BTreeSet<Key<'_>> = unchanged.iter().map(|r| key(r.level, r.code, &r.name, county)).collect();
    let (new_by_name, old_by_name) = (group(added, county), group(removed, county));
    for (key, old) in old_by_name {
        if let ([old], Some([new])) = (old.as_slice(), new_by_name.get(&key).map(Vec::as_slice))
            && !taken.contains(&key)
        {
            result.push(Change::Recoded { from: old.code, to: new.code, name: new.name.clone() });
            take(added, &[new]);
            take(removed, &[old]);
        }
    }
}

/// Closed or new units beside exactly one unchanged unit of the same base name in the same township.
fn beside_unchanged(added: &mut Rows<'_>, removed: &mut Rows<'_>, unchanged: &[&DivisionRow], result: &mut Vec<Change>) {
    let mut standing: HashMap<Key<'_>, Vec<&DivisionRow>> = HashMap::new();
    for row in unchanged {
        standing.entry(key(row.level, row.code, &row.name, township)).or_default().push(row);
    }
    for (key, old) in group(removed, township) {
        if let Some([into]) = standing.get(&key).map(Vec::as_slice) {
            let from = old.iter().map(|r| r.code).collect();
            result.push(Change::MergeCandidate { from, into: into.code, name: into.name.clone() });
            take(removed, &old);
        }
    }
    for (key, new) in group(added, township) {
        if let Some([from]) = standing.get(&key).map(Vec::as_slice) {
            let into = std::iter::once(from.code).chain(new.iter().map(|r| r.code)).collect();
            result.push(Change::SplitCandidate { from: from.code, into, base_name: key.2.to_owned() });
            take(added, &new);
        }
    }
}

fn take(rows: &mut Rows<'_>, taken: &[&ChangeRow]) {
    for row in taken {
        rows.remove(&row.code);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(digits: &str) -> DivisionCode {
        DivisionCode::parse(digits).unwrap()
    }

    fn check(added: &[(&str, &str)], removed: &[(&str, &str)], register: &[(&str, &str)], expected: &[Change]) {
        let row = |direction, &(digits, name): &(&str, &str)| ChangeRow {
            line: 0,
            direction,
            code: code(digits),
            name: name.to_owned(),
            level: code(digits).level(),
        };
        let list: Vec<ChangeRow> = added
            .iter()
            .map(|r| row(ChangeDirection::Added, r))
            .chain(removed.iter().map(|r| row(ChangeDirection::Removed, r)))
            .collect();
        let register: Vec<DivisionRow> = register
            .iter()
            .map(|&(digits, name)| {
                let code = code(digits);
                DivisionRow { line: 0, code, name: name.to_owned(), level: code.level(), parent: code.parent(), kind: None }
            })
            .collect();
        assert_eq!(changes(&list, &register), expected);
    }

    #[test]
    fn a_code_in_both_lists_is_a_rename() {
        let renamed =
            Change::Renamed { code: code("330523001201"), from: "后皋村委会".into(), to: "厚皋村委会".into() };
        check(&[("330523001201", "厚皋村委会")], &[("330523001201", "后皋村委会")], &[], &[renamed]);
    }

    #[test]
    fn a_village_that_becomes_a_community_is_recoded() {
        let recoded = Change::Recoded { from: code("330523001201"), to: code("330523001007"), name: "上林社区".into() };
        check(&[("330523001007", "上林社区")], &[("330523001201", "上林村委会")], &[], &[recoded]);
    }

    #[test]
    fn across_townships_only_when_the_name_is_the_only_one() {
        let (added, removed) = (&[("330523002203", "新民村委会")], &[("330523001201", "新民村委会")]);
        let recoded = Change::Recoded { from: code("330523001201"), to: code("330523002203"), name: "新民村委会".into() };
        check(added, removed, &[], &[recoded]);
        let unsupported = [
            Change::New { code: code("330523002203"), name: "新民村委会".into() },
            Change::Closed { code: code("330523001201"), name: "新民村委会".into() },
        ];
        check(added, removed, &[("330523003204", "新民村委会")], &unsupported);
    }

    #[test]
    fn merges_and_splits_are_candidates() {
        let merged = Change::MergeCandidate {
            from: vec![code("330523001005"), code("330523001201")],
            into: code("330523001009"),
            name: "上林社区".into(),
        };
        check(&[("330523001009", "上林社区")], &[("330523001005", "上林居委会"), ("330523001201", "上林村委会")], &[], &[merged]);
        let split = Change::SplitCandidate {
            from: code("330523001201"),
            into: vec![code("330523001201"), code("330523001009")],
            base_name: "上林".into(),
        };
        check(&[("330523001009", "上林社区")], &[], &[("330523001201", "上林村委会")], &[split]);
    }

    #[test]
    fn several_on_both_sides_stay_open() {
        check(
            &[("330523001009", "上林社区"), ("330523001210", "上林村委会")],
            &[("330523001005", "上林居委会"), ("330523001201", "上林村")],
            &[],
            &[
                Change::New { code: code("330523001009"), name: "上林社区".into() },
                Change::New { code: code("330523001210"), name: "上林村委会".into() },
                Change::Closed { code: code("330523001005"), name: "上林居委会".into() },
                Change::Closed { code: code("330523001201"), name: "上林村".into() },
            ],
        );
    }
}
