//! `$filter`, as far as ODK Central documents it: comparisons of what is known about a submission, with `and`, `or`, `not`, `null`,
//! and the parts of a moment. Answers cannot be filtered by. Times are UTC, as in what is answered.
//!
//! What the columns can say by themselves goes to the database; the whole is looked at once more for each submission.

use axum::http::StatusCode;
use chrono::{DateTime, Datelike, NaiveDate, Timelike};
use domain::surveys::Submission;
use store::Condition;

use crate::{answer::Problem, central};

/// Longest filter, characters; its depth.
const LENGTH_MAX: usize = 2_000;
const DEPTH_MAX: usize = 30;

/// What a submission is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Received,
    Updated,
    Submitter,
    State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Debug, Clone, PartialEq)]
enum Operand {
    Field(Field),
    Part(Part, Box<Operand>),
    Const(Worth),
}

/// What can be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    Null,
    Moment(i64),
    Number(i64),
    Text(String),
}

/// A filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter(Is);

#[derive(Debug, Clone, PartialEq)]
enum Is {
    All(Vec<Is>),
    Any(Vec<Is>),
    Not(Box<Is>),
    Compared(Operand, Sign, Operand),
}

fn bad(why: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "odata/query").arg("why", why.into())
}

/// What is part of OData and not of this.
pub fn unsupported(what: &str) -> Problem {
    Problem::new(StatusCode::NOT_IMPLEMENTED, "odata/unsupported").arg("what", what.chars().take(200).collect::<String>())
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// What cannot be understood, or is not supported.
    pub fn read(text: &str, now_ms: i64) -> Result<Filter, Problem> {
        if text.chars().count() > LENGTH_MAX {
            return Err(bad(format!("$filter: more than {LENGTH_MAX} characters")));
        }
        let mut reading = Reading { tokens: tokens(text)?, at: 0, depth: 0, now_ms };
        let is = reading.any()?;
        match reading.peek() {
            None => Ok(Filter(is)),
            Some(more) => Err(bad(format!("$filter: {more:?}"))),
        }
    }

    /// Whether a submission passes.
    pub fn takes(&self, submission: &Submission) -> bool {
        self.0.holds(submission)
    }

    /// Conditions that every submission that passes meets, and whether all that meet them pass.
    pub fn conditions(&self) -> (Vec<Condition>, bool) {
        let all = match &self.0 {
            Is::All(all) => all.as_slice(),
            one => std::slice::from_ref(one),
        };
        let mut conditions = Vec::new();
        let mut exact = true;
        for is in all {
            exact &= is.pushed(&mut conditions);
        }
        (conditions, exact)
    }
}

impl Is {
    fn holds(&self, submission: &Submission) -> bool {
        match self {
            Is::All(all) => all.iter().all(|is| is.holds(submission)),
            Is::Any(any) => any.iter().any(|is| is.holds(submission)),
            Is::Not(is) => !is.holds(submission),
            Is::Compared(left, sign, right) => sign.holds(&left.worth(submission), &right.worth(submission)),
        }
    }

    /// Adds the condition that this asks of columns; tells whether it asks nothing else.
    fn pushed(&self, conditions: &mut Vec<Condition>) -> bool {
        let Is::Compared(left, sign, right) = self else { return false };
        let (left, sign, right) = match (left, right) {
            (Operand::Const(_), _) => (right, sign.turned(), left),
            _ => (left, *sign, right),
        };
        let mut between = |from: Option<i64>, to: Option<i64>| {
            let column = || "received_ms".to_owned();
            conditions.extend(from.map(|ms| Condition::From(column(), ms.into())));
            conditions.extend(to.map(|ms| Condition::UpTo(column(), ms.into())));
            true
        };
        match (left, right) {
            (Operand::Field(Field::Received), Operand::Const(Worth::Moment(ms))) => match sign {
                Sign::Eq => between(Some(*ms), Some(*ms)),
                Sign::Lt => between(None, Some(ms - 1)),
                Sign::Le => between(None, Some(*ms)),
                Sign::Gt => between(Some(ms + 1), None),
                Sign::Ge => between(Some(*ms), None),
                Sign::Ne => false,
            },
            (Operand::Part(Part::Year, of), Operand::Const(Worth::Number(year))) if **of == Operand::Field(Field::Received) => {
                let begins = |year: i64| {
                    let day = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, 1, 1)?;
                    Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
                };
                let (Some(begin), Some(end)) = (begins(*year), begins(year + 1)) else { return false };
                match sign {
                    Sign::Eq => between(Some(begin), Some(end - 1)),
                    Sign::Lt => between(None, Some(begin - 1)),
                    Sign::Le => between(None, Some(end - 1)),
                    Sign::Gt => between(Some(end), None),
                    Sign::Ge => between(Some(begin), None),
                    Sign::Ne => false,
                }
            }
            (Operand::Field(Field::State), Operand::Const(state)) if sign == Sign::Eq => {
                let (word, exact) = match state {
                    Worth::Text(text) => match text.as_str() {
                        "approved" => ("approved", true),
                        "hasIssues" => ("has_issues", true),
                        "rejected" => ("rejected", true),
                        // One column for both.
                        "edited" => ("received", false),
                        _ => ("none", true),
                    },
                    Worth::Null => ("received", false),
                    Worth::Moment(_) | Worth::Number(_) => return false,
                };
                conditions.push(Condition::OneOf("state".into(), vec![word.into()]));
                exact
            }
            _ => false,
        }
    }
}

impl Sign {
    fn turned(self) -> Sign {
        match self {
            Sign::Lt => Sign::Gt,
            Sign::Le => Sign::Ge,
            Sign::Gt => Sign::Lt,
            Sign::Ge => Sign::Le,
            Sign::Eq | Sign::Ne => self,
        }
    }

    /// Nothing equals nothing, and is neither less nor more than anything.
    fn holds(self, left: &Worth, right: &Worth) -> bool {
        let both = *left != Worth::Null && *right != Worth::Null;
        match self {
            Sign::Eq => left == right,
            Sign::Ne => left != right,
            Sign::Lt => both && left < right,
            Sign::Le => both && left <= right,
            Sign::Gt => both && left > right,
            Sign::Ge => both && left >= right,
        }
    }
}

impl Operand {
    fn worth(&self, submission: &Submission) -> Worth {
        match self {
            Operand::Const(worth) => worth.clone(),
            Operand::Field(Field::Received) => Worth::Moment(submission.received_ms),
            Operand::Field(Field::Updated) => submission.reviewed_ms.map_or(Worth::Null, Worth::Moment),
            Operand::Field(Field::Submitter) => {
                submission.account.map_or(Worth::Null, |a| Worth::Number(central::number(Some(a)).cast_signed()))
            }
            Operand::Field(Field::State) => {
                central::review_state(submission).map_or(Worth::Null, |state| Worth::Text(state.to_owned()))
            }
            Operand::Part(part, of) => match of.worth(submission) {
                Worth::Moment(ms) => part.of(ms).map_or(Worth::Null, Worth::Number),
                Worth::Null | Worth::Number(_) | Worth::Text(_) => Worth::Null,
            },
        }
    }

    /// A word for its kind; none for nothing.
    fn kind(&self) -> Option<&'static str> {
        match self {
            Operand::Field(Field::Received | Field::Updated) | Operand::Const(Worth::Moment(_)) => Some("a moment"),
            Operand::Field(Field::Submitter) | Operand::Part(..) | Operand::Const(Worth::Number(_)) => Some("a number"),
            Operand::Field(Field::State) | Operand::Const(Worth::Text(_)) => Some("a text"),
            Operand::Const(Worth::Null) => None,
        }
    }
}

impl Part {
    fn of(self, ms: i64) -> Option<i64> {
        let at = DateTime::from_timestamp_millis(ms)?;
        Some(match self {
            Part::Year => at.year().into(),
            Part::Month => at.month().into(),
            Part::Day => at.day().into(),
            Part::Hour => at.hour().into(),
            Part::Minute => at.minute().into(),
            Part::Second => at.second().into(),
        })
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    Comma,
    Text(String),
    Word(String),
}

fn tokens(text: &str) -> Result<Vec<Token>, Problem> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            ',' => tokens.push(Token::Comma),
            '\'' => {
                let mut said = String::new();
                loop {
                    match rest.next() {
                        Some('\'') if rest.peek() == Some(&'\'') => {
                            rest.next();
                            said.push('\'');
                        }
                        Some('\'') => break,
                        Some(c) => said.push(c),
                        None => return Err(bad("$filter: a quote is not closed")),
                    }
                }
                tokens.push(Token::Text(said));
            }
            c if c.is_whitespace() => {}
            c => {
                let mut word = String::from(c);
                while let Some(c) = rest.next_if(|c| !c.is_whitespace() && !"(),'".contains(*c)) {
                    word.push(c);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

struct Reading {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    now_ms: i64,
}

impl Reading {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn word(&mut self, wanted: &str) -> bool {
        let there = matches!(self.peek(), Some(Token::Word(word)) if word == wanted);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), Problem> {
        if self.peek() != Some(wanted) {
            return Err(bad(format!("$filter: {wanted:?} expected, found {:?}", self.peek())));
        }
        self.at += 1;
        Ok(())
    }

    fn any(&mut self) -> Result<Is, Problem> {
        let mut any = vec![self.all()?];
        while self.word("or") {
            any.push(self.all()?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Is::Any(any) })
    }

    fn all(&mut self) -> Result<Is, Problem> {
        let mut all = vec![self.one()?];
        while self.word("and") {
            all.push(self.one()?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Is::All(all) })
    }

    fn one(&mut self) -> Result<Is, Problem> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(bad(format!("$filter: deeper than {DEPTH_MAX}")));
        }
        let is = if self.word("not") {
            Is::Not(Box::new(self.one()?))
        } else if self.peek() == Some(&Token::Open) {
            self.at += 1;
            let is = self.any()?;
            self.expect(&Token::Close)?;
            is
        } else {
            self.compared()?
        };
        self.depth -= 1;
        Ok(is)
    }

    fn compared(&mut self) -> Result<Is, Problem> {
        let left = self.operand()?;
        let sign = match self.peek() {
            Some(Token::Word(word)) => match word.as_str() {
                "eq" => Sign::Eq,
                "ne" | "neq" => Sign::Ne,
                "lt" => Sign::Lt,
                "le" => Sign::Le,
                "gt" => Sign::Gt,
                "ge" => Sign::Ge,
                "and" | "or" => return Err(bad(format!("$filter: a comparison expected before {word}"))),
                other => return Err(unsupported(&format!("$filter {other}"))),
            },
            found => return Err(bad(format!("$filter: a comparison expected, found {found:?}"))),
        };
        self.at += 1;
        let right = self.operand()?;
        let (left, right) = numbered(left, right);
        match (left.kind(), right.kind()) {
            (Some(a), Some(b)) if a != b => Err(bad(format!("$filter: {a} is compared with {b}"))),
            _ => Ok(Is::Compared(left, sign, right)),
        }
    }

    fn operand(&mut self) -> Result<Operand, Problem> {
        let token = self.peek().cloned().ok_or_else(|| bad("$filter: it ends too early"))?;
        self.at += 1;
        let word = match token {
            Token::Word(word) if ["and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge"].contains(&word.as_str()) => {
                return Err(bad(format!("$filter: a value expected, found {word}")));
            }
            Token::Text(text) => return Ok(Operand::Const(Worth::Text(text))),
            Token::Word(word) => word,
            other => return Err(bad(format!("$filter: {other:?}"))),
        };
        if self.peek() == Some(&Token::Open) {
            return self.call(&word);
        }
        if word == "null" {
            return Ok(Operand::Const(Worth::Null));
        }
        if let Ok(n) = word.parse() {
            return Ok(Operand::Const(Worth::Number(n)));
        }
        if let Some(ms) = moment(&word) {
            return Ok(Operand::Const(Worth::Moment(ms)));
        }
        let field = word.strip_prefix("$root/Submissions/").unwrap_or(&word);
        Ok(Operand::Field(match field {
            "__system/submissionDate" => Field::Received,
            "__system/updatedAt" => Field::Updated,
            "__system/submitterId" => Field::Submitter,
            "__system/reviewState" => Field::State,
            _ => return Err(unsupported(&format!("$filter {word}"))),
        }))
    }

    fn call(&mut self, name: &str) -> Result<Operand, Problem> {
        self.expect(&Token::Open)?;
        let part = match name {
            "now" => {
                self.expect(&Token::Close)?;
                return Ok(Operand::Const(Worth::Moment(self.now_ms)));
            }
            "year" => Part::Year,
            "month" => Part::Month,
            "day" => Part::Day,
            "hour" => Part::Hour,
            "minute" => Part::Minute,
            "second" => Part::Second,
            other => return Err(unsupported(&format!("$filter {other}()"))),
        };
        let of = self.operand()?;
        if of.kind() != Some("a moment") {
            return Err(bad(format!("$filter: {name}() takes a moment")));
        }
        self.expect(&Token::Close)?;
        // Known at once, so that columns can be asked.
        if let Operand::Const(Worth::Moment(ms)) = of {
            return Ok(Operand::Const(part.of(ms).map_or(Worth::Null, Worth::Number)));
        }
        Ok(Operand::Part(part, Box::new(of)))
    }
}

/// Numbers of accounts are texts in what is answered, and may be quoted when they are asked for.
fn numbered(left: Operand, right: Operand) -> (Operand, Operand) {
    let number = |operand: Operand| match &operand {
        Operand::Const(Worth::Text(text)) => text.parse().map_or(operand, |n| Operand::Const(Worth::Number(n))),
        _ => operand,
    };
    let submitter = Operand::Field(Field::Submitter);
    match (left == submitter, right == submitter) {
        (true, _) => (left, number(right)),
        (_, true) => (number(left), right),
        (false, false) => (left, right),
    }
}

/// A moment as OData writes it; a day is its first moment.
fn moment(word: &str) -> Option<i64> {
    if let Ok(at) = DateTime::parse_from_rfc3339(word) {
        return Some(at.timestamp_millis());
    }
    let day = NaiveDate::parse_from_str(word, "%Y-%m-%d").ok()?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
}
