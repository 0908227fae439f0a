//! Public pages: HTML from here, own styles, no script needed. What a villager sees of his village, and how he is heard.

use axum::http::{StatusCode, header};
use domain::{
    Command, ViewId,
    basics::{Actor, Day, Position, ProblemId, ShownCount, Text, Value as Cell, shown_count},
    persons::{Particulars, mask_numbers, names_numbers},
    places::{Counted, Level, Place},
    problems::{self, Field, Photo, Problem as Row, Reporter, State},
    rules::Rule,
};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use qrcode::{EcLevel, QrCode, render::svg};
use store::{Condition, List, Scope};
use uuid::Uuid;

use crate::{
    App,
    answer::{Answer, Problem},
    ask::Ask,
    command, files,
    map::read_outline,
    persons, places,
    wording::{Language, fill, text},
};

/// Problems shown in one list of a village's page.
const LIST_MAX: usize = 30;

/// Longest field of a form, bytes: what is typed comes back on the page when it is refused.
const FIELD_MAX: usize = 64 << 10;

/// Fields of a plain form, urlencoded or multipart.
pub struct Form {
    fields: Vec<(String, String)>,
    /// Files that were sent along.
    pub files: Vec<Vec<u8>>,
}

impl Form {
    /// Reads the body of a form.
    pub fn read(ask: &Ask) -> Result<Form, Problem> {
        let multipart = ask.header("content-type").is_some_and(|t| t.starts_with("multipart/"));
        if !multipart {
            let fields = url::form_urlencoded::parse(&ask.body).map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
            return Form { fields, files: Vec::new() }.short();
        }
        let (mut fields, mut found) = (Vec::new(), Vec::new());
        for part in files::parts(ask)? {
            match part.file_name {
                Some(_) if part.content.is_empty() => {}
                Some(_) => found.push(part.content),
                None => fields.push((part.name, String::from_utf8_lossy(&part.content).into_owned())),
            }
        }
        Form { fields, files: found }.short()
    }

    fn short(self) -> Result<Form, Problem> {
        match self.fields.iter().all(|(_, value)| value.len() <= FIELD_MAX) {
            true => Ok(self),
            false => Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large").arg("max", format!("{} KB", FIELD_MAX >> 10))),
        }
    }

    /// The first field of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.fields.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// Words in the language of the answer.
pub fn w(ask: &Ask, key: &str) -> String {
    text(ask.language, key)
}

/// The frame of every page.
fn page(app: &App, language: Language, path: &str, title: &str, body: &Markup) -> Answer {
    let t = |key: &str| text(language, key);
    let other = match language {
        Language::Chinese => Language::English,
        Language::English => Language::Chinese,
    };
    let markup = html! {
        (DOCTYPE)
        html lang=(language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · " (app.settings.installation) }
                link rel="icon" href="/favicon.ico" type="image/svg+xml";
                link rel="stylesheet" href="/assets/tokens.css";
                link rel="stylesheet" href="/assets/base.css";
                link rel="stylesheet" href="/assets/public.css";
            }
            body.public {
                a.qw-skip href="#main" { (t("public.skip")) }
                @if app.settings.demo { p.qw-band role="note" { (t("programme.demo")) " · " (t("public.demo_note")) } }
                header.top {
                    a.home href="/" { (app.settings.installation) }
                    nav aria-label=(t("public.nav")) {
                        a href=(format!("{path}?lang={}", other.tag())) lang=(other.tag()) hreflang=(other.tag()) { (text(other, "public.this_language")) }
                        a href="/login?next=/console/" { (t("public.sign_in")) }
                    }
                }
                main #main { (body) }
                footer { p { (t("public.footer")) } }
            }
        }
    };
    let secure = if app.settings.secure_cookies { "; Secure" } else { "" };
    let remember = format!("qw_lang={}; Path=/; Max-Age=31536000; SameSite=Lax{secure}", language.tag());
    Answer::html(markup.into_string()).with(header::SET_COOKIE, &remember).with(header::CONTENT_LANGUAGE, language.tag())
}

/// A page in the frame.
pub fn answer(ask: &Ask, path: &str, title: &str, body: &Markup) -> Answer {
    let answer = page(&ask.app, ask.language, path, title, body);
    // The language is remembered only where it was chosen.
    if ask.param("lang").is_some() {
        answer
    } else {
        Answer { headers: answer.headers.into_iter().filter(|(n, _)| *n != header::SET_COOKIE).collect(), ..answer }
    }
}

/// A problem document as a page for people who follow links.
pub fn refusal_page(app: &App, problem: &Problem, language: Language) -> Answer {
    let (title, detail) = problem.words(language);
    let body = html! {
        h1 { (title) }
        p { (detail) }
        p { a href="/" { (text(language, "public.to_home")) } }
    };
    let answer = page(app, language, "/", &title, &body);
    Answer { headers: answer.headers.into_iter().filter(|(n, _)| *n != header::SET_COOKIE).collect(), ..answer }
}

/// `GET /`: the places at the top, what lies in them, and a search by name.
pub fn home(ask: &Ask) -> Result<Answer, Problem> {
    let words = ask.param("q").unwrap_or_default().trim().chars().take(60).collect::<String>();
    let found = if words.is_empty() { Vec::new() } else { search(ask, &words)? };
    let roots = ask.app.roots()?;
    let body = html! {
        h1 { (ask.app.settings.installation) }
        p.lead { (w(ask, "public.home_lead")) }
        form.search action="/" method="get" role="search" {
            label for="q" { (w(ask, "public.search")) }
            div.row {
                input #q name="q" type="search" value=(words) autocomplete="off";
                button.qw-button type="submit" { (w(ask, "public.search_button")) }
            }
        }
        @if !words.is_empty() {
            h2 { (fill(ask.language, "public.found", &[("n", found.len().to_string())])) }
            @if found.is_empty() { p { (w(ask, "public.found_none")) } }
            ul.places { @for (place, path) in &found { li { a href=(format!("/v/{}", place.code)) { (place.name) } " " span.qw-quiet { (path) } } } }
        }
        @if roots.is_empty() { p { (w(ask, "public.no_places")) } }
        @for root in &roots {
            @let place = first_with_several(ask, ask.place(root.id)?)?;
            h2 { a href=(format!("/v/{}", place.code)) { (place.name) } }
            (children(ask, &place)?)
        }
    };
    Ok(answer(ask, "/", &w(ask, "public.home_title"), &body))
}

/// Where a place holds only one other, people mean that one: a county's installation opens on its townships.
fn first_with_several(ask: &Ask, mut place: Place) -> Result<Place, Problem> {
    loop {
        let list = List { limit: 2, ..places_in(&place) };
        let rows = ask.app.store.list(&list)?.rows;
        let [only] = rows.as_slice() else { return Ok(place) };
        place = serde_json::from_str(&only.data)?;
    }
}

/// Open places directly in a place.
fn places_in(place: &Place) -> List {
    List {
        view: ViewId::Places,
        scope: Scope::All,
        conditions: vec![
            Condition::OneOf("parent".into(), vec![place.id.into()]),
            Condition::OneOf("closed".into(), vec![Cell::Int(0)]),
        ],
        sort: Some(("code".into(), false)),
        after: None,
        limit: 200,
    }
}

fn search(ask: &Ask, words: &str) -> Result<Vec<(Place, String)>, Problem> {
    let list = List {
        view: ViewId::Places,
        scope: Scope::All,
        conditions: vec![Condition::Words(words.to_owned()), Condition::OneOf("closed".into(), vec![Cell::Int(0)])],
        sort: Some(("code".into(), false)),
        after: None,
        limit: 40,
    };
    let mut found = Vec::new();
    for row in ask.app.store.list(&list)?.rows {
        let place: Place = serde_json::from_str(&row.data)?;
        let path = path_names(ask, &place)?.join(" / ");
        found.push((place, path));
    }
    Ok(found)
}

pub fn path_names(ask: &Ask, place: &Place) -> Result<Vec<String>, Problem> {
    let keys: Vec<String> = place.within.iter().map(|id| id.key()).collect();
    let rows = ask.app.store.rows(ViewId::Places, &keys)?;
    Ok(rows.into_iter().filter_map(|(_, r)| if let domain::Row::Places(p) = r { Some(p.name) } else { None }).collect())
}

fn children(ask: &Ask, place: &Place) -> Result<Markup, Problem> {
    let list = places_in(place);
    let rows = ask.app.store.list(&list)?.rows;
    let mut places = Vec::new();
    for row in rows {
        let place: Place = serde_json::from_str(&row.data)?;
        places.push(place);
    }
    Ok(html! {
        ul.places { @for p in &places { li { a href=(format!("/v/{}", p.code)) { (p.name) } } } }
    })
}

pub fn place_of_code(ask: &Ask) -> Result<Place, Problem> {
    let code: String = ask.path(0)?;
    if code.len() != 12 || !code.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Problem::not_found());
    }
    match ask.app.store.place_by_code(&code)? {
        Some(domain::Row::Places(place)) => Ok(*place),
        _ => Err(Problem::not_found()),
    }
}

fn scope(place: &Place) -> Scope {
    Scope::Within(vec![(place.id, place.level, place.org)])
}

fn problems_where(ask: &Ask, place: &Place, states: &[&str], sort: (&str, bool)) -> Result<(Vec<Row>, bool), Problem> {
    let list = List {
        view: ViewId::Problems,
        scope: scope(place),
        conditions: vec![Condition::OneOf("state".into(), states.iter().map(|s| Cell::from(*s)).collect())],
        sort: Some((sort.0.into(), sort.1)),
        after: None,
        limit: LIST_MAX,
    };
    let found = ask.app.store.list(&list)?;
    let rows = found.rows.iter().map(|r| serde_json::from_str(&r.data)).collect::<Result<_, _>>()?;
    Ok((rows, found.next.is_some()))
}

fn count(ask: &Ask, place: &Place, states: &[&str]) -> Result<u64, Problem> {
    let conditions = [Condition::OneOf("state".into(), states.iter().map(|s| Cell::from(*s)).collect())];
    Ok(ask.app.store.count(ViewId::Problems, &scope(place), &conditions)?.count)
}

/// `GET /v/{code}`.
pub fn place(ask: &Ask) -> Result<Answer, Problem> {
    let place = place_of_code(ask)?;
    let village = place.level == Level::Village;
    let path = path_names(ask, &place)?;
    let (open, more_open) = problems_where(ask, &place, &["reported", "assigned", "claimed"], ("reported_on", true))?;
    let (solved, more_solved) = problems_where(ask, &place, &["verified", "confirmed"], ("reported_on", true))?;
    let (open_n, solved_n) =
        (count(ask, &place, &["reported", "assigned", "claimed"])?, count(ask, &place, &["verified", "confirmed"])?);
    let url = format!("/v/{}", place.code);
    let lists = html! {
        section aria-labelledby="open" {
            h2 #open { (fill(ask.language, "public.open_problems", &[("n", open_n.to_string())])) }
            @if open.is_empty() { p.qw-quiet { (w(ask, "public.open_none")) } }
            (problem_list(ask, &open, village)?)
            @if more_open { p.qw-quiet { (fill(ask.language, "public.newest_only", &[("n", LIST_MAX.to_string())])) } }
        }
        section aria-labelledby="solved" {
            h2 #solved { (fill(ask.language, "public.solved_problems", &[("n", solved_n.to_string())])) }
            @if solved.is_empty() { p.qw-quiet { (w(ask, "public.solved_none")) } }
            (problem_list(ask, &solved, village)?)
            @if more_solved { p.qw-quiet { (fill(ask.language, "public.newest_only", &[("n", LIST_MAX.to_string())])) } }
        }
    };
    let body = html! {
        @if !path.is_empty() { p.path { (path.join(" / ")) } }
        h1 { (place.name) }
        @if let Some(closed) = &place.closed {
            p.qw-notice.qw-notice-note { (w(ask, "public.closed")) @if let Some(on) = closed.on { " " (on) } }
        } @else if village {
            p { a.qw-button.qw-button-main href=(format!("{url}/report")) { (w(ask, "public.report_here")) } }
        }
        @if place.closed.is_none() && crate::public_duties::has_board(ask, &place)? {
            p { a href=(format!("{url}/duties")) { (w(ask, "public.duties")) } }
        }
        (facts_of(ask, &place)?)
        @if village { (lists) } @else {
            section aria-labelledby="below" {
                h2 #below { (w(ask, "public.places_below")) }
                (children(ask, &place)?)
            }
            (lists)
        }
        @if village { p { a href=(format!("{url}/poster.svg")) { (w(ask, "public.poster")) } } }
    };
    Ok(answer(ask, &url, &place.name, &body))
}

/// What is known of the place itself, in words.
fn facts_of(ask: &Ask, place: &Place) -> Result<Markup, Problem> {
    let word = |family: &str, word: &str| text(ask.language, &format!("{family}.{word}"));
    let min = smallest_shown(ask, place)?;
    // Hamlets are no persons: their number is not small in that sense.
    let shown = |what: Counted, n: u32| match what {
        Counted::HouseholdsRegistered | Counted::HouseholdsResident | Counted::Population => {
            in_figures(shown_count(n.into(), min))
        }
        Counted::Hamlets => n.to_string(),
    };
    let map = match &place.outline {
        Some(outline) => drawing(ask, place, &outline.file)?,
        None => None,
    };
    Ok(html! {
        div.about {
            @if let Some(svg) = map { (svg) }
            dl {
                dt { (text(ask.language, "column.code")) } dd.num { (place.code) }
                dt { (text(ask.language, "column.kind")) } dd { (word("kind", place.kind.word())) }
                @if let Some(class) = place.class { dt { (text(ask.language, "column.class")) } dd { (word("class", class.word())) } }
                @if let Some(grade) = place.grade { dt { (text(ask.language, "column.grade")) } dd { (word("grade", grade.word())) } }
                @if let Some(stage) = place.stage { dt { (text(ask.language, "column.stage")) } dd { (word("stage", stage.word())) } }
                @for (what, value) in &place.counts {
                    dt { (word("count", Counted::word(*what))) }
                    dd {
                        span.num { (shown(*what, value.value)) } " " span.qw-quiet { (value.on) }
                        @if let Some(before) = &value.shrunk_from {
                            br;
                            span.shrunk { (fill(ask.language, "public.shrunk", &[("value", shown(*what, before.value)), ("on", before.on.to_string())])) }
                        }
                    }
                }
            }
        }
    })
}

/// The smallest count of persons or households that the public sees there: by the rule, or by the pack where none was set.
fn smallest_shown(ask: &Ask, place: &Place) -> Result<u64, Problem> {
    let set = places::rule(ask, place, Rule::SMALL_COUNTS)?;
    let pack = || domain::rules::starting_pack().into_iter().find(|r| r.name() == Rule::SMALL_COUNTS);
    Ok(match set.or_else(pack) {
        Some(Rule::SmallCounts(rule)) => rule.min.into(),
        _ => 0,
    })
}

/// A count as it stands on a public page.
fn in_figures(count: ShownCount) -> String {
    match count {
        ShownCount::Exact(n) => n.to_string(),
        ShownCount::Below(min) => format!("<{min}"),
    }
}

/// The outline of the place as a small drawing.
fn drawing(ask: &Ask, place: &Place, file: &domain::basics::FileHash) -> Result<Option<Markup>, Problem> {
    let Some(outline) = read_outline(&ask.app, file)? else { return Ok(None) };
    let Some(bounds) = outline.bounds() else { return Ok(None) };
    let d = maps::outline::svg_path(&outline, bounds, 240);
    // A drawing larger than the page may be is left out: it is an ornament here.
    if d.len() > 8_000 {
        return Ok(None);
    }
    let height = maps::outline::svg_height(bounds, 240);
    let label = fill(ask.language, "public.outline_of", &[("name", place.name.clone())]);
    Ok(Some(html! {
        svg.outline viewBox=(format!("-2 -2 244 {}", height + 4)) role="img" aria-label=(label) { path d=(d) {} }
    }))
}

fn problem_list(ask: &Ask, problems: &[Row], one_village: bool) -> Result<Markup, Problem> {
    let mut names = std::collections::HashMap::new();
    if !one_village {
        let keys: Vec<String> = problems.iter().map(|p| p.place.key()).collect();
        for (_, row) in ask.app.store.rows(ViewId::Places, &keys)? {
            if let domain::Row::Places(p) = row {
                names.insert(p.id, p.name);
            }
        }
    }
    Ok(html! {
        ul.problems { @for p in problems {
            li {
                a href=(format!("/p/{}", p.id)) {
                    span.field { (text(ask.language, &format!("field.{}", p.field.word()))) }
                    span.words { (shortened(ask, p)) }
                }
                span.meta {
                    (state_mark(ask, &p.state))
                    " " time datetime=(Day::of_ms(p.reported_ms)) { (Day::of_ms(p.reported_ms)) }
                    @if let Some(name) = names.get(&p.place) { " · " (name) }
                    @if let Some(due) = p.clock() {
                        @if due < ask.today() { " · " span.late { (fill(ask.language, "public.late_since", &[("day", due.to_string())])) } }
                        @else { " · " (fill(ask.language, "public.due", &[("day", due.to_string())])) }
                    }
                }
            }
        } }
    })
}

fn state_mark(ask: &Ask, state: &State) -> Markup {
    let word = state.word();
    html! { span class=(format!("qw-state qw-state-{word}")) { (text(ask.language, &format!("state.{word}"))) } }
}

fn shortened(ask: &Ask, p: &Row) -> String {
    if p.withheld.is_some() {
        return w(ask, "public.withheld");
    }
    let words = mask_numbers(p.text.as_str());
    let short: String = words.chars().take(80).collect();
    if short.len() < words.len() { format!("{short}…") } else { short }
}

/// `GET /v/{code}/report`.
pub fn report_form(ask: &Ask) -> Result<Answer, Problem> {
    let place = open_village(ask)?;
    let draft = Draft { id: Uuid::now_v7().to_string(), receipt: fresh_receipt()?, ..Draft::default() };
    report_page(ask, &place, &draft, None, &Look::default())
}

fn open_village(ask: &Ask) -> Result<Place, Problem> {
    let place = place_of_code(ask)?;
    match place.closed {
        None if place.level == Level::Village => Ok(place),
        _ => Err(Problem::not_found()),
    }
}

/// What has been typed so far.
#[derive(Default)]
struct Draft {
    id: String,
    receipt: String,
    field: String,
    words: String,
    photos: Vec<String>,
    position: Option<Position>,
    name: String,
    telephone: String,
}

/// Twelve characters that are read out and typed in without confusion.
fn fresh_receipt() -> Result<String, Problem> {
    const LETTERS: &[u8; 32] = b"23456789abcdefghjkmnpqrstuvwxyz-";
    let mut bytes = [0_u8; 12];
    getrandom::fill(&mut bytes).map_err(|e| Problem::accident(format!("no randomness: {e}")))?;
    Ok(bytes.iter().map(|b| char::from(LETTERS[usize::from(b % 31)])).collect())
}

fn report_page(ask: &Ask, place: &Place, draft: &Draft, problem: Option<&Problem>, look: &Look) -> Result<Answer, Problem> {
    let similar = &look.similar;
    let keep_days = match places::rule(ask, place, Rule::CONTACTS)? {
        Some(Rule::Contacts(rule)) => Some(rule.keep_days),
        _ => None,
    };
    let url = format!("/v/{}/report", place.code);
    let limits = limits(ask, place)?;
    let body = html! {
        p.path { a href=(format!("/v/{}", place.code)) { (place.name) } }
        h1 { (w(ask, "public.report_title")) }
        @if let Some(problem) = problem {
            @let (title, detail) = problem.words(ask.language);
            div.qw-notice.qw-notice-alert role="alert" tabindex="-1" { strong { (title) } p { (detail) } }
        }
        @if look.numbers {
            div.qw-notice.qw-notice-note role="alert" tabindex="-1" { strong { (w(ask, "public.numbers")) } p { (w(ask, "public.numbers_lead")) } }
        }
        @if !similar.is_empty() {
            section.similar.qw-notice.qw-notice-note aria-labelledby="similar" {
                h2 #similar { (w(ask, "public.similar")) }
                p { (w(ask, "public.similar_lead")) }
                ul.problems { @for p in similar { li {
                    a href=(format!("/p/{}", p.id)) { span.words { (shortened(ask, p)) } }
                    span.meta { (state_mark(ask, &p.state)) " " (Day::of_ms(p.reported_ms)) }
                } } }
            }
        }
        form action=(url) method="post" enctype="multipart/form-data" {
            input type="hidden" name="id" value=(draft.id);
            input type="hidden" name="receipt" value=(draft.receipt);
            @if let Some(caller) = &ask.caller { input type="hidden" name="csrf" value=(caller.csrf); }
            @for photo in &draft.photos { input type="hidden" name="photo_hash" value=(photo); }
            @if let Some(p) = draft.position { input type="hidden" name="lon_e7" value=(p.lon_e7); input type="hidden" name="lat_e7" value=(p.lat_e7); }
            @if look.similar_shown() { input type="hidden" name="not_the_same" value="1"; }
            @if look.numbers { input type="hidden" name="numbers_meant" value="1"; }
            fieldset {
                legend { (w(ask, "public.which_field")) }
                div.fields { @for field in Field::ALL {
                    label {
                        input type="radio" name="field" value=(field.word()) required checked[draft.field == field.word()];
                        span { (text(ask.language, &format!("field.{}", field.word()))) }
                    }
                } }
            }
            label for="words" { (w(ask, "public.which_words")) }
            p.hint #words-hint { (w(ask, "public.words_hint")) }
            textarea #words name="words" rows="5" maxlength="2000" required aria-describedby="words-hint" { (draft.words) }
            label for="photo" { (fill(ask.language, "public.which_photo", &[("n", limits.photos_max.to_string())])) }
            p.hint #photo-hint { (w(ask, "public.photo_hint")) }
            @if !draft.photos.is_empty() { p { (fill(ask.language, "public.photos_kept", &[("n", draft.photos.len().to_string())])) } }
            input #photo name="photo" type="file" accept="image/jpeg,image/png,image/webp" multiple aria-describedby="photo-hint";
            @if let Some(days) = keep_days {
                fieldset.contact {
                    legend { (w(ask, "public.contact")) }
                    p.hint #contact-hint { (fill(ask.language, "public.contact_hint", &[("days", days.to_string())])) }
                    label for="contact-name" { (text(ask.language, "person.name")) }
                    input #contact-name name="contact_name" value=(draft.name) maxlength="60" autocomplete="name" aria-describedby="contact-hint";
                    label for="contact-telephone" { (text(ask.language, "person.telephone")) }
                    input #contact-telephone name="contact_telephone" type="tel" value=(draft.telephone) maxlength="30" autocomplete="tel" aria-describedby="contact-hint";
                }
            }
            div.trap aria-hidden="true" { input name="website" tabindex="-1" autocomplete="off" aria-label="website"; }
            p { button.qw-button.qw-button-main type="submit" { @if similar.is_empty() { (w(ask, "public.send")) } @else { (w(ask, "public.send_anyway")) } } }
            p.qw-quiet { (w(ask, "public.privacy")) }
        }
    };
    let page = answer(ask, &url, &w(ask, "public.report_title"), &body);
    Ok(page.with(header::CACHE_CONTROL, "no-store"))
}

fn limits(ask: &Ask, place: &Place) -> Result<domain::rules::PublicReports, Problem> {
    match places::rule(ask, place, "problems.public_reports")? {
        Some(Rule::PublicReports(rule)) => Ok(rule),
        _ => Err(Problem::refused(
            "problems/no-rule".into(),
            serde_json::Map::from_iter([("rule".into(), "problems.public_reports".into())]),
            "rule problems.public_reports has not been set".into(),
        )),
    }
}

/// `POST /v/{code}/report`.
pub fn report(ask: &Ask) -> Result<Answer, Problem> {
    let place = open_village(ask)?;
    let form = Form::read(ask)?;
    let rule = limits(ask, &place)?;
    let mut draft = Draft {
        id: form.get("id").unwrap_or_default().to_owned(),
        receipt: form.get("receipt").unwrap_or_default().to_owned(),
        field: form.get("field").unwrap_or_default().to_owned(),
        words: form.get("words").unwrap_or_default().to_owned(),
        photos: form.all("photo_hash").map(str::to_owned).collect(),
        position: position_of(&form),
        name: form.get("contact_name").unwrap_or_default().trim().to_owned(),
        telephone: form.get("contact_telephone").unwrap_or_default().trim().to_owned(),
    };
    // People do not see this field; programs fill it in.
    if form.get("website").is_some_and(|w| !w.is_empty()) {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-query").arg("why", "website"));
    }
    match send_report(ask, &place, &form, &rule, &mut draft) {
        Ok(Sent::Done(id)) => Ok(Answer::see_other(&format!("/p/{id}?r={}&new=1", encoded(&draft.receipt)))),
        Ok(Sent::Look(look)) => report_page(ask, &place, &draft, None, &look),
        Err(problem) if problem.accident.is_none() => {
            let status = problem.status;
            Ok(report_page(ask, &place, &draft, Some(&problem), &Look::default())?.status(status))
        }
        Err(problem) => Err(problem),
    }
}

enum Sent {
    Done(ProblemId),
    Look(Look),
}

/// What the reporter is asked to look at before he sends it.
#[derive(Default)]
struct Look {
    /// Reports that may be the same. How far away they are is not said: it would show where others stood.
    similar: Vec<Row>,
    /// Whether his words seem to hold a telephone or identity number.
    numbers: bool,
    /// Whether he has said before that it is not the same.
    not_the_same: bool,
}

impl Look {
    fn similar_shown(&self) -> bool {
        self.not_the_same || !self.similar.is_empty()
    }
}

/// What the reporter left of himself, if anything.
fn contact_of(draft: &Draft) -> Result<Option<Particulars>, Problem> {
    let bad = |field| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "public/bad-contact").at(Some(field));
    let name = match draft.name.as_str() {
        "" => None,
        name => Some(Text::new(name).map_err(|_| bad("contact_name"))?),
    };
    let telephone = match draft.telephone.as_str() {
        "" => None,
        number => Some(Text::new(number).map_err(|_| bad("contact_telephone"))?),
    };
    let left = Particulars { name, telephone, id_number: None };
    Ok((!left.is_empty()).then_some(left))
}

fn position_of(form: &Form) -> Option<Position> {
    Position::new(form.get("lon_e7")?.parse().ok()?, form.get("lat_e7")?.parse().ok()?)
}

fn send_report(
    ask: &Ask,
    place: &Place,
    form: &Form,
    rule: &domain::rules::PublicReports,
    draft: &mut Draft,
) -> Result<Sent, Problem> {
    let field =
        Field::from_word(&draft.field).ok_or_else(|| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "public/no-field"))?;
    let words = Text::new(&draft.words).map_err(|e| match e {
        domain::basics::TextError::Empty => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "public/no-words"),
        domain::basics::TextError::TooLong { found, max } => {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "public/too-many-words").arg("found", found).arg("max", max)
        }
    })?;
    let id: Uuid = draft.id.parse().map_err(|_| Problem::bad_query("id"))?;
    let receipt =
        Text::new(&draft.receipt).ok().filter(|r| r.as_str().len() >= 12).ok_or_else(|| Problem::bad_query("receipt"))?;
    if form.files.len() + draft.photos.len() > usize::from(rule.photos_max) {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "problems/too-many-photos")
            .arg("found", form.files.len() + draft.photos.len())
            .arg("max", rule.photos_max));
    }
    // Uploads count as well: a photo costs the disk more than words do.
    if !form.files.is_empty() {
        let key = format!("photo {}", ask.client);
        let max = usize::from(rule.per_client_hour) * usize::from(rule.photos_max);
        ask.app.limits.take(&key, max, 3_600_000, ask.now_ms).map_err(Problem::too_many)?;
    }
    for content in &form.files {
        // Photos are kept before the report is, so they have a limit of their own: a disk is filled in no other way.
        let photos_max = usize::from(rule.per_client_hour) * usize::from(rule.photos_max.max(1)) * 2;
        ask.app.limits.take(&format!("photo {}", ask.client), photos_max, 3_600_000, ask.now_ms).map_err(Problem::too_many)?;
        let info = files::take_photo(ask, content)?;
        draft.position = draft.position.or(info.position);
        let hash = info.hash.as_str().to_owned();
        if !draft.photos.contains(&hash) {
            draft.photos.push(hash);
        }
    }
    // A position far from the village is the reporter's home or a camera's error: it does not count.
    let position = draft.position.filter(|at| place.position.is_none_or(|p| p.distance_m(*at) < 15_000));
    let left = contact_of(draft)?;
    let mut look = Look { not_the_same: form.get("not_the_same") == Some("1"), ..Look::default() };
    if !look.not_the_same {
        // By village, not by position: whoever could try positions would find out from which house a report came.
        let near = places::near(ask, place, field.word(), None)?;
        look.similar = near.into_iter().map(|(_, p)| p).filter(|p| p.withheld.is_none()).take(4).collect();
    }
    // A warning, no refusal: some numbers belong there, such as that of a lamp post.
    look.numbers = names_numbers(words.as_str()) && form.get("numbers_meant") != Some("1");
    if look.numbers || !look.similar.is_empty() {
        return Ok(Sent::Look(look));
    }
    ask.app
        .limits
        .take(&format!("report {}", ask.client), rule.per_client_hour.into(), 3_600_000, ask.now_ms)
        .map_err(Problem::too_many)?;
    ask.app
        .limits
        .take(&format!("village {}", place.id), rule.per_village_day.into(), 86_400_000, ask.now_ms)
        .map_err(Problem::too_many)?;
    let photos = draft
        .photos
        .iter()
        .filter_map(|h| domain::basics::FileHash::new(h))
        .map(|file| Photo { file, taken_ms: None, position: None })
        .collect();
    let command = problems::Command::Report {
        place: place.id,
        field,
        text: words,
        position,
        photos,
        found_ms: None,
        receipt: Some(receipt),
        contact: None,
    };
    let given = persons::give_with(ask, id, Command::Problems(command), Actor::Public, left.as_ref())?;
    let (subject, ..) = command::accepted(given)?;
    let id = subject.strip_prefix("problem:").and_then(|id| id.parse().ok());
    id.map(Sent::Done).ok_or_else(|| Problem::accident("a report without a problem"))
}

fn problem_of_path(ask: &Ask) -> Result<Row, Problem> {
    let id: ProblemId = ask.path(0)?;
    match ask.app.store.row(ViewId::Problems, &id.key())? {
        Some(domain::Row::Problems(p)) => Ok(*p),
        _ => Err(Problem::not_found()),
    }
}

/// `GET /p/{problem}`.
pub fn problem(ask: &Ask) -> Result<Answer, Problem> {
    let p = problem_of_path(ask)?;
    problem_page(ask, &p, ask.param("r").unwrap_or_default(), None)
}

fn problem_page(ask: &Ask, p: &Row, receipt: &str, refusal: Option<&Problem>) -> Result<Answer, Problem> {
    let place = ask.place(p.place)?;
    let url = format!("/p/{}", p.id);
    let full_url = if receipt.is_empty() { url.clone() } else { format!("{}{url}?r={}", origin(ask)?, encoded(receipt)) };
    let can_answer = !receipt.is_empty()
        && matches!(p.reporter, Reporter::Villager { .. })
        && matches!(p.state, State::Verified { .. } | State::Confirmed { .. } | State::Dismissed { .. });
    let entries = ask.app.store.history(ViewId::Problems, &p.id.key(), &format!("problem:{}", p.id))?;
    let field = text(ask.language, &format!("field.{}", p.field.word()));
    let body = html! {
        p.path { a href=(format!("/v/{}", place.code)) { (place.name) } }
        @if ask.param("new").is_some() && !receipt.is_empty() {
            div.qw-notice.qw-notice-good role="status" {
                strong { (fill(ask.language, "public.thanks", &[("number", p.number.clone())])) }
                p { (w(ask, "public.keep_receipt")) }
                p.copy { a href=(full_url) { (full_url) } }
            }
        }
        @if let Some(problem) = refusal {
            @let (title, detail) = problem.words(ask.language);
            div.qw-notice.qw-notice-alert role="alert" { strong { (title) } p { (detail) } }
        }
        h1 { (field) " · " (p.number) }
        p { (state_mark(ask, &p.state)) " " (in_words(ask, p)?) }
        @if p.withheld.is_some() { p.qw-notice.qw-notice-note { (w(ask, "public.withheld")) } } @else {
            p.said { (mask_numbers(p.text.as_str())) }
            (photos(ask, p, &p.photos))
        }
        @if let Some(d) = &p.diagnosis {
            dl.diagnosis {
                dt { (text(ask.language, "column.cause")) } dd { (mask_numbers(d.cause.as_str())) }
                dt { (text(ask.language, "column.measure")) } dd { (mask_numbers(d.measure.as_str())) }
            }
        }
        @if let (Some(claim), None) = (&p.claim, &p.withheld) {
            h2 { (w(ask, "public.what_was_done")) }
            p.said { (mask_numbers(claim.text.as_str())) }
            (photos(ask, p, &claim.photos))
        }
        @if can_answer {
            section.answer aria-labelledby="solved" {
                h2 #solved { (w(ask, "public.is_it_solved")) }
                form action=(url) method="post" {
                    input type="hidden" name="r" value=(receipt);
                    input type="hidden" name="id" value=(Uuid::now_v7());
                    @if let Some(caller) = &ask.caller { input type="hidden" name="csrf" value=(caller.csrf); }
                    label for="why" { (w(ask, "public.why_not")) }
                    textarea #why name="words" rows="3" maxlength="500" {}
                    p.row {
                        @if matches!(p.state, State::Verified { .. }) { button.qw-button.qw-button-main name="solved" value="1" { (w(ask, "public.yes_solved")) } }
                        button.qw-button name="solved" value="0" { (w(ask, "public.not_solved")) }
                    }
                }
            }
        }
        (own_contact(ask, p, receipt)?)
        h2 { (w(ask, "public.what_happened")) }
        ol.timeline { @for entry in &entries {
            @let kind = entry.fact.kind.as_str().split('@').next().unwrap_or_default().to_owned();
            li {
                time datetime=(Day::of_ms(entry.fact.recorded_ms)) { (Day::of_ms(entry.fact.recorded_ms)) }
                " " (text(ask.language, &format!("fact.{kind}")))
                " " span.qw-quiet.num { (entry.fact.chain.to_string()) " #" (entry.fact.seq) " " (entry.fact.hash.to_string().chars().take(8).collect::<String>()) }
            }
        } }
        p.qw-quiet { (w(ask, "public.chain_note")) }
    };
    Ok(answer(ask, &url, &format!("{field} {}", p.number), &body).with(header::CACHE_CONTROL, "no-store"))
}

/// What the reporter left of himself, masked, and how he gets rid of it; only with his receipt.
fn own_contact(ask: &Ask, p: &Row, receipt: &str) -> Result<Markup, Problem> {
    let Some((person, left)) = persons::own(ask, p, receipt)? else { return Ok(html! {}) };
    let values = [("person.name", left.name.map(|n| n.to_string())), ("person.telephone", left.telephone.map(|t| t.to_string()))];
    let held = matches!(person.state, domain::persons::PersonState::Held);
    let url = format!("/p/{}/contact", p.id);
    Ok(html! {
        section.contact aria-labelledby="contact" {
            h2 #contact { (w(ask, "public.own_contact")) }
            @if !held { p { (text(ask.language, "person.erased")) } } @else {
                dl { @for (key, value) in &values { @if let Some(value) = value { dt { (text(ask.language, key)) } dd.num { (value) } } } }
                form action=(url) method="post" {
                    input type="hidden" name="r" value=(receipt);
                    @if let Some(caller) = &ask.caller { input type="hidden" name="csrf" value=(caller.csrf); }
                    p.row {
                        button.qw-button name="what" value="erase" { (w(ask, "public.erase_contact")) }
                        button.qw-button name="what" value="export" { (w(ask, "public.export_contact")) }
                    }
                }
            }
        }
    })
}

fn photos(ask: &Ask, p: &Row, photos: &[Photo]) -> Markup {
    html! {
        @if !photos.is_empty() {
            div.photos { @for (i, photo) in (1..).zip(photos) {
                img src=(format!("/public/files/{}?p={}", photo.file.as_str(), p.id)) loading="lazy"
                    alt=(fill(ask.language, "public.photo_of", &[("n", i.to_string()), ("number", p.number.clone())]));
            } }
        }
    }
}

/// What a post is, without its place: the department where it has one.
pub fn role_in_words(language: Language, post: domain::basics::Post) -> String {
    match post.department {
        Some(department) => text(language, &format!("department.{}", department.word())),
        None => text(language, &format!("role.{}", post.role.word())),
    }
}

/// Where the problem stands, as one would say it.
fn in_words(ask: &Ask, p: &Row) -> Result<String, Problem> {
    let post_name = |post: domain::basics::Post| -> Result<String, Problem> {
        let place = ask.place(post.place)?;
        Ok(format!("{} {}", place.name, role_in_words(ask.language, post)))
    };
    let say = |key: &str, args: &[(&str, String)]| fill(ask.language, key, args);
    Ok(match &p.state {
        State::Reported => say("public.state.reported", &[]),
        State::Assigned { post, due } => say("public.state.assigned", &[("post", post_name(*post)?), ("due", due.to_string())]),
        State::Claimed { post, due, .. } => say("public.state.claimed", &[("post", post_name(*post)?), ("due", due.to_string())]),
        State::Verified { verified_ms, .. } => say("public.state.verified", &[("day", Day::of_ms(*verified_ms).to_string())]),
        State::Confirmed { .. } => say("public.state.confirmed", &[]),
        State::Dismissed { reason } => say("public.state.dismissed", &[("reason", mask_numbers(reason.as_str()))]),
        State::Merged { into, .. } => {
            let number = match ask.app.store.row(ViewId::Problems, &into.key())? {
                Some(domain::Row::Problems(other)) => other.number,
                _ => into.to_string(),
            };
            say("public.state.merged", &[("number", number)])
        }
    })
}

/// `POST /p/{problem}`: the reporter has the last word.
pub fn answer_form(ask: &Ask) -> Result<Answer, Problem> {
    let p = problem_of_path(ask)?;
    let form = Form::read(ask)?;
    let receipt = form.get("r").unwrap_or_default().to_owned();
    ask.app.limits.take(&format!("answer {}", ask.client), 20, 3_600_000, ask.now_ms).map_err(Problem::too_many)?;
    let solved = form.get("solved") == Some("1");
    let words = form.get("words").and_then(|t| Text::new(t).ok());
    let id: Uuid = form.get("id").and_then(|i| i.parse().ok()).ok_or_else(|| Problem::bad_query("id"))?;
    let command = problems::Command::AnswerAsReporter { problem: p.id, solved, words, receipt: Text::new(&receipt).ok() };
    let given = command::give(ask, id, Command::Problems(command), Actor::Public)?;
    match command::accepted(given) {
        Ok(_) => Ok(Answer::see_other(&format!("/p/{}?r={}", p.id, encoded(&receipt)))),
        Err(problem) => {
            let status = problem.status;
            Ok(problem_page(ask, &p, &receipt, Some(&problem))?.status(status))
        }
    }
}

/// `GET /public/files/{hash}?p=`: only photos of a problem that is not withheld, without anything the camera said.
pub fn photo(ask: &Ask) -> Result<Answer, Problem> {
    let hash = files::hash(ask)?;
    let id: ProblemId = ask.need("p").map_err(|_| Problem::not_found())?;
    let Some(domain::Row::Problems(p)) = ask.app.store.row(ViewId::Problems, &id.key())? else {
        return Err(Problem::not_found());
    };
    let claimed = p.claim.iter().flat_map(|c| &c.photos);
    let shows = p.photos.iter().chain(claimed).any(|photo| photo.file == hash);
    match p.withheld.is_none() && shows {
        true => files::public(ask, &hash),
        false => Err(Problem::not_found()),
    }
}

/// Text as a part of an address.
pub fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Where this installation is reached, as the client sees it.
pub fn origin(ask: &Ask) -> Result<String, Problem> {
    let scheme = if ask.app.settings.secure_cookies { "https" } else { "http" };
    let host = ask.header("host").unwrap_or("localhost");
    // It is printed and followed: a name or an address with a port, and nothing that leads elsewhere.
    let name = !host.is_empty() && host.len() <= 255 && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c));
    if !name {
        return Err(Problem::bad_query("host"));
    }
    Ok(format!("{scheme}://{host}"))
}

/// `GET /v/{code}/poster.svg`: an A4 page with a QR code for the village entrance.
pub fn poster(ask: &Ask) -> Result<Answer, Problem> {
    let place = open_village(ask)?;
    let url = format!("{}/v/{}", origin(ask)?, place.code);
    let code = QrCode::with_error_correction_level(&url, EcLevel::Q).map_err(|_| Problem::bad_query("host"))?;
    let qr = code.render::<svg::Color>().min_dimensions(118, 118).quiet_zone(true).build();
    let inner = qr.split_once("?>").map_or(qr.as_str(), |(_, rest)| rest);
    let path = path_names(ask, &place)?.join(" ");
    let demo = ask.app.settings.demo;
    let markup = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 210 297" width="210mm" height="297mm"
            font-family="'Noto Sans CJK SC','Noto Sans SC','Source Han Sans SC','PingFang SC','Microsoft YaHei',sans-serif" {
            title { (place.name) }
            rect width="210" height="297" fill="#fff" {}
            rect width="210" height="8" fill="#1f5d46" {}
            text x="105" y="38" font-size="9" text-anchor="middle" fill="#444" { (path) }
            text x="105" y="60" font-size="17" font-weight="700" text-anchor="middle" fill="#111" { (place.name) }
            text x="105" y="84" font-size="12" text-anchor="middle" fill="#1f5d46" { (w(ask, "public.poster_call")) }
            g transform="translate(46 98)" { (PreEscaped(inner.to_owned())) }
            text x="105" y="232" font-size="7" text-anchor="middle" fill="#111" { (w(ask, "public.poster_steps")) }
            text x="105" y="246" font-size="6" text-anchor="middle" fill="#444" { (url) }
            @if demo { text x="105" y="268" font-size="8" text-anchor="middle" fill="#a33" { (w(ask, "programme.demo")) } }
            rect y="289" width="210" height="8" fill="#1f5d46" {}
        }
    };
    // It names the host that was asked for: nobody keeps it for another who asks.
    Ok(Answer::bytes("image/svg+xml; charset=utf-8", markup.into_string().into_bytes()).with(header::CACHE_CONTROL, "no-store"))
}

/// The sign-in page.
pub fn login_page(ask: &Ask, next: &str, problem: Option<&Problem>) -> Answer {
    let body = html! {
        div.narrow {
            h1 { (w(ask, "public.sign_in")) }
            @if let Some(problem) = problem {
                @let (title, detail) = problem.words(ask.language);
                div.qw-notice.qw-notice-alert role="alert" { strong { (title) } p { (detail) } }
            }
            form action="/login" method="post" {
                input type="hidden" name="next" value=(next);
                @if let Some(caller) = &ask.caller { input type="hidden" name="csrf" value=(caller.csrf); }
                label for="name" { (w(ask, "public.account_name")) }
                input #name name="name" autocomplete="username" autocapitalize="off" spellcheck="false" required;
                label for="password" { (w(ask, "public.password")) }
                input #password name="password" type="password" autocomplete="current-password" required;
                p { button.qw-button.qw-button-main type="submit" { (w(ask, "public.sign_in")) } }
            }
            @if let Some(provider) = &ask.app.oidc {
                @let to: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
                p { a #provider .qw-button href={ "/login/oidc?next=" (to) } {
                    (fill(ask.language, "account.sign_in_with", &[("provider", provider.name(ask))]))
                } }
            }
            @if !ask.app.settings.demo_sign_ins.is_empty() {
                section.demo-people {
                    h2 { (w(ask, "public.demo_people")) }
                    table {
                        thead { tr { th { (w(ask, "public.account_name")) } th { (w(ask, "public.password")) } th { (w(ask, "public.who")) } } }
                        tbody { @for (name, display, password) in &ask.app.settings.demo_sign_ins {
                            tr { td.num { (name) } td.num { (password) } td { (display) } }
                        } }
                    }
                }
            }
        }
    };
    answer(ask, "/login", &w(ask, "public.sign_in"), &body).with(header::CACHE_CONTROL, "no-store")
}

/// The page behind the one-time link.
pub fn welcome_page(ask: &Ask, token: &str, min: usize, problem: Option<&Problem>) -> Answer {
    let body = html! {
        div.narrow {
            h1 { (w(ask, "public.first_admin")) }
            p { (fill(ask.language, "public.first_admin_lead", &[("min", min.to_string())])) }
            @if let Some(problem) = problem {
                @let (title, detail) = problem.words(ask.language);
                div.qw-notice.qw-notice-alert role="alert" { strong { (title) } p { (detail) } }
            }
            form action="/welcome" method="post" {
                input type="hidden" name="token" value=(token);
                label for="name" { (w(ask, "public.account_name")) }
                input #name name="name" autocomplete="username" autocapitalize="off" spellcheck="false" maxlength="60" required;
                label for="password" { (w(ask, "public.password")) }
                input #password name="password" type="password" autocomplete="new-password" minlength=(min) required;
                label for="again" { (w(ask, "public.password_again")) }
                input #again name="again" type="password" autocomplete="new-password" minlength=(min) required;
                p { button.qw-button.qw-button-main type="submit" { (w(ask, "public.create")) } }
            }
        }
    };
    answer(ask, "/welcome", &w(ask, "public.first_admin"), &body).with(header::CACHE_CONTROL, "no-store")
}
