//! Every form of the corpus is read, or refused with a named reason; a table is printed.
#![allow(clippy::unwrap_used)]

mod shared;

use std::collections::BTreeMap;

use xforms::form::{Form, ProblemKind, Severity};

fn word(kind: &ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Xml(_) => "xml",
        ProblemKind::NotAForm(_) => "not a form",
        ProblemKind::NoFormId => "no form id",
        ProblemKind::UnknownNode { .. } => "unknown node",
        ProblemKind::BadExpression { .. } => "bad expression",
        ProblemKind::UnknownInstance(_) => "unknown instance",
        ProblemKind::DuplicateInstance(_) => "duplicate instance",
        ProblemKind::Cycle(_) => "cycle",
        ProblemKind::TooLarge(..) => "too large",
        ProblemKind::UnknownBind(_) => "unknown bind",
        ProblemKind::NoReference => "no reference",
        ProblemKind::UnknownType(_) => "(unknown type)",
        ProblemKind::DuplicateBind => "(duplicate bind)",
        ProblemKind::UnknownText(_) => "(unknown text)",
        ProblemKind::UnknownControl(_) => "(unknown control)",
        ProblemKind::RefersToNothing { .. } => "(refers to nothing)",
        ProblemKind::NoChoices => "(no choices)",
        ProblemKind::OwnValue(_) => "(own value)",
    }
}

#[test]
fn every_form_is_read_or_refused_by_name() {
    let Some(folder) = shared::forms() else { return };
    let (mut read, mut refused, mut other) = (0, 0, 0);
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for path in shared::files(&folder, "xml") {
        let bytes = std::fs::read(&path).unwrap();
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        let reading = Form::read(&bytes);
        // Submissions, itemsets and lists are no forms.
        if reading.problems.iter().any(|p| matches!(p.kind, ProblemKind::NotAForm("model"))) {
            other += 1;
            continue;
        }
        let mut seen: Vec<&str> = reading.problems.iter().map(|p| word(&p.kind)).collect();
        seen.sort_unstable();
        seen.dedup();
        seen.iter().for_each(|w| *kinds.entry(w).or_default() += 1);
        match &reading.form {
            Some(form) => {
                read += 1;
                assert!(!form.id.is_empty() && !form.fields.is_empty(), "{name}");
            }
            None => {
                refused += 1;
                let first = reading
                    .problems
                    .iter()
                    .find(|p| p.severity() == Severity::Error)
                    .unwrap_or_else(|| panic!("{name}: no reason"));
                println!("refused  {name}: line {}: {}", first.line, first.kind);
            }
        }
    }
    println!("forms read: {read}, refused: {refused}; other XML files: {other}");
    for (kind, count) in &kinds {
        println!("{count:>5} files with {kind}");
    }
    assert!(read > 250, "{read}");
}

/// A column of choices may be named by whatever XML 1.0 lets name an element, and what is made of it is read again.
#[test]
fn names_of_xml_are_read_as_they_are_written() {
    for header in ["labe\u{feff}l", "\u{2070}x", "名称", "a\u{b7}"] {
        let book =
            format!("survey,,,\n,type,name,label\n,select_one a,q,Q\nchoices,,,,\n,list_name,name,label,{header}\n,a,0,One,1\n");
        let made = xforms::xlsform::convert(book.as_bytes(), xforms::xlsform::Kind::Csv, "form").expect("made");
        assert!(made.xform.contains(&format!("<{header}>")), "{header:?}");
        let reading = xforms::form::Form::read(made.xform.as_bytes());
        assert!(reading.form.is_some(), "{header:?}: {:?}", reading.problems);
    }
}
