//! A TCP stream, in any pieces: how it is cut must not matter, and each message gets its reply.
//!
//! ```text
//! octet 0   policy (bit 0), how much output is enough (bits 1 and 2), source (the rest)
//! octet 1   seed of the draws
//! octet 2   how many pieces' lengths follow, two octets each; they are used over and over
//! the rest  the stream
//! ```

use std::cell::RefCell;

use gslb_plane::engine::Engine;
use gslb_plane::net::Streams;
use gslb_plane::random::Rng;
use gslb_plane::respond::{Packet, Thread, Transport, respond};
use gslb_plane::tally::Tally;
use gslb_plane::witness::Silent;

use crate::check;
use crate::choose::Choices;
use crate::respond::source;
use crate::{everything, world};

/// Octets of a header: what is shorter ends a connection.
const HEADER: usize = 12;

/// An engine, and who answers streams from it.
struct Server {
    engine: &'static Engine,
    streams: Streams<'static>,
    tally: Tally,
}

thread_local! {
    static SERVERS: RefCell<[Server; 2]> = RefCell::new(servers());
}

/// Policies without cookies, whose time would differ from that of the framer.
fn servers() -> [Server; 2] {
    let [first, mut second, _] = everything::policies();
    second.secrets.clear();
    [first, second].map(|policy| {
        let engine: &'static Engine = Box::leak(Box::new(everything::engine()));
        engine.publisher.configure(&world::encode(&policy)).expect("a policy");
        Server { engine, streams: Streams::new(engine), tally: Tally::default() }
    })
}

/// Feed one input.
///
/// # Panics
/// If the pieces matter, or a message does not get its reply.
pub fn run(octets: &[u8]) {
    let mut choices = Choices(octets);
    let (how, seed) = (choices.octet(), u64::from(choices.octet()));
    let lengths: Vec<usize> =
        (0..choices.octet() % 8).map(|_| usize::from(choices.word()).max(1)).collect();
    let stream = choices.0;
    let enough = [0, 100, 5_000, 128 << 10][usize::from(how >> 1 & 3)];
    let peer = source(how >> 3);
    SERVERS.with_borrow_mut(|servers| {
        let server = &mut servers[usize::from(how & 1)];
        let wanted = expected(server, stream, peer, seed);
        let mut pieces = Vec::new();
        let (mut rest, mut lengths) = (stream, lengths.iter().cycle());
        while !rest.is_empty() {
            let length = lengths.next().map_or(rest.len(), |&length| length.min(rest.len()));
            let (piece, behind) = rest.split_at(length);
            pieces.push(piece);
            rest = behind;
        }
        let found = server.streams.answer(peer, seed, enough, &pieces);
        assert_eq!(found, wanted, "in pieces");
        let found = server.streams.answer(peer, seed, usize::MAX, &[stream]);
        assert_eq!(found, wanted, "in one");
        let panics = server.engine.books.counters();
        assert!(panics.contains(&("panics", 0)), "a panic was caught");
    });
}

/// Every whole message of a stream answered one after the other; and whether more may come.
fn expected(
    server: &Server,
    stream: &[u8],
    source: std::net::IpAddr,
    seed: u64,
) -> (Vec<u8>, bool) {
    let mut thread = Thread::new(Rng::new(seed));
    let (tally, mut out, mut replies) = (&server.tally, vec![0; 65535], Vec::new());
    let world = server.engine.publisher.world();
    let mut rest = stream;
    while let [high, low, behind @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some(octets) = behind.get(..length) else { break };
        rest = &behind[length..];
        let packet = Packet { octets, source, transport: Transport::Tcp, now: 0 };
        let length = respond(&world, &packet, &mut thread, tally, &mut Silent, &mut out);
        if let Some(reply) = length.map(|length| &out[..length]) {
            let _ = check::read(reply);
            replies.extend(u16::try_from(reply.len()).expect("it fits").to_be_bytes());
            replies.extend(reply);
        }
        if octets.len() < HEADER {
            return (replies, false);
        }
    }
    (replies, true)
}
