//! The brief of a visit, to be printed and taken along: the way through the villages, and for each what is known, what does
//! not fit together, what to ask and what to look at; afterwards, what became better and what was found.

use domain::{
    ViewId,
    basics::{Day, PlaceId},
    places::{Level, Place},
    problems::Problem as Row,
    visits::{self, Contradiction, Question},
};
use maps::{
    Point,
    route::{self, Days, NoRoute, Route},
};
use maud::{Markup, html};
use serde_json::json;
use store::{Condition, List, Scope};

use crate::{
    answer::{Answer, Problem},
    ask::Ask,
    public::{answer, w},
    wording::{fill, text},
};

/// So many villages on one brief: more are no visit.
const VILLAGES_MAX: usize = 60;
/// Problems of one village that are looked at; the newest.
const PROBLEMS_MAX: usize = 500;
/// Villages a day, unless said otherwise.
const PER_DAY: usize = 6;

struct Visit {
    villages: Vec<Place>,
    /// Villages with a position, as indexes, in the order of the route's places.
    placed: Vec<usize>,
    start: Option<(Point, String)>,
    route: Option<Route>,
    days: usize,
    per_day: usize,
    since: Option<Day>,
}

fn point(place: &Place) -> Option<Point> {
    place.position.map(|p| Point { lon_e7: p.lon_e7, lat_e7: p.lat_e7 })
}

/// A number of the query within bounds, or what stands for it.
fn number(ask: &Ask, name: &str, range: std::ops::RangeInclusive<usize>, otherwise: usize) -> Result<usize, Problem> {
    match ask.param(name).filter(|t| !t.is_empty()) {
        None => Ok(otherwise),
        Some(text) => text.parse().ok().filter(|n| range.contains(n)).ok_or_else(|| Problem::bad_query(format!("{name}={text}"))),
    }
}

/// The open villages that were asked for, by id, or all of a township.
fn villages(ask: &Ask) -> Result<Vec<Place>, Problem> {
    let mut found: Vec<Place> = Vec::new();
    for (_, text) in ask.query.iter().filter(|(n, _)| n == "place") {
        let id = text.parse().map(PlaceId).map_err(|_| Problem::bad_query(format!("place={text}")))?;
        let place = ask.readable_place(id)?;
        if place.level == Level::Village {
            if !found.iter().any(|p| p.id == id) {
                found.push(place);
            }
        } else {
            let list = List {
                view: ViewId::Places,
                scope: ask.narrowed(&place),
                conditions: vec![
                    Condition::OneOf("level".into(), vec![Level::Village.word().into()]),
                    Condition::OneOf("closed".into(), vec![false.into()]),
                ],
                sort: Some(("code".into(), false)),
                after: None,
                limit: VILLAGES_MAX + 1,
            };
            for row in ask.app.store.list(&list)?.rows {
                let village: Place = serde_json::from_str(&row.data)?;
                if !found.iter().any(|p| p.id == village.id) {
                    found.push(village);
                }
            }
        }
    }
    match found.len() {
        0 => Err(Problem::bad_query("place?")),
        n if n > VILLAGES_MAX => Err(Problem::bad_query(format!("place: {n} > {VILLAGES_MAX}"))),
        _ => Ok(found),
    }
}

fn visit(ask: &Ask) -> Result<Visit, Problem> {
    let villages = villages(ask)?;
    let placed: Vec<usize> = (0..villages.len()).filter(|i| villages[*i].position.is_some()).collect();
    let per_day = number(ask, "per_day", 1..=VILLAGES_MAX, PER_DAY)?;
    let days = number(ask, "days", 1..=VILLAGES_MAX, villages.len().div_ceil(per_day))?;
    let since = match ask.param("since").filter(|t| !t.is_empty()) {
        Some(text) => Some(text.parse().map_err(|_| Problem::bad_query(format!("since={text}")))?),
        None => None,
    };
    let start = start(ask, &villages)?;
    let points: Vec<Point> = placed.iter().filter_map(|i| point(&villages[*i])).collect();
    let route = match &start {
        Some((from, _)) if !points.is_empty() => match route::plan(*from, &points, Days { days, stops_max: per_day }) {
            Ok(route) => Some(route),
            Err(NoRoute::DaysTooFew { given, days, stops_max }) => {
                return Err(Problem::bad_query(format!("days={days}, per_day={stops_max}: {given}")));
            }
            Err(NoRoute::TooMany { given }) => return Err(Problem::bad_query(format!("place: {given}"))),
        },
        _ => None,
    };
    Ok(Visit { villages, placed, start, route, days, per_day, since })
}

/// Where the days begin and end: the place that was named, else one's own, else what the first village lies in, else itself.
fn start(ask: &Ask, villages: &[Place]) -> Result<Option<(Point, String)>, Problem> {
    if let Some(text) = ask.param("start").filter(|t| !t.is_empty()) {
        let id = text.parse().map(PlaceId).map_err(|_| Problem::bad_query(format!("start={text}")))?;
        let place = ask.readable_place(id)?;
        return Ok(point(&place).map(|p| (p, place.name)));
    }
    let mut nearest: Vec<Place> = ask.home()?.into_iter().collect();
    for id in villages[0].within.iter().rev() {
        nearest.extend(ask.place(*id).ok());
    }
    nearest.extend(villages.iter().cloned());
    Ok(nearest.iter().find_map(|p| point(p).map(|at| (at, p.name.clone()))))
}

fn problems(ask: &Ask, place: &Place) -> Result<Vec<Row>, Problem> {
    let list = List {
        view: ViewId::Problems,
        scope: Scope::All,
        conditions: vec![Condition::OneOf("place".into(), vec![place.id.into()])],
        sort: Some(("reported_on".into(), true)),
        after: None,
        limit: PROBLEMS_MAX,
    };
    Ok(ask.app.store.list(&list)?.rows.iter().map(|r| serde_json::from_str(&r.data)).collect::<Result<_, _>>()?)
}

/// `GET /brief.gpx`: the way of every day, for a navigation app.
pub fn gpx(ask: &Ask) -> Result<Answer, Problem> {
    let visit = visit(ask)?;
    let (Some(route), Some((from, name))) = (&visit.route, &visit.start) else { return Err(Problem::not_found()) };
    let points: Vec<Point> = visit.placed.iter().filter_map(|i| point(&visit.villages[*i])).collect();
    let day = |d: usize| say(ask, "brief.day", &[("n", d.to_string())]);
    let stop = |i: usize| visit.villages[visit.placed[i]].name.clone();
    let about = if ask.app.settings.demo { w(ask, "programme.demo") } else { String::new() };
    let text = route::gpx(route, (*from, name), &points, day, stop, &about);
    Ok(Answer::bytes("application/gpx+xml", text.into_bytes()))
}

/// `GET /brief.geojson`: the same as lines and points.
pub fn geojson(ask: &Ask) -> Result<Answer, Problem> {
    let visit = visit(ask)?;
    let (Some(route), Some((from, _))) = (&visit.route, &visit.start) else { return Err(Problem::not_found()) };
    let points: Vec<Point> = visit.placed.iter().filter_map(|i| point(&visit.villages[*i])).collect();
    let about = |i: usize| {
        let place = &visit.villages[visit.placed[i]];
        let mut told = serde_json::Map::new();
        told.insert("code".into(), json!(place.code));
        told.insert("name".into(), json!(place.name));
        told
    };
    let mut tree = route::geojson(route, *from, &points, about);
    if ask.app.settings.demo {
        tree["demo"] = json!(true);
    }
    Ok(Answer::bytes("application/geo+json", tree.to_string().into_bytes()))
}

fn say(ask: &Ask, key: &str, args: &[(&str, String)]) -> String {
    fill(ask.language, key, args)
}

fn km(metres: f64) -> String {
    format!("{:.1}", metres / 1000.0)
}

/// The query of this page with another path, for the files.
fn link(ask: &Ask, path: &str) -> String {
    let kept = ask.query.iter().filter(|(n, _)| n != "lang");
    format!("{path}?{}", url::form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish())
}

/// `GET /brief`.
pub fn brief_page(ask: &Ask) -> Result<Answer, Problem> {
    let visit = visit(ask)?;
    let today = ask.today();
    let mut sections = Vec::new();
    for (place, day) in in_order(&visit) {
        let problems = problems(ask, place)?;
        sections.push(section(ask, place, &problems, day, visit.since, today)?);
    }
    let title = match visit.villages.as_slice() {
        [one] => say(ask, "brief.of", &[("name", one.name.clone())]),
        many => say(ask, "brief.of_many", &[("name", many[0].name.clone()), ("n", many.len().to_string())]),
    };
    let body = html! {
        h1 { (title) }
        p.lead { (today) " · " (w(ask, "brief.lead")) }
        (form(ask, &visit))
        (way(ask, &visit))
        @for section in &sections { (section) }
    };
    Ok(answer(ask, "/brief", &title, &body))
}

/// Villages in the order of the visit with their day, then those without a position.
fn in_order(visit: &Visit) -> Vec<(&Place, Option<usize>)> {
    let mut order: Vec<(&Place, Option<usize>)> = Vec::new();
    for (d, day) in visit.route.iter().flat_map(|r| r.days.iter().enumerate()) {
        order.extend(day.stops.iter().map(|s| (&visit.villages[visit.placed[*s]], Some(d + 1))));
    }
    let left: Vec<&Place> = visit.villages.iter().filter(|p| !order.iter().any(|(o, _)| o.id == p.id)).collect();
    order.extend(left.into_iter().map(|p| (p, None)));
    order
}

fn form(ask: &Ask, visit: &Visit) -> Markup {
    let field = |name: &str, kind: &str, value: String| -> Markup {
        html! {
            div {
            label for=(name) { (w(ask, &format!("brief.ask_{name}"))) }
            input.qw-input id=(name) name=(name) type=(kind) value=(value) min=[(kind == "number").then_some(1)] max=[(kind == "number").then_some(VILLAGES_MAX)];
            }
        }
    };
    html! {
        form.brief-form action="/brief" method="get" {
            @for (name, value) in ask.query.iter().filter(|(n, _)| n == "place" || n == "start") { input type="hidden" name=(name) value=(value); }
            (field("days", "number", visit.days.to_string()))
            (field("per_day", "number", visit.per_day.to_string()))
            (field("since", "date", visit.since.map(|d| d.to_string()).unwrap_or_default()))
            button.qw-button type="submit" { (w(ask, "brief.again")) }
        }
    }
}

fn way(ask: &Ask, visit: &Visit) -> Markup {
    let Some(route) = &visit.route else {
        return html! { p.qw-quiet { (w(ask, "brief.no_way")) } };
    };
    let from = visit.start.as_ref().map(|(_, name)| name.clone()).unwrap_or_default();
    let percent = format!("{:.0}", (route.gap() * 100.0).ceil());
    html! {
        section aria-labelledby="way" {
            h2 #way { (w(ask, "brief.way")) }
            p { (say(ask, "brief.way_from", &[("name", from), ("days", route.days.len().to_string()), ("km", km(route.length_m))])) }
            ol.brief-days {
                @for (d, day) in route.days.iter().enumerate() {
                    li { b { (say(ask, "brief.day", &[("n", (d + 1).to_string())])) } " " span.num { (say(ask, "brief.km", &[("km", km(day.length_m))])) } " · "
                        @for (k, stop) in day.stops.iter().enumerate() { @if k > 0 { " → " } a href=(format!("#v{}", visit.villages[visit.placed[*stop]].id.0)) { (visit.villages[visit.placed[*stop]].name) } }
                    }
                }
            }
            (drawn(ask, visit, route))
            p.qw-quiet { (say(ask, "brief.bound", &[("km", km(route.bound_m)), ("percent", percent)])) }
            p.screen { a href=(link(ask, "/brief.gpx")) download="brief.gpx" { (w(ask, "brief.gpx")) } " · " a href=(link(ask, "/brief.geojson")) download="brief.geojson" { (w(ask, "brief.geojson")) } }
        }
    }
}

/// The way as a small picture: straight lines, a number for each stop.
fn drawn(ask: &Ask, visit: &Visit, route: &Route) -> Markup {
    let Some((from, _)) = &visit.start else { return html! {} };
    let at = |stop: usize| point(&visit.villages[visit.placed[stop]]).unwrap_or(*from);
    let stops = route.days.iter().flat_map(|d| d.stops.iter().map(|s| at(*s)));
    let Some(bounds) = maps::Bounds::around(std::iter::once(*from).chain(stops)) else { return html! {} };
    let narrow = from.lat().to_radians().cos();
    let wide = f64::from(bounds.east_e7 - bounds.west_e7) * narrow;
    let high = f64::from(bounds.north_e7 - bounds.south_e7);
    let (width, height) = (600.0, 400.0);
    let scale = ((width - 40.0) / wide.max(1.0)).min((height - 40.0) / high.max(1.0));
    let spot = |p: Point| {
        let x = width / 2.0 + (f64::from(p.lon_e7 - bounds.west_e7) * narrow - wide / 2.0) * scale;
        let y = height / 2.0 + (f64::from(bounds.north_e7 - p.lat_e7) - high / 2.0) * scale;
        (format!("{x:.1}"), format!("{y:.1}"))
    };
    let mut numbered = 0;
    html! {
        svg.brief-way role="img" aria-label=(w(ask, "brief.way_drawn")) viewBox=(format!("0 0 {width} {height}")) {
            @for day in &route.days {
                @let line: Vec<String> = std::iter::once(*from).chain(day.stops.iter().map(|s| at(*s))).chain(std::iter::once(*from)).map(|p| { let (x, y) = spot(p); format!("{x},{y}") }).collect();
                polyline points=(line.join(" ")) {}
            }
            @for day in &route.days { @for stop in &day.stops {
                @let (x, y) = spot(at(*stop));
                circle cx=(x) cy=(y) r="9" {}
                text x=(x) y=(y) dy="4" text-anchor="middle" { ({ numbered += 1; numbered }) }
            } }
            @let (x, y) = spot(*from);
            rect x=(x) y=(y) width="10" height="10" transform="translate(-5 -5)" {}
        }
    }
}

fn section(
    ask: &Ask,
    place: &Place,
    problems: &[Row],
    day: Option<usize>,
    since: Option<Day>,
    today: Day,
) -> Result<Markup, Problem> {
    let brief = visits::brief(place, problems, today);
    let path = crate::public::path_names(ask, place)?;
    let id = format!("v{}", place.id.0);
    Ok(html! {
        section.brief aria-labelledby=(id) {
            p.path { (path.join(" / ")) @if let Some(day) = day { " · " (say(ask, "brief.day", &[("n", day.to_string())])) } @else { " · " (w(ask, "brief.no_position")) } }
            h2 id=(id) { a href=(format!("/console/places/{}", place.id.0)) { (place.name) } " " small.num { (place.code) } }
            (known(ask, place, problems))
            h3 { (w(ask, "brief.contradictions")) }
            @if brief.contradictions.is_empty() { p.qw-quiet { (w(ask, "brief.no_contradictions")) } }
            ul { @for c in &brief.contradictions { li { (contradiction(ask, c)) } } }
            h3 { (w(ask, "brief.questions")) }
            @if brief.questions.is_empty() { p.qw-quiet { (w(ask, "brief.no_questions")) } }
            ol.brief-ask { @for q in &brief.questions { li { (question(ask, q)) } } }
            h3 { (w(ask, "brief.look")) }
            @if brief.look.is_empty() { p.qw-quiet { (w(ask, "brief.nothing_open")) } }
            ol.brief-ask { @for (why, p) in &brief.look {
                li {
                    b { (text(ask.language, &format!("brief_why.{}", why.word()))) } " " (named(p)) " "
                    (text(ask.language, &format!("field.{}", p.field.word()))) " · " (p.text.as_str()) " · "
                    (text(ask.language, &format!("state.{}", p.state.word())))
                    @if let Some(due) = p.clock() { " · " (say(ask, "public.due", &[("day", due.to_string())])) }
                    @if let Some(claim) = &p.claim { p.qw-quiet { (say(ask, "brief.claimed", &[("words", claim.text.to_string()), ("n", claim.photos.len().to_string())])) } }
                    @if let Some(at) = p.position { p.qw-quiet.num { (format!("{:.5}, {:.5}", f64::from(at.lat_e7) / 1e7, f64::from(at.lon_e7) / 1e7)) } }
                }
            } }
            @if let Some(since) = since { (afterwards(ask, problems, since)) }
            @else { div.brief-notes { p { (w(ask, "brief.notes")) } } }
        }
    })
}

/// The number of a problem, which leads to the facts under it.
fn named(p: &Row) -> Markup {
    html! { a.num href=(format!("/console/problems/{}", p.id)) { (p.number) } }
}

fn known(ask: &Ask, place: &Place, problems: &[Row]) -> Markup {
    let open = problems.iter().filter(|p| p.state.is_open()).count();
    html! {
        dl.brief-known {
            @if let Some(class) = place.class { dt { (w(ask, "column.class")) } dd { (text(ask.language, &format!("class.{}", class.word()))) } }
            @if let Some(grade) = place.grade { dt { (w(ask, "column.grade")) } dd { (text(ask.language, &format!("grade.{}", grade.word()))) } }
            @for (counted, value) in &place.counts {
                dt { (text(ask.language, &format!("count.{}", counted.word()))) }
                dd { span.num { (value.value) } " " span.qw-quiet { (value.on) " " (text(ask.language, &format!("method.{}", value.method.word()))) } }
            }
            dt { (w(ask, "brief.open")) }
            dd { a.num href=(format!("/console/problems?place={}&open=1", place.id.0)) { (open) } }
        }
    }
}

fn contradiction(ask: &Ask, c: &Contradiction<'_>) -> Markup {
    match c {
        Contradiction::Shrunk { counted, now, before } => {
            let what = text(ask.language, &format!("count.{}", counted.word()));
            let args = [
                ("what", what),
                ("before", before.value.to_string()),
                ("before_on", before.on.to_string()),
                ("now", now.value.to_string()),
                ("now_on", now.on.to_string()),
            ];
            html! { (say(ask, "brief.shrunk", &args)) }
        }
        Contradiction::FewerPersonsThanHouseholds { persons, households } => {
            html! { (say(ask, "brief.fewer_persons", &[("persons", persons.to_string()), ("households", households.to_string())])) }
        }
        Contradiction::NotFixedAsSaid { problem } => {
            html! { (named(problem)) " " (say(ask, "brief.not_fixed", &[("n", problem.reopened.to_string()), ("words", problem.text.to_string())])) }
        }
    }
}

fn question(ask: &Ask, q: &Question<'_>) -> Markup {
    let counted = |c: &domain::places::Counted| text(ask.language, &format!("count.{}", c.word()));
    match q {
        Question::NeverCounted(c) => html! { (say(ask, "brief.never_counted", &[("what", counted(c))])) },
        Question::CountedLongAgo(c, on) => {
            html! { (say(ask, "brief.counted_long_ago", &[("what", counted(c)), ("on", on.to_string())])) }
        }
        Question::WhyLate { problem, days } => {
            html! { (named(problem)) " " (say(ask, "brief.why_late", &[("days", days.to_string()), ("words", problem.text.to_string())])) }
        }
        Question::WhereFrom { problem } => {
            html! { (named(problem)) " " (say(ask, "brief.where_from", &[("words", problem.text.to_string())])) }
        }
        Question::NothingReported { days: Some(days) } => {
            html! { (say(ask, "brief.quiet", &[("days", days.to_string())])) }
        }
        Question::NothingReported { days: None } => html! { (w(ask, "brief.never_reported")) },
    }
}

fn afterwards(ask: &Ask, problems: &[Row], since: Day) -> Markup {
    let (solved, found) = visits::solved_since(problems, since);
    let list = |key: &str, rows: &[&Row]| -> Markup {
        html! {
            h4 { (w(ask, key)) " " span.num { (rows.len()) } }
            ul { @for p in rows { li { (named(p)) " " (text(ask.language, &format!("field.{}", p.field.word()))) " · " (p.text.as_str()) " · " (text(ask.language, &format!("state.{}", p.state.word()))) } } }
        }
    };
    html! {
        h3 { (say(ask, "brief.since", &[("day", since.to_string())])) }
        (list("brief.solved", &solved))
        (list("brief.found", &found))
    }
}
