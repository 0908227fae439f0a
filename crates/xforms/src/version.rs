//! The same form under another version.

use quick_xml::{Reader, escape::escape, events::Event};

use crate::head::{FORM_MAX, FormHead, HeadError, Part, WORD_MAX, form_head};

/// The form with another version, everything else as it was.
///
/// # Errors
/// It is no form, or no form may have such a version.
pub fn with_version(bytes: &[u8], version: &str) -> Result<Vec<u8>, HeadError> {
    let FormHead { root, .. } = form_head(bytes)?;
    if version.trim().is_empty() || version.chars().count() > WORD_MAX || version.chars().any(char::is_control) {
        return Err(HeadError::BadWord { part: Part::Version, found: version.chars().take(40).collect() });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| HeadError::NotUtf8)?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let missing = || HeadError::Missing { missing: Part::Root };
    let mut reader = Reader::from_str(text);
    let mut within = false;
    loop {
        let at = reader.buffer_position();
        let tag = match reader.read_event().map_err(|e| HeadError::NotXml { at, why: e.to_string() })? {
            Event::Start(tag) | Event::Empty(tag) => tag,
            Event::Eof => return Err(missing()),
            _ => continue,
        };
        if !within {
            within = tag.local_name().as_ref() == b"instance";
            continue;
        }
        if tag.local_name().as_ref() != root.as_bytes() {
            return Err(missing());
        }
        let (from, to) = (usize::try_from(at), usize::try_from(reader.buffer_position()));
        let (Ok(from), Ok(to)) = (from, to) else { return Err(HeadError::TooLarge { max: FORM_MAX }) };
        let whole = text.get(from..to).ok_or_else(missing)?;
        let mut made = format!("<{}", String::from_utf8_lossy(tag.name().as_ref()));
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|e| HeadError::NotXml { at, why: e.to_string() })?;
            if attribute.key.local_name().as_ref() == b"version" && attribute.key.as_namespace_binding().is_none() {
                continue;
            }
            let (name, value) = (String::from_utf8_lossy(attribute.key.as_ref()), String::from_utf8_lossy(&attribute.value));
            let quote = if value.contains('"') { '\'' } else { '"' };
            made.push_str(&format!(" {name}={quote}{value}{quote}"));
        }
        made.push_str(&format!(" version=\"{}\"", escape(version)));
        made.push_str(if whole.ends_with("/>") { "/>" } else { ">" });
        return Ok([&text[..from], &made, &text[to..]].concat().into_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(tag: &str) -> String {
        format!(
            "<h:html xmlns=\"http://www.w3.org/2002/xforms\" xmlns:h=\"http://www.w3.org/1999/xhtml\"><h:head><h:title>走访</h:title>\
             <model><!-- instance --><instance>\n {tag}<a/></data></instance><instance id=\"b\"><root version=\"9\"/></instance></model>\
             </h:head><h:body/></h:html>"
        )
    }

    #[test]
    fn only_the_version_changes() {
        for tag in [
            "<data id=\"visit\" version=\"1\">",
            "<data id='visit' xmlns:orx=\"http://openrosa.org/xforms\" orx:version=\"1\">",
            "<data id=\"visit\">",
            "<data\n  version='1' id='say \"a\" &amp; b' >",
        ] {
            let before = form(tag);
            let after = with_version(before.as_bytes(), "2 <甲> & \"乙\"").unwrap();
            let (old, new) = (form_head(before.as_bytes()).unwrap(), form_head(&after).unwrap());
            assert_eq!(new.version.as_deref(), Some("2 <甲> & \"乙\""), "{tag}");
            assert_eq!(FormHead { version: None, ..old }, FormHead { version: None, ..new });
            let text = String::from_utf8(after).unwrap();
            assert!(text.contains("<root version=\"9\"/>") && text.contains("<!-- instance -->"));
            let again = with_version(text.as_bytes(), "3").unwrap();
            assert_eq!(form_head(&again).unwrap().version.as_deref(), Some("3"));
        }
    }

    #[test]
    fn what_is_no_version_or_no_form_is_refused() {
        let good = form("<data id=\"visit\">");
        for bad in ["", "  ", "a\nb", &"x".repeat(201)] {
            assert!(with_version(good.as_bytes(), bad).is_err());
        }
        assert!(with_version(b"<a/>", "2").is_err());
        assert!(with_version(b"", "2").is_err());
    }
}
