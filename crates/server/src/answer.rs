//! Answers and problem documents (RFC 9457). One place for every way of saying no.

use std::{io, time::Duration};

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header},
};
use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value, json};
use store::{StoreError, Trouble};

use crate::wording::{Language, text_or};

/// Writes a body piece by piece, on a thread of its own. What goes wrong breaks the answer off, so that nobody takes it for whole.
pub type Pour = Box<dyn FnOnce(&mut dyn io::Write) -> io::Result<()> + Send>;

/// Pieces that wait for the client, each of so many bytes.
const PIECES: usize = 4;
const PIECE: usize = 64 << 10;
/// A client that takes nothing for so long has gone.
const PATIENCE: Duration = Duration::from_secs(60);

/// An answer on its way out.
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Body.
    pub body: Vec<u8>,
    /// What writes the body instead, where it may be larger than one wants in memory.
    pub pour: Option<Pour>,
}

impl Answer {
    /// Bytes of a media type.
    pub fn bytes(media_type: &'static str, body: Vec<u8>) -> Answer {
        Answer {
            status: StatusCode::OK,
            headers: vec![(header::CONTENT_TYPE, HeaderValue::from_static(media_type))],
            body,
            pour: None,
        }
    }

    /// A body that is written while it is sent.
    pub fn poured(media_type: &'static str, pour: Pour) -> Answer {
        Answer { pour: Some(pour), ..Answer::bytes(media_type, Vec::new()) }
    }

    /// A JSON object.
    pub fn json(value: &Value) -> Answer {
        Answer::bytes("application/json", value.to_string().into_bytes())
    }

    /// An HTML page.
    pub fn html(page: String) -> Answer {
        Answer::bytes("text/html; charset=utf-8", page.into_bytes())
    }

    /// Nothing.
    pub fn empty(status: StatusCode) -> Answer {
        Answer { status, headers: Vec::new(), body: Vec::new(), pour: None }
    }

    /// Go elsewhere, with GET.
    pub fn see_other(to: &str) -> Answer {
        Answer::empty(StatusCode::SEE_OTHER).with(header::LOCATION, to)
    }

    /// With another header; one that cannot be sent is left out.
    pub fn with(mut self, name: HeaderName, value: &str) -> Answer {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// With another status.
    pub fn status(self, status: StatusCode) -> Answer {
        Answer { status, ..self }
    }

    /// As the HTTP library wants it.
    pub fn into_response(self) -> Response<Body> {
        let body = match self.pour {
            None => Body::from(self.body),
            Some(pour) => running(pour),
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

/// A body that another thread writes.
fn running(pour: Pour) -> Body {
    let (to, from) = tokio::sync::mpsc::channel::<io::Result<Bytes>>(PIECES);
    tokio::task::spawn_blocking(move || {
        let mut outlet = Outlet { to, piece: BytesMut::new() };
        let poured = pour(&mut outlet).and_then(|()| io::Write::flush(&mut outlet));
        if let Err(e) = poured {
            tracing::warn!(error = %e, "an answer was broken off");
            let _ = outlet.send(Err(e));
        }
    });
    let pieces = futures_util::stream::unfold(from, |mut from| async { from.recv().await.map(|piece| (piece, from)) });
    // What compresses asks once more behind the end.
    Body::from_stream(futures_util::StreamExt::fuse(pieces))
}

/// Hands over what is written, and waits for the client to take it.
struct Outlet {
    to: tokio::sync::mpsc::Sender<io::Result<Bytes>>,
    piece: BytesMut,
}

impl Outlet {
    fn send(&self, piece: io::Result<Bytes>) -> io::Result<()> {
        let sent = tokio::runtime::Handle::current().block_on(tokio::time::timeout(PATIENCE, self.to.send(piece)));
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl io::Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            let piece = self.piece.split().freeze();
            self.send(Ok(piece))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = self.piece.split().freeze();
        self.send(Ok(piece))
    }
}

/// A way of saying no.
#[derive(Debug)]
pub struct Problem {
    /// Status.
    pub status: StatusCode,
    /// Stable word, the part after `/errors/`.
    pub code: String,
    /// Named values for the wording.
    pub args: Map<String, Value>,
    /// The one field of what was sent that is to blame, if it is one.
    pub field: Option<&'static str>,
    /// English words where the locale file has none.
    pub english: Box<str>,
    /// What happened inside, for the log alone.
    pub accident: Option<Box<str>>,
}

impl Problem {
    /// A problem with a word.
    pub fn new(status: StatusCode, code: &str) -> Problem {
        Problem {
            status,
            code: code.to_owned(),
            args: Map::new(),
            field: None,
            english: code.replace(['/', '-'], " ").into(),
            accident: None,
        }
    }

    /// With a value for the wording.
    pub fn arg(mut self, name: &str, value: impl Into<Value>) -> Problem {
        self.args.insert(name.to_owned(), value.into());
        self
    }

    /// With the field that is to blame.
    pub fn at(self, field: Option<&'static str>) -> Problem {
        Problem { field, ..self }
    }

    /// Nobody is signed in.
    pub fn not_signed_in() -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, "not-signed-in")
    }
    /// Not within what the caller may do, or there is no such thing.
    pub fn forbidden() -> Problem {
        Problem::new(StatusCode::FORBIDDEN, "forbidden")
    }
    /// There is no such thing, or it is not for the caller to know.
    pub fn not_found() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not-found")
    }
    /// A query that cannot be understood.
    pub fn bad_query(why: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-query").arg("why", why.into())
    }
    /// A command that cannot be understood.
    pub fn bad_command(why: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-command").arg("why", why.into())
    }
    /// An upload that cannot be used.
    pub fn bad_upload(why: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-upload").arg("why", why.into())
    }
    /// Too much of something.
    pub fn too_many(seconds: i64) -> Problem {
        Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many").arg("seconds", seconds)
    }
    /// Something broke inside.
    pub fn accident(what: impl Into<String>) -> Problem {
        Problem { accident: Some(what.into().into()), ..Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "accident") }
    }

    /// As an answer that carries more than the refusal, a cookie for one.
    pub fn into_answer(self, ask: &crate::ask::Ask) -> Answer {
        let document = self.document(ask.language, ask.app.settings.demo).to_string().into_bytes();
        Answer::bytes("application/problem+json", document).status(self.status)
    }

    /// A refusal of the programme's own rules.
    pub fn refused(code: String, args: Map<String, Value>, english: String) -> Problem {
        Problem { code, args, english: english.into(), ..Problem::new(StatusCode::CONFLICT, "") }
    }

    /// Title and detail in a language.
    pub fn words(&self, language: Language) -> (String, String) {
        let title = text_or(language, &format!("error.{}.title", self.code), &self.args, &self.english);
        let detail = text_or(language, &format!("error.{}.detail", self.code), &self.args, "");
        (title, detail)
    }

    /// The document.
    pub fn document(&self, language: Language, demo: bool) -> Value {
        let (title, detail) = self.words(language);
        let mut document = json!({
            "type": format!("/errors/{}", self.code),
            "title": title,
            "detail": detail,
            "status": self.status.as_u16(),
        });
        if let Some(object) = document.as_object_mut() {
            if !self.args.is_empty() {
                object.insert("args".into(), Value::Object(self.args.clone()));
            }
            if let Some(field) = self.field {
                let reason = self.code.rsplit('/').next();
                object.insert("findings".into(), json!([{ "field": field, "reason": reason, "message": detail }]));
            }
            if demo {
                object.insert("demo".into(), true.into());
            }
        }
        document
    }
}

impl From<StoreError> for Problem {
    fn from(e: StoreError) -> Problem {
        match e {
            StoreError::Bad(why) => Problem::bad_query(why),
            StoreError::Key(why) => {
                tracing::error!(why, "particulars");
                Problem::new(StatusCode::SERVICE_UNAVAILABLE, "particulars/no-key")
            }
            other => {
                let accident = Problem::accident(other.to_string());
                // Nothing was recorded, and the same thing may work later: whoever sent it keeps it and sends it again.
                let code = match other.trouble() {
                    None => return accident,
                    Some(Trouble::Full) => "storage/full",
                    Some(Trouble::ReadOnly) => "storage/read-only",
                    Some(Trouble::Away) => "storage/away",
                };
                Problem { accident: accident.accident, ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, code) }
            }
        }
    }
}

impl From<serde_json::Error> for Problem {
    fn from(e: serde_json::Error) -> Problem {
        Problem::accident(format!("JSON: {e}"))
    }
}
