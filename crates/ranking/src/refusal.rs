//! Refusals: an answer with a stable code and named arguments, so that whoever shows it can word it in any language.

/// Declares an enum of refusals: code, variant, named arguments, an English sentence for logs.
macro_rules! refusals {
    ($(#[$outer:meta])* pub enum $name:ident { $($(#[$doc:meta])* $code:literal $variant:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty),* $(,)? } $text:literal,)* }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $($(#[$doc])* $variant { $($(#[$fdoc])* $field: $type),* },)*
        }

        impl $name {
            /// The stable code, a word that never changes its meaning.
            pub fn code(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $code,)* }
            }

            /// Named arguments in the order of their declaration, as text.
            pub fn arguments(&self) -> Vec<(&'static str, String)> {
                match self { $(Self::$variant { $($field),* } => vec![$((stringify!($field), $field.to_string())),*],)* }
            }

            /// All codes, for whoever keeps the wordings complete.
            pub const CODES: &'static [&'static str] = &[$($code),*];
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self { $(Self::$variant { $($field),* } => write!(f, $text $(, $field = $field)*),)* }
            }
        }

        impl std::error::Error for $name {}
    };
}
pub(crate) use refusals;

refusals! {
    /// Why no number is given. Places are indices into the input, counted from 0.
    pub enum Refusal {
        /// There is nothing to work with.
        "nothing-given" NothingGiven { } "no unit was given",
        /// Two lists that belong together differ in length.
        "lengths-differ" LengthsDiffer { /** Which list. */ what: &'static str, /** Its length. */ got: usize, /** The length that was needed. */ needed: usize } "{what}: {got} values where {needed} are needed",
        /// A value is NaN or infinite.
        "not-finite" NotFinite { /** Which list. */ what: &'static str, /** Where. */ index: usize } "{what} {index} is not a finite number",
        /// A standard error is zero or negative: nothing was measured, or nothing varied; neither gives an interval.
        "no-standard-error" NoStandardError { /** Which unit. */ index: usize, /** The value found. */ value: f64 } "the standard error of unit {index} is {value}, not above zero",
        /// A number lies outside of what it may be.
        "out-of-range" OutOfRange { /** Which number. */ what: &'static str, /** Where. */ index: usize, /** The value found. */ value: f64 } "{what} {index} is {value}, outside of its range",
        /// At least two units are needed to compare.
        "one-unit" OneUnit { } "one unit alone has no rank",
        /// Two units move together so completely that their difference has no variance.
        "difference-without-variance" DifferenceWithoutVariance { /** One unit. */ first: usize, /** The other. */ second: usize } "the difference of units {first} and {second} has no variance",
        /// A matrix is not a covariance matrix.
        "not-a-covariance" NotACovariance { /** Row where this shows. */ index: usize } "the matrix is not symmetric and positive semidefinite (row {index})",
        /// Too many units for a method whose cost grows with the square.
        "too-many" TooMany { /** How many. */ got: usize, /** How many at most. */ most: usize } "{got} units; this method takes {most} at most",
        /// A stratum of the frame has no unit in the sample.
        "empty-stratum" EmptyStratum { /** Its number. */ stratum: u32 } "stratum {stratum} has nothing in the sample",
        /// One primary unit in a stratum that was not taken as a whole: its variance cannot be seen.
        "lonely-unit" LonelyUnit { /** Its number. */ stratum: u32 } "stratum {stratum} has one primary unit in the sample: its variance cannot be estimated; say how to treat it",
        /// Too few observations for what is asked.
        "too-few" TooFew { /** What there is too little of. */ what: &'static str, /** How many. */ got: usize, /** How many are needed. */ needed: usize } "{got} {what} where {needed} are needed",
        /// All answers are alike: there is no variance to work with.
        "all-alike" AllAlike { /** What is alike. */ what: &'static str } "all {what} are alike",
        /// The denominator of a ratio is zero.
        "zero-denominator" ZeroDenominator { } "the denominator is estimated as zero",
        /// Covariates (or effects) are linearly dependent.
        "dependent-columns" DependentColumns { /** The column that adds nothing. */ column: usize } "column {column} depends linearly on the others",
        /// Inspectors and units fall into groups that share nobody: severities between groups cannot be compared.
        "not-connected" NotConnected { /** How many groups. */ groups: usize, /** A unit of the first group. */ unit: usize, /** A unit of another group. */ other: usize } "inspectors and units form {groups} groups without a link (unit {unit} and unit {other}): scores cannot be compared across",
        /// Units (or inspectors, or items) with nothing but passes, or nothing but failures, have no finite estimate.
        "all-pass-or-fail" AllPassOrFail { /** unit, inspector or item. */ kind: &'static str, /** Which. */ index: usize } "{kind} {index} has only passes or only failures",
        /// An iteration did not settle.
        "no-convergence" NoConvergence { /** Of what. */ what: &'static str, /** Iterations done. */ iterations: usize } "{what} did not settle in {iterations} iterations",
        /// Weights admit nothing: lower bounds above upper, or no point that adds up to one.
        "no-admissible-weights" NoAdmissibleWeights { } "no weights within the bounds add up to one",
        /// A value is missing where the rule admits none.
        "missing-value" MissingValue { /** Which unit. */ unit: usize, /** Which indicator. */ indicator: usize } "unit {unit} has no value of indicator {indicator}",
        /// Goalposts that leave no room between them.
        "goalposts-equal" GoalpostsEqual { /** Which indicator. */ indicator: usize } "the goalposts of indicator {indicator} are equal",
    }
}

/// Every value finite, or the refusal that names the first that is not.
pub(crate) fn finite(what: &'static str, values: &[f64]) -> Result<(), Refusal> {
    match values.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(Refusal::NotFinite { what, index }),
        None => Ok(()),
    }
}

/// Lists that belong together have one length.
pub(crate) fn same_length(what: &'static str, got: usize, needed: usize) -> Result<(), Refusal> {
    if got == needed { Ok(()) } else { Err(Refusal::LengthsDiffer { what, got, needed }) }
}

/// A probability strictly between 0 and 1.
pub(crate) fn proper(what: &'static str, value: f64) -> Result<(), Refusal> {
    if value > 0.0 && value < 1.0 { Ok(()) } else { Err(Refusal::OutOfRange { what, index: 0, value }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_arguments_are_stable() {
        let refusal = Refusal::NotConnected { groups: 2, unit: 0, other: 7 };
        assert_eq!(refusal.code(), "not-connected");
        assert_eq!(refusal.arguments(), [("groups", "2".into()), ("unit", "0".into()), ("other", "7".into())]);
        let mut codes = Refusal::CODES.to_vec();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Refusal::CODES.len(), "a code stands for one thing");
    }
}
