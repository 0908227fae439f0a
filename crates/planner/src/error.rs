//! What can be wrong with an instance, a plan or demands: a stable code and named arguments, so that a caller can word it in any language.

use std::fmt;

/// A finding about input. `Display` is one English sentence with what to do; [`Finding::code`] and [`Finding::arguments`] are for wording.
///
/// Positions count from 0 and follow the order of the input.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Finding {
    /// Stable word for the kind of finding, such as `negative-number`.
    pub code: &'static str,
    /// Where in the input, such as `villages[3].needs[0]`.
    pub place: String,
    /// Named values, in a fixed order for a code.
    pub arguments: Vec<(&'static str, String)>,
    /// What to do about it, in English.
    pub advice: &'static str,
}

impl Finding {
    /// All codes, for whoever keeps the wordings complete.
    pub const CODES: &'static [&'static str] = &[
        "choice-out-of-range",
        "contradictory-fixing",
        "cyclic-prerequisites",
        "demand-out-of-range",
        "duplicate",
        "edge-out-of-range",
        "empty-code",
        "fixed-and-forbidden",
        "malformed",
        "negative-number",
        "no-money",
        "no-options",
        "no-such-level",
        "no-such-need",
        "no-villages",
        "no-works",
        "not-a-flag",
        "not-ascending",
        "number-too-large",
        "payment-out-of-range",
        "percent-out-of-range",
        "too-many",
        "unknown-format",
        "unknown-work",
        "wrong-length",
        "years-out-of-range",
    ];

    pub(crate) fn new(code: &'static str, place: impl Into<String>, advice: &'static str) -> Self {
        debug_assert!(Finding::CODES.contains(&code), "{code} is missing in the list of codes");
        Finding { code, place: place.into(), arguments: Vec::new(), advice }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.arguments.push((name, value.to_string()));
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at {}", self.code, self.place)?;
        for (at, (name, value)) in self.arguments.iter().enumerate() {
            write!(out, "{}{name} {value}", if at == 0 { ": " } else { ", " })?;
        }
        write!(out, "; {}", self.advice)
    }
}

/// Input that cannot be used: everything that was found wrong, at least one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Refused(pub Vec<Finding>);

impl Refused {
    pub(crate) fn if_any(findings: Vec<Finding>) -> Result<(), Refused> {
        if findings.is_empty() { Ok(()) } else { Err(Refused(findings)) }
    }
}

pub(crate) fn malformed(what: &'static str, error: &serde_json::Error) -> Refused {
    let finding = Finding::new("malformed", what, "mend the text: every key of the format must be there with whole numbers")
        .with("line", error.line())
        .with("column", error.column())
        .with("reason", error);
    Refused(vec![finding])
}
