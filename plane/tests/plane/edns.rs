//! EDNS (RFC 6891), client subnet (RFC 7871), truncation (RFC 2181 section 9).

use gslb_plane::engine::Engine;
use gslb_plane::respond::Transport;
use serde_bytes::ByteBuf;

use super::world::{Map, SOURCE, ask_packet, opt, packet, publish, read, serve, vip, zone};

fn subnet(family: u8, source: u8, scope: u8, told: &[u8]) -> Vec<u8> {
    let length = u8::try_from(told.len() + 4).unwrap();
    [&[0, 8, 0, length, 0, family, source, scope], told].concat()
}

#[test]
fn opt_goes_out_only_if_it_came_in() {
    let engine = serve(&zone("www 60 A 192.0.2.1"));
    assert_eq!(ask_packet(&engine, &packet("www", "A", &[]), SOURCE, 1).opt, None);
    for asked in ["www", "nope"] {
        let query = packet(asked, "A", &[&opt(1232, 0, &[])]);
        assert_eq!(ask_packet(&engine, &query, SOURCE, 1).opt, Some(vec![]), "{asked}");
    }
    let query = packet("x.elsewhere.", "A", &[&opt(1232, 0, &[])]);
    let reply = ask_packet(&engine, &query, SOURCE, 1);
    assert_eq!(reply.opt, Some(vec![0, 15, 0, 2, 0, 20]), "RFC 8914: not authoritative");
}

#[test]
fn badvers_and_format_errors() {
    let engine = serve(&zone("www 60 A 192.0.2.1"));
    let rcode = |additional: &[&[u8]]| {
        ask_packet(&engine, &packet("www", "A", additional), SOURCE, 1).rcode
    };
    let fine = opt(1232, 0, &[]);
    assert_eq!(rcode(&[&opt(1232, 1, &[])]), 16);
    assert_eq!(rcode(&[&fine, &fine]), 1);
    assert_eq!(rcode(&[&[&[1, b'a'], &fine[..]].concat()]), 1);
    assert_eq!(rcode(&[&opt(1232, 0, &[0, 99, 0, 9, 1])]), 1);
    assert_eq!(rcode(&[&opt(1232, 0, &[0, 99, 0, 1, 1])]), 0);
    for (about, option) in [
        ("a scope", subnet(1, 24, 24, &[10, 1, 2])),
        ("bits beyond the prefix", subnet(1, 20, 0, &[10, 1, 2])),
        ("too many octets", subnet(1, 16, 0, &[10, 1, 0])),
        ("too few octets", subnet(1, 24, 0, &[10, 1])),
        ("too long a prefix", subnet(1, 33, 0, &[10, 1, 2, 3, 0])),
        ("an unknown family", subnet(3, 8, 0, &[10])),
        ("no room for a family", vec![0, 8, 0, 1, 0]),
        ("two of them", [subnet(1, 8, 0, &[10]), subnet(1, 8, 0, &[10])].concat()),
    ] {
        let query = packet("www", "A", &[&opt(1232, 0, &option)]);
        let reply = ask_packet(&engine, &query, SOURCE, 1);
        assert_eq!((reply.rcode, reply.opt), (1, Some(vec![])), "{about}");
    }
}

fn numbers<const N: usize>(list: &[[u8; N]]) -> ByteBuf {
    ByteBuf::from(list.concat())
}

/// A map: `10.0.0.0/8` and `2001:db8::/32` to osaka, all others to tokyo.
pub(crate) fn map() -> Map {
    let classes = || numbers(&[0u32, 1, 0].map(u32::to_le_bytes));
    let v6 = [0u64, 0x2001_0db8 << 32, 0x2001_0db9 << 32].map(u64::to_le_bytes);
    Map {
        format: 2,
        name: "world".to_owned(),
        datacenters: vec!["osaka".to_owned(), "nowhere".to_owned(), "tokyo".to_owned()],
        classes: vec![vec![vec![1], vec![2]], vec![vec![0], vec![2]]],
        ipv4: (numbers(&[0u32, 10 << 24, 11 << 24].map(u32::to_le_bytes)), classes()),
        ipv6: (numbers(&v6), classes()),
    }
}

fn mapped(sticky: bool) -> Engine {
    let mut zone = zone("www 60 A 192.0.2.1");
    zone.maps = vec!["world".to_owned()];
    let two = [("192.0.2.1", 1), ("192.0.2.3", 1)];
    let both = [("192.0.2.2", 1), ("192.0.2.4", 1)];
    let count = if sticky { 2 } else { 1 }; // the only one needs no draw, and its scope is wide
    let pools = [(0, 1, &two[..count]), (1, 1, &both[..count])];
    let mut vip = vip("vip", &[], &pools);
    (vip.map, vip.sticky) = (0, sticky);
    zone.vips.push(vip);
    let engine = Engine::default();
    publish(&engine, &zone, &[&map()]).unwrap();
    engine
}

#[test]
fn the_subnet_is_the_client_and_the_scope_is_as_wide_as_the_answer_is_true() {
    for (option, answer, scope, sticky_scope) in [
        (subnet(1, 24, 0, &[10, 1, 2]), "192.0.2.2", 8, 24),
        (subnet(1, 24, 0, &[11, 1, 2]), "192.0.2.1", 8, 24),
        (subnet(1, 24, 0, &[203, 0, 113]), "192.0.2.1", 1, 24),
        (subnet(1, 0, 0, &[]), "192.0.2.1", 0, 0),
        (subnet(0, 0, 0, &[]), "192.0.2.1", 0, 0),
        (subnet(2, 48, 0, &[0x20, 1, 0xd, 0xb8, 0, 1]), "192.0.2.2", 32, 56),
        (subnet(2, 8, 0, &[0xfd]), "192.0.2.1", 1, 56),
    ] {
        for (sticky, scope) in [(false, scope), (true, sticky_scope)] {
            let query = packet("vip", "A", &[&opt(1232, 0, &option)]);
            let reply = ask_packet(&mapped(sticky), &query, "10.0.0.1", 1);
            assert!(sticky || reply.data() == [answer], "{option:?}");
            let mut echoed = option.clone();
            echoed[7] = scope;
            assert_eq!(reply.opt, Some(echoed), "{option:?} {sticky}");
        }
    }
}

#[test]
fn without_a_subnet_the_source_is_the_client() {
    let engine = mapped(false);
    for (source, answer) in [
        ("10.255.255.255", "192.0.2.2"),
        ("11.0.0.0", "192.0.2.1"),
        ("::ffff:10.0.0.1", "192.0.2.2"),
        ("2001:db8::1", "192.0.2.2"),
    ] {
        let reply = ask_packet(&engine, &packet("vip", "A", &[]), source, 1);
        assert_eq!(reply.data(), [answer], "{source}");
    }
}

#[test]
fn static_answers_have_scope_0() {
    let option = subnet(1, 24, 0, &[10, 1, 2]);
    let query = packet("www", "A", &[&opt(1232, 0, &option)]);
    assert_eq!(ask_packet(&mapped(true), &query, SOURCE, 1).opt, Some(option));
}

#[test]
fn replies_fit_and_truncation_leaves_whole_rrsets() {
    let lines: Vec<String> = (1..=60).map(|n| format!("big 60 A 192.0.2.{n}")).collect();
    let engine = serve(&zone(&format!("{}\nto 60 CNAME big", lines.join("\n"))));
    for (payload, limit) in [(0, 512), (511, 512), (900, 900), (1232, 1232), (4096, 1232)] {
        let query = packet("big", "A", &[&opt(payload, 0, &[])]);
        let reply = ask_packet(&engine, &query, SOURCE, 1);
        assert!(reply.length <= limit, "{payload}");
        assert_eq!(reply.tc(), limit < 12 + 11 + 60 * 16 + 11, "{payload}");
        assert_eq!(reply.answer.len(), if reply.tc() { 0 } else { 60 });
        assert!(reply.opt.is_some());
    }
    let plain = ask_packet(&engine, &packet("to", "A", &[]), SOURCE, 1);
    assert_eq!((plain.tc(), plain.answer.len()), (true, 1));
    let source = SOURCE.parse().unwrap();
    let whole = engine.respond(&packet("to", "A", &[]), source, Transport::Tcp, None);
    assert_eq!(read(&whole.unwrap()).answer.len(), 61);
}

#[test]
fn glue_that_does_not_fit_truncates_and_other_addresses_do_not() {
    let mut lines = vec!["child 60 NS ns.child\nmail 60 MX 1 many".to_owned()];
    lines.extend((0..60).map(|n| format!("ns.child 60 A 192.0.2.{n}\nmany 60 A 192.0.2.{n}")));
    let engine = serve(&zone(&lines.join("\n")));
    let referral = ask_packet(&engine, &packet("x.child", "A", &[]), SOURCE, 1);
    assert_eq!((referral.tc(), referral.authority.len()), (true, 1));
    let mail = ask_packet(&engine, &packet("mail", "MX", &[]), SOURCE, 1);
    assert_eq!((mail.tc(), mail.answer.len(), mail.additional.len()), (false, 1, 0));
}

#[test]
fn a_subnet_of_every_length_comes_back_with_a_scope() {
    let engine = serve(&zone("www 60 A 192.0.2.1"));
    for (family, bits) in [(1u8, 32u8), (2, 128)] {
        for source in 0..=bits {
            let told = usize::from(source.div_ceil(8));
            let mut address = vec![0x5a; told];
            if let (Some(last), 1..) = (address.last_mut(), source % 8) {
                *last &= 0xff << (8 - source % 8);
            }
            let length = 4 + u8::try_from(told).unwrap();
            let option = [&[0, 8, 0, length, 0, family, source, 0][..], &address].concat();
            let reply =
                ask_packet(&engine, &packet("www", "A", &[&opt(1232, 0, &option)]), SOURCE, 1);
            assert_eq!((reply.rcode, reply.opt), (0, Some(option)), "{source} bits");
        }
    }
}
