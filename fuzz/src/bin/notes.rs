//! Signed notes, checkpoints and keys as text. Nothing but what the key signed is opened, and a key that is read is
//! written in the same letters.
#![no_main]

use std::sync::LazyLock;

use facts::{Checkpoint, SignerKey, VerifierKey, note, open};
use libfuzzer_sys::fuzz_target;

static KEY: LazyLock<SignerKey> = LazyLock::new(|| SignerKey::from_seed("example.test", [9; 32]).expect("a key"));
static KEYS: LazyLock<[VerifierKey; 1]> = LazyLock::new(|| [KEY.verifier()]);

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Ok(key) = SignerKey::from_secret_text(text) {
        assert_eq!(key.to_secret_text(), text);
    }
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(checkpoint) = Checkpoint::from_text(text) {
        assert_eq!(checkpoint.to_text(), text);
    }
    // Nobody here signs: what opens was signed elsewhere with that very key, and that was the seed.
    if open(text, &*KEYS).is_ok() {
        let (body, _) = text.rsplit_once("\n\n").expect("a signed note has a blank line");
        let signed = note::sign_text(&format!("{body}\n"), &KEY).expect("a text that was opened can be signed");
        let signature = signed.lines().last().expect("a signature");
        assert!(text.lines().any(|l| l == signature), "opened without our signature");
    }
    if let Ok(signed) = note::sign_text(text, &KEY) {
        let opened = note::open_text(&signed, &*KEYS).expect("what was signed opens");
        assert_eq!(opened.text, text);
    }
});
