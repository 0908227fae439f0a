//! Coverage of villages: which was visited, when and by whom, and which never; of one campaign, or of a form since a day.

use super::*;

/// Visitors of one village that are named.
const BY_MAX: usize = 5;

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
