//! The additional section: addresses of the names in NS, MX, SRV, SVCB and HTTPS records.

use super::world::{SOURCE, Zone, ask, at, name, packet, publish, serve, vip, word, zone};

fn steered() -> Zone {
    let mut zone = zone(
        "mail 60 MX 1 vip\n_sip 60 SRV vip\nsvc 60 HTTPS 1 vip\nsvc 60 HTTPS 2 www\n\
         own 60 HTTPS 1 .\nown 60 A 192.0.2.7\nnone 60 SVCB 0 .\nnone 60 A 192.0.2.8\n\
         alias 60 HTTPS 0 own\nwww 60 A 192.0.2.1\nwww 60 HTTPS 1 .",
    );
    let pools = [(0, 1, &[("192.0.2.9", 1), ("2001:db8::9", 1)][..])];
    zone.vips.push(vip("vip", &[&[0]], &pools));
    zone
}

#[test]
fn addresses_of_a_vip_are_chosen_by_the_ladder() {
    let engine = serve(&steered());
    let wanted = ["vip.z. 30 A 192.0.2.9", "vip.z. 30 AAAA 2001:db8::9"];
    for (asked, rtype) in [("mail", "MX"), ("_sip", "SRV")] {
        assert_eq!(ask(&engine, asked, rtype).additional, wanted, "{asked}");
    }
    let down = (0, 1, &[("192.0.2.9", 0), ("2001:db8::9", 1)][..]);
    let mut zone = steered();
    zone.vips = vec![vip("vip", &[&[0]], &[down])];
    zone.vips[0].fallback = (1, Vec::new(), -1, -1);
    assert_eq!(ask(&serve(&zone), "mail", "MX").additional, wanted[1..]);
}

#[test]
fn service_records_bring_addresses_and_services_of_their_targets() {
    let engine = serve(&steered());
    assert_eq!(
        ask(&engine, "svc", "HTTPS").additional,
        [
            "vip.z. 30 A 192.0.2.9",
            "vip.z. 30 AAAA 2001:db8::9",
            "www.z. 60 A 192.0.2.1",
            "www.z. 60 HTTPS 000100",
        ]
    );
    assert_eq!(ask(&engine, "own", "HTTPS").additional, ["own.z. 60 A 192.0.2.7"]);
    assert_eq!(ask(&engine, "none", "SVCB").additional, [""; 0]);
    assert_eq!(ask(&engine, "alias", "HTTPS").additional.len(), 2);
}

#[test]
fn every_answer_of_a_vip_is_counted_by_its_datacenter() {
    let mut zone = steered();
    zone.vips[0].fallback = (1, Vec::new(), -1, -1);
    let engine = serve(&zone);
    let tally = engine.books.new_tally();
    let ask = || at(&engine, &packet("vip", "A", &[]), SOURCE, 0, &tally);
    let counted = || {
        let answers = engine.books.answers().into_iter();
        let mut found: Vec<_> =
            answers.map(|(_, datacenter, count)| (datacenter.into_string(), count)).collect();
        found.sort();
        found
    };
    assert_eq!(counted(), [(String::new(), 0), ("tokyo".to_owned(), 0)]);
    ask();
    ask();
    engine.publisher.set_members(&name("@"), &[(0, word(0))]).unwrap();
    ask();
    publish(&engine, &zone, &[]).unwrap();
    assert_eq!(counted(), [(String::new(), 1), ("tokyo".to_owned(), 2)], "also after a publish");
    ask();
    assert_eq!(counted(), [(String::new(), 1), ("tokyo".to_owned(), 3)]);
}
