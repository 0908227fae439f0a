//! Files that are built into the binary: console, field app, styles.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, Mutex},
};

use axum::http::{StatusCode, header};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::{
    answer::{Answer, Problem},
    ask::Ask,
};

#[derive(RustEmbed)]
#[folder = "../../console/dist"]
#[allow_missing = true]
struct Console;

#[derive(RustEmbed)]
#[folder = "../../field/dist"]
#[allow_missing = true]
struct Field;

#[derive(RustEmbed)]
#[folder = "../../design"]
struct Design;

/// Built files, compressed once when first asked for.
#[derive(Default)]
pub struct Assets(Mutex<HashMap<String, Arc<Packed>>>);

struct Packed {
    etag: String,
    plain: Cow<'static, [u8]>,
    brotli: Option<Vec<u8>>,
}

impl Assets {
    fn get(&self, name: &str, load: impl FnOnce() -> Option<Cow<'static, [u8]>>) -> Option<Arc<Packed>> {
        if let Some(found) = self.0.lock().ok()?.get(name) {
            return Some(found.clone());
        }
        let plain = load()?;
        let worth_it = plain.len() > 600 && !name.ends_with(".png") && !name.ends_with(".woff2");
        let brotli = worth_it.then(|| {
            let mut out = Vec::new();
            // The defaults ask for tens of megabytes while they work, for one or two hundredths of the size.
            let params = brotli::enc::BrotliEncoderParams { quality: 7, lgwin: 18, size_hint: plain.len(), ..Default::default() };
            brotli::BrotliCompress(&mut plain.as_ref(), &mut out, &params).map(|_| out).ok()
        });
        let etag = format!("\"{}\"", &hex::encode(Sha256::digest(&plain))[..16]);
        let packed = Arc::new(Packed { etag, plain, brotli: brotli.flatten() });
        self.0.lock().ok()?.insert(name.to_owned(), packed.clone());
        Some(packed)
    }
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml; charset=utf-8",
        "png" => "image/png",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

fn send(ask: &Ask, name: &str, hashed: bool, load: impl FnOnce() -> Option<Cow<'static, [u8]>>) -> Result<Answer, Problem> {
    let packed = ask.app.assets.get(name, load).ok_or_else(Problem::not_found)?;
    let cache = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    if ask.header("if-none-match") == Some(packed.etag.as_str()) {
        return Ok(Answer::empty(StatusCode::NOT_MODIFIED).with(header::ETAG, &packed.etag).with(header::CACHE_CONTROL, cache));
    }
    let accepts = ask.header("accept-encoding").is_some_and(|e| e.split(',').any(|p| p.trim().starts_with("br")));
    let answer = match &packed.brotli {
        Some(brotli) if accepts => Answer::bytes(media_type(name), brotli.clone()).with(header::CONTENT_ENCODING, "br"),
        _ => Answer::bytes(media_type(name), packed.plain.to_vec()),
    };
    Ok(answer.with(header::ETAG, &packed.etag).with(header::CACHE_CONTROL, cache).with(header::VARY, "accept-encoding"))
}

/// A single-page app: its files, and its first page for every address within it.
fn app_file(ask: &Ask, app: &str, load: fn(&str) -> Option<Cow<'static, [u8]>>) -> Result<Answer, Problem> {
    let path = ask.path.first().map_or("", String::as_str);
    let is_file = path.rsplit('/').next().is_some_and(|last| last.contains('.'));
    let file = if is_file { path } else { "index.html" };
    if load("index.html").is_none() {
        return Err(Problem::new(StatusCode::NOT_FOUND, "not-built").arg("app", app));
    }
    send(ask, &format!("{app}/{file}"), file.starts_with("assets/"), || load(file))
}

/// `GET /console/{*file}`.
pub fn console(ask: &Ask) -> Result<Answer, Problem> {
    app_file(ask, "console", |f| Console::get(f).map(|f| f.data))
}

/// `GET /field/{*file}`.
pub fn field(ask: &Ask) -> Result<Answer, Problem> {
    app_file(ask, "field", |f| Field::get(f).map(|f| f.data))
}

/// `GET /console`.
pub fn to_console(_ask: &Ask) -> Result<Answer, Problem> {
    Ok(Answer::see_other("/console/"))
}

/// `GET /field`.
pub fn to_field(_ask: &Ask) -> Result<Answer, Problem> {
    Ok(Answer::see_other("/field/"))
}

/// `GET /assets/{file}`.
pub fn shared(ask: &Ask) -> Result<Answer, Problem> {
    let file: String = ask.path(0)?;
    send(ask, &format!("design/{file}"), false, || Design::get(&file).map(|f| f.data))
}

/// The mark of the programme: a village under a hill.
const ICON: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#1f5d46"/><path d="M3 24 12 9l6 9 3-4 8 10z" fill="#fff"/><path d="M9 24v-5h6v5z" fill="#1f5d46"/></svg>"##;

/// `GET /favicon.ico`.
pub fn icon(_ask: &Ask) -> Result<Answer, Problem> {
    Ok(Answer::bytes("image/svg+xml; charset=utf-8", ICON.as_bytes().to_vec())
        .with(header::CACHE_CONTROL, "public, max-age=86400"))
}

/// `GET /robots.txt`.
pub fn robots(_ask: &Ask) -> Result<Answer, Problem> {
    Ok(Answer::bytes(
        "text/plain; charset=utf-8",
        b"User-agent: *\nDisallow: /api/\nDisallow: /console/\nDisallow: /field/\nDisallow: /p/\n".to_vec(),
    ))
}
