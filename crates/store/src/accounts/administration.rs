//! What administrators do to accounts: list, close, open again, unlock, set passwords.
//!
//! Whether they may is decided above; here it is done.

use domain::basics::{AccountId, PlaceId, Value};

use super::{Account, Accounts, LinkPurpose, digest, hash_password, sessions};
use crate::sql::*;

/// An account in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// The account with its posts.
    pub account: Account,
    /// Whether it has a password.
    pub has_password: bool,
    /// Whether a code is asked for besides.
    pub second_factor: bool,
    /// Whether an identity of a provider outside opens it.
    pub linked: bool,
    /// Locked until then after wrong passwords; in the past where it is not.
    pub locked_until_ms: i64,
    /// When it was made.
    pub created_ms: i64,
    /// Last request of a session that is still kept; 0 for none.
    pub seen_ms: i64,
    /// Where it was made; none: it is the whole installation's.
    pub place: Option<PlaceId>,
}

const COLUMNS: &str = "a.id, a.name, p.display, a.disabled, CASE WHEN a.password IS NULL THEN 0 ELSE 1 END, a.locked_until_ms, \
     a.created_ms, a.place, \
     (SELECT CAST(count(*) AS BIGINT) FROM second_factor f WHERE f.account = a.id AND f.confirmed_ms > 0), \
     (SELECT CAST(coalesce(max(s.seen_ms), 0) AS BIGINT) FROM session s WHERE s.account = a.id), a.person, \
     (SELECT CAST(count(*) AS BIGINT) FROM identity i WHERE i.account = a.id)";

impl Accounts<'_> {
    /// Accounts in the order of their names, after one; `words` stands in the name or in what is shown.
    ///
    /// # Errors
    /// The database said no.
    pub fn list(&self, words: &str, after: &str, limit: usize) -> Result<Vec<AccountRow>> {
        let escaped = words.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let query = format!(
            "SELECT {COLUMNS} FROM account a JOIN person p ON p.id = a.person WHERE a.name > $1 AND (lower(a.name) LIKE $2 ESCAPE '\\' OR lower(p.display) LIKE $2 \
             ESCAPE '\\') ORDER BY a.name LIMIT $3"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.account_rows(&query, &[after.into(), format!("%{escaped}%").into(), limit.into()])
    }

    /// One account as it stands in the list.
    ///
    /// # Errors
    /// The database said no.
    pub fn one(&self, id: AccountId) -> Result<Option<AccountRow>> {
        let rows = self.account_rows(
            &format!("SELECT {COLUMNS} FROM account a JOIN person p ON p.id = a.person WHERE a.id = $1"),
            &[id.to_string().into()],
        )?;
        Ok(rows.into_iter().next())
    }

    /// The account with a name.
    ///
    /// # Errors
    /// The database said no.
    pub fn named(&self, name: &str) -> Result<Option<AccountRow>> {
        let rows = self.account_rows(
            &format!("SELECT {COLUMNS} FROM account a JOIN person p ON p.id = a.person WHERE a.name = $1"),
            &[name.into()],
        )?;
        Ok(rows.into_iter().next())
    }

    fn account_rows(&self, query: &str, params: &[Value]) -> Result<Vec<AccountRow>> {
        let mut rows = Vec::new();
        let mut sql = self.store.reader()?;
        sql.each(query, params, &mut |r| {
            rows.push(AccountRow {
                account: Account {
                    id: r.text(0)?.parse().map_err(|_| StoreError::Stored("account id".into()))?,
                    person: r.text(10)?.parse().map_err(|_| StoreError::Stored("person of an account".into()))?,
                    name: r.text(1)?.to_owned(),
                    display: r.text(2)?.to_owned(),
                    disabled: r.int(3)? != 0,
                    held: Vec::new(),
                },
                has_password: r.int(4)? != 0,
                locked_until_ms: r.int(5)?,
                created_ms: r.int(6)?,
                place: match r.value(7)? {
                    Value::Int(place) => Some(PlaceId(place)),
                    _ => None,
                },
                second_factor: r.int(8)? != 0,
                linked: r.int(11)? != 0,
                seen_ms: r.int(9)?,
            });
            Ok(())
        })?;
        drop(sql);
        let whose: Vec<_> = rows.iter().map(|row| (row.account.id, row.account.person)).collect();
        for (row, held) in rows.iter_mut().zip(self.store.posts_of(&whose)?) {
            row.account.held = held;
        }
        Ok(rows)
    }

    /// Says where an account was made.
    ///
    /// # Errors
    /// The database said no.
    pub fn set_place(&self, account: AccountId, place: Option<PlaceId>) -> Result<()> {
        let place = place.into();
        self.store.write("UPDATE account SET place = $2 WHERE id = $1", &[account.to_string().into(), place])?;
        Ok(())
    }

    /// Closes an account: no sessions, tokens, links from now on. False where it was closed already.
    ///
    /// # Errors
    /// The database said no.
    pub fn close(&self, account: AccountId, now_ms: i64) -> Result<bool> {
        let id = account.to_string();
        self.store.write_together(move |sql| {
            let one = [id.as_str().into()];
            let closed = sql.run("UPDATE account SET disabled = 1 WHERE id = $1 AND disabled = 0", &one)?;
            sessions::end_sessions(sql, &[id.as_str().into(), "".into()])?;
            sql.run("DELETE FROM one_time_link WHERE account = $1", &one)?;
            sql.run(
                "UPDATE access_key SET ended_ms = $2 WHERE kind = 'token' AND account = $1 AND ended_ms = 0",
                &[id.as_str().into(), now_ms.into()],
            )?;
            Ok(closed == 1)
        })
    }

    /// Opens a closed account again; false where it was open.
    ///
    /// # Errors
    /// The database said no.
    pub fn reopen(&self, account: AccountId) -> Result<bool> {
        let id = [account.to_string().into()];
        Ok(self
            .store
            .write("UPDATE account SET disabled = 0, failures = 0, locked_until_ms = 0 WHERE id = $1 AND disabled = 1", &id)?
            == 1)
    }

    /// Lets somebody try again who was locked out.
    ///
    /// # Errors
    /// The database said no.
    pub fn unlock(&self, account: AccountId) -> Result<()> {
        let id = [account.to_string().into()];
        self.store.write("UPDATE account SET failures = 0, locked_until_ms = 0 WHERE id = $1", &id)?;
        Ok(())
    }

    /// Whether this is the account's password, without signing in; wrong ones count.
    ///
    /// # Errors
    /// The database said no.
    pub fn password_is(&self, account: AccountId, password: &str, now_ms: i64) -> Result<bool> {
        use argon2::{Argon2, PasswordHash, PasswordVerifier};
        let id = account.to_string();
        let query = "SELECT password FROM account WHERE id = $1 AND locked_until_ms <= $2";
        let hash = self.store.reader()?.one_text(query, &[id.as_str().into(), now_ms.into()])?.unwrap_or_default();
        let right =
            PasswordHash::new(&hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok());
        if !right {
            self.count_failure(&id, now_ms)?;
        }
        Ok(right)
    }

    /// Sets a password. All sessions end but one, and so does every link: whoever knew the old one is out.
    ///
    /// # Errors
    /// The database said no.
    pub fn set_password(&self, account: AccountId, password: &str, but: Option<&str>) -> Result<()> {
        let hash = hash_password(password)?;
        let (id, but) = (account.to_string(), but.unwrap_or_default().to_owned());
        self.store.write_together(move |sql| {
            set_password(sql, &id, &hash)?;
            sessions::end_sessions(sql, &[id.into(), but.into()])?;
            Ok(())
        })
    }

    /// Sets the password by a link: for exactly one caller, and only while the account is open.
    ///
    /// # Errors
    /// The database said no.
    pub fn set_password_by_link(
        &self,
        purpose: LinkPurpose,
        token: &str,
        password: &str,
        now_ms: i64,
    ) -> Result<Option<AccountId>> {
        // Argon2 is slow on purpose: before anything is locked.
        let Some(account) = self.link_of(purpose, token, now_ms)? else { return Ok(None) };
        let (hash, link, id) = (hash_password(password)?, digest(token), account.to_string());
        let used = self.store.write_together(move |sql| {
            let used = sql.run(
                "DELETE FROM one_time_link WHERE digest = $1 AND purpose = $2 AND expires_ms > $3 \
                 AND account IN (SELECT id FROM account WHERE disabled = 0)",
                &[link, purpose.word().into(), now_ms.into()],
            )?;
            if used == 1 {
                set_password(sql, &id, &hash)?;
                sessions::end_sessions(sql, &[id.into(), "".into()])?;
            }
            Ok(used == 1)
        })?;
        Ok(used.then_some(account))
    }

    /// Makes a link for an account in place of any before it.
    ///
    /// # Errors
    /// The database said no.
    pub fn make_only_link(&self, purpose: LinkPurpose, account: AccountId, expires_ms: i64) -> Result<String> {
        self.store.write("DELETE FROM one_time_link WHERE account = $1", &[account.to_string().into()])?;
        self.make_link(purpose, Some(account), expires_ms)
    }
}

fn set_password(sql: &mut dyn Sql, id: &str, hash: &str) -> Result<()> {
    sql.run("UPDATE account SET password = $2, failures = 0, locked_until_ms = 0 WHERE id = $1", &[id.into(), hash.into()])?;
    sql.run("DELETE FROM one_time_link WHERE account = $1", &[id.into()])?;
    Ok(())
}
