//! Worlds to ask: documents as Python writes them, questions, and replies read back.

use std::fmt::Write;
use std::net::IpAddr;

use gslb_plane::engine::Engine;
use gslb_plane::name::to_text;
use gslb_plane::random::Rng;
use gslb_plane::respond::{Packet, Thread, Transport, respond};
use gslb_plane::snapshot::Release;
use gslb_plane::tally::Tally;
use gslb_plane::witness::Silent;
use serde::Serialize;
use serde_bytes::ByteBuf;

/// `gslb/snapshot.py`, field by field.
#[derive(Clone, Serialize)]
pub(crate) struct Zone {
    pub(crate) format: u32,
    pub(crate) origin: ByteBuf,
    pub(crate) datacenters: Vec<String>,
    pub(crate) maps: Vec<String>,
    pub(crate) rrsets: Vec<Rrset>,
    pub(crate) vips: Vec<Vip>,
}

#[derive(Clone, Serialize)]
pub(crate) struct Rrset(
    pub(crate) ByteBuf,
    pub(crate) u16,
    pub(crate) u32,
    pub(crate) Vec<ByteBuf>,
);

#[derive(Clone, Serialize)]
pub(crate) struct Vip {
    pub(crate) owner: ByteBuf,
    pub(crate) ttl: u32,
    pub(crate) answers: u32,
    pub(crate) sticky: bool,
    pub(crate) fallback: Fallback,
    pub(crate) map: i32,
    pub(crate) tiers: Vec<Vec<u32>>,
    pub(crate) pools: Vec<Pool>,
    pub(crate) steady: bool,
    pub(crate) prefixes: (u8, u8),
}

/// A kind, addresses, a TTL or -1, another VIP or -1.
pub(crate) type Fallback = (u8, Vec<ByteBuf>, i64, i64);

/// Datacenter, weight, members, capacity or 0.
#[derive(Clone, Serialize)]
pub(crate) struct Pool(pub(crate) u32, pub(crate) u32, pub(crate) Members, pub(crate) u32);
type Members = Vec<(ByteBuf, u32)>;

#[derive(Clone, Serialize)]
pub(crate) struct Map {
    pub(crate) format: u32,
    pub(crate) name: String,
    pub(crate) datacenters: Vec<String>,
    pub(crate) classes: Vec<Vec<Vec<u32>>>,
    pub(crate) ipv4: (ByteBuf, ByteBuf),
    pub(crate) ipv6: (ByteBuf, ByteBuf),
}

pub(crate) fn encode(document: &impl Serialize) -> Vec<u8> {
    rmp_serde::to_vec(document).unwrap()
}

/// A name in wire form, below `z.` unless it ends with a dot.
pub(crate) fn name(text: &str) -> Vec<u8> {
    let absolute = match text {
        "@" => "z.".to_owned(),
        _ if text.ends_with('.') => text.to_owned(),
        _ => format!("{text}.z."),
    };
    let mut wire = Vec::new();
    for label in absolute.split('.').filter(|label| !label.is_empty()) {
        wire.push(u8::try_from(label.len()).unwrap());
        wire.extend_from_slice(label.as_bytes());
    }
    wire.push(0);
    wire
}

pub(crate) fn number_of(rtype: &str) -> u16 {
    match rtype {
        "A" => 1,
        "NS" => 2,
        "CNAME" => 5,
        "SOA" => 6,
        "MX" => 15,
        "TXT" => 16,
        "AAAA" => 28,
        "SRV" => 33,
        "DNAME" => 39,
        "SVCB" => 64,
        "HTTPS" => 65,
        "DS" => 43,
        "IXFR" => 251,
        "AXFR" => 252,
        "ANY" => 255,
        other => other.strip_prefix("TYPE").unwrap().parse().unwrap(),
    }
}

pub(crate) fn address(text: &str) -> ByteBuf {
    ByteBuf::from(match text.parse().unwrap() {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    })
}

fn rdata(rtype: u16, text: &str) -> Vec<u8> {
    match rtype {
        1 | 28 => address(text).into_vec(),
        2 | 5 | 39 => name(text),
        6 => [name("ns"), name("admin"), vec![0; 16], vec![0, 0, 1, 44]].concat(),
        15 => {
            let (preference, host) = text.split_once(' ').unwrap();
            [preference.parse::<u16>().unwrap().to_be_bytes().to_vec(), name(host)].concat()
        }
        33 => [vec![0; 6], name(text)].concat(),
        64 | 65 => {
            let (priority, host) = text.split_once(' ').unwrap();
            let host = if host == "." { vec![0] } else { name(host) };
            [priority.parse::<u16>().unwrap().to_be_bytes().to_vec(), host].concat()
        }
        _ => text.as_bytes().to_vec(),
    }
}

/// The zone `z.` with a SOA (TTL 3600, negative TTL 300) and these records: `owner ttl type data`.
pub(crate) fn zone(lines: &str) -> Zone {
    let mut rrsets: Vec<Rrset> = Vec::new();
    for line in std::iter::once("@ 3600 SOA -").chain(lines.lines()) {
        let mut words = line.trim().splitn(4, ' ');
        let (Some(owner), Some(ttl), Some(rtype), Some(data)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            continue;
        };
        let (owner, rtype) = (name(owner), number_of(rtype));
        let data = ByteBuf::from(rdata(rtype, data.trim()));
        match rrsets.iter_mut().find(|known| *known.0 == owner && known.1 == rtype) {
            Some(known) => known.3.push(data),
            None => rrsets.push(Rrset(owner.into(), rtype, ttl.parse().unwrap(), vec![data])),
        }
    }
    Zone {
        format: 2,
        origin: name("@").into(),
        datacenters: ["tokyo", "osaka", "paris"].map(str::to_owned).to_vec(),
        maps: Vec::new(),
        rrsets,
        vips: Vec::new(),
    }
}

/// A pool as (datacenter, pool weight, [(address, member weight)]).
pub(crate) type PoolText<'t> = (u32, u32, &'t [(&'t str, u32)]);

/// A VIP with these tiers and pools.
pub(crate) fn vip(owner: &str, tiers: &[&[u32]], pools: &[PoolText<'_>]) -> Vip {
    let members =
        |list: &[(&str, u32)]| list.iter().map(|&(text, weight)| (address(text), weight)).collect();
    Vip {
        owner: name(owner).into(),
        ttl: 30,
        answers: 1,
        sticky: false,
        fallback: (0, Vec::new(), -1, -1),
        map: -1,
        tiers: tiers.iter().map(|tier| tier.to_vec()).collect(),
        pools: pools.iter().map(|&(at, weight, list)| Pool(at, weight, members(list), 0)).collect(),
        steady: false,
        prefixes: (24, 56),
    }
}

/// The word of a weight, with no TTL cap.
pub(crate) fn word(weight: u32) -> u64 {
    capped(weight, u32::MAX)
}

pub(crate) fn capped(weight: u32, cap: u32) -> u64 {
    u64::from(cap) << 32 | u64::from(weight) << 16
}

fn pack(words: impl Iterator<Item = u64>) -> Vec<u8> {
    words.flat_map(u64::to_le_bytes).collect()
}

/// A zone's document and its words, all members up.
pub(crate) fn release(zone: &Zone) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let pools = || zone.vips.iter().flat_map(|vip| &vip.pools);
    let members = pools().flat_map(|pool| &pool.2).map(|member| word(member.1));
    (encode(zone), pack(members), pack(pools().map(|pool| capped(pool.1, 0))))
}

pub(crate) fn publish(engine: &Engine, zone: &Zone, maps: &[&Map]) -> Result<u64, String> {
    let (document, members, pools) = release(zone);
    let maps: Vec<_> = maps.iter().map(|map| encode(*map)).collect();
    let maps: Vec<_> = maps.iter().map(Vec::as_slice).collect();
    let zones = [(&*document, &*members, &*pools)];
    let release = Release { revision: 7, zones: &zones, maps: &maps, ..Release::default() };
    engine.publisher.publish(&release).map_err(|fault| fault.to_string())
}

pub(crate) fn serve(zone: &Zone) -> Engine {
    let engine = Engine::default();
    publish(&engine, zone, &[]).unwrap();
    engine
}

/// `gslb/snapshot.py`, `Network`: address and prefix length.
pub(crate) type Network = (ByteBuf, u8);

/// `gslb/snapshot.py`, `Policy`, field by field.
#[derive(Clone, Serialize)]
pub(crate) struct Policy {
    pub(crate) format: u32,
    pub(crate) payload: u16,
    pub(crate) ecs_from: Vec<Network>,
    pub(crate) proxy_from: Vec<Network>,
    pub(crate) nsid: ByteBuf,
    pub(crate) version: String,
    pub(crate) identity: String,
    pub(crate) secrets: Vec<ByteBuf>,
    pub(crate) cookies_required: bool,
    pub(crate) rate: (u32, u32, u8, u8, u32, Vec<Network>),
    pub(crate) tcp: (u32, u32, u8, u8, u32, u32),
    pub(crate) stale: bool,
    pub(crate) transfers: bool,
}

/// Every network of both families.
pub(crate) fn everybody() -> Vec<Network> {
    vec![(ByteBuf::from([0; 4]), 0), (ByteBuf::from([0; 16]), 0)]
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            format: 2,
            payload: 1232,
            ecs_from: everybody(),
            proxy_from: Vec::new(),
            nsid: ByteBuf::new(),
            version: String::new(),
            identity: String::new(),
            secrets: Vec::new(),
            cookies_required: false,
            rate: (0, 1, 24, 56, 1024, Vec::new()),
            tcp: (1000, 200, 24, 56, 10_000, 5_000),
            stale: false,
            transfers: false,
        }
    }
}

/// A query packet with this tail of additional records.
pub(crate) fn packet(asked: &str, rtype: &str, additional: &[&[u8]]) -> Vec<u8> {
    let mut packet = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0];
    packet.push(u8::try_from(additional.len()).unwrap());
    packet.extend(name(asked));
    packet.extend(number_of(rtype).to_be_bytes());
    packet.extend([0, 1]);
    packet.extend(additional.concat());
    packet
}

/// An OPT record.
pub(crate) fn opt(payload: u16, version: u8, options: &[u8]) -> Vec<u8> {
    let length = u16::try_from(options.len()).unwrap().to_be_bytes();
    let fixed = [&[0, 0, 41][..], &payload.to_be_bytes(), &[0, version, 0, 0], &length];
    [&fixed.concat(), options].concat()
}

/// A reply taken apart; records as `owner ttl type data`.
#[derive(Debug, PartialEq)]
pub(crate) struct Reply {
    pub(crate) rcode: u16,
    pub(crate) flags: u16,
    pub(crate) answer: Vec<String>,
    pub(crate) authority: Vec<String>,
    pub(crate) additional: Vec<String>,
    pub(crate) opt: Option<Vec<u8>>,
    pub(crate) length: usize,
}

impl Reply {
    pub(crate) fn aa(&self) -> bool {
        self.flags & 0x0400 != 0
    }
    pub(crate) fn tc(&self) -> bool {
        self.flags & 0x0200 != 0
    }
    /// The data of the answers.
    pub(crate) fn data(&self) -> Vec<&str> {
        self.answer.iter().map(|line| line.rsplit(' ').next().unwrap()).collect()
    }
}

fn read_name(packet: &[u8], at: &mut usize) -> Vec<u8> {
    let (mut wire, mut place, mut end) = (Vec::new(), *at, None);
    loop {
        let length = usize::from(packet[place]);
        if length >= 0xc0 {
            end = end.or(Some(place + 2));
            let to = (length & 0x3f) << 8 | usize::from(packet[place + 1]);
            assert!(to < place, "a pointer must point back");
            place = to;
            continue;
        }
        wire.extend_from_slice(&packet[place..=place + length]);
        place += 1 + length;
        if length == 0 {
            *at = end.unwrap_or(place);
            return wire;
        }
    }
}

fn show(packet: &[u8], rtype: u16, at: usize, length: usize) -> String {
    let data = &packet[at..at + length];
    let mut place = at;
    match rtype {
        1 => IpAddr::from(<[u8; 4]>::try_from(data).unwrap()).to_string(),
        28 => IpAddr::from(<[u8; 16]>::try_from(data).unwrap()).to_string(),
        2 | 5 | 6 | 39 => to_text(&read_name(packet, &mut place)),
        15 => {
            place += 2;
            format!("{} {}", data[1], to_text(&read_name(packet, &mut place)))
        }
        _ => data.iter().fold(String::new(), |mut hex, octet| {
            write!(hex, "{octet:02x}").unwrap();
            hex
        }),
    }
}

pub(crate) fn read(packet: &[u8]) -> Reply {
    let number = |at: usize| u16::from_be_bytes([packet[at], packet[at + 1]]);
    let mut at = 12;
    for _ in 0..number(4) {
        read_name(packet, &mut at);
        at += 4;
    }
    let (mut sections, mut opt) = ([const { Vec::new() }; 3], None);
    let mut rcode = number(2) & 0x0f;
    for (section, count) in [number(6), number(8), number(10)].into_iter().enumerate() {
        for _ in 0..count {
            let owner = to_text(&read_name(packet, &mut at));
            let (rtype, length) = (number(at), usize::from(number(at + 8)));
            let ttl = u32::from(number(at + 4)) << 16 | u32::from(number(at + 6));
            at += 10;
            if rtype == 41 {
                rcode |= u16::try_from(ttl >> 24).unwrap() << 4;
                opt = Some(packet[at..at + length].to_vec());
            } else {
                let rtype_text = gslb_plane::wire::rtype::to_text(rtype);
                let data = show(packet, rtype, at, length);
                sections[section].push(format!("{owner} {ttl} {rtype_text} {data}"));
            }
            at += length;
        }
    }
    assert_eq!(at, packet.len(), "nothing may stand behind the last record");
    let [answer, authority, additional] = sections;
    Reply { rcode, flags: number(2), answer, authority, additional, opt, length: packet.len() }
}

pub(crate) const SOURCE: &str = "203.0.113.7";

pub(crate) fn ask_packet(engine: &Engine, packet: &[u8], source: &str, seed: u64) -> Reply {
    let source = source.parse().unwrap();
    read(&engine.respond(packet, source, Transport::Udp, Some(seed)).unwrap())
}

/// Ask a packet from a source at a moment, over UDP, and count what becomes of it.
pub(crate) fn at(
    engine: &Engine,
    octets: &[u8],
    source: &str,
    now: u32,
    tally: &Tally,
) -> Option<Reply> {
    let mut thread = Thread::new(Rng::new(1));
    let source = source.parse().unwrap();
    let packet = Packet { octets, source, front_end: None, transport: Transport::Udp, now };
    let (world, mut out) = (engine.publisher.world(), [0; 4096]);
    let length = respond(&world, &packet, &mut thread, tally, &mut Silent, &mut out)?;
    Some(read(&out[..length]))
}

pub(crate) fn ask(engine: &Engine, asked: &str, rtype: &str) -> Reply {
    ask_packet(engine, &packet(asked, rtype, &[]), SOURCE, 1)
}
