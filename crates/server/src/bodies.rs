//! Bodies as they come in: no larger than the route takes, no slower than a bad telephone line, and not too many at once.
//!
//! Whoever announces too much is refused before he sends it; whoever sends too much, when it is too much. A body is given
//! [`FIRST`] and then a second for every [`PER_SECOND`] bytes of it: a photo from a mountain village comes through, and a
//! client that sends a byte now and then does not keep a connection for ever.

use std::{
    io::Read as _,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        mpsc::{Sender, channel},
    },
    time::Duration,
};

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
};
use bytes::Bytes;
use http_body_util::BodyExt;
use store::{Incoming, Store};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::{Instant, timeout_at},
};

use crate::answer::Problem;

/// How long the first bytes of a body may take.
const FIRST: Duration = Duration::from_secs(20);
/// Bytes a second that a body has to bring after that.
const PER_SECOND: usize = 4 << 10;
/// So much of a body is read whoever else is sending: every form and command fits into it.
const ALWAYS: usize = 64 << 10;
/// Bodies that go to the disk at a time.
const ON_DISK_MAX: usize = 32;
/// Larger bodies in memory at a time, KiB, all together: 384 MB.
const LARGE_KIB: usize = 384 << 10;

/// Parcels that are looked at, or wait for the disk, at a time: enough that they wait together and the processors are never idle;
/// more would only be more threads, each with memory of its own. The others wait with nothing but their bytes.
const TURNS: usize = 16;

type Task = Box<dyn FnOnce() + Send>;

/// Room for large bodies: in memory, and on the disk; and the threads on which parcels are looked at.
pub struct Room {
    memory: Arc<Semaphore>,
    disk: Arc<Semaphore>,
    turns: OnceLock<Sender<Task>>,
}

impl Default for Room {
    fn default() -> Room {
        let of = |n| Arc::new(Semaphore::new(n));
        Room { memory: of(LARGE_KIB), disk: of(ON_DISK_MAX), turns: OnceLock::new() }
    }
}

/// Threads that do what comes, one task after the other each, until nobody can send any more.
fn workers() -> Sender<Task> {
    let (send, receive) = channel::<Task>();
    let receive = Arc::new(Mutex::new(receive));
    for n in 0..TURNS {
        let receive = receive.clone();
        let work = move || {
            loop {
                let next = receive.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok(task) = next else { return };
                // Whoever waits for it is told; the next one is not to suffer for it.
                let _ = catch_unwind(AssertUnwindSafe(task));
            }
        };
        if let Err(e) = std::thread::Builder::new().name(format!("parcels-{n}")).spawn(work) {
            tracing::warn!(error = %e, "fewer threads for parcels");
        }
    }
    send
}

/// A body that may be larger than one wants in memory. It can be read more than once, piece by piece.
pub enum Parcel {
    /// A small one.
    Memory(Bytes),
    /// A large one, and its seat.
    Disk(Incoming, OwnedSemaphorePermit),
}

/// Pieces of a parcel.
pub type Pieces = Box<dyn Iterator<Item = std::io::Result<Bytes>> + Send>;

impl Parcel {
    /// From its beginning.
    pub fn pieces(&self) -> Result<Pieces, Problem> {
        Ok(match self {
            Parcel::Memory(bytes) => Box::new(std::iter::once(Ok(bytes.clone()))),
            Parcel::Disk(incoming, _) => {
                let mut file = incoming.reader()?;
                Box::new(std::iter::from_fn(move || {
                    let mut piece = vec![0; ALWAYS];
                    match file.read(&mut piece) {
                        Ok(0) => None,
                        Ok(n) => {
                            piece.truncate(n);
                            Some(Ok(piece.into()))
                        }
                        Err(e) => Some(Err(e)),
                    }
                }))
            }
        })
    }
}

/// A body, and the room that it takes for as long as it is kept.
pub type Read = (Bytes, Option<OwnedSemaphorePermit>);

fn too_large(max: usize) -> Problem {
    let max = if max < 1 << 20 { format!("{} KB", max >> 10) } else { format!("{} MB", max >> 20) };
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large").arg("max", max)
}

/// What a client says that it will send.
fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok())
}

/// The next piece, unless the client is slower than a bad telephone line.
async fn next(body: &mut Body, began: Instant, come: usize) -> Result<Option<Bytes>, Problem> {
    let until = began + FIRST + Duration::from_secs((come / PER_SECOND) as u64);
    loop {
        match timeout_at(until, body.frame()).await {
            Err(_) => return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow")),
            Ok(None) => return Ok(None),
            Ok(Some(Err(_))) => return Err(Problem::new(StatusCode::BAD_REQUEST, "broken-off")),
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

impl Room {
    /// Does something with a parcel, on a thread that may wait, when it is its turn; none where that broke off.
    pub async fn in_turn<T: Send + 'static>(&self, task: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (done, wait) = oneshot::channel();
        let runtime = Handle::current();
        let task: Task = Box::new(move || {
            let _within = runtime.enter();
            // Whoever is gone meanwhile needs no answer.
            let _ = done.send(task());
        });
        self.turns.get_or_init(workers).send(task).ok()?;
        wait.await.ok()
    }

    /// Takes in a body of at most `max` bytes: in memory while it is small, on the disk from then on. Writing to the disk
    /// within the reader of a connection is meant: who sends much waits for the disk, and nobody else does.
    pub async fn take_in(&self, mut body: Body, headers: &HeaderMap, max: usize, store: &Store) -> Result<Parcel, Problem> {
        if announced(headers).is_some_and(|length| length > max as u64) {
            return Err(too_large(max));
        }
        let began = Instant::now();
        let mut small: Vec<u8> = Vec::new();
        let mut large: Option<(Incoming, OwnedSemaphorePermit)> = None;
        let mut come = 0_usize;
        while let Some(data) = next(&mut body, began, come).await? {
            if data.len() > max - come {
                return Err(too_large(max));
            }
            come += data.len();
            match &mut large {
                Some((incoming, _)) => incoming.write(&data)?,
                None if come <= ALWAYS => small.extend_from_slice(&data),
                None => {
                    let seat = self.disk.clone().try_acquire_owned();
                    let seat = seat.map_err(|_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy").arg("seconds", 30))?;
                    let mut incoming = store.files().begin()?;
                    incoming.write(&std::mem::take(&mut small))?;
                    incoming.write(&data)?;
                    large = Some((incoming, seat));
                }
            }
        }
        Ok(match large {
            None => Parcel::Memory(small.into()),
            Some((incoming, seat)) => Parcel::Disk(incoming, seat),
        })
    }

    /// Reads a body of at most `max` bytes.
    pub async fn read(&self, mut body: Body, headers: &HeaderMap, max: usize) -> Result<Read, Problem> {
        let max = max.max(ALWAYS);
        if announced(headers).is_some_and(|length| length > max as u64) {
            return Err(too_large(max));
        }
        let began = Instant::now();
        let mut whole: Vec<u8> = Vec::new();
        let mut taken: Option<OwnedSemaphorePermit> = None;
        while let Some(data) = next(&mut body, began, whole.len()).await? {
            if data.len() > max - whole.len() {
                return Err(too_large(max));
            }
            whole.extend_from_slice(&data);
            // Room is taken as bytes come, not as they are announced: an announcement costs nothing.
            let has = taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
            let wants = whole.len().saturating_sub(ALWAYS).div_ceil(1024);
            if wants > has {
                let more = self.memory.clone().try_acquire_many_owned(u32::try_from(wants - has).unwrap_or(u32::MAX));
                let more = more.map_err(|_| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy").arg("seconds", 30))?;
                match &mut taken {
                    Some(taken) => taken.merge(more),
                    None => taken = Some(more),
                }
            }
        }
        Ok((whole.into(), taken))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime")
    }

    /// A body that comes piece by piece, with a pause before each.
    fn dripping(pieces: usize, size: usize, pause: Duration) -> Body {
        let pieces = futures_util::stream::unfold(0, move |n| async move {
            if n == pieces {
                return None;
            }
            tokio::time::sleep(pause).await;
            Some((Ok::<_, std::convert::Infallible>(Bytes::from(vec![b'x'; size])), n + 1))
        });
        Body::from_stream(pieces)
    }

    fn code(result: Result<Read, Problem>) -> String {
        result.map_or_else(|p| format!("{} {}", p.status.as_u16(), p.code), |(body, _)| format!("{} bytes", body.len()))
    }

    #[test]
    fn slow_is_not_for_ever() {
        reader().block_on(async {
            let room = Room::default();
            let none = HeaderMap::new();
            let second = Duration::from_secs(1);
            let began = Instant::now();
            assert_eq!(code(room.read(dripping(1_000_000, 1, second), &none, 1 << 20).await), "408 too-slow");
            assert!(began.elapsed() <= FIRST + second, "{:?}", began.elapsed());
            // A line of 8 KB a second brings two megabytes in four minutes.
            assert_eq!(code(room.read(dripping(256, 8 << 10, second), &none, 4 << 20).await), format!("{} bytes", 2 << 20));
            assert_eq!(code(room.read(dripping(2, 10, 15 * second), &none, 1 << 20).await), "408 too-slow");
        });
    }

    #[test]
    fn too_large_is_refused_when_it_is_said_or_seen() {
        reader().block_on(async {
            let room = Room::default();
            let mut announced = HeaderMap::new();
            announced.insert(header::CONTENT_LENGTH, "100000000".parse().expect("a number"));
            let never = dripping(1, 1, Duration::from_secs(1_000_000));
            assert_eq!(code(room.read(never, &announced, 1 << 20).await), "413 too-large");
            let pieces = dripping(1 << 20, 4 << 10, Duration::ZERO);
            assert_eq!(code(room.read(pieces, &HeaderMap::new(), 1 << 20).await), "413 too-large");
            assert_eq!(code(room.read(dripping(1, 64 << 10, Duration::ZERO), &HeaderMap::new(), 0).await), "65536 bytes");
        });
    }

    #[test]
    fn large_bodies_have_room_for_so_many() {
        reader().block_on(async {
            let of = |n| Arc::new(Semaphore::new(n));
            let room = Room { memory: of(100), disk: of(1), turns: OnceLock::new() };
            let none = HeaderMap::new();
            let body = |size| dripping(1, size, Duration::ZERO);
            let kept = room.read(body(160 << 10), &none, 1 << 20).await.expect("there is room");
            assert_eq!(code(room.read(body(80 << 10), &none, 1 << 20).await), "503 busy");
            assert_eq!(code(room.read(body(64 << 10), &none, 1 << 20).await), "65536 bytes", "the small always come in");
            drop(kept);
            assert_eq!(code(room.read(body(80 << 10), &none, 1 << 20).await), "81920 bytes");
        });
    }
}
