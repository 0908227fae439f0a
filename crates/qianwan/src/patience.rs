//! How long a connection may keep us waiting, and how many there may be: a client that dawdles loses its seat, and
//! everybody else is served meanwhile.
//!
//! | what | how long |
//! |---|---|
//! | TLS handshake | 10 s |
//! | the head of a request, and a connection between two requests | 20 s |
//! | nothing said in either direction | 60 s |
//! | a client that does not take what it asked for | 30 s in all, and a second more for every 4 KB that it takes |
//! | the body of a request | `server::bodies` |
//!
//! There are [`SEATS`] connections, and [`SEATS_EACH`] for one address, unless that address is a proxy.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum_server::accept::Accept;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};

/// Connections at a time: beyond them a new one is closed at once.
pub const SEATS: usize = 2_000;
/// Connections from one address. A village's phones often share one.
pub const SEATS_EACH: usize = 256;

/// Head of a request.
pub const HEAD: Duration = Duration::from_secs(20);
/// Nothing said.
const SILENCE: Duration = Duration::from_secs(60);
/// Waiting for a client to take what it asked for.
const TAKING: Duration = Duration::from_secs(30);
/// Bytes taken that earn another second.
const TAKEN_PER_SECOND: u32 = 4 << 10;
/// So many bytes tell HTTP/1 from HTTP/2; nothing is decided before, and so nobody else watches the time.
const PREFACE: usize = 24;

/// Who is connected.
#[derive(Default)]
struct Taken {
    all: usize,
    each: HashMap<IpAddr, usize>,
}

/// The seats.
#[derive(Clone)]
pub struct Seats {
    taken: Arc<Mutex<Taken>>,
    each: usize,
}

impl Seats {
    /// For clients of their own address, or for a proxy that comes with everybody's requests.
    pub fn new(behind_proxy: bool) -> Seats {
        Seats { taken: Arc::default(), each: if behind_proxy { SEATS } else { SEATS_EACH } }
    }

    fn take(&self, client: IpAddr) -> Option<Seat> {
        let mut taken = self.taken.lock().ok()?;
        let own = taken.each.get(&client).copied().unwrap_or_default();
        if taken.all >= SEATS || own >= self.each {
            return None;
        }
        taken.all += 1;
        taken.each.insert(client, own + 1);
        Some(Seat { seats: self.clone(), client })
    }
}

/// One of them, until it is dropped.
struct Seat {
    seats: Seats,
    client: IpAddr,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Ok(mut taken) = self.seats.taken.lock() else { return };
        taken.all -= 1;
        if let Some(own) = taken.each.get_mut(&self.client) {
            *own -= 1;
            if *own == 0 {
                taken.each.remove(&self.client);
            }
        }
    }
}

/// Accepts connections as another does, where there is a seat.
#[derive(Clone)]
pub struct Patient<A> {
    inner: A,
    seats: Seats,
}

impl<A> Patient<A> {
    /// Around another.
    pub fn new(inner: A, seats: Seats) -> Patient<A> {
        Patient { inner, seats }
    }
}

type Accepted<I, S> = Pin<Box<dyn Future<Output = io::Result<(Timed<I>, S)>> + Send>>;

impl<A, S> Accept<TcpStream, S> for Patient<A>
where
    A: Accept<TcpStream, S>,
    A::Future: Send + 'static,
    A::Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A::Service: Send + 'static,
{
    type Stream = Timed<A::Stream>;
    type Service = A::Service;
    type Future = Accepted<A::Stream, A::Service>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let seat = stream.peer_addr().ok().map(|peer: SocketAddr| peer.ip().to_canonical()).and_then(|ip| self.seats.take(ip));
        let Some(seat) = seat else {
            return Box::pin(std::future::ready(Err(io::Error::other("no seat"))));
        };
        // Answers leave in whole pieces; there is nothing to wait for.
        let _ = stream.set_nodelay(true);
        let accepted = self.inner.accept(stream, service);
        Box::pin(async move {
            let (stream, service) = accepted.await?;
            Ok((Timed::new(stream, Some(seat)), service))
        })
    }
}

/// A stream that ends when the other side keeps it waiting.
pub struct Timed<I> {
    stream: I,
    read: usize,
    silence: Pin<Box<Sleep>>,
    /// While the other side takes nothing: since when, and when that has been long enough.
    stalled: Option<(Instant, Pin<Box<Sleep>>)>,
    taking: Duration,
    _seat: Option<Seat>,
}

impl<I> Timed<I> {
    fn new(stream: I, seat: Option<Seat>) -> Timed<I> {
        Timed {
            stream,
            read: 0,
            silence: Box::pin(sleep_until(Instant::now() + HEAD)),
            stalled: None,
            taking: TAKING,
            _seat: seat,
        }
    }

    fn heard(&mut self) {
        if self.read >= PREFACE {
            self.silence.as_mut().reset(Instant::now() + SILENCE);
        }
    }

    /// What became of writing: time that it waited is gone, bytes that were taken bring some back.
    fn wrote(&mut self, cx: &mut Context<'_>, done: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match done {
            Poll::Pending => {
                let (_, enough) = self.stalled.get_or_insert_with(|| {
                    let now = Instant::now();
                    (now, Box::pin(sleep_until(now + self.taking)))
                });
                ready!(enough.as_mut().poll(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            Poll::Ready(Ok(bytes)) => {
                if let Some((since, _)) = self.stalled.take() {
                    self.taking = self.taking.saturating_sub(since.elapsed());
                }
                let earned = Duration::from_secs(1) * u32::try_from(bytes).unwrap_or(u32::MAX) / TAKEN_PER_SECOND;
                self.taking = (self.taking + earned).min(TAKING);
                self.heard();
                Poll::Ready(Ok(bytes))
            }
            failed @ Poll::Ready(Err(_)) => failed,
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Timed<I> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        match Pin::new(&mut this.stream).poll_read(cx, buf) {
            Poll::Pending => {
                ready!(this.silence.as_mut().poll(cx));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            done => {
                this.read += buf.filled().len() - before;
                this.heard();
                done
            }
        }
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Timed<I> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let done = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.wrote(cx, done)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let done = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.wrote(cx, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let done = Pin::new(&mut this.stream).poll_flush(cx).map_ok(|()| 0);
        this.wrote(cx, done).map_ok(|_| ())
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let done = Pin::new(&mut this.stream).poll_shutdown(cx).map_ok(|()| 0);
        this.wrote(cx, done).map_ok(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn paused(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime").block_on(test);
    }

    #[test]
    fn silence_ends() {
        paused(async {
            let (mut client, server) = tokio::io::duplex(1024);
            let mut server = Timed::new(server, None);
            let began = Instant::now();
            // The first bytes, one by one: nobody knows yet what is spoken.
            let dripping = tokio::spawn(async move {
                loop {
                    tokio::time::sleep(Duration::from_secs(5)).await;
                    if client.write_all(b"P").await.is_err() {
                        return;
                    }
                }
            });
            let ended = loop {
                match server.read_u8().await {
                    Ok(_) => {}
                    Err(e) => break e,
                }
            };
            assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
            assert!(began.elapsed() <= HEAD + Duration::from_secs(1), "{:?}", began.elapsed());
            drop(server);
            dripping.await.expect("it ends");

            let (mut client, server) = tokio::io::duplex(1024);
            let mut server = Timed::new(server, None);
            client.write_all(&[b'x'; PREFACE]).await.expect("written");
            let began = Instant::now();
            let mut all = Vec::new();
            assert_eq!(server.read_to_end(&mut all).await.expect_err("too long").kind(), io::ErrorKind::TimedOut);
            assert_eq!((all.len(), began.elapsed().as_secs()), (PREFACE, SILENCE.as_secs()));
        });
    }

    #[test]
    fn who_takes_nothing_is_left() {
        for (each, pause) in [(0, 1), (1, 1), (100, 1)] {
            paused(async move {
                let (mut client, server) = tokio::io::duplex(1024);
                let mut server = Timed::new(server, None);
                let began = Instant::now();
                let taking = tokio::spawn(async move {
                    let mut some = vec![0; each];
                    loop {
                        tokio::time::sleep(Duration::from_secs(pause)).await;
                        if client.read_exact(&mut some).await.is_err() {
                            return;
                        }
                    }
                });
                let ended = server.write_all(&vec![b'x'; 1 << 20]).await.expect_err("too slow");
                assert_eq!(ended.kind(), io::ErrorKind::TimedOut, "{each}");
                assert!(began.elapsed() < TAKING + Duration::from_secs(5), "{each}: {:?}", began.elapsed());
                taking.abort();
            });
        }
        // Slow, but it comes to its end.
        paused(async {
            let (mut client, server) = tokio::io::duplex(1024);
            let mut server = Timed::new(server, None);
            let taking = tokio::spawn(async move {
                let mut some = vec![0; 1024];
                for _ in 0..1024 {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    client.read_exact(&mut some).await.expect("it comes");
                }
            });
            server.write_all(&vec![b'x'; 1 << 20]).await.expect("taken in the end");
            taking.await.expect("all of it");
        });
    }

    #[test]
    fn seats_are_counted_and_given_back() {
        let seats = Seats::new(false);
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let mut kept: Vec<Seat> = (0..SEATS_EACH).map(|_| seats.take(one).expect("a seat")).collect();
        assert!(seats.take(one).is_none());
        assert!(seats.take(other).is_some(), "others are not kept out");
        kept.pop();
        assert!(seats.take(one).is_some());
        drop(kept);
        assert_eq!(seats.taken.lock().expect("whole").all, 0);
        assert!(seats.taken.lock().expect("whole").each.is_empty());
        let proxied = Seats::new(true);
        let all: Vec<Seat> = (0..SEATS).map(|_| proxied.take(one).expect("a seat")).collect();
        assert!(proxied.take(other).is_none());
        drop(all);
        assert!(proxied.take(other).is_some());
    }
}
