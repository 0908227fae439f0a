#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, io::Read as _, path::Path};

use domain::{
    Row, ViewId,
    basics::PersonId,
    campaigns::{Assignee, Assignment, Campaign, CampaignState},
    duties::{Handover, Holding, Lapse, PostRow, Task, TaskState},
    places::{Grade, Level, Place},
    problems::{Channel, Problem, State},
    surveys::{DoubtKind, Form, Reading, Submission},
};
use store::{List, Location, Scope};

use super::*;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn open(dir: &Path) -> Store {
    Store::open(&Location::in_dir(dir)).unwrap()
}

fn small(seed: u64) -> (Vec<String>, Filled) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let scale = Scale { first: day("2026-06-01"), last: day("2026-08-15"), townships: 1, villages: 12, reports_1000: 24_000 };
    let filled = fill_scaled(&store, seed, scale, "a password", &mut |_, _| {}).unwrap();
    assert!(store.verify(&[], &mut |_| {}).unwrap().holds());
    (store.heads().unwrap().iter().map(|h| format!("{} {} {}", h.chain, h.size, h.hash)).collect(), filled)
}

#[test]
fn same_seed_same_chain() {
    let (heads, filled) = small(7);
    let (again, filled_again) = small(7);
    assert_eq!(heads, again);
    assert_eq!(filled.receipts, filled_again.receipts);
    assert!(filled.kinds["submission.received@1"] > 0, "surveys are among it");
    assert_eq!(filled.people, filled_again.people);
    assert_ne!(heads, small(8).0);
}

#[test]
fn a_store_in_use_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let scale = Scale { first: day("2026-06-01"), last: day("2026-06-02"), townships: 1, villages: 12, reports_1000: 1000 };
    fill_scaled(&store, 1, scale.clone(), "a password", &mut |_, _| {}).unwrap();
    assert!(matches!(fill_scaled(&store, 1, scale, "a password", &mut |_, _| {}), Err(Error::NotEmpty)));
}

#[test]
fn something_is_overdue_whatever_the_day() {
    for (seed, last) in [(1, "2026-11-30"), (2, "2026-05-03"), (3, "2026-08-15")] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        let last = day(last);
        let scale = Scale { first: last.plus(-100), last, townships: 1, villages: 12, reports_1000: 24_000 };
        fill_scaled(&store, seed, scale, "a password", &mut |_, _| {}).unwrap();
        // The clocks of the last night have run: it has nowhere to go any more.
        let stuck = |p: &Problem| p.clock().is_some_and(|due| due < last);
        assert!(rows(&store, ViewId::Problems).iter().any(stuck), "{last}");
    }
}

fn rows<V: Clone>(store: &Store, view: ViewId) -> Vec<V>
where
    Row: domain::basics::AsView<V>,
{
    use domain::basics::AsView;
    let list = List { view, scope: Scope::All, conditions: vec![], sort: None, after: None, limit: 100_000 };
    let page = store.list(&list).unwrap();
    assert!(page.next.is_none());
    page.rows.iter().map(|r| AsView::<V>::as_view(&view.decode(&r.data).unwrap()).unwrap().clone()).collect()
}

/// The whole county, once: it takes a while, so everything about it is asked here.
#[test]
fn the_whole_county() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let options = Options { seed: 1, today: day("2026-11-23"), years: 3 };
    let mut last = (0, 0);
    let began = std::time::Instant::now();
    let filled = fill(&store, &options, "a password", &mut |done, of| last = (done, of)).unwrap();
    println!("filled in {:?}: {} facts {:?}", began.elapsed(), filled.facts, filled.kinds);
    assert_eq!(last, (1096, 1096));
    assert!(store.verify(&[], &mut |_| {}).unwrap().holds());

    let problems: Vec<Problem> = rows(&store, ViewId::Problems);
    assert!((2200..=2900).contains(&problems.len()), "{} problems", problems.len());
    for word in State::WORDS {
        assert!(problems.iter().any(|p| p.state.word() == word), "no problem is {word}");
    }
    // Whatever can happen to problems and topics has happened; places alone are never moved or reinstated here.
    let never = ["place.moved@1", "place.reinstated@1"];
    let lived = ["place", "problem", "post", "handover", "task", "topic", "rule"];
    for kind in domain::Fact::kinds().into_iter().filter(|kind| lived.iter().any(|subject| kind.starts_with(subject))) {
        assert_eq!(filled.kinds.contains_key(kind), !never.contains(&kind), "{kind}");
    }
    let yesterday = options.today.plus(-1);
    let overdue = problems.iter().filter(|p| p.clock().is_some_and(|due| due < options.today)).count();
    assert!((5..=80).contains(&overdue), "{overdue} overdue");
    assert!(problems.iter().filter(|p| Day::of_ms(p.reported_ms) == yesterday).count() >= 3);
    let answered = |yes| problems.iter().flat_map(|p| &p.escalations).filter(|e| e.answer.is_some() == yes).count();
    assert!(answered(true) > 20 && answered(false) > 20);
    uneven_progress_can_be_seen(&problems, &options);
    posts_change_hands(&store, &filled, &options, &problems);
    tasks_stand_everywhere(&rows(&store, ViewId::Tasks), options.today.plus(-1));
    villages_are_visited(&store, &filled, &options, &problems);
    assert!(filled.receipts.len() >= 8, "{}", filled.receipts.len());

    let places: Vec<Place> = rows(&store, ViewId::Places);
    let of = |level| places.iter().filter(move |p| p.level == level);
    assert_eq!((of(Level::Township).count(), of(Level::Village).count()), (12, 200));
    assert!(places.iter().all(|p| p.code.starts_with("99")));
    assert_eq!(places.iter().filter(|p| p.closed.is_some()).count(), 1);
    assert!(of(Level::Village).all(|p| p.position.is_some() && p.outline.is_some() && p.class.is_some() && p.counts.len() == 4));
    let shrunk = places.iter().filter(|p| p.any_shrunk()).count();
    assert!((3..=8).contains(&shrunk), "{shrunk} shrunk");
    let grades = |g| of(Level::Village).filter(|p| p.grade == Some(g)).count();
    for grade in [Grade::Remediated, Grade::Demonstration, Grade::Boutique, Grade::Future] {
        assert!(grades(grade) > 3, "{grade:?}");
    }
    assert_eq!(of(Level::Village).filter(|p| p.grade < p.grade_best).count(), 2);
    assert_eq!(places.iter().map(|p| p.former_names.len()).sum::<usize>(), 1);
    assert_eq!(places.iter().map(|p| p.former_codes.len()).sum::<usize>(), 1);

    let base_map = store.setting(BASE_MAP_SETTING).unwrap().unwrap();
    let base_map = store.files().read(&domain::basics::FileHash::new(&base_map).unwrap()).unwrap();
    assert!(serde_json::from_slice::<serde_json::Value>(&base_map).unwrap()["features"].as_array().unwrap().len() > 50);
    let now = options.today.start_ms();
    for name in ["admin", "head", "office", "water", "inspector", "inspector2", "viewer", "t01", "h12", "v001", "v200", "former"]
        .into_iter()
        .chain([
            "security",
            "audit",
            "agriculture",
            "finance",
            "natural_resources",
            "transport",
            "culture",
            "h03",
            "h03b",
            "h07b",
        ])
    {
        let person = filled.people.iter().find(|p| p.name == name).unwrap();
        let account = store.accounts().get(person.account).unwrap().unwrap();
        assert!(account.display.ends_with(&WORDS.people.mark));
        assert_eq!(account.posts_on(options.today).is_empty(), ["former", "h03"].contains(&name), "{name}");
    }
    assert!(matches!(store.accounts().sign_in("office", "a password", now).unwrap(), store::SignIn::Welcome(_)));
    names_are_invented(&places);
}

/// Problems of the quarter of villages that is run worst take longer than those of the quarter that is run best.
fn uneven_progress_can_be_seen(problems: &[Problem], options: &Options) {
    let county = County::draw(options.seed, &Scale::whole(options)).unwrap();
    let mut villages: Vec<_> = county.villages.iter().map(|v| (v.diligence(500), v.id)).collect();
    villages.sort_unstable();
    let days = |villages: &[(i64, PlaceId)]| {
        let own = problems.iter().filter(|p| p.state.post().is_some_and(|post| post.role == Role::Village));
        let theirs = own.filter(|p| villages.iter().any(|v| v.1 == p.place));
        let took: Vec<i64> = theirs.filter_map(|p| Some((p.verified_ms? - p.reported_ms) / 86_400_000)).collect();
        took.iter().sum::<i64>() as f64 / took.len() as f64
    };
    let (worst, best) = (days(&villages[..50]), days(&villages[150..]));
    assert!(worst > 1.3 * best, "{worst} {best}");
}

/// Each day that was missed counts for somebody; a post has one head; nothing changes hands in silence but what is shown so.
fn posts_change_hands(store: &Store, filled: &Filled, options: &Options, problems: &[Problem]) {
    let posts: Vec<PostRow> = rows(store, ViewId::Posts);
    let person = |name: &str| PersonId(filled.people.iter().find(|p| p.name == name).unwrap().account.0);
    let own = |row: &PostRow| -> Vec<Holding> {
        row.holdings.iter().filter(|h| h.withdrawn.is_none() && h.stands_in_for.is_none()).cloned().collect()
    };
    for row in posts.iter().filter(|row| row.post.role == Role::Head) {
        let held = own(row);
        for (n, one) in held.iter().enumerate() {
            assert!(!held[n + 1..].iter().any(|other| other.meets(one.from, one.until)), "two heads: {row:?}");
        }
    }
    let bears_duty = |row: &&PostRow| !row.post.role.administers();
    for row in posts.iter().filter(bears_duty) {
        assert!(row.duty.is_some(), "{} says not what it answers for", row.post);
        assert!(row.phone.as_ref().unwrap().as_str().starts_with("0000-"), "{row:?}");
    }

    let unsigned: Vec<&PostRow> = posts.iter().filter(|row| !row.unsigned().is_empty()).collect();
    assert_eq!(unsigned.len(), 1, "{unsigned:?}");
    assert_eq!(unsigned[0].unsigned()[0].person, person("h07"));
    assert_eq!(unsigned[0].bearer(options.today).unwrap().person, person("h07b"));
    let handovers: Vec<&Handover> = posts.iter().flat_map(|row| &row.handovers).collect();
    assert_eq!(handovers.len(), 5, "a head, a secretary, an official, and both posts of a village that is gone");
    for handover in &handovers {
        assert!(handover.signed(), "{handover:?}");
        let statement: serde_json::Value = serde_json::from_slice(&store.files().read(&handover.statement).unwrap()).unwrap();
        for kind in ["problems", "tasks", "promises", "answers"] {
            assert_eq!(statement[kind].as_array().unwrap().len() as u32, handover.counts[kind], "{kind}");
        }
    }
    let counts: Vec<_> = handovers.iter().map(|h| (h.on, &h.counts)).collect();
    assert!(handovers.iter().any(|h| h.counts["promises"] > 0), "{counts:?}");

    // On the last day an official stands in for a head who is ill.
    let yesterday = options.today.plus(-1);
    let stands_in = |row: &&PostRow| row.bearer(yesterday).is_some_and(|h| h.stands_in_for.is_some());
    let stood_in: Vec<&PostRow> = posts.iter().filter(stands_in).collect();
    assert_eq!(stood_in.len(), 1);
    assert_eq!(stood_in[0].bearer(yesterday).unwrap().person, person("t05"));

    // A village had no secretary for some weeks, and what went up meanwhile passed that rung over.
    let vacant: Vec<(&PostRow, Day, Day)> = posts
        .iter()
        .filter(|row| row.post.role == Role::Head)
        .filter_map(|row| match own(row).as_slice() {
            [before, after] if before.until.unwrap().plus(1) < after.from => Some((row, before.until.unwrap(), after.from)),
            _ => None,
        })
        .collect();
    let [(post, until, from)] = vacant.as_slice() else { panic!("{vacant:?}") };
    let meanwhile = |ms: i64| (until.plus(1)..*from).contains(&Day::of_ms(ms));
    let mut passed_over = 0;
    for problem in problems.iter().filter(|p| p.place == post.place) {
        let subject = domain::basics::Subject::Problem(problem.id).to_string();
        for entry in store.history(ViewId::Problems, &problem.id.to_string(), &subject).unwrap() {
            let body: serde_json::Value = serde_json::from_str(&entry.fact.body).unwrap();
            let passes = body["passed_over"].as_array().is_some_and(|over| over.contains(&serde_json::json!(post.post)));
            assert!(!passes || meanwhile(entry.fact.recorded_ms), "{}", entry.fact.body);
            passed_over += u32::from(passes);
        }
    }
    assert!(passed_over > 0, "nothing passed over {}", post.post);

    let lapses: Vec<Lapse> = rows(store, ViewId::Lapses);
    assert!(lapses.iter().any(|l| l.task.is_some()) && lapses.iter().any(|l| l.problem.is_some()));
    for lapse in &lapses {
        let row = posts.iter().find(|row| row.post == lapse.post).unwrap_or_else(|| panic!("{lapse:?}"));
        let closed = row.bearer(lapse.day.plus(-7)).is_some();
        let empty = lapse.post == post.post && *until < lapse.day && lapse.day < *from;
        assert!(row.bearer(lapse.day).is_some() || empty || closed, "nobody bears {lapse:?}");
    }
    let departments: BTreeSet<_> = problems.iter().filter_map(|p| p.state.post()).filter_map(|p| p.department).collect();
    use domain::basics::Department::{Ecology, Housing, Transport, Water};
    assert!(departments.is_superset(&BTreeSet::from([Ecology, Housing, Transport, Water])), "{departments:?}");
    let nameless = |p: &&Problem| p.state.post().is_some_and(|post| post.role == Role::Department && post.department.is_none());
    assert_eq!(problems.iter().find(nameless), None);
}

/// Parts lie within their whole, and this year's list has tasks in every state.
fn tasks_stand_everywhere(tasks: &[Task], last: Day) {
    let find = |id| tasks.iter().find(|t| t.id == id).unwrap();
    for whole in tasks.iter().filter(|t| !t.parts.is_empty()) {
        let parts: Vec<&Task> = whole.parts.iter().map(|id| find(*id)).collect();
        assert!(parts.iter().all(|part| part.set.part_of == Some(whole.id) && part.set.due <= whole.set.due));
        if let Some(of) = &whole.set.quantity {
            let quantities: Vec<_> = parts.iter().filter_map(|part| part.set.quantity.as_ref()).collect();
            assert!(quantities.iter().all(|q| q.unit == of.unit));
            assert!(quantities.iter().map(|q| q.value).sum::<u32>() <= of.value, "{whole:?}");
        }
        if matches!(whole.state, TaskState::Verified { .. }) {
            assert!(parts.iter().all(|part| !part.state.is_open()), "{whole:?}");
        }
    }
    for task in tasks.iter().filter(|t| t.set.due < last && t.state == TaskState::Open) {
        assert_eq!(task.lapsed, Some(task.set.due), "{task:?}");
    }
    let year = u16::try_from(last.0.year()).unwrap();
    let this_year: Vec<&Task> = tasks.iter().filter(|t| t.set.year == year).collect();
    let count = |is: &dyn Fn(&Task) -> bool| this_year.iter().filter(|t| is(t)).count();
    let counts = [
        ("open", count(&|t| t.state == TaskState::Open && t.lapsed.is_none())),
        ("claimed", count(&|t| matches!(t.state, TaskState::Claimed { .. }))),
        ("verified", count(&|t| matches!(t.state, TaskState::Verified { .. }))),
        ("lapsed", count(&|t| t.state == TaskState::Open && t.lapsed.is_some())),
        ("carried over", count(&|t| t.set.carried_from.is_some())),
    ];
    assert!(counts.iter().all(|(_, n)| *n > 0), "on {last}: {counts:?}");
}

/// Most villages were visited, some never; what was filled in became figures, denominators and problems, and what was in doubt
/// did not before somebody had asked.
fn villages_are_visited(store: &Store, filled: &Filled, options: &Options, problems: &[Problem]) {
    let forms: Vec<Form> = rows(store, ViewId::Forms);
    let [form] = forms.as_slice() else { panic!("{} forms", forms.len()) };
    assert!(form.title.as_str().ends_with(&WORDS.people.mark) && form.mapped.as_ref().unwrap().on && form.current().is_some());

    let submissions: Vec<Submission> = rows(store, ViewId::Submissions);
    assert!((140..=300).contains(&submissions.len()), "{} submissions", submissions.len());
    let by = |word: &str| submissions.iter().filter(|s| s.state.word() == word).count();
    for word in ["received", "approved", "has_issues", "replaced"] {
        assert!(by(word) > 0, "no submission is {word}");
    }
    for s in &submissions {
        let doubts = &s.checked.as_ref().unwrap().doubts;
        let doubted = s.checked.as_ref().unwrap().doubts_count > 0;
        let expected = if doubted { vec![DoubtKind::ConstraintNotMet] } else { vec![] };
        assert_eq!(doubts.iter().map(|d| d.what).collect::<Vec<_>>(), expected, "{s:?}");
        assert!(s.missing().is_empty() && s.checked.as_ref().unwrap().seconds.is_some(), "{s:?}");
        let applied = s.applied.as_ref();
        assert!(applied.is_none_or(|a| a.readings == 4 && a.counts.len() == 1 && a.not_made.is_empty()), "{applied:?}");
        match (doubted, s.state.word()) {
            (false, "received" | "approved") | (true, "approved") => assert!(applied.is_some(), "{s:?}"),
            (true, _) => assert!(applied.is_none(), "{s:?}"),
            (false, _) => {}
        }
    }
    let waits = submissions.iter().filter(|s| s.doubtful()).count();
    assert!(waits > 0, "nothing is left for the office to look at");
    let readings: Vec<Reading> = rows(store, ViewId::Readings);
    assert!(readings.iter().any(|r| r.withdrawn) && readings.iter().any(|r| !r.withdrawn));
    let told: Vec<&Problem> = problems.iter().filter(|p| p.channel == Channel::Survey).collect();
    assert!((15..=120).contains(&told.len()), "{} problems out of surveys", told.len());
    let long_ago = options.today.plus(-60).start_ms();
    assert!(told.iter().any(|p| p.reported_ms < long_ago));
    assert!(told.iter().all(|p| p.reported_ms >= long_ago || p.state.word() != "reported"), "left lying");

    let mut campaigns: Vec<Campaign> = rows(store, ViewId::Campaigns);
    campaigns.sort_by_key(|c| c.from);
    let [earlier, last] = campaigns.as_slice() else { panic!("{campaigns:?}") };
    assert!(earlier.state != CampaignState::Open && last.state == CampaignState::Open && last.until > options.today);
    let villages: BTreeSet<PlaceId> = rows::<Place>(store, ViewId::Places)
        .iter()
        .filter(|p| p.level == Level::Village && p.closed.is_none())
        .map(|p| p.id)
        .collect();
    let visited = |c: &Campaign| -> BTreeSet<PlaceId> {
        let within = submissions.iter().filter(|s| (c.from..=c.until).contains(&Day::of_ms(s.received_ms)));
        within.map(|s| s.place).filter(|place| villages.contains(place)).collect()
    };
    let shares = [earlier, last].map(|c| visited(c).len() * 100 / c.adds.as_ref().unwrap().villages as usize);
    assert!((70..=97).contains(&shares[0]) && (20..=60).contains(&shares[1]), "{shares:?} of a hundred visited");
    assert_eq!(last.adds.as_ref().unwrap().villages as usize, villages.len());
    let never = villages.iter().filter(|id| !submissions.iter().any(|s| s.place == **id)).count();
    assert!((10..=90).contains(&never), "{never} never visited");
    let assigned: Vec<Assignment> = rows(store, ViewId::Assignments);
    assert_eq!(assigned.iter().filter(|a| a.campaign == last.id && a.to.is_some()).count(), 12 + 3);
    assert!(assigned.iter().all(|a| filled.people.iter().any(|p| match &a.to {
        Some(Assignee::Person { person }) => p.role == Role::Inspector && p.account.0 == person.0,
        Some(Assignee::Post { post }) => p.role == Role::Township && p.place == post.place,
        None => false,
    })));
}

/// What the office wrote as a sheet is a form, and what is to become of its answers fits it.
#[test]
fn a_filled_form_is_one_of_the_form() {
    let made = xforms::xlsform::convert(surveys::FORM.as_bytes(), xforms::xlsform::Kind::Csv, "form").unwrap();
    assert_eq!(made.findings, []);
    assert!(made.title.contains(WORDS.people.mark.trim_matches(['\u{ff08}', '\u{ff09}'])));
    let form = xforms::form::Form::read(made.xform.as_bytes()).form.unwrap();
    for language in ["zh-CN", "en"] {
        let labels = form.labels(form.language_of(language));
        for field in form.fields.iter().filter(|f| f.is_question()) {
            assert!(labels.get(field.path.as_str()).is_some_and(|l| !l.is_empty()), "{} in {language}", field.path);
        }
    }
    let mapping: domain::surveys::Mapping = serde_json::from_str(surveys::MAPPING).unwrap();
    assert_eq!(mapping.fault(), None);
    for (row, path) in mapping.paths() {
        assert!(form.fields.iter().any(|f| f.path == path.as_str()), "row {row}: {path:?}");
    }
}

/// Whenever the demo is looked at, something is to be seen: at the beginning of a year, at its end, and between.
#[test]
fn tasks_stand_everywhere_on_any_day() {
    for (today, days) in [("2027-01-01", 366), ("2027-01-02", 400), ("2026-01-20", 365), ("2026-04-10", 400), ("2026-12-12", 370)]
    {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        let last = day(today).plus(-1);
        let scale = Scale { first: day(today).plus(-days), last, townships: 2, villages: 24, reports_1000: 200 };
        fill_scaled(&store, 5, scale, "a password", &mut |_, _| {}).unwrap();
        tasks_stand_everywhere(&rows(&store, ViewId::Tasks), last);
    }
}

#[test]
fn other_seeds_and_scales_are_accepted_too() {
    for (seed, townships, villages, days) in [(11, 2, 24, 500), (12, 3, 30, 400), (13, 1, 12, 3), (14, 12, 60, 90)] {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        let last = day("2027-03-01");
        let scale = Scale { first: last.plus(1 - days), last, townships, villages, reports_1000: 6_000 };
        let filled = fill_scaled(&store, seed, scale, "a password", &mut |_, _| {});
        assert!(filled.is_ok(), "seed {seed}: {:?}", filled.err());
    }
}

/// Rare paths show up in some seed only.
#[test]
#[ignore = "takes a minute; run it after a change to the rules"]
fn ten_whole_counties() {
    for seed in 100..110 {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path());
        let options = Options { seed, today: day("2026-07-01").plus(40 * (seed as i64 - 100)), years: 3 };
        let began = std::time::Instant::now();
        let filled = fill(&store, &options, "a password", &mut |_, _| {});
        assert!(filled.is_ok(), "seed {seed}: {:?}", filled.err());
        println!("seed {seed}: {:?}", began.elapsed());
    }
}

fn names_are_invented(places: &[Place]) {
    let famous = |p: &&Place| WORDS.places.never.iter().any(|n| p.name.trim_end_matches(&WORDS.places.village) == n);
    assert_eq!(places.iter().find(famous), None);
    // The register of a real province, where it is at hand.
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/registry/zhejiang_divisions_2023.csv.gz");
    let Ok(packed) = std::fs::read(path) else { return };
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|l| l.split(',').collect()).collect();
    let above: BTreeSet<&str> = rows.iter().filter(|r| r[2] != "village").map(|r| r[1]).collect();
    assert!(above.len() > 1000);
    for place in places.iter().filter(|p| p.level != Level::Village) {
        assert!(!above.contains(place.name.as_str()), "{} is a real place", place.name);
    }
    // No township has a real name, so no pair of township and village can be real; and hardly a village name is.
    let stem = |name: &str| name.replace(&WORDS.places.village, "");
    let real: BTreeSet<String> = rows.iter().filter(|r| r[2] == "village").map(|r| stem(r[1])).collect();
    let same: Vec<&str> =
        places.iter().filter(|p| p.level == Level::Village && real.contains(&stem(&p.name))).map(|p| p.name.as_str()).collect();
    assert!(same.len() < 20, "{same:?}");
}
