//! The converter against pyxform 4.5.0: node by node, on a corpus of real workbooks.
//!
//! The corpus lies beside the project (`../shared/data/forms`); without it the tests say so and count as ignored in their words.
//! A few small workbooks are copied into `tests/pyxform/cases` and always run.

mod compare;
mod random;
mod refusals;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use compare::{Compared, difference};
use xforms::xlsform::{Finding, Kind, Leniency, Severity, convert, convert_leniently};

fn corpus() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/forms");
    if !folder.is_dir() {
        println!("SKIPPED: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

/// Exceptions: a word, the file, the reason. A line that no longer holds fails the test.
fn exceptions() -> BTreeMap<String, String> {
    let text = include_str!("exceptions.txt");
    let lines = text.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#'));
    lines.map(|l| l.split_once(" | ").map(|(file, why)| (file.to_owned(), why.to_owned())).expect("file | reason")).collect()
}

fn stem(file: &str) -> &str {
    Path::new(file).file_stem().and_then(|s| s.to_str()).expect("a name")
}

/// Fields of a line of CSV.
fn fields(line: &str) -> Vec<String> {
    let (mut all, mut quoted) = (vec![String::new()], false);
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => all.push(String::new()),
            c => all.last_mut().expect("a field").push(c),
        }
    }
    all
}

#[test]
fn corpus_agrees_with_pyxform() {
    let Some(folder) = corpus() else { return };
    let index = std::fs::read_to_string(folder.join("INDEX.csv")).expect("an index");
    let exceptions = exceptions();
    let (mut table, mut wrong, mut counts) = (String::new(), Vec::new(), BTreeMap::<&str, usize>::new());
    let mut held = Vec::new();
    for row in index.lines().skip(1).map(fields).filter(|row| row[1] == "xlsform") {
        let (file, reference) = (row[0].as_str(), row[7].as_str());
        let bytes = std::fs::read(folder.join(file)).expect("a workbook");
        let ours = convert(&bytes, Kind::of(file).expect("a kind"), stem(file));
        let (verdict, first) = match (ours, reference == "converts") {
            (Ok(ours), true) => {
                let theirs = folder.join("converted").join(format!("{}.xml", file.replace('/', "__")));
                let theirs = std::fs::read_to_string(theirs).expect("a conversion");
                match difference(&ours.xform, &theirs) {
                    Compared::Same => ("agree", String::new()),
                    Compared::Differ(first) => ("differ", first),
                }
            }
            (Err(findings), false) => {
                let errors = findings.iter().filter(|f| f.severity == Severity::Error);
                (
                    "refuse",
                    errors
                        .map(|f| f.word.key())
                        .collect::<std::collections::BTreeSet<_>>()
                        .into_iter()
                        .collect::<Vec<_>>()
                        .join(", "),
                )
            }
            (Err(findings), true) => {
                ("refuse alone", format!("{:?}", findings.iter().find(|f| f.severity == Severity::Error).expect("an error")))
            }
            (Ok(_), false) => ("convert alone", reference.to_owned()),
        };
        let excepted = exceptions.contains_key(file);
        *counts.entry(if excepted { "excepted" } else { verdict }).or_default() += 1;
        table.push_str(&format!("{file} | {verdict} | {first}\n"));
        match (matches!(verdict, "agree" | "refuse"), excepted) {
            (false, false) => wrong.push(format!("{file}: {verdict}: {first}")),
            (true, true) => wrong.push(format!("{file}: {verdict}, so that its exception no longer holds")),
            (_, true) => held.push(file.to_owned()),
            _ => {}
        }
    }
    println!("{table}\n{counts:?}");
    let stale: Vec<_> = exceptions.keys().filter(|f| !held.contains(f)).collect();
    assert!(wrong.is_empty() && stale.is_empty(), "{}\nnot in the corpus: {stale:?}", wrong.join("\n"));
}

#[test]
fn older_forms_convert_when_duplicates_are_let_pass() {
    let Some(folder) = corpus() else { return };
    for file in [
        "liberia-coverage-round1/xlsform/liberiaCoverage.xlsx",
        "liberia-coverage-round1/xlsform/liberiaCoverageVillageForm.xlsx",
    ] {
        let bytes = std::fs::read(folder.join(file)).expect("a workbook");
        let leniency = Leniency { duplicate_choices: true };
        let made =
            convert_leniently(&bytes, Kind::Xlsx, stem(file), leniency).unwrap_or_else(|found| panic!("{file}: {found:?}"));
        assert!(made.findings.iter().any(|f| f.word.key() == "choice-name-twice" && f.row.is_some()), "{file}");
    }
}

/// The Python that can import pyxform 4.5.0.
fn python() -> Option<String> {
    let python = std::env::var("PYXFORM_PYTHON").unwrap_or_else(|_| "python3".into());
    let version = "import importlib.metadata as m; import pyxform; print(m.version('pyxform'))";
    match std::process::Command::new(&python).args(["-c", version]).output() {
        Ok(said) if said.status.success() && said.stdout.starts_with(b"4.5.0") => Some(python),
        _ => {
            println!("SKIPPED: {python} cannot import pyxform 4.5.0");
            None
        }
    }
}

/// Has pyxform convert all workbooks of a folder.
fn run(python: &str, folder: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pyxform/reference.py");
    let status = std::process::Command::new(python).arg(script).arg(folder).status().expect("Python runs");
    assert!(status.success());
}

/// Made-up forms, converted by both. Runs where `PYXFORM_PYTHON`, or `python3`, can import pyxform 4.5.0; says so otherwise.
/// `PYXFORM_SEED` and `PYXFORM_FORMS` choose others than the usual ones.
#[test]
fn made_up_forms_agree_with_pyxform() {
    let Some(python) = python() else { return };
    let number = |name: &str, usual: u64| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(usual);
    let (seed, forms) = (number("PYXFORM_SEED", 1), number("PYXFORM_FORMS", 100));
    let folder = std::env::temp_dir().join(format!("xforms-{}-{seed}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut dice = random::Dice(seed);
    for i in 0..forms {
        let book = random::workbook(&mut dice);
        let (ending, bytes) = if i % 2 == 0 { ("csv", random::csv(&book).into_bytes()) } else { ("xlsx", random::xlsx(&book)) };
        std::fs::write(folder.join(format!("form{i:04}.{ending}")), bytes).expect("written");
    }
    run(&python, &folder);
    // Lists of which one question would find nothing are refused; pyxform overlooks some of them. Formulas it does not read at all.
    let stricter_in = |key: &str| key == "search-shared" || key.starts_with("formula-");
    let (mut wrong, mut agreed, mut refused, mut stricter, mut broken) = (Vec::new(), 0, 0, 0, 0);
    for i in 0..forms {
        let file = folder.join(format!("form{i:04}.{}", if i % 2 == 0 { "csv" } else { "xlsx" }));
        let name = file.file_name().and_then(|n| n.to_str()).expect("a name");
        let ours = convert(&std::fs::read(&file).expect("a form"), Kind::of(name).expect("a kind"), stem(name));
        match (ours, std::fs::read_to_string(file.with_extension("xml"))) {
            (Ok(ours), Ok(theirs)) => match difference(&ours.xform, &theirs) {
                Compared::Same => agreed += 1,
                Compared::Differ(first) => wrong.push(format!("{name}: {first}")),
            },
            (Err(_), Err(_)) => refused += 1,
            (Ok(_), Err(_)) => {
                let why = std::fs::read_to_string(file.with_extension("refused")).unwrap_or_default();
                // An error of Python's own is an accident and no refusal.
                if ["KeyError", "AttributeError", "TypeError"].iter().any(|accident| why.starts_with(accident))
                    || why.contains("list name 'None'")
                {
                    broken += 1;
                    continue;
                }
                wrong.push(format!("{name}: pyxform refuses: {why}"));
            }
            (Err(found), Ok(_)) => {
                let why: Vec<_> = found.iter().filter(|f| f.severity == Severity::Error).collect();
                if why.iter().all(|f| stricter_in(f.word.key())) {
                    stricter += 1;
                    continue;
                }
                wrong.push(format!("{name}: we refuse: {why:?}"));
            }
        }
    }
    println!(
        "seed {seed}: {agreed} agree, {refused} refused by both, {stricter} by us alone, {broken} broke pyxform, {} differ",
        wrong.len()
    );
    assert!(wrong.is_empty(), "in {}:\n{}", folder.display(), wrong.join("\n"));
    std::fs::remove_dir_all(&folder).expect("gone");
}

#[test]
fn copied_cases_agree_with_pyxform() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pyxform/cases");
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("cases") {
        let path = entry.expect("a case").path();
        let Some(kind) = path.to_str().and_then(Kind::of) else { continue };
        let name = path.file_name().and_then(|n| n.to_str()).expect("a name");
        let ours =
            convert(&std::fs::read(&path).expect("a workbook"), kind, stem(name)).unwrap_or_else(|f| panic!("{name}: {f:?}"));
        let theirs = std::fs::read_to_string(folder.join(format!("{name}.xml"))).expect("a conversion");
        if let Compared::Differ(first) = difference(&ours.xform, &theirs) {
            panic!("{name}: {first}");
        }
        count += 1;
    }
    assert_eq!(count, 10);
}

/// What is compared is seen: each change to a form is found.
#[test]
fn differences_are_found() {
    let form = include_str!("cases/case_insensitivity.xlsx.xml");
    assert!(matches!(difference(form, &form.replace('\n', "\n ")), Compared::Same));
    for (old, new) in [
        ("<h:title>Yes or no", "<h:title>Yes"),
        ("<value>Where are you?", "<value>Where?"),
        ("lang=\"EN\"", "lang=\"FR\""),
        ("<q2/>", "<q2>1</q2>"),
        ("<q2/>\n          <q3/>", "<q3/>\n          <q2/>"),
        ("id=\"YesNo\"", "id=\"NoYes\""),
        ("<name>n1-c</name>", "<name>n9-c</name>"),
        ("readonly=\"true()\"", "readonly=\"false()\""),
        ("type=\"binary\"", "type=\"string\""),
        ("mediatype=\"osm/*\"", "mediatype=\"image/*\""),
        ("event=\"odk-instance-first-load\"", "event=\"odk-new-repeat\""),
        ("<instance id=\"c1\">", "<instance id=\"c2\">"),
        ("jr:preload=", "jr:preloaded="),
        ("<label ref=\"jr:itext('/data/q1:label')\"/>", ""),
    ] {
        assert!(form.contains(old), "{old}");
        assert!(matches!(difference(form, &form.replacen(old, new, 1)), Compared::Differ(_)), "{old}");
    }
}

/// Findings in one line.
fn said(findings: &[Finding], severity: Severity) -> String {
    let one = |f: &Finding| {
        let arguments = f.word.arguments().iter().map(|(_, v)| *v).collect::<Vec<_>>().join(", ");
        let arguments = if arguments.is_empty() { arguments } else { format!("({arguments})") };
        let column = f.column.as_ref().map_or("", |c| c.letter.as_str());
        let row = f.row.map_or(String::new(), |r| r.to_string());
        format!("{}{arguments}@{}:{column}{row}", f.word.key(), f.sheet.as_deref().unwrap_or_default())
    };
    findings.iter().filter(|f| f.severity == severity).map(one).collect::<Vec<_>>().join("; ")
}

#[test]
fn refusals_say_what_and_where() {
    for (sheets, expected) in refusals::BY_BOTH.iter().chain(refusals::ALONE) {
        match convert(refusals::csv(sheets).as_bytes(), Kind::Csv, "f") {
            Ok(_) => panic!("{sheets}: converted"),
            Err(found) => assert_eq!(said(&found, Severity::Error), *expected, "{sheets}"),
        }
    }
}

#[test]
fn formulas_may_look_into_themselves() {
    for sheets in refusals::SOUND {
        let made = convert(refusals::csv(sheets).as_bytes(), Kind::Csv, "f").unwrap_or_else(|f| panic!("{sheets}: {f:?}"));
        assert_eq!(xforms::xlsform::formulas(made.xform.as_bytes()), [], "{sheets}");
    }
}

/// Of an XForm that was not made here: by path and line.
#[test]
fn formulas_of_xforms_are_looked_at() {
    let form = |model: &str, body: &str| {
        format!(
            "<h:html xmlns='http://www.w3.org/2002/xforms' xmlns:h='http://www.w3.org/1999/xhtml' xmlns:jr='http://openrosa.org/javarosa'>\n\
             <h:head><h:title>T</h:title><model><instance><data id='f'><a/><g><b/></g><r><c/></r></data></instance>\n{model}\n\
             </model></h:head>\n<h:body>{body}</h:body></h:html>"
        )
    };
    let bind = |at: &str, what: &str, text: &str| format!("<bind nodeset='/data/{at}' {what}=\"{text}\"/>");
    for (model, body, expected) in [
        (bind("a", "relevant", "1 +"), "", "formula-unfinished(/data/a, relevant, 1 +)@:3"),
        (bind("g/b", "calculate", "foo(1)"), "", "formula-function(/data/g/b, calculate, foo)@:3"),
        (bind("a", "constraint", ". &gt; 'x"), "", "formula-open-text(/data/a, constraint, . > 'x)@:3"),
        (bind("a", "required", "not(1, 2)"), "", "formula-arguments(/data/a, required, not, 2)@:3"),
        (bind("a", "readonly", "1 ? 2"), "", "formula-unreadable(/data/a, readonly, 1 ? 2, ? 2)@:3"),
        (
            String::new(),
            "<group ref='/data/r'><repeat nodeset='/data/r' jr:count='1 +'><input ref='c'/></repeat></group>",
            "formula-unfinished(/data/r, count, 1 +)@:5",
        ),
        (
            String::new(),
            "<select1 ref='/data/a'><itemset nodeset='/data/r[nope()]'><value ref='c'/></itemset></select1>",
            "formula-function(/data/a, nodeset, nope)@:5",
        ),
        (
            "<setvalue ref='/data/a' event='odk-instance-first-load' value='1 +'/>".into(),
            "",
            "formula-unfinished(/data/a, value, 1 +)@:3",
        ),
        (
            bind("a", "calculate", "/data/g/b") + "\n" + &bind("g/b", "calculate", "../../a"),
            "",
            "formula-cycle(/data/a → /data/g/b → /data/a)@:3",
        ),
        (bind("a", "calculate", ". + 1"), "", "formula-own-value(/data/a, calculate)@:3"),
        (bind("a", "calculate", "/data/a + 1"), "", "formula-own-value(/data/a, calculate)@:3"),
        (bind("r/c", "calculate", "/data/r[position() = 1]/c + 1"), "", ""),
        (bind("a", "constraint", ". &gt; 1") + &bind("g/b", "relevant", "/data/r/c = 1"), "", ""),
    ] {
        let found = xforms::xlsform::formulas(form(&model, body).as_bytes());
        assert_eq!(said(&found, Severity::Error), expected, "{model}{body}");
    }
    assert_eq!(xforms::xlsform::formulas(b"<a"), []);
}

#[test]
fn warnings_say_what_and_where() {
    for (sheets, expected) in refusals::WARNINGS {
        let made = convert(refusals::csv(sheets).as_bytes(), Kind::Csv, "f").unwrap_or_else(|f| panic!("{sheets}: {f:?}"));
        assert_eq!(said(&made.findings, Severity::Warning), *expected, "{sheets}");
    }
}

/// Each line of the table is refused by pyxform too. Runs where it can be imported; says so otherwise.
#[test]
fn refusals_are_shared_with_pyxform() {
    let Some(python) = python() else { return };
    let folder = std::env::temp_dir().join(format!("xforms-refusals-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    for (i, (sheets, _)) in refusals::BY_BOTH.iter().enumerate() {
        std::fs::write(folder.join(format!("{i:03}.csv")), refusals::csv(sheets)).expect("written");
    }
    run(&python, &folder);
    for (i, (sheets, _)) in refusals::BY_BOTH.iter().enumerate() {
        assert!(folder.join(format!("{i:03}.refused")).is_file(), "{sheets}: pyxform converts it");
    }
    std::fs::remove_dir_all(&folder).expect("gone");
}

/// Forms by hand, for what the made-up ones seldom have. Runs where pyxform can be imported; says so otherwise. Converting them
/// is tried in any case.
#[test]
fn forms_by_hand_agree_with_pyxform() {
    let ours: Vec<_> = refusals::MADE
        .iter()
        .enumerate()
        .map(|(i, sheets)| {
            convert(refusals::csv(sheets).as_bytes(), Kind::Csv, &format!("{i:03}")).unwrap_or_else(|f| panic!("{sheets}: {f:?}"))
        })
        .collect();
    let Some(python) = python() else { return };
    let folder = std::env::temp_dir().join(format!("xforms-by-hand-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    for (i, sheets) in refusals::MADE.iter().enumerate() {
        std::fs::write(folder.join(format!("{i:03}.csv")), refusals::csv(sheets)).expect("written");
    }
    run(&python, &folder);
    let mut wrong = Vec::new();
    for (i, sheets) in refusals::MADE.iter().enumerate() {
        match std::fs::read_to_string(folder.join(format!("{i:03}.xml"))) {
            Ok(theirs) => {
                if let Compared::Differ(first) = difference(&ours[i].xform, &theirs) {
                    wrong.push(format!("{sheets}: {first}"));
                }
            }
            Err(_) => wrong.push(format!(
                "{sheets}: {}",
                std::fs::read_to_string(folder.join(format!("{i:03}.refused"))).unwrap_or_default()
            )),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    std::fs::remove_dir_all(&folder).expect("gone");
}
