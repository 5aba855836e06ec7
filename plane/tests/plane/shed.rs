//! Pools that shed clients, the one tier of all, and VIPs as the fallback of others.

use std::collections::BTreeMap;

use gslb_plane::engine::Engine;
use gslb_plane::respond::Transport;
use serde_json::Value;

use super::world::{
    Reply, SOURCE, Vip, ask_packet, capped, name, opt, packet, publish, serve, vip, word, zone,
};

const CLIENTS: u32 = 2000;

/// Two pools in the first tier, one in the second; of capacities 100, 300 and 600.
fn shedding() -> Vip {
    let mut vip = vip(
        "vip",
        &[&[0, 1], &[2]],
        &[
            (0, 1, &[("10.0.0.1", 1), ("2001:db8::1", 1)]),
            (1, 1, &[("10.0.1.1", 1), ("2001:db8:1::1", 1)]),
            (2, 1, &[("10.0.2.1", 1), ("2001:db8:2::1", 1)]),
        ],
    );
    for (pool, capacity) in vip.pools.iter_mut().zip([100, 300, 600]) {
        pool.3 = capacity;
    }
    vip
}

fn steered(vips: Vec<Vip>) -> Engine {
    let mut zone = zone("ns 60 A 192.0.2.53");
    zone.vips = vips;
    serve(&zone)
}

/// Let pools shed these shares, in thousandths.
fn shed(engine: &Engine, shares: &[u64]) {
    let share = |part: u64| u32::try_from(u64::from(u32::MAX) * part / 1000).unwrap();
    let words = shares.iter().map(|&part| capped(1, share(part)));
    let changes: Vec<_> = (0u32..).zip(words).collect();
    engine.publisher.set_pools(&name("@"), &changes).unwrap();
}

fn client(number: u32) -> String {
    format!("10.{}.{}.7", number / 256, number % 256)
}

fn drawn(engine: &Engine, rtype: &str, client: &str, seed: u64) -> String {
    ask_packet(engine, &packet("vip", rtype, &[]), client, seed).data().concat()
}

fn all(engine: &Engine) -> Vec<String> {
    (0..CLIENTS).map(|number| drawn(engine, "A", &client(number), number.into())).collect()
}

fn counts(found: &[String]) -> BTreeMap<&str, u32> {
    let mut counts = BTreeMap::new();
    for one in found {
        *counts.entry(&**one).or_default() += 1;
    }
    counts
}

/// Parts are thousandths; the limit is five standard deviations.
fn assert_parts(found: &[String], parts: &[(&str, u32)]) {
    let counts = counts(found);
    for &(address, part) in parts {
        let count = counts.get(address).copied().unwrap_or(0);
        assert!(count.abs_diff(CLIENTS * part / 1000) < 112, "{address} {part} {counts:?}");
    }
    assert_eq!(counts.len(), parts.len(), "{counts:?}");
}

#[test]
fn shed_clients_go_to_the_next_pool_and_then_to_the_next_tier() {
    let engine = steered(vec![shedding()]);
    let sheds_none = all(&engine);
    assert_parts(&sheds_none, &[("10.0.0.1", 500), ("10.0.1.1", 500)]);
    shed(&engine, &[400, 0, 0]);
    assert_parts(&all(&engine), &[("10.0.0.1", 300), ("10.0.1.1", 700)]);
    shed(&engine, &[500, 500, 0]);
    assert_parts(&all(&engine), &[("10.0.0.1", 375), ("10.0.1.1", 375), ("10.0.2.1", 250)]);
    shed(&engine, &[0, 0, 0]);
    assert_eq!(all(&engine), sheds_none, "back as it was");
}

#[test]
fn a_growing_share_sheds_the_same_clients_and_some_more() {
    let engine = steered(vec![shedding()]);
    let mut before: Vec<bool> = vec![false; CLIENTS as usize];
    for part in [0, 100, 250, 600, 900, 1000] {
        shed(&engine, &[part, 1000, 0]);
        let now: Vec<_> = all(&engine).iter().map(|one| one == "10.0.2.1").collect();
        assert!(before.iter().zip(&now).all(|(before, now)| now >= before), "{part}");
        let count = now.iter().filter(|one| **one).count();
        assert!(count.abs_diff(usize::try_from(part).unwrap() * 2) < 112, "{part} {count}");
        for (number, shed) in (0u32..).zip(&now).step_by(17) {
            let neighbour = format!("10.{}.{}.200", number / 256, number % 256);
            assert_eq!(drawn(&engine, "A", &neighbour, 99) == "10.0.2.1", *shed, "same /24");
            assert_eq!(drawn(&engine, "AAAA", &neighbour, 9) == "2001:db8:2::1", *shed);
        }
        before = now;
    }
}

#[test]
fn whom_every_pool_sheds_is_drawn_by_capacity() {
    let engine = steered(vec![shedding()]);
    shed(&engine, &[1000, 1000, 1000]);
    let found = all(&engine);
    assert_parts(&found, &[("10.0.0.1", 100), ("10.0.1.1", 300), ("10.0.2.1", 600)]);
    let other_seeds: Vec<_> = (0..CLIENTS).map(|at| drawn(&engine, "A", &client(at), 5)).collect();
    assert_eq!(found, other_seeds, "by the network, not by chance");
    // A pool that is down takes nobody, whatever its capacity.
    engine.publisher.set_pools(&name("@"), &[(2, capped(0, u32::MAX))]).unwrap();
    assert_parts(&all(&engine), &[("10.0.0.1", 250), ("10.0.1.1", 750)]);
}

/// A client subnet option of a network.
fn subnet(network: [u8; 3], source: u8) -> Vec<u8> {
    let told = &network[..usize::from(source).div_ceil(8)];
    let length = u8::try_from(told.len() + 4).unwrap();
    [&[0, 8, 0, length, 0, 1, source, 0][..], told].concat()
}

fn scope(reply: &Reply) -> u8 {
    reply.opt.as_ref().unwrap()[7]
}

#[test]
fn an_answer_is_true_for_the_client_network_where_a_pool_sheds() {
    let engine = steered(vec![shedding()]);
    let ask = |told: &[u8]| {
        scope(&ask_packet(&engine, &packet("vip", "A", &[&opt(1232, 0, told)]), SOURCE, 1))
    };
    let (network, nobody) = (subnet([10, 1, 2], 24), subnet([0; 3], 0));
    assert_eq!(ask(&network), 0);
    shed(&engine, &[0, 0, 500]);
    assert_eq!(ask(&network), 0, "nobody gets as far as the pool that sheds");
    shed(&engine, &[1, 0, 0]);
    assert_eq!((ask(&network), ask(&nobody)), (24, 0));
}

#[test]
fn clients_that_ask_not_to_be_located_are_shed_by_lot() {
    let engine = steered(vec![shedding()]);
    shed(&engine, &[500, 1000, 0]);
    let query = packet("vip", "A", &[&opt(1232, 0, &subnet([0; 3], 0))]);
    let found: Vec<_> = (0..CLIENTS)
        .map(|seed| ask_packet(&engine, &query, SOURCE, seed.into()).data().concat())
        .collect();
    assert_parts(&found, &[("10.0.0.1", 500), ("10.0.2.1", 500)]);
}

fn explained(engine: &Engine, asked: &str, client: &str, seed: u64) -> Value {
    let query = packet(asked, "A", &[]);
    let trace = engine.explain(&query, client.parse().unwrap(), Transport::Udp, Some(seed));
    serde_json::to_value(trace).unwrap()
}

#[test]
fn the_trace_tells_whom_a_pool_sheds_and_what_was_drawn_by_capacity() {
    let engine = steered(vec![shedding()]);
    for (shares, overflow) in [([500, 500, 0], false), ([900, 1000, 1000], true)] {
        shed(&engine, &shares);
        let (mut overflows, mut all_shed) = (0, 0);
        for number in 0..200 {
            let trace = explained(&engine, "vip", &client(number), number.into());
            let answer = drawn(&engine, "A", &client(number), number.into());
            assert_eq!(trace["answers"][0], answer);
            let tiers = trace["tiers"].as_array().unwrap();
            let pools: Vec<_> =
                tiers.iter().flat_map(|tier| tier["pools"].as_array().unwrap()).collect();
            let chosen: Vec<_> = pools.iter().filter(|pool| pool["chosen"] == true).collect();
            assert_eq!(chosen.len(), 1);
            assert_eq!(chosen[0]["members"][0]["address"], answer);
            let here = trace["overflow"] == true;
            assert_eq!(chosen[0]["shed_client"] == true, here);
            overflows += u32::from(here);
            all_shed += u32::from(pools.iter().all(|pool| pool["shed_client"] == true));
            if here {
                assert_eq!(pools[2]["share"], 0.6);
            }
        }
        assert_eq!((overflows, overflows > 0), (all_shed, overflow));
    }
}

/// VIPs `a` to `d`, each the fallback of the one before; what the last falls back to is told.
fn chain(last: (u8, Vec<serde_bytes::ByteBuf>, i64, i64)) -> Engine {
    let one = |owner: &str, at: u8, fallback| {
        let address = format!("192.0.2.{at}");
        let mut vip = vip(owner, &[&[0]], &[(0, 1, &[(&address, 1)])]);
        vip.fallback = fallback;
        vip
    };
    steered(vec![
        one("a", 1, (4, vec![], 7, 1)),
        one("b", 2, (4, vec![], 100, 2)),
        one("c", 3, (4, vec![], -1, 3)),
        one("d", 4, last),
    ])
}

/// The extended error of a reply: code and text (RFC 8914).
fn error_of(reply: &Reply) -> Option<(u8, String)> {
    match &reply.opt.as_ref().unwrap()[..] {
        [0, 15, _, _, _, code, text @ ..] => {
            Some((*code, String::from_utf8(text.to_vec()).unwrap()))
        }
        _ => None,
    }
}

#[test]
fn a_vip_answers_as_the_fallback_of_another() {
    let engine = chain((2, vec![], -1, -1));
    let ask =
        |asked: &str| ask_packet(&engine, &packet(asked, "A", &[&opt(1232, 0, &[])]), SOURCE, 1);
    let down = |upto: u32| {
        let changes: Vec<_> = (0..4).map(|at| (at, word(u32::from(at >= upto)))).collect();
        engine.publisher.set_members(&name("@"), &changes).unwrap();
    };
    let resort = Some((0, "last resort: nothing is live".to_owned()));
    assert_eq!((ask("a").answer, error_of(&ask("a"))), (vec!["a.z. 30 A 192.0.2.1".into()], None));
    for (dead, answer) in [(1, "a.z. 7 A 192.0.2.2"), (3, "a.z. 7 A 192.0.2.4")] {
        down(dead);
        let reply = ask("a");
        assert_eq!((&*reply.answer[0], error_of(&reply)), (answer, resort.clone()));
    }
    let trace = explained(&engine, "a", SOURCE, 1);
    assert_eq!((&trace["fallback"], &trace["answers"][0]), (&"vip".into(), &"192.0.2.4".into()));
    let others = trace["fallback_vips"].as_array().unwrap();
    let told: Vec<_> = others.iter().map(|other| (&other["vip"], &other["fallback"])).collect();
    let (vip, null) = (Value::from("vip"), Value::Null);
    let names = ["b.z.", "c.z.", "d.z."].map(Value::from);
    assert_eq!(told, [(&names[0], &vip), (&names[1], &vip), (&names[2], &null)]);
    assert_eq!(others[2]["tiers"][0]["pools"][0]["chosen"], true);
    down(4);
    assert_eq!((ask("a").rcode, error_of(&ask("a"))), (2, resort.clone()));
    let aaaa = ask_packet(&engine, &packet("a", "AAAA", &[&opt(1232, 0, &[])]), SOURCE, 1);
    assert_eq!((aaaa.rcode, error_of(&aaaa)), (0, None), "nobody has the family: no last resort");
}

#[test]
fn fallbacks_that_lead_in_a_circle_end_in_servfail() {
    let engine = chain((4, vec![], -1, 0));
    let all: Vec<_> = (0..4).map(|at| (at, word(0))).collect();
    engine.publisher.set_members(&name("@"), &all).unwrap();
    let reply = ask_packet(&engine, &packet("a", "A", &[]), SOURCE, 1);
    assert_eq!((reply.rcode, reply.answer.len(), reply.opt), (2, 0, None));
}

#[test]
fn a_fallback_that_is_no_vip_is_refused() {
    let mut zone = zone("");
    let mut one = vip("a", &[&[0]], &[(0, 1, &[("192.0.2.1", 1)])]);
    one.fallback = (4, vec![], -1, 1);
    zone.vips.push(one);
    let fault = publish(&Engine::default(), &zone, &[]).unwrap_err();
    assert!(fault.contains("falls back on VIP 1, which the zone has not"), "{fault}");
}

#[test]
fn hundreds_of_pools_and_tiers_are_climbed_in_their_order() {
    let members: Vec<String> =
        (0..300).map(|at| format!("10.1.{}.{}", at / 200, at % 200)).collect();
    let members: Vec<_> = members.iter().map(|text| [(&**text, 1)]).collect();
    // The pools stand in another order than the tiers.
    let mut pools: Vec<_> = (0u32..).zip(&members).map(|(at, one)| (at, 1, &one[..])).collect();
    pools.rotate_left(123);
    let tiers: Vec<[u32; 1]> = (0..300).rev().map(|at| [at]).collect();
    let tiers: Vec<&[u32]> = tiers.iter().map(|tier| &tier[..]).collect();
    let mut zone = zone("");
    zone.datacenters = (0..300).map(|at| format!("dc{at}")).collect();
    zone.vips.push(vip("vip", &tiers, &pools));
    let engine = serve(&zone);
    let ask = || drawn(&engine, "A", SOURCE, 1);
    assert_eq!(ask(), "10.1.1.99");
    let place = |datacenter: u32| (datacenter + 300 - 123) % 300;
    let dead: Vec<_> = (1..300).map(|at| (place(at), word(0))).collect();
    engine.publisher.set_members(&name("@"), &dead).unwrap();
    assert_eq!(ask(), "10.1.0.0");
}
