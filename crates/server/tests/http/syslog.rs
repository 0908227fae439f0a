//! The audit as syslog: what was noted arrives, in order, also what was noted while nobody listened.

use std::{
    collections::BTreeSet,
    io::Read,
    net::{TcpListener, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use server::syslog::{Address, send};

use crate::world::*;

/// A sender on a thread of its own; it ends with the test.
struct Sender(Arc<AtomicBool>, Option<thread::JoinHandle<()>>);

impl Sender {
    fn start(world: &World, address: &str) -> Sender {
        let (store, stop, address) = (world.store.clone(), Arc::new(AtomicBool::new(false)), address.parse::<Address>().unwrap());
        let told = stop.clone();
        Sender(stop, Some(thread::spawn(move || send(&store, &address, "host", &told))))
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        if let Some(thread) = self.1.take() {
            thread.join().unwrap();
        }
    }
}

fn number(line: &str) -> u64 {
    line.split(" seq=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().parse().unwrap()
}

fn note(world: &World, times: u64) {
    for _ in 0..times {
        server::started(&world.app).unwrap();
    }
}

/// Lines over UDP until so many different ones have come.
fn datagrams(socket: &UdpSocket, wanted: u64) -> BTreeSet<u64> {
    let (mut seen, mut buffer, begun) = (BTreeSet::new(), vec![0; 65_536], Instant::now());
    socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    while (seen.len() as u64) < wanted {
        assert!(begun.elapsed() < Duration::from_secs(30), "only {seen:?}");
        if let Ok(n) = socket.recv(&mut buffer) {
            let line = std::str::from_utf8(&buffer[..n]).unwrap();
            assert!(line.starts_with("<109>1 ") && line.contains(" qianwan - started [qianwan@32473 chain="), "{line}");
            seen.insert(number(line));
        }
    }
    seen
}

#[test]
fn over_udp_and_on_from_where_it_was() {
    let world = World::empty();
    note(&world, 3);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = format!("udp://{}", socket.local_addr().unwrap());
    let sender = Sender::start(&world, &address);
    assert_eq!(datagrams(&socket, 3), (1..=3).collect());
    // Nobody listens for a while.
    let own = socket.local_addr().unwrap();
    thread::sleep(Duration::from_millis(200));
    drop(socket);
    note(&world, 4);
    thread::sleep(Duration::from_millis(1200));
    let socket = UdpSocket::bind(own).unwrap();
    assert_eq!(datagrams(&socket, 4), (4..=7).collect(), "what came meanwhile, and not all of it again");
    drop(sender);
    // The next one goes on from there.
    note(&world, 1);
    let _sender = Sender::start(&world, &address);
    assert_eq!(datagrams(&socket, 1), [8].into());
}

/// Messages with their length in front.
fn counted(stream: &mut impl Read, wanted: &BTreeSet<u64>) -> BTreeSet<u64> {
    let (mut seen, mut bytes, mut part) = (BTreeSet::new(), Vec::new(), [0; 4096]);
    while !wanted.is_subset(&seen) {
        let n = stream.read(&mut part).unwrap();
        assert!(n > 0, "it ended with {seen:?}");
        bytes.extend_from_slice(&part[..n]);
        while let Some(space) = bytes.iter().position(|b| *b == b' ') {
            let length: usize = std::str::from_utf8(&bytes[..space]).unwrap().parse().unwrap();
            if bytes.len() < space + 1 + length {
                break;
            }
            seen.insert(number(std::str::from_utf8(&bytes[space + 1..space + 1 + length]).unwrap()));
            bytes.drain(..space + 1 + length);
        }
    }
    seen
}

#[test]
fn over_tcp_nothing_is_lost_when_the_other_end_breaks_off() {
    let world = World::empty();
    note(&world, 100);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap();
    let _sender = Sender::start(&world, &format!("tcp://{own}"));
    let (mut first, _) = listener.accept().unwrap();
    first.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let seen = counted(&mut first, &(1..=10).collect());
    assert!(seen.contains(&1));
    // It breaks off with most of it unread, and nobody listens; the writer is not kept waiting.
    drop((first, listener));
    let begun = Instant::now();
    note(&world, 20);
    assert!(begun.elapsed() < Duration::from_secs(10));
    let listener = TcpListener::bind(own).unwrap();
    let (mut again, _) = listener.accept().unwrap();
    again.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // Some come twice; none is missing.
    assert_eq!(counted(&mut again, &(1..=120).collect()), (1..=120).collect());
}
