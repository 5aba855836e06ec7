//! The hot path takes no lock: shown by answering while every lock is held by somebody else.
//!
//! Whoever publishes, weighs members anew or reads the counters holds one of these locks. A worker
//! that needed one would stand still here until the test's patience ends.

#[path = "../tests/plane/everything.rs"]
mod everything;
#[path = "../tests/plane/world.rs"]
#[expect(dead_code, reason = "the tests outside use more of it")]
mod world;

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use crate::engine::Engine;
use crate::net::handover::Handover;
use crate::net::udp;
use crate::random::Rng;
use crate::respond::{Packet, Thread, Transport, respond};
use crate::witness::Silent;

/// A thread that waits for a lock would wait for ever; one that does not is done long before.
const PATIENCE: Duration = Duration::from_secs(15);

fn engine() -> Arc<Engine> {
    let engine = everything::engine();
    let [_, mut on, _] = everything::policies();
    on.rate.1 = 1; // what is above the limit is answered too
    engine.publisher.configure(&world::encode(&on)).unwrap();
    Arc::new(engine)
}

#[test]
fn a_held_lock_is_one_that_others_wait_for() {
    let engine = engine();
    let held = (engine.publisher.hold(), engine.books.hold());
    let (done, waited) = channel();
    for wants_books in [false, true] {
        let (engine, done) = (Arc::clone(&engine), done.clone());
        thread::spawn(move || {
            if wants_books {
                let _ = engine.books.counters();
            } else {
                engine.publisher.set_members(b"\x01z\0", &[]).unwrap();
            }
            let _ = done.send(());
        });
    }
    assert!(waited.recv_timeout(Duration::from_millis(200)).is_err(), "one had no need to wait");
    drop(held);
    for _ in 0..2 {
        waited.recv_timeout(PATIENCE).unwrap();
    }
}

#[test]
fn every_question_is_answered_while_all_locks_are_held() {
    let engine = engine();
    let tally = engine.books.new_tally();
    let _held = (engine.publisher.hold(), engine.books.hold());
    let (done, waited) = channel();
    thread::spawn({
        let engine = Arc::clone(&engine);
        move || {
            let (mut thread, mut out) = (Thread::new(Rng::new(1)), vec![0; 65535]);
            let mut answered = 0;
            for octets in everything::questions() {
                let world = engine.publisher.world();
                let source = [203, 0, 113, 7].into();
                let packet =
                    Packet::received(&world.policy, &octets, source, Transport::Udp, 1).unwrap();
                let reply = respond(&world, &packet, &mut thread, &tally, &mut Silent, &mut out);
                answered += u32::from(reply.is_some());
            }
            let _ = done.send(answered);
        }
    });
    assert!(waited.recv_timeout(PATIENCE).expect("no lock is waited for") > 5000);
}

#[test]
fn a_worker_answers_while_all_locks_are_held() {
    let engine = engine();
    let socket = udp::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let worker = thread::spawn({
        let (engine, stop) = (Arc::clone(&engine), Arc::clone(&stop));
        move || udp::run(&engine, &[socket], &Handover::new().unwrap(), &stop)
    });
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(address).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut reply = [0; 4096];
    let mut ask = |question: &[u8]| {
        client.send(question).unwrap();
        client.recv(&mut reply).expect("no lock is waited for")
    };
    let questions = everything::questions();
    ask(&questions[0]); // its start takes a lock, for a tally of its own
    let held = (engine.publisher.hold(), engine.books.hold());
    for question in questions.iter().filter(|one| everything::is_answered(one)).step_by(7) {
        ask(question);
    }
    drop(held);
    stop.store(true, Ordering::Release);
    worker.join().unwrap();
}
