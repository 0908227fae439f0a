//! What may be done about wishes, briefs and plans.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Brief, FIXED_MAX, FUNDS_MAX, WorkCode,
    facts::*,
    view::{BriefRow, PlanRow, Wishes},
};
use crate::{
    Fact as AnyFact, ViewId,
    basics::{Authority, BriefId, Capability, Context, Day, Decide, Draft, PlaceId, PlanId, Read, Rows, Subject, Text},
    places::{Counted, Level, Place},
    problems::Photo,
    rules::{self, Rule},
};

/// Photos of the minutes at most.
pub const PHOTOS_MAX: usize = 6;

/// Commands of this room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type")]
pub enum Command {
    /// Record what villagers said of a work. The same day and way again corrects the count.
    #[serde(rename = "wishes.count")]
    Count {
        /// In which village.
        place: PlaceId,
        /// Of which kind of work.
        work: WorkCode,
        /// Households asked, at least 1.
        asked: u32,
        /// Of these in favour.
        in_favour: u32,
        /// On which day; today or before.
        on: Day,
        /// How.
        how: AskedBy,
        /// The minutes or the list, photographed; completed at the door from the stored files.
        #[serde(default)]
        photos: Vec<Photo>,
        /// What else was said.
        #[serde(default)]
        note: Option<Reason>,
    },
    /// Take a count back.
    #[serde(rename = "wishes.withdraw")]
    Withdraw {
        /// In which village.
        place: PlaceId,
        /// Of which kind of work.
        work: WorkCode,
        /// Of which day.
        on: Day,
        /// Asked how.
        how: AskedBy,
        /// Why.
        reason: Reason,
    },
    /// Write down what a plan has to keep to: a new brief, or a new version of one.
    #[serde(rename = "briefs.save")]
    SaveBrief {
        /// For this place and all below.
        place: PlaceId,
        /// The brief that gets a new version; a new one where absent.
        #[serde(default)]
        id: Option<BriefId>,
        /// What it is called.
        title: Text<100>,
        /// All of it.
        brief: Brief,
        /// Why it is as it is, or why it is changed.
        reason: Reason,
    },
    /// Say that a brief is no longer used.
    #[serde(rename = "briefs.withdraw")]
    WithdrawBrief {
        /// Which.
        id: BriefId,
        /// Why.
        reason: Reason,
    },
    /// Propose a plan. Comes out of a search at the server, which makes and checks it; nobody sends it.
    #[serde(rename = "plans.propose")]
    Propose {
        /// The brief.
        brief: BriefId,
        /// Its version, from 1.
        version: u16,
        /// What the plan comes to.
        made: PlanMade,
    },
    /// Put a plan aside.
    #[serde(rename = "plans.discard")]
    Discard {
        /// Which.
        id: PlanId,
        /// Why.
        reason: Reason,
    },
}

/// Why a command about wishes, briefs or plans is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Refusal {
    /// The place is no open village.
    #[error("villagers are asked in a village, and this is none that is open")]
    NoVillage,
    /// The catalogue that holds there has no such work.
    #[error("the catalogue of works that holds there has no {work}")]
    NotInCatalogue {
        /// What was named.
        work: WorkCode,
    },
    /// Nobody was asked.
    #[error("at least one household has to be asked")]
    NobodyAsked,
    /// More in favour than asked.
    #[error("{in_favour} in favour of {asked} asked")]
    MoreThanAsked {
        /// In favour.
        in_favour: u32,
        /// Asked.
        asked: u32,
    },
    /// More asked than there are.
    #[error("{asked} households asked, and the village has {households}")]
    MoreThanThereAre {
        /// Asked.
        asked: u32,
        /// There are.
        households: u32,
    },
    /// The day has not come.
    #[error("{on} has not come yet")]
    NotYet {
        /// The day.
        on: Day,
    },
    /// Too many photos.
    #[error("{found} photos, at most {max}")]
    TooManyPhotos {
        /// Given.
        found: usize,
        /// Most.
        max: usize,
    },
    /// A value of the brief that cannot work.
    #[error("{value} is out of range")]
    OutOfRange {
        /// Which value.
        value: &'static str,
    },
    /// A fund that pays elsewhere, or a decision about a place elsewhere.
    #[error("the brief speaks of {places} places that it does not reach")]
    Elsewhere {
        /// How many.
        places: usize,
    },
    /// The brief is for another place, or is no longer used.
    #[error("the brief is not used here any more")]
    BriefGone,
    /// The plan was put aside before.
    #[error("the plan was put aside before")]
    PlanGone,
    /// Nothing was counted on that day in that way.
    #[error("no wishes were counted on {on} in that way")]
    NotCounted {
        /// The day.
        on: Day,
    },
}

impl Command {
    /// Whether it only comes out of a search at the server.
    pub fn is_made_at_the_server(&self) -> bool {
        matches!(self, Command::Propose { .. })
    }

    /// The places that a brief speaks of.
    fn spoken_of(brief: &Brief) -> impl Iterator<Item = PlaceId> + '_ {
        brief.funds.iter().map(|f| f.place).chain(brief.fixed.iter().map(|f| f.place))
    }

    /// The photos of the command, to be completed at the door from the stored files.
    pub fn photos_mut(&mut self) -> Option<&mut Vec<Photo>> {
        match self {
            Command::Count { photos, .. } => Some(photos),
            Command::Withdraw { .. }
            | Command::SaveBrief { .. }
            | Command::WithdrawBrief { .. }
            | Command::Propose { .. }
            | Command::Discard { .. } => None,
        }
    }
}

impl Decide for Command {
    type Refusal = Refusal;

    fn reads(&self, rows: &Rows) -> Vec<Read> {
        let place_read = |id: PlaceId| Read::Row(ViewId::Places, id.key());
        match self {
            Command::Count { place, work, .. } | Command::Withdraw { place, work, .. } => {
                let there = if rows.has(&place_read(*place)) { rows.place(*place) } else { None };
                let catalogue = there.map(|p| rules::reads(p, Rule::CATALOGUE)).unwrap_or_default();
                let own = [place_read(*place), Read::Row(ViewId::Wishes, Wishes::key_of(*place, work))];
                own.into_iter().chain(catalogue).collect()
            }
            Command::SaveBrief { place, id, brief, .. } => {
                let spoken_of = Command::spoken_of(brief).take(FUNDS_MAX + FIXED_MAX).map(place_read);
                let former = id.map(|id| Read::Row(ViewId::Briefs, id.key()));
                [place_read(*place)].into_iter().chain(former).chain(spoken_of).collect()
            }
            Command::WithdrawBrief { id, .. } | Command::Propose { brief: id, .. } => {
                let read = Read::Row(ViewId::Briefs, id.key());
                let row = if rows.has(&read) { rows.get::<BriefRow>(&id.key()) } else { None };
                let home = row.map(|b| place_read(b.place));
                [read].into_iter().chain(home).collect()
            }
            Command::Discard { id, .. } => {
                let read = Read::Row(ViewId::Plans, id.key());
                let row = if rows.has(&read) { rows.get::<PlanRow>(&id.key()) } else { None };
                let home = row.map(|p| place_read(p.place));
                [read].into_iter().chain(home).collect()
            }
        }
    }

    fn authority(&self, rows: &Rows) -> Option<Authority> {
        Some(match self {
            Command::Count { place, .. } | Command::Withdraw { place, .. } => {
                Authority::Post(Capability::WishesCount, rows.place(*place)?.id)
            }
            Command::SaveBrief { place, id, .. } => {
                // A brief that is not there, or somebody else's, looks the same.
                let home = match id {
                    Some(id) => rows.get::<BriefRow>(&id.key()).map(|b| b.place).filter(|p| p == place)?,
                    None => *place,
                };
                Authority::Post(Capability::PlanningEdit, rows.place(home)?.id)
            }
            Command::WithdrawBrief { id, .. } | Command::Propose { brief: id, .. } => {
                let home = rows.get::<BriefRow>(&id.key())?.place;
                Authority::Post(Capability::PlanningEdit, rows.place(home)?.id)
            }
            Command::Discard { id, .. } => {
                let home = rows.get::<PlanRow>(&id.key())?.place;
                Authority::Post(Capability::PlanningEdit, rows.place(home)?.id)
            }
        })
    }

    fn decide(self, rows: &Rows, cx: &Context) -> Result<Vec<Draft>, Refusal> {
        let drafted = |at: &Place, on: Day, fact| Draft {
            org: at.org,
            subject: Subject::Wishes(at.id),
            place: at.id,
            effective_ms: on.start_ms(),
            fact: AnyFact::Planning(fact),
        };
        match self {
            Command::Count { place, work, asked, in_favour, on, how, photos, note } => {
                let at = rows.place(place).ok_or(Refusal::NoVillage)?;
                if at.level != Level::Village || at.closed.is_some() {
                    return Err(Refusal::NoVillage);
                }
                let known = match rules::find(rows, at, Rule::CATALOGUE, cx.today()) {
                    Some(Rule::Catalogue(catalogue)) => catalogue.works.contains_key(&work),
                    _ => false,
                };
                if !known {
                    return Err(Refusal::NotInCatalogue { work });
                }
                if asked == 0 {
                    return Err(Refusal::NobodyAsked);
                }
                if in_favour > asked {
                    return Err(Refusal::MoreThanAsked { in_favour, asked });
                }
                // Households away are asked by telephone: whichever count is larger.
                let counted = [Counted::HouseholdsRegistered, Counted::HouseholdsResident];
                let households = counted.iter().filter_map(|c| at.counts.get(c)).map(|c| c.value).max();
                if let Some(households) = households.filter(|h| asked > *h) {
                    return Err(Refusal::MoreThanThereAre { asked, households });
                }
                if on > cx.today() {
                    return Err(Refusal::NotYet { on });
                }
                if photos.len() > PHOTOS_MAX {
                    return Err(Refusal::TooManyPhotos { found: photos.len(), max: PHOTOS_MAX });
                }
                let fact = Fact::WishesCounted(WishesCounted { work, asked, in_favour, on, how, photos, note });
                Ok(vec![drafted(at, on, fact)])
            }
            Command::Withdraw { place, work, on, how, reason } => {
                let at = rows.place(place).ok_or(Refusal::NoVillage)?;
                let row = rows.get::<Wishes>(&Wishes::key_of(place, &work));
                if !row.is_some_and(|r| r.wishes.iter().any(|w| (w.on, w.how) == (on, how))) {
                    return Err(Refusal::NotCounted { on });
                }
                Ok(vec![drafted(at, on, Fact::WishesWithdrawn(WishesWithdrawn { work, on, how, reason }))])
            }
            Command::SaveBrief { place, id, title, brief, reason } => {
                let at = rows.place(place).filter(|p| p.closed.is_none()).ok_or(Refusal::BriefGone)?;
                if let Some(id) = id {
                    rows.get::<BriefRow>(&id.key()).filter(|b| b.withdrawn.is_none()).ok_or(Refusal::BriefGone)?;
                }
                if let Some(value) = brief.fault() {
                    return Err(Refusal::OutOfRange { value });
                }
                // Money comes from above as well, and is kept at the county or higher; what is decided is about villages here.
                let reaches = |id: &PlaceId| {
                    let meets = |p: &Place| p.level <= Level::County && (p.is_or_is_within(place) || at.is_or_is_within(p.id));
                    rows.place(*id).is_some_and(meets)
                };
                let below = |id: &PlaceId| rows.place(*id).is_some_and(|p| p.level == Level::Village && p.is_or_is_within(place));
                let funds = brief.funds.iter().filter(|f| !reaches(&f.place)).count();
                let fixed = brief.fixed.iter().filter(|f| !below(&f.place)).count();
                if funds + fixed > 0 {
                    return Err(Refusal::Elsewhere { places: funds + fixed });
                }
                let id = id.unwrap_or(BriefId(cx.fresh));
                let fact = AnyFact::Planning(Fact::BriefSaved(BriefSaved { title, brief, reason }));
                Ok(vec![Draft { org: at.org, subject: Subject::Brief(id), place, effective_ms: cx.now_ms, fact }])
            }
            Command::WithdrawBrief { id, reason } => {
                let row = rows.get::<BriefRow>(&id.key()).filter(|b| b.withdrawn.is_none()).ok_or(Refusal::BriefGone)?;
                let fact = AnyFact::Planning(Fact::BriefWithdrawn(BriefWithdrawn { reason }));
                Ok(vec![Draft { org: row.org, subject: Subject::Brief(id), place: row.place, effective_ms: cx.now_ms, fact }])
            }
            Command::Propose { brief, version, made } => {
                let row = rows.get::<BriefRow>(&brief.key()).filter(|b| b.withdrawn.is_none()).ok_or(Refusal::BriefGone)?;
                row.version(version.into()).ok_or(Refusal::BriefGone)?;
                let subject = Subject::Plan(PlanId(cx.fresh));
                let fact = AnyFact::Planning(Fact::PlanProposed(PlanProposed { brief, version, made }));
                Ok(vec![Draft { org: row.org, subject, place: row.place, effective_ms: cx.now_ms, fact }])
            }
            Command::Discard { id, reason } => {
                let row = rows.get::<PlanRow>(&id.key()).filter(|p| p.discarded.is_none()).ok_or(Refusal::PlanGone)?;
                let fact = AnyFact::Planning(Fact::PlanDiscarded(PlanDiscarded { reason }));
                Ok(vec![Draft { org: row.org, subject: Subject::Plan(id), place: row.place, effective_ms: cx.now_ms, fact }])
            }
        }
    }

    fn field(&self, reason: &str) -> Option<&'static str> {
        match reason {
            "no-village" => Some("place"),
            "not-in-catalogue" => Some("work"),
            "nobody-asked" | "more-than-there-are" => Some("asked"),
            "more-than-asked" => Some("in_favour"),
            "not-yet" | "not-counted" => Some("on"),
            "too-many-photos" => Some("photos"),
            "out-of-range" | "elsewhere" => Some("brief"),
            "brief-gone" if !matches!(self, Command::Propose { .. }) => Some("id"),
            "brief-gone" => Some("brief"),
            "plan-gone" => Some("id"),
            _ => None,
        }
    }
}
