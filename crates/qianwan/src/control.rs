//! Working on an installation that another process serves: that process is asked through a socket in the data directory.
//!
//! A chain has one writer, and a view's table is swapped under the readers of one process. So whatever records facts or
//! rebuilds is done by the process that serves, if there is one. Only the owner of the directory may use the socket: whoever
//! can open it could open the database as well. One request on a line, answers on lines of their own, all of them JSON.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    sync::{Arc, Weak},
};

use anyhow::{Context as _, Result, anyhow};
use domain::{
    Command, ViewId,
    access::{self, Note, bounded},
    basics::{Actor, Context},
};
use facts::ChainId;
use serde::{Deserialize, Serialize};
use server::wording::both;
use store::{Answer, Outcome, Store, Submission};
use uuid::Uuid;

use crate::{Data, data};

/// What a command of the terminal may ask of the process that serves.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Request {
    /// Decide and record, as an import does.
    Import { id: Uuid, command: Box<Command> },
    /// Rebuild a view.
    Rebuild { view: String },
}

/// What it says.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    Progress { done: u64 },
    Answered { outcome: Outcome, repeated: bool },
    Rebuilt { facts: u64 },
    Failed { why: String },
}

fn socket(dir: &Path) -> PathBuf {
    dir.join("control.sock")
}

/// An installation as a command of the terminal has it: opened, or served by another process.
pub struct Installation {
    /// To read from, and for files beside the log.
    pub store: Arc<Store>,
    served: Option<PathBuf>,
}

impl Data {
    /// Opens the installation, or finds the process that serves it.
    pub fn open_or_ask(&self) -> Result<Installation> {
        let socket = socket(&self.data);
        if UnixStream::connect(&socket).is_ok() {
            return Ok(Installation { store: self.open_beside()?, served: Some(socket) });
        }
        Ok(Installation { store: self.open()?, served: None })
    }

    /// The same with data that must be there already.
    pub fn open_existing_or_ask(&self) -> Result<Installation> {
        self.must_exist()?;
        self.open_or_ask()
    }
}

impl Installation {
    /// Records what a command comes to, by whoever has the machine.
    pub fn import(&self, command: Command) -> Result<Answer> {
        let id = Uuid::now_v7();
        let Some(socket) = &self.served else { return Ok(self.store.submit_and_wait(submission(id, command))?) };
        match ask(socket, &Request::Import { id, command: Box::new(command) }, &mut |_| {})? {
            Said::Answered { outcome, repeated } => Ok(Answer { outcome, repeated }),
            _ => Err(unexpected()),
        }
    }

    /// Notes something in the audit chain, under the installation's first place.
    pub fn note(&self, note: Note) -> Result<()> {
        let mut top = None;
        self.store.each_place(&mut |place| {
            if place.within.is_empty() && top.is_none_or(|(level, id)| (place.level, place.id) < (level, id)) {
                top = Some((place.level, place.id));
            }
        })?;
        let command = access::Command::Note { place: top.map(|(_, id)| id), note };
        match self.import(Command::Access(command))?.outcome {
            Outcome::Accepted { .. } => Ok(()),
            _ => Err(unexpected()),
        }
    }

    /// Notes that a chain is taken away; without that it is not.
    pub fn note_export(&self, chain: ChainId, facts: u64, format: &str) -> Result<()> {
        let (Some(what), Some(format)) = (bounded(&chain.to_string()), bounded(format)) else { return Ok(()) };
        let exported = access::Exported { who: access::Who::default(), what, query: None, rows: facts, format };
        self.note(Note::Exported(exported)).map_err(|e| anyhow!(both("cli.audit_unnoted", &[("why", format!("{e:#}"))])))
    }

    /// Rebuilds a view; returns how many facts were folded.
    pub fn rebuild(&self, view: ViewId, progress: &mut dyn FnMut(u64)) -> Result<u64> {
        let Some(socket) = &self.served else { return Ok(self.store.rebuild(view, &mut |p| progress(p.done))?) };
        match ask(socket, &Request::Rebuild { view: view.name().to_owned() }, progress)? {
            Said::Rebuilt { facts } => Ok(facts),
            _ => Err(unexpected()),
        }
    }
}

fn submission(id: Uuid, command: Command) -> Submission {
    Submission { command, context: Context { now_ms: data::now_ms(), actor: Actor::Import, command: id, fresh: id } }
}

fn unexpected() -> anyhow::Error {
    anyhow!(both("cli.control_unexpected", &[]))
}

/// Asks, and returns what is said last.
fn ask(socket: &Path, request: &Request, progress: &mut dyn FnMut(u64)) -> Result<Said> {
    let mut stream = UnixStream::connect(socket).with_context(|| socket.display().to_string())?;
    serde_json::to_writer(&mut stream, request)?;
    stream.write_all(b"\n")?;
    for line in BufReader::new(stream).lines() {
        match serde_json::from_str(&line?)? {
            Said::Progress { done } => progress(done),
            Said::Failed { why } => return Err(anyhow!(why)),
            said => return Ok(said),
        }
    }
    Err(anyhow!(both("cli.control_ended", &[])))
}

/// The other end; the socket goes when this does.
pub struct Control(PathBuf);

impl Control {
    /// Listens for as long as the store is open.
    pub fn listen(store: &Arc<Store>) -> Result<Control> {
        let path = socket(store.dir());
        // Left by a process that was killed: the data directory has one owner, and that is this one.
        let _ = fs::remove_file(&path);
        let listener = UnixListener::bind(&path).with_context(|| path.display().to_string())?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).with_context(|| path.display().to_string())?;
        let store = Arc::downgrade(store);
        std::thread::Builder::new().name("control".into()).spawn(move || {
            for stream in listener.incoming().flatten() {
                let store = store.clone();
                let served = std::thread::Builder::new().name("control-one".into()).spawn(move || serve(&store, stream));
                if let Err(e) = served {
                    tracing::error!(error = %e, "control");
                }
            }
        })?;
        Ok(Control(path))
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn serve(store: &Weak<Store>, stream: UnixStream) {
    if let Err(e) = answer(store, stream) {
        tracing::warn!(error = %e, "control");
    }
}

fn answer(store: &Weak<Store>, mut stream: UnixStream) -> Result<()> {
    let mut line = String::new();
    if BufReader::new(stream.try_clone()?).read_line(&mut line)? == 0 {
        // Somebody only looked whether anybody is here.
        return Ok(());
    }
    let mut said = None;
    if let Some(store) = store.upgrade() {
        let done = obey(&store, &line, &mut |done| say(&mut stream, &Said::Progress { done }).unwrap_or_default());
        said = Some(done.unwrap_or_else(|e| Said::Failed { why: format!("{e:#}") }));
    }
    said.map_or(Ok(()), |said| say(&mut stream, &said))
}

fn say(stream: &mut UnixStream, said: &Said) -> Result<()> {
    let mut line = serde_json::to_vec(said)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    Ok(())
}

fn obey(store: &Store, line: &str, progress: &mut dyn FnMut(u64)) -> Result<Said> {
    match serde_json::from_str(line)? {
        Request::Import { id, command } => {
            let Answer { outcome, repeated } = store.submit_and_wait(submission(id, *command))?;
            Ok(Said::Answered { outcome, repeated })
        }
        Request::Rebuild { view } => {
            let view = ViewId::from_name(&view).ok_or_else(unexpected)?;
            Ok(Said::Rebuilt { facts: store.rebuild(view, &mut |p| progress(p.done))? })
        }
    }
}
