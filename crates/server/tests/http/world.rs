//! The county, its people, and a short way to ask.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode},
};
use domain::{
    Command,
    basics::{AccountId, Actor, Context, Day, PersonId, PlaceId, Post, Role},
    persons::{Particulars, Purpose},
    places::Place,
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use server::{App, Settings};
use store::{Held, Location, NewAccount, Outcome, Store, Submission};
use tower::ServiceExt;
use uuid::Uuid;

/// The day of every test, Asia/Shanghai.
pub const TODAY: &str = "2026-11-23";
/// Nine in the morning of that day.
pub const NOW_MS: i64 = 1_795_395_600_000;
/// Everybody's password.
pub const PASSWORD: &str = "a-long-password";
/// Words that stand in every problem of the foreign county, and nowhere else.
pub const FOREIGN_WORDS: &str = "邻县机密";
/// What whoever reported our problems left of himself.
pub const CONTACT: &str = "某报事人";
/// And by which he can be called back.
pub const CONTACT_NUMBER: &str = "13800009012";
/// The foreign county's places have names that begin so.
pub const FOREIGN_NAME: &str = "邻江";

/// Our own people and one of each kind next door: name, role, at.
const PEOPLE: [(&str, Role, At); 25] = [
    ("office", Role::Office, At::County),
    ("head", Role::Head, At::County),
    ("department", Role::Department, At::County),
    ("inspector", Role::Inspector, At::County),
    ("viewer", Role::Viewer, At::County),
    ("admin", Role::Admin, At::County),
    ("security", Role::Security, At::County),
    ("audit", Role::Audit, At::County),
    ("township_admin", Role::Admin, At::Township),
    ("township", Role::Township, At::Township),
    ("township_head", Role::Head, At::Township),
    ("township_viewer", Role::Viewer, At::Township),
    ("village", Role::Village, At::Village),
    ("village_head", Role::Head, At::Village),
    ("ended", Role::Office, At::County),
    ("sibling_township", Role::Township, At::SiblingTownship),
    ("sibling_village", Role::Village, At::SiblingVillage),
    ("foreign_office", Role::Office, At::ForeignCounty),
    ("foreign_head", Role::Head, At::ForeignCounty),
    ("foreign_department", Role::Department, At::ForeignCounty),
    ("foreign_admin", Role::Admin, At::ForeignCounty),
    ("foreign_security", Role::Security, At::ForeignCounty),
    ("foreign_audit", Role::Audit, At::ForeignCounty),
    ("foreign_township", Role::Township, At::ForeignTownship),
    ("foreign_village", Role::Village, At::ForeignVillage),
];

/// Of every role somebody in the township, with places above, below and beside, and somebody whose time is over.
static PEOPLE_OF_ROLES: LazyLock<Vec<(&'static str, Role, At)>> = LazyLock::new(|| {
    let mut people = PEOPLE.to_vec();
    for role in Role::ALL {
        for (prefix, at) in [("mid", At::Township), ("ended", At::Township), ("ended_county", At::County)] {
            people.push((Box::leak(format!("{prefix}_{}", role.word()).into_boxed_str()), role, at));
        }
    }
    people
});

/// Names of all who can sign in.
pub fn everybody() -> impl Iterator<Item = &'static str> {
    PEOPLE_OF_ROLES.iter().map(|(name, ..)| *name)
}

/// Whether somebody's time at the post is over.
pub fn is_over(name: &str) -> bool {
    name.starts_with("ended")
}

/// Where a person stands and what is acted on: village lies in township lies in county.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum At {
    County,
    Township,
    Village,
    /// Another village of the same township.
    SiblingVillage,
    SiblingTownship,
    /// A village of the sibling township.
    CousinVillage,
    ForeignCounty,
    ForeignTownship,
    ForeignVillage,
}

impl At {
    pub const ALL: [At; 9] = [
        At::County,
        At::Township,
        At::Village,
        At::SiblingVillage,
        At::SiblingTownship,
        At::CousinVillage,
        At::ForeignCounty,
        At::ForeignTownship,
        At::ForeignVillage,
    ];

    pub fn is_foreign(self) -> bool {
        matches!(self, At::ForeignCounty | At::ForeignTownship | At::ForeignVillage)
    }
}

/// What was made once for all tests.
pub struct Seed {
    dir: PathBuf,
    _kept: tempfile::TempDir,
    pub places: Vec<(At, Place)>,
    pub people: Vec<(String, AccountId)>,
    /// A problem at each place, reported by an official for somebody who left a contact, not yet assigned.
    pub problems: Vec<(At, Uuid)>,
    /// Who left the contact.
    pub contacts: Vec<(At, Uuid)>,
    /// A topic in our county and one in the foreign one.
    pub topics: [Uuid; 2],
    /// Receipts of the demo's villagers.
    pub receipts: Vec<(Uuid, String)>,
    /// A photo shown with a problem of the foreign county.
    pub foreign_photo: String,
    /// A task at each place, led by its office.
    pub tasks: Vec<(At, Uuid)>,
    /// A form at each place, offered, with a file; and one of it filled in there, with a photo.
    pub forms: Vec<(At, Uuid)>,
    pub submissions: Vec<(At, Uuid)>,
    /// A campaign of that form at each place, to which its office was assigned.
    pub campaigns: Vec<(At, Uuid)>,
    /// What plans have to keep to at each place.
    pub briefs: Vec<(At, Uuid)>,
    /// A plan within each.
    pub plans: Vec<(At, Uuid)>,
    /// Who left the office at each place, with holding and statement, which nobody has signed.
    pub leavers: Vec<(At, Leaver)>,
}

/// Somebody who left a post.
#[derive(Debug, Clone)]
pub struct Leaver {
    pub person: Uuid,
    pub holding: Uuid,
    pub statement: String,
}

pub static SEED: LazyLock<Seed> = LazyLock::new(make_seed);

/// Tests need the database's rules, not its durability: memory where there is some.
fn fast_dir() -> tempfile::TempDir {
    let shared = Path::new("/dev/shm");
    let made = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() };
    made.expect("a directory for the tests")
}

fn at_of(role_at: At, places: &[(At, Place)]) -> PlaceId {
    places.iter().find(|(at, _)| *at == role_at).map(|(_, p)| p.id).expect("every place is made")
}

fn make_seed() -> Seed {
    let kept = fast_dir();
    let dir = kept.path().join("data");
    let store = Store::open(&Location::in_dir(&dir)).unwrap();
    let today: Day = TODAY.parse().unwrap();
    let filled = demo::fill(&store, &demo::Options { seed: 1, today, years: 1 }, PASSWORD, &mut |_, _| {}).unwrap();
    let do_it = |actor: Actor, command: Value| -> String {
        let command: Command = serde_json::from_value(command).unwrap();
        let context = Context { now_ms: NOW_MS - 3_600_000, actor, command: Uuid::now_v7(), fresh: Uuid::now_v7() };
        match store.submit_and_wait(Submission { command, context }).unwrap().outcome {
            Outcome::Accepted { subject, .. } => subject.split(':').next_back().unwrap().to_owned(),
            other => panic!("{other:?}"),
        }
    };
    // The neighbour: a county with one township and two villages, in the same city.
    let mut all = Vec::new();
    store.each_place(&mut |p| all.push(p.clone())).unwrap();
    let county = all.iter().find(|p| p.id == filled.county).unwrap().clone();
    let city = all.iter().find(|p| Some(&p.id) == county.within.last()).unwrap().clone();
    let row = |code: &str, name: &str, level: &str, kind: &str, parent: &str| json!({ "code": code, "name": name, "level": level, "kind": kind, "parent": parent });
    let county_code = format!("{}19000000", &county.code[..4]);
    let code = |tail: &str| format!("{}{tail}", &county_code[..6]);
    let point = |code: String, position: Value| json!([code, { "Point": { "position": position, "datum": "wgs84" } }, "test"]);
    let near = county.position.map(|p| json!({ "lon_e7": p.lon_e7 + 5_000_000, "lat_e7": p.lat_e7 })).unwrap();
    do_it(
        Actor::Import,
        json!({
            "type": "import.register", "origin": "test", "document": "test", "changed_on": null, "changes": [],
            "rows": [
                row(&county_code, "邻江县", "county", "area", &city.code),
                row(&code("100000"), "邻江镇", "township", "town", &county_code),
                row(&code("100201"), "邻江东村", "village", "villagers", &code("100000")),
                row(&code("100202"), "邻江西村", "village", "villagers", &code("100000")),
            ],
            "details": [point(code("100201"), near.clone()), point(code("100202"), near)],
        }),
    );
    let mut all = Vec::new();
    store.each_place(&mut |p| all.push(p.clone())).unwrap();
    all.sort_by_key(|p| p.id);
    let open = |p: &&Place| p.closed.is_none();
    let child = |of: PlaceId, n: usize| all.iter().filter(open).filter(|p| p.within.last() == Some(&of)).nth(n).unwrap().clone();
    let foreign = all.iter().find(|p| p.code == county_code).unwrap().clone();
    let township = child(county.id, 0);
    let sibling = child(county.id, 1);
    let foreign_township = child(foreign.id, 0);
    let places = vec![
        (At::County, county.clone()),
        (At::Township, township.clone()),
        (At::Village, child(township.id, 1)),
        (At::SiblingVillage, child(township.id, 2)),
        (At::SiblingTownship, sibling.clone()),
        (At::CousinVillage, child(sibling.id, 1)),
        (At::ForeignCounty, foreign.clone()),
        (At::ForeignTownship, foreign_township.clone()),
        (At::ForeignVillage, child(foreign_township.id, 0)),
    ];
    for rule in domain::rules::starting_pack() {
        let mut command = serde_json::to_value(&rule).unwrap();
        command["type"] = "rules.set".into();
        command["place"] = json!(foreign.id);
        command["from"] = "2020-01-01".into();
        command["reason"] = "test".into();
        do_it(Actor::System, command);
    }
    // What works there are, and what villages should have, is local.
    for (at, said, lamps) in [(At::County, "演示", 2), (At::ForeignCounty, FOREIGN_WORDS, 424_242)] {
        let place = at_of(at, &places);
        let level = json!({ "name": said, "cost_min_fen": 100, "cost_max_fen": 300, "upkeep_fen_per_year": 5, "labour_hours": 1, "benefit": 1 });
        let kind = json!({ "name": said, "field": "lighting", "unit": "盏", "levels": [level], "difficulty": 1, "load": 5 });
        let asks = json!({ "is": "at_least", "figure": "said", "value": lamps });
        let standards = json!({ "by_class": {}, "otherwise": { "lamps": { "asks": asks, "level": 1 } }, "seen_by": ["inspector"], "known_months": 12 });
        for (rule, value) in [("planning.catalogue", json!({ "works": { "lamps": kind } })), ("planning.standards", standards)] {
            let reason = if at.is_foreign() { said } else { "test" };
            do_it(
                Actor::System,
                json!({ "type": "rules.set", "place": place, "from": "2026-01-01", "rule": rule, "value": value, "reason": reason }),
            );
        }
    }
    let people: Vec<(String, AccountId)> =
        PEOPLE_OF_ROLES.iter().map(|(name, ..)| (format!("test-{name}"), AccountId(Uuid::now_v7()))).collect();
    let held: Vec<[Held; 1]> = PEOPLE_OF_ROLES
        .iter()
        .map(|(name, role, at)| {
            let until = is_over(name).then(|| today.plus(-1));
            [Held { post: Post::new(at_of(*at, &places), *role), from: today.plus(-400), until }]
        })
        .collect();
    let accounts: Vec<NewAccount<'_>> = people
        .iter()
        .zip(&held)
        .map(|((name, id), held)| NewAccount { id: *id, name, display: name, password: Some(PASSWORD), held })
        .collect();
    // Before anything that a test does, so that what is noted of it comes first.
    store.accounts().create(&accounts, NOW_MS - 7_200_000).unwrap();
    let official = |foreign: bool| {
        let (place, name) = if foreign { (At::ForeignCounty, "foreign_office") } else { (At::County, "office") };
        let id = people.iter().find(|(n, _)| n.strip_prefix("test-") == Some(name)).unwrap().1;
        Actor::Account { id, person: PersonId(id.0), posts: vec![Post::new(at_of(place, &places), Role::Office)] }
    };
    let photo = store::NewFile { content: &picture(33, 31, 7), media_type: "image/png", taken_ms: None, position: None };
    let foreign_photo = store.files().put(&photo, NOW_MS).unwrap().hash.as_str().to_owned();
    let (mut problems, mut contacts) = (Vec::new(), Vec::new());
    for at in At::ALL {
        let text = if at.is_foreign() {
            format!("{FOREIGN_WORDS}：路灯不亮")
        } else {
            "路灯不亮，天黑后看不清".to_owned()
        };
        let photos = if at.is_foreign() { vec![foreign_photo.clone()] } else { Vec::new() };
        let place = at_of(at, &places);
        let left: Particulars = serde_json::from_value(
            json!({ "name": if at.is_foreign() { FOREIGN_WORDS } else { CONTACT }, "telephone": CONTACT_NUMBER }),
        )
        .unwrap();
        let person = Uuid::now_v7();
        let (digest, _) = store.particulars().put(PersonId(person), place, Purpose::AskBack, &left, NOW_MS).unwrap();
        contacts.push((at, person));
        let contact = json!({ "person": person, "digest": digest });
        let report = json!({ "type": "problems.report", "place": place, "field": "lighting", "text": text, "photos": photos, "position": null, "found_ms": null, "contact": contact });
        problems.push((at, do_it(official(at.is_foreign()), report).parse().unwrap()));
    }
    let topic = |foreign: bool| {
        let county = if foreign { At::ForeignCounty } else { At::County };
        let shown: Vec<Uuid> = problems.iter().filter(|(at, _)| at.is_foreign() == foreign).map(|(_, id)| *id).take(3).collect();
        let title = if foreign { format!("{FOREIGN_WORDS}：全县路灯") } else { "全县路灯".to_owned() };
        let propose = json!({ "type": "topics.propose", "place": at_of(county, &places), "field": "lighting", "title": title, "problems": shown });
        do_it(official(foreign), propose).parse().unwrap()
    };
    let topics = [topic(false), topic(true)];
    do_it(
        official(true),
        json!({ "type": "places.count", "place": at_of(At::ForeignVillage, &places), "what": "households_registered", "value": 424_242, "on": "2026-10-01", "method": "register" }),
    );
    let (mut tasks, mut leavers) = (Vec::new(), Vec::new());
    for at in At::ALL {
        let place = at_of(at, &places);
        let office = json!({ "place": place, "role": "office" });
        let title = if at.is_foreign() { format!("{FOREIGN_WORDS}：改厕") } else { "改厕".to_owned() };
        let set = json!({ "type": "tasks.set", "place": place, "kind": "task", "year": 2026, "title": title, "duty": null, "field": "toilet",
            "lead": office, "helpers": [], "due": "2026-12-20", "quantity": null, "occasion": null });
        tasks.push((at, do_it(Actor::Import, set).parse().unwrap()));
        let person = Uuid::now_v7();
        let name = if at.is_foreign() { format!("{FOREIGN_WORDS}离任者") } else { "离任者".to_owned() };
        store.put_person(PersonId(person), &name, NOW_MS).unwrap();
        let take_up = json!({ "type": "duties.take_up", "post": office, "person": person, "from": "2024-01-01", "until": "2026-11-20", "document": null });
        do_it(Actor::Import, take_up);
        let holding = store.holdings_of(&[PersonId(person)]).unwrap()[0].holding.id.0;
        let counts = json!({ "problems": 0, "promises": 0, "tasks": 0, "answers": 0 });
        let document = json!({ "post": office, "place": "某地", "person": person, "name": name, "from": "2024-01-01", "until": "2026-11-20",
            "on": "2026-11-20", "counts": counts, "problems": [], "promises": [], "tasks": [], "answers": [] });
        let content = document.to_string().into_bytes();
        let file = store::NewFile { content: &content, media_type: "application/json", taken_ms: None, position: None };
        let statement = store.files().put(&file, NOW_MS).unwrap().hash.as_str().to_owned();
        let draw_up = json!({ "type": "handovers.draw_up", "post": office, "holding": holding, "statement": { "file": statement, "counts": counts } });
        do_it(Actor::Import, draw_up);
        leavers.push((at, Leaver { person, holding, statement }));
        // One day was missed.
        let missed = json!({ "type": "tasks.set", "place": place, "kind": "task", "year": 2026, "title": "清沟", "duty": null, "field": null,
            "lead": office, "helpers": [], "due": "2026-11-01", "quantity": null, "occasion": null });
        let missed = do_it(Actor::Import, missed);
        do_it(Actor::System, json!({ "type": "tasks.lapse", "task": missed }));
    }
    let (mut forms, mut submissions, mut campaigns) = (Vec::new(), Vec::new(), Vec::new());
    let (mut briefs, mut plans) = (Vec::new(), Vec::new());
    for at in At::ALL {
        let place = at_of(at, &places);
        let said = if at.is_foreign() { FOREIGN_WORDS } else { "走访" };
        let stored = |content: &[u8], media_type| {
            let file = store::NewFile { content, media_type, taken_ms: None, position: None };
            store.files().put(&file, NOW_MS).unwrap().hash
        };
        let (xform, csv) = (stored(form_xml("seed", "1", said).as_bytes(), "text/xml"), stored(said.as_bytes(), "text/csv"));
        let head = json!({ "form_id": "seed", "version": "1", "title": said, "md5": "0".repeat(32), "encrypted": false,
            "files": [{ "name": "places.csv", "kind": "data" }], "file_questions": ["/data/photo"] });
        let form: Uuid = do_it(Actor::Import, json!({ "type": "surveys.upload", "place": place, "file": xform, "head": head }))
            .parse()
            .unwrap();
        do_it(
            Actor::Import,
            json!({ "type": "surveys.give_attachment", "form": form, "version": "1", "name": "places.csv", "file": csv, "md5": "0".repeat(32) }),
        );
        do_it(Actor::Import, json!({ "type": "surveys.publish", "form": form, "version": "1" }));
        // Its answers become figures, but only those of the one that is seeded.
        let figure = json!({ "is": "reading", "figure": "said", "title": said });
        let mapping = json!({ "when": "received", "rows": [{ "from": "/data/village", "to": figure }] });
        let tried = json!({ "submissions": 0, "readings": 0, "counts": 0, "problems": 0, "not_made": 0 });
        do_it(Actor::Import, json!({ "type": "surveys.map", "form": form, "mapping": mapping }));
        let switch = |on: bool| json!({ "type": "surveys.switch_mapping", "form": form, "on": on, "tried": tried.clone() });
        do_it(Actor::Import, switch(true));
        let instance = format!("uuid:seed-{at:?}");
        let xml = stored(filled_xml("seed", "1", &instance, None, said).as_bytes(), "text/xml");
        let head =
            json!({ "form_id": "seed", "version": "1", "instance": instance, "encrypted": false, "mentioned": ["photo.jpg"] });
        let files = json!([{ "name": "photo.jpg", "file": stored(&picture(9, 9, at as u8), "image/png") }]);
        let submit = json!({ "type": "surveys.submit", "place": place, "file": xml, "head": head, "files": files });
        let submission: Uuid = do_it(Actor::Import, submit).parse().unwrap();
        let made = json!([{ "is": "reading", "figure": "said", "title": said, "value": 1, "decimals": 0 }]);
        let outcome = json!({ "on": "2026-11-01", "made": made, "not_made": [] });
        do_it(Actor::System, json!({ "type": "surveys.apply", "submission": submission, "outcome": outcome }));
        do_it(Actor::Import, switch(false));
        submissions.push((at, submission));
        let opened = json!({ "type": "campaigns.open", "place": place, "form": form, "title": said, "from": TODAY, "until": "2026-12-31" });
        let campaign: Uuid = do_it(Actor::Import, opened).parse().unwrap();
        let office = json!({ "is": "post", "post": { "place": place, "role": "office" } });
        do_it(Actor::Import, json!({ "type": "campaigns.assign", "campaign": campaign, "places": [place], "to": office }));
        campaigns.push((at, campaign));
        let saved =
            json!({ "type": "briefs.save", "place": place, "title": said, "brief": plain_brief(place.0), "reason": said });
        let brief: Uuid = do_it(Actor::Import, saved).parse().unwrap();
        // What is kept of a plan, of which nothing is in the plan.
        let nothing = json!({ "posed": { "instance": { "format": "qw-plan-1", "place": "", "years": 3, "disc_permille": [1000, 1000, 1000], "works": [],
            "pred": [], "demo_years": 0, "demo_share_pct": 0, "bonus_pct": 0, "line_works": [], "pools": [], "villages": [], "edges": [] },
            "demands": {}, "works": [], "villages": [], "years": [2027, 2028, 2029], "quantities": [], "worst_off": [],
            "left_out": [{ "place": place, "work": "lamps", "why": "not_asked" }] },
            "plan": { "format": "qw-plan-1/plan", "objective": 0, "bound": 0, "choices": [], "funds": [] }, "million": [] });
        let mut comes_to = made_plan();
        comes_to["file"] = json!(stored(nothing.to_string().as_bytes(), "application/json"));
        plans.push((
            at,
            do_it(Actor::Import, json!({ "type": "plans.propose", "brief": brief, "version": 1, "made": comes_to }))
                .parse()
                .unwrap(),
        ));
        briefs.push((at, brief));
        if matches!(at, At::Village | At::SiblingVillage | At::CousinVillage | At::ForeignVillage) {
            let asked = json!({ "type": "wishes.count", "place": place, "work": "lamps", "asked": 9, "in_favour": 8, "on": "2026-10-01", "how": "visit", "note": said });
            do_it(Actor::Import, asked);
        }
        forms.push((at, form));
    }
    drop(store);
    let receipts = filled.receipts.iter().map(|(id, r)| (id.0, r.clone())).collect();
    Seed {
        dir,
        _kept: kept,
        places,
        people,
        problems,
        contacts,
        topics,
        receipts,
        foreign_photo,
        tasks,
        forms,
        submissions,
        campaigns,
        briefs,
        plans,
        leavers,
    }
}

/// A brief that asks for little.
pub fn plain_brief(place: i64) -> Value {
    // Money is kept at the county.
    let county = place / 100_000_000 * 100_000_000;
    let fund = json!({ "name": "县级预算", "source": "county_budget", "place": county, "carries_over": true, "fen": [2_000_000_000, 2_000_000_000, 2_000_000_000_i64] });
    json!({ "first_year": 2027, "years": 3, "later_permille": 950, "funds": [fund], "reserve_percent": 5, "own_percent": 10,
        "own_fen_per_household": 20_000, "labour_hours_per_household": 8, "load_per_year": 100, "accepted_percent": 60, "unasked_from_year": 2,
        "easy_first": [3], "demonstration_years": 0, "demonstration_percent": 0, "line_bonus_percent": 20, "neighbours_within_m": 3000,
        "plan_what_was_said": true, "worst_off_extra_permille": 300, "upkeep_percent": 0 })
}

/// What a plan comes to.
pub fn made_plan() -> Value {
    json!({ "file": "0".repeat(64), "needs_on": TODAY, "objective": 9, "bound": 10, "works": 0, "villages": 0, "cost_fen": 0, "left_out": 1, "seed": 1 })
}

/// A small form, with a question for a photo.
pub fn form_xml(id: &str, version: &str, title: &str) -> String {
    format!(
        r#"<?xml version="1.0"?><h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:orx="http://openrosa.org/xforms"><h:head><h:title>{title}</h:title><model><instance><data id="{id}" version="{version}"><village/><photo/><orx:meta><orx:instanceID/></orx:meta></data></instance><bind nodeset="/data/village" type="string"/><bind nodeset="/data/photo" type="binary"/></model></h:head><h:body><input ref="/data/village"/></h:body></h:html>"#
    )
}

/// It, filled in.
pub fn filled_xml(id: &str, version: &str, instance: &str, deprecated: Option<&str>, village: &str) -> String {
    let deprecated = deprecated.map(|d| format!("<orx:deprecatedID>{d}</orx:deprecatedID>")).unwrap_or_default();
    format!(
        r#"<?xml version='1.0' ?><data id="{id}" version="{version}" xmlns:orx="http://openrosa.org/xforms"><village>{village}</village><photo>photo.jpg</photo><orx:meta><orx:instanceID>{instance}</orx:instanceID>{deprecated}</orx:meta></data>"#
    )
}

/// A small PNG; another shade makes another file.
pub fn picture(width: u32, height: u32, shade: u8) -> Vec<u8> {
    encoded(width, height, shade, image::ImageFormat::Png)
}

/// A small picture in any format.
pub fn encoded(width: u32, height: u32, shade: u8, format: image::ImageFormat) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, shade]));
    let mut out = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut out, format).unwrap();
    out.into_inner()
}

static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

/// A running installation.
pub struct World {
    pub app: Arc<App>,
    pub store: Arc<Store>,
    service: Router,
    tokens: Mutex<Vec<(String, String)>>,
    dir: Arc<tempfile::TempDir>,
}

/// One world that nobody writes to.
pub static SHARED: LazyLock<World> = LazyLock::new(World::own);

pub fn settings() -> Settings {
    Settings {
        installation: "青溪县".into(),
        demo: true,
        secure_cookies: false,
        behind_proxy: false,
        now_ms: Some(NOW_MS),
        demo_sign_ins: Vec::new(),
        access: server::access::Access::of_demo(),
        oidc: None,
    }
}

impl World {
    /// A world of one's own, to write in.
    pub fn own() -> World {
        let dir = fast_dir();
        copy(&SEED.dir, dir.path());
        World::in_dir(dir, settings())
    }

    /// An installation with nothing in it.
    pub fn empty() -> World {
        World::in_dir(fast_dir(), Settings { demo: false, ..settings() })
    }

    fn in_dir(dir: tempfile::TempDir, settings: Settings) -> World {
        let store = Arc::new(Store::open(&Location::in_dir(dir.path())).unwrap());
        World::over(store, settings, Arc::new(dir))
    }

    fn over(store: Arc<Store>, settings: Settings, dir: Arc<tempfile::TempDir>) -> World {
        let app = App::new(store.clone(), settings);
        World { service: server::service(app.clone()), app, store, tokens: Mutex::default(), dir }
    }

    /// The same data, later or with other settings.
    pub fn with(&self, change: impl FnOnce(&mut Settings)) -> World {
        let mut settings = self.app.settings.clone();
        change(&mut settings);
        World::over(self.store.clone(), settings, self.dir.clone())
    }

    /// The same data, with nobody signed in yet.
    pub fn with_fresh_sessions(&self) -> World {
        self.with(|_| ())
    }

    /// The session of a person.
    pub fn token(&self, name: &str) -> String {
        let mut tokens = self.tokens.lock().unwrap();
        if let Some((_, token)) = tokens.iter().find(|(n, _)| n == name) {
            return token.clone();
        }
        let wanted = format!("test-{name}");
        let account = SEED.people.iter().find(|(n, _)| *n == wanted).unwrap_or_else(|| panic!("nobody is called {name}")).1;
        let token = self.store.accounts().open_session(account, self.app.now_ms()).unwrap();
        tokens.push((name.to_owned(), token.clone()));
        token
    }

    pub fn get(&self, path: &str) -> Ask<'_> {
        Ask::new(self, Method::GET, path)
    }

    pub fn post(&self, path: &str) -> Ask<'_> {
        Ask::new(self, Method::POST, path)
    }

    pub fn ask(&self, method: Method, path: &str) -> Ask<'_> {
        Ask::new(self, method, path)
    }

    /// Gives a command under a fresh id.
    pub fn command(&self, by: &str, command: Value) -> Reply {
        self.command_as(by, Uuid::now_v7(), command)
    }

    pub fn command_as(&self, by: &str, id: Uuid, command: Value) -> Reply {
        self.post("/api/commands").by(by).json(&json!({ "id": id, "command": command })).send()
    }

    /// The same, but it has to be accepted; the id of its subject.
    pub fn done(&self, by: &str, command: Value) -> String {
        let reply = self.command(by, command.clone());
        assert_eq!(reply.status, 200, "{by} {command}: {}", reply.text());
        reply.json()["subject"].as_str().unwrap().split(':').next_back().unwrap().to_owned()
    }

    /// Several at once, in order of asking.
    pub fn all(&self, asks: Vec<Ask<'_>>) -> Vec<Reply> {
        RUNTIME.block_on(async {
            let running: Vec<_> = asks.into_iter().map(|a| tokio::spawn(answered(self.service.clone(), a.request()))).collect();
            let mut replies = Vec::new();
            for one in running {
                replies.push(one.await.unwrap());
            }
            replies
        })
    }

    /// Facts of the programme: what is noted in the audit chain besides does not count.
    pub fn recorded(&self) -> u64 {
        let heads = self.store.heads().unwrap();
        heads.iter().filter(|h| h.chain.name == facts::ChainName::Main).map(|h| h.size).sum()
    }

    /// Everything stored, noted in the database or lying beside it: hashes of files.
    pub fn stored_files(&self) -> Vec<String> {
        let mut names: Vec<String> = self.store.files().all().unwrap().iter().map(|hash| hash.as_str().to_owned()).collect();
        let mut open = vec![self.store.dir().join("files")];
        while let Some(dir) = open.pop() {
            for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
                match entry.path() {
                    p if p.is_dir() => open.push(p),
                    p => names.push(p.file_name().unwrap().to_string_lossy().into_owned()),
                }
            }
        }
        names.sort();
        names.dedup();
        names
    }
}

async fn answered(service: Router, request: Request<Body>) -> Reply {
    let response = service.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    Reply { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes().to_vec() }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target);
        } else if entry.file_name() != "lock" {
            std::fs::copy(&source, &target).unwrap();
        }
    }
}

pub fn place(at: At) -> &'static Place {
    &SEED.places.iter().find(|(a, _)| *a == at).unwrap().1
}

/// The account of a test person.
pub fn person(name: &str) -> AccountId {
    SEED.people.iter().find(|(n, _)| n.strip_prefix("test-") == Some(name)).unwrap_or_else(|| panic!("nobody is called {name}")).1
}

pub fn problem(at: At) -> Uuid {
    SEED.problems.iter().find(|(a, _)| *a == at).unwrap().1
}

/// The post of a test person, as the table above says.
pub fn post(name: &str) -> (Role, At) {
    PEOPLE_OF_ROLES.iter().find(|(n, ..)| *n == name).map(|(_, role, at)| (*role, *at)).unwrap()
}

/// One request on its way.
#[derive(Clone)]
pub struct Ask<'w> {
    world: &'w World,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    cookies: Vec<String>,
    body: Vec<u8>,
    client: IpAddr,
}

impl<'w> Ask<'w> {
    fn new(world: &'w World, method: Method, path: &str) -> Ask<'w> {
        let writes = method != Method::GET && method != Method::HEAD && path.starts_with("/api/");
        let headers = if writes { vec![("x-qianwan".into(), "1".into())] } else { Vec::new() };
        Ask {
            world,
            method,
            path: path.into(),
            headers,
            cookies: Vec::new(),
            body: Vec::new(),
            client: IpAddr::from([192, 0, 2, 1]),
        }
    }

    /// Signed in as somebody; "nobody" is signed out.
    pub fn by(mut self, name: &str) -> Self {
        if name != "nobody" {
            let name_of = if self.world.app.settings.secure_cookies { "__Host-qw_session" } else { "qw_session" };
            self.cookies.push(format!("{name_of}={}", self.world.token(name)));
        }
        self
    }

    pub fn cookie(mut self, cookie: &str) -> Self {
        self.cookies.push(cookie.into());
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(n, _)| n != name);
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(n, _)| n != name);
        self
    }

    pub fn from(mut self, client: [u8; 4]) -> Self {
        self.client = IpAddr::from(client);
        self
    }

    pub fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", media_type)
    }

    pub fn json(self, value: &Value) -> Self {
        self.body("application/json", value.to_string())
    }

    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.body("application/x-www-form-urlencoded", body)
    }

    pub fn parts(self, fields: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> Self {
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend(format!("--here\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
        }
        for (name, file, content) in files {
            let head = format!(
                "--here\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: image/jpeg\r\n\r\n"
            );
            body.extend(head.bytes());
            body.extend(*content);
            body.extend(b"\r\n");
        }
        body.extend(b"--here--\r\n");
        self.body("multipart/form-data; boundary=here", body)
    }

    fn request(self) -> Request<Body> {
        let mut request = Request::builder().method(self.method).uri(&self.path);
        // A whole address is how HTTP/2 asks; it sends no Host.
        if !self.path.contains("://") && !self.headers.iter().any(|(n, _)| n == "host") {
            request = request.header("host", "localhost:8080");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value.as_bytes());
        }
        if !self.cookies.is_empty() {
            request = request.header("cookie", self.cookies.join("; "));
        }
        request.extension(ConnectInfo(SocketAddr::new(self.client, 4321))).body(Body::from(self.body)).unwrap()
    }

    pub fn send(self) -> Reply {
        let service = self.world.service.clone();
        RUNTIME.block_on(answered(service, self.request()))
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// A problem document with this status and word.
    #[track_caller]
    pub fn refused(&self, status: u16, word: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let document = self.json();
        assert_eq!(document["type"], format!("/errors/{word}"), "{document}");
        assert_eq!(document["status"], status);
        // Somebody has written words for it, and every gap in them was filled.
        for part in ["title", "detail"] {
            let words = document[part].as_str().unwrap();
            assert!(!words.is_empty() && !words.contains(['{', '}']) && !words.starts_with("error."), "{part}: {words:?}");
        }
        document
    }
}

pub fn keys(value: &Value) -> Vec<String> {
    let mut keys: Vec<String> = value.as_object().unwrap_or_else(|| panic!("not an object: {value}")).keys().cloned().collect();
    keys.sort();
    keys
}

/// Every route as the reference tells it: method, path, who may come in.
pub fn routes() -> Vec<(Method, String, String)> {
    let document = server::openapi_document();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            routes.push((method, path.clone(), operation["x-permit"].as_str().unwrap().to_owned()));
        }
    }
    routes
}

/// A path with its parameters filled in for one place.
/// Somebody whom a writing route lets in.
pub fn may_write(path: &str) -> &'static str {
    if ["/api/accounts", "/api/app-users"].iter().any(|p| path.starts_with(p)) { "admin" } else { "office" }
}

/// Who left a contact with the problem there.
pub fn contact(at: At) -> Uuid {
    SEED.contacts.iter().find(|(a, _)| *a == at).unwrap().1
}

pub fn task(at: At) -> Uuid {
    SEED.tasks.iter().find(|(a, _)| *a == at).unwrap().1
}

pub fn form(at: At) -> Uuid {
    SEED.forms.iter().find(|(a, _)| *a == at).unwrap().1
}

pub fn submission(at: At) -> Uuid {
    SEED.submissions.iter().find(|(a, _)| *a == at).unwrap().1
}

pub fn campaign(at: At) -> Uuid {
    SEED.campaigns.iter().find(|(a, _)| *a == at).unwrap().1
}

/// What plans have to keep to at a place.
pub fn brief(at: At) -> Uuid {
    SEED.briefs.iter().find(|(a, _)| *a == at).unwrap().1
}

/// A plan within it.
pub fn plan(at: At) -> Uuid {
    SEED.plans.iter().find(|(a, _)| *a == at).unwrap().1
}

/// Who left the office at a place.
pub fn leaver(at: At) -> &'static Leaver {
    &SEED.leavers.iter().find(|(a, _)| *a == at).unwrap().1
}

pub fn filled(path: &str, at: At) -> String {
    let place = place(at);
    let foreign = at.is_foreign();
    let leaver = leaver(at);
    let filled = path
        .replace("{code}", &place.code)
        .replace("/api/forms/{form}/versions/{version}/files/{name}", "/api/forms/{form}/versions/1/files/places.csv")
        .replace("/api/forms/{form}/versions/{version}", "/api/forms/{form}/versions/1")
        .replace("/api/submissions/{submission}/files/{name}", "/api/submissions/{submission}/files/photo.jpg")
        .replace("/api/forms/{form}/{file}", "/api/forms/{form}/submissions.csv")
        .replace("{*resource}", "Submissions")
        .replace("{resource}", "Submissions")
        .replace("/api/forms/{form}", &format!("/api/forms/{}", form(at)))
        .replace("{campaign}/coverage/{file}", "{campaign}/coverage/coverage.csv")
        .replace("/api/coverage/{file}", "/api/coverage/coverage.csv")
        .replace("/api/burden/{file}", "/api/burden/burden.csv")
        .replace("/api/catalogue/{file}", "/api/catalogue/catalogue.csv")
        .replace("/api/needs/{file}", "/api/needs/needs.csv")
        .replace("{campaign}", &campaign(at).to_string())
        .replace("{brief}", &brief(at).to_string())
        .replace("/api/plans/{plan}/{file}", "/api/plans/{plan}/works.csv")
        .replace("{plan}", &plan(at).to_string())
        .replace("{search}", "00000000-0000-0000-0000-000000000000")
        .replace("{submission}", &submission(at).to_string())
        .replace("{project}", &place.org.to_string())
        .replace("{form}", "seed")
        .replace("{version}", "1")
        .replace("{instance}", "none")
        .replace("{dataset}", "places")
        .replace("{entity}", &place.id.to_string())
        .replace("{role}", "app-user")
        .replace("{actor}", "0")
        .replace("{county}", if foreign { "990119" } else { "990101" })
        .replace("{chain}", "main")
        .replace("/handovers/{hash}", &format!("/handovers/{}", leaver.statement))
        .replace("/handover/{hash}", &format!("/handover/{}", leaver.statement))
        .replace("{person}", &leaver.person.to_string())
        .replace("/api/bearers", &format!("/api/bearers?post={}/head", place.id))
        .replace("{problem}", &problem(at).to_string())
        .replace("/persons/{id}", &format!("/persons/{}", contact(at)))
        .replace("{id}", &place.id.to_string())
        .replace("{view}", "problems")
        .replace("{key}", &problem(at).to_string())
        .replace("{name}", "problems_open")
        .replace("/api/export/{file}", "/api/export/problems.csv")
        .replace("/api/accounts/export/{file}", "/api/accounts/export/accounts.csv")
        .replace("/key/{key}", "/key/qwk_0000")
        .replace("{session}", "0000")
        .replace("{token}", "00000000-0000-0000-0000-000000000000")
        .replace("{account}", &person(if foreign { "foreign_village" } else { "village" }).to_string())
        .replace("/assets/{file}", "/assets/tokens.css")
        .replace("{file}", "index.html")
        .replace("{layer}", "villages")
        .replace("{z}", "9")
        .replace("{x}", "430")
        .replace("{y}", "210.mvt")
        .replace(
            "{hash}",
            if foreign { &SEED.foreign_photo } else { "0000000000000000000000000000000000000000000000000000000000000000" },
        );
    // What is visited stands in the query.
    if path.starts_with("/brief") { format!("{filled}?place={}", place.id) } else { filled }
}

/// Every type of command that the reference names.
pub fn command_types() -> Vec<String> {
    fn look(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                if let Some(words) = value.pointer("/properties/type/enum").and_then(Value::as_array) {
                    found.extend(words.iter().map(|w| w.as_str().unwrap().to_owned()).filter(|w| w.contains('.')));
                }
                map.values().for_each(|v| look(v, found));
            }
            Value::Array(list) => list.iter().for_each(|v| look(v, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    look(&server::openapi_document()["components"]["schemas"]["Command"], &mut found);
    found
}

/// Column of the tile that holds a longitude.
pub fn tile_x(lon_e7: i32, z: u8) -> u32 {
    ((f64::from(lon_e7) / 1e7 + 180.0) / 360.0 * f64::from(1_u32 << z)) as u32
}

/// Row of the tile that holds a latitude.
pub fn tile_y(lat_e7: i32, z: u8) -> u32 {
    let lat = (f64::from(lat_e7) / 1e7).to_radians();
    ((1.0 - (lat.tan() + 1.0 / lat.cos()).ln() / std::f64::consts::PI) / 2.0 * f64::from(1_u32 << z)) as u32
}
