//! Names that a thread remembers: what follows each other is answered from the world that stands.

use gslb_plane::engine::Engine;
use gslb_plane::random::Rng;
use gslb_plane::respond::{Packet, Thread, Transport, respond};
use gslb_plane::snapshot::Release;
use gslb_plane::witness::Silent;

use super::world::{Reply, SOURCE, name, packet, publish, read, serve, zone};

/// Ask with a thread that is kept, three times: the second and the third find what is remembered.
fn ask(engine: &Engine, thread: &mut Thread, owner: &str, kind: &str) -> Reply {
    let octets = packet(owner, kind, &[]);
    let source = SOURCE.parse().unwrap();
    let mut replies = (0..3).map(|_| {
        let world = engine.publisher.world();
        let transport = Transport::Udp;
        let packet = Packet { octets: &octets, source, front_end: None, transport, now: 0 };
        let (tally, mut out) = (engine.books.new_tally(), [0; 1344]);
        let length = respond(&world, &packet, thread, &tally, &mut Silent, &mut out).unwrap();
        out[..length].to_vec()
    });
    let first = replies.next().unwrap();
    assert!(replies.all(|reply| reply == first), "{owner} {kind}");
    read(&first)
}

#[test]
fn a_remembered_name_is_looked_up_again_in_the_next_world() {
    let engine = serve(&zone("remembered 60 A 192.0.2.1\nother 60 A 192.0.2.9"));
    let mut thread = Thread::new(Rng::new(1));
    let mut data = |engine: &Engine| ask(engine, &mut thread, "remembered", "A").answer.concat();
    assert!(data(&engine).ends_with(" 192.0.2.1"));
    publish(&engine, &zone("before 60 A 192.0.2.8\nremembered 60 A 192.0.2.2"), &[]).unwrap();
    assert!(data(&engine).ends_with(" 192.0.2.2"));
    // Another world of the same generation, as far as numbers go.
    let twin = serve(&zone("a 60 A 192.0.2.8\nb 60 A 192.0.2.8\nremembered 60 A 192.0.2.3"));
    assert!(data(&twin).ends_with(" 192.0.2.3"));
    publish(&engine, &zone("other 60 A 192.0.2.9"), &[]).unwrap();
    assert_eq!(ask(&engine, &mut thread, "remembered", "A").rcode, 3);
    let gone = name("@");
    engine.publisher.publish(&Release { drop_zones: &[&gone], ..Release::default() }).unwrap();
    assert_eq!(ask(&engine, &mut thread, "remembered", "A").rcode, 5);
}

#[test]
fn a_zone_below_takes_a_remembered_name_over() {
    let engine = serve(&zone("www.remembered 60 A 192.0.2.1"));
    let mut thread = Thread::new(Rng::new(1));
    assert_eq!(ask(&engine, &mut thread, "www.remembered", "A").data(), ["192.0.2.1"]);
    let mut child = zone("www.remembered 60 A 192.0.2.2");
    child.origin = name("remembered").into();
    child.rrsets[0].0 = name("remembered").into();
    publish(&engine, &child, &[]).unwrap();
    assert_eq!(ask(&engine, &mut thread, "www.remembered", "A").data(), ["192.0.2.2"]);
    assert_eq!(ask(&engine, &mut thread, "remembered", "SOA").answer.len(), 1);
    // The same name, by the type: of the parent, and then of the child again.
    assert_eq!(ask(&engine, &mut thread, "remembered", "DS").authority, ["z. 300 SOA ns.z."]);
    assert_eq!(ask(&engine, &mut thread, "remembered", "SOA").answer.len(), 1);
}

#[test]
fn a_delegation_is_told_from_the_question_for_its_ds() {
    let engine = serve(&zone("delegated 60 NS ns.elsewhere.\nremembered 60 A 192.0.2.1"));
    let mut thread = Thread::new(Rng::new(1));
    for _ in 0..2 {
        assert!(!ask(&engine, &mut thread, "delegated", "A").aa());
        assert!(ask(&engine, &mut thread, "delegated", "DS").aa());
        assert!(!ask(&engine, &mut thread, "below.delegated", "A").aa());
        assert!(ask(&engine, &mut thread, "remembered", "A").aa());
    }
}

#[test]
fn the_question_comes_back_as_it_was_spelled() {
    let engine = serve(&zone("remembered 60 A 192.0.2.1\nalias 60 CNAME remembered"));
    let mut thread = Thread::new(Rng::new(1));
    for owner in ["remembered", "ReMeMbErEd", "REMEMBERED", "remembered"] {
        assert_eq!(ask(&engine, &mut thread, owner, "A").data(), ["192.0.2.1"]);
        let mut denied = ask(&engine, &mut thread, owner, "MX");
        assert_eq!(denied.authority.pop().unwrap(), "z. 300 SOA ns.z.");
    }
}
