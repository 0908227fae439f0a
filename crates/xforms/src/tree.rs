//! XML as a tree in one arena: what forms, submissions and itemset files are read into.
//!
//! Elements keep their namespace and local name, attributes their value, texts are joined; comments and processing
//! instructions are dropped. Reading is iterative and bounded by [`Limits`]. A document type is refused by name, so entities
//! beyond the five of XML 1.0 and numeric ones cannot be declared: neither "billion laughs" nor external entities get anywhere.
//! Bytes are UTF-8 (with or without byte order mark); anything else is refused. Errors say line and column, from 1.
//!
//! Invariant: identifiers grow in document order, as nodes are only ever added behind the last open element.

use std::{borrow::Cow, collections::HashMap};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

/// How much is read before giving up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the document.
    pub bytes: usize,
    /// Elements within each other.
    pub depth: usize,
    /// Elements and texts.
    pub nodes: usize,
    /// Attributes of one element, namespace declarations included.
    pub attributes: usize,
    /// Whether a prefix that nothing declares is let through, as having no namespace. Some clients send such.
    pub unbound_prefixes: bool,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { bytes: 20_000_000, depth: 200, nodes: 1_000_000, attributes: 200, unbound_prefixes: false }
    }
}

/// Why a document was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {kind}")]
pub struct XmlError {
    /// What is wrong.
    pub kind: XmlProblem,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// What is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlProblem {
    /// More bytes than [`Limits::bytes`].
    #[error("more than {0} bytes")]
    TooLarge(usize),
    /// Deeper than [`Limits::depth`].
    #[error("more than {0} elements within each other")]
    TooDeep(usize),
    /// More nodes than [`Limits::nodes`].
    #[error("more than {0} nodes")]
    TooManyNodes(usize),
    /// More attributes than [`Limits::attributes`].
    #[error("more than {0} attributes of one element")]
    TooManyAttributes(usize),
    /// A `<!DOCTYPE …>`; refused whatever it says.
    #[error("a document type is not accepted")]
    DocumentType,
    /// An entity that XML 1.0 does not itself define.
    #[error("unknown entity {0}")]
    Entity(String),
    /// An encoding other than UTF-8 is declared.
    #[error("encoding {0} is not accepted, only UTF-8")]
    Encoding(String),
    /// The bytes are not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// A character that XML 1.0 forbids.
    #[error("a character that XML forbids")]
    ForbiddenCharacter,
    /// No element at all.
    #[error("no element")]
    NoRoot,
    /// Something after the root element, or text before it.
    #[error("content outside the root element")]
    OutsideRoot,
    /// A prefix that nothing declares.
    #[error("prefix {0} is not declared")]
    UnboundPrefix(String),
    /// A name that is none.
    #[error("not a name: {0}")]
    BadName(String),
    /// What the reader says, in its own words.
    #[error("not well-formed: {0}")]
    NotWellFormed(String),
}

/// A node of a [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

const NONE: u32 = u32::MAX;

impl NodeId {
    /// Place in the arena.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    fn known(raw: u32) -> Option<NodeId> {
        (raw != NONE).then_some(NodeId(raw))
    }
}

/// A qualified name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// Prefix as written; empty for none.
    pub prefix: String,
    /// Local part.
    pub local: String,
    /// Namespace; empty for none.
    pub namespace: String,
}

impl Name {
    /// A name without namespace.
    pub fn plain(local: &str) -> Name {
        Name { prefix: String::new(), local: local.to_owned(), namespace: String::new() }
    }

    /// As written: `prefix:local`.
    pub fn qualified(&self) -> Cow<'_, str> {
        match self.prefix.as_str() {
            "" => Cow::Borrowed(&self.local),
            prefix => Cow::Owned(format!("{prefix}:{}", self.local)),
        }
    }
}

/// An attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    name: u32,
    /// Value, unescaped and with white space normalised as XML says.
    pub value: String,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The document itself, above the root element.
    Document,
    /// An element.
    Element,
    /// Text, never empty when it was read.
    Text,
}

#[derive(Debug, Clone)]
struct Node {
    kind: Kind,
    name: u32,
    parent: u32,
    first: u32,
    last: u32,
    next: u32,
    previous: u32,
    line: u32,
    /// Texts: where in `text`. Elements: which of `attributes`.
    from: u32,
    to: u32,
}

/// A document.
#[derive(Debug, Clone)]
pub struct Tree {
    nodes: Vec<Node>,
    names: Vec<Name>,
    by_local: HashMap<String, Vec<u32>>,
    attributes: Vec<Attribute>,
    text: String,
    /// Namespace declarations by element, ascending: prefix, namespace.
    declared: Vec<(u32, String, String)>,
}

impl Default for Tree {
    fn default() -> Tree {
        Tree::new()
    }
}

impl Tree {
    /// A document with nothing in it.
    pub fn new() -> Tree {
        let mut tree = Tree {
            nodes: Vec::new(),
            names: Vec::new(),
            by_local: HashMap::new(),
            attributes: Vec::new(),
            text: String::new(),
            declared: Vec::new(),
        };
        tree.nodes.push(Node {
            kind: Kind::Document,
            name: NONE,
            parent: NONE,
            first: NONE,
            last: NONE,
            next: NONE,
            previous: NONE,
            line: 1,
            from: 0,
            to: 0,
        });
        tree
    }

    /// Reads a document. Errors: see [`XmlProblem`].
    pub fn parse(bytes: &[u8], limits: &Limits) -> Result<Tree, XmlError> {
        Building::new(bytes, limits)?.read()
    }

    /// The node above the root element.
    pub fn document(&self) -> NodeId {
        NodeId(0)
    }

    /// The root element; `None` only for a tree that was made by [`Tree::new`].
    pub fn root(&self) -> Option<NodeId> {
        self.child_elements(self.document()).next()
    }

    /// How many nodes, the document included.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.nodes.len() == 1
    }

    /// What the node is.
    pub fn kind(&self, id: NodeId) -> Kind {
        self.nodes[id.index()].kind
    }

    /// Line on which the node begins, from 1; 0 where it was not read.
    pub fn line(&self, id: NodeId) -> u32 {
        self.nodes[id.index()].line
    }

    /// The element or document around it.
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        NodeId::known(self.nodes[id.index()].parent)
    }

    /// The node behind it with the same parent.
    pub fn next_sibling(&self, id: NodeId) -> Option<NodeId> {
        NodeId::known(self.nodes[id.index()].next)
    }

    /// The node before it with the same parent.
    pub fn previous_sibling(&self, id: NodeId) -> Option<NodeId> {
        NodeId::known(self.nodes[id.index()].previous)
    }

    /// The first node within it.
    pub fn first_child(&self, id: NodeId) -> Option<NodeId> {
        NodeId::known(self.nodes[id.index()].first)
    }

    /// Nodes directly within it.
    pub fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.first_child(id), |n| self.next_sibling(*n))
    }

    /// Elements directly within it.
    pub fn child_elements(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.children(id).filter(|n| self.kind(*n) == Kind::Element)
    }

    /// The first element of that local name directly within it, in any namespace.
    pub fn child(&self, id: NodeId, local: &str) -> Option<NodeId> {
        self.child_elements(id).find(|n| self.local(*n) == local)
    }

    /// Nodes within it at any depth, in document order.
    pub fn descendants(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let mut at = self.first_child(id);
        std::iter::from_fn(move || {
            let now = at?;
            at = self.first_child(now).or_else(|| self.behind(now, id));
            Some(now)
        })
    }

    /// The node behind this one and all that is in it, without leaving `within`.
    fn behind(&self, mut node: NodeId, within: NodeId) -> Option<NodeId> {
        loop {
            if let Some(next) = self.next_sibling(node) {
                return Some(next);
            }
            node = self.parent(node)?;
            if node == within {
                return None;
            }
        }
    }

    /// From the parent up to the document.
    pub fn ancestors(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.parent(id), |n| self.parent(*n))
    }

    /// Name of an element; `None` for others.
    pub fn name(&self, id: NodeId) -> Option<&Name> {
        self.names.get(self.nodes[id.index()].name as usize)
    }

    /// Number of an element's name within this tree; equal exactly where the names are.
    pub(crate) fn name_number(&self, id: NodeId) -> u32 {
        self.nodes[id.index()].name
    }

    /// Numbers of the names with that local part, in any namespace, or in the given one.
    pub(crate) fn numbers_of(&self, local: &str, namespace: Option<&str>) -> impl Iterator<Item = u32> + '_ {
        let all = self.by_local.get(local).map_or(&[][..], Vec::as_slice);
        let namespace = namespace.map(str::to_owned);
        all.iter().copied().filter(move |n| namespace.as_ref().is_none_or(|u| self.names[*n as usize].namespace == *u))
    }

    /// Local name of an element; empty for others.
    pub fn local(&self, id: NodeId) -> &str {
        self.name(id).map_or("", |n| &n.local)
    }

    /// Attributes of an element in the order they were written, without namespace declarations.
    pub fn attributes(&self, id: NodeId) -> impl Iterator<Item = (&Name, &str)> + '_ {
        self.raw_attributes(id).iter().map(|a| (&self.names[a.name as usize], a.value.as_str()))
    }

    fn raw_attributes(&self, id: NodeId) -> &[Attribute] {
        let node = &self.nodes[id.index()];
        match node.kind {
            Kind::Element => &self.attributes[node.from as usize..node.to as usize],
            Kind::Document | Kind::Text => &[],
        }
    }

    /// Value of the attribute of that local name, in no namespace.
    pub fn attribute(&self, id: NodeId, local: &str) -> Option<&str> {
        self.attributes(id).find(|(n, _)| n.local == local && n.namespace.is_empty()).map(|(_, v)| v)
    }

    /// Value of the first attribute of that local name in any namespace or none.
    pub fn any_attribute(&self, id: NodeId, local: &str) -> Option<&str> {
        self.attribute(id, local).or_else(|| self.attributes(id).find(|(n, _)| n.local == local).map(|(_, v)| v))
    }

    /// What a prefix stands for at an element.
    pub fn namespace_of(&self, id: NodeId, prefix: &str) -> Option<&str> {
        if prefix == "xml" {
            return Some(XML);
        }
        std::iter::once(id)
            .chain(self.ancestors(id))
            .find_map(|n| self.declarations(n).find(|(p, _)| *p == prefix).map(|(_, u)| u))
    }

    /// Namespace declarations of an element: prefix, namespace.
    pub fn declarations(&self, id: NodeId) -> impl Iterator<Item = (&str, &str)> + '_ {
        let from = self.declared.partition_point(|(n, _, _)| *n < id.0);
        self.declared[from..].iter().take_while(move |(n, _, _)| *n == id.0).map(|(_, p, u)| (p.as_str(), u.as_str()))
    }

    /// The string-value of XPath: all text within the node.
    pub fn text(&self, id: NodeId) -> Cow<'_, str> {
        let node = &self.nodes[id.index()];
        if node.kind == Kind::Text {
            return Cow::Borrowed(&self.text[node.from as usize..node.to as usize]);
        }
        let Some(first) = NodeId::known(node.first) else { return Cow::Borrowed("") };
        if node.first == node.last && self.kind(first) == Kind::Text {
            return self.text(first);
        }
        let mut out = String::new();
        for n in self.descendants(id).filter(|n| self.kind(*n) == Kind::Text) {
            out.push_str(&self.text(n));
        }
        Cow::Owned(out)
    }

    /// Whether an element holds no element.
    pub fn is_leaf(&self, id: NodeId) -> bool {
        self.child_elements(id).next().is_none()
    }

    fn number_of(&mut self, name: &Name) -> u32 {
        let alike = self.by_local.get(name.local.as_str()).map_or(&[][..], Vec::as_slice);
        if let Some(known) = alike.iter().find(|n| self.names[**n as usize] == *name) {
            return *known;
        }
        let number = self.names.len() as u32;
        self.by_local.entry(name.local.clone()).or_default().push(number);
        self.names.push(name.clone());
        number
    }

    fn push(&mut self, parent: NodeId, node: Node) -> NodeId {
        let id = self.nodes.len() as u32;
        let previous = self.nodes[parent.index()].last;
        self.nodes.push(Node { parent: parent.0, previous, ..node });
        match NodeId::known(previous) {
            Some(before) => self.nodes[before.index()].next = id,
            None => self.nodes[parent.index()].first = id,
        }
        self.nodes[parent.index()].last = id;
        NodeId(id)
    }

    /// Adds an element as the last child of `parent`, which must lie on the path to the last node (document order).
    pub fn add_element(&mut self, parent: NodeId, name: &Name, line: u32) -> NodeId {
        let name = self.number_of(name);
        let at = self.attributes.len() as u32;
        let node = Node {
            kind: Kind::Element,
            name,
            parent: 0,
            first: NONE,
            last: NONE,
            next: NONE,
            previous: NONE,
            line,
            from: at,
            to: at,
        };
        self.push(parent, node)
    }

    /// Adds an attribute to the element added last.
    pub fn add_attribute(&mut self, id: NodeId, name: &Name, value: &str) {
        let name = self.number_of(name);
        self.attributes.push(Attribute { name, value: value.to_owned() });
        self.nodes[id.index()].to = self.attributes.len() as u32;
    }

    /// Adds a text as the last child of `parent`.
    pub fn add_text(&mut self, parent: NodeId, text: &str) -> NodeId {
        let from = self.text.len() as u32;
        self.text.push_str(text);
        let to = self.text.len() as u32;
        let line = self.line(parent);
        let node =
            Node { kind: Kind::Text, name: NONE, parent: 0, first: NONE, last: NONE, next: NONE, previous: NONE, line, from, to };
        self.push(parent, node)
    }

    /// Replaces the text of an element whose only child is a text. Others are left as they are.
    pub(crate) fn set_text(&mut self, id: NodeId, text: &str) {
        let Some(child) = self.first_child(id).filter(|c| self.kind(*c) == Kind::Text && self.next_sibling(*c).is_none()) else {
            return;
        };
        let from = self.text.len() as u32;
        self.text.push_str(text);
        self.nodes[child.index()].from = from;
        self.nodes[child.index()].to = self.text.len() as u32;
    }

    /// The document as text. Reading it again gives an equal tree.
    pub fn to_xml(&self) -> String {
        let mut out = String::with_capacity(self.text.len() + 32 * self.nodes.len());
        let mut at = self.root();
        let top = self.document();
        while let Some(id) = at {
            if self.kind(id) == Kind::Text {
                escape(&self.text(id), false, &mut out);
            } else {
                self.open(id, &mut out);
                if let Some(first) = self.first_child(id) {
                    at = Some(first);
                    continue;
                }
            }
            // Up until there is a sibling.
            let mut node = id;
            at = loop {
                if let Some(next) = self.next_sibling(node) {
                    break Some(next);
                }
                match self.parent(node) {
                    Some(parent) if parent != top => {
                        out.push_str("</");
                        out.push_str(&self.name(parent).map(Name::qualified).unwrap_or_default());
                        out.push('>');
                        node = parent;
                    }
                    _ => break None,
                }
            };
        }
        out
    }

    fn open(&self, id: NodeId, out: &mut String) {
        out.push('<');
        out.push_str(&self.name(id).map(Name::qualified).unwrap_or_default());
        for (prefix, namespace) in self.declarations(id) {
            out.push_str(" xmlns");
            if !prefix.is_empty() {
                out.push(':');
                out.push_str(prefix);
            }
            out.push_str("=\"");
            escape(namespace, true, out);
            out.push('"');
        }
        for (name, value) in self.attributes(id) {
            out.push(' ');
            out.push_str(&name.qualified());
            out.push_str("=\"");
            escape(value, true, out);
            out.push('"');
        }
        out.push_str(if self.first_child(id).is_none() { "/>" } else { ">" });
    }
}

/// Equal where names, attributes in order, and texts are; lines and prefixes' declarations do not count.
impl PartialEq for Tree {
    fn eq(&self, other: &Tree) -> bool {
        let parents = |t: &Tree, i: usize| t.nodes[i].parent;
        self.nodes.len() == other.nodes.len()
            && (0..self.nodes.len()).all(|i| {
                let id = NodeId(i as u32);
                self.kind(id) == other.kind(id)
                    && parents(self, i) == parents(other, i)
                    && self.name(id) == other.name(id)
                    && (self.kind(id) != Kind::Text || self.text(id) == other.text(id))
                    && self.attributes(id).eq(other.attributes(id))
            })
    }
}

fn escape(text: &str, attribute: bool, out: &mut String) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' if attribute => out.push_str("&quot;"),
            '\n' if attribute => out.push_str("&#10;"),
            '\t' if attribute => out.push_str("&#9;"),
            '\r' => out.push_str("&#13;"),
            c => out.push(c),
        }
    }
}

const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// A tree while it is read.
struct Building<'a> {
    text: &'a str,
    /// Bytes before `text`: the byte order mark.
    limits: &'a Limits,
    tree: Tree,
    open: Vec<NodeId>,
    /// Prefix, namespace, number of elements open when it was declared.
    scope: Vec<(String, String, usize)>,
    pending: String,
    /// Line counted up to this byte.
    counted: usize,
    line: u32,
    /// Names by what was written, forgotten when a declaration changes what a prefix means.
    seen: HashMap<&'a str, u32>,
}

impl<'a> Building<'a> {
    fn new(bytes: &'a [u8], limits: &'a Limits) -> Result<Building<'a>, XmlError> {
        let first = |kind| XmlError { kind, line: 1, column: 1 };
        if bytes.len() > limits.bytes.min(u32::MAX as usize / 2) {
            return Err(first(XmlProblem::TooLarge(limits.bytes)));
        }
        if bytes.starts_with(&[0xFF, 0xFE])
            || bytes.starts_with(&[0xFE, 0xFF])
            || bytes.starts_with(&[0, 0x3C])
            || bytes.starts_with(&[0x3C, 0])
        {
            return Err(first(XmlProblem::Encoding("UTF-16".into())));
        }
        let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(e) => {
                // A declared encoding is the better answer.
                if let Some(other) = declared_encoding(bytes) {
                    return Err(first(XmlProblem::Encoding(other)));
                }
                let good = std::str::from_utf8(&bytes[..e.valid_up_to()]).unwrap_or_default();
                return Err(at(good, good.len(), XmlProblem::NotUtf8));
            }
        };
        if let Some(wrong) = text.find(|c: char| !is_xml(c)) {
            return Err(at(text, wrong, XmlProblem::ForbiddenCharacter));
        }
        Ok(Building {
            text,
            limits,
            tree: Tree::new(),
            open: Vec::new(),
            scope: Vec::new(),
            pending: String::new(),
            counted: 0,
            line: 1,
            seen: HashMap::new(),
        })
    }

    fn read(mut self) -> Result<Tree, XmlError> {
        let text = self.text;
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.check_comments = false;
        loop {
            let from = reader.buffer_position() as usize;
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(e) => {
                    return Err(at(text, reader.error_position() as usize, XmlProblem::NotWellFormed(e.to_string())));
                }
            };
            let fail = |kind| at(text, from, kind);
            match event {
                Event::Start(tag) => self.start(&tag, from, false)?,
                Event::Empty(tag) => self.start(&tag, from, true)?,
                Event::End(_) => self.end(from)?,
                Event::Text(words) => {
                    let words = words.xml_content().map_err(|e| fail(XmlProblem::NotWellFormed(e.to_string())))?;
                    self.words(&words, from)?;
                }
                Event::CData(words) => {
                    if self.open.is_empty() {
                        return Err(fail(XmlProblem::OutsideRoot));
                    }
                    let words = words.decode().map_err(|_| fail(XmlProblem::NotUtf8))?;
                    self.words(&line_ends(&words), from)?;
                }
                Event::GeneralRef(entity) => {
                    let name = entity.decode().map_err(|_| fail(XmlProblem::NotUtf8))?;
                    let c = entity_of(&name).ok_or_else(|| fail(XmlProblem::Entity(name.clone().into_owned())))?;
                    if self.open.is_empty() {
                        return Err(fail(XmlProblem::OutsideRoot));
                    }
                    self.pending.push(c);
                }
                Event::Decl(decl) => {
                    if from != 0 {
                        return Err(fail(XmlProblem::NotWellFormed("an XML declaration stands first".into())));
                    }
                    if let Some(Ok(encoding)) = decl.encoding() {
                        let word = String::from_utf8_lossy(&encoding).into_owned();
                        let fits = ["utf-8", "utf8", "us-ascii", "ascii"].iter().any(|w| word.eq_ignore_ascii_case(w));
                        if !fits {
                            return Err(fail(XmlProblem::Encoding(word)));
                        }
                    }
                }
                Event::DocType(_) => return Err(fail(XmlProblem::DocumentType)),
                Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        if !self.open.is_empty() {
            return Err(at(text, text.len(), XmlProblem::NotWellFormed("the document ends within an element".into())));
        }
        if self.tree.root().is_none() {
            return Err(at(text, text.len(), XmlProblem::NoRoot));
        }
        Ok(self.tree)
    }

    fn room(&self, from: usize) -> Result<(), XmlError> {
        match self.tree.len() > self.limits.nodes {
            true => Err(at(self.text, from, XmlProblem::TooManyNodes(self.limits.nodes))),
            false => Ok(()),
        }
    }

    fn words(&mut self, words: &str, from: usize) -> Result<(), XmlError> {
        if self.open.is_empty() {
            return match words.chars().all(|c| c.is_ascii_whitespace()) {
                true => Ok(()),
                false => Err(at(self.text, from, XmlProblem::OutsideRoot)),
            };
        }
        self.pending.push_str(words);
        Ok(())
    }

    /// Text read so far becomes a node.
    fn settle(&mut self, from: usize) -> Result<(), XmlError> {
        if let (Some(parent), false) = (self.open.last(), self.pending.is_empty()) {
            self.room(from)?;
            self.tree.add_text(*parent, &self.pending);
            self.pending.clear();
        }
        Ok(())
    }

    fn start(&mut self, tag: &BytesStart, from: usize, empty: bool) -> Result<(), XmlError> {
        let text = self.text;
        let fail = |kind| at(text, from, kind);
        self.settle(from)?;
        self.room(from)?;
        let parent = match self.open.last() {
            Some(parent) => *parent,
            None if self.tree.root().is_some() => return Err(fail(XmlProblem::OutsideRoot)),
            None => self.tree.document(),
        };
        if self.open.len() >= self.limits.depth {
            return Err(fail(XmlProblem::TooDeep(self.limits.depth)));
        }
        self.line += text.as_bytes()[self.counted..from].iter().filter(|b| **b == b'\n').count() as u32;
        self.counted = from;
        let mut attributes: Vec<(String, String)> = Vec::new();
        let mut declared: Vec<(String, String)> = Vec::new();
        for (n, attribute) in tag.attributes().enumerate() {
            if n >= self.limits.attributes {
                return Err(fail(XmlProblem::TooManyAttributes(self.limits.attributes)));
            }
            let attribute = attribute.map_err(|e| fail(XmlProblem::NotWellFormed(e.to_string())))?;
            let key = std::str::from_utf8(attribute.key.as_ref()).map_err(|_| fail(XmlProblem::NotUtf8))?;
            let raw = std::str::from_utf8(&attribute.value).map_err(|_| fail(XmlProblem::NotUtf8))?;
            let value = attribute_value(raw).map_err(fail)?;
            match key.strip_prefix("xmlns") {
                Some("") => declared.push((String::new(), value)),
                Some(rest) if rest.starts_with(':') => declared.push((rest[1..].to_owned(), value)),
                _ => attributes.push((key.to_owned(), value)),
            }
        }
        if !declared.is_empty() {
            self.seen.clear();
            let depth = self.open.len() + 1;
            self.scope.extend(declared.iter().map(|(p, u)| (p.clone(), u.clone(), depth)));
        }
        // The same bytes as in the tag, but living as long as the text.
        let written = tag.name();
        let written = text.get(from + 1..from + 1 + written.as_ref().len()).filter(|w| w.as_bytes() == written.as_ref());
        let written = written.ok_or_else(|| fail(XmlProblem::BadName(String::new())))?;
        let number = match self.seen.get(written) {
            Some(known) => *known,
            None => {
                let name = self.name(written, true).map_err(fail)?;
                let number = self.tree.number_of(&name);
                self.seen.insert(written, number);
                number
            }
        };
        let at_attribute = self.tree.attributes.len() as u32;
        let node = Node {
            kind: Kind::Element,
            name: number,
            parent: 0,
            first: NONE,
            last: NONE,
            next: NONE,
            previous: NONE,
            line: self.line,
            from: at_attribute,
            to: at_attribute,
        };
        let id = self.tree.push(parent, node);
        self.tree.declared.extend(declared.into_iter().map(|(p, u)| (id.0, p, u)));
        for (key, value) in attributes {
            let name = self.name(&key, false).map_err(fail)?;
            self.tree.add_attribute(id, &name, &value);
        }
        self.open.push(id);
        if empty {
            self.end(from)?;
        }
        Ok(())
    }

    fn end(&mut self, from: usize) -> Result<(), XmlError> {
        self.settle(from)?;
        let depth = self.open.len();
        while self.scope.last().is_some_and(|(_, _, d)| *d == depth) {
            self.scope.pop();
            self.seen.clear();
        }
        self.open.pop();
        Ok(())
    }

    fn name(&self, written: &str, element: bool) -> Result<Name, XmlProblem> {
        let (prefix, local) = written.split_once(':').unwrap_or(("", written));
        let good = |part: &str| part.chars().next().is_some_and(name_start) && part.chars().all(name_part);
        if !good(local) || (!prefix.is_empty() && !good(prefix)) || written.starts_with(':') {
            return Err(XmlProblem::BadName(written.chars().take(60).collect()));
        }
        let namespace = match (prefix, element) {
            ("xml", _) => XML.to_owned(),
            ("", false) => String::new(),
            (prefix, _) => match self.scope.iter().rev().find(|(p, _, _)| p == prefix) {
                Some((_, uri, _)) => uri.clone(),
                None if prefix.is_empty() || self.limits.unbound_prefixes => String::new(),
                None => return Err(XmlProblem::UnboundPrefix(prefix.to_owned())),
            },
        };
        Ok(Name { prefix: prefix.to_owned(), local: local.to_owned(), namespace })
    }
}

/// `NameStartChar` of XML 1.0 without the colon.
pub(crate) fn name_start(c: char) -> bool {
    matches!(c, 'A'..='Z' | '_' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
        | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
        | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}' | '\u{10000}'..='\u{effff}')
}

/// `NameChar` of XML 1.0 without the colon.
pub(crate) fn name_part(c: char) -> bool {
    name_start(c) || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// `Char` of XML 1.0.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn at(text: &str, offset: usize, kind: XmlProblem) -> XmlError {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &text[..offset];
    let line = before.matches('\n').count() as u32 + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u32 + 1;
    XmlError { kind, line, column }
}

/// The encoding of an XML declaration, where it is not UTF-8.
fn declared_encoding(bytes: &[u8]) -> Option<String> {
    let head = bytes.split(|b| *b == b'>').next().filter(|h| h.starts_with(b"<?xml") && h.len() < 200)?;
    let head = String::from_utf8_lossy(head);
    let value = head.split("encoding").nth(1)?.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let word = value[1..].split(quote).next()?;
    (!word.eq_ignore_ascii_case("utf-8")).then(|| word.to_owned())
}

fn entity_of(name: &str) -> Option<char> {
    let code = match name {
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "amp" => return Some('&'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => name.strip_prefix('#')?,
    };
    let digits = |d: &str, radix| {
        (!d.is_empty() && d.len() <= 8 && d.chars().all(|c| c.is_digit(radix)))
            .then(|| u32::from_str_radix(d, radix).ok())
            .flatten()
    };
    let number = match code.strip_prefix('x') {
        Some(hex) => digits(hex, 16)?,
        None => digits(code, 10)?,
    };
    char::from_u32(number).filter(|c| is_xml(*c))
}

fn line_ends(words: &str) -> Cow<'_, str> {
    match words.contains('\r') {
        true => Cow::Owned(words.replace("\r\n", "\n").replace('\r', "\n")),
        false => Cow::Borrowed(words),
    }
}

fn attribute_value(raw: &str) -> Result<String, XmlProblem> {
    let raw = line_ends(raw);
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw.as_ref();
    while let Some(c) = rest.chars().next() {
        match c {
            '<' => return Err(XmlProblem::NotWellFormed("< within an attribute".into())),
            '&' => {
                let end = rest.find(';').ok_or_else(|| XmlProblem::Entity(rest.chars().skip(1).take(20).collect()))?;
                let name = &rest[1..end];
                out.push(entity_of(name).ok_or_else(|| XmlProblem::Entity(name.chars().take(60).collect()))?);
                rest = &rest[end + 1..];
                continue;
            }
            '\t' | '\n' => out.push(' '),
            c => out.push(c),
        }
        rest = &rest[c.len_utf8()..];
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Tree, XmlError> {
        Tree::parse(text.as_bytes(), &Limits::default())
    }

    fn refused(text: &str) -> XmlProblem {
        read(text).unwrap_err().kind
    }

    #[test]
    fn names_texts_and_lines() {
        let t = read("<?xml version=\"1.0\"?>\n<h:a xmlns:h='urn:h' xmlns=\"urn:d\">\n <b x='1&amp;2' h:y='z'>村&#x4E00;<![CDATA[<&]]></b>\n</h:a>\n<!-- end -->")
            .unwrap();
        let root = t.root().unwrap();
        assert_eq!((t.local(root), t.name(root).unwrap().namespace.as_str(), t.line(root)), ("a", "urn:h", 2));
        let b = t.child(root, "b").unwrap();
        assert_eq!((t.name(b).unwrap().namespace.as_str(), t.line(b), t.text(b).as_ref()), ("urn:d", 3, "村一<&"));
        assert_eq!((t.attribute(b, "x"), t.attribute(b, "y"), t.any_attribute(b, "y")), (Some("1&2"), None, Some("z")));
        assert_eq!(t.namespace_of(b, "h"), Some("urn:h"));
        assert_eq!(read(&t.to_xml()).unwrap(), t);
    }

    #[test]
    fn refusals_have_names() {
        let rows: &[(&str, XmlProblem)] = &[
            ("", XmlProblem::NoRoot),
            ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", XmlProblem::DocumentType),
            ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", XmlProblem::DocumentType),
            ("<a>&b;</a>", XmlProblem::Entity("b".into())),
            ("<a b='&c;'/>", XmlProblem::Entity("c".into())),
            ("<a>&#0;</a>", XmlProblem::Entity("#0".into())),
            ("<a/><b/>", XmlProblem::OutsideRoot),
            ("x<a/>", XmlProblem::OutsideRoot),
            ("<a><p:b/></a>", XmlProblem::UnboundPrefix("p".into())),
            ("<a>\u{1}</a>", XmlProblem::ForbiddenCharacter),
            ("<1a/>", XmlProblem::BadName("1a".into())),
            ("<?xml version='1.0' encoding='GBK'?><a/>", XmlProblem::Encoding("GBK".into())),
        ];
        for (text, kind) in rows {
            assert_eq!(&refused(text), kind, "{text}");
        }
        for text in ["<a>", "<a></b>", "<a", "<a b/>", "<a b='1' b='2'/>", "<a b='<'/>", "</a>", "<a/> <?xml version='1.0'?>"] {
            assert!(matches!(refused(text), XmlProblem::NotWellFormed(_)), "{text}: {:?}", refused(text));
        }
        assert_eq!(Tree::parse(b"\xFF\xFE<\0a\0", &Limits::default()).unwrap_err().kind, XmlProblem::Encoding("UTF-16".into()));
        assert_eq!(
            Tree::parse(b"<a>\n \xC4\xE3</a>", &Limits::default()).unwrap_err(),
            XmlError { kind: XmlProblem::NotUtf8, line: 2, column: 2 }
        );
        assert_eq!(read("<a>\n<b>&c;</b></a>").map(|_| ()).unwrap_err().line, 2);
        assert!(Tree::parse(b"\xEF\xBB\xBF<a/>", &Limits::default()).is_ok());
    }

    #[test]
    fn limits_hold() {
        let small = Limits { bytes: 100, depth: 3, nodes: 5, attributes: 2, unbound_prefixes: false };
        let kind = |text: &str| Tree::parse(text.as_bytes(), &small).unwrap_err().kind;
        assert_eq!(kind(&"x".repeat(101)), XmlProblem::TooLarge(100));
        assert_eq!(kind("<a><b><c><d/></c></b></a>"), XmlProblem::TooDeep(3));
        assert_eq!(kind("<a><b/><b/><b/><b/><b/></a>"), XmlProblem::TooManyNodes(5));
        assert_eq!(kind("<a b='' c='' d=''/>"), XmlProblem::TooManyAttributes(2));
        let deep = "<a>".repeat(100_000);
        assert_eq!(refused(&deep), XmlProblem::TooDeep(200));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = Tree::parse(&bytes, &Limits::default());
        }

        #[test]
        fn almost_xml_never_panics(text in "[<>/a-c='\"&;# !\\[\\]?:x村-]{0,60}") {
            if let Ok(tree) = read(&text) {
                proptest::prop_assert_eq!(read(&tree.to_xml()).unwrap(), tree);
            }
        }
    }
}
