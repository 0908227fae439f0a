//! Expressions of XPath 1.0 with ODK's functions: what is read is read alike from its own text, and evaluated within its budget.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xforms::{
    evaluation::{Context, evaluate},
    form::{Attachments, Form},
    xpath::{Moment, parse},
};

const SUBMISSION: &str =
    "<data id='f' version='1'><a>3</a><b>x y 2020-02-29</b><r><n>1</n></r><r><n>-2.5</n></r><p>28.5 120.6 0 5</p><c/></data>";

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(expression) = parse(text) else { return };
    assert!(parse(text).is_ok_and(|again| again == expression));
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped += "&lt;",
            '&' => escaped += "&amp;",
            '"' => escaped += "&quot;",
            '\n' => escaped += "&#10;",
            '\t' => escaped += "&#9;",
            '\r' => escaped += "&#13;",
            c if c < ' ' || ('\u{FFFE}'..='\u{FFFF}').contains(&c) => return,
            c => escaped.push(c),
        }
    }
    let form = format!(
        "<h:html xmlns='http://www.w3.org/2002/xforms' xmlns:h='http://www.w3.org/1999/xhtml' xmlns:jr='http://openrosa.org/javarosa'><h:head><h:title>f</h:title><model>\
         <instance><data id='f' version='1'><a/><b/><r jr:template=''><n/></r><p/><c/></data></instance>\
         <instance id='list'><root><item><name>1</name><label>one</label></item><item><name>2</name><label>two</label></item></root></instance>\
         <bind nodeset='/data/a' type='int'/><bind nodeset='/data/p' type='geopoint'/><bind nodeset='/data/r/n' type='decimal'/>\
         <bind nodeset='/data/c' calculate=\"{escaped}\" relevant=\"{escaped}\" constraint=\"{escaped}\"/></model></h:head>\
         <h:body><input ref='/data/a'/><input ref='/data/b'/><group><repeat nodeset='/data/r'><input ref='/data/r/n'/></repeat></group></h:body></h:html>"
    );
    let Some(form) = Form::read(form.as_bytes()).form else { return };
    let context = Context::at(Moment { epoch_ms: 1_795_395_600_000, offset_minutes: 480 });
    let attachments = Attachments::read(&form, |_| None);
    let evaluated = evaluate(&form, &attachments, SUBMISSION.as_bytes(), &context).expect("a submission of this form");
    assert!(evaluated.answers.iter().all(|a| a.value.len() < 16 << 20), "an answer without bounds");
});
