//! People who sign in: accounts, posts they hold, sessions, one-time links.
//!
//! Passwords are stored as Argon2id; sessions and links by the SHA-256 of a random token that only the client has.
//! Second factors, keys of programs and phones, and what administrators do to accounts are in the files below this one.

mod administration;
mod identities;
mod invitations;
mod keys;
mod second_factor;
mod sessions;

use std::collections::HashMap;

use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString, rand_core::OsRng},
};
use domain::basics::{AccountId, Day, PersonId, Post, Value};
use sha2::{Digest, Sha256};

use crate::{Store, seal, sql::*};

pub use administration::AccountRow;
pub use identities::{Identity, Linking};
pub use invitations::{Invited, NewInvitation};
pub use keys::{AccessKey, KeyKind, NewKey};
pub use second_factor::{Enrolment, SecondFactor, SecondStep};
pub use sessions::{Arrival, OpenSession};

/// Wrong passwords in a row before the account is locked for a while.
const FAILURES_MAX: i64 = 5;
/// How long it is locked, milliseconds.
const LOCKED_MS: i64 = 10 * 60_000;

/// A clock that is put right goes back a little. Whoever was seen later than that, was seen by a clock that was wrong, and
/// must not stay signed in until it is that late again.
const CLOCK_BACK_MS: i64 = 5 * 60_000;

/// A person's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Identity.
    pub id: AccountId,
    /// Whose it is.
    pub person: PersonId,
    /// Name to sign in with.
    pub name: String,
    /// The person's name.
    pub display: String,
    /// Whether it may sign in.
    pub disabled: bool,
    /// Posts, past and present.
    pub held: Vec<Held>,
}

impl NewAccount<'_> {
    /// The person that comes with it.
    fn person(&self) -> PersonId {
        PersonId(self.id.0)
    }
}

impl Account {
    /// Posts held on a day.
    pub fn posts_on(&self, day: Day) -> Vec<Post> {
        self.held.iter().filter(|h| h.from <= day && h.until.is_none_or(|u| day <= u)).map(|h| h.post).collect()
    }
}

/// A post with the days on which it is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// The post.
    pub post: Post,
    /// First day.
    pub from: Day,
    /// Last day, if there is one.
    pub until: Option<Day>,
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewAccount<'a> {
    /// Identity.
    pub id: AccountId,
    /// Name to sign in with.
    pub name: &'a str,
    /// Name to show.
    pub display: &'a str,
    /// Password, if it is known already; else by a one-time link.
    pub password: Option<&'a str>,
    /// Posts.
    pub held: &'a [Held],
}

/// What a one-time link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Become the first administrator.
    FirstAdmin,
    /// Set a first password: an invitation.
    SetPassword,
    /// Set another password, made by an administrator and handed over in person.
    Reset,
}

impl LinkPurpose {
    fn word(self) -> &'static str {
        match self {
            LinkPurpose::FirstAdmin => "first_admin",
            LinkPurpose::SetPassword => "set_password",
            LinkPurpose::Reset => "reset",
        }
    }
}

/// Somebody signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Whose.
    pub account: Account,
    /// Token against cross-site requests.
    pub csrf: String,
    /// Name of the session in lists; not what opens it.
    pub id: String,
}

/// What became of signing in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// The token for the cookie.
    Welcome(String),
    /// The password was right and a code is still to come: the token for the second step, which opens nothing.
    HalfWay(String),
    /// Wrong name or password, or no password yet: one answer for all.
    Refused,
    /// Too many wrong passwords.
    Locked {
        /// For so many seconds more.
        seconds: i64,
    },
}

/// The accounts.
pub struct Accounts<'s> {
    store: &'s Store,
    arrival: Arrival,
}

/// A random token of 32 bytes, hexadecimal.
fn token() -> Result<String> {
    let mut bytes = [0; 32];
    seal::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

fn digest(token: &str) -> Value {
    Value::Bytes(Sha256::digest(token.as_bytes()).to_vec())
}

fn hash_password(password: &str) -> Result<String> {
    let salt = SaltString::generate(&mut OsRng);
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    hash.map(|h| h.to_string()).map_err(|e| StoreError::Bad(format!("password: {e}")))
}

impl<'s> Accounts<'s> {
    pub(crate) fn new(store: &'s Store) -> Accounts<'s> {
        Accounts { store, arrival: Arrival::default() }
    }

    /// How many accounts there are.
    ///
    /// # Errors
    /// The database said no.
    pub fn count(&self) -> Result<u64> {
        Ok(self.store.reader()?.one_int("SELECT count(*) FROM account", &[])?.unwrap_or(0).unsigned_abs())
    }

    /// Makes accounts; all or none. A name that is there already is an error.
    ///
    /// # Errors
    /// The name is taken, or the database said no.
    pub fn create(&self, accounts: &[NewAccount], now_ms: i64) -> Result<()> {
        // Argon2 is slow on purpose: before anything is locked, and once where demo accounts share a password.
        let mut hashes: HashMap<&str, String> = HashMap::new();
        let mut rows = Vec::new();
        for new in accounts {
            if let Some(password) = new.password
                && !hashes.contains_key(password)
            {
                hashes.insert(password, hash_password(password)?);
            }
            let hash = new.password.and_then(|p| hashes.get(p)).map(String::as_str);
            let row = [new.id.to_string().into(), new.name.into(), new.person().to_string().into(), hash.into(), now_ms.into()];
            let person = [new.person().to_string().into(), new.display.into(), now_ms.into()];
            rows.push((person, row, new.id, new.held.to_vec()));
        }
        self.store.write_together(move |sql| {
            for (person, row, id, held) in &rows {
                sql.run("INSERT INTO person (id, display, created_ms) VALUES ($1, $2, $3)", person)?;
                sql.run(
                    "INSERT INTO account (id, name, person, password, failures, locked_until_ms, disabled, created_ms) \
                     VALUES ($1, $2, $3, $4, 0, 0, 0, $5)",
                    row,
                )?;
                held.iter().try_for_each(|h| hold(sql, *id, h))?;
            }
            Ok(())
        })?;
        self.store.record_posts_held(Some(now_ms))
    }

    /// Gives the person of an account a post, or ends the time at it.
    ///
    /// # Errors
    /// The database said no.
    pub fn give_post(&self, account: AccountId, held: &Held, now_ms: i64) -> Result<()> {
        let held = *held;
        self.store.write_together(move |sql| hold(sql, account, &held))?;
        self.store.record_posts_held(Some(now_ms))
    }

    /// An account with its person's posts.
    ///
    /// # Errors
    /// The database said no.
    pub fn get(&self, id: AccountId) -> Result<Option<Account>> {
        let query =
            "SELECT a.name, p.display, a.disabled, a.person FROM account a JOIN person p ON p.id = a.person WHERE a.id = $1";
        let rows = self.store.reader()?.rows(query, &[id.to_string().into()], 4)?;
        let Some([Value::Text(name), Value::Text(display), Value::Int(disabled), Value::Text(person)]) =
            rows.first().map(Vec::as_slice)
        else {
            return Ok(None);
        };
        let person: PersonId = person.parse().map_err(|_| StoreError::Stored("person of an account".into()))?;
        let held = self.store.posts_of(&[(id, person)])?.remove(0);
        Ok(Some(Account { id, person, name: name.clone(), display: display.clone(), disabled: *disabled != 0, held }))
    }

    /// Names to show, for many accounts at once.
    ///
    /// # Errors
    /// The database said no.
    pub fn displays(&self, ids: &[AccountId]) -> Result<Vec<(AccountId, String)>> {
        let keys: Vec<Value> = ids.iter().map(|id| Value::Text(id.to_string())).collect();
        let mut found = Vec::new();
        // Phones act under ids of their own.
        let named = "(SELECT a.id AS id, p.display AS display FROM account a JOIN person p ON p.id = a.person \
             UNION ALL SELECT id, label AS display FROM access_key) named";
        self.store.reader()?.by_keys(named, "id, display", ("id", SqlType::Text), &keys, &mut |r| {
            if let Ok(id) = r.text(0)?.parse() {
                found.push((id, r.text(1)?.to_owned()));
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Signs in. Takes the same time whether the name exists or not.
    ///
    /// # Errors
    /// The database said no.
    pub fn sign_in(&self, name: &str, password: &str, now_ms: i64) -> Result<SignIn> {
        let query = "SELECT id, password, locked_until_ms, disabled FROM account WHERE name = $1";
        let rows = self.store.reader()?.rows(query, &[name.into()], 4)?;
        let (id, hash, locked, disabled) = match rows.first().map(Vec::as_slice) {
            Some([Value::Text(id), hash, Value::Int(locked), Value::Int(disabled)]) => {
                (Some(id.clone()), if let Value::Text(h) = hash { Some(h.clone()) } else { None }, *locked, *disabled != 0)
            }
            _ => (None, None, 0, false),
        };
        let locked_until = |until: i64| SignIn::Locked { seconds: (until - now_ms + 999) / 1000 };
        // Later than any lock from now on: it was set by a clock that was wrong.
        if locked > now_ms && locked <= now_ms + LOCKED_MS {
            return Ok(locked_until(locked));
        }
        // A known hash of nothing, so that an unknown name costs the same time.
        const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$Wj3e8D0kXf6Cj8xwQmT0n3nJ9l1yV1m4qg1l3s2QxkA";
        let stored = hash.as_deref().unwrap_or(NOBODY);
        let good = PasswordHash::new(stored).is_ok_and(|h| Argon2::default().verify_password(password.as_bytes(), &h).is_ok());
        let Some(id) = id else { return Ok(SignIn::Refused) };
        if !good || hash.is_none() || disabled {
            self.count_failure(&id, now_ms)?;
            return Ok(SignIn::Refused);
        }
        // Locked by others while this password was being checked: a right guess among many wrong ones does not count.
        // What was wrong before is forgotten only when the whole way is done: codes are counted with passwords.
        let account: AccountId = id.parse().map_err(|_| StoreError::Stored("account id".into()))?;
        let two_steps = self.second_factor(account)?.is_on();
        let open = self.store.write(
            "UPDATE account SET failures = CASE WHEN $3 = 1 THEN failures ELSE 0 END, locked_until_ms = 0 \
             WHERE id = $1 AND (locked_until_ms <= $2 OR locked_until_ms > $4)",
            &[id.as_str().into(), now_ms.into(), i64::from(two_steps).into(), (now_ms + LOCKED_MS).into()],
        )?;
        if open == 0 {
            return Ok(locked_until(now_ms + LOCKED_MS));
        }
        match two_steps {
            true => Ok(SignIn::HalfWay(self.half_sign_in(account, now_ms)?)),
            false => Ok(SignIn::Welcome(self.open_session(account, now_ms)?)),
        }
    }

    /// One more wrong password or code; counted in the database, so that guesses made at once are all counted.
    fn count_failure(&self, id: &str, now_ms: i64) -> Result<()> {
        self.store.write(
            "UPDATE account SET failures = CASE WHEN failures + 1 >= $2 THEN 0 ELSE failures + 1 END, \
             locked_until_ms = CASE WHEN failures + 1 >= $2 THEN $3 ELSE locked_until_ms END WHERE id = $1",
            &[id.into(), FAILURES_MAX.into(), (now_ms + LOCKED_MS).into()],
        )?;
        Ok(())
    }

    /// Makes a link that works once.
    ///
    /// # Errors
    /// The database said no.
    pub fn make_link(&self, purpose: LinkPurpose, account: Option<AccountId>, expires_ms: i64) -> Result<String> {
        let token = token()?;
        self.store.write(
            "INSERT INTO one_time_link (digest, purpose, account, expires_ms) VALUES ($1, $2, $3, $4)",
            &[digest(&token), purpose.word().into(), account.map(|a| a.to_string()).into(), expires_ms.into()],
        )?;
        Ok(token)
    }

    /// Whether a link would work, without using it.
    ///
    /// # Errors
    /// The database said no.
    pub fn link_works(&self, purpose: LinkPurpose, token: &str, now_ms: i64) -> Result<bool> {
        let query = "SELECT count(*) FROM one_time_link WHERE digest = $1 AND purpose = $2 AND expires_ms > $3";
        Ok(self.store.reader()?.one_int(query, &[digest(token), purpose.word().into(), now_ms.into()])? == Some(1))
    }

    /// Whose link this is, if it would work.
    ///
    /// # Errors
    /// The database said no.
    pub fn link_of(&self, purpose: LinkPurpose, token: &str, now_ms: i64) -> Result<Option<AccountId>> {
        let query = "SELECT account FROM one_time_link WHERE digest = $1 AND purpose = $2 AND expires_ms > $3";
        let params = [digest(token), purpose.word().into(), now_ms.into()];
        let found = self.store.reader()?.one_text(query, &params)?.filter(|id| !id.is_empty());
        found.map(|id| id.parse().map_err(|_| StoreError::Stored("account id".into()))).transpose()
    }

    /// Uses a link: true for exactly one caller.
    ///
    /// # Errors
    /// The database said no.
    pub fn use_link(&self, purpose: LinkPurpose, token: &str, now_ms: i64) -> Result<bool> {
        let used = self.store.write(
            "DELETE FROM one_time_link WHERE digest = $1 AND purpose = $2 AND expires_ms > $3",
            &[digest(token), purpose.word().into(), now_ms.into()],
        )?;
        Ok(used == 1)
    }
}

fn hold(sql: &mut dyn Sql, account: AccountId, held: &Held) -> Result<()> {
    sql.run(
        "INSERT INTO post_held (account, place, role, from_day, until_day) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (account, place, role, from_day) DO UPDATE SET until_day = excluded.until_day",
        &[
            account.to_string().into(),
            held.post.place.into(),
            crate::persons::role_words(held.post).into(),
            held.from.into(),
            held.until.map(|d| d.to_string()).unwrap_or_default().into(),
        ],
    )?;
    Ok(())
}
