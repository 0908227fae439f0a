//! Where somebody is to go in campaigns that are open, with what is known there already.

use super::*;

/// Villages told to one phone of one campaign.
const MINE_MAX: usize = 500;

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
