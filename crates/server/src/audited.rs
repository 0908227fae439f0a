//! What happens to accounts, told in one place: whoever keeps a record of it listens here.

use domain::basics::AccountId;

use crate::ask::Ask;

/// Something that happened to an account or at the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountEvent {
    /// Somebody is in.
    SignedIn,
    /// Wrong name, password or code.
    SignInRefused {
        /// As it was typed.
        name: String,
    },
    /// Too many wrong ones.
    Locked {
        /// As it was typed.
        name: String,
    },
    /// Out by oneself.
    SignedOut,
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
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            AccountEvent::SignedIn => "signed_in",
            AccountEvent::SignInRefused { .. } => "sign_in_refused",
            AccountEvent::Locked { .. } => "locked",
            AccountEvent::SignedOut => "signed_out",
            AccountEvent::SessionsEnded { .. } => "sessions_ended",
            AccountEvent::SecondFactorOn => "second_factor_on",
            AccountEvent::SecondFactorOff { .. } => "second_factor_off",
            AccountEvent::RecoveryUsed => "recovery_used",
            AccountEvent::RecoveryRenewed => "recovery_renewed",
            AccountEvent::PasswordChanged => "password_changed",
            AccountEvent::LinkMade { .. } => "link_made",
            AccountEvent::LinkUsed => "link_used",
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

/// Says what happened, to which account, by whom and from where. Never a password, code, token or link.
pub fn audited(ask: &Ask, about: Option<AccountId>, event: &AccountEvent) {
    let by = ask.caller.as_ref().map(|c| c.account.id);
    let said = |id: Option<AccountId>| id.map(|id| id.to_string()).unwrap_or_default();
    tracing::info!(event = event.word(), about = said(about), by = said(by), client = %ask.client, detail = ?event, "account");
}
