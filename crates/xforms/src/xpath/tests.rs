//! Core XPath against libxml2's values (`golden/core.tsv`), ODK's functions by hand from ODK's specification, and properties.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::tree::{Limits, Tree};

fn tree(text: &str) -> Tree {
    Tree::parse(text.as_bytes(), &Limits::default()).unwrap()
}

/// Evaluates over a document with two secondary instances, at 2026-03-05 10:20:30 in China.
fn with<R>(main: &str, at: &str, dialect: Dialect, work: impl FnOnce(&Evaluator, Focus) -> R) -> R {
    let main = tree(main);
    let villages = tree(
        "<root><item><name>v1</name><label>One</label><town>t1</town></item><item><name>v2</name><label>Two</label><town>t2</town></item><item><name>v3</name><label>Three</label><town>t1</town></item></root>",
    );
    let empty = tree("<root/>");
    let secondary = [("villages", &villages), ("empty", &empty)];
    let prefixes = BTreeMap::from([("p".to_owned(), "urn:p".to_owned()), ("orx".to_owned(), "urn:orx".to_owned())]);
    let caches = Caches::default();
    let now = Moment { epoch_ms: 1_772_677_230_000, offset_minutes: 480 };
    let world = World { main: &main, secondary: &secondary, prefixes: &prefixes, hooks: &NoHooks, caches: &caches, now, dialect };
    let memory = Memory::new(7);
    let evaluator = Evaluator::new(world, &memory);
    evaluator.leave(1_000_000);
    let top = Focus::at(NodeRef::main(main.document()));
    let node = evaluator.nodes(&parse(at).unwrap(), top, "test").unwrap()[0];
    work(&evaluator, Focus::at(node))
}

fn text_at(main: &str, at: &str, expr: &str) -> Result<String, String> {
    text_in(Dialect::Collect, main, at, expr)
}

fn text_in(dialect: Dialect, main: &str, at: &str, expr: &str) -> Result<String, String> {
    with(main, at, dialect, |ev, focus| {
        let parsed = parse(expr).map_err(|e| e.to_string())?;
        ev.text(&parsed, focus).map(|t| t.into_owned()).map_err(|e| e.to_string())
    })
}

#[test]
fn core_agrees_with_libxml2() {
    let main = include_str!("../../golden/core.xml");
    let mut wrong = Vec::new();
    let mut rows = 0;
    for line in include_str!("../../golden/core.tsv").lines().filter(|l| !l.starts_with('#')) {
        let [expr, kind, value] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        rows += 1;
        let got = with(main, "/a", Dialect::Collect, |ev, focus| {
            let got = ev.value(&parse(expr).map_err(|e| e.to_string())?, focus).map_err(|e| e.to_string())?;
            let (own, text) = match &got {
                Value::Number(_) => ("number", ev.to_text(got.clone())),
                Value::Boolean(_) => ("boolean", ev.to_text(got.clone())),
                _ => ("text", ev.to_text(got.clone())),
            };
            Ok::<_, String>((own.to_owned(), text.into_owned()))
        });
        // libxml2 prints 15 digits.
        let near = |a: &str| {
            a == value
                || (kind == "number" || expr.starts_with("string("))
                    && a.parse::<f64>().is_ok_and(|a| value.parse::<f64>().is_ok_and(|b| (a - b).abs() < 1e-12))
        };
        match &got {
            Ok((own, text)) if own == kind && near(text) => {}
            other => wrong.push(format!("{expr}: {other:?}, libxml2 says {kind} {value:?}")),
        }
    }
    assert!(rows > 200);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const FORM: &str = "<data id='f' version='7'><name>Zhang San</name><age>42</age><multi>a b  c</multi><blank/><on>2020-02-29</on>\
<at>2020-02-29T08:30:00.000+08:00</at><clock>08:30:00.000+08:00</clock><place>30.5 119.6 0 5</place>\
<shape>30 120;30 120.01;30.01 120.01;30.01 120;30 120</shape><town>t1</town>\
<rep><who>A</who><n>1</n><sub><x>1</x></sub><sub><x>2</x></sub></rep><rep><who>B</who><n>2</n><sub><x>3</x></sub></rep><rep><who/><n>5</n></rep></data>";

#[test]
fn functions_of_odk() {
    let rows: &[(&str, &str)] = &[
        ("if(/data/age > 18, 'adult', 'child')", "adult"),
        ("if(false(), 1, /data/nothing)", ""),
        ("if(/data/age > 18, /data/name, '')", "Zhang San"),
        ("coalesce(/data/blank, 'x')", "x"),
        ("coalesce(/data/name, 'x')", "Zhang San"),
        ("coalesce('', '')", ""),
        ("selected(/data/multi, 'b')", "true"),
        ("selected(/data/multi, ' c ')", "true"),
        ("selected(/data/multi, 'd')", "false"),
        ("selected(/data/multi, 'a b')", "false"),
        ("selected(/data/blank, '')", "true"),
        ("selected(/data/multi, '')", "false"),
        ("selected('10 11', '1')", "false"),
        ("selected-at(/data/multi, 0)", "a"),
        ("selected-at(/data/multi, 2)", "c"),
        ("selected-at(/data/multi, 3)", ""),
        ("selected-at(/data/multi, -1)", ""),
        ("count-selected(/data/multi)", "3"),
        ("count-selected(/data/blank)", "0"),
        ("int(3.9)", "3"),
        ("int(-3.9)", "-3"),
        ("int('x')", "NaN"),
        ("round(2.5)", "3"),
        ("round(-2.5)", "-3"),
        ("round(1.234567, 2)", "1.23"),
        ("round(1.235, 1)", "1.2"),
        ("round(1250, -2)", "1300"),
        ("round(-1.25, 1)", "-1.3"),
        ("round('x', 1)", "NaN"),
        ("pow(2, 10)", "1024"),
        ("pow(4, 0.5)", "2"),
        ("log(1)", "0"),
        ("log10(1000)", "3"),
        ("exp(0)", "1"),
        ("exp10(2)", "100"),
        ("abs(-5)", "5"),
        ("sqrt(16)", "4"),
        ("sin(0)", "0"),
        ("cos(0)", "1"),
        ("tan(0)", "0"),
        ("round(asin(1), 4)", "1.5708"),
        ("acos(1)", "0"),
        ("round(atan(1), 4)", "0.7854"),
        ("round(atan2(1, 1), 4)", "0.7854"),
        ("round(pi(), 5)", "3.14159"),
        ("min(3, 1, 2)", "1"),
        ("max(3, 1, 2)", "3"),
        ("max(/data/rep/n)", "5"),
        ("min(/data/rep/n, 0)", "0"),
        ("max(/data/nothing)", "NaN"),
        ("max(/data/blank)", "NaN"),
        ("sum(/data/rep/n)", "8"),
        ("sum(/data/nothing)", "0"),
        ("sum(/data/rep/who)", "NaN"),
        ("count(/data/rep)", "3"),
        ("count(/data/rep[n > 1])", "2"),
        ("count-non-empty(/data/rep/who)", "2"),
        ("today()", "2026-03-05"),
        ("now()", "2026-03-05T10:20:30.000+08:00"),
        ("today() + 1", "20518"),
        ("date(today() + 1)", "2026-03-06"),
        ("number(/data/on)", "18321"),
        ("date('2020-02-29')", "2020-02-29"),
        ("date('2020-2-9')", "2020-02-09"),
        ("date('2021-02-29')", ""),
        ("date('abc')", ""),
        ("date('')", ""),
        ("date(18321)", "2020-02-29"),
        ("date(0)", "1970-01-01"),
        ("date(-1)", "1969-12-31"),
        ("date-time('2020-02-29T08:30:00.000+08:00')", "2020-02-29T08:30:00.000+08:00"),
        ("date-time('2020-02-29T00:30:00Z')", "2020-02-29T08:30:00.000+08:00"),
        ("date-time('2020-02-29')", "2020-02-29T00:00:00.000+08:00"),
        ("/data/on < today()", "true"),
        ("/data/on > '2020-02-28'", "true"),
        ("/data/on = '2020-02-29'", "true"),
        ("/data/on = date('2020-02-29')", "true"),
        ("/data/at > /data/on", "true"),
        ("/data/on + 1 = date('2020-03-01')", "true"),
        ("today() - /data/on", "2196"),
        ("int((today() - date('1990-06-15')) div 365.25)", "35"),
        ("decimal-date-time('1970-01-02')", "1"),
        ("decimal-date-time('1970-01-01T12:00:00+08:00')", "0.5"),
        ("decimal-date-time('x')", "NaN"),
        ("decimal-time('06:00:00.000')", "0.25"),
        ("decimal-time('18:00')", "0.75"),
        ("decimal-time('x')", "NaN"),
        ("/data/clock < '09:00'", "true"),
        ("/data/clock > '08:00:00.000+08:00'", "true"),
        ("format-date(/data/on, '%Y/%m/%d')", "2020/02/29"),
        ("format-date('2020-01-05', '%e.%n.%y')", "5.1.20"),
        ("format-date('2020-01-05', '%b %a')", "Jan Sun"),
        ("format-date(/data/blank, '%Y')", ""),
        ("format-date-time(/data/at, '%Y-%m-%d %H:%M:%S.%3')", "2020-02-29 08:30:00.000"),
        ("format-date-time(/data/at, '%h')", "8"),
        ("format-date-time(/data/clock, '%H:%M')", "08:30"),
        ("boolean-from-string('1')", "true"),
        ("boolean-from-string('true')", "true"),
        ("boolean-from-string('yes')", "false"),
        ("regex('13800001111', '1[0-9]{10}')", "true"),
        ("regex('x13800001111', '1[0-9]{10}')", "false"),
        ("regex('abc', '^[a-c]+$')", "true"),
        ("regex('', '[0-9]*')", "true"),
        ("regex('a|b', 'a|b')", "false"),
        ("regex('村', '.')", "true"),
        ("substr('hello', 1, 3)", "el"),
        ("substr('hello', 1)", "ello"),
        ("substr('hello', -3)", "llo"),
        ("substr('hello', -3, -1)", "ll"),
        ("substr('hello', 3, 1)", ""),
        ("substr('hello', 0, 99)", "hello"),
        ("substr('千万工程', 2)", "工程"),
        ("substring-after('a--b', '--')", "b"),
        ("ends-with('abc', 'bc')", "true"),
        ("ends-with('abc', 'x')", "false"),
        ("string-length('千万')", "2"),
        ("string-length('\u{20000}')", "2"),
        ("concat(/data/rep/n)", "125"),
        ("concat('a', /data/rep/n, 1 + 1)", "a1252"),
        ("concat()", ""),
        ("join(', ', /data/rep/who)", "A, B, "),
        ("join('-', 'a', 1, /data/rep/n)", "a-1-1-2-5"),
        ("join('-')", ""),
        ("checklist(1, 2, true(), false(), true())", "true"),
        ("checklist(2, 3, true(), false())", "false"),
        ("checklist(-1, 1, true(), true())", "false"),
        ("checklist(-1, -1)", "true"),
        ("checklist(1, -1, /data/rep/who)", "true"),
        ("weighted-checklist(3, -1, true(), 2, true(), 1)", "true"),
        ("weighted-checklist(3, -1, true(), 2, false(), 1)", "false"),
        ("weighted-checklist(1, 2, true(), 3)", "false"),
        ("round(area(/data/shape), -3)", "1073000"),
        ("area('1 1;2 2')", "0"),
        ("round(distance('0 0;0 1'))", "111319"),
        ("round(distance('0 0', '0 1', '0 0'))", "222638"),
        ("geofence('30.005 120.005', /data/shape)", "true"),
        ("geofence('31 120', /data/shape)", "false"),
        ("intersects('0 0;1 1;1 0;0 1')", "true"),
        ("intersects('0 0;1 1;1 0')", "false"),
        ("string-length(uuid())", "36"),
        ("string-length(uuid(8))", "8"),
        ("random() < 1 and random() >= 0", "true"),
        ("count(randomize(/data/rep))", "3"),
        ("digest('abc', 'MD5', 'hex')", "900150983cd24fb0d6963f7d28e17f72"),
        ("digest('abc', 'SHA-1', 'hex')", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("digest('abc', 'SHA-256', 'hex')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("digest('abc', 'MD5')", "kAFQmDzST7DWlj99KOF/cg=="),
        ("base64-decode('5Y2D5LiH')", "千万"),
        ("base64-decode('%%')", ""),
        ("position(/data/rep[2])", "2"),
        ("position(/data/rep[who='B'])", "2"),
        ("position(/data/nothing)", "NaN"),
        ("indexed-repeat(/data/rep/who, /data/rep, 2)", "B"),
        ("indexed-repeat(/data/rep/who, /data/rep, 9)", ""),
        ("indexed-repeat(/data/rep/sub/x, /data/rep, 1, /data/rep/sub, 2)", "2"),
        ("instance('villages')/root/item[name = 'v2']/label", "Two"),
        ("count(instance('villages')/root/item[town = /data/town])", "2"),
        ("count(instance('villages')/root/item[/data/town = town])", "2"),
        ("count(instance('villages')/root/item[town = /data/town and name != 'v1'])", "1"),
        ("count(instance('villages')/root/item[town = 't1'][name = 'v3'])", "1"),
        ("instance('villages')/root/item[position() = 2]/label", "Two"),
        ("instance('villages')/root/item[last()]/label", "Three"),
        ("count(instance('villages')//label)", "3"),
        ("count(instance('empty')/root/item[a = 'b'])", "0"),
        ("pulldata('villages', 'label', 'name', 'v3')", "Three"),
        ("pulldata('villages', 'label', 'name', 'zz')", ""),
        ("once('x')", "Zhang San"),
        ("version()", "7"),
        ("name(current())", "name"),
        ("current()/../age", "42"),
        ("/data/rep[who = current()/../rep[2]/who]/n", "2"),
        ("../age", "42"),
        (".", "Zhang San"),
        (". = 'Zhang San' and ../age = 42", "true"),
        ("count(../*)", "13"),
        ("../rep[1]/sub[2]/x", "2"),
        ("string(1 = 1)", "true"),
        ("/data/blank = ''", "true"),
        ("string(/data/blank + 1)", "NaN"),
        ("'1.0E3' + 1", "1001"),
        ("'1e' + 1", "NaN"),
        ("translate(/data/name, ' ', '_')", "Zhang_San"),
        ("normalize-space(/data/multi)", "a b c"),
        ("/data/age mod 5", "2"),
        ("/data/age*2", "84"),
        ("/data/rep[1]/n+/data/rep[2]/n", "3"),
        ("/*/age", "42"),
        ("//n[. = 5]", "5"),
        ("not(selected(../multi, 'a'))", "false"),
        ("string(not(true()) or false())", "false"),
    ];
    let wrong: Vec<String> = rows
        .iter()
        .filter_map(|(expr, want)| {
            let got = text_at(FORM, "/data/name", expr);
            (got.as_deref() != Ok(*want)).then(|| format!("{expr}: {got:?}, not {want:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where the engine says otherwise, see the module; `NaN` and an empty text are the same here.
#[test]
fn functions_agree_with_the_engine() {
    let known = [
        "date('abc')",
        "date-time('2020-02-29')",
        "number(/data/on)",
        "/data/clock ",
        "format-date('2020-01-05', '%b %a')",
        "format-date-time(/data/clock",
        "substring-after(",
        "1 or 0",
        "1 and 0",
    ];
    let mut wrong = Vec::new();
    let mut rows = 0;
    let form = FORM.replace("<data id='f'", "<data id='functions'");
    for line in include_str!("../../golden/engine.tsv").lines().filter(|l| !l.starts_with('#')) {
        let (expr, value) = line.split_once('\t').unwrap();
        let got = text_in(Dialect::WebForms, &form, "/data/name", expr).unwrap_or_else(|e| e);
        let near =
            || got.parse::<f64>().is_ok_and(|a| value.parse::<f64>().is_ok_and(|b| (a - b).abs() <= 1e-9 * b.abs().max(1.0)));
        let same = got == value || (got == "NaN" && value.is_empty()) || near();
        if !same && !known.iter().any(|k| expr.starts_with(k)) {
            wrong.push(format!("{expr}: {got:?}, the engine says {value:?}"));
        }
        rows += usize::from(same);
    }
    println!("{rows} expressions agree with the engine");
    assert!(rows > 230 && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn within_a_repeat_absolute_paths_mean_here() {
    for (expr, want) in [
        ("/data/rep/n", "2"),
        ("../n", "2"),
        ("count(/data/rep)", "3"),
        ("sum(/data/rep/n)", "2"),
        ("sum(../../rep/n)", "8"),
        ("position(..)", "2"),
        ("/data/rep[1]/n", "1"),
        ("indexed-repeat(/data/rep/n, /data/rep, position(..) - 1)", "1"),
        ("indexed-repeat(../n, /data/rep, 1)", "1"),
        ("/data/age", "42"),
        ("count(../preceding-sibling::rep)", "1"),
    ] {
        assert_eq!(text_at(FORM, "/data/rep[2]/who", expr).as_deref(), Ok(want), "{expr}");
    }
}

#[test]
fn refusals_have_names_and_places() {
    use SyntaxProblem as P;
    for (text, problem, at) in [
        ("", P::Empty, 0),
        ("1 +", P::Unfinished, 3),
        ("foo(1)", P::UnknownFunction("foo".into()), 0),
        ("1 + jr:nope()", P::UnknownFunction("jr:nope".into()), 4),
        ("if(1)", P::Arguments("if".into(), 1), 0),
        ("'abc", P::OpenText, 0),
        ("$x", P::Variable, 0),
        ("a b", P::Unexpected, 2),
        ("namespace::a", P::UnknownAxis("namespace".into()), 0),
        ("a[1", P::Unfinished, 3),
        ("(1", P::Unfinished, 2),
        ("1)", P::Unexpected, 1),
        ("a//", P::Unfinished, 3),
        ("#", P::Unexpected, 0),
        ("count(", P::Unfinished, 6),
        ("/data/ = 1", P::Unexpected, 7),
    ] {
        assert_eq!(parse(text), Err(SyntaxError { problem, at }), "{text}");
    }
    let deep = format!("{}1{}", "(".repeat(5000), ")".repeat(5000));
    assert_eq!(parse(&deep).unwrap_err().problem, P::TooDeep);
    assert_eq!(parse(&"-".repeat(5000)).unwrap_err().problem, P::TooDeep);
    assert!(parse(&format!("1{}", " or 1".repeat(1500))).is_ok());
    assert_eq!(parse(&"1 or ".repeat(19_000)).unwrap_err().problem, P::TooDeep);
    assert_eq!(parse(&" ".repeat(100_001)).unwrap_err().problem, P::TooLong);
}

#[test]
fn evaluation_says_why_not() {
    for (expr, why) in [
        ("count(1)", "count needs nodes"),
        ("instance('nope')/root", "no instance nope"),
        ("'a'/b", "[] needs nodes"),
        ("1 | 2", "| needs nodes"),
        ("regex('a', '(')", "regular expression not supported: ("),
        ("regex('a', 'a(?=b)')", "regular expression not supported: a(?=b)"),
        ("digest('a', 'MD4')", "digest cannot use its arguments"),
        ("q:a", "prefix q is not declared"),
    ] {
        assert_eq!(text_at(FORM, "/data/name", expr).unwrap_err(), why, "{expr}");
    }
    let many = format!("<a>{}</a>", "<b/>".repeat(3000));
    assert_eq!(text_at(&many, "/a", "count(//b[count(//b[count(//b) > 1]) > 1])").unwrap_err(), "too much work");
    let long = format!("1{}", " + 1".repeat(1900));
    assert_eq!(text_at("<a/>", "/a", &long).as_deref(), Ok("1901"));
}

#[test]
fn what_an_expression_reads() {
    let at = |text: &str| Reference(text.split('/').skip(1).map(|s| Segment::Name(s.into())).collect());
    for (expr, want) in [
        ("/data/a + ../b", "/data/a /data/g/b"),
        (". > 1", "/data/g/x"),
        ("/data/r[n = ../y]/z", "/data/r/n /data/r/z /data/y"),
        ("/data/r[n = current()/../y]/z", "/data/g/y /data/r/n /data/r/z"),
        ("instance('v')/root/item[town = /data/t]/name", "/data/t"),
        ("instance('v')/root/item[town = current()/../t and label != '']", "/data/g/t"),
        ("jr:choice-name(/data/a, '/data/b')", "/data/a /data/b"),
        ("jr:choice-name(../a, ' ../b ')", "/data/g/a /data/g/b"),
        ("//a", "/**/a"),
        ("/data/*", "/data/*"),
        ("count(../../r)", "/data/r"),
        ("(../a | ../b)[1]", "/data/g/a /data/g/b"),
        ("position(..)", "/data/g"),
        ("/data/@version", "/data/@version"),
        ("1 + 'x'", ""),
    ] {
        let got: Vec<String> = references(&parse(expr).unwrap(), &at("/data/g/x")).iter().map(|r| r.to_string()).collect();
        assert_eq!(got.join(" "), want, "{expr}");
    }
    assert!(Reference(vec![Segment::Anywhere, Segment::Name("a".into())]).is(&["data", "g", "a"]));
    assert!(at("/data/g").touches(&["data", "g", "a"]) && at("/data/g/a").touches(&["data", "g"]));
    assert!(!at("/data/g").touches(&["data", "h"]));
}

#[test]
fn moments_are_told() {
    for (expr, want) in [
        ("today()", true),
        ("/a/b + 1", false),
        ("/a[b = now()]", true),
        ("format-date(/a, '%b')", true),
        ("format-date(/a, '%d')", false),
        ("if(1, once(1), 2)", true),
    ] {
        assert_eq!(parse(expr).unwrap().depends_on_moment(), want, "{expr}");
    }
}

/// Expressions of any shape.
fn expr() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("/data/a".to_owned()),
        Just("../b".to_owned()),
        Just(".".to_owned()),
        Just("/".to_owned()),
        Just("//c/@d".to_owned()),
        Just("instance('villages')/root/item".to_owned()),
        Just("'x'".to_owned()),
        Just("\"it's\"".to_owned()),
        (0_u32..1000).prop_map(|n| format!("{}.{}", n / 10, n % 10)),
        Just("preceding-sibling::*".to_owned()),
        Just("p:a".to_owned()),
    ];
    leaf.prop_recursive(5, 60, 4, |inner| {
        prop_oneof![
            (
                inner.clone(),
                prop_oneof![
                    Just("+"),
                    Just("-"),
                    Just("*"),
                    Just("div"),
                    Just("mod"),
                    Just("="),
                    Just("!="),
                    Just("<"),
                    Just(">="),
                    Just("and"),
                    Just("or"),
                    Just("|")
                ],
                inner.clone()
            )
                .prop_map(|(a, o, b)| format!("({a}) {o} {b}")),
            inner.clone().prop_map(|a| format!("-({a})")),
            inner.clone().prop_map(|a| format!("({a})[{a}]/x[2]//y")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("if({a}, {b}, {c})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("concat({a}, {b}, count(/data/rep[{a}]))")),
            inner.prop_map(|a| format!("/data/rep[{a}]/n[position() < {a}]")),
        ]
    })
}

proptest! {
    #[test]
    fn parsing_what_was_printed_gives_the_same(text in expr()) {
        if let Ok(parsed) = parse(&text) {
            let printed = parsed.to_string();
            prop_assert_eq!(parse(&printed).map_err(|e| format!("{printed}: {e}")).unwrap(), parsed, "{}", printed);
        }
    }

    #[test]
    fn no_text_panics(text in "[a-c./\\[\\]()0-9 ,'\"*@:=<>!|+$-]{0,40}|.{0,30}") {
        if let Ok(parsed) = parse(&text) {
            prop_assert_eq!(parse(&parsed.to_string()).unwrap(), parsed);
        }
    }

    #[test]
    fn no_expression_panics(text in expr()) {
        if let Ok(parsed) = parse(&text) {
            let _ = with(FORM, "/data/rep[2]/who", Dialect::Collect, |ev, focus| ev.value(&parsed, focus).map(|_| ()));
            let _ = references(&parsed, &Reference(Vec::new()));
        }
    }

    #[test]
    fn days_and_dates_are_inverse(days in -800_000_i64..2_000_000) {
        let (y, m, d) = civil_from_days(days);
        prop_assert_eq!(days_from_civil(y, m, d), days);
    }
}
