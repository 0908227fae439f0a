//! `form convert`, `form check`: workbooks and XForms, without an installation.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Result;
use clap::{Args, Subcommand};
use domain::surveys;
use serde_json::{Value, json};
use server::wording::{self, Language, both};
use xforms::{
    evaluation::{Assessor, Evaluation, SubmissionError},
    form::{Attachments, Form as Read, Source},
    head::{HeadError, form_head},
    xlsform::{Conversion, Finding, Kind, Leniency, Severity, Word, convert_leniently, formulas},
};

use crate::{
    End,
    data::now_ms,
    files::{bytes, name, write_whole},
};

/// `qianwan form`.
#[derive(Subcommand)]
pub enum Form {
    /// Make an XForm (XML) of a workbook (.xlsx, .xls, .csv)
    Convert(Convert),
    /// Check a workbook, or that an XML file is well-formed and a form that phones can open; or lay a filled form over it
    Check(Check),
}

impl Form {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        match self {
            Form::Convert(c) => c.run(),
            Form::Check(c) => c.run(),
        }
    }
}

/// `qianwan form convert`.
#[derive(Args)]
pub struct Convert {
    /// The workbook
    file: PathBuf,
    /// Where the XForm goes; standard output without it
    #[arg(long)]
    out: Option<PathBuf>,
    /// Let the same choice name twice in a list pass, as older forms have it
    #[arg(long)]
    allow_duplicate_choices: bool,
}

impl Convert {
    fn run(self) -> Result<End> {
        let made = match convert(&self.file, self.allow_duplicate_choices)? {
            Ok(made) => made,
            Err(findings) => {
                tell(&self.file, &findings);
                return Ok(End::BadInput);
            }
        };
        tell(&self.file, &made.findings);
        match &self.out {
            Some(out) => {
                write_whole(out, |to| to.write_all(made.xform.as_bytes()))?;
                say_made(&self.file, &made);
            }
            None => std::io::stdout().write_all(made.xform.as_bytes())?,
        }
        Ok(End::Success)
    }
}

/// `qianwan form check`.
#[derive(Args)]
pub struct Check {
    /// The workbook or XForm
    file: PathBuf,
    /// A filled form (XML): recompute it, and say what does not fit; files that the form reads are looked for beside it
    #[arg(long, value_name = "FILE")]
    submission: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Let the same choice name twice in a list pass, as older forms have it
    #[arg(long)]
    allow_duplicate_choices: bool,
}

impl Check {
    fn run(self) -> Result<End> {
        if let Some(submission) = &self.submission {
            return self.laid_over(submission);
        }
        if self.file.extension().is_some_and(|e| e.eq_ignore_ascii_case("xml")) {
            return self.xform();
        }
        match convert(&self.file, self.allow_duplicate_choices)? {
            Ok(made) if self.json => {
                println!(
                    "{}",
                    json!({
                        "good": true, "id": made.id, "title": made.title, "version": made.version, "attachments": made.attachments,
                        "findings": told(&made.findings),
                    })
                );
                Ok(End::Success)
            }
            Ok(made) => {
                tell(&self.file, &made.findings);
                say_made(&self.file, &made);
                Ok(End::Success)
            }
            Err(findings) => {
                if self.json {
                    println!("{}", json!({ "good": false, "findings": told(&findings) }));
                } else {
                    tell(&self.file, &findings);
                    let errors = findings.iter().filter(|f| f.severity == Severity::Error).count();
                    println!("{}", both("cli.form_refused", &[("file", name(&self.file)), ("n", errors.to_string())]));
                }
                let unreadable = findings.iter().any(|f| matches!(f.word, Word::NotAWorkbook | Word::UnknownKind { .. }));
                Ok(if unreadable { End::BadInput } else { End::No })
            }
        }
    }

    /// Recomputes a filled form.
    fn laid_over(&self, submission: &Path) -> Result<End> {
        let xform = if self.file.extension().is_some_and(|e| e.eq_ignore_ascii_case("xml")) {
            bytes(&self.file)?
        } else {
            match convert(&self.file, self.allow_duplicate_choices)? {
                Ok(made) => made.xform.into_bytes(),
                Err(findings) => {
                    tell(&self.file, &findings);
                    return Ok(End::BadInput);
                }
            }
        };
        let Some(form) = Read::read(&xform).form else {
            eprintln!("✗ {}", both("cli.form_not_understood", &[("file", name(&self.file))]));
            return Ok(End::BadInput);
        };
        let sent = bytes(submission)?;
        let files = beside(&form, &self.file);
        let attachments = Attachments::read(&form, |wanted| files.iter().find(|(n, _)| n == wanted).map(|(_, b)| b.as_slice()));
        for (file, _) in &attachments.missing {
            eprintln!("? {}", both("cli.form_file_missing", &[("file", file.clone())]));
        }
        match Assessor::new(&form, &attachments).evaluate(&sent, &surveys::came_at(now_ms())) {
            Ok(evaluation) => Ok(self.say_laid(&form, submission, &evaluation)),
            Err(why) => {
                let (key, end) = match &why {
                    SubmissionError::Xml(_) => ("cli.submission_not_xml", End::BadInput),
                    SubmissionError::Encrypted => ("cli.submission_encrypted", End::No),
                    SubmissionError::WrongRoot { .. } | SubmissionError::WrongForm { .. } => {
                        ("cli.submission_of_another", End::No)
                    }
                };
                let args = [("file", name(submission)), ("why", why.to_string())];
                if self.json {
                    println!("{}", json!({ "good": false, "why": why.to_string() }));
                }
                eprintln!("✗ {}", both(key, &args));
                Ok(end)
            }
        }
    }

    fn say_laid(&self, form: &Read, submission: &Path, evaluation: &Evaluation) -> End {
        let in_words = |language: Language| {
            let labels = form.labels(form.language_of(language.tag()));
            let told = |f: &xforms::evaluation::Finding| server::doubt_told(language, labels.get(f.field.as_str()).cloned(), f);
            evaluation.findings.iter().map(told).collect::<Vec<_>>()
        };
        let (zh, en) = (in_words(Language::Chinese), in_words(Language::English));
        let good = evaluation.findings.is_empty();
        if self.json {
            let doubts: Vec<Value> = zh
                .iter()
                .zip(&en)
                .map(|(z, e)| json!({ "at": z.at, "label": z.label, "what": z.what, "message": z.message, "message_en": e.message }))
                .collect();
            println!(
                "{}",
                json!({
                    "good": good, "id": form.id, "instance": evaluation.instance_id, "version": evaluation.version, "doubts": doubts,
                    "unjudged": evaluation.unjudged.len(),
                })
            );
        } else {
            for (z, e) in zh.iter().zip(&en) {
                let label = z.label.as_ref().map_or_else(String::new, |label| format!(" ({label})"));
                println!("? {}{label}: {} / {}", z.at, z.message, e.message);
            }
            for unjudged in &evaluation.unjudged {
                eprintln!("? {} {}: {}", unjudged.at, unjudged.what, unjudged.why);
            }
            let args = [
                ("file", name(submission)),
                ("n", evaluation.findings.len().to_string()),
                ("unjudged", evaluation.unjudged.len().to_string()),
            ];
            println!("{}", both(if good { "cli.submission_fits" } else { "cli.submission_doubtful" }, &args));
        }
        if good { End::Success } else { End::No }
    }

    fn xform(&self) -> Result<End> {
        let bytes = bytes(&self.file)?;
        let file = ("file", name(&self.file));
        let findings = formulas(&bytes);
        match form_head(&bytes) {
            Ok(_) if !findings.is_empty() => {
                if self.json {
                    println!("{}", json!({ "good": false, "findings": told(&findings) }));
                } else {
                    tell(&self.file, &findings);
                    println!("{}", both("cli.form_not_opened", &[file, ("n", findings.len().to_string())]));
                }
                Ok(End::No)
            }
            Ok(head) if self.json => {
                println!(
                    "{}",
                    json!({ "good": true, "id": head.id, "title": head.title, "version": head.version.unwrap_or_default() })
                );
                Ok(End::Success)
            }
            Ok(head) => {
                println!(
                    "{}",
                    both("cli.form_made", &[file, ("id", head.id), ("version", shown(&head.version.unwrap_or_default()))])
                );
                Ok(End::Success)
            }
            Err(why) if self.json => {
                println!("{}", json!({ "good": false, "why": why.to_string() }));
                Ok(End::No)
            }
            Err(HeadError::NotXml { at, .. }) => {
                println!("{}", both("cli.form_not_xml", &[file, ("at", at.to_string())]));
                Ok(End::No)
            }
            Err(HeadError::Missing { missing }) => {
                println!("{}", both("cli.form_no_head", &[file, ("what", missing.word().to_owned())]));
                Ok(End::No)
            }
            Err(other) => {
                let why = refused(&other);
                let say = |language| {
                    wording::text(
                        language,
                        &(if why == "too-large" {
                            "error.too-large.title".to_owned()
                        } else {
                            format!("error.forms/{why}.title")
                        }),
                    )
                };
                println!("{}: {} / {}", name(&self.file), say(Language::Chinese), say(Language::English));
                Ok(End::No)
            }
        }
    }
}

/// Files that the form reads, from the folder in which it lies.
fn beside(form: &Read, file: &Path) -> Vec<(String, Vec<u8>)> {
    let folder = file.parent().unwrap_or(Path::new(""));
    let uris = form.instances.iter().filter_map(|i| match &i.source {
        Source::External(uri) => Some(uri.rsplit('/').next().unwrap_or_default()),
        Source::Inline(_) => None,
    });
    uris.filter_map(|name| Some((name.to_owned(), fs::read(folder.join(name)).ok()?))).collect()
}

/// The word of a refusal in the locale files, as the server's answers have it.
fn refused(why: &HeadError) -> &'static str {
    match why {
        HeadError::TooLarge { .. } => "too-large",
        HeadError::NotUtf8 => "not-utf8",
        HeadError::Doctype => "doctype",
        HeadError::TooDeep { .. } => "too-deep",
        HeadError::NotXml { .. } => "not-xml",
        HeadError::Missing { .. } => "missing",
        HeadError::Twice { .. } => "twice",
        HeadError::BadWord { .. } => "bad-word",
        HeadError::TooManyFiles { .. } => "too-many-files",
    }
}

fn convert(file: &Path, duplicate_choices: bool) -> Result<Result<Conversion, Vec<Finding>>> {
    let name = name(file);
    let Some(kind) = Kind::of(&name) else {
        let word = Word::UnknownKind { name };
        return Ok(Err(vec![Finding { severity: Severity::Error, sheet: None, row: None, column: None, word }]));
    };
    let bytes = bytes(file)?;
    let id = file.file_stem().map_or_else(|| name.clone(), |s| s.to_string_lossy().into_owned());
    Ok(convert_leniently(&bytes, kind, &id, Leniency { duplicate_choices }))
}

/// A version, or a dash for none.
fn shown(version: &str) -> String {
    if version.is_empty() { "–".into() } else { version.to_owned() }
}

fn say_made(file: &Path, made: &Conversion) {
    println!("{}", both("cli.form_made", &[("file", name(file)), ("id", made.id.clone()), ("version", shown(&made.version))]));
    if !made.attachments.is_empty() {
        println!("{}", both("cli.form_attachments", &[("files", made.attachments.join(", "))]));
    }
}

fn message(finding: &Finding, language: Language) -> String {
    let arguments: Vec<_> = finding.word.arguments().into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    wording::fill(language, &format!("form.{}", finding.word.key()), &arguments)
}

/// One line for each finding, with the cell as the spreadsheet names it.
fn tell(file: &Path, findings: &[Finding]) {
    for finding in findings {
        let mark = if finding.severity == Severity::Error { "✗" } else { "?" };
        let column = finding.column.as_ref().map_or("", |c| c.letter.as_str());
        let cell = format!("{column}{}", finding.row.map_or_else(String::new, |r| r.to_string()));
        let place = [name(file), finding.sheet.clone().unwrap_or_default(), cell].into_iter().filter(|p| !p.is_empty());
        let (zh, en) = (message(finding, Language::Chinese), message(finding, Language::English));
        eprintln!("{mark} {} {zh} / {en}", place.collect::<Vec<_>>().join(":"));
    }
}

fn told(findings: &[Finding]) -> Vec<Value> {
    let one = |f: &Finding| {
        json!({
            "severity": if f.severity == Severity::Error { "error" } else { "warning" },
            "sheet": f.sheet, "row": f.row, "column": f.column.as_ref().map(|c| &c.letter), "header": f.column.as_ref().map(|c| &c.header),
            "word": f.word.key(), "message": message(f, Language::Chinese), "message_en": message(f, Language::English),
        })
    };
    findings.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converted_and_checked() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| fs::write(at(name), text).expect("written");
        write("good.csv", "survey,,,\n,type,name,label\n,text,a,A\n");
        write("bad.csv", "survey,,,\n,type,name,label\n,text,,A\n");
        write("none.csv", "a");
        write("none.txt", "a");
        write("broken.xml", "<a>");
        write("doctype.xml", "<!DOCTYPE a><a/>");
        write("formula.csv", "survey,,,,\n,type,name,label,relevant\n,text,a,A,foo(1)\n");
        let cyclic = "<h:html xmlns='http://www.w3.org/2002/xforms' xmlns:h='http://www.w3.org/1999/xhtml'><h:head><h:title>T</h:title>\
            <model><instance><data id='f'><a/><b/></data></instance><bind nodeset='/data/a' calculate='/data/b'/>\
            <bind nodeset='/data/b' calculate='/data/a'/></model></h:head><h:body/></h:html>";
        write("cycle.xml", cyclic);
        let convert = |name: &str| Convert { file: at(name), out: Some(at("out.xml")), allow_duplicate_choices: false }.run();
        let check = |name: &str| Check { file: at(name), submission: None, json: false, allow_duplicate_choices: false }.run();
        assert!(matches!(convert("good.csv"), Ok(End::Success)));
        assert!(fs::read_to_string(at("out.xml")).expect("written").contains("<data id=\"good\">"));
        for (name, end) in [
            ("good.csv", 0),
            ("out.xml", 0),
            ("bad.csv", 1),
            ("broken.xml", 1),
            ("doctype.xml", 1),
            ("formula.csv", 1),
            ("cycle.xml", 1),
            ("none.csv", 2),
            ("none.txt", 2),
        ] {
            let code = match check(name).expect("looked at") {
                End::Success => 0,
                End::No => 1,
                End::BadInput => 2,
            };
            assert_eq!(code, end, "{name}");
        }
        assert!(matches!(convert("bad.csv"), Ok(End::BadInput)) && check("missing.csv").is_err());
    }

    #[test]
    fn filled_forms_are_laid_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let write = |name: &str, text: &str| fs::write(at(name), text).expect("written");
        write(
            "visit.csv",
            "survey,,,,,\n,type,name,label,required,constraint\n,integer,n,N,yes,. < 10\n,select_one_from_file list.csv,c,C,,\n",
        );
        write("list.csv", "name,label\na,A\n");
        let filled = |n: &str, c: &str| {
            format!("<data id='visit'><n>{n}</n><c>{c}</c><meta><instanceID>uuid:1</instanceID></meta></data>")
        };
        for (name, text) in [
            ("good.xml", filled("3", "a")),
            ("doubtful.xml", filled("30", "a")),
            ("other-choice.xml", filled("3", "b")),
            ("empty.xml", filled("", "a")),
            ("another.xml", "<data id='another'/>".into()),
            ("cut.xml", "<data id='visit'><n>".into()),
            ("sealed.xml", "<data id='visit' encrypted='yes'/>".into()),
        ] {
            write(name, &text);
        }
        let form = |form: &str, json: bool, submission: &str| {
            let check = Check { file: at(form), submission: Some(at(submission)), json, allow_duplicate_choices: false };
            match check.run().expect("looked at") {
                End::Success => 0,
                End::No => 1,
                End::BadInput => 2,
            }
        };
        for (submission, code) in [
            ("good.xml", 0),
            ("doubtful.xml", 1),
            ("other-choice.xml", 1),
            ("empty.xml", 1),
            ("another.xml", 1),
            ("sealed.xml", 1),
            ("cut.xml", 2),
        ] {
            assert_eq!((form("visit.csv", false, submission), form("visit.csv", true, submission)), (code, code), "{submission}");
        }
        assert_eq!(form("good.xml", false, "good.xml"), 2, "a filled form is no form");
        assert!(
            Check { file: at("visit.csv"), submission: Some(at("none.xml")), json: false, allow_duplicate_choices: false }
                .run()
                .is_err()
        );
    }

    /// Every word of a finding has wording in both languages, with placeholders that it fills.
    #[test]
    fn findings_have_words() {
        for (key, parameters) in Word::KEYS {
            for language in [Language::Chinese, Language::English] {
                let text = wording::text(language, &format!("form.{key}"));
                assert_ne!(text, format!("form.{key}"), "{} is missing", language.tag());
                let filled = parameters.iter().fold(text, |t, p| t.replace(&format!("{{{p}}}"), ""));
                assert!(!filled.replace("${…}", "").contains('{'), "{key}: {filled}");
            }
        }
    }
}
