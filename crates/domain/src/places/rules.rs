//! What may be done to places.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Place, facts::*};
use crate::{
    Fact as AnyFact, ViewId,
    basics::{Authority, Capability, Context, Day, Decide, Draft, PlaceId, Position, Read, Rows, Subject},
};

/// Commands of this room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type")]
pub enum Command {
    /// Give a place another name.
    #[serde(rename = "places.rename")]
    Rename {
        /// Which place.
        place: PlaceId,
        /// The new name.
        name: Name,
        /// From when.
        from: Option<Day>,
        /// By which document.
        document: Document,
    },
    /// Give a place another division code.
    #[serde(rename = "places.recode")]
    Recode {
        /// Which place.
        place: PlaceId,
        /// The new code, 12 digits.
        code: String,
        /// From when.
        from: Option<Day>,
        /// By which document.
        document: Document,
    },
    /// Put a village into a class.
    #[serde(rename = "places.classify")]
    Classify {
        /// Which village.
        place: PlaceId,
        /// The class.
        class: Class,
        /// From when.
        from: Day,
        /// By which document.
        document: Document,
    },
    /// Give a village a grade, or take it away.
    #[serde(rename = "places.grade")]
    Grade {
        /// Which village.
        place: PlaceId,
        /// The grade.
        grade: Grade,
        /// From when.
        from: Day,
        /// By which document.
        document: Document,
    },
    /// The programme enters a stage at a place.
    #[serde(rename = "places.enter_stage")]
    EnterStage {
        /// Which place.
        place: PlaceId,
        /// The stage.
        stage: Stage,
        /// From when.
        from: Day,
        /// By which document.
        document: Document,
    },
    /// Record a denominator.
    #[serde(rename = "places.count")]
    Count {
        /// Which place.
        place: PlaceId,
        /// What was counted.
        what: Counted,
        /// How many, at most ten million.
        value: u32,
        /// On which day that held.
        on: Day,
        /// How it was counted.
        method: Method,
    },
    /// Say where a place is.
    #[serde(rename = "places.locate")]
    Locate {
        /// Which place.
        place: PlaceId,
        /// The point, WGS-84.
        position: Position,
        /// Where the point comes from.
        source: Document,
    },
    /// A place ceases to be.
    #[serde(rename = "places.close")]
    Close {
        /// Which place.
        place: PlaceId,
        /// On which day.
        on: Option<Day>,
        /// What it became.
        into: Vec<PlaceId>,
        /// By which document.
        document: Document,
    },
    /// Closing was a mistake.
    #[serde(rename = "places.reinstate")]
    Reinstate {
        /// Which place.
        place: PlaceId,
        /// Why.
        document: Document,
    },
}

/// Why a command about a place is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Refusal {
    /// There is no such place.
    #[error("no such place: {place}")]
    NoSuchPlace {
        /// What was named.
        place: PlaceId,
    },
    /// The place has ceased to be.
    #[error("{name} was closed")]
    AlreadyClosed {
        /// Its name.
        name: String,
    },
    /// The place is not closed.
    #[error("{name} is not closed")]
    NotClosed {
        /// Its name.
        name: String,
    },
    /// Only villages have classes and grades.
    #[error("{name} is not a village")]
    NotAVillage {
        /// Its name.
        name: String,
    },
    /// The code is not twelve digits or belongs to another level.
    #[error("{found:?} is not a division code of a {level:?}")]
    BadCode {
        /// What was given.
        found: String,
        /// The place's level.
        level: Level,
    },
    /// Another place that has not ceased to be has this code.
    #[error("{name} has the code {place_code}")]
    CodeInUse {
        /// The code.
        place_code: String,
        /// The place that has it.
        name: String,
    },
    /// Nothing would change.
    #[error("nothing would change")]
    NothingChanges,
    /// The day lies in the future.
    #[error("{on} has not come yet")]
    InTheFuture {
        /// The day.
        on: Day,
    },
    /// The number is not plausible.
    #[error("{value} is more than {max}")]
    TooMany {
        /// What was given.
        value: u32,
        /// The largest that is accepted.
        max: u32,
    },
    /// A place cannot become itself.
    #[error("a place cannot be merged into itself")]
    IntoItself,
}

/// No county-level unit of China has ten million inhabitants in one village; a typing mistake does.
pub const COUNT_MAX: u32 = 10_000_000;

impl Command {
    /// Which place the command is about.
    pub fn place(&self) -> PlaceId {
        match self {
            Command::Rename { place, .. }
            | Command::Recode { place, .. }
            | Command::Classify { place, .. }
            | Command::Grade { place, .. }
            | Command::EnterStage { place, .. }
            | Command::Count { place, .. }
            | Command::Locate { place, .. }
            | Command::Close { place, .. }
            | Command::Reinstate { place, .. } => *place,
        }
    }
}

impl Decide for Command {
    type Refusal = Refusal;

    fn reads(&self, _rows: &Rows) -> Vec<Read> {
        let row = |id: &PlaceId| Read::Row(ViewId::Places, id.key());
        match self {
            // Any place may have the code. First, so that nobody else records one meanwhile.
            Command::Recode { .. } | Command::Reinstate { .. } => vec![Read::AllPlaces],
            Command::Close { place, into, .. } => [place].into_iter().chain(into).map(row).collect(),
            Command::Rename { place, .. }
            | Command::Classify { place, .. }
            | Command::Grade { place, .. }
            | Command::EnterStage { place, .. }
            | Command::Count { place, .. }
            | Command::Locate { place, .. } => vec![row(place)],
        }
    }

    fn authority(&self, rows: &Rows) -> Option<Authority> {
        let place = rows.place(self.place())?;
        let capability = match self {
            Command::Count { .. } => Capability::PlacesCount,
            _ => Capability::PlacesEdit,
        };
        Some(Authority::Post(capability, place.id))
    }

    fn decide(self, rows: &Rows, cx: &Context) -> Result<Vec<Draft>, Refusal> {
        let id = self.place();
        let place = rows.place(id).ok_or(Refusal::NoSuchPlace { place: id })?;
        let closed = || Refusal::AlreadyClosed { name: place.name.clone() };
        if place.closed.is_some() && !matches!(self, Command::Reinstate { .. }) {
            return Err(closed());
        }
        let (effective, fact) = match self {
            Command::Rename { name, from, document, .. } => {
                changes(place.name != name.as_str())?;
                (from, Fact::Renamed(Renamed { name, from, document }))
            }
            Command::Recode { code, from, document, .. } => {
                changes(place.code != code)?;
                code_fits(&code, place)?;
                code_is_free(&code, place, rows)?;
                (from, Fact::Recoded(Recoded { code, from, document }))
            }
            Command::Classify { class, from, document, .. } => {
                is_village(place)?;
                changes(place.class != Some(class))?;
                (Some(from), Fact::Classified(Classified { class, from, document }))
            }
            Command::Grade { grade, from, document, .. } => {
                is_village(place)?;
                changes(place.grade.unwrap_or(Grade::None) != grade)?;
                (Some(from), Fact::Graded(Graded { grade, from, document }))
            }
            Command::EnterStage { stage, from, document, .. } => {
                changes(place.stage != Some(stage))?;
                (Some(from), Fact::StageEntered(StageEntered { stage, from, document }))
            }
            Command::Count { what, value, on, method, .. } => {
                if value > COUNT_MAX {
                    return Err(Refusal::TooMany { value, max: COUNT_MAX });
                }
                (Some(on), Fact::CountRecorded(CountRecorded { what, value, on, method, evidence: None }))
            }
            Command::Locate { position, source, .. } => {
                changes(place.position != Some(position))?;
                (None, Fact::Located(Located { position, datum: "wgs84".into(), origin: source.to_string() }))
            }
            Command::Close { on, into, document, .. } => {
                if into.contains(&id) {
                    return Err(Refusal::IntoItself);
                }
                for other in &into {
                    let other_place = rows.place(*other).ok_or(Refusal::NoSuchPlace { place: *other })?;
                    if other_place.closed.is_some() {
                        return Err(Refusal::AlreadyClosed { name: other_place.name.clone() });
                    }
                }
                (on, Fact::Closed(Closed { on, into, document }))
            }
            Command::Reinstate { document, .. } => {
                if place.closed.is_none() {
                    return Err(Refusal::NotClosed { name: place.name.clone() });
                }
                code_is_free(&place.code, place, rows)?;
                (None, Fact::Reinstated(Reinstated { document }))
            }
        };
        // A row says what holds today, and knows no clock by which something could begin to hold.
        if let Some(on) = effective.filter(|on| *on > cx.today()) {
            return Err(Refusal::InTheFuture { on });
        }
        let effective_ms = effective.map_or(cx.now_ms, Day::start_ms);
        Ok(vec![draft(place, effective_ms, fact)])
    }

    fn field(&self, reason: &str) -> Option<&'static str> {
        Some(match (self, reason) {
            (Command::Count { .. } | Command::Close { .. }, "in-the-future") => "on",
            (_, "in-the-future") => "from",
            (Command::Rename { .. }, "nothing-changes") => "name",
            (Command::Recode { .. }, "nothing-changes" | "bad-code" | "code-in-use") => "code",
            (Command::Classify { .. }, "nothing-changes") => "class",
            (Command::Grade { .. }, "nothing-changes") => "grade",
            (Command::EnterStage { .. }, "nothing-changes") => "stage",
            (Command::Locate { .. }, "nothing-changes") => "position",
            (Command::Count { .. }, "too-many") => "value",
            (Command::Close { .. }, "into-itself" | "no-such-place") => "into",
            _ => return None,
        })
    }
}

/// A fact about a place, for the chain of its organisation.
pub(super) fn draft(place: &Place, effective_ms: i64, fact: Fact) -> Draft {
    Draft { org: place.org, subject: Subject::Place(place.id), place: place.id, effective_ms, fact: AnyFact::Place(fact) }
}

fn changes(different: bool) -> Result<(), Refusal> {
    different.then_some(()).ok_or(Refusal::NothingChanges)
}

fn is_village(place: &Place) -> Result<(), Refusal> {
    (place.level == Level::Village).then_some(()).ok_or_else(|| Refusal::NotAVillage { name: place.name.clone() })
}

/// Whether a division code has its twelve digits.
pub(super) fn twelve_digits(code: &str) -> bool {
    code.len() == 12 && code.bytes().all(|b| b.is_ascii_digit())
}

/// The lowest digits that are not all zero are those of the place's own level.
fn code_fits(code: &str, place: &Place) -> Result<(), Refusal> {
    let digits = place.level.digits();
    let above = Level::ALL.iter().filter(|l| **l < place.level).map(|l| l.digits()).max().unwrap_or(0);
    let zero = |part: &str| part.bytes().all(|b| b == b'0');
    let good = twelve_digits(code) && !zero(&code[above..digits]) && zero(&code[digits..]);
    good.then_some(()).ok_or_else(|| Refusal::BadCode { found: code.to_owned(), level: place.level })
}

/// Of the places that have not ceased to be, each has a code of its own.
fn code_is_free(code: &str, place: &Place, rows: &Rows) -> Result<(), Refusal> {
    let holder = rows.places().find(|other| other.id != place.id && other.closed.is_none() && other.code == code);
    let taken = |other: &Place| Refusal::CodeInUse { place_code: code.to_owned(), name: other.name.clone() };
    holder.map_or(Ok(()), |other| Err(taken(other)))
}
