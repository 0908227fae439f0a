//! A submission against its form: recomputed, and what does not fit told.
//!
//! A submission is never refused for its content. [`evaluate`] fails only where it is not XML, not of this form, or encrypted;
//! everything else is a [`Finding`] beside the flat [`Answer`]s.
//!
//! How: the submission is laid over the form's nodes, one **cell** per node and repeat instance. In the order that the form's
//! graph gives, each cell's relevance (inherited from above) and calculation is computed; what is not relevant counts as empty, what is
//! calculated counts as recomputed. Then types, `required`, `constraint`, offered choices and repeat counts are looked at.
//!
//! Not judged, so that nothing is wrongly held against a submission: what depends on the moment or language of filling or on its own
//! history ([`crate::form::Rule::of_the_moment`]: sent values stand; constraints about today are judged where `start` or `end` were
//! sent, and held against nobody where they are met then or now), expressions that need a file that was not given, and
//! expressions that cannot be evaluated. The latter two are listed in [`Evaluation::unjudged`].

use std::{borrow::Borrow, collections::HashMap};

use crate::{
    form::{Asked, Attachments, Choices, ControlKind, DataType, FieldKind, Form, Part, Rule, Source},
    tree::{Kind, Limits, NodeId, Tree, XmlError},
    xpath::{
        Caches, Dialect, EvalError, Evaluator, Expr, Focus, Hooks, Memory, Moment, NodeRef, Value, World, parse, parse_moment,
    },
};

mod types;

pub use types::fits_type;

/// What the caller knows.
#[derive(Debug, Clone)]
pub struct Context {
    /// What `now()` and `today()` mean: best when the form was filled, else when it came in.
    pub now: Moment,
    /// Seed of `random()` and the like; does not change findings.
    pub seed: u64,
    /// Language of texts; the form's default where none is given.
    pub language: Option<String>,
    /// Which kind of client filled it.
    pub dialect: Dialect,
    /// Limits for the submission's XML.
    pub limits: Limits,
}

impl Context {
    /// At that moment, otherwise as usual.
    pub fn at(now: Moment) -> Context {
        let limits = Limits { unbound_prefixes: true, nodes: 200_000, ..Limits::default() };
        Context { now, seed: 0, language: None, dialect: Dialect::Collect, limits }
    }
}

/// Why a submission was not looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmissionError {
    /// Not well-formed.
    #[error("{0}")]
    Xml(XmlError),
    /// Another root element than the form's.
    #[error("the root element is {found}, not {expected}")]
    WrongRoot {
        /// As sent.
        found: String,
        /// The form's.
        expected: String,
    },
    /// Another form's id.
    #[error("the form id is {found}, not {expected}")]
    WrongForm {
        /// As sent.
        found: String,
        /// The form's.
        expected: String,
    },
    /// Encrypted: kept, but not readable here.
    #[error("encrypted")]
    Encrypted,
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Path in the submission with repeat positions, such as `/data/child[2]/name`.
    pub at: String,
    /// Path in the form, without positions.
    pub field: String,
    /// What.
    pub kind: FindingKind,
}

/// What does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FindingKind {
    /// The constraint does not hold for the value.
    ConstraintNotMet {
        /// The value.
        value: String,
        /// The constraint.
        constraint: String,
    },
    /// Required, relevant and empty.
    RequiredButEmpty,
    /// Not relevant, but with a value.
    IrrelevantButFilled {
        /// The value.
        value: String,
    },
    /// The calculation gives something else.
    CalculationDiffers {
        /// As sent.
        sent: String,
        /// As recomputed.
        recomputed: String,
    },
    /// The form has no such node.
    NoSuchField,
    /// The value is not of its type.
    TypeMismatch {
        /// The type.
        data_type: DataType,
        /// The value.
        value: String,
    },
    /// No such choice is offered.
    ChoiceNotOffered {
        /// The value chosen.
        value: String,
    },
    /// Another number of repeats than `jr:count` gives.
    RepeatCountDiffers {
        /// As sent.
        sent: usize,
        /// As recomputed.
        recomputed: usize,
    },
    /// A node that is no repeat occurs again; the first counts.
    OccursAgain,
    /// Text or elements where the form has none.
    UnexpectedContent,
    /// Another version of the form.
    OtherVersion {
        /// As sent; empty for none.
        sent: String,
    },
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Number of the field in [`Form::fields`].
    pub field: usize,
    /// Path in the form.
    pub path: String,
    /// Position in each repeat around it, outermost first, from 1.
    pub positions: Vec<u32>,
    /// Its type.
    pub data_type: DataType,
    /// The value as sent; empty where nothing was.
    pub sent: String,
    /// The value that counts: as sent, as recomputed, or empty where it is not relevant.
    pub value: String,
    /// Whether it is relevant.
    pub relevant: bool,
}

/// An expression that could not be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unjudged {
    /// Path with positions.
    pub at: String,
    /// Which expression: `relevant`, `calculate`, `required`, `constraint`, `choices`, `count`.
    pub what: &'static str,
    /// Why.
    pub why: EvalError,
}

/// What came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// What does not fit, in the order of the form.
    pub findings: Vec<Finding>,
    /// All leaves and attributes, in document order.
    pub answers: Vec<Answer>,
    /// What could not be judged.
    pub unjudged: Vec<Unjudged>,
    /// `meta/instanceID`.
    pub instance_id: Option<String>,
    /// `meta/deprecatedID`: the submission that this one replaces.
    pub deprecated_id: Option<String>,
    /// `meta/instanceName`.
    pub instance_name: Option<String>,
    /// Version of the form as sent.
    pub version: Option<String>,
    /// Questions that were put: those of the body that are relevant, once for each repeat; what is only shown is none.
    pub questions: usize,
    /// When filling began and ended, as the device says it (`start`, `end`), in the order of the form.
    pub filled: Vec<Moment>,
}

/// Makes evaluations of one form's submissions: holds what does not change between them. The form and its files are borrowed or
/// shared (`Arc`); threads may use one assessor together.
#[derive(Debug)]
pub struct Assessor<F, A> {
    form: F,
    attachments: A,
    caches: Caches,
}

impl<F: Borrow<Form>, A: Borrow<Attachments>> Assessor<F, A> {
    /// For a form with its files.
    pub fn new(form: F, attachments: A) -> Assessor<F, A> {
        Assessor { form, attachments, caches: Caches::default() }
    }

    /// The form.
    pub fn form(&self) -> &Form {
        self.form.borrow()
    }

    /// Looks at a submission.
    pub fn evaluate(&self, submission: &[u8], context: &Context) -> Result<Evaluation, SubmissionError> {
        let form = self.form();
        let sent = Tree::parse(submission, &context.limits).map_err(SubmissionError::Xml)?;
        let root = self.accept(&sent)?;
        let trees = form.instances.iter().filter_map(|i| match &i.source {
            Source::Inline(tree) => Some((i.id.as_str(), tree)),
            Source::External(_) => self.attachments.borrow().tree(&i.id).map(|t| (i.id.as_str(), t)),
        });
        // Numbers of documents are 16 bits.
        let secondary: Vec<(&str, &Tree)> = trees.take(60_000).collect();
        let mut work = Work {
            form,
            secondary: &secondary,
            caches: &self.caches,
            context,
            now: context.now,
            filled: Vec::new(),
            memory: Memory::new(context.seed),
            sent: &sent,
            tree: Tree::new(),
            cells: Vec::new(),
            of_field: vec![Vec::new(); form.fields.len()],
            findings: Vec::new(),
            unjudged: Vec::new(),
        };
        work.lay_out(root);
        work.moments();
        work.recompute();
        work.look();
        Ok(work.finish(root))
    }

    /// The root of a submission of this form.
    fn accept(&self, sent: &Tree) -> Result<NodeId, SubmissionError> {
        let form = self.form();
        let wrong =
            |found: &str| SubmissionError::WrongRoot { found: found.to_owned(), expected: form.root().name.local.clone() };
        let root = sent.root().ok_or_else(|| wrong(""))?;
        let namespace = sent.name(root).map_or("", |n| n.namespace.as_str());
        let id = sent.attribute(root, "id").unwrap_or(namespace);
        if sent.attribute(root, "encrypted").is_some_and(|e| e == "yes") {
            return Err(SubmissionError::Encrypted);
        }
        if id != form.id {
            return Err(SubmissionError::WrongForm { found: id.to_owned(), expected: form.id.clone() });
        }
        match sent.local(root) == form.root().name.local {
            true => Ok(root),
            false => Err(wrong(sent.local(root))),
        }
    }
}

/// Looks at one submission; with many of one form, make an [`Assessor`] once.
pub fn evaluate(
    form: &Form,
    attachments: &Attachments,
    submission: &[u8],
    context: &Context,
) -> Result<Evaluation, SubmissionError> {
    Assessor::new(form, attachments).evaluate(submission, context)
}

/// What clients may add to `meta` though the form has no such node (OpenRosa's metadata schema).
const META: &[&str] = &[
    "instanceID",
    "instanceName",
    "deprecatedID",
    "timeStart",
    "timeEnd",
    "userID",
    "deviceID",
    "simID",
    "audit",
    "background-audio",
];

/// A node of the form in the submission.
struct Cell {
    field: usize,
    node: NodeRef,
    /// The cell around it.
    parent: Option<usize>,
    /// Position among the instances of its repeat; 0 for others.
    position: u32,
    sent: Option<String>,
    /// Set once it was recomputed.
    value: Option<String>,
    relevant: bool,
    /// Whether relevance depends on the moment.
    uncertain: bool,
}

struct Work<'a> {
    form: &'a Form,
    secondary: &'a [(&'a str, &'a Tree)],
    caches: &'a Caches,
    context: &'a Context,
    /// What `now()` means at present.
    now: Moment,
    /// When it was filled, as it says itself.
    filled: Vec<Moment>,
    memory: Memory,
    sent: &'a Tree,
    tree: Tree,
    cells: Vec<Cell>,
    of_field: Vec<Vec<usize>>,
    /// With the cell they belong to, for their order.
    findings: Vec<(usize, Finding)>,
    unjudged: Vec<Unjudged>,
}

impl Work<'_> {
    fn lay_out(&mut self, root: NodeId) {
        let document = self.tree.document();
        self.lay(0, Some(root), document, None, 0);
        let sent = self.sent.any_attribute(root, "version").unwrap_or_default();
        if sent != self.form.version.as_deref().unwrap_or_default() {
            let kind = FindingKind::OtherVersion { sent: sent.to_owned() };
            self.tell(0, self.form.root().path.clone(), self.form.root().path.clone(), kind);
        }
    }

    /// Lays a node of the submission (or nothing) over a field. As deep as the form, which [`Limits::depth`] bounds.
    fn lay(&mut self, field: usize, from: Option<NodeId>, into: NodeId, parent: Option<usize>, position: u32) {
        let form = self.form;
        let sent = self.sent;
        let about = &form.fields[field];
        let node = self.tree.add_element(into, &about.name, from.map_or(0, |n| sent.line(n)));
        let cell = self.cells.len();
        let leaf = about.kind == FieldKind::Leaf;
        let text = from.filter(|_| leaf).map(|n| sent.text(n).into_owned());
        let mut attributes = 0;
        for child in about.children.iter().copied().filter(|c| form.fields[*c].kind == FieldKind::Attribute) {
            let name = &form.fields[child].name;
            let value = from.and_then(|n| sent.any_attribute(n, name.local.trim_start_matches('@')));
            let mut own = name.clone();
            own.local = own.local.trim_start_matches('@').to_owned();
            self.tree.add_attribute(node, &own, value.unwrap_or_default());
            attributes += 1;
        }
        self.cells.push(Cell {
            field,
            node: NodeRef::main(node),
            parent,
            position,
            sent: text.clone(),
            value: None,
            relevant: true,
            uncertain: false,
        });
        self.of_field[field].push(cell);
        let own_attributes = about.children.iter().copied().filter(|c| form.fields[*c].kind == FieldKind::Attribute);
        for (n, child) in own_attributes.enumerate().take(attributes) {
            let value = from.and_then(|n| sent.any_attribute(n, form.fields[child].name.local.trim_start_matches('@')));
            self.of_field[child].push(self.cells.len());
            self.cells.push(Cell {
                field: child,
                node: NodeRef { attribute: Some(n as u16), ..NodeRef::main(node) },
                parent: Some(cell),
                position: 0,
                sent: value.map(str::to_owned),
                value: None,
                relevant: true,
                uncertain: false,
            });
        }
        let Some(from) = from else {
            if leaf {
                self.tree.add_text(node, "");
            }
            self.lay_missing(field, node, cell);
            return;
        };
        if leaf {
            self.tree.add_text(node, &text.unwrap_or_default());
            if !sent.is_leaf(from) {
                self.finding(cell, FindingKind::UnexpectedContent);
            }
            return;
        }
        let template = |n: &NodeId| sent.attributes(*n).any(|(n, _)| n.local == "template" && !n.namespace.is_empty());
        let given: Vec<NodeId> = sent.child_elements(from).filter(|n| !template(n)).collect();
        let mut by_name: HashMap<&str, Vec<NodeId>> = HashMap::with_capacity(given.len());
        for node in &given {
            by_name.entry(sent.local(*node)).or_default().push(*node);
        }
        for child in about.children.iter().copied() {
            let wanted = &form.fields[child];
            match (wanted.kind, by_name.remove(wanted.name.local.as_str())) {
                (FieldKind::Attribute, _) | (FieldKind::Repeat, None) => {}
                (FieldKind::Repeat, Some(instances)) => {
                    for (n, instance) in instances.into_iter().enumerate() {
                        self.lay(child, Some(instance), node, Some(cell), n as u32 + 1);
                    }
                }
                (FieldKind::Leaf | FieldKind::Group, None) => self.lay(child, None, node, Some(cell), 0),
                (FieldKind::Leaf | FieldKind::Group, Some(instances)) => {
                    self.lay(child, Some(instances[0]), node, Some(cell), 0);
                    let again = if about.name.local == "meta" { &[] } else { &instances[1..] };
                    for _ in again {
                        let at = format!("{}/{}", self.at(cell), wanted.name.local);
                        self.tell(cell, at, wanted.path.clone(), FindingKind::OccursAgain);
                    }
                }
            }
        }
        for node in given.iter().filter(|n| by_name.contains_key(sent.local(**n))) {
            let name = sent.local(*node);
            // As does `meta` itself.
            if name == "meta" && about.parent.is_none() && !about.children.iter().any(|c| form.fields[*c].name.local == "meta") {
                continue;
            }
            if about.name.local == "meta" && META.contains(&name) {
                continue;
            }
            let at = format!("{}/{name}", self.at(cell));
            self.tell(cell, at, format!("{}/{name}", about.path), FindingKind::NoSuchField);
        }
        let stray = sent.children(from).any(|n| sent.kind(n) == Kind::Text && !sent.text(n).trim().is_empty());
        if stray {
            self.finding(cell, FindingKind::UnexpectedContent);
        }
    }

    fn lay_missing(&mut self, field: usize, node: NodeId, cell: usize) {
        let form = self.form;
        let children = form.fields[field].children.iter().copied();
        for child in children.filter(|c| matches!(form.fields[*c].kind, FieldKind::Leaf | FieldKind::Group)) {
            self.lay(child, None, node, Some(cell), 0);
        }
    }

    /// Path with positions.
    fn at(&self, cell: usize) -> String {
        let mut parts = Vec::new();
        let mut next = Some(cell);
        while let Some(n) = next {
            let c = &self.cells[n];
            let local = &self.form.fields[c.field].name.local;
            parts.push(if c.position > 0 { format!("/{local}[{}]", c.position) } else { format!("/{local}") });
            next = c.parent;
        }
        parts.reverse();
        parts.concat()
    }

    fn finding(&mut self, cell: usize, kind: FindingKind) {
        let at = self.at(cell);
        self.tell(cell, at, self.form.fields[self.cells[cell].field].path.clone(), kind);
    }

    fn tell(&mut self, cell: usize, at: String, field: String, kind: FindingKind) {
        self.findings.push((cell, Finding { at, field, kind }));
    }

    fn unjudged(&mut self, cell: usize, what: &'static str, why: EvalError) {
        let at = self.at(cell);
        self.unjudged.push(Unjudged { at, what, why });
    }

    /// Evaluates at a cell.
    fn with<R>(&self, cell: usize, work: impl FnOnce(&Evaluator, Focus) -> R) -> R {
        let hooks = FormHooks { form: self.form, language: self.context.language.as_deref() };
        let world = World {
            main: &self.tree,
            secondary: self.secondary,
            prefixes: &self.form.prefixes,
            hooks: &hooks,
            caches: self.caches,
            now: self.now,
            dialect: self.context.dialect,
        };
        work(&Evaluator::new(world, &self.memory), Focus::at(self.cells[cell].node))
    }

    fn holds(&mut self, rule: &Rule, cell: usize, what: &'static str) -> Option<bool> {
        match self.with(cell, |ev, focus| ev.boolean(&rule.expr, focus)) {
            Ok(holds) => Some(holds),
            Err(why) => {
                self.unjudged(cell, what, why);
                None
            }
        }
    }

    /// Whether a constraint is not met. One about today or now is judged where the submission itself says when it was filled,
    /// and only held against it where it is met neither then nor now.
    fn breaks(&mut self, rule: &Rule, cell: usize) -> bool {
        if !rule.of_the_moment {
            return self.holds(rule, cell, "constraint") == Some(false);
        }
        if !rule.by_clock || self.filled.is_empty() {
            return false;
        }
        let now = std::mem::replace(&mut self.now, self.context.now);
        let mut broken = self.holds(rule, cell, "constraint") == Some(false);
        for moment in self.filled.clone() {
            self.now = moment;
            broken = broken && self.holds(rule, cell, "constraint") == Some(false);
        }
        self.now = now;
        broken
    }

    /// When the submission says that it was begun and ended.
    fn moments(&mut self) {
        let offset = self.context.now.offset_minutes;
        for cell in &self.cells {
            let preload = self.form.fields[cell.field].bind.preload.as_ref();
            let timed = preload.is_some_and(|(what, which)| what == "timestamp" && matches!(which.as_str(), "start" | "end"));
            let local = cell.sent.as_deref().filter(|_| timed).and_then(|text| parse_moment(text, offset)).filter(|m| m.timed);
            if let Some(local) = local {
                let epoch_ms = (local.days * 86_400_000.0).round() as i64 - i64::from(offset) * 60_000;
                self.filled.push(Moment { epoch_ms, offset_minutes: offset });
            }
        }
    }

    fn recompute(&mut self) {
        let form = self.form;
        for step in &form.order {
            match *step {
                crate::form::Step::Relevance(field) => {
                    for n in 0..self.of_field[field].len() {
                        self.relevance(self.of_field[field][n]);
                    }
                }
                crate::form::Step::Value(field) => {
                    if form.fields[field].bind.calculate.is_some() {
                        for n in 0..self.of_field[field].len() {
                            self.calculation(self.of_field[field][n]);
                        }
                    }
                }
            }
        }
    }

    fn relevance(&mut self, cell: usize) {
        let form = self.form;
        let field = &form.fields[self.cells[cell].field];
        let (mut relevant, mut uncertain) = match self.cells[cell].parent {
            Some(parent) => (self.cells[parent].relevant, self.cells[parent].uncertain),
            None => (true, false),
        };
        if let (true, Some(rule)) = (relevant, &field.bind.relevant) {
            match self.holds(rule, cell, "relevant") {
                Some(holds) if !rule.of_the_moment => relevant = holds,
                // Whoever filled it saw it.
                _ => {
                    uncertain = true;
                }
            }
        }
        let c = &mut self.cells[cell];
        c.relevant = relevant;
        c.uncertain = uncertain;
        if !relevant && c.node.attribute.is_none() && field.kind == FieldKind::Leaf {
            let node = c.node.node;
            c.value = Some(String::new());
            let filled = c.sent.clone().filter(|s| !s.trim().is_empty());
            if let Some(value) = filled {
                self.tree.set_text(node, "");
                self.finding(cell, FindingKind::IrrelevantButFilled { value });
            }
        }
    }

    fn calculation(&mut self, cell: usize) {
        let form = self.form;
        let field = &form.fields[self.cells[cell].field];
        let Some(rule) = &field.bind.calculate else { return };
        if !self.cells[cell].relevant || rule.of_the_moment {
            return;
        }
        let computed = self.with(cell, |ev, focus| {
            ev.value(&rule.expr, focus).map(|value| match value {
                Value::Number(n) if n.is_nan() => String::new(),
                other => ev.to_text(other).into_owned(),
            })
        });
        let computed = match computed {
            Ok(text) => types::as_type(field.bind.data_type, text),
            Err(why) => return self.unjudged(cell, "calculate", why),
        };
        let c = &self.cells[cell];
        let sent = c.sent.clone().unwrap_or_default();
        if types::same(field.bind.data_type, &sent, &computed, self.context.now.offset_minutes) {
            return;
        }
        if c.node.attribute.is_none() {
            let node = c.node.node;
            self.tree.set_text(node, &computed);
        }
        self.cells[cell].value = Some(computed.clone());
        if !self.cells[cell].uncertain {
            self.finding(cell, FindingKind::CalculationDiffers { sent, recomputed: computed });
        }
    }

    /// What needs no order.
    fn look(&mut self) {
        let form = self.form;
        for cell in 0..self.cells.len() {
            let c = &self.cells[cell];
            let field = &form.fields[c.field];
            if !c.relevant || field.kind != FieldKind::Leaf {
                continue;
            }
            let value = c.value.clone().or_else(|| c.sent.clone()).unwrap_or_default();
            let trimmed = value.trim();
            let bind = &field.bind;
            if trimmed.is_empty() {
                if let (Some(rule), true, false) = (&bind.required, field.asked.is_some(), c.uncertain)
                    && !rule.of_the_moment
                    && self.holds(rule, cell, "required") == Some(true)
                {
                    self.finding(cell, FindingKind::RequiredButEmpty);
                }
                continue;
            }
            if !fits_type(bind.data_type, trimmed) {
                self.finding(cell, FindingKind::TypeMismatch { data_type: bind.data_type, value: value.clone() });
            }
            if let Some(rule) = &bind.constraint
                && self.breaks(rule, cell)
            {
                let constraint = rule.text.clone();
                self.finding(cell, FindingKind::ConstraintNotMet { value: value.clone(), constraint });
            }
            if let Some(asked) = &field.asked {
                self.choices(cell, asked, trimmed);
            }
        }
        self.counts(&form.body);
    }

    fn choices(&mut self, cell: usize, asked: &Asked, value: &str) {
        let several = match asked.control {
            ControlKind::Select | ControlKind::Rank => true,
            ControlKind::SelectOne => false,
            ControlKind::Input | ControlKind::Secret | ControlKind::Trigger | ControlKind::Upload(_) | ControlKind::Range(..) => {
                return;
            }
        };
        let chosen: Vec<&str> = if several { value.split_whitespace().collect() } else { vec![value] };
        for one in chosen {
            let offered = match &asked.choices {
                Choices::None | Choices::Elsewhere => return,
                Choices::Listed(all) => all.iter().any(|(v, _)| v == one),
                Choices::Itemset(from) => {
                    let offers = self.with(cell, |ev, focus| ev.offers(&from.nodeset.expr, &from.value.expr, one, focus));
                    match offers {
                        // A list that changed since is not the submission's fault.
                        Ok(false) if of_the_moment(&from.nodeset) => true,
                        Ok(offered) => offered,
                        Err(why) => return self.unjudged(cell, "choices", why),
                    }
                }
            };
            if !offered {
                self.finding(cell, FindingKind::ChoiceNotOffered { value: one.to_owned() });
            }
        }
    }

    /// `jr:count`: how many instances there should be.
    fn counts(&mut self, controls: &[crate::form::Control]) {
        use crate::form::Control;
        for control in controls {
            match control {
                Control::Question(_) => {}
                Control::Group(group) => self.counts(&group.controls),
                Control::Repeat(repeat) => {
                    if let Some(rule) = repeat.count.as_ref().filter(|r| !r.of_the_moment) {
                        self.count(repeat.field, rule);
                    }
                    self.counts(&repeat.controls);
                }
            }
        }
    }

    fn count(&mut self, field: usize, rule: &Rule) {
        let mut by_parent: HashMap<usize, Vec<usize>> = HashMap::new();
        for cell in &self.of_field[field] {
            if let Some(parent) = self.cells[*cell].parent {
                by_parent.entry(parent).or_default().push(*cell);
            }
        }
        let parents = self.form.fields[field].parent.map(|p| self.of_field[p].clone()).unwrap_or_default();
        for parent in parents {
            let instances = by_parent.remove(&parent).unwrap_or_default();
            let about = &self.cells[parent];
            let unsure = about.uncertain || self.form.fields[field].bind.relevant.is_some();
            if !about.relevant || unsure {
                continue;
            }
            // A relative path begins at the repeat; without an instance its parent is as near as one comes.
            let relative = !matches!(&rule.expr, Expr::Path(path) if path.absolute) && !matches!(rule.expr, Expr::Number(_));
            let Some(at) = instances.first().copied().or((!relative).then_some(parent)) else { continue };
            match self.with(at, |ev, focus| ev.number(&rule.expr, focus)) {
                // What is no number says nothing about how many there should be.
                Ok(n) if n.is_nan() => {}
                Ok(n) => {
                    let wanted = if n >= 1.0 { n.min(1e6) as usize } else { 0 };
                    let sent = instances.len();
                    if sent != wanted {
                        let at = self.at(parent) + "/" + &self.form.fields[field].name.local;
                        let kind = FindingKind::RepeatCountDiffers { sent, recomputed: wanted };
                        self.tell(parent, at, self.form.fields[field].path.clone(), kind);
                    }
                }
                Err(why) => self.unjudged(at, "count", why),
            }
        }
    }

    fn finish(mut self, root: NodeId) -> Evaluation {
        self.findings.sort_by_key(|(cell, _)| *cell);
        let form = self.form;
        let meta = self.sent.child(root, "meta");
        let about = |name: &str| {
            let text = meta.and_then(|m| self.sent.child(m, name)).map(|n| self.sent.text(n).trim().to_owned());
            text.filter(|t| !t.is_empty())
        };
        let instance_id = about("instanceID").or_else(|| self.sent.attribute(root, "instanceID").map(str::to_owned));
        let mut answers = Vec::with_capacity(self.cells.len());
        let mut questions = 0;
        for cell in &self.cells {
            let field = &form.fields[cell.field];
            questions += usize::from(cell.relevant && field.is_question());
            if !matches!(field.kind, FieldKind::Leaf | FieldKind::Attribute) {
                continue;
            }
            let mut positions = Vec::new();
            let mut above = cell.parent;
            while let Some(n) = above {
                if self.cells[n].position > 0 {
                    positions.push(self.cells[n].position);
                }
                above = self.cells[n].parent;
            }
            positions.reverse();
            let sent = cell.sent.clone().unwrap_or_default();
            let value = cell.value.clone().unwrap_or_else(|| sent.clone());
            let data_type = field.bind.data_type;
            let relevant = cell.relevant;
            answers.push(Answer { field: cell.field, path: field.path.clone(), positions, data_type, sent, value, relevant });
        }
        Evaluation {
            deprecated_id: about("deprecatedID"),
            instance_name: about("instanceName"),
            version: self.sent.any_attribute(root, "version").map(str::to_owned),
            instance_id,
            findings: self.findings.into_iter().map(|(_, f)| f).collect(),
            answers,
            unjudged: self.unjudged,
            questions,
            filled: self.filled,
        }
    }
}

/// `randomize` only orders.
fn of_the_moment(nodeset: &Rule) -> bool {
    match &nodeset.expr {
        Expr::Call { function: crate::xpath::Function::Randomize, arguments } => arguments[0].depends_on_moment(),
        _ => nodeset.of_the_moment,
    }
}

/// What expressions ask of the form.
struct FormHooks<'a> {
    form: &'a Form,
    language: Option<&'a str>,
}

impl FormHooks<'_> {
    fn plain(&self, parts: &[Part]) -> String {
        let words = parts.iter().map(|p| match p {
            Part::Words(words) => words.clone(),
            // Computed parts would need the question's place.
            Part::Output(_) => String::new(),
            Part::Itext(id) => self.itext(id).unwrap_or_default(),
        });
        words.collect::<String>().trim().to_owned()
    }
}

impl Hooks for FormHooks<'_> {
    fn itext(&self, id: &str) -> Option<String> {
        let text = self.form.words(id, self.language)?;
        // Texts do not refer to texts.
        let words = text.0.iter().filter_map(|p| match p {
            Part::Words(words) => Some(words.as_str()),
            Part::Output(_) | Part::Itext(_) => None,
        });
        Some(words.collect::<String>().trim().to_owned())
    }

    fn choice_name(&self, ev: &Evaluator, value: &str, question: &str, focus: Focus) -> Option<String> {
        let node = ev.nodes(&parse(question).ok()?, focus, "jr:choice-name").ok()?.first().copied()?;
        let tree = ev.tree(node.document);
        let mut names: Vec<&str> = std::iter::once(node.node).chain(tree.ancestors(node.node)).map(|n| tree.local(n)).collect();
        names.pop();
        names.reverse();
        let field = self.form.field(&format!("/{}", names.join("/")))?;
        match &field.asked.as_ref()?.choices {
            Choices::None | Choices::Elsewhere => None,
            Choices::Listed(all) => all.iter().find(|(v, _)| v == value).map(|(_, label)| self.plain(&label.0)),
            Choices::Itemset(from) => {
                let here = Focus::at(node);
                for item in ev.nodes(&from.nodeset.expr, here, "itemset").ok()? {
                    let at = Focus { node: item, ..here };
                    if ev.text(&from.value.expr, at).ok()? == value {
                        return from.label.as_ref().and_then(|l| ev.text(&l.expr, at).ok()).map(|t| t.into_owned());
                    }
                }
                None
            }
        }
    }
}

/// Whether a text is a date or date and time of ODK.
pub(crate) fn is_moment(text: &str) -> bool {
    parse_moment(text, 0).is_some()
}
