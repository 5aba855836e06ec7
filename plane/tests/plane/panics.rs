//! A panic drops one packet and no other; it is counted, and the packet is kept.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use gslb_plane::net::handover::Handover;
use gslb_plane::net::udp;
use gslb_plane::witness::{Client, Witness};

use super::world::{packet, read, serve, zone};

/// Panics when it is told of a certain name: nothing that is shipped does so by itself.
pub(crate) struct Bomb;

impl Witness for Bomb {
    const RECORDS: bool = false;

    fn asked(&mut self, name: &[u8], _: u16, _: &Client) {
        assert!(!name.starts_with(b"\x04bomb"), "it went off");
    }
}

#[test]
fn one_packet_is_dropped_counted_and_kept_and_the_others_are_answered() {
    let engine = Arc::new(serve(&zone("www 60 A 192.0.2.1")));
    let socket = udp::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(address).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let (good, mut bad) = (packet("www", "A", &[]), packet("bomb", "A", &[]));
    // All wait in the socket when the worker begins, so that they are one batch.
    for number in 0..9 {
        bad[1] = number;
        client.send(if number % 3 == 1 { &bad } else { &good }).unwrap();
    }
    let stop = Arc::new(AtomicBool::new(false));
    let worker = thread::spawn({
        let (engine, stop) = (Arc::clone(&engine), Arc::clone(&stop));
        move || udp::run_watched(&engine, &[socket], &Handover::new().unwrap(), &stop, &mut Bomb)
    });
    let mut reply = [0; 512];
    for _ in 0..6 {
        let length = client.recv(&mut reply).unwrap();
        assert_eq!(read(&reply[..length]).data(), ["192.0.2.1"]);
    }
    stop.store(true, Ordering::Release);
    worker.join().unwrap();
    let kept = engine.panics.take();
    let numbers: Vec<u8> = kept.iter().map(|panic| panic.packet[1]).collect();
    assert_eq!(numbers, [1, 4, 7]);
    for panic in kept {
        assert_eq!(panic.packet[2..], bad[2..]);
        assert_eq!(panic.source, address.ip());
        assert!(panic.message.starts_with("it went off at tests/plane/panics.rs:"));
    }
    let counters = engine.books.counters();
    for counted in [("panics", 3), ("udp_received", 9), ("udp_answered", 6), ("udp_dropped", 3)] {
        assert!(counters.contains(&counted), "{counted:?}");
    }
}
