//! Every route answers as `docs/http.md` says: status, media type, keys.

use axum::http::Method;
use serde_json::{Value, json};

use crate::world::*;

fn expected(value: &Value, wanted: &str) {
    let mut wanted: Vec<&str> = wanted.split(' ').collect();
    wanted.sort_unstable();
    assert_eq!(keys(value), wanted, "{value}");
}

fn office(path: &str) -> Value {
    let reply = SHARED.get(path).by("office").send();
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    assert_eq!(reply.header("content-type"), "application/json", "{path}");
    reply.json()
}

#[test]
fn every_route_is_reached_and_none_breaks() {
    let own = World::own();
    for (method, path, _) in routes() {
        // Among these are ways to sign out, here and everywhere: a session for each.
        let world = own.with_fresh_sessions();
        for name in ["office", "nobody"] {
            let path = filled(&path, At::Village);
            assert!(!path.contains('{'), "{path}: a parameter that these tests do not know");
            let reply = world.ask(method.clone(), &path).by(name).send();
            assert!(reply.status.as_u16() < 500, "{method} {path} by {name}: {}", reply.text());
            assert_ne!(reply.status, 405, "{method} {path}");
            // 404 only where nothing is stored, built or set up: a file, an app, a used link or key, a provider, what only this
            // machine may see.
            let nothing = [
                "/api/files",
                "/public/files",
                "/console/",
                "/field/",
                "/welcome",
                "/checkpoints",
                "/metrics",
                "/link",
                "/key/",
                "/api/account/sessions/",
                "/api/account/tokens/",
                "/login/oidc",
                "/api/searches/",
            ]
            .iter()
            .any(|p| path.starts_with(p));
            assert!(nothing || reply.status != 404, "{method} {path}: {}", reply.text());
        }
    }
}

#[test]
fn session() {
    let keys = "account capabilities csrf demo home installation posts today";
    let answer = office("/api/session");
    expected(&answer, keys);
    expected(&answer["account"], "id name display");
    expected(&answer["posts"][0], "place role");
    expected(&answer["home"], "id code name level path");
    assert_eq!(answer["today"], TODAY);
    assert!(answer["capabilities"].as_array().unwrap().contains(&json!("problems.triage")));
    let signed_in =
        SHARED.post("/api/session").json(&json!({ "name": "test-office", "password": PASSWORD })).from([10, 1, 0, 1]).send();
    assert_eq!(signed_in.status, 200, "{}", signed_in.text());
    expected(&signed_in.json(), keys);
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap().to_owned();
    assert_eq!(SHARED.get("/api/session").cookie(&cookie).send().status, 200);
    assert_eq!(SHARED.ask(Method::DELETE, "/api/session").cookie(&cookie).send().status, 204);
    SHARED.get("/api/session").cookie(&cookie).send().refused(401, "not-signed-in");
}

#[test]
fn views_name_their_columns() {
    let views = office("/api/views");
    for view in views.as_array().unwrap() {
        expected(view, "view columns");
        for column in view["columns"].as_array().unwrap() {
            expected(column, "name type sort filter group");
            assert!(["range", "equals", "none"].contains(&column["filter"].as_str().unwrap()), "{column}");
        }
    }
    // Whatever is declared can be used: sorted both ways, filtered, grouped.
    for view in views.as_array().unwrap() {
        let name = view["view"].as_str().unwrap();
        for column in view["columns"].as_array().unwrap() {
            let word = column["name"].as_str().unwrap();
            if word == "place" && column["filter"] != "none" {
                continue; // The scope of every list, tried elsewhere.
            }
            let value = match column["type"].as_str().unwrap() {
                "day" => "2026-11-01",
                "text" => "x",
                _ => "1",
            };
            let mut asks = Vec::new();
            if column["sort"] == true {
                asks.extend([format!("/api/rows/{name}?sort={word}&limit=3"), format!("/api/rows/{name}?sort=-{word}&limit=3")]);
            }
            match column["filter"].as_str().unwrap() {
                "range" => asks.extend([
                    format!("/api/rows/{name}?{word}.from={value}&{word}.to={value}"),
                    format!("/api/rows/{name}?{word}={value}"),
                ]),
                "equals" => asks.push(format!("/api/rows/{name}?{word}={value},{value}")),
                _ => {
                    let reply = SHARED.get(&format!("/api/rows/{name}?{word}={value}")).by("office").send();
                    reply.refused(422, "bad-query");
                }
            }
            if column["group"] == true {
                asks.extend([format!("/api/groups/{name}?by={word}"), format!("/api/groups/{name}?by=child,{word}")]);
            }
            for ask in asks {
                office(&ask);
            }
        }
    }
}

#[test]
fn rows_page_without_gaps_or_repeats() {
    let all = office("/api/rows/problems?count=1&limit=200");
    expected(&all, "rows next count demo");
    let first = &all["rows"][0];
    expected(first, "key row place");
    expected(&first["place"], "id code name level path");
    assert_eq!(first["place"]["path"].as_array().unwrap().len(), 5, "{first}");
    let count = all["count"].as_u64().unwrap();
    assert!(count > 400);
    for sort in ["", "&sort=due", "&sort=-due", "&sort=reported_on", "&sort=-reported_on"] {
        let mut seen = std::collections::BTreeSet::new();
        let mut values: Vec<Value> = Vec::new();
        let mut after = String::new();
        loop {
            let page = office(&format!("/api/rows/problems?limit=97{sort}{after}"));
            for row in page["rows"].as_array().unwrap() {
                assert!(seen.insert(row["key"].as_str().unwrap().to_owned()), "twice under {sort}");
                values.push(row["row"][sort.trim_start_matches("&sort=").trim_start_matches('-')].clone());
            }
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len() as u64, count, "{sort}");
        // Nothing sorts last upwards and first downwards.
        let text = |v: &Value| v.as_str().unwrap_or("\u{10FFFF}").to_owned();
        let sorted =
            values.windows(2).all(|w| if sort.contains("=-") { text(&w[0]) >= text(&w[1]) } else { text(&w[0]) <= text(&w[1]) });
        assert!(sort.is_empty() || sorted, "{sort}");
    }
}

#[test]
fn one_row_says_what_may_be_done() {
    let row = office(&format!("/api/rows/problems/{}", problem(At::Village)));
    expected(&row, "key row place may demo");
    assert!(row["may"].as_array().unwrap().contains(&json!("problems.assign")));
    assert!(row["row"]["reporter"].get("receipt").is_none());
    let place = office(&format!("/api/rows/places/{}", place(At::Village).id));
    assert!(place["may"].as_array().unwrap().contains(&json!("places.rename")));
    let counts = office("/api/rows/counts?limit=1");
    let key = counts["rows"][0]["key"].as_str().unwrap();
    expected(&office(&format!("/api/rows/counts/{key}")), "key row place may demo");
    let topic = office(&format!("/api/rows/topics/{}", SEED.topics[0]));
    assert_eq!(topic["may"], json!(["topics.conclude"]));
}

#[test]
fn groups_count_the_list() {
    let count = office("/api/rows/problems?count=1&limit=1")["count"].as_u64().unwrap();
    for by in ["state", "field", "child", "child,field", "state,field", "village", "township,state"] {
        let groups = office(&format!("/api/groups/problems?by={by}"));
        expected(&groups, "groups demo");
        let sum: u64 = groups["groups"].as_array().unwrap().iter().map(|g| g["count"].as_u64().unwrap()).sum();
        expected(&groups["groups"][0], "keys labels count");
        assert_eq!(sum, count, "{by}");
    }
    let sums = office("/api/groups/places?by=child&sum=households_registered&level=village");
    expected(&sums["groups"][0], "keys labels count sum");
    let children = office(&format!("/api/groups/problems?by=child&place={}", place(At::County).id));
    assert!(children["groups"].as_array().unwrap().iter().any(|g| g["labels"][0] == place(At::Township).name.as_str()));
}

#[test]
fn history_is_in_order_and_says_what_changed() {
    let (id, _) = SEED.receipts.first().unwrap();
    let history = office(&format!("/api/history/problems/{id}"));
    expected(&history, "facts demo");
    let facts = history["facts"].as_array().unwrap();
    let keys = "chain seq kind subject actor actor_name effective_ms recorded_ms body hash prev command place";
    for fact in facts {
        expected(fact, &format!("{keys} changed"));
    }
    assert_eq!(facts[0]["kind"], "problem.reported@1");
    assert!(facts.windows(2).all(|w| w[0]["seq"].as_u64() < w[1]["seq"].as_u64()));
    assert!(facts[0]["changed"].as_array().unwrap().iter().any(|c| c["field"] == "text" && c["before"].is_null()));
    assert!(!history.to_string().contains("receipt"), "a receipt's digest is nobody's business");

    for (view, filter) in
        [("problems", "field=waste"), ("places", "level=village"), ("counts", "what=households_registered"), ("topics", "")]
    {
        let mut seen = std::collections::BTreeSet::new();
        let mut before = String::new();
        let mut last = i64::MAX;
        for _ in 0..6 {
            let page = office(&format!("/api/history/{view}?{filter}&limit=40{before}"));
            expected(&page, "facts next demo");
            for fact in page["facts"].as_array().unwrap() {
                expected(fact, keys);
                let at = (fact["chain"].to_string(), fact["seq"].as_u64().unwrap());
                assert!(seen.insert(at.clone()), "{view}: {at:?} twice");
                assert!(fact["recorded_ms"].as_i64().unwrap() <= last);
                last = fact["recorded_ms"].as_i64().unwrap();
            }
            match page["next"].as_str() {
                Some(next) => before = format!("&before={next}"),
                None => break,
            }
        }
        assert!(!seen.is_empty(), "{view}");
    }
}

#[test]
fn log_and_chains() {
    let facts = office("/api/facts?limit=5");
    expected(&facts, "facts next demo");
    let next = facts["next"].as_str().unwrap();
    let more = office(&format!("/api/facts?limit=5&after={next}"));
    assert_ne!(facts["facts"], more["facts"]);
    let chains = office("/api/chains");
    expected(&chains, "chains demo");
    expected(&chains["chains"][0], "chain suite size head recorded_ms checkpoints");
    assert_eq!(chains["chains"].as_array().unwrap().len(), 1, "the own chain alone");
}

#[test]
fn indicators_lead_to_their_rows() {
    let catalogue = office("/api/indicators");
    for indicator in catalogue.as_array().unwrap() {
        for key in ["name", "unit", "better", "levels"] {
            assert!(!indicator[key].is_null(), "{indicator}");
        }
        let name = indicator["name"].as_str().unwrap();
        for level in ["village", "township", "county", "child"] {
            let answer = office(&format!("/api/indicators/{name}?level={level}"));
            expected(&answer, "name unit level values demo");
            for value in answer["values"].as_array().unwrap() {
                expected(value, "place value numerator denominator missing from");
                assert_eq!(value["value"].is_null(), !value["missing"].is_null(), "{value}");
            }
            let Some(value) = answer["values"].as_array().unwrap().iter().find(|v| v["numerator"].as_u64() > Some(0)) else {
                continue;
            };
            let behind = office(&format!("{}&count=1&limit=1", value["from"].as_str().unwrap()));
            if indicator["unit"] == "count" && value["from"].as_str().unwrap().contains("/problems?") {
                assert_eq!(behind["count"], value["value"], "{name}: {value}");
            }
        }
    }
}

#[test]
fn dossier_today_duplicates_and_candidates() {
    for at in [At::County, At::Township, At::Village] {
        let dossier = office(&format!("/api/places/{}/dossier", place(at).id));
        expected(&dossier, "place ancestors children children_more children_level sections demo");
        expected(&dossier["place"], "key row place may");
        for section in dossier["sections"].as_array().unwrap() {
            expected(section, "room view columns rows more");
        }
    }
    let today = office("/api/today");
    expected(&today, "lists others as_of_ms display demo");
    for list in today["lists"].as_array().unwrap() {
        expected(list, "name view query count count_capped rows");
        let behind = office(&format!("{}&count=1&limit=1", list["query"].as_str().unwrap()));
        assert_eq!(behind["count"], list["count"], "{list}");
    }
    let village = place(At::Village);
    let at = village.position.unwrap();
    let near = office(&format!("/api/places/{}/duplicates?field=lighting&lon_e7={}&lat_e7={}", village.id, at.lon_e7, at.lat_e7));
    expected(&near, "candidates demo");
    let near = office(&format!("/api/places/{}/duplicates?field=lighting", village.id));
    expected(&near["candidates"][0], "key distance_m row");
    let topics = office("/api/topics/candidates");
    expected(&topics, "candidates villages_min days demo");
    if let Some(one) = topics["candidates"].as_array().unwrap().first() {
        expected(one, "field villages count problems place query since");
    }
}

#[test]
fn map_and_tiles() {
    let map = office("/api/map");
    expected(&map, "bounds layers minzoom maxzoom outlines demo");
    assert_eq!(map["layers"], json!(["outlines", "villages", "base"]));
    let at = place(At::Village).position.unwrap();
    for layer in ["outlines", "villages", "base"] {
        let reply = SHARED
            .get(&format!("/api/tiles/{layer}/9/{}/{}.mvt", tile_x(at.lon_e7, 9), tile_y(at.lat_e7, 9)))
            .by("office")
            .send();
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "application/vnd.mapbox-vector-tile"), "{layer}");
    }
    for odd in [
        "villages/9/0/0.mvt",
        "outlines/0/0/0.mvt",
        "villages/9/4294967295/4294967295.mvt",
        "outlines/20/4294967295/0.mvt",
        "base/20/1048575/1048575.mvt",
    ] {
        let reply = SHARED.get(&format!("/api/tiles/{odd}")).by("office").send();
        assert!([200, 204, 404].contains(&reply.status.as_u16()), "{odd}: {}", reply.text());
    }
    for missing in ["villages/21/0/0.mvt", "villages/9/x/0.mvt", "villages/9/0/0.png", "nothing/9/0/0.mvt", "villages/-1/0/0.mvt"]
    {
        SHARED.get(&format!("/api/tiles/{missing}")).by("office").send().refused(404, "not-found");
    }
}

#[test]
fn pages_assets_and_operations() {
    let village = place(At::Village);
    let pages = [
        "/".to_owned(),
        "/?q=%E6%9D%91".to_owned(),
        format!("/v/{}", village.code),
        format!("/v/{}", place(At::Township).code),
        format!("/v/{}/report", village.code),
        format!("/p/{}", problem(At::Village)),
        "/login".to_owned(),
    ];
    for page in pages {
        for language in ["zh-CN", "en"] {
            let reply = SHARED.get(&page).header("accept-language", language).send();
            assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, "text/html; charset=utf-8"), "{page}");
            assert_eq!(reply.header("content-language"), language);
            let text = reply.text();
            assert!(text.contains(&format!("lang=\"{language}\"")) && text.contains("qw-band"), "{page}: no mark of the demo");
            assert!(!text.contains("<script"), "{page}: works without scripts, and has none");
        }
    }
    let poster = SHARED.get(&format!("/v/{}/poster.svg", village.code)).send();
    assert_eq!((poster.status.as_u16(), poster.header("content-type")), (200, "image/svg+xml; charset=utf-8"));
    assert!(poster.text().contains(&village.name));
    let style = SHARED.get("/assets/tokens.css").send();
    assert_eq!(style.header("content-type"), "text/css; charset=utf-8");
    let again = SHARED.get("/assets/tokens.css").header("if-none-match", style.header("etag")).send();
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    assert_eq!(SHARED.get("/favicon.ico").send().header("content-type"), "image/svg+xml; charset=utf-8");
    assert!(SHARED.get("/robots.txt").send().text().contains("Disallow: /api/"));
    let health = SHARED.get("/healthz").send().json();
    expected(&health, "status database version");
    SHARED.get("/metrics").send().refused(404, "not-found");
    let metrics = SHARED.get("/metrics").from([127, 0, 0, 1]).send();
    assert!(metrics.text().contains("qianwan_requests_total") && metrics.text().contains("qianwan_facts "));
}

#[test]
fn commands_answer_with_their_facts() {
    let world = World::own();
    let reply = world.command(
        "village",
        json!({ "type": "problems.report", "place": place(At::Village).id, "field": "waste", "text": "垃圾没清" }),
    );
    assert_eq!(reply.status, 200, "{}", reply.text());
    expected(&reply.json(), "subject facts kinds repeated demo");
    expected(&reply.json()["facts"][0], "chain seq kind");
    let file = world.post("/api/files").by("village").parts(&[], &[("file", "a.png", &picture(8, 8, 1))]).send();
    expected(&file.json(), "hash type bytes taken_ms position demo");
}

#[test]
fn head_asks_like_get_without_a_body() {
    for path in ["/", "/healthz", "/assets/tokens.css", "/api/openapi.json"] {
        let (head, get) = (SHARED.ask(Method::HEAD, path).send(), SHARED.get(path).send());
        assert_eq!(
            (head.status, head.header("content-type"), head.body.len()),
            (get.status, get.header("content-type"), 0),
            "{path}"
        );
    }
    SHARED.ask(Method::HEAD, "/api/rows/problems").send();
}

/// The reference lists every route and holds together; a full validator is run by hand (see docs/http.md).
#[test]
fn the_reference_is_sound() {
    let document = SHARED.get("/api/openapi.json").send().json();
    assert_eq!(document, server::openapi_document());
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    assert!(routes().len() >= 45);
    for (path, methods) in document["paths"].as_object().unwrap() {
        let named: Vec<&str> = path.split('{').skip(1).map(|p| p.split('}').next().unwrap()).collect();
        for (method, operation) in methods.as_object().unwrap() {
            assert!(["get", "head", "post", "put", "patch", "delete"].contains(&method.as_str()));
            assert!(operation["summary"].is_string() && operation["responses"].is_object(), "{path}");
            let parameters = operation["parameters"].as_array().unwrap();
            let of = |place: &str| {
                parameters.iter().filter(|p| p["in"] == place).map(|p| p["name"].as_str().unwrap()).collect::<Vec<_>>()
            };
            assert_eq!(of("path"), named, "{path}");
            assert!(parameters.iter().all(|p| p["schema"].is_object() && p["required"].is_boolean()), "{path}");
            let mut distinct = of("query");
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), of("query").len(), "{path}: a parameter twice");
        }
    }
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(references.len() > 50);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let words: std::collections::BTreeSet<String> = command_types().into_iter().collect();
    let listed = include_str!("../../../../docs/http.md");
    for word in &words {
        assert!(listed.contains(&format!("`{word}`")), "{word} is not in docs/http.md");
    }
}

fn collect_references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if key == "$ref" => found.push(text.clone()),
                    other => collect_references(other, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|v| collect_references(v, found)),
        _ => {}
    }
}
