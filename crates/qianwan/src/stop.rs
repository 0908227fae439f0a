//! Ending in good order, and telling the service manager how things stand.
//!
//! The first SIGTERM or SIGINT: no new connections, requests under way end within the limit, the writer empties its queue, the
//! write-ahead log comes home, exit 0. The second one: at once; what was acknowledged is on the disk in any case.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use sd_notify::NotifyState;
use store::Store;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};

/// How the process ends on a second signal: as the shell says of one that was interrupted.
const AT_ONCE: i32 = 130;

/// The first of the signals, to be waited for.
pub struct Stop(oneshot::Receiver<()>);

impl Stop {
    /// Listens for signals from now on, on a thread of its own: a second one must get through whatever the first one waits for.
    pub fn listen() -> Result<Stop> {
        let (asked, wait) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (mut terminate, mut interrupt) = {
            let _in_runtime = runtime.enter();
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
        };
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            runtime.block_on(async {
                if !one(&mut terminate, &mut interrupt).await {
                    return;
                }
                let _ = asked.send(());
                if one(&mut terminate, &mut interrupt).await {
                    tracing::warn!("asked twice: ending at once");
                    std::process::exit(AT_ONCE);
                }
            });
        })?;
        Ok(Stop(wait))
    }

    /// Whether it has come.
    pub fn asked(&mut self) -> bool {
        self.0.try_recv().is_ok()
    }

    /// Waits for it, then stops listening and lets requests end within the limit.
    pub async fn then_shut(self, handle: axum_server::Handle<SocketAddr>, limit: Duration) {
        if self.0.await.is_ok() {
            tracing::info!(limit_s = limit.as_secs(), open = handle.connection_count(), "stopping");
            say(&[NotifyState::Stopping]);
            handle.graceful_shutdown(Some(limit));
        }
    }
}

async fn one(terminate: &mut Signal, interrupt: &mut Signal) -> bool {
    tokio::select! { got = terminate.recv() => got, got = interrupt.recv() => got }.is_some()
}

/// Lets go of the store: its writer ends what waits, and the last connection brings the write-ahead log home.
pub fn close(store: Arc<Store>, limit: Duration) {
    let begun = Instant::now();
    // A request that was cut off by the limit may still be reading.
    while Arc::strong_count(&store) > 1 && begun.elapsed() < limit {
        std::thread::sleep(Duration::from_millis(5));
    }
    match Arc::into_inner(store) {
        Some(store) => {
            drop(store);
            tracing::info!("stopped");
        }
        None => tracing::warn!("stopped while something was still being read; everything acknowledged is on the disk"),
    }
}

/// Raises what this process may have open to what it is allowed: each connection and each reader of the database is a file.
pub fn raise_open_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let now = getrlimit(Resource::Nofile);
    if let Err(e) = setrlimit(Resource::Nofile, Rlimit { current: now.maximum, maximum: now.maximum }) {
        tracing::debug!(error = %e, "open files");
    }
}

/// Says that requests are answered.
pub fn ready(bound: SocketAddr) {
    say(&[NotifyState::Ready, NotifyState::Status(&format!("listening on {bound}"))]);
}

/// Says again and again that the store answers, where the service manager wants to hear it. A store that hangs says
/// nothing and is restarted; one that fails is not, for starting again mends no disk.
pub async fn watchdog(store: Arc<Store>) {
    let Some(period) = sd_notify::watchdog_enabled().map(|p| p / 3).filter(|p| !p.is_zero()) else { return };
    loop {
        let store = store.clone();
        if tokio::task::spawn_blocking(move || drop(store.setting("installation"))).await.is_ok() {
            say(&[NotifyState::Watchdog]);
        }
        tokio::time::sleep(period).await;
    }
}

/// Nothing where no service manager listens.
fn say(state: &[NotifyState]) {
    if let Err(e) = sd_notify::notify(state) {
        tracing::debug!(error = %e, "service manager");
    }
}
