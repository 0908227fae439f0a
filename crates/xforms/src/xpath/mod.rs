//! XPath 1.0 with the functions of ODK XForms: text → [`Expr`] → value over trees.
//!
//! Start at [`parse`], then [`Evaluator::value`]. What an expression reads is told by [`references`]; whether its result depends on
//! the moment or the phone it was evaluated on by [`Expr::depends_on_moment`].
//!
//! Chosen where clients differ or the standard is silent:
//! * A name without prefix matches its local name in any namespace, as forms write `/data/meta/instanceID` for `orx:instanceID`.
//! * `/` is the submission's document, also within `instance('x')/…[…]`; `instance('x')` is the node above that instance's root.
//! * An absolute path from within a repeat means the repeat instance one is in, but for its last step; see [`Dialect`].
//! * Dates are days since 1970-01-01 at local midnight (see [`Dialect`]), times of day a fraction: in comparisons, arithmetic and `number()`, texts that look
//!   like `YYYY-MM-DD`, `YYYY-MM-DDThh:mm…` or `hh:mm…` count so. Local is what [`Moment::offset_minutes`] says.
//! * A node-set is true when it is not empty (XPath); a number from a text may have an exponent (Java writes such).
//! * `regex` must match the whole text (see [`Dialect`]), `round` takes halves away from zero as both clients do, `string-length` counts UTF-16 units (as both clients do, so that
//!   limits in forms mean the same), other text functions count characters. Positions of `selected-at` and `substr` begin at 0.
//! * `sum` of nothing is 0 (XPath; see [`Dialect`]), `min` and `max` of nothing are NaN; blank nodes make a sum NaN.
//!
//! Known differences from the JavaScript engine 0.22.0, kept on purpose: its `substring-after` cuts one character whatever was looked for, `%a` knows no
//! Sunday, `and`/`or` give an operand, times of day are no numbers, no `--3`, `NaN` is written as nothing.
//!
//! Errors: [`SyntaxError`] with the place in the text; [`EvalError`] for what only shows when evaluating. Work is bounded by a budget.

mod dates;
mod evaluate;
mod expr;
mod functions;
mod geo;
mod lexer;
mod parser;
mod references;
mod value;

#[cfg(test)]
mod tests;

pub use dates::{Moment, civil_from_days, days_from_civil, parse_moment};
pub use evaluate::{Caches, Dialect, EvalError, Evaluator, Focus, Hooks, Memory, NoHooks, NodeRef, World};
pub use expr::{Axis, Dependence, Expr, Function, Operator, Path, Step, Test};
pub use parser::{SyntaxError, SyntaxProblem, parse};
pub use references::{Reference, Segment, path_of, references};
pub use value::{Value, number_text, text_number};
