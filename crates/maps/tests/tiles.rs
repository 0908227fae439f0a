//! Tiles, decoded by the decoder of others (`mvt-reader`): geometry, properties, size and time.
#![allow(clippy::unwrap_used)]

mod shared;

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use geo_types::{Geometry, LineString};
use maps::outline::{svg_height, svg_path};
use maps::register::{DivisionCode, Limits, OutlineRow, RegisterFile, parse};
use maps::tiles::{
    AreaFeature, AreaLayer, LayerContent, LayerData, LineFeature, LineLayer, PointFeature, PointIndex, TILE_BYTES_MAX, Value,
    tile,
};
use maps::{Bounds, Point};
use mvt_reader::feature::{Feature, Value as Read};

type Decoded = BTreeMap<String, Vec<Feature<i32>>>;

fn decode(bytes: &[u8]) -> Decoded {
    let reader = mvt_reader::Reader::new(bytes.to_vec()).unwrap();
    let layers = reader.get_layer_metadata().unwrap();
    layers
        .into_iter()
        .map(|layer| {
            assert_eq!((layer.version, layer.extent), (2, 4096));
            (layer.name, reader.get_features_as::<i32>(layer.layer_index).unwrap())
        })
        .collect()
}

fn property(feature: &Feature<i32>, key: &str) -> Option<Read> {
    feature.properties.as_ref()?.get(key).cloned()
}

fn count(feature: &Feature<i32>) -> u64 {
    match property(feature, "count") {
        None => 1,
        Some(Read::UInt(n)) => n,
        other => panic!("count {other:?}"),
    }
}

/// The tile of this zoom that holds the point, by the slippy-map formula and not by the crate's.
fn tile_at(z: u8, lon: f64, lat: f64) -> (u32, u32) {
    let n = f64::from(1 << z);
    let y = (1.0 - lat.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0;
    (((lon + 180.0) / 360.0 * n) as u32, (y * n) as u32)
}

/// Longitude and latitude of a position in a tile.
fn back(z: u8, x: u32, y: u32, at: (i32, i32)) -> (f64, f64) {
    let n = f64::from(1 << z);
    let lon = (f64::from(x) + f64::from(at.0) / 4096.0) / n * 360.0 - 180.0;
    let lat = (std::f64::consts::PI * (1.0 - 2.0 * (f64::from(y) + f64::from(at.1) / 4096.0) / n)).sinh().atan().to_degrees();
    (lon, lat)
}

/// All tiles of a zoom that touch the province.
fn tiles_of_province(z: u8) -> Vec<(u32, u32)> {
    let ((west, north), (east, south)) = (tile_at(z, 117.8, 31.4), tile_at(z, 123.2, 26.9));
    (west..=east).flat_map(|x| (north..=south).map(move |y| (x, y))).collect()
}

/// Twice the area of a closed line string; positive for an outer ring.
fn twice_area(ring: &LineString<i32>) -> i64 {
    ring.0.windows(2).map(|w| i64::from(w[0].x) * i64::from(w[1].y) - i64::from(w[1].x) * i64::from(w[0].y)).sum()
}

/// Twice the area of an area feature, and that its rings are well formed.
fn area_of(feature: &Feature<i32>) -> i64 {
    let polygons = match &feature.geometry {
        Geometry::Polygon(p) => vec![p.clone()],
        Geometry::MultiPolygon(m) => m.0.clone(),
        other => panic!("{other:?}"),
    };
    let mut area = 0;
    for polygon in polygons {
        let rings = std::iter::once((polygon.exterior(), 1)).chain(polygon.interiors().iter().map(|r| (r, -1)));
        for (ring, sign) in rings {
            assert!(ring.0.len() >= 4 && ring.is_closed(), "a degenerate ring");
            assert!(ring.0.windows(2).all(|w| w[0] != w[1]), "a repeated corner");
            assert!(ring.0.iter().all(|c| (-64..=4160).contains(&c.x) && (-64..=4160).contains(&c.y)));
            assert!(twice_area(ring) * sign > 0, "winding");
            area += twice_area(ring);
        }
    }
    area
}

/// Points as many as the villages of the province, clustered as they are.
fn province_points() -> Vec<PointFeature> {
    let mut state = 1_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / (1_u64 << 24) as f64
    };
    let seats: Vec<(f64, f64)> = (0..101).map(|_| (118.2 + 4.4 * next(), 27.3 + 3.6 * next())).collect();
    (0..25_547)
        .map(|i| {
            let (lon, lat) = seats[i % seats.len()];
            let spread = |r: f64| (r - 0.5) * 0.6;
            let at = Point::from_degrees(lon + spread(next()) * next(), lat + spread(next()) * next()).unwrap();
            PointFeature {
                id: 330_000_000_000 + i as i64 * 37,
                at,
                weight: (next() * 100.0) as i32,
                state: ["remediated", "demonstration", "boutique", "future"][i % 4].to_owned(),
                value: Some(Value::Int((next() * 1000.0) as i64)),
                name: format!("第{i}号村村委会"),
            }
        })
        .collect()
}

fn counties() -> Vec<OutlineRow> {
    let bytes = shared::registry("zhejiang_counties_simplified.geojson")
        .unwrap_or_else(|| include_bytes!("../fixtures/huzhou_counties.geojson").to_vec());
    match parse("counties.geojson", &bytes, &Limits::default()).unwrap().file {
        RegisterFile::Outlines(rows) => rows,
        other => panic!("{other:?}"),
    }
}

fn county_features(rows: &[OutlineRow]) -> Vec<AreaFeature> {
    rows.iter()
        .map(|row| AreaFeature {
            id: row.code.unwrap().get() as i64,
            name: row.name.clone().unwrap(),
            state: "rollout".to_owned(),
            value: Some(Value::Float(0.5)),
            outline: row.outline.clone(),
        })
        .collect()
}

/// Encodes all tiles of the province at a zoom and says how large and how slow the worst is.
fn measure(what: &str, z: u8, layers: &[LayerData<'_>]) -> Vec<((u32, u32), Vec<u8>)> {
    let (mut largest, mut slowest, mut total) = (0, 0.0_f64, 0);
    let mut tiles = Vec::new();
    for (x, y) in tiles_of_province(z) {
        let start = Instant::now();
        let bytes = tile(z, x, y, layers);
        slowest = slowest.max(start.elapsed().as_secs_f64() * 1000.0);
        largest = largest.max(bytes.len());
        total += usize::from(!bytes.is_empty());
        tiles.push(((x, y), bytes));
    }
    println!("{what} z{z}: {total} tiles, largest {largest} bytes, slowest {slowest:.1} ms");
    assert!(largest <= TILE_BYTES_MAX);
    tiles
}

#[test]
fn a_point_has_its_place_and_properties() {
    let at = Point::from_degrees(119.68, 30.638).unwrap();
    let feature =
        PointFeature {
            id: -5, at, weight: 0, state: "open".to_owned(), value: Some(Value::Float(1.5)), name: "递铺".to_owned()
        };
    let index = PointIndex::new(vec![feature]);
    for z in 0..=20 {
        let (x, y) = tile_at(z, 119.68, 30.638);
        let decoded = decode(&tile(z, x, y, &[LayerData { name: "villages", content: LayerContent::Points(&index) }]));
        let [found] = decoded["villages"].as_slice() else { panic!("{decoded:?}") };
        let Geometry::MultiPoint(points) = &found.geometry else { panic!("{found:?}") };
        let [p] = points.0.as_slice() else { panic!("{found:?}") };
        let (lon, lat) = back(z, x, y, (p.x(), p.y()));
        let unit = 360.0 / f64::from(1 << z) / 4096.0;
        assert!((lon - 119.68).abs() <= unit * 1.01 && (lat - 30.638).abs() <= unit * 1.01, "z{z} {lon} {lat}");
        assert_eq!(property(found, "id"), Some(Read::SInt(-5)));
        assert_eq!(property(found, "state"), Some(Read::String("open".to_owned())));
        assert_eq!(property(found, "value"), Some(Read::Float(1.5)));
        assert_eq!(property(found, "name").is_some(), z >= 11);
        assert_eq!(property(found, "count"), None);
    }
    assert!(tile(10, 0, 0, &[LayerData { name: "villages", content: LayerContent::Points(&index) }]).is_empty());
}

#[test]
fn points_of_a_province_are_thinned_and_none_is_lost() {
    let start = Instant::now();
    let index = PointIndex::new(province_points());
    println!("index of {} points: {:.1} ms", index.len(), start.elapsed().as_secs_f64() * 1000.0);
    for z in [4, 6, 7, 8, 9, 10, 11, 12] {
        let tiles = measure("points", z, &[LayerData { name: "villages", content: LayerContent::Points(&index) }]);
        let mut villages = 0;
        for ((x, y), bytes) in tiles {
            let here: u64 = decode(&bytes).values().flatten().map(count).sum();
            assert_eq!(here as usize, index.in_tile(z, x, y).len(), "{z}/{x}/{y}");
            villages += here;
        }
        assert_eq!(villages, 25_547);
    }
}

#[test]
fn all_points_in_one_spot_still_fit() {
    let mut points = province_points();
    for (i, p) in points.iter_mut().enumerate() {
        p.at = Point { lon_e7: 1_200_000_000 + i as i32 % 160 * 500, lat_e7: 300_000_000 + i as i32 / 160 * 500 };
    }
    let index = PointIndex::new(points);
    for z in 6..=16 {
        let (x, y) = tile_at(z, 120.0001, 30.0001);
        let bytes = tile(z, x, y, &[LayerData { name: "villages", content: LayerContent::Points(&index) }]);
        assert!(bytes.len() <= TILE_BYTES_MAX && !bytes.is_empty(), "z{z} {}", bytes.len());
        let here: u64 = decode(&bytes)["villages"].iter().map(count).sum();
        assert_eq!(here as usize, index.in_tile(z, x, y).len());
    }
}

#[test]
fn counties_are_well_formed_small_and_do_not_part() {
    let rows = counties();
    let start = Instant::now();
    let layer = AreaLayer::new(county_features(&rows));
    println!("borders of {} counties: {:.1} ms", rows.len(), start.elapsed().as_secs_f64() * 1000.0);
    for z in 5..=12 {
        for ((x, y), bytes) in measure("counties", z, &[LayerData { name: "counties", content: LayerContent::Areas(&layer) }]) {
            let decoded = decode(&bytes);
            let areas = decoded.get("counties").map_or(&[][..], Vec::as_slice);
            let total: i64 = areas.iter().map(area_of).sum();
            assert!(total <= 2 * 4224 * 4224 + 2000, "overlap in {z}/{x}/{y}: {total}");
            // In the middle of the province the counties fill the tile, whatever the zoom took from their borders.
            if (x, y) == tile_at(z, 120.05, 29.1) && z >= 9 && rows.len() == 90 {
                let share = total as f64 / (2.0 * 4224.0 * 4224.0);
                println!("  {z}/{x}/{y}: {} counties cover {:.4} of the tile", areas.len(), share);
                assert!((0.999..1.001).contains(&share));
            }
        }
    }
    let by_id = HashMap::from([(330_523_000_000, ("deepening".to_owned(), Some(Value::Int(7))))]);
    let mut layer = layer;
    layer.restate(&by_id);
    let (x, y) = tile_at(9, 119.6, 30.6);
    let decoded = decode(&tile(9, x, y, &[LayerData { name: "counties", content: LayerContent::Areas(&layer) }]));
    let anji = decoded["counties"].iter().find(|f| property(f, "name") == Some(Read::String("安吉县".to_owned()))).unwrap();
    assert_eq!(property(anji, "level"), Some(Read::String("deepening".to_owned())));
    assert_eq!(property(anji, "value"), Some(Read::UInt(7)));
}

#[test]
fn outlines_that_make_no_sense_still_give_well_formed_tiles() {
    let mut state = 3_u64;
    let mut next = move |n: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as i64 % n
    };
    for round in 0..300 {
        // Few places for many corners, so that they coincide, lie in line and cross; now and then at the end of the world.
        let mut ring = || -> Vec<Point> {
            let corners = 3 + next(12);
            let mut corner = || match round % 3 {
                0 => Point {
                    lon_e7: (next(7) * 600_000_000 - 1_800_000_000) as i32,
                    lat_e7: (next(7) * 300_000_000 - 900_000_000) as i32,
                },
                1 => Point { lon_e7: (1_190_000_000 + next(5) * 9_000) as i32, lat_e7: (290_000_000 + next(5) * 9_000) as i32 },
                _ => Point { lon_e7: (1_190_000_000 + next(50_000_000)) as i32, lat_e7: (290_000_000 + next(50_000_000)) as i32 },
            };
            (0..corners).map(|_| corner()).collect()
        };
        let polygon = maps::outline::Polygon { exterior: ring(), holes: vec![ring()] };
        let points = ring();
        let outline = maps::outline::Outline { polygons: vec![polygon] };
        let bounds = outline.bounds().unwrap();
        assert!(svg_path(&outline, bounds, 300).len() < 2000 && svg_height(bounds, 300) > 0);
        let areas = AreaLayer::new(vec![AreaFeature { outline, ..AreaFeature::default() }]);
        let lines = LineLayer::new(vec![LineFeature { points, ..LineFeature::default() }]);
        for z in 0..=20 {
            let (x, y) = tile_at(z, 119.0, 29.0);
            let layers = [
                LayerData { name: "areas", content: LayerContent::Areas(&areas) },
                LayerData { name: "lines", content: LayerContent::Lines(&lines) },
            ];
            let decoded = decode(&tile(z, x, y, &layers));
            for feature in decoded.get("areas").into_iter().flatten() {
                let Geometry::MultiPolygon(polygons) = &feature.geometry else { panic!("{feature:?}") };
                let exteriors = polygons.0.iter().map(|p| p.exterior());
                exteriors.for_each(|ring| assert!(ring.0.len() >= 4 && twice_area(ring) > 0, "round {round} z{z}"));
            }
        }
    }
}

#[test]
fn a_county_in_a_tile_has_its_true_size() {
    let rows = counties();
    let anji = rows.iter().find(|r| r.code == DivisionCode::parse("330523")).unwrap();
    let layer = AreaLayer::new(county_features(std::slice::from_ref(anji)));
    let z = 7;
    let (x, y) = tile_at(z, 119.6, 30.6);
    let decoded = decode(&tile(z, x, y, &[LayerData { name: "counties", content: LayerContent::Areas(&layer) }]));
    let unit_m = 40_075_016.0 / 128.0 / 4096.0 * 30.6_f64.to_radians().cos();
    let km2 = area_of(&decoded["counties"][0]) as f64 / 2.0 * unit_m * unit_m / 1e6;
    println!("Anji measures {km2:.0} km2 in tile {z}/{x}/{y}");
    // Published: 1,886 km².
    assert!((1830.0..1940.0).contains(&km2));
}

#[test]
fn detailed_outlines_fit_too() {
    let Some(bytes) = shared::registry("zhejiang_boundaries_2016_gcj02.geojson.gz") else { return };
    let RegisterFile::Outlines(rows) = parse("boundaries_gcj02.geojson.gz", &bytes, &Limits::default()).unwrap().file else {
        panic!()
    };
    let counties = rows.into_iter().filter(|r| r.code.unwrap().level() == maps::register::Level::County);
    let features = counties
        .map(|r| AreaFeature { id: r.code.unwrap().get() as i64, outline: r.outline, ..AreaFeature::default() })
        .collect();
    let start = Instant::now();
    let layer = AreaLayer::new(features);
    println!("borders of the detailed counties: {:.1} ms", start.elapsed().as_secs_f64() * 1000.0);
    for z in [6, 8, 10, 12] {
        for (_, bytes) in measure("detailed counties", z, &[LayerData { name: "counties", content: LayerContent::Areas(&layer) }])
        {
            decode(&bytes).values().flatten().for_each(|f| assert!(area_of(f) > 0));
        }
    }
}

#[test]
fn the_fictitious_county_tiles_without_gaps() {
    for seed in 1..=8 {
        let drawn = maps::fictitious::county(seed, 12, 220);
        assert_eq!((drawn.townships.len(), drawn.villages.len()), (12, 220));
        let area = |features: Vec<AreaFeature>, z: u8, x: u32, y: u32| -> i64 {
            let layer = AreaLayer::new(features);
            decode(&tile(z, x, y, &[LayerData { name: "a", content: LayerContent::Areas(&layer) }]))
                .values()
                .flatten()
                .map(area_of)
                .sum()
        };
        let feature = |outline: &maps::outline::Outline| AreaFeature { outline: outline.clone(), ..AreaFeature::default() };
        let centre = drawn.villages[drawn.townships[drawn.seat].seat].at;
        for z in [10, 11, 12, 13] {
            let (x, y) = tile_at(z, centre.lon(), centre.lat());
            let villages = area(drawn.villages.iter().map(|v| feature(&v.outline)).collect(), z, x, y);
            if z == 13 {
                assert_eq!(villages, 2 * 4224 * 4224, "seed {seed}: inside the county not a unit is missing");
            }
            let townships = area(drawn.townships.iter().map(|t| feature(&t.outline)).collect(), z, x, y);
            let county = area(vec![feature(&drawn.outline)], z, x, y);
            // Along the outer border the three are simplified between other junctions.
            for (what, total) in [("villages", villages), ("townships", townships)] {
                let off = (total - county).abs() as f64 / county as f64;
                assert!(off < 0.002, "seed {seed} z{z} {what}: {off}");
            }
        }
        for village in &drawn.villages {
            assert!(village.outline.contains(village.at));
            assert!(drawn.townships[village.township].outline.contains(village.at));
            assert!(drawn.outline.contains(village.at));
        }
        for township in &drawn.townships {
            assert_eq!(township.outline.polygons.len(), 1, "seed {seed}: a township in one piece");
        }
        assert_eq!(drawn.outline.polygons.len(), 1);
        assert!(!drawn.rivers.is_empty() && !drawn.roads.is_empty());
        let bounds = drawn.outline.bounds().unwrap();
        assert!(
            bounds.west_e7 > 1_191_500_000
                && bounds.east_e7 < 1_197_500_000
                && bounds.south_e7 > 291_500_000
                && bounds.north_e7 < 296_500_000
        );
    }
    assert_eq!(maps::fictitious::county(7, 12, 220), maps::fictitious::county(7, 12, 220));
    assert_ne!(maps::fictitious::county(7, 12, 220), maps::fictitious::county(8, 12, 220));
}

#[test]
fn the_fictitious_county_as_tiles() {
    let drawn = maps::fictitious::county(2003, 15, 218);
    let villages = AreaLayer::new(
        drawn.villages.iter().map(|v| AreaFeature { outline: v.outline.clone(), ..AreaFeature::default() }).collect(),
    );
    let lines = drawn.rivers.iter().chain(&drawn.roads).enumerate();
    let lines = LineLayer::new(
        lines.map(|(i, l)| LineFeature { id: i as i64, points: l.points.clone(), ..LineFeature::default() }).collect(),
    );
    let points = PointIndex::new(drawn.villages.iter().map(|v| PointFeature { at: v.at, ..PointFeature::default() }).collect());
    let layers = [
        LayerData { name: "points", content: LayerContent::Points(&points) },
        LayerData { name: "villages", content: LayerContent::Areas(&villages) },
        LayerData { name: "lines", content: LayerContent::Lines(&lines) },
    ];
    for z in 7..=14 {
        let (x, y) = tile_at(z, 119.45, 29.4);
        let start = Instant::now();
        let bytes = tile(z, x, y, &layers);
        println!("fictitious county z{z}: {} bytes, {:.1} ms", bytes.len(), start.elapsed().as_secs_f64() * 1000.0);
        assert!(bytes.len() <= TILE_BYTES_MAX);
        let decoded = decode(&bytes);
        assert!(decoded["villages"].iter().all(|f| area_of(f) > 0));
        assert!(decoded["lines"].iter().all(|f| matches!(f.geometry, Geometry::LineString(_) | Geometry::MultiLineString(_))));
        if let Some(folder) = std::env::var_os("MAPS_WRITE_TILES") {
            std::fs::write(std::path::PathBuf::from(folder).join(format!("{z}-{x}-{y}.mvt")), bytes).unwrap();
        }
    }
}

/// Draws the invented county and the real ones into the folder named by `MAPS_DRAW`, to be looked at.
#[test]
fn drawings() {
    let start = Instant::now();
    let drawn = maps::fictitious::county(2003, 15, 218);
    println!("drawing a county of 218 villages: {:.1} ms", start.elapsed().as_secs_f64() * 1000.0);
    let bounds = drawn.outline.bounds().unwrap();
    let (width, height) = (960, svg_height(bounds, 960));
    let colours = ["#e8efdc", "#dde8cf", "#eef0d8", "#e3ead2", "#d8e5cc", "#f0eedb"];
    let mut svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='-20 -20 {} {}'><rect x='-20' y='-20' width='100%' height='100%' fill='#f6f4ef'/>",
        width + 40,
        height + 40
    );
    for (i, township) in drawn.townships.iter().enumerate() {
        svg += &format!("<path d='{}' fill='{}'/>", svg_path(&township.outline, bounds, width), colours[i % colours.len()]);
    }
    for village in &drawn.villages {
        svg +=
            &format!("<path d='{}' fill='none' stroke='#b9c2a6' stroke-width='.6'/>", svg_path(&village.outline, bounds, width));
    }
    for township in &drawn.townships {
        svg += &format!(
            "<path d='{}' fill='none' stroke='#8a8f78' stroke-width='1.2' stroke-dasharray='6 3'/>",
            svg_path(&township.outline, bounds, width)
        );
    }
    let line = |points: &[Point]| -> String {
        let xy = |p: &Point| {
            let x = f64::from(p.lon_e7 - bounds.west_e7) / f64::from(bounds.east_e7 - bounds.west_e7) * f64::from(width);
            let y = f64::from(bounds.north_e7 - p.lat_e7) / f64::from(bounds.north_e7 - bounds.south_e7) * f64::from(height);
            format!("{x:.1},{y:.1} ")
        };
        points.iter().map(xy).collect()
    };
    for (lines, colours) in [(&drawn.roads, ["#c9a26b", "#d8c7a4"]), (&drawn.rivers, ["#6da7cc", "#86b9d8"])] {
        for l in lines.iter().rev() {
            let (colour, stroke) = if l.rank == 1 { (colours[0], 2.6) } else { (colours[1], 1.1) };
            svg += &format!(
                "<polyline points='{}' fill='none' stroke='{colour}' stroke-width='{stroke}' stroke-linejoin='round'/>",
                line(&l.points)
            );
        }
    }
    svg += &format!("<path d='{}' fill='none' stroke='#555' stroke-width='2'/>", svg_path(&drawn.outline, bounds, width));
    for (i, village) in drawn.villages.iter().enumerate() {
        let [x, y] = [0, 1].map(|k| line(&[village.at]).trim().split(',').nth(k).unwrap().to_owned());
        let seat = drawn.townships[village.township].seat == i;
        let r = if seat && village.township == drawn.seat {
            7.0
        } else if seat {
            4.5
        } else {
            1.8
        };
        svg += &format!(
            "<circle cx='{x}' cy='{y}' r='{r}' fill='{}' stroke='#fff' stroke-width='.6'/>",
            if seat { "#b8452f" } else { "#5d6b4c" }
        );
    }
    svg += "</svg>";

    let rows = counties();
    let province = rows.iter().filter_map(|r| r.outline.bounds()).reduce(Bounds::join).unwrap();
    let layer = AreaLayer::new(county_features(&rows));
    let paths: String = layer
        .svg_paths(province, 800)
        .iter()
        .map(|(_, d)| format!("<path d='{d}' fill='#dde8cf' stroke='#777' stroke-width='.5'/>"))
        .collect();
    println!("province of {} counties as SVG: {} bytes", rows.len(), paths.len());
    assert!(paths.len() < 120_000);
    if let Some(folder) = std::env::var_os("MAPS_DRAW").map(std::path::PathBuf::from) {
        std::fs::write(folder.join("county.svg"), svg).unwrap();
        std::fs::write(
            folder.join("province.svg"),
            format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 800 {}'>{paths}</svg>", svg_height(province, 800)),
        )
        .unwrap();
    }
}
