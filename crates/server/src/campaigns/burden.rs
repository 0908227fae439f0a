//! The burden meter: what surveys asked of villages in a month, against the cap of their place.

use super::*;

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
        let cap = cap_of(caps, village.chain());
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
    let (month, caps) = (month_asked(ask)?, caps(ask)?);
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
    let (month, caps) = (month_asked(ask)?, caps(ask)?);
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
