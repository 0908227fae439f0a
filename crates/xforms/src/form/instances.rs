//! Secondary instances from files: CSV, GeoJSON and XML become trees of the shape that ODK's expressions expect.

use std::collections::{BTreeMap, HashMap};

use super::{Form, Source};
use crate::tree::{Limits, Name, NodeId, Tree, XmlError};

/// Why a file was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InstanceError {
    /// Not well-formed XML.
    #[error("{0}")]
    Xml(XmlError),
    /// Not a table.
    #[error("line {0}: not a table")]
    Csv(u64),
    /// Not GeoJSON with a list of features.
    #[error("not a GeoJSON FeatureCollection")]
    GeoJson,
    /// Not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// More rows or bytes than are read.
    #[error("too large")]
    TooLarge,
}

/// Files of a form as trees, made once for a version of a form and used for many submissions.
#[derive(Debug, Default)]
pub struct Attachments {
    trees: HashMap<String, Tree>,
    /// Files that were not given, or not read: name and reason.
    pub missing: Vec<(String, Option<InstanceError>)>,
}

impl Attachments {
    /// Reads the files that the form's instances name; `file` gives the bytes of a file by its name.
    pub fn read<'b>(form: &Form, file: impl Fn(&str) -> Option<&'b [u8]>) -> Attachments {
        let mut out = Attachments::default();
        for instance in &form.instances {
            let Source::External(uri) = &instance.source else { continue };
            let name = uri.rsplit('/').next().unwrap_or_default();
            match file(name).map(|bytes| tree_of(name, bytes)) {
                Some(Ok(tree)) => {
                    out.trees.insert(instance.id.clone(), tree);
                }
                Some(Err(e)) => out.missing.push((name.to_owned(), Some(e))),
                None => out.missing.push((name.to_owned(), None)),
            }
        }
        out
    }

    /// The tree of an instance.
    pub fn tree(&self, id: &str) -> Option<&Tree> {
        self.trees.get(id)
    }
}

/// The tree of a file, by the end of its name; XML where that says nothing.
pub fn tree_of(name: &str, bytes: &[u8]) -> Result<Tree, InstanceError> {
    if bytes.len() > Limits::default().bytes {
        return Err(InstanceError::TooLarge);
    }
    let lower = name.to_lowercase();
    if lower.ends_with(".csv") {
        from_csv(bytes)
    } else if lower.ends_with(".geojson") {
        from_geojson(bytes)
    } else {
        Tree::parse(bytes, &Limits::default()).map_err(InstanceError::Xml)
    }
}

fn start() -> (Tree, NodeId) {
    let mut tree = Tree::new();
    let document = tree.document();
    let root = tree.add_element(document, &Name::plain("root"), 1);
    (tree, root)
}

fn leaf(tree: &mut Tree, parent: NodeId, name: &str, text: &str) {
    let leaf = tree.add_element(parent, &Name::plain(name), 0);
    if !text.is_empty() {
        tree.add_text(leaf, text);
    }
}

/// `root/item/COLUMN` for each row.
fn from_csv(bytes: &[u8]) -> Result<Tree, InstanceError> {
    let text = std::str::from_utf8(bytes).map_err(|_| InstanceError::NotUtf8)?;
    let text = text.trim_start_matches('\u{FEFF}');
    // Some are separated by semicolons.
    let head = text.lines().next().unwrap_or_default();
    let delimiter = if !head.contains(',') && head.contains(';') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let line = |e: &csv::Error| e.position().map_or(0, csv::Position::line);
    let columns = reader.headers().map_err(|e| InstanceError::Csv(line(&e)))?.clone();
    let (mut tree, root) = start();
    for row in reader.records() {
        let row = row.map_err(|e| InstanceError::Csv(line(&e)))?;
        if tree.len() > Limits::default().nodes * 5 {
            return Err(InstanceError::TooLarge);
        }
        let item = tree.add_element(root, &Name::plain("item"), row.position().map_or(0, |p| p.line() as u32));
        for (column, value) in columns.iter().zip(row.iter()).filter(|(c, _)| !c.trim().is_empty()) {
            leaf(&mut tree, item, column.trim(), value);
        }
    }
    Ok(tree)
}

/// `root/item` for each feature: its properties, `id` and `geometry` (as ODK writes positions).
fn from_geojson(bytes: &[u8]) -> Result<Tree, InstanceError> {
    let whole: serde_json::Value = serde_json::from_slice(bytes).map_err(|_| InstanceError::GeoJson)?;
    if whole["type"] != "FeatureCollection" {
        return Err(InstanceError::GeoJson);
    }
    let features = whole["features"].as_array().ok_or(InstanceError::GeoJson)?;
    let (mut tree, root) = start();
    for feature in features {
        let item = tree.add_element(root, &Name::plain("item"), 0);
        let coordinates = &feature["geometry"]["coordinates"];
        let geometry = match feature["geometry"]["type"].as_str() {
            Some("Point") => position(coordinates),
            Some("LineString") => line(coordinates),
            Some("Polygon") => coordinates.get(0).and_then(line),
            _ => None,
        };
        leaf(&mut tree, item, "geometry", &geometry.unwrap_or_default());
        let mut properties = BTreeMap::new();
        for (name, value) in feature["properties"].as_object().into_iter().flatten() {
            properties.insert(name.as_str(), plain(value));
        }
        if let Some(id) = feature.get("id").filter(|v| !v.is_null()) {
            properties.insert("id", plain(id));
        }
        for (name, value) in properties {
            leaf(&mut tree, item, name, &value);
        }
    }
    Ok(tree)
}

fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `lat lon altitude accuracy` of a GeoJSON position.
fn position(value: &serde_json::Value) -> Option<String> {
    let part = |n: usize| value.get(n).map(plain);
    Some(format!("{} {} {} 0", part(1)?, part(0)?, part(2).unwrap_or_else(|| "0".into())))
}

fn line(value: &serde_json::Value) -> Option<String> {
    let points: Option<Vec<String>> = value.as_array()?.iter().map(position).collect();
    Some(points?.join("; "))
}
