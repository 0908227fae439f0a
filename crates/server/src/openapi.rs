//! The reference, made from the table of routes, the declared columns and the types of commands and answers.

use std::sync::LazyLock;

use domain::{ViewId, access, basics::ColumnKind, campaigns, duties, persons, places, planning, problems, rules, surveys};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::{
    account_answers::*,
    answer::{Answer, Problem},
    answers::*,
    ask::Ask,
    routes::{Guard, Permit, table},
};

/// `GET /api/openapi.json`.
pub fn get(_ask: &Ask) -> Result<Answer, Problem> {
    /// The same for everybody, as long as the program runs.
    static TEXT: LazyLock<Vec<u8>> = LazyLock::new(|| document().to_string().into_bytes());
    Ok(Answer::bytes("application/json", TEXT.clone()))
}

/// Media type of a workbook.
const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The whole document, OpenAPI 3.1.
pub fn document() -> Value {
    let mut shapes = Map::new();
    let answers = answers(&mut shapes);
    commands(&mut shapes);
    let mut paths = Map::new();
    for route in table() {
        let path = route.path.replace("{*", "{");
        let mut parameters: Vec<Value> = path
            .split('{')
            .skip(1)
            .filter_map(|p| p.split('}').next())
            .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": part(name) }))
            .collect();
        for (name, of, about) in query(route.path) {
            let required = (route.path, *name) == ("/api/places/{id}/duplicates", "field");
            parameters.push(
                json!({ "name": name, "in": "query", "required": required, "description": about, "schema": { "type": of } }),
            );
        }
        let mut operation = json!({
            "summary": route.about,
            "parameters": parameters,
            "x-permit": permit(route.permit),
            "responses": responses(&format!("{} {}", route.method, route.path), &answers),
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
        if let Some(given) = body(&mut shapes, route.method.as_str(), route.path) {
            operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": given } } });
        }
        if route.path == "/api/files" {
            operation["requestBody"] = json!({ "required": true, "content": { "multipart/form-data": { "schema": {
                "type": "object", "required": ["file"],
                "properties": { "file": { "type": "string", "contentMediaType": "application/octet-stream" } } } } } });
        }
        if route.method == "POST" && route.path.starts_with("/api/accounts/invitations") {
            operation["requestBody"] = json!({ "required": true, "content": { WORKBOOK: {} } });
        }
        if !matches!(route.permit, Permit::Public | Permit::KeyInPath) {
            operation["security"] = match route.permit {
                Permit::Bearer => json!([{ "key": [] }]),
                Permit::Person | Permit::PersonWith(_) | Permit::PersonEither(..) => json!([{ "session": [] }]),
                _ => json!([{ "session": [] }, { "key": [] }]),
            };
        }
        let entry = paths.entry(path).or_insert_with(|| Value::Object(Map::new()));
        entry[route.method.as_str().to_ascii_lowercase()] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Qianwan", "version": env!("CARGO_PKG_VERSION"), "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" } },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "session": { "type": "apiKey", "in": "cookie", "name": "qw_session" },
                "key": { "type": "http", "scheme": "bearer" },
            },
            "schemas": shapes,
        },
    })
}

fn permit(permit: Permit) -> String {
    match permit {
        Permit::Public => "public".into(),
        Permit::SignedIn => "signed-in".into(),
        Permit::Person => "person".into(),
        Permit::With(capability) | Permit::PersonWith(capability) => capability.word().into(),
        Permit::Either(one, other) | Permit::PersonEither(one, other) => format!("{} or {}", one.word(), other.word()),
        Permit::KeyInPath => "key in path".into(),
        Permit::Bearer => "bearer".into(),
        Permit::Loopback => "loopback".into(),
    }
}

/// What is sent in to change accounts.
fn body(shapes: &mut Map<String, Value>, method: &str, path: &str) -> Option<Value> {
    Some(match (method, path) {
        ("POST", "/api/session/code") => add::<CodeGiven>(shapes, IN_ANSWERS),
        ("POST", "/api/account/password") => add::<NewPassword>(shapes, IN_ANSWERS),
        ("POST", "/api/account/tokens") => add::<NewToken>(shapes, IN_ANSWERS),
        ("POST", "/api/accounts") => add::<NewAccountGiven>(shapes, IN_ANSWERS),
        ("POST", "/api/accounts/{account}") => add::<Act>(shapes, IN_ANSWERS),
        ("POST", "/api/app-users") => add::<NewAppUser>(shapes, IN_ANSWERS),
        ("POST", "/api/persons/{id}/unmask" | "/api/persons/{id}/export") => add::<WhyUnmasked>(shapes, IN_ANSWERS),
        _ => return None,
    })
}

/// What a part of a path may be.
fn part(name: &str) -> Value {
    match name {
        "view" => json!({ "type": "string", "enum": ViewId::ALL.iter().map(|v| v.name()).collect::<Vec<_>>() }),
        "id" => json!({ "type": "integer", "format": "int64" }),
        "z" => json!({ "type": "integer", "minimum": 0, "maximum": 20 }),
        _ => json!({ "type": "string" }),
    }
}

type Parameter = (&'static str, &'static str, &'static str);

/// Query parameters of a route. Lists know their columns besides, see `/api/views`.
fn query(path: &str) -> &'static [Parameter] {
    const PLACE: Parameter = ("place", "integer", "Only this place and below.");
    const Q: Parameter = ("q", "string", "Words.");
    const SORT: Parameter = ("sort", "string", "Column, with - for downwards.");
    const LIMIT: Parameter = ("limit", "integer", "How many, at most 200.");
    const AFTER: Parameter = ("after", "string", "Cursor of the page before.");
    const BATCH: Parameter = ("batch", "string", "A UUID that the caller chose: the same batch invites nobody twice.");
    const OVERDUE: Parameter = ("overdue", "string", "1: only what is overdue.");
    const SHOW: Parameter = ("show", "string", "never, visited or overdue: only these villages.");
    match path {
        "/api/rows/{view}" => &[PLACE, Q, SORT, LIMIT, AFTER, OVERDUE, ("count", "string", "1: how many there are in all.")],
        "/api/groups/{view}" => &[
            PLACE,
            Q,
            OVERDUE,
            ("by", "string", "One or two columns, a level, or child."),
            ("sum", "string", "Column to add up."),
        ],
        "/api/history/{view}" => &[PLACE, Q, LIMIT, OVERDUE, ("before", "string", "Position of the page before.")],
        "/api/accounts" => &[Q, LIMIT, AFTER, ("state", "string", "open, invited, locked or closed.")],
        "/api/accounts/export/{file}" => &[Q, ("state", "string", "open, invited, locked or closed.")],
        "/api/export/{file}" => &[PLACE, Q, SORT, OVERDUE],
        "/api/facts" => &[LIMIT, AFTER],
        "/api/indicators/{name}" => &[PLACE, ("level", "string", "Level of the places, or child.")],
        "/api/places/{id}/duplicates" => {
            &[("field", "string", "Works field."), ("lon_e7", "integer", "Where."), ("lat_e7", "integer", "Where.")]
        }
        "/api/bearers" => &[
            ("post", "string", "A post as place/role/department; may be given several times."),
            ("day", "string", "YYYY-MM-DD; today where absent."),
        ],
        "/api/officials" => &[Q],
        "/api/topics/candidates" | "/api/map" => &[PLACE],
        "/api/tiles/{layer}/{z}/{x}/{y}" => &[("indicator", "string", "Indicator whose values the features carry.")],
        "/api/accounts/invitations" => &[BATCH, ("only_good", "string", "1: leave out rows with something wrong in them.")],
        "/api/accounts/invitations/check" => &[BATCH],
        "/brief" | "/brief.gpx" | "/brief.geojson" => &[
            ("place", "string", "A village, or a place whose villages are meant; may be given several times."),
            ("start", "string", "Place from which each day sets out."),
            ("days", "integer", "At most so many days."),
            ("per_day", "integer", "At most so many villages a day."),
            ("since", "string", "YYYY-MM-DD: the day of the visit, to see what changed since."),
        ],
        "/api/forms/{form}/{file}" => &[
            ("place", "string", "Only within this place."),
            ("received_on.from", "string", "YYYY-MM-DD; and .to. Other columns of submissions as well."),
            ("head", "string", "name, or label: the form's own questions, in the language of the answer."),
            ("table", "string", "CSV only: a repeat, such as Submissions.person."),
            ("media", "string", "ZIP only: 0 leaves out the files."),
        ],
        "/api/campaigns" => &[PLACE],
        "/api/campaigns/forecast" => &[
            ("place", "integer", "Whose campaign it would be."),
            ("form", "string", "The form."),
            ("from", "string", "YYYY-MM-DD: first day."),
            ("until", "string", "YYYY-MM-DD: last day."),
            ("at", "integer", "A place that it would go to; may be given several times, all below where absent."),
            ("minutes", "integer", "Minutes expected of a visit."),
        ],
        "/api/campaigns/{campaign}/coverage" | "/api/campaigns/{campaign}/coverage/{file}" => &[PLACE, SHOW, LIMIT, AFTER],
        "/api/coverage" | "/api/coverage/{file}" => &[
            PLACE,
            SHOW,
            LIMIT,
            AFTER,
            ("form", "string", "Of this form; of all where absent."),
            ("since", "string", "YYYY-MM-DD: only what came from this day on."),
        ],
        "/api/burden" | "/api/burden/{file}" => &[
            PLACE,
            LIMIT,
            AFTER,
            ("month", "string", "YYYY-MM; this month where absent."),
            ("show", "string", "over: only villages above the cap."),
        ],
        "/api/catalogue" | "/api/catalogue/{file}" => {
            &[("place", "integer", "As it holds at this place; at one's own where absent.")]
        }
        "/api/plans/{plan}" => &[PLACE, LIMIT, AFTER],
        "/api/needs" | "/api/needs/{file}" => &[
            PLACE,
            LIMIT,
            AFTER,
            ("work", "string", "Only this kind of work."),
            ("field", "string", "Only this works field."),
            ("state", "string", "wanting, met or unknown."),
            ("basis", "string", "seen, said or unknown."),
            ("class", "string", "Only villages of this class."),
        ],
        "/api/files/{hash}" => &[("size", "string", "thumb: a small picture.")],
        _ => &[],
    }
}

/// What a route answers with.
fn responses(route: &str, answers: &[(&str, Value)]) -> Value {
    let of = |media: &[&str]| media.iter().map(|m| ((*m).to_owned(), json!({}))).collect::<Map<_, _>>();
    let content = match route {
        "GET /api/export/{file}"
        | "GET /api/accounts/export/{file}"
        | "GET /api/campaigns/{campaign}/coverage/{file}"
        | "GET /api/coverage/{file}"
        | "GET /api/catalogue/{file}"
        | "GET /api/needs/{file}"
        | "GET /api/burden/{file}" => of(&["text/csv; charset=utf-8", WORKBOOK]),
        "GET /api/plans/{plan}/{file}" => of(&["text/csv; charset=utf-8", WORKBOOK, "application/vnd.qw-plan-1+json"]),
        "GET /api/accounts/invitations/template.xlsx" => of(&[WORKBOOK]),
        "GET /api/forms/{form}/{file}" => of(&["text/csv; charset=utf-8", WORKBOOK, "application/geo+json", "application/zip"]),
        "GET /api/tiles/{layer}/{z}/{x}/{y}" => of(&["application/vnd.mapbox-vector-tile"]),
        "GET /brief.gpx" => of(&["application/gpx+xml"]),
        "GET /brief.geojson" => of(&["application/geo+json"]),
        "GET /api/files/{hash}" => of(&["image/jpeg", "image/png", "image/webp", "application/geo+json"]),
        "GET /api/forms/{form}/versions/{version}/xml" | "GET /api/submissions/{submission}/xml" => {
            of(&["application/octet-stream"])
        }
        "GET /api/forms/{form}/versions/{version}/files/{name}" | "GET /api/submissions/{submission}/files/{name}" => {
            of(&["image/jpeg", "image/png", "image/webp", "application/octet-stream"])
        }
        r if r.contains("/v1/") && !r.contains("/v1/key/") => of(&["application/json"]),
        r if r.contains("/v1/key/") && !r.ends_with("/submission") => of(&["text/xml; charset=utf-8"]),
        _ => answers
            .iter()
            .filter(|(of, _)| *of == route)
            .map(|(_, shape)| ("application/json".to_owned(), json!({ "schema": shape })))
            .collect(),
    };
    let mut responses = json!({
        "default": { "description": "A problem", "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/ProblemDocument" } } } },
    });
    if route != "DELETE /api/session" {
        responses["200"] = json!({ "description": "OK" });
        if !content.is_empty() {
            responses["200"]["content"] = content.into();
        }
    }
    if matches!(route, "DELETE /api/session" | "GET /api/tiles/{layer}/{z}/{x}/{y}") {
        responses["204"] = json!({ "description": "Nothing" });
    }
    responses
}

/// Puts a type and all that it names among the shapes, under other names where two forms of one thing exist.
fn add<T: ToSchema>(shapes: &mut Map<String, Value>, other: (&str, &str)) -> Value {
    let mut found = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut found);
    for (name, schema) in found {
        let mut shape = json!(schema);
        rename(&mut shape, other);
        shapes.entry(name).or_insert(shape);
    }
    to(&T::name())
}

fn to(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Lets what leads to one shape lead to another.
fn rename(shape: &mut Value, (from, into): (&str, &str)) {
    match shape {
        Value::Object(object) => {
            if object.get("$ref").is_some_and(|r| *r == to(from)["$ref"]) {
                object.insert("$ref".into(), to(into)["$ref"].clone());
            }
            object.values_mut().for_each(|v| rename(v, (from, into)));
        }
        Value::Array(list) => list.iter_mut().for_each(|v| rename(v, (from, into))),
        _ => {}
    }
}

/// Posts carry the name of their place in answers, and in commands they do not.
const IN_ANSWERS: (&str, &str) = ("Post", "NamedPost");
/// A command names a photo by its hash alone.
const IN_COMMANDS: (&str, &str) = ("Photo", "PhotoGiven");

/// The JSON answers by route; their shapes go among the others.
fn answers(shapes: &mut Map<String, Value>) -> Vec<(&'static str, Value)> {
    let mut answers = Vec::new();
    macro_rules! of {
        ($($route:literal => $type:ty;)+) => {$(
            let shape = add::<$type>(shapes, IN_ANSWERS);
            // Anything but the session, which says so anyway, may carry the mark of a demonstration.
            if let Some(properties) = shapes.get_mut(&*<$type>::name()).and_then(|s| s["properties"].as_object_mut()) {
                properties.entry("demo").or_insert(json!({ "type": "boolean", "description": "Set where everything is made up." }));
            }
            answers.push(($route, shape));
        )+};
    }
    of! {
        "GET /api/session" => SessionAnswer;
        "POST /api/session" => SessionAnswer;
        "POST /api/session/code" => SessionAnswer;
        "GET /api/account" => MyAccount;
        "POST /api/account/password" => MyAccount;
        "DELETE /api/account/sessions" => Ended;
        "DELETE /api/account/sessions/{session}" => Ended;
        "DELETE /api/account/identities" => Ended;
        "POST /api/account/tokens" => KeyMade;
        "DELETE /api/account/tokens/{token}" => Ended;
        "GET /api/accounts" => AccountsAnswer;
        "POST /api/accounts" => AccountAnswer;
        "GET /api/accounts/{account}" => AccountAnswer;
        "POST /api/accounts/{account}" => AccountAnswer;
        "GET /api/accounts/invitations" => InvitationProgress;
        "POST /api/accounts/invitations" => InvitationsAnswer;
        "POST /api/accounts/invitations/check" => InvitationsAnswer;
        "GET /api/app-users" => AppUsersAnswer;
        "POST /api/app-users" => KeyMade;
        "DELETE /api/app-users/{key}" => Ended;
        "GET /key/{key}" => KeyAnswer;
        "POST /api/commands" => CommandAnswer;
        "GET /api/rows/{view}" => RowsAnswer;
        "GET /api/rows/{view}/{*key}" => RowAnswer;
        "GET /api/groups/{view}" => GroupsAnswer;
        "GET /api/history/{view}" => FactsAnswer;
        "GET /api/history/{view}/{*key}" => HistoryAnswer;
        "GET /api/facts" => FactsAnswer;
        "GET /api/chains" => ChainsAnswer;
        "GET /api/indicators/{name}" => IndicatorAnswer;
        "GET /api/places/{id}/dossier" => Dossier;
        "GET /api/places/{id}/duplicates" => DuplicatesAnswer;
        "GET /api/today" => TodayAnswer;
        "GET /api/bearers" => crate::duties::BearersAnswer;
        "GET /api/officials" => crate::duties::OfficialsAnswer;
        "POST /api/officials" => crate::duties::Official;
        "GET /api/officials/{person}" => crate::duties::OfficialAnswer;
        "GET /api/handovers/{hash}" => crate::duties::StatementDocument;
        "GET /api/topics/candidates" => TopicCandidatesAnswer;
        "GET /api/map" => MapInfo;
        "POST /api/files" => FileAnswer;
        "GET /api/persons/{id}" => PersonAnswer;
        "POST /api/persons/{id}/unmask" => PersonAnswer;
        "POST /api/persons/{id}/export" => PersonExport;
        "POST /api/forms" => crate::surveys::FormAnswer;
        "POST /api/forms/{form}/versions/{version}/files/{name}" => crate::surveys::FormAnswer;
        "GET /api/places/{id}/forms" => crate::surveys::OfferedAnswer;
        "POST /api/submissions" => crate::surveys::HandedIn;
        "GET /api/submissions/{submission}" => crate::surveys::SubmissionAnswer;
        "GET /api/forms/{form}/questions" => crate::mapping::QuestionsAnswer;
        "POST /api/forms/{form}/mapping/trial" => crate::mapping::TrialAnswer;
        "GET /api/campaigns" => crate::campaigns::CampaignsAnswer;
        "GET /api/campaigns/forecast" => crate::campaigns::ForecastAnswer;
        "GET /api/campaigns/{campaign}/coverage" => crate::campaigns::CoverageAnswer;
        "GET /api/coverage" => crate::campaigns::CoverageAnswer;
        "GET /api/catalogue" => crate::planning::CatalogueAnswer;
        "POST /api/briefs/{brief}/search" => crate::planning::search::SearchAnswer;
        "GET /api/searches/{search}" => crate::planning::search::SearchAnswer;
        "DELETE /api/searches/{search}" => crate::planning::search::SearchAnswer;
        "GET /api/plans/{plan}" => crate::planning::PlanAnswer;
        "GET /api/needs" => crate::planning::NeedsAnswer;
        "GET /api/burden" => crate::campaigns::BurdenAnswer;
        "GET /api/my/assignments" => crate::campaigns::MyAssignmentsAnswer;
    }
    for (route, one) in [
        ("GET /api/views", add::<ViewInfo>(shapes, IN_ANSWERS)),
        ("GET /api/indicators", add::<IndicatorInfo>(shapes, IN_ANSWERS)),
    ] {
        answers.push((route, json!({ "type": "array", "items": one })));
    }
    answers.push(("GET /healthz", add::<Health>(shapes, IN_ANSWERS)));
    answers.push(("GET /api/openapi.json", json!({ "type": "object" })));
    rows(shapes);
    answers
}

/// Rows of every view, with the declared columns that they do not name themselves.
fn rows(shapes: &mut Map<String, Value>) {
    let mut all = Vec::new();
    for view in ViewId::ALL {
        let (name, mut row) = match view {
            ViewId::Places => ("PlaceRow", row::<places::Place>(shapes)),
            ViewId::Counts => ("CountsRow", row::<places::Counts>(shapes)),
            ViewId::Rules => ("RuleRow", row::<rules::RuleRow>(shapes)),
            ViewId::Problems => ("ProblemRow", row::<problems::Problem>(shapes)),
            ViewId::Topics => ("TopicRow", row::<problems::Topic>(shapes)),
            ViewId::Persons => ("PersonRow", row::<persons::Person>(shapes)),
            ViewId::Posts => ("PostsRow", row::<duties::PostRow>(shapes)),
            ViewId::Holdings => ("HoldingRow", row::<duties::Held>(shapes)),
            ViewId::Tasks => ("TaskRow", row::<duties::Task>(shapes)),
            ViewId::Lapses => ("LapseRow", row::<duties::Lapse>(shapes)),
            ViewId::Forms => ("FormRow", row::<surveys::Form>(shapes)),
            ViewId::Submissions => ("SubmissionRow", row::<surveys::Submission>(shapes)),
            ViewId::Readings => ("ReadingRow", row::<surveys::Reading>(shapes)),
            ViewId::Campaigns => ("CampaignRow", row::<campaigns::Campaign>(shapes)),
            ViewId::Assignments => ("AssignmentRow", row::<campaigns::Assignment>(shapes)),
            ViewId::Briefs => ("BriefsRow", row::<planning::BriefRow>(shapes)),
            ViewId::Plans => ("PlansRow", row::<planning::PlanRow>(shapes)),
            ViewId::Wishes => ("WishesRow", row::<planning::Wishes>(shapes)),
            ViewId::Burden => ("BurdenRow", row::<campaigns::Burden>(shapes)),
            ViewId::Audit => ("AuditRow", row::<access::Entry>(shapes)),
        };
        for column in view.columns() {
            let own = row["properties"][column.name].take();
            let always = row["required"].as_array().is_some_and(|r| r.contains(&json!(column.name)));
            let kind = match column.kind {
                ColumnKind::Int | ColumnKind::Ms | ColumnKind::Bool | ColumnKind::Place => "integer",
                ColumnKind::Text | ColumnKind::Day => "string",
            };
            row["properties"][column.name] = match (own, column.kind) {
                (Value::Null, _) => json!({ "type": [kind, "null"] }),
                // Where the row leaves it out, the column stands in for it.
                (own, ColumnKind::Bool) if !always => json!({ "oneOf": [own, { "type": kind }] }),
                (own, _) => own,
            };
            if let Some(required) = row["required"].as_array_mut().filter(|_| !always) {
                required.push(column.name.into());
            }
        }
        shapes.insert(name.into(), row);
        all.push(to(name));
    }
    shapes.insert("Row".into(), json!({ "description": "A row of any view.", "anyOf": all }));
    shapes.insert(
        "NamedPost".into(),
        json!({
            "description": "A post with the name of its place.", "type": "object", "required": ["place", "role"],
            "properties": { "place": to("PlaceId"), "role": to("Role"), "department": to("Department"), "name": { "type": "string" } },
        }),
    );
}

/// The row as its type says; what it names goes among the shapes.
fn row<T: ToSchema>(shapes: &mut Map<String, Value>) -> Value {
    let known = shapes.contains_key(&*T::name());
    add::<T>(shapes, IN_ANSWERS);
    // Named by itself only where an answer does.
    if known { shapes[&*T::name()].clone() } else { shapes.remove(&*T::name()).unwrap_or_default() }
}

/// What comes in, and how it is refused.
fn commands(shapes: &mut Map<String, Value>) {
    let mut all = Vec::new();
    macro_rules! of {
        ($($type:ty),+) => {$(
            add::<$type>(shapes, IN_COMMANDS);
            all.extend(shapes.remove("Command").and_then(|c| c["oneOf"].as_array().cloned()).unwrap_or_default());
        )+};
    }
    of!(
        problems::Command,
        places::Command,
        duties::Command,
        persons::Command,
        surveys::Command,
        campaigns::Command,
        planning::Command
    );
    add::<duties::TaskCommand>(shapes, IN_COMMANDS);
    all.extend(shapes.remove("TaskCommand").and_then(|c| c["oneOf"].as_array().cloned()).unwrap_or_default());
    add::<rules::Command>(shapes, IN_COMMANDS);
    all.extend(shapes.remove("Command"));
    shapes.insert("Command".into(), json!({ "oneOf": all }));
    shapes.insert("PhotoGiven".into(), json!({ "oneOf": [to("FileHash"), to("Photo")] }));
    shapes.insert(
        "Incoming".into(),
        json!({
            "type": "object", "additionalProperties": false, "required": ["id", "command"],
            "properties": { "id": { "type": "string", "format": "uuid" }, "command": { "$ref": "#/components/schemas/Command" } },
        }),
    );
    let text = json!({ "type": "string" });
    let any = json!({ "type": "object", "additionalProperties": {} });
    shapes.insert(
        "Finding".into(),
        json!({
            "description": "The field of the command that is to blame.", "type": "object",
            "required": ["field", "reason", "message"],
            "properties": { "field": text, "reason": text, "message": text },
        }),
    );
    shapes.insert(
        "ProblemDocument".into(),
        json!({
            "description": "RFC 9457, as every refusal and accident comes.",
            "type": "object", "required": ["type", "title", "status"],
            "properties": {
                "type": text, "title": text, "detail": text, "status": { "type": "integer" },
                "args": any, "findings": { "type": "array", "items": to("Finding") }, "demo": { "type": "boolean" },
            },
        }),
    );
}
