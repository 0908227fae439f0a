//! The brief of a visit: what stands on it, who may have it, and what is refused.

use serde_json::Value;

use crate::world::{At, World, place, problem};

/// The villages of a township that have not ceased to be.
fn villages(world: &World, at: At) -> Vec<Value> {
    let township = place(at);
    let list = format!("/api/rows/places?place={}&level=village&limit=200", township.id);
    let rows = world.get(&list).by("office").send().json()["rows"].as_array().unwrap().clone();
    rows.into_iter().filter(|v| !v["row"]["closed"].is_object()).collect()
}

#[test]
fn a_brief_names_every_village_and_leads_to_the_facts() {
    let world = World::own();
    let township = place(At::Township);
    let page = world.get(&format!("/brief?place={}", township.id)).by("office").send();
    assert_eq!(page.status, 200);
    let text = page.text();
    let villages = villages(&world, At::Township);
    assert!(!villages.is_empty());
    for village in &villages {
        let id = village["place"]["id"].as_i64().unwrap();
        assert!(text.contains(&format!("href=\"/console/places/{id}\"")), "{village}");
    }
    for part in ["路线", "对不上的", "要问的", "要看的"] {
        assert!(text.contains(part), "{part}");
    }
}

#[test]
fn an_open_problem_stands_on_the_brief_of_its_village() {
    let world = World::own();
    let village = place(At::Village);
    let text = world.get(&format!("/brief?place={}", village.id)).by("office").send().text();
    assert!(text.contains(&format!("/console/problems/{}", problem(At::Village))), "{text}");
    let since = world.get(&format!("/brief?place={}&since=2000-01-01", village.id)).by("office").send().text();
    assert!(since.contains("2000-01-01 走访以后"));
}

#[test]
fn the_way_is_told_as_gpx_and_geojson() {
    let world = World::own();
    let township = place(At::Township);
    let placed = villages(&world, At::Township).iter().filter(|v| !v["row"]["position"].is_null()).count();
    let gpx = world.get(&format!("/brief.gpx?place={}&per_day=60&days=1", township.id)).by("office").send();
    assert_eq!((gpx.status.as_u16(), gpx.header("content-type")), (200, "application/gpx+xml"));
    let text = gpx.text();
    assert_eq!(text.matches("<rtept").count(), placed + 2, "{text}");
    let tree = world.get(&format!("/brief.geojson?place={}&per_day=60&days=1", township.id)).by("office").send().json();
    assert_eq!(tree["features"].as_array().unwrap().len(), placed + 1);
}

#[test]
fn a_village_elsewhere_is_not_there() {
    let world = World::own();
    let foreign = place(At::ForeignVillage);
    for path in ["/brief", "/brief.gpx", "/brief.geojson"] {
        assert_eq!(world.get(&format!("{path}?place={}", foreign.id)).by("office").send().status, 404, "{path}");
        assert_eq!(world.get(&format!("{path}?place=999999999")).by("office").send().status, 404, "{path}");
        assert_eq!(world.get(&format!("{path}?place={}", foreign.id)).send().status, 401, "{path}");
    }
    // Nor as the place to set out from.
    let own = place(At::Village);
    assert_eq!(world.get(&format!("/brief?place={}&start={}", own.id, foreign.id)).by("office").send().status, 404);
}

#[test]
fn what_cannot_be_planned_is_refused_by_name() {
    let world = World::own();
    let own = place(At::Village).id;
    for (query, named) in [
        (String::new(), "place"),
        ("place=x".to_owned(), "place"),
        (format!("place={own}&days=0"), "days"),
        (format!("place={own}&days=61"), "days"),
        (format!("place={own}&per_day=many"), "per_day"),
        (format!("place={own}&since=yesterday"), "since"),
        (format!("place={own}&start=nowhere"), "start"),
    ] {
        let reply = world.get(&format!("/brief?{query}")).by("office").send();
        assert_eq!(reply.status, 422, "{query}");
        assert!(reply.text().contains(named), "{query}: {}", reply.text());
    }
}
