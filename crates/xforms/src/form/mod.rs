//! XForms in the dialect of ODK: what a form asks, and what follows from what.
//!
//! [`Form::read`] gives the form *and* all [`Problem`]s; a form with an [`Severity::Error`] is not given out. A **field** is a node of the
//! primary instance (a leaf, group, repeat or attribute), a **bind** its rules, a **control** what people see in the body.
//! Paths are local names from the root, such as `/data/people/age`; `orx:meta` and `meta` are the same.
//!
//! Refused by name: what is not well-formed, no primary instance, no form id, binds and controls of nodes that do not exist, expressions that
//! cannot be read, instances that are not declared, and cycles among `calculate` and `relevant` (invariant `no-cycles`; a `calculate`
//! that mentions its own node is let through, as its value then depends on its history; one that adds to itself is told).
//! Deliberately absent: `<submission>` targets, XForms events but for `setvalue`, `<dispatch>` and the like.

mod graph;
pub mod instances;
mod labels;
mod read;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

pub(crate) use graph::Step;
pub use instances::{Attachments, InstanceError};

use crate::{
    tree::{Name, Tree, XmlError},
    xpath::{Expr, Reference, Segment, SyntaxError},
};

/// What reading gave.
#[derive(Debug)]
pub struct Reading {
    /// The form, where nothing stands against it.
    pub form: Option<Form>,
    /// All that was found, in the order of the file.
    pub problems: Vec<Problem>,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The form cannot be used.
    Error,
    /// It can, but this is probably not meant.
    Warning,
}

/// Something wrong with a form.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// What.
    pub kind: ProblemKind,
    /// Node or element it concerns, as a path; empty where it concerns the whole form.
    pub at: String,
    /// Line in the file, from 1; 0 where it concerns the whole form.
    pub line: u32,
}

impl Problem {
    /// How bad it is.
    pub fn severity(&self) -> Severity {
        use ProblemKind::*;
        match &self.kind {
            // JavaRosa passes over binds with a relative path that leads nowhere.
            UnknownNode { what, path } if what == "bind" && !path.trim_start().starts_with('/') => Severity::Warning,
            Xml(_)
            | NotAForm(_)
            | NoFormId
            | UnknownNode { .. }
            | BadExpression { .. }
            | UnknownInstance(_)
            | DuplicateInstance(_)
            | Cycle(_)
            | TooLarge(..)
            | UnknownBind(_)
            | NoReference => Severity::Error,
            // What was sent is kept and not recomputed; phones do not open such a form.
            OwnValue(_)
            | UnknownType(_)
            | DuplicateBind
            | UnknownText(_)
            | UnknownControl(_)
            | RefersToNothing { .. }
            | NoChoices => Severity::Warning,
        }
    }
}

/// Kinds of problems.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProblemKind {
    /// Not well-formed, or refused by the reader.
    #[error("{0}")]
    Xml(XmlError),
    /// Something a form must have is missing: `model`, `instance`, `root`.
    #[error("not a form: no {0}")]
    NotAForm(&'static str),
    /// The root of the primary instance has neither `id` nor a namespace.
    #[error("no form id")]
    NoFormId,
    /// A bind or control of a node that the primary instance does not have.
    #[error("{what}: no node {path}")]
    UnknownNode {
        /// `bind`, `input`, `repeat` …
        what: String,
        /// The reference as written.
        path: String,
    },
    /// An expression that cannot be read.
    #[error("{what}: {error}: {text}")]
    BadExpression {
        /// Attribute such as `relevant`.
        what: String,
        /// The expression, cut to 200 characters.
        text: String,
        /// Why.
        error: SyntaxError,
    },
    /// `instance('…')` that is not declared.
    #[error("no instance {0}")]
    UnknownInstance(String),
    /// Two instances with one id.
    #[error("two instances {0}")]
    DuplicateInstance(String),
    /// These nodes depend on each other.
    #[error("depend on each other: {}", .0.join(" → "))]
    Cycle(Vec<String>),
    /// A calculation that adds to its own value, so that it never comes to rest.
    #[error("{0} adds to its own value")]
    OwnValue(String),
    /// More nodes, or more references with `*` and `//`, than a form may have.
    #[error("too large: more than {0} {1}")]
    TooLarge(usize, &'static str),
    /// `bind="…"` that no bind has as its id.
    #[error("no bind {0}")]
    UnknownBind(String),
    /// A control or bind that says no node.
    #[error("no reference to a node")]
    NoReference,
    /// A data type that is taken as text.
    #[error("unknown type {0}, taken as text")]
    UnknownType(String),
    /// A second bind of a node; the later one is added to the first.
    #[error("a second bind")]
    DuplicateBind,
    /// An `itext` id in no language.
    #[error("no text {0}")]
    UnknownText(String),
    /// An element of the body that is not known, and left out.
    #[error("unknown element {0}")]
    UnknownControl(String),
    /// An expression mentions a node that does not exist; it is empty.
    #[error("{what} mentions {path}, which does not exist")]
    RefersToNothing {
        /// Attribute such as `relevant`.
        what: String,
        /// The node.
        path: String,
    },
    /// A select without choices.
    #[error("no choices")]
    NoChoices,
}

/// A form.
#[derive(Debug)]
pub struct Form {
    /// Title; empty where there is none.
    pub title: String,
    /// Form id: `id` of the primary instance's root, or its namespace.
    pub id: String,
    /// Version.
    pub version: Option<String>,
    /// Nodes of the primary instance in document order; the first is the root.
    pub fields: Vec<Field>,
    /// Secondary instances.
    pub instances: Vec<Instance>,
    /// Languages in the order of the file.
    pub languages: Vec<Language>,
    /// The body.
    pub body: Vec<Control>,
    /// `setvalue` and `setgeopoint`.
    pub actions: Vec<Action>,
    /// Public key for encryption, base64 of its DER.
    pub public_key: Option<String>,
    /// Version of the entities specification, where the form creates or updates entities.
    pub entities_version: Option<String>,
    /// Namespaces by prefix.
    pub prefixes: BTreeMap<String, String>,
    pub(crate) by_path: HashMap<String, usize>,
    /// Fields in an order in which each comes behind what its relevance and calculation read.
    pub(crate) order: Vec<graph::Step>,
}

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Holds fields.
    Group,
    /// A group that occurs any number of times.
    Repeat,
    /// Holds a value.
    Leaf,
    /// An attribute of another field.
    Attribute,
}

/// A node of the primary instance.
#[derive(Debug)]
pub struct Field {
    /// Path, such as `/data/people/age`.
    pub path: String,
    /// Name as the form writes it.
    pub name: Name,
    /// What it is.
    pub kind: FieldKind,
    /// The field around it.
    pub parent: Option<usize>,
    /// Fields in it, attributes too.
    pub children: Vec<usize>,
    /// Its rules.
    pub bind: Bind,
    /// Value in an empty form.
    pub default: String,
    /// How many such nodes an empty form has (repeats).
    pub initially: usize,
    /// What its control offers and takes.
    pub asked: Option<Asked>,
    /// Whether a `setvalue` or `setgeopoint` fills it.
    pub set_by_action: bool,
    /// Line in the file.
    pub line: u32,
}

impl Field {
    /// Whether somebody is asked for it: a question of the body that can be answered, not one that only shows something.
    pub fn is_question(&self) -> bool {
        let shows = self.bind.readonly.as_ref().is_some_and(|rule| rule.text.trim() == "true()");
        self.asked.as_ref().is_some_and(|asked| asked.control != ControlKind::Trigger && !shows)
    }

    /// Names from the root.
    pub fn names(&self) -> Vec<&str> {
        self.path.split('/').skip(1).collect()
    }

    /// The same as a reference.
    pub fn reference(&self) -> Reference {
        Reference(self.path.split('/').skip(1).map(|s| Segment::Name(s.to_owned())).collect())
    }
}

/// What the body asks about a field.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Kind of control.
    pub control: ControlKind,
    /// What may be chosen.
    pub choices: Choices,
}

/// Data types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DataType {
    /// `string`, and whatever is not known.
    #[default]
    Text,
    /// `int`.
    Integer,
    /// `decimal`.
    Decimal,
    /// `boolean`.
    Boolean,
    /// `date`.
    Date,
    /// `time`.
    Time,
    /// `dateTime`.
    DateTime,
    /// `geopoint`: latitude, longitude, altitude (m), accuracy (m).
    Geopoint,
    /// `geotrace`.
    Geotrace,
    /// `geoshape`.
    Geoshape,
    /// `binary`: the name of a file.
    Binary,
    /// `barcode`.
    Barcode,
    /// `intent`.
    Intent,
    /// `select1`, in old forms.
    SelectOne,
    /// `select`, in old forms.
    Select,
    /// `odk:rank`.
    Rank,
}

/// An expression of a form.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// As written.
    pub text: String,
    /// As read.
    pub expr: Expr,
    /// Whether it cannot be recomputed later: it depends on the moment, or on its own node's history.
    pub of_the_moment: bool,
    /// Whether that is only because of `now()` or `today()`.
    pub by_clock: bool,
}

/// The rules of a field.
#[derive(Debug, Clone, Default)]
pub struct Bind {
    /// Data type.
    pub data_type: DataType,
    /// When it counts; always where none is given.
    pub relevant: Option<Rule>,
    /// When it must be filled.
    pub required: Option<Rule>,
    /// What must hold for its value.
    pub constraint: Option<Rule>,
    /// Its value.
    pub calculate: Option<Rule>,
    /// When it may not be changed.
    pub readonly: Option<Rule>,
    /// What is said when the constraint does not hold.
    pub constraint_message: Option<Text>,
    /// What is said when it is missing.
    pub required_message: Option<Text>,
    /// `jr:preload` and `jr:preloadParams`.
    pub preload: Option<(String, String)>,
    /// Property of the entity that takes the value.
    pub save_to: Option<String>,
    /// Line of the bind; 0 where there is none.
    pub line: u32,
}

/// Words with parts that are computed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Text(pub Vec<Part>);

/// A part of a [`Text`].
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Words.
    Words(String),
    /// `<output value="…"/>`.
    Output(Rule),
    /// All of it is `jr:itext('id')`.
    Itext(String),
}

/// A secondary instance.
#[derive(Debug)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// Where it comes from.
    pub source: Source,
    /// Line in the file.
    pub line: u32,
}

/// Where a secondary instance comes from.
#[derive(Debug)]
pub enum Source {
    /// The form itself.
    Inline(Tree),
    /// A file; the URI as written, such as `jr://file-csv/villages.csv`.
    External(String),
}

/// A language of the form.
#[derive(Debug, Clone)]
pub struct Language {
    /// Name, such as `English (en)`.
    pub name: String,
    /// Whether it is the default.
    pub default: bool,
    /// Texts by id: form (`image`, `short` …, or none) and words.
    pub texts: HashMap<String, Vec<(Option<String>, Text)>>,
}

/// An element of the body.
#[derive(Debug, Clone)]
pub enum Control {
    /// A question.
    Question(Box<Question>),
    /// A group.
    Group(Group),
    /// A repeat.
    Repeat(Repeat),
}

/// Kinds of questions.
#[derive(Debug, Clone, PartialEq)]
pub enum ControlKind {
    /// `input`.
    Input,
    /// `secret`.
    Secret,
    /// `select`: any number.
    Select,
    /// `select1`: one.
    SelectOne,
    /// `odk:rank`: all, in order.
    Rank,
    /// `trigger`: acknowledged with `OK`.
    Trigger,
    /// `upload`, with its media type.
    Upload(String),
    /// `range`: from, to, step.
    Range(Option<f64>, Option<f64>, Option<f64>),
}

/// A question.
#[derive(Debug, Clone)]
pub struct Question {
    /// Kind.
    pub kind: ControlKind,
    /// Its field.
    pub field: usize,
    /// What is asked.
    pub label: Option<Text>,
    /// What helps.
    pub hint: Option<Text>,
    /// Appearance, as written.
    pub appearance: String,
    /// What may be chosen.
    pub choices: Choices,
    /// Line in the file.
    pub line: u32,
}

/// What may be chosen.
#[derive(Debug, Clone, Default)]
pub enum Choices {
    /// Not a select.
    #[default]
    None,
    /// Listed in the form: value and label.
    Listed(Vec<(String, Text)>),
    /// Taken from nodes.
    Itemset(Box<Itemset>),
    /// In an external file outside of the standard (`query`, `search()`): not checked.
    Elsewhere,
}

/// Choices from nodes.
#[derive(Debug, Clone)]
pub struct Itemset {
    /// The nodes.
    pub nodeset: Rule,
    /// Value, from each node.
    pub value: Rule,
    /// Label, from each node.
    pub label: Option<Rule>,
}

/// A group of questions.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its field, where it has one.
    pub field: Option<usize>,
    /// Heading.
    pub label: Option<Text>,
    /// Appearance, as written.
    pub appearance: String,
    /// What is in it.
    pub controls: Vec<Control>,
    /// Line in the file.
    pub line: u32,
}

/// A repeat.
#[derive(Debug, Clone)]
pub struct Repeat {
    /// Its field.
    pub field: usize,
    /// How many there are, where that is computed.
    pub count: Option<Rule>,
    /// Whether people may add or remove.
    pub fixed: bool,
    /// Appearance, as written.
    pub appearance: String,
    /// What is in it.
    pub controls: Vec<Control>,
    /// Line in the file.
    pub line: u32,
}

/// `setvalue` or `setgeopoint`.
#[derive(Debug, Clone)]
pub struct Action {
    /// Whether it sets a position.
    pub geopoint: bool,
    /// Events, such as `odk-instance-first-load`.
    pub events: Vec<String>,
    /// The field it sets.
    pub field: usize,
    /// The value; none where it is the element's text or a position.
    pub value: Option<Rule>,
    /// The text, where there is no expression.
    pub text: String,
    /// Line in the file.
    pub line: u32,
}

impl Form {
    /// Reads a form.
    pub fn read(bytes: &[u8]) -> Reading {
        read::read(bytes)
    }

    /// The field at a path.
    pub fn field(&self, path: &str) -> Option<&Field> {
        self.by_path.get(path).map(|n| &self.fields[*n])
    }

    /// The root field.
    pub fn root(&self) -> &Field {
        &self.fields[0]
    }

    /// A text in a language (or the default, or the first), where it has no computed parts beyond itself; `None` where there is none.
    pub fn words(&self, id: &str, language: Option<&str>) -> Option<&Text> {
        let wanted = language.and_then(|l| self.languages.iter().find(|known| known.name == l));
        let language = wanted.or_else(|| self.languages.iter().find(|l| l.default)).or(self.languages.first())?;
        language.texts.get(id)?.iter().find(|(form, _)| form.is_none()).map(|(_, text)| text)
    }
}
