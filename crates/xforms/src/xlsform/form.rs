//! The form between sheet and XML: a tree of nodes, its lists and its settings.

use std::collections::HashMap;

use super::{
    table::{Fields, Value},
    types::Type,
};

/// Nodes of a form whose loops are unrolled.
pub(super) const NODES_MAX: usize = 200_000;

/// What a node is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// The whole form.
    Root,
    /// A group; what holds metadata is not shown.
    Group {
        /// Whether it stands in the body.
        shown: bool,
    },
    /// A repeat.
    Repeat,
    /// A loop over a list, until it is unrolled.
    Loop {
        /// The list.
        list: String,
    },
    /// A question.
    Question(&'static Type),
    /// A file that expressions read: `csv` or `xml`.
    External {
        /// Its ending.
        ending: &'static str,
    },
    /// An entity to be made or changed.
    Entity,
    /// An attribute of an entity.
    Attribute {
        /// Its value to begin with.
        value: String,
    },
    /// The label of an entity.
    EntityLabel,
}

/// When an action happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// When a new submission is begun.
    FirstLoad,
    /// Whenever a submission is opened.
    Load,
    /// When an instance of a repeat is added.
    NewRepeat,
}

impl Event {
    /// Its name in XForms.
    pub fn name(self) -> &'static str {
        match self {
            Event::FirstLoad => "odk-instance-first-load",
            Event::Load => "odk-instance-load",
            Event::NewRepeat => "odk-new-repeat",
        }
    }
}

/// Something that happens to a node.
#[derive(Debug, Clone)]
pub(super) struct Action {
    /// Name of the element.
    pub name: &'static str,
    /// When.
    pub event: Event,
    /// The value set, where it is not the default of the question.
    pub value: Option<&'static str>,
    /// How well sound is recorded.
    pub quality: Option<String>,
}

/// A node of the form.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Name of its element.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Name of its type.
    pub type_name: String,
    /// The row that it comes from, as the spreadsheet shows it; 0 for what no row asked for.
    pub row: u32,
    /// The node that holds it.
    pub parent: Option<usize>,
    /// Nodes that it holds.
    pub children: Vec<usize>,
    /// Label, plain or by language.
    pub label: Option<Value>,
    /// Hint, plain or by language.
    pub hint: Option<Value>,
    /// Further hint, plain or by language.
    pub guidance: Option<Value>,
    /// Media of the label.
    pub media: Fields,
    /// Attributes of its bind beyond those of its type.
    pub bind: Fields,
    /// Attributes of its control.
    pub control: Fields,
    /// Attributes of its element in the instance.
    pub instance: Fields,
    /// Its default.
    pub default: Option<String>,
    /// Whether the default is an expression.
    pub dynamic: bool,
    /// Questions whose change sets it.
    pub triggers: Vec<String>,
    /// Which choices are offered.
    pub filter: Option<String>,
    /// Parameters.
    pub parameters: Vec<(String, String)>,
    /// The list, file or reference that choices come from.
    pub itemset: Option<String>,
    /// The list, where it is known and not filtered out of the workbook's reach.
    pub list: Option<String>,
    /// Whether its choices are looked up outside.
    pub query: bool,
    /// What happens to it.
    pub actions: Vec<Action>,
}

impl Node {
    /// A node with a name and nothing else.
    pub fn new(name: impl Into<String>, kind: Kind, row: u32) -> Node {
        Node {
            name: name.into(),
            kind,
            type_name: String::new(),
            row,
            parent: None,
            children: Vec::new(),
            label: None,
            hint: None,
            guidance: None,
            media: Fields::default(),
            bind: Fields::default(),
            control: Fields::default(),
            instance: Fields::default(),
            default: None,
            dynamic: false,
            triggers: Vec::new(),
            filter: None,
            parameters: Vec::new(),
            itemset: None,
            list: None,
            query: false,
            actions: Vec::new(),
        }
    }

    /// A calculation that no row asked for.
    pub fn calculated(name: impl Into<String>, row: u32, bind: &[(&str, &str)]) -> Node {
        let mut node = Node::new(name, Kind::Question(super::types::question("calculate").expect("a type of the table")), row);
        node.type_name = "calculate".into();
        for (name, value) in bind {
            node.bind.set_text(*name, *value);
        }
        node
    }

    /// Whether it is a repeat.
    pub fn is_repeat(&self) -> bool {
        matches!(self.kind, Kind::Repeat)
    }

    /// Whether it holds others as group, repeat or whole form.
    pub fn is_section(&self) -> bool {
        matches!(self.kind, Kind::Root | Kind::Group { .. } | Kind::Repeat | Kind::Loop { .. } | Kind::Entity)
    }

    /// A parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// A choice.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    /// Name, label, media, and what else its row holds.
    pub fields: Fields,
}

impl Choice {
    /// Its name.
    pub fn name(&self) -> &str {
        self.fields.text("name").unwrap_or_default()
    }
}

/// A list of choices.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    /// Its name.
    pub name: String,
    /// Its choices.
    pub choices: Vec<Choice>,
    /// A name with a space in it, if there is one.
    pub spaced: Option<String>,
}

/// The form.
#[derive(Debug)]
pub(super) struct Form {
    /// All nodes; the first is the whole form.
    pub nodes: Vec<Node>,
    /// The lists, in the order in which they come.
    pub lists: Vec<List>,
    /// Where each list stands.
    pub index: HashMap<String, usize>,
    /// Lists of tags that places on the map may have.
    pub tags: Vec<List>,
    /// Settings by name.
    pub settings: Fields,
    /// The language of what has none.
    pub language: String,
    /// Version of the entities' format, if there are any.
    pub entities: Option<&'static str>,
}

impl Form {
    /// A form without questions.
    pub fn new(root: &str) -> Form {
        Form {
            nodes: vec![Node::new(root, Kind::Root, 0)],
            lists: Vec::new(),
            index: HashMap::new(),
            tags: Vec::new(),
            settings: Fields::default(),
            language: "default".into(),
            entities: None,
        }
    }

    /// Adds a node to one that holds it.
    pub fn add(&mut self, parent: usize, mut node: Node) -> usize {
        let at = self.nodes.len();
        node.parent = Some(parent);
        self.nodes.push(node);
        self.nodes[parent].children.push(at);
        at
    }

    /// A setting.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.text(name)
    }

    /// A list by its name.
    pub fn list(&self, name: &str) -> Option<&List> {
        self.index.get(name).and_then(|at| self.lists.get(*at))
    }

    /// The group that holds metadata in a node; it is made if it is missing.
    pub fn meta(&mut self, parent: usize) -> usize {
        let existing = self.nodes[parent].children.iter().copied().find(|c| self.nodes[*c].name == "meta");
        existing.unwrap_or_else(|| self.add(parent, Node::new("meta", Kind::Group { shown: false }, 0)))
    }

    /// Nodes from the top, each before those that it holds.
    pub fn in_order(&self) -> Vec<usize> {
        let (mut order, mut left) = (Vec::with_capacity(self.nodes.len()), vec![0]);
        while let Some(at) = left.pop() {
            order.push(at);
            left.extend(self.nodes[at].children.iter().rev());
        }
        order
    }

    /// What heads a table has an empty label, if it has none.
    pub fn head(&mut self) {
        let headings = self.nodes.iter_mut().filter(|n| n.label.is_none() && n.control.text("appearance") == Some("label"));
        headings.for_each(|n| n.label = Some(" ".into()));
    }

    /// Sets the lists.
    pub fn set_lists(&mut self, lists: Vec<List>) {
        self.index = lists.iter().enumerate().map(|(at, list)| (list.name.clone(), at)).collect();
        self.lists = lists;
    }

    /// For each choice of its list, a loop holds what it held once. `false` if that is too much.
    pub fn unroll(&mut self) -> bool {
        for at in self.in_order() {
            let Kind::Loop { list } = &self.nodes[at].kind else { continue };
            let choices = self.list(list).map(|l| l.choices.clone()).unwrap_or_default();
            let template = std::mem::take(&mut self.nodes[at].children);
            self.nodes[at].kind = Kind::Group { shown: true };
            for choice in choices.iter().filter(|c| c.name() != "none") {
                let mut group = Node::new(choice.name(), Kind::Group { shown: true }, self.nodes[at].row);
                group.label = choice.fields.get("label").cloned();
                group.media = choice.fields.map("media").cloned().unwrap_or_default();
                let group = self.add(at, group);
                if self.nodes.len() > NODES_MAX {
                    return false;
                }
                for child in &template {
                    let copy = self.copy(*child, group);
                    fill_in(&mut self.nodes[copy], &choice.fields);
                }
            }
        }
        true
    }

    fn copy(&mut self, from: usize, parent: usize) -> usize {
        let mut node = self.nodes[from].clone();
        let children = std::mem::take(&mut node.children);
        let at = self.add(parent, node);
        for child in children {
            self.copy(child, at);
        }
        at
    }
}

/// Fills a choice's values into `%(name)s` and the like; texts in a language take the choice's label in that language.
fn fill_in(node: &mut Node, choice: &Fields) {
    let fill = |text: &mut String, language: Option<&str>| {
        if !text.contains('%') || !text.contains("%(") {
            return;
        }
        for (name, value) in &choice.0 {
            let value = match value {
                Value::Text(text) => Some(text.as_str()),
                Value::Map(map) => language.and_then(|l| map.text(l)),
            };
            if let Some(value) = value {
                *text = text.replace(&format!("%({name})s"), value);
            }
        }
    };
    fill(&mut node.name, None);
    for value in [&mut node.label, &mut node.hint, &mut node.guidance].into_iter().flatten() {
        match value {
            Value::Text(text) => fill(text, None),
            Value::Map(map) => map.0.iter_mut().for_each(|(language, value)| {
                if let Value::Text(text) = value {
                    fill(text, Some(language));
                }
            }),
        }
    }
    for fields in [&mut node.media, &mut node.bind, &mut node.control, &mut node.instance] {
        for (_, value) in &mut fields.0 {
            if let Value::Text(text) = value {
                fill(text, None);
            }
        }
    }
    for text in [&mut node.default, &mut node.filter].into_iter().flatten() {
        fill(text, None);
    }
}

/// Where names lead to: a node, or none where there are several.
pub(super) fn names(form: &Form) -> HashMap<&str, Option<usize>> {
    let mut names = HashMap::new();
    for at in form.in_order() {
        let node = &form.nodes[at];
        if node.is_section() || matches!(node.kind, Kind::Question(_)) {
            names.entry(node.name.as_str()).and_modify(|n| *n = None).or_insert(Some(at));
        }
    }
    names
}
