//! The hot path allocates nothing and frees nothing: shown by an allocator that counts.
//!
//! Counted apart for each thread that asks for it, so that the harness, the clients and other
//! tests do not matter. The first round of questions is not counted: a thread's room grows then,
//! to the size that the largest VIP wants. One answer alone is not meant: the text of `_explain`
//! names, which no policy here turns on, is made anew each time.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and its name is its sentence"
)]

#[path = "plane/everything.rs"]
mod everything;
#[path = "plane/world.rs"]
#[expect(dead_code, reason = "others use more of it")]
mod world;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use gslb_plane::net::handover::Handover;
use gslb_plane::net::udp;
use gslb_plane::random::Rng;
use gslb_plane::respond::{Packet, Thread, Transport, respond};
use gslb_plane::witness::Silent;

/// Threads that can be watched in one run.
const WATCHED: usize = 16;
static NEXT: AtomicUsize = AtomicUsize::new(0);
static COUNTS: [AtomicU64; WATCHED] = [const { AtomicU64::new(0) }; WATCHED];

thread_local! {
    /// Where this thread is counted; nowhere at first.
    static SLOT: Cell<usize> = const { Cell::new(WATCHED) };
}

struct Counting;

fn note() {
    let slot = SLOT.try_with(Cell::get).unwrap_or(WATCHED);
    if let Some(count) = COUNTS.get(slot) {
        count.fetch_add(1, Ordering::SeqCst);
    }
}

// SAFETY: everything is done by the system's allocator; counting neither allocates nor unwinds.
#[expect(unsafe_code, reason = "an allocator has no safe form")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        // SAFETY: the caller keeps the same contract.
        unsafe { System.alloc(layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note();
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note();
        // SAFETY: as above.
        unsafe { System.realloc(old, layout, size) }
    }
    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        note();
        // SAFETY: as above.
        unsafe { System.dealloc(old, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Count this thread from now on; give where.
fn watch_me() -> usize {
    let slot = NEXT.fetch_add(1, Ordering::SeqCst);
    assert!(slot < WATCHED, "more room for counts is needed");
    SLOT.set(slot);
    slot
}

fn counted(slot: usize) -> u64 {
    COUNTS[slot].load(Ordering::SeqCst)
}

#[test]
fn the_counter_counts_what_a_thread_allocates_and_frees() {
    let slot = watch_me();
    let before = counted(slot);
    let mut list = vec![1u8];
    list.reserve(100_000);
    drop(list);
    assert_eq!(counted(slot) - before, 3);
}

#[test]
fn no_answer_allocates_or_frees_whatever_is_asked_under_whatever_policy() {
    let slot = watch_me();
    let engine = everything::engine();
    let questions = everything::questions();
    assert!(questions.len() > 5000);
    let mut thread = Thread::new(Rng::new(1));
    let (tally, mut out) = (engine.books.new_tally(), vec![0; 65535]);
    let sources: [IpAddr; 3] =
        ["203.0.113.7", "10.0.0.1", "2001:db8::7"].map(|text| text.parse().unwrap());
    for policy in everything::policies() {
        engine.publisher.configure(&world::encode(&policy)).unwrap();
        for round in 0..2 {
            for transport in [Transport::Udp, Transport::Tcp, Transport::Encrypted] {
                for (question, source) in questions.iter().zip(sources.iter().cycle()) {
                    let before = counted(slot);
                    let world = engine.publisher.world();
                    let now = 1_000_000;
                    let packet = Packet::received(&world.policy, question, *source, transport, now);
                    let length = packet.and_then(|packet| {
                        respond(&world, &packet, &mut thread, &tally, &mut Silent, &mut out)
                    });
                    drop(world);
                    let more = counted(slot) - before;
                    assert!(
                        round == 0 || more == 0,
                        "{more} allocations or frees for {question:x?} ({transport:?}, {length:?})"
                    );
                }
            }
        }
    }
}

#[test]
fn a_right_cookie_allocates_nothing() {
    let slot = watch_me();
    let engine = everything::engine();
    engine.publisher.configure(&world::encode(&everything::policies()[2])).unwrap();
    let mut thread = Thread::new(Rng::new(1));
    let (tally, mut out) = (engine.books.new_tally(), [0; 4096]);
    let mut cookie = vec![0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8];
    for round in 0..1000 {
        let octets = world::packet("weighted", "A", &[&world::opt(1232, 0, &cookie)]);
        let source = [203, 0, 113, 7].into();
        let before = counted(slot);
        let world = engine.publisher.world();
        let (transport, now) = (Transport::Udp, 1_000_000);
        let packet = Packet::received(&world.policy, &octets, source, transport, now).unwrap();
        let length = respond(&world, &packet, &mut thread, &tally, &mut Silent, &mut out).unwrap();
        drop(world);
        let more = counted(slot) - before;
        let reply = world::read(&out[..length]);
        if round == 0 {
            assert_eq!(reply.rcode, 23, "BADCOOKIE, with the right one");
            cookie = reply.opt.unwrap();
            cookie.truncate(4 + 24); // without the extended error behind it
        } else {
            assert_eq!((reply.rcode, reply.answer.len()), (0, 1));
        }
        assert!(round < 2 || more == 0, "{more} allocations or frees");
    }
}

/// Ask everything of a worker that listens on these addresses, and count what it allocates.
fn ask_a_worker(listen: &[&str]) {
    let engine = Arc::new(everything::engine());
    let [_, mut on, _] = everything::policies();
    on.rate.1 = 1; // what is above the limit is answered too, so that a client need not guess
    on.proxy_from = world::everybody();
    on.transfers = true; // each packet is looked at: is it one for Python?
    engine.publisher.configure(&world::encode(&on)).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let sockets: Vec<_> = listen.iter().map(|text| udp::bind(text.parse().unwrap())).collect();
    let sockets: Vec<_> = sockets.into_iter().map(Result::unwrap).collect();
    let addresses = sockets.iter().map(|socket| socket.local_addr().unwrap().as_socket().unwrap());
    let addresses: Vec<SocketAddr> = addresses.collect();
    let (told, slot) = std::sync::mpsc::channel();
    let worker = thread::spawn({
        let (engine, stop) = (Arc::clone(&engine), Arc::clone(&stop));
        move || {
            told.send(watch_me()).unwrap();
            udp::run(&engine, &sockets, &Handover::new().unwrap(), &stop);
        }
    });
    let slot = slot.recv().unwrap();
    let clients = addresses.iter().map(|address| {
        let client = UdpSocket::bind((address.ip(), 0)).unwrap();
        client.connect(address).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        client
    });
    let clients: Vec<_> = clients.collect();
    let mut reply = [0; 4096];
    let mut ask = |client: &UdpSocket, question: &[u8]| {
        client.send(question).unwrap();
        let length = client.recv(&mut reply).unwrap();
        assert!(length >= 12);
    };
    let questions = everything::questions();
    // A question for a transfer leaves the plane.
    let leaves = |packet: &[u8]| packet.windows(4).any(|part| part == [0, 252, 0, 1]);
    let answered =
        questions.iter().filter(|packet| everything::is_answered(packet) && !leaves(packet));
    let mut before = 0;
    for round in 0..2 {
        for question in answered.clone() {
            for client in &clients {
                ask(client, question);
            }
        }
        if round == 0 {
            before = counted(slot);
        }
    }
    assert_eq!(counted(slot) - before, 0, "allocations or frees of the worker");
    assert!(before > 0, "the worker's thread is counted: its start allocates");
    stop.store(true, Ordering::Release);
    worker.join().unwrap();
}

#[test]
fn a_worker_with_one_address_allocates_nothing_while_it_answers() {
    ask_a_worker(&["127.0.0.1:0"]);
}

#[test]
fn a_worker_with_several_addresses_allocates_nothing_while_it_answers() {
    ask_a_worker(&["127.0.0.1:0", "[::1]:0", "127.0.0.2:0"]);
}
