//! One world that has everything, the policies under which it is asked, and questions to all of it.
//!
//! Shared by the tests that look at the whole hot path (`tests/allocation.rs`, `src/unlocked.rs`)
//! and by the fuzz targets (`plane/fuzz`).

use gslb_plane::engine::Engine;
use serde_bytes::ByteBuf;

use super::world::{Map, Policy, Zone, address, everybody, name, opt, packet, publish, vip, zone};

/// The names of the world, and some that it has not.
pub(crate) const NAMES: [&str; 49] = [
    "@",
    "ns",
    "ns2",
    "www",
    "WwW",
    "mx",
    "txt",
    "big",
    "huge",
    "srv",
    "https",
    "service",
    "alias",
    "c1",
    "loop",
    "out",
    "any.wild",
    "deep.any.wild",
    "wild",
    "aliases.x",
    "ent",
    "a.ent",
    "child",
    "below.child",
    "dn",
    "a.dn",
    "a.dndn",
    "dnloop",
    "a.dnloop",
    "dnout",
    "a.dnout",
    "weighted",
    "sticky",
    "all",
    "mapped",
    "mapsticky",
    "dead",
    "deadnone",
    "deadfail",
    "deadother",
    "four",
    "shedhalf",
    "shedsteady",
    "shedall",
    "deadvip",
    "viplist",
    "nothing",
    "below",
    "www.below",
];

/// The types that are asked for.
pub(crate) const TYPES: [&str; 15] = [
    "A",
    "AAAA",
    "MX",
    "TXT",
    "NS",
    "SOA",
    "CNAME",
    "DNAME",
    "SRV",
    "HTTPS",
    "DS",
    "ANY",
    "AXFR",
    "TYPE0",
    "TYPE65280",
];

const LINES: &str = "\
@ 60 NS ns
@ 60 NS ns2
ns 60 A 192.0.2.53
ns2 60 A 192.0.2.54
ns2 60 AAAA 2001:db8::54
www 60 A 192.0.2.1
www 60 A 192.0.2.2
www 60 AAAA 2001:db8::1
mx 60 MX 10 www
mx 60 MX 20 weighted
mx 60 MX 30 elsewhere.
txt 60 TXT !a text of thirty-three characters
srv 60 SRV weighted
https 60 HTTPS 1 mapped
https 60 HTTPS 2 .
service 60 HTTPS 0 sticky
sticky 60 HTTPS 1 .
sticky 60 HTTPS 2 Sticky
sticky 60 HTTPS 3 www
mapsticky 60 HTTPS 1 .
all 60 HTTPS 1 all
dead 60 HTTPS 1 .
deadnone 60 HTTPS 1 .
deadfail 60 HTTPS 1 .
deadother 60 HTTPS 1 .
alias 60 CNAME weighted
c1 60 CNAME c2
c2 60 CNAME c3
c3 60 CNAME www
loop 60 CNAME loop2
loop2 60 CNAME loop
out 60 CNAME www.elsewhere.
*.wild 60 A 192.0.2.3
*.wild 60 TXT 0123456789012345678901234567890123456789012345678
*.x 60 CNAME www
a.ent 60 A 192.0.2.4
child 60 NS ns.child
child 60 NS ns.elsewhere.
child 60 DS 0123456789
ns.child 60 A 192.0.2.5
dn 60 DNAME target
target 60 A 192.0.2.6
a.target 60 A 192.0.2.7
dndn 60 DNAME dn
dnloop 60 DNAME dnloop
dnout 60 DNAME elsewhere.
viplist 60 NS weighted
";

/// Addresses of one family in three datacenters.
type Sites = [(u32, u32, &'static [(&'static str, u32)]); 3];

const SITES: Sites = [
    (0, 3, &[("192.0.2.10", 3), ("192.0.2.11", 1), ("2001:db8:1::1", 1)]),
    (1, 2, &[("198.51.100.1", 1), ("2001:db8:2::1", 65535)]),
    (2, 1, &[("203.0.113.1", 1), ("203.0.113.2", 0), ("2001:db8:3::1", 2)]),
];

/// VIPs whose pools shed: half of the clients each; with both families kept together; all of them.
const SHEDDING: [&str; 3] = ["shedhalf", "shedsteady", "shedall"];

/// The zone `z.`.
pub(crate) fn main_zone() -> Zone {
    let many = (1..=90).map(|n| format!("big 60 A 192.0.2.{n}\n"));
    // A character-string begins with its length: of "x" that is 120.
    let text = "x".repeat(241);
    let long = ('a'..='t').map(|end| format!("huge 60 TXT {text}{end}\n"));
    let mut zone = zone(&many.chain(long).fold(LINES.to_owned(), |all, line| all + &line));
    zone.maps = vec!["few".to_owned(), "many".to_owned()];
    let own: &[&[u32]] = &[&[0, 1], &[2]];
    let mut add = |owner: &str, change: fn(&mut super::world::Vip)| {
        let mut vip = vip(owner, own, &SITES);
        change(&mut vip);
        zone.vips.push(vip);
    };
    add("weighted", |_| ());
    add("sticky", |vip| vip.sticky = true);
    add("all", |vip| vip.answers = 0);
    add("mapped", |vip| (vip.map, vip.tiers) = (0, Vec::new()));
    add("mapsticky", |vip| {
        (vip.map, vip.tiers, vip.sticky, vip.answers) = (1, Vec::new(), true, 2);
    });
    add("dead", |_| ());
    add("deadnone", |vip| vip.fallback.0 = 1);
    add("deadfail", |vip| vip.fallback.0 = 2);
    add("deadother", |vip| {
        vip.fallback = (3, vec![address("203.0.113.99"), address("2001:db8::99")], -1, -1);
    });
    add("four", |vip| vip.pools.truncate(1));
    if let Some(four) = zone.vips.last_mut() {
        four.pools[0].2.truncate(2);
    }
    for owner in SHEDDING {
        let mut vip = vip(owner, own, &SITES);
        vip.steady = owner == "shedsteady";
        zone.vips.push(vip);
    }
    let mut other = vip("deadvip", own, &SITES);
    other.fallback = (4, Vec::new(), 5, 0);
    zone.vips.push(other);
    zone
}

/// A zone of ours below the first one.
pub(crate) fn lower_zone() -> Zone {
    let mut zone = zone("www.below 60 A 192.0.2.8\nbelow 60 NS ns");
    zone.origin = name("below").into();
    zone.rrsets[0].0 = name("below").into();
    zone
}

fn pack<const N: usize>(numbers: impl Iterator<Item = u64>) -> ByteBuf {
    let low = |number: u64| number.to_le_bytes().into_iter().take(N);
    ByteBuf::from(numbers.flat_map(low).collect::<Vec<u8>>())
}

/// A map of so many ranges of either family.
pub(crate) fn map(name: &str, ranges: u64) -> Map {
    let classes = || pack::<4>((0..ranges).map(|n| n % 3));
    Map {
        format: 2,
        name: name.to_owned(),
        datacenters: ["paris", "tokyo", "nowhere"].map(str::to_owned).to_vec(),
        classes: vec![vec![vec![0], vec![1, 2]], vec![vec![1]], vec![]],
        ipv4: (pack::<4>((0..ranges).map(|n| n << 23)), classes()),
        ipv6: (pack::<8>((0..ranges).map(|n| n << 52)), classes()),
    }
}

/// Two documents of either kind, for whoever takes them apart.
pub(crate) fn maps() -> [Map; 2] {
    [map("few", 5), map("many", 500)]
}

/// The engine that serves it all, with the members of `dead…` down.
pub(crate) fn engine() -> Engine {
    let engine = Engine::default();
    let (zone, maps) = (main_zone(), maps());
    publish(&engine, &zone, &maps.each_ref()).unwrap();
    publish(&engine, &lower_zone(), &[]).unwrap();
    let (mut index, mut at) = (0, 0);
    for vip in &zone.vips {
        for pool in &vip.pools {
            let shed = match vip.owner.get(1..8) {
                Some(b"shedall") => u32::MAX,
                Some(b"shedhal" | b"shedste") => u32::MAX / 2,
                _ => 0,
            };
            let word = super::world::capped(pool.1, shed);
            engine.publisher.set_pools(&zone.origin, &[(at, word)]).unwrap();
            at += 1;
            for _ in &pool.2 {
                if vip.owner.get(1..5) == Some(b"dead") {
                    engine.publisher.set_members(&zone.origin, &[(index, 0)]).unwrap();
                }
                index += 1;
            }
        }
    }
    engine
}

/// Policies: the default; everything on; everything on and strict.
pub(crate) fn policies() -> [Policy; 3] {
    let on = Policy {
        payload: 2048,
        ecs_from: vec![(ByteBuf::from([203, 0, 113, 0]), 24), everybody().swap_remove(1)],
        nsid: ByteBuf::from(*b"a node of ours"),
        version: "gslb".to_owned(),
        identity: "tokyo-1".to_owned(),
        secrets: vec![ByteBuf::from([1; 16]), ByteBuf::from([2; 16])],
        proxy_from: vec![(ByteBuf::from([10, 0, 0, 0]), 8)],
        rate: (3, 1, 24, 56, 1024, vec![(ByteBuf::from([127, 0, 0, 0]), 8)]),
        stale: true,
        ..Policy::default()
    };
    let mut strict = Policy { payload: 512, cookies_required: true, ..on.clone() };
    strict.ecs_from.clear();
    strict.rate.1 = 2;
    strict.rate.5.clear();
    [Policy::default(), on, strict]
}

/// OPT records, and a packet's tail without one.
pub(crate) fn tails() -> Vec<Vec<u8>> {
    let v4 = [0, 8, 0, 7, 0, 1, 24, 0, 10, 1, 2];
    let v6 = [0, 8, 0, 11, 0, 2, 56, 0, 0x20, 1, 0xd, 0xb8, 0, 0, 1];
    let nobody = [0, 8, 0, 4, 0, 1, 0, 0];
    let wrong = [0, 8, 0, 7, 0, 1, 24, 0, 10, 1];
    let cookie = [0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8];
    let nsid_and_padding = [0, 3, 0, 0, 0, 12, 0, 3, 0, 0, 0];
    let all = [&v4[..], &cookie, &nsid_and_padding].concat();
    let options: [&[u8]; 9] =
        [&[], &v4, &v6, &nobody, &wrong, &cookie, &nsid_and_padding, &all, &[0xff; 6]];
    let with = options.iter().map(|options| opt(1232, 0, options));
    let odd = [opt(0, 0, &[]), opt(4096, 0, &[]), opt(1232, 1, &[]), opt(512, 0, &all)];
    std::iter::once(Vec::new()).chain(with).chain(odd).collect()
}

/// Questions to every name, for every type, with every tail; and packets that ask nothing.
pub(crate) fn questions() -> Vec<Vec<u8>> {
    let tails = tails();
    let mut all = Vec::new();
    for asked in NAMES {
        for rtype in TYPES {
            for tail in &tails {
                let additional: &[&[u8]] = if tail.is_empty() { &[] } else { &[tail] };
                all.push(packet(asked, rtype, additional));
            }
        }
    }
    all.extend(oddities());
    all
}

/// Whether a packet gets an answer: no response does, nor what is shorter than a header, nor what
/// a front end has told wrongly.
pub(crate) fn is_answered(packet: &[u8]) -> bool {
    let told = packet.starts_with(b"\r\n\r\n\0\r\nQUIT\n");
    packet.len() >= 12 && packet[2] & 0x80 == 0 && (!told || packet[15] != 1)
}

/// Packets that are no plain question of class IN.
pub(crate) fn oddities() -> Vec<Vec<u8>> {
    let plain = packet("www", "A", &[]);
    let with = |at: usize, octet: u8| {
        let mut packet = plain.clone();
        packet[at] = octet;
        packet
    };
    let class = plain.len() - 1;
    let chaos = |asked: &str| {
        let mut packet = packet(asked, "TXT", &[]);
        let class = packet.len() - 1;
        packet[class] = 3;
        packet
    };
    let told = |family: u8, addresses: &[u8]| {
        let length = u8::try_from(addresses.len()).unwrap();
        [b"\r\n\r\n\0\r\nQUIT\n\x21", &[family, 0, length][..], addresses, &plain].concat()
    };
    let long = format!("{}.dn", ["l".repeat(61).as_str(); 3].join(".")) + ".z.";
    vec![
        told(0x12, &[192, 0, 2, 66, 192, 0, 2, 67, 0, 53, 0, 53]),
        told(0x22, &[0x20; 36]),
        told(0, &[]),
        told(0x12, &[1]),
        packet("www.elsewhere.", "A", &[]),
        packet(".", "NS", &[]),
        packet(&format!("{}.{long}", "k".repeat(50)), "A", &[]),
        packet(&format!("{}.dndn", ["m".repeat(59).as_str(); 4].join(".")), "A", &[]),
        chaos("version.bind."),
        chaos("id.server."),
        chaos("else.bind."),
        with(class, 4),
        with(2, 0x80),
        with(2, 0x20),
        with(5, 0),
        with(5, 2),
        with(12, 0xc0),
        plain[..7].to_vec(),
        plain[..plain.len() - 3].to_vec(),
    ]
}
