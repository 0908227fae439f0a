//! What may be done with campaigns.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{burden::MONTHS_MAX, facts::*, months, view::*};
use crate::{
    Fact as AnyFact, ViewId,
    basics::{Authority, CampaignId, Capability, Context, Day, Decide, Draft, FormId, PlaceId, Read, Rows, Subject, Text},
    places::{Level, Place},
    surveys::Form,
};

/// Places named in one command at most.
pub const PLACES_MAX: usize = 1000;
/// Minutes of one visit at most: a working day.
const MINUTES_MAX: u16 = 480;

/// Commands of this room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type")]
pub enum Command {
    /// Send a form to villages.
    #[serde(rename = "campaigns.open")]
    Open {
        /// Whose campaign it is.
        place: PlaceId,
        /// The form, which has to be offered there.
        form: FormId,
        /// What it is called.
        title: Text<200>,
        /// First day; today or later.
        from: Day,
        /// Last day.
        until: Day,
        /// It goes to these places and all below; to all below `place` where there are none.
        #[serde(default)]
        places: Vec<PlaceId>,
        /// Minutes expected of a visit, 1…480; worked out from the number of questions where absent.
        #[serde(default)]
        minutes: Option<u16>,
        /// Why it is opened although villages have no room for it under the cap.
        #[serde(default)]
        over_cap: Option<Reason>,
        /// What it asks of villages; worked out at the door, whatever is sent.
        #[serde(default)]
        adds: Option<Adds>,
    },
    /// Say who goes to places, and to all below them.
    #[serde(rename = "campaigns.assign")]
    Assign {
        /// In which campaign.
        campaign: CampaignId,
        /// Where to.
        places: Vec<PlaceId>,
        /// Who.
        to: Assignee,
    },
    /// Take that back.
    #[serde(rename = "campaigns.unassign")]
    Unassign {
        /// In which campaign.
        campaign: CampaignId,
        /// Where to.
        places: Vec<PlaceId>,
    },
    /// Say that it is over.
    #[serde(rename = "campaigns.close")]
    Close {
        /// Which.
        campaign: CampaignId,
        /// Why.
        reason: Reason,
    },
}

/// Why a command about campaigns is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Refusal {
    /// The place is no more.
    #[error("the place is closed")]
    PlaceClosed,
    /// The form is not offered there.
    #[error("the form is not offered at this place")]
    FormNotOffered,
    /// It would have to have begun already.
    #[error("a campaign cannot begin on {from}, before today")]
    InThePast {
        /// The day.
        from: Day,
    },
    /// It ends before it begins, or goes on for years.
    #[error("a campaign goes from its first day to its last, over at most {max} months")]
    BadSpan {
        /// Months at most.
        max: usize,
    },
    /// No such length of a visit.
    #[error("a visit takes 1 to {max} minutes")]
    BadMinutes {
        /// Minutes at most.
        max: u16,
    },
    /// No village lies there.
    #[error("it goes to no village")]
    NoVillages,
    /// Nothing is named.
    #[error("no place is named")]
    NoPlaces,
    /// Too many places at a time.
    #[error("at most {max} places at a time")]
    TooManyPlaces {
        /// Most.
        max: usize,
    },
    /// A place that it does not go to.
    #[error("the campaign does not go to {places} of the places named")]
    NotOfTheCampaign {
        /// How many.
        places: usize,
    },
    /// Villages have no room for it.
    #[error("{over} of {villages} villages would be asked more than the cap of a month")]
    OverCap {
        /// How many have no room.
        over: u32,
        /// Of how many.
        villages: u32,
    },
    /// The post cannot hand in there.
    #[error("the post cannot hand in forms in {places} of the places named")]
    PostElsewhere {
        /// How many.
        places: usize,
    },
    /// It is over.
    #[error("the campaign is closed")]
    Closed,
}

fn campaign_read(id: CampaignId) -> Read {
    Read::Row(ViewId::Campaigns, id.key())
}

fn place_read(id: PlaceId) -> Read {
    Read::Row(ViewId::Places, id.key())
}

fn campaign(rows: &Rows, id: CampaignId) -> Option<&Campaign> {
    if rows.has(&campaign_read(id)) { rows.get::<Campaign>(&id.key()) } else { None }
}

impl Decide for Command {
    type Refusal = Refusal;

    fn reads(&self, rows: &Rows) -> Vec<Read> {
        match self {
            Command::Open { place, form, places, .. } => {
                let form = Read::Row(ViewId::Forms, form.key());
                let listed = places.iter().take(PLACES_MAX).copied();
                [place_read(*place), form].into_iter().chain(listed.map(place_read)).collect()
            }
            Command::Assign { campaign: id, places, .. } | Command::Unassign { campaign: id, places } => {
                let home = campaign(rows, *id).map(|c| place_read(c.place));
                let each = |p: &PlaceId| [place_read(*p), Read::Row(ViewId::Assignments, Assignment::key_of(*id, *p))];
                let listed = places.iter().take(PLACES_MAX).flat_map(each);
                [campaign_read(*id)].into_iter().chain(home).chain(listed).collect()
            }
            Command::Close { campaign: id, .. } => {
                [campaign_read(*id)].into_iter().chain(campaign(rows, *id).map(|c| place_read(c.place))).collect()
            }
        }
    }

    fn authority(&self, rows: &Rows) -> Option<Authority> {
        let at = match self {
            Command::Open { place, .. } => rows.place(*place)?.id,
            Command::Assign { campaign: id, .. }
            | Command::Unassign { campaign: id, .. }
            | Command::Close { campaign: id, .. } => campaign(rows, *id)?.place,
        };
        Some(Authority::Post(Capability::SurveysManage, at))
    }

    fn decide(self, rows: &Rows, cx: &Context) -> Result<Vec<Draft>, Refusal> {
        match self {
            Command::Open { place: at, form, title, from, until, places, minutes, over_cap, adds } => {
                let place = rows.place(at).filter(|p| p.closed.is_none()).ok_or(Refusal::PlaceClosed)?;
                let offered = rows.get::<Form>(&form.key()).filter(|f| f.current().is_some() && place.is_or_is_within(f.place));
                offered.ok_or(Refusal::FormNotOffered)?;
                if from < cx.today() {
                    return Err(Refusal::InThePast { from });
                }
                if until < from || months(from, until).len() >= MONTHS_MAX {
                    return Err(Refusal::BadSpan { max: MONTHS_MAX - 1 });
                }
                if minutes.is_some_and(|m| !(1..=MINUTES_MAX).contains(&m)) {
                    return Err(Refusal::BadMinutes { max: MINUTES_MAX });
                }
                if places.len() > PLACES_MAX {
                    return Err(Refusal::TooManyPlaces { max: PLACES_MAX });
                }
                let elsewhere = places.iter().filter(|id| rows.place(**id).is_none_or(|p| !p.is_or_is_within(at))).count();
                if elsewhere > 0 {
                    return Err(Refusal::NotOfTheCampaign { places: elsewhere });
                }
                if let Some(adds) = &adds {
                    if adds.villages == 0 {
                        return Err(Refusal::NoVillages);
                    }
                    if adds.over > 0 && over_cap.is_none() {
                        return Err(Refusal::OverCap { over: adds.over, villages: adds.villages });
                    }
                }
                let fact = Fact::CampaignOpened(CampaignOpened { form, title, from, until, places, minutes, adds, over_cap });
                let id = CampaignId(cx.fresh);
                Ok(vec![draft(id, place.org, at, cx, fact)])
            }
            Command::Assign { campaign: id, places, to } => {
                let found = named(rows, id, &places)?;
                if let Assignee::Post { post } = &to {
                    let may = post.role.capabilities().contains(&Capability::SurveysSubmit);
                    let elsewhere = found.iter().filter(|p| !(may && p.is_or_is_within(post.place))).count();
                    if elsewhere > 0 {
                        return Err(Refusal::PostElsewhere { places: elsewhere });
                    }
                }
                // Said twice is said once.
                let new = found.into_iter().filter(|p| current(rows, id, p.id) != Some(&to));
                Ok(new.map(|p| draft(id, p.org, p.id, cx, Fact::CampaignAssigned(CampaignAssigned { to: to.clone() }))).collect())
            }
            Command::Unassign { campaign: id, places } => {
                let found = named(rows, id, &places)?;
                let taken = found.into_iter().filter_map(|p| Some((p, current(rows, id, p.id)?.clone())));
                Ok(taken
                    .map(|(p, from)| draft(id, p.org, p.id, cx, Fact::CampaignUnassigned(CampaignUnassigned { from })))
                    .collect())
            }
            Command::Close { campaign: id, reason } => {
                let row = open(rows, id)?;
                Ok(vec![draft(id, row.org, row.place, cx, Fact::CampaignClosed(CampaignClosed { reason }))])
            }
        }
    }

    fn field(&self, reason: &str) -> Option<&'static str> {
        match (self, reason) {
            (Command::Open { .. }, "form-not-offered") => Some("form"),
            (Command::Open { .. }, "in-the-past") => Some("from"),
            (Command::Open { .. }, "bad-span") => Some("until"),
            (Command::Open { .. }, "bad-minutes") => Some("minutes"),
            (Command::Open { .. }, "over-cap") => Some("over_cap"),
            (Command::Open { .. } | Command::Assign { .. } | Command::Unassign { .. }, "no-places" | "too-many-places") => {
                Some("places")
            }
            (Command::Open { .. } | Command::Assign { .. } | Command::Unassign { .. }, "not-of-the-campaign") => Some("places"),
            (Command::Assign { .. }, "post-elsewhere") => Some("to"),
            _ => None,
        }
    }
}

fn draft(id: CampaignId, org: u32, place: PlaceId, cx: &Context, fact: Fact) -> Draft {
    Draft { org, subject: Subject::Campaign(id), place, effective_ms: cx.now_ms, fact: AnyFact::Campaign(fact) }
}

fn open(rows: &Rows, id: CampaignId) -> Result<&Campaign, Refusal> {
    campaign(rows, id).filter(|c| c.state == CampaignState::Open).ok_or(Refusal::Closed)
}

fn current(rows: &Rows, id: CampaignId, place: PlaceId) -> Option<&Assignee> {
    rows.get::<Assignment>(&Assignment::key_of(id, place)).and_then(|a| a.to.as_ref())
}

/// The places that are named, each once. All are there, and the campaign goes to them or to something below them.
fn named<'r>(rows: &'r Rows, id: CampaignId, places: &[PlaceId]) -> Result<Vec<&'r Place>, Refusal> {
    let row = open(rows, id)?;
    match places.len() {
        0 => return Err(Refusal::NoPlaces),
        n if n > PLACES_MAX => return Err(Refusal::TooManyPlaces { max: PLACES_MAX }),
        _ => {}
    }
    let mut found: Vec<&Place> = Vec::new();
    let mut missing = 0;
    for id in places {
        // A town of which only some villages are in it can be assigned as a whole.
        let fits = |p: &&Place| row.goes_to(p) || (p.level < Level::Village && p.is_or_is_within(row.place));
        match rows.place(*id).filter(fits) {
            Some(place) if !found.iter().any(|p| p.id == place.id) => found.push(place),
            Some(_) => {}
            None => missing += 1,
        }
    }
    if missing > 0 { Err(Refusal::NotOfTheCampaign { places: missing }) } else { Ok(found) }
}
