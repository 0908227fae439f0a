//! Stored files: photographs, outlines, documents, filled forms; once each, by the hash of their content. A small content lies in
//! its row and becomes durable with it; a larger one is a file beside the database.

use std::{
    fs,
    io::{Cursor, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{SyncSender, sync_channel},
    },
    time::{Duration, SystemTime},
};

use domain::basics::{FileHash, Position, Value};
use sha2::{Digest, Sha256};

use crate::{Store, sql::*};

/// What is known of a stored file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// Its name.
    pub hash: FileHash,
    /// Media type, found by looking at the content.
    pub media_type: String,
    /// Size.
    pub bytes: u64,
    /// When the camera says it was taken.
    pub taken_ms: Option<i64>,
    /// Where the camera says it was taken.
    pub position: Option<Position>,
}

/// A file to be stored.
#[derive(Debug, Clone)]
pub struct NewFile<'a> {
    /// Content.
    pub content: &'a [u8],
    /// Media type, found by looking at the content.
    pub media_type: &'a str,
    /// When the camera says it was taken.
    pub taken_ms: Option<i64>,
    /// Where the camera says it was taken.
    pub position: Option<Position>,
}

/// Rows of files that wait to be written, and who waits for each.
pub(crate) type Waiting = Arc<Mutex<Vec<(Vec<Value>, SyncSender<Result<()>>)>>>;

/// Contents of at most so many bytes lie in their row: they wait for the disk together, and are no directory entry each.
/// (SQLite's own measurements, sqlite.org/fasterthanfs.html, find it the faster keeper up to some 100 KB.)
const IN_ROW_MAX: u64 = 16 << 10;

/// The first stays; but where its content lies in a file, which may have been lost, the row takes what came again.
const NOTE: &str = "INSERT INTO file (hash, type, bytes, taken_ms, lon_e7, lat_e7, stored_ms, content) \
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (hash) DO UPDATE SET content = excluded.content \
                    WHERE file.content IS NULL AND excluded.content IS NOT NULL";

/// Writes rows in one transaction; if that does not go, each by itself, so that nobody is refused for another's.
fn note_all(sql: &mut dyn Sql, rows: Vec<(Vec<Value>, SyncSender<Result<()>>)>) {
    if rows.is_empty() {
        return;
    }
    let all = together(sql, |sql| rows.iter().try_for_each(|(row, _)| sql.run(NOTE, row).map(|_| ())));
    for (row, reply) in rows {
        let done = if all.is_ok() { Ok(()) } else { sql.run(NOTE, &row).map(|_| ()) };
        // Whoever no longer waits has been answered otherwise.
        let _ = reply.send(done);
    }
}

fn hash_of(digest: &[u8]) -> Result<FileHash> {
    FileHash::new(&hex::encode(digest)).ok_or_else(|| StoreError::Bad("a digest of the wrong length".into()))
}

/// What nobody came back for, after a crash, goes at the next start.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 3600);

/// A file on its way in, larger than one wants in memory: it goes to the disk piece by piece, and away again unless it is kept.
pub struct Incoming {
    file: fs::File,
    path: PathBuf,
    bytes: u64,
    digest: Sha256,
}

impl Incoming {
    /// Writes a piece.
    ///
    /// # Errors
    /// The disk says no.
    pub fn write(&mut self, piece: &[u8]) -> Result<()> {
        self.file.write_all(piece).map_err(StoreError::io(self.path.display().to_string()))?;
        self.bytes += piece.len() as u64;
        self.digest.update(piece);
        Ok(())
    }

    /// How much has come.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What has come, from its beginning.
    ///
    /// # Errors
    /// The disk says no.
    pub fn reader(&self) -> Result<fs::File> {
        let told = || StoreError::io(self.path.display().to_string());
        let mut file = self.file.try_clone().map_err(told())?;
        file.seek(SeekFrom::Start(0)).map_err(told())?;
        Ok(file)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The stored files.
pub struct Files<'s> {
    store: &'s Store,
}

impl<'s> Files<'s> {
    pub(crate) fn new(store: &'s Store) -> Files<'s> {
        Files { store }
    }

    pub(crate) fn path(&self, hash: &FileHash) -> PathBuf {
        let name = hash.as_str();
        self.store.dir().join("files").join(&name[..2]).join(name)
    }

    /// Stores a file: a large content on the disk first, then its row, so that a row never names what is not there.
    ///
    /// # Errors
    /// The disk or the database says no; nothing is left half-written.
    pub fn put(&self, file: &NewFile, now_ms: i64) -> Result<FileInfo> {
        let hash = hash_of(Sha256::digest(file.content).as_slice())?;
        let bytes = file.content.len() as u64;
        if bytes <= IN_ROW_MAX {
            return self.note(&hash, bytes, Some(file.content.to_vec()), file, now_ms);
        }
        self.place(&hash, |path, folder| {
            let partial = folder.join(format!(".{}.{:?}", hash.as_str(), std::thread::current().id()));
            let written = fs::File::create(&partial).and_then(|mut f| {
                f.write_all(file.content)?;
                f.sync_all()
            });
            written.and_then(|()| fs::rename(&partial, path)).inspect_err(|_| drop(fs::remove_file(&partial)))
        })?;
        self.note(&hash, bytes, None, file, now_ms)
    }

    /// Brings a content to where it belongs, unless it is there already.
    fn place(&self, hash: &FileHash, bring: impl FnOnce(&Path, &Path) -> std::io::Result<()>) -> Result<()> {
        let path = self.path(hash);
        if path.exists() {
            return Ok(());
        }
        let folder = path.parent().ok_or_else(|| StoreError::Bad("a file without a folder".into()))?;
        let placed = fs::create_dir_all(folder).and_then(|()| bring(&path, folder));
        // The folder as well, or the name could be gone after a power cut while the row is there.
        placed.and_then(|()| fs::File::open(folder)?.sync_all()).map_err(StoreError::io(path.display().to_string()))
    }

    fn note(&self, hash: &FileHash, bytes: u64, content: Option<Vec<u8>>, file: &NewFile, now_ms: i64) -> Result<FileInfo> {
        let row = vec![
            hash.as_str().into(),
            file.media_type.into(),
            Value::Int(i64::try_from(bytes).unwrap_or(i64::MAX)),
            file.taken_ms.into(),
            file.position.map(|p| i64::from(p.lon_e7)).into(),
            file.position.map(|p| i64::from(p.lat_e7)).into(),
            now_ms.into(),
            content.map_or(Value::Null, Value::Bytes),
        ];
        let (send, receive) = sync_channel(1);
        let waiting = self.store.files_waiting.clone();
        waiting.lock().unwrap_or_else(PoisonError::into_inner).push((row, send));
        // Whichever of those that come at once is first writes the rows of all of them: one wait for the disk.
        self.store.writer.alone(move |sql| {
            note_all(sql, std::mem::take(&mut *waiting.lock().unwrap_or_else(PoisonError::into_inner)));
            Ok(())
        })?;
        receive.recv().map_err(|_| StoreError::Stopped)??;
        self.info(hash)?.ok_or_else(|| StoreError::Stored("a file that was just stored".into()))
    }

    fn incoming_folder(&self) -> PathBuf {
        self.store.dir().join("incoming")
    }

    /// Begins to take in a file.
    ///
    /// # Errors
    /// The disk says no.
    pub fn begin(&self) -> Result<Incoming> {
        let folder = self.incoming_folder();
        let mut name = [0; 16];
        crate::seal::fill(&mut name)?;
        let path = folder.join(hex::encode(name));
        let told = || StoreError::io(path.display().to_string());
        fs::create_dir_all(&folder).map_err(told())?;
        let file = fs::File::options().create_new(true).read(true).write(true).open(&path).map_err(told())?;
        Ok(Incoming { file, path, bytes: 0, digest: Sha256::new() })
    }

    /// Keeps a file that has come in whole, as [`Files::put`] does.
    ///
    /// # Errors
    /// The disk or the database says no.
    pub fn keep(&self, incoming: Incoming, about: &NewFile, now_ms: i64) -> Result<FileInfo> {
        let hash = hash_of(incoming.digest.clone().finalize().as_slice())?;
        let mut content = None;
        if incoming.bytes <= IN_ROW_MAX {
            let mut whole = Vec::with_capacity(incoming.bytes as usize);
            incoming.reader()?.read_to_end(&mut whole).map_err(StoreError::io(incoming.path.display().to_string()))?;
            content = Some(whole);
        } else {
            self.place(&hash, |path, _| incoming.file.sync_all().and_then(|()| fs::rename(&incoming.path, path)))?;
        }
        self.note(&hash, incoming.bytes, content, about, now_ms)
    }

    /// Takes away what was left half-way by a process that is no more.
    pub(crate) fn sweep(&self) {
        let Ok(entries) = fs::read_dir(self.incoming_folder()) else { return };
        for entry in entries.flatten() {
            let old = entry
                .metadata()
                .and_then(|m| m.modified())
                .is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age > LEFT_BEHIND));
            if old {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// What is known of a file.
    ///
    /// # Errors
    /// The database said no.
    pub fn info(&self, hash: &FileHash) -> Result<Option<FileInfo>> {
        let query = "SELECT type, bytes, taken_ms, lon_e7, lat_e7 FROM file WHERE hash = $1";
        let rows = self.store.reader()?.rows(query, &[hash.as_str().into()], 5)?;
        let Some([Value::Text(media_type), Value::Int(bytes), taken, lon, lat]) = rows.first().map(Vec::as_slice) else {
            return Ok(None);
        };
        let int = |v: &Value| if let Value::Int(i) = v { Some(*i) } else { None };
        let position = match (int(lon), int(lat)) {
            (Some(lon), Some(lat)) => Position::new(lon as i32, lat as i32),
            _ => None,
        };
        Ok(Some(FileInfo {
            hash: hash.clone(),
            media_type: media_type.clone(),
            bytes: bytes.unsigned_abs(),
            taken_ms: int(taken),
            position,
        }))
    }

    /// The content.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&self, hash: &FileHash) -> Result<Vec<u8>> {
        if let Some(content) = self.in_row(hash)? {
            return Ok(content);
        }
        let path = self.path(hash);
        fs::read(&path).map_err(StoreError::io(path.display().to_string()))
    }

    /// The content, to be read piece by piece.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn open(&self, hash: &FileHash) -> Result<Box<dyn Read + Send>> {
        if let Some(content) = self.in_row(hash)? {
            return Ok(Box::new(Cursor::new(content)));
        }
        let path = self.path(hash);
        Ok(Box::new(fs::File::open(&path).map_err(StoreError::io(path.display().to_string()))?))
    }

    /// The content, where it lies in the row.
    fn in_row(&self, hash: &FileHash) -> Result<Option<Vec<u8>>> {
        let mut found = None;
        let query = "SELECT content FROM file WHERE hash = $1 AND content IS NOT NULL";
        self.store.reader()?.each(query, &[hash.as_str().into()], &mut |r| {
            found = Some(r.bytes(0)?.to_vec());
            Ok(())
        })?;
        Ok(found)
    }

    /// Names of everything that is stored, in order.
    ///
    /// # Errors
    /// The database said no.
    pub fn all(&self) -> Result<Vec<FileHash>> {
        let mut all = Vec::new();
        self.store.reader()?.each("SELECT hash FROM file ORDER BY hash", &[], &mut |r| {
            all.push(FileHash::new(r.text(0)?).ok_or_else(|| StoreError::Stored("a file with a bad name".into()))?);
            Ok(())
        })?;
        Ok(all)
    }

    /// The first content in a row that is not what its name says.
    ///
    /// # Errors
    /// The database said no.
    pub(crate) fn altered_in_row(&self) -> Result<Option<String>> {
        let mut altered = None;
        self.store.reader()?.each("SELECT hash, content FROM file WHERE content IS NOT NULL", &[], &mut |r| {
            if hex::encode(Sha256::digest(r.bytes(1)?)) != r.text(0)? {
                altered.get_or_insert(r.text(0)?.to_owned());
            }
            Ok(())
        })?;
        Ok(altered)
    }
}
