//! Survey campaigns at the door: what a campaign will ask of villages before it is opened, which village was visited and by
//! whom, what surveys asked of villages in a month, and who is to go where. All of it is counted from views when somebody
//! looks; nothing is kept.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{
    Command, Row, ViewId,
    basics::{AccountId, Actor, CampaignId, Capability, Day, FormId, PersonId, PlaceId, Value as Cell},
    campaigns::{self, Adds, Assignee, Assignment, Burden, Campaign, CampaignState, Load, Plan},
    places::{Level, Place},
    rules::{self, Rule},
};
use serde::Serialize;
use store::{Condition, List, Scope, Visits};
use utoipa::ToSchema;

mod burden;
mod coverage;
mod mine;

pub use burden::{BurdenAnswer, burden, burden_export};
pub use coverage::{CoverageAnswer, coverage, coverage_export, coverage_of_form, coverage_of_form_export};
pub use mine::{MyAssignmentsAnswer, mine};

use crate::{
    answer::{Answer, Problem},
    answers::PlaceBrief,
    ask::Ask,
    asked_once::{self, KnownAnswer},
    export::{self, Table},
    recompute,
    rows::{self, Briefs, marked},
    surveys::{self, Offered},
    villages::{Nearest, Village, head, nearest_first, one_of, page, rows_of, villages},
    wording::text,
};

/// Campaigns told at a time.
const CAMPAIGNS_MAX: usize = 200;

/// A campaign with how far it is, within the caller's places.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignTold {
    /// The campaign.
    pub campaign: Campaign,
    /// Whose it is.
    #[schema(required)]
    pub place: Option<PlaceBrief>,
    /// Title of its form.
    pub form_title: String,
    /// Villages that it goes to.
    pub villages: usize,
    /// Of these visited.
    pub visited: usize,
    /// Whether its last day has passed.
    pub late: bool,
}

/// Campaigns that come to the caller's places.
#[derive(Debug, Serialize, ToSchema)]
pub struct CampaignsAnswer {
    /// Open ones first, the one that ends first before the others.
    pub campaigns: Vec<CampaignTold>,
}

/// What a campaign would ask.
#[derive(Debug, Serialize, ToSchema)]
pub struct ForecastAnswer {
    /// What; none where the form cannot be counted.
    #[schema(required)]
    pub adds: Option<Adds>,
    /// Most questions in a month at its place; none where no rule says so.
    #[schema(required)]
    pub questions_max: Option<u16>,
    /// Most minutes in a month.
    #[schema(required)]
    pub minutes_max: Option<u16>,
}

/// The cap that holds at each place.
type Caps = Nearest<rules::Burden>;

fn caps(ask: &Ask) -> Result<Caps, Problem> {
    Nearest::load(ask, Rule::BURDEN, |rule| match rule {
        Rule::Burden(cap) => Some(cap.clone()),
        _ => None,
    })
}

fn cap_of(caps: &Caps, chain: impl Iterator<Item = PlaceId>) -> Option<&rules::Burden> {
    caps.of(chain).map(|(_, cap)| cap)
}

/// What surveys asked of places in some months, by place and month.
fn burdens(ask: &Ask, scope: &Scope, months: &[String]) -> Result<Vec<Burden>, Problem> {
    let mut found = Vec::new();
    let within = [Condition::OneOf("month".into(), months.iter().map(|m| m.as_str().into()).collect())];
    let names = ["place", "month", "visits", "questions", "minutes_told", "questions_untimed"];
    let count = |n: &i64| u32::try_from(*n).unwrap_or(u32::MAX);
    ask.app.store.columns(ViewId::Burden, scope, &within, &names, &mut |values| {
        if let [Cell::Int(place), Cell::Text(month), Cell::Int(v), Cell::Int(q), Cell::Int(m), Cell::Int(u)] = values {
            found.push(Burden {
                place: PlaceId(*place),
                month: month.clone(),
                visits: count(v),
                questions: count(q),
                minutes_told: count(m),
                questions_untimed: count(u),
            });
        }
    })?;
    Ok(found)
}

/// Visits of places, whoever it was.
#[derive(Default)]
struct Visited {
    submissions: i64,
    first: Option<Day>,
    last: Option<Day>,
    by: Vec<(Option<AccountId>, i64)>,
}

fn by_place(visits: Vec<Visits>) -> HashMap<PlaceId, Visited> {
    let mut found: HashMap<PlaceId, Visited> = HashMap::new();
    for v in visits {
        let one = found.entry(v.place).or_default();
        one.submissions += v.count;
        one.first = Some(one.first.map_or(v.first, |day| day.min(v.first)));
        one.last = one.last.max(Some(v.last));
        one.by.push((v.account, v.count));
    }
    found
}

/// What the campaign to be opened will ask of villages.
struct Wanted<'a> {
    place: &'a Place,
    form: FormId,
    title: Option<&'a str>,
    from: Day,
    until: Day,
    places: &'a [PlaceId],
    minutes: Option<u16>,
}

/// Questions of the form as it is offered now; none where it cannot be read.
fn questions_of(ask: &Ask, form: FormId) -> Result<Option<u32>, Problem> {
    let Some(Row::Forms(form)) = ask.app.store.row(ViewId::Forms, &form.key())? else { return Ok(None) };
    let Some(version) = form.current() else { return Ok(None) };
    let ready = recompute::ready(&ask.app, version)?;
    Ok(ready.map(|r| domain::surveys::questions(r.form())))
}

/// Works out what a campaign asks, and in how many villages no month of it has room: what is asked there already, and what
/// open campaigns will still ask, each in the month of its last day and of villages that it has not visited.
fn forecast(ask: &Ask, wanted: &Wanted) -> Result<Option<Adds>, Problem> {
    let Some(questions) = questions_of(ask, wanted.form)? else { return Ok(None) };
    let caps = caps(ask)?;
    let seconds = cap_of(&caps, nearest_first(wanted.place)).map_or(0, |cap| cap.seconds_per_question);
    let guessed = campaigns::minutes_of(u64::from(questions) * u64::from(seconds));
    let minutes = wanted.minutes.map_or(guessed, u32::from);
    let scope = ask.narrowed(wanted.place);
    let own = [wanted.place.id];
    let targets = if wanted.places.is_empty() { &own } else { wanted.places };
    let mut villages = villages(ask, &scope)?;
    villages.retain(|v| v.lies_in(targets));
    let months = campaigns::months(wanted.from, wanted.until);
    let mut asked: HashMap<(PlaceId, String), Load> = HashMap::new();
    let mut add = |place, month: &str, load: Load| {
        let sum = asked.entry((place, month.to_owned())).or_default();
        *sum = sum.plus(load);
    };
    let by_id: HashMap<PlaceId, &Village> = villages.iter().map(|v| (v.id, v)).collect();
    for row in burdens(ask, &scope, &months)? {
        let Some(village) = by_id.get(&row.place) else { continue };
        let seconds = cap_of(&caps, village.chain()).map_or(0, |cap| cap.seconds_per_question);
        add(row.place, &row.month, row.load(seconds));
    }
    let open: Vec<Campaign> = rows_of(
        ask,
        ViewId::Campaigns,
        vec![one_of("state", CampaignState::OPEN), Condition::From("until".into(), ask.today().into())],
    )?;
    for other in &open {
        // Sent again, it is not there twice.
        let same = other.form == wanted.form
            && other.place == wanted.place.id
            && (other.from, other.until) == (wanted.from, wanted.until)
            && wanted.title == Some(other.title.as_str());
        let month = campaigns::month_of(other.until);
        let Some(adds) = other.adds.as_ref().filter(|_| !same && months.contains(&month)) else { continue };
        let visited = ask.app.store.visits(&scope, Some(other.form), Some(other.from), Some(other.until))?;
        let visited: HashSet<PlaceId> = visited.into_iter().map(|v| v.place).collect();
        for village in villages.iter().filter(|v| v.lies_in(other.targets()) && !visited.contains(&v.id)) {
            add(village.id, &month, Load { questions: adds.questions, minutes: adds.minutes });
        }
    }
    let plan = Plan { months, asks: Load { questions, minutes } };
    let over = villages.iter().filter(|v| {
        let asked = |month: &str| asked.get(&(v.id, month.to_owned())).copied().unwrap_or_default();
        cap_of(&caps, v.chain()).is_some_and(|cap| !plan.fits(asked, cap))
    });
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(Some(Adds { villages: count(villages.len()), questions, minutes, over: count(over.count()) }))
}

/// Works out at the door what a campaign that is to be opened asks, whatever the client says.
pub fn complete(ask: &Ask, command: &mut Command) -> Result<(), Problem> {
    let Command::Campaigns(campaigns::Command::Open { place, form, title, from, until, places, minutes, adds, .. }) = command
    else {
        return Ok(());
    };
    *adds = None;
    // What is not there or not his, the one door says.
    let Ok(at) = ask.place(*place) else { return Ok(()) };
    let allowed = ask.caller.is_none() || ask.may(Capability::SurveysManage, &at)?;
    if !allowed || places.len() > campaigns::PLACES_MAX {
        return Ok(());
    }
    let title = Some(title.as_str());
    *adds = forecast(ask, &Wanted { place: &at, form: *form, title, from: *from, until: *until, places, minutes: *minutes })?;
    Ok(())
}

/// `GET /api/campaigns/forecast`.
pub fn forecast_told(ask: &Ask) -> Result<Answer, Problem> {
    let place = ask.place(PlaceId(ask.need("place")?)).map_err(|_| Problem::forbidden())?;
    if !ask.may(Capability::SurveysManage, &place)? {
        return Err(Problem::forbidden());
    }
    let (form, from, until): (FormId, Day, Day) = (ask.need("form")?, ask.need("from")?, ask.need("until")?);
    let minutes = match ask.param("minutes").filter(|m| !m.is_empty()) {
        None => None,
        Some(_) => Some(ask.need("minutes")?),
    };
    let mut places = Vec::new();
    for (_, id) in ask.query.iter().filter(|(n, _)| n == "at").take(campaigns::PLACES_MAX) {
        places.push(PlaceId(id.parse().map_err(|_| Problem::bad_query(format!("at={id}")))?));
    }
    rows::readable_row(ask, ViewId::Forms, &form.key())?;
    let adds = forecast(ask, &Wanted { place: &place, form, title: None, from, until, places: &places, minutes })?;
    let caps = caps(ask)?;
    let cap = cap_of(&caps, nearest_first(&place));
    let (questions_max, minutes_max) = (cap.map(|c| c.questions_per_month), cap.map(|c| c.minutes_per_month));
    Ok(Answer::json(&marked(ask, ForecastAnswer { adds, questions_max, minutes_max })))
}

/// What may be done to a campaign now.
pub fn may(actor: &Actor, place: &Place, campaign: &Campaign) -> Vec<&'static str> {
    let manages = actor.post_for(Capability::SurveysManage, place).is_some();
    match (manages, &campaign.state) {
        (true, CampaignState::Open) => vec!["campaigns.assign", "campaigns.unassign", "campaigns.close"],
        (true, CampaignState::Closed { .. }) | (false, _) => Vec::new(),
    }
}

/// `GET /api/campaigns`: those of one's places, and those that come to them from above.
pub fn list(ask: &Ask) -> Result<Answer, Problem> {
    let scope = ask.scope(Capability::Read)?;
    let villages = villages(ask, &scope)?;
    let page = |scope: Scope, mut conditions: Vec<Condition>, state: &str| {
        conditions.push(one_of("state", state));
        let sort = Some(("until".into(), state != CampaignState::OPEN));
        ask.app.store.list(&List { view: ViewId::Campaigns, scope, conditions, sort, after: None, limit: CAMPAIGNS_MAX })
    };
    let mut above: Vec<Cell> = Vec::new();
    if let Scope::Within(places) = &scope {
        for (id, ..) in places {
            above.extend(ask.place(*id)?.within.iter().map(|id| Cell::from(*id)));
        }
    }
    let mut found: Vec<Campaign> = Vec::new();
    for state in [CampaignState::OPEN, CampaignState::CLOSED] {
        let mut some: Vec<Campaign> = Vec::new();
        let own = page(scope.clone(), Vec::new(), state)?;
        let theirs = page(Scope::All, vec![Condition::OneOf("place".into(), above.clone())], state)?;
        for row in own.rows.iter().chain(&theirs.rows) {
            some.push(serde_json::from_str(&row.data)?);
        }
        some.sort_by_key(|c| (c.until, c.id));
        some.dedup_by_key(|c| c.id);
        if state != CampaignState::OPEN {
            some.reverse();
        }
        found.extend(some);
    }
    // A campaign from above that goes nowhere here is none of this place's.
    found.retain(|c| !above.contains(&c.place.into()) || villages.iter().any(|v| v.lies_in(c.targets())));
    found.truncate(CAMPAIGNS_MAX);
    let briefs = Briefs::load(ask, &found.iter().map(|c| c.place).collect::<Vec<_>>())?;
    let keys: Vec<String> = found.iter().map(|c| c.form.key()).collect();
    let titles: HashMap<String, String> = ask
        .app
        .store
        .rows(ViewId::Forms, &keys)?
        .into_iter()
        .filter_map(|(key, row)| if let Row::Forms(f) = row { Some((key, f.title.to_string())) } else { None })
        .collect();
    let mut told = Vec::new();
    for campaign in found {
        let visits = ask.app.store.visits(&scope, Some(campaign.form), Some(campaign.from), Some(campaign.until))?;
        let visited: HashSet<PlaceId> = visits.into_iter().map(|v| v.place).collect();
        let mine: Vec<&Village> = villages.iter().filter(|v| v.lies_in(campaign.targets())).collect();
        told.push(CampaignTold {
            place: briefs.get(campaign.place),
            form_title: titles.get(&campaign.form.key()).cloned().unwrap_or_default(),
            villages: mine.len(),
            visited: mine.iter().filter(|v| visited.contains(&v.id)).count(),
            late: campaign.until < ask.today(),
            campaign,
        });
    }
    Ok(Answer::json(&marked(ask, CampaignsAnswer { campaigns: told })))
}

fn campaign_row(ask: &Ask) -> Result<Campaign, Problem> {
    let id: CampaignId = ask.path(0)?;
    match rows::readable_row(ask, ViewId::Campaigns, &id.key())? {
        Row::Campaigns(campaign) => Ok(*campaign),
        _ => Err(Problem::not_found()),
    }
}

/// Who goes where in a campaign, by the place that was assigned.
fn assignments(ask: &Ask, campaign: CampaignId) -> Result<HashMap<PlaceId, Assignee>, Problem> {
    let conditions = vec![one_of("campaign", campaign.to_string()), one_of("current", true)];
    let rows: Vec<Assignment> = rows_of(ask, ViewId::Assignments, conditions)?;
    Ok(rows.into_iter().filter_map(|a| Some((a.place, a.to?))).collect())
}
