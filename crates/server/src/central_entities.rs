//! Entity lists as ODK Central's clients read them, and only read them.
//!
//! `places` are the places at and below the project's place that the caller may read. Every CSV file of a published form is a list
//! of its own, called by the form id and the file's name without its ending, with a dot between. An entity's id is made from the
//! list and from what names it there (the place; the column `name`, or else the first), so that it is the same at every reading.

use ::facts::Suite;
use axum::http::header;
use domain::{
    ViewId,
    basics::{Capability, FileHash},
    places::{Counted, Place},
    surveys::FileKind,
};
use serde_json::{Map, Value, json};
use store::{Cursor, List};
use uuid::{Builder, Uuid};

use crate::{
    answer::{Answer, Problem},
    ask::Ask,
    central::{forms_of, project_in, published, time, told},
    public::{encoded, origin},
};

/// Name of the list of places.
const PLACES: &str = "places";
/// Entities of one list at most; what is more is not read.
const ENTITIES_MAX: usize = 100_000;
/// Entities of one page at most.
const PAGE_MAX: usize = 1000;
/// Properties of a place.
const OF_PLACE: [&str; 7] = ["name", "code", "level", "class", "households", "longitude", "latitude"];

/// A list that the caller may read.
struct Entities {
    name: String,
    forms: Vec<Value>,
    created_ms: i64,
    file: Option<FileHash>,
}

struct Entity {
    id: Uuid,
    label: String,
    created_ms: i64,
    /// In the order of the list's properties.
    values: Vec<String>,
}

fn lists(ask: &Ask) -> Result<(Place, Vec<Entities>), Problem> {
    let place = project_in(ask)?;
    if !ask.may(Capability::Read, &place)? {
        return Err(Problem::forbidden());
    }
    let mut found = vec![Entities { name: PLACES.into(), forms: Vec::new(), created_ms: 0, file: None }];
    for form in forms_of(ask, &place)? {
        let Some(version) = published(&form) else { continue };
        for file in version.head.files.iter().filter(|f| f.kind == FileKind::Data) {
            let (Some(hash), Some(stem)) = (&file.file, file.name.as_str().strip_suffix(".csv")) else { continue };
            let forms = vec![json!({ "name": version.head.title, "xmlFormId": form.form_id })];
            let name = format!("{}.{stem}", form.form_id.as_str());
            found.push(Entities { name, forms, created_ms: version.uploaded_ms, file: Some(hash.clone()) });
        }
    }
    Ok((place, found))
}

fn called(ask: &Ask, name: &str) -> Result<(Place, Entities), Problem> {
    let (place, found) = lists(ask)?;
    Ok((place, found.into_iter().find(|l| l.name == name).ok_or_else(Problem::not_found)?))
}

fn id_of(list: &str, key: &str) -> Uuid {
    let hash = Suite::Sha256.hash(&[b"qianwan/entity/1\n", list.as_bytes(), b"\n", key.as_bytes()]).to_string();
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(hash.as_bytes().chunks(2)) {
        *byte = std::str::from_utf8(pair).ok().and_then(|p| u8::from_str_radix(p, 16).ok()).unwrap_or_default();
    }
    Builder::from_custom_bytes(bytes).into_uuid()
}

fn of_place(place: &Place) -> Entity {
    let count = |of| place.counts.get(&of).map(|c| c.value.to_string());
    let degrees = |e7: i32| format!("{:.7}", f64::from(e7) / 1e7);
    let values = vec![
        place.name.clone(),
        place.code.clone(),
        place.level.word().to_owned(),
        place.class.map(|c| c.word().to_owned()).unwrap_or_default(),
        count(Counted::HouseholdsRegistered).or_else(|| count(Counted::HouseholdsResident)).unwrap_or_default(),
        place.position.map(|p| degrees(p.lon_e7)).unwrap_or_default(),
        place.position.map(|p| degrees(p.lat_e7)).unwrap_or_default(),
    ];
    Entity { id: id_of(PLACES, &place.id.key()), label: place.name.clone(), created_ms: 0, values }
}

fn places(ask: &Ask, place: &Place) -> Result<Vec<Entity>, Problem> {
    let (mut found, mut after): (_, Option<Cursor>) = (Vec::new(), None);
    loop {
        let list = List {
            view: ViewId::Places,
            scope: ask.narrowed(place),
            conditions: Vec::new(),
            sort: Some(("code".into(), false)),
            after,
            limit: PAGE_MAX,
        };
        let page = ask.app.store.list(&list)?;
        for row in &page.rows {
            let row: Place = serde_json::from_str(&row.data)?;
            if row.closed.is_none() && row.org == place.org {
                found.push(of_place(&row));
            }
        }
        after = page.next;
        if after.is_none() || found.len() >= ENTITIES_MAX {
            found.truncate(ENTITIES_MAX);
            return Ok(found);
        }
    }
}

/// Properties and entities of a list.
fn read(ask: &Ask, place: &Place, list: &Entities) -> Result<(Vec<String>, Vec<Entity>), Problem> {
    let Some(file) = &list.file else {
        return Ok((OF_PLACE.map(str::to_owned).to_vec(), places(ask, place)?));
    };
    let content = ask.app.store.files().read(file)?;
    let content = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&content);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(content);
    // What is no table has no entities.
    let Ok(head) = reader.byte_headers().cloned() else { return Ok((Vec::new(), Vec::new())) };
    let head: Vec<String> = head.iter().map(|h| String::from_utf8_lossy(h).trim().to_owned()).collect();
    let (label, name) = (head.iter().position(|h| h == "label"), head.iter().position(|h| h == "name"));
    let kept: Vec<usize> = (0..head.len()).filter(|n| Some(*n) != label && head[*n] != "__id" && !head[*n].is_empty()).collect();
    let mut entities: Vec<Entity> = Vec::new();
    let mut seen = std::collections::HashMap::new();
    for record in reader.byte_records().take(ENTITIES_MAX) {
        let Ok(record) = record else { break };
        let cell = |n: usize| record.get(n).map(String::from_utf8_lossy).unwrap_or_default().into_owned();
        let key = cell(name.unwrap_or_default());
        // The same name twice is two entities.
        let times = seen.entry(key.clone()).and_modify(|n| *n += 1).or_insert(0_usize);
        let id = id_of(&list.name, &if *times == 0 { key.clone() } else { format!("{key}\n{times}") });
        let values = kept.iter().map(|n| cell(*n)).collect();
        entities.push(Entity { id, label: label.map_or(key, cell), created_ms: list.created_ms, values });
    }
    Ok((kept.into_iter().map(|n| head[n].clone()).collect(), entities))
}

fn list_told(place: &Place, list: &Entities) -> Value {
    json!({ "name": list.name, "projectId": place.org, "createdAt": time(list.created_ms), "approvalRequired": false,
        "ownerOnly": false })
}

/// `GET …/datasets`.
pub fn datasets(ask: &Ask) -> Result<Answer, Problem> {
    let (place, found) = lists(ask)?;
    Ok(told(&found.iter().map(|list| list_told(&place, list)).collect::<Vec<_>>()))
}

/// `GET …/datasets/{dataset}`.
pub fn dataset(ask: &Ask) -> Result<Answer, Problem> {
    let (place, list) = called(ask, &ask.path::<String>(1)?)?;
    let (properties, _) = read(ask, &place, &list)?;
    let mut answer = list_told(&place, &list);
    let property =
        |name: &String| json!({ "name": name, "odataName": name, "publishedAt": time(list.created_ms), "forms": list.forms });
    answer["properties"] = properties.iter().map(property).collect();
    answer["linkedForms"] = json!(list.forms);
    answer["sourceForms"] = json!([]);
    Ok(told(&answer))
}

fn entity_told(entity: &Entity, properties: Option<&[String]>) -> Value {
    let created = time(entity.created_ms);
    let mut version = json!({ "label": entity.label, "current": true, "createdAt": created, "creatorId": 0, "userAgent": "",
        "version": 1, "baseVersion": null, "conflictingProperties": null });
    if let Some(properties) = properties {
        let data: Map<String, Value> = properties.iter().cloned().zip(entity.values.iter().map(|v| json!(v))).collect();
        version["data"] = data.into();
    }
    json!({ "uuid": entity.id, "creatorId": 0, "createdAt": created, "updatedAt": null, "deletedAt": null, "conflict": null,
        "currentVersion": version })
}

/// `GET …/datasets/{dataset}/entities`.
pub fn entities(ask: &Ask) -> Result<Answer, Problem> {
    let (place, list) = called(ask, &ask.path::<String>(1)?)?;
    let (_, found) = read(ask, &place, &list)?;
    Ok(told(&found.iter().map(|e| entity_told(e, None)).collect::<Vec<_>>()))
}

/// `GET …/datasets/{dataset}/entities/{entity}`: one with its values.
pub fn entity(ask: &Ask) -> Result<Answer, Problem> {
    let (place, list) = called(ask, &ask.path::<String>(1)?)?;
    let id: Uuid = ask.path(2)?;
    let (properties, found) = read(ask, &place, &list)?;
    let entity = found.iter().find(|e| e.id == id).ok_or_else(Problem::not_found)?;
    Ok(told(&entity_told(entity, Some(&properties))))
}

/// `GET …/datasets/{dataset}/entities.csv`.
pub fn entities_csv(ask: &Ask) -> Result<Answer, Problem> {
    let (place, list) = called(ask, &ask.path::<String>(1)?)?;
    let (properties, found) = read(ask, &place, &list)?;
    let wrong = |e: csv::Error| Problem::accident(format!("CSV: {e}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let around = ["__createdAt", "__creatorId", "__creatorName", "__updates", "__updatedAt", "__version"];
    let head = ["__id", "label"].into_iter().chain(properties.iter().map(String::as_str)).chain(around);
    writer.write_record(head).map_err(wrong)?;
    for e in &found {
        let (id, created) = (e.id.to_string(), time(e.created_ms));
        let tail = [created.as_str(), "0", "", "0", "", "1"];
        let row = [id.as_str(), e.label.as_str()].into_iter().chain(e.values.iter().map(String::as_str)).chain(tail);
        writer.write_record(row).map_err(wrong)?;
    }
    let bytes = writer.into_inner().map_err(|e| Problem::accident(format!("CSV: {e}")))?;
    let answer = Answer::bytes("text/csv; charset=utf-8", bytes).with(header::CACHE_CONTROL, "no-store");
    Ok(answer.with(header::CONTENT_DISPOSITION, "attachment"))
}

/// `GET …/datasets/{dataset}.svc/Entities`: `$top`, `$skip`, `$count`, `$select`.
pub fn table(ask: &Ask) -> Result<Answer, Problem> {
    let named: String = ask.path(1)?;
    let (place, list) = called(ask, named.strip_suffix(".svc").ok_or_else(Problem::not_found)?)?;
    if let Some(option) = ["$filter", "$orderby", "$expand", "$search"].into_iter().find(|o| ask.param(o).is_some()) {
        return Err(Problem::bad_query(option));
    }
    let whole = |name: &str| ask.param(name).map(|_| ask.need::<usize>(name)).transpose();
    let (skip, top) = (whole("$skip")?.unwrap_or(0), whole("$top")?.unwrap_or(PAGE_MAX));
    let (properties, found) = read(ask, &place, &list)?;
    let wanted: Option<Vec<&str>> = ask.param("$select").map(|s| s.split(',').map(str::trim).collect());
    let is_wanted = |name: &str| wanted.as_ref().is_none_or(|w| w.contains(&name));
    let one = |e: &Entity| {
        let mut row = Map::new();
        row.insert("__id".into(), json!(e.id));
        row.insert("label".into(), json!(e.label));
        row.insert(
            "__system".into(),
            json!({ "createdAt": time(e.created_ms), "creatorId": "0", "creatorName": "", "updates": 0, "updatedAt": null,
                "version": 1, "conflict": null }),
        );
        row.extend(properties.iter().cloned().zip(e.values.iter().map(|v| json!(v))));
        row.retain(|name, _| is_wanted(name) || (name == "__system" && is_wanted("__system/createdAt")));
        Value::Object(row)
    };
    let at = format!("{}/v1/projects/{}/datasets/{}.svc", origin(ask)?, place.org, encoded(&list.name));
    let taken = top.min(PAGE_MAX);
    let mut answer = json!({ "@odata.context": format!("{at}/$metadata#Entities") });
    if ask.param("$count").is_some_and(|c| c.eq_ignore_ascii_case("true")) {
        answer["@odata.count"] = json!(found.len());
    }
    let left = found.len().saturating_sub(skip.saturating_add(taken));
    if left > 0 && top > taken {
        answer["@odata.nextLink"] = json!(format!("{at}/Entities?%24skip={}&%24top={}", skip + taken, top - taken));
    }
    answer["value"] = found.iter().skip(skip).take(taken).map(one).collect();
    Ok(told(&answer))
}
