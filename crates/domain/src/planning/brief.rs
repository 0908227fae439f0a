//! What a plan has to keep to: horizon, money, own contributions, acceptance, order. A brief is data, kept version by version.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::WorkCode;
use crate::{
    basics::{PlaceId, Text},
    places::Class,
    problems::Field,
};

/// Years of a plan at least and at most.
pub const YEARS: (u8, u8) = (3, 15);
/// Funds of a brief at most.
pub const FUNDS_MAX: usize = 40;
/// Decisions fixed in a brief at most.
pub const FIXED_MAX: usize = 5_000;
/// Fen of one fund in one year at most: a hundred billion yuan.
pub const FUND_FEN_MAX: i64 = 10_000_000_000_000;

crate::word_enum!(
    /// Where money comes from 资金来源.
    SourceKind {
        /// The province.
        Provincial => "provincial",
        /// What the city adds.
        CityMatch => "city_match",
        /// The county's budget.
        CountyBudget => "county_budget",
        /// A share of land-sale revenue.
        LandTransfer => "land_transfer",
        /// Pooled from the lines of water, housing or environment, each keeping its earmark.
        Sector => "sector",
        /// Companies.
        Enterprise => "enterprise",
        /// Donations.
        Donation => "donation",
    }
);

/// Money of one source over the years.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fund {
    /// What it is called.
    pub name: Text<60>,
    /// What kind of source.
    pub source: SourceKind,
    /// It pays for works in this place and below: a county, or what lies above it.
    pub place: PlaceId,
    /// Whether what is left at the end of a year can be spent later.
    pub carries_over: bool,
    /// Fen of each year, the first first.
    pub fen: Vec<i64>,
    /// Largest part of a work's cost that it may pay, in percent, by works field. A field that is not named gets nothing; where none is
    /// named, all get everything.
    #[serde(default)]
    pub share_percent: BTreeMap<Field, u8>,
}

/// A decision taken beforehand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fixed {
    /// The village.
    pub place: PlaceId,
    /// The kind of work.
    pub work: WorkCode,
    /// What was decided.
    pub is: Decision,
}

/// What was decided of a work in a village.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "is", rename_all = "snake_case", deny_unknown_fields)]
pub enum Decision {
    /// It is done in this calendar year.
    In {
        /// The year.
        year: u16,
    },
    /// It is done in some year.
    Sometime {},
    /// It is not done in this calendar year.
    NotIn {
        /// The year.
        year: u16,
    },
    /// It is not done.
    Never {},
}

/// What a plan has to keep to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Brief {
    /// First calendar year.
    pub first_year: u16,
    /// Years, 3…15.
    pub years: u8,
    /// What a year later counts, in thousandths of the year before, 500…1000.
    pub later_permille: u16,
    /// Money by source.
    pub funds: Vec<Fund>,
    /// Part of every year's money that is not planned, in percent, 0…50.
    pub reserve_percent: u8,
    /// Part of a work's cost that the village pays out of its own money, in percent, 0…50.
    pub own_percent: u8,
    /// Own money of a village in a year, in fen for every resident household.
    pub own_fen_per_household: i64,
    /// Labour that a village gives in a year, in hours for every resident household.
    pub labour_hours_per_household: u16,
    /// Load of works that a village bears in a year; a work's load is of a hundred.
    pub load_per_year: u16,
    /// Works are planned where at least so many percent of the households asked were in favour, 0…100.
    pub accepted_percent: u8,
    /// Where nobody was asked, not before the n-th year, from 1: they are asked in the meantime. 0: never.
    pub unasked_from_year: u8,
    /// Hardest difficulty in each year, the first first, 1…5; after the last of them everything.
    pub easy_first: Vec<u8>,
    /// In each of so many first years …
    pub demonstration_years: u8,
    /// … at least this share of a county's shared money goes to demonstration villages, in percent.
    pub demonstration_percent: u8,
    /// Bonus for neighbours that do a work in lines in the same year, in percent of the smaller benefit, 0…100.
    pub line_bonus_percent: u8,
    /// Villages are neighbours within so many metres.
    pub neighbours_within_m: u32,
    /// Whether a need that was only said, and seen by nobody, is planned.
    pub plan_what_was_said: bool,
    /// What benefit counts in villages of a class, in thousandths; 1000 where a class is not named, 0: nothing is planned there.
    #[serde(default)]
    pub class_permille: BTreeMap<Class, u16>,
    /// What benefit counts more in the tenth of villages that is worst off, in thousandths of itself.
    pub worst_off_extra_permille: u16,
    /// Upkeep of all that is planned in a village may take so many percent of its own money of a year; 0: not looked at.
    pub upkeep_percent: u16,
    /// Decisions taken beforehand.
    #[serde(default)]
    pub fixed: Vec<Fixed>,
}

impl Brief {
    /// Calendar years.
    pub fn calendar(&self) -> impl Iterator<Item = u16> + use<> {
        self.first_year..self.first_year.saturating_add(u16::from(self.years))
    }

    /// A value that cannot work, by its path.
    pub fn fault(&self) -> Option<&'static str> {
        let years = usize::from(self.years);
        let fen = |n: &i64| (0..=FUND_FEN_MAX).contains(n);
        let within = |year: u16| self.calendar().any(|y| y == year);
        let mut names: Vec<&str> = self.funds.iter().map(|f| f.name.as_str()).collect();
        names.sort_unstable();
        let twice = names.windows(2).any(|pair| pair[0] == pair[1]);
        match self {
            b if !(2000..=2200).contains(&b.first_year) => Some("first_year"),
            b if !(YEARS.0..=YEARS.1).contains(&b.years) => Some("years"),
            b if !(500..=1000).contains(&b.later_permille) => Some("later_permille"),
            b if b.funds.is_empty() || b.funds.len() > FUNDS_MAX => Some("funds"),
            _ if twice => Some("funds.name"),
            b if b.funds.iter().any(|f| f.fen.len() != years || !f.fen.iter().all(fen)) => Some("funds.fen"),
            b if b.funds.iter().any(|f| f.share_percent.values().any(|p| *p > 100)) => Some("funds.share_percent"),
            b if b.funds.iter().all(|f| f.fen.iter().all(|n| *n == 0)) => Some("funds.fen"),
            b if b.reserve_percent > 50 => Some("reserve_percent"),
            b if b.own_percent > 50 => Some("own_percent"),
            b if !fen(&b.own_fen_per_household) => Some("own_fen_per_household"),
            b if b.load_per_year == 0 => Some("load_per_year"),
            b if b.accepted_percent > 100 => Some("accepted_percent"),
            b if b.unasked_from_year > b.years => Some("unasked_from_year"),
            b if b.easy_first.len() > years || b.easy_first.iter().any(|d| !(1..=5).contains(d)) => Some("easy_first"),
            b if b.demonstration_years > b.years => Some("demonstration_years"),
            b if b.demonstration_percent > 100 => Some("demonstration_percent"),
            b if b.line_bonus_percent > 100 => Some("line_bonus_percent"),
            b if b.neighbours_within_m > 50_000 => Some("neighbours_within_m"),
            b if b.class_permille.values().any(|p| *p > 10_000) => Some("class_permille"),
            b if b.worst_off_extra_permille > 10_000 => Some("worst_off_extra_permille"),
            b if b.fixed.len() > FIXED_MAX => Some("fixed"),
            b if b.fixed.iter().any(|f| matches!(f.is, Decision::In { year } | Decision::NotIn { year } if !within(year))) => {
                Some("fixed.year")
            }
            _ => None,
        }
    }
}
