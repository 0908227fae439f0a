//! The places of the demo county: names, codes in a range that nobody uses, a drawn map, and what nobody in the county
//! knows: how well each village is run.

use std::{collections::HashSet, fmt::Write as _};

use domain::{
    basics::{Day, FileHash, PlaceId, Position},
    places::{Document, ImportDetail, ImportRow, Kind, Level, Name, Outlined, RegisterImport},
};
use maps::{
    Point,
    fictitious::{DrawnCounty, DrawnLine},
    outline::{Outline, Polygon},
};
use store::{NewFile, Store};

use crate::{Error, Result, Scale, random::Random, words::WORDS, world::text};

/// Codes of province, city and county.
const PROVINCE: u64 = 990_000_000_000;
const CITY: u64 = 990_100_000_000;
const COUNTY: u64 = 990_101_000_000;

/// Everything that does not change by facts, and a little that does.
#[derive(Debug)]
pub struct County {
    pub id: PlaceId,
    pub townships: Vec<Township>,
    pub villages: Vec<Village>,
    drawn: DrawnCounty,
}

/// A township.
#[derive(Debug)]
pub struct Township {
    pub id: PlaceId,
    pub code: u64,
    pub name: String,
    kind: Kind,
    /// Numbers of its villages.
    pub villages: Vec<usize>,
    /// Of a thousand escalations, how many its head answers. Nobody knows.
    pub head_answers: i64,
}

/// A village.
#[derive(Debug)]
pub struct Village {
    pub id: PlaceId,
    pub code: u64,
    pub name: String,
    pub kind: Kind,
    /// Number of its township.
    pub township: usize,
    pub position: Position,
    outline: Outline,
    /// Registered households at the beginning.
    pub households: i64,
    /// How well it is run, 0…100, at the beginning and at the end. Nobody knows; rooms let it be felt.
    diligence: (i64, i64),
    /// Households living there, as last counted; 0 before the first count.
    pub resident: i64,
    /// Since when it has been part of another one.
    pub closed: Option<(Day, usize)>,
    /// Its secretary is gone and nobody has followed yet.
    pub headless: bool,
}

impl Village {
    /// How well it is run at a share of the whole time, in thousandths.
    pub fn diligence(&self, share_1000: i64) -> i64 {
        self.diligence.0 + (self.diligence.1 - self.diligence.0) * share_1000 / 1000
    }

    /// A point near by, within its area.
    pub fn near(&self, random: &mut Random, metres: i64) -> Position {
        // 90 units of 10⁻⁷ degree are a metre to the north; here, at 29.4° north, 103 to the east.
        for _ in 0..20 {
            let moved = |from: i32, units: i64| from + units as i32;
            let lon_e7 = moved(self.position.lon_e7, random.between(-103 * metres, 103 * metres));
            let lat_e7 = moved(self.position.lat_e7, random.between(-90 * metres, 90 * metres));
            if self.outline.contains(Point { lon_e7, lat_e7 }) {
                return Position { lon_e7, lat_e7 };
            }
        }
        self.position
    }
}

impl County {
    /// Draws map, names and qualities.
    pub fn draw(seed: u64, scale: &Scale) -> Result<County> {
        let drawn = maps::fictitious::county(seed, scale.townships, scale.villages);
        let mut random = Random::new(seed, "county");
        let mut townships: Vec<Township> = (0_u64..)
            .zip(WORDS.places.townships.iter().take(drawn.townships.len()))
            .map(|(n, (name, kind))| {
                let code = COUNTY + (n + 1) * 1000;
                let head_answers = *random.pick(&[920, 800, 650, 350]);
                Township { id: PlaceId::mint(code, 0), code, name: name.clone(), kind: *kind, villages: Vec::new(), head_answers }
            })
            .collect();
        if townships.len() < drawn.townships.len() {
            return Err(Error::Words("there are fewer names of townships than townships"));
        }
        let mut names = Names::new(&mut random);
        let standing: Vec<i64> = townships.iter().map(|_| random.between(38, 82)).collect();
        let mut villages = Vec::new();
        for (n, v) in drawn.villages.iter().enumerate() {
            let township = &mut townships[v.township];
            let seat = drawn.townships[v.township].seat == n;
            // The county's streets have several communities, every town one at its seat.
            let among = township.villages.len() as u64;
            let urban = match township.kind {
                Kind::Subdistrict => seat || among % 4 == 1,
                Kind::Town => seat,
                _ => false,
            };
            let code = township.code + if urban { 1 + among } else { 200 + among };
            let start = (standing[v.township] + random.between(-28, 28)).clamp(5, 97);
            let end = (start + *random.pick(&[-12, -5, 0, 4, 8, 12, 20, 35])).clamp(5, 97);
            township.villages.push(n);
            villages.push(Village {
                id: PlaceId::mint(code, 0),
                code,
                name: names.next(urban)?,
                kind: if urban { Kind::Residents } else { Kind::Villagers },
                township: v.township,
                position: Position { lon_e7: v.at.lon_e7, lat_e7: v.at.lat_e7 },
                outline: v.outline.clone(),
                households: if urban { random.between(600, 1900) } else { random.between(95, 640) },
                diligence: (start, end),
                resident: 0,
                closed: None,
                headless: false,
            });
        }
        Ok(County { id: PlaceId::mint(COUNTY, 0), townships, villages, drawn })
    }

    /// Every area with its code: county, townships, villages.
    fn outlines(&self) -> impl Iterator<Item = (u64, &str, &Outline)> {
        let county = [(COUNTY, WORDS.places.county.as_str(), &self.drawn.outline)];
        let townships = self.townships.iter().zip(&self.drawn.townships).map(|(t, d)| (t.code, t.name.as_str(), &d.outline));
        let villages = self.villages.iter().map(|v| (v.code, v.name.as_str(), &v.outline));
        county.into_iter().chain(townships).chain(villages)
    }

    /// What a place is called today.
    pub fn name_of(&self, place: PlaceId) -> &str {
        let township = self.townships.iter().find(|t| t.id == place).map(|t| t.name.as_str());
        let village = || self.villages.iter().find(|v| v.id == place).map(|v| v.name.as_str());
        township.or_else(village).unwrap_or(&WORDS.places.county)
    }

    /// Where a township's houses stand.
    fn seat(&self, township: usize) -> Position {
        self.villages[self.drawn.townships[township].seat].position
    }

    /// The register as an import: rows, points, outlines. The outlines are stored as files on the way.
    pub fn import(&self, store: &Store, first: Day) -> Result<RegisterImport> {
        let words = &WORDS.places;
        let row = |code: u64, name: &str, level, kind, parent: Option<u64>| -> Result<ImportRow> {
            let name = Name::new(name).map_err(|_| Error::Words("a name of a place is too long"))?;
            Ok(ImportRow { code: code.to_string(), name, level, kind, parent: parent.map(|p| p.to_string()) })
        };
        let mut rows = vec![
            row(PROVINCE, &words.province, Level::Province, Kind::Area, None)?,
            row(CITY, &words.city, Level::City, Kind::Area, Some(PROVINCE))?,
            row(COUNTY, &words.county, Level::County, Kind::Area, Some(CITY))?,
        ];
        for t in &self.townships {
            rows.push(row(t.code, &t.name, Level::Township, t.kind, Some(COUNTY))?);
        }
        for v in &self.villages {
            rows.push(row(v.code, &v.name, Level::Village, v.kind, Some(self.townships[v.township].code))?);
        }
        let mut details = Vec::new();
        let mut say = |code: u64, detail| details.push((code.to_string(), detail, words.drawn.clone()));
        let point = |position| ImportDetail::Point { position, datum: "wgs84".into() };
        say(COUNTY, point(self.seat(self.drawn.seat)));
        for (n, t) in self.townships.iter().enumerate() {
            say(t.code, point(self.seat(n)));
        }
        for v in &self.villages {
            say(v.code, point(v.position));
            // 121: centre of a town; 220: village (statistical rules for urban and rural areas, 2008).
            say(v.code, ImportDetail::UrbanRural(if v.kind == Kind::Residents { 121 } else { 220 }));
        }
        for (code, name, outline) in self.outlines() {
            let text = feature(code, name, outline);
            let file = NewFile { content: text.as_bytes(), media_type: GEOJSON, taken_ms: None, position: None };
            let bounds = outline.bounds().ok_or(Error::Words("an area without corners"))?;
            say(
                code,
                ImportDetail::Outline(Outlined {
                    file: store.files().put(&file, first.start_ms())?.hash,
                    bounds_e7: [bounds.west_e7, bounds.south_e7, bounds.east_e7, bounds.north_e7],
                    datum: "wgs84".into(),
                    origin: words.drawn.clone(),
                }),
            );
        }
        Ok(RegisterImport {
            origin: words.origin.clone(),
            document: text::<200>(&words.origin)? as Document,
            changed_on: None,
            rows,
            changes: Vec::new(),
            details,
        })
    }

    /// Rivers and roads as one stored file.
    pub fn store_base_map(&self, store: &Store, first: Day) -> Result<FileHash> {
        let lines = |kind, lines: &[DrawnLine]| -> Vec<String> { lines.iter().map(|l| line_feature(kind, l)).collect() };
        let features = [lines("river", &self.drawn.rivers), lines("road", &self.drawn.roads)].concat().join(",\n");
        let text = format!("{{\"type\":\"FeatureCollection\",\"features\":[\n{features}\n]}}\n");
        let file = NewFile { content: text.as_bytes(), media_type: GEOJSON, taken_ms: None, position: None };
        Ok(store.files().put(&file, first.start_ms())?.hash)
    }
}

const GEOJSON: &str = "application/geo+json";

/// Invented names, each given once.
struct Names {
    villages: Vec<String>,
    communities: Vec<String>,
    given: HashSet<String>,
}

impl Names {
    fn new(random: &mut Random) -> Names {
        let words = &WORDS.places;
        let all = words.heads.iter().flat_map(|head| words.tails.iter().map(move |tail| format!("{head}{tail}")));
        let mut villages: Vec<String> = all.filter(|name| !words.never.contains(name)).collect();
        random.shuffle(&mut villages);
        let mut communities = words.communities.clone();
        random.shuffle(&mut communities);
        Names { villages, communities, given: HashSet::new() }
    }

    fn next(&mut self, urban: bool) -> Result<String> {
        let (from, ending) = match urban {
            true => (&mut self.communities, &WORDS.places.community),
            false => (&mut self.villages, &WORDS.places.village),
        };
        // A large county runs out of names for communities first; villages lend them theirs.
        let stem =
            from.pop().or_else(|| self.villages.pop()).ok_or(Error::Words("there are fewer names of villages than villages"))?;
        let name = format!("{stem}{ending}");
        self.given.insert(name.clone()).then_some(name).ok_or(Error::Words("two villages have one name"))
    }
}

/// Degrees with seven digits, without going through floating point.
fn degrees(e7: i32) -> String {
    let sign = if e7 < 0 { "-" } else { "" };
    let e7 = e7.unsigned_abs();
    format!("{sign}{}.{:07}", e7 / 10_000_000, e7 % 10_000_000)
}

fn positions(points: impl Iterator<Item = Point>) -> String {
    let mut out = String::new();
    for p in points {
        let comma = if out.is_empty() { "" } else { "," };
        write!(out, "{comma}[{},{}]", degrees(p.lon_e7), degrees(p.lat_e7)).expect("writing to a string does not fail");
    }
    out
}

/// A GeoJSON feature (RFC 7946): rings are closed, the outer ones run counter-clockwise as they are drawn.
fn feature(code: u64, name: &str, outline: &Outline) -> String {
    let ring = |r: &Vec<Point>| format!("[{}]", positions(r.iter().chain(r.first()).copied()));
    let polygon = |p: &Polygon| format!("[{}]", p.rings().map(ring).collect::<Vec<_>>().join(","));
    let polygons: Vec<String> = outline.polygons.iter().map(polygon).collect();
    let (kind, coordinates) = match polygons.as_slice() {
        [one] => ("Polygon", one.clone()),
        many => ("MultiPolygon", format!("[{}]", many.join(","))),
    };
    format!(
        "{{\"type\":\"Feature\",\"properties\":{{\"code\":\"{code}\",\"name\":\"{name}\"}},\
         \"geometry\":{{\"type\":\"{kind}\",\"coordinates\":{coordinates}}}}}\n"
    )
}

fn line_feature(kind: &str, line: &DrawnLine) -> String {
    format!(
        "{{\"type\":\"Feature\",\"properties\":{{\"kind\":\"{kind}\",\"rank\":{}}},\
         \"geometry\":{{\"type\":\"LineString\",\"coordinates\":[{}]}}}}",
        line.rank,
        positions(line.points.iter().copied())
    )
}
