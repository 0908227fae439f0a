//! What waits for the signed-in person.

use domain::{
    ViewId,
    basics::{Capability, Day, PlaceId, Value as Cell},
};
use store::{Condition, Counted, List, Scope};

use crate::{
    answer::{Answer, Problem},
    answers::{TodayAnswer, TodayList},
    ask::Ask,
    rows::{self, marked},
};

/// Rows shown of each list.
const ROWS: usize = 20;

/// One list: its name, the view, the query that opens it in full, its conditions.
struct Waiting {
    name: &'static str,
    view: ViewId,
    query: String,
    scope: Scope,
    conditions: Vec<Condition>,
    sort: (&'static str, bool),
}

/// `GET /api/today`.
pub fn today(ask: &Ask) -> Result<Answer, Problem> {
    let (lists, others) = (shown(ask, waiting(ask)?)?, shown(ask, other_lists(ask)?)?);
    let display = ask.caller()?.account.display.clone();
    Ok(Answer::json(&marked(ask, TodayAnswer { lists, others, as_of_ms: ask.now_ms, display })))
}

/// The first rows of each list; one with nothing in it is left out.
fn shown(ask: &Ask, waiting: Vec<Waiting>) -> Result<Vec<TodayList>, Problem> {
    let mut lists = Vec::new();
    for Waiting { name, view, query, scope, conditions, sort } in waiting {
        let list = List { view, scope, conditions, sort: Some((sort.0.into(), sort.1)), after: None, limit: ROWS };
        let page = ask.app.store.list(&list)?;
        if page.rows.is_empty() {
            continue;
        }
        // What fits on the page counts itself.
        let count = match page.next {
            None => Counted { count: page.rows.len() as u64, capped: false },
            Some(_) => ask.app.store.count(view, &list.scope, &list.conditions)?,
        };
        let rows = rows::told(ask, view, &page.rows)?;
        lists.push(TodayList { name, view: view.name(), query, count: count.count, count_capped: count.capped, rows });
    }
    Ok(lists)
}

fn one_of(column: &str, values: &[&str]) -> Condition {
    Condition::OneOf(column.into(), values.iter().map(|v| Cell::from(*v)).collect())
}

/// Tasks and hand-overs of a person.
fn other_lists(ask: &Ask) -> Result<Vec<Waiting>, Problem> {
    let caller = ask.caller()?;
    let today: Day = ask.today();
    let mut lists = Vec::new();
    for post in caller.posts.iter().filter(|p| p.role.capabilities().contains(&Capability::TasksWork)) {
        let key = post.key();
        lists.push(Waiting {
            name: "tasks_mine",
            view: ViewId::Tasks,
            query: format!("/api/rows/tasks?post={key}&state=open&sort=due"),
            scope: Scope::All,
            conditions: vec![one_of("post", &[&key]), one_of("state", &["open"])],
            sort: ("due", false),
        });
        if post.role == domain::basics::Role::Head {
            let lapsed = Condition::OneOf("lapsed_to".into(), vec![post.place.into()]);
            lists.push(Waiting {
                name: "tasks_lapsed",
                view: ViewId::Tasks,
                query: format!("/api/rows/tasks?lapsed_to={}&state=open&sort=due", post.place),
                scope: Scope::All,
                conditions: vec![lapsed, one_of("state", &["open"]), Condition::Below("due".into(), today.into())],
                sort: ("due", false),
            });
        }
    }
    if caller.has(Capability::TasksVerify) {
        lists.push(Waiting {
            name: "tasks_to_verify",
            view: ViewId::Tasks,
            query: "/api/rows/tasks?state=claimed&sort=due".into(),
            scope: ask.scope(Capability::TasksVerify)?,
            conditions: vec![one_of("state", &["claimed"])],
            sort: ("due", false),
        });
    }
    if caller.has(Capability::DutiesAppoint) {
        lists.push(Waiting {
            name: "handovers",
            view: ViewId::Posts,
            query: format!("/api/rows/posts?unsigned_since.to={today}&sort=unsigned_since"),
            scope: ask.scope(Capability::DutiesAppoint)?,
            conditions: vec![Condition::UpTo("unsigned_since".into(), today.into())],
            sort: ("unsigned_since", false),
        });
    }
    Ok(lists)
}

/// The lists of a person, most urgent first.
fn waiting(ask: &Ask) -> Result<Vec<Waiting>, Problem> {
    let caller = ask.caller()?;
    let today: Day = ask.today();
    let open = || Condition::OneOf("open".into(), vec![Cell::Int(1)]);
    let mut lists = Vec::new();
    let scope_of = |capability| -> Result<Option<Scope>, Problem> {
        if caller.has(capability) { ask.scope(capability).map(Some) } else { Ok(None) }
    };
    let place = |ids: &[PlaceId]| ids.iter().map(|id| Cell::Int(id.0)).collect::<Vec<_>>();

    if caller.has(Capability::ProblemsAnswer) {
        let mine: Vec<PlaceId> = caller.posts.iter().filter(|p| p.role == domain::basics::Role::Head).map(|p| p.place).collect();
        let ids: Vec<String> = mine.iter().map(|id| id.to_string()).collect();
        lists.push(Waiting {
            name: "to_answer",
            view: ViewId::Problems,
            query: format!("/api/rows/problems?escalated_to={}&sort=due", ids.join(",")),
            scope: ask.scope(Capability::ProblemsAnswer)?,
            conditions: vec![Condition::OneOf("escalated_to".into(), place(&mine)), open()],
            sort: ("due", false),
        });
    }
    let worked: Vec<_> =
        caller.posts.iter().filter(|p| p.role.capabilities().contains(&Capability::ProblemsWork)).copied().collect();
    for post in &worked {
        let mine = |name, query: &str, extra: Vec<Condition>| {
            let mut conditions = vec![one_of("post", &[&post.key()]), one_of("state", &["assigned"])];
            conditions.extend(extra);
            Waiting {
                name,
                view: ViewId::Problems,
                query: format!("/api/rows/problems?post={}&state=assigned{query}&sort=due", post.key()),
                scope: Scope::All,
                conditions,
                sort: ("due", false),
            }
        };
        let yesterday = today.plus(-1);
        lists.push(mine("overdue", &format!("&due.to={yesterday}"), vec![Condition::UpTo("due".into(), yesterday.into())]));
        lists.push(mine("mine", &format!("&due.from={today}"), vec![Condition::From("due".into(), today.into())]));
    }
    if let Some(scope) = scope_of(Capability::ProblemsVerify)? {
        lists.push(Waiting {
            name: "to_verify",
            view: ViewId::Problems,
            query: "/api/rows/problems?state=claimed&sort=due".into(),
            scope,
            conditions: vec![one_of("state", &["claimed"])],
            sort: ("due", false),
        });
    }
    if let Some(scope) = scope_of(Capability::ProblemsTriage)? {
        lists.push(Waiting {
            name: "to_triage",
            view: ViewId::Problems,
            query: "/api/rows/problems?state=reported&sort=reported_on".into(),
            scope: scope.clone(),
            conditions: vec![one_of("state", &["reported"])],
            sort: ("reported_on", false),
        });
        if worked.is_empty() {
            lists.push(Waiting {
                name: "overdue",
                view: ViewId::Problems,
                query: "/api/rows/problems?overdue=1&sort=due".into(),
                scope: scope.clone(),
                conditions: vec![open(), Condition::Below("due".into(), today.into())],
                sort: ("due", false),
            });
        }
        lists.push(Waiting {
            name: "reopened",
            view: ViewId::Problems,
            query: "/api/rows/problems?reopened.from=1&open=1&sort=due".into(),
            scope,
            conditions: vec![open(), Condition::From("reopened".into(), Cell::Int(1))],
            sort: ("due", false),
        });
    }
    Ok(lists)
}
