//! The syntax tree, and how it is written again.

use std::fmt::{Display, Formatter, Result};

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A number, never negative.
    Number(f64),
    /// A text in quotes.
    Literal(String),
    /// A location path.
    Path(Path),
    /// An expression that gives nodes, filtered, and steps from there.
    Filter {
        /// Where it starts, such as `instance('x')`.
        from: Box<Expr>,
        /// Conditions on these nodes.
        predicates: Vec<Expr>,
        /// Further steps.
        steps: Vec<Step>,
    },
    /// A function.
    Call {
        /// Which.
        function: Function,
        /// With what; the number was checked.
        arguments: Vec<Expr>,
    },
    /// Two operands.
    Binary(Operator, Box<Expr>, Box<Expr>),
    /// `-x`.
    Negate(Box<Expr>),
}

/// What a result depends on beyond the documents, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dependence {
    /// Nothing: it can be recomputed at any time.
    Nothing,
    /// `now()` or `today()` only.
    Clock,
    /// Chance, language, or what was there before.
    More,
}

/// Operators with two operands, loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Union,
}

impl Operator {
    /// How strongly it binds.
    pub(super) fn strength(self) -> u8 {
        use Operator::*;
        match self {
            Or => 1,
            And => 2,
            Equal | Unequal => 3,
            Less | LessOrEqual | Greater | GreaterOrEqual => 4,
            Add | Subtract => 5,
            Multiply | Divide | Modulo => 6,
            Union => 8,
        }
    }

    fn word(self) -> &'static str {
        use Operator::*;
        match self {
            Or => "or",
            And => "and",
            Equal => "=",
            Unequal => "!=",
            Less => "<",
            LessOrEqual => "<=",
            Greater => ">",
            GreaterOrEqual => ">=",
            Add => "+",
            Subtract => "-",
            Multiply => "*",
            Divide => "div",
            Modulo => "mod",
            Union => "|",
        }
    }
}

/// How strongly unary minus binds.
pub(super) const NEGATION: u8 = 7;

/// A location path.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// Whether it begins at the document.
    pub absolute: bool,
    /// Its steps; empty only for `/`.
    pub steps: Vec<Step>,
}

/// A step of a path.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Where to look.
    pub axis: Axis,
    /// What for.
    pub test: Test,
    /// Under which conditions.
    pub predicates: Vec<Expr>,
}

/// Axes. The namespace axis does not exist here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Axis {
    Ancestor,
    AncestorOrSelf,
    Attribute,
    Child,
    Descendant,
    DescendantOrSelf,
    Following,
    FollowingSibling,
    Parent,
    Preceding,
    PrecedingSibling,
    SelfNode,
}

impl Axis {
    pub(super) const ALL: &'static [(&'static str, Axis)] = &[
        ("ancestor", Axis::Ancestor),
        ("ancestor-or-self", Axis::AncestorOrSelf),
        ("attribute", Axis::Attribute),
        ("child", Axis::Child),
        ("descendant", Axis::Descendant),
        ("descendant-or-self", Axis::DescendantOrSelf),
        ("following", Axis::Following),
        ("following-sibling", Axis::FollowingSibling),
        ("parent", Axis::Parent),
        ("preceding", Axis::Preceding),
        ("preceding-sibling", Axis::PrecedingSibling),
        ("self", Axis::SelfNode),
    ];

    /// Whether positions count away from the context node against document order.
    pub(super) fn is_reverse(self) -> bool {
        matches!(self, Axis::Ancestor | Axis::AncestorOrSelf | Axis::Preceding | Axis::PrecedingSibling)
    }
}

/// Node tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// `prefix:name` or `name`.
    Name {
        /// Prefix, where one was written.
        prefix: Option<String>,
        /// Local name.
        local: String,
    },
    /// `*`.
    Any,
    /// `prefix:*`.
    AnyOf(String),
    /// `node()`.
    Node,
    /// `text()`.
    Text,
    /// `comment()` or `processing-instruction()`, which are not kept: matches nothing.
    Nothing(&'static str),
}

macro_rules! functions {
    ($($name:literal $variant:ident $least:literal $most:expr;)*) => {
        /// Functions, of XPath 1.0 and of ODK XForms.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs)]
        pub enum Function { $($variant,)* }

        impl Function {
            /// Name, fewest and most arguments.
            pub(super) const ALL: &'static [(&'static str, Function, usize, usize)] = &[$(($name, Function::$variant, $least, $most),)*];
        }
    };
}

const MANY: usize = usize::MAX;

functions! {
    "last" Last 0 0;
    "position" Position 0 1;
    "count" Count 1 1;
    "id" Id 1 1;
    "local-name" LocalName 0 1;
    "namespace-uri" NamespaceUri 0 1;
    "name" Name 0 1;
    "string" String 0 1;
    "concat" Concat 0 MANY;
    "starts-with" StartsWith 2 2;
    "ends-with" EndsWith 2 2;
    "contains" Contains 2 2;
    "substring-before" SubstringBefore 2 2;
    "substring-after" SubstringAfter 2 2;
    "substring" Substring 2 3;
    "substr" Substr 2 3;
    "string-length" StringLength 0 1;
    "normalize-space" NormalizeSpace 0 1;
    "translate" Translate 3 3;
    "boolean" Boolean 1 1;
    "not" Not 1 1;
    "true" True 0 0;
    "false" False 0 0;
    "lang" Lang 1 1;
    "number" Number 0 1;
    "sum" Sum 1 1;
    "floor" Floor 1 1;
    "ceiling" Ceiling 1 1;
    "round" Round 1 2;
    "if" If 3 3;
    "coalesce" Coalesce 2 MANY;
    "once" Once 1 1;
    "selected" Selected 2 2;
    "is-selected" IsSelected 2 2;
    "selected-at" SelectedAt 2 2;
    "count-selected" CountSelected 1 1;
    "jr:choice-name" ChoiceName 2 2;
    "jr:itext" Itext 1 1;
    "indexed-repeat" IndexedRepeat 3 MANY;
    "instance" Instance 1 1;
    "current" Current 0 0;
    "int" Int 1 1;
    "pow" Pow 2 2;
    "log" Log 1 1;
    "log10" Log10 1 1;
    "exp" Exp 1 1;
    "exp10" Exp10 1 1;
    "abs" Abs 1 1;
    "sqrt" Sqrt 1 1;
    "sin" Sin 1 1;
    "cos" Cos 1 1;
    "tan" Tan 1 1;
    "asin" Asin 1 1;
    "acos" Acos 1 1;
    "atan" Atan 1 1;
    "atan2" Atan2 2 2;
    "pi" Pi 0 0;
    "min" Min 1 MANY;
    "max" Max 1 MANY;
    "date" Date 1 1;
    "date-time" DateTime 1 1;
    "today" Today 0 0;
    "now" Now 0 0;
    "decimal-date-time" DecimalDateTime 1 1;
    "decimal-time" DecimalTime 1 1;
    "format-date" FormatDate 2 2;
    "format-date-time" FormatDateTime 2 2;
    "boolean-from-string" BooleanFromString 1 1;
    "regex" Regex 2 2;
    "join" Join 1 MANY;
    "count-non-empty" CountNonEmpty 1 1;
    "checklist" Checklist 2 MANY;
    "weighted-checklist" WeightedChecklist 2 MANY;
    "area" Area 1 1;
    "enclosed-area" EnclosedArea 1 1;
    "distance" Distance 1 MANY;
    "geofence" Geofence 2 2;
    "intersects" Intersects 1 1;
    "uuid" Uuid 0 1;
    "random" Random 0 0;
    "randomize" Randomize 1 2;
    "digest" Digest 2 3;
    "base64-decode" Base64Decode 1 1;
    "pulldata" Pulldata 4 4;
    "property" Property 1 1;
    "version" Version 0 0;
}

impl Function {
    /// As written in expressions.
    pub fn name(self) -> &'static str {
        Function::ALL.iter().find(|(_, f, _, _)| *f == self).map_or("", |(name, _, _, _)| name)
    }
}

impl Expr {
    /// Whether the result depends on when, by whom or in which language the form was filled, so that it cannot be recomputed later.
    /// Seeded `randomize` only orders, and does not.
    pub fn depends_on_moment(&self) -> bool {
        self.moment() != Dependence::Nothing
    }

    /// What the result depends on beyond the documents.
    pub fn moment(&self) -> Dependence {
        let mut found = Dependence::Nothing;
        self.visit(&mut |e| {
            if let Expr::Call { function, arguments } = e {
                let own = match function {
                    Function::Now | Function::Today => Dependence::Clock,
                    Function::Once
                    | Function::Random
                    | Function::Uuid
                    | Function::Property
                    | Function::Itext
                    | Function::ChoiceName => Dependence::More,
                    Function::Randomize if arguments.len() == 1 => Dependence::More,
                    // Names of months and days come in the phone's language.
                    Function::FormatDate | Function::FormatDateTime => match arguments.get(1) {
                        Some(Expr::Literal(format)) if !["%b", "%a", "%B", "%A"].iter().any(|f| format.contains(f)) => {
                            Dependence::Nothing
                        }
                        _ => Dependence::More,
                    },
                    _ => Dependence::Nothing,
                };
                found = found.max(own);
            }
        });
        found
    }

    /// Calls for this expression and all within it, outermost first.
    pub fn visit<'e>(&'e self, see: &mut impl FnMut(&'e Expr)) {
        let mut left = vec![self];
        while let Some(e) = left.pop() {
            see(e);
            let step_predicates =
                |steps: &'e [Step], left: &mut Vec<&'e Expr>| left.extend(steps.iter().flat_map(|s| &s.predicates));
            match e {
                Expr::Number(_) | Expr::Literal(_) => {}
                Expr::Path(path) => step_predicates(&path.steps, &mut left),
                Expr::Filter { from, predicates, steps } => {
                    left.push(from);
                    left.extend(predicates);
                    step_predicates(steps, &mut left);
                }
                Expr::Call { arguments, .. } => left.extend(arguments),
                Expr::Binary(_, a, b) => left.extend([a.as_ref(), b.as_ref()]),
                Expr::Negate(a) => left.push(a),
            }
        }
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter) -> Result {
        match (self.axis, &self.test, self.predicates.is_empty()) {
            (Axis::SelfNode, Test::Node, true) => return f.write_str("."),
            (Axis::Parent, Test::Node, true) => return f.write_str(".."),
            (Axis::Child, _, _) => {}
            (Axis::Attribute, _, _) => f.write_str("@")?,
            (axis, _, _) => {
                let name = Axis::ALL.iter().find(|(_, a)| *a == axis).map_or("", |(n, _)| n);
                write!(f, "{name}::")?;
            }
        }
        match &self.test {
            Test::Name { prefix: Some(prefix), local } => write!(f, "{prefix}:{local}")?,
            Test::Name { prefix: None, local } => f.write_str(local)?,
            Test::Any => f.write_str("*")?,
            Test::AnyOf(prefix) => write!(f, "{prefix}:*")?,
            Test::Node => f.write_str("node()")?,
            Test::Text => f.write_str("text()")?,
            Test::Nothing(word) => write!(f, "{word}()")?,
        }
        self.predicates.iter().try_for_each(|p| write!(f, "[{p}]"))
    }
}

fn steps(f: &mut Formatter, steps: &[Step]) -> Result {
    for (n, step) in steps.iter().enumerate() {
        write!(f, "{}{step}", if n == 0 { "" } else { "/" })?;
    }
    Ok(())
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter) -> Result {
        f.write_str(if self.absolute { "/" } else { "" })?;
        steps(f, &self.steps)
    }
}

/// Canonical text; parsing it again gives an equal expression.
impl Display for Expr {
    fn fmt(&self, f: &mut Formatter) -> Result {
        match self {
            Expr::Number(n) => f.write_str(&super::number_text(*n)),
            Expr::Literal(text) if text.contains('\'') => write!(f, "\"{text}\""),
            Expr::Literal(text) => write!(f, "'{text}'"),
            Expr::Path(path) => write!(f, "{path}"),
            Expr::Filter { from, predicates, steps: further } => {
                match from.as_ref() {
                    Expr::Call { .. } | Expr::Literal(_) | Expr::Number(_) => write!(f, "{from}")?,
                    other => write!(f, "({other})")?,
                }
                predicates.iter().try_for_each(|p| write!(f, "[{p}]"))?;
                if !further.is_empty() {
                    f.write_str("/")?;
                }
                steps(f, further)
            }
            Expr::Call { function, arguments } => {
                write!(f, "{}(", function.name())?;
                for (n, argument) in arguments.iter().enumerate() {
                    write!(f, "{}{argument}", if n == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
            Expr::Binary(operator, a, b) => {
                let own = operator.strength();
                let side = |f: &mut Formatter, e: &Expr, least: u8| match e.strength() < least {
                    true => write!(f, "({e})"),
                    false => write!(f, "{e}"),
                };
                side(f, a, own)?;
                write!(f, " {} ", operator.word())?;
                side(f, b, own + 1)
            }
            Expr::Negate(a) => match a.strength() < NEGATION {
                true => write!(f, "-({a})"),
                false => write!(f, "-{a}"),
            },
        }
    }
}

impl Expr {
    fn strength(&self) -> u8 {
        match self {
            Expr::Binary(operator, _, _) => operator.strength(),
            Expr::Negate(_) => NEGATION,
            // A lone `/` may not stand before a name or `*`.
            Expr::Path(Path { steps, .. }) if steps.is_empty() => 0,
            Expr::Number(_) | Expr::Literal(_) | Expr::Path(_) | Expr::Filter { .. } | Expr::Call { .. } => 9,
        }
    }
}
