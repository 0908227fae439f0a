//! Two XForms, node by node. Order counts where it means something: in the instance, the choices and the body.

use std::collections::BTreeMap;

use roxmltree::{Document, Node};

/// What came out.
pub enum Compared {
    /// Nothing differs.
    Same,
    /// The first thing that differs.
    Differ(String),
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn name(node: Node<'_, '_>) -> String {
    match node.tag_name().namespace() {
        None | Some("http://www.w3.org/2002/xforms") => node.tag_name().name().to_owned(),
        Some(other) => format!("{{{other}}}{}", node.tag_name().name()),
    }
}

fn attributes(node: Node<'_, '_>) -> String {
    let mut all: Vec<String> = node
        .attributes()
        .map(|a| {
            let value = if a.value().starts_with(' ') && a.value().trim().is_empty() { " ".into() } else { squeezed(a.value()) };
            format!(" {}{}={value:?}", a.namespace().map(|n| format!("{{{n}}}")).unwrap_or_default(), a.name())
        })
        .collect();
    all.sort();
    all.concat()
}

/// What stands in a node, outputs as text among text.
fn content(node: Node<'_, '_>) -> String {
    let mut text = String::new();
    for kid in node.children() {
        if kid.is_text() {
            text.push_str(kid.text().unwrap_or_default());
        } else if kid.is_element() {
            text.push_str(&format!("<{}{}>{}</>", name(kid), attributes(kid), content(kid)));
        }
    }
    squeezed(&text)
}

/// A tree as lines, one for each element.
fn lines(node: Node<'_, '_>, path: &str, out: &mut Vec<String>) {
    let path = format!("{path}/{}", name(node));
    let mixed = node.children().any(|k| k.is_text() && !k.text().unwrap_or_default().trim().is_empty());
    if mixed {
        out.push(format!("{path}{} {}", attributes(node), content(node)));
        return;
    }
    out.push(format!("{path}{}", attributes(node)));
    for kid in node.children().filter(Node::is_element) {
        lines(kid, &path, out);
    }
}

fn parts(document: &Document<'_>) -> BTreeMap<String, Vec<String>> {
    let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let all =
        |wanted: &str| document.descendants().filter(|n| n.is_element() && n.tag_name().name() == wanted).collect::<Vec<_>>();
    for title in all("title") {
        parts.entry("0 title".into()).or_default().push(content(title));
    }
    let model = all("model")[0];
    parts.entry("0 model".into()).or_default().push(attributes(model));
    let mut instances = 0;
    for kid in model.children().filter(Node::is_element) {
        match name(kid).as_str() {
            "itext" => {
                for translation in kid.children().filter(Node::is_element) {
                    let language = attributes(translation);
                    parts.entry(format!("5 itext {language}")).or_default();
                    for text in translation.children().filter(Node::is_element) {
                        let mut values: Vec<String> = text
                            .children()
                            .filter(Node::is_element)
                            .map(|v| format!("{} {}", attributes(v), content(v)))
                            .collect();
                        values.sort();
                        let id = format!("5 itext {language} {}", text.attribute("id").unwrap_or_default());
                        parts.entry(id).or_default().extend(values);
                    }
                }
            }
            "instance" => {
                let key = if instances == 0 { "1 instance".into() } else { format!("2 secondary {}", attributes(kid)) };
                instances += 1;
                for top in kid.children().filter(Node::is_element) {
                    lines(top, "", parts.entry(key.clone()).or_default());
                }
                parts.entry(key).or_default();
            }
            "bind" => {
                let key = format!("3 bind {}", kid.attribute("nodeset").unwrap_or_default());
                parts.entry(key).or_default().push(attributes(kid));
            }
            // Actions come in order, among themselves.
            other => parts.entry(format!("4 {other}")).or_default().push(format!("{}{}", name(kid), attributes(kid))),
        }
    }
    for body in all("body") {
        lines(body, "", parts.entry("6 body".into()).or_default());
    }
    parts
}

/// Compares ours with theirs.
pub fn difference(ours: &str, theirs: &str) -> Compared {
    let (ours, theirs) = match (Document::parse(ours), Document::parse(theirs)) {
        (Ok(ours), Ok(theirs)) => (ours, theirs),
        (Err(why), _) => return Compared::Differ(format!("ours cannot be read: {why}")),
        (_, Err(why)) => return Compared::Differ(format!("theirs cannot be read: {why}")),
    };
    let (ours, theirs) = (parts(&ours), parts(&theirs));
    for (key, theirs) in &theirs {
        let Some(ours) = ours.get(key) else { return Compared::Differ(format!("{key}: missing")) };
        for i in 0..ours.len().max(theirs.len()) {
            let (a, b) = (ours.get(i), theirs.get(i));
            if a != b {
                let nothing = "nothing".to_owned();
                return Compared::Differ(format!("{key}: ours {} theirs {}", a.unwrap_or(&nothing), b.unwrap_or(&nothing)));
            }
        }
    }
    match ours.keys().find(|k| !theirs.contains_key(*k)) {
        Some(key) => Compared::Differ(format!("{key}: ours alone")),
        None => Compared::Same,
    }
}
