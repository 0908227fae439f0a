//! Every refusal has wording in every language, naming nothing that it does not carry.

use std::collections::{BTreeMap, BTreeSet};

use crate::{basics::RefusalBody, campaigns, duties, persons, places, planning, problems, rules, surveys};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Wording {
    title: String,
    detail: String,
}

type Words = BTreeMap<String, Wording>;

fn languages() -> [(&'static str, Words); 2] {
    let read = |text: &str| serde_json::from_str::<Words>(text).expect("titles and details");
    [
        ("zh-CN", read(include_str!("../../../../locales/zh-CN/errors.json"))),
        ("en", read(include_str!("../../../../locales/en/errors.json"))),
    ]
}

fn refusals() -> Vec<RefusalBody> {
    [
        duties::tests::refusals(),
        places::tests::refusals(),
        problems::tests::refusals(),
        rules::tests::refusals(),
        persons::tests::refusals(),
        surveys::tests::refusals(),
        campaigns::tests::refusals(),
        planning::tests::refusals(),
    ]
    .concat()
}

/// The names in `{…}`.
fn named(wording: &Wording) -> BTreeSet<String> {
    let text = format!("{} {}", wording.title, wording.detail);
    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn every_refusal_is_worded_with_what_it_carries() {
    for (language, words) in languages() {
        for refusal in refusals() {
            let code = &refusal.code;
            let wording = words.get(code).unwrap_or_else(|| panic!("{code} has no wording in {language}"));
            let carried: BTreeSet<String> = refusal.args.keys().cloned().collect();
            assert_eq!(named(wording), carried, "{code} in {language}");
        }
    }
}

#[test]
fn nothing_else_is_worded_as_a_refusal_of_these_rooms() {
    let codes: BTreeSet<String> = refusals().into_iter().map(|r| r.code).collect();
    let rooms: BTreeSet<&str> = codes.iter().filter_map(|c| c.split('/').next()).collect();
    for (language, words) in languages() {
        for code in words.keys().filter(|c| c.split_once('/').is_some_and(|(room, _)| rooms.contains(room))) {
            assert!(codes.contains(code), "{code} in {language}: nothing is refused so");
        }
    }
}

#[test]
fn both_languages_say_the_same() {
    let [(_, first), (_, second)] = languages();
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    for (code, wording) in &first {
        assert_eq!(named(wording), named(&second[code]), "{code}");
    }
    for (code, wording) in first.iter().chain(&second) {
        for text in [&wording.title, &wording.detail] {
            assert!(!text.trim().is_empty() && text.matches('{').count() == text.matches('}').count(), "{code}");
        }
        assert!(wording.detail.ends_with(['.', '。']), "{code}: what it is and what to do, in sentences");
    }
}
