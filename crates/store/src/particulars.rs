//! Particulars of private persons: sealed, beside the log, erasable. The log has an id and a salted digest of them alone.
//!
//! Each row is sealed with XChaCha20-Poly1305 under a key of the key file `particulars.keys`, which lies beside the database
//! and never in it, nor in a backup. Person and key id are bound in, so that rows cannot be swapped. The newest key seals,
//! all of them open. A random salt lies with the particulars: once the row is gone, the digest in the log says nothing.
//! What was erased is also listed in `particulars.erased` (ids alone), so that a backup from before brings nobody back.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    str::FromStr,
};

use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use domain::{
    basics::{PersonId, PlaceId, Value},
    persons::{Particulars, Purpose},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{Store, sql::*};

/// The file of keys, in the data directory.
pub const KEY_FILE: &str = "particulars.keys";
/// The list of whoever was erased, in the data directory.
pub const ERASED_FILE: &str = "particulars.erased";
/// Lies in a directory that was restored from a backup with sealed rows, until it is known who was erased since.
pub(crate) const RESTORED_FILE: &str = "particulars.restored";
/// Whoever changes the key file holds this one.
const LOCK_FILE: &str = "particulars.lock";
/// How a sealed row begins: the form of what follows.
const FORM: u8 = 1;
const NONCE: usize = 24;
/// Rows that are sealed anew in one transaction.
const RESEALED_TOGETHER: i64 = 100;

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Key {
    id: String,
    key: String,
    made_ms: i64,
}

impl Key {
    fn fresh(now_ms: i64) -> Result<Key> {
        let (mut id, mut key) = ([0_u8; 4], Zeroizing::new([0_u8; 32]));
        random(&mut id)?;
        random(key.as_mut())?;
        Ok(Key { id: hex::encode(id), key: hex::encode(key.as_ref()), made_ms: now_ms })
    }

    fn cipher(&self) -> Result<XChaCha20Poly1305> {
        let mut key = Zeroizing::new([0_u8; 32]);
        hex::decode_to_slice(&self.key, key.as_mut())
            .map_err(|_| StoreError::Key(format!("key {} in {KEY_FILE} is not 64 hexadecimal digits", self.id)))?;
        XChaCha20Poly1305::new_from_slice(key.as_ref()).map_err(|_| StoreError::Key("a key has 32 bytes".into()))
    }
}

/// All keys, the newest last. Read for every use: it is small, used rarely, and may have been rotated meanwhile.
#[derive(Serialize, Deserialize)]
struct Keys {
    keys: Vec<Key>,
}

impl Keys {
    fn read(path: &Path) -> Result<Option<Keys>> {
        let bytes = match fs::read(path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(StoreError::io(path.display().to_string())(e)),
        };
        let bad = |why: String| StoreError::Key(format!("{} cannot be read ({why}); put a copy of it back", path.display()));
        let keys: Keys = serde_json::from_slice(&bytes).map_err(|e| bad(e.to_string()))?;
        if keys.keys.is_empty() { Err(bad("no key in it".into())) } else { Ok(Some(keys)) }
    }

    fn newest(&self) -> Result<&Key> {
        self.keys.last().ok_or_else(|| StoreError::Key(format!("{KEY_FILE} holds no key")))
    }

    fn get(&self, id: &str) -> Option<&Key> {
        self.keys.iter().find(|k| k.id == id)
    }

    /// Writes the file beside and puts it in place, whole or not at all. `fresh`: only where there is none yet.
    fn write(&self, path: &Path, fresh: bool) -> Result<()> {
        let mut tail = [0_u8; 4];
        random(&mut tail)?;
        let aside = path.with_extension(format!("keys-{}", hex::encode(tail)));
        let told = || StoreError::io(path.display().to_string());
        let text = Zeroizing::new(serde_json::to_vec_pretty(self).map_err(|e| StoreError::Key(e.to_string()))?);
        let placed = private(&aside)
            .and_then(|mut file| {
                file.write_all(&text)?;
                file.sync_all()
            })
            .and_then(|()| if fresh { fs::hard_link(&aside, path) } else { fs::rename(&aside, path) })
            .and_then(|()| sync_folder(path));
        let _ = fs::remove_file(&aside);
        match placed {
            // Somebody else was first: his file holds.
            Err(e) if fresh && e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            placed => placed.map_err(told()),
        }
    }
}

fn random(bytes: &mut [u8]) -> Result<()> {
    getrandom::fill(bytes).map_err(|e| StoreError::Key(format!("no randomness: {e}")))
}

fn private(path: &Path) -> std::io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A file of the owner's that may be there already.
fn shared(path: &Path) -> std::io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn sync_folder(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

/// What is sealed: the particulars and their salt.
#[derive(Serialize, Deserialize)]
struct Inside {
    salt: String,
    particulars: Particulars,
}

fn bound(person: PersonId, key: &str) -> String {
    format!("qianwan/particulars/1\n{person}\n{key}")
}

fn seal(key: &Key, person: PersonId, inside: &[u8]) -> Result<Vec<u8>> {
    let mut nonce = [0_u8; NONCE];
    random(&mut nonce)?;
    let bound = bound(person, &key.id);
    let payload = Payload { msg: inside, aad: bound.as_bytes() };
    let sealed = key.cipher()?.encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| StoreError::Key("sealing".into()))?;
    Ok([&[FORM], nonce.as_slice(), &sealed].concat())
}

fn open(key: &Key, person: PersonId, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let altered = || StoreError::Stored(format!("particulars of {person}: altered, or sealed with another key than {}", key.id));
    let (form, rest) = sealed.split_first().ok_or_else(altered)?;
    if *form != FORM || rest.len() < NONCE {
        return Err(altered());
    }
    let (nonce, text) = rest.split_at(NONCE);
    let bound = bound(person, &key.id);
    let payload = Payload { msg: text, aad: bound.as_bytes() };
    key.cipher()?.decrypt(XNonce::from_slice(nonce), payload).map(Zeroizing::new).map_err(|_| altered())
}

fn inside(text: &[u8]) -> Result<Inside> {
    serde_json::from_slice(text).map_err(|e| StoreError::Stored(format!("particulars: {e}")))
}

/// Particulars with what is known of their keeping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptParticulars {
    /// They themselves.
    pub particulars: Particulars,
    /// Their salted digest, as the log has it.
    pub digest: String,
    /// When they were left.
    pub made_ms: i64,
    /// When they were last changed.
    pub changed_ms: i64,
}

/// A key, without itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyInfo {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub made_ms: Option<i64>,
    /// Rows that it opens.
    pub rows: u64,
    /// Whether it seals.
    pub newest: bool,
    /// Whether it is in the key file.
    pub there: bool,
}

/// The particulars.
pub struct Sealed<'s> {
    store: &'s Store,
}

struct Row {
    key_id: String,
    sealed: Vec<u8>,
    made_ms: i64,
    changed_ms: i64,
}

impl<'s> Sealed<'s> {
    pub(crate) fn new(store: &'s Store) -> Sealed<'s> {
        Sealed { store }
    }

    /// The key file.
    pub fn key_file(&self) -> PathBuf {
        self.store.dir().join(KEY_FILE)
    }

    /// The keys; made where nothing has been sealed yet.
    fn keys_to_seal(&self, now_ms: i64) -> Result<Keys> {
        if let Some(keys) = Keys::read(&self.key_file())? {
            return Ok(keys);
        }
        if self.count()? > 0 {
            // Somebody else may have made the file and sealed with it since it was looked for.
            return Keys::read(&self.key_file())?.ok_or_else(|| self.missing_file());
        }
        Keys { keys: vec![Key::fresh(now_ms)?] }.write(&self.key_file(), true)?;
        Keys::read(&self.key_file())?.ok_or_else(|| self.missing_file())
    }

    fn keys_to_open(&self) -> Result<Keys> {
        Keys::read(&self.key_file())?.ok_or_else(|| self.missing_file())
    }

    fn missing_file(&self) -> StoreError {
        StoreError::Key(format!(
            "{} is not there, and sealed particulars are: put the copy of it back that is kept apart from the backups",
            self.key_file().display()
        ))
    }

    fn missing_key(&self, id: &str) -> StoreError {
        StoreError::Key(format!(
            "{} lacks key {id}: add it from a copy of the file that still has it, then run `qianwan keys reseal`",
            self.key_file().display()
        ))
    }

    fn row(&self, person: PersonId) -> Result<Option<Row>> {
        let mut found = None;
        let query = "SELECT key_id, sealed, made_ms, changed_ms FROM particulars WHERE person = $1";
        self.store.reader()?.each(query, &[person.key().into()], &mut |r| {
            found = Some(Row {
                key_id: r.text(0)?.to_owned(),
                sealed: r.bytes(1)?.to_vec(),
                made_ms: r.int(2)?,
                changed_ms: r.int(3)?,
            });
            Ok(())
        })?;
        Ok(found)
    }

    fn opened(&self, keys: &Keys, person: PersonId, row: &Row) -> Result<Zeroizing<Vec<u8>>> {
        open(keys.get(&row.key_id).ok_or_else(|| self.missing_key(&row.key_id))?, person, &row.sealed)
    }

    /// Seals what a person left, unless he has left something already: the same again (an act that is sent twice) changes
    /// nothing and has the same digest. Returns the digest, and whether the row is new.
    ///
    /// # Errors
    /// The keys are missing, or the database says no.
    pub fn put(
        &self,
        person: PersonId,
        place: PlaceId,
        purpose: Purpose,
        particulars: &Particulars,
        now_ms: i64,
    ) -> Result<(String, bool)> {
        let keys = self.keys_to_seal(now_ms)?;
        let mut salt = [0_u8; 16];
        random(&mut salt)?;
        let new = Inside { salt: hex::encode(salt), particulars: particulars.clone() };
        let text = Zeroizing::new(serde_json::to_vec(&new).map_err(|e| StoreError::Stored(e.to_string()))?);
        let key = keys.newest()?;
        let inserted = self.store.write(
            "INSERT INTO particulars (person, place, purpose, key_id, sealed, made_ms, changed_ms) \
             VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (person) DO NOTHING",
            &[
                person.key().into(),
                place.into(),
                purpose.word().into(),
                key.id.as_str().into(),
                Value::Bytes(seal(key, person, &text)?),
                now_ms.into(),
            ],
        )?;
        if inserted == 1 {
            return Ok((particulars.digest(&salt), true));
        }
        // Whoever sends something else under the same id gets another digest, by which he is refused.
        let row = self.row(person)?.ok_or_else(|| StoreError::Stored("particulars that were just there".into()))?;
        let old = inside(&self.opened(&keys, person, &row)?)?;
        Ok((particulars.digest(&unhex(&old.salt)?), false))
    }

    /// What a person left, in full. Whoever asks has recorded why.
    ///
    /// # Errors
    /// The keys are missing, the row was altered, or the database says no.
    pub fn get(&self, person: PersonId) -> Result<Option<KeptParticulars>> {
        self.settled()?;
        let Some(row) = self.row(person)? else { return Ok(None) };
        let Inside { salt, particulars } = inside(&self.opened(&self.keys_to_open()?, person, &row)?)?;
        let digest = particulars.digest(&unhex(&salt)?);
        Ok(Some(KeptParticulars { particulars, digest, made_ms: row.made_ms, changed_ms: row.changed_ms }))
    }

    /// Erases what a person left, for good, and notes that for whoever restores a backup from before.
    ///
    /// # Errors
    /// The database or the disk says no.
    pub fn erase(&self, person: PersonId) -> Result<bool> {
        // First what outlives a backup: where the row then stays, the clock takes it out.
        self.note_erased(&[person])?;
        self.forget(person)
    }

    /// Takes back what was put for an act that came to nothing.
    ///
    /// # Errors
    /// The database says no.
    pub fn forget(&self, person: PersonId) -> Result<bool> {
        let key = person.key();
        self.store.write_together(move |sql| {
            // What is deleted may stay readable in the page for a while: so it is written over first.
            let sealed = sql.rows("SELECT sealed FROM particulars WHERE person = $1", &[key.as_str().into()], 1)?;
            let Some([Value::Bytes(sealed)]) = sealed.first().map(Vec::as_slice) else { return Ok(false) };
            let over = Value::Bytes(vec![0; sealed.len()]);
            sql.run("UPDATE particulars SET sealed = $2 WHERE person = $1", &[key.as_str().into(), over])?;
            sql.run("DELETE FROM particulars WHERE person = $1", &[key.as_str().into()])?;
            Ok(true)
        })
    }

    /// Whose particulars are there, after one, with the time at which they were left.
    ///
    /// # Errors
    /// The database says no.
    pub fn persons(&self, after: Option<PersonId>, limit: u32) -> Result<Vec<(PersonId, i64)>> {
        let after = after.map(PersonId::key).unwrap_or_default();
        let query = "SELECT person, made_ms FROM particulars WHERE person > $1 ORDER BY person LIMIT $2";
        let mut found = Vec::new();
        self.store.reader()?.each(query, &[after.into(), i64::from(limit).into()], &mut |r| {
            found.push((person_of(r.text(0)?)?, r.int(1)?));
            Ok(())
        })?;
        Ok(found)
    }

    /// How many rows there are.
    ///
    /// # Errors
    /// The database says no.
    pub fn count(&self) -> Result<u64> {
        let n = self.store.reader()?.one_int("SELECT CAST(count(*) AS BIGINT) FROM particulars", &[])?;
        Ok(n.unwrap_or(0).unsigned_abs())
    }

    /// Every key that is in the file or needed by a row; the newest last.
    ///
    /// # Errors
    /// The file or the database says no; that the file is missing is no error here.
    pub fn keys(&self) -> Result<Vec<KeyInfo>> {
        let mut rows = std::collections::BTreeMap::new();
        let query = "SELECT key_id, CAST(count(*) AS BIGINT) FROM particulars GROUP BY key_id";
        self.store.reader()?.each(query, &[], &mut |r| {
            rows.insert(r.text(0)?.to_owned(), r.int(1)?.unsigned_abs());
            Ok(())
        })?;
        let keys = Keys::read(&self.key_file())?.map(|k| k.keys).unwrap_or_default();
        let last = keys.len().wrapping_sub(1);
        let mut there: Vec<KeyInfo> = keys
            .iter()
            .enumerate()
            .map(|(i, k)| KeyInfo {
                id: k.id.clone(),
                made_ms: Some(k.made_ms),
                rows: rows.remove(&k.id).unwrap_or(0),
                newest: i == last,
                there: true,
            })
            .collect();
        let missing = rows.into_iter().map(|(id, rows)| KeyInfo { id, made_ms: None, rows, newest: false, there: false });
        there.splice(0..0, missing);
        Ok(there)
    }

    /// Adds a key that seals from now on. A running server takes it with the next thing it seals.
    ///
    /// # Errors
    /// The file is missing though rows are sealed, or the disk says no.
    pub fn rotate(&self, now_ms: i64) -> Result<String> {
        // Two who rotate at the same moment would each write a file without the other's key.
        let lock = self.store.dir().join(LOCK_FILE);
        let told = || StoreError::io(lock.display().to_string());
        let held = shared(&lock).map_err(told())?;
        held.lock().map_err(told())?;
        let mut keys = self.keys_to_seal(now_ms)?;
        let key = Key::fresh(now_ms)?;
        let id = key.id.clone();
        keys.keys.push(key);
        keys.write(&self.key_file(), false)?;
        Ok(id)
    }

    /// Seals every row anew that is sealed with an older key. May be stopped (`progress` says false) and begun again at any
    /// time, beside a running server: a row that changes meanwhile is left for the next round. Returns how many were done.
    ///
    /// # Errors
    /// A key is missing, a row was altered, or the database says no; what was done stays done.
    pub fn reseal(&self, progress: &mut dyn FnMut(u64) -> bool) -> Result<u64> {
        let (mut done, mut after) = (0, String::new());
        loop {
            let keys = self.keys_to_open()?;
            let newest = keys.newest()?;
            let query =
                "SELECT person, key_id, sealed FROM particulars WHERE key_id <> $1 AND person > $2 ORDER BY person LIMIT $3";
            let mut anew = Vec::new();
            let params = [newest.id.as_str().into(), after.as_str().into(), Value::Int(RESEALED_TOGETHER)];
            self.store.reader()?.each(query, &params, &mut |r| {
                let (person, key, sealed) = (person_of(r.text(0)?)?, r.text(1)?.to_owned(), r.bytes(2)?.to_vec());
                let old = keys.get(&key).ok_or_else(|| self.missing_key(&key))?;
                let text = open(old, person, &sealed)?;
                anew.push((person, sealed, seal(newest, person, &text)?));
                Ok(())
            })?;
            let Some((last, ..)) = anew.last() else { return Ok(done) };
            after = last.key();
            let id = newest.id.clone();
            done += self.store.write_together(move |sql| {
                let mut changed = 0;
                for (person, old, new) in anew {
                    let params = [person.key().into(), Value::Bytes(old), Value::Bytes(new), id.as_str().into()];
                    changed +=
                        sql.run("UPDATE particulars SET sealed = $3, key_id = $4 WHERE person = $1 AND sealed = $2", &params)?;
                }
                Ok(changed)
            })?;
            if !progress(done) {
                return Ok(done);
            }
        }
    }

    /// Whoever was erased here, as listed beside the database.
    ///
    /// # Errors
    /// The list cannot be read.
    pub fn erased(&self) -> Result<Vec<PersonId>> {
        let path = self.store.dir().join(ERASED_FILE);
        match fs::read_to_string(&path) {
            Ok(text) => erased_in(&text),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(e) => Err(StoreError::io(path.display().to_string())(e)),
        }
    }

    /// Adds persons to the list of the erased.
    ///
    /// # Errors
    /// The disk says no.
    pub fn note_erased(&self, persons: &[PersonId]) -> Result<()> {
        let known = self.erased()?;
        let text: String = persons.iter().filter(|p| !known.contains(p)).map(|p| format!("{p}\n")).collect();
        if text.is_empty() {
            return Ok(());
        }
        let path = self.store.dir().join(ERASED_FILE);
        let written = shared(&path).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        written.map_err(StoreError::io(path.display().to_string()))
    }

    /// Puts back what is kept apart from backups. Nothing changes unless every key that a row needs is in the file.
    ///
    /// # Errors
    /// A file cannot be read, a key is missing in it, or the disk says no.
    pub fn put_back(&self, keys: Option<&Path>, erased: Option<&Path>) -> Result<()> {
        if let Some(from) = keys {
            let keys = Keys::read(from)?.ok_or_else(|| StoreError::Key(format!("{} is not there", from.display())))?;
            for key in &keys.keys {
                key.cipher()?;
            }
            if let Some(missing) = self.keys()?.iter().find(|k| k.rows > 0 && keys.get(&k.id).is_none()) {
                return Err(StoreError::Key(format!(
                    "{} lacks key {}: it is a copy from before, or of another installation",
                    from.display(),
                    missing.id
                )));
            }
            keys.write(&self.key_file(), false)?;
        }
        if let Some(from) = erased {
            let text = fs::read_to_string(from).map_err(StoreError::io(from.display().to_string()))?;
            self.note_erased(&erased_in(&text)?)?;
            // An empty list says that nobody was.
            let path = self.store.dir().join(ERASED_FILE);
            shared(&path).map_err(StoreError::io(path.display().to_string()))?;
            self.settle()?;
        }
        Ok(())
    }

    /// Whether it is unknown who was erased after the backup that this was restored from.
    pub fn unsettled(&self) -> bool {
        self.store.dir().join(RESTORED_FILE).exists() && !self.store.dir().join(ERASED_FILE).exists()
    }

    /// Nobody who was erased comes back because a list was forgotten.
    pub(crate) fn settled(&self) -> Result<()> {
        match self.unsettled() {
            false => Ok(()),
            true => Err(StoreError::Key(format!(
                "{} was restored from a backup, and who was erased since is unknown: put {ERASED_FILE} back, which is kept apart \
                 from the backups; where nobody was, an empty file of that name",
                self.store.dir().display()
            ))),
        }
    }

    /// Whoever was erased since the backup is erased again; then the directory is like any other. Returns how many.
    pub(crate) fn settle(&self) -> Result<u64> {
        self.settled()?;
        let again = self.erase_again()?;
        match fs::remove_file(self.store.dir().join(RESTORED_FILE)) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(StoreError::io(RESTORED_FILE)(e)),
            _ => Ok(again),
        }
    }

    /// Erases again whatever a backup from before has brought back. Returns how many.
    ///
    /// # Errors
    /// The database or the disk says no.
    pub fn erase_again(&self) -> Result<u64> {
        let mut again = 0;
        for person in self.erased()? {
            again += u64::from(self.forget(person)?);
        }
        Ok(again)
    }
}

fn erased_in(text: &str) -> Result<Vec<PersonId>> {
    text.lines().map(str::trim).filter(|l| !l.is_empty()).map(person_of).collect()
}

fn person_of(text: &str) -> Result<PersonId> {
    Uuid::from_str(text).map(PersonId).map_err(|_| StoreError::Stored(format!("{text:?} is not the id of a person")))
}

fn unhex(text: &str) -> Result<Vec<u8>> {
    hex::decode(text).map_err(|e| StoreError::Stored(format!("salt: {e}")))
}
