//! Keys of phones as ODK Central's clients see them: its *app users*.
//!
//! Whoever manages accounts at the project's place makes them with a session of his own; a program's token never does. A key is
//! said when it is made and at no other time, so lists hold no tokens. A phone is offered every form of its place and of the
//! places above it: *assigning* such a form is already so, and any other is refused.

use domain::{basics::Capability, places::Place};
use serde::Deserialize;
use serde_json::{Value, json};
use store::AccessKey;

use crate::{
    accounts::{make_phone_key, phone_keys},
    answer::{Answer, Problem},
    ask::Ask,
    central::{form_called, number, project_in, time, told},
    my_account::{expiry, label},
};

/// Days that a key made so works.
const DAYS: u32 = 365;

fn managed(ask: &Ask) -> Result<Place, Problem> {
    let place = project_in(ask)?;
    match ask.may(Capability::AccountsManage, &place)? {
        true => Ok(place),
        false => Err(Problem::forbidden()),
    }
}

fn phone(place: &Place, id: u64, name: &str, created_ms: i64, token: Option<String>, ended_ms: i64) -> Value {
    json!({ "projectId": place.org, "id": id, "type": "field_key", "displayName": name, "token": token, "createdAt": time(created_ms),
        "updatedAt": null, "deletedAt": (ended_ms > 0).then(|| time(ended_ms)) })
}

fn keys_of(ask: &Ask, place: &Place) -> Result<Vec<AccessKey>, Problem> {
    let mut keys = phone_keys(ask)?;
    keys.retain(|key| {
        let at = key.place.and_then(|id| ask.place(id).ok());
        key.ended_ms == 0 && at.is_some_and(|at| at.org == place.org && at.is_or_is_within(place.id))
    });
    Ok(keys)
}

/// `GET …/app-users`.
pub fn list(ask: &Ask) -> Result<Answer, Problem> {
    let place = managed(ask)?;
    let keys = keys_of(ask, &place)?;
    Ok(told(&keys.iter().map(|k| phone(&place, number(Some(k.id)), &k.label, k.created_ms, None, 0)).collect::<Vec<_>>()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct New {
    display_name: String,
}

/// `POST …/app-users {"displayName"}`.
pub fn create(ask: &Ask) -> Result<Answer, Problem> {
    let place = managed(ask)?;
    let given: New = serde_json::from_slice(&ask.body).map_err(|e| Problem::bad_command(e.to_string()))?;
    let name = label(&given.display_name)?;
    let (id, key) = make_phone_key(ask, &place, name, expiry(ask, DAYS)?)?;
    Ok(told(&phone(&place, number(Some(id)), name, ask.now_ms, Some(key), 0)))
}

/// `POST …/forms/{form}/assignments/{role}/{actor}`: whether the phone is offered the form; nothing is recorded.
pub fn assign(ask: &Ask) -> Result<Answer, Problem> {
    let place = managed(ask)?;
    let (_, form) = form_called(ask, &ask.path::<String>(1)?)?;
    let (role, actor): (String, u64) = (ask.path(2)?, ask.path(3)?);
    let key = keys_of(ask, &place)?.into_iter().find(|k| number(Some(k.id)) == actor).ok_or_else(Problem::not_found)?;
    let at = ask.place(key.place.ok_or_else(Problem::not_found)?)?;
    match matches!(role.as_str(), "2" | "app-user") && at.is_or_is_within(form.place) {
        true => Ok(told(&json!({ "success": true }))),
        false => Err(Problem::not_found()),
    }
}
