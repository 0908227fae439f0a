//! `qianwan serve` and `qianwan demo`.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail};
use clap::Args;
use domain::{
    ViewId,
    basics::{Day, Role},
};
use serde_json::json;
use server::{
    App, Settings,
    wording::{Language, both, text},
};
use store::{Condition, LinkPurpose, Scope, Store};

use crate::{Data, End, control::Control, data, tls};

/// Production: TLS, first administrator by a one-time link, no default account.
#[derive(Args)]
pub struct Serve {
    #[command(flatten)]
    data: Data,
    /// Address to listen on
    #[arg(long, env = "QIANWAN_LISTEN", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Name of the installation, shown on every page
    #[arg(long, env = "QIANWAN_NAME")]
    name: Option<String>,
    /// Host names in the certificate; may be given several times
    #[arg(long, env = "QIANWAN_HOST", value_delimiter = ',')]
    host: Vec<String>,
    /// Certificate chain (PEM); without it an own authority signs one
    #[arg(long, env = "QIANWAN_TLS_CERT", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Key of the certificate (PEM)
    #[arg(long, env = "QIANWAN_TLS_KEY", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Plain HTTP: a proxy in front does TLS and sets X-Forwarded-For
    #[arg(long, env = "QIANWAN_BEHIND_PROXY")]
    behind_proxy: bool,
    /// Plain HTTP, on loopback only
    #[arg(long, env = "QIANWAN_PLAIN")]
    plain: bool,
    /// Logs as JSON lines
    #[arg(long, env = "QIANWAN_LOG_JSON")]
    log_json: bool,
}

/// The fictitious county.
#[derive(Args)]
pub struct Demo {
    #[command(flatten)]
    data: Data,
    /// Address to listen on; loopback, because the passwords are printed
    #[arg(long, env = "QIANWAN_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Seed of the simulation
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Years that are simulated
    #[arg(long, default_value_t = 3)]
    years: u32,
    /// Also print address and accounts as one JSON line
    #[arg(long)]
    json: bool,
}

/// The password of every demo account. It opens made-up data on this machine only.
const DEMO_PASSWORD: &str = "qingxi-demo";
/// People of the county whose sign-in is shown; a township and a village with work to do come on top.
/// Of the heads the one who has taken over a town and has not signed for it yet.
const SHOWN: [&str; 9] = ["office", "head", "water", "inspector", "viewer", "admin", "security", "audit", "h07b"];

fn log(json: bool) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("QIANWAN_LOG").unwrap_or_else(|_| "info".into());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    let _ = if json { builder.json().try_init() } else { builder.try_init() };
}

impl Serve {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        log(self.log_json);
        if self.plain && !self.listen.ip().is_loopback() && !self.behind_proxy {
            bail!(both("cli.plain_loopback", &[]));
        }
        let store = self.data.open()?;
        let tls = !self.plain && !self.behind_proxy;
        let secure = tls || self.behind_proxy;
        let hosts = tls::hosts(&self.host, self.listen.ip());
        let first_admin = match store.accounts().count()? {
            0 => Some(store.accounts().make_link(LinkPurpose::FirstAdmin, None, data::now_ms() + 24 * 3_600_000)?),
            _ => None,
        };
        let first_host = hosts.first().cloned().unwrap_or_else(|| "localhost".to_owned());
        let settings = Settings {
            installation: self.name.clone().unwrap_or_else(|| text(Language::Chinese, "cli.installation")),
            demo: false,
            secure_cookies: secure,
            behind_proxy: self.behind_proxy,
            now_ms: None,
            demo_sign_ins: Vec::new(),
        };
        let given = self.tls_cert.clone().zip(self.tls_key.clone());
        let dir = self.data.data.clone();
        listen(store, settings, self.listen, tls.then_some((dir, given, hosts)), &mut |address| {
            if let Some(token) = &first_admin {
                let scheme = if secure { "https" } else { "http" };
                eprintln!("{}", both("cli.first_admin", &[]));
                println!("{scheme}://{first_host}:{}/welcome?token={token}", address.port());
            }
            let scheme = if tls { "https" } else { "http" };
            eprintln!("{scheme}://{address}/");
            if tls && self.tls_cert.is_none() {
                let root = self.data.data.join("tls/root.pem").display().to_string();
                eprintln!("{}", both("cli.root_certificate", &[("file", root)]));
            }
        })
    }
}

impl Demo {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        log(false);
        if !self.listen.ip().is_loopback() {
            bail!(both("cli.demo_loopback", &[]));
        }
        let store = self.data.open()?;
        let people = self.fill(&store)?;
        let settings = Settings {
            installation: text(Language::Chinese, "cli.demo_county"),
            demo: true,
            secure_cookies: false,
            behind_proxy: false,
            now_ms: None,
            demo_sign_ins: people
                .iter()
                .map(|(name, display)| (name.clone(), display.clone(), DEMO_PASSWORD.to_owned()))
                .collect(),
        };
        let json_line = self.json;
        listen(store, settings, self.listen, None, &mut |address| {
            eprintln!("{}", both("cli.demo_banner", &[]));
            eprintln!();
            eprintln!("  http://{address}/          {}", both("cli.public_pages", &[]));
            eprintln!("  http://{address}/console/  {}", both("cli.console", &[]));
            eprintln!("  http://{address}/field/    {}", both("cli.field", &[]));
            eprintln!();
            for (name, display) in &people {
                eprintln!("  {name:<12} {DEMO_PASSWORD:<14} {display}");
            }
            if json_line {
                let accounts: Vec<_> = people
                    .iter()
                    .map(|(name, display)| json!({ "name": name, "password": DEMO_PASSWORD, "display": display }))
                    .collect();
                println!("{}", json!({ "listening": format!("http://{address}"), "accounts": accounts }));
            } else {
                println!("http://{address}/");
            }
        })
    }

    /// Simulates the county once; afterwards it is there.
    fn fill(&self, store: &Arc<Store>) -> Result<Vec<(String, String)>> {
        if let Some(kept) = store.setting("demo.people")? {
            return Ok(serde_json::from_str(&kept)?);
        }
        if store.accounts().count()? > 0 || store.positions().facts() > 0 {
            bail!(both("cli.demo_other_data", &[("dir", self.data.data.display().to_string())]));
        }
        eprintln!("{}", both("cli.demo_simulating", &[]));
        let options = demo::Options { seed: self.seed, today: Day::of_ms(data::now_ms()), years: self.years };
        let bar = data::bar(1, "simulation");
        let filled = demo::fill(store, &options, DEMO_PASSWORD, &mut |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        })?;
        bar.finish_and_clear();
        let named = SHOWN.iter().filter_map(|name| filled.people.iter().find(|p| p.name == *name));
        let mut shown: Vec<&demo::Person> = named.collect();
        for (at, role) in [(3, Role::Township), (4, Role::Village)] {
            shown.extend(busiest(store, &filled.people, role)?);
            let to = at.min(shown.len() - 1);
            shown[to..].rotate_right(1);
        }
        let people: Vec<(String, String)> = shown.iter().map(|p| (p.name.clone(), p.display.clone())).collect();
        let receipts: Vec<_> = filled.receipts.iter().map(|(id, receipt)| json!({ "problem": id, "receipt": receipt })).collect();
        store.set_setting("demo.receipts", &json!(receipts).to_string())?;
        store.set_setting("demo", "1")?;
        store.set_setting("demo.people", &serde_json::to_string(&people)?)?;
        Ok(people)
    }
}

/// Whoever of a role has most to do: a demonstration with an empty desk shows nothing.
fn busiest<'p>(store: &Store, people: &'p [demo::Person], role: Role) -> Result<Option<&'p demo::Person>> {
    let assigned = |person: &demo::Person| -> Result<u64> {
        let conditions = [
            Condition::OneOf("post_place".into(), vec![person.place.into()]),
            Condition::OneOf("post_role".into(), vec![role.word().into()]),
            Condition::OneOf("state".into(), vec!["assigned".into()]),
        ];
        Ok(store.count(ViewId::Problems, &Scope::All, &conditions)?.count)
    };
    let mut best = None;
    for person in people.iter().filter(|p| p.role == role) {
        let work = assigned(person)?;
        if best.is_none_or(|(most, _)| work > most) {
            best = Some((work, person));
        }
    }
    Ok(best.map(|(_, person)| person))
}

type Tls = (PathBuf, Option<(PathBuf, PathBuf)>, Vec<String>);

fn listen(
    store: Arc<Store>,
    settings: Settings,
    address: SocketAddr,
    tls: Option<Tls>,
    ready: &mut dyn FnMut(SocketAddr),
) -> Result<End> {
    let key = data::signer(store.dir())?;
    let app = App::new(store.clone(), settings);
    // Without it everything else works: the address of a socket may be a hundred bytes long, and not every disk has them.
    let _control =
        Control::listen(&store).inspect_err(|e| tracing::warn!(error = %e, "{}", both("cli.control_missing", &[]))).ok();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(600).build()?;
    let socket = std::net::TcpListener::bind(address).with_context(|| format!("{address}"))?;
    socket.set_nonblocking(true)?;
    let bound = socket.local_addr()?;
    let served = runtime.block_on(async {
        let service = server::service(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let handle = axum_server::Handle::new();
        let stopper = handle.clone();
        tokio::spawn(async move {
            stop_asked().await;
            stopper.graceful_shutdown(Some(Duration::from_secs(10)));
        });
        let clocks = tokio::task::spawn_blocking({
            let (app, store, key) = (app.clone(), store.clone(), key);
            move || {
                let name = data::installation(&key);
                match server::run_clocks(&app) {
                    Ok(0) => {}
                    Ok(n) => tracing::info!(problems = n, "escalated"),
                    Err(e) => tracing::error!(error = %e, "clocks"),
                }
                if let Err(e) = store.make_checkpoints(&name, &key, data::now_ms()) {
                    tracing::error!(error = %e, "checkpoints");
                }
            }
        });
        let daily = tokio::spawn(repeat_clocks(app.clone(), store.clone()));
        ready(bound);
        let result = match tls {
            None => axum_server::from_tcp(socket)?.handle(handle).serve(service).await,
            Some((dir, given, hosts)) => {
                let config = tls::config(&dir, given, &hosts).await?;
                axum_server::from_tcp_rustls(socket, config)?.handle(handle).serve(service).await
            }
        };
        daily.abort();
        let _ = clocks.await;
        result.context("serving")
    });
    runtime.shutdown_timeout(Duration::from_secs(10));
    drop(app);
    served.map(|()| End::Success)
}

/// Clocks and checkpoints every hour; what is done already costs nothing.
async fn repeat_clocks(app: Arc<App>, store: Arc<Store>) {
    loop {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        let (app, store) = (app.clone(), store.clone());
        let done = tokio::task::spawn_blocking(move || -> Result<()> {
            let escalated = server::run_clocks(&app)?;
            let key = data::signer(store.dir())?;
            let day = Day::of_ms(data::now_ms()).to_string();
            if store.setting("checkpoints.day")?.as_deref() != Some(day.as_str()) {
                store.make_checkpoints(&data::installation(&key), &key, data::now_ms())?;
                store.set_setting("checkpoints.day", &day)?;
            }
            if escalated > 0 {
                tracing::info!(problems = escalated, "escalated");
            }
            Ok(())
        })
        .await;
        match done {
            Ok(Ok(())) => {}
            Ok(Err(e)) => tracing::error!(error = %e, "clocks"),
            Err(e) => tracing::error!(error = %e, "clocks"),
        }
    }
}

async fn stop_asked() {
    let interrupt = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! { () = interrupt => {}, () = terminate => {} }
}
