//! Posts and what they may do. A post is a role at a place; a person holds it for a time.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PlaceId;

/// What kind of post somebody holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// System administrator 系统管理员: accounts and settings, no say in the programme.
    Admin,
    /// Security administrator 安全管理员: who may do what, sessions, locks and keys; makes no accounts.
    Security,
    /// Audit administrator 审计管理员: reads what the others did, changes nothing.
    Audit,
    /// Head of the place (书记, 一把手): answers what is escalated to him.
    Head,
    /// Programme office 千万办.
    Office,
    /// A line department: works on what falls into its field.
    Department,
    /// Township officials.
    Township,
    /// Village committee.
    Village,
    /// Inspector 督查: sees and verifies, works on nothing.
    Inspector,
    /// Reads and exports only.
    Viewer,
}

/// One kind of act that can be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub enum Capability {
    /// See what the public does not.
    #[serde(rename = "read")]
    Read,
    /// Take lists away as files.
    #[serde(rename = "export")]
    Export,
    /// Read the log itself: facts of every room, chains, checkpoints.
    #[serde(rename = "log.read")]
    LogRead,
    /// Names, codes, classes, grades, stages, positions.
    #[serde(rename = "places.edit")]
    PlacesEdit,
    /// Record denominators.
    #[serde(rename = "places.count")]
    PlacesCount,
    /// Import registers.
    #[serde(rename = "places.import")]
    PlacesImport,
    /// Report a problem as an official.
    #[serde(rename = "problems.report")]
    ProblemsReport,
    /// Assign, dismiss, merge, reclassify, hide.
    #[serde(rename = "problems.triage")]
    ProblemsTriage,
    /// Find the cause, take the measure, claim the fix.
    #[serde(rename = "problems.work")]
    ProblemsWork,
    /// Verify a claimed fix.
    #[serde(rename = "problems.verify")]
    ProblemsVerify,
    /// Answer what was escalated.
    #[serde(rename = "problems.answer")]
    ProblemsAnswer,
    /// Set local rules.
    #[serde(rename = "rules.edit")]
    RulesEdit,
    /// Say who holds a post of the programme, from when to when.
    #[serde(rename = "duties.appoint")]
    DutiesAppoint,
    /// Say who is an administrator.
    #[serde(rename = "access.appoint")]
    AccessAppoint,
    /// Set tasks and pass them down.
    #[serde(rename = "tasks.set")]
    TasksSet,
    /// Do tasks: say that they are done.
    #[serde(rename = "tasks.work")]
    TasksWork,
    /// Verify that a task is done.
    #[serde(rename = "tasks.verify")]
    TasksVerify,
    /// Bring forms, publish and close them.
    #[serde(rename = "surveys.manage")]
    SurveysManage,
    /// Hand in filled forms.
    #[serde(rename = "surveys.submit")]
    SurveysSubmit,
    /// Say what a filled form is worth.
    #[serde(rename = "surveys.review")]
    SurveysReview,
    /// Write down what plans have to keep to, and propose plans.
    #[serde(rename = "planning.edit")]
    PlanningEdit,
    /// Record what villagers said of works.
    #[serde(rename = "wishes.count")]
    WishesCount,
    /// See a private person's particulars in full, for a reason that is recorded.
    #[serde(rename = "particulars.unmask")]
    ParticularsUnmask,
    /// Create, invite and close accounts.
    #[serde(rename = "accounts.manage")]
    AccountsManage,
    /// End sessions, unlock, take away second factors and tokens.
    #[serde(rename = "accounts.secure")]
    AccountsSecure,
    /// Read the audit chain.
    #[serde(rename = "audit.read")]
    AuditRead,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 10] = [
        Role::Admin,
        Role::Security,
        Role::Audit,
        Role::Head,
        Role::Office,
        Role::Department,
        Role::Township,
        Role::Village,
        Role::Inspector,
        Role::Viewer,
    ];

    /// The three administrators, whose posts no person may hold two of.
    pub const ADMINISTRATORS: [Role; 3] = [Role::Admin, Role::Security, Role::Audit];

    /// Whether this is one of the three administrators.
    pub fn administers(self) -> bool {
        Role::ADMINISTRATORS.contains(&self)
    }

    /// What this role may do within its place and below.
    pub fn capabilities(self) -> &'static [Capability] {
        use Capability::*;
        match self {
            Role::Admin => &[Read, LogRead, RulesEdit, AccessAppoint, AccountsManage],
            Role::Security => &[AccessAppoint, AccountsSecure],
            Role::Audit => &[AuditRead],
            Role::Head => &[
                Read,
                Export,
                ProblemsReport,
                ProblemsTriage,
                ProblemsVerify,
                ProblemsAnswer,
                DutiesAppoint,
                TasksSet,
                TasksWork,
                TasksVerify,
                ParticularsUnmask,
                SurveysSubmit,
                SurveysReview,
            ],
            Role::Office => &[
                Read,
                Export,
                LogRead,
                PlacesEdit,
                PlacesCount,
                PlacesImport,
                ProblemsReport,
                ProblemsTriage,
                ProblemsVerify,
                RulesEdit,
                DutiesAppoint,
                TasksSet,
                TasksWork,
                TasksVerify,
                ParticularsUnmask,
                SurveysManage,
                SurveysSubmit,
                SurveysReview,
                PlanningEdit,
                WishesCount,
            ],
            Role::Department => &[Read, Export, ProblemsReport, ProblemsWork, TasksWork, SurveysSubmit],
            Role::Township => &[
                Read,
                Export,
                PlacesCount,
                ProblemsReport,
                ProblemsTriage,
                ProblemsWork,
                ProblemsVerify,
                DutiesAppoint,
                TasksSet,
                TasksWork,
                TasksVerify,
                ParticularsUnmask,
                SurveysSubmit,
                SurveysReview,
                WishesCount,
            ],
            Role::Village => &[Read, PlacesCount, ProblemsReport, ProblemsWork, TasksWork, SurveysSubmit, WishesCount],
            Role::Inspector => &[Read, Export, ProblemsReport, ProblemsVerify, TasksVerify, SurveysSubmit],
            Role::Viewer => &[Read, Export],
        }
    }

    /// The word in URLs and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Role::Admin => "admin",
            Role::Security => "security",
            Role::Audit => "audit",
            Role::Head => "head",
            Role::Office => "office",
            Role::Department => "department",
            Role::Township => "township",
            Role::Village => "village",
            Role::Inspector => "inspector",
            Role::Viewer => "viewer",
        }
    }

    /// The role with this word.
    pub fn from_word(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|r| r.word() == word)
    }
}

impl Capability {
    /// The word in JSON, as `problems.triage`.
    pub fn word(self) -> &'static str {
        match self {
            Capability::Read => "read",
            Capability::Export => "export",
            Capability::LogRead => "log.read",
            Capability::PlacesEdit => "places.edit",
            Capability::PlacesCount => "places.count",
            Capability::PlacesImport => "places.import",
            Capability::ProblemsReport => "problems.report",
            Capability::ProblemsTriage => "problems.triage",
            Capability::ProblemsWork => "problems.work",
            Capability::ProblemsVerify => "problems.verify",
            Capability::ProblemsAnswer => "problems.answer",
            Capability::RulesEdit => "rules.edit",
            Capability::DutiesAppoint => "duties.appoint",
            Capability::AccessAppoint => "access.appoint",
            Capability::TasksSet => "tasks.set",
            Capability::TasksWork => "tasks.work",
            Capability::TasksVerify => "tasks.verify",
            Capability::SurveysManage => "surveys.manage",
            Capability::SurveysSubmit => "surveys.submit",
            Capability::SurveysReview => "surveys.review",
            Capability::PlanningEdit => "planning.edit",
            Capability::WishesCount => "wishes.count",
            Capability::ParticularsUnmask => "particulars.unmask",
            Capability::AccountsManage => "accounts.manage",
            Capability::AccountsSecure => "accounts.secure",
            Capability::AuditRead => "audit.read",
        }
    }
}

crate::word_enum!(
    /// A line department, each with its part in the programme.
    Department {
        /// 农业农村
        Agriculture => "agriculture",
        /// 发展改革
        DevelopmentReform => "development_reform",
        /// 财政
        Finance => "finance",
        /// 自然资源和规划
        NaturalResources => "natural_resources",
        /// 生态环境
        Ecology => "ecology",
        /// 住房和城乡建设
        Housing => "housing",
        /// 水利
        Water => "water",
        /// 交通运输
        Transport => "transport",
        /// 文化和旅游
        Culture => "culture",
        /// 卫生健康
        Health => "health",
        /// 民政
        CivilAffairs => "civil_affairs",
        /// 综合行政执法, 城市管理
        UrbanManagement => "urban_management",
    }
);

/// A role at a place, in a department where there are several: the thing that bears a duty. Persons come and go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Post {
    /// Where.
    pub place: PlaceId,
    /// As what.
    pub role: Role,
    /// In which department, for the role of that name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<Department>,
}

impl Post {
    /// A post outside the departments.
    pub const fn new(place: PlaceId, role: Role) -> Post {
        Post { place, role, department: None }
    }

    /// The post of a department.
    pub const fn of(place: PlaceId, department: Department) -> Post {
        Post { place, role: Role::Department, department: Some(department) }
    }

    /// Key of its row in the view of posts.
    pub fn key(self) -> String {
        self.to_string()
    }

    /// Whether this post, at a place with these ancestors, stands under `other`: at a place below it,
    /// or at the same place under its head.
    pub fn is_under(self, own_ancestors: &[PlaceId], other: Post) -> bool {
        own_ancestors.contains(&other.place) || (self.place == other.place && other.role == Role::Head && self.role != Role::Head)
    }
}

/// `33052300000000/department/water`.
impl fmt::Display for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.place, self.role.word())?;
        self.department.map_or(Ok(()), |d| write!(f, "/{}", d.word()))
    }
}

impl FromStr for Post {
    type Err = UnknownPost;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownPost(s.to_owned());
        let mut parts = s.split('/');
        let place = parts.next().and_then(|p| p.parse().ok()).ok_or_else(unknown)?;
        let role = parts.next().and_then(Role::from_word).ok_or_else(unknown)?;
        let department = parts.next().map(|d| Department::from_word(d).ok_or_else(unknown)).transpose()?;
        if parts.next().is_some() || (department.is_some() && role != Role::Department) {
            return Err(unknown());
        }
        Ok(Post { place, role, department })
    }
}

/// Words that name no post.
#[derive(Debug, thiserror::Error)]
#[error("no such post: {0:?}")]
pub struct UnknownPost(pub String);
