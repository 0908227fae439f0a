//! Evaluating a submission of 250 questions: every third with a condition, every second with a constraint, a fifth chosen from a
//! list (the last of them from 26,000 villages in a file), 10 calculations, and a repeat of ten people. Single-threaded CPU of this process, per submission.

use std::{fs, path::Path, time::Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use xforms::{
    evaluation::{Assessor, Context},
    form::{Attachments, Form},
    xpath::Moment,
};

use super::Options;

/// Most milliseconds of CPU per submission.
const TARGET_MS: f64 = 1.0;

/// Options: `submissions` (2,000), `questions` (250).
pub fn run(_: &Path, options: &Options) -> Result<bool> {
    let submissions = options.number("submissions", 2_000)?;
    let questions = options.number("questions", 250)? as usize;
    let (form, submission) = written(questions);
    let begin = cpu_ms()?;
    let reading = Form::read(form.as_bytes());
    let form_ms = cpu_ms()? - begin;
    let form = reading.form.ok_or_else(|| anyhow!("the form is refused: {:?}", reading.problems))?;
    let mut villages = String::from("name,town\n");
    (0..26_000).for_each(|n| villages += &format!("v{n},t{}\n", n / 20));
    let begin = cpu_ms()?;
    let attachments = Attachments::read(&form, |_| Some(villages.as_bytes()));
    let list_ms = cpu_ms()? - begin;
    let assessor = Assessor::new(&form, &attachments);
    let context = Context::at(Moment { epoch_ms: 1_772_677_230_000, offset_minutes: 480 });
    let first = assessor.evaluate(submission.as_bytes(), &context)?;
    ensure!(
        first.findings.is_empty() && first.unjudged.is_empty(),
        "findings in what should be good: {:?}",
        first.findings.first()
    );
    let (begin, wall) = (cpu_ms()?, Instant::now());
    let mut findings = 0;
    for _ in 0..submissions {
        findings += assessor.evaluate(submission.as_bytes(), &context)?.findings.len();
    }
    let each = (cpu_ms()? - begin) / submissions as f64;
    ensure!(findings == 0, "findings differ from one evaluation to the next");
    let met = each <= TARGET_MS;
    println!(
        "form of {questions} questions, {} nodes, read in {form_ms:.2} ms CPU; its file of 26,000 villages in {list_ms:.1} ms",
        form.fields.len()
    );
    println!(
        "{submissions} submissions of {} bytes and {} answers, {:.2} s",
        submission.len(),
        first.answers.len(),
        wall.elapsed().as_secs_f64()
    );
    println!("    one submission: {each:.3} ms CPU (target ≤ {TARGET_MS} ms: {})", if met { "met" } else { "MISSED" });
    Ok(met)
}

/// Milliseconds of CPU of this thread so far.
fn cpu_ms() -> Result<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").context("cannot read the CPU time of this thread")?;
    let ns: f64 = text.split_whitespace().next().unwrap_or_default().parse().context("schedstat has no number")?;
    Ok(ns / 1e6)
}

/// A form and a good submission for it.
pub(super) fn written(questions: usize) -> (String, String) {
    let (mut instance, mut binds, mut body, mut answers) = (String::new(), String::new(), String::new(), String::new());
    let asked = questions.saturating_sub(20);
    for n in 0..asked {
        let (group, before) = (n / 25, n.saturating_sub(1));
        if n % 25 == 0 {
            if n > 0 {
                instance += &format!("<sum/></g{}>", group - 1);
                answers += &format!("<sum>{}</sum></g{}>", sum(group - 1), group - 1);
                body += "</group>";
            }
            instance += &format!("<g{group}>");
            answers += &format!("<g{group}>");
            body += &format!("<group ref='/data/g{group}'>");
        }
        let path = format!("/data/g{group}/q{n}");
        instance += &format!("<q{n}/>");
        if n % 5 == 4 {
            answers += &format!("<q{n}>c{}</q{n}>", n % 10);
            body += &format!(
                "<select1 ref='{path}'><itemset nodeset=\"instance('list')/root/item[name != 'c999']\"><value ref='name'/><label ref='label'/></itemset></select1>"
            );
            binds += &format!("<bind nodeset='{path}' type='string' required='true()'/>");
            continue;
        }
        answers += &format!("<q{n}>{n}</q{n}>");
        body += &format!("<input ref='{path}'/>");
        let relevant = match n % 3 {
            1 => format!(
                " relevant=\"/data/g{}/q{before} != 'no' and string-length(/data/g{}/q{before}) &gt; 0\"",
                before / 25,
                before / 25
            ),
            _ => String::new(),
        };
        let constraint = if n % 2 == 0 { " constraint='. &gt;= 0 and . &lt; 1000'" } else { "" };
        binds += &format!("<bind nodeset='{path}' type='int' required='true()'{relevant}{constraint}/>");
    }
    let last = (asked - 1) / 25;
    instance += &format!("<sum/></g{last}>");
    answers += &format!("<sum>{}</sum></g{last}>", sum_to(last, asked));
    body += "</group>";
    for group in 0..=last {
        let terms: Vec<String> = numbers(group).filter(|n| *n < asked).map(|n| format!("number(/data/g{group}/q{n})")).collect();
        binds += &format!("<bind nodeset='/data/g{group}/sum' type='int' calculate='{}'/>", terms.join(" + "));
    }
    instance += "<village/>";
    answers += "<village>v20007</village>";
    body += "<select1 ref='/data/village'><itemset nodeset=\"instance('villages')/root/item[town = 't1000']\"><value ref='name'/><label ref='name'/></itemset></select1>";
    instance += "<person jr:template=''><age/><adult/></person><adults/>";
    for n in 0..10 {
        answers += &format!("<person><age>{}</age><adult>{}</adult></person>", n * 5, n * 5 > 17);
    }
    answers += "<adults>6</adults>";
    binds += "<bind nodeset='/data/person/age' type='int' constraint='. &lt; 130'/><bind nodeset='/data/person/adult' calculate='../age &gt; 17'/>\
              <bind nodeset='/data/adults' type='int' calculate=\"count(/data/person[adult = 'true'])\"/>";
    body += "<group ref='/data/person'><repeat nodeset='/data/person'><input ref='/data/person/age'/></repeat></group>";
    let items: String = (0..50).map(|n| format!("<item><name>c{n}</name><label>Choice {n}</label></item>")).collect();
    let form = format!(
        "<h:html xmlns='http://www.w3.org/2002/xforms' xmlns:h='http://www.w3.org/1999/xhtml' xmlns:jr='http://openrosa.org/javarosa'><h:head><h:title>Bench</h:title>\
         <model><instance><data id='bench' version='1'>{instance}<meta><instanceID/></meta></data></instance><instance id='list'><root>{items}</root></instance><instance id='villages' src='jr://file-csv/villages.csv'/>{binds}</model>\
         </h:head><h:body>{body}</h:body></h:html>"
    );
    (form, format!("<data id='bench' version='1'>{answers}<meta><instanceID>uuid:0</instanceID></meta></data>"))
}

/// Questions of a group that hold numbers.
fn numbers(group: usize) -> impl Iterator<Item = usize> {
    (group * 25..group * 25 + 25).filter(|n| n % 5 != 4)
}

fn sum(group: usize) -> usize {
    numbers(group).sum()
}

fn sum_to(group: usize, asked: usize) -> usize {
    numbers(group).filter(|n| *n < asked).sum()
}
