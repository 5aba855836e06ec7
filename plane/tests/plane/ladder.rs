//! Tiers, draws by weight, sticky draws, fallbacks, TTL caps.

use std::collections::BTreeMap;

use gslb_plane::engine::Engine;
use gslb_plane::random::Rng;
use gslb_plane::respond::{Packet, Thread, Transport, respond};
use gslb_plane::tally::Tally;
use gslb_plane::witness::Silent;

use super::world::{
    SOURCE, Vip, address, ask, ask_packet, capped, name, packet, publish, read, serve, vip, word,
    zone,
};

const TOKYO: &[(&str, u32)] = &[("192.0.2.1", 1), ("192.0.2.2", 3), ("2001:db8::1", 1)];
const OSAKA: &[(&str, u32)] = &[("198.51.100.1", 1)];
const PARIS: &[(&str, u32)] = &[("203.0.113.1", 2)];

fn steered(vip: Vip) -> Engine {
    let mut zone = zone("alias 60 CNAME vip\nns 60 A 192.0.2.53");
    zone.vips.push(vip);
    serve(&zone)
}

fn set(engine: &Engine, changes: &[(u32, u64)]) {
    engine.publisher.set_members(&name("@"), changes).unwrap();
}

fn ordered() -> Vip {
    vip("vip", &[&[0], &[1, 2]], &[(0, 1, TOKYO), (1, 1, OSAKA), (2, 3, PARIS)])
}

fn draws(engine: &Engine, count: u32) -> BTreeMap<String, u32> {
    let mut found = BTreeMap::new();
    for seed in 0..count {
        let reply = ask_packet(engine, &packet("vip", "A", &[]), SOURCE, seed.into());
        for data in reply.data() {
            *found.entry(data.to_owned()).or_default() += 1;
        }
    }
    found
}

/// Chi-square over counts and shares; the limit is far out for few degrees of freedom.
fn assert_shares(found: &BTreeMap<String, u32>, shares: &[(&str, f64)]) {
    let total: u32 = found.values().sum();
    assert_eq!(found.len(), shares.len(), "{found:?}");
    let statistic: f64 = shares
        .iter()
        .map(|(address, share)| {
            let due = share * f64::from(total);
            (f64::from(found[*address]) - due).powi(2) / due
        })
        .sum();
    assert!(statistic < 30.0, "{statistic} {found:?}");
}

#[test]
fn the_first_tier_answers_by_member_weight() {
    let engine = steered(ordered());
    assert_shares(&draws(&engine, 4000), &[("192.0.2.1", 0.25), ("192.0.2.2", 0.75)]);
    assert_eq!(ask(&engine, "vip", "AAAA").data(), ["2001:db8::1"]);
    assert_eq!(ask(&engine, "alias", "A").answer.len(), 2);
}

#[test]
fn a_dead_tier_is_passed_over_for_the_family_asked_for_only() {
    let engine = steered(ordered());
    set(&engine, &[(0, word(0)), (1, word(0))]);
    assert_shares(&draws(&engine, 4000), &[("198.51.100.1", 0.25), ("203.0.113.1", 0.75)]);
    assert_eq!(ask(&engine, "vip", "AAAA").data(), ["2001:db8::1"]);
    set(&engine, &[(0, 1)]); // the least weight there is
    assert_eq!(draws(&engine, 50).len(), 1);
}

#[test]
fn a_pool_of_weight_0_never_answers() {
    let engine = steered(ordered());
    engine.publisher.set_pools(&name("@"), &[(0, 0), (2, 0)]).unwrap();
    assert_shares(&draws(&engine, 100), &[("198.51.100.1", 1.0)]);
}

#[test]
fn several_answers_are_drawn_without_replacement() {
    let members = [("10.0.0.1", 1), ("10.0.0.2", 2), ("10.0.0.3", 3), ("10.0.0.4", 0)];
    let mut two = vip("vip", &[&[0]], &[(0, 1, &members)]);
    two.answers = 2;
    // P(i among the first two) = p_i + sum over j of p_j p_i / (1 - p_j), halved to sum to 1.
    let shares = [
        ("10.0.0.1", (1.0 / 6.0 + 2.0 / 6.0 / 4.0 + 3.0 / 6.0 / 3.0) / 2.0),
        ("10.0.0.2", (2.0 / 6.0 + 2.0 / 6.0 / 5.0 + 3.0 / 6.0 * 2.0 / 3.0) / 2.0),
        ("10.0.0.3", (3.0 / 6.0 + 3.0 / 6.0 / 5.0 + 2.0 / 6.0 * 3.0 / 4.0) / 2.0),
    ];
    assert_shares(&draws(&steered(two.clone()), 6000), &shares);
    two.answers = 0;
    assert_eq!(ask(&steered(two.clone()), "vip", "A").answer.len(), 3);
    two.answers = 64;
    assert_eq!(ask(&steered(two), "vip", "A").answer.len(), 3);
}

#[test]
fn large_weights_and_many_tiers() {
    let pools: Vec<_> = (0..3).map(|at| (at, 65535, [TOKYO, OSAKA, PARIS][at as usize])).collect();
    let tiers: Vec<&[u32]> = (0..200).map(|_| &[0, 1, 2][..]).collect();
    let engine = steered(vip("vip", &tiers, &pools));
    set(&engine, &[(0, u64::from(u32::MAX)), (1, u64::from(u32::MAX)), (3, u64::from(u32::MAX))]);
    assert_eq!(draws(&engine, 500).len(), 4);
}

fn sticky_answer(engine: &Engine, source: &str) -> String {
    ask_packet(engine, &packet("vip", "A", &[]), source, 1).data().concat()
}

fn sticky() -> Vip {
    let members: Vec<String> = (1..=10).map(|n| format!("10.0.0.{n}")).collect();
    let members: Vec<_> = members.iter().map(|text| (text.as_str(), 1)).collect();
    let mut vip = vip("vip", &[&[0, 1]], &[(0, 1, &members), (1, 1, OSAKA)]);
    vip.sticky = true;
    vip
}

#[test]
fn a_sticky_client_network_keeps_its_member_and_a_lost_one_moves_only_its_own() {
    let engine = steered(sticky());
    let clients: Vec<String> = (0..=255).map(|n| format!("198.18.{n}.1")).collect();
    let before: Vec<_> = clients.iter().map(|client| sticky_answer(&engine, client)).collect();
    for (client, before) in before.iter().enumerate() {
        let neighbour = format!("198.18.{client}.200");
        assert_eq!(sticky_answer(&engine, &neighbour), *before, "same /24");
    }
    let mut spread = before.clone();
    spread.sort();
    spread.dedup();
    assert_eq!(spread.len(), 11);
    set(&engine, &[(4, word(0))]);
    let mut moved = 0;
    for (client, before) in clients.iter().zip(&before) {
        let after = sticky_answer(&engine, client);
        assert_ne!(after, "10.0.0.5");
        assert!(after == *before || before == "10.0.0.5");
        moved += u32::from(after != *before);
    }
    assert!(moved > 0);
}

#[test]
fn sticky_draws_are_the_same_on_every_node_and_for_ever() {
    let mut other = sticky();
    other.pools.reverse(); // another order of the same pools
    other.pools[1].2.rotate_left(3);
    let (one, other) = (steered(sticky()), steered(other));
    let sources = ["198.18.0.1", "198.18.1.1", "203.0.113.7", "2001:db8:1:2::1", "2001:db8:1:3::1"];
    let found: Vec<_> = sources.iter().map(|source| sticky_answer(&one, source)).collect();
    for (source, found) in sources.iter().zip(&found) {
        assert_eq!(sticky_answer(&other, source), *found);
    }
    assert_eq!(found, GOLDEN);
}

/// If these change, every sticky client of every operator moves on upgrade.
const GOLDEN: [&str; 5] = ["10.0.0.4", "198.51.100.1", "10.0.0.3", "10.0.0.9", "10.0.0.9"];

#[test]
fn the_four_fallbacks() {
    let last = vec![address("192.0.2.99"), address("192.0.2.98"), address("2001:db8::99")];
    let down = |kind, addresses| {
        let mut vip = ordered();
        vip.fallback = (kind, addresses, -1, -1);
        let engine = steered(vip);
        set(&engine, &(0..5).map(|at| (at, word(0))).collect::<Vec<_>>());
        engine
    };
    let all = down(0, vec![]);
    assert_shares(&draws(&all, 4000), &[("192.0.2.1", 0.25), ("192.0.2.2", 0.75)]);
    let none = ask(&down(1, vec![]), "vip", "A");
    assert_eq!((none.rcode, none.answer.len(), none.authority.len()), (0, 0, 1));
    let servfail = ask(&down(2, vec![]), "alias", "A");
    assert_eq!((servfail.rcode, servfail.aa(), servfail.answer.len()), (2, false, 0));
    let addresses = down(3, last);
    assert_eq!(ask(&addresses, "vip", "A").data(), ["192.0.2.99", "192.0.2.98"]);
    assert_eq!(ask(&addresses, "vip", "AAAA").data(), ["2001:db8::99"]);
    for kind in 0..3 {
        let reply = ask(&down(kind, vec![]), "vip", "TXT");
        assert_eq!((reply.rcode, reply.authority.len()), (0, 1), "other types are NODATA");
    }
}

#[test]
fn a_fallback_has_a_ttl_of_its_own() {
    for (fallback, ttl) in [((0, vec![], 5, -1), 5), ((3, vec![address("192.0.2.99")], 0, -1), 0)] {
        let mut vip = ordered();
        vip.fallback = fallback;
        let engine = steered(vip);
        assert!(ask(&engine, "vip", "A").answer[0].starts_with("vip.z. 30 A "));
        set(&engine, &(0..5).map(|at| (at, word(0))).collect::<Vec<_>>());
        assert!(ask(&engine, "vip", "A").answer[0].starts_with(&format!("vip.z. {ttl} A ")));
    }
}

#[test]
fn client_networks_are_as_long_as_the_vip_says() {
    let mut wide = sticky();
    wide.prefixes = (16, 32);
    let engine = steered(wide);
    for (one, other) in [("198.18.0.1", "198.18.255.1"), ("2001:db8::1", "2001:db8:ffff::1")] {
        assert_eq!(sticky_answer(&engine, one), sticky_answer(&engine, other));
    }
    let found: std::collections::BTreeSet<_> =
        (0..40).map(|at| sticky_answer(&engine, &format!("198.{at}.0.1"))).collect();
    assert!(found.len() > 5);
    let mut none = sticky();
    none.prefixes = (0, 0); // one network of all: nobody is sticky
    assert!(draws(&steered(none), 400).len() > 5);
}

#[test]
fn both_families_of_a_steady_vip_come_from_one_datacenter() {
    let site = |at: u32| (format!("10.0.{at}.1"), format!("2001:db8:{at}::1"));
    let sites: Vec<_> = (1..=3).map(site).collect();
    let members: Vec<_> =
        sites.iter().map(|(v4, v6)| [(v4.as_str(), 1), (v6.as_str(), 1)]).collect();
    let pools: Vec<_> = (0u32..).zip(&members).map(|(at, list)| (at, at + 1, &list[..])).collect();
    let mut steady = vip("vip", &[&[0, 1, 2]], &pools);
    steady.steady = true;
    let engine = steered(steady);
    let of = |rtype: &str, source: &str| {
        let reply = ask_packet(&engine, &packet("vip", rtype, &[]), source, 1);
        let data = reply.data().concat();
        (0..3usize).find(|&at| data == sites[at].0 || data == sites[at].1).unwrap()
    };
    let clients: Vec<_> = (0..1200u32).map(|n| format!("10.{}.{}.1", n / 256, n % 256)).collect();
    // Member 3 is osaka's IPv6: without it osaka is whole for nobody, and is passed over.
    for (dead, shares) in [(None, [1, 2, 3]), (Some(3), [1, 0, 3])] {
        if let Some(dead) = dead {
            set(&engine, &[(dead, word(0))]);
        }
        let mut found = [0u32; 3];
        for client in &clients {
            let at = of("A", client);
            assert_eq!(at, of("AAAA", client));
            found[at] += 1;
        }
        let whole: u32 = shares.iter().sum();
        for (found, share) in found.into_iter().zip(shares) {
            assert!(found.abs_diff(1200 * share / whole) < 60, "{found} {share}/{whole}");
        }
    }
    // Nobody is whole: those live in the family asked for answer.
    set(&engine, &[(1, word(0)), (5, word(0)), (3, word(1))]);
    set(&engine, &[(2, word(0))]);
    assert!(clients.iter().all(|client| of("A", client) != 1 && of("AAAA", client) == 1));
}

#[test]
fn a_vip_without_the_family_is_nodata() {
    let mut only = vip("vip", &[&[0]], &[(0, 1, OSAKA)]);
    only.fallback = (2, vec![], -1, -1);
    let reply = ask(&steered(only), "vip", "AAAA");
    assert_eq!((reply.rcode, reply.authority.len()), (0, 1));
}

#[test]
fn the_least_cap_of_the_tier_that_answers_caps_the_ttl() {
    let engine = steered(ordered());
    set(&engine, &[(1, capped(3, 7)), (2, capped(1, 3)), (3, capped(1, 1))]);
    assert!(ask(&engine, "vip", "A").answer[0].starts_with("vip.z. 7 A "));
    assert!(ask(&engine, "vip", "AAAA").answer[0].starts_with("vip.z. 3 AAAA "));
    set(&engine, &[(1, capped(3, 1000))]);
    assert!(ask(&engine, "vip", "A").answer[0].starts_with("vip.z. 30 A "));
}

#[test]
fn explain_tells_what_respond_does_and_every_candidate() {
    let engine = steered(ordered());
    set(&engine, &[(0, word(0))]);
    let source = SOURCE.parse().unwrap();
    for seed in 0..100 {
        let query = packet("alias", "A", &[]);
        let reply = ask_packet(&engine, &query, SOURCE, seed);
        let trace = engine.explain(&query, source, Transport::Udp, Some(seed));
        let trace = serde_json::to_value(trace).unwrap();
        assert_eq!(trace["answers"][0], reply.data()[1]);
        assert_eq!(trace["chain"].as_array().unwrap().len(), 2);
        assert_eq!(trace["vip"], "vip.z.");
        assert_eq!(
            (&trace["tiers"][0]["chosen"], &trace["tiers"][1]["live"]),
            (&true.into(), &true.into())
        );
        assert_eq!(trace["tiers"][1]["pools"][1]["share"], 0.75);
        let members = trace["tiers"][0]["pools"][0]["members"].as_array().unwrap();
        assert_eq!(members.len(), 3);
        for member in members {
            let chosen = member["address"] == trace["answers"][0];
            assert_eq!(member["chosen"], chosen);
        }
    }
    let trace = engine.explain(&packet("ns", "A", &[]), source, Transport::Udp, None);
    assert_eq!((trace.answers.concat(), trace.ttl), ("192.0.2.53".to_owned(), Some(60)));
    set(&engine, &(0..5).map(|at| (at, word(0))).collect::<Vec<_>>());
    let trace = engine.explain(&packet("vip", "A", &[]), source, Transport::Udp, Some(1));
    let trace = serde_json::to_value(trace).unwrap();
    assert_eq!(trace["fallback"], "all");
    assert_eq!(trace["tiers"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&trace["tiers"][0]["chosen"], &trace["tiers"][0]["live"]),
        (&true.into(), &false.into())
    );
}

#[test]
fn what_is_remembered_of_a_draw_is_of_this_vip_and_of_these_weights() {
    let mut zone = zone("");
    zone.vips.push(vip("none", &[&[0]], &[]));
    zone.vips.push(vip("one", &[&[0]], &[(0, 1, &[("192.0.2.1", 1), ("192.0.2.2", 1)])]));
    zone.vips.push(vip("two", &[&[0]], &[(0, 1, &[("192.0.2.3", 1)])]));
    let engine = serve(&zone);
    let mut thread = Thread::new(Rng::new(1));
    let mut ask = |asked: &str| -> Vec<String> {
        let octets = packet(asked, "A", &[]);
        let source = SOURCE.parse().unwrap();
        let packet =
            Packet { octets: &octets, source, front_end: None, transport: Transport::Udp, now: 0 };
        let (world, mut out) = (engine.publisher.world(), [0; 1232]);
        let tally = Tally::default();
        let length = respond(&world, &packet, &mut thread, &tally, &mut Silent, &mut out).unwrap();
        read(&out[..length]).data().into_iter().map(str::to_owned).collect()
    };
    for _ in 0..20 {
        assert!(["192.0.2.1", "192.0.2.2"].contains(&&*ask("one")[0]));
        assert_eq!((ask("two"), ask("none")), (vec!["192.0.2.3".to_owned()], vec![]));
    }
    engine.publisher.set_members(&name("@"), &[(0, word(0))]).unwrap();
    assert!((0..20).all(|_| ask("one") == ["192.0.2.2"]));
    engine.publisher.set_members(&name("@"), &[(0, word(1)), (1, word(0))]).unwrap();
    assert!((0..20).all(|_| ask("one") == ["192.0.2.1"]));
    let mut zone = zone.clone();
    zone.vips[1].pools[0].2[0].0 = address("192.0.2.77");
    publish(&engine, &zone, &[]).unwrap();
    let seen: std::collections::BTreeSet<_> = (0..40).flat_map(|_| ask("one")).collect();
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["192.0.2.2", "192.0.2.77"]);
}
