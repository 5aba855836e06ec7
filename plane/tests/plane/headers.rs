//! The header, what is no question, and packets that nobody would send: RFC 1035, RFC 9619.

use gslb_plane::engine::Engine;
use gslb_plane::random::Rng;
use gslb_plane::respond::Transport;

use super::world::{SOURCE, opt, packet, serve, vip, zone};

fn engine() -> Engine {
    let mut zone = zone("www 60 A 192.0.2.1\none 60 CNAME www\nchild 60 NS ns.child\n* 60 TXT x");
    zone.vips.push(vip("vip", &[&[0]], &[(0, 1, &[("192.0.2.9", 1)])]));
    serve(&zone)
}

fn respond(octets: &[u8]) -> Option<Vec<u8>> {
    engine().respond(octets, SOURCE.parse().unwrap(), Transport::Udp, Some(1))
}

#[test]
fn silence_for_replies_and_fragments() {
    let question = packet("www", "A", &[]);
    for length in 0..12 {
        assert_eq!(respond(&question[..length]), None);
    }
    let mut reply = question;
    reply[2] |= 0x80;
    assert_eq!(respond(&reply), None);
}

#[test]
fn other_opcodes_are_not_implemented() {
    for opcode in 1..16 {
        let mut question = packet("www", "A", &[]);
        question[2] = opcode << 3;
        let reply = respond(&question).unwrap();
        assert_eq!((reply[2], reply[3], reply.len()), (0x80 | opcode << 3, 4, 12));
    }
}

#[test]
fn a_cut_packet_is_a_format_error_or_silence() {
    let whole = packet("www", "A", &[&opt(1232, 0, &[0, 8, 0, 7, 0, 1, 24, 0, 10, 1, 2])]);
    for length in 12..whole.len() {
        let reply = respond(&whole[..length]).unwrap();
        assert_eq!(reply[3] & 0x0f, 1, "{length}");
    }
    assert_eq!(respond(&whole).unwrap()[3], 0);
}

#[test]
fn question_counts_and_pointers() {
    for (at, octet) in [(5, 0), (5, 2), (4, 1), (12, 0xc0), (12, 64), (12, 0x41)] {
        let mut question = packet("www", "A", &[]);
        question[at] = octet;
        assert_eq!(respond(&question).unwrap()[3] & 0x0f, 1, "{at} {octet}");
    }
}

#[test]
fn id_question_and_rd_come_back_and_nothing_else() {
    let mut question = packet("wWw", "A", &[]);
    question[2] = 0x07; // RD, TC, AA
    question[3] = 0xf0; // RA, Z, AD, CD
    let reply = respond(&question).unwrap();
    assert_eq!(reply[..2], question[..2]);
    assert_eq!(reply[2..4], [0x85, 0]);
    assert_eq!(reply[12..question.len()], question[12..]);
}

#[test]
fn random_and_damaged_packets_are_answered_within_limits_or_not_at_all() {
    let engine = engine();
    let mut rng = Rng::new(42);
    let subnet = opt(4096, 0, &[0, 8, 0, 7, 0, 1, 24, 0, 10, 1, 2]);
    let seeds = [
        packet("www", "A", &[]),
        packet("vip", "A", &[&subnet]),
        packet("x.child", "A", &[&subnet]),
        packet("one", "ANY", &[&opt(512, 0, &[])]),
    ];
    for round in 0..40_000usize {
        let mut octets = seeds[round % seeds.len()].clone();
        for _ in 0..=rng.below(4) {
            let at = usize::try_from(rng.below(u64::try_from(octets.len()).unwrap())).unwrap();
            octets[at] = u8::try_from(rng.below(256)).unwrap();
        }
        if rng.below(4) == 0 {
            let end = rng.below(u64::try_from(octets.len()).unwrap());
            octets.truncate(usize::try_from(end).unwrap());
        }
        let source = SOURCE.parse().unwrap();
        let reply = engine.respond(&octets, source, Transport::Udp, Some(1));
        assert_eq!(reply.is_none(), octets.len() < 12 || octets[2] & 0x80 != 0);
        if let Some(reply) = reply {
            assert!((12..=1232).contains(&reply.len()));
            assert_eq!(reply[..2], octets[..2]);
            assert_eq!(reply[2] & 0x80, 0x80);
        }
        let _ = engine.explain(&octets, source, Transport::Tcp, Some(1));
    }
}
