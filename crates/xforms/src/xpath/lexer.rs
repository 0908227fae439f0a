//! Text → tokens, with the rules of XPath 1.0 §3.7 on when a name or `*` is an operator.

use super::{
    expr::Operator,
    parser::{SyntaxError, SyntaxProblem},
};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Literal(String),
    /// Prefix, local; local may be `*`.
    Name(Option<String>, String),
    Operator(Operator),
    Slash,
    DoubleSlash,
    Dot,
    DotDot,
    At,
    Comma,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    /// `::`
    Colons,
}

/// Tokens with their byte offset.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, SyntaxError> {
    let mut out: Vec<(Token, usize)> = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let fail = |problem| SyntaxError { problem, at };
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        // An operator may stand behind what ends an operand.
        let operator_fits = out.last().is_some_and(|(t, _)| {
            matches!(
                t,
                Token::Number(_)
                    | Token::Literal(_)
                    | Token::Name(..)
                    | Token::Dot
                    | Token::DotDot
                    | Token::Close
                    | Token::CloseBracket
            )
        });
        let two = rest.get(..2).unwrap_or_default();
        let (token, length) = match c {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            '[' => (Token::OpenBracket, 1),
            ']' => (Token::CloseBracket, 1),
            ',' => (Token::Comma, 1),
            '@' => (Token::At, 1),
            '|' => (Token::Operator(Operator::Union), 1),
            '+' => (Token::Operator(Operator::Add), 1),
            '-' => (Token::Operator(Operator::Subtract), 1),
            '=' => (Token::Operator(Operator::Equal), 1),
            '*' if operator_fits => (Token::Operator(Operator::Multiply), 1),
            '*' => (Token::Name(None, "*".into()), 1),
            _ if two == "!=" => (Token::Operator(Operator::Unequal), 2),
            _ if two == "<=" => (Token::Operator(Operator::LessOrEqual), 2),
            _ if two == ">=" => (Token::Operator(Operator::GreaterOrEqual), 2),
            _ if two == "//" => (Token::DoubleSlash, 2),
            _ if two == "::" => (Token::Colons, 2),
            _ if two == ".." => (Token::DotDot, 2),
            '<' => (Token::Operator(Operator::Less), 1),
            '>' => (Token::Operator(Operator::Greater), 1),
            '/' => (Token::Slash, 1),
            '$' => return Err(fail(SyntaxProblem::Variable)),
            '"' | '\'' => {
                let end = rest[1..].find(c).ok_or_else(|| fail(SyntaxProblem::OpenText))?;
                (Token::Literal(rest[1..=end].to_owned()), end + 2)
            }
            '.' if !rest[1..].starts_with(|c: char| c.is_ascii_digit()) => (Token::Dot, 1),
            '0'..='9' | '.' => {
                let whole = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                let fraction = match rest[whole..].strip_prefix('.') {
                    Some(f) => 1 + f.find(|c: char| !c.is_ascii_digit()).unwrap_or(f.len()),
                    None => 0,
                };
                let digits = &rest[..whole + fraction];
                (Token::Number(digits.trim_end_matches('.').parse().map_err(|_| fail(SyntaxProblem::Unexpected))?), digits.len())
            }
            c if is_start(c) => {
                let first = name(rest);
                let behind = &rest[first.len()..];
                if operator_fits {
                    let operator = match first {
                        "and" => Some(Operator::And),
                        "or" => Some(Operator::Or),
                        "div" => Some(Operator::Divide),
                        "mod" => Some(Operator::Modulo),
                        _ => None,
                    };
                    match operator {
                        Some(operator) => (Token::Operator(operator), first.len()),
                        None => return Err(fail(SyntaxProblem::Unexpected)),
                    }
                } else {
                    match behind.strip_prefix(':').filter(|b| b.starts_with(|c| is_start(c) || c == '*')) {
                        Some(b) => {
                            let local = if b.starts_with('*') { "*" } else { name(b) };
                            (Token::Name(Some(first.to_owned()), local.to_owned()), first.len() + 1 + local.len())
                        }
                        None => (Token::Name(None, first.to_owned()), first.len()),
                    }
                }
            }
            _ => return Err(fail(SyntaxProblem::Unexpected)),
        };
        out.push((token, at));
        at += length;
    }
    Ok(out)
}

fn is_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn name(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\u{B7}'))).unwrap_or(text.len());
    &text[..end]
}
