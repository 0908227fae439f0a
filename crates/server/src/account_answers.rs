//! What comes back about accounts, and what is sent in to change them.

use domain::basics::{AccountId, Capability, Day, Department, PlaceId, Post, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answers::{PlaceBrief, PostHeld};

/// One's own account.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyAccount {
    /// Identity.
    pub id: AccountId,
    /// Name to sign in with.
    pub name: String,
    /// Name to show.
    pub display: String,
    /// Whether there is a password; without one the account is invited only.
    pub has_password: bool,
    /// Shortest new password.
    pub password_min: usize,
    /// Whether a code is asked for besides.
    pub second_factor: bool,
    /// What people call the provider whose identities open accounts; null where there is none.
    #[schema(required)]
    pub provider: Option<String>,
    /// Identities that open this account.
    pub identities: Vec<IdentityTold>,
    /// Recovery codes not yet used.
    pub recovery_left: u64,
    /// Sessions that live.
    pub sessions: Vec<SessionTold>,
    /// Keys for programs.
    pub tokens: Vec<KeyTold>,
    /// What a key may be given.
    pub may_be_given: Vec<Capability>,
}

/// An identity of a provider outside.
#[derive(Debug, Serialize, ToSchema)]
pub struct IdentityTold {
    /// The provider's address.
    pub issuer: String,
    /// What it calls the person.
    pub subject: String,
    /// Since when it opens the account.
    pub linked_ms: i64,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionTold {
    /// Name to end it by.
    pub id: String,
    /// Whether it is the one that asks.
    pub own: bool,
    /// When it began.
    pub created_ms: i64,
    /// The last request, to the minute.
    pub seen_ms: i64,
    /// When it ends in any case.
    pub expires_ms: i64,
    /// From where.
    pub address: String,
    /// With what.
    pub browser: String,
}

/// A key for a program or a phone; the key itself was shown once.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyTold {
    /// Identity.
    pub id: AccountId,
    /// What it is called.
    pub label: String,
    /// What it may do at most.
    pub capabilities: Vec<Capability>,
    /// Where at most; null for wherever its owner may.
    #[schema(required)]
    pub place: Option<PlaceBrief>,
    /// When it was made.
    pub created_ms: i64,
    /// Until when it works.
    pub expires_ms: i64,
    /// When it was last used; 0 for never.
    pub used_ms: i64,
    /// Whether it works now.
    pub works: bool,
}

/// A key that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyMade {
    /// Identity.
    pub id: AccountId,
    /// The key, shown this once.
    pub key: String,
    /// Where a phone asks who it is; null for programs.
    #[schema(required)]
    pub url: Option<String>,
    /// The address as a QR code, SVG; null for programs.
    #[schema(required)]
    pub qr: Option<String>,
    /// Settings of ODK Collect, to be pasted; null for programs.
    #[schema(required)]
    pub collect: Option<String>,
    /// The same as a QR code, SVG.
    #[schema(required)]
    pub collect_qr: Option<String>,
}

/// Whose key this is.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyAnswer {
    /// What it is called.
    pub name: String,
    /// Where it reports from.
    pub place: PlaceBrief,
    /// Until when it works.
    pub expires_ms: i64,
}

/// How many were ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct Ended {
    /// How many.
    pub ended: u64,
}

/// A page of accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountsAnswer {
    /// Accounts in the order of their names.
    pub accounts: Vec<AccountTold>,
    /// Name after which the next page begins; null on the last.
    #[schema(required)]
    pub next: Option<String>,
}

/// An account as administrators see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountTold {
    /// Identity.
    pub id: AccountId,
    /// Name to sign in with.
    pub name: String,
    /// Name to show.
    pub display: String,
    /// Whether it is open, invited, locked or closed.
    pub state: AccountState,
    /// Until when it is locked; 0 where it is not.
    pub locked_until_ms: i64,
    /// Whether a code is asked for besides.
    pub second_factor: bool,
    /// Whether an identity of a provider outside opens it.
    pub linked: bool,
    /// When it was made.
    pub created_ms: i64,
    /// The last request of a session that is still kept; 0 for none.
    pub seen_ms: i64,
    /// Posts held today and later.
    pub posts: Vec<PostHeld>,
}

/// What state an account is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// Signs in.
    Open,
    /// Has no password yet, and no identity outside.
    Invited,
    /// Too many wrong passwords.
    Locked,
    /// Signs in no more.
    Closed,
}

impl AccountState {
    /// The word in addresses.
    pub fn word(self) -> &'static str {
        match self {
            AccountState::Open => "open",
            AccountState::Invited => "invited",
            AccountState::Locked => "locked",
            AccountState::Closed => "closed",
        }
    }
}

/// One account, with what may be done to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountAnswer {
    /// The account.
    pub account: AccountTold,
    /// What the caller may do to it now.
    pub may: Vec<&'static str>,
    /// Living sessions, for the security administrator.
    pub sessions: Vec<SessionTold>,
    /// Keys for programs, for the security administrator.
    pub tokens: Vec<KeyTold>,
    /// Identities that open it, for the security administrator.
    pub identities: Vec<IdentityTold>,
    /// A link that was just made, shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkMade>,
}

/// A link that was just made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LinkMade {
    /// The address.
    pub url: String,
    /// Until when it works.
    pub expires_ms: i64,
}

/// What a workbook of people says, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationsAnswer {
    /// Rows with somebody in them.
    pub total: u64,
    /// Rows that are good.
    pub good: u64,
    /// Rows with something wrong in them.
    pub bad: u64,
    /// What is wrong, at most five hundred.
    pub findings: Vec<InvitationFinding>,
    /// Whom the good rows speak of; empty where they are invited already.
    pub people: Vec<InvitationRow>,
    /// Who has been invited, with the links, shown this once. Empty where nothing was written.
    pub made: Vec<InvitationMade>,
    /// The same as a workbook, base 64; null where nothing was written.
    #[schema(required)]
    pub sheet: Option<String>,
}

/// Something wrong in a workbook.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationFinding {
    /// The row, as the spreadsheet numbers it.
    pub row: u32,
    /// The column's word.
    pub column: &'static str,
    /// What it is called.
    pub column_name: String,
    /// The word of the refusal.
    pub reason: String,
    /// What is wrong and what to do.
    pub message: String,
}

/// Somebody in a workbook.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationRow {
    /// The row, as the spreadsheet numbers it.
    pub row: u32,
    /// Name to show.
    pub display: String,
    /// Name to sign in with.
    pub name: String,
    /// The post in words.
    pub post: String,
    /// First day.
    pub from: Day,
}

/// Somebody who has been invited.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationMade {
    /// Who.
    pub person: InvitationRow,
    /// As it stood in the workbook; it is not kept.
    pub phone: String,
    /// The link; null where a password was set by an earlier one.
    #[schema(required)]
    pub url: Option<String>,
    /// Until when it works.
    pub expires_ms: i64,
    /// The link to be scanned; null where there is none.
    #[schema(required)]
    pub qr: Option<QrBits>,
}

/// A QR code to be drawn: one bit a square, dark is 1, row by row, hexadecimal.
#[derive(Debug, Serialize, ToSchema)]
pub struct QrBits {
    /// Squares in a row.
    pub width: u32,
    /// The squares.
    pub bits: String,
}

/// How far a batch is.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationProgress {
    /// Steps that are done.
    pub done: u64,
    /// All steps; 0 where nothing is known of it.
    pub total: u64,
}

/// Keys of phones.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppUsersAnswer {
    /// The newest first.
    pub keys: Vec<KeyTold>,
}

/// Another password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The one that holds.
    pub current: String,
    /// The one that shall.
    pub new: String,
}

/// A code, for the second step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeGiven {
    /// Six digits, or a recovery code.
    pub code: String,
}

/// A key for a program.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is called.
    pub label: String,
    /// What it may do at most.
    pub capabilities: Vec<Capability>,
    /// Where at most.
    #[serde(default)]
    pub place: Option<PlaceId>,
    /// For how many days, at most 365.
    pub days: u32,
}

/// A key for a phone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAppUser {
    /// Whose or which phone.
    pub label: String,
    /// Where it reports from.
    pub place: PlaceId,
    /// For how many days, at most 365.
    pub days: u32,
}

/// An account to be made, with its first post.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAccountGiven {
    /// Name to sign in with.
    pub name: String,
    /// Name to show.
    pub display: String,
    /// Where.
    pub place: PlaceId,
    /// As what.
    pub role: Role,
    /// In which department, for the role of that name.
    #[serde(default)]
    pub department: Option<Department>,
}

impl NewAccountGiven {
    /// The post.
    pub fn post(&self) -> Post {
        Post { place: self.place, role: self.role, department: self.department }
    }
}

/// What is done to an account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// Sign in no more.
    Close {
        /// Why.
        reason: String,
    },
    /// Sign in again.
    Reopen {
        /// Why.
        reason: String,
    },
    /// A link that sets a first password.
    Invite {},
    /// A link that sets another password, to be handed over in person.
    Reset {},
    /// May be tried again before the time is over.
    Unlock {},
    /// Out, everywhere or in one session.
    EndSessions {
        /// Only this one.
        #[serde(default)]
        session: Option<String>,
    },
    /// No code is asked for any more, until there is another second factor.
    TakeSecondFactor {
        /// Why.
        reason: String,
    },
    /// No program acts for it any more.
    EndTokens {},
    /// An identity of the provider outside opens it from now on.
    LinkIdentity {
        /// What the provider calls the person.
        subject: String,
    },
    /// None does any more, and whoever came in is out.
    UnlinkIdentity {
        /// Why.
        reason: String,
    },
}
