//! Service records at a VIP's name: where the hints stand, and what is refused.

use gslb_plane::engine::Engine;

use super::world::{Rrset, Zone, ask, name, publish, serve, vip, zone};

/// Parameters with these keys, whose values are the key's number.
fn parameters(keys: &[u8]) -> Vec<u8> {
    keys.iter().flat_map(|&key| [0, key, 0, 1, key]).collect()
}

/// The zone with one HTTPS record at a VIP's name, of this priority, target and parameters.
fn with(priority: u8, target: &[u8], parameters: &[u8]) -> Zone {
    let mut zone = zone("");
    let data = [&[0, priority], target, parameters].concat();
    zone.rrsets.push(Rrset(name("vip").into(), 65, 60, vec![data.into()]));
    zone.vips.push(vip("vip", &[&[0]], &[(0, 1, &[("192.0.2.9", 1), ("2001:db8::9", 1)])]));
    zone
}

const IPV4: &str = "00040004c0000209";
const IPV6: &str = "0006001020010db8000000000000000000000009";

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |text, octet| format!("{text}{octet:02x}"))
}

#[test]
fn hints_stand_between_the_other_parameters_in_ascending_order() {
    let sets: [(&[u8], &[u8], &[u8]); 7] = [
        (&[], &[], &[]),
        (&[1], &[], &[]),
        (&[], &[5], &[]),
        (&[], &[], &[7]),
        (&[0, 1, 2, 3], &[5], &[7, 8, 200]),
        (&[3], &[5], &[]),
        (&[3], &[], &[9]),
    ];
    let capitals = b"\x03VIP\x01z\0";
    for (before, between, after) in sets {
        for target in [&b"\0"[..], &name("vip"), capitals] {
            let all = parameters(&[before, between, after].concat());
            let reply = ask(&serve(&with(1, target, &all)), "vip", "HTTPS");
            let [before, between, after] =
                [before, between, after].map(|keys| hex(&parameters(keys)));
            let wanted = format!("0001{}{before}{IPV4}{between}{IPV6}{after}", hex(target));
            assert_eq!(reply.data(), [wanted]);
            assert_eq!(reply.additional.len(), 2);
        }
    }
}

#[test]
fn records_that_lead_elsewhere_are_told_as_they_are() {
    let own = parameters(&[1, 4, 6]);
    for (priority, target, parameters) in
        [(0, &b"\0"[..], &[][..]), (0, &name("vip"), &[]), (1, &name("www"), &own)]
    {
        let reply = ask(&serve(&with(priority, target, parameters)), "vip", "HTTPS");
        let wanted = format!("00{priority:02x}{}{}", hex(target), hex(parameters));
        assert_eq!(reply.data(), [wanted]);
    }
}

#[test]
fn malformed_parameters_and_hints_are_refused_with_a_sentence() {
    let cases: [(&[u8], &str); 7] = [
        (&parameters(&[4]), "has address hints, which are written for each client"),
        (&parameters(&[1, 6]), "has address hints, which are written for each client"),
        (&parameters(&[3, 1]), "has parameters out of order"),
        (&parameters(&[3, 3]), "has parameters out of order"),
        (&[0, 1, 0], "has parameters that are cut off"),
        (&[0, 1, 0, 2, 9], "has parameters that are cut off"),
        (&[0xff, 0xff, 0xff, 0xff], "has parameters that are cut off"),
    ];
    for (parameters, sentence) in cases {
        let refused = publish(&Engine::default(), &with(1, &[0], parameters), &[]).unwrap_err();
        assert_eq!(refused, format!("zone z.: vip.z. HTTPS: {sentence}"));
    }
}
