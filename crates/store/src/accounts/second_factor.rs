//! The second factor: codes that change every thirty seconds (RFC 6238), and recovery codes on paper.
//!
//! A time step is accepted once, and never one before it: a code that was looked over somebody's shoulder is used up.
//! The secret is sealed at rest (`seal.rs`); recovery codes hold 120 bits of chance each, enough to
//! be kept by their plain digest (OWASP ASVS 5, V6.5.2).

use domain::basics::{AccountId, Value};
use totp_rs::{Algorithm, Builder, Secret, Totp};

use super::{Accounts, LOCKED_MS, digest, token};
use crate::{seal, sql::*};

/// How long a right password waits for its code, milliseconds.
const HALF_MS: i64 = 10 * 60_000;
/// A secret that is being enrolled is shown again for this long, then there is another, milliseconds.
const ENROL_MS: i64 = 3_600_000;
/// Recovery codes that are made at once.
const RECOVERY: usize = 10;

/// Whether there is a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondFactor {
    /// None.
    Off,
    /// Asked of everybody who signs in.
    On {
        /// Since when.
        since_ms: i64,
        /// Recovery codes not yet used.
        recovery_left: u64,
    },
}

impl SecondFactor {
    /// Whether a code is asked for.
    pub fn is_on(self) -> bool {
        matches!(self, SecondFactor::On { .. })
    }
}

/// A secret to be put into somebody's authenticator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Base 32, as authenticators take it.
    pub secret: String,
}

/// What became of the second step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecondStep {
    /// Signed in.
    Welcome {
        /// The token for the cookie.
        token: String,
        /// Whose.
        account: AccountId,
        /// Whether a recovery code was used up for it.
        by_recovery: bool,
    },
    /// Wrong code.
    Refused(AccountId),
    /// Too many wrong ones.
    Locked {
        /// For so many seconds more.
        seconds: i64,
    },
    /// There is no first step, or it is too long ago.
    Over,
}

/// A code in steps of thirty seconds, one step early or late.
fn totp(secret: Vec<u8>) -> Totp {
    let secret = Secret::new(secret.into_boxed_slice());
    Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_skew(1).with_secret(secret).build_noncompliant()
}

/// Letters and digits that nobody takes for one another, five bits each.
fn recovery_code() -> Result<String> {
    const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
    let mut bytes = [0; 24];
    seal::fill(&mut bytes)?;
    let letters: Vec<u8> = bytes.iter().map(|b| ALPHABET[usize::from(b % 32)]).collect();
    Ok(letters.chunks(4).map(|c| String::from_utf8_lossy(c).into_owned()).collect::<Vec<_>>().join("-"))
}

/// As it was typed: without strokes and spaces, in small letters.
fn plain(code: &str) -> String {
    code.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_lowercase()).collect()
}

impl Accounts<'_> {
    /// Whether an account has a second factor.
    ///
    /// # Errors
    /// The database said no.
    pub fn second_factor(&self, account: AccountId) -> Result<SecondFactor> {
        let id = [account.to_string().into()];
        let mut sql = self.store.reader()?;
        let since = sql.one_int("SELECT confirmed_ms FROM second_factor WHERE account = $1", &id)?.unwrap_or(0);
        if since == 0 {
            return Ok(SecondFactor::Off);
        }
        let left = sql.one_int("SELECT count(*) FROM recovery_code WHERE account = $1", &id)?.unwrap_or(0);
        Ok(SecondFactor::On { since_ms: since, recovery_left: left.unsigned_abs() })
    }

    fn sealed(&self, account: &str) -> Result<Option<(Vec<u8>, i64, i64)>> {
        let query = "SELECT sealed, begun_ms, confirmed_ms FROM second_factor WHERE account = $1";
        let rows = self.store.reader()?.rows(query, &[account.into()], 3)?;
        let Some([Value::Bytes(sealed), Value::Int(begun), Value::Int(confirmed)]) = rows.first().map(Vec::as_slice) else {
            return Ok(None);
        };
        Ok(Some((seal::open(self.store.dir(), account, sealed)?, *begun, *confirmed)))
    }

    /// The secret to enrol, the same for an hour; none where a second factor is on.
    ///
    /// # Errors
    /// The database or the key file said no.
    pub fn begin_second_factor(&self, account: AccountId, now_ms: i64) -> Result<Option<Enrolment>> {
        let id = account.to_string();
        let shown = |secret: Vec<u8>| Some(Enrolment { secret: Secret::new(secret.into_boxed_slice()).to_base32() });
        match self.sealed(&id)? {
            Some((_, _, confirmed)) if confirmed > 0 => return Ok(None),
            Some((secret, begun, _)) if now_ms - begun < ENROL_MS => return Ok(shown(secret)),
            _ => {}
        }
        let mut secret = vec![0; 20];
        seal::fill(&mut secret)?;
        let sealed = seal::seal(self.store.dir(), &id, &secret)?;
        self.store.write(
            "INSERT INTO second_factor (account, sealed, begun_ms, confirmed_ms, step) VALUES ($1, $2, $3, 0, 0) \
             ON CONFLICT (account) DO UPDATE SET sealed = excluded.sealed, begun_ms = excluded.begun_ms, step = 0 \
             WHERE second_factor.confirmed_ms = 0",
            &[id.into(), Value::Bytes(sealed), now_ms.into()],
        )?;
        Ok(shown(secret))
    }

    /// Turns the second factor on with a first right code; the recovery codes, to be shown once. None: the code was wrong.
    ///
    /// # Errors
    /// The database or the key file said no.
    pub fn confirm_second_factor(&self, account: AccountId, code: &str, now_ms: i64) -> Result<Option<Vec<String>>> {
        let id = account.to_string();
        let Some((secret, _, 0)) = self.sealed(&id)? else { return Ok(None) };
        let Some(step) = step_of(secret, code, now_ms) else { return Ok(None) };
        let codes: Vec<String> = (0..RECOVERY).map(|_| recovery_code()).collect::<Result<_>>()?;
        let kept = codes.clone();
        let on = self.store.write_together(move |sql| {
            let on = sql.run(
                "UPDATE second_factor SET confirmed_ms = $2, step = $3 WHERE account = $1 AND confirmed_ms = 0",
                &[id.as_str().into(), now_ms.into(), step.into()],
            )?;
            if on == 1 {
                keep_recovery(sql, &id, &kept)?;
            }
            Ok(on)
        })?;
        Ok((on == 1).then_some(codes))
    }

    /// Fresh recovery codes instead of those before.
    ///
    /// # Errors
    /// The database said no.
    pub fn fresh_recovery_codes(&self, account: AccountId) -> Result<Vec<String>> {
        let codes: Vec<String> = (0..RECOVERY).map(|_| recovery_code()).collect::<Result<_>>()?;
        let (id, kept) = (account.to_string(), codes.clone());
        self.store.write_together(move |sql| keep_recovery(sql, &id, &kept))?;
        Ok(codes)
    }

    /// Turns the second factor off; false where there was none.
    ///
    /// # Errors
    /// The database said no.
    pub fn drop_second_factor(&self, account: AccountId) -> Result<bool> {
        let id = [account.to_string().into()];
        self.store.write_together(move |sql| {
            sql.run("DELETE FROM recovery_code WHERE account = $1", &id)?;
            sql.run("DELETE FROM half_sign_in WHERE account = $1", &id)?;
            Ok(sql.run("DELETE FROM second_factor WHERE account = $1", &id)? == 1)
        })
    }

    /// Whether a code is right, and uses it up: `Some(true)` where it was a recovery code.
    ///
    /// # Errors
    /// The database or the key file said no.
    pub fn use_code(&self, account: AccountId, code: &str, now_ms: i64) -> Result<Option<bool>> {
        let id = account.to_string();
        let Some((secret, _, confirmed)) = self.sealed(&id)? else { return Ok(None) };
        if confirmed == 0 {
            return Ok(None);
        }
        if let Some(step) = step_of(secret, code, now_ms) {
            let used = self
                .store
                .write("UPDATE second_factor SET step = $2 WHERE account = $1 AND step < $2", &[id.into(), step.into()])?;
            return Ok((used == 1).then_some(false));
        }
        let used = self
            .store
            .write("DELETE FROM recovery_code WHERE account = $1 AND digest = $2", &[id.into(), digest(&plain(code))])?;
        Ok((used == 1).then_some(true))
    }

    /// The token for the second step.
    pub(super) fn half_sign_in(&self, account: AccountId, now_ms: i64) -> Result<String> {
        let token = token()?;
        let row = [digest(&token), account.to_string().into(), (now_ms + HALF_MS).into()];
        self.store.write_together(move |sql| {
            sql.run("DELETE FROM half_sign_in WHERE expires_ms < $1", &[now_ms.into()])?;
            sql.run("INSERT INTO half_sign_in (digest, account, expires_ms) VALUES ($1, $2, $3)", &row)
        })?;
        Ok(token)
    }

    /// Whose second step this is.
    ///
    /// # Errors
    /// The database said no.
    pub fn half_way(&self, token: &str, now_ms: i64) -> Result<Option<AccountId>> {
        let query = "SELECT account FROM half_sign_in WHERE digest = $1 AND expires_ms > $2";
        let id = self.store.reader()?.one_text(query, &[digest(token), now_ms.into()])?;
        id.map(|id| id.parse().map_err(|_| StoreError::Stored("account id".into()))).transpose()
    }

    /// The second step. Wrong codes count with wrong passwords.
    ///
    /// # Errors
    /// The database or the key file said no.
    pub fn second_step(&self, half: &str, code: &str, now_ms: i64) -> Result<SecondStep> {
        let Some(account) = self.half_way(half, now_ms)? else { return Ok(SecondStep::Over) };
        let id = account.to_string();
        let query = "SELECT locked_until_ms, disabled FROM account WHERE id = $1";
        let rows = self.store.reader()?.rows(query, &[id.as_str().into()], 2)?;
        let Some([Value::Int(locked), Value::Int(0)]) = rows.first().map(Vec::as_slice) else { return Ok(SecondStep::Over) };
        if *locked > now_ms {
            return Ok(SecondStep::Locked { seconds: (locked - now_ms + 999) / 1000 });
        }
        let Some(by_recovery) = self.use_code(account, code, now_ms)? else {
            self.count_failure(&id, now_ms)?;
            return Ok(SecondStep::Refused(account));
        };
        let (open, ended) = (
            self.store.write(
                "UPDATE account SET failures = 0, locked_until_ms = 0 WHERE id = $1 AND locked_until_ms <= $2 AND disabled = 0",
                &[id.as_str().into(), now_ms.into()],
            )?,
            self.store.write("DELETE FROM half_sign_in WHERE digest = $1", &[digest(half)])?,
        );
        match (open, ended) {
            (1, 1) => Ok(SecondStep::Welcome { token: self.open_session(account, now_ms)?, account, by_recovery }),
            (0, _) => Ok(SecondStep::Locked { seconds: LOCKED_MS / 1000 }),
            _ => Ok(SecondStep::Over),
        }
    }
}

/// The step of a right code.
fn step_of(secret: Vec<u8>, code: &str, now_ms: i64) -> Option<i64> {
    let code = plain(code);
    if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let seconds = u64::try_from(now_ms / 1000).ok()?;
    totp(secret).check(&code, seconds).and_then(|step| i64::try_from(step).ok())
}

fn keep_recovery(sql: &mut dyn Sql, account: &str, codes: &[String]) -> Result<()> {
    sql.run("DELETE FROM recovery_code WHERE account = $1", &[account.into()])?;
    for code in codes {
        sql.run("INSERT INTO recovery_code (account, digest) VALUES ($1, $2)", &[account.into(), digest(&plain(code))])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the last six of the eight digits for SHA-1.
    #[test]
    fn codes_of_the_standard() {
        let secret = b"12345678901234567890".to_vec();
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(step_of(secret.clone(), code, seconds * 1000), Some(seconds / 30), "{code}");
            assert_eq!(step_of(secret.clone(), code, (seconds + 30) * 1000), Some(seconds / 30), "a step late");
            assert_eq!(step_of(secret.clone(), code, (seconds + 60) * 1000), None, "two steps late");
        }
        for typed in ["287 082", " 287082", "28-70-82"] {
            assert_eq!(step_of(secret.clone(), typed, 59_000), Some(1), "{typed:?}");
        }
        for wrong in ["", "287083", "28708", "2870820", "２８７０８２", "94287082"] {
            assert_eq!(step_of(secret.clone(), wrong, 59_000), None, "{wrong:?}");
        }
    }
}
