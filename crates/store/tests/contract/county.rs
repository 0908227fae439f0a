//! A small made-up register with two counties, its people, and commands in short form.
// Ids are grouped as division codes are: province and city, county, township, village.
#![allow(clippy::inconsistent_digit_grouping)]

use std::sync::atomic::{AtomicU64, Ordering};

use domain::{
    Command, ViewId,
    basics::{AccountId, Actor, Context, Day, Department, FileHash, PersonId, PlaceId, Post, ProblemId, Role, TaskId, Text},
    duties,
    places::{self, Counted, ImportChange, ImportRow, Kind, Level, Method, RegisterImport},
    problems::{self, Field, Photo},
    rules,
};
use store::{Answer, FactRef, List, Outcome, Scope, Store, StoredRow, Submission};
use uuid::Uuid;

pub const PROVINCE: PlaceId = PlaceId(99_0000_000_000_00);
pub const CITY: PlaceId = PlaceId(99_0100_000_000_00);
pub const QINGXI: PlaceId = PlaceId(99_0101_000_000_00);
pub const LINXI: PlaceId = PlaceId(99_0102_000_000_00);
pub const YUNLING: PlaceId = PlaceId(99_0101_100_000_00);

/// Every place: code, name, level, kind, code of the parent.
const REGISTER: &[(&str, &str, Level, Kind, &str)] = &[
    ("990000000000", "东越省", Level::Province, Kind::Area, ""),
    ("990100000000", "清江市", Level::City, Kind::Area, "990000000000"),
    ("990101000000", "青溪县", Level::County, Kind::Area, "990100000000"),
    ("990102000000", "邻溪县", Level::County, Kind::Area, "990100000000"),
    ("990101100000", "云岭镇", Level::Township, Kind::Town, "990101000000"),
    ("990101200000", "溪口乡", Level::Township, Kind::Township, "990101000000"),
    ("990102100000", "高坪镇", Level::Township, Kind::Town, "990102000000"),
    ("990101100201", "上坞村", Level::Village, Kind::Villagers, "990101100000"),
    ("990101100202", "下坞村", Level::Village, Kind::Villagers, "990101100000"),
    ("990101100203", "Ångström村", Level::Village, Kind::Villagers, "990101100000"),
    ("990101200201", "桥头村", Level::Village, Kind::Villagers, "990101200000"),
    ("990101200202", "云溪社区", Level::Village, Kind::Residents, "990101200000"),
    ("990102100201", "石桥村", Level::Village, Kind::Villagers, "990102100000"),
    ("990102100202", "上坞村", Level::Village, Kind::Villagers, "990102100000"),
];

pub const VILLAGES: [PlaceId; 7] = [
    PlaceId(99_0101_100_201_00),
    PlaceId(99_0101_100_202_00),
    PlaceId(99_0101_100_203_00),
    PlaceId(99_0101_200_201_00),
    PlaceId(99_0101_200_202_00),
    PlaceId(99_0102_100_201_00),
    PlaceId(99_0102_100_202_00),
];

/// Nine in the morning of 1 March 2026, Asia/Shanghai.
pub const NOW: i64 = 1_772_326_800_000;

pub fn account(n: u128) -> AccountId {
    AccountId(Uuid::from_u128(n))
}

fn person(n: u128, posts: &[(PlaceId, Role)]) -> Actor {
    Actor::Account {
        id: account(n),
        person: domain::basics::PersonId(account(n).0),
        posts: posts.iter().map(|(place, role)| Post::new(*place, *role)).collect(),
    }
}

/// Chen runs the city's office, and verifies.
pub fn chen() -> Actor {
    person(1, &[(CITY, Role::Office), (CITY, Role::Head)])
}
/// Lin works in a department of the city.
pub fn lin() -> Actor {
    person(2, &[(CITY, Role::Department)])
}
/// A stranger has an account and no post.
pub fn stranger() -> Actor {
    person(3, &[])
}

pub fn text<const N: usize>(words: &str) -> Text<N> {
    Text::new(words).expect("a good text")
}

pub fn day(words: &str) -> Day {
    words.parse().expect("a day")
}

/// Ids are made in order; each command has one for itself and one for what it creates.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// The problem that a report with this number makes.
pub fn problem(n: u64) -> ProblemId {
    ProblemId(fresh(n))
}
fn fresh(n: u64) -> Uuid {
    Uuid::from_u128(0xf << 96 | u128::from(n))
}

pub fn numbered(n: u64, actor: Actor, command: impl Into<Command>) -> Submission {
    let context = Context { now_ms: NOW + n as i64, actor, command: Uuid::from_u128(0xc << 96 | u128::from(n)), fresh: fresh(n) };
    Submission { command: command.into(), context }
}

pub fn by(actor: Actor, command: impl Into<Command>) -> Submission {
    numbered(NEXT.fetch_add(1, Ordering::Relaxed), actor, command)
}

/// The problem that this submission makes.
pub fn made(submission: &Submission) -> ProblemId {
    ProblemId(submission.context.fresh)
}

pub fn report(place: PlaceId, field: Field, words: &str) -> Command {
    let text = text(words);
    Command::Problems(problems::Command::Report {
        place,
        field,
        text,
        position: None,
        photos: Vec::new(),
        found_ms: None,
        receipt: None,
        contact: None,
    })
}

pub fn rename(place: PlaceId, name: &str) -> Command {
    Command::Places(places::Command::Rename { place, name: text(name), from: None, document: text("县政府〔2026〕1号") })
}

pub fn photo() -> Photo {
    Photo { file: FileHash::new(&"ab".repeat(32)).expect("64 digits"), taken_ms: None, position: None }
}

pub fn register() -> RegisterImport {
    let row = |&(code, name, level, kind, parent): &(&str, &str, Level, Kind, &str)| ImportRow {
        code: code.into(),
        name: text(name),
        level,
        kind,
        parent: (!parent.is_empty()).then(|| parent.into()),
    };
    import(REGISTER.iter().map(row).collect(), Vec::new())
}

pub fn import(rows: Vec<ImportRow>, changes: Vec<ImportChange>) -> RegisterImport {
    let changed_on = Some(day("2026-02-01"));
    RegisterImport { origin: "made up".into(), document: text("made up"), changed_on, rows, changes, details: Vec::new() }
}

/// Hands it in, and expects facts.
#[track_caller]
pub fn accepted(store: &Store, submission: Submission) -> Vec<FactRef> {
    match answer(store, submission).outcome {
        Outcome::Accepted { facts, .. } => facts,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub fn answer(store: &Store, submission: Submission) -> Answer {
    store.submit_and_wait(submission).expect("an answer")
}

/// The code of the refusal, or another word for the outcome.
pub fn word(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Accepted { .. } => "accepted",
        Outcome::Refused { code, .. } => code,
        Outcome::Forbidden => "forbidden",
        Outcome::IdReused => "id-reused",
    }
}

/// Places and rules are there.
pub fn found(store: &Store) {
    accepted(store, by(Actor::Import, Command::Import(register())));
    for rule in rules::starting_pack() {
        let set = rules::Command::Set { place: PROVINCE, from: day("2020-01-01"), rule, reason: text("as decided") };
        accepted(store, by(Actor::Import, Command::Rules(set)));
    }
}

/// Facts, refusals and repeats; every state, equal days, and days that are not there.
pub fn busy(store: &Store) -> Vec<ProblemId> {
    use problems::Command as P;
    found(store);
    let mut problems = Vec::new();
    for n in 0..45_usize {
        let field = Field::ALL[n % 4];
        let mut command = report(VILLAGES[n % VILLAGES.len()], field, WORDS[n % WORDS.len()]);
        if let Command::Problems(P::Report { contact, .. }) = &mut command {
            let person = domain::basics::PersonId(Uuid::from_u128(0xa << 96 | n as u128));
            *contact = (n % 3 == 0).then(|| domain::persons::Contact { person, digest: "ab".repeat(32) });
        }
        let by_chen = by(chen(), command);
        let problem = made(&by_chen);
        accepted(store, by_chen);
        let post = (n % 2 == 0).then_some(Post::new(CITY, Role::Department));
        let due = (n % 3 == 0).then(|| Day::of_ms(NOW).plus(n as i64 % 5));
        let steps: Vec<(Actor, P)> = vec![
            (chen(), P::Assign { problem, post, due, note: None }),
            (lin(), P::Diagnose { problem, cause: text("没有人管"), measure: text("安排人管") }),
            (lin(), P::ClaimFix { problem, text: text("修好了"), photos: vec![photo()] }),
            (chen(), P::VerifyFix { problem, note: text("看过了"), photos: Vec::new() }),
            (chen(), P::AnswerAsReporter { problem, solved: n % 12 != 11, words: Some(text("谢谢")), receipt: None }),
        ];
        for (actor, step) in steps.into_iter().take(n % 6) {
            answer(store, by(actor, Command::Problems(step)));
        }
        problems.push(problem);
    }
    let merge = P::Merge { problem: problems[6], into: problems[12] };
    answer(store, by(chen(), Command::Problems(merge)));
    accepted(store, by(chen(), Command::Problems(P::Escalate { problem: problems[1], reason: Some(text("太久了")) })));
    accepted(store, by(chen(), Command::Problems(P::Withhold { problem: problems[2], reason: text("有人名") })));
    for (n, field) in Field::ALL.iter().take(3).enumerate() {
        let about = problems.iter().copied().enumerate().filter(|(i, _)| i % 4 == n).map(|(_, p)| p).take(3).collect();
        accepted(
            store,
            by(
                chen(),
                Command::Problems(P::ProposeTopic { place: CITY, field: *field, title: text("共性问题"), problems: about }),
            ),
        );
    }
    for (n, place) in VILLAGES.iter().enumerate().take(5) {
        for what in places::Counted::ALL.iter().take(n) {
            for value in [300, 280] {
                let on = day("2026-01-01").plus(n as i64);
                let count = places::Command::Count { place: *place, what: *what, value, on, method: places::Method::Counted };
                accepted(store, by(chen(), Command::Places(count)));
            }
        }
    }
    duties_too(store);
    surveys_too(store);
    campaigns_too(store);
    wishes_too(store);
    problems
}

/// Posts that change hands, tasks that are passed down, done, missed and carried over.
fn duties_too(store: &Store) {
    use duties::{Command as D, TaskCommand as T, TaskKind};
    let holds = |n: u128, post: Post, from: &str, until: Option<&str>| D::TakeUp {
        post,
        person: PersonId(account(n).0),
        from: day(from),
        until: until.map(day),
        document: None,
        already: Vec::new(),
    };
    let head = |place| Post::new(place, Role::Head);
    for command in [
        holds(11, head(CITY), "2024-01-01", Some("2025-12-31")),
        holds(12, head(CITY), "2026-01-01", None),
        holds(13, head(QINGXI), "2024-01-01", None),
        holds(14, Post::of(QINGXI, Department::Water), "2024-01-01", None),
        holds(15, head(VILLAGES[0]), "2025-05-01", Some("2026-02-01")),
        D::Describe { post: head(QINGXI), duty: text("第一责任人"), phone: None },
    ] {
        accepted(store, by(Actor::Import, Command::Duties(command)));
    }
    for n in 0..6_usize {
        let set = T::Set {
            place: [CITY, QINGXI, VILLAGES[0]][n % 3],
            kind: [TaskKind::Task, TaskKind::Promise][n % 2],
            year: 2025 + (n % 2) as u16,
            title: text(WORDS[n]),
            duty: None,
            field: None,
            lead: Post::new(CITY, Role::Head),
            helpers: Vec::new(),
            due: Day::of_ms(NOW).plus(n as i64 - 4),
            quantity: None,
            occasion: None,
        };
        let set = by(Actor::Import, Command::Tasks(set));
        let task = TaskId(set.context.fresh);
        let steps = [
            T::Claim { task, text: text("做完了"), photos: Vec::new(), done: None },
            T::Reject { task, reason: text("没有做完") },
            T::CarryOver { task, year: 2027, due: Day::of_ms(NOW).plus(300), reason: text("雨季") },
        ];
        accepted(store, set);
        if n < 4 {
            accepted(store, by(Actor::System, Command::Tasks(T::Lapse { task })));
        }
        for step in steps.into_iter().take(n) {
            answer(store, by(chen(), Command::Tasks(step)));
        }
    }
}

/// A form in two versions, filled in here and there, with files that come late, edits and reviews.
fn surveys_too(store: &Store) {
    use domain::surveys::{
        ApplyWhen, Attached, Checked, Command as S, Doubt, DoubtKind, FileKind, FormFile, FormHead, Made, Mapping,
        MappingOutcome, MappingRow, SubmissionHead, Target, Tried, Verdict,
    };
    let hash = |n: usize| FileHash::new(&format!("{n:064x}")).expect("64 digits");
    let form = domain::basics::FormId::at(CITY, &text("visit"));
    for (at, version) in [(CITY, "1"), (CITY, "2"), (QINGXI, "1"), (VILLAGES[0], "1"), (VILLAGES[5], "3")] {
        let head = FormHead {
            form_id: text("visit"),
            version: Some(text(version)),
            title: text("入户走访"),
            md5: text(&"0".repeat(32)),
            encrypted: false,
            files: vec![FormFile { name: text("villages.csv"), kind: FileKind::Data, file: None, md5: None }],
            file_questions: Vec::new(),
        };
        let n = version.len() + 1000;
        let version = Some(text(version));
        for command in [
            S::Upload { place: at, file: hash(n), head: Some(head) },
            S::GiveAttachment {
                form,
                version: version.clone(),
                name: text("villages.csv"),
                file: hash(7),
                md5: Some(text("d4")),
            },
            S::Publish { form, version, known: Vec::new(), again: None },
        ] {
            if at == CITY || matches!(command, S::Upload { .. }) {
                accepted(store, by(chen(), Command::Surveys(command)));
            }
        }
    }
    for n in 0..30_usize {
        let instance = |n: usize| text(&format!("uuid:{n}"));
        let head = |deprecated: Option<usize>| SubmissionHead {
            form_id: text("visit"),
            version: Some(text(["1", "2"][n % 2])),
            instance: instance(deprecated.map_or(n, |d| d + 500)),
            deprecated: deprecated.map(instance),
            encrypted: n % 7 == 0,
            mentioned: vec![text("照片.jpg")],
        };
        let doubt = Doubt { at: text("/visit/people"), what: DoubtKind::ALL[n % DoubtKind::ALL.len()] };
        let point = domain::basics::Position::new(1_206_540_000, 285_550_000);
        let checked =
            Checked { judged: true, doubts: vec![doubt], doubts_count: 1, unjudged: 0, questions: 9, seconds: Some(60), point };
        let place = VILLAGES[n % VILLAGES.len()];
        let submit = |head, files| S::Submit {
            place,
            file: hash(n),
            head: Some(head),
            files,
            device: None,
            about: (n % 3 == 0).then_some(place),
            checked: (n % 4 > 0).then(|| Box::new(checked.clone())),
        };
        let photo = vec![Attached { name: text("照片.jpg"), file: hash(n + 100) }];
        let submission = domain::basics::SubmissionId::of(form, &instance(n));
        let verdict = Verdict::ALL[n % Verdict::ALL.len()];
        let steps = [
            submit(head(None), if n % 2 == 0 { photo.clone() } else { Vec::new() }),
            submit(head(None), photo),
            S::Review { submission, verdict, note: Some(text("看过了")) },
            submit(head(Some(n)), Vec::new()),
        ];
        for step in steps.into_iter().take(1 + n % 4) {
            let review = matches!(step, S::Review { .. });
            accepted(store, by(if review { chen() } else { Actor::Import }, Command::Surveys(step)));
        }
        // Answers become facts from the tenth on; what was rejected or replaced is refused here.
        if n == 9 {
            let figure = Target::Reading { figure: text("toilets"), title: text("公厕"), decimals: 0, yes: Vec::new() };
            let rows = vec![MappingRow { from: text("/visit/people"), to: figure }];
            let mapping = Mapping { village: None, day: None, when: ApplyWhen::Received, rows };
            let tried = Some(Tried { submissions: 9, readings: 9, counts: 0, problems: 0, not_made: 0 });
            accepted(store, by(chen(), Command::Surveys(S::Map { form, mapping, unknown: Vec::new() })));
            accepted(store, by(chen(), Command::Surveys(S::SwitchMapping { form, on: true, past: n % 2 == 0, tried })));
        }
        let made = vec![
            Made::Reading { figure: text("toilets"), title: text("公厕"), value: n as i64, decimals: 0 },
            Made::Count { what: Counted::HouseholdsResident, value: 200 + n as u32, method: Method::Counted },
            Made::Problem { field: Field::Toilet, text: text("没有水"), photos: Vec::new() },
        ];
        for instance in [instance(n), text(&format!("uuid:{}", n + 500))] {
            let outcome = MappingOutcome { on: "2026-03-01".parse().expect("a day"), made: made.clone(), not_made: Vec::new() };
            let submission = domain::basics::SubmissionId::of(form, &instance);
            answer(store, by(Actor::System, Command::Surveys(S::Apply { submission, outcome, photos: Vec::new() })));
        }
    }
}

/// Villagers are asked about works of a catalogue, again, and what was counted once is taken back.
fn wishes_too(store: &Store) {
    use domain::planning::{AskedBy, Catalogue, Command as C, WorkCode};
    let today = Day::of_ms(NOW);
    let work = |word: &str| WorkCode::new(word).expect("a good code");
    let kind = serde_json::json!({"name": "修路", "field": "road", "unit": "处", "difficulty": 2, "load": 9,
        "levels": [{"name": "修平", "cost_min_fen": 1, "cost_max_fen": 2, "upkeep_fen_per_year": 0, "labour_hours": 0, "benefit": 1}]});
    let catalogue: Catalogue =
        serde_json::from_value(serde_json::json!({"works": {"road": kind, "lamp": kind}})).expect("a catalogue");
    let set =
        rules::Command::Set { place: QINGXI, from: today, rule: rules::Rule::Catalogue(catalogue), reason: text("as decided") };
    accepted(store, by(Actor::Import, Command::Rules(set)));
    let count = |place, word: &str, in_favour, how| C::Count {
        place,
        work: work(word),
        asked: 9,
        in_favour,
        on: today,
        how,
        photos: Vec::new(),
        note: None,
    };
    for step in [
        count(VILLAGES[0], "road", 5, AskedBy::Meeting),
        count(VILLAGES[0], "road", 6, AskedBy::Visit),
        count(VILLAGES[0], "lamp", 9, AskedBy::Meeting),
        count(VILLAGES[1], "road", 0, AskedBy::Survey),
        C::Withdraw { place: VILLAGES[0], work: work("road"), on: today, how: AskedBy::Meeting, reason: text("数错了") },
    ] {
        accepted(store, by(Actor::Import, Command::Planning(step)));
    }
    // Two briefs, one with two versions, one withdrawn; plans within them, one put aside.
    for n in 0..3_i64 {
        let fund = serde_json::json!({"name": WORDS[0], "source": "provincial", "place": CITY, "carries_over": n == 1, "fen": [n, 1, 2]});
        let brief = serde_json::json!({"first_year": 2027 + n, "years": 3, "later_permille": 950, "funds": [fund], "reserve_percent": 5,
            "own_percent": 10, "own_fen_per_household": 9, "labour_hours_per_household": 8, "load_per_year": 100, "accepted_percent": 60,
            "unasked_from_year": 2, "easy_first": [3], "demonstration_years": 0, "demonstration_percent": 0, "line_bonus_percent": 0,
            "neighbours_within_m": 0, "plan_what_was_said": true, "worst_off_extra_permille": 0, "upkeep_percent": 0});
        let brief: domain::planning::Brief = serde_json::from_value(brief).expect("a brief");
        let save = |id| C::SaveBrief { place: QINGXI, id, title: text(WORDS[1]), brief: brief.clone(), reason: text("议定") };
        let saved = by(Actor::Import, Command::Planning(save(None)));
        let id = domain::basics::BriefId(saved.context.fresh);
        accepted(store, saved);
        if n == 1 {
            accepted(store, by(Actor::Import, Command::Planning(save(Some(id)))));
        }
        let made = domain::planning::PlanMade {
            file: domain::basics::FileHash::new(&format!("{n:064x}")).expect("64 digits"),
            needs_on: today,
            objective: 90 + n,
            bound: 100,
            works: 3,
            villages: 2,
            cost_fen: 700 * n,
            left_out: 1,
            seed: 1,
        };
        let proposed = by(Actor::Import, Command::Planning(C::Propose { brief: id, version: 1, made }));
        let plan = domain::basics::PlanId(proposed.context.fresh);
        accepted(store, proposed);
        if n == 2 {
            accepted(store, by(Actor::Import, Command::Planning(C::Discard { id: plan, reason: text("再算") })));
            accepted(store, by(Actor::Import, Command::Planning(C::WithdrawBrief { id, reason: text("另起") })));
        }
    }
}

/// Campaigns of the city's form, by the city and by the county; people who go, no longer go, and one that is over.
fn campaigns_too(store: &Store) {
    use domain::campaigns::{Adds, Assignee, Command as C};
    let form = domain::basics::FormId::at(CITY, &text("visit"));
    for (n, place) in [CITY, QINGXI, YUNLING].into_iter().enumerate() {
        let opened = C::Open {
            place,
            form,
            title: text(WORDS[n]),
            from: Day::of_ms(NOW),
            until: Day::of_ms(NOW).plus(30),
            places: if n == 1 { vec![VILLAGES[0], VILLAGES[1]] } else { Vec::new() },
            minutes: (n == 2).then_some(15),
            over_cap: (n == 2).then(|| text("普查")),
            adds: Some(Adds { villages: 2, questions: 9, minutes: 3, over: u32::from(n == 2) }),
        };
        let opened = by(Actor::Import, Command::Campaigns(opened));
        let campaign = domain::basics::CampaignId(opened.context.fresh);
        accepted(store, opened);
        let person = Assignee::Person { person: PersonId(account(15).0) };
        let post = Assignee::Post { post: Post::new(YUNLING, Role::Township) };
        let steps = [
            C::Assign { campaign, places: vec![VILLAGES[0], YUNLING], to: person },
            C::Assign { campaign, places: vec![VILLAGES[0]], to: post },
            C::Unassign { campaign, places: vec![VILLAGES[0]] },
            C::Close { campaign, reason: text("走访完毕") },
        ];
        for step in steps.into_iter().take(4 - n) {
            accepted(store, by(Actor::Import, Command::Campaigns(step)));
        }
    }
}

/// Words as people write them, and worse.
pub const WORDS: [&str; 9] = [
    "村口垃圾桶满了",
    "100% broken",
    "a_b",
    "axb",
    r"back\slash",
    "'; DROP TABLE fact; --",
    "ÅNGSTRÖM Straße ＡＢＣ",
    "<script>alert(1)</script>",
    "Broken LAMP",
];

/// All pages of a list, put together.
#[track_caller]
pub fn pages(store: &Store, list: &List) -> Vec<StoredRow> {
    let mut list = list.clone();
    let mut rows = Vec::new();
    for _ in 0..1000 {
        let page = store.list(&list).expect("a page");
        assert!(page.rows.len() <= list.limit);
        rows.extend(page.rows);
        match page.next {
            None => return rows,
            next => list.after = next,
        }
    }
    panic!("the pages have no end");
}

/// A whole view, in pages so small that there are many.
pub fn all(view: ViewId) -> List {
    List { view, scope: Scope::All, conditions: Vec::new(), sort: None, after: None, limit: 7 }
}

/// A whole view as it stands, through the store.
pub fn contents(store: &Store) -> Vec<(ViewId, Vec<StoredRow>)> {
    let list = |view: &ViewId| List { limit: 1000, ..all(*view) };
    ViewId::ALL.iter().map(|view| (*view, pages(store, &list(view)))).collect()
}

/// Whether every chain holds, and has as many facts as the log.
#[track_caller]
pub fn holds(store: &Store) -> u64 {
    let report = store.verify(&[], &mut |_| {}).expect("verified");
    assert!(report.holds(), "{report:?}");
    let facts = report.chains.iter().map(|c| c.facts).sum();
    assert_eq!(store.heads().expect("heads").iter().map(|h| h.size).sum::<u64>(), facts);
    facts
}

/// Every view must come out the same when it is rebuilt.
#[track_caller]
pub fn rebuilds_the_same(store: &Store) {
    let before = contents(store);
    for view in ViewId::ALL {
        store.rebuild(*view, &mut |_| {}).expect("rebuilt");
    }
    for ((view, before), (_, after)) in before.iter().zip(contents(store)) {
        assert_eq!(before, &after, "{}", view.name());
    }
}
