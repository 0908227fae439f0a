//! What a camera says: bare, and inside a photo. Whatever it is, a place on earth and a time that has a name, or nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use server::fuzzing::camera_says;

const YEAR_MS: i64 = 366 * 86_400_000;

fn check(photo: &[u8]) {
    let said = camera_says(photo);
    assert_eq!(said, camera_says(photo));
    let (taken_ms, position) = said;
    assert!(taken_ms.is_none_or(|ms| ms.abs() < 10_000 * YEAR_MS), "{taken_ms:?}");
    if let Some(at) = position {
        assert!(at.lon_e7.abs() <= 1_800_000_000 && at.lat_e7.abs() <= 850_000_000, "{at:?}");
    }
}

fuzz_target!(|input: &[u8]| {
    check(input);
    // The same bytes as the block of a JPEG.
    if let Ok(length) = u16::try_from(input.len() + 8) {
        let mut photo = vec![0xFF, 0xD8, 0xFF, 0xE1];
        photo.extend(length.to_be_bytes());
        photo.extend(b"Exif\0\0");
        photo.extend(input);
        photo.extend([0xFF, 0xD9]);
        check(&photo);
    }
});
