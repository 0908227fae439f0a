//! Scenes for the rule tests of every room: a small made-up county, its people by name, and one harness,
//! `given(facts).when(command).by(person).then(facts, or a refusal)`. Pure, so that hundreds run in milliseconds.

pub mod any;
mod wording;

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::{
    Command, Fact, Row, ViewId,
    basics::{
        AccountId, Actor, AsView, Authority, Context, Day, Draft, PersonId, PlaceId, Post, Read, Recorded, RefusalBody, Role,
        Rows, Subject, Text, View,
    },
    places::{self, Kind, Level},
    rules,
};

/// The first place that had this code.
pub const fn first(code: i64) -> PlaceId {
    PlaceId(code * 100)
}

// The places. The second county has a chain of its own.
pub const PROVINCE: PlaceId = first(990000000000);
pub const CITY: PlaceId = first(990100000000);
pub const QINGXI: PlaceId = first(990101000000);
pub const YUNLING: PlaceId = first(990101100000);
pub const XIKOU: PlaceId = first(990101200000);
pub const SHANGWU: PlaceId = first(990101100201);
pub const XIAWU: PlaceId = first(990101100202);
pub const QIAOTOU: PlaceId = first(990101200201);
pub const LINXI: PlaceId = first(990102000000);
pub const GAOPING: PlaceId = first(990102100000);
pub const SHIQIAO: PlaceId = first(990102100201);
/// Nowhere.
pub const NOWHERE: PlaceId = PlaceId(1);

const REGISTER: &[(PlaceId, &str, Level, Kind, &[PlaceId])] = &[
    (PROVINCE, "东越省", Level::Province, Kind::Area, &[]),
    (CITY, "清江市", Level::City, Kind::Area, &[PROVINCE]),
    (QINGXI, "青溪县", Level::County, Kind::Area, &[PROVINCE, CITY]),
    (YUNLING, "云岭镇", Level::Township, Kind::Town, &[PROVINCE, CITY, QINGXI]),
    (XIKOU, "溪口乡", Level::Township, Kind::Township, &[PROVINCE, CITY, QINGXI]),
    (SHANGWU, "上坞村", Level::Village, Kind::Villagers, &[PROVINCE, CITY, QINGXI, YUNLING]),
    (XIAWU, "下坞村", Level::Village, Kind::Villagers, &[PROVINCE, CITY, QINGXI, YUNLING]),
    (QIAOTOU, "桥头村", Level::Village, Kind::Villagers, &[PROVINCE, CITY, QINGXI, XIKOU]),
    (LINXI, "邻溪县", Level::County, Kind::Area, &[PROVINCE, CITY]),
    (GAOPING, "高坪镇", Level::Township, Kind::Town, &[PROVINCE, CITY, LINXI]),
    (SHIQIAO, "石桥村", Level::Village, Kind::Villagers, &[PROVINCE, CITY, LINXI, GAOPING]),
];

/// Somebody with an account, and the posts held.
#[derive(Clone, Copy)]
pub struct Person(pub u128, pub &'static [Post]);

impl Person {
    pub fn account(self) -> AccountId {
        AccountId(Uuid::from_u128(self.0))
    }

    pub fn person(self) -> PersonId {
        PersonId(Uuid::from_u128(0x9e50 << 16 | self.0))
    }
}

impl From<Person> for Actor {
    fn from(p: Person) -> Actor {
        Actor::Account { id: p.account(), person: p.person(), posts: p.1.to_vec() }
    }
}

pub const fn post(place: PlaceId, role: Role) -> Post {
    Post::new(place, role)
}

/// Chen runs the county's programme office.
pub const CHEN: Person = Person(1, &[post(QINGXI, Role::Office)]);
/// Lin works in a department of the county.
pub const LIN: Person = Person(2, &[post(QINGXI, Role::Department)]);
/// Lu is an official of Yunling town.
pub const LU: Person = Person(3, &[post(YUNLING, Role::Township)]);
/// Mo shares Lu's post.
pub const MO: Person = Person(4, &[post(YUNLING, Role::Township)]);
/// Shen heads Yunling town.
pub const SHEN: Person = Person(5, &[post(YUNLING, Role::Head)]);
/// Zhou is an official of Xikou township, the neighbour of Yunling.
pub const ZHOU: Person = Person(6, &[post(XIKOU, Role::Township)]);
/// Wang sits on the committee of Shangwu village.
pub const WANG: Person = Person(7, &[post(SHANGWU, Role::Village)]);
/// Wu heads Shangwu village.
pub const WU: Person = Person(8, &[post(SHANGWU, Role::Head)]);
/// Gao inspects for the county.
pub const GAO: Person = Person(9, &[post(QINGXI, Role::Inspector)]);
/// Fang heads the county.
pub const FANG: Person = Person(10, &[post(QINGXI, Role::Head)]);
/// He heads the city.
pub const HE: Person = Person(11, &[post(CITY, Role::Head)]);
/// Tao is an official of a town in the other county.
pub const TAO: Person = Person(12, &[post(GAOPING, Role::Township)]);
/// The city's office, over both counties.
pub const CITY_OFFICE: Person = Person(13, &[post(CITY, Role::Office)]);
/// Somebody with an account and no post.
pub const STRANGER: Person = Person(14, &[]);
/// The administrator of the installation.
pub const ADMIN: Person = Person(15, &[post(QINGXI, Role::Admin)]);
/// Somebody who only looks.
pub const VIEWER: Person = Person(16, &[post(QINGXI, Role::Viewer)]);
/// Somebody who holds every post that any command could need; for what depends on the state alone.
pub const EVERYBODY: Person = Person(
    99,
    &[
        post(QINGXI, Role::Office),
        post(QINGXI, Role::Department),
        post(QINGXI, Role::Inspector),
        post(QINGXI, Role::Head),
        post(YUNLING, Role::Head),
        post(YUNLING, Role::Township),
    ],
);
/// Aunt Li of Shangwu has no account.
pub const AUNT_LI: Actor = Actor::Public;
/// A clock that ran out.
pub const CLOCK: Actor = Actor::System;
/// Whoever has the machine.
pub const IMPORT: Actor = Actor::Import;

pub fn text<const N: usize>(words: &str) -> Text<N> {
    Text::new(words).expect("a good text")
}

pub fn day(words: &str) -> Day {
    words.parse().expect("a day")
}

/// What has been recorded so far, folded into every view, and what day it is.
#[derive(Clone, Default)]
pub struct Scene {
    table: BTreeMap<(ViewId, String), Row>,
    seqs: BTreeMap<u32, u64>,
    now_ms: i64,
    fresh: u128,
}

/// The register of places as facts.
pub fn registrations() -> Vec<(PlaceId, places::Fact)> {
    let fact = |&(id, name, level, kind, within): &(PlaceId, &str, Level, Kind, &[PlaceId])| {
        let code = format!("{:012}", id.0 / 100);
        let within = within.to_vec();
        let body = places::Registered { code, name: text(name), level, kind, within, from: None, origin: "made up".into() };
        (id, places::Fact::Registered(body))
    };
    REGISTER.iter().map(fact).collect()
}

/// The places and the starting pack of rules at the county, on 1 January 2026; then it is the day that is named.
pub fn county_on(today: &str) -> Scene {
    static COUNTY: std::sync::LazyLock<Scene> = std::sync::LazyLock::new(county);
    COUNTY.clone().on(today)
}

fn county() -> Scene {
    let mut scene = Scene::default().on("2026-01-01");
    for (id, fact) in registrations() {
        scene = scene.happened(IMPORT, Subject::Place(id), id, fact);
    }
    for rule in rules::starting_pack() {
        scene = scene.rule(QINGXI, "2026-01-01", rule);
    }
    scene
}

impl Scene {
    /// Nine in the morning of a day.
    pub fn on(self, today: &str) -> Scene {
        Scene { now_ms: day(today).start_ms() + 9 * 3_600_000, ..self }
    }

    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// Given: a rule at a place.
    pub fn rule(self, place: PlaceId, from: &str, rule: rules::Rule) -> Scene {
        let set = rules::Fact::RuleSet(rules::RuleSet { from: day(from), rule, reason: text("as decided") });
        self.happened(IMPORT, Subject::Rules(place), place, set)
    }

    /// Given: a fact.
    pub fn happened(mut self, by: impl Into<Actor>, subject: Subject, place: PlaceId, fact: impl Into<Fact>) -> Scene {
        let org = u32::try_from(place.0 / 100_000_000).expect("six digits");
        self.record(&by.into(), Draft { org, subject, place, effective_ms: self.now_ms, fact: fact.into() });
        self
    }

    fn record(&mut self, by: &Actor, draft: Draft) {
        let Draft { org, subject, place, effective_ms, fact } = draft;
        assert_eq!(Fact::decode(fact.kind(), &fact.encode()).expect("readable"), fact, "a recorded fact is read back as it was");
        let seq = self.seqs.entry(org).and_modify(|n| *n += 1).or_insert(1);
        let recorded =
            Recorded { org, seq: *seq, subject, place, actor: by.word(), effective_ms, recorded_ms: self.now_ms, fact };
        self.fold(&recorded);
    }

    /// Folds a fact into every view that it concerns.
    pub fn fold(&mut self, recorded: &Recorded) {
        for view in ViewId::ALL {
            let Some(key) = view.key(recorded) else { continue };
            let before = self.table.remove(&(*view, key.clone()));
            if let Some(after) = view.fold(before, recorded) {
                self.table.insert((*view, key), after);
            }
        }
    }

    /// The row with this key, which must be there.
    pub fn row<V: View>(&self, key: &str) -> &V
    where
        Row: AsView<V>,
    {
        self.table
            .get(&(V::ID, key.to_owned()))
            .and_then(AsView::as_view)
            .unwrap_or_else(|| panic!("{:?} has no row {key}", V::ID))
    }

    pub fn place(&self, id: PlaceId) -> &places::Place {
        self.row(&id.key())
    }

    pub fn rows(&self) -> impl Iterator<Item = (ViewId, &str, &Row)> {
        self.table.iter().map(|((view, key), row)| (*view, key.as_str(), row))
    }

    /// When a command is given.
    pub fn when(&self, command: impl Into<Command>) -> When<'_> {
        When { scene: self, command: command.into() }
    }

    /// Puts in what the command asks for, until it asks for nothing new. Looking at any other row panics in [`Rows`].
    fn load(&self, command: &Command) -> Rows {
        let mut rows = Rows::default();
        for round in 0.. {
            assert!(round <= 4, "the writer looks ahead four rounds: {command:?}");
            let wanted: Vec<Read> = command.reads(&rows).into_iter().filter(|r| !rows.has(r)).collect();
            if wanted.is_empty() {
                break;
            }
            for read in wanted {
                match read {
                    Read::Row(view, key) => {
                        let row = self.table.get(&(view, key.clone())).cloned();
                        rows.put(view, key, row);
                    }
                    Read::AllPlaces => {
                        for ((view, key), row) in self.table.range((ViewId::Places, String::new())..) {
                            if *view == ViewId::Places {
                                rows.put(*view, key.clone(), Some(row.clone()));
                            }
                        }
                        rows.all_places_loaded();
                    }
                }
            }
        }
        rows
    }
}

/// A command in a scene.
pub struct When<'s> {
    scene: &'s Scene,
    command: Command,
}

/// What a command leads to.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    Facts(Vec<Fact>),
    Refused(RefusalBody),
    Forbidden,
}

impl When<'_> {
    /// By somebody: through the one door, as the writer does it.
    pub fn by(&self, actor: impl Into<Actor>) -> Then {
        self.decided(actor.into(), true)
    }

    /// Past the door, for refusals that stand behind it as a second check.
    pub fn past_the_door(&self) -> Then {
        self.decided(CLOCK, false)
    }

    fn decided(&self, actor: Actor, door: bool) -> Then {
        let wire = serde_json::to_string(&self.command).expect("commands serialise");
        let arrived: Command = serde_json::from_str(&wire).expect("commands are read back");
        assert_eq!(arrived, self.command, "a command survives the wire: {wire}");
        let rows = self.scene.load(&self.command);
        let mut after = self.scene.clone();
        after.fresh += 1;
        if door && !self.command.authority(&rows).is_some_and(|needed| allowed(needed, &actor, &rows)) {
            return Then { outcome: Outcome::Forbidden, drafts: Vec::new(), field: None, after };
        }
        let fresh = Uuid::from_u128(0xf000 + after.fresh);
        let context = Context { now_ms: self.scene.now_ms, actor: actor.clone(), command: Uuid::nil(), fresh };
        match self.command.clone().decide(&rows, &context) {
            Err(refusal) => {
                let field = self.command.field(&refusal.code);
                let sent: serde_json::Value = serde_json::from_str(&wire).expect("JSON");
                assert!(field.is_none_or(|f| sent.get(f).is_some()), "{refusal:?} blames {field:?}, which is not in {wire}");
                Then { outcome: Outcome::Refused(refusal), drafts: Vec::new(), field, after }
            }
            Ok(drafts) => {
                for draft in &drafts {
                    after.record(&actor, draft.clone());
                }
                let facts = drafts.iter().map(|d| d.fact.clone()).collect();
                Then { outcome: Outcome::Facts(facts), drafts, field: None, after }
            }
        }
    }
}

/// As `store::writer::allowed`, which no crate below it can reach.
fn allowed(authority: Authority, actor: &Actor, rows: &Rows) -> bool {
    match (authority, actor) {
        (_, Actor::System | Actor::Import) | (Authority::Anybody, _) => true,
        (Authority::Machine, _) | (Authority::Post(..), Actor::Public) => false,
        (Authority::Post(capability, place), Actor::Account { .. }) => {
            rows.place(place).is_some_and(|place| actor.post_for(capability, place).is_some())
        }
    }
}

/// What came of a command, and the scene after it.
pub struct Then {
    pub outcome: Outcome,
    pub drafts: Vec<Draft>,
    /// The field of the command that a refusal speaks of.
    pub field: Option<&'static str>,
    after: Scene,
}

/// What is expected: a refusal's code, `forbidden` or the kinds of the facts as words; or the facts themselves.
pub enum Expected {
    Word(String),
    Facts(Vec<Fact>),
}

impl From<&str> for Expected {
    fn from(word: &str) -> Expected {
        Expected::Word(word.to_owned())
    }
}
impl<F: Into<Fact>> From<F> for Expected {
    fn from(fact: F) -> Expected {
        Expected::Facts(vec![fact.into()])
    }
}
impl<F: Into<Fact>, const N: usize> From<[F; N]> for Expected {
    fn from(facts: [F; N]) -> Expected {
        Expected::Facts(facts.into_iter().map(Into::into).collect())
    }
}

impl Then {
    /// The outcome as a word: a refusal's code, `forbidden`, or the kinds of the facts.
    pub fn word(&self) -> String {
        match &self.outcome {
            Outcome::Facts(facts) if facts.is_empty() => "nothing".into(),
            Outcome::Facts(facts) => facts.iter().map(|f| f.kind().trim_end_matches("@1")).collect::<Vec<_>>().join(" "),
            Outcome::Refused(refusal) => refusal.code.clone(),
            Outcome::Forbidden => "forbidden".into(),
        }
    }

    /// Then this is expected; the scene goes on.
    #[track_caller]
    pub fn then(self, expected: impl Into<Expected>) -> Scene {
        self.then_in("", expected)
    }

    /// The same, with what the case is about.
    #[track_caller]
    pub fn then_in(self, case: &str, expected: impl Into<Expected>) -> Scene {
        match expected.into() {
            Expected::Word(word) => assert_eq!(self.word(), word, "{case}: {:?}", self.outcome),
            Expected::Facts(facts) => assert_eq!(self.outcome, Outcome::Facts(facts), "{case}"),
        }
        self.after
    }

    /// Then it is refused for this, and this field is to blame; none where it is no single one.
    #[track_caller]
    pub fn blames(self, code: &str, field: Option<&str>) -> Scene {
        assert_eq!((self.word().as_str(), self.field), (code, field), "{:?}", self.outcome);
        self.after
    }

    /// Then it is refused with these values for the wording.
    #[track_caller]
    pub fn refused(self, code: &str, args: serde_json::Value) -> Scene {
        match &self.outcome {
            Outcome::Refused(refusal) => {
                assert_eq!(refusal.code, code);
                assert_eq!(serde_json::Value::Object(refusal.args.clone()), args);
                assert!(!refusal.english.is_empty() && !refusal.english.contains('{'), "{}", refusal.english);
            }
            other => panic!("expected {code}, got {other:?}"),
        }
        self.after
    }
}

macro_rules! into_any {
    ($($variant:ident $room:ident),+ ; $($command:ident $of:path),+ $(,)?) => {
        $(impl From<crate::$room::Fact> for Fact { fn from(f: crate::$room::Fact) -> Fact { Fact::$variant(f) } })+
        $(impl From<$of> for Command { fn from(c: $of) -> Command { Command::$command(c) } })+
    };
}
into_any!(
    Place places, Problem problems, Rule rules, Duty duties, Person persons, Survey surveys, Campaign campaigns, Planning planning;
    Duties crate::duties::Command, Tasks crate::duties::TaskCommand, Places crate::places::Command, Problems crate::problems::Command, Rules crate::rules::Command, Persons crate::persons::Command, Surveys crate::surveys::Command, Campaigns crate::campaigns::Command, Planning crate::planning::Command, Import crate::places::RegisterImport,
);

/// A refusal enum with one example of every variant. The match makes a forgotten variant a compile error.
macro_rules! every_refusal {
    ($room:literal, $name:path { $($variant:ident $({ $($field:ident: $value:expr),* $(,)? })?),+ $(,)? }) => {{
        use $name as Enumerated;
        #[allow(dead_code)]
        fn none_is_forgotten(refusal: &Enumerated) {
            match refusal { $(Enumerated::$variant $({ $($field: _),* })? => {}),+ }
        }
        vec![$($crate::basics::RefusalBody::of($room, &Enumerated::$variant $({ $($field: $value),* })?)),+]
    }};
}
pub(crate) use every_refusal;

/// One line of an `encoding.jsonl`.
#[derive(serde::Deserialize)]
struct GoldenLine {
    kind: String,
    body: String,
}

/// What was once recorded is read for ever: each line decodes and encodes to exactly its bytes, every kind has a line,
/// a field that a later version adds is passed over, and a missing optional one is nothing.
pub fn check_golden(lines: &str, kinds: &[&str]) {
    let lines: Vec<GoldenLine> = lines.lines().map(|l| serde_json::from_str(l).expect("a golden line")).collect();
    for kind in kinds {
        assert!(lines.iter().any(|l| l.kind == *kind), "{kind} has no golden line");
    }
    for GoldenLine { kind, body } in &lines {
        let read = |body: &str| Fact::decode(kind, body).unwrap_or_else(|e| panic!("{kind} {body}: {e:?}"));
        let fact = read(body);
        assert_eq!(fact.kind(), kind);
        assert_eq!(&fact.encode(), body, "exact bytes of {kind}");
        let whole: serde_json::Map<String, serde_json::Value> = serde_json::from_str(body).expect("an object");
        let mut later = whole.clone();
        later.insert("later".into(), serde_json::json!({"added": [1]}));
        assert_eq!(read(&serde_json::Value::Object(later).to_string()), fact, "a later field in {kind}");
        for (name, _) in whole.iter().filter(|(_, v)| v.is_null()) {
            let mut without = whole.clone();
            without.remove(name);
            assert_eq!(read(&serde_json::Value::Object(without).to_string()), fact, "{kind} without {name}");
        }
    }
}
