//! The audit chains as syslog (RFC 5424), to wherever else they are kept: over UDP, TCP (octet counting, RFC 6587) or a datagram
//! socket of the machine.
//!
//! The sender reads what the writer has written, and so keeps nobody waiting. How far it is stands in the settings; after an outage it
//! goes on from there. Over TCP that is moved on only half a minute after sending, if the connection still stands: nothing is lost,
//! and some of it may come twice. UDP tells nobody when something is lost on the way.

use std::{
    collections::{BTreeMap, VecDeque},
    io::Write,
    net::{TcpStream, ToSocketAddrs, UdpSocket},
    os::unix::net::UnixDatagram,
    path::PathBuf,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use domain::basics::Day;
use facts::{ChainName, Fact};
use store::Store;

/// `setting` that says how far the sender is: number by chain.
const CURSOR: &str = "syslog.cursor";
/// Facts sent at a time.
const BATCH: usize = 64;
/// Over TCP, what was sent so long ago has arrived if the connection still stands.
const ARRIVED: Duration = Duration::from_secs(30);
/// How often is looked whether there is something new.
const EVERY: Duration = Duration::from_millis(500);
/// After a failure it is tried again so much later.
const AGAIN: Duration = Duration::from_secs(5);
/// Log audit, the facility for this (RFC 5424, 6.2.1).
const FACILITY: u8 = 13;
const DAY_MS: i64 = 86_400_000;

/// Where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// `udp://host:port`.
    Udp(String),
    /// `tcp://host:port`.
    Tcp(String),
    /// `unix:/path`.
    Unix(PathBuf),
}

/// A text that is no such address.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not udp://host:port, tcp://host:port or unix:/path")]
pub struct NoAddress(String);

impl FromStr for Address {
    type Err = NoAddress;
    fn from_str(text: &str) -> Result<Self, NoAddress> {
        let no = || NoAddress(text.to_owned());
        let host = |rest: &str| {
            let (host, port) = rest.rsplit_once(':').ok_or_else(no)?;
            (!host.is_empty() && port.parse::<u16>().is_ok_and(|p| p > 0)).then(|| rest.to_owned()).ok_or_else(no)
        };
        match (text.strip_prefix("udp://"), text.strip_prefix("tcp://"), text.strip_prefix("unix:")) {
            (Some(rest), ..) => host(rest).map(Address::Udp),
            (_, Some(rest), _) => host(rest).map(Address::Tcp),
            (.., Some(path)) if path.starts_with('/') => Ok(Address::Unix(path.into())),
            _ => Err(no()),
        }
    }
}

/// Text as a parameter of structured data.
fn quoted(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        if matches!(c, '"' | '\\' | ']') {
            out.push('\\');
        }
        if !c.is_control() {
            out.push(c);
        }
        out
    })
}

/// `2026-11-23T09:00:00.000+08:00`.
pub fn moment(ms: i64) -> String {
    let of_day = (ms.saturating_add(8 * 3_600_000)).rem_euclid(DAY_MS);
    let (hours, minutes, rest) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day % 60_000);
    format!("{}T{hours:02}:{minutes:02}:{:02}.{:03}+08:00", Day::of_ms(ms), rest / 1000, rest % 1000)
}

/// A fact as a line of RFC 5424: envelope and plain fields as structured data, the body as the message, in UTF-8.
///
/// The number behind the at sign is the one kept for documents (RFC 5612); Qianwan has none of its own.
pub fn line(fact: &Fact, host: &str) -> String {
    let word = fact.kind.as_str().trim_start_matches("access.").split('@').next().unwrap_or_default();
    // Refusals are warnings, the rest is notices.
    let severity = if word.contains("refused") { 4 } else { 5 };
    let body: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&fact.body).unwrap_or_default();
    let mut data = format!(
        "chain=\"{}\" seq=\"{}\" actor=\"{}\" place=\"{}\" hash=\"{}\"",
        fact.chain,
        fact.seq,
        quoted(&fact.actor),
        fact.place,
        fact.hash
    );
    for (name, value) in &body {
        let text = match value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(n) => n.to_string(),
            _ => continue,
        };
        // A second parameter of one name would say two things: the mirrored fact has a number and a subject of its own.
        let name = if name == "seq" { "of_seq" } else { name };
        data.push_str(&format!(" {name}=\"{}\"", quoted(&text)));
    }
    let host: String = host.chars().filter(char::is_ascii_graphic).take(255).collect();
    let host = if host.is_empty() { "-".to_owned() } else { host };
    let (priority, at) = (FACILITY * 8 + severity, moment(fact.recorded_ms));
    format!("<{priority}>1 {at} {host} qianwan - {word} [qianwan@32473 {data}] \u{feff}{word} {}", fact.body)
}

enum Link {
    Udp(UdpSocket),
    Tcp(TcpStream),
    Unix(UnixDatagram),
}

impl Link {
    fn open(address: &Address) -> std::io::Result<Link> {
        let nobody = || std::io::Error::new(std::io::ErrorKind::NotFound, "the name has no address");
        match address {
            Address::Udp(to) => {
                let to = to.to_socket_addrs()?.next().ok_or_else(nobody)?;
                let own = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                let socket = UdpSocket::bind(own)?;
                socket.connect(to)?;
                Ok(Link::Udp(socket))
            }
            Address::Tcp(to) => {
                let to = to.to_socket_addrs()?.next().ok_or_else(nobody)?;
                let stream = TcpStream::connect_timeout(&to, AGAIN)?;
                stream.set_write_timeout(Some(AGAIN))?;
                Ok(Link::Tcp(stream))
            }
            Address::Unix(path) => {
                let socket = UnixDatagram::unbound()?;
                socket.connect(path)?;
                socket.set_write_timeout(Some(AGAIN))?;
                Ok(Link::Unix(socket))
            }
        }
    }

    fn send(&mut self, line: &str) -> std::io::Result<()> {
        match self {
            Link::Udp(socket) => socket.send(line.as_bytes()).map(drop),
            Link::Tcp(stream) => stream.write_all(format!("{} {line}", line.len()).as_bytes()),
            Link::Unix(socket) => socket.send(line.as_bytes()).map(drop),
        }
    }

    /// Whether the other end is known to be gone.
    fn check(&mut self) -> std::io::Result<()> {
        let gone = || std::io::Error::new(std::io::ErrorKind::ConnectionAborted, "the other end has closed");
        match self {
            // What comes back when nobody listens comes a little later.
            Link::Udp(socket) => {
                std::thread::sleep(Duration::from_millis(20));
                socket.take_error()?.map_or(Ok(()), Err)
            }
            Link::Tcp(stream) => {
                stream.set_nonblocking(true)?;
                let seen = stream.peek(&mut [0]);
                stream.set_nonblocking(false)?;
                match seen {
                    Ok(0) => Err(gone()),
                    Ok(_) => Ok(()),
                    Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => Ok(()),
                    Err(e) => Err(e),
                }
            }
            Link::Unix(socket) => socket.take_error()?.map_or(Ok(()), Err),
        }
    }

    /// Whether what was handed over has arrived, as far as anybody can know.
    fn is_told(&self) -> bool {
        !matches!(self, Link::Tcp(_))
    }
}

type Position = BTreeMap<String, u64>;

/// Sends until told to stop; on a thread of its own.
pub fn send(store: &Store, address: &Address, host: &str, stop: &Arc<AtomicBool>) {
    let (mut link, mut sent, mut waiting) = (None, Position::new(), VecDeque::new());
    while !stop.load(Ordering::Relaxed) {
        let pause = match step(store, address, host, &mut link, &mut sent, &mut waiting) {
            Ok(true) => Duration::ZERO,
            Ok(false) => EVERY,
            Err(e) => {
                if link.take().is_some() || waiting.is_empty() {
                    tracing::warn!(error = %e, "syslog");
                }
                waiting.clear();
                AGAIN
            }
        };
        let begun = Instant::now();
        while begun.elapsed() < pause && !stop.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

type Failed = Box<dyn std::error::Error>;

/// Sends a few facts; says whether there may be more.
fn step(
    store: &Store,
    address: &Address,
    host: &str,
    link: &mut Option<Link>,
    sent: &mut Position,
    waiting: &mut VecDeque<(Instant, Position)>,
) -> Result<bool, Failed> {
    let open = match link {
        Some(open) => open,
        None => {
            // From where it certainly was.
            *sent = store.setting(CURSOR)?.map(|text| serde_json::from_str(&text)).transpose()?.unwrap_or_default();
            link.insert(Link::open(address)?)
        }
    };
    open.check()?;
    let mut facts = Vec::new();
    for head in store.heads()?.into_iter().filter(|h| h.chain.name == ChainName::Audit) {
        let after = sent.get(&head.chain.to_string()).copied().unwrap_or(0);
        let room = BATCH - facts.len().min(BATCH);
        let up_to = head.size.min(after.saturating_add(room as u64));
        store.each_fact(head.chain, after, up_to, &mut |fact| {
            facts.push(fact.clone());
            Ok(())
        })?;
    }
    for fact in &facts {
        open.send(&line(fact, host))?;
    }
    if !facts.is_empty() {
        open.check()?;
        sent.extend(facts.iter().map(|f| (f.chain.to_string(), f.seq)));
        waiting.push_back((Instant::now(), sent.clone()));
    }
    let mut arrived = None;
    while waiting.front().is_some_and(|(at, _)| open.is_told() || at.elapsed() >= ARRIVED) {
        arrived = waiting.pop_front();
    }
    if let Some((_, position)) = arrived {
        store.set_setting(CURSOR, &serde_json::to_string(&position)?)?;
    }
    Ok(facts.len() >= BATCH)
}

#[cfg(test)]
mod tests {
    use facts::{ChainId, Draft, Head, Kind, Suite};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn addresses() {
        assert_eq!("udp://127.0.0.1:514".parse::<Address>().unwrap(), Address::Udp("127.0.0.1:514".into()));
        assert_eq!("tcp://[::1]:601".parse::<Address>().unwrap(), Address::Tcp("[::1]:601".into()));
        assert_eq!("unix:/dev/log".parse::<Address>().unwrap(), Address::Unix("/dev/log".into()));
        for bad in ["", "udp://", "udp://x", "tcp://x:0", "tcp://:5", "unix:relative", "http://x:1", "tls://x:1"] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_line_has_its_fields_and_nobody_breaks_out_of_them() {
        let mut head = Head::empty(ChainId { county: 330_523, name: ChainName::Audit }, Suite::Sha256);
        let fact = head.seal(Draft {
            command: Uuid::nil(),
            kind: Kind::from_static("access.sign_in_refused@1"),
            subject: "access:1".into(),
            place: 5,
            actor: "system".into(),
            effective_ms: 0,
            recorded_ms: 1_795_395_600_000,
            body: r#"{"account":null,"name":"陈\"] evil=\"1\nx","times":3}"#.into(),
        });
        let line = line(&fact, "host name");
        assert!(line.starts_with("<108>1 2026-11-23T09:00:00.000+08:00 hostname qianwan - sign_in_refused [qianwan@32473 chain=\"330523/audit\" seq=\"1\" "), "{line}");
        assert!(line.contains(r#" name="陈\"\] evil=\"1x" times="3"] "#), "{line}");
        assert!(!line.contains('\n') && line.contains("] \u{feff}sign_in_refused {"), "{line}");
    }
}
