//! The map: where it is, and vector tiles of places with the value of any indicator.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::http::StatusCode;
use domain::{
    ViewId,
    basics::{Capability, FileHash, Value as Cell},
    places::Level,
};
use maps::{
    Bounds, Point,
    outline::Outline,
    register::{Limits, RegisterFile},
    tiles::{self, AreaFeature, AreaLayer, LayerContent, LayerData, LineFeature, LineLayer, PointFeature, PointIndex},
};
use serde_json::Value;
use store::Scope;

use crate::{
    App,
    answer::{Answer, Problem},
    answers::MapInfo,
    ask::Ask,
    indicators,
    rows::marked,
};

/// Layers are kept while the rows under them have not changed.
#[derive(Default)]
pub struct MapCache {
    points: Mutex<HashMap<String, (u64, Arc<PointIndex>)>>,
    areas: Mutex<HashMap<String, (u64, Arc<AreaLayer>)>>,
    outlines: Mutex<Option<(u64, Arc<Vec<Area>>)>>,
    base: Mutex<Option<Arc<LineLayer>>>,
}

/// Layers with values kept at a time; there are few indicators and few offices.
const KEPT_MAX: usize = 24;

struct Area {
    id: i64,
    name: String,
    level: Level,
    outline: Outline,
}

/// `GET /api/map`.
pub fn about(ask: &Ask) -> Result<Answer, Problem> {
    let scope = ask.scope(Capability::Read)?;
    let mut bounds: Option<Bounds> = None;
    let mut add = |p: Point| {
        let own = Bounds { west_e7: p.lon_e7, south_e7: p.lat_e7, east_e7: p.lon_e7, north_e7: p.lat_e7 };
        bounds = Some(bounds.map_or(own, |b| b.join(own)));
    };
    ask.app.store.columns(ViewId::Places, &scope, &[], &["lon_e7", "lat_e7"], &mut |v| {
        if let [Cell::Int(lon), Cell::Int(lat)] = v {
            add(Point { lon_e7: *lon as i32, lat_e7: *lat as i32 });
        }
    })?;
    let outlines = outlines(&ask.app)?;
    if let Scope::Within(places) = &scope {
        for area in outlines.iter().filter(|a| places.iter().any(|(id, _, _)| id.0 == a.id)) {
            if let Some(own) = area.outline.bounds() {
                bounds = Some(bounds.map_or(own, |b| b.join(own)));
            }
        }
    } else {
        for own in outlines.iter().filter_map(|a| a.outline.bounds()) {
            bounds = Some(bounds.map_or(own, |b| b.join(own)));
        }
    }
    // Where nothing is known yet the map shows Zhejiang.
    let b =
        bounds.unwrap_or(Bounds { west_e7: 1_180_000_000, south_e7: 270_000_000, east_e7: 1_230_000_000, north_e7: 312_000_000 });
    let degrees = |e7: i32| f64::from(e7) / 1e7;
    let mut layers = vec!["outlines", "villages"];
    if ask.app.store.setting("demo.base_map")?.is_some() {
        layers.push("base");
    }
    let bounds = [degrees(b.west_e7), degrees(b.south_e7), degrees(b.east_e7), degrees(b.north_e7)];
    Ok(Answer::json(&marked(ask, MapInfo { bounds, layers, minzoom: 5, maxzoom: 15, outlines: outlines.len() })))
}

/// `GET /api/tiles/{layer}/{z}/{x}/{y}.mvt`.
pub fn tile(ask: &Ask) -> Result<Answer, Problem> {
    let layer: String = ask.path(0)?;
    let (z, x): (u8, u32) = (ask.path(1)?, ask.path(2)?);
    let y: u32 = ask.path.get(3).and_then(|y| y.strip_suffix(".mvt")?.parse().ok()).ok_or_else(Problem::not_found)?;
    if z > 20 {
        return Err(Problem::not_found());
    }
    let bytes = match layer.as_str() {
        "villages" => {
            let points = points(ask)?;
            tiles::tile(z, x, y, &[LayerData { name: "villages", content: LayerContent::Points(&points) }])
        }
        "outlines" => {
            let areas = areas(ask, z)?;
            tiles::tile(z, x, y, &[LayerData { name: "outlines", content: LayerContent::Areas(&areas) }])
        }
        "base" => match base(&ask.app)? {
            Some(lines) => tiles::tile(z, x, y, &[LayerData { name: "base", content: LayerContent::Lines(&lines) }]),
            None => Vec::new(),
        },
        _ => return Err(Problem::not_found()),
    };
    let status = if bytes.is_empty() { StatusCode::NO_CONTENT } else { StatusCode::OK };
    Ok(Answer::bytes("application/vnd.mapbox-vector-tile", bytes)
        .status(status)
        .with(axum::http::header::CACHE_CONTROL, "private, max-age=30"))
}

/// What decides whether a kept layer is still good: rows of places, and of whatever the indicator counts.
fn age(app: &App) -> u64 {
    let positions = app.store.positions();
    positions.of(ViewId::Places) ^ (positions.of(ViewId::Problems) << 32)
}

fn values_key(ask: &Ask) -> Result<(String, u64), Problem> {
    let Some(name) = ask.param("indicator").filter(|n| !n.is_empty()) else {
        return Ok((String::new(), ask.app.store.positions().of(ViewId::Places)));
    };
    let scope = ask.scope(Capability::Read)?;
    Ok((format!("{name} {} {scope:?}", ask.today()), age(&ask.app)))
}

fn keep<T>(
    kept: &Mutex<HashMap<String, (u64, Arc<T>)>>,
    key: &str,
    age: u64,
    make: impl FnOnce() -> Result<T, Problem>,
) -> Result<Arc<T>, Problem> {
    if let Ok(kept) = kept.lock()
        && let Some((made, layer)) = kept.get(key)
        && *made == age
    {
        return Ok(layer.clone());
    }
    let layer = Arc::new(make()?);
    if let Ok(mut kept) = kept.lock() {
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(key.to_owned(), (age, layer.clone()));
    }
    Ok(layer)
}

fn points(ask: &Ask) -> Result<Arc<PointIndex>, Problem> {
    let (key, age) = values_key(ask)?;
    keep(&ask.app.map.points, &key, age, || {
        let values = values(ask, Level::Village)?;
        let mut features = Vec::new();
        let names = ["id", "name", "class", "lon_e7", "lat_e7", "households_registered"];
        let villages = [
            store::Condition::OneOf("level".into(), vec!["village".into()]),
            store::Condition::OneOf("closed".into(), vec![Cell::Int(0)]),
        ];
        ask.app.store.columns(ViewId::Places, &Scope::All, &villages, &names, &mut |v| {
            if let [Cell::Int(id), Cell::Text(name), class, Cell::Int(lon), Cell::Int(lat), households] = v {
                let value = values.get(id).copied();
                features.push(PointFeature {
                    id: *id,
                    at: Point { lon_e7: *lon as i32, lat_e7: *lat as i32 },
                    weight: if let Cell::Int(h) = households { i32::try_from(*h).unwrap_or(i32::MAX) } else { 0 },
                    state: if let Cell::Text(class) = class { class.clone() } else { String::new() },
                    value: value.map(tiles::Value::Int),
                    name: name.clone(),
                });
            }
        })?;
        Ok(PointIndex::new(features))
    })
}

/// Values of the indicator that the query names, by place, within what the caller may read.
fn values(ask: &Ask, level: Level) -> Result<HashMap<i64, i64>, Problem> {
    match ask.param("indicator").filter(|n| !n.is_empty()) {
        None => Ok(HashMap::new()),
        Some(name) => indicators::by_place(ask, name, level),
    }
}

/// Levels that are drawn at a zoom.
fn levels(z: u8) -> &'static [Level] {
    match z {
        0..=7 => &[Level::Province, Level::City, Level::County],
        8..=9 => &[Level::City, Level::County, Level::Township],
        _ => &[Level::County, Level::Township, Level::Village],
    }
}

fn areas(ask: &Ask, z: u8) -> Result<Arc<AreaLayer>, Problem> {
    let levels = levels(z);
    let (key, age) = values_key(ask)?;
    keep(&ask.app.map.areas, &format!("{levels:?} {key}"), age, || {
        let mut values_by_id = HashMap::new();
        for level in levels {
            values_by_id.extend(values(ask, *level)?);
        }
        let features = outlines(&ask.app)?
            .iter()
            .filter(|a| levels.contains(&a.level))
            .map(|a| AreaFeature {
                id: a.id,
                name: a.name.clone(),
                state: a.level.word().to_owned(),
                value: values_by_id.get(&a.id).copied().map(tiles::Value::Int),
                outline: a.outline.clone(),
            })
            .collect();
        Ok(AreaLayer::new(features))
    })
}

/// All outlines, read from their files once.
fn outlines(app: &App) -> Result<Arc<Vec<Area>>, Problem> {
    let age = app.store.positions().of(ViewId::Places);
    if let Ok(kept) = app.map.outlines.lock()
        && let Some((made, outlines)) = kept.as_ref()
        && *made == age
    {
        return Ok(outlines.clone());
    }
    let mut found = Vec::new();
    let mut wanted = Vec::new();
    app.store.each_place(&mut |place| {
        if let (Some(outline), None) = (&place.outline, &place.closed) {
            wanted.push((place.id.0, place.name.clone(), place.level, outline.file.clone()));
        }
    })?;
    for (id, name, level, file) in wanted {
        if let Some(outline) = read_outline(app, &file)? {
            found.push(Area { id, name, level, outline });
        }
    }
    let found = Arc::new(found);
    if let Ok(mut kept) = app.map.outlines.lock() {
        *kept = Some((age, found.clone()));
    }
    Ok(found)
}

/// An outline file holds one feature, WGS-84.
pub fn read_outline(app: &App, file: &FileHash) -> Result<Option<Outline>, Problem> {
    let content = app.store.files().read(file)?;
    let options =
        maps::register::Options { limits: Limits::default(), datum: Some(maps::datum::Datum::Wgs84), ..Default::default() };
    Ok(match maps::register::parse_with("outline.geojson", &content, &options) {
        Ok(parsed) => match parsed.file {
            RegisterFile::Outlines(rows) => rows.into_iter().next().map(|r| r.outline),
            _ => None,
        },
        Err(e) => {
            tracing::warn!(file = file.as_str(), error = ?e, "outline cannot be read");
            None
        }
    })
}

/// Rivers and roads of a drawn county.
fn base(app: &App) -> Result<Option<Arc<LineLayer>>, Problem> {
    if let Ok(kept) = app.map.base.lock()
        && kept.is_some()
    {
        return Ok(kept.clone());
    }
    let Some(hash) = app.store.setting("demo.base_map")?.and_then(|h| FileHash::new(&h)) else { return Ok(None) };
    let collection: Value = serde_json::from_slice(&app.store.files().read(&hash)?)?;
    let mut lines = Vec::new();
    for (id, feature) in (1..).zip(collection["features"].as_array().into_iter().flatten()) {
        let points = feature["geometry"]["coordinates"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|c| Point::from_degrees(c[0].as_f64()?, c[1].as_f64()?))
            .collect::<Vec<_>>();
        if points.len() < 2 {
            continue;
        }
        let rank = feature["properties"]["rank"].as_u64().unwrap_or(1);
        lines.push(LineFeature {
            id,
            name: feature["properties"]["name"].as_str().unwrap_or_default().to_owned(),
            state: feature["properties"]["kind"].as_str().unwrap_or_default().to_owned(),
            from_zoom: if rank <= 1 { 7 } else { 10 },
            points,
        });
    }
    let layer = Arc::new(LineLayer::new(lines));
    if let Ok(mut kept) = app.map.base.lock() {
        *kept = Some(layer.clone());
    }
    Ok(Some(layer))
}
