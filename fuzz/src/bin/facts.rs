//! Bodies of facts of every kind: what is read and written again is the same fact, for ever in the same bytes.
#![no_main]

use std::sync::LazyLock;

use domain::Fact;
use libfuzzer_sys::fuzz_target;

static KINDS: LazyLock<Vec<&str>> = LazyLock::new(Fact::kinds);

/// The kind by its first line, or by its number in the list.
fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Some((first, body)) = text.split_once('\n') else { return };
    let kind = match first.parse::<usize>() {
        Ok(number) => KINDS[number % KINDS.len()],
        Err(_) => first,
    };
    let Ok(fact) = Fact::decode(kind, body) else { return };
    assert_eq!(fact.kind(), kind);
    let written = fact.encode();
    let again = Fact::decode(kind, &written).expect("what we wrote we read");
    assert_eq!(again, fact);
    assert_eq!(again.encode(), written);
});
