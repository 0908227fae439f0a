//! Local practice as data: deadlines, ladders, limits, each with a validity period and a reason.
//!
//! A rule set at a place holds there and below, until a place further down sets its own.
//! Invariant: `practice-is-data` (no threshold of the programme is a constant in code).

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

use crate::{
    Fact as AnyFact, ViewId,
    basics::{
        Authority, Capability, Column, ColumnKind, Context, Day, Decide, Department, Draft, PlaceId, Read, Recorded, Role, Rows,
        Subject, Text, Value, View,
    },
    places::{Level, Place},
    planning::{Catalogue, Standards},
    problems::Field,
};

#[cfg(test)]
pub(crate) mod tests;

/// Who answers for a problem of a field, and how long it may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// Level of the post.
    pub level: Level,
    /// Role of the post.
    pub role: Role,
    /// The department, where the role is that of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<Department>,
    /// Calendar days until the fix has to be claimed, 1…3650.
    pub days: u16,
}

/// Rule `problems.deadlines`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Deadlines {
    /// By works field.
    pub by_field: BTreeMap<Field, Deadline>,
    /// For every other field.
    pub otherwise: Deadline,
    /// Calendar days within which a claimed fix has to be verified.
    pub verify_days: u16,
}

impl Deadlines {
    /// What holds for a field.
    pub fn of(&self, field: Field) -> &Deadline {
        self.by_field.get(&field).unwrap_or(&self.otherwise)
    }
}

/// Rule `problems.escalation`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// Calendar days in which the head of a level has to answer before it goes one level up.
    pub answer_days: u16,
    /// The highest level that it goes to.
    pub up_to: Level,
}

/// Rule `problems.public_reports`: limits against abuse of the public form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublicReports {
    /// Reports accepted from one network address per hour.
    pub per_client_hour: u16,
    /// Reports accepted for one village per day.
    pub per_village_day: u16,
    /// Photos in one report.
    pub photos_max: u8,
}

/// Rule `problems.duplicates`: what is suggested as a possible duplicate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Duplicates {
    /// Within this distance, metres.
    pub metres: u32,
    /// Reported within this many days.
    pub days: u16,
}

/// Rule `problems.topics`: when the same problem in many villages is proposed as a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Topics {
    /// In at least so many villages.
    pub villages_min: u16,
    /// Reported within this many days.
    pub days: u16,
}

/// Rule `persons.contacts`: how long the particulars of whoever reported a problem are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Contacts {
    /// Calendar days after the problem was settled, 1…3650; then they are erased.
    pub keep_days: u16,
}

/// Rule `public.small_counts`: counts of persons or households that the public does not see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SmallCounts {
    /// The smallest count that is shown, 1…1000; 1 shows all.
    pub min: u16,
}

/// Rule `audit.retention`: how long the audit chain is kept in any case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Facts younger than so many days are not handed to an archive; at least [`Retention::DAYS_MIN`].
    pub days: u16,
}

impl Retention {
    /// Six months: what the law asks for at least (Cybersecurity Law, article 23, item 3, as numbered since 2026).
    pub const DAYS_MIN: u16 = 183;
}

/// Rule `surveys.asked_once`: when a question asks what is known already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedOnce {
    /// What was recorded within so many months is known, 1…120.
    pub months: u16,
    /// Known of so many percent of the villages, 1…100, a question is flagged.
    pub share_percent: u8,
}

/// Rule `surveys.burden`: how much surveys may ask of a village in a month, and what a question costs where no device told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BurdenCap)]
pub struct Burden {
    /// Questions in a month, at least 1.
    pub questions_per_month: u16,
    /// Minutes in a month, at least 1.
    pub minutes_per_month: u16,
    /// Seconds that a question takes, 1…3600.
    pub seconds_per_question: u16,
}

/// A rule with its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "rule", content = "value")]
pub enum Rule {
    /// Who answers and by when.
    #[serde(rename = "problems.deadlines")]
    Deadlines(Deadlines),
    /// How it goes up.
    #[serde(rename = "problems.escalation")]
    Escalation(Escalation),
    /// Limits of the public form.
    #[serde(rename = "problems.public_reports")]
    PublicReports(PublicReports),
    /// What counts as near by.
    #[serde(rename = "problems.duplicates")]
    Duplicates(Duplicates),
    /// When many are a topic.
    #[serde(rename = "problems.topics")]
    Topics(Topics),
    /// How long contacts are kept.
    #[serde(rename = "persons.contacts")]
    Contacts(Contacts),
    /// Which counts are too small for the public.
    #[serde(rename = "public.small_counts")]
    SmallCounts(SmallCounts),
    /// How long the audit chain is kept.
    #[serde(rename = "audit.retention")]
    Retention(Retention),
    /// When a question asks what is known.
    #[serde(rename = "surveys.asked_once")]
    AskedOnce(AskedOnce),
    /// How much surveys may ask of a village.
    #[serde(rename = "surveys.burden")]
    Burden(Burden),
    /// What kinds of works there are.
    #[serde(rename = "planning.catalogue")]
    Catalogue(Catalogue),
    /// What a village should have, by class.
    #[serde(rename = "planning.standards")]
    Standards(Standards),
}

impl Rule {
    /// Names of all rules.
    pub const NAMES: [&'static str; 12] = [
        "problems.deadlines",
        "problems.escalation",
        "problems.public_reports",
        "problems.duplicates",
        "problems.topics",
        Rule::CONTACTS,
        Rule::SMALL_COUNTS,
        "audit.retention",
        Rule::ASKED_ONCE,
        Rule::BURDEN,
        Rule::CATALOGUE,
        Rule::STANDARDS,
    ];
    /// What kinds of works there are.
    pub const CATALOGUE: &'static str = "planning.catalogue";
    /// What a village should have, by class.
    pub const STANDARDS: &'static str = "planning.standards";
    /// When a question asks what is known.
    pub const ASKED_ONCE: &'static str = "surveys.asked_once";
    /// How much surveys may ask of a village.
    pub const BURDEN: &'static str = "surveys.burden";
    /// How long contacts are kept.
    pub const CONTACTS: &'static str = "persons.contacts";
    /// Which counts are too small for the public.
    pub const SMALL_COUNTS: &'static str = "public.small_counts";

    /// The rule's name.
    pub fn name(&self) -> &'static str {
        match self {
            Rule::Deadlines(_) => Rule::NAMES[0],
            Rule::Escalation(_) => Rule::NAMES[1],
            Rule::PublicReports(_) => Rule::NAMES[2],
            Rule::Duplicates(_) => Rule::NAMES[3],
            Rule::Topics(_) => Rule::NAMES[4],
            Rule::Contacts(_) => Rule::CONTACTS,
            Rule::SmallCounts(_) => Rule::SMALL_COUNTS,
            Rule::Retention(_) => Rule::NAMES[7],
            Rule::AskedOnce(_) => Rule::ASKED_ONCE,
            Rule::Burden(_) => Rule::BURDEN,
            Rule::Catalogue(_) => Rule::CATALOGUE,
            Rule::Standards(_) => Rule::STANDARDS,
        }
    }

    /// A value outside what can work, by its path.
    fn out_of_range(&self) -> Option<&'static str> {
        let days = |d: u16| (1..=3650).contains(&d);
        match self {
            Rule::Deadlines(r) if !days(r.verify_days) => Some("verify_days"),
            Rule::Deadlines(r) if !days(r.otherwise.days) => Some("otherwise.days"),
            Rule::Deadlines(r) if !r.by_field.values().all(|d| days(d.days)) => Some("by_field.days"),
            Rule::Deadlines(r)
                if r.by_field.values().chain([&r.otherwise]).any(|d| d.department.is_some() && d.role != Role::Department) =>
            {
                Some("by_field.department")
            }
            Rule::Escalation(r) if !days(r.answer_days) => Some("answer_days"),
            Rule::PublicReports(r) if r.per_client_hour == 0 => Some("per_client_hour"),
            Rule::PublicReports(r) if r.per_village_day == 0 => Some("per_village_day"),
            Rule::Duplicates(r) if !(1..=20_000).contains(&r.metres) => Some("metres"),
            Rule::Duplicates(r) if !days(r.days) => Some("days"),
            Rule::Topics(r) if r.villages_min < 2 => Some("villages_min"),
            Rule::Topics(r) if !days(r.days) => Some("days"),
            Rule::Contacts(r) if !days(r.keep_days) => Some("keep_days"),
            Rule::SmallCounts(r) if !(1..=1000).contains(&r.min) => Some("min"),
            Rule::Retention(r) if !(Retention::DAYS_MIN..=36_500).contains(&r.days) => Some("days"),
            Rule::AskedOnce(r) if !(1..=120).contains(&r.months) => Some("months"),
            Rule::AskedOnce(r) if !(1..=100).contains(&r.share_percent) => Some("share_percent"),
            Rule::Burden(r) if r.questions_per_month == 0 => Some("questions_per_month"),
            Rule::Burden(r) if r.minutes_per_month == 0 => Some("minutes_per_month"),
            Rule::Burden(r) if !(1..=3600).contains(&r.seconds_per_question) => Some("seconds_per_question"),
            Rule::Catalogue(r) => r.fault(),
            Rule::Standards(r) => r.fault(),
            Rule::Deadlines(_)
            | Rule::AskedOnce(_)
            | Rule::Escalation(_)
            | Rule::PublicReports(_)
            | Rule::Duplicates(_)
            | Rule::Topics(_)
            | Rule::Contacts(_)
            | Rule::SmallCounts(_)
            | Rule::Retention(_)
            | Rule::Burden(_) => None,
        }
    }
}

/// The pack that a new installation starts with; recorded as facts, changed by facts.
pub fn starting_pack() -> Vec<Rule> {
    serde_json::from_str(include_str!("starting_pack.json")).expect("the pack is read in a test")
}

/// A rule was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleSet {
    /// From which day.
    pub from: Day,
    /// Name and value.
    #[serde(flatten)]
    pub rule: Rule,
    /// Why.
    pub reason: Text<500>,
}

crate::fact_kinds! {
    /// Facts about rules.
    pub enum Fact {
        /// A rule was set.
        "rule.set@1" => RuleSet,
    }
}

/// A rule at a place with all its versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleRow {
    /// Where it holds.
    pub place: PlaceId,
    /// Name.
    pub rule: String,
    /// Versions in the order of recording.
    pub versions: Vec<RuleSet>,
}

impl RuleRow {
    /// Key of the row for a rule at a place.
    pub fn key(place: PlaceId, rule: &str) -> String {
        // Ten of these are made for every command about a problem.
        [place.key().as_str(), "/", rule].concat()
    }

    /// The version that holds on a day: the latest beginning; of two beginning on one day the later recorded.
    pub fn on(&self, day: Day) -> Option<&Rule> {
        self.version_on(day).map(|v| &v.rule)
    }

    /// The same with its first day and its reason.
    pub fn version_on(&self, day: Day) -> Option<&RuleSet> {
        self.versions.iter().enumerate().filter(|(_, v)| v.from <= day).max_by_key(|(i, v)| (v.from, *i)).map(|(_, v)| v)
    }
}

impl View for RuleRow {
    const ID: ViewId = ViewId::Rules;
    const VERSION: u32 = 1;
    const COLUMNS: &'static [Column] = &[
        Column::new("place", ColumnKind::Place).equals(),
        Column::new("rule", ColumnKind::Text).grouped().sorted(),
        Column::new("from", ColumnKind::Day).ranged().sorted(),
        Column::new("versions", ColumnKind::Int),
    ];

    fn key(fact: &Recorded) -> Option<String> {
        match (fact.subject, &fact.fact) {
            (Subject::Rules(place), AnyFact::Rule(Fact::RuleSet(f))) => Some(RuleRow::key(place, f.rule.name())),
            _ => None,
        }
    }

    fn fold(row: Option<Self>, at: &Recorded) -> Option<Self> {
        let (Subject::Rules(place), AnyFact::Rule(Fact::RuleSet(f))) = (at.subject, &at.fact) else { return row };
        let mut row = row.unwrap_or_else(|| RuleRow { place, rule: f.rule.name().to_owned(), versions: Vec::new() });
        row.versions.push(f.clone());
        Some(row)
    }

    fn values(&self) -> Vec<Value> {
        let latest = self.versions.iter().map(|v| v.from).max();
        vec![self.place.into(), self.rule.as_str().into(), latest.into(), (self.versions.len() as i64).into()]
    }
}

/// The reads needed to find a rule for a place: there and at every place above.
pub fn reads(place: &Place, rule: &str) -> Vec<Read> {
    place.within.iter().chain([&place.id]).map(|id| Read::Row(ViewId::Rules, RuleRow::key(*id, rule))).collect()
}

/// The rule that holds at a place on a day: the nearest place that has set it.
pub fn find<'r>(rows: &'r Rows, place: &Place, rule: &str, day: Day) -> Option<&'r Rule> {
    let nearest_first = [&place.id].into_iter().chain(place.within.iter().rev());
    nearest_first.filter_map(|id| rows.get::<RuleRow>(&RuleRow::key(*id, rule))).find_map(|row| row.on(day))
}

/// Commands of this room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type")]
pub enum Command {
    /// Set a rule for a place and everything below it.
    #[serde(rename = "rules.set")]
    Set {
        /// Where.
        place: PlaceId,
        /// From which day; not before today.
        from: Day,
        /// Name and value.
        #[serde(flatten)]
        rule: Rule,
        /// Why.
        reason: Text<500>,
    },
}

/// Why a rule is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Refusal {
    /// There is no such place.
    #[error("no such place: {place}")]
    NoSuchPlace {
        /// What was named.
        place: PlaceId,
    },
    /// A rule cannot begin in the past: decisions were already taken by the old one.
    #[error("a rule cannot begin on {from}, before today")]
    InThePast {
        /// The day.
        from: Day,
    },
    /// A value that cannot work.
    #[error("{field} is out of range")]
    OutOfRange {
        /// Which value.
        field: &'static str,
    },
}

impl Decide for Command {
    type Refusal = Refusal;

    fn reads(&self, _rows: &Rows) -> Vec<Read> {
        let Command::Set { place, .. } = self;
        vec![Read::Row(ViewId::Places, place.key())]
    }

    fn authority(&self, rows: &Rows) -> Option<Authority> {
        let Command::Set { place, .. } = self;
        Some(Authority::Post(Capability::RulesEdit, rows.place(*place)?.id))
    }

    fn decide(self, rows: &Rows, cx: &Context) -> Result<Vec<Draft>, Refusal> {
        let Command::Set { place, from, rule, reason } = self;
        let at = rows.place(place).ok_or(Refusal::NoSuchPlace { place })?;
        // The programme's own starting pack holds from whenever the first data are from.
        if from < cx.today() && cx.actor.account().is_some() {
            return Err(Refusal::InThePast { from });
        }
        if let Some(field) = rule.out_of_range() {
            return Err(Refusal::OutOfRange { field });
        }
        let fact = AnyFact::Rule(Fact::RuleSet(RuleSet { from, rule, reason }));
        Ok(vec![Draft { org: at.org, subject: Subject::Rules(place), place, effective_ms: from.start_ms(), fact }])
    }

    fn field(&self, reason: &str) -> Option<&'static str> {
        match reason {
            "in-the-past" => Some("from"),
            "out-of-range" => Some("value"),
            _ => None,
        }
    }
}
