//! Account events: what happens to accounts, as the audit chain keeps it.

use domain::basics::AccountId;

use crate::{answer::Problem, ask::Ask, audit};

/// Something that happened to an account or at the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountEvent {
    /// Sessions were ended, by oneself or by an administrator.
    SessionsEnded {
        /// How many.
        count: u64,
    },
    /// A second factor is asked for from now on.
    SecondFactorOn,
    /// It is not any more.
    SecondFactorOff {
        /// Why, where an administrator took it away.
        reason: Option<String>,
    },
    /// Somebody came in by a code on paper.
    RecoveryUsed,
    /// The codes on paper are others.
    RecoveryRenewed,
    /// Another password.
    PasswordChanged,
    /// A link that sets a password was made.
    LinkMade {
        /// Whether for a first password.
        invitation: bool,
    },
    /// It was used.
    LinkUsed,
    /// A provider outside recognised its owner; a code is still to come.
    IdentityRecognised,
    /// An identity of a provider outside opens it from now on.
    IdentityLinked {
        /// What the provider calls its owner.
        subject: String,
    },
    /// None does any more.
    IdentitiesUnlinked {
        /// Why, where an administrator took it away.
        reason: Option<String>,
    },
    /// There is an account more.
    AccountCreated,
    /// It is closed.
    AccountClosed {
        /// Why.
        reason: String,
    },
    /// It is open again.
    AccountReopened {
        /// Why.
        reason: String,
    },
    /// It may be tried again.
    AccountUnlocked,
    /// A key for a program.
    TokenMade {
        /// Its id.
        key: AccountId,
    },
    /// It works no longer.
    TokensEnded {
        /// How many.
        count: u64,
    },
    /// A key for a phone.
    AppUserMade {
        /// Its id.
        key: AccountId,
    },
    /// It works no longer.
    AppUserEnded {
        /// Its id.
        key: AccountId,
    },
}

impl AccountEvent {
    /// What else there is to say.
    pub fn detail(&self) -> Option<String> {
        match self {
            AccountEvent::SessionsEnded { count } | AccountEvent::TokensEnded { count } => Some(count.to_string()),
            AccountEvent::IdentityLinked { subject } => Some(subject.clone()),
            AccountEvent::SecondFactorOff { reason } | AccountEvent::IdentitiesUnlinked { reason } => reason.clone(),
            AccountEvent::AccountClosed { reason } | AccountEvent::AccountReopened { reason } => Some(reason.clone()),
            AccountEvent::LinkMade { invitation } => Some(if *invitation { "invitation" } else { "reset" }.to_owned()),
            AccountEvent::TokenMade { key } | AccountEvent::AppUserMade { key } | AccountEvent::AppUserEnded { key } => {
                Some(key.to_string())
            }
            AccountEvent::SecondFactorOn
            | AccountEvent::RecoveryUsed
            | AccountEvent::RecoveryRenewed
            | AccountEvent::PasswordChanged
            | AccountEvent::LinkUsed
            | AccountEvent::IdentityRecognised
            | AccountEvent::AccountCreated
            | AccountEvent::AccountUnlocked => None,
        }
    }

    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            AccountEvent::SessionsEnded { .. } => "sessions_ended",
            AccountEvent::SecondFactorOn => "second_factor_on",
            AccountEvent::SecondFactorOff { .. } => "second_factor_off",
            AccountEvent::RecoveryUsed => "recovery_used",
            AccountEvent::RecoveryRenewed => "recovery_renewed",
            AccountEvent::PasswordChanged => "password_changed",
            AccountEvent::LinkMade { .. } => "link_made",
            AccountEvent::LinkUsed => "link_used",
            AccountEvent::IdentityRecognised => "identity_recognised",
            AccountEvent::IdentityLinked { .. } => "identity_linked",
            AccountEvent::IdentitiesUnlinked { .. } => "identities_unlinked",
            AccountEvent::AccountCreated => "account_created",
            AccountEvent::AccountClosed { .. } => "account_closed",
            AccountEvent::AccountReopened { .. } => "account_reopened",
            AccountEvent::AccountUnlocked => "account_unlocked",
            AccountEvent::TokenMade { .. } => "token_made",
            AccountEvent::TokensEnded { .. } => "tokens_ended",
            AccountEvent::AppUserMade { .. } => "app_user_made",
            AccountEvent::AppUserEnded { .. } => "app_user_ended",
        }
    }
}

/// Notes what happened, to which account, by whom and from where. Never a password, code, token or link.
///
/// # Errors
/// The audit chain cannot be written, or there is no such account.
pub fn note_account(ask: &Ask, about: Option<AccountId>, event: &AccountEvent) -> Result<(), Problem> {
    // A phone's key belongs to nobody's account: it is told of whoever made or ended it.
    let about = about.or_else(|| ask.caller.as_ref().map(|c| c.account.id)).ok_or_else(Problem::not_signed_in)?;
    let account = ask.app.store.accounts().get(about)?.ok_or_else(Problem::not_found)?;
    let detail = event.detail();
    audit::account_event(ask, &account, event.word(), detail.as_deref())
}
