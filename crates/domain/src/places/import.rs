//! A register becomes facts: what is known already stays untouched, so that the same file twice changes nothing.
//!
//! Identity is code *and* name: a code that was given to another place makes a new place.
//! What is known from a later day than the register's stays: an older edition read after a newer one undoes nothing.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{
    facts::*,
    rules::twelve_digits,
    view::{KnownOn, Place},
};
use crate::{
    Fact as AnyFact,
    basics::{Authority, Context, Day, Decide, Draft, PlaceId, Position, Read, Rows, Subject},
};

/// One place of a register. Parents come before their children.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRow {
    /// 12 digits.
    pub code: String,
    /// Name.
    pub name: Name,
    /// Level.
    pub level: Level,
    /// Kind.
    pub kind: Kind,
    /// Code of the place it lies in, 12 digits; none for a province.
    pub parent: Option<String>,
}

/// A change between two editions of a register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportChange {
    /// Same place, other name.
    Renamed {
        /// Its code.
        code: String,
        /// Its new name.
        name: Name,
    },
    /// Same place, other code, perhaps under another parent.
    Recoded {
        /// Its old code.
        code: String,
        /// The place as it is now.
        now: ImportRow,
    },
    /// A new place.
    New(ImportRow),
    /// A place that is gone.
    Closed {
        /// Its code.
        code: String,
        /// Codes of what it became, as far as the data say.
        into: Vec<String>,
    },
}

/// Something else that a file says of a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportDetail {
    /// Urban-rural class code.
    UrbanRural(u16),
    /// Its point, converted to WGS-84.
    Point {
        /// The point.
        position: Position,
        /// Datum of the source.
        datum: String,
    },
    /// Its outline.
    Outline(Outlined),
}

/// The whole of one import, decided at once and recorded at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "import.register")]
pub struct RegisterImport {
    /// Register and cut-off date, for the facts.
    pub origin: String,
    /// The document named as ground for changes.
    pub document: Document,
    /// Day of the register, where it is known: its rows held on that day, its changes hold from then on.
    pub changed_on: Option<Day>,
    /// The register before the changes.
    pub rows: Vec<ImportRow>,
    /// Changes after it, in the order in which they are to be applied.
    pub changes: Vec<ImportChange>,
    /// Other things known of places, with their origin: code, what, origin.
    pub details: Vec<(String, ImportDetail, String)>,
}

/// Why an import is refused as a whole. Row-by-row findings have been listed before it gets here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum ImportRefusal {
    /// A place names a parent that is neither in the file nor known.
    #[error("{name} ({place_code}) lies in {parent}, which is not known")]
    UnknownParent {
        /// The place's code.
        place_code: String,
        /// Its name.
        name: String,
        /// The parent's code.
        parent: String,
    },
    /// The code is not twelve digits.
    #[error("{found:?} is not a division code of a {level:?}")]
    BadCode {
        /// What was given.
        found: String,
        /// The place's level.
        level: Level,
    },
    /// The register is of a day that lies in the future.
    #[error("{on} has not come yet")]
    InTheFuture {
        /// The day.
        on: Day,
    },
    /// More than a hundred places were given one code in different years.
    #[error("code {place_code} was re-used too often")]
    CodeReusedTooOften {
        /// The code.
        place_code: String,
    },
}

/// What is known of a place in the middle of an import.
#[derive(Clone)]
struct Known {
    id: PlaceId,
    org: u32,
    name: String,
    level: Level,
    within: Vec<PlaceId>,
    urban_rural: Option<u16>,
    position: Option<Position>,
    outline: Option<FileOf>,
    closed: bool,
    on: KnownOn,
}

type FileOf = (crate::basics::FileHash, String);

impl From<&Place> for Known {
    fn from(p: &Place) -> Known {
        Known {
            id: p.id,
            org: p.org,
            name: p.name.clone(),
            level: p.level,
            within: p.within.clone(),
            urban_rural: p.urban_rural,
            position: p.position,
            outline: p.outline.as_ref().map(|o| (o.file.clone(), o.origin.clone())),
            closed: p.closed.is_some(),
            on: p.known_on,
        }
    }
}

impl Known {
    /// What a place of this level lies in if it lies in this one, which stands in for levels in between.
    fn chain_to(&self, level: Level) -> Vec<PlaceId> {
        let steps = (level as usize).saturating_sub(self.level as usize).max(1);
        self.within.iter().copied().chain(std::iter::repeat_n(self.id, steps)).collect()
    }
}

struct Import<'a> {
    /// By the code that the place has now.
    by_code: HashMap<String, Known>,
    /// Places by an earlier code or name, so that an old edition read again is recognised.
    former: HashMap<(String, String), PlaceId>,
    /// Places on the way from one code to another, by the code that they leave.
    moving: HashMap<&'a str, Known>,
    /// Codes with their new holders' names: closing the old holder again must not close these.
    heirs: HashSet<(&'a str, &'a str)>,
    minted: HashSet<PlaceId>,
    drafts: Vec<Draft>,
    plan: &'a RegisterImport,
    now_ms: i64,
}

impl Decide for RegisterImport {
    type Refusal = ImportRefusal;

    fn reads(&self, _rows: &Rows) -> Vec<Read> {
        vec![Read::AllPlaces]
    }

    fn authority(&self, _rows: &Rows) -> Option<Authority> {
        Some(Authority::Machine)
    }

    fn decide(self, rows: &Rows, cx: &Context) -> Result<Vec<Draft>, ImportRefusal> {
        if let Some(bad) = self.all_rows().find(|row| !twelve_digits(&row.code)) {
            return Err(ImportRefusal::BadCode { found: bad.code.clone(), level: bad.level });
        }
        if let Some(on) = self.changed_on.filter(|on| *on > cx.today()) {
            return Err(ImportRefusal::InTheFuture { on });
        }
        let mut import = Import {
            by_code: HashMap::new(),
            former: HashMap::new(),
            moving: HashMap::new(),
            heirs: self.changed_rows().map(|row| (row.code.as_str(), row.name.as_str())).collect(),
            minted: rows.places().map(|p| p.id).collect(),
            drafts: Vec::new(),
            plan: &self,
            now_ms: cx.now_ms,
        };
        let mut places: Vec<&Place> = rows.places().collect();
        places.sort_unstable_by_key(|p| p.id);
        for place in places {
            for name in place.former_names.iter().chain([&place.name]) {
                for code in place.former_codes.iter().map(|c| &c.code).chain([&place.code]) {
                    import.former.insert((code.clone(), name.clone()), place.id);
                }
            }
            // A closed place gives way to the one that now has its code.
            let known = Known::from(place);
            match import.by_code.get(&place.code) {
                Some(other) if !other.closed => {}
                _ => {
                    import.by_code.insert(place.code.clone(), known);
                }
            }
        }
        for row in &self.rows {
            import.register(row, None)?;
        }
        // All codes that change become free before any of them is given to another place.
        for change in &self.changes {
            if let ImportChange::Recoded { code, now } = change {
                import.leave(code, now);
            }
        }
        for change in &self.changes {
            import.change(change)?;
        }
        for (code, detail, origin) in &self.details {
            import.detail(code, detail, origin);
        }
        Ok(import.drafts)
    }
}

impl RegisterImport {
    /// Places that the changes make or move.
    fn changed_rows(&self) -> impl Iterator<Item = &ImportRow> {
        self.changes.iter().filter_map(|change| match change {
            ImportChange::New(row) | ImportChange::Recoded { now: row, .. } => Some(row),
            ImportChange::Renamed { .. } | ImportChange::Closed { .. } => None,
        })
    }

    fn all_rows(&self) -> impl Iterator<Item = &ImportRow> {
        self.rows.iter().chain(self.changed_rows())
    }
}

impl<'a> Import<'a> {
    /// Takes a place off the code that it loses, unless that is done already or newer things are known of either code.
    fn leave(&mut self, code: &'a str, now: &ImportRow) {
        let newer = |k: &Known| self.is_older_than(k.on.code);
        let kept = self.by_code.get(&now.code).is_some_and(|k| k.name == now.name.as_str() || newer(k));
        if self.by_code.get(code).is_some_and(|k| !kept && !k.closed && !newer(k)) {
            self.moving.extend(self.by_code.remove(code).map(|known| (code, known)));
        }
    }

    fn register(&mut self, row: &ImportRow, from: Option<Day>) -> Result<(), ImportRefusal> {
        let known_already = self.former.contains_key(&(row.code.clone(), row.name.to_string()));
        if known_already {
            return Ok(());
        }
        if self.by_code.get(&row.code).is_some_and(|holder| self.is_older_than(holder.on.newest())) {
            return Ok(());
        }
        self.give_up(&row.code);
        let within = match &row.parent {
            None => Vec::new(),
            Some(parent) => {
                let above = self.by_code.get(parent).ok_or_else(|| ImportRefusal::UnknownParent {
                    place_code: row.code.clone(),
                    name: row.name.to_string(),
                    parent: parent.clone(),
                })?;
                above.chain_to(row.level)
            }
        };
        let id = self.mint(&row.code)?;
        let org = row.code[..6].parse().unwrap_or_default();
        let known = Known {
            id,
            org,
            name: row.name.to_string(),
            level: row.level,
            within: within.clone(),
            urban_rural: None,
            position: None,
            outline: None,
            closed: false,
            on: KnownOn::default(),
        };
        self.push(
            &known,
            self.plan.changed_on,
            Fact::Registered(Registered {
                code: row.code.clone(),
                name: row.name.clone(),
                level: row.level,
                kind: row.kind,
                within,
                from,
                origin: self.plan.origin.clone(),
            }),
        );
        self.former.insert((row.code.clone(), known.name.clone()), id);
        self.by_code.insert(row.code.clone(), known);
        Ok(())
    }

    fn change(&mut self, change: &ImportChange) -> Result<(), ImportRefusal> {
        let on = self.plan.changed_on;
        let document = self.plan.document.clone();
        match change {
            ImportChange::New(row) => return self.register(row, on),
            ImportChange::Renamed { code, name } => {
                let Some(known) = self.by_code.get(code).filter(|k| !k.closed && k.name != name.as_str()) else { return Ok(()) };
                if self.is_older_than(known.on.code.max(known.on.name)) {
                    return Ok(());
                }
                let known = Known { name: name.to_string(), ..known.clone() };
                self.push(&known, on, Fact::Renamed(Renamed { name: name.clone(), from: on, document }));
                self.by_code.insert(code.clone(), known);
            }
            ImportChange::Recoded { code, now } => {
                let Some(mut known) = self.moving.remove(code.as_str()) else { return Ok(()) };
                self.give_up(&now.code);
                self.push(&known, on, Fact::Recoded(Recoded { code: now.code.clone(), from: on, document: document.clone() }));
                if known.name != now.name.as_str() && !self.is_older_than(known.on.name) {
                    known.name = now.name.to_string();
                    self.push(
                        &known,
                        on,
                        Fact::Renamed(Renamed { name: now.name.clone(), from: on, document: document.clone() }),
                    );
                }
                let above = now.parent.as_ref().and_then(|p| self.by_code.get(p));
                let within: Vec<PlaceId> = above.map_or_else(|| known.within.clone(), |a| a.chain_to(now.level));
                if within != known.within && !self.is_older_than(known.on.within) {
                    known.within.clone_from(&within);
                    self.push(&known, on, Fact::Moved(Moved { within, from: on, document }));
                }
                self.by_code.insert(now.code.clone(), known);
            }
            ImportChange::Closed { code, into } => {
                let into = self.ids(into);
                let old_holder = |k: &&Known| !k.closed && !self.heirs.contains(&(code.as_str(), k.name.as_str()));
                let Some(known) = self.by_code.get(code).filter(old_holder) else { return Ok(()) };
                if self.is_older_than(known.on.code.max(known.on.being)) {
                    return Ok(());
                }
                let known = Known { closed: true, ..known.clone() };
                self.push(&known, on, Fact::Closed(Closed { on, into, document }));
                self.by_code.insert(code.clone(), known);
            }
        }
        Ok(())
    }

    /// Whether something is known from a later day than the register's.
    fn is_older_than(&self, known: Option<Day>) -> bool {
        matches!((self.plan.changed_on, known), (Some(day), Some(known)) if day < known)
    }

    /// The code now belongs to somebody else: its old holder is gone as far as the register says.
    fn give_up(&mut self, code: &str) {
        let Some(other) = self.by_code.get(code).filter(|k| !k.closed).cloned() else { return };
        let on = self.plan.changed_on;
        let became = self.plan.changes.iter().find_map(|change| match change {
            ImportChange::Closed { code: gone, into } if gone == code => Some(self.ids(into)),
            _ => None,
        });
        let into = became.unwrap_or_default().into_iter().filter(|id| *id != other.id).collect();
        self.push(&other, on, Fact::Closed(Closed { on, into, document: self.plan.document.clone() }));
        self.by_code.remove(code);
    }

    fn ids(&self, codes: &[String]) -> Vec<PlaceId> {
        codes.iter().filter_map(|code| self.by_code.get(code)).map(|known| known.id).collect()
    }

    fn detail(&mut self, code: &str, detail: &ImportDetail, origin: &str) {
        let Some(known) = self.by_code.get(code).filter(|k| !k.closed).cloned() else { return };
        let fact = match detail {
            ImportDetail::UrbanRural(urban_rural) if known.urban_rural != Some(*urban_rural) => {
                Fact::UrbanRuralSet(UrbanRuralSet { urban_rural: *urban_rural, origin: origin.to_owned() })
            }
            ImportDetail::Point { position, datum } if known.position.is_none() => {
                Fact::Located(Located { position: *position, datum: datum.clone(), origin: origin.to_owned() })
            }
            ImportDetail::Outline(outline) if known.outline.as_ref() != Some(&(outline.file.clone(), outline.origin.clone())) => {
                Fact::Outlined(outline.clone())
            }
            _ => return,
        };
        self.push(&known, None, fact);
    }

    fn push(&mut self, known: &Known, on: Option<Day>, fact: Fact) {
        self.drafts.push(Draft {
            org: known.org,
            subject: Subject::Place(known.id),
            place: known.id,
            effective_ms: on.map_or(self.now_ms, Day::start_ms),
            fact: AnyFact::Place(fact),
        });
    }

    fn mint(&mut self, code: &str) -> Result<PlaceId, ImportRefusal> {
        let too_often = || ImportRefusal::CodeReusedTooOften { place_code: code.to_owned() };
        let number: u64 = code.parse().map_err(|_| too_often())?;
        let id = (0..100).map(|n| PlaceId::mint(number, n)).find(|id| !self.minted.contains(id)).ok_or_else(too_often)?;
        self.minted.insert(id);
        Ok(id)
    }
}
