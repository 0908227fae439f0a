//! `qianwan places import`: registers, changes, points, outlines → one command, decided and recorded as a whole.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::PathBuf,
};

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use domain::{
    Command,
    basics::{Day, Position, Text},
    places::{ImportChange, ImportDetail, ImportRow, Kind, Level, Outlined, RegisterImport},
};
use maps::{
    datum::Datum,
    register::{
        self, Change, ChangeRow, DivisionCode, DivisionRow, Finding, Options, OutlineRow, Parsed, RegisterFile, Severity,
        UrbanRuralRow, base_name,
    },
};
use serde_json::json;
use server::wording::{self, Language};
use store::{NewFile, Outcome, Store};

use crate::{Data, End, control::Installation, data};

/// A point further from its county's outline than this is doubted and left out, metres.
const MARGIN_M: f64 = 3_000.0;

/// Imports files that belong together.
#[derive(Args)]
pub struct Import {
    #[command(flatten)]
    data: Data,
    /// Registers (CSV), changes (CSV), outlines (GeoJSON); plain or gzip, UTF-8 or GB 18030
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Only this place and below (division code)
    #[arg(long)]
    under: Option<String>,
    /// Cut-off day of the register, for the facts
    #[arg(long)]
    cut_off: Option<Day>,
    /// Name of the register, for the facts
    #[arg(long)]
    origin: Option<String>,
    /// Read and check, record nothing
    #[arg(long)]
    check: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Default)]
struct Read {
    divisions: Vec<DivisionRow>,
    urban_rural: Vec<(UrbanRuralRow, String)>,
    changes: Vec<ChangeRow>,
    outlines: Vec<(OutlineRow, Datum, String)>,
    findings: Vec<Finding>,
    stopped: bool,
}

impl Import {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        let under = match &self.under {
            None => None,
            Some(code) => Some(DivisionCode::parse(code).ok_or_else(|| anyhow!("--under {code}: 2, 4, 6, 9 or 12 digits"))?),
        };
        let installation = self.data.open_or_ask()?;
        let store = installation.store.clone();
        let known = known_codes(&store)?;
        let read = self.read(&known)?;
        let rejected = read.findings.iter().filter(|f| f.severity == Severity::Rejected).count();
        let doubtful = read.findings.len() - rejected;
        if !self.json {
            for finding in &read.findings {
                eprintln!("{}", told(finding));
            }
        }
        if read.stopped {
            self.summary(&BTreeMap::new(), &read.findings, rejected, doubtful)?;
            return Ok(End::BadInput);
        }
        let (import, further) = self.prepare(&store, &read, under)?;
        if !self.json {
            for finding in &further {
                eprintln!("{}", told(finding));
            }
        }
        let doubtful = doubtful + further.len();
        let findings: Vec<Finding> = read.findings.iter().chain(&further).cloned().collect();
        if self.check {
            self.summary(&BTreeMap::new(), &findings, rejected, doubtful)?;
            return Ok(if rejected == 0 { End::Success } else { End::No });
        }
        let answer = installation.import(Command::Import(import))?;
        match answer.outcome {
            Outcome::Accepted { kinds, .. } => {
                starting_rules(&installation)?;
                self.summary(&kinds, &findings, rejected, doubtful)?;
                Ok(End::Success)
            }
            Outcome::Refused { code, args, english } => {
                for language in [Language::Chinese, Language::English] {
                    eprintln!("{}", wording::text_or(language, &format!("error.{code}.detail"), &args, &english));
                }
                Ok(End::BadInput)
            }
            Outcome::Forbidden | Outcome::IdReused => Err(anyhow!(wording::both("cli.import_refused", &[]))),
        }
    }

    fn summary(&self, kinds: &BTreeMap<String, u64>, findings: &[Finding], rejected: usize, doubtful: usize) -> Result<()> {
        if self.json {
            let findings: Vec<_> = findings
                .iter()
                .map(|f| {
                    json!({
                        "file": f.file, "line": f.line, "column": f.column, "field": f.field, "reason": f.reason.code(),
                        "severity": if f.severity == Severity::Rejected { "rejected" } else { "doubtful" }, "value": f.value,
                        "message": message(f, Language::Chinese), "message_en": message(f, Language::English),
                    })
                })
                .collect();
            println!("{}", json!({ "facts": kinds, "rejected": rejected, "doubtful": doubtful, "findings": findings }));
        } else {
            let total: u64 = kinds.values().sum();
            println!("{}", wording::both("cli.facts_recorded", &[("n", total.to_string())]));
            for (kind, n) in kinds {
                println!("  {kind:<28} {n:>8}");
            }
            println!("{}", wording::both("cli.rows_rejected", &[("n", rejected.to_string())]));
            println!("{}", wording::both("cli.rows_doubtful", &[("n", doubtful.to_string())]));
        }
        Ok(())
    }

    fn read(&self, known: &HashSet<DivisionCode>) -> Result<Read> {
        let mut all = Read::default();
        for path in &self.files {
            let name = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
            let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
            let options = Options { known: known.clone(), ..Options::default() };
            match register::parse_with(&name, &bytes, &options) {
                Err(e) => {
                    all.findings.push(*e.0);
                    all.stopped = true;
                }
                Ok(Parsed { file, findings, datum, .. }) => {
                    all.findings.extend(findings);
                    let stem = name.split('.').next().unwrap_or(&name).to_owned();
                    match file {
                        RegisterFile::Divisions2023(rows) => all.divisions.extend(rows),
                        RegisterFile::UrbanRural2016(rows) => all.urban_rural.extend(rows.into_iter().map(|r| (r, stem.clone()))),
                        RegisterFile::Changes(rows) => all.changes.extend(rows),
                        RegisterFile::Outlines(rows) => {
                            let datum = datum.unwrap_or(Datum::Wgs84);
                            all.outlines.extend(rows.into_iter().map(|r| (r, datum, stem.clone())));
                        }
                    }
                }
            }
        }
        Ok(all)
    }

    fn prepare(&self, store: &Store, read: &Read, under: Option<DivisionCode>) -> Result<(RegisterImport, Vec<Finding>)> {
        let wanted = |code: DivisionCode| under.is_none_or(|u| code.at(u.level()) == u || u.at(code.level()) == code);
        let rows: Vec<DivisionRow> = read.divisions.iter().filter(|r| wanted(r.code)).cloned().collect();
        let listed: Vec<ChangeRow> = read.changes.iter().filter(|r| wanted(r.code)).cloned().collect();
        let changes = register::changes(&listed, &rows);
        let by_code: HashMap<DivisionCode, &DivisionRow> = rows.iter().map(|r| (r.code, r)).collect();
        let before = before_changes(&rows, &listed, &by_code)?;
        let mut applied = Vec::new();
        for change in &changes {
            apply(change, &by_code, &mut applied)?;
        }
        // A parent before its children, and what closes after what it becomes part of.
        applied.sort_by_key(|c| match c {
            ImportChange::Renamed { .. } => (0, 0),
            ImportChange::New(row) => (1, row.level as u8),
            ImportChange::Recoded { now, .. } => (2, now.level as u8),
            ImportChange::Closed { .. } => (3, 0),
        });
        let mut further = Vec::new();
        let details = details(store, read, &rows, &wanted, &mut further)?;
        let changed_on = self.cut_off.or_else(|| (!listed.is_empty()).then(|| Day::of_ms(data::now_ms())));
        let name = self.origin.clone().unwrap_or_else(|| wording::text(Language::Chinese, "cli.register_origin"));
        let document = Text::new(&name).map_err(|e| anyhow!("--origin: {e}"))?;
        let origin = match self.cut_off {
            Some(day) => format!("{name} {day}"),
            None => name,
        };
        Ok((RegisterImport { origin, document, changed_on, rows: before, changes: applied, details }, further))
    }
}

fn known_codes(store: &Store) -> Result<HashSet<DivisionCode>> {
    let mut known = HashSet::new();
    store.each_place(&mut |place| {
        known.extend(DivisionCode::parse(&place.code));
    })?;
    Ok(known)
}

/// The register as it was before the listed changes: what was added is taken out, what was removed is put back.
fn before_changes(
    rows: &[DivisionRow],
    listed: &[ChangeRow],
    by_code: &HashMap<DivisionCode, &DivisionRow>,
) -> Result<Vec<ImportRow>> {
    use register::ChangeDirection::{Added, Removed};
    let added: HashSet<DivisionCode> = listed.iter().filter(|c| c.direction == Added).map(|c| c.code).collect();
    let mut before: Vec<ImportRow> = Vec::new();
    for row in rows.iter().filter(|r| !added.contains(&r.code)) {
        before.push(import_row(row.code, &row.name, row.level, row.parent)?);
    }
    for change in listed.iter().filter(|c| c.direction == Removed) {
        let parent = by_code.get(&change.code).and_then(|r| r.parent).or_else(|| change.code.parent());
        before.push(import_row(change.code, &change.name, change.level, parent)?);
    }
    before.sort_by_key(|r| (r.level, r.code.clone()));
    Ok(before)
}

fn apply(change: &Change, by_code: &HashMap<DivisionCode, &DivisionRow>, applied: &mut Vec<ImportChange>) -> Result<()> {
    let now = |code: &DivisionCode| -> Result<ImportRow> {
        let row = by_code.get(code).ok_or_else(|| anyhow!("change names {}, which the register lacks", code.get()))?;
        import_row(row.code, &row.name, row.level, row.parent)
    };
    let text = |code: &DivisionCode| format!("{:012}", code.get());
    match change {
        Change::Renamed { code, to, .. } => applied.push(ImportChange::Renamed { code: text(code), name: place_name(to)? }),
        Change::Recoded { from, to, .. } => applied.push(ImportChange::Recoded { code: text(from), now: now(to)? }),
        Change::New { code, .. } => applied.push(ImportChange::New(now(code)?)),
        Change::Closed { code, .. } => applied.push(ImportChange::Closed { code: text(code), into: Vec::new() }),
        Change::MergeCandidate { from, into, name } => {
            if !from.contains(into) {
                applied.push(ImportChange::New(now(into)?));
            } else {
                applied.push(ImportChange::Renamed { code: text(into), name: place_name(name)? });
            }
            for code in from.iter().filter(|c| *c != into) {
                applied.push(ImportChange::Closed { code: text(code), into: vec![text(into)] });
            }
        }
        Change::SplitCandidate { from, into, .. } => {
            for code in into.iter().filter(|c| *c != from) {
                applied.push(ImportChange::New(now(code)?));
            }
            if into.contains(from) {
                applied.push(ImportChange::Renamed { code: text(from), name: now(from)?.name });
            } else {
                applied.push(ImportChange::Closed { code: text(from), into: into.iter().map(text).collect() });
            }
        }
    }
    Ok(())
}

fn place_name(text: &str) -> Result<Text<60>> {
    Text::new(text).map_err(|e| anyhow!("{text}: {e}"))
}

fn import_row(code: DivisionCode, name: &str, level: register::Level, parent: Option<DivisionCode>) -> Result<ImportRow> {
    let level = match level {
        register::Level::Province => Level::Province,
        register::Level::City => Level::City,
        register::Level::County => Level::County,
        register::Level::Township => Level::Township,
        register::Level::Village => Level::Village,
    };
    let kind = match level {
        Level::Province | Level::City | Level::County => Kind::Area,
        Level::Township => match register::township_kind_by_name(name) {
            register::TownshipKind::Town => Kind::Town,
            register::TownshipKind::Township => Kind::Township,
            register::TownshipKind::Subdistrict => Kind::Subdistrict,
            register::TownshipKind::Other => Kind::Other,
        },
        // The name says what people are; the digits say how the office counts. Where the name is silent the digits decide.
        Level::Village => match (register::kind_by_name(name), code.kind()) {
            (register::Kind::Residents, _) => Kind::Residents,
            (register::Kind::Villagers, _) => Kind::Villagers,
            (_, Some(register::Kind::Residents)) => Kind::Residents,
            (_, Some(register::Kind::Villagers)) => Kind::Villagers,
            _ => Kind::Other,
        },
    };
    let text = |c: DivisionCode| format!("{:012}", c.get());
    Ok(ImportRow { code: text(code), name: place_name(name)?, level, kind, parent: parent.map(text) })
}

/// Urban-rural classes, points and outlines of places that are the same by code and name.
fn details(
    store: &Store,
    read: &Read,
    rows: &[DivisionRow],
    wanted: &dyn Fn(DivisionCode) -> bool,
    further: &mut Vec<Finding>,
) -> Result<Vec<(String, ImportDetail, String)>> {
    let mut names: HashMap<DivisionCode, String> = rows.iter().map(|r| (r.code, r.name.clone())).collect();
    store.each_place(&mut |place| {
        if let (Some(code), None) = (DivisionCode::parse(&place.code), &place.closed) {
            names.entry(code).or_insert_with(|| place.name.clone());
        }
    })?;
    let text = |c: DivisionCode| format!("{:012}", c.get());
    let county_of = |code: DivisionCode| code.at(register::Level::County);
    let mut counties: HashMap<DivisionCode, &maps::outline::Outline> = HashMap::new();
    // Of several outlines the last file's is the newest.
    for (row, _, _) in &read.outlines {
        if let Some(code) = row.code.filter(|c| c.level() == register::Level::County) {
            counties.insert(code, &row.outline);
        }
    }
    let mut details = Vec::new();
    for (row, origin) in &read.urban_rural {
        let code = row.division.code;
        let same = names.get(&code).is_some_and(|name| base_name(name) == base_name(&row.division.name));
        if row.placeholder.is_some() || !same || !wanted(code) {
            continue;
        }
        if let Some(urban_rural) = row.urban_rural_code {
            details.push((text(code), ImportDetail::UrbanRural(urban_rural), origin.clone()));
        }
        if let Some(point) = row.point {
            let outside = counties.get(&county_of(code)).map(|outline| outline.distance_m(point)).filter(|d| *d > MARGIN_M);
            match (outside, Position::new(point.lon_e7, point.lat_e7)) {
                (None, Some(position)) => {
                    details.push((text(code), ImportDetail::Point { position, datum: "gcj02".into() }, origin.clone()));
                }
                (outside, _) => further.push(Finding {
                    file: origin.clone(),
                    line: row.division.line,
                    column: None,
                    field: Some("lon_gcj02"),
                    reason: register::Reason::PointOutsideCounty { metres: outside.unwrap_or_default().round() as u64 },
                    severity: Severity::Doubtful,
                    value: row.division.name.clone(),
                }),
            }
        }
    }
    let now_ms = data::now_ms();
    let mut outlined: BTreeMap<DivisionCode, (Outlined, String)> = BTreeMap::new();
    for (row, datum, origin) in &read.outlines {
        let Some(code) = row.code.filter(|c| names.contains_key(c) && wanted(*c)) else { continue };
        let Some(b) = row.outline.bounds() else { continue };
        let content = geojson(code, &row.outline);
        let file = NewFile { content: &content, media_type: "application/geo+json", taken_ms: None, position: None };
        let info = store.files().put(&file, now_ms)?;
        let fact = Outlined {
            file: info.hash,
            bounds_e7: [b.west_e7, b.south_e7, b.east_e7, b.north_e7],
            datum: datum.code().to_owned(),
            origin: origin.clone(),
        };
        outlined.insert(code, (fact, origin.clone()));
    }
    details.extend(outlined.into_iter().map(|(code, (fact, origin))| (text(code), ImportDetail::Outline(fact), origin)));
    Ok(details)
}

/// One outline as GeoJSON, WGS-84.
fn geojson(code: DivisionCode, outline: &maps::outline::Outline) -> Vec<u8> {
    let ring = |ring: &maps::outline::Ring| {
        let mut corners: Vec<[f64; 2]> = ring.iter().map(|p| [p.lon(), p.lat()]).collect();
        if corners.first() != corners.last() {
            corners.extend(corners.first().copied());
        }
        corners
    };
    let polygons: Vec<Vec<Vec<[f64; 2]>>> = outline.polygons.iter().map(|p| p.rings().map(ring).collect()).collect();
    json!({
        "type": "FeatureCollection",
        "features": [{ "type": "Feature", "properties": { "code": format!("{:012}", code.get()) },
            "geometry": { "type": "MultiPolygon", "coordinates": polygons } }],
    })
    .to_string()
    .into_bytes()
}

fn message(finding: &Finding, language: Language) -> String {
    let args = finding.reason.args().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let code = finding.reason.code();
    wording::text_or(language, &format!("error.import/{code}.title"), &args, code)
}

fn told(f: &Finding) -> String {
    let column = f.column.map(|c| format!(":{c}")).unwrap_or_default();
    let field = f.field.map(|n| format!(" [{n}]")).unwrap_or_default();
    let mark = if f.severity == Severity::Rejected { "✗" } else { "?" };
    let (zh, en) = (message(f, Language::Chinese), message(f, Language::English));
    format!("{mark} {}:{}{column}{field} {zh} / {en} {:?}", f.file, f.line, f.value)
}

/// The pack of rules that every installation starts with, recorded once, at the top of what is known.
fn starting_rules(installation: &Installation) -> Result<()> {
    let store = &installation.store;
    let now_ms = data::now_ms();
    let mut tops = Vec::new();
    store.each_place(&mut |place| {
        if place.within.is_empty() && place.closed.is_none() {
            tops.push(place.id);
        }
    })?;
    for place in tops {
        for rule in domain::rules::starting_pack() {
            let key = domain::rules::RuleRow::key(place, rule.name());
            if store.row(domain::ViewId::Rules, &key)?.is_some() {
                continue;
            }
            let reason = Text::new("starting pack").map_err(|e| anyhow!("{e}"))?;
            let command = Command::Rules(domain::rules::Command::Set { place, from: Day::of_ms(now_ms), rule, reason });
            installation.import(command)?;
        }
    }
    Ok(())
}
