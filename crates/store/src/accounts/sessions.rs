//! Sessions: opened, looked at, listed, ended. A session that is ended is over with the next request, because every request
//! looks it up.

use domain::basics::{AccountId, Value};

use super::{Accounts, Session, digest, token};
use crate::sql::*;

/// How somebody comes to sign in, and how long that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// From which address.
    pub address: String,
    /// With which browser, as it says.
    pub browser: String,
    /// The session ends after this time without a request, milliseconds.
    pub idle_ms: i64,
    /// It ends after this time in any case, milliseconds.
    pub lasts_ms: i64,
}

impl Default for Arrival {
    fn default() -> Arrival {
        const HOUR: i64 = 3_600_000;
        Arrival { address: String::new(), browser: String::new(), idle_ms: 12 * HOUR, lasts_ms: 7 * 24 * HOUR }
    }
}

/// A session as its owner and the security administrator see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    /// Name to end it by; it opens nothing.
    pub id: String,
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

impl Accounts<'_> {
    /// The same, for somebody who comes in this way.
    pub fn arriving(mut self, arrival: Arrival) -> Self {
        self.arrival = arrival;
        self
    }

    /// Opens a session for an account, under a token that nobody had before.
    ///
    /// # Errors
    /// The database said no.
    pub fn open_session(&self, account: AccountId, now_ms: i64) -> Result<String> {
        let (token, csrf, id) = (token()?, self::token()?, self::token()?);
        let from = &self.arrival;
        let row = [
            digest(&token),
            id[..16].into(),
            account.to_string().into(),
            csrf.into(),
            from.address.as_str().into(),
            from.browser.as_str().into(),
            from.idle_ms.into(),
            now_ms.into(),
            (now_ms + from.lasts_ms).into(),
        ];
        self.store.write_together(move |sql| {
            sql.run("DELETE FROM session WHERE expires_ms < $1 OR seen_ms + idle_ms < $1", &[now_ms.into()])?;
            sql.run(
                "INSERT INTO session (digest, id, account, csrf, address, browser, idle_ms, created_ms, seen_ms, expires_ms) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)",
                &row,
            )
        })?;
        Ok(token)
    }

    /// Whoever holds this token, if the session lives.
    ///
    /// # Errors
    /// The database said no.
    pub fn session(&self, token: &str, now_ms: i64) -> Result<Option<Session>> {
        let query = "SELECT account, csrf, seen_ms, id FROM session \
             WHERE digest = $1 AND expires_ms > $2 AND seen_ms + idle_ms > $2 AND seen_ms <= $3";
        let ahead = now_ms + super::CLOCK_BACK_MS;
        let rows = self.store.reader()?.rows(query, &[digest(token), now_ms.into(), ahead.into()], 4)?;
        let Some([Value::Text(account), Value::Text(csrf), Value::Int(seen), Value::Text(id)]) = rows.first().map(Vec::as_slice)
        else {
            return Ok(None);
        };
        if now_ms - seen > 60_000 {
            let seen = self.store.write("UPDATE session SET seen_ms = $2 WHERE digest = $1", &[digest(token), now_ms.into()]);
            // Where nothing can be written, people go on reading.
            if let Err(e) = seen {
                e.trouble().ok_or(e)?;
            }
        }
        let account = account.parse().map_err(|_| StoreError::Stored("account id".into()))?;
        let found = self.get(account)?.filter(|a| !a.disabled);
        Ok(found.map(|account| Session { account, csrf: csrf.clone(), id: id.clone() }))
    }

    /// Shortens a session that was just opened, once it is known whose it is.
    ///
    /// # Errors
    /// The database said no.
    pub fn shorten_session(&self, token: &str, idle_ms: i64, expires_ms: i64) -> Result<()> {
        self.store.write(
            "UPDATE session SET idle_ms = CASE WHEN idle_ms > $2 THEN $2 ELSE idle_ms END, \
             expires_ms = CASE WHEN expires_ms > $3 THEN $3 ELSE expires_ms END WHERE digest = $1",
            &[digest(token), idle_ms.into(), expires_ms.into()],
        )?;
        Ok(())
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The database said no.
    pub fn sign_out(&self, token: &str) -> Result<()> {
        self.store.write("DELETE FROM session WHERE digest = $1", &[digest(token)])?;
        Ok(())
    }

    /// Living sessions of an account, the last used first.
    ///
    /// # Errors
    /// The database said no.
    pub fn sessions(&self, account: AccountId, now_ms: i64) -> Result<Vec<OpenSession>> {
        let query = "SELECT id, created_ms, seen_ms, expires_ms, address, browser FROM session \
             WHERE account = $1 AND expires_ms > $2 AND seen_ms + idle_ms > $2 ORDER BY seen_ms DESC, id";
        let mut found = Vec::new();
        self.store.reader()?.each(query, &[account.to_string().into(), now_ms.into()], &mut |r| {
            found.push(OpenSession {
                id: r.text(0)?.to_owned(),
                created_ms: r.int(1)?,
                seen_ms: r.int(2)?,
                expires_ms: r.int(3)?,
                address: r.text(4)?.to_owned(),
                browser: r.text(5)?.to_owned(),
            });
            Ok(())
        })?;
        Ok(found)
    }

    /// Ends one session of an account; false where there is none of that name.
    ///
    /// # Errors
    /// The database said no.
    pub fn end_session(&self, account: AccountId, id: &str) -> Result<bool> {
        let ended =
            self.store.write("DELETE FROM session WHERE account = $1 AND id = $2", &[account.to_string().into(), id.into()])?;
        Ok(ended == 1)
    }

    /// Ends all sessions of an account but one, and whatever is half-way; returns how many.
    ///
    /// # Errors
    /// The database said no.
    pub fn end_sessions(&self, account: AccountId, but: Option<&str>) -> Result<u64> {
        let params = [account.to_string().into(), but.unwrap_or_default().into()];
        self.store.write_together(move |sql| end_sessions(sql, &params))
    }
}

/// Account, and the session that stays.
pub(super) fn end_sessions(sql: &mut dyn Sql, params: &[Value; 2]) -> Result<u64> {
    sql.run("DELETE FROM half_sign_in WHERE account = $1", &params[..1])?;
    sql.run("DELETE FROM session WHERE account = $1 AND id <> $2", params)
}
