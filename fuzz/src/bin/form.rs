//! Forms and what is filled in: a form that is read is laid over a submission, twice with the same result.
#![no_main]

use libfuzzer_sys::fuzz_target;
use xforms::{
    evaluation::{Context, evaluate},
    form::{Attachments, Form},
    head,
    xpath::Moment,
};

/// A form, a zero, and a submission of it; without a zero, the first instance of the form is the submission.
fuzz_target!(|input: &[u8]| {
    let at = input.iter().position(|b| *b == 0).unwrap_or(input.len());
    let (form, submission) = (&input[..at], input.get(at + 1..).unwrap_or_default());
    let _ = head::form_head(form);
    if let Ok(head) = head::submission_head(submission, &[]) {
        assert!(!head.instance.is_empty() && !head.id.is_empty());
    }
    let reading = Form::read(form);
    let Some(form) = reading.form else {
        assert!(!reading.problems.is_empty(), "refused without a word");
        return;
    };
    let _ = form.labels(form.language_of("zh-CN"));
    let attachments = Attachments::read(&form, |_| Some(b"name,label\n1,a\n2,b\n"));
    let context = Context::at(Moment { epoch_ms: 1_795_395_600_000, offset_minutes: 480 });
    let once = evaluate(&form, &attachments, submission, &context);
    assert!(once == evaluate(&form, &attachments, submission, &context), "not the same twice");
});
