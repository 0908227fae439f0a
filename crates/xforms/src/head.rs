//! The head of an XForm: whether a file is one at all, and which. Its questions are not looked at.

use quick_xml::{
    encoding::Decoder,
    events::{BytesStart, Event},
    name::{Namespace, ResolveResult},
    reader::NsReader,
};

/// XForms.
const XFORMS: &[u8] = b"http://www.w3.org/2002/xforms";
/// XHTML, which holds them.
const XHTML: &[u8] = b"http://www.w3.org/1999/xhtml";
/// Elements within elements that are read.
const DEPTH_MAX: usize = 200;

/// What the head of a form says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its title; empty, if it has none.
    pub title: String,
    /// Its id.
    pub id: String,
    /// Its version; empty, if it has none.
    pub version: String,
}

/// Why a file is no form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoForm {
    /// Not well-formed, or with what forms may not have: a document type, or elements too deep in one another.
    #[error("not well-formed at byte {at}")]
    NotWellFormed {
        /// Byte of the file, from 0.
        at: u64,
    },
    /// Something that every form has is missing.
    #[error("{what} is missing")]
    Missing {
        /// The element or attribute.
        what: &'static str,
    },
}

/// Reads the head of a form, and the rest for being well-formed.
///
/// # Errors
/// When the bytes are no XML, or no form.
pub fn head(bytes: &[u8]) -> Result<Head, NoForm> {
    let mut reader = NsReader::from_reader(bytes);
    reader.config_mut().check_end_names = true;
    // Names of what is open, and what was found.
    let (mut open, mut tops): (Vec<String>, usize) = (Vec::new(), 0);
    let (mut title, mut primary, mut instances) = (String::new(), None, 0);
    let decoder = reader.decoder();
    let mut at = 0;
    loop {
        at = reader.buffer_position().max(at);
        let broken = || NoForm::NotWellFormed { at };
        let (namespace, event) = reader.read_resolved_event().map_err(|_| broken())?;
        let own = name(&namespace);
        match event {
            Event::Start(ref start) | Event::Empty(ref start) => {
                let local = String::from_utf8_lossy(start.local_name().as_ref()).into_owned();
                let path: Vec<&str> = open.iter().map(String::as_str).collect();
                tops += usize::from(path.is_empty());
                instances += usize::from(own == "x" && local == "instance" && path.last() == Some(&"x:model"));
                if primary.is_none() && instances == 1 && path.last() == Some(&"x:instance") {
                    primary = Some(attributes(start, decoder).ok_or_else(broken)?);
                } else {
                    attributes(start, decoder).ok_or_else(broken)?;
                }
                if tops > 1 || path.len() > DEPTH_MAX {
                    return Err(broken());
                }
                if matches!(event, Event::Start(_)) {
                    open.push(format!("{own}:{local}"));
                }
            }
            Event::End(_) => drop(open.pop()),
            Event::Text(text) => {
                let text = text.decode().map_err(|_| broken())?;
                match open.last().map(String::as_str) {
                    None if !text.trim().is_empty() => return Err(broken()),
                    Some("h:title") => title.push_str(&text),
                    _ => {}
                }
            }
            Event::GeneralRef(entity) => {
                let character = entity.resolve_char_ref().map_err(|_| broken())?;
                let known = matches!(&*entity, b"amp" | b"lt" | b"gt" | b"quot" | b"apos");
                if open.is_empty() || (character.is_none() && !known) {
                    return Err(broken());
                }
                if open.last().is_some_and(|o| o == "h:title") {
                    title.push(character.unwrap_or(match &*entity {
                        b"lt" => '<',
                        b"gt" => '>',
                        b"quot" => '"',
                        b"apos" => '\'',
                        _ => '&',
                    }));
                }
            }
            Event::DocType(_) => return Err(broken()),
            Event::Eof => break,
            Event::CData(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    if !open.is_empty() || tops == 0 {
        return Err(NoForm::NotWellFormed { at });
    }
    let primary = match (instances, primary) {
        (0, _) => return Err(NoForm::Missing { what: "model/instance" }),
        (_, None) => return Err(NoForm::Missing { what: "model/instance/*" }),
        (_, Some(primary)) => primary,
    };
    let value = |name: &str| primary.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    match value("id").filter(|id| !id.is_empty()) {
        Some(id) => Ok(Head { title: title.trim().to_owned(), id, version: value("version").unwrap_or_default() }),
        None => Err(NoForm::Missing { what: "model/instance/*/@id" }),
    }
}

fn name(namespace: &ResolveResult<'_>) -> &'static str {
    match namespace {
        ResolveResult::Bound(Namespace(XFORMS)) => "x",
        ResolveResult::Bound(Namespace(XHTML)) => "h",
        _ => "",
    }
}

/// Attributes without a prefix and others; `None` if one is not well-formed or there twice.
fn attributes(start: &BytesStart<'_>, decoder: Decoder) -> Option<Vec<(String, String)>> {
    let read = |a: quick_xml::events::attributes::Attribute<'_>| {
        Some((String::from_utf8(a.key.as_ref().to_vec()).ok()?, a.decode_and_unescape_value(decoder).ok()?.into_owned()))
    };
    start.attributes().map(|a| a.ok().and_then(read)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(head: &str) -> String {
        format!("<h:html xmlns:h='http://www.w3.org/1999/xhtml' xmlns='http://www.w3.org/2002/xforms'>{head}</h:html>")
    }

    #[test]
    fn heads() {
        let text = form(
            "<h:head><h:title>A &amp; &#x7532;</h:title><model><instance><data id='f' version='1'/></instance><instance id='l'><root/></instance></model></h:head>",
        );
        assert_eq!(head(text.as_bytes()), Ok(Head { title: "A & 甲".into(), id: "f".into(), version: "1".into() }));
    }

    #[test]
    fn what_is_none() {
        for text in
            ["", " ", "a", "<a>", "<a></b>", "<a/><b/>", "<a>&x;</a>", "<a b='1' b='2'/>", "<!DOCTYPE a><a/>", "<a/>x", "\u{0}"]
        {
            assert!(matches!(head(text.as_bytes()), Err(NoForm::NotWellFormed { .. })), "{text}");
        }
        let deep = format!("{}{}", "<a>".repeat(500), "</a>".repeat(500));
        assert!(matches!(head(deep.as_bytes()), Err(NoForm::NotWellFormed { .. })));
        for (text, what) in [
            ("<a/>".to_owned(), "model/instance"),
            (form("<model><instance/></model>"), "model/instance/*"),
            (form("<model><instance><data/></instance></model>"), "model/instance/*/@id"),
            (form("<model xmlns=''><instance><data id='f'/></instance></model>"), "model/instance"),
        ] {
            assert_eq!(head(text.as_bytes()), Err(NoForm::Missing { what }), "{text}");
        }
    }
}
