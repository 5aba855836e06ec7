//! A packet to its reply, or to silence: the one way on which every packet is answered.
//!
//! ```text
//! packet ─▶ read the query ─▶ zone of the name ─▶ answer ─▶ write OPT and header ─▶ reply
//!            │ silence         │ REFUSED          (answer.rs, choose.rs)
//!            │ FORMERR NOTIMP BADVERS
//! ```
//!
//! Pure: no clock, no socket, no lock. Per thread there is a [`Thread`] (room and generator, kept
//! from packet to packet), per packet a [`Packet`]. The same function answers sockets, tests and
//! `explain`, which hands in a witness that writes the steps down.

use std::net::IpAddr;

use crate::answer::{Question, answer};
use crate::choose::Draw;
use crate::name::Split;
use crate::random::Rng;
use crate::snapshot::{Policy, World};
use crate::tally::{Counter, Tally};
use crate::wire::edns::Edns;
use crate::wire::query::{self, Query, Unasked};
use crate::wire::reply::{Reply, Verdict, header_alone};
use crate::wire::{IN, Known, PLAIN_PAYLOAD, Rcode, rtype};
use crate::witness::{Client, Origin, Witness};

/// What a thread keeps from packet to packet.
#[derive(Debug)]
pub struct Thread {
    rng: Rng,
    name: Split,
    known: Known,
    draw: Draw,
}

impl Thread {
    /// Begin with a generator.
    #[must_use]
    pub fn new(rng: Rng) -> Self {
        Self { rng, name: Split::default(), known: Known::default(), draw: Draw::default() }
    }
}

/// What a packet came by: how long its reply may be, and who can read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// As long as the client's EDNS says, at most [`Policy::payload`]; else [`PLAIN_PAYLOAD`].
    Udp,
    /// As long as a message over TCP can be.
    Tcp,
    /// As TCP, and encrypted: padding hides lengths (RFC 7830).
    Encrypted,
}

impl Transport {
    #[inline]
    fn limit(self, policy: &Policy, edns: Option<&Edns>) -> usize {
        usize::from(match (self, edns) {
            (Self::Tcp | Self::Encrypted, _) => u16::MAX,
            (Self::Udp, None) => PLAIN_PAYLOAD,
            (Self::Udp, Some(edns)) => edns.payload.clamp(PLAIN_PAYLOAD, policy.payload),
        })
    }
}

/// A packet and where it came from.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'p> {
    /// Its octets.
    pub octets: &'p [u8],
    /// The address that sent it.
    pub source: IpAddr,
    /// What it came by.
    pub transport: Transport,
    /// The time, in seconds since 1970.
    pub now: u32,
}

/// Answer a packet from a world into `out`; give the reply's length, or `None` for silence.
///
/// The reply is counted in `tally` by its rcode, and by whether it was truncated and had EDNS and
/// a client subnet; how it came and goes is counted by whoever owns the socket.
#[inline]
pub fn respond<W: Witness>(
    world: &World,
    packet: &Packet<'_>,
    thread: &mut Thread,
    tally: &Tally,
    witness: &mut W,
    out: &mut [u8],
) -> Option<usize> {
    let (length, verdict, edns) = match query::read(packet.octets, &mut thread.name) {
        Ok(query) => reply_to(world, packet, &query, thread, witness, out)?,
        Err(unasked) => refuse(world, packet, unasked, thread, out)?,
    };
    witness.replied(verdict);
    tally.count(match verdict.rcode {
        Rcode::Noerror => Counter::Noerror,
        Rcode::Formerr => Counter::Formerr,
        Rcode::Servfail => Counter::Servfail,
        Rcode::Nxdomain => Counter::Nxdomain,
        Rcode::Notimp => Counter::Notimp,
        Rcode::Refused => Counter::Refused,
        Rcode::Badvers => Counter::Badvers,
    });
    if verdict.truncated {
        tally.count(Counter::Truncated);
    }
    if let Some(edns) = edns {
        tally.count(Counter::Edns);
        if edns.subnet.is_some() {
            tally.count(Counter::Ecs);
        }
    }
    Some(length)
}

type Written = (usize, Verdict, Option<Edns>);

/// Answer a query.
#[inline]
fn reply_to<W: Witness>(
    world: &World,
    packet: &Packet<'_>,
    query: &Query,
    thread: &mut Thread,
    witness: &mut W,
    out: &mut [u8],
) -> Option<Written> {
    let Thread { rng, name, known, draw } = thread;
    let name = name.name();
    let edns = query.edns.as_ref();
    let limit = packet.transport.limit(&world.policy, edns);
    let head = packet.octets.get(..query.question_end)?;
    let mut reply = Reply::new(out, limit, head, edns, known, name)?;
    let client = client_of(packet.source, edns);
    witness.asked(name.wire(), query.qtype, &client);
    let qtype = answered_type(query.qtype, packet.transport, &world.policy);
    let verdict = if edns.is_some_and(|edns| edns.version != 0) {
        error(Rcode::Badvers)
    } else if query.qclass != IN || matches!(qtype, rtype::AXFR | rtype::IXFR) {
        error(Rcode::Refused)
    } else if let Some(linked) = world.zone_of(&name, qtype) {
        witness.zone(world, &linked.zone);
        let question = Question { name, qtype, client };
        answer(linked, &question, &mut reply, (rng, draw), witness)
    } else {
        error(Rcode::Refused)
    };
    Some((reply.finish(verdict, edns), verdict, query.edns))
}

/// The type that is answered: IXFR over UDP gets the SOA alone, by which the client sees whether to
/// ask over TCP (RFC 1995 section 2).
#[inline]
fn answered_type(qtype: u16, transport: Transport, policy: &Policy) -> u16 {
    let alone = qtype == rtype::IXFR && transport == Transport::Udp && policy.transfers;
    if alone { rtype::SOA } else { qtype }
}

/// Answer what is no query with an error, or with silence.
fn refuse(
    world: &World,
    packet: &Packet<'_>,
    unasked: Unasked,
    thread: &mut Thread,
    out: &mut [u8],
) -> Option<Written> {
    match unasked {
        Unasked::Silence => None,
        Unasked::Header(rcode) => {
            Some((header_alone(packet.octets, out, rcode)?, error(rcode), None))
        }
        Unasked::Question(rcode, end, edns) => {
            let verdict = error(rcode);
            let limit = packet.transport.limit(&world.policy, edns.as_ref());
            let head = packet.octets.get(..end)?;
            let name = thread.name.name();
            let reply = Reply::new(out, limit, head, edns.as_ref(), &mut thread.known, name)?;
            Some((reply.finish(verdict, edns.as_ref()), verdict, edns))
        }
    }
}

fn error(rcode: Rcode) -> Verdict {
    Verdict { rcode, authoritative: false, truncated: false, scope: 0 }
}

/// For whom the answer is: the client subnet if the query carries one, else the source.
#[inline]
fn client_of(source: IpAddr, edns: Option<&Edns>) -> Client {
    if let Some(subnet) = edns.and_then(|edns| edns.subnet) {
        return Client { address: subnet.address, prefix: subnet.source, origin: Origin::Ecs };
    }
    let address = source.to_canonical();
    let prefix = if address.is_ipv4() { 32 } else { 128 };
    Client { address, prefix, origin: Origin::Source }
}
