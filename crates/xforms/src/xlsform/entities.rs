//! The sheet `entities`: what a submission makes or changes elsewhere, and in which group it stands.
//!
//! An entity stands in the deepest repeat in which something is saved to it; two of one repeat go to groups of their own.

use std::collections::{HashMap, HashSet};

use super::{
    finding::{Finding, Severity, Word},
    form::{Action, Event, Form, Kind, Node},
    lexis,
    table::Table,
};

/// An entity as declared.
#[derive(Debug)]
struct Declaration {
    list: String,
    row: u32,
    id: Option<String>,
    create_if: Option<String>,
    update_if: Option<String>,
    label: Option<String>,
    names: HashSet<String>,
}

/// All that are declared, in the order of rows.
#[derive(Debug, Default)]
pub(super) struct Declarations(Vec<Declaration>);

/// Names that no property may have, and how they may not begin.
fn name_is_free(name: &str) -> bool {
    lexis::is_name(name) && !name.starts_with("__")
}

impl Declarations {
    /// Reads the sheet.
    pub fn read(table: &Table, found: &mut Vec<Finding>) -> Declarations {
        let mut all: Vec<Declaration> = Vec::new();
        for entry in &table.entries {
            let mut wrong: Vec<(&str, Word)> = Vec::new();
            let text = |name: &str| entry.fields.text(name).map(str::to_owned);
            for (header, value) in &entry.fields.0 {
                if !["dataset", "entity_id", "create_if", "update_if", "repeat", "label"].contains(&header.as_str())
                    || value.map().is_some()
                {
                    wrong.push((header, Word::EntityColumnUnknown { header: header.clone() }));
                }
            }
            let list = text("dataset").unwrap_or_default();
            if list.is_empty() {
                wrong.push(("dataset", Word::EntityListMissing));
            } else if list.contains('.') || !name_is_free(&list) {
                wrong.push(("dataset", Word::EntityNameInvalid { name: list.clone() }));
            } else if all.iter().any(|d| d.list == list) {
                wrong.push(("dataset", Word::EntityListTwice { list: list.clone() }));
            }
            let (id, create_if, update_if, label) = (text("entity_id"), text("create_if"), text("update_if"), text("label"));
            if id.is_none() && update_if.is_some() {
                wrong.push(("update_if", Word::EntityUpdateNeedsId { list: list.clone() }));
            }
            if id.is_some() && create_if.is_some() && update_if.is_none() {
                wrong.push(("create_if", Word::EntityCreateWithId { list: list.clone() }));
            }
            if id.is_none() && label.is_none() {
                wrong.push(("label", Word::EntityLabelMissing { list: list.clone() }));
            }
            let texts = [&id, &create_if, &update_if, &label];
            let names = texts.into_iter().flatten().flat_map(|t| lexis::references(t)).map(|r| r.name.to_owned()).collect();
            found.extend(wrong.into_iter().map(|(column, word)| Finding {
                severity: Severity::Error,
                sheet: Some("entities".into()),
                row: Some(entry.shown),
                column: table.column(&[column]).cloned(),
                word,
            }));
            all.push(Declaration { list, row: entry.shown, id, create_if, update_if, label, names });
        }
        Declarations(all)
    }

    /// Whether a list is among them.
    pub fn has(&self, list: &str) -> bool {
        self.0.iter().any(|d| d.list == list)
    }
}

/// A row that has to do with an entity.
#[derive(Debug, Clone)]
struct Source {
    /// What holds the row, from the top.
    path: Vec<usize>,
    row: u32,
    /// The property that it saves, if it saves one.
    property: Option<String>,
}

/// Rows that have to do with each entity.
#[derive(Debug, Default)]
pub(super) struct Saved(HashMap<usize, Vec<Source>>);

impl Saved {
    /// Notes what a row saves; returns the property without its list.
    pub fn property(
        &mut self,
        declarations: &Declarations,
        target: &str,
        row: u32,
        path: &[usize],
        container: bool,
    ) -> Result<String, Word> {
        let all = &declarations.0;
        let (list, property) = match (target.split_once('#'), all.as_slice()) {
            (_, []) => return Err(Word::SaveWithoutEntities),
            (Some((_, rest)), _) if rest.contains('#') => return Err(Word::EntityNameInvalid { name: target.to_owned() }),
            (Some((list, property)), _) => (list, property),
            (None, [only]) => (only.list.as_str(), target),
            (None, _) => return Err(Word::SaveListMissing),
        };
        let Some(at) = all.iter().position(|d| d.list == list) else {
            return Err(Word::SaveListUnknown { list: list.to_owned() });
        };
        if container {
            return Err(Word::SaveOfGroup);
        }
        if !name_is_free(property) || matches!(property.to_lowercase().as_str(), "name" | "label") {
            return Err(Word::EntityNameInvalid { name: property.to_owned() });
        }
        let sources = self.0.entry(at).or_default();
        if let Some(other) = sources.iter().find(|s| s.property.as_deref() == Some(property)) {
            return Err(Word::SaveTwice { name: property.to_owned(), row: other.row.to_string() });
        }
        sources.push(Source { path: path.to_vec(), row, property: Some(property.to_owned()) });
        Ok(property.to_owned())
    }

    /// Notes that a row is named by the expressions of entities.
    pub fn named(&mut self, declarations: &Declarations, name: &str, path: &[usize]) {
        for (at, _) in declarations.0.iter().enumerate().filter(|(_, d)| d.names.contains(name)) {
            self.0.entry(at).or_default().push(Source { path: path.to_vec(), row: 0, property: None });
        }
    }
}

/// Where an entity wants to stand.
struct Wish {
    at: usize,
    /// The deepest repeat, or the form.
    scope: Vec<usize>,
    path: Vec<usize>,
    /// What holds the rows that save something.
    saving: Vec<Vec<usize>>,
}

fn repeats(form: &Form, path: &[usize]) -> usize {
    path[1..].iter().filter(|n| form.nodes[**n].is_repeat()).count()
}

/// A path up to its last repeat, or the form.
fn scope<'a>(form: &Form, path: &'a [usize]) -> &'a [usize] {
    let last = path.iter().rposition(|n| form.nodes[*n].is_repeat()).unwrap_or(0);
    &path[..=last]
}

/// Groups below the last repeat.
fn below(form: &Form, path: &[usize]) -> usize {
    path.len() - scope(form, path).len()
}

fn wish(form: &Form, declaration: &Declaration, at: usize, sources: &[Source]) -> Result<Wish, Word> {
    let scattered = || Word::EntityScattered { list: declaration.list.clone() };
    let depth = |s: &Source| repeats(form, &s.path);
    let deepest = sources.iter().map(depth).max().unwrap_or(0);
    let Some(first) = sources.iter().find(|s| depth(s) == deepest) else {
        return Ok(Wish { at, scope: vec![0], path: vec![0], saving: Vec::new() });
    };
    let top = scope(form, &first.path).to_vec();
    let within = |s: &Source| scope(form, &s.path) == top;
    // The first of the deepest.
    let lowest = |saving: bool| {
        let fit = sources.iter().filter(|s| within(s) && (!saving || s.property.is_some()));
        fit.fold(None, |best: Option<&Source>, s| match best {
            Some(b) if below(form, &b.path) >= below(form, &s.path) => Some(b),
            _ => Some(s),
        })
    };
    let mut saving: Vec<Vec<usize>> = Vec::new();
    for source in sources.iter().filter(|s| s.property.is_some()) {
        if !saving.contains(&source.path) {
            saving.push(source.path.clone());
        }
    }
    let path = match saving.as_slice() {
        [] => lowest(false).map_or_else(|| top.clone(), |s| s.path.clone()),
        [only] => only.clone(),
        [one, others @ ..] => {
            let shared = |other: &Vec<usize>| one.iter().zip(other).take_while(|(a, b)| a == b).count();
            let common = &one[..others.iter().map(shared).min().unwrap_or(1)];
            let boundary = lowest(true).map_or(&top[..], |s| scope(form, &s.path));
            let key = |p: &[usize]| (repeats(form, p), below(form, p));
            if key(common) > key(boundary) { common.to_vec() } else { boundary.to_vec() }
        }
    };
    for source in sources {
        let own = scope(form, &source.path);
        if !top.starts_with(own) || (source.property.is_some() && scope(form, &path) != own) {
            return Err(scattered());
        }
    }
    Ok(Wish { at, scope: top, path, saving })
}

/// What an entity stands in, from the top, and which entity it is.
type Allocation = (Vec<usize>, usize);

/// Gives each entity a group of its own to stand in.
fn allocate(form: &Form, declarations: &Declarations, saved: &Saved) -> Result<Vec<Allocation>, (usize, Word)> {
    let mut wishes = Vec::new();
    for (at, declaration) in declarations.0.iter().enumerate() {
        let sources = saved.0.get(&at).map_or(&[][..], Vec::as_slice);
        wishes.push(wish(form, declaration, at, sources).map_err(|word| (at, word))?);
    }
    if let [only] = wishes.as_slice()
        && only.scope == [0]
    {
        return Ok(vec![(vec![0], only.at)]);
    }
    let mut taken: Vec<Allocation> = Vec::new();
    let mut reserved: HashMap<Vec<usize>, usize> = HashMap::new();
    for wish in &wishes {
        let mut place = None;
        let mut conflict = None;
        for length in (wish.scope.len()..=wish.path.len()).rev() {
            let here = wish.path[..length].to_vec();
            match reserved.get(&here) {
                Some(other) => {
                    conflict = Some(*other);
                    if let Some(other) = wish.saving.iter().find_map(|s| reserved.get(s)) {
                        conflict = Some(*other);
                        break;
                    }
                }
                None => {
                    place = Some(here);
                    break;
                }
            }
        }
        let Some(here) = place else {
            let other = conflict.map_or(String::new(), |c| declarations.0[c].list.clone());
            return Err((wish.at, Word::EntityNoRoom { list: declarations.0[wish.at].list.clone(), other }));
        };
        for saving in &wish.saving {
            for length in here.len()..=saving.len() {
                reserved.insert(saving[..length].to_vec(), wish.at);
            }
        }
        reserved.insert(here.clone(), wish.at);
        taken.push((here, wish.at));
    }
    Ok(taken)
}

/// Puts the entities into the form.
pub(super) fn place(form: &mut Form, declarations: &Declarations, saved: &Saved, found: &mut Vec<Finding>) {
    if declarations.0.is_empty() {
        return;
    }
    let taken = match allocate(form, declarations, saved) {
        Ok(taken) => taken,
        Err((at, word)) => {
            let row = Some(declarations.0[at].row);
            return found.push(Finding { severity: Severity::Error, sheet: Some("entities".into()), row, column: None, word });
        }
    };
    let nested = taken.iter().any(|(path, _)| repeats(form, path) > 0);
    form.entities = Some(if declarations.0.len() > 1 || nested { "2025.1.0" } else { "2024.1.0" });
    for (path, at) in taken {
        let Some(&holder) = path.last() else { continue };
        let in_repeat = path.iter().any(|n| form.nodes[*n].is_repeat());
        let meta = form.meta(holder);
        entity(form, meta, &declarations.0[at], in_repeat);
    }
}

fn entity(form: &mut Form, meta: usize, declaration: &Declaration, in_repeat: bool) {
    let row = declaration.row;
    let entity = form.add(meta, Node::new("entity", Kind::Entity, row));
    let attribute = |form: &mut Form, name: &str, value: &str, calculate: Option<&str>| {
        let mut node = Node::new(name, Kind::Attribute { value: value.to_owned() }, row);
        if let Some(calculate) = calculate {
            for (name, value) in [("calculate", calculate), ("readonly", "true()"), ("type", "string")] {
                node.bind.set_text(name, value);
            }
        }
        form.add(entity, node)
    };
    attribute(form, "dataset", &declaration.list, None);
    if declaration.id.is_none() || declaration.create_if.is_some() {
        attribute(form, "create", "1", declaration.create_if.as_deref());
    }
    if let Some(id) = &declaration.id {
        attribute(form, "update", "1", declaration.update_if.as_deref());
        let item = format!("instance('{}')/root/item[name={id}]", declaration.list);
        for (name, column) in [("baseVersion", "__version"), ("trunkVersion", "__trunkVersion"), ("branchId", "__branchId")] {
            attribute(form, name, "", Some(&format!("{item}/{column}")));
        }
        attribute(form, "id", "", Some(id));
    } else {
        let at = attribute(form, "id", "", None);
        let node = &mut form.nodes[at];
        node.bind.set_text("readonly", "true()");
        node.bind.set_text("type", "string");
        for event in [Event::FirstLoad, Event::NewRepeat].into_iter().take(if in_repeat { 2 } else { 1 }) {
            node.actions.push(Action { name: "setvalue", event, value: Some("uuid()"), quality: None });
        }
    }
    if let Some(label) = &declaration.label {
        let mut node = Node::new("label", Kind::EntityLabel, row);
        for (name, value) in [("calculate", label.as_str()), ("readonly", "true()"), ("type", "string")] {
            node.bind.set_text(name, value);
        }
        form.add(entity, node);
    }
}
