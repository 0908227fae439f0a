//! Survey campaigns at the door: what a campaign will ask of villages before it is opened, which village was visited and by
//! whom, what surveys asked of villages in a month, and who is to go where. All of it is counted from views when somebody
//! looks; nothing is kept.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{
    Command, Row, ViewId,
    basics::{AccountId, Actor, CampaignId, Capability, Day, FormId, PersonId, PlaceId, Value as Cell},
    campaigns::{self, Adds, Assignee, Assignment, Burden, Campaign, CampaignState, Load, Plan},
    places::{Level, Place},
    rules::{self, Rule, RuleRow},
};
use serde::Serialize;
use store::{Condition, List, Scope, Visits};
use utoipa::ToSchema;

use crate::{
    answer::{Answer, Problem},
    answers::PlaceBrief,
    ask::Ask,
    asked_once::{self, KnownAnswer},
    export::{self, Table},
    recompute,
    rows::{self, Briefs, marked},
    surveys::{self, Offered},
    wording::text,
};

/// Campaigns told at a time.
const CAMPAIGNS_MAX: usize = 200;
/// Villages told to one phone of one campaign.
const MINE_MAX: usize = 500;
/// Rows of rules or assignments read at a time; a province has fewer places that set their own.
const ROWS_MAX: usize = 30_000;
/// Visitors of one village that are named.
const BY_MAX: usize = 5;

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

/// Who handed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct VisitedBy {
    /// The account or phone; none where an import handed in.
    #[schema(required)]
    pub account: Option<AccountId>,
    /// Its name.
    #[schema(required)]
    pub name: Option<String>,
    /// How many submissions.
    pub submissions: i64,
}

/// Who is to go.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssigneeTold {
    /// Who.
    pub to: Assignee,
    /// Name of the person, or of the post's place.
    #[schema(required)]
    pub name: Option<String>,
    /// The place that was assigned, this one or one above.
    pub at: PlaceId,
}

/// One village.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillageCoverage {
    /// Which.
    pub place: PlaceBrief,
    /// Current submissions in the span.
    pub submissions: i64,
    /// Day of the first.
    #[schema(required)]
    pub first: Option<Day>,
    /// Day of the last; without a campaign also one before the span.
    #[schema(required)]
    pub last: Option<Day>,
    /// Who, the most frequent first.
    pub by: Vec<VisitedBy>,
    /// Who is to go.
    #[schema(required)]
    pub assigned: Option<AssigneeTold>,
    /// The submissions.
    pub from: String,
}

/// How far villages together are.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub struct CoverageTotal {
    /// Villages.
    pub villages: usize,
    /// Of these visited.
    pub visited: usize,
    /// Submissions.
    pub submissions: i64,
}

/// The same for an area.
#[derive(Debug, Serialize, ToSchema)]
pub struct AreaCoverage {
    /// Which.
    #[schema(required)]
    pub place: Option<PlaceBrief>,
    /// How far it is.
    #[serde(flatten)]
    pub total: CoverageTotal,
}

/// Which village was visited, and which never.
#[derive(Debug, Serialize, ToSchema)]
pub struct CoverageAnswer {
    /// From this day; none where everything counts.
    #[schema(required)]
    pub since: Option<Day>,
    /// Until this day.
    #[schema(required)]
    pub until: Option<Day>,
    /// All together.
    pub total: CoverageTotal,
    /// Submissions that name no village of these.
    pub elsewhere: i64,
    /// By township.
    pub areas: Vec<AreaCoverage>,
    /// Villages, those never visited first.
    pub rows: Vec<VillageCoverage>,
    /// How many there are.
    pub count: usize,
    /// Where the next page begins, if there is one.
    #[schema(required)]
    pub next: Option<String>,
}

/// What surveys asked of places together.
#[derive(Debug, Clone, Copy, Default, Serialize, ToSchema)]
pub struct BurdenTotal {
    /// Villages of which something was asked.
    pub villages: usize,
    /// Of these above the cap.
    pub over: usize,
    /// Visits.
    pub visits: u64,
    /// Questions.
    pub questions: u64,
    /// Minutes.
    pub minutes: u64,
}

/// The same for an area.
#[derive(Debug, Serialize, ToSchema)]
pub struct AreaBurden {
    /// Which.
    #[schema(required)]
    pub place: Option<PlaceBrief>,
    /// What was asked there.
    #[serde(flatten)]
    pub total: BurdenTotal,
}

/// What surveys asked of a village in a month.
#[derive(Debug, Serialize, ToSchema)]
pub struct VillageBurden {
    /// Which.
    pub place: PlaceBrief,
    /// Visits.
    pub visits: u32,
    /// Questions.
    pub questions: u32,
    /// Minutes.
    pub minutes: u32,
    /// Most questions in a month; none where no rule says so.
    #[schema(required)]
    pub questions_max: Option<u16>,
    /// Most minutes in a month.
    #[schema(required)]
    pub minutes_max: Option<u16>,
    /// Whether it is above either.
    pub over: bool,
    /// The submissions.
    pub from: String,
}

/// What surveys asked of villages in a month.
#[derive(Debug, Serialize, ToSchema)]
pub struct BurdenAnswer {
    /// `YYYY-MM`.
    pub month: String,
    /// All together.
    pub total: BurdenTotal,
    /// By the level below.
    pub areas: Vec<AreaBurden>,
    /// Villages of which something was asked, those above the cap first, then by how full the cap is.
    pub rows: Vec<VillageBurden>,
    /// How many there are.
    pub count: usize,
    /// Where the next page begins, if there is one.
    #[schema(required)]
    pub next: Option<String>,
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

/// A village to go to.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyVillage {
    /// Which.
    pub place: PlaceBrief,
    /// Current submissions in the campaign's days.
    pub submissions: i64,
    /// Day of the last.
    #[schema(required)]
    pub last: Option<Day>,
    /// What facts know of it already, to be filled in beforehand.
    pub known: Vec<KnownAnswer>,
}

/// A campaign in which one is to go somewhere.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyCampaign {
    /// Which.
    pub campaign: CampaignId,
    /// What it is called.
    pub title: String,
    /// First day.
    pub from: Day,
    /// Last day.
    pub until: Day,
    /// Its form, where it is still offered.
    #[schema(required)]
    pub form: Option<Offered>,
    /// Villages, those not visited first.
    pub villages: Vec<MyVillage>,
    /// Villages beyond these.
    pub more: usize,
    /// Villages assigned to one where one may hand in nothing.
    pub closed_to_me: usize,
}

/// Where one is to go.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyAssignmentsAnswer {
    /// The campaign that ends first before the others.
    pub campaigns: Vec<MyCampaign>,
}

/// An open village with what it lies in.
struct Village {
    id: PlaceId,
    code: String,
    /// Township, county, city, province; those that are there.
    above: Vec<PlaceId>,
}

impl Village {
    /// Itself and what it lies in, the nearest first.
    fn chain(&self) -> impl Iterator<Item = PlaceId> + '_ {
        std::iter::once(self.id).chain(self.above.iter().copied())
    }

    fn lies_in(&self, places: &[PlaceId]) -> bool {
        self.chain().any(|id| places.contains(&id))
    }
}

/// The open villages of a scope, by code.
fn villages(ask: &Ask, scope: &Scope) -> Result<Vec<Village>, Problem> {
    let open = [
        Condition::OneOf("level".into(), vec![Level::Village.word().into()]),
        Condition::OneOf("closed".into(), vec![false.into()]),
    ];
    let mut found = Vec::new();
    let names = ["id", "code", "township", "county", "city", "province"];
    ask.app.store.columns(ViewId::Places, scope, &open, &names, &mut |values| {
        if let [Cell::Int(id), Cell::Text(code), above @ ..] = values {
            let above = above.iter().filter_map(|v| if let Cell::Int(id) = v { Some(PlaceId(*id)) } else { None }).collect();
            found.push(Village { id: PlaceId(*id), code: code.clone(), above });
        }
    })?;
    found.sort_unstable_by(|a, b| a.code.cmp(&b.code));
    Ok(found)
}

/// Rows of a view, all that there are.
fn rows_of<T: serde::de::DeserializeOwned>(ask: &Ask, view: ViewId, conditions: Vec<Condition>) -> Result<Vec<T>, Problem> {
    let list = List { view, scope: Scope::All, conditions, sort: None, after: None, limit: ROWS_MAX };
    Ok(ask.app.store.list(&list)?.rows.iter().map(|r| serde_json::from_str(&r.data)).collect::<Result<_, _>>()?)
}

fn one_of(column: &str, value: impl Into<Cell>) -> Condition {
    Condition::OneOf(column.into(), vec![value.into()])
}

/// The cap of every place that has set one, on the day of asking.
struct Caps(HashMap<PlaceId, rules::Burden>);

impl Caps {
    fn load(ask: &Ask) -> Result<Caps, Problem> {
        let set: Vec<RuleRow> = rows_of(ask, ViewId::Rules, vec![one_of("rule", Rule::BURDEN)])?;
        let today = ask.today();
        let cap = |row: &RuleRow| match row.on(today) {
            Some(Rule::Burden(cap)) => Some((row.place, cap.clone())),
            _ => None,
        };
        Ok(Caps(set.iter().filter_map(cap).collect()))
    }

    /// The nearest one.
    fn of(&self, chain: impl Iterator<Item = PlaceId>) -> Option<&rules::Burden> {
        chain.into_iter().find_map(|id| self.0.get(&id))
    }
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
    let caps = Caps::load(ask)?;
    let nearest_first = std::iter::once(wanted.place.id).chain(wanted.place.within.iter().rev().copied());
    let seconds = caps.of(nearest_first).map_or(0, |cap| cap.seconds_per_question);
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
        let seconds = caps.of(village.chain()).map_or(0, |cap| cap.seconds_per_question);
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
        caps.of(v.chain()).is_some_and(|cap| !plan.fits(asked, cap))
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
    let caps = Caps::load(ask)?;
    let cap = caps.of(std::iter::once(place.id).chain(place.within.iter().rev().copied()));
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

/// Coverage of villages before it is told: every village of the scope with its visits, in order.
struct Coverage {
    form: Option<FormId>,
    since: Option<Day>,
    until: Option<Day>,
    villages: Vec<(Village, Visited)>,
    assigned: HashMap<PlaceId, Assignee>,
    elsewhere: i64,
}

impl Coverage {
    fn of_campaign(ask: &Ask, capability: Capability) -> Result<Coverage, Problem> {
        let campaign = campaign_row(ask)?;
        let scope = ask.scope(capability)?;
        let visits = ask.app.store.visits(&scope, Some(campaign.form), Some(campaign.from), Some(campaign.until))?;
        let mut villages = villages(ask, &scope)?;
        villages.retain(|v| v.lies_in(campaign.targets()));
        let assigned = assignments(ask, campaign.id)?;
        let (form, since, until) = (Some(campaign.form), Some(campaign.from), Some(campaign.until));
        Ok(Coverage::put_together((form, since, until), villages, by_place(visits), assigned))
    }

    /// Of one form or of all, since a day. The last visit is told also where it was before that day.
    fn of_form(ask: &Ask, capability: Capability) -> Result<Coverage, Problem> {
        let form: Option<FormId> = match ask.param("form").filter(|f| !f.is_empty()) {
            None => None,
            Some(_) => Some(ask.need("form")?),
        };
        let since: Option<Day> = match ask.param("since").filter(|d| !d.is_empty()) {
            None => None,
            Some(_) => Some(ask.need("since")?),
        };
        let scope = ask.scope(capability)?;
        let mut visited = by_place(ask.app.store.visits(&scope, form, since, None)?);
        if since.is_some() {
            for (place, ever) in by_place(ask.app.store.visits(&scope, form, None, None)?) {
                visited.entry(place).or_default().last = ever.last;
            }
        }
        let villages = villages(ask, &scope)?;
        Ok(Coverage::put_together((form, since, None), villages, visited, HashMap::new()))
    }

    fn put_together(
        (form, since, until): (Option<FormId>, Option<Day>, Option<Day>),
        villages: Vec<Village>,
        mut visited: HashMap<PlaceId, Visited>,
        assigned: HashMap<PlaceId, Assignee>,
    ) -> Coverage {
        let mut villages: Vec<(Village, Visited)> = villages
            .into_iter()
            .map(|v| {
                let own = visited.remove(&v.id).unwrap_or_default();
                (v, own)
            })
            .collect();
        let elsewhere = visited.values().map(|v| v.submissions).sum();
        // Never visited first, then the longest ago; by code among equals, as they came.
        villages.sort_by_key(|(_, v)| (v.submissions > 0, v.last));
        Coverage { form, since, until, villages, assigned, elsewhere }
    }

    fn overdue(&self, today: Day) -> bool {
        self.until.is_some_and(|until| until < today)
    }

    /// Narrowed to what is asked for.
    fn shown(&self, ask: &Ask) -> Result<Vec<&(Village, Visited)>, Problem> {
        let overdue = self.overdue(ask.today());
        let wanted: fn(&Visited, bool) -> bool = match ask.param("show").unwrap_or_default() {
            "" => |_, _| true,
            "never" => |v, _| v.submissions == 0,
            "visited" => |v, _| v.submissions > 0,
            "overdue" => |v, overdue| overdue && v.submissions == 0,
            other => return Err(Problem::bad_query(format!("show={other}"))),
        };
        Ok(self.villages.iter().filter(|(_, v)| wanted(v, overdue)).collect())
    }

    /// Who is to go to a village: whoever the nearest place was assigned to.
    fn assigned_to(&self, village: &Village) -> Option<(PlaceId, &Assignee)> {
        village.chain().find_map(|id| Some((id, self.assigned.get(&id)?)))
    }

    /// The list of a village's submissions.
    fn from(&self, place: PlaceId) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("place", &place.key());
        if let Some(form) = self.form {
            query.append_pair("form", &form.to_string());
        }
        query.append_pair("current", "1");
        for (name, day) in [("received_on.from", self.since), ("received_on.to", self.until)] {
            if let Some(day) = day {
                query.append_pair(name, &day.to_string());
            }
        }
        format!("/api/rows/submissions?{}", query.finish())
    }

    fn told(&self, ask: &Ask, some: &[&(Village, Visited)]) -> Result<Vec<VillageCoverage>, Problem> {
        let mut accounts: Vec<AccountId> =
            some.iter().flat_map(|(_, v)| v.by.iter().filter_map(|(account, _)| *account)).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let names: HashMap<AccountId, String> = ask.app.store.accounts().displays(&accounts)?.into_iter().collect();
        let goers: Vec<Option<(PlaceId, &Assignee)>> = some.iter().map(|(v, _)| self.assigned_to(v)).collect();
        let (mut places, mut persons): (Vec<PlaceId>, Vec<PersonId>) = (some.iter().map(|(v, _)| v.id).collect(), Vec::new());
        for (_, to) in goers.iter().flatten() {
            match to {
                Assignee::Post { post } => places.push(post.place),
                Assignee::Person { person } => persons.push(*person),
            }
        }
        let briefs = Briefs::load(ask, &places)?;
        persons.sort_unstable();
        persons.dedup();
        let people: HashMap<PersonId, String> = ask.app.store.persons(&persons)?.into_iter().collect();
        let row = |((village, visited), goer): (&&(Village, Visited), Option<(PlaceId, &Assignee)>)| {
            let mut by: Vec<VisitedBy> = visited
                .by
                .iter()
                .map(|(account, n)| VisitedBy {
                    account: *account,
                    name: account.and_then(|a| names.get(&a).cloned()),
                    submissions: *n,
                })
                .collect();
            by.sort_by_key(|v| std::cmp::Reverse(v.submissions));
            by.truncate(BY_MAX);
            let assigned = goer.map(|(at, to)| AssigneeTold {
                to: to.clone(),
                name: match to {
                    Assignee::Post { post } => briefs.place(post.place).map(|p| p.name.clone()),
                    Assignee::Person { person } => people.get(person).cloned(),
                },
                at,
            });
            Some(VillageCoverage {
                place: briefs.get(village.id)?,
                submissions: visited.submissions,
                first: visited.first,
                last: visited.last,
                by,
                assigned,
                from: self.from(village.id),
            })
        };
        Ok(some.iter().zip(goers).filter_map(row).collect())
    }

    fn totals(&self) -> (CoverageTotal, BTreeMap<PlaceId, CoverageTotal>) {
        let (mut all, mut areas): (CoverageTotal, BTreeMap<PlaceId, CoverageTotal>) = Default::default();
        for (village, visited) in &self.villages {
            let area = village.above.first().map(|township| areas.entry(*township).or_default());
            for total in std::iter::once(&mut all).chain(area) {
                total.villages += 1;
                total.visited += usize::from(visited.submissions > 0);
                total.submissions += visited.submissions;
            }
        }
        (all, areas)
    }
}

/// A page out of what was counted: its beginning stands in `after`.
fn page<T>(ask: &Ask, all: &[T]) -> Result<(usize, usize, Option<String>), Problem> {
    let from = match ask.param("after").filter(|a| !a.is_empty()) {
        None => 0,
        Some(_) => ask.need::<usize>("after")?.min(all.len()),
    };
    let to = from.saturating_add(rows::limit(ask)?).min(all.len());
    Ok((from, to, (to < all.len()).then(|| to.to_string())))
}

fn coverage_told(ask: &Ask, coverage: &Coverage) -> Result<Answer, Problem> {
    let shown = coverage.shown(ask)?;
    let (from, to, next) = page(ask, &shown)?;
    let rows = coverage.told(ask, &shown[from..to])?;
    let (total, areas) = coverage.totals();
    let briefs = Briefs::load(ask, &areas.keys().copied().collect::<Vec<_>>())?;
    let areas = areas.into_iter().map(|(id, total)| AreaCoverage { place: briefs.get(id), total }).collect();
    let (since, until, elsewhere, count) = (coverage.since, coverage.until, coverage.elsewhere, shown.len());
    Ok(Answer::json(&marked(ask, CoverageAnswer { since, until, total, elsewhere, areas, rows, count, next })))
}

/// `GET /api/campaigns/{campaign}/coverage`.
pub fn coverage(ask: &Ask) -> Result<Answer, Problem> {
    coverage_told(ask, &Coverage::of_campaign(ask, Capability::Read)?)
}

/// `GET /api/coverage?form=&since=`.
pub fn coverage_of_form(ask: &Ask) -> Result<Answer, Problem> {
    coverage_told(ask, &Coverage::of_form(ask, Capability::Read)?)
}

fn head(ask: &Ask, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| text(ask.language, name)).collect()
}

fn coverage_file(ask: &Ask, coverage: &Coverage, file: &str) -> Result<Answer, Problem> {
    let told = coverage.told(ask, &coverage.shown(ask)?)?;
    let role = |to: &AssigneeTold| match &to.to {
        Assignee::Post { post } => format!(
            "{} {}",
            to.name.as_deref().unwrap_or_default(),
            match post.department {
                Some(department) => text(ask.language, &format!("department.{}", department.word())),
                None => text(ask.language, &format!("role.{}", post.role.word())),
            }
        ),
        Assignee::Person { .. } => to.name.clone().unwrap_or_default(),
    };
    let rows = told
        .iter()
        .map(|v| {
            let by: Vec<&str> = v.by.iter().filter_map(|b| b.name.as_deref()).collect();
            vec![
                v.place.code.as_str().into(),
                v.place.name.as_str().into(),
                v.submissions.into(),
                v.first.into(),
                v.last.into(),
                by.join(", ").into(),
                v.assigned.as_ref().map(role).into(),
                v.place.path.join(" / ").into(),
            ]
        })
        .collect();
    let names = [
        "column.code",
        "column.name",
        "coverage.submissions",
        "coverage.first_visit",
        "coverage.last_visit",
        "coverage.visited_by",
        "coverage.assigned",
    ];
    let mut head = head(ask, &names);
    head.push(text(ask.language, "export.path"));
    export::file(ask, file, "coverage", &Table { head, rows })
}

/// `GET /api/campaigns/{campaign}/coverage/{file}`.
pub fn coverage_export(ask: &Ask) -> Result<Answer, Problem> {
    coverage_file(ask, &Coverage::of_campaign(ask, Capability::Export)?, &ask.path::<String>(1)?)
}

/// `GET /api/coverage/{file}`.
pub fn coverage_of_form_export(ask: &Ask) -> Result<Answer, Problem> {
    coverage_file(ask, &Coverage::of_form(ask, Capability::Export)?, &ask.path::<String>(0)?)
}

/// What was asked of one village, with its cap.
struct Asked<'c> {
    village: Village,
    visits: u32,
    load: Load,
    cap: Option<&'c rules::Burden>,
}

impl Asked<'_> {
    fn over(&self) -> bool {
        self.cap.is_some_and(|cap| self.load.is_over(cap))
    }
}

fn month_asked(ask: &Ask) -> Result<String, Problem> {
    match ask.param("month").filter(|m| !m.is_empty()) {
        None => Ok(campaigns::month_of(ask.today())),
        // Of a month that is none, no day is one.
        Some(month) => match format!("{month}-01").parse::<Day>() {
            Ok(day) if month.len() == 7 => Ok(campaigns::month_of(day)),
            _ => Err(Problem::bad_query(format!("month={month}"))),
        },
    }
}

fn asked_in<'c>(ask: &Ask, capability: Capability, caps: &'c Caps, month: &str) -> Result<Vec<Asked<'c>>, Problem> {
    let scope = ask.scope(capability)?;
    let mut rows: HashMap<PlaceId, Burden> =
        burdens(ask, &scope, &[month.to_owned()])?.into_iter().map(|b| (b.place, b)).collect();
    let mut asked = Vec::new();
    for village in villages(ask, &scope)? {
        let Some(row) = rows.remove(&village.id) else { continue };
        let cap = caps.of(village.chain());
        let load = row.load(cap.map_or(0, |c| c.seconds_per_question));
        asked.push(Asked { visits: row.visits, load, cap, village });
    }
    let fill = |a: &Asked| a.cap.map_or(0, |cap| a.load.fill(cap));
    asked.sort_by_key(|a| std::cmp::Reverse((a.over(), fill(a), a.load.questions)));
    match ask.param("show").unwrap_or_default() {
        "" => {}
        "over" => asked.retain(Asked::over),
        other => return Err(Problem::bad_query(format!("show={other}"))),
    }
    Ok(asked)
}

fn burden_rows(ask: &Ask, month: &str, asked: &[Asked]) -> Result<Vec<VillageBurden>, Problem> {
    let first: Day = format!("{month}-01").parse().map_err(|_| Problem::bad_query(format!("month={month}")))?;
    let last = Day(first.0.last_of_month());
    let briefs = Briefs::load(ask, &asked.iter().map(|a| a.village.id).collect::<Vec<_>>())?;
    let row = |a: &Asked| {
        let days = format!("current=1&received_on.from={month}-01&received_on.to={last}");
        Some(VillageBurden {
            place: briefs.get(a.village.id)?,
            visits: a.visits,
            questions: a.load.questions,
            minutes: a.load.minutes,
            questions_max: a.cap.map(|c| c.questions_per_month),
            minutes_max: a.cap.map(|c| c.minutes_per_month),
            over: a.over(),
            from: format!("/api/rows/submissions?place={}&{days}", a.village.id),
        })
    };
    Ok(asked.iter().filter_map(row).collect())
}

/// `GET /api/burden?month=`.
pub fn burden(ask: &Ask) -> Result<Answer, Problem> {
    let (month, caps) = (month_asked(ask)?, Caps::load(ask)?);
    let asked = asked_in(ask, Capability::Read, &caps, &month)?;
    let level = rows::child_level(ask, &ask.scope(Capability::Read)?).ok();
    let above = |v: &Village| {
        match level? {
            Level::Township => v.above.first(),
            Level::County => v.above.get(1),
            Level::City => v.above.get(2),
            Level::Province | Level::Village => None,
        }
        .copied()
    };
    let (mut total, mut areas): (BurdenTotal, BTreeMap<PlaceId, BurdenTotal>) = Default::default();
    for a in &asked {
        let area = above(&a.village).map(|id| areas.entry(id).or_default());
        for sum in std::iter::once(&mut total).chain(area) {
            sum.villages += 1;
            sum.over += usize::from(a.over());
            sum.visits += u64::from(a.visits);
            sum.questions += u64::from(a.load.questions);
            sum.minutes += u64::from(a.load.minutes);
        }
    }
    let briefs = Briefs::load(ask, &areas.keys().copied().collect::<Vec<_>>())?;
    let mut areas: Vec<AreaBurden> = areas.into_iter().map(|(id, total)| AreaBurden { place: briefs.get(id), total }).collect();
    areas.sort_by_key(|a| std::cmp::Reverse((a.total.over, a.total.questions)));
    let (from, to, next) = page(ask, &asked)?;
    let rows = burden_rows(ask, &month, &asked[from..to])?;
    Ok(Answer::json(&marked(ask, BurdenAnswer { month, total, areas, rows, count: asked.len(), next })))
}

/// `GET /api/burden/{file}?month=`.
pub fn burden_export(ask: &Ask) -> Result<Answer, Problem> {
    let (month, caps) = (month_asked(ask)?, Caps::load(ask)?);
    let asked = asked_in(ask, Capability::Export, &caps, &month)?;
    let rows = burden_rows(ask, &month, &asked)?
        .into_iter()
        .map(|v| {
            let path = v.place.path.join(" / ");
            vec![
                v.place.code.into(),
                v.place.name.into(),
                month.as_str().into(),
                i64::from(v.visits).into(),
                i64::from(v.questions).into(),
                i64::from(v.minutes).into(),
                v.questions_max.map(i64::from).into(),
                v.minutes_max.map(i64::from).into(),
                v.over.into(),
                path.into(),
            ]
        })
        .collect();
    let names = [
        "column.code",
        "column.name",
        "column.month",
        "column.visits",
        "column.questions",
        "column.minutes",
        "column.questions_per_month",
        "column.minutes_per_month",
        "column.over",
    ];
    let mut head = head(ask, &names);
    head.push(text(ask.language, "export.path"));
    export::file(ask, &ask.path::<String>(0)?, "burden", &Table { head, rows })
}

/// `GET /api/my/assignments`: where the caller, or a post of his, is to go in campaigns that are open.
pub fn mine(ask: &Ask) -> Result<Answer, Problem> {
    let caller = ask.caller()?;
    let me = Assignee::Person { person: caller.account.person };
    let is_mine = |to: &Assignee| match to {
        Assignee::Person { .. } => *to == me,
        Assignee::Post { post } => caller.posts.contains(post),
    };
    let posts: Vec<Cell> = caller.posts.iter().map(|p| p.key().into()).collect();
    let current = || one_of("current", true);
    let person = one_of("person", caller.account.person.to_string());
    let mut own: Vec<Assignment> = rows_of(ask, ViewId::Assignments, vec![current(), person])?;
    own.extend(rows_of::<Assignment>(ask, ViewId::Assignments, vec![current(), Condition::OneOf("post".into(), posts)])?);
    let mut by_campaign: BTreeMap<CampaignId, Vec<PlaceId>> = BTreeMap::new();
    for a in &own {
        by_campaign.entry(a.campaign).or_default().push(a.place);
    }
    let keys: Vec<String> = by_campaign.keys().map(|id| id.key()).collect();
    let mut told = Vec::new();
    for (_, row) in ask.app.store.rows(ViewId::Campaigns, &keys)? {
        let Row::Campaigns(campaign) = row else { continue };
        if campaign.state != CampaignState::Open {
            continue;
        }
        let mut within = Vec::new();
        for id in by_campaign.get(&campaign.id).into_iter().flatten() {
            let place = ask.place(*id)?;
            within.push((place.id, place.level, place.org));
        }
        let scope = Scope::Within(within);
        let assigned = assignments(ask, campaign.id)?;
        let submits: Vec<PlaceId> = caller
            .posts
            .iter()
            .filter(|p| caller.may_use(Capability::SurveysSubmit) && p.role.capabilities().contains(&Capability::SurveysSubmit))
            .map(|p| p.place)
            .collect();
        let goes = |v: &Village| v.lies_in(campaign.targets()) && v.chain().find_map(|id| assigned.get(&id)).is_some_and(is_mine);
        let (open, closed): (Vec<Village>, Vec<Village>) =
            villages(ask, &scope)?.into_iter().filter(goes).partition(|v| v.lies_in(&submits));
        let mut visited =
            by_place(ask.app.store.visits(&scope, Some(campaign.form), Some(campaign.from), Some(campaign.until))?);
        let mut to_go: Vec<(PlaceId, Visited)> = open.iter().map(|v| (v.id, visited.remove(&v.id).unwrap_or_default())).collect();
        to_go.sort_by_key(|(_, v)| v.submissions > 0);
        let more = to_go.len().saturating_sub(MINE_MAX);
        to_go.truncate(MINE_MAX);
        let briefs = Briefs::load(ask, &to_go.iter().map(|(id, _)| *id).collect::<Vec<_>>())?;
        let form = match ask.app.store.row(ViewId::Forms, &campaign.form.key())? {
            Some(Row::Forms(form)) => Some(*form),
            _ => None,
        };
        let version = form.as_ref().and_then(|f| Some((f, f.current()?)));
        let asked = version.map(|(form, version)| asked_once::looked_through(ask, form, version)).transpose()?;
        let mut villages = Vec::new();
        for (id, v) in to_go {
            let Some(place) = briefs.get(id) else { continue };
            let known = match &asked {
                Some(asked) => asked_once::known_answers(ask, asked, &ask.place(id)?)?,
                None => Vec::new(),
            };
            villages.push(MyVillage { place, submissions: v.submissions, last: v.last, known });
        }
        let at = ask.place(campaign.place)?;
        let form = form.map(|form| surveys::offer(ask, &form, &at)).transpose()?.flatten();
        told.push(MyCampaign {
            campaign: campaign.id,
            title: campaign.title.to_string(),
            from: campaign.from,
            until: campaign.until,
            form,
            villages,
            more,
            closed_to_me: closed.len(),
        });
    }
    told.sort_by_key(|c| (c.until, c.campaign));
    Ok(Answer::json(&marked(ask, MyAssignmentsAnswer { campaigns: told })))
}
