//! A TCP stream, in any pieces: how it is cut must not matter, and each message gets its reply; a
//! front end may first say for whom it asks.
//!
//! ```text
//! octet 0   policy (bit 0), how much output is enough (bits 1 and 2), source (the rest)
//! octet 1   seed of the draws
//! octet 2   how many pieces' lengths follow, two octets each; they are used over and over
//! the rest  the stream
//! ```

use std::cell::RefCell;
use std::net::IpAddr;

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
fn expected(server: &Server, stream: &[u8], peer: IpAddr, seed: u64) -> (Vec<u8>, bool) {
    let (mut rest, source, front_end) = match greeting(stream) {
        Greeting::None => (stream, peer, None),
        Greeting::Partial => return (Vec::new(), true),
        Greeting::Whole(length, client) if trusted(server, peer) => {
            (&stream[length..], client.unwrap_or(peer), client.and(Some(peer)))
        }
        Greeting::Whole(..) | Greeting::Wrong => return (Vec::new(), false),
    };
    let mut thread = Thread::new(Rng::new(seed));
    let (tally, mut out, mut replies) = (&server.tally, vec![0; 65535], Vec::new());
    let world = server.engine.publisher.world();
    while let [high, low, behind @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some(octets) = behind.get(..length) else { break };
        rest = &behind[length..];
        let transport = Transport::Tcp;
        let packet = Packet { octets, source, front_end, transport, now: 0 };
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

/// What a stream begins with, as haproxy's `doc/proxy-protocol.txt` section 2.2 has it.
enum Greeting {
    None,
    Partial,
    Wrong,
    Whole(usize, Option<IpAddr>),
}

fn trusted(server: &Server, peer: IpAddr) -> bool {
    server.engine.publisher.world().policy.proxy_from.contain(peer)
}

fn greeting(stream: &[u8]) -> Greeting {
    const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
    if SIGNATURE.starts_with(stream) {
        return Greeting::Partial;
    }
    let Some(rest) = stream.strip_prefix(SIGNATURE) else { return Greeting::None };
    let [command, family, high, low, behind @ ..] = rest else { return Greeting::Partial };
    let size = usize::from(u16::from_be_bytes([*high, *low]));
    let least = match (command, family >> 4, family & 0x0f) {
        (0x20, ..) | (0x21, 0, 0) => 0,
        (0x21, 1, 1 | 2) => 12,
        (0x21, 2, 1 | 2) => 36,
        (0x21, 3, 1 | 2) => 216,
        _ => return Greeting::Wrong,
    };
    if size < least {
        return Greeting::Wrong;
    }
    let Some(told) = behind.get(..size) else { return Greeting::Partial };
    let client = match (command, least) {
        (0x21, 12) => <[u8; 4]>::try_from(&told[..4]).map(IpAddr::from).ok(),
        (0x21, 36) => <[u8; 16]>::try_from(&told[..16]).map(IpAddr::from).ok(),
        _ => None,
    };
    Greeting::Whole(16 + size, client.map(|client| client.to_canonical()))
}
