//! Photographs: what the camera said goes into the fact, turned upright for the eye, and never to the public.

use std::io::Cursor;

use image::{GenericImageView, ImageFormat};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::*;

/// Real photos, where the shared data are at hand.
fn sample(name: &str) -> Option<Vec<u8>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/problems/photos");
    std::fs::read(folder.join(name)).ok()
}

fn upload(world: &World, by: &str, name: &str, content: &[u8]) -> Reply {
    world.post("/api/files").by(by).parts(&[], &[("file", name, content)]).send()
}

/// An EXIF block for a JPEG: orientation, time, position. Big-endian TIFF, written by hand.
fn exif_block(orientation: u16, position: Option<([u32; 3], [u32; 3])>) -> Vec<u8> {
    let mut tiff = b"MM\0\x2A\0\0\0\x08".to_vec();
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        let mut e = Vec::new();
        e.extend(tag.to_be_bytes());
        e.extend(kind.to_be_bytes());
        e.extend(count.to_be_bytes());
        e.extend(value);
        e
    };
    let o = orientation.to_be_bytes();
    match position {
        None => {
            tiff.extend(1_u16.to_be_bytes());
            tiff.extend(entry(0x0112, 3, 1, [o[0], o[1], 0, 0]));
            tiff.extend([0; 4]);
        }
        Some((lat, lon)) => {
            tiff.extend(2_u16.to_be_bytes());
            tiff.extend(entry(0x0112, 3, 1, [o[0], o[1], 0, 0]));
            let gps_at: u32 = 8 + 2 + 2 * 12 + 4;
            tiff.extend(entry(0x8825, 4, 1, gps_at.to_be_bytes()));
            tiff.extend([0; 4]);
            let values_at = gps_at + 2 + 4 * 12 + 4;
            tiff.extend(4_u16.to_be_bytes());
            tiff.extend(entry(1, 2, 2, *b"N\0\0\0"));
            tiff.extend(entry(2, 5, 3, values_at.to_be_bytes()));
            tiff.extend(entry(3, 2, 2, *b"E\0\0\0"));
            tiff.extend(entry(4, 5, 3, (values_at + 24).to_be_bytes()));
            tiff.extend([0; 4]);
            for number in lat.into_iter().chain(lon) {
                tiff.extend(number.to_be_bytes());
                tiff.extend(1_u32.to_be_bytes());
            }
        }
    }
    tiff
}

/// A JPEG with an EXIF block after its first marker.
fn with_exif(jpeg: &[u8], tiff: &[u8]) -> Vec<u8> {
    let mut out = jpeg[..2].to_vec();
    out.extend([0xFF, 0xE1]);
    out.extend(((tiff.len() + 8) as u16).to_be_bytes());
    out.extend(b"Exif\0\0");
    out.extend(tiff);
    out.extend(&jpeg[2..]);
    out
}

fn has_exif(content: &[u8]) -> bool {
    exif::Reader::new().read_from_container(&mut Cursor::new(content)).is_ok() || content.windows(6).any(|w| w == b"Exif\0\0")
}

/// Read out of the samples with Pillow: degrees, minutes, seconds and the local time.
#[test]
fn what_the_camera_said() {
    let (at, ms) = (
        |d: f64, m: f64, s: f64| ((d + m / 60.0 + s / 3600.0) * 1e7).round() as i64,
        |day: &str, h: i64, m: i64, s: i64| {
            day.parse::<domain::basics::Day>().unwrap().start_ms() + ((h * 60 + m) * 60 + s) * 1000
        },
    );
    type Known = (&'static str, Option<(i64, i64)>, Option<i64>);
    let known: [Known; 8] = [
        ("DSCN0010.jpg", Some((at(43.0, 28.0, 2.814), at(11.0, 53.0, 6.456))), Some(ms("2008-10-22", 16, 28, 39))),
        ("DSCN0012.jpg", Some((at(43.0, 28.0, 1.764), at(11.0, 53.0, 7.422))), Some(ms("2008-10-22", 16, 29, 49))),
        ("DSCN0021.jpg", Some((at(43.0, 28.0, 1.494), at(11.0, 53.0, 4.338))), Some(ms("2008-10-22", 16, 38, 20))),
        ("DSCN0025.jpg", Some((at(43.0, 28.0, 6.114), at(11.0, 52.0, 53.886))), Some(ms("2008-10-22", 16, 43, 21))),
        ("sample-with-gps-exif.jpg", Some((at(51.0, 47.0, 57.02), -at(2.0, 28.0, 43.82))), None),
        ("Canon_40D.jpg", None, Some(ms("2008-05-30", 15, 56, 1))),
        ("landscape_6.jpg", None, None),
        ("portrait_8.jpg", None, None),
    ];
    let world = World::own();
    for (name, position, taken_ms) in known {
        let Some(content) = sample(name) else {
            eprintln!("skipped: {name} is not at hand");
            continue;
        };
        let told = upload(&world, "village", name, &content);
        assert_eq!(told.status, 200, "{name}: {}", told.text());
        let told = told.json();
        assert_eq!(told["type"], "image/jpeg");
        let near = |found: &Value, wanted: i64| (found.as_i64().unwrap() - wanted).abs() <= 2;
        match position {
            Some((lat, lon)) => {
                assert!(near(&told["position"]["lat_e7"], lat) && near(&told["position"]["lon_e7"], lon), "{name}: {told}")
            }
            None => assert!(told["position"].is_null(), "{name}: {told}"),
        }
        assert_eq!(told["taken_ms"].as_i64(), taken_ms, "{name}");
        // It goes into the fact, whatever the client says of it.
        let lie = json!({ "file": told["hash"], "taken_ms": 1, "position": { "lon_e7": 1, "lat_e7": 1 } });
        let id = world.done(
            "village",
            json!({ "type": "problems.report", "place": place(At::Village).id, "field": "road", "text": name, "photos": [lie] }),
        );
        let history = world.get(&format!("/api/history/problems/{id}")).by("village").send().json();
        let photo = &history["facts"][0]["body"]["photos"][0];
        assert_eq!((&photo["file"], photo["taken_ms"].as_i64()), (&told["hash"], taken_ms), "{name}");
        assert_eq!(photo.get("position").cloned().unwrap_or_default(), told["position"], "{name}");
        // The file itself stays as it came; what the public sees says nothing of camera, time or place.
        let hash = told["hash"].as_str().unwrap();
        assert_eq!(world.get(&format!("/api/files/{hash}")).by("office").send().body, content);
        for shown in [
            world.get(&format!("/public/files/{hash}?p={id}")).send(),
            world.get(&format!("/api/files/{hash}?size=thumb")).by("office").send(),
        ] {
            assert_eq!((shown.status.as_u16(), shown.header("content-type")), (200, "image/jpeg"), "{name}");
            assert!(!has_exif(&shown.body), "{name}");
            let (w, h) = image::load_from_memory(&shown.body).unwrap().dimensions();
            assert!(w.max(h) <= 1600);
            match name {
                // Sensor 450 × 600 with "turn to the right", 600 × 450 with "turn to the left".
                "landscape_6.jpg" => assert!(w > h, "{w} × {h}"),
                "portrait_8.jpg" => assert!(w < h, "{w} × {h}"),
                _ => {}
            }
        }
        let page = world.get(&format!("/p/{id}")).send().text();
        assert!(!page.contains("lat_e7") && !page.contains("434674"), "no position on a public page");
    }
}

/// All eight ways to hold a camera: the red corner comes out where the eye saw it.
#[test]
fn turned_upright() {
    let world = World::own();
    for orientation in 1..=8_u16 {
        // Upright: 64 wide, 32 high, left upper quarter red. What the sensor would have recorded for each orientation:
        let upright = image::RgbImage::from_fn(64, 32, |x, y| {
            if x < 32 && y < 16 { image::Rgb([250, 10, 10]) } else { image::Rgb([10, 10, 250]) }
        });
        let sensor = match orientation {
            1 => upright,
            2 => image::imageops::flip_horizontal(&upright),
            3 => image::imageops::rotate180(&upright),
            4 => image::imageops::flip_vertical(&upright),
            // Transposed; turned left; transposed the other way; turned right.
            5 => image::imageops::flip_horizontal(&image::imageops::rotate90(&upright)),
            6 => image::imageops::rotate270(&upright),
            7 => image::imageops::flip_horizontal(&image::imageops::rotate270(&upright)),
            _ => image::imageops::rotate90(&upright),
        };
        let mut jpeg = Cursor::new(Vec::new());
        sensor.write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
        let photo = with_exif(&jpeg.into_inner(), &exif_block(orientation, None));
        let hash = upload(&world, "village", "a.jpg", &photo).json()["hash"].as_str().unwrap().to_owned();
        let shown =
            image::load_from_memory(&world.get(&format!("/api/files/{hash}?size=thumb")).by("village").send().body).unwrap();
        assert_eq!(shown.dimensions(), (64, 32), "orientation {orientation}");
        let red = |x, y| shown.get_pixel(x, y).0[0] > 150;
        assert_eq!([red(8, 6), red(56, 6), red(8, 26), red(56, 26)], [true, false, false, false], "orientation {orientation}");
    }
}

/// The public form reads the position, unless it is far from the village: then it is somebody's home or a camera's error.
#[test]
fn a_villagers_photo_says_where() {
    let world = World::own();
    let village = place(At::Village);
    let dms = |e7: i32| {
        let seconds = (f64::from(e7) / 1e7 * 3600.0) as u32;
        [seconds / 3600, seconds / 60 % 60, seconds % 60]
    };
    let home = village.position.unwrap();
    for (far, n) in [(0, 1_u8), (10_000_000, 2)] {
        let tiff = exif_block(1, Some((dms(home.lat_e7), dms(home.lon_e7 + far))));
        let photo = with_exif(&encoded(30, 20, 100 + n, ImageFormat::Jpeg), &tiff);
        let id = Uuid::now_v7().to_string();
        let fields =
            [("id", id.as_str()), ("receipt", "abcdefghijkm"), ("field", "greening"), ("words", "树倒了"), ("not_the_same", "1")];
        let reply = world.post(&format!("/v/{}/report", village.code)).parts(&fields, &[("photo", "a.jpg", &photo)]).send();
        assert_eq!(reply.status, 303, "{}", reply.text());
        let row = world.get(&format!("/api/rows/problems/{}", &reply.header("location")[3..39])).by("office").send().json();
        let found = &row["row"]["position"];
        match far {
            0 => assert!((found["lat_e7"].as_i64().unwrap() - i64::from(home.lat_e7)).abs() < 3000, "{found}"),
            _ => assert!(found.is_null(), "{found}"),
        }
    }
}

/// A photo of another county, known by its hash: neither seen nor attached, for that would show where it was taken.
#[test]
fn a_photo_belongs_to_its_problem() {
    let world = World::own();
    let foreign = &SEED.foreign_photo;
    for name in ["office", "township", "village", "inspector", "viewer", "ended"] {
        let reply = world.get(&format!("/api/files/{foreign}")).by(name).send();
        let missing = world.get(&format!("/api/files/{}", "0".repeat(64))).by(name).send();
        assert_eq!((reply.status, reply.text()), (missing.status, missing.text()), "{name}");
        let thumb = world.get(&format!("/api/files/{foreign}?size=thumb")).by(name).send();
        assert_eq!(thumb.status, missing.status, "{name}");
    }
    assert_eq!(world.get(&format!("/api/files/{foreign}")).by("foreign_office").send().status, 200);
    let report = |photo: &str| json!({ "type": "problems.report", "place": place(At::Village).id, "field": "road", "text": "路", "photos": [photo] });
    let (theirs, nobodys) = (world.command("village", report(foreign)), world.command("village", report(&"0".repeat(64))));
    theirs.refused(422, "bad-upload");
    assert_eq!(theirs.text().replace(foreign.as_str(), ""), nobodys.text().replace(&"0".repeat(64), ""));
    // One's own upload of the same picture is one's own.
    let same = picture(33, 31, 7);
    assert_eq!(upload(&world, "village", "a.png", &same).json()["hash"], foreign.as_str());
    assert_eq!(world.get(&format!("/api/files/{foreign}")).by("village").send().status, 200);
    world.done("village", report(foreign));
    // Evidence of a verification, which no row shows, is seen by those who see the problem.
    let id = world
        .done("office", json!({ "type": "problems.report", "place": place(At::Village).id, "field": "waste", "text": "垃圾" }));
    world.done("office", json!({ "type": "problems.assign", "problem": id }));
    world.done("village", json!({ "type": "problems.diagnose", "problem": id, "cause": "a", "measure": "b" }));
    let [claimed, verified] = [1, 2].map(|n| {
        upload(&world, if n == 1 { "village" } else { "inspector" }, "a.png", &picture(20, 20, n)).json()["hash"]
            .as_str()
            .unwrap()
            .to_owned()
    });
    world.done("village", json!({ "type": "problems.claim_fix", "problem": id, "text": "好了", "photos": [claimed] }));
    world.done("inspector", json!({ "type": "problems.verify_fix", "problem": id, "note": "好了", "photos": [verified] }));
    for hash in [&claimed, &verified] {
        for (name, status) in
            [("village", 200), ("township", 200), ("viewer", 200), ("sibling_village", 404), ("foreign_office", 404)]
        {
            assert_eq!(world.get(&format!("/api/files/{hash}")).by(name).send().status, status, "{name}");
        }
    }
}
