//! Lists, groups, counts, histories: each equals what one gets by going through all rows by hand.

use std::{cmp::Ordering, collections::BTreeMap};

use domain::{
    Command, Row, ViewId,
    basics::{Column, ColumnKind, Filter, PlaceId, Value},
    places::{ImportChange, ImportRow, Kind, Level, Place},
    problems::Field,
};
use store::{Condition, Cursor, Groups, List, Scope, Store, StoreError, StoredRow};

use crate::{Case, county::*, ground::Ground};

pub const CASES: &[Case] = &[
    ("pages_visit_every_row_once_in_every_order", every_order),
    ("scopes_equal_going_through_all_rows", scopes),
    ("conditions_equal_going_through_all_rows", conditions),
    ("groups_equal_going_through_all_rows", groups),
    ("words_are_found_as_they_were_written", words),
    ("hostile_words_find_nothing_and_break_nothing", hostile),
    ("what_cannot_be_asked_is_told_as_a_bad_question", bad_questions),
    ("counts_stop_at_a_bound", counts),
    ("a_history_is_the_fold_of_its_facts", histories),
    ("facts_under_rows_equal_going_through_the_log", under),
    ("rows_come_in_the_order_of_their_keys", by_keys),
];

fn column(view: ViewId, name: &str) -> (usize, &'static Column) {
    view.columns().iter().enumerate().find(|(_, c)| c.name == name).expect("declared")
}

/// Numbers, then words by their bytes; nothing comes last.
fn order(a: &Value, b: &Value) -> Ordering {
    let rank = |v: &Value| match v {
        Value::Int(n) => (0, *n, String::new()),
        Value::Text(t) => (1, 0, t.clone()),
        Value::Null => (2, 0, String::new()),
        Value::Bytes(_) => unreachable!("never in view columns"),
    };
    rank(a).cmp(&rank(b))
}

fn every_order(ground: &Ground) {
    let store = ground.open();
    busy(&store);
    let mut orders = 0;
    for view in ViewId::ALL {
        let mut by_key = pages(&store, &all(*view));
        assert!(by_key.len() > 2, "{} has rows", view.name());
        assert!(by_key.windows(2).all(|w| w[0].key < w[1].key), "{} by key", view.name());
        for row in &by_key {
            let decoded = view.decode(&row.data).expect("a row");
            assert_eq!(decoded.values(), row.values, "{} {}", view.name(), row.key);
        }
        for sorted in view.columns().iter().filter(|c| c.sort) {
            let (at, _) = column(*view, sorted.name);
            by_key.sort_by(|a, b| order(&a.values[at], &b.values[at]).then_with(|| a.key.cmp(&b.key)));
            for (scope, rows) in [
                (Scope::All, by_key.clone()),
                (Scope::Within(vec![(QINGXI, Level::County, 990_101)]), within(&store, *view, &by_key, &[QINGXI])),
                (Scope::Within(vec![(CITY, Level::City, 990_100)]), within(&store, *view, &by_key, &[CITY])),
            ] {
                for down in [false, true] {
                    let list = List { sort: Some((sorted.name.into(), down)), scope: scope.clone(), ..all(*view) };
                    let mut expected = rows.clone();
                    if down {
                        expected.reverse();
                    }
                    assert_eq!(pages(&store, &list), expected, "{} by {} {down} {scope:?}", view.name(), sorted.name);
                    goes_on_behind(&store, &list, &expected);
                    // Of a column with long lists, one value at a time.
                    for leading in view.columns().iter().filter(|c| c.leads) {
                        let (at, _) = column(*view, leading.name);
                        for value in expected.iter().map(|r| r.values[at].clone()).collect::<Vec<_>>() {
                            let conditions = vec![Condition::OneOf(leading.name.into(), vec![value.clone()])];
                            let of_it: Vec<StoredRow> = expected.iter().filter(|r| r.values[at] == value).cloned().collect();
                            let list = List { conditions, ..list.clone() };
                            assert_eq!(pages(&store, &list), of_it, "{} by {} of {value:?}", view.name(), sorted.name);
                            goes_on_behind(&store, &list, &of_it);
                        }
                    }
                    orders += 1;
                }
            }
        }
    }
    assert!(orders >= 40, "{orders}");
}

/// Behind any number of its rows a list goes on with the rest; and it is counted to the last.
fn goes_on_behind(store: &Store, list: &List, rows: &[StoredRow]) {
    let count = store.count_all(list.view, &list.scope, &list.conditions).expect("counted");
    assert_eq!(count, rows.len() as u64, "{list:?}");
    for n in [0, 1.min(rows.len()), rows.len() / 2, rows.len()] {
        let after = store.behind(list, n as u64).expect("found");
        assert_eq!(after.is_some(), n > 0);
        assert_eq!(pages(store, &List { after, ..list.clone() }), rows[n..], "{list:?} behind {n}");
    }
    assert_eq!(store.behind(list, rows.len() as u64 + 1).expect("asked"), None);
}

fn place_of(store: &Store, view: ViewId, row: &StoredRow) -> Place {
    let name = if view == ViewId::Places { "id" } else { "place" };
    let Value::Int(id) = row.values[column(view, name).0] else { panic!("a row without a place") };
    let Some(Row::Places(place)) = store.row(ViewId::Places, &PlaceId(id).key()).expect("read") else { panic!("no place {id}") };
    *place
}

fn within(store: &Store, view: ViewId, rows: &[StoredRow], places: &[PlaceId]) -> Vec<StoredRow> {
    let inside = |row: &&StoredRow| {
        let place = place_of(store, view, row);
        // A province lies in itself; only what has the level's column filled counts as within.
        places.iter().any(|p| place.is_or_is_within(*p))
    };
    rows.iter().filter(inside).cloned().collect()
}

fn scopes(ground: &Ground) {
    let store = ground.open();
    busy(&store);
    // A village goes over to the other county, with everything that lies there; its facts stay in the old chain.
    let moved = ImportRow {
        code: "990102100203".into(),
        name: text("桥头村"),
        level: Level::Village,
        kind: Kind::Villagers,
        parent: Some("990102100000".into()),
    };
    let change = ImportChange::Recoded { code: "990101200201".into(), now: moved };
    accepted(&store, by(domain::basics::Actor::Import, Command::Import(import(Vec::new(), vec![change]))));
    let places = pages(&store, &all(ViewId::Places));
    let places: Vec<Place> = places.iter().map(|r| place_of(&store, ViewId::Places, r)).collect();
    for view in ViewId::ALL {
        let rows = pages(&store, &all(*view));
        let check = |chosen: &[&Place]| {
            let scope = Scope::Within(chosen.iter().map(|p| (p.id, p.level, p.org)).collect());
            let expected = within(&store, *view, &rows, &chosen.iter().map(|p| p.id).collect::<Vec<_>>());
            let names: Vec<&str> = chosen.iter().map(|p| p.name.as_str()).collect();
            let found = pages(&store, &List { scope: scope.clone(), ..all(*view) });
            assert_eq!(found, expected, "{} within {names:?}", view.name());
            let counted = store.count(*view, &scope, &[]).expect("counted");
            assert_eq!((counted.count, counted.capped), (expected.len() as u64, false), "{} within {names:?}", view.name());
            let mut seen = 0;
            store
                .columns(*view, &scope, &[], &[if *view == ViewId::Places { "id" } else { "place" }], &mut |_| seen += 1)
                .expect("columns");
            assert_eq!(seen, expected.len());
        };
        places.iter().for_each(|p| check(&[p]));
        places.windows(2).for_each(|p| check(&[&p[0], &p[1]]));
        check(&[]);
    }
}

fn conditions(ground: &Ground) {
    let store = ground.open();
    busy(&store);
    let mut checked = 0;
    for view in ViewId::ALL {
        let rows = pages(&store, &all(*view));
        for (at, column) in view.columns().iter().enumerate() {
            let mut values: Vec<Value> = rows.iter().map(|r| r.values[at].clone()).filter(|v| *v != Value::Null).collect();
            values.sort_by(order);
            values.dedup();
            let check = |condition: Condition, holds: &dyn Fn(&Value) -> bool| {
                let expected: Vec<StoredRow> = rows.iter().filter(|r| holds(&r.values[at])).cloned().collect();
                let list = List { conditions: vec![condition.clone()], ..all(*view) };
                assert_eq!(pages(&store, &list), expected, "{} {condition:?}", view.name());
            };
            let name = || column.name.to_owned();
            if column.filter == Filter::None {
                continue;
            }
            let some: Vec<Value> = values.iter().step_by(2).cloned().collect();
            check(Condition::OneOf(name(), some.clone()), &|v| some.contains(v));
            check(Condition::OneOf(name(), Vec::new()), &|_| false);
            for value in values.iter().step_by(3) {
                check(Condition::OneOf(name(), vec![value.clone()]), &|v| v == value);
                if column.filter == Filter::Range {
                    let known = |v: &Value| *v != Value::Null;
                    check(Condition::From(name(), value.clone()), &|v| known(v) && order(v, value).is_ge());
                    check(Condition::UpTo(name(), value.clone()), &|v| known(v) && order(v, value).is_le());
                    check(Condition::Below(name(), value.clone()), &|v| known(v) && order(v, value).is_lt());
                }
                checked += 1;
            }
        }
    }
    assert!(checked > 60, "{checked}");
}

fn groups(ground: &Ground) {
    let store = ground.open();
    busy(&store);
    let levels = ["@province", "@city", "@county", "@township", "@village"];
    let scope = Scope::Within(vec![(QINGXI, Level::County, 990_101)]);
    for view in ViewId::ALL {
        let rows = pages(&store, &List { scope: scope.clone(), ..all(*view) });
        let by: Vec<&str> = view.columns().iter().filter(|c| c.group).map(|c| c.name).chain(levels).collect();
        let numbers = view.columns().iter().filter(|c| c.kind == ColumnKind::Int).map(|c| Some(c.name));
        let sums: Vec<Option<&str>> = numbers.chain([None]).collect();
        let key = |row: &StoredRow, by: &str| match by.strip_prefix('@') {
            None => row.values[column(*view, by).0].clone(),
            Some(level) => {
                let level = Level::ALL.into_iter().find(|l| l.word() == level).expect("a level");
                let place = place_of(&store, *view, row);
                // The place itself stands in the column of villages, whatever its level.
                if level == Level::Village { place.id.into() } else { place.at_level(level).into() }
            }
        };
        let check = |by: &[&str], sum: Option<&str>| {
            let mut expected: BTreeMap<Vec<String>, (i64, i64)> = BTreeMap::new();
            for row in &rows {
                let keys = by.iter().map(|b| format!("{:?}", key(row, b))).collect();
                let value = sum.map(|s| &row.values[column(*view, s).0]);
                let group = expected.entry(keys).or_default();
                group.0 += 1;
                group.1 += if let Some(Value::Int(n)) = value { *n } else { 0 };
            }
            if by.is_empty() {
                expected.entry(Vec::new()).or_default();
            }
            let asked = Groups {
                view: *view,
                scope: scope.clone(),
                conditions: Vec::new(),
                by: by.iter().map(|b| (*b).to_owned()).collect(),
                sum: sum.map(str::to_owned),
            };
            let found = store.groups(&asked).unwrap_or_else(|e| panic!("{asked:?}: {e}"));
            let found: BTreeMap<Vec<String>, (i64, i64)> = found
                .iter()
                .map(|g| (g.keys.iter().map(|k| format!("{k:?}")).collect(), (g.count, g.sum.unwrap_or(0))))
                .collect();
            assert_eq!(found, expected, "{} by {by:?} sum {sum:?}", view.name());
        };
        for sum in &sums {
            check(&[], *sum);
            by.iter().for_each(|b| check(&[b], *sum));
        }
        by.windows(2).for_each(|b| check(b, None));
    }
}

fn find(store: &Store, words: &str) -> Vec<String> {
    let list = List { conditions: vec![Condition::Words(words.into())], ..all(ViewId::Problems) };
    let text = column(ViewId::Problems, "text").0;
    let mut found: Vec<String> = pages(store, &list)
        .iter()
        .map(|r| if let Value::Text(t) = &r.values[text] { t.clone() } else { String::new() })
        .collect();
    found.sort();
    found.dedup();
    found
}

fn words(ground: &Ground) {
    let store = ground.open();
    busy(&store);
    for words in WORDS {
        assert_eq!(find(&store, words), [words], "the whole of it");
    }
    for (asked, expected) in [
        ("垃圾桶", vec!["村口垃圾桶满了"]),
        ("%", vec!["100% broken"]),
        ("0%", vec!["100% broken"]),
        ("_", vec!["a_b"]),
        ("a_b", vec!["a_b"]),
        (r"\", vec![r"back\slash"]),
        (r"k\s", vec![r"back\slash"]),
        ("BROKEN", vec!["100% broken", "Broken LAMP"]),
        ("lamp broken", vec!["Broken LAMP"]),
        ("ＡＢＣ ÅNG", vec!["ÅNGSTRÖM Straße ＡＢＣ"]),
        ("'", vec!["'; DROP TABLE fact; --"]),
        ("", WORDS.to_vec()),
        ("nowhere", vec![]),
    ] {
        let mut expected = expected;
        expected.sort_unstable();
        assert_eq!(find(&store, asked), expected, "{asked:?}");
    }
    let number = format!("990101-{}", store.heads().expect("heads")[2].size);
    let by_number = List { conditions: vec![Condition::Words("990101-".into())], ..all(ViewId::Problems) };
    assert!(!pages(&store, &by_number).is_empty(), "numbers are searched, as {number}");
    let rules = List { conditions: vec![Condition::Words("problems".into())], ..all(ViewId::Rules) };
    assert_eq!(pages(&store, &rules), [], "nothing is searched in rules");
}

fn hostile(ground: &Ground) {
    let store = ground.open();
    busy(&store);
    let before = contents(&store);
    for words in ["' OR 1=1 --", "\\'", "%%%", "\u{202e}", "$1", "?1", "\"", "\u{10ffff}", &"长".repeat(100_000), "\u{fffe}"] {
        assert_eq!(find(&store, words), Vec::<String>::new(), "{:?}", words.chars().take(9).collect::<String>());
        let one = Condition::OneOf("field".into(), vec![words.into()]);
        assert_eq!(store.count(ViewId::Problems, &Scope::All, &[one]).expect("an answer").count, 0);
        assert_eq!(store.row(ViewId::Problems, words).expect("an answer"), None);
    }
    // A text with a null character cannot be stored, and so is nowhere.
    assert_eq!(find(&store, "a\0b"), Vec::<String>::new());
    assert!(matches!(store.row(ViewId::Problems, "a\0b"), Ok(None) | Err(StoreError::Bad(_))));
    assert_eq!(contents(&store), before);
}

fn bad_questions(ground: &Ground) {
    let store = ground.open();
    busy(&store);
    let problems = || all(ViewId::Problems);
    let sorted = |name: &str| Some((name.to_owned(), false));
    let with = |condition| List { conditions: vec![condition], ..problems() };
    let after = |value: Value| Some(Cursor { value, key: "x".into() });
    let lists = [
        List { sort: sorted("text"), ..problems() },
        List { sort: sorted("nothing"), ..problems() },
        List { sort: sorted("due; DROP TABLE fact"), ..problems() },
        List { sort: sorted("due"), after: after(Value::Int(5)), ..problems() },
        List { sort: sorted("households_registered"), after: after("five".into()), ..all(ViewId::Places) },
        List { sort: sorted("households_registered"), after: after(Value::Null), ..all(ViewId::Places) },
        with(Condition::OneOf("text".into(), vec!["a".into()])),
        with(Condition::OneOf("place".into(), vec!["a".into()])),
        with(Condition::OneOf("field".into(), vec![Value::Int(1)])),
        with(Condition::OneOf("field".into(), vec![Value::Null])),
        with(Condition::From("field".into(), "a".into())),
        with(Condition::UpTo("reopened".into(), "9999999999999999999".into())),
    ];
    for list in lists {
        let told = store.list(&list);
        assert!(matches!(told, Err(StoreError::Bad(_))), "{:?} {:?} {:?}: {told:?}", list.sort, list.after, list.conditions);
    }
    let asked = |by: &[&str], sum: Option<&str>| {
        let by = by.iter().map(|b| (*b).to_owned()).collect();
        store.groups(&Groups {
            view: ViewId::Problems,
            scope: Scope::All,
            conditions: Vec::new(),
            by,
            sum: sum.map(str::to_owned),
        })
    };
    for told in [asked(&["text"], None), asked(&["@moon"], None), asked(&[], Some("text")), asked(&["field"], Some("nothing"))] {
        assert!(matches!(told, Err(StoreError::Bad(_))), "{told:?}");
    }
}

fn counts(ground: &Ground) {
    let store = ground.open();
    busy(&store);
    let table =
        ground.raw().one("SELECT 'v_' || view || '_' || version || '_' || generation FROM view_table WHERE view = 'topics'");
    let count = || store.count(ViewId::Topics, &Scope::All, &[]).expect("counted");
    let fill = |rows: i64| {
        let columns = "org, data, c_place, c_field, c_state, c_title, c_problems, c_proposed_on";
        ground.raw().run(&format!(
            "INSERT INTO {table} (key, {columns}) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) \
             SELECT 'filler' || {rows} || '-' || i, {columns} FROM n, (SELECT {columns} FROM {table} LIMIT 1) AS one"
        ));
    };
    fill(9_997);
    assert_eq!((count().count, count().capped), (10_000, false));
    fill(1);
    assert_eq!((count().count, count().capped), (10_000, true));
}

fn histories(ground: &Ground) {
    let store = ground.open();
    busy(&store);
    let mut facts = 0;
    for (view, rows) in contents(&store) {
        for stored in rows {
            let subject = subject_of(view, &stored);
            let history = store.history(view, &stored.key, &subject).expect("history");
            assert!(!history.is_empty(), "{subject}");
            let mut row = None;
            for entry in &history {
                assert_eq!(entry.before, row);
                row = view.fold(row, &store::decode(&entry.fact).expect("readable"));
                assert_eq!(entry.after, row);
                facts += 1;
            }
            assert_eq!(row, store.row(view, &stored.key).expect("read"), "{subject}");
        }
    }
    assert!(facts > 150, "{facts}");
    assert!(store.history(ViewId::Problems, "nothing", "problem:nothing").expect("history").is_empty());
}

fn subject_of(view: ViewId, row: &StoredRow) -> String {
    match view {
        ViewId::Places => format!("place:{}", row.key),
        ViewId::Counts => format!("place:{}", row.key.split('/').next().unwrap_or_default()),
        ViewId::Rules => format!("rules:{}", row.key.split('/').next().unwrap_or_default()),
        ViewId::Problems => format!("problem:{}", row.key),
        ViewId::Topics => format!("topic:{}", row.key),
        ViewId::Persons => format!("person:{}", row.key),
        ViewId::Posts => format!("post:{}", row.key),
        ViewId::Tasks => format!("task:{}", row.key),
        ViewId::Forms => format!("form:{}", row.key),
        ViewId::Submissions => format!("submission:{}", row.key),
        ViewId::Readings => format!("submission:{}", row.key.split('/').next().unwrap_or_default()),
        ViewId::Campaigns => format!("campaign:{}", row.key),
        ViewId::Briefs => format!("brief:{}", row.key),
        ViewId::Plans => format!("plan:{}", row.key),
        ViewId::Wishes => format!("wishes:{}", row.key.split('/').next().unwrap_or_default()),
        // Found by its key.
        ViewId::Burden => String::new(),
        ViewId::Holdings | ViewId::Lapses | ViewId::Assignments => match row.values.last() {
            Some(Value::Text(subject)) => subject.clone(),
            other => panic!("{other:?}"),
        },
        ViewId::Audit => format!("access:{}", row.key),
    }
}

fn under(ground: &Ground) {
    let store = ground.open();
    busy(&store);
    let log: Vec<facts::Fact> =
        store.heads().expect("heads").iter().flat_map(|h| store.latest(h.chain, None, 10_000).expect("read")).collect();
    let open = Condition::OneOf("open".into(), vec![Value::Int(1)]);
    let waste = Condition::OneOf("field".into(), vec![Field::Waste.word().into()]);
    let township = Scope::Within(vec![(YUNLING, Level::Township, 990_101)]);
    for (view, word, scope, conditions) in [
        (ViewId::Problems, "problem", Scope::All, vec![]),
        (ViewId::Problems, "problem", township.clone(), vec![open, waste]),
        (ViewId::Places, "place", township.clone(), vec![]),
        (ViewId::Counts, "place", Scope::All, vec![]),
        (ViewId::Topics, "topic", Scope::All, vec![]),
        (ViewId::Readings, "submission", Scope::All, vec![]),
        (ViewId::Wishes, "wishes", Scope::All, vec![]),
    ] {
        let rows = pages(&store, &List { scope: scope.clone(), conditions: conditions.clone(), ..all(view) });
        let mut subjects: Vec<String> = rows.iter().map(|r| subject_of(view, r)).collect();
        subjects.sort();
        subjects.dedup();
        // A count rests on what was counted, not on everything that happened to its place.
        let concerns = |f: &&facts::Fact| match view {
            ViewId::Counts => f.kind.as_str() == "place.counted@1",
            ViewId::Readings => f.kind.as_str().starts_with("reading."),
            _ => true,
        };
        let mut expected: Vec<&facts::Fact> =
            log.iter().filter(|f| subjects.binary_search(&f.subject).is_ok()).filter(concerns).collect();
        expected.sort_by_key(|f| std::cmp::Reverse((f.recorded_ms, f.chain.county, f.seq)));
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let page = store.facts_under(view, word, &scope, &conditions, before, 5).expect("facts");
            before = page.last().map(|f| (f.recorded_ms, f.chain.county, f.seq));
            let done = page.len() < 5;
            found.extend(page);
            if done {
                break;
            }
        }
        assert!(!found.is_empty(), "{}", view.name());
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{}", view.name());
    }
}

fn by_keys(ground: &Ground) {
    let store = ground.open();
    busy(&store);
    let keys: Vec<String> = [VILLAGES[3].key(), "nothing".into(), VILLAGES[0].key(), CITY.key()].into();
    let found: Vec<String> = store.rows(ViewId::Places, &keys).expect("rows").into_iter().map(|(key, _)| key).collect();
    assert_eq!(found, [VILLAGES[3].key(), VILLAGES[0].key(), CITY.key()]);
    let Some(Row::Places(place)) = store.place_by_code("990101100201").expect("read") else { panic!("no place") };
    assert_eq!(place.id, VILLAGES[0]);
    assert_eq!(store.place_by_code("000000000000").expect("read"), None);
    let mut names = 0;
    store.each_place(&mut |_| names += 1).expect("each");
    assert_eq!(names, 14);
    store.set_setting("name", "一").expect("set");
    store.set_setting("name", "二").expect("set");
    assert_eq!((store.setting("name").expect("read").as_deref(), store.setting("other").expect("read")), (Some("二"), None));
}
