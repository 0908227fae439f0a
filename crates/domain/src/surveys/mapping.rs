//! What becomes of answers: which question gives a figure, a denominator or a problem. The mapping is data; what follows from it
//! for one submission is worked out here and recorded by [`super::Command::Apply`], with the submission as evidence.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::facts::FileName;
use crate::{
    basics::{Day, Text},
    places::{COUNT_MAX, Counted, Method},
    problems::{Field, Photo, Words},
};

/// Rows of a mapping at most.
pub const MAPPING_ROWS_MAX: usize = 100;
/// Readings, counts and problems made of one submission at most.
pub const MADE_MAX: usize = 200;

/// Path of a question, without positions: `/data/child/age`.
pub type Path = Text<500>;
/// Name of a figure: lower-case letters, digits and `_`.
pub type Figure = Text<60>;

crate::word_enum!(
    /// When answers become facts.
    ApplyWhen {
        /// At once where nothing is in doubt; what is in doubt waits until somebody has approved it.
        Received => "received",
        /// When somebody has approved it.
        Approved => "approved",
    }
);

/// What a form's answers become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The question that names the village, by its code of 12 digits; where it was handed in without one.
    #[serde(default)]
    pub village: Option<Path>,
    /// The question that says on which day the answers held; the day it came without one.
    #[serde(default)]
    pub day: Option<Path>,
    /// When.
    pub when: ApplyWhen,
    /// Which question gives what.
    pub rows: Vec<MappingRow>,
}

/// One question and what it gives. Inside a repeat, numbers are added up, choices counted, and every one that fits is a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MappingRow {
    /// The question.
    pub from: Path,
    /// What.
    pub to: Target,
}

/// What a question gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Target {
    /// A dated figure of the village.
    Reading {
        /// Its name.
        figure: Figure,
        /// In words.
        title: Text<100>,
        /// Digits behind the point, 0…4.
        #[serde(default)]
        decimals: u8,
        /// Answers that count as one, all others as none; without any the answer is the number.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        yes: Vec<Text<200>>,
    },
    /// A denominator of the village.
    Count {
        /// Which.
        what: Counted,
        /// How it was counted.
        method: Method,
    },
    /// A problem, where the answer is one of these.
    Problem {
        /// Works field.
        field: Field,
        /// Answers that say so.
        yes: Vec<Text<200>>,
        /// The question that describes it; without one its label and answer do.
        #[serde(default)]
        text: Option<Path>,
        /// The question answered with a photo of it.
        #[serde(default)]
        photo: Option<Path>,
    },
}

/// What is wrong with a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappingFault {
    /// Too many rows.
    TooManyRows,
    /// A figure's name with other signs, by row from 1.
    BadFigure(usize),
    /// More than four digits behind the point, by row from 1.
    TooManyDigits(usize),
    /// A problem that no answer says, by row from 1.
    NoAnswers(usize),
    /// The same figure or denominator twice, by row from 1.
    Twice(usize),
}

impl Mapping {
    /// What is wrong with it.
    pub fn fault(&self) -> Option<MappingFault> {
        if self.rows.len() > MAPPING_ROWS_MAX {
            return Some(MappingFault::TooManyRows);
        }
        for (n, row) in self.rows.iter().enumerate() {
            let named = |other: &MappingRow| match (&other.to, &row.to) {
                (Target::Reading { figure: a, .. }, Target::Reading { figure: b, .. }) => a == b,
                (Target::Count { what: a, .. }, Target::Count { what: b, .. }) => a == b,
                _ => false,
            };
            match &row.to {
                Target::Reading { figure, .. }
                    if !figure.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') =>
                {
                    return Some(MappingFault::BadFigure(n + 1));
                }
                Target::Reading { decimals, .. } if *decimals > 4 => return Some(MappingFault::TooManyDigits(n + 1)),
                Target::Problem { yes, .. } if yes.is_empty() => return Some(MappingFault::NoAnswers(n + 1)),
                Target::Reading { .. } | Target::Count { .. } | Target::Problem { .. } => {}
            }
            if self.rows[..n].iter().any(named) {
                return Some(MappingFault::Twice(n + 1));
            }
        }
        None
    }

    /// Every path that it names, each with the row that does, from 1; 0 is the mapping itself.
    pub fn paths(&self) -> Vec<(usize, &Path)> {
        let own = self.village.iter().chain(&self.day).map(|path| (0, path));
        let of_rows = self.rows.iter().enumerate().flat_map(|(n, row)| {
            let further = match &row.to {
                Target::Problem { text, photo, .. } => [text.as_ref(), photo.as_ref()],
                Target::Reading { .. } | Target::Count { .. } => [None, None],
            };
            [Some(&row.from)].into_iter().chain(further).flatten().map(move |path| (n + 1, path))
        });
        own.chain(of_rows).collect()
    }
}

/// An answer as the mapping sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Path of the question, without positions.
    pub path: String,
    /// Position in each repeat around it.
    pub positions: Vec<u32>,
    /// What the form calls it.
    pub label: Option<String>,
    /// The value that counts: empty where it is not relevant.
    pub value: String,
}

crate::word_enum!(
    /// Why a row gave nothing though there was an answer.
    NotMadeReason {
        /// The answer is no number.
        NotANumber => "not_a_number",
        /// The number is out of range.
        OutOfRange => "out_of_range",
        /// The day is none, or has not come.
        BadDay => "bad_day",
        /// No village of the sender's has that code.
        NoSuchVillage => "no_such_village",
        /// More came out than is made of one submission.
        TooMany => "too_many",
    }
);

/// A row that gave nothing though there was an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotMade {
    /// The question.
    pub from: Path,
    /// Why.
    pub why: NotMadeReason,
}

/// Something that follows from a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Made {
    /// A dated figure.
    Reading {
        /// Its name.
        figure: Figure,
        /// In words.
        title: Text<100>,
        /// Value × 10^decimals.
        value: i64,
        /// Digits behind the point.
        decimals: u8,
    },
    /// A denominator.
    Count {
        /// Which.
        what: Counted,
        /// How many.
        value: u32,
        /// How it was counted.
        method: Method,
    },
    /// A problem.
    Problem {
        /// Works field.
        field: Field,
        /// What is wrong.
        text: Words,
        /// Names of its photos among the files of the submission.
        photos: Vec<FileName>,
    },
}

/// A stored photo of a problem that follows from a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FoundPhoto {
    /// Its name among the files of the submission.
    pub name: FileName,
    /// The photo.
    pub photo: Photo,
}

/// All that follows from a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MappingOutcome {
    /// On which day it held.
    pub on: Day,
    /// What.
    pub made: Vec<Made>,
    /// What gave nothing though there was an answer.
    pub not_made: Vec<NotMade>,
}

/// A number × 10^decimals; none where it is no number or too large.
fn scaled(text: &str, decimals: u8) -> Result<i64, NotMadeReason> {
    let text = text.trim();
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !plain(whole) || !plain(part) {
        return Err(NotMadeReason::NotANumber);
    }
    let mut value: i128 = 0;
    for digit in whole.bytes() {
        value = value.saturating_mul(10).saturating_add(i128::from(digit - b'0'));
    }
    let mut part = part.bytes().map(|b| i128::from(b - b'0'));
    for _ in 0..decimals {
        value = value.saturating_mul(10).saturating_add(part.next().unwrap_or(0));
    }
    // Half up, away from zero.
    value += i128::from(part.next().is_some_and(|next| next >= 5));
    i64::try_from(if negative { -value } else { value }).map_err(|_| NotMadeReason::OutOfRange)
}

impl Mapping {
    /// What follows from the answers of a submission that came on a day. `decimals` of sums are those of the row.
    pub fn outcome(&self, answers: &[Answered], came: Day) -> MappingOutcome {
        let mut out = MappingOutcome { on: came, made: Vec::new(), not_made: Vec::new() };
        let of = |path: &Path| {
            let path = path.clone();
            answers.iter().filter(move |a| a.path == path.as_str() && !a.value.trim().is_empty())
        };
        if let Some((path, said)) = self.day.as_ref().and_then(|path| Some((path, of(path).next()?))) {
            // Of a date with a time, the date.
            match said.value.get(..10).and_then(|day| day.parse::<Day>().ok()).filter(|day| *day <= came) {
                Some(day) => out.on = day,
                None => out.not_made.push(NotMade { from: path.clone(), why: NotMadeReason::BadDay }),
            }
        }
        for row in &self.rows {
            let mut answered = of(&row.from).peekable();
            if answered.peek().is_none() {
                continue;
            }
            let made = match &row.to {
                Target::Reading { figure, title, decimals, yes } => {
                    let sum = answered.try_fold(0_i64, |sum, a| {
                        let one = if yes.is_empty() {
                            scaled(&a.value, *decimals)?
                        } else {
                            i64::from(says(yes, &a.value)).saturating_mul(10_i64.pow(u32::from(*decimals)))
                        };
                        sum.checked_add(one).ok_or(NotMadeReason::OutOfRange)
                    });
                    let reading =
                        |value| Made::Reading { figure: figure.clone(), title: title.clone(), value, decimals: *decimals };
                    sum.map(|value| vec![reading(value)])
                }
                Target::Count { what, method } => answered
                    .try_fold(0_i64, |sum, a| sum.checked_add(scaled(&a.value, 0)?).ok_or(NotMadeReason::OutOfRange))
                    .and_then(|sum| u32::try_from(sum).ok().filter(|n| *n <= COUNT_MAX).ok_or(NotMadeReason::OutOfRange))
                    .map(|value| vec![Made::Count { what: *what, value, method: *method }]),
                Target::Problem { field, yes, text, photo } => {
                    let beside = |path: &Option<Path>, to: &Answered| {
                        let path = path.as_ref()?;
                        let near =
                            |a: &&Answered| to.positions.starts_with(&a.positions) || a.positions.starts_with(&to.positions);
                        of(path).find(near).map(|a| a.value.clone())
                    };
                    let problem = |a: &Answered| {
                        let own =
                            format!("{}: {}", a.label.as_deref().unwrap_or(a.path.rsplit('/').next().unwrap_or("")), a.value);
                        let said: String = beside(text, a).unwrap_or(own).chars().take(1000).collect();
                        let photos = beside(photo, a).and_then(|name| Text::new(&name).ok()).into_iter().collect();
                        Some(Made::Problem { field: *field, text: Text::new(&said).ok()?, photos })
                    };
                    Ok(answered.filter(|a| says(yes, &a.value)).filter_map(problem).collect())
                }
            };
            match made {
                Ok(made) if out.made.len() + made.len() <= MADE_MAX => out.made.extend(made),
                Ok(_) => out.not_made.push(NotMade { from: row.from.clone(), why: NotMadeReason::TooMany }),
                Err(why) => out.not_made.push(NotMade { from: row.from.clone(), why }),
            }
        }
        out
    }
}

/// Whether an answer is one of these; of several choices, whether one of them is.
fn says(yes: &[Text<200>], answer: &str) -> bool {
    let answer = answer.trim();
    yes.iter().any(|y| y.as_str() == answer || answer.split(' ').any(|one| one == y.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenes::{day, text};

    /// An answer with its positions.
    type Said<'a> = (&'a [u32], &'a str);

    fn answered(path: &str, positions: &[u32], value: &str) -> Answered {
        Answered { path: path.into(), positions: positions.to_vec(), label: Some("标题".into()), value: value.into() }
    }
    fn row(from: &str, to: Target) -> MappingRow {
        MappingRow { from: text(from), to }
    }
    fn reading(figure: &str, decimals: u8, yes: &[&str]) -> Target {
        Target::Reading {
            figure: text(figure), title: text("能用的公厕"), decimals, yes: yes.iter().map(|y| text(y)).collect()
        }
    }
    fn problem(yes: &[&str], words: Option<&str>, photo: Option<&str>) -> Target {
        let yes = yes.iter().map(|y| text(y)).collect();
        Target::Problem { field: Field::Toilet, yes, text: words.map(text), photo: photo.map(text) }
    }
    fn households() -> Target {
        Target::Count { what: Counted::HouseholdsResident, method: Method::Counted }
    }
    fn mapping(rows: Vec<MappingRow>) -> Mapping {
        Mapping { village: None, day: None, when: ApplyWhen::Approved, rows }
    }

    #[test]
    fn numbers_are_read_as_they_are_written() {
        #[rustfmt::skip]
        let cases: [(&str, u8, Result<i64, NotMadeReason>); 18] = [
            ("3", 0, Ok(3)), ("-3", 0, Ok(-3)), (" 12 ", 0, Ok(12)), ("3.5", 1, Ok(35)), ("3.5", 2, Ok(350)), ("3.14159", 2, Ok(314)),
            ("2.5", 0, Ok(3)), ("-2.5", 0, Ok(-3)), ("2.4999", 0, Ok(2)), (".5", 1, Ok(5)), ("5.", 1, Ok(50)), ("007", 0, Ok(7)),
            ("", 0, Err(NotMadeReason::NotANumber)), ("-", 0, Err(NotMadeReason::NotANumber)), ("1e3", 0, Err(NotMadeReason::NotANumber)),
            ("12户", 0, Err(NotMadeReason::NotANumber)), ("NaN", 0, Err(NotMadeReason::NotANumber)),
            ("99999999999999999999999999999999999999999999999999", 4, Err(NotMadeReason::OutOfRange)),
        ];
        for (raw, decimals, value) in cases {
            assert_eq!(scaled(raw, decimals), value, "{raw:?} × 10^{decimals}");
        }
    }

    #[test]
    fn answers_give_figures_counts_and_problems() {
        let came = day("2026-11-23");
        let map = |target| mapping(vec![row("/data/q", target)]);
        let one = |target: Target, answers: &[Said]| {
            let answers: Vec<Answered> = answers.iter().map(|(positions, value)| answered("/data/q", positions, value)).collect();
            let out = map(target).outcome(&answers, came);
            match (out.made.as_slice(), out.not_made.as_slice()) {
                ([], []) => "nothing".to_owned(),
                ([Made::Reading { value, .. }], []) => format!("reading {value}"),
                ([Made::Count { value, .. }], []) => format!("count {value}"),
                ([], [NotMade { why, .. }]) => why.word().to_owned(),
                (problems, []) => {
                    let words = problems.iter().map(|m| match m {
                        Made::Problem { text, .. } => text.as_str(),
                        Made::Reading { .. } | Made::Count { .. } => "?",
                    });
                    words.collect::<Vec<_>>().join("; ")
                }
                other => format!("{other:?}"),
            }
        };
        #[rustfmt::skip]
        let cases: [(&str, Target, &[Said], &str); 16] = [
            ("a number", reading("toilets", 0, &[]), &[(&[], "3")], "reading 3"),
            ("not answered", reading("toilets", 0, &[]), &[(&[], " ")], "nothing"),
            ("not asked", reading("toilets", 0, &[]), &[], "nothing"),
            ("words", reading("toilets", 0, &[]), &[(&[], "many")], "not_a_number"),
            ("added up over a repeat", reading("toilets", 1, &[]), &[(&[1], "1.5"), (&[2], "2")], "reading 35"),
            ("one wrong in a repeat spoils the sum", reading("toilets", 0, &[]), &[(&[1], "1"), (&[2], "x")], "not_a_number"),
            ("a choice", reading("has", 0, &["yes", "partly"]), &[(&[], "partly")], "reading 1"),
            ("another choice", reading("has", 0, &["yes"]), &[(&[], "no")], "reading 0"),
            ("one of several choices", reading("has", 0, &["b"]), &[(&[], "a b c")], "reading 1"),
            ("choices counted", reading("has", 0, &["yes"]), &[(&[1], "yes"), (&[2], "no"), (&[3], "yes")], "reading 2"),
            ("a denominator", households(), &[(&[], "250")], "count 250"),
            ("no denominator below zero", households(), &[(&[], "-1")], "out_of_range"),
            ("no denominator above ten million", households(), &[(&[], "10000001")], "out_of_range"),
            ("no problem", problem(&["broken"], None, None), &[(&[], "fine")], "nothing"),
            ("a problem", problem(&["broken"], None, None), &[(&[], "broken")], "标题: broken"),
            ("one in each", problem(&["broken"], None, None), &[(&[1], "broken"), (&[2], "fine"), (&[3], "broken")], "标题: broken; 标题: broken"),
        ];
        for (case, target, answers, expected) in cases {
            assert_eq!(one(target, answers), expected, "{case}");
        }
    }

    #[test]
    fn problems_are_described_by_their_own_answers() {
        let m =
            mapping(vec![row("/data/toilet/state", problem(&["broken"], Some("/data/toilet/what"), Some("/data/toilet/photo")))]);
        let answers = [
            answered("/data/toilet/state", &[1], "fine"),
            answered("/data/toilet/what", &[1], "nothing"),
            answered("/data/toilet/state", &[2], "broken"),
            answered("/data/toilet/what", &[2], "没有水"),
            answered("/data/toilet/photo", &[2], "b.jpg"),
        ];
        let out = m.outcome(&answers, day("2026-11-23"));
        assert_eq!(out.made, [Made::Problem { field: Field::Toilet, text: text("没有水"), photos: vec![text("b.jpg")] }]);
    }

    #[test]
    fn the_day_is_the_one_that_is_said() {
        let mut m = mapping(vec![]);
        m.day = Some(text("/data/when"));
        let came = day("2026-11-23");
        let bad = [NotMade { from: text("/data/when"), why: NotMadeReason::BadDay }];
        for (said, on, not_made) in [
            ("2026-11-20", "2026-11-20", &[][..]),
            ("2026-11-20T09:00:00.000+08:00", "2026-11-20", &[]),
            ("", "2026-11-23", &[]),
            ("2026-11-24", "2026-11-23", &bad),
            ("yesterday", "2026-11-23", &bad),
            ("昨天昨天昨天", "2026-11-23", &bad),
        ] {
            let out = m.outcome(&[answered("/data/when", &[], said)], came);
            assert_eq!((out.on, out.not_made.as_slice()), (day(on), not_made), "{said:?}");
        }
    }

    #[test]
    fn a_mapping_that_cannot_work_is_told() {
        let many = (0..=MAPPING_ROWS_MAX).map(|n| row("/data/q", reading(&format!("f{n}"), 0, &[]))).collect();
        for (case, rows, fault) in [
            ("good", vec![row("/data/q", reading("toilets_2", 4, &[])), row("/data/q", households())], None),
            ("rows", many, Some(MappingFault::TooManyRows)),
            ("name", vec![row("/data/q", reading("Toilets", 0, &[]))], Some(MappingFault::BadFigure(1))),
            ("digits", vec![row("/data/q", reading("t", 5, &[]))], Some(MappingFault::TooManyDigits(1))),
            ("no answers", vec![row("/data/q", problem(&[], None, None))], Some(MappingFault::NoAnswers(1))),
            ("twice", vec![row("/data/q", households()), row("/data/r", households())], Some(MappingFault::Twice(2))),
        ] {
            assert_eq!(mapping(rows).fault(), fault, "{case}");
        }
    }
}
