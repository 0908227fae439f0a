//! Tables of forms, rows of submissions, and what texts stand for.

use std::{fs, path::Path};

use super::*;
use crate::tree::Limits;

fn read(version: &str, instance: &str, model: &str, body: &str) -> Form {
    let text = format!(
        "<h:html xmlns='http://www.w3.org/2002/xforms' xmlns:h='http://www.w3.org/1999/xhtml' xmlns:jr='http://openrosa.org/javarosa' xmlns:orx='http://openrosa.org/xforms'>\
         <h:head><h:title>T</h:title><model><instance><data id='f' version='{version}'>{instance}<orx:meta><orx:instanceID/></orx:meta></data></instance>{model}</model></h:head><h:body>{body}</h:body></h:html>"
    );
    Form::read(text.as_bytes()).form.unwrap()
}

fn household() -> Form {
    read(
        "1",
        "<name/><g><at/><n-1/><n.1/></g><people><person jr:template=''><age/><toy jr:template=''><name/></toy></person></people>",
        "<itext><translation lang='中文 (zh)'><text id='n'><value>姓名 <output value='/data/name'/></value></text></translation>\
         <translation lang='English (en)'><text id='n'><value>Name</value></text></translation></itext>\
         <bind nodeset='/data/g/at' type='geopoint'/><bind nodeset='/data/people/person/age' type='int'/>",
        "<input ref='/data/name'><label ref=\"jr:itext('n')\"/></input><input ref='/data/g/at'><label>Where</label></input>\
         <group ref='/data/people/person'><repeat nodeset='/data/people/person'><input ref='/data/people/person/age'/>\
         <group ref='/data/people/person/toy'><repeat nodeset='/data/people/person/toy'><input ref='/data/people/person/toy/name'/></repeat></group></repeat></group>",
    )
}

fn told(tables: &Tables) -> Vec<(String, Option<usize>, Vec<String>)> {
    tables.tables.iter().map(|t| (t.name.clone(), t.above, t.columns.iter().map(|c| c.names.join("/")).collect())).collect()
}

#[test]
fn one_table_for_the_form_and_one_for_every_repeat() {
    let form = household();
    let tables = Tables::of(&[&form]);
    let list = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        told(&tables),
        [
            (MAIN.to_owned(), None, list(&["name", "g/at", "g/n_1", "g/n_1_2", "meta/instanceID"])),
            ("Submissions.people.person".to_owned(), Some(0), list(&["age"])),
            ("Submissions.people.person.toy".to_owned(), Some(1), list(&["name"])),
        ]
    );
    let columns = &tables.tables[0].columns;
    assert_eq!(
        (columns[0].kind, columns[1].kind, tables.tables[1].columns[0].kind),
        (ColumnKind::Text, ColumnKind::Point, ColumnKind::Integer)
    );
    let labels = |n: usize| columns[n].labels.iter().map(|(l, w)| (l.as_str(), w.as_str())).collect::<Vec<_>>();
    assert_eq!(labels(0), [("中文 (zh)", "姓名 …"), ("English (en)", "Name")]);
    assert_eq!(labels(1)[0].1, "Where");
    assert_eq!((tables.named("Submissions.people.person.toy"), tables.within(0).collect::<Vec<_>>()), (Some(2), vec![1]));
}

#[test]
fn rows_keep_their_names_and_their_order() {
    let form = household();
    let tables = Tables::of(&[&form]);
    let xml = "<x id='f'><name> 张三 </name><g><n.1>b</n.1><at>30 119 5 2</at><other/></g>\
               <people><person><age>5</age><toy><name>ball</name></toy><toy><name/></toy></person><person><age>x</age></person></people>\
               <meta><instanceID>uuid:1</instanceID></meta></x>";
    let tree = Tree::parse(xml.as_bytes(), &Limits::default()).unwrap();
    let rows = tables.rows(&tree, "uuid:1");
    let seen: Vec<(usize, Option<usize>, Vec<&str>)> =
        rows.iter().map(|r| (r.table, r.above, r.cells.iter().map(|c| c.as_deref().unwrap_or("-")).collect())).collect();
    assert_eq!(
        seen,
        [
            (0, None, vec![" 张三 ", "30 119 5 2", "-", "b", "uuid:1"]),
            (1, Some(0), vec!["5"]),
            (2, Some(1), vec!["ball"]),
            (2, Some(1), vec!["-"]),
            (1, Some(0), vec!["x"]),
        ]
    );
    assert_eq!(rows, tables.rows(&tree, "uuid:1"));
    let mut ids: Vec<&str> = rows.iter().map(|r| r.id.as_str()).collect();
    assert!(ids[0] == "uuid:1" && ids[1..].iter().all(|id| id.len() == 40));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), rows.len());
    assert!(tables.rows(&tree, "uuid:2").iter().all(|r| !ids.contains(&r.id.as_str())));
}

#[test]
fn versions_make_one_set_of_tables() {
    let (old, new) = (
        read("1", "<a/><was><b/></was><c/>", "<bind nodeset='/data/a' type='int'/>", "<input ref='/data/a'/>"),
        read("2", "<n/><a/><c><d/></c>", "<bind nodeset='/data/a' type='decimal'/>", "<input ref='/data/a'/>"),
    );
    let tables = Tables::of(&[&new, &old]);
    assert_eq!(told(&tables)[0].2, ["n", "a", "c/d", "meta/instanceID", "was/b"]);
    assert_eq!(tables.tables[0].columns[1].kind, ColumnKind::Decimal);
}

#[test]
fn what_texts_stand_for() {
    use ColumnKind::*;
    let point = |lon, lat, altitude, accuracy| Position { lon, lat, altitude, accuracy };
    let text = |t: &'static str| Some(Value::Text(t.into()));
    let cases = [
        (Integer, "5", Some(Value::Integer(5))),
        (Integer, " -3.0 ", Some(Value::Integer(-3))),
        (Integer, "3.5", None),
        (Integer, "many", None),
        (Decimal, "1e3", Some(Value::Decimal(1000.0))),
        (Decimal, "NaN", None),
        (Decimal, "inf", None),
        (Date, "2026-11-25", text("2026-11-25")),
        (Date, "2026-11-25T10:00:00Z", text("2026-11-25")),
        (Date, "25.11.2026", None),
        (Date, "二〇二六年十一月", None),
        (DateTime, "2026-11-25T10:00:00.000+08", text("2026-11-25T10:00:00.000+08:00")),
        (DateTime, "2026-11-25T10:00:00-0330", text("2026-11-25T10:00:00-03:30")),
        (DateTime, "2026-11-25T10:00:00+08:00", text("2026-11-25T10:00:00+08:00")),
        (DateTime, "2026-11-25T10:00:00Z", text("2026-11-25T10:00:00Z")),
        (DateTime, "2026-11-25T10:00:00", None),
        (Chosen, " a b ", text("a b")),
        (Time, "10:00:00.000+08:00", text("10:00:00.000+08:00")),
        (Point, "30.5 119.6 12.0 8.5", Some(Value::Point(point(119.6, 30.5, Some(12.0), Some(8.5))))),
        (Point, "30.5 119.6", Some(Value::Point(point(119.6, 30.5, None, None)))),
        (Point, "30.5", None),
        (Point, "119.6 30.5 0 0", None),
        (
            Line,
            "1 2 0 0; 3 4 0 0;",
            Some(Value::Line(vec![point(2.0, 1.0, Some(0.0), Some(0.0)), point(4.0, 3.0, Some(0.0), Some(0.0))])),
        ),
        (Line, "1 2 0 0", None),
        (Area, "1 2; 3 4", None),
    ];
    for (kind, given, expected) in cases {
        assert_eq!(value(kind, given), expected, "{kind:?} {given}");
    }
    let Some(Value::Area(ring)) = value(Area, "1 2; 3 4; 5 6") else { panic!("an area") };
    assert_eq!((ring.len(), ring[0]), (4, ring[3]), "closed where it was open");
}

/// Every form of a folder: as many rows as its own empty instance has elements for, and names that are all different.
fn of_folder(folder: &Path) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap().flatten().filter(|e| e.path().extension().is_some_and(|e| e == "xml")) {
        let bytes = fs::read(entry.path()).unwrap();
        let Some(form) = Form::read(&bytes).form else { continue };
        let tables = Tables::of(&[&form, &form]);
        let repeats = form.fields.iter().filter(|f| f.kind == FieldKind::Repeat).count();
        let leaves = form.fields.iter().filter(|f| f.kind == FieldKind::Leaf).count();
        let columns: usize = tables.tables.iter().map(|t| t.columns.len()).sum();
        let name = entry.file_name();
        assert_eq!((tables.tables.len(), columns), (repeats + 1, leaves), "{name:?}");
        for table in &tables.tables {
            let mut names: Vec<_> = table.columns.iter().map(|c| &c.names).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), table.columns.len(), "{name:?} {}", table.name);
        }
        let tree = Tree::parse(&bytes, &Limits::default()).unwrap();
        let instance =
            tree.descendants(tree.document()).find(|n| tree.local(*n) == "instance").and_then(|n| tree.child_elements(n).next());
        let rows = tables.rows_at(&tree, instance.unwrap(), "uuid:x");
        assert!(rows.iter().all(|r| r.cells.len() == tables.tables[r.table].columns.len()), "{name:?}");
        count += 1;
    }
    count
}

#[test]
fn forms_that_are_kept_here() {
    let count = of_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/forms"));
    assert!(count >= 15, "{count}");
}

#[test]
fn forms_of_the_corpus() {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("QIANWAN_SHARED").map_or_else(beside, Into::into).join("data/forms/converted");
    if !shared.is_dir() {
        println!("SKIPPED: the corpus of forms is not there");
        return;
    }
    let count = of_folder(&shared);
    assert!(count >= 40, "{count}");
}
