//! What an expression reads: absolute paths of nodes, without positions and conditions.

use super::expr::{Axis, Expr, Function, Path, Step, Test};

/// A part of a reference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// An element's local name; an attribute's begins with `@`.
    Name(String),
    /// Any one element.
    Any,
    /// Any elements, none included.
    Anywhere,
}

/// A path from the document of the primary instance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference(pub Vec<Segment>);

impl Reference {
    /// Whether the reference means the node at that path (local names from the root), something in it or something around it.
    pub fn touches(&self, path: &[&str]) -> bool {
        fn fit(segments: &[Segment], path: &[&str]) -> bool {
            match (segments, path) {
                // Longer or shorter: the one contains the other.
                ([], _) | (_, []) => true,
                ([Segment::Name(name), s @ ..], [p, rest @ ..]) => name == p && fit(s, rest),
                ([Segment::Any, s @ ..], [_, rest @ ..]) => fit(s, rest),
                ([Segment::Anywhere, s @ ..], _) => (0..=path.len()).any(|n| fit(s, &path[n..])),
            }
        }
        fit(&self.0, path)
    }

    /// Whether it means exactly the node at that path.
    pub fn is(&self, path: &[&str]) -> bool {
        fn fit(segments: &[Segment], path: &[&str]) -> bool {
            match (segments, path) {
                ([], []) => true,
                ([Segment::Name(name), s @ ..], [p, rest @ ..]) => name == p && fit(s, rest),
                ([Segment::Any, s @ ..], [_, rest @ ..]) => fit(s, rest),
                ([Segment::Anywhere, s @ ..], _) => (0..=path.len()).any(|n| fit(s, &path[n..])),
                _ => false,
            }
        }
        fit(&self.0, path)
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        self.0.iter().try_for_each(|s| match s {
            Segment::Name(name) => write!(f, "/{name}"),
            Segment::Any => f.write_str("/*"),
            Segment::Anywhere => f.write_str("/**"),
        })
    }
}

/// The path that a nodeset attribute such as `/data/group/question` names; predicates are left out.
/// `None` where it is no location path.
pub fn path_of(expr: &Expr, context: &Reference) -> Option<Reference> {
    match expr {
        Expr::Path(path) => whereto(path, Some(context)),
        Expr::Call { function: Function::Current, .. } => Some(context.clone()),
        Expr::Filter { from, predicates, steps } if predicates.is_empty() => {
            let start = path_of(from, context)?;
            steps.iter().try_fold(start, advance)
        }
        _ => None,
    }
}

/// All nodes of the primary instance that an expression reads when it is evaluated at `context`.
pub fn references(expr: &Expr, context: &Reference) -> Vec<Reference> {
    let mut out = Vec::new();
    collect(expr, Some(context), context, &mut out);
    out.sort();
    out.dedup();
    out
}

/// `here` is `None` within a secondary instance.
fn collect(expr: &Expr, here: Option<&Reference>, origin: &Reference, out: &mut Vec<Reference>) {
    match expr {
        Expr::Number(_) | Expr::Literal(_) => {}
        Expr::Path(path) => {
            let start = if path.absolute { Some(Reference(Vec::new())) } else { here.cloned() };
            let end = walk(start, &path.steps, origin, out);
            out.extend(end);
        }
        Expr::Filter { from, predicates, steps } => {
            let start = match from.as_ref() {
                Expr::Call { function: Function::Current, .. } => Some(origin.clone()),
                Expr::Path(path) => {
                    let start = if path.absolute { Some(Reference(Vec::new())) } else { here.cloned() };
                    walk(start, &path.steps, origin, out)
                }
                other => {
                    collect(other, here, origin, out);
                    None
                }
            };
            for predicate in predicates {
                collect(predicate, start.as_ref(), origin, out);
            }
            let end = walk(start, steps, origin, out);
            out.extend(end);
        }
        Expr::Call { function: Function::Current, .. } => out.push(origin.clone()),
        Expr::Call { function: Function::ChoiceName, arguments } => {
            arguments.iter().for_each(|a| collect(a, here, origin, out));
            // The question is named in a text.
            if let Some(Expr::Literal(text)) = arguments.get(1)
                && let Ok(question) = super::parse(text)
            {
                collect(&question, here, origin, out);
            }
        }
        Expr::Call { arguments, .. } => arguments.iter().for_each(|a| collect(a, here, origin, out)),
        Expr::Binary(_, a, b) => {
            // Chains lean to the left.
            collect(b, here, origin, out);
            let mut left = a.as_ref();
            while let Expr::Binary(_, a, b) = left {
                collect(b, here, origin, out);
                left = a;
            }
            collect(left, here, origin, out);
        }
        Expr::Negate(a) => collect(a, here, origin, out),
    }
}

fn walk(mut at: Option<Reference>, steps: &[Step], origin: &Reference, out: &mut Vec<Reference>) -> Option<Reference> {
    for step in steps {
        at = at.and_then(|at| advance(at, step));
        for predicate in &step.predicates {
            collect(predicate, at.as_ref(), origin, out);
        }
    }
    at
}

fn whereto(path: &Path, context: Option<&Reference>) -> Option<Reference> {
    let start = if path.absolute { Some(Reference(Vec::new())) } else { context.cloned() };
    path.steps.iter().fold(start, |at, step| at.and_then(|at| advance(at, step)))
}

fn advance(mut at: Reference, step: &Step) -> Option<Reference> {
    let named = |test: &Test| match test {
        Test::Name { local, .. } => Some(Segment::Name(local.clone())),
        Test::Any | Test::AnyOf(_) | Test::Node => Some(Segment::Any),
        Test::Text | Test::Nothing(_) => None,
    };
    match step.axis {
        Axis::SelfNode => {}
        Axis::Child => at.0.extend(named(&step.test)),
        Axis::Attribute => {
            if let Test::Name { local, .. } = &step.test {
                at.0.push(Segment::Name(format!("@{local}")));
            }
        }
        Axis::Parent => {
            at.0.pop()?;
        }
        Axis::Descendant | Axis::DescendantOrSelf => {
            at.0.push(Segment::Anywhere);
            if !matches!(step.test, Test::Node) {
                at.0.extend(named(&step.test));
            }
        }
        Axis::FollowingSibling | Axis::PrecedingSibling => {
            at.0.pop()?;
            at.0.extend(named(&step.test));
        }
        Axis::Ancestor | Axis::AncestorOrSelf => match &step.test {
            Test::Name { local, .. } => {
                let wanted = Segment::Name(local.clone());
                let end = at.0.iter().rposition(|s| *s == wanted)?;
                at.0.truncate(end + 1);
            }
            _ => at.0.clear(),
        },
        Axis::Following | Axis::Preceding => at.0 = vec![Segment::Anywhere],
    }
    Some(at)
}
