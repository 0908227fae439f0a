//! Forms in parts, as the server takes them to pieces: no more comes out than went in, and what came out and is put
//! together again comes to pieces in the same way.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::fuzzing::parts;

/// The first line is the content type, the rest is the body.
fuzz_target!(|input: &[u8]| {
    let at = input.iter().position(|b| *b == b'\n').unwrap_or(input.len());
    let (media, body) = (&input[..at], input.get(at + 1..).unwrap_or_default());
    let Ok(media) = std::str::from_utf8(media) else { return };
    let Ok(found) = parts(media, body) else { return };
    assert!(found.len() <= 64);
    assert!(found.iter().map(|(_, _, content)| content.len()).sum::<usize>() <= body.len());
    let plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    if !found.iter().all(|(name, file, _)| plain(name) && file.as_deref().is_none_or(plain)) {
        return;
    }
    let boundary = "qwertyuiopasdfghjklzxcvbnm0123456789";
    if found.iter().any(|(_, _, content)| content.windows(boundary.len()).any(|w| w == boundary.as_bytes())) {
        return;
    }
    let mut again = Vec::new();
    for (name, file, content) in &found {
        let file = file.as_ref().map(|f| format!("; filename=\"{f}\"")).unwrap_or_default();
        again.extend(format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").bytes());
        again.extend(content);
        again.extend(b"\r\n");
    }
    again.extend(format!("--{boundary}--\r\n").bytes());
    let taken = parts(&format!("multipart/form-data; boundary={boundary}"), &again).expect("well formed");
    assert!(taken == found, "{taken:?} was {found:?}");
});
