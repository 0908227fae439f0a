//! Forms and submissions at the door: files are looked at and stored before anything is decided, and shown to whoever may
//! see what they belong to. What surveying apps ask is in `openrosa.rs`, which hands in through here as well.

use std::{borrow::Cow, io::Read as _};

use axum::http::{StatusCode, header};
use domain::{
    Command, Row, ViewId,
    basics::{AccountId, Actor, Capability, Context, FileHash, FormId, PlaceId, SubmissionId, Text},
    places::Place,
    surveys::{self, Attached, FileName, Form, FormHead, FormState, FormVersion, Submission, SubmissionHead, Word},
};
use serde::Serialize;
use serde_json::{Value, json};
use store::{Condition, List, NewFile, Outcome, Scope};
use utoipa::ToSchema;
use uuid::Uuid;
use xforms::{
    head::{self, HeadError},
    xlsform::{Finding, Kind, Severity},
};

use crate::{
    answer::{Answer, Problem},
    answers::PlaceBrief,
    ask::Ask,
    asked_once::{self, KnownAnswer},
    bodies::Parcel,
    command, files, keys, mapping,
    public::encoded,
    recompute::{self, DoubtTold},
    rows::{self, Briefs, marked},
};

/// Name of the part of a parcel that is the filled form.
pub const XML_PART: &str = "xml_submission_file";
/// Parts of one parcel at most; what is more comes in another that repeats the filled form.
const PARTS_MAX: usize = 400;
/// So much of a file is looked at to see what it is, bytes.
const LOOKED_AT: usize = 256 << 10;
/// Answers shown of one submission at most, and characters of one.
const SHOWN: (usize, usize) = (5000, 4000);
/// What a browser does not look into.
const BYTES: &str = "application/octet-stream";
/// How a version without a name stands in addresses, as ODK Central writes it.
const NO_VERSION: &str = "___";

/// A form after something was done to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct FormAnswer {
    /// The form.
    pub form: FormId,
    /// The version that it is about.
    pub version: FormVersion,
    /// Whether something was recorded; not where the same had come before.
    pub recorded: bool,
}

/// Forms offered at a place.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfferedAnswer {
    /// One each, by form id; where two places have one of the same id, the nearer place's.
    pub forms: Vec<Offered>,
}

/// A form that is offered.
#[derive(Debug, Serialize, ToSchema)]
pub struct Offered {
    /// The form.
    pub form: FormId,
    /// Whose it is.
    pub place: PlaceId,
    /// The version offered.
    pub version: FormVersion,
    /// Where its XML is.
    pub xml: String,
    /// What facts know of the village already, to be filled in beforehand.
    pub known: Vec<KnownAnswer>,
}

/// What became of what was handed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct HandedIn {
    /// The submission.
    pub submission: SubmissionId,
    /// Whether it, or a file of it, is new.
    pub recorded: bool,
    /// Files that it mentions and that have not come.
    pub missing: Vec<FileName>,
}

/// One answer as it stands in the XML.
#[derive(Debug, Serialize, ToSchema)]
pub struct RawAnswer {
    /// Where it stands.
    pub path: String,
    /// What the form calls it.
    #[schema(required)]
    pub label: Option<String>,
    /// What stands there.
    pub text: String,
}

/// A submission with its answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubmissionAnswer {
    /// What is recorded of it.
    pub submission: Submission,
    /// Where it was handed in.
    #[schema(required)]
    pub place: Option<PlaceBrief>,
    /// Whether its answers can be read; not where they are encrypted.
    pub readable: bool,
    /// Its answers in order, empty ones left out.
    pub answers: Vec<RawAnswer>,
    /// What does not fit when it is recomputed from its form, in words.
    pub doubts: Vec<DoubtTold>,
}

/// A form or filled form that cannot be read, told with what is wrong.
pub fn unreadable(error: HeadError) -> Problem {
    let bad = |code: &str| Problem::new(StatusCode::BAD_REQUEST, code);
    match error {
        HeadError::TooLarge { max } => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large").arg("max", format!("{} MB", max >> 20))
        }
        HeadError::NotUtf8 => bad("forms/not-utf8"),
        HeadError::Doctype => bad("forms/doctype"),
        HeadError::TooDeep { max } => bad("forms/too-deep").arg("max", max),
        HeadError::NotXml { at, .. } => bad("forms/not-xml").arg("at", at),
        HeadError::Missing { missing } => bad("forms/missing").arg("part", missing.word()),
        HeadError::Twice { part } => bad("forms/twice").arg("part", part.word()),
        HeadError::BadWord { part, found } => bad("forms/bad-word").arg("part", part.word()).arg("found", found),
        HeadError::TooManyFiles { max } => bad("forms/too-many-files").arg("max", max),
    }
}

/// The name of a file that came.
pub fn file_name(raw: &str) -> Result<FileName, Problem> {
    surveys::file_name(raw).map_err(unreadable)
}

/// The digest that phones compare.
fn md5_of(bytes: &[u8]) -> Result<surveys::Md5, Problem> {
    Text::new(&head::md5(bytes)).map_err(|e| Problem::accident(format!("MD5: {e}")))
}

/// What a form says of itself.
pub fn form_head(xml: &[u8]) -> Result<FormHead, Problem> {
    surveys::form_head(xml).map_err(unreadable)
}

/// What a filled form says of itself; `questions` are the paths of those answered with files.
pub fn submission_head(xml: &[u8], questions: &[String]) -> Result<SubmissionHead, Problem> {
    surveys::submission_head(xml, questions).map_err(unreadable)
}

/// So many findings of a workbook are told at once.
const FINDINGS_MAX: usize = 200;

/// The XForm in the body of an upload; a workbook (.xlsx, .xls, or .csv by its `name`) becomes one here. Refused with all that is
/// wrong in it; of an XForm that is its formulas, by path and line.
fn xform_of(ask: &Ask) -> Result<Cow<'_, [u8]>, Problem> {
    Ok(xform_called(ask, ask.param("name").unwrap_or_default())?.0)
}

/// The same of a body with this name, and what there is to look at in a workbook that was taken.
pub fn xform_called<'a>(ask: &'a Ask, name: &str) -> Result<(Cow<'a, [u8]>, Vec<Finding>), Problem> {
    // Workbooks are ZIP archives (.xlsx) or compound files (.xls).
    let kind = match &ask.body[..] {
        [b'P', b'K', 3, 4, ..] => Some(Kind::Xlsx),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => Some(Kind::Xls),
        _ => Kind::of(name).filter(|kind| *kind == Kind::Csv),
    };
    let Some(kind) = kind else {
        let findings = xforms::xlsform::formulas(&ask.body);
        let good = findings.iter().all(|f| f.severity != Severity::Error);
        return if good { Ok((Cow::Borrowed(&ask.body), findings)) } else { Err(not_converted(ask, &findings)) };
    };
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    xforms::xlsform::convert(&ask.body, kind, if stem.is_empty() { "form" } else { stem })
        .map(|made| (Cow::Owned(made.xform.into_bytes()), made.findings))
        .map_err(|findings| not_converted(ask, &findings))
}

/// What is wrong in a form, each with sheet, row and column, or with path and line.
fn not_converted(ask: &Ask, findings: &[Finding]) -> Problem {
    let errors: Vec<&Finding> = findings.iter().filter(|f| f.severity == Severity::Error).collect();
    let told: Vec<Value> = findings.iter().take(FINDINGS_MAX).map(|f| finding(ask, f)).collect();
    let first = errors.first().map(|f| finding(ask, f)).and_then(|f| f["message"].as_str().map(str::to_owned));
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "forms/not-converted")
        .arg("n", errors.len())
        .arg("first", first.unwrap_or_default())
        .arg("findings", told)
}

/// One of them, in words.
pub fn finding(ask: &Ask, f: &Finding) -> Value {
    let arguments: Vec<_> = f.word.arguments().into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    json!({
        "severity": if f.severity == Severity::Error { "error" } else { "warning" },
        "sheet": f.sheet,
        "row": f.row,
        "column": f.column.as_ref().map(|c| &c.letter),
        "header": f.column.as_ref().map(|c| &c.header),
        "reason": f.word.key(),
        "message": crate::wording::fill(ask.language, &format!("form.{}", f.word.key()), &arguments),
    })
}

/// The id that a client chose for what it does, so that doing it again is the same act.
fn command_id(ask: &Ask) -> Result<Uuid, Problem> {
    ask.param("id").map_or_else(|| Ok(Uuid::now_v7()), |_| ask.need("id"))
}

/// Gives a command of this room; whether something was recorded.
pub fn give(ask: &Ask, command: surveys::Command) -> Result<bool, Problem> {
    give_as(ask, command_id(ask)?, command)
}

/// The same under an id of its own, where one request is several commands.
pub fn give_as(ask: &Ask, id: Uuid, command: surveys::Command) -> Result<bool, Problem> {
    let command = Command::Surveys(command);
    let actor = keys::acting(ask, &command)?;
    let answer = command::give(ask, id, command.clone(), actor)?;
    let accepted = command::accepted(answer).map_err(|refused| {
        let field = command.field(&refused.code);
        refused.at(field)
    })?;
    Ok(!accepted.1.is_empty())
}

/// What the command would be answered, without anything being recorded or stored for it.
fn rehearse(ask: &Ask, command: &Command, actor: Actor) -> Result<(), Problem> {
    let context = Context { now_ms: ask.now_ms, actor, command: Uuid::now_v7(), fresh: Uuid::now_v7() };
    match ask.app.store.rehearse(command, &context)? {
        None => Ok(()),
        Some(Outcome::Refused { code, args, english }) => Err(Problem::refused(code, args, english)),
        Some(Outcome::Accepted { .. } | Outcome::Forbidden | Outcome::IdReused) => Err(Problem::forbidden()),
    }
}

fn form_row(ask: &Ask, id: FormId) -> Result<Form, Problem> {
    match rows::readable_row(ask, ViewId::Forms, &id.key())? {
        Row::Forms(form) => Ok(*form),
        _ => Err(Problem::not_found()),
    }
}

fn submission_row(ask: &Ask) -> Result<Submission, Problem> {
    let id: SubmissionId = ask.path(0)?;
    match rows::readable_row(ask, ViewId::Submissions, &id.key())? {
        Row::Submissions(submission) => Ok(*submission),
        _ => Err(Problem::not_found()),
    }
}

/// A version as it stands in an address.
pub fn version_in(text: &str) -> Result<Option<Word>, Problem> {
    match text {
        NO_VERSION => Ok(None),
        text => Text::new(text).map(Some).map_err(|_| Problem::not_found()),
    }
}

/// A version for an address.
pub fn version_part(version: Option<&Word>) -> String {
    path_part(version.map_or(NO_VERSION, Text::as_str))
}

/// A part of a path.
pub fn path_part(text: &str) -> String {
    encoded(text).replace('+', "%20")
}

/// `POST /api/forms?place=`: the body is the XForm.
pub fn upload(ask: &Ask) -> Result<Answer, Problem> {
    let place = PlaceId(ask.need("place")?);
    let at = ask.place(place).map_err(|_| Problem::forbidden())?;
    if !ask.may(Capability::SurveysManage, &at)? {
        return Err(Problem::forbidden());
    }
    let xml = xform_of(ask)?;
    let head = form_head(&xml)?;
    let new = NewFile { content: &xml, media_type: "text/xml", taken_ms: None, position: None };
    let file = ask.app.store.files().put(&new, ask.now_ms)?.hash;
    let (form, version) = (FormId::at(place, &head.form_id), head.version.clone());
    let recorded = give(ask, surveys::Command::Upload { place, file, head: Some(head) })?;
    form_answer(ask, form, version.as_ref(), recorded)
}

fn form_answer(ask: &Ask, form: FormId, version: Option<&Word>, recorded: bool) -> Result<Answer, Problem> {
    let row = form_row(ask, form)?;
    let version = row.version(version).cloned().ok_or_else(Problem::not_found)?;
    Ok(Answer::json(&marked(ask, FormAnswer { form, version, recorded })))
}

/// `POST /api/forms/{form}/versions/{version}/files/{name}`: the body is the file.
pub fn give_file(ask: &Ask) -> Result<Answer, Problem> {
    let (form, version): (FormId, _) = (ask.path(0)?, version_in(&ask.path::<String>(1)?)?);
    let name: FileName = Text::new(&ask.path::<String>(2)?).map_err(|_| Problem::not_found())?;
    let recorded = give_form_file(ask, form, version.clone(), name)?;
    form_answer(ask, form, version.as_ref(), recorded)
}

/// The body as a file of a version; whether something was recorded.
pub fn give_form_file(ask: &Ask, form: FormId, version: Option<Word>, name: FileName) -> Result<bool, Problem> {
    let md5 = Some(md5_of(&ask.body)?);
    let hash = FileHash::new(&hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&ask.body))).ok_or_else(Problem::not_found)?;
    let given = |file| surveys::Command::GiveAttachment { form, version: version.clone(), name, file, md5 };
    let command = given(hash);
    // Nothing is stored for whoever may not, or for what is not wanted.
    let whole = Command::Surveys(command.clone());
    rehearse(ask, &whole, keys::acting(ask, &whole)?).map_err(|p| {
        let field = whole.field(&p.code);
        p.at(field)
    })?;
    let new = NewFile { content: &ask.body, media_type: media_type(&ask.body), taken_ms: None, position: None };
    ask.app.store.files().put(&new, ask.now_ms)?;
    give(ask, command)
}

/// What a file looks like: pictures by their first bytes, all else is bytes.
pub fn media_type(beginning: &[u8]) -> &'static str {
    use image::ImageFormat;
    match image::guess_format(beginning) {
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)) => format.to_mime_type(),
        _ => "application/octet-stream",
    }
}

fn version_row(ask: &Ask) -> Result<FormVersion, Problem> {
    let form = form_row(ask, ask.path(0)?)?;
    form.version(version_in(&ask.path::<String>(1)?)?.as_ref()).cloned().ok_or_else(Problem::not_found)
}

/// `GET /api/forms/{form}/versions/{version}/xml`.
pub fn form_xml(ask: &Ask) -> Result<Answer, Problem> {
    xml(ask, &version_row(ask)?.file, BYTES)
}

/// `GET /api/forms/{form}/versions/{version}/files/{name}`.
pub fn form_file(ask: &Ask) -> Result<Answer, Problem> {
    let (version, name): (_, String) = (version_row(ask)?, ask.path(2)?);
    let found = version.head.files.iter().find(|f| f.name.as_str() == name).and_then(|f| f.file.as_ref());
    file(ask, found.ok_or_else(Problem::not_found)?)
}

/// XML as it came, to be saved and never shown: a form is a document of HTML that somebody else wrote.
pub fn xml(ask: &Ask, hash: &FileHash, media_type: &'static str) -> Result<Answer, Problem> {
    let answer = Answer::bytes(media_type, ask.app.store.files().read(hash)?);
    Ok(answer.with(header::CONTENT_DISPOSITION, "attachment"))
}

/// A file as it came: pictures as such, everything else to be saved and not shown.
pub fn file(ask: &Ask, hash: &FileHash) -> Result<Answer, Problem> {
    let info = ask.app.store.files().info(hash)?.ok_or_else(Problem::not_found)?;
    let answer = Answer::bytes(files::known_type(&info.media_type), ask.app.store.files().read(hash)?);
    Ok(match info.media_type.starts_with("image/") {
        true => answer,
        false => answer.with(header::CONTENT_DISPOSITION, "attachment"),
    })
}

/// Forms offered at a place: its own and those of the places above; of two with one id the nearer place's.
pub fn offered(ask: &Ask, place: &Place) -> Result<Vec<Form>, Problem> {
    let nearest_first: Vec<PlaceId> = [place.id].into_iter().chain(place.within.iter().rev().copied()).collect();
    let list = List {
        view: ViewId::Forms,
        scope: Scope::All,
        conditions: vec![
            Condition::OneOf("place".into(), nearest_first.iter().map(|id| (*id).into()).collect()),
            Condition::OneOf("state".into(), vec!["open".into()]),
        ],
        sort: Some(("form_id".into(), false)),
        after: None,
        limit: 10_000,
    };
    let distance = |form: &Form| nearest_first.iter().position(|id| *id == form.place);
    let mut forms: Vec<Form> = Vec::new();
    for row in ask.app.store.list(&list)?.rows {
        let form: Form = serde_json::from_str(&row.data)?;
        match forms.last_mut().filter(|last| last.form_id == form.form_id) {
            Some(last) if distance(&form) < distance(last) => *last = form,
            Some(_) => {}
            None => forms.push(form),
        }
    }
    Ok(forms)
}

/// A form as it is told to whoever may fill it at a place; none where no version is offered.
pub fn offer(ask: &Ask, form: &Form, place: &Place) -> Result<Option<Offered>, Problem> {
    let Some(version) = form.current().cloned() else { return Ok(None) };
    let xml = format!("/api/forms/{}/versions/{}/xml", form.id, version_part(version.head.version.as_ref()));
    let known = asked_once::known_answers(ask, &asked_once::looked_through(ask, form, &version)?, place)?;
    Ok(Some(Offered { form: form.id, place: form.place, version, xml, known }))
}

/// `GET /api/places/{id}/forms`.
pub fn offered_at(ask: &Ask) -> Result<Answer, Problem> {
    let place = ask.place(PlaceId(ask.path(0)?))?;
    if !ask.may(Capability::SurveysSubmit, &place)? {
        return Err(Problem::not_found());
    }
    let mut forms = Vec::new();
    for form in offered(ask, &place)? {
        forms.extend(offer(ask, &form, &place)?);
    }
    Ok(Answer::json(&marked(ask, OfferedAnswer { forms })))
}

/// `POST /api/submissions?place=`.
pub fn hand_in(ask: &Ask) -> Result<Answer, Problem> {
    let place = ask.place(PlaceId(ask.need("place")?)).map_err(|_| Problem::forbidden())?;
    if !ask.may(Capability::SurveysSubmit, &place)? {
        return Err(Problem::forbidden());
    }
    let handed_in = take(ask, &place, None)?;
    Ok(Answer::json(&marked(ask, handed_in)))
}

/// What stands in a parcel.
struct Contents {
    xml: Vec<u8>,
    names: Vec<FileName>,
}

type Bytes = bytes::Bytes;

fn parcel(ask: &Ask) -> Result<(&Parcel, String), Problem> {
    let unsupported = |_| Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media");
    let boundary = multer::parse_boundary(ask.header("content-type").unwrap_or_default()).map_err(unsupported)?;
    Ok((ask.parcel.as_ref().ok_or_else(|| Problem::accident("a route without a parcel"))?, boundary))
}

/// Goes through the parts of a parcel, piece by piece: `each` is told the name of a part and then its pieces.
fn unpack(ask: &Ask, mut each: impl FnMut(Part<'_>) -> Result<(), Problem>) -> Result<(), Problem> {
    let (parcel, boundary) = parcel(ask)?;
    let mut form = multer::Multipart::new(futures_util::stream::iter(parcel.pieces()?), boundary);
    let told = |e: multer::Error| Problem::new(StatusCode::BAD_REQUEST, "bad-upload").arg("why", e.to_string());
    // Everything is here already: nothing waits.
    tokio::runtime::Handle::current().block_on(async {
        let mut count = 0;
        while let Some(mut field) = form.next_field().await.map_err(told)? {
            count += 1;
            if count > PARTS_MAX {
                return Err(
                    Problem::new(StatusCode::BAD_REQUEST, "bad-upload").arg("why", format!("more than {PARTS_MAX} parts"))
                );
            }
            let name = field.name().unwrap_or_default().to_owned();
            each(Part::Begins { name: &name, is_file: field.file_name().is_some() })?;
            while let Some(piece) = field.chunk().await.map_err(told)? {
                each(Part::Piece(piece))?;
            }
            each(Part::Ends)?;
        }
        Ok(())
    })
}

/// A step through a parcel.
enum Part<'a> {
    /// A part begins.
    Begins {
        /// Its name; of a file, the name of the file.
        name: &'a str,
        /// Whether it is one.
        is_file: bool,
    },
    /// The next bytes of it.
    Piece(Bytes),
    /// It ends.
    Ends,
}

/// First time through: the filled form, and the names of what comes with it.
fn contents(ask: &Ask) -> Result<Contents, Problem> {
    let (mut xml, mut names, mut in_xml) = (None::<Vec<u8>>, Vec::new(), false);
    unpack(ask, |part| {
        match part {
            Part::Begins { name: XML_PART, .. } => {
                if xml.replace(Vec::new()).is_some() {
                    return Err(Problem::new(StatusCode::BAD_REQUEST, "bad-upload").arg("why", format!("two parts {XML_PART}")));
                }
                in_xml = true;
            }
            Part::Begins { name, is_file: true } => names.push(file_name(name)?),
            // Words beside it, such as *isIncomplete*: that more comes is seen by what is missing.
            Part::Begins { .. } => {}
            Part::Piece(piece) => {
                if let Some(xml) = xml.as_mut().filter(|_| in_xml) {
                    if xml.len() + piece.len() > head::SUBMISSION_MAX {
                        return Err(unreadable(HeadError::TooLarge { max: head::SUBMISSION_MAX }));
                    }
                    xml.extend_from_slice(&piece);
                }
            }
            Part::Ends => in_xml = false,
        }
        Ok(())
    })?;
    let missing = || Problem::new(StatusCode::BAD_REQUEST, "bad-upload").arg("why", format!("no part {XML_PART}"));
    Ok(Contents { xml: xml.ok_or_else(missing)?, names })
}

/// Second time through, when it is known to be wanted: the files, one after the other, to where they stay.
fn store_files(ask: &Ask) -> Result<Vec<Attached>, Problem> {
    let files = ask.app.store.files();
    let mut kept = Vec::new();
    let mut open: Option<(FileName, store::Incoming)> = None;
    unpack(ask, |part| {
        match part {
            Part::Begins { name: XML_PART, .. } | Part::Begins { is_file: false, .. } => open = None,
            Part::Begins { name, is_file: true } => open = Some((file_name(name)?, files.begin()?)),
            Part::Piece(piece) => {
                if let Some((_, incoming)) = &mut open {
                    incoming.write(&piece)?;
                }
            }
            Part::Ends => {
                if let Some((name, incoming)) = open.take() {
                    let mut beginning = Vec::new();
                    let told = |e: std::io::Error| Problem::accident(format!("incoming: {e}"));
                    incoming.reader()?.take(LOOKED_AT as u64).read_to_end(&mut beginning).map_err(told)?;
                    let media_type = media_type(&beginning);
                    let (taken_ms, position) = match media_type.starts_with("image/") {
                        true => files::camera_says(&beginning),
                        false => (None, None),
                    };
                    let about = NewFile { content: &[], media_type, taken_ms, position };
                    kept.push(Attached { name, file: files.keep(incoming, &about, ask.now_ms)?.hash });
                }
            }
        }
        Ok(())
    })?;
    Ok(kept)
}

/// Takes in what was handed in at a place. Looked at twice: once to see whether it is wanted, and then to keep it, so that
/// nothing is stored for what is refused, and no more than a piece of it is ever in memory.
pub fn take(ask: &Ask, place: &Place, device: Option<&str>) -> Result<HandedIn, Problem> {
    let Contents { xml, names } = contents(ask)?;
    take_in(ask, place, device, &xml, &names)
}

/// Takes in a filled form that comes without files; of the form that is named, and no other.
pub fn take_xml(ask: &Ask, place: &Place, device: Option<&str>, xml: &[u8], form: Option<&Form>) -> Result<HandedIn, Problem> {
    let head = submission_head(xml, &[])?;
    if form.is_some_and(|f| f.form_id != head.form_id) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "forms/other-form").arg("form", head.form_id.as_str()));
    }
    take_in(ask, place, device, xml, &[])
}

fn take_in(ask: &Ask, place: &Place, device: Option<&str>, xml: &[u8], names: &[FileName]) -> Result<HandedIn, Problem> {
    let mut head = submission_head(xml, &[])?;
    let (mut checked, mut about) = (None, None);
    if !head.encrypted {
        // Which answers are files, the form says.
        let keys: Vec<String> = surveys::offered(place, &head.form_id).map(FormId::key).collect();
        let found = ask.app.store.rows(ViewId::Forms, &keys)?;
        let version = |key: &String| {
            let (_, row) = found.iter().find(|(k, _)| k == key)?;
            let Row::Forms(form) = row else { return None };
            form.version(head.version.as_ref()).filter(|v| v.published_ms.is_some()).map(|v| (form, v))
        };
        if let Some((form, version)) = keys.iter().find_map(version) {
            let questions: Vec<String> = version.head.file_questions.iter().map(|q| q.as_str().to_owned()).collect();
            if !questions.is_empty() {
                head = submission_head(xml, &questions)?;
            }
            let looked = recompute::look(&ask.app, version, xml, ask.now_ms)?;
            about = mapping::about(&ask.app, form, &looked, place)?.map(|p| p.id);
            checked = Some(Box::new(looked.checked));
        }
    }
    let hash = FileHash::new(&hex::encode(<sha2::Sha256 as sha2::Digest>::digest(xml))).ok_or_else(Problem::not_found)?;
    let device = device.and_then(|d| Text::new(d).ok());
    let submit = |files| {
        let (file, head) = (hash.clone(), Some(head.clone()));
        surveys::Command::Submit { place: place.id, file, head, files, device, about, checked }
    };
    let none: Vec<Attached> = names.iter().map(|name| Attached { name: name.clone(), file: hash.clone() }).collect();
    let trial = Command::Surveys(submit.clone()(none));
    let actor = keys::acting(ask, &trial)?;
    rehearse(ask, &trial, actor)?;
    let new = NewFile { content: xml, media_type: "text/xml", taken_ms: None, position: None };
    let stored = ask.app.store.files().put(&new, ask.now_ms)?.hash;
    debug_assert!(stored == hash);
    let files = if names.is_empty() { Vec::new() } else { store_files(ask)? };
    let recorded = give(ask, submit(files))?;
    // Under whichever of the forms it went.
    let keys: Vec<String> = surveys::offered(place, &head.form_id).map(|f| SubmissionId::of(f, &head.instance).key()).collect();
    let found = ask.app.store.rows(ViewId::Submissions, &keys)?;
    let row = keys.iter().find_map(|key| match found.iter().find(|(k, _)| k == key) {
        Some((_, Row::Submissions(row))) if row.file == hash => Some(row.clone()),
        _ => None,
    });
    let row = row.ok_or_else(|| Problem::accident("a submission that was just recorded is not there"))?;
    mapping::submitted(&ask.app, row.id);
    let missing = row.missing().into_iter().cloned().collect();
    Ok(HandedIn { submission: row.id, recorded, missing })
}

/// `GET /api/submissions/{submission}`.
pub fn submission(ask: &Ask) -> Result<Answer, Problem> {
    let submission = submission_row(ask)?;
    let readable = !submission.head.encrypted;
    let content = if readable { ask.app.store.files().read(&submission.file)? } else { Vec::new() };
    let (count, text) = SHOWN;
    // What was taken in once is readable; a file that was damaged since shows nothing.
    let leaves = if readable { head::leaves(&content, count, text).unwrap_or_default() } else { Vec::new() };
    let version = match ask.app.store.row(ViewId::Forms, &submission.form.key())? {
        Some(Row::Forms(form)) if readable => form.version(submission.head.version.as_ref()).cloned(),
        _ => None,
    };
    let ready = version.as_ref().map(|v| recompute::ready(&ask.app, v)).transpose()?.flatten();
    let labels = ready.as_ref().map(|r| r.form().labels(r.form().language_of(ask.language.tag()))).unwrap_or_default();
    let label = |path: &str| labels.get(path).cloned();
    let answers = leaves.into_iter().map(|(path, text)| RawAnswer { label: label(&path), path, text }).collect();
    // What there was to doubt when it came, worked out again with the answers in it.
    let mut doubts = Vec::new();
    if let (Some(version), Some(true)) = (&version, submission.checked.as_ref().map(|c| c.doubts_count > 0)) {
        let findings = recompute::look(&ask.app, version, &content, submission.received_ms)?.evaluation.map(|e| e.findings);
        match findings {
            Some(findings) => doubts.extend(findings.iter().map(|f| recompute::told(ask.language, label(&f.field), f))),
            None => doubts.push(recompute::told_unlaid(ask.language)),
        }
    }
    let place = Briefs::load(ask, &[submission.place])?.get(submission.place);
    Ok(Answer::json(&marked(ask, json!(SubmissionAnswer { submission, place, readable, answers, doubts }))))
}

/// `GET /api/submissions/{submission}/xml`.
pub fn submission_xml(ask: &Ask) -> Result<Answer, Problem> {
    xml(ask, &submission_row(ask)?.file, BYTES)
}

/// `GET /api/submissions/{submission}/files/{name}`.
pub fn submission_file(ask: &Ask) -> Result<Answer, Problem> {
    let (row, name): (_, String) = (submission_row(ask)?, ask.path(1)?);
    let found = row.files.iter().find(|f| f.name.as_str() == name).ok_or_else(Problem::not_found)?;
    file(ask, &found.file)
}

/// What may be done to a form now.
pub fn may_form(actor: &Actor, place: &Place, form: &Form) -> Vec<&'static str> {
    if actor.post_for(Capability::SurveysManage, place).is_none() {
        return Vec::new();
    }
    let mut may = vec!["surveys.publish"];
    if form.versions.iter().any(|v| v.published_ms.is_none()) {
        may.push("surveys.drop_draft");
    }
    if matches!(form.state, FormState::Open { .. } | FormState::Closing { .. }) {
        may.push("surveys.close");
    }
    may
}

/// What may be done to a submission now.
pub fn may_submission(actor: &Actor, account: AccountId, place: &Place, submission: &Submission) -> Vec<&'static str> {
    let own = submission.account == Some(account);
    let replaced = matches!(submission.state, surveys::SubmissionState::Replaced { .. });
    let reviews = actor.post_for(Capability::SurveysReview, place).is_some();
    match (reviews && !replaced, own) {
        (false, _) => Vec::new(),
        (true, true) => vec!["surveys.comment"],
        (true, false) => vec!["surveys.review", "surveys.comment"],
    }
}
