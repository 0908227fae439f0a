//! What can become true of a place.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::basics::{Day, FileHash, PlaceId, Position, SubmissionId, Text};

/// The five levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 省
    Province,
    /// 市
    City,
    /// 县
    County,
    /// 乡镇
    Township,
    /// 村
    Village,
}

impl Level {
    /// All levels, from the top.
    pub const ALL: [Level; 5] = [Level::Province, Level::City, Level::County, Level::Township, Level::Village];

    /// The word in JSON and columns.
    pub fn word(self) -> &'static str {
        match self {
            Level::Province => "province",
            Level::City => "city",
            Level::County => "county",
            Level::Township => "township",
            Level::Village => "village",
        }
    }

    /// How many digits of the code belong to this level.
    pub fn digits(self) -> usize {
        match self {
            Level::Province => 2,
            Level::City => 4,
            Level::County => 6,
            Level::Township => 9,
            Level::Village => 12,
        }
    }
}

/// What kind of place within its level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Above the township: province, city, county.
    Area,
    /// 镇
    Town,
    /// 乡
    Township,
    /// 街道
    Subdistrict,
    /// 村委会
    Villagers,
    /// 居委会, 社区
    Residents,
    /// Development zones, farms and whatever else is counted like a township or a village.
    Other,
}

impl Kind {
    /// The word in JSON and columns.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Area => "area",
            Kind::Town => "town",
            Kind::Township => "township",
            Kind::Subdistrict => "subdistrict",
            Kind::Villagers => "villagers",
            Kind::Residents => "residents",
            Kind::Other => "other",
        }
    }
}

/// Village class; each has standards of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// 集聚提升
    Cluster,
    /// 城郊融合
    Suburban,
    /// 特色保护
    Heritage,
    /// 搬迁撤并
    Relocate,
    /// 暂不分类
    Undetermined,
}

/// Grade of a village; can be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// No grade.
    None,
    /// 整治村
    Remediated,
    /// 示范村
    Demonstration,
    /// 精品村
    Boutique,
    /// 未来乡村
    Future,
}

/// Stage of the programme at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// 示范引领
    Demonstration,
    /// 整体推进
    Rollout,
    /// 深化提升
    Deepening,
    /// 转型升级
    Upgrading,
}

/// A denominator: something that rates are divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Registered households 户籍户数.
    HouseholdsRegistered,
    /// Households that live there 常住户数.
    HouseholdsResident,
    /// Hamlets 自然村.
    Hamlets,
    /// Persons living there.
    Population,
}

macro_rules! words {
    ($name:ident { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];
            /// The word in JSON and columns.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }
    };
}
words!(Class { Cluster => "cluster", Suburban => "suburban", Heritage => "heritage", Relocate => "relocate", Undetermined => "undetermined" });
words!(Grade { None => "none", Remediated => "remediated", Demonstration => "demonstration", Boutique => "boutique", Future => "future" });
words!(Stage { Demonstration => "demonstration", Rollout => "rollout", Deepening => "deepening", Upgrading => "upgrading" });
words!(Counted { HouseholdsRegistered => "households_registered", HouseholdsResident => "households_resident", Hamlets => "hamlets", Population => "population" });

/// Name of a place: at most 60 characters.
pub type Name = Text<60>;
/// Title and number of the document behind a change.
pub type Document = Text<200>;

/// How a figure was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// From a register kept elsewhere.
    Register,
    /// Counted on the spot by the village.
    Counted,
    /// Counted by somebody independent.
    Verified,
}

impl Method {
    /// The word in JSON and columns.
    pub fn word(self) -> &'static str {
        match self {
            Method::Register => "register",
            Method::Counted => "counted",
            Method::Verified => "verified",
        }
    }
}

/// The place entered the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// Code on that day.
    pub code: String,
    /// Name on that day.
    pub name: Name,
    /// Its level.
    pub level: Level,
    /// Its kind.
    pub kind: Kind,
    /// The places it lies in, from the top; the last is its parent. One for each level: where a level in between is
    /// missing, the place above stands in for it, as a city without counties does in the register.
    pub within: Vec<PlaceId>,
    /// From when, where known.
    pub from: Option<Day>,
    /// Where this comes from: register and cut-off date.
    pub origin: String,
}

/// The name changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// The new name.
    pub name: Name,
    /// From when, where known.
    pub from: Option<Day>,
    /// By which document, or out of which register.
    pub document: Document,
}

/// The division code changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recoded {
    /// The new code.
    pub code: String,
    /// From when, where known.
    pub from: Option<Day>,
    /// By which document.
    pub document: Document,
}

/// The place came to lie in other places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The places it now lies in, from the top.
    pub within: Vec<PlaceId>,
    /// From when, where known.
    pub from: Option<Day>,
    /// By which document.
    pub document: Document,
}

/// The place ceased to be: merged, split up or dissolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Closed {
    /// On which day, where known.
    #[schema(required)]
    pub on: Option<Day>,
    /// What it became; none where that is not known.
    pub into: Vec<PlaceId>,
    /// By which document.
    pub document: Document,
}

/// Closing was a mistake; the place goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reinstated {
    /// Why.
    pub document: Document,
}

/// The village was put into a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classified {
    /// The class.
    pub class: Class,
    /// From when.
    pub from: Day,
    /// By which document.
    pub document: Document,
}

/// A grade was given or taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Graded {
    /// The grade.
    pub grade: Grade,
    /// From when.
    pub from: Day,
    /// By which document.
    pub document: Document,
}

/// The programme entered a stage here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageEntered {
    /// The stage.
    pub stage: Stage,
    /// From when.
    pub from: Day,
    /// By which document.
    pub document: Document,
}

/// A denominator was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountRecorded {
    /// What was counted.
    pub what: Counted,
    /// How many.
    pub value: u32,
    /// On which day that held.
    pub on: Day,
    /// How it was counted.
    pub method: Method,
    /// The submission that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<SubmissionId>,
}

/// Its point on the map became known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Located {
    /// The point, WGS-84.
    pub position: Position,
    /// Datum of the source, `wgs84`, `gcj02` or `cgcs2000`; converted at the door.
    pub datum: String,
    /// Where it comes from.
    pub origin: String,
}

/// Its outline became known; the geometry itself is a stored file (GeoJSON, WGS-84).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Outlined {
    /// The file.
    pub file: FileHash,
    /// West, south, east, north in degrees × 10⁷.
    #[schema(min_items = 4, max_items = 4)]
    pub bounds_e7: [i32; 4],
    /// Datum of the source.
    pub datum: String,
    /// Where it comes from.
    pub origin: String,
}

/// Its urban-rural class code (城乡分类代码, 111…220) became known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrbanRuralSet {
    /// The three digits.
    pub urban_rural: u16,
    /// Where it comes from.
    pub origin: String,
}

crate::fact_kinds! {
    /// Facts about places.
    pub enum Fact {
        /// Entered the register.
        "place.registered@1" => Registered,
        /// Name changed.
        "place.renamed@1" => Renamed,
        /// Code changed.
        "place.recoded@1" => Recoded,
        /// Lies elsewhere now.
        "place.moved@1" => Moved,
        /// Ceased to be.
        "place.closed@1" => Closed,
        /// Goes on after all.
        "place.reinstated@1" => Reinstated,
        /// Put into a class.
        "place.classified@1" => Classified,
        /// Grade given or taken.
        "place.graded@1" => Graded,
        /// Stage entered.
        "place.stage_entered@1" => StageEntered,
        /// Denominator counted.
        "place.counted@1" => CountRecorded,
        /// Point known.
        "place.located@1" => Located,
        /// Outline known.
        "place.outlined@1" => Outlined,
        /// Urban-rural class known.
        "place.urban_rural_set@1" => UrbanRuralSet,
    }
}
