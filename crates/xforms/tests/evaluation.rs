//! Submissions against forms, in the words of the field.
#![allow(clippy::unwrap_used)]

mod shared;

use xforms::{
    evaluation::{Assessor, Context, Evaluation, FindingKind as F, SubmissionError, evaluate},
    form::{Attachments, DataType, Form},
    xpath::Moment,
};

const NOW: Moment = Moment { epoch_ms: 1_772_677_230_000, offset_minutes: 480 };

/// A form from its instance, binds and body.
fn form(instance: &str, binds: &str, body: &str) -> Form {
    let text = format!(
        "<h:html xmlns='http://www.w3.org/2002/xforms' xmlns:h='http://www.w3.org/1999/xhtml' xmlns:jr='http://openrosa.org/javarosa'><h:head><h:title>T</h:title>\
         <model><instance><data id='f' version='1'>{instance}<meta><instanceID/></meta></data></instance>\
         <instance id='towns'><root><item><name>t1</name><county>c1</county></item><item><name>t2</name><county>c2</county></item></root></instance>\
         <instance id='villages' src='jr://file-csv/villages.csv'/>{binds}\
         <bind nodeset='/data/meta/instanceID' type='string' readonly='true()' jr:preload='uid'/></model></h:head><h:body>{body}</h:body></h:html>"
    );
    let reading = Form::read(text.as_bytes());
    reading.form.unwrap_or_else(|| panic!("{:?}", reading.problems))
}

fn check(form: &Form, data: &str) -> Evaluation {
    let villages: &[u8] = b"name,town\nv1,t1\nv2,t2\n";
    let attachments = Attachments::read(form, |name| (name == "villages.csv").then_some(villages));
    let text = format!("<data id='f' version='1'>{data}<meta><instanceID>uuid:1</instanceID></meta></data>");
    evaluate(form, &attachments, text.as_bytes(), &Context::at(NOW)).expect("a submission of this form")
}

/// Findings as text: place, and what.
fn found(e: &Evaluation) -> Vec<String> {
    e.findings.iter().map(|f| format!("{}: {:?}", f.at, f.kind)).collect()
}

#[test]
fn nothing_is_held_against_a_good_submission() {
    let f = form(
        "<age/><adult/><note/>",
        "<bind nodeset='/data/age' type='int' required='true()' constraint='. &lt; 130'/><bind nodeset='/data/adult' calculate='/data/age &gt; 17'/>\
         <bind nodeset='/data/note' relevant='/data/adult = &quot;true&quot;'/>",
        "<input ref='/data/age'/><input ref='/data/note'/>",
    );
    let e = check(&f, "<age>20</age><adult>true</adult><note>x</note>");
    assert_eq!(found(&e), Vec::<String>::new());
    assert_eq!(e.instance_id.as_deref(), Some("uuid:1"));
    assert_eq!(
        e.answers.iter().map(|a| (a.path.as_str(), a.value.as_str())).collect::<Vec<_>>(),
        [("/data/age", "20"), ("/data/adult", "true"), ("/data/note", "x"), ("/data/meta/instanceID", "uuid:1")]
    );
}

#[test]
fn each_thing_that_does_not_fit_is_told() {
    let f = form(
        "<age/><adult/><note/><on/><where/><town/><village/><many/>",
        "<bind nodeset='/data/age' type='int' required='true()' constraint='. &lt; 130'/><bind nodeset='/data/adult' calculate='/data/age &gt; 17'/>\
         <bind nodeset='/data/note' relevant='/data/adult = &quot;true&quot;'/><bind nodeset='/data/on' type='date'/>\
         <bind nodeset='/data/where' type='geopoint'/>",
        "<input ref='/data/age'/><input ref='/data/note'/><input ref='/data/on'/><input ref='/data/where'/>\
         <select1 ref='/data/town'><itemset nodeset=\"instance('towns')/root/item[county = 'c1']\"><value ref='name'/><label ref='name'/></itemset></select1>\
         <select1 ref='/data/village'><itemset nodeset=\"instance('villages')/root/item[town = /data/town]\"><value ref='name'/><label ref='name'/></itemset></select1>\
         <select ref='/data/many'><item><label>A</label><value>a</value></item><item><label>B</label><value>b</value></item></select>",
    );
    let rows: &[(&str, &[&str])] = &[
        ("<age/>", &["/data/age: RequiredButEmpty", "/data/adult: CalculationDiffers { sent: \"\", recomputed: \"false\" }"]),
        ("<age>150</age><adult>true</adult>", &["/data/age: ConstraintNotMet { value: \"150\", constraint: \". < 130\" }"]),
        (
            "<age>15</age><adult>true</adult><note>x</note>",
            &[
                "/data/adult: CalculationDiffers { sent: \"true\", recomputed: \"false\" }",
                "/data/note: IrrelevantButFilled { value: \"x\" }",
            ],
        ),
        (
            "<age>2O</age><adult>false</adult>",
            &[
                "/data/age: TypeMismatch { data_type: Integer, value: \"2O\" }",
                "/data/age: ConstraintNotMet { value: \"2O\", constraint: \". < 130\" }",
            ],
        ),
        (
            "<age>20</age><adult>1</adult><on>2026-02-30</on>",
            &["/data/on: TypeMismatch { data_type: Date, value: \"2026-02-30\" }"],
        ),
        (
            "<age>20</age><adult>1</adult><where>95 120 0 0</where>",
            &["/data/where: TypeMismatch { data_type: Geopoint, value: \"95 120 0 0\" }"],
        ),
        ("<age>20</age><adult>1</adult><town>t2</town>", &["/data/town: ChoiceNotOffered { value: \"t2\" }"]),
        ("<age>20</age><adult>1</adult><town>t1</town><village>v1</village>", &[]),
        (
            "<age>20</age><adult>1</adult><town>t1</town><village>v2</village>",
            &["/data/village: ChoiceNotOffered { value: \"v2\" }"],
        ),
        ("<age>20</age><adult>1</adult><many>b a</many>", &[]),
        ("<age>20</age><adult>1</adult><many>b c</many>", &["/data/many: ChoiceNotOffered { value: \"c\" }"]),
        ("<age>20</age><adult>1</adult><salary>5</salary>", &["/data/salary: NoSuchField"]),
        ("<age>20</age><adult>1</adult><age>21</age>", &["/data/age: OccursAgain"]),
        ("<age><b>20</b></age><adult>1</adult>", &["/data/age: UnexpectedContent"]),
        ("<age>20</age><adult>1</adult>words", &["/data: UnexpectedContent"]),
    ];
    for (data, want) in rows {
        let e = check(&f, data);
        assert_eq!(found(&e), *want, "{data}");
        assert!(e.unjudged.is_empty(), "{data}: {:?}", e.unjudged);
    }
}

#[test]
fn relevance_is_inherited_and_what_is_irrelevant_counts_as_empty() {
    let f = form(
        "<has/><g><n>5</n><h><m/></h></g><sum/><after/>",
        "<bind nodeset='/data/g' relevant='/data/has = 1'/><bind nodeset='/data/g/h/m' required='true()'/>\
         <bind nodeset='/data/sum' calculate='coalesce(/data/g/n, 0) + 1'/><bind nodeset='/data/after' relevant='/data/sum &gt; 1'/>",
        "<input ref='/data/has'/><group ref='/data/g'><input ref='/data/g/n'/><input ref='/data/g/h/m'/></group><input ref='/data/after'/>",
    );
    assert_eq!(found(&check(&f, "<has>0</has><sum>1</sum>")), Vec::<String>::new());
    assert_eq!(
        found(&check(&f, "<has>1</has><g><n>5</n><h><m/></h></g><sum>6</sum><after>x</after>")),
        ["/data/g/h/m: RequiredButEmpty"]
    );
    assert_eq!(
        found(&check(&f, "<has>0</has><g><n>5</n><h><m>y</m></h></g><sum>6</sum><after>x</after>")),
        [
            "/data/g/n: IrrelevantButFilled { value: \"5\" }",
            "/data/g/h/m: IrrelevantButFilled { value: \"y\" }",
            "/data/sum: CalculationDiffers { sent: \"6\", recomputed: \"1\" }",
            "/data/after: IrrelevantButFilled { value: \"x\" }",
        ]
    );
}

#[test]
fn repeats_are_looked_at_one_by_one() {
    let f = form(
        "<n/><child jr:template=''><name/><age/><minor/></child><total/>",
        "<bind nodeset='/data/n' type='int'/><bind nodeset='/data/child/name' required='true()'/><bind nodeset='/data/child/age' type='int' constraint='. &lt;= 120'/>\
         <bind nodeset='/data/child/minor' calculate='/data/child/age &lt; 18'/><bind nodeset='/data/total' type='int' calculate='sum(/data/child/age)'/>",
        "<input ref='/data/n'/><group ref='/data/child'><repeat nodeset='/data/child' jr:count='/data/n'><input ref='/data/child/name'/><input ref='/data/child/age'/></repeat></group>",
    );
    let good = "<n>2</n><child><name>A</name><age>9</age><minor>true</minor></child><child><name>B</name><age>30</age><minor>false</minor></child><total>39</total>";
    assert_eq!(found(&check(&f, good)), Vec::<String>::new());
    let answers = check(&f, good).answers;
    let ages: Vec<_> = answers
        .iter()
        .filter(|a| a.path == "/data/child/age")
        .map(|a| (a.positions.clone(), a.value.clone(), a.data_type))
        .collect();
    assert_eq!(ages, [(vec![1], "9".to_owned(), DataType::Integer), (vec![2], "30".to_owned(), DataType::Integer)]);
    let bad = "<n>3</n><child><name>A</name><age>9</age><minor>false</minor></child><child><name/><age>300</age><minor>false</minor></child><total>309</total>";
    assert_eq!(
        found(&check(&f, bad)),
        [
            "/data/child: RepeatCountDiffers { sent: 2, recomputed: 3 }",
            "/data/child[1]/minor: CalculationDiffers { sent: \"false\", recomputed: \"true\" }",
            "/data/child[2]/name: RequiredButEmpty",
            "/data/child[2]/age: ConstraintNotMet { value: \"300\", constraint: \". <= 120\" }",
        ]
    );
}

#[test]
fn what_depends_on_the_moment_is_not_held_against_anybody() {
    let f = form(
        "<today/><now/><id/><first/><on/><late/><count>0</count><label/>",
        "<bind nodeset='/data/today' type='date' calculate='today()'/><bind nodeset='/data/now' type='dateTime' calculate='now()'/>\
         <bind nodeset='/data/id' calculate='uuid()'/><bind nodeset='/data/first' calculate='once(random())'/>\
         <bind nodeset='/data/on' type='date' constraint='. &gt;= today()'/><bind nodeset='/data/late' relevant='today() &gt; date(&quot;2030-01-01&quot;)' required='true()'/>\
         <bind nodeset='/data/count' calculate='/data/count + 1'/><bind nodeset='/data/label' calculate='jr:choice-name(/data/on, &quot;/data/on&quot;)'/>",
        "<input ref='/data/on'/><input ref='/data/late'/>",
    );
    let e = check(
        &f,
        "<today>2020-01-01</today><now>2020-01-01T10:00:00.000+08:00</now><id>abc</id><first>0.3</first><on>2020-01-01</on><late>x</late><count>7</count><label>L</label>",
    );
    assert_eq!(found(&e), Vec::<String>::new());
    assert_eq!(found(&check(&f, "<today>2020-01-01</today><late/>")), Vec::<String>::new());
}

#[test]
fn a_constraint_about_today_is_judged_by_when_it_was_filled() {
    let f = form(
        "<start/><born/><due/>",
        "<bind nodeset='/data/start' type='dateTime' jr:preload='timestamp' jr:preloadParams='start'/><bind nodeset='/data/born' type='date' constraint='. &lt;= today()'/>\
         <bind nodeset='/data/due' type='date' constraint='. &gt;= today()'/>",
        "<input ref='/data/born'/><input ref='/data/due'/>",
    );
    // It is 2026-03-05 now; the form was filled in January, and sent late.
    let at = "<start>2026-01-10T09:00:00.000+08:00</start>";
    for (data, want) in [
        ("<born>2020-01-01</born><due>2026-01-10</due>", &[][..]),
        ("<born>2026-02-01</born><due>2026-02-01</due>", &[]),
        ("<born>2027-01-01</born><due>2025-12-31</due>", &["/data/born", "/data/due"]),
    ] {
        let e = check(&f, &format!("{at}{data}"));
        assert_eq!(e.findings.iter().map(|f| f.at.as_str()).collect::<Vec<_>>(), want, "{data}");
        assert!(check(&f, data).findings.is_empty());
    }
}

#[test]
fn clients_write_the_same_value_in_several_ways() {
    let f = form(
        "<a>1</a><i/><d/><b/><t/><day/><nan/><code/>",
        "<bind nodeset='/data/i' type='int' calculate='7 div 2'/><bind nodeset='/data/d' type='decimal' calculate='1 div 3'/><bind nodeset='/data/b' calculate='true()'/>\
         <bind nodeset='/data/t' type='dateTime' calculate='date-time(&quot;2020-02-29T08:30:00.000+08:00&quot;)'/><bind nodeset='/data/day' type='date' calculate='date(&quot;2020-02-29T08:30:00.000+08:00&quot;)'/>\
         <bind nodeset='/data/nan' calculate='/data/a div &quot;x&quot;'/><bind nodeset='/data/code' calculate='&quot;0017&quot;'/>",
        "<input ref='/data/a'/>",
    );
    for (data, want) in [
        (
            "<a>1</a><i>3</i><d>0.3333333333333333</d><b>true</b><t>2020-02-29T08:30:00.000+08:00</t><day>2020-02-29</day><nan/><code>0017</code>",
            0,
        ),
        (
            "<a>1</a><i>3</i><d>0.33333333333</d><b>1</b><t>2020-02-29T00:30:00.000Z</t><day>2020-02-29</day><nan>NaN</nan><code>0017</code>",
            0,
        ),
        ("<a>1</a><i>4</i><d>0.34</d><b>0</b><t>2020-02-29T00:31:00.000Z</t><day>2020-02-28</day><nan>1</nan><code>17</code>", 7),
    ] {
        let e = check(&f, data);
        assert_eq!(e.findings.len(), want, "{data}: {:?}", e.findings);
        assert!(e.findings.iter().all(|f| matches!(f.kind, F::CalculationDiffers { .. })));
    }
}

#[test]
fn what_cannot_be_judged_is_listed_and_not_held_against_anybody() {
    let f = form(
        "<a/><b/>",
        "<bind nodeset='/data/a' constraint='regex(., &quot;a(?=b)&quot;)'/><bind nodeset='/data/b' calculate=\"pulldata('villages', 'town', 'name', /data/a)\"/>",
        "<input ref='/data/a'/>",
    );
    let e =
        evaluate(&f, &Attachments::default(), b"<data id='f' version='1'><a>ab</a><b>x</b></data>", &Context::at(NOW)).unwrap();
    assert_eq!(found(&e), Vec::<String>::new());
    assert_eq!(
        e.unjudged.iter().map(|u| format!("{} {}: {}", u.at, u.what, u.why)).collect::<Vec<_>>(),
        ["/data/b calculate: no instance villages", "/data/a constraint: regular expression not supported: a(?=b)"]
    );
}

#[test]
fn what_is_not_a_submission_of_this_form_is_refused() {
    let f = form("<a/>", "", "");
    let see = |text: &str| evaluate(&f, &Attachments::default(), text.as_bytes(), &Context::at(NOW)).map(|e| found(&e));
    assert!(matches!(see("<data id='f'>"), Err(SubmissionError::Xml(_))));
    assert!(matches!(see("<!DOCTYPE data><data id='f'/>"), Err(SubmissionError::Xml(_))));
    assert_eq!(see("<data id='g'/>"), Err(SubmissionError::WrongForm { found: "g".into(), expected: "f".into() }));
    assert_eq!(see("<other id='f'/>"), Err(SubmissionError::WrongRoot { found: "other".into(), expected: "data".into() }));
    assert_eq!(see("<data id='f' encrypted='yes'/>"), Err(SubmissionError::Encrypted));
    assert_eq!(see("<data id='f' version='0'/>"), Ok(vec!["/data: OtherVersion { sent: \"0\" }".to_owned()]));
    // Some clients use a prefix that they do not declare.
    assert_eq!(see("<data id='f' version='1'><orx:meta><orx:instanceID>u</orx:instanceID></orx:meta></data>"), Ok(Vec::new()));
}

/// As servers keep them.
#[test]
fn threads_share_an_assessor() {
    let f = form("<a/>", "<bind nodeset='/data/a' constraint='regex(., &quot;[a-z]+&quot;)'/>", "<input ref='/data/a'/>");
    let shared = std::sync::Arc::new(Assessor::new(std::sync::Arc::new(f), Attachments::default()));
    let threads: Vec<_> = ["ab", "AB"]
        .map(|value| {
            let shared = shared.clone();
            let text = format!("<data id='f' version='1'><a>{value}</a></data>");
            std::thread::spawn(move || shared.evaluate(text.as_bytes(), &Context::at(NOW)).unwrap().findings.len())
        })
        .into_iter()
        .collect();
    assert_eq!(threads.into_iter().map(|t| t.join().unwrap()).collect::<Vec<_>>(), [0, 1]);
}

/// Forms made to cost more than they are worth.
#[test]
fn hostile_forms_end_in_time_and_are_not_held_against_anybody() {
    // Each text is twice the one before.
    let instance: String = (0..60).map(|n| format!("<f{n}/>")).collect();
    let double: String =
        (1..60).map(|n| format!("<bind nodeset='/data/f{n}' calculate='concat(/data/f{0}, /data/f{0})'/>", n - 1)).collect();
    let f = form(&instance, &double, "");
    let e = check(&f, "<f0>0123456789</f0>");
    assert!(e.unjudged.iter().all(|u| u.what == "calculate") && !e.unjudged.is_empty());
    assert!(e.answers.iter().map(|a| a.value.len()).sum::<usize>() < 5_000_000);
    // Every node against every node against every node.
    let many: String = (0..2000).map(|n| format!("<r><a>{n}</a></r>")).collect();
    let f = form(
        "<r><a/></r><x/>",
        "<bind nodeset='/data/x' calculate='count(//*[count(//*[string(/data) = .]) &gt; 1])'/>",
        "<group ref='/data/r'><repeat nodeset='/data/r'/></group>",
    );
    let e = check(&f, &many);
    assert_eq!(e.unjudged.len(), 1, "{:?}", e.findings);
    // Too many nodes, too many patterns.
    let wide: String = (0..20_001).map(|n| format!("<f{n}/>")).collect();
    let text = format!("<html><head><model><instance><data id='f'>{wide}</data></instance></model></head></html>");
    assert_eq!(Form::read(text.as_bytes()).problems[0].kind.to_string(), "too large: more than 20000 nodes");
    let binds: String = (0..2_001).map(|n| format!("<bind nodeset='/data/f{n}' calculate='count(//q{n})'/>")).collect();
    let wide: String = (0..2_001).map(|n| format!("<f{n}/>")).collect();
    let text = format!("<html><head><model><instance><data id='f'>{wide}</data></instance>{binds}</model></head></html>");
    assert_eq!(Form::read(text.as_bytes()).problems[0].kind.to_string(), "too large: more than 2000 references with * or //");
    // As deep as may be, on a thread of the size that servers use.
    let deep = format!("{}{}", "<a>".repeat(195), "</a>".repeat(195));
    let f = form(&deep, "", "");
    assert_eq!(found(&check(&f, &deep)), Vec::<String>::new());
}

/// Submissions of ODK Central's own tests against its forms.
#[test]
fn submissions_of_the_corpus() {
    let Some(folder) = shared::forms() else { return };
    let mut forms = Vec::new();
    for path in shared::files(&folder.join("odk-central/forms"), "xml") {
        if let Some(form) = Form::read(&std::fs::read(&path).unwrap()).form {
            forms.push(form);
        }
    }
    let (mut seen, mut without) = (0, 0);
    for path in shared::files(&folder.join("odk-central/instances"), "xml") {
        let bytes = std::fs::read(&path).unwrap();
        let none = Attachments::default();
        let fits = forms.iter().find_map(|f| match Assessor::new(f, &none).evaluate(&bytes, &Context::at(NOW)) {
            Err(SubmissionError::WrongForm { .. } | SubmissionError::WrongRoot { .. }) => None,
            other => Some(other),
        });
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match fits {
            None => println!("no form for {name}"),
            Some(Err(e)) => println!("{name}: {e}"),
            Some(Ok(e)) => {
                seen += 1;
                without += usize::from(e.findings.is_empty());
                for f in found(&e) {
                    println!("{name}: {f}");
                }
                for u in &e.unjudged {
                    println!("{name}: not judged: {} {}: {}", u.at, u.what, u.why);
                }
            }
        }
    }
    println!("submissions evaluated: {seen}, without a finding: {without}");
    assert!(seen >= 30);
}

#[test]
fn what_was_asked_and_how_long_it_took_is_counted() {
    let f = form(
        "<start/><end/><shown/><a/><hidden/><person jr:template=''><name/><age/></person><adult/>",
        "<bind nodeset='/data/start' type='dateTime' jr:preload='timestamp' jr:preloadParams='start'/>\
         <bind nodeset='/data/end' type='dateTime' jr:preload='timestamp' jr:preloadParams='end'/>\
         <bind nodeset='/data/shown' readonly='true()'/><bind nodeset='/data/hidden' relevant='/data/a = 1'/>\
         <bind nodeset='/data/adult' calculate='1'/>",
        "<input ref='/data/shown'/><input ref='/data/a'/><input ref='/data/hidden'/><group><repeat nodeset='/data/person'>\
         <input ref='/data/person/name'/><input ref='/data/person/age'/></repeat></group>",
    );
    let e = check(
        &f,
        "<start>2026-11-20T09:00:00+08:00</start><end>2026-11-20T09:05:40+08:00</end><shown/><a>2</a><hidden/>\
         <person><name>a</name><age/></person><person><name>b</name><age>3</age></person><adult>1</adult>",
    );
    assert_eq!(found(&e), Vec::<String>::new());
    // One question of the form and two of each person: what is only shown, hidden or computed was not asked; an empty answer was.
    assert_eq!(e.questions, 5);
    assert_eq!(e.filled.iter().map(|m| m.epoch_ms - e.filled[0].epoch_ms).collect::<Vec<_>>(), [0, 340_000]);
}
