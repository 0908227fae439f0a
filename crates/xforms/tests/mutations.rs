//! Forms and submissions with bytes changed, cut, doubled and swapped never panic, and what is still read is evaluated.
//! `QIANWAN_MUTATIONS` says how many (3,000 otherwise).
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;

use serde_json::Value;
use xforms::{
    evaluation::{Context, evaluate},
    form::{Attachments, Form},
    xpath::Moment,
};

/// splitmix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % most.max(1) as u64) as usize
    }
}

/// What forms are made of; put in at any place.
const PIECES: &[&str] = &[
    "..",
    ".",
    "//",
    "/*",
    "@id",
    "[1]",
    "[position() = last()]",
    "[. = current()/..]",
    "current()/",
    "instance('places')/root/item",
    " or ",
    " and ",
    " = ",
    " * ",
    " mod ",
    " - ",
    "not(",
    "if(1, ",
    "concat(",
    "join(', ', ",
    "sum(",
    "count(//",
    "max(",
    "selected(",
    "regex(., '",
    "date(",
    "format-date(",
    "substr(",
    "round(",
    "indexed-repeat(",
    "position(..)",
    "randomize(",
    "jr:choice-name(",
    "pulldata('places', 'a', 'b', ",
    "translate(",
    "'",
    "\"",
    "&lt;",
    "&gt;",
    "&amp;",
    "&#x110000;",
    ")",
    "<a>",
    "</a>",
    "<repeat nodeset='/data'>",
    " relevant=\"",
    " calculate=\"",
    " constraint=\"",
    " required=\"true()\"",
    " type=\"int\"",
    "jr:template=\"\"",
    "9999999999999999999",
    "-1",
    "1e400",
    "2020-02-30",
    "村",
];

fn mutate(text: &str, chance: &mut Chance) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=chance.below(4) {
        let at = chance.below(bytes.len());
        let end = (at + chance.below(40)).min(bytes.len());
        match chance.below(6) {
            0 => bytes[at] = chance.below(256) as u8,
            1 => drop(bytes.drain(at..end)),
            2 => {
                let part = bytes[at..end].to_vec();
                let to = chance.below(bytes.len());
                bytes.splice(to..to, part);
            }
            _ => {
                let piece = PIECES[chance.below(PIECES.len())];
                // Mostly within attributes: that is where the expressions are.
                let quoted = bytes.iter().enumerate().skip(at).find(|(_, b)| **b == b'"').map_or(at, |(n, _)| n);
                bytes.splice(quoted..quoted, piece.bytes());
            }
        }
        if bytes.is_empty() {
            bytes.push(b'<');
        }
    }
    bytes
}

#[test]
fn mutated_forms_and_submissions_never_panic() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/forms");
    let mut forms: HashMap<String, String> = HashMap::new();
    let mut pairs = Vec::new();
    for line in include_str!("differential/engine.jsonl").lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let name = line["form"].as_str().unwrap().to_owned();
        let text = std::fs::read_to_string(folder.join(&name)).unwrap();
        forms.insert(name.clone(), text);
        pairs.push((name, line["xml"].as_str().unwrap().to_owned()));
    }
    let many = std::env::var("QIANWAN_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(3_000_u64);
    let context = Context::at(Moment { epoch_ms: 1_772_677_230_000, offset_minutes: 480 });
    let none = Attachments::default();
    let (mut read, mut evaluated) = (0, 0);
    for n in 0..many {
        let mut chance = Chance(n);
        let (name, submission) = &pairs[chance.below(pairs.len())];
        let form = match chance.below(4) {
            0 => forms[name].clone().into_bytes(),
            _ => mutate(&forms[name], &mut chance),
        };
        let Some(form) = Form::read(&form).form else { continue };
        read += 1;
        let sent = if chance.below(2) == 0 { submission.clone().into_bytes() } else { mutate(submission, &mut chance) };
        evaluated += usize::from(evaluate(&form, &none, &sent, &context).is_ok());
    }
    println!("of {many} mutations {read} forms were read and {evaluated} submissions evaluated");
    assert!(read as u64 > many / 10 && evaluated as u64 > many / 20);
}
