//! What is refused as a document, with a sentence; and that nothing makes the decoder panic.

use gslb_plane::engine::Engine;
use gslb_plane::random::Rng;
use gslb_plane::snapshot::Release;
use serde_bytes::ByteBuf;

use super::edns::map;
use super::world::{Map, Rrset, Zone, address, encode, name, publish, release, vip, zone};

fn good() -> Zone {
    let mut zone = zone("@ 60 NS ns\nns 60 A 192.0.2.1\nmail 60 MX 10 ns\nwww 60 CNAME ns");
    zone.vips.push(vip("vip", &[&[0]], &[(0, 1, &[("192.0.2.9", 1)])]));
    zone
}

fn refused(zone: &Zone) -> String {
    publish(&Engine::default(), zone, &[]).unwrap_err()
}

type Spoil<T> = fn(&mut T);

#[test]
fn a_bad_zone_is_refused_with_a_sentence() {
    let cases: &[(&str, Spoil<Zone>)] = &[
        ("has format 1; this plane reads 2", |zone| zone.format = 1),
        ("has format 70000; this plane reads 2", |zone| zone.format = 70_000),
        ("a zone's origin is not in lower case", |zone| zone.origin = b"\x01Z\0".to_vec().into()),
        ("a zone's origin has octets after its end", |zone| zone.origin.push(0)),
        ("a zone's origin is not a name", |zone| zone.origin = ByteBuf::new()),
        ("zone z.: has no SOA", |zone| {
            zone.rrsets.remove(0);
        }),
        ("zone z.: z. SOA: has data that is cut off", |zone| {
            zone.rrsets[0].3[0].truncate(9);
        }),
        ("zone z.: z. SOA: has data of a wrong length", |zone| zone.rrsets[0].3[0].push(0)),
        ("zone z.: z. SOA: has more than one record", |zone| {
            let again = zone.rrsets[0].3[0].clone();
            zone.rrsets[0].3.push(again);
        }),
        ("zone z.: ns.z. A: has data of a wrong length", |zone| zone.rrsets[2].3[0].push(0)),
        ("zone z.: ns.z. A: has no records", |zone| zone.rrsets[2].3.clear()),
        ("zone z.: ns.z. A: has TTL 2147483648", |zone| zone.rrsets[2].2 = 1 << 31),
        ("zone z.: ns.z. TYPE41: is of a type", |zone| zone.rrsets[2].1 = 41),
        ("the owner is not in the zone", |zone| zone.rrsets[2].0 = name("ns.y.").into()),
        ("zone z.: a name A: the owner is not in lower case", |zone| {
            zone.rrsets[2].0 = name("NS").into();
        }),
        ("zone z.: ns.z. A: stands twice", |zone| {
            let again = zone.rrsets[2].clone();
            zone.rrsets.push(again);
        }),
        ("zone z.: www.z.: has a CNAME beside other data", |zone| {
            let txt = Rrset(name("www").into(), 16, 60, vec![b"\x01a".to_vec().into()]);
            zone.rrsets.push(txt);
        }),
        ("zone z.: mail.z. MX: has data that is cut off", |zone| {
            zone.rrsets[3].3[0].truncate(1);
        }),
        ("zone z.: vip.z.: is a VIP and has a A record", |zone| {
            let address = vec![address("192.0.2.1")];
            zone.rrsets.push(Rrset(name("vip").into(), 1, 60, address));
        }),
        ("zone z.: vip.z.: is a VIP twice", |zone| {
            let again = zone.vips[0].clone();
            zone.vips.push(again);
        }),
        ("zone z.: VIP vip.y.: the owner is not in the zone", |zone| {
            zone.vips[0].owner = name("vip.y.").into();
        }),
        ("zone z.: VIP vip.z.: a tier has datacenter 3", |zone| {
            zone.vips[0].tiers = vec![vec![3]];
        }),
        ("has a pool in datacenter 9", |zone| zone.vips[0].pools[0].0 = 9),
        ("has two pools in", |zone| {
            let again = zone.vips[0].pools[0].clone();
            zone.vips[0].pools.push(again);
        }),
        ("an address has neither 4 nor 16 octets", |zone| {
            zone.vips[0].pools[0].2[0].0.push(1);
        }),
        ("cannot be read", |zone| zone.vips[0].pools[0].2[0].1 = 65536),
        ("falls back on VIP -1, which the zone has not", |zone| zone.vips[0].fallback.0 = 4),
        ("has a fallback of kind 5", |zone| zone.vips[0].fallback.0 = 5),
        ("has map 0, which the zone has not", |zone| zone.vips[0].map = 0),
        ("has map -2, which the zone has not", |zone| zone.vips[0].map = -2),
        ("has TTL 4294967295", |zone| zone.vips[0].ttl = u32::MAX),
        ("zone z.: refers to map world, which is not published", |zone| {
            zone.maps = vec!["world".to_owned()];
        }),
    ];
    publish(&Engine::default(), &good(), &[]).unwrap();
    for (sentence, spoil) in cases {
        let mut zone = good();
        spoil(&mut zone);
        let found = refused(&zone);
        assert!(found.contains(sentence), "{found:?} is not {sentence:?}");
    }
}

#[test]
fn a_bad_map_is_refused_with_a_sentence() {
    let cases: &[(&str, Spoil<Map>)] = &[
        ("a map document has format 0", |map| map.format = 0),
        ("a map has no name", |map| map.name.clear()),
        ("map world: a tier has datacenter 3", |map| map.classes[0][0][0] = 3),
        ("a range has class 1, but there are 1", |map| map.classes.truncate(1)),
        ("IPv4 ranges are not packed", |map| map.ipv4.0.push(0)),
        ("IPv6 ranges are not packed", |map| map.ipv6.1.push(0)),
        ("IPv4 ranges does not begin at address 0", |map| map.ipv4.0[3] = 1),
        ("IPv6 ranges has starts that do not ascend", |map| map.ipv6.0[15] = 0xff),
        ("does not have one class for each start", |map| map.ipv6.1.truncate(4)),
    ];
    publish(&Engine::default(), &good(), &[&map()]).unwrap();
    for (sentence, spoil) in cases {
        let mut map = map();
        spoil(&mut map);
        let found = publish(&Engine::default(), &good(), &[&map]).unwrap_err();
        assert!(found.contains(sentence), "{found:?} is not {sentence:?}");
    }
}

fn publish_octets(document: &[u8], members: &[u8], pools: &[u8]) -> Result<u64, String> {
    let zones = [(document, members, pools)];
    let release = Release { zones: &zones, ..Release::default() };
    Engine::default().publisher.publish(&release).map_err(|fault| fault.to_string())
}

#[test]
fn octets_after_the_end_and_missing_words_are_refused() {
    let (document, members, pools) = release(&good());
    let longer = [&document[..], &[0xc0]].concat();
    assert!(publish_octets(&longer, &members, &pools).unwrap_err().contains("after its end"));
    let fault = publish_octets(&document, &members[..7], &pools).unwrap_err();
    assert_eq!(fault, "zone z.: has 1 members, whose words take 8 octets and not 7");
    assert!(publish_octets(&document, &members, &[]).unwrap_err().contains("1 pools"));
}

#[test]
fn cut_and_damaged_documents_never_panic() {
    let (document, members, pools) = release(&good());
    for length in 0..document.len() {
        publish_octets(&document[..length], &members, &pools).unwrap_err();
    }
    let mut rng = Rng::new(3);
    let mut below = |end: usize| usize::try_from(rng.below(u64::try_from(end).unwrap())).unwrap();
    for _ in 0..60_000 {
        let mut damaged = document.clone();
        for _ in 0..=below(3) {
            let at = below(damaged.len());
            damaged[at] = u8::try_from(below(256)).unwrap();
        }
        let _ = publish_octets(&damaged, &members, &pools);
    }
    let map = encode(&map());
    for _ in 0..30_000 {
        let mut damaged = map.clone();
        let at = below(damaged.len());
        damaged[at] = u8::try_from(below(256)).unwrap();
        let maps = [&*damaged];
        let _ = Engine::default().publisher.publish(&Release { maps: &maps, ..Release::default() });
    }
}

#[test]
fn a_length_that_promises_too_much_is_refused_at_once() {
    for head in [&[0xdd, 0xff, 0xff, 0xff, 0xff, 1][..], &[0x96, 1, 0xc6, 0xff, 0xff, 0xff, 0xff]] {
        publish_octets(head, &[], &[]).unwrap_err();
    }
}
