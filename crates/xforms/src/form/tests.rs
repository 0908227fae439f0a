//! What forms say, and what is refused.

use super::*;

/// A form around an instance's children, further parts of the model, and a body.
fn read(instance: &str, model: &str, body: &str) -> Reading {
    let text = format!(
        "<h:html xmlns='http://www.w3.org/2002/xforms' xmlns:h='http://www.w3.org/1999/xhtml' xmlns:jr='http://openrosa.org/javarosa' \
         xmlns:entities='http://www.opendatakit.org/xforms/entities'>\n<h:head><h:title>Title</h:title><model entities:entities-version='2024.1.0'>\n\
         <instance><data id='f' version='3'>{instance}</data></instance>\n{model}</model></h:head>\n<h:body>{body}</h:body></h:html>"
    );
    Form::read(text.as_bytes())
}

fn good(instance: &str, model: &str, body: &str) -> Form {
    let reading = read(instance, model, body);
    assert_eq!(reading.problems, []);
    reading.form.unwrap()
}

/// Problems as text, with the line.
fn problems(instance: &str, model: &str, body: &str) -> Vec<String> {
    let reading = read(instance, model, body);
    let refused = reading.problems.iter().any(|p| p.severity() == Severity::Error);
    assert_eq!(reading.form.is_none(), refused);
    reading.problems.iter().map(|p| format!("{} {}: {}", p.line, p.at, p.kind)).collect()
}

#[test]
fn a_form_says_what_it_asks() {
    let f = good(
        "<a>x</a><g><b/></g><r jr:template=''><c/></r><meta><entity dataset='trees' id='' create='1'><label/></entity></meta>",
        "<itext><translation lang='en' default='true()'><text id='a:label'><value>Hello <output value='/data/g/b'/></value><value form='image'>x.png</value></text></translation>\
         <translation lang='zh'><text id='a:label'><value>你好</value></text></translation></itext>\
         <instance id='t'><root><item><name>1</name></item></root></instance><instance id='v' src='jr://file-csv/v.csv'/>\
         <bind nodeset='/data/a' type='xsd:int' required='true()' constraint='. &gt; 0' jr:constraintMsg='too small' entities:saveto='n'/>\
         <bind nodeset='/data/meta/entity/@id' calculate='/data/a'/><submission base64RsaPublicKey='QUJD'/>\
         <setvalue event='odk-instance-first-load' ref='/data/a' value='1 + 1'/>",
        "<input ref='/data/a' appearance='numbers'><label ref=\"jr:itext('a:label')\"/><hint>Hint</hint></input>\
         <group ref='/data/g'><label>G</label><select1 ref='b'><item><label>One</label><value>1</value></item></select1></group>\
         <group ref='/data/r'><repeat nodeset='/data/r' jr:count='/data/a' jr:noAddRemove='true()'><upload ref='c' mediatype='image/*'/></repeat></group>",
    );
    assert_eq!((f.title.as_str(), f.id.as_str(), f.version.as_deref()), ("Title", "f", Some("3")));
    assert_eq!((f.public_key.as_deref(), f.entities_version.as_deref()), (Some("QUJD"), Some("2024.1.0")));
    let paths: Vec<(&str, FieldKind)> = f.fields.iter().map(|f| (f.path.as_str(), f.kind)).collect();
    assert_eq!(
        paths,
        [
            ("/data", FieldKind::Group),
            ("/data/a", FieldKind::Leaf),
            ("/data/g", FieldKind::Group),
            ("/data/g/b", FieldKind::Leaf),
            ("/data/r", FieldKind::Repeat),
            ("/data/r/c", FieldKind::Leaf),
            ("/data/meta", FieldKind::Group),
            ("/data/meta/entity", FieldKind::Group),
            ("/data/meta/entity/@dataset", FieldKind::Attribute),
            ("/data/meta/entity/@id", FieldKind::Attribute),
            ("/data/meta/entity/@create", FieldKind::Attribute),
            ("/data/meta/entity/label", FieldKind::Leaf),
        ]
    );
    let a = f.field("/data/a").unwrap();
    assert_eq!(
        (a.default.as_str(), a.bind.data_type, a.bind.save_to.as_deref(), a.set_by_action),
        ("x", DataType::Integer, Some("n"), true)
    );
    assert_eq!(a.bind.constraint_message, Some(Text(vec![Part::Words("too small".into())])));
    assert_eq!(f.field("/data/r").unwrap().initially, 0);
    assert_eq!(f.languages.iter().map(|l| (l.name.as_str(), l.default)).collect::<Vec<_>>(), [("en", true), ("zh", false)]);
    assert_eq!(f.words("a:label", Some("zh")), Some(&Text(vec![Part::Words("你好".into())])));
    assert!(matches!(f.words("a:label", None).unwrap().0[..], [Part::Words(_), Part::Output(_)]));
    let [Control::Question(q), Control::Group(g), Control::Group(r)] = &f.body[..] else { panic!("{:?}", f.body) };
    assert_eq!((q.appearance.as_str(), q.label.clone()), ("numbers", Some(Text(vec![Part::Itext("a:label".into())]))));
    let [Control::Question(b)] = &g.controls[..] else { panic!("{:?}", g.controls) };
    assert_eq!(f.fields[b.field].path, "/data/g/b");
    assert!(matches!(&b.choices, Choices::Listed(all) if all.len() == 1));
    let [Control::Repeat(r)] = &r.controls[..] else { panic!("{:?}", r.controls) };
    assert!(r.fixed && r.count.is_some());
    assert_eq!(f.actions.len(), 1);
    assert!(matches!(&f.instances[1].source, Source::External(uri) if uri == "jr://file-csv/v.csv"));
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let rows: &[(&str, &str, &str, &[&str])] = &[
        ("<a/>", "<bind nodeset='/data/b'/>", "", &["4 /data/b: bind: no node /data/b"]),
        ("<a/>", "\n<bind nodeset='/data/a' relevant='1 +'/>", "", &["5 /data/a: relevant: unfinished at byte 3: 1 +"]),
        (
            "<a/>",
            "<bind nodeset='/data/a' calculate='nope()'/>",
            "",
            &["4 /data/a: calculate: no function nope at byte 0: nope()"],
        ),
        ("<a/>", "<bind nodeset='/data/a' calculate=\"instance('x')/root\"/>", "", &["4 /data/a: no instance x"]),
        (
            "<a/>",
            "<bind nodeset='/data/a' calculate='/data/zz'/>",
            "",
            &["4 /data/a: calculate mentions /data/zz, which does not exist"],
        ),
        ("<a/>", "<bind nodeset='/data/a' type='colour'/>", "", &["4 /data/a: unknown type colour, taken as text"]),
        ("<a/>", "<bind nodeset='/data/a'/><bind nodeset='/data/a'/>", "", &["4 /data/a: a second bind"]),
        ("<a/>", "<instance id='t'/><instance id='t'/>", "", &["4 : two instances t"]),
        ("<a/>", "", "<input ref='/data/b'/>", &["5 /data/b: input: no node /data/b"]),
        ("<a/>", "", "<input/>", &["5 /data: no reference to a node"]),
        ("<a/>", "", "<input bind='b'/>", &["5 : no bind b"]),
        ("<a/>", "", "<select1 ref='/data/a'/>", &["5 /data/a: no choices"]),
        ("<a/>", "", "<input ref='/data/a'><label ref=\"jr:itext('no')\"/></input>", &["5 /data/a: no text no"]),
        ("<a/>", "", "<blink ref='/data/a'/>", &["5 /data: unknown element blink"]),
    ];
    for (instance, model, body, want) in rows {
        assert_eq!(problems(instance, model, body), *want, "{model}{body}");
    }
    let whole = |text: &str| Form::read(text.as_bytes()).problems.iter().map(|p| p.kind.to_string()).collect::<Vec<_>>();
    assert_eq!(whole("<a/>"), ["not a form: no model"]);
    assert_eq!(whole("<html><head><model/></head></html>"), ["not a form: no instance"]);
    assert_eq!(whole("<html><head><model><instance/></model></head></html>"), ["not a form: no root"]);
    assert_eq!(whole("<html><head><model><instance><data/></instance></model></head></html>"), ["no form id"]);
    assert_eq!(whole("<html>"), ["line 1, column 7: not well-formed: the document ends within an element"]);
}

#[test]
fn cycles_are_refused_by_name() {
    let bind = |at: &str, rule: &str, of: &str| format!("<bind nodeset='/data/{at}' {rule}='{of}'/>");
    for (binds, want) in [
        (bind("a", "calculate", "/data/b") + &bind("b", "calculate", "/data/a"), Some("/data/a → /data/b")),
        (
            bind("a", "calculate", "../b") + &bind("b", "relevant", "../c") + &bind("c", "calculate", "../a + 1"),
            Some("/data/a → /data/c → /data/b"),
        ),
        (bind("a", "relevant", ". = 1"), Some("/data/a")),
        (bind("g", "relevant", "g/x = 1"), None),
        (bind("g", "relevant", "x = 1"), Some("/data/g → /data/g/x")),
        // Its own value: history, not a cycle. Constraints may look anywhere.
        (bind("a", "calculate", ". + 1"), None),
        (bind("a", "constraint", ". &lt; /data/b") + &bind("b", "constraint", ". &gt; /data/a"), None),
        (bind("a", "relevant", "/data/b = 1") + &bind("b", "calculate", "/data/c"), None),
    ] {
        let reading = read("<a/><b/><c/><g><x/></g>", &binds, "");
        let cycle = reading.problems.iter().find_map(|p| match &p.kind {
            ProblemKind::Cycle(paths) => Some(paths.clone()),
            _ => None,
        });
        let mut got = cycle.clone().unwrap_or_default();
        got.sort();
        let mut want: Vec<String> = want.map(|w| w.split(" → ").map(str::to_owned).collect()).unwrap_or_default();
        want.sort();
        assert_eq!(got, want, "{binds}");
    }
}

#[test]
fn files_become_instances() {
    let csv = instances::tree_of("a.csv", "\u{FEFF}name,\"long label\",\n1,\"a, b\",x\n村,,\n".as_bytes()).unwrap();
    assert_eq!(csv.text(csv.root().unwrap()), "1a, b村");
    let item = csv.child(csv.root().unwrap(), "item").unwrap();
    assert_eq!(csv.text(csv.child(item, "long label").unwrap()), "a, b");
    let geo = instances::tree_of(
        "a.geojson",
        br#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[120.5,30]},"properties":{"id":7,"name":"x"}}]}"#,
    )
    .unwrap();
    let item = geo.child(geo.root().unwrap(), "item").unwrap();
    let column = |name: &str| geo.child(item, name).map(|c| geo.text(c).into_owned());
    assert_eq!(
        (column("geometry").as_deref(), column("id").as_deref(), column("name").as_deref()),
        (Some("30 120.5 0 0"), Some("7"), Some("x"))
    );
    assert_eq!(instances::tree_of("a.geojson", b"[]").err(), Some(InstanceError::GeoJson));
    assert!(matches!(instances::tree_of("a.xml", b"<a>"), Err(InstanceError::Xml(_))));
    assert!(matches!(instances::tree_of("a.csv", b"\xFF"), Err(InstanceError::NotUtf8)));
}

#[test]
fn questions_have_labels_in_the_language_asked_for() {
    let f = good(
        "<a/><g><b/><c/></g><r jr:template=''><d/></r>",
        "<itext><translation lang='English (en)' default='true()'><text id='a'><value>How <output value='/data/g/b'/>
            many</value><value form='image'>x.png</value></text></translation>\
         <translation lang='中文 (zh)'><text id='a'><value>多少</value></text></translation></itext>",
        "<input ref='/data/a'><label ref=\"jr:itext('a')\"/></input>\
         <group ref='/data/g'><label>G</label><input ref='/data/g/b'><label> plain </label></input><input ref='/data/g/c'/></group>\
         <group><label>people</label><repeat nodeset='/data/r'><input ref='/data/r/d'><label>D</label></input></repeat></group>",
    );
    let labels = |tag: &str| {
        let mut all: Vec<(&str, String)> = f.labels(f.language_of(tag)).into_iter().collect();
        all.sort();
        all
    };
    let rest = [("/data/g", "G"), ("/data/g/b", "plain"), ("/data/r/d", "D")].map(|(path, words)| (path, words.to_owned()));
    for (tag, language, a) in
        [("zh-CN", Some("中文 (zh)"), "多少"), ("en", Some("English (en)"), "How … many"), ("fr", None, "How … many")]
    {
        assert_eq!(f.language_of(tag), language, "{tag}");
        assert_eq!(labels(tag), [vec![("/data/a", a.to_owned())], rest.to_vec()].concat(), "{tag}");
    }
}
