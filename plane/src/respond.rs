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

mod unasked;

use self::unasked::refuse;
use crate::answer::{Hints, MAX_LINKS, Question, Tools, answer};
use crate::asked::Asked;
use crate::chaos;
use crate::choose::Draw;
use crate::limit::{Kind, Ruling, cost};
use crate::name::Split;
use crate::random::Rng;
use crate::snapshot::{Policy, World};
use crate::tally::{Counter, Tally};
use crate::wire::edns::{Edns, ExtendedError, Opt, Subnet};
use crate::wire::proxy;
use crate::wire::query::{self, Query};
use crate::wire::reply::{Reply, Verdict};
use crate::wire::{CH, IN, Known, PLAIN_PAYLOAD, Rcode, rtype};
use crate::witness::{Client, Origin, Witness};

/// What a thread keeps from packet to packet.
#[derive(Debug)]
pub struct Thread {
    rng: Rng,
    asked: Asked,
    edns: Edns,
    known: Known,
    draw: Draw,
    hints: Hints,
    /// Room for the names that DNAMEs make.
    renamed: Box<[Split]>,
}

impl Thread {
    /// Begin with a generator.
    #[must_use]
    pub fn new(rng: Rng) -> Self {
        Self {
            rng,
            asked: Asked::default(),
            edns: Edns::default(),
            known: Known::default(),
            draw: Draw::default(),
            hints: Hints::default(),
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
            (Self::Udp, Some(edns)) => edns.payload.min(policy.payload).max(PLAIN_PAYLOAD),
        })
    }
}

/// A packet and where it came from.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'p> {
    /// Its octets.
    pub octets: &'p [u8],
    /// The address that asks: the sender's, or the one that a front end told.
    pub source: IpAddr,
    /// The front end that told it (PROXY protocol).
    pub front_end: Option<IpAddr>,
    /// What it came by.
    pub transport: Transport,
    /// The time, in seconds since 1970.
    pub now: u32,
}

impl<'p> Packet<'p> {
    /// Take a packet as it came, alone, from a sender: a front end that the policy trusts may say
    /// for whom it asks. `None` if what it says is malformed, so that the packet must be dropped.
    #[must_use]
    #[inline]
    pub fn received(
        policy: &Policy,
        octets: &'p [u8],
        sender: IpAddr,
        transport: Transport,
        now: u32,
    ) -> Option<Self> {
        let mut packet = Self { octets, source: sender, front_end: None, transport, now };
        packet.unwrap_from(policy).then_some(packet)
    }

    /// Take off what a front end that the policy trusts put before the message; false if that is
    /// malformed, so that the packet must be dropped.
    #[must_use]
    #[inline]
    pub fn unwrap_from(&mut self, policy: &Policy) -> bool {
        !policy.proxy_from.contain(self.source) || self.take_off_header().is_some()
    }

    #[cold]
    fn take_off_header(&mut self) -> Option<()> {
        let (octets, client) = proxy::datagram(self.octets)?;
        self.octets = octets;
        if let Some(client) = client {
            self.front_end = Some(self.source.to_canonical());
            self.source = client;
        }
        Some(())
    }
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
    let read = query::read(packet.octets, &mut thread.asked, &mut thread.edns);
    let (length, verdict) = match read {
        Ok(query) => Answerer { world, packet, tally }.reply(query, thread, witness, out)?,
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
        query: Query,
        thread: &mut Thread,
        witness: &mut W,
        out: &mut [u8],
    ) -> Option<(usize, Verdict)> {
        let Self { world, packet, tally } = *self;
        let policy = &*world.policy;
        let Thread { rng, asked, edns, known, draw, hints, renamed } = thread;
        let qtype = self.answered_type(query.qtype);
        let found = match world.remembered(asked, qtype) {
            None => world.look_up(asked, qtype),
            found => found,
        };
        let asked = &*asked;
        let mut opt = Opt::new(policy.payload, packet.transport == Transport::Encrypted);
        let (mut trusted, mut subnet) = (None, None);
        let edns = if query.has_edns {
            if edns.has_options {
                (trusted, subnet) = self.options(edns, &mut opt);
            }
            Some(&*edns)
        } else {
            None
        };
        let kept = edns.map_or(0, |edns| edns.length(&opt));
        let limit = packet.transport.limit(policy, edns);
        let head = packet.octets.get(..query.question_end)?;
        let mut reply = Reply::new(out, limit, head, kept, known, asked)?;
        let client = match subnet {
            Some(Subnet { address, source: prefix, .. }) => {
                Client { address, prefix, origin: Origin::Ecs }
            }
            None => Client::at(packet.source, packet.front_end.is_some()),
        };
        let explain = policy.explain_txt.then_some(world.revision);
        let question = Question { asked, qtype, client, explain };
        witness.asked(asked.name().wire(), query.qtype, &question.client);
        if let Some(front_end) = packet.front_end {
            witness.told(front_end);
        }
        let mut verdict = if let Some(refusal) = self.refusal(query, edns, trusted) {
            refusal
        } else if query.qclass == CH {
            chaos::answer(policy, asked.name().wire(), query.qtype, &mut reply)
        } else if let Some((linked, found)) = found {
            witness.zone(world, &linked.zone);
            let tools = Tools { rng, draw, hints, renamed, tally };
            answer((linked, found), &question, &mut reply, tools, witness)
        } else {
            nobodys(world)
        };
        if policy.stale && verdict.error.is_none() {
            verdict.error = Some(ExtendedError::Stale);
        }
        if !W::RECORDS && policy.rate.limit > 0 && trusted != Some(true) {
            match rule(world, packet, || (Self::kind(&reply, verdict), reply.length())) {
                Ruling::Pass => {}
                Ruling::Slip => {
                    tally.count(Counter::Limited);
                    // Little enough that nobody is flooded with it: no records, no identifier.
                    reply.back_to_question(query.question_end);
                    verdict = Verdict { truncated: true, ..Verdict::of(Rcode::Noerror, None) };
                    opt.nsid = &[];
                }
                Ruling::Drop => {
                    tally.count(Counter::DroppedLimited);
                    return None;
                }
            }
        }
        tally.count_type(query.qtype);
        if let Some(edns) = edns {
            count_options(tally, edns, trusted);
        }
        Some((reply.finish(verdict, edns.map(|edns| (edns, &opt))), verdict))
    }

    /// Look at the options of a query, and at what our OPT record must say; tell whether it has a
    /// cookie, and a right one, and the client subnet that it is believed.
    #[inline]
    fn options<'p>(&self, edns: &mut Edns, opt: &mut Opt<'p>) -> (Option<bool>, Option<Subnet>)
    where
        Self: 'p,
    {
        let Self { world, packet, .. } = *self;
        let policy = &*world.policy;
        if edns.subnet.is_some() && !policy.ecs_from.contain(packet.source) {
            edns.subnet = None; // as if it were an option that we do not know
        }
        if edns.nsid {
            opt.nsid = &policy.nsid;
        }
        let trusted = edns.cookie.as_ref().and_then(|cookie| {
            let checked = cookie.check(&policy.cookies.secrets, packet.source, packet.now)?;
            opt.cookie = Some(checked.server);
            Some(checked.valid)
        });
        (trusted, edns.subnet)
    }

    /// The type that is answered: IXFR over UDP gets the SOA alone, by which the client sees
    /// whether to ask over TCP (RFC 1995 section 2).
    #[inline]
    fn answered_type(&self, qtype: u16) -> u16 {
        let udp = self.packet.transport == Transport::Udp;
        if qtype == rtype::IXFR && udp && self.world.policy.transfers { rtype::SOA } else { qtype }
    }

    /// Why a question is not looked at, if it is not; `trusted` says of its cookie whether it is
    /// right.
    #[inline]
    fn refusal(&self, query: Query, edns: Option<&Edns>, trusted: Option<bool>) -> Option<Verdict> {
        if edns.is_some_and(|edns| edns.version != 0) {
            return Some(Verdict::of(Rcode::Badvers, None));
        }
        if trusted == Some(false)
            && self.world.policy.cookies.required
            && self.packet.transport == Transport::Udp
        {
            return Some(Verdict::of(Rcode::Badcookie, None));
        }
        match (query.qclass, self.answered_type(query.qtype)) {
            (IN, rtype::AXFR | rtype::IXFR) => {
                Some(Verdict::of(Rcode::Refused, Some(ExtendedError::Prohibited)))
            }
            (IN | CH, _) => None,
            _ => Some(Verdict::of(Rcode::Refused, None)),
        }
    }

    /// Of what kind an answer is.
    #[inline]
    fn kind(reply: &Reply<'_>, verdict: Verdict) -> Kind {
        match verdict.rcode {
            Rcode::Noerror if reply.has_answer() => Kind::Answer,
            Rcode::Noerror if !verdict.authoritative => Kind::Referral,
            Rcode::Noerror | Rcode::Nxdomain => Kind::Denial,
            _ => Kind::Error,
        }
    }
}

/// Rule on an answer of a kind and a length that may be one of too many.
#[inline]
fn rule(world: &World, packet: &Packet<'_>, answer: impl FnOnce() -> (Kind, usize)) -> Ruling {
    let rate = &world.policy.rate;
    if rate.limit == 0 || packet.transport != Transport::Udp || rate.exempt.contain(packet.source) {
        return Ruling::Pass;
    }
    let (kind, length) = answer();
    rule_by_network(world, packet, kind, length)
}

/// Rule on it by the client's network.
#[inline(never)]
fn rule_by_network(world: &World, packet: &Packet<'_>, kind: Kind, length: usize) -> Ruling {
    let policy = &*world.policy;
    let rate = &policy.rate;
    let Packet { source, now, .. } = *packet;
    let network = rate.prefixes.network(source);
    let cost = cost(packet.octets.len(), length);
    policy.limiter.rule(network, (kind, cost), (rate.limit, rate.slip), now)
}

/// Count the options of a query that is answered; `trusted` says whether its cookie is right.
#[inline]
fn count_options(tally: &Tally, edns: &Edns, trusted: Option<bool>) {
    tally.count(Counter::Edns);
    if !edns.has_options {
        return;
    }
    if edns.subnet.is_some() {
        tally.count(Counter::Ecs);
    }
    if edns.cookie.is_some() {
        tally.count(Counter::Cookies);
    }
    if trusted == Some(true) {
        tally.count(Counter::CookiesValid);
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
