//! The real binary on real sockets, over plain HTTP and TLS, among clients that mean harm: whoever dawdles is left within
//! the time that `patience.rs` states, whoever sends too much is refused early, and everybody else is served meanwhile.

use std::{
    fs,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, pem::PemObject},
};

/// Head of a request, plus a generous second for a machine with other things to do.
const HEAD: Duration = Duration::from_secs(20 + 8);
/// The longest that any dawdler below may keep his seat: a body of a few bytes, or an answer that nobody takes.
const LONGEST: Duration = Duration::from_secs(30 + 20);

struct Serving {
    child: Child,
    address: SocketAddr,
    root: Option<CertificateDer<'static>>,
    _dir: tempfile::TempDir,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(tls: bool) -> Serving {
    let dir = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_qianwan"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(dir.path());
    if !tls {
        command.arg("--plain");
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    // The one-time link names the port.
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("it says where it listens");
    let port = line.split(':').nth(2).and_then(|rest| rest.split('/').next()).and_then(|p| p.parse().ok());
    let port: u16 = port.unwrap_or_else(|| panic!("no port in {line:?}"));
    // Its authority is made after that.
    let begun = Instant::now();
    let root = tls.then(|| {
        loop {
            match CertificateDer::from_pem_file(dir.path().join("tls/root.pem")) {
                Ok(root) => return root,
                Err(e) => assert!(begun.elapsed() < Duration::from_secs(30), "the own authority: {e}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    Serving { child, address: ([127, 0, 0, 1], port).into(), root, _dir: dir }
}

trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

impl Serving {
    fn tcp(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(90))).expect("set");
        stream
    }

    /// A connection as this installation speaks.
    fn wire(&self, protocol: &[u8]) -> Box<dyn Wire> {
        let Some(root) = &self.root else { return Box::new(self.tcp()) };
        let mut roots = RootCertStore::empty();
        roots.add(root.clone()).expect("a certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let connection = ClientConnection::new(Arc::new(config), "localhost".try_into().expect("a name")).expect("a client");
        Box::new(StreamOwned::new(connection, self.tcp()))
    }

    /// A good client's question, and how long it took.
    fn healthy(&self) -> Duration {
        let began = Instant::now();
        let answer = self.ask(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        began.elapsed()
    }

    fn ask(&self, request: &[u8]) -> String {
        let mut wire = self.wire(b"http/1.1");
        wire.write_all(request).expect("sent");
        rest(&mut wire)
    }

    /// The most memory that it ever had, MB.
    fn memory_peak(&self) -> u64 {
        let status = fs::read_to_string(Path::new("/proc").join(self.child.id().to_string()).join("status")).expect("Linux");
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).expect("told");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1024
    }
}

/// Whatever still comes, to the end or until it breaks off.
fn rest(wire: &mut impl Read) -> String {
    let (mut all, mut some) = (Vec::new(), [0; 16 << 10]);
    loop {
        match wire.read(&mut some) {
            Ok(0) => break,
            Ok(n) => all.extend(&some[..n]),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}

/// Sends a beginning, then a piece each second; how long until the other side had enough, and what it said.
fn dawdle(mut wire: Box<dyn Wire>, beginning: Vec<u8>, piece: &'static [u8]) -> (Duration, bool) {
    let began = Instant::now();
    if wire.write_all(&beginning).and_then(|()| wire.flush()).is_err() {
        return (began.elapsed(), true);
    }
    while began.elapsed() < Duration::from_secs(85) {
        std::thread::sleep(Duration::from_secs(1));
        let sent = if piece.is_empty() { Ok(()) } else { wire.write_all(piece).and_then(|()| wire.flush()) };
        if sent.is_err() {
            return (began.elapsed(), true);
        }
        if piece.is_empty() {
            // Nothing to send: the end is seen by reading.
            let _ = rest(&mut wire);
            return (began.elapsed(), true);
        }
    }
    (began.elapsed(), false)
}

/// All at once, plain and TLS, so that the whole takes no longer than the most patient of our limits.
#[test]
fn slow_clients_lose_their_seat_and_others_are_served() {
    let post = "POST /api/session HTTP/1.1\r\nHost: localhost\r\nX-Qianwan: 1\r\nContent-Type: application/json\r\n";
    std::thread::scope(|scope| {
        for tls in [false, true] {
            scope.spawn(move || {
                let serving = serve(tls);
                let dawdlers: Vec<(&str, Duration, Vec<u8>, &'static [u8])> = vec![
                    ("says nothing", HEAD, Vec::new(), b""),
                    ("a head, letter by letter", HEAD, b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ".to_vec(), b"a"),
                    ("a head, line by line", HEAD, b"GET / HTTP/1.1\r\nHost: localhost\r\n".to_vec(), b"X-A: b\r\n"),
                    ("the beginning of HTTP/2, letter by letter", HEAD, b"PRI * H".to_vec(), b"T"),
                    ("a body, letter by letter", LONGEST, format!("{post}Content-Length: 1000000\r\n\r\n").into(), b" "),
                    ("a body in pieces", LONGEST, format!("{post}Transfer-Encoding: chunked\r\n\r\n").into(), b"1\r\n \r\n"),
                ];
                let running: Vec<_> = dawdlers
                    .into_iter()
                    // Several of each.
                    .flat_map(|d| std::iter::repeat_n(d, 5))
                    .map(|(what, most, beginning, piece)| {
                        let wire = serving.wire(b"http/1.1");
                        (what, most, std::thread::spawn(move || dawdle(wire, beginning, piece)))
                    })
                    .collect();
                // Who asks a hundred times and takes no answer.
                let mut deaf = serving.tcp();
                let asked = (!tls).then(|| {
                    std::thread::spawn(move || {
                        let began = Instant::now();
                        deaf.set_write_timeout(Some(Duration::from_secs(80))).expect("set");
                        let ask = b"GET /api/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1000);
                        let ended = deaf.write_all(&ask).and_then(|()| {
                            std::thread::sleep(Duration::from_secs(60));
                            deaf.write_all(b"GET / HTTP/1.1\r\n\r\n").and_then(|()| deaf.write_all(b"x"))
                        });
                        (began.elapsed(), ended.is_err())
                    })
                });
                // Meanwhile.
                for _ in 0..20 {
                    assert!(serving.healthy() < Duration::from_secs(5), "tls {tls}: a good client waits");
                    std::thread::sleep(Duration::from_millis(500));
                }
                for (what, most, running) in running {
                    let (took, left) = running.join().expect("a dawdler");
                    assert!(left && took < most, "tls {tls}, {what}: {took:?}");
                }
                if let Some(asked) = asked {
                    let (took, left) = asked.join().expect("a deaf one");
                    assert!(left, "who takes nothing is still there after {took:?}");
                }
                serving.healthy();
            });
        }
    });
}

/// A hundred megabytes, announced or not, are refused before they are kept: measured by the memory that was ever used.
#[test]
fn a_hundred_megabytes_are_not_kept() {
    let serving = serve(false);
    serving.healthy();
    let before = serving.memory_peak();
    let head = |length: &str| {
        format!(
            "POST /api/commands HTTP/1.1\r\nHost: localhost\r\nX-Qianwan: 1\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
        )
    };
    // Announced: refused without a byte of it.
    let began = Instant::now();
    let answer = serving.ask(head("Content-Length: 100000000").as_bytes());
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("/errors/too-large"), "{answer}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    // Sent all the same, by eight at a time, in pieces that nobody announced.
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut wire = serving.tcp();
                wire.set_write_timeout(Some(Duration::from_secs(30))).expect("set");
                let mut answers = wire.try_clone().expect("another end");
                let heard = std::thread::spawn(move || rest(&mut answers));
                let _ = wire.write_all(head("Transfer-Encoding: chunked").as_bytes());
                let piece = [b"100000\r\n".as_slice(), &[b'['; 1 << 20], b"\r\n"].concat();
                let sent = (0..100).take_while(|_| wire.write_all(&piece).is_ok()).count();
                assert!(sent < 100, "nobody took a hundred megabytes");
                let heard = heard.join().expect("heard");
                assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 413"), "{heard}");
            });
        }
    });
    let grew = serving.memory_peak() - before;
    assert!(grew < 60, "{grew} MB more than before");
    serving.healthy();
}

/// Requests that two servers might read differently are none.
#[test]
fn requests_that_are_two() {
    let serving = serve(false);
    let inner = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let post = "POST /api/session HTTP/1.1\r\nHost: localhost\r\nX-Qianwan: 1\r\nContent-Type: application/json\r\nConnection: close\r\n";
    let twofold = [
        ("two lengths", format!("{post}Content-Length: 2\r\nContent-Length: {}\r\n\r\n{{}}{inner}", inner.len())),
        ("two lengths in one", format!("{post}Content-Length: 2, 44\r\n\r\n{{}}{inner}")),
        ("a length with a sign", format!("{post}Content-Length: +2\r\n\r\n{{}}{inner}")),
        ("a length below nothing", format!("{post}Content-Length: -1\r\n\r\n{{}}{inner}")),
        ("a length of twenty digits", format!("{post}Content-Length: 99999999999999999999\r\n\r\n{{}}{inner}")),
        ("pieces under another name", format!("{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{inner}")),
        ("pieces that are packed last", format!("{post}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n{inner}")),
        ("a name with a blank", format!("{post}Content-Length : 2\r\n\r\n{{}}{inner}")),
        ("a folded line", format!("{post}X-A: b\r\n c\r\nContent-Length: 2\r\n\r\n{{}}{inner}")),
        ("a line ended by a carriage return", format!("{post}X-A: b\rContent-Length: 2\r\n\r\n{{}}{inner}")),
        ("a NUL", format!("{post}X-A: b\0\r\nContent-Length: 2\r\n\r\n{{}}{inner}")),
        ("three thousand heads", format!("GET / HTTP/1.1\r\n{}\r\n", "X-A: b\r\n".repeat(3000))),
        ("a head of a megabyte", format!("GET / HTTP/1.1\r\nX-A: {}\r\n\r\n", "b".repeat(1 << 20))),
        ("an address of a megabyte", format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "b".repeat(1 << 20))),
        ("no method", "\0\0\0\0 / HTTP/1.1\r\n\r\n".to_owned()),
        ("another version", "GET / HTTP/9.9\r\n\r\n".to_owned()),
    ];
    for (what, request) in twofold {
        let mut wire = serving.tcp();
        // What was refused half-way may not be taken to its end.
        let _ = wire.write_all(request.as_bytes());
        let answer = rest(&mut wire);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.0 4"), "{what}: {answer}");
        assert_eq!(answer.matches("HTTP/1.").count().max(1), 1, "{what}: one request, one answer: {answer}");
        assert!(!answer.to_ascii_lowercase().contains("\r\nserver:"), "{what}: {answer}");
    }
    // A length and pieces at once: the pieces count, the connection ends, and what follows is no request.
    let both = format!("{post}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}");
    let answer = serving.ask(both.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 4") && answer.matches("HTTP/1.1").count() == 1, "{answer}");
    // Several in a row on one connection are answered in their order.
    let row = format!(
        "{inner}GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    );
    let answer = serving.ask(row.as_bytes());
    let codes: Vec<&str> = answer.split("HTTP/1.1 ").skip(1).map(|a| &a[..3]).collect();
    assert_eq!(codes, ["200", "404", "200"], "{answer}");
    serving.healthy();
}

/// HTTP/2: streams that are opened and given up at once, by thousands, end the connection and nothing else.
#[test]
fn given_up_at_once() {
    for tls in [false, true] {
        let serving = serve(tls);
        serving.healthy();
        let before = serving.memory_peak();
        let frame = |kind: u8, flags: u8, stream: u32, body: &[u8]| -> Vec<u8> {
            let length = (body.len() as u32).to_be_bytes();
            [&length[1..], &[kind, flags], &stream.to_be_bytes(), body].concat()
        };
        let began = Instant::now();
        for _ in 0..5 {
            let mut wire = serving.wire(b"h2");
            let mut all = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
            all.extend(frame(4, 0, 0, &[]));
            // GET / by the static table; the authority as a literal.
            let head = [&[0x82, 0x84, if tls { 0x87 } else { 0x86 }, 0x41, 9][..], b"localhost"].concat();
            for n in 0..20_000_u32 {
                all.extend(frame(1, 5, n * 2 + 1, &head));
                all.extend(frame(3, 0, n * 2 + 1, &8_u32.to_be_bytes()));
            }
            let took = wire.write_all(&all).and_then(|()| wire.flush());
            let told = rest(&mut wire);
            assert!(took.is_err() || told.is_empty() || !told.contains("HTTP/1.1 200"));
            assert!(serving.healthy() < Duration::from_secs(10));
        }
        assert!(began.elapsed() < Duration::from_secs(80), "{:?}", began.elapsed());
        let grew = serving.memory_peak() - before;
        assert!(grew < 150, "tls {tls}: {grew} MB more than before");
    }
}

/// One address takes its share of the seats, and is told by a closed door that there are no more.
#[test]
fn seats_for_others() {
    let serving = serve(false);
    let kept: Vec<TcpStream> = (0..256).map(|_| serving.tcp()).collect();
    // It takes a moment until the last of them has sat down.
    std::thread::sleep(Duration::from_millis(500));
    let mut late = serving.tcp();
    let _ = late.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(rest(&mut late), "", "no seat");
    drop(kept);
    let began = Instant::now();
    loop {
        let mut again = serving.tcp();
        let _ = again.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        if rest(&mut again).starts_with("HTTP/1.1 200") {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "seats are given back");
    }
}
