//! Photographs: looked at before they are believed, stored once, shown without their position to the public.

use std::{collections::VecDeque, io::Cursor, sync::Mutex};

use axum::http::header;
use domain::{
    ViewId,
    basics::{AccountId, Capability, FileHash, Position},
};
use exif::{In, Tag, Value as ExifValue};
use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use store::{FileInfo, NewFile, Scope};

use crate::{
    answer::{Answer, Problem},
    answers::FileAnswer,
    ask::Ask,
    rows::marked,
};

/// Largest photograph, bytes.
pub const PHOTO_MAX: usize = 16 << 20;
/// Longest side of a photograph that is accepted, pixels.
const SIDE_MAX: u32 = 20_000;
/// Most pixels of a photograph that is accepted. Drawn, that is a quarter of a gigabyte, one at a time.
const PIXELS_MAX: u64 = 64_000_000;
/// Longest side of what is shown in lists, pixels.
const THUMB_SIDE: u32 = 480;
/// Longest side of what the public sees, pixels.
const PUBLIC_SIDE: u32 = 1600;

/// Uploads whose uploader is remembered: he sees what he sent before it stands in any fact.
const UPLOADS_MAX: usize = 10_000;

/// Who uploaded what lately.
#[derive(Default)]
pub struct Uploads(Mutex<VecDeque<(AccountId, FileHash)>>);

impl Uploads {
    fn note(&self, account: AccountId, hash: &FileHash) {
        if let Ok(mut kept) = self.0.lock() {
            kept.truncate(UPLOADS_MAX - 1);
            kept.push_front((account, hash.clone()));
        }
    }

    fn knows(&self, account: AccountId, hash: &FileHash) -> bool {
        self.0.lock().is_ok_and(|kept| kept.iter().any(|(a, h)| *a == account && h == hash))
    }
}

/// One picture is drawn at a time: a phone's photo takes a hundred megabytes while it is.
static DRAWING: Mutex<()> = Mutex::new(());

/// A part of a multipart form.
pub struct Part {
    /// Field name.
    pub name: String,
    /// File name, if it is a file.
    pub file_name: Option<String>,
    /// Content.
    pub content: Vec<u8>,
}

/// The parts of a multipart form.
pub fn parts(ask: &Ask) -> Result<Vec<Part>, Problem> {
    parts_of(ask.header("content-type").unwrap_or_default(), ask.body.clone())
}

/// The parts of a body of this type.
pub fn parts_of(media_type: &str, body: bytes::Bytes) -> Result<Vec<Part>, Problem> {
    let boundary = multer::parse_boundary(media_type)
        .map_err(|_| Problem::new(axum::http::StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media"))?;
    let stream = http_body_util::BodyStream::new(http_body_util::Full::new(body));
    let stream = tower_stream(stream);
    let mut form = multer::Multipart::new(stream, boundary);
    let told = |e: multer::Error| Problem::bad_upload(e.to_string());
    // The whole body is in memory already: nothing here ever waits.
    futures_now(async {
        let mut parts = Vec::new();
        while let Some(field) = form.next_field().await.map_err(told)? {
            if parts.len() >= 64 {
                return Err(Problem::bad_upload("more than 64 parts"));
            }
            let name = field.name().unwrap_or_default().to_owned();
            let file_name = field.file_name().map(str::to_owned);
            let content = field.bytes().await.map_err(told)?.to_vec();
            parts.push(Part { name, file_name, content });
        }
        Ok(parts)
    })
}

type Frames = http_body_util::BodyStream<http_body_util::Full<bytes::Bytes>>;

fn tower_stream(stream: Frames) -> impl futures_core::Stream<Item = Result<bytes::Bytes, std::convert::Infallible>> + Send {
    use futures_util::StreamExt;
    stream.filter_map(|frame| async move { frame.map(|f| f.into_data().ok()).transpose() })
}

fn futures_now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Handle::current().block_on(future)
}

/// `POST /api/files`.
pub fn upload(ask: &Ask) -> Result<Answer, Problem> {
    let parts = parts(ask)?;
    let part = parts.iter().find(|p| p.name == "file").ok_or_else(|| Problem::bad_upload("no part named file"))?;
    let info = take_photo(ask, &part.content)?;
    ask.app.uploads.note(ask.caller()?.account.id, &info.hash);
    let FileInfo { hash, media_type, bytes, taken_ms, position } = info;
    Ok(Answer::json(&marked(ask, FileAnswer { hash, r#type: media_type, bytes, taken_ms, position })))
}

/// Looks at a photograph, reads what the camera says, and stores it.
pub fn take_photo(ask: &Ask, content: &[u8]) -> Result<FileInfo, Problem> {
    if content.len() > PHOTO_MAX {
        return Err(
            Problem::new(axum::http::StatusCode::PAYLOAD_TOO_LARGE, "too-large").arg("max", format!("{} MB", PHOTO_MAX >> 20))
        );
    }
    let format =
        image::guess_format(content).ok().filter(|f| matches!(f, ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP));
    let Some(format) = format else {
        return Err(Problem::new(axum::http::StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media"));
    };
    let size = reader(content, format).into_dimensions();
    match size {
        Ok((w, h)) if w.max(h) <= SIDE_MAX && u64::from(w) * u64::from(h) <= PIXELS_MAX => {}
        Ok((w, h)) => return Err(Problem::bad_upload(format!("{w} × {h}, > {} MP", PIXELS_MAX / 1_000_000))),
        Err(_) => return Err(broken()),
    }
    if (format == ImageFormat::Jpeg && !ends(content)) || draw(content, format).is_none() {
        return Err(broken());
    }
    let (taken_ms, position) = camera_says(content);
    let new = NewFile { content, media_type: format.to_mime_type(), taken_ms, position };
    Ok(ask.app.store.files().put(&new, ask.now_ms)?)
}

fn broken() -> Problem {
    Problem::new(axum::http::StatusCode::UNPROCESSABLE_ENTITY, "broken-photo")
}

/// Whether a JPEG comes to its end; decoders draw half a picture without a word. Phones append things after the end.
fn ends(content: &[u8]) -> bool {
    let last = |marker: u8| content.windows(2).rposition(|w| w == [0xFF, marker]);
    last(0xD9) > last(0xDA)
}

/// The picture, or nothing where it cannot be drawn.
fn draw(content: &[u8], format: ImageFormat) -> Option<DynamicImage> {
    let _one = DRAWING.lock();
    reader(content, format).decode().ok()
}

fn reader(content: &[u8], format: ImageFormat) -> ImageReader<Cursor<&[u8]>> {
    let mut reader = ImageReader::with_format(Cursor::new(content), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(512 << 20);
    reader.limits(limits);
    reader
}

/// Time and position out of EXIF; broken EXIF says nothing, and is no reason to refuse a photograph.
pub fn camera_says(content: &[u8]) -> (Option<i64>, Option<Position>) {
    let Ok(exif) = exif::Reader::new().read_from_container(&mut Cursor::new(content)) else { return (None, None) };
    let angle = |tag, reference, negative: u8| -> Option<f64> {
        let field = exif.get_field(tag, In::PRIMARY)?;
        let ExifValue::Rational(parts) = &field.value else { return None };
        let [d, m, s] = parts.get(..3)? else { return None };
        let degrees = d.to_f64() + m.to_f64() / 60.0 + s.to_f64() / 3600.0;
        let sign = match &exif.get_field(reference, In::PRIMARY)?.value {
            ExifValue::Ascii(words) if words.first()?.first()? == &negative => -1.0,
            _ => 1.0,
        };
        degrees.is_finite().then_some(sign * degrees)
    };
    let lon = angle(Tag::GPSLongitude, Tag::GPSLongitudeRef, b'W');
    let lat = angle(Tag::GPSLatitude, Tag::GPSLatitudeRef, b'S');
    let position = match (lon, lat) {
        (Some(lon), Some(lat)) if lon.abs() <= 180.0 && lat.abs() <= 85.0 => {
            Position::new((lon * 1e7).round() as i32, (lat * 1e7).round() as i32)
        }
        _ => None,
    };
    let taken = exif.get_field(Tag::DateTimeOriginal, In::PRIMARY).and_then(|f| match &f.value {
        ExifValue::Ascii(words) => exif::DateTime::from_ascii(words.first()?).ok(),
        _ => None,
    });
    let taken_ms = taken.and_then(|t| {
        // Cameras rarely say their zone; here it is Asia/Shanghai.
        let day: domain::basics::Day = format!("{:04}-{:02}-{:02}", t.year, t.month, t.day).parse().ok()?;
        let seconds = i64::from(t.hour) * 3600 + i64::from(t.minute) * 60 + i64::from(t.second);
        Some(day.start_ms() + seconds * 1000)
    });
    (taken_ms, position)
}

/// `GET /api/files/{hash}`.
pub fn get(ask: &Ask) -> Result<Answer, Problem> {
    let hash = hash(ask)?;
    let info = ask.app.store.files().info(&hash)?.ok_or_else(Problem::not_found)?;
    // Statements of what is handed over, forms and what is filled in have routes of their own, which look at whose they are.
    if !(info.media_type.starts_with("image/") || info.media_type == "application/geo+json") {
        return Err(Problem::not_found());
    }
    // Outlines are on every map; photographs are for those whose area they were taken in.
    if info.media_type.starts_with("image/") && !may_see(ask, &hash)? {
        return Err(Problem::not_found());
    }
    // Kept by whoever may see it, and by no proxy for others.
    let private = |answer: Answer| answer.with(header::CACHE_CONTROL, "private, max-age=31536000, immutable");
    if ask.param("size") == Some("thumb") && info.media_type.starts_with("image/") {
        return shown(ask, &hash, THUMB_SIDE).map(private);
    }
    let content = ask.app.store.files().read(&hash)?;
    Ok(private(Answer::bytes(known_type(&info.media_type), content)))
}

/// Whether the caller uploaded the photograph or may read a problem that it belongs to.
fn may_see(ask: &Ask, hash: &FileHash) -> Result<bool, Problem> {
    if ask.app.uploads.knows(ask.caller()?.account.id, hash) {
        return Ok(true);
    }
    let scope = ask.scope(Capability::Read)?;
    Ok(scope == Scope::All || ask.app.store.mentions(ViewId::Problems, "problem", &scope, hash.as_str())?)
}

/// Whether a photograph belongs to problems of others: attached to one's own it would show where it was taken.
pub fn belongs_to_others(ask: &Ask, hash: &FileHash) -> Result<bool, Problem> {
    let known = !ask.caller()?.posts.is_empty() && may_see(ask, hash)?;
    Ok(!known && ask.app.store.mentions(ViewId::Problems, "problem", &Scope::All, hash.as_str())?)
}

pub fn known_type(text: &str) -> &'static str {
    match text {
        "image/jpeg" => "image/jpeg",
        "image/png" => "image/png",
        "image/webp" => "image/webp",
        "application/geo+json" => "application/geo+json",
        _ => "application/octet-stream",
    }
}

/// The file that a path names.
pub fn hash(ask: &Ask) -> Result<FileHash, Problem> {
    ask.path.first().and_then(|h| FileHash::new(h)).ok_or_else(Problem::not_found)
}

/// A photograph drawn anew: turned upright, no larger than needed, without anything the camera said.
pub fn shown(ask: &Ask, hash: &FileHash, side: u32) -> Result<Answer, Problem> {
    let kept = ask.app.store.dir().join("shown").join(format!("{}-{side}", hash.as_str()));
    if let Ok(bytes) = std::fs::read(&kept) {
        return Ok(Answer::bytes("image/jpeg", bytes));
    }
    let content = ask.app.store.files().read(hash)?;
    let format = image::guess_format(&content).map_err(|_| Problem::not_found())?;
    let picture = draw(&content, format).ok_or_else(broken)?;
    let upright = turned(picture, &content);
    let smaller = if upright.width().max(upright.height()) > side { upright.thumbnail(side, side) } else { upright };
    let mut bytes = Vec::new();
    let encoder = image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 80);
    smaller.to_rgb8().write_with_encoder(encoder).map_err(|e| Problem::accident(format!("JPEG: {e}")))?;
    // Kept for the next time; where that fails it is only drawn again.
    if let Some(folder) = kept.parent() {
        let _ = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&kept, &bytes));
    }
    Ok(Answer::bytes("image/jpeg", bytes))
}

/// What the public sees of a photograph. It may be withheld later: nobody keeps it for long.
pub fn public(ask: &Ask, hash: &FileHash) -> Result<Answer, Problem> {
    Ok(shown(ask, hash, PUBLIC_SIDE)?.with(header::CACHE_CONTROL, "public, max-age=3600"))
}

fn turned(picture: DynamicImage, content: &[u8]) -> DynamicImage {
    let orientation = exif::Reader::new()
        .read_from_container(&mut Cursor::new(content))
        .ok()
        .and_then(|e| e.get_field(Tag::Orientation, In::PRIMARY).and_then(|f| f.value.get_uint(0)));
    match orientation {
        Some(2) => picture.fliph(),
        Some(3) => picture.rotate180(),
        Some(4) => picture.flipv(),
        Some(5) => picture.rotate90().fliph(),
        Some(6) => picture.rotate90(),
        Some(7) => picture.rotate270().fliph(),
        Some(8) => picture.rotate270(),
        _ => picture,
    }
}
