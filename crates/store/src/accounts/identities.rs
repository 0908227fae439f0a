//! Identities of a provider outside: which account each opens.

use domain::basics::{AccountId, Value};

use super::{Accounts, LOCKED_MS, SignIn};
use crate::sql::*;

/// What a provider calls somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// Its name for the person, the same for ever.
    pub subject: String,
    /// Since when it opens the account.
    pub linked_ms: i64,
}

/// What became of linking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Linking {
    /// The identity opens the account from now on, or did already.
    Linked,
    /// It opens another account.
    Taken,
    /// Another identity of this provider opens the account.
    Another,
}

impl Accounts<'_> {
    /// The account that an identity opens.
    ///
    /// # Errors
    /// The database said no.
    pub fn account_of(&self, issuer: &str, subject: &str) -> Result<Option<AccountId>> {
        let query = "SELECT account FROM identity WHERE issuer = $1 AND subject = $2";
        let id = self.store.reader()?.one_text(query, &[issuer.into(), subject.into()])?;
        id.map(|id| id.parse().map_err(|_| StoreError::Stored("account of an identity".into()))).transpose()
    }

    /// Identities that open an account, by provider.
    ///
    /// # Errors
    /// The database said no.
    pub fn identities(&self, account: AccountId) -> Result<Vec<Identity>> {
        let query = "SELECT issuer, subject, linked_ms FROM identity WHERE account = $1 ORDER BY issuer";
        let mut found = Vec::new();
        self.store.reader()?.each(query, &[account.to_string().into()], &mut |r| {
            found.push(Identity { issuer: r.text(0)?.to_owned(), subject: r.text(1)?.to_owned(), linked_ms: r.int(2)? });
            Ok(())
        })?;
        Ok(found)
    }

    /// Has an identity open an account: one identity one account, and of each provider one identity.
    ///
    /// # Errors
    /// The database said no.
    pub fn link_identity(&self, account: AccountId, issuer: &str, subject: &str, now_ms: i64) -> Result<Linking> {
        let row = [issuer.into(), subject.into(), account.to_string().into(), now_ms.into()];
        let made = self.store.write(
            "INSERT INTO identity (issuer, subject, account, linked_ms) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            &row,
        )?;
        Ok(match self.account_of(issuer, subject)? {
            _ if made == 1 => Linking::Linked,
            Some(owner) if owner == account => Linking::Linked,
            Some(_) => Linking::Taken,
            None => Linking::Another,
        })
    }

    /// Takes all identities from an account; how many there were.
    ///
    /// # Errors
    /// The database said no.
    pub fn unlink_identities(&self, account: AccountId) -> Result<u64> {
        self.store.write("DELETE FROM identity WHERE account = $1", &[account.to_string().into()])
    }

    /// Signs in whom a provider has recognised: closed and locked hold as for passwords, and so does the code where `code`
    /// says that it is asked for.
    ///
    /// # Errors
    /// The database said no.
    pub fn sign_in_recognised(&self, account: AccountId, code: bool, now_ms: i64) -> Result<SignIn> {
        let query = "SELECT locked_until_ms, disabled FROM account WHERE id = $1";
        let rows = self.store.reader()?.rows(query, &[account.to_string().into()], 2)?;
        let Some([Value::Int(locked), Value::Int(0)]) = rows.first().map(Vec::as_slice) else { return Ok(SignIn::Refused) };
        if *locked > now_ms && *locked <= now_ms + LOCKED_MS {
            return Ok(SignIn::Locked { seconds: (locked - now_ms + 999) / 1000 });
        }
        match code && self.second_factor(account)?.is_on() {
            true => Ok(SignIn::HalfWay(self.half_sign_in(account, now_ms)?)),
            false => Ok(SignIn::Welcome(self.open_session(account, now_ms)?)),
        }
    }
}
