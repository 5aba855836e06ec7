//! Swapping worlds: all or nothing, words that belong to their zone, maps that are shared.

use gslb_plane::engine::Engine;
use gslb_plane::snapshot::Release;

use super::edns::map;
use super::world::{
    SOURCE, ask, ask_packet, encode, name, opt, packet, publish, release, serve, vip, word, zone,
};

#[test]
fn before_the_first_world_nothing_is_ready() {
    let query = packet("www", "A", &[&opt(1232, 0, &[])]);
    let reply = ask_packet(&Engine::default(), &query, SOURCE, 1);
    assert_eq!((reply.rcode, reply.aa()), (2, false));
    assert_eq!(reply.opt, Some(vec![0, 15, 0, 2, 0, 14]));
}

#[test]
fn a_release_is_swapped_in_whole_or_not_at_all() {
    let engine = serve(&zone("www 60 A 192.0.2.1"));
    let (first, second) = (release(&zone("www 60 A 192.0.2.2")), b"nonsense");
    let zones = [(&*first.0, &*first.1, &*first.2), (&second[..], &[][..], &[][..])];
    let release = Release { revision: 8, zones: &zones, ..Release::default() };
    engine.publisher.publish(&release).unwrap_err();
    assert_eq!(ask(&engine, "www", "A").data(), ["192.0.2.1"]);
    let world = engine.publisher.world();
    assert_eq!((world.generation, world.revision), (1, 7));
    let release = Release { zones: &zones[..1], ..release };
    assert_eq!(engine.publisher.publish(&release), Ok(2));
    assert_eq!(ask(&engine, "www", "A").data(), ["192.0.2.2"]);
}

#[test]
fn zones_come_and_go_one_by_one_and_the_closest_answers() {
    let engine = serve(&zone("www 60 A 192.0.2.1"));
    let mut child = zone("www.child 60 A 192.0.2.2");
    child.origin = name("child").into();
    child.rrsets[0].0 = name("child").into();
    publish(&engine, &child, &[]).unwrap();
    assert_eq!(ask(&engine, "www", "A").data(), ["192.0.2.1"]);
    assert_eq!(ask(&engine, "www.child", "A").data(), ["192.0.2.2"]);
    assert_eq!(ask(&engine, "child", "DS").authority, ["z. 300 SOA ns.z."]);
    let gone = name("child");
    let release = Release { drop_zones: &[&gone], ..Release::default() };
    assert_eq!(engine.publisher.publish(&release), Ok(3));
    assert_eq!(ask(&engine, "www.child", "A").rcode, 3);
}

#[test]
fn words_change_in_place_and_bad_changes_change_nothing() {
    let mut zone = zone("www 60 A 192.0.2.1");
    zone.vips.push(vip("vip", &[&[0]], &[(0, 1, &[("192.0.2.8", 1), ("192.0.2.9", 1)])]));
    let engine = serve(&zone);
    let set = |origin: &str, changes: &[(u32, u64)]| {
        engine.publisher.set_members(&name(origin), changes).map_err(|fault| fault.to_string())
    };
    set("@", &[(0, 0)]).unwrap();
    assert_eq!(ask(&engine, "vip", "A").data(), ["192.0.2.9"]);
    let fault = set("@", &[(0, word(1)), (1, 0), (2, 0)]).unwrap_err();
    assert_eq!(fault, "zone z.: there is no member 2; the zone has 2");
    assert_eq!(ask(&engine, "vip", "A").data(), ["192.0.2.9"]);
    assert_eq!(set("y.", &[]).unwrap_err(), "zone y.: is not published");
    let fault = engine.publisher.set_pools(&name("@"), &[(1, 0)]).unwrap_err();
    assert_eq!(fault.to_string(), "zone z.: there is no pool 1; the zone has 1");
}

#[test]
fn a_map_that_is_in_use_cannot_be_dropped_and_a_new_one_reaches_its_zones() {
    let mut zone = zone("www 60 A 192.0.2.1");
    zone.maps = vec!["world".to_owned()];
    let pools = [(0, 1, &[("192.0.2.1", 1)][..]), (1, 1, &[("192.0.2.2", 1)][..])];
    let mut steered = vip("vip", &[], &pools);
    steered.map = 0;
    zone.vips.push(steered);
    let engine = Engine::default();
    publish(&engine, &zone, &[&map()]).unwrap();
    assert_eq!(ask(&engine, "vip", "A").data(), ["192.0.2.1"]);
    let drop = Release { drop_maps: &["world"], ..Release::default() };
    let fault = engine.publisher.publish(&drop).unwrap_err().to_string();
    assert_eq!(fault, "zone z.: refers to map world, which is not published");
    let mut turned = map();
    turned.classes.reverse();
    let document = encode(&turned);
    engine.publisher.publish(&Release { maps: &[&document], ..Release::default() }).unwrap();
    assert_eq!(ask(&engine, "vip", "A").data(), ["192.0.2.2"]);
}
