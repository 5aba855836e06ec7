//! What must hold of every reply, whatever was asked.
//!
//! ```text
//! read      by `strict`, and by NLnet Labs' `domain` under libFuzzer
//! header    ID, opcode and RD as asked; QR; RA, Z, AD and CD clear; the question octet for octet
//! length    at most what transport, query and policy allow
//! options   only what was asked for, and as it was asked
//! denials   have a SOA; no record stands twice in a section; an RRset has one TTL
//! UDP, TCP  the same sections, or TC; TC only if the whole did not fit
//! explain   the witness changes nothing
//! counters  one message, one rcode or one cause of silence
//! ```

use std::cell::Cell;
use std::net::IpAddr;

use gslb_plane::engine::Engine;
use gslb_plane::random::Rng;
use gslb_plane::respond::{Packet, Thread, Transport, respond};
use gslb_plane::tally::{Counter, Tally};
use gslb_plane::trace::Trace;
use gslb_plane::witness::{Silent, Witness};

use crate::strict::{self, Message, Record};

/// A question, and how it comes.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Its octets.
    pub octets: &'a [u8],
    /// Who asks.
    pub source: IpAddr,
    /// The front end that told who asks.
    pub front_end: Option<IpAddr>,
    /// By what it comes.
    pub transport: Transport,
    /// What fixes the draws.
    pub seed: u64,
    /// When, in seconds.
    pub now: u32,
}

/// Whom a target asks: a world under a policy, and what it has counted.
pub struct Server {
    /// The world.
    pub engine: Engine,
    /// The longest answer over UDP that the policy allows.
    pub payload: usize,
    /// Answers a second that the policy allows; 0 if there is no limit.
    pub limit: u32,
    /// Whether the compiler has seen what is served: then no record stands twice, and all data can
    /// be read.
    pub sound: bool,
    /// The time of the next input: each has a second of its own.
    pub clock: Cell<u32>,
    tally: Tally,
}

const RCODES: [Counter; 9] = [
    Counter::Noerror,
    Counter::Formerr,
    Counter::Servfail,
    Counter::Nxdomain,
    Counter::Notimp,
    Counter::Refused,
    Counter::Yxdomain,
    Counter::Badvers,
    Counter::Badcookie,
];
const CAUSES: [Counter; 3] =
    [Counter::DroppedMalformed, Counter::DroppedResponse, Counter::DroppedLimited];

const TC: u16 = 0x0200;
const AA: u16 = 0x0400;
const SOA: u16 = 6;
const BADCOOKIE: u16 = 23;

impl Server {
    /// Begin with an engine whose policy says these.
    #[must_use]
    pub fn new(engine: Engine, payload: u16, limit: u32) -> Self {
        let clock = Cell::new(1_000_000);
        Self { engine, payload: payload.into(), limit, sound: true, clock, tally: Tally::default() }
    }

    /// The time of a new input.
    pub fn tick(&self) -> u32 {
        self.clock.set(self.clock.get().wrapping_add(1));
        self.clock.get()
    }

    fn answer<W: Witness>(&self, ask: &Ask<'_>, witness: &mut W) -> Option<Vec<u8>> {
        let sum = |all: &[Counter]| all.iter().map(|one| self.tally.read(*one)).sum::<u64>();
        let (rcodes, causes) = (sum(&RCODES), sum(&CAUSES));
        let mut thread = Thread::new(Rng::new(ask.seed));
        let mut out = vec![0xaa; usize::from(u16::MAX)];
        let Ask { octets, source, front_end, transport, now, .. } = *ask;
        let packet = Packet { octets, source, front_end, transport, now };
        let world = self.engine.publisher.world();
        let length = respond(&world, &packet, &mut thread, &self.tally, witness, &mut out);
        let counted = (sum(&RCODES) - rcodes, sum(&CAUSES) - causes);
        assert_eq!(counted, if length.is_some() { (1, 0) } else { (0, 1) }, "what was counted");
        out.truncate(length?);
        Some(out)
    }

    /// Ask, and see that what comes of it is right; give the reply, read.
    ///
    /// # Panics
    /// If it is not, as everything here.
    pub fn ask(&self, ask: &Ask<'_>) -> Option<(Message, usize)> {
        let reply = self.answer(ask, &mut Silent)?;
        let message = if self.sound { read(&reply) } else { read_strictly(&reply) };
        self.check_limit(ask, &message, reply.len());
        check_header(ask.octets, &message);
        check_options(ask, &message);
        check_denial(&message);
        if self.sound {
            check_sections(&message);
        }
        Some((message, reply.len()))
    }

    /// Ask by every transport, and compare.
    ///
    /// # Panics
    /// If they differ where they may not.
    pub fn compare(&self, ask: &Ask<'_>) {
        let [udp, tcp, encrypted] = [Transport::Udp, Transport::Tcp, Transport::Encrypted]
            .map(|transport| self.ask(&Ask { transport, ..*ask }));
        let (Some((short, _)), Some((long, length)), Some((padded, _))) = (&udp, &tcp, &encrypted)
        else {
            assert!(udp.is_none() && tcp.is_none() && encrypted.is_none(), "one is silent");
            return;
        };
        assert_eq!(long.flags & TC, 0, "TC over TCP");
        assert_eq!(sections(long), sections(padded), "encrypted");
        assert_eq!(long.rcode, padded.rcode, "encrypted");
        if short.rcode == BADCOOKIE {
            return;
        }
        assert_eq!(short.flags & !TC, long.flags, "UDP and TCP");
        // The end of a chain that was cut off is not known, nor is then the rcode.
        assert!(short.rcode == long.rcode || (short.rcode == 0 && short.flags & TC != 0));
        if short.flags & TC == 0 {
            assert_eq!(short.answer, long.answer, "UDP and TCP");
            assert_eq!(short.authority, long.authority, "UDP and TCP");
        } else {
            assert!(*length > self.udp_limit(ask.octets), "TC although {length} octets fit");
            for record in &short.answer {
                let rrset = |all: &[Record]| all.iter().filter(|one| same_set(one, record)).count();
                assert_eq!(rrset(&short.answer), rrset(&long.answer), "a part of an RRset");
            }
        }
        self.check_witness(ask);
    }

    /// The witness that writes everything down changes nothing.
    fn check_witness(&self, ask: &Ask<'_>) {
        let mut trace = Trace::new();
        let tcp = Ask { transport: Transport::Tcp, ..*ask };
        assert_eq!(self.answer(&tcp, &mut trace), self.answer(&tcp, &mut Silent), "{trace:?}");
    }

    /// Ask until the limit holds: what comes then is empty or nothing.
    ///
    /// # Panics
    /// If it is neither.
    pub fn flood(&self, ask: &Ask<'_>) {
        let udp = Ask { transport: Transport::Udp, ..*ask };
        for _ in 0..self.limit {
            if self.ask(&udp).is_none_or(|(message, _)| message.flags & TC != 0) {
                return; // nothing, or it is cut for its length
            }
        }
        for _ in 0..2 {
            if let Some((message, length)) = self.ask(&udp) {
                if message.flags & TC != 0 && message.flags & AA == 0 {
                    assert!(message.answer.is_empty() && message.authority.is_empty());
                    // At most the question, and an OPT record with a cookie and a subnet.
                    assert!(length <= ask.octets.len() + 11 + 28 + 24, "it amplifies");
                }
            }
        }
    }

    fn udp_limit(&self, octets: &[u8]) -> usize {
        let payload = opt_of(octets).map_or(512, |(payload, _)| payload.into());
        payload.clamp(512, self.payload)
    }

    fn check_limit(&self, ask: &Ask<'_>, message: &Message, length: usize) {
        let limit = match (ask.transport, &message.opt) {
            (Transport::Tcp | Transport::Encrypted, _) => 65535,
            (Transport::Udp, Some(_)) => self.udp_limit(ask.octets),
            (Transport::Udp, None) => 512,
        };
        assert!(length <= limit, "{length} octets, above {limit}");
    }
}

/// Read a reply, by both readers.
///
/// # Panics
/// If one of them refuses it.
#[must_use]
pub fn read(reply: &[u8]) -> Message {
    let message = read_strictly(reply);
    #[cfg(feature = "libfuzzer")]
    read_by_others(reply, &message);
    message
}

fn read_strictly(reply: &[u8]) -> Message {
    let message = strict::read(reply);
    message.unwrap_or_else(|odd| panic!("{odd}: {reply:02x?}"))
}

/// Have `domain` read a reply and its data.
#[cfg(feature = "libfuzzer")]
fn read_by_others(reply: &[u8], message: &Message) {
    use domain::base::Message as Theirs;
    use domain::rdata::AllRecordData;

    let theirs = Theirs::from_octets(reply).expect("a header");
    for question in theirs.question() {
        question.expect("a question");
    }
    let mut counts = [0; 3];
    let mut section = theirs.answer().ok();
    for count in &mut counts {
        let mut records = section.expect("a section");
        for record in records.by_ref() {
            let record = record.expect("a record");
            record.to_any_record::<AllRecordData<_, _>>().expect("its data");
            *count += 1;
        }
        section = records.next_section().expect("a section's end");
    }
    let additional = message.additional.len() + usize::from(message.opt.is_some());
    assert_eq!(counts, [message.answer.len(), message.authority.len(), additional]);
    // `domain` knows no subnet of family 0, as dig sends one to say "nobody"; we echo it.
    let familiar = |opt: &&strict::Opt| opt.option(8).is_none_or(|subnet| subnet[1] > 0);
    if message.opt.as_ref().filter(familiar).is_some() {
        let opt = theirs.opt().expect("the OPT record");
        for option in opt.opt().iter::<domain::base::opt::AllOptData<_, _>>() {
            option.expect("an option");
        }
    }
}

fn check_header(query: &[u8], message: &Message) {
    assert_eq!(message.id, u16::from_be_bytes([query[0], query[1]]), "the ID");
    assert_eq!(message.flags >> 8 & 0x79, u16::from(query[2] & 0x79), "opcode and RD");
    assert_eq!(message.flags & 0x00f0, 0, "RA, Z, AD and CD");
    if let Some(question) = &message.question {
        assert_eq!(query.get(12..12 + question.len()), Some(&question[..]), "the question");
    } else {
        assert!(matches!(message.rcode, 1 | 4), "rcode {} without a question", message.rcode);
    }
    assert!(matches!(message.rcode, 0..=6 | 16 | BADCOOKIE), "rcode {}", message.rcode);
    let silent = !matches!(message.rcode, 0 | 3 | 6);
    assert!(!silent || message.flags & AA == 0, "AA with rcode {}", message.rcode);
    assert!(!silent || message.answer.is_empty(), "an answer with rcode {}", message.rcode);
}

fn check_options(ask: &Ask<'_>, message: &Message) {
    let Some(opt) = &message.opt else {
        assert!(message.rcode < 16, "an rcode that needs an OPT record");
        return;
    };
    let (_, asked) = opt_of(ask.octets).expect("an OPT record unasked for");
    let asked_for =
        |code: u16| asked.iter().filter(move |(known, _)| *known == code).map(|(_, data)| *data);
    assert_eq!(opt.version, 0);
    assert_eq!(opt.flags & 0x7fff, 0, "flags that nobody knows");
    for (code, data) in &opt.options {
        match code {
            8 => {
                let told = asked_for(8).next().expect("a subnet unasked for");
                assert_eq!((&data[..3], &data[4..]), (&told[..3], &told[4..]), "the subnet");
                let most = [0, 32, 128][usize::from(data[1])];
                assert!(data[3] <= most, "scope {}", data[3]);
                assert!(data[2] > 0 || data[3] == 0, "who asks not to be located gets scope 0");
            }
            10 => {
                let mut cookies = asked_for(10);
                assert!(cookies.any(|cookie| cookie.get(..8) == Some(&data[..8])), "the cookie");
                assert_eq!(data.len(), 24);
            }
            3 => assert!(asked_for(3).next().is_some(), "NSID unasked for"),
            12 => {
                assert!(asked_for(12).next().is_some(), "padding unasked for");
                assert_eq!(ask.transport, Transport::Encrypted);
                assert!(data.iter().all(|&octet| octet == 0));
            }
            15 => match data.as_slice() {
                [0, 0, text @ ..] => assert_eq!(text, b"last resort: nothing is live"),
                code => assert!(matches!(code, [0, 3 | 14 | 18 | 20]), "extended error {code:?}"),
            },
            _ => panic!("option {code}"),
        }
        let _ = opt.option(*code); // once at most
    }
}

fn check_denial(message: &Message) {
    let whole = message.flags & TC == 0;
    let ours = message.flags & AA != 0;
    let internet = message.question.as_ref().is_some_and(|asked| asked.ends_with(&[0, 1]));
    let has_soa = message.authority.iter().any(|record| record.rtype == SOA);
    if whole && ours && internet && (message.rcode == 3 || message.answer.is_empty()) {
        assert!(has_soa || message.rcode == 6, "a denial without SOA");
    }
}

fn check_sections(message: &Message) {
    for section in [&message.answer, &message.authority, &message.additional] {
        for (at, record) in section.iter().enumerate() {
            let before = &section[..at];
            assert!(!before.contains(record), "{record:x?} stands twice");
            let set = before.iter().find(|one| same_set(one, record));
            assert!(set.is_none_or(|one| one.ttl == record.ttl), "two TTLs: {record:x?}");
        }
    }
}

fn same_set(one: &Record, other: &Record) -> bool {
    (&one.owner, one.rtype, one.class) == (&other.owner, other.rtype, other.class)
}

fn sections(message: &Message) -> [&[Record]; 3] {
    [&message.answer, &message.authority, &message.additional]
}

type Found<'q> = (u16, Vec<(u16, &'q [u8])>);

/// The payload size and the options of a query's OPT record.
#[must_use]
pub fn opt_of(query: &[u8]) -> Option<Found<'_>> {
    let number = |at: usize| Some(u16::from_be_bytes([*query.get(at)?, *query.get(at + 1)?]));
    let name_end = |mut at: usize| loop {
        match *query.get(at)? {
            0 => return Some(at + 1),
            0xc0.. => return Some(at + 2),
            length => at += 1 + usize::from(length),
        }
    };
    let mut at = name_end(12)? + 4;
    let before = u32::from(number(6)?) + u32::from(number(8)?);
    for record in 0..before + u32::from(number(10)?) {
        let fixed = name_end(at)?;
        at = fixed + 10 + usize::from(number(fixed + 8)?);
        // In another section it is nothing (RFC 6891 section 6.1.1).
        if record >= before && number(fixed)? == 41 {
            let (mut options, mut rest) = (Vec::new(), query.get(fixed + 10..at)?);
            while let [c1, c2, l1, l2, behind @ ..] = rest {
                let length = usize::from(u16::from_be_bytes([*l1, *l2]));
                options.push((u16::from_be_bytes([*c1, *c2]), behind.get(..length)?));
                rest = &behind[length..];
            }
            return Some((number(fixed + 2)?, options));
        }
    }
    None
}
