//! Commands as JSON, as they come over HTTP: what is understood and written again is the same command.
#![no_main]

use domain::Command;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Ok(command) = serde_json::from_slice::<Command>(input) else { return };
    let written = serde_json::to_string(&command).expect("plain data");
    let again: Command = serde_json::from_str(&written).unwrap_or_else(|e| panic!("{e}: {written}"));
    assert_eq!(again, command);
});
