//! What the form calls its questions, for tables and reports.

use std::collections::HashMap;

use super::{Control, Form, Part, Text};

impl Form {
    /// The form's language for a tag such as `zh-CN`: the one whose name holds the tag or its first part in brackets, as XLSForms
    /// write them (`English (en)`), or is it. None where the form has no such language; its default is used then.
    pub fn language_of(&self, tag: &str) -> Option<&str> {
        let first = tag.split('-').next().unwrap_or(tag);
        let is = |name: &str, wanted: &str| {
            let bracketed = name.rsplit_once('(').and_then(|(_, rest)| rest.split(')').next()).unwrap_or(name);
            bracketed.trim().eq_ignore_ascii_case(wanted)
        };
        [tag, first].into_iter().find_map(|wanted| self.languages.iter().map(|l| l.name.as_str()).find(|name| is(name, wanted)))
    }

    /// A text in words; what would have to be computed is an ellipsis.
    pub fn plain(&self, text: &Text, language: Option<&str>) -> String {
        let text = match text.0.as_slice() {
            [Part::Itext(id)] => match self.words(id, language) {
                Some(text) => text,
                None => return String::new(),
            },
            _ => text,
        };
        let words = text.0.iter().map(|part| match part {
            Part::Words(words) => words.as_str(),
            // Texts do not refer to texts.
            Part::Output(_) | Part::Itext(_) => "\u{2026}",
        });
        let words: String = words.collect();
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The labels of questions, groups and repeats, by path. Those without words are left out; of two for one path the first stays.
    pub fn labels(&self, language: Option<&str>) -> HashMap<&str, String> {
        let mut found = HashMap::new();
        let mut ahead: Vec<&Control> = self.body.iter().rev().collect();
        while let Some(control) = ahead.pop() {
            let (field, label) = match control {
                Control::Question(q) => (Some(q.field), q.label.as_ref()),
                Control::Group(g) => (g.field, g.label.as_ref()),
                // The group around a repeat carries its words.
                Control::Repeat(r) => (Some(r.field), None),
            };
            match control {
                Control::Question(_) => {}
                Control::Group(g) => ahead.extend(g.controls.iter().rev()),
                Control::Repeat(r) => ahead.extend(r.controls.iter().rev()),
            }
            let words = label.map(|l| self.plain(l, language)).filter(|l| !l.is_empty());
            if let (Some(field), Some(words)) = (field, words) {
                found.entry(self.fields[field].path.as_str()).or_insert(words);
            }
        }
        found
    }
}
