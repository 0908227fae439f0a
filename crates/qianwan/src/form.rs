//! `form convert`, `form check`: workbooks and XForms, without an installation.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use server::wording::{self, Language, both};
use xforms::{
    head::{HeadError, form_head},
    xlsform::{Conversion, Finding, Kind, Leniency, Severity, Word, convert_leniently},
};

use crate::End;

/// `qianwan form`.
#[derive(Subcommand)]
pub enum Form {
    /// Make an XForm (XML) of a workbook (.xlsx, .xls, .csv)
    Convert(Convert),
    /// Check a workbook, or that an XML file is well-formed and a form
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
                fs::write(out, &made.xform).with_context(|| out.display().to_string())?;
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
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Let the same choice name twice in a list pass, as older forms have it
    #[arg(long)]
    allow_duplicate_choices: bool,
}

impl Check {
    fn run(self) -> Result<End> {
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

    fn xform(&self) -> Result<End> {
        let bytes = fs::read(&self.file).with_context(|| self.file.display().to_string())?;
        let file = ("file", name(&self.file));
        match form_head(&bytes) {
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

fn name(file: &Path) -> String {
    file.file_name().map_or_else(|| file.display().to_string(), |n| n.to_string_lossy().into_owned())
}

fn convert(file: &Path, duplicate_choices: bool) -> Result<Result<Conversion, Vec<Finding>>> {
    let name = name(file);
    let Some(kind) = Kind::of(&name) else {
        let word = Word::UnknownKind { name };
        return Ok(Err(vec![Finding { severity: Severity::Error, sheet: None, row: None, column: None, word }]));
    };
    let bytes = fs::read(file).with_context(|| file.display().to_string())?;
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
        let convert = |name: &str| Convert { file: at(name), out: Some(at("out.xml")), allow_duplicate_choices: false }.run();
        let check = |name: &str| Check { file: at(name), json: false, allow_duplicate_choices: false }.run();
        assert!(matches!(convert("good.csv"), Ok(End::Success)));
        assert!(fs::read_to_string(at("out.xml")).expect("written").contains("<data id=\"good\">"));
        for (name, end) in [
            ("good.csv", 0),
            ("out.xml", 0),
            ("bad.csv", 1),
            ("broken.xml", 1),
            ("doctype.xml", 1),
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
