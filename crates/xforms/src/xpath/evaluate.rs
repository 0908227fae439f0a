//! Expressions over trees.

use std::{
    borrow::Cow,
    cell::Cell,
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use super::{
    dates::{Local, Moment, parse_moment, parse_time},
    expr::{Axis, Expr, Function, Operator, Path, Step, Test},
    functions,
    value::{Value, number_text, text_number},
};
use crate::tree::{Kind, NodeId, Tree};

/// A node or attribute of one of the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeRef {
    /// 0 for the main document, from 1 for secondary instances.
    pub document: u16,
    /// The node, or the element that has the attribute.
    pub node: NodeId,
    /// Which attribute of it.
    pub attribute: Option<u16>,
}

impl NodeRef {
    /// A node of the main document.
    pub fn main(node: NodeId) -> NodeRef {
        NodeRef { document: 0, node, attribute: None }
    }
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// A function or operator got something else than nodes.
    #[error("{0} needs nodes")]
    NotNodes(&'static str),
    /// A regular expression that is wrong, too large or not supported (look-around, back references).
    #[error("regular expression not supported: {0}")]
    Pattern(String),
    /// There is no such secondary instance.
    #[error("no instance {0}")]
    NoInstance(String),
    /// A prefix that the form does not declare.
    #[error("prefix {0} is not declared")]
    UnknownPrefix(String),
    /// A function got an argument it cannot use.
    #[error("{0} cannot use its arguments")]
    Argument(&'static str),
    /// Several nodes where one is meant.
    #[error("{0} needs a single node")]
    SeveralNodes(&'static str),
    /// More work than an expression may make.
    #[error("too much work")]
    Budget,
}

/// What only the form knows.
pub trait Hooks {
    /// Text of `jr:itext(id)` in the current language.
    fn itext(&self, id: &str) -> Option<String>;
    /// Label of a choice of the question at that node: `jr:choice-name`.
    fn choice_name(&self, evaluator: &Evaluator, value: &str, question: &str, focus: Focus) -> Option<String>;
}

/// For expressions outside of forms.
pub struct NoHooks;

impl Hooks for NoHooks {
    fn itext(&self, _: &str) -> Option<String> {
        None
    }

    fn choice_name(&self, _: &Evaluator, _: &str, _: &str, _: Focus) -> Option<String> {
        None
    }
}

/// What is made once for the secondary instances of a form and used for many submissions: regular expressions (or that they could not be
/// compiled) and indexes. Belongs to one list of secondary instances.
#[derive(Debug, Default)]
pub struct Caches {
    patterns: Mutex<HashMap<(String, bool), Option<regex::Regex>>>,
    indexes: Mutex<HashMap<Slot, Arc<Indexed>>>,
}

/// What a panic elsewhere left behind is still whole: entries are only added.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Caches {
    /// How many patterns, and how many indexes, are kept; beyond that all are forgotten.
    const MOST: usize = 1000;

    fn pattern(&self, pattern: &str, whole: bool) -> Option<regex::Regex> {
        let mut known = locked(&self.patterns);
        let key = (pattern.to_owned(), whole);
        if let Some(found) = known.get(&key) {
            return found.clone();
        }
        if known.len() >= Caches::MOST {
            known.clear();
        }
        let made = regex::RegexBuilder::new(&if whole { format!("^(?:{pattern})$") } else { pattern.to_owned() })
            .size_limit(1 << 20)
            .build()
            .ok();
        known.insert(key, made.clone());
        made
    }
}

/// Whose reading is followed where the two families of clients differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// JavaRosa, which ODK Collect is built on: an absolute path means the repeat instance one is in; a sum of nothing is 0;
    /// `regex` must match the whole text; days are counted from local midnight.
    #[default]
    Collect,
    /// The JavaScript engine of ODK Web Forms: an absolute path means all instances; a sum of nothing is no number;
    /// `regex` may match anywhere; days are counted from midnight at UTC.
    WebForms,
}

/// What expressions are evaluated over.
#[derive(Clone, Copy)]
pub struct World<'t> {
    /// The primary instance.
    pub main: &'t Tree,
    /// Secondary instances by id.
    pub secondary: &'t [(&'t str, &'t Tree)],
    /// Namespaces by prefix.
    pub prefixes: &'t BTreeMap<String, String>,
    /// What only the form knows.
    pub hooks: &'t dyn Hooks,
    /// What is kept between submissions.
    pub caches: &'t Caches,
    /// What `now()` means.
    pub now: Moment,
    /// Whose reading is followed where clients differ.
    pub dialect: Dialect,
}

/// Where an expression is evaluated.
#[derive(Debug, Clone, Copy)]
pub struct Focus {
    /// Context node.
    pub node: NodeRef,
    /// Context position, from 1.
    pub position: usize,
    /// Context size.
    pub size: usize,
    /// What `current()` is: the context node of the whole expression.
    pub origin: NodeRef,
}

impl Focus {
    /// At a node, alone.
    pub fn at(node: NodeRef) -> Focus {
        Focus { node, position: 1, size: 1, origin: node }
    }
}

type Result<T> = std::result::Result<T, EvalError>;

/// Nodes that one evaluator may visit: bounds the work of a hostile form.
const BUDGET: u64 = 20_000_000;

/// Bytes of a text that an expression may make.
const LONGEST: usize = 1_000_000;

/// What an index is over: document, parent, name of its children, name of what is compared in them.
type Slot = (u16, NodeId, String, String);

/// Children by the text of what is compared.
type Indexed = HashMap<String, Vec<NodeRef>>;

/// What evaluators of one submission share: the work left, the state of the random sequence.
pub struct Memory {
    budget: Cell<u64>,
    random: Cell<u64>,
}

impl Memory {
    /// A full budget, and the sequence that a seed gives.
    pub fn new(seed: u64) -> Memory {
        Memory { budget: Cell::new(BUDGET), random: Cell::new(seed ^ 0x9E37_79B9_7F4A_7C15) }
    }
}

/// Evaluates expressions. Not shared between threads.
pub struct Evaluator<'t> {
    pub(super) world: World<'t>,
    memory: &'t Memory,
}

impl<'t> Evaluator<'t> {
    /// An evaluator over these documents.
    pub fn new(world: World<'t>, memory: &'t Memory) -> Evaluator<'t> {
        Evaluator { world, memory }
    }

    /// Leaves this much work.
    #[cfg(test)]
    pub(super) fn leave(&self, nodes: u64) {
        self.memory.budget.set(nodes);
    }

    /// The tree of a document.
    pub fn tree(&self, document: u16) -> &'t Tree {
        match document {
            0 => self.world.main,
            n => self.world.secondary[usize::from(n) - 1].1,
        }
    }

    /// Next 64 bits of the sequence that the seed gives (splitmix64).
    pub(super) fn random_bits(&self) -> u64 {
        self.memory.random.set(self.memory.random.get().wrapping_add(0x9E37_79B9_7F4A_7C15));
        let mut z = self.memory.random.get();
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn spend(&self, nodes: u64) -> Result<()> {
        let left = self.memory.budget.get().checked_sub(nodes).ok_or(EvalError::Budget)?;
        self.memory.budget.set(left);
        Ok(())
    }

    /// Takes what work cost that is already done; the next step fails where nothing is left.
    fn charge(&self, nodes: u64) {
        self.memory.budget.set(self.memory.budget.get().saturating_sub(nodes));
    }

    /// Makes room for a text that grows out of others: texts may double from one field to the next.
    pub(super) fn grow(&self, bytes: usize) -> Result<()> {
        if bytes > LONGEST {
            return Err(EvalError::Budget);
        }
        self.spend(bytes as u64)
    }

    /// Value of an expression.
    pub fn value(&self, expr: &Expr, focus: Focus) -> Result<Value<'t>> {
        match expr {
            Expr::Number(n) => Ok(Value::Number(*n)),
            Expr::Literal(text) => Ok(Value::Text(Cow::Owned(text.clone()))),
            Expr::Path(path) => self.path(path, focus).map(Value::Nodes),
            Expr::Filter { from, predicates, steps } => {
                if let Some(found) = self.looked_up(expr, focus)? {
                    return Ok(Value::Nodes(found));
                }
                let Value::Nodes(mut nodes) = self.value(from, focus)? else { return Err(EvalError::NotNodes("[]")) };
                for predicate in predicates {
                    nodes = self.filtered(nodes, predicate, focus)?;
                }
                self.steps(nodes, steps, focus).map(Value::Nodes)
            }
            Expr::Call { function, arguments } => functions::call(self, *function, arguments, focus),
            Expr::Binary(..) => self.chain(expr, focus),
            Expr::Negate(inner) => Ok(Value::Number(-self.number(inner, focus)?)),
        }
    }

    /// Operators lean to the left; their chain is walked in a loop, so that a long one needs no deep stack.
    fn chain(&self, expr: &Expr, focus: Focus) -> Result<Value<'t>> {
        let mut spine = Vec::new();
        let mut left = expr;
        while let Expr::Binary(operator, a, b) = left {
            spine.push((*operator, b.as_ref()));
            left = a;
        }
        let mut value = self.value(left, focus)?;
        for (operator, right) in spine.into_iter().rev() {
            value = self.binary(operator, value, right, focus)?;
        }
        Ok(value)
    }

    fn binary(&self, operator: Operator, left: Value<'t>, right: &Expr, focus: Focus) -> Result<Value<'t>> {
        use Operator::*;
        Ok(match operator {
            Or => Value::Boolean(self.to_boolean(&left) || self.boolean(right, focus)?),
            And => Value::Boolean(self.to_boolean(&left) && self.boolean(right, focus)?),
            Equal | Unequal | Less | LessOrEqual | Greater | GreaterOrEqual => {
                let right = self.value(right, focus)?;
                Value::Boolean(self.compare(operator, &left, &right)?)
            }
            Add | Subtract | Multiply | Divide | Modulo => {
                let (a, b) = (self.to_number(&left), self.number(right, focus)?);
                Value::Number(match operator {
                    Add => a + b,
                    Subtract => a - b,
                    Multiply => a * b,
                    Divide => a / b,
                    _ => a % b,
                })
            }
            Union => match (left, self.value(right, focus)?) {
                (Value::Nodes(mut a), Value::Nodes(b)) => {
                    a.extend(b);
                    a.sort_unstable();
                    a.dedup();
                    Value::Nodes(a)
                }
                _ => return Err(EvalError::NotNodes("|")),
            },
        })
    }

    /// Comparisons, XPath 1.0 §3.4. A moment counts as a number.
    fn compare(&self, operator: Operator, left: &Value<'t>, right: &Value<'t>) -> Result<bool> {
        Ok(match (left, right) {
            (Value::Boolean(_), _) | (_, Value::Boolean(_)) if matches!(operator, Operator::Equal | Operator::Unequal) => {
                (self.to_boolean(left) == self.to_boolean(right)) == (operator == Operator::Equal)
            }
            (Value::Nodes(a), Value::Nodes(b)) => {
                self.spend(a.len() as u64 * b.len() as u64)?;
                a.iter().any(|a| {
                    let a = Value::Text(self.text_of(*a));
                    b.iter().any(|b| self.compare_single(operator, &a, &Value::Text(self.text_of(*b))))
                })
            }
            (Value::Nodes(a), Value::Boolean(_)) => self.compare_single(operator, &Value::Boolean(!a.is_empty()), right),
            (Value::Boolean(_), Value::Nodes(b)) => self.compare_single(operator, left, &Value::Boolean(!b.is_empty())),
            (Value::Nodes(a), _) => a.iter().any(|a| self.compare_single(operator, &Value::Text(self.text_of(*a)), right)),
            (_, Value::Nodes(b)) => b.iter().any(|b| self.compare_single(operator, left, &Value::Text(self.text_of(*b)))),
            _ => self.compare_single(operator, left, right),
        })
    }

    fn compare_single(&self, operator: Operator, left: &Value<'t>, right: &Value<'t>) -> bool {
        let numbers = || (self.to_number(left), self.to_number(right));
        let equal = || match (left, right) {
            (Value::Text(a), Value::Text(b)) => a == b,
            _ => {
                let (a, b) = numbers();
                a == b
            }
        };
        match operator {
            Operator::Equal => equal(),
            Operator::Unequal => !equal(),
            other => {
                let (a, b) = numbers();
                match other {
                    Operator::Less => a < b,
                    Operator::LessOrEqual => a <= b,
                    Operator::Greater => a > b,
                    _ => a >= b,
                }
            }
        }
    }

    /// Nodes of an expression that must give some.
    pub fn nodes(&self, expr: &Expr, focus: Focus, whose: &'static str) -> Result<Vec<NodeRef>> {
        match self.value(expr, focus)? {
            Value::Nodes(nodes) => Ok(nodes),
            _ => Err(EvalError::NotNodes(whose)),
        }
    }

    /// Text of an expression.
    pub fn text(&self, expr: &Expr, focus: Focus) -> Result<Cow<'t, str>> {
        let value = self.value(expr, focus)?;
        let text = self.to_text(value);
        // Whoever asks for a text reads it.
        self.spend(1 + text.len() as u64 / 64)?;
        Ok(text)
    }

    /// Number of an expression.
    pub fn number(&self, expr: &Expr, focus: Focus) -> Result<f64> {
        let value = self.value(expr, focus)?;
        Ok(self.to_number(&value))
    }

    /// Truth of an expression.
    pub fn boolean(&self, expr: &Expr, focus: Focus) -> Result<bool> {
        let value = self.value(expr, focus)?;
        Ok(self.to_boolean(&value))
    }

    /// String-value of a node or attribute.
    pub fn text_of(&self, node: NodeRef) -> Cow<'t, str> {
        let tree = self.tree(node.document);
        match node.attribute {
            Some(n) => Cow::Borrowed(tree.attributes(node.node).nth(usize::from(n)).map_or("", |(_, v)| v)),
            None => {
                let text = tree.text(node.node);
                if let Cow::Owned(_) = text {
                    self.charge(tree.descendants(node.node).count() as u64);
                }
                text
            }
        }
    }

    /// As text.
    pub fn to_text(&self, value: Value<'t>) -> Cow<'t, str> {
        match value {
            Value::Nodes(nodes) => nodes.first().map_or(Cow::Borrowed(""), |n| self.text_of(*n)),
            Value::Text(text) => text,
            Value::Number(n) => Cow::Owned(number_text(n)),
            Value::Boolean(b) => Cow::Borrowed(if b { "true" } else { "false" }),
            Value::Moment(m) => Cow::Owned(m.text(self.world.now.offset_minutes)),
        }
    }

    /// As number.
    pub fn to_number(&self, value: &Value<'t>) -> f64 {
        match value {
            Value::Nodes(nodes) => nodes.first().map_or(f64::NAN, |n| self.read_number(&self.text_of(*n))),
            Value::Text(text) => self.read_number(text),
            Value::Number(n) => *n,
            Value::Boolean(b) => f64::from(u8::from(*b)),
            Value::Moment(m) => m.days - self.midnight(),
        }
    }

    /// A text as a number, dates and times in days.
    pub(super) fn read_number(&self, text: &str) -> f64 {
        let plain = text_number(text);
        if !plain.is_nan() || !text.bytes().any(|b| matches!(b, b'-' | b':')) {
            return plain;
        }
        let offset = self.world.now.offset_minutes;
        parse_moment(text, offset).map(|m| m.days - self.midnight()).or_else(|| parse_time(text, offset)).unwrap_or(f64::NAN)
    }

    /// What a day's number begins with: local midnight, or midnight at UTC, in days after local midnight.
    pub(super) fn midnight(&self) -> f64 {
        match self.world.dialect {
            Dialect::Collect => 0.0,
            Dialect::WebForms => f64::from(self.world.now.offset_minutes) / 1440.0,
        }
    }

    fn day_of(&self, number: f64) -> Option<Local> {
        let days = number + self.midnight();
        // Milliseconds count, what is smaller comes from reckoning.
        let timed = (days * 86_400_000.0).round() % 86_400_000.0 != 0.0;
        days.is_finite().then_some(Local { days, timed })
    }

    /// As truth.
    pub fn to_boolean(&self, value: &Value<'t>) -> bool {
        match value {
            Value::Nodes(nodes) => !nodes.is_empty(),
            Value::Text(text) => !text.is_empty(),
            Value::Number(n) => *n != 0.0 && !n.is_nan(),
            Value::Boolean(b) => *b,
            Value::Moment(m) => !m.days.is_nan(),
        }
    }

    /// As a date or date and time.
    pub(super) fn to_moment(&self, value: Value<'t>) -> Option<Local> {
        match value {
            Value::Moment(m) => Some(m),
            Value::Number(days) => self.day_of(days),
            Value::Boolean(_) => None,
            other => {
                let text = self.to_text(other);
                parse_moment(&text, self.world.now.offset_minutes).or_else(|| self.day_of(text_number(&text)))
            }
        }
    }

    fn path(&self, path: &Path, focus: Focus) -> Result<Vec<NodeRef>> {
        if !path.absolute {
            return self.steps(vec![focus.node], &path.steps, focus);
        }
        let top = NodeRef::main(self.world.main.document());
        if self.world.dialect == Dialect::WebForms || path.steps.len() < 2 || focus.origin.document != 0 {
            return self.steps(vec![top], &path.steps, focus);
        }
        // As far as the path goes where one is, it means where one is; not its last step.
        let tree = self.world.main;
        let mut ancestors: Vec<NodeId> = tree.ancestors(focus.origin.node).collect();
        ancestors.reverse();
        ancestors.push(focus.origin.node);
        let mut here = top.node;
        let mut used = 0;
        for (step, ancestor) in path.steps[..path.steps.len() - 1].iter().zip(&ancestors[1..]) {
            let same = step.axis == Axis::Child
                && step.predicates.is_empty()
                && matches!(&step.test, Test::Name { local, .. } if local == tree.local(*ancestor));
            if !same {
                break;
            }
            here = *ancestor;
            used += 1;
        }
        self.steps(vec![NodeRef::main(here)], &path.steps[used..], focus)
    }

    pub(super) fn steps(&self, mut nodes: Vec<NodeRef>, steps: &[Step], focus: Focus) -> Result<Vec<NodeRef>> {
        for step in steps {
            if nodes.is_empty() {
                break;
            }
            nodes = self.step(nodes, step, focus)?;
        }
        Ok(nodes)
    }

    fn step(&self, from: Vec<NodeRef>, step: &Step, focus: Focus) -> Result<Vec<NodeRef>> {
        let single = from.len() == 1;
        let mut out: Vec<NodeRef> = Vec::new();
        // The test in numbers, for the document it was made for.
        let mut numbers: Option<(u16, Numbers)> = None;
        for node in from {
            if numbers.as_ref().is_none_or(|(d, _)| *d != node.document) {
                numbers = Some((node.document, self.test(&step.test, self.tree(node.document))?));
            }
            let Some((_, test)) = &numbers else { continue };
            let mut found = Vec::new();
            self.axis(node, step.axis, test, &mut found)?;
            for predicate in &step.predicates {
                found = self.filtered(found, predicate, focus)?;
            }
            if single && !step.axis.is_reverse() {
                return Ok(found);
            }
            out.append(&mut found);
        }
        // Children of siblings are in order already.
        if !out.is_sorted() || !matches!(step.axis, Axis::Child | Axis::Attribute | Axis::SelfNode) {
            out.sort_unstable();
            out.dedup();
        }
        Ok(out)
    }

    fn test(&self, test: &Test, tree: &Tree) -> Result<Numbers> {
        let namespace = |prefix: &str| {
            self.world.prefixes.get(prefix).map(String::as_str).ok_or_else(|| EvalError::UnknownPrefix(prefix.to_owned()))
        };
        Ok(match test {
            Test::Name { prefix: None, local } => {
                let mut numbers = tree.numbers_of(local, None);
                match (numbers.next(), numbers.next()) {
                    (None, _) => Numbers::Nothing { local: local.clone(), namespace: None },
                    (Some(one), None) => Numbers::One { number: one, local: local.clone(), namespace: None },
                    (Some(a), Some(b)) => Numbers::Several {
                        numbers: [a, b].into_iter().chain(numbers).collect(),
                        local: local.clone(),
                        namespace: None,
                    },
                }
            }
            Test::Name { prefix: Some(prefix), local } => {
                // A form may write `orx:meta` for what the instance has without prefix, and the other way round.
                let namespace = Some(namespace(prefix)?.to_owned());
                let numbers = tree.numbers_of(local, namespace.as_deref()).collect();
                Numbers::Several { numbers, local: local.clone(), namespace }
            }
            Test::Any => Numbers::Elements { namespace: None },
            Test::AnyOf(prefix) => Numbers::Elements { namespace: Some(namespace(prefix)?.to_owned()) },
            Test::Node => Numbers::Everything,
            Test::Text => Numbers::Texts,
            Test::Nothing(_) => Numbers::Nothing { local: String::new(), namespace: None },
        })
    }

    fn axis(&self, from: NodeRef, axis: Axis, test: &Numbers, out: &mut Vec<NodeRef>) -> Result<()> {
        let tree = self.tree(from.document);
        let mut visited = 0_u64;
        {
            let mut see = |node: NodeId| {
                visited += 1;
                if test.fits(tree, node) {
                    out.push(NodeRef { node, attribute: None, ..from });
                }
            };
            let up = || match from.attribute {
                Some(_) => Some(from.node),
                None => tree.parent(from.node),
            };
            let is_attribute = from.attribute.is_some();
            match axis {
                Axis::Child if !is_attribute => tree.children(from.node).for_each(&mut see),
                Axis::Descendant if !is_attribute => tree.descendants(from.node).for_each(&mut see),
                Axis::DescendantOrSelf if !is_attribute => {
                    see(from.node);
                    tree.descendants(from.node).for_each(&mut see);
                }
                Axis::Child | Axis::Descendant => {}
                Axis::SelfNode | Axis::DescendantOrSelf if is_attribute => {
                    if matches!(test, Numbers::Everything) || test.fits_attribute(tree, from) {
                        out.push(from);
                    }
                }
                Axis::SelfNode | Axis::DescendantOrSelf => see(from.node),
                Axis::Parent => up().into_iter().for_each(&mut see),
                Axis::Ancestor | Axis::AncestorOrSelf => {
                    if axis == Axis::AncestorOrSelf && !is_attribute {
                        see(from.node);
                    }
                    let mut at = up();
                    while let Some(node) = at {
                        see(node);
                        at = tree.parent(node);
                    }
                }
                Axis::FollowingSibling if !is_attribute => {
                    std::iter::successors(tree.next_sibling(from.node), |n| tree.next_sibling(*n)).for_each(&mut see);
                }
                Axis::PrecedingSibling if !is_attribute => {
                    std::iter::successors(tree.previous_sibling(from.node), |n| tree.previous_sibling(*n)).for_each(&mut see);
                }
                Axis::FollowingSibling | Axis::PrecedingSibling => {}
                Axis::Following => {
                    for above in std::iter::once(from.node).chain(tree.ancestors(from.node)) {
                        let mut next = tree.next_sibling(above);
                        while let Some(node) = next {
                            see(node);
                            tree.descendants(node).for_each(&mut see);
                            next = tree.next_sibling(node);
                        }
                    }
                }
                Axis::Preceding => {
                    for above in std::iter::once(from.node).chain(tree.ancestors(from.node)) {
                        let mut before = tree.previous_sibling(above);
                        while let Some(node) = before {
                            let mut within: Vec<NodeId> = tree.descendants(node).collect();
                            within.reverse();
                            within.into_iter().for_each(&mut see);
                            see(node);
                            before = tree.previous_sibling(node);
                        }
                    }
                }
                Axis::Attribute => {
                    if !is_attribute {
                        for n in 0..tree.attributes(from.node).count() {
                            let attribute = NodeRef { attribute: Some(n as u16), ..from };
                            if test.fits_attribute(tree, attribute) {
                                out.push(attribute);
                            }
                        }
                    }
                }
            }
        }
        self.spend(visited)
    }

    fn filtered(&self, nodes: Vec<NodeRef>, predicate: &Expr, focus: Focus) -> Result<Vec<NodeRef>> {
        // Positions written as numbers need no loop.
        if let Expr::Number(n) = predicate {
            let at = (*n >= 1.0 && n.fract() == 0.0).then(|| *n as usize - 1);
            return Ok(at.and_then(|at| nodes.get(at)).copied().into_iter().collect());
        }
        let size = nodes.len();
        self.spend(size as u64)?;
        let mut out = Vec::new();
        for (n, node) in nodes.into_iter().enumerate() {
            let here = Focus { node, position: n + 1, size, origin: focus.origin };
            let keep = match self.value(predicate, here)? {
                Value::Number(position) => position == (n + 1) as f64,
                other => self.to_boolean(&other),
            };
            if keep {
                out.push(node);
            }
        }
        Ok(out)
    }

    /// `instance('x')/a/b[name = value]…`: with an index by the value of `name`, made once, so that a list of
    /// ten thousand places is not read again for every question. `None` where the expression has another shape.
    fn looked_up(&self, expr: &Expr, focus: Focus) -> Result<Option<Vec<NodeRef>>> {
        let Expr::Filter { from, predicates, steps } = expr else { return Ok(None) };
        let (Expr::Call { function: Function::Instance, arguments }, true) = (from.as_ref(), predicates.is_empty()) else {
            return Ok(None);
        };
        let Some(at) = steps.iter().position(|s| !s.predicates.is_empty()) else { return Ok(None) };
        let plain = |s: &Step| s.axis == Axis::Child && matches!(s.test, Test::Name { prefix: None, .. });
        if at == 0 || !steps[..=at].iter().all(plain) {
            return Ok(None);
        }
        let Some((key, wanted)) = equality(&steps[at].predicates[0]) else { return Ok(None) };
        // What is looked for may not depend on the item.
        if !independent(wanted) {
            return Ok(None);
        }
        let wanted = match self.value(wanted, focus)? {
            Value::Text(text) => text,
            Value::Nodes(nodes) if nodes.len() == 1 => self.text_of(nodes[0]),
            _ => return Ok(None),
        };
        let id = self.text(&arguments[0], focus)?;
        let Some(document) = functions::document(self, &id) else { return Err(EvalError::NoInstance(id.into_owned())) };
        let parents = self.steps(vec![document], &steps[..at], focus)?;
        let [parent] = parents[..] else { return Ok(None) };
        let Test::Name { local: item, .. } = &steps[at].test else { return Ok(None) };
        let mut nodes = self.indexed(parent, item, key, &wanted)?;
        for predicate in &steps[at].predicates[1..] {
            nodes = self.filtered(nodes, predicate, focus)?;
        }
        self.steps(nodes, &steps[at + 1..], focus).map(Some)
    }

    /// Children `item` of `parent` that have a child `key` with that text.
    fn indexed(&self, parent: NodeRef, item: &str, key: &str, wanted: &str) -> Result<Vec<NodeRef>> {
        let slot = (parent.document, parent.node, item.to_owned(), key.to_owned());
        let known = locked(&self.world.caches.indexes).get(&slot).cloned();
        let index = match known {
            Some(index) => index,
            None => {
                let tree = self.tree(parent.document);
                let mut index = Indexed::new();
                for child in tree.child_elements(parent.node).filter(|c| tree.local(*c) == item) {
                    self.spend(4)?;
                    for value in tree.child_elements(child).filter(|c| tree.local(*c) == key) {
                        let nodes = index.entry(tree.text(value).into_owned()).or_default();
                        let node = NodeRef { node: child, attribute: None, ..parent };
                        if nodes.last() != Some(&node) {
                            nodes.push(node);
                        }
                    }
                }
                let index = Arc::new(index);
                let mut all = locked(&self.world.caches.indexes);
                if all.len() >= Caches::MOST {
                    all.clear();
                }
                all.insert(slot, index.clone());
                index
            }
        };
        Ok(index.get(wanted).cloned().unwrap_or_default())
    }

    /// Whether `nodeset` gives a node whose `value` is that text: what a select offers.
    pub fn offers(&self, nodeset: &Expr, value: &Expr, wanted: &str, focus: Focus) -> Result<bool> {
        let nodeset = match nodeset {
            Expr::Call { function: Function::Randomize, arguments } => &arguments[0],
            other => other,
        };
        if let (Expr::Filter { from, predicates, steps }, Some(key)) = (nodeset, single_name(value))
            && let (Expr::Call { function: Function::Instance, arguments }, true, [before @ .., last]) =
                (from.as_ref(), predicates.is_empty(), &steps[..])
            && let (Axis::Child, Test::Name { prefix: None, local: item }) = (last.axis, &last.test)
            && last.predicates.iter().all(|p| !counts(p))
        {
            let id = self.text(&arguments[0], focus)?;
            let Some(document) = functions::document(self, &id) else { return Err(EvalError::NoInstance(id.into_owned())) };
            if let [parent] = self.steps(vec![document], before, focus)?[..] {
                let mut nodes = self.indexed(parent, item, key, wanted)?;
                for predicate in &last.predicates {
                    nodes = self.filtered(nodes, predicate, focus)?;
                }
                return Ok(!nodes.is_empty());
            }
        }
        for node in self.nodes(nodeset, focus, "itemset")? {
            if self.text(value, Focus { node, position: 1, size: 1, origin: focus.origin })?.trim() == wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A compiled pattern, for the whole text or any part of it.
    pub(super) fn pattern(&self, pattern: &str, whole: bool) -> Result<regex::Regex> {
        self.world.caches.pattern(pattern, whole).ok_or_else(|| EvalError::Pattern(pattern.chars().take(200).collect()))
    }
}

/// `name = value`, either way round.
fn equality(predicate: &Expr) -> Option<(&str, &Expr)> {
    let Expr::Binary(Operator::Equal, a, b) = predicate else { return None };
    match (single_name(a), single_name(b)) {
        (Some(name), None) => Some((name, b)),
        (None, Some(name)) => Some((name, a)),
        _ => None,
    }
}

/// The name that a path of one plain step is.
fn single_name(e: &Expr) -> Option<&str> {
    match e {
        Expr::Path(Path { absolute: false, steps }) => match &steps[..] {
            [Step { axis: Axis::Child, test: Test::Name { prefix: None, local }, predicates }] if predicates.is_empty() => {
                Some(local)
            }
            _ => None,
        },
        _ => None,
    }
}

/// Whether a condition depends on which of several nodes it is asked of.
fn counts(predicate: &Expr) -> bool {
    let mut found = !matches!(predicate, Expr::Binary(operator, _, _) if !matches!(operator, Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide | Operator::Modulo))
        && !matches!(
            predicate,
            Expr::Call {
                function: Function::Selected | Function::Not | Function::Contains | Function::StartsWith | Function::True,
                ..
            }
        );
    predicate.visit(&mut |e| {
        if let Expr::Call { function: Function::Position | Function::Last | Function::Count, .. } = e {
            found = true;
        }
    });
    found
}

/// Whether an operand means the same for every item: a text, an absolute path, or one from `current()`.
fn independent(e: &Expr) -> bool {
    match e {
        Expr::Literal(_) => true,
        Expr::Path(path) => path.absolute && path.steps.iter().all(|s| s.predicates.is_empty()),
        Expr::Filter { from, predicates, steps } => {
            matches!(from.as_ref(), Expr::Call { function: Function::Current, .. })
                && predicates.is_empty()
                && steps.iter().all(|s| s.predicates.is_empty())
        }
        _ => false,
    }
}

/// A node test, with names as numbers of one tree.
enum Numbers {
    Nothing { local: String, namespace: Option<String> },
    One { number: u32, local: String, namespace: Option<String> },
    Several { numbers: Vec<u32>, local: String, namespace: Option<String> },
    Elements { namespace: Option<String> },
    Everything,
    Texts,
}

impl Numbers {
    fn fits(&self, tree: &Tree, node: NodeId) -> bool {
        match self {
            Numbers::Nothing { .. } => false,
            Numbers::One { number, .. } => tree.name_number(node) == *number,
            Numbers::Several { numbers, .. } => numbers.contains(&tree.name_number(node)),
            Numbers::Elements { namespace } => {
                tree.kind(node) == Kind::Element
                    && namespace.as_ref().is_none_or(|u| tree.name(node).is_some_and(|n| n.namespace == *u))
            }
            Numbers::Everything => tree.kind(node) != Kind::Text || !tree.text(node).is_empty(),
            Numbers::Texts => tree.kind(node) == Kind::Text && !tree.text(node).is_empty(),
        }
    }

    fn fits_attribute(&self, tree: &Tree, attribute: NodeRef) -> bool {
        let Some((name, _)) = attribute.attribute.and_then(|n| tree.attributes(attribute.node).nth(usize::from(n))) else {
            return false;
        };
        match self {
            Numbers::Nothing { local, namespace }
            | Numbers::One { local, namespace, .. }
            | Numbers::Several { local, namespace, .. } => {
                name.local == *local && namespace.as_ref().is_none_or(|u| name.namespace == *u)
            }
            Numbers::Elements { namespace } => namespace.as_ref().is_none_or(|u| name.namespace == *u),
            Numbers::Everything => true,
            Numbers::Texts => false,
        }
    }
}
