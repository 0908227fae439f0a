//! Keys: of programs, which act for an account within a narrower scope, and of phones, which belong to a place.
//!
//! A key is 32 bytes of chance, shown once and kept by its digest. It ends by itself after a year at most.

use domain::basics::{AccountId, Capability, PlaceId, Value};

use super::{Accounts, digest, token};
use crate::sql::*;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// A program acts for an account: `qwt_…`.
    Token,
    /// A phone or a person without an account reports from a place: `qwk_…`.
    AppUser,
}

impl KeyKind {
    fn word(self) -> &'static str {
        match self {
            KeyKind::Token => "token",
            KeyKind::AppUser => "app_user",
        }
    }

    /// What the key begins with, so that one that lies about is recognised.
    pub fn prefix(self) -> &'static str {
        match self {
            KeyKind::Token => "qwt_",
            KeyKind::AppUser => "qwk_",
        }
    }
}

/// A key to be made.
#[derive(Debug, Clone)]
pub struct NewKey<'a> {
    /// What for.
    pub kind: KeyKind,
    /// Whose token, or who made the key of a phone.
    pub account: AccountId,
    /// What its owner calls it.
    pub label: &'a str,
    /// What it may do at most.
    pub capabilities: &'a [Capability],
    /// Where it may do it at most.
    pub place: Option<PlaceId>,
    /// Until when, ms since 1970.
    pub expires_ms: i64,
}

/// A key as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// Identity; of a phone's key also the one that its facts carry.
    pub id: AccountId,
    /// What for.
    pub kind: KeyKind,
    /// Whose token, or who made it.
    pub account: AccountId,
    /// What it is called.
    pub label: String,
    /// What it may do at most.
    pub capabilities: Vec<Capability>,
    /// Where at most.
    pub place: Option<PlaceId>,
    /// When it was made.
    pub created_ms: i64,
    /// Until when it works.
    pub expires_ms: i64,
    /// When it was last used, to the minute; 0 for never.
    pub used_ms: i64,
    /// When it was ended; 0 where it was not.
    pub ended_ms: i64,
}

const COLUMNS: &str = "id, kind, account, label, capabilities, place, created_ms, expires_ms, used_ms, ended_ms";

fn key(r: &dyn Cells) -> Result<AccessKey> {
    let bad = || StoreError::Stored("access key".into());
    Ok(AccessKey {
        id: r.text(0)?.parse().map_err(|_| bad())?,
        kind: match r.text(1)? {
            "token" => KeyKind::Token,
            "app_user" => KeyKind::AppUser,
            _ => return Err(bad()),
        },
        account: r.text(2)?.parse().map_err(|_| bad())?,
        label: r.text(3)?.to_owned(),
        capabilities: serde_json::from_str(r.text(4)?).map_err(|_| bad())?,
        place: match r.value(5)? {
            Value::Int(place) => Some(PlaceId(place)),
            _ => None,
        },
        created_ms: r.int(6)?,
        expires_ms: r.int(7)?,
        used_ms: r.int(8)?,
        ended_ms: r.int(9)?,
    })
}

impl Accounts<'_> {
    /// Makes a key; what is returned is shown once.
    ///
    /// # Errors
    /// The database said no.
    pub fn make_key(&self, id: AccountId, new: &NewKey, now_ms: i64) -> Result<String> {
        let key = format!("{}{}", new.kind.prefix(), token()?);
        let capabilities = serde_json::to_string(new.capabilities).map_err(|e| StoreError::Bad(e.to_string()))?;
        self.store.write(
            "INSERT INTO access_key (digest, id, kind, account, label, capabilities, place, created_ms, expires_ms, used_ms, ended_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0)",
            &[
                digest(&key),
                id.to_string().into(),
                new.kind.word().into(),
                new.account.to_string().into(),
                new.label.into(),
                capabilities.into(),
                new.place.into(),
                now_ms.into(),
                new.expires_ms.into(),
            ],
        )?;
        Ok(key)
    }

    /// The key that this is, if it works.
    ///
    /// # Errors
    /// The database said no.
    pub fn key(&self, key: &str, now_ms: i64) -> Result<Option<AccessKey>> {
        let query = format!("SELECT {COLUMNS} FROM access_key WHERE digest = $1 AND expires_ms > $2 AND ended_ms = 0");
        let mut found = None;
        self.store.reader()?.each(&query, &[digest(key), now_ms.into()], &mut |r| {
            found = Some(self::key(r)?);
            Ok(())
        })?;
        if found.as_ref().is_some_and(|k| now_ms - k.used_ms > 60_000) {
            self.store.write("UPDATE access_key SET used_ms = $2 WHERE digest = $1", &[digest(key), now_ms.into()])?;
        }
        Ok(found)
    }

    /// Tokens of an account, the newest first.
    ///
    /// # Errors
    /// The database said no.
    pub fn tokens(&self, account: AccountId) -> Result<Vec<AccessKey>> {
        let query = format!(
            "SELECT {COLUMNS} FROM access_key WHERE kind = 'token' AND account = $1 ORDER BY created_ms DESC, id LIMIT 200"
        );
        self.keys(&query, &[account.to_string().into()])
    }

    /// Keys of phones, the newest first.
    ///
    /// # Errors
    /// The database said no.
    pub fn app_users(&self) -> Result<Vec<AccessKey>> {
        self.keys(&format!("SELECT {COLUMNS} FROM access_key WHERE kind = 'app_user' ORDER BY created_ms DESC, id"), &[])
    }

    fn keys(&self, query: &str, params: &[Value]) -> Result<Vec<AccessKey>> {
        let mut found = Vec::new();
        self.store.reader()?.each(query, params, &mut |r| {
            found.push(key(r)?);
            Ok(())
        })?;
        Ok(found)
    }

    /// Ends a token of an account; false where there is none.
    ///
    /// # Errors
    /// The database said no.
    pub fn end_token(&self, account: AccountId, id: AccountId, now_ms: i64) -> Result<bool> {
        let ended = self.store.write(
            "UPDATE access_key SET ended_ms = $3 WHERE kind = 'token' AND account = $1 AND id = $2 AND ended_ms = 0",
            &[account.to_string().into(), id.to_string().into(), now_ms.into()],
        )?;
        Ok(ended == 1)
    }

    /// Ends all tokens of an account; how many.
    ///
    /// # Errors
    /// The database said no.
    pub fn end_tokens(&self, account: AccountId, now_ms: i64) -> Result<u64> {
        self.store.write(
            "UPDATE access_key SET ended_ms = $2 WHERE kind = 'token' AND account = $1 AND ended_ms = 0",
            &[account.to_string().into(), now_ms.into()],
        )
    }

    /// Ends the key of a phone; false where there is none.
    ///
    /// # Errors
    /// The database said no.
    pub fn end_app_user(&self, id: AccountId, now_ms: i64) -> Result<bool> {
        let ended = self.store.write(
            "UPDATE access_key SET ended_ms = $2 WHERE kind = 'app_user' AND id = $1 AND ended_ms = 0",
            &[id.to_string().into(), now_ms.into()],
        )?;
        Ok(ended == 1)
    }
}
