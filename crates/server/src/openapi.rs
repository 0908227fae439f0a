//! The reference, made from the table of routes, the declared columns and the types of the commands.

use domain::{ViewId, basics::ColumnKind, places, problems, rules};
use serde_json::{Map, Value, json};
use utoipa::{PartialSchema, ToSchema};

use crate::{
    answer::{Answer, Problem},
    ask::Ask,
    routes::{Guard, Permit, table},
};

/// `GET /api/openapi.json`.
pub fn get(_ask: &Ask) -> Result<Answer, Problem> {
    Ok(Answer::json(&document()))
}

/// The whole document, OpenAPI 3.1.
pub fn document() -> Value {
    let mut paths = Map::new();
    for route in table() {
        let path = route.path.replace("{*", "{");
        let mut parameters: Vec<Value> = path
            .split('{')
            .skip(1)
            .filter_map(|p| p.split('}').next())
            .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
            .collect();
        if path.contains("/{view}") && route.method == axum::http::Method::GET && !path.contains("{key}") {
            for (name, about) in [
                ("place", "Only this place and below."),
                ("q", "Words."),
                ("sort", "Column, with - for downwards."),
                ("limit", "Rows, at most 200."),
                ("after", "Cursor of the page before."),
                ("overdue", "1: only what is overdue."),
                ("by", "For groups: columns or child."),
            ] {
                parameters.push(json!({ "name": name, "in": "query", "required": false, "description": about, "schema": { "type": "string" } }));
            }
        }
        let mut operation = json!({
            "summary": route.about,
            "parameters": parameters,
            "x-permit": permit(route.permit),
            "responses": {
                "200": { "description": "OK" },
                "default": { "description": "A problem", "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } } },
            },
        });
        if route.guard == Guard::Header
            && let Some(parameters) = operation["parameters"].as_array_mut()
        {
            parameters.push(json!({ "name": "X-Qianwan", "in": "header", "required": true, "schema": { "type": "string" } }));
        }
        if route.path == "/api/commands" {
            operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Incoming" } } } });
        }
        if route.path == "/api/session" && route.method == axum::http::Method::POST {
            operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": {
                "type": "object", "additionalProperties": false, "required": ["name", "password"],
                "properties": { "name": { "type": "string" }, "password": { "type": "string" } } } } } });
        }
        if !matches!(route.permit, Permit::Public) {
            operation["security"] = json!([{ "session": [] }]);
        }
        let entry = paths.entry(path).or_insert_with(|| Value::Object(Map::new()));
        entry[route.method.as_str().to_ascii_lowercase()] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Qianwan", "version": env!("CARGO_PKG_VERSION"), "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" } },
        "paths": paths,
        "components": {
            "securitySchemes": { "session": { "type": "apiKey", "in": "cookie", "name": "qw_session" } },
            "schemas": schemas(),
        },
    })
}

fn permit(permit: Permit) -> String {
    match permit {
        Permit::Public => "public".into(),
        Permit::SignedIn => "signed-in".into(),
        Permit::With(capability) => capability.word().into(),
        Permit::Loopback => "loopback".into(),
    }
}

fn schemas() -> Value {
    let mut found = Vec::new();
    let mut commands = Vec::new();
    macro_rules! collect {
        ($($type:ty),+) => {$(
            <$type as ToSchema>::schemas(&mut found);
            commands.push(<$type as PartialSchema>::schema());
        )+};
    }
    collect!(problems::Command, places::Command, rules::Command);
    let mut schemas: Map<String, Value> =
        found.into_iter().filter_map(|(name, schema)| Some((name, serde_json::to_value(schema).ok()?))).collect();
    let commands: Vec<Value> = commands.iter().filter_map(|c| serde_json::to_value(c).ok()).collect();
    schemas.insert("Command".into(), json!({ "oneOf": commands }));
    schemas.insert(
        "Incoming".into(),
        json!({
            "type": "object", "additionalProperties": false, "required": ["id", "command"],
            "properties": { "id": { "type": "string", "format": "uuid" }, "command": { "$ref": "#/components/schemas/Command" } },
        }),
    );
    schemas.insert(
        "Problem".into(),
        json!({
            "type": "object", "required": ["type", "title", "status"],
            "properties": {
                "type": { "type": "string" }, "title": { "type": "string" }, "detail": { "type": "string" }, "status": { "type": "integer" },
                "args": { "type": "object" }, "findings": { "type": "array", "items": {
                    "type": "object", "required": ["field", "reason", "message"],
                    "properties": { "field": { "type": "string" }, "reason": { "type": "string" }, "message": { "type": "string" } },
                } },
            },
        }),
    );
    for view in ViewId::ALL {
        let properties: Map<String, Value> = view
            .columns()
            .iter()
            .map(|c| {
                let kind = match c.kind {
                    ColumnKind::Int | ColumnKind::Ms | ColumnKind::Bool | ColumnKind::Place => "integer",
                    ColumnKind::Text | ColumnKind::Day => "string",
                };
                (c.name.to_owned(), json!({ "type": [kind, "null"] }))
            })
            .collect();
        schemas.insert(format!("row_{}", view.name()), json!({ "type": "object", "properties": properties }));
    }
    Value::Object(schemas)
}
