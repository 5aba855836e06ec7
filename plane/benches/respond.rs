//! Answers one question many times without a socket, to count instructions an answer.
//!
//! `cargo bench --bench respond -- KIND COUNT`, KIND being one of those below. Run it under
//! `valgrind --tool=callgrind` with two counts; the slope is the cost of one answer.
#![expect(clippy::indexing_slicing, reason = "a bench may fail by panicking")]

#[path = "../tests/plane/world.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
#[expect(clippy::unwrap_used, reason = "as above")]
mod world;

use std::hint::black_box;
use std::time::Instant;

use gslb_plane::random::Rng;
use gslb_plane::respond::{Packet, Thread, Transport, respond};
use gslb_plane::tally::Tally;
use gslb_plane::witness::Silent;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let kind = words.first().map_or("static", String::as_str);
    let count: u32 = words.get(1).and_then(|word| word.parse().ok()).unwrap_or(1_000_000);
    let mut zone = world::zone("@ 60 NS ns\nns 60 A 192.0.2.53\nwww 60 A 192.0.2.1");
    let pools = [
        (0, 60, &[("192.0.2.1", 3), ("192.0.2.2", 1)][..]),
        (1, 30, &[("198.51.100.1", 1)][..]),
        (2, 10, &[("203.0.113.1", 1)][..]),
    ];
    zone.vips.push(world::vip("vip", &[&[0, 1, 2]], &pools));
    let engine = world::serve(&zone);
    let subnet = world::opt(1232, 0, &[0, 8, 0, 7, 0, 1, 24, 0, 10, 1, 2]);
    let plain = world::opt(1232, 0, &[]);
    let packet = match kind {
        "vip" => world::packet("vip", "A", &[&subnet]),
        "nxdomain" => world::packet("a1b2c3d4e5", "A", &[&plain]),
        "referral" => world::packet("@", "NS", &[&plain]),
        _ => world::packet("www", "A", &[&plain]),
    };
    let mut thread = Thread::new(Rng::new(1));
    let (tally, mut out) = (Tally::default(), [0; 1344]);
    let packet = Packet {
        octets: &packet,
        source: [127, 0, 0, 1].into(),
        front_end: None,
        transport: Transport::Udp,
        now: 0,
    };
    let start = Instant::now();
    for _ in 0..count {
        let world = engine.publisher.world();
        let packet = black_box(&packet);
        let length = respond(&world, packet, &mut thread, &tally, &mut Silent, &mut out);
        black_box(&out[..length.unwrap_or(0)]);
    }
    let each = start.elapsed().as_nanos() / u128::from(count.max(1));
    println!("{kind}: {count} answers, {each} ns each");
}
