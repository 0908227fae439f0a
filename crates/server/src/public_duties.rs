//! The duty board of a place, as it hangs in the village, and the hand-over statement as a page to print.

use std::collections::HashMap;

use domain::{
    basics::{Day, PersonId, Post, Role, Value as Cell},
    duties::{Handover, PostRow, Signature, Task, TaskState},
    places::{Level, Place},
};
use maud::{Markup, html};
use store::{Condition, Scope};

use crate::{
    answer::{Answer, Problem},
    ask::Ask,
    duties::{self, Bearer, HandedOver, StatementDocument},
    public::{answer, path_names, place_of_code, role_in_words, w},
    wording::{fill, text},
};

/// Tasks shown on a board.
const TASKS_MAX: usize = 40;

/// The posts of a board: those of the place itself, then the heads above, up to the top.
fn posts_of(ask: &Ask, place: &Place) -> Result<Vec<(Place, PostRow)>, Problem> {
    let own = store::List {
        view: domain::ViewId::Posts,
        scope: Scope::All,
        conditions: vec![Condition::OneOf("place".into(), vec![place.id.into()])],
        sort: None,
        after: None,
        limit: 60,
    };
    let mut found = Vec::new();
    for row in ask.app.store.list(&own)?.rows {
        let row: PostRow = serde_json::from_str(&row.data)?;
        // Inspectors come unannounced, and whoever only reads or runs the machine answers to no villager.
        let shown = match row.post.role {
            Role::Head | Role::Office | Role::Department | Role::Township | Role::Village => true,
            Role::Admin | Role::Security | Role::Audit | Role::Inspector | Role::Viewer => false,
        };
        if shown {
            found.push((place.clone(), row));
        }
    }
    found.sort_by_key(|(_, row)| (row.post.role != Role::Head, row.post));
    for id in place.within.iter().rev() {
        let Ok(above) = ask.place(*id) else { continue };
        if let Some(row) = duties::post_row(ask, Post::new(*id, Role::Head))? {
            found.push((above, row));
        }
    }
    Ok(found)
}

/// `GET /v/{code}/duties`: who answers for what at a place, by name, and what is to be done this year.
pub fn duties_page(ask: &Ask) -> Result<Answer, Problem> {
    let place = place_of_code(ask)?;
    let path = path_names(ask, &place)?;
    let today = ask.today();
    let posts = posts_of(ask, &place)?;
    let keys: Vec<Post> = posts.iter().map(|(_, row)| row.post).collect();
    let bearers = if keys.is_empty() { Vec::new() } else { duties::bearers_of(ask, &keys, today)? };
    let year = i64::from(today.0.year());
    let of_year =
        vec![Condition::OneOf("place".into(), vec![place.id.into()]), Condition::OneOf("year".into(), vec![Cell::Int(year)])];
    let tasks = duties::tasks(ask, Scope::All, of_year, TASKS_MAX + 1)?;
    let leads: Vec<Post> = tasks.iter().map(|t| t.set.lead).collect();
    let led = if leads.is_empty() { Vec::new() } else { duties::bearers_of(ask, &leads, today)? };
    let body = html! {
        @if !path.is_empty() { p.path { (path.join(" / ")) } }
        h1 { (fill(ask.language, "public.duties_of", &[("name", place.name.clone())])) }
        p.lead { (w(ask, "public.duties_lead")) }
        section aria-labelledby="who" {
            h2 #who { (w(ask, "public.duties_who")) }
            @if posts.is_empty() { p.qw-quiet { (w(ask, "public.duties_none")) } }
            ul.duties { @for ((at, row), bearer) in posts.iter().zip(&bearers) { (post_item(ask, at, row, bearer)) } }
        }
        section aria-labelledby="tasks" {
            h2 #tasks { (fill(ask.language, "public.duties_tasks", &[("year", year.to_string())])) }
            @if tasks.is_empty() { p.qw-quiet { (w(ask, "public.duties_no_tasks")) } }
            ul.duties { @for (task, bearer) in tasks.iter().take(TASKS_MAX).zip(&led) { (task_item(ask, task, bearer, today)?) } }
            @if tasks.len() > TASKS_MAX { p.qw-quiet { (fill(ask.language, "public.newest_only", &[("n", TASKS_MAX.to_string())])) } }
        }
        p { a href=(format!("/v/{}", place.code)) { (place.name) } }
    };
    Ok(answer(
        ask,
        &format!("/v/{}/duties", place.code),
        &fill(ask.language, "public.duties_of", &[("name", place.name.clone())]),
        &body,
    ))
}

fn post_item(ask: &Ask, at: &Place, row: &PostRow, bearer: &Bearer) -> Markup {
    html! {
        li {
            p.who {
                b { (at.name) " " (role_in_words(ask.language, row.post)) }
                " "
                @match (&bearer.name, bearer.person) {
                    (Some(name), _) => { span.name { (name) } @if bearer.stands_in { " " span.qw-quiet { (w(ask, "public.duties_stands_in")) } } }
                    (None, Some(_)) => { span.qw-quiet { (w(ask, "public.duties_erased")) } }
                    (None, None) => { span.late { (w(ask, "public.duties_vacant")) } }
                }
            }
            @if let Some(duty) = &row.duty { p { (duty.as_str()) } }
            p.meta {
                @if let Some(from) = bearer.from { (fill(ask.language, "public.duties_since", &[("day", from.to_string())])) }
                @if let Some(phone) = &row.phone { " · " (w(ask, "public.duties_phone")) " " span.num { (phone.as_str()) } }
                @if let Some(since) = bearer.unsigned_since {
                    " · " span.late { (fill(ask.language, "public.duties_unsigned", &[("day", since.to_string())])) }
                }
            }
        }
    }
}

fn task_item(ask: &Ask, task: &Task, bearer: &Bearer, today: Day) -> Result<Markup, Problem> {
    let place = ask.place(task.set.lead.place)?;
    let late = task.state == TaskState::Open && task.set.due < today;
    Ok(html! {
        li {
            p.who {
                b { (text(ask.language, &format!("task_kind.{}", task.set.kind.word()))) " " (task.set.title.as_str()) }
                @if let Some(q) = &task.set.quantity { " " span.num { (q.value) } (q.unit.as_str()) }
            }
            @if let Some(duty) = &task.set.duty { p { (duty.as_str()) } }
            p.meta {
                (text(ask.language, &format!("task_state.{}", task.state.word())))
                " · " (place.name) " " (role_in_words(ask.language, task.set.lead))
                @if let Some(name) = &bearer.name { " " (name) }
                " · "
                @if late { span.late { (fill(ask.language, "public.late_since", &[("day", task.set.due.to_string())])) } }
                @else { (fill(ask.language, "public.due", &[("day", task.set.due.to_string())])) }
                @if task.set.carried_from.is_some() { " · " (w(ask, "public.duties_carried")) }
            }
        }
    })
}

/// A statement of what is handed over, to be printed: what was stored, and who has signed.
pub fn handover_page(
    ask: &Ask,
    row: &PostRow,
    handover: &Handover,
    document: &StatementDocument,
    names: &HashMap<PersonId, String>,
) -> Answer {
    let say = |key: &str, args: &[(&str, String)]| fill(ask.language, key, args);
    let title = format!("{} {}", document.place, role_in_words(ask.language, row.post));
    let signed = |signature: &Option<Signature>| -> Markup {
        html! {
            @match signature {
                None => { span.line { "\u{a0}" } " " span.late { (w(ask, "public.handover_unsigned")) } }
                Some(s) => {
                    b { (names.get(&s.person).cloned().unwrap_or_default()) } " " (Day::of_ms(s.on_ms))
                    @if let Some(why) = &s.in_absence { " " (say("public.handover_absence", &[("why", why.to_string())])) }
                    @if let Some(remark) = &s.remark { p { (say("public.handover_remark", &[("words", remark.to_string())])) } }
                }
            }
        }
    };
    let listed = |key: &str, what: &str, state: &str, rows: &[HandedOver]| -> Markup {
        let all = document.counts.get(what).copied().unwrap_or(0);
        html! {
            h2 { (w(ask, key)) " " span.num { (all) } }
            @if rows.is_empty() { p.qw-quiet { (w(ask, "public.handover_nothing")) } } @else {
                ol.handover { @for r in rows {
                    li {
                        @if let Some(number) = &r.number { span.num { (number) } " " }
                        (r.place) " · " (r.text) " · " (text(ask.language, &format!("{state}.{}", r.state)))
                        @if let Some(due) = r.due { " · " (say("public.due", &[("day", due.to_string())])) }
                    }
                } }
            }
        }
    };
    let body = html! {
        h1 { (w(ask, "public.handover")) }
        p.lead { (title) " · " (document.name) " · " (document.from) " – " (document.until) }
        p { (say("public.handover_on", &[("day", document.on.to_string())])) }
        (listed("public.handover_problems", "problems", "state", &document.problems))
        (listed("public.handover_promises", "promises", "task_state", &document.promises))
        (listed("public.handover_tasks", "tasks", "task_state", &document.tasks))
        (listed("public.handover_answers", "answers", "state", &document.answers))
        h2 { (w(ask, "public.handover_signatures")) }
        dl.signatures {
            dt { (text(ask.language, "side.outgoing")) } dd { (signed(&handover.outgoing)) }
            dt { (text(ask.language, "side.incoming")) } dd { (signed(&handover.incoming)) }
        }
        p.qw-quiet { (say("public.handover_hash", &[("hash", handover.statement.as_str().to_owned())])) }
    };
    answer(ask, &format!("/handover/{}", handover.statement.as_str()), &title, &body)
}

/// Whether a place has a board worth linking to.
pub fn has_board(ask: &Ask, place: &Place) -> Result<bool, Problem> {
    let own = [Condition::OneOf("place".into(), vec![place.id.into()])];
    let any = ask.app.store.count(domain::ViewId::Posts, &Scope::All, &own)?.count > 0;
    Ok(any || place.level != Level::Village)
}
