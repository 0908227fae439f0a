//! `qianwan serve` and `qianwan demo`.

use std::{
    io::IsTerminal,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use domain::{
    ViewId,
    basics::{Day, Role},
};
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto::Builder,
};
use serde_json::json;
use server::{
    App, Settings,
    access::Access,
    oidc,
    syslog::Address,
    wording::{Language, both, text},
};
use store::{Condition, LinkPurpose, Scope, Store};

use crate::{
    Data, End, checkpoint,
    control::Control,
    data,
    patience::{HEAD, Patient, Seats},
    stop::{self, Stop},
    tls,
};

/// Production: TLS, first administrator by a one-time link, no default account.
#[derive(Args)]
pub struct Serve {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Address to listen on
    #[arg(long, env = "QIANWAN_LISTEN", default_value = "127.0.0.1:8443")]
    pub(crate) listen: SocketAddr,
    /// Name of the installation, shown on every page
    #[arg(long, env = "QIANWAN_NAME")]
    name: Option<String>,
    /// Host names in the certificate; may be given several times
    #[arg(long, env = "QIANWAN_HOST", value_delimiter = ',')]
    pub(crate) host: Vec<String>,
    /// Certificate chain (PEM); without it an own authority signs one
    #[arg(long, env = "QIANWAN_TLS_CERT")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Key of the certificate (PEM)
    #[arg(long, env = "QIANWAN_TLS_KEY")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Plain HTTP: a proxy in front does TLS and sets X-Forwarded-For
    #[arg(long, env = "QIANWAN_BEHIND_PROXY")]
    pub(crate) behind_proxy: bool,
    /// Plain HTTP, on loopback only
    #[arg(long, env = "QIANWAN_PLAIN")]
    pub(crate) plain: bool,
    #[command(flatten)]
    outside: Outside,
    /// Logs as JSON lines
    #[arg(long, env = "QIANWAN_LOG_JSON")]
    pub(crate) log_json: bool,
    /// What is logged: error warn info debug trace, or by module as tracing writes it
    #[arg(long, env = "QIANWAN_LOG", default_value = "info", value_parser = log_filter)]
    log: String,
    /// Seconds that requests under way may take to end after a stop is asked for
    #[arg(long, env = "QIANWAN_STOP_SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=600))]
    stop_seconds: u64,
    /// Roles that must have a second factor; none: `--second-factor-for ''`
    #[arg(long, env = "QIANWAN_SECOND_FACTOR_FOR", value_delimiter = ',', default_value = "admin,security,audit")]
    second_factor_for: Vec<String>,
    /// Minutes without a request after which a session ends
    #[arg(long, env = "QIANWAN_IDLE_MINUTES", default_value_t = 720, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    idle_minutes: i64,
    /// The same for administrators
    #[arg(long, env = "QIANWAN_ADMIN_IDLE_MINUTES", default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    admin_idle_minutes: i64,
    #[command(flatten)]
    provider: Provider,
}

/// Whose identities open accounts besides passwords.
#[derive(Args)]
struct Provider {
    /// Address of the identity provider (OpenID Connect), exactly as it calls itself
    #[arg(long, env = "QIANWAN_OIDC_ISSUER")]
    oidc_issuer: Option<String>,
    /// What the provider calls this installation (client id)
    #[arg(long, env = "QIANWAN_OIDC_CLIENT")]
    oidc_client: Option<String>,
    /// File with the client secret on its first line; none for a public client
    #[arg(long, env = "QIANWAN_OIDC_SECRET_FILE")]
    oidc_secret_file: Option<PathBuf>,
    /// What people call the provider, for the button on the sign-in page
    #[arg(long, env = "QIANWAN_OIDC_NAME")]
    oidc_name: Option<String>,
    /// Authority that signs the provider's certificate (PEM), where browsers do not know it
    #[arg(long, env = "QIANWAN_OIDC_CA")]
    oidc_ca: Option<PathBuf>,
    /// Signing in at the provider also stands for the second factor; else an account that has one is still asked for its code
    #[arg(long, env = "QIANWAN_OIDC_SECOND_FACTOR")]
    oidc_second_factor: bool,
}

impl Provider {
    fn settings(&self) -> Result<Option<oidc::Settings>> {
        let Some(issuer) = &self.oidc_issuer else { return Ok(None) };
        let read = |path: &PathBuf| std::fs::read(path).with_context(|| path.display().to_string());
        Ok(Some(oidc::Settings {
            issuer: issuer.clone(),
            client: self.oidc_client.clone().unwrap_or_default(),
            secret: self.oidc_secret_file.as_ref().map(|path| read(path).map(|bytes| secret_of(&bytes))).transpose()?,
            name: self.oidc_name.clone(),
            second_factor: self.oidc_second_factor,
            authority: self.oidc_ca.as_ref().map(read).transpose()?,
        }))
    }

    fn troubles(&self, found: &mut Vec<Trouble>) {
        let Some(issuer) = &self.oidc_issuer else {
            let alone = [
                ("oidc_client", self.oidc_client.is_some()),
                ("oidc_secret_file", self.oidc_secret_file.is_some()),
                ("oidc_name", self.oidc_name.is_some()),
                ("oidc_ca", self.oidc_ca.is_some()),
                ("oidc_second_factor", self.oidc_second_factor),
            ];
            let alone = alone.into_iter().filter(|(_, given)| *given);
            found.extend(alone.map(|(key, _)| (key, "config.oidc_alone", vec![("key", key.to_owned())])));
            return;
        };
        if !oidc::good_issuer(issuer) {
            found.push(("oidc_issuer", "config.issuer", Vec::new()));
        }
        if self.oidc_client.as_ref().is_none_or(|client| client.trim().is_empty()) {
            found.push(("oidc_client", "config.pair", vec![("key", "oidc_client".into()), ("with", "oidc_issuer".into())]));
        }
        let mut look = |key, path: &Option<PathBuf>, good: &dyn Fn(&[u8]) -> bool, words| {
            let Some(path) = path else { return };
            let file = ("file", path.display().to_string());
            match std::fs::read(path) {
                Err(e) => found.push((key, "config.no_such_file", vec![file, ("why", e.to_string())])),
                Ok(bytes) if !good(&bytes) => found.push((key, words, vec![file])),
                Ok(_) => {}
            }
        };
        look("oidc_secret_file", &self.oidc_secret_file, &|bytes| !secret_of(bytes).is_empty(), "config.secret_empty");
        look("oidc_ca", &self.oidc_ca, &|bytes| oidc::certificates(bytes).is_some(), "config.no_certificate");
    }
}

/// The first line of a file, without what editors leave behind it.
fn secret_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().trim().to_owned()
}

/// Where what must not stay on this machine alone is sent.
#[derive(Args, Default)]
struct Outside {
    /// Send the audit chain as syslog: udp://host:port, tcp://host:port or unix:/path
    #[arg(long, env = "QIANWAN_SYSLOG", value_parser = syslog_address)]
    syslog: Option<Address>,
    /// Write every signed checkpoint into this directory as well
    #[arg(long, env = "QIANWAN_CHECKPOINT_DIR")]
    checkpoint_dir: Option<PathBuf>,
}

fn syslog_address(text: &str) -> Result<Address, String> {
    text.parse().map_err(|_| both("cli.bad_syslog", &[("address", text.to_owned())]))
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

fn log_filter(words: &str) -> Result<String, String> {
    tracing_subscriber::EnvFilter::try_new(words).map(|_| words.to_owned()).map_err(|e| e.to_string())
}

fn log(json: bool, filter: &str) {
    let filter = tracing_subscriber::EnvFilter::try_new(filter).unwrap_or_else(|_| "info".into());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // Colours for people; a journal would keep them as letters.
    let builder = builder.with_ansi(std::io::stderr().is_terminal());
    let _ = if json { builder.json().try_init() } else { builder.try_init() };
}

impl Serve {
    fn access(&self) -> Result<Access> {
        let roles = self.second_factor_for.iter().map(|word| word.trim()).filter(|word| !word.is_empty());
        let role = |word: &str| Role::from_word(word).ok_or_else(|| anyhow!(both("cli.no_role", &[("role", word.to_owned())])));
        Ok(Access {
            second_factor_for: roles.map(role).collect::<Result<_>>()?,
            idle_ms: self.idle_minutes * 60_000,
            administrator_idle_ms: self.admin_idle_minutes * 60_000,
            ..Access::default()
        })
    }

    /// Runs it.
    pub fn run(self) -> Result<End> {
        log(self.log_json, &self.log);
        if let Some((key, words, args)) = self.troubles().into_iter().next() {
            bail!("{key}: {}", both(words, &args));
        }
        let store = self.data.open()?;
        store.look_at_clock(data::now_ms());
        self.data.same_directory(&store, &data::signer(store.dir())?)?;
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
            access: self.access()?,
            oidc: self.provider.settings()?,
        };
        let given = self.tls_cert.clone().zip(self.tls_key.clone());
        let dir = self.data.data.clone();
        let limit = Duration::from_secs(self.stop_seconds);
        listen(store, settings, self.listen, limit, tls.then_some((dir, given, hosts)), &self.outside, &mut |address| {
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

/// A setting, the words for what is wrong with it, and what they are filled with.
pub type Trouble = (&'static str, &'static str, Vec<(&'static str, String)>);

impl Serve {
    /// Settings that are each good and cannot work together or here. A new one is a line here.
    pub fn troubles(&self) -> Vec<Trouble> {
        let mut found: Vec<Trouble> = Vec::new();
        if self.plain && !self.listen.ip().is_loopback() && !self.behind_proxy {
            found.push(("listen", "cli.plain_loopback", Vec::new()));
        }
        match (&self.tls_cert, &self.tls_key) {
            (Some(_), None) => {
                found.push(("tls_key", "config.pair", vec![("key", "tls_key".into()), ("with", "tls_cert".into())]))
            }
            (None, Some(_)) => {
                found.push(("tls_cert", "config.pair", vec![("key", "tls_cert".into()), ("with", "tls_key".into())]))
            }
            (Some(certificate), Some(key)) => {
                for (name, path) in [("tls_cert", certificate), ("tls_key", key)] {
                    if let Err(e) = std::fs::File::open(path) {
                        let args = vec![("file", path.display().to_string()), ("why", e.to_string())];
                        found.push((name, "config.no_such_file", args));
                    }
                }
            }
            (None, None) => {}
        }
        self.provider.troubles(&mut found);
        if let Some(url) = &self.data.database
            && !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme))
        {
            found.push(("database", "config.database_url", Vec::new()));
        }
        if self.data.data.exists() && !self.data.data.is_dir() {
            found.push(("data", "config.not_a_folder", vec![("dir", self.data.data.display().to_string())]));
        }
        found
    }
}

impl Demo {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        log(false, &std::env::var("QIANWAN_LOG").unwrap_or_else(|_| "info".into()));
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
            access: Access::of_demo(),
            oidc: None,
        };
        let json_line = self.json;
        listen(store, settings, self.listen, Duration::from_secs(2), None, &Outside::default(), &mut |address| {
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
    limit: Duration,
    tls: Option<Tls>,
    outside: &Outside,
    ready: &mut dyn FnMut(SocketAddr),
) -> Result<End> {
    let stop = Stop::listen()?;
    stop::raise_open_files();
    let key = data::signer(store.dir())?;
    let seats = Seats::new(settings.behind_proxy);
    let app = App::new(store.clone(), settings);
    if let Err(e) = server::started(&app) {
        tracing::error!(error = %e, "audit chain");
    }
    let ending = Arc::new(AtomicBool::new(false));
    let sender = outside.syslog.clone().map(|address| {
        let (store, ending) = (store.clone(), ending.clone());
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        std::thread::spawn(move || server::syslog::send(&store, &address, host.trim(), &ending))
    });
    // Without it everything else works: the address of a socket may be a hundred bytes long, and not every disk has them.
    let control =
        Control::listen(&store).inspect_err(|e| tracing::warn!(error = %e, "{}", both("cli.control_missing", &[]))).ok();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(600).build()?;
    let socket = std::net::TcpListener::bind(address).with_context(|| format!("{address}"))?;
    socket.set_nonblocking(true)?;
    let bound = socket.local_addr()?;
    let served = runtime.block_on(async {
        let service = server::service(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let tls = match tls {
            Some((dir, given, hosts)) => Some(tls::config(&dir, given, &hosts).await?),
            None => None,
        };
        let handle = axum_server::Handle::new();
        tokio::spawn(stop.then_shut(handle.clone(), limit));
        let clocks = tokio::task::spawn_blocking({
            let (app, store, key, dir) = (app.clone(), store.clone(), key, outside.checkpoint_dir.clone());
            move || {
                match server::run_clocks(&app) {
                    Ok(0) => {}
                    Ok(n) => tracing::info!(problems = n, "escalated"),
                    Err(e) => tracing::error!(error = %e, "clocks"),
                }
                if let Err(e) = checkpoint::make(&app, &store, &key, dir.as_deref()) {
                    tracing::error!(error = %e, "checkpoints");
                }
            }
        });
        let daily = tokio::spawn(repeat_clocks(app.clone(), store.clone(), outside.checkpoint_dir.clone()));
        let counting = tokio::spawn(repeat_counts(app.clone()));
        let watchdog = tokio::spawn(stop::watchdog(store.clone()));
        ready(bound);
        stop::ready(bound);
        let result = match tls {
            None => {
                let mut server = axum_server::from_tcp(socket)?.map(|plain| Patient::new(plain, seats)).handle(handle);
                within_bounds(server.http_builder());
                server.serve(service).await
            }
            Some(config) => {
                let mut server = axum_server::from_tcp_rustls(socket, config)?.map(|tls| Patient::new(tls, seats)).handle(handle);
                within_bounds(server.http_builder());
                server.serve(service).await
            }
        };
        daily.abort();
        watchdog.abort();
        counting.abort();
        let _ = tokio::time::timeout(limit, clocks).await;
        result.context("serving")
    });
    runtime.shutdown_timeout(limit);
    if let Err(e) = server::stopped(&app) {
        tracing::error!(error = %e, "audit chain");
    }
    ending.store(true, Ordering::Relaxed);
    if let Some(sender) = sender {
        let _ = sender.join();
    }
    drop((app, control));
    stop::close(store, limit);
    served.map(|()| End::Success)
}

/// How much one client may ask for at a time, and how long it may take to say so.
fn within_bounds(http: &mut Builder<TokioExecutor>) {
    http.http1().timer(TokioTimer::new()).header_read_timeout(HEAD).max_headers(100).max_buf_size(64 << 10);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(64)
        .max_header_list_size(64 << 10)
        .max_pending_accept_reset_streams(20)
        .keep_alive_interval(HEAD)
        .keep_alive_timeout(HEAD);
}

/// Clocks and checkpoints every hour; what is done already costs nothing.
async fn repeat_clocks(app: Arc<App>, store: Arc<Store>, dir: Option<PathBuf>) {
    loop {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        let (app, store, dir) = (app.clone(), store.clone(), dir.clone());
        let done = tokio::task::spawn_blocking(move || -> Result<()> {
            let escalated = server::run_clocks(&app)?;
            let key = data::signer(store.dir())?;
            let day = Day::of_ms(data::now_ms()).to_string();
            if store.setting("checkpoints.day")?.as_deref() != Some(day.as_str()) {
                checkpoint::make(&app, &store, &key, dir.as_deref())?;
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

/// What was refused again and again is noted with its count when its minute is over.
async fn repeat_counts(app: Arc<App>) {
    loop {
        tokio::time::sleep(Duration::from_secs(20)).await;
        let app = app.clone();
        let _ = tokio::task::spawn_blocking(move || server::note_counts(&app, false)).await;
    }
}
