//! Chinese words of the demo county. They are data, in `words/*.json`, so that whoever writes better ones needs no Rust.

use std::{collections::BTreeMap, sync::LazyLock};

use domain::{
    basics::{Department, Role},
    duties::Quantity,
    problems::Field,
};
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
    pub duties: DutyWords,
    pub surveys: SurveyWords,
    pub planning: PlanningWords,
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
    pub security: String,
    pub audit: String,
    pub head: String,
    pub office: String,
    pub former: String,
    pub departments: Vec<(Department, String)>,
    pub inspectors: Vec<String>,
    pub viewer: String,
    pub township: String,
    pub township_head: String,
    /// Put behind the post, where two people hold it one after the other.
    pub earlier: String,
    pub later: String,
    pub village: String,
    pub village_head: String,
}

/// What posts answer for, what is said when they change hands, and their tasks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DutyWords {
    /// Of an office, with a gap for its number.
    pub phone: String,
    /// Of posts at the county, in townships and in villages.
    pub county: BTreeMap<Role, String>,
    pub township: BTreeMap<Role, String>,
    pub village: BTreeMap<Role, String>,
    pub departments: BTreeMap<Department, String>,
    pub left: ChangeWords,
    /// The list of a year.
    pub tasks: Vec<TaskWords>,
    pub occasion: String,
    /// What was left of the year before the first.
    pub leftovers: Vec<TaskWords>,
    pub promises: Vec<PromiseWords>,
    pub meeting: String,
    pub claimed: Vec<String>,
    pub claimed_target: Vec<String>,
    pub verified: Vec<String>,
    pub verified_target: Vec<String>,
    pub rejected: Vec<String>,
    pub rejected_target: Vec<String>,
    pub carried: Vec<String>,
    pub dropped: Vec<String>,
    pub withdrawn: String,
    pub amended: String,
    pub merged: String,
}

/// What is said around works and wishes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanningWords {
    pub catalogue: String,
    pub standards: String,
    pub notes: Vec<String>,
    pub withdrawn: String,
}

/// Reasons around posts that change hands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeWords {
    pub moved_on: String,
    pub appointed: String,
    pub died: String,
    pub follows: String,
    pub mistaken: String,
    pub mistake: String,
    pub merged: String,
    pub leave: String,
    pub sick_leave: String,
    pub remark: String,
    pub absent_moved: String,
    pub absent_died: String,
    pub absent_no_account: String,
    pub absent_office: String,
    pub absent_merged: String,
}

/// A task of the year.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskWords {
    pub title: String,
    /// What the county has to do.
    pub duty: String,
    pub field: Option<Field>,
    /// The programme office where absent.
    pub lead: Option<Department>,
    pub helpers: Vec<Department>,
    pub month: i8,
    pub day: i8,
    /// How much there is to do for a hundred villages.
    pub quantity: Option<Quantity>,
    /// What townships have to do, where it is passed down.
    pub township: Option<String>,
    /// What villages have to do, where it is passed down further.
    pub village: Option<String>,
}

/// Something that is promised before others.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromiseWords {
    pub title: String,
    pub field: Field,
    /// A township's head where absent.
    pub department: Option<Department>,
    pub days: i64,
    pub kept: bool,
}

/// What is said around surveys. The form itself is `forms/village_visit_demo.csv`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurveyWords {
    /// Why the form asks what is known.
    pub again: String,
    /// Title of a campaign.
    pub campaign: String,
    pub closed: String,
    pub remarks: Vec<String>,
    pub approved: Vec<String>,
    /// Approved though something is in doubt.
    pub approved_doubt: String,
    pub issues: Vec<String>,
    /// Nothing is in doubt for the form, but for whoever looked.
    pub recount: String,
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
    duties: read!("duties.json"),
    surveys: read!("surveys.json"),
    planning: read!("planning.json"),
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
