//! Many people invited at once: all of them or none, and the same people again where the answer was lost.

use domain::basics::{AccountId, PlaceId, Value};

use super::{Accounts, LinkPurpose, digest, token};
use crate::sql::*;

/// Somebody to be invited.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// Identity of account and person; the same when asked again.
    pub id: AccountId,
    /// Name to sign in with.
    pub name: String,
    /// Name to show.
    pub display: String,
    /// Where the account is made.
    pub place: PlaceId,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// Whether the account is there since just now.
    pub fresh: bool,
    /// The one-time link's token; none where the account has a password by now, or is closed.
    pub token: Option<String>,
}

impl Accounts<'_> {
    /// Makes accounts without a password, each with a link that sets one, in one transaction. An account that is there already
    /// under its identity stays as it is, and where it has no password yet, its link is made anew: the one before was lost.
    ///
    /// # Errors
    /// A name is taken by another account, or the database said no.
    pub fn invite(&self, people: &[NewInvitation], expires_ms: i64, now_ms: i64) -> Result<Vec<Invited>> {
        let mut rows = Vec::with_capacity(people.len());
        for new in people {
            let (id, token) = (new.id.to_string(), token()?);
            let person: [Value; 3] = [id.as_str().into(), new.display.as_str().into(), now_ms.into()];
            let account: [Value; 4] = [id.as_str().into(), new.name.as_str().into(), now_ms.into(), new.place.into()];
            let link: [Value; 4] =
                [digest(&token), LinkPurpose::SetPassword.word().into(), id.as_str().into(), expires_ms.into()];
            rows.push((id, token, person, account, link));
        }
        self.store.write_together(move |sql| {
            let mut invited = Vec::with_capacity(rows.len());
            for (id, token, person, account, link) in &rows {
                let one = [id.as_str().into()];
                let known = sql.one_int("SELECT count(*) FROM account WHERE id = $1", &one)?.unwrap_or(0) > 0;
                if !known {
                    sql.run("INSERT INTO person (id, display, created_ms) VALUES ($1, $2, $3)", person)?;
                    sql.run(
                        "INSERT INTO account (id, name, person, password, failures, locked_until_ms, disabled, created_ms, place) \
                         VALUES ($1, $2, $1, NULL, 0, 0, 0, $3, $4)",
                        account,
                    )?;
                }
                let waits = "SELECT count(*) FROM account WHERE id = $1 AND password IS NULL AND disabled = 0";
                let waits = sql.one_int(waits, &one)?.unwrap_or(0) > 0;
                if waits {
                    sql.run("DELETE FROM one_time_link WHERE account = $1", &one)?;
                    sql.run("INSERT INTO one_time_link (digest, purpose, account, expires_ms) VALUES ($1, $2, $3, $4)", link)?;
                }
                invited.push(Invited { fresh: !known, token: waits.then(|| token.clone()) });
            }
            Ok(invited)
        })
    }
}
