//! Tokens → expression, by operator precedence (Pratt), with a limit on nesting.

use super::{
    expr::{Axis, Expr, Function, NEGATION, Operator, Path, Step, Test},
    lexer::{Token, tokens},
};

/// Longest expression in bytes.
const MAX_BYTES: usize = 100_000;
/// Expressions within each other.
const MAX_DEPTH: usize = 100;

/// Why an expression was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at byte {at}")]
pub struct SyntaxError {
    /// What is wrong.
    pub problem: SyntaxProblem,
    /// Byte offset in the expression.
    pub at: usize,
}

/// What is wrong with an expression.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxProblem {
    /// Nothing but white space.
    #[error("empty")]
    Empty,
    /// Something stands where it may not.
    #[error("unexpected")]
    Unexpected,
    /// The text ends too early.
    #[error("unfinished")]
    Unfinished,
    /// A quoted text that does not end.
    #[error("a quoted text without end")]
    OpenText,
    /// `$name`; XForms have none.
    #[error("variables are not supported")]
    Variable,
    /// No such function.
    #[error("no function {0}")]
    UnknownFunction(String),
    /// Too few or too many arguments.
    #[error("{0} does not take {1} arguments")]
    Arguments(String, usize),
    /// No such axis, or the namespace axis.
    #[error("no axis {0}")]
    UnknownAxis(String),
    /// Longer than an expression may be.
    #[error("too long")]
    TooLong,
    /// Nested deeper than an expression may be.
    #[error("too deeply nested")]
    TooDeep,
}

/// Reads an expression.
pub fn parse(text: &str) -> Result<Expr, SyntaxError> {
    if text.len() > MAX_BYTES {
        return Err(SyntaxError { problem: SyntaxProblem::TooLong, at: 0 });
    }
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Err(SyntaxError { problem: SyntaxProblem::Empty, at: 0 });
    }
    let mut parser = Parser { tokens, at: 0, depth: 0, end: text.len() };
    let expr = parser.expression(0)?;
    match parser.peek() {
        None => Ok(expr),
        Some(_) => Err(parser.fail(SyntaxProblem::Unexpected)),
    }
}

struct Parser {
    tokens: Vec<(Token, usize)>,
    at: usize,
    depth: usize,
    end: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(t, _)| t)
    }

    fn peek_second(&self) -> Option<&Token> {
        self.tokens.get(self.at + 1).map(|(t, _)| t)
    }

    fn fail(&self, problem: SyntaxProblem) -> SyntaxError {
        SyntaxError { problem, at: self.tokens.get(self.at).map_or(self.end, |(_, at)| *at) }
    }

    fn unexpected(&self) -> SyntaxError {
        self.fail(if self.peek().is_some() { SyntaxProblem::Unexpected } else { SyntaxProblem::Unfinished })
    }

    fn take(&mut self, token: &Token) -> bool {
        let fits = self.peek() == Some(token);
        self.at += usize::from(fits);
        fits
    }

    fn need(&mut self, token: &Token) -> Result<(), SyntaxError> {
        if self.take(token) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn expression(&mut self, least: u8) -> Result<Expr, SyntaxError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.fail(SyntaxProblem::TooDeep));
        }
        let mut left = if self.take(&Token::Operator(Operator::Subtract)) {
            Expr::Negate(Box::new(self.expression(NEGATION)?))
        } else {
            self.operand()?
        };
        // Chains such as `a or b or c` lean to the left; long ones would be deep trees.
        let mut chain = 0;
        while let Some(Token::Operator(operator)) = self.peek() {
            let operator = *operator;
            if operator.strength() < least.max(1) {
                break;
            }
            chain += 1;
            if chain > 20 * MAX_DEPTH {
                return Err(self.fail(SyntaxProblem::TooDeep));
            }
            self.at += 1;
            let right = self.expression(operator.strength() + 1)?;
            left = Expr::Binary(operator, Box::new(left), Box::new(right));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn operand(&mut self) -> Result<Expr, SyntaxError> {
        let is_call = matches!((self.peek(), self.peek_second()), (Some(Token::Name(prefix, local)), Some(Token::Open))
            if local != "*" && !(prefix.is_none() && matches!(local.as_str(), "node" | "text" | "comment" | "processing-instruction")));
        let from = match self.peek() {
            Some(Token::Number(n)) => {
                let n = *n;
                self.at += 1;
                Expr::Number(n)
            }
            Some(Token::Literal(text)) => {
                let text = text.clone();
                self.at += 1;
                Expr::Literal(text)
            }
            Some(Token::Open) => {
                self.at += 1;
                let inner = self.expression(0)?;
                self.need(&Token::Close)?;
                inner
            }
            Some(Token::Name(..)) if is_call => self.call()?,
            _ => return self.path().map(Expr::Path),
        };
        let predicates = self.predicates()?;
        let mut steps = Vec::new();
        match self.peek() {
            Some(Token::Slash) => {
                self.at += 1;
                self.steps(&mut steps)?;
            }
            Some(Token::DoubleSlash) => {
                self.at += 1;
                steps.push(anywhere());
                self.steps(&mut steps)?;
            }
            _ => {}
        }
        match predicates.is_empty() && steps.is_empty() {
            true => Ok(from),
            false => Ok(Expr::Filter { from: Box::new(from), predicates, steps }),
        }
    }

    fn call(&mut self) -> Result<Expr, SyntaxError> {
        let Some(Token::Name(prefix, local)) = self.peek().cloned() else { return Err(self.unexpected()) };
        let name = prefix.map_or(local.clone(), |p| format!("{p}:{local}"));
        let known = Function::ALL.iter().find(|(n, _, _, _)| *n == name);
        let Some((_, function, least, most)) = known else { return Err(self.fail(SyntaxProblem::UnknownFunction(name))) };
        let start = self.at;
        self.at += 2;
        let mut arguments = Vec::new();
        if !self.take(&Token::Close) {
            loop {
                arguments.push(self.expression(0)?);
                if self.take(&Token::Close) {
                    break;
                }
                self.need(&Token::Comma)?;
            }
        }
        if arguments.len() < *least || arguments.len() > *most {
            self.at = start;
            return Err(self.fail(SyntaxProblem::Arguments(name, arguments.len())));
        }
        Ok(Expr::Call { function: *function, arguments })
    }

    fn path(&mut self) -> Result<Path, SyntaxError> {
        let mut steps = Vec::new();
        match self.peek() {
            Some(Token::Slash) => {
                self.at += 1;
                if matches!(self.peek(), Some(Token::Name(..) | Token::Dot | Token::DotDot | Token::At)) {
                    self.steps(&mut steps)?;
                }
                Ok(Path { absolute: true, steps })
            }
            Some(Token::DoubleSlash) => {
                self.at += 1;
                steps.push(anywhere());
                self.steps(&mut steps)?;
                Ok(Path { absolute: true, steps })
            }
            _ => {
                self.steps(&mut steps)?;
                Ok(Path { absolute: false, steps })
            }
        }
    }

    fn steps(&mut self, steps: &mut Vec<Step>) -> Result<(), SyntaxError> {
        loop {
            steps.push(self.step()?);
            if self.take(&Token::DoubleSlash) {
                steps.push(anywhere());
            } else if !self.take(&Token::Slash) {
                return Ok(());
            }
        }
    }

    fn step(&mut self) -> Result<Step, SyntaxError> {
        let bare = |axis| Step { axis, test: Test::Node, predicates: Vec::new() };
        if self.take(&Token::Dot) {
            return Ok(Step { predicates: self.predicates()?, ..bare(Axis::SelfNode) });
        }
        if self.take(&Token::DotDot) {
            return Ok(Step { predicates: self.predicates()?, ..bare(Axis::Parent) });
        }
        let axis = if self.take(&Token::At) {
            Axis::Attribute
        } else if let (Some(Token::Name(None, word)), Some(Token::Colons)) = (self.peek(), self.peek_second()) {
            let Some((_, axis)) = Axis::ALL.iter().find(|(n, _)| n == word) else {
                return Err(self.fail(SyntaxProblem::UnknownAxis(word.clone())));
            };
            self.at += 2;
            *axis
        } else {
            Axis::Child
        };
        let Some(Token::Name(prefix, local)) = self.peek().cloned() else { return Err(self.unexpected()) };
        self.at += 1;
        let test = if self.take(&Token::Open) {
            let test = match (prefix, local.as_str()) {
                (None, "node") => Test::Node,
                (None, "text") => Test::Text,
                (None, "comment") => Test::Nothing("comment"),
                (None, "processing-instruction") => {
                    if matches!(self.peek(), Some(Token::Literal(_))) {
                        self.at += 1;
                    }
                    Test::Nothing("processing-instruction")
                }
                _ => {
                    self.at -= 1;
                    return Err(self.unexpected());
                }
            };
            self.need(&Token::Close)?;
            test
        } else {
            match (prefix, local.as_str()) {
                (None, "*") => Test::Any,
                (Some(prefix), "*") => Test::AnyOf(prefix),
                (prefix, _) => Test::Name { prefix, local },
            }
        };
        Ok(Step { axis, test, predicates: self.predicates()? })
    }

    fn predicates(&mut self) -> Result<Vec<Expr>, SyntaxError> {
        let mut out = Vec::new();
        while self.take(&Token::OpenBracket) {
            out.push(self.expression(0)?);
            self.need(&Token::CloseBracket)?;
        }
        Ok(out)
    }
}

/// What `//` stands for.
fn anywhere() -> Step {
    Step { axis: Axis::DescendantOrSelf, test: Test::Node, predicates: Vec::new() }
}
