//! What ODK's JavaScript engine would send must have no finding here, and what it calls invalid must be invalid here.
//!
//! `tests/differential/fill.mjs` fills forms with the engine; its lines are read from `QIANWAN_ENGINE_FILLED` (all of the corpus) and from
//! `tests/differential/engine.jsonl` (a few forms that are kept here, so that this always runs). `./dev test` fills those few anew
//! and names the file in `QIANWAN_ENGINE_FRESH`: it must say what the kept one says, and so must we.
#![allow(clippy::unwrap_used)]

mod shared;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
};

use serde_json::Value;
use xforms::{
    evaluation::{Assessor, Context, FindingKind},
    form::{Attachments, Form},
    xpath::{Dialect, Moment},
};

#[derive(Default)]
struct Table {
    agree: usize,
    differ: usize,
    explained: usize,
    refused_here: usize,
    refused_there: usize,
    forms: BTreeMap<&'static str, BTreeSet<String>>,
    words: Vec<String>,
}

impl Table {
    fn count(&mut self, what: &'static str, form: &str) {
        match what {
            "agree" => self.agree += 1,
            "differ" => self.differ += 1,
            "refused here" => self.refused_here += 1,
            w if w.starts_with("explained") => self.explained += 1,
            _ => self.refused_there += 1,
        }
        self.forms.entry(what).or_default().insert(form.to_owned());
    }

    fn print(&self) {
        println!(
            "fillings: agree {}, differ {}, differ for a known reason {}, refused here {}, refused by the engine {}",
            self.agree, self.differ, self.explained, self.refused_here, self.refused_there
        );
        for (what, forms) in &self.forms {
            println!("  {what}: {} forms", forms.len());
        }
        self.words.iter().for_each(|w| println!("{w}"));
    }
}

/// Whether a form binds nodes by a path that does not begin at the root.
fn relative_bind(form: &Path) -> bool {
    let text = std::fs::read_to_string(form).unwrap();
    text.split("<bind ").skip(1).any(|b| b.split("nodeset=\"").nth(1).is_some_and(|n| !n.trim_start().starts_with('/')))
}

/// Compares each line with what we say.
fn compare(lines: &str, folder: &Path, media: &HashMap<String, PathBuf>) -> Table {
    let mut table = Table::default();
    let files: HashMap<String, Vec<u8>> = media.iter().map(|(n, p)| (n.clone(), std::fs::read(p).unwrap_or_default())).collect();
    // The engine ran with TZ=Asia/Shanghai.
    let now = Moment { epoch_ms: 1_772_677_230_000, offset_minutes: 480 };
    let context = Context { dialect: Dialect::WebForms, ..Context::at(now) };
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let name = line["form"].as_str().unwrap();
        let reading = Form::read(&std::fs::read(folder.join(name)).unwrap());
        let Some(form) = &reading.form else {
            if line["error"].is_null() {
                let first = reading.problems.iter().find(|p| p.severity() == xforms::form::Severity::Error);
                table.words.push(format!("refused here {name}: {}", first.map_or(String::new(), |p| p.kind.to_string())));
            }
            table.count("refused here", name);
            continue;
        };
        if let Some(error) = line["error"].as_str() {
            table.words.push(format!("refused there {name}: {}", error.lines().next().unwrap_or_default()));
            table.count("refused there", name);
            continue;
        }
        let attachments = Attachments::read(form, |n| files.get(n).map(Vec::as_slice));
        let xml = line["xml"].as_str().unwrap();
        let mut wrong = Vec::new();
        match Assessor::new(form, &attachments).evaluate(xml.as_bytes(), &context) {
            Err(e) => wrong.push(e.to_string()),
            Ok(e) => {
                let mut ours = BTreeSet::new();
                for f in &e.findings {
                    match &f.kind {
                        FindingKind::RequiredButEmpty => {
                            ours.insert(format!("{} required", f.at));
                        }
                        FindingKind::ConstraintNotMet { .. } => {
                            ours.insert(format!("{} constraint", f.at));
                        }
                        other => wrong.push(format!("{}: {other:?}", f.at)),
                    }
                }
                let theirs: BTreeSet<String> =
                    line["violations"].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect();
                wrong.extend(ours.difference(&theirs).map(|v| format!("only here: {v}")));
                // What depends on the moment is not judged here.
                let judged = |v: &&String| {
                    let (at, what) = v.split_once(' ').unwrap_or_default();
                    let path: String = at
                        .split('[')
                        .enumerate()
                        .map(|(n, p)| if n == 0 { p } else { p.split_once(']').map_or("", |(_, r)| r) })
                        .collect();
                    let bind = form.field(&path).map(|f| &f.bind);
                    let rule = bind.and_then(|b| if what == "required" { b.required.as_ref() } else { b.constraint.as_ref() });
                    let unjudged = e.unjudged.iter().any(|u| u.at == at && u.what == what);
                    // The engine also requires what is calculated and nowhere asked.
                    let asked = form.field(&path).is_some_and(|f| f.asked.is_some());
                    rule.is_some_and(|r| !r.of_the_moment) && !unjudged && (asked || what != "required")
                };
                wrong.extend(theirs.difference(&ours).filter(judged).map(|v| format!("only there: {v}")));
            }
        }
        match wrong.is_empty() {
            true => table.count("agree", name),
            // The engine passes over binds whose path is relative, JavaRosa does not.
            false if relative_bind(&folder.join(name)) => table.count("explained: a bind with a relative path", name),
            false if line["threw"] == true => table.count("explained: the engine threw while it was filled", name),
            false => {
                table.count("differ", name);
                wrong.into_iter().take(6).for_each(|w| table.words.push(format!("differ {name} #{}: {w}", line["seed"])));
            }
        }
    }
    table
}

#[test]
fn fillings_kept_here() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/forms");
    let table = compare(include_str!("differential/engine.jsonl"), &folder, &HashMap::new());
    table.print();
    assert!(table.agree >= 100 && table.differ + table.explained + table.refused_here + table.refused_there == 0);
}

/// A line without what is another at every filling: ids made by chance.
fn without_chance(line: &str) -> String {
    let id = regex::Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap();
    id.replace_all(line, "…").into_owned()
}

#[test]
fn fillings_made_now() {
    let Some(fresh) = std::env::var_os("QIANWAN_ENGINE_FRESH") else {
        println!("QIANWAN_ENGINE_FRESH names no file: forms were not filled anew; ./dev test does");
        return;
    };
    let (fresh, kept) = (std::fs::read_to_string(fresh).unwrap(), include_str!("differential/engine.jsonl"));
    let (new, old): (Vec<&str>, Vec<&str>) = (fresh.lines().collect(), kept.lines().collect());
    let changed = old.iter().zip(&new).filter(|(a, b)| without_chance(a) != without_chance(b));
    let changed: Vec<_> = changed.inspect(|(a, b)| println!("was {a:.300}\nis  {b:.300}")).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/forms");
    let table = compare(&fresh, &folder, &HashMap::new());
    table.print();
    let failed = changed.len() + old.len().abs_diff(new.len()) + new.len().saturating_sub(table.agree);
    // Read by ./dev test: each filling counts once as itself and once as we judge it.
    println!("engine: {} passed, {failed} failed", old.len() - changed.len() + table.agree);
    assert_eq!(failed, 0);
}

#[test]
fn fillings_of_the_corpus_by_the_engine() {
    let Some(folder) = shared::forms() else { return };
    let Some(lines) = std::env::var_os("QIANWAN_ENGINE_FILLED").and_then(|p| std::fs::read_to_string(p).ok()) else {
        println!(
            "QIANWAN_ENGINE_FILLED names no file: the comparison over the corpus was skipped; see tests/differential/fill.mjs"
        );
        return;
    };
    let mut media = HashMap::new();
    for ending in ["csv", "geojson", "xml"] {
        for path in shared::files(&folder, ending).into_iter().filter(|p| !p.components().any(|c| c.as_os_str() == "converted")) {
            media.insert(path.file_name().unwrap().to_string_lossy().into_owned(), path);
        }
    }
    let table = compare(&lines, &folder, &media);
    table.print();
    assert_eq!(table.differ, 0);
}
