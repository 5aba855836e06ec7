//! A packet, by every transport, to a world with everything, under each of three policies.
//!
//! ```text
//! octet 0   policy (low 2 bits), whether to flood (bit 2), source (the rest)
//! octet 1   seed of the draws
//! the rest  the packet
//! ```

use std::net::IpAddr;

use gslb_plane::respond::{Packet, Transport};

use crate::check::{Ask, Server};
use crate::choose::Choices;
use crate::{everything, world};

thread_local! {
    static SERVERS: Vec<Server> = servers();
}

/// The world with everything, under each policy.
///
/// # Panics
/// If the plane refuses what the tests build.
#[must_use]
pub fn servers() -> Vec<Server> {
    let policies = everything::policies().into_iter();
    let servers = policies.map(|policy| {
        let engine = everything::engine();
        engine.publisher.configure(&world::encode(&policy)).expect("a policy");
        Server::new(engine, policy.payload, policy.rate.0)
    });
    servers.collect()
}

/// Sources: located by either family, mapped, in an exempt network.
pub const SOURCES: [&str; 5] =
    ["203.0.113.7", "10.1.2.3", "127.0.0.1", "2001:db8::7", "::ffff:203.0.113.9"];

/// A source by number.
///
/// # Panics
/// Never: they are addresses.
#[must_use]
pub fn source(number: u8) -> IpAddr {
    SOURCES[usize::from(number) % SOURCES.len()].parse().expect("an address")
}

/// Feed one input.
pub fn run(octets: &[u8]) {
    let mut choices = Choices(octets);
    let (how, seed) = (choices.octet(), choices.octet());
    SERVERS.with(|servers| {
        let server = &servers[usize::from(how & 3) % servers.len()];
        let (sender, now) = (source(how >> 3), server.tick());
        let policy = server.engine.publisher.world().policy.clone();
        let Some(told) = Packet::received(&policy, choices.0, sender, Transport::Udp, now) else {
            return; // a front end that is trusted has told nonsense
        };
        let Packet { octets, source, front_end, transport, now } = told;
        let ask = Ask { octets, source, front_end, transport, seed: seed.into(), now };
        server.compare(&ask);
        if how & 4 != 0 && server.limit > 0 {
            server.flood(&Ask { now: server.tick(), ..ask });
        }
    });
}
