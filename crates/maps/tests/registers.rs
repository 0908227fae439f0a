//! Published registers of Zhejiang, counted, and spoiled files.
#![allow(clippy::unwrap_used)]

mod shared;

use std::collections::BTreeMap;

use maps::Point;
use maps::datum::Datum;
use maps::register::{
    Change, DivisionCode, DivisionRow, Encoding, Level, Limits, Options, OutlineRow, Parsed, Placeholder, RegisterFile, Severity,
    UrbanRuralRow, base_name, changes, match_2016, parse, parse_with,
};

fn divisions(parsed: &Parsed) -> &[DivisionRow] {
    match &parsed.file {
        RegisterFile::Divisions2023(rows) => rows,
        other => panic!("not a list of divisions: {other:?}"),
    }
}

fn outlines(parsed: Parsed) -> Vec<OutlineRow> {
    match parsed.file {
        RegisterFile::Outlines(rows) => rows,
        other => panic!("not outlines: {other:?}"),
    }
}

fn province_2023() -> Option<Parsed> {
    Some(
        parse("zhejiang_divisions_2023.csv.gz", &shared::registry("zhejiang_divisions_2023.csv.gz")?, &Limits::default())
            .unwrap(),
    )
}

fn province_2016() -> Option<(Vec<UrbanRuralRow>, Parsed)> {
    let file = "zhejiang_adcode_2016_urban_rural_gcj02.csv.gz";
    let parsed = parse(file, &shared::registry(file)?, &Limits::default()).unwrap();
    let RegisterFile::UrbanRural2016(rows) = parsed.file.clone() else { panic!("not the list of 2016") };
    Some((rows, parsed))
}

fn counts<'a>(rows: impl Iterator<Item = &'a DivisionRow>) -> [usize; 5] {
    rows.fold([0; 5], |mut counts, row| {
        counts[row.level as usize] += 1;
        counts
    })
}

fn reasons(parsed: &Parsed) -> BTreeMap<(&'static str, &'static str), usize> {
    parsed.findings.iter().fold(BTreeMap::new(), |mut counts, f| {
        *counts.entry((f.severity.code(), f.reason.code())).or_default() += 1;
        counts
    })
}

#[test]
fn anji_2023() {
    let parsed = parse("anji.csv", include_bytes!("../fixtures/anji_divisions_2023.csv"), &Limits::default()).unwrap();
    assert_eq!(counts(divisions(&parsed).iter()), [1, 1, 1, 15, 218]);
    assert_eq!(parsed.encoding, Encoding::Utf8);
    assert_eq!(parsed.datum, None);
    assert!(parsed.findings.iter().all(|f| f.severity == Severity::Doubtful), "{:?}", parsed.findings);
    // The same rows without what lies above the county: its parent must then be known.
    let text = include_str!("../fixtures/anji_divisions_2023.csv");
    let county: String =
        text.lines().filter(|l| !l.starts_with("33,") && !l.starts_with("3305,")).map(|l| format!("{l}\n")).collect();
    let alone = parse("anji.csv", county.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(divisions(&alone).len(), 0);
    assert_eq!(reasons(&alone)[&("rejected", "unknown-parent")], 1);
    assert_eq!(reasons(&alone)[&("rejected", "rejected-parent")], 233);
    let options = Options { known: [DivisionCode::parse("3305").unwrap()].into(), ..Options::default() };
    assert_eq!(divisions(&parse_with("anji.csv", county.as_bytes(), &options).unwrap()).len(), 234);
}

#[test]
fn zhejiang_2023() {
    let Some(parsed) = province_2023() else { return };
    assert_eq!(counts(divisions(&parsed).iter()), [1, 11, 90, 1387, 25547]);
    assert_eq!(reasons(&parsed), BTreeMap::from([(("doubtful", "name-kind-mismatch"), 68)]));
    assert_eq!(divisions(&parsed).iter().filter(|r| r.kind.is_some_and(|k| k.differs())).count(), 68);
}

#[test]
fn zhejiang_2016() {
    let Some((rows, parsed)) = province_2016() else { return };
    assert_eq!(counts(rows.iter().map(|r| &r.division)), [1, 11, 101, 1387, 32130]);
    let villages = || rows.iter().filter(|r| r.division.level == Level::Village);
    assert_eq!(villages().filter(|r| r.point.is_some()).count(), 2977);
    assert!(villages().all(|r| r.urban_rural_code.is_some()));
    assert_eq!(rows.iter().filter(|r| r.placeholder == Some(Placeholder::Virtual)).count(), 11);
    assert_eq!(rows.iter().filter(|r| r.placeholder == Some(Placeholder::Dummy)).count(), 10);
    assert_eq!(parsed.datum, Some(Datum::Gcj02));
    println!("2016 findings: {:?}", reasons(&parsed));
    assert!(parsed.findings.iter().all(|f| f.severity == Severity::Doubtful));
}

#[test]
fn zhejiang_2016_against_2023() {
    let (Some((then, _)), Some(now)) = (province_2016(), province_2023()) else { return };
    let now = divisions(&now);
    let result = match_2016(now, &then);
    println!(
        "2016 against 2023: {} matched, {} re-used, {} new, {} gone",
        result.matched.len(),
        result.reused.len(),
        result.new.len(),
        result.gone.len()
    );
    assert_eq!((result.new.len(), result.gone.len()), (6989, 13572));
    assert_eq!(result.matched.len() + result.reused.len(), 18558);
    assert_eq!((result.matched.len(), result.reused.len()), (18210, 348));
    // The count of 17,718 in the data's README comes from taking off 社区, 社区居委会 and 社区居民委员会 only, by which 三联村委会 and
    // 三联村村民委员会 are two names. The two rules agree on the data:
    let narrow = |name: &str| -> String {
        ["社区居民委员会", "社区居委会", "社区"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name).to_owned()
    };
    let pairs =
        result.matched.iter().map(|m| (m.row_2023, m.row_2016)).chain(result.reused.iter().map(|r| (r.row_2023, r.row_2016)));
    let by_narrow = pairs.filter(|&(a, b)| narrow(&now[a].name) == narrow(&then[b].division.name)).count();
    assert_eq!((by_narrow, 18558 - by_narrow), (17718, 840));
}

#[test]
fn zhejiang_changes() {
    let file = "zhejiang_code_changes_2022_to_2023.csv";
    let (Some(bytes), Some(now)) = (shared::registry(file), province_2023()) else { return };
    let parsed = parse(file, &bytes, &Limits::default()).unwrap();
    let RegisterFile::Changes(list) = &parsed.file else { panic!("not a list of changes") };
    assert!(parsed.findings.is_empty());
    let result = changes(list, divisions(&now));
    let mut counts: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    for change in &result {
        let (word, old, new) = match change {
            Change::Renamed { .. } => ("renamed", 1, 1),
            Change::Recoded { from, to, name } => {
                assert_ne!(from, to);
                assert!(!base_name(name).is_empty());
                ("recoded", 1, 1)
            }
            Change::MergeCandidate { from, into, .. } => {
                ("merge candidate", from.len(), usize::from(list.iter().any(|r| r.code == *into)))
            }
            Change::SplitCandidate { from, into, .. } => {
                ("split candidate", usize::from(!into.contains(from)), into.iter().filter(|c| *c != from).count())
            }
            Change::New { .. } => ("new", 0, 1),
            Change::Closed { .. } => ("closed", 1, 0),
        };
        let entry = counts.entry(word).or_default();
        *entry = (entry.0 + 1, entry.1 + old, entry.2 + new);
    }
    println!("2022 to 2023 (changes, rows removed, rows added): {counts:?}");
    for change in &result {
        if matches!(change, Change::Recoded { .. } | Change::MergeCandidate { .. } | Change::SplitCandidate { .. }) {
            println!("  {change:?}");
        }
    }
    assert_eq!(counts["renamed"].0, 25);
    assert_eq!(counts.values().map(|c| c.1).sum::<usize>(), 128);
    assert_eq!(counts.values().map(|c| c.2).sum::<usize>(), 203);
}

#[test]
fn outlines_of_counties() {
    let parsed = parse("huzhou.geojson", include_bytes!("../fixtures/huzhou_counties.geojson"), &Limits::default()).unwrap();
    assert_eq!(parsed.datum, Some(Datum::Wgs84));
    assert!(parsed.findings.is_empty(), "{:?}", parsed.findings);
    let rows = outlines(parsed);
    assert_eq!(rows.len(), 5);
    let anji = rows.iter().find(|r| r.code == DivisionCode::parse("330523")).unwrap();
    assert_eq!(anji.name.as_deref(), Some("安吉县"));
    assert_eq!(anji.line, 1 + anji.feature as u64);
    let seat = Point::from_degrees(119.68, 30.638).unwrap();
    assert_eq!(rows.iter().filter(|r| r.outline.contains(seat)).count(), 1);
    assert!(anji.outline.contains(seat));
}

#[test]
fn outlines_of_2016_agree_with_those_of_today() {
    let file = "zhejiang_boundaries_2016_gcj02.geojson.gz";
    let Some(bytes) = shared::registry(file) else { return };
    let parsed = parse(file, &bytes, &Limits::default()).unwrap();
    assert_eq!(parsed.datum, Some(Datum::Gcj02));
    println!("outlines of 2016: {:?}", reasons(&parsed));
    let then = outlines(parsed);
    assert_eq!(then.len(), 100);
    let bytes = shared::registry("zhejiang_counties_simplified.geojson").unwrap();
    let now = outlines(parse("counties.geojson", &bytes, &Limits::default()).unwrap());
    assert_eq!(now.len(), 90);

    // The check of plausibility that the rows are for: points more than 3 km outside their county.
    let Some((rows, _)) = province_2016() else { return };
    for level in [Level::Township, Level::Village] {
        let (mut checked, mut outside) = (0, 0);
        for row in rows.iter().filter(|r| r.division.level == level) {
            let county = Some(row.division.code.at(Level::County));
            if let (Some(point), Some(outline)) = (row.point, now.iter().find(|o| o.code == county)) {
                checked += 1;
                outside += usize::from(outline.outline.distance_m(point) > 3000.0);
            }
        }
        println!("{level:?}: {outside} of {checked} points more than 3 km outside their county");
        assert!(checked > 1000 && outside * 20 < checked);
    }
}

/// Rows taken, and findings as `line:column field reason`.
fn check(text: &str, taken: usize, expected: &[&str]) {
    check_bytes(text.as_bytes(), taken, expected);
}

fn check_bytes(bytes: &[u8], taken: usize, expected: &[&str]) {
    let parsed = parse("spoiled.csv", bytes, &Limits::default()).unwrap();
    let rows = match &parsed.file {
        RegisterFile::Divisions2023(rows) => rows.len(),
        RegisterFile::UrbanRural2016(rows) => rows.len(),
        RegisterFile::Changes(rows) => rows.len(),
        RegisterFile::Outlines(rows) => rows.len(),
    };
    let found: Vec<String> = parsed
        .findings
        .iter()
        .map(|f| {
            let column = f.column.map(|c| format!(":{c}")).unwrap_or_default();
            let field = f.field.map(|f| format!(" {f}")).unwrap_or_default();
            let args: String = f.reason.args().iter().map(|(k, v)| format!(" {k}={v}")).collect();
            format!(
                "{}{column}{field} {}{args}{}",
                f.line,
                f.reason.code(),
                if f.severity == Severity::Doubtful { " ?" } else { "" }
            )
        })
        .collect();
    assert_eq!((rows, found), (taken, expected.iter().map(|s| (*s).to_owned()).collect()));
}

#[test]
fn spoiled_rows_are_named_and_the_others_taken() {
    check(
        "code,name,level,parent\n\
         33,浙江省,province,\n\
         3305,湖州市,city,33\n\
         \n\
         330523,安吉县,county\n\
         330523,安吉县,county,3305,x\n\
         330523,安吉县,county,3305\n\
         330523,安吉县,county,3305\n\
         330524,,county,3305\n\
         330525,\u{e001}县,county,3305\n\
         330526,安\u{202e}吉,county,3305\n\
         33x,安吉县,county,3305\n\
         330527,安吉县,town,3305\n\
         330528,安吉县,hamlet,3305\n\
         330529001,孤镇,town,330529\n\
         330523001,递铺街道,town,330523\n\
         330523001400,开发区社区,village,330523001\n\
         330523001201,𠀀村,village,330523001\n",
        6,
        &[
            "5 wrong-column-count expected=4 found=3",
            "6 wrong-column-count expected=4 found=5",
            "8:1 code duplicate-code first_line=7",
            "9:2 name empty-name",
            "10:2 name private-use-character character=U+E001",
            "11:2 name control-or-bidi-character character=U+202E",
            "12:1 code bad-code",
            "13:3 level level-code-mismatch level=township code_level=county",
            "14:3 level unknown-level",
            "15:4 parent unknown-parent parent=330529000000",
            "17:2 name name-kind-mismatch by_digits=other by_name=residents ?",
        ],
    );
}

#[test]
fn an_open_quotation_mark_costs_one_line() {
    check(
        "code,name,level,parent\r\n33,\"浙江省\",province,\r\n3305,\"湖州市,city,33\r\n3306,绍兴市,city,33\r\n3307,\"金华\"\"市\",city,33\r\n33,x,province,\r\n",
        3,
        &["3 unterminated-quote", "6:1 code duplicate-code first_line=2"],
    );
    check(
        "code,name,level,parent\n33,浙江省,province,\n3305,\"湖州\n市\",city,33\n3306,绍兴市,city,33\n33,\"",
        2,
        &["3 unterminated-quote", "4 wrong-column-count expected=4 found=3", "6 unterminated-quote"],
    );
}

#[test]
fn columns_in_another_order_and_in_gb18030() {
    let text = "parent,level,note,name,code\n,province,x,浙江省,33\n33,city,,湖州市,3305\n";
    let bytes = encoding_rs::GB18030.encode(text).0;
    assert_eq!(parse("x.csv", &bytes, &Limits::default()).unwrap().encoding, Encoding::Gb18030);
    check_bytes(&bytes, 2, &[]);
}

#[test]
fn points_that_cannot_be() {
    check(
        "code,parent,name,level,urban_rural_code,virtual,dummy,lon_gcj02,lat_gcj02\n\
         330000000000,100000000000,浙江省,province,,f,f,120.15,30.26\n\
         330500000000,330000000000,湖州市,city,,f,f,30.1,120.1\n\
         330600000000,330000000000,绍兴市,city,,f,f,120.1,\n\
         330700000000,330000000000,金华市,city,x,f,f,120.1,n/a\n",
        4,
        &[
            "3:8 lon_gcj02 point-outside-range ?",
            "4:9 lat_gcj02 bad-number ?",
            "5:5 urban_rural_code bad-number ?",
            "5:9 lat_gcj02 bad-number ?",
        ],
    );
}

#[test]
fn spoiled_outlines() {
    check(
        r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"code":"330523"},"geometry":{"type":"Polygon","coordinates":[[[119,30],[120,30,5],[120,31],[119,30]]]}},
{"type":"Feature","properties":{"code":"330522"},"geometry":{"type":"Polygon","coordinates":[[[119,30],[120,30],[120,31]]]}},
{"type":"Feature","properties":{},"geometry":{"type":"Polygon","coordinates":[[[119,30],[120,30],[120,31],[119,30]]]}},
{"type":"Feature","properties":{"code":"330521"},"geometry":{"type":"Polygon","coordinates":[[[119,30],[200,30],[120,31],[119,30]]]}},
{"type":"Feature","properties":{"code":"330521"},"geometry":{"type":"Point","coordinates":[119,30]}},
{"type":"Feature","properties":{"code":"330521"},"geometry":null},
7]}"#,
        3,
        &[
            "3 geometry open-ring ?",
            "4 code outline-without-code ?",
            "5 geometry point-outside-range",
            "6 geometry bad-geometry",
            "7 geometry bad-geometry",
            "8 geometry bad-geometry",
        ],
    );
}

#[test]
fn what_stops_a_file() {
    let stop = |bytes: &[u8], limits: &Limits| parse("x", bytes, limits).unwrap_err().to_string();
    let usual = Limits::default();
    assert_eq!(stop(b"", &usual), "x: unknown-header");
    assert_eq!(stop(b"a,b\n1,2\n", &usual), "x: unknown-header");
    assert_eq!(stop(&[0xff, 0xff, 0x80], &usual), "x: not-utf8-nor-gb18030");
    assert_eq!(stop(b"{\"type\":", &usual), "x: bad-json");
    assert_eq!(stop(b"{\"type\":\"Topology\"}", &usual), "x: unknown-header");
    let small = Limits { rows_max: 1, decompressed_bytes_max: 100 };
    let text = "code,name,level,parent\n33,浙江省,province,\n3305,湖州市,city,33\n";
    assert_eq!(stop(text.as_bytes(), &small), "x: too-many-rows");
    assert_eq!(stop(&[b' '; 101], &small), "x: too-large");
}

/// Any bytes give rows and findings, never a panic, and no data line disappears: it is a row, or a finding says why not.
#[test]
fn damaged_bytes() {
    let original = include_bytes!("../fixtures/anji_divisions_2023.csv");
    let mut state = 11_u64;
    let mut next = move |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    let (mut read, mut stopped) = (0, 0);
    for _ in 0..300 {
        let mut bytes = original.to_vec();
        for _ in 0..=next(6) {
            let at = 23 + next(bytes.len() - 23);
            bytes[at] = b"\",\n\r0x\xe5\x80"[next(8)];
        }
        match parse("damaged.csv", &bytes, &Limits::default()) {
            Ok(parsed) => {
                read += 1;
                let (text, _) = maps::register::decode(&bytes, &Limits::default()).unwrap();
                let lines = text.split(['\n', '\r']).filter(|l| !l.is_empty()).count() - 1;
                let left_out = parsed.findings.iter().filter(|f| f.severity == Severity::Rejected).count();
                assert_eq!(divisions(&parsed).len() + left_out, lines, "{:?}", parsed.findings);
            }
            Err(error) => {
                stopped += 1;
                assert_eq!(error.0.reason.code(), "not-utf8-nor-gb18030");
            }
        }
    }
    println!("{read} damaged files read, {stopped} stopped");
}
