//! A packet to its reply, or to silence: the one way on which every packet is answered.
//!
//! ```text
//! packet ─▶ read the query ─▶ zone of the name ─▶ answer ─▶ rate ─▶ write OPT, header ─▶ reply
//!            │ silence         │ REFUSED   (answer.rs,       │ truncated,
//!            │ FORMERR NOTIMP  │            choose.rs)        │ silence
//!            │ BADVERS BADCOOKIE
//! ```
//!
//! Pure: no clock, no socket, no lock. Per thread there is a [`Thread`] (room and generator, kept
//! from packet to packet), per packet a [`Packet`]. The same function answers sockets, tests and
//! `explain`, which hands in a witness that writes the steps down.

use std::net::IpAddr;

use crate::answer::{MAX_LINKS, Question, Tools, answer};
use crate::chaos;
use crate::choose::Draw;
use crate::limit::{Kind, Ruling};
use crate::name::Split;
use crate::random::Rng;
use crate::snapshot::{Policy, World};
use crate::tally::{Counter, Tally};
use crate::wire::cookie::Checked;
use crate::wire::edns::{Edns, ExtendedError, Opt};
use crate::wire::query::{self, Query, Unasked};
use crate::wire::reply::{Reply, Verdict, header_alone};
use crate::wire::{CH, IN, Known, PLAIN_PAYLOAD, Rcode, rtype};
use crate::witness::{Client, Origin, Witness};

/// What a thread keeps from packet to packet.
#[derive(Debug)]
pub struct Thread {
    rng: Rng,
    name: Split,
    edns: Edns,
    known: Known,
    draw: Draw,
    /// Room for the names that DNAMEs make.
    renamed: Box<[Split]>,
}

impl Thread {
    /// Begin with a generator.
    #[must_use]
    pub fn new(rng: Rng) -> Self {
        Self {
            rng,
            name: Split::default(),
            edns: Edns::default(),
            known: Known::default(),
            draw: Draw::default(),
            renamed: (0..MAX_LINKS).map(|_| Split::default()).collect(),
        }
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
/// What became of it is counted in `tally`: the reply by its rcode, its type and its options, and
/// silence by its cause. How it came and goes is counted by whoever owns the socket.
#[inline]
pub fn respond<W: Witness>(
    world: &World,
    packet: &Packet<'_>,
    thread: &mut Thread,
    tally: &Tally,
    witness: &mut W,
    out: &mut [u8],
) -> Option<usize> {
    let read = query::read(packet.octets, &mut thread.name, &mut thread.edns);
    let (length, verdict) = match read {
        Ok(query) => Answerer { world, packet, tally }.reply(&query, thread, witness, out)?,
        Err(unasked) => refuse(world, packet, unasked, thread, tally, out)?,
    };
    witness.replied(verdict);
    tally.count(match verdict.rcode {
        Rcode::Noerror => Counter::Noerror,
        Rcode::Formerr => Counter::Formerr,
        Rcode::Servfail => Counter::Servfail,
        Rcode::Nxdomain => Counter::Nxdomain,
        Rcode::Notimp => Counter::Notimp,
        Rcode::Refused => Counter::Refused,
        Rcode::Yxdomain => Counter::Yxdomain,
        Rcode::Badvers => Counter::Badvers,
        Rcode::Badcookie => Counter::Badcookie,
    });
    if verdict.truncated {
        tally.count(Counter::Truncated);
    }
    Some(length)
}

/// What every step of an answer looks at.
struct Answerer<'a> {
    world: &'a World,
    packet: &'a Packet<'a>,
    tally: &'a Tally,
}

impl Answerer<'_> {
    /// Answer a query.
    #[inline]
    fn reply<W: Witness>(
        &self,
        query: &Query,
        thread: &mut Thread,
        witness: &mut W,
        out: &mut [u8],
    ) -> Option<(usize, Verdict)> {
        let Self { world, packet, tally } = *self;
        let policy = &*world.policy;
        let Thread { rng, name, edns, known, draw, renamed } = thread;
        let name = name.name();
        if edns.subnet.is_some() && !policy.ecs_from.contain(packet.source) {
            edns.subnet = None; // as if it were an option that we do not know
        }
        let edns = query.has_edns.then_some(&*edns);
        let cookie = edns.and_then(|edns| self.cookie(edns));
        let opt = edns.map(|edns| opt_of(policy, edns, cookie, packet.transport));
        let kept = edns.zip(opt.as_ref()).map_or(0, |(edns, opt)| edns.length(opt));
        let limit = packet.transport.limit(policy, edns);
        let head = packet.octets.get(..query.question_end)?;
        let mut reply = Reply::new(out, limit, head, kept, known, name)?;
        let clean = reply.mark();
        let client = client_of(packet.source, edns);
        witness.asked(name.wire(), query.qtype, &client);
        let mut verdict = match self.refusal(query, edns, cookie) {
            Some(refusal) => refusal,
            None if query.qclass == CH => {
                chaos::answer(policy, name.wire(), query.qtype, &mut reply)
            }
            None => match world.zone_of(&name, query.qtype) {
                Some(linked) => {
                    witness.zone(world, &linked.zone);
                    let question = Question { name, qtype: query.qtype, client };
                    let tools = Tools { rng, draw, renamed, tally };
                    answer(linked, &question, &mut reply, tools, witness)
                }
                None => nobodys(world),
            },
        };
        if policy.stale && verdict.error.is_none() {
            verdict.error = Some(ExtendedError::Stale);
        }
        let trusted = cookie.is_some_and(|cookie| cookie.valid);
        let ruling = if W::RECORDS { Ruling::Pass } else { self.rule(&reply, verdict, trusted) };
        let mut opt = opt;
        if ruling != Ruling::Pass {
            if ruling == Ruling::Drop {
                tally.count(Counter::DroppedLimited);
                return None;
            }
            tally.count(Counter::Limited);
            // Little enough that nobody is flooded with it: no records, no identifier.
            reply.back_to(clean);
            verdict = Verdict { truncated: true, ..Verdict::of(Rcode::Noerror, None) };
            opt = opt.map(|opt| Opt { nsid: &[], ..opt });
        }
        tally.count_type(query.qtype);
        if let Some(edns) = edns {
            count_options(tally, edns, cookie);
        }
        Some((reply.finish(verdict, edns.zip(opt.as_ref())), verdict))
    }

    /// Check the query's cookie, if it has one and we have secrets.
    #[inline]
    fn cookie(&self, edns: &Edns) -> Option<Checked> {
        let cookie = edns.cookie.as_ref()?;
        cookie.check(&self.world.policy.cookies.secrets, self.packet.source, self.packet.now)
    }

    /// Why a question is not looked at, if it is not.
    #[inline]
    fn refusal(
        &self,
        query: &Query,
        edns: Option<&Edns>,
        cookie: Option<Checked>,
    ) -> Option<Verdict> {
        let policy = &*self.world.policy;
        if edns.is_some_and(|edns| edns.version != 0) {
            return Some(Verdict::of(Rcode::Badvers, None));
        }
        if policy.cookies.required
            && self.packet.transport == Transport::Udp
            && cookie.is_some_and(|cookie| !cookie.valid)
        {
            return Some(Verdict::of(Rcode::Badcookie, None));
        }
        match (query.qclass, query.qtype) {
            (IN, rtype::AXFR | rtype::IXFR) => {
                Some(Verdict::of(Rcode::Refused, Some(ExtendedError::Prohibited)))
            }
            (IN | CH, _) => None,
            _ => Some(Verdict::of(Rcode::Refused, None)),
        }
    }

    /// Rule on an answer that may be one of too many.
    #[inline]
    fn rule(&self, reply: &Reply<'_>, verdict: Verdict, trusted: bool) -> Ruling {
        let policy = &*self.world.policy;
        let rate = &policy.rate;
        if rate.limit == 0
            || self.packet.transport != Transport::Udp
            || trusted
            || rate.exempt.contain(self.packet.source)
        {
            return Ruling::Pass;
        }
        let kind = match verdict.rcode {
            Rcode::Noerror if reply.has_answer() => Kind::Answer,
            Rcode::Noerror if !verdict.authoritative => Kind::Referral,
            Rcode::Noerror | Rcode::Nxdomain => Kind::Denial,
            _ => Kind::Error,
        };
        let network = rate.prefixes.network(self.packet.source);
        policy.limiter.rule(network, kind, rate.limit, rate.slip, self.packet.now)
    }
}

/// What a question comes to for which none of our zones answers.
fn nobodys(world: &World) -> Verdict {
    if world.generation == 0 {
        Verdict::of(Rcode::Servfail, Some(ExtendedError::NotReady))
    } else {
        Verdict::of(Rcode::Refused, Some(ExtendedError::NotAuthoritative))
    }
}

#[inline]
fn opt_of<'p>(
    policy: &'p Policy,
    edns: &Edns,
    cookie: Option<Checked>,
    transport: Transport,
) -> Opt<'p> {
    Opt {
        payload: policy.payload,
        nsid: if edns.nsid { &policy.nsid } else { &[] },
        cookie: cookie.map(|cookie| cookie.server),
        encrypted: transport == Transport::Encrypted,
    }
}

#[inline]
fn count_options(tally: &Tally, edns: &Edns, cookie: Option<Checked>) {
    tally.count(Counter::Edns);
    if edns.subnet.is_some() {
        tally.count(Counter::Ecs);
    }
    if edns.cookie.is_some() {
        tally.count(Counter::Cookies);
        if cookie.is_some_and(|cookie| cookie.valid) {
            tally.count(Counter::CookiesValid);
        }
    }
}

/// Answer what is no query with an error, or with silence.
#[cold]
fn refuse(
    world: &World,
    packet: &Packet<'_>,
    unasked: Unasked,
    thread: &mut Thread,
    tally: &Tally,
    out: &mut [u8],
) -> Option<(usize, Verdict)> {
    match unasked {
        Unasked::Short => {
            tally.count(Counter::DroppedMalformed);
            None
        }
        Unasked::Response => {
            tally.count(Counter::DroppedResponse);
            None
        }
        Unasked::Header(rcode) => {
            Some((header_alone(packet.octets, out, rcode)?, Verdict::of(rcode, None)))
        }
        Unasked::Question(rcode, end, has_edns) => {
            let verdict = Verdict::of(rcode, None);
            let policy = &*world.policy;
            let edns = has_edns.then_some(&thread.edns);
            let opt = edns.map(|edns| opt_of(policy, edns, None, packet.transport));
            let kept = edns.zip(opt.as_ref()).map_or(0, |(edns, opt)| edns.length(opt));
            let limit = packet.transport.limit(policy, edns);
            let head = packet.octets.get(..end)?;
            let name = thread.name.name();
            let reply = Reply::new(out, limit, head, kept, &mut thread.known, name)?;
            if let Some(edns) = edns {
                count_options(tally, edns, None);
            }
            Some((reply.finish(verdict, edns.zip(opt.as_ref())), verdict))
        }
    }
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
