//! Persons: officials by name. Which posts they hold are facts; this turns what waits to be recorded into them.

use domain::{
    Command, Row, ViewId,
    basics::{AccountId, Actor, Context, PersonId, PlaceId, Post, Role, Text, Value},
    duties,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Held, Outcome, Store, Submission, sql::*, views};

/// A post that waits to be recorded as held.
struct Waiting {
    account: String,
    held: Held,
    person: PersonId,
    recorded_ms: i64,
}

impl Store {
    /// Posts of accounts' persons, past and present, in the order of the accounts: what is recorded, and what waits to be.
    pub(crate) fn posts_of(&self, accounts: &[(AccountId, PersonId)]) -> Result<Vec<Vec<Held>>> {
        let persons: Vec<PersonId> = accounts.iter().map(|(_, person)| *person).collect();
        let recorded = self.holdings_of(&persons)?;
        let waiting = match accounts {
            [(account, _)] => self.waiting("WHERE h.account = $1", &[account.to_string().into()])?,
            _ => self.waiting("", &[])?,
        };
        let posts = |(account, person): &(AccountId, PersonId)| {
            let own = recorded.iter().filter(|row| row.holding.person == *person && row.holding.withdrawn.is_none());
            let mut held: Vec<Held> =
                own.map(|row| Held { post: row.post, from: row.holding.from, until: row.holding.until }).collect();
            for late in waiting.iter().filter(|w| w.account == account.to_string()) {
                held.retain(|h| (h.post, h.from) != (late.held.post, late.held.from));
                held.push(late.held);
            }
            held.sort_by_key(|h| (h.post, h.from));
            held
        };
        Ok(accounts.iter().map(posts).collect())
    }

    /// Everything that persons hold or held.
    ///
    /// # Errors
    /// The database said no.
    pub fn holdings_of(&self, persons: &[PersonId]) -> Result<Vec<duties::Held>> {
        let table = self.table(ViewId::Holdings)?;
        let keys: Vec<Value> = persons.iter().map(|id| Value::Text(id.to_string())).collect();
        let mut found = Vec::new();
        self.reader()?.by_keys(&table, "data", ("c_person", SqlType::Text), &keys, &mut |r| {
            if let Row::Holdings(row) = views::decode(ViewId::Holdings, r.text(0)?)? {
                found.push(*row);
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Names of persons.
    ///
    /// # Errors
    /// The database said no.
    pub fn persons(&self, ids: &[PersonId]) -> Result<Vec<(PersonId, String)>> {
        let keys: Vec<Value> = ids.iter().map(|id| Value::Text(id.to_string())).collect();
        let mut found = Vec::new();
        self.reader()?.by_keys("person", "id, display", ("id", SqlType::Text), &keys, &mut |r| {
            if let Ok(id) = r.text(0)?.parse() {
                found.push((id, r.text(1)?.to_owned()));
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Persons whose name holds these words, by name, after one.
    ///
    /// # Errors
    /// The database said no.
    pub fn find_persons(&self, words: &str, after: Option<&(PersonId, String)>, limit: usize) -> Result<Vec<(PersonId, String)>> {
        let escaped = words.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let mut found = Vec::new();
        let (id, name) = after.map_or((String::new(), String::new()), |(id, name)| (id.to_string(), name.clone()));
        let query = "SELECT id, display FROM person WHERE display LIKE $1 ESCAPE '\\' AND (display, id) > ($2, $3) \
             ORDER BY display, id LIMIT $4";
        let params = [format!("%{escaped}%").into(), name.into(), id.into(), Value::Int(limit as i64)];
        self.reader()?.each(query, &params, &mut |r| {
            if let Ok(id) = r.text(0)?.parse() {
                found.push((id, r.text(1)?.to_owned()));
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Registers a person who may hold posts, or corrects the name.
    ///
    /// # Errors
    /// The database said no.
    pub fn put_person(&self, id: PersonId, display: &str, now_ms: i64) -> Result<()> {
        self.write(
            "INSERT INTO person (id, display, created_ms) VALUES ($1, $2, $3) \
             ON CONFLICT (id) DO UPDATE SET display = excluded.display",
            &[id.to_string().into(), display.into(), now_ms.into()],
        )?;
        Ok(())
    }

    /// Records as facts what was given as posts: when an installation of before is opened, when accounts are made, and what
    /// another process has left for the one that serves. What cannot be recorded stays where it is, and holds all the same.
    ///
    /// # Errors
    /// The database said no.
    pub fn record_posts_held(&self, now_ms: Option<i64>) -> Result<()> {
        if !self.serves {
            return Ok(());
        }
        for waiting in self.waiting("", &[])? {
            let Waiting { account, held, person, recorded_ms } = waiting;
            let known = self.holdings_of(&[person])?;
            let known = known
                .iter()
                .find(|row| row.post == held.post && row.holding.from == held.from && row.holding.withdrawn.is_none());
            let now_ms = now_ms.unwrap_or(recorded_ms);
            let command = match known {
                Some(row) if row.holding.until == held.until => None,
                Some(row) => held.until.map(|on| duties::Command::Leave {
                    post: held.post,
                    holding: row.holding.id,
                    on,
                    reason: Text::new("as given with the account").expect("a short text"),
                }),
                None => Some(duties::Command::TakeUp {
                    post: held.post,
                    person,
                    from: held.from,
                    until: held.until,
                    document: None,
                    already: Vec::new(),
                }),
            };
            if let Some(command) = command {
                // The same once more, where the last run was cut off in between.
                let digest = Sha256::digest(format!("post held {account} {} {} {:?}", held.post, held.from, held.until));
                let id = Uuid::new_v8(digest[..16].try_into().expect("sixteen bytes"));
                let context = Context { now_ms, actor: Actor::Import, command: id, fresh: id };
                let answer = self.submit_and_wait(Submission { command: Command::Duties(command), context })?;
                match answer.outcome {
                    Outcome::Accepted { .. } => {}
                    // There is no such place yet: it waits for the register.
                    Outcome::Forbidden => continue,
                    outcome => {
                        tracing::warn!(%account, post = %held.post, ?outcome, "post held cannot be recorded");
                        continue;
                    }
                }
            }
            self.write(
                "DELETE FROM post_held WHERE account = $1 AND place = $2 AND role = $3 AND from_day = $4",
                &[account.into(), held.post.place.into(), role_words(held.post).into(), held.from.into()],
            )?;
        }
        Ok(())
    }

    fn waiting(&self, clause: &str, params: &[Value]) -> Result<Vec<Waiting>> {
        let query = format!(
            "SELECT h.account, h.place, h.role, h.from_day, h.until_day, a.person, a.created_ms FROM post_held h \
             JOIN account a ON a.id = h.account {clause} ORDER BY h.account, h.place, h.role, h.from_day"
        );
        let mut found = Vec::new();
        self.reader()?.each(&query, params, &mut |r| {
            let bad = || StoreError::Stored("post held".into());
            let held = Held {
                post: post_of(PlaceId(r.int(1)?), r.text(2)?).ok_or_else(bad)?,
                from: r.text(3)?.parse().map_err(|_| bad())?,
                until: match r.text(4)? {
                    "" => None,
                    day => Some(day.parse().map_err(|_| bad())?),
                },
            };
            let person = r.text(5)?.parse().map_err(|_| bad())?;
            found.push(Waiting { account: r.text(0)?.to_owned(), held, person, recorded_ms: r.int(6)? });
            Ok(())
        })?;
        Ok(found)
    }
}

/// How a post's role and department are written in one column.
pub(crate) fn role_words(post: Post) -> String {
    match post.department {
        None => post.role.word().to_owned(),
        Some(department) => format!("{}/{}", post.role.word(), department.word()),
    }
}

fn post_of(place: PlaceId, words: &str) -> Option<Post> {
    match words.contains('/') {
        false => Some(Post::new(place, Role::from_word(words)?)),
        true => format!("{place}/{words}").parse().ok(),
    }
}
