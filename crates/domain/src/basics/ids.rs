//! Typed ids and small quantities. Parsed at the door, trusted afterwards.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Post;

/// Stable identity of a place, for ever; its division code may change under it.
///
/// Minted once as *first known 12-digit code × 100 + n* (n tells apart places that were given the same
/// code in different years), and opaque from then on. Below 2⁵³, so that JavaScript keeps it exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct PlaceId(pub i64);

impl PlaceId {
    /// The id of the `n`-th place (from 0) that was ever registered under `code`.
    pub fn mint(code: u64, n: u8) -> PlaceId {
        PlaceId(code as i64 * 100 + i64::from(n))
    }

    /// Key of this place's row in the view of places.
    pub fn key(self) -> String {
        self.0.to_string()
    }
}

impl fmt::Display for PlaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for PlaceId {
    type Err = std::num::ParseIntError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        s.parse().map(PlaceId)
    }
}

macro_rules! uuid_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Key of the row in its view.
            pub fn key(self) -> String { self.0.to_string() }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }
        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> { s.parse().map($name) }
        }
    };
}

uuid_id!(
    /// A villager's problem.
    ProblemId
);
uuid_id!(
    /// A topic: the same problem in many villages.
    TopicId
);
uuid_id!(
    /// An account that can sign in.
    AccountId
);
uuid_id!(
    /// A person: an official who holds posts, or a private person whose particulars stand beside the log. Opaque, for ever;
    /// what it stands for can be erased.
    PersonId
);

uuid_id!(
    /// A person's time at a post.
    HoldingId
);
uuid_id!(
    /// A task, promise or target.
    TaskId
);
uuid_id!(
    /// A form at a place.
    FormId
);
uuid_id!(
    /// A survey campaign.
    CampaignId
);
uuid_id!(
    /// A filled form.
    SubmissionId
);
uuid_id!(
    /// What a plan has to keep to.
    BriefId
);
uuid_id!(
    /// A plan: a proposal of the planner.
    PlanId
);

/// What a fact is about: `place:33…`, `problem:<uuid>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A place.
    Place(PlaceId),
    /// A problem.
    Problem(ProblemId),
    /// A topic.
    Topic(TopicId),
    /// The rules that hold at a place and below it.
    Rules(PlaceId),
    /// A private person.
    Person(PersonId),
    /// A post: who holds it, and what is handed over.
    Post(Post),
    /// A task.
    Task(TaskId),
    /// A form.
    Form(FormId),
    /// A filled form.
    Submission(SubmissionId),
    /// A survey campaign, and who goes where in it.
    Campaign(CampaignId),
    /// A brief.
    Brief(BriefId),
    /// A plan.
    Plan(PlanId),
    /// What villagers of a place said of works.
    Wishes(PlaceId),
    /// One thing in the audit chain.
    Access(AccessId),
}

/// One thing in the audit chain: noted by a command of its own, or mirrored from a fact of the main chain. Each is one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccessId {
    /// By the command that noted it; the server chooses its id.
    Noted(Uuid),
    /// By the number of the fact in the main chain of the same organisation.
    Mirrored {
        /// The organisation.
        org: u32,
        /// The number.
        seq: u64,
    },
}

impl fmt::Display for AccessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AccessId::Noted(id) => id.fmt(f),
            AccessId::Mirrored { org, seq } => write!(f, "{org}-{seq}"),
        }
    }
}

impl FromStr for AccessId {
    type Err = UnknownSubject;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        if let Ok(id) = s.parse() {
            return Ok(AccessId::Noted(id));
        }
        let mirrored = || {
            let (org, seq) = s.split_once('-')?;
            Some(AccessId::Mirrored { org: org.parse().ok()?, seq: seq.parse().ok()? })
        };
        mirrored().ok_or_else(|| UnknownSubject(s.to_owned()))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Place(id) => write!(f, "place:{id}"),
            Subject::Problem(id) => write!(f, "problem:{id}"),
            Subject::Topic(id) => write!(f, "topic:{id}"),
            Subject::Rules(id) => write!(f, "rules:{id}"),
            Subject::Person(id) => write!(f, "person:{id}"),
            Subject::Post(post) => write!(f, "post:{post}"),
            Subject::Task(id) => write!(f, "task:{id}"),
            Subject::Form(id) => write!(f, "form:{id}"),
            Subject::Submission(id) => write!(f, "submission:{id}"),
            Subject::Campaign(id) => write!(f, "campaign:{id}"),
            Subject::Brief(id) => write!(f, "brief:{id}"),
            Subject::Plan(id) => write!(f, "plan:{id}"),
            Subject::Wishes(id) => write!(f, "wishes:{id}"),
            Subject::Access(id) => write!(f, "access:{id}"),
        }
    }
}

impl FromStr for Subject {
    type Err = UnknownSubject;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownSubject(s.to_owned());
        let (what, id) = s.split_once(':').ok_or_else(unknown)?;
        match what {
            "place" => id.parse().map(Subject::Place).map_err(|_| unknown()),
            "problem" => id.parse().map(Subject::Problem).map_err(|_| unknown()),
            "topic" => id.parse().map(Subject::Topic).map_err(|_| unknown()),
            "rules" => id.parse().map(Subject::Rules).map_err(|_| unknown()),
            "person" => id.parse().map(Subject::Person).map_err(|_| unknown()),
            "post" => id.parse().map(Subject::Post).map_err(|_| unknown()),
            "task" => id.parse().map(Subject::Task).map_err(|_| unknown()),
            "form" => id.parse().map(Subject::Form).map_err(|_| unknown()),
            "submission" => id.parse().map(Subject::Submission).map_err(|_| unknown()),
            "campaign" => id.parse().map(Subject::Campaign).map_err(|_| unknown()),
            "brief" => id.parse().map(Subject::Brief).map_err(|_| unknown()),
            "plan" => id.parse().map(Subject::Plan).map_err(|_| unknown()),
            "wishes" => id.parse().map(Subject::Wishes).map_err(|_| unknown()),
            "access" => id.parse().map(Subject::Access).map_err(|_| unknown()),
            _ => Err(unknown()),
        }
    }
}

/// A subject that this version does not know.
#[derive(Debug, thiserror::Error)]
#[error("unknown subject {0:?}")]
pub struct UnknownSubject(pub String);

/// A calendar day (Asia/Shanghai), written `YYYY-MM-DD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub jiff::civil::Date);

/// Milliseconds from UTC to Asia/Shanghai, which has had no summer time since 1991.
const SHANGHAI_MS: i64 = 8 * 3_600_000;
const DAY_MS: i64 = 86_400_000;

impl Day {
    /// The day in Asia/Shanghai of a time in milliseconds since 1970.
    pub fn of_ms(ms: i64) -> Day {
        let days = ms.saturating_add(SHANGHAI_MS).div_euclid(DAY_MS);
        Day(jiff::civil::date(1970, 1, 1).saturating_add(jiff::Span::new().days(days.clamp(-700_000, 2_900_000))))
    }

    /// Midnight in Asia/Shanghai, in milliseconds since 1970.
    pub fn start_ms(self) -> i64 {
        self.days_since(Day(jiff::civil::date(1970, 1, 1))) * DAY_MS - SHANGHAI_MS
    }

    /// This day moved by a number of calendar days.
    pub fn plus(self, days: i64) -> Day {
        Day(self.0.saturating_add(jiff::Span::new().days(days.clamp(-700_000, 700_000))))
    }

    /// Calendar days from `earlier` to this day.
    pub fn days_since(self, earlier: Day) -> i64 {
        (self.0 - earlier.0).get_days().into()
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Day {
    type Err = jiff::Error;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        s.parse().map(Day)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        text.parse().map_err(|_| serde::de::Error::custom("a day is written YYYY-MM-DD"))
    }
}

impl utoipa::PartialSchema for Day {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))).build().into()
    }
}
impl ToSchema for Day {}

/// A position on the map: WGS-84 degrees × 10⁷.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
pub struct Position {
    /// Longitude, degrees × 10⁷, −180…180.
    #[schema(minimum = -1_800_000_000, maximum = 1_800_000_000)]
    pub lon_e7: i32,
    /// Latitude, degrees × 10⁷, −85…85 (what a web map can show).
    #[schema(minimum = -850_000_000, maximum = 850_000_000)]
    pub lat_e7: i32,
}

impl Position {
    /// A position within the range of a web map.
    pub fn new(lon_e7: i32, lat_e7: i32) -> Option<Position> {
        let inside = lon_e7.unsigned_abs() <= 1_800_000_000 && lat_e7.unsigned_abs() <= 850_000_000;
        inside.then_some(Position { lon_e7, lat_e7 })
    }

    /// Distance in metres, good to 0.5 % below 100 km (equirectangular).
    pub fn distance_m(self, other: Position) -> i64 {
        let rad = |e7: f64| e7 / 1e7 * std::f64::consts::PI / 180.0;
        let mid = rad((f64::from(self.lat_e7) + f64::from(other.lat_e7)) / 2.0);
        let dx = rad(f64::from(self.lon_e7) - f64::from(other.lon_e7)) * mid.cos();
        let dy = rad(f64::from(self.lat_e7) - f64::from(other.lat_e7));
        (6_371_008.8 * dx.hypot(dy)).round() as i64
    }
}

impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Raw {
            lon_e7: i32,
            lat_e7: i32,
        }
        let Raw { lon_e7, lat_e7 } = Raw::deserialize(d)?;
        Position::new(lon_e7, lat_e7).ok_or_else(|| serde::de::Error::custom("position outside the map"))
    }
}

/// SHA-256 of a stored file, 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct FileHash(String);

impl FileHash {
    /// Accepts 64 lower-case hexadecimal digits.
    pub fn new(text: &str) -> Option<FileHash> {
        let good = text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        good.then(|| FileHash(text.to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl utoipa::PartialSchema for FileHash {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        let about = "SHA-256 of a stored file, 64 lower-case hexadecimal digits.";
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9a-f]{64}$")).description(Some(about)).build().into()
    }
}
impl ToSchema for FileHash {}

impl<'de> Deserialize<'de> for FileHash {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        FileHash::new(&text).ok_or_else(|| serde::de::Error::custom("a file is named by 64 hexadecimal digits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_in_shanghai() {
        let day: Day = "2026-11-23".parse().expect("a day");
        assert_eq!(day.start_ms(), 1_795_363_200_000, "2026-11-22T16:00:00Z");
        assert_eq!(Day::of_ms(day.start_ms()), day);
        assert_eq!(Day::of_ms(day.start_ms() - 1), day.plus(-1));
        assert_eq!(day.plus(40).days_since(day), 40);
    }

    #[test]
    fn distance_agrees_with_one_minute_of_latitude() {
        let a = Position::new(1_196_000_000, 305_000_000).expect("inside");
        let b = Position::new(1_196_000_000, 305_000_000 + 166_667).expect("inside");
        assert!((a.distance_m(b) - 1853).abs() <= 2, "{}", a.distance_m(b));
        assert_eq!(Position::new(0, 860_000_000), None);
    }

    #[test]
    fn subjects_survive_their_text_form() {
        for s in [
            "place:33052310020100",
            "problem:0190f000-0000-7000-8000-000000000000",
            "rules:5",
            "person:0190f000-0000-7000-8000-000000000000",
            "form:0190f000-0000-7000-8000-000000000000",
            "submission:0190f000-0000-7000-8000-000000000000",
            "campaign:0190f000-0000-7000-8000-000000000000",
            "brief:0190f000-0000-7000-8000-000000000000",
            "plan:0190f000-0000-7000-8000-000000000000",
            "wishes:99010110020100",
            "post:5/head",
            "post:5/department/water",
            "access:0190f000-0000-7000-8000-000000000000",
            "access:330523-17",
        ] {
            assert_eq!(s.parse::<Subject>().expect("known").to_string(), s);
        }
        for s in ["work:1", "post:5", "post:5/head/water", "post:5/department/water/x", "post:5/mayor"] {
            assert!(s.parse::<Subject>().is_err(), "{s}");
        }
    }
}
