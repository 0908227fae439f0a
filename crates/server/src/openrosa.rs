//! OpenRosa, as surveying apps speak it: the list of forms, their files, and handing in. The key of the phone stands in the
//! address, as ODK Central has it: no password lies on the phone, and one phone can be shut out.
//!
//! Sources: the OpenRosa specifications "Form List", "Manifest", "Form Submission" and "Request", version 1.0, and what the
//! app ODK Collect was seen to require. A *project* is an organisation, by the number that names its chains: the first six
//! digits of the code under which its county was first registered.

use std::io::Write as _;

use axum::http::{HeaderName, StatusCode, header};
use domain::{
    basics::Text,
    places::Place,
    surveys::{Form, FormVersion},
};
use serde_json::json;

use crate::{
    answer::{Answer, Problem},
    ask::Ask,
    public::origin,
    surveys,
    wording::{Language, fill, text},
};

/// The most that a phone may send at a time, bytes; it splits what is more.
pub const CONTENT_MAX: usize = 100_000_000;
const VERSION: HeaderName = HeaderName::from_static("x-openrosa-version");
const ACCEPTED: HeaderName = HeaderName::from_static("x-openrosa-accept-content-length");

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

fn document(status: StatusCode, body: &str) -> Answer {
    let whole = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}");
    Answer::bytes("text/xml; charset=utf-8", whole.into_bytes()).status(status).with(VERSION, "1.0")
}

fn message(status: StatusCode, nature: &str, words: &str) -> Answer {
    let body = format!(
        "<OpenRosaResponse xmlns=\"http://openrosa.org/http/response\"><message nature=\"{nature}\">{}</message></OpenRosaResponse>",
        escaped(words)
    );
    document(status, &body)
}

/// A refusal, in the words that the app shows.
pub fn refusal(problem: &Problem, language: Language) -> Answer {
    let (title, detail) = problem.words(language);
    let words = fill(language, "openrosa.refusal", &[("title", title), ("detail", detail)]);
    // What the rules refuse is told with the word that the app's protocol has for it.
    let status = match problem.code.as_str() {
        "surveys/no-such-form" | "surveys/no-such-version" => StatusCode::NOT_FOUND,
        "surveys/not-a-submission" | "surveys/too-many-files" => StatusCode::BAD_REQUEST,
        _ => problem.status,
    };
    message(status, "error", &words)
}

/// The place of the phone, within the project that the address names.
fn place(ask: &Ask) -> Result<Place, Problem> {
    let own = ask.caller()?.posts.first().map(|p| p.place).ok_or_else(Problem::forbidden)?;
    let place = ask.place(own)?;
    let project: u32 = ask.path(1)?;
    (place.org == project).then_some(place).ok_or_else(Problem::not_found)
}

/// Where the phone's addresses begin.
fn base(ask: &Ask, place: &Place) -> Result<String, Problem> {
    let key: String = ask.path(0)?;
    Ok(format!("{}/v1/key/{key}/projects/{}", origin(ask)?, place.org))
}

fn version_base(base: &str, form: &Form, version: &FormVersion) -> String {
    let (form, version) = (surveys::path_part(form.form_id.as_str()), surveys::version_part(version.head.version.as_ref()));
    format!("{base}/forms/{form}/versions/{version}")
}

/// `GET …/formList`.
pub fn form_list(ask: &Ask) -> Result<Answer, Problem> {
    let place = place(ask)?;
    let base = base(ask, &place)?;
    let mut body = String::from("<xforms xmlns=\"http://openrosa.org/xforms/xformsList\">");
    for form in surveys::offered(ask, &place)? {
        let Some(version) = form.current() else { continue };
        // One form only, where one is asked for.
        if ask.param("formID").is_some_and(|id| id != form.form_id.as_str()) {
            continue;
        }
        let at = version_base(&base, &form, version);
        body.push_str(&format!(
            "<xform><formID>{}</formID><name>{}</name><version>{}</version><hash>md5:{}</hash><downloadUrl>{}.xml</downloadUrl>",
            escaped(form.form_id.as_str()),
            escaped(version.head.title.as_str()),
            escaped(version.head.version.as_ref().map_or("", Text::as_str)),
            version.head.md5,
            escaped(&at),
        ));
        if !version.head.files.is_empty() {
            body.push_str(&format!("<manifestUrl>{}/manifest</manifestUrl>", escaped(&at)));
        }
        body.push_str("</xform>");
    }
    body.push_str("</xforms>");
    Ok(document(StatusCode::OK, &body))
}

/// The form that a path names and its version; the one now offered where none is named.
fn form_in(ask: &Ask, form: &str, version: Option<&str>) -> Result<(Place, Form, FormVersion), Problem> {
    let place = place(ask)?;
    let found = surveys::offered(ask, &place)?.into_iter().find(|f| f.form_id.as_str() == form).ok_or_else(Problem::not_found)?;
    let version = match version {
        None => found.current().cloned(),
        // What was offered once stays to be had: a phone may be half-way through its list.
        Some(v) => found.version(surveys::version_in(v)?.as_ref()).filter(|v| v.published_ms.is_some()).cloned(),
    };
    let version = version.ok_or_else(Problem::not_found)?;
    Ok((place, found, version))
}

fn part(ask: &Ask, i: usize) -> Result<String, Problem> {
    ask.path(i)
}

fn without_xml(text: &str) -> Result<&str, Problem> {
    text.strip_suffix(".xml").ok_or_else(Problem::not_found)
}

fn told_xml(ask: &Ask, version: &FormVersion) -> Result<Answer, Problem> {
    Ok(surveys::xml(ask, &version.file, "text/xml; charset=utf-8")?.with(VERSION, "1.0"))
}

/// `GET …/forms/{form}.xml`.
pub fn form_xml(ask: &Ask) -> Result<Answer, Problem> {
    let (_, _, version) = form_in(ask, without_xml(&part(ask, 2)?)?, None)?;
    told_xml(ask, &version)
}

/// `GET …/forms/{form}/versions/{version}.xml`.
pub fn version_xml(ask: &Ask) -> Result<Answer, Problem> {
    let named = part(ask, 3)?;
    let (_, _, version) = form_in(ask, &part(ask, 2)?, Some(without_xml(&named)?))?;
    told_xml(ask, &version)
}

fn told_manifest(ask: &Ask, (place, form, version): &(Place, Form, FormVersion)) -> Result<Answer, Problem> {
    let at = version_base(&base(ask, place)?, form, version);
    let mut body = String::from("<manifest xmlns=\"http://openrosa.org/xforms/xformsManifest\">");
    for file in &version.head.files {
        let Some(md5) = file.md5.as_ref().filter(|_| file.file.is_some()) else { continue };
        body.push_str(&format!(
            "<mediaFile><filename>{}</filename><hash>md5:{md5}</hash><downloadUrl>{}/attachments/{}</downloadUrl></mediaFile>",
            escaped(file.name.as_str()),
            escaped(&at),
            escaped(&surveys::path_part(file.name.as_str())),
        ));
    }
    body.push_str("</manifest>");
    Ok(document(StatusCode::OK, &body))
}

/// `GET …/forms/{form}/manifest`.
pub fn manifest(ask: &Ask) -> Result<Answer, Problem> {
    told_manifest(ask, &form_in(ask, &part(ask, 2)?, None)?)
}

/// `GET …/forms/{form}/versions/{version}/manifest`.
pub fn version_manifest(ask: &Ask) -> Result<Answer, Problem> {
    told_manifest(ask, &form_in(ask, &part(ask, 2)?, Some(&part(ask, 3)?))?)
}

fn told_file(ask: &Ask, version: &FormVersion, name: &str) -> Result<Answer, Problem> {
    let found = version.head.files.iter().find(|f| f.name.as_str() == name).and_then(|f| f.file.as_ref());
    Ok(surveys::file(ask, found.ok_or_else(Problem::not_found)?)?.with(VERSION, "1.0"))
}

/// `GET …/forms/{form}/attachments/{name}`.
pub fn attachment(ask: &Ask) -> Result<Answer, Problem> {
    let (_, _, version) = form_in(ask, &part(ask, 2)?, None)?;
    told_file(ask, &version, &part(ask, 3)?)
}

/// `GET …/forms/{form}/versions/{version}/attachments/{name}`.
pub fn version_attachment(ask: &Ask) -> Result<Answer, Problem> {
    let (_, _, version) = form_in(ask, &part(ask, 2)?, Some(&part(ask, 3)?))?;
    told_file(ask, &version, &part(ask, 4)?)
}

/// `HEAD …/submission`.
pub fn before_submission(ask: &Ask) -> Result<Answer, Problem> {
    place(ask)?;
    let answer = Answer::empty(StatusCode::NO_CONTENT).with(VERSION, "1.0");
    Ok(answer.with(ACCEPTED, &CONTENT_MAX.to_string()))
}

/// `POST …/submission`.
pub fn submission(ask: &Ask) -> Result<Answer, Problem> {
    let place = place(ask)?;
    let handed_in = surveys::take(ask, &place, ask.param("deviceID"))?;
    let words = match handed_in.missing.len() {
        0 => text(ask.language, "openrosa.received"),
        n => fill(ask.language, "openrosa.received_partly", &[("n", n.to_string())]),
    };
    let answer = message(StatusCode::CREATED, "submit_success", &words);
    Ok(answer.with(ACCEPTED, &CONTENT_MAX.to_string()).with(header::LOCATION, &base(ask, &place)?))
}

/// Settings of ODK Collect for a phone, as it reads them from a QR code: JSON, deflated with zlib, in Base64.
pub fn collect_settings(ask: &Ask, place: &Place, key: &str) -> Result<String, Problem> {
    use base64::Engine as _;
    let language = if ask.language == Language::Chinese { "zh" } else { "en" };
    let settings = json!({
        "general": {
            "server_url": format!("{}/v1/key/{key}/projects/{}", origin(ask)?, place.org),
            "form_update_mode": "match_exactly",
            "autosend": "wifi_and_cellular",
            "app_language": language,
        },
        "admin": {},
        "project": { "name": format!("{} {}", ask.app.settings.installation, place.name), "icon": text(ask.language, "openrosa.icon"), "color": "#0a6b4b" },
    });
    let broken = |e: std::io::Error| Problem::accident(format!("zlib: {e}"));
    let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    deflated.write_all(settings.to_string().as_bytes()).map_err(broken)?;
    Ok(base64::engine::general_purpose::STANDARD.encode(deflated.finish().map_err(broken)?))
}
