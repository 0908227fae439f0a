//! Stopping: nothing acknowledged is lost, nobody gets half an answer, and it ends in time.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::TcpStream,
    os::unix::net::UnixDatagram,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::json;
use uuid::Uuid;

use crate::{Case, Needs::Nothing, ground::*};

pub const CASES: &[Case] = &[
    ("a_stop_under_load_loses_nothing_and_answers_no_half", Nothing, under_load),
    ("a_slow_client_delays_a_stop_no_longer_than_said", Nothing, slow_client),
    ("an_idle_connection_does_not_delay_a_stop", Nothing, idle),
    ("a_second_signal_ends_at_once", Nothing, twice),
    ("the_service_manager_is_told", Nothing, told),
];

fn under_load() {
    for signal in [Signal::TERM, Signal::INT] {
        let ground = Ground::installed();
        let mut serving = ground.serve(&["--stop-seconds", "20"]);
        let client = serving.signed_in("office", PASSWORD);
        let place = client.get("/api/rows/places?level=village")["rows"][0]["place"]["id"].clone();
        let acknowledged = Mutex::new(BTreeSet::new());
        let (refused, halves) = (AtomicU64::new(0), Mutex::new(Vec::new()));
        let status = thread::scope(|s| {
            for n in 0..32 {
                let (client, place, acknowledged, refused, halves) = (client.clone(), &place, &acknowledged, &refused, &halves);
                s.spawn(move || {
                    loop {
                        let command =
                            json!({ "type": "problems.report", "place": place, "field": "road", "text": format!("路 {n}") });
                        let body = json!({ "id": Uuid::now_v7(), "command": command });
                        match client.send("POST", "/api/commands", Some(&body)) {
                            Came::Whole(answer) => {
                                let said = answer.value();
                                let subject = said["subject"].as_str().expect("a subject").to_owned();
                                acknowledged.lock().expect("no accident").insert(subject);
                            }
                            Came::Nothing => {
                                refused.fetch_add(1, Ordering::Relaxed);
                                return;
                            }
                            Came::Half(what) => {
                                halves.lock().expect("no accident").push(what);
                                return;
                            }
                        }
                    }
                });
            }
            while acknowledged.lock().expect("no accident").len() < 300 {
                thread::sleep(Duration::from_millis(10));
            }
            serving.signal(signal);
            serving.ended(Duration::from_secs(40))
        });
        assert_eq!(status.code(), Some(0));
        assert_eq!(*halves.lock().expect("no accident"), [""; 0], "half an answer");
        assert_eq!(refused.load(Ordering::Relaxed), 32, "everybody noticed");
        let log = std::fs::metadata(ground.data().join("qianwan.db-wal")).map_or(0, |m| m.len());
        assert_eq!(log, 0, "the write-ahead log has come home");
        good(&ground.run(&["verify"]));

        let again = ground.serve(&[]);
        let acknowledged = acknowledged.into_inner().expect("no accident");
        let mut kept = BTreeSet::new();
        let (client, mut after) = (again.signed_in("office", PASSWORD), String::new());
        loop {
            let page = client.get(&format!("/api/rows/problems?limit=200{after}"));
            for row in page["rows"].as_array().expect("rows") {
                kept.insert(format!("problem:{}", row["key"].as_str().expect("a key")));
            }
            match page["next"].as_str() {
                Some(next) => after = format!("&after={}", next.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")),
                None => break,
            }
        }
        let lost: Vec<_> = acknowledged.difference(&kept).collect();
        assert!(lost.is_empty(), "{} of {} acknowledged are lost", lost.len(), acknowledged.len());
        again.stop();
    }
}

/// A request whose end never comes.
fn half_a_request(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("connected");
    let head = "POST /api/session HTTP/1.1\r\nHost: localhost\r\nX-Qianwan: 1\r\nContent-Length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).expect("sent");
    thread::sleep(Duration::from_millis(200));
    stream
}

fn slow_client() {
    let ground = Ground::installed();
    let mut serving = ground.serve(&["--stop-seconds", "1"]);
    let _slow = half_a_request(serving.port);
    let begun = Instant::now();
    serving.signal(Signal::TERM);
    assert_eq!(serving.ended(Duration::from_secs(15)).code(), Some(0));
    assert!(begun.elapsed() >= Duration::from_millis(900), "it was given its second: {:?}", begun.elapsed());
    assert!(TcpStream::connect(("127.0.0.1", serving.port)).is_err());
}

fn idle() {
    let ground = Ground::installed();
    let mut serving = ground.serve(&["--stop-seconds", "60"]);
    let mut stream = TcpStream::connect(("127.0.0.1", serving.port)).expect("connected");
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("sent");
    let mut some = [0; 15];
    stream.read_exact(&mut some).expect("an answer");
    assert_eq!(&some, b"HTTP/1.1 200 OK");
    serving.signal(Signal::TERM);
    assert_eq!(serving.ended(Duration::from_secs(15)).code(), Some(0));
}

fn twice() {
    let ground = Ground::installed();
    let mut serving = ground.serve(&["--stop-seconds", "120"]);
    let _slow = half_a_request(serving.port);
    serving.signal(Signal::TERM);
    thread::sleep(Duration::from_millis(500));
    assert!(serving.child.try_wait().expect("asked").is_none(), "it waits for the slow one");
    serving.signal(Signal::INT);
    assert_eq!(serving.ended(Duration::from_secs(5)).code(), Some(130));
    good(&ground.run(&["verify"]));
    ground.serve(&[]).stop();
}

fn told() {
    let ground = Ground::installed();
    let socket = ground.path().join("notify");
    let manager = UnixDatagram::bind(&socket).expect("bound");
    manager.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    let next = || {
        let mut bytes = [0; 4096];
        let length = manager.recv(&mut bytes).expect("told");
        shown(&bytes[..length])
    };
    let mut command = qianwan();
    command.args(["serve", "--plain", "--listen", "127.0.0.1:0", "--data"]).arg(ground.data());
    command.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "600000");
    let serving = Serving::start(command);
    let mut said = Vec::new();
    while said.iter().filter(|s: &&String| s.contains("WATCHDOG=1")).count() < 3 {
        said.push(next());
    }
    assert!(said.iter().any(|s| s.contains("READY=1") && s.contains(&format!("{}", serving.port))), "{said:?}");
    serving.signal(Signal::TERM);
    while !next().contains("STOPPING=1") {}
    serving.stop_again();
}
