//! Chinese words of the demo county. They are data, in `words/*.json`, so that whoever writes better ones needs no Rust.

use std::{collections::BTreeMap, sync::LazyLock};

use domain::problems::Field;
use serde::Deserialize;

use crate::random::Random;

/// All of them.
#[derive(Debug)]
pub struct Words {
    pub problems: Vec<ProblemKind>,
    pub replies: Replies,
    pub topics: Vec<TopicWords>,
    pub places: PlaceWords,
    pub people: PeopleWords,
    pub calendar: Calendar,
    pub label: Label,
}

/// Things that are wrong in villages, of one field and at the same times of the year.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProblemKind {
    pub field: Field,
    /// How often, out of season.
    pub weight: i64,
    /// How often in a season; the largest counts.
    pub seasons: BTreeMap<Season, i64>,
    pub stories: Vec<Story>,
}

/// What is said of one such thing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// As villagers write.
    pub villager: Vec<String>,
    /// As officials and inspectors write.
    pub official: Vec<String>,
    /// What was behind it: cause, measure, and what is said when it is done.
    pub ways: Vec<(String, String, String)>,
}

/// When some problems are more frequent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Season {
    /// Around the spring festival, when everybody is at home.
    NewYear,
    /// The hot months.
    Summer,
    /// After heavy rain.
    Rain,
    /// Autumn and early winter without rain.
    Dry,
    /// Long nights and frost.
    Winter,
}

/// What else people say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replies {
    pub spots: Vec<String>,
    pub hamlets: Vec<String>,
    pub private: Vec<String>,
    pub by_hand: Vec<String>,
    pub dismissed: Vec<String>,
    pub reclassified: Vec<String>,
    pub moved: Vec<String>,
    pub merged_village: Vec<String>,
    pub verified: Vec<String>,
    pub rejected: Vec<String>,
    pub confirmed: Vec<Option<String>>,
    pub reopened: Vec<String>,
    pub objected: Vec<String>,
    pub looked_again: Vec<String>,
    pub sent_up: Vec<String>,
    pub answered_township: Vec<String>,
    pub answered_county: Vec<String>,
    pub unmerged: Vec<String>,
    pub withheld: Vec<String>,
    pub shown: Vec<String>,
    pub fields: BTreeMap<Field, String>,
    pub stricter: String,
    pub starting_pack: String,
}

/// A question that comes up once a year.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicWords {
    pub field: Field,
    pub month: i8,
    pub day: i8,
    pub title: String,
    pub outcome: String,
}

/// Names of places, and the documents behind their changes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceWords {
    pub province: String,
    pub city: String,
    pub county: String,
    pub origin: String,
    pub drawn: String,
    pub document: String,
    pub townships: Vec<(String, domain::places::Kind)>,
    pub heads: Vec<String>,
    pub tails: Vec<String>,
    pub communities: Vec<String>,
    pub village: String,
    pub community: String,
    /// Villages that everybody knows; no invented one may be called so.
    pub never: Vec<String>,
    pub classes: String,
    pub grade: String,
    pub lost: String,
    pub stage: String,
    pub rename: String,
    pub renamed_head: String,
    pub merge: String,
    pub recode: String,
}

/// Names of posts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeopleWords {
    pub mark: String,
    pub admin: String,
    pub head: String,
    pub office: String,
    pub former: String,
    pub departments: Vec<(String, String)>,
    pub inspectors: Vec<String>,
    pub viewer: String,
    pub township: String,
    pub township_head: String,
    pub village: String,
    pub village_head: String,
}

/// Days that follow the moon.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    pub spring_festival: Vec<domain::basics::Day>,
}

/// What every drawn photograph says, as a picture: `#` is black.
#[derive(Debug, Deserialize)]
pub struct Label {
    pub rows: Vec<String>,
}

macro_rules! read {
    ($file:literal) => {
        serde_json::from_str(include_str!(concat!("../words/", $file))).expect(concat!($file, " is read in every test"))
    };
}

/// The words, read once.
pub static WORDS: LazyLock<Words> = LazyLock::new(|| Words {
    problems: read!("problems.json"),
    replies: read!("replies.json"),
    topics: read!("topics.json"),
    places: read!("places.json"),
    people: read!("people.json"),
    calendar: read!("calendar.json"),
    label: read!("label.json"),
});

/// What stands in the gaps of one problem's texts, the same from report to fix.
#[derive(Debug, Clone)]
pub struct Gaps {
    spot: String,
    hamlet: String,
    days: i64,
    few: i64,
    n: i64,
}

impl Gaps {
    /// New ones.
    pub fn draw(random: &mut Random) -> Gaps {
        Gaps {
            spot: random.pick(&WORDS.replies.spots).clone(),
            hamlet: random.pick(&WORDS.replies.hamlets).clone(),
            days: random.between(2, 9),
            few: random.between(2, 4),
            n: random.between(5, 30),
        }
    }

    /// The text with its gaps filled.
    pub fn fill(&self, text: &str) -> String {
        text.replace("{spot}", &self.spot)
            .replace("{hamlet}", &self.hamlet)
            .replace("{days}", &self.days.to_string())
            .replace("{few}", &self.few.to_string())
            .replace("{n}", &self.n.to_string())
    }
}
