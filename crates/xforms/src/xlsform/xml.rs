//! Elements and how they are written. Text is escaped here and nowhere else.

use std::borrow::Cow;

/// An element with its attributes, each name once, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub(super) struct Element {
    name: Cow<'static, str>,
    attributes: Vec<(Cow<'static, str>, String)>,
    kids: Vec<Kid>,
}

/// What stands in an element.
#[derive(Debug, Clone)]
pub(super) enum Kid {
    /// An element.
    Element(Element),
    /// Text.
    Text(String),
}

impl Element {
    /// An empty element.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Element {
        Element { name: name.into(), ..Element::default() }
    }

    /// With an attribute; a later value replaces an earlier one.
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Element {
        self.set(name, value);
        self
    }

    /// With some text.
    pub fn text(mut self, text: impl Into<String>) -> Element {
        self.kids.push(Kid::Text(text.into()));
        self
    }

    /// With an element in it.
    pub fn kid(mut self, kid: Element) -> Element {
        self.push(kid);
        self
    }

    /// Sets an attribute.
    pub fn set(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        match self.attributes.iter_mut().find(|(n, _)| *n == name) {
            Some((_, old)) => *old = value,
            None => self.attributes.push((name, value)),
        }
    }

    /// Adds an element.
    pub fn push(&mut self, kid: Element) {
        self.kids.push(Kid::Element(kid));
    }

    /// Adds elements and text.
    pub fn extend(&mut self, kids: impl IntoIterator<Item = Kid>) {
        self.kids.extend(kids);
    }

    /// A whole document.
    pub fn document(&self) -> String {
        let mut out = String::from("<?xml version=\"1.0\"?>\n");
        self.write(&mut out, 0, true);
        out
    }

    fn write(&self, out: &mut String, depth: usize, lines: bool) {
        let indent = |out: &mut String, depth: usize| out.extend(std::iter::repeat_n("  ", if lines { depth } else { 0 }));
        indent(out, depth);
        out.push('<');
        out.push_str(&self.name);
        for (name, value) in &self.attributes {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            escape(out, value, true);
            out.push('"');
        }
        if self.kids.is_empty() {
            out.push_str("/>");
        } else {
            out.push('>');
            // Where there is text, white space would be part of it.
            let inner = lines && !self.kids.iter().any(|kid| matches!(kid, Kid::Text(_)));
            if inner {
                out.push('\n');
            }
            for kid in &self.kids {
                match kid {
                    Kid::Element(element) => element.write(out, depth + 1, inner),
                    Kid::Text(text) => escape(out, text, false),
                }
            }
            if inner {
                indent(out, depth);
            }
            out.push_str("</");
            out.push_str(&self.name);
            out.push('>');
        }
        if lines {
            out.push('\n');
        }
    }
}

fn escape(out: &mut String, text: &str, attribute: bool) {
    // Most texts have none of these, and a loop without a way out looks at many bytes at once.
    if !text.bytes().fold(false, |some, byte| some | matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\n' | b'\t' | b'\r')) {
        return out.push_str(text);
    }
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let instead = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' if attribute => "&quot;",
            // Otherwise a reader makes a space of it.
            b'\n' if attribute => "&#10;",
            b'\t' if attribute => "&#9;",
            b'\r' => "&#13;",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(instead);
        from = at + 1;
    }
    out.push_str(&text[from..]);
}

/// Whether a character may stand in XML 1.0 at all.
pub(super) fn allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_and_escaped() {
        let label = Element::new("label").text("a < b & ").kid(Element::new("output").with("value", "\"x\"\n"));
        let top = Element::new("h:a").with("b", "1").with("b", "2").kid(label).kid(Element::new("c"));
        assert_eq!(
            top.document(),
            "<?xml version=\"1.0\"?>\n<h:a b=\"2\">\n  <label>a &lt; b &amp; <output value=\"&quot;x&quot;&#10;\"/></label>\n  <c/>\n</h:a>\n"
        );
    }
}
