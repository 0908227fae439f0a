//! Registers, outlines and lists of changes as they are imported: tables in any character set, GeoJSON, packed or not.
//! What was read without a doubt and is written again reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use maps::{
    outline::svg_path,
    register::{Limits, RegisterFile, parse},
};

const NAMES: [&str; 4] = ["divisions.csv", "villages_gcj02.csv.gz", "changes.csv", "outlines.geojson"];

fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    let name = NAMES[usize::from(*first) % NAMES.len()];
    let limits = Limits { decompressed_bytes_max: 1 << 20, ..Limits::default() };
    let Ok(parsed) = parse(name, bytes, &limits) else { return };
    match &parsed.file {
        RegisterFile::Divisions2023(rows) if parsed.findings.is_empty() => {
            let mut table = csv::Writer::from_writer(Vec::new());
            table.write_record(["code", "name", "level", "parent"]).expect("memory");
            for row in rows {
                let parent = row.parent.map(|p| p.to_string()).unwrap_or_default();
                table.write_record([row.code.to_string().as_str(), &row.name, row.level.code(), &parent]).expect("memory");
            }
            let again = parse(name, &table.into_inner().expect("memory"), &limits).expect("what was read is a register");
            let RegisterFile::Divisions2023(again) = again.file else { panic!("another kind of file") };
            let told = |rows: &[maps::register::DivisionRow]| {
                rows.iter().map(|r| (r.code, r.name.clone(), r.level, r.parent, r.kind)).collect::<Vec<_>>()
            };
            assert_eq!(told(&again), told(rows));
        }
        RegisterFile::Outlines(rows) => {
            for row in rows {
                let bounds = row.outline.bounds().expect("an outline that was taken lies somewhere");
                assert!(!svg_path(&row.outline, bounds, 240).contains("NaN"));
            }
        }
        RegisterFile::Divisions2023(_) | RegisterFile::UrbanRural2016(_) | RegisterFile::Changes(_) => {}
    }
});
